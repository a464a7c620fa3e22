/* SPDX-License-Identifier: MIT */
/*
 * The checks of a request. Their order is part of the contract: if there are several faults, every
 * front end gets the first one in this order.
 */
#include "config.h"

#include "core/request_checks.h"

#include "core/checked.h"
#include "core/error.h"
#include "core/holes.h"
#include "core/size_text.h"

#include <inttypes.h>

static int check_nodes(const struct gpal_request *request, struct gpal_error *error)
{
	uint64_t total = 0;

	if (request->node_count == 0)
		return gpald_fail(error, GPAL_E_INVALID_MEMORY, GPAL_SUBJECT_MEMORY_NODES, 0,
				  "there are no NUMA nodes; a VM needs at least one");
	for (size_t i = 0; i < request->node_count; i++)
		if (!gpald_add(total, request->nodes[i], &total))
			return gpald_fail(
				error, GPAL_E_INVALID_MEMORY, GPAL_SUBJECT_MEMORY_NODE, i,
				"the sizes of nodes 0 to %zu add up to 2^64 bytes or more", i);
	if (total == 0)
		return gpald_fail(error, GPAL_E_INVALID_MEMORY, GPAL_SUBJECT_MEMORY_NODES, 0,
				  "all nodes have size 0; a VM needs RAM");
	for (size_t i = 0; i < request->node_count; i++)
		if (request->nodes[i] % GPAL_PAGE_SIZE != 0)
			return gpald_fail(error, GPAL_E_INVALID_MEMORY, GPAL_SUBJECT_MEMORY_NODE, i,
					  "the size of node %zu, %s, is not a multiple of 4096", i,
					  gpald_exact_size_text(request->nodes[i]).text);
	return GPAL_OK;
}

static int check_hole_archs(const struct gpal_request *request, struct gpal_error *error)
{
	for (size_t i = 0; i < request->host_hole_count; i++) {
		const struct gpald_hole_row *hole = gpald_hole_find(request->host_holes[i]);

		if (hole->arch != request->arch)
			return gpald_fail(error, GPAL_E_OUT_OF_RANGE, GPAL_SUBJECT_HOST_HOLE, i,
					  "%s is a hole of %s hosts, not of %s hosts", hole->name,
					  gpal_arch_name(hole->arch),
					  gpal_arch_name(request->arch));
	}
	return GPAL_OK;
}

static int check_room_nodes(const struct gpal_request *request, struct gpal_error *error)
{
	for (size_t i = 0; i < request->hotplug_room_count; i++) {
		const struct gpal_hotplug_room *room = &request->hotplug_rooms[i];

		if (room->node >= request->node_count)
			return gpald_fail(
				error, GPAL_E_NODE_OUT_OF_RANGE, GPAL_SUBJECT_HOTPLUG_NODE, i,
				"hotplug-%zu: node %" PRIu32 " does not exist; the last one is %zu",
				i, room->node, request->node_count - 1);
	}
	return GPAL_OK;
}

static int check_memory_start(const struct gpal_request *request, struct gpal_error *error)
{
	const struct gpal_optional start = request->memory_start;

	if (start.set && start.value % GPAL_PAGE_SIZE != 0)
		return gpald_fail(error, GPAL_E_INVALID_MEMORY, GPAL_SUBJECT_MEMORY_START, 0,
				  "RAM start 0x%" PRIx64 " is not a multiple of 4096", start.value);
	return GPAL_OK;
}

/*
 * Returns the size of the policy's low RAM window, but at most the size of node 0 rounded down to a
 * multiple of 2 MiB; 0 if the window does not end below the other RAM. A window that the request
 * states is never reduced.
 */
static uint64_t default_low_ram_window(const struct gpald_resolution *r)
{
	const uint64_t node = gpald_align_down(r->request->nodes[0], GPALD_LOW_RAM_WINDOW_UNIT);
	const uint64_t window = r->defaults->memory_low_window[r->request->arch];

	return window >= gpald_memory_start(r) ? 0 : window < node ? window : node;
}

/* Checks the low RAM window of the request, and sets r->low_ram_window to the size that applies. */
static int check_low_ram_window(struct gpald_resolution *r)
{
	const struct gpal_request *request = r->request;
	const uint64_t size = request->memory_low_window;
	const uint64_t start = gpald_memory_start(r);

	if (size % GPALD_LOW_RAM_WINDOW_UNIT != 0)
		return gpald_fail(r->error, GPAL_E_INVALID_MEMORY, GPAL_SUBJECT_MEMORY_LOW_WINDOW,
				  0, "a low RAM window of %s is not a multiple of 2 MiB",
				  gpald_exact_size_text(size).text);
	if (size > request->nodes[0])
		return gpald_fail(r->error, GPAL_E_INVALID_MEMORY, GPAL_SUBJECT_MEMORY_LOW_WINDOW,
				  0, "a low RAM window of %s is larger than node 0, which has %s",
				  gpald_exact_size_text(size).text,
				  gpald_exact_size_text(request->nodes[0]).text);
	if (size > 0 && size >= start)
		return gpald_fail(
			r->error, GPAL_E_INVALID_MEMORY, GPAL_SUBJECT_MEMORY_LOW_WINDOW, 0,
			"a low RAM window of %s does not end below the start of the other "
			"RAM, 0x%" PRIx64,
			gpald_exact_size_text(size).text, start);
	r->low_ram_window = size > 0 ? size : default_low_ram_window(r);
	return GPAL_OK;
}

int gpald_check_request(struct gpald_resolution *r)
{
	const struct gpal_request *request = r->request;
	struct gpal_error *error = r->error;
	int code;

	if ((code = gpald_check_values(request, error)) || (code = check_nodes(request, error)) ||
	    (code = gpald_check_root_complex_names(r)) || (code = gpald_check_reserved_names(r)) ||
	    (code = check_hole_archs(request, error)) || (code = gpald_check_cxl_window_names(r)) ||
	    (code = gpald_check_bus_ranges(request, error)) ||
	    (code = gpald_check_bus_overlaps(r)) || (code = gpald_check_iommus(request, error)) ||
	    (code = gpald_check_hdm(request, error)) || (code = gpald_check_cxl_windows(r)) ||
	    (code = gpald_check_rc_nodes(request, error)) ||
	    (code = check_room_nodes(request, error)) ||
	    (code = check_memory_start(request, error)) || (code = check_low_ram_window(r)))
		return code;
	return gpald_check_windows(request, error);
}
