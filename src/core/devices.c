/* SPDX-License-Identifier: MIT */
/*
 * Each device sits behind a port of its own, whose window holds the BARs of the device and
 * of its virtual functions; the ports' windows lie in the window of the root complex. The
 * units are those of bridges in the PCI-to-PCI Bridge Architecture Specification, and the
 * BARs of virtual functions lie together as the SR-IOV chapter of the PCI Express Base
 * Specification lays them out.
 */
#include "config.h"

#include "core/devices.h"

#include "core/checked.h"

#include <stdlib.h>

/* The window of a port. */
struct port {
	uint64_t alignment;
	uint64_t size;
	size_t index;
};

/*
 * A block is as large as its alignment, or several times that, so blocks from large to small
 * leave no gaps.
 */
static bool add_bars(struct port *port, const uint64_t *bars, size_t count, uint32_t copies)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t block;

		if (__builtin_mul_overflow(bars[i], copies, &block) ||
		    !gpald_add(port->size, block, &port->size))
			return false;
		if (bars[i] > port->alignment)
			port->alignment = bars[i];
	}
	return true;
}

static bool make_port(const struct gpal_device *device, size_t index, struct port *port)
{
	*port = (struct port){ .alignment = GPALD_BRIDGE_WINDOW_UNIT, .index = index };
	return add_bars(port, device->bars, device->bar_count, 1) &&
	       (!device->has_sriov ||
		add_bars(port, device->vf_bars, device->vf_bar_count, device->vfs)) &&
	       gpald_align_up(port->size, GPALD_BRIDGE_WINDOW_UNIT, &port->size);
}

/* From the coarsest alignment and the largest size down; of equals in the given order. */
static int compare_ports(const void *x, const void *y)
{
	const struct port *a = x, *b = y;

	if (a->alignment != b->alignment)
		return a->alignment > b->alignment ? -1 : 1;
	if (a->size != b->size)
		return a->size > b->size ? -1 : 1;
	return a->index < b->index ? -1 : 1;
}

bool gpald_devices_window(const struct gpal_window *window, uint64_t usual, uint64_t *size,
			  uint64_t *alignment)
{
	struct port ports[GPAL_DEVICES_MAX];
	uint64_t end = 0;

	for (size_t i = 0; i < window->device_count; i++)
		if (!make_port(&window->devices[i], i, &ports[i]))
			return false;
	qsort(ports, window->device_count, sizeof(ports[0]), compare_ports);
	for (size_t i = 0; i < window->device_count; i++)
		if (!gpald_align_up(end, ports[i].alignment, &end) ||
		    !gpald_add(end, ports[i].size, &end))
			return false;
	*alignment = ports[0].alignment > usual ? ports[0].alignment : usual;
	return gpald_align_up(end, usual, size);
}
