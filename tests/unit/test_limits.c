/* SPDX-License-Identifier: MIT */
/* The default of each limit of the daemon, and its bounds, written a second time. */
#include "config.h"

#include "server/limits.h"
#include "tests/unit/suite.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define KIB UINT64_C(1024)
#define MIB UINT64_C(1048576)
#define GIB UINT64_C(1073741824)

/* In the order of daemon.info. A limit with equal bounds is fixed by the protocol. */
static const struct {
	const char *name;
	uint64_t standard, least, greatest;
} limits[] = {
	{ "request_line_bytes", MIB, KIB, 64 * MIB },
	{ "reply_bytes", 16 * MIB, 64 * KIB, 64 * MIB },
	{ "connections", 1024, 1, 65536 },
	{ "inspect_connections", 256, 1, 65536 },
	{ "connections_per_uid", 256, 1, 65536 },
	{ "connections_for_root", 16, 0, 65536 },
	{ "queued_requests", 64, 1, 65536 },
	{ "output_pause_bytes", MIB, KIB, 64 * MIB },
	{ "output_close_bytes", 32 * MIB, 4 * KIB, 256 * MIB },
	{ "output_user_bytes", 128 * MIB, KIB, GIB },
	{ "output_stall_ms", 30000, 100, 3600000 },
	{ "unfinished_line_ms", 10000, 100, 3600000 },
	{ "inspect_idle_ms", 600000, 100, 86400000 },
	{ "virtio_mmio_slots", 4096, 4096, 4096 },
	{ "memory_nodes", 1024, 1024, 1024 },
	{ "root_complexes", 4096, 4096, 4096 },
	{ "hotplug_rooms", 1024, 1024, 1024 },
	{ "cxl_windows", 256, 256, 256 },
	{ "window_devices", 256, 256, 256 },
	{ "live_layouts", 131072, 1, 1048576 },
	{ "live_layouts_per_uid", 0, 0, 1048576 },
	{ "list_page", 1000, 1, 10000 },
	{ "events_kept", 4096, 1, 1048576 },
	{ "store_bytes", 4 * GIB, 64 * KIB, 1024 * GIB },
	{ "store_bytes_per_uid", 0, 0, 1024 * GIB },
	{ "drain_ms", 5000, 100, 3600000 },
};

static_assert(COUNT_OF(limits) == GPALD_LIMIT_COUNT, "every limit");

/* Sets limit `which`, and returns what is wrong with the value. */
static const char *set(struct gpald_limits *limits_set, int which, uint64_t value)
{
	enum gpald_limit found = GPALD_LIMIT_COUNT;
	char assignment[64];
	const char *wrong;

	snprintf(assignment, sizeof(assignment), "%s=%" PRIu64, limits[which].name, value);
	wrong = gpald_limits_set(limits_set, assignment, &found);
	if (!wrong)
		ck_assert_int_eq(found, which);
	return wrong;
}

START_TEST(a_limit_can_be_set_within_its_bounds)
{
	const char *name = limits[_i].name;
	const uint64_t standard = limits[_i].standard, least = limits[_i].least,
		       greatest = limits[_i].greatest;
	struct gpald_limits found;

	gpald_limits_init(&found);
	ck_assert_str_eq(gpald_limit_name((enum gpald_limit)_i), name);
	ck_assert_uint_eq(found.values[_i], standard);
	if (least == greatest) {
		ck_assert_ptr_nonnull(strstr(set(&found, _i, standard), "part of the protocol"));
		return;
	}
	ck_assert_ptr_nonnull(strstr(set(&found, _i, greatest + 1), "out of range"));
	if (least > 0)
		ck_assert_ptr_nonnull(strstr(set(&found, _i, least - 1), "out of range"));
	ck_assert_uint_eq(found.values[_i], standard);
	ck_assert_ptr_null(set(&found, _i, least));
	ck_assert_uint_eq(found.values[_i], least);
	ck_assert_ptr_null(set(&found, _i, greatest));
	ck_assert_uint_eq(found.values[_i], greatest);
	found.values[_i] = standard;
	for (int i = 0; i < GPALD_LIMIT_COUNT; i++)
		ck_assert_uint_eq(found.values[i], limits[i].standard);
}
END_TEST

START_TEST(bad_assignments_are_refused)
{
	static const struct {
		const char *assignment, *words;
	} rows[] = {
		{ "connections", "NAME=VALUE" },      { "=1", "no such limit" },
		{ "connection=1", "no such limit" },  { "connections_=1", "no such limit" },
		{ "Connections=1", "no such limit" }, { "connections=", "not a number" },
		{ "connections=x", "not a number" },  { "connections==2", "not a number" },
	};
	enum gpald_limit which;
	struct gpald_limits found;

	gpald_limits_init(&found);
	for (int i = 0; i < COUNT_OF(rows); i++) {
		const char *problem = gpald_limits_set(&found, rows[i].assignment, &which);

		ck_assert_msg(problem && strstr(problem, rows[i].words), "%s: %s",
			      rows[i].assignment, problem ? problem : "accepted");
	}
	ck_assert_uint_eq(found.values[GPALD_LIMIT_CONNECTIONS], 1024);
	ck_assert_ptr_null(gpald_limits_set(&found, "connections=4K", &which));
	ck_assert_uint_eq(found.values[GPALD_LIMIT_CONNECTIONS], 4096);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("limits");

	add_rows(suite, "limits", a_limit_can_be_set_within_its_bounds, COUNT_OF(limits));
	add_test(suite, "limits", bad_assignments_are_refused);
	return run_suite(suite);
}
