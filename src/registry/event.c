/* SPDX-License-Identifier: MIT */
/* Revision r lies at place r modulo the capacity. */
#include "config.h"

#include "registry/event.h"

#include "registry/clock.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = { "created", "updated", "deleted" };

static_assert(sizeof(names) / sizeof(names[0]) == GPALD_EVENT_KIND_COUNT, "each kind has a name");

const char *gpald_event_name(enum gpald_event_kind kind)
{
	return names[kind];
}

bool gpald_event_kind_parse(const char *name, enum gpald_event_kind *kind)
{
	for (int i = 0; i < GPALD_EVENT_KIND_COUNT; i++) {
		if (strcmp(names[i], name) == 0) {
			*kind = (enum gpald_event_kind)i;
			return true;
		}
	}
	return false;
}

void gpald_event_checksum(const struct gpald_event *event, uint8_t sum[GPALD_CHECKSUM_SIZE])
{
	struct gpald_checksum checksum;

	gpald_checksum_begin(&checksum, "gpalayoutd-event-1");
	gpald_checksum_add_integer(&checksum, event->revision);
	gpald_checksum_add_text(&checksum, gpald_event_name(event->kind));
	gpald_checksum_add_text(&checksum, event->name);
	gpald_checksum_add_text(&checksum, event->digest);
	gpald_checksum_end(&checksum, sum);
}

uint64_t gpald_event_first_revision(void)
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
	assert(event->revision == ring->revision + 1);
	ring->events[event->revision % ring->capacity] = *event;
	ring->revision = event->revision;
	if (ring->count < ring->capacity)
		ring->count++;
}

uint64_t gpald_event_ring_oldest(const struct gpald_event_ring *ring)
{
	return ring->revision - ring->count;
}

const struct gpald_event *gpald_event_ring_find(const struct gpald_event_ring *ring,
						uint64_t revision)
{
	if (revision > ring->revision || revision <= gpald_event_ring_oldest(ring))
		return NULL;
	return &ring->events[revision % ring->capacity];
}
