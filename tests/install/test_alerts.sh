#!/bin/sh
# SPDX-License-Identifier: MIT
# promtool checks the metrics in Prometheus's form and the alert rules on them.
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

# promtool reports a problem of style with status 3.
check_metrics() {
	promtool check metrics <"$work/metrics"
}

refuse_openmetrics() {
	! promtool check metrics <"$work/openmetrics" >/dev/null 2>&1
}

# The node exporter provides only what it says of its files.
find_all() {
	grep -o 'gpalayoutd_[a-z_]*' "$work/gpalayoutd.rules.yml" >"$work/names"
	while read -r name; do
		if ! grep -q "^${name}[{ ]" "$work/metrics"; then
			echo "$name: there is no such metric"
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
check "the metrics have no fault, and the style of Prometheus" check_metrics
check "it takes no OpenMetrics for its own form" refuse_openmetrics
check "the alert rules have no fault" promtool check rules "$work/gpalayoutd.rules.yml"
check "the alerts fire when they should" promtool test rules "$work/alerts.yml"
check "the alert rules speak of metrics that there are" find_all
