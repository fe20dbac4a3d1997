// SPDX-License-Identifier: GPL-2.0
/*
 * Checks of the use of objects: allocated or free (F), red zones (Z), poison (P), owners
 * (U), with the letters and the patterns of SLUB (mm/slub.c). The state is stored beside
 * the chunk, except for red zones and poison.
 *
 * A pool with checks shows a bypass cache, so all its operations come through here, or, with F
 * alone, through safe.c, which does the same in short. A pool without checks has no overhead.
 * A bit for each slot says whether it is allocated. One atomic operation on it decides which
 * of two concurrent frees of the same object is wrong. All checks work in any context, NMI
 * included: the chunk of a pointer is found without a lock.
 */
#define pr_fmt(fmt) "fastalloc: " fmt

#include <linux/bitmap.h>
#include <linux/ctype.h>
#include <linux/debugfs.h>
#include <linux/fault-inject.h>
#include <linux/glob.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/overflow.h>
#include <linux/poison.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "pool.h"
#include "report.h"
#include "sanitize.h"

/*
 * There is no way to ask whether kmemleak is on. If it is built in but off by default, the
 * command line with kmemleak=on needs this parameter, too.
 */
static bool fa_sanitize = IS_ENABLED(CONFIG_KASAN_GENERIC) || IS_ENABLED(CONFIG_KMSAN) ||
			  (IS_ENABLED(CONFIG_DEBUG_KMEMLEAK) &&
			   !IS_ENABLED(CONFIG_DEBUG_KMEMLEAK_DEFAULT_OFF));
module_param_named(sanitize, fa_sanitize, bool, 0644);
MODULE_PARM_DESC(sanitize, "for pools created from now on: tell KASAN, kmemleak and KMSAN of objects and let faults be injected, where the kernel has them; that needs the out-of-line path (default: Y if KASAN, KMSAN or kmemleak is on)");

static DEFINE_MUTEX(fa_debug_lock);
static char fa_debug_text[256];

/*
 * The meaning of @c in debug=, as in slub_debug=: upper or lower case; '-' for no checks,
 * also before it. False if it is unknown.
 */
static bool fa_debug_letter(char c, unsigned int *flags)
{
	switch (tolower(c)) {
	case '-':
		*flags = 0;
		return true;
	case 'f':
		*flags |= FASTALLOC_F_CHECK;
		return true;
	case 'z':
		*flags |= FASTALLOC_F_REDZONE;
		return true;
	case 'p':
		*flags |= FASTALLOC_F_POISON;
		return true;
	case 'u':
		*flags |= FASTALLOC_F_OWNER;
		return true;
	case 't':
		*flags |= FASTALLOC_F_TRACE;
		return true;
	default:
		return false;
	}
}

/*
 * Matches a name against a pattern. Without CONFIG_GLOB, a pattern is a name, or a prefix
 * and "*".
 */
static bool fa_glob_match(const char *glob, const char *name)
{
#ifdef CONFIG_GLOB
	return glob_match(glob, name);
#else
	size_t len = strcspn(glob, "*");

	return !strncmp(glob, name, len) &&
	       (glob[len] ? !strcmp(glob + len, "*") : !name[len]);
#endif
}

static bool fa_debug_fits(char *globs, const char *name)
{
	char *glob;

	while ((glob = strsep(&globs, ",")))
		if (fa_glob_match(glob, name))
			return true;
	return false;
}

/*
 * The flags in @text for a pool named @name, as mm/slub.c reads slub_debug=: blocks
 * "letters[,glob...]" separated by ';'. The first block with a matching glob is used, else
 * the last one without globs. A block without letters stands for all checks. Modifies
 * @text. @name NULL: parses all blocks. @unknown, unless NULL, gets the skipped letters,
 * each once.
 */
static unsigned int fa_debug_parse(char *text, const char *name, char *unknown)
{
	unsigned int flags = 0, f;
	char *block, *letters;

	while ((block = strsep(&text, ";"))) {
		if (!*block)
			continue;
		letters = strsep(&block, ",");
		f = *letters ? 0 : FASTALLOC_F_DEBUG;
		for (; *letters; letters++) {
			if (fa_debug_letter(*letters, &f) || !unknown || strchr(unknown, *letters))
				continue;
			unknown[strlen(unknown) + 1] = '\0';
			unknown[strlen(unknown)] = *letters;
		}
		if (!block)
			flags = f;
		else if (name && fa_debug_fits(block, name))
			return f;
	}
	return flags;
}

/* A wrong parameter must not fail the load of this module, and of all that depend on it. */
static bool fa_debug_loading(void)
{
#ifdef MODULE
	return THIS_MODULE->state != MODULE_STATE_LIVE;
#else
	return system_state < SYSTEM_RUNNING;
#endif
}

static int fa_debug_set(const char *val, const struct kernel_param *kp)
{
	char copy[sizeof(fa_debug_text)], text[sizeof(fa_debug_text)];
	char unknown[sizeof(fa_debug_text)] = "";

	/* "debug" alone, as "slub_debug" alone: all checks. */
	if (strscpy(copy, val ?: "FZPU", sizeof(copy)) < 0) {
		pr_warn_ratelimited("debug=%.32s...: longer than %zu characters, ignored\n", val,
				    sizeof(copy) - 1);
		return fa_debug_loading() ? 0 : -E2BIG;
	}
	strim(copy);
	strscpy(text, copy, sizeof(text));
	fa_debug_parse(text, NULL, unknown);
	if (*unknown)
		pr_warn_ratelimited("debug=%*pE: unknown letters skipped: %*pE\n",
				    (int)strlen(copy), copy, (int)strlen(unknown), unknown);
	mutex_lock(&fa_debug_lock);
	strscpy(fa_debug_text, copy, sizeof(fa_debug_text));
	mutex_unlock(&fa_debug_lock);
	return 0;
}

static int fa_debug_get(char *buf, const struct kernel_param *kp)
{
	int len;

	mutex_lock(&fa_debug_lock);
	len = sysfs_emit(buf, "%s\n", fa_debug_text);
	mutex_unlock(&fa_debug_lock);
	return len;
}

static const struct kernel_param_ops fa_debug_ops = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG,
	.set = fa_debug_set,
	.get = fa_debug_get,
};
module_param_cb(debug, &fa_debug_ops, NULL, 0644);
MODULE_PARM_DESC(debug, "checks for pools created from now on, as slub_debug: letters of FZPU, or none of them for all; T to trace allocations and frees; [,pool-glob...][;...]");

#ifdef CONFIG_FAULT_INJECTION
static DECLARE_FAULT_ATTR(fa_fail_attr);

/* Whether to fail an allocation of @bytes, for a test. */
bool fa_fail(size_t bytes)
{
	return !in_nmi() && should_fail(&fa_fail_attr, bytes);
}

static bool fa_fail_wanted(void)
{
	return READ_ONCE(fa_fail_attr.probability);
}

static struct dentry *fa_fail_dir;

/* In the debugfs directory of failslab and others. */
void fa_debug_init(void)
{
	fa_fail_dir = fault_create_debugfs_attr("fail_fastalloc", NULL, &fa_fail_attr);
}

void fa_debug_exit(void)
{
	debugfs_remove(fa_fail_dir);
}
#else
static bool fa_fail_wanted(void)
{
	return false;
}

void fa_debug_init(void)
{
}

void fa_debug_exit(void)
{
}
#endif

/*
 * Whether the calls of a new pool tell the sanitizers of objects and can be failed by fault
 * injection, for which they must not be inline. It is not enough that the kernel has these
 * built in: they must be in use.
 */
bool fa_debug_sanitize(void)
{
	if (!FA_SANITIZERS && !IS_ENABLED(CONFIG_FAULT_INJECTION))
		return false;
	return fa_sanitize || fa_fail_wanted();
}

/*
 * The checks that the config and the module parameter ask for, and FASTALLOC_F_TRACE if the
 * parameter does. ->sanitize is set already.
 */
unsigned int fa_debug_flags(const struct fastalloc_pool *pool)
{
	const struct fastalloc_config *cfg = &pool->cfg;
	char text[sizeof(fa_debug_text)];
	unsigned int flags;

	mutex_lock(&fa_debug_lock);
	strscpy(text, fa_debug_text, sizeof(text));
	mutex_unlock(&fa_debug_lock);

	flags = fa_debug_parse(text, cfg->name, NULL);
	flags |= cfg->flags & FASTALLOC_F_DEBUG;
	/*
	 * All checks need to know what is an object and what is allocated. The sanitizers
	 * must not be told of an invalid free.
	 */
	if ((flags & FASTALLOC_F_DEBUG) || pool->sanitize)
		flags |= FASTALLOC_F_CHECK;
	/* The caller expects no gaps. */
	if (cfg->flags & FASTALLOC_F_CONTIG)
		flags &= ~FASTALLOC_F_REDZONE;
	if (fa_content_stays(pool))
		flags &= ~FASTALLOC_F_POISON;
	return flags;
}

/* Size of the red zone behind an object. */
size_t fa_debug_zone(const struct fastalloc_pool *pool)
{
	size_t zone = pool->checks & FASTALLOC_F_REDZONE ? sizeof(long) : 0;

	return max(zone, fa_kasan_gap(pool));
}

/* Alignment of slots. */
size_t fa_debug_align(const struct fastalloc_pool *pool)
{
	return max(pool->cfg.align, fa_kasan_gap(pool));
}

static bool fa_checks(const struct fastalloc_pool *pool, unsigned int flag)
{
	return pool->checks & flag;
}

static size_t fa_zone_bytes(const struct fastalloc_pool *pool)
{
	return pool->chunks.stride - pool->cfg.obj_size;
}

static void fa_zone_fill(const struct fastalloc_pool *pool, void *obj, u8 with)
{
	memset(obj + pool->cfg.obj_size, with, fa_zone_bytes(pool));
}

static void fa_poison_fill(const struct fastalloc_pool *pool, u8 *obj)
{
	memset(obj, POISON_FREE, pool->cfg.obj_size - 1);
	obj[pool->cfg.obj_size - 1] = POISON_END;
}

/* The first byte of a free object that is not poison, or NULL. */
static u8 *fa_poison_spoilt(const struct fastalloc_pool *pool, u8 *obj)
{
	u8 *bad = memchr_inv(obj, POISON_FREE, pool->cfg.obj_size - 1);
	u8 *last = obj + pool->cfg.obj_size - 1;

	return bad || *last == POISON_END ? bad : last;
}

/* As memchr_inv(), not checked by KASAN. */
static __no_sanitize_address const u8 *fa_peek_other(const u8 *p, u8 c, size_t nr)
{
	for (; nr; p++, nr--)
		if (READ_ONCE(*p) != c)
			return p;
	return NULL;
}

int fa_debug_chunk_init(struct fastalloc_pool *pool, struct fa_chunk *chunk,
			gfp_t gfp)
{
	unsigned int i;

	if (!pool->checks)
		return 0;
	chunk->out = fa_kvmalloc(BITS_TO_LONGS(chunk->count), sizeof(long),
				 gfp | __GFP_ZERO, fa_node(pool));
	if (!chunk->out)
		return -ENOMEM;
	if (fa_checks(pool, FASTALLOC_F_OWNER)) {
		chunk->track = fa_kvmalloc(chunk->count, FA_TRACKS * sizeof(*chunk->track),
					   gfp | __GFP_ZERO, fa_node(pool));
		if (!chunk->track) {
			kvfree(chunk->out);
			return -ENOMEM;
		}
	}
	for (i = 0; i < chunk->count; i++) {
		void *obj = fa_chunk_obj(&pool->chunks, chunk, i);

		if (fa_checks(pool, FASTALLOC_F_POISON))
			fa_poison_fill(pool, obj);
		if (fa_checks(pool, FASTALLOC_F_REDZONE))
			fa_zone_fill(pool, obj, SLUB_RED_INACTIVE);
		fa_resched(i, gfp);
	}
	return 0;
}

size_t fa_debug_overhead(const struct fa_chunk *chunk)
{
	size_t bytes = 0;

	if (chunk->out)
		bytes += fa_kvsize(BITS_TO_LONGS(chunk->count) * sizeof(long));
	if (chunk->track)
		bytes += fa_kvsize(chunk->count * FA_TRACKS * sizeof(*chunk->track));
	if (chunk->leak)
		bytes += fa_kvsize(BITS_TO_LONGS(chunk->count) * sizeof(long));
	return bytes;
}

/* Checks whether a free slot was written to. Does not repair it. */
static void fa_debug_rest(struct fastalloc_pool *pool, struct fa_chunk *chunk, void *obj)
{
	u8 *bad;

	if (fa_checks(pool, FASTALLOC_F_POISON)) {
		fa_san_look(pool, obj, pool->cfg.obj_size);
		bad = fa_poison_spoilt(pool, obj);
		if (bad)
			fa_fault(pool, "written after free", obj, chunk, bad);
	}
	if (fa_checks(pool, FASTALLOC_F_REDZONE)) {
		bad = memchr_inv(obj + pool->cfg.obj_size, SLUB_RED_INACTIVE,
				 fa_zone_bytes(pool));
		if (bad)
			fa_fault(pool, "written past its end after free", obj,
				 chunk, bad);
	}
}

/* The first invalid byte of an object, which is allocated if @out, or NULL. */
static const u8 *fa_debug_spoilt(struct fastalloc_pool *pool, const u8 *obj, bool out)
{
	size_t size = pool->cfg.obj_size;
	const u8 *bad = NULL;

	fa_san_look(pool, obj + (out ? size : 0), pool->chunks.stride - (out ? size : 0));
	if (!out && fa_checks(pool, FASTALLOC_F_POISON)) {
		bad = fa_peek_other(obj, POISON_FREE, size - 1);
		bad = bad ?: fa_peek_other(obj + size - 1, POISON_END, 1);
	}
	if (!bad && fa_checks(pool, FASTALLOC_F_REDZONE))
		bad = fa_peek_other(obj + size, out ? SLUB_RED_ACTIVE : SLUB_RED_INACTIVE,
				    fa_zone_bytes(pool));
	return bad;
}

/*
 * Checks a chunk on demand. Reports invalid objects and returns their number. Adds the
 * number of allocated objects to @out. Concurrent frees and allocations may look invalid.
 */
long fa_debug_check_chunk(struct fastalloc_pool *pool, struct fa_chunk *chunk,
			  unsigned long *out)
{
	unsigned int i;
	long found = 0;
	const u8 *bad;
	void *obj;
	bool is;

	for (i = 0; i < chunk->count; i++) {
		cond_resched();
		obj = fa_chunk_obj(&pool->chunks, chunk, i);
		is = test_bit(i, chunk->out);
		*out += is;
		bad = fa_debug_spoilt(pool, obj, is);
		/* An allocation changes the bit before the content. */
		if (!bad || test_bit(i, chunk->out) != is)
			continue;
		fa_fault(pool, is ? "written past its end" : "written after free", obj, chunk,
			 bad);
		found++;
	}
	return found;
}

/* Checks an object that is being allocated. */
void fa_debug_alloc(struct fastalloc_pool *pool, void *obj, unsigned long ip)
{
	struct fa_chunk *chunk;
	unsigned int i;

	rcu_read_lock();
	chunk = fa_chunk_find(&pool->chunks, obj);
	rcu_read_unlock();
	/* The object is allocated, so its chunk stays. */
	if (WARN_ON_ONCE(!chunk))
		return;
	i = fa_chunk_index(&pool->chunks, chunk, obj);
	if (test_and_set_bit(i, chunk->out))
		fa_fault(pool, "handed out although it is out", obj, chunk, NULL);
	fa_debug_rest(pool, chunk, obj);
	if (fa_checks(pool, FASTALLOC_F_REDZONE))
		fa_zone_fill(pool, obj, SLUB_RED_ACTIVE);
	if (chunk->track)
		fa_track_save(chunk, i, FA_TRACK_ALLOC, ip,
			      fa_stack_save());
}

/* Checks a free. Returns whether @obj is an allocated object; then it belongs to the caller. */
bool fa_debug_may_free(struct fastalloc_pool *pool, void *obj, unsigned long ip)
{
	depot_stack_handle_t stack = 0;
	const char *why = NULL;
	struct fa_chunk *chunk;
	unsigned int i = 0;
	bool ok = false;
	u8 *bad;

	/* Not below, as it may allocate memory if preemption is on. */
	if (fa_checks(pool, FASTALLOC_F_OWNER))
		stack = fa_stack_save();
	rcu_read_lock();
	/* If destroy overtook the last put, leave the object. */
	if (fa_is_dead(pool))
		goto out;
	chunk = fa_chunk_find(&pool->chunks, obj);
	if (!chunk) {
		why = "free of a foreign pointer";
	} else {
		i = fa_chunk_index(&pool->chunks, chunk, obj);
		if (fa_chunk_obj(&pool->chunks, chunk, i) != obj)
			why = "free of a pointer into an object";
		else if (!test_and_clear_bit(i, chunk->out))
			why = "double free";
	}
	if (why) {
		fa_fault(pool, why, obj, chunk, NULL);
		goto out;
	}

	fa_san_open(pool, obj);
	if (fa_checks(pool, FASTALLOC_F_REDZONE)) {
		bad = memchr_inv(obj + pool->cfg.obj_size, SLUB_RED_ACTIVE,
				 fa_zone_bytes(pool));
		if (bad)
			fa_fault(pool, "written past its end", obj, chunk, bad);
	}
	if (chunk->track)
		fa_track_save(chunk, i, FA_TRACK_FREE, ip, stack);
	ok = true;
out:
	rcu_read_unlock();
	return ok;
}

/* The content of the object is no longer needed. */
void fa_debug_freed(struct fastalloc_pool *pool, void *obj)
{
	if (fa_checks(pool, FASTALLOC_F_POISON))
		fa_poison_fill(pool, obj);
	if (fa_checks(pool, FASTALLOC_F_REDZONE))
		fa_zone_fill(pool, obj, SLUB_RED_INACTIVE);
}

/* The object could not be freed after all: it stays allocated, whatever it now holds. */
void fa_debug_not_freed(struct fastalloc_pool *pool, void *obj)
{
	struct fa_chunk *chunk = fa_chunk_find(&pool->chunks, obj);

	fa_san_open(pool, obj);
	set_bit(fa_chunk_index(&pool->chunks, chunk, obj), chunk->out);
	if (fa_checks(pool, FASTALLOC_F_REDZONE))
		fa_zone_fill(pool, obj, SLUB_RED_ACTIVE);
}

/* Checks the free objects for the last time, before the chunk is destroyed. */
void fa_debug_chunk_exit(struct fastalloc_pool *pool, struct fa_chunk *chunk, gfp_t gfp)
{
	unsigned int i;

	if (!chunk->out)
		return;
	for (i = 0; i < chunk->count; i++) {
		fa_resched(i, gfp);
		if (!test_bit(i, chunk->out))
			fa_debug_rest(pool, chunk, fa_chunk_obj(&pool->chunks, chunk, i));
	}
	kvfree(chunk->track);
	kvfree(chunk->out);
}

/*
 * The owner of a NONE pool must serialize its calls. Returns whether this call does not
 * overlap another; then fa_debug_leave() ends it.
 */
bool fa_debug_enter(struct fastalloc_pool *pool)
{
	long user = atomic_long_cmpxchg(&pool->debug.user, 0, (long)current);

	if (likely(!user))
		return true;
	fa_fault(pool, user == (long)current ? "a call inside another" :
					       "used from two threads at once",
		 NULL, NULL, NULL);
	return false;
}

void fa_debug_leave(struct fastalloc_pool *pool)
{
	atomic_long_set_release(&pool->debug.user, 0);
}

/* U stores stacks in the stack depot, which must be initialized first. */
int fa_debug_pool_init(struct fastalloc_pool *pool)
{
	ratelimit_state_init(&pool->debug.fault_limit, DEFAULT_RATELIMIT_INTERVAL,
			     DEFAULT_RATELIMIT_BURST);
	return pool->checks & FASTALLOC_F_OWNER ? fa_stack_init() : 0;
}
