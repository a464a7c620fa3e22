/* SPDX-License-Identifier: MIT */
/*
 * Changes of one name run one at a time: while one is being decided or is with the store thread,
 * others of that name wait, so that none is decided on a state that may never be committed. Changes
 * of different names are independent, except for the limits on the number of layouts and on the
 * share of an owner. For these limits a change under way counts as the larger of the current and
 * the new layout, so that they hold whether it succeeds or not.
 *
 * Other threads only read the index and the events, and decide on operations that no other thread
 * uses at that time. A name is locked until its operation has its outcome, so `current` of the
 * operation stays the record of that name until then.
 */
#include "config.h"

#include "registry/registry.h"

#include "registry/clock.h"
#include "registry/decision.h"
#include "registry/store_thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* The longest stored request that is decided within the turn of a client, in bytes. */
#define REQUEST_IN_TURN_MAX 512

#define SETTLE_NS UINT64_C(2000000) /* after this, other work of the loop runs first */

static int compare_records(const struct gpald_record *a, const struct gpald_record *b)
{
	return strcmp(a->name, b->name);
}

RB_HEAD(index, gpald_record);
/* As RB_GENERATE_STATIC(), which needs a macro that only BSD headers have. */
RB_GENERATE_INTERNAL(index, gpald_record, entry, compare_records, __attribute__((unused)) static)

TAILQ_HEAD(queue, gpald_operation);

struct gpald_registry {
	struct gpald_registry_options options;
	const char *store_kind;
	struct gpald_store_thread *thread;

	/*
	 * Protects the index, `count`, `generation_top` and the ring when they change, and when
	 * another thread reads them.
	 */
	pthread_mutex_t lock;
	struct index index;
	size_t count;
	struct gpald_owners owners; /* changes under way included */
	uint64_t generation_top;    /* no deleted record had a greater one */
	struct gpald_event_ring events;
	struct queue under_way; /* with the store thread, or being decided */
	struct queue waiting;   /* for another operation of the same name */
	struct gpald_registry_counters counters;
	/* The work that gpald_registry_settle() still has to do. */
	struct gpald_batches batches;        /* the first one is being settled */
	char unlocked_name[GPALD_NAME_SIZE]; /* its waiting operations may begin; "": none */

	bool is_ending; /* no change is accepted: the registry closes or the store has failed */
};

static struct gpald_operation *queue_find(const struct queue *queue, const char *name)
{
	struct gpald_operation *operation;

	TAILQ_FOREACH(operation, queue, entry)
		if (strcmp(operation->name, name) == 0)
			break;
	return operation;
}

/* The index. */

/* Makes a key for a search. Returns false if no layout can have so long a name. */
static bool make_key(struct gpald_record *key, const char *name)
{
	const size_t length = strlen(name);

	if (length >= sizeof(key->name))
		return false;
	memcpy(key->name, name, length + 1);
	return true;
}

static struct gpald_record *find_record(const struct gpald_registry *registry, const char *name)
{
	struct gpald_record key;

	return make_key(&key, name) ? RB_FIND(index, (struct index *)&registry->index, &key) : NULL;
}

/*
 * Returns the first record after a name in byte order, or NULL if there is none. If the name is
 * NULL, returns the first of all.
 */
static const struct gpald_record *record_after(const struct gpald_registry *registry,
					       const char *name)
{
	struct gpald_record key, *found;

	if (!name)
		return RB_MIN(index, (struct index *)&registry->index);
	if (!make_key(&key, name))
		return NULL;
	found = RB_NFIND(index, (struct index *)&registry->index, &key);
	return found && strcmp(found->name, name) == 0 ? RB_NEXT(index, NULL, found) : found;
}

const struct gpald_record *gpald_registry_get_record(struct gpald_registry *registry,
						     const char *name)
{
	const struct gpald_record *record;

	pthread_mutex_lock(&registry->lock);
	record = gpald_record_ref(find_record(registry, name));
	pthread_mutex_unlock(&registry->lock);
	return record;
}

size_t gpald_registry_list(struct gpald_registry *registry, const char *after,
			   const struct gpald_record **records, size_t max, uint64_t *revision)
{
	const struct gpald_record *record;
	size_t count = 0;

	pthread_mutex_lock(&registry->lock);
	*revision = registry->events.revision;
	record = record_after(registry, after);
	for (; record && count < max; count++) {
		records[count] = gpald_record_ref(record);
		record = RB_NEXT(index, NULL, (struct gpald_record *)record);
	}
	pthread_mutex_unlock(&registry->lock);
	return count;
}

static bool add_to_history(struct gpald_history *history, const struct gpald_event *event)
{
	const size_t count = history->count;

	/* Doubles the array when it is full. */
	if (!(count & (count - 1))) {
		struct gpald_event *grown =
			reallocarray(history->events, 2 * count + 1, sizeof(*grown));

		if (!grown)
			return false;
		history->events = grown;
	}
	history->events[history->count++] = *event;
	return true;
}

bool gpald_registry_history(struct gpald_registry *registry, const char *name, size_t max,
			    struct gpald_history *history)
{
	const struct gpald_event_ring *ring = &registry->events;
	const struct gpald_event *event;
	bool has_memory = true;

	*history = (struct gpald_history){ 0 };
	pthread_mutex_lock(&registry->lock);
	history->revision = ring->revision;
	history->oldest_since = gpald_event_ring_oldest_since(ring);
	history->is_live = find_record(registry, name);
	for (size_t i = 0; has_memory && (event = gpald_event_ring_nth_newest(ring, i)); i++) {
		if (strcmp(event->name, name) != 0)
			continue;
		if (history->count == max) {
			history->oldest_since = event->revision;
			break;
		}
		has_memory = add_to_history(history, event);
	}
	pthread_mutex_unlock(&registry->lock);
	if (!has_memory)
		free(history->events);
	return has_memory;
}

void gpald_registry_revisions(struct gpald_registry *registry, uint64_t *newest,
			      uint64_t *oldest_since)
{
	pthread_mutex_lock(&registry->lock);
	*newest = registry->events.revision;
	*oldest_since = gpald_event_ring_oldest_since(&registry->events);
	pthread_mutex_unlock(&registry->lock);
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
static bool page_fits(const struct gpald_backup_page *page, const struct gpald_record *record,
		      size_t left)
{
	return left > 0 && (page->count == 0 || item_bytes(record) <= left);
}

static bool add_to_page(struct gpald_backup_page *page, const char *name,
			const struct gpald_record *record, size_t *left)
{
	const size_t count = page->count;
	struct gpald_backup_item *item;

	/* Doubles the array when it is full. */
	if (!(count & (count - 1))) {
		item = reallocarray(page->items, 2 * count + 1, sizeof(*item));
		if (!item)
			return false;
		page->items = item;
	}
	item = &page->items[page->count++];
	strcpy(item->name, name);
	item->record = gpald_record_ref(record);
	spend_page_bytes(left, item_bytes(record));
	return true;
}

/*
 * Returns whether a page needs an event: its name is not after `after`, and no later event has
 * changed the record again.
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
static bool add_changed(const struct gpald_registry *registry, const char *after,
			struct gpald_backup_page *page, size_t *left)
{
	const struct gpald_event *event;

	while (*left > 0 &&
	       (event = gpald_event_ring_after(&registry->events, page->state.revision))) {
		const struct gpald_record *record = find_record(registry, event->name);
		const bool is_added = page_needs_event(event, after, record);

		if (is_added && !page_fits(page, record, *left))
			break;
		if (is_added && !add_to_page(page, event->name, record, left))
			return false;
		page->state.revision = event->revision;
		spend_page_bytes(left, EVENT_BYTES);
	}
	return true;
}

/* Adds the records that follow. The last page reaches the end of the index. */
static bool add_following(const struct gpald_registry *registry, const char *after,
			  struct gpald_backup_page *page, size_t *left)
{
	const struct gpald_record *record = record_after(registry, after);

	for (; record && page_fits(page, record, *left);
	     record = RB_NEXT(index, NULL, (struct gpald_record *)record)) {
		if (!add_to_page(page, record->name, record, left))
			return false;
		strcpy(page->next, record->name);
	}
	page->is_last = !record;
	return true;
}

enum gpald_backup_page_outcome gpald_registry_backup(struct gpald_registry *registry,
						     const char *after, uint64_t since,
						     size_t bytes, struct gpald_backup_page *page)
{
	const struct gpald_event_ring *ring = &registry->events;
	enum gpald_backup_page_outcome result = GPALD_BACKUP_PAGE_DONE;
	size_t left = bytes;

	*page = (struct gpald_backup_page){ .is_first = !after };
	pthread_mutex_lock(&registry->lock);
	page->state.revision = after ? since : ring->revision;
	page->state.generation_top = registry->generation_top;
	page->layouts = registry->count;
	if (after)
		strcpy(page->next, after);
	if (page->state.revision != ring->revision &&
	    !gpald_event_ring_after(ring, page->state.revision))
		result = GPALD_BACKUP_PAGE_RESYNC;
	else if ((after && !add_changed(registry, after, page, &left)) ||
		 (page->state.revision == ring->revision &&
		  !add_following(registry, after, page, &left)))
		result = GPALD_BACKUP_PAGE_NO_MEMORY;
	pthread_mutex_unlock(&registry->lock);
	if (result != GPALD_BACKUP_PAGE_DONE)
		gpald_backup_page_clear(page);
	return result;
}

/* Changes. */

static struct gpald_share owner_share_of(const struct gpald_record *record)
{
	return record ? (struct gpald_share){ 1, gpald_record_bytes(record) } :
			(struct gpald_share){ 0 };
}

/* Returns the owner of the layout of an operation: of the current one, or of the one it creates. */
static uid_t owner_of(const struct gpald_operation *operation)
{
	return operation->current ? operation->current->facts.owner_uid : operation->uid;
}

/* Returns DONE if the owner may have one more layout, otherwise why not. */
static enum gpald_outcome check_layout_limits(const struct gpald_registry *registry, uid_t uid)
{
	const size_t most = registry->options.layouts_per_uid_max;

	if (registry->owners.layouts >= registry->options.layouts_max)
		return GPALD_OUTCOME_TOO_MANY;
	if (most && gpald_owners_find(&registry->owners, uid).layouts >= most)
		return GPALD_OUTCOME_OWNER_TOO_MANY;
	return GPALD_OUTCOME_DONE;
}

/*
 * Counts the new layout and its bytes for its owner. Returns DONE, or why the owner may not have
 * it.
 */
static enum gpald_outcome count_share(struct gpald_registry *registry,
				      struct gpald_operation *operation)
{
	const uint64_t most = registry->options.bytes_per_uid_max;
	const struct gpald_share wanted = owner_share_of(operation->replacement);
	const uid_t uid = owner_of(operation);
	struct gpald_share more = { wanted.layouts - operation->counted.layouts, 0 };
	enum gpald_outcome outcome = GPALD_OUTCOME_DONE;

	if (!operation->replacement)
		return GPALD_OUTCOME_DONE;
	if (more.layouts > 0)
		outcome = check_layout_limits(registry, uid);
	if (outcome != GPALD_OUTCOME_DONE)
		return outcome;
	if (wanted.bytes > operation->counted.bytes)
		more.bytes = wanted.bytes - operation->counted.bytes;
	if (most && more.bytes > 0 &&
	    gpald_owners_find(&registry->owners, uid).bytes + more.bytes > most)
		return GPALD_OUTCOME_OWNER_TOO_LARGE;
	if (!gpald_owners_add(&registry->owners, uid, more))
		return GPALD_OUTCOME_NO_MEMORY;
	operation->counted.layouts += more.layouts;
	operation->counted.bytes += more.bytes;
	return GPALD_OUTCOME_DONE;
}

/* Ends an operation, committed or not, and unlocks its name. */
static void finish_operation(struct gpald_registry *registry, struct gpald_operation *operation,
			     bool is_committed)
{
	const struct gpald_share left =
		owner_share_of(is_committed ? operation->replacement : operation->current);
	const struct gpald_share gone = { operation->counted.layouts - left.layouts,
					  operation->counted.bytes - left.bytes };

	TAILQ_REMOVE(&registry->under_way, operation, entry);
	gpald_owners_remove(&registry->owners, owner_of(operation), gone);
}

/* Carries out the decision. Returns true if the operation has its outcome. */
static bool apply_decision(struct gpald_registry *registry, struct gpald_operation *operation)
{
	if (operation->is_to_commit) {
		const enum gpald_outcome outcome = count_share(registry, operation);

		if (outcome == GPALD_OUTCOME_DONE &&
		    gpald_store_thread_submit(registry->thread, &operation->change))
			return false;
		operation->outcome = outcome == GPALD_OUTCOME_DONE ? GPALD_OUTCOME_NO_MEMORY :
								     outcome;
	}
	finish_operation(registry, operation, false);
	return true;
}

void gpald_registry_decide(struct gpald_operation *operation)
{
	operation->is_to_commit = gpald_decide(operation);
}

/* Returns whether deciding takes too long for the turn of a client. */
static bool takes_long(const struct gpald_operation *operation)
{
	return !gpald_is_decided_at_once(operation) &&
	       (operation->request.length > REQUEST_IN_TURN_MAX ||
		(operation->current &&
		 operation->current->layout.length > GPALD_LAYOUT_IN_TURN_MAX));
}

/* Begins an operation. Returns true if it has its outcome. */
static bool begin_operation(struct gpald_registry *registry, struct gpald_operation *operation)
{
	operation->basis = (struct gpald_decision_basis){
		.default_policy = registry->options.default_policy,
		.generation_top = registry->generation_top,
		.limit_outcome = check_layout_limits(registry, operation->uid),
	};
	if (registry->is_ending) {
		operation->outcome = GPALD_OUTCOME_STORE_FAILED;
		return true;
	}
	operation->current = gpald_record_ref(find_record(registry, operation->name));
	operation->counted = owner_share_of(operation->current);
	TAILQ_INSERT_TAIL(&registry->under_way, operation, entry);
	if (registry->options.decide_on_worker && takes_long(operation) &&
	    registry->options.decide_on_worker(registry->options.data, operation))
		return false;
	gpald_registry_decide(operation);
	return apply_decision(registry, operation);
}

bool gpald_registry_submit(struct gpald_registry *registry, struct gpald_operation *operation)
{
	if (!queue_find(&registry->under_way, operation->name) &&
	    !queue_find(&registry->waiting, operation->name))
		return begin_operation(registry, operation);
	TAILQ_INSERT_TAIL(&registry->waiting, operation, entry);
	return false;
}

/* Settling. */

/* Adds a record. Returns the one that it replaces, or NULL. */
static struct gpald_record *put_in_index(struct gpald_registry *registry,
					 struct gpald_record *record)
{
	struct gpald_record *old = RB_INSERT(index, &registry->index, record);

	if (old) {
		RB_REMOVE(index, &registry->index, old);
		RB_INSERT(index, &registry->index, record);
	} else {
		registry->count++;
	}
	return old;
}

/* Removes a record and returns it. */
static struct gpald_record *remove_from_index(struct gpald_registry *registry, const char *name)
{
	struct gpald_record *record = find_record(registry, name);

	if (record->facts.generation > registry->generation_top)
		registry->generation_top = record->facts.generation;
	RB_REMOVE(index, &registry->index, record);
	registry->count--;
	return record;
}

/*
 * Begins the next operation that waits for a name, unless one of that name is under way. Returns
 * false if none began.
 */
static bool begin_waiting(struct gpald_registry *registry, const char *name)
{
	struct gpald_operation *operation = queue_find(&registry->waiting, name);

	/* `done` may have submitted another operation of that name. */
	if (!operation || queue_find(&registry->under_way, name))
		return false;
	TAILQ_REMOVE(&registry->waiting, operation, entry);
	if (begin_operation(registry, operation))
		operation->done(operation);
	return true;
}

void gpald_registry_apply_decision(struct gpald_registry *registry,
				   struct gpald_operation *operation)
{
	char name[GPALD_NAME_SIZE];

	strcpy(name, operation->name);
	if (!apply_decision(registry, operation))
		return;
	/* `done` may free the operation. */
	operation->done(operation);
	while (begin_waiting(registry, name))
		;
}

bool gpald_registry_withdraw(struct gpald_registry *registry, struct gpald_operation *operation)
{
	const struct gpald_operation *at;

	TAILQ_FOREACH(at, &registry->waiting, entry)
		if (at == operation)
			break;
	if (at)
		TAILQ_REMOVE(&registry->waiting, operation, entry);
	return at;
}

void gpald_registry_cancel_decision(struct gpald_registry *registry,
				    struct gpald_operation *operation)
{
	finish_operation(registry, operation, false);
	while (begin_waiting(registry, operation->name))
		;
}

static struct gpald_operation *operation_of_change(struct gpald_change *change)
{
	return (struct gpald_operation *)((char *)change -
					  offsetof(struct gpald_operation, change));
}

static void settle_change(struct gpald_registry *registry, struct gpald_operation *operation,
			  enum gpald_commit_result result)
{
	static const enum gpald_outcome outcomes[] = {
		[GPALD_COMMIT_DONE] = GPALD_OUTCOME_DONE,
		[GPALD_COMMIT_FULL] = GPALD_OUTCOME_STORE_FULL,
		[GPALD_COMMIT_NO_MEMORY] = GPALD_OUTCOME_NO_MEMORY,
		[GPALD_COMMIT_FAILED] = GPALD_OUTCOME_STORE_FAILED,
	};

	strcpy(registry->unlocked_name, operation->name);
	finish_operation(registry, operation, result == GPALD_COMMIT_DONE);
	if (result == GPALD_COMMIT_DONE) {
		const struct gpald_record *gone;

		registry->counters.changes++;
		pthread_mutex_lock(&registry->lock);
		gone = operation->replacement ? put_in_index(registry, operation->replacement) :
						remove_from_index(registry, operation->name);
		gpald_event_ring_add(&registry->events, &operation->change.event);
		pthread_mutex_unlock(&registry->lock);
		gpald_record_unref(gone);
		/* The index now owns the reference. */
		operation->replacement = NULL;
	}
	registry->counters.full += result == GPALD_COMMIT_FULL;
	operation->outcome = outcomes[result];
	operation->done(operation);
}

/* Begins to settle the next batch. */
static void begin_batch(struct gpald_registry *registry)
{
	const struct gpald_batch *batch = STAILQ_FIRST(&registry->batches);

	if (batch->count > 0)
		registry->counters.commits++;
	registry->is_ending |= batch->result == GPALD_COMMIT_FAILED;
	registry->options.batch_finished(registry->options.data, batch);
}

static void end_batch(struct gpald_registry *registry)
{
	struct gpald_batch *batch = STAILQ_FIRST(&registry->batches);

	STAILQ_REMOVE_HEAD(&registry->batches, entry);
	free(batch);
	if (!STAILQ_EMPTY(&registry->batches))
		begin_batch(registry);
}

/* Does one step of settling. Returns false if nothing is left to do. */
static bool settle_step(struct gpald_registry *registry)
{
	struct gpald_batch *batch = STAILQ_FIRST(&registry->batches);
	struct gpald_change *change;

	if (registry->unlocked_name[0] != '\0') {
		if (!begin_waiting(registry, registry->unlocked_name))
			registry->unlocked_name[0] = '\0';
		return true;
	}
	if (!batch)
		return false;
	change = STAILQ_FIRST(&batch->changes);
	if (!change) {
		end_batch(registry);
		return true;
	}
	/* `done` may free the operation, and with it the change. */
	STAILQ_REMOVE_HEAD(&batch->changes, entry);
	settle_change(registry, operation_of_change(change), batch->result);
	return true;
}

static void settle_batches(struct gpald_registry *registry, uint64_t until_ns)
{
	const bool was_idle = STAILQ_EMPTY(&registry->batches);

	gpald_store_thread_collect(registry->thread, &registry->batches);
	if (was_idle && !STAILQ_EMPTY(&registry->batches))
		begin_batch(registry);
	while (settle_step(registry)) {
		if (gpald_monotonic_ns() < until_ns)
			continue;
		registry->options.wake(registry->options.data);
		return;
	}
}

void gpald_registry_settle(struct gpald_registry *registry)
{
	settle_batches(registry, gpald_monotonic_ns() + SETTLE_NS);
}

void gpald_operation_clear(struct gpald_operation *operation)
{
	gpald_blob_free(&operation->request);
	gpald_record_unref(operation->replacement);
	gpald_record_unref(operation->record);
	gpald_record_unref(operation->previous);
	gpald_record_unref(operation->current);
}

/* Opening and closing. */

/* Takes a record from the store, which has no other record of that name. */
static bool take_loaded_record(void *data, struct gpald_record *record)
{
	struct gpald_registry *registry = data;

	if (!gpald_owners_add(&registry->owners, record->facts.owner_uid, owner_share_of(record))) {
		gpald_record_unref(record);
		return false;
	}
	gpald_record_unref(put_in_index(registry, record));
	return true;
}

static bool take_loaded_event(void *data, const struct gpald_event *event)
{
	struct gpald_registry *registry = data;

	/* The ring begins at the oldest event that is kept. */
	if (registry->events.count == 0)
		registry->events.revision = event->follows;
	gpald_event_ring_add(&registry->events, event);
	return true;
}

static void report_damage(void *data, const char *name, const char *problem)
{
	const struct gpald_registry *registry = data;

	registry->options.damaged(registry->options.data, name, problem);
}

static void free_registry(struct gpald_registry *registry)
{
	struct gpald_record *record, *next;

	RB_FOREACH_SAFE(record, index, &registry->index, next) {
		RB_REMOVE(index, &registry->index, record);
		gpald_record_unref(record);
	}
	gpald_owners_clear(&registry->owners);
	gpald_event_ring_clear(&registry->events);
	pthread_mutex_destroy(&registry->lock);
	free(registry);
}

static bool load_registry(struct gpald_registry *registry, struct gpald_store *store,
			  char error[GPALD_STORE_ERROR_SIZE])
{
	const struct gpald_loader loader = {
		.data = registry,
		.record = take_loaded_record,
		.event = take_loaded_event,
		.damaged = report_damage,
		.events = registry->options.events_kept,
	};
	struct gpald_store_state state;

	if (!store->ops->load(store, &loader, &state, error))
		return false;
	registry->generation_top = state.generation_top > state.floor ? state.generation_top :
									state.floor;
	if (registry->events.count == 0)
		registry->events.revision = state.revision;
	return true;
}

struct gpald_registry *gpald_registry_open(struct gpald_store *store,
					   const struct gpald_registry_options *options,
					   char error[GPALD_STORE_ERROR_SIZE])
{
	struct gpald_registry *registry = calloc(1, sizeof(*registry));

	if (!registry) {
		store->ops->close(store);
		strcpy(error, "out of memory");
		return NULL;
	}
	registry->options = *options;
	registry->store_kind = store->ops->kind;
	TAILQ_INIT(&registry->under_way);
	TAILQ_INIT(&registry->waiting);
	STAILQ_INIT(&registry->batches);
	RB_INIT(&registry->index);
	pthread_mutex_init(&registry->lock, NULL);
	if (!gpald_event_ring_init(&registry->events, options->events_kept)) {
		strcpy(error, "out of memory");
	} else if (load_registry(registry, store, error)) {
		registry->thread = gpald_store_thread_start(store, options->wake, options->data);
		if (registry->thread)
			return registry;
		strcpy(error, "no thread can be started: not enough memory, or too many threads");
	}
	store->ops->close(store);
	free_registry(registry);
	return NULL;
}

bool gpald_registry_makes_progress(struct gpald_registry *registry)
{
	return gpald_store_thread_makes_progress(registry->thread);
}

bool gpald_registry_close(struct gpald_registry *registry, unsigned int timeout_ms)
{
	if (!gpald_store_thread_stop(registry->thread, timeout_ms))
		return false;
	registry->is_ending = true;
	settle_batches(registry, UINT64_MAX);
	gpald_store_thread_free(registry->thread);
	free_registry(registry);
	return true;
}

size_t gpald_registry_count(const struct gpald_registry *registry)
{
	return registry->count;
}

const struct gpald_event_ring *gpald_registry_events(const struct gpald_registry *registry)
{
	return &registry->events;
}

const struct gpald_registry_counters *gpald_registry_counters(const struct gpald_registry *registry)
{
	return &registry->counters;
}

const char *gpald_registry_store_kind(const struct gpald_registry *registry)
{
	return registry->store_kind;
}
