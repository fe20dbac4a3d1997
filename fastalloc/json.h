/* SPDX-License-Identifier: GPL-2.0 */
/* Snapshots of pools for programs: see json.c. */
#ifndef FASTALLOC_JSON_H
#define FASTALLOC_JSON_H

struct dentry;
struct fastalloc_pool;

void fa_json_init(struct dentry *root);
void fa_json_add(struct fastalloc_pool *pool);

#endif /* FASTALLOC_JSON_H */
