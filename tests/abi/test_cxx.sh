#!/bin/sh
# SPDX-License-Identifier: MIT
# A C++ program that uses every header compiles, links and runs.
set -eu

cxx=${CXX:-g++}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo 1..2
if ! command -v "$cxx" >/dev/null; then
	echo "ok 1 - compiles and links # SKIP there is no C++ compiler (Debian: g++)"
	echo "ok 2 - runs # SKIP there is no C++ compiler (Debian: g++)"
	exit 0
fi
if "$cxx" -std=c++20 -Wall -Wextra -Wpedantic -Werror -I"$TOP_SRCDIR/include" -o "$work/consumer" \
	"$TOP_SRCDIR/tests/abi/consumer.cc" -L"$TOP_BUILDDIR/.libs" -lgpalayout-client -lgpalayout; then
	echo "ok 1 - compiles and links"
else
	echo "not ok 1 - compiles and links"
fi
if [ "$(LD_LIBRARY_PATH="$TOP_BUILDDIR/.libs" "$work/consumer")" = ram0 ]; then
	echo "ok 2 - runs"
else
	echo "not ok 2 - runs"
fi
