/* SPDX-License-Identifier: MIT */
/*
 * Places an input phase by phase, each in the space that earlier phases left free. The phases are
 * in windows.c and phases.c, and the state that they share in placement.c.
 */
#include "config.h"

#include "core/place.h"

#include "core/alloc_input.h"
#include "core/error.h"
#include "core/placement.h"

int gpald_place(struct gpald_arena *arena, const struct gpal_alloc_input *input,
		const struct gpald_place_options *options, struct gpal_map *map,
		struct gpal_error *error)
{
	const struct gpald_trace *trace = options->trace;
	struct gpald_placement p = {
		.arena = arena,
		.input = input,
		.kept = options->kept,
		.low_ram_window = options->low_ram_window,
		.trace = options->trace,
		.error = error,
	};
	int code;

	code = gpald_check_pinned(input, error);
	if (code)
		return code;
	if (!gpald_placement_init(&p))
		return gpald_fail_plain(error, GPAL_E_NO_MEMORY);
	code = gpald_placement_place_given(&p);
	if (code)
		return code;
	code = gpald_check_demands(p.demands, error);
	if (code)
		return code;

	if ((code = gpald_place_mmio32(&p)) || (code = gpald_place_ram(&p)) ||
	    (code = gpald_place_mmio64(&p)) || (code = gpald_place_post_mmio(&p)))
		return code;
	if (!gpald_placement_finish(&p, map) || (trace && trace->no_memory))
		return gpald_fail_plain(error, GPAL_E_NO_MEMORY);
	return GPAL_OK;
}
