/* SPDX-License-Identifier: MIT */
/* Advice that the property tests do not cover. */
#include "config.h"

#include "tests/unit/vm.h"

#include "core/sizing.h"

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

/* The map omits reserved ranges above its top, but the range below may still not grow into them. */
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

/* A hundred root complexes would need more tries than the work limit allows; ten do not. */
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

/*
 * Advice always covers RAM, and a tag that is asked for alone, however many other ranges there are.
 */
START_TEST(ram_is_advised_before_the_work_limit_is_reached)
{
	static struct gpal_root_complex rcs[1000];
	static char names[COUNT_OF(rcs)][8];
	const struct gpal_request request = VM(one_gib, WITH_RCS(rcs));
	struct gpal_layout *layout;
	struct gpal_advice *advice;

	for (unsigned int i = 0; i < COUNT_OF(rcs); i++) {
		snprintf(names[i], sizeof(names[i]), "rc%u", i);
		rcs[i] = (struct gpal_root_complex)GPAL_ROOT_COMPLEX_INIT(names[i]);
		rcs[i].segment = (uint16_t)i;
		rcs[i].end_bus = 0;
		rcs[i].low_mmio.kind = GPAL_WINDOW_NONE;
	}
	advice = advise(&request, &layout);
	ck_assert(advice->cut);
	ck_assert_uint_gt(growth_of(advice, "ram0")->in_place, 0);
	ck_assert_uint_eq(growth_of(advice, "pcie-rc999-high-mmio")->resolved, 0);
	gpal_advice_free(advice);
	ck_assert_int_eq(gpal_advise_on(&request, layout, "pcie-rc999-high-mmio", &advice, NULL),
			 GPAL_OK);
	ck_assert_uint_eq(advice->count, 1);
	ck_assert_uint_gt(growth_of(advice, "pcie-rc999-high-mmio")->resolved, GIB);
	gpal_advice_free(advice);
	ck_assert_int_eq(gpal_advise_on(&request, layout, "pcie-seg0-ecam", &advice, NULL),
			 GPAL_OK);
	ck_assert_uint_eq(advice->count, 0);
	gpal_advice_free(advice);
	gpal_layout_free(layout);
}
END_TEST

/*
 * The cost of a try counts everything that it examines. Each target of a window is looked up by its
 * name.
 */
START_TEST(targets_and_bars_count_as_work)
{
	static const char *const targets[] = { "rc0", "rc1", "rc2", "rc3" };
	static const struct gpal_cxl_window window = {
		.name = "w", .targets = targets, .target_count = 4, .size = GIB
	};
	static const struct gpal_device device = { .bar_count = 6,
						   .has_sriov = true,
						   .vf_bar_count = 5 };
	/* Without SR-IOV, vf_bar_count means nothing. */
	static const struct gpal_device without_sriov = { .bar_count = 6, .vf_bar_count = 1 << 24 };
	struct gpal_root_complex rcs[] = { GPAL_ROOT_COMPLEX_INIT("rc0") };
	struct gpal_request request = VM(one_gib, WITH_RCS(rcs));
	struct gpald_budget budget = { .left = 0 };
	struct gpald_sizing sizing;
	size_t cost = 0;

	for (int step = 0; step < 3; step++) {
		ck_assert(gpald_sizing_init(&sizing, &request, gpal_policy_default(),
					    (struct gpald_resolve_options){ .live = NULL },
					    &budget));
		gpald_sizing_clear(&sizing);
		if (step == 1)
			ck_assert_uint_ge(sizing.cost, cost + 1 + 4 + 1 + 1);
		if (step == 2)
			ck_assert_uint_lt(sizing.cost, cost);
		cost = sizing.cost;
		request.cxl_windows = &window;
		request.cxl_window_count = 1;
		rcs[0].high_mmio =
			(struct gpal_window){ .kind = GPAL_WINDOW_DEVICES,
					      .devices = step == 0 ? &device : &without_sriov,
					      .device_count = 1 };
	}
}
END_TEST

static const struct gpal_hotplug_room room = { .size = GIB };
static const struct gpal_request with_room = VM(
	one_gib, .hotplug_rooms = &room, .hotplug_room_count = 1, .host_physical_address_bits = 36);

/* For example a stored layout that was damaged later. */
START_TEST(a_layout_that_does_not_match_the_request_is_refused)
{
	struct gpal_layout *layout = resolve(&with_room);
	struct gpal_layout_hotplug_room *moved =
		(struct gpal_layout_hotplug_room *)layout->hotplug_rooms;
	struct gpal_request narrow = with_room;
	struct gpal_advice *advice;

	/* A layout above the address width is no mismatch. */
	narrow.host_physical_address_bits = 20;
	ck_assert_int_eq(gpal_advise(&narrow, layout, &advice, NULL), GPAL_OK);
	gpal_advice_free(advice);
	for (int i = 0; i < 2; i++) {
		moved->range.end += i ? 0 : GPAL_PAGE_SIZE;
		moved->range.start = i ? layout->top : moved->range.start;
		ck_assert_int_eq(gpal_advise(&with_room, layout, &advice, NULL), GPAL_E_INTERNAL);
		ck_assert_ptr_null(advice);
	}
	gpal_layout_free(layout);
}
END_TEST

START_TEST(a_node_that_is_all_low_window_has_a_row)
{
	static const uint64_t nodes[] = { 64 * MIB };
	const struct gpal_request request = VM(nodes, .memory_start = { true, GIB },
					       .memory_low_window = 64 * MIB,
					       .host_physical_address_bits = 20);
	struct gpal_advice *advice;

	ck_assert_int_eq(gpal_advise_on(&request, NULL, "ram0", &advice, NULL), GPAL_OK);
	ck_assert_uint_eq(growth_of(advice, "ram0")->size, 64 * MIB);
	gpal_advice_free(advice);
}
END_TEST

/* If ranges may move, the error has the sizes that gpal_resolve() finds. */
START_TEST(an_update_that_may_move_finds_sizes_afresh)
{
	struct gpal_root_complex rcs[] = { GPAL_ROOT_COMPLEX_INIT("rc0"),
					   GPAL_ROOT_COMPLEX_INIT("rc1") };
	struct gpal_request request = VM(one_gib, WITH_RCS(rcs));
	struct gpal_layout *live, *layout;
	struct gpal_error afresh, error;

	/* The live window takes most of the space below 4 GiB. */
	rcs[0].low_mmio = (struct gpal_window){ .kind = GPAL_WINDOW_SIZE, .size = 3 * GIB };
	rcs[1].segment = 1;
	request.root_complex_count = 1;
	live = resolve(&request);
	request.root_complex_count = (size_t)_i + 1;
	rcs[_i].low_mmio = (struct gpal_window){ .kind = GPAL_WINDOW_SIZE, .size = 8 * GIB };
	ck_assert_int_eq(gpal_resolve(&request, &layout, &afresh), GPAL_E_EXHAUSTED);
	ck_assert_uint_gt(afresh.equal_share, 0);
	ck_assert_int_eq(gpal_update(live, &request, GPAL_ALLOW_MOVES, &layout, &error),
			 GPAL_E_EXHAUSTED);
	ck_assert_uint_eq(error.equal_share, afresh.equal_share);
	ck_assert_uint_eq(error.largest_size, afresh.largest_size);
	gpal_layout_free(live);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("advise");

	add_test(suite, "limits", the_last_range_grows_up_to_what_is_reserved);
	add_test(suite, "limits", the_work_is_bounded);
	add_test(suite, "limits", ram_is_advised_before_the_work_limit_is_reached);
	add_test(suite, "limits", targets_and_bars_count_as_work);
	add_test(suite, "rows", a_layout_that_does_not_match_the_request_is_refused);
	add_test(suite, "rows", a_node_that_is_all_low_window_has_a_row);
	add_rows(suite, "rows", an_update_that_may_move_finds_sizes_afresh, 2);
	return run_suite(suite);
}
