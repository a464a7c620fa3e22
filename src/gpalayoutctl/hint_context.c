/* SPDX-License-Identifier: MIT */
/* Each condition and each word of a hint is a row of a table. */
#include "config.h"

#include "gpalayoutctl/hint_context.h"

#include "core/request_limits.h"
#include "gpalayoutctl/json_text.h"
#include "gpalayoutctl/request/changes.h"
#include "gpalayoutctl/request/flags.h"
#include "wire/size.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const cJSON *ctl_hint_request(const cJSON *params, const cJSON *data)
{
	const char *pointer = ctl_text_of(data, "pointer");
	const cJSON *from = ctl_member_of(params, "from");
	const bool is_to = pointer && strncmp(pointer, "/to/", strlen("/to/")) == 0;

	return ctl_member_of(is_to ? ctl_member_of(params, "to") : from ? from : params, "request");
}

/* Returns true if the request was given as flags. */
static bool has_flags(const struct ctl_hint_context *context)
{
	return context->session->request.length && !context->session->request_source;
}

static bool has_no_json(const struct ctl_hint_context *context)
{
	return !context->session->invocation->json;
}

static bool is_method(const struct ctl_hint_context *context, const char *name)
{
	return context->session->method && strcmp(context->session->method, name) == 0;
}

static bool is_allocate(const struct ctl_hint_context *context)
{
	return is_method(context, "layout.allocate");
}

static bool is_update(const struct ctl_hint_context *context)
{
	return is_method(context, "layout.update");
}

static bool is_call(const struct ctl_hint_context *context)
{
	return strcmp(context->session->invocation->command->name, "call") == 0;
}

static bool is_backup(const struct ctl_hint_context *context)
{
	return is_method(context, "registry.backup");
}

/* Returns true if the place is in a list of ranges that have an address. */
static bool is_in_address_list(const struct ctl_hint_context *context)
{
	const char *pointer = ctl_text_of(context->data, "pointer");

	return pointer && (strncmp(pointer, "/reserved/", strlen("/reserved/")) == 0 ||
			   strncmp(pointer, "/fixed/", strlen("/fixed/")) == 0);
}

static bool has_refuse(const struct ctl_hint_context *context)
{
	return ctl_flag_was_given(context->session->invocation, "--refuse");
}

static bool pointer_has(const struct ctl_hint_context *context, const char *part)
{
	const char *pointer = ctl_text_of(context->data, "pointer");

	return pointer && strstr(pointer, part);
}

/* Returns true if the refusal has a member with that text. */
static bool has_text(const struct ctl_hint_context *context, const char *member, const char *wanted)
{
	const char *text = ctl_text_of(context->data, member);

	return text && strcmp(text, wanted) == 0;
}

static bool is_of_all_nodes(const struct ctl_hint_context *context)
{
	return has_text(context, "largest_size_of", "ram");
}

static bool is_low_phase(const struct ctl_hint_context *context)
{
	return has_text(context, "phase", "mmio32");
}

static bool is_ram_phase(const struct ctl_hint_context *context)
{
	return has_text(context, "phase", "ram");
}

static bool ends_in(const char *text, const char *end)
{
	const size_t length = text ? strlen(text) : 0;

	return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

/* Returns true if the pointer leads to a member that every request has. */
static bool is_required(const struct ctl_hint_context *context)
{
	const char *pointer = ctl_text_of(context->data, "pointer");

	return ends_in(pointer, "/request/arch") || ends_in(pointer, "/request/memory") ||
	       ends_in(pointer, "/request/memory/nodes");
}

/* Returns true if the layout belongs to another user. */
static bool is_owned_by_another(const struct ctl_hint_context *context)
{
	return ctl_member_of(context->data, "owner_uid");
}

static bool has_changes(const struct ctl_hint_context *context)
{
	return ctl_has_changes(context->session->invocation);
}

/* Reads a size in either form of JSON: an integer below 2^53, or a string. */
static bool read_size_member(const cJSON *object, const char *name, uint64_t *size)
{
	const cJSON *number = ctl_member_of(object, name);
	const char *text = ctl_text_of(object, name);

	if (cJSON_IsNumber(number) && number->valuedouble >= 0 && number->valuedouble < 0x1p53) {
		*size = (uint64_t)number->valuedouble;
		return true;
	}
	return text && gpald_size_parse(text, size) == GPALD_SIZE_OK;
}

static bool has_zero_size(const struct ctl_hint_context *context)
{
	uint64_t size;

	return read_size_member(context->data, "size", &size) && size == 0;
}

/* Returns true if several ranges need more than was free, and the refused one alone does not. */
static bool is_crowded(const struct ctl_hint_context *context)
{
	const cJSON *demands = ctl_member_of(context->data, "demands");
	uint64_t asked, free, one;

	return cJSON_IsNumber(demands) && demands->valuedouble > 1 &&
	       read_size_member(context->data, "demand", &asked) &&
	       read_size_member(context->data, "supply", &free) &&
	       read_size_member(context->data, "size", &one) && asked > free && one <= free;
}

/* Returns true if the tag of the refusal ends in `end`. */
static bool has_tag_ending(const struct ctl_hint_context *context, const char *end)
{
	return ends_in(ctl_text_of(context->data, "tag"), end);
}

static bool has_ecam_tag(const struct ctl_hint_context *context)
{
	const char *tag = ctl_text_of(context->data, "tag");

	return !is_allocate(context) && tag && strncmp(tag, "pcie-seg", strlen("pcie-seg")) == 0 &&
	       has_tag_ending(context, "-ecam");
}

/* Returns true if the request, or else its policy, puts the ECAM below 4 GiB. */
static bool is_ecam_below(const struct ctl_hint_context *context)
{
	const cJSON *pcie = ctl_member_of(context->request, "pcie");
	const char *policy_name = ctl_text_of(context->request, "policy");
	const struct gpal_policy *policy = policy_name ? gpal_policy_find(policy_name) :
							 gpal_policy_default();
	const char *ecam = ctl_text_of(pcie, "ecam");

	if (!ctl_member_of(pcie, "root_complexes"))
		return false;
	if (!ecam && policy)
		ecam = gpal_ecam_name(policy->ecam);
	return ecam && strcmp(ecam, "below-4gib") == 0;
}

static const char *flag_or(const struct ctl_hint_context *context, const char *flag,
			   const char *json)
{
	return has_flags(context) ? flag : json;
}

/* Returns what the pointer of the refusal leads to, or NULL if it leads to nothing. */
static const cJSON *find_place(const struct ctl_hint_context *context)
{
	const cJSON *at = context->params;

	for (const char *step = ctl_text_of(context->data, "pointer"); at && step && *step;
	     step = strchr(step + 1, '/')) {
		char name[32];

		snprintf(name, sizeof(name), "%.*s", (int)strcspn(step + 1, "/"), step + 1);
		at = cJSON_IsArray(at) ? cJSON_GetArrayItem(at, (int)strtol(name, NULL, 10)) :
					 ctl_member_of(at, name);
	}
	return at;
}

/* Ways to make room. */

#define MOST_WAYS 6

struct ways {
	const char *texts[MOST_WAYS];
	size_t count;
};

static void add_way(struct ways *ways, bool exists, const char *text)
{
	if (exists)
		ways->texts[ways->count++] = text;
}

/* Appends all ways with commas and an "or". */
static void append_ways(struct gpald_bytes *out, const struct ways *ways)
{
	for (size_t i = 0; i < ways->count; i++) {
		ctl_buffer_puts(out, i == 0 ? "" : i + 1 < ways->count ? ", " : ", or ");
		ctl_buffer_puts(out, ways->texts[i]);
	}
}

static void append_for_more(struct gpald_bytes *out, const struct ways *ways)
{
	if (ways->count)
		ctl_buffer_puts(out, "; for more, ");
	append_ways(out, ways);
}

static const cJSON *root_complexes_of(const cJSON *request)
{
	return ctl_member_of(ctl_member_of(request, "pcie"), "root_complexes");
}

/* Returns true if the range has an address, and is in the way of the phase of the refusal. */
static bool is_in_the_way(const struct ctl_hint_context *context, const cJSON *range)
{
	uint64_t start;

	return read_size_member(range, "start", &start) &&
	       (!is_low_phase(context) || start < GPAL_4GIB);
}

static bool lists_range_in_the_way(const struct ctl_hint_context *context, const cJSON *list)
{
	const cJSON *each;

	cJSON_ArrayForEach(each, list)
	{
		if (is_in_the_way(context, each) ||
		    is_in_the_way(context, ctl_member_of(each, "low_mmio")) ||
		    is_in_the_way(context, ctl_member_of(each, "high_mmio")))
			return true;
	}
	return false;
}

/* Returns true if ranges that have an address may be in the way. */
static bool has_ranges_in_the_way(const struct ctl_hint_context *context)
{
	const cJSON *chipset = ctl_member_of(context->request, "chipset");

	return lists_range_in_the_way(context, ctl_member_of(context->params, "reserved")) ||
	       lists_range_in_the_way(context, ctl_member_of(context->params, "fixed")) ||
	       lists_range_in_the_way(context, ctl_member_of(context->request, "reserved")) ||
	       lists_range_in_the_way(context, root_complexes_of(context->request)) ||
	       is_in_the_way(context, ctl_member_of(chipset, "high_mmio"));
}

static bool has_memory_start(const struct ctl_hint_context *context)
{
	uint64_t start;

	return read_size_member(ctl_member_of(context->request, "memory"), "start", &start) &&
	       start;
}

/* Returns true if a root complex has more than one bus, or the request is not known. */
static bool can_shrink_ecam(const struct ctl_hint_context *context)
{
	const cJSON *each;

	cJSON_ArrayForEach(each, root_complexes_of(context->request))
	{
		const cJSON *start = ctl_member_of(each, "start_bus");
		const cJSON *end = ctl_member_of(each, "end_bus");

		if (!cJSON_IsNumber(end) || end->valueint > (start ? start->valueint : 0))
			return true;
	}
	return !context->request;
}

static void add_ecam_ways(struct ways *ways, const struct ctl_hint_context *context)
{
	const bool is_below = is_ecam_below(context);

	add_way(ways, is_below && can_shrink_ecam(context), "give root complexes fewer buses");
	add_way(ways, is_below,
		flag_or(context, "put the ECAM above 4 GiB (--pcie-ecam above-4gib)",
			"put the ECAM above 4 GiB (\"pcie\": {\"ecam\": \"above-4gib\"})"));
}

/* Returns true if nothing free below 4 GiB has the alignment that the refused window states. */
static bool is_alignment_at_fault(const struct ctl_hint_context *context)
{
	uint64_t fit;

	return ctl_member_of(find_place(context), "alignment") &&
	       read_size_member(context->data, "largest_fit", &fit) && fit == 0;
}

/*
 * Returns true if the chipset window can be smaller. No policy has a default as small as the least
 * size, so the window has that size only if the request says so.
 */
static bool can_shrink_chipset(const struct ctl_hint_context *context)
{
	const char *arch = ctl_text_of(context->request, "arch");
	const bool is_aarch64 = arch && strcmp(arch, "aarch64") == 0;
	const uint64_t least = is_aarch64 ? GPALD_CHIPSET_LOW_MMIO_MIN_AARCH64 :
					    GPALD_CHIPSET_LOW_MMIO_MIN_X86_64;
	const cJSON *chipset = ctl_member_of(context->request, "chipset");
	uint64_t size;

	return !read_size_member(chipset, "low_mmio", &size) || size > least;
}

/*
 * Returns true if there are more than `ignored` low MMIO windows of root complexes, if the chipset
 * window can be smaller, or if the request is not known.
 */
static bool can_shrink_low_windows(const struct ctl_hint_context *context, size_t ignored)
{
	size_t count = 0;
	const cJSON *each;

	cJSON_ArrayForEach(each, root_complexes_of(context->request))
	{
		const cJSON *window = ctl_member_of(each, "low_mmio");

		count += !cJSON_IsNull(window) && !ctl_member_of(window, "none");
	}
	return !context->request || count > ignored || can_shrink_chipset(context);
}

/*
 * Finds ways to free addresses below 4 GiB. Does not offer to make the refused range itself smaller
 * if `is_for_more` is set, or if nothing is free for it.
 */
static struct ways find_low_ways(const struct ctl_hint_context *context, bool is_for_more)
{
	const bool is_window = has_tag_ending(context, "-low-mmio");
	const bool is_aligned = is_alignment_at_fault(context);
	bool is_other = is_window && is_for_more;
	struct ways ways = { 0 };
	uint64_t fit;

	if (is_allocate(context)) {
		add_way(&ways, !is_for_more, "ask for less in mmio32");
		add_way(&ways,
			is_for_more &&
				cJSON_GetArraySize(ctl_member_of(context->params, "mmio32")) > 1,
			"make other ranges of mmio32 smaller");
		add_way(&ways, has_ranges_in_the_way(context),
			"move the reserved and fixed ranges in the way");
		return ways;
	}
	if (is_window && read_size_member(context->data, "largest_fit", &fit) && fit == 0)
		is_other = true;
	add_way(&ways, !is_aligned && can_shrink_low_windows(context, is_other),
		is_other ? "make other low MMIO windows smaller" : "make low MMIO windows smaller");
	add_way(&ways, ctl_member_of(find_place(context), "alignment"),
		"give it a smaller alignment");
	add_way(&ways, has_ranges_in_the_way(context),
		"move the pinned and reserved ranges in the way");
	add_way(&ways, has_memory_start(context),
		flag_or(context, "lower --memory-start", "lower memory.start"));
	if (!is_aligned)
		add_ecam_ways(&ways, context);
	return ways;
}

/* Says how to free addresses below 4 GiB. */
static void append_low_room(struct gpald_bytes *out, const struct ctl_hint_context *context)
{
	const struct ways ways = find_low_ways(context, false);

	append_ways(out, &ways);
}

/* Says how the refused range can have more than what is free for it now. */
static void append_for_more_low(struct gpald_bytes *out, const struct ctl_hint_context *context)
{
	const struct ways ways = find_low_ways(context, true);

	append_for_more(out, &ways);
}

/* Does the same for a range of any phase but mmio32. */
static void append_for_more_other(struct gpald_bytes *out, const struct ctl_hint_context *context)
{
	ctl_buffer_puts(out, has_ranges_in_the_way(context) || !context->params ?
				     "; for more, move the pinned and reserved ranges in the way" :
				     "; for more, make other ranges smaller");
}

/* Says how to free addresses below 4 GiB without smaller windows. */
static void append_for_more_ecam(struct gpald_bytes *out, const struct ctl_hint_context *context)
{
	struct ways ways = { 0 };

	if (is_low_phase(context))
		add_ecam_ways(&ways, context);
	append_for_more(out, &ways);
}

/* Appends how a request asks for the ECAM below 4 GiB. */
static void append_ecam_below(struct gpald_bytes *out, const struct ctl_hint_context *context)
{
	ctl_buffer_puts(out, flag_or(context, "--pcie-ecam below-4gib",
				     "\"pcie\": {\"ecam\": \"below-4gib\"}"));
}

/* Suggests advise, unless that is the command that was refused. */
static void append_try_sizes(struct gpald_bytes *out, const struct ctl_hint_context *context)
{
	const char *name = ctl_text_of(context->params, "name");

	if (is_update(context) && name)
		ctl_buffer_printf(out, "; gpalayoutctl advise %s shows how far each range can grow",
				  name);
	else if (!is_method(context, "layout.advise"))
		ctl_buffer_puts(out,
				"; gpalayoutctl advise with the same request tries other sizes");
}

/* Ranges that overlap. */

static const char low_gap[] = "low-ram-gap";
static const char chipset_low[] = "chipset-low-mmio";

/* Returns true if the refusal is about a range of the resolver with that tag. */
static bool is_about(const struct ctl_hint_context *context, const char *tag)
{
	return !is_allocate(context) &&
	       (has_text(context, "tag", tag) || has_text(context, "other_tag", tag));
}

static bool has_low_gap(const struct ctl_hint_context *context)
{
	return is_about(context, low_gap);
}

static bool has_chipset_low(const struct ctl_hint_context *context)
{
	return is_about(context, chipset_low);
}

/*
 * Returns true if chipset-low-mmio begins below low-ram-gap. Then lowering memory.start does not
 * help.
 */
static bool is_gap_above(const struct ctl_hint_context *context)
{
	return has_text(context, "tag", low_gap) && has_chipset_low(context);
}

static bool is_hole(const struct ctl_hint_context *context, const char *tag)
{
	static const char prefix[] = "reserved-";
	const cJSON *each;

	cJSON_ArrayForEach(each, ctl_member_of(ctl_member_of(context->request, "host"), "holes"))
	{
		if (cJSON_IsString(each) && strncmp(tag, prefix, strlen(prefix)) == 0 &&
		    strcmp(tag + strlen(prefix), each->valuestring) == 0)
			return true;
	}
	return false;
}

/* Returns the tag of the refusal in that member if the user chose where its range is, or NULL. */
static const char *movable_tag(const struct ctl_hint_context *context, const char *member)
{
	const char *tag = ctl_text_of(context->data, member);

	if (!tag || strcmp(tag, low_gap) == 0 || strcmp(tag, chipset_low) == 0 ||
	    is_hole(context, tag))
		return NULL;
	return tag;
}

static bool has_movable(const struct ctl_hint_context *context)
{
	return movable_tag(context, "tag") || movable_tag(context, "other_tag");
}

/*
 * Returns true if exactly one of the two ranges can move. Earlier hints handle low-ram-gap and
 * chipset-low-mmio, so the other one is a hole of the host.
 */
static bool has_one_movable(const struct ctl_hint_context *context)
{
	return !is_allocate(context) && has_movable(context) &&
	       !(movable_tag(context, "tag") && movable_tag(context, "other_tag"));
}

/* Appends the tag of the range that can move. Call it only if one of the two cannot. */
static void append_movable(struct gpald_bytes *out, const struct ctl_hint_context *context)
{
	const char *tag = movable_tag(context, "tag");
	const char *other = movable_tag(context, "other_tag");

	ctl_buffer_puts(out, tag ? tag : other ? other : "");
}

static void append_memory_start(struct gpald_bytes *out, const struct ctl_hint_context *context)
{
	ctl_buffer_puts(out, flag_or(context, "--memory-start", "memory.start"));
}

/* Pinned windows above the host's addresses. */

static bool ends_above(const cJSON *window, uint64_t limit)
{
	uint64_t end;

	return read_size_member(window, "end", &end) && end > limit;
}

/* Appends the tag of the first pinned window that ends above the host's addresses. */
static void append_pinned_too_high(struct gpald_bytes *out, const struct ctl_hint_context *context)
{
	const cJSON *chipset = ctl_member_of(context->request, "chipset");
	const cJSON *each;
	uint64_t top, excess;

	if (!read_size_member(ctl_member_of(context->data, "range"), "end", &top) ||
	    !read_size_member(context->data, "excess", &excess))
		return;
	if (ends_above(ctl_member_of(chipset, "high_mmio"), top - excess)) {
		ctl_buffer_puts(out, "chipset-high-mmio");
		return;
	}
	cJSON_ArrayForEach(each, root_complexes_of(context->request))
	{
		const char *name = ctl_text_of(each, "name");

		if (name && ends_above(ctl_member_of(each, "high_mmio"), top - excess)) {
			ctl_buffer_printf(out, "pcie-%s-high-mmio", name);
			return;
		}
	}
}

static bool is_pinned_too_high(const struct ctl_hint_context *context)
{
	ctl_cleanup_buffer struct gpald_bytes tag = { 0 };

	append_pinned_too_high(&tag, context);
	return tag.length;
}

/* Windows of root complexes. */

/*
 * Returns true if the refused range has a `start` that is not page-aligned. `alignment` in the data
 * is then the page size.
 */
static bool is_off_page(const struct ctl_hint_context *context)
{
	uint64_t alignment;

	return read_size_member(context->data, "alignment", &alignment) &&
	       alignment == GPAL_PAGE_SIZE && ctl_member_of(find_place(context), "start");
}

/* Returns true if the place is a window of a root complex that is to be placed and has size 0. */
static bool is_empty_window(const struct ctl_hint_context *context)
{
	return has_zero_size(context) && has_tag_ending(context, "-mmio") &&
	       pointer_has(context, "/request/pcie/root_complexes/") &&
	       !ctl_member_of(find_place(context), "start");
}

/* Appends the value that means "no such window". Call it only if is_empty_window() is true. */
static void append_word_for_none(struct gpald_bytes *out, const struct ctl_hint_context *context)
{
	const char *inside = ctl_text_of(context->data, "pointer") + strlen("/request");
	const bool is_in_flag =
		has_flags(context) ||
		(has_changes(context) &&
		 ctl_flag_that_added(context->session->invocation, context->request, inside));

	ctl_buffer_puts(out, is_in_flag ? "none" : "null");
}

/* Returns true if the place is a window whose size is computed from its devices. */
static bool has_devices(const struct ctl_hint_context *context)
{
	return ctl_member_of(find_place(context), "devices");
}

struct windows {
	const char *kind;
	size_t count; /* to be placed; 0: not known, or some are placed already */
	bool differ;  /* some of them have devices, or state an alignment */
};

static struct windows find_windows(const struct ctl_hint_context *context)
{
	const bool is_low = has_tag_ending(context, "-low-mmio");
	const char *name = is_low ? "low_mmio" : "high_mmio";
	const cJSON *list = root_complexes_of(context->request);
	struct windows found = { .kind = is_low ? "low" : "high" };
	const cJSON *each;

	cJSON_ArrayForEach(each, list)
	{
		const cJSON *window = ctl_member_of(each, name);

		if (cJSON_IsNull(window) || ctl_member_of(window, "start") ||
		    ctl_member_of(window, "none"))
			continue;
		found.count++;
		found.differ = found.differ || ctl_member_of(window, "devices") ||
			       ctl_member_of(window, "alignment");
	}
	if (!context->session->method || is_update(context))
		found.count = 0;
	return found;
}

static void append_windows(struct gpald_bytes *out, const struct ctl_hint_context *context)
{
	const struct windows windows = find_windows(context);

	if (windows.count)
		ctl_buffer_printf(out, "%zu %s MMIO windows", windows.count, windows.kind);
	else
		ctl_buffer_printf(out, "%s MMIO windows that are to be placed", windows.kind);
}

/*
 * Returns true if all windows would fit at one smaller size. That is no advice for a single window,
 * nor if sizes are computed from devices, nor if one states an alignment: the size is for the usual
 * alignment.
 */
static bool has_equal_share(const struct ctl_hint_context *context)
{
	const struct windows windows = find_windows(context);
	const char *share = ctl_text_of(context->data, "equal_share");

	return share && !has_text(context, "largest_size", share) && windows.count != 1 &&
	       !windows.differ;
}

static const struct {
	const char *name;
	const char *part; /* that the pointer contains */
} pointer_conditions[] = {
	{ "?window", "_mmio" },        { "?bar", "/bars/" },
	{ "?at_devices", "/devices" }, { "?cxl_window", "/cxl_windows/" },
	{ "?target", "/targets/" },    { "?low_ram", "/low_window" },
	{ "?hole", "/host/holes/" },   { "?room", "/memory/hotplug/" },
	{ "?hdm", "/cxl/hdm" },
};

static const struct {
	const char *name;
	bool (*holds)(const struct ctl_hint_context *context);
} conditions[] = {
	{ "?flags", has_flags },
	{ "?call", is_call },
	{ "?no_json", has_no_json },
	{ "?allocate", is_allocate },
	{ "?backup", is_backup },
	{ "?refuse", has_refuse },
	{ "?shared", has_equal_share },
	{ "?sized_by_devices", has_devices },
	{ "?all_nodes", is_of_all_nodes },
	{ "?crowded", is_crowded },
	{ "?ecam_tag", has_ecam_tag },
	{ "?many_buses", can_shrink_ecam },
	{ "?zero", has_zero_size },
	{ "?low", is_low_phase },
	{ "?ram", is_ram_phase },
	{ "?update", is_update },
	{ "?off_page", is_off_page },
	{ "?required", is_required },
	{ "?has_address", is_in_address_list },
	{ "?others_layout", is_owned_by_another },
	{ "?changes", has_changes },
	{ "?empty_window", is_empty_window },
	{ "?gap", has_low_gap },
	{ "?gap_is_above", is_gap_above },
	{ "?chipset_low", has_chipset_low },
	{ "?one_movable", has_one_movable },
	{ "?movable", has_movable },
	{ "?pinned_too_high", is_pinned_too_high },
};

static const struct {
	const char *name;
	void (*append)(struct gpald_bytes *out, const struct ctl_hint_context *context);
} words[] = {
	{ "how_to_free_low", append_low_room },
	{ "for_more_low", append_for_more_low },
	{ "for_more", append_for_more_other },
	{ "ecam_below", append_ecam_below },
	{ "for_more_ecam", append_for_more_ecam },
	{ "windows", append_windows },
	{ "try_sizes", append_try_sizes },
	{ "none", append_word_for_none },
	{ "movable", append_movable },
	{ "memory_start", append_memory_start },
	{ "pinned_too_high", append_pinned_too_high },
};

#define COUNT_OF(list) (sizeof(list) / sizeof((list)[0]))

bool ctl_hint_evaluate(struct gpald_bytes *out, const struct ctl_hint_context *context,
		       const char *name, bool *holds)
{
	*holds = true;
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strcmp(words[i].name, name) == 0) {
			words[i].append(out, context);
			return true;
		}
	for (size_t i = 0; i < COUNT_OF(conditions); i++)
		if (strcmp(conditions[i].name, name) == 0) {
			*holds = conditions[i].holds(context);
			return true;
		}
	for (size_t i = 0; i < COUNT_OF(pointer_conditions); i++)
		if (strcmp(pointer_conditions[i].name, name) == 0) {
			*holds = pointer_has(context, pointer_conditions[i].part);
			return true;
		}
	return false;
}
