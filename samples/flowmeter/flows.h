/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The debugfs file "flows".
 */
#ifndef FLOWMETER_FLOWS_H
#define FLOWMETER_FLOWS_H

#include <linux/fs.h>

extern const struct file_operations flow_flows_fops;

#endif
