/* SPDX-License-Identifier: MIT */
/* The checks of the allocator's input. Each reports the first fault and changes nothing. */
#include "config.h"

#include "core/alloc_input.h"

#include "core/checked.h"
#include "core/error.h"
#include "core/size_text.h"

#include <inttypes.h>

enum gpal_subject gpald_subject_of_kind(enum gpal_kind kind)
{
	static const enum gpal_subject subjects[GPAL_KIND_COUNT] = {
		[GPAL_KIND_RESERVED] = GPAL_SUBJECT_ALLOC_RESERVED,
		[GPAL_KIND_FIXED] = GPAL_SUBJECT_ALLOC_FIXED,
		[GPAL_KIND_MMIO32] = GPAL_SUBJECT_ALLOC_MMIO32,
		[GPAL_KIND_RAM] = GPAL_SUBJECT_ALLOC_RAM,
		[GPAL_KIND_MMIO64] = GPAL_SUBJECT_ALLOC_MMIO64,
		[GPAL_KIND_POST_MMIO] = GPAL_SUBJECT_ALLOC_POST_MMIO,
	};

	return subjects[kind];
}

static bool is_valid_size(uint64_t size)
{
	return size > 0 && size % GPAL_PAGE_SIZE == 0;
}

static int refuse_size(uint64_t size, const char *tag, enum gpal_kind kind, size_t index,
		       struct gpal_error *error)
{
	const enum gpal_subject subject = gpald_subject_of_kind(kind);
	const bool is_pinned = kind == GPAL_KIND_FIXED || kind == GPAL_KIND_RESERVED;
	const int code = GPAL_E_INVALID_SIZE;

	if (is_pinned && size == 0)
		gpald_fail(error, code, subject, index, "%s: its end is not above its start", tag);
	else
		gpald_fail(error, code, subject, index,
			   "%s: a size of %s is not a multiple of 4096 above 0", tag,
			   gpald_exact_size_text(size).text);
	if (error) {
		gpald_error_set_tag(error->tag, tag);
		error->size = size;
	}
	return code;
}

static int refuse_alignment(uint64_t alignment, const char *tag, enum gpal_kind kind, size_t index,
			    struct gpal_error *error)
{
	int code = gpald_fail(error, GPAL_E_INVALID_ALIGNMENT, gpald_subject_of_kind(kind), index,
			      "%s: an alignment of %s is not a power of two of at least 4 KiB", tag,
			      gpald_exact_size_text(alignment).text);

	if (error) {
		gpald_error_set_tag(error->tag, tag);
		error->alignment = alignment;
	}
	return code;
}

static int check_pinned_list(const struct gpal_pinned *pinned, size_t count, enum gpal_kind kind,
			     struct gpal_error *error)
{
	int code;

	for (size_t i = 0; i < count; i++) {
		const struct gpal_pinned *pin = &pinned[i];

		if (pin->range.end > GPAL_SPACE_END)
			return gpald_fail(error, GPAL_E_OUT_OF_RANGE, gpald_subject_of_kind(kind),
					  i,
					  "%s: end 0x%" PRIx64 " is above 0x%" PRIx64
					  ", the end of guest physical address space",
					  pin->tag, pin->range.end, GPAL_SPACE_END);
		if (!is_valid_size(gpal_range_size(pin->range)))
			return refuse_size(gpal_range_size(pin->range), pin->tag, kind, i, error);
		if (pin->range.start % GPAL_PAGE_SIZE != 0) {
			code = gpald_fail(error, GPAL_E_INVALID_ALIGNMENT,
					  gpald_subject_of_kind(kind), i,
					  "%s: start 0x%" PRIx64 " is not a multiple of 4096",
					  pin->tag, pin->range.start);
			if (error) {
				gpald_error_set_tag(error->tag, pin->tag);
				error->alignment = GPAL_PAGE_SIZE;
			}
			return code;
		}
	}
	return GPAL_OK;
}

static int check_counts(const struct gpal_alloc_input *input, struct gpal_error *error)
{
	const size_t counts[GPAL_KIND_COUNT] = {
		[GPAL_KIND_RESERVED] = input->reserved_count,
		[GPAL_KIND_FIXED] = input->fixed_count,
		[GPAL_KIND_MMIO32] = input->mmio32_count,
		[GPAL_KIND_RAM] = input->ram_count,
		[GPAL_KIND_MMIO64] = input->mmio64_count,
		[GPAL_KIND_POST_MMIO] = input->post_mmio_count,
	};
	int kind = 0;

	while (kind < GPAL_KIND_COUNT && counts[kind] <= GPAL_ALLOC_MAX)
		kind++;
	if (kind == GPAL_KIND_COUNT)
		return GPAL_OK;
	return gpald_fail(error, GPAL_E_OUT_OF_RANGE, gpald_subject_of_kind((enum gpal_kind)kind),
			  GPAL_ALLOC_MAX, "there are %zu %s ranges; at most %zu are allowed",
			  counts[kind], gpal_kind_name((enum gpal_kind)kind), GPAL_ALLOC_MAX);
}

int gpald_check_pinned(const struct gpal_alloc_input *input, struct gpal_error *error)
{
	int code = check_counts(input, error);

	if (code == GPAL_OK)
		code = check_pinned_list(input->reserved, input->reserved_count, GPAL_KIND_RESERVED,
					 error);
	if (code == GPAL_OK)
		code = check_pinned_list(input->fixed, input->fixed_count, GPAL_KIND_FIXED, error);
	return code;
}

int gpald_check_demands(const struct gpald_demand_list lists[GPAL_KIND_COUNT],
			struct gpal_error *error)
{
	for (int k = GPAL_KIND_MMIO32; k < GPAL_KIND_COUNT; k++) {
		const enum gpal_kind kind = (enum gpal_kind)k;

		for (size_t i = 0; i < lists[kind].count; i++) {
			const struct gpal_demand *demand = &lists[kind].demands[i];

			if (!is_valid_size(demand->size))
				return refuse_size(demand->size, demand->tag, kind, i, error);
			if (demand->alignment < GPAL_PAGE_SIZE ||
			    !gpald_is_power_of_two(demand->alignment))
				return refuse_alignment(demand->alignment, demand->tag, kind, i,
							error);
		}
	}
	return GPAL_OK;
}
