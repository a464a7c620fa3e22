/* SPDX-License-Identifier: MIT */
/* Decodes params to structs: members arrive, and every fault has its pointer. */
#include "config.h"

#include "tests/unit/suite.h"
#include "tests/wire.h"
#include "wire/request_decode.h"
#include "wire/size.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *text;
	uint64_t value;
} good_sizes[] = {
	{ "0", 0 },
	{ "4096", 4096 },
	{ "007", 7 },
	{ "1K", 1024 },
	{ "1KB", 1024 },
	{ "1KiB", 1024 },
	{ "64M", UINT64_C(64) << 20 },
	{ "4GiB", UINT64_C(4) << 30 },
	{ "3TB", UINT64_C(3) << 40 },
	{ "16383P", UINT64_C(16383) << 50 },
	{ "0x0", 0 },
	{ "0xfee00000", 0xfee00000 },
	{ "0xFFFFffffFFFFffff", UINT64_MAX },
	{ "18446744073709551615", UINT64_MAX },
	{ "9007199254740993", UINT64_C(9007199254740993) },
	{ "0x0000000000000000001", 1 },
};

START_TEST(sizes_are_read)
{
	uint64_t value = ~good_sizes[_i].value;

	ck_assert_int_eq(gpald_size_parse(good_sizes[_i].text, &value), GPALD_SIZE_OK);
	ck_assert_uint_eq(value, good_sizes[_i].value);
}
END_TEST

static const struct {
	const char *text;
	enum gpald_size_result result;
} bad_sizes[] = {
	{ "", GPALD_SIZE_MALFORMED },
	{ "1.5G", GPALD_SIZE_MALFORMED },
	{ "64m", GPALD_SIZE_MALFORMED },
	{ "64mb", GPALD_SIZE_MALFORMED },
	{ "0x", GPALD_SIZE_MALFORMED },
	{ "0X10", GPALD_SIZE_MALFORMED },
	{ "-1", GPALD_SIZE_MALFORMED },
	{ "+1", GPALD_SIZE_MALFORMED },
	{ " 1", GPALD_SIZE_MALFORMED },
	{ "1 ", GPALD_SIZE_MALFORMED },
	{ "1 G", GPALD_SIZE_MALFORMED },
	{ "G", GPALD_SIZE_MALFORMED },
	{ "1E", GPALD_SIZE_MALFORMED },
	{ "1B", GPALD_SIZE_MALFORMED },
	{ "1Ki", GPALD_SIZE_MALFORMED },
	{ "1kB", GPALD_SIZE_MALFORMED },
	{ "1GiBB", GPALD_SIZE_MALFORMED },
	{ "0x10K", GPALD_SIZE_MALFORMED },
	{ "0xg", GPALD_SIZE_MALFORMED },
	{ "1e3", GPALD_SIZE_MALFORMED },
	{ "ff", GPALD_SIZE_MALFORMED },
	{ "1,000", GPALD_SIZE_MALFORMED },
	{ "18446744073709551616", GPALD_SIZE_OVERFLOW },
	{ "0x10000000000000000", GPALD_SIZE_OVERFLOW },
	{ "16384P", GPALD_SIZE_OVERFLOW },
	{ "99999999999999999999K", GPALD_SIZE_OVERFLOW },
};

START_TEST(an_invalid_size_is_refused)
{
	uint64_t value = 42;

	ck_assert_int_eq(gpald_size_parse(bad_sizes[_i].text, &value), bad_sizes[_i].result);
	ck_assert_uint_eq(value, 42);
}
END_TEST

START_TEST(addresses_are_printed_without_leading_zeros)
{
	char text[GPALD_HEX_SIZE];

	gpald_hex_format(0, text);
	ck_assert_str_eq(text, "0x0");
	gpald_hex_format(UINT64_C(0xfeedface0), text);
	ck_assert_str_eq(text, "0xfeedface0");
	gpald_hex_format(UINT64_MAX, text);
	ck_assert_str_eq(text, "0xffffffffffffffff");
}
END_TEST

/* A decoded request, or its refusal. */
struct decoded {
	cJSON *params;
	struct gpald_arena *arena;
	struct gpal_request request;
	bool advise;
	uint64_t refuse;
	struct gpald_wire_error error;
	int code;
};

static void decode(struct decoded *d, const char *params)
{
	const struct gpald_resolve_params *resolve;

	*d = (struct decoded){ .params = cJSON_Parse(params), .arena = gpald_arena_new(0) };
	ck_assert_msg(d->params != NULL, "not JSON: %s", params);
	resolve = decode_params(&gpald_resolve_params_table, d->params, gpal_policy_default(),
				d->arena, &d->error);
	d->code = resolve ? 0 : -1;
	if (!resolve)
		return;
	d->request = resolve->request;
	d->advise = resolve->advise;
	d->refuse = resolve->refuse;
}

static void clear(struct decoded *d)
{
	gpald_arena_free(d->arena);
	cJSON_Delete(d->params);
}

START_TEST(each_member_is_decoded)
{
	struct decoded d;
	const struct gpal_request *r = &d.request;
	const struct gpal_root_complex *rc;

	decode(&d,
	       "{\"request\":{\"arch\":\"aarch64\",\"policy\":\"openvmm-2026.05\","
	       "\"profile\":\"linux-direct\",\"memory\":{\"nodes\":[\"1G\",0,4096],\"start\":\"1M\"},"
	       "\"chipset\":{\"low_mmio\":1,\"high_mmio\":\"2\"},\"pcie\":{\"ecam\":\"below-4gib\","
	       "\"root_complexes\":[{\"name\":\"rc0\",\"segment\":65535,\"start_bus\":1,\"end_bus\":2,"
	       "\"node\":3,\"low_mmio\":\"4\",\"high_mmio\":{\"start\":\"0x5000\",\"end\":\"0x6000\"},"
	       "\"cxl\":{\"hdm\":\"1G\"},\"iommu\":\"smmuv3\"},{\"name\":\"d\"}]},"
	       "\"virtio_mmio\":{\"slots\":4096},\"vtl2\":{\"chipset_mmio\":7,\"memory\":"
	       "{\"size\":8,\"alignment\":9},\"framebuffer\":10,\"alias_map\":true},\"reserved\":[{\"name\":\"a.b_c:d-E\","
	       "\"start\":11,\"end\":12}],\"host\":{\"physical_address_bits\":64}}}");
	ck_assert_msg(d.code == 0, "%s at %s", d.error.message, d.error.pointer);
	ck_assert_int_eq(r->arch, GPAL_ARCH_AARCH64);
	ck_assert_str_eq(r->policy->name, "openvmm-2026.05");
	ck_assert_int_eq(r->profile, GPAL_PROFILE_LINUX_DIRECT);
	ck_assert_uint_eq(r->node_count, 3);
	ck_assert_uint_eq(r->nodes[0], 1 << 30);
	ck_assert_uint_eq(r->nodes[2], 4096);
	ck_assert(r->memory_start.set && r->memory_start.value == 1 << 20);
	ck_assert(r->chipset_low_mmio.set && r->chipset_low_mmio.value == 1);
	ck_assert(r->chipset_high_mmio.set && r->chipset_high_mmio.value == 2);
	ck_assert_int_eq(r->ecam, GPAL_ECAM_BELOW_4GIB);
	ck_assert_uint_eq(r->root_complex_count, 2);
	rc = &r->root_complexes[0];
	ck_assert_str_eq(rc->name, "rc0");
	ck_assert_uint_eq(rc->segment, 65535);
	ck_assert_uint_eq(rc->start_bus, 1);
	ck_assert_uint_eq(rc->end_bus, 2);
	ck_assert(rc->has_node && rc->node == 3);
	ck_assert(rc->low_mmio.kind == GPAL_WINDOW_SIZE && rc->low_mmio.size == 4);
	ck_assert_int_eq(rc->high_mmio.kind, GPAL_WINDOW_PINNED);
	ck_assert_uint_eq(rc->high_mmio.range.start, 0x5000);
	ck_assert_uint_eq(rc->high_mmio.range.end, 0x6000);
	ck_assert(rc->has_cxl && rc->cxl_hdm == 1 << 30);
	ck_assert_int_eq(rc->iommu, GPAL_IOMMU_SMMUV3);
	rc = &r->root_complexes[1];
	ck_assert_uint_eq(rc->start_bus, 0);
	ck_assert_uint_eq(rc->end_bus, 255);
	ck_assert_int_eq(rc->low_mmio.kind, GPAL_WINDOW_DEFAULT);
	ck_assert(!rc->has_node && !rc->has_cxl && rc->iommu == GPAL_IOMMU_NONE);
	ck_assert_uint_eq(r->virtio_mmio_slots, 4096);
	ck_assert(r->vtl2_chipset_mmio.set && r->vtl2_chipset_mmio.value == 7);
	ck_assert(r->has_vtl2_memory && r->vtl2_memory_size == 8 && r->vtl2_memory_alignment == 9);
	ck_assert(r->vtl2_framebuffer == 10 && r->has_vtl2_alias_map);
	ck_assert_uint_eq(r->reserved_count, 1);
	ck_assert_str_eq(r->reserved[0].name, "a.b_c:d-E");
	ck_assert_uint_eq(r->reserved[0].range.start, 11);
	ck_assert_uint_eq(r->reserved[0].range.end, 12);
	ck_assert_uint_eq(r->host_physical_address_bits, 64);
	clear(&d);
}
END_TEST

/* Those that the request above cannot have at the same time, or that came later. */
START_TEST(each_other_member_is_decoded)
{
	struct decoded d;
	const struct gpal_request *r = &d.request;
	const struct gpal_root_complex *rc;
	const struct gpal_device *device;

	decode(&d,
	       "{\"request\":{\"arch\":\"x86_64\",\"memory\":{\"nodes\":[1],\"low_window\":2,\"hotplug\":["
	       "{\"node\":3,\"size\":4},{\"size\":5,\"alignment\":6}]},\"chipset\":{\"high_mmio\":{\"start\":7,"
	       "\"end\":8},\"vmbus\":false},\"pcie\":{\"root_complexes\":[{\"name\":\"a\",\"low_mmio\":null,"
	       "\"high_mmio\":{\"size\":9,\"alignment\":10},\"cxl\":{}},{\"name\":\"b\",\"low_mmio\":{\"none\":true},"
	       "\"high_mmio\":{\"devices\":[{\"bars\":[11,12],\"sriov\":{\"vfs\":13,\"bars\":[14]}}]}}]},"
	       "\"cxl_windows\":[{\"name\":\"w\",\"targets\":[\"a\",\"c\"],\"size\":15,\"granularity\":512}],"
	       "\"host\":{\"holes\":[\"arm-msi\",\"amd-hypertransport\"]}},"
	       "\"advise\":true,\"refuse\":[\"ram_not_at_zero\"]}");
	ck_assert_msg(d.code == 0, "%s at %s", d.error.message, d.error.pointer);
	ck_assert_uint_eq(r->memory_low_window, 2);
	ck_assert_uint_eq(r->hotplug_room_count, 2);
	ck_assert(r->hotplug_rooms[0].node == 3 && r->hotplug_rooms[0].size == 4);
	ck_assert(!r->hotplug_rooms[0].alignment.set);
	ck_assert(r->hotplug_rooms[1].node == 0 && r->hotplug_rooms[1].size == 5);
	ck_assert(r->hotplug_rooms[1].alignment.set && r->hotplug_rooms[1].alignment.value == 6);
	ck_assert(r->has_pinned_chipset_high_mmio && r->has_no_vmbus);
	ck_assert_uint_eq(r->pinned_chipset_high_mmio.start, 7);
	ck_assert_uint_eq(r->pinned_chipset_high_mmio.end, 8);
	rc = &r->root_complexes[0];
	ck_assert_int_eq(rc->low_mmio.kind, GPAL_WINDOW_NONE);
	ck_assert(rc->high_mmio.kind == GPAL_WINDOW_SIZE && rc->high_mmio.size == 9 &&
		  rc->high_mmio.alignment == 10);
	ck_assert(rc->has_cxl && rc->has_no_cxl_hdm);
	rc = &r->root_complexes[1];
	ck_assert_int_eq(rc->low_mmio.kind, GPAL_WINDOW_NONE);
	ck_assert(rc->high_mmio.kind == GPAL_WINDOW_DEVICES && rc->high_mmio.device_count == 1);
	device = &rc->high_mmio.devices[0];
	ck_assert(device->bar_count == 2 && device->bars[0] == 11 && device->bars[1] == 12);
	ck_assert(device->has_sriov && device->vfs == 13 && device->vf_bar_count == 1 &&
		  device->vf_bars[0] == 14);
	ck_assert_uint_eq(r->cxl_window_count, 1);
	ck_assert_str_eq(r->cxl_windows[0].name, "w");
	ck_assert_uint_eq(r->cxl_windows[0].target_count, 2);
	ck_assert_str_eq(r->cxl_windows[0].targets[0], "a");
	ck_assert_str_eq(r->cxl_windows[0].targets[1], "c");
	ck_assert(r->cxl_windows[0].size == 15 && r->cxl_windows[0].granularity == 512);
	ck_assert_uint_eq(r->host_hole_count, 2);
	ck_assert(r->host_holes[0] == GPAL_HOLE_ARM_MSI &&
		  r->host_holes[1] == GPAL_HOLE_AMD_HYPERTRANSPORT);
	ck_assert(d.advise && d.refuse == UINT64_C(1) << GPAL_WARN_RAM_NOT_AT_ZERO);
	clear(&d);
}
END_TEST

START_TEST(omitted_members_are_left_to_the_policy)
{
	struct decoded d;

	decode(&d, "{\"request\":{\"arch\":\"x86_64\",\"memory\":{\"nodes\":[\"1G\"]}}}");
	ck_assert_int_eq(d.code, 0);
	ck_assert_ptr_eq(d.request.policy, gpal_policy_default());
	ck_assert_int_eq(d.request.profile, GPAL_PROFILE_GEN2_UEFI);
	ck_assert(!d.request.memory_start.set && !d.request.chipset_low_mmio.set &&
		  !d.request.chipset_high_mmio.set && !d.request.vtl2_chipset_mmio.set);
	ck_assert_int_eq(d.request.ecam, GPAL_ECAM_DEFAULT);
	ck_assert_uint_eq(d.request.host_physical_address_bits, 0);
	clear(&d);
}
END_TEST

#define X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define REQUEST(members) \
	"{\"request\":{\"arch\":\"x86_64\",\"memory\":{\"nodes\":[\"1G\"]}," members "}}"
#define RC(members) REQUEST("\"pcie\":{\"root_complexes\":[{\"name\":\"a\"},{" members "}]}")
#define NODE(value) "{\"request\":{\"arch\":\"x86_64\",\"memory\":{\"nodes\":[" value "]}}}"
#define OUT_OF_RANGE GPALD_REASON_OF(GPAL_E_OUT_OF_RANGE)

static const struct {
	const char *params;
	enum gpald_reason reason;
	const char *pointer;
} refused[] = {
	{ "{}", GPALD_MISSING_MEMBER, "/request" },
	{ "{\"request\":null}", GPALD_WRONG_TYPE, "/request" },
	{ "{\"request\":[]}", GPALD_WRONG_TYPE, "/request" },
	{ "{\"request\":{}}", GPALD_MISSING_MEMBER, "/request/arch" },
	{ "{\"request\":{\"arch\":\"x86_64\"}}", GPALD_MISSING_MEMBER, "/request/memory" },
	{ "{\"request\":{\"arch\":\"x86_64\",\"memory\":{}}}", GPALD_MISSING_MEMBER,
	  "/request/memory/nodes" },
	{ "{\"request\":{\"arch\":\"riscv64\",\"memory\":{\"nodes\":[1]}}}", OUT_OF_RANGE,
	  "/request/arch" },
	{ "{\"request\":{\"arch\":1,\"memory\":{\"nodes\":[1]}}}", GPALD_WRONG_TYPE,
	  "/request/arch" },
	{ "{\"request\":{\"Arch\":\"x86_64\"}}", GPALD_UNKNOWN_MEMBER, "/request/Arch" },
	{ "{\"reqest\":{}}", GPALD_UNKNOWN_MEMBER, "/reqest" },
	{ REQUEST("\"a/b~c\":1"), GPALD_UNKNOWN_MEMBER, "/request/a~1b~0c" },
	{ REQUEST("\"policy\":\"openvmm\""), GPALD_UNKNOWN_POLICY, "/request/policy" },
	{ REQUEST("\"policy\":7"), GPALD_WRONG_TYPE, "/request/policy" },
	{ REQUEST("\"profile\":\"gen3\""), OUT_OF_RANGE, "/request/profile" },
	{ REQUEST("\"chipset\":{\"mid_mmio\":1}"), GPALD_UNKNOWN_MEMBER,
	  "/request/chipset/mid_mmio" },
	{ REQUEST("\"chipset\":{\"low_mmio\":true}"), GPALD_WRONG_TYPE,
	  "/request/chipset/low_mmio" },
	{ REQUEST("\"pcie\":{\"ecam\":\"high\"}"), OUT_OF_RANGE, "/request/pcie/ecam" },
	{ REQUEST("\"pcie\":{\"root_complexes\":{}}"), GPALD_WRONG_TYPE,
	  "/request/pcie/root_complexes" },
	{ REQUEST("\"pcie\":{\"root_complexes\":[7]}"), GPALD_WRONG_TYPE,
	  "/request/pcie/root_complexes/0" },
	{ REQUEST("\"virtio_mmio\":{\"slots\":4097}"), OUT_OF_RANGE, "/request/virtio_mmio/slots" },
	{ REQUEST("\"virtio_mmio\":{\"slots\":-1}"), OUT_OF_RANGE, "/request/virtio_mmio/slots" },
	{ REQUEST("\"virtio_mmio\":{\"slots\":1.5}"), GPALD_WRONG_TYPE,
	  "/request/virtio_mmio/slots" },
	{ REQUEST("\"virtio_mmio\":{\"slots\":\"4\"}"), GPALD_WRONG_TYPE,
	  "/request/virtio_mmio/slots" },
	{ REQUEST("\"virtio_mmio\":{}"), GPALD_MISSING_MEMBER, "/request/virtio_mmio/slots" },
	{ REQUEST("\"vtl2\":{\"memory\":{\"size\":1}}"), GPALD_MISSING_MEMBER,
	  "/request/vtl2/memory/alignment" },
	{ REQUEST("\"vtl2\":{\"framebuffer\":\"8m\"}"), GPALD_BAD_SIZE,
	  "/request/vtl2/framebuffer" },
	{ REQUEST("\"reserved\":[{\"name\":\"a\",\"start\":0}]"), GPALD_MISSING_MEMBER,
	  "/request/reserved/0/end" },
	{ REQUEST("\"reserved\":[{\"name\":\"a\\u0009b\",\"start\":0,\"end\":1}]"), GPALD_BAD_NAME,
	  "/request/reserved/0/name" },
	{ REQUEST("\"host\":{\"physical_address_bits\":0}"), OUT_OF_RANGE,
	  "/request/host/physical_address_bits" },
	{ REQUEST("\"host\":{\"physical_address_bits\":65}"), OUT_OF_RANGE,
	  "/request/host/physical_address_bits" },
	{ RC("\"segment\":1"), GPALD_MISSING_MEMBER, "/request/pcie/root_complexes/1/name" },
	{ RC("\"name\":\"\""), GPALD_BAD_NAME, "/request/pcie/root_complexes/1/name" },
	{ RC("\"name\":\"\xc2\x85\""), GPALD_BAD_NAME, "/request/pcie/root_complexes/1/name" },
	{ RC("\"name\":\"" X64 X64 X64 X64 "\""), GPALD_BAD_NAME,
	  "/request/pcie/root_complexes/1/name" },
	{ REQUEST("\"reserved\":[{\"name\":\"" X64 X64 X64 X64 "x\",\"start\":0,\"end\":1}]"),
	  GPALD_BAD_NAME, "/request/reserved/0/name" },
	{ RC("\"name\":\"b\",\"low_mmio\":{\"devices\":[]}"), OUT_OF_RANGE,
	  "/request/pcie/root_complexes/1/low_mmio/devices" },
	{ RC("\"name\":\"b\",\"low_mmio\":{\"devices\":[{\"bars\":[1,2,3,4,5,6,7]}]}"),
	  OUT_OF_RANGE, "/request/pcie/root_complexes/1/low_mmio/devices/0/bars" },
	{ RC("\"name\":\"b\",\"low_mmio\":{\"devices\":[{\"sriov\":{}}]}"), GPALD_MISSING_MEMBER,
	  "/request/pcie/root_complexes/1/low_mmio/devices/0/sriov/vfs" },
	{ RC("\"name\":\"b\",\"low_mmio\":{\"devices\":[{\"bars\":[1],\"sriov\":{\"vfs\":257,"
	     "\"bars\":[1]}}]}"),
	  OUT_OF_RANGE, "/request/pcie/root_complexes/1/low_mmio/devices/0/sriov/vfs" },
	{ RC("\"name\":\"b\",\"low_mmio\":{\"devices\":[{\"bars\":[1]}],\"size\":1}"),
	  GPALD_UNKNOWN_MEMBER, "/request/pcie/root_complexes/1/low_mmio/size" },
	{ REQUEST("\"cxl_windows\":[{\"name\":\"w\",\"targets\":[],\"size\":1}]"), OUT_OF_RANGE,
	  "/request/cxl_windows/0/targets" },
	{ REQUEST("\"cxl_windows\":[{\"name\":\"w\",\"targets\":[\"a\"],\"size\":1,"
		  "\"granularity\":0}]"),
	  OUT_OF_RANGE, "/request/cxl_windows/0/granularity" },
	{ REQUEST("\"cxl_windows\":[{\"name\":\"w\",\"targets\":[\"\"],\"size\":1}]"),
	  GPALD_BAD_NAME, "/request/cxl_windows/0/targets/0" },
	{ RC("\"name\":\"b\",\"segment\":65536"), OUT_OF_RANGE,
	  "/request/pcie/root_complexes/1/segment" },
	{ RC("\"name\":\"b\",\"end_bus\":256"), OUT_OF_RANGE,
	  "/request/pcie/root_complexes/1/end_bus" },
	{ RC("\"name\":\"b\",\"start_bus\":null"), GPALD_WRONG_TYPE,
	  "/request/pcie/root_complexes/1/start_bus" },
	{ RC("\"name\":\"b\",\"low_mmio\":[]"), GPALD_WRONG_TYPE,
	  "/request/pcie/root_complexes/1/low_mmio" },
	{ RC("\"name\":\"b\",\"low_mmio\":{\"start\":1}"), GPALD_MISSING_MEMBER,
	  "/request/pcie/root_complexes/1/low_mmio/end" },
	{ RC("\"name\":\"b\",\"low_mmio\":{\"start\":1,\"end\":\"1.5G\"}"), GPALD_BAD_SIZE,
	  "/request/pcie/root_complexes/1/low_mmio/end" },
	{ RC("\"name\":\"b\",\"cxl\":{\"hdm\":null}"), GPALD_WRONG_TYPE,
	  "/request/pcie/root_complexes/1/cxl/hdm" },
	{ RC("\"name\":\"b\",\"low_mmio\":{}"), GPALD_MISSING_MEMBER,
	  "/request/pcie/root_complexes/1/low_mmio" },
	{ RC("\"name\":\"b\",\"low_mmio\":{\"alignment\":\"4M\"}"), GPALD_MISSING_MEMBER,
	  "/request/pcie/root_complexes/1/low_mmio/size" },
	{ RC("\"name\":\"b\",\"low_mmio\":{\"size\":\"4M\",\"start\":0}"), GPALD_UNKNOWN_MEMBER,
	  "/request/pcie/root_complexes/1/low_mmio/start" },
	{ RC("\"name\":\"b\",\"high_mmio\":{\"none\":false}"), GPALD_WRONG_TYPE,
	  "/request/pcie/root_complexes/1/high_mmio/none" },
	{ RC("\"name\":\"b\",\"high_mmio\":{\"none\":true,\"size\":1}"), GPALD_UNKNOWN_MEMBER,
	  "/request/pcie/root_complexes/1/high_mmio/size" },
	{ REQUEST("\"chipset\":{\"high_mmio\":{\"size\":1,\"start\":0}}"), GPALD_UNKNOWN_MEMBER,
	  "/request/chipset/high_mmio/start" },
	{ REQUEST("\"chipset\":{\"vmbus\":null}"), GPALD_WRONG_TYPE, "/request/chipset/vmbus" },
	{ REQUEST("\"vtl2\":{\"alias_map\":1}"), GPALD_WRONG_TYPE, "/request/vtl2/alias_map" },
	{ REQUEST("\"chipset\":{\"high_mmio\":{\"start\":0}}"), GPALD_MISSING_MEMBER,
	  "/request/chipset/high_mmio/end" },
	{ REQUEST("\"chipset\":{\"high_mmio\":{}}"), GPALD_MISSING_MEMBER,
	  "/request/chipset/high_mmio/start" },
	{ REQUEST("\"chipset\":{\"high_mmio\":{\"none\":true}}"), GPALD_UNKNOWN_MEMBER,
	  "/request/chipset/high_mmio/none" },
	{ RC("\"name\":\"b\",\"iommu\":\"none\""), OUT_OF_RANGE,
	  "/request/pcie/root_complexes/1/iommu" },
	{ NODE("9007199254740992"), OUT_OF_RANGE, "/request/memory/nodes/0" },
	{ NODE("9007199254740993"), OUT_OF_RANGE, "/request/memory/nodes/0" },
	{ NODE("1e300"), OUT_OF_RANGE, "/request/memory/nodes/0" },
	{ NODE("-1"), OUT_OF_RANGE, "/request/memory/nodes/0" },
	{ NODE("0,1.5"), GPALD_BAD_SIZE, "/request/memory/nodes/1" },
	{ NODE("\"1.5G\""), GPALD_BAD_SIZE, "/request/memory/nodes/0" },
	{ NODE("\"64m\""), GPALD_BAD_SIZE, "/request/memory/nodes/0" },
	{ NODE("\"0x\""), GPALD_BAD_SIZE, "/request/memory/nodes/0" },
	{ NODE("\"-1\""), GPALD_BAD_SIZE, "/request/memory/nodes/0" },
	{ NODE("\"0x10000000000000000\""), OUT_OF_RANGE, "/request/memory/nodes/0" },
	{ NODE("[]"), GPALD_WRONG_TYPE, "/request/memory/nodes/0" },
};

START_TEST(faults_are_named_by_their_pointer)
{
	struct decoded d;

	decode(&d, refused[_i].params);
	ck_assert_int_eq(d.code, -1);
	ck_assert_msg(d.error.reason == refused[_i].reason, "%s: %s: %s", refused[_i].params,
		      gpald_reason_token(d.error.reason), d.error.message);
	ck_assert(d.error.has_pointer);
	ck_assert_str_eq(d.error.pointer, refused[_i].pointer);
	ck_assert_str_ne(d.error.message, "");
	clear(&d);
}
END_TEST

static const struct {
	const char *params, *message;
} messages[] = {
	{ "{\"request\":{\"arch\":\"riscv64\"}}", "\"riscv64\" is not one of: x86_64, aarch64" },
	{ REQUEST("\"pcie\":{\"root_complexes\":[{\"iommu\":\"none\"}]}"),
	  "\"none\" is not one of: smmuv3, amd-vi, intel-vtd" },
	{ REQUEST("\"vtl2\":{\"a\":1}"),
	  "unknown member a; known here: chipset_mmio, memory, framebuffer, alias_map" },
	{ REQUEST("\"policy\":\"x\""),
	  "no such policy; this daemon has openvmm-2026.05, openvmm-2026.06, openvmm-2026.07" },
	{ RC("\"name\":\"b\",\"low_mmio\":{}"),
	  "a window needs size, devices, none, or both start and end" },
	{ RC("\"name\":\"b\",\"low_mmio\":{\"none\":false}"),
	  "expected true, not false; to have a window, give its size instead of none" },
	{ RC("\"name\":\"b\",\"low_mmio\":{\"none\":1}"), "expected true, not a number" },
	{ RC("\"name\":\"b\",\"low_mmio\":{\"sizes\":1}"),
	  "unknown member sizes; known here: size and alignment, devices, none, or start and end" },
	{ REQUEST("\"chipset\":{\"high_mmio\":null}"),
	  "expected a size (0 for none), or an object with size, or with start and end, not null" },
	{ REQUEST("\"chipset\":{\"high_mmio\":{}}"),
	  "the window needs size, or both start and end" },
	{ REQUEST("\"chipset\":{\"high_mmio\":{\"none\":true}}"),
	  "unknown member none; known here: size, or start and end" },
	{ REQUEST("\"vtl2\":[]"), "expected an object, not an array" },
	{ REQUEST("\"vtl2\":null"), "expected an object, not null" },
	{ REQUEST("\"policy\":{}"), "expected a string, not an object" },
	{ REQUEST("\"policy\":1"), "expected a string, not a number" },
	{ REQUEST("\"policy\":false"), "expected a string, not a boolean" },
	{ REQUEST("\"virtio_mmio\":{\"slots\":\"4\"}"), "expected an integer, not a string" },
};

START_TEST(a_message_says_what_would_be_right)
{
	struct decoded d;

	decode(&d, messages[_i].params);
	ck_assert_int_eq(d.code, -1);
	ck_assert_str_eq(d.error.message, messages[_i].message);
	clear(&d);
}
END_TEST

START_TEST(the_greatest_exact_integer_is_accepted)
{
	struct decoded d;

	decode(&d, NODE("9007199254740991"));
	ck_assert_int_eq(d.code, 0);
	ck_assert_uint_eq(d.request.nodes[0], UINT64_C(9007199254740991));
	clear(&d);
}
END_TEST

/* Returns params with `count` copies of an element in a list. */
static char *with_list(const char *before, const char *element, size_t count, const char *after)
{
	char *text = malloc(strlen(before) + (strlen(element) + 1) * count + strlen(after) + 1);
	char *at = text;

	ck_assert_ptr_nonnull(text);
	at = stpcpy(at, before);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			*at++ = ',';
		at = stpcpy(at, element);
	}
	strcpy(at, after);
	return text;
}

static const struct {
	const char *before, *element, *after, *pointer;
	size_t most;
} lists[] = {
	{ "{\"request\":{\"arch\":\"x86_64\",\"memory\":{\"nodes\":[", "1", "]}}}",
	  "/request/memory/nodes", GPALD_MEMORY_NODES_MAX },
	{ "{\"request\":{\"arch\":\"x86_64\",\"memory\":{\"nodes\":[1]},\"pcie\":{\"root_complexes\":[",
	  "{\"name\":\"a\"}", "]}}}", "/request/pcie/root_complexes", GPALD_ROOT_COMPLEXES_MAX },
};

START_TEST(lists_are_limited)
{
	struct decoded d;
	char *text =
		with_list(lists[_i].before, lists[_i].element, lists[_i].most, lists[_i].after);

	decode(&d, text);
	ck_assert_int_eq(d.code, 0);
	clear(&d);
	free(text);

	text = with_list(lists[_i].before, lists[_i].element, lists[_i].most + 1, lists[_i].after);
	decode(&d, text);
	ck_assert_int_eq(d.code, -1);
	ck_assert_int_eq(d.error.reason, OUT_OF_RANGE);
	ck_assert_str_eq(d.error.pointer, lists[_i].pointer);
	clear(&d);
	free(text);
}
END_TEST

START_TEST(a_key_too_long_for_a_pointer_points_to_its_object)
{
	enum {
		LENGTH = 600
	};
	char text[LENGTH + 64], *at = stpcpy(text, "{\"request\":{\"");
	struct decoded d;

	/*
	 * One-byte and then two-byte characters, so that a cut at the wrong byte leaves half a
	 * character.
	 */
	*at++ = 'k';
	for (int i = 0; i < LENGTH / 2; i++)
		at = stpcpy(at, "\xc3\xa9");
	strcpy(at, "\":1}}");
	decode(&d, text);
	ck_assert_int_eq(d.error.reason, GPALD_UNKNOWN_MEMBER);
	ck_assert_str_eq(d.error.pointer, "/request");
	ck_assert_ptr_nonnull(strstr(d.error.message, "unknown member k\xc3\xa9"));
	ck_assert_ptr_nonnull(strstr(d.error.message, "\xc3\xa9;"));
	clear(&d);
}
END_TEST

static const struct {
	size_t length; /* length of the key without its last character */
	const char *last, *pointer_end;
} long_keys[] = {
	{ GPALD_WIRE_POINTER_MAX - sizeof("/request/") + 1 - 1, "x", "kx" },
	{ GPALD_WIRE_POINTER_MAX - sizeof("/request/") + 1, "x", NULL },
	{ GPALD_WIRE_POINTER_MAX - sizeof("/request/") + 1 - 2, "~", "k~0" },
	{ GPALD_WIRE_POINTER_MAX - sizeof("/request/") + 1 - 2, "/", "k~1" },
	{ GPALD_WIRE_POINTER_MAX - sizeof("/request/") + 1 - 1, "/", NULL },
	{ GPALD_WIRE_POINTER_MAX - sizeof("/request/") + 1, "", "kk" },
};

START_TEST(a_pointer_of_the_greatest_length_is_whole)
{
	char text[GPALD_WIRE_POINTER_MAX + 64], *at = stpcpy(text, "{\"request\":{\"");
	const char *end = long_keys[_i].pointer_end;
	struct decoded d;

	memset(at, 'k', long_keys[_i].length);
	stpcpy(stpcpy(at + long_keys[_i].length, long_keys[_i].last), "\":1}}");
	decode(&d, text);
	if (end) {
		ck_assert_uint_eq(strlen(d.error.pointer), GPALD_WIRE_POINTER_MAX);
		ck_assert_str_eq(d.error.pointer + GPALD_WIRE_POINTER_MAX - strlen(end), end);
	} else {
		ck_assert_str_eq(d.error.pointer, "/request");
	}
	clear(&d);
}
END_TEST

START_TEST(the_lists_of_the_allocator_are_decoded)
{
	cJSON *params = cJSON_Parse(
		"{\"reserved\":[{\"tag\":\"r\",\"start\":1,\"end\":2}],"
		"\"fixed\":[{\"tag\":\"f\",\"start\":3,\"end\":4}],"
		"\"mmio32\":[{\"tag\":\"a\",\"size\":5,\"alignment\":6}],"
		"\"ram\":[{\"tag\":\"b\",\"size\":7,\"alignment\":8},{\"tag\":\"c\",\"size\":9,\"alignment\":10}],"
		"\"mmio64\":[],\"post_mmio\":[{\"tag\":\"d\",\"size\":11,\"alignment\":12}]}");
	struct gpald_arena *arena = gpald_arena_new(0);
	const struct gpal_alloc_input *input;
	struct gpald_wire_error error;

	input = decode_params(&gpald_allocate_params_table, params, NULL, arena, &error);
	ck_assert_ptr_nonnull(input);
	ck_assert_uint_eq(input->reserved_count, 1);
	ck_assert_uint_eq(input->reserved[0].range.end, 2);
	ck_assert_uint_eq(input->fixed_count, 1);
	ck_assert_str_eq(input->fixed[0].tag, "f");
	ck_assert_uint_eq(input->mmio32_count, 1);
	ck_assert_uint_eq(input->mmio32[0].alignment, 6);
	ck_assert_uint_eq(input->ram_count, 2);
	ck_assert_uint_eq(input->ram[1].size, 9);
	ck_assert_uint_eq(input->mmio64_count, 0);
	ck_assert_uint_eq(input->post_mmio_count, 1);
	ck_assert_str_eq(input->post_mmio[0].tag, "d");
	gpald_arena_free(arena);
	cJSON_Delete(params);
}
END_TEST

START_TEST(methods_without_params_take_none)
{
	cJSON *empty = cJSON_Parse("{}"), *some = cJSON_Parse("{\"a\":1}");
	struct gpald_arena *arena = gpald_arena_new(0);
	struct gpald_wire_error error;

	ck_assert_ptr_nonnull(decode_params(&gpald_no_params_table, NULL, NULL, arena, &error));
	ck_assert_ptr_nonnull(decode_params(&gpald_no_params_table, empty, NULL, arena, &error));
	ck_assert_ptr_null(decode_params(&gpald_no_params_table, some, NULL, arena, &error));
	ck_assert_int_eq(error.reason, GPALD_UNKNOWN_MEMBER);
	ck_assert_str_eq(error.pointer, "/a");
	ck_assert_str_eq(error.message, "unknown member a; known here: none");
	gpald_arena_free(arena);
	cJSON_Delete(empty);
	cJSON_Delete(some);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("request_decode");

	add_rows(suite, "sizes", sizes_are_read, COUNT_OF(good_sizes));
	add_rows(suite, "sizes", an_invalid_size_is_refused, COUNT_OF(bad_sizes));
	add_test(suite, "sizes", addresses_are_printed_without_leading_zeros);
	add_test(suite, "request", each_member_is_decoded);
	add_test(suite, "request", each_other_member_is_decoded);
	add_test(suite, "request", omitted_members_are_left_to_the_policy);
	add_rows(suite, "request", faults_are_named_by_their_pointer, COUNT_OF(refused));
	add_rows(suite, "request", a_message_says_what_would_be_right, COUNT_OF(messages));
	add_test(suite, "request", the_greatest_exact_integer_is_accepted);
	add_rows(suite, "request", lists_are_limited, COUNT_OF(lists));
	add_test(suite, "request", a_key_too_long_for_a_pointer_points_to_its_object);
	add_rows(suite, "request", a_pointer_of_the_greatest_length_is_whole, COUNT_OF(long_keys));
	add_test(suite, "params", the_lists_of_the_allocator_are_decoded);
	add_test(suite, "params", methods_without_params_take_none);
	return run_suite(suite);
}
