/* SPDX-License-Identifier: MIT */
/* Adds a fault to a request. */
#include "draft.h"

#include <string.h>

static const enum gpal_hole holes[] = { GPAL_HOLE_AMD_HYPERTRANSPORT, GPAL_HOLE_ARM_MSI,
					GPAL_HOLE_ARM_MSI, GPAL_HOLE_COUNT };

const enum gpal_hole *draft_hole(const struct draft *draft)
{
	return draft->request->arch == GPAL_ARCH_X86_64 ? &holes[0] : &holes[1];
}

/*
 * Possible faults of a request. Those from FIRST_PIN_FAULT on spoil a pinned range. A request has
 * at most one of these, because their order is not specified.
 */
enum fault {
	NO_NODES,
	NODE_SUM_OVERFLOWS,
	NODES_ALL_EMPTY,
	NODE_ODD,
	NODE_ENORMOUS,
	NAME_TWICE,
	RESERVED_NAME_TWICE,
	BUSES_REVERSED,
	BUSES_SHARED,
	IOMMUS_MIXED,
	IOMMU_OF_OTHER_ARCH,
	HDM_ZERO,
	HDM_ODD,
	NO_SUCH_NODE,
	MEMORY_START_ODD,
	PINNED_LOW_ABOVE_4GIB,
	BAD_ARCH,
	BAD_PROFILE,
	BAD_ECAM,
	BAD_IOMMU,
	BAD_WINDOW,
	HOLES,
	HOLE_NAME_TWICE,
	BAD_HOST_BITS,
	CHIPSET_LOW_ABOVE_4GIB,
	CHIPSET_HIGH_ODD,
	CHIPSET_HIGH_ENORMOUS,
	LOW_MMIO_BAD_SIZE,
	WINDOW_BAD_ALIGNMENT,
	LOW_MMIO_ENORMOUS,
	HIGH_MMIO_BAD_SIZE,
	HIGH_MMIO_ENORMOUS,
	HDM_ENORMOUS,
	VTL2_BAD_SIZE,
	VTL2_BAD_ALIGNMENT,
	VTL2_ENORMOUS,
	ECAM_CROWDED,
	DEVICES_BAD_COUNT,
	DEVICES_BAD_BAR,
	DEVICES_ENORMOUS,
	CXL_NAME_TWICE,
	CXL_TARGET_COUNT,
	CXL_TARGET_TWICE,
	CXL_TARGET_UNKNOWN,
	CXL_TARGET_WITHOUT,
	CXL_GRANULARITY,
	CXL_SIZE_ODD,
	CXL_SIZE_ZERO,
	CXL_ENORMOUS,
	ROOM_NO_SUCH_NODE,
	ROOM_BAD_SIZE,
	ROOM_BAD_ALIGNMENT,
	ROOM_ENORMOUS,
	MEMORY_LOW_WINDOW_ODD,
	MEMORY_LOW_WINDOW_ABOVE_NODE,
	MEMORY_LOW_WINDOW_ABOVE_START,
	MEMORY_LOW_WINDOW_CROWDED,
	FIRST_PIN_FAULT,
	RESERVED_EMPTY = FIRST_PIN_FAULT,
	RESERVED_ODD,
	RESERVED_OFF_PAGE,
	RESERVED_TOO_HIGH,
	RESERVED_OVERLAP,
	RESERVED_ALMOST_ALL,
	PINNED_EMPTY,
	PINNED_OVERLAP,
	FAULTS
};

static void spoil_root_complex(struct draft *draft, enum fault fault)
{
	struct random *random = &draft->random;
	size_t count = draft->request->root_complex_count;
	struct gpal_root_complex *rc;
	struct gpal_root_complex *other;
	size_t index;

	if (count == 0)
		return;
	index = random_below(random, count);
	rc = &draft->rcs[index];
	other = &draft->rcs[(index + 1) % count];
	switch (fault) {
	case NAME_TWICE:
		rc->name = other->name;
		break;
	case BUSES_REVERSED:
		rc->end_bus = (uint8_t)random_below(random, 128);
		rc->start_bus = (uint8_t)(rc->end_bus + random_between(random, 1, 127));
		break;
	case BUSES_SHARED:
		other->segment = rc->segment;
		other->start_bus = rc->end_bus;
		other->end_bus = 255;
		break;
	case IOMMUS_MIXED:
		rc->iommu = GPAL_IOMMU_AMD_VI;
		other->iommu = random_once_in(random, 2) ? GPAL_IOMMU_INTEL_VTD : GPAL_IOMMU_SMMUV3;
		break;
	case IOMMU_OF_OTHER_ARCH:
		for (size_t i = 0; i < count; i++)
			draft->rcs[i].iommu = GPAL_IOMMU_NONE;
		rc->iommu = draft->request->arch == GPAL_ARCH_X86_64 ? GPAL_IOMMU_SMMUV3 :
								       GPAL_IOMMU_INTEL_VTD;
		break;
	case HDM_ZERO:
	case HDM_ODD:
	case HDM_ENORMOUS:
		rc->has_cxl = true;
		rc->has_no_cxl_hdm = false;
		rc->cxl_hdm = fault == HDM_ZERO ? 0 :
			      fault == HDM_ODD  ? 256 * MIB + draw_size(random, 27) :
						  UINT64_MAX / (256 * MIB) * (256 * MIB);
		break;
	case NO_SUCH_NODE:
		rc->has_node = true;
		rc->node = (uint32_t)draft->request->node_count + (uint32_t)random_below(random, 3);
		break;
	case PINNED_LOW_ABOVE_4GIB:
		/*
		 * The window may end exactly at 4 GiB, which is allowed, but that place is the
		 * chipset's.
		 */
		rc->low_mmio.kind = GPAL_WINDOW_PINNED;
		rc->low_mmio.range.start = 4 * GIB - MIB * random_between(random, 0, 2);
		rc->low_mmio.range.end = rc->low_mmio.range.start + 2 * MIB;
		break;
	case BAD_IOMMU:
		rc->iommu = GPAL_IOMMU_COUNT;
		break;
	case BAD_WINDOW:
		if (random_once_in(random, 2))
			rc->low_mmio.kind = GPAL_WINDOW_COUNT;
		else
			rc->high_mmio.kind = GPAL_WINDOW_COUNT;
		break;
	case WINDOW_BAD_ALIGNMENT: {
		struct gpal_window *window = random_once_in(random, 2) ? &rc->low_mmio :
									 &rc->high_mmio;

		window->kind = GPAL_WINDOW_SIZE;
		window->size = GIB;
		window->alignment = random_once_in(random, 2) ? MIB : 3 * GIB;
		break;
	}
	case LOW_MMIO_BAD_SIZE:
	case LOW_MMIO_ENORMOUS:
		rc->low_mmio.kind = GPAL_WINDOW_SIZE;
		rc->low_mmio.size = fault == LOW_MMIO_ENORMOUS ? draw_size(random, 33) :
				    random_once_in(random, 2)  ? 0 :
								 2 * MIB + 1;
		break;
	case HIGH_MMIO_BAD_SIZE:
	case HIGH_MMIO_ENORMOUS:
		rc->high_mmio.kind = GPAL_WINDOW_SIZE;
		rc->high_mmio.size = fault == HIGH_MMIO_ENORMOUS ? draw_size(random, 64) :
				     random_once_in(random, 2)   ? 0 :
								   GIB - 1;
		break;
	case PINNED_EMPTY:
		rc->high_mmio.kind = GPAL_WINDOW_PINNED;
		rc->high_mmio.range.start = 64 * GIB;
		rc->high_mmio.range.end = 64 * GIB - PAGE * random_below(random, 2);
		break;
	case PINNED_OVERLAP:
		rc->low_mmio.kind = GPAL_WINDOW_PINNED;
		rc->low_mmio.range = (struct gpal_range){ 4 * GIB - 34 * MIB, 4 * GIB - PAGE };
		break;
	default:
		break;
	}
}

/*
 * Returns a copy of the BAR sizes of a random device, or of its virtual functions. The caller may
 * change them.
 */
static uint64_t *open_bars(struct draft *draft, struct gpal_window *window, size_t *count)
{
	struct random *random = &draft->random;
	struct gpal_device *device =
		(struct gpal_device *)window->devices + random_below(random, window->device_count);
	const bool functions = device->has_sriov && random_once_in(random, 2);
	const uint64_t **bars = functions ? &device->vf_bars : &device->bars;
	uint64_t *copy;

	*count = functions ? device->vf_bar_count : device->bar_count;
	copy = blocks_list(&draft->drawn->blocks, *bars, *count, sizeof(*copy));
	*bars = copy;
	return copy;
}

static void spoil_counts(struct draft *draft, struct gpal_window *window)
{
	static const uint64_t bars[] = { PAGE, PAGE, PAGE, PAGE, PAGE, PAGE, PAGE };
	struct random *random = &draft->random;
	const size_t most = GPAL_DEVICES_MAX + 1;
	struct gpal_device *devices = blocks_take(&draft->drawn->blocks, most * sizeof(*devices));
	struct gpal_device *device = devices;

	for (size_t i = 0; i < most; i++) {
		devices[i] = (struct gpal_device){ .bars = bars,
						   .bar_count = 1,
						   .has_sriov = i == 0,
						   .vfs = 1,
						   .vf_bars = bars,
						   .vf_bar_count = i == 0 };
	}
	window->devices = devices;
	window->device_count = 1;
	switch (random_below(random, 5)) {
	case 0:
		window->device_count = random_once_in(random, 2) ? 0 : most;
		break;
	case 1:
		device->bar_count = random_once_in(random, 2) ? 0 : GPAL_BARS_MAX + 1;
		break;
	case 2:
		device->vfs = random_once_in(random, 2) ? 0 : GPAL_VFS_MAX + 1;
		break;
	case 3:
		device->vf_bar_count = random_once_in(random, 2) ? 0 : GPAL_BARS_MAX + 1;
		break;
	default:
		/* The greatest number of everything. */
		device->bar_count = device->vf_bar_count = GPAL_BARS_MAX;
		device->vfs = GPAL_VFS_MAX;
		window->device_count = GPAL_DEVICES_MAX;
		break;
	}
}

/* Draws devices that need 2^64 bytes, one virtual function less, or some other large size. */
static void draw_enormous_devices(struct draft *draft, struct gpal_window *window)
{
	static const uint64_t bar[] = { UINT64_C(1) << 63 };
	static const uint64_t vf_bar[] = { UINT64_C(1) << 55 };
	struct random *random = &draft->random;
	struct gpal_device *device = blocks_take(&draft->drawn->blocks, 2 * sizeof(*device));

	device[0] = (struct gpal_device){ .bars = bar, .bar_count = 1 };
	device[1] = (struct gpal_device){ .bars = vf_bar, .bar_count = 1 };
	if (!random_once_in(random, 4)) {
		device[0].has_sriov = true;
		device[0].vfs = (uint32_t)random_between(random, 254, 256);
		device[0].vf_bars = vf_bar;
		device[0].vf_bar_count = 1;
	}
	*window = (struct gpal_window){
		.kind = GPAL_WINDOW_DEVICES,
		.devices = device,
		.device_count = random_between(random, 1, 2),
	};
}

static void spoil_devices(struct draft *draft, enum fault fault)
{
	static const uint64_t bad[] = { 0, 1, 2048, PAGE + 1, 3 * PAGE, UINT64_MAX };
	struct random *random = &draft->random;
	struct gpal_root_complex *rc;
	struct gpal_window *window;
	uint64_t *bars;
	size_t count;
	bool high;

	if (fault < DEVICES_BAD_COUNT || fault > DEVICES_ENORMOUS ||
	    draft->request->root_complex_count == 0)
		return;
	rc = &draft->rcs[random_below(random, draft->request->root_complex_count)];
	high = random_once_in(random, 2);
	window = high ? &rc->high_mmio : &rc->low_mmio;
	draw_devices(&draft->drawn->blocks, random, window, high);
	if (fault == DEVICES_BAD_COUNT) {
		spoil_counts(draft, window);
		return;
	}
	if (fault == DEVICES_ENORMOUS) {
		draw_enormous_devices(draft, window);
		return;
	}
	bars = open_bars(draft, window, &count);
	bars[random_below(random, count)] = bad[random_below(random, COUNT(bad))];
}

/* Adds a window to spoil. Returns NULL if there are no root complexes, or the list is full. */
static struct gpal_cxl_window *open_cxl_window(struct draft *draft)
{
	struct gpal_request *request = draft->request;
	struct gpal_cxl_window *window = &draft->cxl_windows[request->cxl_window_count];
	struct gpal_root_complex *rc;

	if (request->root_complex_count == 0 || request->cxl_window_count == CXL_WINDOWS_MAX)
		return NULL;
	rc = &draft->rcs[random_below(&draft->random, request->root_complex_count)];
	rc->has_no_cxl_hdm |= !rc->has_cxl;
	rc->has_cxl = true;
	draw_cxl_window(&draft->drawn->blocks, &draft->random, request, window);
	window->name = draft_name(draft, "bad", request->cxl_window_count++);
	return window;
}

static void spoil_cxl_window(struct draft *draft, enum fault fault)
{
	static const size_t bad_counts[] = { 0, 5, 7, 9, 10, 11, 13, 14, 15, 17, 24 };
	static const uint32_t bad_bytes[] = {
		1, 128, 257, 768, 32768, UINT32_C(1) << 31, UINT32_MAX
	};
	struct random *random = &draft->random;
	struct gpal_cxl_window *window;
	const char **targets;
	size_t count, at;

	if (fault < CXL_NAME_TWICE || fault > CXL_ENORMOUS)
		return;
	window = open_cxl_window(draft);
	if (!window)
		return;
	count = window->target_count;
	at = random_below(random, count);
	targets = blocks_take(&draft->drawn->blocks, (count + 24) * sizeof(*targets));
	for (size_t i = 0; i < count + 24; i++)
		targets[i] = window->targets[i % count];
	window->targets = targets;
	switch (fault) {
	case CXL_NAME_TWICE:
		window = open_cxl_window(draft);
		if (window)
			window->name = draft->cxl_windows[0].name;
		break;
	case CXL_TARGET_COUNT:
		window->target_count = bad_counts[random_below(random, COUNT(bad_counts))];
		break;
	case CXL_TARGET_TWICE:
		/* One target is repeated, or all targets are the same. */
		window->target_count = count == 1 ? random_between(random, 2, 4) : count;
		targets[count == 1 ? 1 : (at + 1) % count] = targets[at];
		break;
	case CXL_TARGET_UNKNOWN:
		targets[at] = random_once_in(random, 2) ? "" : "nobody";
		break;
	case CXL_TARGET_WITHOUT:
		for (size_t i = 0; i < draft->request->root_complex_count; i++) {
			if (strcmp(draft->rcs[i].name, targets[at]) == 0)
				draft->rcs[i].has_cxl = false;
		}
		break;
	case CXL_GRANULARITY:
		window->granularity = bad_bytes[random_below(random, COUNT(bad_bytes))];
		break;
	case CXL_SIZE_ODD:
		/* Often adds 128 MiB for each target, where 256 MiB would be valid. */
		window->size += random_once_in(random, 3) ? PAGE : 128 * MIB * count;
		break;
	case CXL_SIZE_ZERO:
		window->size = 0;
		break;
	case CXL_ENORMOUS:
		window->size = UINT64_MAX / (256 * MIB * count) * (256 * MIB * count);
		break;
	default:
		break;
	}
}

static void spoil_memory(struct draft *draft, enum fault fault)
{
	struct random *random = &draft->random;
	struct gpal_request *request = draft->request;
	struct gpal_hotplug_room *room = &draft->rooms[request->hotplug_room_count];

	if (fault >= ROOM_NO_SUCH_NODE && fault <= ROOM_ENORMOUS) {
		if (request->hotplug_room_count == ROOMS_MAX)
			return;
		request->hotplug_room_count++;
		room->size = 2 * GIB;
	}
	switch (fault) {
	case ROOM_NO_SUCH_NODE:
		room->node = (uint32_t)request->node_count + (uint32_t)random_below(random, 3);
		break;
	case ROOM_BAD_SIZE:
		room->size = random_once_in(random, 2) ? 0 : 2 * GIB + 17;
		break;
	case ROOM_BAD_ALIGNMENT:
		room->alignment.set = true;
		room->alignment.value = random_once_in(random, 3) ? 0 :
					random_once_in(random, 2) ? PAGE / 2 :
								    3 * GIB;
		break;
	case ROOM_ENORMOUS:
		room->size = GPAL_SPACE_END - draw_size(random, 45);
		break;
	case MEMORY_LOW_WINDOW_ODD:
		request->memory_low_window += PAGE * random_between(random, 1, 3) + 17;
		break;
	case MEMORY_LOW_WINDOW_ABOVE_NODE:
		request->memory_start = (struct gpal_optional){ true, UINT64_C(1) << 50 };
		request->memory_low_window = draft->nodes[0] / (2 * MIB) * (2 * MIB) +
					     2 * MIB * random_between(random, 0, 1);
		break;
	case MEMORY_LOW_WINDOW_ABOVE_START:
		request->memory_low_window = 32 * MIB;
		request->memory_start.set = !random_once_in(random, 3);
		request->memory_start.value = MIB * random_between(random, 31, 33);
		break;
	case MEMORY_LOW_WINDOW_CROWDED:
		request->memory_start = (struct gpal_optional){ true, GIB };
		request->memory_low_window = 512 * MIB;
		draft->nodes[0] = GIB * random_between(random, 1, 4);
		draft_reserve(draft, (struct gpal_range){ 100 * MIB, 101 * MIB });
		break;
	default:
		break;
	}
}

static void spoil_reserved(struct draft *draft, enum fault fault)
{
	struct random *random = &draft->random;
	uint64_t base = 8 * GIB + PAGE * random_below(random, GIB);

	switch (fault) {
	case RESERVED_EMPTY:
		draft_reserve(draft, (struct gpal_range){ base, base });
		break;
	case RESERVED_ODD:
		draft_reserve(draft, (struct gpal_range){ base, base + 17 });
		break;
	case RESERVED_OFF_PAGE:
		draft_reserve(draft, (struct gpal_range){ base + 16, base + 16 + PAGE });
		break;
	case RESERVED_TOO_HIGH:
		draft_reserve(draft, (struct gpal_range){ base, UINT64_MAX });
		break;
	case RESERVED_OVERLAP:
		draft_reserve(draft, (struct gpal_range){ base, base + 3 * PAGE });
		draft_reserve(draft, (struct gpal_range){ base + PAGE, base + 2 * PAGE });
		break;
	case RESERVED_ALMOST_ALL:
		draft_reserve(draft,
			      (struct gpal_range){ base, GPAL_SPACE_END - draw_size(random, 40) });
		break;
	default:
		break;
	}
}

static void spoil_rest(struct draft *draft, enum fault fault)
{
	struct random *random = &draft->random;
	struct gpal_request *request = draft->request;
	uint64_t *node = &draft->nodes[random_below(random, request->node_count + 1)];

	switch (fault) {
	case NO_NODES:
		request->node_count = 0;
		break;
	case NODE_SUM_OVERFLOWS:
		draft->nodes[0] = UINT64_C(1) << 63;
		draft->nodes[1] = random_once_in(random, 2) ? UINT64_C(1) << 63 : GPAL_SPACE_END;
		request->node_count = request->node_count < 2 ? 2 : request->node_count;
		break;
	case NODES_ALL_EMPTY:
		memset(draft->nodes, 0, NODES_MAX * sizeof(draft->nodes[0]));
		break;
	case NODE_ODD:
		*node += random_between(random, 1, PAGE - 1);
		break;
	case NODE_ENORMOUS:
		memset(draft->nodes, 0, NODES_MAX * sizeof(draft->nodes[0]));
		draft->nodes[random_below(random, request->node_count ? request->node_count : 1)] =
			GPAL_SPACE_END - draw_size(random, 45);
		break;
	case RESERVED_NAME_TWICE:
		draft_reserve(draft, (struct gpal_range){ 7 * TIB, 7 * TIB + PAGE });
		draft->reserved[request->reserved_count - 1].name = draft->reserved[0].name;
		break;
	case MEMORY_START_ODD:
		request->memory_start.set = true;
		request->memory_start.value = GIB + random_between(random, 1, PAGE - 1);
		break;
	case BAD_ARCH:
		request->arch = GPAL_ARCH_COUNT;
		break;
	case BAD_PROFILE:
		request->profile = GPAL_PROFILE_COUNT;
		break;
	case BAD_ECAM:
		request->ecam = GPAL_ECAM_COUNT;
		break;
	case HOLES:
		/* Holes of the other architecture, one hole twice, and an unknown hole. */
		request->host_holes = holes;
		request->host_hole_count = random_between(random, 2, COUNT(holes));
		break;
	case HOLE_NAME_TWICE:
		request->host_holes = draft_hole(draft);
		request->host_hole_count = 1;
		draft_reserve(draft, (struct gpal_range){ 6 * TIB, 6 * TIB + PAGE });
		draft->reserved[request->reserved_count - 1].name =
			gpal_hole_name(request->host_holes[0]);
		break;
	case BAD_HOST_BITS:
		request->host_physical_address_bits = 65 + (unsigned int)random_below(random, 64);
		break;
	case CHIPSET_LOW_ABOVE_4GIB:
		request->chipset_low_mmio.set = true;
		request->chipset_low_mmio.value = random_once_in(random, 2) ?
							  4 * GIB + 1 :
							  UINT64_MAX - random_below(random, PAGE);
		break;
	case CHIPSET_HIGH_ODD:
	case CHIPSET_HIGH_ENORMOUS:
		request->chipset_high_mmio.set = true;
		request->chipset_high_mmio.value =
			fault == CHIPSET_HIGH_ODD ? 2 * MIB + 1 : draw_size(random, 64);
		break;
	case VTL2_BAD_SIZE:
	case VTL2_BAD_ALIGNMENT:
	case VTL2_ENORMOUS:
		request->has_vtl2_memory = true;
		request->vtl2_memory_size =
			fault == VTL2_ENORMOUS ? GPAL_SPACE_END - draw_size(random, 48) : MIB;
		request->vtl2_memory_alignment = fault == VTL2_BAD_ALIGNMENT ? 3 * PAGE : PAGE;
		if (fault == VTL2_BAD_SIZE)
			request->vtl2_memory_size = random_once_in(random, 2) ? 0 : PAGE + 1;
		break;
	case ECAM_CROWDED:
		request->ecam = GPAL_ECAM_BELOW_4GIB;
		request->chipset_low_mmio.set = true;
		request->chipset_low_mmio.value = 4 * GIB - MIB * random_between(random, 200, 700);
		break;
	default:
		break;
	}
}

void draft_spoil(struct draft *draft, bool pins_too)
{
	const enum fault fault =
		(enum fault)random_below(&draft->random, pins_too ? FAULTS : FIRST_PIN_FAULT);

	/* Each function handles only its own faults. */
	spoil_root_complex(draft, fault);
	spoil_reserved(draft, fault);
	spoil_rest(draft, fault);
	spoil_devices(draft, fault);
	spoil_cxl_window(draft, fault);
	spoil_memory(draft, fault);
}
