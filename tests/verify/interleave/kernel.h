/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts of the kernel that the code under check uses, for user space. Every access
 * to memory that contexts share goes through a hook of explore.c, where the search can
 * switch to another context. Plain accesses call hooks through the compiler's thread
 * sanitizer.
 */
#ifndef VERIFY_KERNEL_H
#define VERIFY_KERNEL_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* With VERIFY_GENERIC, use the generic claim in place of the one for x86. */
#ifndef VERIFY_GENERIC
#define CONFIG_X86
#endif

#define u8	uint8_t
#define u16	uint16_t
#define u32	uint32_t
#define u64	uint64_t
#define s64	int64_t
#define gfp_t	unsigned int

/* Locks are hooks, so nothing may be inlined. */
#define CONFIG_DEBUG_SPINLOCK

#define __percpu
#define __must_check
#define __user
#define MODULE_NAME_LEN		64
#define ____cacheline_aligned
#define ____cacheline_aligned_in_smp
#define __acquires(x)
#define __releases(x)
#define __acquire(x)		((void)0)
#define __release(x)		((void)0)
#ifndef __always_inline
#define __always_inline		inline __attribute__((__always_inline__))
#endif
#define __aligned(n)		__attribute__((aligned(n)))
#define __printf(f, a)		__attribute__((format(printf, f, a)))
#define noinline		__attribute__((noinline))
#define __cold			__attribute__((cold))
#define fallthrough		__attribute__((fallthrough))
#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)
#define barrier()		asm volatile("" : : : "memory")

#define BIT(n)			(1UL << (n))
#define BIT_ULL(n)		(1ULL << (n))
#define SZ_1K			1024
#define SZ_4K			4096
#define SZ_1M			(1 << 20)
#define SMP_CACHE_BYTES		64
#define PAGE_SIZE		4096UL
#define NUMA_NO_NODE		(-1)
#define __GFP_ZERO		1U
#define __GFP_NOWARN		2U
#define GFP_KERNEL		4U
#define __GFP_NORETRY		8U
#define want_init_on_alloc(gfp)	0
#define gfpflags_allow_blocking(gfp) (((gfp) & GFP_KERNEL) != 0)
#define THIS_MODULE		NULL
#define BUILD_BUG_ON(x)		_Static_assert(!(x), #x)
/* The placement in cache lines is not checked. */
#define IS_ENABLED(x)		0
#define ENOMEM			12
#define E2BIG			7
#define ENOSPC			28

#define div_u64(a, b)		((a) / (b))
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
/* Each argument is evaluated once: it may be an access. */
#define min(a, b)		({ typeof(a) a__ = (a); typeof(b) b__ = (b); a__ < b__ ? a__ : b__; })
#define max(a, b)		({ typeof(a) c__ = (a); typeof(b) d__ = (b); c__ > d__ ? c__ : d__; })
#define max3(a, b, c)		max(max(a, b), c)
#define clamp(v, lo, hi)	min(max(v, lo), hi)
#define BITS_PER_LONG		64
#define min_t(t, a, b)		min((t)(a), (t)(b))
#define max_t(t, a, b)		max((t)(a), (t)(b))
#define ALIGN(x, a)		(((x) + (a) - 1) & ~((typeof(x))(a) - 1))
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define roundup_pow_of_two(n)	((n) < 2 ? 1UL : 1UL << (64 - __builtin_clzl((n) - 1UL)))
#define array_size(a, b)	((a) * (b))
#define container_of(p, t, m)	((t *)((char *)(p) - offsetof(t, m)))

struct module;
struct dentry;
struct shrinker;
struct lock_class_key;

struct verify_atomic64 { s64 counter; };
struct verify_atomic_long { long counter; };
struct verify_atomic { int counter; };
struct verify_lock { int held; };
struct mutex { struct verify_lock lock; };
struct rb_node { void *unused; };
struct rb_root { void *unused; };
struct rb_root_cached { void *unused; };
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *n);
struct rb_node *rb_prev(const struct rb_node *n);
struct latch_tree_node { struct rb_node node[2]; };
struct latch_tree_root { struct rb_root tree[2]; };
struct rcu_head { void *unused; };

/* Only what links.c needs: numbers are given in order. */
#define XA_LIMIT(lo, hi)	(hi)
#define XA_FLAGS_ALLOC		0
#define XA_FLAGS_LOCK_IRQ	0
struct xarray { void *entry[4]; };
static inline void xa_init_flags(struct xarray *xa, int flags) { memset(xa, 0, sizeof(*xa)); }
static inline void xa_destroy(struct xarray *xa) { }
static inline void *xa_load(struct xarray *xa, unsigned long i)
{
	return i < 4 ? xa->entry[i] : NULL;
}
static inline int __xa_alloc(struct xarray *xa, uint32_t *nr, void *entry, uint32_t limit, int gfp)
{
	for (*nr = 0; *nr < 4 && xa->entry[*nr]; ++*nr)
		;
	if (*nr == 4)
		return -1;
	xa->entry[*nr] = entry;
	return 0;
}
static inline void __xa_erase(struct xarray *xa, unsigned long i) { xa->entry[i] = NULL; }
#define xa_lock_irqsave(xa, flags)	((void)((flags) = 0))
#define xa_unlock_irqrestore(xa, flags)	((void)(flags))
#define struct_size(p, m, n)		(sizeof(*(p)) + (n) * sizeof((p)->m[0]))
struct kref { int unused; };
struct ratelimit_state { int unused; };
struct work_struct { int unused; };
struct irq_work { void (*func)(struct irq_work *w); };
struct completion { unsigned int done; };
struct list_head { struct list_head *next, *prev; };

#define atomic64_t		struct verify_atomic64
#define atomic_long_t		struct verify_atomic_long
#define atomic_t		struct verify_atomic
#define raw_spinlock_t		struct verify_lock

extern unsigned int verify_reserve, verify_shards;

/*
 * In explore.c. All accesses are sequentially consistent here; the litmus tests check
 * the ordering.
 */

void hook_racy(bool on);
u64 hook_read(const void *addr, size_t size);
void hook_write(void *addr, size_t size, u64 val);
s64 hook_head_read(const atomic64_t *v);
bool hook_head_cmpxchg(atomic64_t *v, s64 *old, s64 new);
void hook_head_set(atomic64_t *v, s64 new);
u32 hook_xchg(u32 *addr, u32 val);
void *hook_this_cpu(void *base, size_t size);
void *hook_this_cpu_member(const void *member);
bool hook_online(int cpu);
int hook_cpu(void);
int hook_ncpu(void);
void hook_lock(raw_spinlock_t *lock);
void hook_unlock(raw_spinlock_t *lock);
void hook_mutex_lock(struct mutex *m);
void hook_mutex_unlock(struct mutex *m);
void hook_irq_work(void);
void hook_complete(struct completion *c);
void hook_sleep(struct completion *c);
void hook_loop(void);
void hook_bad(const char *what);
void hook_cpu_dead(int (*fn)(unsigned int cpu));
void hook_call(int cpu, void (*fn)(void *arg), void *arg);
void *hook_mem(size_t bytes);
void hook_inserted(void);
void *hook_percpu(size_t bytes);

#define READ_ONCE(x)		((typeof(x))hook_read(&(x), sizeof(x)))
/* Reads memory that another context may own. */
#define data_race(x)		({ hook_racy(true); typeof(x) v__ = (x); hook_racy(false); v__; })
#define WRITE_ONCE(x, v)	hook_write(&(x), sizeof(x), (u64)(v))
#define atomic64_read(v)	hook_head_read(v)
#define atomic64_read_acquire(v) hook_head_read(v)
#define atomic64_set(v, n)	hook_head_set(v, n)
#define atomic64_set_release(v, n) hook_head_set(v, n)
#define atomic64_try_cmpxchg(v, old, new) hook_head_cmpxchg(v, old, new)
#define atomic64_try_cmpxchg_acquire(v, old, new) hook_head_cmpxchg(v, old, new)
#define atomic64_try_cmpxchg_release(v, old, new) hook_head_cmpxchg(v, old, new)
#define atomic64_try_cmpxchg_relaxed(v, old, new) hook_head_cmpxchg(v, old, new)
#define xchg_relaxed(p, v)	hook_xchg(p, v)
#define smp_acquire__after_ctrl_dep() barrier()
#define smp_mb()		barrier()
#define smp_rmb()		barrier()
#define smp_wmb()		barrier()
#define smp_mb__after_atomic()	barrier()
#define smp_mb__before_atomic()	barrier()
#define kcsan_release()		((void)0)

/* Only ->free and ->leases.left are watched. The other counters steer growth, which is not checked. */
long hook_long_read(const atomic_long_t *v);
long hook_long_add(atomic_long_t *v, long n);
bool hook_long_cmpxchg(atomic_long_t *v, long *old, long new);

#define atomic_long_inc(v)		hook_long_add(v, 1)
#define atomic_long_read(v)		hook_long_read(v)
#define atomic_long_add(n, v)		hook_long_add(v, n)
#define atomic_long_add_return(n, v)	hook_long_add(v, n)
#define atomic_long_sub(n, v)		hook_long_add(v, -(long)(n))
#define atomic_long_set(v, n)		((void)((v)->counter = (n)))
#define atomic_long_xchg(v, n)		((void)((v)->counter = (n)))
#define atomic_long_try_cmpxchg(v, old, new) hook_long_cmpxchg(v, old, new)

/* Calls that may sleep: used by destroy, which is not checked. */
#define atomic_inc_return(v)		(++(v)->counter)
#define atomic_dec_return(v)		(--(v)->counter)
#define atomic_add_return(n, v)		((v)->counter += (n))
#define atomic_read(v)			((v)->counter)
#define atomic_read_acquire(v)		((v)->counter)
#define atomic_try_cmpxchg(v, old, new)	((void)(old), (v)->counter = (new), true)
#define wake_up_var(v)			((void)(v))
#define wait_var_event(v, cond)		((void)(cond))

#define preempt_disable()	barrier()
#define preempt_enable()	barrier()
#define preemptible()		0
#define cond_resched()		hook_loop()
#define this_cpu_ptr(p)		((typeof(p))hook_this_cpu(p, sizeof(*(p))))
#define per_cpu_ptr(p, cpu)	((p) + (cpu))
/* Statistics only. */
#define this_cpu_add(x, v)	((void)(v))
#define this_cpu_sub(x, v)	((void)(v))
#define this_cpu_read(x)	(*(typeof(&(x)))hook_this_cpu_member(&(x)))
#define this_cpu_inc(x)		this_cpu_add(x, 1)
#define this_cpu_dec(x)		this_cpu_add(x, 1)
#define DEFINE_PER_CPU(t, n)	t n
#define alloc_percpu_gfp(t, gfp) ((t *)hook_percpu(sizeof(t)))
#define free_percpu(p)		((void)(p))
#define num_possible_cpus()	hook_ncpu()
#define for_each_possible_cpu(c) for ((c) = 0; (c) < hook_ncpu(); (c)++)
#define cpu_online(c)		hook_online(c)
#define for_each_online_cpu(c)	for_each_possible_cpu(c) if (cpu_online(c))
#define num_online_cpus()	(hook_online(0) + hook_online(1) + hook_online(2))
#define cpus_read_lock()	barrier()
#define cpus_read_unlock()	barrier()
#define mutex_init(m)		((m)->lock.held = 0)
#define mutex_lock(m)		hook_mutex_lock(m)
#define mutex_unlock(m)		hook_mutex_unlock(m)
#define kvfree(p)		((void)(p))
#define kvfree_rcu(p, m)	((void)(p))
#define kfree(p)		((void)(p))

#define smp_call_function_single(cpu, fn, arg, wait) hook_call(cpu, fn, arg)

/* The worker's pause has always passed, and its kicks do nothing: it runs at any time. */
#define HZ			100
#define jiffies			0UL
#define time_in_range_open(a, b, c)	((void)(b), (void)(c), false)
#define memalloc_noio_save()	0
#define memalloc_noio_restore(s) ((void)(s))

#define CPUHP_BP_PREPARE_DYN	0
#define cpuhp_setup_state_nocalls(state, name, up, down) (hook_cpu_dead(down), 0)
#define cpuhp_remove_state_nocalls(state) ((void)(state))

#define raw_spin_lock_init(l)	((l)->held = 0)
#define raw_spin_lock_irqsave(l, flags)	do { (flags) = 0; hook_lock(l); } while (0)
#define raw_spin_unlock_irqrestore(l, flags) do { (void)(flags); hook_unlock(l); } while (0)

#define irq_work_queue(w)	((void)(w), hook_irq_work())
#define irq_work_sync(w)	((void)(w))
#define IRQ_WORK_INIT_HARD(fn)	((struct irq_work){ .func = (fn) })
#define init_completion(c)	((c)->done = 0)
#define complete(c)		hook_complete(c)
#define wait_for_completion_timeout(c, t)	((void)(t), hook_sleep(c))
#define wait_for_completion_killable_timeout(c, t) ((void)(t), hook_sleep(c))

/* Events are not checked. */
#define trace_fastalloc_refill(pool, n)	((void)(n))
#define trace_fastalloc_flush(pool, n)	((void)(n))
#define trace_fastalloc_lease_change(pool, cpu, from, to) ((void)(cpu), (void)(to))
#define trace_fastalloc_alloc_enabled()	false
#define trace_fastalloc_free_enabled()	false
#define raw_smp_processor_id()	hook_cpu()

#define pr_err(...)		hook_bad("the pool is refused")
#define pr_err_ratelimited(fmt, ...)	hook_bad(fmt)
#define WARN_ONCE(x, fmt, ...)	((x) ? hook_bad("WARN: " fmt) : (void)0)
#define WARN_ON_ONCE(x)		({ bool bad = (x); if (bad) hook_bad("WARN_ON_ONCE(" #x ")"); bad; })

static inline void INIT_LIST_HEAD(struct list_head *l)
{
	l->next = l;
	l->prev = l;
}

static inline void list_add_tail(struct list_head *n, struct list_head *l)
{
	n->prev = l->prev;
	n->next = l;
	l->prev->next = n;
	l->prev = n;
}

static inline void list_del_init(struct list_head *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	INIT_LIST_HEAD(n);
}

static inline bool list_empty(const struct list_head *l)
{
	return l->next == l;
}

#define list_first_entry_or_null(l, t, m) \
	(list_empty(l) ? NULL : container_of((l)->next, t, m))
#define list_for_each_entry_safe(p, n, l, m)				\
	for ((p) = container_of((l)->next, typeof(*(p)), m);		\
	     (n) = container_of((p)->m.next, typeof(*(p)), m), &(p)->m != (l); (p) = (n))
#define list_for_each_entry(p, l, m)					\
	for ((p) = container_of((l)->next, typeof(*(p)), m);		\
	     &(p)->m != (l); (p) = container_of((p)->m.next, typeof(*(p)), m))

#endif /* VERIFY_KERNEL_H */
