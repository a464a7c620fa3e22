/* SPDX-License-Identifier: MIT */
/* Computes sums and maxima. Nothing here can fail. */
#include "config.h"

#include "core/measures.h"

static void raise_end(uint64_t *highest, struct gpal_range range)
{
	if (range.end > *highest)
		*highest = range.end;
}

struct gpald_measures gpald_measure_layout(const struct gpal_layout *layout)
{
	struct gpald_measures measures = {
		.top = layout->map.entries[layout->map.count - 1].range.end,
	};

	for (size_t i = 0; i < layout->ram_count; i++) {
		measures.ram_size += gpal_range_size(layout->ram[i].range);
		raise_end(&measures.end_of_ram, layout->ram[i].range);
	}
	measures.end_of_layout = measures.end_of_ram;
	raise_end(&measures.end_of_layout, layout->chipset_low_mmio);
	raise_end(&measures.end_of_layout, layout->chipset_high_mmio);
	raise_end(&measures.end_of_layout, layout->vtl2_chipset_mmio);
	for (size_t i = 0; i < layout->hotplug_room_count; i++)
		raise_end(&measures.end_of_layout, layout->hotplug_rooms[i].range);
	for (size_t i = 0; i < layout->root_complex_count; i++) {
		const struct gpal_layout_root_complex *rc = &layout->root_complexes[i];

		raise_end(&measures.end_of_layout, rc->ecam);
		raise_end(&measures.end_of_layout, rc->low_mmio);
		raise_end(&measures.end_of_layout, rc->high_mmio);
	}
	measures.required_address_bits =
		64 - (unsigned int)__builtin_clzll((unsigned long long)(measures.top - 1)) +
		layout->has_vtl2_alias_map;
	return measures;
}
