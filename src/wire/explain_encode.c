/* SPDX-License-Identifier: MIT */
/*
 * Writes explanations. Members that do not apply, such as the floor of a pinned range, are omitted.
 */
#include "config.h"

#include "wire/explain_encode.h"

static void write_passed(struct gpald_writer *w, const struct gpal_step *step)
{
	gpald_write_array(w, "passed_over");
	for (size_t i = 0; i < step->passed_count && !w->failed; i++) {
		const struct gpal_passed *passed = &step->passed[i];

		gpald_write_object(w, NULL);
		gpald_write_bounds(w, passed->free);
		gpald_write_text(w, "why", gpal_pass_token(passed->why));
		if (passed->why != GPAL_PASS_BELOW_FLOOR)
			gpald_write_hex(w, "missing", passed->missing);
		gpald_write_object_end(w);
	}
	gpald_write_array_end(w);
	if (step->passed_cut)
		gpald_write_bool(w, "passed_over_cut", true);
}

static void write_chosen(struct gpald_writer *w, const struct gpal_step *step)
{
	gpald_write_array(w, "chosen");
	for (size_t i = 0; i < step->chosen_count && !w->failed; i++) {
		const struct gpal_chosen *chosen = &step->chosen[i];

		gpald_write_object(w, NULL);
		gpald_write_bounds(w, chosen->range);
		gpald_write_nonempty_range(w, "free", chosen->free);
		if (!gpal_range_is_empty(chosen->free))
			gpald_write_hex(w, "lost_to_alignment", chosen->lost);
		gpald_write_object_end(w);
	}
	gpald_write_array_end(w);
}

static void write_step(struct gpald_writer *w, const struct gpal_step *step)
{
	const bool is_placed = step->rule != GPAL_RULE_GIVEN && step->rule != GPAL_RULE_KEPT &&
			       step->rule != GPAL_RULE_RECORDED;

	gpald_write_object(w, NULL);
	gpald_write_text(w, "tag", step->tag);
	gpald_write_text(w, "phase", gpal_kind_name(step->phase));
	gpald_write_text(w, "rule", gpal_rule_text(step->rule));
	gpald_write_hex(w, "size", step->size);
	if (is_placed) {
		gpald_write_hex(w, "alignment", step->alignment);
		if (step->ceiling == GPAL_SPACE_END)
			gpald_write_hex(w, "floor", step->floor);
		else
			gpald_write_hex(w, "ceiling", step->ceiling);
		write_passed(w, step);
	}
	write_chosen(w, step);
	gpald_write_object_end(w);
}

void gpald_encode_steps(struct gpald_writer *w, const char *key,
			const struct gpal_explanation *explanation)
{
	gpald_write_array(w, key);
	for (size_t i = 0; i < explanation->count && !w->failed; i++)
		write_step(w, &explanation->steps[i]);
	gpald_write_array_end(w);
}
