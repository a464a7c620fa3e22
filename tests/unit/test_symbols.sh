#!/bin/sh
# SPDX-License-Identifier: MIT
# The shared library exports the documented functions and nothing else.
set -eu

library=$TOP_BUILDDIR/.libs/libgpalayout.so
expected=$(sed -n 's/^GPAL_API .*[ *]\(gpal_[a-z0-9_]*\)(.*/\1/p' "$TOP_SRCDIR"/include/gpalayout/*.h | sort)
actual=$(nm -D --defined-only "$library" | awk '{ print $3 }' | sort)

echo 1..2
if [ -n "$actual" ] && [ "$expected" = "$actual" ]; then
	echo "ok 1 - exports are the functions the headers declare"
else
	echo "not ok 1 - exports are the functions the headers declare"
	printf 'declared:\n%s\nexported:\n%s\n' "$expected" "$actual" | sed 's/^/# /'
fi

stray=$(printf '%s\n' "$actual" | grep -v '^gpal_' || :)
if [ -z "$stray" ]; then
	echo "ok 2 - every export begins with gpal_"
else
	echo "not ok 2 - every export begins with gpal_"
	printf '%s\n' "$stray" | sed 's/^/# /'
fi
