/* SPDX-License-Identifier: GPL-2.0 */
/* The files json in the directory of fastalloc in debugfs. */
#ifndef TOP_SOURCE_H
#define TOP_SOURCE_H

#include <stddef.h>

#include "util.h"

/*
 * Reads DIR/json, or DIR/POOL/json if @pool is not NULL. A pool that does not exist is
 * ST_NO_POOL. @path gets the name of the file, for messages; the caller frees @text.
 */
enum exit_status source_read(const char *dir, const char *pool, char *path, size_t path_size,
			     char **text, size_t *len, struct fail *f);

#endif
