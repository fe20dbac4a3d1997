// SPDX-License-Identifier: GPL-2.0
/* Files in debugfs that look at the chunks and the objects of a pool, and the JSON snapshots. */
#include <linux/fastalloc_handle.h>
#include <linux/module.h>
#include <linux/poison.h>

#include "../../fastalloc/pool.h"
#include "fastalloc_test.h"
#include "fastalloc_test_debugfs.h"

/* Pools whose files look at chunks; those of order LOWEST know what is allocated. */
static struct fastalloc_config lowest(unsigned long capacity)
{
	return fa_config(.capacity = capacity, .sync = FASTALLOC_SYNC_SPINLOCK,
			 .order = FASTALLOC_ORDER_LOWEST);
}

/* Text without what differs between runs: runs of blanks become one. */
static char *squeeze(char *text)
{
	char *to = text, *from;

	for (from = text; *from; from++)
		if (*from != ' ' || (to > text && to[-1] != ' ' && to[-1] != '\n'))
			*to++ = *from;
	*to = '\0';
	return text;
}

/* Promise: map has a line for each chunk, with a character for each slot if they fit. */
static void inspect_map(struct kunit *test)
{
	struct fastalloc_config cfg = lowest(10);
	struct fastalloc_pool *pool;
	void *obj[7];
	unsigned int i;

	/* A page for each object, so that growth adds as many as it is asked for. */
	cfg.align = PAGE_SIZE;
	cfg.obj_size = PAGE_SIZE;
	cfg.growth = FASTALLOC_GROWTH_LINEAR;
	cfg.growth_amount = 4;
	cfg.low_water = 0;
	pool = fa_pool(test, &cfg);
	for (i = 0; i < ARRAY_SIZE(obj); i++)
		obj[i] = fa_must_get(test, pool, GFP_KERNEL);
	fa_put(test, pool, obj[1]);
	fa_put(test, pool, obj[2]);
	KUNIT_EXPECT_STREQ(test, squeeze(must_read(test, "kunit/map")),
			   "# O allocated, _ free, 1 to 9 tenths of the slots of a character\n"
			   "0 [O__OOOO___] 50% of 10\n");
	KUNIT_EXPECT_EQ(test, fastalloc_pool_trim(pool), 0UL);
	fa_put_all(test);
	KUNIT_EXPECT_NOT_NULL(test, strstr(must_read(test, "kunit/map"),
					   "[__________] 0% of 10\n"));
}

/* Promise: if slots do not fit, a character stands for several, and shows tenths. */
static void inspect_map_scaled(struct kunit *test)
{
	struct fastalloc_pool *pool = fa_pool_of(test, lowest(640));
	char *text, *at;
	unsigned int i;

	for (i = 0; i < 10 + 1 + 320; i++)
		fa_must_get(test, pool, GFP_KERNEL);
	text = must_read(test, "kunit/map");
	at = strchr(text, '[');
	KUNIT_ASSERT_NOT_NULL(test, at);
	/* 331 objects: 33 characters full, one with a tenth, 30 empty. */
	for (i = 0; i < 64; i++)
		KUNIT_EXPECT_EQ(test, at[1 + i], i < 33 ? 'O' : i == 33 ? '1' : '_');
	KUNIT_EXPECT_STREQ(test, at + 65, "] 51% of 640, 10 a character\n");
}

/* Promise: chunks says where each chunk is, and how much of it is free. */
static void inspect_chunks(struct kunit *test)
{
	struct fastalloc_config cfg = lowest(16);
	struct fastalloc_pool *pool;
	unsigned long bytes, objects, free, use, age, index;
	char backing[12], state[12], *text;
	int node, n;

	cfg.backing = FASTALLOC_BACKING_VMALLOC;
	pool = fa_pool(test, &cfg);
	fa_must_get(test, pool, GFP_KERNEL);
	fa_must_get(test, pool, GFP_KERNEL);
	msleep(20);
	text = must_read(test, "kunit/chunks");
	KUNIT_EXPECT_EQ(test, strncmp(text, " CHUNK  NODE BACKING ", 21), 0);
	text = strchr(text, '\n');
	KUNIT_ASSERT_NOT_NULL(test, text);
	n = sscanf(text, "%lu %d %11s %lu %lu %lu %lu %lu %11s", &index, &node, backing, &bytes,
		   &objects, &free, &use, &age, state);
	KUNIT_ASSERT_EQ(test, n, 9);
	KUNIT_EXPECT_EQ(test, index, 0UL);
	KUNIT_EXPECT_GE(test, node, 0);
	KUNIT_EXPECT_STREQ(test, backing, "vmalloc");
	KUNIT_EXPECT_EQ(test, bytes % PAGE_SIZE, 0UL);
	KUNIT_EXPECT_EQ(test, objects, 16UL);
	KUNIT_EXPECT_EQ(test, free, 14UL);
	KUNIT_EXPECT_EQ(test, use, 12UL);
	KUNIT_EXPECT_GE(test, age, 10UL);
	KUNIT_EXPECT_LE(test, age, 600000UL);
	KUNIT_EXPECT_STREQ(test, state, "used");
}

/* Promise: a pool that does not know what is allocated says so. */
static void inspect_unknown(struct kunit *test)
{
	struct fastalloc_config cfg = fa_config(.capacity = 8, .sync = FASTALLOC_SYNC_SPINLOCK);
	char *text;

	fa_pool(test, &cfg);
	/* Sanitizers switch checks on, and then it does know. */
	text = must_read(test, "kunit/json");
	if (strstr(text, "\"checks\": \"F"))
		kunit_skip(test, "all pools have checks here");
	KUNIT_EXPECT_EQ(test, strncmp(must_read(test, "kunit/map"), "# not known: ", 13), 0);
	KUNIT_EXPECT_EQ(test, strncmp(must_read(test, "kunit/live"), "# not known: ", 13), 0);
	KUNIT_EXPECT_NOT_NULL(test, strstr(must_read(test, "kunit/chunks"), " - "));
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "\"live\": null"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "\"map\": null"));
}

/* Promise: a pool of sync NONE has no files that would look behind its owner's back. */
static void inspect_none(struct kunit *test)
{
	static const char * const names[] = {
		"kunit/chunks", "kunit/map", "kunit/live", "kunit/check", "kunit/json",
		"kunit/reset", "kunit/trim",
	};
	struct fastalloc_config cfg = fa_config(.capacity = 8, .sync = FASTALLOC_SYNC_NONE);
	char *text = must_read(test, "pools");
	unsigned int i;

	fa_pool(test, &cfg);
	for (i = 0; i < ARRAY_SIZE(names); i++)
		KUNIT_EXPECT_EQ(test, read_text(names[i], text), (ssize_t)-ENOENT);
}

/* Two functions, so that their stacks differ; each has one call for all objects. */
static noinline void live_here(struct kunit *test, struct fastalloc_pool *pool, unsigned int nr)
{
	while (nr--)
		fa_hold(test, pool, fastalloc_alloc(pool, GFP_KERNEL));
}

static noinline void live_there(struct kunit *test, struct fastalloc_pool *pool, unsigned int nr)
{
	while (nr--)
		fa_hold(test, pool, fastalloc_alloc(pool, GFP_ATOMIC));
}

/* Promise: live groups objects by the stack that allocated them, the largest group first. */
static void inspect_live(struct kunit *test)
{
	struct fastalloc_config cfg = fa_config(.capacity = 300, .sync = FASTALLOC_SYNC_PERCPU,
						.flags = FASTALLOC_F_CHECK | FASTALLOC_F_OWNER);
	struct fastalloc_pool *pool = fa_pool(test, &cfg);
	unsigned long few, many, bytes, young, old;
	char *text, *line;
	int n;

	live_here(test, pool, 3);
	msleep(50);
	live_there(test, pool, 200);

	text = must_read(test, "kunit/live");
	KUNIT_EXPECT_EQ(test, strncmp(text, "# 203 objects are allocated\n", 28), 0);
	line = strchr(text, '\n') + 1;
	n = sscanf(line, "%lu objects, %lu bytes, allocated %lu to %lu ms ago", &many, &bytes,
		   &young, &old);
	KUNIT_ASSERT_EQ(test, n, 4);
	KUNIT_EXPECT_EQ(test, many, 200UL);
	KUNIT_EXPECT_EQ(test, bytes, 200 * fastalloc_pool_stride(pool));
	KUNIT_EXPECT_LE(test, young, old);
	line = strstr(line, "\n3 objects, ");
	KUNIT_ASSERT_TRUE_MSG(test, line, "%s", text);
	n = sscanf(line + 1, "%lu objects, %lu bytes, allocated %lu to %lu ms ago", &few, &bytes,
		   &young, &old);
	KUNIT_ASSERT_EQ(test, n, 4);
	KUNIT_EXPECT_EQ(test, few, 3UL);
	KUNIT_EXPECT_GE(test, young, 40UL);
	if (IS_ENABLED(CONFIG_KALLSYMS)) {
		KUNIT_EXPECT_NOT_NULL(test, strstr(text, " live_there"));
		KUNIT_EXPECT_NOT_NULL(test, strstr(line, " live_here"));
	}

	fa_put_all(test);
	KUNIT_EXPECT_STREQ(test, must_read(test, "kunit/live"), "# 0 objects are allocated\n");
}

/* Promise: without check U, live names slots, and says how many more there are. */
static void inspect_live_slots(struct kunit *test)
{
	struct fastalloc_pool *pool = fa_pool_of(test, lowest(100));
	char *text = must_read(test, "kunit/json");
	unsigned int i;

	if (strstr(text, "U\""))
		kunit_skip(test, "all pools have check U here");
	for (i = 0; i < 70; i++)
		fa_must_get(test, pool, GFP_KERNEL);
	text = must_read(test, "kunit/live");
	KUNIT_EXPECT_EQ(test, strncmp(text, "# 70 objects are allocated\n", 27), 0);
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "\nchunk 0, slot 0\n"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "\nchunk 0, slot 63\n# and 6 more\n"));
	KUNIT_EXPECT_NULL(test, strstr(text, "slot 64\n"));
}

static struct fa_combo inspect_params[] = {
	FA_COMBO(PERCPU, LIFO, NONE, AUTO, 64, 0),
	FA_COMBO(PERCPU, LIFO, LINEAR, AUTO, 32, PAGE_SIZE),
	FA_COMBO(SPINLOCK, LIFO, LINEAR, PAGES, 32, PAGE_SIZE),
	FA_COMBO(SPINLOCK, FIFO, NONE, VMALLOC, 100, 0),
	FA_COMBO(SPINLOCK, LOWEST, LINEAR, VMALLOC, 32, PAGE_SIZE),
};

KUNIT_ARRAY_PARAM(inspect, inspect_params, fa_combo_desc);

static struct fastalloc_pool *inspect_pool(struct kunit *test, unsigned int flags)
{
	const struct fa_combo *c = test->param_value;

	return fa_pool_of(test, fa_config(.obj_size = c->size, .align = c->align, .capacity = 50,
					  .sync = c->sync, .order = c->order, .growth = c->growth,
					  .growth_amount = c->growth ? 7 : 0,
					  .backing = c->backing, .flags = flags));
}

/* Promise: a sound pool has no faults, whatever its kind, empty, full, grown or trimmed. */
static void inspect_check_sound(struct kunit *test)
{
	static const unsigned int flags[] = {
		0, FASTALLOC_F_CHECK, FASTALLOC_F_HANDLES,
		FASTALLOC_F_CHECK | FASTALLOC_F_REDZONE | FASTALLOC_F_POISON | FASTALLOC_F_OWNER,
	};
	struct fastalloc_pool *pool;
	unsigned int i, k;
	char *text;

	text = must_read(test, "pools");
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		pool = inspect_pool(test, flags[i]);
		for (k = 0; k < 4; k++) {
			if (k == 1 || k == 2)
				while (fastalloc_pool_allocated(pool) < 25 * k + 10 &&
				       fa_get(test, pool, GFP_KERNEL))
					;
			if (k == 3) {
				fa_put_all(test);
				fastalloc_pool_trim(pool);
			}
			/* The worker may be growing the pool. */
			fa_await(read_text("kunit/check", text) > 0 && strstr(text, "quiet: yes"));
			KUNIT_EXPECT_TRUE_MSG(test, strstr(text, "\nquiet: yes\nfaults: 0\n"),
					      "flags %#x, step %u:\n%s", flags[i], k, text);
		}
		fa_pool_gone(test, pool);
	}
}

/* The file check of the quiet pool ends with this fault, or with none. */
static void check_says(struct kunit *test, const char *fault)
{
	char *text = must_read(test, "kunit/check");
	char *from = strstr(text, "\nquiet: ");
	char want[128];

	snprintf(want, sizeof(want), "\nquiet: yes\n%s%s%sfaults: %d\n", fault ? "fault: " : "",
		 fault ?: "", fault ? "\n" : "", !!fault);
	KUNIT_EXPECT_STREQ(test, from, want);
}

/* Promise: check finds counters that do not match what the lists hold. */
static void inspect_check_counts(struct kunit *test)
{
	struct fastalloc_config cfg = fa_config(.capacity = 50, .sync = FASTALLOC_SYNC_SPINLOCK,
						.order = FASTALLOC_ORDER_FIFO);
	struct fastalloc_pool *pool = fa_pool(test, &cfg);

	if (pool->checks)
		kunit_skip(test, "all pools have checks here");
	((struct fastalloc_head *)pool)->allocs++;
	check_says(test, "objects allocated, free and cached 51, total 50");
	((struct fastalloc_head *)pool)->allocs--;
	check_says(test, NULL);
}

/* Promise: and those of chunks, and a bitmap that does not match. */
static void inspect_check_chunks(struct kunit *test)
{
	struct fastalloc_pool *pool = fa_pool_of(test, lowest(50));
	struct fastalloc_head *head = (struct fastalloc_head *)pool;
	struct fa_chunk *chunk = fa_chunk_first(&pool->chunks);
	char *text;

	if (pool->checks)
		kunit_skip(test, "all pools have checks here");
	fa_must_get(test, pool, GFP_KERNEL);

	pool->total++;
	check_says(test, "objects of the chunks 50, total 51");
	pool->total--;

	chunk->nfree++;
	check_says(test, "chunks that count their free objects wrongly 1, expected 0");
	chunk->nfree--;

	head->allocs++;
	check_says(test, "objects marked as allocated 1, counted 2");

	/* Nothing is compared while a chunk is being added. */
	chunk->ready = false;
	text = must_read(test, "kunit/check");
	KUNIT_EXPECT_TRUE_MSG(test, strstr(text, "\nquiet: no\nfaults: 0\n"), "%s", text);
	chunk->ready = true;
	head->allocs--;
	check_says(test, NULL);
}

/* Promise: and a depot that holds less than it counts. */
static void inspect_check_depot(struct kunit *test)
{
	struct fastalloc_config cfg = fa_config(.capacity = 50, .reserve = 10,
						.sync = FASTALLOC_SYNC_PERCPU);
	struct fastalloc_pool *pool = fa_pool(test, &cfg);

	if (pool->checks)
		kunit_skip(test, "all pools have checks here");
	atomic_long_inc(&pool->percpu.depot.free);
	check_says(test, "free objects listed in the depot 60, counted 61");
	atomic_long_dec(&pool->percpu.depot.free);
	check_says(test, NULL);
}

/* A stray write that KASAN does not see. */
static noinline __no_sanitize_address void inspect_poke(u8 *p, u8 value)
{
	WRITE_ONCE(*p, value);
}

/* Promise: check finds an object that was written to while it was free. */
static void inspect_check_damage(struct kunit *test)
{
	struct fastalloc_config cfg = fa_config(.capacity = 8, .sync = FASTALLOC_SYNC_SPINLOCK,
						.flags = FASTALLOC_F_CHECK | FASTALLOC_F_POISON);
	struct fastalloc_pool *pool = fa_pool(test, &cfg);
	char *text = must_read(test, "pools");
	u8 *obj = fastalloc_alloc(pool, GFP_KERNEL), was;

	KUNIT_ASSERT_NOT_NULL(test, obj);
	fastalloc_free(pool, obj);
	was = POISON_FREE;
	inspect_poke(obj + 3, ~was);
	fa_expect_splat("fault in pool kunit: written after free");
	KUNIT_EXPECT_GT(test, read_text("kunit/check", text), (ssize_t)0);
	inspect_poke(obj + 3, was);
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "\ndamaged: 1\n"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "\nfaults: 1\n"));
}

/*
 * The names of members and the brackets of lists that json_value() has met, of each list only
 * its first element; NULL: not wanted. No suite runs twice at once.
 */
static char *json_shape;

static void json_put(const char *from, size_t len)
{
	if (!json_shape)
		return;
	memcpy(json_shape, from, len);
	json_shape += len;
}

/* Skips a JSON value (RFC 8259); returns what follows it, or NULL. */
static const char *json_value(const char *s, unsigned int depth);

static const char *json_blank(const char *s)
{
	while (s && (*s == ' ' || *s == '\n'))
		s++;
	return s;
}

static const char *json_string(const char *s)
{
	if (*s++ != '"')
		return NULL;
	for (; *s != '"'; s++) {
		if ((u8)*s < ' ')
			return NULL;
		if (*s == '\\' && *++s != '"' && *s != '\\')
			return NULL;
	}
	return s + 1;
}

static const char *json_list(const char *s, char end, unsigned int depth)
{
	char *shape = json_shape;
	const char *name;

	s = json_blank(s + 1);
	if (*s == end)
		return s + 1;
	while (s) {
		if (end == '}') {
			name = s;
			s = json_string(s);
			json_put(" ", s ? 1 : 0);
			json_put(name + 1, s ? s - name - 2 : 0);
			s = json_blank(s);
			if (!s || *s++ != ':')
				return NULL;
		}
		s = json_blank(json_value(s, depth + 1));
		if (!s)
			return NULL;
		if (json_shape)
			shape = json_shape;
		if (end == ']')
			json_shape = NULL;
		if (*s == end) {
			json_shape = shape;
			return s + 1;
		}
		if (*s++ != ',')
			return NULL;
		s = json_blank(s);
	}
	return NULL;
}

static const char *json_value(const char *s, unsigned int depth)
{
	const char *from;

	s = json_blank(s);
	if (depth > 8)
		return NULL;
	if (*s == '{')
		return json_list(s, '}', depth);
	if (*s == '[') {
		json_put("[", 1);
		s = json_list(s, ']', depth);
		json_put("]", 1);
		return s;
	}
	if (*s == '"')
		return json_string(s);
	if (!strncmp(s, "null", 4))
		return s + 4;
	s += *s == '-';
	for (from = s; *s >= '0' && *s <= '9'; s++)
		;
	return s > from ? s : NULL;
}

static bool json_valid(const char *text)
{
	const char *end = json_blank(json_value(text, 0));

	return end && !*end;
}

/* Compares the members of a file with @want, in their order. */
static void json_has(struct kunit *test, const char *name, const char *want)
{
	char *text = must_read(test, name), *shape = fa_mem(test, TEXT);
	bool valid;

	json_shape = shape;
	valid = json_valid(text);
	if (json_shape)
		*json_shape = '\0';
	json_shape = NULL;
	KUNIT_ASSERT_TRUE_MSG(test, valid, "%s", text);
	KUNIT_EXPECT_STREQ(test, shape, want);
}

/* The checker itself notices what is wrong. */
static void inspect_json_checker(struct kunit *test)
{
	static const char * const bad[] = {
		"", "{", "[1,]", "{\"a\" 1}", "{\"a\": 1,}", "[1 2]", "\"a", "{a: 1}", "[-]",
		"[1] 2", "\"a\\n\"", "\"a\nb\"", "[[1]",
	};
	static const char * const good[] = {
		"{}", "[]", "[1, -2, null]\n", "{\"a\": [{\"b\": \"c\\\"\\\\\"}], \"d\": 0}",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_FALSE_MSG(test, json_valid(bad[i]), "%s", bad[i]);
	for (i = 0; i < ARRAY_SIZE(good); i++)
		KUNIT_EXPECT_TRUE_MSG(test, json_valid(good[i]), "%s", good[i]);
}

/* Promise: json is valid with no pool, and with pools of any name and kind. */
static void inspect_json(struct kunit *test)
{
	struct fastalloc_config cfg = fa_config(.name = "kunit\"a\\", .capacity = 8);
	struct fastalloc_pool *pool;
	char *text = must_read(test, "json");
	unsigned int i;

	KUNIT_EXPECT_TRUE_MSG(test, json_valid(text), "%s", text);
	KUNIT_EXPECT_EQ(test, strncmp(text, "{\"format\": 1, \"version\": \"", 25), 0);
	pool = fa_pool(test, &cfg);
	for (i = 0; i < 3; i++)
		fa_must_get(test, pool, GFP_KERNEL);
	cfg.name = "kunit";
	cfg.sync = FASTALLOC_SYNC_NONE;
	fa_pool(test, &cfg);
	cfg.name = "kunit-two";
	cfg.sync = FASTALLOC_SYNC_SPINLOCK;
	cfg.flags = FASTALLOC_F_CHECK | FASTALLOC_F_OWNER;
	pool = fa_pool(test, &cfg);
	fa_must_get(test, pool, GFP_KERNEL);
	text = must_read(test, "json");
	KUNIT_EXPECT_TRUE_MSG(test, json_valid(text), "%s", text);
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "\"name\": \"kunit\\\"a\\\\\", "));
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "\"in_use\": 3, \"peak\": 3, \"allocs\": 3, "));
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "\"name\": \"kunit\", \"module\": \""));
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "\", \"state\": \"live\",\n"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "\"cpus\": ["));

	text = must_read(test, "kunit\"a\\/json");
	KUNIT_EXPECT_TRUE_MSG(test, json_valid(text), "%s", text);
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "\"chunk_list\": [\n"));
	text = must_read(test, "kunit-two/json");
	KUNIT_EXPECT_TRUE_MSG(test, json_valid(text), "%s", text);
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "\"live\": [\n    {\"objects\": 1, "));
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "\"free\": 7, \"map\": \""));
}

/*
 * Promise: members that programs read stay, in all parts of a snapshot. Within a format, new
 * members may be added, so add them here as well; none may go.
 */
#define JSON_ALL	" format version time_ns possible_cpus online_cpus "
#define JSON_ONE	" format version time_ns "
#define JSON_BYTES	"bytes chunk_bytes metadata_bytes cache_bytes check_bytes"
#define JSON_CONFIG	" module state obj_size stride align sync order growth backing node flags[]"
#define JSON_SIZES	" checks capacity max_capacity total reserve low_water magazine"
#define JSON_COUNTS	" in_use peak allocs frees failures grows grows_atomic growth_failures"
#define JSON_EVENTS	" depot_exchanges nested leases_taken waits violations chunks "
#define JSON_CPUS	" magazine_bytes cpus[ cpu lease loaded spare allocs frees exchanges nested]"
#define JSON_POOL	"name" JSON_CONFIG JSON_SIZES JSON_COUNTS JSON_EVENTS JSON_BYTES JSON_CPUS
#define JSON_LIVE	" live[ objects bytes oldest_ms youngest_ms stack[]] live_rest"
#define JSON_CHUNKS	" chunk_list[ index node backing bytes objects age_ms state free map]"

static void inspect_json_members(struct kunit *test)
{
	struct fastalloc_config cfg = fa_config(.name = "kunit-dead", .capacity = 8,
						.sync = FASTALLOC_SYNC_PERCPU);
	struct fastalloc_pool *dead = fastalloc_pool_get(fa_pool(test, &cfg));

	fa_pool_gone(test, dead);
	json_has(test, "json", JSON_ALL JSON_BYTES " pools[ name module state " JSON_BYTES "]");
	fastalloc_pool_put(dead);

	cfg.name = "kunit";
	cfg.flags = FASTALLOC_F_CHECK | FASTALLOC_F_OWNER;
	fa_must_get(test, fa_pool(test, &cfg), GFP_KERNEL);
	json_has(test, "json", JSON_ALL JSON_BYTES " pools[ " JSON_POOL "]");
	json_has(test, "kunit/json",
		 JSON_ONE JSON_POOL " nodes[ node free]" JSON_LIVE JSON_CHUNKS);
}

/*
 * Promise: a reader that counts the objects of the depot may go on from one that is gone: its
 * number may belong to a smaller chunk now. KASAN would report the read behind that.
 */
static void inspect_stale_link(struct kunit *test)
{
	struct fastalloc_config cfg = fa_config(.capacity = 32, .sync = FASTALLOC_SYNC_PERCPU);
	struct fastalloc_pool *pool = fa_pool(test, &cfg);
	atomic64_t *head = &pool->percpu.depot.shard[0].single.head;
	s64 was = atomic64_read(head);

	/* The first number behind those of its chunk. */
	atomic64_set(head, pool->chunks.objects + 1);
	KUNIT_EXPECT_NOT_NULL(test, strstr(must_read(test, "kunit/stats"), "node0_free: "));
	atomic64_set(head, was);
}

/* Promise: nothing follows the end of a snapshot, also if pools are created before it is read. */
static void inspect_json_end(struct kunit *test)
{
	struct fastalloc_config cfg = fa_config(.capacity = 8, .sync = FASTALLOC_SYNC_SPINLOCK);
	static const char * const names[] = { "kunit-a", "kunit-b", "kunit-c", "kunit-d" };
	char *text = must_read(test, "json");
	struct kvec vec = { .iov_base = text, .iov_len = TEXT - 1 };
	struct iov_iter iter;
	struct kiocb iocb;
	struct file *file;
	unsigned int i;
	ssize_t got;

	file = file_open_root(&fa_root, "sys/kernel/debug/fastalloc/json", O_RDONLY, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	init_sync_kiocb(&iocb, file);
	iov_iter_kvec(&iter, READ, &vec, 1, vec.iov_len);
	do {
		got = seq_read_iter(&iocb, &iter);
		text[TEXT - 1 - iov_iter_count(&iter)] = '\0';
	} while (got > 0 && !strstr(text, "\n]}\n"));
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		cfg.name = names[i];
		fa_pool(test, &cfg);
	}
	got = seq_read_iter(&iocb, &iter);
	filp_close(file, NULL);
	KUNIT_EXPECT_EQ(test, got, (ssize_t)0);
	KUNIT_EXPECT_TRUE(test, json_valid(text));
}

/* Promise: trim leaves a chunk alone that a reader looks at, and tries again later. */
static void inspect_trim_looked(struct kunit *test)
{
	struct fastalloc_config cfg = lowest(8);
	struct fastalloc_pool *pool;
	struct fa_chunk *chunk;
	unsigned int looks;

	cfg.align = PAGE_SIZE;
	cfg.obj_size = PAGE_SIZE;
	cfg.growth = FASTALLOC_GROWTH_LINEAR;
	cfg.growth_amount = 8;
	pool = fa_pool(test, &cfg);
	while (fastalloc_pool_capacity(pool) < 24)
		fa_must_get(test, pool, GFP_KERNEL);
	fa_put_all(test);
	for (looks = 1; looks + 1; looks--) {
		mutex_lock(&pool->grow_lock);
		for (chunk = fa_chunk_first(&pool->chunks); chunk; chunk = fa_chunk_next(chunk))
			chunk->looks = looks;
		mutex_unlock(&pool->grow_lock);
		KUNIT_EXPECT_EQ(test, fastalloc_pool_trim(pool), looks ? 0UL : 16UL);
		KUNIT_EXPECT_EQ(test, pool->looked.skipped, !!looks);
	}
}

/* Promise: a destroyed pool whose descriptor is held is listed until it is released. */
static void inspect_dead(struct kunit *test)
{
	struct fastalloc_config cfg = fa_config(.name = "kunit-dead", .capacity = 8);
	struct fastalloc_pool *pool = fastalloc_pool_get(fa_pool(test, &cfg));
	char *text, *line;

	fa_pool_gone(test, pool);
	/* A later pool must not hide it. */
	cfg.name = "kunit-later";
	fa_pool(test, &cfg);
	text = must_read(test, "pools");
	line = strstr(text, "\nkunit-dead ");
	KUNIT_EXPECT_NOT_NULL(test, line);
	if (line) {
		/* CAPACITY to CHUNKS, and FAILURES. */
		*strchr(line + 1, '\n') = '\0';
		squeeze(line);
		KUNIT_EXPECT_TRUE_MSG(test, strstr(line, " none auto - - - - - "), "%s", line);
		KUNIT_EXPECT_TRUE_MSG(test, strstr(line, " - dead "), "%s", line);
	}
	KUNIT_EXPECT_GT(test, read_text("json", text), (ssize_t)0);
	KUNIT_EXPECT_TRUE(test, json_valid(text));
	line = strstr(text, "\"name\": \"kunit-dead\", ");
	KUNIT_EXPECT_NOT_NULL(test, line);
	if (line)
		KUNIT_EXPECT_NOT_NULL(test, strstr(line, "\"state\": \"dead\", \"bytes\": "));

	fastalloc_pool_put(pool);
	KUNIT_EXPECT_GT(test, read_text("json", text), (ssize_t)0);
	KUNIT_EXPECT_NULL(test, strstr(text, "kunit-dead"));
}

/* Promise: a pool of ten million objects is read in full, with buffers of some pages. */
static void inspect_large(struct kunit *test)
{
	struct fastalloc_config cfg = lowest(10 * 1000 * 1000);
	struct fastalloc_pool *pool;
	char *text;

	cfg.obj_size = 1;
	pool = fastalloc_pool_create(&cfg);
	if (PTR_ERR_OR_ZERO(pool) == -ENOMEM)
		kunit_skip(test, "no memory for it");
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(pool));
	fastalloc_pool_destroy(pool);
	pool = fa_pool(test, &cfg);
	fa_must_get(test, pool, GFP_KERNEL);
	text = must_read(test, "kunit/map");
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "[1___"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "] 0% of "));
	KUNIT_EXPECT_TRUE(test, json_valid(must_read(test, "kunit/json")));
	KUNIT_EXPECT_NOT_NULL(test, strstr(must_read(test, "kunit/check"), "\nfaults: 0\n"));
}

static struct kunit_case inspect_cases[] = {
	KUNIT_CASE(inspect_map),
	KUNIT_CASE(inspect_map_scaled),
	KUNIT_CASE(inspect_chunks),
	KUNIT_CASE(inspect_unknown),
	KUNIT_CASE(inspect_none),
	KUNIT_CASE(inspect_live),
	KUNIT_CASE(inspect_live_slots),
	KUNIT_CASE_PARAM(inspect_check_sound, inspect_gen_params),
	KUNIT_CASE(inspect_check_counts),
	KUNIT_CASE(inspect_check_chunks),
	KUNIT_CASE(inspect_check_depot),
	KUNIT_CASE(inspect_check_damage),
	KUNIT_CASE(inspect_json_checker),
	KUNIT_CASE(inspect_json),
	KUNIT_CASE(inspect_json_members),
	KUNIT_CASE(inspect_stale_link),
	KUNIT_CASE(inspect_json_end),
	KUNIT_CASE(inspect_trim_looked),
	KUNIT_CASE(inspect_dead),
	KUNIT_CASE(inspect_large),
	{}
};

static struct kunit_suite inspect_suite = {
	.name = "fastalloc_inspect",
	.init = fa_fix_init,
	.exit = fa_fix_exit,
	.suite_init = fa_root_init,
	.suite_exit = fa_root_exit,
	.test_cases = inspect_cases,
};

kunit_test_suite(inspect_suite);

FASTALLOC_IMPORT_NS();
MODULE_DESCRIPTION("fastalloc: tests of the files that look at chunks and objects");
MODULE_LICENSE("GPL");
