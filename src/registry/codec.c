/* SPDX-License-Identifier: MIT */
/*
 * The members of requests and layouts in the order of their bytes. Enumerations are stored as the
 * numbers asserted here.
 */
#include "config.h"

#include "registry/codec.h"

#include "core/cxl.h"
#include "core/request_limits.h"
#include "core/text.h"
#include "registry/transfer.h"

#include <assert.h>
#include <gpalayout/allocator.h>
#include <stdlib.h>
#include <string.h>

/*
 * The newest versions. gpalayoutd 0.1.0 reads requests up to version 1 and layouts up to version 2.
 * Version 2 of a layout adds the marks of ranges that an update has kept. Version 2 of a request
 * and version 3 of a layout add all later members.
 */
#define REQUEST_VERSION 2
#define LAYOUT_VERSION 3

/* The numbers of enumerations on disk. */
static_assert(GPAL_ARCH_X86_64 == 0 && GPAL_ARCH_AARCH64 == 1, "stored");
static_assert(GPAL_PROFILE_GEN2_UEFI == 0 && GPAL_PROFILE_GEN1 == 1 &&
		      GPAL_PROFILE_LINUX_DIRECT == 2 &&
		      GPAL_PROFILE_LINUX_DIRECT_UNENLIGHTENED == 3 && GPAL_PROFILE_HCL_HOST == 4,
	      "stored");
static_assert(GPAL_ECAM_DEFAULT == 0 && GPAL_ECAM_BELOW_4GIB == 1 && GPAL_ECAM_ABOVE_4GIB == 2,
	      "stored");
static_assert(GPAL_WINDOW_DEFAULT == 0 && GPAL_WINDOW_SIZE == 1 && GPAL_WINDOW_PINNED == 2 &&
		      GPAL_WINDOW_NONE == 3 && GPAL_WINDOW_DEVICES == 4,
	      "stored");
static_assert(GPAL_HOLE_AMD_HYPERTRANSPORT == 0 && GPAL_HOLE_ARM_MSI == 1, "stored");
static_assert(GPAL_IOMMU_NONE == 0 && GPAL_IOMMU_SMMUV3 == 1 && GPAL_IOMMU_AMD_VI == 2 &&
		      GPAL_IOMMU_INTEL_VTD == 3,
	      "stored");
static_assert(GPAL_KIND_RESERVED == 0 && GPAL_KIND_FIXED == 1 && GPAL_KIND_MMIO32 == 2 &&
		      GPAL_KIND_RAM == 3 && GPAL_KIND_MMIO64 == 4 && GPAL_KIND_POST_MMIO == 5,
	      "stored");
static_assert(GPAL_WARN_RAM_NOT_AT_ZERO == 0 && GPAL_WARN_PINNED_HIGH_MMIO_BELOW_4GIB == 1 &&
		      GPAL_WARN_PINNED_WINDOW_UNALIGNED == 2 &&
		      GPAL_WARN_MANY_VIRTIO_MMIO_SLOTS == 3 && GPAL_WARN_PARTIAL_INTEL_VTD == 4 &&
		      GPAL_WARN_NO_LOW_MEMORY == 5 && GPAL_WARN_LARGEST_BAR_BELOW_SIZE == 6 &&
		      GPAL_WARN_AMD_VI_CROSSES_HYPERTRANSPORT == 7 &&
		      GPAL_WARN_MOST_RAM_ABOVE_PINNED_WINDOW == 8 &&
		      GPAL_WARN_NO_RAM_BELOW_1GIB == 9 && GPAL_WARN_HOTPLUG_OFF_BLOCK == 10,
	      "stored");

/* A policy is stored by its name; the empty name stands for NULL. */
static void transfer_policy(struct gpald_transfer *t, const struct gpal_policy **value)
{
	const char *name = *value ? (*value)->name : "";

	gpald_transfer_text(t, &name);
	if (!gpald_transfer_is_reading(t))
		return;
	*value = name[0] ? gpal_policy_find(name) : NULL;
	if (name[0] && !*value)
		gpald_transfer_fail(t, GPALD_CODEC_UNKNOWN_POLICY);
}

/* The request. */

static void transfer_node(struct gpald_transfer *t, void *element)
{
	gpald_transfer_u64(t, element);
}

static void transfer_bar(struct gpald_transfer *t, void *element)
{
	gpald_transfer_u64(t, element);
}

static void transfer_device(struct gpald_transfer *t, void *element)
{
	struct gpal_device *value = element;

	gpald_transfer_list(t, &value->bars, &value->bar_count, GPAL_BARS_MAX, sizeof(*value->bars),
			    transfer_bar);
	gpald_transfer_flag(t, &value->has_sriov);
	if (!value->has_sriov)
		return;
	gpald_transfer_u32(t, &value->vfs);
	gpald_transfer_list(t, &value->vf_bars, &value->vf_bar_count, GPAL_BARS_MAX,
			    sizeof(*value->vf_bars), transfer_bar);
}

static void transfer_window(struct gpald_transfer *t, struct gpal_window *value, uint64_t version)
{
	gpald_transfer_enumeration(t, &value->kind,
				   version == 1 ? GPAL_WINDOW_NONE : GPAL_WINDOW_COUNT);
	if (value->kind == GPAL_WINDOW_SIZE)
		gpald_transfer_u64(t, &value->size);
	if (value->kind == GPAL_WINDOW_SIZE && version > 1)
		gpald_transfer_u64(t, &value->alignment);
	else if (value->kind == GPAL_WINDOW_PINNED)
		gpald_transfer_any_range(t, &value->range);
	else if (value->kind == GPAL_WINDOW_DEVICES)
		gpald_transfer_list(t, &value->devices, &value->device_count, GPAL_DEVICES_MAX,
				    sizeof(*value->devices), transfer_device);
}

static void transfer_root_complex(struct gpald_transfer *t, struct gpal_root_complex *rc,
				  uint64_t version)
{
	gpald_transfer_utf8_name(t, &rc->name, GPALD_UTF8_NAME_MAX);
	gpald_transfer_u16(t, &rc->segment);
	if (gpald_transfer_is_reading(t))
		rc->has_buses = true;
	gpald_transfer_u8(t, &rc->start_bus);
	gpald_transfer_u8(t, &rc->end_bus);
	gpald_transfer_flag(t, &rc->has_node);
	if (rc->has_node)
		gpald_transfer_u32(t, &rc->node);
	transfer_window(t, &rc->low_mmio, version);
	transfer_window(t, &rc->high_mmio, version);
	gpald_transfer_flag(t, &rc->has_cxl);
	if (rc->has_cxl && version > 1)
		gpald_transfer_flag(t, &rc->has_no_cxl_hdm);
	if (rc->has_cxl && !rc->has_no_cxl_hdm)
		gpald_transfer_u64(t, &rc->cxl_hdm);
	gpald_transfer_enumeration(t, &rc->iommu, GPAL_IOMMU_COUNT);
}

static void transfer_root_complex_1(struct gpald_transfer *t, void *element)
{
	transfer_root_complex(t, element, 1);
}

static void transfer_root_complex_2(struct gpald_transfer *t, void *element)
{
	transfer_root_complex(t, element, 2);
}

static void transfer_reserved(struct gpald_transfer *t, void *element)
{
	struct gpal_named_range *named = element;

	gpald_transfer_utf8_name(t, &named->name, GPALD_RESERVED_NAME_MAX);
	gpald_transfer_any_range(t, &named->range);
}

static void transfer_chipset_added_in_2(struct gpald_transfer *t, struct gpal_request *r)
{
	gpald_transfer_flag(t, &r->has_pinned_chipset_high_mmio);
	if (r->has_pinned_chipset_high_mmio)
		gpald_transfer_any_range(t, &r->pinned_chipset_high_mmio);
	if (r->has_pinned_chipset_high_mmio && r->chipset_high_mmio.set)
		gpald_transfer_fail(t, GPALD_CODEC_MALFORMED);
	gpald_transfer_flag(t, &r->has_no_vmbus);
}

static void transfer_hole(struct gpald_transfer *t, void *element)
{
	gpald_transfer_enumeration(t, element, GPAL_HOLE_COUNT);
}

static void transfer_hotplug_room(struct gpald_transfer *t, void *element)
{
	struct gpal_hotplug_room *room = element;

	gpald_transfer_u32(t, &room->node);
	gpald_transfer_u64(t, &room->size);
	gpald_transfer_optional(t, &room->alignment);
}

static void transfer_target(struct gpald_transfer *t, void *element)
{
	gpald_transfer_utf8_name(t, element, GPALD_UTF8_NAME_MAX);
}

static void transfer_cxl_window(struct gpald_transfer *t, void *element)
{
	struct gpal_cxl_window *window = element;
	uint32_t granularity = window->granularity ? window->granularity :
						     GPALD_CXL_GRANULARITY_MIN;

	gpald_transfer_utf8_name(t, &window->name, GPALD_UTF8_NAME_MAX);
	gpald_transfer_list(t, &window->targets, &window->target_count, GPAL_CXL_TARGETS_MAX,
			    sizeof(*window->targets), transfer_target);
	gpald_transfer_u64(t, &window->size);
	/* The default is stored as a number, so that stating it makes no difference. */
	gpald_transfer_u32(t, &granularity);
	if (!gpald_transfer_is_reading(t))
		return;
	window->granularity = granularity;
	if (granularity == 0)
		gpald_transfer_fail(t, GPALD_CODEC_MALFORMED);
}

static bool needs_version_2(const struct gpal_window *window)
{
	return window->kind == GPAL_WINDOW_NONE || window->kind == GPAL_WINDOW_DEVICES ||
	       (window->kind == GPAL_WINDOW_SIZE && window->alignment);
}

/* Returns the lowest version that can express the request. */
static uint64_t version_of_request(const struct gpal_request *r)
{
	if (r->has_no_vmbus || r->has_pinned_chipset_high_mmio || r->host_hole_count ||
	    r->has_vtl2_alias_map || r->memory_low_window || r->hotplug_room_count ||
	    r->cxl_window_count)
		return 2;
	for (size_t i = 0; i < r->reserved_count; i++)
		if (!gpald_is_plain_name(r->reserved[i].name, GPALD_NAME_MAX))
			return 2;
	for (size_t i = 0; i < r->root_complex_count; i++) {
		const struct gpal_root_complex *rc = &r->root_complexes[i];

		if (!gpald_is_plain_name(rc->name, GPALD_NAME_MAX) ||
		    needs_version_2(&rc->low_mmio) || needs_version_2(&rc->high_mmio) ||
		    (rc->has_cxl && rc->has_no_cxl_hdm))
			return 2;
	}
	return 1;
}

static void transfer_request(struct gpald_transfer *t, struct gpal_request *r)
{
	uint64_t version = gpald_transfer_is_reading(t) ? 0 : version_of_request(r);

	gpald_transfer_version(t, &version, REQUEST_VERSION);
	gpald_transfer_enumeration(t, &r->arch, GPAL_ARCH_COUNT);
	transfer_policy(t, &r->policy);
	gpald_transfer_enumeration(t, &r->profile, GPAL_PROFILE_COUNT);
	gpald_transfer_list(t, &r->nodes, &r->node_count, GPALD_MEMORY_NODES_MAX, sizeof(*r->nodes),
			    transfer_node);
	gpald_transfer_optional(t, &r->memory_start);
	gpald_transfer_optional(t, &r->chipset_low_mmio);
	/* A pinned window replaces the size. */
	if (!gpald_transfer_is_reading(t) && r->has_pinned_chipset_high_mmio)
		r->chipset_high_mmio.set = false;
	gpald_transfer_optional(t, &r->chipset_high_mmio);
	if (version > 1)
		transfer_chipset_added_in_2(t, r);
	gpald_transfer_enumeration(t, &r->ecam, GPAL_ECAM_COUNT);
	gpald_transfer_list(t, &r->root_complexes, &r->root_complex_count, GPALD_ROOT_COMPLEXES_MAX,
			    sizeof(*r->root_complexes),
			    version == 1 ? transfer_root_complex_1 : transfer_root_complex_2);
	gpald_transfer_u32_up_to(t, &r->virtio_mmio_slots, GPALD_VIRTIO_MMIO_SLOTS_MAX);
	gpald_transfer_optional(t, &r->vtl2_chipset_mmio);
	gpald_transfer_flag(t, &r->has_vtl2_memory);
	if (r->has_vtl2_memory) {
		gpald_transfer_u64(t, &r->vtl2_memory_size);
		gpald_transfer_u64(t, &r->vtl2_memory_alignment);
	}
	gpald_transfer_u64(t, &r->vtl2_framebuffer);
	gpald_transfer_list(t, &r->reserved, &r->reserved_count, GPALD_RESERVED_MAX,
			    sizeof(*r->reserved), transfer_reserved);
	gpald_transfer_u32_up_to(t, &r->host_physical_address_bits, GPALD_ADDRESS_BITS_MAX);
	if (version > 1) {
		gpald_transfer_list(t, &r->host_holes, &r->host_hole_count, GPALD_HOLES_MAX,
				    sizeof(*r->host_holes), transfer_hole);
		gpald_transfer_flag(t, &r->has_vtl2_alias_map);
		gpald_transfer_u64(t, &r->memory_low_window);
		gpald_transfer_list(t, &r->hotplug_rooms, &r->hotplug_room_count,
				    GPALD_HOTPLUG_ROOMS_MAX, sizeof(*r->hotplug_rooms),
				    transfer_hotplug_room);
		gpald_transfer_list(t, &r->cxl_windows, &r->cxl_window_count, GPALD_CXL_WINDOWS_MAX,
				    sizeof(*r->cxl_windows), transfer_cxl_window);
	}
	if (t->result == GPALD_CODEC_OK && version != version_of_request(r))
		gpald_transfer_fail(t, GPALD_CODEC_MALFORMED);
}

/* The layout. */

static void transfer_map_entry(struct gpald_transfer *t, void *element)
{
	struct gpal_map_entry *entry = element;

	gpald_transfer_enumeration(t, &entry->kind, GPAL_KIND_COUNT);
	gpald_transfer_utf8_name(t, &entry->tag, GPALD_TAG_MAX);
	gpald_transfer_u32(t, &entry->index);
	gpald_transfer_page_range(t, &entry->range);
}

static void transfer_ram_extent(struct gpald_transfer *t, void *element)
{
	struct gpal_ram_extent *extent = element;

	gpald_transfer_u32_up_to(t, &extent->node, GPALD_MEMORY_NODES_MAX - 1);
	gpald_transfer_page_range(t, &extent->range);
}

static void transfer_segment(struct gpald_transfer *t, void *element)
{
	struct gpal_layout_segment *value = element;

	gpald_transfer_u16(t, &value->segment);
	gpald_transfer_u8(t, &value->start_bus);
	gpald_transfer_u8(t, &value->end_bus);
	gpald_transfer_page_range(t, &value->ecam);
	gpald_transfer_u64(t, &value->bus0_base);
}

static void transfer_layout_root_complex(struct gpald_transfer *t, void *element)
{
	struct gpal_layout_root_complex *rc = element;

	gpald_transfer_utf8_name(t, &rc->name, GPALD_UTF8_NAME_MAX);
	gpald_transfer_u16(t, &rc->segment);
	gpald_transfer_u8(t, &rc->start_bus);
	gpald_transfer_u8(t, &rc->end_bus);
	gpald_transfer_flag(t, &rc->has_node);
	if (rc->has_node)
		gpald_transfer_u32(t, &rc->node);
	gpald_transfer_page_range(t, &rc->ecam);
	gpald_transfer_page_range(t, &rc->low_mmio);
	gpald_transfer_page_range(t, &rc->high_mmio);
	gpald_transfer_flag(t, &rc->has_cxl);
	if (rc->has_cxl) {
		gpald_transfer_page_range(t, &rc->cxl_hdm);
		gpald_transfer_page_range(t, &rc->cxl_chbcr);
	}
}

static void transfer_iommu(struct gpald_transfer *t, void *element)
{
	struct gpal_layout_iommu *value = element;

	gpald_transfer_utf8_name(t, &value->root_complex, GPALD_UTF8_NAME_MAX);
	gpald_transfer_page_range(t, &value->range);
}

static void transfer_warning(struct gpald_transfer *t, void *element)
{
	struct gpal_warning *value = element;

	gpald_transfer_enumeration(t, &value->reason, GPAL_WARN_COUNT);
	gpald_transfer_utf8_name(t, &value->tag, GPALD_TAG_MAX);
	gpald_transfer_text(t, &value->message);
	if (gpald_transfer_is_reading(t))
		value->token = gpal_warning_token(value->reason);
}

/*
 * Returns whether a layout is sound: the resolver ensures these properties, and other code relies
 * on them.
 */
static bool is_sound(const struct gpal_layout *l)
{
	uint64_t end = 0;

	for (size_t i = 0; i < l->map.count; i++) {
		const struct gpal_range range = l->map.entries[i].range;

		if (range.start < end || gpal_range_is_empty(range))
			return false;
		end = range.end;
	}
	for (size_t i = 0; i < l->segment_count; i++)
		if (l->segments[i].start_bus > l->segments[i].end_bus)
			return false;
	for (size_t i = 0; i < l->root_complex_count; i++)
		if (l->root_complexes[i].start_bus > l->root_complexes[i].end_bus)
			return false;
	for (size_t i = 0; i < l->cxl_window_count; i++)
		if (!gpald_cxl_allows_ways(l->cxl_windows[i].target_count) ||
		    !gpald_cxl_allows_granularity(l->cxl_windows[i].granularity))
			return false;
	if (l->required_address_bits > GPALD_ADDRESS_BITS_MAX + (unsigned int)l->has_vtl2_alias_map)
		return false;
	return gpal_range_size(l->virtio_mmio) == l->virtio_mmio_slots * GPAL_PAGE_SIZE &&
	       (l->iommu == GPAL_IOMMU_NONE) == (l->iommu_count == 0);
}

/*
 * Transfers the marks of ranges that an update has kept. Version 2 always has them; version 3 has
 * a flag that says whether they follow.
 */
static void transfer_kept_marks(struct gpald_transfer *t, struct gpal_map *map)
{
	bool some = false;

	if (gpald_transfer_is_reading(t) && t->result == GPALD_CODEC_OK) {
		map->kept = gpald_arena_zalloc(t->arena, map->count, sizeof(*map->kept));
		if (!map->kept) {
			gpald_transfer_fail(t, GPALD_CODEC_NO_MEMORY);
			return;
		}
	}
	for (size_t i = 0; i < map->count && t->result == GPALD_CODEC_OK; i++) {
		gpald_transfer_flag(t, (bool *)&map->kept[i]);
		some |= map->kept[i];
		/* Reserved and fixed ranges are never marked. */
		if (map->kept[i] && map->entries[i].kind < GPAL_KIND_MMIO32)
			gpald_transfer_fail(t, GPALD_CODEC_MALFORMED);
	}
	/* A layout without marks is encoded in a form that has no place for them. */
	if (!some)
		gpald_transfer_fail(t, GPALD_CODEC_MALFORMED);
}

static void transfer_layout_room(struct gpald_transfer *t, void *element)
{
	struct gpal_layout_hotplug_room *room = element;

	gpald_transfer_u32_up_to(t, &room->node, GPALD_MEMORY_NODES_MAX - 1);
	gpald_transfer_page_range(t, &room->range);
}

static void transfer_layout_cxl_window(struct gpald_transfer *t, void *element)
{
	struct gpal_layout_cxl_window *window = element;

	gpald_transfer_utf8_name(t, &window->name, GPALD_UTF8_NAME_MAX);
	gpald_transfer_page_range(t, &window->range);
	gpald_transfer_list(t, &window->targets, &window->target_count, GPAL_CXL_TARGETS_MAX,
			    sizeof(*window->targets), transfer_target);
	gpald_transfer_u32(t, &window->granularity);
}

/* Transfers the members that only version 3 has. */
static void transfer_layout_added_in_3(struct gpald_transfer *t, struct gpal_layout *l,
				       bool *has_kept)
{
	gpald_transfer_flag(t, &l->has_vtl2_alias_map);
	gpald_transfer_list(t, &l->hotplug_rooms, &l->hotplug_room_count, GPALD_HOTPLUG_ROOMS_MAX,
			    sizeof(*l->hotplug_rooms), transfer_layout_room);
	gpald_transfer_list(t, &l->cxl_windows, &l->cxl_window_count, GPALD_CXL_WINDOWS_MAX,
			    sizeof(*l->cxl_windows), transfer_layout_cxl_window);
	gpald_transfer_flag(t, has_kept);
}

#define TAG_MAX_1 79 /* pcie-, a name of 64 bytes and -high-mmio */

/* Returns the lowest version that can express the layout, so that older programs can read it. */
static uint64_t version_of_layout(const struct gpal_layout *l)
{
	if (l->has_vtl2_alias_map || l->hotplug_room_count || l->cxl_window_count)
		return 3;
	for (size_t i = 0; i < l->map.count; i++)
		if (!gpald_is_plain_name(l->map.entries[i].tag, TAG_MAX_1))
			return 3;
	for (size_t i = 0; i < l->root_complex_count; i++)
		if (!gpald_is_plain_name(l->root_complexes[i].name, GPALD_NAME_MAX))
			return 3;
	return l->map.kept ? 2 : 1;
}

static void transfer_layout(struct gpald_transfer *t, struct gpal_layout *l)
{
	uint64_t version = gpald_transfer_is_reading(t) ? 0 : version_of_layout(l);
	bool has_kept = l->map.kept;

	gpald_transfer_version(t, &version, LAYOUT_VERSION);
	gpald_transfer_enumeration(t, &l->arch, GPAL_ARCH_COUNT);
	transfer_policy(t, &l->policy);
	if (gpald_transfer_is_reading(t) && l->policy)
		l->policy_name = l->policy->name;
	gpald_transfer_enumeration(t, &l->profile, GPAL_PROFILE_COUNT);
	gpald_transfer_list(t, &l->ram, &l->ram_count, GPAL_ALLOC_MAX, sizeof(*l->ram),
			    transfer_ram_extent);
	gpald_transfer_page_range(t, &l->chipset_low_mmio);
	gpald_transfer_page_range(t, &l->chipset_high_mmio);
	gpald_transfer_list(t, &l->segments, &l->segment_count, GPALD_ROOT_COMPLEXES_MAX,
			    sizeof(*l->segments), transfer_segment);
	gpald_transfer_list(t, &l->root_complexes, &l->root_complex_count, GPALD_ROOT_COMPLEXES_MAX,
			    sizeof(*l->root_complexes), transfer_layout_root_complex);
	gpald_transfer_page_range(t, &l->virtio_mmio);
	gpald_transfer_u32_up_to(t, &l->virtio_mmio_slots, GPALD_VIRTIO_MMIO_SLOTS_MAX);
	gpald_transfer_enumeration(t, &l->iommu, GPAL_IOMMU_COUNT);
	gpald_transfer_list(t, &l->iommus, &l->iommu_count, GPALD_ROOT_COMPLEXES_MAX,
			    sizeof(*l->iommus), transfer_iommu);
	gpald_transfer_page_range(t, &l->vtl2_chipset_mmio);
	gpald_transfer_page_range(t, &l->vtl2_memory);
	gpald_transfer_page_range(t, &l->vtl2_framebuffer);
	gpald_transfer_list(t, &l->map.entries, &l->map.count, GPAL_ALLOC_MAX,
			    sizeof(*l->map.entries), transfer_map_entry);
	gpald_transfer_u64(t, &l->ram_size);
	gpald_transfer_u64(t, &l->end_of_ram);
	gpald_transfer_u64(t, &l->end_of_layout);
	gpald_transfer_u64(t, &l->top);
	gpald_transfer_u32_up_to(t, &l->required_address_bits, GPALD_ADDRESS_BITS_MAX + 1);
	gpald_transfer_list(t, &l->warnings, &l->warning_count, GPAL_ALLOC_MAX,
			    sizeof(*l->warnings), transfer_warning);
	if (version == 3)
		transfer_layout_added_in_3(t, l, &has_kept);
	if (version == 2 || has_kept)
		transfer_kept_marks(t, &l->map);
	if (t->result == GPALD_CODEC_OK && version != version_of_layout(l))
		gpald_transfer_fail(t, GPALD_CODEC_MALFORMED);
}

/* Encoding and decoding. */

bool gpald_encode_request_blob(const struct gpal_request *source, struct gpald_blob *blob)
{
	struct gpal_request copy = *source;
	struct gpald_transfer t = { .result = GPALD_CODEC_OK };

	transfer_request(&t, &copy);
	return gpald_transfer_finish(&t, blob);
}

bool gpald_encode_layout_blob(const struct gpal_layout *source, struct gpald_blob *blob)
{
	struct gpal_layout copy = *source;
	struct gpald_transfer t = { .result = GPALD_CODEC_OK };

	transfer_layout(&t, &copy);
	return gpald_transfer_finish(&t, blob);
}

static struct gpald_transfer read_from(const struct gpald_blob *blob, struct gpald_arena *arena)
{
	/* An empty blob may have no address. */
	static const uint8_t nothing[1];
	const uint8_t *data = blob->length ? blob->data : nothing;

	return (struct gpald_transfer){ .arena = arena, .next = data, .end = data + blob->length };
}

static enum gpald_codec_result finish_reading(struct gpald_transfer *t)
{
	if (t->next != t->end)
		gpald_transfer_fail(t, GPALD_CODEC_MALFORMED);
	return t->result;
}

enum gpald_codec_result gpald_decode_request_blob(const struct gpald_blob *blob,
						  struct gpald_arena *arena,
						  struct gpal_request *target)
{
	struct gpald_transfer t = read_from(blob, arena);

	*target = (struct gpal_request){ 0 };
	transfer_request(&t, target);
	return finish_reading(&t);
}

enum gpald_codec_result gpald_decode_layout_blob(const struct gpald_blob *blob,
						 struct gpald_arena *arena,
						 struct gpal_layout *target)
{
	struct gpald_transfer t = read_from(blob, arena);

	*target = (struct gpal_layout){ 0 };
	transfer_layout(&t, target);
	if (t.result == GPALD_CODEC_OK && (!target->policy || !is_sound(target)))
		gpald_transfer_fail(&t, GPALD_CODEC_MALFORMED);
	return finish_reading(&t);
}
