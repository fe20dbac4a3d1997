// SPDX-License-Identifier: GPL-2.0
/* The files json in the directory of fastalloc in debugfs. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "source.h"

static enum exit_status fail_errno(struct fail *f, const char *path, int err)
{
	/* EPERM is what a locked down kernel answers. */
	if (err == EACCES || err == EPERM)
		return fail_set(f, ST_PERMISSION, "%s: no permission to read it: %s; run as root",
				path, strerror(err));
	return fail_set(f, ST_ERROR, "%s: %s", path, strerror(err));
}

static bool is_debugfs(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && fs.f_type == DEBUGFS_MAGIC;
}

/* The directory on which debugfs is to be mounted is empty until it is. */
static bool is_empty(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *d;
	bool empty = true;

	if (!dir)
		return false;
	while (empty && (d = readdir(dir)))
		empty = !strcmp(d->d_name, ".") || !strcmp(d->d_name, "..");
	closedir(dir);
	return empty;
}

/* Says why DIR/json does not exist. */
static enum exit_status fail_absent(struct fail *f, const char *dir)
{
	char parent[PATH_MAX + 4];
	struct stat st;

	if (!stat(dir, &st)) {
		if (!S_ISDIR(st.st_mode))
			return fail_errno(f, dir, ENOTDIR);
		return fail_set(f, ST_NO_MODULE,
				"%s: no file json: the module fastalloc is too old for this program",
				dir);
	}
	if (errno != ENOENT)
		return fail_errno(f, dir, errno);
	snprintf(parent, sizeof(parent), "%s", dir);
	while (*parent && parent[strlen(parent) - 1] == '/')
		parent[strlen(parent) - 1] = '\0';
	if (strrchr(parent, '/'))
		strrchr(parent, '/')[1] = '\0';
	else
		strcpy(parent, ".");
	if (stat(parent, &st))
		return fail_set(f, ST_NO_DEBUGFS, "debugfs is not mounted: %s does not exist",
				parent);
	if (!is_debugfs(parent) && is_empty(parent))
		return fail_set(f, ST_NO_DEBUGFS, "debugfs is not mounted: %s is empty", parent);
	return fail_set(f, ST_NO_MODULE,
			"%s does not exist: the module fastalloc is not loaded", dir);
}

/* The size of a file in debugfs is not known before its end is read. */
static int read_all(int fd, char **text, size_t *len)
{
	size_t room = 0, used = 0;
	char *buf = NULL;
	ssize_t got;

	do {
		if (room - used < 65536) {
			room = 2 * room + 131072;
			buf = xrealloc(buf, room, 1);
		}
		got = read(fd, buf + used, room - used);
		if (got < 0 && errno != EINTR) {
			int err = errno;

			free(buf);
			return err;
		}
		used += got > 0 ? got : 0;
	} while (got);
	*text = buf;
	*len = used;
	return 0;
}

/* How debugfs answers for files of a pool that is gone, or goes while they are read. */
static bool is_gone(int err)
{
	return err == ENOENT || err == ENOTDIR || err == EIO || err == ENODEV;
}

enum exit_status source_read(const char *dir, const char *pool, char *path, size_t path_size,
			     char **text, size_t *len, struct fail *f)
{
	int fd, err = 0;

	if (snprintf(path, path_size, "%s/%s%sjson", dir, pool ? pool : "", pool ? "/" : "") >=
	    (int)path_size)
		return fail_errno(f, dir, ENAMETOOLONG);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		err = read_all(fd, text, len);
		close(fd);
	} else {
		err = errno;
	}
	if (!err)
		return ST_OK;
	if (pool && is_gone(err))
		return fail_set(f, ST_NO_POOL, "pool %s is gone", pool);
	if (is_gone(err) && access(path, F_OK))
		return fail_absent(f, dir);
	return fail_errno(f, path, err);
}
