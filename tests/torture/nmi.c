// SPDX-License-Identifier: GPL-2.0
/* Non-maskable interrupts, sent through the local APIC of x86. */
#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/smp.h>

#include "torture.h"

#ifdef CONFIG_X86_LOCAL_APIC

#include <asm/apic.h>
#include <asm/apicdef.h>
#include <asm/msr-index.h>
#include <asm/nmi.h>
#include <asm/smp.h>

/*
 * When the last NMI that has not arrived yet was sent, in jiffies, or 0: two would
 * merge.
 */
static DEFINE_PER_CPU(atomic_long_t, nmi_due);
static void (*nmi_fn)(void);

static int nmi_handler(unsigned int cmd, struct pt_regs *regs)
{
	if (!atomic_long_xchg(this_cpu_ptr(&nmi_due), 0))
		return NMI_DONE;
	nmi_fn();
	return NMI_HANDLED;
}

bool torture_nmi_begin(void (*fn)(void))
{
	nmi_fn = fn;
	return !register_nmi_handler(NMI_LOCAL, nmi_handler, 0, "fastalloc_torture");
}

static bool nmi_any_due(void)
{
	int cpu;

	for_each_online_cpu(cpu)
		if (atomic_long_read(per_cpu_ptr(&nmi_due, cpu)))
			return true;
	return false;
}

/* No CPU sends NMIs any more. An NMI that was sent to a dying CPU never arrives. */
void torture_nmi_end(void)
{
	unsigned long end = jiffies + HZ;

	while (nmi_any_due() && time_before(jiffies, end))
		cpu_relax();
	unregister_nmi_handler(NMI_LOCAL, "fastalloc_torture");
}

static void icr_write(u32 low, u32 dest)
{
	u32 base, high;

	asm volatile("rdmsr" : "=a" (base), "=d" (high) : "c" (MSR_IA32_APICBASE));
	if (base & X2APIC_ENABLE) {
		asm volatile("mfence; wrmsr" : : "a" (low), "d" (dest),
			     "c" (APIC_BASE_MSR + (APIC_ICR >> 4)) : "memory");
		return;
	}
	while (native_apic_mem_read(APIC_ICR) & APIC_ICR_BUSY)
		cpu_relax();
	native_apic_mem_write(APIC_ICR2, dest << 24);
	native_apic_mem_write(APIC_ICR, low);
}

/* @cpu may be this one. The caller has preemption off, and @cpu is online. */
void torture_nmi_send(unsigned int cpu)
{
	atomic_long_t *due = per_cpu_ptr(&nmi_due, cpu);
	unsigned long flags, old = atomic_long_read(due);

	/*
	 * An NMI that was lost because its CPU went down must not block all later ones.
	 */
	if (old && time_before(jiffies, old + HZ / 10))
		return;
	local_irq_save(flags);
	if (atomic_long_cmpxchg(due, old, jiffies | 1) == old)
		icr_write(APIC_DM_NMI, per_cpu(x86_cpu_to_apicid, cpu));
	local_irq_restore(flags);
}

#else

bool torture_nmi_begin(void (*fn)(void))
{
	return false;
}

void torture_nmi_end(void)
{
}

void torture_nmi_send(unsigned int cpu)
{
}

#endif
