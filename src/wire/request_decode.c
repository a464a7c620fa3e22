/* SPDX-License-Identifier: MIT */
/*
 * The tables of the request, which have a row for each member. They check the form, and the limits
 * of core/request_limits.h, most of which the library does not check. The resolver checks the
 * meaning, so that users of the library get the same errors.
 */
#include "config.h"

#include "wire/request_decode.h"

#include "core/cxl.h"
#include "core/text.h"

#include <gpalayout/layout.h>
#include <string.h>

/* Enumerations. */

static const char *arch_name(int value)
{
	return gpal_arch_name((enum gpal_arch)value);
}

static const char *profile_name(int value)
{
	return gpal_profile_name((enum gpal_profile)value);
}

static const char *ecam_name(int value)
{
	return gpal_ecam_name((enum gpal_ecam)value);
}

static const char *iommu_token(int value)
{
	return gpal_iommu_name((enum gpal_iommu)value);
}

static const char *hole_name(int value)
{
	return gpal_hole_name((enum gpal_hole)value);
}

static const struct gpald_enum holes = { hole_name, GPAL_HOLE_COUNT };
const struct gpald_enum gpald_archs = { arch_name, GPAL_ARCH_COUNT };
const struct gpald_enum gpald_profiles = { profile_name, GPAL_PROFILE_COUNT };
static const struct gpald_enum ecams = { ecam_name, GPAL_ECAM_COUNT };
const struct gpald_enum gpald_iommus = { iommu_token, GPAL_IOMMU_COUNT };

const struct gpald_integer_range gpald_segments = { 0, UINT16_MAX };
const struct gpald_integer_range gpald_buses = { 0, UINT8_MAX };
static const struct gpald_integer_range nodes = { 0, UINT32_MAX };
static const struct gpald_integer_range slots = { 0, GPALD_VIRTIO_MMIO_SLOTS_MAX };
static const struct gpald_integer_range address_bits = { 1, GPALD_ADDRESS_BITS_MAX };

static int decode_policy_name(struct gpald_decoder *decoder, const cJSON *value, void *target,
			      const struct gpald_member *member)
{
	const struct gpal_policy *policies, *found;
	const char *name = NULL;
	char known[256] = "";
	size_t count;

	if (gpald_decode_text(decoder, value, &name, member))
		return -1;
	found = gpal_policy_find(name);
	if (found || decoder->context->is_reply) {
		*(const struct gpal_policy **)target = found;
		return 0;
	}
	policies = gpal_policies(&count);
	for (size_t i = 0; i < count; i++)
		gpald_append_name(known, sizeof(known), ", ", policies[i].name);
	return gpald_decoder_refuse(decoder, GPALD_UNKNOWN_POLICY,
				    "no such policy; this daemon has %s", known);
}

/* Windows. */

/* In the struct, 0 stands for the default, so a client must not state 0. */
static int decode_alignment(struct gpald_decoder *decoder, const cJSON *value, void *target,
			    const struct gpald_member *member)
{
	uint64_t *alignment = target;

	if (gpald_decode_size(decoder, value, alignment, member))
		return -1;
	return *alignment > 0 ? 0 :
				gpald_decoder_refuse(decoder, GPALD_REASON_OF(GPAL_E_OUT_OF_RANGE),
						     "an alignment must be a power of two; omit it "
						     "for the default");
}

static const struct gpald_member sized_window_rows[] = {
	GPALD_ROW(struct gpal_window, size, gpald_decode_size, .required = true),
	GPALD_ROW(struct gpal_window, alignment, decode_alignment),
};
static const struct gpald_members sized_window_members = GPALD_MEMBERS(sized_window_rows);

static int decode_none(struct gpald_decoder *decoder, const cJSON *value, void *target,
		       const struct gpald_member *member)
{
	(void)target, (void)member;
	if (cJSON_IsFalse(value))
		return gpald_decoder_refuse(decoder, GPALD_WRONG_TYPE,
					    "expected true, not false; to have a window, give its "
					    "size instead of none");
	return cJSON_IsTrue(value) ? 0 : gpald_decoder_refuse_type(decoder, value, "true");
}

static const struct gpald_list bar_list = {
	.element = { .decode = gpald_decode_size },
	.element_size = sizeof(uint64_t),
	.least = 1,
	.greatest = GPAL_BARS_MAX,
	.count_offset = offsetof(struct gpal_device, bar_count),
};
static const struct gpald_list vf_bar_list = {
	.element = { .decode = gpald_decode_size },
	.element_size = sizeof(uint64_t),
	.least = 1,
	.greatest = GPAL_BARS_MAX,
	.count_offset = offsetof(struct gpal_device, vf_bar_count),
};
static const struct gpald_integer_range vf_counts = { 1, GPAL_VFS_MAX };

static const struct gpald_member sriov_rows[] = {
	GPALD_ROW(struct gpal_device, vfs, gpald_decode_u32, .required = true, .extra = &vf_counts),
	{ .name = "bars",
	  .decode = gpald_decode_list,
	  .offset = offsetof(struct gpal_device, vf_bars),
	  .required = true,
	  .extra = &vf_bar_list },
};
static const struct gpald_members sriov_members = GPALD_MEMBERS(sriov_rows);

static int decode_sriov(struct gpald_decoder *decoder, const cJSON *value, void *target,
			const struct gpald_member *member)
{
	struct gpal_device *device = target;

	(void)member;
	device->has_sriov = true;
	return gpald_decode_members(decoder, value, device, &sriov_members);
}

static const struct gpald_member device_rows[] = {
	GPALD_ROW(struct gpal_device, bars, gpald_decode_list, .required = true,
		  .extra = &bar_list),
	{ .name = "sriov", .decode = decode_sriov },
};
static const struct gpald_members device_members = GPALD_MEMBERS(device_rows);

static const struct gpald_list device_list = {
	.element = { .decode = gpald_decode_object, .extra = &device_members },
	.element_size = sizeof(struct gpal_device),
	.least = 1,
	.greatest = GPAL_DEVICES_MAX,
	.count_offset = offsetof(struct gpal_window, device_count),
};
static const struct gpald_member devices_window_rows[] = {
	GPALD_ROW(struct gpal_window, devices, gpald_decode_list, .required = true,
		  .extra = &device_list),
};
static const struct gpald_members devices_window_members = GPALD_MEMBERS(devices_window_rows);

static const struct gpald_member no_window_rows[] = {
	{ .name = "none", .decode = decode_none, .required = true },
};
static const struct gpald_members no_window_members = GPALD_MEMBERS(no_window_rows);

static bool has_bound(const cJSON *range)
{
	return cJSON_GetObjectItemCaseSensitive(range, "start") ||
	       cJSON_GetObjectItemCaseSensitive(range, "end");
}

/* Refuses a window with a member of no form, and names the forms. */
static int refuse_window_member(struct gpald_decoder *decoder, const cJSON *member,
				const char *forms)
{
	gpald_decoder_enter(decoder, member->string);
	return gpald_decoder_refuse_unknown(decoder, member->string, forms);
}

static int decode_request_window(struct gpald_decoder *decoder, const cJSON *value, void *target,
				 const struct gpald_member *member)
{
	struct gpal_window *window = target;

	if (cJSON_IsNumber(value) || cJSON_IsString(value)) {
		window->kind = GPAL_WINDOW_SIZE;
		return gpald_decode_size(decoder, value, &window->size, member);
	}
	if (cJSON_IsNull(value)) {
		window->kind = GPAL_WINDOW_NONE;
		return 0;
	}
	if (!cJSON_IsObject(value))
		return gpald_decoder_refuse_type(
			decoder, value,
			"a window (a size; an object with size, with devices, or with start and "
			"end; or null for none)");
	if (!value->child)
		return gpald_decoder_refuse(
			decoder, GPALD_MISSING_MEMBER,
			"a window needs size, devices, none, or both start and end");
	/* The first member found here decides the form; members of other forms are unknown. */
	if (cJSON_GetObjectItemCaseSensitive(value, "none")) {
		window->kind = GPAL_WINDOW_NONE;
		return gpald_decode_members(decoder, value, window, &no_window_members);
	}
	if (cJSON_GetObjectItemCaseSensitive(value, "devices")) {
		window->kind = GPAL_WINDOW_DEVICES;
		return gpald_decode_members(decoder, value, window, &devices_window_members);
	}
	if (cJSON_GetObjectItemCaseSensitive(value, "size") ||
	    cJSON_GetObjectItemCaseSensitive(value, "alignment")) {
		window->kind = GPAL_WINDOW_SIZE;
		return gpald_decode_members(decoder, value, window, &sized_window_members);
	}
	if (!has_bound(value))
		return refuse_window_member(decoder, value->child,
					    "size and alignment, devices, none, or start and end");
	window->kind = GPAL_WINDOW_PINNED;
	return gpald_decode_range(decoder, value, &window->range, member);
}

/* The request, from the inner objects to the outer ones. */

static const struct gpald_list node_list = {
	.element = { .decode = gpald_decode_size },
	.element_size = sizeof(uint64_t),
	.greatest = GPALD_MEMORY_NODES_MAX,
	.count_offset = offsetof(struct gpal_request, node_count),
};

static const struct gpald_member hotplug_rows[] = {
	GPALD_ROW(struct gpal_hotplug_room, node, gpald_decode_u32, .extra = &nodes),
	GPALD_ROW(struct gpal_hotplug_room, size, gpald_decode_size, .required = true),
	GPALD_ROW(struct gpal_hotplug_room, alignment, gpald_decode_optional_size),
};
static const struct gpald_members hotplug_members = GPALD_MEMBERS(hotplug_rows);
static const struct gpald_list hotplug_list = {
	.element = { .decode = gpald_decode_object, .extra = &hotplug_members },
	.element_size = sizeof(struct gpal_hotplug_room),
	.greatest = GPALD_HOTPLUG_ROOMS_MAX,
	.count_offset = offsetof(struct gpal_request, hotplug_room_count),
};

static const struct gpald_member memory_rows[] = {
	GPALD_ROW(struct gpal_request, nodes, gpald_decode_list, .required = true,
		  .extra = &node_list),
	{ .name = "start",
	  .decode = gpald_decode_optional_size,
	  .offset = offsetof(struct gpal_request, memory_start) },
	{ .name = "low_window",
	  .decode = gpald_decode_size,
	  .offset = offsetof(struct gpal_request, memory_low_window) },
	{ .name = "hotplug",
	  .decode = gpald_decode_list,
	  .offset = offsetof(struct gpal_request, hotplug_rooms),
	  .extra = &hotplug_list },
};
static const struct gpald_members memory_members = GPALD_MEMBERS(memory_rows);

static const struct gpald_member size_rows[] = {
	{ .name = "size", .decode = gpald_decode_optional_size, .required = true },
};
static const struct gpald_members size_members = GPALD_MEMBERS(size_rows);

/* Decodes a size, {size}, or a range. */
static int decode_chipset_high_mmio(struct gpald_decoder *decoder, const cJSON *value, void *target,
				    const struct gpald_member *member)
{
	struct gpal_request *request = target;

	if (cJSON_IsNumber(value) || cJSON_IsString(value))
		return gpald_decode_optional_size(decoder, value, &request->chipset_high_mmio,
						  member);
	if (!cJSON_IsObject(value))
		return gpald_decoder_refuse_type(decoder, value,
						 "a size (0 for none), or an object with size, or "
						 "with start and end");
	if (cJSON_GetObjectItemCaseSensitive(value, "size"))
		return gpald_decode_members(decoder, value, &request->chipset_high_mmio,
					    &size_members);
	if (!value->child) {
		gpald_decoder_enter(decoder, "start");
		return gpald_decoder_refuse(decoder, GPALD_MISSING_MEMBER,
					    "the window needs size, or both start and end");
	}
	if (!has_bound(value))
		return refuse_window_member(decoder, value->child, "size, or start and end");
	request->has_pinned_chipset_high_mmio = true;
	return gpald_decode_range(decoder, value, &request->pinned_chipset_high_mmio, member);
}

/* The member is true if it is omitted. */
static int decode_vmbus(struct gpald_decoder *decoder, const cJSON *value, void *target,
			const struct gpald_member *member)
{
	struct gpal_request *request = target;
	bool has_vmbus;

	if (gpald_decode_bool(decoder, value, &has_vmbus, member))
		return -1;
	request->has_no_vmbus = !has_vmbus;
	return 0;
}

static const struct gpald_member chipset_rows[] = {
	{ .name = "low_mmio",
	  .decode = gpald_decode_optional_size,
	  .offset = offsetof(struct gpal_request, chipset_low_mmio) },
	{ .name = "high_mmio", .decode = decode_chipset_high_mmio },
	{ .name = "vmbus", .decode = decode_vmbus },
};
static const struct gpald_members chipset_members = GPALD_MEMBERS(chipset_rows);

static const struct gpald_member cxl_rows[] = {
	{ .name = "hdm",
	  .decode = gpald_decode_size,
	  .offset = offsetof(struct gpal_root_complex, cxl_hdm) },
};
static const struct gpald_members cxl_members = GPALD_MEMBERS(cxl_rows);

static int decode_request_cxl(struct gpald_decoder *decoder, const cJSON *value, void *target,
			      const struct gpald_member *member)
{
	struct gpal_root_complex *rc = target;

	(void)member;
	rc->has_cxl = true;
	rc->has_no_cxl_hdm = !cJSON_GetObjectItemCaseSensitive(value, "hdm");
	return gpald_decode_members(decoder, value, rc, &cxl_members);
}

static int decode_rc_node(struct gpald_decoder *decoder, const cJSON *value, void *target,
			  const struct gpald_member *member)
{
	struct gpal_root_complex *rc = target;

	rc->has_node = true;
	return gpald_decode_u32(decoder, value, &rc->node, member);
}

static const struct gpald_member root_complex_rows[] = {
	GPALD_ROW(struct gpal_root_complex, name, gpald_decode_utf8_name, .required = true),
	GPALD_ROW(struct gpal_root_complex, segment, gpald_decode_u16, .extra = &gpald_segments),
	GPALD_ROW(struct gpal_root_complex, start_bus, gpald_decode_u8, .extra = &gpald_buses),
	GPALD_ROW(struct gpal_root_complex, end_bus, gpald_decode_u8, .extra = &gpald_buses),
	GPALD_ROW(struct gpal_root_complex, low_mmio, decode_request_window),
	GPALD_ROW(struct gpal_root_complex, high_mmio, decode_request_window),
	GPALD_ROW(struct gpal_root_complex, iommu, gpald_decode_enum, .extra = &gpald_iommus),
	/* These fill several members of the struct. */
	{ .name = "node", .decode = decode_rc_node, .extra = &nodes },
	{ .name = "cxl", .decode = decode_request_cxl },
};
static const struct gpald_members root_complex_members = GPALD_MEMBERS(root_complex_rows);

static int decode_root_complex(struct gpald_decoder *decoder, const cJSON *value, void *target,
			       const struct gpald_member *member)
{
	struct gpal_root_complex *rc = target;

	(void)member;
	*rc = (struct gpal_root_complex)GPAL_ROOT_COMPLEX_INIT(NULL);
	return gpald_decode_members(decoder, value, rc, &root_complex_members);
}

static const struct gpald_list root_complex_list = {
	.element = { .decode = decode_root_complex },
	.element_size = sizeof(struct gpal_root_complex),
	.greatest = GPALD_ROOT_COMPLEXES_MAX,
	.count_offset = offsetof(struct gpal_request, root_complex_count),
};

static const struct gpald_member pcie_rows[] = {
	GPALD_ROW(struct gpal_request, ecam, gpald_decode_enum, .extra = &ecams),
	GPALD_ROW(struct gpal_request, root_complexes, gpald_decode_list,
		  .extra = &root_complex_list),
};
static const struct gpald_members pcie_members = GPALD_MEMBERS(pcie_rows);

const struct gpald_list gpald_cxl_targets = {
	.element = { .decode = gpald_decode_utf8_name },
	.element_size = sizeof(const char *),
	.least = 1,
	.greatest = GPAL_CXL_TARGETS_MAX,
	.count_offset = offsetof(struct gpal_cxl_window, target_count),
};

/* In the struct, 0 stands for the default, so a client must not state 0. */
static int decode_granularity(struct gpald_decoder *decoder, const cJSON *value, void *target,
			      const struct gpald_member *member)
{
	uint64_t granularity = 0;

	if (gpald_decode_size(decoder, value, &granularity, member))
		return -1;
	if (granularity < GPALD_CXL_GRANULARITY_MIN || granularity > GPALD_CXL_GRANULARITY_MAX)
		return gpald_decoder_refuse(decoder, GPALD_REASON_OF(GPAL_E_OUT_OF_RANGE),
					    "expected a power of two from %d to %d",
					    GPALD_CXL_GRANULARITY_MIN, GPALD_CXL_GRANULARITY_MAX);
	*(uint32_t *)target = (uint32_t)granularity;
	return 0;
}

static const struct gpald_member cxl_window_rows[] = {
	GPALD_ROW(struct gpal_cxl_window, name, gpald_decode_utf8_name, .required = true),
	GPALD_ROW(struct gpal_cxl_window, targets, gpald_decode_list, .required = true,
		  .extra = &gpald_cxl_targets),
	GPALD_ROW(struct gpal_cxl_window, size, gpald_decode_size, .required = true),
	GPALD_ROW(struct gpal_cxl_window, granularity, decode_granularity),
};
static const struct gpald_members cxl_window_members = GPALD_MEMBERS(cxl_window_rows);
static const struct gpald_list cxl_window_list = {
	.element = { .decode = gpald_decode_object, .extra = &cxl_window_members },
	.element_size = sizeof(struct gpal_cxl_window),
	.greatest = GPALD_CXL_WINDOWS_MAX,
	.count_offset = offsetof(struct gpal_request, cxl_window_count),
};

static const struct gpald_member virtio_mmio_rows[] = {
	{ .name = "slots",
	  .decode = gpald_decode_u32,
	  .offset = offsetof(struct gpal_request, virtio_mmio_slots),
	  .required = true,
	  .extra = &slots },
};
static const struct gpald_members virtio_mmio_members = GPALD_MEMBERS(virtio_mmio_rows);

static const struct gpald_member vtl2_memory_rows[] = {
	{ .name = "size",
	  .decode = gpald_decode_size,
	  .offset = offsetof(struct gpal_request, vtl2_memory_size),
	  .required = true },
	{ .name = "alignment",
	  .decode = gpald_decode_size,
	  .offset = offsetof(struct gpal_request, vtl2_memory_alignment),
	  .required = true },
};
static const struct gpald_members vtl2_memory_members = GPALD_MEMBERS(vtl2_memory_rows);

static int decode_vtl2_memory(struct gpald_decoder *decoder, const cJSON *value, void *target,
			      const struct gpald_member *member)
{
	struct gpal_request *request = target;

	(void)member;
	request->has_vtl2_memory = true;
	return gpald_decode_members(decoder, value, request, &vtl2_memory_members);
}

static const struct gpald_member vtl2_rows[] = {
	{ .name = "chipset_mmio",
	  .decode = gpald_decode_optional_size,
	  .offset = offsetof(struct gpal_request, vtl2_chipset_mmio) },
	{ .name = "memory", .decode = decode_vtl2_memory },
	{ .name = "framebuffer",
	  .decode = gpald_decode_size,
	  .offset = offsetof(struct gpal_request, vtl2_framebuffer) },
	{ .name = "alias_map",
	  .decode = gpald_decode_bool,
	  .offset = offsetof(struct gpal_request, has_vtl2_alias_map) },
};
static const struct gpald_members vtl2_members = GPALD_MEMBERS(vtl2_rows);

static const struct gpald_member reserved_rows[] = {
	GPALD_ROW(struct gpal_named_range, name, gpald_decode_reserved_name, .required = true),
	{ .name = "start",
	  .decode = gpald_decode_size,
	  .offset = offsetof(struct gpal_named_range, range.start),
	  .required = true },
	{ .name = "end",
	  .decode = gpald_decode_size,
	  .offset = offsetof(struct gpal_named_range, range.end),
	  .required = true },
};
static const struct gpald_members reserved_members = GPALD_MEMBERS(reserved_rows);

static const struct gpald_list reserved_list = {
	.element = { .decode = gpald_decode_object, .extra = &reserved_members },
	.element_size = sizeof(struct gpal_named_range),
	.greatest = GPALD_RESERVED_MAX,
	.count_offset = offsetof(struct gpal_request, reserved_count),
};

static const struct gpald_list hole_list = {
	.element = { .decode = gpald_decode_enum, .extra = &holes },
	.element_size = sizeof(enum gpal_hole),
	.greatest = GPALD_HOLES_MAX,
	.count_offset = offsetof(struct gpal_request, host_hole_count),
};

static const struct gpald_member host_rows[] = {
	{ .name = "physical_address_bits",
	  .decode = gpald_decode_u32,
	  .offset = offsetof(struct gpal_request, host_physical_address_bits),
	  .extra = &address_bits },
	{ .name = "holes",
	  .decode = gpald_decode_list,
	  .offset = offsetof(struct gpal_request, host_holes),
	  .extra = &hole_list },
};
static const struct gpald_members host_members = GPALD_MEMBERS(host_rows);

static const struct gpald_member request_rows[] = {
	GPALD_ROW(struct gpal_request, arch, gpald_decode_enum, .required = true,
		  .extra = &gpald_archs),
	GPALD_ROW(struct gpal_request, policy, decode_policy_name),
	GPALD_ROW(struct gpal_request, profile, gpald_decode_enum, .extra = &gpald_profiles),
	GPALD_ROW(struct gpal_request, reserved, gpald_decode_list, .extra = &reserved_list),
	GPALD_ROW(struct gpal_request, cxl_windows, gpald_decode_list, .extra = &cxl_window_list),
	/* The groups are flat in struct gpal_request. */
	{ .name = "memory",
	  .decode = gpald_decode_object,
	  .required = true,
	  .extra = &memory_members },
	{ .name = "chipset", .decode = gpald_decode_object, .extra = &chipset_members },
	{ .name = "pcie", .decode = gpald_decode_object, .extra = &pcie_members },
	{ .name = "virtio_mmio", .decode = gpald_decode_object, .extra = &virtio_mmio_members },
	{ .name = "vtl2", .decode = gpald_decode_object, .extra = &vtl2_members },
	{ .name = "host", .decode = gpald_decode_object, .extra = &host_members },
};
static const struct gpald_members request_members = GPALD_MEMBERS(request_rows);

int gpald_decode_request(struct gpald_decoder *decoder, const cJSON *value, void *target,
			 const struct gpald_member *member)
{
	struct gpal_request *request = target;

	(void)member;
	request->policy = decoder->context->default_policy;
	return gpald_decode_members(decoder, value, request, &request_members);
}

static const char *warning_name(int value)
{
	return gpal_warning_token((enum gpal_warning_reason)value);
}

static const struct gpald_enum warnings = { warning_name, GPAL_WARN_COUNT };

struct warning_reasons {
	const enum gpal_warning_reason *reasons;
	size_t count;
};

static const struct gpald_list warning_list = {
	.element = { .decode = gpald_decode_enum, .extra = &warnings },
	.element_size = sizeof(enum gpal_warning_reason),
	.greatest = GPALD_LIST_MAX,
	.count_offset = offsetof(struct warning_reasons, count),
};
static const struct gpald_member warning_list_member = { .extra = &warning_list };

int gpald_decode_refused_warnings(struct gpald_decoder *decoder, const cJSON *value, void *target,
				  const struct gpald_member *member)
{
	struct warning_reasons list = { .count = 0 };
	uint64_t *set = target;

	(void)member;
	if (cJSON_IsString(value) && strcmp(value->valuestring, "all") == 0) {
		*set = GPAL_REFUSE_ALL;
		return 0;
	}
	if (!cJSON_IsArray(value))
		return gpald_decoder_refuse_type(decoder, value, "a list of warnings, or \"all\"");
	if (gpald_decode_list(decoder, value, &list, &warning_list_member))
		return -1;
	*set = 0;
	for (size_t i = 0; i < list.count; i++)
		*set |= UINT64_C(1) << list.reasons[i];
	return 0;
}

static const struct gpald_member resolve_rows[] = {
	GPALD_ROW(struct gpald_resolve_params, request, gpald_decode_request, .required = true),
	GPALD_ROW(struct gpald_resolve_params, advise, gpald_decode_bool),
	GPALD_ROW(struct gpald_resolve_params, refuse, gpald_decode_refused_warnings),
};

const struct gpald_params gpald_resolve_params_table = {
	GPALD_PARAMS(resolve_rows, struct gpald_resolve_params),
};

/* The bare allocator. */

static const struct gpald_member pinned_rows[] = {
	GPALD_ROW(struct gpal_pinned, tag, gpald_decode_plain_name, .required = true),
	{ .name = "start",
	  .decode = gpald_decode_size,
	  .offset = offsetof(struct gpal_pinned, range.start),
	  .required = true },
	{ .name = "end",
	  .decode = gpald_decode_size,
	  .offset = offsetof(struct gpal_pinned, range.end),
	  .required = true },
};
static const struct gpald_members pinned_members = GPALD_MEMBERS(pinned_rows);

static const struct gpald_member demand_rows[] = {
	GPALD_ROW(struct gpal_demand, tag, gpald_decode_plain_name, .required = true),
	GPALD_ROW(struct gpal_demand, size, gpald_decode_size, .required = true),
	GPALD_ROW(struct gpal_demand, alignment, gpald_decode_size, .required = true),
};
static const struct gpald_members demand_members = GPALD_MEMBERS(demand_rows);

#define ALLOC_LIST(list, type, members)                                            \
	{                                                                          \
		.element = { .decode = gpald_decode_object, .extra = &(members) }, \
		.element_size = sizeof(type), .greatest = GPALD_LIST_MAX,          \
		.count_offset = offsetof(struct gpal_alloc_input, list##_count),   \
	}

static const struct gpald_list alloc_reserved =
	ALLOC_LIST(reserved, struct gpal_pinned, pinned_members);
static const struct gpald_list alloc_fixed = ALLOC_LIST(fixed, struct gpal_pinned, pinned_members);
static const struct gpald_list alloc_mmio32 =
	ALLOC_LIST(mmio32, struct gpal_demand, demand_members);
static const struct gpald_list alloc_ram = ALLOC_LIST(ram, struct gpal_demand, demand_members);
static const struct gpald_list alloc_mmio64 =
	ALLOC_LIST(mmio64, struct gpal_demand, demand_members);
static const struct gpald_list alloc_post_mmio =
	ALLOC_LIST(post_mmio, struct gpal_demand, demand_members);

static const struct gpald_member allocate_rows[] = {
	GPALD_ROW(struct gpal_alloc_input, reserved, gpald_decode_list, .extra = &alloc_reserved),
	GPALD_ROW(struct gpal_alloc_input, fixed, gpald_decode_list, .extra = &alloc_fixed),
	GPALD_ROW(struct gpal_alloc_input, mmio32, gpald_decode_list, .extra = &alloc_mmio32),
	GPALD_ROW(struct gpal_alloc_input, ram, gpald_decode_list, .extra = &alloc_ram),
	GPALD_ROW(struct gpal_alloc_input, mmio64, gpald_decode_list, .extra = &alloc_mmio64),
	GPALD_ROW(struct gpal_alloc_input, post_mmio, gpald_decode_list, .extra = &alloc_post_mmio),
};

const struct gpald_params gpald_allocate_params_table = {
	GPALD_PARAMS(allocate_rows, struct gpal_alloc_input),
};

const struct gpald_params gpald_no_params_table = { .size = 0 };
