#!/bin/sh
# SPDX-License-Identifier: MIT
# Proves what holds for every case, and not only in a toy space. z3 proves that the two functions that take a
# window from a free range do what they promise. frama-c proves that the scanners of the JSON reader stay
# inside the text, and that ranges are cut and appended as stated. `make prove` runs it in a build folder,
# which has config.h.
# usage: prove.sh SOURCE-FOLDER TAKE-POINTS
set -eu

top=$1
points=$2
here=$top/tests/exhaustive
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

if ! command -v z3 >/dev/null; then
	echo "prove.sh: nothing is proved, because z3 is missing (Debian packages: z3 frama-c-base why3)"
	exit 0
fi

# At many points, the definitions give the results of the C code.
{
	cat "$here/take.smt2"
	"./$points"
} >"$work/points"
answer=$(z3 "$work/points")
if [ "$answer" != unsat ]; then
	echo "prove.sh: take.smt2 does not say what src/core/fit_index.c does: $answer" >&2
	exit 1
fi
echo "take.smt2: $(grep -c '^(= ' "$work/points") points of the C code, 0 differences"

# Proves every goal for every alignment, two at a time.
goals=$(grep -c '^(check-sat)' "$here/take_goals.smt2")
bit=12
while [ "$bit" -lt 64 ]; do
	{
		cat "$here/take.smt2"
		printf '(define-fun alignment () address #x%016x)\n' $((1 << bit))
		cat "$here/take_goals.smt2"
	} >"$work/$bit.smt2"
	bit=$((bit + 1))
done
# shellcheck disable=SC2016 # the inner shell expands $1
find "$work" -name '*.smt2' -print0 | xargs -0 -n 1 -P 2 sh -c 'z3 "$1" >"$1.out" 2>&1 || :' sh
bad=0
for file in "$work"/*.smt2; do
	proved=$(grep -c '^unsat$' "$file.out" || :)
	[ "$proved" -eq "$goals" ] && continue
	echo "alignment 2^$(basename "$file" .smt2): $proved of $goals goals are proved"
	cat "$file.out"
	bad=1
done
[ "$bad" -eq 0 ] || exit 1
echo "take: $goals goals for 52 alignments, proved by z3"

if ! command -v frama-c >/dev/null || ! command -v why3 >/dev/null; then
	echo "prove.sh: the proofs with frama-c are omitted, because frama-c or why3 is missing (Debian packages: frama-c-base why3)"
	exit 0
fi

# why3 gets a configuration of its own that names z3.
HOME=$work
export HOME
why3 config detect >"$work/detect" 2>&1

# wp FILE FUNCTION,...: proves the annotations of these functions, and that they access no memory beyond what
# the annotations name.
wp() {
	frama-c -cpp-extra-args="-I. -I$top/include -I$top/src -idirafter/usr/include -std=gnu11 -D'_Alignof(x)=16'" \
		-inline-calls gpal_range_is_empty -wp -wp-rte -wp-prover z3,z3-nobv \
		-wp-timeout 60 -wp-par 2 -wp-fct "$2" "$1" >"$work/wp" 2>&1 || :
	proved=$(sed -n 's/^\[wp\] Proved goals: *//p' "$work/wp")
	if [ -z "$proved" ] || [ "${proved% / *}" != "$(printf '%s' "${proved#* / }" | tr -d ' ')" ]; then
		grep -a -v Valid "$work/wp" || :
		echo "prove.sh: $1: not all is proved" >&2
		exit 1
	fi
	echo "$1: $2: $proved goals, proved by frama-c and z3"
}

wp "$top/src/wire/json_scan.c" gpald_scan_peek,gpald_scan_space,utf8_length,gpald_scan_hex4,check_escape,skip_plain,gpald_scan_string,skip_digits,gpald_scan_number,gpald_scan_literal
wp "$top/src/core/free_space.c" gpald_free_space_append,gpald_range_clip
