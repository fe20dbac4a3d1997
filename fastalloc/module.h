/* SPDX-License-Identifier: GPL-2.0 */
/* The module: see module.c. */
#ifndef FASTALLOC_MODULE_H
#define FASTALLOC_MODULE_H

extern const char fa_version[];

#endif /* FASTALLOC_MODULE_H */
