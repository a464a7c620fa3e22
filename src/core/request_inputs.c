/* SPDX-License-Identifier: MIT */
/*
 * What a request and its policy ask of the allocator. The order in which things
 * are added here is part of the ABI: it breaks ties between windows of equal size
 * and alignment.
 */
#include "config.h"

#include "core/checked.h"
#include "core/error.h"
#include "core/resolution.h"

#include <assert.h>
#include <inttypes.h>

#define CXL_CHBCR_SIZE (64 * GPALD_KIB) /* CXL host bridge component registers */
#define CHIPSET_HIGH_ALIGNMENT (2 * GPALD_MIB)

/* Below 4 GiB guests find fixed devices: LAPIC, IOAPIC and TPM; GIC and PL011. */
static const uint64_t chipset_low_floor[GPAL_ARCH_COUNT] = {
	[GPAL_ARCH_X86_64] = 32 * GPALD_MIB,
	[GPAL_ARCH_AARCH64] = 272 * GPALD_MIB,
};

static const struct {
	const char *tag;
	uint64_t size;
} iommu_devices[GPAL_IOMMU_COUNT] = {
	[GPAL_IOMMU_SMMUV3] = { "smmu-", 128 * GPALD_KIB },
	[GPAL_IOMMU_AMD_VI] = { "amd-iommu-", 16 * GPALD_KIB },
	[GPAL_IOMMU_INTEL_VTD] = { "intel-vtd-", 4 * GPALD_KIB },
};

static bool init_inputs(struct gpald_resolution *r)
{
	const size_t rcs = r->request->root_complex_count;
	const size_t capacities[GPAL_KIND_COUNT] = {
		[GPAL_KIND_RESERVED] = 1 + r->request->reserved_count,
		[GPAL_KIND_FIXED] = 1 + 2 * rcs,
		[GPAL_KIND_MMIO32] = 1 + 3 * rcs,
		[GPAL_KIND_RAM] = r->request->node_count,
		[GPAL_KIND_MMIO64] = 1 + 4 * rcs,
		[GPAL_KIND_POST_MMIO] = 3,
	};

	for (int kind = 0; kind < GPAL_KIND_COUNT; kind++) {
		struct gpald_input_list *list = &r->inputs[kind];

		list->capacity = capacities[kind];
		list->origins = gpald_arena_alloc(r->arena, list->capacity, sizeof(*list->origins));
		if (kind == GPAL_KIND_RESERVED || kind == GPAL_KIND_FIXED)
			list->pinned =
				gpald_arena_alloc(r->arena, list->capacity, sizeof(*list->pinned));
		else
			list->demands =
				gpald_arena_alloc(r->arena, list->capacity, sizeof(*list->demands));
		if (!list->origins || (!list->pinned && !list->demands))
			return false;
	}
	return true;
}

static uint64_t value_or(struct gpal_optional optional, uint64_t otherwise)
{
	return optional.set ? optional.value : otherwise;
}

/* Decimal digits of a number, in `buffer`, without the cost of a format. */
static const char *decimal(uint64_t value, char buffer[24])
{
	char *at = buffer + 23;

	*at = '\0';
	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	return at;
}

static char *join(struct gpald_resolution *r, const char *a, const char *b, const char *c)
{
	return gpald_arena_join(r->arena, a, b, c);
}

/* Collecting the allocator's input. A tag of NULL means the arena is exhausted. */

static int add_origin(struct gpald_resolution *r, struct gpald_input_list *list, const char *tag,
		      enum gpal_subject subject, size_t index, struct gpal_range *target)
{
	if (!tag)
		return gpald_fail_plain(r->error, GPAL_E_NO_MEMORY);
	assert(list->count < list->capacity);
	list->origins[list->count] = (struct gpald_origin){ subject, index, target };
	return GPAL_OK;
}

static int add_pinned(struct gpald_resolution *r, enum gpal_kind kind, const char *tag,
		      struct gpal_range range, enum gpal_subject subject, size_t index,
		      struct gpal_range *target)
{
	struct gpald_input_list *list = &r->inputs[kind];
	int code = add_origin(r, list, tag, subject, index, target);

	if (code == GPAL_OK)
		list->pinned[list->count++] = (struct gpal_pinned){ tag, range };
	return code;
}

static int add_demand(struct gpald_resolution *r, enum gpal_kind kind, const char *tag,
		      uint64_t size, uint64_t alignment, enum gpal_subject subject, size_t index,
		      struct gpal_range *target)
{
	struct gpald_input_list *list = &r->inputs[kind];
	int code = add_origin(r, list, tag, subject, index, target);

	if (code == GPAL_OK)
		list->demands[list->count++] = (struct gpal_demand){ tag, size, alignment };
	return code;
}

static int add_reserved(struct gpald_resolution *r)
{
	const struct gpal_request *request = r->request;
	const uint64_t start =
		value_or(request->memory_start, r->defaults->memory_start[request->arch]);
	int code = GPAL_OK;

	if (start > 0)
		code = add_pinned(r, GPAL_KIND_RESERVED, "low-ram-gap",
				  (struct gpal_range){ 0, start }, GPAL_SUBJECT_MEMORY_START, 0,
				  NULL);
	for (size_t i = 0; code == GPAL_OK && i < request->reserved_count; i++)
		code = add_pinned(r, GPAL_KIND_RESERVED,
				  join(r, "reserved-", request->reserved[i].name, ""),
				  request->reserved[i].range, GPAL_SUBJECT_RESERVED, i, NULL);
	return code;
}

static int add_chipset(struct gpald_resolution *r)
{
	const struct gpal_request *request = r->request;
	const uint64_t high = value_or(request->chipset_high_mmio, r->defaults->high_mmio);
	uint64_t low = value_or(request->chipset_low_mmio, r->defaults->low_mmio[request->arch]);
	int code;

	if (low < chipset_low_floor[request->arch])
		low = chipset_low_floor[request->arch];
	if (!gpald_align_up(low, GPAL_PAGE_SIZE, &low) || low > GPAL_4GIB)
		return gpald_fail(r->error, GPAL_E_OUT_OF_RANGE, GPAL_SUBJECT_CHIPSET_LOW_MMIO, 0,
				  "chipset low MMIO does not fit below 4 GiB");
	code = add_pinned(r, GPAL_KIND_FIXED, "chipset-low-mmio",
			  (struct gpal_range){ GPAL_4GIB - low, GPAL_4GIB },
			  GPAL_SUBJECT_CHIPSET_LOW_MMIO, 0, &r->layout->chipset_low_mmio);
	if (code == GPAL_OK && high != 0)
		code = add_demand(r, GPAL_KIND_MMIO64, "chipset-high-mmio", high,
				  CHIPSET_HIGH_ALIGNMENT, GPAL_SUBJECT_CHIPSET_HIGH_MMIO, 0,
				  &r->layout->chipset_high_mmio);
	return code;
}

static int add_ecams(struct gpald_resolution *r)
{
	const enum gpal_ecam ecam = r->request->ecam == GPAL_ECAM_DEFAULT ? r->policy->ecam :
									    r->request->ecam;
	const enum gpal_kind kind = ecam == GPAL_ECAM_BELOW_4GIB ? GPAL_KIND_MMIO32 :
								   GPAL_KIND_MMIO64;
	int code = GPAL_OK;

	for (size_t i = 0; code == GPAL_OK && i < r->segment_count; i++) {
		struct gpald_segment *segment = &r->segments[i];
		const unsigned int buses = segment->layout.end_bus - segment->layout.start_bus + 1u;
		char number[24];

		code = add_demand(
			r, kind,
			join(r, "pcie-seg", decimal(segment->layout.segment, number), "-ecam"),
			buses * GPALD_ECAM_BYTES_PER_BUS, GPALD_ECAM_BYTES_PER_BUS,
			GPAL_SUBJECT_ROOT_COMPLEX, segment->first_root_complex,
			&segment->layout.ecam);
	}
	return code;
}

static int add_window(struct gpald_resolution *r, enum gpal_kind kind, const char *tag,
		      const struct gpal_window *window, uint64_t default_size, uint64_t alignment,
		      enum gpal_subject subject, size_t index, struct gpal_range *target)
{
	int code;

	if (window->kind != GPAL_WINDOW_PINNED)
		return add_demand(r, kind, tag,
				  window->kind == GPAL_WINDOW_SIZE ? window->size : default_size,
				  alignment, subject, index, target);
	if (!tag)
		return gpald_fail_plain(r->error, GPAL_E_NO_MEMORY);
	if (kind == GPAL_KIND_MMIO32 && window->range.end > GPAL_4GIB) {
		code = gpald_fail(r->error, GPAL_E_FIXED_LOW_MMIO_ABOVE_4GIB, subject, index,
				  "%s: pinned range 0x%" PRIx64 "-0x%" PRIx64
				  " must end at or below 4 GiB",
				  tag, window->range.start, window->range.end);
		if (r->error) {
			gpald_error_tag(r->error->tag, tag);
			r->error->range = window->range;
		}
		return code;
	}
	return add_pinned(r, GPAL_KIND_FIXED, tag, window->range, subject, index, target);
}

static int add_root_complexes(struct gpald_resolution *r)
{
	int code = GPAL_OK;

	for (size_t i = 0; code == GPAL_OK && i < r->request->root_complex_count; i++) {
		const struct gpal_root_complex *rc = &r->request->root_complexes[i];
		struct gpal_layout_root_complex *target = &r->root_complexes[i];

		code = add_window(r, GPAL_KIND_MMIO32, join(r, "pcie-", rc->name, "-low-mmio"),
				  &rc->low_mmio, r->policy->root_complex_low_mmio,
				  GPALD_LOW_WINDOW_ALIGNMENT, GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO, i,
				  &target->low_mmio);
		if (code == GPAL_OK)
			code = add_window(
				r, GPAL_KIND_MMIO64, join(r, "pcie-", rc->name, "-high-mmio"),
				&rc->high_mmio, r->policy->root_complex_high_mmio,
				GPALD_HIGH_WINDOW_ALIGNMENT, GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO, i,
				&target->high_mmio);
		if (code == GPAL_OK && rc->has_cxl)
			code = add_demand(r, GPAL_KIND_MMIO64,
					  join(r, "pcie-", rc->name, "-cxl-hdm"), rc->cxl_hdm,
					  GPALD_CXL_HDM_ALIGNMENT,
					  GPAL_SUBJECT_ROOT_COMPLEX_CXL_HDM, i, &target->cxl_hdm);
		if (code == GPAL_OK && rc->has_cxl)
			code = add_demand(r, GPAL_KIND_MMIO64,
					  join(r, "pcie-", rc->name, "-cxl-chbcr"), CXL_CHBCR_SIZE,
					  CXL_CHBCR_SIZE, GPAL_SUBJECT_ROOT_COMPLEX, i,
					  &target->cxl_chbcr);
	}
	return code;
}

static int add_devices(struct gpald_resolution *r)
{
	struct gpal_layout *layout = r->layout;
	const uint32_t slots = r->request->virtio_mmio_slots;
	int code = GPAL_OK;

	if (slots > 0)
		code = add_demand(r, GPAL_KIND_MMIO32, "virtio-mmio",
				  slots * GPALD_VIRTIO_MMIO_SLOT_SIZE, GPALD_VIRTIO_MMIO_SLOT_SIZE,
				  GPAL_SUBJECT_VIRTIO_MMIO_SLOTS, 0, &layout->virtio_mmio);
	layout->virtio_mmio_slots = slots;

	for (size_t i = 0; code == GPAL_OK && i < r->request->root_complex_count; i++) {
		const struct gpal_root_complex *rc = &r->request->root_complexes[i];
		struct gpal_layout_iommu *iommu = &r->iommus[layout->iommu_count];
		char number[24];

		if (rc->iommu == GPAL_IOMMU_NONE)
			continue;
		layout->iommu = rc->iommu;
		iommu->root_complex = r->root_complexes[i].name;
		code = add_demand(r, GPAL_KIND_MMIO32,
				  join(r, iommu_devices[rc->iommu].tag,
				       decimal(layout->iommu_count, number), ""),
				  iommu_devices[rc->iommu].size, iommu_devices[rc->iommu].size,
				  GPAL_SUBJECT_ROOT_COMPLEX_IOMMU, i, &iommu->range);
		layout->iommu_count++;
	}
	return code;
}

static int add_ram(struct gpald_resolution *r)
{
	int code = GPAL_OK;

	for (size_t i = 0; code == GPAL_OK && i < r->request->node_count; i++) {
		const uint64_t size = r->request->nodes[i];
		char number[24];

		if (size > 0)
			code = add_demand(r, GPAL_KIND_RAM, join(r, "ram", decimal(i, number), ""),
					  size, size < GPALD_GIB ? 2 * GPALD_MIB : GPALD_GIB,
					  GPAL_SUBJECT_MEMORY_NODE, i, NULL);
	}
	return code;
}

/* VTL2 goes above everything else, so that enabling it moves no VTL0 address. */
static int add_vtl2(struct gpald_resolution *r)
{
	const struct gpal_request *request = r->request;
	const uint64_t chipset =
		value_or(request->vtl2_chipset_mmio, r->defaults->vtl2_chipset_mmio);
	int code = GPAL_OK;

	if (chipset != 0)
		code = add_demand(r, GPAL_KIND_POST_MMIO, "vtl2-chipset-mmio", chipset,
				  2 * GPALD_MIB, GPAL_SUBJECT_VTL2_CHIPSET_MMIO, 0,
				  &r->layout->vtl2_chipset_mmio);
	if (code == GPAL_OK && request->has_vtl2_memory)
		code = add_demand(r, GPAL_KIND_POST_MMIO, "vtl2", request->vtl2_memory_size,
				  request->vtl2_memory_alignment, GPAL_SUBJECT_VTL2_MEMORY_SIZE, 0,
				  &r->layout->vtl2_memory);
	if (code == GPAL_OK && request->vtl2_framebuffer != 0)
		code = add_demand(r, GPAL_KIND_POST_MMIO, "vtl2-framebuffer",
				  request->vtl2_framebuffer, GPAL_PAGE_SIZE,
				  GPAL_SUBJECT_VTL2_FRAMEBUFFER, 0, &r->layout->vtl2_framebuffer);
	return code;
}

int gpald_collect_inputs(struct gpald_resolution *r)
{
	/* ABI: never reorder, only append. */
	static int (*const steps[])(struct gpald_resolution *) = {
		add_reserved, add_chipset, add_ecams, add_root_complexes,
		add_devices,  add_ram,     add_vtl2,
	};

	if (!init_inputs(r))
		return gpald_fail_plain(r->error, GPAL_E_NO_MEMORY);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		int code = steps[i](r);

		if (code)
			return code;
	}
	return GPAL_OK;
}
