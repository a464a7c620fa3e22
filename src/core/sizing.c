/* SPDX-License-Identifier: MIT */
/*
 * Whether a size fits cannot be computed, because it changes the order in which windows are placed,
 * and so the addresses of others. So sizes are tried. Bisection finds a size that fits although the
 * next one does not. There may be other such sizes: large ranges are placed first, so a larger size
 * can fit although a smaller one does not.
 */
#include "config.h"

#include "core/sizing.h"

#include "core/checked.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

bool gpald_budget_take(struct gpald_budget *budget, size_t cost)
{
	if (cost > budget->left) {
		budget->is_spent = true;
		return false;
	}
	budget->left -= cost;
	return true;
}

bool gpald_find_size(uint64_t good, uint64_t bad, uint64_t unit, gpald_size_test *test, void *data,
		     uint64_t *size)
{
	assert(good < bad && (bad - good) % unit == 0);
	while (bad - good > unit) {
		const uint64_t middle = good + (bad - good) / unit / 2 * unit;

		switch (test(data, middle)) {
		case GPALD_FITS:
			good = middle;
			break;
		case GPALD_DOES_NOT_FIT:
			bad = middle;
			break;
		case GPALD_NOT_TRIED:
			return false;
		}
	}
	*size = good;
	return true;
}

/* Allocates a list of zeros, with one element more, because calloc() may return NULL for none. */
static void *allocate_elements(size_t count, size_t size)
{
	return count < SIZE_MAX ? calloc(count + 1, size) : NULL;
}

static void *duplicate_elements(const void *elements, size_t count, size_t size)
{
	void *copy = allocate_elements(count, size);

	if (copy && count > 0)
		memcpy(copy, elements, count * size);
	return copy;
}

#define ALL SIZE_MAX /* as the index of struct gpald_sizing: all chosen windows at once */

/* Restores the request as it was; its lists are the copies. */
static void restore_size(struct gpald_sizing *sizing)
{
	const struct gpal_request *original = sizing->original;
	struct gpal_request *request = &sizing->request;

	*request = *original;
	request->nodes = sizing->nodes;
	request->root_complexes = sizing->root_complexes;
	request->hotplug_rooms = sizing->hotplug_rooms;
	request->cxl_windows = sizing->cxl_windows;
	switch (sizing->subject) {
	case GPAL_SUBJECT_MEMORY_NODE:
		sizing->nodes[sizing->index] = original->nodes[sizing->index];
		break;
	case GPAL_SUBJECT_MEMORY_NODES:
		memcpy(sizing->nodes, original->nodes,
		       original->node_count * sizeof(*sizing->nodes));
		break;
	case GPAL_SUBJECT_HOTPLUG_SIZE:
		sizing->hotplug_rooms[sizing->index] = original->hotplug_rooms[sizing->index];
		break;
	case GPAL_SUBJECT_CXL_WINDOW_SIZE:
		sizing->cxl_windows[sizing->index] = original->cxl_windows[sizing->index];
		break;
	case GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO:
	case GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO:
	case GPAL_SUBJECT_ROOT_COMPLEX_CXL_HDM:
		if (sizing->index == ALL)
			memcpy(sizing->root_complexes, original->root_complexes,
			       original->root_complex_count * sizeof(*sizing->root_complexes));
		else
			sizing->root_complexes[sizing->index] =
				original->root_complexes[sizing->index];
		break;
	default:
		break;
	}
}

#define BARS_PER_RANGE 8 /* adding up this number of BARs takes as long as placing a range */

static size_t cost_of_devices(const struct gpal_window *window)
{
	size_t bars = 0;

	if (window->kind != GPAL_WINDOW_DEVICES)
		return 0;
	for (size_t i = 0; i < window->device_count; i++) {
		const struct gpal_device *device = &window->devices[i];

		bars += device->bar_count + (device->has_sriov ? device->vf_bar_count : 0);
	}
	return window->device_count + bars / BARS_PER_RANGE;
}

/*
 * Returns the cost of a try, as a number of ranges. A root complex counts as a few ranges, and each
 * device of its windows and each target of a CXL window counts, too.
 */
static size_t cost_of_try(const struct gpal_request *request, const struct gpal_layout *live)
{
	size_t cost = 16 + request->node_count + 4 * request->root_complex_count +
		      request->reserved_count + request->hotplug_room_count +
		      request->cxl_window_count + (live ? live->map.count : 0);

	for (size_t i = 0; i < request->root_complex_count; i++) {
		const struct gpal_root_complex *rc = &request->root_complexes[i];

		cost += cost_of_devices(&rc->low_mmio) + cost_of_devices(&rc->high_mmio);
	}
	for (size_t i = 0; i < request->cxl_window_count; i++)
		cost += request->cxl_windows[i].target_count;
	return cost;
}

bool gpald_sizing_init(struct gpald_sizing *sizing, const struct gpal_request *request,
		       const struct gpal_policy *policy, struct gpald_resolve_options options,
		       struct gpald_budget *budget)
{
	*sizing = (struct gpald_sizing){
		.request = *request,
		.options = options,
		.policy = policy,
		.budget = budget,
		.original = request,
		.nodes = duplicate_elements(request->nodes, request->node_count,
					    sizeof(*request->nodes)),
		.root_complexes = duplicate_elements(request->root_complexes,
						     request->root_complex_count,
						     sizeof(*request->root_complexes)),
		.hotplug_rooms = duplicate_elements(request->hotplug_rooms,
						    request->hotplug_room_count,
						    sizeof(*request->hotplug_rooms)),
		.cxl_windows = duplicate_elements(request->cxl_windows, request->cxl_window_count,
						  sizeof(*request->cxl_windows)),
		.is_chosen =
			allocate_elements(request->root_complex_count, sizeof(*sizing->is_chosen)),
	};
	if (!sizing->is_chosen || !sizing->nodes || !sizing->root_complexes ||
	    !sizing->hotplug_rooms || !sizing->cxl_windows)
		return false;
	sizing->cost = cost_of_try(request, options.live);
	restore_size(sizing);
	return true;
}

void gpald_sizing_clear(struct gpald_sizing *sizing)
{
	free(sizing->nodes);
	free(sizing->root_complexes);
	free(sizing->hotplug_rooms);
	free(sizing->cxl_windows);
	free(sizing->is_chosen);
}

static uint64_t unit_of_window(const struct gpal_window *window)
{
	return window->kind == GPAL_WINDOW_DEFAULT || window->kind == GPAL_WINDOW_SIZE ?
		       GPAL_PAGE_SIZE :
		       0;
}

uint64_t gpald_sizing_choose(struct gpald_sizing *sizing, enum gpal_subject subject, size_t index)
{
	const struct gpal_request *request = &sizing->request;

	restore_size(sizing);
	sizing->subject = subject;
	sizing->index = index;
	switch (subject) {
	case GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO:
		return unit_of_window(&request->root_complexes[index].low_mmio);
	case GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO:
		return unit_of_window(&request->root_complexes[index].high_mmio);
	case GPAL_SUBJECT_ROOT_COMPLEX_CXL_HDM:
		return GPALD_CXL_HDM_ALIGNMENT;
	case GPAL_SUBJECT_CHIPSET_HIGH_MMIO:
		return request->has_pinned_chipset_high_mmio ? 0 : GPAL_PAGE_SIZE;
	case GPAL_SUBJECT_CXL_WINDOW_SIZE:
		return GPALD_CXL_HDM_ALIGNMENT * request->cxl_windows[index].target_count;
	case GPAL_SUBJECT_MEMORY_NODE:
	case GPAL_SUBJECT_MEMORY_NODES:
	case GPAL_SUBJECT_HOTPLUG_SIZE:
	case GPAL_SUBJECT_CHIPSET_LOW_MMIO:
	case GPAL_SUBJECT_VIRTIO_MMIO_SLOTS:
	case GPAL_SUBJECT_VTL2_CHIPSET_MMIO:
	case GPAL_SUBJECT_VTL2_MEMORY_SIZE:
	case GPAL_SUBJECT_VTL2_FRAMEBUFFER:
		return GPAL_PAGE_SIZE;
	default:
		return 0;
	}
}

uint64_t gpald_sizing_min_size(const struct gpald_sizing *sizing, uint64_t unit)
{
	const uint64_t low = sizing->original->memory_low_window;
	const bool is_node_0 = sizing->subject == GPAL_SUBJECT_MEMORY_NODES ||
			       (sizing->subject == GPAL_SUBJECT_MEMORY_NODE && sizing->index == 0);

	return is_node_0 && low > 0 ? low : unit;
}

static void set_window(struct gpal_window *window, uint64_t size)
{
	window->kind = GPAL_WINDOW_SIZE;
	window->size = size;
}

static struct gpal_window *window_of(const struct gpald_sizing *sizing, size_t index)
{
	struct gpal_root_complex *rc = &sizing->root_complexes[index];

	return sizing->subject == GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO ? &rc->low_mmio :
								       &rc->high_mmio;
}

static void set_windows(struct gpald_sizing *sizing, uint64_t size)
{
	if (sizing->index != ALL) {
		set_window(window_of(sizing, sizing->index), size);
		return;
	}
	for (size_t i = 0; i < sizing->request.root_complex_count; i++)
		if (sizing->is_chosen[i])
			set_window(window_of(sizing, i), size);
}

static void set_size(struct gpald_sizing *sizing, uint64_t size)
{
	const struct gpal_optional optional = { .set = true, .value = size };
	struct gpal_request *request = &sizing->request;

	switch (sizing->subject) {
	case GPAL_SUBJECT_MEMORY_NODE:
		sizing->nodes[sizing->index] = size;
		break;
	case GPAL_SUBJECT_MEMORY_NODES:
		/* All nodes get the same size, except those without RAM. */
		for (size_t i = 0; i < request->node_count; i++)
			sizing->nodes[i] = sizing->original->nodes[i] ? size : 0;
		break;
	case GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO:
	case GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO:
		set_windows(sizing, size);
		break;
	case GPAL_SUBJECT_ROOT_COMPLEX_CXL_HDM:
		sizing->root_complexes[sizing->index].cxl_hdm = size;
		break;
	case GPAL_SUBJECT_HOTPLUG_SIZE:
		sizing->hotplug_rooms[sizing->index].size = size;
		break;
	case GPAL_SUBJECT_CXL_WINDOW_SIZE:
		sizing->cxl_windows[sizing->index].size = size;
		break;
	case GPAL_SUBJECT_CHIPSET_LOW_MMIO:
		request->chipset_low_mmio = optional;
		break;
	case GPAL_SUBJECT_CHIPSET_HIGH_MMIO:
		request->chipset_high_mmio = optional;
		break;
	case GPAL_SUBJECT_VIRTIO_MMIO_SLOTS:
		request->virtio_mmio_slots = (uint32_t)(size / GPAL_VIRTIO_MMIO_SLOT_SIZE);
		break;
	case GPAL_SUBJECT_VTL2_CHIPSET_MMIO:
		request->vtl2_chipset_mmio = optional;
		break;
	case GPAL_SUBJECT_VTL2_MEMORY_SIZE:
		request->vtl2_memory_size = size;
		break;
	case GPAL_SUBJECT_VTL2_FRAMEBUFFER:
		request->vtl2_framebuffer = size;
		break;
	default:
		break;
	}
}

/* Returns true if every try leaves this window where the live layout has it. */
static bool is_kept_window(const struct gpald_sizing *sizing, size_t index)
{
	const struct gpal_layout *live = sizing->options.live;
	const char *name = sizing->original->root_complexes[index].name;
	size_t at = 0;

	if (!live || sizing->options.may_move)
		return false;
	/* Most root complexes have the same index in both. */
	if (index < live->root_complex_count && strcmp(live->root_complexes[index].name, name) == 0)
		at = index;
	while (at < live->root_complex_count && strcmp(live->root_complexes[at].name, name) != 0)
		at++;
	return at < live->root_complex_count &&
	       !gpal_range_is_empty(sizing->subject == GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO ?
					    live->root_complexes[at].low_mmio :
					    live->root_complexes[at].high_mmio);
}

size_t gpald_sizing_choose_all(struct gpald_sizing *sizing, enum gpal_subject subject)
{
	size_t count = 0;

	restore_size(sizing);
	sizing->subject = subject;
	sizing->index = ALL;
	for (size_t i = 0; i < sizing->request.root_complex_count; i++) {
		struct gpal_window *window = window_of(sizing, i);

		sizing->is_chosen[i] = window->kind != GPAL_WINDOW_PINNED &&
				       window->kind != GPAL_WINDOW_NONE &&
				       !is_kept_window(sizing, i);
		if (!sizing->is_chosen[i])
			continue;
		window->alignment = 0;
		count++;
	}
	return count;
}

enum gpald_verdict gpald_verdict_of_code(int code, struct gpald_budget *budget)
{
	if (code == GPAL_E_NO_MEMORY)
		budget->no_memory = true;
	return code == GPAL_OK          ? GPALD_FITS :
	       code == GPAL_E_NO_MEMORY ? GPALD_NOT_TRIED :
					  GPALD_DOES_NOT_FIT;
}

enum gpald_verdict gpald_sizing_try(struct gpald_sizing *sizing, uint64_t size,
				    struct gpal_layout **layout)
{
	struct gpal_layout *made;
	int code;

	if (!gpald_budget_take(sizing->budget, sizing->cost))
		return GPALD_NOT_TRIED;
	set_size(sizing, size);
	code = gpald_resolve_or_move(&sizing->request, sizing->policy, sizing->options, &made,
				     NULL);
	if (layout)
		*layout = made;
	else
		gpal_layout_free(made);
	return gpald_verdict_of_code(code, sizing->budget);
}

enum gpald_verdict gpald_sizing_try_phase(struct gpald_sizing *sizing, uint64_t size,
					  enum gpal_kind phase)
{
	struct gpal_error error = { .code = GPAL_OK };
	struct gpal_layout *made;
	int code;

	if (!gpald_budget_take(sizing->budget, sizing->cost))
		return GPALD_NOT_TRIED;
	set_size(sizing, size);
	code = gpald_resolve_or_move(&sizing->request, sizing->policy, sizing->options, &made,
				     &error);
	gpal_layout_free(made);
	if (code == GPAL_E_EXHAUSTED && error.phase > phase)
		return GPALD_FITS;
	/* These are checked after all ranges are placed. */
	if (code == GPAL_E_ECAM_BELOW_MINIMUM || code == GPAL_E_ADDRESS_WIDTH_EXCEEDED)
		return GPALD_FITS;
	return gpald_verdict_of_code(code, sizing->budget);
}
