/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KUnit, or on kernels without CONFIG_KUNIT the part of it that these tests use: the
 * same test files then print the same KTAP when the module is loaded.
 *
 * As in KUnit, each case runs in its own thread, and a failed KUNIT_ASSERT_*() or
 * kunit_skip() ends that thread. The suite's exit runs in either case, so clean-up
 * belongs there, reached through test->priv.
 */
#ifndef FASTALLOC_KTEST_H
#define FASTALLOC_KTEST_H

#include <linux/kconfig.h>

#if IS_ENABLED(CONFIG_KUNIT)

#include <kunit/test.h>

#else

#include <linux/completion.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#define KUNIT_PARAM_DESC_SIZE	128

struct kunit {
	void *priv;
	const void *param_value;
	const char *name;
	bool failed;
	bool skipped;
	char why[KUNIT_PARAM_DESC_SIZE];
	struct completion done;
};

struct kunit_case {
	void (*run_case)(struct kunit *test);
	const char *name;
	const void *(*generate_params)(struct kunit *test, const void *prev,
				       char *desc);
};

struct kunit_suite {
	const char *name;
	int (*suite_init)(struct kunit_suite *suite);
	void (*suite_exit)(struct kunit_suite *suite);
	int (*init)(struct kunit *test);
	void (*exit)(struct kunit *test);
	struct kunit_case *test_cases;
};

#define KUNIT_CASE(func)		{ .run_case = (func), .name = #func }
#define KUNIT_CASE_PARAM(func, gen)					\
	{ .run_case = (func), .name = #func, .generate_params = (gen) }

#define KUNIT_ARRAY_PARAM(name, array, get_desc)			\
static const void *name##_gen_params(struct kunit *test,		\
				     const void *prev, char *desc)	\
{									\
	typeof(array) *__all = &(array);				\
	typeof(&(*__all)[0]) __first = &(*__all)[0];			\
	typeof(__first) __next = __first;				\
									\
	if (prev)							\
		__next = (typeof(__first))prev + 1;			\
	if (__next == __first + ARRAY_SIZE(*__all))			\
		__next = NULL;						\
	else								\
		(get_desc)(__next, desc);				\
	return __next;							\
}

/* what the macros print and decide; kept out of line to keep tests small */
static inline void ktest_abort(struct kunit *test)
{
	kthread_complete_and_exit(&test->done, 0);
}

static __printf(6, 7) noinline __maybe_unused void
ktest_failed(struct kunit *test, bool fatal, const char *file, int line,
	     const char *what, const char *fmt, ...)
{
	struct va_format vaf;
	va_list args;

	va_start(args, fmt);
	vaf.fmt = fmt;
	vaf.va = &args;
	pr_info("    # %s: %s FAILED at %s:%d: %s%pV\n", test->name,
		fatal ? "ASSERTION" : "EXPECTATION", file, line, what, &vaf);
	va_end(args);
	WRITE_ONCE(test->failed, true);
	if (fatal)
		ktest_abort(test);
}

static __printf(2, 3) noinline __maybe_unused void
ktest_skipped(struct kunit *test, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vscnprintf(test->why, sizeof(test->why), fmt, args);
	va_end(args);
	test->skipped = true;
}

#define kunit_mark_skipped(test, fmt, ...)				\
	ktest_skipped(test, fmt, ##__VA_ARGS__)

#define kunit_skip(test, fmt, ...)					\
do {									\
	struct kunit *__test = (test);					\
									\
	ktest_skipped(__test, fmt, ##__VA_ARGS__);			\
	ktest_abort(__test);						\
} while (0)

#define kunit_info(test, fmt, ...)					\
	pr_info("    # %s: " fmt, (test)->name, ##__VA_ARGS__)

#define KTEST_CHECK(test, fatal, cond, what, fmt, ...)			\
do {									\
	if (!(cond))							\
		ktest_failed(test, fatal, __FILE__, __LINE__, what,	\
			     " " fmt, ##__VA_ARGS__);			\
} while (0)

#define KTEST_BINARY(test, fatal, left, op, right, fmt, ...)		\
do {									\
	typeof(left) __left = (left);					\
	typeof(right) __right = (right);				\
									\
	if (!(__left op __right))					\
		ktest_failed(test, fatal, __FILE__, __LINE__,		\
			     #left " " #op " " #right,			\
			     " (%lld, %lld) " fmt, (long long)__left,	\
			     (long long)__right, ##__VA_ARGS__);	\
} while (0)

#define KTEST_PTR(test, fatal, left, op, right, fmt, ...)		\
do {									\
	const void *__left = (left);					\
	const void *__right = (right);					\
									\
	if (!(__left op __right))					\
		ktest_failed(test, fatal, __FILE__, __LINE__,		\
			     #left " " #op " " #right,			\
			     " (%p, %p) " fmt, __left, __right,	\
			     ##__VA_ARGS__);				\
} while (0)

#define KTEST_STREQ(test, fatal, left, right, fmt, ...)			\
do {									\
	const char *__left = (left);					\
	const char *__right = (right);					\
									\
	if (strcmp(__left, __right))					\
		ktest_failed(test, fatal, __FILE__, __LINE__,		\
			     #left " is " #right,			\
			     " (\"%s\", \"%s\") " fmt, __left, __right,	\
			     ##__VA_ARGS__);				\
} while (0)

#define KUNIT_FAIL(test, fmt, ...)					\
	ktest_failed(test, false, __FILE__, __LINE__, "", fmt, ##__VA_ARGS__)

#define KUNIT_EXPECT_TRUE_MSG(test, c, fmt, ...)			\
	KTEST_CHECK(test, false, c, #c, fmt, ##__VA_ARGS__)
#define KUNIT_EXPECT_FALSE_MSG(test, c, fmt, ...)			\
	KTEST_CHECK(test, false, !(c), "!" #c, fmt, ##__VA_ARGS__)
#define KUNIT_EXPECT_EQ_MSG(test, l, r, fmt, ...)			\
	KTEST_BINARY(test, false, l, ==, r, fmt, ##__VA_ARGS__)
#define KUNIT_ASSERT_TRUE_MSG(test, c, fmt, ...)			\
	KTEST_CHECK(test, true, c, #c, fmt, ##__VA_ARGS__)
#define KUNIT_ASSERT_EQ_MSG(test, l, r, fmt, ...)			\
	KTEST_BINARY(test, true, l, ==, r, fmt, ##__VA_ARGS__)
#define KUNIT_ASSERT_NOT_NULL_MSG(test, p, fmt, ...)			\
	KTEST_CHECK(test, true, (p) != NULL, #p, fmt, ##__VA_ARGS__)

#define KUNIT_EXPECT_TRUE(test, c)	KTEST_CHECK(test, false, c, #c, "")
#define KUNIT_EXPECT_FALSE(test, c)	KTEST_CHECK(test, false, !(c), "!" #c, "")
#define KUNIT_EXPECT_NULL(test, p)	KTEST_PTR(test, false, p, ==, NULL, "")
#define KUNIT_EXPECT_NOT_NULL(test, p)	KTEST_PTR(test, false, p, !=, NULL, "")
#define KUNIT_EXPECT_PTR_EQ(test, l, r)	KTEST_PTR(test, false, l, ==, r, "")
#define KUNIT_EXPECT_PTR_NE(test, l, r)	KTEST_PTR(test, false, l, !=, r, "")
#define KUNIT_EXPECT_EQ(test, l, r)	KTEST_BINARY(test, false, l, ==, r, "")
#define KUNIT_EXPECT_NE(test, l, r)	KTEST_BINARY(test, false, l, !=, r, "")
#define KUNIT_EXPECT_LT(test, l, r)	KTEST_BINARY(test, false, l, <, r, "")
#define KUNIT_EXPECT_LE(test, l, r)	KTEST_BINARY(test, false, l, <=, r, "")
#define KUNIT_EXPECT_GT(test, l, r)	KTEST_BINARY(test, false, l, >, r, "")
#define KUNIT_EXPECT_GE(test, l, r)	KTEST_BINARY(test, false, l, >=, r, "")
#define KUNIT_EXPECT_STREQ(test, l, r)	KTEST_STREQ(test, false, l, r, "")

#define KUNIT_ASSERT_TRUE(test, c)	KTEST_CHECK(test, true, c, #c, "")
#define KUNIT_ASSERT_FALSE(test, c)	KTEST_CHECK(test, true, !(c), "!" #c, "")
#define KUNIT_ASSERT_NULL(test, p)	KTEST_PTR(test, true, p, ==, NULL, "")
#define KUNIT_ASSERT_NOT_NULL(test, p)	KTEST_PTR(test, true, p, !=, NULL, "")
#define KUNIT_ASSERT_PTR_EQ(test, l, r)	KTEST_PTR(test, true, l, ==, r, "")
#define KUNIT_ASSERT_EQ(test, l, r)	KTEST_BINARY(test, true, l, ==, r, "")
#define KUNIT_ASSERT_NE(test, l, r)	KTEST_BINARY(test, true, l, !=, r, "")
#define KUNIT_ASSERT_LE(test, l, r)	KTEST_BINARY(test, true, l, <=, r, "")
#define KUNIT_ASSERT_GE(test, l, r)	KTEST_BINARY(test, true, l, >=, r, "")
#define KUNIT_ASSERT_GT(test, l, r)	KTEST_BINARY(test, true, l, >, r, "")

struct ktest_run {
	struct kunit test;
	struct kunit_suite *suite;
	struct kunit_case *kase;
};

static int ktest_thread(void *data)
{
	struct ktest_run *run = data;
	int err = 0;

	if (run->suite->init)
		err = run->suite->init(&run->test);
	if (err)
		ktest_failed(&run->test, false, __FILE__, __LINE__,
			     "init of the suite", " (%d)", err);
	else
		run->kase->run_case(&run->test);
	kthread_complete_and_exit(&run->test.done, 0);
	return 0;
}

/* one case, or one value of a parametrised one */
static void ktest_run_one(struct ktest_run *run, const void *param)
{
	struct task_struct *thread;

	memset(&run->test, 0, sizeof(run->test));
	run->test.name = run->kase->name;
	run->test.param_value = param;
	init_completion(&run->test.done);
	thread = kthread_run(ktest_thread, run, "ktest");
	if (IS_ERR(thread)) {
		ktest_failed(&run->test, false, __FILE__, __LINE__,
			     "no thread to run in", " (%ld)", PTR_ERR(thread));
		return;
	}
	wait_for_completion(&run->test.done);
	if (run->suite->exit)
		run->suite->exit(&run->test);
}

static void ktest_result(const char *indent, const struct kunit *test, int nr,
			 const char *name)
{
	bool skip = test->skipped && !test->failed;

	pr_info("%s%sok %d %s%s%s\n", indent, test->failed ? "not " : "", nr,
		name, skip ? " # SKIP " : "", skip ? test->why : "");
}

/* every value of a parametrised case, as a subtest; leaves the sum in run */
static void ktest_run_params(struct ktest_run *run)
{
	char desc[KUNIT_PARAM_DESC_SIZE];
	const void *param = NULL;
	bool failed = false;
	int nr = 0;

	while ((param = run->kase->generate_params(&run->test, param, desc)))
		nr++;
	pr_info("        KTAP version 1\n");
	pr_info("        # Subtest: %s\n", run->kase->name);
	pr_info("        1..%d\n", nr);
	nr = 0;
	desc[0] = '\0';
	param = run->kase->generate_params(&run->test, NULL, desc);
	while (param) {
		ktest_run_one(run, param);
		ktest_result("        ", &run->test, ++nr, desc);
		failed |= run->test.failed;
		desc[0] = '\0';
		param = run->kase->generate_params(&run->test, param, desc);
	}
	memset(&run->test, 0, sizeof(run->test));
	run->test.failed = failed;
}

/* set by kunit_test_suite() */
static struct kunit_suite *ktest_suite;

static int __init ktest_init(void)
{
	struct kunit_suite *suite = ktest_suite;
	struct ktest_run *run = kzalloc(sizeof(*run), GFP_KERNEL);
	bool failed = false;
	int nr = 0;

	if (!run)
		return -ENOMEM;
	run->suite = suite;
	while (suite->test_cases[nr].run_case)
		nr++;
	pr_info("KTAP version 1\n");
	pr_info("1..1\n");
	pr_info("    KTAP version 1\n");
	pr_info("    # Subtest: %s\n", suite->name);
	pr_info("    # module: %s\n", KBUILD_MODNAME);
	pr_info("    1..%d\n", nr);
	if (suite->suite_init && suite->suite_init(suite)) {
		pr_info("not ok 1 %s # failed to initialize\n", suite->name);
		kfree(run);
		return 0;
	}
	nr = 0;
	for (run->kase = suite->test_cases; run->kase->run_case; run->kase++) {
		if (run->kase->generate_params)
			ktest_run_params(run);
		else
			ktest_run_one(run, NULL);
		ktest_result("    ", &run->test, ++nr, run->kase->name);
		failed |= run->test.failed;
	}
	if (suite->suite_exit)
		suite->suite_exit(suite);
	pr_info("%sok 1 %s\n", failed ? "not " : "", suite->name);
	kfree(run);
	return 0;
}

static void __exit ktest_exit(void)
{
}
module_init(ktest_init);
module_exit(ktest_exit);

#define kunit_test_suite(suite)						\
	static struct kunit_suite *ktest_suite = &(suite)

#endif /* CONFIG_KUNIT */

#endif /* FASTALLOC_KTEST_H */
