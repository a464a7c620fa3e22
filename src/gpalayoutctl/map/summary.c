/* SPDX-License-Identifier: MIT */
/* What is said of a layout as a whole. */
#include "config.h"

#include "gpalayoutctl/map/summary.h"

#include "core/domains.h"
#include "gpalayoutctl/map/cells.h"
#include "gpalayoutctl/map/number_text.h"

#include <inttypes.h>

#define WARNINGS_MAX 3
#define WARNING_LINES_MAX 2

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

void ctl_map_append_warnings(struct ctl_buffer *out, const struct gpal_layout *layout,
			     const char *before, size_t room, bool ascii)
{
	const size_t shown = layout->warning_count < WARNINGS_MAX ? layout->warning_count :
								    WARNINGS_MAX;
	const size_t more = layout->warning_count - shown;

	for (size_t i = 0; i < shown; i++) {
		ctl_cleanup_buffer struct ctl_buffer text = { 0 };

		ctl_buffer_puts(&text, before);
		ctl_name_append(&text, layout->warnings[i].tag, ascii);
		ctl_buffer_puts(&text, ": ");
		ctl_name_append(&text, layout->warnings[i].message, ascii);
		ctl_wrap_append(out, text.data, room, WARNING_LINES_MAX, ascii ? "..." : "…");
	}
	if (more)
		ctl_buffer_printf(out, "and %zu more warning%s\n", more, more == 1 ? "" : "s");
}
