/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Marks in the code that the gauge of transfers counts: long NOPs, nopl disp32(%rax),
 * whose displacement no compiler emits. Included by the module and by the plugin.
 */
#ifndef FASTALLOC_BENCH_MARKS_H
#define FASTALLOC_BENCH_MARKS_H

#define BENCH_MARK_ARM		1	/* from here on the plugin follows accesses */
#define BENCH_MARK_BEGIN	2	/* this CPU's accesses count */
#define BENCH_MARK_END		3	/* and no longer */
#define BENCH_MARK_RESET	4	/* counters to zero; CPUs keep their lines */
#define BENCH_MARK_REPORT	5	/* the plugin writes a line */

/* For asm(), with the number as a constant; the plugin knows the same bytes. */
#define BENCH_MARK_ASM	".byte 0x0f, 0x1f, 0x80, %c0, 0x5a, 0xa5, 0x7f"

#endif /* FASTALLOC_BENCH_MARKS_H */
