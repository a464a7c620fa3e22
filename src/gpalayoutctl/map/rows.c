/* SPDX-License-Identifier: MIT */
/*
 * Makes the rows of a map from a layout. Ranges are joined into runs only if there are too many to
 * show each. Level 0 joins no ranges, and each level before the last joins more than the one before
 * it. The last level joins ranges of any class and limits the length of a run. It makes about
 * RUNS_OF_A_SIDE runs below 4 GiB and as many above. With the gaps between them, there may still be
 * more than ROWS_MAX rows.
 */
#include "config.h"

#include "gpalayoutctl/map/rows.h"

#include "core/request_limits.h"
#include "gpalayoutctl/size_text.h"
#include "gpalayoutctl/terminal_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 32
#define SHORTEST_RUN 4    /* ranges; the last two levels also make shorter runs */
#define RUNS_OF_A_SIDE 14 /* at the last level, on each side of 4 GiB */
#define LAST_LEVEL 5
#define LONGEST_NAME 24
#define SHORTEST_NAME 5
#define WARNINGS_MAX 3
#define WARNING_LINES_MAX 2

/* The family of the range that contains the known devices. */
static const char chipset_low[] = "chipset low";

/* Ranges do not overlap, so their starts tell them apart. */
static int by_start(const void *a, const void *b)
{
	const struct gpal_map_entry *left = a, *right = b;

	return (left->range.start > right->range.start) - (left->range.start < right->range.start);
}

/*
 * Describes the range of a member of the layout, if the map has that range. `format` makes the text
 * after `name`, or all of the text if `name` is NULL.
 */
__attribute__((format(printf, 6, 7))) static void
describe_range(struct ctl_rows *rows, struct gpal_range member, enum ctl_paint paint,
	       const char *family, const char *name, const char *format, ...)
{
	const struct gpal_map_entry wanted = { .range = member };
	struct ctl_range *range =
		bsearch(&wanted, rows->ranges, rows->range_count, sizeof(*rows->ranges), by_start);
	va_list args;

	if (!range || gpal_range_is_empty(member))
		return;
	range->paint = paint;
	range->family = family;
	range->details = (struct ctl_details){
		.before = name && paint == CTL_PAINT_DEVICE ? "of " : "",
		.name = name,
	};
	va_start(args, format);
	vsnprintf(range->details.rest, sizeof(range->details.rest), format, args);
	va_end(args);
}

static void describe_ram(struct ctl_rows *rows, const struct gpal_layout *layout)
{
	unsigned int parts[GPALD_MEMORY_NODES_MAX] = { 0 };
	unsigned int seen[GPALD_MEMORY_NODES_MAX] = { 0 };

	for (size_t i = 0; i < layout->ram_count; i++)
		rows->node_count += parts[layout->ram[i].node % GPALD_MEMORY_NODES_MAX]++ == 0;
	for (size_t i = 0; i < layout->ram_count; i++) {
		const uint32_t node = layout->ram[i].node;
		const unsigned int all = parts[node % GPALD_MEMORY_NODES_MAX];
		const unsigned int part = ++seen[node % GPALD_MEMORY_NODES_MAX];
		char text[40] = "";

		if (all > 1)
			snprintf(text, sizeof(text), ", part %u of %u", part, all);
		describe_range(rows, layout->ram[i].range, CTL_PAINT_RAM + node % CTL_RAM_SHADES,
			       "RAM", NULL, "node %u%s", node, text);
	}
}

static void describe_root_complex(struct ctl_rows *rows, const struct gpal_layout_root_complex *rc)
{
	char node[24] = "";

	if (rc->has_node)
		snprintf(node, sizeof(node), ", node %u", rc->node);
	describe_range(rows, rc->low_mmio, CTL_PAINT_WINDOW, "low window", rc->name, "%s", node);
	describe_range(rows, rc->high_mmio, CTL_PAINT_WINDOW, "high window", rc->name, "%s", node);
	describe_range(rows, rc->cxl_hdm, CTL_PAINT_CXL, "HDM", rc->name, "%s, HDM", node);
	describe_range(rows, rc->cxl_chbcr, CTL_PAINT_CXL, "CHBCR", rc->name, "%s, CHBCR", node);
}

/* A range that is not one of these members keeps the description of its kind. */
static void describe_members(struct ctl_rows *rows, const struct gpal_layout *layout)
{
	describe_range(rows, layout->chipset_low_mmio, CTL_PAINT_CHIPSET, chipset_low, NULL, "%s",
		       "");
	describe_range(rows, layout->chipset_high_mmio, CTL_PAINT_CHIPSET, "chipset", NULL, "%s",
		       "");
	describe_range(rows, layout->vtl2_chipset_mmio, CTL_PAINT_VTL2, "VTL2 chipset", NULL, "%s",
		       "");
	describe_range(rows, layout->vtl2_memory, CTL_PAINT_VTL2, "VTL2 memory", NULL, "%s", "");
	describe_range(rows, layout->vtl2_framebuffer, CTL_PAINT_VTL2, "framebuffer", NULL, "%s",
		       "");
	describe_range(rows, layout->virtio_mmio, CTL_PAINT_DEVICE, "virtio", NULL,
		       "%u slot%s of 4 KiB", layout->virtio_mmio_slots,
		       layout->virtio_mmio_slots == 1 ? "" : "s");
	describe_ram(rows, layout);
	for (size_t i = 0; i < layout->segment_count; i++)
		describe_range(rows, layout->segments[i].ecam, CTL_PAINT_ECAM, "ECAM", NULL,
			       "segment %u, buses %u–%u", layout->segments[i].segment,
			       layout->segments[i].start_bus, layout->segments[i].end_bus);
	for (size_t i = 0; i < layout->root_complex_count; i++)
		describe_root_complex(rows, &layout->root_complexes[i]);
	for (size_t i = 0; i < layout->cxl_window_count; i++)
		describe_range(rows, layout->cxl_windows[i].range, CTL_PAINT_CXL, "CXL window",
			       layout->cxl_windows[i].name, ", over %zu root complex%s",
			       layout->cxl_windows[i].target_count,
			       layout->cxl_windows[i].target_count == 1 ? "" : "es");
	for (size_t i = 0; i < layout->hotplug_room_count; i++)
		describe_range(rows, layout->hotplug_rooms[i].range, CTL_PAINT_HOTPLUG,
			       "hotplug room", NULL, "for node %u", layout->hotplug_rooms[i].node);
	for (size_t i = 0; i < layout->iommu_count; i++)
		describe_range(rows, layout->iommus[i].range, CTL_PAINT_DEVICE, "IOMMU",
			       layout->iommus[i].root_complex, "%s", "");
}

static void *allocate_zeroed(size_t count, size_t size)
{
	void *memory = calloc(count, size);

	if (!memory)
		ctl_out_of_memory();
	return memory;
}

/* Returns the ranges of a layout with their descriptions. There are no rows yet. */
static struct ctl_rows make_ranges(const struct gpal_layout *layout)
{
	const size_t count = layout->map.count;
	struct ctl_rows rows = {
		.ranges = allocate_zeroed(count + 1, sizeof(*rows.ranges)),
		.range_count = count,
	};

	for (size_t i = 0; i < count; i++) {
		struct ctl_range *range = &rows.ranges[i];
		const bool is_reserved = layout->map.entries[i].kind == GPAL_KIND_RESERVED;

		range->entry = layout->map.entries[i];
		range->family = is_reserved ? "reserved" : range->entry.tag;
		range->paint = is_reserved ? CTL_PAINT_RESERVED : CTL_PAINT_OTHER;
		range->details.before = "";
		if (!is_reserved)
			snprintf(range->details.rest, sizeof(range->details.rest), "%s",
				 gpal_kind_name(range->entry.kind));
		rows.ranges_below += range->entry.range.start < GPAL_4GIB;
	}
	qsort(rows.ranges, count, sizeof(*rows.ranges), by_start);
	describe_members(&rows, layout);
	return rows;
}

bool ctl_map_can_be_drawn(const struct gpal_layout *layout)
{
	ctl_cleanup_rows struct ctl_rows rows = make_ranges(layout);
	uint64_t covered = 0;

	for (size_t i = 0; i < rows.range_count; i++) {
		const struct gpal_range range = rows.ranges[i].entry.range;

		if (range.start < covered || gpal_range_is_empty(range))
			return false;
		covered = range.end;
	}
	return rows.range_count > 0;
}

static bool joins_ranges(int level, const struct ctl_range *a, const struct ctl_range *b)
{
	const struct gpal_range low = a->entry.range, high = b->entry.range;
	const uint64_t gap = high.start - low.end;
	const bool same_class = ctl_paint_class(a->paint) == ctl_paint_class(b->paint);
	const bool same_family = same_class && strcmp(a->family, b->family) == 0;

	/* Known devices are drawn in the row of their range, which therefore is in no run. */
	if (a->family == chipset_low || b->family == chipset_low ||
	    (low.start < GPAL_4GIB && high.start >= GPAL_4GIB))
		return false;
	switch (level) {
	case 0:
		return false;
	case 1:
		return same_family && gap == 0;
	case 2:
		return same_family && (gap <= gpal_range_size(low) || gap <= gpal_range_size(high));
	case LAST_LEVEL:
		return true;
	default:
		return same_class;
	}
}

/* Returns how many ranges from `first` on are in one row. */
static size_t run_length(const struct ctl_rows *rows, int level, size_t first)
{
	const bool is_low = first < rows->ranges_below;
	const size_t side = is_low ? rows->ranges_below : rows->range_count - rows->ranges_below;
	const size_t most = (side + RUNS_OF_A_SIDE - 1) / RUNS_OF_A_SIDE;
	const struct ctl_range *range = &rows->ranges[first];
	size_t count = 1;

	while (first + count < rows->range_count && (level < LAST_LEVEL || count < most) &&
	       joins_ranges(level, &range[count - 1], &range[count]))
		count++;
	return level < LAST_LEVEL - 1 && count < SHORTEST_RUN ? 1 : count;
}

static void add_gap(struct ctl_rows *rows, uint64_t start, uint64_t end)
{
	if (start < GPAL_4GIB && end > GPAL_4GIB) {
		add_gap(rows, start, GPAL_4GIB);
		start = GPAL_4GIB;
	}
	if (start < end)
		rows->rows[rows->count++] =
			(struct ctl_row){ .range = { start, end }, .size = end - start };
}

static void describe_run(struct ctl_row *row)
{
	const uint64_t gaps = gpal_range_size(row->range) - row->size;
	uint64_t least = UINT64_MAX, most = 0;

	for (size_t i = 0; i < row->count; i++) {
		const uint64_t size = gpal_range_size(row->ranges[i].entry.range);

		least = size < least ? size : least;
		most = size > most ? size : most;
	}
	row->details = (struct ctl_details){ .before = "" };
	snprintf(row->details.rest, sizeof(row->details.rest), "%zu ranges%s%s%s, %s %s%s",
		 row->count, gaps ? ", " : "",
		 gaps ? ctl_number_text(CTL_NUMBER_HUMAN, gaps).text : "", gaps ? " of gaps" : "",
		 ctl_number_text(CTL_NUMBER_SHORT, least).text, least < most ? "to " : "each",
		 least < most ? ctl_number_text(CTL_NUMBER_SHORT, most).text : "");
}

static void add_map_row(struct ctl_rows *rows, const struct ctl_range *ranges, size_t count)
{
	struct ctl_row row = {
		.range = { ranges->entry.range.start, ranges[count - 1].entry.range.end },
		.ranges = ranges,
		.count = count,
		.paint = ranges->paint,
		.details = ranges->details,
	};

	for (size_t i = 0; i < count; i++) {
		row.size += gpal_range_size(ranges[i].entry.range);
		rows->classes |= 1u << ctl_paint_class(ranges[i].paint);
		if (ctl_paint_class(ranges[i].paint) != ctl_paint_class(row.paint))
			row.paint = CTL_PAINT_MIXED;
	}
	rows->classes |= 1u << ctl_paint_class(row.paint);
	if (count > 1)
		describe_run(&row);
	for (size_t i = 0; i < CTL_DEVICE_COUNT && ranges->family == chipset_low; i++) {
		const struct ctl_device *device = &ctl_devices[i];

		if (device->arch == rows->map->layout->arch && device->address >= row.range.start &&
		    device->address < row.range.end && row.device_count++ == 0)
			row.devices = device;
	}
	rows->rows[rows->count++] = row;
}

static void make_rows(struct ctl_rows *rows, int level)
{
	rows->count = 0;
	rows->classes = 0;
	rows->top = 0;
	for (size_t i = 0, count; i < rows->range_count; i += count) {
		count = run_length(rows, level, i);
		add_gap(rows, rows->top, rows->ranges[i].entry.range.start);
		add_map_row(rows, &rows->ranges[i], count);
		rows->top = rows->ranges[i + count - 1].entry.range.end;
	}
}

unsigned int ctl_map_usable_bits(const struct ctl_map *map)
{
	const unsigned int bits = map->request->host_physical_address_bits;

	return bits ? bits - map->layout->has_vtl2_alias_map : 0;
}

struct ctl_rows ctl_rows_make(const struct ctl_map *map)
{
	const unsigned int bits = ctl_map_usable_bits(map);
	const uint64_t limit = bits && bits < 64 ? UINT64_C(1) << bits : 0;
	struct ctl_rows rows = make_ranges(map->layout);

	/*
	 * There may be a gap before each range, one more at 4 GiB, and one up to the host's limit.
	 */
	rows.rows = allocate_zeroed(2 * rows.range_count + 2, sizeof(*rows.rows));
	rows.map = map;
	for (int level = 0; level == 0 || (rows.count > ROWS_MAX && level <= LAST_LEVEL); level++)
		make_rows(&rows, level);
	while (rows.below < rows.count && rows.rows[rows.below].range.start < GPAL_4GIB)
		rows.below++;
	rows.has_limit = limit > rows.top;
	rows.rows[rows.count] =
		(struct ctl_row){ .range = { rows.top, limit }, .size = limit - rows.top };
	return rows;
}

void ctl_rows_free(struct ctl_rows *rows)
{
	free(rows->ranges);
	free(rows->rows);
}

void ctl_drop_details(struct ctl_details *details, struct gpald_bytes *name, size_t room,
		      bool ascii, bool may_shorten)
{
	const size_t before = strlen(details->before);
	size_t cells;

	if (details->name) {
		ctl_name_append(name, details->name, ascii);
		ctl_shorten(name, LONGEST_NAME, ascii);
	}
	cells = before + ctl_text_cells(ctl_buffer_text(name));
	while (*details->rest && cells + ctl_text_cells(details->rest) > room) {
		char *last = strrchr(details->rest, ',');

		*(last ? last : details->rest) = '\0';
	}
	if (cells <= room)
		return;
	if (may_shorten && before + SHORTEST_NAME <= room) {
		ctl_shorten(name, room - before, ascii);
	} else {
		details->before = "";
		ctl_buffer_free(name);
	}
}

void ctl_map_facts_append(struct gpald_bytes *out, const struct ctl_map *map)
{
	ctl_buffer_printf(out, "%s, %s, policy ", gpal_arch_name(map->layout->arch),
			  gpal_profile_name(map->layout->profile));
	ctl_puts_safe(out, map->layout->policy_name);
	if (map->generation)
		ctl_buffer_printf(out, ", generation %" PRIu64, map->generation);
}

/* Returns one more than the highest node of RAM, a room or a root complex; 0: there is none. */
static size_t count_nodes(const struct gpal_layout *layout)
{
	size_t count = 0;

	for (size_t i = 0; i < layout->ram_count; i++)
		if (layout->ram[i].node >= count)
			count = layout->ram[i].node + UINT32_C(1);
	for (size_t i = 0; i < layout->hotplug_room_count; i++)
		if (layout->hotplug_rooms[i].node >= count)
			count = layout->hotplug_rooms[i].node + UINT32_C(1);
	for (size_t i = 0; i < layout->root_complex_count; i++)
		if (layout->root_complexes[i].has_node && layout->root_complexes[i].node >= count)
			count = layout->root_complexes[i].node + UINT32_C(1);
	return count;
}

void ctl_vm_summary_append(struct gpald_bytes *out, const struct ctl_rows *rows)
{
	const size_t root_complexes = rows->map->layout->root_complex_count;

	const size_t nodes = count_nodes(rows->map->layout);

	ctl_buffer_printf(out, "%s of RAM in %zu ",
			  ctl_number_text(CTL_NUMBER_SHORT, rows->map->layout->ram_size).text,
			  rows->node_count);
	if (nodes > rows->node_count)
		ctl_buffer_printf(out, "of %zu ", nodes);
	ctl_buffer_printf(out, "node%s, ", nodes == 1 ? "" : "s");
	if (root_complexes)
		ctl_buffer_printf(out, "%zu PCIe root complex%s", root_complexes,
				  root_complexes == 1 ? "" : "es");
	else
		ctl_buffer_puts(out, "no PCIe");
	if (rows->classes >> CTL_PAINT_VTL2 & 1)
		ctl_buffer_puts(out, ", VTL2");
}

void ctl_bits_append(struct gpald_bytes *out, const struct ctl_map *map, const char *without)
{
	const unsigned int needed = map->layout->required_address_bits;
	const unsigned int host = map->request->host_physical_address_bits;

	if (host)
		ctl_buffer_printf(out, "%u of %u address bits", needed, host);
	else
		ctl_buffer_printf(out, "%s%u address bits", without, needed);
}

void ctl_map_warnings_append(struct gpald_bytes *out, const struct gpal_layout *layout,
			     const char *before, size_t room, bool ascii)
{
	const size_t count = layout->warning_count;

	for (size_t i = 0; i < count && i < WARNINGS_MAX; i++) {
		ctl_cleanup_buffer struct gpald_bytes text = { 0 };

		ctl_buffer_puts(&text, before);
		ctl_name_append(&text, layout->warnings[i].tag, ascii);
		ctl_buffer_puts(&text, ": ");
		ctl_name_append(&text, layout->warnings[i].message, ascii);
		ctl_wrap_append(out, text.data, room, WARNING_LINES_MAX, ascii);
	}
	if (count > WARNINGS_MAX)
		ctl_buffer_printf(out, "and %zu more warning%s\n", count - WARNINGS_MAX,
				  count - WARNINGS_MAX == 1 ? "" : "s");
}
