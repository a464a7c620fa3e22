/* SPDX-License-Identifier: MIT */
/* The sizes and ends of a layout, computed from its ranges. */
#ifndef GPALD_CORE_MEASURES_H
#define GPALD_CORE_MEASURES_H

#include <gpalayout/layout.h>
#include <gpalayout/range.h>
#include <stdint.h>

/* The members of struct gpal_layout with the same names. */
struct gpald_measures {
	uint64_t ram_size;
	uint64_t end_of_ram;
	uint64_t end_of_layout;
	uint64_t top;
	unsigned int required_address_bits;
};

/* Returns the measures of a layout, whose map must not be empty. */
struct gpald_measures gpald_measure_layout(const struct gpal_layout *layout);

/*
 * Returns the configuration space (ECAM) of the buses from start_bus to end_bus. Its ends wrap if
 * they are not in the address space. Source: PCI Express Base Specification 6.0, 7.2.2.
 */
static inline struct gpal_range gpald_ecam_range(uint64_t bus0_base, uint8_t start_bus,
						 uint8_t end_bus)
{
	return (struct gpal_range){
		.start = bus0_base + start_bus * GPAL_ECAM_BYTES_PER_BUS,
		.end = bus0_base + (end_bus + 1u) * GPAL_ECAM_BYTES_PER_BUS,
	};
}

#endif
