/* SPDX-License-Identifier: MIT */
/*
 * What a VM front end asks for: sizes, never addresses it computed.
 *
 * A zeroed struct gpal_request with at least one memory node is a valid request
 * for an x86_64 gen2-uefi VM under the default policy. All pointers are borrowed
 * for the duration of a call; names are not NULL. Sizes and addresses are in bytes.
 */
#ifndef GPALAYOUT_REQUEST_H
#define GPALAYOUT_REQUEST_H

#include <gpalayout/export.h>
#include <gpalayout/policy.h>
#include <gpalayout/range.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

GPAL_BEGIN_DECLS

/* A value the request may leave to the policy. */
struct gpal_optional {
	bool set;
	uint64_t value;
};

enum gpal_window_kind {
	GPAL_WINDOW_DEFAULT, /* the policy's size, placed by the resolver */
	GPAL_WINDOW_SIZE,    /* this size, placed by the resolver */
	GPAL_WINDOW_PINNED,  /* exactly this range */
	GPAL_WINDOW_NONE,    /* the root complex has no such window */
	GPAL_WINDOW_DEVICES, /* as large as these devices need, placed by the resolver */
	GPAL_WINDOW_COUNT
};

/*
 * A PCIe device behind a port of its own. Each of its BARs is a power of two of at least
 * 4096 bytes; state smaller ones as 4096.
 */
struct gpal_device {
	const uint64_t *bars; /* sizes of its BARs, 1 to GPAL_BARS_MAX of them */
	size_t bar_count;
	bool has_sriov;          /* it has virtual functions (SR-IOV) */
	uint32_t vfs;            /* their number, 1 to GPAL_VFS_MAX */
	const uint64_t *vf_bars; /* sizes of the BARs of one of them, 1 to GPAL_BARS_MAX */
	size_t vf_bar_count;
};

#define GPAL_BARS_MAX 6
#define GPAL_VFS_MAX 256
#define GPAL_DEVICES_MAX 256 /* of a window */

struct gpal_window {
	enum gpal_window_kind kind;
	uint64_t size;           /* for GPAL_WINDOW_SIZE */
	struct gpal_range range; /* for GPAL_WINDOW_PINNED */

	/*
	 * For GPAL_WINDOW_SIZE: a power of two that is not below the usual alignment, which is
	 * 2 MiB of a low MMIO window and 1 GiB of a high one; 0: the usual alignment.
	 */
	uint64_t alignment;

	const struct gpal_device *devices; /* for GPAL_WINDOW_DEVICES, 1 to GPAL_DEVICES_MAX */
	size_t device_count;
};

enum gpal_iommu {
	GPAL_IOMMU_NONE,
	GPAL_IOMMU_SMMUV3,    /* aarch64 */
	GPAL_IOMMU_AMD_VI,    /* x86_64 */
	GPAL_IOMMU_INTEL_VTD, /* x86_64 */
	GPAL_IOMMU_COUNT
};

/*
 * A root complex whose buses are not stated is refused with GPAL_E_INVALID_BUS_RANGE, so
 * that one that was only zeroed is not taken for one with a single bus. Begin with
 * GPAL_ROOT_COMPLEX_INIT(), which has the defaults of the protocol, and change what is
 * to be different.
 */
struct gpal_root_complex {
	const char *name; /* unique within the request */
	uint16_t segment;
	bool has_buses;    /* the next two are stated */
	uint8_t start_bus; /* first and last bus, both included */
	uint8_t end_bus;
	bool has_node;
	uint32_t node; /* NUMA node, if has_node */
	struct gpal_window low_mmio;
	struct gpal_window high_mmio;
	bool has_cxl;
	uint64_t cxl_hdm;    /* host-managed device memory window, if has_cxl */
	bool has_no_cxl_hdm; /* if has_cxl: the bridge has registers alone */
	enum gpal_iommu iommu;
};

/* Segment 0, buses 0 to 255, windows of the policy's sizes, on no node, no CXL, no IOMMU. */
#define GPAL_WINDOW_INIT                                                                   \
	{                                                                                  \
		.kind = GPAL_WINDOW_DEFAULT, .size = 0, .range = { 0, 0 }, .alignment = 0, \
		.devices = NULL, .device_count = 0                                         \
	}
#define GPAL_ROOT_COMPLEX_INIT(rc_name)                                                           \
	{                                                                                         \
		.name = (rc_name), .segment = 0, .has_buses = true, .start_bus = 0,               \
		.end_bus = UINT8_MAX, .has_node = false, .node = 0, .low_mmio = GPAL_WINDOW_INIT, \
		.high_mmio = GPAL_WINDOW_INIT, .has_cxl = false, .cxl_hdm = 0,                    \
		.has_no_cxl_hdm = false, .iommu = GPAL_IOMMU_NONE                                 \
	}

struct gpal_named_range {
	const char *name;
	struct gpal_range range;
};

/* Room for memory that is added to a node while the VM runs. */
struct gpal_hotplug_room {
	uint32_t node;
	uint64_t size;
	struct gpal_optional alignment; /* a power of two; not set: 2 GiB */
};

/*
 * A window of host-managed device memory that is interleaved over several CXL host
 * bridges: 1, 2, 3, 4, 6, 8, 12 or 16 root complexes, each of which has CXL.
 */
struct gpal_cxl_window {
	const char *name;           /* unique within the request */
	const char *const *targets; /* names of root complexes, each once */
	size_t target_count;
	uint64_t size; /* a multiple of 256 MiB for each target */

	/* Bytes to one target before the next: a power of two from 256 to 16384; 0: 256. */
	uint32_t granularity;
};

#define GPAL_CXL_TARGETS_MAX 16

/* Well-known ranges of hosts that nothing may use. Each is reserved under its name. */
enum gpal_hole {
	GPAL_HOLE_AMD_HYPERTRANSPORT, /* x86_64: 0xfd00000000 to 2^40 */
	GPAL_HOLE_ARM_MSI,            /* aarch64: 0x8000000 to 0x8100000 */
	GPAL_HOLE_COUNT
};

struct gpal_request {
	enum gpal_arch arch;
	const struct gpal_policy *policy; /* NULL: gpal_policy_default() */
	enum gpal_profile profile;

	const uint64_t *nodes; /* RAM of each NUMA node; 0 for a node without RAM */
	size_t node_count;
	struct gpal_optional memory_start;

	/*
	 * So many of node 0's first bytes lie from address 0 on, and the rest of the RAM
	 * begins at memory_start. A multiple of 2 MiB; 0: none.
	 */
	uint64_t memory_low_window;
	const struct gpal_hotplug_room *hotplug_rooms;
	size_t hotplug_room_count;

	struct gpal_optional chipset_low_mmio;
	struct gpal_optional chipset_high_mmio;
	bool has_pinned_chipset_high_mmio; /* chipset high MMIO is exactly the next */
	struct gpal_range pinned_chipset_high_mmio;
	bool has_no_vmbus; /* without a chipset_high_mmio there is none */

	enum gpal_ecam ecam;
	const struct gpal_root_complex *root_complexes;
	size_t root_complex_count;
	const struct gpal_cxl_window *cxl_windows;
	size_t cxl_window_count;

	uint32_t virtio_mmio_slots;

	struct gpal_optional vtl2_chipset_mmio;
	bool has_vtl2_memory;
	uint64_t vtl2_memory_size;
	uint64_t vtl2_memory_alignment;
	uint64_t vtl2_framebuffer; /* 0: none */
	bool has_vtl2_alias_map;   /* VTL0 is mapped once more, with the highest address bit set */

	const struct gpal_named_range *reserved; /* names unique within the request */
	size_t reserved_count;

	/*
	 * The host's physical address width, 1..64; 0: not given, no check. Never moves a range.
	 * An alias map takes the highest bit of it.
	 */
	unsigned int host_physical_address_bits;

	/* Each once; one that lies in what is reserved already is left out of the layout. */
	const enum gpal_hole *host_holes;
	size_t host_hole_count;
};

/* "amd-hypertransport", "arm-msi"; static. NULL outside the enum. */
GPAL_API const char *gpal_hole_name(enum gpal_hole hole);

/* "smmuv3", "amd-vi", "intel-vtd"; static. NULL for GPAL_IOMMU_NONE and values outside the enum. */
GPAL_API const char *gpal_iommu_name(enum gpal_iommu iommu);

GPAL_END_DECLS

#endif
