// SPDX-License-Identifier: GPL-2.0
/*
 * Queries on a pool and its objects, except counters: properties, ownership, indices, and
 * allocated objects; and copies to and from user space that stay within an object.
 */
#define pr_fmt(fmt) "fastalloc: " fmt

#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "lock.h"
#include "look.h"
#include "query.h"
#include "report.h"

const char *fastalloc_pool_name(const struct fastalloc_pool *pool)
{
	return pool->name;
}
FASTALLOC_EXPORT(fastalloc_pool_name);

size_t fastalloc_pool_obj_size(const struct fastalloc_pool *pool)
{
	return pool->cfg.obj_size;
}
FASTALLOC_EXPORT(fastalloc_pool_obj_size);

size_t fastalloc_pool_stride(const struct fastalloc_pool *pool)
{
	return pool->chunks.stride;
}
FASTALLOC_EXPORT(fastalloc_pool_stride);

unsigned long fastalloc_pool_total(const struct fastalloc_pool *pool)
{
	return READ_ONCE(pool->total);
}
FASTALLOC_EXPORT(fastalloc_pool_total);

unsigned int fastalloc_pool_backing(struct fastalloc_pool *pool)
{
	unsigned int got = 0;
	unsigned long flags;

	flags = fa_lock_quiet(pool);
	if (pool->chunks.nr_from[FA_ORIGIN_PAGES])
		got |= BIT(FASTALLOC_BACKING_PAGES);
	if (pool->chunks.nr_from[FA_ORIGIN_VMALLOC])
		got |= BIT(FASTALLOC_BACKING_VMALLOC);
	fa_unlock_quiet(pool, flags);
	return got;
}
FASTALLOC_EXPORT(fastalloc_pool_backing);

bool fastalloc_pool_owns(struct fastalloc_pool *pool, const void *obj)
{
	struct fa_chunk *chunk;
	unsigned long flags;
	bool owns;

	/* The lock keeps the chunks that the search visits. */
	flags = fa_lock_quiet(pool);
	chunk = fa_chunk_find(&pool->chunks, obj);
	owns = chunk && fa_chunk_begins(&pool->chunks, chunk, obj);
	fa_unlock_quiet(pool, flags);
	return owns;
}
FASTALLOC_EXPORT(fastalloc_pool_owns);

static bool fa_may_index(const struct fastalloc_pool *pool)
{
	if (likely(pool->handles.indexed))
		return true;
	pr_err_ratelimited("pool %s: flags=%#x: not made for indices\n", pool->name,
			   pool->cfg.flags);
	return false;
}

long fastalloc_obj_index(struct fastalloc_pool *pool, const void *obj)
{
	struct fa_chunk *chunk;
	long index = -ENOENT;
	unsigned long i;

	if (!fa_may_index(pool))
		return -EOPNOTSUPP;
	fa_chunk_read_lock();
	chunk = fa_chunk_find(&pool->chunks, obj);
	if (likely(chunk)) {
		i = fa_chunk_slot(&pool->chunks, chunk, obj);
		if (likely(i < chunk->count))
			index = (long)chunk->base + i;
	}
	fa_chunk_read_unlock();
	return index;
}
FASTALLOC_EXPORT(fastalloc_obj_index);

void *fastalloc_obj_at(struct fastalloc_pool *pool, unsigned long index)
{
	struct fa_chunk *chunk;
	void *obj = NULL;

	if (!fa_may_index(pool) || index > FA_REFS_MAX)
		return NULL;
	fa_chunk_read_lock();
	chunk = fa_chunk_with_index(pool, index);
	if (likely(chunk))
		obj = fa_chunk_obj(&pool->chunks, chunk, index - chunk->base);
	fa_chunk_read_unlock();
	return obj;
}
FASTALLOC_EXPORT(fastalloc_obj_at);

unsigned long fastalloc_pool_index_end(struct fastalloc_pool *pool)
{
	return fa_may_index(pool) ? READ_ONCE(pool->handles.index_end) : 0;
}
FASTALLOC_EXPORT(fastalloc_pool_index_end);

/*
 * A bitmap word of the allocated objects from @from on. With handles, an object counts once
 * its allocation is complete.
 */
unsigned long fa_live_word(struct fastalloc_pool *pool, struct fa_chunk *chunk,
			   unsigned int from)
{
	unsigned int i, nr = min(chunk->count - from, (unsigned int)BITS_PER_LONG);
	unsigned long flags, word = 0;

	if (chunk->word) {
		for (i = 0; i < nr; i++)
			if (atomic64_read(&chunk->word[from + i]) & FA_REFS_MAX)
				word |= BIT(i);
		return word;
	}
	if (chunk->out) {
		word = READ_ONCE(chunk->out[BIT_WORD(from)]);
	} else {
		flags = fa_lock_quiet(pool);
		word = chunk->map.level[0][BIT_WORD(from)];
		fa_unlock_quiet(pool, flags);
	}
	return word & BITMAP_LAST_WORD_MASK(nr);
}

/* Whether the pool knows which of its objects are allocated. */
bool fa_live_known(const struct fastalloc_pool *pool)
{
	return pool->handles.on || pool->checks || pool->order == FASTALLOC_ORDER_LOWEST;
}

int fastalloc_pool_walk_live(struct fastalloc_pool *pool, fastalloc_live_t fn, void *arg)
{
	struct fa_look look = { .pool = pool };
	struct fa_chunk *chunk;
	unsigned long word;
	unsigned int from;
	int err = 0;

	might_sleep();
	if (!fa_live_known(pool)) {
		pr_err_ratelimited("pool %s: does not know what is out: wants checks, handles or order lowest\n",
				   pool->name);
		return -EOPNOTSUPP;
	}
	while (!err && (chunk = fa_look_next(&look))) {
		for (from = 0; !err && from < chunk->count; from += BITS_PER_LONG) {
			word = fa_live_word(pool, chunk, from);
			while (!err && word) {
				err = fn(fa_chunk_obj(&pool->chunks, chunk, from + __ffs(word)),
					 arg);
				word &= word - 1;
				/* Without those that it has freed. */
				if (word)
					word &= fa_live_word(pool, chunk, from);
			}
			cond_resched();
		}
	}
	fa_look_end(&look);
	return err;
}
FASTALLOC_EXPORT(fastalloc_pool_walk_live);

long fastalloc_pool_check(struct fastalloc_pool *pool)
{
	struct fa_look look = { .pool = pool };
	unsigned long out = 0, in_use;
	struct fa_chunk *chunk;
	long found = 0;

	might_sleep();
	if (!pool->checks) {
		pr_err_ratelimited("pool %s: has no checks\n", pool->name);
		return -EOPNOTSUPP;
	}
	while ((chunk = fa_look_next(&look)))
		found += fa_debug_check_chunk(pool, chunk, &out);
	in_use = fastalloc_pool_allocated(pool);
	if (out != in_use) {
		fa_fault(pool, "another number of objects marked as out than counted", NULL, NULL,
			 NULL);
		found++;
	}
	return found;
}
FASTALLOC_EXPORT(fastalloc_pool_check);

const char *__fastalloc_name(char *buf, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	/* One more than fits, so that a name that is too long is refused, not truncated. */
	vsnprintf(buf, FASTALLOC_NAME_LEN + 1, fmt, args);
	va_end(args);
	return buf;
}
FASTALLOC_EXPORT(__fastalloc_name);

/* Whether a copy of @n bytes at @offset stays within an object; reports if not. */
static bool fa_may_copy(struct fastalloc_pool *pool, const void *obj, size_t offset,
			unsigned long n)
{
	size_t size = pool->cfg.obj_size;

	if (likely(offset <= size && n <= size - offset))
		return true;
	fa_violation(pool, "copy beyond the object", -1);
	pr_err_ratelimited("pool %s: copy of %lu bytes at offset %zu of object %p, which has %zu\n",
			   pool->name, n, offset, obj, size);
	return false;
}

unsigned long fastalloc_copy_to_user(struct fastalloc_pool *pool, void __user *to,
				     const void *obj, size_t offset, unsigned long n)
{
	return fa_may_copy(pool, obj, offset, n) ? copy_to_user(to, obj + offset, n) : n;
}
FASTALLOC_EXPORT(fastalloc_copy_to_user);

unsigned long fastalloc_copy_from_user(struct fastalloc_pool *pool, void *obj, size_t offset,
				       const void __user *from, unsigned long n)
{
	return fa_may_copy(pool, obj, offset, n) ? copy_from_user(obj + offset, from, n) : n;
}
FASTALLOC_EXPORT(fastalloc_copy_from_user);
