/* SPDX-License-Identifier: MIT */
/*
 * The tables of the layout, which have a row for each member. The decoders check the form. Unless
 * the layout is in a reply, this file also checks largest_bar and the slots of virtio-mmio, and
 * gpal_layout_check() checks that the members agree with the map.
 */
#include "config.h"

#include "wire/layout_decode.h"

#include "core/cxl.h"
#include "wire/request_decode.h"
#include "wire/size.h"

#include <gpalayout/check.h>
#include <inttypes.h>
#include <string.h>

/* A layout, and members that are checked and then dropped. */
struct given {
	struct gpal_layout layout;
	const char *digest;
	const uint64_t *slots;
	size_t slot_count;
};

static const char *range_kind_name(int value)
{
	return gpal_kind_name((enum gpal_kind)value);
}

/* Accepts an address only in the form in which replies write it. */
static int decode_address(struct gpald_decoder *decoder, const cJSON *value, void *target,
			  const struct gpald_member *member)
{
	const char *text = NULL;
	char written[GPALD_HEX_SIZE];
	uint64_t address;

	if (gpald_decode_text(decoder, value, &text, member))
		return -1;
	if (gpald_size_parse(text, &address) == GPALD_SIZE_OK) {
		gpald_hex_format(address, written);
		if (strcmp(text, written) == 0) {
			*(uint64_t *)target = address;
			return 0;
		}
	}
	return gpald_decoder_refuse(decoder, GPALD_BAD_SIZE,
				    "expected 0x and lower-case hex digits without leading zeros, "
				    "such as \"0x1000\"");
}

#define BOUNDS(type, range)                                                                   \
	{ .name = "start",                                                                    \
	  .decode = decode_address,                                                           \
	  .offset = offsetof(type, range.start),                                              \
	  .required = true },                                                                 \
	{                                                                                     \
		.name = "end", .decode = decode_address, .offset = offsetof(type, range.end), \
		.required = true                                                              \
	}

struct bounds {
	struct gpal_range range;
};

static const struct gpald_member range_rows[] = { BOUNDS(struct bounds, range) };
static const struct gpald_members range_members = GPALD_MEMBERS(range_rows);

static int decode_address_range(struct gpald_decoder *decoder, const cJSON *value, void *target,
				const struct gpald_member *member)
{
	(void)member;
	return gpald_decode_members(decoder, value, target, &range_members);
}

struct window {
	struct gpal_range range;
	uint64_t largest_bar; /* 0: omitted */
};

static const struct gpald_member window_rows[] = {
	BOUNDS(struct window, range),
	GPALD_ROW(struct window, largest_bar, decode_address),
};
static const struct gpald_members window_members = GPALD_MEMBERS(window_rows);

/* Also checks largest_bar, which follows from the range. */
static int decode_layout_window(struct gpald_decoder *decoder, const cJSON *value, void *target,
				const struct gpald_member *member)
{
	struct window window = { .largest_bar = 0 };
	uint64_t largest;

	(void)member;
	if (gpald_decode_members(decoder, value, &window, &window_members))
		return -1;
	*(struct gpal_range *)target = window.range;
	if (decoder->context->is_reply || !cJSON_GetObjectItemCaseSensitive(value, "largest_bar"))
		return 0;
	largest = window.range.start < window.range.end ? gpal_largest_bar(window.range) : 0;
	if (window.largest_bar == largest)
		return 0;
	gpald_decoder_enter(decoder, "largest_bar");
	return gpald_decoder_refuse(decoder, GPALD_BAD_LAYOUT,
				    "the largest BAR that fits in the window is 0x%" PRIx64,
				    largest);
}

static const struct gpald_enum kinds = { range_kind_name, GPAL_KIND_COUNT };

static const struct gpald_integer_range nodes = { 0, GPALD_MEMORY_NODES_MAX - 1 };

#define ELEMENTS(type, members, list_count, at_least, at_most)                            \
	{                                                                                 \
		.element = { .decode = gpald_decode_object, .extra = &(members) },        \
		.element_size = sizeof(type), .least = (at_least), .greatest = (at_most), \
		.count_offset = offsetof(struct given, list_count)                        \
	}

static const struct gpald_member extent_rows[] = {
	GPALD_ROW(struct gpal_ram_extent, node, gpald_decode_u32, .required = true,
		  .extra = &nodes),
	BOUNDS(struct gpal_ram_extent, range),
};
static const struct gpald_members extent_members = GPALD_MEMBERS(extent_rows);
static const struct gpald_list extents =
	ELEMENTS(struct gpal_ram_extent, extent_members, layout.ram_count, 1, GPALD_LIST_MAX);

static const struct gpald_member chipset_rows[] = {
	{ .name = "low_mmio",
	  .decode = decode_address_range,
	  .offset = offsetof(struct given, layout.chipset_low_mmio),
	  .required = true },
	{ .name = "high_mmio",
	  .decode = decode_address_range,
	  .offset = offsetof(struct given, layout.chipset_high_mmio) },
};
static const struct gpald_members chipset_members = GPALD_MEMBERS(chipset_rows);

#define BUSES(type)                                                                             \
	GPALD_ROW(type, segment, gpald_decode_u16, .required = true, .extra = &gpald_segments), \
		GPALD_ROW(type, start_bus, gpald_decode_u8, .required = true,                   \
			  .extra = &gpald_buses),                                               \
		GPALD_ROW(type, end_bus, gpald_decode_u8, .required = true,                     \
			  .extra = &gpald_buses),                                               \
		GPALD_ROW(type, ecam, decode_address_range, .required = true)

static const struct gpald_member segment_rows[] = {
	BUSES(struct gpal_layout_segment),
	GPALD_ROW(struct gpal_layout_segment, bus0_base, decode_address, .required = true),
};
static const struct gpald_members segment_members = GPALD_MEMBERS(segment_rows);
static const struct gpald_list segment_list = ELEMENTS(struct gpal_layout_segment, segment_members,
						       layout.segment_count, 1,
						       GPALD_ROOT_COMPLEXES_MAX);

static int decode_node(struct gpald_decoder *decoder, const cJSON *value, void *target,
		       const struct gpald_member *member)
{
	struct gpal_layout_root_complex *rc = target;

	rc->has_node = true;
	return gpald_decode_u32(decoder, value, &rc->node, member);
}

static const struct gpald_member cxl_rows[] = {
	{ .name = "hdm",
	  .decode = decode_address_range,
	  .offset = offsetof(struct gpal_layout_root_complex, cxl_hdm) },
	{ .name = "chbcr",
	  .decode = decode_address_range,
	  .offset = offsetof(struct gpal_layout_root_complex, cxl_chbcr),
	  .required = true },
};
static const struct gpald_members cxl_members = GPALD_MEMBERS(cxl_rows);

static int decode_layout_cxl(struct gpald_decoder *decoder, const cJSON *value, void *target,
			     const struct gpald_member *member)
{
	struct gpal_layout_root_complex *rc = target;

	(void)member;
	rc->has_cxl = true;
	return gpald_decode_members(decoder, value, rc, &cxl_members);
}

static const struct gpald_member root_complex_rows[] = {
	GPALD_ROW(struct gpal_layout_root_complex, name, gpald_decode_utf8_name, .required = true),
	BUSES(struct gpal_layout_root_complex),
	GPALD_ROW(struct gpal_layout_root_complex, low_mmio, decode_layout_window),
	GPALD_ROW(struct gpal_layout_root_complex, high_mmio, decode_layout_window),
	/* These fill several members of the struct. */
	{ .name = "node", .decode = decode_node, .extra = &nodes },
	{ .name = "cxl", .decode = decode_layout_cxl },
};
static const struct gpald_members root_complex_members = GPALD_MEMBERS(root_complex_rows);
static const struct gpald_list root_complexes =
	ELEMENTS(struct gpal_layout_root_complex, root_complex_members, layout.root_complex_count,
		 1, GPALD_ROOT_COMPLEXES_MAX);

static const struct gpald_member pcie_rows[] = {
	{ .name = "segments",
	  .decode = gpald_decode_list,
	  .offset = offsetof(struct given, layout.segments),
	  .required = true,
	  .extra = &segment_list },
	{ .name = "root_complexes",
	  .decode = gpald_decode_list,
	  .offset = offsetof(struct given, layout.root_complexes),
	  .required = true,
	  .extra = &root_complexes },
};
static const struct gpald_members pcie_members = GPALD_MEMBERS(pcie_rows);

static const struct gpald_member room_rows[] = {
	GPALD_ROW(struct gpal_layout_hotplug_room, node, gpald_decode_u32, .required = true,
		  .extra = &nodes),
	BOUNDS(struct gpal_layout_hotplug_room, range),
};
static const struct gpald_members room_members = GPALD_MEMBERS(room_rows);
static const struct gpald_list rooms = ELEMENTS(struct gpal_layout_hotplug_room, room_members,
						layout.hotplug_room_count, 1,
						GPALD_HOTPLUG_ROOMS_MAX);

/* Decodes targets as in a request. Only the place of their count differs in the struct. */
static int decode_targets(struct gpald_decoder *decoder, const cJSON *value, void *target,
			  const struct gpald_member *member)
{
	struct gpal_layout_cxl_window *window = target;
	struct gpal_cxl_window asked = { .target_count = 0 };
	const struct gpald_member list = {
		.offset = offsetof(struct gpal_cxl_window, targets),
		.extra = &gpald_cxl_targets,
	};

	(void)member;
	if (gpald_decode_list(decoder, value, &asked.targets, &list))
		return -1;
	window->targets = asked.targets;
	window->target_count = asked.target_count;
	return 0;
}

static const struct gpald_integer_range granularities = { GPALD_CXL_GRANULARITY_MIN,
							  GPALD_CXL_GRANULARITY_MAX };

static const struct gpald_member cxl_window_rows[] = {
	GPALD_ROW(struct gpal_layout_cxl_window, name, gpald_decode_utf8_name, .required = true),
	BOUNDS(struct gpal_layout_cxl_window, range),
	{ .name = "targets", .decode = decode_targets, .required = true },
	GPALD_ROW(struct gpal_layout_cxl_window, granularity, gpald_decode_u32, .required = true,
		  .extra = &granularities),
};
static const struct gpald_members cxl_window_members = GPALD_MEMBERS(cxl_window_rows);
static const struct gpald_list cxl_windows = ELEMENTS(struct gpal_layout_cxl_window,
						      cxl_window_members, layout.cxl_window_count,
						      1, GPALD_CXL_WINDOWS_MAX);

static const struct gpald_list slot_list = {
	.element = { .decode = decode_address },
	.element_size = sizeof(uint64_t),
	.least = 1,
	.greatest = GPALD_VIRTIO_MMIO_SLOTS_MAX,
	.count_offset = offsetof(struct given, slot_count),
};

static const struct gpald_member virtio_mmio_rows[] = {
	BOUNDS(struct given, layout.virtio_mmio),
	GPALD_ROW(struct given, slots, gpald_decode_list, .required = true, .extra = &slot_list),
};
static const struct gpald_members virtio_mmio_members = GPALD_MEMBERS(virtio_mmio_rows);

static const struct gpald_member instance_rows[] = {
	GPALD_ROW(struct gpal_layout_iommu, root_complex, gpald_decode_utf8_name, .required = true),
	BOUNDS(struct gpal_layout_iommu, range),
};
static const struct gpald_members instance_members = GPALD_MEMBERS(instance_rows);
static const struct gpald_list instances = ELEMENTS(struct gpal_layout_iommu, instance_members,
						    layout.iommu_count, 1,
						    GPALD_ROOT_COMPLEXES_MAX);

static const struct gpald_member iommu_rows[] = {
	{ .name = "kind",
	  .decode = gpald_decode_enum,
	  .offset = offsetof(struct given, layout.iommu),
	  .required = true,
	  .extra = &gpald_iommus },
	{ .name = "instances",
	  .decode = gpald_decode_list,
	  .offset = offsetof(struct given, layout.iommus),
	  .required = true,
	  .extra = &instances },
};
static const struct gpald_members iommu_members = GPALD_MEMBERS(iommu_rows);

static const struct gpald_member vtl2_rows[] = {
	{ .name = "chipset_mmio",
	  .decode = decode_address_range,
	  .offset = offsetof(struct given, layout.vtl2_chipset_mmio) },
	{ .name = "memory",
	  .decode = decode_address_range,
	  .offset = offsetof(struct given, layout.vtl2_memory) },
	{ .name = "framebuffer",
	  .decode = decode_address_range,
	  .offset = offsetof(struct given, layout.vtl2_framebuffer) },
	{ .name = "alias_map",
	  .decode = gpald_decode_bool,
	  .offset = offsetof(struct given, layout.has_vtl2_alias_map) },
};
static const struct gpald_members vtl2_members = GPALD_MEMBERS(vtl2_rows);

static int decode_vtl2(struct gpald_decoder *decoder, const cJSON *value, void *target,
		       const struct gpald_member *member)
{
	if (cJSON_IsObject(value) && !value->child)
		return gpald_decoder_refuse(decoder, GPALD_MISSING_MEMBER,
					    "vtl2 is empty; omit it");
	return gpald_decode_object(decoder, value, target, member);
}

static const struct gpald_member entry_rows[] = {
	GPALD_ROW(struct gpal_map_entry, tag, gpald_decode_tag, .required = true),
	GPALD_ROW(struct gpal_map_entry, kind, gpald_decode_enum, .required = true,
		  .extra = &kinds),
	BOUNDS(struct gpal_map_entry, range),
};
static const struct gpald_members entry_members = GPALD_MEMBERS(entry_rows);
static const struct gpald_list entries =
	ELEMENTS(struct gpal_map_entry, entry_members, layout.map.count, 0, GPALD_LIST_MAX);

/* Accepts any plain name: warnings change no address, and a newer host may have other ones. */
static int decode_warning_reason(struct gpald_decoder *decoder, const cJSON *value, void *target,
				 const struct gpald_member *member)
{
	struct gpal_warning *warning = target;
	int reason = 0;

	if (gpald_decode_plain_name(decoder, value, &warning->token, member))
		return -1;
	while (reason < GPAL_WARN_COUNT &&
	       strcmp(gpal_warning_token((enum gpal_warning_reason)reason), warning->token) != 0)
		reason++;
	warning->reason = reason < GPAL_WARN_COUNT ? (enum gpal_warning_reason)reason :
						     GPAL_WARN_UNKNOWN;
	return 0;
}

static const struct gpald_member warning_rows[] = {
	/* It fills two members of the struct. */
	{ .name = "reason", .decode = decode_warning_reason, .required = true },
	GPALD_ROW(struct gpal_warning, tag, gpald_decode_tag, .required = true),
	GPALD_ROW(struct gpal_warning, message, gpald_decode_text, .required = true),
};
static const struct gpald_members warning_members = GPALD_MEMBERS(warning_rows);
static const struct gpald_list warnings =
	ELEMENTS(struct gpal_warning, warning_members, layout.warning_count, 0, GPALD_LIST_MAX);

/* A number that gpal_layout_check() compares with the map. */
#define DERIVED(member)                                                           \
	{                                                                         \
		.name = #member, .decode = decode_address,                        \
		.offset = offsetof(struct given, layout.member), .required = true \
	}
#define GROUP(member, members, ...)                                                              \
	{                                                                                        \
		.name = #member, .decode = gpald_decode_object, .extra = &(members), __VA_ARGS__ \
	}

/* An alias map may need one bit more than any host has. */
static const struct gpald_integer_range required_bits = { 1, GPALD_ADDRESS_BITS_MAX + 1 };

static const struct gpald_member layout_rows[] = {
	{ .name = "arch",
	  .decode = gpald_decode_enum,
	  .offset = offsetof(struct given, layout.arch),
	  .required = true,
	  .extra = &gpald_archs },
	{ .name = "policy",
	  .decode = gpald_decode_plain_name,
	  .offset = offsetof(struct given, layout.policy_name),
	  .required = true },
	{ .name = "profile",
	  .decode = gpald_decode_enum,
	  .offset = offsetof(struct given, layout.profile),
	  .required = true,
	  .extra = &gpald_profiles },
	GPALD_ROW(struct given, digest, gpald_decode_text, .required = true),
	{ .name = "ram",
	  .decode = gpald_decode_list,
	  .offset = offsetof(struct given, layout.ram),
	  .required = true,
	  .extra = &extents },
	{ .name = "hotplug",
	  .decode = gpald_decode_list,
	  .offset = offsetof(struct given, layout.hotplug_rooms),
	  .extra = &rooms },
	{ .name = "cxl_windows",
	  .decode = gpald_decode_list,
	  .offset = offsetof(struct given, layout.cxl_windows),
	  .extra = &cxl_windows },
	/* The groups are flat in struct gpal_layout. */
	GROUP(chipset, chipset_members, .required = true),
	GROUP(pcie, pcie_members),
	GROUP(virtio_mmio, virtio_mmio_members),
	GROUP(iommu, iommu_members),
	{ .name = "vtl2", .decode = decode_vtl2, .extra = &vtl2_members },
	{ .name = "map",
	  .decode = gpald_decode_list,
	  .offset = offsetof(struct given, layout.map.entries),
	  .required = true,
	  .extra = &entries },
	DERIVED(ram_size),
	DERIVED(end_of_ram),
	DERIVED(end_of_layout),
	DERIVED(top),
	{ .name = "required_address_bits",
	  .decode = gpald_decode_u32,
	  .offset = offsetof(struct given, layout.required_address_bits),
	  .required = true,
	  .extra = &required_bits },
	{ .name = "warnings",
	  .decode = gpald_decode_list,
	  .offset = offsetof(struct given, layout.warnings),
	  .required = true,
	  .extra = &warnings },
};
static const struct gpald_members layout_members = GPALD_MEMBERS(layout_rows);

/* Returns true if the slots are the pages of the range of virtio_mmio, in order. */
static bool slots_match_range(const struct given *given)
{
	for (size_t i = 0; i < given->slot_count; i++)
		if (given->slots[i] !=
		    given->layout.virtio_mmio.start + i * GPAL_VIRTIO_MMIO_SLOT_SIZE)
			return false;
	return true;
}

int gpald_decode_layout(struct gpald_decoder *decoder, const cJSON *value, void *target,
			const struct gpald_member *member)
{
	struct given given = { .digest = NULL };
	struct gpal_layout *layout = target;
	struct gpal_check check;
	size_t here;

	(void)member;
	if (gpald_decode_members(decoder, value, &given, &layout_members))
		return -1;
	*layout = given.layout;
	layout->policy = gpal_policy_find(layout->policy_name);
	layout->virtio_mmio_slots = (uint32_t)given.slot_count;
	if (decoder->context->is_reply)
		return 0;
	if (gpal_layout_check(layout, given.digest, &check, NULL))
		return gpald_refuse(decoder->error, GPALD_REASON_OF(GPAL_E_NO_MEMORY),
				    "out of memory");
	if (!check.agrees) {
		gpald_decoder_refuse(decoder, GPALD_BAD_LAYOUT, "%s", check.message);
		here = strlen(decoder->error->pointer);
		if (here + strlen(check.pointer) <= GPALD_WIRE_POINTER_MAX)
			strcpy(decoder->error->pointer + here, check.pointer);
		return -1;
	}
	if (slots_match_range(&given))
		return 0;
	gpald_decoder_enter(decoder, "virtio_mmio");
	return gpald_decoder_refuse(
		decoder, GPALD_BAD_LAYOUT,
		"slots must list the start of each 4 KiB page from start to end, in this order");
}
