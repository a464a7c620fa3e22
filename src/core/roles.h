/* SPDX-License-Identifier: MIT */
/*
 * What the ranges of a layout are for: a row for each role. The resolver makes tags of
 * the rows, and the check of a layout in full compares tags, kinds and members with them.
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

#define GPALD_CXL_HDM_ALIGNMENT (256 * GPALD_MIB) /* the unit that CXL decodes */
#define GPALD_LOW_WINDOW_ALIGNMENT (2 * GPALD_MIB)
#define GPALD_HIGH_WINDOW_ALIGNMENT (1 * GPALD_GIB)
#define GPALD_LOW_WINDOW_UNIT (2 * GPALD_MIB)   /* of the RAM that lies apart, at 0 */
#define GPALD_HOTPLUG_ALIGNMENT (2 * GPALD_GIB) /* blocks of memory in Linux guests of 64 GiB */

enum gpald_role {
	GPALD_ROLE_LOW_RAM_GAP,
	GPALD_ROLE_RESERVED,
	GPALD_ROLE_HOLE,
	GPALD_ROLE_CHIPSET_LOW_MMIO,
	GPALD_ROLE_CHIPSET_HIGH_MMIO,
	GPALD_ROLE_ECAM,
	GPALD_ROLE_BUSES, /* the part of the ECAM that a root complex has; no range of the map */
	GPALD_ROLE_LOW_MMIO,
	GPALD_ROLE_HIGH_MMIO,
	GPALD_ROLE_CXL_HDM,
	GPALD_ROLE_CXL_CHBCR,
	GPALD_ROLE_CXL_WINDOW,
	GPALD_ROLE_VIRTIO_MMIO,
	GPALD_ROLE_SMMU,
	GPALD_ROLE_AMD_IOMMU,
	GPALD_ROLE_INTEL_VTD,
	GPALD_ROLE_RAM_LOW_WINDOW, /* node 0's first bytes, with the tag of the node */
	GPALD_ROLE_RAM,
	GPALD_ROLE_HOTPLUG,
	GPALD_ROLE_VTL2_CHIPSET_MMIO,
	GPALD_ROLE_VTL2_MEMORY,
	GPALD_ROLE_VTL2_FRAMEBUFFER,
	GPALD_ROLE_COUNT
};

/*
 * The tag is the prefix, a name or a number, and the suffix; a range that has no such name
 * has the prefix alone. The offset is that of the range in struct gpal_layout, or in the
 * element of its list there.
 */
struct gpald_role_row {
	char prefix[24]; /* this and the suffix are copied at full size, which is faster */
	char suffix[16];
	uint8_t prefix_length; /* below the size of the suffix if there is a name */
	uint8_t suffix_length;
	unsigned int kinds;        /* a bit for each that the range may have */
	enum gpal_subject subject; /* of the request */
	const char *list;          /* of a layout in full, as JSON pointer; NULL: none */
	const char *member;        /* of the layout or of the list's element, likewise */
	size_t offset;
};
extern const struct gpald_role_row gpald_roles[GPALD_ROLE_COUNT];

struct gpald_iommu_row {
	enum gpald_role role;
	enum gpal_arch arch; /* the one on which it exists */
	uint64_t size;       /* and alignment of its registers, in bytes */
};
extern const struct gpald_iommu_row gpald_iommu_rows[GPAL_IOMMU_COUNT];

/* Decimal digits of a number, at the end of `buffer`, without the cost of a format. */
#define GPALD_DECIMAL_SIZE 24
const char *gpald_decimal(uint64_t value, char buffer[GPALD_DECIMAL_SIZE]);

/* The tag of a range whose role has a name. NULL: out of memory. Inline, for its many calls. */
GPAL_MUST_USE static inline const char *
gpald_role_tag(struct gpald_arena *arena, enum gpald_role role, const char *name, size_t length)
{
	const struct gpald_role_row *row = &gpald_roles[role];
	const size_t until_suffix = row->prefix_length + length;
	const size_t room = until_suffix + sizeof(row->suffix);
	char *tag = gpald_arena_text(arena, room);

	if (!tag)
		return NULL;
	memcpy(tag, row->prefix, sizeof(row->suffix));
	memcpy(tag + row->prefix_length, name, length);
	memcpy(tag + until_suffix, row->suffix, sizeof(row->suffix));
	gpald_arena_give_back(arena, tag + room, sizeof(row->suffix) - row->suffix_length - 1u);
	return tag;
}

/* The alignment of a window that is placed: low, high, or the chipset's. */
static inline uint64_t gpald_usual_alignment(enum gpald_role role)
{
	return role == GPALD_ROLE_HIGH_MMIO ? GPALD_HIGH_WINDOW_ALIGNMENT :
					      GPALD_LOW_WINDOW_ALIGNMENT;
}

/* Whether a tag is that of the role with this name; an empty name where the role has none. */
bool gpald_role_has_tag(enum gpald_role role, const char *name, const char *tag);

#endif
