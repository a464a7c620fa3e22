#!/bin/sh
# SPDX-License-Identifier: MIT
# promtool checks the metrics in Prometheus's form, and the alert rules that use them.
set -eu

work=$(mktemp -d)
daemon=
trap 'rm -rf "$work"; [ -z "$daemon" ] || kill "$daemon"' EXIT
number=0

check() { # WHAT COMMAND...
	number=$((number + 1))
	what=$1
	shift
	if output=$("$@" 2>&1); then
		echo "ok $number - $what"
	else
		echo "not ok $number - $what"
		printf '%s\n' "$output" | sed 's/^/# /'
	fi
}

ctl() {
	"$TOP_BUILDDIR/gpalayoutctl" --socket "$work/s" "$@"
}

# promtool exits with 3 for a problem of style, so this check fails then, too.
check_metrics() {
	promtool check metrics <"$work/metrics"
}

refuse_openmetrics() {
	! promtool check metrics <"$work/openmetrics" >/dev/null 2>&1
}

# The rules also use metrics of the node exporter, which does not run here.
find_metrics() {
	grep -o 'gpalayoutd_[a-z_]*' "$work/gpalayoutd.rules.yml" >"$work/names"
	while read -r name; do
		if ! grep -q "^${name}[{ ]" "$work/metrics"; then
			echo "$name: the daemon has no such metric"
			return 1
		fi
	done <"$work/names"
}

echo 1..5
if ! command -v promtool >/dev/null; then
	for number in 1 2 3 4 5; do
		echo "ok $number # SKIP promtool is missing (Debian: prometheus)"
	done
	exit 0
fi
cp "$TOP_SRCDIR/systemd/gpalayoutd.rules.yml" "$TOP_SRCDIR/tests/install/alerts.yml" "$work"
"$TOP_BUILDDIR/gpalayoutd" --config=none --store=memory --socket "$work/s" 2>"$work/log" &
daemon=$!
ctl --retry 60 create vm --arch x86_64 --memory 1GiB -q
ctl delete other 2>/dev/null || :
ctl stats --prometheus >"$work/metrics"
ctl stats --openmetrics >"$work/openmetrics"
check "promtool finds no fault in the metrics" check_metrics
check "promtool refuses OpenMetrics where it expects Prometheus's form" refuse_openmetrics
check "promtool finds no fault in the alert rules" promtool check rules "$work/gpalayoutd.rules.yml"
check "the alerts fire when they should" promtool test rules "$work/alerts.yml"
check "the alert rules use only metrics that the daemon has" find_metrics
