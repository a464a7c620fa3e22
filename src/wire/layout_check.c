/* SPDX-License-Identifier: MIT */
/*
 * A layout in full says most things twice: in its map, and in the members that say
 * whose each range is. One that was changed by hand, or cut, or put together out of
 * two, is found by holding the one against the other.
 */
#include "config.h"

#include "wire/layout_decode.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ECAM_BYTES_PER_BUS UINT64_C(0x100000)

struct check {
	const struct gpal_layout *layout;
	struct gpald_layout_fault *fault;
	bool *is_claimed; /* for each entry of the map, whether a part is it */
	size_t found;     /* how many are */
};

/* Always false. */
__attribute__((format(printf, 3, 4))) static bool fail(struct check *c, const char *pointer,
						       const char *format, ...)
{
	va_list args;

	snprintf(c->fault->pointer, sizeof(c->fault->pointer), "%s", pointer);
	va_start(args, format);
	vsnprintf(c->fault->message, sizeof(c->fault->message), format, args);
	va_end(args);
	return false;
}

static bool check_map(struct check *c)
{
	const struct gpal_map *map = &c->layout->map;
	uint64_t end = 0;

	if (map->count == 0)
		return fail(c, "/map", "a layout has ranges");
	for (size_t i = 0; i < map->count; i++) {
		const struct gpal_range range = map->entries[i].range;
		char pointer[64];

		snprintf(pointer, sizeof(pointer), "/map/%zu", i);
		if (range.start % GPAL_PAGE_SIZE || range.end % GPAL_PAGE_SIZE ||
		    range.start >= range.end || range.end > GPAL_SPACE_END)
			return fail(c, pointer,
				    "0x%" PRIx64 "-0x%" PRIx64
				    " is not a range of whole pages in the address space",
				    range.start, range.end);
		if (range.start < end)
			return fail(c, pointer, "the map is not ascending, or ranges overlap");
		end = range.end;
	}
	return true;
}

static bool check_digest(struct check *c, const char *digest)
{
	char expected[GPAL_DIGEST_SIZE];

	gpal_layout_digest(c->layout, expected);
	return strcmp(digest, expected) == 0 ||
	       fail(c, "/digest", "the map has the digest %s: one of the two was changed",
		    expected);
}

#define IS(kind) (1u << GPAL_KIND_##kind)

/* A part is a range of the map, of one of these kinds, and no other part is the same. */
static bool check_part(struct check *c, struct gpal_range range, const char *tag,
		       unsigned int kinds, const char *pointer)
{
	const struct gpal_map *map = &c->layout->map;
	const size_t at = gpal_map_find(map, range.start);
	const struct gpal_map_entry *entry = &map->entries[at];

	if (at == map->count || entry->range.start != range.start ||
	    entry->range.end != range.end || !(kinds & 1u << entry->kind) ||
	    strcmp(entry->tag, tag) != 0)
		return fail(c, pointer, "the map has no such range %s at 0x%" PRIx64 "-0x%" PRIx64,
			    tag, range.start, range.end);
	if (c->is_claimed[at])
		return fail(c, pointer, "another member is the same range %s", tag);
	c->is_claimed[at] = true;
	c->found++;
	return true;
}

static bool check_part_if(struct check *c, struct gpal_range range, const char *tag,
			  unsigned int kinds, const char *pointer)
{
	return (range.start == 0 && range.end == 0) || check_part(c, range, tag, kinds, pointer);
}

static bool check_ram(struct check *c)
{
	for (size_t i = 0; i < c->layout->ram_count; i++) {
		const struct gpal_ram_extent *extent = &c->layout->ram[i];
		char tag[32], pointer[64];

		snprintf(tag, sizeof(tag), "ram%" PRIu32, extent->node);
		snprintf(pointer, sizeof(pointer), "/ram/%zu", i);
		if (i > 0 && extent->range.start < extent[-1].range.start)
			return fail(c, pointer, "RAM is not ascending by address");
		if (!check_part(c, extent->range, tag, IS(RAM), pointer))
			return false;
	}
	return true;
}

static const struct gpal_layout_segment *find_segment(const struct gpal_layout *layout,
						      uint16_t number)
{
	size_t low = 0, high = layout->segment_count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (layout->segments[middle].segment < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < layout->segment_count && layout->segments[low].segment == number ?
		       &layout->segments[low] :
		       NULL;
}

/* Whether a piece of configuration space is that of its buses. */
static bool is_ecam_of(struct gpal_range ecam, uint64_t bus0_base, uint8_t start_bus,
		       uint8_t end_bus)
{
	return start_bus <= end_bus && ecam.start - bus0_base == start_bus * ECAM_BYTES_PER_BUS &&
	       ecam.end - bus0_base == (end_bus + 1u) * ECAM_BYTES_PER_BUS;
}

static bool check_segments(struct check *c)
{
	for (size_t i = 0; i < c->layout->segment_count; i++) {
		const struct gpal_layout_segment *segment = &c->layout->segments[i];
		char tag[32], pointer[64];

		snprintf(tag, sizeof(tag), "pcie-seg%u-ecam", (unsigned int)segment->segment);
		snprintf(pointer, sizeof(pointer), "/pcie/segments/%zu", i);
		if (i > 0 && segment[-1].segment >= segment->segment)
			return fail(c, pointer, "segments are not ascending by number");
		if (!is_ecam_of(segment->ecam, segment->bus0_base, segment->start_bus,
				segment->end_bus))
			return fail(c, pointer, "ecam is not 1 MiB for each bus from bus0_base on");
		if (!check_part(c, segment->ecam, tag, IS(MMIO32) | IS(MMIO64), pointer))
			return false;
	}
	return true;
}

static bool check_root_complex(struct check *c, size_t index)
{
	const struct gpal_layout_root_complex *rc = &c->layout->root_complexes[index];
	const struct gpal_layout_segment *segment = find_segment(c->layout, rc->segment);
	const struct {
		const char *member;
		const char *tag;
		struct gpal_range range;
		unsigned int kinds;
		bool there;
	} windows[] = {
		{ "low_mmio", "low-mmio", rc->low_mmio, IS(MMIO32) | IS(FIXED), true },
		{ "high_mmio", "high-mmio", rc->high_mmio, IS(MMIO64) | IS(FIXED), true },
		{ "cxl/hdm", "cxl-hdm", rc->cxl_hdm, IS(MMIO64), rc->has_cxl },
		{ "cxl/chbcr", "cxl-chbcr", rc->cxl_chbcr, IS(MMIO64), rc->has_cxl },
	};
	char tag[128], pointer[64];

	snprintf(pointer, sizeof(pointer), "/pcie/root_complexes/%zu/ecam", index);
	if (!segment || rc->start_bus < segment->start_bus || rc->end_bus > segment->end_bus ||
	    !is_ecam_of(rc->ecam, segment->bus0_base, rc->start_bus, rc->end_bus))
		return fail(c, pointer, "it is not where its segment has these buses");
	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		snprintf(tag, sizeof(tag), "pcie-%s-%s", rc->name, windows[i].tag);
		snprintf(pointer, sizeof(pointer), "/pcie/root_complexes/%zu/%s", index,
			 windows[i].member);
		if (windows[i].there &&
		    !check_part(c, windows[i].range, tag, windows[i].kinds, pointer))
			return false;
	}
	return true;
}

static bool check_root_complexes(struct check *c)
{
	for (size_t i = 0; i < c->layout->root_complex_count; i++)
		if (!check_root_complex(c, i))
			return false;
	return true;
}

static bool check_iommus(struct check *c)
{
	static const char *const stems[GPAL_IOMMU_COUNT] = {
		[GPAL_IOMMU_SMMUV3] = "smmu",
		[GPAL_IOMMU_AMD_VI] = "amd-iommu",
		[GPAL_IOMMU_INTEL_VTD] = "intel-vtd",
	};
	static const enum gpal_arch archs[GPAL_IOMMU_COUNT] = {
		[GPAL_IOMMU_SMMUV3] = GPAL_ARCH_AARCH64,
		[GPAL_IOMMU_AMD_VI] = GPAL_ARCH_X86_64,
		[GPAL_IOMMU_INTEL_VTD] = GPAL_ARCH_X86_64,
	};
	const struct gpal_layout *layout = c->layout;
	size_t rc = 0;

	if (layout->iommu != GPAL_IOMMU_NONE && archs[layout->iommu] != layout->arch)
		return fail(c, "/iommu/kind", "%s does not exist on %s",
			    gpal_iommu_name(layout->iommu), gpal_arch_name(layout->arch));

	for (size_t i = 0; i < layout->iommu_count; i++) {
		const struct gpal_layout_iommu *iommu = &layout->iommus[i];
		char tag[64], pointer[64];

		/* IOMMUs are in the order of their root complexes. */
		while (rc < layout->root_complex_count &&
		       strcmp(layout->root_complexes[rc].name, iommu->root_complex) != 0)
			rc++;

		snprintf(tag, sizeof(tag), "%s-%zu", stems[layout->iommu], i);
		snprintf(pointer, sizeof(pointer), "/iommu/instances/%zu", i);
		if (rc++ >= layout->root_complex_count)
			return fail(c, pointer, "no root complex %s is there for it, in this order",
				    iommu->root_complex);
		if (!check_part(c, iommu->range, tag, IS(MMIO32), pointer))
			return false;
	}
	return true;
}

/* Each range of the map is one part's, so as many were found as there are. */
static bool check_count(struct check *c)
{
	size_t count = 0;

	for (size_t i = 0; i < c->layout->map.count; i++)
		count += c->layout->map.entries[i].kind != GPAL_KIND_RESERVED;
	return c->found == count ||
	       fail(c, "/map", "it has %zu ranges that are not reserved, the other members %zu",
		    count, c->found);
}

static void raise(uint64_t *highest, struct gpal_range range)
{
	if (range.end > *highest)
		*highest = range.end;
}

/* The numbers that follow from the ranges. */
static bool check_measures(struct check *c)
{
	const struct gpal_layout *layout = c->layout;
	const uint64_t top = layout->map.entries[layout->map.count - 1].range.end;
	const unsigned int bits = 64 - (unsigned int)__builtin_clzll((unsigned long long)(top - 1));
	uint64_t ram_size = 0, end_of_ram = 0, end;

	for (size_t i = 0; i < layout->ram_count; i++) {
		ram_size += gpal_range_size(layout->ram[i].range);
		raise(&end_of_ram, layout->ram[i].range);
	}
	end = end_of_ram;
	raise(&end, layout->chipset_low_mmio);
	raise(&end, layout->chipset_high_mmio);
	raise(&end, layout->vtl2_chipset_mmio);
	for (size_t i = 0; i < layout->root_complex_count; i++) {
		raise(&end, layout->root_complexes[i].ecam);
		raise(&end, layout->root_complexes[i].low_mmio);
		raise(&end, layout->root_complexes[i].high_mmio);
	}
	if (layout->ram_size != ram_size)
		return fail(c, "/ram_size", "the RAM has 0x%" PRIx64 " bytes", ram_size);
	if (layout->end_of_ram != end_of_ram)
		return fail(c, "/end_of_ram", "the RAM ends at 0x%" PRIx64, end_of_ram);
	if (layout->end_of_layout != end)
		return fail(c, "/end_of_layout", "its ranges end at 0x%" PRIx64, end);
	if (layout->top != top)
		return fail(c, "/top", "the map ends at 0x%" PRIx64, top);
	return layout->required_address_bits == bits ||
	       fail(c, "/required_address_bits", "the map needs %u", bits);
}

bool gpald_check_layout(const struct gpal_layout *layout, const char *digest, bool *is_claimed,
			struct gpald_layout_fault *fault)
{
	struct check c = { .layout = layout, .fault = fault, .is_claimed = is_claimed };

	return check_map(&c) && check_digest(&c, digest) && check_ram(&c) &&
	       check_part(&c, layout->chipset_low_mmio, "chipset-low-mmio", IS(FIXED),
			  "/chipset/low_mmio") &&
	       check_part_if(&c, layout->chipset_high_mmio, "chipset-high-mmio", IS(MMIO64),
			     "/chipset/high_mmio") &&
	       check_segments(&c) && check_root_complexes(&c) &&
	       check_part_if(&c, layout->virtio_mmio, "virtio-mmio", IS(MMIO32), "/virtio_mmio") &&
	       check_iommus(&c) &&
	       check_part_if(&c, layout->vtl2_chipset_mmio, "vtl2-chipset-mmio", IS(POST_MMIO),
			     "/vtl2/chipset_mmio") &&
	       check_part_if(&c, layout->vtl2_memory, "vtl2", IS(POST_MMIO), "/vtl2/memory") &&
	       check_part_if(&c, layout->vtl2_framebuffer, "vtl2-framebuffer", IS(POST_MMIO),
			     "/vtl2/framebuffer") &&
	       check_count(&c) && check_measures(&c);
}
