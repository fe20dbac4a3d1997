// SPDX-License-Identifier: GPL-2.0
/*
 * flowmeter: who talks to whom, and how much
 *
 * Every packet that enters or leaves the initial network namespace is charged
 * to its flow: address family, protocol, both addresses, both ports. A flow
 * has one direction, so a connection shows as two. Flows are objects of a
 * per-CPU fastalloc pool. They are allocated in softirq, where nothing may
 * sleep, on the CPU that handles the packet. An allocation that finds the pool
 * empty grows it in place, so a burst of new flows does not have to wait for a
 * worker. The pool has a cap. At the cap, packets of new flows pass as before,
 * without a flow, and are counted.
 *
 *	/sys/kernel/debug/flowmeter/flows	the flows, largest first
 *	/sys/kernel/debug/flowmeter/stats	counters, key: value
 *
 * What counts as a packet is what the stack hands over: a segment that is to
 * be split by the device counts once. Bytes include the IP header. Fragments
 * after the first carry no ports; those of one pair of hosts and protocol
 * share a flow with ports 0, unless the kernel reassembles before this hook.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/inet.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/percpu.h>
#include <linux/random.h>
#include <linux/seq_file.h>
#include <linux/siphash.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/spinlock.h>
#include <linux/u64_stats_sync.h>
#include <linux/workqueue.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>

#include <linux/fastalloc.h>

static unsigned int capacity = 1024;
module_param(capacity, uint, 0444);
MODULE_PARM_DESC(capacity, "flows to have memory for from the start (1024)");

static unsigned int max_flows = 65536;
module_param(max_flows, uint, 0444);
MODULE_PARM_DESC(max_flows, "flows to have memory for at most (65536); some more may find room");

static unsigned int idle_ms = 30000;
module_param(idle_ms, uint, 0644);
MODULE_PARM_DESC(idle_ms, "forget a flow after so many idle milliseconds (30000); 0: never");

/* Buckets above this gain little and make every walk for idle flows longer. */
#define FLOW_MAX_BUCKETS	16384U
/* How many idle flows are given back to the pool in one call. */
#define FLOW_EXPIRE_BATCH	64
/* Fits "[", a full IPv6 address, "]:" and a port. */
#define FLOW_ENDPOINT_LEN	(INET6_ADDRSTRLEN + sizeof("[]:65535"))

/**
 * struct flow_key - what makes two packets one flow; no padding, hashed whole
 * @src: source address
 * @dst: destination address
 * @sport: source port; ICMP: identifier of an echo, else 0
 * @dport: destination port; ICMP: type and code
 * @family: NFPROTO_IPV4 or NFPROTO_IPV6
 * @proto: IPPROTO_*
 * @fragment: a fragment after the first, so without ports
 */
struct flow_key {
	union nf_inet_addr	src;
	union nf_inet_addr	dst;
	__be16			sport;
	__be16			dport;
	u8			family;
	u8			proto;
	u16			fragment;
} __aligned(SIPHASH_ALIGNMENT);

/**
 * struct flow - one flow; an object of the pool
 * @node: in its bucket
 * @key: what it is
 * @packets: packets so far
 * @bytes: bytes so far
 * @first: when its first packet was seen, ns since boot
 * @last: when its latest packet was seen, ns since boot
 * @uses: how many flows this object has been. Set by the constructor and kept
 *	across free, for the pool writes nothing into free objects.
 */
struct flow {
	struct hlist_node	node;
	struct flow_key		key;
	u64			packets;
	u64			bytes;
	u64			first;
	u64			last;
	unsigned long		uses;
};

/**
 * struct flow_bucket - flows whose keys hash alike
 * @lock: taken with bottom halves off: packets are sent by tasks, too
 * @flows: the flows
 */
struct flow_bucket {
	spinlock_t		lock;	/* of the list and all flows in it */
	struct hlist_head	flows;
};

/**
 * struct flow_totals - what one CPU has seen
 * @packets: packets, those without a flow included
 * @bytes: their bytes
 * @syncp: keeps the two readable where a u64 is not read in one go
 */
struct flow_totals {
	u64_stats_t		packets;
	u64_stats_t		bytes;
	struct u64_stats_sync	syncp;
};

/**
 * struct flowmeter - all there is of it
 * @pool: where flows come from
 * @buckets: the hash table
 * @nr_buckets: a power of two
 * @hash_key: random, so that no sender can aim at one bucket
 * @totals: per CPU
 * @created: flows created
 * @expired: flows forgotten after they had been idle
 * @reused: flows created in an object that had been a flow before
 * @no_object: packets without a flow, because the pool had no object for it
 * @unparsed: packets whose headers could not be read
 * @expiry: looks for idle flows
 * @dir: in debugfs
 */
struct flowmeter {
	struct fastalloc_pool	*pool;
	struct flow_bucket	*buckets;
	unsigned int		nr_buckets;
	siphash_aligned_key_t	hash_key;
	struct flow_totals __percpu *totals;
	atomic64_t		created;
	atomic64_t		expired;
	atomic64_t		reused;
	atomic64_t		no_object;
	atomic64_t		unparsed;
	struct delayed_work	expiry;
	struct dentry		*dir;
};

static struct flowmeter fm;

/* Packet to key */

static bool key_read_ports(struct flow_key *key, const struct sk_buff *skb,
			   unsigned int offset)
{
	const __be16 *ports;
	__be16 buf[2];

	ports = skb_header_pointer(skb, offset, sizeof(buf), buf);
	if (!ports)
		return false;

	key->sport = ports[0];
	key->dport = ports[1];
	return true;
}

/* ICMP and ICMPv6 agree in where type, code and echo identifier are. */
static bool key_read_icmp(struct flow_key *key, const struct sk_buff *skb,
			  unsigned int offset)
{
	const struct icmphdr *icmp;
	struct icmphdr buf;
	bool echo;

	icmp = skb_header_pointer(skb, offset, sizeof(buf), &buf);
	if (!icmp)
		return false;

	if (key->proto == IPPROTO_ICMP)
		echo = icmp->type == ICMP_ECHO || icmp->type == ICMP_ECHOREPLY;
	else
		echo = icmp->type == ICMPV6_ECHO_REQUEST ||
		       icmp->type == ICMPV6_ECHO_REPLY;

	key->sport = echo ? icmp->un.echo.id : 0;
	key->dport = htons(icmp->type << 8 | icmp->code);
	return true;
}

static bool key_read_transport(struct flow_key *key, const struct sk_buff *skb,
			       unsigned int offset)
{
	switch (key->proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		return key_read_ports(key, skb, offset);
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return key_read_icmp(key, skb, offset);
	default:
		return true;
	}
}

static bool key_read_ipv4(struct flow_key *key, const struct sk_buff *skb)
{
	unsigned int offset = skb_network_offset(skb);
	const struct iphdr *ip;
	struct iphdr buf;

	ip = skb_header_pointer(skb, offset, sizeof(buf), &buf);
	if (!ip || ip->version != 4 || ip->ihl < 5)
		return false;

	key->src.ip = ip->saddr;
	key->dst.ip = ip->daddr;
	key->proto = ip->protocol;
	if (ip->frag_off & htons(IP_OFFSET)) {
		key->fragment = true;
		return true;
	}

	return key_read_transport(key, skb, offset + ip->ihl * 4);
}

static bool key_read_ipv6(struct flow_key *key, const struct sk_buff *skb)
{
	int offset = skb_network_offset(skb);
	const struct ipv6hdr *ip;
	struct ipv6hdr buf;
	__be16 frag_off;
	u8 nexthdr;

	ip = skb_header_pointer(skb, offset, sizeof(buf), &buf);
	if (!ip || ip->version != 6)
		return false;

	key->src.in6 = ip->saddr;
	key->dst.in6 = ip->daddr;
	nexthdr = ip->nexthdr;
	offset = ipv6_skip_exthdr(skb, offset + sizeof(buf), &nexthdr,
				  &frag_off);
	if (offset < 0) {
		/* A chain may end in "no next header", and be a flow. */
		key->proto = IPPROTO_NONE;
		return nexthdr == NEXTHDR_NONE;
	}
	if (frag_off & htons(IP6_OFFSET)) {
		const struct frag_hdr *frag;
		struct frag_hdr fbuf;

		/* The walk stopped at the fragment header. */
		frag = skb_header_pointer(skb, offset, sizeof(fbuf), &fbuf);
		if (!frag)
			return false;
		key->proto = frag->nexthdr;
		key->fragment = true;
		return true;
	}

	key->proto = nexthdr;
	return key_read_transport(key, skb, offset);
}

static bool key_read(struct flow_key *key, const struct sk_buff *skb, u8 family)
{
	memset(key, 0, sizeof(*key));
	key->family = family;

	switch (family) {
	case NFPROTO_IPV4:
		return key_read_ipv4(key, skb);
	case NFPROTO_IPV6:
		return key_read_ipv6(key, skb);
	default:
		return false;
	}
}

/* Flows */

/* Runs in softirq, too: it does not sleep and takes no lock. */
static int flow_construct(void *obj, void *arg)
{
	struct flow *flow = obj;

	INIT_HLIST_NODE(&flow->node);
	flow->uses = 0;
	return 0;
}

static struct flow *flow_find(struct flow_bucket *bucket,
			      const struct flow_key *key)
{
	struct flow *flow;

	hlist_for_each_entry(flow, &bucket->flows, node) {
		if (!memcmp(&flow->key, key, sizeof(*key)))
			return flow;
	}
	return NULL;
}

static struct flow *flow_create(struct flow_bucket *bucket,
				const struct flow_key *key, u64 now)
{
	struct flow *flow = fastalloc_alloc(fm.pool, GFP_ATOMIC);

	if (!flow) {
		atomic64_inc(&fm.no_object);
		return NULL;
	}

	if (flow->uses++)
		atomic64_inc(&fm.reused);
	atomic64_inc(&fm.created);

	flow->key = *key;
	flow->packets = 0;
	flow->bytes = 0;
	flow->first = now;
	hlist_add_head(&flow->node, &bucket->flows);
	return flow;
}

static void flowmeter_charge(const struct flow_key *key, unsigned int len)
{
	u64 hash = siphash(key, sizeof(*key), &fm.hash_key);
	struct flow_bucket *bucket = &fm.buckets[hash & (fm.nr_buckets - 1)];
	u64 now = ktime_get_coarse_ns();
	struct flow_totals *totals;
	struct flow *flow;

	spin_lock_bh(&bucket->lock);
	flow = flow_find(bucket, key);
	if (!flow)
		flow = flow_create(bucket, key, now);
	if (flow) {
		flow->packets++;
		flow->bytes += len;
		flow->last = now;
	}

	totals = this_cpu_ptr(fm.totals);
	u64_stats_update_begin(&totals->syncp);
	u64_stats_inc(&totals->packets);
	u64_stats_add(&totals->bytes, len);
	u64_stats_update_end(&totals->syncp);
	spin_unlock_bh(&bucket->lock);
}

static unsigned int flowmeter_hook(void *priv, struct sk_buff *skb,
				   const struct nf_hook_state *state)
{
	struct flow_key key;

	/* Looped back: it was charged on its way out. */
	if (state->hook == NF_INET_PRE_ROUTING && state->in &&
	    state->in->flags & IFF_LOOPBACK)
		return NF_ACCEPT;

	if (key_read(&key, skb, state->pf))
		flowmeter_charge(&key, skb->len);
	else
		atomic64_inc(&fm.unparsed);

	return NF_ACCEPT;
}

/* After reassembly, where the kernel does it, and before any translation. */
static const struct nf_hook_ops flowmeter_hooks[] = {
	{
		.hook		= flowmeter_hook,
		.pf		= NFPROTO_INET,
		.hooknum	= NF_INET_PRE_ROUTING,
		.priority	= NF_IP_PRI_RAW,
	},
	{
		.hook		= flowmeter_hook,
		.pf		= NFPROTO_INET,
		.hooknum	= NF_INET_LOCAL_OUT,
		.priority	= NF_IP_PRI_RAW,
	},
};

/*
 * Forget flows of one bucket that were last seen before @deadline, at most
 * FLOW_EXPIRE_BATCH of them. Return how many.
 */
static unsigned int bucket_expire(struct flow_bucket *bucket, u64 deadline)
{
	void *idle[FLOW_EXPIRE_BATCH];
	struct hlist_node *next;
	struct flow *flow;
	unsigned int nr = 0;

	if (hlist_empty(&bucket->flows))
		return 0;

	spin_lock_bh(&bucket->lock);
	hlist_for_each_entry_safe(flow, next, &bucket->flows, node) {
		if (flow->last >= deadline)
			continue;
		hlist_del_init(&flow->node);
		idle[nr++] = flow;
		if (nr == FLOW_EXPIRE_BATCH)
			break;
	}
	spin_unlock_bh(&bucket->lock);

	fastalloc_free_bulk(fm.pool, nr, idle);
	return nr;
}

static void flowmeter_expire(u64 deadline)
{
	unsigned int i, nr;

	for (i = 0; i < fm.nr_buckets; i++) {
		do {
			nr = bucket_expire(&fm.buckets[i], deadline);
			atomic64_add(nr, &fm.expired);
			cond_resched();
		} while (nr == FLOW_EXPIRE_BATCH);
	}
}

static void flowmeter_expiry_work(struct work_struct *work)
{
	unsigned int idle = READ_ONCE(idle_ms);
	u64 now = ktime_get_coarse_ns();
	unsigned int interval = 1000;

	if (idle) {
		u64 allowed = (u64)idle * NSEC_PER_MSEC;

		if (now > allowed)
			flowmeter_expire(now - allowed);
		interval = clamp(idle / 4, 10U, 1000U);
	}

	schedule_delayed_work(&fm.expiry, msecs_to_jiffies(interval));
}

/* debugfs */

/**
 * struct flow_table - copy of all flows, taken when the file is opened
 * @now: when
 * @width: width of the endpoint columns
 * @nr: number of @rows
 * @rows: the flows, most bytes first
 */
struct flow_table {
	u64		now;
	int		width;
	size_t		nr;
	struct flow	rows[];
};

static int flow_endpoint(char *buf, u8 family, const union nf_inet_addr *addr,
			 __be16 port)
{
	if (family == NFPROTO_IPV4)
		return scnprintf(buf, FLOW_ENDPOINT_LEN, "%pI4:%u", &addr->ip,
				 ntohs(port));
	return scnprintf(buf, FLOW_ENDPOINT_LEN, "[%pI6c]:%u", &addr->in6,
			 ntohs(port));
}

static bool key_is_icmp(const struct flow_key *key)
{
	return key->proto == IPPROTO_ICMP || key->proto == IPPROTO_ICMPV6;
}

static int flow_source(char *buf, const struct flow_key *key)
{
	return flow_endpoint(buf, key->family, &key->src, key->sport);
}

/* The type of an ICMP message is part of the protocol's column. */
static int flow_destination(char *buf, const struct flow_key *key)
{
	return flow_endpoint(buf, key->family, &key->dst,
			     key_is_icmp(key) ? 0 : key->dport);
}

static void flow_protocol(char *buf, size_t len, const struct flow_key *key)
{
	unsigned int icmp = ntohs(key->dport);
	int n;

	switch (key->proto) {
	case IPPROTO_TCP:
		n = scnprintf(buf, len, "tcp");
		break;
	case IPPROTO_UDP:
		n = scnprintf(buf, len, "udp");
		break;
	case IPPROTO_ICMP:
		n = scnprintf(buf, len, "icmp");
		break;
	case IPPROTO_ICMPV6:
		n = scnprintf(buf, len, "icmp6");
		break;
	default:
		n = scnprintf(buf, len, "%u", key->proto);
		break;
	}

	if (key->fragment)
		scnprintf(buf + n, len - n, "/frag");
	else if (key_is_icmp(key))
		scnprintf(buf + n, len - n, "/%u.%u", icmp >> 8, icmp & 0xff);
}

static int flow_cmp(const void *a, const void *b)
{
	const struct flow *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return 0;
}

/* Flows that appear while the copy is made may be missing from it. */
static struct flow_table *flow_table_take(void)
{
	size_t max = fastalloc_pool_allocated(fm.pool);
	char text[FLOW_ENDPOINT_LEN];
	struct flow_table *table;
	struct flow *flow;
	unsigned int i;
	size_t row;

	table = kvzalloc(struct_size(table, rows, max), GFP_KERNEL);
	if (!table)
		return NULL;

	for (i = 0; i < fm.nr_buckets; i++) {
		struct flow_bucket *bucket = &fm.buckets[i];

		if (hlist_empty(&bucket->flows))
			continue;

		spin_lock_bh(&bucket->lock);
		hlist_for_each_entry(flow, &bucket->flows, node) {
			if (table->nr == max)
				break;
			table->rows[table->nr++] = *flow;
		}
		spin_unlock_bh(&bucket->lock);
		cond_resched();
	}
	table->now = ktime_get_coarse_ns();

	sort(table->rows, table->nr, sizeof(table->rows[0]), flow_cmp, NULL);

	table->width = sizeof("DESTINATION") - 1;
	for (row = 0; row < table->nr; row++) {
		const struct flow_key *key = &table->rows[row].key;

		table->width = max3(table->width, flow_source(text, key),
				    flow_destination(text, key));
	}
	return table;
}

static void *flows_start(struct seq_file *m, loff_t *pos)
{
	struct flow_table *table = m->private;

	if (*pos == 0)
		return SEQ_START_TOKEN;
	return *pos <= table->nr ? &table->rows[*pos - 1] : NULL;
}

static void *flows_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct flow_table *table = m->private;

	++*pos;
	return *pos <= table->nr ? &table->rows[*pos - 1] : NULL;
}

static void flows_stop(struct seq_file *m, void *v)
{
}

static void flows_put_seconds(struct seq_file *m, u64 ns)
{
	u64 ms = div_u64(ns, NSEC_PER_MSEC);
	u32 rest;

	ms = div_u64_rem(ms, MSEC_PER_SEC, &rest);
	seq_printf(m, " %6llu.%03u", ms, rest);
}

static int flows_show(struct seq_file *m, void *v)
{
	char src[FLOW_ENDPOINT_LEN], dst[FLOW_ENDPOINT_LEN], proto[16];
	struct flow_table *table = m->private;
	const struct flow *flow = v;

	if (v == SEQ_START_TOKEN) {
		seq_printf(m, "%-12s %-*s %-*s %10s %14s %10s %10s %5s\n",
			   "PROTO", table->width, "SOURCE",
			   table->width, "DESTINATION", "PACKETS", "BYTES",
			   "AGE_S", "IDLE_S", "USES");
		return 0;
	}

	flow_protocol(proto, sizeof(proto), &flow->key);
	flow_source(src, &flow->key);
	flow_destination(dst, &flow->key);
	seq_printf(m, "%-12s %-*s %-*s %10llu %14llu", proto, table->width, src,
		   table->width, dst, flow->packets, flow->bytes);
	flows_put_seconds(m, table->now - flow->first);
	flows_put_seconds(m, table->now - flow->last);
	seq_printf(m, " %5lu\n", flow->uses);
	return 0;
}

static const struct seq_operations flows_seq_ops = {
	.start	= flows_start,
	.next	= flows_next,
	.stop	= flows_stop,
	.show	= flows_show,
};

static int flows_open(struct inode *inode, struct file *file)
{
	struct flow_table *table = flow_table_take();
	int err;

	if (!table)
		return -ENOMEM;

	err = seq_open(file, &flows_seq_ops);
	if (err) {
		kvfree(table);
		return err;
	}
	((struct seq_file *)file->private_data)->private = table;
	return 0;
}

static int flows_release(struct inode *inode, struct file *file)
{
	kvfree(((struct seq_file *)file->private_data)->private);
	return seq_release(inode, file);
}

static const struct file_operations flows_fops = {
	.owner		= THIS_MODULE,
	.open		= flows_open,
	.read		= seq_read,
	.llseek		= seq_lseek,
	.release	= flows_release,
};

static int stats_show(struct seq_file *m, void *v)
{
	u64 packets = 0, bytes = 0;
	struct fastalloc_stats pool;
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct flow_totals *totals = per_cpu_ptr(fm.totals, cpu);
		u64 p, b;
		unsigned int start;

		do {
			start = u64_stats_fetch_begin(&totals->syncp);
			p = u64_stats_read(&totals->packets);
			b = u64_stats_read(&totals->bytes);
		} while (u64_stats_fetch_retry(&totals->syncp, start));
		packets += p;
		bytes += b;
	}

	fastalloc_pool_stats(fm.pool, &pool);
	seq_printf(m, "flows: %lu\n", pool.in_use);
	seq_printf(m, "peak: %lu\n", pool.peak);
	seq_printf(m, "capacity: %lu\n", pool.capacity);
	seq_printf(m, "created: %lld\n", atomic64_read(&fm.created));
	seq_printf(m, "expired: %lld\n", atomic64_read(&fm.expired));
	seq_printf(m, "reused: %lld\n", atomic64_read(&fm.reused));
	seq_printf(m, "dropped_no_object: %lld\n", atomic64_read(&fm.no_object));
	seq_printf(m, "unparsed: %lld\n", atomic64_read(&fm.unparsed));
	seq_printf(m, "packets: %llu\n", packets);
	seq_printf(m, "bytes: %llu\n", bytes);
	seq_printf(m, "memory: %zu\n", pool.bytes);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

/* Coming and going */

static int flowmeter_table_create(void)
{
	unsigned int i;
	int cpu;

	fm.nr_buckets = roundup_pow_of_two(clamp(max_flows, 64U,
						 FLOW_MAX_BUCKETS));
	fm.buckets = kvcalloc(fm.nr_buckets, sizeof(*fm.buckets), GFP_KERNEL);
	if (!fm.buckets)
		return -ENOMEM;
	for (i = 0; i < fm.nr_buckets; i++) {
		spin_lock_init(&fm.buckets[i].lock);
		INIT_HLIST_HEAD(&fm.buckets[i].flows);
	}

	fm.totals = alloc_percpu(struct flow_totals);
	if (!fm.totals) {
		kvfree(fm.buckets);
		return -ENOMEM;
	}
	for_each_possible_cpu(cpu)
		u64_stats_init(&per_cpu_ptr(fm.totals, cpu)->syncp);

	get_random_bytes(&fm.hash_key, sizeof(fm.hash_key));
	return 0;
}

static void flowmeter_table_destroy(void)
{
	free_percpu(fm.totals);
	kvfree(fm.buckets);
}

/*
 * Flows come in bursts, and no caller of fastalloc_alloc() may sleep. So the pool
 * has to grow in place. It has a constructor, which may run in any context;
 * FASTALLOC_F_ATOMIC_GROW says so, and without that flag only a worker would grow
 * the pool. A worker still adds the large chunks, so the default low-water mark is
 * enough.
 *
 * Packets are handled on all CPUs, and the expiry worker may free a flow on
 * another CPU than the one that allocated it. A per-CPU pool allocates and frees
 * without a lock. It can always hand out max_flows objects, although free objects
 * may be cached on other CPUs.
 */
static struct fastalloc_pool *flowmeter_pool_create(void)
{
	const struct fastalloc_config config =
		FASTALLOC_CONFIG(struct flow,
				 .name = "flowmeter",
				 .capacity = capacity,
				 .max_capacity = max_flows,
				 .growth = FASTALLOC_GROWTH_EXPONENTIAL,
				 .sync = FASTALLOC_SYNC_PERCPU,
				 .ctor = flow_construct,
				 .flags = FASTALLOC_F_ATOMIC_GROW);

	return fastalloc_pool_create(&config);
}

static int __init flowmeter_init(void)
{
	int err;

	BUILD_BUG_ON(offsetofend(struct flow_key, fragment) !=
		     sizeof(struct flow_key));

	err = flowmeter_table_create();
	if (err)
		return err;

	fm.pool = flowmeter_pool_create();
	if (IS_ERR(fm.pool)) {
		err = PTR_ERR(fm.pool);
		goto err_table;
	}

	INIT_DELAYED_WORK(&fm.expiry, flowmeter_expiry_work);
	fm.dir = debugfs_create_dir("flowmeter", NULL);
	debugfs_create_file("flows", 0444, fm.dir, NULL, &flows_fops);
	debugfs_create_file("stats", 0444, fm.dir, NULL, &stats_fops);

	err = nf_register_net_hooks(&init_net, flowmeter_hooks,
				    ARRAY_SIZE(flowmeter_hooks));
	if (err)
		goto err_hooks;

	schedule_delayed_work(&fm.expiry, 0);
	return 0;

err_hooks:
	debugfs_remove_recursive(fm.dir);
	/* A failed registration may have let packets in for a moment. */
	synchronize_net();
	flowmeter_expire(U64_MAX);
	fastalloc_pool_destroy(fm.pool);
err_table:
	flowmeter_table_destroy();
	return err;
}

static void __exit flowmeter_exit(void)
{
	debugfs_remove_recursive(fm.dir);
	nf_unregister_net_hooks(&init_net, flowmeter_hooks,
				ARRAY_SIZE(flowmeter_hooks));
	/* The last packets that found the hooks have left them. */
	synchronize_net();
	cancel_delayed_work_sync(&fm.expiry);
	flowmeter_expire(U64_MAX);
	fastalloc_pool_destroy(fm.pool);
	flowmeter_table_destroy();
}

module_init(flowmeter_init);
module_exit(flowmeter_exit);

MODULE_AUTHOR("The fastalloc authors");
MODULE_DESCRIPTION("Flow meter: a sample consumer of fastalloc");
MODULE_VERSION(FLOWMETER_VERSION);
MODULE_LICENSE("GPL");
FASTALLOC_IMPORT_NS();
