/* SPDX-License-Identifier: MIT */
/*
 * Hints on what to do about a refusal. The daemon says what is wrong; the client knows which flag
 * or member the user must change. Each reason has rows in a table. hint_words.c knows their
 * conditions and words.
 */
#include "config.h"

#include "gpalayoutctl/print_reply.h"

#include "gpalayoutctl/hint_context.h"
#include "gpalayoutctl/hint_place.h"
#include "gpalayoutctl/hint_words.h"
#include "gpalayoutctl/json_text.h"
#include "gpalayoutctl/message.h"
#include "gpalayoutctl/print/print.h"
#include "gpalayoutctl/size_text.h"
#include "wire/size.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/*
 * In a text, {member} is replaced by a member of the error's data, {word} by text that depends on
 * the request, and {?condition} by nothing. A row applies if it has the reason of the refusal or
 * none, all its members exist and are not zero, and all its conditions hold. The first row that
 * applies gives the hint. A row without text, or with only conditions, gives none, because the
 * message says everything.
 */
struct hint {
	const char *reason; /* NULL: any */
	const char *text;
};

#define LAYOUT_WAS_CHANGED                                                                      \
	"the layout was changed or truncated after the daemon made it: use the daemon's reply " \
	"unchanged"

/* clang-format off */
static const struct hint hints[] = {
	/* not JSON, not a request */
	{ "invalid_json", "correct the JSON text; sizes such as 4GiB are strings and need quotes" },
	{ "invalid_utf8", "requests and names must be UTF-8" },
	{ "duplicate_key", "an object has a member twice: keep one of them" },
	{ "too_deep", "remove brackets: no request needs that much nesting" },
	{ "too_many_values",
	  "no VM needs that many values: merge adjacent reserved ranges, or shorten other lists" },
	{ "invalid_request", "params must be an object, as in '{\"request\": {...}}'" },
	{ "method_not_found",
	  "{?backup}a backup needs the control socket of a daemon of version 0.2.0 or later" },
	{ "method_not_found",
	  "gpalayoutctl schema lists the methods; the inspect socket has only those that change "
	  "nothing" },

	/* one member at fault; first those of a layout in full */
	{ "bad_name", NULL },
	{ "unknown_member", "{?layout}" LAYOUT_WAS_CHANGED ", or use a newer daemon" },
	{ NULL, "{?layout}" LAYOUT_WAS_CHANGED },
	{ "missing_member", "{?window}" },
	{ "missing_member", "{?required}{?flags}add --memory SIZE, or --numa SIZE for each node" },
	{ "missing_member", "{?required}a request has at least arch and memory.nodes" },
	{ "missing_member",
	  "{?allocate}{?has_address}each reserved or fixed range has a tag, a start and an end, "
	  "such as {\"tag\": \"a\", \"start\": \"1M\", \"end\": \"2M\"}" },
	{ "missing_member",
	  "{?allocate}each range to be placed has a tag, a size and an alignment, such as "
	  "{\"tag\": \"a\", \"size\": \"1M\", \"alignment\": \"4K\"}" },
	{ "missing_member", "gpalayoutctl schema lists all members" },
	{ "unknown_member",
	  "correct the spelling, or omit the member: an object may have several forms, each with "
	  "its own members; gpalayoutctl schema lists all members" },
	{ "wrong_type",
	  "gpalayoutctl schema states the type; sizes are integers or strings, counts are "
	  "integers" },
	{ "bad_size",
	  "write a whole number, which may end in K, M, G, T or P, or 0x and hexadecimal digits: "
	  "1536M, not 1.5G or 64m" },
	{ "out_of_range",
	  "{?target}each target must name a root complex of the request that has cxl" },
	{ "out_of_range", NULL },
	{ "unknown_policy", "gpalayoutctl policies lists the policies and what they set" },
	{ "bad_layout", LAYOUT_WAS_CHANGED },
	{ "invalid_bus_range", "start_bus must not be above end_bus" },
	{ "iommu_arch_mismatch", "smmuv3 is for aarch64; amd-vi and intel-vtd are for x86_64" },
	{ "invalid_hdm",
	  "{?cxl_window}make its size a multiple of 256M times the number of targets" },
	{ "invalid_hdm", "make hdm a multiple of 256M, as CXL requires" },
	{ "node_out_of_range",
	  "{?flags}nodes are numbered from 0 in the order of --numa; add the node, or change "
	  "node=" },
	{ "node_out_of_range",
	  "nodes are numbered from 0 in the order of memory.nodes; add the node, or name another "
	  "one" },

	/* two entries at fault */
	{ "duplicate_name", "{?target}name each target of a CXL window once" },
	{ "duplicate_name", "{?hole}state each hole once, and give no reserved range its name" },
	{ "duplicate_name", "rename one of the two" },
	{ "bus_overlap",
	  "give {tag} and {other_tag} buses of their own (start_bus, end_bus) or different "
	  "segments" },
	{ "bus_overlap",
	  "give each root complex of a segment buses of its own, or another segment" },
	{ "mixed_iommu", "give {tag} and {other_tag} the same kind of IOMMU; a VM has one kind" },
	{ "mixed_iommu", "give all root complexes the same kind of IOMMU; a VM has one kind" },

	/* no layout exists */
	{ "invalid_memory",
	  "{?low_ram}the low RAM window is a multiple of 2M, is no larger than node 0, and ends "
	  "below {memory_start}" },
	{ "invalid_memory",
	  "give at least one node that is not empty; node sizes and the start are multiples of 4K, "
	  "and all nodes fit in 64 bits" },
	{ "invalid_size", "{?bar}a BAR is a power of two; state one below 4K as 4K" },
	{ "invalid_size", "{?at_devices}give it fewer devices, or smaller ones" },
	{ "invalid_size",
	  "{?zero}{?cxl_window}omit the window, or make its size a multiple of 256M times the "
	  "number of targets" },
	{ "invalid_size", "{?zero}{?room}omit the room, or make its size a multiple of 4K" },
	{ "invalid_size",
	  "{?zero}{?hdm}{?in_flag}make hdm a multiple of 256M above 0, or none to have no HDM" },
	{ "invalid_size",
	  "{?zero}{?hdm}make hdm a multiple of 256M above 0, or omit it to have no HDM" },
	{ "invalid_size",
	  "{?empty_window}make it a multiple of 4K above 0, or {none} to have no such window" },
	{ "invalid_size", "make {tag} a multiple of 4K above 0; it has {size}" },
	{ "invalid_size", "sizes are multiples of 4K above 0, and a range ends after its start" },
	{ "invalid_alignment", "{?off_page}start {tag} at a multiple of 4K" },
	{ "invalid_alignment",
	  "change the alignment of {tag} from {alignment} to a power of two of at least the "
	  "minimum in the message" },
	{ "invalid_alignment",
	  "an alignment is a power of two of at least 4K, and a range starts on a multiple of 4K" },
	{ "overlap",
	  "{?gap}{?chipset_low}lower {memory_start}, make chipset-low-mmio smaller, or both: "
	  "low-ram-gap ends where RAM starts, and chipset-low-mmio at 4 GiB" },
	{ "overlap",
	  "{?gap}{?movable}move or shrink {movable}: low-ram-gap reaches from the low RAM window, "
	  "or 0, to the start of RAM ({memory_start})" },
	{ "overlap", "{?gap}lower {memory_start}: low-ram-gap ends where RAM starts" },
	{ "overlap",
	  "{?chipset_low}{?movable}move or shrink {movable}: chipset-low-mmio ends at 4 GiB" },
	{ "overlap", "{?chipset_low}make chipset-low-mmio smaller: it ends at 4 GiB" },
	{ "overlap",
	  "{?one_movable}move, shrink or omit {movable}: a hole of the host cannot move" },
	{ "overlap", "move or shrink {tag} or {other_tag}: both want the same addresses" },
	{ "overlap", "move or shrink one of the two ranges" },
	{ "exhausted",
	  "{?low_ram}{?below_hole}make the low RAM window smaller: {above.tag} is a hole of the "
	  "host and cannot move" },
	{ "exhausted",
	  "{?low_ram}free the addresses that the low RAM window needs, from 0 to its size" },
	{ "exhausted",
	  "{?sized_by_devices}give {tag} fewer or smaller devices, or make room for "
	  "it{try_sizes}{or_moves}" },
	{ "exhausted",
	  "{?shared}if nothing else changes, {tag} can have {largest_size}; {equal_share} for each "
	  "of the {windows} would fit there, but a later check may still refuse the request" },
	{ "exhausted",
	  "{?shared}{equal_share} for each of the {windows} would fit there, but a later check may "
	  "still refuse the request" },
	{ "exhausted",
	  "{?virtio_mmio}if nothing else changes, there can be {slots} virtio-mmio "
	  "slots{or_moves}" },
	{ "exhausted", "if nothing else changes, {tag} can have {largest_size}{or_moves}" },
	{ "exhausted",
	  "{?ecam}make room for {tag}, which has 1 MiB for each "
	  "bus{or_other_ecam}{try_sizes}{or_moves}" },
	{ "exhausted",
	  "{?lacks_ram}{free_space} is free for {tag}, which needs {size}: use less RAM, or make "
	  "room for it{try_sizes}{or_moves}" },
	{ "exhausted", "{?ram}use less RAM, or make room for {tag}{try_sizes}{or_moves}" },
	{ "exhausted",
	  "{tag} needs {size}, but at most {largest_fit} fits there at an alignment of "
	  "{alignment}: make it smaller, or make room for it{try_sizes}{or_moves}" },
	{ "exhausted",
	  "nothing with an alignment of {alignment} fits there: make room for "
	  "{tag}{try_sizes}{or_moves}" },
	{ "exhausted", "make room for the refused range{try_sizes}{or_moves}" },
	{ "ecam_below_minimum",
	  "make room between 256 MiB and 4 GiB{or_other_ecam}{or_moves}" },
	{ "fixed_low_mmio_above_4gib",
	  "{?flags}pin the window so that it ends at or below 4 GiB, or omit "
	  "low_mmio_base to have it placed" },
	{ "fixed_low_mmio_above_4gib",
	  "end the window at or below 4 GiB, or give its size alone to have it placed" },
	{ "address_width_exceeded",
	  "{?pinned_too_high}{pinned_too_high} is pinned too high for this host: pin it lower, or "
	  "give its size alone to have it placed{or_moves}" },
	{ "address_width_exceeded",
	  "{?all_nodes}{tag} ends highest; the layout needs {required_bits} address bits, but the "
	  "host has {bits}: if nothing else changes, each node can have {largest_size}" },
	{ "address_width_exceeded",
	  "{tag} ends highest; the layout needs {required_bits} address bits, but the host has "
	  "{bits}: if nothing else changes, {largest_size_of} can have {largest_size}" },
	{ "address_width_exceeded",
	  "the layout ends {excess} too high: use a host with {required_bits} address bits, less "
	  "RAM or smaller windows; {largest_tag} takes the most space: {largest_tag_size}" },
	{ "address_width_exceeded",
	  "{tag} ends highest; the layout needs {required_bits} address bits, but the host has "
	  "{bits}: use less RAM or smaller high MMIO windows" },
	{ "address_width_exceeded",
	  "use less RAM, smaller high MMIO windows, or a host with more bits" },

	{ "warning_refused",
	  "{?refuse}change what the warnings name; without --refuse the layout is made and its "
	  "warnings are printed" },
	{ "warning_refused",
	  "change what the warnings name; without refuse the layout is made and has its warnings" },

	/* layouts the daemon keeps */
	{ "not_found",
	  "{?call}omit tag to list the tags that this method accepts: {tag} is not one of them" },
	{ "not_found",
	  "omit TAG to list the tags that this command accepts: {tag} is not one of them" },
	{ "not_found", "gpalayoutctl list shows all layouts" },
	{ "conflict", "{?update}" },
	{ "conflict", "{?others_layout}use another name: that layout belongs to another user" },
	{ "conflict",
	  "gpalayoutctl get NAME shows the owner, and with --request the request: use "
	  "another name, or gpalayoutctl update" },
	{ "generation_mismatch",
	  "{?call}look at the layout again with gpalayoutctl get, then give generation "
	  "{generation}" },
	{ "generation_mismatch",
	  "look at the layout again with gpalayoutctl get, then give --generation {generation}" },
	{ "generation_mismatch",
	  "look at the layout again with gpalayoutctl get, which shows its generation for "
	  "--generation" },
	{ "would_move",
	  "{?call}once the VM is off, \"allow_moves\": true moves them; add \"dry_run\": true to "
	  "see the new layout first" },
	{ "would_move",
	  "once the VM is off, use gpalayoutctl update --allow-moves; add --dry-run to see the new "
	  "layout first" },
	{ "would_remove",
	  "{?change_flags}if the VM no longer has these ranges, --allow-removals removes them" },
	{ "would_remove",
	  "{?call}if the VM no longer has these ranges, \"allow_removals\": true removes them" },
	{ "would_remove",
	  "update takes the whole request: add to the one that gpalayoutctl get NAME --request "
	  "shows; if the VM no longer has these ranges, --allow-removals removes them" },
	{ "denied",
	  "run the command as the layout's owner, uid {owner_uid}, as root, or as a member of "
	  "the daemon's admin group, if gpalayoutctl info names one" },
	{ "denied",
	  "{?backup}run the command as root, or as a member of the daemon's admin group, if "
	  "gpalayoutctl info names one" },
	{ "denied",
	  "run the command as the layout's owner, as root, or as a member of the daemon's admin "
	  "group, if gpalayoutctl info names one" },
	{ "store_failed",
	  "see the daemon's log; after its restart, gpalayoutctl get NAME shows whether this "
	  "change was made" },
	{ "store_full",
	  "delete layouts that no VM needs any more (gpalayoutctl list, gpalayoutctl delete), or "
	  "raise the limit that the message names (gpalayoutctl info); if it names none, make room "
	  "on the disk of the daemon's state folder" },
	{ "resync_required", "{?backup}" },
	{ "resync_required",
	  "the daemon does not have these events: read gpalayoutctl list again, then continue "
	  "with gpalayoutctl watch --since {revision}" },
	{ "resync_required",
	  "the daemon does not have these events: start gpalayoutctl watch again, then read "
	  "gpalayoutctl list" },

	/* the daemon's state */
	{ "internal",
	  "this is a defect of the daemon: report it with the request and the daemon's log" },
	{ "message_too_large", "{?backup}start the daemon with a larger limit reply_bytes" },
	{ "message_too_large",
	  "send or ask for less in one call, or start the daemon with a larger limit "
	  "request_line_bytes or reply_bytes; gpalayoutctl info shows both" },
	{ "overloaded", "try again in a moment; gpalayoutctl info shows the limits" },
	{ "timeout", "try again; the request line was not finished in time" },
	{ "shutting_down", "try again once the daemon is back" },
	{ NULL, "{?no_json}--json shows the whole reply" },
};
/* Notes have the same form. They give facts, and hints say what to do. */
static const struct hint notes[] = {
	{ "exhausted",
	  "{?crowded}the {demands} ranges of phase {phase} need {demand} in all, but only {supply} "
	  "was free" },
	{ "exhausted",
	  "the largest free place for it is {fit.start}-{fit.end} ({largest_fit}), between "
	  "{below.tag} and {above.tag}" },
	{ "exhausted",
	  "the largest free place for it is {fit.start}-{fit.end} ({largest_fit}), above "
	  "{below.tag}" },
	{ "exhausted",
	  "the largest free place for it is {fit.start}-{fit.end} ({largest_fit}), below "
	  "{above.tag}" },
	{ "exhausted", "the largest free place for it is {fit.start}-{fit.end} ({largest_fit})" },
	{ "address_width_exceeded",
	  "{alignment_gap} below {tag} are empty only because its start must be aligned" },
};
/* clang-format on */

/* Members of the data. */

static const char *const size_members[] = {
	"size",   "alignment", "free_space", "largest_fit",      "largest_size", "alignment_gap",
	"demand", "supply",    "excess",     "largest_tag_size", "equal_share",
};

static bool is_size_member(const char *name)
{
	for (size_t i = 0; i < sizeof(size_members) / sizeof(size_members[0]); i++)
		if (strcmp(size_members[i], name) == 0)
			return true;
	return false;
}

/*
 * Returns the member of that name, or NULL if there is none. The name may lead into an object, as
 * below.tag does.
 */
static const cJSON *find_data_member(const cJSON *data, const char *name)
{
	const char *point = strchr(name, '.');
	char group[32];

	if (!point)
		return ctl_member_of(data, name);
	snprintf(group, sizeof(group), "%.*s", (int)(point - name), name);
	return ctl_member_of(ctl_member_of(data, group), point + 1);
}

/* Appends a size. If it is rounded or has decimals, the form that can be typed follows it. */
static void append_hint_size(struct gpald_bytes *out, uint64_t size)
{
	const size_t start = out->length;
	bool is_in_parentheses;

	ctl_size_append(out, size);
	if (!strpbrk(out->data + start, "~."))
		return;
	is_in_parentheses = start && out->data[start - 1] == '(';
	ctl_buffer_puts(out, is_in_parentheses ? ", " : " (");
	ctl_typed_size_append(out, size);
	ctl_buffer_puts(out, is_in_parentheses ? "" : ")");
}

/* Returns false if the member does not exist or is zero. */
static bool append_data_member(struct gpald_bytes *out, const cJSON *data, const char *name)
{
	const cJSON *member = find_data_member(data, name);
	const char *text = cJSON_GetStringValue(member);
	uint64_t size;

	if (cJSON_IsNumber(member) && member->valuedouble >= 1 && member->valuedouble < 0x1p53) {
		ctl_buffer_printf(out, "%" PRIu64, (uint64_t)member->valuedouble);
		return true;
	}
	if (!text)
		return false;
	if (!is_size_member(name) || gpald_size_parse(text, &size) != GPALD_SIZE_OK) {
		ctl_buffer_puts(out, text);
		return true;
	}
	if (size)
		append_hint_size(out, size);
	return size;
}

static bool append_named(struct gpald_bytes *out, const struct ctl_hint_context *context,
			 const char *name)
{
	bool holds;

	return ctl_hint_evaluate(out, context, name, &holds) ?
		       holds :
		       append_data_member(out, context->data, name);
}

/*
 * Replaces all names in braces. Returns false if one has no value, or its condition does not hold.
 */
static bool fill_in(struct gpald_bytes *out, const char *text,
		    const struct ctl_hint_context *context)
{
	while (*text) {
		size_t length = strcspn(text, "{");
		const size_t name_length =
			text[length] ? strspn(text + length + 1, "?abcdefghijklmnopqrstuvwxyz_.") :
				       0;
		char name[32];

		/* A brace that encloses no name is text, as in a hint on JSON. */
		if (!name_length || name_length >= sizeof(name) || text[length + 1] == '.' ||
		    text[length + 1 + name_length] != '}') {
			length += text[length] != '\0';
			ctl_buffer_append(out, text, length);
			text += length;
			continue;
		}
		ctl_buffer_append(out, text, length);
		memcpy(name, text + length + 1, name_length);
		name[name_length] = '\0';
		if (!append_named(out, context, name))
			return false;
		text += length + name_length + 2;
	}
	return true;
}

/* Fills in the first row that applies. Leaves `line` empty if none does. */
static void choose_hint(struct gpald_bytes *line, const struct hint *rows, size_t count,
			const struct ctl_hint_context *context)
{
	const char *reason = ctl_text_of(context->data, "reason");

	for (size_t i = 0; i < count; i++) {
		const bool is_own = reason && rows[i].reason && strcmp(rows[i].reason, reason) == 0;

		line->length = 0;
		if ((is_own || !rows[i].reason) &&
		    (!rows[i].text || fill_in(line, rows[i].text, context)))
			return;
	}
	line->length = 0;
}

/* Prints the note and the hint for a refusal. */
static void print_hints(const struct ctl_hint_context *context)
{
	ctl_cleanup_buffer struct gpald_bytes note = { 0 };
	ctl_cleanup_buffer struct gpald_bytes hint = { 0 };

	choose_hint(&note, notes, sizeof(notes) / sizeof(notes[0]), context);
	if (note.length)
		ctl_note("%s", ctl_buffer_text(&note));
	choose_hint(&hint, hints, sizeof(hints) / sizeof(hints[0]), context);
	if (hint.length)
		ctl_hint("%s", ctl_buffer_text(&hint));
}

/* Returns the error in the last line, or NULL if it cannot be read. */
static cJSON *read_error(const struct ctl_session *session)
{
	const char *line = gpal_client_line(session->client);
	struct gpald_raw error;

	if (!line || !gpald_raw_member(gpald_raw_value(line, strlen(line)), "error", &error))
		return NULL;
	return cJSON_ParseWithLength(error.text, error.length);
}

static void print_changes(struct ctl_session *session, const cJSON *data)
{
	ctl_cleanup_buffer struct gpald_bytes table = { 0 };
	const struct gpal_client_update *update;

	if (cJSON_GetArraySize(ctl_member_of(data, "changes")) <= 0)
		return;
	update = ctl_decode(session, &gpald_refused_update_result, data);
	if (!update)
		return;
	ctl_changes_append(&table, update->changes);
	ctl_write_error_text(&table);
}

static void print_warnings(const cJSON *data)
{
	ctl_cleanup_buffer struct gpald_bytes text = { 0 };
	const cJSON *each;

	cJSON_ArrayForEach(each, ctl_member_of(data, "warnings"))
	{
		const struct gpal_warning warning = {
			.token = ctl_text_of(each, "reason"),
			.tag = ctl_text_of(each, "tag"),
			.message = ctl_text_of(each, "message"),
		};

		if (warning.token && warning.message)
			ctl_warning_append(&text, &warning);
	}
	ctl_write_error_text(&text);
}

void ctl_print_refusal(struct ctl_session *session, const char *about)
{
	cJSON *error = read_error(session);
	cJSON *params = cJSON_Parse(ctl_buffer_text(&session->params));
	const cJSON *data = ctl_member_of(error, "data");
	const struct ctl_hint_context context = { session, data, params,
						  ctl_hint_request(params, data), about };
	const char *pointer = ctl_text_of(context.data, "pointer");
	ctl_cleanup_buffer struct gpald_bytes what = { 0 };
	const char *message = ctl_text_of(error, "message");

	if (about)
		ctl_buffer_printf(&what, "%s: ", about);
	if (*session->error.reason)
		ctl_buffer_puts(&what, session->error.reason);
	else
		ctl_buffer_printf(&what, "error %d", session->error.number);
	if (pointer && ctl_is_from_user(session->invocation, pointer)) {
		ctl_buffer_puts(&what, " at ");
		ctl_pointer_target_append(&what, &context, pointer);
	}
	ctl_error("%s: %s", what.data, message ? message : session->error.message);
	print_changes(session, context.data);
	print_warnings(context.data);
	print_hints(&context);
	cJSON_Delete(params);
	cJSON_Delete(error);
}
