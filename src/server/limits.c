/* SPDX-License-Identifier: MIT */
/* The defaults and bounds of the limits. Limits of the protocol itself cannot be set. */
#include "config.h"

#include "server/limits.h"

#include "core/text.h"
#include "wire/request_decode.h"
#include "wire/size.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)

static const struct {
	const char *name;
	uint64_t default_value;
	uint64_t min;
	uint64_t max;
} rows[] = {
	[GPALD_LIMIT_REQUEST_LINE_BYTES] = { "request_line_bytes", 1 * MIB, 1 * KIB, 64 * MIB },
	[GPALD_LIMIT_REPLY_BYTES] = { "reply_bytes", 16 * MIB, 64 * KIB, 64 * MIB },
	[GPALD_LIMIT_CONNECTIONS] = { "connections", 1024, 1, 65536 },
	[GPALD_LIMIT_INSPECT_CONNECTIONS] = { "inspect_connections", 256, 1, 65536 },
	[GPALD_LIMIT_CONNECTIONS_PER_UID] = { "connections_per_uid", 256, 1, 65536 },
	[GPALD_LIMIT_CONNECTIONS_FOR_ROOT] = { "connections_for_root", 16, 0, 65536 },
	[GPALD_LIMIT_QUEUED_REQUESTS] = { "queued_requests", 64, 1, 65536 },
	[GPALD_LIMIT_OUTPUT_PAUSE_BYTES] = { "output_pause_bytes", 1 * MIB, 1 * KIB, 64 * MIB },
	[GPALD_LIMIT_OUTPUT_CLOSE_BYTES] = { "output_close_bytes", 32 * MIB, 4 * KIB, 256 * MIB },
	[GPALD_LIMIT_OUTPUT_USER_BYTES] = { "output_user_bytes", 128 * MIB, 1 * KIB, 1024 * MIB },
	[GPALD_LIMIT_OUTPUT_STALL_MS] = { "output_stall_ms", 30000, 100, 3600000 },
	[GPALD_LIMIT_UNFINISHED_LINE_MS] = { "unfinished_line_ms", 10000, 100, 3600000 },
	[GPALD_LIMIT_INSPECT_IDLE_MS] = { "inspect_idle_ms", 600000, 100, 86400000 },
	[GPALD_LIMIT_VIRTIO_MMIO_SLOTS] = { "virtio_mmio_slots", GPALD_VIRTIO_MMIO_SLOTS_MAX,
					    GPALD_VIRTIO_MMIO_SLOTS_MAX,
					    GPALD_VIRTIO_MMIO_SLOTS_MAX },
	[GPALD_LIMIT_MEMORY_NODES] = { "memory_nodes", GPALD_MEMORY_NODES_MAX,
				       GPALD_MEMORY_NODES_MAX, GPALD_MEMORY_NODES_MAX },
	[GPALD_LIMIT_ROOT_COMPLEXES] = { "root_complexes", GPALD_ROOT_COMPLEXES_MAX,
					 GPALD_ROOT_COMPLEXES_MAX, GPALD_ROOT_COMPLEXES_MAX },
	[GPALD_LIMIT_HOTPLUG_ROOMS] = { "hotplug_rooms", GPALD_HOTPLUG_ROOMS_MAX,
					GPALD_HOTPLUG_ROOMS_MAX, GPALD_HOTPLUG_ROOMS_MAX },
	[GPALD_LIMIT_CXL_WINDOWS] = { "cxl_windows", GPALD_CXL_WINDOWS_MAX, GPALD_CXL_WINDOWS_MAX,
				      GPALD_CXL_WINDOWS_MAX },
	[GPALD_LIMIT_WINDOW_DEVICES] = { "window_devices", GPAL_DEVICES_MAX, GPAL_DEVICES_MAX,
					 GPAL_DEVICES_MAX },
	[GPALD_LIMIT_LIVE_LAYOUTS] = { "live_layouts", 131072, 1, 1048576 },
	[GPALD_LIMIT_LIVE_LAYOUTS_PER_UID] = { "live_layouts_per_uid", 0, 0, 1048576 },
	[GPALD_LIMIT_LIST_PAGE] = { "list_page", 1000, 1, 10000 },
	[GPALD_LIMIT_EVENTS_KEPT] = { "events_kept", 4096, 1, 1048576 },
	[GPALD_LIMIT_STORE_BYTES] = { "store_bytes", 4096 * MIB, 64 * KIB, 1048576 * MIB },
	[GPALD_LIMIT_STORE_BYTES_PER_UID] = { "store_bytes_per_uid", 0, 0, 1048576 * MIB },
	[GPALD_LIMIT_DRAIN_MS] = { "drain_ms", 5000, 100, 3600000 },
};

static_assert(sizeof(rows) / sizeof(rows[0]) == GPALD_LIMIT_COUNT, "each limit has a row");

void gpald_limits_init(struct gpald_limits *limits)
{
	for (int i = 0; i < GPALD_LIMIT_COUNT; i++)
		limits->values[i] = rows[i].default_value;
}

const char *gpald_limit_name(enum gpald_limit limit)
{
	return rows[limit].name;
}

static bool has_bytes(const char *name)
{
	return strstr(name, "_bytes");
}

#define BOUND_SIZE 32

/* Writes a bound in the largest unit of which it is a multiple, as the option takes it. */
static void format_bound(const char *name, uint64_t value, char text[BOUND_SIZE])
{
	static const char *const units[] = { "", "KiB", "MiB", "GiB", "TiB", NULL };
	size_t unit = 0;

	while (has_bytes(name) && value && value % KIB == 0 && units[unit + 1]) {
		value /= KIB;
		unit++;
	}
	snprintf(text, BOUND_SIZE, "%" PRIu64 "%s", value, units[unit]);
}

const char *gpald_limits_set(struct gpald_limits *limits, const char *assignment,
			     enum gpald_limit *which)
{
	static char wrong[1024];
	const char *equals = strchr(assignment, '=');
	enum gpald_size_result parsed;
	char min[BOUND_SIZE], max[BOUND_SIZE];
	uint64_t value;

	if (!equals)
		return "expected NAME=VALUE";
	if (strpbrk(assignment, " \t"))
		return "expected NAME=VALUE without spaces";
	for (int i = 0; i < GPALD_LIMIT_COUNT; i++) {
		const size_t length = (size_t)(equals - assignment);

		if (strlen(rows[i].name) != length ||
		    strncmp(rows[i].name, assignment, length) != 0)
			continue;
		if (rows[i].min == rows[i].max)
			return "this limit is part of the protocol and cannot be set";
		parsed = gpald_size_parse(equals + 1, &value);
		if (parsed == GPALD_SIZE_MALFORMED)
			return has_bytes(rows[i].name) ?
				       "the value is not a number or a size such as 64KiB" :
				       "the value is not a number";
		if (parsed == GPALD_SIZE_OVERFLOW || value < rows[i].min || value > rows[i].max) {
			format_bound(rows[i].name, rows[i].min, min);
			format_bound(rows[i].name, rows[i].max, max);
			snprintf(wrong, sizeof(wrong),
				 "the value is out of range: expected %s to %s", min, max);
			return wrong;
		}
		limits->values[i] = value;
		*which = (enum gpald_limit)i;
		return NULL;
	}
	strcpy(wrong, "no such limit; the limits are:");
	for (int i = 0; i < GPALD_LIMIT_COUNT; i++)
		if (rows[i].min != rows[i].max)
			gpald_append_name(wrong, sizeof(wrong), " ", rows[i].name);
	return wrong;
}
