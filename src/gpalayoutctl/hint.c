/* SPDX-License-Identifier: MIT */
/*
 * Next steps. The daemon says what is wrong; which flag or member to turn is
 * the client's to say, one table row for each reason.
 */
#include "config.h"

#include "gpalayoutctl/hint.h"

#include "gpalayoutctl/message.h"
#include "gpalayoutctl/print/layout.h"
#include "gpalayoutctl/request/flags.h"
#include "gpalayoutctl/size_text.h"
#include "gpalayoutctl/terminal_text.h"
#include "wire/size.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/*
 * {member} stands for a member of the error's data, {?condition} for nothing, and {words} for
 * what the request makes of them. The first row of a reason is taken whose phase is the
 * error's (NULL: any), whose members are all there and not zero, and whose conditions hold.
 * A row without text is that of a message which says all there is.
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
	  "correct the JSON text; sizes such as 4GiB are strings and need quotes" },
	{ "invalid_utf8", NULL, "save the request as UTF-8" },
	{ "duplicate_key", NULL, "an object has a member twice: keep one of them" },
	{ "too_deep", NULL,
	  "no request needs that much nesting; look for a bracket that is not closed" },
	{ "too_many_values", NULL, "split the request; no single VM needs that many values" },
	{ "invalid_request", NULL, "PARAMS is an object, as in '{\"request\": {...}}'" },
	{ "method_not_found", NULL,
	  "{?backup}backups are taken on the control socket, of a daemon of 0.2.0 or later" },
	{ "method_not_found", NULL,
	  "gpalayoutctl schema lists the methods; the inspect socket has only those that change"
	  " nothing" },

	/* one member at fault */
	{ "missing_member", NULL,
	  "{?flags}add --memory SIZE, or --numa SIZE for each node" },
	{ "missing_member", NULL, "{?file}a request has at least arch and memory.nodes" },
	{ "missing_member", NULL,
	  "{?allocate}each range to be placed has a tag, a size and an alignment, such as "
	  "{\"tag\": \"a\", \"size\": \"1M\", \"alignment\": \"4K\"}" },
	{ "missing_member", NULL, "gpalayoutctl schema has all members" },
	{ "unknown_member", NULL, "look for a misspelling; gpalayoutctl schema has all members" },
	{ "wrong_type", NULL,
	  "gpalayoutctl schema has the type; sizes are integers or strings, counts are integers" },
	{ "bad_size", NULL,
	  "write whole digits and one of K, M, G, T, P, or 0x and hexadecimal digits: 1536M, not "
	  "1.5G or 64m" },
	{ "out_of_range", NULL, NULL },
	{ "bad_name", NULL, NULL },
	{ "unknown_policy", NULL, "gpalayoutctl policies shows what each of them sets" },
	{ "bad_layout", NULL,
	  "the layout was changed, or cut, after the daemon made it: use what the daemon answered, as "
	  "it is" },
	{ "invalid_bus_range", NULL, "start_bus may not be above end_bus" },
	{ "iommu_arch_mismatch", NULL,
	  "smmuv3 is for aarch64; amd-vi and intel-vtd are for x86_64" },
	{ "invalid_hdm", NULL, "make hdm a multiple of 256M, the unit CXL decodes" },
	{ "node_out_of_range", NULL,
	  "{?flags}nodes count from 0 in the order of --numa; give the node, or change node= of "
	  "the root complex" },
	{ "node_out_of_range", NULL,
	  "nodes count from 0 in the order of memory.nodes; add the node, or change that of the "
	  "root complex" },

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
	  "sizes are multiples of 4K above 0, and a range ends after its start" },
	{ "invalid_alignment", NULL,
	  "use a power of two for {tag} that is not below that one, not {alignment}" },
	{ "invalid_alignment", NULL,
	  "an alignment is a power of two of at least 4K, and a range starts on a multiple of "
	  "4K" },
	{ "overlap", NULL, "move or shrink {tag} or {other_tag}: both want the same addresses" },
	{ "overlap", NULL, "move or shrink one of the two ranges" },
	{ "exhausted", "mmio32",
	  "with all else as it is, {tag} can have {largest_size}; for more, {make_low_room}" },
	{ "exhausted", "mmio32",
	  "below 4 GiB there is room for {largest_fit} at an alignment of {alignment} and {tag}"
	  " needs {size}: {make_low_room}" },
	{ "exhausted", "mmio32",
	  "nothing of that alignment is left below 4 GiB for {tag}: {make_low_room}" },
	{ "exhausted", NULL,
	  "{?ecam_tag}give root complexes fewer buses: {tag} takes 1 MiB for each" },
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
	  "free addresses from 256 MiB up: {make_low_room}" },
	{ "ecam_below_minimum", NULL,
	  "free addresses from 256 MiB up: make low MMIO windows smaller, or put the ECAM above "
	  "4 GiB" },
	{ "fixed_low_mmio_above_4gib", NULL,
	  "{?flags}pin the window so that base and size end at or below 4 GiB, or omit "
	  "low_mmio_base to have it placed" },
	{ "fixed_low_mmio_above_4gib", NULL,
	  "end the window at or below 4 GiB, or give its size alone to have it placed" },
	{ "address_width_exceeded", NULL,
	  "{?all_nodes}{tag} sets the top, which needs {required_bits} address bits where the host "
	  "has {bits}: with all else as it is, each node can have {largest_size}" },
	{ "address_width_exceeded", NULL,
	  "{tag} sets the top, which needs {required_bits} address bits where the host has {bits}:"
	  " with all else as it is, {largest_size_of} can have {largest_size}" },
	{ "address_width_exceeded", NULL,
	  "{tag} sets the top, which needs {required_bits} address bits where the host has {bits}:"
	  " the top is {excess} too high, and the largest is {largest_tag} with {largest_tag_size}" },
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
	  "do it as its creator, uid {owner_uid}, as root, or as a member of the daemon's admin "
	  "group, which gpalayoutctl info names" },
	{ "denied", NULL,
	  "{?backup}do it as root, or as a member of the daemon's admin group, which "
	  "gpalayoutctl info names" },
	{ "denied", NULL,
	  "do it as its creator, as root, or as a member of the daemon's admin group, which "
	  "gpalayoutctl info names" },
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
	{ "message_too_large", NULL,
	  "{?backup}start the daemon with a larger limit reply_bytes" },
	{ "message_too_large", NULL, "gpalayoutctl info shows the limit; ask for less at once" },
	{ "overloaded", NULL, "try again in a moment; gpalayoutctl info shows the limits" },
	{ "timeout", NULL, "try again; the request line was not finished in time" },
	{ "shutting_down", NULL, "try again once the daemon is back" },
	{ NULL, NULL, "{?no_json}--json shows the whole answer" },
};
/* clang-format on */

/* What else there is to know, in the same form. */
static const struct hint notes[] = {
	{ "exhausted", NULL,
	  "{?crowded}the {demands} ranges of {phase} ask for {demand} in all, where {supply} was "
	  "free" },
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
	{ EACCES,
	  "this user may not use the socket: join its group; --inspect-socket names the one for "
	  "commands that change nothing" },
	{ ENOTSOCK, "the path is not a socket; --socket or GPALAYOUT_SOCKET names the daemon's" },
	{ EPROTOTYPE,
	  "this is another kind of socket; --socket or GPALAYOUT_SOCKET names the daemon's" },
	{ ETIMEDOUT, "--timeout SECONDS waits longer; the daemon may be busy or stopped" },
	{ ECONNRESET,
	  "the daemon's log says why; a stopping or overloaded daemon closes connections" },
};

/* What a hint is filled in from. */
struct context {
	const struct ctl_session *session;
	const cJSON *data;    /* of the refusal; NULL: it has none */
	const cJSON *request; /* NULL: there is none, or none that is known here */
	const char *about;    /* which of several answers it is; NULL: there is one */
};

static const cJSON *member_of(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

static const char *text_of(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(member_of(object, name));
}

/* Conditions and words. */

static bool has_flags(struct ctl_buffer *out, const struct context *context)
{
	(void)out;
	return context->session->request.len && !context->session->request_file;
}

static bool has_file(struct ctl_buffer *out, const struct context *context)
{
	(void)out;
	return context->session->request_file;
}

static bool has_no_json(struct ctl_buffer *out, const struct context *context)
{
	(void)out;
	return !context->session->invocation->json;
}

static bool is_allocate(struct ctl_buffer *out, const struct context *context)
{
	(void)out;
	return context->session->method && strcmp(context->session->method, "layout.allocate") == 0;
}

static bool is_backup(struct ctl_buffer *out, const struct context *context)
{
	(void)out;
	return context->session->method && strcmp(context->session->method, "registry.backup") == 0;
}

static bool is_of_all_nodes(struct ctl_buffer *out, const struct context *context)
{
	const char *whose = text_of(context->data, "largest_size_of");

	(void)out;
	return whose && strcmp(whose, "ram") == 0;
}

/* Several ranges that ask for more than there was, though each by itself would fit. */
static bool is_crowded(struct ctl_buffer *out, const struct context *context)
{
	const cJSON *demands = member_of(context->data, "demands");
	const char *demand = text_of(context->data, "demand");
	const char *supply = text_of(context->data, "supply");
	const char *size = text_of(context->data, "size");
	uint64_t asked, free, one;

	(void)out;
	return cJSON_IsNumber(demands) && demands->valuedouble > 1 && demand && supply && size &&
	       gpald_size_parse(demand, &asked) == GPALD_SIZE_OK &&
	       gpald_size_parse(supply, &free) == GPALD_SIZE_OK &&
	       gpald_size_parse(size, &one) == GPALD_SIZE_OK && asked > free && one <= free;
}

static bool has_ecam_tag(struct ctl_buffer *out, const struct context *context)
{
	const char *tag = text_of(context->data, "tag");
	const char *end = tag ? strrchr(tag, '-') : NULL;

	(void)out;
	return end && strcmp(end, "-ecam") == 0;
}

/* As the request says, or else its policy. */
static bool is_ecam_below(const struct context *context)
{
	const cJSON *pcie = member_of(context->request, "pcie");
	const char *policy_name = text_of(context->request, "policy");
	const struct gpal_policy *policy = policy_name ? gpal_policy_find(policy_name) :
							 gpal_policy_default();
	const char *ecam = text_of(pcie, "ecam");

	if (!member_of(pcie, "root_complexes"))
		return false;
	if (!ecam && policy)
		ecam = gpal_ecam_name(policy->ecam);
	return ecam && strcmp(ecam, "below-4gib") == 0;
}

/* How addresses below 4 GiB become free. */
static bool append_low_room(struct ctl_buffer *out, const struct context *context)
{
	if (is_allocate(out, context)) {
		ctl_buffer_puts(out,
				"ask for less in mmio32, or move the reserved and fixed ranges "
				"in the way");
		return true;
	}
	ctl_buffer_puts(out, "make low MMIO windows smaller");
	if (is_ecam_below(context))
		ctl_buffer_printf(
			out, ", give root complexes fewer buses, or put the ECAM above (%s)",
			has_flags(NULL, context) ? "--pcie-ecam above-4gib" :
						   "\"pcie\": {\"ecam\": \"above-4gib\"}");
	return true;
}

static const struct {
	const char *name;
	bool (*append)(struct ctl_buffer *out, const struct context *context);
} words[] = {
	/* clang-format off */
	{ "?flags", has_flags },
	{ "?file", has_file },
	{ "?no_json", has_no_json },
	{ "?allocate", is_allocate },
	{ "?backup", is_backup },
	{ "?all_nodes", is_of_all_nodes },
	{ "?crowded", is_crowded },
	{ "?ecam_tag", has_ecam_tag },
	{ "make_low_room", append_low_room },
	/* clang-format on */
};

/* Members of the data. */

static const char *const size_members[] = {
	"size",          "alignment", "free_space", "largest_fit", "largest_size",
	"alignment_gap", "demand",    "supply",     "excess",      "largest_tag_size",
};

static bool is_size_member(const char *name)
{
	for (size_t i = 0; i < sizeof(size_members) / sizeof(size_members[0]); i++) {
		if (strcmp(size_members[i], name) == 0)
			return true;
	}
	return false;
}

/* The member of that name, or that of a member, as in below.tag; NULL: not there. */
static const cJSON *find_member(const cJSON *data, const char *name)
{
	const char *point = strchr(name, '.');
	char group[32];

	if (!point)
		return member_of(data, name);
	snprintf(group, sizeof(group), "%.*s", (int)(point - name), name);
	return member_of(member_of(data, group), point + 1);
}

/* A rounded size is of no use for typing, so the exact one follows it. */
static void append_size(struct ctl_buffer *out, uint64_t size)
{
	ctl_cleanup_buffer struct ctl_buffer exact = { 0 };
	const size_t start = out->len;
	bool is_aside;

	ctl_size_append(out, size);
	ctl_exact_size_append(&exact, size);
	if (strcmp(out->data + start, exact.data) == 0)
		return;
	is_aside = start && out->data[start - 1] == '(';
	ctl_buffer_puts(out, is_aside ? ", " : " (");
	ctl_typed_size_append(out, size);
	ctl_buffer_puts(out, is_aside ? "" : ")");
}

/* False when the member is not there, or zero. */
static bool append_member(struct ctl_buffer *out, const cJSON *data, const char *name)
{
	const cJSON *member = find_member(data, name);
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
		append_size(out, size);
	return size;
}

static bool append_named(struct ctl_buffer *out, const struct context *context, const char *name)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].name, name) == 0)
			return words[i].append(out, context);
	return append_member(out, context->data, name);
}

/* Replaces what stands in braces; false when it is not there. */
static bool fill_in(struct ctl_buffer *out, const char *text, const struct context *context)
{
	while (*text) {
		size_t len = strcspn(text, "{");
		const size_t name_len =
			text[len] ? strspn(text + len + 1, "?abcdefghijklmnopqrstuvwxyz_.") : 0;
		char name[32];

		/* A brace that encloses no name is text, as in a hint on JSON. */
		if (!name_len || name_len >= sizeof(name) || text[len + 1] == '.' ||
		    text[len + 1 + name_len] != '}') {
			len += text[len] != '\0';
			ctl_buffer_append(out, text, len);
			text += len;
			continue;
		}
		ctl_buffer_append(out, text, len);
		memcpy(name, text + len + 1, name_len);
		name[name_len] = '\0';
		if (!append_named(out, context, name))
			return false;
		text += len + name_len + 2;
	}
	return true;
}

static bool row_applies(const struct hint *row, const char *reason, const char *phase)
{
	if (!row->reason)
		return true;
	return reason && strcmp(row->reason, reason) == 0 &&
	       (!row->phase || (phase && strcmp(row->phase, phase) == 0));
}

/* The first row that applies, filled in; empty: none does. */
static void choose(struct ctl_buffer *line, const struct hint *rows, size_t count,
		   const struct context *context)
{
	const char *reason = text_of(context->data, "reason");
	const char *phase = text_of(context->data, "phase");

	for (size_t i = 0; i < count; i++) {
		line->len = 0;
		if (row_applies(&rows[i], reason, phase) &&
		    (!rows[i].text || fill_in(line, rows[i].text, context)))
			return;
	}
	line->len = 0;
}

static void advise(const struct context *context)
{
	ctl_cleanup_buffer struct ctl_buffer note = { 0 };
	ctl_cleanup_buffer struct ctl_buffer hint = { 0 };

	choose(&note, notes, sizeof(notes) / sizeof(notes[0]), context);
	if (note.len)
		ctl_note("%s", ctl_buffer_text(&note));
	choose(&hint, hints, sizeof(hints) / sizeof(hints[0]), context);
	if (hint.len)
		ctl_hint("%s", ctl_buffer_text(&hint));
}

/* Places. */

static void append_in_file(struct ctl_buffer *out, const char *pointer, const char *file)
{
	ctl_buffer_printf(out, "%s%s%s", pointer, *pointer ? " of " : "",
			  strcmp(file, "-") == 0 ? "standard input" : file);
}

/* The flag of the command that is the member; NULL: there is none. */
static const struct ctl_flag *param_flag(const struct ctl_command *command, const char *member)
{
	for (const struct ctl_flag *flag = command->flags; flag && flag->name; flag++) {
		if ((flag->member && strcmp(flag->member, member) == 0) ||
		    strcmp(flag->name + strlen("--"), member) == 0)
			return flag;
	}
	return NULL;
}

/* The operand or the flag that is the member; false: there is none. */
static bool append_param(struct ctl_buffer *out, const struct ctl_invocation *invocation,
			 const char *member)
{
	const struct ctl_command *command = invocation->command;
	const struct ctl_flag *flag = param_flag(command, member);
	const char *operands[] = { "name", "NAME", "tag", "TAG", "address", "ADDR" };

	if (flag) {
		ctl_buffer_puts(out, flag->name);
		return true;
	}
	for (size_t i = 0; i < sizeof(operands) / sizeof(operands[0]); i += 2) {
		if (strcmp(operands[i], member) == 0 &&
		    strstr(command->operands, operands[i + 1])) {
			ctl_buffer_puts(out, operands[i + 1]);
			return true;
		}
	}
	return false;
}

/* The operand of a comparison, NAME or @FILE, that the pointer is about, and its rest. */
static bool append_side(struct ctl_buffer *out, const struct ctl_invocation *invocation,
			const char *pointer)
{
	const bool is_to = strncmp(pointer, "/to", strlen("/to")) == 0;
	const char *operand = ctl_operand(invocation, is_to && invocation->operand_count > 1);
	const char *inside = strchr(pointer + 1, '/');
	const char *rest = inside ? strchr(inside + 1, '/') : NULL;
	const char *flag = is_to ? "--to-policy" : "--from-policy";

	if (!is_to && strncmp(pointer, "/from", strlen("/from")) != 0)
		return false;
	if (!operand || strcmp(invocation->command->name, "compare") != 0)
		return false;
	if (rest && strcmp(rest, "/policy") == 0 && ctl_was_given(invocation, flag))
		ctl_buffer_printf(out, "%s %s", flag, ctl_flag_value(invocation, flag));
	else if (*operand == '@')
		append_in_file(out, rest ? rest : "", operand + 1);
	else
		ctl_buffer_puts(out, operand);
	return true;
}

/* What the pointer into the params leads to, in the words of the command line. */
static void append_place(struct ctl_buffer *out, const struct context *context, const char *pointer)
{
	static const char request[] = "/request";
	const size_t length = strlen(request);
	const struct ctl_session *session = context->session;
	const char *inside = strncmp(pointer, request, length) == 0 ? pointer + length : "";

	if (!*pointer)
		ctl_buffer_puts(out, "the top of params");
	else if (strcmp(pointer, request) == 0)
		ctl_buffer_puts(out, "the request");
	else if (*inside == '/' && session->request_file && context->about)
		ctl_buffer_puts(out, inside);
	else if (*inside == '/' && session->request_file)
		append_in_file(out, inside, session->request_file);
	else if (!(*inside == '/' && has_flags(NULL, context) &&
		   ctl_request_flag_at(session->invocation, inside, out)) &&
		 !append_param(out, session->invocation, pointer + 1) &&
		 !append_side(out, session->invocation, pointer))
		ctl_buffer_puts(out, pointer);
}

/* Whether the user has written what the pointer leads to; a revision may be that of the last event. */
static bool is_written(const struct ctl_invocation *invocation, const char *pointer)
{
	const struct ctl_flag *flag = *pointer ? param_flag(invocation->command, pointer + 1) :
						 NULL;

	return !flag || ctl_was_given(invocation, flag->name) || strcmp(pointer, "/request") == 0;
}

/* The error of the line that came; NULL: it cannot be read. */
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
	ctl_cleanup_buffer struct ctl_buffer table = { 0 };
	const struct gpal_client_update *update;

	if (cJSON_GetArraySize(member_of(data, "changes")) <= 0)
		return;
	update = ctl_decode(session, &gpald_refused_update_result, data);
	if (!update)
		return;
	ctl_changes_append(&table, update->changes);
	ctl_write_aside(&table);
}

void ctl_print_refusal(struct ctl_session *session, const char *about)
{
	cJSON *error = read_error(session);
	cJSON *request = session->request.len ? cJSON_Parse(session->request.data) : NULL;
	const struct context context = { session, member_of(error, "data"), request, about };
	const char *pointer = text_of(context.data, "pointer");
	ctl_cleanup_buffer struct ctl_buffer what = { 0 };
	const char *message = text_of(error, "message");

	if (about)
		ctl_buffer_printf(&what, "%s: ", about);
	if (*session->error.reason)
		ctl_buffer_puts(&what, session->error.reason);
	else
		ctl_buffer_printf(&what, "error %d", session->error.number);
	if (pointer && is_written(session->invocation, pointer)) {
		ctl_buffer_puts(&what, " at ");
		append_place(&what, &context, pointer);
	}
	ctl_complain("%s: %s", what.data, message ? message : session->error.message);
	print_changes(session, context.data);
	advise(&context);
	cJSON_Delete(request);
	cJSON_Delete(error);
}

/* Failures. */

/* A change of which nobody knows whether it was made. */
static void hint_unknown(const struct ctl_session *session)
{
	const struct ctl_invocation *invocation = session->invocation;

	/* update may have asked for the layout first. */
	if (!session->method || !invocation->command->on_control || !invocation->command->method ||
	    strcmp(session->method, invocation->command->method) != 0 ||
	    ctl_was_given(invocation, "--dry-run"))
		return;
	if (strcmp(session->method, "layout.create") == 0)
		ctl_hint("whether it was created is not known: repeat the command, which changes "
			 "nothing if it was");
	else
		ctl_hint(
			"whether it was done is not known: gpalayoutctl get %s shows what there is",
			ctl_operand(invocation, 0));
}

void ctl_hint_failure(const struct ctl_session *session)
{
	const struct gpal_client_error *failure = &session->error;
	int error = failure->system_error;

	if (failure->code == GPAL_E_PROTOCOL)
		ctl_hint("does gpalayoutd listen on this socket?%s",
			 session->invocation->json ? "" : " --json shows the line that came");
	if (failure->code == GPAL_E_TIMED_OUT)
		error = ETIMEDOUT;
	else if (failure->code == GPAL_E_CLOSED)
		error = ECONNRESET;
	if (failure->code != GPAL_E_NO_DAEMON)
		hint_unknown(session);
	for (size_t i = 0; i < sizeof(connection_hints) / sizeof(connection_hints[0]); i++) {
		if (connection_hints[i].error == error)
			ctl_hint("%s", connection_hints[i].text);
	}
}
