/* SPDX-License-Identifier: MIT */
/*
 * Computes the size of a window for devices in the naive way: it adds up the blocks of each port,
 * and lays out the ports one after the other. The sums have 128 bits, so that none overflows.
 */
#include "oracle.h"

#include <stdio.h>
#include <stdlib.h>

#define MIB UINT64_C(0x100000)

/* The size and alignment that the device behind a port needs. */
struct port {
	unsigned __int128 size;
	uint64_t alignment;
	bool done; /* has its place */
};

bool oracle_has_valid_counts(const struct gpal_window *window)
{
	if (window->device_count < 1 || window->device_count > 256)
		return false;
	for (size_t i = 0; i < window->device_count; i++) {
		const struct gpal_device *device = &window->devices[i];

		if (device->bar_count < 1 || device->bar_count > 6)
			return false;
		if (device->has_sriov && (device->vfs < 1 || device->vfs > 256 ||
					  device->vf_bar_count < 1 || device->vf_bar_count > 6))
			return false;
	}
	return true;
}

static bool is_bar(uint64_t size)
{
	for (unsigned int bit = 12; bit < 64; bit++) {
		if (size == UINT64_C(1) << bit)
			return true;
	}
	return false;
}

bool oracle_finds_bad_bar(const struct gpal_window *window, struct gpal_error *error)
{
	for (size_t d = 0; d < window->device_count; d++) {
		const struct gpal_device *device = &window->devices[d];

		for (size_t b = 0; b < device->bar_count; b++) {
			if (is_bar(device->bars[b]))
				continue;
			error->size = device->bars[b];
			snprintf(error->part, sizeof(error->part), "/devices/%zu/bars/%zu", d, b);
			return true;
		}
		for (size_t b = 0; device->has_sriov && b < device->vf_bar_count; b++) {
			if (is_bar(device->vf_bars[b]))
				continue;
			error->size = device->vf_bars[b];
			snprintf(error->part, sizeof(error->part), "/devices/%zu/sriov/bars/%zu", d,
				 b);
			return true;
		}
	}
	return false;
}

static unsigned __int128 align_up(unsigned __int128 value, uint64_t alignment)
{
	return value % alignment ? value - value % alignment + alignment : value;
}

/* Blocks in the order of their alignment leave no gaps, so the plain sum is right. */
static struct port measure(const struct gpal_device *device)
{
	struct port port = { .alignment = MIB };

	for (size_t i = 0; i < device->bar_count; i++) {
		port.size += device->bars[i];
		if (device->bars[i] > port.alignment)
			port.alignment = device->bars[i];
	}
	for (size_t i = 0; device->has_sriov && i < device->vf_bar_count; i++) {
		port.size += (unsigned __int128)device->vfs * device->vf_bars[i];
		if (device->vf_bars[i] > port.alignment)
			port.alignment = device->vf_bars[i];
	}
	port.size = align_up(port.size, MIB);
	return port;
}

/*
 * Returns the next port without a place: the greatest alignment, then the greatest size, then the
 * first.
 */
static struct port *next_port(struct port *ports, size_t count)
{
	struct port *best = NULL;

	for (size_t i = 0; i < count; i++) {
		struct port *port = &ports[i];

		if (port->done)
			continue;
		if (!best || port->alignment > best->alignment ||
		    (port->alignment == best->alignment && port->size > best->size))
			best = port;
	}
	return best;
}

bool oracle_size_devices(const struct gpal_window *window, uint64_t usual, uint64_t *size,
			 uint64_t *alignment)
{
	struct port *ports = oracle_zalloc(window->device_count, sizeof(*ports));
	struct port *port;
	unsigned __int128 end = 0;

	*alignment = usual;
	for (size_t i = 0; i < window->device_count; i++)
		ports[i] = measure(&window->devices[i]);
	while ((port = next_port(ports, window->device_count)) != NULL) {
		end = align_up(end, port->alignment) + port->size;
		if (port->alignment > *alignment)
			*alignment = port->alignment;
		port->done = true;
	}
	free(ports);
	end = align_up(end, usual);
	*size = (uint64_t)end;
	return end >> 64 == 0;
}
