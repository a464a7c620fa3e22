#!/bin/sh
# SPDX-License-Identifier: MIT
# Each shared library exports exactly the symbols in its list in this folder, and its headers declare exactly
# these functions.
set -eu

# usage: check FIRST LIBRARY DECLARED
check() {
	listed=$(cat "$TOP_SRCDIR/tests/abi/$2.symbols")
	exported=$(nm -D --defined-only "$TOP_BUILDDIR/.libs/$2.so" | awk '{ print $3 }' | LC_ALL=C sort)
	report "$1" "$2 exports what is listed" "$listed" "$exported"
	report "$(($1 + 1))" "$2 exports what its headers declare" "$3" "$exported"
}

# usage: report NUMBER WHAT EXPECTED ACTUAL
report() {
	if [ -n "$4" ] && [ "$3" = "$4" ]; then
		echo "ok $1 - $2"
	else
		echo "not ok $1 - $2"
		printf 'expected:\n%s\nexported:\n%s\n' "$3" "$4" | sed 's/^/# /'
	fi
}

# Prints the functions that a header declares.
declared_in() {
	tr '\n' ' ' <"$1" | grep -o 'GPAL_API [^;(]*(' | sed -n 's/.*[ *]\(gpal_[a-z0-9_]*\)($/\1/p'
}

headers=$TOP_SRCDIR/include/gpalayout
echo 1..4
check 1 libgpalayout "$(for header in "$headers"/*.h; do
	[ "$header" = "$headers/client.h" ] || declared_in "$header"
done | LC_ALL=C sort)"
check 3 libgpalayout-client "$(declared_in "$headers/client.h" | LC_ALL=C sort)"
