// SPDX-License-Identifier: GPL-2.0
/*
 * Two ways to look objects up without a lock, as in Documentation/handles.rst: objects
 * that are freed after a grace period, and objects in type-stable memory, where a
 * reader gets a reference and checks again. Readers run against writers that insert,
 * remove and free all the time.
 */
#include <linux/fastalloc_handle.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/rculist_nulls.h>

#include "fastalloc_test.h"

#define KEYS	64
#define BUCKETS	4
#define THREADS	3

/**
 * struct entry - an entry of a table
 * @node: link in its chain; type-stable
 * @key: 1 to KEYS, or 0 if the entry is not in use
 * @value: computed from @key
 * @rcu: for fastalloc_free_rcu()
 */
struct entry {
	struct hlist_nulls_node		node;
	u64				key;
	u64				value;
	struct fastalloc_rcu_head	rcu;
};

/**
 * struct table - entries by key
 * @pool: the pool of the entries
 * @chain: hash chains; each ends with its number
 * @slot: without chains, the entry of each key
 * @lock: for writers
 * @stop: the threads must end
 * @found: entries that readers found
 * @missed: lookups that found no entry
 * @moved: entries reused before the reader had a reference
 * @wrong: entries with a wrong value
 */
struct table {
	struct fastalloc_pool	*pool;
	struct hlist_nulls_head	chain[BUCKETS];
	struct entry __rcu	*slot[KEYS + 1];
	spinlock_t		lock;	/* for writers */
	bool			stop;
	atomic_long_t		found;
	atomic_long_t		missed;
	atomic_long_t		moved;
	atomic_long_t		wrong;
};

static u64 value_of(u64 key)
{
	return key * 0x9e3779b97f4a7c15ULL;
}

static u64 any_key(void)
{
	return get_random_u32() % KEYS + 1;
}

/* From here on the entry is not in use, though readers may still look at it. */
static void entry_release(void *obj, void *arg)
{
	struct entry *e = obj;

	WRITE_ONCE(e->key, 0);
	WRITE_ONCE(e->value, 0);
}

static struct table *table_of(struct kunit *test, unsigned int flags)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct table *t = fa_mem(test, sizeof(*t));
	/* Aligned so that growth adds small chunks, which can be freed. */
	struct fastalloc_config cfg =
		fa_config(.obj_size = sizeof(struct entry),
			  .type_align = __alignof__(struct entry), .align = PAGE_SIZE,
			  .capacity = 8, .max_capacity = 4 * KEYS, .sync = c->sync,
			  .magazine = c->sync == FASTALLOC_SYNC_PERCPU, .growth_amount = 8,
			  .on_release = entry_release, .flags = flags);
	unsigned int i;

	t->pool = fa_pool(test, &cfg);
	spin_lock_init(&t->lock);
	for (i = 0; i < BUCKETS; i++)
		INIT_HLIST_NULLS_HEAD(&t->chain[i], i);
	return t;
}

static void table_breathe(unsigned int i)
{
	if (i % 64)
		cond_resched();
	else
		usleep_range(20, 50);
}

static void table_run(struct kunit *test, struct table *t, int (*reader)(void *data),
		      void (*change)(struct kunit *test, struct table *t, u64 key,
				     bool insert))
{
	unsigned long end = jiffies + FA_TEST_PATIENCE;
	struct task_struct *task[THREADS];
	unsigned long trimmed = 0;
	unsigned int i = 0, j;

	for (j = 0; j < THREADS; j++) {
		task[j] = kthread_run(reader, t, "fa-reader/%u", j);
		KUNIT_EXPECT_FALSE(test, IS_ERR(task[j]));
	}
	while ((i < 10000 || atomic_long_read(&t->found) < 1000 ||
		atomic_long_read(&t->missed) < 1000) && time_before(jiffies, end)) {
		change(test, t, any_key(), true);
		if (!(++i % 2000)) {
			for (j = 1; j <= KEYS; j++)
				change(test, t, j, false);
			trimmed += fastalloc_pool_trim(t->pool);
		}
		table_breathe(i);
	}
	WRITE_ONCE(t->stop, true);
	for (j = 0; j < THREADS; j++)
		if (!IS_ERR(task[j]))
			kthread_stop(task[j]);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&t->wrong), 0L);
	KUNIT_EXPECT_GE(test, atomic_long_read(&t->found), 1000L);
	KUNIT_EXPECT_GE(test, atomic_long_read(&t->missed), 1000L);
	kunit_info(test, "%u changes, %ld found, %ld not, %ld moved, %lu trimmed\n", i,
		   atomic_long_read(&t->found), atomic_long_read(&t->missed),
		   atomic_long_read(&t->moved), trimmed);
}

static void reader_end(void)
{
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
}

/* Freed after a grace period: an entry stays valid during a reader's critical section. */

static int plain_reader(void *data)
{
	struct table *t = data;
	unsigned int i = 0;
	struct entry *e;
	u64 key;

	while (!READ_ONCE(t->stop)) {
		key = any_key();
		rcu_read_lock();
		e = rcu_dereference(t->slot[key]);
		if (e) {
			/* It may be removed by now, but it is not freed. */
			if (READ_ONCE(e->key) != key)
				atomic_long_inc(&t->wrong);
			cpu_relax();
			if (READ_ONCE(e->value) != value_of(key))
				atomic_long_inc(&t->wrong);
		}
		rcu_read_unlock();
		atomic_long_inc(e ? &t->found : &t->missed);
		table_breathe(i++);
	}
	reader_end();
	return 0;
}

/* Removes the entry of @key, or with @insert adds one if there is none. */
static void plain_change(struct kunit *test, struct table *t, u64 key, bool insert)
{
	struct entry *e = rcu_dereference_protected(t->slot[key], true);

	if (e) {
		rcu_assign_pointer(t->slot[key], NULL);
		fastalloc_free_rcu(t->pool, e, &e->rcu);
		return;
	}
	if (!insert)
		return;
	/*
	 * Objects that wait for a grace period are still out: that may be all there
	 * are.
	 */
	e = fastalloc_alloc_timeout(t->pool, GFP_KERNEL, FA_TEST_PATIENCE);
	if (!e) {
		KUNIT_FAIL(test, "no object came back");
		return;
	}
	e->key = key;
	e->value = value_of(key);
	rcu_assign_pointer(t->slot[key], e);
}

/*
 * Promise: an object passed to fastalloc_free_rcu() stays for the readers that found
 * it.
 */
static void rcu_free(struct kunit *test)
{
	struct table *t = table_of(test, 0);
	unsigned int key;

	table_run(test, t, plain_reader, plain_change);
	for (key = 1; key <= KEYS; key++)
		plain_change(test, t, key, false);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(t->pool), 0UL);
}

/*
 * Type-stable: entries are freed at once, so the entry that a reader found may have
 * been reused meanwhile, in another chain. The end of a chain tells which chain it was.
 */
static struct entry *stable_find(struct table *t, u64 key)
{
	unsigned int bucket = key % BUCKETS;
	struct hlist_nulls_node *n;
	struct entry *e;

	rcu_read_lock();
again:
	hlist_nulls_for_each_entry_rcu(e, n, &t->chain[bucket], node) {
		if (READ_ONCE(e->key) != key)
			continue;
		/* It may have been freed since: then it is in no chain. */
		if (!fastalloc_get_unless_zero(t->pool, e)) {
			atomic_long_inc(&t->moved);
			goto again;
		}
		/*
		 * The reference is held; is it the right entry? Pairs with the release
		 * in stable_insert().
		 */
		if (smp_load_acquire(&e->key) == key) {
			rcu_read_unlock();
			return e;
		}
		fastalloc_put(t->pool, e);
		atomic_long_inc(&t->moved);
		goto again;
	}
	if (get_nulls_value(n) != bucket)
		goto again;
	rcu_read_unlock();
	return NULL;
}

static int stable_reader(void *data)
{
	struct table *t = data;
	unsigned int i = 0;
	struct entry *e;
	u64 key;

	while (!READ_ONCE(t->stop)) {
		key = any_key();
		e = stable_find(t, key);
		atomic_long_inc(e ? &t->found : &t->missed);
		if (e) {
			if (READ_ONCE(e->value) != value_of(key))
				atomic_long_inc(&t->wrong);
			cpu_relax();
			/* It may be removed, but the reference keeps it. */
			if (READ_ONCE(e->key) != key)
				atomic_long_inc(&t->wrong);
			fastalloc_put(t->pool, e);
		}
		table_breathe(i++);
	}
	reader_end();
	return 0;
}

static void stable_insert(struct table *t, struct entry *e, u64 key)
{
	WRITE_ONCE(e->value, value_of(key));
	/* Publishes the whole entry. Pairs with the acquire in stable_find(). */
	smp_store_release(&e->key, key);
	spin_lock(&t->lock);
	hlist_nulls_add_head_rcu(&e->node, &t->chain[key % BUCKETS]);
	spin_unlock(&t->lock);
}

static void stable_change(struct kunit *test, struct table *t, u64 key, bool insert)
{
	struct entry *e = stable_find(t, key);

	if (!e) {
		e = insert ? fastalloc_alloc(t->pool, GFP_KERNEL) : NULL;
		if (e)
			stable_insert(t, e, key);
		return;
	}
	spin_lock(&t->lock);
	hlist_nulls_del_rcu(&e->node);
	spin_unlock(&t->lock);
	/* Puts the reference just taken, and that of the table. */
	fastalloc_put(t->pool, e);
	fastalloc_put(t->pool, e);
}

/* Promise: a reference to an object in type-stable memory is to the one looked for. */
static void rcu_type_stable(struct kunit *test)
{
	struct table *t = table_of(test, FASTALLOC_F_HANDLES | FASTALLOC_F_TYPESAFE_BY_RCU);
	struct fastalloc_stats s;
	unsigned int key;

	table_run(test, t, stable_reader, stable_change);
	for (key = 1; key <= KEYS; key++)
		stable_change(test, t, key, false);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(t->pool), 0UL);
	fastalloc_pool_stats(t->pool, &s);
	KUNIT_EXPECT_EQ(test, s.violations, 0ULL);
}

static struct fa_combo rcu_params[] = {
	FA_COMBO(PERCPU, LIFO, LINEAR, AUTO, 0, 0),
	FA_COMBO(SPINLOCK, LIFO, LINEAR, AUTO, 0, 0),
};

KUNIT_ARRAY_PARAM(rcu, rcu_params, fa_combo_desc);

static struct kunit_case rcu_cases[] = {
	KUNIT_CASE_PARAM(rcu_free, rcu_gen_params),
	KUNIT_CASE_PARAM(rcu_type_stable, rcu_gen_params),
	{}
};

static struct kunit_suite rcu_suite = {
	.name = "fastalloc_rcu",
	.init = fa_fix_init,
	.exit = fa_fix_exit,
	.test_cases = rcu_cases,
};

kunit_test_suite(rcu_suite);

MODULE_DESCRIPTION("Tests of fastalloc: lookups under RCU");
MODULE_LICENSE("GPL");
FASTALLOC_IMPORT_NS();
