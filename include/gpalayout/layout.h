/* SPDX-License-Identifier: MIT */
/*
 * Layouts: the addresses of all guest physical ranges of a VM.
 *
 * gpal_resolve() is a pure function: it does no I/O, reads no clock and keeps no state. From
 * release 0.1.0 on, the same request under the same policy always gives the same layout.
 *
 * Threads: any thread may call the functions. Two threads must not use the same object at once,
 * unless both only read it.
 * Memory: parameters are borrowed for the call. The caller owns a layout, and frees it. Its
 * pointers lead only into the layout itself, to static data, or into a policy of the caller's own,
 * which must exist as long as the layout.
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

/*
 * Bytes of configuration space (ECAM) for a bus: 32 devices of 8 functions of 4 KiB. Source: PCI
 * Express Base Specification 6.0, 7.2.2.
 */
#define GPAL_ECAM_BYTES_PER_BUS UINT64_C(0x100000)

/* Bytes of a virtio-mmio device. */
#define GPAL_VIRTIO_MMIO_SLOT_SIZE UINT64_C(0x1000)

/* A range of RAM. A node has several if its RAM is split around other ranges. */
struct gpal_ram_extent {
	uint32_t node;
	struct gpal_range range;
};

/*
 * The ECAM block of a PCI segment group, GPAL_ECAM_BYTES_PER_BUS for each bus. The ACPI MCFG
 * table states the address of bus 0 (PCI Firmware Specification), which may lie in other ranges.
 */
struct gpal_layout_segment {
	uint16_t segment;
	uint8_t start_bus;      /* lowest bus of its root complexes */
	uint8_t end_bus;        /* highest bus, included */
	struct gpal_range ecam; /* from start_bus to end_bus */
	uint64_t bus0_base;     /* address of bus 0, even if the segment does not have this bus */
};

struct gpal_layout_root_complex {
	const char *name;
	uint16_t segment;
	uint8_t start_bus;
	uint8_t end_bus; /* included */
	bool has_node;
	uint32_t node;               /* if has_node */
	struct gpal_range ecam;      /* its part of the ECAM block of the segment */
	struct gpal_range low_mmio;  /* empty: none */
	struct gpal_range high_mmio; /* empty: none */
	bool has_cxl;
	struct gpal_range cxl_hdm;   /* host-managed device memory; empty: none */
	struct gpal_range cxl_chbcr; /* CXL host bridge component registers; empty: no CXL */
};

struct gpal_layout_iommu {
	const char *root_complex; /* name of the root complex that has the IOMMU */
	struct gpal_range range;  /* its registers */
};

/* A room: address space for memory that is added to a node. */
struct gpal_layout_hotplug_room {
	uint32_t node;
	struct gpal_range range;
};

struct gpal_layout_cxl_window {
	const char *name;
	struct gpal_range range;
	const char *const *targets; /* names of root complexes, in the order of interleaving */
	size_t target_count;
	uint32_t granularity; /* bytes that go to one target before the next */
};

/* Why a layout has a warning; gpalayout-policy(7), WARNINGS. */
enum gpal_warning_reason {
	GPAL_WARN_UNKNOWN = -1,    /* a newer daemon has a reason that this library lacks */
	GPAL_WARN_RAM_NOT_AT_ZERO, /* x86_64: no RAM is at address 0 */
	GPAL_WARN_PINNED_HIGH_MMIO_BELOW_4GIB, /* a pinned high window starts below 4 GiB */
	GPAL_WARN_PINNED_WINDOW_UNALIGNED,     /* a pinned window lacks the usual alignment */
	GPAL_WARN_MANY_VIRTIO_MMIO_SLOTS,      /* x86_64: more than 100 slots */
	GPAL_WARN_PARTIAL_INTEL_VTD,           /* some root complexes have VT-d, others not */
	GPAL_WARN_NO_LOW_MEMORY,               /* chipset low MMIO begins at address 0 */
	GPAL_WARN_LARGEST_BAR_BELOW_SIZE,      /* a high window can hold a larger BAR, if aligned */
	GPAL_WARN_AMD_VI_CROSSES_HYPERTRANSPORT, /* AMD-Vi, and a range overlaps the hole */
	GPAL_WARN_MOST_RAM_ABOVE_PINNED_WINDOW,  /* most RAM is above a pinned window above 4 GiB */
	GPAL_WARN_NO_RAM_BELOW_1GIB,             /* aarch64 UEFI: no RAM is below 1 GiB */
	GPAL_WARN_HOTPLUG_OFF_BLOCK,             /* a room is not whole Linux memory blocks */
	GPAL_WARN_COUNT
};

/* Something in a layout that is allowed and probably a mistake. */
struct gpal_warning {
	enum gpal_warning_reason reason;
	const char *tag;     /* of the range */
	const char *message; /* English text for a person */
	const char *token;   /* name of the reason, also of an unknown one */
};

/* A layout. Ranges that do not apply to the VM are empty. */
struct gpal_layout {
	enum gpal_arch arch;
	const struct gpal_policy *policy; /* of the layout; NULL: this library does not know it */
	const char *policy_name;
	enum gpal_profile profile;

	const struct gpal_ram_extent *ram; /* ascending by address; an update may mix the nodes */
	size_t ram_count;

	struct gpal_range chipset_low_mmio;
	struct gpal_range chipset_high_mmio;

	const struct gpal_layout_segment *segments; /* ascending by number */
	size_t segment_count;
	const struct gpal_layout_root_complex *root_complexes; /* in the order of the request */
	size_t root_complex_count;

	const struct gpal_layout_hotplug_room *hotplug_rooms; /* in the order of the request */
	size_t hotplug_room_count;
	const struct gpal_layout_cxl_window *cxl_windows; /* in the order of the request */
	size_t cxl_window_count;

	struct gpal_range virtio_mmio; /* slot i is at start + i * GPAL_VIRTIO_MMIO_SLOT_SIZE */
	uint32_t virtio_mmio_slots;

	enum gpal_iommu iommu;
	const struct gpal_layout_iommu *iommus; /* in the order of their root complexes */
	size_t iommu_count;

	struct gpal_range vtl2_chipset_mmio;
	struct gpal_range vtl2_memory;
	struct gpal_range vtl2_framebuffer;
	bool has_vtl2_alias_map;

	struct gpal_map map; /* every placed range; freed with the layout only */

	uint64_t ram_size;   /* bytes of all nodes */
	uint64_t end_of_ram; /* end of the highest extent */

	/* Highest end of RAM, rooms, chipset and VTL2 chipset MMIO, PCIe windows and ECAM. */
	uint64_t end_of_layout;
	uint64_t top; /* end of the last entry of the map */

	/* The least n for which top is at most 2^n, and 1 more for an alias map; at most 65. */
	unsigned int required_address_bits;

	const struct gpal_warning *warnings;
	size_t warning_count;
};

/*
 * gpal_resolve - find the layout of a request
 * @request: borrowed for the call
 * @layout: receives a new layout, which the caller frees with gpal_layout_free(); NULL on failure
 * @error: NULL, or receives the details of a failure; with NULL, a call that fails with
 *         GPAL_E_EXHAUSTED or GPAL_E_ADDRESS_WIDTH_EXCEEDED returns sooner, because no other
 *         sizes are tried
 *
 * Returns GPAL_OK, or GPAL_E_NO_MEMORY if the heap is exhausted, or the first of these, in this
 * order:
 *   GPAL_E_OUT_OF_RANGE         a value is not in its enum; chipset_low_mmio is above 4 GiB; the
 *                               host has more than 64 address bits; a number of devices, BARs,
 *                               virtual functions or targets, or a granularity, is not allowed
 *   GPAL_E_INVALID_MEMORY       there are no nodes; their sum is 0, or 2^64 or more; or a node is
 *                               not a multiple of 4096
 *   GPAL_E_DUPLICATE_NAME       two root complexes have the same name, or two reserved ranges; a
 *                               hole counts as a reserved range
 *   GPAL_E_OUT_OF_RANGE         a hole is of another architecture
 *   GPAL_E_DUPLICATE_NAME       two CXL windows have the same name
 *   GPAL_E_INVALID_BUS_RANGE    buses are not stated, or start_bus > end_bus
 *   GPAL_E_BUS_OVERLAP          two root complexes of a segment share a bus
 *   GPAL_E_MIXED_IOMMU          the root complexes have two kinds of IOMMU
 *   GPAL_E_IOMMU_ARCH_MISMATCH  the architecture does not have this IOMMU
 *   GPAL_E_INVALID_HDM          cxl_hdm is not a multiple of 256 MiB
 *   for each CXL window in turn:
 *   GPAL_E_DUPLICATE_NAME       it has a target twice
 *   GPAL_E_OUT_OF_RANGE         a target is not a root complex, or has no CXL
 *   GPAL_E_INVALID_HDM          its size is not a multiple of 256 MiB for each target
 *   then:
 *   GPAL_E_NODE_OUT_OF_RANGE    a root complex or a room names a node that is missing
 *   GPAL_E_INVALID_MEMORY       memory_start is not a multiple of 4096; or the low RAM window is
 *                               not a multiple of 2 MiB, is larger than node 0, or does not
 *                               end below memory_start
 *   for the windows of each root complex in turn:
 *   GPAL_E_INVALID_SIZE         a BAR is not a power of two of at least 4096, or the devices need
 *                               a window of 2^64 bytes or more
 *   GPAL_E_INVALID_ALIGNMENT    the alignment is not a power of two, or is below the usual one
 *   then:
 *   GPAL_E_OUT_OF_RANGE         the policy is the caller's, and its chipset low MMIO is larger than
 *                               4 GiB
 *   GPAL_E_FIXED_LOW_MMIO_ABOVE_4GIB  a pinned low MMIO window ends above 4 GiB
 *   any code of gpal_allocate() for the ranges of the VM; then:
 *   GPAL_E_ECAM_BELOW_MINIMUM   an ECAM starts below 256 MiB, so that the address of bus 0 in the
 *                               ACPI MCFG table could underflow
 *   GPAL_E_ADDRESS_WIDTH_EXCEEDED  the layout needs more address bits than the host has
 *
 * Source of the rules: the layout resolver of OpenVMM, pull request 3501 and later;
 * openvmm/openvmm_core/src/worker/memory_layout.rs. Requests for reserved ranges, windows for
 * devices, low RAM windows, rooms and CXL windows are gpalayoutd's own.
 */
GPAL_API GPAL_MUST_USE int gpal_resolve(const struct gpal_request *request,
					struct gpal_layout **layout, struct gpal_error *error);

/* A set of all warnings, including those that only a newer library knows. */
#define GPAL_REFUSE_ALL UINT64_MAX

/*
 * gpal_layout_refuse - fail if a layout has one of a set of warnings
 * @layout: borrowed for the call
 * @refused: a bit 1 << reason for each enum gpal_warning_reason in the set, or GPAL_REFUSE_ALL
 * @error: NULL, or receives the code, a general message, and the tag of the first such warning
 *
 * Returns GPAL_OK, or:
 *   GPAL_E_WARNING_REFUSED  the layout has a warning of the set
 */
GPAL_API GPAL_MUST_USE int gpal_layout_refuse(const struct gpal_layout *layout, uint64_t refused,
					      struct gpal_error *error);

/*
 * gpal_layout_free - free a layout and its content
 * @layout: a layout of gpal_resolve() or gpal_update(), or NULL
 */
GPAL_API void gpal_layout_free(struct gpal_layout *layout);

/*
 * gpal_largest_bar - get the size of the largest BAR that fits in a window
 *
 * The size of a BAR is a power of two, and its address a multiple of its size. Source: PCI
 * Express Base Specification.
 *
 * Returns the size in bytes; 0 if the window is empty.
 */
GPAL_API uint64_t gpal_largest_bar(struct gpal_range window);

/* Bytes of a digest: "sha256:", 64 hex digits and a NUL. */
#define GPAL_DIGEST_SIZE (7 + 64 + 1)

/*
 * gpal_layout_digest - write the digest of the addresses of a layout
 * @layout: borrowed for the call; its architecture and the kinds in its map are in their enums
 * @digest: receives the digest as text with a NUL
 *
 * Two layouts with the same digest have every entry of the map at the same address, but the buses
 * of root complexes, for example, can differ: see gpal_compare(). The digest is the SHA-256 of
 * "gpalayout-digest-1\nARCH\n" followed by "KIND TAG 0xSTART-0xEND\n" for each entry of the map.
 * START and END are lower-case hex digits without leading zeros.
 */
GPAL_API void gpal_layout_digest(const struct gpal_layout *layout, char digest[GPAL_DIGEST_SIZE]);

/*
 * gpal_warning_token - get the stable token of a reason, as in requests and replies
 *
 * Returns a static string, such as "ram_not_at_zero"; NULL for GPAL_WARN_UNKNOWN and for a value
 * outside the enum.
 */
GPAL_API const char *gpal_warning_token(enum gpal_warning_reason reason);

GPAL_END_DECLS

#endif
