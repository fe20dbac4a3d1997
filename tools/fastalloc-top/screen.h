/* SPDX-License-Identifier: GPL-2.0 */
/* The interactive screens. */
#ifndef TOP_SCREEN_H
#define TOP_SCREEN_H

#include "options.h"

/* Runs until the user quits. @fr has the first frame already. */
enum exit_status screen_run(const struct options *o, struct frames *fr, struct fail *f);

#endif
