/* SPDX-License-Identifier: MIT */
/*
 * From a layout to rows. Ranges become runs only if there are too many to show each:
 * the levels below go from the runs that hide least to those that always suffice.
 */
#include "config.h"

#include "gpalayoutctl/map/rows.h"

#include "gpalayoutctl/message.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 32
#define SHORTEST_RUN 4
#define RUNS_OF_A_SIDE 14 /* at the last level, below 4 GiB and above */
#define LAST_LEVEL 5

static void *allocate(size_t count, size_t size)
{
	void *memory = calloc(count, size);

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

/* The members of a layout say what the ranges are for that start where they do. */
static void find_roles(struct ctl_map_rows *rows, const struct gpal_layout *layout)
{
#define ONE(member) &layout->member, 1, 0, 0
#define EACH(list, count, member)                           \
	layout->list, layout->count, sizeof(*layout->list), \
		offsetof(__typeof__(*layout->list), member)
#define EACH_ROOT_COMPLEX(member) EACH(root_complexes, root_complex_count, member)
	const struct {
		enum ctl_role role;
		enum ctl_paint paint;
		const void *list;
		size_t count;
		size_t element_size;
		size_t offset;
	} members[] = {
		{ CTL_ROLE_CHIPSET_LOW, CTL_PAINT_CHIPSET, ONE(chipset_low_mmio) },
		{ CTL_ROLE_CHIPSET_HIGH, CTL_PAINT_CHIPSET, ONE(chipset_high_mmio) },
		{ CTL_ROLE_VIRTIO, CTL_PAINT_DEVICE, ONE(virtio_mmio) },
		{ CTL_ROLE_VTL2_CHIPSET, CTL_PAINT_VTL2, ONE(vtl2_chipset_mmio) },
		{ CTL_ROLE_VTL2_MEMORY, CTL_PAINT_VTL2, ONE(vtl2_memory) },
		{ CTL_ROLE_VTL2_FRAMEBUFFER, CTL_PAINT_VTL2, ONE(vtl2_framebuffer) },
		{ CTL_ROLE_RAM, CTL_PAINT_RAM, EACH(ram, ram_count, range) },
		{ CTL_ROLE_ECAM, CTL_PAINT_ECAM, EACH(segments, segment_count, ecam) },
		{ CTL_ROLE_LOW_WINDOW, CTL_PAINT_WINDOW, EACH_ROOT_COMPLEX(low_mmio) },
		{ CTL_ROLE_HIGH_WINDOW, CTL_PAINT_WINDOW, EACH_ROOT_COMPLEX(high_mmio) },
		{ CTL_ROLE_HDM, CTL_PAINT_CXL, EACH_ROOT_COMPLEX(cxl_hdm) },
		{ CTL_ROLE_CHBCR, CTL_PAINT_CXL, EACH_ROOT_COMPLEX(cxl_chbcr) },
		{ CTL_ROLE_IOMMU, CTL_PAINT_DEVICE, EACH(iommus, iommu_count, range) },
	};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		const char *at = (const char *)members[i].list + members[i].offset;

		for (size_t j = 0; j < members[i].count; j++, at += members[i].element_size) {
			struct ctl_map_range wanted = { .range = *(const struct gpal_range *)at };
			struct ctl_map_range *found = NULL;

			if (!gpal_range_is_empty(wanted.range))
				found = bsearch(&wanted, rows->ranges, rows->range_count,
						sizeof(wanted), by_start);
			if (!found)
				continue;
			found->role = members[i].role;
			found->paint = members[i].paint;
			found->index = j;
			if (found->role == CTL_ROLE_RAM)
				found->paint += layout->ram[j].node % CTL_RAM_SHADES;
		}
	}
}

static struct ctl_map_rows ranges_of(const struct gpal_layout *layout)
{
	const size_t count = layout->map.count;
	struct ctl_map_rows rows = {
		.ranges = allocate(count + 1, sizeof(*rows.ranges)),
		.range_count = count,
	};

	for (size_t i = 0; i < count; i++) {
		const struct gpal_map_entry *entry = &layout->map.entries[i];
		const bool is_reserved = entry->kind == GPAL_KIND_RESERVED;

		rows.ranges[i] = (struct ctl_map_range){
			.range = entry->range,
			.tag = entry->tag,
			.kind = entry->kind,
			.role = is_reserved ? CTL_ROLE_RESERVED : CTL_ROLE_OTHER,
			.paint = is_reserved ? CTL_PAINT_RESERVED : CTL_PAINT_OTHER,
		};
	}
	qsort(rows.ranges, count, sizeof(*rows.ranges), by_start);
	find_roles(&rows, layout);
	return rows;
}

bool ctl_map_is_possible(const struct gpal_layout *layout)
{
	ctl_cleanup_rows struct ctl_map_rows rows = ranges_of(layout);
	uint64_t covered = 0;

	for (size_t i = 0; i < rows.range_count; i++) {
		const struct gpal_range range = rows.ranges[i].range;

		if (range.start < covered || gpal_range_is_empty(range))
			return false;
		covered = range.end;
	}
	return rows.range_count > 0;
}

static bool are_family(const struct ctl_map_range *a, const struct ctl_map_range *b)
{
	return a->role == b->role && (a->role != CTL_ROLE_OTHER || strcmp(a->tag, b->tag) == 0);
}

static bool joins(int level, const struct ctl_map_range *low, const struct ctl_map_range *high)
{
	const uint64_t gap = high->range.start - low->range.end;

	/* Known devices are drawn inside a row of its own. */
	if (low->role == CTL_ROLE_CHIPSET_LOW || high->role == CTL_ROLE_CHIPSET_LOW ||
	    (low->range.start < GPAL_4GIB && high->range.start >= GPAL_4GIB))
		return false;
	switch (level) {
	case 0:
		return false;
	case 1:
		return are_family(low, high) && gap == 0;
	case 2:
		return are_family(low, high) &&
		       (gap <= gpal_range_size(low->range) || gap <= gpal_range_size(high->range));
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
		rows->classes |= 1u << ctl_paint_class(ranges[i].paint);
		if (ctl_paint_class(ranges[i].paint) != ctl_paint_class(row.paint))
			row.paint = CTL_PAINT_MIXED;
	}
	rows->classes |= 1u << ctl_paint_class(row.paint);
	for (size_t i = 0; i < CTL_DEVICE_COUNT && ranges->role == CTL_ROLE_CHIPSET_LOW; i++) {
		const struct ctl_device *device = &ctl_devices[i];

		if (device->arch == arch && device->address >= row.range.start &&
		    device->address < row.range.end && row.device_count++ == 0)
			row.devices = device;
	}
	rows->rows[rows->count++] = row;
}

static void make_rows(struct ctl_map_rows *rows, enum gpal_arch arch, int level)
{
	uint64_t covered = 0;
	size_t low = 0;
	size_t count;

	while (low < rows->range_count && rows->ranges[low].range.start < GPAL_4GIB)
		low++;
	rows->count = 0;
	rows->classes = 0;
	for (size_t i = 0; i < rows->range_count; i += count) {
		const size_t side = i < low ? low : rows->range_count - low;

		count = run_length(rows, level, (side + RUNS_OF_A_SIDE - 1) / RUNS_OF_A_SIDE, i);
		add_gap(rows, covered, rows->ranges[i].range.start);
		add_row(rows, arch, &rows->ranges[i], count);
		covered = rows->ranges[i + count - 1].range.end;
	}
	rows->top = covered;
}

struct ctl_map_rows ctl_map_rows_make(const struct ctl_map *map)
{
	const unsigned int bits = map->request->host_physical_address_bits;
	const uint64_t limit = bits && bits < 64 ? UINT64_C(1) << bits : 0;
	struct ctl_map_rows rows = ranges_of(map->layout);

	/* A gap before each range, one more at 4 GiB, and that to the host's limit. */
	rows.rows = allocate(2 * rows.range_count + 2, sizeof(*rows.rows));
	for (int level = 0; level == 0 || (rows.count > ROWS_MAX && level <= LAST_LEVEL); level++)
		make_rows(&rows, map->layout->arch, level);
	while (rows.below < rows.count && rows.rows[rows.below].range.start < GPAL_4GIB)
		rows.below++;
	rows.has_limit = limit > rows.top;
	rows.rows[rows.count] =
		(struct ctl_map_row){ .range = { rows.top, limit }, .size = limit - rows.top };
	return rows;
}

void ctl_map_rows_free(struct ctl_map_rows *rows)
{
	free(rows->ranges);
	free(rows->rows);
}
