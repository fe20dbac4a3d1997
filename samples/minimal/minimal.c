// SPDX-License-Identifier: GPL-2.0
/*
 * minimal - a small but complete module that uses fastalloc, to be copied
 *
 * Build it against the fastalloc that DKMS has installed for the running kernel
 *	dkms=/var/lib/dkms/fastalloc/kernel-$(uname -r)-$(uname -m)
 *	make FASTALLOC=$dkms/../../source SYMVERS=$dkms/Module.symvers
 * or against a checkout in which "make" has been run
 *	make FASTALLOC=<checkout>
 * and load it as root (with a checkout, "insmod <checkout>/fastalloc.ko" comes first)
 *	modprobe fastalloc; insmod minimal.ko; rmmod minimal; dmesg | tail -n 2
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/fastalloc.h>

#define NR_ITEMS 16

struct item { unsigned int id; char data[60]; };

static struct fastalloc_pool *pool;
static struct item *items[NR_ITEMS];

static void items_free(void)
{
	unsigned int i;

	for (i = 0; i < NR_ITEMS; i++)
		fastalloc_free(pool, items[i]);	/* a NULL is ignored */
}

static int __init minimal_init(void)
{
	unsigned int i;

	pool = fastalloc_pool_create(&FASTALLOC_CONFIG(struct item, .name = "minimal",
						       .capacity = NR_ITEMS));
	if (IS_ERR(pool))
		return PTR_ERR(pool);

	for (i = 0; i < NR_ITEMS; i++) {
		items[i] = fastalloc_alloc(pool, GFP_KERNEL);
		if (!items[i]) {
			items_free();
			fastalloc_pool_destroy(pool);
			return -ENOMEM;
		}
		items[i]->id = i;
	}
	pr_info("%lu items allocated\n", fastalloc_pool_allocated(pool));
	return 0;
}
module_init(minimal_init);

static void __exit minimal_exit(void)
{
	items_free();
	pr_info("%lu items allocated\n", fastalloc_pool_allocated(pool));
	fastalloc_pool_destroy(pool);
}
module_exit(minimal_exit);

MODULE_DESCRIPTION("A minimal consumer of fastalloc");
MODULE_LICENSE("GPL");
FASTALLOC_IMPORT_NS();
