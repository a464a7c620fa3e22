/* SPDX-License-Identifier: MIT */
/*
 * The table of codes: the token and the meaning of each. src/wire has their numbers in the
 * protocol.
 */
#include "config.h"

#include "core/error.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *token;
	const char *text;
} codes[] = {
	[-GPAL_OK] = { "ok", "no error" },
	[-GPAL_E_INVALID_MEMORY] = { "invalid_memory", "the description of the RAM is not valid" },
	[-GPAL_E_INVALID_SIZE] = { "invalid_size",
				   "a size must be a multiple of 4096 above 0, a BAR a power of "
				   "two of at least 4096, and a window for devices below 2^64 "
				   "bytes" },
	[-GPAL_E_INVALID_ALIGNMENT] = { "invalid_alignment",
					"an alignment must be a power of two of at least 4096, "
					"for a window of at least the usual one, and a range must "
					"start on a page" },
	[-GPAL_E_OVERLAP] = { "overlap", "two reserved or fixed ranges overlap" },
	[-GPAL_E_EXHAUSTED] = { "exhausted", "a range does not fit in the free space of its kind" },
	[-GPAL_E_ECAM_BELOW_MINIMUM] = { "ecam_below_minimum", "an ECAM starts below 256 MiB" },
	[-GPAL_E_FIXED_LOW_MMIO_ABOVE_4GIB] = { "fixed_low_mmio_above_4gib",
						"a pinned low MMIO window must end at or below "
						"4 GiB" },
	[-GPAL_E_ADDRESS_WIDTH_EXCEEDED] = { "address_width_exceeded",
					     "the layout needs more physical address bits than the "
					     "host has" },
	[-GPAL_E_DUPLICATE_NAME] = { "duplicate_name", "a name is used twice" },
	[-GPAL_E_INVALID_BUS_RANGE] = { "invalid_bus_range",
					"the buses must be stated, and start_bus must not "
					"be greater than end_bus" },
	[-GPAL_E_BUS_OVERLAP] = { "bus_overlap", "two root complexes of a segment share a bus" },
	[-GPAL_E_MIXED_IOMMU] = { "mixed_iommu", "a VM can have only one kind of IOMMU" },
	[-GPAL_E_IOMMU_ARCH_MISMATCH] = { "iommu_arch_mismatch",
					  "the IOMMU does not exist on this architecture" },
	[-GPAL_E_INVALID_HDM] = { "invalid_hdm",
				  "host-managed device memory must be a multiple of 256 MiB for "
				  "each target" },
	[-GPAL_E_NODE_OUT_OF_RANGE] = { "node_out_of_range", "there is no such NUMA node" },
	[-GPAL_E_OUT_OF_RANGE] = { "out_of_range", "a member has a value that is not allowed" },
	[-GPAL_E_NO_MEMORY] = { "internal", "out of memory" },
	[-GPAL_E_INTERNAL] = { "internal",
			       "the layout library has a bug or does not know the policy of the "
			       "layout, or the layout is not a layout of the request" },
	[-GPAL_E_WOULD_MOVE] = { "would_move",
				 "the update would move or resize ranges of the live layout, or "
				 "change their use" },
	[-GPAL_E_WOULD_REMOVE] = { "would_remove",
				   "the update would remove ranges of the live layout" },
	[-GPAL_E_WARNING_REFUSED] = { "warning_refused",
				      "the layout has a warning that is refused" },
};

static_assert(sizeof(codes) / sizeof(codes[0]) == GPAL_CODE_COUNT,
	      "each code has a row, and each row a code");

static size_t code_row(int code)
{
	return code <= 0 && code > -GPAL_CODE_COUNT ? (size_t)-code : (size_t)-GPAL_E_INTERNAL;
}

const char *gpal_code_token(int code)
{
	return codes[code_row(code)].token;
}

const char *gpal_code_text(int code)
{
	return codes[code_row(code)].text;
}

int gpald_fail(struct gpal_error *error, enum gpal_code code, enum gpal_subject subject,
	       size_t index, const char *format, ...)
{
	va_list args;

	if (!error)
		return code;
	*error = (struct gpal_error){ .code = code, .subject = subject, .index = index };
	va_start(args, format);
	vsnprintf(error->message, sizeof(error->message), format, args);
	va_end(args);
	return code;
}

int gpald_fail_plain(struct gpal_error *error, enum gpal_code code)
{
	return gpald_fail(error, code, GPAL_SUBJECT_NONE, 0, "%s", gpal_code_text(code));
}

int gpald_fail_part(struct gpal_error *error, int code, const char *format, ...)
{
	va_list args;

	if (!error)
		return code;
	va_start(args, format);
	vsnprintf(error->part, sizeof(error->part), format, args);
	va_end(args);
	return code;
}

void gpald_error_set_tag(char field[GPAL_ERROR_TAG_MAX + 1], const char *tag)
{
	size_t length = strnlen(tag, GPAL_ERROR_TAG_MAX);

	memcpy(field, tag, length);
	field[length] = '\0';
}
