// SPDX-License-Identifier: GPL-2.0
/* What the command line asks for. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

#define SHORTEST	0.1
#define LONGEST		86400.0

enum {
	OPT_JSON = 256,
	OPT_PROM,
	OPT_WATCH,
	OPT_DIR,
	OPT_MEMINFO,
};

static const struct option long_options[] = {
	{ "once",	no_argument,		NULL, 'o' },
	{ "json",	no_argument,		NULL, OPT_JSON },
	{ "prom",	required_argument,	NULL, OPT_PROM },
	{ "watch",	required_argument,	NULL, OPT_WATCH },
	{ "count",	required_argument,	NULL, 'n' },
	{ "delay",	required_argument,	NULL, 'd' },
	{ "sort",	required_argument,	NULL, 's' },
	{ "human",	no_argument,		NULL, 'H' },
	{ "dir",	required_argument,	NULL, OPT_DIR },
	{ "meminfo",	required_argument,	NULL, OPT_MEMINFO },
	{ "help",	no_argument,		NULL, 'h' },
	{ "version",	no_argument,		NULL, 'V' },
	{ NULL, 0, NULL, 0 }
};

static const char help[] =
	"Usage: fastalloc-top [OPTION]... [PATTERN]\n"
	"Show the pools of fastalloc, all or those whose name matches a shell pattern.\n"
	"\n"
	"  -o, --once          print the table and advice, then exit; with -d: with rates\n"
	"      --json          print the snapshot of the kernel, if it is valid\n"
	"      --prom FILE     write the text format of Prometheus; -: to stdout\n"
	"      --watch POOL    print a line for what changes in a pool, each second\n"
	"  -n, --count N       with --watch: exit after N lines\n"
	"  -d, --delay SECONDS between updates: 3, with --watch 1\n"
	"  -s, --sort KEY      use, rate, misses, failures, waits, memory or name\n"
	"  -H, --human         print sizes with units\n"
	"      --dir DIR       read DIR, not /sys/kernel/debug/fastalloc\n"
	"      --meminfo FILE  read FILE, not /proc/meminfo\n"
	"  -h, --help          print this text\n"
	"  -V, --version       print the version\n";

static void __printf(1, 2) __noreturn usage(const char *fmt, ...)
{
	va_list ap;

	fputs("fastalloc-top: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs("; see fastalloc-top --help\n", stderr);
	exit(ST_USAGE);
}

double parse_delay(const char *text)
{
	char *end;
	double value = strtod(text, &end);

	/* Also false for what is not a number. */
	if (end == text || *end || !(value >= SHORTEST && value <= LONGEST))
		return -1;
	return value;
}

static void set_mode(struct options *o, enum mode mode)
{
	if (o->mode != MODE_SCREEN && o->mode != mode)
		usage("only one of --once, --json, --prom and --watch can be given");
	o->mode = mode;
}

static void set_count(struct options *o, const char *text)
{
	char *end;

	errno = 0;
	o->count = strtoul(text, &end, 10);
	if (end == text || *end || errno || *text == '-' || !o->count)
		usage("--count %s: not a number above 0", text);
}

static void set_sort(struct options *o, const char *name)
{
	int c = sort_by_name(name);

	if (c < 0)
		usage("--sort %s: not one of use, rate, misses, failures, waits, memory, name",
		      name);
	o->sort = c;
}

static void print_and_exit(const char *text)
{
	fputs(text, stdout);
	exit(fflush(stdout) ? ST_ERROR : ST_OK);
}

static void set_option(struct options *o, int c)
{
	switch (c) {
	case 'o':
		set_mode(o, MODE_ONCE);
		break;
	case OPT_JSON:
		set_mode(o, MODE_JSON);
		break;
	case OPT_PROM:
		set_mode(o, MODE_PROM);
		o->prom = optarg;
		break;
	case OPT_WATCH:
		set_mode(o, MODE_WATCH);
		o->watch = optarg;
		break;
	case 'n':
		set_count(o, optarg);
		break;
	case 'd':
		o->delay = parse_delay(optarg);
		if (o->delay < 0)
			usage("--delay %s: not a number from %g to %g", optarg, SHORTEST, LONGEST);
		o->delay_given = true;
		break;
	case 's':
		set_sort(o, optarg);
		break;
	case 'H':
		o->human = true;
		break;
	case OPT_DIR:
		o->dir = optarg;
		break;
	case OPT_MEMINFO:
		o->meminfo = optarg;
		break;
	case 'h':
		print_and_exit(help);
		break;
	case 'V':
		print_and_exit("fastalloc-top " VERSION "\n");
		break;
	default:
		/* getopt_long() has said what is wrong. */
		exit(ST_USAGE);
	}
}

void options_parse(struct options *o, int argc, char **argv)
{
	int c;

	o->dir = "/sys/kernel/debug/fastalloc";
	o->meminfo = "/proc/meminfo";
	o->sort = COL_USE;
	while ((c = getopt_long(argc, argv, "on:d:s:HhV", long_options, NULL)) >= 0)
		set_option(o, c);
	if (optind < argc)
		o->pattern = argv[optind++];
	if (optind < argc)
		usage("%s: only one pattern can be given", argv[optind]);
	if (o->pattern && (o->mode == MODE_JSON || o->mode == MODE_WATCH))
		usage("%s: --json and --watch take no pattern", o->pattern);
	if (o->count && o->mode != MODE_WATCH)
		usage("--count is only for --watch");
	if (!o->delay_given)
		o->delay = o->mode == MODE_WATCH ? 1 : 3;
}
