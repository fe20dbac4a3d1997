# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# screen.sh - the interactive screens, in a terminal of tmux.

: "${here:?}" "${data:?}" "${program:?}" "${work:?}" "${nr:?}"

term() { TMUX_TMPDIR=$work TMUX='' tmux -L "fastalloc-top-$nr" -f /dev/null "$@"; }
screen_end() { term kill-server 2>/dev/null || true; }

need_tmux() { command -v tmux >/dev/null || skip "tmux is missing"; }

# start DIR [OPTION...]: the program in a new terminal; its status is printed when it ends. The
# delay is long, unless an option says otherwise, so that only keys change the screen.
start() {
	need_tmux
	local dir=$1
	shift
	# shellcheck disable=SC2016 # the shell in the terminal expands it
	term new-session -d -x 100 -y 30 env "LINES=" "COLUMNS=" bash --norc -c \
		'"$0" --meminfo "$1" -d 1000 --dir "${@:2}"; echo "status $?"; sleep 1000' \
		"$program" "$data/meminfo" "$dir" "$@"
}
keys() { term send-keys "$@"; }
captured() { term capture-pane -p >screen.out && cmp -s "$here/expect/$1" screen.out; }
shows() { term capture-pane -p >screen.out && grep -q -- "$1" screen.out; }

# screen NAME: it soon looks as expected
screen() {
	if [ -n "${UPDATE:-}" ]; then
		sleep 1
		term capture-pane -p >"$here/expect/$1"
		return
	fi
	local tries
	for ((tries = 0; tries < 400; tries++)); do
		! captured "$1" || return 0
		sleep 0.05
	done
	diff -u "$here/expect/$1" screen.out
}

# reversed: the first words of the lines that begin in reverse video, which stays on across lines
reversed() {
	term capture-pane -p -e | awk -v RS='\n' '
		{
			if (match($0, /^(\033\[[0-9;]*m)+/)) {
				on = substr($0, 1, RLENGTH) ~ /\[7m$/
				text = substr($0, RLENGTH + 1)
			} else {
				text = $0
			}
			if (on) {
				sub(/[ \033].*/, "", text)
				print text
			}
			if (match($0, /.*\033\[[0-9;]*m/))
				on = substr($0, 1, RLENGTH) ~ /\[7m$/
		}' | xargs
}

# copy DIR: a directory that can change
copy() {
	cp -r "$data/kinds" "$1"
}

test_screen_table() {
	start "$data/kinds"
	screen screen-table
	# header and selected line are in reverse video
	[ "$(reversed)" = "NAME a-name-of-thirty-one-characters" ]
	keys q
	soon shows '^status 0'
}

test_screen_sizes() {
	start "$data/kinds"
	screen screen-table
	term resize-window -x 80 -y 24
	screen screen-80x24
	term resize-window -x 140 -y 40
	screen screen-140x40
	term resize-window -x 30 -y 4
	screen screen-30x4
	term resize-window -x 100 -y 30
	screen screen-table
	keys q
	soon shows '^status 0'
}

# first NAME: the pool in the first line of the table
first() { term capture-pane -p >screen.out && sed -n 3p screen.out | grep -qF -- "$1 "; }

test_screen_sort() {
	copy dir
	start dir -d 0.1
	soon first a-name-of-thirty-one-characters
	keys b
	soon shows 'sort memory'
	swap dir next
	soon shows 'of 8 pools'
	keys r
	soon shows 'sort rate'
	screen screen-rate
	# The same frame again has no rates of its own: those of the frame stay.
	sleep 0.3
	screen screen-rate
	keys n
	soon shows 'sort name'
	keys m
	soon shows 'sort misses'
	keys f
	soon shows 'sort failures'
	keys w
	soon shows 'sort waits'
	keys u
	soon shows 'sort use'
	swap dir kinds
	keys n
	soon first a-name-of-thirty-one-characters
	soon shows 'of 10 pools'
}

# The line that is selected is that of the same pool in each frame, wherever it is.
test_screen_selection() {
	copy dir
	start dir -d 0.1 -s name
	soon shows flowmeter
	keys Down Down
	soon selected flowmeter
	keys u
	soon selected flowmeter
	swap dir reset
	soon shows 'of 2 pools'
	soon selected flowmeter
	swap dir vanished
	soon shows 'of 1 pools'
	soon selected frames
	keys Down Down Up
	swap dir kinds
	soon shows 'of 10 pools'
	soon selected frames
	# Two lines have the same name, and still both can be passed.
	keys n
	soon shows 'sort name'
	keys Down
	soon selected gone
	sleep 0.3
	keys Down
	sleep 0.3
	keys Down
	soon selected hoard
}
selected() { [ "$(reversed)" = "NAME $1" ]; }

test_screen_filter() {
	start "$data/kinds"
	screen screen-table
	keys /
	soon shows '^pattern:'
	keys 'f*x' BSpace
	soon shows '^pattern: f\*$'
	keys Enter
	screen screen-filter
	# An escape leaves it as it was.
	keys / 'zz' Escape
	screen screen-filter
	keys / 'zz' Enter
	screen screen-filter-none
	keys Enter a
	screen screen-filter-advice
	keys q / Enter
	screen screen-table
}

test_screen_filter_argument() {
	start "$data/kinds" 'f*'
	soon shows '^2 of 10 pools .* f\*$'
}

test_screen_delay() {
	copy dir
	start dir
	soon shows 'delay 1000 s'
	keys d x Enter
	soon shows 'delay x: not a number of seconds'
	swap dir next
	sleep 0.3
	shows 'of 10 pools'
	keys d '0.2' Enter
	soon shows 'delay 0.2 s'
	soon shows 'of 8 pools'
}

test_screen_space() {
	copy dir
	start dir
	soon shows 'of 10 pools'
	swap dir next
	keys Space
	soon shows 'of 8 pools'
}

test_screen_human() {
	start "$data/kinds"
	screen screen-table
	keys H
	screen screen-human
	keys H
	screen screen-table
}

test_screen_advice() {
	start "$data/kinds"
	screen screen-table
	keys a
	screen screen-advice
	term resize-window -x 60 -y 12
	screen screen-advice-60x12
	keys Down
	soon shows 'lines 2-'
	keys Escape
	soon shows '^NAME'
}

test_screen_help() {
	start "$data/kinds"
	screen screen-table
	keys h
	screen screen-help
	keys q
	screen screen-table
}

test_screen_pool() {
	copy dir
	start dir -s name -d 0.1
	soon shows 'sort name'
	keys Down Down Enter
	screen screen-pool
	# counters of the next frame have rates
	cp dir/flowmeter/json dir/flowmeter/json.old
	cp "$data/next/flowmeter/json" dir/flowmeter/json.new
	mv dir/flowmeter/json.new dir/flowmeter/json
	screen screen-pool-rates
	keys NPage
	screen screen-pool-end
	keys Home H
	screen screen-pool-human
	term resize-window -x 80 -y 24
	screen screen-pool-80x24
	# words that are longer than a line
	term resize-window -x 22 -y 24
	soon shows '^    checks 0$'
	keys End
	screen screen-pool-22x24
	term resize-window -x 80 -y 24
	keys q
	soon shows 'sort name'
}

# Pools that know less: which objects are out, or who took them.
test_screen_pool_unknown() {
	start "$data/kinds" -s name
	soon shows 'sort name'
	keys Down Down Down Down Down Down Enter
	screen screen-pool-hoard
	keys q
	soon shows 'sort name'
	keys Up Up Up Up Up Enter
	soon shows 'pool conns'
	keys End
	screen screen-pool-no-stack
}

test_screen_pool_gone() {
	copy dir
	start dir -s name -d 0.1
	soon shows 'sort name'
	keys Down Down Enter
	screen screen-pool
	rm -r dir/flowmeter
	swap dir vanished
	screen screen-pool-gone
	keys q
	soon shows 'of 1 pools'
	no grep flowmeter screen.out
}

test_screen_pool_dead() {
	start "$data/kinds" 'gone'
	soon shows '(dead)'
	keys Enter
	soon shows 'pool gone is destroyed: there is nothing else to show'
}

test_screen_pool_broken() {
	copy dir
	cp "$data/bad-truncated/json" dir/flowmeter/json
	start dir '[ch]*' -s name
	soon shows '^2 of 10 pools'
	keys Enter
	soon shows '^pool conns   module conntrack_x   live'
	keys q
	soon shows '^2 of 10 pools'
	keys / flowmeter Enter
	soon shows '^1 of 10 pools'
	keys Enter
	soon shows 'dir/flowmeter/json: JSON is truncated after'
	# Nothing is left of the pool that was shown before.
	shows '^pool flowmeter *$'
	keys q
	soon shows 'of 10 pools'
}

test_screen_thousand_pools() {
	mkdir many
	many 1000 >many/json
	start many -s name
	screen screen-many
	keys End
	screen screen-many-end
	keys PPage Up
	screen screen-many-up
	keys Home NPage
	screen screen-many-down
	keys / 'pool-00?7' Enter
	screen screen-many-filter
	keys q
	soon shows '^status 0'
}

test_screen_module_unloaded() {
	mkdir -p debug/other
	copy debug/fastalloc
	start debug/fastalloc -d 0.1
	soon shows 'of 10 pools'
	mv debug/fastalloc was-it
	soon shows '^status 5'
	grep 'debug/fastalloc does not exist: the module fastalloc is not loaded' screen.out
}

test_screen_no_input() {
	need_tmux
	# shellcheck disable=SC2016 # the shell in the terminal expands it
	term new-session -d -x 100 -y 30 bash --norc -c \
		'"$0" --dir "$1" </dev/null; echo "status $?"; sleep 1000' "$program" "$data/kinds"
	soon shows '^status 1'
	grep 'not on a terminal: use --once' screen.out
}

# A signal ends it as a key does, and the terminal is as before: what is typed is shown.
test_screen_signals() {
	start "$data/kinds"
	soon shows 'of 10 pools'
	keys C-c
	soon shows '^status 0'
	no grep 'of 10 pools' screen.out
	keys 'typed'
	soon shows typed
}

test_screen_unknown_terminal() {
	need_tmux
	# shellcheck disable=SC2016 # the shell in the terminal expands it
	term new-session -d -x 100 -y 30 env TERM=none-such bash --norc -c \
		'"$0" --dir "$1"; echo "status $?"; sleep 1000' "$program" "$data/kinds"
	soon shows '^status 1'
	grep 'the terminal "none-such" is not known: use --once' screen.out
}
