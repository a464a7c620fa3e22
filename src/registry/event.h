/* SPDX-License-Identifier: MIT */
/*
 * Events: what has changed, in order. A ring keeps the newest, so that a subscriber that was
 * disconnected can catch up.
 *
 * Revisions rise by one from event to event while a daemon runs. The first event after a start gets
 * a revision above the clock at that start, in microseconds. If somebody has put an older copy of
 * the registry in place, this skips the revisions of the lost changes. A client that has seen one
 * of them then asks for a revision that this registry does not know, and must start over.
 */
#ifndef GPALD_REGISTRY_EVENT_H
#define GPALD_REGISTRY_EVENT_H

#include "registry/checksum.h"
#include "registry/record.h"

#include <gpalayout/export.h>
#include <gpalayout/layout.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum gpald_event_kind {
	GPALD_EVENT_CREATED,
	GPALD_EVENT_UPDATED,
	GPALD_EVENT_DELETED,
	GPALD_EVENT_KIND_COUNT
};

struct gpald_event {
	uint64_t revision;
	uint64_t follows; /* the revision of the event before */
	enum gpald_event_kind kind;
	char name[GPALD_NAME_SIZE];
	char digest[GPAL_DIGEST_SIZE]; /* of the layout after the change, or before its deletion */

	/* Events that a registry of schema version 1 has stored lack these. */
	uint64_t generation; /* like `digest`; 0: not known */
	int64_t at_ms;       /* of the change, since 1970-01-01 UTC */
	uid_t uid;           /* of the caller who made the change */
};

/* Returns "created", "updated" or "deleted"; static. */
const char *gpald_event_kind_name(enum gpald_event_kind kind);

/*
 * The stored form of the kind and of `follows`: "created", or "created after 1794000000000000" if
 * `follows` is not revision - 1. gpald_event_text_parse() sets both. It needs the revision,
 * and returns false if the text has another form.
 */
#define GPALD_EVENT_TEXT_SIZE 40
void gpald_event_text_print(const struct gpald_event *event, char text[GPALD_EVENT_TEXT_SIZE]);
bool gpald_event_text_parse(const char *text, struct gpald_event *event);

/* Computes the checksum over all stored members of an event. */
void gpald_event_checksum(const struct gpald_event *event, uint8_t sum[GPALD_CHECKSUM_SIZE]);

/*
 * Returns the revision from which a registry counts when it is created or opened: the clock in
 * microseconds. Unless the clock was set back, or a restore has raised counters above it (see
 * `floor` in store.h), no earlier registry, and no lost state of this one, had so high a revision.
 * So their subscribers are refused, and never take an event of this registry for the one that they
 * expect next. The result is at most 2^52, whatever the clock says, so that revisions stay JSON
 * integers.
 */
uint64_t gpald_event_clock_revision(void);

struct gpald_event_ring {
	struct gpald_event *events;
	size_t capacity;
	size_t count;
	size_t next;       /* index for the next event; the oldest event, if the ring is full */
	uint64_t revision; /* of the newest event, or the one that the first event follows */
};

/* Returns false if memory ran out. */
GPAL_MUST_USE bool gpald_event_ring_init(struct gpald_event_ring *ring, size_t capacity);
void gpald_event_ring_clear(struct gpald_event_ring *ring);

/* Adds the event that follows the newest; a full ring drops its oldest one. */
void gpald_event_ring_add(struct gpald_event_ring *ring, const struct gpald_event *event);

/* Returns the lowest revision after which the ring has every event. */
uint64_t gpald_event_ring_oldest_since(const struct gpald_event_ring *ring);

/* Returns an event by its index, the newest having 0; NULL: the ring has fewer. */
const struct gpald_event *gpald_event_ring_nth_newest(const struct gpald_event_ring *ring,
						      size_t index);

/*
 * Returns the event that follows a revision, valid until the next is added. NULL: no event follows
 * it yet, the ring no longer has that event, or no event had that revision.
 */
const struct gpald_event *gpald_event_ring_after(const struct gpald_event_ring *ring,
						 uint64_t revision);

#endif
