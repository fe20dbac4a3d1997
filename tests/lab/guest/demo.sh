# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2317
# (functions are called by name, through need and await)
#
# demo.sh - the guest's part of "make demo": two hosts, the flow meter on one of
# them, and traffic between them.
#
# The "hosts" are network namespaces joined by a veth pair: the first one is the
# guest itself, where the flow meter runs; "peer" is the other. The script waits for
# each expected condition; a condition that does not become true is a failure.
# shellcheck source=lib.sh
. /t/lib.sh

# busybox's sh would take its own
modprobe() { /sbin/modprobe "$@"; }
ping() { /bin/ping "$@"; }
ip() { /bin/ip "$@"; }
nc() { /bin/nc.openbsd "$@"; }
on_peer() { /bin/ip netns exec peer "$@"; }

D=/sys/kernel/debug/flowmeter
F=/sys/kernel/debug/fastalloc
T=/sys/kernel/tracing
US4=192.0.2.1 PEER4=192.0.2.2
US6=2001:db8::1 PEER6=2001:db8::2
SCANNED=16 START=512 MAX=65536
IDLE=1500

failed=0
step() { printf '\n== %s\n' "$*"; }
run() {
	printf '# %s\n' "$*"
	"$@"
}
need() { # DESCRIPTION COMMAND...
	what=$1
	shift
	if "$@" >/tmp/out 2>&1; then
		echo "   ok: $what"
	else
		echo "   FAILED: $what"
		sed 's/^/      /' /tmp/out
		failed=$((failed + 1))
	fi
}
give_up() {
	echo "   FAILED: $*"
	exit 1
}

now() { cut -d ' ' -f 1 /proc/uptime | tr -d .; } # in 1/100 s
await() {                                         # COMMAND..., for 60 s at most
	end=$(($(now) + 6000))
	until "$@"; do
		[ "$(now)" -lt "$end" ] || return 1
		usleep 50000
	done
}
stat() { sed -n "s/^$1: //p" "$D/stats"; }
stat_above() { [ "$(stat "$1")" -gt "$2" ]; }
pool_stat() { sed -n "s/^$1: //p" "$F/flowmeter/stats"; }
all_cpus_allocated() { awk 'NR > 1 && $5 == 0 { bad = 1 } END { exit bad || NR < 3 }' "$F/flowmeter/cpus"; }
loaded() { grep -q "^$1 " /proc/modules; }
unloaded() { ! loaded flowmeter && ! loaded fastalloc; }
listening() { on_peer cat /proc/net/tcp /proc/net/tcp6 | grep -qi ":$(printf %04X "$1") 0\\{8,\\}:0000 0A"; }

# The kernel log since the modules were loaded, at "warning" or worse. Allowed are the
# messages that out-of-tree modules were loaded, and that the emulated machine is
# slow.
warnings() {
	dmesg -r | awk '/demo: modules are loaded next/ { on = 1; next }
		on && match($0, /^<[0-9]+>/) && substr($0, 2, RLENGTH - 2) % 8 <= 4 {
			if (!/loading out-of-tree module taints kernel/ && !/module verification failed/ &&
				!/hrtimer: interrupt took/) print
		}'
}
no_warnings() {
	warnings >/tmp/warnings
	cat /tmp/warnings
	[ ! -s /tmp/warnings ]
}
taint_is_that_of_outside_modules() {
	t=$(cat /proc/sys/kernel/tainted)
	echo "taint $t"
	[ $((t & ~(4096 | 8192))) = 0 ]
}

# prints the flows of PROTO over FAMILY (4 or 6) in the table saved in /tmp/flows
flows_of() {
	awk -v p="$1" -v f="$2" 'NR > 1 && index($1, p) == 1 && (substr($2, 1, 1) == "[") == (f == 6) &&
		(p != "icmp" || f == 6 || index($1, "icmp6") != 1) { n++ } END { print n + 0 }' /tmp/flows
}
at_least() { [ "$1" -ge "$2" ] || { echo "$1, not $2 or more"; return 1; }; }

# the share of objects in use in the map saved in /tmp/map, per cent
used_in_map() {
	awk '{ sub(/.*\] /, ""); sub(/%/, ""); n += $3; used += $1 * $3 } END { print int(n ? used / n : 0) }' /tmp/map
}
sparser() { [ "$1" -lt "$2" ] || { echo "$1 %, not less than $2 %"; return 1; }; }

human() { # BYTES
	awk -v b="$1" 'BEGIN { split("B KiB MiB GiB", u); i = 1; while (b >= 1024 && i < 4) { b /= 1024; i++ }
		printf((i > 1 ? "%.1f %s" : "%d %s"), b, u[i]) }'
}

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

# The peer scans 4000 closed ports of this guest, in four scans at once. Each port
# makes two flows, which softirqs create: one for the SYN, one for the RST. A scan
# runs for up to a second before another task gets its CPU, so the worker that grows
# the pool is late, as if softirqs kept all CPUs busy. A pool that only the worker
# grows loses flows here.
scan() {
	scanners=
	long_slices
	for first in 10000 11000; do
		last=$((first + 999))
		on_peer /bin/nc.openbsd -4 -z -w 2 "$US4" "$first-$last" >/dev/null 2>&1 &
		scanners="$scanners $!"
		on_peer /bin/nc.openbsd -6 -z -w 2 "$US6" "$first-$last" >/dev/null 2>&1 &
		scanners="$scanners $!"
	done
	# shellcheck disable=SC2086 # one argument for each process
	wait $scanners || :
	usual_slices
}

# Short flows: connections to closed ports. Each port makes four flows, two over IPv4
# and two over IPv6.
knock() {
	nc -z -w 2 "$PEER4" "$1" 2>/dev/null
	nc -6 -z -w 2 "$PEER6" "$1" 2>/dev/null
	:
}

iperf() { # PORT ARGS...: a client of the peer's server at PORT
	port=$1
	shift
	/usr/bin/iperf3 --connect-timeout 5000 -p "$port" "$@" >"/tmp/iperf.$port" 2>&1 &
	clients="$clients $!"
}

sent() { # PORT: what iperf3 says it sent
	awk '/(SUM|\[ *[0-9]+\]).*sender/ { l = $0 } END { print l }' "/tmp/iperf.$1" | tr -s ' ' | sed 's/^\[[^]]*\] *//'
}

sent_packets() { cat /sys/class/net/cable0/statistics/tx_packets; }
sent_above() { [ "$(sent_packets)" -gt "$1" ]; }

step "Two hosts: this guest and \"peer\", joined by a cable (veth)"
ip link set lo up
modprobe veth || give_up "no veth"
mkdir -p /run /var
ip netns add peer
ip link add cable0 type veth peer name cable1 netns peer
ip addr add "$US4/24" dev cable0
ip addr add "$US6/64" dev cable0 nodad
ip -n peer addr add "$PEER4/24" dev cable1
ip -n peer addr add "$PEER6/64" dev cable1 nodad
ip link set cable0 up
ip -n peer link set lo up
ip -n peer link set cable1 up
need "they reach each other over IPv4 and IPv6" await sh -c \
	"/bin/ping -q -c 1 -W 1 $PEER4 >/dev/null && /bin/ping -q -c 1 -W 1 $PEER6 >/dev/null"
echo "   this guest: $US4, $US6; peer: $PEER4, $PEER6"
for port in 5201 5202 5203 5204 5205; do
	on_peer /usr/bin/iperf3 -s -p "$port" >/dev/null 2>&1 </dev/null &
done
for port in 5201 5202 5203 5204 5205; do
	await listening "$port" || give_up "iperf3 did not come up on the peer"
done

step "Load the flow meter by name; modprobe finds what it needs"
say "demo: modules are loaded next"
run modprobe flowmeter capacity=$SCANNED max_flows=$MAX idle_ms=0 || give_up "it does not load"
run grep -E '^(fastalloc|flowmeter) ' /proc/modules
need "modprobe loaded fastalloc for it" loaded fastalloc

step "A port scan: new flows come faster than a worker can grow the pool"
began=$(now)
scan
scan_ms=$((($(now) - began) * 10))
scan_flows=$(stat created) scan_missed=$(stat dropped_no_object) scan_capacity=$(stat capacity)
in_place=$(pool_stat grows_atomic)
by_worker=$(($(pool_stat grows) - in_place))
echo "   4000 ports in $scan_ms ms; the pool grew from $SCANNED objects to $scan_capacity"
need "each port is two new flows: $scan_flows" at_least "$scan_flows" 8000
need "packets without a flow: $scan_missed" [ "$scan_missed" -eq 0 ]
need "the pool grew in place, where an allocation found it empty: $in_place times" at_least "$in_place" 1

step "Load it again, with memory for more flows, and with a record of allocated objects (check F)"
run modprobe -r flowmeter
need "both modules are gone" unloaded
run modprobe fastalloc debug=F,flowmeter || give_up "fastalloc does not load"
run modprobe flowmeter capacity=$START max_flows=$MAX idle_ms=0 || give_up "it does not load"

step "Traffic: iperf3, 88 streams of TCP and UDP over IPv4 and IPv6; ping; short connections"
clients=
iperf 5201 -4 -c "$PEER4" -P 12 -t 5
iperf 5202 -6 -c "$PEER6" -P 12 -t 5
iperf 5203 -4 -c "$PEER4" -u -P 32 -b 300K -l 1000 -t 5
iperf 5204 -6 -c "$PEER6" -u -P 32 -b 300K -l 1000 -t 5
ping -q -c 10 -i 0.2 "$PEER4" >/tmp/ping4 2>&1 &
ping4=$!
ping -q -c 10 -i 0.2 -s 4000 "$PEER6" >/tmp/ping6 2>&1 &
ping6=$!
pings="$ping4 $ping6"
knock 1000-1149
echo "   after the short connections: $(stat flows) flows, $(stat packets) packets"
echo "   the map of the pool now: a line is a chunk, O an object in use, _ a free one"
run head -n 12 "$F/flowmeter/map"
cp "$F/flowmeter/map" /tmp/map
need "it shows objects in use: $(used_in_map) %" at_least "$(used_in_map)" 10
# shellcheck disable=SC2086 # words are what is wanted
need "all streams and pings came to their end" wait $clients $pings
for p in "5201 TCP over IPv4" "5202 TCP over IPv6" "5203 UDP over IPv4" "5204 UDP over IPv6"; do
	printf '   %s: %s\n' "${p#* }" "$(sent "${p%% *}")"
done

cat "$D/flows" >/tmp/flows
step "The flow table: the 15 largest of $(($(wc -l </tmp/flows) - 1)) flows"
head -n 16 /tmp/flows
need "TCP flows over IPv4 ($(flows_of tcp 4))" at_least "$(flows_of tcp 4)" 24
need "TCP flows over IPv6 ($(flows_of tcp 6))" at_least "$(flows_of tcp 6)" 24
need "UDP flows over IPv4 ($(flows_of udp 4))" at_least "$(flows_of udp 4)" 32
need "UDP flows over IPv6 ($(flows_of udp 6))" at_least "$(flows_of udp 6)" 32
need "ICMP flows over IPv4 ($(flows_of icmp 4))" at_least "$(flows_of icmp 4)" 2
need "ICMPv6 flows ($(flows_of icmp6 6))" at_least "$(flows_of icmp6 6)" 3
need "fragments of large pings are told apart" grep -q '^icmp6/frag' /tmp/flows

step "A trace of every allocation and free, switched on while the pool is used"
mount -t tracefs tracefs $T 2>/dev/null
echo "# echo 1 >$F/flowmeter/trace; echo 1 >$T/events/fastalloc/enable"
echo 1 >$F/flowmeter/trace
echo 1 >$T/events/fastalloc/enable
knock 3000-3009
echo 0 >$T/events/fastalloc/enable
echo 0 >$F/flowmeter/trace
grep -v '^#' $T/trace >/tmp/trace
run sed -n '1,5p' /tmp/trace
need "allocations of the flow meter are traced: $(grep -c 'fastalloc_alloc: .*\[flowmeter\]' /tmp/trace)" \
	grep -q 'fastalloc_alloc: pool=flowmeter .*\[flowmeter\]' /tmp/trace

step "Idle flows are forgotten after $IDLE ms, and their objects serve again"
echo "# echo $IDLE >/sys/module/flowmeter/parameters/idle_ms"
echo $IDLE >/sys/module/flowmeter/parameters/idle_ms
need "flows expire" await stat_above expired 100
busy=$(used_in_map)
cp "$F/flowmeter/map" /tmp/map
echo "   the map after traffic:"
run head -n 12 "$F/flowmeter/map"
need "fewer objects are in use: $(used_in_map) %" sparser "$(used_in_map)" "$busy"
reused=$(stat reused)
knock 2000-2099
need "new flows got objects that had been flows before" stat_above reused "$((reused + 100))"
echo "   the hardest-worked objects now:"
{
	head -n 1 "$D/flows"
	tail -n +2 "$D/flows" | sort -rn -k 8 | head -n 3
} | sed 's/^/   /'

step "What fastalloc and the flow meter say"
run cat "$F/pools"
echo
run cat "$F/flowmeter/stats"
echo
run cat "$F/flowmeter/cpus"
echo
run cat "$D/stats"
echo
run /t/fastalloc-top --once --human
/t/fastalloc-top --once >/tmp/top
need "fastalloc-top shows the pool" grep -q '^flowmeter ' /tmp/top
created=$(stat created) peak=$(stat peak) expired=$(stat expired) reused=$(stat reused)
packets=$(stat packets) bytes=$(stat bytes) memory=$(stat memory) capacity=$(stat capacity)
missed=$(stat dropped_no_object)
ops=$(($(pool_stat allocs) + $(pool_stat frees))) exchanges=$(pool_stat depot_exchanges)
nested=$(pool_stat nested) total=$(pool_stat total) reserve=$(pool_stat reserve)
magazine=$(sed -n 's/^magazine: //p' "$F/flowmeter/config")
need "the pool grew from $START objects to $capacity" [ "$capacity" -gt "$START" ]
need "every CPU allocated flows" all_cpus_allocated
need "few allocs and frees had to go to the depot: $((100 * exchanges / ops)) %, below 50 %" \
	[ $((2 * exchanges)) -lt $ops ]
need "it holds its capacity and its reserve: $total objects" [ "$total" -eq $((capacity + reserve)) ]
need "packets without a flow: $missed" [ "$missed" -eq 0 ]

step "Unload under traffic"
iperf 5205 -4 -c "$PEER4" -P 4 -t 600
client=$!
seen=$(stat packets)
need "traffic runs" await stat_above packets "$((seen + 200))"
run modprobe -r flowmeter
need "both modules are gone" unloaded
seen=$(sent_packets)
need "the traffic goes on" await sent_above "$((seen + 100))"
kill "$client"
for pid in $(ip netns pids peer); do
	kill "$pid"
done

step "The kernel's log since the modules were loaded"
dmesg | sed -n '/demo: modules are loaded next/,$p' | grep -v -e '\] > ' -e 'demo: modules' | sed 's/^/   /'
need "lines at \"warning\" or worse, but for the notices that say that these modules are not Debian's: $(warnings | wc -l)" no_warnings
need "taint flags are those of outside modules" taint_is_that_of_outside_modules

step "Summary"
cat <<END
   kernel           $(uname -r)
   flows            $created seen, $peak at once at most, $expired forgotten when idle
   packets          $packets, $(human "$bytes"); $missed of them without a flow
   port scan        before these: $scan_flows new flows in $scan_ms ms, $scan_missed packets without a flow. The
                    pool grew from $SCANNED objects to $scan_capacity: $in_place times in place, by a few pages,
                    where a packet found it empty, and $by_worker times by a worker, which came later
   objects reused   $reused of $created flows got an object that had been a flow before
   memory held      $(human "$memory") for $capacity flows, grown from $START while packets came in,
                    and a reserve of $reserve, for what is free on other CPUs
   per-CPU pool     $ops allocs and frees without a lock; $exchanges times a CPU took a magazine of up
                    to $magazine objects from the depot; $nested operations were nested in another
   kernel log       $(warnings | wc -l) warnings
   checks           $([ "$failed" = 0 ] && echo "all passed" || echo "$failed FAILED")
END
[ "$failed" = 0 ]
