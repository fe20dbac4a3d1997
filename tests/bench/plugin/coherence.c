// SPDX-License-Identifier: GPL-2.0
/*
 * coherence - a plugin for QEMU's TCG: counts the cache lines that virtual CPUs take
 * from one another.
 * Usage: -plugin coherence.so,out=FILE
 *
 * What a CPU reads and writes between the marks BEGIN and END goes through a model:
 * lines of 64 bytes by physical address, a cache without limit for each CPU, and for
 * each line the set of the CPUs that hold it. A read of a line that other CPUs hold and
 * this one does not fetches a copy: a transfer. A write to a line that others hold
 * takes it from them: another. A locked instruction reads, then writes, so on a line
 * that another CPU has written it counts both.
 *
 * Marks are long NOPs that no compiler emits (bench_mark() in ../marked.c). Only the
 * first mark turns the model on: until then, while the kernel boots, no access is looked
 * at. Every REPORT writes a line to FILE: its number, the accesses, the lines fetched
 * and the lines taken since the last RESET.
 *
 * All virtual CPUs must run on one thread of the host (tcg,thread=single).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu-api.h"
#include "../marks.h"

#define CPUS_MOST	64
#define LINE_SHIFT	6
#define TABLE_BITS	22
#define TABLE_SIZE	(1UL << TABLE_BITS)

/* A line of memory: its number plus one, and a bit for each CPU that holds it. */
struct line {
	uint64_t key;
	uint64_t holders;
};

EXPORT int qemu_plugin_version = PLUGIN_API;

static struct line *table;
static unsigned long lines;
static bool counting[CPUS_MOST];
static uint64_t accesses, fetched, taken;
static unsigned int reports;
static uint64_t plugin;
static bool armed;
static FILE *out;

static void fail(const char *why)
{
	fprintf(stderr, "coherence: %s\n", why);
	exit(1);
}

static struct line *find(uint64_t number)
{
	uint64_t i = number * 0x9e3779b97f4a7c15ULL >> (64 - TABLE_BITS);

	while (table[i].key && table[i].key != number + 1)
		i = (i + 1) % TABLE_SIZE;
	if (!table[i].key) {
		if (++lines > TABLE_SIZE / 2)
			fail("too many lines");
		table[i].key = number + 1;
	}
	return &table[i];
}

static void access_line(unsigned int cpu, uint64_t number, bool write)
{
	struct line *line = find(number);
	uint64_t me = 1ULL << cpu;

	accesses++;
	if (write) {
		taken += !!(line->holders & ~me);
		line->holders = me;
	} else {
		fetched += line->holders && !(line->holders & me);
		line->holders |= me;
	}
}

static void on_access(unsigned int cpu, uint32_t info, uint64_t vaddr, void *data)
{
	struct qemu_plugin_hwaddr *addr;
	uint64_t first, last;

	(void)data;
	if (cpu >= CPUS_MOST || !counting[cpu])
		return;
	addr = qemu_plugin_get_hwaddr(info, vaddr);
	if (!addr || qemu_plugin_hwaddr_is_io(addr))
		return;
	first = qemu_plugin_hwaddr_phys_addr(addr);
	last = first + (1UL << qemu_plugin_mem_size_shift(info)) - 1;
	for (uint64_t i = first >> LINE_SHIFT; i <= last >> LINE_SHIFT; i++)
		access_line(cpu, i, qemu_plugin_mem_is_store(info));
}

static void on_translate(uint64_t id, struct qemu_plugin_tb *tb);

static void on_rearmed(uint64_t id)
{
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
}

static void on_mark(unsigned int cpu, void *data)
{
	if (cpu >= CPUS_MOST)
		fail("too many CPUs");
	switch ((uintptr_t)data) {
	case BENCH_MARK_ARM:
		/* Discards what was translated without a look at its accesses. */
		if (!armed)
			qemu_plugin_reset(plugin, on_rearmed);
		armed = true;
		break;
	case BENCH_MARK_BEGIN:
		counting[cpu] = true;
		break;
	case BENCH_MARK_END:
		counting[cpu] = false;
		break;
	case BENCH_MARK_RESET:
		accesses = 0;
		fetched = 0;
		taken = 0;
		break;
	case BENCH_MARK_REPORT:
		fprintf(out, "%u %llu %llu %llu\n", ++reports,
			(unsigned long long)accesses, (unsigned long long)fetched,
			(unsigned long long)taken);
		fflush(out);
		break;
	default:
		fail("unknown mark");
	}
}

/* The number of the mark that @insn is, or 0. */
static unsigned int mark_of(const struct qemu_plugin_insn *insn)
{
	/* BENCH_MARK_ASM; the zero is the number */
	static const uint8_t like[] = { 0x0f, 0x1f, 0x80, 0, 0x5a, 0xa5, 0x7f };
	uint8_t bytes[sizeof(like)];
	unsigned int nr;

	if (qemu_plugin_insn_size(insn) != sizeof(like))
		return 0;
#if PLUGIN_API < 3
	memcpy(bytes, qemu_plugin_insn_data(insn), sizeof(bytes));
#else
	if (qemu_plugin_insn_data(insn, bytes, sizeof(bytes)) != sizeof(bytes))
		return 0;
#endif
	nr = bytes[3];
	bytes[3] = 0;
	return memcmp(bytes, like, sizeof(like)) ? 0 : nr;
}

static void on_translate(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t i, n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		unsigned int nr = mark_of(insn);

		if (nr)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark, CB_NO_REGS,
							       (void *)(uintptr_t)nr);
		else if (armed)
			qemu_plugin_register_vcpu_mem_cb(insn, on_access, CB_NO_REGS,
							 MEM_READ_WRITE, NULL);
	}
}

int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv)
{
	(void)info;
	plugin = id;
	if (argc != 1 || strncmp(argv[0], "out=", 4))
		return -1;
	out = fopen(argv[0] + 4, "w");
	table = calloc(TABLE_SIZE, sizeof(*table));
	if (!out || !table)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	return 0;
}
