/* SPDX-License-Identifier: MIT */
/* Checks of root complexes and of their windows. */
#include "config.h"

#include "core/request_checks.h"

#include "core/checked.h"
#include "core/devices.h"
#include "core/error.h"
#include "core/size_text.h"
#include "core/sort.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int gpald_check_bus_ranges(const struct gpal_request *request, struct gpal_error *error)
{
	for (size_t i = 0; i < request->root_complex_count; i++) {
		const struct gpal_root_complex *rc = &request->root_complexes[i];

		if (!rc->has_buses)
			return gpald_fail(error, GPAL_E_INVALID_BUS_RANGE,
					  GPAL_SUBJECT_ROOT_COMPLEX_START_BUS, i,
					  "%s: its buses are not set; initialise it with "
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

static int refuse_bus_overlap(const struct gpal_request *request,
			      const struct gpal_root_complex *later,
			      const struct gpal_root_complex *earlier, struct gpal_error *error)
{
	int code = gpald_fail(error, GPAL_E_BUS_OVERLAP, GPAL_SUBJECT_ROOT_COMPLEX_START_BUS,
			      (size_t)(later - request->root_complexes),
			      "%s (buses %u-%u) and %s (buses %u-%u) share a bus of segment %u",
			      later->name, later->start_bus, later->end_bus, earlier->name,
			      earlier->start_bus, earlier->end_bus, later->segment);

	if (error) {
		gpald_error_set_tag(error->tag, later->name);
		gpald_error_set_tag(error->other_tag, earlier->name);
	}
	return code;
}

static void sort_root_complexes(const struct gpald_resolution *r, struct gpald_sort_item *order,
				unsigned int bus_factor)
{
	const struct gpal_root_complex *rcs = r->request->root_complexes;
	const size_t count = r->request->root_complex_count;

	for (size_t i = 0; i < count; i++)
		order[i] = (struct gpald_sort_item){
			(uint64_t)rcs[i].segment << 8 | (uint64_t)rcs[i].start_bus * bus_factor,
			(uint32_t)i,
		};
	gpald_sort_items(order, order + count, count);
}

/* Reports the first root complex in list order that shares a bus with an earlier one. */
static int report_first_bus_overlap(const struct gpald_resolution *r)
{
	const struct gpal_request *request = r->request;
	const struct gpal_root_complex *owners[256];
	const struct gpal_root_complex *later = NULL, *earlier = NULL;
	struct gpald_sort_item *order = r->by_bus;

	/* Sort by segment; root complexes of a segment stay in list order. */
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
	return refuse_bus_overlap(request, later, earlier, r->error);
}

/* If two root complexes share a bus, so do two neighbours in the order of segment and start_bus. */
int gpald_check_bus_overlaps(struct gpald_resolution *r)
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
			return report_first_bus_overlap(r);
	}
	return GPAL_OK;
}

int gpald_check_iommus(const struct gpal_request *request, struct gpal_error *error)
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
				  "%s has %s but %s has %s; a VM can have only one kind of IOMMU",
				  rc->name, gpal_iommu_name(rc->iommu), first->name,
				  gpal_iommu_name(first->iommu));
		if (error) {
			gpald_error_set_tag(error->tag, rc->name);
			gpald_error_set_tag(error->other_tag, first->name);
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

int gpald_check_hdm(const struct gpal_request *request, struct gpal_error *error)
{
	for (size_t i = 0; i < request->root_complex_count; i++) {
		const struct gpal_root_complex *rc = &request->root_complexes[i];

		if (rc->has_cxl && !rc->has_no_cxl_hdm &&
		    rc->cxl_hdm % GPALD_CXL_HDM_ALIGNMENT != 0)
			return gpald_fail(error, GPAL_E_INVALID_HDM,
					  GPAL_SUBJECT_ROOT_COMPLEX_CXL_HDM, i,
					  "%s: an HDM of %s is not a multiple of 256 MiB", rc->name,
					  gpald_exact_size_text(rc->cxl_hdm).text);
	}
	return GPAL_OK;
}

int gpald_check_rc_nodes(const struct gpal_request *request, struct gpal_error *error)
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

static int refuse_bar(const char *tag, uint64_t bar, const struct gpald_role_row *row, size_t index,
		      struct gpal_error *error)
{
	int code = gpald_fail(error, GPAL_E_INVALID_SIZE, row->subject, index,
			      "%s: a BAR of %s is not a power of two of at least 4 KiB", tag,
			      gpald_exact_size_text(bar).text);

	if (error) {
		gpald_error_set_tag(error->tag, tag);
		error->size = bar;
	}
	return code;
}

/* Returns the index of the first size that a BAR cannot have; `count` if there is none. */
static size_t find_bad_bar(const uint64_t *bars, size_t count)
{
	size_t i = 0;

	while (i < count && bars[i] >= GPAL_PAGE_SIZE && gpald_is_power_of_two(bars[i]))
		i++;
	return i;
}

static int check_devices(const char *tag, const struct gpal_window *window,
			 const struct gpald_role_row *row, uint64_t least, size_t index,
			 struct gpal_error *error)
{
	uint64_t size, alignment;
	int code;

	for (size_t i = 0; i < window->device_count; i++) {
		const struct gpal_device *device = &window->devices[i];
		const size_t vf_bar_count = device->has_sriov ? device->vf_bar_count : 0;
		size_t bad = find_bad_bar(device->bars, device->bar_count);

		if (bad < device->bar_count)
			return gpald_fail_part(
				error, refuse_bar(tag, device->bars[bad], row, index, error),
				"/devices/%zu/bars/%zu", i, bad);
		bad = find_bad_bar(device->vf_bars, vf_bar_count);
		if (bad < vf_bar_count)
			return gpald_fail_part(
				error, refuse_bar(tag, device->vf_bars[bad], row, index, error),
				"/devices/%zu/sriov/bars/%zu", i, bad);
	}
	if (gpald_size_devices_window(window, least, &size, &alignment))
		return GPAL_OK;
	code = gpald_fail(error, GPAL_E_INVALID_SIZE, row->subject, index,
			  "%s: its devices need a window of 2^64 bytes or more", tag);
	if (error)
		gpald_error_set_tag(error->tag, tag);
	return gpald_fail_part(error, code, "/devices");
}

static int check_window(const struct gpal_root_complex *rc, const struct gpal_window *window,
			enum gpald_role role, size_t index, struct gpal_error *error)
{
	const struct gpald_role_row *row = &gpald_roles[role];
	const uint64_t least = gpald_usual_mmio_alignment(role);
	const uint64_t alignment = window->alignment;
	char tag[GPAL_ERROR_TAG_MAX + 1];
	int code;

	if (window->kind != GPAL_WINDOW_DEVICES &&
	    (window->kind != GPAL_WINDOW_SIZE || alignment == 0 ||
	     (alignment >= least && gpald_is_power_of_two(alignment))))
		return GPAL_OK;
	snprintf(tag, sizeof(tag), "%s%s%s", row->prefix, rc->name, row->suffix);
	if (window->kind == GPAL_WINDOW_DEVICES)
		return check_devices(tag, window, row, least, index, error);
	code = gpald_fail(error, GPAL_E_INVALID_ALIGNMENT, row->subject, index,
			  "%s: an alignment of %s is not a power of two of at least %s", tag,
			  gpald_exact_size_text(alignment).text, gpald_exact_size_text(least).text);
	if (error) {
		gpald_error_set_tag(error->tag, tag);
		error->alignment = alignment;
	}
	return code;
}

int gpald_check_windows(const struct gpal_request *request, struct gpal_error *error)
{
	int code = GPAL_OK;

	for (size_t i = 0; code == GPAL_OK && i < request->root_complex_count; i++) {
		const struct gpal_root_complex *rc = &request->root_complexes[i];

		code = check_window(rc, &rc->low_mmio, GPALD_ROLE_LOW_MMIO, i, error);
		if (code == GPAL_OK)
			code = check_window(rc, &rc->high_mmio, GPALD_ROLE_HIGH_MMIO, i, error);
	}
	return code;
}
