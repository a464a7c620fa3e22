/* SPDX-License-Identifier: MIT */
/*
 * These tables repeat the policies of src/core/policy.c as numbers. A released policy keeps its
 * defaults and its place in the order, because a change would give guests other addresses. A new
 * policy adds rows.
 */
#include "config.h"

#include "tests/unit/suite.h"

#include <gpalayout/gpalayout.h>
#include <string.h>

/* In the order of their release. */
static const struct {
	const char *name;
	enum gpal_ecam ecam;
	uint64_t root_complex_low_mmio;
	uint64_t root_complex_high_mmio;
} released[] = {
	{ "openvmm-2026.05", GPAL_ECAM_BELOW_4GIB, 0x4000000, 0x40000000 },
	{ "openvmm-2026.06", GPAL_ECAM_BELOW_4GIB, 0x4000000, 0x40000000 },
	{ "openvmm-2026.07", GPAL_ECAM_ABOVE_4GIB, 0x4000000, 0x40000000 },
};

/*
 * low_mmio of x86_64 and aarch64, high_mmio, vtl2_chipset_mmio, memory_start of x86_64 and aarch64,
 * memory_low_window of x86_64 and aarch64
 */
/* clang-format off */
static const struct {
	const char *policy;
	const char *profile;
	struct gpal_profile_defaults defaults;
} defaults[] = {
	{ "openvmm-2026.05", "gen1",
	  { { 0x8000000, 0x20000000 }, 0x20000000, 0, { 0, 0 }, { 0, 0 } } },
	{ "openvmm-2026.05", "gen2-uefi",
	  { { 0x8000000, 0x20000000 }, 0x20000000, 0, { 0, 0 }, { 0, 0 } } },
	{ "openvmm-2026.05", "linux-direct",
	  { { 0x8000000, 0x20000000 }, 0x20000000, 0, { 0, 0 }, { 0, 0 } } },
	{ "openvmm-2026.05", "linux-direct-unenlightened",
	  { { 0x8000000, 0x20000000 }, 0x20000000, 0, { 0, 0 }, { 0, 0 } } },
	{ "openvmm-2026.05", "hcl-host",
	  { { 0x8000000, 0x20000000 }, 0x20000000, 0x40000000, { 0, 0 }, { 0, 0 } } },

	{ "openvmm-2026.06", "gen1",
	  { { 0x8000000, 0x20000000 }, 0x20000000, 0, { 0, 0 }, { 0, 0 } } },
	{ "openvmm-2026.06", "gen2-uefi",
	  { { 0x8000000, 0x20000000 }, 0x20000000, 0, { 0, 0 }, { 0, 0 } } },
	{ "openvmm-2026.06", "linux-direct",
	  { { 0x8000000, 0x20000000 }, 0x20000000, 0, { 0, 0x40000000 }, { 0, 0 } } },
	{ "openvmm-2026.06", "linux-direct-unenlightened",
	  { { 0x8000000, 0x20000000 }, 0, 0, { 0, 0x40000000 }, { 0, 0 } } },
	{ "openvmm-2026.06", "hcl-host",
	  { { 0x8000000, 0x20000000 }, 0x20000000, 0x40000000, { 0, 0 }, { 0, 0 } } },

	{ "openvmm-2026.07", "gen1",
	  { { 0x8000000, 0x20000000 }, 0x20000000, 0, { 0, 0 }, { 0, 0 } } },
	{ "openvmm-2026.07", "gen2-uefi",
	  { { 0x8000000, 0x20000000 }, 0x20000000, 0, { 0, 0 }, { 0, 0 } } },
	{ "openvmm-2026.07", "linux-direct",
	  { { 0x8000000, 0x20000000 }, 0x20000000, 0, { 0, 0x40000000 }, { 0, 0 } } },
	{ "openvmm-2026.07", "linux-direct-unenlightened",
	  { { 0x8000000, 0x20000000 }, 0, 0, { 0, 0x40000000 }, { 0, 0 } } },
	{ "openvmm-2026.07", "hcl-host",
	  { { 0x8000000, 0x20000000 }, 0x20000000, 0x40000000, { 0, 0 }, { 0, 0 } } },
};
/* clang-format on */

START_TEST(every_released_policy_is_there_in_the_order_of_release)
{
	size_t count;
	const struct gpal_policy *policies = gpal_policies(&count);

	ck_assert_uint_eq(count, COUNT_OF(released));
	for (size_t i = 0; i < count; i++)
		ck_assert_str_eq(policies[i].name, released[i].name);
	ck_assert_uint_eq(COUNT_OF(defaults), count * GPAL_PROFILE_COUNT);
}
END_TEST

START_TEST(policies_are_found_by_name)
{
	size_t count;
	const struct gpal_policy *policies = gpal_policies(&count);

	for (size_t i = 0; i < count; i++)
		ck_assert_ptr_eq(gpal_policy_find(policies[i].name), &policies[i]);
	ck_assert_ptr_null(gpal_policy_find("openvmm"));
}
END_TEST

START_TEST(the_default_is_the_newest)
{
	ck_assert_str_eq(gpal_policy_default()->name, "openvmm-2026.07");
}
END_TEST

START_TEST(defaults_of_root_complexes_are_those_of_the_release)
{
	const struct gpal_policy *policy = gpal_policy_find(released[_i].name);

	ck_assert_ptr_nonnull(policy);
	ck_assert_int_eq(policy->ecam, released[_i].ecam);
	ck_assert_uint_eq(policy->root_complex_low_mmio, released[_i].root_complex_low_mmio);
	ck_assert_uint_eq(policy->root_complex_high_mmio, released[_i].root_complex_high_mmio);
}
END_TEST

static const struct gpal_profile_defaults *find_defaults(const char *policy, const char *profile)
{
	const struct gpal_policy *found = gpal_policy_find(policy);

	for (int i = 0; found && i < GPAL_PROFILE_COUNT; i++)
		if (strcmp(gpal_profile_name((enum gpal_profile)i), profile) == 0)
			return &found->profiles[i];
	return NULL;
}

START_TEST(defaults_of_profiles_are_those_of_the_release)
{
	const struct gpal_profile_defaults *expected = &defaults[_i].defaults;
	const struct gpal_profile_defaults *actual =
		find_defaults(defaults[_i].policy, defaults[_i].profile);

	ck_assert_ptr_nonnull(actual);
	for (int arch = 0; arch < GPAL_ARCH_COUNT; arch++) {
		ck_assert_uint_eq(actual->low_mmio[arch], expected->low_mmio[arch]);
		ck_assert_uint_eq(actual->memory_low_window[arch],
				  expected->memory_low_window[arch]);
		ck_assert_uint_eq(actual->memory_start[arch], expected->memory_start[arch]);
	}
	ck_assert_uint_eq(actual->high_mmio, expected->high_mmio);
	ck_assert_uint_eq(actual->vtl2_chipset_mmio, expected->vtl2_chipset_mmio);
}
END_TEST

/* A layout of a newer daemon can be read and compared, but nothing can be made from it. */
START_TEST(a_layout_of_an_unknown_policy_is_not_changed)
{
	const uint64_t nodes[] = { UINT64_C(1) << 30 };
	const struct gpal_request request = { .nodes = nodes, .node_count = 1 };
	struct gpal_explanation *explanation = NULL;
	struct gpal_advice *advice = NULL;
	struct gpal_layout *layout, *updated;
	struct gpal_error error;

	ck_assert_int_eq(gpal_resolve(&request, &layout, &error), GPAL_OK);
	ck_assert_str_eq(layout->policy_name, layout->policy->name);
	layout->policy = NULL;
	layout->policy_name = "openvmm-2031.01";
	ck_assert_int_eq(gpal_update(layout, &request, 0, &updated, &error), GPAL_E_OUT_OF_RANGE);
	ck_assert_ptr_null(updated);
	ck_assert_int_eq(gpal_explain(&request, layout, NULL, &explanation, &error),
			 GPAL_E_INTERNAL);
	ck_assert_int_eq(gpal_advise(&request, layout, &advice, &error), GPAL_E_INTERNAL);
	gpal_layout_free(layout);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("policy");

	add_test(suite, "table", every_released_policy_is_there_in_the_order_of_release);
	add_test(suite, "table", policies_are_found_by_name);
	add_test(suite, "table", the_default_is_the_newest);
	add_rows(suite, "freeze", defaults_of_root_complexes_are_those_of_the_release,
		 COUNT_OF(released));
	add_rows(suite, "freeze", defaults_of_profiles_are_those_of_the_release,
		 COUNT_OF(defaults));
	add_test(suite, "unknown", a_layout_of_an_unknown_policy_is_not_changed);
	return run_suite(suite);
}
