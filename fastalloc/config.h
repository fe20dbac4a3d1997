/* SPDX-License-Identifier: GPL-2.0 */
/* Validation of a config: see config.c. */
#ifndef FASTALLOC_CONFIG_H
#define FASTALLOC_CONFIG_H

#include <linux/fastalloc.h>
#include <linux/printk.h>

#define FA_FLAGS_INIT (FASTALLOC_F_INIT_ON_ALLOC | FASTALLOC_F_INIT_ON_FREE)

/*
 * Logs one line with pool, field and value; returns the errno. Each reason has its own rate
 * limit, so that a module that retries does not hide the errors of another pool.
 */
#define fa_refuse(cfg, err, fmt, ...) ({				\
	pr_err_ratelimited("pool %s: " fmt "\n", (cfg)->name, ##__VA_ARGS__);	\
	err;								\
})

/* The names of config values, for logs and debugfs. */
extern const char * const fa_sync_names[3];
extern const char * const fa_order_names[3];
extern const char * const fa_backing_names[3];
extern const char * const fa_growth_names[4];

/* The names of the flags, by bit. */
#define FA_FLAG_NAMES	19
extern const char * const fa_flag_names[FA_FLAG_NAMES];

int fa_check_config(struct fastalloc_config *cfg);

#endif /* FASTALLOC_CONFIG_H */
