/* SPDX-License-Identifier: GPL-2.0 */
/* Last users of an object, and reports of faults and leaks: see report.c. */
#ifndef FASTALLOC_REPORT_H
#define FASTALLOC_REPORT_H

#include <linux/kernel.h>
#include <linux/stackdepot.h>
#include <linux/stacktrace.h>
#include <linux/types.h>

#include "chunk.h"
#include "compat.h"
#include "context.h"

/* Number of frames to keep of a stack. */
#define FA_TRACK_DEPTH	16

struct fastalloc_pool;

/**
 * struct fa_track - the last allocation or free of an object
 * @stack: its stack, or 0 if it could not be saved
 * @pid: of the task
 * @ip: the caller of fastalloc
 * @when: time in jiffies
 * @cpu: the CPU
 * @valid: the other members are set
 */
struct fa_track {
	depot_stack_handle_t	stack;
	pid_t			pid;
	unsigned long		ip;
	unsigned long		when;
	unsigned int		cpu;
	bool			valid;
};

enum { FA_TRACK_ALLOC, FA_TRACK_FREE, FA_TRACKS };

/* The track of slot @i: @which is FA_TRACK_ALLOC or FA_TRACK_FREE. */
static inline struct fa_track *fa_track(const struct fa_chunk *chunk, unsigned int i, int which)
{
	return &chunk->track[i * FA_TRACKS + which];
}

/* The frames of a stack; returns their number. */
static inline unsigned int fa_stack_fetch(depot_stack_handle_t stack, unsigned long **frames)
{
#ifdef CONFIG_STACKDEPOT
	return stack_depot_fetch(stack, frames);
#else
	return 0;
#endif
}

/* Initializes the stack depot. */
static inline int fa_stack_init(void)
{
#ifdef CONFIG_STACKDEPOT
	return stack_depot_init();
#else
	return 0;
#endif
}

/*
 * Saves the stack from the caller of the calling function on; returns 0 if it cannot.
 * Inline, since each frame costs some thousand instructions to unwind.
 */
static __always_inline depot_stack_handle_t fa_stack_save(void)
{
#ifdef CONFIG_STACKDEPOT
	/* Not with interrupts off, as a page allocation may wake kswapd. */
	bool alloc = fa_may_lock() && !irqs_disabled();
	unsigned long entries[FA_TRACK_DEPTH];
	unsigned int nr;

	/* The depot takes a raw lock. */
	if (in_nmi())
		return 0;
	nr = stack_trace_save(entries, ARRAY_SIZE(entries), 1);
	return fa_depot_save(entries, nr, alloc);
#else
	return 0;
#endif
}

void fa_track_save(struct fa_chunk *chunk, unsigned int i, int which, unsigned long ip,
		   depot_stack_handle_t stack);
void fa_fault(struct fastalloc_pool *pool, const char *what, const void *obj,
	      struct fa_chunk *chunk, const u8 *spoilt);
void fa_report_leaks(struct fastalloc_pool *pool);

#endif /* FASTALLOC_REPORT_H */
