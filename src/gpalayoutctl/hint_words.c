/* SPDX-License-Identifier: MIT */
/* Each condition and each word of a hint is a row of a table. */
#include "config.h"

#include "gpalayoutctl/hint_words.h"

#include "gpalayoutctl/json_text.h"
#include "gpalayoutctl/request/changes.h"
#include "gpalayoutctl/request/flags.h"

#include <gpalayout/layout.h>
#include <inttypes.h>
#include <string.h>

static bool has_no_json(const struct ctl_hint_context *context)
{
	return !context->session->invocation->json;
}

static bool is_update(const struct ctl_hint_context *context)
{
	return ctl_hint_is_method(context, "layout.update");
}

static bool is_call(const struct ctl_hint_context *context)
{
	return strcmp(context->session->invocation->command->name, "call") == 0;
}

static bool is_backup(const struct ctl_hint_context *context)
{
	return ctl_hint_is_method(context, "registry.backup");
}

/* Returns true if the place is in a list of ranges that have an address. */
static bool is_in_address_list(const struct ctl_hint_context *context)
{
	const char *pointer = ctl_text_of(context->data, "pointer");

	return pointer && (strncmp(pointer, "/reserved/", strlen("/reserved/")) == 0 ||
			   strncmp(pointer, "/fixed/", strlen("/fixed/")) == 0);
}

static bool pointer_has(const struct ctl_hint_context *context, const char *part)
{
	const char *pointer = ctl_text_of(context->data, "pointer");

	return pointer && strstr(pointer, part);
}

/* Returns true if the place is the window of a root complex or of the chipset. */
static bool is_at_window(const struct ctl_hint_context *context)
{
	return pointer_has(context, "/low_mmio") || pointer_has(context, "/high_mmio");
}

static bool has_refuse(const struct ctl_hint_context *context)
{
	return ctl_flag_was_given(context->session->invocation, "--refuse");
}

static bool is_of_all_nodes(const struct ctl_hint_context *context)
{
	return ctl_hint_has_text(context, "largest_size_of", "ram");
}

static bool is_ram_phase(const struct ctl_hint_context *context)
{
	return ctl_hint_has_text(context, "phase", "ram");
}

/* Returns true if less is free for RAM than it needs. Otherwise its alignment is at fault. */
static bool lacks_ram(const struct ctl_hint_context *context)
{
	uint64_t size, free;

	return is_ram_phase(context) && ctl_hint_read_size(context->data, "size", &size) &&
	       ctl_hint_read_size(context->data, "free_space", &free) && free < size;
}

/* Returns true if the pointer leads to a member that every request has. */
static bool is_required(const struct ctl_hint_context *context)
{
	return ctl_hint_has_text_ending(context, "pointer", "/request/arch") ||
	       ctl_hint_has_text_ending(context, "pointer", "/request/memory") ||
	       ctl_hint_has_text_ending(context, "pointer", "/request/memory/nodes");
}

/* Returns true if the layout belongs to another user. */
static bool is_owned_by_another(const struct ctl_hint_context *context)
{
	return ctl_member_of(context->data, "owner_uid");
}

static bool has_change_flags(const struct ctl_hint_context *context)
{
	return ctl_has_changes(context->session->invocation);
}

static bool has_zero_size(const struct ctl_hint_context *context)
{
	uint64_t size;

	return ctl_hint_read_size(context->data, "size", &size) && size == 0;
}

/* Returns true if several ranges need more than was free, and the refused one alone does not. */
static bool is_crowded(const struct ctl_hint_context *context)
{
	const cJSON *demands = ctl_member_of(context->data, "demands");
	uint64_t asked, free, one;

	return cJSON_IsNumber(demands) && demands->valuedouble > 1 &&
	       ctl_hint_read_size(context->data, "demand", &asked) &&
	       ctl_hint_read_size(context->data, "supply", &free) &&
	       ctl_hint_read_size(context->data, "size", &one) && asked > free && one <= free;
}

/* Returns true if the refused range is an ECAM. */
static bool is_ecam(const struct ctl_hint_context *context)
{
	const char *tag = ctl_text_of(context->data, "tag");

	return !ctl_hint_is_allocate(context) && tag &&
	       strncmp(tag, "pcie-seg", strlen("pcie-seg")) == 0 &&
	       ctl_hint_has_text_ending(context, "tag", "-ecam");
}

/*
 * Appends the way to put the ECAM on the other side of 4 GiB, unless live ranges must stay. An ECAM
 * that was refused in the phase mmio32, or because it is too low, is below 4 GiB.
 */
static void append_or_other_ecam(struct gpald_bytes *out, const struct ctl_hint_context *context)
{
	const bool is_low = ctl_hint_is_low_phase(context) ||
			    ctl_hint_has_text(context, "reason", "ecam_below_minimum");
	const char *side = is_low ? "above" : "below";

	if (ctl_hint_keeps_live_ranges(context))
		return;
	ctl_buffer_printf(out, ", or put the ECAM %s 4 GiB (", side);
	if (ctl_flag_was_given(context->session->invocation, "--pcie-ecam-below-4gb"))
		ctl_buffer_puts(out, "--pcie-ecam above-4gib instead of --pcie-ecam-below-4gb)");
	else if (ctl_hint_has_flags(context))
		ctl_buffer_printf(out, "--pcie-ecam %s-4gib)", side);
	else if (has_change_flags(context))
		ctl_buffer_printf(out, "--set pcie.ecam=%s-4gib)", side);
	else
		ctl_buffer_printf(out, "\"pcie\": {\"ecam\": \"%s-4gib\"})", side);
}

static bool is_virtio_mmio(const struct ctl_hint_context *context)
{
	return !ctl_hint_is_allocate(context) && ctl_hint_has_text(context, "tag", "virtio-mmio") &&
	       ctl_member_of(context->data, "largest_size");
}

/* Appends how many virtio-mmio slots largest_size has. */
static void append_slots(struct gpald_bytes *out, const struct ctl_hint_context *context)
{
	uint64_t size = 0;

	ctl_hint_read_size(context->data, "largest_size", &size);
	ctl_buffer_printf(out, "%" PRIu64, size / GPAL_VIRTIO_MMIO_SLOT_SIZE);
}

/*
 * Suggests advise with the same request. Appends nothing for an update, because advice is for a new
 * layout under the policy that the request names, or if the user would have to write the request
 * anew.
 */
static void append_try_sizes(struct gpald_bytes *out, const struct ctl_hint_context *context)
{
	const char *source = context->session->request_source;

	if (!context->request || is_update(context) || ctl_hint_is_method(context, "layout.advise"))
		return;
	if (ctl_hint_has_flags(context))
		ctl_buffer_puts(out, "; gpalayoutctl advise with the same request options tries "
				     "other sizes");
	else if (source && strcmp(source, "-") != 0)
		ctl_buffer_puts(out, "; gpalayoutctl advise --request FILE, with the same file, "
				     "tries other sizes");
}

/*
 * Says that moving live ranges may make room, if the update does not allow it. A refusal that has
 * largest_fit without `fit` is about a new placement, so a smaller size may need the moves as well.
 */
static void append_or_moves(struct gpald_bytes *out, const struct ctl_hint_context *context)
{
	const char *moves = is_call(context) ? "\"allow_moves\": true" : "--allow-moves";
	uint64_t fit;

	if (!ctl_hint_keeps_live_ranges(context))
		return;
	if (ctl_hint_read_size(context->data, "largest_fit", &fit) && fit > 0 &&
	    !ctl_member_of(context->data, "fit"))
		ctl_buffer_printf(out, "; a smaller size may also need %s, once the VM is off",
				  moves);
	else
		ctl_buffer_printf(out, "; once the VM is off, %s may make room", moves);
}

/* Ranges that overlap. */

static const char low_gap[] = "low-ram-gap";
static const char chipset_low[] = "chipset-low-mmio";

/* Returns true if the refusal is about a range of the resolver with that tag. */
static bool is_about(const struct ctl_hint_context *context, const char *tag)
{
	return !ctl_hint_is_allocate(context) && (ctl_hint_has_text(context, "tag", tag) ||
						  ctl_hint_has_text(context, "other_tag", tag));
}

static bool has_low_gap(const struct ctl_hint_context *context)
{
	return is_about(context, low_gap);
}

static bool has_chipset_low(const struct ctl_hint_context *context)
{
	return is_about(context, chipset_low);
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

/* Returns true if a hole of the host ends the free range of the refusal. */
static bool is_below_hole(const struct ctl_hint_context *context)
{
	const char *tag = ctl_text_of(ctl_member_of(context->data, "above"), "tag");

	return tag && is_hole(context, tag);
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
	return !ctl_hint_is_allocate(context) && has_movable(context) &&
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
	ctl_buffer_puts(out, ctl_hint_flag_or(context, "--memory-start", "memory.start"));
}

/* Pinned windows above the host's addresses. */

static bool ends_above(const cJSON *window, uint64_t limit)
{
	uint64_t end;

	return ctl_hint_read_size(window, "end", &end) && end > limit;
}

/* Appends the tag of the first pinned window that ends above the host's addresses. */
static void append_pinned_too_high(struct gpald_bytes *out, const struct ctl_hint_context *context)
{
	const cJSON *chipset = ctl_member_of(context->request, "chipset");
	const cJSON *each;
	uint64_t top, excess;

	if (!ctl_hint_read_size(ctl_member_of(context->data, "range"), "end", &top) ||
	    !ctl_hint_read_size(context->data, "excess", &excess))
		return;
	if (ends_above(ctl_member_of(chipset, "high_mmio"), top - excess)) {
		ctl_buffer_puts(out, "chipset-high-mmio");
		return;
	}
	cJSON_ArrayForEach(each, ctl_hint_root_complexes(context))
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

	return ctl_hint_read_size(context->data, "alignment", &alignment) &&
	       alignment == GPAL_PAGE_SIZE &&
	       ctl_member_of(ctl_hint_pointed_value(context), "start");
}

/* Returns true if the place is a window of a root complex that is to be placed and has size 0. */
static bool is_empty_window(const struct ctl_hint_context *context)
{
	return has_zero_size(context) && ctl_hint_has_text_ending(context, "tag", "-mmio") &&
	       pointer_has(context, "/request/pcie/root_complexes/") &&
	       !ctl_member_of(ctl_hint_pointed_value(context), "start");
}

/* Returns true if the place is in the value of a flag, and not in JSON or a --set. */
static bool is_in_flag(const struct ctl_hint_context *context)
{
	const char *pointer = ctl_text_of(context->data, "pointer");

	return ctl_hint_has_flags(context) ||
	       (has_change_flags(context) && pointer_has(context, "/request/") &&
		ctl_flag_that_added(context->session->invocation, context->request,
				    pointer + strlen("/request")));
}

/* Appends the value that means "no such window". */
static void append_word_for_none(struct gpald_bytes *out, const struct ctl_hint_context *context)
{
	ctl_buffer_puts(out, is_in_flag(context) ? "none" : "null");
}

/* Returns true if the place is a window whose size is computed from its devices. */
static bool has_devices(const struct ctl_hint_context *context)
{
	return ctl_member_of(ctl_hint_pointed_value(context), "devices");
}

struct windows {
	const char *kind;
	size_t count; /* to be placed */
	bool differ;  /* some of them have devices, or state an alignment */
};

static struct windows find_windows(const struct ctl_hint_context *context)
{
	const bool is_low = ctl_hint_has_text_ending(context, "tag", "-low-mmio");
	const char *name = is_low ? "low_mmio" : "high_mmio";
	const cJSON *list = ctl_hint_root_complexes(context);
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
	return found;
}

static void append_windows(struct gpald_bytes *out, const struct ctl_hint_context *context)
{
	const struct windows windows = find_windows(context);

	ctl_buffer_printf(out, "%zu %s MMIO windows", windows.count, windows.kind);
}

/*
 * Returns true if the hint can offer one size at which all windows would fit. It cannot if
 * largest_size is the same size, if there is only one window, if this is an update, which may keep
 * some windows, or if a window has devices or states an alignment, because the size is for the
 * usual alignment.
 */
static bool has_equal_share(const struct ctl_hint_context *context)
{
	const struct windows windows = find_windows(context);
	const char *share = ctl_text_of(context->data, "equal_share");

	return share && !ctl_hint_has_text(context, "largest_size", share) && windows.count > 1 &&
	       !windows.differ && !is_update(context);
}

static const struct {
	const char *name;
	const char *part; /* that the pointer contains */
} pointer_conditions[] = {
	{ "?bar", "/bars/" },
	{ "?at_devices", "/devices" },
	{ "?cxl_window", "/cxl_windows/" },
	{ "?target", "/targets/" },
	{ "?low_ram", "/low_window" },
	{ "?hole", "/host/holes/" },
	{ "?room", "/memory/hotplug/" },
	{ "?hdm", "/cxl/hdm" },
	{ "?layout", "/layout/" },
};

static const struct {
	const char *name;
	bool (*holds)(const struct ctl_hint_context *context);
} conditions[] = {
	{ "?flags", ctl_hint_has_flags },
	{ "?in_flag", is_in_flag },
	{ "?window", is_at_window },
	{ "?call", is_call },
	{ "?no_json", has_no_json },
	{ "?allocate", ctl_hint_is_allocate },
	{ "?backup", is_backup },
	{ "?refuse", has_refuse },
	{ "?shared", has_equal_share },
	{ "?sized_by_devices", has_devices },
	{ "?all_nodes", is_of_all_nodes },
	{ "?crowded", is_crowded },
	{ "?ecam", is_ecam },
	{ "?virtio_mmio", is_virtio_mmio },
	{ "?zero", has_zero_size },
	{ "?ram", is_ram_phase },
	{ "?lacks_ram", lacks_ram },
	{ "?update", is_update },
	{ "?off_page", is_off_page },
	{ "?required", is_required },
	{ "?has_address", is_in_address_list },
	{ "?others_layout", is_owned_by_another },
	{ "?change_flags", has_change_flags },
	{ "?empty_window", is_empty_window },
	{ "?gap", has_low_gap },
	{ "?below_hole", is_below_hole },
	{ "?chipset_low", has_chipset_low },
	{ "?one_movable", has_one_movable },
	{ "?movable", has_movable },
	{ "?pinned_too_high", is_pinned_too_high },
};

static const struct {
	const char *name;
	void (*append)(struct gpald_bytes *out, const struct ctl_hint_context *context);
} words[] = {
	{ "or_other_ecam", append_or_other_ecam },
	{ "or_moves", append_or_moves },
	{ "windows", append_windows },
	{ "try_sizes", append_try_sizes },
	{ "slots", append_slots },
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
