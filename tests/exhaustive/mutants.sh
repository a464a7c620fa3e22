#!/bin/sh
# SPDX-License-Identifier: MIT
# Breaks the code that tests/exhaustive checks, in one place at a time, and runs the program that must notice.
# Fails if a program does not notice, or if a line of the list no longer changes anything. `make prove` runs
# it in a build folder, which has config.h.
# usage: mutants.sh SOURCE-FOLDER
set -eu

top=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
cp -r "$top/src" "$top/include" "$work"
mkdir "$work/tests" "$work/objects"
cp "$top/tests/tap.h" "$work/tests"
cp -r "$top/tests/exhaustive" "$work/tests"
build=$PWD
cd "$work"

# compile FILE...: makes the objects of these files.
compile() {
	for source; do
		# shellcheck disable=SC2086 # lists of flags
		${CC:-cc} -std=gnu11 -O1 -w -I"$build" -Iinclude -Isrc ${CJSON_CFLAGS:-} ${NETTLE_CFLAGS:-} \
			-c -o "objects/$(basename "$source" .c).o" "$source" || return 1
	done
}

programs="allocator edges free_space json sort update vtl2"

# remake FILE: makes the objects that contain this source file. Three files of the library have the names
# of programs.
remake() {
	case $1 in
	src/core/allocator.c | src/core/free_space.c | src/core/sort.c)
		cp "$1" "core_$(basename "$1")"
		compile "core_$(basename "$1")"
		;;
	src/wire/*.h) compile src/wire/json_parse.c src/wire/json_scan.c tests/exhaustive/json.c ;;
	*.h)
		for part in src/core/*.c src/wire/json_parse.c src/wire/json_scan.c; do
			remake "$part"
		done
		for part in exhaustive guarded_arena json_reference pages $programs; do
			compile "tests/exhaustive/$part.c"
		done
		;;
	*) compile "$1" ;;
	esac
}

# library PROGRAM: prints the objects of a program other than its own.
library() {
	objects=
	for object in objects/*.o; do
		case " $programs " in
		*" $(basename "$object" .o) "*) continue ;;
		esac
		case $1:$object in
		vtl2:objects/guarded_arena.o | json:objects/guarded_arena.o | [!vj]*:objects/arena.o | [!j]*:objects/json_parse.o | [!j]*:objects/json_scan.o) continue ;;
		esac
		objects="$objects $object"
	done
	printf '%s' "$objects"
}

# caught PROGRAM: succeeds if the program fails or does not finish in time.
caught() {
	# shellcheck disable=SC2046,SC2086 # lists of words
	${CC:-cc} -o program "objects/$1.o" $(library "$1") ${NETTLE_LIBS:--lnettle} -lm || return 2
	# shellcheck disable=SC3045 # dash and bash have it
	! (ulimit -t 300 && ./program) >program.log 2>&1
}

mutants=0
survivors=0
remake every.h
for program in $programs; do
	if caught "$program"; then
		cat program.log
		echo "mutants.sh: $program fails before anything is broken" >&2
		exit 1
	fi
done
while read -r program file change; do
	[ -n "$program" ] || continue
	cp "$file" original
	sed "$change" original >"$file"
	mutants=$((mutants + 1))
	if cmp -s original "$file"; then
		echo "stale: $file: $change"
		survivors=$((survivors + 1))
		continue
	fi
	remake "$file"
	if ! caught "$program"; then
		echo "survived: $program: $file: $change"
		survivors=$((survivors + 1))
	fi
	cp original "$file"
	remake "$file"
done <<'END'
free_space src/core/fit_index.c s/body->start = window.end;/body->start = start;/
free_space src/core/fit_index.c s/add_dead(index, (struct gpal_range){ body->start, start });/;/
free_space src/core/fit_index.c s/bool from_tail = \(.*\) >= size;/bool from_tail = \1 > size;/
free_space src/core/fit_index.c s/gpald_align_down(piece->end - size, index->alignment)/piece->end - size/
free_space src/core/fit_index.c s/gpald_range_usable(above, index->alignment) > 0/gpald_range_usable(above, index->alignment) > 4096/
free_space src/core/fit_index.c s/^\t\t\*tail = above;/;/
free_space src/core/fit_index.c s/add_dead(index, above);/;/
free_space src/core/fit_index.c s/add_dead(index, \*tail);/;/
free_space src/core/fit_index.c s/index->best\[right\] >= size/index->best[right] > size/
free_space src/core/fit_index.c s/index->best\[left\] >= size/index->best[left] > size/
free_space src/core/fit_index.c s/^\t\twhile (leaf_best(index, leaf) < size)/\t\twhile (leaf_best(index, leaf) <= size)/
free_space src/core/fit_index.c s/^\twhile (leaf_best(index, leaf) < size)/\twhile (leaf_best(index, leaf) <= size)/
free_space src/core/fit_index.c s/leaf + BLOCK - 1 : index/leaf + BLOCK - 2 : index/
free_space src/core/fit_index.c s/if (usable > best)/if (usable < best)/
free_space src/core/fit_index.c s/if (tail > best)/if (tail < best)/
free_space src/core/fit_index.c s/if (best\[node\] == larger)/if (best[node] >= larger)/
free_space src/core/fit_index.c s/^\tbest\[node\] = block_best(index, block);/;/
free_space src/core/fit_index.c s/if (best\[1\] < size)/if (best[1] <= size)/
free_space src/core/fit_index.c s/ranges\[first\].end <= region.start/ranges[first].end < region.start/
free_space src/core/fit_index.c s/gpald_free_space_append(to, index->cut_above);/;/
free_space src/core/fit_index.c s/append_dead(index, &merged, &next_dead, UINT64_MAX);/;/
free_space src/core/fit_index.c s/^\tindex->dead_count = 0;/;/
free_space src/core/fit_index.c s/index->merged_index = !index->merged_index;/;/
free_space src/core/fit_index.c s/^\t\tmemset(index->tails, 0.*/\t\t;/
free_space src/core/fit_index.c s/gpald_free_summary_add(&summary, index->tails\[i\], index->alignment);/;/
free_space src/core/free_space.c s/usable > summary->largest_fit/usable >= summary->largest_fit/
free_space src/core/free_space.h s/if (last->end == range.start) {/if (0) {/
free_space src/core/trace.c s/downwards ? compare_descending : compare_ascending/downwards ? compare_ascending : compare_descending/
edges src/core/free_space.h s/if (range.end > region.end)/if (range.end < region.end)/
edges src/core/checked.h s/gpald_add(value, alignment - 1, &sum)/gpald_add(value, alignment, \&sum)/
edges src/core/checked.h s/return value & ~(alignment - 1);/return value \& ~alignment;/
edges src/core/checked.h s/return !__builtin_add_overflow(a, b, sum);/return __builtin_add_overflow(a, b, sum), true;/
edges src/core/alloc_input.c s/pin->range.end > GPAL_SPACE_END/pin->range.end > GPAL_SPACE_END + 1/
edges src/core/alloc_input.c s/pin->range.start % GPAL_PAGE_SIZE != 0/0/
edges src/core/alloc_input.c s/demand->alignment < GPAL_PAGE_SIZE ||/0 ||/
allocator src/core/windows.c s/return (63 - alignment_bits) << SIZE_BITS/return alignment_bits << SIZE_BITS/
allocator src/core/windows.c s/? start - free.start : usable - size/? start - free.start : usable/
allocator src/core/windows.c s/? start - free.start : usable - size/? free.end - free.start : usable - size/
allocator src/core/windows.c s/if (most > count)/if (0)/
allocator src/core/windows.c s/? taken->count - 1 : 0;/? 0 : 0;/
allocator src/core/windows.c s/s->last += pieces - 1;/;/
allocator src/core/windows.c s/if (usable >= size) {/if (usable > size) {/
allocator src/core/windows.c s/start -= (most - 1) \* stride;/;/
allocator src/core/windows.c s/items\[next\].key == items\[i\].key/items[next].key >= items[i].key/
allocator src/core/phases.c s/usable >= remaining ?/usable > remaining ?/
allocator src/core/phases.c s/gpald_align_down(usable, demand->alignment);/usable;/
allocator src/core/phases.c s/\.ranges = free->ranges + current,/.ranges = free->ranges,/
allocator src/core/phases.c s/ranges\[current\].start < p->top ?/ranges[current].start <= p->top ?/
allocator src/core/phases.c s/if (usable >= demand->size)/if (usable > demand->size)/
allocator src/core/phases.c s/ranges\[current\].start = start + demand->size;/ranges[current].start = start;/
allocator src/core/windows.c s/p->end_of_ram > GPAL_4GIB ? p->end_of_ram : GPAL_4GIB/GPAL_4GIB/
allocator src/core/windows.c s/(struct gpal_range){ 0, GPAL_4GIB }/(struct gpal_range){ 0, GPAL_4GIB + 4096 }/
allocator src/core/placement.c s/entry.range.start < previous.range.end/entry.range.start <= previous.range.end/
allocator src/core/placement.c s/if (entry.kind == GPAL_KIND_FIXED)/if (1)/
allocator src/core/placement.c s/sorted\[count - 1\].kind == GPAL_KIND_RESERVED/0/
allocator src/core/placement.c s/\[pinned\].range.start < p->order\[i\].key/[pinned].range.start > p->order[i].key/
allocator src/core/placement.c s/pinned + kept + 2 + input->mmio32_count/1/
allocator src/core/placement.h s/if (range.end > p->top)/if (range.end < p->top)/
update src/core/placement.h s/kind == GPAL_KIND_RAM \&\& range.end/range.end/
update src/core/phases.c s/current = move_below_to_next(p, current, p->kept_ram_end\[i\]);/;/
update src/core/phases.c s/if (gpald_placement_keeps(p, GPAL_KIND_POST_MMIO, i))/if (0)/
update src/core/windows.c s/if (!gpald_placement_keeps(p, kind, i))/if (1)/
update src/core/placement.c s/p->order\[i\].index < p->kept.count/p->order[i].index <= p->kept.count/
update src/core/placement.c s/kept->range.end > p->kept_ram_end/kept->range.end < p->kept_ram_end/
sort src/core/sort.c s/items\[at - 1\].key > item.key/items[at - 1].key >= item.key/
sort src/core/sort.c s/% DIGITS;/% (DIGITS \/ 2);/
sort src/core/sort.c s/shift += DIGIT_BITS/shift += DIGIT_BITS + 1/
sort src/core/sort.c /^static void radix_sort/,/^}/s/if (from != items)/if (from == items)/
sort src/core/sort.c /^static void merge_runs/,/^}/s/if (from != items)/if (from == items)/
sort src/core/sort.c s/differing |= /differing = /
sort src/core/sort.c s/items\[run\].key < items\[run - 1\].key/items[run].key <= items[run - 1].key/
sort src/core/sort.c s/from\[right\].key < from\[left\].key/from[right].key <= from[left].key/
sort src/core/sort.c s/i + 1 < runs ? ends\[i + 1\] : ends\[i\]/ends[i + 1]/
sort src/core/sort.c s/insert_sorted(items, run, least);/;/
sort src/core/sort.c s/to\[next\[radix_digit(&from\[i\], shift)\]++\]/to[--next[radix_digit(\&from[i], shift)]]/
vtl2 src/core/request_inputs.c s/GPAL_KIND_POST_MMIO, GPALD_ROLE_VTL2_CHIPSET_MMIO/GPAL_KIND_MMIO64, GPALD_ROLE_VTL2_CHIPSET_MMIO/
vtl2 src/core/request_inputs.c s/GPAL_KIND_POST_MMIO, GPALD_ROLE_VTL2_MEMORY/GPAL_KIND_RAM, GPALD_ROLE_VTL2_MEMORY/
json src/wire/json_scan.c s/left < rows\[i\].length/left + 1 < rows[i].length/
json src/wire/json_scan.c s/{ 0xed, 0xed, 0x80, 0x9f, 3 }/{ 0xed, 0xed, 0x80, 0xbf, 3 }/
json src/wire/json_scan.c s/{ 0xe0, 0xe0, 0xa0/{ 0xe0, 0xe0, 0x80/
json src/wire/json_scan.c s/s\[b\] > 0xbf/s[b] > 0xc0/
json src/wire/json_scan.c s/p->length - at < 4/p->length - at < 3/
json src/wire/json_scan.c s/c <= 'f'/c <= 'g'/
json src/wire/json_scan.c s/if (unit == 0)/if (0)/
json src/wire/json_scan.c s/unit <= 0xdbff/unit <= 0xdbfe/
json src/wire/json_scan.c s/p->length - p->at < 6/p->length - p->at < 1/
json src/wire/json_scan.c s/p->at += 5;/p->at += 4;/
json src/wire/json_scan.c s/text\[at\] >= 0x20/text[at] >= 0x1f/
json src/wire/json_scan.c s/gpald_scan_peek(p) == '+' || gpald_scan_peek(p) == '-'/gpald_scan_peek(p) == '+'/
json src/wire/json_parse.c s/#define NUMBER_LENGTH_MAX 63/#define NUMBER_LENGTH_MAX 64/
json src/wire/json_parse.c s/isinf(\*value)/0/
json src/wire/json_scan.c s/if (p->length - p->at < length)/if (0)/
json src/wire/json_parse.c s/object->kinds |= kind/object->kinds = kind/
json src/wire/json_parse.c s/(unit - 0xd800) << 10/(unit - 0xd800) << 9/
json src/wire/json_parse.c s/0xe0 | (code_point >> 12)/0xe0 | (code_point >> 13)/
json src/wire/json_parse.c s/in_object ? EXPECT_KEY : EXPECT_VALUE/in_object ? EXPECT_FIRST_KEY : EXPECT_VALUE/
json src/wire/json_parse.c s/p->depth > 0 ? EXPECT_COMMA_OR_END : EXPECT_NOTHING/EXPECT_COMMA_OR_END/
json src/wire/json_parse.h s/DEPTH_MAX 32/DEPTH_MAX 33/
json src/wire/json_parse.h s/VALUES_MAX 65536/VALUES_MAX 65537/
END
echo "$mutants mutants, $((mutants - survivors)) caught"
[ "$survivors" -eq 0 ]
