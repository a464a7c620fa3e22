/* SPDX-License-Identifier: MIT */
/*
 * Next steps. The daemon says what is wrong; which flag or member to turn is
 * the client's to say, one table row for each reason.
 */
#include "config.h"

#include "hint.h"

#include "buffer.h"
#include "changes_print.h"
#include "json_tree.h"
#include "message.h"
#include "size_text.h"
#include "wire/size.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/*
 * {member} stands for a member of the error's data. The first row of a reason
 * is taken whose phase is the error's (NULL: any) and whose members are all
 * there and not zero.
 */
struct hint {
	const char *reason;
	const char *phase;
	const char *text;
};

/* clang-format off */
static const struct hint hints[] = {
	/* not JSON, not a request */
	{ "invalid_json", NULL,
	  "mend the JSON text; sizes such as 4GiB are strings and need quotes" },
	{ "invalid_utf8", NULL, "save the request as UTF-8" },
	{ "duplicate_key", NULL, "an object has a member twice: keep one of them" },
	{ "too_deep", NULL,
	  "no request needs that much nesting; look for a bracket that is not closed" },
	{ "too_many_values", NULL, "split the request; no single VM needs that many values" },
	{ "invalid_request", NULL, "PARAMS is an object, as in '{\"request\": {...}}'" },
	{ "method_not_found", NULL,
	  "gpalayoutctl schema lists the methods; the inspect socket has only those that change"
	  " nothing" },

	/* one member at fault */
	{ "missing_member", NULL,
	  "add the member; a request needs arch (--arch) and memory.nodes (--memory or --numa)" },
	{ "unknown_member", NULL, "look for a misspelling; gpalayoutctl schema has all members" },
	{ "wrong_type", NULL,
	  "gpalayoutctl schema has the type; sizes are integers or strings, counts are integers" },
	{ "bad_size", NULL,
	  "write whole digits and one of K, M, G, T, P, or 0x and hexadecimal digits: 1536M, not "
	  "1.5G or 64m" },
	{ "out_of_range", NULL,
	  "choose a value inside the limits; gpalayoutctl info shows those of the daemon" },
	{ "bad_name", NULL, "a name has 1 to 64, and a tag 1 to 79, of the characters A-Z a-z 0-9 . _ : -" },
	{ "unknown_policy", NULL, "gpalayoutctl policies lists the policies of this daemon" },
	{ "bad_layout", NULL,
	  "the layout was changed, or cut, after the daemon made it: use what the daemon answered, as "
	  "it is" },
	{ "invalid_bus_range", NULL, "start_bus may not be above end_bus" },
	{ "iommu_arch_mismatch", NULL,
	  "smmuv3 is for aarch64; amd-vi and intel-vtd are for x86_64 (--arch)" },
	{ "invalid_hdm", NULL, "make hdm a multiple of 256M, the unit CXL decodes" },
	{ "node_out_of_range", NULL,
	  "nodes count from 0 in the order of --numa; give the node or change node= of the root"
	  " complex" },

	/* two entries at fault */
	{ "duplicate_name", NULL, "rename one of the two" },
	{ "bus_overlap", NULL,
	  "give {tag} and {other_tag} buses of their own (start_bus, end_bus) or different "
	  "segments" },
	{ "bus_overlap", NULL,
	  "give each root complex of a segment buses of its own, or another segment" },
	{ "mixed_iommu", NULL,
	  "give {tag} and {other_tag} the same kind of IOMMU; a VM has one kind" },
	{ "mixed_iommu", NULL,
	  "give all root complexes the same kind of IOMMU; a VM has one kind" },

	/* no layout exists */
	{ "invalid_memory", NULL,
	  "give at least one node that is not empty; node sizes and the start are multiples of "
	  "4K, and all nodes fit in 64 bits" },
	{ "invalid_size", NULL, "make {tag} a multiple of 4K above 0; it has {size}" },
	{ "invalid_size", NULL,
	  "sizes are multiples of 4K above 0, and a range ends behind its start" },
	{ "invalid_alignment", NULL,
	  "use a power of two of at least 4K for {tag}, not {alignment}" },
	{ "invalid_alignment", NULL,
	  "an alignment is a power of two of at least 4K, and a range starts on a multiple of "
	  "4K" },
	{ "overlap", NULL, "move or shrink {tag} or {other_tag}: both want the same addresses" },
	{ "overlap", NULL, "move or shrink one of the two ranges" },
	{ "exhausted", "mmio32",
	  "with all else as it is, {tag} can have {largest_size}; for more, make low MMIO windows "
	  "smaller, give root complexes fewer buses, or put the ECAM above (--pcie-ecam "
	  "above-4gib)" },
	{ "exhausted", "mmio32",
	  "below 4 GiB there is room for {largest_fit} at an alignment of {alignment} and {tag}"
	  " needs {size}: make low MMIO windows smaller, give root complexes fewer buses, or "
	  "put the ECAM above (--pcie-ecam above-4gib)" },
	{ "exhausted", "mmio32",
	  "nothing of that alignment is left below 4 GiB for {tag}: make low MMIO windows "
	  "smaller, give root complexes fewer buses, or put the ECAM above (--pcie-ecam "
	  "above-4gib)" },
	{ "exhausted", NULL,
	  "with all else as it is, {tag} can have {largest_size}; for more, move the pinned and "
	  "reserved ranges in the way" },
	{ "exhausted", "ram",
	  "{free_space} is free for {tag}, which needs {size}: use less RAM, or move the pinned "
	  "and reserved ranges in the way" },
	{ "exhausted", NULL,
	  "the largest {tag} that fits there is {largest_fit} and it needs {size}: make it "
	  "smaller, or move the pinned and reserved ranges in the way" },
	{ "exhausted", NULL,
	  "move the pinned and reserved ranges out of the way of {tag}, or ask for less" },
	{ "exhausted", NULL, "ask for less, or move the pinned and reserved ranges" },
	{ "ecam_below_minimum", NULL,
	  "free addresses from 256 MiB up: make low MMIO windows smaller, give root complexes "
	  "fewer buses, or use --pcie-ecam above-4gib" },
	{ "fixed_low_mmio_above_4gib", NULL,
	  "pin the window so that base and size end at or below 4 GiB, or leave low_mmio_base "
	  "away to have it placed" },
	{ "address_width_exceeded", NULL,
	  "{tag} sets the top, which needs {required_bits} address bits where the host has {bits}:"
	  " use less RAM or smaller high windows" },
	{ "address_width_exceeded", NULL,
	  "use less RAM, smaller high windows, or a host with more bits" },

	/* layouts the daemon keeps */
	{ "not_found", NULL,
	  "no range has the tag {tag}: without a tag, all ranges are explained" },
	{ "not_found", NULL, "gpalayoutctl list shows the layouts there are" },
	{ "conflict", NULL, "the name belongs to uid {owner_uid}: use another name" },
	{ "conflict", NULL,
	  "gpalayoutctl get NAME shows whose the name is, and with --request its request: use another "
	  "name, or gpalayoutctl update" },
	{ "generation_mismatch", NULL,
	  "the layout has changed since it was read: look at it again with gpalayoutctl get, then "
	  "give --generation {generation}" },
	{ "generation_mismatch", NULL,
	  "the layout has changed since it was read: gpalayoutctl get shows its generation for "
	  "--generation" },
	{ "would_move", NULL,
	  "once the VM is off, gpalayoutctl update --allow-moves does it; with --dry-run too it "
	  "shows the layout that would be" },
	{ "would_remove", NULL,
	  "update takes the whole request: gpalayoutctl get NAME --request shows the one to add to; "
	  "if the VM no longer has these ranges, --allow-removals removes them" },
	{ "denied", NULL,
	  "only its creator, uid {owner_uid}, root and the daemon's admin group may change it" },
	{ "denied", NULL, "only its creator, root and the daemon's admin group may change it" },
	{ "store_failed", NULL, "see the daemon's log; it restarts with what was acknowledged" },
	{ "store_full", NULL,
	  "gpalayoutctl delete layouts that no VM needs any more (gpalayoutctl list), or free space"
	  " on the disk of the daemon's state folder; gpalayoutctl info shows the limits" },
	{ "resync_required", NULL,
	  "the events asked for are gone: read gpalayoutctl list anew, then go on with "
	  "gpalayoutctl watch --since {revision}" },
	{ "resync_required", NULL,
	  "the events asked for are gone: start gpalayoutctl watch anew, then read gpalayoutctl "
	  "list" },

	/* the daemon's state */
	{ "internal", NULL,
	  "this is a defect of the daemon: report it with the request and its log" },
	{ "message_too_large", NULL, "gpalayoutctl info shows the limit; ask for less at once" },
	{ "overloaded", NULL, "try again in a moment; gpalayoutctl info shows the limits" },
	{ "timeout", NULL, "try again; the request line was not finished in time" },
	{ "shutting_down", NULL, "try again once the daemon is back" },
	{ NULL, NULL, "--json shows the whole answer" },
};
/* clang-format on */

/* What else there is to know, in the same form. */
static const struct hint notes[] = {
	{ "exhausted", NULL,
	  "what fits best there is {fit.start}-{fit.end} ({largest_fit}), between {below.tag} and "
	  "{above.tag}" },
	{ "exhausted", NULL,
	  "what fits best there is {fit.start}-{fit.end} ({largest_fit}), above {below.tag}" },
	{ "exhausted", NULL,
	  "what fits best there is {fit.start}-{fit.end} ({largest_fit}), below {above.tag}" },
	{ "exhausted", NULL, "what fits best there is {fit.start}-{fit.end} ({largest_fit})" },
	{ "address_width_exceeded", NULL,
	  "of the top, {alignment_gap} below {tag} are empty only because its start is aligned" },
};

static const struct {
	int error;
	const char *text;
} connection_hints[] = {
	{ ENOENT, "is gpalayoutd running? --socket or GPALAYOUT_SOCKET names its socket" },
	{ ENOTDIR, "--socket or GPALAYOUT_SOCKET names the daemon's socket" },
	{ ECONNREFUSED, "gpalayoutd no longer listens there: start it again" },
	{ EACCES, "this user may not use the socket: join its group, or use the inspect socket" },
	{ ENOTSOCK, "the path is not a socket; --socket or GPALAYOUT_SOCKET names the daemon's" },
	{ EPROTOTYPE,
	  "this is another kind of socket; --socket or GPALAYOUT_SOCKET names the daemon's" },
	{ ETIMEDOUT, "--timeout SECONDS waits longer; the daemon may be busy or stopped" },
	{ ECONNRESET,
	  "the daemon's log says why; a stopping or overloaded daemon closes connections" },
};

static const char *const size_members[] = { "size",        "alignment",    "free_space",
					    "largest_fit", "largest_size", "alignment_gap" };

static int is_size_member(const char *name)
{
	for (size_t i = 0; i < sizeof(size_members) / sizeof(size_members[0]); i++) {
		if (strcmp(size_members[i], name) == 0)
			return 1;
	}
	return 0;
}

/* The member of that name, or that of a member, as in below.tag; NULL: not there. */
static const cJSON *find_member(const cJSON *data, const char *name)
{
	const char *point = strchr(name, '.');
	char group[32];

	if (!point)
		return ctl_json_member(data, name);
	snprintf(group, sizeof(group), "%.*s", (int)(point - name), name);
	return ctl_json_member(ctl_json_member(data, group), point + 1);
}

/* False when the member is not there, or a size of zero. */
static int append_member(struct ctl_buffer *out, const cJSON *data, const char *name)
{
	const cJSON *member = find_member(data, name);
	const char *text = cJSON_GetStringValue(member);
	uint64_t value;

	if (ctl_json_count(member, &value) && value) {
		ctl_buffer_printf(out, "%" PRIu64, value);
		return 1;
	}
	if (!text)
		return 0;
	if (!is_size_member(name) || gpald_size_parse(text, &value) != GPALD_SIZE_OK) {
		ctl_buffer_puts(out, text);
		return 1;
	}
	if (value)
		ctl_size_append(out, value);
	return value != 0;
}

/* Replaces each {member}; false when one is not there. */
static int fill_in(struct ctl_buffer *out, const char *text, const cJSON *data)
{
	while (*text) {
		size_t len = strcspn(text, "{");
		const char *close = text[len] ? strchr(text + len, '}') : NULL;
		char name[32];
		size_t name_len;

		/* A brace that encloses no name is text, as in the hint on PARAMS. */
		name_len = close ? (size_t)(close - (text + len + 1)) : 0;
		if (!close || text[len + 1] == '.' ||
		    strspn(text + len + 1, "abcdefghijklmnopqrstuvwxyz_.") != name_len ||
		    !name_len || name_len >= sizeof(name)) {
			len += text[len] != '\0';
			ctl_buffer_append(out, text, len);
			text += len;
			continue;
		}
		ctl_buffer_append(out, text, len);
		memcpy(name, text + len + 1, name_len);
		name[name_len] = '\0';
		if (!append_member(out, data, name))
			return 0;
		text = close + 1;
	}
	return 1;
}

static int row_applies(const struct hint *row, const char *reason, const char *phase)
{
	if (!row->reason)
		return 1;
	return reason && strcmp(row->reason, reason) == 0 &&
	       (!row->phase || (phase && strcmp(row->phase, phase) == 0));
}

/* The first row that applies, filled in; empty: none does. */
static void choose(struct ctl_buffer *line, const struct hint *rows, size_t count,
		   const cJSON *data)
{
	const char *reason = ctl_json_text(data, "reason");
	const char *phase = ctl_json_text(data, "phase");

	for (size_t i = 0; i < count; i++) {
		line->len = 0;
		if (row_applies(&rows[i], reason, phase) && fill_in(line, rows[i].text, data))
			return;
	}
	line->len = 0;
}

static void advise(const cJSON *data)
{
	ctl_cleanup_buffer struct ctl_buffer note = { 0 };
	ctl_cleanup_buffer struct ctl_buffer hint = { 0 };

	choose(&note, notes, sizeof(notes) / sizeof(notes[0]), data);
	if (note.len)
		ctl_note("%s", ctl_buffer_text(&note));
	choose(&hint, hints, sizeof(hints) / sizeof(hints[0]), data);
	ctl_hint("%s", ctl_buffer_text(&hint));
}

void ctl_print_refusal(const char *about, const cJSON *error)
{
	ctl_cleanup_buffer struct ctl_buffer table = { 0 };
	const cJSON *data = ctl_json_member(error, "data");
	const cJSON *changes = ctl_json_member(data, "changes");
	const char *message = ctl_json_text(error, "message");
	const char *reason = ctl_json_text(data, "reason");
	const char *pointer = ctl_json_text(data, "pointer");
	const char *colon = about ? ": " : "";

	if (!about)
		about = "";
	if (!reason)
		ctl_complain("%s%serror %d: %s", about, colon,
			     ctl_json_member(error, "code")->valueint, message);
	else if (pointer)
		ctl_complain("%s%s%s at %s: %s", about, colon, reason,
			     *pointer ? pointer : "the top of params", message);
	else
		ctl_complain("%s%s%s: %s", about, colon, reason, message);
	if (cJSON_GetArraySize(changes) > 0 && ctl_changes_append(&table, changes))
		ctl_write_aside(&table);
	advise(data);
}

void ctl_hint_connection(int error)
{
	for (size_t i = 0; i < sizeof(connection_hints) / sizeof(connection_hints[0]); i++) {
		if (connection_hints[i].error == error)
			ctl_hint("%s", connection_hints[i].text);
	}
}
