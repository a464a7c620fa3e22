/* SPDX-License-Identifier: MIT */
/*
 * Checks of a request against itself. Their order is part of the contract: of
 * several faults the first in this order is reported, whatever the front end.
 */
#include "config.h"

#include "core/request_checks.h"

#include "core/checked.h"
#include "core/error.h"
#include "core/resolution.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef int check_function(struct gpald_arena *arena, const struct gpal_request *request,
			   struct gpal_error *error);

static int check_domains(struct gpald_arena *arena, const struct gpal_request *request,
			 struct gpal_error *error)
{
	(void)arena;
	if (!gpal_arch_name(request->arch))
		return gpald_fail(error, GPAL_E_OUT_OF_RANGE, GPAL_SUBJECT_ARCH, 0,
				  "%d is not an architecture", (int)request->arch);
	if (!gpal_profile_name(request->profile))
		return gpald_fail(error, GPAL_E_OUT_OF_RANGE, GPAL_SUBJECT_PROFILE, 0,
				  "%d is not a profile", (int)request->profile);
	if ((unsigned int)request->ecam >= GPAL_ECAM_COUNT)
		return gpald_fail(error, GPAL_E_OUT_OF_RANGE, GPAL_SUBJECT_PCIE_ECAM, 0,
				  "%d is not an ECAM placement", (int)request->ecam);
	if (request->chipset_low_mmio.set && request->chipset_low_mmio.value > GPAL_4GIB)
		return gpald_fail(error, GPAL_E_OUT_OF_RANGE, GPAL_SUBJECT_CHIPSET_LOW_MMIO, 0,
				  "chipset low MMIO of 0x%" PRIx64
				  " bytes does not fit below 4 GiB; at most 0x%" PRIx64,
				  request->chipset_low_mmio.value, GPAL_4GIB);
	if (request->host_physical_address_bits > 64)
		return gpald_fail(error, GPAL_E_OUT_OF_RANGE, GPAL_SUBJECT_HOST_BITS, 0,
				  "%u physical address bits; at most 64",
				  request->host_physical_address_bits);
	for (size_t i = 0; i < request->root_complex_count; i++) {
		const struct gpal_root_complex *rc = &request->root_complexes[i];

		if ((unsigned int)rc->low_mmio.kind >= GPAL_WINDOW_COUNT)
			return gpald_fail(error, GPAL_E_OUT_OF_RANGE,
					  GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO, i,
					  "%d is not a kind of window", (int)rc->low_mmio.kind);
		if ((unsigned int)rc->high_mmio.kind >= GPAL_WINDOW_COUNT)
			return gpald_fail(error, GPAL_E_OUT_OF_RANGE,
					  GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO, i,
					  "%d is not a kind of window", (int)rc->high_mmio.kind);
		if ((unsigned int)rc->iommu >= GPAL_IOMMU_COUNT)
			return gpald_fail(error, GPAL_E_OUT_OF_RANGE,
					  GPAL_SUBJECT_ROOT_COMPLEX_IOMMU, i, "%d is not an IOMMU",
					  (int)rc->iommu);
	}
	return GPAL_OK;
}

static int check_nodes(struct gpald_arena *arena, const struct gpal_request *request,
		       struct gpal_error *error)
{
	uint64_t total = 0;

	(void)arena;
	if (request->node_count == 0)
		return gpald_fail(error, GPAL_E_INVALID_MEMORY, GPAL_SUBJECT_MEMORY_NODES, 0,
				  "no NUMA nodes; a VM has at least one");
	for (size_t i = 0; i < request->node_count; i++)
		if (!gpald_add(total, request->nodes[i], &total))
			return gpald_fail(error, GPAL_E_INVALID_MEMORY, GPAL_SUBJECT_MEMORY_NODE, i,
					  "the sizes of nodes 0 to %zu add up to more than 64 bits "
					  "can hold",
					  i);
	if (total == 0)
		return gpald_fail(error, GPAL_E_INVALID_MEMORY, GPAL_SUBJECT_MEMORY_NODES, 0,
				  "all nodes have size 0; a VM has some RAM");
	for (size_t i = 0; i < request->node_count; i++)
		if (request->nodes[i] % GPAL_PAGE_SIZE != 0)
			return gpald_fail(error, GPAL_E_INVALID_MEMORY, GPAL_SUBJECT_MEMORY_NODE, i,
					  "size 0x%" PRIx64
					  " of node %zu is not a multiple of 4096",
					  request->nodes[i], i);
	return GPAL_OK;
}

struct named {
	const char *name;
	size_t index;
};

static int compare_named(const void *left, const void *right)
{
	const struct named *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	return order ? order : (a->index > b->index) - (a->index < b->index);
}

/* The first name, in list order, that an earlier entry has already. */
static int check_unique(struct named *names, size_t count, enum gpal_subject subject,
			const char *what, struct gpal_error *error)
{
	const struct named *second = NULL, *first = NULL;
	int code;

	qsort(names, count, sizeof(*names), compare_named);
	for (size_t i = 1; i < count; i++) {
		if (strcmp(names[i - 1].name, names[i].name) != 0)
			continue;
		if (!second || names[i].index < second->index) {
			first = &names[i - 1];
			second = &names[i];
		}
	}
	if (!second)
		return GPAL_OK;
	code = gpald_fail(error, GPAL_E_DUPLICATE_NAME, subject, second->index,
			  "%s %zu and %zu are both named %s", what, first->index, second->index,
			  second->name);
	if (error) {
		gpald_error_tag(error->tag, second->name);
		gpald_error_tag(error->other_tag, first->name);
	}
	return code;
}

static int check_names(struct gpald_arena *arena, const struct gpal_request *request,
		       struct gpal_error *error)
{
	const size_t rc_count = request->root_complex_count;
	const size_t longest = rc_count > request->reserved_count ? rc_count :
								    request->reserved_count;
	struct named *names;
	int code;

	if (longest < 2)
		return GPAL_OK;
	names = gpald_arena_alloc(arena, longest, sizeof(*names));
	if (!names)
		return gpald_fail_plain(error, GPAL_E_NO_MEMORY);
	for (size_t i = 0; i < rc_count; i++)
		names[i] = (struct named){ request->root_complexes[i].name, i };
	code = check_unique(names, rc_count, GPAL_SUBJECT_ROOT_COMPLEX_NAME, "root complexes",
			    error);
	if (code)
		return code;
	for (size_t i = 0; i < request->reserved_count; i++)
		names[i] = (struct named){ request->reserved[i].name, i };
	return check_unique(names, request->reserved_count, GPAL_SUBJECT_RESERVED_NAME,
			    "reserved ranges", error);
}

static int check_bus_ranges(struct gpald_arena *arena, const struct gpal_request *request,
			    struct gpal_error *error)
{
	(void)arena;
	for (size_t i = 0; i < request->root_complex_count; i++) {
		const struct gpal_root_complex *rc = &request->root_complexes[i];

		if (rc->start_bus > rc->end_bus)
			return gpald_fail(error, GPAL_E_INVALID_BUS_RANGE,
					  GPAL_SUBJECT_ROOT_COMPLEX_START_BUS, i,
					  "%s: start_bus %u is greater than end_bus %u", rc->name,
					  rc->start_bus, rc->end_bus);
	}
	return GPAL_OK;
}

/* By segment, then list order. */
static int compare_segment(const void *left, const void *right)
{
	const struct gpal_root_complex *a = *(const struct gpal_root_complex *const *)left;
	const struct gpal_root_complex *b = *(const struct gpal_root_complex *const *)right;

	if (a->segment != b->segment)
		return a->segment > b->segment ? 1 : -1;
	return (a > b) - (a < b);
}

static int bus_overlap(const struct gpal_request *request, const struct gpal_root_complex *later,
		       const struct gpal_root_complex *earlier, struct gpal_error *error)
{
	int code = gpald_fail(error, GPAL_E_BUS_OVERLAP, GPAL_SUBJECT_ROOT_COMPLEX_START_BUS,
			      (size_t)(later - request->root_complexes),
			      "%s (buses %u-%u) and %s (buses %u-%u) share a bus of segment %u",
			      later->name, later->start_bus, later->end_bus, earlier->name,
			      earlier->start_bus, earlier->end_bus, later->segment);

	if (error) {
		gpald_error_tag(error->tag, later->name);
		gpald_error_tag(error->other_tag, earlier->name);
	}
	return code;
}

/* Of all root complexes that share a bus with an earlier one, the first in list order is named. */
static int check_bus_overlaps(struct gpald_arena *arena, const struct gpal_request *request,
			      struct gpal_error *error)
{
	const size_t count = request->root_complex_count;
	const struct gpal_root_complex *owners[256];
	const struct gpal_root_complex *later = NULL, *earlier = NULL;
	const struct gpal_root_complex **sorted;

	if (count < 2)
		return GPAL_OK;
	sorted = gpald_arena_alloc(arena, count, sizeof(struct gpal_root_complex *));
	if (!sorted)
		return gpald_fail_plain(error, GPAL_E_NO_MEMORY);
	for (size_t i = 0; i < count; i++)
		sorted[i] = &request->root_complexes[i];
	qsort(sorted, count, sizeof(struct gpal_root_complex *), compare_segment);

	for (size_t i = 0; i < count; i++) {
		const struct gpal_root_complex *rc = sorted[i];

		if (i == 0 || sorted[i - 1]->segment != rc->segment)
			memset(owners, 0, sizeof(owners));
		for (unsigned int bus = rc->start_bus; bus <= rc->end_bus; bus++) {
			if (owners[bus] && (!later || rc < later)) {
				later = rc;
				earlier = owners[bus];
			}
			owners[bus] = rc;
		}
	}
	return later ? bus_overlap(request, later, earlier, error) : GPAL_OK;
}

static int check_iommus(struct gpald_arena *arena, const struct gpal_request *request,
			struct gpal_error *error)
{
	static const enum gpal_arch arch_of[GPAL_IOMMU_COUNT] = {
		[GPAL_IOMMU_SMMUV3] = GPAL_ARCH_AARCH64,
		[GPAL_IOMMU_AMD_VI] = GPAL_ARCH_X86_64,
		[GPAL_IOMMU_INTEL_VTD] = GPAL_ARCH_X86_64,
	};
	const struct gpal_root_complex *first = NULL;
	size_t first_index = 0;
	int code;

	(void)arena;
	for (size_t i = 0; i < request->root_complex_count; i++) {
		const struct gpal_root_complex *rc = &request->root_complexes[i];

		if (rc->iommu == GPAL_IOMMU_NONE)
			continue;
		if (!first) {
			first = rc;
			first_index = i;
		}
		if (rc->iommu == first->iommu)
			continue;
		code = gpald_fail(error, GPAL_E_MIXED_IOMMU, GPAL_SUBJECT_ROOT_COMPLEX_IOMMU, i,
				  "%s has %s but %s has %s; a VM has one kind of IOMMU", rc->name,
				  gpal_iommu_name(rc->iommu), first->name,
				  gpal_iommu_name(first->iommu));
		if (error) {
			gpald_error_tag(error->tag, rc->name);
			gpald_error_tag(error->other_tag, first->name);
		}
		return code;
	}
	if (first && arch_of[first->iommu] != request->arch)
		return gpald_fail(
			error, GPAL_E_IOMMU_ARCH_MISMATCH, GPAL_SUBJECT_ROOT_COMPLEX_IOMMU,
			first_index, "%s: %s exists on %s, not on %s", first->name,
			gpal_iommu_name(first->iommu), gpal_arch_name(arch_of[first->iommu]),
			gpal_arch_name(request->arch));
	return GPAL_OK;
}

static int check_hdm(struct gpald_arena *arena, const struct gpal_request *request,
		     struct gpal_error *error)
{
	(void)arena;
	for (size_t i = 0; i < request->root_complex_count; i++) {
		const struct gpal_root_complex *rc = &request->root_complexes[i];

		if (rc->has_cxl && rc->cxl_hdm % GPALD_CXL_HDM_ALIGNMENT != 0)
			return gpald_fail(error, GPAL_E_INVALID_HDM,
					  GPAL_SUBJECT_ROOT_COMPLEX_CXL_HDM, i,
					  "%s: HDM window of 0x%" PRIx64
					  " bytes is not a multiple of 256 MiB",
					  rc->name, rc->cxl_hdm);
	}
	return GPAL_OK;
}

static int check_rc_nodes(struct gpald_arena *arena, const struct gpal_request *request,
			  struct gpal_error *error)
{
	(void)arena;
	for (size_t i = 0; i < request->root_complex_count; i++) {
		const struct gpal_root_complex *rc = &request->root_complexes[i];

		if (rc->has_node && rc->node >= request->node_count)
			return gpald_fail(
				error, GPAL_E_NODE_OUT_OF_RANGE, GPAL_SUBJECT_ROOT_COMPLEX_NODE, i,
				"%s: node %" PRIu32 " does not exist; the last one is %zu",
				rc->name, rc->node, request->node_count - 1);
	}
	return GPAL_OK;
}

static int check_memory_start(struct gpald_arena *arena, const struct gpal_request *request,
			      struct gpal_error *error)
{
	const struct gpal_optional start = request->memory_start;

	(void)arena;
	if (start.set && start.value % GPAL_PAGE_SIZE != 0)
		return gpald_fail(error, GPAL_E_INVALID_MEMORY, GPAL_SUBJECT_MEMORY_START, 0,
				  "RAM start 0x%" PRIx64 " is not a multiple of 4096", start.value);
	return GPAL_OK;
}

int gpald_check_request(struct gpald_arena *arena, const struct gpal_request *request,
			struct gpal_error *error)
{
	static check_function *const checks[] = {
		check_domains, check_nodes, check_names,    check_bus_ranges,   check_bus_overlaps,
		check_iommus,  check_hdm,   check_rc_nodes, check_memory_start,
	};

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		int code = checks[i](arena, request, error);

		if (code)
			return code;
	}
	return GPAL_OK;
}
