/* SPDX-License-Identifier: GPL-2.0 */
/* The text format of Prometheus. */
#ifndef TOP_PROM_H
#define TOP_PROM_H

#include "table.h"

/* Writes the pools of a table to @path as a whole or not at all; "-" is stdout. */
enum exit_status prom_write(const struct table *t, const struct frames *fr, const char *path,
			    struct fail *f);

#endif
