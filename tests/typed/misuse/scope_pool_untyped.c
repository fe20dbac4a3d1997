// SPDX-License-Identifier: GPL-2.0
/* expect: passing argument 1 of '__free_fastalloc_pool_destroy' from incompatible pointer type */
#include "types.h"

int misuse(void);
int misuse(void)
{
#ifdef MISUSE
	struct packet_pool *pool __free(fastalloc_pool_destroy) =
		packet_pool_create(&FASTALLOC_CONFIG(struct packet,
						     .name = "scoped",
						     .capacity = 64));
#else
	struct packet_pool *pool __free(packet_pool_destroy) =
		packet_pool_create(&FASTALLOC_CONFIG(struct packet,
						     .name = "scoped",
						     .capacity = 64));
#endif

	return PTR_ERR_OR_ZERO(pool);
}
