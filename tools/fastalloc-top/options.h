/* SPDX-License-Identifier: GPL-2.0 */
/* What the command line asks for. */
#ifndef TOP_OPTIONS_H
#define TOP_OPTIONS_H

#include <stdbool.h>

#include "table.h"

enum mode {
	MODE_SCREEN,
	MODE_ONCE,
	MODE_JSON,
	MODE_PROM,
	MODE_WATCH,
};

struct options {
	enum mode	mode;
	const char	*dir;
	const char	*meminfo;
	const char	*prom;		/* the file */
	const char	*watch;		/* the pool */
	const char	*pattern;
	double		delay;
	bool		delay_given;
	unsigned long	count;
	enum column	sort;
	bool		human;
};

/* Seconds from text, or a negative number. */
double parse_delay(const char *text);

/* Exits after --help and --version, and if the command line is wrong. */
void options_parse(struct options *o, int argc, char **argv);

#endif
