/* SPDX-License-Identifier: MIT */
/* Finds what is at an address: the range, its owner, or the size of the gap. */
#include "config.h"

#include "tests/unit/vm.h"

#include <gpalayout/probe.h>

static struct gpal_probe probe(const struct gpal_layout *layout, const struct gpal_request *request,
			       uint64_t address)
{
	struct gpal_probe found;
	struct gpal_error error = { .message = "no error" };

	/* The function must overwrite all of this. */
	memset(&found, 0xa5, sizeof(found));
	ck_assert_msg(gpal_layout_probe(layout, request, address, &found, &error) == 0, "%s",
		      error.message);
	return found;
}

/* The owner of a range; NULL and -1 if it has none. */
struct owner {
	const char *root_complex;
	int node;
	int slot;
};

static const struct owner no_owner = { NULL, -1, -1 };

static void assert_owner(const struct gpal_probe *found, const struct owner *owner)
{
	ck_assert_pstr_eq(found->root_complex, owner->root_complex);
	ck_assert_int_eq(found->has_node, owner->node >= 0);
	ck_assert_int_eq(found->has_slot, owner->slot >= 0);
	if (found->has_node)
		ck_assert_uint_eq(found->node, (unsigned int)owner->node);
	if (found->has_slot)
		ck_assert_uint_eq(found->slot, (unsigned int)owner->slot);
}

/* `part` belongs to this owner, from its first byte to its last. */
static void assert_placed(const struct gpal_layout *layout, struct gpal_range part, const char *tag,
			  enum gpal_kind kind, struct gpal_range range, const struct owner *owner)
{
	const uint64_t addresses[] = { part.start, part.start + 1, part.end - 1 };

	ck_assert(!gpal_range_is_empty(part));
	for (int i = 0; i < COUNT_OF(addresses); i++) {
		const struct gpal_probe found = probe(layout, NULL, addresses[i]);

		ck_assert(!found.is_free);
		ck_assert_str_eq(found.tag, tag);
		ck_assert_int_eq(found.kind, kind);
		assert_range(found.range, range.start, range.end);
		ck_assert_uint_eq(found.offset, addresses[i] - range.start);
		assert_owner(&found, owner);
	}
}

static void assert_whole(const struct gpal_layout *layout, struct gpal_range range, const char *tag,
			 enum gpal_kind kind, const struct owner *owner)
{
	assert_placed(layout, range, tag, kind, range, owner);
}

static void assert_free(const struct gpal_layout *layout, const struct gpal_request *request,
			uint64_t address, uint64_t start, uint64_t end)
{
	const struct gpal_probe found = probe(layout, request, address);

	ck_assert(found.is_free);
	assert_range(found.range, start, end);
	ck_assert_str_eq(found.tag, "");
	assert_owner(&found, &no_owner);
	ck_assert_uint_eq(found.offset, 0);
}

START_TEST(each_extent_of_ram_belongs_to_its_node)
{
	/* Node 1 is empty, and node 2 is split around low MMIO. */
	static const uint64_t nodes[] = { 2 * GIB, 0, 4 * GIB };
	const struct gpal_request request = VM(nodes, );
	struct gpal_layout *layout = resolve(&request);
	static const struct {
		const char *tag;
		int node;
	} expected[] = {
		{ "ram0", 0 },
		{ "ram2", 2 },
		{ "ram2", 2 },
	};

	ck_assert_uint_eq(layout->ram_count, 3);
	for (int i = 0; i < 3; i++) {
		const struct owner owner = { NULL, expected[i].node, -1 };

		assert_whole(layout, layout->ram[i].range, expected[i].tag, GPAL_KIND_RAM, &owner);
	}
	gpal_layout_free(layout);
}
END_TEST

START_TEST(chipset_and_vtl2_ranges_have_no_owner)
{
	const struct gpal_request request =
		VM(one_gib, .profile = GPAL_PROFILE_HCL_HOST, .has_vtl2_memory = true,
		   .vtl2_memory_size = 64 * MIB, .vtl2_memory_alignment = 2 * MIB,
		   .vtl2_framebuffer = 8 * MIB);
	struct gpal_layout *l = resolve(&request);

	assert_whole(l, l->chipset_low_mmio, "chipset-low-mmio", GPAL_KIND_FIXED, &no_owner);
	assert_whole(l, l->chipset_high_mmio, "chipset-high-mmio", GPAL_KIND_MMIO64, &no_owner);
	assert_whole(l, l->vtl2_chipset_mmio, "vtl2-chipset-mmio", GPAL_KIND_POST_MMIO, &no_owner);
	assert_whole(l, l->vtl2_memory, "vtl2", GPAL_KIND_POST_MMIO, &no_owner);
	assert_whole(l, l->vtl2_framebuffer, "vtl2-framebuffer", GPAL_KIND_POST_MMIO, &no_owner);
	gpal_layout_free(l);
}
END_TEST

START_TEST(windows_and_iommus_belong_to_their_root_complex)
{
	const struct gpal_root_complex rcs[] = {
		{ .name = "a", .has_buses = true, .end_bus = 15, .iommu = GPAL_IOMMU_AMD_VI },
		{ .name = "b",
		  .segment = 1,
		  .has_buses = true,
		  .end_bus = 15,
		  .has_cxl = true,
		  .cxl_hdm = GIB,
		  .high_mmio = { .kind = GPAL_WINDOW_PINNED, .range = { 64 * GIB, 65 * GIB } },
		  .iommu = GPAL_IOMMU_AMD_VI,
		  .has_node = true },
	};
	const struct owner a = { "a", -1, -1 }, b = { "b", -1, -1 };
	const struct gpal_request request = VM(one_gib, WITH_RCS(rcs));
	struct gpal_layout *l = resolve(&request);
	const struct gpal_layout_root_complex *rc = l->root_complexes;

	assert_whole(l, rc[0].low_mmio, "pcie-a-low-mmio", GPAL_KIND_MMIO32, &a);
	assert_whole(l, rc[0].high_mmio, "pcie-a-high-mmio", GPAL_KIND_MMIO64, &a);
	assert_whole(l, rc[0].ecam, "pcie-seg0-ecam", GPAL_KIND_MMIO64, &a);
	assert_whole(l, l->iommus[0].range, "amd-iommu-0", GPAL_KIND_MMIO32, &a);
	assert_whole(l, rc[1].low_mmio, "pcie-b-low-mmio", GPAL_KIND_MMIO32, &b);
	assert_whole(l, rc[1].high_mmio, "pcie-b-high-mmio", GPAL_KIND_FIXED, &b);
	assert_whole(l, rc[1].ecam, "pcie-seg1-ecam", GPAL_KIND_MMIO64, &b);
	assert_whole(l, rc[1].cxl_hdm, "pcie-b-cxl-hdm", GPAL_KIND_MMIO64, &b);
	assert_whole(l, rc[1].cxl_chbcr, "pcie-b-cxl-chbcr", GPAL_KIND_MMIO64, &b);
	assert_whole(l, l->iommus[1].range, "amd-iommu-1", GPAL_KIND_MMIO32, &b);
	gpal_layout_free(l);
}
END_TEST

START_TEST(a_slice_of_ecam_has_an_owner_and_the_buses_between_have_none)
{
	const struct gpal_root_complex rcs[] = {
		{ .name = "high",
		  .segment = 7,
		  .has_buses = true,
		  .start_bus = 64,
		  .end_bus = 127 },
		{ .name = "low", .segment = 7, .has_buses = true, .start_bus = 8, .end_bus = 15 },
	};
	const struct owner high = { "high", -1, -1 }, low = { "low", -1, -1 };
	const struct gpal_request request = VM(one_gib, WITH_RCS(rcs));
	struct gpal_layout *l = resolve(&request);
	const struct gpal_range block = l->segments[0].ecam;
	const struct gpal_range hole = { l->root_complexes[1].ecam.end,
					 l->root_complexes[0].ecam.start };

	ck_assert_uint_eq(gpal_range_size(hole), 48 * MIB);
	assert_placed(l, l->root_complexes[0].ecam, "pcie-seg7-ecam", GPAL_KIND_MMIO64, block,
		      &high);
	assert_placed(l, l->root_complexes[1].ecam, "pcie-seg7-ecam", GPAL_KIND_MMIO64, block,
		      &low);
	assert_placed(l, hole, "pcie-seg7-ecam", GPAL_KIND_MMIO64, block, &no_owner);
	gpal_layout_free(l);
}
END_TEST

START_TEST(each_page_of_virtio_mmio_is_a_slot)
{
	const struct gpal_request request = VM(one_gib, .virtio_mmio_slots = 33);
	struct gpal_layout *l = resolve(&request);

	for (int slot = 0; slot < 33; slot++) {
		const uint64_t start = l->virtio_mmio.start + (uint64_t)slot * GPAL_PAGE_SIZE;
		const struct owner owner = { NULL, -1, slot };

		assert_placed(l, (struct gpal_range){ start, start + GPAL_PAGE_SIZE },
			      "virtio-mmio", GPAL_KIND_MMIO32, l->virtio_mmio, &owner);
	}
	gpal_layout_free(l);
}
END_TEST

/* Nothing is placed below 1 GiB, or above chipset low MMIO. */
static const struct gpal_named_range holes[] = {
	{ "far", { UINT64_C(1) << 40, (UINT64_C(1) << 40) + 3 * GPAL_PAGE_SIZE } },
	{ "mid", { 1536 * MIB, 1537 * MIB } },
	{ "near", { 6 * GIB, 7 * GIB } },
	{ "end", { GPAL_SPACE_END - GPAL_PAGE_SIZE, GPAL_SPACE_END } },
	/* Ends where "near" starts. */
	{ "nearer", { 5 * GIB, 6 * GIB } },
};
static const struct gpal_request with_holes =
	VM(one_gib, .memory_start = { true, 1 * GIB }, .chipset_high_mmio = { true, 0 },
	   .reserved = holes, .reserved_count = sizeof(holes) / sizeof(holes[0]));

START_TEST(reserved_ranges_below_the_top_are_in_the_map)
{
	struct gpal_layout *l = resolve(&with_holes);

	ck_assert_uint_eq(l->top, GPAL_4GIB);
	assert_whole(l, (struct gpal_range){ 0, 1 * GIB }, "low-ram-gap", GPAL_KIND_RESERVED,
		     &no_owner);
	assert_whole(l, holes[1].range, "reserved-mid", GPAL_KIND_RESERVED, &no_owner);
	gpal_layout_free(l);
}
END_TEST

START_TEST(any_address_in_a_free_gap_gives_the_whole_gap)
{
	struct gpal_layout *l = resolve(&with_holes);
	const uint64_t start = l->end_of_ram, end = l->chipset_low_mmio.start;

	ck_assert_uint_lt(start, end);
	assert_free(l, NULL, start, start, end);
	assert_free(l, NULL, start + 12345, start, end);
	assert_free(l, NULL, end - 1, start, end);
	/* With the request the result is the same: none of its ranges is in this gap. */
	assert_free(l, &with_holes, start, start, end);
	gpal_layout_free(l);
}
END_TEST

START_TEST(addresses_below_the_first_range_are_free)
{
	struct gpal_layout *l = resolve(&with_holes), later = *l;

	/* This map starts at 0, but a map may also start higher. */
	ck_assert_str_eq(l->map.entries[0].tag, "low-ram-gap");
	later.map.entries++;
	later.map.count--;
	assert_free(&later, NULL, 0, 0, holes[1].range.start);
	assert_free(&later, &with_holes, holes[1].range.start - 1, 0, holes[1].range.start);
	later.map.count = 0;
	assert_free(&later, NULL, 5, 0, GPAL_SPACE_END);
	gpal_layout_free(l);
}
END_TEST

START_TEST(above_the_top_all_is_free_without_the_request)
{
	struct gpal_layout *l = resolve(&with_holes);

	assert_free(l, NULL, l->top, l->top, GPAL_SPACE_END);
	assert_free(l, NULL, holes[0].range.start, l->top, GPAL_SPACE_END);
	assert_free(l, NULL, GPAL_SPACE_END - 1, l->top, GPAL_SPACE_END);
	gpal_layout_free(l);
}
END_TEST

static const struct {
	uint64_t address;
	struct gpal_range range;
	const char *tag; /* NULL if the address is free */
} above[] = {
	{ GPAL_4GIB, { GPAL_4GIB, 5 * GIB }, NULL },
	{ 5 * GIB - 1, { GPAL_4GIB, 5 * GIB }, NULL },
	{ 5 * GIB, { 5 * GIB, 6 * GIB }, "reserved-nearer" },
	{ 6 * GIB - 1, { 5 * GIB, 6 * GIB }, "reserved-nearer" },
	{ 6 * GIB, { 6 * GIB, 7 * GIB }, "reserved-near" },
	{ 7 * GIB - 1, { 6 * GIB, 7 * GIB }, "reserved-near" },
	{ 7 * GIB, { 7 * GIB, UINT64_C(1) << 40 }, NULL },
	{ (UINT64_C(1) << 40) - 1, { 7 * GIB, UINT64_C(1) << 40 }, NULL },
	{ UINT64_C(1) << 40, { UINT64_C(1) << 40, (UINT64_C(1) << 40) + 0x3000 }, "reserved-far" },
	{ (UINT64_C(1) << 40) + 0x3000,
	  { (UINT64_C(1) << 40) + 0x3000, GPAL_SPACE_END - 0x1000 },
	  NULL },
	{ GPAL_SPACE_END - 0x1000, { GPAL_SPACE_END - 0x1000, GPAL_SPACE_END }, "reserved-end" },
	{ GPAL_SPACE_END - 1, { GPAL_SPACE_END - 0x1000, GPAL_SPACE_END }, "reserved-end" },
};

START_TEST(above_the_top_the_request_gives_the_reserved_ranges)
{
	struct gpal_layout *l = resolve(&with_holes);
	const struct gpal_probe found = probe(l, &with_holes, above[_i].address);

	ck_assert_int_eq(found.is_free, !above[_i].tag);
	ck_assert_str_eq(found.tag, above[_i].tag ? above[_i].tag : "");
	assert_range(found.range, above[_i].range.start, above[_i].range.end);
	if (above[_i].tag) {
		ck_assert_int_eq(found.kind, GPAL_KIND_RESERVED);
		ck_assert_uint_eq(found.offset, above[_i].address - above[_i].range.start);
	}
	assert_owner(&found, &no_owner);
	gpal_layout_free(l);
}
END_TEST

START_TEST(addresses_beyond_the_address_space_are_refused)
{
	static const uint64_t addresses[] = { GPAL_SPACE_END, GPAL_SPACE_END + 1, UINT64_MAX };
	struct gpal_layout *l = resolve(&with_holes);

	for (int i = 0; i < COUNT_OF(addresses); i++) {
		struct gpal_probe found;
		struct gpal_error error = { 0 };

		ck_assert_int_eq(gpal_layout_probe(l, &with_holes, addresses[i], &found, &error),
				 GPAL_E_OUT_OF_RANGE);
		ck_assert_int_eq(error.code, GPAL_E_OUT_OF_RANGE);
		ck_assert_ptr_nonnull(strstr(error.message, "0xfffffffffffff000"));
		ck_assert_int_eq(gpal_layout_probe(l, NULL, addresses[i], &found, NULL),
				 GPAL_E_OUT_OF_RANGE);
	}
	gpal_layout_free(l);
}
END_TEST

START_TEST(a_map_may_end_at_the_end_of_the_address_space)
{
	const struct gpal_root_complex rcs[] = {
		{ .name = "top",
		  .has_buses = true,
		  .end_bus = 1,
		  .high_mmio = { .kind = GPAL_WINDOW_PINNED,
				 .range = { GPAL_SPACE_END - MIB, GPAL_SPACE_END } } },
	};
	const struct owner top = { "top", -1, -1 };
	const struct gpal_request request = VM(one_gib, WITH_RCS(rcs));
	struct gpal_layout *l = resolve(&request);

	ck_assert_uint_eq(l->top, GPAL_SPACE_END);
	assert_whole(l, rcs[0].high_mmio.range, "pcie-top-high-mmio", GPAL_KIND_FIXED, &top);
	gpal_layout_free(l);
}
END_TEST

START_TEST(ranges_and_gaps_cover_the_address_space_once)
{
	struct gpal_layout *l = resolve(&with_holes);
	uint64_t next = 0;
	int steps = 0;

	while (next < GPAL_SPACE_END) {
		const struct gpal_probe found = probe(l, &with_holes, next);

		ck_assert_uint_eq(found.range.start, next);
		ck_assert_uint_gt(found.range.end, next);
		next = found.range.end;
		steps++;
	}
	ck_assert_uint_eq(next, GPAL_SPACE_END);
	/*
	 * Low gap, free, mid, free, RAM, free, chipset; free, nearer, near, free, far, free, end.
	 */
	ck_assert_int_eq(steps, 14);
	gpal_layout_free(l);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("probe");

	add_test(suite, "placed", each_extent_of_ram_belongs_to_its_node);
	add_test(suite, "placed", chipset_and_vtl2_ranges_have_no_owner);
	add_test(suite, "placed", windows_and_iommus_belong_to_their_root_complex);
	add_test(suite, "placed", a_slice_of_ecam_has_an_owner_and_the_buses_between_have_none);
	add_test(suite, "placed", each_page_of_virtio_mmio_is_a_slot);
	add_test(suite, "placed", reserved_ranges_below_the_top_are_in_the_map);
	add_test(suite, "free", any_address_in_a_free_gap_gives_the_whole_gap);
	add_test(suite, "free", addresses_below_the_first_range_are_free);
	add_test(suite, "above", above_the_top_all_is_free_without_the_request);
	add_rows(suite, "above", above_the_top_the_request_gives_the_reserved_ranges,
		 COUNT_OF(above));
	add_test(suite, "above", addresses_beyond_the_address_space_are_refused);
	add_test(suite, "above", a_map_may_end_at_the_end_of_the_address_space);
	add_test(suite, "cover", ranges_and_gaps_cover_the_address_space_once);
	return run_suite(suite);
}
