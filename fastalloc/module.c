// SPDX-License-Identifier: GPL-2.0
/* Module load and unload. */
#define pr_fmt(fmt) "fastalloc: " fmt

#include <linux/module.h>
#include <linux/printk.h>

#include "debug.h"
#include "debugfs.h"
#include "growth.h"
#include "module.h"
#include "percpu.h"
#include "sysfs.h"

const char fa_version[] = FASTALLOC_VERSION;

/* Logs the kernel options that are off, and what is limited without them. */
static void __init fa_say_missing(void)
{
	if (!IS_ENABLED(CONFIG_DEBUG_FS))
		pr_info("no CONFIG_DEBUG_FS: pools are not shown, totals are in /sys/kernel/fastalloc\n");
	if (!IS_ENABLED(CONFIG_GLOB))
		pr_info("no CONFIG_GLOB: patterns of debug= are names, or their beginning and *\n");
	if (!IS_ENABLED(CONFIG_KALLSYMS))
		pr_info("no CONFIG_KALLSYMS: reports show addresses, not functions\n");
	if (!IS_ENABLED(CONFIG_TRACEPOINTS))
		pr_info("no CONFIG_TRACEPOINTS: there are no trace events\n");
	if (!IS_ENABLED(CONFIG_STACKDEPOT))
		pr_info("no CONFIG_STACKDEPOT: check U keeps callers, not their stacks\n");
}

static int __init fastalloc_init(void)
{
	int err;

	err = fa_growth_init();
	if (err)
		return err;
	err = fa_percpu_module_init();
	if (err)
		goto err_growth;
	err = fa_sysfs_init();
	if (err)
		goto err_percpu;
	fa_debugfs_init();
	fa_debug_init();
	fa_say_missing();
	return 0;

err_percpu:
	fa_percpu_module_exit();
err_growth:
	fa_growth_exit();
	return err;
}

static void __exit fastalloc_exit(void)
{
	/* Every pool holds a reference to the module, so no pool is left. */
	fa_debug_exit();
	fa_debugfs_exit();
	fa_sysfs_exit();
	fa_percpu_module_exit();
	fa_growth_exit();
}

module_init(fastalloc_init);
module_exit(fastalloc_exit);

MODULE_AUTHOR("The fastalloc authors");
MODULE_DESCRIPTION("Pools of fixed-size objects for kernel modules");
MODULE_LICENSE("GPL");
MODULE_VERSION(FASTALLOC_VERSION);
