// SPDX-License-Identifier: GPL-2.0
/*
 * Typed pools and scopes: whichever way a function returns, it frees the objects that
 * it has not passed on. Code that must not compile is in tests/typed.
 */
#include <linux/list.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

#include <linux/fastalloc_typed.h>

#include "fastalloc_test.h"

struct flow {
	struct list_head node;
	struct note *note;
	struct fastalloc_rcu_head rcu;
	u64 id;
};

/* Of odd size, and with more than natural alignment. */
struct note {
	char text[72];
} __aligned(16);

DEFINE_FASTALLOC_POOL_TYPE(flow, struct flow);
DEFINE_FASTALLOC_POOL_TYPE(note, struct note);
DEFINE_FASTALLOC_HANDLE_TYPE(note, struct note);

#define FLOWS	8
#define NOTES	4

/* A table of flows with a note each, as a module might have one. */
struct book {
	struct flow_pool *flows;
	struct note_pool *notes;
	struct list_head open;
	unsigned int most;
};

static bool book_has(struct book *book, u64 id)
{
	struct flow *f;

	list_for_each_entry(f, &book->open, node) {
		if (f->id == id)
			return true;
	}
	return false;
}

/* Two objects, three scopes, seven ways to return; one of these keeps both objects. */
static int book_open(struct book *book, u64 id, const char *text)
{
	CLASS(flow_obj, f)(book->flows, GFP_KERNEL);

	if (!f.obj)
		return -ENOMEM;
	if (!id)
		return -EINVAL;
	f.obj->id = id;
	if (book_has(book, id))
		return -EEXIST;
	if (text) {
		CLASS(note_obj, n)(book->notes, GFP_KERNEL);
		unsigned int turn;

		if (!n.obj)
			return -ENOBUFS;
		/* A pair for each turn, freed at continue and break. */
		for (turn = 0; turn < 3; turn++) {
			CLASS(flow_obj, spare)(book->flows, GFP_KERNEL);

			if (!spare.obj || turn == 1)
				continue;
			if (turn == 2)
				break;
		}
		if (strscpy(n.obj->text, text, sizeof(n.obj->text)) < 0)
			return -E2BIG;
		f.obj->note = note_obj_take(&n);
	} else {
		f.obj->note = NULL;
	}
	/* From here on the scope has a note to free, or none. */
	{
		CLASS(note_obj_adopt, n)(book->notes, f.obj->note);

		if (!book->most)
			return -ENOSPC;
		book->most--;
		f.obj->note = note_obj_take(&n);
	}
	list_add(&f.obj->node, &book->open);
	return flow_obj_take(&f) ? 0 : -EIO;
}

static void book_close_all(struct book *book)
{
	struct flow *f, *next;

	list_for_each_entry_safe(f, next, &book->open, node) {
		note_free(book->notes, f->note);
		flow_free(book->flows, f);
	}
	INIT_LIST_HEAD(&book->open);
}

static unsigned long flows_out(struct book *book)
{
	return fastalloc_pool_allocated(flow_pool_base(book->flows));
}

static unsigned long notes_out(struct book *book)
{
	return fastalloc_pool_allocated(note_pool_base(book->notes));
}

static struct fa_combo sync_params[] = {
	FA_COMBO(PERCPU, LIFO, NONE, AUTO, 0, 0),
	FA_COMBO(SPINLOCK, LIFO, NONE, AUTO, 0, 0),
	FA_COMBO(NONE, LIFO, NONE, AUTO, 0, 0),
};

KUNIT_ARRAY_PARAM(sync, sync_params, fa_combo_desc);

static struct fastalloc_config plain_config(struct kunit *test, const char *name,
					    unsigned long capacity)
{
	const struct fa_combo *c = test->param_value;

	return (struct fastalloc_config){
		.name = name,
		.capacity = capacity,
		.sync = c ? c->sync : FASTALLOC_SYNC_SPINLOCK,
	};
}

/* Adds the pool to the fixture, which destroys pools without their type. */
static struct fastalloc_pool *keep(struct kunit *test, struct fastalloc_pool *pool)
{
	struct fa_fix *fix = test->priv;
	unsigned int i = 0;

	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(pool));
	while (fix->pool[i])
		i++;
	fix->pool[i] = pool;
	return pool;
}

static struct book *new_book(struct kunit *test)
{
	struct fastalloc_config flows = plain_config(test, "flows", FLOWS);
	struct fastalloc_config notes = plain_config(test, "notes", NOTES);
	struct book *book = fa_mem(test, sizeof(*book));

	book->flows = flow_pool_create(&flows);
	keep(test, flow_pool_base(book->flows));
	book->notes = fastalloc_typed_pool_create(note, &notes);
	keep(test, note_pool_base(book->notes));
	INIT_LIST_HEAD(&book->open);
	book->most = FLOWS;
	return book;
}

/* Promise: whichever way a function returns, only what it passed on stays allocated. */
static void typed_every_exit(struct kunit *test)
{
	struct book *book = new_book(test);
	struct fa_fix *fix = test->priv;
	static const char long_text[] =
		"longer than a note, which has seventy-two bytes and not one more than that";
	unsigned int held;

	KUNIT_EXPECT_EQ(test, book_open(book, 0, "x"), -EINVAL);
	KUNIT_EXPECT_EQ(test, flows_out(book), 0UL);

	KUNIT_EXPECT_EQ(test, book_open(book, 1, long_text), -E2BIG);
	KUNIT_EXPECT_EQ(test, flows_out(book), 0UL);
	KUNIT_EXPECT_EQ(test, notes_out(book), 0UL);

	KUNIT_EXPECT_EQ(test, book_open(book, 1, "first"), 0);
	KUNIT_EXPECT_EQ(test, book_open(book, 2, NULL), 0);
	KUNIT_EXPECT_EQ(test, flows_out(book), 2UL);
	KUNIT_EXPECT_EQ(test, notes_out(book), 1UL);

	KUNIT_EXPECT_EQ(test, book_open(book, 1, "again"), -EEXIST);
	KUNIT_EXPECT_EQ(test, flows_out(book), 2UL);

	book->most = 0;
	KUNIT_EXPECT_EQ(test, book_open(book, 3, "full"), -ENOSPC);
	KUNIT_EXPECT_EQ(test, book_open(book, 3, NULL), -ENOSPC);
	KUNIT_EXPECT_EQ(test, flows_out(book), 2UL);
	KUNIT_EXPECT_EQ(test, notes_out(book), 1UL);
	book->most = FLOWS;

	/* All notes are out; then all flows, too. */
	held = fa_drain(test, note_pool_base(book->notes), GFP_KERNEL);
	KUNIT_EXPECT_GE(test, held + 1, (unsigned int)NOTES);
	KUNIT_EXPECT_EQ(test, book_open(book, 3, "no note"), -ENOBUFS);
	KUNIT_EXPECT_EQ(test, flows_out(book), 2UL);
	fa_drain(test, flow_pool_base(book->flows), GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, book_open(book, 3, NULL), -ENOMEM);
	KUNIT_EXPECT_GT(test, fix->nr_held, held);
	fa_put_all(test);
	KUNIT_EXPECT_EQ(test, flows_out(book), 2UL);
	KUNIT_EXPECT_EQ(test, notes_out(book), 1UL);

	/* The two objects that were passed on are unchanged. */
	KUNIT_EXPECT_TRUE(test, book_has(book, 1));
	KUNIT_EXPECT_TRUE(test, book_has(book, 2));
	KUNIT_EXPECT_STREQ(test, list_last_entry(&book->open, struct flow, node)->note->text,
			   "first");
	book_close_all(book);
	KUNIT_EXPECT_EQ(test, flows_out(book), 0UL);
	KUNIT_EXPECT_EQ(test, notes_out(book), 0UL);
}

/* Promise: an object taken out of its scope belongs to the caller, and only once. */
static void typed_hand_over(struct kunit *test)
{
	struct book *book = new_book(test);
	struct flow *first, *kept, *none;

	{
		CLASS(flow_obj, f)(book->flows, GFP_KERNEL | __GFP_ZERO);

		KUNIT_ASSERT_NOT_NULL(test, f.obj);
		KUNIT_EXPECT_EQ(test, f.obj->id, 0ULL);
		first = f.obj;
		first->id = 17;
		kept = flow_obj_take(&f);
		none = flow_obj_take(&f);
		KUNIT_EXPECT_NULL(test, f.obj);
	}
	KUNIT_EXPECT_PTR_EQ(test, kept, first);
	KUNIT_EXPECT_NULL(test, none);
	KUNIT_EXPECT_EQ(test, flows_out(book), 1UL);
	KUNIT_EXPECT_EQ(test, kept->id, 17ULL);

	/* Back into a scope, which frees the object. */
	{
		CLASS(flow_obj_adopt, f)(book->flows, kept);

		KUNIT_EXPECT_PTR_EQ(test, f.obj, kept);
		KUNIT_EXPECT_EQ(test, flows_out(book), 1UL);
	}
	KUNIT_EXPECT_EQ(test, flows_out(book), 0UL);

	/* Nothing adopted, so nothing freed. */
	{
		CLASS(flow_obj_adopt, f)(book->flows, NULL);

		KUNIT_EXPECT_NULL(test, f.obj);
	}
	KUNIT_EXPECT_EQ(test, flows_out(book), 0UL);
}

/* Promise: scopes work for pools without a type, too. */
static void untyped_scopes(struct kunit *test)
{
	struct fastalloc_config cfg = plain_config(test, "kunit", FLOWS);
	struct fastalloc_pool *pool;
	void *kept;

	cfg.obj_size = 100;
	pool = fa_pool(test, &cfg);
	{
		CLASS(fastalloc_obj, one)(pool, GFP_KERNEL);
		CLASS(fastalloc_obj, two)(pool, GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, one.obj);
		KUNIT_ASSERT_NOT_NULL(test, two.obj);
		KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 2UL);
		kept = fastalloc_obj_take(&two);
	}
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 1UL);
	{
		CLASS(fastalloc_obj_adopt, again)(pool, kept);

		KUNIT_EXPECT_PTR_EQ(test, again.obj, kept);
	}
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 0UL);
}

static struct flow_pool *freed_by_name;

DEFINE_FREE(named_flow, struct flow *, flow_free(freed_by_name, _T))

static struct flow *open_named(u64 id)
{
	struct flow *f __free(named_flow) = flow_alloc(freed_by_name, GFP_KERNEL);

	if (!f || !id)
		return NULL;
	f->id = id;
	return_ptr(f);
}

/* Promise: with a single pool, the kernel's __free() can be used. */
static void typed_free_by_name(struct kunit *test)
{
	struct book *book = new_book(test);
	struct flow *f;

	freed_by_name = book->flows;
	KUNIT_EXPECT_NULL(test, open_named(0));
	KUNIT_EXPECT_EQ(test, flows_out(book), 0UL);
	f = open_named(3);
	KUNIT_ASSERT_NOT_NULL(test, f);
	KUNIT_EXPECT_EQ(test, flows_out(book), 1UL);
	flow_free(book->flows, f);
}

/* Promise: a typed object can be freed after a grace period, too. */
static void typed_free_rcu(struct kunit *test)
{
	struct book *book = new_book(test);
	struct flow *f = flow_alloc(book->flows, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	rcu_read_lock();
	flow_free_rcu(book->flows, f, &f->rcu);
	KUNIT_EXPECT_EQ(test, flows_out(book), 1UL);
	rcu_read_unlock();
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, flows_out(book), 0UL);
}

/* Copies a note's text, if the note still exists and @size is not 0. */
static int read_note(struct note_pool *notes, struct note_handle h, char *to, size_t size)
{
	CLASS(note_shared, n)(notes, h);

	if (!n.obj)
		return -ESTALE;
	if (!size)
		return -EINVAL;
	return strscpy(to, n.obj->text, size);
}

/* Promise: handles have the type of their object; a reference is put with its scope. */
static void typed_handles(struct kunit *test)
{
	struct fastalloc_config cfg = plain_config(test, "kunit", NOTES);
	struct note_handle h, none = {};
	struct note_pool *notes;
	struct note *n, *kept;
	char text[72];

	cfg.flags = FASTALLOC_F_HANDLES;
	notes = note_pool_create(&cfg);
	keep(test, note_pool_base(notes));
	n = note_zalloc(notes, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, n);
	h = note_handle(notes, n);
	strscpy(n->text, "shared", sizeof(n->text));

	KUNIT_EXPECT_PTR_EQ(test, note_resolve(notes, h), n);
	KUNIT_EXPECT_EQ(test, read_note(notes, h, text, sizeof(text)), 6);
	KUNIT_EXPECT_STREQ(test, text, "shared");
	KUNIT_EXPECT_EQ(test, read_note(notes, h, text, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, read_note(notes, none, text, 0), -ESTALE);
	KUNIT_EXPECT_TRUE(test, fastalloc_handle_is_none(none.base));

	/* A reference taken out of its scope keeps the object allocated. */
	{
		CLASS(note_shared, s)(notes, h);

		kept = note_shared_take(&s);
	}
	KUNIT_EXPECT_PTR_EQ(test, kept, n);
	KUNIT_EXPECT_PTR_EQ(test, note_get(notes, n), n);
	KUNIT_EXPECT_TRUE(test, note_get_unless_zero(notes, n));
	note_put(notes, n);
	note_put(notes, n);
	note_put(notes, n);
	KUNIT_EXPECT_EQ(test, read_note(notes, h, text, sizeof(text)), 6);
	{
		CLASS(note_shared_adopt, s)(notes, kept);

		KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(note_pool_base(notes)), 1UL);
	}
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(note_pool_base(notes)), 0UL);
	KUNIT_EXPECT_NULL(test, note_resolve(notes, h));
	KUNIT_EXPECT_NULL(test, note_upgrade(notes, h));
	KUNIT_EXPECT_EQ(test, read_note(notes, h, text, sizeof(text)), -ESTALE);
}

/* Promise: the same for a reference to an object without a type. */
static void untyped_shared_scope(struct kunit *test)
{
	struct fastalloc_config cfg = plain_config(test, "kunit", NOTES);
	struct fastalloc_pool *pool;
	fastalloc_handle_t h;
	void *obj;

	cfg.obj_size = 40;
	cfg.flags = FASTALLOC_F_HANDLES;
	pool = fa_pool(test, &cfg);
	obj = fastalloc_alloc(pool, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, obj);
	h = fastalloc_handle(pool, obj);
	{
		CLASS(fastalloc_shared, one)(pool, h);
		CLASS(fastalloc_shared, two)(pool, FASTALLOC_HANDLE_NONE);

		KUNIT_EXPECT_PTR_EQ(test, one.obj, obj);
		KUNIT_EXPECT_NULL(test, two.obj);
		fastalloc_put(pool, obj);
		KUNIT_EXPECT_PTR_EQ(test, fastalloc_resolve(pool, h), obj);
	}
	KUNIT_EXPECT_NULL(test, fastalloc_resolve(pool, h));
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 0UL);
}

/* Fails before or after the second pool, or passes both on. */
static int new_pools(struct kunit *test, int fail, struct book *book)
{
	struct fastalloc_config flows = plain_config(test, "flows", FLOWS);
	struct fastalloc_config notes = plain_config(test, "notes", NOTES);
	struct flow_pool *f __free(flow_pool_destroy) = flow_pool_create(&flows);
	struct note_pool *n __free(note_pool_destroy) = NULL;

	if (IS_ERR(f))
		return PTR_ERR(f);
	if (fail == 1)
		return -EINTR;
	if (fail == 2)
		notes.capacity = 0;
	n = note_pool_create(&notes);
	if (IS_ERR(n))
		return PTR_ERR(n);
	if (fail == 3)
		return -EINTR;
	book->flows = no_free_ptr(f);
	book->notes = no_free_ptr(n);
	return 0;
}

/* Promise: a pool is destroyed with its scope, unless it is passed on. */
static void typed_pool_scope(struct kunit *test)
{
	struct book *book = fa_mem(test, sizeof(*book));

	/* A pool left by the call before would make the names unavailable. */
	KUNIT_EXPECT_EQ(test, new_pools(test, 1, book), -EINTR);
	KUNIT_EXPECT_EQ(test, new_pools(test, 2, book), -EINVAL);
	KUNIT_EXPECT_EQ(test, new_pools(test, 3, book), -EINTR);
	KUNIT_ASSERT_EQ(test, new_pools(test, 0, book), 0);
	keep(test, flow_pool_base(book->flows));
	keep(test, note_pool_base(book->notes));

	/* Fails at the first pool, whose name is in use: a scope accepts an ERR_PTR(). */
	KUNIT_EXPECT_EQ(test, new_pools(test, 0, book), -EEXIST);
	{
		struct fastalloc_config cfg = plain_config(test, "untyped", FLOWS);
		struct fastalloc_pool *pool __free(fastalloc_pool_destroy) = NULL;
		struct fastalloc_pool *bad __free(fastalloc_pool_destroy) =
			fastalloc_pool_create(&cfg);

		KUNIT_EXPECT_TRUE(test, IS_ERR(bad));
		cfg.obj_size = 8;
		pool = fastalloc_pool_create(&cfg);
		KUNIT_EXPECT_FALSE(test, IS_ERR(pool));
	}
	{
		/* The scope of the object ends before that of its pool. */
		struct fastalloc_config cfg = plain_config(test, "untyped", FLOWS);
		struct flow_pool *pool __free(flow_pool_destroy) = flow_pool_create(&cfg);

		KUNIT_ASSERT_FALSE(test, IS_ERR(pool));
		{
			CLASS(flow_obj, f)(pool, GFP_KERNEL);

			KUNIT_EXPECT_NOT_NULL(test, f.obj);
		}
	}
}

/* Promise: size and alignment are those of the type, whatever the config says. */
static void typed_size_and_align(struct kunit *test)
{
	struct book *book = new_book(test);
	struct fastalloc_config cfg = plain_config(test, "kunit", NOTES);
	struct note *objs[NOTES];
	struct note_pool *pool;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, note_alloc_bulk(book->notes, GFP_KERNEL, NOTES, objs),
			(unsigned int)NOTES);
	for (i = 0; i < NOTES; i++) {
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)objs[i],
						   __alignof__(struct note)));
		memset(objs[i], i, sizeof(*objs[i]));
	}
	for (i = 0; i < NOTES; i++)
		KUNIT_EXPECT_NULL(test, memchr_inv(objs[i], i, sizeof(*objs[i])));
	note_free_bulk(book->notes, NOTES, objs);
	KUNIT_EXPECT_EQ(test, notes_out(book), 0UL);

	/* Other calls, with their type. */
	objs[0] = note_zalloc(book->notes, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, objs[0]);
	KUNIT_EXPECT_NULL(test, memchr_inv(objs[0], 0, sizeof(*objs[0])));
	objs[1] = note_alloc_timeout(book->notes, GFP_KERNEL, 1);
	objs[2] = note_alloc_killable(book->notes, GFP_KERNEL, 1);
	KUNIT_EXPECT_NOT_NULL(test, objs[1]);
	KUNIT_EXPECT_NOT_NULL(test, objs[2]);
	for (i = 0; i < 3; i++)
		note_free(book->notes, objs[i]);
	objs[0] = __note_alloc(book->notes, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, objs[0]);
	KUNIT_EXPECT_EQ(test, notes_out(book), 1UL);
	__note_free(book->notes, objs[0]);
	KUNIT_EXPECT_EQ(test, notes_out(book), 0UL);

	/* More alignment than the type needs is allowed. */
	cfg.align = 64;
	pool = note_pool_create(&cfg);
	keep(test, note_pool_base(pool));
	objs[0] = note_alloc(pool, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, objs[0]);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)objs[0], 64));
	KUNIT_EXPECT_PTR_EQ(test, note_pool_from_base(note_pool_base(pool)), pool);
	note_free(pool, objs[0]);
}

/*
 * Promise: where the compiler cannot detect it, creation refuses a config of another
 * type.
 */
static void typed_other_config(struct kunit *test)
{
	struct fastalloc_config cfg = plain_config(test, "kunit", FLOWS);
	struct flow_pool *pool;

	cfg.obj_size = sizeof(struct note);
	OPTIMIZER_HIDE_VAR(cfg.obj_size);
	pool = flow_pool_create(&cfg);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(pool), -EINVAL);
	flow_pool_destroy(pool);

	cfg.obj_size = sizeof(struct flow);
	cfg.type_align = 2 * __alignof__(struct flow);
	OPTIMIZER_HIDE_VAR(cfg.type_align);
	pool = flow_pool_create(&cfg);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(pool), -EINVAL);
	flow_pool_destroy(pool);

	/* A config may repeat the alignment of the type. */
	cfg.type_align = __alignof__(struct flow);
	OPTIMIZER_HIDE_VAR(cfg.type_align);
	pool = flow_pool_create(&cfg);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(pool), 0);
	flow_pool_destroy(pool);
}

/* With room for more text than a note has, so that the next object is not at &note[1]. */
struct list {
	u64 first;
	u32 more[];
};

DEFINE_FASTALLOC_POOL_TYPE(list, struct list);

static int list_begin(struct list *list, void *arg)
{
	list->first = ++*(u32 *)arg;
	return 0;
}

static void list_end(struct list *list, void *arg)
{
	list->first = 0;
	--*(u32 *)arg;
}

DEFINE_FASTALLOC_TYPED_CTOR(list_ctor, list, list_begin)
DEFINE_FASTALLOC_TYPED_HOOK(list_dtor, list, list_end)

static int list_sum(struct list *list, void *arg)
{
	*(u64 *)arg += list->more[2];
	return 0;
}

/* Promise: runs, indices, walks and hooks have the type, also with a flexible array. */
static void typed_more_calls(struct kunit *test)
{
	struct fastalloc_config cfg = {
		.name = "kunit-list", .capacity = 12, .sync = FASTALLOC_SYNC_SPINLOCK,
		.order = FASTALLOC_ORDER_LOWEST,
		.flags = FASTALLOC_F_CONTIG | FASTALLOC_F_INDEX,
		.flex_size = FASTALLOC_FLEX_SIZE(struct list, more, 3),
		.ctor = list_ctor, .dtor = list_dtor,
	};
	struct list_pool *pool;
	struct list *run, *l;
	unsigned int i;
	u32 made = 0;
	u64 sum = 0;

	cfg.arg = &made;
	pool = list_pool_create(&cfg);
	KUNIT_ASSERT_TRUE(test, !IS_ERR(pool));
	KUNIT_EXPECT_EQ(test, made, 12U);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_obj_size(list_pool_base(pool)),
			sizeof(struct list) + 3 * sizeof(u32));
	run = list_alloc_contig(pool, GFP_KERNEL, 4);
	if (!run) {
		KUNIT_FAIL(test, "no run");
		goto out;
	}
	for (i = 0; i < 4; i++) {
		l = list_nth(pool, run, i);
		KUNIT_EXPECT_TRUE(test, list_pool_owns(pool, l));
		KUNIT_EXPECT_PTR_EQ(test, list_at(pool, list_index(pool, l)), l);
		l->more[2] = i + 1;
	}
	KUNIT_EXPECT_EQ(test, list_pool_walk_live(pool, list_sum, &sum), 0);
	KUNIT_EXPECT_EQ(test, sum, 10ULL);
	list_free_contig(pool, run, 4);
out:
	list_pool_destroy(pool);
	KUNIT_EXPECT_EQ(test, made, 0U);
}

static struct kunit_case typed_cases[] = {
	KUNIT_CASE_PARAM(typed_every_exit, sync_gen_params),
	KUNIT_CASE_PARAM(typed_hand_over, sync_gen_params),
	KUNIT_CASE_PARAM(untyped_scopes, sync_gen_params),
	KUNIT_CASE(typed_free_by_name),
	KUNIT_CASE(typed_free_rcu),
	KUNIT_CASE_PARAM(typed_handles, sync_gen_params),
	KUNIT_CASE_PARAM(untyped_shared_scope, sync_gen_params),
	KUNIT_CASE_PARAM(typed_pool_scope, sync_gen_params),
	KUNIT_CASE_PARAM(typed_size_and_align, sync_gen_params),
	KUNIT_CASE(typed_other_config),
	KUNIT_CASE(typed_more_calls),
	{ }
};

static struct kunit_suite typed_suite = {
	.name = "fastalloc_typed",
	.init = fa_fix_init,
	.exit = fa_fix_exit,
	.test_cases = typed_cases,
};

kunit_test_suite(typed_suite);

FASTALLOC_IMPORT_NS();
MODULE_DESCRIPTION("fastalloc: tests of typed pools and scopes");
MODULE_LICENSE("GPL");
