/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by explore.c and ops.c. */
#ifndef VERIFY_H
#define VERIFY_H

#include "pool.h"

#define MAX_OBJS	32
#define MAX_CPUS	3
#define MAX_BULK	3
#define MAX_GROW	2
#define MAX_SHARDS	4	/* with that of trim */

enum op {
	OP_NONE,
	OP_ALLOC,
	OP_FREE,
	OP_ALLOC_BULK,
	OP_FREE_BULK,
	OP_FLUSH,
	OP_ROTATE,
	OP_DEAD,
	OP_WAIT,
	OP_IRQ_WORK,
	OP_GROW,
	OP_CUT,
	OP_SHARE,
	OP_IPI,
	NR_OPS
};

struct call {
	enum op	op;
	int	arg;
	void	*obj[MAX_BULK];
};

/* The chunks: of the pool, and of each growth. @added: contexts can free its objects. */
struct piece {
	struct fa_chunk	chunk;
	bool		added;
};

/* ops.c */
extern struct fastalloc_pool pool;
extern unsigned int bulk_nr;	/* objects of a bulk allocation */
extern char objects[MAX_OBJS];
extern struct piece pieces[1 + MAX_GROW];
extern int (*cpu_dead)(unsigned int cpu);

struct config {
	unsigned int	magazine;
	unsigned int	capacity;
	unsigned int	reserve;
	unsigned int	shards;
	bool		growing;
	unsigned int	pieces;		/* chunks that growths may add */
	unsigned int	piece;		/* objects of each at most */
};

void op_run(struct call *call);
void op_setup(const struct config *cfg);

/* explore.c */
typedef void (*ipi_fn)(void *arg);
void hook_ipi(ipi_fn *fn, void **arg);

/* In the copy of lease.c, see the Makefile. */
void verify_cut(struct fastalloc_pool *p, u32 size);

#endif /* VERIFY_H */
