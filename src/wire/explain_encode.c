/* SPDX-License-Identifier: MIT */
/* Members that do not apply, such as the floor of a range that was given, are left out. */
#include "config.h"

#include "wire/explain_encode.h"

#include "wire/json_build.h"

static void build_passed(struct gpald_builder *b, cJSON *object, const struct gpal_step *step)
{
	cJSON *list = gpald_build_array(b, object, "passed_over");

	for (size_t i = 0; i < step->passed_count && !b->failed; i++) {
		const struct gpal_passed *passed = &step->passed[i];
		cJSON *entry = gpald_build_object(b, list, NULL);

		gpald_build_bounds(b, entry, passed->free);
		gpald_build_text(b, entry, "why", gpal_pass_token(passed->why));
		if (passed->why != GPAL_PASS_BELOW_FLOOR)
			gpald_build_hex(b, entry, "missing", passed->missing);
	}
	if (step->passed_cut)
		gpald_build_item(b, object, "passed_over_cut", cJSON_CreateTrue());
}

static void build_chosen(struct gpald_builder *b, cJSON *object, const struct gpal_step *step)
{
	cJSON *list = gpald_build_array(b, object, "chosen");

	for (size_t i = 0; i < step->chosen_count && !b->failed; i++) {
		const struct gpal_chosen *chosen = &step->chosen[i];
		cJSON *entry = gpald_build_object(b, list, NULL);

		gpald_build_bounds(b, entry, chosen->range);
		gpald_build_range_if(b, entry, "free", chosen->free);
		if (!gpal_range_is_empty(chosen->free))
			gpald_build_hex(b, entry, "lost_to_alignment", chosen->lost);
	}
}

static void build_step(struct gpald_builder *b, cJSON *array, const struct gpal_step *step)
{
	const bool is_placed = step->rule != GPAL_RULE_GIVEN && step->rule != GPAL_RULE_KEPT;
	cJSON *object = gpald_build_object(b, array, NULL);

	gpald_build_text(b, object, "tag", step->tag);
	gpald_build_text(b, object, "phase", gpal_kind_name(step->phase));
	gpald_build_text(b, object, "rule", gpal_rule_text(step->rule));
	gpald_build_hex(b, object, "size", step->size);
	if (is_placed) {
		gpald_build_hex(b, object, "alignment", step->alignment);
		if (step->ceiling == GPAL_SPACE_END)
			gpald_build_hex(b, object, "floor", step->floor);
		else
			gpald_build_hex(b, object, "ceiling", step->ceiling);
		build_passed(b, object, step);
	}
	build_chosen(b, object, step);
}

cJSON *gpald_encode_steps(const struct gpal_explanation *explanation)
{
	struct gpald_builder b = { .failed = false };
	cJSON *array = cJSON_CreateArray();

	for (size_t i = 0; i < explanation->count && !b.failed; i++)
		build_step(&b, array, &explanation->steps[i]);
	if (!b.failed)
		return array;
	cJSON_Delete(array);
	return NULL;
}
