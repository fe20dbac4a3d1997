/* SPDX-License-Identifier: GPL-2.0 */
/* Snapshots of pools as files: see debugfs.c. */
#ifndef FASTALLOC_DEBUGFS_H
#define FASTALLOC_DEBUGFS_H

struct fastalloc_pool;

void fa_debugfs_init(void);
void fa_debugfs_exit(void);
void fa_debugfs_add(struct fastalloc_pool *pool);
void fa_debugfs_remove(struct fastalloc_pool *pool);

#endif /* FASTALLOC_DEBUGFS_H */
