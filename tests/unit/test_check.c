/* SPDX-License-Identifier: MIT */
/* Layouts that are consistent, and the faults that are found in others. */
#include "config.h"

#include "tests/unit/vm.h"

#include <gpalayout/check.h>

static const uint64_t nodes[] = { GIB, 4 * GIB };
static const struct gpal_root_complex rcs[] = {
	{ .name = "a",
	  .has_buses = true,
	  .end_bus = 15,
	  .has_cxl = true,
	  .cxl_hdm = 256 * MIB,
	  .iommu = GPAL_IOMMU_AMD_VI },
	{ .name = "b",
	  .has_buses = true,
	  .start_bus = 32,
	  .end_bus = 63,
	  .iommu = GPAL_IOMMU_AMD_VI },
	{ .name = "c",
	  .segment = 7,
	  .has_buses = true,
	  .end_bus = 1,
	  .low_mmio = { .kind = GPAL_WINDOW_PINNED, .range = { 3 * GIB, 3 * GIB + MIB } } },
};
static const struct gpal_named_range reserved[] = { { "hole", { 2 * GIB, 2 * GIB + 4096 } } };

static const struct gpal_request full =
	VM(nodes, WITH_RCS(rcs), .virtio_mmio_slots = 3, .vtl2_chipset_mmio = { true, GIB },
	   .has_vtl2_memory = true, .vtl2_memory_size = 64 * MIB, .vtl2_memory_alignment = 2 * MIB,
	   .vtl2_framebuffer = 8 * MIB, .reserved = reserved, .reserved_count = COUNT_OF(reserved));

static struct gpal_check check(const struct gpal_layout *layout, const char *digest)
{
	struct gpal_check check;

	/* The function must overwrite all of this. */
	memset(&check, 0xa5, sizeof(check));
	ck_assert_int_eq(gpal_layout_check(layout, digest, &check, NULL), GPAL_OK);
	ck_assert_uint_eq(check.agrees, check.message[0] == '\0');
	return check;
}

static void assert_agrees(const struct gpal_request *request)
{
	struct gpal_layout *layout = resolve(request);
	char digest[GPAL_DIGEST_SIZE];

	gpal_layout_digest(layout, digest);
	ck_assert_str_eq(check(layout, digest).message, "");
	ck_assert_str_eq(check(layout, NULL).message, "");
	gpal_layout_free(layout);
}

START_TEST(a_resolved_layout_agrees_with_itself)
{
	static const struct gpal_request smallest = VM(one_gib);
	static const struct gpal_root_complex smmu[] = {
		{ .name = "x", .has_buses = true, .end_bus = 255, .iommu = GPAL_IOMMU_SMMUV3 }
	};
	static const struct gpal_request arm = VM(four_gib, .arch = GPAL_ARCH_AARCH64,
						  .profile = GPAL_PROFILE_LINUX_DIRECT,
						  .ecam = GPAL_ECAM_BELOW_4GIB, WITH_RCS(smmu));

	assert_agrees(&smallest);
	assert_agrees(&arm);
	assert_agrees(&full);
}
END_TEST

START_TEST(an_updated_layout_agrees_with_itself)
{
	struct gpal_layout *live = resolve(&full), *updated;
	struct gpal_request request = full;

	request.root_complex_count = 2;
	ck_assert_int_eq(gpal_update(live, &request, GPAL_ALLOW_REMOVALS, &updated, NULL), GPAL_OK);
	ck_assert_str_eq(check(updated, NULL).message, "");
	gpal_layout_free(updated);
	gpal_layout_free(live);
}
END_TEST

START_TEST(names_may_be_of_any_length)
{
	char name[1000] = "";
	const struct gpal_root_complex long_name[] = {
		{ .name = name, .has_buses = true, .end_bus = 255 }
	};
	const struct gpal_request request = VM(one_gib, WITH_RCS(long_name));

	memset(name, 'n', sizeof(name) - 1);
	assert_agrees(&request);
}
END_TEST

START_TEST(a_wrong_digest_is_a_fault)
{
	struct gpal_layout *layout = resolve(&full);
	const struct gpal_check found = check(layout, "sha256:0");

	ck_assert_str_eq(found.pointer, "/digest");
	ck_assert(strncmp(found.message, "the map has the digest sha256:", 30) == 0);
	gpal_layout_free(layout);
}
END_TEST

/* The lists of a layout lie in its own memory, so the tests may write to them. */
#define ENTRY(layout, i) ((struct gpal_map_entry *)&(layout)->map.entries[i])
#define EXTENT(layout, i) ((struct gpal_ram_extent *)&(layout)->ram[i])
#define SEGMENT(layout, i) ((struct gpal_layout_segment *)&(layout)->segments[i])
#define RC(layout, i) ((struct gpal_layout_root_complex *)&(layout)->root_complexes[i])
#define IOMMU(layout, i) ((struct gpal_layout_iommu *)&(layout)->iommus[i])

#define DAMAGE(name, statement)                 \
	static void name(struct gpal_layout *l) \
	{                                       \
		statement;                      \
	}

DAMAGE(no_map, l->map.count = 0)
DAMAGE(off_page, ENTRY(l, 1)->range.end -= 1)
DAMAGE(empty_range, ENTRY(l, 0)->range.end = 0)
DAMAGE(overlapping, ENTRY(l, 1)->range.start = 0)
DAMAGE(unknown_kind, ENTRY(l, 0)->kind = GPAL_KIND_COUNT)
DAMAGE(unknown_arch, l->arch = GPAL_ARCH_COUNT)
DAMAGE(ram_out_of_order, struct gpal_ram_extent swap = l->ram[0]; *EXTENT(l, 0) = l->ram[1];
       *EXTENT(l, 1) = swap)
DAMAGE(ram_of_another_node, EXTENT(l, 0)->node = 3)
DAMAGE(ram_twice, *EXTENT(l, 1) = l->ram[0])
DAMAGE(ram_missing, l->ram_count--)
DAMAGE(no_chipset, l->chipset_low_mmio = (struct gpal_range){ 0 })
DAMAGE(chipset_moved, l->chipset_high_mmio.start += 4096)
DAMAGE(another_tag, ENTRY(l, gpal_map_find(&l->map, l->virtio_mmio.start))->tag = "virtio-mmi")
DAMAGE(longer_tag, ENTRY(l, gpal_map_find(&l->map, l->vtl2_memory.start))->tag = "vtl22")
DAMAGE(another_kind, ENTRY(l, gpal_map_find(&l->map, l->root_complexes[1].high_mmio.start))->kind =
			     GPAL_KIND_MMIO32)
DAMAGE(segments_out_of_order, SEGMENT(l, 1)->segment = 0)
DAMAGE(buses_reversed, SEGMENT(l, 0)->start_bus = 64)
DAMAGE(base_moved, SEGMENT(l, 1)->bus0_base -= 4096)
DAMAGE(no_such_segment, RC(l, 0)->segment = 1)
DAMAGE(buses_outside, RC(l, 1)->end_bus = 64)
DAMAGE(slice_moved, RC(l, 2)->ecam.end += MIB)
DAMAGE(low_window_moved, RC(l, 0)->low_mmio.start += 4096)
DAMAGE(name_twice, RC(l, 1)->name = "a")
DAMAGE(hdm_missing, RC(l, 0)->cxl_hdm = (struct gpal_range){ 0 })
DAMAGE(chbcr_moved, RC(l, 0)->cxl_chbcr.end += 4096)
DAMAGE(cxl_of_none, RC(l, 0)->has_cxl = false)
DAMAGE(iommu_of_no_kind, l->iommu = GPAL_IOMMU_NONE)
DAMAGE(iommu_of_another_arch, l->iommu = GPAL_IOMMU_SMMUV3)
DAMAGE(iommu_of_another_kind, l->iommu = GPAL_IOMMU_INTEL_VTD)
DAMAGE(iommus_out_of_order, IOMMU(l, 0)->root_complex = "b"; IOMMU(l, 1)->root_complex = "a")
DAMAGE(vtl2_missing, l->vtl2_chipset_mmio = (struct gpal_range){ 0 })
DAMAGE(framebuffer_moved, l->vtl2_framebuffer.start += 4096)
DAMAGE(other_ram_size, l->ram_size--)
DAMAGE(other_end_of_ram, l->end_of_ram += 4096)
DAMAGE(other_end_of_layout, l->end_of_layout = 0)
DAMAGE(other_top, l->top += 4096)
DAMAGE(other_bits, l->required_address_bits--)
DAMAGE(other_slots, l->virtio_mmio_slots++)

static const struct {
	void (*damage)(struct gpal_layout *layout);
	const char *pointer;
	const char *message; /* its beginning */
} faults[] = {
	{ no_map, "/map", "the map is empty" },
	{ off_page, "/map/1", "0x40000000-0x7fffffff is not a range of whole pages" },
	{ empty_range, "/map/0", "0x0-0x0 is not a range of whole pages" },
	{ overlapping, "/map/1", "it starts below the end of the range before it" },
	{ unknown_kind, "/map/0", "6 is not a kind of range" },
	{ unknown_arch, "/arch", "2 is not an architecture" },
	{ ram_out_of_order, "/ram/1", "the ranges of RAM must ascend by address" },
	{ ram_of_another_node, "/ram/0", "the map has no range ram3 at 0x0-0x40000000" },
	{ ram_twice, "/ram/1", "another member has the same range, ram0" },
	{ ram_missing, "/map",
	  "the map has 21 ranges that are not reserved, but the other members have 20" },
	{ no_chipset, "/chipset/low_mmio", "the map has no range chipset-low-mmio at 0x0-0x0" },
	{ chipset_moved, "/chipset/high_mmio", "the map has no range chipset-high-mmio at" },
	{ another_tag, "/virtio_mmio", "the map has no range virtio-mmio at" },
	{ longer_tag, "/vtl2/memory", "the map has no range vtl2 at" },
	{ another_kind, "/pcie/root_complexes/1/high_mmio",
	  "the map has no range pcie-b-high-mmio at" },
	{ segments_out_of_order, "/pcie/segments/1", "segments must ascend by number" },
	{ buses_reversed, "/pcie/segments/0",
	  "ecam must have 1 MiB for each bus, counted from bus0_base" },
	{ base_moved, "/pcie/segments/1",
	  "ecam must have 1 MiB for each bus, counted from bus0_base" },
	{ no_such_segment, "/pcie/root_complexes/0/ecam",
	  "no segment with this number has these buses at this address" },
	{ buses_outside, "/pcie/root_complexes/1/ecam",
	  "no segment with this number has these buses at this address" },
	{ slice_moved, "/pcie/root_complexes/2/ecam",
	  "no segment with this number has these buses at this address" },
	{ low_window_moved, "/pcie/root_complexes/0/low_mmio",
	  "the map has no range pcie-a-low-mmio at" },
	{ name_twice, "/pcie/root_complexes/1/name", "root complex 0 has the same name" },
	{ hdm_missing, "/map",
	  "the map has 21 ranges that are not reserved, but the other members have 20" },
	{ chbcr_moved, "/pcie/root_complexes/0/cxl/chbcr",
	  "the map has no range pcie-a-cxl-chbcr at" },
	{ cxl_of_none, "/map",
	  "the map has 21 ranges that are not reserved, but the other members have 19" },
	{ iommu_of_no_kind, "/iommu/kind", "0 is not a kind of IOMMU" },
	{ iommu_of_another_arch, "/iommu/kind", "smmuv3 does not exist on x86_64" },
	{ iommu_of_another_kind, "/iommu/instances/0", "the map has no range intel-vtd-0 at" },
	{ iommus_out_of_order, "/iommu/instances/1",
	  "there is no root complex a, or IOMMUs are not in the order of root complexes" },
	{ vtl2_missing, "/map",
	  "the map has 21 ranges that are not reserved, but the other members have 20" },
	{ framebuffer_moved, "/vtl2/framebuffer", "the map has no range vtl2-framebuffer at" },
	{ other_ram_size, "/ram_size", "the RAM has 5 GiB" },
	{ other_end_of_ram, "/end_of_ram", "the RAM ends at 0x" },
	{ other_end_of_layout, "/end_of_layout",
	  "RAM, rooms, chipset and VTL2 chipset MMIO, PCIe windows and ECAM end at 0x" },
	{ other_top, "/top", "the map ends at 0x" },
	{ other_bits, "/required_address_bits", "the map needs 34 address bits" },
	{ other_slots, "/virtio_mmio", "the range must have 4096 bytes for each slot" },
};

START_TEST(each_contradiction_has_its_pointer_and_message)
{
	struct gpal_layout *layout = resolve(&full);
	struct gpal_check found;

	faults[_i].damage(layout);
	found = check(layout, NULL);
	ck_assert_str_eq(found.pointer, faults[_i].pointer);
	ck_assert_msg(strncmp(found.message, faults[_i].message, strlen(faults[_i].message)) == 0,
		      "%s instead of %s", found.message, faults[_i].message);
	ck_assert(!found.agrees);
	gpal_layout_free(layout);
}
END_TEST

START_TEST(a_cxl_window_has_a_name_of_its_own)
{
	static const char *const targets[] = { "a" };
	static const struct gpal_cxl_window windows[] = {
		{ .name = "w0", .targets = targets, .target_count = 1, .size = 256 * MIB },
		{ .name = "w1", .targets = targets, .target_count = 1, .size = 256 * MIB },
	};
	struct gpal_request request = full;
	struct gpal_layout *layout;
	struct gpal_check found;

	request.cxl_windows = windows;
	request.cxl_window_count = COUNT_OF(windows);
	assert_agrees(&request);
	layout = resolve(&request);
	((struct gpal_layout_cxl_window *)layout->cxl_windows)[1].name = "w0";
	found = check(layout, NULL);
	ck_assert_str_eq(found.pointer, "/cxl_windows/1");
	ck_assert_str_eq(found.message, "another CXL window has the name w0");
	gpal_layout_free(layout);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("check");

	add_test(suite, "agrees", a_resolved_layout_agrees_with_itself);
	add_test(suite, "agrees", an_updated_layout_agrees_with_itself);
	add_test(suite, "agrees", names_may_be_of_any_length);
	add_test(suite, "faults", a_wrong_digest_is_a_fault);
	add_test(suite, "faults", a_cxl_window_has_a_name_of_its_own);
	add_rows(suite, "faults", each_contradiction_has_its_pointer_and_message, COUNT_OF(faults));
	return run_suite(suite);
}
