/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The key of a flow: the header fields that packets of one flow have in common.
 */
#ifndef FLOWMETER_KEY_H
#define FLOWMETER_KEY_H

#include <linux/in.h>
#include <linux/netfilter.h>
#include <linux/siphash.h>
#include <linux/types.h>

struct sk_buff;

/**
 * struct flow_key - identifies a flow
 * @src: source address
 * @dst: destination address
 * @sport: source port; ICMP: the identifier of an echo message, otherwise 0
 * @dport: destination port; ICMP: type and code
 * @family: NFPROTO_IPV4 or NFPROTO_IPV6
 * @proto: IPPROTO_*
 * @fragment: 1 for fragments after the first, which carry no ports
 *
 * The struct has no padding, because it is hashed and compared as a whole.
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

static inline bool flow_key_is_icmp(const struct flow_key *key)
{
	return key->proto == IPPROTO_ICMP || key->proto == IPPROTO_ICMPV6;
}

bool flow_key_read(struct flow_key *key, const struct sk_buff *skb, u8 family);

#endif
