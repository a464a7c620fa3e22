/* SPDX-License-Identifier: MIT */
/* Checks that values are in their enum, and numbers within limits. Later checks rely on this. */
#include "config.h"

#include "core/request_checks.h"

#include "core/checked.h"
#include "core/cxl.h"
#include "core/error.h"
#include "core/holes.h"
#include "core/roles.h"
#include "core/size_text.h"

#include <inttypes.h>

static int check_bar_count(size_t count, enum gpal_subject subject, size_t index, size_t device,
			   bool of_vfs, struct gpal_error *error)
{
	if (count >= 1 && count <= GPAL_BARS_MAX)
		return GPAL_OK;
	return gpald_fail_part(error,
			       gpald_fail(error, GPAL_E_OUT_OF_RANGE, subject, index,
					  "device %zu has %zu BARs%s; 1 to %d are allowed", device,
					  count, of_vfs ? " for each virtual function" : "",
					  GPAL_BARS_MAX),
			       "/devices/%zu/%s", device, of_vfs ? "sriov/bars" : "bars");
}

static int check_device(const struct gpal_device *device, enum gpal_subject subject, size_t index,
			size_t number, struct gpal_error *error)
{
	int code = check_bar_count(device->bar_count, subject, index, number, false, error);

	if (code || !device->has_sriov)
		return code;
	if (device->vfs < 1 || device->vfs > GPAL_VFS_MAX)
		return gpald_fail_part(error,
				       gpald_fail(error, GPAL_E_OUT_OF_RANGE, subject, index,
						  "device %zu has %" PRIu32
						  " virtual functions; 1 to %d are allowed",
						  number, device->vfs, GPAL_VFS_MAX),
				       "/devices/%zu/sriov/vfs", number);
	return check_bar_count(device->vf_bar_count, subject, index, number, true, error);
}

static int check_window_values(const struct gpal_window *window, enum gpal_subject subject,
			       size_t index, struct gpal_error *error)
{
	int code = GPAL_OK;

	if ((unsigned int)window->kind >= GPAL_WINDOW_COUNT)
		return gpald_fail(error, GPAL_E_OUT_OF_RANGE, subject, index,
				  "%d is not a kind of window", (int)window->kind);
	if (window->kind != GPAL_WINDOW_DEVICES)
		return GPAL_OK;
	if (window->device_count < 1 || window->device_count > GPAL_DEVICES_MAX)
		return gpald_fail_part(error,
				       gpald_fail(error, GPAL_E_OUT_OF_RANGE, subject, index,
						  "the window has %zu devices; 1 to %d are allowed",
						  window->device_count, GPAL_DEVICES_MAX),
				       "/devices");
	for (size_t i = 0; code == GPAL_OK && i < window->device_count; i++)
		code = check_device(&window->devices[i], subject, index, i, error);
	return code;
}

static int check_cxl_window_values(const struct gpal_cxl_window *window, size_t index,
				   struct gpal_error *error)
{
	if (!gpald_cxl_allows_ways(window->target_count))
		return gpald_fail(
			error, GPAL_E_OUT_OF_RANGE, GPAL_SUBJECT_CXL_WINDOW_TARGETS, index,
			"the window has %zu targets; 1, 2, 3, 4, 6, 8, 12 or 16 are allowed",
			window->target_count);
	if (window->granularity && (window->granularity < GPALD_CXL_GRANULARITY_MIN ||
				    window->granularity > GPALD_CXL_GRANULARITY_MAX ||
				    !gpald_is_power_of_two(window->granularity)))
		return gpald_fail(error, GPAL_E_OUT_OF_RANGE, GPAL_SUBJECT_CXL_WINDOW_GRANULARITY,
				  index,
				  "a granularity of %" PRIu32
				  " bytes is not a power of two from 256 to 16384",
				  window->granularity);
	return GPAL_OK;
}

int gpald_check_values(const struct gpal_request *request, struct gpal_error *error)
{
	int code;

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
				  "chipset low MMIO of %s does not fit below 4 GiB",
				  gpald_exact_size_text(request->chipset_low_mmio.value).text);
	if (request->host_physical_address_bits > 64)
		return gpald_fail(error, GPAL_E_OUT_OF_RANGE, GPAL_SUBJECT_HOST_BITS, 0,
				  "the host has %u physical address bits; at most 64 are allowed",
				  request->host_physical_address_bits);
	for (size_t i = 0; i < request->host_hole_count; i++)
		if (!gpal_hole_name(request->host_holes[i]))
			return gpald_fail(error, GPAL_E_OUT_OF_RANGE, GPAL_SUBJECT_HOST_HOLE, i,
					  "%d is not a hole", (int)request->host_holes[i]);
	for (size_t i = 0; i < request->root_complex_count; i++) {
		const struct gpal_root_complex *rc = &request->root_complexes[i];

		if ((code = check_window_values(&rc->low_mmio, GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO,
						i, error)) ||
		    (code = check_window_values(&rc->high_mmio, GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO,
						i, error)))
			return code;
		if ((unsigned int)rc->iommu >= GPAL_IOMMU_COUNT)
			return gpald_fail(error, GPAL_E_OUT_OF_RANGE,
					  GPAL_SUBJECT_ROOT_COMPLEX_IOMMU, i,
					  "%d is not a kind of IOMMU", (int)rc->iommu);
	}
	for (size_t i = 0; i < request->cxl_window_count; i++)
		if ((code = check_cxl_window_values(&request->cxl_windows[i], i, error)))
			return code;
	return GPAL_OK;
}
