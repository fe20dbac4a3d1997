# SPDX-License-Identifier: GPL-2.0
#
# Builds the module for the running kernel, and calls the lab, which tests it in
# other kernels. "make help" lists the targets, "tests/lab/lab help" all commands of
# the lab.

KDIR ?= /lib/modules/$(shell uname -r)/build
KERNEL ?= stock-6.1
LAB := tests/lab/lab

# the lab's scripts take these from the environment
export SUITE SEED OPS CYCLES STEPS PARAMS MINUTES SHAPES LONG FASTALLOC_CACHE

.PHONY: all modules modules_install clean help check demo kunit kselftest shell coverage static torture bench soak verify typed
.DEFAULT_GOAL := all

all: modules

include toolchain.mk

modules modules_install clean:
	$(MAKE) -C $(KDIR) M=$(CURDIR) $(kbuild-tools) $@

check coverage static demo verify typed:
	@$(LAB) $@

bench:
	@$(LAB) bench $(if $(CHECK),--check) $(if $(GAUGE),--gauge=$(GAUGE)) $(if $(CPUS),--cpus=$(CPUS)) $(KERNELS)

kunit soak: KERNEL = uml
# for a quick check; make check runs four times as many operations of the model test
kunit: export OPS := $(or $(OPS),25000)
kunit kselftest:
	@$(LAB) run $(KERNEL) $@

torture soak shell:
	@$(LAB) $@ $(KERNEL)

help:
	@echo '  make                     build fastalloc.ko for the running kernel (or KDIR=)'
	@echo '  make modules_install     install it; DKMS does this better, see README'
	@echo '  make clean               remove what "make" built'
	@echo 'In kernels of their own, nothing is loaded into this one:'
	@echo '  make demo                the flow meter sample at work on a stock kernel'
	@echo '  make check               all tests, on all kernels, and the static checks'
	@echo '  make kunit               KUnit suites on UML; SUITE= SEED= OPS= KERNEL='
	@echo '  make kselftest           shell tests on KERNEL=, default $(KERNEL); SUITE='
	@echo '  make torture             all contexts on one pool, on KERNEL=; MINUTES= SHAPES='
	@echo '  make soak                10^8 operations, memory held by pools and kmem_cache; OPS='
	@echo '  make bench               figures against kmem_cache and others; GAUGE= CPUS= KERNELS= CHECK=1'
	@echo '  make verify              every interleaving of small pools; litmus tests; LONG=1'
	@echo '  make typed               what the compiler refuses of typed pools, on the stock kernels'
	@echo '  make shell               a shell in KERNEL=, default $(KERNEL)'
	@echo '  make coverage            lines and branches of fastalloc/ that KUnit reaches'
	@echo '  make static              checkpatch, sparse, coccinelle, shellcheck, kernel-doc'
	@echo 'Kernels: $(shell awk "!/^\#/ && NF { print \$$1 }" tests/lab/kernels | tr "\n" " ")'
