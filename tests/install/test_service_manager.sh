#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests the service under a real service manager. An overlay puts the installed files over the file system of this host.
# The tests are in in_service_manager.sh.
set -eu

. "$TOP_SRCDIR/tests/install/service_manager.sh"

tests=13
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

why=$(why_no_manager /)
if [ -n "$why" ]; then
	skip_all $tests "$why"
	exit 0
fi

# `make check` installs the files before any test runs, because an installation changes the libraries here for
# a moment.
stage=$TOP_BUILDDIR/tests/install/stage
if [ ! -e "$stage.stamp" ]; then
	echo "Bail out! $stage.stamp is missing: start this test with make check"
	exit 1
fi
mkdir "$work/result"
cp -a "$stage" "$work/stage"
sed -n 's/^prefix = //p' "$TOP_BUILDDIR/Makefile" >"$work/result/prefix"
cp "$TOP_SRCDIR/tests/install/in_service_manager.sh" "$work/result/run"
[ ! -f "${GPALAYOUT_FAULT_LIBRARY:=$TOP_BUILDDIR/tests/socket/.libs/fault.so}" ] || cp "$GPALAYOUT_FAULT_LIBRARY" "$work/result/fault.so"

run_in_manager "$work" /
report_manager "$work" $tests
