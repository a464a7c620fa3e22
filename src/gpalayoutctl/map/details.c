/* SPDX-License-Identifier: MIT */
/* The details of a range: a function for each kind of owner, and how they are made to fit. */
#include "config.h"

#include "gpalayoutctl/map/cells.h"
#include "gpalayoutctl/map/number_text.h"
#include "gpalayoutctl/map/rows.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LONGEST_NAME 24
#define SHORTEST_NAME 5

static void add(struct ctl_map_details *details, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add(struct ctl_map_details *details, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(details->parts[details->count].text, sizeof(details->parts[0].text), format,
		  args);
	va_end(args);
	details->count++;
}

static void add_name(struct ctl_map_details *details, const char *before, const char *name,
		     bool ascii)
{
	details->parts[details->count].has_name = true;
	add(details, "%s", before);
	ctl_name_append(&details->name, name, ascii);
	ctl_shorten(&details->name, LONGEST_NAME, ascii ? "..." : "…");
}

static void add_ram(struct ctl_map_details *details, const struct gpal_layout *layout, size_t index)
{
	const uint32_t node = layout->ram[index].node;
	size_t part = 0, parts = 0;

	for (size_t i = 0; i < layout->ram_count; i++) {
		parts += layout->ram[i].node == node;
		part += layout->ram[i].node == node && i <= index;
	}
	add(details, "node %u", node);
	if (parts > 1)
		add(details, "part %zu of %zu", part, parts);
}

static void add_root_complex(struct ctl_map_details *details,
			     const struct gpal_layout_root_complex *rc, bool ascii)
{
	add_name(details, "", rc->name, ascii);
	if (rc->has_node)
		add(details, "node %u", rc->node);
}

void ctl_map_details_make(struct ctl_map_details *details, const struct gpal_layout *layout,
			  const struct ctl_map_range *range, bool ascii)
{
	*details = (struct ctl_map_details){ .count = 0 };
	switch (range->role) {
	case CTL_ROLE_RAM:
		add_ram(details, layout, range->index);
		break;
	case CTL_ROLE_LOW_WINDOW:
	case CTL_ROLE_HIGH_WINDOW:
	case CTL_ROLE_HDM:
	case CTL_ROLE_CHBCR:
		add_root_complex(details, &layout->root_complexes[range->index], ascii);
		if (range->role == CTL_ROLE_HDM)
			add(details, "HDM");
		if (range->role == CTL_ROLE_CHBCR)
			add(details, "CHBCR");
		break;
	case CTL_ROLE_ECAM:
		add(details, "segment %u", layout->segments[range->index].segment);
		add(details, "buses %u–%u", layout->segments[range->index].start_bus,
		    layout->segments[range->index].end_bus);
		break;
	case CTL_ROLE_IOMMU:
		add_name(details, "of ", layout->iommus[range->index].root_complex, ascii);
		break;
	case CTL_ROLE_VIRTIO:
		add(details, "%u slot%s of 4 KiB", layout->virtio_mmio_slots,
		    layout->virtio_mmio_slots == 1 ? "" : "s");
		break;
	case CTL_ROLE_OTHER:
		add(details, "%s", gpal_kind_name(range->kind));
		break;
	default:
		break;
	}
}

void ctl_map_details_free(struct ctl_map_details *details)
{
	ctl_buffer_free(&details->name);
}

static size_t cells_of(const struct ctl_map_details *details)
{
	size_t cells = 0;

	for (size_t i = 0; i < details->count; i++) {
		cells += ctl_cells(details->parts[i].text) + (i ? strlen(", ") : 0);
		if (details->parts[i].has_name)
			cells += ctl_cells(ctl_buffer_text(&details->name));
	}
	return cells;
}

void ctl_map_details_fit(struct ctl_map_details *details, size_t room, bool may_shorten)
{
	while (details->count > 1 && cells_of(details) > room)
		details->count--;
	if (!details->count || cells_of(details) <= room)
		return;
	if (may_shorten && details->parts[0].has_name &&
	    strlen(details->parts[0].text) + SHORTEST_NAME <= room)
		ctl_shorten(&details->name, room - strlen(details->parts[0].text), "…");
	else
		details->count = 0;
}
