/* SPDX-License-Identifier: MIT */
/* Each label is made in whole words; what does not fit is dropped rather than cut. */
#include "config.h"

#include "gpalayoutctl/map/labels.h"

#include "core/domains.h"
#include "gpalayoutctl/map/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#define LONGEST_NAME 24
#define SHORTEST_NAME 5
#define WARNINGS_MAX 3
#define WARNING_LINES_MAX 2

static void add(struct ctl_details *details, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add(struct ctl_details *details, const char *format, ...)
{
	va_list args;

	if (details->count)
		ctl_buffer_puts(&details->text, ", ");
	va_start(args, format);
	ctl_buffer_vprintf(&details->text, format, args);
	va_end(args);
	details->ends[details->count++] = details->text.len;
}

static void add_name(struct ctl_details *details, const char *before, const char *name, bool ascii)
{
	ctl_cleanup_buffer struct ctl_buffer text = { 0 };

	ctl_name_append(&text, name, ascii);
	ctl_shorten(&text, LONGEST_NAME, ascii);
	add(details, "%s%s", before, text.data);
	details->name = strlen(before);
	details->name_end = details->text.len;
}

static void add_ram(struct ctl_details *details, const struct gpal_layout *layout, size_t index)
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

static void add_root_complex(struct ctl_details *details, const struct gpal_layout *layout,
			     const struct ctl_map_range *range, bool ascii)
{
	const struct gpal_layout_root_complex *rc = &layout->root_complexes[range->index];

	add_name(details, "", rc->name, ascii);
	if (rc->has_node)
		add(details, "node %u", rc->node);
	if (range->role == CTL_ROLE_HDM || range->role == CTL_ROLE_CHBCR)
		add(details, range->role == CTL_ROLE_HDM ? "HDM" : "CHBCR");
}

static void add_range(struct ctl_details *details, const struct gpal_layout *layout,
		      const struct ctl_map_range *range, bool ascii)
{
	const size_t index = range->index;

	switch (range->role) {
	case CTL_ROLE_RAM:
		add_ram(details, layout, index);
		break;
	case CTL_ROLE_LOW_WINDOW:
	case CTL_ROLE_HIGH_WINDOW:
	case CTL_ROLE_HDM:
	case CTL_ROLE_CHBCR:
		add_root_complex(details, layout, range, ascii);
		break;
	case CTL_ROLE_ECAM:
		add(details, "segment %u", layout->segments[index].segment);
		add(details, "buses %u–%u", layout->segments[index].start_bus,
		    layout->segments[index].end_bus);
		break;
	case CTL_ROLE_IOMMU:
		add_name(details, "of ", layout->iommus[index].root_complex, ascii);
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

static void add_run(struct ctl_details *details, const struct ctl_map_row *row)
{
	const uint64_t gaps = gpal_range_size(row->range) - row->size;
	uint64_t least = UINT64_MAX, most = 0;

	for (size_t i = 0; i < row->count; i++) {
		const uint64_t size = gpal_range_size(row->ranges[i].range);

		least = size < least ? size : least;
		most = size > most ? size : most;
	}
	add(details, "%zu ranges", row->count);
	if (gaps)
		add(details, "%s of gaps", ctl_number(CTL_HUMAN, gaps).text);
	if (least < most)
		add(details, "%s to %s", ctl_number(CTL_SHORT, least).text,
		    ctl_number(CTL_SHORT, most).text);
	else
		add(details, "%s each", ctl_number(CTL_SHORT, least).text);
}

struct ctl_details ctl_details_make(const struct gpal_layout *layout, const struct ctl_map_row *row,
				    bool ascii)
{
	struct ctl_details details = { .count = 0 };

	if (row->count == 1)
		add_range(&details, layout, row->ranges, ascii);
	else if (row->count)
		add_run(&details, row);
	return details;
}

void ctl_details_free(struct ctl_details *details)
{
	ctl_buffer_free(&details->text);
}

void ctl_details_fit(struct ctl_details *details, size_t room, bool may_shorten)
{
	struct ctl_buffer *text = &details->text;
	ctl_cleanup_buffer struct ctl_buffer name = { 0 };

	while (details->count > 1 && ctl_cells(text->data) > room) {
		text->len = details->ends[--details->count - 1];
		text->data[text->len] = '\0';
	}
	if (ctl_cells(ctl_buffer_text(text)) <= room)
		return;
	if (may_shorten && details->name_end && details->name + SHORTEST_NAME <= room) {
		ctl_buffer_puts(&name, text->data + details->name);
		ctl_shorten(&name, room - details->name, false);
		text->len = details->name;
		ctl_buffer_puts(text, name.data);
		details->name_end = text->len;
	} else {
		ctl_details_free(details);
	}
}

void ctl_origin_append(struct ctl_buffer *out, const struct ctl_map *map)
{
	ctl_buffer_printf(out, "%s, %s, policy %s", gpal_arch_name(map->layout->arch),
			  gpal_profile_name(map->layout->profile), map->layout->policy_name);
	if (map->generation)
		ctl_buffer_printf(out, ", generation %" PRIu64, map->generation);
}

/* Extents of a node need not be neighbours. */
static size_t node_count(const struct gpal_layout *layout)
{
	bool seen[GPALD_MEMORY_NODES_MAX] = { false };
	size_t count = 0;

	for (size_t i = 0; i < layout->ram_count; i++) {
		bool *node = &seen[layout->ram[i].node % GPALD_MEMORY_NODES_MAX];

		count += !*node;
		*node = true;
	}
	return count;
}

void ctl_content_append(struct ctl_buffer *out, const struct gpal_layout *layout)
{
	const size_t nodes = node_count(layout);
	const size_t root_complexes = layout->root_complex_count;

	ctl_buffer_printf(out, "%s of RAM in %zu node%s, ",
			  ctl_number(CTL_SHORT, layout->ram_size).text, nodes,
			  nodes == 1 ? "" : "s");
	if (root_complexes)
		ctl_buffer_printf(out, "%zu PCIe root complex%s", root_complexes,
				  root_complexes == 1 ? "" : "es");
	else
		ctl_buffer_puts(out, "no PCIe");
	if (!gpal_range_is_empty(layout->vtl2_chipset_mmio) ||
	    !gpal_range_is_empty(layout->vtl2_memory) ||
	    !gpal_range_is_empty(layout->vtl2_framebuffer))
		ctl_buffer_puts(out, ", VTL2");
}

void ctl_bits_append(struct ctl_buffer *out, const struct ctl_map *map, const char *without)
{
	const unsigned int needed = map->layout->required_address_bits;
	const unsigned int host = map->request->host_physical_address_bits;

	if (host)
		ctl_buffer_printf(out, "%u of %u address bits", needed, host);
	else
		ctl_buffer_printf(out, "%s%u address bits", without, needed);
}

void ctl_warnings_append(struct ctl_buffer *out, const struct gpal_layout *layout,
			 const char *before, size_t room, bool ascii)
{
	const size_t count = layout->warning_count;

	for (size_t i = 0; i < count && i < WARNINGS_MAX; i++) {
		ctl_cleanup_buffer struct ctl_buffer text = { 0 };

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
