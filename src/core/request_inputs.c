/* SPDX-License-Identifier: MIT */
/*
 * Turns a request and its policy into the input of the allocator. The order in which ranges are
 * added is part of the ABI: it breaks ties between windows of equal size and alignment.
 */
#include "config.h"

#include "core/checked.h"
#include "core/devices.h"
#include "core/error.h"
#include "core/holes.h"
#include "core/request_limits.h"
#include "core/resolution.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define CXL_CHBCR_SIZE (64 * GPALD_KIB) /* CXL host bridge component registers */
#define CHIPSET_HIGH_ALIGNMENT (2 * GPALD_MIB)

static const uint64_t chipset_low_mmio_min[GPAL_ARCH_COUNT] = {
	[GPAL_ARCH_X86_64] = GPALD_CHIPSET_LOW_MMIO_MIN_X86_64,
	[GPAL_ARCH_AARCH64] = GPALD_CHIPSET_LOW_MMIO_MIN_AARCH64,
};

static enum gpal_kind ecam_kind(const struct gpald_resolution *r)
{
	const enum gpal_ecam ecam = r->request->ecam == GPAL_ECAM_DEFAULT ? r->policy->ecam :
									    r->request->ecam;

	return ecam == GPAL_ECAM_BELOW_4GIB ? GPAL_KIND_MMIO32 : GPAL_KIND_MMIO64;
}

/* Returns the length of a number that ends, with a NUL, at the end of its buffer. */
static size_t decimal_length(const char *number, const char buffer[GPALD_DECIMAL_SIZE])
{
	return (size_t)(buffer + GPALD_DECIMAL_SIZE - 1 - number);
}

/* Counts how many ranges of each kind there can be at most. */
static void count_inputs(const struct gpald_resolution *r, size_t counts[GPAL_KIND_COUNT])
{
	const struct gpal_request *request = r->request;
	size_t pinned_low = 0, pinned_high = 0, cxl = 0, iommus = 0;

	for (size_t i = 0; i < request->root_complex_count; i++) {
		const struct gpal_root_complex *rc = &request->root_complexes[i];

		pinned_low += rc->low_mmio.kind == GPAL_WINDOW_PINNED;
		pinned_high += rc->high_mmio.kind == GPAL_WINDOW_PINNED;
		cxl += rc->has_cxl;
		iommus += rc->iommu != GPAL_IOMMU_NONE;
	}
	counts[GPAL_KIND_RESERVED] = 1 + gpald_reserved_count(request);
	counts[GPAL_KIND_FIXED] = 2 + pinned_low + pinned_high;
	counts[GPAL_KIND_MMIO32] = 1 + request->root_complex_count - pinned_low + iommus;
	counts[GPAL_KIND_RAM] = 1 + request->node_count;
	counts[GPAL_KIND_MMIO64] =
		1 + request->root_complex_count - pinned_high + 2 * cxl + request->cxl_window_count;
	counts[GPAL_KIND_POST_MMIO] = 3 + request->hotplug_room_count;
	counts[ecam_kind(r)] += r->segment_count;
}

static bool init_inputs(struct gpald_resolution *r)
{
	size_t counts[GPAL_KIND_COUNT], pinned_count, total = 0;
	struct gpald_origin *origins;
	struct gpal_pinned *pinned;
	struct gpal_demand *demands;

	count_inputs(r, counts);
	for (int kind = 0; kind < GPAL_KIND_COUNT; kind++)
		total += counts[kind];
	pinned_count = counts[GPAL_KIND_RESERVED] + counts[GPAL_KIND_FIXED];
	origins = gpald_arena_alloc(r->arena, total, sizeof(*origins));
	pinned = gpald_arena_alloc(r->arena, pinned_count, sizeof(*pinned));
	demands = gpald_arena_alloc(r->arena, total - pinned_count, sizeof(*demands));
	if (!origins || !pinned || !demands)
		return false;
	r->inputs[GPAL_KIND_RESERVED].pinned = pinned;
	r->inputs[GPAL_KIND_FIXED].pinned = pinned + counts[GPAL_KIND_RESERVED];
	for (int kind = 0; kind < GPAL_KIND_COUNT; kind++) {
		struct gpald_input_list *list = &r->inputs[kind];

		list->capacity = counts[kind];
		list->origins = origins;
		list->demands = demands;
		origins += counts[kind];
		if (kind >= GPAL_KIND_MMIO32)
			demands += counts[kind];
	}
	return true;
}

static uint64_t value_or(struct gpal_optional optional, uint64_t otherwise)
{
	return optional.set ? optional.value : otherwise;
}

/*
 * The element of the request that a range belongs to: its index in its list, the name or number in
 * the tag, and the object that receives the range at the offset of its role (NULL: none does).
 */
struct owner {
	size_t index;
	const char *name; /* NULL: the tag has none */
	size_t length;
	void *target;
};

/* Adds the origin of the next input. Returns the tag of the input; NULL: out of memory. */
static inline const char *add_origin(struct gpald_resolution *r, struct gpald_input_list *list,
				     enum gpald_role role, const struct owner *owner)
{
	const struct gpald_role_row *row = &gpald_roles[role];

	assert(list->count < list->capacity);
	list->origins[list->count] = (struct gpald_origin){
		.role = role,
		.index = (uint32_t)owner->index,
		.target = owner->target ?
				  (struct gpal_range *)((char *)owner->target + row->offset) :
				  NULL,
	};
	return owner->name ? gpald_role_tag(r->arena, role, owner->name, owner->length) :
			     row->prefix;
}

static int add_pinned(struct gpald_resolution *r, enum gpal_kind kind, enum gpald_role role,
		      const struct owner *owner, struct gpal_range range)
{
	struct gpald_input_list *list = &r->inputs[kind];
	const char *tag = add_origin(r, list, role, owner);

	if (!tag)
		return gpald_fail_plain(r->error, GPAL_E_NO_MEMORY);
	list->pinned[list->count++] = (struct gpal_pinned){ tag, range };
	return GPAL_OK;
}

static int add_demand(struct gpald_resolution *r, enum gpal_kind kind, enum gpald_role role,
		      const struct owner *owner, uint64_t size, uint64_t alignment)
{
	struct gpald_input_list *list = &r->inputs[kind];
	const char *tag = add_origin(r, list, role, owner);

	if (!tag)
		return gpald_fail_plain(r->error, GPAL_E_NO_MEMORY);
	list->demands[list->count++] = (struct gpal_demand){ tag, size, alignment };
	return GPAL_OK;
}

static int add_reserved(struct gpald_resolution *r)
{
	const struct gpal_request *request = r->request;
	const uint64_t start = gpald_memory_start(r);
	int code = GPAL_OK;

	if (start > 0)
		code = add_pinned(r, GPAL_KIND_RESERVED, GPALD_ROLE_LOW_RAM_GAP,
				  &(struct owner){ 0 },
				  (struct gpal_range){ r->low_ram_window, start });
	for (size_t i = 0; code == GPAL_OK && i < request->reserved_count; i++) {
		const struct gpal_named_range *reserved = &request->reserved[i];
		const struct owner owner = { i, reserved->name, strlen(reserved->name), NULL };

		code = add_pinned(r, GPAL_KIND_RESERVED, GPALD_ROLE_RESERVED, &owner,
				  reserved->range);
	}
	return code;
}

static bool is_within(struct gpal_range inner, struct gpal_range outer)
{
	return outer.start <= inner.start && inner.end <= outer.end;
}

/* Returns true if one reserved range already contains the range. */
static bool is_reserved(const struct gpald_resolution *r, struct gpal_range range)
{
	const struct gpald_input_list *reserved = &r->inputs[GPAL_KIND_RESERVED];

	for (size_t i = 0; i < reserved->count; i++)
		if (is_within(range, reserved->pinned[i].range))
			return true;
	return false;
}

static int add_holes(struct gpald_resolution *r)
{
	int code = GPAL_OK;

	for (size_t i = 0; code == GPAL_OK && i < r->request->host_hole_count; i++) {
		const struct gpald_hole_row *hole = gpald_hole_find(r->request->host_holes[i]);
		const struct owner owner = { i, hole->name, strlen(hole->name), NULL };

		if (!is_reserved(r, hole->range))
			code = add_pinned(r, GPAL_KIND_RESERVED, GPALD_ROLE_HOLE, &owner,
					  hole->range);
	}
	return code;
}

static int add_chipset(struct gpald_resolution *r)
{
	const struct gpal_request *request = r->request;
	const uint64_t high = value_or(request->chipset_high_mmio,
				       request->has_no_vmbus ? 0 : r->defaults->high_mmio);
	const struct owner owner = { .target = r->layout };
	uint64_t low = value_or(request->chipset_low_mmio, r->defaults->low_mmio[request->arch]);
	int code;

	if (low < chipset_low_mmio_min[request->arch])
		low = chipset_low_mmio_min[request->arch];
	/* gpald_check_values() has checked the request, but not a policy that the caller made. */
	if (!gpald_align_up(low, GPAL_PAGE_SIZE, &low) || low > GPAL_4GIB)
		return gpald_fail(r->error, GPAL_E_OUT_OF_RANGE, GPAL_SUBJECT_CHIPSET_LOW_MMIO, 0,
				  "the chipset low MMIO of the policy does not fit below 4 GiB");
	code = add_pinned(r, GPAL_KIND_FIXED, GPALD_ROLE_CHIPSET_LOW_MMIO, &owner,
			  (struct gpal_range){ GPAL_4GIB - low, GPAL_4GIB });
	if (code == GPAL_OK && request->has_pinned_chipset_high_mmio)
		code = add_pinned(r, GPAL_KIND_FIXED, GPALD_ROLE_CHIPSET_HIGH_MMIO, &owner,
				  request->pinned_chipset_high_mmio);
	else if (code == GPAL_OK && high != 0)
		code = add_demand(r, GPAL_KIND_MMIO64, GPALD_ROLE_CHIPSET_HIGH_MMIO, &owner, high,
				  CHIPSET_HIGH_ALIGNMENT);
	return code;
}

/* Adds the ECAMs in the order in which the request first uses their segments. */
static int add_ecams(struct gpald_resolution *r)
{
	int code = GPAL_OK;

	if (r->segment_count == 0)
		return GPAL_OK;
	for (size_t i = 0; code == GPAL_OK && i < r->request->root_complex_count; i++) {
		struct gpal_layout_segment *segment = &r->segments[r->segment_of_rc[i]];
		const unsigned int buses = segment->end_bus - segment->start_bus + 1u;
		char buffer[GPALD_DECIMAL_SIZE];

		if (r->first_rcs[r->segment_of_rc[i]] != i)
			continue;

		const char *number = gpald_decimal(segment->segment, buffer);
		const struct owner owner = { i, number, decimal_length(number, buffer), segment };

		code = add_demand(r, ecam_kind(r), GPALD_ROLE_ECAM, &owner,
				  buses * GPAL_ECAM_BYTES_PER_BUS, GPAL_ECAM_BYTES_PER_BUS);
	}
	return code;
}

static int add_window_input(struct gpald_resolution *r, enum gpal_kind kind, enum gpald_role role,
			    const struct owner *owner, const struct gpal_window *window,
			    uint64_t default_size, uint64_t alignment)
{
	const char *tag;
	uint64_t size;

	if (window->kind == GPAL_WINDOW_NONE)
		return GPAL_OK;
	if (window->kind == GPAL_WINDOW_DEVICES)
		/* gpald_check_windows() has checked that there is such a size. */
		return gpald_size_devices_window(window, alignment, &size, &alignment) ?
			       add_demand(r, kind, role, owner, size, alignment) :
			       gpald_fail_plain(r->error, GPAL_E_INTERNAL);
	if (window->kind == GPAL_WINDOW_DEFAULT)
		return add_demand(r, kind, role, owner, default_size, alignment);
	if (window->kind == GPAL_WINDOW_SIZE)
		return add_demand(r, kind, role, owner, window->size,
				  window->alignment ? window->alignment : alignment);
	if (kind != GPAL_KIND_MMIO32 || window->range.end <= GPAL_4GIB)
		return add_pinned(r, GPAL_KIND_FIXED, role, owner, window->range);
	tag = gpald_role_tag(r->arena, role, owner->name, owner->length);
	if (!tag)
		return gpald_fail_plain(r->error, GPAL_E_NO_MEMORY);
	gpald_fail(r->error, GPAL_E_FIXED_LOW_MMIO_ABOVE_4GIB, gpald_roles[role].subject,
		   owner->index,
		   "%s: pinned range 0x%" PRIx64 "-0x%" PRIx64 " must end at or below 4 GiB", tag,
		   window->range.start, window->range.end);
	if (r->error) {
		gpald_error_set_tag(r->error->tag, tag);
		r->error->range = window->range;
	}
	return GPAL_E_FIXED_LOW_MMIO_ABOVE_4GIB;
}

static int add_root_complexes(struct gpald_resolution *r)
{
	int code = GPAL_OK;

	if (r->request->root_complex_count == 0)
		return GPAL_OK;
	for (size_t i = 0; code == GPAL_OK && i < r->request->root_complex_count; i++) {
		const struct gpal_root_complex *rc = &r->request->root_complexes[i];
		const struct owner owner = { i, rc->name, r->name_lengths[i],
					     &r->root_complexes[i] };

		code = add_window_input(r, GPAL_KIND_MMIO32, GPALD_ROLE_LOW_MMIO, &owner,
					&rc->low_mmio, r->policy->root_complex_low_mmio,
					GPALD_LOW_MMIO_ALIGNMENT);
		if (code == GPAL_OK)
			code = add_window_input(r, GPAL_KIND_MMIO64, GPALD_ROLE_HIGH_MMIO, &owner,
						&rc->high_mmio, r->policy->root_complex_high_mmio,
						GPALD_HIGH_MMIO_ALIGNMENT);
		if (code == GPAL_OK && rc->has_cxl && !rc->has_no_cxl_hdm)
			code = add_demand(r, GPAL_KIND_MMIO64, GPALD_ROLE_CXL_HDM, &owner,
					  rc->cxl_hdm, GPALD_CXL_HDM_ALIGNMENT);
		if (code == GPAL_OK && rc->has_cxl)
			code = add_demand(r, GPAL_KIND_MMIO64, GPALD_ROLE_CXL_CHBCR, &owner,
					  CXL_CHBCR_SIZE, CXL_CHBCR_SIZE);
	}
	return code;
}

static int add_cxl_windows(struct gpald_resolution *r)
{
	int code = GPAL_OK;

	for (size_t i = 0; code == GPAL_OK && i < r->request->cxl_window_count; i++) {
		const struct gpal_cxl_window *window = &r->request->cxl_windows[i];
		const struct owner owner = { i, window->name, strlen(window->name),
					     &r->cxl_windows[i] };

		code = add_demand(r, GPAL_KIND_MMIO64, GPALD_ROLE_CXL_WINDOW, &owner, window->size,
				  GPALD_CXL_HDM_ALIGNMENT);
	}
	return code;
}

static int add_virtio_mmio(struct gpald_resolution *r)
{
	const uint32_t slots = r->request->virtio_mmio_slots;

	r->layout->virtio_mmio_slots = slots;
	if (slots == 0)
		return GPAL_OK;
	return add_demand(r, GPAL_KIND_MMIO32, GPALD_ROLE_VIRTIO_MMIO,
			  &(struct owner){ .target = r->layout },
			  slots * GPAL_VIRTIO_MMIO_SLOT_SIZE, GPAL_VIRTIO_MMIO_SLOT_SIZE);
}

static int add_iommus(struct gpald_resolution *r)
{
	const struct gpal_root_complex *rcs = r->request->root_complexes;
	const size_t count = r->request->root_complex_count;
	struct gpal_layout *layout = r->layout;
	struct gpal_layout_iommu *iommus;
	size_t iommu_count = 0;
	int code = GPAL_OK;

	for (size_t i = 0; i < count; i++)
		iommu_count += rcs[i].iommu != GPAL_IOMMU_NONE;
	if (iommu_count == 0)
		return GPAL_OK;
	iommus = gpald_arena_alloc(r->arena, iommu_count, sizeof(*iommus));
	if (!iommus)
		return gpald_fail_plain(r->error, GPAL_E_NO_MEMORY);
	layout->iommus = iommus;
	for (size_t i = 0; code == GPAL_OK && i < count; i++) {
		const struct gpald_iommu_row *row = &gpald_iommu_rows[rcs[i].iommu];
		struct gpal_layout_iommu *iommu = &iommus[layout->iommu_count];
		char buffer[GPALD_DECIMAL_SIZE];

		if (rcs[i].iommu == GPAL_IOMMU_NONE)
			continue;

		const char *number = gpald_decimal(layout->iommu_count++, buffer);
		const struct owner owner = { i, number, decimal_length(number, buffer), iommu };

		layout->iommu = rcs[i].iommu;
		*iommu = (struct gpal_layout_iommu){ .root_complex = r->root_complexes[i].name };
		code = add_demand(r, GPAL_KIND_MMIO32, row->role, &owner, row->size, row->size);
	}
	return code;
}

static int add_ram(struct gpald_resolution *r)
{
	int code = GPAL_OK;

	for (size_t i = 0; code == GPAL_OK && i < r->request->node_count; i++) {
		const uint64_t size = r->request->nodes[i];
		const uint64_t low = i == 0 ? r->low_ram_window : 0;
		char buffer[GPALD_DECIMAL_SIZE];

		if (size == 0)
			continue;

		const char *number = gpald_decimal(i, buffer);
		const struct owner owner = { i, number, decimal_length(number, buffer), NULL };

		if (low > 0)
			code = add_demand(r, GPAL_KIND_RAM, GPALD_ROLE_LOW_RAM_WINDOW, &owner, low,
					  GPALD_LOW_RAM_WINDOW_UNIT);
		if (code == GPAL_OK && size > low)
			code = add_demand(r, GPAL_KIND_RAM, GPALD_ROLE_RAM, &owner, size - low,
					  size < GPALD_GIB ? 2 * GPALD_MIB : GPALD_GIB);
	}
	return code;
}

/*
 * In a new layout, rooms are below VTL2: a room that is added at the end of the list moves only
 * VTL2, and adding VTL2 moves no room.
 */
static int add_hotplug_rooms(struct gpald_resolution *r)
{
	int code = GPAL_OK;

	for (size_t i = 0; code == GPAL_OK && i < r->request->hotplug_room_count; i++) {
		const struct gpal_hotplug_room *room = &r->request->hotplug_rooms[i];
		char buffer[GPALD_DECIMAL_SIZE];
		const char *number = gpald_decimal(i, buffer);
		const struct owner owner = { i, number, decimal_length(number, buffer),
					     &r->hotplug_rooms[i] };

		code = add_demand(r, GPAL_KIND_POST_MMIO, GPALD_ROLE_HOTPLUG, &owner, room->size,
				  value_or(room->alignment, GPALD_HOTPLUG_ALIGNMENT));
	}
	return code;
}

/* In a new layout, VTL2 is above everything else, so that enabling it moves no VTL0 address. */
static int add_vtl2(struct gpald_resolution *r)
{
	const struct gpal_request *request = r->request;
	const struct owner owner = { .target = r->layout };
	const uint64_t chipset =
		value_or(request->vtl2_chipset_mmio, r->defaults->vtl2_chipset_mmio);
	int code = GPAL_OK;

	if (chipset != 0)
		code = add_demand(r, GPAL_KIND_POST_MMIO, GPALD_ROLE_VTL2_CHIPSET_MMIO, &owner,
				  chipset, 2 * GPALD_MIB);
	if (code == GPAL_OK && request->has_vtl2_memory)
		code = add_demand(r, GPAL_KIND_POST_MMIO, GPALD_ROLE_VTL2_MEMORY, &owner,
				  request->vtl2_memory_size, request->vtl2_memory_alignment);
	if (code == GPAL_OK && request->vtl2_framebuffer != 0)
		code = add_demand(r, GPAL_KIND_POST_MMIO, GPALD_ROLE_VTL2_FRAMEBUFFER, &owner,
				  request->vtl2_framebuffer, GPAL_PAGE_SIZE);
	return code;
}

int gpald_collect_inputs(struct gpald_resolution *r)
{
	/* ABI: never reorder, only append. */
	static int (*const steps[])(struct gpald_resolution *) = {
		add_reserved,    add_holes,       add_chipset, add_ecams, add_root_complexes,
		add_cxl_windows, add_virtio_mmio, add_iommus,  add_ram,   add_hotplug_rooms,
		add_vtl2,
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
