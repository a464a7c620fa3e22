/* SPDX-License-Identifier: MIT */
/*
 * From a layout to rows. Ranges become runs only if there are too many to show each:
 * the levels below go from the runs that hide least to those that always suffice.
 */
#include "config.h"

#include "gpalayoutctl/map/rows.h"

#include "gpalayoutctl/map/cells.h"
#include "gpalayoutctl/map/number_text.h"
#include "gpalayoutctl/message.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 32
#define SHORTEST_RUN 4
#define RUNS_OF_A_SIDE 14 /* at the last level, below 4 GiB and above */
#define LAST_LEVEL 5

static const enum ctl_paint paints[CTL_ROLE_COUNT] = {
	[CTL_ROLE_OTHER] = CTL_PAINT_OTHER,         [CTL_ROLE_RAM] = CTL_PAINT_RAM,
	[CTL_ROLE_CHIPSET_LOW] = CTL_PAINT_CHIPSET, [CTL_ROLE_CHIPSET_HIGH] = CTL_PAINT_CHIPSET,
	[CTL_ROLE_LOW_WINDOW] = CTL_PAINT_WINDOW,   [CTL_ROLE_HIGH_WINDOW] = CTL_PAINT_WINDOW,
	[CTL_ROLE_ECAM] = CTL_PAINT_ECAM,           [CTL_ROLE_HDM] = CTL_PAINT_CXL,
	[CTL_ROLE_CHBCR] = CTL_PAINT_CXL,           [CTL_ROLE_IOMMU] = CTL_PAINT_DEVICE,
	[CTL_ROLE_VIRTIO] = CTL_PAINT_DEVICE,       [CTL_ROLE_VTL2_CHIPSET] = CTL_PAINT_VTL2,
	[CTL_ROLE_VTL2_MEMORY] = CTL_PAINT_VTL2,    [CTL_ROLE_VTL2_FRAMEBUFFER] = CTL_PAINT_VTL2,
	[CTL_ROLE_RESERVED] = CTL_PAINT_RESERVED,
};

static void *allocate(size_t count, size_t size)
{
	void *memory = calloc(count + 1, size);

	if (!memory)
		ctl_out_of_memory();
	return memory;
}

/* Ranges do not overlap, so their starts tell them apart. */
static int by_start(const void *a, const void *b)
{
	const struct ctl_map_range *left = a, *right = b;

	return (left->range.start > right->range.start) - (left->range.start < right->range.start);
}

/* The members of a layout, of which each range of the map is one. */
struct members {
	struct ctl_map_range *list;
	size_t count;
};

static void add(struct members *members, enum ctl_role role, size_t index, struct gpal_range range)
{
	if (!gpal_range_is_empty(range))
		members->list[members->count++] =
			(struct ctl_map_range){ .range = range, .role = role, .index = index };
}

static struct members members_of(const struct gpal_layout *layout)
{
	struct members members = {
		.list = allocate(6 + layout->ram_count + layout->segment_count +
					 4 * layout->root_complex_count + layout->iommu_count,
				 sizeof(*members.list)),
	};

	add(&members, CTL_ROLE_CHIPSET_LOW, 0, layout->chipset_low_mmio);
	add(&members, CTL_ROLE_CHIPSET_HIGH, 0, layout->chipset_high_mmio);
	add(&members, CTL_ROLE_VIRTIO, 0, layout->virtio_mmio);
	add(&members, CTL_ROLE_VTL2_CHIPSET, 0, layout->vtl2_chipset_mmio);
	add(&members, CTL_ROLE_VTL2_MEMORY, 0, layout->vtl2_memory);
	add(&members, CTL_ROLE_VTL2_FRAMEBUFFER, 0, layout->vtl2_framebuffer);
	for (size_t i = 0; i < layout->ram_count; i++)
		add(&members, CTL_ROLE_RAM, i, layout->ram[i].range);
	for (size_t i = 0; i < layout->segment_count; i++)
		add(&members, CTL_ROLE_ECAM, i, layout->segments[i].ecam);
	for (size_t i = 0; i < layout->root_complex_count; i++) {
		const struct gpal_layout_root_complex *rc = &layout->root_complexes[i];

		add(&members, CTL_ROLE_LOW_WINDOW, i, rc->low_mmio);
		add(&members, CTL_ROLE_HIGH_WINDOW, i, rc->high_mmio);
		add(&members, CTL_ROLE_HDM, i, rc->cxl_hdm);
		add(&members, CTL_ROLE_CHBCR, i, rc->cxl_chbcr);
	}
	for (size_t i = 0; i < layout->iommu_count; i++)
		add(&members, CTL_ROLE_IOMMU, i, layout->iommus[i].range);
	qsort(members.list, members.count, sizeof(*members.list), by_start);
	return members;
}

static void make_ranges(struct ctl_map_rows *rows, const struct gpal_layout *layout)
{
	struct members members = members_of(layout);

	rows->ranges = allocate(layout->map.count, sizeof(*rows->ranges));
	for (size_t i = 0; i < layout->map.count; i++) {
		const struct gpal_map_entry *entry = &layout->map.entries[i];
		struct ctl_map_range *range = &rows->ranges[rows->range_count++];
		const struct ctl_map_range *member;

		*range = (struct ctl_map_range){
			.range = entry->range,
			.tag = entry->tag,
			.kind = entry->kind,
			.role = entry->kind == GPAL_KIND_RESERVED ? CTL_ROLE_RESERVED :
								    CTL_ROLE_OTHER,
		};
		member = bsearch(range, members.list, members.count, sizeof(*members.list),
				 by_start);
		if (member) {
			range->role = member->role;
			range->index = member->index;
		}
		range->paint = paints[range->role];
		if (range->role == CTL_ROLE_RAM)
			range->paint += layout->ram[range->index].node % CTL_RAM_SHADES;
	}
	free(members.list);
	qsort(rows->ranges, rows->range_count, sizeof(*rows->ranges), by_start);
}

bool ctl_map_is_possible(const struct gpal_layout *layout)
{
	ctl_cleanup_rows struct ctl_map_rows rows = { 0 };
	uint64_t covered = 0;

	make_ranges(&rows, layout);
	for (size_t i = 0; i < rows.range_count; i++) {
		const struct gpal_range range = rows.ranges[i].range;

		if (range.start < covered || gpal_range_is_empty(range))
			return false;
		covered = range.end;
	}
	return rows.range_count > 0;
}

static uint64_t gap_between(const struct ctl_map_range *low, const struct ctl_map_range *high)
{
	return high->range.start - low->range.end;
}

static bool are_family(const struct ctl_map_range *a, const struct ctl_map_range *b)
{
	return a->role == b->role && (a->role != CTL_ROLE_OTHER || strcmp(a->tag, b->tag) == 0);
}

static bool joins(int level, const struct ctl_map_range *low, const struct ctl_map_range *high)
{
	const uint64_t low_size = gpal_range_size(low->range);
	const uint64_t high_size = gpal_range_size(high->range);

	/* Known devices are drawn inside a row of its own. It ends at 4 GiB, so no run crosses that. */
	if (low->role == CTL_ROLE_CHIPSET_LOW || high->role == CTL_ROLE_CHIPSET_LOW)
		return false;
	switch (level) {
	case 0:
		return false;
	case 1:
		return are_family(low, high) && gap_between(low, high) == 0;
	case 2:
		return are_family(low, high) &&
		       gap_between(low, high) <= (low_size > high_size ? low_size : high_size);
	case LAST_LEVEL:
		return true;
	default:
		return ctl_paint_class(low->paint) == ctl_paint_class(high->paint);
	}
}

/* How many ranges from `first` on are one row. */
static size_t run_length(const struct ctl_map_rows *rows, int level, size_t most, size_t first)
{
	const struct ctl_map_range *range = &rows->ranges[first];
	size_t count = 1;

	while (first + count < rows->range_count && (level < LAST_LEVEL || count < most) &&
	       joins(level, &range[count - 1], &range[count]))
		count++;
	return level < LAST_LEVEL - 1 && count < SHORTEST_RUN ? 1 : count;
}

static void add_gap(struct ctl_map_rows *rows, uint64_t start, uint64_t end)
{
	if (start < GPAL_4GIB && end > GPAL_4GIB) {
		add_gap(rows, start, GPAL_4GIB);
		start = GPAL_4GIB;
	}
	if (start < end)
		rows->rows[rows->count++] =
			(struct ctl_map_row){ .range = { start, end }, .size = end - start };
}

static void add_row(struct ctl_map_rows *rows, enum gpal_arch arch,
		    const struct ctl_map_range *ranges, size_t count)
{
	struct ctl_map_row row = {
		.range = { ranges->range.start, ranges[count - 1].range.end },
		.ranges = ranges,
		.count = count,
		.paint = ranges->paint,
	};

	for (size_t i = 0; i < count; i++) {
		row.size += gpal_range_size(ranges[i].range);
		if (ctl_paint_class(ranges[i].paint) != ctl_paint_class(row.paint))
			row.paint = CTL_PAINT_MIXED;
	}
	if (ranges->role == CTL_ROLE_CHIPSET_LOW)
		row.devices = ctl_devices_in(arch, row.range, &row.device_count);
	rows->rows[rows->count++] = row;
}

static void make_rows(struct ctl_map_rows *rows, const struct gpal_layout *layout, int level)
{
	uint64_t covered = 0;
	size_t low = 0;
	size_t count;

	while (low < rows->range_count && rows->ranges[low].range.start < GPAL_4GIB)
		low++;
	rows->count = 0;
	for (size_t i = 0; i < rows->range_count; i += count) {
		size_t side = i < low ? low : rows->range_count - low;

		count = run_length(rows, level, (side + RUNS_OF_A_SIDE - 1) / RUNS_OF_A_SIDE, i);
		add_gap(rows, covered, rows->ranges[i].range.start);
		add_row(rows, layout->arch, &rows->ranges[i], count);
		covered = rows->ranges[i + count - 1].range.end;
	}
}

void ctl_map_rows_make(struct ctl_map_rows *rows, const struct ctl_map *map)
{
	const unsigned int bits = map->request->host_physical_address_bits;
	size_t count;

	*rows = (struct ctl_map_rows){ 0 };
	make_ranges(rows, map->layout);
	/* A gap before each range, one more at 4 GiB, and that to the host's limit. */
	rows->rows = allocate(2 * rows->range_count + 2, sizeof(*rows->rows));
	for (int level = 0; level <= LAST_LEVEL; level++) {
		make_rows(rows, map->layout, level);
		if (rows->count <= ROWS_MAX)
			break;
	}
	while (rows->below < rows->count && rows->rows[rows->below].range.start < GPAL_4GIB)
		rows->below++;
	rows->has_limit = bits && bits < 64 && UINT64_C(1) << bits > ctl_map_top(rows);
	if (rows->has_limit) {
		count = rows->count;
		rows->rows[count] = (struct ctl_map_row){
			.range = { ctl_map_top(rows), UINT64_C(1) << bits },
			.size = (UINT64_C(1) << bits) - ctl_map_top(rows),
		};
	}
}

void ctl_map_rows_free(struct ctl_map_rows *rows)
{
	free(rows->ranges);
	free(rows->rows);
}

uint64_t ctl_map_top(const struct ctl_map_rows *rows)
{
	return rows->count ? rows->rows[rows->count - 1].range.end : 0;
}

bool ctl_map_has_class(const struct ctl_map_rows *rows, enum ctl_paint paint)
{
	for (size_t i = 0; i < rows->range_count; i++)
		if (ctl_paint_class(rows->ranges[i].paint) == paint)
			return true;
	for (size_t i = 0; i < rows->count; i++)
		if (rows->rows[i].count && rows->rows[i].paint == paint)
			return true;
	return false;
}

void ctl_map_run_append(struct ctl_buffer *out, const struct ctl_map_row *row, size_t room)
{
	const uint64_t gaps = gpal_range_size(row->range) - row->size;
	ctl_cleanup_buffer struct ctl_buffer text = { 0 };
	uint64_t least = UINT64_MAX, most = 0;
	size_t fits;

	for (size_t i = 0; i < row->count; i++) {
		const uint64_t size = gpal_range_size(row->ranges[i].range);

		least = size < least ? size : least;
		most = size > most ? size : most;
	}
	ctl_buffer_printf(&text, "%zu ranges", row->count);
	fits = text.len;
	if (gaps) {
		ctl_buffer_puts(&text, ", ");
		ctl_human_append(&text, gaps);
		ctl_buffer_puts(&text, " of gaps");
		fits = ctl_cells(text.data) <= room ? text.len : fits;
	}
	ctl_buffer_puts(&text, ", ");
	ctl_short_size_append(&text, least);
	ctl_buffer_puts(&text, least < most ? " to " : " each");
	if (least < most)
		ctl_short_size_append(&text, most);
	fits = ctl_cells(text.data) <= room ? text.len : fits;
	ctl_buffer_append(out, text.data, fits);
}
