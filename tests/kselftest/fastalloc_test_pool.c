// SPDX-License-Identifier: GPL-2.0
/*
 * Pools under control of a script, which writes a command to
 * /sys/kernel/debug/fastalloc_test_pool/ctl and reads its result from
 * .../result (a negative errno, or a count).
 *
 *	create KEY=VALUE...	fields of struct fastalloc_config; a name may hold
 *				\xNN escapes; no name= at all means NULL;
 *				ctor=1, dtor=1, hooks=1, growth_fn=N install
 *				functions; ctor_fail=N fails the Nth call
 *	destroy NAME
 *	deferred NAME		destroy it from a worker, and wait for that
 *	alloc NAME N		GFP_KERNEL; result: objects allocated
 *	atomic NAME N		GFP_ATOMIC
 *	bulk NAME N		in one call
 *	wait NAME MS		GFP_KERNEL; waits at most so long; result: objects allocated
 *	handover NAME MS	likewise, up to 10 s; meanwhile a worker frees the oldest one
 *				after MS
 *	free NAME N		the oldest ones; result: objects freed
 *	reserve NAME N		result: 0, or a negative errno
 *	trim NAME		result: objects freed
 *	reset NAME		the statistics
 *
 * Misuse of the oldest object:
 *	double NAME		free it twice
 *	inner NAME		free a pointer into it
 *	foreign NAME		free a pointer that is not an object
 *	into NAME OTHER		free it into another pool, then correctly
 *	past NAME N		write N bytes past its end, and free it
 *	late NAME N		free it, then write N bytes to it
 *	leak NAME N		forget N objects; result: how many
 *	too NAME N		as alloc, from another function
 *	asleep NAME		GFP_KERNEL in atomic context
 *	asleep-bulk NAME	likewise, in a bulk call
 *	locked NAME		free it while its lock is held, and allocate it again
 * Copies between user space and that object:
 *	copy NAME N		from now on .../copy reads and writes, as one piece,
 *				the object at its byte N
 * And for KASAN, KMSAN and kmemleak:
 *	uaf NAME		free it, then read it
 *	oob NAME		read the byte after it
 *	read NAME		read it
 *	fill NAME		write all of it
 *	chain NAME		store the only reference to some memory in it
 *	unchain NAME		free that memory
 */
#include <linux/err.h>
#include <linux/fastalloc.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/kmsan-checks.h>
#include <linux/list.h>
#include <linux/preempt.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/string_helpers.h>
#include <linux/workqueue.h>

#include "fastalloc_test_module.h"

#define TEST_MAX_OUT	8192

struct test_pool {
	struct list_head node;
	struct fastalloc_pool *pool;
	unsigned int nr;
	size_t size;
	char name[FASTALLOC_NAME_LEN];
	void *objs[TEST_MAX_OUT];
};

static LIST_HEAD(pools);
static long result;
static unsigned long ctor_left;
static unsigned long growth_step;
static struct test_pool *copied;
static size_t copy_offset;

static int test_ctor(void *obj, void *arg)
{
	if (ctor_left && !--ctor_left)
		return -EIO;
	return 0;
}

static void test_hook(void *obj, void *arg)
{
}

static unsigned long test_growth(unsigned long capacity, void *arg)
{
	return growth_step;
}

/* The values of the create command. */
static struct fastalloc_config cfg;
static struct {
	char *name;
	unsigned long ctor, dtor, hooks, growth_fn;
} ask;

static const struct fa_test_key keys[] = {
	FA_TEST_KEY_STRING("name", ask.name),
	FA_TEST_KEY("obj_size", cfg.obj_size, 64),
	FA_TEST_KEY("type_align", cfg.type_align, 0),
	FA_TEST_KEY("align", cfg.align, 0),
	FA_TEST_KEY("capacity", cfg.capacity, 16),
	FA_TEST_KEY("max_capacity", cfg.max_capacity, 0),
	FA_TEST_KEY("growth", cfg.growth, FASTALLOC_GROWTH_NONE),
	FA_TEST_KEY("growth_amount", cfg.growth_amount, 0),
	FA_TEST_KEY("growth_percent", cfg.growth_percent, 0),
	FA_TEST_KEY("reserve", cfg.reserve, 0),
	FA_TEST_KEY("magazine", cfg.magazine, 0),
	FA_TEST_KEY("low_water", cfg.low_water, 0),
	FA_TEST_KEY("sync", cfg.sync, FASTALLOC_SYNC_SPINLOCK),
	FA_TEST_KEY("order", cfg.order, FASTALLOC_ORDER_LIFO),
	FA_TEST_KEY("backing", cfg.backing, FASTALLOC_BACKING_AUTO),
	FA_TEST_KEY("node", cfg.node, 0),
	FA_TEST_KEY("flags", cfg.flags, 0),
	FA_TEST_KEY("ctor", ask.ctor, 0),
	FA_TEST_KEY("dtor", ask.dtor, 0),
	FA_TEST_KEY("ctor_fail", ctor_left, 0),
	FA_TEST_KEY("hooks", ask.hooks, 0),
	FA_TEST_KEY("growth_fn", ask.growth_fn, 0),
};

static noinline long test_create(char *args)
{
	struct test_pool *tp;
	int err;

	err = fa_test_keys(keys, ARRAY_SIZE(keys), args);
	if (err)
		return -ENOENT;
	if (ask.name)
		string_unescape_any_inplace(ask.name);
	cfg.name = ask.name;
	cfg.ctor = ask.ctor ? test_ctor : NULL;
	cfg.dtor = ask.dtor ? test_hook : NULL;
	cfg.on_acquire = ask.hooks ? test_hook : NULL;
	cfg.on_release = cfg.on_acquire;
	cfg.growth_fn = ask.growth_fn ? test_growth : NULL;
	if (ask.growth_fn)
		growth_step = ask.growth_fn;

	tp = kvzalloc(sizeof(*tp), GFP_KERNEL);
	if (!tp)
		return -ENOBUFS;

	tp->pool = fastalloc_pool_create(&cfg);
	if (IS_ERR_OR_NULL(tp->pool)) {
		/* NULL is never valid: turn it into an errno that no pool returns. */
		err = tp->pool ? PTR_ERR(tp->pool) : -EBADE;
		kvfree(tp);
		return err;
	}
	strscpy(tp->name, cfg.name, sizeof(tp->name));
	tp->size = cfg.obj_size;
	list_add(&tp->node, &pools);
	return 0;
}

static noinline long test_alloc(struct test_pool *tp, gfp_t gfp, unsigned int nr)
{
	unsigned int got = 0;

	while (got < nr && tp->nr < TEST_MAX_OUT) {
		void *obj = fastalloc_alloc(tp->pool, gfp);

		if (!obj)
			break;
		tp->objs[tp->nr++] = obj;
		got++;
	}
	return got;
}

static noinline long test_bulk(struct test_pool *tp, unsigned int nr)
{
	unsigned int got = 0;

	if (nr <= TEST_MAX_OUT - tp->nr)
		got = fastalloc_alloc_bulk(tp->pool, GFP_KERNEL, nr, tp->objs + tp->nr);
	tp->nr += got;
	return got;
}

static noinline long test_wait(struct test_pool *tp, unsigned int ms)
{
	void *obj = fastalloc_alloc_timeout(tp->pool, GFP_KERNEL, msecs_to_jiffies(ms));

	if (!obj || tp->nr == TEST_MAX_OUT)
		return 0;
	tp->objs[tp->nr++] = obj;
	return 1;
}

static noinline long test_free(struct test_pool *tp, unsigned int nr)
{
	unsigned int i;

	nr = min(nr, tp->nr);
	for (i = 0; i < nr; i++)
		fastalloc_free(tp->pool, tp->objs[i]);
	tp->nr -= nr;
	memmove(tp->objs, tp->objs + nr, tp->nr * sizeof(*tp->objs));
	return nr;
}

/* The first object of a pool is freed by another task. */
struct test_free_later {
	struct delayed_work work;
	struct test_pool *tp;
};

static void test_free_work(struct work_struct *work)
{
	struct test_free_later *later = container_of(work, struct test_free_later, work.work);

	fastalloc_free(later->tp->pool, later->tp->objs[0]);
}

static long test_handover(struct test_pool *tp, unsigned int ms)
{
	struct test_free_later later = { .tp = tp };
	void *obj;

	INIT_DELAYED_WORK_ONSTACK(&later.work, test_free_work);
	schedule_delayed_work(&later.work, msecs_to_jiffies(ms));
	obj = fastalloc_alloc_timeout(tp->pool, GFP_KERNEL, 10 * HZ);
	flush_delayed_work(&later.work);
	destroy_delayed_work_on_stack(&later.work);
	tp->objs[0] = obj;
	if (!obj)
		tp->objs[0] = tp->objs[--tp->nr];
	return !!obj;
}

static void test_drop(struct test_pool *tp, bool deferred)
{
	if (copied == tp)
		copied = NULL;
	test_free(tp, tp->nr);
	if (deferred) {
		fastalloc_pool_destroy_deferred(tp->pool, NULL, NULL);
		fastalloc_barrier();
	} else {
		fastalloc_pool_destroy(tp->pool);
	}
	list_del(&tp->node);
	kvfree(tp);
}

/* Another call site, for reports that distinguish callers. */
static noinline long test_alloc_too(struct test_pool *tp, unsigned int nr)
{
	unsigned int got = 0;

	while (got < nr && tp->nr < TEST_MAX_OUT) {
		void *obj = fastalloc_alloc(tp->pool, GFP_KERNEL);

		if (!obj)
			break;
		tp->objs[tp->nr++] = obj;
		got++;
	}
	return got;
}

/* Must be reported even if the pool has free objects. */
static noinline void test_asleep(struct test_pool *tp, bool bulk)
{
	void *obj;

	preempt_disable();
	if (!bulk || !fastalloc_alloc_bulk(tp->pool, GFP_KERNEL, 1, &obj))
		obj = fastalloc_alloc(tp->pool, GFP_KERNEL);
	preempt_enable();
	fastalloc_free(tp->pool, obj);
}

static noinline void test_locked(struct test_pool *tp)
{
	spinlock_t *lock = tp->objs[0];

	spin_lock_init(lock);
	spin_lock(lock);
	fastalloc_free(tp->pool, lock);
	/* Returns the object that was freed last. */
	tp->objs[0] = fastalloc_alloc(tp->pool, GFP_ATOMIC);
	spin_unlock(lock);
}

/* Writes without KASAN noticing. */
static noinline __no_sanitize_address void test_scribble(u8 *p, unsigned int nr)
{
	while (nr--)
		WRITE_ONCE(p[nr], 0x42);
}

/* Reads with KASAN and KMSAN enabled. */
static noinline void test_uaf(struct test_pool *tp)
{
	u8 *obj = tp->objs[0];

	test_free(tp, 1);
	(void)READ_ONCE(*obj);
	kmsan_check_memory(obj, tp->size);
}

static noinline void test_oob(struct test_pool *tp)
{
	(void)READ_ONCE(((u8 *)tp->objs[0])[tp->size]);
}

static noinline void test_read(struct test_pool *tp)
{
	kmsan_check_memory(tp->objs[0], tp->size);
}

static noinline void test_double(struct test_pool *tp)
{
	void *obj = tp->objs[0];

	test_free(tp, 1);
	fastalloc_free(tp->pool, obj);
}

static struct test_pool *test_find(const char *name)
{
	struct test_pool *tp;

	list_for_each_entry(tp, &pools, node)
		if (!strcmp(tp->name, name))
			return tp;
	return NULL;
}

/* Misuse. Returns -ENOENT if @verb is none of these commands. */
static noinline long test_wrong(struct test_pool *tp, const char *verb, const char *arg,
				unsigned int nr)
{
	static u64 foreign;
	struct test_pool *other;
	u8 *obj = tp->objs[0];

	if (!strcmp(verb, "foreign")) {
		fastalloc_free(tp->pool, &foreign);
		return 0;
	}
	if (!tp->nr)
		return -ENODATA;
	if (!strcmp(verb, "double")) {
		test_double(tp);
	} else if (!strcmp(verb, "inner")) {
		fastalloc_free(tp->pool, obj + 1);
	} else if (!strcmp(verb, "into")) {
		other = arg ? test_find(arg) : NULL;
		if (!other)
			return -ENOENT;
		fastalloc_free(other->pool, obj);
		test_free(tp, 1);
	} else if (!strcmp(verb, "past")) {
		test_scribble(obj + tp->size, nr);
		test_free(tp, 1);
	} else if (!strcmp(verb, "late")) {
		test_free(tp, 1);
		test_scribble(obj, nr);
	} else if (!strcmp(verb, "leak")) {
		nr = min(nr, tp->nr);
		tp->nr -= nr;
		memset(tp->objs + tp->nr, 0, nr * sizeof(*tp->objs));
		return nr;
	} else if (!strcmp(verb, "asleep") || !strcmp(verb, "asleep-bulk")) {
		test_asleep(tp, verb[strlen("asleep")]);
	} else if (!strcmp(verb, "locked")) {
		test_locked(tp);
	} else if (!strcmp(verb, "uaf")) {
		test_uaf(tp);
	} else if (!strcmp(verb, "oob")) {
		test_oob(tp);
	} else if (!strcmp(verb, "read")) {
		test_read(tp);
	} else if (!strcmp(verb, "fill")) {
		memset(obj, 0x42, tp->size);
	} else if (!strcmp(verb, "chain")) {
		*(void **)obj = kzalloc(SZ_1K, GFP_KERNEL);
	} else if (!strcmp(verb, "unchain")) {
		kfree(*(void **)obj);
	} else {
		return -ENOENT;
	}
	return 0;
}

static noinline long test_command(char *cmd)
{
	char *verb = strsep(&cmd, " ");
	unsigned int nr = 0;
	struct test_pool *tp;
	char *name;

	if (!cmd)
		return -ENOENT;
	if (!strcmp(verb, "create"))
		return test_create(cmd);

	name = strsep(&cmd, " ");
	if (cmd && kstrtouint(cmd, 0, &nr) && strcmp(verb, "into"))
		return -ENOENT;

	tp = test_find(name);
	if (!tp)
		return -ENOENT;

	if (!strcmp(verb, "destroy")) {
		test_drop(tp, false);
		return 0;
	}
	if (!strcmp(verb, "deferred")) {
		test_drop(tp, true);
		return 0;
	}
	if (!strcmp(verb, "alloc"))
		return test_alloc(tp, GFP_KERNEL, nr);
	if (!strcmp(verb, "atomic"))
		return test_alloc(tp, GFP_ATOMIC, nr);
	if (!strcmp(verb, "bulk"))
		return test_bulk(tp, nr);
	if (!strcmp(verb, "wait"))
		return test_wait(tp, nr);
	if (!strcmp(verb, "handover"))
		return tp->nr ? test_handover(tp, nr) : -ENODATA;
	if (!strcmp(verb, "free"))
		return test_free(tp, nr);
	if (!strcmp(verb, "reserve"))
		return fastalloc_pool_reserve(tp->pool, nr, GFP_KERNEL);
	if (!strcmp(verb, "trim"))
		return fastalloc_pool_trim(tp->pool);
	if (!strcmp(verb, "reset")) {
		fastalloc_pool_stats_reset(tp->pool);
		return 0;
	}
	if (!strcmp(verb, "copy")) {
		copied = tp;
		copy_offset = nr;
		return 0;
	}
	if (!strcmp(verb, "too"))
		return test_alloc_too(tp, nr);
	return test_wrong(tp, verb, cmd, nr);
}

static int ctl_command(char *cmd)
{
	result = test_command(cmd);
	return 0;
}

static ssize_t copy_done(size_t len, unsigned long left)
{
	return left ? -EFAULT : len;
}

static ssize_t copy_write(struct file *file, const char __user *ubuf, size_t len, loff_t *ppos)
{
	ssize_t done = -ENODEV;

	mutex_lock(&fa_test_lock);
	if (copied && copied->nr)
		done = copy_done(len, fastalloc_copy_from_user(copied->pool, copied->objs[0],
							       copy_offset, ubuf, len));
	mutex_unlock(&fa_test_lock);
	return done;
}

static ssize_t copy_read(struct file *file, char __user *ubuf, size_t len, loff_t *ppos)
{
	ssize_t done = -ENODEV;

	mutex_lock(&fa_test_lock);
	if (copied && copied->nr)
		done = copy_done(len, fastalloc_copy_to_user(copied->pool, ubuf, copied->objs[0],
							     copy_offset, len));
	mutex_unlock(&fa_test_lock);
	return done;
}

static const struct file_operations copy_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = copy_read,
	.write = copy_write,
};

static void result_print(struct seq_file *m)
{
	seq_printf(m, "%ld\n", result);
}

static void test_drop_all(void)
{
	struct test_pool *tp, *next;

	list_for_each_entry_safe(tp, next, &pools, node)
		test_drop(tp, false);
}

FA_TEST_MODULE(test_pool, "fastalloc selftest: pools driven from a script",
	       NULL, test_drop_all, FA_TEST_COMMAND(ctl), FA_TEST_REPORT(result),
	       { .name = "copy", .fops = &copy_fops });
