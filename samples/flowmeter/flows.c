// SPDX-License-Identifier: GPL-2.0
/*
 * The debugfs file "flows": a table of all flows, those with most bytes first.
 */
#include <linux/fs.h>
#include <linux/inet.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "flows.h"
#include "key.h"
#include "table.h"

/* Room for "[", a full IPv6 address, "]:" and a port. */
#define FLOW_ENDPOINT_LEN	(INET6_ADDRSTRLEN + sizeof("[]:65535"))

/**
 * struct flow_snapshot - a copy of all flows, made when the file is opened
 * @now: time of the copy, ns since boot
 * @width: width of the endpoint columns
 * @nr: number of elements of @rows
 * @rows: the flows, those with most bytes first
 */
struct flow_snapshot {
	u64		now;
	int		width;
	size_t		nr;
	struct flow	rows[];
};

static int format_endpoint(char *buf, u8 family,
			   const union nf_inet_addr *addr, __be16 port)
{
	if (family == NFPROTO_IPV4)
		return scnprintf(buf, FLOW_ENDPOINT_LEN, "%pI4:%u", &addr->ip,
				 ntohs(port));
	return scnprintf(buf, FLOW_ENDPOINT_LEN, "[%pI6c]:%u", &addr->in6,
			 ntohs(port));
}

static int format_source(char *buf, const struct flow_key *key)
{
	return format_endpoint(buf, key->family, &key->src, key->sport);
}

/* The type and code of an ICMP message appear in the protocol column. */
static int format_destination(char *buf, const struct flow_key *key)
{
	return format_endpoint(buf, key->family, &key->dst,
			       flow_key_is_icmp(key) ? 0 : key->dport);
}

static void format_protocol(char *buf, size_t len, const struct flow_key *key)
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
	else if (flow_key_is_icmp(key))
		scnprintf(buf + n, len - n, "/%u.%u", icmp >> 8, icmp & 0xff);
}

static int compare_bytes(const void *a, const void *b)
{
	const struct flow *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return 0;
}

static struct flow_snapshot *snapshot_take(void)
{
	size_t max = flow_table_count();
	char text[FLOW_ENDPOINT_LEN];
	struct flow_snapshot *snap;
	size_t row;

	snap = kvzalloc(struct_size(snap, rows, max), GFP_KERNEL);
	if (!snap)
		return NULL;

	snap->nr = flow_table_copy(snap->rows, max);
	snap->now = ktime_get_coarse_ns();

	sort(snap->rows, snap->nr, sizeof(snap->rows[0]), compare_bytes, NULL);

	snap->width = sizeof("DESTINATION") - 1;
	for (row = 0; row < snap->nr; row++) {
		const struct flow_key *key = &snap->rows[row].key;

		snap->width = max3(snap->width, format_source(text, key),
				   format_destination(text, key));
	}
	return snap;
}

static void *flows_start(struct seq_file *m, loff_t *pos)
{
	struct flow_snapshot *snap = m->private;

	if (*pos == 0)
		return SEQ_START_TOKEN;
	return *pos <= snap->nr ? &snap->rows[*pos - 1] : NULL;
}

static void *flows_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct flow_snapshot *snap = m->private;

	++*pos;
	return *pos <= snap->nr ? &snap->rows[*pos - 1] : NULL;
}

static void flows_stop(struct seq_file *m, void *v)
{
}

static void put_seconds(struct seq_file *m, u64 ns)
{
	u64 ms = div_u64(ns, NSEC_PER_MSEC);
	u32 rest;

	ms = div_u64_rem(ms, MSEC_PER_SEC, &rest);
	seq_printf(m, " %6llu.%03u", ms, rest);
}

static int flows_show(struct seq_file *m, void *v)
{
	char src[FLOW_ENDPOINT_LEN], dst[FLOW_ENDPOINT_LEN], proto[16];
	struct flow_snapshot *snap = m->private;
	const struct flow *flow = v;

	if (v == SEQ_START_TOKEN) {
		seq_printf(m, "%-12s %-*s %-*s %10s %14s %10s %10s %5s\n",
			   "PROTO", snap->width, "SOURCE",
			   snap->width, "DESTINATION", "PACKETS", "BYTES",
			   "AGE_S", "IDLE_S", "USES");
		return 0;
	}

	format_protocol(proto, sizeof(proto), &flow->key);
	format_source(src, &flow->key);
	format_destination(dst, &flow->key);
	seq_printf(m, "%-12s %-*s %-*s %10llu %14llu", proto, snap->width, src,
		   snap->width, dst, flow->packets, flow->bytes);
	put_seconds(m, snap->now - flow->first);
	put_seconds(m, snap->now - flow->last);
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
	struct flow_snapshot *snap = snapshot_take();
	struct seq_file *m;
	int err;

	if (!snap)
		return -ENOMEM;

	err = seq_open(file, &flows_seq_ops);
	if (err) {
		kvfree(snap);
		return err;
	}
	m = file->private_data;
	m->private = snap;
	return 0;
}

static int flows_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;

	kvfree(m->private);
	return seq_release(inode, file);
}

const struct file_operations flow_flows_fops = {
	.owner		= THIS_MODULE,
	.open		= flows_open,
	.read		= seq_read,
	.llseek		= seq_lseek,
	.release	= flows_release,
};
