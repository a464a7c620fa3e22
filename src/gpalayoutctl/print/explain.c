/* SPDX-License-Identifier: MIT */
/*
 * Prints why each range is where it is: the rule, the free ranges that were passed over, and the
 * choice.
 */
#include "config.h"

#include "gpalayoutctl/print/print.h"

#include "gpalayoutctl/json_text.h"
#include "gpalayoutctl/size_text.h"
#include "gpalayoutctl/terminal_text.h"

#include <gpalayout/range.h>
#include <inttypes.h>

/* "0x1000-0x3000 (8 KiB)" */
static void append_step_range(struct gpald_bytes *out, struct gpal_range range)
{
	ctl_buffer_printf(out, "0x%" PRIx64 "-0x%" PRIx64 " (", range.start, range.end);
	ctl_size_append(out, range.end - range.start);
	ctl_buffer_puts(out, ")");
}

static void append_step_size(struct gpald_bytes *out, const char *before, uint64_t size,
			     const char *after)
{
	ctl_buffer_puts(out, before);
	ctl_size_append(out, size);
	ctl_buffer_puts(out, after);
}

static void append_step_rule(struct gpald_bytes *out, const struct gpal_step *step,
			     const char *rule)
{
	ctl_buffer_printf(out, "  phase %s: ", gpal_kind_name(step->phase));
	ctl_puts_safe(out, rule);
	ctl_buffer_puts(out, "\n");
	if (!step->alignment)
		return;
	append_step_size(out, "  needs ", step->size, "");
	append_step_size(out, ", aligned to ", step->alignment, "");
	if (step->phase == GPAL_KIND_MMIO32)
		ctl_buffer_printf(out, ", from 0x%" PRIx64 " down\n", step->ceiling);
	else if (step->ceiling == GPAL_SPACE_END)
		ctl_buffer_printf(out, ", from 0x%" PRIx64 " up\n", step->floor);
	else
		ctl_buffer_printf(out, ", below 0x%" PRIx64 "\n", step->ceiling);
}

static void append_passed(struct gpald_bytes *out, const struct gpal_passed *passed)
{
	ctl_buffer_puts(out, "  passed over ");
	append_step_range(out, passed->free);
	if (passed->why == GPAL_PASS_BELOW_FLOOR)
		ctl_buffer_puts(out, ": below the floor\n");
	else
		append_step_size(out,
				 passed->why == GPAL_PASS_TOO_SMALL ?
					 ": too small by " :
					 ": from its first aligned address on, it is too small by ",
				 passed->missing, "\n");
}

static void append_chosen(struct gpald_bytes *out, const struct gpal_chosen *chosen)
{
	ctl_buffer_puts(out, "  placed at ");
	append_step_range(out, chosen->range);
	if (!gpal_range_is_empty(chosen->free)) {
		ctl_buffer_puts(out, ", in ");
		if (chosen->free.end == GPAL_SPACE_END) {
			ctl_buffer_printf(out, "all that is free from 0x%" PRIx64 " up",
					  chosen->free.start);
		} else {
			ctl_buffer_puts(out, "the free range ");
			append_step_range(out, chosen->free);
		}
	}
	if (chosen->lost)
		append_step_size(out, ": alignment leaves ", chosen->lost, " of it empty");
	ctl_buffer_puts(out, "\n");
}

static void append_step(struct gpald_bytes *out, const struct gpal_step *step, const char *rule)
{
	uint64_t lost = 0;

	if (out->length)
		ctl_buffer_puts(out, "\n");
	ctl_puts_safe(out, step->tag);
	ctl_buffer_puts(out, "\n");
	append_step_rule(out, step, rule);
	for (size_t i = 0; i < step->passed_count; i++)
		append_passed(out, &step->passed[i]);
	if (step->passed_cut)
		ctl_buffer_puts(out, "  and more; give TAG to see all of them\n");
	for (size_t i = 0; i < step->chosen_count; i++) {
		append_chosen(out, &step->chosen[i]);
		lost += step->chosen[i].lost;
	}
	if (lost && step->chosen_count > 1)
		append_step_size(out, "  lost to alignment in all: ", lost, "\n");
}

enum ctl_exit ctl_explained_append(struct ctl_session *session, struct gpald_bytes *out,
				   const void *result)
{
	const struct gpal_explanation *explanation = result;
	const cJSON *range = ctl_member_of(ctl_parse_result(session), "ranges")->child;

	/* The rule is in the daemon's words, because a newer daemon may have other rules. */
	for (size_t i = 0; i < explanation->count; i++, range = range->next)
		append_step(out, &explanation->steps[i], ctl_text_of(range, "rule"));
	return CTL_OK;
}
