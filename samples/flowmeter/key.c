// SPDX-License-Identifier: GPL-2.0
/*
 * Read the key of a flow from the headers of a packet.
 */
#include <linux/build_bug.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "key.h"

static_assert(offsetofend(struct flow_key, fragment) == sizeof(struct flow_key));

static bool read_ports(struct flow_key *key, const struct sk_buff *skb,
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

/* ICMPv6 has its type, code and echo identifier where ICMP has them. */
static bool read_icmp(struct flow_key *key, const struct sk_buff *skb,
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

static bool read_transport(struct flow_key *key, const struct sk_buff *skb,
			   unsigned int offset)
{
	switch (key->proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		return read_ports(key, skb, offset);
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return read_icmp(key, skb, offset);
	default:
		return true;
	}
}

static bool read_ipv4(struct flow_key *key, const struct sk_buff *skb)
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

	return read_transport(key, skb, offset + ip->ihl * 4);
}

static bool read_ipv6(struct flow_key *key, const struct sk_buff *skb)
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
		/* A chain that ends with "no next header" is valid. */
		key->proto = IPPROTO_NONE;
		return nexthdr == NEXTHDR_NONE;
	}
	if (frag_off & htons(IP6_OFFSET)) {
		const struct frag_hdr *frag;
		struct frag_hdr fbuf;

		/* ipv6_skip_exthdr() stopped at the fragment header. */
		frag = skb_header_pointer(skb, offset, sizeof(fbuf), &fbuf);
		if (!frag)
			return false;
		key->proto = frag->nexthdr;
		key->fragment = true;
		return true;
	}

	key->proto = nexthdr;
	return read_transport(key, skb, offset);
}

/**
 * flow_key_read() - read the key of the flow that a packet belongs to
 * @key: filled in
 * @skb: the packet, whose network header is set
 * @family: NFPROTO_IPV4 or NFPROTO_IPV6
 *
 * Return: False if the headers are malformed or truncated, or the family is
 *	another one.
 */
bool flow_key_read(struct flow_key *key, const struct sk_buff *skb, u8 family)
{
	memset(key, 0, sizeof(*key));
	key->family = family;

	switch (family) {
	case NFPROTO_IPV4:
		return read_ipv4(key, skb);
	case NFPROTO_IPV6:
		return read_ipv6(key, skb);
	default:
		return false;
	}
}
