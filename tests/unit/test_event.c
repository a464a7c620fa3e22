/* SPDX-License-Identifier: MIT */
/* The ring keeps the newest events, and finds an event by the revision before it. */
#include "config.h"

#include "registry/event.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <time.h>

static struct gpald_event event_of(uint64_t revision)
{
	struct gpald_event event = {
		.revision = revision,
		.follows = revision - 1,
		.kind = (enum gpald_event_kind)(revision % GPALD_EVENT_KIND_COUNT),
	};

	snprintf(event.name, sizeof(event.name), "vm-%ju", (uintmax_t)revision);
	snprintf(event.digest, sizeof(event.digest), "sha256:%ju", (uintmax_t)revision);
	return event;
}

static void assert_kept(const struct gpald_event_ring *ring, uint64_t revision)
{
	const struct gpald_event *found = gpald_event_ring_after(ring, revision - 1);
	const struct gpald_event expected = event_of(revision);

	ck_assert_ptr_nonnull(found);
	ck_assert_uint_eq(found->revision, revision);
	ck_assert_int_eq(found->kind, expected.kind);
	ck_assert_str_eq(found->name, expected.name);
	ck_assert_str_eq(found->digest, expected.digest);
}

START_TEST(an_empty_ring_begins_at_its_revision)
{
	struct gpald_event_ring ring;

	ck_assert(gpald_event_ring_init(&ring, 4));
	ring.revision = 100;
	ck_assert_uint_eq(gpald_event_ring_oldest_since(&ring), 100);
	for (uint64_t revision = 94; revision < 106; revision++)
		ck_assert_ptr_null(gpald_event_ring_after(&ring, revision));
	gpald_event_ring_clear(&ring);
	ck_assert_ptr_null(ring.events);
}
END_TEST

/* For each capacity: the newest events are found, up to that many, and no others. */
static const struct {
	size_t capacity;
	uint64_t start; /* the revision before the first */
	uint64_t added;
} rings[] = {
	{ 1, 0, 1 },
	{ 1, 0, 7 },
	{ 2, 41, 1 },
	{ 2, 41, 5 },
	{ 4, 0, 4 },
	{ 4, 0, 5 },
	{ 4, 7, 100 },
	{ 7, UINT64_C(1700000000000000), 20 },
	{ 4096, UINT64_C(1700000000000001), 5000 },
};

START_TEST(the_newest_events_are_kept_in_order)
{
	const uint64_t start = rings[_i].start;
	struct gpald_event_ring ring;

	ck_assert(gpald_event_ring_init(&ring, rings[_i].capacity));
	ring.revision = start;
	for (uint64_t added = 1; added <= rings[_i].added; added++) {
		const struct gpald_event event = event_of(start + added);
		const uint64_t kept = added < rings[_i].capacity ? added : rings[_i].capacity;

		gpald_event_ring_add(&ring, &event);
		ck_assert_uint_eq(ring.revision, start + added);
		ck_assert_uint_eq(ring.count, kept);
		ck_assert_uint_eq(gpald_event_ring_oldest_since(&ring), start + added - kept);
	}
	/*
	 * Clients may continue from `oldest_since`: the ring has all later events, but not the
	 * event of this revision.
	 */
	for (uint64_t r = gpald_event_ring_oldest_since(&ring) + 1; r <= ring.revision; r++)
		assert_kept(&ring, r);
	ck_assert_ptr_null(gpald_event_ring_after(&ring, gpald_event_ring_oldest_since(&ring) - 1));
	ck_assert_ptr_null(gpald_event_ring_after(&ring, ring.revision));
	ck_assert_ptr_null(gpald_event_ring_after(&ring, ring.revision + 1));
	ck_assert_ptr_null(gpald_event_ring_after(&ring, UINT64_MAX));
	gpald_event_ring_clear(&ring);
}
END_TEST

START_TEST(a_revision_in_a_gap_is_unknown)
{
	/* Events 500 and 900 follow others with a gap. The ring has no room for event 11. */
	static const uint64_t revisions[] = { 11, 12, 500, 501, 900 };
	struct gpald_event_ring ring;
	uint64_t before = 10;

	ck_assert(gpald_event_ring_init(&ring, 4));
	ring.revision = before;
	for (int i = 0; i < COUNT_OF(revisions); i++) {
		struct gpald_event event = event_of(revisions[i]);

		event.follows = before;
		gpald_event_ring_add(&ring, &event);
		before = revisions[i];
	}
	ck_assert_uint_eq(gpald_event_ring_oldest_since(&ring), 11);
	for (uint64_t since = 0; since < 1000; since++) {
		const struct gpald_event *event = gpald_event_ring_after(&ring, since);
		const uint64_t next = since == 11  ? 12 :
				      since == 12  ? 500 :
				      since == 500 ? 501 :
				      since == 501 ? 900 :
						     0;

		ck_assert_uint_eq(event ? event->revision : 0, next);
	}
	gpald_event_ring_clear(&ring);
}
END_TEST

static const struct {
	enum gpald_event_kind kind;
	const char *name;
} kinds[] = {
	{ GPALD_EVENT_CREATED, "created" },
	{ GPALD_EVENT_UPDATED, "updated" },
	{ GPALD_EVENT_DELETED, "deleted" },
};

START_TEST(kinds_have_names)
{
	const uint64_t revision = 5, follows[] = { 4, 3, 0 };

	ck_assert_int_eq(COUNT_OF(kinds), GPALD_EVENT_KIND_COUNT);
	ck_assert_str_eq(gpald_event_kind_name(kinds[_i].kind), kinds[_i].name);
	/* Events are stored in this form. */
	for (int i = 0; i < COUNT_OF(follows); i++) {
		const struct gpald_event event = { .revision = revision,
						   .follows = follows[i],
						   .kind = kinds[_i].kind };
		struct gpald_event parsed = { .revision = revision };
		char text[GPALD_EVENT_TEXT_SIZE], expected[GPALD_EVENT_TEXT_SIZE];

		snprintf(expected, sizeof(expected), i == 0 ? "%s" : "%s after %ju", kinds[_i].name,
			 (uintmax_t)follows[i]);
		gpald_event_text_print(&event, text);
		ck_assert_str_eq(text, expected);
		ck_assert(gpald_event_text_parse(text, &parsed));
		ck_assert_int_eq(parsed.kind, event.kind);
		ck_assert_uint_eq(parsed.follows, event.follows);
	}
}
END_TEST

START_TEST(texts_of_another_form_are_refused)
{
	static const char *const others[] = {
		"",
		"create",
		"createdx",
		"Created",
		" deleted",
		"created ",
		"created after",
		"created after ",
		"created after x",
		"created after 03",
		"created after +3",
		"created after -1",
		"created  after 3",
		"created after 3 ",
		"created after 4",
		"created after 5",
		"created after 6",
		"created after 18446744073709551616",
		"created after 3x",
	};

	for (int i = 0; i < COUNT_OF(others); i++) {
		struct gpald_event event = { .revision = 5 };

		if (gpald_event_text_parse(others[i], &event))
			ck_abort_msg("\"%s\"", others[i]);
	}
}
END_TEST

START_TEST(a_new_registry_starts_above_what_an_earlier_one_reached)
{
	/* Revisions overtake the clock only at more than a million events a second. */
	const uint64_t before_us = (uint64_t)time(NULL) * 1000000;
	const uint64_t first = gpald_event_clock_revision();
	const uint64_t after_us = (uint64_t)time(NULL) * 1000000;

	/* time() truncates, and may read a coarser clock. */
	ck_assert_uint_ge(first, before_us);
	ck_assert_uint_le(first, after_us + 2000000);
	ck_assert_uint_ge(gpald_event_clock_revision(), first);
	/* A revision fits in a JSON integer. */
	ck_assert_uint_lt(first, UINT64_C(1) << 53);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("event");

	add_test(suite, "ring", an_empty_ring_begins_at_its_revision);
	add_rows(suite, "ring", the_newest_events_are_kept_in_order, COUNT_OF(rings));
	add_test(suite, "ring", a_revision_in_a_gap_is_unknown);
	add_rows(suite, "kinds", kinds_have_names, COUNT_OF(kinds));
	add_test(suite, "kinds", texts_of_another_form_are_refused);
	add_test(suite, "revisions", a_new_registry_starts_above_what_an_earlier_one_reached);
	return run_suite(suite);
}
