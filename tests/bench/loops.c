// SPDX-License-Identifier: GPL-2.0
/* The loops that are timed, a copy for each allocator. */
#include <linux/sched.h>
#include <linux/string.h>

#include "ops.h"

static __always_inline u64 loop_pair(enum bench_id id, struct bench *b,
				     unsigned int nr)
{
	unsigned int size = b->size;
	void *h = b->handle[id];
	u64 t = bench_clock();

	while (nr--)
		ops_free(id, h, size, ops_alloc(id, h, size, BENCH_GFP));
	return bench_clock() - t;
}

static __always_inline u64 loop_burst(enum bench_id id, struct bench *b,
				      unsigned int nr, unsigned int burst)
{
	void *h = b->handle[id], **end = b->obj + burst, **p;
	unsigned int size = b->size;
	u64 t = bench_clock();

	for (nr /= burst; nr; nr--) {
		for (p = b->obj; p < end; p++)
			*p = ops_alloc(id, h, size, BENCH_GFP);
		for (p = b->obj; p < end; p++)
			ops_free(id, h, size, *p);
	}
	return bench_clock() - t;
}

static __always_inline u64 loop_bulk(enum bench_id id, struct bench *b,
				     unsigned int nr, unsigned int bulk)
{
	void *h = b->handle[id];
	u64 t = bench_clock();

	for (nr /= bulk; nr; nr--) {
		if (!ops_alloc_bulk(id, h, bulk, b->obj))
			return 0;
		ops_free_bulk(id, h, bulk, b->obj);
	}
	return bench_clock() - t;
}

/*
 * ->live objects are out. Bunches of them die, wherever they are, and are
 * replaced; a word of each new one is written, as by a user.
 */
static __always_inline u64 loop_random(enum bench_id id, struct bench *b,
				       unsigned int nr)
{
	unsigned long part = b->live / BENCH_BUNCH, i;
	unsigned int size = b->size;
	void *h = b->handle[id];
	static u32 seed = 0x9e3779b9;
	void **pick[BENCH_BUNCH];
	u64 t = 0, t0;

	for (nr /= BENCH_BUNCH; nr; nr--) {
		/* One out of each of as many parts: no two the same. */
		for (i = 0; i < BENCH_BUNCH; i++)
			pick[i] = &b->obj[i * part + bench_random(&seed) % part];
		t0 = bench_clock();
		for (i = 0; i < BENCH_BUNCH; i++)
			ops_free(id, h, size, *pick[i]);
		for (i = 0; i < BENCH_BUNCH; i++) {
			void *obj = ops_alloc(id, h, size, BENCH_GFP);

			*pick[i] = obj;
			bench_touch(id, obj, i);
		}
		t += bench_clock() - t0;
	}
	return t;
}

static u64 run_pair(enum bench_id id, struct bench *b, unsigned int nr)
{
	OPS_FOR(id, loop_pair, b, nr);
}

static u64 run_burst32(enum bench_id id, struct bench *b, unsigned int nr)
{
	OPS_FOR(id, loop_burst, b, nr, 32);
}

static u64 run_burst1024(enum bench_id id, struct bench *b, unsigned int nr)
{
	OPS_FOR(id, loop_burst, b, nr, 1024);
}

static u64 run_bulk64(enum bench_id id, struct bench *b, unsigned int nr)
{
	OPS_FOR(id, loop_bulk, b, nr, 64);
}

static u64 run_random(enum bench_id id, struct bench *b, unsigned int nr)
{
	OPS_FOR(id, loop_random, b, nr);
}

u64 bench_run(enum bench_loop loop, enum bench_id id, struct bench *b,
	      unsigned int nr)
{
	if (!b->handle[id])
		return 0;
	switch (loop) {
	case BENCH_PAIR:
		return run_pair(id, b, nr);
	case BENCH_BURST32:
		return run_burst32(id, b, nr);
	case BENCH_BURST1024:
		return run_burst1024(id, b, nr);
	case BENCH_BULK64:
		return run_bulk64(id, b, nr);
	case BENCH_RANDOM:
		return run_random(id, b, nr);
	}
	return 0;
}

/* All of the object is written, but for what ops_alloc() keeps in it. */
static __always_inline int loop_fill(enum bench_id id, struct bench *b,
				     unsigned long nr, gfp_t gfp, u64 *ticks)
{
	unsigned int size = b->size;
	void *h = b->handle[id];
	u64 t = bench_clock();
	unsigned long i;

	for (i = 0; i < nr; i++) {
		void *obj = ops_alloc(id, h, size, gfp);

		b->obj[i] = obj;
		if (unlikely(!obj))
			break;
		if (id != BENCH_NOTHING)
			memset(obj + BENCH_KEPT, 0x5a, size - BENCH_KEPT);
		/* No single step is long, but there are many. */
		if (gfpflags_allow_blocking(gfp))
			cond_resched();
	}
	*ticks = bench_clock() - t;
	b->live = i;
	return i == nr ? 0 : -ENOMEM;
}

/* Takes @nr objects, says how long that took. */
int bench_fill(enum bench_id id, struct bench *b, unsigned long nr, gfp_t gfp,
	       u64 *ticks)
{
	OPS_FOR(id, loop_fill, b, nr, gfp, ticks);
}

static __always_inline int loop_empty(enum bench_id id, struct bench *b)
{
	for (; b->live; b->live--) {
		ops_free(id, b->handle[id], b->size, b->obj[b->live - 1]);
		cond_resched();
	}
	return 0;
}

/* Gives back what is out. */
int bench_empty(enum bench_id id, struct bench *b)
{
	OPS_FOR(id, loop_empty, b);
}

/* As many objects are out as chance wants, in runs of all lengths. */
static __always_inline int loop_each(enum bench_id id, struct bench *b,
				     unsigned int ops, struct bench_hist *hist)
{
	unsigned int size = b->size;
	static u32 seed = 0x2545f491;
	void *h = b->handle[id];
	u64 t;

	for (; ops; ops--) {
		if (hist->want == b->live)
			hist->want = bench_random(&seed) % (BENCH_OBJS / 2) + 1;
		if (hist->want > b->live) {
			void *obj;

			t = bench_clock();
			obj = ops_alloc(id, h, size, BENCH_GFP);
			t = bench_clock() - t;
			if (unlikely(!obj))
				return -ENOMEM;
			b->obj[b->live++] = obj;
		} else {
			void **p = &b->obj[bench_random(&seed) % b->live];
			void *obj = *p;

			t = bench_clock();
			ops_free(id, h, size, obj);
			t = bench_clock() - t;
			*p = b->obj[--b->live];
		}
		bench_hist_add(hist, t);
	}
	return 0;
}

/* Times each of @ops single operations. */
int bench_each(enum bench_id id, struct bench *b, unsigned int ops,
	       struct bench_hist *hist)
{
	OPS_FOR(id, loop_each, b, ops, hist);
}

/* Objects into a ring. */
static __always_inline int loop_produce(enum bench_id id, struct bench *b,
					struct bench_ring *ring,
					unsigned int rings, unsigned int nr)
{
	unsigned int size = b->size, i, r = 0;
	void *h = b->handle[id];

	for (i = 0; i < nr; i++) {
		void *obj = ops_alloc(id, h, size, BENCH_GFP);
		u32 head;

		if (unlikely(!obj))
			return -ENOMEM;
		bench_touch(id, obj, i);
		if (r == rings) {
			/* its own share */
			ops_free(id, h, size, obj);
			r = 0;
			continue;
		}
		head = ring[r].head;
		while (head - smp_load_acquire(&ring[r].tail) == BENCH_RING)
			cpu_relax();
		ring[r].obj[head % BENCH_RING] = obj;
		smp_store_release(&ring[r].head, head + 1);
		if (++r == rings && !ring->share)
			r = 0;
	}
	return 0;
}

int bench_produce(enum bench_id id, struct bench *b, struct bench_ring *ring,
		  unsigned int rings, unsigned int nr)
{
	OPS_FOR(id, loop_produce, b, ring, rings, nr);
}

/* Until the producer has said that it is done. */
static __always_inline int loop_consume(enum bench_id id, struct bench *b,
					struct bench_ring *ring)
{
	unsigned int size = b->size;
	void *h = b->handle[id];
	u32 tail = 0;

	for (;;) {
		bool done = smp_load_acquire(&ring->done);
		void *obj;

		if (smp_load_acquire(&ring->head) == tail) {
			if (done)
				return 0;
			cpu_relax();
			continue;
		}
		obj = ring->obj[tail % BENCH_RING];
		smp_store_release(&ring->tail, ++tail);
		bench_look(id, obj);
		ops_free(id, h, size, obj);
	}
}

int bench_consume(enum bench_id id, struct bench *b, struct bench_ring *ring)
{
	OPS_FOR(id, loop_consume, b, ring);
}
