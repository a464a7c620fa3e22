#!/bin/sh
# SPDX-License-Identifier: MIT
# The service under a real service manager, with what is installed here laid over the file system
# of this host. in_service_manager.sh has what is tested there.
set -eu

. "$TOP_SRCDIR/tests/install/service_manager.sh"

tests=11
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

why=$(why_no_manager /)
if [ -n "$why" ]; then
	skip_all $tests "$why"
	exit 0
fi

mkdir "$work/stage" "$work/result"
if ! make -s -C "$TOP_BUILDDIR" install DESTDIR="$work/stage" >"$work/log" 2>&1; then
	echo "Bail out! what is built cannot be installed"
	sed 's/^/# /' "$work/log"
	exit 1
fi
sed -n 's/^prefix = //p' "$TOP_BUILDDIR/Makefile" >"$work/result/prefix"
cp "$TOP_SRCDIR/tests/install/in_service_manager.sh" "$work/result/run"
[ ! -f "${GPALAYOUT_FAULTS:=$TOP_BUILDDIR/tests/socket/.libs/fault.so}" ] || cp "$GPALAYOUT_FAULTS" "$work/result/fault.so"

run_in_manager "$work" /
report_manager "$work" $tests
