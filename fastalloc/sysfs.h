/* SPDX-License-Identifier: GPL-2.0 */
/* Totals of all pools: see sysfs.c. */
#ifndef FASTALLOC_SYSFS_H
#define FASTALLOC_SYSFS_H

int fa_sysfs_init(void);
void fa_sysfs_exit(void);

#endif /* FASTALLOC_SYSFS_H */
