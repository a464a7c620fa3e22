/* SPDX-License-Identifier: MIT */
/*
 * Encodes requests and layouts and makes records, each in one expression. Also makes a request
 * that sets every member of the first stored form.
 */
#ifndef GPALD_TESTS_UNIT_RECORDS_H
#define GPALD_TESTS_UNIT_RECORDS_H

#include "registry/record.h"
#include "tests/unit/vm.h"

#include <stdlib.h>

static inline struct gpald_blob request_blob(const struct gpal_request *request)
{
	struct gpald_blob blob;

	ck_assert(gpald_encode_request_blob(request, &blob));
	return blob;
}

static inline struct gpald_blob layout_blob(const struct gpal_layout *layout)
{
	struct gpald_blob blob;

	ck_assert(gpald_encode_layout_blob(layout, &blob));
	return blob;
}

static inline void assert_blobs_equal(const struct gpald_blob *a, const struct gpald_blob *b)
{
	ck_assert_uint_eq(a->length, b->length);
	ck_assert_mem_eq(a->data, b->data, a->length);
}

/* Returns the record of a request that must resolve. The caller frees it. */
static inline struct gpald_record *record_of(const char *name,
					     const struct gpald_record_facts *facts,
					     const struct gpal_request *request)
{
	struct gpal_layout *layout = resolve(request);
	struct gpald_blob in = request_blob(request), out = layout_blob(layout);
	struct gpald_record *record = gpald_record_new(name, facts, &in, &out, layout);

	ck_assert_ptr_nonnull(record);
	gpald_blob_free(&in);
	gpald_blob_free(&out);
	gpal_layout_free(layout);
	return record;
}

static inline void assert_records_equal(const struct gpald_record *a, const struct gpald_record *b)
{
	ck_assert_str_eq(a->name, b->name);
	ck_assert_uint_eq(a->facts.generation, b->facts.generation);
	ck_assert_uint_eq(a->facts.owner_uid, b->facts.owner_uid);
	ck_assert_int_eq(a->facts.created_at_ms, b->facts.created_at_ms);
	ck_assert_int_eq(a->facts.updated_at_ms, b->facts.updated_at_ms);
	ck_assert_str_eq(a->digest, b->digest);
	ck_assert_int_eq(a->arch, b->arch);
	ck_assert_ptr_eq(a->policy, b->policy);
	ck_assert_uint_eq(a->ram_size, b->ram_size);
	ck_assert_uint_eq(a->top, b->top);
	assert_blobs_equal(&a->request, &b->request);
	assert_blobs_equal(&a->layout, &b->layout);
}

/* Every member of the first stored form is set. The request resolves, with warnings. */
static inline struct gpal_request rich_request(void)
{
	static const uint64_t nodes[] = { 2 * GIB, 0, 3 * GIB + 20 * MIB };
	static const struct gpal_root_complex rcs[] = {
		{ .name = "rc0",
		  .segment = 300,
		  .has_buses = true,
		  .start_bus = 16,
		  .end_bus = 31,
		  .has_node = true,
		  .node = 2,
		  .low_mmio = { .kind = GPAL_WINDOW_SIZE, .size = 32 * MIB },
		  .high_mmio = { .kind = GPAL_WINDOW_PINNED,
				 .range = { 64 * GIB + 4 * KIB, 65 * GIB } },
		  .has_cxl = true,
		  .cxl_hdm = 512 * MIB,
		  .iommu = GPAL_IOMMU_AMD_VI },
		{ .name = "rc1",
		  .segment = 300,
		  .has_buses = true,
		  .start_bus = 128,
		  .end_bus = 255,
		  .low_mmio = { .kind = GPAL_WINDOW_PINNED,
				.range = { 3 * GIB, 3 * GIB + 64 * MIB } },
		  .high_mmio = { .kind = GPAL_WINDOW_SIZE, .size = 2 * GIB } },
		{ .name = "rc:2", .has_buses = true, .end_bus = 1, .iommu = GPAL_IOMMU_AMD_VI },
	};
	static const struct gpal_named_range reserved[] = {
		{ "hole", { 2 * GIB, 2 * GIB + 16 * MIB } },
		{ "hypertransport", { UINT64_C(0xfd00000000), UINT64_C(0x10000000000) } },
	};

	return (struct gpal_request){
		.arch = GPAL_ARCH_X86_64,
		.policy = gpal_policy_find("openvmm-2026.06"),
		.profile = GPAL_PROFILE_HCL_HOST,
		.nodes = nodes,
		.node_count = 3,
		.memory_start = { true, 16 * MIB },
		.chipset_low_mmio = { true, 256 * MIB },
		.chipset_high_mmio = { true, 1 * GIB },
		.ecam = GPAL_ECAM_ABOVE_4GIB,
		.root_complexes = rcs,
		.root_complex_count = 3,
		.virtio_mmio_slots = 200,
		.vtl2_chipset_mmio = { true, 2 * GIB },
		.has_vtl2_memory = true,
		.vtl2_memory_size = 512 * MIB,
		.vtl2_memory_alignment = 2 * MIB,
		.vtl2_framebuffer = 8 * MIB,
		.reserved = reserved,
		.reserved_count = 2,
		.host_physical_address_bits = 46,
	};
}

#endif
