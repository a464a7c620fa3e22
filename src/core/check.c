/* SPDX-License-Identifier: MIT */
/*
 * Compares the members of a layout with its map. roles.c has the tag and the kinds of each member,
 * and measures.c computes the sizes and ends; the resolver uses both, too.
 */
#include "config.h"

#include "core/cxl.h"
#include "core/error.h"
#include "core/measures.h"
#include "core/request_checks.h"
#include "core/roles.h"
#include "core/size_text.h"

#include <gpalayout/check.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct checking {
	const struct gpal_layout *layout;
	struct gpal_check *check;
	bool *is_claimed;            /* for each entry of the map: a member has its range */
	size_t found;                /* number of claimed entries */
	struct gpald_named *by_name; /* root complexes, sorted by name */
};

/* A JSON pointer to a member of the layout or, if `list` is not NULL, of an element of the list. */
struct path {
	const char *list;
	size_t index;
	const char *member;
};

static struct path element_path(const char *list, size_t index)
{
	return (struct path){ list, index, "" };
}

static struct path member_path(const char *name)
{
	return (struct path){ NULL, 0, name };
}

/* Fills in the fault. Always returns false. */
__attribute__((format(printf, 3, 4))) static bool set_fault(struct checking *c, struct path path,
							    const char *format, ...)
{
	struct gpal_check *check = c->check;
	va_list args;

	if (path.list)
		snprintf(check->pointer, sizeof(check->pointer), "%s/%zu%s", path.list, path.index,
			 path.member);
	else
		snprintf(check->pointer, sizeof(check->pointer), "%s", path.member);
	va_start(args, format);
	vsnprintf(check->message, sizeof(check->message), format, args);
	va_end(args);
	return false;
}

static bool check_map(struct checking *c)
{
	const struct gpal_map *map = &c->layout->map;
	uint64_t end = 0;

	if (map->count == 0)
		return set_fault(c, member_path("/map"),
				 "the map is empty; it must have at least one range");
	for (size_t i = 0; i < map->count; i++) {
		const struct gpal_map_entry *entry = &map->entries[i];
		const struct gpal_range range = entry->range;

		if ((range.start | range.end) % GPAL_PAGE_SIZE != 0 || range.start >= range.end ||
		    range.end > GPAL_SPACE_END)
			return set_fault(c, element_path("/map", i),
					 "0x%" PRIx64 "-0x%" PRIx64
					 " is not a range of whole pages in the address space",
					 range.start, range.end);
		if (range.start < end)
			return set_fault(c, element_path("/map", i),
					 "it starts below the end of the range before it");
		if (!gpal_kind_name(entry->kind))
			return set_fault(c, element_path("/map", i), "%d is not a kind of range",
					 (int)entry->kind);
		end = range.end;
	}
	return true;
}

static bool check_digest(struct checking *c, const char *digest)
{
	char expected[GPAL_DIGEST_SIZE];

	if (!gpal_arch_name(c->layout->arch))
		return set_fault(c, member_path("/arch"), "%d is not an architecture",
				 (int)c->layout->arch);
	if (!digest)
		return true;
	gpal_layout_digest(c->layout, expected);
	return strcmp(digest, expected) == 0 ||
	       set_fault(c, member_path("/digest"),
			 "the map has the digest %s; the map, the architecture or the digest was "
			 "changed",
			 expected);
}

/*
 * Checks that a member is a range of the map, with the tag and a kind of its role, and that no
 * other member is the same range.
 */
static bool check_member_range(struct checking *c, enum gpald_role role, const void *owner,
			       size_t index, const char *name)
{
	const struct gpald_role_row *row = &gpald_roles[role];
	const struct gpal_range range =
		*(const struct gpal_range *)((const char *)owner + row->offset);
	const struct path path = { row->list, index, row->member };
	const struct gpal_map *map = &c->layout->map;
	const size_t at = gpal_map_find(map, range.start);
	const struct gpal_map_entry *entry = &map->entries[at];

	if (at == map->count || entry->range.start != range.start ||
	    entry->range.end != range.end || !(row->kinds & 1u << entry->kind) ||
	    !gpald_role_has_tag(role, name, entry->tag))
		return set_fault(c, path,
				 "the map has no range %s%s%s at 0x%" PRIx64 "-0x%" PRIx64
				 " of an allowed kind",
				 row->prefix, name, row->suffix, range.start, range.end);
	if (c->is_claimed[at])
		return set_fault(c, path, "another member has the same range, %s", entry->tag);
	c->is_claimed[at] = true;
	c->found++;
	return true;
}

static bool check_numbered_range(struct checking *c, enum gpald_role role, const void *owner,
				 size_t index, uint64_t number)
{
	char buffer[GPALD_DECIMAL_SIZE];

	return check_member_range(c, role, owner, index, gpald_decimal(number, buffer));
}

/* Does the same as check_member_range() for a member that may be absent. */
static bool check_optional_range(struct checking *c, enum gpald_role role, const void *owner,
				 size_t index, const char *name)
{
	const struct gpal_range *range =
		(const struct gpal_range *)((const char *)owner + gpald_roles[role].offset);

	return (range->start == 0 && range->end == 0) ||
	       check_member_range(c, role, owner, index, name);
}

/* Does the same as check_optional_range() for a member of the layout itself. */
static bool check_layout_range(struct checking *c, enum gpald_role role)
{
	return check_optional_range(c, role, c->layout, 0, "");
}

static bool check_ram(struct checking *c)
{
	for (size_t i = 0; i < c->layout->ram_count; i++) {
		const struct gpal_ram_extent *extent = &c->layout->ram[i];

		if (i > 0 && extent->range.start < extent[-1].range.start)
			return set_fault(c, element_path("/ram", i),
					 "the ranges of RAM must ascend by address");
		if (!check_numbered_range(c, GPALD_ROLE_RAM, extent, i, extent->node))
			return false;
	}
	return true;
}

static bool check_chipset(struct checking *c)
{
	return check_member_range(c, GPALD_ROLE_CHIPSET_LOW_MMIO, c->layout, 0, "") &&
	       check_layout_range(c, GPALD_ROLE_CHIPSET_HIGH_MMIO);
}

/* Returns true if an ECAM is that of these buses. */
static bool is_ecam_of(struct gpal_range ecam, uint64_t bus0_base, uint8_t start_bus,
		       uint8_t end_bus)
{
	const struct gpal_range expected = gpald_ecam_range(bus0_base, start_bus, end_bus);

	return start_bus <= end_bus && ecam.start == expected.start && ecam.end == expected.end;
}

static bool check_segments(struct checking *c)
{
	for (size_t i = 0; i < c->layout->segment_count; i++) {
		const struct gpal_layout_segment *segment = &c->layout->segments[i];
		const struct path path = element_path(gpald_roles[GPALD_ROLE_ECAM].list, i);

		if (i > 0 && segment[-1].segment >= segment->segment)
			return set_fault(c, path, "segments must ascend by number");
		if (!is_ecam_of(segment->ecam, segment->bus0_base, segment->start_bus,
				segment->end_bus))
			return set_fault(
				c, path,
				"ecam must have 1 MiB for each bus, counted from bus0_base");
		if (!check_numbered_range(c, GPALD_ROLE_ECAM, segment, i, segment->segment))
			return false;
	}
	return true;
}

/* Returns the segment with this number; NULL: there is none. */
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

static bool check_root_complex_names(struct checking *c)
{
	const size_t count = c->layout->root_complex_count;

	for (size_t i = 0; i < count; i++)
		c->by_name[i] = (struct gpald_named){ c->layout->root_complexes[i].name, i };
	qsort(c->by_name, count, sizeof(*c->by_name), gpald_compare_named);
	for (size_t i = 1; i < count; i++)
		if (strcmp(c->by_name[i - 1].name, c->by_name[i].name) == 0)
			return set_fault(c,
					 (struct path){ gpald_roles[GPALD_ROLE_BUSES].list,
							c->by_name[i].index, "/name" },
					 "root complex %zu has the same name",
					 c->by_name[i - 1].index);
	return true;
}

static bool check_root_complexes(struct checking *c)
{
	const struct gpald_role_row *buses = &gpald_roles[GPALD_ROLE_BUSES];

	for (size_t i = 0; i < c->layout->root_complex_count; i++) {
		const struct gpal_layout_root_complex *rc = &c->layout->root_complexes[i];
		const struct gpal_layout_segment *segment = find_segment(c->layout, rc->segment);

		if (!segment || rc->start_bus < segment->start_bus ||
		    rc->end_bus > segment->end_bus ||
		    !is_ecam_of(rc->ecam, segment->bus0_base, rc->start_bus, rc->end_bus))
			return set_fault(
				c, (struct path){ buses->list, i, buses->member },
				"no segment with this number has these buses at this address");
		if (!check_optional_range(c, GPALD_ROLE_LOW_MMIO, rc, i, rc->name) ||
		    !check_optional_range(c, GPALD_ROLE_HIGH_MMIO, rc, i, rc->name))
			return false;
		if (rc->has_cxl && (!check_optional_range(c, GPALD_ROLE_CXL_HDM, rc, i, rc->name) ||
				    !check_member_range(c, GPALD_ROLE_CXL_CHBCR, rc, i, rc->name)))
			return false;
	}
	return true;
}

static bool check_hotplug_rooms(struct checking *c)
{
	for (size_t i = 0; i < c->layout->hotplug_room_count; i++)
		if (!check_numbered_range(c, GPALD_ROLE_HOTPLUG, &c->layout->hotplug_rooms[i], i,
					  i))
			return false;
	return true;
}

static bool has_cxl(const struct checking *c, const char *name)
{
	const struct gpald_named *found =
		gpald_find_named(c->by_name, c->layout->root_complex_count, name);

	return found && c->layout->root_complexes[found->index].has_cxl;
}

static bool has_earlier_window_of_name(const struct gpal_layout *layout, size_t index)
{
	size_t at = 0;

	while (strcmp(layout->cxl_windows[at].name, layout->cxl_windows[index].name) != 0)
		at++;
	return at < index;
}

static bool check_cxl_windows(struct checking *c)
{
	for (size_t i = 0; i < c->layout->cxl_window_count; i++) {
		const struct gpal_layout_cxl_window *window = &c->layout->cxl_windows[i];
		const struct path path = element_path(gpald_roles[GPALD_ROLE_CXL_WINDOW].list, i);

		if (has_earlier_window_of_name(c->layout, i))
			return set_fault(c, path, "another CXL window has the name %s",
					 window->name);
		if (!gpald_cxl_allows_ways(window->target_count) ||
		    gpald_cxl_find_duplicate_target(window->targets, window->target_count) <
			    window->target_count)
			return set_fault(
				c, path,
				"it must have 1, 2, 3, 4, 6, 8, 12 or 16 targets, each once");
		if (!gpald_cxl_allows_granularity(window->granularity))
			return set_fault(c, path,
					 "a granularity of %" PRIu32
					 " bytes is not a power of two from 256 to 16384",
					 window->granularity);
		for (size_t j = 0; j < window->target_count; j++)
			if (!has_cxl(c, window->targets[j]))
				return set_fault(c, path, "there is no root complex %s with CXL",
						 window->targets[j]);
		if (!check_member_range(c, GPALD_ROLE_CXL_WINDOW, window, i, window->name))
			return false;
	}
	return true;
}

static bool check_iommus(struct checking *c)
{
	const struct gpal_layout *layout = c->layout;
	const struct gpald_iommu_row *row;
	size_t rc = 0;

	if (layout->iommu == GPAL_IOMMU_NONE && layout->iommu_count == 0)
		return true;
	if (!gpal_iommu_name(layout->iommu))
		return set_fault(c, member_path("/iommu/kind"), "%d is not a kind of IOMMU",
				 (int)layout->iommu);
	row = &gpald_iommu_rows[layout->iommu];
	if (row->arch != layout->arch)
		return set_fault(c, member_path("/iommu/kind"), "%s does not exist on %s",
				 gpal_iommu_name(layout->iommu), gpal_arch_name(layout->arch));
	for (size_t i = 0; i < layout->iommu_count; i++) {
		const struct gpal_layout_iommu *iommu = &layout->iommus[i];

		/* IOMMUs are in the order of their root complexes. */
		while (rc < layout->root_complex_count &&
		       strcmp(layout->root_complexes[rc].name, iommu->root_complex) != 0)
			rc++;
		if (rc++ >= layout->root_complex_count)
			return set_fault(
				c, element_path(gpald_roles[row->role].list, i),
				"there is no root complex %s, or IOMMUs are not in the order of "
				"root complexes",
				iommu->root_complex);
		if (!check_numbered_range(c, row->role, iommu, i, i))
			return false;
	}
	return true;
}

static bool check_vtl2(struct checking *c)
{
	return check_layout_range(c, GPALD_ROLE_VTL2_CHIPSET_MMIO) &&
	       check_layout_range(c, GPALD_ROLE_VTL2_MEMORY) &&
	       check_layout_range(c, GPALD_ROLE_VTL2_FRAMEBUFFER);
}

/*
 * Checks that each range of the map is a member, unless it is reserved. The counts show it, because
 * no two members have the same range.
 */
static bool check_every_range_is_member(struct checking *c)
{
	size_t count = 0;

	for (size_t i = 0; i < c->layout->map.count; i++)
		count += c->layout->map.entries[i].kind != GPAL_KIND_RESERVED;
	return c->found == count ||
	       set_fault(c, member_path("/map"),
			 "the map has %zu ranges that are not reserved, but the other members "
			 "have %zu",
			 count, c->found);
}

static bool check_measures(struct checking *c)
{
	const struct gpal_layout *layout = c->layout;
	const struct gpald_measures measures = gpald_measure_layout(layout);

	if (layout->ram_size != measures.ram_size)
		return set_fault(c, member_path("/ram_size"), "the RAM has %s",
				 gpald_exact_size_text(measures.ram_size).text);
	if (layout->end_of_ram != measures.end_of_ram)
		return set_fault(c, member_path("/end_of_ram"), "the RAM ends at 0x%" PRIx64,
				 measures.end_of_ram);
	if (layout->end_of_layout != measures.end_of_layout)
		return set_fault(
			c, member_path("/end_of_layout"),
			"RAM, rooms, chipset and VTL2 chipset MMIO, PCIe windows and ECAM end "
			"at 0x%" PRIx64,
			measures.end_of_layout);
	if (layout->top != measures.top)
		return set_fault(c, member_path("/top"), "the map ends at 0x%" PRIx64,
				 measures.top);
	return layout->required_address_bits == measures.required_address_bits ||
	       set_fault(c, member_path("/required_address_bits"), "the map needs %u address bits",
			 measures.required_address_bits);
}

static bool check_slots(struct checking *c)
{
	return gpal_range_size(c->layout->virtio_mmio) ==
		       c->layout->virtio_mmio_slots * GPAL_VIRTIO_MMIO_SLOT_SIZE ||
	       set_fault(c, member_path(gpald_roles[GPALD_ROLE_VIRTIO_MMIO].member),
			 "the range must have 4096 bytes for each slot");
}

int gpal_layout_check(const struct gpal_layout *layout, const char *digest,
		      struct gpal_check *check, struct gpal_error *error)
{
	struct checking c = { .layout = layout, .check = check };

	/* Each list has one element more, because calloc() may return NULL for a size of 0. */
	c.is_claimed = calloc(layout->map.count + 1, sizeof(*c.is_claimed));
	c.by_name = calloc(layout->root_complex_count + 1, sizeof(*c.by_name));
	if (!c.is_claimed || !c.by_name) {
		free(c.is_claimed);
		free(c.by_name);
		return gpald_fail_plain(error, GPAL_E_NO_MEMORY);
	}
	*check = (struct gpal_check){ .pointer = "" };
	check->agrees = check_map(&c) && check_digest(&c, digest) && check_ram(&c) &&
			check_chipset(&c) && check_segments(&c) && check_root_complex_names(&c) &&
			check_root_complexes(&c) && check_hotplug_rooms(&c) &&
			check_cxl_windows(&c) && check_layout_range(&c, GPALD_ROLE_VIRTIO_MMIO) &&
			check_iommus(&c) && check_vtl2(&c) && check_every_range_is_member(&c) &&
			check_measures(&c) && check_slots(&c);
	free(c.is_claimed);
	free(c.by_name);
	return GPAL_OK;
}
