/* SPDX-License-Identifier: MIT */
/*
 * The naive resolver: checks a request, writes the allocator's input line by line, lets
 * oracle_allocate.c place it, and looks up every address of the layout by its tag. The figures of
 * the policies are repeated here on purpose.
 */
#include "oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIB UINT64_C(1024)
#define MIB (KIB * 1024)
#define GIB (MIB * 1024)
#define TIB (GIB * 1024)

/* The request with the defaults of its policy and profile filled in. */
struct figures {
	uint64_t memory_start;
	uint64_t low_mmio; /* rounded, and not below the architecture's floor */
	uint64_t high_mmio;
	uint64_t vtl2_chipset_mmio;
	bool ecam_above_4gib;
};

static bool named(const struct gpal_policy *policy, const char *name)
{
	return strcmp(policy->name, name) == 0;
}

static uint64_t chosen(struct gpal_optional value, uint64_t otherwise)
{
	return value.set ? value.value : otherwise;
}

static bool refuse(struct oracle *oracle, enum gpal_code code, enum gpal_subject subject,
		   size_t index)
{
	oracle->error.code = code;
	oracle->error.subject = subject;
	oracle->error.index = index;
	return false;
}

/* If several members are out of range, the oracle does not predict which one is named. */
static void refuse_out_of_range(struct oracle *oracle, enum gpal_subject subject, size_t index)
{
	bool first = oracle->error.code == GPAL_OK;

	refuse(oracle, GPAL_E_OUT_OF_RANGE, first ? subject : GPAL_SUBJECT_NONE, index);
	oracle->part_open |= !first;
}

/*
 * If a number of devices, BARs or virtual functions is out of its limits, the oracle does not
 * predict which one the error names.
 */
static void window_in_domain(struct oracle *oracle, const struct gpal_window *window,
			     enum gpal_subject subject, size_t index)
{
	if ((unsigned int)window->kind > GPAL_WINDOW_DEVICES)
		refuse_out_of_range(oracle, subject, index);
	if (window->kind == GPAL_WINDOW_DEVICES && !oracle_has_valid_counts(window)) {
		refuse_out_of_range(oracle, subject, index);
		oracle->part_open = true;
	}
}

static bool in_domain(struct oracle *oracle, const struct gpal_request *request)
{
	if ((unsigned int)request->arch >= GPAL_ARCH_COUNT)
		refuse_out_of_range(oracle, GPAL_SUBJECT_ARCH, 0);
	if ((unsigned int)request->profile >= GPAL_PROFILE_COUNT)
		refuse_out_of_range(oracle, GPAL_SUBJECT_PROFILE, 0);
	if ((unsigned int)request->ecam >= GPAL_ECAM_COUNT)
		refuse_out_of_range(oracle, GPAL_SUBJECT_PCIE_ECAM, 0);
	if (request->host_physical_address_bits > 64)
		refuse_out_of_range(oracle, GPAL_SUBJECT_HOST_BITS, 0);
	for (size_t i = 0; i < request->host_hole_count; i++) {
		if ((unsigned int)request->host_holes[i] >= GPAL_HOLE_COUNT)
			refuse_out_of_range(oracle, GPAL_SUBJECT_HOST_HOLE, i);
	}
	for (size_t i = 0; i < request->root_complex_count; i++) {
		const struct gpal_root_complex *rc = &request->root_complexes[i];

		window_in_domain(oracle, &rc->low_mmio, GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO, i);
		window_in_domain(oracle, &rc->high_mmio, GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO, i);
		if ((unsigned int)rc->iommu >= GPAL_IOMMU_COUNT)
			refuse_out_of_range(oracle, GPAL_SUBJECT_ROOT_COMPLEX_IOMMU, i);
	}
	for (size_t i = 0; i < request->cxl_window_count; i++) {
		static const size_t targets[] = { 1, 2, 3, 4, 6, 8, 12, 16 };
		const struct gpal_cxl_window *window = &request->cxl_windows[i];
		bool good = false;

		for (size_t j = 0; j < sizeof(targets) / sizeof(targets[0]); j++)
			good |= window->target_count == targets[j];
		if (!good)
			refuse_out_of_range(oracle, GPAL_SUBJECT_CXL_WINDOW_TARGETS, i);
		good = window->granularity == 0;
		for (uint32_t bytes = 256; bytes <= 16384; bytes *= 2)
			good |= window->granularity == bytes;
		if (!good)
			refuse_out_of_range(oracle, GPAL_SUBJECT_CXL_WINDOW_GRANULARITY, i);
	}
	if (request->chipset_low_mmio.set && request->chipset_low_mmio.value > 4 * GIB)
		refuse_out_of_range(oracle, GPAL_SUBJECT_CHIPSET_LOW_MMIO, 0);
	return oracle->error.code == GPAL_OK;
}

static struct figures fill_in(const struct gpal_request *request)
{
	const struct gpal_policy *policy = request->policy;
	bool x86 = request->arch == GPAL_ARCH_X86_64;
	bool unenlightened = request->profile == GPAL_PROFILE_LINUX_DIRECT_UNENLIGHTENED;
	bool direct = request->profile == GPAL_PROFILE_LINUX_DIRECT || unenlightened;
	bool oldest = policy && named(policy, "openvmm-2026.05");
	bool middle = policy && named(policy, "openvmm-2026.06");
	uint64_t low = chosen(request->chipset_low_mmio, x86 ? 128 * MIB : 512 * MIB);
	uint64_t least = x86 ? 32 * MIB : 272 * MIB;

	if (low % 4096 != 0)
		low += 4096 - low % 4096;
	return (struct figures){
		.memory_start = chosen(request->memory_start, direct && !x86 && !oldest ? GIB : 0),
		.low_mmio = low < least ? least : low,
		.high_mmio =
			chosen(request->chipset_high_mmio,
			       request->has_no_vmbus || (unenlightened && !oldest) ? 0 : 512 * MIB),
		.vtl2_chipset_mmio = chosen(request->vtl2_chipset_mmio,
					    request->profile == GPAL_PROFILE_HCL_HOST ? GIB : 0),
		.ecam_above_4gib = request->ecam == GPAL_ECAM_ABOVE_4GIB ||
				   (request->ecam == GPAL_ECAM_DEFAULT && !oldest && !middle),
	};
}

static bool good_memory(struct oracle *oracle, const struct gpal_request *request)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < request->node_count; i++) {
		if (request->nodes[i] > UINT64_MAX - sum)
			return refuse(oracle, GPAL_E_INVALID_MEMORY, GPAL_SUBJECT_NONE, 0);
		sum += request->nodes[i];
	}
	if (sum == 0)
		return refuse(oracle, GPAL_E_INVALID_MEMORY, GPAL_SUBJECT_MEMORY_NODES, 0);
	for (size_t i = 0; i < request->node_count; i++) {
		if (request->nodes[i] % 4096 != 0)
			return refuse(oracle, GPAL_E_INVALID_MEMORY, GPAL_SUBJECT_MEMORY_NODE, i);
	}
	return true;
}

struct gpal_named_range oracle_hole(enum gpal_hole hole)
{
	if (hole == GPAL_HOLE_ARM_MSI)
		return (struct gpal_named_range){ "arm-msi", { 128 * MIB, 129 * MIB } };
	return (struct gpal_named_range){ "amd-hypertransport", { UINT64_C(0xfd) << 32, TIB } };
}

static bool good_names_and_buses(struct oracle *oracle, const struct gpal_request *request)
{
	const struct gpal_root_complex *rcs = request->root_complexes;
	size_t count = request->root_complex_count;

	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (strcmp(rcs[i].name, rcs[j].name) == 0)
				return refuse(oracle, GPAL_E_DUPLICATE_NAME, GPAL_SUBJECT_NONE, 0);
		}
	}
	for (size_t i = 0; i < request->reserved_count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (strcmp(request->reserved[i].name, request->reserved[j].name) == 0)
				return refuse(oracle, GPAL_E_DUPLICATE_NAME, GPAL_SUBJECT_NONE, 0);
		}
	}
	for (size_t i = 0; i < request->host_hole_count; i++) {
		const char *name = oracle_hole(request->host_holes[i]).name;

		for (size_t j = 0; j < i; j++) {
			if (request->host_holes[j] == request->host_holes[i])
				return refuse(oracle, GPAL_E_DUPLICATE_NAME, GPAL_SUBJECT_NONE, 0);
		}
		for (size_t j = 0; j < request->reserved_count; j++) {
			if (strcmp(request->reserved[j].name, name) == 0)
				return refuse(oracle, GPAL_E_DUPLICATE_NAME, GPAL_SUBJECT_NONE, 0);
		}
	}
	for (size_t i = 0; i < request->host_hole_count; i++) {
		if ((request->host_holes[i] == GPAL_HOLE_ARM_MSI) !=
		    (request->arch == GPAL_ARCH_AARCH64))
			return refuse(oracle, GPAL_E_OUT_OF_RANGE, GPAL_SUBJECT_HOST_HOLE, i);
	}
	for (size_t i = 0; i < request->cxl_window_count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (strcmp(request->cxl_windows[i].name, request->cxl_windows[j].name))
				continue;
			oracle->index_open = true;
			return refuse(oracle, GPAL_E_DUPLICATE_NAME, GPAL_SUBJECT_CXL_WINDOW_NAME,
				      0);
		}
	}
	for (size_t i = 0; i < count; i++) {
		if (rcs[i].start_bus > rcs[i].end_bus)
			return refuse(oracle, GPAL_E_INVALID_BUS_RANGE,
				      GPAL_SUBJECT_ROOT_COMPLEX_START_BUS, i);
	}
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (rcs[i].segment == rcs[j].segment &&
			    rcs[i].start_bus <= rcs[j].end_bus &&
			    rcs[j].start_bus <= rcs[i].end_bus)
				return refuse(oracle, GPAL_E_BUS_OVERLAP, GPAL_SUBJECT_NONE, 0);
		}
	}
	return true;
}

static bool good_iommus(struct oracle *oracle, const struct gpal_request *request)
{
	const struct gpal_root_complex *rcs = request->root_complexes;
	size_t count = request->root_complex_count;
	enum gpal_iommu kind = GPAL_IOMMU_NONE;

	for (size_t i = 0; i < count; i++) {
		if (rcs[i].iommu == GPAL_IOMMU_NONE)
			continue;
		if (kind != GPAL_IOMMU_NONE && kind != rcs[i].iommu)
			return refuse(oracle, GPAL_E_MIXED_IOMMU, GPAL_SUBJECT_NONE, 0);
		kind = rcs[i].iommu;
	}
	for (size_t i = 0; i < count; i++) {
		bool arm = rcs[i].iommu == GPAL_IOMMU_SMMUV3;

		if (rcs[i].iommu != GPAL_IOMMU_NONE && arm != (request->arch == GPAL_ARCH_AARCH64))
			return refuse(oracle, GPAL_E_IOMMU_ARCH_MISMATCH,
				      GPAL_SUBJECT_ROOT_COMPLEX_IOMMU, i);
	}
	return true;
}

static bool has_cxl(const struct gpal_request *request, const char *name)
{
	for (size_t i = 0; i < request->root_complex_count; i++) {
		if (strcmp(request->root_complexes[i].name, name) == 0)
			return request->root_complexes[i].has_cxl;
	}
	return false;
}

static bool good_cxl_window(struct oracle *oracle, const struct gpal_request *request, size_t index)
{
	const struct gpal_cxl_window *window = &request->cxl_windows[index];
	struct gpal_error *error = &oracle->error;

	for (size_t k = 0; k < window->target_count; k++) {
		for (size_t j = 0; j < k; j++) {
			if (strcmp(window->targets[j], window->targets[k]) == 0)
				return refuse(oracle, GPAL_E_DUPLICATE_NAME,
					      GPAL_SUBJECT_CXL_WINDOW_TARGETS, index);
		}
	}
	for (size_t k = 0; k < window->target_count; k++) {
		if (has_cxl(request, window->targets[k]))
			continue;
		snprintf(error->part, sizeof(error->part), "/%zu", k);
		return refuse(oracle, GPAL_E_OUT_OF_RANGE, GPAL_SUBJECT_CXL_WINDOW_TARGETS, index);
	}
	if (window->size % (256 * MIB * window->target_count) != 0)
		return refuse(oracle, GPAL_E_INVALID_HDM, GPAL_SUBJECT_CXL_WINDOW_SIZE, index);
	return true;
}

static bool good_low_window(struct oracle *oracle, const struct gpal_request *request,
			    const struct figures *figures)
{
	uint64_t size = request->memory_low_window;

	return size == 0 ||
	       (size % (2 * MIB) == 0 && size <= request->nodes[0] &&
		size < figures->memory_start) ||
	       refuse(oracle, GPAL_E_INVALID_MEMORY, GPAL_SUBJECT_MEMORY_LOW_WINDOW, 0);
}

/* A BAR must be a power of two, and a stated alignment at least the usual one. */
static bool good_window(struct oracle *oracle, const struct gpal_root_complex *rc, bool high,
			size_t index)
{
	const struct gpal_window *window = high ? &rc->high_mmio : &rc->low_mmio;
	const enum gpal_subject subject = high ? GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO :
						 GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO;
	struct gpal_error *error = &oracle->error;
	uint64_t power = high ? GIB : 2 * MIB;
	uint64_t size, alignment;
	bool good = true;

	if (window->kind == GPAL_WINDOW_SIZE && window->alignment != 0) {
		while (power != 0 && power != window->alignment)
			power *= 2;
		if (power == 0) {
			error->alignment = window->alignment;
			good = refuse(oracle, GPAL_E_INVALID_ALIGNMENT, subject, index);
		}
	}
	if (window->kind == GPAL_WINDOW_DEVICES) {
		if (oracle_finds_bad_bar(window, error)) {
			good = refuse(oracle, GPAL_E_INVALID_SIZE, subject, index);
		} else if (!oracle_size_devices(window, power, &size, &alignment)) {
			snprintf(error->part, sizeof(error->part), "/devices");
			good = refuse(oracle, GPAL_E_INVALID_SIZE, subject, index);
		}
	}
	if (!good)
		snprintf(error->tag, sizeof(error->tag), "pcie-%s-%s-mmio", rc->name,
			 high ? "high" : "low");
	return good;
}

static bool good_rest(struct oracle *oracle, const struct gpal_request *request,
		      const struct figures *figures)
{
	const struct gpal_root_complex *rcs = request->root_complexes;
	size_t count = request->root_complex_count;

	for (size_t i = 0; i < count; i++) {
		/* 0 is a multiple of 256 MiB. The check of sizes refuses it later. */
		if (rcs[i].has_cxl && !rcs[i].has_no_cxl_hdm && rcs[i].cxl_hdm % (256 * MIB) != 0)
			return refuse(oracle, GPAL_E_INVALID_HDM, GPAL_SUBJECT_ROOT_COMPLEX_CXL_HDM,
				      i);
	}
	for (size_t i = 0; i < request->cxl_window_count; i++) {
		if (!good_cxl_window(oracle, request, i))
			return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (rcs[i].has_node && rcs[i].node >= request->node_count)
			return refuse(oracle, GPAL_E_NODE_OUT_OF_RANGE,
				      GPAL_SUBJECT_ROOT_COMPLEX_NODE, i);
	}
	for (size_t i = 0; i < request->hotplug_room_count; i++) {
		if (request->hotplug_rooms[i].node >= request->node_count)
			return refuse(oracle, GPAL_E_NODE_OUT_OF_RANGE, GPAL_SUBJECT_HOTPLUG_NODE,
				      i);
	}
	if (figures->memory_start % 4096 != 0)
		return refuse(oracle, GPAL_E_INVALID_MEMORY, GPAL_SUBJECT_MEMORY_START, 0);
	if (!good_low_window(oracle, request, figures))
		return false;
	for (size_t i = 0; i < 2 * count; i++) {
		if (!good_window(oracle, &rcs[i / 2], i % 2, i / 2))
			return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (rcs[i].low_mmio.kind != GPAL_WINDOW_PINNED ||
		    rcs[i].low_mmio.range.end <= 4 * GIB)
			continue;
		snprintf(oracle->error.tag, sizeof(oracle->error.tag), "pcie-%s-low-mmio",
			 rcs[i].name);
		oracle->error.range = rcs[i].low_mmio.range;
		return refuse(oracle, GPAL_E_FIXED_LOW_MMIO_ABOVE_4GIB,
			      GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO, i);
	}
	return true;
}

/* Adds one line of the allocator's input. */
static struct oracle_item *add_line(struct oracle *oracle, enum gpal_kind kind, const char *tag,
				    uint64_t size, uint64_t alignment, enum gpal_subject subject,
				    size_t subject_index)
{
	struct oracle_item *item = oracle_add(oracle, kind);

	snprintf(item->tag, sizeof(item->tag), "%s", tag);
	item->size = size;
	item->alignment = alignment;
	item->subject = subject;
	item->subject_index = subject_index;
	return item;
}

static void pin(struct oracle *oracle, enum gpal_kind kind, const char *tag,
		struct gpal_range range, enum gpal_subject subject, size_t subject_index)
{
	add_line(oracle, kind, tag, 0, 0, subject, subject_index)->range = range;
}

static void pin_hole(struct oracle *oracle, enum gpal_hole hole, size_t index)
{
	const struct gpal_named_range named = oracle_hole(hole);
	char tag[ORACLE_TAG_SIZE];

	for (size_t i = 0; i < oracle->item_count; i++) {
		const struct oracle_item *item = &oracle->items[i];

		if (item->kind == GPAL_KIND_RESERVED && item->range.start <= named.range.start &&
		    item->range.end >= named.range.end)
			return;
	}
	snprintf(tag, sizeof(tag), "reserved-%s", named.name);
	pin(oracle, GPAL_KIND_RESERVED, tag, named.range, GPAL_SUBJECT_HOST_HOLE, index);
}

static void window(struct oracle *oracle, enum gpal_kind kind, const char *tag,
		   const struct gpal_window *window, uint64_t otherwise, uint64_t alignment,
		   enum gpal_subject subject, size_t subject_index)
{
	uint64_t size = window->kind == GPAL_WINDOW_SIZE ? window->size : otherwise;
	bool stated = window->kind == GPAL_WINDOW_DEVICES;

	if (window->kind == GPAL_WINDOW_NONE)
		return;
	if (window->kind == GPAL_WINDOW_PINNED) {
		pin(oracle, GPAL_KIND_FIXED, tag, window->range, subject, subject_index);
		return;
	}
	if (window->kind == GPAL_WINDOW_SIZE && window->alignment != 0) {
		alignment = window->alignment;
		stated = true;
	}
	if (window->kind == GPAL_WINDOW_DEVICES)
		oracle_size_devices(window, alignment, &size, &alignment);
	add_line(oracle, kind, tag, size, alignment, subject, subject_index)->states_alignment =
		stated;
}

static void bus_span(const struct gpal_request *request, uint16_t segment, unsigned int *lowest,
		     unsigned int *highest)
{
	*lowest = 255;
	*highest = 0;
	for (size_t i = 0; i < request->root_complex_count; i++) {
		const struct gpal_root_complex *rc = &request->root_complexes[i];

		if (rc->segment != segment)
			continue;
		if (rc->start_bus < *lowest)
			*lowest = rc->start_bus;
		if (rc->end_bus > *highest)
			*highest = rc->end_bus;
	}
}

/* Returns true if root complex `index` is the first of its segment. */
static bool opens_segment(const struct gpal_request *request, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (request->root_complexes[i].segment == request->root_complexes[index].segment)
			return false;
	}
	return true;
}

static void write_chipset(struct oracle *oracle, const struct gpal_request *request,
			  const struct figures *figures)
{
	char tag[ORACLE_TAG_SIZE];

	if (figures->memory_start > 0)
		pin(oracle, GPAL_KIND_RESERVED, "low-ram-gap",
		    (struct gpal_range){ request->memory_low_window, figures->memory_start },
		    GPAL_SUBJECT_MEMORY_START, 0);
	for (size_t i = 0; i < request->reserved_count; i++) {
		snprintf(tag, sizeof(tag), "reserved-%s", request->reserved[i].name);
		pin(oracle, GPAL_KIND_RESERVED, tag, request->reserved[i].range,
		    GPAL_SUBJECT_RESERVED, i);
	}
	for (size_t i = 0; i < request->host_hole_count; i++)
		pin_hole(oracle, request->host_holes[i], i);
	pin(oracle, GPAL_KIND_FIXED, "chipset-low-mmio",
	    (struct gpal_range){ 4 * GIB - figures->low_mmio, 4 * GIB },
	    GPAL_SUBJECT_CHIPSET_LOW_MMIO, 0);
	if (request->has_pinned_chipset_high_mmio)
		pin(oracle, GPAL_KIND_FIXED, "chipset-high-mmio", request->pinned_chipset_high_mmio,
		    GPAL_SUBJECT_CHIPSET_HIGH_MMIO, 0);
	else if (figures->high_mmio > 0)
		add_line(oracle, GPAL_KIND_MMIO64, "chipset-high-mmio", figures->high_mmio, 2 * MIB,
			 GPAL_SUBJECT_CHIPSET_HIGH_MMIO, 0);
}

static void write_pcie(struct oracle *oracle, const struct gpal_request *request,
		       const struct figures *figures)
{
	const struct gpal_root_complex *rcs = request->root_complexes;
	char tag[ORACLE_TAG_SIZE];

	for (size_t i = 0; i < request->root_complex_count; i++) {
		unsigned int lowest;
		unsigned int highest;

		if (!opens_segment(request, i))
			continue;
		bus_span(request, rcs[i].segment, &lowest, &highest);
		snprintf(tag, sizeof(tag), "pcie-seg%u-ecam", (unsigned int)rcs[i].segment);
		add_line(oracle, figures->ecam_above_4gib ? GPAL_KIND_MMIO64 : GPAL_KIND_MMIO32,
			 tag, (highest - lowest + 1) * MIB, MIB, GPAL_SUBJECT_NONE, 0);
	}
	for (size_t i = 0; i < request->root_complex_count; i++) {
		snprintf(tag, sizeof(tag), "pcie-%s-low-mmio", rcs[i].name);
		window(oracle, GPAL_KIND_MMIO32, tag, &rcs[i].low_mmio, 64 * MIB, 2 * MIB,
		       GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO, i);
		snprintf(tag, sizeof(tag), "pcie-%s-high-mmio", rcs[i].name);
		window(oracle, GPAL_KIND_MMIO64, tag, &rcs[i].high_mmio, GIB, GIB,
		       GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO, i);
		if (!rcs[i].has_cxl)
			continue;
		snprintf(tag, sizeof(tag), "pcie-%s-cxl-hdm", rcs[i].name);
		if (!rcs[i].has_no_cxl_hdm)
			add_line(oracle, GPAL_KIND_MMIO64, tag, rcs[i].cxl_hdm, 256 * MIB,
				 GPAL_SUBJECT_ROOT_COMPLEX_CXL_HDM, i);
		snprintf(tag, sizeof(tag), "pcie-%s-cxl-chbcr", rcs[i].name);
		add_line(oracle, GPAL_KIND_MMIO64, tag, 64 * KIB, 64 * KIB, GPAL_SUBJECT_NONE, i);
	}
	for (size_t i = 0; i < request->cxl_window_count; i++) {
		snprintf(tag, sizeof(tag), "cxl-window-%s", request->cxl_windows[i].name);
		add_line(oracle, GPAL_KIND_MMIO64, tag, request->cxl_windows[i].size, 256 * MIB,
			 GPAL_SUBJECT_CXL_WINDOW_SIZE, i);
	}
}

static void iommu_tag(char tag[ORACLE_TAG_SIZE], enum gpal_iommu kind, size_t number)
{
	const char *stem = kind == GPAL_IOMMU_SMMUV3 ? "smmu" :
			   kind == GPAL_IOMMU_AMD_VI ? "amd-iommu" :
						       "intel-vtd";

	snprintf(tag, ORACLE_TAG_SIZE, "%s-%zu", stem, number);
}

static void write_devices(struct oracle *oracle, const struct gpal_request *request)
{
	char tag[ORACLE_TAG_SIZE];
	size_t number = 0;

	if (request->virtio_mmio_slots > 0)
		add_line(oracle, GPAL_KIND_MMIO32, "virtio-mmio",
			 request->virtio_mmio_slots * 4 * KIB, 4 * KIB,
			 GPAL_SUBJECT_VIRTIO_MMIO_SLOTS, 0);
	for (size_t i = 0; i < request->root_complex_count; i++) {
		enum gpal_iommu kind = request->root_complexes[i].iommu;
		uint64_t size = kind == GPAL_IOMMU_SMMUV3 ? 128 * KIB :
				kind == GPAL_IOMMU_AMD_VI ? 16 * KIB :
							    4 * KIB;

		if (kind == GPAL_IOMMU_NONE)
			continue;
		iommu_tag(tag, kind, number++);
		add_line(oracle, GPAL_KIND_MMIO32, tag, size, size, GPAL_SUBJECT_ROOT_COMPLEX_IOMMU,
			 i);
	}
}

static void write_memory(struct oracle *oracle, const struct gpal_request *request,
			 const struct figures *figures)
{
	const uint64_t low = request->memory_low_window;
	char tag[ORACLE_TAG_SIZE];

	if (low > 0)
		add_line(oracle, GPAL_KIND_RAM, "ram0", low, 2 * MIB,
			 GPAL_SUBJECT_MEMORY_LOW_WINDOW, 0)
			->ceiling = low;
	for (size_t i = 0; i < request->node_count; i++) {
		const uint64_t rest = request->nodes[i] - (i == 0 ? low : 0);

		if (rest == 0)
			continue;
		snprintf(tag, sizeof(tag), "ram%zu", i);
		add_line(oracle, GPAL_KIND_RAM, tag, rest, request->nodes[i] < GIB ? 2 * MIB : GIB,
			 GPAL_SUBJECT_MEMORY_NODE, i);
	}
	for (size_t i = 0; i < request->hotplug_room_count; i++) {
		const struct gpal_hotplug_room *room = &request->hotplug_rooms[i];
		struct oracle_item *item;

		snprintf(tag, sizeof(tag), "hotplug-%zu", i);
		item = add_line(oracle, GPAL_KIND_POST_MMIO, tag, room->size,
				chosen(room->alignment, 2 * GIB), GPAL_SUBJECT_HOTPLUG_SIZE, i);
		item->alignment_subject = GPAL_SUBJECT_HOTPLUG_ALIGNMENT;
		item->states_alignment = room->alignment.set;
	}
	if (figures->vtl2_chipset_mmio > 0)
		add_line(oracle, GPAL_KIND_POST_MMIO, "vtl2-chipset-mmio",
			 figures->vtl2_chipset_mmio, 2 * MIB, GPAL_SUBJECT_VTL2_CHIPSET_MMIO, 0);
	if (request->has_vtl2_memory)
		add_line(oracle, GPAL_KIND_POST_MMIO, "vtl2", request->vtl2_memory_size,
			 request->vtl2_memory_alignment, GPAL_SUBJECT_NONE, 0);
	if (request->vtl2_framebuffer > 0)
		add_line(oracle, GPAL_KIND_POST_MMIO, "vtl2-framebuffer", request->vtl2_framebuffer,
			 4 * KIB, GPAL_SUBJECT_VTL2_FRAMEBUFFER, 0);
}

/* Returns the only range with that tag, or an empty one. */
static struct gpal_range where(const struct oracle *oracle, const char *tag)
{
	for (size_t i = 0; i < oracle->placed_count; i++) {
		if (oracle->placed[i].kind != GPAL_KIND_RESERVED &&
		    strcmp(oracle->placed[i].tag, tag) == 0)
			return oracle->placed[i].range;
	}
	return (struct gpal_range){ 0, 0 };
}

static struct gpal_range where_of(const struct oracle *oracle, const char *name, const char *what)
{
	char tag[ORACLE_TAG_SIZE];

	snprintf(tag, sizeof(tag), "pcie-%s-%s", name, what);
	return where(oracle, tag);
}

/* Returns the lowest segment number from `from` on, or one above UINT16_MAX if there is none. */
static unsigned int next_segment(const struct gpal_request *request, unsigned int from)
{
	unsigned int next = UINT16_MAX + 1U;

	for (size_t i = 0; i < request->root_complex_count; i++) {
		const unsigned int segment = request->root_complexes[i].segment;

		if (segment >= from && segment < next)
			next = segment;
	}
	return next;
}

static bool read_segments(struct oracle *oracle, const struct gpal_request *request)
{
	struct gpal_layout_segment *segments =
		oracle_zalloc(request->root_complex_count, sizeof(*segments));
	size_t count = 0;

	oracle->layout.segments = segments;
	for (unsigned int number = next_segment(request, 0); number <= UINT16_MAX;
	     number = next_segment(request, number + 1)) {
		char tag[ORACLE_TAG_SIZE];
		unsigned int lowest = 0;
		unsigned int highest = 0;
		struct gpal_range block;

		bus_span(request, (uint16_t)number, &lowest, &highest);
		snprintf(tag, sizeof(tag), "pcie-seg%u-ecam", number);
		block = where(oracle, tag);
		if (block.start < 256 * MIB) {
			oracle->layout.segment_count = 0;
			return refuse(oracle, GPAL_E_ECAM_BELOW_MINIMUM, GPAL_SUBJECT_NONE, 0);
		}
		segments[count++] = (struct gpal_layout_segment){
			.segment = (uint16_t)number,
			.start_bus = (uint8_t)lowest,
			.end_bus = (uint8_t)highest,
			.ecam = block,
			.bus0_base = block.start - lowest * MIB,
		};
	}
	oracle->layout.segment_count = count;
	return true;
}

static void read_root_complexes(struct oracle *oracle, const struct gpal_request *request)
{
	struct gpal_layout *layout = &oracle->layout;
	struct gpal_layout_root_complex *rcs =
		oracle_zalloc(request->root_complex_count, sizeof(*rcs));
	struct gpal_layout_iommu *iommus =
		oracle_zalloc(request->root_complex_count, sizeof(*iommus));

	layout->root_complexes = rcs;
	layout->root_complex_count = request->root_complex_count;
	layout->iommus = iommus;
	for (size_t i = 0; i < request->root_complex_count; i++) {
		const struct gpal_root_complex *asked = &request->root_complexes[i];

		rcs[i].name = asked->name;
		rcs[i].segment = asked->segment;
		rcs[i].start_bus = asked->start_bus;
		rcs[i].end_bus = asked->end_bus;
		rcs[i].has_node = asked->has_node;
		rcs[i].node = asked->has_node ? asked->node : 0;
		for (size_t s = 0; s < layout->segment_count; s++) {
			if (layout->segments[s].segment != asked->segment)
				continue;
			rcs[i].ecam.start = layout->segments[s].bus0_base + asked->start_bus * MIB;
			rcs[i].ecam.end =
				layout->segments[s].bus0_base + (asked->end_bus + 1) * MIB;
		}
		rcs[i].low_mmio = where_of(oracle, asked->name, "low-mmio");
		rcs[i].high_mmio = where_of(oracle, asked->name, "high-mmio");
		rcs[i].has_cxl = asked->has_cxl;
		if (asked->has_cxl) {
			rcs[i].cxl_hdm = where_of(oracle, asked->name, "cxl-hdm");
			rcs[i].cxl_chbcr = where_of(oracle, asked->name, "cxl-chbcr");
		}
		if (asked->iommu != GPAL_IOMMU_NONE) {
			char tag[ORACLE_TAG_SIZE];

			layout->iommu = asked->iommu;
			iommu_tag(tag, asked->iommu, layout->iommu_count);
			iommus[layout->iommu_count++] =
				(struct gpal_layout_iommu){ asked->name, where(oracle, tag) };
		}
	}
}

static void read_memory(struct oracle *oracle, const struct gpal_request *request)
{
	struct gpal_layout *layout = &oracle->layout;
	struct gpal_ram_extent *ram = oracle_zalloc(oracle->placed_count, sizeof(*ram));

	layout->ram = ram;
	for (size_t i = 0; i < oracle->placed_count; i++) {
		if (oracle->placed[i].kind != GPAL_KIND_RAM)
			continue;
		ram[layout->ram_count++] = (struct gpal_ram_extent){
			.node = (uint32_t)strtoul(oracle->placed[i].tag + strlen("ram"), NULL, 10),
			.range = oracle->placed[i].range,
		};
		layout->end_of_ram = oracle->placed[i].range.end;
	}
	for (size_t i = 0; i < request->node_count; i++)
		layout->ram_size += request->nodes[i];
}

static void read_hotplug_rooms(struct oracle *oracle, const struct gpal_request *request)
{
	struct gpal_layout_hotplug_room *rooms =
		oracle_zalloc(request->hotplug_room_count, sizeof(*rooms));
	char tag[ORACLE_TAG_SIZE];

	for (size_t i = 0; i < request->hotplug_room_count; i++) {
		snprintf(tag, sizeof(tag), "hotplug-%zu", i);
		rooms[i].node = request->hotplug_rooms[i].node;
		rooms[i].range = where(oracle, tag);
	}
	oracle->layout.hotplug_rooms = rooms;
	oracle->layout.hotplug_room_count = request->hotplug_room_count;
}

static void read_cxl_windows(struct oracle *oracle, const struct gpal_request *request)
{
	struct gpal_layout_cxl_window *windows =
		oracle_zalloc(request->cxl_window_count, sizeof(*windows));
	char tag[ORACLE_TAG_SIZE];

	for (size_t i = 0; i < request->cxl_window_count; i++) {
		const struct gpal_cxl_window *asked = &request->cxl_windows[i];

		snprintf(tag, sizeof(tag), "cxl-window-%s", asked->name);
		windows[i] = (struct gpal_layout_cxl_window){
			.name = asked->name,
			.range = where(oracle, tag),
			.targets = asked->targets,
			.target_count = asked->target_count,
			.granularity = asked->granularity ? asked->granularity : 256,
		};
	}
	oracle->layout.cxl_windows = windows;
	oracle->layout.cxl_window_count = request->cxl_window_count;
}

static void raise_end(struct gpal_layout *layout, struct gpal_range range)
{
	if (range.end > range.start && range.end > layout->end_of_layout)
		layout->end_of_layout = range.end;
}

static void read_ends(struct oracle *oracle)
{
	struct gpal_layout *layout = &oracle->layout;
	uint64_t power = 1;

	for (size_t i = 0; i < layout->ram_count; i++)
		raise_end(layout, layout->ram[i].range);
	raise_end(layout, layout->chipset_low_mmio);
	raise_end(layout, layout->chipset_high_mmio);
	raise_end(layout, layout->vtl2_chipset_mmio);
	for (size_t i = 0; i < layout->hotplug_room_count; i++)
		raise_end(layout, layout->hotplug_rooms[i].range);
	for (size_t i = 0; i < layout->segment_count; i++)
		raise_end(layout, layout->segments[i].ecam);
	for (size_t i = 0; i < layout->root_complex_count; i++) {
		raise_end(layout, layout->root_complexes[i].low_mmio);
		raise_end(layout, layout->root_complexes[i].high_mmio);
	}

	layout->top = oracle->placed[oracle->placed_count - 1].range.end;
	/*
	 * 2^64 is above every top, but does not fit in 64 bits. The result is 64 if 2^63 is too
	 * small.
	 */
	layout->required_address_bits = 0;
	while (layout->required_address_bits < 63 && power < layout->top) {
		power *= 2;
		layout->required_address_bits++;
	}
	if (power < layout->top)
		layout->required_address_bits = 64;
	if (layout->has_vtl2_alias_map)
		layout->required_address_bits++;
}

/*
 * Returns true if the window has no aligned place for a BAR of the greatest power of two up to its
 * size.
 */
static bool lacks_largest_bar(struct gpal_range window)
{
	uint64_t size = window.end - window.start, bar = 1, start;

	while (bar <= size / 2)
		bar *= 2;
	for (start = window.start / bar * bar; start < window.start;)
		start += bar;
	return start + bar < start || start + bar > window.end;
}

static void read_more_warnings(struct oracle *oracle, const struct gpal_request *request)
{
	const struct gpal_range hole = oracle_hole(GPAL_HOLE_AMD_HYPERTRANSPORT).range;
	const struct gpal_layout *layout = &oracle->layout;

	for (size_t i = 0; i < oracle->placed_count; i++) {
		const struct gpal_map_entry *entry = &oracle->placed[i];
		uint64_t above = 0;

		if (entry->kind != GPAL_KIND_RESERVED && layout->iommu == GPAL_IOMMU_AMD_VI &&
		    entry->range.start < hole.end && entry->range.end > hole.start)
			oracle->warned[GPAL_WARN_AMD_VI_CROSSES_HYPERTRANSPORT] = true;
		for (size_t j = 0; j < layout->ram_count; j++) {
			if (layout->ram[j].range.start >= entry->range.end)
				above += layout->ram[j].range.end - layout->ram[j].range.start;
		}
		if (entry->kind == GPAL_KIND_FIXED && entry->range.start >= 4 * GIB &&
		    above > layout->ram_size - above)
			oracle->warned[GPAL_WARN_MOST_RAM_ABOVE_PINNED_WINDOW] = true;
	}
	oracle->warned[GPAL_WARN_NO_RAM_BELOW_1GIB] = request->arch == GPAL_ARCH_AARCH64 &&
						      request->profile == GPAL_PROFILE_GEN2_UEFI &&
						      layout->ram[0].range.start >= GIB;
}

/* Returns true if a room starts or ends within a memory block of a guest with this much memory. */
static bool has_room_off_block(const struct gpal_layout *layout)
{
	uint64_t memory = layout->ram_size, block;

	for (size_t i = 0; i < layout->hotplug_room_count; i++)
		memory += layout->hotplug_rooms[i].range.end - layout->hotplug_rooms[i].range.start;
	block = memory >= 64 * GIB ? 2 * GIB : 128 * MIB;
	for (size_t i = 0; i < layout->hotplug_room_count; i++) {
		if (layout->hotplug_rooms[i].range.start % block != 0 ||
		    layout->hotplug_rooms[i].range.end % block != 0)
			return true;
	}
	return false;
}

static void read_warnings(struct oracle *oracle, const struct gpal_request *request)
{
	bool x86 = request->arch == GPAL_ARCH_X86_64;
	size_t vtds = 0;

	for (size_t i = 0; i < request->root_complex_count; i++) {
		const struct gpal_root_complex *rc = &request->root_complexes[i];
		bool low = rc->low_mmio.kind == GPAL_WINDOW_PINNED;
		bool high = rc->high_mmio.kind == GPAL_WINDOW_PINNED;

		vtds += rc->iommu == GPAL_IOMMU_INTEL_VTD;
		if ((high ||
		     (rc->high_mmio.kind == GPAL_WINDOW_SIZE && !rc->high_mmio.alignment)) &&
		    lacks_largest_bar(oracle->layout.root_complexes[i].high_mmio))
			oracle->warned[GPAL_WARN_LARGEST_BAR_BELOW_SIZE] = true;
		if (high && rc->high_mmio.range.start < 4 * GIB)
			oracle->warned[GPAL_WARN_PINNED_HIGH_MMIO_BELOW_4GIB] = true;
		if ((low && rc->low_mmio.range.start % (2 * MIB) != 0) ||
		    (high && rc->high_mmio.range.start % GIB != 0))
			oracle->warned[GPAL_WARN_PINNED_WINDOW_UNALIGNED] = true;
	}
	if (request->has_pinned_chipset_high_mmio) {
		const uint64_t start = request->pinned_chipset_high_mmio.start;

		if (start < 4 * GIB)
			oracle->warned[GPAL_WARN_PINNED_HIGH_MMIO_BELOW_4GIB] = true;
		if (start % (2 * MIB) != 0)
			oracle->warned[GPAL_WARN_PINNED_WINDOW_UNALIGNED] = true;
	}
	read_more_warnings(oracle, request);
	oracle->warned[GPAL_WARN_RAM_NOT_AT_ZERO] = x86 && oracle->layout.ram[0].range.start != 0;
	oracle->warned[GPAL_WARN_MANY_VIRTIO_MMIO_SLOTS] = x86 && request->virtio_mmio_slots > 100;
	oracle->warned[GPAL_WARN_PARTIAL_INTEL_VTD] = vtds > 0 &&
						      vtds < request->root_complex_count;
	oracle->warned[GPAL_WARN_HOTPLUG_OFF_BLOCK] = has_room_off_block(&oracle->layout);
	oracle->warned[GPAL_WARN_NO_LOW_MEMORY] = oracle->layout.chipset_low_mmio.start == 0;
}

static bool fits_host(struct oracle *oracle, const struct gpal_request *request)
{
	const struct gpal_map_entry *last = &oracle->placed[oracle->placed_count - 1];
	unsigned int bits = request->host_physical_address_bits;

	if (bits == 0 || oracle->layout.required_address_bits <= bits)
		return true;
	snprintf(oracle->error.tag, sizeof(oracle->error.tag), "%s", last->tag);
	oracle->error.range = last->range;
	oracle->error.bits = bits;
	oracle->error.required_bits = oracle->layout.required_address_bits;
	bits -= oracle->layout.has_vtl2_alias_map;
	oracle->error.excess = oracle->layout.top - (UINT64_C(1) << bits);
	for (size_t i = 0; i < oracle->placed_count; i++) {
		uint64_t sum = 0;

		for (size_t j = 0; j < oracle->placed_count; j++)
			if (oracle->placed[i].kind != GPAL_KIND_RESERVED &&
			    strcmp(oracle->placed[i].tag, oracle->placed[j].tag) == 0)
				sum += oracle->placed[j].range.end - oracle->placed[j].range.start;
		if (sum > oracle->error.largest_tag_size) {
			oracle->error.largest_tag_size = sum;
			snprintf(oracle->error.largest_tag, sizeof(oracle->error.largest_tag), "%s",
				 oracle->placed[i].tag);
		}
	}
	return refuse(oracle, GPAL_E_ADDRESS_WIDTH_EXCEEDED, GPAL_SUBJECT_NONE, 0);
}

struct oracle *oracle_resolve_around(const struct gpal_layout *live,
				     const struct gpal_request *request)
{
	struct oracle *oracle = oracle_zalloc(1, sizeof(*oracle));
	struct gpal_layout *layout = &oracle->layout;
	struct figures figures;

	if (!in_domain(oracle, request))
		return oracle;
	figures = fill_in(request);
	if (!good_memory(oracle, request) || !good_names_and_buses(oracle, request) ||
	    !good_iommus(oracle, request) || !good_rest(oracle, request, &figures))
		return oracle;

	write_chipset(oracle, request, &figures);
	write_pcie(oracle, request, &figures);
	write_devices(oracle, request);
	write_memory(oracle, request, &figures);
	if ((live && !oracle_keep(oracle, live, request)) || !oracle_place(oracle))
		return oracle;

	layout->arch = request->arch;
	layout->policy = request->policy;
	layout->profile = request->profile;
	layout->has_vtl2_alias_map = request->has_vtl2_alias_map;
	layout->chipset_low_mmio = where(oracle, "chipset-low-mmio");
	layout->chipset_high_mmio = where(oracle, "chipset-high-mmio");
	layout->virtio_mmio = where(oracle, "virtio-mmio");
	layout->virtio_mmio_slots = request->virtio_mmio_slots;
	layout->vtl2_chipset_mmio = where(oracle, "vtl2-chipset-mmio");
	layout->vtl2_memory = where(oracle, "vtl2");
	layout->vtl2_framebuffer = where(oracle, "vtl2-framebuffer");
	layout->map.entries = oracle->placed;
	layout->map.count = oracle->placed_count;
	read_memory(oracle, request);
	if (!read_segments(oracle, request))
		return oracle;
	read_root_complexes(oracle, request);
	read_hotplug_rooms(oracle, request);
	read_cxl_windows(oracle, request);
	read_ends(oracle);
	read_warnings(oracle, request);
	if (fits_host(oracle, request))
		oracle_digest(layout, oracle->digest);
	return oracle;
}

struct oracle *oracle_resolve(const struct gpal_request *request)
{
	return oracle_resolve_around(NULL, request);
}
