/* SPDX-License-Identifier: MIT */
/* The order of members is that of the protocol's documentation. */
#include "config.h"

#include "wire/request_encode.h"

#include "wire/json_build.h"

static void build_optional(struct gpald_builder *b, cJSON *object, const char *key,
			   const struct gpal_optional *value)
{
	if (value->set)
		gpald_build_hex(b, object, key, value->value);
}

static void build_window(struct gpald_builder *b, cJSON *object, const char *key,
			 const struct gpal_window *window)
{
	if (window->kind == GPAL_WINDOW_SIZE)
		gpald_build_hex(b, object, key, window->size);
	else if (window->kind == GPAL_WINDOW_PINNED)
		gpald_build_range(b, object, key, window->range);
}

static void build_memory(struct gpald_builder *b, cJSON *object, const struct gpal_request *request)
{
	cJSON *memory = gpald_build_object(b, object, "memory");
	cJSON *nodes = gpald_build_array(b, memory, "nodes");

	for (size_t i = 0; i < request->node_count; i++)
		gpald_build_hex(b, nodes, NULL, request->nodes[i]);
	build_optional(b, memory, "start", &request->memory_start);
}

static void build_chipset(struct gpald_builder *b, cJSON *object,
			  const struct gpal_request *request)
{
	cJSON *chipset;

	if (!request->chipset_low_mmio.set && !request->chipset_high_mmio.set)
		return;
	chipset = gpald_build_object(b, object, "chipset");
	build_optional(b, chipset, "low_mmio", &request->chipset_low_mmio);
	build_optional(b, chipset, "high_mmio", &request->chipset_high_mmio);
}

static void build_root_complex(struct gpald_builder *b, cJSON *array,
			       const struct gpal_root_complex *rc)
{
	cJSON *object = gpald_build_object(b, array, NULL);

	gpald_build_text(b, object, "name", rc->name);
	gpald_build_integer(b, object, "segment", rc->segment);
	gpald_build_integer(b, object, "start_bus", rc->start_bus);
	gpald_build_integer(b, object, "end_bus", rc->end_bus);
	if (rc->has_node)
		gpald_build_integer(b, object, "node", rc->node);
	build_window(b, object, "low_mmio", &rc->low_mmio);
	build_window(b, object, "high_mmio", &rc->high_mmio);
	if (rc->has_cxl)
		gpald_build_hex(b, gpald_build_object(b, object, "cxl"), "hdm", rc->cxl_hdm);
	if (rc->iommu != GPAL_IOMMU_NONE)
		gpald_build_text(b, object, "iommu", gpal_iommu_name(rc->iommu));
}

static void build_pcie(struct gpald_builder *b, cJSON *object, const struct gpal_request *request)
{
	cJSON *pcie, *root_complexes;

	if (request->ecam == GPAL_ECAM_DEFAULT && request->root_complex_count == 0)
		return;
	pcie = gpald_build_object(b, object, "pcie");
	if (request->ecam != GPAL_ECAM_DEFAULT)
		gpald_build_text(b, pcie, "ecam", gpal_ecam_name(request->ecam));
	if (request->root_complex_count == 0)
		return;
	root_complexes = gpald_build_array(b, pcie, "root_complexes");
	for (size_t i = 0; i < request->root_complex_count; i++)
		build_root_complex(b, root_complexes, &request->root_complexes[i]);
}

static void build_vtl2(struct gpald_builder *b, cJSON *object, const struct gpal_request *request)
{
	cJSON *vtl2, *memory;

	if (!request->vtl2_chipset_mmio.set && !request->has_vtl2_memory &&
	    request->vtl2_framebuffer == 0)
		return;
	vtl2 = gpald_build_object(b, object, "vtl2");
	build_optional(b, vtl2, "chipset_mmio", &request->vtl2_chipset_mmio);
	if (request->has_vtl2_memory) {
		memory = gpald_build_object(b, vtl2, "memory");
		gpald_build_hex(b, memory, "size", request->vtl2_memory_size);
		gpald_build_hex(b, memory, "alignment", request->vtl2_memory_alignment);
	}
	if (request->vtl2_framebuffer)
		gpald_build_hex(b, vtl2, "framebuffer", request->vtl2_framebuffer);
}

static void build_reserved(struct gpald_builder *b, cJSON *object,
			   const struct gpal_request *request)
{
	cJSON *reserved;

	if (request->reserved_count == 0)
		return;
	reserved = gpald_build_array(b, object, "reserved");
	for (size_t i = 0; i < request->reserved_count; i++) {
		cJSON *entry = gpald_build_object(b, reserved, NULL);

		gpald_build_text(b, entry, "name", request->reserved[i].name);
		gpald_build_bounds(b, entry, request->reserved[i].range);
	}
}

cJSON *gpald_encode_request(const struct gpal_request *request)
{
	struct gpald_builder b = { .failed = false };
	cJSON *object = cJSON_CreateObject();

	gpald_build_text(&b, object, "arch", gpal_arch_name(request->arch));
	if (request->policy)
		gpald_build_text(&b, object, "policy", request->policy->name);
	gpald_build_text(&b, object, "profile", gpal_profile_name(request->profile));
	build_memory(&b, object, request);
	build_chipset(&b, object, request);
	build_pcie(&b, object, request);
	if (request->virtio_mmio_slots)
		gpald_build_integer(&b, gpald_build_object(&b, object, "virtio_mmio"), "slots",
				    request->virtio_mmio_slots);
	build_vtl2(&b, object, request);
	build_reserved(&b, object, request);
	if (request->host_physical_address_bits)
		gpald_build_integer(&b, gpald_build_object(&b, object, "host"),
				    "physical_address_bits", request->host_physical_address_bits);
	if (!b.failed)
		return object;
	cJSON_Delete(object);
	return NULL;
}
