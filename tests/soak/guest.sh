# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# guest.sh - in a guest: run soak.sh with the settings in /t/soak.conf.
# shellcheck source=../lab/guest/lib.sh
. /t/lib.sh

export KO="$MODULES"
set -a
# shellcheck disable=SC1091 # made by the host
. ./soak.conf
set +a
say "LAB-PLAN 1"
say "LAB-SUITE begin soak"
relay sh ./soak.sh
rc=$?
say "LAB-SUITE end soak $rc"
exit $rc
