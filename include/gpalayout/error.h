/* SPDX-License-Identifier: MIT */
/*
 * Errors of libgpalayout.
 *
 * Every function that can fail returns GPAL_OK or a negative code of enum gpal_code. Its last
 * parameter, @error, may be NULL. The function writes *error only if it fails.
 *
 * Memory: the caller owns the error object, which holds no pointers.
 * Threads: any thread may call the functions here.
 */
#ifndef GPALAYOUT_ERROR_H
#define GPALAYOUT_ERROR_H

#include <gpalayout/export.h>
#include <gpalayout/kind.h>
#include <gpalayout/range.h>
#include <stddef.h>
#include <stdint.h>

GPAL_BEGIN_DECLS

enum gpal_code {
	GPAL_OK = 0,

	/* No layout exists for the input. */
	GPAL_E_INVALID_MEMORY = -1,     /* node list, node size, start or low window of RAM */
	GPAL_E_INVALID_SIZE = -2,       /* 0 or not a multiple of 4096; a BAR: not a power of two */
	GPAL_E_INVALID_ALIGNMENT = -3,  /* not a power of two, or too small; start not on a page */
	GPAL_E_OVERLAP = -4,            /* two reserved or fixed ranges overlap */
	GPAL_E_EXHAUSTED = -5,          /* a range does not fit in the space for its kind */
	GPAL_E_ECAM_BELOW_MINIMUM = -6, /* an ECAM starts below 256 MiB */
	GPAL_E_FIXED_LOW_MMIO_ABOVE_4GIB = -7, /* a pinned low MMIO window ends above 4 GiB */
	GPAL_E_ADDRESS_WIDTH_EXCEEDED = -8,    /* the host has too few physical address bits */

	/* The request contradicts itself. */
	GPAL_E_DUPLICATE_NAME = -9,       /* two elements of a list have the same name */
	GPAL_E_INVALID_BUS_RANGE = -10,   /* start_bus > end_bus, or the buses are not stated */
	GPAL_E_BUS_OVERLAP = -11,         /* two root complexes of a segment share a bus */
	GPAL_E_MIXED_IOMMU = -12,         /* the VM has more than one kind of IOMMU */
	GPAL_E_IOMMU_ARCH_MISMATCH = -13, /* the architecture does not have this IOMMU */
	GPAL_E_INVALID_HDM = -14,         /* an HDM size is no multiple of 256 MiB (per target) */
	GPAL_E_NODE_OUT_OF_RANGE = -15, /* a root complex or a room names a node that is missing */
	/* A value is outside what its header allows; for gpal_update() also an unknown policy. */
	GPAL_E_OUT_OF_RANGE = -16,

	/* The failure is not about the input. */
	GPAL_E_NO_MEMORY = -17, /* the heap is exhausted */
	/* A bug; for gpal_explain() and advice also a wrong layout, or an unknown policy. */
	GPAL_E_INTERNAL = -18,

	/* The change of a live layout is not allowed. */
	GPAL_E_WOULD_MOVE = -19,   /* ranges would move, be resized or change their use */
	GPAL_E_WOULD_REMOVE = -20, /* the change removes ranges of the layout */

	GPAL_E_WARNING_REFUSED = -21, /* the layout has a warning that the caller refuses */
};

#define GPAL_CODE_COUNT 22 /* codes are 0 .. -(GPAL_CODE_COUNT - 1) */

/*
 * The member of the input at fault. Where that member is in a list, such as the nodes, the root
 * complexes, the reserved ranges or a list of the allocator, `index` in struct gpal_error counts
 * within that list from 0.
 */
enum gpal_subject {
	GPAL_SUBJECT_NONE,
	GPAL_SUBJECT_ALLOC_RESERVED,
	GPAL_SUBJECT_ALLOC_FIXED,
	GPAL_SUBJECT_ALLOC_MMIO32,
	GPAL_SUBJECT_ALLOC_RAM,
	GPAL_SUBJECT_ALLOC_MMIO64,
	GPAL_SUBJECT_ALLOC_POST_MMIO,
	GPAL_SUBJECT_ARCH,
	GPAL_SUBJECT_PROFILE,
	GPAL_SUBJECT_MEMORY_NODES,
	GPAL_SUBJECT_MEMORY_NODE,
	GPAL_SUBJECT_MEMORY_START,
	GPAL_SUBJECT_CHIPSET_LOW_MMIO,
	GPAL_SUBJECT_CHIPSET_HIGH_MMIO,
	GPAL_SUBJECT_PCIE_ECAM,
	GPAL_SUBJECT_ROOT_COMPLEX,
	GPAL_SUBJECT_ROOT_COMPLEX_NAME,
	GPAL_SUBJECT_ROOT_COMPLEX_START_BUS,
	GPAL_SUBJECT_ROOT_COMPLEX_NODE,
	GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO,
	GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO,
	GPAL_SUBJECT_ROOT_COMPLEX_CXL_HDM,
	GPAL_SUBJECT_ROOT_COMPLEX_IOMMU,
	GPAL_SUBJECT_VIRTIO_MMIO_SLOTS,
	GPAL_SUBJECT_VTL2_CHIPSET_MMIO,
	GPAL_SUBJECT_VTL2_MEMORY_SIZE,
	GPAL_SUBJECT_VTL2_MEMORY_ALIGNMENT,
	GPAL_SUBJECT_VTL2_FRAMEBUFFER,
	GPAL_SUBJECT_RESERVED,
	GPAL_SUBJECT_RESERVED_NAME,
	GPAL_SUBJECT_HOST_BITS,
	GPAL_SUBJECT_HOST_HOLE,
	GPAL_SUBJECT_MEMORY_LOW_WINDOW,
	GPAL_SUBJECT_HOTPLUG_NODE,
	GPAL_SUBJECT_HOTPLUG_SIZE,
	GPAL_SUBJECT_HOTPLUG_ALIGNMENT,
	GPAL_SUBJECT_CXL_WINDOW_NAME,
	GPAL_SUBJECT_CXL_WINDOW_TARGETS,
	GPAL_SUBJECT_CXL_WINDOW_SIZE,
	GPAL_SUBJECT_CXL_WINDOW_GRANULARITY,
	GPAL_SUBJECT_COUNT
};

/* Bytes of the longest tag in an error. A longer one is cut. In the daemon, none is longer. */
#define GPAL_ERROR_TAG_MAX 280

#define GPAL_ERROR_PART_MAX 63 /* bytes of the longest `part` */

/* A placed range that touches a free range. */
struct gpal_neighbour {
	char tag[GPAL_ERROR_TAG_MAX + 1]; /* empty: there is no such range */
	struct gpal_range range;
};

/*
 * The members up to `message` are set for every code. The others depend on the code, and are
 * zero or empty where they do not apply:
 *
 *   GPAL_E_INVALID_SIZE       tag; size, unless the devices of a window need 2^64 bytes or more
 *   GPAL_E_INVALID_ALIGNMENT  tag; alignment: the wrong one, or 4096 if a range does not start on
 *                             a page
 *   GPAL_E_OVERLAP            tag, range, other_tag, other_range
 *   GPAL_E_EXHAUSTED          tag, size, alignment, phase, free_space, largest_fit, fit, below,
 *                             above, largest_size, demand, demands, supply, equal_share
 *   GPAL_E_ECAM_BELOW_MINIMUM  tag, which is the name of the root complex; range
 *   GPAL_E_FIXED_LOW_MMIO_ABOVE_4GIB  tag, range
 *   GPAL_E_ADDRESS_WIDTH_EXCEEDED  tag, range, bits, required_bits, alignment_gap, excess,
 *                             largest_tag, largest_tag_size, largest_size, largest_size_of
 *   GPAL_E_DUPLICATE_NAME, GPAL_E_BUS_OVERLAP, GPAL_E_MIXED_IOMMU  tag and other_tag, which are
 *                             names and not tags
 *   GPAL_E_WARNING_REFUSED    tag
 *
 * Sizes, alignments and gaps are in bytes.
 */
struct gpal_error {
	enum gpal_code code;
	enum gpal_subject subject;
	size_t index;
	char part[GPAL_ERROR_PART_MAX + 1]; /* JSON pointer into the subject; empty: all of it */
	char message[1024]; /* one sentence that says what is wrong, without a full stop */

	char tag[GPAL_ERROR_TAG_MAX + 1];
	char other_tag[GPAL_ERROR_TAG_MAX + 1];
	struct gpal_range range;
	struct gpal_range other_range;
	uint64_t size;
	uint64_t alignment;
	enum gpal_kind phase;  /* the kind of the range that did not fit */
	uint64_t free_space;   /* free bytes where the range may be placed */
	uint64_t largest_fit;  /* the largest range with this alignment that would fit there */
	struct gpal_range fit; /* where that range would be; empty: none fits */
	struct gpal_neighbour below; /* the range just below the free range of `fit` */
	struct gpal_neighbour above; /* the range just above it */

	/*
	 * The largest size found with which the whole input can be placed if nothing else changes;
	 * the size one step larger, as in <gpalayout/advise.h>, fails. If it equals largest_fit, no
	 * larger size works. For node 0 it includes the low RAM window, which `size` and
	 * largest_fit do not. It is 0 if no size was found: something else does not fit either, the
	 * caller cannot choose this size, the input is too large to try other sizes, or an update
	 * without GPAL_ALLOW_MOVES failed with a code other than `code` when it tried to keep the
	 * live ranges.
	 */
	uint64_t largest_size;

	uint64_t alignment_gap;     /* bytes below `range` left free by its alignment */
	unsigned int bits;          /* physical address bits of the host */
	unsigned int required_bits; /* physical address bits that the layout needs */

	/* All ranges that the phase must place. */
	uint64_t demand;      /* sum of their sizes; 0: it is 2^64 or more */
	unsigned int demands; /* their number */
	uint64_t supply;      /* bytes that were free for them before the phase */

	/*
	 * Set if a low (or high) window of a root complex did not fit: the largest multiple of the
	 * usual alignment found with which all low (or high) windows that must be placed would fit,
	 * if they all had this size and the usual alignment. The rest of the phase stays the same.
	 * 0: no such size was found.
	 */
	uint64_t equal_share;

	/* Bytes above the host's limit, or above half of it with has_vtl2_alias_map. */
	uint64_t excess;

	/* The tag whose ranges, none of them reserved, have the most bytes, and their sum. */
	char largest_tag[GPAL_ERROR_TAG_MAX + 1];
	uint64_t largest_tag_size;

	/* The tag of the range that largest_size is for; "ram": each node with RAM. */
	char largest_size_of[GPAL_ERROR_TAG_MAX + 1];
};

/*
 * gpal_code_token - get the stable token of a code
 *
 * Returns a static string, such as "overlap"; "ok" for GPAL_OK; "internal" also for
 * GPAL_E_NO_MEMORY and for a value that is not a code.
 */
GPAL_API const char *gpal_code_token(int code);

/*
 * gpal_code_text - get the meaning of a code
 *
 * Returns a static English text. A value that is not a code gives the text of
 * GPAL_E_INTERNAL.
 */
GPAL_API const char *gpal_code_text(int code);

GPAL_END_DECLS

#endif
