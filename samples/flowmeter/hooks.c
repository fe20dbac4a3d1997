// SPDX-License-Identifier: GPL-2.0
/*
 * The netfilter hooks that see the packets of the initial network namespace.
 */
#include <linux/if.h>
#include <linux/kernel.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/skbuff.h>
#include <net/net_namespace.h>

#include "counters.h"
#include "hooks.h"
#include "key.h"
#include "table.h"

static unsigned int flow_hook(void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *state)
{
	struct flow_key key;

	/* A packet that comes in by loopback was charged when it was sent. */
	if (state->hook == NF_INET_PRE_ROUTING && state->in &&
	    state->in->flags & IFF_LOOPBACK)
		return NF_ACCEPT;

	if (flow_key_read(&key, skb, state->pf))
		flow_table_charge(&key, skb->len);
	else
		atomic64_inc(&flow_counters.unparsed);

	return NF_ACCEPT;
}

/*
 * The priority places the hooks after defragmentation, if that is enabled, and
 * before address translation.
 */
static const struct nf_hook_ops flow_hooks[] = {
	{
		.hook		= flow_hook,
		.pf		= NFPROTO_INET,
		.hooknum	= NF_INET_PRE_ROUTING,
		.priority	= NF_IP_PRI_RAW,
	},
	{
		.hook		= flow_hook,
		.pf		= NFPROTO_INET,
		.hooknum	= NF_INET_LOCAL_OUT,
		.priority	= NF_IP_PRI_RAW,
	},
};

/**
 * flow_hooks_register() - begin to charge packets
 *
 * Context: Task context, may sleep.
 * Return: 0 or a negative errno; then no hook is running any more.
 */
int flow_hooks_register(void)
{
	int err;

	err = nf_register_net_hooks(&init_net, flow_hooks,
				    ARRAY_SIZE(flow_hooks));
	if (err) {
		/* The first hook may have been active for a moment. */
		synchronize_net();
	}
	return err;
}

/**
 * flow_hooks_unregister() - stop charging packets
 *
 * When it returns, no hook is running any more.
 *
 * Context: Task context, sleeps.
 */
void flow_hooks_unregister(void)
{
	nf_unregister_net_hooks(&init_net, flow_hooks, ARRAY_SIZE(flow_hooks));
	synchronize_net();
}
