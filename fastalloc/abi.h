/* SPDX-License-Identifier: GPL-2.0 */
/* Whether the inline code of a consumer matches this module: see abi.c. */
#ifndef FASTALLOC_ABI_H
#define FASTALLOC_ABI_H

#include <linux/types.h>

struct fastalloc_abi;
struct module;

bool fa_abi_fits(const struct fastalloc_abi *abi, const struct module *owner);

#endif /* FASTALLOC_ABI_H */
