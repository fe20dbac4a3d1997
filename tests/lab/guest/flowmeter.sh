# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2317
# (functions are called by name, through check and relay)
#
# flowmeter.sh - in a guest: test the flow meter, installed by dkms and loaded by
# name, with traffic over loopback. Prints KTAP.
# shellcheck source=lib.sh
. /t/lib.sh

D=/sys/kernel/debug/flowmeter
POOLS=/sys/kernel/debug/fastalloc/pools
POOL=/sys/kernel/debug/fastalloc/flowmeter

# busybox's sh would take its own
modprobe() { /sbin/modprobe "$@"; }
rmmod() { /sbin/rmmod "$@"; }
ping() { /bin/ping "$@"; }

n=0
bad=0
check() { # DESCRIPTION COMMAND...
	what=$1
	shift
	n=$((n + 1))
	if "$@" >/tmp/out 2>&1; then
		echo "ok $n $what"
	else
		echo "not ok $n $what"
		bad=1
		sed 's/^/# /' /tmp/out
		sed 's/^/# /' "$D/stats" "$D/flows" 2>/dev/null | head -n 40
	fi
}

now() { cut -d ' ' -f 1 /proc/uptime | tr -d .; } # in 1/100 s

await() { # COMMAND..., until it succeeds or 20 s have gone
	end=$(($(now) + 2000))
	until "$@"; do
		[ "$(now)" -lt "$end" ] || return 1
		usleep 20000
	done
}

stat() { sed -n "s/^$1: //p" "$D/stats"; }
stat_is() { [ "$(stat "$1")" -eq "$2" ]; }
stat_above() { [ "$(stat "$1")" -gt "$2" ]; }

loaded() { grep -q "^$1 " /proc/modules; }
not() { ! "$@"; }

# PROTO ADDRESS: prints the packets of the flows from there, as one number
packets() { awk -v p="$1" -v a="$2" '$1 == p && index($2, a ":") == 1 { s += $4 } END { print s + 0 }' "$D/flows"; }
packets_are() { [ "$(packets "$1" "$2")" = "$3" ] || { echo "got $(packets "$1" "$2")"; return 1; }; }

holds_fastalloc() { grep -q '^fastalloc .* flowmeter, ' /proc/modules; }
pool_listed() { grep -q '^flowmeter ' "$POOLS"; }

talk() { # FAMILY ADDRESS PORT [-u]: a line each way or, for UDP, one there
	family=$1 address=$2 port=$3
	shift 3
	nc.openbsd "$family" "$@" -l -W 1 "$address" "$port" >/tmp/heard </dev/null &
	listener=$!
	await listening "$port"
	# TCP ends when the listener has the data, UDP after one second without data
	case "$*" in
	-u) patience=1 ;;
	*) patience=20 ;;
	esac
	echo hello | nc.openbsd "$family" "$@" -w "$patience" "$address" "$port"
	wait "$listener"
	grep -q hello /tmp/heard
}
listening() { grep -qi ":$(printf %04X "$1") " /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6; }

sorted() {
	awk 'NR > 1 { if (NR > 2 && $5 > last) bad = 1; last = $5 } END { exit bad || NR < 3 }' "$D/flows"
}
aligned() {
	awk 'NR == 1 { l = length($0); if (!/^PROTO +SOURCE +DESTINATION +PACKETS +BYTES +AGE_S +IDLE_S +USES$/) bad = 1 }
		length($0) != l { bad = 1 } END { exit bad || NR < 3 }' "$D/flows"
}
totals_fit() { # what the flows say is what the counters say, as nothing expired
	idle=$(awk 'NR > 1 { p += $4; b += $5 } END { print p, b }' "$D/flows")
	[ "$idle" = "$(stat packets) $(stat bytes)" ] || { echo "$idle"; return 1; }
}
pool_stat() { sed -n "s/^$1: //p" "$POOL/stats"; }

# The pool promises its capacity, and may also hand out its reserve.
between_capacity_and_total() {
	out=$(stat flows)
	echo "out: $out; $(tr '\n' ';' <"$POOL/stats")"
	[ "$out" -ge 64 ] && [ "$out" -le "$(pool_stat total)" ] &&
		[ "$(pool_stat total)" -eq $((64 + $(pool_stat reserve))) ]
}
cpus_add_up() { # as flows are created and forgotten, but not now
	sums=$(awk 'NR > 1 { a += $5; f += $6; x += $7; n += $8 } END { print a, f, x, n }' "$POOL/cpus")
	echo "$sums"
	[ "$sums" = "$(pool_stat allocs) $(pool_stat frees) $(pool_stat depot_exchanges) $(pool_stat nested)" ] &&
		[ "${sums%% *}" = "$(stat created)" ]
}

# A full table: each packet is in a flow, or counted as dropped.
counts_what_it_cannot_hold() {
	in_flows=$(awk 'NR > 1 { p += $4 } END { print p + 0 }' "$D/flows")
	echo "in flows: $in_flows"
	stat_above dropped_no_object 0 && [ $((in_flows + $(stat dropped_no_object))) = "$(stat packets)" ]
}

used_again() { awk 'NR > 1 && $8 > 1 { found = 1 } END { exit !found }' "$D/flows"; }

# 200 ports, all closed. Each makes two flows: one for the SYN, one for the RST.
scan() { nc.openbsd -z -w 1 127.0.0.1 2000-2199 2>/dev/null || :; }

# The scheduler settings for how long a task runs before another one gets its CPU:
# those of 6.1, and of 6.6 and later.
SCHED=/sys/kernel/debug/sched
SLICES="latency_ns min_granularity_ns wakeup_granularity_ns base_slice_ns"
long_slices() { # up to a second
	for knob in $SLICES; do
		[ -w "$SCHED/$knob" ] || continue
		cat "$SCHED/$knob" >"/tmp/$knob"
		echo 1000000000 >"$SCHED/$knob"
	done
}
usual_slices() {
	for knob in $SLICES; do
		[ ! -w "$SCHED/$knob" ] || cat "/tmp/$knob" >"$SCHED/$knob"
	done
}

# 2000 ports in four scans at once. A scan runs for up to a second before another task
# gets its CPU, so the worker that grows the pool is late, as if softirqs kept all
# CPUs busy. A pool that only the worker grows loses some of the 4000 flows.
fast_scan() {
	scanners=
	long_slices
	for first in 10000 10500 11000 11500; do
		nc.openbsd -z -w 1 127.0.0.1 "$first-$((first + 499))" >/dev/null 2>&1 &
		scanners="$scanners $!"
	done
	# shellcheck disable=SC2086 # one argument for each process
	wait $scanners || :
	usual_slices
}
load_small() { modprobe -r flowmeter && modprobe flowmeter capacity=16 max_flows=65536 idle_ms=0; }
no_packet_without_flow() { # and at least so many flows
	echo "created: $(stat created), without a flow: $(stat dropped_no_object)"
	[ "$(stat created)" -ge "$1" ] && stat_is dropped_no_object 0
}
grew_in_place() {
	tr '\n' ';' <"$POOL/stats"
	[ "$(pool_stat grows_atomic)" -gt 0 ]
}

# The floods do not pause, so their flows are never idle. A single ping makes a flow
# that is.
one_expired() {
	ping -q -c 1 -W 1 127.0.0.1 >/dev/null
	stat_above expired 0
}

reload_under_traffic() {
	for _ in 1 2 3 4 5; do
		modprobe -r flowmeter || return 1
		not loaded fastalloc || return 1
		modprobe flowmeter capacity=4 max_flows=16 idle_ms=20 || return 1
		await stat_above packets 20 || return 1
		await one_expired || return 1
	done
	modprobe -r flowmeter
}

refused() { # PARAMETERS...: with one line of fastalloc's in the log, nothing left
	before=$(dmesg | grep -c 'fastalloc: pool flowmeter: ')
	modprobe flowmeter "$@" && return 1
	[ "$(dmesg | grep -c 'fastalloc: pool flowmeter: ')" = $((before + 1)) ] &&
		! loaded flowmeter && [ ! -e "$D" ] && modprobe -r fastalloc
}

main() {
	echo "KTAP version 1"
	echo "1..33"
	ip link set lo up
	await ping -c 1 -W 1 ::1 >/dev/null 2>&1

	check "a config that fastalloc refuses fails the load" refused capacity=0
	check "so does a cap below the capacity" refused capacity=16 max_flows=8
	check "modprobe by name" modprobe flowmeter capacity=16 max_flows=64 idle_ms=0
	check "it pulled fastalloc and holds it" holds_fastalloc
	check "fastalloc cannot be unloaded meanwhile" not rmmod fastalloc
	check "its pool is listed" pool_listed

	check "ping over IPv4" ping -q -c 3 -i 0.2 127.0.0.1
	check "each request counted once" packets_are icmp/8.0 127.0.0.1 3
	check "each reply counted once" packets_are icmp/0.0 127.0.0.1 3
	check "ping over IPv6" ping -q -c 3 -i 0.2 ::1
	check "each request counted once (IPv6)" packets_are icmp6/128.0 '[::1]' 3
	check "each reply counted once (IPv6)" packets_are icmp6/129.0 '[::1]' 3
	check "TCP over IPv4" talk -4 127.0.0.1 7001
	check "TCP over IPv6" talk -6 ::1 7002
	check "UDP over IPv4" talk -4 127.0.0.1 7003 -u
	check "UDP over IPv6" talk -6 ::1 7004 -u
	check "UDP packets counted" packets_are udp '[::1]' 1
	check "the table is sorted by bytes" sorted
	check "the table is aligned below its header" aligned
	check "packets and bytes of the flows add up to the counters" totals_fit

	scan
	check "a full table counts what it cannot hold" counts_what_it_cannot_hold
	check "it grew to its cap and not beyond" stat_is capacity 64
	check "flows are between the cap and what there is in all" between_capacity_and_total
	check "the CPUs' figures add up to the pool's, and those to the flows" await cpus_add_up
	check "traffic passes all the same" talk -4 127.0.0.1 7005

	echo 200 >/sys/module/flowmeter/parameters/idle_ms
	check "idle flows are forgotten" await stat_is flows 0
	echo 0 >/sys/module/flowmeter/parameters/idle_ms
	# more new flows than there are objects that were never used
	scan
	check "their objects serve again, still constructed" used_again

	check "load again, with a small pool and a high cap" load_small
	fast_scan
	check "no packet of a port scan is without a flow" no_packet_without_flow 4000
	check "the pool grew in place" grew_in_place
	check "it stayed below its cap" not stat_above capacity 65535

	/bin/ping -q -f 127.0.0.1 >/dev/null 2>&1 &
	flood4=$!
	/bin/ping -q -f ::1 >/dev/null 2>&1 &
	flood6=$!
	check "unload and load again under traffic" reload_under_traffic
	check "the traffic never stopped" kill "$flood4" "$flood6"
	wait "$flood4" "$flood6"
	return "$bad"
}

ln -s /bin/kmod /sbin/modprobe
ln -s /bin/kmod /sbin/rmmod
say "LAB-PLAN 1"
say "LAB-SUITE begin flowmeter"
relay main
rc=$?
say "LAB-SUITE end flowmeter"

# shellcheck source=leaks.sh
. /t/leaks.sh
exit $rc
