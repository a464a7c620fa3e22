/* SPDX-License-Identifier: MIT */
/*
 * Names only ways that can help. For example, suggests fewer buses only if a root complex has more
 * than one, and never suggests to shrink the window that is to grow.
 */
#include "config.h"

#include "gpalayoutctl/hint_room.h"

#include "core/request_limits.h"
#include "gpalayoutctl/json_text.h"

#include <string.h>

/*
 * Returns the policy of the request; NULL: this program does not know it. If the request names
 * none, this is the default of this program, which can differ from that of the daemon.
 */
static const struct gpal_policy *find_policy(const struct ctl_hint_context *context)
{
	const char *name = ctl_text_of(context->request, "policy");

	return name ? gpal_policy_find(name) : gpal_policy_default();
}

/* Returns true if the request, or else its policy, puts the ECAM below 4 GiB. */
static bool is_ecam_below(const struct ctl_hint_context *context)
{
	const cJSON *pcie = ctl_member_of(context->request, "pcie");
	const struct gpal_policy *policy = find_policy(context);
	const char *ecam = ctl_text_of(pcie, "ecam");

	if (!ctl_member_of(pcie, "root_complexes"))
		return false;
	if (!ecam && policy)
		ecam = gpal_ecam_name(policy->ecam);
	return ecam && strcmp(ecam, "below-4gib") == 0;
}

#define MOST_WAYS 7

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

/* Returns true if the range has an address, and may be in the way of what was refused. */
static bool is_in_the_way(const struct ctl_hint_context *context, const cJSON *range)
{
	const bool is_low = ctl_hint_is_low_phase(context) ||
			    ctl_hint_has_text(context, "reason", "ecam_below_minimum");
	uint64_t start;

	return ctl_hint_read_size(range, "start", &start) && (!is_low || start < GPAL_4GIB);
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
	       lists_range_in_the_way(context, ctl_hint_root_complexes(context)) ||
	       is_in_the_way(context, ctl_member_of(chipset, "high_mmio"));
}

static bool is_aarch64(const struct ctl_hint_context *context)
{
	const char *arch = ctl_text_of(context->request, "arch");

	return arch && strcmp(arch, "aarch64") == 0;
}

/* Returns where RAM begins by the policy of the request; 0 if the policy is not known. */
static uint64_t start_by_policy(const struct ctl_hint_context *context)
{
	const struct gpal_policy *policy = find_policy(context);
	const char *name = ctl_text_of(context->request, "profile");
	int profile = GPAL_PROFILE_GEN2_UEFI;

	for (int i = 0; name && i < GPAL_PROFILE_COUNT; i++)
		if (strcmp(gpal_profile_name((enum gpal_profile)i), name) == 0)
			profile = i;
	return policy ? policy->profiles[profile]
				.memory_start[is_aarch64(context) ? GPAL_ARCH_AARCH64 :
								    GPAL_ARCH_X86_64] :
			0;
}

/* Returns true if a lower start of RAM frees addresses for the phase mmio32. */
static bool can_lower_memory_start(const struct ctl_hint_context *context)
{
	uint64_t start;

	if (!ctl_hint_is_low_phase(context) || !context->request)
		return false;
	if (!ctl_hint_read_size(ctl_member_of(context->request, "memory"), "start", &start))
		start = start_by_policy(context);
	return start > 0;
}

bool ctl_hint_can_shrink_ecam(const struct ctl_hint_context *context)
{
	const cJSON *each;

	cJSON_ArrayForEach(each, ctl_hint_root_complexes(context))
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
	const bool is_below = is_ecam_below(context) && !ctl_hint_keeps_live_ranges(context);

	add_way(ways, is_below && ctl_hint_can_shrink_ecam(context),
		"give root complexes fewer buses");
	add_way(ways, is_below,
		ctl_hint_flag_or(
			context, "put the ECAM above 4 GiB (--pcie-ecam above-4gib)",
			"put the ECAM above 4 GiB (\"pcie\": {\"ecam\": \"above-4gib\"})"));
}

/* Returns true if the refused window could use more of what is free at a smaller alignment. */
static bool can_lower_alignment(const struct ctl_hint_context *context)
{
	uint64_t alignment, fit, free;

	return ctl_hint_read_size(ctl_hint_pointed_value(context), "alignment", &alignment) &&
	       alignment > GPALD_LOW_MMIO_ALIGNMENT &&
	       ctl_hint_read_size(context->data, "largest_fit", &fit) &&
	       ctl_hint_read_size(context->data, "free_space", &free) && fit < free;
}

/*
 * Returns true if the chipset window can be smaller. No policy has a default as small as the least
 * size, so the window has that size only if the request says so.
 */
static bool can_shrink_chipset(const struct ctl_hint_context *context)
{
	const uint64_t least = is_aarch64(context) ? GPALD_CHIPSET_LOW_MMIO_MIN_AARCH64 :
						     GPALD_CHIPSET_LOW_MMIO_MIN_X86_64;
	const cJSON *chipset = ctl_member_of(context->request, "chipset");
	uint64_t size;

	return !ctl_hint_read_size(chipset, "low_mmio", &size) || size > least;
}

/*
 * Returns true if there are more than `ignored` low MMIO windows of root complexes, or if the
 * request is not known.
 */
static bool can_shrink_low_windows(const struct ctl_hint_context *context, size_t ignored)
{
	size_t count = 0;
	const cJSON *each;

	cJSON_ArrayForEach(each, ctl_hint_root_complexes(context))
	{
		const cJSON *window = ctl_member_of(each, "low_mmio");

		count += !cJSON_IsNull(window) && !ctl_member_of(window, "none");
	}
	return !context->request || count > ignored;
}

/*
 * Finds ways to free addresses below 4 GiB. Does not offer to make the refused range itself smaller
 * if `is_for_more` is set, or if nothing is free for it.
 */
static struct ways find_low_ways(const struct ctl_hint_context *context, bool is_for_more)
{
	const bool is_window = ctl_hint_has_text_ending(context, "tag", "-low-mmio");
	uint64_t fit;
	const bool nothing_fits = ctl_hint_read_size(context->data, "largest_fit", &fit) &&
				  fit == 0;
	const bool is_other = is_window && (is_for_more || nothing_fits);
	/* Something is free, but nothing at the alignment that the window states. */
	const bool alignment_fails = nothing_fits && can_lower_alignment(context);
	const bool can_resize = !alignment_fails && !ctl_hint_keeps_live_ranges(context);
	struct ways ways = { 0 };

	if (ctl_hint_is_allocate(context)) {
		add_way(&ways, !is_for_more, "ask for less in mmio32");
		add_way(&ways,
			is_for_more &&
				cJSON_GetArraySize(ctl_member_of(context->params, "mmio32")) > 1,
			"make other ranges of mmio32 smaller");
		add_way(&ways, has_ranges_in_the_way(context),
			"move the reserved and fixed ranges in the way");
		return ways;
	}
	add_way(&ways, can_resize && can_shrink_low_windows(context, is_other),
		is_other ? "make other low MMIO windows smaller" : "make low MMIO windows smaller");
	add_way(&ways, can_resize && context->request && can_shrink_chipset(context),
		"make chipset-low-mmio smaller");
	add_way(&ways, can_lower_alignment(context), "give the refused window a smaller alignment");
	add_way(&ways, has_ranges_in_the_way(context),
		"move the pinned and reserved ranges in the way");
	add_way(&ways, can_lower_memory_start(context) && !ctl_hint_keeps_live_ranges(context),
		ctl_hint_flag_or(context, "lower --memory-start", "lower memory.start"));
	if (!alignment_fails)
		add_ecam_ways(&ways, context);
	return ways;
}

void ctl_hint_append_how_to_free_low(struct gpald_bytes *out,
				     const struct ctl_hint_context *context)
{
	const struct ways ways = find_low_ways(context, false);

	append_ways(out, &ways);
	if (!ways.count)
		ctl_buffer_puts(out, "make it smaller");
}

void ctl_hint_append_for_more_low(struct gpald_bytes *out, const struct ctl_hint_context *context)
{
	const struct ways ways = find_low_ways(context, true);

	append_for_more(out, &ways);
}

void ctl_hint_append_for_more(struct gpald_bytes *out, const struct ctl_hint_context *context)
{
	ctl_buffer_puts(out, has_ranges_in_the_way(context) || !context->params ?
				     "; for more, move the pinned and reserved ranges in the way" :
				     "; for more, make other ranges smaller");
}

void ctl_hint_append_for_more_ecam(struct gpald_bytes *out, const struct ctl_hint_context *context)
{
	struct ways ways = { 0 };

	if (ctl_hint_is_low_phase(context))
		add_ecam_ways(&ways, context);
	append_for_more(out, &ways);
}
