#!/bin/sh
# SPDX-License-Identifier: MIT
# hardening.sh FILE...: checks that installed programs and libraries are hardened as configure.ac says.
# LDFLAGS or CFLAGS of the builder may turn some of it off; then this check fails, too.
set -eu

failed=0

# expect WHAT COUNT LEAST: reports the file unless COUNT is at least LEAST.
expect() {
	if [ "$2" -lt "$3" ]; then
		printf '%s: %s: found %s, expected %s or more\n' "$file" "$1" "$2" "$3" >&2
		failed=1
	fi
}

# count PATTERN COMMAND...: counts the lines of the command's output that match.
count() {
	pattern=$1
	shift
	"$@" | grep -cE -e "$pattern" || :
}

for file; do
	expect 'shared or position-independent file' "$(count 'Type: +DYN' readelf -Wh "$file")" 1
	expect 'read-only relocations' "$(count 'GNU_RELRO' readelf -Wl "$file")" 1
	expect 'immediate binding' "$(count 'FLAGS.*BIND_NOW|FLAGS_1.*NOW' readelf -Wd "$file")" 1
	expect 'stack protector' "$(count '__stack_chk_fail@' readelf -W --dyn-syms "$file")" 1
	expect 'fortified calls' "$(count '_chk@' readelf -W --dyn-syms "$file")" 1
	case $file in
	*.so*) ;;
	*) expect 'position-independent executable' "$(count 'FLAGS_1.*PIE' readelf -Wd "$file")" 1 ;;
	esac
	[ "$(count 'Machine:.*X86-64' readelf -Wh "$file")" -eq 1 ] || continue
	# The start files of the C library have a few endbr64 of their own, so 50 are required.
	expect 'functions that begin with endbr64' "$(count 'endbr64' objdump -d "$file")" 50
	# shellcheck disable=SC2016 # a pattern
	large=$(objdump -d --no-show-raw-insn "$file" | grep -E 'sub +\$0x[0-9a-f]{4,7},%rsp' |
		grep -cv '0x1000,' || :)
	if [ "$large" -ne 0 ]; then
		printf '%s: %s functions lower the stack pointer by more than a page at once; build with -fstack-clash-protection\n' "$file" "$large" >&2
		failed=1
	fi
done
exit "$failed"
