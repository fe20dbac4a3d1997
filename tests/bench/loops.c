// SPDX-License-Identifier: GPL-2.0
/* The timed loops, and a copy of each for each allocator. */
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
 * ->live objects are out. Bunches of them, at random places, are freed and replaced;
 * one word of each new object is written, as by a user.
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
		/*
		 * One from each of BENCH_BUNCH equal parts, so that none is chosen
		 * twice.
		 */
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

/* Writes all of each object, except for the part that ops_alloc() uses. */
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

static __always_inline int loop_empty(enum bench_id id, struct bench *b)
{
	for (; b->live; b->live--) {
		ops_free(id, b->handle[id], b->size, b->obj[b->live - 1]);
		cond_resched();
	}
	return 0;
}

/* A random number of objects is out, in runs of all lengths. */
static __always_inline int loop_each(enum bench_id id, struct bench *b,
				     unsigned int ops, struct bench_hist *hist)
{
	unsigned int size = b->size;
	static u32 seed = 0x2545f491;
	void *h = b->handle[id];
	u64 t;

	for (; ops; ops--) {
		if (hist->want == b->live)
			hist->want = bench_random(&seed) % (b->objs / 2) + 1;
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

/* Puts an object into each ring in turn; with ->share, frees one itself as well. */
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
		while (head - ring[r].tail_seen == BENCH_RING) {
			/* Read the slot's index before the slot is written again. */
			ring[r].tail_seen = smp_load_acquire(&ring[r].tail);
			cpu_relax();
		}
		ring[r].obj[head % BENCH_RING] = obj;
		/* Publish the object and the slot before the head. */
		smp_store_release(&ring[r].head, head + 1);
		if (++r == rings && !ring->share)
			r = 0;
	}
	return 0;
}

/* Runs until the producer is done. */
static __always_inline int loop_consume(enum bench_id id, struct bench *b,
					struct bench_ring *ring)
{
	unsigned int size = b->size;
	void *h = b->handle[id];
	u32 tail = 0, head = 0;

	for (;;) {
		void *obj;

		if (head == tail) {
			/* Read before the head, which is final then. */
			bool done = smp_load_acquire(&ring->done);

			/* Read before the slots and the objects. */
			head = smp_load_acquire(&ring->head);
			if (head == tail && done)
				return 0;
			cpu_relax();
			continue;
		}
		obj = ring->obj[tail % BENCH_RING];
		/* The slot has been read. */
		smp_store_release(&ring->tail, ++tail);
		bench_look(id, obj);
		ops_free(id, h, size, obj);
	}
}

#define BENCH_LOOPS(id)								\
static u64 pair_##id(struct bench *b, unsigned int nr)				\
{										\
	return loop_pair(BENCH_##id, b, nr);					\
}										\
static u64 burst32_##id(struct bench *b, unsigned int nr)			\
{										\
	return loop_burst(BENCH_##id, b, nr, 32);				\
}										\
static u64 burst1024_##id(struct bench *b, unsigned int nr)			\
{										\
	return loop_burst(BENCH_##id, b, nr, 1024);				\
}										\
static u64 bulk64_##id(struct bench *b, unsigned int nr)			\
{										\
	return loop_bulk(BENCH_##id, b, nr, 64);				\
}										\
static u64 random_##id(struct bench *b, unsigned int nr)			\
{										\
	return loop_random(BENCH_##id, b, nr);					\
}										\
static int fill_##id(struct bench *b, unsigned long nr, gfp_t gfp, u64 *ticks)	\
{										\
	return loop_fill(BENCH_##id, b, nr, gfp, ticks);			\
}										\
static int empty_##id(struct bench *b)						\
{										\
	return loop_empty(BENCH_##id, b);					\
}										\
static int each_##id(struct bench *b, unsigned int ops, struct bench_hist *hist) \
{										\
	return loop_each(BENCH_##id, b, ops, hist);				\
}										\
static int produce_##id(struct bench *b, struct bench_ring *ring,		\
			unsigned int rings, unsigned int nr)			\
{										\
	return loop_produce(BENCH_##id, b, ring, rings, nr);			\
}										\
static int consume_##id(struct bench *b, struct bench_ring *ring)		\
{										\
	return loop_consume(BENCH_##id, b, ring);				\
}

#define BENCH_ENTRY(id)					\
	[BENCH_##id] = {				\
		.pair = pair_##id,			\
		.burst32 = burst32_##id,		\
		.burst1024 = burst1024_##id,		\
		.bulk64 = bulk64_##id,			\
		.random = random_##id,			\
		.fill = fill_##id,			\
		.empty = empty_##id,			\
		.each = each_##id,			\
		.produce = produce_##id,		\
		.consume = consume_##id,		\
	}

BENCH_LOOPS(NOTHING)
BENCH_LOOPS(INLINE)
BENCH_LOOPS(NOPREEMPT)
BENCH_LOOPS(CALL)
BENCH_LOOPS(SPINLOCK)
BENCH_LOOPS(NONE)
BENCH_LOOPS(NONE_PLAIN)
BENCH_LOOPS(KMEM_CACHE)
BENCH_LOOPS(KMALLOC_32)
BENCH_LOOPS(KMALLOC_64)
BENCH_LOOPS(KMALLOC_256)
BENCH_LOOPS(KMALLOC_1024)
BENCH_LOOPS(KMALLOC_4096)
BENCH_LOOPS(MEMPOOL)
BENCH_LOOPS(OBJPOOL)
BENCH_LOOPS(GEN_POOL)
BENCH_LOOPS(DMA_POOL)

const struct bench_loops bench_loops[BENCH_NR] = {
	BENCH_ENTRY(NOTHING),
	BENCH_ENTRY(INLINE),
	BENCH_ENTRY(NOPREEMPT),
	BENCH_ENTRY(CALL),
	BENCH_ENTRY(SPINLOCK),
	BENCH_ENTRY(NONE),
	BENCH_ENTRY(NONE_PLAIN),
	BENCH_ENTRY(KMEM_CACHE),
	BENCH_ENTRY(KMALLOC_32),
	BENCH_ENTRY(KMALLOC_64),
	BENCH_ENTRY(KMALLOC_256),
	BENCH_ENTRY(KMALLOC_1024),
	BENCH_ENTRY(KMALLOC_4096),
	BENCH_ENTRY(MEMPOOL),
	BENCH_ENTRY(OBJPOOL),
	BENCH_ENTRY(GEN_POOL),
	BENCH_ENTRY(DMA_POOL),
};
