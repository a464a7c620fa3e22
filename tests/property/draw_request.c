/* SPDX-License-Identifier: MIT */
/*
 * Draws requests for the resolver: VMs that a front end might ask for, some with odd sizes. Some
 * requests then get faults.
 */
#include "draft.h"

#include <string.h>

char *draft_name(struct draft *draft, const char *stem, size_t number)
{
	struct blocks *blocks = &draft->drawn->blocks;

	return draft->odd_names && !random_once_in(&draft->random, 3) ?
		       draw_name(blocks, &draft->random, stem, number) :
		       plain_name(blocks, stem, number);
}

static uint64_t draw_node(struct random *random)
{
	switch (random_below(random, 12)) {
	case 0:
		return 0;
	case 1:
		return PAGE * random_between(random, 1, 16 * GIB / PAGE);
	case 2:
		return draw_size(random, 44);
	case 3:
	case 4:
		return MIB * random_between(random, 1, 1024);
	case 5:
		return GIB - 2 * MIB + MIB * random_below(random, 4);
	case 6:
		return 2 * MIB * random_between(random, 1, 8192);
	default:
		return GIB * random_between(random, 1, 64);
	}
}

static void draw_memory(struct draft *draft)
{
	static const uint64_t starts[] = {
		0, PAGE, MIB, GIB, 2 * GIB, 3 * GIB, 3 * GIB + 5 * PAGE, 5 * GIB
	};
	struct random *random = &draft->random;
	uint64_t most = random_once_in(random, 8) ? NODES_MAX - 1 : 3;

	draft->request->node_count = random_between(random, 1, most);
	for (size_t i = 0; i < draft->request->node_count; i++)
		draft->nodes[i] = draw_node(random);
	if (random_once_in(random, 40))
		draft->nodes[0] = draw_size(random, 63);
	if (random_once_in(random, 4)) {
		draft->request->memory_start.set = true;
		draft->request->memory_start.value = starts[random_below(random, COUNT(starts))];
	}
}

/* Draws a low window, usually one that is valid for node 0 and memory_start. Few are large. */
static void draw_memory_low_window(struct draft *draft)
{
	static const uint64_t starts[] = { 4 * MIB, 16 * MIB + PAGE, 64 * MIB, 256 * MIB, GIB };
	struct random *random = &draft->random;
	struct gpal_request *request = draft->request;
	uint64_t most;

	if (!random_once_in(random, 5))
		return;
	if (!request->memory_start.set || request->memory_start.value < 4 * MIB) {
		request->memory_start.set = true;
		request->memory_start.value = starts[random_below(random, COUNT(starts))];
	}
	if (draft->nodes[0] < 2 * MIB)
		draft->nodes[0] = GIB / 4 * random_between(random, 1, 32);
	most = (request->memory_start.value - 1) / (2 * MIB);
	if (most > draft->nodes[0] / (2 * MIB))
		most = draft->nodes[0] / (2 * MIB);
	request->memory_low_window = 2 * MIB *
				     (random_once_in(random, 6) ?
					      most :
					      random_between(random, 1, most < 64 ? most : 64));
	/* The window takes all of node 0. */
	if (random_once_in(random, 8))
		draft->nodes[0] = request->memory_low_window;
}

static void draw_hotplug_rooms(struct draft *draft)
{
	static const uint64_t sizes[] = { PAGE,    128 * MIB, 130 * MIB, GIB,
					  2 * GIB, 3 * GIB,   64 * GIB,  TIB };
	struct random *random = &draft->random;
	struct gpal_request *request = draft->request;

	if (!random_once_in(random, 4))
		return;
	request->hotplug_room_count =
		random_between(random, 1, random_once_in(random, 10) ? ROOMS_MAX - 1 : 3);
	for (size_t i = 0; i < request->hotplug_room_count; i++) {
		struct gpal_hotplug_room *room = &draft->rooms[i];

		room->node = (uint32_t)random_below(random, request->node_count);
		room->size = random_once_in(random, 6) ? draw_size(random, 36) :
							 sizes[random_below(random, COUNT(sizes))];
		room->alignment.set = random_once_in(random, 2);
		if (room->alignment.set)
			room->alignment.value = UINT64_C(1) << random_between(random, 12, 37);
	}
}

static void draw_cxl_windows(struct draft *draft)
{
	struct random *random = &draft->random;
	const size_t count = random_between(random, 0, 3);

	for (size_t i = 0; i < count; i++) {
		struct gpal_cxl_window *window = &draft->cxl_windows[i];

		if (!draw_cxl_window(&draft->drawn->blocks, random, draft->request, window))
			return;
		window->name = draft_name(draft, "win", i);
		draft->request->cxl_window_count++;
	}
}

static void draw_chipset(struct draft *draft)
{
	static const uint64_t lows[] = { 0,           1,           PAGE,      33 * MIB + 5,
					 128 * MIB,   273 * MIB,   512 * MIB, GIB,
					 3 * GIB + 1, 4 * GIB - 1, 4 * GIB };
	static const uint64_t highs[] = { 0, PAGE, 2 * MIB, 512 * MIB, 254 * MIB, TIB };
	struct random *random = &draft->random;

	if (random_once_in(random, 3)) {
		draft->request->chipset_low_mmio.set = true;
		draft->request->chipset_low_mmio.value = lows[random_below(random, COUNT(lows))];
	} else if (random_once_in(random, 30)) {
		draft->request->chipset_low_mmio.set = true;
		draft->request->chipset_low_mmio.value =
			4 * GIB - MIB * random_between(random, 16, 640);
	}
	if (random_once_in(random, 3)) {
		draft->request->chipset_high_mmio.set = true;
		draft->request->chipset_high_mmio.value = highs[random_below(random, COUNT(highs))];
	}
	draft->request->has_no_vmbus = random_once_in(random, 6);
	if (random_once_in(random, 10)) {
		uint64_t start =
			random_below(random, 4) * GIB / 2 + 3 * GIB + random_below(random, 3) * MIB;

		draft->request->has_pinned_chipset_high_mmio = true;
		draft->request->pinned_chipset_high_mmio =
			(struct gpal_range){ start, start + random_between(random, 1, 300) * MIB };
	}
}

/* Draws a window with an alignment of its own, or no window. */
static void draw_rare_window(struct random *random, struct gpal_window *window, uint64_t unit,
			     unsigned int shifts)
{
	window->kind = random_once_in(random, 2) ? GPAL_WINDOW_NONE : GPAL_WINDOW_SIZE;
	window->size = unit * random_between(random, 1, 5);
	window->alignment = unit << random_below(random, shifts);
}

static void draw_low_mmio(struct draft *draft, struct gpal_window *window)
{
	struct random *random = &draft->random;
	static const uint64_t sizes[] = { PAGE,     3 * PAGE, 2 * MIB,  3 * MIB,   4 * MIB,
					  64 * MIB, 64 * MIB, 64 * MIB, 128 * MIB, 512 * MIB };
	uint64_t step = random_once_in(random, 4) ? PAGE : 2 * MIB;

	switch (random_below(random, 8)) {
	case 0:
	case 1:
	case 2:
		window->kind = GPAL_WINDOW_SIZE;
		window->size = sizes[random_below(random, COUNT(sizes))];
		break;
	case 3:
		window->kind = GPAL_WINDOW_PINNED;
		window->range.start = random_between(random, 128 * MIB, 3584 * MIB) / step * step;
		window->range.end =
			window->range.start + (UINT64_C(2) << random_below(random, 7)) * MIB;
		break;
	case 4:
		draw_rare_window(random, window, 2 * MIB, 7);
		break;
	case 5:
		if (random_once_in(random, 2))
			draw_devices(&draft->drawn->blocks, random, window, false);
		break;
	default:
		break;
	}
}

static void draw_high_mmio(struct draft *draft, struct gpal_window *window)
{
	struct random *random = &draft->random;
	static const uint64_t sizes[] = { PAGE, 2 * MIB,  512 * MIB, GIB, GIB + PAGE,
					  GIB,  64 * GIB, 256 * GIB, TIB };
	uint64_t step = random_once_in(random, 4) ? PAGE : GIB;

	switch (random_below(random, 8)) {
	case 0:
	case 1:
	case 2:
		window->kind = GPAL_WINDOW_SIZE;
		window->size = sizes[random_below(random, COUNT(sizes))];
		break;
	case 3:
		window->kind = GPAL_WINDOW_PINNED;
		window->range.start = (UINT64_C(1) << random_between(random, 33, 45)) +
				      random_below(random, 64 * GIB) / step * step;
		window->range.end = window->range.start + GIB * random_between(random, 1, 64);
		if (random_once_in(random, 6)) {
			window->range.start = random_between(random, GIB, 3 * GIB) / step * step;
			window->range.end = window->range.start + draw_size(random, 28);
		}
		break;
	case 4:
		draw_rare_window(random, window, GIB, 10);
		break;
	case 5:
		draw_devices(&draft->drawn->blocks, random, window, true);
		break;
	default:
		break;
	}
}

static void draw_buses(struct random *random, struct gpal_root_complex *rc, unsigned int *next,
		       size_t index)
{
	static const uint16_t segments[] = { 0, 1, 2, 7, 65535 };
	size_t choice = random_below(random, random_once_in(random, 2) ? 2 : COUNT(segments));
	unsigned int first = next[choice];

	if (first > 255 || (first == 0 && random_once_in(random, 4))) {
		/* The root complex gets a segment of its own, with all its buses or only a few. */
		rc->segment = (uint16_t)(100 + index);
		rc->start_bus = 0;
		rc->end_bus = random_once_in(random, 2) ? 255 : 7;
		return;
	}
	if (random_once_in(random, 3))
		first += (unsigned int)random_below(random, 256 - first);
	rc->segment = segments[choice];
	rc->start_bus = (uint8_t)first;
	rc->end_bus = (uint8_t)random_between(random, first, first + 60 > 255 ? 255 : first + 60);
	next[choice] = rc->end_bus + 1U;
}

static void draw_root_complexes(struct draft *draft)
{
	struct random *random = &draft->random;
	const bool bridges = random_once_in(random, 4);  /* most have CXL */
	const bool crowded = random_once_in(random, 25); /* often more than fits below 4 GiB */
	uint64_t most = random_once_in(random, bridges ? 3 : 10) ? ROOT_COMPLEXES_MAX - 1 : 4;
	bool x86 = draft->request->arch == GPAL_ARCH_X86_64;
	enum gpal_iommu iommu = !x86                      ? GPAL_IOMMU_SMMUV3 :
				random_once_in(random, 2) ? GPAL_IOMMU_AMD_VI :
							    GPAL_IOMMU_INTEL_VTD;
	unsigned int iommu_odds = (unsigned int)random_between(random, 1, 3);
	unsigned int next[5] = { 0 };

	if (random_once_in(random, 3))
		iommu = GPAL_IOMMU_NONE;
	draft->request->root_complex_count = random_between(random, 0, most);
	for (size_t i = 0; i < draft->request->root_complex_count; i++) {
		struct gpal_root_complex *rc = &draft->rcs[i];

		rc->name = draft_name(draft, "rc", i);
		rc->has_buses = true;
		draw_buses(random, rc, next, i);
		if (random_once_in(random, 3)) {
			rc->has_node = true;
			rc->node = (uint32_t)random_below(random, draft->request->node_count);
		}
		draw_low_mmio(draft, &rc->low_mmio);
		if (crowded && rc->low_mmio.kind == GPAL_WINDOW_DEFAULT) {
			rc->low_mmio.kind = GPAL_WINDOW_SIZE;
			rc->low_mmio.size = 2 * MIB * random_between(random, 64, 1024);
		}
		draw_high_mmio(draft, &rc->high_mmio);
		if (bridges ? !random_once_in(random, 5) : random_once_in(random, 5)) {
			rc->has_cxl = true;
			rc->has_no_cxl_hdm = random_once_in(random, 4);
			rc->cxl_hdm = 256 * MIB * random_between(random, 1, 1024);
		}
		if (random_once_in(random, iommu_odds))
			rc->iommu = iommu;
	}
}

static void draw_vtl2(struct draft *draft)
{
	struct random *random = &draft->random;
	struct gpal_request *request = draft->request;

	if (random_once_in(random, 4)) {
		request->vtl2_chipset_mmio.set = true;
		request->vtl2_chipset_mmio.value =
			random_once_in(random, 3) ? 0 : draw_size(random, 32);
	}
	if (random_once_in(random, 3)) {
		request->has_vtl2_memory = true;
		request->vtl2_memory_size = draw_size(random, 34);
		request->vtl2_memory_alignment = UINT64_C(1) << random_between(random, 12, 36);
		if (random_once_in(random, 20))
			request->vtl2_memory_alignment = UINT64_C(1)
							 << random_between(random, 40, 63);
	}
	if (random_once_in(random, 4))
		request->vtl2_framebuffer = draw_size(random, 25);
	request->has_vtl2_alias_map = random_once_in(random, 6);
}

void draft_reserve(struct draft *draft, struct gpal_range range)
{
	size_t index = draft->request->reserved_count;

	if (index == RESERVED_MAX)
		return;
	draft->reserved[index].name = draft_name(draft, "hole", index);
	draft->reserved[index].range = range;
	draft->request->reserved_count++;
}

static void draw_reserved(struct draft *draft)
{
	static const struct {
		uint64_t base;
		unsigned int most;
		unsigned int gap_bits;
		unsigned int length_bits;
	} walks[] = {
		{ 5 * GIB, 3, 40, 33 },           /* a few anywhere */
		{ 4 * GIB, 60, 33, 24 },          /* small holes through RAM and what is above */
		{ MIB, 50, 26, 16 },              /* small holes through low memory */
		{ 3 * GIB, 30, 25, 20 },          /* around the low windows */
		{ UINT64_C(1) << 46, 4, 50, 40 }, /* far above */
	};
	struct random *random = &draft->random;
	size_t walk = random_below(random, 2 * COUNT(walks));
	uint64_t at;
	uint64_t count;

	if (walk >= COUNT(walks))
		return;
	at = walks[walk].base;
	count = random_between(random, 1, walks[walk].most);
	for (uint64_t i = 0; i < count; i++) {
		uint64_t length = draw_size(random, walks[walk].length_bits);

		at += draw_size(random, walks[walk].gap_bits);
		/* The range mostly avoids the chipset's own low window. */
		if (at < 4 * GIB && at + length > 3456 * MIB && !random_once_in(random, 50))
			return;
		draft_reserve(draft, (struct gpal_range){ at, at + length });
		at += length;
	}
}

struct request_case *request_case_draw(uint64_t seed)
{
	static const unsigned int widths[] = { 32, 33, 36, 39, 40, 42, 44, 46, 48, 52, 63, 64 };
	struct draft draft = { .random = { seed } };
	struct random *random = &draft.random;
	struct blocks blocks = { 0 };
	struct gpal_request *request;
	size_t policies;
	const struct gpal_policy *policy = gpal_policies(&policies);
	size_t choice;

	draft.drawn = blocks_take(&blocks, sizeof(*draft.drawn));
	draft.drawn->blocks = blocks;
	request = draft.request = &draft.drawn->request;
	draft.nodes = blocks_take(&draft.drawn->blocks, NODES_MAX * sizeof(*draft.nodes));
	draft.rcs = blocks_take(&draft.drawn->blocks, ROOT_COMPLEXES_MAX * sizeof(*draft.rcs));
	draft.reserved = blocks_take(&draft.drawn->blocks, RESERVED_MAX * sizeof(*draft.reserved));
	request->nodes = draft.nodes;
	request->root_complexes = draft.rcs;
	request->reserved = draft.reserved;
	draft.rooms = blocks_take(&draft.drawn->blocks, (ROOMS_MAX + 1) * sizeof(*draft.rooms));
	draft.cxl_windows = blocks_take(&draft.drawn->blocks,
					(CXL_WINDOWS_MAX + 1) * sizeof(*draft.cxl_windows));
	request->hotplug_rooms = draft.rooms;
	request->cxl_windows = draft.cxl_windows;
	draft.odd_names = random_once_in(random, 3);

	request->arch = (enum gpal_arch)random_below(random, GPAL_ARCH_COUNT);
	choice = random_below(random, policies + 1);
	request->policy = choice < policies ? &policy[choice] : NULL;
	request->profile = (enum gpal_profile)random_below(random, GPAL_PROFILE_COUNT);
	request->ecam = (enum gpal_ecam)random_below(random, GPAL_ECAM_COUNT);
	draw_memory(&draft);
	draw_memory_low_window(&draft);
	draw_hotplug_rooms(&draft);
	draw_chipset(&draft);
	draw_root_complexes(&draft);
	draw_cxl_windows(&draft);
	if (random_once_in(random, 3)) {
		static const uint32_t slots[] = { 1, 3, 32, 100, 101, 128, 4096 };

		request->virtio_mmio_slots = slots[random_below(random, COUNT(slots))];
	}
	draw_vtl2(&draft);
	draw_reserved(&draft);
	if (random_once_in(random, 3))
		request->host_physical_address_bits = widths[random_below(random, COUNT(widths))];
	if (random_once_in(random, 4)) {
		request->host_holes = draft_hole(&draft);
		request->host_hole_count = 1;
	}

	if (random_once_in(random, 3))
		draft_spoil(&draft, true);
	if (random_once_in(random, 12))
		draft_spoil(&draft, false);
	return draft.drawn;
}
