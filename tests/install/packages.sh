# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# Builds the Debian packages, and prepares what in_packages.sh needs to install, upgrade and remove them.

# build_packages FOLDER: builds the packages of this tree in FOLDER/new, and the same with a lower version in
# FOLDER/old. Debug symbols and tests are left out.
build_packages() {
	mkdir -p "$1/new" "$1/old"
	(
		unset MAKEFLAGS MFLAGS MAKELEVEL TESTS
		DEB_BUILD_OPTIONS="nocheck noautodbgsym parallel=$(nproc)"
		export DEB_BUILD_OPTIONS
		make -s -C "$TOP_BUILDDIR" deb debdir="$1/build" || exit 1
		cp "$1"/build/*.deb "$1/new" || exit 1
		cp -a "$1/build" "$1/lower" && cd "$1"/lower/gpalayoutd-*/ || exit 1
		sed -i '1s/)/~lower)/' debian/changelog
		# Keeps the compiled files.
		dpkg-buildpackage --build=binary --no-pre-clean --unsigned-changes || exit 1
		cp ../*~lower*.deb "$1/old"
	)
}

# stage_packages WORK: copies what in_packages.sh needs into WORK, the folder of run_in_manager.
stage_packages() {
	mkdir -p "$1/result"
	cp -r "$1/new" "$1/old" "$1/result"
	cp "$TOP_SRCDIR/tests/install/in_packages.sh" "$1/result/run"
	cp "$TOP_SRCDIR/tests/registries/forms/registry.db" "$1/result"
	mkdir "$1/result/tests"
	cp "$TOP_SRCDIR/debian/tests/library" "$TOP_SRCDIR/debian/tests/service" "$1/result/tests"
	python3 - "$TOP_SRCDIR/tests/registries/forms/recorded.json" >"$1/result/digests" <<'PROGRAM'
import json
import sys

with open(sys.argv[1], encoding="ascii") as file:
    for name, line in json.load(file)["layouts"].items():
        print(name, json.loads(line)["result"]["layout"]["digest"])
PROGRAM
}

# why_no_packages: prints why the packages cannot be built here, or nothing if they can.
why_no_packages() {
	if ! command -v dpkg-buildpackage >/dev/null; then
		echo "dpkg-buildpackage is missing (Debian: dpkg-dev)"
	elif missing=$(cd "$TOP_SRCDIR" && dpkg-checkbuilddeps -P nocheck 2>&1); then
		:
	else
		echo "${missing#*: error: }" | tr -d '\n'
	fi
}
