/* SPDX-License-Identifier: GPL-2.0 */
/* The amount of growth, and the worker that grows a pool: see growth.c. */
#ifndef FASTALLOC_GROWTH_H
#define FASTALLOC_GROWTH_H

#include <linux/fastalloc.h>
#include <linux/irq_work.h>
#include <linux/workqueue.h>

/**
 * struct fa_growth - how a pool grows
 * @kind: the growth rule
 * @amount: LINEAR: number of objects to add
 * @percent: EXPONENTIAL: new capacity in per cent of the old
 * @fn: CUSTOM: returns the number of objects to add
 * @arg: argument of @fn
 * @max: upper limit of the capacity, at most FASTALLOC_MAX_OBJECTS
 */
struct fa_growth {
	enum fastalloc_growth	kind;
	unsigned long		amount;
	unsigned int		percent;
	fastalloc_growth_t	fn;
	void			*arg;
	unsigned long		max;
};

struct fa_grower {
	struct irq_work		irq;
	struct work_struct	work;
	void			(*grow)(struct fa_grower *g);
	bool			kicked;
};

void fa_growth_queue(struct work_struct *work);

unsigned long fa_growth_amount(const struct fa_growth *g, unsigned long capacity);
void fa_grower_init(struct fa_grower *g, void (*grow)(struct fa_grower *g));
void fa_grower_kick(struct fa_grower *g);
void fa_grower_stop(struct fa_grower *g);
int fa_growth_init(void);
void fa_growth_exit(void);

#endif /* FASTALLOC_GROWTH_H */
