/* SPDX-License-Identifier: MIT */
/*
 * Whether a size does is seldom to be told from a formula: it changes the order of
 * windows, and so where others go. So it is tried. Bisection finds a size that does
 * where the next does not; in between, packing may have other such edges, as it has
 * wherever large things are placed first.
 */
#include "config.h"

#include "core/sizing.h"

#include "core/checked.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

bool gpald_budget_take(struct gpald_budget *budget, size_t things)
{
	if (things > budget->left) {
		budget->is_spent = true;
		return false;
	}
	budget->left -= things;
	return true;
}

bool gpald_find_size(uint64_t good, uint64_t bad, uint64_t unit, gpald_size_test *test, void *data,
		     uint64_t *size)
{
	assert(good < bad && (bad - good) % unit == 0);
	while (bad - good > unit) {
		const uint64_t middle = good + (bad - good) / unit / 2 * unit;

		switch (test(data, middle)) {
		case GPALD_DOES:
			good = middle;
			break;
		case GPALD_DOES_NOT:
			bad = middle;
			break;
		case GPALD_NOT_TRIED:
			return false;
		}
	}
	*size = good;
	return true;
}

/* One more than there are, so that there is something to point to. */
static void *duplicate(const void *elements, size_t count, size_t size)
{
	void *copy = count < SIZE_MAX ? calloc(count + 1, size) : NULL;

	if (copy && count > 0)
		memcpy(copy, elements, count * size);
	return copy;
}

bool gpald_sizing_init(struct gpald_sizing *sizing, const struct gpal_request *request,
		       const struct gpal_policy *policy, struct gpald_around around,
		       struct gpald_budget *budget)
{
	*sizing = (struct gpald_sizing){
		.request = *request,
		.around = around,
		.policy = policy,
		.budget = budget,
		.original = request,
		.nodes = duplicate(request->nodes, request->node_count, sizeof(*request->nodes)),
		.root_complexes = duplicate(request->root_complexes, request->root_complex_count,
					    sizeof(*request->root_complexes)),
	};
	sizing->request.nodes = sizing->nodes;
	sizing->request.root_complexes = sizing->root_complexes;
	return sizing->nodes && sizing->root_complexes;
}

void gpald_sizing_clear(struct gpald_sizing *sizing)
{
	free(sizing->nodes);
	free(sizing->root_complexes);
}

static uint64_t unit_of_window(const struct gpal_window *window)
{
	return window->kind == GPAL_WINDOW_DEFAULT || window->kind == GPAL_WINDOW_SIZE ?
		       GPAL_PAGE_SIZE :
		       0;
}

uint64_t gpald_sizing_choose(struct gpald_sizing *sizing, enum gpal_subject subject, size_t index)
{
	struct gpal_request *request = &sizing->request;
	const struct gpal_request *original = sizing->original;

	if (sizing->subject == GPAL_SUBJECT_MEMORY_NODE)
		sizing->nodes[sizing->index] = original->nodes[sizing->index];
	if (sizing->subject == GPAL_SUBJECT_MEMORY_NODES)
		memcpy(sizing->nodes, original->nodes,
		       original->node_count * sizeof(*sizing->nodes));
	if (sizing->index < original->root_complex_count)
		sizing->root_complexes[sizing->index] = original->root_complexes[sizing->index];
	*request = *original;
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): both lists are in `sizing` */
	request->nodes = sizing->nodes;
	request->root_complexes = sizing->root_complexes;
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
	case GPAL_SUBJECT_MEMORY_NODE:
	case GPAL_SUBJECT_MEMORY_NODES:
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

static void set_window(struct gpal_window *window, uint64_t size)
{
	window->kind = GPAL_WINDOW_SIZE;
	window->size = size;
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
		/* All alike; one without RAM stays without. */
		for (size_t i = 0; i < request->node_count; i++)
			sizing->nodes[i] = sizing->original->nodes[i] ? size : 0;
		break;
	case GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO:
		set_window(&sizing->root_complexes[sizing->index].low_mmio, size);
		break;
	case GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO:
		set_window(&sizing->root_complexes[sizing->index].high_mmio, size);
		break;
	case GPAL_SUBJECT_ROOT_COMPLEX_CXL_HDM:
		sizing->root_complexes[sizing->index].cxl_hdm = size;
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

enum gpald_verdict gpald_verdict_of(int code, struct gpald_budget *budget)
{
	if (code == GPAL_E_NO_MEMORY)
		budget->no_memory = true;
	return code == GPAL_OK          ? GPALD_DOES :
	       code == GPAL_E_NO_MEMORY ? GPALD_NOT_TRIED :
					  GPALD_DOES_NOT;
}

enum gpald_verdict gpald_sizing_try(struct gpald_sizing *sizing, uint64_t size,
				    struct gpal_layout **layout)
{
	const struct gpal_request *request = &sizing->request;
	const struct gpal_layout *live = sizing->around.live;
	/* Of each root complex there are a few ranges. */
	const size_t things = 16 + request->node_count + 4 * request->root_complex_count +
			      request->reserved_count + (live ? live->map.count : 0);
	struct gpal_layout *made;
	int code;

	if (!gpald_budget_take(sizing->budget, things))
		return GPALD_NOT_TRIED;
	set_size(sizing, size);
	code = gpald_resolve(request, sizing->policy, sizing->around, &made, NULL);
	if (layout)
		*layout = made;
	else
		gpal_layout_free(made);
	return gpald_verdict_of(code, sizing->budget);
}
