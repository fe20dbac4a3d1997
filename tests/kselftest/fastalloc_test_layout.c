// SPDX-License-Identifier: GPL-2.0
/*
 * A consumer built against another layout of the public header: a copy in which two
 * fields that the inline fast path uses are swapped (see Kbuild). Creating a pool must
 * fail before that code can do harm, and so must loading this module.
 */
#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/stddef.h>

#include "fastalloc_swapped.h"

static struct fastalloc_pool *pool;

static int __init test_layout_init(void)
{
	/* Fails if the fields were not swapped. */
	BUILD_BUG_ON(offsetof(struct fastalloc_cache, cap) >
		     offsetof(struct fastalloc_cache, n));

	pool = fastalloc_pool_create(&FASTALLOC_CONFIG(u64,
						       .name = "test-layout",
						       .capacity = 64));
	return PTR_ERR_OR_ZERO(pool);
}

static void __exit test_layout_exit(void)
{
	fastalloc_pool_destroy(pool);
}

module_init(test_layout_init);
module_exit(test_layout_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("fastalloc selftest: built against another header");
FASTALLOC_IMPORT_NS();
