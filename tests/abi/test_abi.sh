#!/bin/sh
# SPDX-License-Identifier: MIT
# Compares the ABI of each library with the one recorded in this folder for its version. To change a public
# struct or function, change -version-info in Makefile.am and run `make abi`.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

number=0
echo 1..2
for library in libgpalayout libgpalayout-client; do
	number=$((number + 1))
	built=$(readlink -f "$TOP_BUILDDIR/.libs/$library.so")
	recorded=$TOP_SRCDIR/tests/abi/$(basename "$built").abi
	what="the ABI of $library equals the one recorded for its version"
	if ! command -v abidiff >/dev/null; then
		echo "ok $number - $what # SKIP abidiff is missing (Debian: abigail-tools)"
		continue
	fi
	"$TOP_SRCDIR/tests/abi/write_abi.sh" "$built" "$work/abi"
	if ! [ -f "$recorded" ]; then
		echo "not ok $number - $what"
		echo "# there is no $(basename "$recorded"): run 'make abi'"
	elif difference=$(abidiff --no-architecture "$recorded" "$work/abi"); then
		echo "ok $number - $what"
	else
		echo "not ok $number - $what"
		echo "# raise its -version-info in Makefile.am, and run 'make abi'"
		printf '%s\n' "$difference" | sed 's/^/# /'
	fi
done
