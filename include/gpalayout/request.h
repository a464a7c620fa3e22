/* SPDX-License-Identifier: MIT */
/*
 * A request from a VM front end. It states sizes and leaves the addresses to the library.
 *
 * A zeroed struct gpal_request with at least one node that has RAM is a valid request for an
 * x86_64 gen2-uefi VM under the default policy. Sizes and addresses are in bytes. A size is
 * a multiple of 4096 unless stated otherwise.
 *
 * Threads: any thread may call the functions. Memory: the caller owns a request and the memory
 * behind its pointers. A function borrows it for the call, except a policy of the caller's own; see
 * struct gpal_request. Names are not NULL; a list may be NULL if its count is 0. Strings of the
 * functions below are static.
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

/* A value that a request may omit. */
struct gpal_optional {
	bool set;       /* false: the policy or the rule of the member applies */
	uint64_t value; /* if set */
};

/* How a request states an MMIO window of a root complex. */
enum gpal_window_kind {
	GPAL_WINDOW_DEFAULT, /* the policy's size, placed by the resolver */
	GPAL_WINDOW_SIZE,    /* this size, placed by the resolver */
	GPAL_WINDOW_PINNED,  /* exactly this range: its address is pinned */
	GPAL_WINDOW_NONE,    /* the root complex has no such window */
	GPAL_WINDOW_DEVICES, /* as large as its devices need, placed by the resolver */
	GPAL_WINDOW_COUNT
};

/*
 * A PCIe device, which is below a port of its own. Each of its BARs is a power of two of at
 * least 4096 bytes; state a smaller one as 4096.
 *
 * Source: the PCI-to-PCI Bridge Architecture Specification for the window of the port, and the
 * SR-IOV chapter of the PCI Express Base Specification for the BARs of virtual functions.
 */
struct gpal_device {
	const uint64_t *bars;    /* size of each BAR */
	size_t bar_count;        /* 1 to GPAL_BARS_MAX */
	bool has_sriov;          /* the device has virtual functions */
	uint32_t vfs;            /* if has_sriov: their number, 1 to GPAL_VFS_MAX */
	const uint64_t *vf_bars; /* if has_sriov: size of each BAR of one virtual function */
	size_t vf_bar_count;     /* 1 to GPAL_BARS_MAX */
};

#define GPAL_BARS_MAX 6
#define GPAL_VFS_MAX 256
#define GPAL_DEVICES_MAX 256 /* devices of a window */

/* A low or high MMIO window of a root complex. A zeroed one has the size of the policy. */
struct gpal_window {
	enum gpal_window_kind kind;
	uint64_t size;           /* for GPAL_WINDOW_SIZE: bytes, not 0 */
	struct gpal_range range; /* for GPAL_WINDOW_PINNED */

	/*
	 * For GPAL_WINDOW_SIZE: 0 for the usual alignment, or a power of two that is not below it.
	 * The usual alignment is 2 MiB for a low MMIO window and 1 GiB for a high one.
	 */
	uint64_t alignment;

	const struct gpal_device *devices; /* for GPAL_WINDOW_DEVICES */
	size_t device_count;               /* 1 to GPAL_DEVICES_MAX */
};

/* The kind of IOMMU of a root complex, and the architecture that has it. */
enum gpal_iommu {
	GPAL_IOMMU_NONE,
	GPAL_IOMMU_SMMUV3,    /* aarch64 */
	GPAL_IOMMU_AMD_VI,    /* x86_64 */
	GPAL_IOMMU_INTEL_VTD, /* x86_64 */
	GPAL_IOMMU_COUNT
};

/*
 * A root complex. Begin with GPAL_ROOT_COMPLEX_INIT(), which has the defaults of the protocol,
 * and change the members that differ. A zeroed struct with a name states no buses and is refused
 * with GPAL_E_INVALID_BUS_RANGE; otherwise it would be a root complex with a single bus. The name
 * must not be NULL.
 */
struct gpal_root_complex {
	const char *name;             /* unique in the request */
	uint16_t segment;             /* PCI segment group */
	bool has_buses;               /* start_bus and end_bus are stated; must be true */
	uint8_t start_bus;            /* first bus */
	uint8_t end_bus;              /* last bus, included */
	bool has_node;                /* `node` is stated */
	uint32_t node;                /* if has_node: index of the NUMA node */
	struct gpal_window low_mmio;  /* below 4 GiB */
	struct gpal_window high_mmio; /* placed above RAM and 4 GiB, unless pinned */
	bool has_cxl;                 /* the host bridge supports CXL */
	uint64_t cxl_hdm;             /* if has_cxl: memory window (HDM), n * 256 MiB, not 0 */
	bool has_no_cxl_hdm;          /* if has_cxl: registers only; cxl_hdm is ignored */
	enum gpal_iommu iommu;        /* one kind in a VM */
};

/*
 * Initialisers: a window of the policy's size; and a root complex of this name with segment 0,
 * buses 0 to 255, two such windows, no node, no CXL and no IOMMU.
 */
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

/* A reserved range. */
struct gpal_named_range {
	const char *name;
	struct gpal_range range;
};

/*
 * A room: address space for memory that is added to a node while the VM runs. Linux adds memory
 * in blocks of 128 MiB; on x86_64, of up to 2 GiB in guests of 64 GiB and more.
 */
struct gpal_hotplug_room {
	uint32_t node;                  /* index of the NUMA node */
	uint64_t size;                  /* not 0 */
	struct gpal_optional alignment; /* a power of two; not set: 2 GiB */
};

/*
 * A window of host-managed device memory that is interleaved over CXL host bridges: 1,
 * 2, 3, 4, 6, 8, 12 or 16 root complexes, each of which has CXL.
 *
 * Source of the numbers of targets, the granularities and the unit of the size: CXL 3.1, 9.18.1.
 */
struct gpal_cxl_window {
	const char *name;           /* unique in the request */
	const char *const *targets; /* names of root complexes, each once */
	size_t target_count;
	uint64_t size;        /* a multiple of 256 MiB * target_count, not 0 */
	uint32_t granularity; /* bytes that go to one target before the next: 2^8 to 2^14; 0: 256 */
};

#define GPAL_CXL_TARGETS_MAX 16

/*
 * Well-known ranges of hosts that a guest must not use. Each is reserved with the tag
 * reserved-NAME.
 *
 * Source: the AMD I/O Virtualization Technology (IOMMU) Specification, for the addresses that
 * AMD's IOMMU does not translate; MSI_IOVA_BASE in the SMMU driver of Linux.
 */
enum gpal_hole {
	GPAL_HOLE_AMD_HYPERTRANSPORT, /* x86_64: 0xfd00000000 to 0x10000000000 */
	GPAL_HOLE_ARM_MSI,            /* aarch64: 0x8000000 to 0x8100000 */
	GPAL_HOLE_COUNT
};

struct gpal_request {
	enum gpal_arch arch;
	/* NULL: gpal_policy_default(). A policy of your own must exist as long as the layout. */
	const struct gpal_policy *policy;
	enum gpal_profile profile;

	const uint64_t *nodes; /* RAM of each NUMA node, a multiple of 4096; 0: it has no RAM */
	size_t node_count;     /* at least 1 */
	struct gpal_optional memory_start; /* lowest address of RAM, except the low RAM window */

	/*
	 * Size of the low RAM window: the first bytes of node 0 lie at address 0, and the rest of
	 * the RAM at or above memory_start. A multiple of 2 MiB, no larger than node 0, below
	 * memory_start; 0: as the policy says.
	 */
	uint64_t memory_low_window;
	const struct gpal_hotplug_room *hotplug_rooms;
	size_t hotplug_room_count;

	/*
	 * Size, at most 4 GiB, rounded up to a multiple of 4096. A size below 32 MiB on x86_64, or
	 * 272 MiB on aarch64, is raised to that.
	 */
	struct gpal_optional chipset_low_mmio;
	struct gpal_optional chipset_high_mmio; /* size; 0: none */
	bool has_pinned_chipset_high_mmio;      /* pinned_chipset_high_mmio replaces the size */
	struct gpal_range pinned_chipset_high_mmio;
	bool has_no_vmbus; /* the default of chipset_high_mmio is 0 */

	enum gpal_ecam ecam;
	const struct gpal_root_complex *root_complexes;
	size_t root_complex_count;
	const struct gpal_cxl_window *cxl_windows;
	size_t cxl_window_count;

	uint32_t virtio_mmio_slots; /* GPAL_VIRTIO_MMIO_SLOT_SIZE each; 0: none */

	struct gpal_optional vtl2_chipset_mmio; /* size; 0: none */
	bool has_vtl2_memory;                   /* the next two are stated */
	uint64_t vtl2_memory_size;
	uint64_t vtl2_memory_alignment;
	uint64_t vtl2_framebuffer; /* size; 0: none */
	bool has_vtl2_alias_map;   /* VTL2 maps VTL0 again, with the highest address bit set */

	const struct gpal_named_range *reserved; /* names unique, also among the holes */
	size_t reserved_count;

	/*
	 * Physical address bits of the host, 1 to 64; 0: not known, so no limit. An alias map takes
	 * the highest bit. A layout above the limit is refused. gpal_resolve() never moves a range
	 * because of the limit. gpal_update() moves ranges if the layout that keeps them is above
	 * it, and only with GPAL_ALLOW_MOVES.
	 */
	unsigned int host_physical_address_bits;

	const enum gpal_hole *host_holes; /* each once; no effect inside a reserved range */
	size_t host_hole_count;
};

/*
 * gpal_hole_name - get the name of a hole, as in requests
 *
 * Returns a static string: "amd-hypertransport" or "arm-msi"; NULL if hole is not in the enum.
 */
GPAL_API const char *gpal_hole_name(enum gpal_hole hole);

/*
 * gpal_iommu_name - get the name of a kind of IOMMU, as in requests
 *
 * Returns a static string: "smmuv3", "amd-vi" or "intel-vtd"; NULL for GPAL_IOMMU_NONE and for a
 * value outside the enum.
 */
GPAL_API const char *gpal_iommu_name(enum gpal_iommu iommu);

GPAL_END_DECLS

#endif
