/* SPDX-License-Identifier: MIT */
/*
 * Draws requests of the resolver: VMs that a front end might ask for, with odd
 * sizes among them, some of which are then spoilt.
 */
#include "inputs.h"

#include <string.h>

#define PAGE GPAL_PAGE_SIZE
#define KIB UINT64_C(0x400)
#define MIB UINT64_C(0x100000)
#define GIB UINT64_C(0x40000000)
#define TIB (1024 * GIB)

#define NODES_MAX 24
#define ROOT_COMPLEXES_MAX 24
#define RESERVED_MAX 80

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct draft {
	struct random random;
	struct request_case *drawn;
	struct gpal_request *request;
	uint64_t *nodes;
	struct gpal_root_complex *rcs;
	struct gpal_named_range *reserved;
};

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

/* A window with an alignment of its own, or none. */
static void draw_rare_window(struct random *random, struct gpal_window *window, uint64_t unit,
			     unsigned int shifts)
{
	window->kind = random_once_in(random, 2) ? GPAL_WINDOW_NONE : GPAL_WINDOW_SIZE;
	window->size = unit * random_between(random, 1, 5);
	window->alignment = unit << random_below(random, shifts);
}

static void draw_low_window(struct random *random, struct gpal_window *window)
{
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
	default:
		break;
	}
}

static void draw_high_window(struct random *random, struct gpal_window *window)
{
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
		/* A segment of its own, with all its buses or the usual few. */
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
	uint64_t most = random_once_in(random, 10) ? ROOT_COMPLEXES_MAX - 1 : 4;
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
		char name[65];

		snprintf(name, sizeof(name), "rc%zu", i);
		if (random_once_in(random, 40))
			snprintf(name, sizeof(name), "%064zu", i);
		rc->name = blocks_text(&draft->drawn->blocks, name);
		rc->has_buses = true;
		draw_buses(random, rc, next, i);
		if (random_once_in(random, 3)) {
			rc->has_node = true;
			rc->node = (uint32_t)random_below(random, draft->request->node_count);
		}
		draw_low_window(random, &rc->low_mmio);
		draw_high_window(random, &rc->high_mmio);
		if (random_once_in(random, 5)) {
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

static void add_reserved(struct draft *draft, struct gpal_range range)
{
	size_t index = draft->request->reserved_count;
	char name[32];

	if (index == RESERVED_MAX)
		return;
	snprintf(name, sizeof(name), "hole%zu", index);
	draft->reserved[index].name = blocks_text(&draft->drawn->blocks, name);
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
		{ 3 * GIB, 30, 25, 20 },          /* where the low windows are */
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
		/* Mostly clear of the chipset's own low window. */
		if (at < 4 * GIB && at + length > 3456 * MIB && !random_once_in(random, 50))
			return;
		add_reserved(draft, (struct gpal_range){ at, at + length });
		at += length;
	}
}

/*
 * What can be wrong with a request. Those from FIRST_PIN_FAULT on spoil a
 * decided range; there is at most one of these in a request, because the order
 * among them is not laid down.
 */
static const enum gpal_hole holes[] = { GPAL_HOLE_AMD_HYPERTRANSPORT, GPAL_HOLE_ARM_MSI,
					GPAL_HOLE_ARM_MSI, GPAL_HOLE_COUNT };

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
	LOW_WINDOW_BAD_SIZE,
	WINDOW_BAD_ALIGNMENT,
	LOW_WINDOW_ENORMOUS,
	HIGH_WINDOW_BAD_SIZE,
	HIGH_WINDOW_ENORMOUS,
	HDM_ENORMOUS,
	VTL2_BAD_SIZE,
	VTL2_BAD_ALIGNMENT,
	VTL2_ENORMOUS,
	ECAM_CROWDED,
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
		/* Or at 4 GiB, which is allowed, but the chipset's. */
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
	case LOW_WINDOW_BAD_SIZE:
	case LOW_WINDOW_ENORMOUS:
		rc->low_mmio.kind = GPAL_WINDOW_SIZE;
		rc->low_mmio.size = fault == LOW_WINDOW_ENORMOUS ? draw_size(random, 33) :
				    random_once_in(random, 2)    ? 0 :
								   2 * MIB + 1;
		break;
	case HIGH_WINDOW_BAD_SIZE:
	case HIGH_WINDOW_ENORMOUS:
		rc->high_mmio.kind = GPAL_WINDOW_SIZE;
		rc->high_mmio.size = fault == HIGH_WINDOW_ENORMOUS ? draw_size(random, 64) :
				     random_once_in(random, 2)     ? 0 :
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

static void spoil_reserved(struct draft *draft, enum fault fault)
{
	struct random *random = &draft->random;
	uint64_t base = 8 * GIB + PAGE * random_below(random, GIB);

	switch (fault) {
	case RESERVED_EMPTY:
		add_reserved(draft, (struct gpal_range){ base, base });
		break;
	case RESERVED_ODD:
		add_reserved(draft, (struct gpal_range){ base, base + 17 });
		break;
	case RESERVED_OFF_PAGE:
		add_reserved(draft, (struct gpal_range){ base + 16, base + 16 + PAGE });
		break;
	case RESERVED_TOO_HIGH:
		add_reserved(draft, (struct gpal_range){ base, UINT64_MAX });
		break;
	case RESERVED_OVERLAP:
		add_reserved(draft, (struct gpal_range){ base, base + 3 * PAGE });
		add_reserved(draft, (struct gpal_range){ base + PAGE, base + 2 * PAGE });
		break;
	case RESERVED_ALMOST_ALL:
		add_reserved(draft,
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
		add_reserved(draft, (struct gpal_range){ 7 * TIB, 7 * TIB + PAGE });
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
		/* Of the other architecture, one twice, and one that there is not. */
		request->host_holes = holes;
		request->host_hole_count = random_between(random, 2, COUNT(holes));
		break;
	case HOLE_NAME_TWICE:
		request->host_holes = request->arch == GPAL_ARCH_X86_64 ? &holes[0] : &holes[1];
		request->host_hole_count = 1;
		add_reserved(draft, (struct gpal_range){ 6 * TIB, 6 * TIB + PAGE });
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

static void spoil(struct draft *draft, enum fault fault)
{
	/* Each looks only at the faults that are its own. */
	spoil_root_complex(draft, fault);
	spoil_reserved(draft, fault);
	spoil_rest(draft, fault);
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

	request->arch = (enum gpal_arch)random_below(random, GPAL_ARCH_COUNT);
	choice = random_below(random, policies + 1);
	request->policy = choice < policies ? &policy[choice] : NULL;
	request->profile = (enum gpal_profile)random_below(random, GPAL_PROFILE_COUNT);
	request->ecam = (enum gpal_ecam)random_below(random, GPAL_ECAM_COUNT);
	draw_memory(&draft);
	draw_chipset(&draft);
	draw_root_complexes(&draft);
	if (random_once_in(random, 3)) {
		static const uint32_t slots[] = { 1, 3, 32, 100, 101, 128, 4096 };

		request->virtio_mmio_slots = slots[random_below(random, COUNT(slots))];
	}
	draw_vtl2(&draft);
	draw_reserved(&draft);
	if (random_once_in(random, 3))
		request->host_physical_address_bits = widths[random_below(random, COUNT(widths))];
	if (random_once_in(random, 4)) {
		request->host_holes = request->arch == GPAL_ARCH_X86_64 ? &holes[0] : &holes[1];
		request->host_hole_count = 1;
	}

	if (random_once_in(random, 3))
		spoil(&draft, (enum fault)random_below(random, FAULTS));
	if (random_once_in(random, 12))
		spoil(&draft, (enum fault)random_below(random, FIRST_PIN_FAULT));
	return draft.drawn;
}
