/* SPDX-License-Identifier: GPL-2.0 */
/* Whether the state of a pool is consistent: see verify.c. */
#ifndef FASTALLOC_VERIFY_H
#define FASTALLOC_VERIFY_H

struct fastalloc_pool;
struct seq_file;

void fa_verify(struct fastalloc_pool *pool, struct seq_file *m);

#endif /* FASTALLOC_VERIFY_H */
