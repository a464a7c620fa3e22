#!/bin/sh
# SPDX-License-Identifier: MIT
# The long form of test_packages.sh, for `make package-check`. It runs the tests of in_packages.sh in a fresh
# root of this host's release of Debian, where apt installs the packages. debootstrap makes the root from the
# mirror that apt uses. The root is kept in package-root of the build folder.
set -eu

. "$TOP_SRCDIR/tests/install/service_manager.sh"
. "$TOP_SRCDIR/tests/install/packages.sh"

root=$TOP_BUILDDIR/package-root
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

skip() {
	echo "package-check: skipped: $1"
	exit 0
}

fail() { # WHAT FILE
	tail -40 "$2" >&2
	echo "package-check: $1" >&2
	exit 1
}

# Prints the mirror from which apt has this release.
mirror() {
	# shellcheck disable=SC2016 # words of apt-get
	apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT) $(IDENTIFIER)' 'Identifier: Packages' |
		awk -v codename="$codename" '$2 == codename && $3 == "main" { print $1; exit }'
}

# The root gets its final name when it is complete.
make_root() {
	[ -e "$root/made" ] && return 0
	rm -rf "$root" "$root.new"
	# The mounts of debootstrap stay in a namespace. apt installs the packages and their dependencies later.
	unshare --mount debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,ca-certificates "$codename" "$root.new" "$from" &&
		touch "$root.new/made" && mv "$root.new" "$root"
}

# Fetches the dependencies of the packages, because there is no network where the packages are installed.
fetch_dependencies() {
	mkdir -p "$root/packages"
	rm -f "$root"/packages/*
	cp "$work"/new/*.deb "$root/packages"
	cp /etc/resolv.conf "$root/etc/resolv.conf"
	chroot "$root" sh -c 'apt-get -q update && apt-get -y -q --no-install-recommends --download-only install /packages/*.deb'
}

why=$(why_no_packages)
[ -z "$why" ] || skip "$why"
for tool in debootstrap lintian; do
	command -v $tool >/dev/null || skip "$tool is missing (Debian: $tool)"
done
why=$(why_no_manager /)
[ -z "$why" ] || skip "$why"
codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
from=$(mirror)
[ -n "$from" ] || skip "apt knows no mirror of $codename"

echo "building the packages and checking them with lintian"
build_packages "$work" >"$work/log" 2>&1 || fail "the packages do not build" "$work/log"
lintian --allow-root --fail-on error,warning "$work"/build/*.changes >"$work/log" 2>&1 ||
	fail "lintian finds faults" "$work/log"

echo "making a root of $codename"
if ! make_root >"$work/log" 2>&1 || ! fetch_dependencies >"$work/log" 2>&1; then
	rm -rf "$root.new"
	tail -5 "$work/log" >&2
	skip "no mirror of $codename can be reached, or it lacks what the packages need"
fi

stage_packages "$work"
touch "$work/result/with_apt"
run_in_manager "$work" "$root"
in_tests=$(sed -n 's/^tests=//p' "$TOP_SRCDIR/tests/install/in_packages.sh")
report_manager "$work" "$in_tests" | tee "$work/tap"
[ "$(grep -c '^ok ' "$work/tap")" = "$in_tests" ]
