/* SPDX-License-Identifier: GPL-2.0 */
/* What the calling context allows. */
#ifndef FASTALLOC_CONTEXT_H
#define FASTALLOC_CONTEXT_H

#include <linux/irqflags.h>
#include <linux/kconfig.h>
#include <linux/preempt.h>

/*
 * May the caller take a spinlock, as the debugging aids of the kernel do? Never in NMI. On
 * PREEMPT_RT, and with CONFIG_PROVE_RAW_LOCK_NESTING, only if no raw lock is held. That
 * cannot be detected, so require that preemption is on, or, without PREEMPT_RT, that a softirq
 * runs with interrupts on. If that softirq holds a raw lock, which is rare, lockdep reports
 * the spinlock.
 */
static inline bool fa_may_lock(void)
{
	if (in_nmi())
		return false;
	if (!IS_ENABLED(CONFIG_PREEMPT_RT) && !IS_ENABLED(CONFIG_PROVE_RAW_LOCK_NESTING))
		return true;
	return preemptible() || (!IS_ENABLED(CONFIG_PREEMPT_RT) && in_serving_softirq() &&
				 !irqs_disabled());
}

#endif /* FASTALLOC_CONTEXT_H */
