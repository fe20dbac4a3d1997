// SPDX-License-Identifier: GPL-2.0
/* Operations between marks, one copy for each allocator. */
#include <linux/atomic.h>
#include <linux/irqflags.h>
#include <linux/percpu.h>

#include "marks.h"
#include "ops.h"
#include "transfers.h"

static __always_inline void bench_mark(unsigned int nr)
{
#if defined(CONFIG_X86) || defined(CONFIG_UML_X86)
	asm volatile(BENCH_MARK_ASM : : "i" (nr) : "memory");
#else
	/* There is no plugin that could see a mark. */
	barrier();
#endif
}

static __always_inline void *marked_alloc(enum bench_id id, struct bench *b)
{
	unsigned int size = b->size;
	void *h = b->handle[id], *obj;
	unsigned long flags;

	local_irq_save(flags);
	bench_mark(BENCH_MARK_BEGIN);
	obj = ops_alloc(id, h, size, BENCH_GFP);
	bench_mark(BENCH_MARK_END);
	local_irq_restore(flags);
	cpu_relax();
	return obj;
}

static __always_inline void marked_free(enum bench_id id, struct bench *b, void *obj)
{
	unsigned int size = b->size;
	void *h = b->handle[id];
	unsigned long flags;

	local_irq_save(flags);
	bench_mark(BENCH_MARK_BEGIN);
	ops_free(id, h, size, obj);
	bench_mark(BENCH_MARK_END);
	local_irq_restore(flags);
	cpu_relax();
}

#define BENCH_MARKED(id)					\
static void *alloc_##id(struct bench *b)			\
{								\
	return marked_alloc(BENCH_##id, b);			\
}								\
static void free_##id(struct bench *b, void *obj)		\
{								\
	marked_free(BENCH_##id, b, obj);			\
}

#define BENCH_MARKED_ENTRY(id)					\
	[BENCH_##id] = { alloc_##id, free_##id }

BENCH_MARKED(INLINE)
BENCH_MARKED(CALL)
BENCH_MARKED(SPINLOCK)
BENCH_MARKED(KMEM_CACHE)
BENCH_MARKED(KMALLOC_32)
BENCH_MARKED(KMALLOC_64)
BENCH_MARKED(KMALLOC_256)
BENCH_MARKED(KMALLOC_1024)
BENCH_MARKED(KMALLOC_4096)
BENCH_MARKED(MEMPOOL)
BENCH_MARKED(OBJPOOL)
BENCH_MARKED(GEN_POOL)
BENCH_MARKED(DMA_POOL)

/* Pools of sync NONE are missing: they allow one caller at a time. */
const struct bench_marked bench_marked[BENCH_NR] = {
	BENCH_MARKED_ENTRY(INLINE),
	BENCH_MARKED_ENTRY(CALL),
	BENCH_MARKED_ENTRY(SPINLOCK),
	BENCH_MARKED_ENTRY(KMEM_CACHE),
	BENCH_MARKED_ENTRY(KMALLOC_32),
	BENCH_MARKED_ENTRY(KMALLOC_64),
	BENCH_MARKED_ENTRY(KMALLOC_256),
	BENCH_MARKED_ENTRY(KMALLOC_1024),
	BENCH_MARKED_ENTRY(KMALLOC_4096),
	BENCH_MARKED_ENTRY(MEMPOOL),
	BENCH_MARKED_ENTRY(OBJPOOL),
	BENCH_MARKED_ENTRY(GEN_POOL),
	BENCH_MARKED_ENTRY(DMA_POOL),
};

static atomic_t shared ____cacheline_aligned;
static DEFINE_PER_CPU_ALIGNED(unsigned long, own);

void bench_count_shared(void)
{
	unsigned long flags;

	local_irq_save(flags);
	bench_mark(BENCH_MARK_BEGIN);
	atomic_inc(&shared);
	bench_mark(BENCH_MARK_END);
	local_irq_restore(flags);
	cpu_relax();
}

void bench_count_percpu(void)
{
	unsigned long flags;

	local_irq_save(flags);
	bench_mark(BENCH_MARK_BEGIN);
	this_cpu_inc(own);
	bench_mark(BENCH_MARK_END);
	local_irq_restore(flags);
	cpu_relax();
}

void bench_marks_arm(void)
{
	bench_mark(BENCH_MARK_ARM);
}

void bench_marks_reset(void)
{
	bench_mark(BENCH_MARK_RESET);
}

void bench_marks_report(void)
{
	bench_mark(BENCH_MARK_REPORT);
}
