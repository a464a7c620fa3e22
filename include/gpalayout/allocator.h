/* SPDX-License-Identifier: MIT */
/*
 * The bare allocator: places ranges by kind, knows nothing of VMs.
 *
 * For VM monitors with a placement policy of their own; everyone else wants
 * gpal_resolve() in <gpalayout/layout.h>. The rules are those of OpenVMM's
 * layout allocator (pull request 3501 and later). The result is a function of
 * the input alone.
 *
 * All functions are re-entrant and may be called from any thread; one object
 * must not be used by two threads at once unless both only read it.
 */
#ifndef GPALAYOUT_ALLOCATOR_H
#define GPALAYOUT_ALLOCATOR_H

#include <gpalayout/error.h>
#include <gpalayout/export.h>
#include <gpalayout/kind.h>
#include <gpalayout/range.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

GPAL_BEGIN_DECLS

/* A range the caller has decided. The tag is borrowed for the call, and not NULL. */
struct gpal_pinned {
	const char *tag;
	struct gpal_range range;
};

/*
 * A range to be placed. Size and alignment in bytes. The tag is borrowed for the
 * call, and not NULL.
 */
struct gpal_demand {
	const char *tag;
	uint64_t size;
	uint64_t alignment;
};

/*
 * Lists may be NULL where their count is 0. Caller order matters: it breaks ties
 * among equal windows and is the order in which RAM is laid out. Each list may
 * hold at most GPAL_ALLOC_MAX entries.
 */
struct gpal_alloc_input {
	const struct gpal_pinned *reserved;
	size_t reserved_count;
	const struct gpal_pinned *fixed;
	size_t fixed_count;
	const struct gpal_demand *mmio32;
	size_t mmio32_count;
	const struct gpal_demand *ram;
	size_t ram_count;
	const struct gpal_demand *mmio64;
	size_t mmio64_count;
	const struct gpal_demand *post_mmio;
	size_t post_mmio_count;
};

#define GPAL_ALLOC_MAX ((size_t)1 << 24)

struct gpal_map_entry {
	const char *tag;
	enum gpal_kind kind;
	uint32_t index; /* of the input, within the list of its kind */
	struct gpal_range range;
};

/*
 * Placed ranges in ascending order, none overlapping. Reserved ranges above the
 * last range of another kind are left out. A RAM demand that was split has one
 * entry for each extent.
 */
struct gpal_map {
	const struct gpal_map_entry *entries;
	size_t count;
	const bool *
		kept; /* for each entry, whether an update left it, or of an ECAM its buses, there; NULL: none */
};

/* The first entry that ends above an address; `count` if there is none. */
static inline size_t gpal_map_find(const struct gpal_map *map, uint64_t address)
{
	size_t low = 0, high = map->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (map->entries[middle].range.end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * Places every range of `input`. On success *map is a new map, which holds its
 * own copies of the tags and is given to the caller, who frees it with
 * gpal_map_free(). On failure *map is NULL.
 *
 * Errors. First the lengths of the lists, then each reserved and each fixed range
 * in turn, then overlaps, then each demand in the order of the phases are looked
 * at; then ranges are placed. The first fault is reported.
 *   GPAL_E_OUT_OF_RANGE       a list is longer than GPAL_ALLOC_MAX, or a pinned
 *                             range ends above GPAL_SPACE_END
 *   GPAL_E_INVALID_SIZE       a length of 0 or not a multiple of 4096
 *   GPAL_E_INVALID_ALIGNMENT  a pinned start off a page; an alignment that is
 *                             not a power of two >= 4096
 *   GPAL_E_OVERLAP            two reserved or fixed ranges overlap
 *   GPAL_E_EXHAUSTED          a demand does not fit; unless `error` is NULL it is
 *                             then tried with other sizes, for error->largest_size
 *   GPAL_E_NO_MEMORY          the heap is exhausted
 */
GPAL_API GPAL_MUST_USE int gpal_allocate(const struct gpal_alloc_input *input,
					 struct gpal_map **map, struct gpal_error *error);

/* Frees a map and all it points to; NULL is allowed. */
GPAL_API void gpal_map_free(struct gpal_map *map);

GPAL_END_DECLS

#endif
