/* SPDX-License-Identifier: GPL-2.0 */
/* Failures with an exit status, memory that is always there, and the clock. */
#ifndef TOP_UTIL_H
#define TOP_UTIL_H

#include <stddef.h>

#define __printf(fmt, args)	__attribute__((format(printf, fmt, args)))
#define __noreturn		__attribute__((noreturn))
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* Exit status of the program. The manual page lists them: do not renumber. */
enum exit_status {
	ST_OK,
	ST_ERROR,
	ST_USAGE,
	ST_NO_DEBUGFS,
	ST_PERMISSION,
	ST_NO_MODULE,
	ST_MALFORMED,
	ST_NEWER,
	ST_NO_POOL,
};

struct fail {
	enum exit_status	status;
	char		text[512];
};

enum exit_status __printf(3, 4) fail_set(struct fail *f, enum exit_status status,
					 const char *fmt, ...);
enum exit_status fail_print(const struct fail *f);

/* Text of the kernel must not send control characters to the terminal. */
void make_printable(char *s);

void *xrealloc(void *p, size_t nr, size_t size);
void *xcalloc(size_t nr, size_t size);
char *xstrdup(const char *s);

double clock_seconds(void);
void sleep_seconds(double seconds);

#endif
