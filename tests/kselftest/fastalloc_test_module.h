/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the test modules: a directory in debugfs that is named after the module,
 * files in it that take commands or show reports, commands that set numbers by
 * KEY=VALUE, and the module's init and exit.
 */
#ifndef FASTALLOC_TEST_MODULE_H
#define FASTALLOC_TEST_MODULE_H

#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fastalloc.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

/**
 * struct fa_test_key - a variable that a command sets by KEY=VALUE
 * @name: the key
 * @value: the variable
 * @size: of the variable; 0: it is a string
 * @standard: its default
 */
struct fa_test_key {
	const char	*name;
	void		*value;
	size_t		size;
	u64		standard;
};

#define FA_TEST_KEY(_name, _var, _standard)				\
	{ .name = (_name), .value = &(_var), .size = sizeof(_var),	\
	  .standard = (_standard) }
#define FA_TEST_KEY_STRING(_name, _var)	{ .name = (_name), .value = &(_var) }

static inline void fa_test_set(const struct fa_test_key *key, u64 value)
{
	switch (key->size) {
	case 0:
		*(char **)key->value = NULL;
		break;
	case sizeof(u32):
		*(u32 *)key->value = value;
		break;
	case sizeof(u64):
		*(u64 *)key->value = value;
		break;
	}
}

static inline int fa_test_parse(const struct fa_test_key *keys, unsigned int nr,
				char *word)
{
	char *text = strchr(word, '=');
	unsigned int i;
	u64 value;
	int err;

	if (!text)
		return -EINVAL;
	*text++ = '\0';
	for (i = 0; i < nr; i++)
		if (!strcmp(word, keys[i].name))
			break;
	if (i == nr)
		return -ENOENT;
	if (!keys[i].size) {
		*(char **)keys[i].value = text;
		return 0;
	}
	err = kstrtou64(text, 0, &value);
	if (!err)
		fa_test_set(&keys[i], value);
	return err;
}

/* Sets all variables: those that @args does not name get their default. */
static inline int fa_test_keys(const struct fa_test_key *keys, unsigned int nr,
			       char *args)
{
	unsigned int i;
	char *word;
	int err;

	for (i = 0; i < nr; i++)
		fa_test_set(&keys[i], keys[i].standard);
	while ((word = strsep(&args, " "))) {
		err = fa_test_parse(keys, nr, word);
		if (err) {
			pr_err("%s: cannot set '%s'\n", KBUILD_MODNAME, word);
			return err;
		}
	}
	return 0;
}

/**
 * struct fa_test_file - a file in the module's directory
 * @name: its name
 * @command: called with the text written, without surrounding white space
 * @print: prints the contents of the file
 * @fops: used instead of the two
 * @unlocked: several commands may run at once
 */
struct fa_test_file {
	const char			*name;
	int				(*command)(char *cmd);
	void				(*print)(struct seq_file *m);
	const struct file_operations	*fops;
	bool				unlocked;
};

/* A file for int NAME_command(char *cmd). */
#define FA_TEST_COMMAND(_name)		{ .name = #_name, .command = _name##_command }
/* A file for void NAME_print(struct seq_file *m). */
#define FA_TEST_REPORT(_name)		{ .name = #_name, .print = _name##_print }

/* Held during commands and reports. */
static DEFINE_MUTEX(fa_test_lock);
static struct dentry *fa_test_dir;

static ssize_t fa_test_write(struct file *file, const char __user *ubuf, size_t len,
			     loff_t *ppos)
{
	const struct fa_test_file *f = file->private_data;
	char *cmd;
	int err;

	if (len > PAGE_SIZE)
		return -E2BIG;
	cmd = memdup_user_nul(ubuf, len);
	if (IS_ERR(cmd))
		return PTR_ERR(cmd);
	if (!f->unlocked)
		mutex_lock(&fa_test_lock);
	err = f->command(strim(cmd));
	if (!f->unlocked)
		mutex_unlock(&fa_test_lock);
	kfree(cmd);
	return err ?: len;
}

static const struct file_operations fa_test_command_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = fa_test_write,
};

static int fa_test_report_show(struct seq_file *m, void *v)
{
	const struct fa_test_file *f = m->private;

	mutex_lock(&fa_test_lock);
	f->print(m);
	mutex_unlock(&fa_test_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(fa_test_report);

static int fa_test_begin(int (*setup)(void), const struct fa_test_file *f, unsigned int nr)
{
	int err = setup ? setup() : 0;

	if (err)
		return err;
	fa_test_dir = debugfs_create_dir(KBUILD_MODNAME, NULL);
	for (; nr--; f++) {
		if (f->fops)
			debugfs_create_file(f->name, 0600, fa_test_dir, NULL, f->fops);
		else if (f->command)
			debugfs_create_file(f->name, 0200, fa_test_dir, (void *)f,
					    &fa_test_command_fops);
		else
			debugfs_create_file(f->name, 0400, fa_test_dir, (void *)f,
					    &fa_test_report_fops);
	}
	return 0;
}

static void fa_test_end(void (*cleanup)(void))
{
	debugfs_remove_recursive(fa_test_dir);
	if (cleanup)
		cleanup();
}

/*
 * The module itself: @setup runs before its files are created and @cleanup after they
 * are removed; either may be NULL. The rest are the files.
 */
#define FA_TEST_MODULE(name, description, setup, cleanup, ...)		\
static const struct fa_test_file name##_files[] = { __VA_ARGS__ };	\
									\
static int __init name##_init(void)					\
{									\
	return fa_test_begin(setup, name##_files,			\
			     ARRAY_SIZE(name##_files));			\
}									\
									\
static void __exit name##_exit(void)					\
{									\
	fa_test_end(cleanup);						\
}									\
									\
module_init(name##_init);						\
module_exit(name##_exit);						\
MODULE_LICENSE("GPL");							\
MODULE_DESCRIPTION(description);					\
FASTALLOC_IMPORT_NS()

#endif /* FASTALLOC_TEST_MODULE_H */
