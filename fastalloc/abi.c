// SPDX-License-Identifier: GPL-2.0
/*
 * Checks that the inline code of a consumer, which accesses structures of this module, was
 * compiled for their layout. Symbol versions would detect a mismatch, too, but not every
 * kernel has them.
 */
#define pr_fmt(fmt) "fastalloc: " fmt

#include <linux/build_bug.h>
#include <linux/fastalloc.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/printk.h>

#include "abi.h"

/* The members of struct fastalloc_abi, in order. */
static const char * const fa_abi_names[] = {
	"size of struct fastalloc_abi",
	"version of the inline code",
	"FASTALLOC_BUSY",
	"offset of fastalloc_head.cache",
	"offset of fastalloc_head.window.top",
	"offset of fastalloc_head.window.low",
	"offset of fastalloc_head.window.end",
	"offset of fastalloc_head.allocs",
	"offset of fastalloc_head.frees",
	"offset of fastalloc_cache.n",
	"offset of fastalloc_cache.cap",
	"offset of fastalloc_cache.slot",
	"offset of fastalloc_cache.allocs",
	"offset of fastalloc_cache.frees",
	"size of struct fastalloc_cache",
	"size of struct fastalloc_config",
	"offset of fastalloc_config.sync",
	"offset of fastalloc_config.flags",
	"size of struct fastalloc_stats",
	"offset of fastalloc_head.zero_size",
};

/* Logs the first member that differs. */
bool fa_abi_fits(const struct fastalloc_abi *abi, const struct module *owner)
{
	static const struct fastalloc_abi mine = FASTALLOC_ABI_INIT;
	const u32 *theirs = &abi->size, *ours = &mine.size;
	unsigned int i;

	BUILD_BUG_ON(sizeof(mine) != ARRAY_SIZE(fa_abi_names) * sizeof(u32));
	for (i = 0; i < ARRAY_SIZE(fa_abi_names); i++) {
		/* The size comes first, so a member that is not there is never read. */
		if (likely(theirs[i] == ours[i]))
			continue;
		pr_err_ratelimited("module %s was built against another <linux/fastalloc.h> (%s: %u, not %u): rebuild it\n",
				   owner ? owner->name : "(built in)", fa_abi_names[i],
				   theirs[i], ours[i]);
		return false;
	}
	return true;
}
