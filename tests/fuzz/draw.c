/* SPDX-License-Identifier: MIT */
/* A table of edits, with a row for each thing that a request can express. */
#include "config.h"

#include "tests/fuzz/draw.h"

#include <string.h>

/* Some of these names are unusual, because tags and digests contain names. */
static const char *const names[] = { "rc0", "rc1", "rc2", "rc3", "a", "ram0", "b:1", "pcie-rc0" };
static const char *const odd_names[] = { "a b", "\xc3\xbc", ",\"\\",   "-low-mmio",
					 "=",   ".",        "window-a" };

static const uint64_t bars[] = { UINT64_C(128) << 30, UINT64_C(32) << 20, 4096, 16384, 3 << 20, 1 };
static const struct gpal_device devices[] = {
	{ .bars = bars, .bar_count = 2 },
	{ .bars = bars + 1, .bar_count = 2 },
	{ .bars = bars + 2,
	  .bar_count = 2,
	  .has_sriov = true,
	  .vfs = 7,
	  .vf_bars = bars + 1,
	  .vf_bar_count = 3 },
	{ .bars = bars, .bar_count = 6 },
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

uint64_t draw_size(struct fuzz_bytes *bytes)
{
	const uint8_t form = fuzz_u8(bytes);
	const uint64_t power = UINT64_C(1) << (form & 0x3f);

	switch (form >> 6) {
	case 0:
		return power;
	case 1:
		return power + fuzz_u8(bytes) * GPAL_PAGE_SIZE;
	case 2:
		return power - fuzz_u8(bytes) * GPAL_PAGE_SIZE;
	default:
		return fuzz_number(bytes, 2) * power;
	}
}

static struct gpal_optional draw_optional(struct fuzz_bytes *bytes)
{
	struct gpal_optional optional = { .set = fuzz_u8(bytes) & 1 };

	if (optional.set)
		optional.value = draw_size(bytes);
	return optional;
}

/* Draws any range, or one of the live layout with its start and its end raised by 0 to 3 pages. */
static struct gpal_range draw_range(struct fuzz_bytes *bytes, const struct gpal_layout *live)
{
	const uint8_t choice = fuzz_u8(bytes);
	struct gpal_range range;

	if (live && choice & 1) {
		range = live->map.entries[fuzz_below(bytes, live->map.count)].range;
		range.start += (choice >> 1 & 3) * GPAL_PAGE_SIZE;
		range.end += (choice >> 3 & 3) * GPAL_PAGE_SIZE;
		return range;
	}
	range.start = draw_size(bytes);
	range.end = range.start + draw_size(bytes);
	return range;
}

static struct gpal_window draw_window(struct fuzz_bytes *bytes, const struct gpal_layout *live)
{
	struct gpal_window window = { .kind = (enum gpal_window_kind)fuzz_below(
					      bytes, GPAL_WINDOW_COUNT) };

	if (window.kind == GPAL_WINDOW_SIZE)
		window.size = draw_size(bytes);
	if (window.kind == GPAL_WINDOW_PINNED)
		window.range = draw_range(bytes, live);
	if (window.kind == GPAL_WINDOW_DEVICES) {
		window.devices = &devices[fuzz_below(bytes, COUNT_OF(devices))];
		window.device_count = 1 + fuzz_below(bytes, (size_t)(devices + COUNT_OF(devices) -
								     window.devices));
	}
	return window;
}

/* Edits. */

struct edit {
	struct drawn *drawn;
	struct fuzz_bytes *bytes;
	const struct gpal_layout *live;
};

static void edit_machine(const struct edit *e)
{
	struct gpal_request *r = &e->drawn->request;
	const uint8_t byte = fuzz_u8(e->bytes);
	size_t count;
	const struct gpal_policy *policies = gpal_policies(&count);

	r->arch = byte & 1 ? GPAL_ARCH_AARCH64 : GPAL_ARCH_X86_64;
	r->profile = (enum gpal_profile)((byte >> 1) % GPAL_PROFILE_COUNT);
	r->policy = &policies[fuzz_below(e->bytes, count)];
}

static void edit_node(const struct edit *e)
{
	struct gpal_request *r = &e->drawn->request;
	const size_t at = fuzz_below(e->bytes, DRAWN_NODES);
	const size_t index = at < r->node_count ? at : r->node_count;

	if (index == r->node_count)
		r->node_count++;
	e->drawn->nodes[index] = fuzz_u8(e->bytes) & 1 ? draw_size(e->bytes) :
							 fuzz_u8(e->bytes) * (UINT64_C(64) << 20);
}

static void edit_node_count(const struct edit *e)
{
	const size_t count = fuzz_below(e->bytes, e->drawn->request.node_count + 1);

	e->drawn->request.node_count = count;
}

static void edit_memory_start(const struct edit *e)
{
	e->drawn->request.memory_start = draw_optional(e->bytes);
}

static void edit_chipset_low(const struct edit *e)
{
	e->drawn->request.chipset_low_mmio = draw_optional(e->bytes);
}

static void edit_chipset_high(const struct edit *e)
{
	e->drawn->request.chipset_high_mmio = draw_optional(e->bytes);
}

static void edit_ecam(const struct edit *e)
{
	e->drawn->request.ecam = (enum gpal_ecam)fuzz_below(e->bytes, GPAL_ECAM_COUNT);
}

/* Returns the root complex to change, or NULL if there is none. */
static struct gpal_root_complex *take_root_complex(const struct edit *e)
{
	const size_t count = e->drawn->request.root_complex_count;
	const size_t at = fuzz_below(e->bytes, DRAWN_ROOT_COMPLEXES);

	return count > 0 ? &e->drawn->root_complexes[at % count] : NULL;
}

static void edit_buses_of(const struct edit *e, struct gpal_root_complex *rc)
{
	rc->segment = (uint16_t)fuzz_below(e->bytes, 3);
	rc->start_bus = fuzz_u8(e->bytes);
	rc->end_bus = fuzz_u8(e->bytes);
}

static void edit_more_root_complexes(const struct edit *e)
{
	struct gpal_request *r = &e->drawn->request;
	struct gpal_root_complex *rc;

	if (r->root_complex_count == DRAWN_ROOT_COMPLEXES)
		return;
	rc = &e->drawn->root_complexes[r->root_complex_count++];
	*rc = (struct gpal_root_complex)GPAL_ROOT_COMPLEX_INIT(
		names[fuzz_below(e->bytes, COUNT_OF(names))]);
	edit_buses_of(e, rc);
}

static void edit_fewer_root_complexes(const struct edit *e)
{
	struct gpal_root_complex *rc = take_root_complex(e);

	if (rc)
		*rc = e->drawn->root_complexes[--e->drawn->request.root_complex_count];
}

static void edit_buses(const struct edit *e)
{
	struct gpal_root_complex *rc = take_root_complex(e);

	if (rc)
		edit_buses_of(e, rc);
}

static void edit_low_window(const struct edit *e)
{
	struct gpal_root_complex *rc = take_root_complex(e);

	if (rc)
		rc->low_mmio = draw_window(e->bytes, e->live);
}

static void edit_high_window(const struct edit *e)
{
	struct gpal_root_complex *rc = take_root_complex(e);

	if (rc)
		rc->high_mmio = draw_window(e->bytes, e->live);
}

static void edit_cxl(const struct edit *e)
{
	struct gpal_root_complex *rc = take_root_complex(e);

	if (!rc)
		return;
	rc->has_cxl = fuzz_u8(e->bytes) & 1;
	rc->cxl_hdm = rc->has_cxl ? draw_size(e->bytes) : 0;
}

static void edit_iommu(const struct edit *e)
{
	struct gpal_root_complex *rc = take_root_complex(e);

	if (rc)
		rc->iommu = (enum gpal_iommu)fuzz_below(e->bytes, GPAL_IOMMU_COUNT);
}

static void edit_node_of_root_complex(const struct edit *e)
{
	struct gpal_root_complex *rc = take_root_complex(e);

	if (!rc)
		return;
	rc->has_node = fuzz_u8(e->bytes) & 1;
	rc->node = rc->has_node ? fuzz_u8(e->bytes) % DRAWN_NODES : 0;
}

static void edit_slots(const struct edit *e)
{
	const uint8_t byte = fuzz_u8(e->bytes);

	/* Many slots are rare, because each of them takes time. */
	e->drawn->request.virtio_mmio_slots = byte < 0xf0 ? byte % 8 : byte;
}

static void edit_vtl2_chipset(const struct edit *e)
{
	e->drawn->request.vtl2_chipset_mmio = draw_optional(e->bytes);
}

static void edit_vtl2_memory(const struct edit *e)
{
	struct gpal_request *r = &e->drawn->request;

	r->has_vtl2_memory = fuzz_u8(e->bytes) & 1;
	r->vtl2_memory_size = r->has_vtl2_memory ? draw_size(e->bytes) : 0;
	r->vtl2_memory_alignment = r->has_vtl2_memory ? draw_size(e->bytes) : 0;
}

static void edit_framebuffer(const struct edit *e)
{
	e->drawn->request.vtl2_framebuffer = fuzz_u8(e->bytes) & 1 ? draw_size(e->bytes) : 0;
}

static void edit_more_reserved(const struct edit *e)
{
	struct gpal_request *r = &e->drawn->request;
	const size_t at = r->reserved_count;

	if (at == DRAWN_RESERVED)
		return;
	e->drawn->reserved[at].name = names[fuzz_below(e->bytes, COUNT_OF(names))];
	e->drawn->reserved[at].range = draw_range(e->bytes, e->live);
	r->reserved_count++;
}

static void edit_fewer_reserved(const struct edit *e)
{
	struct gpal_request *r = &e->drawn->request;
	const size_t at = fuzz_below(e->bytes, DRAWN_RESERVED);

	if (r->reserved_count == 0)
		return;
	r->reserved_count--;
	e->drawn->reserved[at % (r->reserved_count + 1)] = e->drawn->reserved[r->reserved_count];
}

static void edit_host_bits(const struct edit *e)
{
	e->drawn->request.host_physical_address_bits = (unsigned int)fuzz_below(e->bytes, 65);
}

/* Edits of members that were added later. */

static void edit_alignment(const struct edit *e)
{
	struct gpal_root_complex *rc = take_root_complex(e);

	if (rc && fuzz_u8(e->bytes) & 1)
		rc->low_mmio.alignment = draw_size(e->bytes);
	else if (rc)
		rc->high_mmio.alignment = draw_size(e->bytes);
}

static void edit_bridge_without_hdm(const struct edit *e)
{
	struct gpal_root_complex *rc = take_root_complex(e);

	if (rc)
		rc->has_cxl = rc->has_no_cxl_hdm = true;
}

static void edit_name(const struct edit *e)
{
	struct gpal_root_complex *rc = take_root_complex(e);

	if (rc)
		rc->name = odd_names[fuzz_below(e->bytes, COUNT_OF(odd_names))];
}

static void edit_vmbus(const struct edit *e)
{
	e->drawn->request.has_no_vmbus = fuzz_u8(e->bytes) & 1;
}

static void edit_pinned_chipset_high(const struct edit *e)
{
	struct gpal_request *r = &e->drawn->request;

	r->has_pinned_chipset_high_mmio = fuzz_u8(e->bytes) & 1;
	r->pinned_chipset_high_mmio = (struct gpal_range){ 0 };
	if (r->has_pinned_chipset_high_mmio)
		r->pinned_chipset_high_mmio = draw_range(e->bytes, e->live);
}

static void edit_hole(const struct edit *e)
{
	e->drawn->request.host_hole_count = fuzz_u8(e->bytes) & 1;
	e->drawn->holes[0] = (enum gpal_hole)fuzz_below(e->bytes, GPAL_HOLE_COUNT);
}

static void edit_alias_map(const struct edit *e)
{
	e->drawn->request.has_vtl2_alias_map = fuzz_u8(e->bytes) & 1;
}

static void edit_memory_low_window(const struct edit *e)
{
	e->drawn->request.memory_low_window = draw_size(e->bytes);
}

static void edit_room(const struct edit *e)
{
	struct gpal_request *r = &e->drawn->request;
	const size_t at = fuzz_below(e->bytes, DRAWN_ROOMS);
	const size_t index = at < r->hotplug_room_count ? at : r->hotplug_room_count;

	if (index == r->hotplug_room_count)
		r->hotplug_room_count++;
	e->drawn->rooms[index] = (struct gpal_hotplug_room){
		.node = fuzz_u8(e->bytes) % 3,
		.size = draw_size(e->bytes),
		.alignment = draw_optional(e->bytes),
	};
}

static void edit_fewer_rooms(const struct edit *e)
{
	struct gpal_request *r = &e->drawn->request;

	r->hotplug_room_count = fuzz_below(e->bytes, r->hotplug_room_count + 1);
}

static void edit_cxl_window(const struct edit *e)
{
	struct gpal_request *r = &e->drawn->request;
	const size_t at = fuzz_below(e->bytes, DRAWN_CXL_WINDOWS);
	const size_t index = at < r->cxl_window_count ? at : r->cxl_window_count;
	struct gpal_cxl_window *window = &e->drawn->cxl_windows[index];

	if (index == r->cxl_window_count)
		r->cxl_window_count++;
	*window = (struct gpal_cxl_window){
		.targets = e->drawn->targets[index],
		.name = odd_names[fuzz_below(e->bytes, COUNT_OF(odd_names))],
		.target_count = 1 + fuzz_below(e->bytes, DRAWN_ROOT_COMPLEXES),
		.granularity = UINT32_C(1) << fuzz_u8(e->bytes) % 16,
	};
	for (size_t i = 0; i < window->target_count; i++)
		e->drawn->targets[index][i] =
			i < r->root_complex_count ? r->root_complexes[i].name : names[i];
	window->size = window->target_count * (UINT64_C(256) << 20) * fuzz_u8(e->bytes);
}

static void edit_fewer_cxl_windows(const struct edit *e)
{
	struct gpal_request *r = &e->drawn->request;

	r->cxl_window_count = fuzz_below(e->bytes, r->cxl_window_count + 1);
}

static void (*const later_edits[])(const struct edit *e) = {
	edit_alignment,   edit_bridge_without_hdm,  edit_name,
	edit_vmbus,       edit_pinned_chipset_high, edit_hole,
	edit_alias_map,   edit_memory_low_window,   edit_room,
	edit_fewer_rooms, edit_cxl_window,          edit_fewer_cxl_windows,
};

static void (*const edits[])(const struct edit *e) = {
	edit_machine,
	edit_node,
	edit_node_count,
	edit_memory_start,
	edit_chipset_low,
	edit_chipset_high,
	edit_ecam,
	edit_more_root_complexes,
	edit_fewer_root_complexes,
	edit_buses,
	edit_low_window,
	edit_high_window,
	edit_cxl,
	edit_iommu,
	edit_node_of_root_complex,
	edit_slots,
	edit_vtl2_chipset,
	edit_vtl2_memory,
	edit_framebuffer,
	edit_more_reserved,
	edit_fewer_reserved,
	edit_host_bits,
};

static void point_to_lists(struct drawn *drawn)
{
	drawn->request.nodes = drawn->nodes;
	drawn->request.root_complexes = drawn->root_complexes;
	drawn->request.reserved = drawn->reserved;
	drawn->request.hotplug_rooms = drawn->rooms;
	drawn->request.cxl_windows = drawn->cxl_windows;
	drawn->request.host_holes = drawn->holes;
	for (size_t i = 0; i < DRAWN_CXL_WINDOWS; i++)
		drawn->cxl_windows[i].targets = drawn->targets[i];
}

void drawn_init(struct drawn *drawn)
{
	*drawn = (struct drawn){
		.request = { .policy = gpal_policy_default(), .node_count = 1 },
		.nodes = { UINT64_C(1) << 30 },
	};
	point_to_lists(drawn);
}

void drawn_copy(struct drawn *copy, const struct drawn *drawn)
{
	*copy = *drawn;
	point_to_lists(copy);
}

void drawn_edit(struct drawn *drawn, struct fuzz_bytes *bytes, size_t most,
		const struct gpal_layout *live)
{
	const struct edit e = { drawn, bytes, live };

	for (size_t i = 0; i < most && bytes->next < bytes->end; i++) {
		const uint8_t which = fuzz_u8(bytes);
		const size_t later = UINT8_MAX + 1 - COUNT_OF(later_edits);

		/*
		 * Later edits use the last values, so that stored inputs mostly keep their meaning.
		 */
		if (which >= later)
			later_edits[which - later](&e);
		else
			edits[which % COUNT_OF(edits)](&e);
	}
}
