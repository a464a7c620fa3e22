#!/bin/sh
# SPDX-License-Identifier: MIT
# systemd accepts the unit files without a complaint, and the service is confined.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
units=$work/units
mkdir -p "$units"
cp "$TOP_SRCDIR"/systemd/*.socket "$TOP_SRCDIR"/systemd/*.timer "$TOP_BUILDDIR"/systemd/*.service "$units"
# The program to start must exist.
sed -i "s|^ExecStart=[^ ]*|ExecStart=$TOP_BUILDDIR/gpalayoutd|" "$units/gpalayoutd.service"

number=0
result() { # WHAT STATUS OUTPUT
	number=$((number + 1))
	if [ "$2" = 0 ]; then
		echo "ok $number - $1"
	else
		echo "not ok $number - $1"
		printf '%s\n' "$3" | sed 's/^/# /'
	fi
}

echo 1..5
if ! command -v systemd-analyze >/dev/null; then
	for what in 1 2 3; do
		number=$what
		echo "ok $what # SKIP systemd-analyze is missing (Debian: systemd)"
	done
else
	status=0
	# The manual page need not be installed. Other units do not count.
	output=$(SYSTEMD_UNIT_PATH="$units:" systemd-analyze verify --man=no --recursive-errors=no "$units"/* 2>&1) || status=1
	[ -z "$output" ] || status=1
	result "systemd-analyze verify has no complaint" $status "$output"
	status=0
	output=$(systemd-analyze security --offline=true --threshold=15 --no-pager "$units/gpalayoutd.service" 2>&1) || status=1
	result "systemd-analyze security reports an exposure of at most 1.5" $status "$output"
	status=0
	output=$(systemd-sysusers --dry-run --root=/ "$TOP_SRCDIR/systemd/gpalayoutd.sysusers" 2>&1) || status=1
	result "systemd-sysusers accepts the users and groups" $status "$output"
fi

status=0
grep -h '^PrivateUsers=' "$units/gpalayoutd.service" && status=1
result "the service sees the uids of its clients (no PrivateUsers=)" $status ""

# The daemon has every option that the unit passes.
status=0
output=$(sed -n 's/^ExecStart=[^ ]* *//p' "$units/gpalayoutd.service" | tr ' ' '\n' | sed 's/=.*//')
for option in $output; do
	"$TOP_BUILDDIR/gpalayoutd" --help | grep -q -- "  $option=" || status=1
done
result "the daemon has the options of the unit" $status "$output"
