/* SPDX-License-Identifier: MIT */
/*
 * The stored form of requests, layouts and records.
 *
 * Input: a byte that says what the rest is: the bytes of a request, those of a layout, those of a
 * record with the right checksum, or edits of a request to encode and decode.
 */
#include "config.h"

#include "core/arena.h"
#include "registry/record.h"
#include "tests/fuzz/draw.h"
#include "tests/fuzz/layouts.h"
#include "tests/wire.h"

#include <stdbool.h>
#include <string.h>

const char fuzz_target[] = "codec";

#define EDITS_MAX 16

/* Returns a copy in an allocation of its exact length. */
static struct gpald_blob take_blob(struct fuzz_bytes *bytes, size_t length)
{
	const size_t left = (size_t)(bytes->end - bytes->next);
	struct gpald_blob blob = { .length = length < left ? length : left };

	blob.data = malloc(blob.length ? blob.length : 1);
	FUZZ_CHECK(blob.data, "out of memory");
	memcpy(blob.data, bytes->next, blob.length);
	bytes->next += blob.length;
	return blob;
}

/* The form is canonical, so an accepted request is encoded to the same bytes. */
static bool read_request(const struct gpald_blob *blob, struct gpald_arena *arena,
			 struct gpal_request *request)
{
	struct gpald_blob again;

	if (gpald_decode_request_blob(blob, arena, request) != GPALD_CODEC_OK)
		return false;
	FUZZ_CHECK(gpald_encode_request_blob(request, &again) && gpald_blob_equal(blob, &again),
		   "an accepted request is encoded to other bytes");
	gpald_blob_free(&again);
	return true;
}

static bool read_layout(const struct gpald_blob *blob, struct gpald_arena *arena,
			struct gpal_layout *layout)
{
	struct gpald_blob again;

	if (gpald_decode_layout_blob(blob, arena, layout) != GPALD_CODEC_OK)
		return false;
	FUZZ_CHECK(gpald_encode_layout_blob(layout, &again) && gpald_blob_equal(blob, &again),
		   "an accepted layout is encoded to other bytes");
	gpald_blob_free(&again);
	return true;
}

/* An accepted request can be put in an answer, and resolved. */
static void use_request(const struct gpal_request *request)
{
	cJSON *json = request_tree(request);
	struct gpal_layout *layout;

	FUZZ_CHECK(json, "out of memory");
	cJSON_Delete(json);
	if (gpal_resolve(request, &layout, NULL) == GPAL_OK)
		check_map(layout);
	gpal_layout_free(layout);
}

static void use_layout(const struct gpal_layout *layout)
{
	cJSON *json = layout_tree(layout);

	FUZZ_CHECK(json, "out of memory");
	cJSON_Delete(json);
}

static void try_request(struct fuzz_bytes *bytes, struct gpald_arena *arena)
{
	struct gpald_blob blob = take_blob(bytes, SIZE_MAX);
	struct gpal_request request;

	if (read_request(&blob, arena, &request))
		use_request(&request);
	gpald_blob_free(&blob);
}

static void try_layout(struct fuzz_bytes *bytes, struct gpald_arena *arena)
{
	struct gpald_blob blob = take_blob(bytes, SIZE_MAX);
	struct gpal_layout layout;

	if (read_layout(&blob, arena, &layout))
		use_layout(&layout);
	gpald_blob_free(&blob);
}

/* Records. */

static bool are_same_facts(const struct gpald_record_facts *a, const struct gpald_record_facts *b)
{
	return a->generation == b->generation && a->owner_uid == b->owner_uid &&
	       a->created_at_ms == b->created_at_ms && a->updated_at_ms == b->updated_at_ms;
}

static void load(const struct gpald_stored_record *stored)
{
	uint8_t sum[GPALD_CHECKSUM_SIZE];
	const struct gpald_blob checksum = { sum, sizeof(sum) };
	enum gpald_record_problem problem = GPALD_RECORD_PROBLEM_COUNT;
	struct gpald_stored_record again;
	struct gpald_record *record;

	gpald_stored_record_checksum(stored, sum);
	record = gpald_record_load(stored, &checksum, &problem);
	if (record) {
		again = gpald_record_as_stored(record);
		FUZZ_CHECK(strcmp(again.name, stored->name) == 0 &&
				   are_same_facts(&again.facts, &stored->facts) &&
				   strcmp(again.digest, stored->digest) == 0 &&
				   gpald_blob_equal(&again.request, &stored->request) &&
				   gpald_blob_equal(&again.layout, &stored->layout),
			   "the loaded record differs from the stored one");
	} else {
		FUZZ_CHECK(gpald_record_problem_text(problem) && problem != GPALD_RECORD_CHECKSUM,
			   "refused without a reason, or for its checksum");
	}
	gpald_record_unref(record);
	sum[0] ^= 1;
	FUZZ_CHECK(!gpald_record_load(stored, &checksum, &problem) &&
			   problem == GPALD_RECORD_CHECKSUM,
		   "a wrong checksum is not reported");
}

static void try_record(struct fuzz_bytes *bytes, struct gpald_arena *arena)
{
	char name[GPALD_NAME_SIZE] = "", digest[GPAL_DIGEST_SIZE] = "";
	struct gpald_stored_record stored = { .name = name, .digest = digest };
	const bool is_digest_right = fuzz_u8(bytes) & 1;
	struct gpal_layout layout;

	name[0] = (char)fuzz_u8(bytes);
	stored.facts.generation = fuzz_number(bytes, 8);
	stored.facts.owner_uid = (uid_t)fuzz_number(bytes, 4);
	stored.facts.created_at_ms = (int64_t)fuzz_number(bytes, 8);
	stored.facts.updated_at_ms = (int64_t)fuzz_number(bytes, 8);
	stored.request = take_blob(bytes, fuzz_number(bytes, 2));
	stored.layout = take_blob(bytes, SIZE_MAX);
	if (is_digest_right && read_layout(&stored.layout, arena, &layout))
		gpal_layout_digest(&layout, digest);
	load(&stored);
	gpald_blob_free(&stored.request);
	gpald_blob_free(&stored.layout);
}

/* A request and its layout, encoded and decoded. */

static void check_request_back(const struct gpal_request *request, struct gpald_arena *arena,
			       struct gpald_blob *blob)
{
	cJSON *there = request_tree(request), *back;
	struct gpal_request read;

	FUZZ_CHECK(gpald_encode_request_blob(request, blob), "out of memory");
	FUZZ_CHECK(read_request(blob, arena, &read), "encoded bytes cannot be decoded");
	back = request_tree(&read);
	FUZZ_CHECK(there && back && cJSON_Compare(there, back, true),
		   "the decoded request differs");
	cJSON_Delete(there);
	cJSON_Delete(back);
}

static void check_layout_back(const struct gpal_layout *layout, struct gpald_arena *arena,
			      struct gpald_blob *blob)
{
	cJSON *there = layout_tree(layout), *back;
	struct gpal_layout read;

	FUZZ_CHECK(gpald_encode_layout_blob(layout, blob), "out of memory");
	FUZZ_CHECK(read_layout(blob, arena, &read), "encoded bytes cannot be decoded");
	back = layout_tree(&read);
	FUZZ_CHECK(there && back && cJSON_Compare(there, back, true), "the decoded layout differs");
	cJSON_Delete(there);
	cJSON_Delete(back);
}

static void try_drawn(struct fuzz_bytes *bytes, struct gpald_arena *arena)
{
	struct gpald_stored_record stored = { .name = "vm", .facts = { .generation = 1 } };
	char digest[GPAL_DIGEST_SIZE];
	struct gpal_layout *layout;
	struct drawn drawn;

	drawn_init(&drawn);
	drawn_edit(&drawn, bytes, EDITS_MAX, NULL);
	if (gpal_resolve(&drawn.request, &layout, NULL))
		return;
	check_request_back(&drawn.request, arena, &stored.request);
	check_layout_back(layout, arena, &stored.layout);
	gpal_layout_digest(layout, digest);
	stored.digest = digest;
	load(&stored);
	gpald_blob_free(&stored.request);
	gpald_blob_free(&stored.layout);
	gpal_layout_free(layout);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const forms[])(struct fuzz_bytes * bytes, struct gpald_arena * arena) = {
		try_request,
		try_layout,
		try_record,
		try_drawn,
	};
	struct fuzz_bytes bytes = { data, data + size };
	struct gpald_arena *arena = gpald_arena_new(0);

	FUZZ_CHECK(arena, "out of memory");
	forms[fuzz_below(&bytes, sizeof(forms) / sizeof(forms[0]))](&bytes, arena);
	gpald_arena_free(arena);
	return 0;
}
