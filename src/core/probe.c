/* SPDX-License-Identifier: MIT */
/*
 * Finds the range of the map that has an address, and the owner of the range in the other members
 * of the layout.
 */
#include "config.h"

#include "core/error.h"
#include "core/holes.h"
#include "core/resolution.h"

#include <gpalayout/probe.h>
#include <inttypes.h>
#include <stdio.h>

static bool range_contains(struct gpal_range range, uint64_t address)
{
	return range.start <= address && address < range.end;
}

static bool is_address_of(const struct gpal_layout_root_complex *rc, uint64_t address)
{
	return range_contains(rc->ecam, address) || range_contains(rc->low_mmio, address) ||
	       range_contains(rc->high_mmio, address) || range_contains(rc->cxl_hdm, address) ||
	       range_contains(rc->cxl_chbcr, address);
}

static void set_node_root_complex_and_slot(const struct gpal_layout *layout, uint64_t address,
					   struct gpal_probe *probe)
{
	for (size_t i = 0; i < layout->ram_count; i++) {
		if (range_contains(layout->ram[i].range, address)) {
			probe->has_node = true;
			probe->node = layout->ram[i].node;
		}
	}
	for (size_t i = 0; i < layout->hotplug_room_count; i++) {
		if (range_contains(layout->hotplug_rooms[i].range, address)) {
			probe->has_node = true;
			probe->node = layout->hotplug_rooms[i].node;
		}
	}
	for (size_t i = 0; i < layout->root_complex_count; i++)
		if (is_address_of(&layout->root_complexes[i], address))
			probe->root_complex = layout->root_complexes[i].name;
	for (size_t i = 0; i < layout->iommu_count; i++)
		if (range_contains(layout->iommus[i].range, address))
			probe->root_complex = layout->iommus[i].root_complex;
	if (range_contains(layout->virtio_mmio, address)) {
		probe->has_slot = true;
		probe->slot = (uint32_t)((address - layout->virtio_mmio.start) /
					 GPAL_VIRTIO_MMIO_SLOT_SIZE);
	}
}

static void set_placed(struct gpal_probe *probe, enum gpal_kind kind, struct gpal_range range,
		       uint64_t address)
{
	probe->kind = kind;
	probe->range = range;
	probe->offset = address - range.start;
}

/*
 * Finds what is at an address above the top: a reserved range, which the map does not list there,
 * or free space, which reaches to the nearest reserved ranges.
 */
static void look_above_top(const struct gpal_request *request, uint64_t address,
			   struct gpal_probe *probe)
{
	for (size_t i = 0; i < gpald_reserved_count(request); i++) {
		const struct gpal_named_range reserved = gpald_reserved_at(request, i);

		if (range_contains(reserved.range, address)) {
			probe->is_free = false;
			snprintf(probe->tag, sizeof(probe->tag), "reserved-%s", reserved.name);
			set_placed(probe, GPAL_KIND_RESERVED, reserved.range, address);
			return;
		}
		if (reserved.range.end <= address && reserved.range.end > probe->range.start)
			probe->range.start = reserved.range.end;
		if (reserved.range.start > address && reserved.range.start < probe->range.end)
			probe->range.end = reserved.range.start;
	}
}

int gpal_layout_probe(const struct gpal_layout *layout, const struct gpal_request *request,
		      uint64_t address, struct gpal_probe *probe, struct gpal_error *error)
{
	const struct gpal_map *map = &layout->map;
	const size_t at = gpal_map_find(map, address);
	const bool above = at == map->count;
	const struct gpal_map_entry *entry = above ? NULL : &map->entries[at];

	if (address >= GPAL_SPACE_END)
		return gpald_fail(error, GPAL_E_OUT_OF_RANGE, GPAL_SUBJECT_NONE, 0,
				  "0x%" PRIx64 " is not below 0x%" PRIx64
				  ", the end of guest physical address space",
				  address, GPAL_SPACE_END);
	*probe = (struct gpal_probe){ 0 };
	if (!above && range_contains(entry->range, address)) {
		snprintf(probe->tag, sizeof(probe->tag), "%s", entry->tag);
		set_placed(probe, entry->kind, entry->range, address);
		set_node_root_complex_and_slot(layout, address, probe);
		return GPAL_OK;
	}
	probe->is_free = true;
	probe->range.start = at ? map->entries[at - 1].range.end : 0;
	probe->range.end = above ? GPAL_SPACE_END : entry->range.start;
	if (above && request)
		look_above_top(request, address, probe);
	return GPAL_OK;
}
