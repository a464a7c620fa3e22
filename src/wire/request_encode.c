/* SPDX-License-Identifier: MIT */
/* Writes requests. The members are in the order of the protocol's documentation. */
#include "config.h"

#include "wire/request_encode.h"

#include "core/cxl.h"

static void write_optional(struct gpald_writer *w, const char *key,
			   const struct gpal_optional *value)
{
	if (value->set)
		gpald_write_hex(w, key, value->value);
}

static void write_bar_sizes(struct gpald_writer *w, const uint64_t *bars, size_t count)
{
	gpald_write_array(w, "bars");
	for (size_t i = 0; i < count; i++)
		gpald_write_hex(w, NULL, bars[i]);
	gpald_write_array_end(w);
}

static void write_window_devices(struct gpald_writer *w, const char *key,
				 const struct gpal_window *window)
{
	gpald_write_object(w, key);
	gpald_write_array(w, "devices");
	for (size_t i = 0; i < window->device_count; i++) {
		const struct gpal_device *device = &window->devices[i];

		gpald_write_object(w, NULL);
		write_bar_sizes(w, device->bars, device->bar_count);
		if (device->has_sriov) {
			gpald_write_object(w, "sriov");
			gpald_write_integer(w, "vfs", device->vfs);
			write_bar_sizes(w, device->vf_bars, device->vf_bar_count);
			gpald_write_object_end(w);
		}
		gpald_write_object_end(w);
	}
	gpald_write_array_end(w);
	gpald_write_object_end(w);
}

/*
 * For an invalid kind, writes false, which a decoder refuses. If it wrote nothing, the default
 * would apply.
 */
static void write_request_window(struct gpald_writer *w, const char *key,
				 const struct gpal_window *window)
{
	if (window->kind == GPAL_WINDOW_SIZE && window->alignment) {
		gpald_write_object(w, key);
		gpald_write_hex(w, "size", window->size);
		gpald_write_hex(w, "alignment", window->alignment);
		gpald_write_object_end(w);
	} else if (window->kind == GPAL_WINDOW_SIZE)
		gpald_write_hex(w, key, window->size);
	else if (window->kind == GPAL_WINDOW_PINNED)
		gpald_write_range(w, key, window->range);
	else if (window->kind == GPAL_WINDOW_NONE)
		gpald_write_text(w, key, NULL);
	else if (window->kind == GPAL_WINDOW_DEVICES)
		write_window_devices(w, key, window);
	else if (window->kind != GPAL_WINDOW_DEFAULT)
		gpald_write_bool(w, key, false);
}

static void write_request_hotplug(struct gpald_writer *w, const struct gpal_request *request)
{
	if (request->hotplug_room_count == 0)
		return;
	gpald_write_array(w, "hotplug");
	for (size_t i = 0; i < request->hotplug_room_count; i++) {
		const struct gpal_hotplug_room *room = &request->hotplug_rooms[i];

		gpald_write_object(w, NULL);
		gpald_write_integer(w, "node", room->node);
		gpald_write_hex(w, "size", room->size);
		write_optional(w, "alignment", &room->alignment);
		gpald_write_object_end(w);
	}
	gpald_write_array_end(w);
}

static void write_memory(struct gpald_writer *w, const struct gpal_request *request)
{
	gpald_write_object(w, "memory");
	gpald_write_array(w, "nodes");
	for (size_t i = 0; i < request->node_count; i++)
		gpald_write_hex(w, NULL, request->nodes[i]);
	gpald_write_array_end(w);
	write_optional(w, "start", &request->memory_start);
	if (request->memory_low_window)
		gpald_write_hex(w, "low_window", request->memory_low_window);
	write_request_hotplug(w, request);
	gpald_write_object_end(w);
}

static void write_chipset(struct gpald_writer *w, const struct gpal_request *request)
{
	if (!request->chipset_low_mmio.set && !request->chipset_high_mmio.set &&
	    !request->has_pinned_chipset_high_mmio && !request->has_no_vmbus)
		return;
	gpald_write_object(w, "chipset");
	write_optional(w, "low_mmio", &request->chipset_low_mmio);
	if (request->has_pinned_chipset_high_mmio)
		gpald_write_range(w, "high_mmio", request->pinned_chipset_high_mmio);
	else
		write_optional(w, "high_mmio", &request->chipset_high_mmio);
	if (request->has_no_vmbus)
		gpald_write_bool(w, "vmbus", false);
	gpald_write_object_end(w);
}

/*
 * If the buses are not stated, writes null, which a decoder refuses. If it wrote nothing, the
 * defaults would apply.
 */
static void write_request_buses(struct gpald_writer *w, const struct gpal_root_complex *rc)
{
	if (!rc->has_buses) {
		gpald_write_text(w, "start_bus", NULL);
		return;
	}
	gpald_write_integer(w, "start_bus", rc->start_bus);
	gpald_write_integer(w, "end_bus", rc->end_bus);
}

static void write_request_root_complex(struct gpald_writer *w, const struct gpal_root_complex *rc)
{
	gpald_write_object(w, NULL);
	gpald_write_text(w, "name", rc->name);
	gpald_write_integer(w, "segment", rc->segment);
	write_request_buses(w, rc);
	if (rc->has_node)
		gpald_write_integer(w, "node", rc->node);
	write_request_window(w, "low_mmio", &rc->low_mmio);
	write_request_window(w, "high_mmio", &rc->high_mmio);
	if (rc->has_cxl) {
		gpald_write_object(w, "cxl");
		if (!rc->has_no_cxl_hdm)
			gpald_write_hex(w, "hdm", rc->cxl_hdm);
		gpald_write_object_end(w);
	}
	if (rc->iommu != GPAL_IOMMU_NONE)
		gpald_write_text(w, "iommu", gpal_iommu_name(rc->iommu));
	gpald_write_object_end(w);
}

static void write_request_pcie(struct gpald_writer *w, const struct gpal_request *request)
{
	if (request->ecam == GPAL_ECAM_DEFAULT && request->root_complex_count == 0)
		return;
	gpald_write_object(w, "pcie");
	if (request->ecam != GPAL_ECAM_DEFAULT)
		gpald_write_text(w, "ecam", gpal_ecam_name(request->ecam));
	if (request->root_complex_count > 0) {
		gpald_write_array(w, "root_complexes");
		for (size_t i = 0; i < request->root_complex_count; i++)
			write_request_root_complex(w, &request->root_complexes[i]);
		gpald_write_array_end(w);
	}
	gpald_write_object_end(w);
}

static void write_request_vtl2(struct gpald_writer *w, const struct gpal_request *request)
{
	if (!request->vtl2_chipset_mmio.set && !request->has_vtl2_memory &&
	    request->vtl2_framebuffer == 0 && !request->has_vtl2_alias_map)
		return;
	gpald_write_object(w, "vtl2");
	write_optional(w, "chipset_mmio", &request->vtl2_chipset_mmio);
	if (request->has_vtl2_memory) {
		gpald_write_object(w, "memory");
		gpald_write_hex(w, "size", request->vtl2_memory_size);
		gpald_write_hex(w, "alignment", request->vtl2_memory_alignment);
		gpald_write_object_end(w);
	}
	if (request->vtl2_framebuffer)
		gpald_write_hex(w, "framebuffer", request->vtl2_framebuffer);
	if (request->has_vtl2_alias_map)
		gpald_write_bool(w, "alias_map", true);
	gpald_write_object_end(w);
}

static void write_reserved(struct gpald_writer *w, const struct gpal_request *request)
{
	if (request->reserved_count == 0)
		return;
	gpald_write_array(w, "reserved");
	for (size_t i = 0; i < request->reserved_count; i++) {
		gpald_write_object(w, NULL);
		gpald_write_text(w, "name", request->reserved[i].name);
		gpald_write_bounds(w, request->reserved[i].range);
		gpald_write_object_end(w);
	}
	gpald_write_array_end(w);
}

static void write_request_cxl_windows(struct gpald_writer *w, const struct gpal_request *request)
{
	if (request->cxl_window_count == 0)
		return;
	gpald_write_array(w, "cxl_windows");
	for (size_t i = 0; i < request->cxl_window_count; i++) {
		const struct gpal_cxl_window *window = &request->cxl_windows[i];

		gpald_write_object(w, NULL);
		gpald_write_text(w, "name", window->name);
		gpald_write_array(w, "targets");
		for (size_t j = 0; j < window->target_count; j++)
			gpald_write_text(w, NULL, window->targets[j]);
		gpald_write_array_end(w);
		gpald_write_hex(w, "size", window->size);
		if (window->granularity && window->granularity != GPALD_CXL_GRANULARITY_MIN)
			gpald_write_integer(w, "granularity", window->granularity);
		gpald_write_object_end(w);
	}
	gpald_write_array_end(w);
}

/* Writes {`name`: `value`} under `key`, or nothing if the value is 0. */
static void write_nonzero_count(struct gpald_writer *w, const char *key, const char *name,
				uint32_t value)
{
	if (value == 0)
		return;
	gpald_write_object(w, key);
	gpald_write_integer(w, name, value);
	gpald_write_object_end(w);
}

static void write_host(struct gpald_writer *w, const struct gpal_request *request)
{
	if (!request->host_physical_address_bits && !request->host_hole_count)
		return;
	gpald_write_object(w, "host");
	if (request->host_physical_address_bits)
		gpald_write_integer(w, "physical_address_bits",
				    request->host_physical_address_bits);
	if (request->host_hole_count) {
		gpald_write_array(w, "holes");
		for (size_t i = 0; i < request->host_hole_count; i++)
			gpald_write_text(w, NULL, gpal_hole_name(request->host_holes[i]));
		gpald_write_array_end(w);
	}
	gpald_write_object_end(w);
}

void gpald_encode_request(struct gpald_writer *w, const char *key,
			  const struct gpal_request *request)
{
	gpald_write_object(w, key);
	gpald_write_text(w, "arch", gpal_arch_name(request->arch));
	if (request->policy)
		gpald_write_text(w, "policy", request->policy->name);
	gpald_write_text(w, "profile", gpal_profile_name(request->profile));
	write_memory(w, request);
	write_chipset(w, request);
	write_request_pcie(w, request);
	write_request_cxl_windows(w, request);
	write_nonzero_count(w, "virtio_mmio", "slots", request->virtio_mmio_slots);
	write_request_vtl2(w, request);
	write_reserved(w, request);
	write_host(w, request);
	gpald_write_object_end(w);
}
