// SPDX-License-Identifier: GPL-2.0
/*
 * Last users of an object, and reports of faults and leaks. All but the report of leaks
 * work in any context, NMI included.
 */
#define pr_fmt(fmt) "fastalloc: " fmt

#include <linux/align.h>
#include <linux/jiffies.h>
#include <linux/printk.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/stacktrace.h>
#include <linux/xarray.h>

#include "compat.h"
#include "pool.h"
#include "pools.h"
#include "report.h"
#include "sanitize.h"

/* Number of distinct owners, or objects, in a report of leaks. */
#define FA_LEAKS_SHOWN	16U

/* Prints the current stack. */
static __always_inline void fa_stack_dump(void)
{
#ifdef CONFIG_STACKTRACE
	unsigned long entries[FA_TRACK_DEPTH];
	unsigned int nr;

	nr = stack_trace_save(entries, ARRAY_SIZE(entries), 1);
	stack_trace_print(entries, nr, 1);
#else
	dump_stack();
#endif
}

static void fa_stack_print(depot_stack_handle_t stack)
{
#ifdef CONFIG_STACKDEPOT
	stack_depot_print(stack);
#endif
}

/* Reads bytes that KASAN has marked as inaccessible. */
static __no_sanitize_address void fa_peek_bytes(u8 *to, const u8 *from, size_t nr)
{
	while (nr--)
		to[nr] = READ_ONCE(from[nr]);
}

void fa_track_save(struct fa_chunk *chunk, unsigned int i, int which, unsigned long ip,
		   depot_stack_handle_t stack)
{
	struct fa_track *t = fa_track(chunk, i, which);

	WRITE_ONCE(t->valid, false);
	WRITE_ONCE(t->stack, stack);
	t->pid = current->pid;
	t->cpu = raw_smp_processor_id();
	WRITE_ONCE(t->ip, ip);
	WRITE_ONCE(t->when, jiffies);
	/*
	 * Orders the stores to the other members before that to ->valid. Pairs with the
	 * smp_load_acquire() in fa_live_count(). The next user of the slot may overwrite them
	 * at any time: a reader can get members of both.
	 */
	smp_store_release(&t->valid, true);
}

static void fa_track_print(const char *did, const struct fa_track *t)
{
	if (!t->valid)
		return;
	pr_err("  %s in %pS by pid %d on CPU %u, %u ms ago\n", did, (void *)t->ip,
	       t->pid, t->cpu, jiffies_to_msecs(jiffies - t->when));
	if (t->stack)
		fa_stack_print(t->stack);
}

/* Prints which other pool @obj belongs to, if any. */
static void fa_fault_other_pool(const struct fastalloc_pool *mine, const void *obj)
{
	struct fastalloc_pool *pool;

	list_for_each_entry_rcu(pool, &fa_pools, node) {
		/* Pairs with the smp_store_release() in fa_pools_publish(). */
		if (pool == mine || !smp_load_acquire(&pool->live) || !pool->rcu ||
		    !fa_chunk_find(&pool->chunks, obj))
			continue;
		pr_err("  it is an object of pool %s\n", pool->name);
		return;
	}
}

/*
 * Reports a fault: what, where, last users, and the current stack. @spoilt: the first
 * invalid byte, or NULL.
 */
noinline __cold void fa_fault(struct fastalloc_pool *pool, const char *what,
			      const void *obj, struct fa_chunk *chunk, const u8 *spoilt)
{
	int index = -1;
	unsigned int i;
	u8 shown[64];

	if (chunk)
		index = fa_chunk_number(chunk, fa_chunk_index(&pool->chunks, chunk, obj));
	fa_violation(pool, what, index);
	if (!__ratelimit(&pool->debug.fault_limit))
		return;

	pr_err("fault in pool %s: %s, object %p\n", pool->name, what, obj);
	if (chunk) {
		i = fa_chunk_index(&pool->chunks, chunk, obj);
		pr_err("  slot %u of %u, chunk at %p, offset %lu in the slot, %zu bytes an object\n",
		       i, chunk->count, chunk->mem,
		       (unsigned long)(obj - fa_chunk_obj(&pool->chunks, chunk, i)),
		       pool->cfg.obj_size);
		if (spoilt) {
			const u8 *slot = fa_chunk_obj(&pool->chunks, chunk, i);
			size_t at = ALIGN_DOWN(spoilt - slot, 16);
			size_t bytes = min_t(size_t, pool->chunks.stride - at, sizeof(shown));

			pr_err("  first wrong byte at offset %zu\n",
			       (size_t)(spoilt - slot));
			fa_san_look(pool, slot + at, bytes);
			fa_peek_bytes(shown, slot + at, bytes);
			print_hex_dump(KERN_ERR, "fastalloc:   ", DUMP_PREFIX_OFFSET,
				       16, 1, shown, bytes, true);
		}
		if (chunk->track) {
			fa_track_print("allocated", fa_track(chunk, i, FA_TRACK_ALLOC));
			fa_track_print("freed", fa_track(chunk, i, FA_TRACK_FREE));
		}
	} else if (obj) {
		rcu_read_lock();
		fa_fault_other_pool(pool, obj);
		rcu_read_unlock();
	}
	pr_err("  found by pid %d on CPU %u in\n", current->pid,
	       raw_smp_processor_id());
	fa_stack_dump();
}

/* The key is a handle of the stack depot. */
#define FA_LEAK_STACK	XA_MARK_0

/* Counts allocated objects by owner: the key is a stack or a caller. */
static void fa_leak_count(struct xarray *owners, const struct fa_track *t)
{
	unsigned long key = t->stack ?: t->ip;
	void *old = xa_load(owners, key);
	unsigned long nr = old ? xa_to_value(old) : 0;

	/* If this fails, the report is shorter. */
	xa_store(owners, key, xa_mk_value(nr + 1), fa_gfp(GFP_KERNEL));
	if (t->stack)
		xa_set_mark(owners, key, FA_LEAK_STACK);
}

static void fa_leak_print(struct fastalloc_pool *pool, struct xarray *owners)
{
	unsigned long key, most_key, most, shown;
	void *entry;
	bool stack;

	for (shown = 0; shown < FA_LEAKS_SHOWN; shown++) {
		most = 0;
		xa_for_each(owners, key, entry) {
			cond_resched();
			if (xa_to_value(entry) <= most)
				continue;
			most = xa_to_value(entry);
			most_key = key;
		}
		if (!most)
			return;
		stack = xa_get_mark(owners, most_key, FA_LEAK_STACK);
		xa_erase(owners, most_key);
		if (stack) {
			pr_err("pool %s: %lu objects out, allocated by\n", pool->name,
			       most);
			fa_stack_print(most_key);
		} else {
			pr_err("pool %s: %lu objects out, allocated by %pS\n",
			       pool->name, most, (void *)most_key);
		}
	}
	if (!xa_empty(owners))
		pr_err("pool %s: and more owners\n", pool->name);
}

/* On destroy: reports allocated objects, by owner if known, else by slot. */
void fa_report_leaks(struct fastalloc_pool *pool)
{
	unsigned int shown = 0, nr = 0, i;
	struct fa_chunk *chunk;
	struct xarray owners;

	xa_init(&owners);
	for (chunk = fa_chunk_first(&pool->chunks); chunk; chunk = fa_chunk_next(chunk)) {
		for_each_set_bit(i, chunk->out, chunk->count) {
			fa_resched(nr++, GFP_KERNEL);
			if (chunk->track)
				fa_leak_count(&owners, fa_track(chunk, i, FA_TRACK_ALLOC));
			else if (shown++ < FA_LEAKS_SHOWN)
				pr_err("pool %s: object %p is out, slot %u of the chunk at %p\n",
				       pool->name, fa_chunk_obj(&pool->chunks, chunk, i), i,
				       chunk->mem);
		}
		cond_resched();
	}
	fa_leak_print(pool, &owners);
	xa_destroy(&owners);
}
