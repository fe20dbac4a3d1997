// SPDX-License-Identifier: GPL-2.0
/*
 * The interactive screens: the table of pools, one pool, advice, and help. Each has a title, a
 * body that scrolls, and a line of keys, or a prompt, at the bottom.
 */
#include <curses.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "advice.h"
#include "detail.h"
#include "screen.h"

#define TITLE_LINES	1
#define ESCAPE		27

enum view {
	VIEW_TABLE,
	VIEW_POOL,
	VIEW_ADVICE,
	VIEW_HELP,
};

struct screen {
	const struct options *o;
	struct frames	*all;
	struct frames	one;		/* of VIEW_POOL */
	bool		lost;		/* it could not be read the last time */
	struct table	table;
	struct text	body;		/* of the other views */
	enum view	view;
	double		delay, due;
	bool		quit;
	bool		rebuild;	/* the same frame is to be shown in another way */
	bool		kept;		/* update() is not to read another one */
	size_t		first;		/* line of the body that is on top */
	size_t		selected;	/* row of the table */
	char		name[256];	/* of that row: it stays selected when it moves */
	char		pool[256];	/* the one of VIEW_POOL */
	char		pattern[256];
	int		prompt;		/* the key that asked for input, or 0 */
	char		input[256];
	char		message[256];
};

static const char * const help[] = {
	"up, down, PgUp, PgDn, Home, End   move, or scroll",
	"Enter     show the selected pool",
	"a         show advice",
	"q, Esc    go back; q in the table: quit",
	"/         show only pools whose name matches a pattern; empty: all",
	"d         change the delay between updates",
	"H         sizes with units, or in full",
	"space     update now",
	" ",
	"Keys to sort by:",
	"u use     in use, in per cent of the capacity",
	"r rate    allocations a second",
	"m misses  exchanges with the depot a second",
	"f failures, w waits",
	"b memory  bytes of the pool",
	"n name",
	" ",
	"Counts and sizes that are too wide for a column are rounded: k is 1000, K is 1024.",
};

static atomic_bool stopped;

static void stop(int sig)
{
	(void)sig;
	stopped = true;
}

static void close_screen(void)
{
	if (!isendwin())
		endwin();
}

static int body_lines(const struct screen *s)
{
	int lines = LINES - TITLE_LINES - 1 - (s->view == VIEW_TABLE);

	return lines > 0 ? lines : 1;
}

static size_t nr_lines(const struct screen *s)
{
	return s->view == VIEW_TABLE ? s->table.nr : s->body.nr;
}

static bool is_selected(const struct screen *s, size_t row)
{
	return row < s->table.nr && !strcmp(s->table.row[row].pool->name, s->name);
}

/*
 * The selected pool keeps being selected, unless it is gone: then its neighbour is. Dead pools may
 * have the name of another one.
 */
static void find_selected(struct screen *s)
{
	size_t i;

	if (is_selected(s, s->selected))
		return;
	for (i = 0; i < s->table.nr && *s->name; i++) {
		if (is_selected(s, i)) {
			s->selected = i;
			return;
		}
	}
}

static void clamp(struct screen *s)
{
	size_t nr = nr_lines(s), lines = body_lines(s);

	if (s->view == VIEW_TABLE) {
		if (s->selected >= nr)
			s->selected = nr ? nr - 1 : 0;
		snprintf(s->name, sizeof(s->name), "%s",
			 nr ? s->table.row[s->selected].pool->name : "");
		if (s->first > s->selected)
			s->first = s->selected;
		if (s->first + lines <= s->selected)
			s->first = s->selected - lines + 1;
	}
	if (s->first + lines > nr)
		s->first = nr > lines ? nr - lines : 0;
}

static void build_table(struct screen *s)
{
	s->table.pattern = *s->pattern ? s->pattern : NULL;
	table_build(&s->table, s->all);
	find_selected(s);
}

static void build_body(struct screen *s, const struct text *lines)
{
	text_wrap(&s->body, lines, COLS);
}

/* The file of a pool may be gone or broken while the list of pools is not. */
static void build_pool(struct screen *s)
{
	struct text lines = { 0 };
	struct fail f;

	if (!s->kept || !s->one.cur || s->lost)
		s->lost = frames_take(&s->one, &f);
	if (s->lost)
		text_add(&lines, "%s", f.text);
	else
		detail_text(&s->one, s->table.human, &lines);
	build_body(s, &lines);
	text_free(&lines);
}

static void build_advice(struct screen *s)
{
	struct text lines = { 0 };

	advice_text(&s->table, s->all, s->o->meminfo, &lines);
	build_body(s, &lines);
	text_free(&lines);
}

static void build_help(struct screen *s)
{
	struct text lines = { 0 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(help); i++)
		text_add(&lines, "%s", help[i]);
	build_body(s, &lines);
	text_free(&lines);
}

/* Reads what the view shows and makes text of it. */
static enum exit_status update(struct screen *s, struct fail *f)
{
	bool list = s->view == VIEW_TABLE || s->view == VIEW_ADVICE;

	if (list && !s->kept && frames_take(s->all, f))
		return f->status;
	if (list)
		build_table(s);
	if (s->view == VIEW_ADVICE)
		build_advice(s);
	if (s->view == VIEW_POOL)
		build_pool(s);
	if (s->view == VIEW_HELP)
		build_help(s);
	clamp(s);
	return ST_OK;
}

static void add_pattern(const struct screen *s, char *buf, size_t size)
{
	size_t used = strlen(buf);

	if (*s->pattern)
		snprintf(buf + used, size - used, "   %s", s->pattern);
}

static void draw_title(const struct screen *s)
{
	const struct snapshot *one = s->lost ? NULL : s->one.cur, *all = s->all->cur;
	char buf[1024], memory[16];
	double bytes = 0;
	size_t i;

	switch (s->view) {
	case VIEW_POOL:
		snprintf(buf, sizeof(buf), "pool %s%s%s   %s", s->pool, one ? "   module " : "",
			 one ? one->pool->module : "", one ? state_name(one->pool->state) : "");
		break;
	case VIEW_HELP:
		snprintf(buf, sizeof(buf), "fastalloc-top " VERSION ": keys");
		break;
	default:
		for (i = 0; i < s->table.nr; i++)
			bytes += s->table.row[i].pool->bytes;
		short_bytes(memory, sizeof(memory), bytes);
		snprintf(buf, sizeof(buf),
			 "%s%zu of %zu pools   %s of memory   %lld of %lld CPUs   sort %s   delay %g s",
			 s->view == VIEW_ADVICE ? "advice on " : "", s->table.nr, all->nr, memory,
			 all->online_cpus, all->possible_cpus, sort_name(s->table.sort), s->delay);
		add_pattern(s, buf, sizeof(buf));
	}
	/* It shows control characters as text. */
	mvaddnstr(0, 0, buf, COLS);
}

static void draw_table(struct screen *s)
{
	struct text lines = { 0 };
	size_t i;

	table_text(&s->table, COLS, s->first, body_lines(s), &lines);
	for (i = 0; i < lines.nr; i++) {
		/* The header, and the row that is selected. */
		if (!i || i - 1 + s->first == s->selected)
			attron(A_REVERSE);
		mvprintw(TITLE_LINES + i, 0, "%-*.*s", COLS, COLS, lines.line[i]);
		attroff(A_REVERSE);
	}
	text_free(&lines);
}

static void draw_body(const struct screen *s)
{
	size_t i;

	for (i = 0; i < (size_t)body_lines(s) && s->first + i < s->body.nr; i++)
		mvaddnstr(TITLE_LINES + i, 0, s->body.line[s->first + i], COLS);
}

static void draw_bottom(const struct screen *s)
{
	size_t last = s->first + body_lines(s);
	char buf[1024];

	if (s->prompt)
		snprintf(buf, sizeof(buf), "%s: %s", s->prompt == '/' ? "pattern" : "delay",
			 s->input);
	else if (*s->message)
		snprintf(buf, sizeof(buf), "%s", s->message);
	else if (s->view == VIEW_TABLE)
		snprintf(buf, sizeof(buf),
			 "q quit  Enter pool  a advice  / filter  h help  sort: u r m f w b n");
	else
		snprintf(buf, sizeof(buf), "q back  up/down scroll  H units   lines %zu-%zu of %zu",
			 s->body.nr ? s->first + 1 : 0, last < s->body.nr ? last : s->body.nr,
			 s->body.nr);
	mvaddnstr(LINES - 1, 0, buf, COLS);
}

static void draw(struct screen *s)
{
	erase();
	draw_title(s);
	if (s->view == VIEW_TABLE)
		draw_table(s);
	else
		draw_body(s);
	draw_bottom(s);
	curs_set(s->prompt != 0);
	refresh();
}

static void show(struct screen *s, enum view view)
{
	/* These two show the same frame. */
	bool same = (s->view == VIEW_TABLE && view == VIEW_ADVICE) ||
		    (s->view == VIEW_ADVICE && view == VIEW_TABLE);

	s->view = view;
	s->first = 0;
	s->rebuild = true;
	if (!same)
		s->due = 0;
}

static void open_pool(struct screen *s)
{
	const struct pool *p;

	if (!s->table.nr)
		return;
	p = s->table.row[s->selected].pool;
	if (p->state == STATE_DEAD) {
		snprintf(s->message, sizeof(s->message),
			 "pool %s is destroyed: there is nothing else to show", p->name);
		return;
	}
	frames_free(&s->one);
	snprintf(s->pool, sizeof(s->pool), "%s", p->name);
	s->one.dir = s->o->dir;
	s->one.pool = s->pool;
	show(s, VIEW_POOL);
}

/* Moves the selection, or scrolls where there is none. */
static void move_by(struct screen *s, long by)
{
	size_t *at = s->view == VIEW_TABLE ? &s->selected : &s->first;
	long last = (long)nr_lines(s) - 1, to = (long)*at + by;

	if (to > last)
		to = last;
	*at = to < 0 ? 0 : to;
	clamp(s);
}

static void start_prompt(struct screen *s, int key)
{
	s->prompt = key;
	*s->input = '\0';
}

static void take_input(struct screen *s)
{
	double delay;

	if (s->prompt == '/') {
		strcpy(s->pattern, s->input);
	} else if (*s->input) {
		delay = parse_delay(s->input);
		if (delay < 0)
			snprintf(s->message, sizeof(s->message),
				 "delay %.200s: not a number of seconds", s->input);
		else
			s->delay = delay;
		s->due = clock_seconds() + s->delay;
	}
	s->prompt = 0;
	s->rebuild = true;
}

static void prompt_key(struct screen *s, int key)
{
	size_t len = strlen(s->input);

	if (key == '\n' || key == '\r' || key == KEY_ENTER)
		take_input(s);
	else if (key == ESCAPE)
		s->prompt = 0;
	else if (key == KEY_BACKSPACE || key == 127 || key == '\b')
		s->input[len ? len - 1 : 0] = '\0';
	else if (key >= ' ' && key <= '~' && len + 1 < sizeof(s->input))
		s->input[len] = key;
	/* All of the input behind its end is 0. */
	memset(s->input + strlen(s->input), 0, sizeof(s->input) - strlen(s->input));
}

static void go_back(struct screen *s)
{
	if (s->view == VIEW_TABLE)
		s->quit = true;
	else
		show(s, VIEW_TABLE);
}

static void table_key(struct screen *s, int key)
{
	int sort = sort_by_key(key);

	if (sort >= 0) {
		s->table.sort = sort;
		s->rebuild = true;
		return;
	}
	switch (key) {
	case '\n':
	case '\r':
	case KEY_ENTER:
		open_pool(s);
		break;
	case '/':
	case 'd':
		start_prompt(s, key);
		break;
	case 'a':
		show(s, VIEW_ADVICE);
		break;
	}
}

static void handle_key(struct screen *s, int key)
{
	*s->message = '\0';
	if (key == KEY_RESIZE) {
		s->rebuild = true;
		return;
	}
	if (s->prompt) {
		prompt_key(s, key);
		return;
	}
	switch (key) {
	case 'q':
		go_back(s);
		break;
	case ESCAPE:
		if (s->view != VIEW_TABLE)
			go_back(s);
		break;
	case 'h':
	case '?':
		show(s, VIEW_HELP);
		break;
	case 'H':
		s->table.human = !s->table.human;
		memset(s->table.natural, 0, sizeof(s->table.natural));
		s->rebuild = true;
		break;
	case ' ':
		s->due = 0;
		break;
	case KEY_UP:
	case 'k':
		move_by(s, -1);
		break;
	case KEY_DOWN:
	case 'j':
		move_by(s, 1);
		break;
	case KEY_PPAGE:
		move_by(s, -body_lines(s));
		break;
	case KEY_NPAGE:
		move_by(s, body_lines(s));
		break;
	case KEY_HOME:
		move_by(s, -(long)nr_lines(s));
		break;
	case KEY_END:
		move_by(s, nr_lines(s));
		break;
	default:
		if (s->view == VIEW_TABLE)
			table_key(s, key);
	}
}

static void wait_for_key(struct screen *s)
{
	double left = s->due - clock_seconds();
	int key;

	timeout(left > 0 ? left * 1000 + 1 : 0);
	errno = 0;
	key = getch();
	if (key != ERR)
		handle_key(s, key);
	/* Nobody is there any more. */
	else if (errno == EIO)
		s->quit = true;
}

static enum exit_status loop(struct screen *s, struct fail *f)
{
	double now;

	/* The first frame was read before the screen was opened. */
	s->due = clock_seconds() + s->delay;
	s->rebuild = true;
	while (!s->quit && !stopped) {
		now = clock_seconds();
		s->kept = now < s->due;
		if (!s->kept)
			s->due = now + s->delay;
		if (!s->kept || s->rebuild) {
			s->rebuild = false;
			if (update(s, f))
				return f->status;
		}
		draw(s);
		wait_for_key(s);
	}
	return ST_OK;
}

static enum exit_status open_screen(struct fail *f)
{
	struct sigaction sa = { .sa_handler = stop };

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return fail_set(f, ST_ERROR, "not on a terminal: use --once");
	/* Not restarted, so that getch() ends. */
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	if (!newterm(NULL, stdout, stdin))
		return fail_set(f, ST_ERROR, "the terminal \"%s\" is not known: use --once",
				getenv("TERM") ? getenv("TERM") : "");
	atexit(close_screen);
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	set_escdelay(25);
	return ST_OK;
}

enum exit_status screen_run(const struct options *o, struct frames *fr, struct fail *f)
{
	struct screen s = {
		.o = o,
		.all = fr,
		.delay = o->delay,
		.table = { .sort = o->sort, .human = o->human },
	};
	enum exit_status status;

	snprintf(s.pattern, sizeof(s.pattern), "%s", o->pattern ? o->pattern : "");
	status = open_screen(f);
	if (status)
		return status;
	status = loop(&s, f);
	close_screen();
	table_free(&s.table);
	text_free(&s.body);
	frames_free(&s.one);
	return status;
}
