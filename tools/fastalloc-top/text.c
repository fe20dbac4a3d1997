// SPDX-License-Identifier: GPL-2.0
/* Lines of text, for a file or for the screen. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static void text_append(struct text *t, const char *s, size_t len)
{
	char *line = xcalloc(len + 1, 1);

	if (t->nr == t->room) {
		t->room = t->room ? 2 * t->room : 32;
		t->line = xrealloc(t->line, t->room, sizeof(*t->line));
	}
	memcpy(line, s, len);
	make_printable(line);
	t->line[t->nr++] = line;
}

void text_add(struct text *t, const char *fmt, ...)
{
	char buf[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	text_append(t, buf, strlen(buf));
}

/* What continues a line is indented by this much more. */
#define INDENT	4

static void wrap_line(struct text *out, const char *s, size_t width)
{
	size_t first = strspn(s, " "), pad = 0, least = first, room, len;
	char buf[1024];

	do {
		room = width - pad;
		len = strlen(s);
		if (len > room) {
			for (len = room; len > least && s[len] != ' '; len--)
				;
			if (len == least)
				len = room;
		}
		snprintf(buf, sizeof(buf), "%*s%.*s", (int)pad, "", (int)len, s);
		text_append(out, buf, strlen(buf));
		s += len;
		s += strspn(s, " ");
		pad = first + INDENT < width / 2 ? first + INDENT : 0;
		least = 0;
	} while (*s);
}

void text_wrap(struct text *out, const struct text *in, int width)
{
	size_t i;

	text_free(out);
	for (i = 0; i < in->nr; i++)
		wrap_line(out, in->line[i], width > 1 ? width : 1);
}

void text_print(const struct text *t, FILE *file)
{
	size_t i;

	for (i = 0; i < t->nr; i++)
		fprintf(file, "%s\n", t->line[i]);
}

void text_free(struct text *t)
{
	size_t i;

	for (i = 0; i < t->nr; i++)
		free(t->line[i]);
	free(t->line);
	memset(t, 0, sizeof(*t));
}

static void short_number(char *buf, size_t size, double value, double base, const char *units)
{
	size_t unit = 0;

	/* What would be rounded up to the base belongs to the next unit. */
	while (value >= base - 0.5 && unit + 1 < strlen(units)) {
		value /= base;
		unit++;
	}
	if (!unit)
		snprintf(buf, size, "%.0f", value);
	else
		snprintf(buf, size, "%.*f%c", value < 9.95 ? 1 : 0, value, units[unit]);
}

void short_count(char *buf, size_t size, double value)
{
	short_number(buf, size, value, 1000, " kMGTPE");
}

void short_bytes(char *buf, size_t size, double value)
{
	short_number(buf, size, value, 1024, " KMGTPE");
}

void short_age(char *buf, size_t size, long long ms)
{
	long long s = ms / 1000;

	if (ms < 1000)
		snprintf(buf, size, "%lldms", ms);
	else if (s < 60)
		snprintf(buf, size, "%lld.%llds", s, ms / 100 % 10);
	else if (s < 3600)
		snprintf(buf, size, "%lldm%02llds", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, size, "%lldh%02lldm", s / 3600, s / 60 % 60);
	else
		snprintf(buf, size, "%lldd%02lldh", s / 86400, s / 3600 % 24);
}
