/* SPDX-License-Identifier: MIT */
/*
 * Draws updates of a live VM: its request with a few changes, aimed at what the live layout has and
 * where.
 */
#include "inputs.h"

#include <string.h>

#define PAGE GPAL_PAGE_SIZE
#define MIB UINT64_C(0x100000)
#define GIB UINT64_C(0x40000000)

#define SLACK 8 /* room for new elements in each list */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct update_draft {
	struct random random;
	const struct gpal_layout *live;
	struct request_case *drawn;
	struct gpal_request *request;
	uint64_t *nodes;
	struct gpal_root_complex *rcs;
	struct gpal_named_range *reserved;
	struct gpal_hotplug_room *rooms;
	struct gpal_cxl_window *cxl_windows;
	bool is_low; /* the picked window is a low one */
	size_t rooms_max;
	size_t cxl_windows_max;
	size_t rcs_max;
	size_t nodes_max;
	size_t reserved_max;
};

/* Returns the address of a page in or near a range of the live layout. */
static uint64_t draw_spot(struct update_draft *draft)
{
	struct random *random = &draft->random;
	const struct gpal_map *map = &draft->live->map;
	const struct gpal_range range = map->entries[random_below(random, map->count)].range;

	const uint64_t middle = range.start + (range.end - range.start) / 2 / PAGE * PAGE;
	const uint64_t before = range.start > 2 * MIB ? range.start - 2 * MIB : 0;
	const uint64_t spots[] = { before, range.start, middle, range.end, range.end + GIB };

	return spots[random_below(random, COUNT(spots))];
}

static struct gpal_root_complex *pick(struct update_draft *draft)
{
	const size_t count = draft->request->root_complex_count;

	return count ? &draft->rcs[random_below(&draft->random, count)] : NULL;
}

static const char *new_name(struct update_draft *draft, const char *stem)
{
	struct blocks *blocks = &draft->drawn->blocks;
	const size_t number = random_below(&draft->random, 100000);

	return random_once_in(&draft->random, 4) ? draw_name(blocks, &draft->random, stem, number) :
						   plain_name(blocks, stem, number);
}

/* Root complexes. */

/* Draws buses next to those of a segment. Returns true if there is room. */
static bool draw_buses_beside(struct update_draft *draft, uint16_t segment,
			      struct gpal_root_complex *rc)
{
	unsigned int lowest = 255;
	unsigned int highest = 0;
	unsigned int buses = (unsigned int)random_between(&draft->random, 1, 40);

	for (size_t i = 0; i < draft->request->root_complex_count; i++) {
		if (draft->rcs[i].segment != segment)
			continue;
		if (draft->rcs[i].start_bus < lowest)
			lowest = draft->rcs[i].start_bus;
		if (draft->rcs[i].end_bus > highest)
			highest = draft->rcs[i].end_bus;
	}
	rc->segment = segment;
	if (lowest > 0 && random_once_in(&draft->random, 2)) {
		rc->end_bus = (uint8_t)(lowest - 1);
		rc->start_bus = (uint8_t)(lowest > buses ? lowest - buses : 0);
		return true;
	}
	if (highest == 255)
		return false;
	rc->start_bus = (uint8_t)(highest + 1);
	rc->end_bus = (uint8_t)(highest + buses < 255 ? highest + buses : 255);
	return true;
}

static enum gpal_iommu kind_of_iommus(const struct update_draft *draft)
{
	for (size_t i = 0; i < draft->request->root_complex_count; i++) {
		if (draft->rcs[i].iommu != GPAL_IOMMU_NONE)
			return draft->rcs[i].iommu;
	}
	return draft->request->arch == GPAL_ARCH_X86_64 ? GPAL_IOMMU_AMD_VI : GPAL_IOMMU_SMMUV3;
}

static void add_root_complex(struct update_draft *draft)
{
	struct random *random = &draft->random;
	const size_t count = draft->request->root_complex_count;
	const size_t at = random_between(random, 0, count);
	struct gpal_root_complex rc = { .name = new_name(draft, "new"), .has_buses = true };

	if (count == draft->rcs_max)
		return;
	if (count == 0 || random_once_in(random, 3) ||
	    !draw_buses_beside(draft, pick(draft)->segment, &rc)) {
		rc.segment = (uint16_t)random_between(random, 300, 60000);
		rc.end_bus = (uint8_t)random_below(random, 64);
	}
	rc.low_mmio.kind = GPAL_WINDOW_SIZE;
	rc.low_mmio.size = 2 * MIB << random_below(random, 5);
	if (random_once_in(random, 2)) {
		rc.high_mmio.kind = GPAL_WINDOW_SIZE;
		rc.high_mmio.size = draw_size(random, 36);
	}
	if (random_once_in(random, 3))
		rc.iommu = kind_of_iommus(draft);
	if (random_once_in(random, 5)) {
		rc.has_cxl = true;
		rc.cxl_hdm = 256 * MIB * random_between(random, 1, 16);
	}
	memmove(&draft->rcs[at + 1], &draft->rcs[at], (count - at) * sizeof(rc));
	draft->rcs[at] = rc;
	draft->request->root_complex_count++;
}

static void remove_root_complex(struct update_draft *draft)
{
	struct gpal_root_complex *rc = pick(draft);

	if (!rc)
		return;
	draft->request->root_complex_count--;
	memmove(rc, rc + 1,
		(size_t)(draft->rcs + draft->request->root_complex_count - rc) * sizeof(*rc));
}

static void reorder_root_complexes(struct update_draft *draft)
{
	for (size_t i = 0; i < draft->request->root_complex_count; i++) {
		struct gpal_root_complex *a = &draft->rcs[i];
		struct gpal_root_complex *b = pick(draft);
		const struct gpal_root_complex kept = *a;

		*a = *b;
		*b = kept;
	}
}

/*
 * Gives the root complex a new name in half of the calls. A live root complex must keep its buses
 * or move; one with a new name may have any buses.
 */
static void maybe_rename(struct update_draft *draft, struct gpal_root_complex *rc)
{
	if (random_once_in(&draft->random, 2))
		rc->name = new_name(draft, "new");
}

static void stretch_buses(struct update_draft *draft)
{
	static const int ways[][2] = { { 1, 1 }, { 0, 1 }, { -1, 0 }, { 0, -1 }, { 1, 0 } };
	const int *way = ways[random_below(&draft->random, COUNT(ways))];
	const int by = (int)random_between(&draft->random, 1, 30);
	struct gpal_root_complex *rc = pick(draft);
	int start;
	int end;

	if (!rc)
		return;
	start = rc->start_bus + by * way[0];
	end = rc->end_bus + by * way[1];
	rc->end_bus = (uint8_t)(end < 0 ? 0 : end > 255 ? 255 : end);
	rc->start_bus = (uint8_t)(start < 0 ? 0 : start > rc->end_bus ? rc->end_bus : start);
	maybe_rename(draft, rc);
}

static void move_buses(struct update_draft *draft)
{
	struct gpal_root_complex *rc = pick(draft);

	if (rc && draw_buses_beside(draft, pick(draft)->segment, rc))
		maybe_rename(draft, rc);
}

static struct gpal_window *pick_window(struct update_draft *draft, struct gpal_range *live)
{
	struct gpal_root_complex *rc = pick(draft);
	const bool low = random_once_in(&draft->random, 2);

	draft->is_low = low;
	*live = (struct gpal_range){ 0, 0 };
	if (!rc)
		return NULL;
	for (size_t i = 0; i < draft->live->root_complex_count; i++) {
		const struct gpal_layout_root_complex *known = &draft->live->root_complexes[i];

		if (strcmp(known->name, rc->name) == 0)
			*live = low ? known->low_mmio : known->high_mmio;
	}
	return low ? &rc->low_mmio : &rc->high_mmio;
}

/* Puts the devices of a window in another order, adds or removes one, or draws new ones. */
static void change_devices(struct update_draft *draft, struct gpal_window *window)
{
	struct random *random = &draft->random;
	struct blocks *blocks = &draft->drawn->blocks;
	const size_t count = window->device_count;
	struct gpal_device *devices;

	if (window->kind != GPAL_WINDOW_DEVICES || random_once_in(random, 4)) {
		draw_devices(blocks, random, window, !draft->is_low);
		return;
	}
	devices = blocks_take(blocks, (count + 1) * sizeof(*devices));
	for (size_t i = 0; i < count; i++)
		devices[i] = window->devices[count - 1 - i];
	if (count < GPAL_DEVICES_MAX && random_once_in(random, 3))
		devices[window->device_count++] = devices[0];
	else if (count > 1 && random_once_in(random, 3))
		window->device_count--;
	window->devices = devices;
}

static void change_window(struct update_draft *draft)
{
	struct random *random = &draft->random;
	struct gpal_range live;
	struct gpal_window *window = pick_window(draft, &live);

	if (!window)
		return;
	if (random_once_in(random, 6)) {
		change_devices(draft, window);
		return;
	}
	window->kind = random_once_in(random, 2) ? GPAL_WINDOW_PINNED : GPAL_WINDOW_SIZE;
	if (random_once_in(random, 3))
		window->alignment = (draft->is_low ? 2 * MIB : GIB) << random_below(random, 8);
	window->size = gpal_range_size(live) ? gpal_range_size(live) : 2 * MIB;
	window->range = live;
	switch (random_below(random, 6)) {
	case 0:
		window->size += 2 * MIB;
		window->range.end += 2 * MIB;
		break;
	case 1:
		window->range.start = draw_spot(draft);
		window->range.end = window->range.start + window->size;
		break;
	default:
		break;
	}
}

static void change_iommu(struct update_draft *draft)
{
	struct gpal_root_complex *rc = pick(draft);

	if (!rc)
		return;
	if (random_once_in(&draft->random, 8)) {
		for (size_t i = 0; i < draft->request->root_complex_count; i++) {
			if (draft->rcs[i].iommu == GPAL_IOMMU_AMD_VI)
				draft->rcs[i].iommu = GPAL_IOMMU_INTEL_VTD;
			else if (draft->rcs[i].iommu == GPAL_IOMMU_INTEL_VTD)
				draft->rcs[i].iommu = GPAL_IOMMU_AMD_VI;
		}
		return;
	}
	rc->iommu = rc->iommu == GPAL_IOMMU_NONE ? kind_of_iommus(draft) : GPAL_IOMMU_NONE;
}

static void change_cxl(struct update_draft *draft)
{
	struct gpal_root_complex *rc = pick(draft);

	if (!rc)
		return;
	rc->has_cxl = !rc->has_cxl || random_once_in(&draft->random, 4);
	rc->cxl_hdm = 256 * MIB * random_between(&draft->random, 1, 8);
}

/* Memory. */

static void add_node(struct update_draft *draft)
{
	static const uint64_t sizes[] = { 2 * MIB, 3 * MIB, 512 * MIB, GIB, 2 * GIB, 5 * GIB };
	struct random *random = &draft->random;
	uint64_t size = random_once_in(random, 4) ? draw_size(random, 38) :
						    sizes[random_below(random, COUNT(sizes))];

	/* An empty node gets RAM, or a node is added. */
	for (size_t i = 0; i < draft->request->node_count; i++) {
		if (draft->nodes[i] == 0 && !random_once_in(random, 3)) {
			draft->nodes[i] = size;
			return;
		}
	}
	if (draft->request->node_count < draft->nodes_max)
		draft->nodes[draft->request->node_count++] = size;
}

static void empty_node(struct update_draft *draft)
{
	draft->nodes[random_below(&draft->random, draft->request->node_count)] = 0;
}

static void remove_node(struct update_draft *draft)
{
	if (draft->request->node_count > 1)
		draft->request->node_count--;
}

static void resize_node(struct update_draft *draft)
{
	uint64_t *node = &draft->nodes[random_below(&draft->random, draft->request->node_count)];

	*node += random_once_in(&draft->random, 8) ? PAGE / 2 : 2 * MIB;
}

static void change_room(struct update_draft *draft)
{
	struct random *random = &draft->random;
	const size_t count = draft->request->hotplug_room_count;
	struct gpal_hotplug_room *room = &draft->rooms[count];

	if (count == 0 || (random_once_in(random, 2) && count < draft->rooms_max)) {
		room->node = (uint32_t)random_below(random, draft->request->node_count);
		room->size = random_once_in(random, 3) ? draw_size(random, 38) : GIB;
		room->alignment.set = random_once_in(random, 2);
		room->alignment.value = UINT64_C(1) << random_between(random, 12, 35);
		draft->request->hotplug_room_count++;
		return;
	}
	room = &draft->rooms[random_below(random, count)];
	switch (random_below(random, 5)) {
	case 0:
		room->size += random_once_in(random, 2) ? PAGE : GIB;
		break;
	case 1:
		draft->request->hotplug_room_count--;
		break;
	case 2:
		room->alignment.set = !room->alignment.set || random_once_in(random, 4);
		room->alignment.value = UINT64_C(1) << random_between(random, 12, 40);
		break;
	default:
		room->node = (uint32_t)random_below(random, draft->request->node_count);
		break;
	}
}

static void change_low_ram_window(struct update_draft *draft)
{
	struct random *random = &draft->random;
	struct gpal_request *request = draft->request;

	if (request->memory_low_window > 0 && !random_once_in(random, 3)) {
		/*
		 * Without the window, the gap below memory.start covers its place, unless RAM
		 * starts at 0.
		 */
		request->memory_low_window = 0;
		if (random_once_in(random, 2))
			request->memory_start = (struct gpal_optional){ true, 0 };
		return;
	}
	request->memory_low_window += 2 * MIB * random_between(random, 1, 4);
	if (random_once_in(random, 2))
		request->memory_start = (struct gpal_optional){ true, GIB };
}

/* If node 0's first live extent starts at 0, it becomes the low RAM window, at the same place. */
static void take_low_ram_window(struct update_draft *draft)
{
	const struct gpal_layout *live = draft->live;

	if (live->ram[0].node != 0 || live->ram[0].range.start != 0 ||
	    live->ram[0].range.end % (2 * MIB) != 0)
		return;
	draft->request->memory_low_window = live->ram[0].range.end;
	draft->request->memory_start.set = true;
	draft->request->memory_start.value = live->ram_count > 1 && live->ram[1].range.start >
									    live->ram[0].range.end ?
						     live->ram[1].range.start :
						     live->ram[0].range.end + PAGE;
}

static void change_start(struct update_draft *draft)
{
	static const uint64_t starts[] = { 0, PAGE, MIB, GIB, 3 * GIB };

	draft->request->memory_start.set = !random_once_in(&draft->random, 5);
	draft->request->memory_start.value = starts[random_below(&draft->random, COUNT(starts))];
}

/* CXL windows. */

static void add_cxl_window(struct update_draft *draft)
{
	struct gpal_request *request = draft->request;
	struct gpal_cxl_window *window = &draft->cxl_windows[request->cxl_window_count];

	if (request->cxl_window_count < draft->cxl_windows_max &&
	    draw_cxl_window(&draft->drawn->blocks, &draft->random, request, window)) {
		window->name = new_name(draft, "win");
		request->cxl_window_count++;
	}
}

static void drop_cxl_window(struct update_draft *draft, size_t index)
{
	const size_t count = --draft->request->cxl_window_count;

	memmove(&draft->cxl_windows[index], &draft->cxl_windows[index + 1],
		(count - index) * sizeof(draft->cxl_windows[0]));
}

static void change_cxl_window(struct update_draft *draft)
{
	struct random *random = &draft->random;
	const size_t count = draft->request->cxl_window_count;
	const size_t index = count ? random_below(random, count) : 0;
	struct gpal_cxl_window *window = &draft->cxl_windows[index];
	struct gpal_cxl_window other;

	if (count == 0 || random_once_in(random, 3)) {
		add_cxl_window(draft);
		return;
	}
	switch (random_below(random, 5)) {
	case 0:
		drop_cxl_window(draft, index);
		break;
	case 1:
		window->size += 256 * MIB * window->target_count;
		break;
	case 2:
		/* 256 is also the default. */
		window->granularity = window->granularity == 0  ? 256 :
				      random_once_in(random, 2) ? 0 :
								  1024;
		break;
	case 3:
		window->name = new_name(draft, "win");
		break;
	default:
		if (draw_cxl_window(&draft->drawn->blocks, random, draft->request, &other) &&
		    (other.target_count == window->target_count || random_once_in(random, 3))) {
			window->targets = other.targets;
			window->target_count = other.target_count;
			window->size = window->size / (256 * MIB * other.target_count) *
				       (256 * MIB * other.target_count);
		}
		break;
	}
}

static bool is_bridge(const struct update_draft *draft, const char *name)
{
	for (size_t i = 0; i < draft->request->root_complex_count; i++) {
		if (strcmp(draft->rcs[i].name, name) == 0)
			return draft->rcs[i].has_cxl;
	}
	return false;
}

/* Fixes rooms and CXL windows whose node or root complex was removed. */
static void drop_orphans(struct update_draft *draft)
{
	struct gpal_request *request = draft->request;

	for (size_t i = request->cxl_window_count; i-- > 0;) {
		const struct gpal_cxl_window *window = &draft->cxl_windows[i];
		bool whole = true;

		for (size_t k = 0; k < window->target_count; k++)
			whole = whole && is_bridge(draft, window->targets[k]);
		if (!whole)
			drop_cxl_window(draft, i);
	}
	for (size_t i = 0; i < request->hotplug_room_count; i++) {
		if (draft->rooms[i].node >= request->node_count)
			draft->rooms[i].node = 0;
	}
}

/* The rest. */

static void change_slots(struct update_draft *draft)
{
	draft->request->virtio_mmio_slots = (uint32_t)random_below(&draft->random, 128);
}

static void change_chipset(struct update_draft *draft)
{
	struct gpal_optional *value = random_once_in(&draft->random, 3) ?
					      &draft->request->chipset_low_mmio :
					      &draft->request->chipset_high_mmio;

	value->set = true;
	value->value = random_once_in(&draft->random, 2) ? 0 : draw_size(&draft->random, 30);
}

static void change_vtl2(struct update_draft *draft)
{
	struct random *random = &draft->random;
	struct gpal_request *request = draft->request;

	switch (random_below(random, 4)) {
	case 0:
		request->vtl2_chipset_mmio.set = true;
		request->vtl2_chipset_mmio.value =
			request->vtl2_chipset_mmio.value ? 0 : draw_size(random, 31);
		break;
	case 1:
		request->vtl2_framebuffer = request->vtl2_framebuffer ? 0 : draw_size(random, 24);
		break;
	case 2:
		request->has_vtl2_memory = !request->has_vtl2_memory;
		request->vtl2_memory_size = draw_size(random, 33);
		request->vtl2_memory_alignment = UINT64_C(1) << random_between(random, 12, 33);
		break;
	default:
		request->vtl2_memory_alignment =
			random_once_in(random, 8) ? 3 * PAGE :
						    UINT64_C(1) << random_between(random, 12, 33);
		break;
	}
}

/* Adds one node with nearly all the room that is left, so that other new ranges find none. */
static void fill_space(struct update_draft *draft)
{
	const struct gpal_layout *live = draft->live;
	struct random *random = &draft->random;
	const uint64_t from = random_once_in(random, 3) ? live->end_of_ram : live->top;
	const uint64_t slack = draw_size(random, 34);

	draft->request->host_physical_address_bits = 0;
	if (GPAL_SPACE_END - from > slack + GIB && draft->request->node_count < draft->nodes_max)
		draft->nodes[draft->request->node_count++] =
			(GPAL_SPACE_END - from - slack) / (2 * MIB) * (2 * MIB);
	if (random_once_in(random, 2))
		add_root_complex(draft);
	if (random_once_in(random, 2))
		draft->request->vtl2_framebuffer = 8 * MIB;
}

/* Removes the node that filled the space. The ranges above it stay where they are. */
static void empty_space(struct update_draft *draft)
{
	remove_node(draft);
	if (!draft->request->has_vtl2_memory)
		draft->request->vtl2_memory_alignment = PAGE;
	draft->request->has_vtl2_memory = true;
	draft->request->vtl2_memory_size = draw_size(&draft->random, 34);
}

/* Grows the highest ECAM to bus 255. It may then reach beyond the end of the address space. */
static void overflow_space(struct update_draft *draft)
{
	const struct gpal_layout_segment *last = draft->live->segments;

	for (size_t i = 1; i < draft->live->segment_count; i++) {
		if (draft->live->segments[i].ecam.end > last->ecam.end)
			last = &draft->live->segments[i];
	}
	for (size_t i = 0; i < draft->request->root_complex_count; i++) {
		if (draft->rcs[i].segment == last->segment &&
		    draft->rcs[i].end_bus == last->end_bus)
			draft->rcs[i].end_bus = 255;
	}
}

static void reserve(struct update_draft *draft)
{
	struct gpal_named_range *range = &draft->reserved[draft->request->reserved_count];

	if (draft->request->reserved_count == draft->reserved_max)
		return;
	range->name = new_name(draft, "held");
	range->range.start = draw_spot(draft) + (random_once_in(&draft->random, 2) ? GIB : 0);
	range->range.end = range->range.start + draw_size(&draft->random, 32);
	draft->request->reserved_count++;
}

static void release(struct update_draft *draft)
{
	const size_t count = draft->request->reserved_count;

	if (count > 0)
		draft->reserved[random_below(&draft->random, count)] = draft->reserved[count - 1];
	draft->request->reserved_count -= count > 0;
	if (random_once_in(&draft->random, 2))
		draft->request->reserved_count = 0;
}

static void change_host(struct update_draft *draft)
{
	const unsigned int bits = draft->live->required_address_bits;

	draft->request->host_physical_address_bits =
		(unsigned int)random_between(&draft->random, bits - 1, bits < 64 ? bits + 1 : 64);
	if (random_once_in(&draft->random, 2))
		draft->request->has_vtl2_alias_map = !draft->live->has_vtl2_alias_map;
}

static void change_kind_of_vm(struct update_draft *draft)
{
	struct random *random = &draft->random;
	struct gpal_request *request = draft->request;

	switch (random_below(random, 3)) {
	case 0:
		request->arch = (enum gpal_arch)random_below(random, GPAL_ARCH_COUNT);
		break;
	case 1:
		request->ecam = (enum gpal_ecam)random_below(random, GPAL_ECAM_COUNT);
		break;
	default:
		request->profile = (enum gpal_profile)random_below(random, GPAL_PROFILE_COUNT);
		break;
	}
}

/* Copies the request, with room to grow. */
static void open_draft(struct update_draft *draft, const struct gpal_request *before)
{
	struct blocks *blocks;

	draft->drawn = request_case_copy(before);
	draft->request = &draft->drawn->request;
	blocks = &draft->drawn->blocks;
	draft->nodes_max = before->node_count + SLACK;
	draft->rcs_max = before->root_complex_count + SLACK;
	draft->reserved_max = before->reserved_count + SLACK;
	draft->nodes = blocks_take(blocks, draft->nodes_max * sizeof(*draft->nodes));
	draft->rcs = blocks_take(blocks, draft->rcs_max * sizeof(*draft->rcs));
	draft->reserved = blocks_take(blocks, draft->reserved_max * sizeof(*draft->reserved));
	for (size_t i = 0; i < before->node_count; i++)
		draft->nodes[i] = draft->request->nodes[i];
	for (size_t i = 0; i < before->root_complex_count; i++)
		draft->rcs[i] = draft->request->root_complexes[i];
	for (size_t i = 0; i < before->reserved_count; i++)
		draft->reserved[i] = draft->request->reserved[i];
	draft->request->nodes = draft->nodes;
	draft->request->root_complexes = draft->rcs;
	draft->request->reserved = draft->reserved;

	draft->rooms_max = before->hotplug_room_count + SLACK;
	draft->cxl_windows_max = before->cxl_window_count + SLACK;
	draft->rooms = blocks_take(blocks, (draft->rooms_max + 1) * sizeof(*draft->rooms));
	draft->cxl_windows =
		blocks_take(blocks, (draft->cxl_windows_max + 1) * sizeof(*draft->cxl_windows));
	for (size_t i = 0; i < before->hotplug_room_count; i++)
		draft->rooms[i] = draft->request->hotplug_rooms[i];
	for (size_t i = 0; i < before->cxl_window_count; i++)
		draft->cxl_windows[i] = draft->request->cxl_windows[i];
	draft->request->hotplug_rooms = draft->rooms;
	draft->request->cxl_windows = draft->cxl_windows;
}

struct request_case *request_case_change(const struct gpal_request *before,
					 const struct gpal_layout *live, uint64_t seed)
{
	static const struct {
		void (*change)(struct update_draft *draft);
		unsigned int weight;
	} changes[] = {
		{ add_root_complex, 4 },
		{ remove_root_complex, 2 },
		{ reorder_root_complexes, 1 },
		{ stretch_buses, 2 },
		{ move_buses, 1 },
		{ change_window, 2 },
		{ change_iommu, 2 },
		{ change_cxl, 1 },
		{ add_node, 3 },
		{ empty_node, 1 },
		{ remove_node, 1 },
		{ resize_node, 1 },
		{ fill_space, 3 },
		{ change_start, 1 },
		{ change_slots, 1 },
		{ change_chipset, 1 },
		{ change_vtl2, 3 },
		{ reserve, 2 },
		{ release, 2 },
		{ change_host, 1 },
		{ change_kind_of_vm, 1 },
		{ change_room, 3 },
		{ change_low_ram_window, 1 },
		{ take_low_ram_window, 1 },
		{ change_cxl_window, 3 },
	};
	struct update_draft draft = { .random = { seed }, .live = live };
	uint64_t count = random_below(&draft.random, 5);
	unsigned int weights = 0;

	/* A completely different request, with any fault. */
	if (random_once_in(&draft.random, 12))
		return request_case_draw(random_next(&draft.random));
	open_draft(&draft, before);
	if (live->top > GPAL_SPACE_END / 2 && !random_once_in(&draft.random, 3)) {
		if (random_once_in(&draft.random, 2))
			empty_space(&draft);
		else
			overflow_space(&draft);
		return draft.drawn;
	}
	for (size_t i = 0; i < COUNT(changes); i++)
		weights += changes[i].weight;
	while (count-- > 0) {
		uint64_t at = random_below(&draft.random, weights);
		size_t i = 0;

		for (; at >= changes[i].weight; i++)
			at -= changes[i].weight;
		changes[i].change(&draft);
	}
	if (!random_once_in(&draft.random, 8))
		drop_orphans(&draft);
	return draft.drawn;
}
