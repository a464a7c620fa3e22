/* SPDX-License-Identifier: MIT */
/*
 * What is said of sizes: the largest that would have fitted, in errors, and how far
 * ranges can grow, in advice. Each is tried, and so is a step more.
 */
#include "property.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MIB UINT64_C(0x100000)

enum seen {
	MMIO32,
	RAM,
	MMIO64,
	POST_MMIO,
	AS_LARGE_AS_THE_FIT,
	LESS_THAN_THE_FIT,
	MORE_THAN_THE_FIT,
	NOTHING_DOES,
	NOT_TO_BE_CHOSEN,
	SEEN_COUNT
};

static void name_sights(struct sight seen[SEEN_COUNT])
{
	static const char *const names[SEEN_COUNT] = {
		[MMIO32] = "mmio32",
		[RAM] = "ram",
		[MMIO64] = "mmio64",
		[POST_MMIO] = "post_mmio",
		[AS_LARGE_AS_THE_FIT] = "as large as the largest fit",
		[LESS_THAN_THE_FIT] = "less, for the sake of others",
		[MORE_THAN_THE_FIT] = "more, in several extents",
		[NOTHING_DOES] = "no size does",
		[NOT_TO_BE_CHOSEN] = "a size that is not the request's",
	};

	for (size_t i = 0; i < SEEN_COUNT; i++)
		seen[i].name = names[i];
}

/* Where the request has the size that an error is about; NULL: it has none. */
static uint64_t *size_of(struct gpal_request *request, const struct gpal_error *error)
{
	struct gpal_root_complex *rc =
		(struct gpal_root_complex *)request->root_complexes + error->index;

	switch (error->subject) {
	case GPAL_SUBJECT_MEMORY_NODE:
		return (uint64_t *)request->nodes + error->index;
	case GPAL_SUBJECT_CHIPSET_HIGH_MMIO:
		request->chipset_high_mmio.set = true;
		return &request->chipset_high_mmio.value;
	case GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO:
		rc->low_mmio.kind = GPAL_WINDOW_SIZE;
		return &rc->low_mmio.size;
	case GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO:
		rc->high_mmio.kind = GPAL_WINDOW_SIZE;
		return &rc->high_mmio.size;
	case GPAL_SUBJECT_ROOT_COMPLEX_CXL_HDM:
		return &rc->cxl_hdm;
	case GPAL_SUBJECT_VTL2_CHIPSET_MMIO:
		request->vtl2_chipset_mmio.set = true;
		return &request->vtl2_chipset_mmio.value;
	case GPAL_SUBJECT_VTL2_MEMORY_SIZE:
		return &request->vtl2_memory_size;
	case GPAL_SUBJECT_VTL2_FRAMEBUFFER:
		return &request->vtl2_framebuffer;
	default:
		return NULL;
	}
}

static bool resolves(const struct gpal_request *request)
{
	struct gpal_layout *layout;

	if (gpal_resolve(request, &layout, NULL))
		return false;
	gpal_layout_free(layout);
	return true;
}

static bool resolves_with(const struct gpal_request *request, const struct gpal_error *error,
			  uint64_t size)
{
	struct request_case *copy = request_case_copy(request);
	uint64_t *place = size_of(&copy->request, error);
	bool done;

	if (error->subject == GPAL_SUBJECT_VIRTIO_MMIO_SLOTS)
		copy->request.virtio_mmio_slots = (uint32_t)(size / 4096);
	else
		*place = size;
	done = resolves(&copy->request);
	request_case_free(copy);
	return done;
}

static bool has_size(const struct gpal_request *request, const struct gpal_error *error)
{
	struct request_case *copy = request_case_copy(request);
	const bool has = error->subject == GPAL_SUBJECT_VIRTIO_MMIO_SLOTS ||
			 size_of(&copy->request, error);

	request_case_free(copy);
	return has;
}

static void look_at(struct sight *seen, const struct gpal_error *error)
{
	const size_t phases[GPAL_KIND_COUNT] = {
		[GPAL_KIND_MMIO32] = MMIO32,
		[GPAL_KIND_RAM] = RAM,
		[GPAL_KIND_MMIO64] = MMIO64,
		[GPAL_KIND_POST_MMIO] = POST_MMIO,
	};

	seen[error->largest_size ? phases[error->phase] : (size_t)NOTHING_DOES].count++;
	if (error->largest_size)
		seen[error->largest_size == error->largest_fit ? AS_LARGE_AS_THE_FIT :
		     error->largest_size < error->largest_fit  ? LESS_THAN_THE_FIT :
								 MORE_THAN_THE_FIT]
			.count++;
}

START_TEST(the_largest_size_of_a_request_does_and_more_does_not)
{
	struct sight seen[SEEN_COUNT] = { 0 };

	name_sights(seen);
	for (uint64_t i = 0; i < round_count(); i++) {
		struct request_case *drawn = request_case_draw(first_seed() + i);
		const struct gpal_request *request = &drawn->request;
		const struct round round = { .seed = first_seed() + i, .request = request };
		const uint64_t unit = 4096;
		struct gpal_layout *layout;
		struct gpal_error error;

		if (gpal_resolve(request, &layout, &error) == GPAL_E_EXHAUSTED) {
			const uint64_t step = error.subject == GPAL_SUBJECT_ROOT_COMPLEX_CXL_HDM ?
						      256 * MIB :
						      unit;
			const uint64_t size = error.largest_size;

			if (!has_size(request, &error)) {
				seen[NOT_TO_BE_CHOSEN].count++;
				if (size)
					fail_round(&round, "%s is not the request's to size",
						   error.tag);
			} else {
				if (size >= error.size)
					fail_round(&round, "%s: no less than what was asked for",
						   error.tag);
				if (size && !resolves_with(request, &error, size))
					fail_round(&round, "%s: 0x%" PRIx64 " does not do",
						   error.tag, size);
				if (resolves_with(request, &error, size + step))
					fail_round(&round, "%s: more than 0x%" PRIx64 " does",
						   error.tag, size);
				look_at(seen, &error);
			}
		}
		gpal_layout_free(layout);
		request_case_free(drawn);
	}
	check_coverage("largest size of requests", seen, SEEN_COUNT);
}
END_TEST

static bool places(const struct gpal_alloc_input *input)
{
	struct gpal_map *map;

	if (gpal_allocate(input, &map, NULL))
		return false;
	gpal_map_free(map);
	return true;
}

static bool places_with(const struct gpal_alloc_input *input, const struct gpal_error *error,
			uint64_t size)
{
	struct alloc_case *copy = alloc_case_copy(input);
	const struct gpal_demand *const lists[GPAL_KIND_COUNT] = {
		[GPAL_KIND_MMIO32] = copy->input.mmio32,
		[GPAL_KIND_RAM] = copy->input.ram,
		[GPAL_KIND_MMIO64] = copy->input.mmio64,
		[GPAL_KIND_POST_MMIO] = copy->input.post_mmio,
	};
	bool done;

	((struct gpal_demand *)lists[error->phase])[error->index].size = size;
	done = places(&copy->input);
	alloc_case_free(copy);
	return done;
}

START_TEST(the_largest_size_of_a_demand_does_and_more_does_not)
{
	struct sight seen[SEEN_COUNT] = { 0 };

	name_sights(seen);
	seen[NOT_TO_BE_CHOSEN].count = 1; /* every size of the bare allocator is the caller's */
	for (uint64_t i = 0; i < round_count(); i++) {
		struct alloc_case *drawn = alloc_case_draw(first_seed() + i, 1);
		const struct round round = { .seed = first_seed() + i, .input = &drawn->input };
		struct gpal_map *map;
		struct gpal_error error;

		if (gpal_allocate(&drawn->input, &map, &error) == GPAL_E_EXHAUSTED) {
			const uint64_t size = error.largest_size;

			if (size && !places_with(&drawn->input, &error, size))
				fail_round(&round, "%s: 0x%" PRIx64 " does not do", error.tag,
					   size);
			if (places_with(&drawn->input, &error, size + 4096))
				fail_round(&round, "%s: more than 0x%" PRIx64 " does", error.tag,
					   size);
			look_at(seen, &error);
		}
		gpal_map_free(map);
		alloc_case_free(drawn);
	}
	check_coverage("largest size of demands", seen, SEEN_COUNT);
}
END_TEST

Suite *sizing_suite(void)
{
	Suite *suite = suite_create("sizing");
	TCase *tcase = tcase_create("sizing");

	tcase_set_timeout(tcase, 0);
	tcase_add_test(tcase, the_largest_size_of_a_request_does_and_more_does_not);
	tcase_add_test(tcase, the_largest_size_of_a_demand_does_and_more_does_not);
	suite_add_tcase(suite, tcase);
	return suite;
}
