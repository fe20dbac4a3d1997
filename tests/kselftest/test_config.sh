#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Every invalid config is refused with its own errno and one line in the log that
# names pool, field and value, and leaves no pool behind.
set -u
# shellcheck source-path=SCRIPTDIR source=ktap.sh
. "$(dirname "$0")/ktap.sh"

EIO=5 EEXIST=17 EINVAL=22 ERANGE=34 E2BIG=7 ENAMETOOLONG=36
EOVERFLOW=75 EOPNOTSUPP=95
CONTIG=1 SHRINKER=2 NODE=4 DEBUG=$((0x78)) TYPESAFE=$((0x100)) INIT_ON_ALLOC=$((0x200))
INIT_ON_FREE=$((0x400)) NO_INIT=$((0x800)) RANDOM_ORDER=$((0x1000)) DROP_LIVE=$((0x2000))

# bad WHAT ERRNO "LINE" KEY=VALUE...: the config is refused with this errno and line.
# LINE is the text after "fastalloc: pool "; - for no line at all.
bad() {
	what=$1
	wanted_errno=-$2
	wanted_line="fastalloc: pool $3"
	[ "$3" != - ] || wanted_line=
	shift 3
	before=$(cat "$FASTALLOC/pools"; ls "$FASTALLOC")
	log_mark
	errno=$(pool create "$@")
	line=$(log_ours)
	after=$(cat "$FASTALLOC/pools"; ls "$FASTALLOC")
	if [ "$errno" != "$wanted_errno" ]; then
		fail "$what" "answered $errno, wanted $wanted_errno ($line)"
	elif [ "$line" != "$wanted_line" ]; then
		fail "$what" "logged
$line
wanted
$wanted_line"
	elif [ "$before" != "$after" ]; then
		fail "$what" "a pool was left: $after"
	else
		pass "$what"
	fi
}

good() {
	what=$1
	shift
	errno=$(pool create name=good "$@")
	is "$what" "$errno" 0
	pool destroy good >/dev/null
}

page=$(getconf PAGE_SIZE 2>/dev/null || echo 4096)
long=abcdefghijklmnopqrstuvwxyz01234

ktap_plan 72
check "loads" load fastalloc
check "the helper loads" load fastalloc_test_pool

bad "no name" $EINVAL "(null): name=(null): must not be empty" obj_size=64
bad "empty name" $EINVAL ": name=: must not be empty" name=
bad "name with a slash" $EINVAL "a/b: name=a/b: must be printable, without blank or '/'" name=a/b
bad "name with a blank" $EINVAL "a b: name=a b: must be printable, without blank or '/'" 'name=a\x20b'
bad "name with a newline" $EINVAL "a\\nb: name=a\\nb: must be printable, without blank or '/'" 'name=a\x0ab'
bad "name with a byte above 127" $EINVAL "$(printf "a\377b: name=a\377b: must be printable, without blank or '/'")" 'name=a\xffb'
bad "name of one dot" $EINVAL ".: name=.: is reserved" name=.
bad "name of two dots" $EINVAL "..: name=..: is reserved" name=..
bad "name of a file in debugfs" $EINVAL "pools: name=pools: is reserved" name=pools
bad "name of the other file" $EINVAL "json: name=json: is reserved" name=json
bad "name of 32 characters" $ENAMETOOLONG "$long: name=$long...: longer than 31 characters" name=${long}5
is "name of 31 characters is taken" "$(pool create name=$long)" 0
bad "duplicate name" $EEXIST "$long: name=$long: already in use" name=$long
is "and given back" "$(pool destroy $long)" 0
good "and free again" name=good

bad "zero size" $EINVAL "c: obj_size=0: must not be zero" name=c obj_size=0
bad "size above 1 MiB" $E2BIG "c: obj_size=1048577: more than 1048576" name=c obj_size=1048577
bad "align no power of two" $EINVAL "c: align=48: not a power of two" name=c align=48
bad "align below the type's" $EINVAL "c: align=8: below the natural alignment 16" name=c align=8 type_align=16
bad "align below the size's" $EINVAL "c: align=4: below the natural alignment 8" name=c align=4 obj_size=24
bad "align above a page" $EINVAL "c: align=$((page * 2)): more than a page" name=c align=$((page * 2))
good "align of a page is taken" align="$page"
good "align as the size has it is taken" align=4 obj_size=12
bad "type_align no power of two" $EINVAL "c: type_align=24: not a power of two" name=c type_align=24
bad "zero capacity" $EINVAL "c: capacity=0: must not be zero" name=c capacity=0
bad "size times count overflows" $EOVERFLOW "c: capacity=18446744073709551615: times 64 bytes overflows" name=c capacity=18446744073709551615
bad "too many objects" $E2BIG "c: capacity=2147483648: more than 2147483647" name=c capacity=2147483648
bad "too many objects at most" $E2BIG "c: max_capacity=2147483648: more than 2147483647" name=c max_capacity=2147483648
bad "max below capacity" $ERANGE "c: max_capacity=15: below the capacity 16" name=c max_capacity=15
bad "linear growth by nothing" $EINVAL "c: growth_amount=0: must not be zero" name=c growth=$LINEAR
bad "growth to 100 per cent" $ERANGE "c: growth_percent=100: not above 100" name=c growth=$EXPONENTIAL growth_percent=100
bad "growth to 1 per cent" $ERANGE "c: growth_percent=1: not above 100" name=c growth=$EXPONENTIAL growth_percent=1
good "growth to 101 per cent is taken" growth=$EXPONENTIAL growth_percent=101
good "growth by default is taken" growth=$EXPONENTIAL
bad "custom growth without a function" $EINVAL "c: growth_fn=NULL: wanted by custom growth" name=c growth=$CUSTOM
bad "unknown growth" $EINVAL "c: growth=4: unknown" name=c growth=4
bad "unknown sync" $EINVAL "c: sync=3: unknown" name=c sync=3
bad "unknown order" $EINVAL "c: order=3: unknown" name=c order=3
bad "unknown backing" $EINVAL "c: backing=3: unknown" name=c backing=3
bad "unknown flag" $EINVAL "c: flags=0x80000000: unknown bits" name=c flags=$((0x80000000))
bad "to be zeroed and not to be" $EINVAL "c: flags=0xa00: to be zeroed and not to be zeroed" name=c flags=$((INIT_ON_ALLOC | NO_INIT))
bad "on free, too" $EINVAL "c: flags=0xc00: to be zeroed and not to be zeroed" name=c flags=$((INIT_ON_FREE | NO_INIT))
bad "zeroed with a constructor" $EINVAL "c: flags=0x200: zeroing would undo the constructor" name=c flags=$INIT_ON_ALLOC ctor=1
bad "zeroed under RCU readers" $EINVAL "c: flags=0x500: zeroing would surprise RCU readers" name=c flags=$((INIT_ON_FREE | TYPESAFE))
bad "random order lowest" $EOPNOTSUPP "c: flags=0x1000: random and lowest exclude each other" name=c flags=$RANDOM_ORDER order=$LOWEST
good "zeroed twice is taken" flags=$((INIT_ON_ALLOC | INIT_ON_FREE))
good "not zeroed, constructed, for RCU readers is taken" flags=$((NO_INIT | TYPESAFE)) ctor=1
good "random order is taken" flags=$RANDOM_ORDER sync=$PERCPU
good "all checks are taken, objects out are dropped" flags=$((DEBUG | DROP_LIVE))
bad "contig without order lowest" $EOPNOTSUPP "c: flags=0x1: contiguous runs need order lowest, not lifo" name=c flags=$CONTIG
good "contig with order lowest is taken" flags=$CONTIG order=$LOWEST
bad "shrinker on a fixed pool" $EINVAL "c: flags=0x2: a shrinker needs a growing pool with a lock" name=c flags=$SHRINKER
bad "shrinker without a lock" $EINVAL "c: flags=0x2: a shrinker needs a growing pool with a lock" name=c flags=$SHRINKER sync=$NONE growth=$EXPONENTIAL
bad "node that is not online" $EINVAL "c: node=1023: not online" name=c flags=$NODE node=1023
bad "low water above the maximum" $ERANGE "c: low_water=33: above the maximum 32" name=c low_water=33 max_capacity=32 \
	growth=$EXPONENTIAL
bad "node without the flag" $EINVAL "c: node=7777: set without FASTALLOC_F_NODE" name=c node=7777
good "any node, with the flag" flags=$NODE node=18446744073709551615
good "any node, without the flag" node=18446744073709551615
good "a per-CPU pool is taken" sync=$PERCPU
good "a magazine of 64 is taken" sync=$PERCPU magazine=64
bad "per-CPU pool of another order" $EOPNOTSUPP "c: order=fifo: per-CPU pools are lifo" name=c sync=$PERCPU order=$FIFO
good "a reserve of one object is taken" sync=$PERCPU reserve=1
bad "reserve of 2^31" $E2BIG "c: reserve=2147483648: more than 2147483647" name=c sync=$PERCPU reserve=2147483648
bad "capacity and reserve above the most" $E2BIG "c: capacity=2147483647: more than 2147483647 with the reserve of 10" \
	name=c sync=$PERCPU obj_size=1 capacity=2147483647 reserve=10
bad "magazine of 65" $ERANGE "c: magazine=65: more than 64" name=c sync=$PERCPU magazine=65

log_mark
for _ in $(seq 40); do
	pool create name=c magazine=66 >/dev/null
done
lines=$(log_ours | grep -c 'magazine=66')
check "forty wrong configs have not forty lines ($lines)" [ "$lines" -ge 1 -a "$lines" -le 20 ]
bad "and hide no other" $EINVAL "c: sync=4: unknown" name=c sync=4

log_mark
is "constructor's error is creation's" "$(pool create name=c ctor=1 ctor_fail=5)" -$EIO
is "the helper unloads" "$(unload fastalloc_test_pool; echo $?)" 0
check "unloads" rmmod fastalloc
ktap_end
