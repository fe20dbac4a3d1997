// SPDX-License-Identifier: GPL-2.0
/*
 * Explores every interleaving of operations on a small pool, using the module's real
 * code. For the options see usage() below. Exit status: 0 no violation; 1 a violation,
 * printed with the shortest trace that leads to it; 2 the search did not finish.
 *
 * Each context (the task level of a CPU, or a level nested in it) is a coroutine. It
 * stops before each access to shared memory, and the search then chooses which context
 * runs next. A state consists of memory and stacks, so going back to a state is a copy.
 * The search is breadth first; states are identified by a 64-bit hash.
 *
 * The hash covers the contents of the depot, the caches and the magazines, and for each
 * context its operation and the values that it has read since the operation began:
 * these determine its position in the code and its local variables. Magazines and
 * objects are numbered in the order in which the hash meets them, since no code
 * compares two of them. Unused slots are cleared, and statistics counters are left out.
 *
 * Of a failed compare-and-exchange only the value that it returned is kept: what was read
 * since the attempt began is discarded. Of a head or a ->stock that was read, its tag
 * is not kept, but whether it has changed since: a tag is never used again (the explorer
 * checks this, except with -x), so what else was read from it is then discarded with the
 * attempt. A context that searches for objects forgets which lists it has found empty
 * before the last one. -x does not rely on these assumptions.
 *
 * With -a, a pop, a push, a claim, and a take in place are one step each. They take
 * effect where the compare-and-exchange succeeds, or where an empty head is read. The
 * cases without -a check that this is equivalent. If operations do not nest, the release
 * of a cache is no separate step, as no other context reads that cache.
 *
 * A growth holds nothing between two pushes: the objects that it has left determine its
 * progress. Likewise for trim, between two turns: what it has taken in each.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "verify.h"

#define CTXS		12
#define STACK_BYTES	8192
#define HIST		400
#define MAX_MAGS	32
#define NOBODY		0xff
#define CACHED		0x80

/* The access that a context is about to make. */
enum pend {
	P_START, P_CLAIM, P_READ, P_WRITE, P_HEAD, P_CMPXCHG, P_LOCK, P_UNLOCK,
	P_IRQ_WORK, P_SLEEP, P_LOOP, P_CALL
};

/* An entry of a context's history: what it has read or done. */
enum seen_kind {
	H_INT, H_HEAD, H_STOCK, H_NEXT, H_POPPED, H_PUSHED, H_MAG, H_OBJ, H_LONG, H_CLAIMED
};

struct hist {
	u8	kind;
	u8	idx;
	u64	v;
};

struct ctx {
	void		*sp;
	struct call	call;
	u8		used;
	u8		done;
	u8		cpu;
	u8		asleep;
	u8		irq_off;
	u8		pend;
	u8		reached;	/* an allocation may fail: too many were out */
	u8		certain;	/* of a bulk allocation: it cannot fail any more */
	u8		out;		/* claimed for a caller; or in the depot without credit */
	u8		claims;		/* claimed, and not yet taken or given back */
	u8		racy;		/* reads what others may own */
	u8		nr_racy;	/* objects that it has read so, */
	u8		racy_obj[4];	/* and which */
	u8		last;		/* object taken last */
	u8		stored;		/* by a growth: objects that are in the depot */
	u8		turn;		/* objects that trim has taken in this turn */
	u8		base;		/* length of the history that is kept, likewise */
	u8		att;		/* length of the history before the current attempt */
	u8		peek;		/* index + 1 there of a look at a magazine */
	u8		had;		/* objects of the cache that it claimed last */
	u8		shut;		/* since it began, the caches are shut for a task; */
	u8		open;		/* or, no task wanted the caches shut */
	u8		nr_empty;	/* lists that it found empty since it claimed, */
	u16		empty;		/* and which */
	int		handed;		/* to this waiter */
	u32		giving;		/* objects, as a bit mask, not stored yet */
	void		*pend_addr;
	int		nh;
	struct hist	h[HIST];
};

enum { O_ABSENT, O_FREE, O_BAG, O_TAKEN, O_GIVING, O_NEW };

/* Of a magazine: never usable (-M); stocked, but not pushed yet. */
#define M_MISSING	1
#define M_LIMBO		2

/* State that is not part of the pool. */
static struct world {
	u8	depth[MAX_CPUS + 1];
	u8	top[MAX_CPUS + 1][5];
	u8	offline[MAX_CPUS];
	u8	claimed[MAX_CPUS];	/* by this context */
	u8	irq_pending;		/* CPU + 1 */
	u8	ipi;			/* likewise */
	u8	ipi_from;		/* context that waits for it */
	u8	grown;			/* growths that have begun */
	u8	budget[NR_OPS];
	u8	ops;			/* alloc and free still to begin, if limited */
	u8	nr_mags;
	u8	obj[MAX_OBJS];
	u8	owner[MAX_MAGS];
	u8	flags[MAX_MAGS];
	void	(*ipi_fn)(void *arg);
	void	*ipi_arg;
} w;

static struct ctx ctx[CTXS];
static char stacks[CTXS][STACK_BYTES] __aligned(4096);
static struct ctx *cur;
static void *main_sp;
static sigjmp_buf wild;

static struct fastalloc_cache caches[MAX_CPUS + 1];
static char mags[MAX_MAGS * 64] __aligned(64);
static size_t mag_bytes;

static unsigned int ncpu = 2;
static struct config cfg = { .magazine = 1, .capacity = 1, .reserve = 4, .shards = 1 };
static const unsigned int levels = LEVELS;
static unsigned int nest = 1, less_reserve, less_mags, nr_objs;
static unsigned int budget[NR_OPS];
static unsigned int max_ops, grow_size, begin_out;
static bool exact, whole, verbose;
static const void *just_read;	/* with -a: what the next exchange does not stop at */
static void *pending_write;
static char bad[200];
int (*cpu_dead)(unsigned int cpu);

static const char * const op_names[NR_OPS] = {
	"", "alloc", "free", "alloc bulk", "free bulk", "flush", "rotate", "cpu dead",
	"alloc timeout", "irq_work", "grow", "cut", "share", "interrupt"
};

#define depot		pool.percpu.depot
#define KINDS		3

enum { STOCKED, EMPTY, SINGLE };

static const char * const stack_names[KINDS] = { "stocked", "empty", "single" };

static unsigned int nr_stacks(void)
{
	return (cfg.shards + 1) * KINDS;
}

static struct fa_stack *stack_of(int i)
{
	struct fa_shard *sh = &depot.shard[i / KINDS];

	return i % KINDS == STOCKED ? &sh->stocked : i % KINDS == EMPTY ? &sh->empty : &sh->single;
}

static int stack_index(const void *addr)
{
	unsigned int i;

	for (i = 0; i < nr_stacks(); i++)
		if (addr == (void *)&stack_of(i)->head)
			return i;
	return -1;
}

static struct fa_mag *mag_at(unsigned int i)
{
	return (struct fa_mag *)(mags + i * mag_bytes);
}

static int mag_index(const void *addr)
{
	const char *p = addr;

	return p >= mags && p < mags + w.nr_mags * mag_bytes ? (p - mags) / (int)mag_bytes : -1;
}

/* The magazine whose ->stock this is, or -1. */
static int stock_index(const void *addr)
{
	int m = mag_index(addr);

	return m >= 0 && addr == (void *)&mag_at(m)->stock ? m : -1;
}

static int obj_index(const void *addr)
{
	const char *p = addr;

	return p >= objects && p < objects + nr_objs ? p - objects : -1;
}

/* The index of a magazine id, as links and heads store it. -1 for 0 (none). */
static int id_index(u32 id)
{
	u32 b;
	int m;

	if (!id--)
		return -1;
	b = id >> FA_MAG_BLOCK_SHIFT;
	m = mag_index(depot.mags.block[b]);
	if (m < 0)
		return -1;
	m += id & FA_MAG_BLOCK_MASK;
	return m < w.nr_mags ? m : -1;
}

/* Likewise of an object, and its link. */
static int number_index(u32 id, u32 **link)
{
	struct fa_link_block *b;
	u32 i;

	if (!id--)
		return -1;
	b = xa_load(&depot.links.blocks, id >> FA_LINK_SHIFT);
	i = id & (FA_LINK_SLOTS - 1);
	if (!b || i >= MAX_OBJS)
		return -1;
	*link = &b->next[i];
	return obj_index(b->mem + i);
}

/* The index of what a head shows. */
static int top_index(int s, u64 head)
{
	u32 *link;

	return s % KINDS == SINGLE ? number_index((u32)head, &link) : id_index((u32)head);
}

static int ctx_index(const struct ctx *c)
{
	return c - ctx;
}

static struct ctx *ctx_of_stack(const void *addr)
{
	size_t off = (const char *)addr - stacks[0];

	return off < sizeof(stacks) ? &ctx[off / STACK_BYTES] : NULL;
}

/* Coroutines */

void ctx_switch(void **save, void *to);
asm(".text\n"
	"ctx_switch:\n"
	"	push %rbp\n	push %rbx\n	push %r12\n	push %r13\n	push %r14\n	push %r15\n"
	"	mov %rsp, (%rdi)\n"
	"	mov %rsi, %rsp\n"
	"	pop %r15\n	pop %r14\n	pop %r13\n	pop %r12\n	pop %rbx\n	pop %rbp\n"
	"	ret\n");

static void leave(void)
{
	ctx_switch(&cur->sp, main_sp);
}

static void ctx_main(void)
{
	op_run(&cur->call);
	cur->done = true;
	leave();
	abort();
}

static void ctx_begin(struct ctx *c)
{
	void **top = (void **)(stacks[ctx_index(c)] + STACK_BYTES);

	*--top = NULL;
	*--top = ctx_main;
	top -= 6;
	memset(top, 0, 6 * sizeof(*top));
	c->sp = top;
	c->pend = P_START;
}

static void note(const char *fmt, ...) __printf(1, 2);
static void note(const char *fmt, ...)
{
	va_list ap;

	if (!verbose || !cur)
		return;
	if (cur->cpu == ncpu)
		printf("  worker         ");
	else
		printf("  cpu %d level %d  ", cur->cpu, w.depth[cur->cpu] - 1);
	printf("%-14s ", op_names[cur->call.op]);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

void hook_bad(const char *what)
{
	if (!*bad)
		snprintf(bad, sizeof(bad), "%s", what);
	if (!cur) {
		fprintf(stderr, "explore: %s\n", bad);
		exit(2);
	}
	note("*** %s", bad);
	leave();
}

static void see(enum seen_kind kind, int idx, u64 v)
{
	if (cur->nh == HIST) {
		hook_bad("an operation does not end");
		return;
	}
	cur->h[cur->nh++] = (struct hist){ kind, idx, v };
}

/* The objects */

/*
 * Objects out now. What an operation in progress has claimed to hand it out counts, and
 * what it was given and has not stored yet. What an allocation with a lease pops from
 * its cache counts later, when it returns: until then the lease covers it.
 */
static unsigned int out_now(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < nr_objs; i++)
		n += w.obj[i] == O_BAG || w.obj[i] == O_TAKEN || w.obj[i] == O_GIVING;
	for (i = 0; i < CTXS; i++)
		if (ctx[i].used)
			n += ctx[i].certain ? bulk_nr : ctx[i].out;
	return n;
}

/* -R: as if part of the reserve were included in the promised capacity. */
static unsigned long promised(void)
{
	return pool.capacity + less_reserve;
}

static bool takes(const struct ctx *c)
{
	return c->call.op == OP_ALLOC || c->call.op == OP_WAIT || c->call.op == OP_ALLOC_BULK ||
	       c->call.op == OP_IRQ_WORK;
}

static bool gives(const struct ctx *c)
{
	return c->call.op == OP_FREE || c->call.op == OP_FREE_BULK;
}

static bool has_claimed(const struct ctx *c)
{
	return c->cpu < ncpu && w.claimed[c->cpu] == ctx_index(c);
}

static void settle_write(void)
{
	int i;

	if (!pending_write)
		return;
	i = obj_index(*(void **)pending_write);
	pending_write = NULL;
	if (i < 0 || !(cur->giving & (1U << i))) {
		hook_bad("what is put back is not what was given");
		return;
	}
	cur->giving &= ~(1U << i);
	w.obj[i] = O_FREE;
}

/* @n objects that the context has claimed are taken. */
static void take(unsigned int n)
{
	if (n > cur->claims) {
		hook_bad("more objects are taken than were claimed");
		return;
	}
	cur->claims -= n;
	cur->nr_empty = 0;
	cur->empty = 0;
	if (cur->call.op == OP_ROTATE)
		cur->turn += n;
}

static void took(int o)
{
	see(H_OBJ, 0, (u64)&objects[o]);
	cur->last = o;
}

static void stop(enum pend pend, const void *addr)
{
	just_read = NULL;
	cur->pend = pend;
	cur->pend_addr = (void *)addr;
	leave();
	/* A write may change nothing, so the history tells that it was done. */
	if (pend == P_WRITE || pend == P_LOCK || pend == P_UNLOCK)
		see(H_INT, 1, 0);
}

/* Hooks of plain accesses, called by the compiler */

static bool holder(int m)
{
	int owner = w.owner[m];

	if (owner == NOBODY || !(owner & CACHED))
		return owner == ctx_index(cur);
	owner &= ~CACHED;
	return w.claimed[owner] == ctx_index(cur) ||
	       (cur->call.op == OP_DEAD && cur->call.arg == owner);
}

static void watch_mag(int m, char *addr, bool write)
{
	size_t off = addr - (char *)mag_at(m);

	if (cur->racy && !write && off >= sizeof(struct fa_mag)) {
		if (exact)
			stop(P_READ, addr);
		if (cur->nr_racy < ARRAY_SIZE(cur->racy_obj))
			cur->racy_obj[cur->nr_racy++] = obj_index(*(void **)addr);
		if (exact)
			see(H_OBJ, 0, (u64)*(void **)addr);
		return;
	}
	if (!holder(m)) {
		hook_bad("a magazine is accessed by one who does not hold it");
		return;
	}
	if (off == offsetof(struct fa_mag, n)) {
		if (!write)
			see(H_INT, 0, *(u32 *)addr);
	} else if (off >= sizeof(struct fa_mag)) {
		if (off >= sizeof(struct fa_mag) + cfg.magazine * sizeof(void *)) {
			hook_bad("there is no such slot");
		} else if (write && gives(cur)) {
			note("puts an object");
			if (cur->shut)
				hook_bad("an object goes to a cache although a task waits");
			pending_write = addr;
		} else if (!write) {
			see(H_OBJ, 0, (u64)*(void **)addr);
			cur->last = obj_index(*(void **)addr);
		}
	}
}

static void watch(void *addr, size_t size, bool write)
{
	size_t off;
	int m;

	if (!cur)
		return;
	settle_write();
	if ((uintptr_t)addr < 4096) {
		hook_bad("there is no magazine (NULL is accessed)");
		return;
	}
	m = mag_index(addr);
	if (m >= 0) {
		watch_mag(m, addr, write);
		return;
	}
	off = (char *)addr - (char *)caches;
	if (off >= sizeof(caches))
		return;
	m = off / sizeof(*caches);
	off %= sizeof(*caches);
	switch (off) {
	case offsetof(struct fastalloc_cache, slot):
	case offsetof(struct fastalloc_cache, loaded):
	case offsetof(struct fastalloc_cache, spare):
		if (w.claimed[m] != ctx_index(cur) && cur->call.op != OP_DEAD)
			hook_bad("a cache is accessed without a claim");
		else if (!write)
			see(H_MAG, 0, *(u64 *)addr);
		break;
	case offsetof(struct fastalloc_cache, cap):
		if (budget[OP_WAIT])
			stop(P_READ, addr);
		see(H_INT, 0, *(u32 *)addr);
		break;
	case offsetof(struct fastalloc_cache, n):
	case offsetof(struct fastalloc_cache, size):
		if (!write)
			see(H_INT, 0, *(u32 *)addr);
		break;
	case offsetof(struct fastalloc_cache, misses):
		if (!write)
			see(H_INT, 0, *(u16 *)addr);
		break;
	case offsetof(struct fastalloc_cache, seen):
		if (!write)
			see(H_INT, 0, *(u64 *)addr);
		break;
	default:
		/* Counters, and the shard, which is constant. */
		break;
	}
}

#define WATCH(name, size, write) \
	void name(void *addr) { watch(addr, size, write); }

WATCH(__tsan_read1, 1, false)
WATCH(__tsan_read2, 2, false)
WATCH(__tsan_read4, 4, false)
WATCH(__tsan_read8, 8, false)
WATCH(__tsan_read16, 16, false)
WATCH(__tsan_write1, 1, true)
WATCH(__tsan_write2, 2, true)
WATCH(__tsan_write4, 4, true)
WATCH(__tsan_write8, 8, true)
WATCH(__tsan_write16, 16, true)
WATCH(__tsan_unaligned_read2, 2, false)
WATCH(__tsan_unaligned_read4, 4, false)
WATCH(__tsan_unaligned_read8, 8, false)
WATCH(__tsan_unaligned_read16, 16, false)
WATCH(__tsan_unaligned_write2, 2, true)
WATCH(__tsan_unaligned_write4, 4, true)
WATCH(__tsan_unaligned_write8, 8, true)
WATCH(__tsan_unaligned_write16, 16, true)

/* Accesses to structures, on the stack and during setup. */
void __tsan_read_range(void *addr, size_t size)
{
	watch(addr, size, false);
}

void __tsan_write_range(void *addr, size_t size)
{
	watch(addr, size, true);
}

void __tsan_init(void)
{
}

/* Hooks of the other accesses, called from kernel.h */

static u64 load(const void *addr, size_t size)
{
	u64 v = 0;

	memcpy(&v, addr, size);
	return v;
}

/* The shared cells other than heads, ->stock, and counts of objects. */
static const char *cell_name(const void *addr)
{
	size_t off = (char *)addr - (char *)caches;

	if (off < sizeof(caches)) {
		off %= sizeof(*caches);
		if (off == offsetof(struct fastalloc_cache, cap))
			return budget[OP_WAIT] ? "cap" : NULL;
		if (off == offsetof(struct fastalloc_cache, size))
			return budget[OP_WAIT] || budget[OP_SHARE] ? "size" : NULL;
		/* The other members are counters. */
		return off == offsetof(struct fastalloc_cache, n) ? "n" : NULL;
	}
	if (addr == (void *)&pool.waitq.nr)
		return budget[OP_WAIT] ? "nr_waiters" : NULL;
	if (addr == (void *)&pool.percpu.shut)
		return budget[OP_WAIT] ? "shut" : NULL;
	return NULL;
}

/* A link of a magazine or of an object. */
static bool is_link(const void *addr)
{
	unsigned int i;

	for (i = 0; i <= cfg.pieces; i++) {
		struct fa_link_block *b = pieces[i].chunk.only_link;

		if (addr >= (void *)b->next && addr < (void *)(b->next + MAX_OBJS))
			return true;
	}
	return mag_index(addr) >= 0;
}

/* When the claim ends, the magazines belong to the cache again. */
static void cache_settle(int cpu)
{
	struct fastalloc_cache *c = &caches[cpu];

	if (cpu >= (int)ncpu)
		return;
	if (c->loaded)
		w.owner[mag_index(c->loaded)] = CACHED | cpu;
	if (c->spare)
		w.owner[mag_index(c->spare)] = CACHED | cpu;
}

void hook_racy(bool on)
{
	if (!cur)
		return;
	settle_write();
	cur->racy = on;
	if (on)
		cur->nr_racy = 0;
}

u64 hook_read(const void *addr, size_t size)
{
	size_t off = (char *)addr - (char *)caches;
	const char *cell;
	u64 v;

	if (!cur)
		return load(addr, size);
	settle_write();
	/*
	 * A context whose head is still current finds the same link. A context whose head
	 * has changed discards the link.
	 */
	if (is_link(addr)) {
		if (exact) {
			stop(P_READ, addr);
			see(H_NEXT, 0, load(addr, size));
		}
		return load(addr, size);
	}
	cell = cell_name(addr);
	if (cell)
		stop(P_READ, addr);
	v = load(addr, size);
	if (cell || off < sizeof(caches))
		see(H_INT, 0, v);
	if (cell)
		note("reads %s: %u", cell, (u32)v);
	return v;
}

void hook_write(void *addr, size_t size, u64 val)
{
	const char *cell;
	int m;

	if (cur) {
		settle_write();
		m = mag_index(addr);
		if (m >= 0 && !holder(m)) {
			hook_bad("a link is written by one who does not hold the magazine");
			return;
		}
		cell = cell_name(addr);
		/*
		 * Only a nested operation reads ->n. Changes under the pool's lock take
		 * effect in the step that takes the lock.
		 */
		if (cell && !pool.lock.held && !(*cell == 'n' && !cell[1] && levels == 1)) {
			stop(P_WRITE, addr);
			note("writes %s: %u", cell, (u32)val);
		}
	}
	memcpy(addr, &val, size);
	for (m = 0; addr == (void *)&pool.percpu.shut && m < CTXS; m++)
		ctx[m].open = false;
	if (cur && cur->cpu < ncpu && addr == (void *)&caches[cur->cpu].n && has_claimed(cur)) {
		cache_settle(cur->cpu);
		w.claimed[cur->cpu] = NOBODY;
	}
}

/* Only trim puts something into its shard. */
static bool head_counts(int s)
{
	return cur && s >= 0 && (s / KINDS < (int)cfg.shards || budget[OP_ROTATE]);
}

/* Drops what was read in an attempt that has failed or succeeded. */
static void attempt_over(void)
{
	if (!exact)
		cur->nh = cur->att;
}

static void attempt_begins(void)
{
	cur->att = cur->nh;
}

/* A refill looks at a magazine, claims objects, then tries to pop the magazine. */
static void peek_over(void)
{
	int i = cur->peek - 1;

	if (!exact && cur->peek) {
		memmove(&cur->h[i], &cur->h[i + 2], (cur->nh - i - 2) * sizeof(struct hist));
		cur->nh -= 2;
	}
	cur->peek = 0;
}

static s64 stock_read(const atomic64_t *v, int m)
{
	bool own = holder(m);

	/* A magazine is stocked by one who knows that it is empty. */
	if (own ? !whole && (u32)v->counter : just_read != (void *)stack_of(STOCKED))
		stop(P_HEAD, v);
	see(H_STOCK, m, v->counter);
	if (!own)
		note("reads the stock of magazine %d: %u, tag %u", m, (u32)v->counter,
		     (u32)(v->counter >> 32));
	just_read = whole ? v : NULL;
	return v->counter;
}

/* A context that searches for what it has claimed looks at each list again and again. */
static void found_empty(int s)
{
	unsigned int i, lists = 2 * (cfg.shards + !!budget[OP_ROTATE]);

	cur->empty |= 1U << s;
	if (cur->nr_empty < lists)
		cur->nr_empty++;
	for (i = 0; cur->call.op != OP_ROTATE && cur->nr_empty == lists && i < nr_stacks(); i++)
		if (i % KINDS != EMPTY && head_counts(i) && !(cur->empty & (1U << i)))
			hook_bad("the search for a claimed object misses a list");
}

s64 hook_head_read(const atomic64_t *v)
{
	int s = stack_index(v), m = stock_index(v);

	if (!cur)
		return v->counter;
	settle_write();
	if (m >= 0)
		return stock_read(v, m);
	if (!head_counts(s))
		return v->counter;
	peek_over();
	stop(P_HEAD, v);
	/* A search forgets the empty lists before this one. */
	if (!exact && s % KINDS != EMPTY && cur->nh) {
		const struct hist *h = &cur->h[cur->nh - 1];

		if (h->kind == H_HEAD && !(u32)h->v && h->idx % KINDS != EMPTY)
			cur->nh--;
	}
	if (cur->claims && !(u32)v->counter && s % KINDS != EMPTY)
		found_empty(s);
	attempt_begins();
	see(H_HEAD, s, v->counter);
	note("reads head of %s %d: %d, tag %u", stack_names[s % KINDS], s / KINDS,
	     top_index(s, v->counter), (u32)(v->counter >> 32));
	/* With -a the next access does not stop, whichever it is. */
	just_read = !whole ? NULL : s % KINDS == STOCKED ? (void *)stack_of(STOCKED) : v;
	return v->counter;
}

/* ->stock is set by the one who holds the magazine. Others may still find it. */
void hook_head_set(atomic64_t *v, s64 new)
{
	int m = stock_index(v);

	if (cur && m >= 0) {
		settle_write();
		if (!holder(m)) {
			hook_bad("a magazine is stocked by one who does not hold it");
			return;
		}
		if (cur->nh && cur->h[cur->nh - 1].kind == H_STOCK)
			cur->nh--;
		if (!whole)
			stop(P_WRITE, v);
		note("stocks magazine %d with %u", m, (u32)new);
		if (!exact && (u32)(new >> 32) != (u32)(v->counter >> 32) + 1)
			hook_bad("a tag of a stock does not count on");
		w.flags[m] |= M_LIMBO;
	}
	v->counter = new;
}

static bool stock_cmpxchg(atomic64_t *v, int m, s64 *old, s64 new)
{
	bool own = holder(m);
	unsigned int i, n;

	if (own ? exact : just_read != v)
		stop(P_CMPXCHG, v);
	just_read = NULL;
	if (v->counter != *old) {
		note("finds the stock of magazine %d changed: %u, tag %u", m, (u32)v->counter,
		     (u32)(v->counter >> 32));
		*old = v->counter;
		if (own) {
			see(H_STOCK, m, v->counter);
		} else {
			attempt_over();
			if (exact)
				see(H_STOCK, m, v->counter);
		}
		return false;
	}
	if (own) {
		/* The owner takes what is left. */
		n = (u32)*old;
		note("takes back the stock of magazine %d: %u", m, n);
		if (!exact && cur->h[cur->nh - 1].kind == H_STOCK)
			cur->nh--;
		see(H_INT, 0, n);
	} else {
		n = (u32)*old - (u32)new;
		note("takes %u in place from magazine %d", n, m);
		attempt_over();
		for (i = 0; i < n; i++) {
			int o = obj_index(mag_at(m)->slot[(u32)new + i]);

			if (i >= cur->nr_racy || cur->racy_obj[i] != o) {
				hook_bad("an object that was read is not the one that is taken");
				return false;
			}
			took(o);
		}
	}
	v->counter = new;
	take(n);
	return true;
}

/* A pop of single objects, from @id down to the head @left. */
static void took_singles(u32 id, u32 left)
{
	unsigned int n = 0;
	u32 *link;
	int o;

	while (id != left) {
		o = number_index(id, &link);
		if (o < 0 || n++ > nr_objs) {
			hook_bad("a list of single objects is broken");
			return;
		}
		note("takes object %d", o);
		took(o);
		id = *link;
	}
	take(n);
}

static void pushed_single(u32 id)
{
	u32 *link;
	int o = number_index(id, &link);

	/* Others can take it from here on. But it counts as out until the credit. */
	if (o >= 0 && gives(cur) && cur->giving & (1U << o)) {
		cur->giving &= ~(1U << o);
		w.obj[o] = O_FREE;
		cur->out++;
	}
	cur->stored += cur->call.op == OP_GROW;
}

static bool changes_mag(int s, int m, bool push)
{
	if (m < 0) {
		hook_bad("an id is of no block");
		return false;
	}
	if (push ? w.owner[m] == NOBODY : w.owner[m] != NOBODY) {
		hook_bad("a magazine is in two places");
		return false;
	}
	w.owner[m] = push ? NOBODY : ctx_index(cur);
	if (push && s % KINDS == STOCKED) {
		if (!(w.flags[m] & M_LIMBO))
			hook_bad("a magazine is pushed that is not stocked");
		w.flags[m] &= ~M_LIMBO;
		if (cur->call.op == OP_GROW)
			cur->stored += mag_at(m)->n;
	}
	see(push ? H_PUSHED : H_POPPED, s, m);
	return true;
}

bool hook_head_cmpxchg(atomic64_t *v, s64 *old, s64 new)
{
	int s = stack_index(v), m = stock_index(v), below = -1, top;
	bool push, single = s % KINDS == SINGLE;
	u32 *link = NULL;

	if (cur && m >= 0) {
		settle_write();
		return stock_cmpxchg(v, m, old, new);
	}
	if (!head_counts(s)) {
		v->counter = new;
		return true;
	}
	settle_write();
	if (just_read != v && !(whole && s % KINDS == STOCKED && just_read))
		stop(P_CMPXCHG, v);
	just_read = NULL;
	if (cur->peek && s % KINDS == STOCKED) {
		peek_over();
		attempt_begins();
	}
	if (v->counter != *old) {
		note("finds the head of %s %d changed: %d, tag %u", stack_names[s % KINDS],
		     s / KINDS, top_index(s, v->counter), (u32)(v->counter >> 32));
		*old = v->counter;
		attempt_over();
		attempt_begins();
		see(H_HEAD, s, v->counter);
		return false;
	}
	if (!exact && (u32)(new >> 32) != (u32)(*old >> 32) + 1)
		hook_bad("a head's tag does not count on");
	/* A push links its element to what was on top. A pop goes down from there. */
	top = top_index(s, new);
	if (top >= 0) {
		if (single)
			number_index((u32)new, &link);
		else
			link = &mag_at(top)->next;
		below = *link == (u32)*old;
	}
	push = (u32)new && below == 1 && (single || w.owner[top] != NOBODY);
	attempt_over();
	cur->att = cur->nh;
	note("%s %d, %s %d", push ? "pushes" : "pops", top_index(s, push ? new : *old),
	     stack_names[s % KINDS], s / KINDS);
	v->counter = new;
	if (!single)
		changes_mag(s, top_index(s, push ? new : *old), push);
	else if (push)
		pushed_single((u32)new);
	else
		took_singles((u32)*old, (u32)new);
	if (push && single)
		see(H_PUSHED, s, 0);
	if (push && cur->call.op == OP_GROW && s % KINDS != EMPTY)
		cur->nh = cur->base;
	return true;
}

static bool long_counts(const atomic_long_t *v)
{
	return cur && (v == &depot.free || v == &pool.percpu.leases.left) && !pool.lock.held;
}

static const char *long_name(const atomic_long_t *v)
{
	return v == &depot.free ? "free" : "leases.left";
}

/* Whether entry @back, counted from the end of the history, is a read of ->free. */
static bool saw_long(int back)
{
	const struct hist *h = &cur->h[cur->nh - back];

	return cur->nh >= back && h->kind == H_LONG && !h->idx;
}

long hook_long_read(const atomic_long_t *v)
{
	long val;

	if (cur)
		settle_write();
	if (!long_counts(v))
		return v->counter;
	stop(P_READ, v);
	just_read = whole ? v : NULL;
	note("reads %s: %ld", long_name(v), v->counter);
	val = v->counter;
	/*
	 * fa_claim_some() has failed to claim, read the count, and failed again. Only how
	 * many it wants from here on matters: the least of what it read.
	 */
	if (!exact && saw_long(1) && saw_long(2) && saw_long(3)) {
		val = min_t(long, cur->h[cur->nh - 2].v, val);
		cur->nh -= 2;
	}
	if (cur->nh && cur->h[cur->nh - 1].kind == H_STOCK)
		cur->peek = cur->nh - 1;
	attempt_begins();
	see(H_LONG, v != &depot.free, val);
	return v->counter;
}

/* Objects that were pushed count, or claims are given back. */
static void credit(long n)
{
	if (cur->claims) {
		if (n > cur->claims)
			hook_bad("more claims are given back than there are");
		else
			cur->claims -= n;
		return;
	}
	if (gives(cur))
		cur->out = 0;
}

long hook_long_add(atomic_long_t *v, long n)
{
	int i;

	if (cur)
		settle_write();
	if (long_counts(v)) {
		stop(P_WRITE, v);
		note("adds %ld to %s", n, long_name(v));
		if (v == &depot.free)
			credit(n);
	}
	if (cur && v == &depot.free && cur->call.op == OP_GROW)
		for (i = 0; i < (int)nr_objs; i++)
			if (w.obj[i] == O_NEW && cur->giving & (1U << i))
				w.obj[i] = O_FREE;
	v->counter += n;
	return v->counter;
}

bool hook_long_cmpxchg(atomic_long_t *v, long *old, long new)
{
	if (!long_counts(v)) {
		v->counter = new;
		return true;
	}
	settle_write();
	if (just_read != v)
		stop(P_CMPXCHG, v);
	just_read = NULL;
	attempt_over();
	if (v->counter != *old) {
		note("finds %s changed: %ld", long_name(v), v->counter);
		*old = v->counter;
		see(H_LONG, v != &depot.free, v->counter);
		return false;
	}
	note("takes %ld of %ld %s", *old - new, *old, long_name(v));
	see(H_CLAIMED, v != &depot.free, *old - new);
	v->counter = new;
	cur->att = cur->nh;
	if (v != &depot.free)
		return true;
	cur->claims += *old - new;
	if (cur->call.op == OP_ALLOC_BULK && *old - new + cur->had >= bulk_nr)
		cur->certain = true;
	else if (takes(cur) && cur->call.op != OP_ALLOC_BULK &&
		 !(has_claimed(cur) && caches[cur->cpu].size))
		cur->out = 1;
	return true;
}

u32 hook_xchg(u32 *addr, u32 val)
{
	u32 old = *addr;

	*addr = val;
	return old;
}

int hook_cpu(void)
{
	return cur ? cur->cpu : 0;
}

int hook_ncpu(void)
{
	return ncpu;
}

bool hook_online(int cpu)
{
	return cpu < (int)ncpu && !w.offline[cpu];
}

/* A claim always follows this immediately. */
void *hook_this_cpu(void *base, size_t size)
{
	struct fastalloc_cache *c = &caches[hook_cpu()];

	if (!cur)
		return c;
	settle_write();
	stop(P_CLAIM, c);
	note("claims the cache: %s, %u", c->n < FASTALLOC_BUSY ? "free" : "busy",
	     c->n % FASTALLOC_BUSY);
	see(H_INT, 0, c->n);
	cur->had = 0;
	if (c->n < FASTALLOC_BUSY) {
		w.claimed[cur->cpu] = ctx_index(cur);
		cur->had = c->n + (c->spare ? c->spare->n : 0);
	}
	return c;
}

void *hook_this_cpu_member(const void *member)
{
	return (char *)member + hook_cpu() * sizeof(*caches);
}

static bool irq_context(const struct ctx *c)
{
	return c->call.op == OP_IRQ_WORK || c->call.op == OP_FLUSH || c->call.op == OP_CUT ||
	       c->call.op == OP_IPI;
}

void hook_lock(raw_spinlock_t *lock)
{
	if (cur) {
		settle_write();
		cur->irq_off = true;
		stop(P_LOCK, lock);
		note("locks%s", lock == &pool.lock ? " the pool" : " the waiters");
	}
	lock->held = 1;
}

void hook_unlock(raw_spinlock_t *lock)
{
	if (cur) {
		settle_write();
		/* No context can observe that the other locks are held. */
		if (lock == &pool.waitq.lock)
			stop(P_UNLOCK, lock);
		note("unlocks%s", lock == &pool.lock ? " the pool" : " the waiters");
		cur->irq_off = irq_context(cur);
	}
	lock->held = 0;
}

/*
 * Only the lock of the caches is modelled; there is no contention for the list of
 * pools and for growth by tasks.
 */
void hook_mutex_lock(struct mutex *m)
{
	if (cur && m == &pool.percpu.shut_lock) {
		settle_write();
		stop(P_LOCK, &m->lock);
		note("locks the leases: %u want the caches shut", pool.percpu.shutters);
		see(H_INT, 0, pool.percpu.shutters);
		m->lock.held = 1;
	}
}

void hook_mutex_unlock(struct mutex *m)
{
	if (cur && m == &pool.percpu.shut_lock) {
		settle_write();
		stop(P_UNLOCK, &m->lock);
		note("unlocks them: %u want the caches shut", pool.percpu.shutters);
		m->lock.held = 0;
	}
}

void hook_irq_work(void)
{
	settle_write();
	stop(P_IRQ_WORK, NULL);
	see(H_INT, 0, w.irq_pending != 0);
	if (!w.irq_pending)
		w.irq_pending = 1 + (cur->cpu < ncpu ? cur->cpu : 0);
	note("raises the irq_work");
}

/*
 * Runs a function on a CPU, by an interrupt that nests in what the CPU does. A flush of
 * another CPU is an operation of its own here.
 */
void hook_call(int cpu, void (*fn)(void *arg), void *arg)
{
	settle_write();
	if (cpu == (int)cur->cpu) {
		fn(arg);
		return;
	}
	if (cur->call.op != OP_SHARE || w.offline[cpu])
		return;
	w.ipi = cpu + 1;
	w.ipi_from = ctx_index(cur);
	w.ipi_fn = fn;
	w.ipi_arg = arg;
	note("interrupts CPU %d", cpu);
	stop(P_CALL, NULL);
	see(H_INT, 0, 0);
}

void hook_ipi(ipi_fn *fn, void **arg)
{
	*fn = w.ipi_fn;
	*arg = w.ipi_arg;
}

/* A waiter sleeps, so it has shut the caches and has not opened them. */
static bool sleepers(void)
{
	bool any = false;
	unsigned int i;

	for (i = 0; i < CTXS; i++)
		any |= ctx[i].used && ctx[i].asleep && ctx[i].handed < 0;
	return any;
}

/* From here on frees that have begun may find the caches open. */
static void nobody_sleeps(void)
{
	unsigned int i;

	for (i = 0; i < CTXS; i++)
		ctx[i].shut = false;
}

void hook_complete(struct completion *c)
{
	struct ctx *to = ctx_of_stack(c);
	int o = cur->last;

	c->done = 1;
	if (w.obj[o] != O_FREE && w.obj[o] != O_NEW) {
		hook_bad("an object is handed out twice");
		return;
	}
	w.obj[o] = O_TAKEN;
	cur->out--;
	to->handed = o;
	nobody_sleeps();
	note("hands it to a waiter");
}

void hook_sleep(struct completion *c)
{
	settle_write();
	stop(P_SLEEP, c);
	note(c->done ? "wakes with an object" : "times out");
	see(H_INT, 0, c->done);
}

/*
 * Trim keeps nothing between two turns but the magazine that it holds, if any. How many
 * objects it took in each turn determines how far it is.
 */
void hook_loop(void)
{
	int i;

	if (!cur)
		return;
	settle_write();
	if (cur->call.op != OP_ROTATE)
		return;
	cur->nh = cur->base;
	see(H_INT, 0, cur->turn);
	cur->base = cur->nh;
	cur->att = cur->nh;
	cur->turn = 0;
	for (i = 0; i < w.nr_mags; i++)
		if (w.owner[i] == ctx_index(cur))
			see(H_POPPED, 0, i);
	stop(P_LOOP, NULL);
}

/* The chunk is in the pool: the history up to here is not needed any more. */
void hook_inserted(void)
{
	if (!cur)
		return;
	cur->nh = 0;
	cur->base = 0;
}

/* A block of magazines, held by the caller until it has pushed them. */
void *hook_mem(size_t bytes)
{
	unsigned int i, n;
	void *block;

	mag_bytes = depot.mags.mag_bytes;
	n = bytes / mag_bytes;
	if (w.nr_mags + n > MAX_MAGS || (w.nr_mags + n) * mag_bytes > sizeof(mags)) {
		fprintf(stderr, "explore: too many magazines: raise MAX_MAGS\n");
		exit(2);
	}
	block = mag_at(w.nr_mags);
	for (i = 0; i < n; i++, w.nr_mags++)
		w.owner[w.nr_mags] = cur ? ctx_index(cur) : NOBODY;
	note("makes %u magazines", n);
	return block;
}

void hook_cpu_dead(int (*fn)(unsigned int cpu))
{
	cpu_dead = fn;
}

void *hook_percpu(size_t bytes)
{
	return caches;
}

/* States */

struct packed {
	u32	slot;		/* of the table of seen states */
	u32	bytes;
	char	data[];
};

static char pack_buf[1 << 17];

/* What of the pool changes, besides heads, links, magazines and caches. */
#define MEMBER(x)	{ &(x), sizeof(x) }

static const struct {
	void	*at;
	size_t	bytes;
} members[] = {
	MEMBER(pool.total),
	MEMBER(pool.capacity),
	MEMBER(pool.chunks.objects),
	MEMBER(pool.lock.held),
	MEMBER(pool.percpu.shut),
	MEMBER(pool.percpu.leases.left),
	MEMBER(depot.free),
	MEMBER(depot.mags.nr),
	MEMBER(depot.mags.nr_blocks),
	MEMBER(pool.percpu.shutters),
	MEMBER(pool.percpu.shut_lock),
	MEMBER(pool.waitq.nr),
	MEMBER(pool.waitq.lock),
	MEMBER(pool.waitq.waiters),
};

static char *put(char *p, const void *from, size_t bytes)
{
	memcpy(p, from, bytes);
	return p + bytes;
}

static const char *get(const char *p, void *to, size_t bytes)
{
	memcpy(to, p, bytes);
	return p + bytes;
}

static struct packed *pack(u32 slot)
{
	char *p = pack_buf;
	struct packed *s;
	unsigned int i;

	p = put(p, &w, sizeof(w));
	for (i = 0; i < ARRAY_SIZE(members); i++)
		p = put(p, members[i].at, members[i].bytes);
	for (i = 0; i < nr_stacks(); i++)
		p = put(p, stack_of(i), sizeof(*stack_of(i)));
	for (i = 0; i <= cfg.pieces; i++) {
		struct piece *e = &pieces[i];

		p = put(p, &e->chunk.count, sizeof(e->chunk.count));
		p = put(p, &e->added, sizeof(e->added));
		p = put(p, e->chunk.only_link->next, (e->chunk.end - e->chunk.mem) * sizeof(u32));
	}
	p = put(p, caches, ncpu * sizeof(*caches));
	p = put(p, mags, w.nr_mags * mag_bytes);
	for (i = 0; i < CTXS; i++) {
		*p++ = ctx[i].used;
		if (!ctx[i].used)
			continue;
		p = put(p, &ctx[i], offsetof(struct ctx, h));
		p = put(p, ctx[i].h, ctx[i].nh * sizeof(struct hist));
		p = put(p, ctx[i].sp, stacks[i] + STACK_BYTES - (char *)ctx[i].sp);
	}
	s = malloc(sizeof(*s) + (p - pack_buf));
	if (!s) {
		fprintf(stderr, "explore: out of memory\n");
		exit(2);
	}
	s->slot = slot;
	s->bytes = p - pack_buf;
	memcpy(s->data, pack_buf, s->bytes);
	return s;
}

static void unpack(const struct packed *s)
{
	const char *p = s->data;
	unsigned int i;

	p = get(p, &w, sizeof(w));
	for (i = 0; i < ARRAY_SIZE(members); i++)
		p = get(p, members[i].at, members[i].bytes);
	for (i = 0; i < nr_stacks(); i++)
		p = get(p, stack_of(i), sizeof(*stack_of(i)));
	for (i = 0; i <= cfg.pieces; i++) {
		struct piece *e = &pieces[i];

		p = get(p, &e->chunk.count, sizeof(e->chunk.count));
		p = get(p, &e->added, sizeof(e->added));
		p = get(p, e->chunk.only_link->next, (e->chunk.end - e->chunk.mem) * sizeof(u32));
	}
	p = get(p, caches, ncpu * sizeof(*caches));
	p = get(p, mags, w.nr_mags * mag_bytes);
	for (i = 0; i < CTXS; i++) {
		ctx[i].used = *p++;
		if (!ctx[i].used)
			continue;
		p = get(p, &ctx[i], offsetof(struct ctx, h));
		p = get(p, ctx[i].h, ctx[i].nh * sizeof(struct hist));
		p = get(p, ctx[i].sp, stacks[i] + STACK_BYTES - (char *)ctx[i].sp);
	}
	pending_write = NULL;
	just_read = NULL;
	cur = NULL;
}

static u64 hash;
static u8 mag_name[MAX_MAGS], obj_name[MAX_OBJS], named[MAX_MAGS];
static unsigned int mag_names, obj_names;

static void mix(u64 v)
{
	hash = (hash ^ v) * 0x9fb21c651e98df25ULL;
	hash ^= hash >> 29;
}

static void mix_mag(int m)
{
	if (m >= 0 && !mag_name[m]) {
		named[mag_names++] = m;
		mag_name[m] = mag_names;
	}
	mix(m < 0 ? 0 : mag_name[m]);
}

static void mix_obj(const void *obj)
{
	int i = obj_index(obj);

	if (i >= 0 && !obj_name[i])
		obj_name[i] = ++obj_names;
	mix(i < 0 ? 0 : obj_name[i] | w.obj[i] << 8);
}

/* A head or a stock that was read: what was on top matters until the attempt fails. */
static void mix_word(const struct ctx *c, int i)
{
	const struct hist *h = &c->h[i];
	s64 now = h->kind == H_HEAD ? stack_of(h->idx)->head.counter :
				      mag_at(h->idx)->stock.counter;
	bool open = exact || (c->peek && (i == c->peek - 1 || i == c->peek)) ||
		    (i >= c->att && (c->pend == P_CMPXCHG || (c->pend == P_HEAD && (u32)h->v)));

	mix((u32)!(u32)h->v | open << 1 | (u32)(open && now == (s64)h->v) << 2);
	if (exact)
		mix((now - h->v) >> 32);
	if (h->kind == H_STOCK) {
		mix_mag(h->idx);
		mix((u32)h->v);
	} else if (open && (u32)h->v && (exact || h->idx % KINDS == STOCKED)) {
		if (h->idx % KINDS == SINGLE)
			mix(top_index(h->idx, h->v));
		else
			mix_mag(id_index((u32)h->v));
	}
}

/* It does not matter which one a magazine was that the context holds no more. */
static void mix_kept(const struct ctx *c, int m)
{
	bool kept = m >= 0 && (w.owner[m] == ctx_index(c) || w.owner[m] == (CACHED | c->cpu) ||
			       (c->call.op == OP_DEAD && w.owner[m] == (CACHED | c->call.arg)));

	if (kept || exact)
		mix_mag(m);
	else
		mix(m >= 0);
}

static void mix_ctx(const struct ctx *c)
{
	unsigned int i;

	mix(c->call.op | c->pend << 8 | c->asleep << 16 | c->irq_off << 17 | c->reached << 18 |
	    c->certain << 20 | (u64)c->cpu << 32 | (u64)c->call.arg << 40);
	mix(c->peek);
	mix(c->nr_empty | c->empty << 8 | c->shut << 24 | c->open << 25);
	mix(c->out | c->claims << 8 | c->turn << 16 | (u64)c->stored << 24);
	for (i = 0; i < MAX_OBJS; i++)
		if (c->giving & (1U << i))
			mix_obj(&objects[i]);
	if (c->handed >= 0)
		mix_obj(&objects[c->handed]);
	mix(c->nh);
	for (i = 0; i < (unsigned int)c->nh; i++) {
		const struct hist *h = &c->h[i];

		mix(h->kind | (h->kind == H_STOCK ? 0 : h->idx) << 8);
		switch (h->kind) {
		case H_INT:
		case H_LONG:
		case H_CLAIMED:
		case H_NEXT:
			mix(h->v);
			break;
		case H_HEAD:
		case H_STOCK:
			mix_word(c, i);
			break;
		case H_POPPED:
			mix_kept(c, h->v);
			break;
		case H_PUSHED:
			break;
		case H_MAG:
			mix_kept(c, mag_index((void *)h->v));
			break;
		case H_OBJ:
			/* Others put what their magazines hold. */
			if (takes(c) || exact)
				mix_obj((void *)h->v);
			break;
		}
	}
}

static bool idle(void)
{
	unsigned int i;

	for (i = 0; i <= ncpu; i++)
		if (w.depth[i])
			return false;
	return true;
}

static int holds(const struct fa_mag *m, unsigned int n, u8 *count)
{
	unsigned int i;
	int o;

	for (i = 0; i < n; i++) {
		o = obj_index(m->slot[i]);
		if (o < 0)
			return -1;
		count[o]++;
	}
	return 0;
}

static u32 stock_of(const struct fa_mag *m)
{
	return (u32)m->stock.counter;
}

static const char *check_idle(void)
{
	u8 count[MAX_OBJS] = {}, places[MAX_MAGS] = {};
	unsigned int i, nr_there = 0, leased = 0;
	bool ok = true;
	struct fa_mag *m;
	u32 id, *link;

	for (i = 0; i < nr_stacks(); i++)
		for (id = (u32)stack_of(i)->head.counter; id;) {
			if (i % KINDS == SINGLE) {
				count[number_index(id, &link)]++;
				id = *link;
				continue;
			}
			m = mag_at(id_index(id));
			places[id_index(id)]++;
			ok &= !holds(m, stock_of(m), count);
			id = m->next;
		}
	for (i = 0; i < ncpu; i++) {
		struct fastalloc_cache *c = &caches[i];

		leased += 2 * c->size;
		if (w.offline[i] && c->size)
			return "a CPU that is offline has a lease";
		if (c->n > c->size)
			return "a cache stays busy, or holds too much";
		if (!c->size && (c->n || c->spare || c->loaded))
			return "a cache without a lease holds magazines";
		if (!c->loaded)
			continue;
		places[mag_index(c->loaded)]++;
		ok &= !holds(c->loaded, c->n, count);
		if (!c->spare)
			continue;
		places[mag_index(c->spare)]++;
		if (c->spare->n > c->size)
			return "a spare magazine holds too much";
		ok &= !holds(c->spare, c->spare->n, count);
	}
	if (!ok)
		return "a magazine holds what is not an object";
	if (leased + pool.percpu.leases.left.counter != pool.percpu.leases.budget)
		return "the leases and what is left are not the budget";
	for (i = 0; i < w.nr_mags; i++) {
		nr_there++;
		if (places[i] + !!(w.flags[i] & M_MISSING) != 1)
			return places[i] ? "a magazine is in two places" : "a magazine is lost";
	}
	if (depot.mags.nr != nr_there)
		return "the pool counts more magazines than it has, or fewer";
	for (i = 0; i < nr_objs; i++) {
		if (w.obj[i] == O_ABSENT)
			continue;
		count[i] += w.obj[i] != O_FREE;
		if (count[i] != 1)
			return count[i] ? "an object is in two places" : "an object is lost";
	}
	if (sleepers() && !w.irq_pending && (depot.free.counter || out_now() < promised()))
		return "a waiter sleeps although objects are free, and nobody will wake it";
	return NULL;
}

/* Walks the lists of the depot. Sets *objs to the objects that can be taken there. */
static const char *examine_depot(long *objs)
{
	unsigned int i, j, n;
	struct fa_mag *m;
	u32 id, *link;
	int k;

	*objs = 0;
	for (i = 0; i < nr_stacks(); i++) {
		mix(0x1000 + i);
		n = 0;
		for (id = (u32)stack_of(i)->head.counter; id;) {
			k = top_index(i, id);
			if (k < 0 || n++ > MAX_OBJS)
				return "a list is broken";
			if (i % KINDS == SINGLE) {
				number_index(id, &link);
				mix_obj(&objects[k]);
				++*objs;
				id = *link;
				continue;
			}
			m = mag_at(k);
			id = m->next;
			mix_mag(k);
			if (i % KINDS == EMPTY && (stock_of(m) || m->n))
				return "a magazine is on the wrong stack";
			m->n = 0;
			/* A context with a stale copy may yet read what was there. */
			for (j = stock_of(m); j < cfg.magazine && !exact; j++)
				m->slot[j] = NULL;
		}
	}
	for (i = 0; i < w.nr_mags; i++) {
		if (stock_of(mag_at(i)) > cfg.magazine)
			return "a magazine holds too much";
		if (!(w.flags[i] & M_LIMBO))
			*objs += stock_of(mag_at(i));
	}
	return NULL;
}

static const char *check_counts(long there)
{
	long claims = 0, leased = pool.percpu.leases.left.counter;
	unsigned int i;

	for (i = 0; i < CTXS; i++)
		claims += ctx[i].used ? ctx[i].claims : 0;
	if (depot.free.counter < 0)
		return "fewer than no objects are free";
	if (depot.free.counter + claims > there)
		return "what was claimed, or counts as free, is not there";
	for (i = 0; i < ncpu; i++)
		leased += 2 * caches[i].size;
	if (leased > (long)pool.percpu.leases.budget || pool.percpu.leases.left.counter < 0)
		return "there are more leases than the budget allows";
	if (pool.total > promised() + depot.free.counter + out_now() + pool.reserve - less_reserve)
		return "the caches and trim hold more than the reserve";
	return NULL;
}

/*
 * Clears unused slots, checks the invariants and hashes the state. Returns NULL, or
 * what is wrong.
 */
static const char *examine(void)
{
	unsigned int i, j, n, bag = 0;
	struct fastalloc_cache *c;
	struct list_head *l;
	const char *what;
	struct fa_mag *m;
	long there;

	hash = 0x243f6a8885a308d3ULL;
	mag_names = 0;
	obj_names = 0;
	memset(mag_name, 0, sizeof(mag_name));
	memset(obj_name, 0, sizeof(obj_name));

	for (i = 0; i < ncpu; i++) {
		c = &caches[i];
		if (!w.depth[i] && !w.offline[i] && c->loaded && c->n <= cfg.magazine) {
			for (j = c->n; j < cfg.magazine; j++)
				c->loaded->slot[j] = NULL;
			c->loaded->n = 0xbad;
			for (j = c->spare ? c->spare->n : cfg.magazine; j < cfg.magazine; j++)
				c->spare->slot[j] = NULL;
		}
		c->allocs = 0;
		c->frees = 0;
		mix(c->n | (u64)c->cap << 32);
		mix(c->size | c->misses << 16 | c->seen << 32);
		mix_mag(mag_index(c->loaded));
		mix_mag(mag_index(c->slot) == mag_index(c->loaded) ? -1 : mag_index(c->slot));
		mix_mag(mag_index(c->spare));
	}
	what = examine_depot(&there);
	if (!what)
		what = check_counts(there);
	if (what)
		return what;
	if (budget[OP_GROW]) {
		/* Objects that are not added yet do not count. */
		for (i = 0, n = 0; i < nr_objs; i++)
			n += w.obj[i] != O_NEW && w.obj[i] != O_ABSENT;
		if (pool.total > n)
			return "objects are promised before they are there";
		mix(pool.total | pool.chunks.objects << 16 | pool.lock.held << 30 |
		    (u64)w.grown << 32);
	}
	mix(depot.free.counter | pool.percpu.leases.left.counter << 16 | (u64)depot.mags.nr << 32);
	mix(pool.waitq.nr | (u64)pool.waitq.lock.held << 32 | (u64)w.irq_pending << 40 |
	    (u64)w.ipi << 48);
	mix(pool.percpu.shutters | (u64)pool.percpu.shut_lock.lock.held << 32 |
	    (u64)pool.percpu.shut << 40);
	for (l = pool.waitq.waiters.next; l != &pool.waitq.waiters; l = l->next) {
		struct ctx *t = ctx_of_stack(l);

		if (!t)
			return "the list of waiters is broken";
		mix(0x2000 + (t->asleep ? 64 : t->cpu));
		if (t->asleep)
			mix_ctx(t);
	}
	for (i = 0; i <= ncpu; i++) {
		mix(w.depth[i] | (i < ncpu ? w.offline[i] << 8 : 0));
		for (j = 0; j < w.depth[i]; j++)
			mix_ctx(&ctx[w.top[i][j]]);
	}
	for (i = 0; i < CTXS; i++)
		if (ctx[i].used && ctx[i].asleep && ctx[i].handed >= 0)
			mix_ctx(&ctx[i]);
	for (i = 0; i < NR_OPS; i++)
		mix(w.budget[i]);
	mix(w.ops);
	for (i = 0; i < mag_names; i++) {
		m = mag_at(named[i]);
		mix(m->n | (u64)stock_of(m) << 32);
		for (j = 0; j < cfg.magazine; j++)
			mix_obj(m->slot[j]);
		if (exact)
			mix_mag(id_index(m->next));
	}
	for (i = 0; i < nr_objs; i++)
		bag += w.obj[i] == O_BAG;
	mix(bag);
	return idle() ? check_idle() : NULL;
}

/* Steps */

enum { GO, BEGIN, WAKE, ONLINE };

#define CHOICE(kind, op, idx, cpu)	((kind) << 12 | (op) << 8 | (idx) << 3 | (cpu))

static struct ctx *ctx_new(int cpu, enum op op)
{
	struct ctx *c = ctx;

	while (c->used)
		if (++c == ctx + CTXS)
			hook_bad("too many contexts");
	memset(c, 0, offsetof(struct ctx, h));
	c->used = true;
	c->cpu = cpu;
	c->call.op = op;
	c->handed = -1;
	w.top[cpu][w.depth[cpu]++] = ctx_index(c);
	ctx_begin(c);
	return c;
}

/* Any object that is out will do: no code distinguishes them. */
static void *from_bag(struct ctx *c)
{
	unsigned int i;

	for (i = 0; w.obj[i] != O_BAG; i++)
		;
	w.obj[i] = O_GIVING;
	c->giving |= 1U << i;
	return &objects[i];
}

/* A chunk to add: @n contiguous objects. */
static void new_objects(struct ctx *c, unsigned int n)
{
	struct fa_chunk *chunk = &pieces[1 + w.grown].chunk;
	unsigned int i, first = obj_index(chunk->mem);

	c->call.arg = w.grown++;
	chunk->count = n;
	for (i = first; i < first + n; i++) {
		w.obj[i] = O_NEW;
		c->giving |= 1U << i;
	}
}

/* Whether the lock that a growth waits for is free. */
static bool may_lock(const struct ctx *c)
{
	return c->call.op == OP_GROW && c->pend == P_LOCK &&
	       !((raw_spinlock_t *)c->pend_addr)->held;
}

static void finish(struct ctx *c)
{
	struct call *call = &c->call;
	unsigned int i;
	int o;

	for (i = 0; i < MAX_BULK && (call->op == OP_ALLOC || call->op == OP_WAIT ||
				     call->op == OP_ALLOC_BULK); i++) {
		o = obj_index(call->obj[i]);
		if (call->obj[i] && o < 0)
			hook_bad("what is handed out is not an object");
		if (o < 0)
			continue;
		if (w.obj[o] != O_FREE && w.obj[o] != O_NEW &&
		    !(w.obj[o] == O_TAKEN && c->handed == o))
			hook_bad("an object is handed out twice");
		w.obj[o] = O_BAG;
	}
	for (i = 0; i < bulk_nr && call->op == OP_ALLOC_BULK && call->obj[0]; i++)
		if (!call->obj[i])
			hook_bad("a bulk allocation returns fewer objects");
	if (c->open && !w.offline[c->cpu] && caches[c->cpu].size && !caches[c->cpu].cap)
		hook_bad("a cache stays shut although nobody wants that");
	if (gives(c) && c->giving)
		hook_bad("an object that was freed is lost");
	if (c->claims)
		hook_bad("what was claimed is lost");
	if ((call->op == OP_ALLOC || call->op == OP_ALLOC_BULK) && !call->obj[0] && !c->reached)
		hook_bad("an allocation failed though fewer than capacity objects were out");
	if (call->op == OP_WAIT && c->handed >= 0 && !call->obj[0])
		hook_bad("a waiter leaves the object that it was handed");
	if (call->op == OP_DEAD)
		cache_settle(call->arg);
	if (call->op == OP_CUT)
		pool.percpu.shut_lock.lock.held = 0;
	if (call->op == OP_IPI)
		w.ipi = 0;
}

static unsigned long nr_runs;

static void run(struct ctx *c)
{
	nr_runs++;
	if (sigsetjmp(wild, 0)) {
		if (!*bad)
			snprintf(bad, sizeof(bad), "an access to no memory");
		cur = NULL;
		return;
	}
	cur = c;
	ctx_switch(&main_sp, c->sp);
	if (!*bad)
		settle_write();
	if (!*bad && c->done) {
		note("returns %s", takes(c) ? c->call.obj[0] ? "an object" : "NULL" : "");
		cur = NULL;
	}
	cur = NULL;
}

static void on_segv(int sig)
{
	/* Before the first step there is no context to jump back to. */
	if (!nr_runs)
		_exit(2);
	siglongjmp(wild, 1);
}

/* Takes one step; sets *bad if that violates something. */
static void apply(unsigned int choice)
{
	unsigned int kind = choice >> 12, op = choice >> 8 & 15, idx = choice >> 3 & 31;
	unsigned int cpu = choice & 7, i, n;
	struct ctx *c = &ctx[idx];

	switch (kind) {
	case GO:
		run(c);
		break;
	case WAKE:
		c->asleep = false;
		nobody_sleeps();
		c->cpu = cpu;
		w.top[cpu][w.depth[cpu]++] = idx;
		run(c);
		break;
	case ONLINE:
		w.offline[cpu] = false;
		return;
	case BEGIN:
		c = ctx_new(cpu, op);
		if (w.budget[op])
			w.budget[op]--;
		if (w.ops && (op == OP_ALLOC || op == OP_FREE))
			w.ops--;
		if (op == OP_FREE || op == OP_FREE_BULK)
			c->call.obj[0] = from_bag(c);
		if (op == OP_FREE_BULK)
			c->call.obj[1] = from_bag(c);
		if (op == OP_DEAD) {
			c->call.arg = idx;
			w.offline[idx] = true;
		}
		if (op == OP_GROW)
			new_objects(c, idx);
		/* The worker that wants this holds the lock. */
		if (op == OP_CUT) {
			c->call.arg = idx;
			pool.percpu.shut_lock.lock.held = 1;
		}
		if (op == OP_SHARE)
			for (i = 0; i < ncpu; i++)
				caches[i].seen = idx >> i & 1;
		c->irq_off = irq_context(c);
		if (gives(c)) {
			c->shut = sleepers();
			c->open = !pool.percpu.shut && !pool.percpu.shut_lock.lock.held &&
				  w.depth[cpu] == 1;
		}
		if (op == OP_IRQ_WORK)
			w.irq_pending = 0;
		cur = c;
		note("begins");
		run(c);
		/*
		 * A step of another context before the claim could as well come before
		 * this step.
		 */
		if (!*bad && !c->done && (c->pend == P_CLAIM || may_lock(c)))
			run(c);
		break;
	}
	if (*bad)
		return;
	n = out_now();
	for (i = 0; i < CTXS; i++)
		if (ctx[i].used && n + (ctx[i].call.op == OP_ALLOC_BULK ? bulk_nr : 1) > promised())
			ctx[i].reached = true;
	if (c->done) {
		cur = c;
		if (!setjmp(wild))
			finish(c);
		cur = NULL;
	}
	if (c->done || c->pend == P_SLEEP) {
		if (c->cpu < ncpu && w.claimed[c->cpu] == ctx_index(c))
			snprintf(bad, sizeof(bad), "a cache stays claimed");
		for (i = 0; i < w.nr_mags; i++)
			if (w.owner[i] == ctx_index(c) && !*bad)
				snprintf(bad, sizeof(bad), "a magazine is lost");
		w.depth[c->cpu]--;
		c->asleep = !c->done;
		c->used = !c->done;
		if (c->asleep)
			c->cpu = 0;
	}
}

/* Allocates on CPU 0 before the search begins, with no other context. */
static void allocate_one(void)
{
	apply(CHOICE(BEGIN, OP_ALLOC, 0, 0));
	while (w.depth[0] && !*bad)
		apply(CHOICE(GO, 0, w.top[0][0], 0));
}

/* Whether the context waits for something that another has to do. */
static bool blocked(const struct ctx *c)
{
	return (c->pend == P_LOCK && ((raw_spinlock_t *)c->pend_addr)->held) ||
	       (c->pend == P_CALL && w.ipi && w.ipi_from == ctx_index(c));
}

static unsigned int choices(u16 *to)
{
	unsigned int cpu, i, n = 0, nested = 0, bag = 0;
	struct ctx *c;
	bool irq_off, dying = false;

	for (i = 0; i < CTXS; i++)
		dying |= ctx[i].used && ctx[i].call.op == OP_DEAD;
	for (i = 0; i < nr_objs; i++)
		bag += w.obj[i] == O_BAG;
	for (cpu = 0; cpu < ncpu; cpu++)
		nested += w.depth[cpu] > 1 ? w.depth[cpu] - 1 : 0;

	for (cpu = 0; cpu <= ncpu; cpu++) {
		c = w.depth[cpu] ? &ctx[w.top[cpu][w.depth[cpu] - 1]] : NULL;
		if (c && !blocked(c))
			to[n++] = CHOICE(GO, 0, ctx_index(c), 0);
		if (cpu == ncpu) {
			if (!c && w.budget[OP_ROTATE])
				to[n++] = CHOICE(BEGIN, OP_ROTATE, 0, cpu);
			for (i = 0; !c && w.budget[OP_SHARE] && i < 1U << ncpu; i++)
				to[n++] = CHOICE(BEGIN, OP_SHARE, i, cpu);
			break;
		}
		if (w.offline[cpu]) {
			if (!dying)
				to[n++] = CHOICE(ONLINE, 0, 0, cpu);
			continue;
		}
		irq_off = false;
		for (i = 0; i < w.depth[cpu]; i++)
			irq_off |= ctx[w.top[cpu][i]].irq_off;
		/* A task that waits for a mutex leaves its CPU to others. */
		if (w.ipi == cpu + 1 && !irq_off && (!c || blocked(c) ||
						     (w.depth[cpu] < levels && nested < nest))) {
			bool begun = c && c->call.op == OP_IPI;

			if (!begun)
				to[n++] = CHOICE(BEGIN, OP_IPI, 0, cpu);
		}
		if (c && (w.depth[cpu] >= levels || nested >= nest))
			continue;
		if (w.irq_pending == cpu + 1 && !irq_off)
			to[n++] = CHOICE(BEGIN, OP_IRQ_WORK, 0, cpu);
		if (!max_ops || w.ops)
			to[n++] = CHOICE(BEGIN, OP_ALLOC, 0, cpu);
		if (bag && (!max_ops || w.ops))
			to[n++] = CHOICE(BEGIN, OP_FREE, 0, cpu);
		if (w.budget[OP_ALLOC_BULK])
			to[n++] = CHOICE(BEGIN, OP_ALLOC_BULK, 0, cpu);
		if (w.budget[OP_FREE_BULK] && bag >= 2)
			to[n++] = CHOICE(BEGIN, OP_FREE_BULK, 0, cpu);
		if (w.budget[OP_FLUSH] && !irq_off)
			to[n++] = CHOICE(BEGIN, OP_FLUSH, 0, cpu);
		if (w.budget[OP_GROW] && !irq_off)
			for (i = 1; i <= cfg.piece; i++)
				if (!grow_size || i == grow_size)
					to[n++] = CHOICE(BEGIN, OP_GROW, i, cpu);
		if (w.budget[OP_CUT] && !irq_off && !pool.percpu.shut_lock.lock.held)
			for (i = 0; i < caches[cpu].size; i++)
				to[n++] = CHOICE(BEGIN, OP_CUT, i, cpu);
		if (c)
			continue;
		if (w.budget[OP_WAIT])
			to[n++] = CHOICE(BEGIN, OP_WAIT, 0, cpu);
		for (i = 0; i < ncpu; i++)
			if (w.budget[OP_DEAD] && i != cpu && !w.offline[i] && !w.depth[i] &&
			    w.ipi != i + 1)
				to[n++] = CHOICE(BEGIN, OP_DEAD, i, cpu);
		/* Waiters: woken, or timed out. */
		for (i = 0; i < CTXS; i++)
			if (ctx[i].used && ctx[i].asleep)
				to[n++] = CHOICE(WAKE, 0, i, cpu);
	}
	return n;
}

/* The search */

struct seen {
	u64	hash;
	u32	parent;
	u16	choice;
	u16	used;
};

static struct seen *table;
static unsigned int table_bits = 24;
static unsigned long nr_states, nr_steps;

/* The slot of the new state, or -1 if it was known. */
static long remember(u64 h, u32 parent, unsigned int choice)
{
	u64 mask = (1UL << table_bits) - 1, i;

	for (i = h & mask; table[i].used; i = (i + 1) & mask)
		if (table[i].hash == h)
			return -1;
	table[i] = (struct seen){ h, parent, choice, 1 };
	nr_states++;
	return i;
}

static void replay(const struct packed *first, u32 slot, unsigned int last)
{
	unsigned int n = 0, max = 1024;
	u16 *path = malloc(max * sizeof(*path));

	while (slot != first->slot) {
		if (n + 1 == max) {
			max *= 2;
			path = realloc(path, max * sizeof(*path));
		}
		path[n++] = table[slot].choice;
		slot = table[slot].parent;
	}
	printf("the shortest way there, %u steps:\n", n + 1);
	unpack(first);
	*bad = 0;
	verbose = true;
	while (n--) {
		apply(path[n]);
		examine();
	}
	apply(last);
}

static int search(void)
{
	struct packed **queue, *s, *first;
	unsigned long head = 0, tail = 0, room = 1UL << 20;
	unsigned int i, n;
	u16 c[128];
	const char *what;
	long slot;

	queue = malloc(room * sizeof(*queue));
	table = mmap(NULL, sizeof(*table) << table_bits, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (!queue || table == MAP_FAILED) {
		perror("explore");
		return 2;
	}
	what = examine();
	if (what) {
		printf("VIOLATION at the start: %s\n", what);
		return 1;
	}
	slot = remember(hash, 0, 0);
	first = pack(slot);
	queue[tail++] = pack(slot);

	while (head != tail) {
		s = queue[head++ % room];
		unpack(s);
		n = choices(c);
		if (!n && !idle()) {
			printf("VIOLATION: no context can continue\n");
			return 1;
		}
		for (i = 0; i < n; i++) {
			if (i)
				unpack(s);
			apply(c[i]);
			nr_steps++;
			what = *bad ? bad : examine();
			if (what) {
				char text[sizeof(bad)];

				snprintf(text, sizeof(text), "%s", what);
				printf("VIOLATION: %s\n", text);
				replay(first, s->slot, c[i]);
				printf("  => %s\n", text);
				return 1;
			}
			slot = remember(hash, s->slot, c[i]);
			if (slot < 0)
				continue;
			if (nr_states > (3UL << table_bits) / 4) {
				printf("not explored to the end: more than %lu states (-t)\n",
				       nr_states);
				return 2;
			}
			if (tail - head == room) {
				struct packed **q = malloc(2 * room * sizeof(*q));
				unsigned long k;

				for (k = head; q && k < tail; k++)
					q[k % (2 * room)] = queue[k % room];
				if (!q) {
					perror("explore");
					return 2;
				}
				free(queue);
				queue = q;
				room *= 2;
			}
			queue[tail++ % room] = pack(slot);
		}
		free(s);
	}
	return 0;
}

static void usage(void)
{
	fprintf(stderr,
		"explore [-c CPUS] [-n NESTED] [-m SLOTS] [-C CAPACITY] [-e RESERVE] [-s SHARDS]\n"
		"	[-b N [-N OBJECTS]] [-f N] [-r N] [-d N] [-w N] [-l N] [-S N] [-g N [-G OBJECTS]]\n"
		"	[-o N] [-k N] [-R N] [-M N] [-t BITS] [-a] [-x]\n"
		"-n: operations that nest in others at one time; any number of alloc and free,\n"
		"and N of: -b bulk of either (an allocation of -N objects, default 2), -f flush of a CPU,\n"
		"-r rotate (trim), -d CPU dead, -w wait, -l cut of a lease by an interrupt,\n"
		"-S the worker shares leases, -g growth by -G objects (default: any number up to two\n"
		"magazines). -o: N objects are out at the start.\n"
		"-k: but N alloc and free in all. -R: so many objects of the reserve are promised.\n"
		"-M: so many magazines less than the code makes.\n"
		"-t: bits of the table of states. -a: pop, push, claim and take are one step each.\n"
		"-x: tell apart what should not matter; needs -k, since tags never come again.\n");
	exit(2);
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_segv, .sa_flags = SA_NODEFER | SA_ONSTACK };
	stack_t alt = { .ss_sp = malloc(65536), .ss_size = 65536 };
	struct timespec t0, t1;
	unsigned int i, arg;
	int o, m, rc;

	while ((o = getopt(argc, argv, "c:n:m:C:e:s:b:N:f:r:d:w:l:S:g:G:o:k:R:M:t:ax")) != -1) {
		arg = optarg ? atoi(optarg) : 0;
		switch (o) {
		case 'c':
			ncpu = arg;
			break;
		case 'n':
			nest = arg;
			break;
		case 'm':
			cfg.magazine = arg;
			break;
		case 'C':
			cfg.capacity = arg;
			break;
		case 'e':
			cfg.reserve = arg;
			break;
		case 's':
			cfg.shards = arg;
			break;
		case 'b':
			budget[OP_ALLOC_BULK] = arg;
			budget[OP_FREE_BULK] = arg;
			break;
		case 'N':
			bulk_nr = arg;
			break;
		case 'f':
			budget[OP_FLUSH] = arg;
			break;
		case 'r':
			budget[OP_ROTATE] = arg;
			cfg.growing = true;
			break;
		case 'd':
			budget[OP_DEAD] = arg;
			break;
		case 'w':
			budget[OP_WAIT] = arg;
			break;
		case 'l':
			budget[OP_CUT] = arg;
			break;
		case 'S':
			budget[OP_SHARE] = arg;
			break;
		case 'g':
			budget[OP_GROW] = arg;
			cfg.growing = true;
			break;
		case 'G':
			grow_size = arg;
			break;
		case 'a':
			whole = true;
			break;
		case 'k':
			max_ops = arg;
			break;
		case 'o':
			begin_out = arg;
			break;
		case 'R':
			less_reserve = arg;
			break;
		case 'M':
			less_mags = arg;
			break;
		case 't':
			table_bits = arg;
			break;
		case 'x':
			exact = true;
			break;
		default:
			usage();
		}
	}
	if (!ncpu || ncpu > MAX_CPUS || !cfg.magazine || cfg.magazine > 4 || bulk_nr > MAX_BULK ||
	    !cfg.shards || cfg.shards >= MAX_SHARDS || budget[OP_GROW] > MAX_GROW || optind != argc)
		usage();

	setvbuf(stdout, NULL, _IOLBF, 0);
	sigaltstack(&alt, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	for (i = 0; i < NR_OPS; i++)
		w.budget[i] = budget[i];
	memset(w.owner, NOBODY, sizeof(w.owner));
	memset(w.claimed, NOBODY, sizeof(w.claimed));

	cfg.pieces = budget[OP_GROW];
	cfg.piece = grow_size ?: 2 * cfg.magazine;
	nr_objs = cfg.capacity + cfg.reserve;
	for (i = 0; i < nr_objs; i++)
		w.obj[i] = O_FREE;
	nr_objs += cfg.pieces * cfg.piece;
	op_setup(&cfg);
	/* -M: magazines that are never usable. */
	for (i = 0; i < less_mags; i++) {
		m = id_index((u32)depot.shard[0].empty.head.counter);
		if (m < 0) {
			fprintf(stderr, "explore: so few magazines are not enough to begin\n");
			return 2;
		}
		w.flags[m] |= M_MISSING;
		depot.shard[0].empty.head.counter = mag_at(m)->next;
	}
	for (i = 0; i < begin_out && !*bad; i++)
		allocate_one();
	w.ops = max_ops;

	printf("%u CPUs, %u levels, %u nested at a time; ", ncpu, levels, nest);
	printf("%u slots, %u shards, %lu objects, %lu promised, budget %lu, %u magazines\n",
	       cfg.magazine, cfg.shards, pool.total, promised(), pool.percpu.leases.budget,
	       w.nr_mags - less_mags);
	clock_gettime(CLOCK_MONOTONIC, &t0);
	rc = search();
	clock_gettime(CLOCK_MONOTONIC, &t1);
	if (rc == 1)
		return 1;
	printf("%s: %lu states, %lu steps, %.1f s\n", rc ? "incomplete" : "ok", nr_states, nr_steps,
	       t1.tv_sec - t0.tv_sec + (t1.tv_nsec - t0.tv_nsec) / 1e9);
	return rc;
}
