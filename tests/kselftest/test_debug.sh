#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Checks requested with the module parameter: which pools get which, what is refused,
# and what the log says about each fault made on purpose.
set -u
# shellcheck source-path=SCRIPTDIR source=ktap.sh
. "$(dirname "$0")/ktap.sh"

param=/sys/module/fastalloc/parameters/debug

# flags NAME: prints the enabled checks of a pool created with this name
flags() {
	pool create "name=$1" >/dev/null
	sed -n 's/^flags: *//p' "$FASTALLOC/$1/config"
	pool destroy "$1" >/dev/null
}

# set_debug TEXT: prints nothing, or the error
set_debug() {
	printf '%s\n' "$1" >/tmp/debug
	# dd writes once, and reports an error
	dd if=/tmp/debug of=$param 2>&1 | grep error
}

# skips TEXT LETTERS: the parameter accepts TEXT, and logs in one line what it skips
skips() {
	log_mark
	why=$(set_debug "$1")
	is "debug=$1 skips $2" "$why$(cat $param) $(log_ours)" "$1 fastalloc: debug=$1: unknown letters skipped: $2"
}

# says NAME TEXT...: the log of the last fault contains each TEXT
says() {
	what=$1
	shift
	for text; do
		if ! echo "$said" | grep -q -- "$text"; then
			fail "$what" "no '$text' in:
$said"
			return
		fi
	done
	pass "$what"
}

# fault "WHAT" COMMAND...: announces the fault, makes it, keeps its log
fault() {
	expect_splat "fault in pool $1"
	shift
	log_mark
	pool "$@" >/dev/null
	said=$(log_since)
}

violations() {
	value_of "$FASTALLOC/$1/stats" violations
}

ktap_plan 64

# Letters and names.
log_mark
check "a bad letter does not fail the load" load fastalloc debug=FQ
is "but is skipped, with one line" "$(log_ours | grep debug=)" "fastalloc: debug=FQ: unknown letters skipped: Q"
rmmod fastalloc
log_mark
check "nor does a text that is too long" load fastalloc "debug=$(printf '%300s' F | tr ' ' F)"
is "which is ignored, with one line" "$(log_ours | grep -c 'longer than 255 characters, ignored')" 1
rmmod fastalloc
check "loads with debug alone" load fastalloc debug
is "as slub_debug alone: all checks" "$(cat $param)" FZPU
rmmod fastalloc
check "loads with debug=FZPU,flow*" load fastalloc 'debug=FZPU,flow*'
check "the helper loads" load fastalloc_test_pool
is "the parameter reads as it was set" "$(cat $param)" 'FZPU,flow*'
all="check redzone poison owner"
none=none some=check
# sanitizers need F to identify objects
[ "$(cat /sys/module/fastalloc/parameters/sanitize)" = N ] || none=check
is "a pool that is meant has the checks" "$(flags flow1)" "$all"
is "one that is not has not" "$(flags other)" "$none"

is "it can be changed" "$(set_debug 'F,a*;ZU,ab?,c*')" ""
is "a letter for a glob" "$(flags axx)" "$some"
is "the first block that fits counts" "$(flags abc)" "$some"
is "a second glob of a block" "$(flags cxx)" "check redzone owner"
is "no block fits" "$(flags flow1)" "$none"
set_debug 'FZPU;-,quiet*'
is "all pools" "$(flags any)" "$all"
is "but these" "$(flags quiet1)" "$none"
set_debug '-,quiet*;FZPU'
is "also when they stand before all pools" "$(flags quiet2) $(flags any)" "$none $all"
set_debug 'F;P;zu,lower*;,full*'
is "the last block for all pools counts" "$(flags any)" "check poison"
is "lower case is taken" "$(flags lower1)" "check redzone owner"
is "no letters before a glob are all letters" "$(flags full1)" "$all"
set_debug 'ZP-F;;'
is "a dash undoes what stands before it" "$(flags any)" "$some"
set_debug P
is "P comes with F" "$(flags any)" "check poison"
is "and not for constructed objects" \
	"$(pool create name=made ctor=1 >/dev/null; sed -n 's/^flags: *//p' "$FASTALLOC/made/config"; pool destroy made >/dev/null)" \
	"check"
set_debug ''
is "none" "$(flags any)" "$none"
is "what it had stays to a pool that is there" \
	"$(set_debug F; pool create name=old >/dev/null; set_debug ''; sed -n 's/^flags: *//p' "$FASTALLOC/old/config")" "$some"
pool destroy old >/dev/null
skips X X
skips FZQq Qq
skips "F;Q,a;*Qu" "Q*"
is "what is known counts" "$(flags any)" "check owner"
set_debug ''
log_mark
set_debug "$(printf '%300s' F | tr ' ' F)" >/dev/null
is "one that is too long is refused, with one line" "$(log_since | grep -c 'longer than 255 characters, ignored')" 1
is "and nothing changed" "$(cat $param)" ""

# Faults, one by one.
set_debug 'FZPU,dbg*'
check "a pool with all checks" [ "$(pool create name=dbg obj_size=64 sync=$SPINLOCK)" = 0 ]
pool create name=dbg2 sync=$PERCPU >/dev/null
pool alloc dbg 6 >/dev/null
fault "dbg: double free" double dbg
says "double free: pool, object, slot, chunk" "fault in pool dbg: double free, object [0-9a-f(]" \
	"slot 0 of 16, chunk at [0-9a-f(]" "offset 0 in the slot, 64 bytes an object"
says "who allocated and freed it, with stacks" "allocated in test_alloc+.*" \
	"^ *test_alloc+" "freed in test_free+" "^ *test_free+" "ms ago"
says "and where it was found" "found by pid [0-9]* on CPU [0-9]* in" "^ *test_double+"
fault "dbg: free of a pointer into an object" inner dbg
says "a pointer into an object, and how far" "free of a pointer into an object" "slot 1 of 16" "offset 1 in the slot"
fault "dbg: free of a foreign pointer" foreign dbg
says "a foreign pointer" "free of a foreign pointer"
is "has no slot" "$(echo "$said" | grep -c ' slot ')" 0
fault "dbg2: free of a foreign pointer" into dbg dbg2
says "an object of another pool, and of which" "fault in pool dbg2" "it is an object of pool dbg$"
fault "dbg: written past its end" past dbg 2
says "a write past the end, where, and what" "written past its end, object" "first wrong byte at offset 64" \
	"fastalloc:   [0-9a-f]*: 42 42 cc cc cc cc cc cc" "allocated in test_alloc"
pool late dbg 1 >/dev/null
fault "dbg: written after free" alloc dbg 1
says "a write after free, when it is handed out" "written after free, object" "first wrong byte at offset 0" \
	"fastalloc:   [0-9a-f]*: 42 6b 6b 6b 6b 6b 6b 6b" "freed in test_free"
is "each is counted" "$(violations dbg)" 5
is "in the pool that was told" "$(violations dbg2)" 1
is "nothing was freed that should not" "$(value_of "$FASTALLOC/dbg/stats" in_use)" 3
is "the pool still has all it promised" "$(pool alloc dbg 100)" 13
is "and takes it back" "$(pool free dbg 100)" 16
is "without another finding" "$(violations dbg)" 5

# Copies to and from user space stay within the object.
copy=$DEBUGFS/fastalloc_test_pool/copy
piece() { printf "%${1}s" '' | tr ' ' x; }
set_debug ''
pool create name=copy obj_size=64 >/dev/null
pool alloc copy 2 >/dev/null
pool copy copy 0 >/dev/null
piece 64 >/tmp/copied
check "a whole object is copied in" dd if=/tmp/copied of=$copy bs=64 count=1 2>/dev/null
is "and out" "$(dd if=$copy bs=64 count=1 2>/dev/null)" "$(piece 64)"
log_mark
piece 65 >/tmp/copied
refused "a byte more is not copied in" dd if=/tmp/copied of=$copy bs=65 count=1 2>/dev/null
refused "nor out" dd if=$copy of=/tmp/copied bs=65 count=1 2>/dev/null
pool copy copy 40 >/dev/null
refused "nor one at an offset" dd if=$copy of=/tmp/copied bs=25 count=1 2>/dev/null
is "where what fits is" "$(dd if=$copy bs=24 count=1 2>/dev/null)" "$(piece 24)"
pool copy copy 65 >/dev/null
refused "an offset behind the object is refused" dd if=$copy of=/tmp/copied bs=1 count=1 2>/dev/null
is "the log says so" "$(log_ours | sed -n 1p | sed 's/object [^,]*,/object X,/')" \
	"fastalloc: pool copy: copy of 65 bytes at offset 0 of object X, which has 64"
is "four are counted" "$(violations copy)" 4
pool destroy copy >/dev/null
set_debug 'FZPU,dbg*'

# Leaks.
pool alloc dbg 2 >/dev/null
pool too dbg 5 >/dev/null
pool leak dbg 7 >/dev/null
expect_splat "pool dbg destroyed with 7 objects out"
log_mark
pool destroy dbg >/dev/null
said=$(log_since)
says "what is out on destroy, by who allocated it" "pool dbg: 5 objects out, allocated by" \
	"pool dbg: 2 objects out, allocated by"
is "most first" "$(echo "$said" | sed -n 's/.*pool dbg: \([0-9]*\) objects out, allocated.*/\1/p' | tr '\n' ' ')" "5 2 "
is "with the stack" \
	"$(echo "$said" | sed -n '/pool dbg: 5 objects/,$p' | sed -n 's/^ *\(test_alloc[a-z_]*\)+.*/\1/p' | tr '\n' ' ')" \
	"test_alloc_too test_alloc "
set_debug F
pool create name=plain >/dev/null
pool alloc plain 2 >/dev/null
pool leak plain 2 >/dev/null
expect_splat "pool plain destroyed with 2 objects out"
log_mark
pool destroy plain >/dev/null
is "or by slot, where nobody kept it" "$(log_since | grep -c 'pool plain: object .* is out, slot [01] of the chunk at')" 2

check "the helper unloads" rmmod fastalloc_test_pool
check "unloads" rmmod fastalloc
ktap_end
