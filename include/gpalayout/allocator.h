/* SPDX-License-Identifier: MIT */
/*
 * The bare allocator: it places ranges by kind and knows nothing about VMs.
 *
 * It is for VM monitors that have a placement policy of their own. All others call
 * gpal_resolve() in <gpalayout/layout.h>. The result depends on the input alone.
 *
 * Threads: any thread may call the functions. Two threads must not use the same object at once,
 * unless both only read it.
 * Memory: the input is borrowed for the call. The caller owns the map and frees it.
 *
 * Source of the rules: the layout allocator of OpenVMM, pull request 3501 and later;
 * openvmm/openvmm_core/src/worker/memory_layout.rs.
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

/* A range whose addresses the caller has decided. */
struct gpal_pinned {
	const char *tag; /* borrowed for the call; not NULL */
	struct gpal_range range;
};

/* A range that the allocator must place. */
struct gpal_demand {
	const char *tag;    /* borrowed for the call; not NULL */
	uint64_t size;      /* bytes; a multiple of 4096, not 0 */
	uint64_t alignment; /* bytes; a power of two of at least 4096 */
};

/*
 * The input: a list for each kind, borrowed for the call. A list may be NULL if its count is 0,
 * and has at most GPAL_ALLOC_MAX entries. The order of a list matters: RAM and post_mmio are
 * placed in this order, and in mmio32 and mmio64 it breaks ties between demands of the same
 * alignment and size.
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

/* Limit on the entries of each list of the input. */
#define GPAL_ALLOC_MAX ((size_t)1 << 24)

struct gpal_map_entry {
	const char *tag;
	enum gpal_kind kind;
	uint32_t index; /* of the range in the input's list of its kind */
	struct gpal_range range;
};

/*
 * Placed ranges in ascending order, none of which overlap. A RAM demand that was split has an
 * entry for each extent. Reserved ranges above the last range of another kind are left out.
 */
struct gpal_map {
	const struct gpal_map_entry *entries;
	size_t count;

	/*
	 * For each entry, true if an update kept its range; for an ECAM, true if an update kept the
	 * addresses of its buses. NULL: no update kept any, or it is not known.
	 */
	const bool *kept;
};

/*
 * gpal_map_find - find an address in a map
 * @map: borrowed for the call
 *
 * Returns the index of the first entry that ends above the address; map->count if there is none.
 * The entry contains the address only if its range starts at or below the address.
 */
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
 * gpal_allocate - place all ranges of an input
 * @input: borrowed for the call; not NULL
 * @map: receives a new map, which holds copies of the tags, and which the caller frees with
 *       gpal_map_free(); NULL on failure
 * @error: NULL, or receives the details of a failure; with NULL, a call that fails with
 *         GPAL_E_EXHAUSTED returns sooner, because no other sizes are tried
 *
 * The function checks the lengths of the lists, then each reserved range and each fixed range,
 * then whether these overlap, then each demand in the order of the kinds. It reports the first
 * fault. It places ranges only if there is none.
 *
 * Returns GPAL_OK, or:
 *   GPAL_E_OUT_OF_RANGE       a list has more than GPAL_ALLOC_MAX entries, or a reserved or
 *                             fixed range ends above GPAL_SPACE_END
 *   GPAL_E_INVALID_SIZE       a range or a demand has a size of 0, or not a multiple of 4096
 *   GPAL_E_INVALID_ALIGNMENT  a reserved or fixed range does not start on a page, or an
 *                             alignment is not a power of two of at least 4096
 *   GPAL_E_OVERLAP            two reserved or fixed ranges overlap
 *   GPAL_E_EXHAUSTED          a demand does not fit
 *   GPAL_E_NO_MEMORY          the heap is exhausted
 */
GPAL_API GPAL_MUST_USE int gpal_allocate(const struct gpal_alloc_input *input,
					 struct gpal_map **map, struct gpal_error *error);

/*
 * gpal_map_free - free a map and its content
 * @map: a map of gpal_allocate(), or NULL; not the member `map` of a layout
 */
GPAL_API void gpal_map_free(struct gpal_map *map);

GPAL_END_DECLS

#endif
