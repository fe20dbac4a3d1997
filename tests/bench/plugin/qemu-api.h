/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The part of QEMU's interface for TCG plugins that coherence.c uses. No package of
 * Debian 12 or 13 has qemu-plugin.h, so the calls are declared here, as QEMU documents
 * them (docs/devel/tcg-plugins.rst). PLUGIN_API is the version of the interface: 1
 * before QEMU 9.0, 2 in 9.0, 3 from 9.1 on.
 */
#ifndef FASTALLOC_BENCH_QEMU_API_H
#define FASTALLOC_BENCH_QEMU_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef PLUGIN_API
#define PLUGIN_API	1
#endif

#define EXPORT	__attribute__((visibility("default")))

/* Of the enums only the values that are used here. */
#define CB_NO_REGS	0
#define MEM_READ_WRITE	3

struct qemu_info;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_hwaddr;

typedef void (*plugin_tb_cb)(uint64_t id, struct qemu_plugin_tb *tb);
typedef void (*plugin_insn_cb)(unsigned int cpu, void *data);
typedef void (*plugin_mem_cb)(unsigned int cpu, uint32_t info, uint64_t vaddr,
			      void *data);
typedef void (*plugin_id_cb)(uint64_t id);

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb,
						 size_t nr);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
#if PLUGIN_API < 3
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
#else
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *to, size_t len);
#endif
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, plugin_tb_cb cb);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    plugin_insn_cb cb, int regs, void *data);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, plugin_mem_cb cb,
				      int regs, int rw, void *data);
void qemu_plugin_reset(uint64_t id, plugin_id_cb cb);
bool qemu_plugin_mem_is_store(uint32_t info);
unsigned int qemu_plugin_mem_size_shift(uint32_t info);
struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(uint32_t info, uint64_t vaddr);
uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr *addr);
bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *addr);

/* What QEMU looks for in a plugin. */
EXPORT extern int qemu_plugin_version;
EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc,
			       char **argv);

#endif /* FASTALLOC_BENCH_QEMU_API_H */
