/* SPDX-License-Identifier: MIT */
/*
 * Prints the results of the take functions of src/core/fit_index.c for every range, size and
 * alignment of a few pages, at three places of the address space. The output is one assertion for
 * z3, which must read it after take.smt2. If the answer is "unsat", take.smt2 has the same results.
 */
#include "core/fit_index.c" /* for its static functions */

#include <inttypes.h>
#include <stdio.h>

#define LEAF_PAGES 7u
#define PAGES (LEAF_PAGES + 4u)

static const uint64_t bases[] = {
	0,
	GPAL_4GIB - 4 * GPAL_PAGE_SIZE,
	GPAL_SPACE_END - PAGES *GPAL_PAGE_SIZE,
};

/* An index of one leaf and one tail. */
struct one_leaf {
	struct gpald_fit_index index;
	struct gpal_range leaf;
	struct gpal_range tail;
	struct gpal_range dead[2];
};

static struct gpal_range pages(uint64_t base, unsigned int start, unsigned int end)
{
	return (struct gpal_range){ base + start * GPAL_PAGE_SIZE, base + end * GPAL_PAGE_SIZE };
}

static struct gpald_fit_index *make_index(struct one_leaf *one, uint64_t alignment)
{
	one->index = (struct gpald_fit_index){
		.alignment = alignment,
		.leaves = { &one->leaf, 1, 1 },
		.tails = &one->tail,
		.dead = one->dead,
		.dead_capacity = 2,
	};
	return &one->index;
}

static void print_value(uint64_t value)
{
	printf(" #x%016" PRIx64, value);
}

/* (= (FUNCTION VALUES...) RESULT) */
static void print_point(const char *function, const uint64_t *values, size_t count)
{
	printf("(= (%s", function);
	for (size_t i = 0; i < count; i++)
		print_value(values[i]);
	printf(")");
}

static void print_address(const char *function, const uint64_t *values, size_t count,
			  uint64_t result)
{
	print_point(function, values, count);
	print_value(result);
	printf(")\n");
}

static void print_bool(const char *function, const uint64_t *values, size_t count, bool result)
{
	print_point(function, values, count);
	printf(" %s)\n", result ? "true" : "false");
}

static void print_lowest(struct gpal_range leaf, uint64_t size, uint64_t alignment)
{
	const uint64_t usable = gpald_range_usable(leaf, alignment);
	struct one_leaf one = { .leaf = leaf };

	print_address("usable", (uint64_t[]){ leaf.start, leaf.end, alignment }, 3, usable);
	if (usable < size)
		return;
	print_address("lowest", (uint64_t[]){ leaf.start, leaf.end, alignment }, 3,
		      take_lowest(make_index(&one, alignment), 0, size).start);
}

static void print_highest(struct gpal_range leaf, struct gpal_range tail, uint64_t size,
			  uint64_t alignment)
{
	struct one_leaf one = { .leaf = leaf, .tail = tail };
	struct gpal_range window, piece;
	bool from_tail;

	make_index(&one, alignment);
	/* The caller has seen that the window fits, and a leaf with a tail has an aligned end. */
	if (leaf_best(&one.index, 0) < size ||
	    (!gpal_range_is_empty(tail) && leaf.end % alignment != 0))
		return;
	window = take_highest(&one.index, 0, size);
	from_tail = window.start >= leaf.end;
	piece = from_tail ? tail : leaf;
	print_bool("takes_tail", (uint64_t[]){ tail.start, tail.end, size, alignment }, 4,
		   from_tail);
	print_address("highest", (uint64_t[]){ piece.end, size, alignment }, 3, window.start);
	print_bool("keeps_above", (uint64_t[]){ piece.end, size, alignment }, 3,
		   one.tail.start == window.end && !gpal_range_is_empty(one.tail));
}

/* Prints a leaf without a tail, and with each tail above it. */
static void print_tails(uint64_t base, struct gpal_range leaf, uint64_t size, uint64_t alignment)
{
	print_highest(leaf, (struct gpal_range){ 0 }, size, alignment);
	for (unsigned int start = LEAF_PAGES + 1; start < PAGES; start++)
		for (unsigned int end = start + 1; end <= PAGES; end++)
			print_highest(leaf, pages(base, start, end), size, alignment);
}

int main(void)
{
	printf("(assert (not (and\n");
	for (size_t b = 0; b < sizeof(bases) / sizeof(bases[0]); b++)
		for (unsigned int start = 0; start < LEAF_PAGES; start++)
			for (unsigned int end = start + 1; end <= LEAF_PAGES; end++)
				for (unsigned int size = 1; size <= LEAF_PAGES; size++)
					for (unsigned int align = 1; align <= 8; align *= 2) {
						const struct gpal_range leaf =
							pages(bases[b], start, end);

						print_lowest(leaf, size * GPAL_PAGE_SIZE,
							     align * GPAL_PAGE_SIZE);
						print_tails(bases[b], leaf, size * GPAL_PAGE_SIZE,
							    align * GPAL_PAGE_SIZE);
					}
	printf(")))\n(check-sat)\n");
	return 0;
}
