/* SPDX-License-Identifier: MIT */
/*
 * The roles of ranges in a layout, with a row for each. The resolver makes tags from the rows, and
 * gpal_layout_check() compares tags, kinds and members with them.
 */
#ifndef GPALD_CORE_ROLES_H
#define GPALD_CORE_ROLES_H

#include "core/arena.h"

#include <gpalayout/error.h>
#include <gpalayout/export.h>
#include <gpalayout/layout.h>
#include <string.h>

#define GPALD_KIB UINT64_C(0x400)
#define GPALD_MIB UINT64_C(0x100000)
#define GPALD_GIB UINT64_C(0x40000000)

#define GPALD_CXL_HDM_ALIGNMENT (256 * GPALD_MIB) /* unit of CXL HDM decoders */
#define GPALD_LOW_MMIO_ALIGNMENT (2 * GPALD_MIB)  /* usual alignment; a request may state more */
#define GPALD_HIGH_MMIO_ALIGNMENT (1 * GPALD_GIB) /* usual alignment; a request may state more */
#define GPALD_LOW_RAM_WINDOW_UNIT (2 * GPALD_MIB) /* unit of the low RAM window */
#define GPALD_HOTPLUG_ALIGNMENT (2 * GPALD_GIB)   /* largest memory block of a Linux guest */

enum gpald_role {
	GPALD_ROLE_LOW_RAM_GAP,
	GPALD_ROLE_RESERVED,
	GPALD_ROLE_HOLE,
	GPALD_ROLE_CHIPSET_LOW_MMIO,
	GPALD_ROLE_CHIPSET_HIGH_MMIO,
	GPALD_ROLE_ECAM,
	GPALD_ROLE_BUSES, /* a root complex's part of the ECAM; no range of the map */
	GPALD_ROLE_LOW_MMIO,
	GPALD_ROLE_HIGH_MMIO,
	GPALD_ROLE_CXL_HDM,
	GPALD_ROLE_CXL_CHBCR,
	GPALD_ROLE_CXL_WINDOW,
	GPALD_ROLE_VIRTIO_MMIO,
	GPALD_ROLE_SMMU,
	GPALD_ROLE_AMD_IOMMU,
	GPALD_ROLE_INTEL_VTD,
	GPALD_ROLE_LOW_RAM_WINDOW, /* low RAM window, with the tag of node 0 */
	GPALD_ROLE_RAM,
	GPALD_ROLE_HOTPLUG,
	GPALD_ROLE_VTL2_CHIPSET_MMIO,
	GPALD_ROLE_VTL2_MEMORY,
	GPALD_ROLE_VTL2_FRAMEBUFFER,
	GPALD_ROLE_COUNT
};

/*
 * A role. The tag of its range is the prefix, a name or a number, and the suffix. A range without
 * a name has the prefix as its tag.
 */
struct gpald_role_row {
	char prefix[24];
	char suffix[16];
	uint8_t prefix_length; /* if there is a name, at most sizeof(suffix) */
	uint8_t suffix_length;
	unsigned int kinds;        /* a bit for each kind that the range may have */
	enum gpal_subject subject; /* the member of the request */
	const char *list;          /* JSON pointer to its list in a layout; NULL: none */
	const char *member;        /* JSON pointer to it in the layout or the element */
	size_t offset;             /* of the range in struct gpal_layout or the element */
};
extern const struct gpald_role_row gpald_roles[GPALD_ROLE_COUNT];

/* The registers of a kind of IOMMU. */
struct gpald_iommu_row {
	enum gpald_role role;
	enum gpal_arch arch; /* the only one that has it */
	uint64_t size;       /* bytes; also the alignment */
};
extern const struct gpald_iommu_row gpald_iommu_rows[GPAL_IOMMU_COUNT];

#define GPALD_DECIMAL_SIZE 24

/*
 * Writes a number in decimal at the end of `buffer`, which is faster than printf(). Returns a
 * pointer to the first digit.
 */
const char *gpald_decimal(uint64_t value, char buffer[GPALD_DECIMAL_SIZE]);

/*
 * Makes the tag of a range whose role has a name or a number. Returns NULL if out of memory. The
 * function is inline because it is called for most ranges.
 */
GPAL_MUST_USE static inline const char *
gpald_role_tag(struct gpald_arena *arena, enum gpald_role role, const char *name, size_t length)
{
	const struct gpald_role_row *row = &gpald_roles[role];
	const size_t until_suffix = row->prefix_length + length;
	const size_t room = until_suffix + sizeof(row->suffix);
	char *tag = gpald_arena_text(arena, room);

	if (!tag)
		return NULL;
	/*
	 * Copies of a fixed size, that of `suffix`, are faster. The name and the suffix overwrite
	 * what is too much.
	 */
	memcpy(tag, row->prefix, sizeof(row->suffix));
	memcpy(tag + row->prefix_length, name, length);
	memcpy(tag + until_suffix, row->suffix, sizeof(row->suffix));
	gpald_arena_give_back(arena, tag + room, sizeof(row->suffix) - row->suffix_length - 1u);
	return tag;
}

/*
 * Returns the usual alignment of an MMIO window. Only for low and high MMIO of root complexes and
 * for high MMIO of the chipset. Low MMIO of the chipset has none, because it ends at 4 GiB.
 */
static inline uint64_t gpald_usual_mmio_alignment(enum gpald_role role)
{
	return role == GPALD_ROLE_HIGH_MMIO ? GPALD_HIGH_MMIO_ALIGNMENT : GPALD_LOW_MMIO_ALIGNMENT;
}

/*
 * Returns true if a tag is the one that this role has with this name. If the role has no name,
 * `name` is empty.
 */
bool gpald_role_has_tag(enum gpald_role role, const char *name, const char *tag);

#endif
