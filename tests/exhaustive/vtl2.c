/* SPDX-License-Identifier: MIT */
/*
 * Compares VTL2 on and off. For every VM of a small catalogue, and every combination of the listed
 * sizes of VTL2's chipset MMIO, memory and framebuffer, all ranges of VTL0 are where they are
 * without VTL2. No case has an alias map.
 */
#include "config.h"

#include "exhaustive.h"

#include <gpalayout/gpalayout.h>
#include <stdio.h>
#include <string.h>

#define GIB (UINT64_C(1) << 30)
#define MIB (UINT64_C(1) << 20)
#define POLICIES 3 /* the first ones, released with 0.1.0 */
#define LENGTH(list) (sizeof(list) / sizeof((list)[0]))

/* The catalogue. */

static const uint64_t nodes_small[] = { GIB };
static const uint64_t nodes_odd[] = { 3 * GIB + 8192, 0, 40 * MIB };
static const uint64_t nodes_large[] = { 4 * GIB, 6 * GIB };
static const struct {
	const uint64_t *sizes;
	size_t count;
} nodes[] = {
	{ nodes_small, LENGTH(nodes_small) },
	{ nodes_odd, LENGTH(nodes_odd) },
	{ nodes_large, LENGTH(nodes_large) },
};

static const struct gpal_root_complex root_complexes[] = {
	{ .name = "rc0", .has_buses = true, .end_bus = 127, .iommu = GPAL_IOMMU_NONE },
	{ .name = "rc1",
	  .has_buses = true,
	  .start_bus = 128,
	  .end_bus = 255,
	  .has_cxl = true,
	  .cxl_hdm = GIB },
	{ .name = "rc2",
	  .segment = 1,
	  .has_buses = true,
	  .end_bus = 7,
	  .low_mmio = { .kind = GPAL_WINDOW_SIZE, .size = 6 * MIB },
	  .high_mmio = { .kind = GPAL_WINDOW_PINNED, .range = { 64 * GIB, 65 * GIB } } },
};

static const struct gpal_named_range reserved[] = {
	{ "hole", { 2 * GIB, 2 * GIB + 4096 } },
	{ "far", { 80 * GIB, 90 * GIB } },
};

static const struct gpal_optional chipsets[] = {
	{ false, 0 },
	{ true, 0 },
	{ true, 6 * MIB },
	{ true, GIB },
};

static const struct {
	bool is_there;
	uint64_t size;
	uint64_t alignment;
} memories[] = {
	{ false, 0, 0 },
	{ true, 512 * MIB, 2 * MIB },
	{ true, 3 * GIB, GIB },
};

static const uint64_t framebuffers[] = { 0, 8 * MIB };

static bool is_of_vtl0(const struct gpal_map_entry *entry)
{
	/* Reserved ranges belong to VTL0, too, but the map omits those above the top. */
	return entry->kind != GPAL_KIND_POST_MMIO && entry->kind != GPAL_KIND_RESERVED;
}

/* Returns the next entry of VTL0 from *at on, or NULL if there is none. */
static const struct gpal_map_entry *next_of_vtl0(const struct gpal_map *map, size_t *at)
{
	while (*at < map->count && !is_of_vtl0(&map->entries[*at]))
		++*at;
	return *at < map->count ? &map->entries[(*at)++] : NULL;
}

static bool same_vtl0(const struct gpal_layout *off, const struct gpal_layout *on)
{
	const struct gpal_map_entry *a, *b;
	size_t at_off = 0, at_on = 0;

	do {
		a = next_of_vtl0(&off->map, &at_off);
		b = next_of_vtl0(&on->map, &at_on);
		if (!a != !b ||
		    (a && (strcmp(a->tag, b->tag) != 0 || a->kind != b->kind ||
			   a->range.start != b->range.start || a->range.end != b->range.end)))
			return false;
	} while (a);
	if (off->segment_count != on->segment_count ||
	    off->root_complex_count != on->root_complex_count)
		return false;
	for (size_t i = 0; i < off->segment_count; i++)
		if (off->segments[i].bus0_base != on->segments[i].bus0_base)
			return false;
	for (size_t i = 0; i < off->root_complex_count; i++)
		if (off->root_complexes[i].ecam.start != on->root_complexes[i].ecam.start ||
		    off->root_complexes[i].ecam.end != on->root_complexes[i].ecam.end)
			return false;
	return off->virtio_mmio.start == on->virtio_mmio.start &&
	       off->virtio_mmio.end == on->virtio_mmio.end;
}

static void check_case(const struct gpal_request *request, const struct gpal_layout *off,
		       int off_code)
{
	struct gpal_layout *on = NULL;
	const int code = gpal_resolve(request, &on, NULL);

	if (code != off_code)
		differ("code %d with VTL2, %d without", code, off_code);
	else if (code == GPAL_OK && !same_vtl0(off, on))
		differ("VTL2 moves a range: profile %d of architecture %d, %zu nodes, %zu root "
		       "complexes",
		       (int)request->profile, (int)request->arch, request->node_count,
		       request->root_complex_count);
	gpal_layout_free(on);
}

/* Checks one VM, with everything that VTL2 may have. */
static uint64_t check_vm(struct gpal_request request)
{
	struct gpal_layout *off = NULL;
	uint64_t cases = 0;
	int code;

	request.vtl2_chipset_mmio = (struct gpal_optional){ true, 0 };
	code = gpal_resolve(&request, &off, NULL);
	for (size_t c = 0; c < LENGTH(chipsets); c++)
		for (size_t m = 0; m < LENGTH(memories); m++)
			for (size_t f = 0; f < LENGTH(framebuffers); f++) {
				request.vtl2_chipset_mmio = chipsets[c];
				request.has_vtl2_memory = memories[m].is_there;
				request.vtl2_memory_size = memories[m].size;
				request.vtl2_memory_alignment = memories[m].alignment;
				request.vtl2_framebuffer = framebuffers[f];
				check_case(&request, off, code);
				cases++;
			}
	gpal_layout_free(off);
	return cases;
}

/* Checks all VMs of a platform: an architecture, a policy and a profile. */
static uint64_t check_platform(struct gpal_request request)
{
	uint64_t cases = 0;

	for (size_t n = 0; n < LENGTH(nodes); n++)
		for (size_t rcs = 0; rcs <= LENGTH(root_complexes); rcs++)
			for (uint32_t slots = 0; slots <= 4; slots += 4)
				for (size_t r = 0; r <= LENGTH(reserved); r++)
					for (int ecam = 0; ecam < GPAL_ECAM_COUNT; ecam++) {
						request.nodes = nodes[n].sizes;
						request.node_count = nodes[n].count;
						request.root_complexes = root_complexes;
						request.root_complex_count = rcs;
						request.virtio_mmio_slots = slots;
						request.reserved = reserved;
						request.reserved_count = r;
						request.ecam = (enum gpal_ecam)ecam;
						cases += check_vm(request);
					}
	return cases;
}

static uint64_t vtl2_on_and_off(struct share *share)
{
	size_t policies;
	const struct gpal_policy *policy = gpal_policies(&policies);
	struct gpal_request request = { 0 };
	uint64_t cases = 0;

	for (size_t p = 0; p < POLICIES && p < policies; p++)
		for (int arch = 0; arch < GPAL_ARCH_COUNT; arch++)
			for (int profile = 0; profile < GPAL_PROFILE_COUNT; profile++) {
				if (!share_takes(share))
					continue;
				request.policy = &policy[p];
				request.arch = (enum gpal_arch)arch;
				request.profile = (enum gpal_profile)profile;
				cases += check_platform(request);
			}
	return cases;
}

int main(int argc, char **argv)
{
	static const struct space spaces[] = {
		{ "VTL2 on and off", vtl2_on_and_off, 155520, 0 },
	};

	return exhaustive_main(argc, argv, spaces, sizeof(spaces) / sizeof(spaces[0]));
}
