/* SPDX-License-Identifier: MIT */
/* Advice where the property tests do not go: what is reserved out of sight, and bounded work. */
#include "config.h"

#include "tests/unit/vm.h"

#include <stdio.h>

static struct gpal_advice *advise(const struct gpal_request *request, struct gpal_layout **layout)
{
	struct gpal_advice *advice;

	*layout = resolve(request);
	ck_assert_int_eq(gpal_advise(request, *layout, &advice, NULL), GPAL_OK);
	return advice;
}

static const struct gpal_growth *growth_of(const struct gpal_advice *advice, const char *tag)
{
	size_t at = 0;

	while (at < advice->count && strcmp(advice->growths[at].tag, tag) != 0)
		at++;
	ck_assert_uint_lt(at, advice->count);
	return &advice->growths[at];
}

/* The map leaves out what is reserved above its top; the range below it may not grow into it. */
START_TEST(the_last_range_grows_up_to_what_is_reserved)
{
	const struct gpal_root_complex rcs[] = { GPAL_ROOT_COMPLEX_INIT("rc0") };
	const struct gpal_named_range reserved[] = {
		{ "far", { 512 * GIB, 513 * GIB } },
		{ "near", { 64 * GIB, 65 * GIB } },
	};
	const struct gpal_request request = VM(one_gib, WITH_RCS(rcs), .ecam = GPAL_ECAM_BELOW_4GIB,
					       .chipset_high_mmio = { true, 0 },
					       .reserved = reserved, .reserved_count = 2);
	struct gpal_layout *layout;
	struct gpal_advice *advice = advise(&request, &layout);
	const struct gpal_map_entry *last = &layout->map.entries[layout->map.count - 1];

	ck_assert_str_eq(last->tag, "pcie-rc0-high-mmio");
	ck_assert_uint_eq(growth_of(advice, last->tag)->pin.end, 64 * GIB);
	gpal_advice_free(advice);
	gpal_layout_free(layout);
}
END_TEST

/* A hundred root complexes cost more tries than are paid for; ten do not. */
START_TEST(the_work_is_bounded)
{
	static struct gpal_root_complex rcs[100];
	static char names[COUNT_OF(rcs)][8];
	struct gpal_request request = VM(one_gib, WITH_RCS(rcs));
	struct gpal_layout *layout;
	struct gpal_advice *advice;

	for (unsigned int i = 0; i < COUNT_OF(rcs); i++) {
		snprintf(names[i], sizeof(names[i]), "rc%u", i);
		rcs[i] = (struct gpal_root_complex)GPAL_ROOT_COMPLEX_INIT(names[i]);
		rcs[i].segment = (uint16_t)i;
		rcs[i].end_bus = 0;
		rcs[i].low_mmio = (struct gpal_window){ .kind = GPAL_WINDOW_SIZE, .size = 4 * KIB };
	}
	for (int many = 0; many < 2; many++) {
		request.root_complex_count = many ? 100 : 10;
		advice = advise(&request, &layout);
		ck_assert_int_eq(advice->cut, many);
		gpal_advice_free(advice);
		gpal_layout_free(layout);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("advise");

	add_test(suite, "limits", the_last_range_grows_up_to_what_is_reserved);
	add_test(suite, "limits", the_work_is_bounded);
	return run_suite(suite);
}
