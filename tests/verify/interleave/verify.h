/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by explore.c and ops.c. */
#ifndef VERIFY_H
#define VERIFY_H

#include "pool.h"

#define MAX_OBJS	32
#define MAX_CPUS	3
#define MAX_BULK	3

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
	NR_OPS
};

struct call {
	enum op	op;
	int	arg;
	void	*obj[MAX_BULK];
};

/* ops.c */
extern struct fastalloc_pool pool;
extern unsigned int bulk_nr;	/* objects of a bulk allocation */
extern char objects[MAX_OBJS];
extern int (*cpu_dead)(unsigned int cpu);

void op_run(struct call *call);
void op_setup(unsigned int magazine, unsigned int capacity, bool growing,
	      unsigned int first_block);

#endif /* VERIFY_H */
