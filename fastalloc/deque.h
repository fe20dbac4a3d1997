/* SPDX-License-Identifier: GPL-2.0 */
/* Free objects in the order of their frees, for LIFO and FIFO: see deque.c. */
#ifndef FASTALLOC_DEQUE_H
#define FASTALLOC_DEQUE_H

#include <linux/compiler.h>
#include <linux/gfp.h>
#include <linux/sizes.h>
#include <linux/types.h>

/* Slots of the largest segment: with its links it fills 4 KiB. */
#define FA_SEG_SLOTS_MAX	((u32)((SZ_4K - 2 * sizeof(void *)) / sizeof(void *)))
#define FA_SEG_SLOTS_MIN	8U

struct fa_seg {
	struct fa_seg	*next;
	struct fa_seg	*prev;
	void		*slot[];
};

struct fa_segs {
	struct fa_seg	*first;
	struct fa_seg	*last;
	unsigned long	nr;
};

/**
 * struct fa_deque - free objects in the order of their frees
 * @n: number of objects
 * @tail: segment to push to and pop from
 * @t: next slot of @tail to push to
 * @h: next slot of @head to pop
 * @head: segment to pop the oldest object from
 * @seg_slots: slots of a segment
 * @nr_segs: segments in the ring
 */
struct fa_deque {
	unsigned long	n;
	struct fa_seg	*tail;
	u32		t;
	u32		h;
	struct fa_seg	*head;
	u32		seg_slots;
	unsigned long	nr_segs;
};

static inline size_t fa_seg_bytes(u32 slots)
{
	return sizeof(struct fa_seg) + slots * sizeof(void *);
}

int fa_segs_alloc(struct fa_segs *segs, unsigned long nr, u32 slots, gfp_t gfp,
		  int node);
void fa_segs_free(struct fa_segs *segs, gfp_t gfp);
unsigned long fa_deque_segs(unsigned long objects, u32 seg_slots);
void fa_deque_init(struct fa_deque *d, u32 seg_slots, struct fa_segs *segs);
void fa_deque_splice(struct fa_deque *d, struct fa_segs *segs);
struct fa_seg *fa_deque_unsplice(struct fa_deque *d, unsigned long objects);
void fa_deque_free(struct fa_deque *d);
void fa_deque_push_bulk(struct fa_deque *d, void **objs, unsigned long nr);
void fa_deque_pop_tail_bulk(struct fa_deque *d, void **objs, unsigned long nr);
void fa_deque_pop_head_bulk(struct fa_deque *d, void **objs, unsigned long nr);

static inline void fa_deque_push(struct fa_deque *d, void *obj)
{
	if (unlikely(d->t == d->seg_slots)) {
		d->tail = d->tail->next;
		d->t = 0;
	}
	d->tail->slot[d->t++] = obj;
	d->n++;
}

/* The deque must not be empty. */
static inline void *fa_deque_pop_tail(struct fa_deque *d)
{
	if (unlikely(!d->t)) {
		d->tail = d->tail->prev;
		d->t = d->seg_slots;
	}
	d->n--;
	return d->tail->slot[--d->t];
}

/* The deque must not be empty. */
static inline void *fa_deque_pop_head(struct fa_deque *d)
{
	if (unlikely(d->h == d->seg_slots)) {
		d->head = d->head->next;
		d->h = 0;
	}
	d->n--;
	return d->head->slot[d->h++];
}

#endif /* FASTALLOC_DEQUE_H */
