/* SPDX-License-Identifier: MIT */
/*
 * Resolves a request again and records the steps. A layout depends only on the request and on the
 * ranges that an update kept, so these are the steps that made the layout. If the map marks the
 * kept ranges, they are kept again. If it has no marks, and the request alone does not make this
 * layout, all ranges that are not reserved or fixed are kept and reported as recorded.
 */
#include "config.h"

#include "core/arena.h"
#include "core/error.h"
#include "core/largest_size.h"
#include "core/resolution.h"
#include "core/trace.h"

#include <assert.h>
#include <gpalayout/explain.h>
#include <string.h>

/* Replies contain these texts, and clients find a rule by its text. So never change one. */
static const char *const rules[] = {
	[GPAL_RULE_GIVEN] = "as given, before anything is placed",
	[GPAL_RULE_KEPT] = "kept where the live layout had it",
	[GPAL_RULE_RECORDED] = "as recorded; how it came there is not",
	[GPAL_RULE_HIGHEST_BELOW_4GIB] = "highest aligned fit below 4 GiB",
	[GPAL_RULE_UPWARDS] = "upwards from the end of the RAM before it, split around holes",
	[GPAL_RULE_LOWEST_ABOVE_RAM] = "lowest aligned fit above RAM and 4 GiB",
	[GPAL_RULE_LOWEST_ABOVE_ALL] = "lowest aligned fit above everything else",
	[GPAL_RULE_LOW_WINDOW] = "from address 0 up, in one piece",
};
static_assert(sizeof(rules) / sizeof(rules[0]) == GPAL_RULE_COUNT, "each rule has words");

static const char *const passes[] = {
	[GPAL_PASS_TOO_SMALL] = "too_small",
	[GPAL_PASS_ALIGNMENT] = "alignment",
	[GPAL_PASS_BELOW_FLOOR] = "below_floor",
};
static_assert(sizeof(passes) / sizeof(passes[0]) == GPAL_PASS_COUNT, "each reason has a token");

const char *gpal_rule_text(enum gpal_rule rule)
{
	return (unsigned int)rule < GPAL_RULE_COUNT ? rules[rule] : NULL;
}

const char *gpal_pass_token(enum gpal_pass why)
{
	return (unsigned int)why < GPAL_PASS_COUNT ? passes[why] : NULL;
}

static bool is_same_map(const struct gpal_map *a, const struct gpal_map *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->entries[i].range.start != b->entries[i].range.start ||
		    a->entries[i].range.end != b->entries[i].range.end ||
		    strcmp(a->entries[i].tag, b->entries[i].tag) != 0)
			return false;
	return true;
}

/* The digest also covers the architecture and the kinds of the ranges. */
static bool has_same_digest(const struct gpal_layout *a, const struct gpal_layout *b)
{
	char digest_a[GPAL_DIGEST_SIZE], digest_b[GPAL_DIGEST_SIZE];

	gpal_layout_digest(a, digest_a);
	gpal_layout_digest(b, digest_b);
	return strcmp(digest_a, digest_b) == 0;
}

/*
 * Resolves the request of a live layout again. Returns GPAL_OK, GPAL_E_NO_MEMORY, or
 * GPAL_E_INTERNAL if the request does not make this layout.
 */
static int trace_live(const struct gpal_request *request, const struct gpal_layout *live,
		      enum gpald_keep keep, struct gpald_trace *trace, struct gpal_layout **layout)
{
	const struct gpald_resolve_options options = { .live = live, .keep = keep, .trace = trace };
	int code;

	*trace = (struct gpald_trace){ .wanted = trace->wanted };
	code = gpald_resolve_with(request, live->policy, options, layout, NULL);
	if (code == GPAL_OK &&
	    !(is_same_map(&live->map, &(*layout)->map) && has_same_digest(live, *layout))) {
		gpal_layout_free(*layout);
		*layout = NULL;
	}
	if (code == GPAL_E_NO_MEMORY)
		return code;
	return *layout ? GPAL_OK : GPAL_E_INTERNAL;
}

static int explain_live(const struct gpal_request *request, const struct gpal_layout *live,
			struct gpald_trace *trace, struct gpal_layout **layout)
{
	int code = trace_live(request, live, GPALD_KEEP_MARKED, trace, layout);

	if (code != GPAL_E_INTERNAL || live->map.kept)
		return code;
	/* The map does not mark which of its ranges an update kept. */
	code = trace_live(request, live, GPALD_KEEP_ALL, trace, layout);
	if (code)
		return code;
	for (size_t i = 0; i < trace->count; i++)
		if (trace->steps[i].rule == GPAL_RULE_KEPT)
			trace->steps[i].rule = GPAL_RULE_RECORDED;
	return GPAL_OK;
}

int gpal_explain(const struct gpal_request *request, const struct gpal_layout *live,
		 const char *tag, struct gpal_explanation **explanation, struct gpal_error *error)
{
	const struct gpal_policy *policy = request->policy ? request->policy :
							     gpal_policy_default();
	struct gpald_trace trace = { .wanted = tag };
	struct gpal_explanation *made;
	struct gpal_layout *layout;
	int code;

	*explanation = NULL;
	if (!live)
		code = gpald_resolve_with(request, policy,
					  (struct gpald_resolve_options){ .trace = &trace },
					  &layout, error);
	else if ((code = explain_live(request, live, &trace, &layout)) != GPAL_OK)
		gpald_fail_plain(error, (enum gpal_code)code);
	/* Add the sizes that would fit, as gpal_resolve() does. */
	if (code && error)
		gpald_suggest_for_request(request, policy,
					  (struct gpald_resolve_options){ .live = NULL }, error);
	if (code)
		return code;
	/* The explanation lies in the arena of the layout, and is freed with it. */
	made = gpald_arena_alloc(trace.arena, 1, sizeof(*made));
	if (!made) {
		gpal_layout_free(layout);
		return gpald_fail_plain(error, GPAL_E_NO_MEMORY);
	}
	*made = (struct gpal_explanation){
		.steps = trace.steps,
		.count = trace.count,
		.layout = layout,
	};
	*explanation = made;
	return GPAL_OK;
}

void gpal_explanation_free(struct gpal_explanation *explanation)
{
	if (explanation)
		gpal_layout_free((struct gpal_layout *)explanation->layout);
}
