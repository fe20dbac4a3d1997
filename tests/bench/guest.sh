# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# guest.sh - in a guest: load fastalloc and the benchmark with the parameters in
# ./params; the figures go to the kernel log.
# shellcheck source=../lab/guest/lib.sh
. /t/lib.sh

insmod "$MODULES/fastalloc.ko" || exit 1
# shellcheck disable=SC2046 # words are what is wanted
insmod "$MODULES/fastalloc_bench.ko" $(cat params) || exit 1
rmmod fastalloc_bench && rmmod fastalloc
