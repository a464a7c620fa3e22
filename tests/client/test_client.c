/* SPDX-License-Identifier: MIT */
/* Tests the client library with a real daemon. Its results must be those of libgpalayout. */
#include "config.h"

#include "tests/client/daemon.h"
#include "tests/unit/records.h"
#include "tests/unit/vm.h"

#include <errno.h>
#include <gpalayout/client.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct daemon daemon_here;
static struct gpal_client *client;
static struct gpal_client_error error;

static void set_up(void)
{
	daemon_prepare(&daemon_here);
	daemon_start(&daemon_here, NULL);
	ck_assert_int_eq(gpal_client_connect(daemon_here.control, &client, &error), 0);
	gpal_client_set_timeout(client, 60000);
}

static void tear_down(void)
{
	gpal_client_close(client);
	client = NULL;
	daemon_remove(&daemon_here);
}

#define OK(call) ck_assert_msg((call) == 0, "%s", error.message)

static void assert_refused(int code, const char *reason)
{
	ck_assert_msg(code == GPAL_E_REFUSED, "%s", gpal_client_code_token(code));
	ck_assert_int_eq(error.code, GPAL_E_REFUSED);
	ck_assert_str_eq(error.reason, reason);
	ck_assert_str_ne(error.message, "");
}

/* Compares the maps of two layouts by their digests, and some of the other members. */
static void assert_same_layout(const struct gpal_layout *a, const struct gpal_layout *b)
{
	char digest_a[GPAL_DIGEST_SIZE], digest_b[GPAL_DIGEST_SIZE];

	gpal_layout_digest(a, digest_a);
	gpal_layout_digest(b, digest_b);
	ck_assert_str_eq(digest_a, digest_b);
	ck_assert_int_eq(a->arch, b->arch);
	ck_assert_ptr_eq(a->policy, b->policy);
	ck_assert_str_eq(a->policy_name, b->policy_name);
	ck_assert_int_eq(a->profile, b->profile);
	ck_assert_uint_eq(a->ram_count, b->ram_count);
	ck_assert_uint_eq(a->segment_count, b->segment_count);
	ck_assert_uint_eq(a->root_complex_count, b->root_complex_count);
	for (size_t i = 0; i < a->root_complex_count; i++) {
		ck_assert_str_eq(a->root_complexes[i].name, b->root_complexes[i].name);
		ck_assert_uint_eq(a->root_complexes[i].ecam.start, b->root_complexes[i].ecam.start);
		ck_assert_uint_eq(a->root_complexes[i].cxl_chbcr.end,
				  b->root_complexes[i].cxl_chbcr.end);
		ck_assert_int_eq(a->root_complexes[i].has_node, b->root_complexes[i].has_node);
	}
	ck_assert_uint_eq(a->virtio_mmio_slots, b->virtio_mmio_slots);
	ck_assert_int_eq(a->iommu, b->iommu);
	ck_assert_uint_eq(a->iommu_count, b->iommu_count);
	ck_assert_uint_eq(a->vtl2_memory.start, b->vtl2_memory.start);
	ck_assert_uint_eq(a->vtl2_framebuffer.end, b->vtl2_framebuffer.end);
	ck_assert_uint_eq(a->ram_size, b->ram_size);
	ck_assert_uint_eq(a->end_of_ram, b->end_of_ram);
	ck_assert_uint_eq(a->end_of_layout, b->end_of_layout);
	ck_assert_uint_eq(a->top, b->top);
	ck_assert_uint_eq(a->required_address_bits, b->required_address_bits);
	ck_assert_uint_eq(a->warning_count, b->warning_count);
	for (size_t i = 0; i < a->warning_count; i++) {
		ck_assert_int_eq(a->warnings[i].reason, b->warnings[i].reason);
		ck_assert_str_eq(a->warnings[i].token, b->warnings[i].token);
		ck_assert_str_eq(a->warnings[i].message, b->warnings[i].message);
	}
}

/* Row 0 is the smallest VM, row 1 is rich_request(). */
static struct gpal_request request_of(int row)
{
	const struct gpal_request small = VM(one_gib);

	return row == 0 ? small : rich_request();
}

START_TEST(a_layout_is_that_of_the_library)
{
	const struct gpal_request request = request_of(_i);
	struct gpal_layout *expected = resolve(&request);
	const struct gpal_layout *layout;

	OK(gpal_client_resolve(client, &request, &layout, &error));
	assert_same_layout(layout, expected);
	gpal_client_free(layout);
	gpal_layout_free(expected);
}
END_TEST

START_TEST(a_refusal_has_the_numbers_of_the_library)
{
	const struct gpal_root_complex rcs[] = {
		{ .name = "a",
		  .has_buses = true,
		  .low_mmio = { .kind = GPAL_WINDOW_SIZE, .size = 3 * GIB } },
		{ .name = "b",
		  .has_buses = true,
		  .segment = 1,
		  .low_mmio = { .kind = GPAL_WINDOW_SIZE, .size = 2 * GIB } },
	};
	const struct gpal_request request = VM(four_gib, WITH_RCS(rcs));
	const struct gpal_error expected = refuse(&request, GPAL_E_EXHAUSTED);
	const struct gpal_layout *layout;

	assert_refused(gpal_client_resolve(client, &request, &layout, &error), "exhausted");
	ck_assert_ptr_null(layout);
	ck_assert_int_eq(error.number, 1);
	ck_assert_str_eq(error.pointer, "/request/pcie/root_complexes/1/low_mmio");
	ck_assert_int_eq(error.core.code, GPAL_E_EXHAUSTED);
	ck_assert_str_eq(error.core.message, expected.message);
	ck_assert_str_eq(error.core.tag, expected.tag);
	ck_assert_uint_eq(error.core.size, expected.size);
	ck_assert_uint_eq(error.core.alignment, expected.alignment);
	ck_assert_int_eq(error.core.phase, expected.phase);
	ck_assert_uint_eq(error.core.free_space, expected.free_space);
	ck_assert_uint_eq(error.core.largest_fit, expected.largest_fit);
	ck_assert_uint_eq(error.core.largest_size, expected.largest_size);
	assert_range(error.core.fit, expected.fit.start, expected.fit.end);
	ck_assert_str_eq(error.core.above.tag, expected.above.tag);
	assert_range(error.core.below.range, expected.below.range.start, expected.below.range.end);
	ck_assert_msg(strstr(gpal_client_line(client), "\"reason\":\"exhausted\""), "%s",
		      gpal_client_line(client));
	/* The connection is still in use, and the line is that of the last answer. */
	OK(gpal_client_resolve(client, &(struct gpal_request)VM(one_gib), &layout, &error));
	ck_assert_msg(strstr(gpal_client_line(client), "\"result\":{\"layout\":{"), "%s",
		      gpal_client_line(client));
	gpal_client_free(layout);
	/* The caller may pass NULL for the error. */
	ck_assert_int_eq(gpal_client_resolve(client, &request, &layout, NULL), GPAL_E_REFUSED);
}
END_TEST

/*
 * Each request has a value that JSON cannot express. The library sends null or false for it, and
 * the daemon must name that member.
 */
START_TEST(values_without_json_are_refused_at_their_member)
{
	const struct gpal_root_complex rcs[][1] = {
		{ { .name = "rc0" } },
		{ { .has_buses = true } },
		{ { .name = "rc0", .has_buses = true, .low_mmio = { .kind = GPAL_WINDOW_COUNT } } },
	};
	const struct gpal_request requests[] = {
		VM(one_gib, WITH_RCS(rcs[0])),
		VM(one_gib, WITH_RCS(rcs[1])),
		VM(one_gib, WITH_RCS(rcs[2])),
		VM(one_gib, .arch = GPAL_ARCH_COUNT),
		VM(one_gib, .profile = GPAL_PROFILE_COUNT),
	};
	static const char *const pointers[] = { "/request/pcie/root_complexes/0/start_bus",
						"/request/pcie/root_complexes/0/name",
						"/request/pcie/root_complexes/0/low_mmio",
						"/request/arch", "/request/profile" };
	const struct gpal_layout *layout;

	assert_refused(gpal_client_resolve(client, &requests[_i], &layout, &error), "wrong_type");
	ck_assert_str_eq(error.pointer, pointers[_i]);
}
END_TEST

START_TEST(a_live_layout_is_made_seen_changed_and_deleted)
{
	const struct gpal_request request = rich_request();
	struct gpal_request larger = request;
	const struct gpal_client_update_options dry = { .dry_run = true,
							.allow = GPAL_ALLOW_MOVES };
	const struct gpal_client_update *update;
	const struct gpal_client_live *made, *live;
	const struct gpal_client_page *page;
	const struct gpal_changes *changes;
	uint64_t generation;

	OK(gpal_client_create(client, "vm-1", &request, &made, &error));
	ck_assert(made->created);
	ck_assert_str_eq(made->name, "vm-1");
	ck_assert_ptr_null(made->request);
	generation = made->generation;

	OK(gpal_client_create(client, "vm-1", &request, &live, &error));
	ck_assert(!live->created);
	ck_assert_uint_eq(live->generation, generation);
	gpal_client_free(live);

	OK(gpal_client_get(client, "vm-1", &live, &error));
	assert_same_layout(live->layout, made->layout);
	ck_assert_uint_eq(live->owner_uid, getuid());
	ck_assert_uint_eq(strlen(live->created_at), strlen("2026-11-22T15:04:05.123Z"));
	ck_assert_str_eq(live->updated_at, live->created_at);
	ck_assert_uint_eq(live->request->node_count, request.node_count);
	ck_assert_uint_eq(live->request->root_complex_count, request.root_complex_count);
	ck_assert_uint_eq(live->request->vtl2_memory_size, request.vtl2_memory_size);

	OK(gpal_client_list(client, NULL, 0, &page, &error));
	ck_assert_uint_eq(page->count, 1);
	ck_assert_str_eq(page->entries[0].name, "vm-1");
	ck_assert_uint_eq(page->entries[0].generation, generation);
	ck_assert_uint_eq(page->entries[0].ram_size, live->layout->ram_size);
	ck_assert_uint_eq(page->entries[0].top, live->layout->top);
	ck_assert_str_eq(page->entries[0].policy_name, live->layout->policy_name);
	ck_assert_uint_eq(page->entries[0].owner_uid, getuid());
	ck_assert_ptr_null(page->next);
	gpal_client_free(page);

	/* Compares the layout with itself: by name and in full. */
	OK(gpal_client_compare(client, &(struct gpal_client_side){ .name = "vm-1" },
			       &(struct gpal_client_side){ .layout = made->layout }, &changes,
			       &error));
	ck_assert(changes->compatible);
	ck_assert_uint_eq(changes->count, 0);
	gpal_client_free(changes);

	larger.virtio_mmio_slots += 4;
	OK(gpal_client_update(client, "vm-1", &larger, &dry, &update, &error));
	ck_assert_uint_eq(update->generation, generation);
	ck_assert_uint_eq(update->layout->virtio_mmio_slots, larger.virtio_mmio_slots);
	ck_assert_uint_gt(update->changes->count, 0);
	gpal_client_free(update);

	larger.root_complex_count--;
	assert_refused(gpal_client_update(client, "vm-1", &larger, NULL, &update, &error),
		       "would_remove");
	ck_assert_ptr_nonnull(update);
	ck_assert_ptr_null(update->layout);
	ck_assert_uint_gt(update->changes->count, 0);
	ck_assert_int_eq(update->changes->changes[0].kind, GPAL_CHANGE_REMOVED);
	gpal_client_free(update);

	OK(gpal_client_update(client, "vm-1", &larger,
			      &(struct gpal_client_update_options){ .generation = generation,
								    .allow = GPAL_ALLOW_REMOVALS |
									     GPAL_ALLOW_MOVES },
			      &update, &error));
	ck_assert_uint_eq(update->generation, generation + 1);
	gpal_client_free(update);

	gpal_client_free(live);
	assert_refused(gpal_client_delete(client, "vm-1", generation, &error),
		       "generation_mismatch");
	ck_assert_uint_eq(error.generation, generation + 1);
	OK(gpal_client_delete(client, "vm-1", generation + 1, &error));
	assert_refused(gpal_client_get(client, "vm-1", &live, &error), "not_found");
	ck_assert_str_eq(error.pointer, "/name");
	ck_assert_int_eq(error.core.code, GPAL_OK);
	gpal_client_free(made);
}
END_TEST

START_TEST(a_history_has_each_change)
{
	static const enum gpal_event_kind kinds[] = { GPAL_EVENT_CREATED, GPAL_EVENT_DELETED };
	const struct gpal_request request = VM(one_gib);
	const struct gpal_client_history *history;
	const struct gpal_client_live *live;
	char digest[GPAL_DIGEST_SIZE];

	OK(gpal_client_create(client, "vm-1", &request, &live, &error));
	gpal_layout_digest(live->layout, digest);
	OK(gpal_client_delete(client, "vm-1", 0, &error));
	OK(gpal_client_history(client, "vm-1", &history, &error));
	ck_assert_str_eq(history->name, "vm-1");
	ck_assert_uint_eq(history->count, COUNT_OF(kinds));
	ck_assert_uint_eq(history->revision, history->events[1].revision);
	ck_assert_uint_eq(history->oldest_since, history->events[0].follows);
	for (size_t i = 0; i < history->count; i++) {
		const struct gpal_client_event *event = &history->events[i];

		ck_assert_int_eq(event->kind, kinds[i]);
		ck_assert_str_eq(event->name, "vm-1");
		ck_assert_str_eq(event->digest, digest);
		ck_assert_uint_eq(event->generation, live->generation);
		ck_assert(event->uid.set);
		ck_assert_uint_eq(event->uid.value, geteuid());
		ck_assert_uint_eq(strlen(event->at), strlen("2026-11-22T15:04:05.123Z"));
	}
	gpal_client_free(history);
	gpal_client_free(live);
	assert_refused(gpal_client_history(client, "vm-2", &history, &error), "not_found");
}
END_TEST

/* The backup has only one page. */
START_TEST(a_page_of_a_backup_may_begin_after_any_name)
{
	const struct gpal_request request = VM(one_gib);
	static const char heading[] = "gpalayoutd-backup-1\n";
	const struct gpal_client_backup_page *page;
	const struct gpal_client_live *live;
	uint64_t revision;
	size_t length;

	OK(gpal_client_create(client, "vm-1", &request, &live, &error));
	gpal_client_free(live);
	OK(gpal_client_backup(client, NULL, 0, &page, &error));
	revision = page->revision;
	length = page->length;
	ck_assert_ptr_null(page->next);
	ck_assert_uint_eq(page->layouts, 1);
	ck_assert_uint_gt(length, strlen(heading));
	ck_assert_mem_eq(page->data, heading, strlen(heading));
	gpal_client_free(page);
	/* This page begins after a page that ended before the layout. */
	OK(gpal_client_backup(client, "a", revision, &page, &error));
	ck_assert_uint_eq(page->length, length - strlen(heading));
	gpal_client_free(page);
	assert_refused(gpal_client_backup(client, "a", revision + 1, &page, &error),
		       "resync_required");
}
END_TEST

START_TEST(a_list_has_pages)
{
	const struct gpal_request request = VM(one_gib);
	const struct gpal_client_live *live;
	const struct gpal_client_page *page;
	char name[16], after[16] = "";
	size_t seen = 0;

	for (int i = 0; i < 7; i++) {
		snprintf(name, sizeof(name), "vm-%d", i);
		OK(gpal_client_create(client, name, &request, &live, &error));
		gpal_client_free(live);
	}
	do {
		OK(gpal_client_list(client, *after ? after : NULL, 3, &page, &error));
		ck_assert_uint_le(page->count, 3);
		for (size_t i = 0; i < page->count; i++, seen++) {
			snprintf(name, sizeof(name), "vm-%zu", seen);
			ck_assert_str_eq(page->entries[i].name, name);
		}
		snprintf(after, sizeof(after), "%s", page->next ? page->next : "");
		gpal_client_free(page);
	} while (*after);
	ck_assert_uint_eq(seen, 7);
}
END_TEST

START_TEST(a_probe_is_that_of_the_library)
{
	const struct gpal_request request = rich_request();
	const struct gpal_client_side side = { .request = &request };
	struct gpal_layout *layout = resolve(&request);
	const struct gpal_probe *probe;
	struct gpal_probe expected;

	for (size_t i = 0; i < layout->map.count; i++) {
		const struct gpal_range range = layout->map.entries[i].range;
		const uint64_t addresses[] = { range.start, range.end - 1, range.end };

		for (int at = 0; at < COUNT_OF(addresses); at++) {
			ck_assert_int_eq(
				gpal_layout_probe(layout, &request, addresses[at], &expected, NULL),
				0);
			OK(gpal_client_probe(client, &side, addresses[at], &probe, &error));
			ck_assert_int_eq(probe->is_free, expected.is_free);
			assert_range(probe->range, expected.range.start, expected.range.end);
			ck_assert_str_eq(probe->tag, expected.tag);
			ck_assert_int_eq(probe->has_node, expected.has_node);
			ck_assert_uint_eq(probe->node, expected.node);
			ck_assert_int_eq(probe->has_slot, expected.has_slot);
			ck_assert_uint_eq(probe->slot, expected.slot);
			ck_assert(!probe->root_complex == !expected.root_complex);
			if (probe->root_complex)
				ck_assert_str_eq(probe->root_complex, expected.root_complex);
			gpal_client_free(probe);
		}
	}
	gpal_layout_free(layout);
}
END_TEST

START_TEST(an_explanation_is_that_of_the_library)
{
	const struct gpal_request request = rich_request();
	const struct gpal_client_side side = { .request = &request };
	const struct gpal_explanation *explanation;
	struct gpal_explanation *expected;

	ck_assert_int_eq(gpal_explain(&request, NULL, NULL, &expected, NULL), 0);
	OK(gpal_client_explain(client, &side, NULL, &explanation, &error));
	ck_assert_uint_eq(explanation->count, expected->count);
	for (size_t i = 0; i < expected->count; i++) {
		const struct gpal_step *a = &explanation->steps[i], *b = &expected->steps[i];

		ck_assert_str_eq(a->tag, b->tag);
		ck_assert_int_eq(a->phase, b->phase);
		ck_assert_int_eq(a->rule, b->rule);
		ck_assert_uint_eq(a->size, b->size);
		ck_assert_uint_eq(a->passed_count, b->passed_count);
		ck_assert_uint_eq(a->chosen_count, b->chosen_count);
		assert_range(a->chosen[0].range, b->chosen[0].range.start, b->chosen[0].range.end);
		ck_assert_uint_eq(a->chosen[0].lost, b->chosen[0].lost);
		if (b->passed_count > 0) {
			ck_assert_int_eq(a->passed[0].why, b->passed[0].why);
			ck_assert_uint_eq(a->passed[0].missing, b->passed[0].missing);
		}
	}
	gpal_client_free(explanation);
	gpal_explanation_free(expected);
	/* Explains a single range. */
	OK(gpal_client_explain(client, &side, "ram0", &explanation, &error));
	ck_assert_uint_eq(explanation->count, 1);
	gpal_client_free(explanation);
}
END_TEST

START_TEST(advice_is_that_of_the_library)
{
	const struct gpal_request request = rich_request();
	struct gpal_layout *layout = resolve(&request);
	const struct gpal_advice *advice;
	struct gpal_advice *expected;

	ck_assert_int_eq(gpal_advise(&request, layout, &expected, NULL), 0);
	OK(gpal_client_advise(client, &request, &advice, &error));
	ck_assert_uint_eq(advice->count, expected->count);
	ck_assert_int_eq(advice->resolves, expected->resolves);
	ck_assert_int_eq(advice->cut, expected->cut);
	for (size_t i = 0; i < expected->count; i++) {
		ck_assert_str_eq(advice->growths[i].tag, expected->growths[i].tag);
		ck_assert_uint_eq(advice->growths[i].in_place, expected->growths[i].in_place);
		ck_assert_uint_eq(advice->growths[i].resolved, expected->growths[i].resolved);
		assert_range(advice->growths[i].pin, expected->growths[i].pin.start,
			     expected->growths[i].pin.end);
	}
	gpal_client_free(advice);
	gpal_advice_free(expected);
	gpal_layout_free(layout);
}
END_TEST

START_TEST(advice_on_live_layouts_ranges_and_refused_requests)
{
	const struct gpal_request request = rich_request();
	struct gpal_request narrow = rich_request();
	const struct gpal_client_side live = { .name = "vm-1" };
	const struct gpal_client_side refused = { .request = &narrow };
	const struct gpal_client_live *created;
	const struct gpal_advice *advice;
	struct gpal_advice *expected;

	narrow.host_physical_address_bits = 36;
	OK(gpal_client_create(client, "vm-1", &request, &created, &error));
	gpal_client_free(created);
	OK(gpal_client_advise_on(client, &live, "ram0", &advice, &error));
	ck_assert(advice->resolves);
	ck_assert_uint_eq(advice->count, 1);
	ck_assert_str_eq(advice->growths->tag, "ram0");
	gpal_client_free(advice);
	assert_refused(gpal_client_advise_on(client, &live, "ram1", &advice, &error), "not_found");

	ck_assert_int_eq(gpal_advise_on(&narrow, NULL, NULL, &expected, NULL), 0);
	OK(gpal_client_advise_on(client, &refused, NULL, &advice, &error));
	ck_assert(!advice->resolves && !expected->resolves);
	ck_assert_uint_eq(advice->count, expected->count);
	for (size_t i = 0; i < expected->count; i++)
		ck_assert_uint_eq(advice->growths[i].resolved, expected->growths[i].resolved);
	gpal_client_free(advice);
	gpal_advice_free(expected);
}
END_TEST

START_TEST(a_warning_can_be_refused)
{
	const struct gpal_request request = rich_request();
	const struct gpal_client_update *update;
	const struct gpal_client_live *live;
	const struct gpal_layout *layout;

	/* Refuses a warning that the layout does not have, one that it has, and all warnings. */
	gpal_client_refuse_warnings(client, UINT64_C(1) << GPAL_WARN_NO_LOW_MEMORY);
	OK(gpal_client_resolve(client, &request, &layout, &error));
	gpal_client_free(layout);
	gpal_client_refuse_warnings(client, UINT64_C(1) << GPAL_WARN_MANY_VIRTIO_MMIO_SLOTS);
	assert_refused(gpal_client_resolve(client, &request, &layout, &error), "warning_refused");
	ck_assert_int_eq(error.core.code, GPAL_E_WARNING_REFUSED);
	ck_assert_str_eq(error.core.tag, "virtio-mmio");
	ck_assert_ptr_nonnull(strstr(gpal_client_refusal_data(client), "\"warnings\":["));
	gpal_client_refuse_warnings(client, GPAL_REFUSE_ALL);
	assert_refused(gpal_client_create(client, "vm-1", &request, &live, &error),
		       "warning_refused");
	gpal_client_refuse_warnings(client, 0);
	OK(gpal_client_create(client, "vm-1", &request, &live, &error));
	gpal_client_free(live);
	/* An existing layout is returned in spite of its warnings; a new one would be refused. */
	gpal_client_refuse_warnings(client, GPAL_REFUSE_ALL);
	OK(gpal_client_create(client, "vm-1", &request, &live, &error));
	gpal_client_free(live);
	OK(gpal_client_update(client, "vm-1", &request, NULL, &update, &error));
	gpal_client_free(update);
}
END_TEST

START_TEST(an_allocation_is_that_of_the_library)
{
	const struct gpal_pinned reserved[] = { { "hole", { GIB, 2 * GIB } } };
	const struct gpal_pinned fixed[] = { { "rom", { 3 * GIB, 3 * GIB + MIB } } };
	const struct gpal_demand ram[] = { { "ram", 4 * GIB, GIB } };
	const struct gpal_demand windows[] = { { "a", MIB, MIB }, { "b", 2 * MIB, MIB } };
	const struct gpal_alloc_input input = {
		.reserved = reserved,
		.reserved_count = 1,
		.fixed = fixed,
		.fixed_count = 1,
		.mmio32 = windows,
		.mmio32_count = 1,
		.ram = ram,
		.ram_count = 1,
		.mmio64 = windows,
		.mmio64_count = 2,
		.post_mmio = windows,
		.post_mmio_count = 2,
	};
	const struct gpal_map *map;
	struct gpal_map *expected;

	ck_assert_int_eq(gpal_allocate(&input, &expected, NULL), 0);
	OK(gpal_client_allocate(client, &input, &map, &error));
	ck_assert_uint_eq(map->count, expected->count);
	for (size_t i = 0; i < map->count; i++) {
		ck_assert_str_eq(map->entries[i].tag, expected->entries[i].tag);
		ck_assert_int_eq(map->entries[i].kind, expected->entries[i].kind);
		assert_range(map->entries[i].range, expected->entries[i].range.start,
			     expected->entries[i].range.end);
	}
	gpal_client_free(map);
	gpal_map_free(expected);
}
END_TEST

START_TEST(the_daemon_describes_itself)
{
	const struct gpal_client_policies *policies;
	const struct gpal_client_info *info;
	const struct gpal_client_stats *stats;
	const char *document;
	size_t count;

	OK(gpal_client_policies(client, &policies, &error));
	gpal_policies(&count);
	ck_assert_uint_eq(policies->count, count);
	ck_assert_str_eq(policies->default_name, gpal_policy_default()->name);
	ck_assert_ptr_eq(policies->policies[0].policy, gpal_policies(&count));
	ck_assert_str_eq(policies->policies[0].summary, policies->policies[0].policy->summary);
	gpal_client_free(policies);

	OK(gpal_client_info(client, &info, &error));
	ck_assert_str_eq(info->version, PACKAGE_VERSION);
	ck_assert_str_eq(info->control_socket, daemon_here.control);
	ck_assert_ptr_null(info->inspect_socket);
	for (count = 0; strcmp(info->limits[count].name, "root_complexes") != 0; count++)
		ck_assert_uint_lt(count, info->limit_count);
	ck_assert_uint_eq(info->limits[count].value, 4096);
	gpal_client_free(info);

	OK(gpal_client_stats(client, &stats, &error));
	ck_assert_uint_eq(stats->user_count, 1);
	ck_assert_uint_eq(stats->users[0].uid, getuid());
	ck_assert_uint_eq(stats->layouts, 0);
	ck_assert_str_eq(stats->store_kind, "sqlite");
	for (count = 0; strcmp(stats->methods[count].name, "policy.list") != 0; count++)
		ck_assert_uint_lt(count, stats->method_count);
	ck_assert_uint_eq(stats->methods[count].answered, 1);
	gpal_client_free(stats);

	OK(gpal_client_schema(client, &document, &error));
	ck_assert_int_eq(strncmp(document, "{", 1), 0);
	ck_assert_ptr_nonnull(strstr(document, "\"openrpc\""));
	gpal_client_free(document);
}
END_TEST

START_TEST(any_method_can_be_called_as_text)
{
	const char *result;

	OK(gpal_client_call(client, "layout.probe",
			    "{\"request\":{\"arch\":\"x86_64\",\"memory\":{\"nodes\":[\"1GiB\"]}},"
			    "\"address\":\"0x1000\"}",
			    &result, &error));
	ck_assert_str_eq(result, "{\"range\":{\"tag\":\"ram0\",\"kind\":\"ram\",\"start\":\"0x0\","
				 "\"end\":\"0x40000000\",\"offset\":\"0x1000\",\"node\":0}}");
	gpal_client_free(result);
	assert_refused(gpal_client_call(client, "layout.nothing", NULL, &result, &error),
		       "method_not_found");
	ck_assert_ptr_null(result);
	assert_refused(gpal_client_call(client, "layout.get", "{\"name\"", &result, &error),
		       "invalid_json");
	ck_assert_uint_gt(error.offset, 0);
	assert_refused(gpal_client_call(client, "", NULL, &result, &error), "method_not_found");
}
END_TEST

/*
 * If the library sent these line ends, each line would be a request of its own, and later calls
 * would get the answers.
 */
START_TEST(params_may_have_lines)
{
	const char *result;

	OK(gpal_client_call(client, "layout.list", "{\n\t\"limit\": 1\n}\n", &result, &error));
	gpal_client_free(result);
	assert_refused(
		gpal_client_call(client, "layout.get", "{\"name\":\"a\nb\"}", &result, &error),
		"invalid_json");
	OK(gpal_client_call(client, "layout.list", "{}", &result, &error));
	gpal_client_free(result);
}
END_TEST

/*
 * One round of the caller's own loop: if the call is still in progress, waits for the connection
 * and returns true. No function of the library may wait.
 */
static int wait_if_in_progress(struct gpal_client *c, int code)
{
	struct pollfd ready = { .fd = gpal_client_fd(c), .events = gpal_client_events(c) };

	if (code != GPAL_E_IN_PROGRESS)
		return false;
	ck_assert_int_ge(gpal_client_timeout_ms(c), 0);
	poll(&ready, 1, gpal_client_timeout_ms(c));
	return true;
}

/* Stops the daemon, and waits until it has stopped. */
static void stop_daemon(void)
{
	siginfo_t info;

	kill(daemon_here.pid, SIGSTOP);
	ck_assert_int_eq(waitid(P_PID, (id_t)daemon_here.pid, &info, WSTOPPED | WNOWAIT), 0);
}

START_TEST(no_function_waits_in_a_loop_of_the_caller)
{
	const struct gpal_request request = rich_request();
	const struct gpal_client_live *live;
	const struct gpal_layout *layout;
	int code;

	gpal_client_set_blocking(client, false);
	ck_assert_int_eq(gpal_client_timeout_ms(client), -1);
	ck_assert_int_eq(gpal_client_advance(client), 0);
	/* The daemon is stopped, so it cannot reply before the library checks for a reply. */
	stop_daemon();
	ck_assert_int_eq(gpal_client_create(client, "vm-1", &request, &live, &error),
			 GPAL_E_IN_PROGRESS);
	ck_assert_ptr_null(live);
	ck_assert_int_eq(gpal_client_resolve(client, &request, &layout, &error), GPAL_E_BUSY);
	ck_assert_int_eq(gpal_client_advance(client), GPAL_E_IN_PROGRESS);
	kill(daemon_here.pid, SIGCONT);
	do
		code = gpal_client_create(client, "vm-1", &request, &live, &error);
	while (wait_if_in_progress(client, code));
	OK(code);
	ck_assert(live->created);
	gpal_client_free(live);

	/*
	 * The loop calls gpal_client_advance() instead, and calls the function once more at the
	 * end.
	 */
	stop_daemon();
	ck_assert_int_eq(gpal_client_resolve(client, &request, &layout, &error),
			 GPAL_E_IN_PROGRESS);
	kill(daemon_here.pid, SIGCONT);
	while (wait_if_in_progress(client, gpal_client_advance(client)))
		;
	OK(gpal_client_resolve(client, &request, &layout, &error));
	gpal_client_free(layout);
}
END_TEST

START_TEST(an_answer_belongs_to_its_own_call)
{
	const struct gpal_request request = VM(one_gib);
	const struct gpal_client_live *live;
	const struct gpal_layout *layout;
	const struct gpal_advice *advice;

	gpal_client_set_blocking(client, false);
	stop_daemon();
	/*
	 * First two functions that call the same method, then one function with two different
	 * arguments.
	 */
	ck_assert_int_eq(gpal_client_resolve(client, &request, &layout, &error),
			 GPAL_E_IN_PROGRESS);
	ck_assert_int_eq(gpal_client_advise(client, &request, &advice, &error), GPAL_E_BUSY);
	ck_assert_ptr_null(advice);
	gpal_client_close(client);
	ck_assert_int_eq(gpal_client_connect(daemon_here.control, &client, &error), 0);
	gpal_client_set_blocking(client, false);
	ck_assert_int_eq(gpal_client_get(client, "a", &live, &error), GPAL_E_IN_PROGRESS);
	ck_assert_int_eq(gpal_client_get(client, "b", &live, &error), GPAL_E_BUSY);
	kill(daemon_here.pid, SIGCONT);
	gpal_client_set_blocking(client, true);
	ck_assert_int_eq(gpal_client_get(client, "b", &live, &error), GPAL_E_BUSY);
	assert_refused(gpal_client_get(client, "a", &live, &error), "not_found");
}
END_TEST

/* With a descriptor, poll() would report a closed connection even if no event is requested. */
START_TEST(without_a_call_there_is_nothing_to_wait_for)
{
	ck_assert_int_eq(gpal_client_fd(client), -1);
	ck_assert_int_eq(gpal_client_events(client), 0);
	ck_assert_int_eq(gpal_client_timeout_ms(client), -1);
}
END_TEST

START_TEST(the_time_limit_holds)
{
	const struct gpal_layout *layout;

	stop_daemon();
	gpal_client_set_timeout(client, 50);
	ck_assert_int_eq(
		gpal_client_resolve(client, &(struct gpal_request)VM(one_gib), &layout, &error),
		GPAL_E_TIMED_OUT);
	ck_assert_ptr_nonnull(strstr(error.message, "0.05 s"));
	kill(daemon_here.pid, SIGCONT);
	/* The late answer to the first call is not taken for the answer to the next one. */
	gpal_client_set_timeout(client, 60000);
	OK(gpal_client_resolve(client, &(struct gpal_request)VM(four_gib), &layout, &error));
	ck_assert_uint_eq(layout->ram_size, 4 * GIB);
	gpal_client_free(layout);
}
END_TEST

START_TEST(a_daemon_that_was_restarted_is_found_again)
{
	const struct gpal_layout *layout;

	daemon_stop(&daemon_here, SIGTERM);
	ck_assert_int_eq(
		gpal_client_resolve(client, &(struct gpal_request)VM(one_gib), &layout, &error),
		GPAL_E_NO_DAEMON);
	ck_assert_int_eq(error.system_error, ENOENT);
	daemon_start(&daemon_here, NULL);
	OK(gpal_client_resolve(client, &(struct gpal_request)VM(one_gib), &layout, &error));
	gpal_client_free(layout);
}
END_TEST

/* Events. */

static void create(struct gpal_client *maker, const char *name)
{
	const struct gpal_client_live *live;

	OK(gpal_client_create(maker, name, &(struct gpal_request)VM(one_gib), &live, &error));
	gpal_client_free(live);
}

static void expect_event(enum gpal_event_kind kind, const char *name)
{
	struct gpal_client_event event;

	OK(gpal_client_next_event(client, &event, &error));
	ck_assert_int_eq(event.kind, kind);
	ck_assert_str_eq(event.name, name);
	if (kind != GPAL_EVENT_RESYNC)
		ck_assert_uint_eq(strlen(event.digest), GPAL_DIGEST_SIZE - 1);
}

START_TEST(no_event_is_lost_when_the_daemon_restarts)
{
	const struct gpal_layout *layout;
	struct gpal_client_event event;
	struct gpal_client *maker;
	uint64_t revision;

	OK(gpal_client_subscribe(client, NULL, &revision, &error));
	ck_assert_uint_gt(revision, 0);
	ck_assert_int_eq(
		gpal_client_resolve(client, &(struct gpal_request)VM(one_gib), &layout, &error),
		GPAL_E_BUSY);
	OK(gpal_client_connect(daemon_here.control, &maker, &error));
	create(maker, "vm-1");
	expect_event(GPAL_EVENT_CREATED, "vm-1");
	create(maker, "vm-2");
	daemon_stop(&daemon_here, SIGKILL);
	daemon_start(&daemon_here, NULL);
	create(maker, "vm-3");
	OK(gpal_client_delete(maker, "vm-2", 0, &error));
	expect_event(GPAL_EVENT_CREATED, "vm-2");
	expect_event(GPAL_EVENT_CREATED, "vm-3");
	expect_event(GPAL_EVENT_DELETED, "vm-2");
	gpal_client_set_timeout(client, 20);
	ck_assert_int_eq(gpal_client_next_event(client, &event, &error), GPAL_E_TIMED_OUT);
	gpal_client_close(maker);
}
END_TEST

START_TEST(lost_events_are_reported_as_a_resync)
{
	struct gpal_client *maker;
	char name[16];

	daemon_stop(&daemon_here, SIGTERM);
	daemon_start(&daemon_here, "--limit=events_kept=4");
	OK(gpal_client_subscribe(client, NULL, NULL, &error));
	OK(gpal_client_connect(daemon_here.control, &maker, &error));
	/* A restart cuts the subscription, and the daemon then forgets what happened. */
	daemon_stop(&daemon_here, SIGTERM);
	daemon_start(&daemon_here, "--limit=events_kept=4");
	for (int i = 0; i < 9; i++) {
		snprintf(name, sizeof(name), "vm-%d", i);
		create(maker, name);
	}
	expect_event(GPAL_EVENT_RESYNC, "");
	create(maker, "later");
	expect_event(GPAL_EVENT_CREATED, "later");
	gpal_client_close(maker);
}
END_TEST

START_TEST(a_subscription_begins_after_a_given_revision)
{
	struct gpal_client *maker;
	const struct gpal_client_stats *stats;
	uint64_t since;

	OK(gpal_client_connect(daemon_here.control, &maker, &error));
	OK(gpal_client_stats(maker, &stats, &error));
	since = stats->revision;
	gpal_client_free(stats);
	create(maker, "vm-1");
	OK(gpal_client_subscribe(client, &since, NULL, &error));
	expect_event(GPAL_EVENT_CREATED, "vm-1");
	gpal_client_close(client);
	OK(gpal_client_connect(daemon_here.control, &client, &error));
	since = 1;
	assert_refused(gpal_client_subscribe(client, &since, NULL, &error), "resync_required");
	ck_assert_uint_gt(error.revision, 1);
	/* After a refused subscription the object is unchanged. */
	create(client, "vm-2");
	gpal_client_close(maker);
}
END_TEST

static void add(Suite *suite, const char *name, const TTest *test, int rows)
{
	TCase *tcase = tcase_create(name);

	tcase_set_timeout(tcase, 0);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, test, 0, rows);
	suite_add_tcase(suite, tcase);
}

int main(void)
{
	Suite *suite = suite_create("client");

	add(suite, "calls", a_layout_is_that_of_the_library, 2);
	add(suite, "calls", a_refusal_has_the_numbers_of_the_library, 1);
	add(suite, "calls", values_without_json_are_refused_at_their_member, 5);
	add(suite, "calls", a_live_layout_is_made_seen_changed_and_deleted, 1);
	add(suite, "calls", a_history_has_each_change, 1);
	add(suite, "calls", a_page_of_a_backup_may_begin_after_any_name, 1);
	add(suite, "calls", a_list_has_pages, 1);
	add(suite, "calls", a_probe_is_that_of_the_library, 1);
	add(suite, "calls", an_explanation_is_that_of_the_library, 1);
	add(suite, "calls", advice_is_that_of_the_library, 1);
	add(suite, "calls", advice_on_live_layouts_ranges_and_refused_requests, 1);
	add(suite, "calls", a_warning_can_be_refused, 1);
	add(suite, "calls", an_allocation_is_that_of_the_library, 1);
	add(suite, "calls", the_daemon_describes_itself, 1);
	add(suite, "calls", any_method_can_be_called_as_text, 1);
	add(suite, "calls", params_may_have_lines, 1);
	add(suite, "waiting", no_function_waits_in_a_loop_of_the_caller, 1);
	add(suite, "waiting", an_answer_belongs_to_its_own_call, 1);
	add(suite, "waiting", without_a_call_there_is_nothing_to_wait_for, 1);
	add(suite, "waiting", the_time_limit_holds, 1);
	add(suite, "waiting", a_daemon_that_was_restarted_is_found_again, 1);
	add(suite, "events", no_event_is_lost_when_the_daemon_restarts, 1);
	add(suite, "events", lost_events_are_reported_as_a_resync, 1);
	add(suite, "events", a_subscription_begins_after_a_given_revision, 1);
	return run_suite(suite);
}
