/* SPDX-License-Identifier: GPL-2.0 */
/* How much a pool grows by, and the worker that grows it: see growth.c. */
#ifndef FASTALLOC_GROWTH_H
#define FASTALLOC_GROWTH_H

#include <linux/fastalloc.h>
#include <linux/irq_work.h>
#include <linux/workqueue.h>

/**
 * struct fa_growth - how a pool grows
 * @kind: the rule
 * @amount: LINEAR: objects to add
 * @percent: EXPONENTIAL: new capacity in per cent of the old
 * @fn: CUSTOM: says how many to add
 * @arg: handed to @fn
 * @max: capacity to stop at, at most FASTALLOC_MAX_OBJECTS
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
