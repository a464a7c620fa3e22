/* SPDX-License-Identifier: MIT */
/*
 * The order of members is that of the protocol's documentation, and part of what
 * the stored examples check. Members that do not apply are left out.
 */
#include "config.h"

#include "wire/layout_encode.h"

#include "wire/json_build.h"

#define VIRTIO_MMIO_SLOT_SIZE UINT64_C(4096)

/* The tree, unless a step of building it failed. */
static cJSON *finish(const struct gpald_builder *b, cJSON *tree)
{
	if (!b->failed)
		return tree;
	cJSON_Delete(tree);
	return NULL;
}

static void build_ram(struct gpald_builder *b, cJSON *object, const struct gpal_layout *layout)
{
	cJSON *ram = gpald_build_array(b, object, "ram");

	for (size_t i = 0; i < layout->ram_count; i++) {
		cJSON *extent = gpald_build_object(b, ram, NULL);

		gpald_build_integer(b, extent, "node", layout->ram[i].node);
		gpald_build_bounds(b, extent, layout->ram[i].range);
	}
}

static void build_buses(struct gpald_builder *b, cJSON *object, uint16_t segment, uint8_t start_bus,
			uint8_t end_bus)
{
	gpald_build_integer(b, object, "segment", segment);
	gpald_build_integer(b, object, "start_bus", start_bus);
	gpald_build_integer(b, object, "end_bus", end_bus);
}

static void build_root_complex(struct gpald_builder *b, cJSON *array,
			       const struct gpal_layout_root_complex *rc)
{
	cJSON *object = gpald_build_object(b, array, NULL);

	gpald_build_text(b, object, "name", rc->name);
	build_buses(b, object, rc->segment, rc->start_bus, rc->end_bus);
	if (rc->has_node)
		gpald_build_integer(b, object, "node", rc->node);
	gpald_build_range(b, object, "ecam", rc->ecam);
	gpald_build_range(b, object, "low_mmio", rc->low_mmio);
	gpald_build_range(b, object, "high_mmio", rc->high_mmio);
	if (rc->has_cxl) {
		cJSON *cxl = gpald_build_object(b, object, "cxl");

		gpald_build_range(b, cxl, "hdm", rc->cxl_hdm);
		gpald_build_range(b, cxl, "chbcr", rc->cxl_chbcr);
	}
}

static void build_pcie(struct gpald_builder *b, cJSON *object, const struct gpal_layout *layout)
{
	cJSON *pcie, *segments, *root_complexes;

	if (layout->root_complex_count == 0)
		return;
	pcie = gpald_build_object(b, object, "pcie");
	segments = gpald_build_array(b, pcie, "segments");
	for (size_t i = 0; i < layout->segment_count; i++) {
		const struct gpal_layout_segment *segment = &layout->segments[i];
		cJSON *entry = gpald_build_object(b, segments, NULL);

		build_buses(b, entry, segment->segment, segment->start_bus, segment->end_bus);
		gpald_build_range(b, entry, "ecam", segment->ecam);
		gpald_build_hex(b, entry, "bus0_base", segment->bus0_base);
	}
	root_complexes = gpald_build_array(b, pcie, "root_complexes");
	for (size_t i = 0; i < layout->root_complex_count; i++)
		build_root_complex(b, root_complexes, &layout->root_complexes[i]);
}

static void build_virtio_mmio(struct gpald_builder *b, cJSON *object,
			      const struct gpal_layout *layout)
{
	cJSON *virtio, *slots;

	if (layout->virtio_mmio_slots == 0)
		return;
	virtio = gpald_build_object(b, object, "virtio_mmio");
	gpald_build_bounds(b, virtio, layout->virtio_mmio);
	slots = gpald_build_array(b, virtio, "slots");
	for (uint32_t i = 0; i < layout->virtio_mmio_slots; i++)
		gpald_build_hex(b, slots, NULL,
				layout->virtio_mmio.start + i * VIRTIO_MMIO_SLOT_SIZE);
}

static void build_iommu(struct gpald_builder *b, cJSON *object, const struct gpal_layout *layout)
{
	cJSON *iommu, *instances;

	if (layout->iommu_count == 0)
		return;
	iommu = gpald_build_object(b, object, "iommu");
	gpald_build_text(b, iommu, "kind", gpal_iommu_name(layout->iommu));
	instances = gpald_build_array(b, iommu, "instances");
	for (size_t i = 0; i < layout->iommu_count; i++) {
		cJSON *instance = gpald_build_object(b, instances, NULL);

		gpald_build_text(b, instance, "root_complex", layout->iommus[i].root_complex);
		gpald_build_bounds(b, instance, layout->iommus[i].range);
	}
}

static void build_vtl2(struct gpald_builder *b, cJSON *object, const struct gpal_layout *layout)
{
	cJSON *vtl2;

	if (gpal_range_is_empty(layout->vtl2_chipset_mmio) &&
	    gpal_range_is_empty(layout->vtl2_memory) &&
	    gpal_range_is_empty(layout->vtl2_framebuffer))
		return;
	vtl2 = gpald_build_object(b, object, "vtl2");
	gpald_build_range_if(b, vtl2, "chipset_mmio", layout->vtl2_chipset_mmio);
	gpald_build_range_if(b, vtl2, "memory", layout->vtl2_memory);
	gpald_build_range_if(b, vtl2, "framebuffer", layout->vtl2_framebuffer);
}

static void build_warnings(struct gpald_builder *b, cJSON *object, const struct gpal_layout *layout)
{
	cJSON *warnings = gpald_build_array(b, object, "warnings");

	for (size_t i = 0; i < layout->warning_count; i++) {
		cJSON *warning = gpald_build_object(b, warnings, NULL);

		gpald_build_text(b, warning, "reason",
				 gpal_warning_token(layout->warnings[i].reason));
		gpald_build_text(b, warning, "tag", layout->warnings[i].tag);
		gpald_build_text(b, warning, "message", layout->warnings[i].message);
	}
}

cJSON *gpald_encode_layout(const struct gpal_layout *layout)
{
	struct gpald_builder b = { .failed = false };
	cJSON *object = cJSON_CreateObject();
	char digest[GPAL_DIGEST_SIZE];
	cJSON *chipset;

	gpal_layout_digest(layout, digest);
	gpald_build_text(&b, object, "arch", gpal_arch_name(layout->arch));
	gpald_build_text(&b, object, "policy", layout->policy->name);
	gpald_build_text(&b, object, "profile", gpal_profile_name(layout->profile));
	gpald_build_text(&b, object, "digest", digest);
	build_ram(&b, object, layout);
	chipset = gpald_build_object(&b, object, "chipset");
	gpald_build_range(&b, chipset, "low_mmio", layout->chipset_low_mmio);
	gpald_build_range_if(&b, chipset, "high_mmio", layout->chipset_high_mmio);
	build_pcie(&b, object, layout);
	build_virtio_mmio(&b, object, layout);
	build_iommu(&b, object, layout);
	build_vtl2(&b, object, layout);
	gpald_build_item(&b, object, "map", gpald_encode_map(&layout->map));
	gpald_build_hex(&b, object, "ram_size", layout->ram_size);
	gpald_build_hex(&b, object, "end_of_ram", layout->end_of_ram);
	gpald_build_hex(&b, object, "end_of_layout", layout->end_of_layout);
	gpald_build_hex(&b, object, "top", layout->top);
	gpald_build_integer(&b, object, "required_address_bits", layout->required_address_bits);
	build_warnings(&b, object, layout);
	return finish(&b, object);
}

cJSON *gpald_encode_map(const struct gpal_map *map)
{
	struct gpald_builder b = { .failed = false };
	cJSON *array = cJSON_CreateArray();

	for (size_t i = 0; i < map->count && !b.failed; i++) {
		const struct gpal_map_entry *entry = &map->entries[i];
		cJSON *object = gpald_build_object(&b, array, NULL);

		gpald_build_text(&b, object, "tag", entry->tag);
		gpald_build_text(&b, object, "kind", gpal_kind_name(entry->kind));
		gpald_build_bounds(&b, object, entry->range);
	}
	return finish(&b, array);
}

static cJSON *encode_changes(const struct gpal_changes *changes, bool removals_only)
{
	struct gpald_builder b = { .failed = false };
	cJSON *array = cJSON_CreateArray();

	for (size_t i = 0; i < changes->count && !b.failed; i++) {
		const struct gpal_change *change = &changes->changes[i];
		cJSON *object;

		if (removals_only && !change->is_removal)
			continue;
		object = gpald_build_object(&b, array, NULL);
		gpald_build_text(&b, object, "change", gpal_change_name(change->kind));
		gpald_build_text(&b, object, "tag", change->tag);
		gpald_build_range_if(&b, object, "from", change->from);
		gpald_build_range_if(&b, object, "to", change->to);
	}
	return finish(&b, array);
}

cJSON *gpald_encode_changes(const struct gpal_changes *changes)
{
	return encode_changes(changes, false);
}

cJSON *gpald_encode_removals(const struct gpal_changes *changes)
{
	return encode_changes(changes, true);
}

/* {"x86_64": ..., "aarch64": ...} */
static void build_by_arch(struct gpald_builder *b, cJSON *object, const char *key,
			  const uint64_t values[GPAL_ARCH_COUNT])
{
	cJSON *by_arch = gpald_build_object(b, object, key);

	for (int arch = 0; arch < GPAL_ARCH_COUNT; arch++)
		gpald_build_hex(b, by_arch, gpal_arch_name((enum gpal_arch)arch), values[arch]);
}

cJSON *gpald_encode_policy(const struct gpal_policy *policy)
{
	struct gpald_builder b = { .failed = false };
	cJSON *object = cJSON_CreateObject();
	cJSON *defaults, *pcie, *root_complex, *profiles;

	gpald_build_text(&b, object, "name", policy->name);
	gpald_build_text(&b, object, "summary", policy->summary);
	defaults = gpald_build_object(&b, object, "defaults");
	pcie = gpald_build_object(&b, defaults, "pcie");
	gpald_build_text(&b, pcie, "ecam", gpal_ecam_name(policy->ecam));
	root_complex = gpald_build_object(&b, pcie, "root_complex");
	gpald_build_hex(&b, root_complex, "low_mmio", policy->root_complex_low_mmio);
	gpald_build_hex(&b, root_complex, "high_mmio", policy->root_complex_high_mmio);

	profiles = gpald_build_object(&b, defaults, "profiles");
	for (int i = 0; i < GPAL_PROFILE_COUNT; i++) {
		const struct gpal_profile_defaults *row = &policy->profiles[i];
		cJSON *profile =
			gpald_build_object(&b, profiles, gpal_profile_name((enum gpal_profile)i));
		cJSON *chipset = gpald_build_object(&b, profile, "chipset");
		cJSON *vtl2, *memory;

		build_by_arch(&b, chipset, "low_mmio", row->low_mmio);
		gpald_build_hex(&b, chipset, "high_mmio", row->high_mmio);
		vtl2 = gpald_build_object(&b, profile, "vtl2");
		gpald_build_hex(&b, vtl2, "chipset_mmio", row->vtl2_chipset_mmio);
		memory = gpald_build_object(&b, profile, "memory");
		build_by_arch(&b, memory, "start", row->memory_start);
	}
	return finish(&b, object);
}
