# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# guests.sh - the guests of the benchmark, each with one gauge; sourced by bench.
#
#	build KERNEL			the modules, without the tests
#	count_instructions NAME KERNEL PARAMS [KERNEL-PARAMS...]
#	time_natively KERNEL PARAMS
#	count_transfers KERNEL CPUS
#
# PARAMS are those of the module, a line for each time that it is loaded. The figures are
# appended to $rows, fields separated by tabs: run, kernel, gauge, case, size, CPUs,
# allocator, value, unit, capacity, possible CPUs, init_on_alloc.

: "${here:?}" "${out:?}" "${rows:?}"

build() {
	local src
	src=$("$LAB/image/mkmodules" -v "bench-$1" "$1" FASTALLOC_TESTS= FASTALLOC_BENCH=m)
	cp "$src/modules.list" "$out/modules-$1"
}

# boot NAME KERNEL PARAMS BOOT-OPTIONS... -- [KERNEL-PARAMS...]: a guest that must do its
# work; its console goes to $log, its release to $release
boot() {
	local name=$1 kernel=$2 params=$3 work=$out/$1 began options=()
	shift 3
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	began=$(date +%s)
	release=$(lab_release "$kernel")
	log=$BUILD/log/bench-$name.log
	mkdir -p "$work"
	echo "$params" >"$work/params"
	"$LAB/image/mkinit" "$work/initrd" "$release" "$out/modules-$kernel" \
		"$here/guest.sh" "$work/params"
	lab_say "$name: booting $release"
	"$LAB/vm/boot" "${options[@]}" "$kernel" "$work/initrd" "$@" >"$log"
	"$LAB/vm/verdict" -x "bench-$name" "$log" >"$work/verdict" ||
		{ cat "$work/verdict" >&2; lab_die "$name: the guest failed (log: $log)"; }
	grep -q 'fastalloc_bench: done ' "$log" ||
		lab_die "$name: the benchmark did not end (log: $log)"
	lab_say "$name: $(($(date +%s) - began)) s"
}

# take NAME KERNEL GAUGE: the results that the module has reported
take() {
	awk -v OFS='\t' -v name="$1" -v kernel="$2" -v gauge="$3" '
		{ sub(/\r$/, "") }
		/fastalloc_bench: machine / {
			sub(/.*fastalloc_bench: machine /, "")
			possible = $1
			init = $2
		}
		/fastalloc_bench: result / {
			sub(/.*fastalloc_bench: result /, "")
			print name, kernel, gauge, $1, $2, $3, $4, $5, $6, $7, possible, init
		}' "$log" >>"$rows"
}

count_instructions() {
	local name=$1 kernel=$2 params=$3 log release label
	shift 3
	boot "$name" "$kernel" "$params" -S -q "-icount shift=0,sleep=off" -m 1G -s 1 -t 1800 -- "$@"
	label=$release
	case $name in
	*-default) label+=" (its default of init_on_alloc)" ;;
	*-possible-*) label+=" (possible CPUs: ${name##*-})" ;;
	esac
	take "$name" "$label" instructions
}

time_natively() {
	local log release cpus
	cpus=$(nproc)
	[ "$cpus" -le 8 ] || cpus=8
	boot "$1" "$1" "$2" -s "$cpus" -t 900 --
	take "$1" "$release (UML)" cycles
}

# The plugin that counts them, for the QEMU that is installed.
build_plugin() {
	local major minor api=3
	lab_need gcc libc6-dev qemu-system-x86
	read -r major minor < <(qemu-system-x86_64 --version |
		sed -n 's/.*version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
	if [ "$major" -lt 9 ]; then
		api=1
	elif [ "$major" = 9 ] && [ "$minor" = 0 ]; then
		api=2
	fi
	gcc -std=gnu11 -O2 -Wall -Wextra -Werror -fPIC -shared -fvisibility=hidden \
		"-DPLUGIN_API=$api" -o "$out/coherence.so" "$here/plugin/coherence.c"
}

# slab_nomerge: before 6.5 a cache cannot ask for that itself, and others would use the
# same slabs. kfence takes an object now and then, when the host's clock says so.
count_transfers() {
	local kernel=$1 cpus=$2 log release name=$1-transfers-$2 params
	build_plugin
	params="transfers=1 size=256 capacity=1024,4096"
	params+=" allocators=fastalloc-percpu-inline,fastalloc-spinlock,kmem_cache,mempool,objpool"
	boot "$name" "$kernel" "$params" -S -m 2G -s "$cpus" -t 1800 \
		-q "-plugin $out/coherence.so,out=$out/$name/lines" -- \
		init_on_alloc=0 slab_nomerge kfence.sample_interval=0
	awk -v name="$kernel-transfers" -v kernel="$release" -v cpus="$cpus" \
		-f "$here/transfers.awk" "$out/$name/lines" "$log" >>"$rows" ||
		lab_die "$name: the gauge is off (log: $log)"
}
