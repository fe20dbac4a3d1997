// SPDX-License-Identifier: GPL-2.0
/*
 * The smallest consumer: a module that cannot load without fastalloc and that keeps a
 * pool, and one object of it, as long as it is loaded.
 */
#include <linux/err.h>
#include <linux/fastalloc.h>
#include <linux/module.h>
#include <linux/types.h>

struct test_dep_item {
	u64 key;
	u64 value;
};

static struct fastalloc_pool *pool;
static struct test_dep_item *item;

static int __init test_dep_init(void)
{
	pool = fastalloc_pool_create(&FASTALLOC_CONFIG(struct test_dep_item,
						       .name = "test-dep",
						       .sync = FASTALLOC_SYNC_SPINLOCK,
						       .capacity = 4));
	if (IS_ERR(pool))
		return PTR_ERR(pool);

	item = fastalloc_zalloc(pool, GFP_KERNEL);
	if (!item) {
		fastalloc_pool_destroy(pool);
		return -ENOMEM;
	}
	return 0;
}

static void __exit test_dep_exit(void)
{
	fastalloc_free(pool, item);
	fastalloc_pool_destroy(pool);
}

module_init(test_dep_init);
module_exit(test_dep_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("fastalloc selftest: a module that depends on fastalloc");
FASTALLOC_IMPORT_NS();
