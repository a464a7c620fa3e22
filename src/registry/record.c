/* SPDX-License-Identifier: MIT */
/* Makes records, and checks stored ones. */
#include "config.h"

#include "registry/record.h"

#include "core/text.h"

#include <assert.h>
#include <gpalayout/check.h>
#include <stdlib.h>
#include <string.h>

static uint8_t *place_blob(uint8_t *at, struct gpald_blob *blob, const struct gpald_blob *source)
{
	*blob = (struct gpald_blob){ at, source->length };
	memcpy(at, source->data, source->length);
	return at + source->length;
}

struct gpald_record *gpald_record_new(const char *name, const struct gpald_record_facts *facts,
				      const struct gpald_blob *request,
				      const struct gpald_blob *layout,
				      const struct gpal_layout *decoded)
{
	struct gpald_record *record = malloc(sizeof(*record) + request->length + layout->length);
	uint8_t *at;

	if (!record)
		return NULL;
	*record = (struct gpald_record){
		.references = 1,
		.facts = *facts,
		.arch = decoded->arch,
		.policy = decoded->policy,
		.ram_size = decoded->ram_size,
		.top = decoded->top,
	};
	strcpy(record->name, name);
	at = place_blob((uint8_t *)(record + 1), &record->request, request);
	place_blob(at, &record->layout, layout);
	gpal_layout_digest(decoded, record->digest);
	return record;
}

const struct gpald_record *gpald_record_ref(const struct gpald_record *record)
{
	if (record)
		__atomic_add_fetch(&((struct gpald_record *)record)->references, 1,
				   __ATOMIC_RELAXED);
	return record;
}

void gpald_record_unref(const struct gpald_record *record)
{
	struct gpald_record *mine = (struct gpald_record *)record;

	if (mine && __atomic_sub_fetch(&mine->references, 1, __ATOMIC_ACQ_REL) == 0)
		free(mine);
}

struct gpald_stored_record gpald_record_as_stored(const struct gpald_record *record)
{
	return (struct gpald_stored_record){
		.name = record->name,
		.facts = record->facts,
		.digest = record->digest,
		.request = record->request,
		.layout = record->layout,
	};
}

void gpald_stored_record_checksum(const struct gpald_stored_record *stored,
				  uint8_t sum[GPALD_CHECKSUM_SIZE])
{
	struct gpald_checksum checksum;

	gpald_checksum_begin(&checksum, "gpalayoutd-record-1");
	gpald_checksum_add_text(&checksum, stored->name);
	gpald_checksum_add_integer(&checksum, stored->facts.generation);
	gpald_checksum_add_integer(&checksum, stored->facts.owner_uid);
	gpald_checksum_add_integer(&checksum, (uint64_t)stored->facts.created_at_ms);
	gpald_checksum_add_integer(&checksum, (uint64_t)stored->facts.updated_at_ms);
	gpald_checksum_add_text(&checksum, stored->digest);
	gpald_checksum_add_bytes(&checksum, stored->request.data, stored->request.length);
	gpald_checksum_add_bytes(&checksum, stored->layout.data, stored->layout.length);
	gpald_checksum_end(&checksum, sum);
}

static const char *const problems[] = {
	[GPALD_RECORD_FINE] = "none",
	[GPALD_RECORD_NO_MEMORY] = "out of memory",
	[GPALD_RECORD_CHECKSUM] = "its checksum is wrong",
	[GPALD_RECORD_UNREADABLE] = "its name, generation, request or layout is not valid",
	[GPALD_RECORD_DIGEST] = "its digest is not that of its layout",
	[GPALD_RECORD_LAYOUT] = "its layout is not consistent",
	[GPALD_RECORD_UNKNOWN_POLICY] = "this version of gpalayoutd does not have its policy",
	[GPALD_RECORD_NEWER] = "this version of gpalayoutd does not know its form",
};

static_assert(sizeof(problems) / sizeof(problems[0]) == GPALD_RECORD_PROBLEM_COUNT,
	      "each problem has a text");

const char *gpald_record_problem_text(enum gpald_record_problem problem)
{
	return problems[problem];
}

static enum gpald_record_problem problem_of(enum gpald_codec_result result)
{
	switch (result) {
	case GPALD_CODEC_OK:
		return GPALD_RECORD_FINE;
	case GPALD_CODEC_NO_MEMORY:
		return GPALD_RECORD_NO_MEMORY;
	case GPALD_CODEC_UNKNOWN_POLICY:
		return GPALD_RECORD_UNKNOWN_POLICY;
	case GPALD_CODEC_NEWER:
		return GPALD_RECORD_NEWER;
	case GPALD_CODEC_MALFORMED:
		break;
	}
	return GPALD_RECORD_UNREADABLE;
}

static struct gpald_record *decode_record(const struct gpald_stored_record *stored,
					  struct gpald_arena *arena,
					  enum gpald_record_problem *problem)
{
	struct gpald_record *record;
	struct gpal_request request;
	struct gpal_layout layout;
	struct gpal_check check;

	*problem = problem_of(gpald_decode_layout_blob(&stored->layout, arena, &layout));
	if (!gpald_is_plain_name(stored->name, GPALD_NAME_MAX) || stored->facts.generation < 1 ||
	    stored->facts.generation > GPALD_GENERATION_MAX)
		*problem = GPALD_RECORD_UNREADABLE;
	if (*problem == GPALD_RECORD_FINE)
		*problem = problem_of(gpald_decode_request_blob(&stored->request, arena, &request));
	/* No digest: it is compared below. */
	if (*problem == GPALD_RECORD_FINE && gpal_layout_check(&layout, NULL, &check, NULL))
		*problem = GPALD_RECORD_NO_MEMORY;
	if (*problem == GPALD_RECORD_FINE && !check.agrees)
		*problem = GPALD_RECORD_LAYOUT;
	if (*problem != GPALD_RECORD_FINE)
		return NULL;
	record = gpald_record_new(stored->name, &stored->facts, &stored->request, &stored->layout,
				  &layout);
	if (!record)
		*problem = GPALD_RECORD_NO_MEMORY;
	else if (strcmp(record->digest, stored->digest) != 0)
		*problem = GPALD_RECORD_DIGEST;
	if (*problem == GPALD_RECORD_FINE)
		return record;
	gpald_record_unref(record);
	return NULL;
}

struct gpald_record *gpald_record_load(const struct gpald_stored_record *stored,
				       const struct gpald_blob *checksum,
				       enum gpald_record_problem *problem)
{
	uint8_t sum[GPALD_CHECKSUM_SIZE];
	struct gpald_arena *arena;
	struct gpald_record *record;

	gpald_stored_record_checksum(stored, sum);
	if (!gpald_checksum_is(sum, checksum->data, checksum->length)) {
		*problem = GPALD_RECORD_CHECKSUM;
		return NULL;
	}
	arena = gpald_arena_new(0);
	if (!arena) {
		*problem = GPALD_RECORD_NO_MEMORY;
		return NULL;
	}
	record = decode_record(stored, arena, problem);
	gpald_arena_free(arena);
	return record;
}
