/* SPDX-License-Identifier: MIT */
/* Tests the promises of gpal_resolve(). */
#include "property.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MIB UINT64_C(0x100000)
#define GIB UINT64_C(0x40000000)

enum seen {
	/* The codes come first: the index of a code is its negated value. */
	FIRST_FEATURE = GPAL_CODE_COUNT,
	X86_64 = FIRST_FEATURE,
	AARCH64,
	POLICY_NONE,
	POLICY_05,
	POLICY_06,
	POLICY_07,
	PROFILE_FIRST,
	PROFILE_LAST = PROFILE_FIRST + GPAL_PROFILE_COUNT - 1,
	WARNING_FIRST,
	WARNING_LAST = WARNING_FIRST + GPAL_WARN_COUNT - 1,
	NO_MMIO32,
	NO_RAM,
	NO_MMIO64,
	NO_POST_MMIO,
	ECAM_BELOW,
	ECAM_ABOVE,
	SHARED_SEGMENT,
	MANY_SEGMENTS,
	PINNED_LOW,
	PINNED_HIGH,
	CXL,
	SMMUV3,
	AMD_VI,
	INTEL_VTD,
	VIRTIO,
	VTL2_CHIPSET,
	VTL2_MEMORY,
	VTL2_FRAMEBUFFER,
	EMPTY_NODE,
	MANY_NODES,
	NODE_SPLIT,
	MEMORY_START,
	RESERVED_KEPT,
	RESERVED_DROPPED,
	NO_CHIPSET_HIGH,
	WIDTH_MET,
	TOP_ABOVE_2_63,
	DEVICES_LOW,
	DEVICES_HIGH,
	DEVICES_MANY,
	DEVICES_ALIGNED,
	FUNCTIONS,
	ROOM,
	ROOMS,
	ROOM_ALIGNED,
	ROOM_AND_VTL2,
	LOW_WINDOW,
	LOW_WINDOW_ALONE,
	CXL_WINDOW,
	CXL_WINDOWS,
	CXL_INTERLEAVED_3,
	CXL_INTERLEAVED_16,
	CXL_GRANULARITY,
	ALL_AT_ONCE,
	ODD_NAME,
	LONGEST_NAME,
	FIRST_ERROR,
	BAD_DEVICE_COUNT = FIRST_ERROR,
	BAD_BAR,
	BAD_FUNCTION_BAR,
	DEVICES_TOO_LARGE,
	BAD_TARGET_COUNT,
	BAD_GRANULARITY,
	TARGET_TWICE,
	BAD_TARGET,
	CXL_NAME_TWICE,
	BAD_CXL_SIZE,
	EMPTY_CXL_WINDOW,
	NO_CXL_WINDOW,
	ROOM_ON_NO_NODE,
	BAD_ROOM_SIZE,
	BAD_ROOM_ALIGNMENT,
	NO_HOTPLUG_ROOM,
	BAD_LOW_WINDOW,
	NO_LOW_WINDOW,
	NO_REST_OF_NODE,
	NO_DEVICES,
	LAST_ERROR = NO_DEVICES,
	SEEN_COUNT
};

/* Errors that need more than their code to be distinguished. */
static const struct {
	const char *name;
	enum gpal_code code;
	enum gpal_subject subject;
	const char *part; /* occurs in the error's part; NULL if that is empty */
} error_features[SEEN_COUNT] = {
	[BAD_BAR] = { "invalid bar", GPAL_E_INVALID_SIZE, GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO,
		      "/bars/" },
	[BAD_FUNCTION_BAR] = { "invalid bar of virtual functions", GPAL_E_INVALID_SIZE,
			       GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO, "/sriov/bars/" },
	[BAD_TARGET_COUNT] = { "invalid number of targets", GPAL_E_OUT_OF_RANGE,
			       GPAL_SUBJECT_CXL_WINDOW_TARGETS, NULL },
	[BAD_GRANULARITY] = { "invalid granularity", GPAL_E_OUT_OF_RANGE,
			      GPAL_SUBJECT_CXL_WINDOW_GRANULARITY, NULL },
	[TARGET_TWICE] = { "target twice", GPAL_E_DUPLICATE_NAME, GPAL_SUBJECT_CXL_WINDOW_TARGETS,
			   NULL },
	[BAD_TARGET] = { "target without cxl", GPAL_E_OUT_OF_RANGE, GPAL_SUBJECT_CXL_WINDOW_TARGETS,
			 "/" },
	[CXL_NAME_TWICE] = { "name of two cxl windows", GPAL_E_DUPLICATE_NAME,
			     GPAL_SUBJECT_CXL_WINDOW_NAME, NULL },
	[BAD_CXL_SIZE] = { "cxl window of an odd size", GPAL_E_INVALID_HDM,
			   GPAL_SUBJECT_CXL_WINDOW_SIZE, NULL },
	[EMPTY_CXL_WINDOW] = { "empty cxl window", GPAL_E_INVALID_SIZE,
			       GPAL_SUBJECT_CXL_WINDOW_SIZE, NULL },
	[NO_CXL_WINDOW] = { "exhausted, cxl window", GPAL_E_EXHAUSTED, GPAL_SUBJECT_CXL_WINDOW_SIZE,
			    NULL },
	[ROOM_ON_NO_NODE] = { "room on a node that does not exist", GPAL_E_NODE_OUT_OF_RANGE,
			      GPAL_SUBJECT_HOTPLUG_NODE, NULL },
	[BAD_ROOM_SIZE] = { "room of an odd size", GPAL_E_INVALID_SIZE, GPAL_SUBJECT_HOTPLUG_SIZE,
			    NULL },
	[BAD_ROOM_ALIGNMENT] = { "room of an odd alignment", GPAL_E_INVALID_ALIGNMENT,
				 GPAL_SUBJECT_HOTPLUG_ALIGNMENT, NULL },
	[NO_HOTPLUG_ROOM] = { "exhausted, room", GPAL_E_EXHAUSTED, GPAL_SUBJECT_HOTPLUG_SIZE,
			      NULL },
	[BAD_LOW_WINDOW] = { "invalid low ram window", GPAL_E_INVALID_MEMORY,
			     GPAL_SUBJECT_MEMORY_LOW_WINDOW, NULL },
	[NO_LOW_WINDOW] = { "exhausted, low ram window", GPAL_E_EXHAUSTED,
			    GPAL_SUBJECT_MEMORY_LOW_WINDOW, NULL },
};

static void name_features(struct feature_count seen[SEEN_COUNT])
{
	static const char *const names[SEEN_COUNT] = {
		[X86_64] = "x86_64",
		[AARCH64] = "aarch64",
		[POLICY_NONE] = "no policy named",
		[POLICY_05] = "openvmm-2026.05",
		[POLICY_06] = "openvmm-2026.06",
		[POLICY_07] = "openvmm-2026.07",
		[NO_MMIO32] = "exhausted, mmio32",
		[NO_RAM] = "exhausted, ram",
		[NO_MMIO64] = "exhausted, mmio64",
		[NO_POST_MMIO] = "exhausted, post_mmio",
		[ECAM_BELOW] = "ecam below 4 GiB",
		[ECAM_ABOVE] = "ecam above 4 GiB",
		[SHARED_SEGMENT] = "segment of several root complexes",
		[MANY_SEGMENTS] = "several segments",
		[PINNED_LOW] = "pinned low window",
		[PINNED_HIGH] = "pinned high window",
		[CXL] = "cxl",
		[SMMUV3] = "smmuv3",
		[AMD_VI] = "amd-vi",
		[INTEL_VTD] = "intel-vtd",
		[VIRTIO] = "virtio-mmio",
		[VTL2_CHIPSET] = "vtl2 chipset mmio",
		[VTL2_MEMORY] = "vtl2 memory",
		[VTL2_FRAMEBUFFER] = "vtl2 framebuffer",
		[EMPTY_NODE] = "node without ram",
		[MANY_NODES] = "more than 8 nodes",
		[NODE_SPLIT] = "node in several extents",
		[MEMORY_START] = "memory starts above 0",
		[RESERVED_KEPT] = "reserved range reported",
		[RESERVED_DROPPED] = "trailing reserved range dropped",
		[NO_CHIPSET_HIGH] = "no chipset high mmio",
		[WIDTH_MET] = "exactly the host's address width",
		[TOP_ABOVE_2_63] = "64 address bits",
		[DEVICES_LOW] = "low window for devices",
		[DEVICES_HIGH] = "high window for devices",
		[DEVICES_MANY] = "window for more than 100 devices",
		[DEVICES_ALIGNED] = "window of an alignment that devices need",
		[FUNCTIONS] = "devices with virtual functions",
		[ROOM] = "room",
		[ROOMS] = "several rooms",
		[ROOM_ALIGNED] = "room with an alignment",
		[ROOM_AND_VTL2] = "room and vtl2",
		[LOW_WINDOW] = "low window of ram",
		[LOW_WINDOW_ALONE] = "low window with all of node 0",
		[CXL_WINDOW] = "cxl window",
		[CXL_WINDOWS] = "several cxl windows",
		[CXL_INTERLEAVED_3] = "cxl window over 3, 6 or 12",
		[CXL_INTERLEAVED_16] = "cxl window over 16",
		[CXL_GRANULARITY] = "granularity",
		[ALL_AT_ONCE] = "devices, room, low ram window and cxl window",
		[ODD_NAME] = "name of other characters than letters and digits",
		[LONGEST_NAME] = "name of 255 bytes",
		[BAD_DEVICE_COUNT] = "too few or too many devices, bars or virtual functions",
		[DEVICES_TOO_LARGE] = "devices that need 2^64 bytes",
		[NO_REST_OF_NODE] = "exhausted, node 0 above its low window",
		[NO_DEVICES] = "exhausted, window for devices",
	};

	for (int i = 0; i < GPAL_CODE_COUNT; i++)
		seen[i].name = gpal_code_token(-i);
	for (int i = FIRST_FEATURE; i < SEEN_COUNT; i++)
		seen[i].name = error_features[i].name ? error_features[i].name : names[i];
	for (int i = 0; i < GPAL_PROFILE_COUNT; i++)
		seen[PROFILE_FIRST + i].name = gpal_profile_name((enum gpal_profile)i);
	for (int i = 0; i < GPAL_WARN_COUNT; i++)
		seen[WARNING_FIRST + i].name = gpal_warning_token((enum gpal_warning_reason)i);

	/* No request can cause these. */
	seen[-GPAL_E_NO_MEMORY].count = 1;
	seen[-GPAL_E_INTERNAL].count = 1;
	/* Only updates have the first two, and only a caller that refuses warnings has the last. */
	seen[-GPAL_E_WOULD_MOVE].count = 1;
	seen[-GPAL_E_WOULD_REMOVE].count = 1;
	seen[-GPAL_E_WARNING_REFUSED].count = 1;
}

static void look_at_name(struct feature_count *seen, const char *name)
{
	bool odd = false;

	for (const char *at = name; *at; at++)
		odd |= !isalnum((unsigned char)*at);
	seen[ODD_NAME].count += odd;
	seen[LONGEST_NAME].count += strlen(name) == 255;
}

static bool look_at_devices(struct feature_count *seen, const struct gpal_window *window,
			    uint64_t usual)
{
	uint64_t size, alignment;

	if (window->kind != GPAL_WINDOW_DEVICES)
		return false;
	oracle_size_devices(window, usual, &size, &alignment);
	seen[DEVICES_ALIGNED].count += alignment > usual;
	seen[DEVICES_MANY].count += window->device_count > 100;
	for (size_t i = 0; i < window->device_count; i++)
		seen[FUNCTIONS].count += window->devices[i].has_sriov;
	return true;
}

static void look_at_windows_and_rooms(struct feature_count *seen,
				      const struct gpal_request *request,
				      const struct gpal_layout *layout)
{
	const bool vtl2 = request->has_vtl2_memory || request->vtl2_framebuffer > 0;
	const bool rooms = request->hotplug_room_count > 0;
	const bool low = request->memory_low_window > 0;
	bool devices = false;

	for (size_t i = 0; i < request->root_complex_count; i++) {
		const struct gpal_root_complex *rc = &request->root_complexes[i];
		const bool in_low = look_at_devices(seen, &rc->low_mmio, 2 * MIB);
		const bool in_high = look_at_devices(seen, &rc->high_mmio, GIB);

		seen[DEVICES_LOW].count += in_low;
		seen[DEVICES_HIGH].count += in_high;
		devices |= in_low || in_high;
		look_at_name(seen, rc->name);
	}
	for (size_t i = 0; i < request->reserved_count; i++)
		look_at_name(seen, request->reserved[i].name);
	seen[ROOM].count += rooms;
	seen[ROOMS].count += request->hotplug_room_count > 1;
	seen[ROOM_AND_VTL2].count += rooms && vtl2;
	for (size_t i = 0; i < request->hotplug_room_count; i++)
		seen[ROOM_ALIGNED].count += request->hotplug_rooms[i].alignment.set;
	seen[LOW_WINDOW].count += low;
	seen[LOW_WINDOW_ALONE].count += low && request->nodes[0] == request->memory_low_window;
	seen[CXL_WINDOW].count += layout->cxl_window_count > 0;
	seen[CXL_WINDOWS].count += layout->cxl_window_count > 1;
	for (size_t i = 0; i < layout->cxl_window_count; i++) {
		seen[CXL_INTERLEAVED_3].count += layout->cxl_windows[i].target_count % 3 == 0;
		seen[CXL_INTERLEAVED_16].count += layout->cxl_windows[i].target_count == 16;
		seen[CXL_GRANULARITY].count += layout->cxl_windows[i].granularity > 256;
		look_at_name(seen, layout->cxl_windows[i].name);
	}
	seen[ALL_AT_ONCE].count += devices && rooms && low && layout->cxl_window_count > 0;
}

static void look_at_root_complexes(struct feature_count *seen, const struct gpal_request *request)
{
	for (size_t i = 0; i < request->root_complex_count; i++) {
		const struct gpal_root_complex *rc = &request->root_complexes[i];

		seen[PINNED_LOW].count += rc->low_mmio.kind == GPAL_WINDOW_PINNED;
		seen[PINNED_HIGH].count += rc->high_mmio.kind == GPAL_WINDOW_PINNED;
		seen[CXL].count += rc->has_cxl;
		seen[SMMUV3].count += rc->iommu == GPAL_IOMMU_SMMUV3;
		seen[AMD_VI].count += rc->iommu == GPAL_IOMMU_AMD_VI;
		seen[INTEL_VTD].count += rc->iommu == GPAL_IOMMU_INTEL_VTD;
	}
}

static void look_at_layout(struct feature_count *seen, const struct gpal_request *request,
			   const struct oracle *oracle)
{
	const struct gpal_layout *layout = &oracle->layout;
	size_t reserved = 0;
	size_t items = 0;
	size_t nodes = 0;

	seen[request->arch == GPAL_ARCH_X86_64 ? X86_64 : AARCH64].count++;
	if (!request->policy)
		seen[POLICY_NONE].count++;
	else if (strcmp(request->policy->name, "openvmm-2026.05") == 0)
		seen[POLICY_05].count++;
	else if (strcmp(request->policy->name, "openvmm-2026.06") == 0)
		seen[POLICY_06].count++;
	else if (strcmp(request->policy->name, "openvmm-2026.07") == 0)
		seen[POLICY_07].count++;
	seen[PROFILE_FIRST + (int)request->profile].count++;
	for (int i = 0; i < GPAL_WARN_COUNT; i++)
		seen[WARNING_FIRST + i].count += oracle->warned[i];

	if (layout->segment_count > 0)
		seen[layout->segments[0].ecam.start < GPAL_4GIB ? ECAM_BELOW : ECAM_ABOVE].count++;
	seen[SHARED_SEGMENT].count += layout->segment_count < layout->root_complex_count;
	seen[MANY_SEGMENTS].count += layout->segment_count > 2;
	look_at_root_complexes(seen, request);
	look_at_windows_and_rooms(seen, request, layout);

	seen[VIRTIO].count += request->virtio_mmio_slots > 0;
	seen[VTL2_CHIPSET].count += layout->vtl2_chipset_mmio.end > 0;
	seen[VTL2_MEMORY].count += layout->vtl2_memory.end > 0;
	seen[VTL2_FRAMEBUFFER].count += layout->vtl2_framebuffer.end > 0;
	for (size_t i = 0; i < request->node_count; i++)
		nodes += request->nodes[i] > 0;
	seen[EMPTY_NODE].count += nodes < request->node_count;
	seen[MANY_NODES].count += nodes > 8;
	seen[NODE_SPLIT].count += layout->ram_count > nodes;
	seen[NO_CHIPSET_HIGH].count += layout->chipset_high_mmio.end == 0;

	for (size_t i = 0; i < oracle->placed_count; i++) {
		seen[MEMORY_START].count += strcmp(oracle->placed[i].tag, "low-ram-gap") == 0;
		reserved += oracle->placed[i].kind == GPAL_KIND_RESERVED;
	}
	for (size_t i = 0; i < oracle->item_count; i++)
		items += oracle->items[i].kind == GPAL_KIND_RESERVED;
	seen[RESERVED_KEPT].count += reserved > 0;
	seen[RESERVED_DROPPED].count += reserved < items;
	seen[WIDTH_MET].count += request->host_physical_address_bits ==
				 layout->required_address_bits;
	seen[TOP_ABOVE_2_63].count += layout->top > UINT64_C(1) << 63;
}

static void look_at_error(struct feature_count *seen, const struct gpal_request *request,
			  const struct oracle *oracle)
{
	const struct gpal_error *error = &oracle->error;
	const bool low = error->subject == GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO;
	const bool window = low || error->subject == GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO;

	for (int i = FIRST_ERROR; i <= LAST_ERROR; i++)
		seen[i].count += error_features[i].name && error_features[i].code == error->code &&
				 error_features[i].subject == error->subject &&
				 (error_features[i].part ?
					  strstr(error->part, error_features[i].part) != NULL :
					  !error->part[0]);
	seen[BAD_DEVICE_COUNT].count += window && oracle->part_open;
	seen[DEVICES_TOO_LARGE].count += strcmp(error->part, "/devices") == 0;
	if (error->code != GPAL_E_EXHAUSTED)
		return;
	seen[NO_REST_OF_NODE].count += request->memory_low_window > 0 &&
				       error->subject == GPAL_SUBJECT_MEMORY_NODE &&
				       error->index == 0;
	if (window) {
		const struct gpal_root_complex *rc = &request->root_complexes[error->index];

		seen[NO_DEVICES].count += (low ? &rc->low_mmio : &rc->high_mmio)->kind ==
					  GPAL_WINDOW_DEVICES;
	}
	seen[NO_MMIO32].count += oracle->error.phase == GPAL_KIND_MMIO32;
	seen[NO_RAM].count += oracle->error.phase == GPAL_KIND_RAM;
	seen[NO_MMIO64].count += oracle->error.phase == GPAL_KIND_MMIO64;
	seen[NO_POST_MMIO].count += oracle->error.phase == GPAL_KIND_POST_MMIO;
}

START_TEST(resolves_as_the_naive_oracle_does)
{
	struct feature_count seen[SEEN_COUNT] = { { 0 } };

	name_features(seen);
	for (uint64_t i = 0; i < round_count(); i++) {
		struct request_case *drawn = request_case_draw(first_seed() + i);
		struct request_case *given = request_case_copy(&drawn->request);
		struct round round = { .seed = first_seed() + i, .request = &drawn->request };
		struct oracle *oracle = oracle_resolve(&drawn->request);
		struct gpal_error error;
		struct gpal_layout *layout = NULL;
		int code;

		memset(&error, 0x5a, sizeof(error));
		code = gpal_resolve(&given->request, &layout, &error);
		/* The answer owns its names, so the request may be freed. */
		request_case_free(given);
		if (code == GPAL_OK && oracle->error.code == GPAL_OK) {
			compare_layout_with_oracle(&round, oracle, layout);
			look_at_layout(seen, &drawn->request, oracle);
		} else {
			if (code == GPAL_OK)
				fail_round(&round, "expected %s, got a layout",
					   gpal_code_token(oracle->error.code));
			if (layout)
				fail_round(&round, "an error and a layout");
			compare_error_with_oracle(&round, oracle, code, &error);
			look_at_error(seen, &drawn->request, oracle);
		}
		seen[-oracle->error.code].count++;
		gpal_layout_free(layout);
		oracle_free(oracle);
		request_case_free(drawn);
	}
	check_coverage("resolve", seen, SEEN_COUNT);
}
END_TEST

/*
 * RAM ascends in node order, begins where it may, and has exactly the size of each node. A low
 * window comes first.
 */
static void check_ram(const struct round *round, const struct gpal_layout *layout)
{
	const struct gpal_request *request = round->request;
	uint64_t end = request->memory_start.set ? request->memory_start.value : 0;
	const uint64_t low = request->memory_low_window;
	uint64_t sum = 0;
	size_t at = 0;

	if (low > 0 && (layout->ram_count == 0 || layout->ram[0].node != 0 ||
			layout->ram[0].range.start != 0 || layout->ram[0].range.end != low))
		fail_round(round, "no ram is in the low window");
	for (uint32_t node = 0; node < request->node_count; node++) {
		uint64_t size = 0;
		uint64_t alignment = request->nodes[node] < GIB ? 2 * MIB : GIB;

		for (; at < layout->ram_count && layout->ram[at].node == node; at++) {
			struct gpal_range range = layout->ram[at].range;

			if (low > 0 && at == 0) {
				size = low;
				continue;
			}
			if (range.start < end || range.end <= range.start)
				fail_round(round, "ram %zu is out of order", at);
			if (range.start % alignment != 0)
				fail_round(round, "ram %zu is not aligned", at);
			size += range.end - range.start;
			end = range.end;
		}
		if (size != request->nodes[node])
			fail_round(round,
				   "node %" PRIu32 " has 0x%" PRIx64 " bytes, not 0x%" PRIx64, node,
				   size, request->nodes[node]);
		sum += size;
	}
	if (at != layout->ram_count)
		fail_round(round, "ram %zu is not in node order", at);
	if (at == 1 && low > 0)
		end = low;
	if (sum != layout->ram_size || end != layout->end_of_ram)
		fail_round(round, "ram_size or end_of_ram is not that of the extents");
}

static void check_top(const struct round *round, const struct gpal_layout *layout)
{
	unsigned int bits = layout->required_address_bits - layout->has_vtl2_alias_map;

	if (layout->map.count == 0 ||
	    layout->top != layout->map.entries[layout->map.count - 1].range.end)
		fail_round(round, "top is not the end of the map");
	if (bits < 1 || bits > 64 || (bits < 64 && layout->top > UINT64_C(1) << bits) ||
	    layout->top <= UINT64_C(1) << (bits - 1))
		fail_round(round, "%u bits for 0x%" PRIx64, bits, layout->top);
	if (layout->end_of_layout > layout->top || layout->end_of_ram > layout->end_of_layout)
		fail_round(round, "end_of_ram, end_of_layout and top are out of order");
}

START_TEST(every_range_is_disjoint_aligned_exact_and_in_its_region)
{
	for (uint64_t i = 0; i < round_count(); i++) {
		struct request_case *drawn = request_case_draw(first_seed() + i);
		struct round round = { .seed = first_seed() + i, .request = &drawn->request };
		struct gpal_layout *layout;

		if (gpal_resolve(&drawn->request, &layout, NULL) == GPAL_OK) {
			struct oracle *oracle = oracle_resolve(&drawn->request);

			if (oracle->error.code != GPAL_OK)
				fail_round(&round, "expected %s, got a layout",
					   gpal_code_token(oracle->error.code));
			check_map(&round, oracle, &layout->map);
			check_ram(&round, layout);
			check_top(&round, layout);
			oracle_free(oracle);
		}
		gpal_layout_free(layout);
		request_case_free(drawn);
	}
}
END_TEST

static void check_slices(const struct round *round, const struct gpal_layout *layout,
			 const struct gpal_layout_segment *segment)
{
	unsigned int lowest = 255;
	unsigned int highest = 0;
	size_t slices = 0;

	for (size_t i = 0; i < layout->root_complex_count; i++) {
		const struct gpal_layout_root_complex *rc = &layout->root_complexes[i];
		uint64_t buses = (uint64_t)rc->end_bus - rc->start_bus + 1;

		if (rc->segment != segment->segment)
			continue;
		slices++;
		lowest = rc->start_bus < lowest ? rc->start_bus : lowest;
		highest = rc->end_bus > highest ? rc->end_bus : highest;
		if (rc->ecam.end - rc->ecam.start != buses * MIB)
			fail_round(round, "%s: %" PRIu64 " buses have 0x%" PRIx64 " bytes of ecam",
				   rc->name, buses, rc->ecam.end - rc->ecam.start);
		if (rc->ecam.start - rc->start_bus * MIB != segment->bus0_base)
			fail_round(round, "%s: bus 0 of its ecam is not that of segment %u",
				   rc->name, segment->segment);
		if (rc->ecam.start < segment->ecam.start || rc->ecam.end > segment->ecam.end)
			fail_round(round, "%s: ecam is not in the block of segment %u", rc->name,
				   segment->segment);
		for (size_t j = 0; j < i; j++) {
			if (layout->root_complexes[j].ecam.start < rc->ecam.end &&
			    rc->ecam.start < layout->root_complexes[j].ecam.end)
				fail_round(round, "%s: ecam overlaps that of %s", rc->name,
					   layout->root_complexes[j].name);
		}
	}
	if (slices == 0 || lowest != segment->start_bus || highest != segment->end_bus ||
	    segment->ecam.end - segment->ecam.start != (highest - lowest + 1) * MIB)
		fail_round(round, "segment %u: buses %u-%u do not match its block",
			   segment->segment, lowest, highest);
}

START_TEST(ecam_slices_of_a_segment_share_one_bus_0_base)
{
	for (uint64_t i = 0; i < round_count(); i++) {
		struct request_case *drawn = request_case_draw(first_seed() + i);
		struct round round = { .seed = first_seed() + i, .request = &drawn->request };
		struct gpal_layout *layout;

		if (gpal_resolve(&drawn->request, &layout, NULL) == GPAL_OK) {
			for (size_t s = 0; s < layout->segment_count; s++) {
				const struct gpal_layout_segment *segment = &layout->segments[s];

				if (s > 0 && segment->segment <= segment[-1].segment)
					fail_round(&round, "segments are out of order");
				if (segment->ecam.start < 256 * MIB)
					fail_round(&round, "ecam below 256 MiB");
				if (drawn->request.ecam == GPAL_ECAM_BELOW_4GIB &&
				    segment->ecam.end > GPAL_4GIB)
					fail_round(&round, "ecam above 4 GiB");
				if (drawn->request.ecam == GPAL_ECAM_ABOVE_4GIB &&
				    segment->ecam.start < GPAL_4GIB)
					fail_round(&round, "ecam below 4 GiB");
				check_slices(&round, layout, segment);
			}
		}
		gpal_layout_free(layout);
		request_case_free(drawn);
	}
}
END_TEST

/*
 * Lists the map without the ranges of VTL2, and without rooms unless `with_rooms`. Reserved ranges
 * are left out, because some of them are below the top only because of VTL2 or rooms.
 */
static size_t vtl0_of(const struct gpal_map *map, bool with_rooms,
		      const struct gpal_map_entry **list)
{
	size_t count = 0;

	for (size_t i = 0; i < map->count; i++) {
		const bool is_room = strncmp(map->entries[i].tag, "hotplug-", 8) == 0;

		if ((map->entries[i].kind != GPAL_KIND_POST_MMIO || (with_rooms && is_room)) &&
		    map->entries[i].kind != GPAL_KIND_RESERVED)
			list[count++] = &map->entries[i];
	}
	return count;
}

static void check_maps_alike(const struct round *round, const struct gpal_layout *off,
			     const struct gpal_layout *on, bool with_rooms)
{
	const struct gpal_map_entry **before = oracle_zalloc(off->map.count, sizeof(*before));
	const struct gpal_map_entry **after = oracle_zalloc(on->map.count, sizeof(*after));
	size_t count = vtl0_of(&off->map, with_rooms, before);
	bool alike = count == vtl0_of(&on->map, with_rooms, after);

	for (size_t i = 0; i < count && alike; i++) {
		alike = strcmp(before[i]->tag, after[i]->tag) == 0 &&
			before[i]->kind == after[i]->kind &&
			before[i]->range.start == after[i]->range.start &&
			before[i]->range.end == after[i]->range.end;
		if (!alike)
			fail_round(round, "%s moved when %s", before[i]->tag,
				   with_rooms ? "VTL2 was added" : "room was declared");
	}
	if (!alike)
		fail_round(round, "VTL2 or room adds or removes another range");
	free(before);
	free(after);
}

static void check_vtl0_alike(const struct round *round, const struct gpal_layout *off,
			     const struct gpal_layout *on)
{
	struct gpal_layout masked = *on;

	check_maps_alike(round, off, on, true);
	/* Everything else of VTL0 in the layout. */
	masked.map = off->map;
	masked.vtl2_chipset_mmio = off->vtl2_chipset_mmio;
	masked.vtl2_memory = off->vtl2_memory;
	masked.vtl2_framebuffer = off->vtl2_framebuffer;
	masked.end_of_layout = off->end_of_layout;
	masked.top = off->top;
	masked.required_address_bits = off->required_address_bits;
	compare_layouts(round, off, &masked);
}

START_TEST(vtl2_moves_nothing_of_vtl0)
{
	struct feature_count seen[] = {
		{ .name = "both resolve" }, { .name = "VTL2 does not fit" },
		{ .name = "chipset_mmio" }, { .name = "memory" },
		{ .name = "framebuffer" },
	};

	for (uint64_t i = 0; i < round_count(); i++) {
		struct request_case *drawn = request_case_draw(first_seed() + i);
		struct request_case *without = request_case_copy(&drawn->request);
		struct round round = { .seed = first_seed() + i, .request = &drawn->request };
		struct gpal_request *on_request = &drawn->request;
		struct gpal_request *off_request = &without->request;
		struct gpal_layout *off;
		struct gpal_layout *on;
		struct gpal_error error;
		int off_code;
		int on_code;

		/* If the request has no VTL2, the seed chooses its parts. */
		if (!on_request->vtl2_chipset_mmio.set && !on_request->has_vtl2_memory &&
		    on_request->vtl2_framebuffer == 0) {
			on_request->vtl2_chipset_mmio.set = true;
			on_request->vtl2_chipset_mmio.value = (round.seed & 1) ? GIB : 0;
			on_request->has_vtl2_memory = (round.seed & 2) != 0;
			on_request->vtl2_memory_size = 512 * MIB;
			on_request->vtl2_memory_alignment = 2 * MIB;
			on_request->vtl2_framebuffer = (round.seed & 4) ? 8 * MIB : 0;
		}
		off_request->vtl2_chipset_mmio = (struct gpal_optional){ true, 0 };
		off_request->has_vtl2_memory = false;
		off_request->vtl2_framebuffer = 0;

		off_code = gpal_resolve(off_request, &off, NULL);
		on_code = gpal_resolve(on_request, &on, &error);
		if (off_code == GPAL_OK && on_code == GPAL_OK) {
			check_vtl0_alike(&round, off, on);
			seen[0].count++;
			seen[2].count += !gpal_range_is_empty(on->vtl2_chipset_mmio);
			seen[3].count += !gpal_range_is_empty(on->vtl2_memory);
			seen[4].count += !gpal_range_is_empty(on->vtl2_framebuffer);
		} else if (off_code == GPAL_OK) {
			seen[1].count++;
			if (on_code != GPAL_E_ADDRESS_WIDTH_EXCEEDED &&
			    strncmp(error.tag, "vtl2", 4) != 0)
				fail_round(&round, "VTL2 makes %s fail: %s", error.tag,
					   error.message);
		} else if (on_code == GPAL_OK) {
			fail_round(&round, "resolves with VTL2, but not without it: %s",
				   gpal_code_token(off_code));
		}
		gpal_layout_free(off);
		gpal_layout_free(on);
		request_case_free(without);
		request_case_free(drawn);
	}
	check_coverage("vtl2", seen, sizeof(seen) / sizeof(seen[0]));
}
END_TEST

START_TEST(room_moves_nothing_but_vtl2)
{
	struct feature_count seen[] = {
		{ .name = "both resolve" },
		{ .name = "room does not fit" },
		{ .name = "a guest with VTL2" },
	};

	for (uint64_t i = 0; i < round_count(); i++) {
		struct request_case *drawn = request_case_draw(first_seed() + i);
		struct request_case *without = request_case_copy(&drawn->request);
		struct round round = { .seed = first_seed() + i, .request = &drawn->request };
		struct gpal_layout *off;
		struct gpal_layout *on;
		struct gpal_error error;
		int code;

		without->request.hotplug_room_count = 0;
		if (drawn->request.hotplug_room_count > 0 &&
		    gpal_resolve(&without->request, &off, NULL) == GPAL_OK) {
			code = gpal_resolve(&drawn->request, &on, &error);
			if (code == GPAL_OK)
				check_maps_alike(&round, off, on, false);
			else if (code == GPAL_E_EXHAUSTED && error.phase != GPAL_KIND_POST_MMIO)
				fail_round(&round, "room makes %s fail", error.tag);
			seen[0].count += code == GPAL_OK;
			seen[1].count += code == GPAL_E_EXHAUSTED;
			seen[2].count += code == GPAL_OK && !gpal_range_is_empty(on->vtl2_memory);
			gpal_layout_free(on);
			gpal_layout_free(off);
		}
		request_case_free(without);
		request_case_free(drawn);
	}
	check_coverage("room", seen, sizeof(seen) / sizeof(seen[0]));
}
END_TEST

START_TEST(the_host_address_width_moves_nothing)
{
	for (uint64_t i = 0; i < round_count(); i++) {
		struct request_case *drawn = request_case_draw(first_seed() + i);
		struct round round = { .seed = first_seed() + i, .request = &drawn->request };
		struct gpal_layout *without_limit;
		struct gpal_layout *layout;
		struct gpal_error error;
		unsigned int bits;
		int code;

		drawn->request.host_physical_address_bits = 0;
		if (gpal_resolve(&drawn->request, &without_limit, NULL) != GPAL_OK) {
			request_case_free(drawn);
			continue;
		}
		bits = without_limit->required_address_bits;

		const unsigned int enough[] = { bits, 64 };

		/* An alias map may need one bit more than any host has. */
		for (size_t j = 0; j < 2 && bits <= 64; j++) {
			drawn->request.host_physical_address_bits = enough[j];
			if (gpal_resolve(&drawn->request, &layout, &error) != GPAL_OK)
				fail_round(&round, "%u bits are needed, %u are not enough: %s",
					   bits, enough[j], error.message);
			compare_layouts(&round, without_limit, layout);
			gpal_layout_free(layout);
		}

		drawn->request.host_physical_address_bits = bits - 1;
		code = gpal_resolve(&drawn->request, &layout, &error);
		if (code != GPAL_E_ADDRESS_WIDTH_EXCEEDED || error.bits != bits - 1 ||
		    error.required_bits != bits || error.range.end != without_limit->top ||
		    strcmp(error.tag,
			   without_limit->map.entries[without_limit->map.count - 1].tag) != 0)
			fail_round(&round, "%u bits are needed, %u: %s", bits, bits - 1,
				   gpal_code_token(code));
		gpal_layout_free(layout);
		gpal_layout_free(without_limit);
		request_case_free(drawn);
	}
}
END_TEST

START_TEST(the_answer_depends_on_the_request_alone)
{
	for (uint64_t i = 0; i < round_count(); i++) {
		struct request_case *drawn = request_case_draw(first_seed() + i);
		struct request_case *elsewhere = request_case_copy(&drawn->request);
		struct round round = { .seed = first_seed() + i, .request = &drawn->request };
		const struct gpal_request *requests[] = { &drawn->request, &drawn->request,
							  &elsewhere->request };
		struct gpal_layout *layouts[3];
		struct gpal_error errors[3];
		char digests[3][GPAL_DIGEST_SIZE];
		int codes[3];

		for (size_t run = 0; run < 3; run++) {
			memset(&errors[run], (int)run, sizeof(errors[run]));
			codes[run] = gpal_resolve(requests[run], &layouts[run], &errors[run]);
			if (codes[run] != codes[0])
				fail_round(&round, "%s, then %s", gpal_code_token(codes[0]),
					   gpal_code_token(codes[run]));
			if (codes[run] != GPAL_OK) {
				compare_errors(&round, &errors[0], &errors[run]);
				if (errors[0].equal_share != errors[run].equal_share)
					fail_round(&round, "equal_share differs");
				if (strcmp(errors[0].message, errors[run].message) != 0)
					fail_round(&round, "\"%s\", then \"%s\"", errors[0].message,
						   errors[run].message);
				continue;
			}
			compare_layouts(&round, layouts[0], layouts[run]);
			gpal_layout_digest(layouts[run], digests[run]);
			if (strcmp(digests[0], digests[run]) != 0)
				fail_round(&round, "%s, then %s", digests[0], digests[run]);
		}
		for (size_t run = 0; run < 3; run++)
			gpal_layout_free(layouts[run]);
		request_case_free(elsewhere);
		request_case_free(drawn);
	}
}
END_TEST

Suite *resolve_suite(void)
{
	Suite *suite = suite_create("resolve");
	TCase *tcase = tcase_create("resolve");

	tcase_set_timeout(tcase, 0);
	tcase_add_test(tcase, resolves_as_the_naive_oracle_does);
	tcase_add_test(tcase, every_range_is_disjoint_aligned_exact_and_in_its_region);
	tcase_add_test(tcase, ecam_slices_of_a_segment_share_one_bus_0_base);
	tcase_add_test(tcase, vtl2_moves_nothing_of_vtl0);
	tcase_add_test(tcase, room_moves_nothing_but_vtl2);
	tcase_add_test(tcase, the_host_address_width_moves_nothing);
	tcase_add_test(tcase, the_answer_depends_on_the_request_alone);
	suite_add_tcase(suite, tcase);
	return suite;
}
