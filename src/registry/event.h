/* SPDX-License-Identifier: MIT */
/*
 * Events: what has changed, in order. The newest are kept in a ring, so that a
 * subscriber that was away can catch up.
 *
 * Revisions count by one from event to event while a daemon runs. The first event
 * after a start is above the clock, so that the revisions between have never been:
 * if the registry is an older copy of itself, they are those of changes that are
 * lost, and whoever has seen them must start over.
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
	uint64_t follows; /* the revision before it */
	enum gpald_event_kind kind;
	char name[GPALD_NAME_SIZE];
	char digest[GPAL_DIGEST_SIZE]; /* of the layout; of a deleted one, as it was */

	/* Of an event of a registry of form 1 none of these is known. */
	uint64_t generation; /* of the layout; of a deleted one, as it was; 0: not known */
	int64_t at_ms;       /* of the change, since 1970-01-01 UTC */
	uid_t uid;           /* of who made it */
};

/* "created", "updated", "deleted"; static. */
const char *gpald_event_name(enum gpald_event_kind kind);

/*
 * The kind as it is stored: "created", or "created after 1794000000000000" if the
 * revision it follows is not one less than its own. Parsing needs the revision; false:
 * it is nothing of the kind.
 */
#define GPALD_EVENT_KIND_SIZE 40
void gpald_event_kind_print(const struct gpald_event *event, char text[GPALD_EVENT_KIND_SIZE]);
bool gpald_event_kind_parse(const char *text, struct gpald_event *event);

/* Over everything that is stored of an event. */
void gpald_event_checksum(const struct gpald_event *event, uint8_t sum[GPALD_CHECKSUM_SIZE]);

/*
 * What a registry counts from when it is made or opened: the microseconds of the
 * clock, which is more than an earlier registry, or a later state of this one, can
 * have reached, so that a subscriber of that must start over and does not get
 * events that happen to have its numbers. At most 2^52, whatever the clock says, so
 * that what is counted stays a JSON integer.
 */
uint64_t gpald_event_first_revision(void);

struct gpald_event_ring {
	struct gpald_event *events;
	size_t capacity;
	size_t count;
	size_t next; /* where the next one goes; the place of the oldest, if the ring is full */
	uint64_t revision; /* of the newest event; without one, that which the first follows */
};

/* False: out of memory. */
GPAL_MUST_USE bool gpald_event_ring_init(struct gpald_event_ring *ring, size_t capacity);
void gpald_event_ring_clear(struct gpald_event_ring *ring);

/* Adds the event that follows the newest; the oldest makes room if it must. */
void gpald_event_ring_add(struct gpald_event_ring *ring, const struct gpald_event *event);

/* The lowest revision after which the ring has every event. */
uint64_t gpald_event_ring_oldest(const struct gpald_event_ring *ring);

/* Counted from the newest, 0; NULL: so many are not kept. */
const struct gpald_event *gpald_event_ring_back(const struct gpald_event_ring *ring, size_t index);

/*
 * The event that follows a revision. NULL: there is none yet, it is no longer kept,
 * or nothing has had that revision. Valid until the next is added.
 */
const struct gpald_event *gpald_event_ring_after(const struct gpald_event_ring *ring,
						 uint64_t revision);

#endif
