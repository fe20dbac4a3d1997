/* SPDX-License-Identifier: GPL-2.0 */
/* What a config may say: see config.c. */
#ifndef FASTALLOC_CONFIG_H
#define FASTALLOC_CONFIG_H

#include <linux/fastalloc.h>
#include <linux/printk.h>

#define FA_FLAGS_INIT (FASTALLOC_F_INIT_ON_ALLOC | FASTALLOC_F_INIT_ON_FREE)

/*
 * One line that names pool, field and value; and the errno to answer with. Each reason
 * has a limit of its own, so that a module that tries again and again does not hide
 * what is wrong with another pool.
 */
#define fa_refuse(cfg, err, fmt, ...) ({				\
	pr_err_ratelimited("pool %s: " fmt "\n", (cfg)->name, ##__VA_ARGS__);	\
	err;								\
})

/* The words of a config, for logs and debugfs. */
extern const char * const fa_sync_names[3];
extern const char * const fa_order_names[3];
extern const char * const fa_backing_names[3];
extern const char * const fa_growth_names[4];

int fa_check_config(struct fastalloc_config *cfg);

#endif /* FASTALLOC_CONFIG_H */
