/* SPDX-License-Identifier: MIT */
/* What is said of a layout as a whole. */
#include "config.h"

#include "gpalayoutctl/map/summary.h"

#include "core/domains.h"
#include "gpalayoutctl/map/cells.h"
#include "gpalayoutctl/map/number_text.h"

#include <inttypes.h>
#include <string.h>

#define WARNINGS_MAX 3
#define WARNING_LINES_MAX 2
#define INDENT 2

void ctl_map_append_origin(struct ctl_buffer *out, const struct ctl_map *map)
{
	const struct gpal_layout *layout = map->layout;

	ctl_buffer_printf(out, "%s, %s, policy %s", gpal_arch_name(layout->arch),
			  gpal_profile_name(layout->profile), layout->policy_name);
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

void ctl_map_append_content(struct ctl_buffer *out, const struct gpal_layout *layout)
{
	const size_t nodes = node_count(layout);
	const size_t root_complexes = layout->root_complex_count;

	ctl_short_size_append(out, layout->ram_size);
	ctl_buffer_printf(out, " of RAM in %zu node%s, ", nodes, nodes == 1 ? "" : "s");
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

void ctl_map_append_bits(struct ctl_buffer *out, const struct ctl_map *map, const char *without)
{
	const unsigned int needed = map->layout->required_address_bits;
	const unsigned int host = map->request->host_physical_address_bits;

	if (host)
		ctl_buffer_printf(out, "%u of %u address bits", needed, host);
	else
		ctl_buffer_printf(out, "%s%u address bits", without, needed);
}

void ctl_map_each_warning_line(const struct gpal_layout *layout, const char *before, size_t room,
			       bool ascii, void *context,
			       void (*line)(void *context, const char *text, bool continued))
{
	const char *ellipsis = ascii ? "..." : "…";
	const size_t shown = layout->warning_count < WARNINGS_MAX ? layout->warning_count :
								    WARNINGS_MAX;

	for (size_t i = 0; i < shown; i++) {
		const struct gpal_warning *warning = &layout->warnings[i];
		ctl_cleanup_buffer struct ctl_buffer text = { 0 };
		const char *rest;

		ctl_buffer_puts(&text, before);
		ctl_name_append(&text, warning->tag, ascii);
		ctl_buffer_puts(&text, ": ");
		ctl_name_append(&text, warning->message, ascii);
		rest = text.data;
		for (int lines = 1; *rest && lines <= WARNING_LINES_MAX; lines++) {
			ctl_cleanup_buffer struct ctl_buffer cut = { 0 };
			const size_t width = lines > 1 ? room - INDENT : room;
			const char *start = rest;
			size_t length = ctl_line_cut(&rest, width);

			if (lines == WARNING_LINES_MAX && *rest) {
				rest = start;
				length = ctl_line_cut(&rest, width - ctl_cells(ellipsis));
			}
			ctl_buffer_append(&cut, start, length);
			if (lines == WARNING_LINES_MAX && *rest)
				ctl_buffer_puts(&cut, ellipsis);
			line(context, cut.data, lines > 1);
		}
	}
	if (layout->warning_count > shown) {
		ctl_cleanup_buffer struct ctl_buffer more = { 0 };
		const size_t count = layout->warning_count - shown;

		ctl_buffer_printf(&more, "and %zu more warning%s", count, count == 1 ? "" : "s");
		line(context, more.data, false);
	}
}
