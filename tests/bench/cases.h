/* SPDX-License-Identifier: GPL-2.0 */
/* The cases, as main.c calls them; each reports by itself. */
#ifndef FASTALLOC_BENCH_CASES_H
#define FASTALLOC_BENCH_CASES_H

#include "bench.h"

enum bench_loop {
	BENCH_PAIR,
	BENCH_BURST32,
	BENCH_BURST1024,
	BENCH_BULK64,
};

int bench_case_loop(const char *what, enum bench_context context,
		    enum bench_loop loop, struct bench *b, unsigned int nr);
int bench_case_random(unsigned int size, unsigned long set, const char *unit);
int bench_case_worst(struct bench *b, unsigned int ops);
int bench_case_grow(unsigned int size);
int bench_case_grow_atomic(unsigned int size);
int bench_case_checks(unsigned int size, unsigned int nr);
int bench_case_memory(void);
int bench_case_reserve(unsigned int size, unsigned long capacity);
int bench_case_parallel(unsigned int size, unsigned int nr);
int bench_case_pass_on(unsigned int size, unsigned int nr);

extern unsigned int bench_rounds;

#endif /* FASTALLOC_BENCH_CASES_H */
