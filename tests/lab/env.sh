# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# env.sh - shared by the lab's scripts; source it from bash.
#
# Variables: LAB (this directory), TREE (the checkout), BUILD (TREE/build), HOST_SUITE,
# CACHE (FASTALLOC_CACHE: downloads, extracted and built kernels, chroots), MODULE_VARS (of a
# build of modules and tests: warnings are errors, no debug information, no BTF).
#
# Functions for other scripts:
#	lab_say TEXT...		a line of progress on stderr
#	lab_die TEXT...		the same, then exit 1
#	lab_need PACKAGE...	install missing host packages
#	lab_as_root CMD...	run CMD as root, with sudo if necessary
#	lab_kernels [LEG]	names of all kernels, or of those that run LEG
#	lab_field KERNEL FIELD	a column of the file "kernels"; "built" becomes
#			"host" if the host runs the suite that it names
#	lab_source_dir		path of the newest linux-source, unpacked
#	lab_kdir KERNEL		path to give to make -C for a module build
#	lab_image KERNEL	path of the image to boot
#	lab_release KERNEL	uname -r of it
#	lab_entry DIR CMD...	make the cache entry DIR once: CMD... DIR
#	lab_watch TEXT LOG CMD...	run CMD with its output in LOG, report progress
#				now and then
#	lab_result LEG PASSED FAILED SKIPPED SECONDS VERSION LOG
#				one line of the table of "make check"

set -Eeuo pipefail
trap 'printf "lab: %s: line %s failed\n" "${0##*/}" "$LINENO" >&2' ERR
export LC_ALL=C
# not in the default PATH of Debian users
PATH=$PATH:/usr/sbin:/sbin
# from the calling make; a make that we call has its own options
unset MAKEFLAGS MFLAGS MAKELEVEL

LAB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TREE=$(cd "$LAB/../.." && pwd)
BUILD=$TREE/build
CACHE=${FASTALLOC_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/fastalloc}
# FASTALLOC_SUITE: pretend that the host runs this suite (for tests)
HOST_SUITE=${FASTALLOC_SUITE:-$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")}
# shellcheck disable=SC2034 # for the scripts that source this file
MODULE_VARS=(FASTALLOC_TESTS=m KCFLAGS="-Werror -g0" CONFIG_DEBUG_INFO_BTF_MODULES=)
mkdir -p "$BUILD/log" "$CACHE/locks"
CACHE=$(cd "$CACHE" && pwd)

lab_say() { printf 'lab: %s\n' "$*" >&2; }
lab_die() { lab_say "$*"; exit 1; }
lab_need() { "$LAB/image/hostdeps" "$@"; }

lab_as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		command -v sudo >/dev/null || lab_die "needs root, or sudo: $*"
		sudo "$@"
	fi
}

# shellcheck disable=SC2120 # the argument may be left out
lab_kernels() {
	awk -v leg="${1:-}" '!/^#/ && NF { if (leg == "" || index("," $7 ",", "," leg ",")) print $1 }' \
		"$LAB/kernels"
}

lab_field() {
	local v
	v=$(awk -v k="$1" -v f="$2" '
		/^# name  .*kind/ { for (i = 2; i <= NF; i++) col[$i] = i - 1 }
		!/^#/ && $1 == k { print $col[f] }' "$LAB/kernels")
	# shellcheck disable=SC2119 # all of them
	[ -n "$v" ] || lab_die "no kernel '$1' in tests/lab/kernels; there are:" \
		"$(lab_kernels | tr '\n' ' ')"
	[ "$2" != built ] || [ "$v" != "$HOST_SUITE" ] || v=host
	printf '%s\n' "$v"
}

# whether kmemleak is enabled in kernel $1; it can be built in and off by default
lab_kmemleak() { grep -qx '# CONFIG_DEBUG_KMEMLEAK_DEFAULT_OFF is not set' "$("$LAB/image/kernel" "$1")/config"; }

lab_source_dir() { "$LAB/image/source"; }
# stock kernels from 6.12 on want pahole for their modules; the chroots have it
lab_kdir() {
	local d
	[ "$(lab_field "$1" kind)-$(lab_field "$1" built)" != stock-host ] || lab_need pahole
	d=$("$LAB/image/kernel" "$1") && readlink -f "$d/kdir"
}
lab_image() { local d && d=$("$LAB/image/kernel" "$1") && readlink -f "$d/image"; }
lab_release() { local d && d=$("$LAB/image/kernel" "$1") && cat "$d/release"; }

# An entry is valid only with the mark .complete; what an interrupted run has left is
# removed. Entries are made in place and not renamed, since kernel build trees contain
# their own path.
lab_entry() {
	local dir=$1
	shift
	[ -e "$dir/.complete" ] && return
	(
		flock 9
		[ -e "$dir/.complete" ] && exit 0
		if [ -e "$dir" ]; then
			rm -rf "$dir" 2>/dev/null || lab_as_root rm -rf "$dir"
		fi
		mkdir -p "$dir"
		"$@" "$dir"
		sync -f "$dir"
		: >"$dir/.complete"
	) 9>"$CACHE/locks/$(basename "$dir")"
}

lab_watch() {
	local text=$1 log=$2 pid rc=0
	shift 2
	"$@" >>"$log" 2>&1 &
	pid=$!
	while ! timeout 20 tail --pid="$pid" -f /dev/null; do
		lab_say "$text: $(wc -l <"$log") lines of output"
	done
	wait "$pid" || rc=$?
	return "$rc"
}

lab_result() {
	mkdir -p "$BUILD/results"
	printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$@" >"$BUILD/results/$1.tmp"
	mv "$BUILD/results/$1.tmp" "$BUILD/results/$1"
}
