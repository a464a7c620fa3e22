/* SPDX-License-Identifier: MIT */
/* Mistakes that are easily made with PCIe root complexes: buses, ECAM, windows, CXL, IOMMUs. */
#include "config.h"

#include "tests/unit/vm.h"

/* PCIe. */

START_TEST(all_buses_have_256_mib_of_ecam)
{
	const struct gpal_root_complex rcs[] = {
		{ .name = "rc0", .has_buses = true, .start_bus = 0, .end_bus = 255 }
	};
	const struct gpal_request request = VM(four_gib, WITH_RCS(rcs));
	struct gpal_layout *layout = resolve(&request);

	ck_assert_uint_eq(gpal_range_size(layout->root_complexes[0].ecam), 256 * MIB);
	ck_assert_uint_eq(gpal_range_size(layout->segments[0].ecam), 256 * MIB);
	gpal_layout_free(layout);
}
END_TEST

START_TEST(reversed_buses_are_refused)
{
	const struct gpal_root_complex rcs[] = {
		{ .name = "ok", .has_buses = true, .end_bus = 1 },
		{ .name = "rc1", .has_buses = true, .start_bus = 9, .end_bus = 8 }
	};
	const struct gpal_request request = VM(one_gib, WITH_RCS(rcs));
	struct gpal_error error = refuse(&request, GPAL_E_INVALID_BUS_RANGE);

	ck_assert_int_eq(error.subject, GPAL_SUBJECT_ROOT_COMPLEX_START_BUS);
	ck_assert_uint_eq(error.index, 1);
}
END_TEST

/* A root complex that was zeroed and named must not pass for one that has only bus 0. */
START_TEST(buses_must_be_stated)
{
	struct gpal_root_complex rcs[] = { GPAL_ROOT_COMPLEX_INIT("ok"), { .name = "rc1" } };
	const struct gpal_request request = VM(one_gib, WITH_RCS(rcs));
	const struct gpal_error error = refuse(&request, GPAL_E_INVALID_BUS_RANGE);

	ck_assert_int_eq(error.subject, GPAL_SUBJECT_ROOT_COMPLEX_START_BUS);
	ck_assert_uint_eq(error.index, 1);
	ck_assert_msg(strstr(error.message, "GPAL_ROOT_COMPLEX_INIT"), "%s", error.message);
}
END_TEST

START_TEST(shared_buses_are_refused_by_name)
{
	const struct gpal_root_complex rcs[] = {
		{ .name = "a", .has_buses = true, .start_bus = 0, .end_bus = 15 },
		{ .name = "elsewhere",
		  .segment = 1,
		  .has_buses = true,
		  .start_bus = 0,
		  .end_bus = 255 },
		{ .name = "b", .has_buses = true, .start_bus = 15, .end_bus = 31 },
	};
	const struct gpal_request request = VM(one_gib, WITH_RCS(rcs));
	struct gpal_error error = refuse(&request, GPAL_E_BUS_OVERLAP);

	ck_assert_str_eq(error.tag, "b");
	ck_assert_str_eq(error.other_tag, "a");
	ck_assert_uint_eq(error.index, 2);
}
END_TEST

START_TEST(slices_of_a_segment_share_one_bus0_base)
{
	const struct gpal_root_complex rcs[] = {
		{ .name = "high",
		  .segment = 3,
		  .has_buses = true,
		  .start_bus = 128,
		  .end_bus = 255 },
		{ .name = "other", .segment = 1, .has_buses = true, .start_bus = 4, .end_bus = 7 },
		{ .name = "low", .segment = 3, .has_buses = true, .start_bus = 16, .end_bus = 31 },
	};
	const struct gpal_request request = VM(one_gib, WITH_RCS(rcs));
	struct gpal_layout *layout = resolve(&request);

	ck_assert_uint_eq(layout->segment_count, 2);
	ck_assert_uint_eq(layout->segments[0].segment, 1);
	ck_assert_uint_eq(layout->segments[1].segment, 3);
	ck_assert_uint_eq(layout->segments[1].start_bus, 16);
	ck_assert_uint_eq(layout->segments[1].end_bus, 255);
	for (size_t i = 0; i < 3; i++) {
		const struct gpal_layout_root_complex *rc = &layout->root_complexes[i];
		const struct gpal_layout_segment *segment = &layout->segments[rc->segment == 3];

		assert_range(rc->ecam, segment->bus0_base + rc->start_bus * MIB,
			     segment->bus0_base + (rc->end_bus + 1u) * MIB);
		ck_assert_uint_ge(rc->ecam.start, segment->ecam.start);
		ck_assert_uint_le(rc->ecam.end, segment->ecam.end);
	}
	gpal_layout_free(layout);
}
END_TEST

START_TEST(ecam_goes_where_the_policy_or_the_request_says)
{
	const struct gpal_root_complex rcs[] = {
		{ .name = "rc0", .has_buses = true, .end_bus = 255 }
	};
	struct gpal_request request = VM(one_gib, WITH_RCS(rcs));
	struct gpal_layout *layout = resolve(&request);

	ck_assert_uint_ge(layout->segments[0].ecam.start, GPAL_4GIB);
	gpal_layout_free(layout);

	request.ecam = GPAL_ECAM_BELOW_4GIB;
	layout = resolve(&request);
	ck_assert_uint_le(layout->segments[0].ecam.end, GPAL_4GIB);
	gpal_layout_free(layout);

	request.ecam = GPAL_ECAM_DEFAULT;
	request.policy = gpal_policy_find("openvmm-2026.06");
	layout = resolve(&request);
	ck_assert_uint_le(layout->segments[0].ecam.end, GPAL_4GIB);
	gpal_layout_free(layout);
}
END_TEST

START_TEST(ecam_below_256_mib_is_refused)
{
	/* Only the lowest addresses below 4 GiB are left. */
	const struct gpal_root_complex rcs[] = {
		{ .name = "rc0", .has_buses = true, .end_bus = 63 }
	};
	const struct gpal_named_range reserved[] = { { "most", { 200 * MIB, 4064 * MIB } } };
	const struct gpal_request request = VM(one_gib, WITH_RCS(rcs), .ecam = GPAL_ECAM_BELOW_4GIB,
					       .reserved = reserved, .reserved_count = 1,
					       .chipset_low_mmio = { true, 0 });

	ck_assert_str_eq(refuse(&request, GPAL_E_ECAM_BELOW_MINIMUM).tag, "rc0");
}
END_TEST

START_TEST(names_are_unique)
{
	const struct gpal_root_complex rcs[] = {
		{ .name = "a", .has_buses = true, .end_bus = 1 },
		{ .name = "b", .has_buses = true, .start_bus = 2, .end_bus = 3 },
		{ .name = "a", .has_buses = true, .start_bus = 4, .end_bus = 5 },
	};
	const struct gpal_named_range reserved[] = { { "r", { 0, 4096 } },
						     { "r", { 8192, 12288 } } };
	const struct gpal_request with_rcs = VM(one_gib, WITH_RCS(rcs));
	const struct gpal_request with_reserved =
		VM(one_gib, .reserved = reserved, .reserved_count = 2);
	struct gpal_error error = refuse(&with_rcs, GPAL_E_DUPLICATE_NAME);

	ck_assert_int_eq(error.subject, GPAL_SUBJECT_ROOT_COMPLEX_NAME);
	ck_assert_uint_eq(error.index, 2);
	error = refuse(&with_reserved, GPAL_E_DUPLICATE_NAME);
	ck_assert_int_eq(error.subject, GPAL_SUBJECT_RESERVED_NAME);
	ck_assert_uint_eq(error.index, 1);
}
END_TEST

START_TEST(the_first_of_several_faults_of_a_kind_is_named)
{
	const struct gpal_root_complex names[] = {
		{ .name = "b", .has_buses = true, .end_bus = 1 },
		{ .name = "a", .has_buses = true, .start_bus = 2 },
		{ .name = "b", .has_buses = true, .start_bus = 4, .end_bus = 5 },
		{ .name = "a", .has_buses = true, .start_bus = 6 },
	};
	const struct gpal_root_complex buses[] = {
		{ .name = "w", .segment = 9, .has_buses = true, .end_bus = 1 },
		{ .name = "x", .has_buses = true, .segment = 1 },
		{ .name = "y", .segment = 9, .has_buses = true, .end_bus = 1 },
		{ .name = "z", .has_buses = true, .segment = 1 },
	};
	const struct gpal_request with_names = VM(one_gib, WITH_RCS(names));
	const struct gpal_request with_buses = VM(one_gib, WITH_RCS(buses));

	ck_assert_uint_eq(refuse(&with_names, GPAL_E_DUPLICATE_NAME).index, 2);
	ck_assert_str_eq(refuse(&with_buses, GPAL_E_BUS_OVERLAP).tag, "y");
}
END_TEST

START_TEST(a_root_complex_sits_on_a_node_that_exists)
{
	const struct gpal_root_complex rcs[] = {
		{ .name = "rc0", .has_buses = true, .has_node = true, .node = 1 }
	};
	const struct gpal_request request = VM(one_gib, WITH_RCS(rcs));

	ck_assert_int_eq(refuse(&request, GPAL_E_NODE_OUT_OF_RANGE).subject,
			 GPAL_SUBJECT_ROOT_COMPLEX_NODE);
}
END_TEST

START_TEST(hdm_is_a_multiple_of_256_mib)
{
	struct gpal_root_complex rcs[] = {
		{ .name = "rc0", .has_buses = true, .has_cxl = true, .cxl_hdm = 255 * MIB }
	};
	const struct gpal_request request = VM(one_gib, WITH_RCS(rcs));
	struct gpal_layout *layout;

	refuse(&request, GPAL_E_INVALID_HDM);
	rcs[0].cxl_hdm = 0;
	ck_assert_str_eq(refuse(&request, GPAL_E_INVALID_SIZE).tag, "pcie-rc0-cxl-hdm");
	rcs[0].cxl_hdm = 512 * MIB;
	layout = resolve(&request);
	ck_assert_uint_eq(gpal_range_size(layout->root_complexes[0].cxl_hdm), 512 * MIB);
	ck_assert_uint_eq(layout->root_complexes[0].cxl_hdm.start % (256 * MIB), 0);
	ck_assert_uint_eq(gpal_range_size(layout->root_complexes[0].cxl_chbcr), 64 * KIB);
	gpal_layout_free(layout);
}
END_TEST

START_TEST(a_pinned_low_window_across_4_gib_is_refused)
{
	struct gpal_root_complex rcs[] = {
		{ .name = "rc0",
		  .has_buses = true,
		  .low_mmio = { .kind = GPAL_WINDOW_PINNED, .range = { 4095 * MIB, 4097 * MIB } } },
	};
	const struct gpal_request request = VM(one_gib, WITH_RCS(rcs));
	struct gpal_error error = refuse(&request, GPAL_E_FIXED_LOW_MMIO_ABOVE_4GIB);

	ck_assert_str_eq(error.tag, "pcie-rc0-low-mmio");
	assert_range(error.range, 4095 * MIB, 4097 * MIB);
	ck_assert_int_eq(error.subject, GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO);
}
END_TEST

START_TEST(a_pinned_high_window_across_4_gib_overlaps_the_chipset)
{
	struct gpal_root_complex rcs[] = {
		{ .name = "rc0",
		  .has_buses = true,
		  .high_mmio = { .kind = GPAL_WINDOW_PINNED, .range = { 3 * GIB, 5 * GIB } } },
	};
	const struct gpal_request request = VM(one_gib, WITH_RCS(rcs));
	struct gpal_error error = refuse(&request, GPAL_E_OVERLAP);

	ck_assert_str_eq(error.tag, "chipset-low-mmio");
	ck_assert_str_eq(error.other_tag, "pcie-rc0-high-mmio");
}
END_TEST

START_TEST(pinned_windows_stay_where_they_are_pinned)
{
	struct gpal_root_complex rcs[] = {
		{ .name = "rc0",
		  .has_buses = true,
		  .low_mmio = { .kind = GPAL_WINDOW_PINNED,
				.range = { 3 * GIB, 3 * GIB + 64 * MIB } },
		  .high_mmio = { .kind = GPAL_WINDOW_PINNED, .range = { 64 * GIB, 65 * GIB } } },
	};
	const struct gpal_request request = VM(four_gib, WITH_RCS(rcs));
	struct gpal_layout *layout = resolve(&request);

	assert_range(layout->root_complexes[0].low_mmio, 3 * GIB, 3 * GIB + 64 * MIB);
	assert_range(layout->root_complexes[0].high_mmio, 64 * GIB, 65 * GIB);
	ck_assert_uint_eq(layout->warning_count, 0);
	gpal_layout_free(layout);
}
END_TEST

/* IOMMUs. */

static const struct {
	enum gpal_iommu kind;
	enum gpal_arch right, wrong;
	uint64_t size;
	const char *first_tag;
} iommus[] = {
	{ GPAL_IOMMU_SMMUV3, GPAL_ARCH_AARCH64, GPAL_ARCH_X86_64, 128 * KIB, "smmu-0" },
	{ GPAL_IOMMU_AMD_VI, GPAL_ARCH_X86_64, GPAL_ARCH_AARCH64, 16 * KIB, "amd-iommu-0" },
	{ GPAL_IOMMU_INTEL_VTD, GPAL_ARCH_X86_64, GPAL_ARCH_AARCH64, 4 * KIB, "intel-vtd-0" },
};

START_TEST(each_iommu_has_its_size_and_its_architecture)
{
	const struct gpal_root_complex rcs[] = {
		{ .name = "none", .has_buses = true, .end_bus = 7 },
		{ .name = "rc1",
		  .has_buses = true,
		  .start_bus = 8,
		  .end_bus = 255,
		  .iommu = iommus[_i].kind },
	};
	struct gpal_request request = VM(one_gib, WITH_RCS(rcs), .arch = iommus[_i].right);
	struct gpal_layout *layout = resolve(&request);
	bool found = false;

	ck_assert_int_eq(layout->iommu, iommus[_i].kind);
	ck_assert_uint_eq(layout->iommu_count, 1);
	ck_assert_str_eq(layout->iommus[0].root_complex, "rc1");
	ck_assert_uint_eq(gpal_range_size(layout->iommus[0].range), iommus[_i].size);
	ck_assert_uint_eq(layout->iommus[0].range.start % iommus[_i].size, 0);
	for (size_t i = 0; i < layout->map.count; i++)
		found |= strcmp(layout->map.entries[i].tag, iommus[_i].first_tag) == 0;
	ck_assert(found);
	gpal_layout_free(layout);

	request.arch = iommus[_i].wrong;
	ck_assert_uint_eq(refuse(&request, GPAL_E_IOMMU_ARCH_MISMATCH).index, 1);
}
END_TEST

START_TEST(a_vm_has_one_kind_of_iommu)
{
	const struct gpal_root_complex rcs[] = {
		{ .name = "a", .has_buses = true, .end_bus = 7, .iommu = GPAL_IOMMU_AMD_VI },
		{ .name = "b",
		  .has_buses = true,
		  .start_bus = 8,
		  .end_bus = 9,
		  .iommu = GPAL_IOMMU_INTEL_VTD },
	};
	const struct gpal_request request = VM(one_gib, WITH_RCS(rcs));
	struct gpal_error error = refuse(&request, GPAL_E_MIXED_IOMMU);

	ck_assert_str_eq(error.tag, "b");
	ck_assert_str_eq(error.other_tag, "a");
}
END_TEST

/* Windows for devices, computed by hand. */

#define BARS(...)                                  \
	.bars = (const uint64_t[]){ __VA_ARGS__ }, \
	.bar_count = sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t)
#define FUNCTIONS(count, ...)                                                            \
	.has_sriov = true, .vfs = (count), .vf_bars = (const uint64_t[]){ __VA_ARGS__ }, \
	.vf_bar_count = sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t)

static const struct {
	struct gpal_device devices[3];
	size_t count;
	uint64_t size, alignment; /* of the high window */
} windows[] = {
	/* Two GPUs: the second port begins at 256 GiB. */
	{ { { BARS(128 * GIB, 32 * MIB) }, { BARS(128 * GIB, 32 * MIB) } },
	  2,
	  385 * GIB,
	  128 * GIB },
	/* The minimum for a device, a port and a window. */
	{ { { BARS(4 * KIB) } }, 1, GIB, GIB },
	/* BARs that are smaller than the unit of a port. */
	{ { { BARS(512 * MIB, 512 * MIB, 4 * KIB) } }, 1, 2 * GIB, GIB },
	/* Virtual functions lie together and are aligned like one of them. */
	{ { { BARS(16 * MIB), FUNCTIONS(7, 512 * MIB) } }, 1, 4 * GIB, GIB },
	/* The coarsest port comes first, whatever the given order; the small ones fill up. */
	{ { { BARS(GIB) }, { BARS(4 * GIB) }, { BARS(2 * GIB, GIB) } }, 3, 8 * GIB, 4 * GIB },
};

START_TEST(a_window_holds_the_bars_of_its_devices)
{
	struct gpal_root_complex rcs[] = { GPAL_ROOT_COMPLEX_INIT("rc0") };
	const struct gpal_request request = VM(one_gib, WITH_RCS(rcs));
	struct gpal_range window;
	struct gpal_layout *layout;

	rcs[0].high_mmio = (struct gpal_window){ .kind = GPAL_WINDOW_DEVICES,
						 .devices = windows[_i].devices,
						 .device_count = windows[_i].count };
	layout = resolve(&request);
	window = layout->root_complexes[0].high_mmio;
	ck_assert_uint_eq(gpal_range_size(window), windows[_i].size);
	ck_assert_uint_eq(window.start % windows[_i].alignment, 0);
	gpal_layout_free(layout);
}
END_TEST

START_TEST(a_bar_is_a_power_of_two_of_whole_pages)
{
	static const uint64_t bad[] = { 0, 2 * KIB, 3 * MIB, 4 * KIB + 1, UINT64_MAX };
	const struct gpal_device devices[] = { { BARS(MIB) },
					       { BARS(MIB), FUNCTIONS(2, MIB, bad[_i]) } };
	struct gpal_root_complex rcs[] = { GPAL_ROOT_COMPLEX_INIT("rc0") };
	const struct gpal_request request = VM(one_gib, WITH_RCS(rcs));
	struct gpal_error error;

	rcs[0].low_mmio = (struct gpal_window){ .kind = GPAL_WINDOW_DEVICES,
						.devices = devices,
						.device_count = 2 };
	error = refuse(&request, GPAL_E_INVALID_SIZE);
	ck_assert_int_eq(error.subject, GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO);
	ck_assert_str_eq(error.part, "/devices/1/sriov/bars/1");
	ck_assert_str_eq(error.tag, "pcie-rc0-low-mmio");
	ck_assert_uint_eq(error.size, bad[_i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("root_complexes");

	add_test(suite, "pcie", all_buses_have_256_mib_of_ecam);
	add_test(suite, "pcie", reversed_buses_are_refused);
	add_test(suite, "pcie", buses_must_be_stated);
	add_test(suite, "pcie", shared_buses_are_refused_by_name);
	add_test(suite, "pcie", slices_of_a_segment_share_one_bus0_base);
	add_test(suite, "pcie", ecam_goes_where_the_policy_or_the_request_says);
	add_test(suite, "pcie", ecam_below_256_mib_is_refused);
	add_test(suite, "pcie", names_are_unique);
	add_test(suite, "pcie", the_first_of_several_faults_of_a_kind_is_named);
	add_test(suite, "pcie", a_root_complex_sits_on_a_node_that_exists);
	add_test(suite, "pcie", hdm_is_a_multiple_of_256_mib);
	add_test(suite, "pcie", a_pinned_low_window_across_4_gib_is_refused);
	add_test(suite, "pcie", a_pinned_high_window_across_4_gib_overlaps_the_chipset);
	add_test(suite, "pcie", pinned_windows_stay_where_they_are_pinned);
	add_rows(suite, "devices", a_window_holds_the_bars_of_its_devices, COUNT_OF(windows));
	add_rows(suite, "devices", a_bar_is_a_power_of_two_of_whole_pages, 5);
	add_rows(suite, "iommu", each_iommu_has_its_size_and_its_architecture, COUNT_OF(iommus));
	add_test(suite, "iommu", a_vm_has_one_kind_of_iommu);
	return run_suite(suite);
}
