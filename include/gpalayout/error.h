/* SPDX-License-Identifier: MIT */
/*
 * Errors of libgpalayout.
 *
 * Every function that can fail returns 0 or one of the negative codes below and
 * takes a struct gpal_error as its last argument, which may be NULL. The error
 * object belongs to the caller, holds no pointers, and is written only on
 * failure.
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
	GPAL_E_INVALID_MEMORY = -1,     /* node list, node size or memory.start */
	GPAL_E_INVALID_SIZE = -2,       /* 0, or not a multiple of 4096 */
	GPAL_E_INVALID_ALIGNMENT = -3,  /* not a power of two >= 4096, or a start off a page */
	GPAL_E_OVERLAP = -4,            /* two reserved or fixed ranges overlap */
	GPAL_E_EXHAUSTED = -5,          /* a request does not fit in its region */
	GPAL_E_ECAM_BELOW_MINIMUM = -6, /* an ECAM starts below 256 MiB */
	GPAL_E_FIXED_LOW_MMIO_ABOVE_4GIB = -7, /* a pinned low MMIO window ends above 4 GiB */
	GPAL_E_ADDRESS_WIDTH_EXCEEDED = -8,    /* the map ends above 2^host bits */

	/* The request contradicts itself. */
	GPAL_E_DUPLICATE_NAME = -9,
	GPAL_E_INVALID_BUS_RANGE = -10,   /* start_bus > end_bus */
	GPAL_E_BUS_OVERLAP = -11,         /* two root complexes of a segment share a bus */
	GPAL_E_MIXED_IOMMU = -12,         /* more than one kind of IOMMU */
	GPAL_E_IOMMU_ARCH_MISMATCH = -13, /* the IOMMU does not exist on this architecture */
	GPAL_E_INVALID_HDM = -14,         /* HDM or a CXL window off its unit of 256 MiB */
	GPAL_E_NODE_OUT_OF_RANGE = -15,   /* a root complex or room on a node that is not there */
	GPAL_E_OUT_OF_RANGE = -16,        /* a member lies outside its documented domain */

	/* Not about the input. */
	GPAL_E_NO_MEMORY = -17, /* the heap is exhausted */
	GPAL_E_INTERNAL = -18,  /* cannot happen; a bug in the library */

	/* About a live layout. */
	GPAL_E_WOULD_MOVE = -19,   /* the change is only possible if ranges of it move */
	GPAL_E_WOULD_REMOVE = -20, /* the change drops ranges of it */

	GPAL_E_WARNING_REFUSED = -21, /* the layout has a warning that the caller refuses */
};

#define GPAL_CODE_COUNT 22 /* codes are 0 .. -(GPAL_CODE_COUNT - 1) */

/*
 * The member of the input an error is about. `index` in struct gpal_error counts
 * within the list named here: the node, the root complex, the reserved range, or
 * the entry of the allocator's list.
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

/* Tags longer than this, which no layout has, are cut in error objects. */
#define GPAL_ERROR_TAG_MAX 280 /* bytes: a name of 255 and the words around it */

#define GPAL_ERROR_PART_MAX 63

/* A placed range that is next to a free one; an empty tag: there is none. */
struct gpal_neighbour {
	char tag[GPAL_ERROR_TAG_MAX + 1];
	struct gpal_range range;
};

struct gpal_error {
	enum gpal_code code;
	enum gpal_subject subject;
	size_t index;
	/* What of the subject, as a JSON pointer such as "/devices/1/bars/0"; empty: all of it. */
	char part[GPAL_ERROR_PART_MAX + 1];

	/* One English sentence, without a final stop, for the person who has to act. */
	char message[1024];

	/*
	 * Details; which are set depends on the code:
	 *   invalid_size             tag, size
	 *   invalid_alignment        tag, alignment
	 *   overlap                  tag, range, other_tag, other_range
	 *   exhausted                tag, size, alignment, phase, free_space, largest_fit,
	 *                            fit, below, above, largest_size, demand, demands, supply,
	 *                            equal_share
	 *   fixed_low_mmio_above_4gib, ecam_below_minimum    tag, range
	 *   address_width_exceeded   tag, range, bits, required_bits, alignment_gap, excess,
	 *                            largest_tag, largest_tag_size, largest_size,
	 *                            largest_size_of
	 *   duplicate_name, bus_overlap, mixed_iommu         tag, other_tag (names)
	 *   warning_refused          tag
	 * Sizes and alignments are in bytes. The others are zero or empty.
	 */
	char tag[GPAL_ERROR_TAG_MAX + 1];
	char other_tag[GPAL_ERROR_TAG_MAX + 1];
	struct gpal_range range;
	struct gpal_range other_range;
	uint64_t size;
	uint64_t alignment;
	enum gpal_kind phase;
	uint64_t free_space;  /* free bytes inside the phase's region at that moment */
	uint64_t largest_fit; /* the largest single range of that alignment that would fit */
	struct gpal_range
		fit; /* where that is, from its first aligned address on; empty: nowhere */
	struct gpal_neighbour below; /* what bounds the free range it is in */
	struct gpal_neighbour above;

	/*
	 * The largest size that was found with which the whole input would be placed,
	 * all else as it is, and a step more of which would not. 0: none was found, most
	 * often because something else does not fit either, because the size is not the
	 * caller's to choose, or because the input is so large that trying would take
	 * too long. Where it equals largest_fit there is none larger.
	 */
	uint64_t largest_size;

	uint64_t alignment_gap; /* bytes empty below the range only because its start is aligned */
	unsigned int bits;
	unsigned int required_bits;

	/* Of the phase: what is asked in all, in how many ranges, and what was free before it. */
	uint64_t demand; /* 0: 2^64 or more */
	unsigned int demands;
	uint64_t supply;

	/*
	 * If the window of a root complex found no place: the size with which all that are
	 * placed, of low MMIO windows or of high ones, would fit alike, at the usual alignment; the
	 * rest of the phase as it is. 0: none was found.
	 */
	uint64_t equal_share;

	uint64_t excess; /* bytes of the layout's top above what the bits reach */
	char largest_tag[GPAL_ERROR_TAG_MAX + 1]; /* whose ranges are the largest together */
	uint64_t largest_tag_size;
	/* Whose size largest_size is, if it is too wide: a tag, or "ram" for all nodes alike. */
	char largest_size_of[GPAL_ERROR_TAG_MAX + 1];
};

/*
 * The stable token of a code, such as "overlap"; "ok" for GPAL_OK, "internal"
 * for a value that is not a code. The string is static.
 */
GPAL_API const char *gpal_code_token(int code);

/* What the code means, one sentence; static. */
GPAL_API const char *gpal_code_text(int code);

GPAL_END_DECLS

#endif
