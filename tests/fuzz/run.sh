#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh TARGET SECONDS: fuzzes in the build folder. It starts from the corpus, from the regressions, and from
# the inputs that earlier runs added in tests/fuzz/new/TARGET. An input that fails is left in tests/fuzz/found.
set -eu

target=$1
seconds=$2
inputs=$TOP_SRCDIR/tests/fuzz
log=tests/fuzz/$target.log

set -- "tests/fuzz/new/$target" "$inputs/corpus/$target"
[ ! -d "$inputs/regressions/$target" ] || set -- "$@" "$inputs/regressions/$target"
case $target in
ctl | json | service) set -- -dict="$inputs/json.dict" "$@" ;;
esac
mkdir -p "tests/fuzz/new/$target" tests/fuzz/found
UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export UBSAN_OPTIONS
if "tests/fuzz/fuzz_$target" -max_total_time="$seconds" -timeout=120 -rss_limit_mb=2048 \
	-artifact_prefix="tests/fuzz/found/$target-" -print_final_stats=1 "$@" >"$log" 2>&1; then
	sed -n "s/^Done \(.*\)/fuzz_$target: \1/p" "$log"
	exit 0
fi
tail -n 40 "$log"
echo "fuzz_$target failed, see above; add the input to tests/fuzz/regressions/$target" >&2
exit 1
