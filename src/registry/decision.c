/* SPDX-License-Identifier: MIT */
/*
 * Decides whether a change is allowed, and makes the record that replaces the current one.
 * registry.c queues and commits changes.
 */
#include "config.h"

#include "registry/decision.h"

#include "registry/clock.h"

#include <assert.h>
#include <gpalayout/compare.h>
#include <string.h>

/* Sets the outcome of an operation. Returns false, as gpald_decide() then does. */
static bool set_outcome(struct gpald_operation *operation, enum gpald_outcome outcome)
{
	operation->outcome = outcome;
	return false;
}

/* Like set_outcome(), and fills in the generation and the owner of the current record. */
static bool set_outcome_of_record(struct gpald_operation *operation, enum gpald_outcome outcome,
				  const struct gpald_record *record)
{
	operation->generation = record->facts.generation;
	operation->owner_uid = record->facts.owner_uid;
	return set_outcome(operation, outcome);
}

static bool may_change(const struct gpald_operation *operation, const struct gpald_record *record)
{
	return operation->is_admin || operation->uid == 0 ||
	       operation->uid == record->facts.owner_uid;
}

static enum gpald_outcome outcome_of_decoding(enum gpald_codec_result result)
{
	/* This process encoded these bytes, or decoded them when it loaded them. */
	assert(result == GPALD_CODEC_OK || result == GPALD_CODEC_NO_MEMORY);
	return result == GPALD_CODEC_OK ? GPALD_OUTCOME_DONE : GPALD_OUTCOME_NO_MEMORY;
}

static enum gpald_outcome encode_with_policy(const struct gpald_blob *blob,
					     const struct gpal_policy *policy,
					     struct gpald_arena *arena, struct gpald_blob *encoded)
{
	struct gpal_request request;
	enum gpald_outcome outcome =
		outcome_of_decoding(gpald_decode_request_blob(blob, arena, &request));

	if (outcome != GPALD_OUTCOME_DONE)
		return outcome;
	if (!request.policy)
		request.policy = policy;
	return gpald_encode_request_blob(&request, encoded) ? GPALD_OUTCOME_DONE :
							      GPALD_OUTCOME_NO_MEMORY;
}

/*
 * Returns DONE if the request is that of the record, CONFLICT if it is not, or NO_MEMORY. Two equal
 * requests that name no policy are the same, even if the default policy has changed. Otherwise, if
 * the new request names no policy, `policy` applies; if the recorded one names none, the policy of
 * the record applies. So naming the policy that applies makes no difference, unless the default has
 * changed.
 */
static enum gpald_outcome compare_requests(const struct gpal_policy *policy,
					   const struct gpald_blob *request,
					   const struct gpald_record *record)
{
	struct gpald_blob wanted = { 0 }, recorded = { 0 };
	struct gpald_arena *arena;
	enum gpald_outcome outcome;

	if (gpald_blob_equal(request, &record->request))
		return GPALD_OUTCOME_DONE;
	arena = gpald_arena_new(0);
	if (!arena)
		return GPALD_OUTCOME_NO_MEMORY;
	outcome = encode_with_policy(request, policy, arena, &wanted);
	if (outcome == GPALD_OUTCOME_DONE)
		outcome = encode_with_policy(&record->request, record->policy, arena, &recorded);
	if (outcome == GPALD_OUTCOME_DONE && !gpald_blob_equal(&wanted, &recorded))
		outcome = GPALD_OUTCOME_CONFLICT;
	gpald_blob_free(&wanted);
	gpald_blob_free(&recorded);
	gpald_arena_free(arena);
	return outcome;
}

static int64_t wall_clock_ms(void)
{
	return (int64_t)(gpald_wall_us() / 1000);
}

static enum gpald_outcome make_record(struct gpald_operation *operation,
				      const struct gpald_record_facts *facts,
				      const struct gpal_layout *layout)
{
	struct gpald_blob blob;

	if (!gpald_encode_layout_blob(layout, &blob))
		return GPALD_OUTCOME_NO_MEMORY;
	operation->replacement =
		gpald_record_new(operation->name, facts, &operation->request, &blob, layout);
	gpald_blob_free(&blob);
	return operation->replacement ? GPALD_OUTCOME_DONE : GPALD_OUTCOME_NO_MEMORY;
}

/* Resolves the request: from scratch, or around a live layout. */
static int resolve_layout(const struct gpald_operation *operation, const struct gpal_layout *live,
			  const struct gpal_request *request, struct gpal_layout **layout,
			  struct gpal_error *error)
{
	return live ? gpal_update(live, request, operation->allow, layout, error) :
		      gpal_resolve(request, layout, error);
}

/*
 * Makes the replacement record. After LAYOUT_REFUSED this is the record that would result if the
 * layout were not refused.
 */
static enum gpald_outcome make_replacement(const struct gpald_decision_basis *basis,
					   struct gpald_operation *operation,
					   struct gpald_arena *arena,
					   const struct gpald_record_facts *facts,
					   const struct gpald_record *current)
{
	struct gpal_layout live, *layout;
	struct gpal_request request;
	enum gpald_outcome outcome = outcome_of_decoding(
		gpald_decode_request_blob(&operation->request, arena, &request));
	int code;

	if (outcome == GPALD_OUTCOME_DONE && current)
		outcome = outcome_of_decoding(
			gpald_decode_layout_blob(&current->layout, arena, &live));
	if (outcome != GPALD_OUTCOME_DONE)
		return outcome;
	if (current && request.arch != current->arch)
		return GPALD_OUTCOME_OTHER_ARCH;
	if (current && request.policy && request.policy != current->policy)
		return GPALD_OUTCOME_OTHER_POLICY;
	if (!request.policy)
		request.policy = basis->default_policy;
	code = resolve_layout(operation, current ? &live : NULL, &request, &layout,
			      &operation->core);
	if (!layout)
		return GPALD_OUTCOME_UNRESOLVED;
	if (code == GPAL_OK)
		code = gpal_layout_refuse(layout, operation->refuse, &operation->core);
	outcome = make_record(operation, facts, layout);
	gpal_layout_free(layout);
	return outcome == GPALD_OUTCOME_DONE && code ? GPALD_OUTCOME_LAYOUT_REFUSED : outcome;
}

static enum gpald_outcome decide_replacement(const struct gpald_decision_basis *basis,
					     struct gpald_operation *operation,
					     const struct gpald_record_facts *facts,
					     const struct gpald_record *current)
{
	struct gpald_arena *arena = gpald_arena_new(0);
	enum gpald_outcome outcome = GPALD_OUTCOME_NO_MEMORY;

	if (arena)
		outcome = make_replacement(basis, operation, arena, facts, current);
	gpald_arena_free(arena);
	if (operation->replacement) {
		gpald_record_unref(operation->record);
		operation->record = gpald_record_ref(operation->replacement);
	}
	return outcome;
}

/*
 * Fills in the change to commit: the new record, and its event, which has the generation of the
 * operation. Returns true, as gpald_decide() then does.
 */
static bool fill_in_change(struct gpald_operation *operation, enum gpald_event_kind kind,
			   const char *digest)
{
	const struct gpald_record *record = operation->replacement;
	struct gpald_store_change *change = &operation->change;

	*change = (struct gpald_store_change){
		.event.kind = kind,
		.event.generation = operation->generation,
		.event.at_ms = record ? record->facts.updated_at_ms : wall_clock_ms(),
		.event.uid = operation->uid,
		.record = record,
	};
	strcpy(change->event.name, operation->name);
	strcpy(change->event.digest, digest);
	if (kind == GPALD_EVENT_DELETED)
		change->gone_generation = operation->generation;
	return true;
}

static bool decide_create(const struct gpald_decision_basis *basis,
			  struct gpald_operation *operation, const struct gpald_record *record)
{
	const int64_t now = wall_clock_ms();
	const struct gpald_record_facts facts = {
		.generation = basis->generation_top + 1,
		.owner_uid = operation->uid,
		.created_at_ms = now,
		.updated_at_ms = now,
	};
	enum gpald_outcome outcome;

	/* A create never returns the layout of another user, who could delete it at any time. */
	if (record && record->facts.owner_uid != operation->uid)
		return set_outcome_of_record(operation, GPALD_OUTCOME_NAME_TAKEN, record);
	if (record) {
		operation->record = gpald_record_ref(record);
		return set_outcome_of_record(
			operation,
			compare_requests(basis->default_policy, &operation->request, record),
			record);
	}
	if (basis->limit_outcome != GPALD_OUTCOME_DONE)
		return set_outcome(operation, basis->limit_outcome);
	outcome = decide_replacement(basis, operation, &facts, NULL);
	if (outcome != GPALD_OUTCOME_DONE)
		return set_outcome(operation, outcome);
	operation->generation = facts.generation;
	operation->created = true;
	return fill_in_change(operation, GPALD_EVENT_CREATED, operation->replacement->digest);
}

/*
 * Returns whether the record exists, the caller may change it, and it has the wanted generation. If
 * not, sets the outcome.
 */
static bool check_record(struct gpald_operation *operation, const struct gpald_record *record)
{
	if (!record)
		return set_outcome(operation, GPALD_OUTCOME_NOT_FOUND);
	if (!may_change(operation, record))
		return set_outcome_of_record(operation, GPALD_OUTCOME_DENIED, record);
	if (operation->has_generation && operation->generation_wanted != record->facts.generation)
		return set_outcome_of_record(operation, GPALD_OUTCOME_GENERATION_MISMATCH, record);
	operation->generation = record->facts.generation;
	return true;
}

static bool decide_update(const struct gpald_decision_basis *basis,
			  struct gpald_operation *operation, const struct gpald_record *record)
{
	struct gpald_record_facts facts;
	enum gpald_outcome outcome;

	if (!check_record(operation, record))
		return false;
	facts = record->facts;
	facts.generation++;
	facts.updated_at_ms = wall_clock_ms();
	operation->previous = gpald_record_ref(record);
	operation->record = gpald_record_ref(record);
	outcome = compare_requests(record->policy, &operation->request, record);
	/* The same request changes nothing. */
	if (outcome != GPALD_OUTCOME_CONFLICT)
		return set_outcome(operation, outcome);
	outcome = decide_replacement(basis, operation, &facts, record);
	if (outcome != GPALD_OUTCOME_DONE || operation->dry_run)
		return set_outcome(operation, outcome);
	assert(operation->replacement);
	operation->generation = facts.generation;
	return fill_in_change(operation, GPALD_EVENT_UPDATED, operation->replacement->digest);
}

bool gpald_decides_without_decoding(const struct gpald_operation *operation)
{
	const struct gpald_record *record = operation->current;

	if (operation->kind == GPALD_OPERATION_DELETE)
		return true;
	if (operation->kind == GPALD_OPERATION_CREATE)
		return record ? record->facts.owner_uid != operation->uid :
				operation->basis.limit_outcome != GPALD_OUTCOME_DONE;
	return !record || !may_change(operation, record) ||
	       (operation->has_generation &&
		operation->generation_wanted != record->facts.generation);
}

bool gpald_decide(struct gpald_operation *operation)
{
	const struct gpald_record *record = operation->current;

	switch (operation->kind) {
	case GPALD_OPERATION_CREATE:
		return decide_create(&operation->basis, operation, record);
	case GPALD_OPERATION_UPDATE:
		return decide_update(&operation->basis, operation, record);
	case GPALD_OPERATION_DELETE:
		break;
	}
	return check_record(operation, record) &&
	       fill_in_change(operation, GPALD_EVENT_DELETED, record->digest);
}
