#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes the ABI of a library to a file: the functions it exports, and the types in its public headers.
set -eu

exec abidw --headers-dir "${TOP_SRCDIR:-.}/include" --drop-private-types --exported-interfaces-only \
	--no-corpus-path --no-comp-dir-path --no-show-locs --no-elf-needed --out-file "$2" "$1"
