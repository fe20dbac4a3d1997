# SPDX-License-Identifier: GPL-2.0
#
# Sets kbuild-tools: the compiler of the kernel in KDIR, for the make that builds
# modules for it. A kernel built with clang needs clang, of the same version if that
# is installed: the kernel says which it was, distributions name the command clang or
# clang-19. Options of the caller take precedence, except for the unversioned names,
# which dkms always passes.

kconfig = $(shell sed -n 's/^CONFIG_$(1)=//p' '$(KDIR)/include/config/auto.conf' 2>/dev/null)
kbuild-tools :=

ifeq ($(call kconfig,CC_IS_CLANG),y)
clang-major := $(shell expr 0$(call kconfig,CLANG_VERSION) / 10000)
clang-suffix := $(shell v=$$(clang -dumpversion 2>/dev/null); \
	if [ "$${v%%.*}" != $(clang-major) ] && command -v clang-$(clang-major) >/dev/null; then \
		echo -$(clang-major); fi)
asked := $(filter-out default undefined,$(origin CC) $(origin LLVM))
ifeq ($(if $(asked),$(filter-out 1 clang cc,$(LLVM) $(CC))),)
kbuild-tools := CC=clang$(clang-suffix)
ifeq ($(call kconfig,LD_IS_LLD),y)
kbuild-tools += LD=ld.lld$(clang-suffix) LLVM=$(or $(clang-suffix),1)
endif
endif
endif
