/* SPDX-License-Identifier: MIT */
/*
 * Changes of one name run one at a time: while one is being decided or is with the store thread,
 * others of that name wait, so that none is decided on a state that may never be committed. Changes
 * of different names are independent, except for the limits on the number of layouts and on the
 * share of an owner. For these limits a change under way counts as the larger of the current and
 * the new layout, so that they hold whether it succeeds or not.
 *
 * Other threads only read the index, and decide on operations that no other thread uses at that
 * time. A name is locked until its operation has its outcome, so `current` of the operation stays
 * the record of that name until then.
 */
#include "config.h"

#include "registry/registry.h"

#include "registry/clock.h"
#include "registry/decision.h"
#include "registry/store_thread.h"

#include <stdlib.h>
#include <string.h>

/* The longest stored request that is decided within the turn of a client, in bytes. */
#define REQUEST_BYTES_IN_TURN_MAX 512

#define SETTLE_NS UINT64_C(2000000) /* after this, other work of the loop runs first */

TAILQ_HEAD(queue, gpald_operation);

struct gpald_registry {
	struct gpald_registry_options options;
	const char *store_kind;
	struct gpald_store_thread *thread;

	struct gpald_index index;
	struct gpald_owners owners; /* changes under way included */
	struct queue under_way;     /* with the store thread, or being decided */
	struct queue waiting;       /* for another operation of the same name */
	struct gpald_registry_counters counters;
	/* The work that gpald_registry_settle() must still do. */
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
	return !gpald_decides_without_decoding(operation) &&
	       (operation->request.length > REQUEST_BYTES_IN_TURN_MAX ||
		(operation->current &&
		 operation->current->layout.length > GPALD_LAYOUT_BYTES_IN_TURN_MAX));
}

/* Begins an operation. Returns true if it has its outcome. */
static bool begin_operation(struct gpald_registry *registry, struct gpald_operation *operation)
{
	operation->basis = (struct gpald_decision_basis){
		.default_policy = registry->options.default_policy,
		.generation_top = registry->index.generation_top,
		.limit_outcome = check_layout_limits(registry, operation->uid),
	};
	if (registry->is_ending) {
		operation->outcome = GPALD_OUTCOME_STORE_FAILED;
		return true;
	}
	operation->current = gpald_record_ref(gpald_index_find(&registry->index, operation->name));
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

/*
 * Begins the next operation that waits for a name, unless one of that name is under way. Returns
 * false if none began.
 */
static bool begin_next_operation(struct gpald_registry *registry, const char *name)
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
	while (begin_next_operation(registry, name))
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
	while (begin_next_operation(registry, operation->name))
		;
}

static struct gpald_operation *operation_of_change(struct gpald_store_change *change)
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
		registry->counters.changes++;
		gpald_index_change(&registry->index, operation->replacement,
				   &operation->change.event);
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
	struct gpald_store_change *change;

	if (registry->unlocked_name[0] != '\0') {
		if (!begin_next_operation(registry, registry->unlocked_name))
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

bool gpald_operation_has_changed(const struct gpald_operation *operation)
{
	if (operation->outcome != GPALD_OUTCOME_DONE || operation->dry_run)
		return false;
	switch (operation->kind) {
	case GPALD_OPERATION_CREATE:
		return operation->created;
	case GPALD_OPERATION_UPDATE:
		return operation->record != operation->previous;
	case GPALD_OPERATION_DELETE:
		break;
	}
	return true;
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
	gpald_index_add_loaded(&registry->index, record);
	return true;
}

static bool take_loaded_event(void *data, const struct gpald_event *event)
{
	struct gpald_registry *registry = data;

	/* The ring begins at the oldest event that is kept. */
	if (registry->index.events.count == 0)
		registry->index.events.revision = event->follows;
	gpald_event_ring_add(&registry->index.events, event);
	return true;
}

static void report_damage(void *data, const char *name, const char *problem)
{
	const struct gpald_registry *registry = data;

	registry->options.damaged(registry->options.data, name, problem);
}

static void free_registry(struct gpald_registry *registry)
{
	gpald_index_clear(&registry->index);
	gpald_owners_clear(&registry->owners);
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
		.events_max = registry->options.events_kept,
	};
	struct gpald_store_state state;

	if (!store->ops->load(store, &loader, &state, error))
		return false;
	registry->index.generation_top = state.generation_top > state.floor ? state.generation_top :
									      state.floor;
	if (registry->index.events.count == 0)
		registry->index.events.revision = state.revision;
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
	if (!gpald_index_init(&registry->index, options->events_kept)) {
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

bool gpald_registry_ask_progress(struct gpald_registry *registry)
{
	return gpald_store_thread_ask_progress(registry->thread);
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

struct gpald_index *gpald_registry_index(struct gpald_registry *registry)
{
	return &registry->index;
}

const struct gpald_registry_counters *gpald_registry_counters(const struct gpald_registry *registry)
{
	return &registry->counters;
}

const char *gpald_registry_store_kind(const struct gpald_registry *registry)
{
	return registry->store_kind;
}
