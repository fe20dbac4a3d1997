// SPDX-License-Identifier: GPL-2.0
/// Functions that report the context return nonzero, which is not 1 on every
/// architecture: irqs_disabled() is PSR_I_BIT on arm64, in_hardirq() a mask of bits.
/// The result may be tested, and stored in a bool, but not counted or compared.
// Confidence: High

virtual report

@r@
identifier f = {in_atomic, in_hardirq, in_interrupt, in_nmi, in_serving_softirq, in_softirq,
		in_task, irqs_disabled, irqs_disabled_flags, irq_count, softirq_count,
		hardirq_count, nmi_count, signal_pending, need_resched};
assignment operator a = {+=, -=, *=};
binary operator b = {+, -, *, ==, !=, <, >, <=, >=};
expression x;
position p;
@@
(
  x a f@p(...)
|
  x b f@p(...)
|
  f@p(...) b x
)

@script:python depends on report@
f << r.f;
p << r.p;
@@
coccilib.report.print_report(p[0], f + "() is not zero, not 1, where it is true")
