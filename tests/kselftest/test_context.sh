#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A SPINLOCK and then a PERCPU pool used from task, softirq and hardirq at once, with
# interrupts enabled and disabled. Hits are interrupts that arrived while a task was
# inside an operation on the same CPU: without them the test shows nothing.
set -u
# shellcheck source-path=SCRIPTDIR source=ktap.sh
. "$(dirname "$0")/ktap.sh"

ROUNDS=${ROUNDS:-3000}
report=$DEBUGFS/fastalloc_test_context/report

get() {
	value_of "$report" "$1"
}

ktap_plan 36
check "loads" load fastalloc
for kind in "spinlock $SPINLOCK" "percpu $PERCPU"; do
	p=${kind% *}
	check "$p: the helper loads" load fastalloc_test_context sync="${kind#* }"
	check "$p: runs $ROUNDS rounds on each CPU" \
		sh -c "echo $ROUNDS >$DEBUGFS/fastalloc_test_context/run"
	sed 's/^/# /' "$report"

	for c in task irqsoff softirq hardirq; do
		at_least "$p: $c used the pool" "$(get ${c}_ops)" "$ROUNDS"
	done
	at_least "$p: softirqs came over a busy task" "$(get softirq_hits)" $((ROUNDS / 10))
	at_least "$p: hardirqs came over a busy task" "$(get hardirq_hits)" $((ROUNDS / 10))
	at_least "$p: bulk calls were served" "$(get bulks)" $((ROUNDS / 10))
	at_least "$p: objects crossed contexts" "$(get crossings)" $((ROUNDS / 10))
	is "$p: every handler ran where it claims" "$(get wrong_context)" 0
	is "$p: no object was handed out twice or overwritten" "$(get errors)" 0
	is "$p: every object came back" "$(get pool_in_use)" 0
	if [ "$p" = percpu ]; then
		# A bulk that fails has taken some objects, and freed them again.
		at_least "$p: the pool counted every allocation" "$(get pool_allocs)" "$(get taken)"
		is "$p: the pool counted every free" \
			$(($(get pool_frees) - $(get given))) $(($(get pool_allocs) - $(get taken)))
	else
		is "$p: the pool counted every allocation" "$(get pool_allocs)" "$(get taken)"
		is "$p: the pool counted every free" "$(get pool_frees)" "$(get given)"
	fi
	at_least "$p: the pool grew meanwhile" "$(get pool_grows)" 1
	check "$p: the helper unloads" unload fastalloc_test_context
done
check "unloads" rmmod fastalloc
ktap_end
