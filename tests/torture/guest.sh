# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# guest.sh - in a guest: run torture.sh with the settings in /t/torture.conf.
# shellcheck source=../lab/guest/lib.sh
. /t/lib.sh

export KO="$MODULES"
set -a
# shellcheck disable=SC1091 # made by the host
. ./torture.conf
set +a
say "LAB-PLAN 1"
say "LAB-SUITE begin torture"
relay sh ./torture.sh
rc=$?
say "LAB-SUITE end torture $rc"
# shellcheck source=../lab/guest/leaks.sh
. /t/leaks.sh
exit $rc
