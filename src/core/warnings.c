/* SPDX-License-Identifier: MIT */
/* Warnings about ranges that a layout may have, but that are probably a mistake. */
#include "config.h"

#include "core/error.h"
#include "core/holes.h"
#include "core/resolution.h"

#define VIRTIO_MMIO_USUAL_SLOTS 100

struct warning_list {
	struct gpal_warning *warnings;
	size_t count;
};

static void add_warning(struct warning_list *list, enum gpal_warning_reason reason, const char *tag,
			const char *message)
{
	list->warnings[list->count++] = (struct gpal_warning){
		.reason = reason,
		.tag = tag,
		.message = message,
		.token = gpal_warning_token(reason),
	};
}

/*
 * Warns of pinned windows that are unaligned, and of pinned high windows that start below 4 GiB, in
 * the order of the input. Chipset low MMIO is fixed, but not pinned.
 */
static void warn_of_pinned_windows(const struct gpald_resolution *r, struct warning_list *list)
{
	const struct gpald_input_list *fixed = &r->inputs[GPAL_KIND_FIXED];

	for (size_t i = 0; i < fixed->count; i++) {
		const struct gpal_pinned *pin = &fixed->pinned[i];
		const enum gpald_role role = fixed->origins[i].role;
		const bool high = role == GPALD_ROLE_HIGH_MMIO ||
				  role == GPALD_ROLE_CHIPSET_HIGH_MMIO;

		if (role == GPALD_ROLE_CHIPSET_LOW_MMIO)
			continue;
		if (high && pin->range.start < GPAL_4GIB)
			add_warning(list, GPAL_WARN_PINNED_HIGH_MMIO_BELOW_4GIB, pin->tag,
				    "a pinned high MMIO window starts below 4 GiB");
		if (pin->range.start % gpald_usual_mmio_alignment(role) != 0)
			add_warning(
				list, GPAL_WARN_PINNED_WINDOW_UNALIGNED, pin->tag,
				role == GPALD_ROLE_HIGH_MMIO ?
					"a pinned high MMIO window does not start at a multiple of "
					"1 GiB" :
				high ? "the pinned chipset high MMIO does not start at a multiple "
				       "of 2 MiB" :
				       "a pinned low MMIO window does not start at a multiple of "
				       "2 MiB");
	}
}

static bool is_bare_size_or_pinned(const struct gpal_window *window)
{
	return window->kind == GPAL_WINDOW_PINNED ||
	       (window->kind == GPAL_WINDOW_SIZE && window->alignment == 0);
}

/*
 * Warns of high windows of root complexes that could hold a larger BAR at an aligned address. It
 * skips windows whose size comes from the policy, and those whose alignment or devices the request
 * states.
 */
static void warn_of_largest_bar_below_size(const struct gpald_resolution *r,
					   struct warning_list *list)
{
	const struct gpal_map *map = &r->layout->map;

	for (size_t i = 0; i < r->layout->root_complex_count; i++) {
		const struct gpal_range window = r->layout->root_complexes[i].high_mmio;

		if (is_bare_size_or_pinned(&r->request->root_complexes[i].high_mmio) &&
		    gpal_largest_bar(window) <= gpal_range_size(window) / 2)
			add_warning(list, GPAL_WARN_LARGEST_BAR_BELOW_SIZE,
				    map->entries[gpal_map_find(map, window.start)].tag,
				    "at an aligned address it could hold a larger BAR; state its "
				    "alignment or pin it there");
	}
}

/*
 * Warns of the first range that overlaps the HyperTransport hole, except reserved ones, if the VM
 * has AMD-Vi.
 */
static void warn_of_hypertransport(const struct gpal_layout *layout, struct warning_list *list)
{
	const struct gpal_range hole = gpald_hole_find(GPAL_HOLE_AMD_HYPERTRANSPORT)->range;

	if (layout->iommu != GPAL_IOMMU_AMD_VI)
		return;
	for (size_t i = gpal_map_find(&layout->map, hole.start); i < layout->map.count; i++) {
		const struct gpal_map_entry *entry = &layout->map.entries[i];

		if (entry->range.start >= hole.end)
			return;
		if (entry->kind == GPAL_KIND_RESERVED)
			continue;
		add_warning(list, GPAL_WARN_AMD_VI_CROSSES_HYPERTRANSPORT, entry->tag,
			    "it reaches into 0xfd00000000-0x10000000000, which AMD-Vi does not "
			    "translate; state the hole amd-hypertransport and pin no window there");
		return;
	}
}

static uint64_t ram_from(const struct gpal_layout *layout, uint64_t start)
{
	uint64_t size = 0;

	for (size_t i = 0; i < layout->ram_count; i++)
		if (layout->ram[i].range.start >= start)
			size += gpal_range_size(layout->ram[i].range);
	return size;
}

/* Warns of the first pinned window that starts at or above 4 GiB and below most of the RAM. */
static void warn_of_ram_above(const struct gpald_resolution *r, struct warning_list *list)
{
	const struct gpald_input_list *fixed = &r->inputs[GPAL_KIND_FIXED];
	uint64_t lowest_end = UINT64_MAX;

	for (size_t i = 0; i < fixed->count; i++) {
		const struct gpal_pinned *pin = &fixed->pinned[i];

		/* RAM above this window is also above an earlier one that ends no higher. */
		if (pin->range.start < GPAL_4GIB || pin->range.end >= lowest_end)
			continue;
		lowest_end = pin->range.end;
		if (ram_from(r->layout, pin->range.end) <= r->layout->ram_size / 2)
			continue;
		add_warning(list, GPAL_WARN_MOST_RAM_ABOVE_PINNED_WINDOW, pin->tag,
			    "most of the RAM lies above this pinned window; pin it higher");
		return;
	}
}

/*
 * Warns of rooms that do not start and end at multiples of the memory block in which Linux adds
 * memory: 128 MiB, and on x86_64 up to 2 GiB in guests of 64 GiB and more, where rooms count as if
 * they were full. The check is the same for every architecture. Sources: memory_block_size_bytes()
 * in Linux's x86 code; "Memory Hot(Un)Plug Granularity" in its Documentation.
 */
static void warn_of_rooms(const struct gpald_resolution *r, struct warning_list *list)
{
	const struct gpal_layout *layout = r->layout;
	const uint64_t large = 64 * GPALD_GIB;
	uint64_t total = layout->ram_size < large ? layout->ram_size : large, block;

	for (size_t i = 0; i < layout->hotplug_room_count && total < large; i++) {
		const uint64_t size = gpal_range_size(layout->hotplug_rooms[i].range);

		total = size < large - total ? total + size : large;
	}
	block = total < large ? 128 * GPALD_MIB : 2 * GPALD_GIB;
	for (size_t i = 0; i < layout->hotplug_room_count; i++) {
		const struct gpal_range range = layout->hotplug_rooms[i].range;

		if ((range.start | range.end) % block == 0)
			continue;
		add_warning(
			list, GPAL_WARN_HOTPLUG_OFF_BLOCK,
			layout->map.entries[gpal_map_find(&layout->map, range.start)].tag,
			total < large ?
				"its start or end is not a multiple of 128 MiB, the block in which "
				"a Linux guest of this size adds memory" :
				"its start or end is not a multiple of 2 GiB, the largest block in "
				"which a Linux guest of 64 GiB or more adds memory");
	}
}

static const char *first_ram_tag(const struct gpal_layout *layout)
{
	const struct gpal_map_entry *entry = layout->map.entries;

	while (entry->kind != GPAL_KIND_RAM)
		entry++;
	return entry->tag;
}

int gpald_collect_warnings(struct gpald_resolution *r)
{
	const struct gpal_layout *layout = r->layout;
	const size_t most = 7 + 2 * r->inputs[GPAL_KIND_FIXED].count + layout->root_complex_count +
			    layout->hotplug_room_count;
	struct warning_list list = {
		.warnings = gpald_arena_alloc(r->arena, most, sizeof(*list.warnings)),
	};
	const bool x86 = layout->arch == GPAL_ARCH_X86_64;

	if (!list.warnings)
		return gpald_fail_plain(r->error, GPAL_E_NO_MEMORY);
	if (layout->chipset_low_mmio.start == 0)
		add_warning(
			&list, GPAL_WARN_NO_LOW_MEMORY, "chipset-low-mmio",
			"chipset low MMIO covers all addresses below 4 GiB, so no RAM is there");
	if (x86 && layout->ram[0].range.start != 0)
		add_warning(&list, GPAL_WARN_RAM_NOT_AT_ZERO, first_ram_tag(layout),
			    "RAM does not start at 0, where x86_64 firmware and kernels expect it");
	warn_of_pinned_windows(r, &list);
	warn_of_largest_bar_below_size(r, &list);
	warn_of_ram_above(r, &list);
	warn_of_hypertransport(layout, &list);
	if (layout->arch == GPAL_ARCH_AARCH64 && layout->profile == GPAL_PROFILE_GEN2_UEFI &&
	    layout->ram[0].range.start >= GPALD_GIB)
		add_warning(
			&list, GPAL_WARN_NO_RAM_BELOW_1GIB, first_ram_tag(layout),
			"RAM starts at 1 GiB or above, but UEFI on aarch64 starts from RAM below "
			"1 GiB");
	warn_of_rooms(r, &list);
	if (x86 && layout->virtio_mmio_slots > VIRTIO_MMIO_USUAL_SLOTS)
		add_warning(&list, GPAL_WARN_MANY_VIRTIO_MMIO_SLOTS, "virtio-mmio",
			    "more than 100 virtio-mmio slots; x86_64 guests run out of "
			    "interrupt lines");
	if (layout->iommu == GPAL_IOMMU_INTEL_VTD &&
	    layout->iommu_count < layout->root_complex_count)
		add_warning(&list, GPAL_WARN_PARTIAL_INTEL_VTD, "intel-vtd-0",
			    "VT-d is not on every root complex; devices behind the others are not "
			    "remapped");
	r->layout->warnings = list.warnings;
	r->layout->warning_count = list.count;
	return GPAL_OK;
}
