/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The directory of the module in debugfs.
 */
#ifndef FLOWMETER_DEBUGFS_H
#define FLOWMETER_DEBUGFS_H

void flow_debugfs_create(void);
void flow_debugfs_remove(void);

#endif
