// SPDX-License-Identifier: GPL-2.0
/* The distribution of single operations. */
#include <linux/bitops.h>
#include <linux/bits.h>
#include <linux/math64.h>
#include <linux/minmax.h>

#include "bench.h"

#define EXACT	BIT(BENCH_EXACT_BITS)

void bench_hist_add(struct bench_hist *hist, u64 ticks)
{
	unsigned int slot = ticks, msb;

	if (ticks >= EXACT) {
		msb = fls64(ticks) - 1;
		slot = EXACT + (msb - BENCH_EXACT_BITS) * 64 +
		       ((ticks >> (msb - 6)) & 63);
	}
	hist->slot[slot]++;
	hist->max = max(hist->max, ticks);
	hist->nr++;
}

static u64 least_of(unsigned int slot)
{
	if (slot < EXACT)
		return slot;
	slot -= EXACT;
	return (64ULL + slot % 64) << (slot / 64 + BENCH_EXACT_BITS - 6);
}

/* The number of ticks that @part of 10,000 operations do not exceed. */
u64 bench_percentile(const struct bench_hist *hist, unsigned int part)
{
	u64 wanted = div_u64(hist->nr * part + 9999, 10000), sum = 0;
	unsigned int i;

	for (i = 0; i < BENCH_SLOTS; i++) {
		sum += hist->slot[i];
		if (sum >= wanted)
			return least_of(i);
	}
	return hist->max;
}
