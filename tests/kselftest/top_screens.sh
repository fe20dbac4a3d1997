#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# fastalloc-top in a terminal of tmux shows what this kernel's files say, also of 1,000 pools and
# of pools that vanish between two frames. Run by tests/lab/leg/tools, which brings tmux.
set -u
# shellcheck source-path=SCRIPTDIR source=ktap.sh
. "$(dirname "$0")/ktap.sh"

export PATH="$PATH:/usr/bin" TMUX_TMPDIR=/tmp
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts 2>/dev/null

echo 'set -g default-terminal screen' >/tmp/tmux.conf
term() { tmux -f /tmp/tmux.conf -L top "$@"; }
capture() { term capture-pane -p >/tmp/screen; }
soon_shows() { capture && grep -q -- "$1" /tmp/screen; }

# shows NAME PATTERN: the screen soon has such a line
shows() {
	if wait_for 30 soon_shows "$2"; then
		pass "$1"
	else
		fail "$1" "$(cat /tmp/screen)"
	fi
}

# columns: of each pool in a table, all but its rates, which change with time
columns() { awk '$1 ~ /^(conns|low|owner)$/ { print $1, $2, $3, $4, $5, $6, $7, $10, $11, $12 }'; }
same_table() { capture && [ "$(columns </tmp/screen)" = "$(/t/fastalloc-top --once -s name | columns)" ]; }

# maps: the lines of the map, without number and percentage
maps() { sed -n 's/^ *[0-9]* *\(\[[O_1-9]*\]\).*/\1/p'; }
same_map() { capture && [ "$(maps </tmp/screen)" = "$(maps <$FASTALLOC/low/map)" ]; }

# crowd COMMAND FIRST LAST: runs the command for each number in this range
crowd() {
	crowd=$2
	while [ "$crowd" -le "$3" ]; do
		echo "$1$crowd" >"$DEBUGFS/fastalloc_test_pool/ctl" || return 1
		crowd=$((crowd + 1))
	done
}

ktap_plan 26
check "loads" load fastalloc
check "the helper loads" load fastalloc_test_pool
is "a per-CPU pool" "$(pool create name=conns sync=$PERCPU capacity=400 magazine=8)" 0
is "a pool of order lowest" "$(pool create name=low sync=$SPINLOCK order=$LOWEST capacity=64)" 0
is "a pool of sync none" "$(pool create name=owner sync=$NONE capacity=10)" 0
is "ninety objects" "$(pool alloc conns 90)" 90
is "thirty objects" "$(pool alloc low 30)" 30

term new-session -d -x 100 -y 40 'env LINES= COLUMNS= /t/fastalloc-top -d 0.5 -s name; echo "status $?"; cat'
shows "the table" '^3 of 3 pools'
wait_for 30 same_table
is "has the figures of --once" "$(columns </tmp/screen)" "$(/t/fastalloc-top --once -s name | columns)"
note "$(head -n 5 /tmp/screen)"
is "four more" "$(pool alloc low 4)" 4
shows "are shown" '^low  *fastalloc_test_pool  *64  *34  *64 '

term send-keys Down Enter
shows "the screen of a pool" '^pool low '
is "a map of 64 objects" "$(maps <$FASTALLOC/low/map | wc -c)" 67
check "its map is that of the file" wait_for 30 same_map
capture
note "$(grep -A 1 ^CHUNK /tmp/screen; maps </tmp/screen)"
is "the pool is destroyed" "$(pool destroy low)" 0
shows "and its screen says so" '^pool low is gone'

term send-keys q
shows "the table has the others" '^2 of 2 pools'
check "a thousand pools" crowd "create capacity=1 name=pool-" 1001 2000
shows "are counted" '^1002 of 1002 pools'
term send-keys End
shows "and reached" '^pool-2000 '
is "--once has all of them" "$(/t/fastalloc-top --once | grep -c '^pool-')" 1000
check "half of them vanish while they are shown" crowd "destroy pool-" 1501 2000
shows "the others are left" '^502 of 502 pools'
shows "the last one of them is on the screen" '^pool-1500 '
term send-keys q
shows "it ends" '^status 0'

term kill-server
unload fastalloc_test_pool
check "unloads" rmmod fastalloc
ktap_end
