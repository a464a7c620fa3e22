/* SPDX-License-Identifier: MIT */
/*
 * Two requests are equal if and only if their stored bytes are equal. Bytes that were written once
 * can always be read.
 */
#include "config.h"

#include "tests/unit/records.h"
#include "tests/wire.h"
#include "wire/request_decode.h"

#include <stdio.h>

/* Returns the stored bytes of the request that the JSON text states. */
static struct gpald_blob bytes_of_json(const char *json)
{
	cJSON *params = cJSON_CreateObject(), *tree = cJSON_Parse(json);
	struct gpald_arena *arena = gpald_arena_new(0);
	const struct gpald_resolve_params *resolve;
	struct gpald_wire_error error;
	struct gpald_blob blob;

	ck_assert_msg(tree != NULL, "not JSON: %s", json);
	cJSON_AddItemToObject(params, "request", tree);
	resolve = decode_params(&gpald_resolve_params_table, params, NULL, arena, &error);
	ck_assert_msg(resolve != NULL, "%s: %s", error.pointer, error.message);
	blob = request_blob(&resolve->request);
	gpald_arena_free(arena);
	cJSON_Delete(params);
	return blob;
}

static const char *const same[][2] = {
	{ "{\"arch\":\"x86_64\",\"memory\":{\"nodes\":[\"1GiB\"]}}",
	  "{\"memory\":{\"nodes\":[1073741824]},\"arch\":\"x86_64\"}" },
	{ "{\"arch\":\"x86_64\",\"memory\":{\"nodes\":[\"1G\"]}}",
	  "{\"arch\":\"x86_64\",\"profile\":\"gen2-uefi\",\"memory\":{\"nodes\":[\"0x40000000\"]}}" },
	{ "{\"arch\":\"x86_64\",\"memory\":{\"nodes\":[4096]}}",
	  "{\"arch\":\"x86_64\",\"memory\":{\"nodes\":[4096]},\"chipset\":{},\"pcie\":{\"root_"
	  "complexes\":[]},\"vtl2\":{\"framebuffer\":0},\"reserved\":[]}" },
	{ "{\"arch\":\"x86_64\",\"memory\":{\"nodes\":[4096]},"
	  "\"pcie\":{\"root_complexes\":[{\"name\":\"a\"}]}}",
	  "{\"arch\":\"x86_64\",\"memory\":{\"nodes\":[4096]},\"pcie\":{\"root_complexes\":"
	  "[{\"end_bus\":255,\"start_bus\":0,\"segment\":0,\"name\":\"a\"}]}}" },
	{ "{\"arch\":\"x86_64\",\"memory\":{\"nodes\":[4096],\"hotplug\":[{\"size\":4096}]},"
	  "\"cxl_windows\":[{\"name\":\"w\",\"targets\":[\"a\"],\"size\":0}]}",
	  "{\"arch\":\"x86_64\",\"memory\":{\"nodes\":[4096],\"low_window\":0,"
	  "\"hotplug\":[{\"size\":\"4K\",\"node\":0}]},\"cxl_windows\":[{\"granularity\":\"256\","
	  "\"targets\":[\"\\u0061\"],\"size\":0,\"name\":\"w\"}]}" },
	{ "{\"arch\":\"x86_64\",\"memory\":{\"nodes\":[4096]},\"reserved\":[{\"name\":\"r\","
	  "\"start\":\"4GiB\",\"end\":\"0x140000000\"}]}",
	  "{\"reserved\":[{\"end\":\"5G\",\"start\":4294967296,\"name\":\"\\u0072\"}],"
	  "\"memory\":{\"nodes\":[\"4K\"]},\"arch\":\"x86_64\"}" },
};

START_TEST(different_texts_of_the_same_request_have_the_same_bytes)
{
	struct gpald_blob a = bytes_of_json(same[_i][0]), b = bytes_of_json(same[_i][1]);

	ck_assert(gpald_blob_equal(&a, &b));
	assert_blobs_equal(&a, &b);
	gpald_blob_free(&a);
	gpald_blob_free(&b);
}
END_TEST

#define WITH(memory, rest) "{\"arch\":\"x86_64\",\"memory\":{\"nodes\":[4096]" memory "}" rest "}"
#define WINDOW(window) \
	WITH("", ",\"pcie\":{\"root_complexes\":[{\"name\":\"a\",\"high_mmio\":" window "}]}")
#define CXL(window) WITH("", ",\"cxl_windows\":[{" window "}]")

/* No two of these requests are equal. */
static const char *const others[] = {
	WITH("", ""),
	WITH(",\"low_window\":4096", ""),
	WITH(",\"hotplug\":[{\"size\":4096}]", ""),
	WITH(",\"hotplug\":[{\"size\":8192}]", ""),
	WITH(",\"hotplug\":[{\"size\":4096,\"node\":1}]", ""),
	WITH(",\"hotplug\":[{\"size\":4096,\"alignment\":\"2G\"}]", ""),
	WITH(",\"hotplug\":[{\"size\":4096},{\"size\":4096}]", ""),
	WITH("", ",\"chipset\":{\"vmbus\":false}"),
	WITH("", ",\"chipset\":{\"high_mmio\":{\"start\":0,\"end\":4096}}"),
	WITH("", ",\"host\":{\"holes\":[\"amd-hypertransport\"]}"),
	WITH("", ",\"reserved\":[{\"name\":\"r\",\"start\":0,\"end\":1}]"),
	WITH("", ",\"reserved\":[{\"name\":\"s\",\"start\":0,\"end\":1}]"),
	WINDOW("4096"),
	WINDOW("null"),
	WINDOW("{\"size\":4096,\"alignment\":8192}"),
	WINDOW("{\"devices\":[{\"bars\":[4096]}]}"),
	WINDOW("{\"devices\":[{\"bars\":[8192]}]}"),
	WINDOW("{\"devices\":[{\"bars\":[4096,4096]}]}"),
	WINDOW("{\"devices\":[{\"bars\":[4096]},{\"bars\":[4096]}]}"),
	WINDOW("{\"devices\":[{\"bars\":[4096],\"sriov\":{\"vfs\":1,\"bars\":[4096]}}]}"),
	WINDOW("{\"devices\":[{\"bars\":[4096],\"sriov\":{\"vfs\":2,\"bars\":[4096]}}]}"),
	WINDOW("{\"devices\":[{\"bars\":[4096],\"sriov\":{\"vfs\":1,\"bars\":[8192]}}]}"),
	CXL("\"name\":\"w\",\"targets\":[\"a\"],\"size\":0"),
	CXL("\"name\":\"v\",\"targets\":[\"a\"],\"size\":0"),
	CXL("\"name\":\"w\",\"targets\":[\"b\"],\"size\":0"),
	CXL("\"name\":\"w\",\"targets\":[\"a\",\"b\"],\"size\":0"),
	CXL("\"name\":\"w\",\"targets\":[\"b\",\"a\"],\"size\":0"),
	CXL("\"name\":\"w\",\"targets\":[\"a\"],\"size\":4096"),
	CXL("\"name\":\"w\",\"targets\":[\"a\"],\"size\":0,\"granularity\":512"),
};

START_TEST(members_of_the_second_version_distinguish_requests)
{
	struct gpald_blob blob = bytes_of_json(others[_i]);

	for (int other = 0; other < COUNT_OF(others); other++) {
		struct gpald_blob bytes = bytes_of_json(others[other]);

		ck_assert_msg(gpald_blob_equal(&blob, &bytes) == (other == _i), "%s and %s",
			      others[_i], others[other]);
		gpald_blob_free(&bytes);
	}
	gpald_blob_free(&blob);
}
END_TEST

/* A copy of rich_request() that a test can change. */
struct variant {
	struct gpal_request request;
	uint64_t nodes[3];
	struct gpal_root_complex rcs[3];
	struct gpal_named_range reserved[2];
};

/* A change: bits to flip in a member. */
static const struct {
	const char *member;
	size_t offset;
	uint8_t bits;
} changes[] = {
#define CHANGE(which, mask)                                                                 \
	{                                                                                   \
		.member = #which, .offset = offsetof(struct variant, which), .bits = (mask) \
	}
	CHANGE(request.arch, 0), /* no change */
	CHANGE(request.arch, 1),
	CHANGE(request.profile, 5),
	CHANGE(request.node_count, 1),
	CHANGE(nodes[0], 1),
	CHANGE(nodes[1], 1),
	CHANGE(nodes[2], 1),
	CHANGE(request.memory_start.set, 1),
	CHANGE(request.memory_start.value, 1),
	CHANGE(request.chipset_low_mmio.set, 1),
	CHANGE(request.chipset_low_mmio.value, 1),
	CHANGE(request.chipset_high_mmio.set, 1),
	CHANGE(request.chipset_high_mmio.value, 1),
	CHANGE(request.ecam, 2),
	CHANGE(request.ecam, 3),
	CHANGE(request.root_complex_count, 1),
	CHANGE(rcs[0].segment, 1),
	CHANGE(rcs[0].start_bus, 1),
	CHANGE(rcs[0].end_bus, 1),
	CHANGE(rcs[0].has_node, 1),
	CHANGE(rcs[0].node, 1),
	CHANGE(rcs[0].low_mmio.kind, 1),
	CHANGE(rcs[0].low_mmio.kind, 3),
	CHANGE(rcs[0].low_mmio.size, 1),
	CHANGE(rcs[0].high_mmio.kind, 2),
	CHANGE(rcs[0].high_mmio.kind, 3),
	CHANGE(rcs[0].high_mmio.range.start, 1),
	CHANGE(rcs[0].high_mmio.range.end, 1),
	CHANGE(rcs[0].has_cxl, 1),
	CHANGE(rcs[0].cxl_hdm, 1),
	CHANGE(rcs[0].has_no_cxl_hdm, 1),
	CHANGE(rcs[0].iommu, 1),
	CHANGE(rcs[0].iommu, 2),
	CHANGE(rcs[2].end_bus, 1),
	CHANGE(request.virtio_mmio_slots, 1),
	CHANGE(request.vtl2_chipset_mmio.set, 1),
	CHANGE(request.vtl2_chipset_mmio.value, 1),
	CHANGE(request.has_vtl2_memory, 1),
	CHANGE(request.vtl2_memory_size, 1),
	CHANGE(request.vtl2_memory_alignment, 1),
	CHANGE(request.vtl2_framebuffer, 1),
	CHANGE(request.has_vtl2_alias_map, 1),
	CHANGE(request.reserved_count, 2),
	CHANGE(request.reserved_count, 3),
	CHANGE(reserved[0].range.start, 1),
	CHANGE(reserved[0].range.end, 1),
	CHANGE(reserved[1].range.end, 1),
	CHANGE(request.host_physical_address_bits, 1),
#undef CHANGE
};

static struct gpald_blob bytes_of_variant(int which)
{
	struct variant v = { .request = rich_request() };

	memcpy(v.nodes, v.request.nodes, sizeof(v.nodes));
	memcpy(v.rcs, v.request.root_complexes, sizeof(v.rcs));
	memcpy(v.reserved, v.request.reserved, sizeof(v.reserved));
	v.request.nodes = v.nodes;
	v.request.root_complexes = v.rcs;
	v.request.reserved = v.reserved;
	*((uint8_t *)&v + changes[which].offset) ^= changes[which].bits;
	return request_blob(&v.request);
}

START_TEST(a_request_that_differs_in_any_member_has_other_bytes)
{
	struct gpald_blob blob = bytes_of_variant(_i);

	for (int other = 0; other < COUNT_OF(changes); other++) {
		struct gpald_blob bytes = bytes_of_variant(other);

		ck_assert_msg(gpald_blob_equal(&blob, &bytes) == (other == _i), "%s and %s",
			      changes[_i].member, changes[other].member);
		gpald_blob_free(&bytes);
	}
	gpald_blob_free(&blob);
}
END_TEST

START_TEST(names_and_policies_distinguish_requests)
{
	static const char *const policies[] = { NULL, "openvmm-2026.05", "openvmm-2026.07" };
	static const char *const names[] = { "a", "A", "aa", "b" };
	struct gpald_blob blobs[COUNT_OF(policies) * COUNT_OF(names)];

	for (int i = 0; i < COUNT_OF(blobs); i++) {
		const char *name = names[i % COUNT_OF(names)];
		const char *policy = policies[i / COUNT_OF(names)];
		const struct gpal_root_complex rcs[] = { { .name = name, .has_buses = true } };
		const struct gpal_named_range reserved[] = { { "r", { 0, 1 } } };
		const struct gpal_request request =
			VM(one_gib, WITH_RCS(rcs), .reserved = reserved, .reserved_count = 1,
			   .policy = policy ? gpal_policy_find(policy) : NULL);

		blobs[i] = request_blob(&request);
		for (int j = 0; j < i; j++)
			ck_assert(!gpald_blob_equal(&blobs[i], &blobs[j]));
	}
	for (int i = 0; i < COUNT_OF(blobs); i++)
		gpald_blob_free(&blobs[i]);
}
END_TEST

/* The order of lists counts, because nodes and root complexes are placed in it. */
START_TEST(the_order_of_lists_counts)
{
	static const uint64_t nodes[] = { GIB, 2 * GIB }, turned[] = { 2 * GIB, GIB };
	const struct gpal_request a = VM(nodes, ), b = VM(turned, );
	struct gpald_blob first = request_blob(&a), second = request_blob(&b);

	ck_assert(!gpald_blob_equal(&first, &second));
	gpald_blob_free(&first);
	gpald_blob_free(&second);
}
END_TEST

/* Members that a request does not use are not encoded. */
START_TEST(leftovers_in_unused_members_do_not_count)
{
	const struct gpal_root_complex clean[] = { { .name = "a", .has_buses = true } };
	const struct gpal_root_complex littered[] = {
		{ .name = "a",
		  .has_buses = true,
		  .node = 7,
		  .low_mmio = { .size = 1, .range = { 2, 3 }, .alignment = 9, .device_count = 9 },
		  .high_mmio = { .size = 4, .range = { 5, 6 }, .alignment = 9, .device_count = 9 },
		  .cxl_hdm = 8,
		  .has_no_cxl_hdm = true },
	};
	const struct gpal_request a = VM(one_gib, WITH_RCS(clean));
	const struct gpal_request b = VM(one_gib, WITH_RCS(littered), .memory_start = { false, 9 },
					 .chipset_low_mmio = { false, 9 },
					 .chipset_high_mmio = { false, 9 },
					 .vtl2_chipset_mmio = { false, 9 }, .vtl2_memory_size = 9,
					 .vtl2_memory_alignment = 9);
	struct gpald_blob first = request_blob(&a), second = request_blob(&b);

	assert_blobs_equal(&first, &second);
	gpald_blob_free(&first);
	gpald_blob_free(&second);
}
END_TEST

/*
 * Frozen. These bytes are on the disks of hosts: a change that makes one of the tests below fail
 * loses the layouts of running VMs. Such a change needs a new version of the form, and the old one
 * must still be read.
 */

static const char frozen_request[] =
	"01000f6f70656e766d6d2d323032362e303604038080808008008080808a0c0180808008018080808001"
	"018080808004020303726330ac02101f010201808080100280a080808002808080808402018080808002"
	"0203726331ac028001ff010002808080800c808080a00c01808080800800000472633a32000001000000"
	"0002c80101808080800801808080800280808001808080040204686f6c65808080800880808088080e68"
	"797065727472616e73706f727480808080d01f8080808080202e";
static const char frozen_layout[] =
	"01010f6f70656e766d6d2d323032362e3035020200010205808040ffffbfffffffff0780803c80800480"
	"80c00380800801ac0210ff0180800880e003808080f8010203726330ac02101f0102808008802080800c"
	"80208080800180804001808080028080048080c0021001620001020080c008802080c00c802080808003"
	"0100808014040401010372633080801004808080048080108080c00480800880808005801002000b6c6f"
	"772d72616d2d676170000001030472616d300301029af1d9a2a302ab939eabb404bcb5e2b3c506cdd7a6"
	"bcd60827010510636869707365742d6c6f772d6d6d696f16776879206974206973206c696b656c792077"
	"726f6e67";

static struct gpal_layout sample_layout(void)
{
	static const struct gpal_ram_extent ram[] = { { 0, { 0x1000, 0x3000 } },
						      { 5, { GPAL_4GIB, GPAL_SPACE_END } } };
	static const struct gpal_layout_segment segments[] = {
		{ 300, 16, 255, { 0x20000000, 0x2f000000 }, 0x1f000000 },
	};
	static const struct gpal_layout_root_complex rcs[] = {
		{ .name = "rc0",
		  .segment = 300,
		  .start_bus = 16,
		  .end_bus = 31,
		  .has_node = true,
		  .node = 2,
		  .ecam = { 0x20000000, 0x21000000 },
		  .low_mmio = { 0x30000000, 0x31000000 },
		  .high_mmio = { 0x200000000, 0x300000000 },
		  .has_cxl = true,
		  .cxl_hdm = { 0x400000000, 0x410000000 },
		  .cxl_chbcr = { 0x500000000, 0x500010000 } },
		{ .name = "b",
		  .start_bus = 1,
		  .end_bus = 2,
		  .ecam = { 0x22000000, 0x23000000 },
		  .low_mmio = { 0x32000000, 0x33000000 },
		  .high_mmio = { 0x600000000, 0x600001000 } },
	};
	static const struct gpal_layout_iommu iommus[] = { { "rc0", { 0x40000000, 0x40004000 } } };
	static const struct gpal_map_entry map[] = {
		{ .tag = "low-ram-gap", .kind = GPAL_KIND_RESERVED, .range = { 0, 0x1000 } },
		{ .tag = "ram0", .kind = GPAL_KIND_RAM, .index = 3, .range = { 0x1000, 0x3000 } },
	};
	static const struct gpal_warning warnings[] = {
		{ GPAL_WARN_NO_LOW_MEMORY, "chipset-low-mmio", "why it is likely wrong",
		  "no_low_memory" },
	};

	return (struct gpal_layout){
		.arch = GPAL_ARCH_AARCH64,
		.policy = gpal_policy_find("openvmm-2026.05"),
		.profile = GPAL_PROFILE_LINUX_DIRECT,
		.ram = ram,
		.ram_count = 2,
		.chipset_low_mmio = { 0xf0000000, GPAL_4GIB },
		.chipset_high_mmio = { 0x700000000, 0x720000000 },
		.segments = segments,
		.segment_count = 1,
		.root_complexes = rcs,
		.root_complex_count = 2,
		.virtio_mmio = { 0x50000000, 0x50004000 },
		.virtio_mmio_slots = 4,
		.iommu = GPAL_IOMMU_SMMUV3,
		.iommus = iommus,
		.iommu_count = 1,
		.vtl2_chipset_mmio = { 0x800000000, 0x840000000 },
		.vtl2_memory = { 0x900000000, 0x920000000 },
		.vtl2_framebuffer = { 0xa00000000, 0xa00800000 },
		.map = { .entries = map, .count = 2 },
		.ram_size = 0x123456789a,
		.end_of_ram = 0x23456789ab,
		.end_of_layout = 0x3456789abc,
		.top = 0x456789abcd,
		.required_address_bits = 39,
		.warnings = warnings,
		.warning_count = 1,
	};
}

/* Frees a blob, and returns its bytes as lower-case hex. The caller frees the text. */
static char *hex_of(struct gpald_blob *blob)
{
	char *hex = calloc(2, blob->length + 1);

	for (size_t i = 0; i < blob->length; i++)
		sprintf(hex + 2 * i, "%02x", blob->data[i]);
	gpald_blob_free(blob);
	return hex;
}

static struct gpald_blob blob_of_hex(const char *hex)
{
	const size_t length = strlen(hex) / 2;
	struct gpald_blob blob = { malloc(length), length };
	unsigned int byte;

	for (size_t i = 0; i < length; i++) {
		ck_assert_int_eq(sscanf(hex + 2 * i, "%2x", &byte), 1);
		blob.data[i] = (uint8_t)byte;
	}
	return blob;
}

START_TEST(requests_are_encoded_to_the_frozen_bytes)
{
	const struct gpal_request request = rich_request();
	struct gpald_blob blob = request_blob(&request);
	char *hex = hex_of(&blob);

	ck_assert_str_eq(hex, frozen_request);
	free(hex);
}
END_TEST

START_TEST(layouts_are_encoded_to_the_frozen_bytes)
{
	const struct gpal_layout layout = sample_layout();
	struct gpald_blob blob = layout_blob(&layout);
	char *hex = hex_of(&blob);

	ck_assert_str_eq(hex, frozen_layout);
	free(hex);
}
END_TEST

START_TEST(requests_of_the_first_version_are_read)
{
	struct gpald_blob blob = blob_of_hex(frozen_request);
	struct gpald_arena *arena = gpald_arena_new(0);
	struct gpal_request r;

	ck_assert_int_eq(gpald_decode_request_blob(&blob, arena, &r), GPALD_CODEC_OK);
	gpald_blob_free(&blob);
	ck_assert_int_eq(r.arch, GPAL_ARCH_X86_64);
	ck_assert_str_eq(r.policy->name, "openvmm-2026.06");
	ck_assert_int_eq(r.profile, GPAL_PROFILE_HCL_HOST);
	ck_assert_uint_eq(r.node_count, 3);
	ck_assert_uint_eq(r.nodes[2], 3 * GIB + 20 * MIB);
	ck_assert(r.memory_start.set && r.chipset_low_mmio.set && r.chipset_high_mmio.set);
	ck_assert_uint_eq(r.memory_start.value, 16 * MIB);
	ck_assert_uint_eq(r.chipset_low_mmio.value, 256 * MIB);
	ck_assert_uint_eq(r.chipset_high_mmio.value, 1 * GIB);
	ck_assert_int_eq(r.ecam, GPAL_ECAM_ABOVE_4GIB);
	ck_assert_uint_eq(r.root_complex_count, 3);
	ck_assert_str_eq(r.root_complexes[0].name, "rc0");
	ck_assert_uint_eq(r.root_complexes[0].segment, 300);
	ck_assert_uint_eq(r.root_complexes[0].node, 2);
	ck_assert_uint_eq(r.root_complexes[0].cxl_hdm, 512 * MIB);
	assert_range(r.root_complexes[0].high_mmio.range, 64 * GIB + 4 * KIB, 65 * GIB);
	ck_assert_uint_eq(r.root_complexes[1].high_mmio.size, 2 * GIB);
	ck_assert_int_eq(r.root_complexes[2].iommu, GPAL_IOMMU_AMD_VI);
	ck_assert_uint_eq(r.virtio_mmio_slots, 200);
	ck_assert_uint_eq(r.vtl2_memory_alignment, 2 * MIB);
	ck_assert_uint_eq(r.vtl2_framebuffer, 8 * MIB);
	ck_assert_str_eq(r.reserved[1].name, "hypertransport");
	ck_assert_uint_eq(r.host_physical_address_bits, 46);
	gpald_arena_free(arena);
}
END_TEST

START_TEST(layouts_of_the_first_version_are_read)
{
	const struct gpal_layout expected = sample_layout();
	struct gpald_blob blob = blob_of_hex(frozen_layout);
	struct gpald_arena *arena = gpald_arena_new(0);
	struct gpal_layout l;

	ck_assert_int_eq(gpald_decode_layout_blob(&blob, arena, &l), GPALD_CODEC_OK);
	gpald_blob_free(&blob);
	ck_assert_int_eq(l.arch, GPAL_ARCH_AARCH64);
	ck_assert_str_eq(l.policy->name, "openvmm-2026.05");
	assert_range(l.ram[1].range, GPAL_4GIB, GPAL_SPACE_END);
	ck_assert_uint_eq(l.ram[1].node, 5);
	assert_range(l.chipset_high_mmio, 0x700000000, 0x720000000);
	ck_assert_uint_eq(l.segments[0].bus0_base, 0x1f000000);
	assert_range(l.root_complexes[0].cxl_chbcr, 0x500000000, 0x500010000);
	ck_assert(!l.root_complexes[1].has_node && !l.root_complexes[1].has_cxl);
	ck_assert_uint_eq(l.virtio_mmio_slots, 4);
	ck_assert_int_eq(l.iommu, GPAL_IOMMU_SMMUV3);
	ck_assert_str_eq(l.iommus[0].root_complex, "rc0");
	assert_range(l.vtl2_framebuffer, 0xa00000000, 0xa00800000);
	ck_assert_uint_eq(l.map.entries[1].index, 3);
	ck_assert_uint_eq(l.ram_size, expected.ram_size);
	ck_assert_uint_eq(l.end_of_ram, expected.end_of_ram);
	ck_assert_uint_eq(l.end_of_layout, expected.end_of_layout);
	ck_assert_uint_eq(l.top, expected.top);
	ck_assert_uint_eq(l.required_address_bits, 39);
	ck_assert_int_eq(l.warnings[0].reason, GPAL_WARN_NO_LOW_MEMORY);
	ck_assert_str_eq(l.warnings[0].message, "why it is likely wrong");
	gpald_arena_free(arena);
}
END_TEST

/* The second version ends with a mark for each range: whether an update has kept it. */
START_TEST(layouts_with_kept_ranges_are_of_the_second_version)
{
	struct gpal_layout layout = sample_layout();
	const bool kept[] = { false, true };
	struct gpald_arena *arena = gpald_arena_new(0);
	struct gpald_blob blob;
	char *hex;

	layout.map.kept = kept;
	blob = layout_blob(&layout);
	hex = hex_of(&blob);
	ck_assert_int_eq(strncmp(hex, "02", 2), 0);
	ck_assert_int_eq(strncmp(hex + 2, frozen_layout + 2, strlen(frozen_layout) - 2), 0);
	ck_assert_str_eq(hex + strlen(frozen_layout), "0001");
	blob = blob_of_hex(hex);
	ck_assert_int_eq(gpald_decode_layout_blob(&blob, arena, &layout), GPALD_CODEC_OK);
	ck_assert(!layout.map.kept[0] && layout.map.kept[1]);
	/* The marks are truncated; then the version is a newer one. */
	blob.length--;
	ck_assert_int_eq(gpald_decode_layout_blob(&blob, arena, &layout), GPALD_CODEC_MALFORMED);
	blob.length++;
	blob.data[0] = 4;
	ck_assert_int_eq(gpald_decode_layout_blob(&blob, arena, &layout), GPALD_CODEC_NEWER);
	/* A reserved range is marked; then nothing is marked. */
	blob.data[0] = 2;
	blob.data[blob.length - 2] = 1;
	ck_assert_int_eq(gpald_decode_layout_blob(&blob, arena, &layout), GPALD_CODEC_MALFORMED);
	blob.data[blob.length - 2] = 0;
	blob.data[blob.length - 1] = 0;
	ck_assert_int_eq(gpald_decode_layout_blob(&blob, arena, &layout), GPALD_CODEC_MALFORMED);
	free(hex);
	gpald_blob_free(&blob);
	gpald_arena_free(arena);
}
END_TEST

/* The third version ends with what 0.1.0 could not express, and says whether there are marks. */
START_TEST(layouts_with_an_alias_map_are_of_the_third_version)
{
	static const char *const ends[] = { "01000000", "010000010001" };
	const bool kept[] = { false, true };

	for (size_t i = 0; i < 2; i++) {
		struct gpal_layout layout = sample_layout();
		struct gpald_arena *arena = gpald_arena_new(0);
		struct gpald_blob blob;
		char *hex;

		layout.has_vtl2_alias_map = true;
		layout.map.kept = i ? kept : NULL;
		blob = layout_blob(&layout);
		hex = hex_of(&blob);
		ck_assert_int_eq(strncmp(hex, "03", 2), 0);
		ck_assert_int_eq(strncmp(hex + 2, frozen_layout + 2, strlen(frozen_layout) - 2), 0);
		ck_assert_str_eq(hex + strlen(frozen_layout), ends[i]);
		blob = blob_of_hex(hex);
		ck_assert_int_eq(gpald_decode_layout_blob(&blob, arena, &layout), GPALD_CODEC_OK);
		ck_assert(layout.has_vtl2_alias_map);
		ck_assert_int_eq(layout.map.kept && layout.map.kept[1], i == 1);
		free(hex);
		gpald_blob_free(&blob);
		gpald_arena_free(arena);
	}
}
END_TEST

/* A layout must have a policy; only a request may omit it. */
START_TEST(a_layout_without_a_policy_is_refused)
{
	struct gpal_layout layout = sample_layout();
	struct gpald_arena *arena = gpald_arena_new(0);
	struct gpald_blob blob;

	layout.policy = NULL;
	blob = layout_blob(&layout);
	ck_assert_int_eq(gpald_decode_layout_blob(&blob, arena, &layout), GPALD_CODEC_MALFORMED);
	gpald_blob_free(&blob);
	gpald_arena_free(arena);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("codec_form");

	add_rows(suite, "equality", different_texts_of_the_same_request_have_the_same_bytes,
		 COUNT_OF(same));
	add_rows(suite, "equality", a_request_that_differs_in_any_member_has_other_bytes,
		 COUNT_OF(changes));
	add_rows(suite, "equality", members_of_the_second_version_distinguish_requests,
		 COUNT_OF(others));
	add_test(suite, "equality", names_and_policies_distinguish_requests);
	add_test(suite, "equality", the_order_of_lists_counts);
	add_test(suite, "equality", leftovers_in_unused_members_do_not_count);
	add_test(suite, "frozen", requests_are_encoded_to_the_frozen_bytes);
	add_test(suite, "frozen", layouts_are_encoded_to_the_frozen_bytes);
	add_test(suite, "frozen", requests_of_the_first_version_are_read);
	add_test(suite, "frozen", layouts_of_the_first_version_are_read);
	add_test(suite, "frozen", layouts_with_kept_ranges_are_of_the_second_version);
	add_test(suite, "frozen", layouts_with_an_alias_map_are_of_the_third_version);
	add_test(suite, "layouts", a_layout_without_a_policy_is_refused);
	return run_suite(suite);
}
