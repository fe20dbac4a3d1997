// SPDX-License-Identifier: GPL-2.0
/* Failures with an exit status, memory that is always there, and the clock. */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "util.h"

enum exit_status fail_set(struct fail *f, enum exit_status status, const char *fmt, ...)
{
	va_list ap;

	f->status = status;
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	make_printable(f->text);
	return status;
}

enum exit_status fail_print(const struct fail *f)
{
	fprintf(stderr, "fastalloc-top: %s\n", f->text);
	return f->status;
}

void make_printable(char *s)
{
	for (; *s; s++)
		if (*s < ' ' || *s > '~')
			*s = '?';
}

/* The screen is closed by a handler of exit(). */
static void *check(void *p)
{
	if (!p) {
		fputs("fastalloc-top: out of memory\n", stderr);
		exit(ST_ERROR);
	}
	return p;
}

void *xrealloc(void *p, size_t nr, size_t size)
{
	return check(size && nr > SIZE_MAX / size ? NULL : realloc(p, nr * size));
}

void *xcalloc(size_t nr, size_t size)
{
	/* calloc() of nothing may return NULL. */
	return check(calloc(nr ? nr : 1, size));
}

char *xstrdup(const char *s)
{
	return check(strdup(s));
}

double clock_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

void sleep_seconds(double seconds)
{
	struct timespec ts;

	ts.tv_sec = seconds;
	ts.tv_nsec = (seconds - ts.tv_sec) * 1e9;
	nanosleep(&ts, NULL);
}
