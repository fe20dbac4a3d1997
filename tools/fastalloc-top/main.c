// SPDX-License-Identifier: GPL-2.0
/* fastalloc-top: shows the pools of fastalloc. Its manual page describes it. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "advice.h"
#include "options.h"
#include "prom.h"
#include "screen.h"
#include "source.h"
#include "watch.h"

/* The text of the kernel, not what jansson makes of it, so that nothing is lost. */
static enum exit_status print_json(const struct options *o, struct fail *f)
{
	char path[PATH_MAX];
	struct snapshot *s;
	char *text;
	size_t len;

	if (source_read(o->dir, NULL, path, sizeof(path), &text, &len, f))
		return f->status;
	s = snapshot_parse(text, len, path, false, f);
	if (s) {
		f->status = ST_OK;
		fwrite(text, 1, len, stdout);
	}
	snapshot_free(s);
	free(text);
	return f->status;
}

static void print_once(const struct options *o, struct table *t, const struct frames *fr)
{
	struct text out = { 0 };

	table_text(t, 0, 0, t->nr, &out);
	text_add(&out, "%s", "");
	text_add(&out, "ADVICE");
	advice_text(t, fr, o->meminfo, &out);
	text_print(&out, stdout);
	text_free(&out);
}

static enum exit_status run(const struct options *o, struct fail *f)
{
	struct table t = { .sort = o->sort, .human = o->human, .pattern = o->pattern };
	struct frames fr = { .dir = o->dir };
	enum exit_status status;

	if (o->mode == MODE_JSON)
		return print_json(o, f);
	if (o->mode == MODE_WATCH) {
		status = watch_pool(&fr, o->watch, o->delay, o->count, f);
		goto out;
	}
	status = frames_take(&fr, f);
	if (status)
		goto out;
	if (o->mode == MODE_SCREEN) {
		status = screen_run(o, &fr, f);
		goto out;
	}
	/* Who gives a delay wants rates, for which there must be two frames. */
	if (o->mode == MODE_ONCE && o->delay_given) {
		sleep_seconds(o->delay);
		status = frames_take(&fr, f);
		if (status)
			goto out;
	}
	/* Whoever compares two files wants the same order in both. */
	if (o->mode == MODE_PROM)
		t.sort = COL_NAME;
	table_build(&t, &fr);
	if (o->mode == MODE_PROM)
		status = prom_write(&t, &fr, o->prom, f);
	else
		print_once(o, &t, &fr);
	table_free(&t);
out:
	frames_free(&fr);
	return status;
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	struct fail f = { ST_OK, "" };

	options_parse(&o, argc, argv);
	if (run(&o, &f))
		return fail_print(&f);
	if (fflush(stdout) || ferror(stdout)) {
		fail_set(&f, ST_ERROR, "cannot write the output: %s", strerror(errno));
		return fail_print(&f);
	}
	return ST_OK;
}
