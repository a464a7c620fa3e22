#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the Debian packages without their tests, and checks them with lintian. Then in_packages.sh installs,
# upgrades, removes and purges them under a service manager with the file system of this host.
# `make package-check` does the same in a fresh root.
set -eu

. "$TOP_SRCDIR/tests/install/service_manager.sh"
. "$TOP_SRCDIR/tests/install/packages.sh"

in_tests=$(sed -n 's/^tests=//p' "$TOP_SRCDIR/tests/install/in_packages.sh")
tests=$((5 + in_tests))
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ -n "${GPALAYOUT_PACKAGE_BUILD:-}" ]; then
	skip_all $tests "this is the build of a package"
	exit 0
fi

echo "1..$tests"
packaged=$(sed -n '1s/.*(\(.*\)).*/\1/p' "$TOP_SRCDIR/debian/changelog")
version=$(sed -n 's/^PACKAGE_VERSION = //p' "$TOP_BUILDDIR/Makefile")
if [ "$packaged" = "$version" ]; then
	echo "ok 1 - debian/changelog has the version of configure.ac"
else
	echo "not ok 1 - debian/changelog has the version of configure.ac"
	echo "# $packaged is in debian/changelog, $version in configure.ac"
fi

skip_from() { # NUMBER WHY
	number=$1
	while [ "$number" -le $tests ]; do
		echo "ok $number # SKIP $2"
		number=$((number + 1))
	done
	exit 0
}

why=$(why_no_packages)
[ -z "$why" ] || skip_from 2 "$why"
if ! build_packages "$work" >"$work/log" 2>&1; then
	echo "not ok 2 - the packages build"
	tail -40 "$work/log" | sed 's/^/# /'
	echo "Bail out! the packages do not build, so nothing can be tested"
	exit 1
fi
echo "ok 2 - the packages build"
if ! command -v lintian >/dev/null; then
	echo "ok 3 # SKIP lintian is missing (Debian: lintian)"
elif faults=$(lintian --allow-root --fail-on error,warning "$work"/build/*.changes 2>&1); then
	echo "ok 3 - lintian finds no fault in source and packages"
else
	echo "not ok 3 - lintian finds no fault in source and packages"
	printf '%s\n' "$faults" | sed 's/^/# /'
fi
# shellcheck disable=SC2016 # a pattern
named=$(sed -n 's/.*`apt install \(\.[^`]*\)`.*/\1/p' "$TOP_SRCDIR/README.md")
# shellcheck disable=SC2046 # a list of patterns
found=$(cd "$work/build" && printf '%s ' $(echo "$named" | sed 's|\./build/run/deb/||g'))
wanted=
for package in gpalayoutd gpalayoutctl libgpalayout0 libgpalayout-client0; do
	wanted="$wanted$(cd "$work/build" && echo "${package}"_*.deb) "
done
if [ "$found" = "$wanted" ]; then
	echo "ok 4 - README.md names the packages of the daemon and the command, and no other"
else
	echo "not ok 4 - README.md names the packages of the daemon and the command, and no other"
	echo "# $found"
fi
wanted="gpalayoutctl libgpalayout-client0 (= $version), gpalayoutctl libgpalayout0 (= $version), gpalayoutd libgpalayout0 (= $version), "
found=
for package in gpalayoutctl gpalayoutd; do
	found="$found$(dpkg-deb -f "$work/build/$package"_*.deb Depends | tr ',' '\n' | sed 's/^ *//' | LC_ALL=C sort |
		sed -n "s/^libgpalayout.* (= .*/$package &, /p" | tr -d '\n')"
done
if [ "$found" = "$wanted" ]; then
	echo "ok 5 - the daemon and the command depend on the libraries of their own version"
else
	echo "not ok 5 - the daemon and the command depend on the libraries of their own version"
	echo "# $found"
fi

why=$(why_no_manager /)
[ -z "$why" ] || skip_from 6 "$why"
stage_packages "$work"
run_in_manager "$work" /
# The numbers of these tests follow those above, so their plan is dropped.
report_manager "$work" "$in_tests" | awk '
	/^1\.\./ { next }
	/^(not )?ok / { at = ($1 == "not") ? 3 : 2; $at += 5 }
	{ print }'
