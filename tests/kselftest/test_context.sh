#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A SPINLOCK pool used from task, softirq and hardirq at once, with interrupts
# on and off. Hits count interrupts that came while a task was busy with the
# pool on the same CPU: without them nothing was shown.
set -u
# shellcheck source-path=SCRIPTDIR source=ktap.sh
. "$(dirname "$0")/ktap.sh"

ROUNDS=${ROUNDS:-3000}
report=$DEBUGFS/fastalloc_test_context/report

get() {
	value_of "$report" "$1"
}

ktap_plan 18
check "loads" load fastalloc
check "the helper loads" load fastalloc_test_context
check "runs $ROUNDS rounds on each CPU" \
	sh -c "echo $ROUNDS >$DEBUGFS/fastalloc_test_context/run"
sed 's/^/# /' "$report"

at_least "tasks used the pool" "$(get task_ops)" "$ROUNDS"
at_least "tasks with interrupts off used the pool" "$(get irqsoff_ops)" "$ROUNDS"
at_least "softirqs used the pool" "$(get softirq_ops)" "$ROUNDS"
at_least "hardirqs used the pool" "$(get hardirq_ops)" "$ROUNDS"
at_least "softirqs came over a busy task" "$(get softirq_hits)" $((ROUNDS / 10))
at_least "hardirqs came over a busy task" "$(get hardirq_hits)" $((ROUNDS / 10))
at_least "bulk calls were served" "$(get bulks)" $((ROUNDS / 10))
at_least "objects crossed contexts" "$(get crossings)" $((ROUNDS / 10))
is "every handler ran where it claims" "$(get wrong_context)" 0
is "no object was handed out twice or overwritten" "$(get errors)" 0
is "every object came back" "$(get pool_in_use)" 0
is "the pool counted every allocation" "$(get pool_allocs)" "$(get taken)"
is "the pool counted every free" "$(get pool_frees)" "$(get given)"
at_least "the pool grew meanwhile" "$(get pool_grows)" 1

unload fastalloc_test_context
check "unloads" rmmod fastalloc
ktap_end
