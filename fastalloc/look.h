/* SPDX-License-Identifier: GPL-2.0 */
/* Readers that look at the chunks of a pool, one after another: see look.c. */
#ifndef FASTALLOC_LOOK_H
#define FASTALLOC_LOOK_H

#include <linux/seq_file.h>
#include <linux/types.h>

struct fa_chunk;
struct fastalloc_pool;

/* Characters of the map of a chunk. */
#define FA_MAP_CELLS	64U

/**
 * struct fa_look - how far a reader is
 * @pool: the pool
 * @chunk: the chunk that it looks at, or NULL
 * @after: address of the chunk before that, or NULL
 * @pos: position of the chunk that comes next, in a seq_file
 */
struct fa_look {
	struct fastalloc_pool	*pool;
	struct fa_chunk		*chunk;
	const void		*after;
	loff_t			pos;
};

extern const unsigned int fa_hz;

struct fa_chunk *fa_look_next(struct fa_look *look);
void fa_look_end(struct fa_look *look);
unsigned int fa_look_out(struct fa_look *look, unsigned int from, unsigned int end);
unsigned int fa_look_cell(const struct fa_chunk *chunk);
unsigned int fa_look_map(struct fa_look *look, char *map);
const char *fa_look_state(const struct fa_look *look);
const char *fa_look_backing(const struct fa_look *look);
u64 fa_look_age_ms(unsigned long now, unsigned long since);

void *fa_look_seq_start(struct seq_file *m, loff_t *pos);
void *fa_look_seq_next(struct seq_file *m, void *v, loff_t *pos);
void fa_look_seq_stop(struct seq_file *m, void *v);

#endif /* FASTALLOC_LOOK_H */
