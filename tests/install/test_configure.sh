#!/bin/sh
# SPDX-License-Identifier: MIT
# Without libcheck, no run may claim that the tests passed. configure fails if tests are enabled; otherwise
# make check fails. Both name what is missing. make check installs what tests need before any test, because
# libraries are missing in the build folder while libtool installs them.
set -eu

# If the source folder is configured, configure refuses to run in another folder.
[ ! -f "$TOP_SRCDIR/config.status" ] || {
	echo "1..0 # SKIP the source folder is configured"
	exit 0
}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/pkg-config" <<'END'
#!/bin/sh
case " $* " in
*" check >= "*) exit 1 ;;
esac
exec pkg-config "$@"
END
chmod +x "$folder/pkg-config"

# configured NAME FLAG...: configures in a folder. A cache saves time in the next one.
configured() {
	mkdir "$folder/$1"
	cd "$folder/$1"
	shift
	"$TOP_SRCDIR/configure" -q --cache-file=../cache PKG_CONFIG="$folder/pkg-config" "$@" >output 2>&1
}

# report NUMBER NAME FILE: checks that $status is that of a failure, and that the file names libcheck.
report() {
	if [ "$status" -ne 0 ] && grep -q 'the tests need libcheck' "$3"; then
		echo "ok $1 - $2"
	else
		echo "not ok $1 - $2"
		sed 's/^/# /' "$3"
	fi
}

echo 1..4
status=0
configured with_tests --enable-tests || status=$?
report 1 "configure --enable-tests fails without libcheck" output

configured without_tests
# libcheck-is-missing is the target that fails in the end. make -n shows that check reaches it, and builds nothing.
status=0
make -s libcheck-is-missing >output 2>&1 || status=$?
make -n check 2>/dev/null | grep -q 'the tests need libcheck' || status=0
report 2 "make check fails without libcheck" output

installs=$(grep -lE '^[^#]*(make|MAKE).* install( |$)' "$TOP_SRCDIR"/tests/*/test_*) || :
if [ -z "$installs" ]; then
	echo "ok 3 - no test installs from the build folder, which other tests use"
else
	echo "not ok 3 - no test installs from the build folder, which other tests use"
	printf '%s\n' "$installs" | sed 's/^/# /'
fi

status=0
configured "with space" || status=$?
if [ "$status" -ne 0 ] && grep -q 'has a space' output; then
	echo "ok 4 - configure refuses a folder with a space in its path"
else
	echo "not ok 4 - configure refuses a folder with a space in its path"
	sed 's/^/# /' output
fi
