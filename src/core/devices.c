/* SPDX-License-Identifier: MIT */
/*
 * Each device is below a port of its own. The window of the port holds the BARs of the device and
 * of its virtual functions, and the window of the root complex holds the windows of the ports.
 *
 * Sources: PCI-to-PCI Bridge Architecture Specification, for the unit of bridge windows; PCI
 * Express Base Specification, SR-IOV, for BARs of virtual functions, which lie one after another.
 */
#include "config.h"

#include "core/devices.h"

#include "core/checked.h"

#include <gpalayout/layout.h>
#include <stdlib.h>

/* The window of a port. */
struct port {
	uint64_t alignment;
	uint64_t size;
	size_t index;
};

/*
 * Adds the BARs of a device, each `copies` times. The copies of a BAR are a block whose size is a
 * multiple of its alignment, so blocks in descending order of alignment leave no gaps. Returns
 * false if the size of the window is 2^64 or more.
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

/* Orders ports by descending alignment and size; equal ones stay in the order of the request. */
static int compare_ports(const void *x, const void *y)
{
	const struct port *a = x, *b = y;

	if (a->alignment != b->alignment)
		return a->alignment > b->alignment ? -1 : 1;
	if (a->size != b->size)
		return a->size > b->size ? -1 : 1;
	return a->index < b->index ? -1 : 1;
}

bool gpald_size_devices_window(const struct gpal_window *window, uint64_t usual, uint64_t *size,
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

uint64_t gpal_largest_bar(struct gpal_range window)
{
	const uint64_t size = gpal_range_size(window);
	uint64_t bar, start;

	if (size == 0)
		return 0;
	/* The largest power of two up to the size fits, or half of it does. */
	bar = UINT64_C(1) << (63 - __builtin_clzll((unsigned long long)size));
	while (!gpald_align_up(window.start, bar, &start) || start > window.end ||
	       window.end - start < bar)
		bar /= 2;
	return bar;
}
