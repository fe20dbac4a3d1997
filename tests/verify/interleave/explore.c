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
 * Of a failed compare-and-exchange only the head that it returned is kept. Of a head
 * that was read and has changed since, only whether it was empty is kept: its tag is
 * never used again (the explorer checks this, except with -x), so everything else that
 * was read from it is discarded with the attempt. -x does not rely on these two
 * assumptions.
 *
 * With -a, a pop or a push is one step. It takes effect where its compare-and-exchange
 * succeeds, or where it reads an empty head. The cases without -a check that this is
 * equivalent. With -a and no nesting, the release of a cache is no separate step, as no
 * other context reads that cache.
 *
 * A growth holds nothing between two pushes. Its progress follows from the number of
 * pushes, from the objects that it has left and from what it read while it looked for
 * magazines. So the values that it read after that are dropped.
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
#define MAX_MAGS	96
#define MAX_BLOCKS	4
#define NOBODY		0xff
#define CACHED		0x80

/* The access that a context is about to make. */
enum pend {
	P_START, P_CLAIM, P_READ, P_WRITE, P_HEAD, P_CMPXCHG, P_LOCK, P_UNLOCK,
	 P_IRQ_WORK, P_SLEEP, P_LOOP
};

/* An entry of a context's history: what it has read or done. */
enum seen_kind { H_INT, H_HEAD, H_NEXT, H_POPPED, H_PUSHED, H_MAG, H_OBJ, H_FULL, H_CLAIMED };

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
	u8		timed_out;
	u8		irq_off;
	u8		reached;	/* capacity objects were out during the call */
	u8		pend;
	u8		pushes;		/* by a growth, since it last locked the pool */
	u8		base;		/* likewise: length of the history that still counts */
	u8		inserted;	/* likewise: its chunk is in the pool */
	int		handed;		/* to this waiter */
	bool		queued;		/* it is on the list of waiters */
	u8		certain;	/* of a bulk allocation: it cannot fail any more */
	u32		taken;		/* objects, as a bit mask */
	u32		giving;		/* likewise, not stored yet */
	u32		nr_late;
	void		*late[2];	/* read, but not counted as taken yet */
	void		*pend_addr;
	int		nh;
	struct hist	h[HIST];
};

enum { O_FREE, O_BAG, O_TAKEN, O_GIVING, O_NEW };

/* Of a magazine: never usable (-M, or freed); never pushed; first of its block. */
#define M_MISSING	1
#define M_VIRGIN	2
#define M_FIRST		4

/* State that is not part of the pool. */
static struct world {
	u8	depth[MAX_CPUS + 1];
	u8	top[MAX_CPUS + 1][5];
	u8	offline[MAX_CPUS];
	u8	claimed[MAX_CPUS];	/* by this context */
	u8	irq_pending;		/* CPU + 1 */
	u8	budget[NR_OPS];
	u8	ops;			/* alloc and free still to begin, if limited */
	u8	nr_objs;
	u8	nr_mags;
	u8	nr_tables;
	u8	obj[MAX_OBJS];
	u8	owner[MAX_MAGS];
	u8	flags[MAX_MAGS];
} w;

static struct ctx ctx[CTXS];
static char stacks[CTXS][STACK_BYTES] __aligned(4096);
static struct ctx *cur;
static void *main_sp;
static sigjmp_buf wild;

static struct fastalloc_cache caches[MAX_CPUS];
static char mags[8192] __aligned(64);
static size_t mag_bytes;

static unsigned int ncpu = 2, magazine = 1, capacity = 1;
static const unsigned int levels = LEVELS;
static unsigned int nest = 1, less_reserve, less_mags;
static unsigned int budget[NR_OPS];
static unsigned int max_ops, grow_size, first_block, begin_out;
static bool exact, whole, verbose, growing;
static const atomic64_t *just_read;	/* with -a: the head just read */
static bool just_read_long;		/* with -a: ->nfull was just read */
static void *pending_write;
static char bad[200];
static unsigned long shortest_empty = MAX_MAGS, most_partial;
int (*cpu_dead)(unsigned int cpu);

static const char * const op_names[NR_OPS] = {
	"", "alloc", "free", "alloc bulk", "free bulk", "flush", "rotate", "cpu dead",
	"alloc timeout", "irq_work", "grow"
};

static struct fa_stack *stack_of(int i)
{
	struct fa_stack *s[] = {
		&pool.percpu.partial, &pool.percpu.full, &pool.percpu.scanned, &pool.percpu.empty,
	};

	return s[i];
}

static const char * const stack_names[] = { "partial", "full", "scanned", "empty" };

static int stack_index(const void *addr)
{
	int i;

	for (i = 0; i < 4; i++)
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

static int obj_index(const void *addr)
{
	const char *p = addr;

	return p >= objects && p < objects + w.nr_objs ? p - objects : -1;
}

/* The pointer to block @b of magazines in the pool. */
static void **block_slot(u32 b)
{
	struct fa_mags *m = &pool.percpu.mags;

	if (b < FA_MAG_TABLE)
		return &m->block[b];
	b -= FA_MAG_TABLE;
	if (b / FA_MAG_TABLE >= ARRAY_SIZE(m->more) || !m->more[b / FA_MAG_TABLE])
		return NULL;
	return &m->more[b / FA_MAG_TABLE][b % FA_MAG_TABLE];
}

/*
 * The index of a magazine id, as links and heads store it. -1 for 0 (none), and for an
 * id of no block.
 */
static int id_index(u32 id)
{
	void **block;
	int m;

	if (!id--)
		return -1;
	block = block_slot(id >> FA_MAG_BLOCK_SHIFT);
	m = block ? mag_index(*block) : -1;
	if (m < 0)
		return -1;
	m += id & FA_MAG_BLOCK_MASK;
	return m < w.nr_mags ? m : -1;
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

static void take_late(void);

static void ctx_main(void)
{
	op_run(&cur->call);
	take_late();
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
		printf("  trim           ");
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

/* Objects out now, including those that a bulk allocation is certain to take. */
static unsigned int out_now(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < w.nr_objs; i++)
		n += w.obj[i] != O_FREE && w.obj[i] != O_NEW;
	for (i = 0; i < CTXS; i++)
		if (ctx[i].used && ctx[i].certain)
			n += bulk_nr - __builtin_popcount(ctx[i].taken);
	return n;
}

/* -R: as if part of the reserve were included in the promised capacity. */
static unsigned long promised(void)
{
	return pool.capacity + less_reserve;
}

static bool takes(const struct ctx *c)
{
	switch (c->call.op) {
	case OP_ALLOC:
	case OP_WAIT:
	case OP_IRQ_WORK:
		return true;
	default:
		return false;
	}
}

/* A waiter that flushes its CPU's cache without the lock keeps none of the objects. */
static bool moves(const struct ctx *c)
{
	return c->call.op == OP_WAIT && c->queued && !c->irq_off;
}

static bool gives(const struct ctx *c)
{
	return c->call.op == OP_FREE || c->call.op == OP_FREE_BULK || c->call.op == OP_GROW;
}

static void settle_write(void)
{
	int i;

	if (!pending_write)
		return;
	i = obj_index(*(void **)pending_write);
	pending_write = NULL;
	if (i < 0 || !((cur->giving | cur->taken) & (1U << i))) {
		hook_bad("what is put back is not what was given");
		return;
	}
	cur->taken &= ~(1U << i);
	cur->giving &= ~(1U << i);
	w.obj[i] = O_FREE;
}

static void take_object(void *obj)
{
	int i = obj_index(obj);

	if (i < 0) {
		hook_bad("what is handed out is not an object");
		return;
	}
	if (w.obj[i] != O_FREE) {
		hook_bad("an object is handed out twice");
		return;
	}
	w.obj[i] = O_TAKEN;
	cur->taken |= 1U << i;
}

/*
 * Counts an object as out as late as possible, in the step after the one that reads it
 * from its magazine, and as free again as early as possible. So no other accounting
 * sees fewer objects out.
 */
static void take_late(void)
{
	u32 i;
	int o;

	/* A bulk call also moves objects. It has taken those in its caller's array. */
	for (i = 0; i < MAX_BULK && cur->call.op == OP_ALLOC_BULK && !*bad; i++) {
		o = obj_index(cur->call.obj[i]);
		if (!cur->call.obj[i] || (o >= 0 && cur->taken & (1U << o)))
			continue;
		note("has taken an object");
		take_object(cur->call.obj[i]);
	}

	for (i = 0; i < cur->nr_late && !*bad; i++) {
		note("has taken an object");
		take_object(cur->late[i]);
	}
	cur->nr_late = 0;
}

static void stop(enum pend pend, const void *addr)
{
	just_read = NULL;
	just_read_long = false;
	cur->pend = pend;
	cur->pend_addr = (void *)addr;
	leave();
	take_late();
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

static void watch(void *addr, size_t size, bool write)
{
	int m;
	size_t off;

	if (!cur)
		return;
	settle_write();
	if ((uintptr_t)addr < 4096) {
		hook_bad("there is no magazine (NULL is accessed)");
		return;
	}
	m = mag_index(addr);
	if (m >= 0) {
		if (!holder(m)) {
			hook_bad("a magazine is accessed by one who does not hold it");
			return;
		}
		off = (char *)addr - (char *)mag_at(m);
		if (off == offsetof(struct fa_mag, n)) {
			if (!write)
				see(H_INT, 0, *(u32 *)addr);
		} else if (off >= sizeof(struct fa_mag)) {
			if (write && gives(cur)) {
				note("puts an object");
				pending_write = addr;
			} else if (!write) {
				see(H_OBJ, 0, (u64)*(void **)addr);
				if (takes(cur) && !moves(cur))
					cur->late[cur->nr_late++] = *(void **)addr;
			}
		}
		return;
	}
	off = (char *)addr - (char *)caches;
	if (off < sizeof(caches)) {
		m = off / sizeof(*caches);
		off %= sizeof(*caches);
		if (off == offsetof(struct fastalloc_cache, slot) ||
		    off == offsetof(struct fastalloc_cache, loaded) ||
		    off == offsetof(struct fastalloc_cache, spare)) {
			if (w.claimed[m] != ctx_index(cur) && cur->call.op != OP_DEAD) {
				hook_bad("a cache is accessed without a claim");
				return;
			}
			if (!write)
				see(H_MAG, 0, *(u64 *)addr);
		} else if (off == offsetof(struct fastalloc_cache, n)) {
			if (!write)
				see(H_INT, 0, *(u32 *)addr);
		}
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

/* The shared cells other than the heads of the stacks. */
static const char *cell_name(const void *addr)
{
	size_t off = (char *)addr - (char *)caches;
	int m = mag_index(addr);

	/*
	 * A context whose head is still current finds the same link, as long as only
	 * the holder of a magazine writes it. A context whose head has changed discards
	 * the link.
	 */
	if (m >= 0)
		return exact ? "next" : NULL;
	if (off < sizeof(caches)) {
		off %= sizeof(*caches);
		if (off == offsetof(struct fastalloc_cache, cap))
			return budget[OP_WAIT] ? "cap" : NULL;
		/* The other members are counters. */
		return off == offsetof(struct fastalloc_cache, n) ? "n" : NULL;
	}
	if (addr == (void *)&pool.waitq.nr)
		return budget[OP_WAIT] ? "nr_waiters" : NULL;
	if (addr == (void *)&pool.percpu.mags.nr)
		return budget[OP_GROW] ? "mags.nr" : NULL;
	if (addr == (void *)&pool.chunks.objects)
		return budget[OP_GROW] ? "objects" : NULL;
	return NULL;
}

/* When the claim ends, the magazines belong to the cache again. */
static void cache_settle(int cpu)
{
	struct fastalloc_cache *c = &caches[cpu];

	if (cpu >= (int)ncpu)
		return;
	w.owner[mag_index(c->loaded)] = CACHED | cpu;
	if (c->spare)
		w.owner[mag_index(c->spare)] = CACHED | cpu;
}

u64 hook_read(const void *addr, size_t size)
{
	const char *cell;
	u64 v;

	if (cur)
		settle_write();
	cell = cell_name(addr);
	if (cur && !cell && mag_index(addr) >= 0)
		see(H_NEXT, 0, load(addr, size));
	if (!cur || !cell)
		return load(addr, size);
	stop(P_READ, addr);
	v = load(addr, size);
	see(mag_index(addr) >= 0 ? H_NEXT : H_INT, 0, v);
	note("reads %s%.0d: %u", cell, 0, (u32)v);
	return v;
}

/* With -a: a cell that no other context reads or writes. */
static bool alone(const void *addr)
{
	return whole && levels == 1 && cur->cpu < ncpu && addr == (void *)&caches[cur->cpu].n;
}

void hook_write(void *addr, size_t size, u64 val)
{
	const char *cell;

	if (cur)
		settle_write();
	cell = cell_name(addr);
	if (cur && mag_index(addr) >= 0 && !holder(mag_index(addr))) {
		hook_bad("a link is written by one who does not hold the magazine");
		return;
	}
	/* Changes under the pool's lock take effect in the step that takes the lock. */
	if (cur && cell && !pool.lock.held && !alone(addr)) {
		stop(P_WRITE, addr);
		note("writes %s: %u", cell, (u32)val);
	}
	memcpy(addr, &val, size);
	if (cur && cur->cpu < ncpu && addr == (void *)&caches[cur->cpu].n &&
	    w.claimed[cur->cpu] == ctx_index(cur)) {
		cache_settle(cur->cpu);
		w.claimed[cur->cpu] = NOBODY;
	}
}

static bool head_counts(int s)
{
	return cur && (s != 2 || budget[OP_ROTATE]);
}

/* Whether entry @back, counted from the end of the history, is of @kind. */
static bool saw(int back, enum seen_kind kind, int idx)
{
	const struct hist *h = &cur->h[cur->nh - back];

	return cur->nh >= back && h->kind == kind && (kind != H_HEAD || h->idx == idx);
}

/* Whether the context has claimed a magazine and searches for it. */
static bool looks_for_claimed(void)
{
	int i = cur->nh;

	while (i && cur->h[i - 1].kind == H_HEAD && cur->h[i - 1].idx)
		i--;
	return i && cur->h[i - 1].kind == H_CLAIMED;
}

s64 hook_head_read(const atomic64_t *v)
{
	int s = stack_index(v), i = cur ? cur->nh : 0;

	if (cur)
		settle_write();
	if (!head_counts(s))
		return v->counter;
	stop(P_HEAD, v);
	/*
	 * A retry of the search for an instant of emptiness: drop the previous attempt.
	 */
	if (!exact && s == 0) {
		while (i && (cur->h[i - 1].kind == H_HEAD || cur->h[i - 1].kind == H_FULL))
			i--;
		if (cur->nh - i >= 3)
			cur->nh = i;
	}
	/*
	 * A search for a claimed magazine that finds the same empty head twice never
	 * ends.
	 */
	if (s == 1 && !(u32)v->counter && cur->call.op != OP_ROTATE && looks_for_claimed()) {
		i = saw(2, H_HEAD, 1) && saw(1, H_HEAD, 2) ? 2 : saw(1, H_HEAD, 1);
		if (!budget[OP_ROTATE] || (i && cur->h[cur->nh - i].v == (u64)v->counter)) {
			hook_bad("what was claimed is not there");
			return 0;
		}
	}
	if (!exact && s == 1 && saw(2, H_HEAD, 1) && saw(1, H_HEAD, 2))
		cur->nh -= 2;
	if (whole)
		just_read = v;
	see(H_HEAD, s, v->counter);
	note("reads head of %s: magazine %d, tag %u", stack_names[s],
	     id_index((u32)v->counter), (u32)(v->counter >> 32));
	return v->counter;
}

bool hook_head_cmpxchg(atomic64_t *v, s64 *old, s64 new)
{
	int s = stack_index(v), m, i;
	bool ok, push;

	if (!head_counts(s)) {
		v->counter = new;
		return true;
	}
	settle_write();
	if (just_read != v)
		stop(P_CMPXCHG, v);
	just_read = NULL;
	ok = v->counter == *old;
	/* A pop has read the link before, a push has not. */
	push = cur->h[cur->nh - 1].kind != H_NEXT;
	i = cur->nh - 1 - !push;
	if (ok) {
		m = id_index(push ? (u32)new : (u32)*old);
		if (m < 0) {
			hook_bad("an id is of no block");
			return false;
		}
		note("%s magazine %d, %s it holds %u", push ? "pushes" : "pops", m,
		     stack_names[s], mag_at(m)->n);
		if (!exact && (u32)(new >> 32) != (u32)(*old >> 32) + 1)
			hook_bad("a head's tag does not count on");
		v->counter = new;
		if (push ? w.owner[m] == NOBODY : w.owner[m] != NOBODY)
			hook_bad("a magazine is in two places");
		w.owner[m] = push ? NOBODY : ctx_index(cur);
		w.flags[m] &= ~M_VIRGIN;
		if (push && cur->call.op == OP_GROW) {
			cur->pushes++;
			cur->nh = cur->base;
			return ok;
		}
		if (!exact)
			cur->nh = i;
		see(push ? H_PUSHED : H_POPPED, s, m);
	} else {
		note("finds the head of %s changed: magazine %d, tag %u", stack_names[s],
		     id_index((u32)v->counter), (u32)(v->counter >> 32));
		*old = v->counter;
		if (!exact)
			cur->nh = i;
		see(H_HEAD, s, v->counter);
	}
	return ok;
}

static bool long_counts(const atomic_long_t *v)
{
	return cur && v == &pool.percpu.nfull && !pool.lock.held;
}

long hook_long_read(const atomic_long_t *v)
{
	if (cur)
		settle_write();
	if (!long_counts(v))
		return v->counter;
	stop(P_READ, v);
	just_read_long = whole;
	see(H_FULL, 0, v->counter);
	note("reads nfull: %ld", v->counter);
	return v->counter;
}

void hook_long_add(atomic_long_t *v, long n)
{
	if (cur)
		settle_write();
	if (long_counts(v)) {
		stop(P_WRITE, v);
		note("adds %ld to nfull", n);
	}
	v->counter += n;
}

bool hook_long_cmpxchg(atomic_long_t *v, long *old, long new)
{
	if (!long_counts(v)) {
		v->counter = new;
		return true;
	}
	settle_write();
	if (!just_read_long)
		stop(P_CMPXCHG, v);
	just_read_long = false;
	/* Only the outcome matters from here on, not the value read. */
	if (!exact && saw(1, H_FULL, 0))
		cur->nh--;
	if (v->counter != *old) {
		note("finds nfull changed: %ld", v->counter);
		*old = v->counter;
		see(H_FULL, 0, v->counter);
		return false;
	}
	note("claims %ld of %ld", *old - new, *old);
	v->counter = new;
	see(H_CLAIMED, 0, 0);
	cur->certain |= cur->call.op == OP_ALLOC_BULK;
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
	if (c->n < FASTALLOC_BUSY)
		w.claimed[cur->cpu] = ctx_index(cur);
	return c;
}

static const char *lock_name(const raw_spinlock_t *lock)
{
	return lock == &pool.lock ? " the pool" : " the waiters";
}

void hook_lock(raw_spinlock_t *lock)
{
	if (cur) {
		settle_write();
		cur->irq_off = true;
		cur->queued = true;
		stop(P_LOCK, lock);
		note("locks%s", lock_name(lock));
		if (lock == &pool.lock && !cur->inserted) {
			see(H_INT, 0, pool.chunks.objects);
			see(H_INT, 0, pool.percpu.mags.nr);
			see(H_INT, 0, pool.percpu.mags.nr_blocks);
			cur->base = cur->nh;
			cur->pushes = 0;
		}
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
		note("unlocks%s", lock_name(lock));
		cur->irq_off = cur->call.op == OP_IRQ_WORK || cur->call.op == OP_FLUSH;
	}
	lock->held = 0;
}

/*
 * Only the lock of the caches is modelled; there is no contention for the list of
 * pools.
 */
void hook_mutex_lock(struct mutex *m)
{
	if (cur && m == &pool.percpu.shut_lock) {
		settle_write();
		stop(P_LOCK, &m->lock);
		note("locks the caches' openness: %u want them shut", pool.percpu.shutters);
		see(H_INT, 0, pool.percpu.shutters);
		m->lock.held = 1;
	}
}

void hook_mutex_unlock(struct mutex *m)
{
	if (cur && m == &pool.percpu.shut_lock) {
		settle_write();
		stop(P_UNLOCK, &m->lock);
		note("unlocks it: %u want them shut", pool.percpu.shutters);
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

void hook_complete(struct completion *c)
{
	struct ctx *to = ctx_of_stack(c);

	c->done = 1;
	to->handed = __builtin_ctz(cur->taken);
	cur->taken = 0;
	note("hands it to a waiter");
}

void hook_sleep(struct completion *c)
{
	settle_write();
	stop(P_SLEEP, c);
	note(c->done ? "wakes with an object" : "times out");
	see(H_INT, 0, c->done);
}

void hook_loop(void)
{
	int i, m = -1;
	static const struct hist none;

	if (!cur)
		return;
	settle_write();
	/*
	 * OP_ROTATE keeps nothing between two turns but the magazine that it holds, if
	 * any.
	 */
	for (i = 0; i < w.nr_mags; i++)
		if (w.owner[i] == ctx_index(cur))
			m = i;
	i = cur->h[0].kind == H_INT && cur->nh ? cur->h[0].v + 1 : 1;
	if (cur->call.op == OP_ROTATE) {
		cur->h[0] = none;
		cur->nh = 0;
		see(H_INT, 0, i);
		if (m >= 0)
			see(H_POPPED, 0, m);
	}
	stop(P_LOOP, NULL);
}

/*
 * The chunk is in the pool: the history of this growth up to here is not needed any
 * more.
 */
void hook_inserted(void)
{
	if (!cur)
		return;
	cur->inserted = true;
	cur->nh = 0;
	cur->base = 0;
	cur->pushes = 0;
}

/* A block of magazines, held by the caller until it has pushed them. */
void *hook_mem(size_t bytes)
{
	unsigned int i, n;
	void *block;

	mag_bytes = pool.percpu.mags.mag_bytes;
	n = bytes / mag_bytes;
	if (w.nr_mags + n > MAX_MAGS || (w.nr_mags + n) * mag_bytes > sizeof(mags)) {
		fprintf(stderr, "explore: too many magazines: raise MAX_MAGS\n");
		exit(2);
	}
	block = mag_at(w.nr_mags);
	for (i = 0; i < n; i++, w.nr_mags++) {
		w.owner[w.nr_mags] = cur ? ctx_index(cur) : NOBODY;
		w.flags[w.nr_mags] = (cur ? M_VIRGIN : 0) | (i ? 0 : M_FIRST);
	}
	note("makes %u magazines", n);
	return block;
}

/* A block that was not needed: its magazines are unusable from now on. */
void hook_mem_free(const void *mem)
{
	int i = mag_index(mem);

	do {
		if (!(w.flags[i] & M_VIRGIN))
			hook_bad("magazines are freed that are in use");
		w.owner[i] = NOBODY;
		w.flags[i] = M_MISSING | M_FIRST;
	} while (++i < w.nr_mags && !(w.flags[i] & M_FIRST));
	note("gives magazines back");
}

/* The first table of further blocks. A second caller gets a table that stays unused. */
void *hook_table(size_t bytes)
{
	static void *table[2][FA_MAG_TABLE];

	if (bytes != sizeof(table[0])) {
		hook_bad("a table of blocks is of another size");
		return NULL;
	}
	return table[w.nr_tables++ ? 1 : 0];
}

void hook_table_free(const void *table)
{
	if (table && table == pool.percpu.mags.more[0])
		hook_bad("a table of blocks is freed that is in use");
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

#define POOL_FROM	offsetof(struct fastalloc_pool, percpu.full)
#define POOL_BYTES	(offsetof(struct fastalloc_pool, waitq.wake) - POOL_FROM)

/* The state that a growth changes beside that. */
struct grown {
	unsigned long	total;
	unsigned long	capacity;
	unsigned long	objects;
	unsigned long	nr;
	u32		nr_blocks;
	void		**more;
	void		*block[MAX_BLOCKS];
};

static void get_grown(struct grown *g)
{
	u32 b;
	void **slot;

	memset(g, 0, sizeof(*g));
	g->total = pool.total;
	g->capacity = pool.capacity;
	g->objects = pool.chunks.objects;
	g->nr = pool.percpu.mags.nr;
	g->nr_blocks = pool.percpu.mags.nr_blocks;
	g->more = pool.percpu.mags.more[0];
	for (b = first_block; b < first_block + MAX_BLOCKS; b++) {
		slot = block_slot(b);
		g->block[b - first_block] = slot ? *slot : NULL;
	}
}

static void set_grown(const struct grown *g)
{
	void **slot;
	u32 b;

	pool.total = g->total;
	pool.capacity = g->capacity;
	pool.chunks.objects = g->objects;
	pool.percpu.mags.nr = g->nr;
	pool.percpu.mags.nr_blocks = g->nr_blocks;
	pool.percpu.mags.more[0] = g->more;
	for (b = first_block; b < first_block + MAX_BLOCKS; b++) {
		slot = block_slot(b);
		if (slot)
			*slot = g->block[b - first_block];
	}
}

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
	struct grown g;
	int i;

	p = put(p, &w, sizeof(w));
	if (budget[OP_GROW]) {
		get_grown(&g);
		p = put(p, &g, sizeof(g));
	}
	p = put(p, (char *)&pool + POOL_FROM, POOL_BYTES);
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
	struct grown g;
	int i;

	p = get(p, &w, sizeof(w));
	if (budget[OP_GROW]) {
		p = get(p, &g, sizeof(g));
		set_grown(&g);
	}
	p = get(p, (char *)&pool + POOL_FROM, POOL_BYTES);
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

static void mix_ctx(const struct ctx *c)
{
	bool stale = false, now;
	int i, s;

	mix(c->call.op | c->pend << 8 | c->asleep << 16 | c->irq_off << 17 | c->reached << 18 |
	    c->timed_out << 19 | c->certain << 20 | (u64)c->cpu << 32 | (u64)c->call.arg << 40);
	if (c->call.op == OP_FREE || c->call.op == OP_FREE_BULK)
		for (i = 0; i < 2; i++)
			mix_obj(c->call.obj[i]);
	if (c->call.op == OP_GROW) {
		for (i = 0; i < MAX_OBJS; i++)
			if (c->giving & (1U << i))
				mix_obj(&objects[i]);
		mix(c->pushes | c->inserted << 8);
	}
	if (c->handed >= 0)
		mix_obj(&objects[c->handed]);
	mix(c->nh);
	for (i = 0; i < c->nh; i++) {
		const struct hist *h = &c->h[i];

		mix(h->kind | h->idx << 8);
		switch (h->kind) {
		case H_INT:
		case H_FULL:
		case H_CLAIMED:
			mix(h->v);
			break;
		case H_HEAD:
			s = h->idx;
			now = (u64)stack_of(s)->head.counter == h->v;
			mix(now | !(u32)h->v << 1);
			if (exact) {
				mix((stack_of(s)->head.counter - h->v) >> 32);
				mix_mag(id_index((u32)h->v));
			}
			stale = !now;
			break;
		case H_NEXT:
			if (!stale || exact)
				mix_mag(id_index((u32)h->v));
			break;
		case H_POPPED:
		case H_PUSHED:
			mix_mag(h->v);
			break;
		case H_MAG:
			mix_mag(mag_index((void *)h->v));
			break;
		case H_OBJ:
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

static const char *check_idle(void)
{
	u8 count[MAX_OBJS] = {}, places[MAX_MAGS] = {};
	unsigned int i, nr_out = 0, nr_there = less_mags, full = 0;
	bool ok = true, waits = false;
	struct fa_mag *m;
	u32 id;

	for (i = 0; i < 4; i++)
		for (id = (u32)stack_of(i)->head.counter; id; id = m->next) {
			m = mag_at(id_index(id));
			places[id_index(id)]++;
			full += i == 1 || i == 2;
			ok &= !holds(m, m->n, count);
		}
	for (i = 0; i < ncpu; i++) {
		if (caches[i].n > magazine)
			return "a cache stays busy, or holds too much";
		places[mag_index(caches[i].loaded)]++;
		ok &= !holds(caches[i].loaded, caches[i].n, count);
		if (!caches[i].spare)
			continue;
		places[mag_index(caches[i].spare)]++;
		ok &= !holds(caches[i].spare, caches[i].spare->n, count);
		if (caches[i].spare->n && caches[i].spare->n != magazine)
			return "a spare magazine is partial";
	}
	if (!ok)
		return "a magazine holds what is not an object";
	for (i = 0; i < w.nr_mags; i++)
		nr_there += !(w.flags[i] & M_MISSING);
	for (i = 0; i < w.nr_mags; i++)
		if (places[i] + !!(w.flags[i] & M_MISSING) != 1)
			return places[i] ? "a magazine is in two places" : "a magazine is lost";
	for (i = 0; i < w.nr_objs; i++) {
		nr_out += w.obj[i] != O_FREE;
		count[i] += w.obj[i] != O_FREE;
		if (count[i] != 1)
			return count[i] ? "an object is in two places" : "an object is lost";
	}
	if (pool.total != w.nr_objs || pool.chunks.objects != w.nr_objs)
		return "the pool counts more objects than it has, or fewer";
	if (pool.percpu.nfull.counter != full)
		return "the pool counts more full magazines than it has, or fewer";
	if (pool.percpu.mags.nr != nr_there)
		return "the pool counts more magazines than it has, or fewer";
	for (i = 0; i < CTXS; i++)
		waits |= ctx[i].used && ctx[i].asleep && ctx[i].handed < 0;
	if (waits && !w.irq_pending && nr_out < promised())
		return "a waiter sleeps although objects are free, and nobody will wake it";
	return NULL;
}

/*
 * Clears unused slots, checks the invariants and hashes the state. Returns NULL, or
 * what is wrong.
 */
static const char *examine(void)
{
	unsigned int i, j, n, partial = 0, empty = 0, bag = 0;
	struct fastalloc_cache *c;
	struct list_head *l;
	const char *what;
	struct fa_mag *m;
	u32 id;
	int k;

	hash = 0x243f6a8885a308d3ULL;
	mag_names = 0;
	obj_names = 0;
	memset(mag_name, 0, sizeof(mag_name));
	memset(obj_name, 0, sizeof(obj_name));

	for (i = 0; i < ncpu; i++) {
		c = &caches[i];
		if (!w.depth[i] && c->n <= magazine) {
			for (j = c->n; j < magazine; j++)
				c->loaded->slot[j] = NULL;
			c->loaded->n = 0xbad;
			for (j = c->spare ? c->spare->n : magazine; j < magazine; j++)
				c->spare->slot[j] = NULL;
		}
		mix(c->n | (u64)c->cap << 32);
		mix_mag(mag_index(c->loaded));
		mix_mag(mag_index(c->slot) == mag_index(c->loaded) ? -1 : mag_index(c->slot));
		mix_mag(mag_index(c->spare));
	}
	for (i = 0; i < 4; i++) {
		n = 0;
		for (id = (u32)stack_of(i)->head.counter; id; id = m->next) {
			k = id_index(id);
			if (k < 0 || n++ > w.nr_mags)
				return "a stack is broken";
			m = mag_at(k);
			if (m->n > magazine)
				return "a magazine holds too much";
			if (i == 0 ? !m->n || m->n == magazine : m->n != (i == 3 ? 0 : magazine))
				return "a magazine is on the wrong stack";
			for (j = m->n; j < magazine; j++)
				m->slot[j] = NULL;
			mix_mag(k);
		}
		if (i == 0)
			partial = n;
		if (i == 3)
			empty = n;
		mix(0x1000 + i);
	}
	if (partial > most_partial)
		most_partial = partial;
	if (empty < shortest_empty)
		shortest_empty = empty;
	/* One for each nesting level of each CPU, and one for trim. */
	if (partial > ncpu * levels + 2)
		return "there are more partial magazines than places";

	if (budget[OP_GROW]) {
		/* Objects that are not added yet do not count. */
		for (i = 0, n = 0; i < w.nr_objs; i++)
			n += w.obj[i] != O_NEW;
		if (pool.total > n)
			return "objects are promised before they are there";
		mix(pool.total | pool.chunks.objects << 16 | pool.percpu.mags.nr << 32 |
		    (u64)pool.percpu.mags.nr_blocks << 48);
		mix(w.nr_objs | w.nr_mags << 8 | pool.lock.held << 16);
	}
	mix(pool.percpu.nfull.counter);
	mix(pool.waitq.nr | (u64)pool.waitq.lock.held << 32 | (u64)w.irq_pending << 40);
	mix(pool.percpu.shutters | (u64)pool.percpu.shut_lock.lock.held << 32);
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
		mix(m->n);
		for (j = 0; j < magazine; j++)
			mix_obj(m->slot[j]);
		if (exact)
			mix_mag(id_index(m->next));
	}
	for (i = 0; i < w.nr_objs; i++)
		bag += w.obj[i] == O_BAG;
	mix(bag);
	if (!idle())
		return NULL;
	what = check_idle();
	return what;
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
	unsigned int i;

	c->call.obj[0] = &objects[w.nr_objs];
	c->call.arg = n;
	for (i = 0; i < n; i++, w.nr_objs++) {
		w.obj[w.nr_objs] = O_NEW;
		c->giving |= 1U << w.nr_objs;
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
	int i, o;

	for (i = 0; i < MAX_BULK && call->op != OP_GROW; i++) {
		o = obj_index(call->obj[i]);
		switch (call->op) {
		case OP_WAIT:
			if (o >= 0 && o == c->handed)
				c->taken |= 1U << o;
			fallthrough;
		case OP_ALLOC:
		case OP_ALLOC_BULK:
			if (o < 0)
				break;
			if (!(c->taken & (1U << o)))
				hook_bad("an allocation returns what it did not take");
			c->taken &= ~(1U << o);
			w.obj[o] = O_BAG;
			break;
		default:
			break;
		}
	}
	if (c->giving)
		hook_bad(call->op == OP_GROW ? "a new object is lost" :
					       "an object that was freed is lost");
	if (c->taken)
		hook_bad("an object that was taken is lost");
	if (call->op == OP_ALLOC && !call->obj[0] && !c->reached)
		hook_bad("an allocation failed though fewer than capacity objects were out");
	if (call->op == OP_WAIT && c->handed >= 0 && !call->obj[0])
		hook_bad("a waiter leaves the object that it was handed");
	if (call->op == OP_DEAD)
		cache_settle(call->arg);
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
		/* OP_ROTATE reads the number of magazines first. */
		if (op == OP_ROTATE)
			c->call.arg = pool.percpu.mags.nr;
		c->irq_off = op == OP_IRQ_WORK || op == OP_FLUSH;
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
		if (ctx[i].used && ctx[i].call.op == OP_ALLOC && n >= promised())
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

static unsigned int choices(u16 *to)
{
	unsigned int cpu, i, n = 0, nested = 0, bag = 0;
	struct ctx *c;
	bool irq_off, dying = false;

	for (i = 0; i < CTXS; i++)
		dying |= ctx[i].used && ctx[i].call.op == OP_DEAD;
	for (i = 0; i < w.nr_objs; i++)
		bag += w.obj[i] == O_BAG;
	for (cpu = 0; cpu < ncpu; cpu++)
		nested += w.depth[cpu] > 1 ? w.depth[cpu] - 1 : 0;

	for (cpu = 0; cpu <= ncpu; cpu++) {
		c = w.depth[cpu] ? &ctx[w.top[cpu][w.depth[cpu] - 1]] : NULL;
		if (c && !(c->pend == P_LOCK && ((raw_spinlock_t *)c->pend_addr)->held))
			to[n++] = CHOICE(GO, 0, ctx_index(c), 0);
		if (cpu == ncpu) {
			if (!c && w.budget[OP_ROTATE])
				to[n++] = CHOICE(BEGIN, OP_ROTATE, 0, cpu);
			break;
		}
		if (w.offline[cpu]) {
			if (!dying)
				to[n++] = CHOICE(ONLINE, 0, 0, cpu);
			continue;
		}
		if (c && (w.depth[cpu] == levels || nested == nest))
			continue;
		irq_off = false;
		for (i = 0; i < w.depth[cpu]; i++)
			irq_off |= ctx[w.top[cpu][i]].irq_off;
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
			for (i = 1; i <= 2 * magazine; i++)
				if (!grow_size || i == grow_size)
					to[n++] = CHOICE(BEGIN, OP_GROW, i, cpu);
		if (c)
			continue;
		if (w.budget[OP_WAIT])
			to[n++] = CHOICE(BEGIN, OP_WAIT, 0, cpu);
		for (i = 0; i < ncpu; i++)
			if (w.budget[OP_DEAD] && i != cpu && !w.offline[i] && !w.depth[i])
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
		"explore [-c CPUS] [-n NESTED] [-m SLOTS] [-C CAPACITY]\n"
		"	[-b N [-N OBJECTS]] [-f N] [-r N] [-d N] [-w N] [-g N [-G OBJECTS] [-B BLOCK]]\n"
		"	[-o N] [-k N] [-R N] [-M N] [-t BITS] [-a] [-x]\n"
		"-n: operations that nest in others at one time; any number of alloc and free,\n"
		"and N of: -b bulk of either (an allocation of -N objects, default 2), -f flush of a CPU, -r rotate (trim), -d CPU dead,\n"
		"-w wait, -g growth by -G objects (default: any number up to two magazines).\n"
		"-B: number of the first block of magazines. -o: N objects are out at the start.\n"
		"-k: but N alloc and free in all. -R, -M: so many objects, magazines less than the code asks for.\n"
		"-t: bits of the table of states. -a: pop and push are one step each. -x: tell apart what should not matter;\n"
		"needs -k, since tags never come again.\n");
	exit(2);
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_segv, .sa_flags = SA_NODEFER | SA_ONSTACK };
	stack_t alt = { .ss_sp = malloc(65536), .ss_size = 65536 };
	struct timespec t0, t1;
	unsigned int i, arg;
	int o, m, rc;

	while ((o = getopt(argc, argv, "c:n:m:C:b:N:f:r:d:w:g:G:B:o:k:R:M:t:ax")) != -1) {
		arg = optarg ? atoi(optarg) : 0;
		switch (o) {
		case 'c':
			ncpu = arg;
			break;
		case 'n':
			nest = arg;
			break;
		case 'm':
			magazine = arg;
			break;
		case 'C':
			capacity = arg;
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
			growing = true;
			break;
		case 'd':
			budget[OP_DEAD] = arg;
			break;
		case 'w':
			budget[OP_WAIT] = arg;
			break;
		case 'g':
			budget[OP_GROW] = arg;
			growing = true;
			break;
		case 'G':
			grow_size = arg;
			break;
		case 'B':
			first_block = arg;
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
	if (!ncpu || ncpu > MAX_CPUS || !magazine || bulk_nr > MAX_BULK || optind != argc)
		usage();

	setvbuf(stdout, NULL, _IOLBF, 0);
	sigaltstack(&alt, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	for (i = 0; i < NR_OPS; i++)
		w.budget[i] = budget[i];
	memset(w.owner, NOBODY, sizeof(w.owner));
	memset(w.claimed, NOBODY, sizeof(w.claimed));

	op_setup(magazine, capacity, growing, first_block);
	w.nr_objs = capacity + pool.reserve;
	if (w.nr_objs + budget[OP_GROW] * (grow_size ?: 2 * magazine) > MAX_OBJS) {
		fprintf(stderr, "explore: too many objects: raise MAX_OBJS\n");
		return 2;
	}
	for (i = 0; i < ncpu; i++)
		cache_settle(i);
	/* -M: magazines that are never usable. */
	for (i = 0; i < less_mags; i++) {
		m = id_index((u32)pool.percpu.empty.head.counter);
		if (m < 0) {
			fprintf(stderr, "explore: so few magazines are not enough to begin\n");
			return 2;
		}
		w.flags[m] |= M_MISSING;
		pool.percpu.empty.head.counter = mag_at(m)->next;
	}
	for (i = 0; i < begin_out && !*bad; i++)
		allocate_one();
	w.ops = max_ops;

	printf("%u CPUs, %u levels, %u nested at a time; ", ncpu, levels, nest);
	printf("%u slots, %u objects, %u promised, %u magazines\n", magazine, w.nr_objs,
	       capacity + less_reserve, w.nr_mags - less_mags);
	clock_gettime(CLOCK_MONOTONIC, &t0);
	rc = search();
	clock_gettime(CLOCK_MONOTONIC, &t1);
	if (rc == 1)
		return 1;
	printf("%s: %lu states, %lu steps, %.1f s; ", rc ? "incomplete" : "ok", nr_states, nr_steps,
	       t1.tv_sec - t0.tv_sec + (t1.tv_nsec - t0.tv_nsec) / 1e9);
	printf("at most %lu partial, at least %lu empty on the stacks\n", most_partial,
	       shortest_empty);
	return rc;
}
