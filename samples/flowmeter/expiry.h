/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The worker that frees idle flows.
 */
#ifndef FLOWMETER_EXPIRY_H
#define FLOWMETER_EXPIRY_H

void flow_expiry_start(void);
void flow_expiry_stop(void);

#endif
