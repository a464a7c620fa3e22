/* SPDX-License-Identifier: MIT */
/*
 * Mistakes that are easily made with RAM, the chipset, VTL2, the address width and sizes that wrap.
 * test_root_complexes.c has those with root complexes.
 */
#include "config.h"

#include "tests/unit/vm.h"

/* RAM. */

START_TEST(ram_stays_sorted_around_a_low_hole_with_a_small_later_node)
{
	/*
	 * A small node would fit below 4 GiB after the start of the large one, but must not go
	 * there.
	 */
	const uint64_t nodes[] = { 6 * GIB, 64 * MIB, 3 * GIB };
	const struct gpal_root_complex rcs[] = {
		{ .name = "rc0",
		  .has_buses = true,
		  .low_mmio = { .kind = GPAL_WINDOW_PINNED,
				.range = { GIB + 512 * MIB, GIB + 514 * MIB } } },
	};
	const struct gpal_request request = VM(nodes, WITH_RCS(rcs));
	struct gpal_layout *layout = resolve(&request);
	uint64_t sums[3] = { 0 };

	for (size_t i = 0; i < layout->ram_count; i++) {
		const struct gpal_ram_extent *extent = &layout->ram[i];

		sums[extent->node] += gpal_range_size(extent->range);
		if (i > 0) {
			ck_assert_uint_le(layout->ram[i - 1].range.end, extent->range.start);
			ck_assert_uint_le(layout->ram[i - 1].node, extent->node);
		}
	}
	for (int node = 0; node < 3; node++)
		ck_assert_uint_eq(sums[node], nodes[node]);
	ck_assert_uint_eq(layout->ram_size, 9 * GIB + 64 * MIB);
	ck_assert_uint_eq(layout->end_of_ram, layout->ram[layout->ram_count - 1].range.end);
	gpal_layout_free(layout);
}
END_TEST

START_TEST(a_node_of_size_0_has_no_ram_and_keeps_its_number)
{
	const uint64_t nodes[] = { GIB, 0, GIB };
	const struct gpal_request request = VM(nodes);
	struct gpal_layout *layout = resolve(&request);

	ck_assert_uint_eq(layout->ram_count, 2);
	ck_assert_uint_eq(layout->ram[0].node, 0);
	ck_assert_uint_eq(layout->ram[1].node, 2);
	gpal_layout_free(layout);
}
END_TEST

static const uint64_t all_zero[] = { 0, 0 };
static const uint64_t odd[] = { GIB, GIB + 1 };
static const uint64_t overflowing[] = { UINT64_C(1) << 63, GIB, UINT64_C(1) << 63 };

static const struct {
	const uint64_t *nodes;
	size_t count;
	enum gpal_subject subject;
	size_t index;
} bad_memory[] = {
	{ NULL, 0, GPAL_SUBJECT_MEMORY_NODES, 0 },
	{ all_zero, 2, GPAL_SUBJECT_MEMORY_NODES, 0 },
	{ odd, 2, GPAL_SUBJECT_MEMORY_NODE, 1 },
	{ overflowing, 3, GPAL_SUBJECT_MEMORY_NODE, 2 },
};

START_TEST(unusable_memory_is_refused)
{
	const struct gpal_request request = { .nodes = bad_memory[_i].nodes,
					      .node_count = bad_memory[_i].count };
	struct gpal_error error = refuse(&request, GPAL_E_INVALID_MEMORY);

	ck_assert_int_eq(error.subject, bad_memory[_i].subject);
	ck_assert_uint_eq(error.index, bad_memory[_i].index);
}
END_TEST

START_TEST(memory_start_is_on_a_page_and_kept_free)
{
	struct gpal_request request = VM(one_gib, .memory_start = { true, 0x1001 });
	struct gpal_layout *layout;

	ck_assert_int_eq(refuse(&request, GPAL_E_INVALID_MEMORY).subject,
			 GPAL_SUBJECT_MEMORY_START);
	request.memory_start.value = 1 * GIB;
	layout = resolve(&request);
	assert_range(layout->ram[0].range, 1 * GIB, 2 * GIB);
	ck_assert_str_eq(layout->map.entries[0].tag, "low-ram-gap");
	ck_assert(has_warning(layout, GPAL_WARN_RAM_NOT_AT_ZERO, "ram0"));
	gpal_layout_free(layout);
}
END_TEST

START_TEST(linux_direct_boot_on_aarch64_leaves_the_first_gib)
{
	struct gpal_request request =
		VM(one_gib, .arch = GPAL_ARCH_AARCH64, .profile = GPAL_PROFILE_LINUX_DIRECT);
	struct gpal_layout *layout = resolve(&request);

	ck_assert_uint_eq(layout->ram[0].range.start, 1 * GIB);
	ck_assert_uint_eq(layout->warning_count, 0);
	gpal_layout_free(layout);

	request.memory_start = some(0);
	layout = resolve(&request);
	ck_assert_uint_eq(layout->ram[0].range.start, 0);
	gpal_layout_free(layout);

	request.memory_start.set = false;
	request.policy = gpal_policy_find("openvmm-2026.05");
	layout = resolve(&request);
	ck_assert_uint_eq(layout->ram[0].range.start, 0);
	gpal_layout_free(layout);
}
END_TEST

/* The chipset. */

static const struct {
	enum gpal_arch arch;
	uint64_t low_mmio, start;
} chipset_low[] = {
	{ GPAL_ARCH_X86_64, 0, 4064 * MIB },
	{ GPAL_ARCH_X86_64, 1, 4064 * MIB },
	{ GPAL_ARCH_X86_64, 32 * MIB, 4064 * MIB },
	{ GPAL_ARCH_X86_64, 32 * MIB + 1, 4064 * MIB - 4 * KIB },
	{ GPAL_ARCH_AARCH64, 0, 3824 * MIB },
	{ GPAL_ARCH_AARCH64, 1, 3824 * MIB },
	{ GPAL_ARCH_X86_64, 4 * GIB - 1, 0 },
	{ GPAL_ARCH_X86_64, 4 * GIB, 0 },
	{ GPAL_ARCH_AARCH64, 4 * GIB, 0 },
};

START_TEST(chipset_low_mmio_has_a_least_size_and_ends_at_4_gib)
{
	const struct gpal_request request =
		VM(one_gib, .arch = chipset_low[_i].arch,
		   .chipset_low_mmio = { true, chipset_low[_i].low_mmio });
	struct gpal_layout *layout = resolve(&request);

	assert_range(layout->chipset_low_mmio, chipset_low[_i].start, GPAL_4GIB);
	ck_assert_int_eq(has_warning(layout, GPAL_WARN_NO_LOW_MEMORY, "chipset-low-mmio"),
			 chipset_low[_i].start == 0);
	gpal_layout_free(layout);
}
END_TEST

static const uint64_t too_large_low_mmio[] = { 4 * GIB + 1, 8 * GIB, UINT64_MAX };

START_TEST(chipset_low_mmio_above_4_gib_is_refused)
{
	const struct gpal_request request =
		VM(one_gib, .chipset_low_mmio = { true, too_large_low_mmio[_i] });
	const struct gpal_error error = refuse(&request, GPAL_E_OUT_OF_RANGE);

	ck_assert_int_eq(error.subject, GPAL_SUBJECT_CHIPSET_LOW_MMIO);
	ck_assert_uint_eq(error.index, 0);
}
END_TEST

START_TEST(chipset_high_mmio_of_0_is_absent)
{
	const struct gpal_request request = VM(one_gib, .chipset_high_mmio = { true, 0 });
	struct gpal_layout *layout = resolve(&request);

	ck_assert(gpal_range_is_empty(layout->chipset_high_mmio));
	ck_assert_uint_eq(layout->map.count, 2);
	gpal_layout_free(layout);
}
END_TEST

START_TEST(there_may_be_4096_virtio_slots)
{
	const struct gpal_request request = VM(one_gib, .virtio_mmio_slots = 4096);
	struct gpal_layout *layout = resolve(&request);

	ck_assert_uint_eq(gpal_range_size(layout->virtio_mmio), 16 * MIB);
	ck_assert_uint_le(layout->virtio_mmio.end, GPAL_4GIB);
	ck_assert(has_warning(layout, GPAL_WARN_MANY_VIRTIO_MMIO_SLOTS, "virtio-mmio"));
	gpal_layout_free(layout);
}
END_TEST

/* VTL2 and the width. */

START_TEST(vtl2_moves_nothing_of_vtl0)
{
	const struct gpal_root_complex rcs[] = {
		{ .name = "rc0",
		  .has_buses = true,
		  .end_bus = 255,
		  .has_cxl = true,
		  .cxl_hdm = GIB },
	};
	struct gpal_request request = VM(four_gib, WITH_RCS(rcs), .virtio_mmio_slots = 8);
	struct gpal_layout *without = resolve(&request), *with;

	request.vtl2_chipset_mmio = some(1 * GIB);
	request.has_vtl2_memory = true;
	request.vtl2_memory_size = 512 * MIB;
	request.vtl2_memory_alignment = 2 * MIB;
	request.vtl2_framebuffer = 8 * MIB;
	with = resolve(&request);
	ck_assert_uint_eq(with->map.count, without->map.count + 3);
	for (size_t i = 0; i < without->map.count; i++) {
		ck_assert_str_eq(with->map.entries[i].tag, without->map.entries[i].tag);
		assert_range(with->map.entries[i].range, without->map.entries[i].range.start,
			     without->map.entries[i].range.end);
	}
	ck_assert_uint_ge(with->vtl2_chipset_mmio.start, without->top);
	ck_assert_uint_eq(with->vtl2_memory.start, with->vtl2_chipset_mmio.end);
	ck_assert_uint_eq(with->vtl2_framebuffer.start, with->vtl2_memory.end);
	gpal_layout_free(with);
	gpal_layout_free(without);
}
END_TEST

static const struct gpal_root_complex cxl_rc[] = {
	{ .name = "rc0", .has_buses = true, .end_bus = 255, .has_cxl = true, .cxl_hdm = 64 * GIB },
};

/* Each of these members adds a range to a VM that fits in 36 bits without it. */
static const struct {
	const char *tag;
	struct gpal_request request;
} tops[] = {
	{ "vtl2-chipset-mmio", VM(one_gib, .vtl2_chipset_mmio = { true, 64 * GIB }) },
	{ "vtl2", VM(one_gib, .has_vtl2_memory = true, .vtl2_memory_size = 64 * GIB,
		     .vtl2_memory_alignment = 2 * MIB) },
	{ "vtl2-framebuffer", VM(one_gib, .vtl2_framebuffer = 64 * GIB) },
	{ "pcie-rc0-cxl-chbcr", VM(one_gib, WITH_RCS(cxl_rc)) },
};

START_TEST(the_width_check_sees_every_range)
{
	struct gpal_request request = tops[_i].request;
	struct gpal_layout *layout;
	struct gpal_error error;

	request.host_physical_address_bits = 36;
	error = refuse(&request, GPAL_E_ADDRESS_WIDTH_EXCEEDED);
	ck_assert_str_eq(error.tag, tops[_i].tag);
	ck_assert_uint_eq(error.bits, 36);
	ck_assert_uint_eq(error.required_bits, 37);
	ck_assert_int_eq(error.subject, GPAL_SUBJECT_HOST_BITS);
	ck_assert_uint_eq(error.index, 0);

	request.host_physical_address_bits = 37;
	layout = resolve(&request);
	ck_assert_uint_eq(layout->required_address_bits, 37);
	gpal_layout_free(layout);
}
END_TEST

START_TEST(a_map_that_ends_on_the_limit_fits)
{
	const struct gpal_root_complex rcs[] = {
		{ .name = "rc0",
		  .has_buses = true,
		  .high_mmio = { .kind = GPAL_WINDOW_PINNED, .range = { 63 * GIB, 64 * GIB } } },
	};
	struct gpal_request request = VM(one_gib, WITH_RCS(rcs), .host_physical_address_bits = 36);
	struct gpal_layout *layout = resolve(&request);

	ck_assert_uint_eq(layout->top, 64 * GIB);
	ck_assert_uint_eq(layout->required_address_bits, 36);
	gpal_layout_free(layout);
	request.host_physical_address_bits = 35;
	refuse(&request, GPAL_E_ADDRESS_WIDTH_EXCEEDED);
}
END_TEST

START_TEST(sixty_four_bits_are_no_limit)
{
	const struct gpal_root_complex rcs[] = {
		{ .name = "rc0",
		  .has_buses = true,
		  .high_mmio = { .kind = GPAL_WINDOW_PINNED,
				 .range = { GPAL_SPACE_END - GIB, GPAL_SPACE_END } } },
	};
	struct gpal_request request = VM(one_gib, WITH_RCS(rcs), .host_physical_address_bits = 64);
	struct gpal_layout *layout = resolve(&request);

	ck_assert_uint_eq(layout->top, GPAL_SPACE_END);
	ck_assert_uint_eq(layout->required_address_bits, 64);
	gpal_layout_free(layout);
	request.host_physical_address_bits = 63;
	refuse(&request, GPAL_E_ADDRESS_WIDTH_EXCEEDED);
	request.host_physical_address_bits = 65;
	refuse(&request, GPAL_E_OUT_OF_RANGE);
}
END_TEST

START_TEST(the_width_moves_nothing)
{
	struct gpal_request request = VM(four_gib);
	char wide[GPAL_DIGEST_SIZE], narrow[GPAL_DIGEST_SIZE];
	struct gpal_layout *layout = resolve(&request);

	gpal_layout_digest(layout, wide);
	gpal_layout_free(layout);
	request.host_physical_address_bits = 33;
	layout = resolve(&request);
	gpal_layout_digest(layout, narrow);
	gpal_layout_free(layout);
	ck_assert_str_eq(wide, narrow);
}
END_TEST

/*
 * The order of the checks is part of the contract. Each of these requests has the fault of its row
 * and those of all later rows.
 */
static const int check_order[] = {
	GPAL_E_INVALID_MEMORY,
	GPAL_E_DUPLICATE_NAME,
	GPAL_E_INVALID_BUS_RANGE,
	GPAL_E_BUS_OVERLAP,
	GPAL_E_MIXED_IOMMU,
	GPAL_E_IOMMU_ARCH_MISMATCH,
	GPAL_E_INVALID_HDM,
	GPAL_E_NODE_OUT_OF_RANGE,
	GPAL_E_INVALID_MEMORY,
	GPAL_E_FIXED_LOW_MMIO_ABOVE_4GIB,
	GPAL_E_INVALID_SIZE,
	GPAL_E_OVERLAP,
	GPAL_E_INVALID_ALIGNMENT,
	GPAL_E_EXHAUSTED,
	GPAL_E_ADDRESS_WIDTH_EXCEEDED,
};

START_TEST(checks_come_in_the_documented_order)
{
	const uint64_t nodes[] = { GIB + (_i < 1), _i < 14 ? UINT64_C(1) << 63 : 0 };
	const struct gpal_root_complex rcs[] = {
		{ .name = "a",
		  .has_buses = true,
		  .end_bus = 7,
		  .iommu = _i < 6 ? GPAL_IOMMU_SMMUV3 : GPAL_IOMMU_NONE,
		  .has_cxl = true,
		  .cxl_hdm = 256 * MIB + (_i < 7) },
		{ .name = _i < 2 ? "a" : "b",
		  .has_buses = true,
		  .start_bus = _i < 4 ? 7 : 8,
		  .end_bus = 9,
		  .iommu = _i < 5 ? GPAL_IOMMU_AMD_VI : GPAL_IOMMU_NONE,
		  .has_node = true,
		  .node = _i < 8 ? 2 : 1 },
		{ .name = "c",
		  .has_buses = true,
		  .start_bus = 20,
		  .end_bus = _i < 3 ? 19 : 20,
		  .low_mmio = { .kind = GPAL_WINDOW_PINNED,
				.range = { 3 * GIB, _i < 10 ? 5 * GIB : 3 * GIB + 2 * MIB } } },
	};
	const struct gpal_named_range reserved[] = {
		{ "r", { 2 * GIB, 2 * GIB + (_i < 11 ? 1 : 4096) } },
		{ "s", { _i < 12 ? 2 * GIB : 2 * GIB + 4096, 2 * GIB + 8192 } },
	};
	const struct gpal_request request =
		VM(nodes, WITH_RCS(rcs), .memory_start = { true, _i < 9 }, .reserved = reserved,
		   .reserved_count = 2, .has_vtl2_memory = true, .vtl2_memory_size = 4096,
		   .vtl2_memory_alignment = _i < 13 ? 5 : 4096,
		   .chipset_high_mmio = { true, _i < 14 ? UINT64_C(1) << 63 : 0 },
		   .host_physical_address_bits = 32);

	refuse(&request, check_order[_i]);
}
END_TEST

/* Sizes that cannot be placed. */

START_TEST(sizes_near_2_to_the_64_do_not_wrap)
{
	const struct gpal_root_complex rcs[] = {
		{ .name = "rc0",
		  .has_buses = true,
		  .high_mmio = { .kind = GPAL_WINDOW_SIZE, .size = UINT64_C(0xfffffffffffff000) } },
	};
	const struct gpal_request windows = VM(one_gib, WITH_RCS(rcs));
	const uint64_t nodes[] = { UINT64_C(0xfffffffffffff000) };
	const struct gpal_request ram = VM(nodes);
	const struct gpal_request vtl2 = VM(one_gib, .has_vtl2_memory = true,
					    .vtl2_memory_size = 4096,
					    .vtl2_memory_alignment = UINT64_C(1) << 63);
	struct gpal_layout *layout;

	ck_assert_int_eq(refuse(&windows, GPAL_E_EXHAUSTED).phase, GPAL_KIND_MMIO64);
	ck_assert_int_eq(refuse(&ram, GPAL_E_EXHAUSTED).phase, GPAL_KIND_RAM);
	layout = resolve(&vtl2);
	ck_assert_uint_eq(layout->vtl2_memory.start, UINT64_C(1) << 63);
	gpal_layout_free(layout);
}
END_TEST

START_TEST(errors_of_the_allocator_name_members_of_the_request)
{
	const struct gpal_root_complex rcs[] = {
		{ .name = "rc0", .has_buses = true, .end_bus = 7 },
		{ .name = "rc1",
		  .has_buses = true,
		  .start_bus = 8,
		  .end_bus = 9,
		  .high_mmio = { .kind = GPAL_WINDOW_SIZE, .size = 5 } },
	};
	const struct gpal_request windows = VM(one_gib, WITH_RCS(rcs));
	const struct gpal_request vtl2 = VM(one_gib, .has_vtl2_memory = true,
					    .vtl2_memory_size = 4096, .vtl2_memory_alignment = 5);
	struct gpal_error error = refuse(&windows, GPAL_E_INVALID_SIZE);

	ck_assert_int_eq(error.subject, GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO);
	ck_assert_uint_eq(error.index, 1);
	ck_assert_int_eq(refuse(&vtl2, GPAL_E_INVALID_ALIGNMENT).subject,
			 GPAL_SUBJECT_VTL2_MEMORY_ALIGNMENT);
}
END_TEST

START_TEST(values_outside_the_enumerations_are_refused)
{
	const struct gpal_root_complex rcs[] = {
		{ .name = "rc0", .has_buses = true, .iommu = GPAL_IOMMU_COUNT }
	};
	const struct gpal_request bad[] = {
		VM(one_gib, .arch = GPAL_ARCH_COUNT),
		VM(one_gib, .profile = GPAL_PROFILE_COUNT),
		VM(one_gib, .ecam = GPAL_ECAM_COUNT),
		VM(one_gib, WITH_RCS(rcs)),
	};

	for (int i = 0; i < COUNT_OF(bad); i++)
		refuse(&bad[i], GPAL_E_OUT_OF_RANGE);
}
END_TEST

/* Warnings. */

START_TEST(likely_mistakes_have_warnings)
{
	const struct gpal_root_complex rcs[] = {
		{ .name = "a",
		  .has_buses = true,
		  .end_bus = 7,
		  .iommu = GPAL_IOMMU_INTEL_VTD,
		  .high_mmio = { .kind = GPAL_WINDOW_PINNED, .range = { 3 * GIB, 3 * GIB + MIB } },
		  .low_mmio = { .kind = GPAL_WINDOW_PINNED,
				.range = { 2 * GIB + MIB, 2 * GIB + 3 * MIB } } },
		{ .name = "b",
		  .has_buses = true,
		  .start_bus = 8,
		  .end_bus = 9,
		  .high_mmio = { .kind = GPAL_WINDOW_PINNED,
				 .range = { 64 * GIB + MIB, 65 * GIB } } },
	};
	struct gpal_request request = VM(one_gib, WITH_RCS(rcs), .virtio_mmio_slots = 101);
	struct gpal_layout *layout = resolve(&request);

	ck_assert(has_warning(layout, GPAL_WARN_PINNED_HIGH_MMIO_BELOW_4GIB, "pcie-a-high-mmio"));
	ck_assert(!has_warning(layout, GPAL_WARN_PINNED_HIGH_MMIO_BELOW_4GIB, "pcie-b-high-mmio"));
	ck_assert(has_warning(layout, GPAL_WARN_PINNED_WINDOW_UNALIGNED, "pcie-a-low-mmio"));
	ck_assert(has_warning(layout, GPAL_WARN_PINNED_WINDOW_UNALIGNED, "pcie-b-high-mmio"));
	ck_assert(has_warning(layout, GPAL_WARN_PARTIAL_INTEL_VTD, "intel-vtd-0"));
	ck_assert(has_warning(layout, GPAL_WARN_MANY_VIRTIO_MMIO_SLOTS, "virtio-mmio"));
	ck_assert_uint_eq(layout->warning_count, 5);
	gpal_layout_free(layout);

	request.virtio_mmio_slots = 100;
	layout = resolve(&request);
	ck_assert(!has_warning(layout, GPAL_WARN_MANY_VIRTIO_MMIO_SLOTS, "virtio-mmio"));
	gpal_layout_free(layout);
}
END_TEST

/* Digest, policies. */

START_TEST(the_digest_is_what_the_protocol_says)
{
	/*
	 * printf 'gpalayout-digest-1\nx86_64\nram ram0 0x0-0x40000000\nfixed chipset-low-mmio
	 * 0xf8000000-0x100000000\nmmio64 chipset-high-mmio 0x100000000-0x120000000\n' | sha256sum,
	 * without the line breaks of this comment
	 */
	const struct gpal_request request = VM(one_gib);
	struct gpal_layout *layout = resolve(&request);
	char digest[GPAL_DIGEST_SIZE];

	gpal_layout_digest(layout, digest);
	ck_assert_str_eq(digest,
			 "sha256:b0804c35fce9a50488a59543c20fbd2fd510ea53b2e1ed05313c756d657f6186");
	gpal_layout_free(layout);
}
END_TEST

START_TEST(unenlightened_linux_has_high_mmio_under_the_first_policy_only)
{
	struct gpal_request request =
		VM(one_gib, .profile = GPAL_PROFILE_LINUX_DIRECT_UNENLIGHTENED);
	const struct gpal_policy *policies;
	size_t count;

	policies = gpal_policies(&count);
	for (size_t i = 0; i < count; i++) {
		struct gpal_layout *layout;

		request.policy = &policies[i];
		layout = resolve(&request);
		ck_assert_uint_eq(gpal_range_size(layout->chipset_high_mmio),
				  i == 0 ? 512 * MIB : 0);
		gpal_layout_free(layout);
	}
}
END_TEST

START_TEST(the_hcl_host_profile_has_vtl2_chipset_mmio)
{
	const struct gpal_request request = VM(one_gib, .profile = GPAL_PROFILE_HCL_HOST);
	struct gpal_layout *layout = resolve(&request);

	ck_assert_uint_eq(gpal_range_size(layout->vtl2_chipset_mmio), 1 * GIB);
	gpal_layout_free(layout);
	gpal_layout_free(NULL);
}
END_TEST

/* It must start at 0, so larger places above do not count. */
START_TEST(the_place_for_a_low_ram_window_starts_at_0)
{
	static const uint64_t starts[] = { 0x1000, 8 * MIB };
	const uint64_t nodes[] = { 2 * GIB };
	const struct gpal_named_range reserved[] = {
		{ "firmware", { starts[_i], starts[_i] + 0x1000 } },
	};
	const struct gpal_request request =
		VM(nodes, .arch = GPAL_ARCH_AARCH64, .memory_start = { true, GIB },
		   .memory_low_window = 128 * MIB, .reserved = reserved, .reserved_count = 1);
	const struct gpal_error error = refuse(&request, GPAL_E_EXHAUSTED);

	ck_assert_uint_eq(error.free_space, 128 * MIB - 0x1000);
	ck_assert_uint_eq(error.largest_fit, starts[_i]);
	assert_range(error.fit, 0, starts[_i]);
	ck_assert_str_eq(error.above.tag, "reserved-firmware");
}
END_TEST

/* No released policy has such a default. */
START_TEST(a_policy_may_have_a_low_ram_window_by_default)
{
	static const uint64_t sizes[] = { 8 * GIB, 32 * MIB, 17 * MIB, MIB };
	static const uint64_t windows[] = { 32 * MIB, 32 * MIB, 16 * MIB, 0 };
	struct gpal_policy policy = *gpal_policy_default();
	struct gpal_profile_defaults *row = &policy.profiles[GPAL_PROFILE_GEN2_UEFI];
	const uint64_t nodes[] = { sizes[_i], GIB };
	uint64_t largest[1];
	struct gpal_request request = VM(nodes, .arch = GPAL_ARCH_AARCH64, .policy = &policy);
	struct gpal_layout *layout;

	ck_assert_uint_eq(row->memory_low_window[GPAL_ARCH_AARCH64], 0);
	row->memory_low_window[GPAL_ARCH_AARCH64] = 32 * MIB;
	row->memory_start[GPAL_ARCH_AARCH64] = GIB;
	layout = resolve(&request);
	if (windows[_i] > 0)
		assert_range(layout->ram[0].range, 0, windows[_i]);
	ck_assert_uint_eq(layout->ram[windows[_i] > 0].range.start, GIB);
	ck_assert_uint_eq(layout->ram_size, sizes[_i] + GIB);
	gpal_layout_free(layout);
	/* The refusal is about the whole node, including its low RAM window. */
	if (_i == 0) {
		const uint64_t huge[] = { UINT64_C(0xffffffffe0000000) };
		struct gpal_error error;

		request.nodes = huge;
		request.node_count = 1;
		ck_assert_int_eq(gpal_resolve(&request, &layout, &error), GPAL_E_EXHAUSTED);
		largest[0] = error.largest_size;
		request.nodes = largest;
		gpal_layout_free(resolve(&request));
		largest[0] += GPAL_PAGE_SIZE;
		ck_assert_int_eq(gpal_resolve(&request, &layout, NULL), GPAL_E_EXHAUSTED);
		request.nodes = nodes;
		request.node_count = COUNT_OF(nodes);
	}
	/* RAM that starts lower needs no low window. */
	request.memory_start = (struct gpal_optional){ true, 16 * MIB };
	layout = resolve(&request);
	ck_assert_uint_ge(layout->ram[0].range.start, 16 * MIB);
	gpal_layout_free(layout);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("resolver");

	add_rows(suite, "errors", checks_come_in_the_documented_order, COUNT_OF(check_order));
	add_test(suite, "ram", ram_stays_sorted_around_a_low_hole_with_a_small_later_node);
	add_test(suite, "ram", a_node_of_size_0_has_no_ram_and_keeps_its_number);
	add_rows(suite, "ram", unusable_memory_is_refused, COUNT_OF(bad_memory));
	add_test(suite, "ram", memory_start_is_on_a_page_and_kept_free);
	add_test(suite, "ram", linux_direct_boot_on_aarch64_leaves_the_first_gib);
	add_rows(suite, "chipset", chipset_low_mmio_has_a_least_size_and_ends_at_4_gib,
		 COUNT_OF(chipset_low));
	add_rows(suite, "chipset", chipset_low_mmio_above_4_gib_is_refused,
		 COUNT_OF(too_large_low_mmio));
	add_test(suite, "chipset", chipset_high_mmio_of_0_is_absent);
	add_test(suite, "chipset", there_may_be_4096_virtio_slots);
	add_test(suite, "vtl2", vtl2_moves_nothing_of_vtl0);
	add_rows(suite, "width", the_width_check_sees_every_range, COUNT_OF(tops));
	add_test(suite, "width", a_map_that_ends_on_the_limit_fits);
	add_test(suite, "width", sixty_four_bits_are_no_limit);
	add_test(suite, "width", the_width_moves_nothing);
	add_test(suite, "sizes", sizes_near_2_to_the_64_do_not_wrap);
	add_test(suite, "errors", errors_of_the_allocator_name_members_of_the_request);
	add_test(suite, "errors", values_outside_the_enumerations_are_refused);
	add_test(suite, "warnings", likely_mistakes_have_warnings);
	add_test(suite, "digest", the_digest_is_what_the_protocol_says);
	add_test(suite, "policies", unenlightened_linux_has_high_mmio_under_the_first_policy_only);
	add_test(suite, "policies", the_hcl_host_profile_has_vtl2_chipset_mmio);
	add_rows(suite, "errors", the_place_for_a_low_ram_window_starts_at_0, 2);
	add_rows(suite, "later", a_policy_may_have_a_low_ram_window_by_default, 4);
	return run_suite(suite);
}
