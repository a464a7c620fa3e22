/* SPDX-License-Identifier: MIT */
/*
 * The stable sort. Short lists are tested exhaustively. Lists of 33 to 40 items have a few runs.
 * Lists of 256 items have 16 runs, the most that are merged; longer ones need the radix sort. The
 * result is right if each item has its key, and no item comes before one that must precede it.
 */
#include "config.h"

#include "core/sort.h"
#include "exhaustive.h"

#include <inttypes.h>
#include <string.h>

#define FIRST 33u
#define LAST 40u
#define LONG 273u /* one more run of 16 items than is merged, and one more item */

/* Each list ends at an unreadable page, and so does its room for sorting. */
static struct gpald_sort_item *lists[LONG + 1], *rooms[LONG + 1];

static void make_lists(void)
{
	for (size_t count = 0; count <= LONG; count++) {
		lists[count] = guarded_bytes(count * sizeof(struct gpald_sort_item));
		rooms[count] = guarded_bytes(count * sizeof(struct gpald_sort_item));
	}
}

static void check_list(const uint64_t *keys, size_t count)
{
	struct gpald_sort_item *list = lists[count];

	for (size_t i = 0; i < count; i++)
		list[i] = (struct gpald_sort_item){ keys[i], (uint32_t)i };
	gpald_sort_items(list, rooms[count], count);
	/* The items ascend by key and index, so no two are the same, and none is missing. */
	for (size_t i = 0; i < count; i++) {
		const struct gpald_sort_item *item = &list[i], *before = i > 0 ? item - 1 : NULL;

		if (item->index >= count || item->key != keys[item->index] ||
		    (before && (before->key > item->key ||
				(before->key == item->key && before->index >= item->index)))) {
			differ("%zu items: item %" PRIu32 ", of key 0x%" PRIx64
			       ", should not be at %zu",
			       count, item->index, item->key, i);
			return;
		}
	}
}

/* Lists with two keys that differ in one bit. The key changes up to 2 or 3 times. */
static uint64_t two_keys(struct share *share)
{
	const unsigned int changes = share->is_long ? 3 : 2;
	uint64_t cases = 0;

	make_lists();
	for (unsigned int count = FIRST; count <= LAST; count++)
		for (unsigned int bit = 0; bit < 64; bit++) {
			if (!share_takes(share))
				continue;
			/* The places of the changes. The end of the list means no change. */
			for (unsigned int a = 0; a <= count; a++)
				for (unsigned int b = a; b <= count; b++)
					for (unsigned int c = changes > 2 ? b : count; c <= count;
					     c++) {
						uint64_t keys[LAST];

						for (unsigned int i = 0; i < count; i++)
							keys[i] = (uint64_t)((i >= a) ^ (i >= b) ^
									     (i >= c))
								  << bit;
						check_list(keys, count);
						cases++;
					}
		}
	return cases;
}

static void check_moved(unsigned int count, unsigned int from, unsigned int to, unsigned int ties,
			unsigned int shift)
{
	uint64_t keys[LAST];
	unsigned int next = 0;

	for (unsigned int i = 0; i < count; i++) {
		unsigned int rank = from;

		if (i != to) {
			next += next == from;
			rank = next++;
		}
		keys[i] = (uint64_t)(rank / ties) << shift;
	}
	check_list(keys, count);
}

/* Ascending lists in which one item was moved, with ties or without. The keys are shifted. */
static uint64_t one_moved(struct share *share)
{
	uint64_t cases = 0;

	make_lists();
	for (unsigned int count = FIRST; count <= LAST; count++)
		for (unsigned int shift = 0; shift <= 58; shift += share->is_long ? 1 : 6) {
			if (!share_takes(share))
				continue;
			for (unsigned int ties = 1; ties <= 4; ties++)
				for (unsigned int from = 0; from < count; from++)
					for (unsigned int to = 0; to < count; to++) {
						check_moved(count, from, to, ties, shift);
						cases++;
					}
		}
	return cases;
}

/* Keys that cycle through the four values of any two bits, rotated and reversed. */
static uint64_t check_two_bits(struct share *share, unsigned int first, unsigned int last)
{
	uint64_t cases = 0;

	make_lists();
	for (unsigned int count = first; count <= last; count++)
		for (unsigned int high = 1; high < 64; high++) {
			if (!share_takes(share))
				continue;
			for (unsigned int low = 0; low < high; low++)
				for (unsigned int rotation = 0; rotation < 4; rotation++) {
					uint64_t keys[LONG];

					for (unsigned int i = 0; i < count; i++) {
						const unsigned int n = count - i + rotation;

						keys[i] = (uint64_t)(n & 1) << low |
							  (uint64_t)(n >> 1 & 1) << high;
					}
					check_list(keys, count);
					cases++;
				}
		}
	return cases;
}

static uint64_t two_bits(struct share *share)
{
	return check_two_bits(share, FIRST, LAST);
}

/* 16 runs of 16 items are merged. With one more item or run, the radix sort is used. */
static uint64_t many_runs(struct share *share)
{
	return check_two_bits(share, LONG - 17, LONG);
}

/* Every list of up to `longest` items, with keys below the number of its items. */
static uint64_t short_lists(struct share *share)
{
	const unsigned int longest = share->is_long ? 8 : 6;
	uint64_t cases = 0;

	make_lists();
	for (unsigned int count = 0; count <= longest; count++) {
		uint64_t total = 1;

		for (unsigned int i = 0; i < count; i++)
			total *= count;
		for (uint64_t number = 0; number < total; number++) {
			uint64_t keys[LAST], rest = number;

			if (!share_takes(share))
				continue;
			for (unsigned int i = 0; i < count; i++) {
				keys[i] = rest % count;
				rest /= count;
			}
			check_list(keys, count);
			cases++;
		}
	}
	return cases;
}

int main(int argc, char **argv)
{
	static const struct space spaces[] = {
		{ "sort, two keys", two_keys, 370944, 4918144 },
		{ "sort, one item moved", one_moved, 428000, 2525200 },
		{ "sort, two bits", two_bits, 64512, 0 },
		{ "sort, many runs", many_runs, 145152, 0 },
		{ "sort, short lists", short_lists, 50070, 17650829 },
	};

	return exhaustive_main(argc, argv, spaces, sizeof(spaces) / sizeof(spaces[0]));
}
