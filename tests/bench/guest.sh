# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# guest.sh - in a guest: load fastalloc, and for each line of ./params the benchmark
# with these parameters; the figures go to the kernel log.
# shellcheck source=../lab/guest/lib.sh
. /t/lib.sh

insmod "$MODULES/fastalloc.ko" || exit 1
while read -r line; do
	# shellcheck disable=SC2086 # words are what is wanted
	insmod "$MODULES/fastalloc_bench.ko" $line || exit 1
	rmmod fastalloc_bench || exit 1
done <params
rmmod fastalloc
