/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The netfilter hooks that see the packets.
 */
#ifndef FLOWMETER_HOOKS_H
#define FLOWMETER_HOOKS_H

int flow_hooks_register(void);
void flow_hooks_unregister(void);

#endif
