/* SPDX-License-Identifier: MIT */
/* Finds and changes records, and reads lists, histories and the pages of backups. */
#include "config.h"

#include "registry/index.h"

#include <stdlib.h>
#include <string.h>

static int compare_records(const struct gpald_record *a, const struct gpald_record *b)
{
	return strcmp(a->name, b->name);
}

/* As RB_GENERATE_STATIC(), which needs a macro that only BSD headers have. */
RB_GENERATE_INTERNAL(gpald_record_tree, gpald_record, entry, compare_records,
		     __attribute__((unused)) static)

bool gpald_index_init(struct gpald_index *index, size_t events_kept)
{
	*index = (struct gpald_index){ .count = 0 };
	RB_INIT(&index->records);
	pthread_mutex_init(&index->lock, NULL);
	return gpald_event_ring_init(&index->events, events_kept);
}

void gpald_index_clear(struct gpald_index *index)
{
	struct gpald_record *record, *next;

	RB_FOREACH_SAFE(record, gpald_record_tree, &index->records, next) {
		RB_REMOVE(gpald_record_tree, &index->records, record);
		gpald_record_unref(record);
	}
	gpald_event_ring_clear(&index->events);
	pthread_mutex_destroy(&index->lock);
}

/* Makes a key for a search. Returns false if no layout can have so long a name. */
static bool make_key(struct gpald_record *key, const char *name)
{
	const size_t length = strlen(name);

	if (length >= sizeof(key->name))
		return false;
	memcpy(key->name, name, length + 1);
	return true;
}

struct gpald_record *gpald_index_find(const struct gpald_index *index, const char *name)
{
	struct gpald_record key;

	if (!make_key(&key, name))
		return NULL;
	return RB_FIND(gpald_record_tree, (struct gpald_record_tree *)&index->records, &key);
}

static struct gpald_record *put_record(struct gpald_index *index, struct gpald_record *record)
{
	struct gpald_record *old = RB_INSERT(gpald_record_tree, &index->records, record);

	if (old) {
		RB_REMOVE(gpald_record_tree, &index->records, old);
		RB_INSERT(gpald_record_tree, &index->records, record);
	} else {
		index->count++;
	}
	return old;
}

static struct gpald_record *remove_record(struct gpald_index *index, const char *name)
{
	struct gpald_record *record = gpald_index_find(index, name);

	if (record->facts.generation > index->generation_top)
		index->generation_top = record->facts.generation;
	RB_REMOVE(gpald_record_tree, &index->records, record);
	index->count--;
	return record;
}

void gpald_index_add_loaded(struct gpald_index *index, struct gpald_record *record)
{
	gpald_record_unref(put_record(index, record));
}

void gpald_index_change(struct gpald_index *index, struct gpald_record *record,
			const struct gpald_event *event)
{
	const struct gpald_record *gone;

	pthread_mutex_lock(&index->lock);
	gone = record ? put_record(index, record) : remove_record(index, event->name);
	gpald_event_ring_add(&index->events, event);
	pthread_mutex_unlock(&index->lock);
	gpald_record_unref(gone);
}

/* Reading on any thread. */

/*
 * Returns the first record after a name in byte order, or NULL if there is none. If the name is
 * NULL, returns the first of all.
 */
static const struct gpald_record *record_after(const struct gpald_index *index, const char *name)
{
	struct gpald_record key, *found;

	if (!name)
		return RB_MIN(gpald_record_tree, (struct gpald_record_tree *)&index->records);
	if (!make_key(&key, name))
		return NULL;
	found = RB_NFIND(gpald_record_tree, (struct gpald_record_tree *)&index->records, &key);
	return found && strcmp(found->name, name) == 0 ? RB_NEXT(gpald_record_tree, NULL, found) :
							 found;
}

const struct gpald_record *gpald_index_get(struct gpald_index *index, const char *name)
{
	const struct gpald_record *record;

	pthread_mutex_lock(&index->lock);
	record = gpald_record_ref(gpald_index_find(index, name));
	pthread_mutex_unlock(&index->lock);
	return record;
}

size_t gpald_index_list(struct gpald_index *index, const char *after,
			const struct gpald_record **records, size_t max, uint64_t *revision)
{
	const struct gpald_record *record;
	size_t count = 0;

	pthread_mutex_lock(&index->lock);
	*revision = index->events.revision;
	record = record_after(index, after);
	for (; record && count < max; count++) {
		records[count] = gpald_record_ref(record);
		record = RB_NEXT(gpald_record_tree, NULL, (struct gpald_record *)record);
	}
	pthread_mutex_unlock(&index->lock);
	return count;
}

/*
 * Returns an array of `count` items with room for one more, perhaps at another address; NULL: out
 * of memory, and the array is unchanged. The room doubles when the count is a power of two.
 */
static void *make_room(void *items, size_t count, size_t item_size)
{
	return count & (count - 1) ? items : reallocarray(items, 2 * count + 1, item_size);
}

static bool add_to_history(struct gpald_history *history, const struct gpald_event *event)
{
	struct gpald_event *events = make_room(history->events, history->count, sizeof(*events));

	if (!events)
		return false;
	history->events = events;
	events[history->count++] = *event;
	return true;
}

bool gpald_index_history(struct gpald_index *index, const char *name, size_t max,
			 struct gpald_history *history)
{
	const struct gpald_event_ring *ring = &index->events;
	const struct gpald_event *event;
	bool has_memory = true;

	*history = (struct gpald_history){ 0 };
	pthread_mutex_lock(&index->lock);
	history->revision = ring->revision;
	history->oldest_since = gpald_event_ring_oldest_since(ring);
	history->is_live = gpald_index_find(index, name);
	for (size_t i = 0; has_memory && (event = gpald_event_ring_nth_newest(ring, i)); i++) {
		if (strcmp(event->name, name) != 0)
			continue;
		if (history->count == max) {
			history->oldest_since = event->revision;
			break;
		}
		has_memory = add_to_history(history, event);
	}
	pthread_mutex_unlock(&index->lock);
	if (!has_memory)
		free(history->events);
	return has_memory;
}

void gpald_index_revisions(struct gpald_index *index, uint64_t *newest, uint64_t *oldest_since)
{
	pthread_mutex_lock(&index->lock);
	*newest = index->events.revision;
	*oldest_since = gpald_event_ring_oldest_since(&index->events);
	pthread_mutex_unlock(&index->lock);
}

/*
 * The cost, in bytes, of an item of a page besides its record, and of a searched event. Even an
 * event that adds no item has a cost, which bounds how long a page holds the lock.
 */
#define ITEM_BYTES 192
#define EVENT_BYTES 16

static void spend_page_bytes(size_t *left, size_t bytes)
{
	*left -= bytes < *left ? bytes : *left;
}

static size_t item_bytes(const struct gpald_record *record)
{
	return ITEM_BYTES + (record ? gpald_record_bytes(record) : 0);
}

/* A record that is larger than a page gets a page of its own. */
static bool fits_in_page(const struct gpald_backup_page *page, const struct gpald_record *record,
			 size_t left)
{
	return left > 0 && (page->count == 0 || item_bytes(record) <= left);
}

static bool add_to_page(struct gpald_backup_page *page, const char *name,
			const struct gpald_record *record, size_t *left)
{
	struct gpald_backup_item *items = make_room(page->items, page->count, sizeof(*items));
	struct gpald_backup_item *item;

	if (!items)
		return false;
	page->items = items;
	item = &items[page->count++];
	strcpy(item->name, name);
	item->record = gpald_record_ref(record);
	spend_page_bytes(left, item_bytes(record));
	return true;
}

/*
 * Returns whether a page needs an event: its name is not after `after`. An event with another
 * generation than the record is not needed, because a later event made the record.
 */
static bool page_needs_event(const struct gpald_event *event, const char *after,
			     const struct gpald_record *record)
{
	return strcmp(event->name, after) <= 0 &&
	       (!record || !event->generation || record->facts.generation == event->generation);
}

/*
 * Adds the names up to `after` that have changed since the revision of the page, and raises that
 * revision.
 */
static bool add_changed(const struct gpald_index *index, const char *after,
			struct gpald_backup_page *page, size_t *left)
{
	const struct gpald_event *event;

	while (*left > 0 &&
	       (event = gpald_event_ring_after(&index->events, page->state.revision))) {
		const struct gpald_record *record = gpald_index_find(index, event->name);
		const bool is_added = page_needs_event(event, after, record);

		if (is_added && !fits_in_page(page, record, *left))
			break;
		if (is_added && !add_to_page(page, event->name, record, left))
			return false;
		page->state.revision = event->revision;
		spend_page_bytes(left, EVENT_BYTES);
	}
	return true;
}

/* Adds the records that follow. The last page reaches the end of the index. */
static bool add_following(const struct gpald_index *index, const char *after,
			  struct gpald_backup_page *page, size_t *left)
{
	const struct gpald_record *record = record_after(index, after);

	for (; record && fits_in_page(page, record, *left);
	     record = RB_NEXT(gpald_record_tree, NULL, (struct gpald_record *)record)) {
		if (!add_to_page(page, record->name, record, left))
			return false;
		strcpy(page->next, record->name);
	}
	page->is_last = !record;
	return true;
}

enum gpald_backup_page_outcome gpald_index_backup(struct gpald_index *index, const char *after,
						  uint64_t since, size_t bytes,
						  struct gpald_backup_page *page)
{
	const struct gpald_event_ring *ring = &index->events;
	enum gpald_backup_page_outcome result = GPALD_BACKUP_PAGE_DONE;
	size_t left = bytes;

	*page = (struct gpald_backup_page){ .is_first = !after };
	pthread_mutex_lock(&index->lock);
	page->state.revision = after ? since : ring->revision;
	page->state.generation_top = index->generation_top;
	page->layouts = index->count;
	if (after)
		strcpy(page->next, after);
	if (page->state.revision != ring->revision &&
	    !gpald_event_ring_after(ring, page->state.revision))
		result = GPALD_BACKUP_PAGE_RESYNC;
	else if ((after && !add_changed(index, after, page, &left)) ||
		 (page->state.revision == ring->revision &&
		  !add_following(index, after, page, &left)))
		result = GPALD_BACKUP_PAGE_NO_MEMORY;
	pthread_mutex_unlock(&index->lock);
	if (result != GPALD_BACKUP_PAGE_DONE)
		gpald_backup_page_clear(page);
	return result;
}
