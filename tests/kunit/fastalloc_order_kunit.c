// SPDX-License-Identifier: GPL-2.0
/*
 * The orders alone, compared with a simple reference: the deque of LIFO and FIFO, the
 * bitmap of LOWEST. The code under test is compiled in.
 */
#include <linux/module.h>
#include <linux/prandom.h>

#include "fastalloc_test.h"

/* Built into the kernel, the suite is linked with this code. */
#ifdef MODULE
#include "../../fastalloc/bitmap.c"
#include "../../fastalloc/deque.c"
#include "../../fastalloc/mem.c"
#else
#include "../../fastalloc/bitmap.h"
#include "../../fastalloc/deque.h"
#include "../../fastalloc/mem.h"
#endif

#define OPS	20000

/* Any pointer will do: the deque never dereferences what it holds. */
static void *token(unsigned long nr)
{
	return (void *)(nr + 1);
}

struct order_fix {
	struct rnd_state rnd;
	struct fa_deque dq;
	struct fa_segs segs;
	struct fa_bitmap bm;
	unsigned long *ref;
	void **ring;
	void **buf;
};

static int order_init(struct kunit *test)
{
	struct order_fix *fix = kzalloc(sizeof(*fix), GFP_KERNEL);

	test->priv = fix;
	if (!fix)
		return -ENOMEM;
	prandom_seed_state(&fix->rnd, 0x0de7);
	return 0;
}

static void order_exit(struct kunit *test)
{
	struct order_fix *fix = test->priv;

	if (!fix)
		return;
	fa_deque_free(&fix->dq);
	fa_segs_free(&fix->segs, GFP_KERNEL);
	fa_bitmap_free(&fix->bm);
	kvfree(fix->ref);
	kvfree(fix->ring);
	kvfree(fix->buf);
	kfree(fix);
}

static unsigned int below(struct order_fix *fix, unsigned int n)
{
	return prandom_u32_state(&fix->rnd) % n;
}

/* Checks that every segment is reached both ways, and that their number is right. */
static void check_ring(struct kunit *test, const struct fa_deque *d)
{
	const struct fa_seg *seg = d->head;
	unsigned long nr = 0;

	do {
		KUNIT_ASSERT_TRUE(test, seg->next->prev == seg);
		seg = seg->next;
		nr++;
	} while (seg != d->head && nr <= d->nr_segs);
	KUNIT_EXPECT_EQ(test, nr, d->nr_segs);
}

static void grow_deque(struct kunit *test, unsigned long segs, u32 slots)
{
	struct order_fix *fix = test->priv;
	int err = fa_segs_alloc(&fix->segs, segs, slots, GFP_KERNEL,
				NUMA_NO_NODE);

	KUNIT_ASSERT_EQ(test, err, 0);
	KUNIT_ASSERT_EQ(test, fix->segs.nr, segs);
	if (fix->dq.head)
		fa_deque_splice(&fix->dq, &fix->segs);
	else
		fa_deque_init(&fix->dq, slots, &fix->segs);
	KUNIT_EXPECT_EQ(test, fix->segs.nr, 0UL);
	check_ring(test, &fix->dq);
}

struct deque_param {
	const char *desc;
	u32 slots;
	unsigned long objects;
};

static const struct deque_param deque_params[] = {
	{ "1 object, 8 slots", 8, 1 },
	{ "8 objects, 8 slots", 8, 8 },
	{ "9 objects, 8 slots", 8, 9 },
	{ "100 objects, 9 slots", 9, 100 },
	{ "1000 objects, 510 slots", 510, 1000 },
};

static void deque_desc(const struct deque_param *p, char *desc)
{
	strscpy(desc, p->desc, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(deque, deque_params, deque_desc);

/* Promise: what was pushed last is popped from the tail first. */
static void order_deque_lifo(struct kunit *test)
{
	const struct deque_param *p = test->param_value;
	struct order_fix *fix = test->priv;
	unsigned long i, turn;

	grow_deque(test, fa_deque_segs(p->objects, p->slots), p->slots);
	for (turn = 0; turn < 3; turn++) {
		for (i = 0; i < p->objects; i++)
			fa_deque_push(&fix->dq, token(i));
		KUNIT_EXPECT_EQ(test, fix->dq.n, p->objects);
		for (i = p->objects; i--;)
			KUNIT_ASSERT_PTR_EQ(test, fa_deque_pop_tail(&fix->dq),
					    token(i));
		KUNIT_EXPECT_EQ(test, fix->dq.n, 0UL);
	}
	check_ring(test, &fix->dq);
}

/* Promise: what was pushed first is popped from the head first. */
static void order_deque_fifo(struct kunit *test)
{
	const struct deque_param *p = test->param_value;
	struct order_fix *fix = test->priv;
	unsigned long i, turn;

	grow_deque(test, fa_deque_segs(p->objects, p->slots), p->slots);
	for (turn = 0; turn < 3; turn++) {
		for (i = 0; i < p->objects; i++)
			fa_deque_push(&fix->dq, token(i));
		for (i = 0; i < p->objects; i++)
			KUNIT_ASSERT_PTR_EQ(test, fa_deque_pop_head(&fix->dq),
					    token(i));
		KUNIT_EXPECT_EQ(test, fix->dq.n, 0UL);
	}
	check_ring(test, &fix->dq);
}

/* The reference: an array long enough that nothing ever wraps. */
struct plain {
	unsigned long head;
	unsigned long tail;
};

/* One step of order_deque_random(). Returns whether deque and reference agree. */
static bool deque_step(struct order_fix *fix, struct plain *ref,
		       unsigned long cap, unsigned long nr)
{
	unsigned long n = ref->tail - ref->head, i;

	switch (below(fix, 6)) {
	case 0:
		if (n == cap)
			return true;
		fix->ring[ref->tail] = token(nr);
		fa_deque_push(&fix->dq, fix->ring[ref->tail++]);
		return true;
	case 1:
		return !n || fa_deque_pop_tail(&fix->dq) ==
			     fix->ring[--ref->tail];
	case 2:
		return !n || fa_deque_pop_head(&fix->dq) ==
			     fix->ring[ref->head++];
	case 3:
		n = below(fix, cap - n + 1);
		for (i = 0; i < n; i++)
			fix->ring[ref->tail + i] = token(nr * 1000 + i);
		fa_deque_push_bulk(&fix->dq, fix->ring + ref->tail, n);
		ref->tail += n;
		return true;
	case 4:
		n = below(fix, n + 1);
		fa_deque_pop_head_bulk(&fix->dq, fix->buf, n);
		ref->head += n;
		return !memcmp(fix->buf, fix->ring + ref->head - n,
			       n * sizeof(void *));
	default:
		/* A bulk pop promises which objects, not in what order. */
		n = below(fix, n + 1);
		fa_deque_pop_tail_bulk(&fix->dq, fix->buf, n);
		ref->tail -= n;
		for (i = 0; i < n; i++) {
			unsigned long k = 0;

			while (k < n && fix->ring[ref->tail + k] != fix->buf[i])
				k++;
			if (k == n)
				return false;
		}
		return true;
	}
}

/*
 * Promise: any mix of calls gives the same results as a plain array; it never
 * overflows.
 */
static void order_deque_random(struct kunit *test)
{
	const struct deque_param *p = test->param_value;
	struct order_fix *fix = test->priv;
	unsigned long cap = p->objects, nr;
	struct plain ref = { };

	fix->ring = kvmalloc_array(OPS, sizeof(void *), GFP_KERNEL);
	fix->buf = kvmalloc_array(4 * cap, sizeof(void *), GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, fix->ring && fix->buf);
	grow_deque(test, fa_deque_segs(cap, p->slots), p->slots);

	for (nr = 0; nr < OPS; nr++) {
		if (ref.tail + cap > OPS) {
			memmove(fix->ring, fix->ring + ref.head,
				(ref.tail - ref.head) * sizeof(void *));
			ref.tail -= ref.head;
			ref.head = 0;
		}
		KUNIT_ASSERT_TRUE_MSG(test, deque_step(fix, &ref, cap, nr),
				      "step %lu", nr);
		KUNIT_ASSERT_EQ(test, fix->dq.n, ref.tail - ref.head);
		/* Twice during the run: add room for as many objects again. */
		if (nr == OPS / 4 || nr == OPS / 2) {
			grow_deque(test, fa_deque_segs(2 * cap, p->slots) -
					 fa_deque_segs(cap, p->slots),
				   p->slots);
			cap *= 2;
		}
	}
	check_ring(test, &fix->dq);
}

/* Promise: segments can be removed down to what the objects need, no further. */
static void order_deque_unsplice(struct kunit *test)
{
	const struct deque_param *p = test->param_value;
	struct order_fix *fix = test->priv;
	unsigned long need = fa_deque_segs(p->objects, p->slots), i;
	struct fa_seg *seg;

	grow_deque(test, need + 5, p->slots);
	for (i = 0; i < p->objects; i++)
		fa_deque_push(&fix->dq, token(i));
	while ((seg = fa_deque_unsplice(&fix->dq, p->objects)))
		kfree(seg);
	KUNIT_EXPECT_EQ(test, fix->dq.nr_segs, need);
	check_ring(test, &fix->dq);
	for (i = 0; i < p->objects; i++)
		KUNIT_ASSERT_PTR_EQ(test, fa_deque_pop_head(&fix->dq), token(i));
}

/* Promise: if segments cannot all be allocated, none is kept. */
static void order_segs_nomem(struct kunit *test)
{
	struct order_fix *fix = test->priv;
	int err = fa_segs_alloc(&fix->segs, 2, U32_MAX,
				GFP_KERNEL | __GFP_NOWARN, NUMA_NO_NODE);

	KUNIT_EXPECT_EQ(test, err, -ENOMEM);
	KUNIT_EXPECT_TRUE(test, !fix->segs.first);
	KUNIT_EXPECT_EQ(test, fix->segs.nr, 0UL);
}

static const unsigned int bitmap_params[] = {
	1, 2, 63, 64, 65, 127, 4095, 4096, 4097, 262144, 262145,
};

static void bitmap_desc(const unsigned int *bits, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u bits", *bits);
}

KUNIT_ARRAY_PARAM(bitmap, bitmap_params, bitmap_desc);

static void new_bitmap(struct kunit *test, unsigned int bits)
{
	struct order_fix *fix = test->priv;

	KUNIT_ASSERT_EQ(test, fa_bitmap_init(&fix->bm, bits, GFP_KERNEL,
					     NUMA_NO_NODE), 0);
	fix->ref = kvcalloc(BITS_TO_LONGS(bits), sizeof(long), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, fix->ref);
}

/* Promise: a new bitmap hands out 0, 1, 2, ... to the last bit. */
static void order_bitmap_ascends(struct kunit *test)
{
	unsigned int bits = *(const unsigned int *)test->param_value, i;
	struct order_fix *fix = test->priv;

	new_bitmap(test, bits);
	for (i = 0; i < bits; i++) {
		if (fa_bitmap_test(&fix->bm, i) ||
		    fa_bitmap_take_lowest(&fix->bm) != i ||
		    !fa_bitmap_test(&fix->bm, i))
			break;
	}
	KUNIT_EXPECT_EQ(test, i, bits);
	KUNIT_EXPECT_TRUE(test, fa_bitmap_run_taken(&fix->bm, 0, bits));
}

/* Whether one random step has the same effect on bitmap and reference. */
static bool bitmap_step(struct order_fix *fix, unsigned int bits,
			unsigned int *taken)
{
	unsigned int bit = below(fix, bits), nr;
	unsigned int want;

	switch (below(fix, 5)) {
	case 0:
		if (*taken == bits)
			return true;
		want = find_first_zero_bit(fix->ref, bits);
		__set_bit(want, fix->ref);
		(*taken)++;
		return fa_bitmap_take_lowest(&fix->bm) == want;
	case 1:
		bit = find_next_bit(fix->ref, bits, bit);
		if (bit == bits)
			return true;
		__clear_bit(bit, fix->ref);
		(*taken)--;
		fa_bitmap_clear(&fix->bm, bit);
		return !fa_bitmap_test(&fix->bm, bit);
	case 2:
		if (test_bit(bit, fix->ref))
			return fa_bitmap_test(&fix->bm, bit);
		__set_bit(bit, fix->ref);
		(*taken)++;
		fa_bitmap_set(&fix->bm, bit);
		return fa_bitmap_test(&fix->bm, bit);
	case 3:
		nr = 1 + below(fix, 200);
		want = bitmap_find_next_zero_area(fix->ref, bits, 0, nr, 0);
		bit = fa_bitmap_take_run(&fix->bm, nr);
		if (want >= bits)
			return bit >= bits;
		bitmap_set(fix->ref, want, nr);
		*taken += nr;
		return bit == want;
	default:
		nr = 1 + below(fix, min(200U, bits - bit));
		if (find_next_zero_bit(fix->ref, bit + nr, bit) < bit + nr)
			return !fa_bitmap_run_taken(&fix->bm, bit, nr);
		bitmap_clear(fix->ref, bit, nr);
		*taken -= nr;
		if (!fa_bitmap_run_taken(&fix->bm, bit, nr))
			return false;
		fa_bitmap_put_run(&fix->bm, bit, nr);
		return !fa_bitmap_run_taken(&fix->bm, bit, nr);
	}
}

/* Promise: after any mix of calls the contents are those of a flat kernel bitmap. */
static void order_bitmap_random(struct kunit *test)
{
	unsigned int bits = *(const unsigned int *)test->param_value, i;
	struct order_fix *fix = test->priv;
	unsigned int taken = 0, want = 0;

	new_bitmap(test, bits);
	for (i = 0; i < OPS / 4; i++)
		KUNIT_ASSERT_TRUE_MSG(test, bitmap_step(fix, bits, &taken),
				      "step %u", i);
	for (i = 0; i < bits; i++) {
		if (fa_bitmap_test(&fix->bm, i) != test_bit(i, fix->ref))
			break;
	}
	KUNIT_EXPECT_EQ(test, i, bits);
	/* The remaining bits come lowest first, to the last. */
	while (taken++ < bits) {
		want = find_next_zero_bit(fix->ref, bits, want);
		__set_bit(want, fix->ref);
		if (fa_bitmap_take_lowest(&fix->bm) != want)
			break;
		if (taken % 4096 == 0)
			cond_resched();
	}
	KUNIT_EXPECT_EQ(test, taken, bits + 1);
}

/* Promise: a run is found at the end of the bitmap, and not beyond. */
static void order_bitmap_run_at_end(struct kunit *test)
{
	unsigned int bits = *(const unsigned int *)test->param_value;
	struct order_fix *fix = test->priv;

	new_bitmap(test, bits);
	KUNIT_EXPECT_GE(test, fa_bitmap_take_run(&fix->bm, bits + 1), bits);
	KUNIT_EXPECT_EQ(test, fa_bitmap_take_run(&fix->bm, bits), 0U);
	KUNIT_EXPECT_GE(test, fa_bitmap_take_run(&fix->bm, 1), bits);
	fa_bitmap_put_run(&fix->bm, bits - 1, 1);
	KUNIT_EXPECT_GE(test, fa_bitmap_take_run(&fix->bm, 2), bits);
	KUNIT_EXPECT_EQ(test, fa_bitmap_take_run(&fix->bm, 1), bits - 1);
}

static struct kunit_case order_cases[] = {
	KUNIT_CASE_PARAM(order_deque_lifo, deque_gen_params),
	KUNIT_CASE_PARAM(order_deque_fifo, deque_gen_params),
	KUNIT_CASE_PARAM(order_deque_random, deque_gen_params),
	KUNIT_CASE_PARAM(order_deque_unsplice, deque_gen_params),
	KUNIT_CASE(order_segs_nomem),
	KUNIT_CASE_PARAM(order_bitmap_ascends, bitmap_gen_params),
	KUNIT_CASE_PARAM(order_bitmap_random, bitmap_gen_params),
	KUNIT_CASE_PARAM(order_bitmap_run_at_end, bitmap_gen_params),
	{ }
};

static struct kunit_suite order_suite = {
	.name = "fastalloc_order",
	.init = order_init,
	.exit = order_exit,
	.test_cases = order_cases,
};

kunit_test_suite(order_suite);

MODULE_DESCRIPTION("fastalloc: tests of the orders");
MODULE_LICENSE("GPL");
