/* SPDX-License-Identifier: MIT */
/*
 * Writes layouts. The members are in the order of the protocol's documentation, which the tests of
 * its examples check. Members that do not apply are omitted.
 */
#include "config.h"

#include "wire/layout_encode.h"

static void write_ram(struct gpald_writer *w, const struct gpal_layout *layout)
{
	gpald_write_array(w, "ram");
	for (size_t i = 0; i < layout->ram_count; i++) {
		gpald_write_object(w, NULL);
		gpald_write_integer(w, "node", layout->ram[i].node);
		gpald_write_bounds(w, layout->ram[i].range);
		gpald_write_object_end(w);
	}
	gpald_write_array_end(w);
}

static void write_bus_range(struct gpald_writer *w, uint16_t segment, uint8_t start_bus,
			    uint8_t end_bus)
{
	gpald_write_integer(w, "segment", segment);
	gpald_write_integer(w, "start_bus", start_bus);
	gpald_write_integer(w, "end_bus", end_bus);
}

static void write_nonempty_window(struct gpald_writer *w, const char *key, struct gpal_range window)
{
	if (gpal_range_is_empty(window))
		return;
	gpald_write_object(w, key);
	gpald_write_bounds(w, window);
	gpald_write_hex(w, "largest_bar", gpal_largest_bar(window));
	gpald_write_object_end(w);
}

static void write_layout_root_complex(struct gpald_writer *w,
				      const struct gpal_layout_root_complex *rc)
{
	gpald_write_object(w, NULL);
	gpald_write_text(w, "name", rc->name);
	write_bus_range(w, rc->segment, rc->start_bus, rc->end_bus);
	if (rc->has_node)
		gpald_write_integer(w, "node", rc->node);
	gpald_write_range(w, "ecam", rc->ecam);
	write_nonempty_window(w, "low_mmio", rc->low_mmio);
	write_nonempty_window(w, "high_mmio", rc->high_mmio);
	if (rc->has_cxl) {
		gpald_write_object(w, "cxl");
		gpald_write_nonempty_range(w, "hdm", rc->cxl_hdm);
		gpald_write_range(w, "chbcr", rc->cxl_chbcr);
		gpald_write_object_end(w);
	}
	gpald_write_object_end(w);
}

static void write_layout_pcie(struct gpald_writer *w, const struct gpal_layout *layout)
{
	if (layout->root_complex_count == 0)
		return;
	gpald_write_object(w, "pcie");
	gpald_write_array(w, "segments");
	for (size_t i = 0; i < layout->segment_count; i++) {
		const struct gpal_layout_segment *segment = &layout->segments[i];

		gpald_write_object(w, NULL);
		write_bus_range(w, segment->segment, segment->start_bus, segment->end_bus);
		gpald_write_range(w, "ecam", segment->ecam);
		gpald_write_hex(w, "bus0_base", segment->bus0_base);
		gpald_write_object_end(w);
	}
	gpald_write_array_end(w);
	gpald_write_array(w, "root_complexes");
	for (size_t i = 0; i < layout->root_complex_count; i++)
		write_layout_root_complex(w, &layout->root_complexes[i]);
	gpald_write_array_end(w);
	gpald_write_object_end(w);
}

static void write_layout_hotplug(struct gpald_writer *w, const struct gpal_layout *layout)
{
	if (layout->hotplug_room_count == 0)
		return;
	gpald_write_array(w, "hotplug");
	for (size_t i = 0; i < layout->hotplug_room_count; i++) {
		gpald_write_object(w, NULL);
		gpald_write_integer(w, "node", layout->hotplug_rooms[i].node);
		gpald_write_bounds(w, layout->hotplug_rooms[i].range);
		gpald_write_object_end(w);
	}
	gpald_write_array_end(w);
}

static void write_layout_cxl_windows(struct gpald_writer *w, const struct gpal_layout *layout)
{
	if (layout->cxl_window_count == 0)
		return;
	gpald_write_array(w, "cxl_windows");
	for (size_t i = 0; i < layout->cxl_window_count; i++) {
		const struct gpal_layout_cxl_window *window = &layout->cxl_windows[i];

		gpald_write_object(w, NULL);
		gpald_write_text(w, "name", window->name);
		gpald_write_bounds(w, window->range);
		gpald_write_array(w, "targets");
		for (size_t j = 0; j < window->target_count; j++)
			gpald_write_text(w, NULL, window->targets[j]);
		gpald_write_array_end(w);
		gpald_write_integer(w, "granularity", window->granularity);
		gpald_write_object_end(w);
	}
	gpald_write_array_end(w);
}

static void write_virtio_mmio(struct gpald_writer *w, const struct gpal_layout *layout)
{
	if (layout->virtio_mmio_slots == 0)
		return;
	gpald_write_object(w, "virtio_mmio");
	gpald_write_bounds(w, layout->virtio_mmio);
	gpald_write_array(w, "slots");
	for (uint32_t i = 0; i < layout->virtio_mmio_slots; i++)
		gpald_write_hex(w, NULL,
				layout->virtio_mmio.start + i * GPAL_VIRTIO_MMIO_SLOT_SIZE);
	gpald_write_array_end(w);
	gpald_write_object_end(w);
}

static void write_iommu(struct gpald_writer *w, const struct gpal_layout *layout)
{
	if (layout->iommu_count == 0)
		return;
	gpald_write_object(w, "iommu");
	gpald_write_text(w, "kind", gpal_iommu_name(layout->iommu));
	gpald_write_array(w, "instances");
	for (size_t i = 0; i < layout->iommu_count; i++) {
		gpald_write_object(w, NULL);
		gpald_write_text(w, "root_complex", layout->iommus[i].root_complex);
		gpald_write_bounds(w, layout->iommus[i].range);
		gpald_write_object_end(w);
	}
	gpald_write_array_end(w);
	gpald_write_object_end(w);
}

static void write_layout_vtl2(struct gpald_writer *w, const struct gpal_layout *layout)
{
	if (gpal_range_is_empty(layout->vtl2_chipset_mmio) &&
	    gpal_range_is_empty(layout->vtl2_memory) &&
	    gpal_range_is_empty(layout->vtl2_framebuffer) && !layout->has_vtl2_alias_map)
		return;
	gpald_write_object(w, "vtl2");
	gpald_write_nonempty_range(w, "chipset_mmio", layout->vtl2_chipset_mmio);
	gpald_write_nonempty_range(w, "memory", layout->vtl2_memory);
	gpald_write_nonempty_range(w, "framebuffer", layout->vtl2_framebuffer);
	if (layout->has_vtl2_alias_map)
		gpald_write_bool(w, "alias_map", true);
	gpald_write_object_end(w);
}

void gpald_encode_warnings(struct gpald_writer *w, const char *key,
			   const struct gpal_layout *layout)
{
	gpald_write_array(w, key);
	for (size_t i = 0; i < layout->warning_count; i++) {
		gpald_write_object(w, NULL);
		gpald_write_text(w, "reason", layout->warnings[i].token);
		gpald_write_text(w, "tag", layout->warnings[i].tag);
		gpald_write_text(w, "message", layout->warnings[i].message);
		gpald_write_object_end(w);
	}
	gpald_write_array_end(w);
}

void gpald_encode_layout(struct gpald_writer *w, const char *key, const struct gpal_layout *layout,
			 const char *digest)
{
	char made[GPAL_DIGEST_SIZE];

	if (!digest) {
		gpal_layout_digest(layout, made);
		digest = made;
	}
	gpald_write_object(w, key);
	gpald_write_text(w, "arch", gpal_arch_name(layout->arch));
	gpald_write_text(w, "policy", layout->policy_name);
	gpald_write_text(w, "profile", gpal_profile_name(layout->profile));
	gpald_write_text(w, "digest", digest);
	write_ram(w, layout);
	write_layout_hotplug(w, layout);
	gpald_write_object(w, "chipset");
	gpald_write_range(w, "low_mmio", layout->chipset_low_mmio);
	gpald_write_nonempty_range(w, "high_mmio", layout->chipset_high_mmio);
	gpald_write_object_end(w);
	write_layout_pcie(w, layout);
	write_layout_cxl_windows(w, layout);
	write_virtio_mmio(w, layout);
	write_iommu(w, layout);
	write_layout_vtl2(w, layout);
	gpald_encode_map(w, "map", &layout->map);
	gpald_write_hex(w, "ram_size", layout->ram_size);
	gpald_write_hex(w, "end_of_ram", layout->end_of_ram);
	gpald_write_hex(w, "end_of_layout", layout->end_of_layout);
	gpald_write_hex(w, "top", layout->top);
	gpald_write_integer(w, "required_address_bits", layout->required_address_bits);
	gpald_encode_warnings(w, "warnings", layout);
	gpald_write_object_end(w);
}

void gpald_encode_map(struct gpald_writer *w, const char *key, const struct gpal_map *map)
{
	gpald_write_array(w, key);
	for (size_t i = 0; i < map->count && !w->failed; i++) {
		const struct gpal_map_entry *entry = &map->entries[i];

		gpald_write_object(w, NULL);
		gpald_write_text(w, "tag", entry->tag);
		gpald_write_text(w, "kind", gpal_kind_name(entry->kind));
		gpald_write_bounds(w, entry->range);
		gpald_write_object_end(w);
	}
	gpald_write_array_end(w);
}

void gpald_encode_changes(struct gpald_writer *w, const char *key,
			  const struct gpal_changes *changes, bool removals_only)
{
	gpald_write_array(w, key);
	for (size_t i = 0; i < changes->count && !w->failed; i++) {
		const struct gpal_change *change = &changes->changes[i];

		if (removals_only && !change->is_removal)
			continue;
		gpald_write_object(w, NULL);
		gpald_write_text(w, "change", gpal_change_name(change->kind));
		gpald_write_text(w, "tag", change->tag);
		gpald_write_nonempty_range(w, "from", change->from);
		gpald_write_nonempty_range(w, "to", change->to);
		gpald_write_object_end(w);
	}
	gpald_write_array_end(w);
}

/* Writes {"x86_64": ..., "aarch64": ...}. */
static void write_by_arch(struct gpald_writer *w, const char *key,
			  const uint64_t values[GPAL_ARCH_COUNT])
{
	gpald_write_object(w, key);
	for (int arch = 0; arch < GPAL_ARCH_COUNT; arch++)
		gpald_write_hex(w, gpal_arch_name((enum gpal_arch)arch), values[arch]);
	gpald_write_object_end(w);
}

static void write_profile(struct gpald_writer *w, const char *key,
			  const struct gpal_profile_defaults *row)
{
	gpald_write_object(w, key);
	gpald_write_object(w, "chipset");
	write_by_arch(w, "low_mmio", row->low_mmio);
	gpald_write_hex(w, "high_mmio", row->high_mmio);
	gpald_write_object_end(w);
	gpald_write_object(w, "vtl2");
	gpald_write_hex(w, "chipset_mmio", row->vtl2_chipset_mmio);
	gpald_write_object_end(w);
	gpald_write_object(w, "memory");
	write_by_arch(w, "start", row->memory_start);
	if (row->memory_low_window[GPAL_ARCH_X86_64] || row->memory_low_window[GPAL_ARCH_AARCH64])
		write_by_arch(w, "low_window", row->memory_low_window);
	gpald_write_object_end(w);
	gpald_write_object_end(w);
}

void gpald_encode_policy(struct gpald_writer *w, const char *key, const struct gpal_policy *policy)
{
	gpald_write_object(w, key);
	gpald_write_text(w, "name", policy->name);
	gpald_write_text(w, "summary", policy->summary);
	gpald_write_object(w, "defaults");
	gpald_write_object(w, "pcie");
	gpald_write_text(w, "ecam", gpal_ecam_name(policy->ecam));
	gpald_write_object(w, "root_complex");
	gpald_write_hex(w, "low_mmio", policy->root_complex_low_mmio);
	gpald_write_hex(w, "high_mmio", policy->root_complex_high_mmio);
	gpald_write_object_end(w);
	gpald_write_object_end(w);
	gpald_write_object(w, "profiles");
	for (int i = 0; i < GPAL_PROFILE_COUNT; i++)
		write_profile(w, gpal_profile_name((enum gpal_profile)i), &policy->profiles[i]);
	gpald_write_object_end(w);
	gpald_write_object_end(w);
	gpald_write_object_end(w);
}
