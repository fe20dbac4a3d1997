/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FASTALLOC_TORTURE_H
#define FASTALLOC_TORTURE_H

#include <linux/types.h>

/* nmi.c: non-maskable interrupts, where there are such. */
bool torture_nmi_begin(void (*fn)(void));
void torture_nmi_end(void);
void torture_nmi_send(unsigned int cpu);

#endif /* FASTALLOC_TORTURE_H */
