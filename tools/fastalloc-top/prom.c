// SPDX-License-Identifier: GPL-2.0
/*
 * The text format of Prometheus. A file is replaced by rename(), because a collector may read it
 * at any time. Dead pools are only counted: several may have the same name, and then a sample
 * would occur twice.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "prom.h"

#define PREFIX	"fastalloc_"

static void put_label(FILE *file, const char *name, const char *value)
{
	fprintf(file, "%s=\"", name);
	for (; *value; value++) {
		if (*value == '\n')
			fputs("\\n", file);
		else if (*value == '\\' || *value == '"')
			fprintf(file, "\\%c", *value);
		else
			putc(*value, file);
	}
	putc('"', file);
}

static void put_head(FILE *file, const char *metric, const char *help, const char *type)
{
	fprintf(file, "# HELP %s%s %s\n# TYPE %s%s %s\n", PREFIX, metric, help, PREFIX, metric,
		type);
}

static void put_pool_labels(FILE *file, const struct pool *p)
{
	put_label(file, "pool", p->name);
	putc(',', file);
	put_label(file, "module", p->module);
}

/* Names are unique among pools that are not dead, so labels are, too. */
static const struct pool *next_pool(const struct table *t, size_t *i)
{
	while (*i < t->nr) {
		const struct pool *p = t->row[(*i)++].pool;

		if (p->state != STATE_DEAD)
			return p;
	}
	return NULL;
}

static void put_info(FILE *file, const struct table *t)
{
	const struct pool *p;
	size_t i = 0;

	put_head(file, "pool_info", "Kind of the pool, always 1.", "gauge");
	while ((p = next_pool(t, &i))) {
		fprintf(file, PREFIX "pool_info{");
		put_pool_labels(file, p);
		putc(',', file);
		put_label(file, "state", state_name(p->state));
		putc(',', file);
		put_label(file, "sync", p->sync);
		putc(',', file);
		put_label(file, "order", p->order);
		putc(',', file);
		put_label(file, "growth", p->growth);
		putc(',', file);
		put_label(file, "backing", p->backing);
		putc(',', file);
		put_label(file, "flags", p->flags);
		putc(',', file);
		put_label(file, "checks", p->checks);
		fprintf(file, ",node=\"%lld\"} 1\n", p->node);
	}
}

/* The name of a metric, which says whether it is a counter. */
static void metric_name(char *buf, size_t size, const char *group, const struct member *m)
{
	snprintf(buf, size, "%s%s%s", group, m->metric ? m->metric : m->name,
		 m->kind == KIND_COUNTER ? "_total" : "");
}

static const char *metric_type(const struct member *m)
{
	return m->kind == KIND_COUNTER ? "counter" : "gauge";
}

static void put_members(FILE *file, const struct table *t)
{
	const struct pool *p;
	char metric[64];
	size_t i, j;

	for (i = 0; i < nr_pool_members; i++) {
		const struct member *m = &pool_members[i];

		if (m->kind == KIND_LABEL)
			continue;
		metric_name(metric, sizeof(metric), "", m);
		put_head(file, metric, m->help, metric_type(m));
		j = 0;
		while ((p = next_pool(t, &j))) {
			fprintf(file, PREFIX "%s{", metric);
			put_pool_labels(file, p);
			fprintf(file, "} %lld\n", member_get(m, p));
		}
	}
}

/* One line for each CPU of a pool. */
static void put_cpus_of(FILE *file, const struct pool *p, const char *metric,
			const struct member *m)
{
	size_t i;

	for (i = 0; i < p->nr_cpus; i++) {
		/* -1 stands for what is not known just now. */
		if (member_get(m, &p->cpu[i]) < 0)
			continue;
		fprintf(file, PREFIX "%s{", metric);
		put_pool_labels(file, p);
		fprintf(file, ",cpu=\"%lld\"} %lld\n", p->cpu[i].cpu, member_get(m, &p->cpu[i]));
	}
}

/* The first member is the number of the CPU. */
static void put_cpus(FILE *file, const struct table *t)
{
	const struct pool *p;
	char metric[64];
	size_t i, j;

	for (i = 1; i < nr_cpu_members; i++) {
		metric_name(metric, sizeof(metric), "cpu_", &cpu_members[i]);
		put_head(file, metric, cpu_members[i].help, metric_type(&cpu_members[i]));
		j = 0;
		while ((p = next_pool(t, &j)))
			put_cpus_of(file, p, metric, &cpu_members[i]);
	}
}

static void put_gauge(FILE *file, const char *metric, const char *help, long long value)
{
	put_head(file, metric, help, "gauge");
	fprintf(file, PREFIX "%s %lld\n", metric, value);
}

static void put_all(FILE *file, const struct table *t, const struct frames *fr)
{
	long long pools = 0, dead = 0, dead_bytes = 0;
	size_t i;

	for (i = 0; i < fr->cur->nr; i++) {
		const struct pool *p = &fr->cur->pool[i];

		if (p->state == STATE_DEAD) {
			dead++;
			dead_bytes += p->bytes;
		} else {
			pools++;
		}
	}
	put_head(file, "info", "Version of the module, always 1.", "gauge");
	fprintf(file, PREFIX "info{");
	put_label(file, "version", fr->cur->version);
	fputs("} 1\n", file);
	put_gauge(file, "possible_cpus", "Possible CPUs.", fr->cur->possible_cpus);
	put_gauge(file, "online_cpus", "CPUs that are online.", fr->cur->online_cpus);
	put_gauge(file, "pools", "Pools that exist.", pools);
	put_gauge(file, "dead_pools", "Destroyed pools to which references are held.", dead);
	put_gauge(file, "dead_pools_bytes", "Memory of destroyed pools.", dead_bytes);
	put_info(file, t);
	put_members(file, t);
	put_cpus(file, t);
}

/* As fopen() would create it. */
static mode_t default_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

enum exit_status prom_write(const struct table *t, const struct frames *fr, const char *path,
			    struct fail *f)
{
	FILE *file = NULL;
	struct stat st;
	char *temp;
	int fd;

	if (!strcmp(path, "-")) {
		put_all(stdout, t, fr);
		return ST_OK;
	}
	/* rename() would replace a device such as /dev/null, or the link /dev/stdout. */
	if (!lstat(path, &st) && !S_ISREG(st.st_mode))
		return fail_set(f, ST_ERROR, "%s: not a regular file; - is the standard output",
				path);
	/* Not a name that ends like @path, which a collector of a directory would read. */
	temp = xcalloc(strlen(path) + 8, 1);
	sprintf(temp, "%s.XXXXXX", path);
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd >= 0)
		file = fdopen(fd, "w");
	if (!file) {
		fail_set(f, ST_ERROR, "%s: cannot create a file beside it: %s", path,
			 strerror(errno));
		if (fd >= 0) {
			close(fd);
			unlink(temp);
		}
		free(temp);
		return ST_ERROR;
	}
	put_all(file, t, fr);
	f->status = ST_OK;
	if (fflush(file) || ferror(file) || fchmod(fd, default_mode()) || fsync(fd))
		fail_set(f, ST_ERROR, "%s: cannot write it: %s", temp, strerror(errno));
	if (fclose(file) && !f->status)
		fail_set(f, ST_ERROR, "%s: cannot write it: %s", temp, strerror(errno));
	if (!f->status && rename(temp, path))
		fail_set(f, ST_ERROR, "%s: cannot replace it: %s", path, strerror(errno));
	if (f->status)
		unlink(temp);
	free(temp);
	return f->status;
}
