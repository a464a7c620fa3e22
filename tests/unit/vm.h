/* SPDX-License-Identifier: MIT */
/* Makes requests in one expression, and asserts what becomes of them. */
#ifndef GPALD_TESTS_UNIT_VM_H
#define GPALD_TESTS_UNIT_VM_H

#include "tests/unit/suite.h"

#include <gpalayout/gpalayout.h>
#include <string.h>

#define KIB UINT64_C(0x400)
#define MIB UINT64_C(0x100000)
#define GIB UINT64_C(0x40000000)

static inline struct gpal_layout *resolve(const struct gpal_request *request)
{
	struct gpal_layout *layout;
	struct gpal_error error = { .message = "no error" };

	ck_assert_msg(gpal_resolve(request, &layout, &error) == 0, "%s", error.message);
	return layout;
}

static inline struct gpal_error refuse(const struct gpal_request *request, int code)
{
	struct gpal_layout *layout;
	struct gpal_error error = { .message = "no error" };
	int actual = gpal_resolve(request, &layout, &error);

	ck_assert_msg(actual == code, "%s instead of %s: %s", gpal_code_token(actual),
		      gpal_code_token(code), error.message);
	ck_assert_ptr_null(layout);
	ck_assert_int_eq(gpal_resolve(request, &layout, NULL), code);
	return error;
}

static inline void assert_range(struct gpal_range range, uint64_t start, uint64_t end)
{
	ck_assert_uint_eq(range.start, start);
	ck_assert_uint_eq(range.end, end);
}

static inline bool has_warning(const struct gpal_layout *layout, enum gpal_warning_reason reason,
			       const char *tag)
{
	for (size_t i = 0; i < layout->warning_count; i++)
		if (layout->warnings[i].reason == reason &&
		    strcmp(layout->warnings[i].tag, tag) == 0)
			return true;
	return false;
}

static inline struct gpal_optional some(uint64_t value)
{
	return (struct gpal_optional){ true, value };
}

__attribute__((unused)) static const uint64_t one_gib[] = { GIB };
__attribute__((unused)) static const uint64_t four_gib[] = { 4 * GIB };

#define VM(ram, ...)                                                                      \
	{                                                                                 \
		.nodes = (ram), .node_count = sizeof(ram) / sizeof((ram)[0]), __VA_ARGS__ \
	}
#define WITH_RCS(list) \
	.root_complexes = (list), .root_complex_count = sizeof(list) / sizeof((list)[0])

#endif
