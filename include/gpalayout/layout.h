/* SPDX-License-Identifier: MIT */
/*
 * Resolved layouts: where each guest physical range of a VM goes.
 *
 * gpal_resolve() is a pure function: no I/O, no clock, no state, and from release
 * 0.1.0 on the same request under the same policy gives the same layout for ever.
 * It is re-entrant and may be called from any thread.
 */
#ifndef GPALAYOUT_LAYOUT_H
#define GPALAYOUT_LAYOUT_H

#include <gpalayout/allocator.h>
#include <gpalayout/error.h>
#include <gpalayout/export.h>
#include <gpalayout/request.h>
#include <stddef.h>
#include <stdint.h>

GPAL_BEGIN_DECLS

/* Sizes in bytes that no request changes. */
#define GPAL_ECAM_BYTES_PER_BUS UINT64_C(0x100000) /* 32 devices of 8 functions of 4 KiB */
#define GPAL_VIRTIO_MMIO_SLOT_SIZE UINT64_C(0x1000)

struct gpal_ram_extent {
	uint32_t node;
	struct gpal_range range;
};

/* One ECAM block: all buses of a PCI segment, GPAL_ECAM_BYTES_PER_BUS each. */
struct gpal_layout_segment {
	uint16_t segment;
	uint8_t start_bus; /* lowest and highest bus of the segment's root complexes */
	uint8_t end_bus;
	struct gpal_range ecam;
	uint64_t bus0_base; /* where bus 0 would be: what the ACPI MCFG table states */
};

struct gpal_layout_root_complex {
	const char *name;
	uint16_t segment;
	uint8_t start_bus;
	uint8_t end_bus;
	bool has_node;
	uint32_t node;
	struct gpal_range ecam;      /* its slice of the segment's block */
	struct gpal_range low_mmio;  /* empty: none */
	struct gpal_range high_mmio; /* the same */
	bool has_cxl;
	struct gpal_range cxl_hdm;   /* the same */
	struct gpal_range cxl_chbcr; /* CXL host bridge component registers */
};

struct gpal_layout_iommu {
	const char *root_complex;
	struct gpal_range range;
};

/* Room for memory that is added to a node. */
struct gpal_layout_hotplug_room {
	uint32_t node;
	struct gpal_range range;
};

struct gpal_layout_cxl_window {
	const char *name;
	struct gpal_range range;
	const char *const *targets; /* names of root complexes, in the order of the interleaving */
	size_t target_count;
	uint32_t granularity; /* bytes to one target before the next */
};

enum gpal_warning_reason {
	GPAL_WARN_UNKNOWN = -1,    /* of a daemon that knows more than this library */
	GPAL_WARN_RAM_NOT_AT_ZERO, /* x86_64 guests expect RAM at 0 */
	GPAL_WARN_PINNED_HIGH_MMIO_BELOW_4GIB,
	GPAL_WARN_PINNED_WINDOW_UNALIGNED, /* off the alignment a placed window has */
	GPAL_WARN_MANY_VIRTIO_MMIO_SLOTS,  /* more than 100 on x86_64 */
	GPAL_WARN_PARTIAL_INTEL_VTD,       /* VT-d, but not on every root complex */
	GPAL_WARN_NO_LOW_MEMORY,           /* chipset low MMIO covers all below 4 GiB */
	GPAL_WARN_LARGEST_BAR_BELOW_SIZE,  /* a BAR of the window's size class cannot lie in it */
	GPAL_WARN_AMD_VI_CROSSES_HYPERTRANSPORT, /* AMD-Vi, and something lies in that hole */
	GPAL_WARN_MOST_RAM_ABOVE_PINNED_WINDOW,  /* more than half of it lies above one */
	GPAL_WARN_NO_RAM_BELOW_1GIB,             /* aarch64 UEFI, and RAM begins above */
	GPAL_WARN_HOTPLUG_OFF_BLOCK, /* room that is not whole blocks of Linux's memory */
	GPAL_WARN_COUNT
};

/* What is legal and likely wrong. */
struct gpal_warning {
	enum gpal_warning_reason reason;
	const char *tag;
	const char *message;
	const char *token; /* of the reason, such as "ram_not_at_zero"; also of an unknown one */
};

/*
 * All pointers lead into the layout's own memory or to static data. Ranges that do
 * not apply are empty.
 */
struct gpal_layout {
	enum gpal_arch arch;
	const struct gpal_policy *policy; /* NULL: one that this library does not know */
	const char *policy_name;
	enum gpal_profile profile;

	const struct gpal_ram_extent *ram; /* ascending; also in node order, unless updated */
	size_t ram_count;

	struct gpal_range chipset_low_mmio;
	struct gpal_range chipset_high_mmio;

	const struct gpal_layout_segment *segments; /* ascending by segment number */
	size_t segment_count;
	const struct gpal_layout_root_complex *root_complexes; /* in request order */
	size_t root_complex_count;

	/* Both in the order of the request. */
	const struct gpal_layout_hotplug_room *hotplug_rooms;
	size_t hotplug_room_count;
	const struct gpal_layout_cxl_window *cxl_windows;
	size_t cxl_window_count;

	struct gpal_range virtio_mmio; /* slot i at start + i * GPAL_VIRTIO_MMIO_SLOT_SIZE */
	uint32_t virtio_mmio_slots;

	enum gpal_iommu iommu;
	const struct gpal_layout_iommu
		*iommus; /* one for each root complex that has one, in order */
	size_t iommu_count;

	struct gpal_range vtl2_chipset_mmio;
	struct gpal_range vtl2_memory;
	struct gpal_range vtl2_framebuffer;
	bool has_vtl2_alias_map;

	struct gpal_map map; /* every placed range; not to be freed by itself */

	uint64_t ram_size;   /* sum over all nodes, in bytes */
	uint64_t end_of_ram; /* end of the highest RAM extent */
	uint64_t
		end_of_layout; /* highest end of what VTL0 firmware describes, rooms, VTL2 chipset MMIO */
	uint64_t top;          /* end of the last entry of the map */
	/* The least n with top <= 2^n, and one more for an alias map: up to 65. */
	unsigned int required_address_bits;

	const struct gpal_warning *warnings;
	size_t warning_count;
};

/*
 * Resolves a request. On success *layout is a new layout, given to the caller,
 * who frees it with gpal_layout_free(). On failure *layout is NULL and *error,
 * if not NULL, names the member at fault.
 *
 * Errors, in the order in which they are looked for (first failure wins):
 *   GPAL_E_OUT_OF_RANGE          an enumerator, count or granularity outside its domain,
 *                                a chipset low MMIO above 4 GiB
 *   GPAL_E_INVALID_MEMORY        no nodes, a sum of 0 or above 2^64, a node not
 *                                a multiple of 4096
 *   GPAL_E_DUPLICATE_NAME        two root complexes (or two reserved ranges, or two CXL
 *                                windows) of one name
 *   GPAL_E_INVALID_BUS_RANGE     start_bus > end_bus, or buses that are not stated
 *   GPAL_E_BUS_OVERLAP           two root complexes of a segment share a bus
 *   GPAL_E_MIXED_IOMMU           two kinds of IOMMU in one VM
 *   GPAL_E_IOMMU_ARCH_MISMATCH   smmuv3 off aarch64, amd-vi or intel-vtd off x86_64
 *   GPAL_E_INVALID_HDM           a CXL HDM window that is not a multiple of 256 MiB
 *   GPAL_E_DUPLICATE_NAME        a target that a CXL window has twice
 *   GPAL_E_OUT_OF_RANGE          a target that is no root complex, or has no CXL
 *   GPAL_E_INVALID_HDM           a CXL window that is not a multiple of 256 MiB for each target
 *   GPAL_E_NODE_OUT_OF_RANGE     a root complex, or room, on a node that is not there
 *   GPAL_E_INVALID_MEMORY        memory_start off a page, memory_low_window
 *   GPAL_E_INVALID_SIZE          a BAR that is no power of two of at least 4096, or devices
 *                                that need a window of 2^64 bytes or more
 *   GPAL_E_INVALID_ALIGNMENT     a window's alignment is no power of two, or below the usual one
 *   GPAL_E_FIXED_LOW_MMIO_ABOVE_4GIB  a pinned low MMIO window ends above 4 GiB
 *   those of gpal_allocate()
 *   GPAL_E_ECAM_BELOW_MINIMUM    an ECAM starts below 256 MiB
 *   GPAL_E_ADDRESS_WIDTH_EXCEEDED  the map does not fit the host's address width
 */
GPAL_API GPAL_MUST_USE int gpal_resolve(const struct gpal_request *request,
					struct gpal_layout **layout, struct gpal_error *error);

/* All warnings, also of a later library. */
#define GPAL_REFUSE_ALL UINT64_MAX

/*
 * Refuses a layout that has a warning of a set: a bit 1 << reason for each, or GPAL_REFUSE_ALL.
 * Error: GPAL_E_WARNING_REFUSED, with the first such warning's tag and text.
 */
GPAL_API GPAL_MUST_USE int gpal_layout_refuse(const struct gpal_layout *layout, uint64_t refused,
					      struct gpal_error *error);

/* Frees a layout and all it points to; NULL is allowed. */
GPAL_API void gpal_layout_free(struct gpal_layout *layout);

/*
 * The largest BAR that can lie in a window, in bytes: a power of two, as all BARs are, at an
 * address that is a multiple of it. 0: the window is empty. Cannot fail.
 */
GPAL_API uint64_t gpal_largest_bar(struct gpal_range window);

/* "sha256:" and 64 hex digits. */
#define GPAL_DIGEST_SIZE (7 + 64 + 1)

/*
 * Writes the digest of a layout's addresses, NUL-terminated: SHA-256 of
 * "gpalayout-digest-1\nARCH\n" and "KIND TAG 0xSTART-0xEND\n" for each entry of
 * the map. Two layouts with one digest have every range at the same address.
 * Cannot fail.
 */
GPAL_API void gpal_layout_digest(const struct gpal_layout *layout, char digest[GPAL_DIGEST_SIZE]);

/* The stable token of a warning, such as "ram_not_at_zero"; static. NULL outside the enum. */
GPAL_API const char *gpal_warning_token(enum gpal_warning_reason reason);

GPAL_END_DECLS

#endif
