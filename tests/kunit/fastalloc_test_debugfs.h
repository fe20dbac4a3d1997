/* SPDX-License-Identifier: GPL-2.0 */
/* Reads the files of fastalloc in debugfs. Needs fa_root_init() as suite_init. */
#ifndef FASTALLOC_TEST_DEBUGFS_H
#define FASTALLOC_TEST_DEBUGFS_H

#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/uio.h>

#include "fastalloc_test.h"

#define TEXT	SZ_64K

/* Reads a file below debugfs/fastalloc. Returns bytes, or a negative errno. */
static ssize_t read_text(const char *name, char *text)
{
	struct kvec vec = { .iov_base = text, .iov_len = TEXT - 1 };
	struct iov_iter iter;
	struct kiocb iocb;
	struct file *file;
	char path[100];
	ssize_t got, all = 0;

	snprintf(path, sizeof(path), "sys/kernel/debug/fastalloc/%s", name);
	file = file_open_root(&fa_root, path, O_RDONLY, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	/*
	 * debugfs copies only to user memory; the file below it is a seq_file like any
	 * other.
	 */
	init_sync_kiocb(&iocb, file);
	iov_iter_kvec(&iter, READ, &vec, 1, vec.iov_len);
	do {
		got = seq_read_iter(&iocb, &iter);
		all += got;
	} while (got > 0);
	filp_close(file, NULL);
	if (got < 0)
		return got;
	text[all] = '\0';
	return all;
}

static __maybe_unused char *must_read(struct kunit *test, const char *name)
{
	char *text = fa_mem(test, TEXT);
	ssize_t got = read_text(name, text);

	if (got == -ENOENT && read_text("pools", text) == -ENOENT)
		kunit_skip(test, "debugfs is not mounted");
	KUNIT_ASSERT_GT(test, got, (ssize_t)0);
	return text;
}

#endif /* FASTALLOC_TEST_DEBUGFS_H */
