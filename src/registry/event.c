/* SPDX-License-Identifier: MIT */
/*
 * Names, checksums and the ring of events. The ring is searched by revision, which rises from event
 * to event.
 */
#include "config.h"

#include "registry/event.h"

#include "registry/clock.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const event_names[] = { "created", "updated", "deleted" };

static_assert(sizeof(event_names) / sizeof(event_names[0]) == GPALD_EVENT_KIND_COUNT,
	      "each kind has a name");

const char *gpald_event_kind_name(enum gpald_event_kind kind)
{
	return event_names[kind];
}

void gpald_event_text_print(const struct gpald_event *event, char text[GPALD_EVENT_TEXT_SIZE])
{
	if (event->follows + 1 == event->revision)
		strcpy(text, event_names[event->kind]);
	else
		snprintf(text, GPALD_EVENT_TEXT_SIZE, "%s after %" PRIu64, event_names[event->kind],
			 event->follows);
}

bool gpald_event_text_parse(const char *text, struct gpald_event *event)
{
	char canonical[GPALD_EVENT_TEXT_SIZE];
	const char *space = strchr(text, ' ');
	const size_t length = space ? (size_t)(space - text) : strlen(text);

	event->follows = event->revision - 1;
	/* The comparison below refuses texts of any other form. */
	if (space)
		event->follows = strtoull(space + strcspn(space, "0123456789"), NULL, 10);
	for (int i = 0; i < GPALD_EVENT_KIND_COUNT; i++) {
		if (strlen(event_names[i]) != length || memcmp(event_names[i], text, length) != 0)
			continue;
		event->kind = (enum gpald_event_kind)i;
		gpald_event_text_print(event, canonical);
		return strcmp(canonical, text) == 0 && event->follows < event->revision;
	}
	return false;
}

void gpald_event_checksum(const struct gpald_event *event, uint8_t sum[GPALD_CHECKSUM_SIZE])
{
	struct gpald_checksum checksum;
	char kind[GPALD_EVENT_TEXT_SIZE];

	gpald_event_text_print(event, kind);
	gpald_checksum_begin(&checksum,
			     event->generation ? "gpalayoutd-event-2" : "gpalayoutd-event-1");
	gpald_checksum_add_integer(&checksum, event->revision);
	gpald_checksum_add_text(&checksum, kind);
	gpald_checksum_add_text(&checksum, event->name);
	gpald_checksum_add_text(&checksum, event->digest);
	if (event->generation) {
		gpald_checksum_add_integer(&checksum, event->generation);
		gpald_checksum_add_integer(&checksum, (uint64_t)event->at_ms);
		gpald_checksum_add_integer(&checksum, event->uid);
	}
	gpald_checksum_end(&checksum, sum);
}

uint64_t gpald_event_clock_revision(void)
{
	const uint64_t now = gpald_wall_us(), most = UINT64_C(1) << 52;

	return now < most ? now : most;
}

bool gpald_event_ring_init(struct gpald_event_ring *ring, size_t capacity)
{
	*ring = (struct gpald_event_ring){
		.events = calloc(capacity, sizeof(*ring->events)),
		.capacity = capacity,
	};
	return ring->events;
}

void gpald_event_ring_clear(struct gpald_event_ring *ring)
{
	free(ring->events);
	*ring = (struct gpald_event_ring){ 0 };
}

void gpald_event_ring_add(struct gpald_event_ring *ring, const struct gpald_event *event)
{
	assert(event->follows == ring->revision && event->revision > event->follows);
	ring->events[ring->next] = *event;
	ring->next = (ring->next + 1) % ring->capacity;
	ring->revision = event->revision;
	if (ring->count < ring->capacity)
		ring->count++;
}

/* Returns an event by its index; the oldest has 0. */
static const struct gpald_event *event_at(const struct gpald_event_ring *ring, size_t index)
{
	return &ring->events[(ring->next + ring->capacity - ring->count + index) % ring->capacity];
}

const struct gpald_event *gpald_event_ring_nth_newest(const struct gpald_event_ring *ring,
						      size_t index)
{
	return index < ring->count ? event_at(ring, ring->count - 1 - index) : NULL;
}

uint64_t gpald_event_ring_oldest_since(const struct gpald_event_ring *ring)
{
	return ring->count ? event_at(ring, 0)->follows : ring->revision;
}

const struct gpald_event *gpald_event_ring_after(const struct gpald_event_ring *ring,
						 uint64_t revision)
{
	size_t low = 0, high = ring->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (event_at(ring, middle)->follows < revision)
			low = middle + 1;
		else
			high = middle;
	}
	return low < ring->count && event_at(ring, low)->follows == revision ? event_at(ring, low) :
									       NULL;
}
