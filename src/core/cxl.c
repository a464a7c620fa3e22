/* SPDX-License-Identifier: MIT */
/*
 * The checks of the targets and sizes of CXL windows. value_checks.c checks the number of targets
 * and the granularity, and name_checks.c the names.
 */
#include "config.h"

#include "core/cxl.h"

#include "core/checked.h"
#include "core/error.h"
#include "core/request_checks.h"
#include "core/roles.h"
#include "core/size_text.h"

#include <stdlib.h>
#include <string.h>

/* Returns the index of the first target with this name; `count` if there is none. */
static size_t find_cxl_target(const char *const *targets, size_t count, const char *name)
{
	size_t at = 0;

	while (at < count && strcmp(targets[at], name) != 0)
		at++;
	return at;
}

size_t gpald_cxl_find_duplicate_target(const char *const *targets, size_t count)
{
	size_t at = 0;

	while (at < count && find_cxl_target(targets, at, targets[at]) == at)
		at++;
	return at;
}

static int refuse_duplicate_target(const struct gpal_cxl_window *window, size_t index, size_t at,
				   struct gpal_error *error)
{
	const char *target = window->targets[at];
	int code = gpald_fail(error, GPAL_E_DUPLICATE_NAME, GPAL_SUBJECT_CXL_WINDOW_TARGETS, index,
			      "%s: targets %zu and %zu are both %s", window->name,
			      find_cxl_target(window->targets, at, target), at, target);

	if (error) {
		gpald_error_set_tag(error->tag, target);
		gpald_error_set_tag(error->other_tag, target);
	}
	return gpald_fail_part(error, code, "/%zu", at);
}

/*
 * Checks that each target is listed once and is a root complex with CXL. Writes the indices of the
 * root complexes to `targets`.
 */
static int check_window_targets(const struct gpald_resolution *r, const struct gpald_named *by_name,
				size_t index, uint32_t *targets)
{
	const struct gpal_cxl_window *window = &r->request->cxl_windows[index];
	const size_t twice = gpald_cxl_find_duplicate_target(window->targets, window->target_count);
	struct gpal_error *error = r->error;
	int code;

	if (twice < window->target_count)
		return refuse_duplicate_target(window, index, twice, error);
	for (size_t i = 0; i < window->target_count; i++) {
		const char *target = window->targets[i];
		const struct gpald_named *found =
			gpald_find_named(by_name, r->request->root_complex_count, target);

		if (!found || !r->request->root_complexes[found->index].has_cxl) {
			code = gpald_fail(error, GPAL_E_OUT_OF_RANGE,
					  GPAL_SUBJECT_CXL_WINDOW_TARGETS, index,
					  found ? "%s: root complex %s has no CXL" :
						  "%s: there is no root complex %s",
					  window->name, target);
			return gpald_fail_part(error, code, "/%zu", i);
		}
		targets[i] = (uint32_t)found->index;
	}
	return GPAL_OK;
}

int gpald_check_cxl_windows(struct gpald_resolution *r)
{
	const struct gpal_request *request = r->request;
	struct gpald_named *by_name;
	size_t target_count = 0;
	uint32_t *targets;
	int code = GPAL_OK;

	if (request->cxl_window_count == 0)
		return GPAL_OK;
	for (size_t i = 0; i < request->cxl_window_count; i++)
		target_count += request->cxl_windows[i].target_count;
	by_name = gpald_arena_alloc(r->arena, request->root_complex_count, sizeof(*by_name));
	targets = gpald_arena_alloc(r->arena, target_count, sizeof(*targets));
	if (!by_name || !targets)
		return gpald_fail_plain(r->error, GPAL_E_NO_MEMORY);
	r->cxl_targets = targets;
	for (size_t i = 0; i < request->root_complex_count; i++)
		by_name[i] = (struct gpald_named){ request->root_complexes[i].name, i };
	qsort(by_name, request->root_complex_count, sizeof(*by_name), gpald_compare_named);
	for (size_t i = 0; code == GPAL_OK && i < request->cxl_window_count; i++) {
		const struct gpal_cxl_window *window = &request->cxl_windows[i];

		code = check_window_targets(r, by_name, i, targets);
		targets += window->target_count;
		if (code == GPAL_OK &&
		    window->size % (window->target_count * GPALD_CXL_HDM_ALIGNMENT) != 0)
			code = gpald_fail(r->error, GPAL_E_INVALID_HDM,
					  GPAL_SUBJECT_CXL_WINDOW_SIZE, i,
					  "%s: a size of %s is not a multiple of %s, which is "
					  "256 MiB for each target",
					  window->name, gpald_exact_size_text(window->size).text,
					  gpald_exact_size_text(window->target_count *
								GPALD_CXL_HDM_ALIGNMENT)
						  .text);
	}
	return code;
}
