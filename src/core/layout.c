/* SPDX-License-Identifier: MIT */
/*
 * gpal_resolve() and gpal_update() call the resolver. If a request does not fit, they add to the
 * error a size that would have fitted. gpal_layout_refuse() checks the warnings of a finished
 * layout.
 */
#include "config.h"

#include "core/error.h"
#include "core/largest_size.h"
#include "core/resolution.h"

#include <gpalayout/compare.h>
#include <gpalayout/layout.h>

int gpal_layout_refuse(const struct gpal_layout *layout, uint64_t refused, struct gpal_error *error)
{
	for (size_t i = 0; i < layout->warning_count; i++) {
		const struct gpal_warning *warning = &layout->warnings[i];
		int code;

		/* GPAL_REFUSE_ALL refuses unknown warnings, too. */
		if (refused != GPAL_REFUSE_ALL &&
		    (warning->reason < 0 || !(refused & UINT64_C(1) << warning->reason)))
			continue;
		code = gpald_fail_plain(error, GPAL_E_WARNING_REFUSED);
		if (error)
			gpald_error_set_tag(error->tag, warning->tag);
		return code;
	}
	return GPAL_OK;
}

int gpal_resolve(const struct gpal_request *request, struct gpal_layout **layout,
		 struct gpal_error *error)
{
	const struct gpal_policy *policy = request->policy ? request->policy :
							     gpal_policy_default();
	const struct gpald_resolve_options afresh = { .live = NULL };
	int code = gpald_resolve_with(request, policy, afresh, layout, error);

	if (code && error)
		gpald_suggest_for_request(request, policy, afresh, error);
	return code;
}

/*
 * Fills in the error of an update that failed around the live ranges, and was exhausted without
 * them. If both attempts were exhausted, the error describes the one around the live ranges,
 * because the guest has these. If only the other attempt was, `fit` and the neighbours are omitted:
 * they belong to a layout that was never made, and would mislead.
 */
static void fill_in_update_error(const struct gpal_request *request,
				 struct gpald_resolve_options suggest_options, int kept_code,
				 const struct gpal_error *kept_error, struct gpal_error *error)
{
	if (kept_code == GPAL_E_EXHAUSTED)
		*error = *kept_error;
	if (kept_code == GPAL_E_EXHAUSTED || suggest_options.may_move)
		gpald_suggest_for_request(request, suggest_options.live->policy, suggest_options,
					  error);
	if (kept_code == GPAL_E_EXHAUSTED)
		return;
	error->fit = (struct gpal_range){ 0 };
	error->below = error->above = (struct gpal_neighbour){ .tag = "" };
}

/* Finds out whether a layout lacks ranges or root complexes of the live one. */
static int find_removals(const struct gpal_layout *live, const struct gpal_layout *layout,
			 bool *removes, struct gpal_error *error)
{
	struct gpal_changes *changes;
	int code = gpal_compare(live, layout, &changes, error);

	if (code == GPAL_OK)
		*removes = changes->removes;
	gpal_changes_free(changes);
	return code;
}

int gpal_update(const struct gpal_layout *live, const struct gpal_request *request,
		unsigned int allow, struct gpal_layout **layout, struct gpal_error *error)
{
	const struct gpald_resolve_options afresh = { .live = NULL };
	struct gpal_error kept_error;
	bool removes = false;
	const struct gpald_resolve_options kept = { .live = live, .removes = &removes };
	const struct gpald_resolve_options suggest_options = {
		.live = live, .may_move = allow & GPAL_ALLOW_MOVES
	};
	const int kept_code = gpald_resolve_with(request, live->policy, kept, layout, &kept_error);
	int code = GPAL_OK;

	if (kept_code == GPAL_E_NO_MEMORY)
		return gpald_fail_plain(error, kept_code);
	/* The ranges that stay may be in the way, so try without them. */
	if (kept_code)
		code = gpald_resolve_with(request, live->policy, afresh, layout, error);
	if (code == GPAL_E_EXHAUSTED && error)
		fill_in_update_error(request, suggest_options, kept_code, &kept_error, error);
	if (code == GPAL_E_ADDRESS_WIDTH_EXCEEDED && error)
		gpald_suggest_for_request(request, live->policy, suggest_options, error);
	if (code)
		return code;
	if (kept_code && !(allow & GPAL_ALLOW_REMOVALS))
		code = find_removals(live, *layout, &removes, error);
	if (code == GPAL_OK && removes && !(allow & GPAL_ALLOW_REMOVALS))
		code = gpald_fail(error, GPAL_E_WOULD_REMOVE, GPAL_SUBJECT_NONE, 0,
				  "the request omits ranges that the guest knows");
	if (code == GPAL_OK && kept_code && !(allow & GPAL_ALLOW_MOVES))
		code = gpald_fail(error, GPAL_E_WOULD_MOVE, GPAL_SUBJECT_NONE, 0,
				  "the update must move or resize ranges that the guest knows, or "
				  "change their use");
	if (code == GPAL_E_NO_MEMORY) {
		gpal_layout_free(*layout);
		*layout = NULL;
	}
	return code;
}
