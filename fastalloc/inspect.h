/* SPDX-License-Identifier: GPL-2.0 */
/* The files of a pool in debugfs that look at its chunks, or change something: see inspect.c. */
#ifndef FASTALLOC_INSPECT_H
#define FASTALLOC_INSPECT_H

struct fastalloc_pool;

/* Number of these files. */
#define FA_INSPECT_FILES	6

void fa_inspect_add(struct fastalloc_pool *pool);

#endif /* FASTALLOC_INSPECT_H */
