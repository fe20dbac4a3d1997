/* SPDX-License-Identifier: GPL-2.0 */
/* Lines of text, for a file or for the screen. */
#ifndef TOP_TEXT_H
#define TOP_TEXT_H

#include <stddef.h>
#include <stdio.h>

#include "util.h"

struct text {
	char	**line;
	size_t	nr;
	size_t	room;
};

void __printf(2, 3) text_add(struct text *t, const char *fmt, ...);
/* Replaces @out by the lines of @in, broken at blanks to fit into @width columns. */
void text_wrap(struct text *out, const struct text *in, int width);
void text_print(const struct text *t, FILE *file);
void text_free(struct text *t);

/* Numbers of at most five characters, in powers of 1000 and of 1024. */
void short_count(char *buf, size_t size, double value);
void short_bytes(char *buf, size_t size, double value);
/* A time in the two largest units that it has. */
void short_age(char *buf, size_t size, long long ms);

#endif
