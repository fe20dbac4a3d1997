// SPDX-License-Identifier: GPL-2.0
/*
 * A deque of pointers, for the orders LIFO and FIFO. Nothing here knows of pools, chunks or
 * locks: the caller serializes.
 *
 * It is a ring of segments, with a position to pop at (head), and one to push and pop at
 * (tail). It is not one array, so that a pool can grow without copying the free objects
 * while its lock is held.
 *
 *	Invariant: a deque for N objects has at least N / seg_slots (rounded up) + 2
 *	segments. n entries occupy at most n / seg_slots (rounded up) + 1 of them, so the
 *	segment after the tail is empty whenever the tail must move on: a push never fails.
 */
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "deque.h"
#include "mem.h"

/* Calls cond_resched() if @gfp allows it. */
void fa_segs_free(struct fa_segs *segs, gfp_t gfp)
{
	struct fa_seg *seg;

	while ((seg = segs->first)) {
		segs->first = seg->next;
		kfree(seg);
		fa_resched(segs->nr--, gfp);
	}
	segs->last = NULL;
	segs->nr = 0;
}

/*
 * Extends @segs to a list of at least @nr segments, terminated by NULL. A failure keeps the
 * segments that are there already.
 */
int fa_segs_alloc(struct fa_segs *segs, unsigned long nr, u32 slots, gfp_t gfp,
		  int node)
{
	struct fa_seg *seg;

	for (; segs->nr < nr; segs->nr++) {
		seg = fa_kmalloc(fa_seg_bytes(slots), gfp, node);
		if (!seg)
			return -ENOMEM;
		seg->next = segs->first;
		seg->prev = NULL;
		if (segs->first)
			segs->first->prev = seg;
		segs->first = seg;
		if (!segs->last)
			segs->last = seg;
		fa_resched(segs->nr, gfp);
	}
	return 0;
}

unsigned long fa_deque_segs(unsigned long objects, u32 seg_slots)
{
	return DIV_ROUND_UP(objects, seg_slots) + 2;
}

/* @segs: fa_deque_segs() segments, which the deque then owns. */
void fa_deque_init(struct fa_deque *d, u32 seg_slots, struct fa_segs *segs)
{
	memset(d, 0, sizeof(*d));
	d->seg_slots = seg_slots;
	d->nr_segs = segs->nr;
	d->head = segs->first;
	d->tail = segs->first;
	segs->last->next = segs->first;
	segs->first->prev = segs->last;
	memset(segs, 0, sizeof(*segs));
}

/* Inserts @segs behind the tail, where the next segment is empty, in constant time. */
void fa_deque_splice(struct fa_deque *d, struct fa_segs *segs)
{
	struct fa_seg *after = d->tail->next;

	if (!segs->nr)
		return;
	segs->first->prev = d->tail;
	d->tail->next = segs->first;
	segs->last->next = after;
	after->prev = segs->last;
	d->nr_segs += segs->nr;
	memset(segs, 0, sizeof(*segs));
}

/* Removes one segment that the deque does not need for @objects, or returns NULL. */
struct fa_seg *fa_deque_unsplice(struct fa_deque *d, unsigned long objects)
{
	struct fa_seg *seg = d->tail->next;

	if (d->nr_segs <= fa_deque_segs(objects, d->seg_slots) || seg == d->head)
		return NULL;
	d->tail->next = seg->next;
	seg->next->prev = d->tail;
	d->nr_segs--;
	return seg;
}

void fa_deque_free(struct fa_deque *d)
{
	if (!d->head)
		return;
	d->head->prev->next = NULL;
	fa_segs_free(&(struct fa_segs){ .first = d->head, .nr = d->nr_segs }, GFP_KERNEL);
	d->head = NULL;
}

/* Copies runs, at most a segment at a time. */
void fa_deque_push_bulk(struct fa_deque *d, void **objs, unsigned long nr)
{
	d->n += nr;
	while (nr) {
		u32 run;

		if (d->t == d->seg_slots) {
			d->tail = d->tail->next;
			d->t = 0;
		}
		run = min_t(unsigned long, nr, d->seg_slots - d->t);
		memcpy(&d->tail->slot[d->t], objs, run * sizeof(*objs));
		d->t += run;
		objs += run;
		nr -= run;
	}
}

/* @nr: at most d->n */
void fa_deque_pop_tail_bulk(struct fa_deque *d, void **objs, unsigned long nr)
{
	d->n -= nr;
	while (nr) {
		u32 run;

		if (!d->t) {
			d->tail = d->tail->prev;
			d->t = d->seg_slots;
		}
		run = min_t(unsigned long, nr, d->t);
		d->t -= run;
		memcpy(objs, &d->tail->slot[d->t], run * sizeof(*objs));
		objs += run;
		nr -= run;
	}
}

/* @nr: at most d->n */
void fa_deque_pop_head_bulk(struct fa_deque *d, void **objs, unsigned long nr)
{
	d->n -= nr;
	while (nr) {
		u32 run;

		if (d->h == d->seg_slots) {
			d->head = d->head->next;
			d->h = 0;
		}
		run = min_t(unsigned long, nr, d->seg_slots - d->h);
		memcpy(objs, &d->head->slot[d->h], run * sizeof(*objs));
		d->h += run;
		objs += run;
		nr -= run;
	}
}
