/* SPDX-License-Identifier: MIT */
/*
 * Checks of a request against itself. Their order is part of the contract: of
 * several faults the first in this order is reported, whatever the front end.
 */
#include "config.h"

#include "core/request_checks.h"

#include "core/checked.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/holes.h"
#include "core/order.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_domains(const struct gpal_request *request, struct gpal_error *error)
{
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
	for (size_t i = 0; i < request->host_hole_count; i++)
		if (!gpal_hole_name(request->host_holes[i]))
			return gpald_fail(error, GPAL_E_OUT_OF_RANGE, GPAL_SUBJECT_HOST_HOLE, i,
					  "%d is not a hole", (int)request->host_holes[i]);
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

static int check_nodes(const struct gpal_request *request, struct gpal_error *error)
{
	uint64_t total = 0;

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

/* Hashes of names, in a table that is half full at most. */
struct name_set {
	uint64_t *slots;
	unsigned int bits; /* there are 2^bits slots */
	size_t steps;      /* that may still be made: names can be chosen to collide */
};

static bool name_set_init(struct name_set *set, struct gpald_arena *arena, size_t names)
{
	set->bits = 64 - (unsigned int)__builtin_clzll(2 * (unsigned long long)names - 1);
	set->slots = gpald_arena_zalloc(arena, (size_t)1 << set->bits, sizeof(*set->slots));
	set->steps = 4 * names;
	return set->slots != NULL;
}

/* Adds a name; false: another one has the hash, or enough was looked at. */
static bool name_set_add(struct name_set *set, uint64_t hash)
{
	const size_t mask = ((size_t)1 << set->bits) - 1;
	size_t at = hash & mask;

	hash |= UINT64_C(1) << 63; /* a slot of 0 is empty */
	for (; set->slots[at] && set->slots[at] != hash && set->steps > 0; set->steps--)
		at = (at + 1) & mask;
	if (set->slots[at])
		return false;
	set->slots[at] = hash;
	return true;
}

/*
 * If all hashes differ, so do all names. Else, or if so many collide that somebody may have
 * chosen the names for it, names are compared.
 */
static int check_root_complex_names(struct gpald_resolution *r)
{
	const struct gpal_root_complex *rcs = r->request->root_complexes;
	const size_t count = r->request->root_complex_count;
	struct name_set set;
	struct named *names;
	bool differ = true;

	if (count == 0)
		return GPAL_OK;
	r->name_lengths = gpald_arena_alloc(r->arena, count, sizeof(*r->name_lengths));
	if (!r->name_lengths)
		return gpald_fail_plain(r->error, GPAL_E_NO_MEMORY);
	if (count == 1) {
		r->name_lengths[0] = strlen(rcs[0].name);
		return GPAL_OK;
	}
	if (!name_set_init(&set, r->arena, count))
		return gpald_fail_plain(r->error, GPAL_E_NO_MEMORY);
	for (size_t i = 0; i < count; i++) {
		r->name_lengths[i] = strlen(rcs[i].name);
		differ = differ &&
			 name_set_add(&set, gpald_hash_text(rcs[i].name, r->name_lengths[i]));
	}
	if (differ)
		return GPAL_OK;
	names = gpald_arena_alloc(r->arena, count, sizeof(*names));
	if (!names)
		return gpald_fail_plain(r->error, GPAL_E_NO_MEMORY);
	for (size_t i = 0; i < count; i++)
		names[i] = (struct named){ rcs[i].name, i };
	return check_unique(names, count, GPAL_SUBJECT_ROOT_COMPLEX_NAME, "root complexes",
			    r->error);
}

/* Holes come after the reserved ranges. */
static int check_reserved_names(struct gpald_resolution *r)
{
	const struct gpal_request *request = r->request;
	const size_t reserved = request->reserved_count;
	const size_t count = gpald_reserved_count(request);
	struct named *names;
	int code;

	if (count < 2)
		return GPAL_OK;
	names = gpald_arena_alloc(r->arena, count, sizeof(*names));
	if (!names)
		return gpald_fail_plain(r->error, GPAL_E_NO_MEMORY);
	for (size_t i = 0; i < count; i++)
		names[i] = (struct named){ gpald_reserved_at(request, i).name, i };
	code = check_unique(names, count, GPAL_SUBJECT_RESERVED_NAME,
			    count > reserved ? "reserved ranges and holes" : "reserved ranges",
			    r->error);
	if (code && r->error && r->error->index >= reserved) {
		r->error->subject = GPAL_SUBJECT_HOST_HOLE;
		r->error->index -= reserved;
	}
	return code;
}

static int check_hole_archs(const struct gpal_request *request, struct gpal_error *error)
{
	for (size_t i = 0; i < request->host_hole_count; i++) {
		const struct gpald_hole *hole = gpald_hole_find(request->host_holes[i]);

		if (hole->arch != request->arch)
			return gpald_fail(error, GPAL_E_OUT_OF_RANGE, GPAL_SUBJECT_HOST_HOLE, i,
					  "%s is a hole of %s hosts, not of %s hosts", hole->name,
					  gpal_arch_name(hole->arch),
					  gpal_arch_name(request->arch));
	}
	return GPAL_OK;
}

static int check_bus_ranges(const struct gpal_request *request, struct gpal_error *error)
{
	for (size_t i = 0; i < request->root_complex_count; i++) {
		const struct gpal_root_complex *rc = &request->root_complexes[i];

		if (!rc->has_buses)
			return gpald_fail(error, GPAL_E_INVALID_BUS_RANGE,
					  GPAL_SUBJECT_ROOT_COMPLEX_START_BUS, i,
					  "%s: its buses are not stated; begin with "
					  "GPAL_ROOT_COMPLEX_INIT()",
					  rc->name);
		if (rc->start_bus > rc->end_bus)
			return gpald_fail(error, GPAL_E_INVALID_BUS_RANGE,
					  GPAL_SUBJECT_ROOT_COMPLEX_START_BUS, i,
					  "%s: start_bus %u is greater than end_bus %u", rc->name,
					  rc->start_bus, rc->end_bus);
	}
	return GPAL_OK;
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

static void sort_root_complexes(const struct gpald_resolution *r, struct gpald_order *order,
				unsigned int bus_factor)
{
	const struct gpal_root_complex *rcs = r->request->root_complexes;
	const size_t count = r->request->root_complex_count;

	for (size_t i = 0; i < count; i++)
		order[i] = (struct gpald_order){
			(uint64_t)rcs[i].segment << 8 | (uint64_t)rcs[i].start_bus * bus_factor,
			(uint32_t)i,
		};
	gpald_order_sort(order, order + count, count);
}

/* Of all root complexes that share a bus with an earlier one, the first in list order is named. */
static int name_bus_overlap(const struct gpald_resolution *r)
{
	const struct gpal_request *request = r->request;
	const struct gpal_root_complex *owners[256];
	const struct gpal_root_complex *later = NULL, *earlier = NULL;
	struct gpald_order *order = r->by_bus;

	/* By segment, and in list order. */
	sort_root_complexes(r, order, 0);
	for (size_t i = 0; i < request->root_complex_count; i++) {
		const struct gpal_root_complex *rc = &request->root_complexes[order[i].index];

		if (i == 0 || order[i - 1].key != order[i].key)
			memset(owners, 0, sizeof(owners));
		for (unsigned int bus = rc->start_bus; bus <= rc->end_bus; bus++) {
			if (owners[bus] && (!later || rc < later)) {
				later = rc;
				earlier = owners[bus];
			}
			owners[bus] = rc;
		}
	}
	assert(later);
	return bus_overlap(request, later, earlier, r->error);
}

/* Sorted by first bus, two neighbours share a bus if any two root complexes do. */
static int check_bus_overlaps(struct gpald_resolution *r)
{
	const struct gpal_root_complex *rcs = r->request->root_complexes;
	const size_t count = r->request->root_complex_count;

	if (count == 0)
		return GPAL_OK;
	r->by_bus = gpald_arena_alloc(r->arena, 2 * count, sizeof(*r->by_bus));
	if (!r->by_bus)
		return gpald_fail_plain(r->error, GPAL_E_NO_MEMORY);
	sort_root_complexes(r, r->by_bus, 1);
	for (size_t i = 1; i < count; i++) {
		const struct gpal_root_complex *rc = &rcs[r->by_bus[i].index];
		const struct gpal_root_complex *before = &rcs[r->by_bus[i - 1].index];

		if (rc->segment == before->segment && rc->start_bus <= before->end_bus)
			return name_bus_overlap(r);
	}
	return GPAL_OK;
}

static int check_iommus(const struct gpal_request *request, struct gpal_error *error)
{
	const struct gpal_root_complex *first = NULL;
	size_t first_index = 0;
	int code;

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
	if (first && gpald_iommu_rows[first->iommu].arch != request->arch)
		return gpald_fail(error, GPAL_E_IOMMU_ARCH_MISMATCH,
				  GPAL_SUBJECT_ROOT_COMPLEX_IOMMU, first_index,
				  "%s: %s exists on %s, not on %s", first->name,
				  gpal_iommu_name(first->iommu),
				  gpal_arch_name(gpald_iommu_rows[first->iommu].arch),
				  gpal_arch_name(request->arch));
	return GPAL_OK;
}

static int check_hdm(const struct gpal_request *request, struct gpal_error *error)
{
	for (size_t i = 0; i < request->root_complex_count; i++) {
		const struct gpal_root_complex *rc = &request->root_complexes[i];

		if (rc->has_cxl && !rc->has_no_cxl_hdm &&
		    rc->cxl_hdm % GPALD_CXL_HDM_ALIGNMENT != 0)
			return gpald_fail(error, GPAL_E_INVALID_HDM,
					  GPAL_SUBJECT_ROOT_COMPLEX_CXL_HDM, i,
					  "%s: HDM window of 0x%" PRIx64
					  " bytes is not a multiple of 256 MiB",
					  rc->name, rc->cxl_hdm);
	}
	return GPAL_OK;
}

static int check_rc_nodes(const struct gpal_request *request, struct gpal_error *error)
{
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

static int check_memory_start(const struct gpal_request *request, struct gpal_error *error)
{
	const struct gpal_optional start = request->memory_start;

	if (start.set && start.value % GPAL_PAGE_SIZE != 0)
		return gpald_fail(error, GPAL_E_INVALID_MEMORY, GPAL_SUBJECT_MEMORY_START, 0,
				  "RAM start 0x%" PRIx64 " is not a multiple of 4096", start.value);
	return GPAL_OK;
}

static int check_alignment(const struct gpal_root_complex *rc, const struct gpal_window *window,
			   enum gpald_role role, uint64_t least, size_t index,
			   struct gpal_error *error)
{
	const struct gpald_role_row *row = &gpald_roles[role];
	const uint64_t alignment = window->alignment;
	int code;

	if (window->kind != GPAL_WINDOW_SIZE || alignment == 0 ||
	    (alignment >= least && (alignment & (alignment - 1)) == 0))
		return GPAL_OK;
	code = gpald_fail(error, GPAL_E_INVALID_ALIGNMENT, row->subject, index,
			  "%s%s%s: alignment 0x%" PRIx64
			  " is not a power of two of at least 0x%" PRIx64,
			  row->prefix, rc->name, row->suffix, alignment, least);
	if (error) {
		snprintf(error->tag, sizeof(error->tag), "%s%s%s", row->prefix, rc->name,
			 row->suffix);
		error->alignment = alignment;
	}
	return code;
}

static int check_windows(const struct gpal_request *request, struct gpal_error *error)
{
	int code = GPAL_OK;

	for (size_t i = 0; code == GPAL_OK && i < request->root_complex_count; i++) {
		const struct gpal_root_complex *rc = &request->root_complexes[i];

		code = check_alignment(rc, &rc->low_mmio, GPALD_ROLE_LOW_MMIO,
				       GPALD_LOW_WINDOW_ALIGNMENT, i, error);
		if (code == GPAL_OK)
			code = check_alignment(rc, &rc->high_mmio, GPALD_ROLE_HIGH_MMIO,
					       GPALD_HIGH_WINDOW_ALIGNMENT, i, error);
	}
	return code;
}

int gpald_check_request(struct gpald_resolution *r)
{
	const struct gpal_request *request = r->request;
	struct gpal_error *error = r->error;
	int code;

	if ((code = check_domains(request, error)) || (code = check_nodes(request, error)) ||
	    (code = check_root_complex_names(r)) || (code = check_reserved_names(r)) ||
	    (code = check_hole_archs(request, error)) ||
	    (code = check_bus_ranges(request, error)) || (code = check_bus_overlaps(r)) ||
	    (code = check_iommus(request, error)) || (code = check_hdm(request, error)) ||
	    (code = check_rc_nodes(request, error)) || (code = check_memory_start(request, error)))
		return code;
	return check_windows(request, error);
}
