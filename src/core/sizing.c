/* SPDX-License-Identifier: MIT */
/*
 * Whether a size does is seldom to be told from a formula: it changes the order of
 * windows, and so where others go. So it is tried. Bisection finds a size that does
 * where the next does not; in between, packing may have other such edges, as it has
 * wherever large things are placed first.
 */
#include "config.h"

#include "core/sizing.h"

#include "core/arena.h"
#include "core/checked.h"
#include "core/place.h"
#include "core/resolution.h"

#include <stdlib.h>
#include <string.h>

uint64_t gpald_find_size(uint64_t good, uint64_t bad, uint64_t unit, gpald_size_test *test,
			 void *data)
{
	while (bad - good > unit) {
		const uint64_t middle = good + (bad - good) / unit / 2 * unit;

		if (test(data, middle))
			good = middle;
		else
			bad = middle;
	}
	return good;
}

static void *duplicate(const void *elements, size_t count, size_t size)
{
	void *copy = calloc(count, size);

	if (copy)
		memcpy(copy, elements, count * size);
	return copy;
}

/* Whether there is a size to change, and in which steps. */
static uint64_t unit_of(const struct gpal_request *request, enum gpal_subject subject, size_t index)
{
	switch (subject) {
	case GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO:
		return request->root_complexes[index].low_mmio.kind == GPAL_WINDOW_PINNED ?
			       0 :
			       GPAL_PAGE_SIZE;
	case GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO:
		return request->root_complexes[index].high_mmio.kind == GPAL_WINDOW_PINNED ?
			       0 :
			       GPAL_PAGE_SIZE;
	case GPAL_SUBJECT_ROOT_COMPLEX_CXL_HDM:
		return 256 * GPALD_MIB;
	case GPAL_SUBJECT_MEMORY_NODE:
	case GPAL_SUBJECT_CHIPSET_LOW_MMIO:
	case GPAL_SUBJECT_CHIPSET_HIGH_MMIO:
	case GPAL_SUBJECT_VIRTIO_MMIO_SLOTS:
	case GPAL_SUBJECT_VTL2_CHIPSET_MMIO:
	case GPAL_SUBJECT_VTL2_MEMORY_SIZE:
	case GPAL_SUBJECT_VTL2_FRAMEBUFFER:
		return GPAL_PAGE_SIZE;
	default:
		return 0;
	}
}

bool gpald_sizing_init(struct gpald_sizing *sizing, const struct gpal_request *request,
		       enum gpal_subject subject, size_t index)
{
	*sizing = (struct gpald_sizing){
		.request = *request,
		.subject = subject,
		.index = index,
		.unit = unit_of(request, subject, index),
	};
	if (sizing->unit == 0)
		return false;
	switch (subject) {
	case GPAL_SUBJECT_MEMORY_NODE:
		sizing->nodes =
			duplicate(request->nodes, request->node_count, sizeof(*request->nodes));
		sizing->request.nodes = sizing->nodes;
		return sizing->nodes;
	case GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO:
	case GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO:
	case GPAL_SUBJECT_ROOT_COMPLEX_CXL_HDM:
		sizing->windows = duplicate(request->root_complexes, request->root_complex_count,
					    sizeof(*request->root_complexes));
		sizing->request.root_complexes = sizing->windows;
		return sizing->windows;
	default:
		return true;
	}
}

void gpald_sizing_set(struct gpald_sizing *sizing, uint64_t size)
{
	const struct gpal_window window = { .kind = GPAL_WINDOW_SIZE, .size = size };
	const struct gpal_optional optional = { .set = true, .value = size };
	struct gpal_request *request = &sizing->request;

	switch (sizing->subject) {
	case GPAL_SUBJECT_MEMORY_NODE:
		sizing->nodes[sizing->index] = size;
		break;
	case GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO:
		sizing->windows[sizing->index].low_mmio = window;
		break;
	case GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO:
		sizing->windows[sizing->index].high_mmio = window;
		break;
	case GPAL_SUBJECT_ROOT_COMPLEX_CXL_HDM:
		sizing->windows[sizing->index].cxl_hdm = size;
		break;
	case GPAL_SUBJECT_CHIPSET_LOW_MMIO:
		request->chipset_low_mmio = optional;
		break;
	case GPAL_SUBJECT_CHIPSET_HIGH_MMIO:
		request->chipset_high_mmio = optional;
		break;
	case GPAL_SUBJECT_VIRTIO_MMIO_SLOTS:
		request->virtio_mmio_slots = (uint32_t)(size / GPALD_VIRTIO_MMIO_SLOT_SIZE);
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

void gpald_sizing_clear(struct gpald_sizing *sizing)
{
	free(sizing->nodes);
	free(sizing->windows);
}

/*
 * The largest size below the one that is wanted. A window is as large as it can be in
 * the place that was found for it, and often that is all there is to it; RAM may be in
 * several places.
 */
static uint64_t find_largest(const struct gpal_error *error, uint64_t unit, gpald_size_test *test,
			     void *data)
{
	const uint64_t wanted = gpald_align_down(error->size, unit);
	const uint64_t fit = gpald_align_down(error->largest_fit, unit);
	uint64_t bad = wanted < error->size ? wanted + unit : wanted;

	if (error->phase != GPAL_KIND_RAM && fit < bad) {
		if (fit == 0 || test(data, fit))
			return fit;
		bad = fit;
	}
	return bad > unit && test(data, unit) ? gpald_find_size(unit, bad, unit, test, data) : 0;
}

struct request_test {
	struct gpald_sizing sizing;
	const struct gpal_policy *policy;
};

static bool request_resolves(void *data, uint64_t size)
{
	struct request_test *test = data;
	struct gpal_layout *layout;
	const struct gpald_around nothing = { .live = NULL };

	gpald_sizing_set(&test->sizing, size);
	if (gpald_resolve(&test->sizing.request, test->policy, nothing, &layout, NULL))
		return false;
	gpal_layout_free(layout);
	return true;
}

void gpald_advise_request(const struct gpal_request *request, const struct gpal_policy *policy,
			  struct gpal_error *error)
{
	struct request_test test = { .policy = policy };

	if (gpald_sizing_init(&test.sizing, request, error->subject, error->index))
		error->largest_size =
			find_largest(error, test.sizing.unit, request_resolves, &test);
	gpald_sizing_clear(&test.sizing);
}

struct input_test {
	struct gpal_alloc_input input;
	struct gpal_demand *demand; /* of the input, whose size is changed */
};

static bool input_is_placed(void *data, uint64_t size)
{
	struct input_test *test = data;
	struct gpald_arena *arena = gpald_arena_new(0);
	struct gpal_map map;
	bool placed;

	test->demand->size = size;
	placed = arena && gpald_place(arena, &test->input, (struct gpald_kept_list){ 0 }, NULL,
				      &map, NULL) == GPAL_OK;
	gpald_arena_free(arena);
	return placed;
}

void gpald_advise_input(const struct gpal_alloc_input *input, struct gpal_error *error)
{
	struct input_test test = { .input = *input };
	struct gpal_alloc_input *copy = &test.input;
	const struct {
		const struct gpal_demand **demands;
		size_t count;
	} lists[GPAL_KIND_COUNT] = {
		[GPAL_KIND_MMIO32] = { &copy->mmio32, input->mmio32_count },
		[GPAL_KIND_RAM] = { &copy->ram, input->ram_count },
		[GPAL_KIND_MMIO64] = { &copy->mmio64, input->mmio64_count },
		[GPAL_KIND_POST_MMIO] = { &copy->post_mmio, input->post_mmio_count },
	};
	struct gpal_demand *demands = duplicate(*lists[error->phase].demands,
						lists[error->phase].count, sizeof(*demands));

	if (!demands)
		return;
	*lists[error->phase].demands = demands;
	test.demand = &demands[error->index];
	error->largest_size = find_largest(error, GPAL_PAGE_SIZE, input_is_placed, &test);
	free(demands);
}
