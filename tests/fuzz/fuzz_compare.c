/* SPDX-License-Identifier: MIT */
/*
 * Layouts in full, as clients keep them. Some were tampered with.
 *
 * Input: the edits of a request and those that make another request from it, each list after its
 * length; then the changes to the JSON of both layouts, a few bytes each. At the end the digests
 * are corrected, because a wrong digest hides every other fault.
 */
#include "config.h"

#include "tests/fuzz/draw.h"
#include "tests/fuzz/layouts.h"
#include "tests/fuzz/tamper.h"
#include "tests/wire.h"
#include "wire/params_decode.h"
#include "wire/size.h"

#include <cjson/cJSON.h>
#include <string.h>

const char fuzz_target[] = "compare";

#define EDITS_MAX 16
#define MAP_MAX 64

/* Correcting the digest. */

static const char *text_of(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static bool read_address(const cJSON *entry, const char *name, uint64_t *address)
{
	const char *text = text_of(entry, name);

	return text && gpald_size_parse(text, address) == GPALD_SIZE_OK;
}

static bool read_entry(const cJSON *entry, struct gpal_map_entry *target)
{
	const char *kind = text_of(entry, "kind");

	target->tag = text_of(entry, "tag");
	if (!kind || !target->tag)
		return false;
	target->kind = GPAL_KIND_RESERVED;
	while (target->kind < GPAL_KIND_COUNT && strcmp(gpal_kind_name(target->kind), kind) != 0)
		target->kind++;
	return target->kind < GPAL_KIND_COUNT &&
	       read_address(entry, "start", &target->range.start) &&
	       read_address(entry, "end", &target->range.end);
}

static void correct_digest(cJSON *json)
{
	struct gpal_map_entry entries[MAP_MAX];
	struct gpal_layout layout = { .map.entries = entries };
	const char *arch = text_of(json, "arch");
	cJSON *digest = cJSON_GetObjectItemCaseSensitive(json, "digest");
	char text[GPAL_DIGEST_SIZE];
	const cJSON *entry;

	cJSON_ArrayForEach(entry, cJSON_GetObjectItemCaseSensitive(json, "map"))
	{
		if (layout.map.count == MAP_MAX || !read_entry(entry, &entries[layout.map.count++]))
			return;
	}
	if (!arch || !cJSON_IsString(digest))
		return;
	layout.arch = strcmp(arch, "aarch64") == 0 ? GPAL_ARCH_AARCH64 : GPAL_ARCH_X86_64;
	gpal_layout_digest(&layout, text);
	cJSON_SetValuestring(digest, text);
}

/* Promises for accepted layouts. */

static void check_probe(const struct gpal_layout *layout, uint64_t address)
{
	const struct gpal_map_entry *entry = NULL;
	struct gpal_probe probe;

	for (size_t i = 0; i < layout->map.count && !entry; i++)
		if (address >= layout->map.entries[i].range.start &&
		    address < layout->map.entries[i].range.end)
			entry = &layout->map.entries[i];
	if (gpal_layout_probe(layout, NULL, address, &probe, NULL)) {
		FUZZ_CHECK(address >= GPAL_SPACE_END, "an address of the space cannot be probed");
		return;
	}
	FUZZ_CHECK(probe.is_free == !entry, "gpal_layout_probe() sets is_free wrongly");
	FUZZ_CHECK(probe.range.start <= address && address < probe.range.end,
		   "the probed range does not contain the address");
	FUZZ_CHECK(!entry || (strncmp(probe.tag, entry->tag, sizeof(probe.tag) - 1) == 0 &&
			      probe.kind == entry->kind),
		   "%s is reported as %s", entry ? entry->tag : "", probe.tag);
}

static void check_accepted(const struct gpal_layout *layout, struct fuzz_bytes *bytes)
{
	check_map(layout);
	if (layout->policy)
		check_accepted_in_full(layout);
	for (size_t i = 0; i < layout->map.count; i++) {
		check_probe(layout, layout->map.entries[i].range.start);
		check_probe(layout, layout->map.entries[i].range.end);
	}
	check_probe(layout, draw_size(bytes));
}

static bool contains(struct gpal_range outer, struct gpal_range inner)
{
	return outer.start <= inner.start && inner.end <= outer.end;
}

static struct gpal_changes *compare(const struct gpal_layout *from, const struct gpal_layout *to)
{
	struct gpal_changes *changes;

	FUZZ_CHECK(gpal_compare(from, to, &changes, NULL) == GPAL_OK,
		   "two layouts cannot be compared");
	/* A VM of another architecture is incompatible, wherever its ranges are. */
	FUZZ_CHECK(changes->count > 0 || changes->compatible || from->arch != to->arch,
		   "incompatible without a change");
	for (size_t i = 0; i < changes->count; i++) {
		const struct gpal_change *change = &changes->changes[i];

		FUZZ_CHECK(gpal_range_is_empty(change->from) ==
					   (change->kind == GPAL_CHANGE_ADDED) &&
				   gpal_range_is_empty(change->to) ==
					   (change->kind == GPAL_CHANGE_REMOVED),
			   "%s: an empty range does not match the kind of change", change->tag);
		FUZZ_CHECK(change->kind == GPAL_CHANGE_ADDED ||
				   contains(change->to, change->from) || !changes->compatible,
			   "compatible, but %s has lost addresses", change->tag);
	}
	return changes;
}

static void check_comparison(const struct gpal_layout *from, const struct gpal_layout *to)
{
	struct gpal_changes *there = compare(from, to), *back = compare(to, from);
	struct gpal_changes *nothing = compare(from, from);

	FUZZ_CHECK(there->count == back->count, "%zu changes, but %zu in the other direction",
		   there->count, back->count);
	FUZZ_CHECK(nothing->count == 0 && nothing->compatible, "a layout differs from itself");
	gpal_changes_free(there);
	gpal_changes_free(back);
	gpal_changes_free(nothing);
}

static cJSON *draw_layout(const struct drawn *drawn)
{
	struct gpal_layout *layout;
	cJSON *json;

	if (gpal_resolve(&drawn->request, &layout, NULL))
		return NULL;
	json = layout_json(layout);
	gpal_layout_free(layout);
	return json;
}

static void compare_in_full(cJSON *from, cJSON *to, struct fuzz_bytes *bytes)
{
	const struct gpald_compare_params *params;
	struct gpald_wire_error error;
	struct gpald_arena *arena = gpald_arena_new(0);
	cJSON *json = cJSON_CreateObject();

	cJSON_AddItemToObject(cJSON_AddObjectToObject(json, "from"), "layout", from);
	cJSON_AddItemToObject(cJSON_AddObjectToObject(json, "to"), "layout", to);
	for (size_t left = fuzz_below(bytes, 5); left > 0; left--)
		tamper(fuzz_u8(bytes) & 1 ? from : to, bytes);
	correct_digest(from);
	correct_digest(to);
	params = decode_params(&gpald_compare_params_table, json, gpal_policy_default(), arena,
			       &error);
	if (params) {
		check_accepted(&params->from.layout, bytes);
		check_accepted(&params->to.layout, bytes);
		check_comparison(&params->from.layout, &params->to.layout);
	} else {
		FUZZ_CHECK(error.has_pointer && error.message[0], "refused without a reason");
	}
	gpald_arena_free(arena);
	cJSON_Delete(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes bytes = { data, data + size };
	struct drawn drawn;
	cJSON *from, *to;

	drawn_init(&drawn);
	drawn_edit(&drawn, &bytes, fuzz_below(&bytes, EDITS_MAX), NULL);
	from = draw_layout(&drawn);
	drawn_edit(&drawn, &bytes, fuzz_below(&bytes, EDITS_MAX), NULL);
	to = from ? draw_layout(&drawn) : NULL;
	if (to)
		compare_in_full(from, to, &bytes);
	else
		cJSON_Delete(from);
	return 0;
}
