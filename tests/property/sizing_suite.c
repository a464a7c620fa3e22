/* SPDX-License-Identifier: MIT */
/*
 * Tests what the library says about sizes: errors name the largest size that would have fitted, and
 * advice says how far ranges can grow. The tests try each size, and the next larger one.
 */
#include "chain.h"

#include <inttypes.h>
#include <stdio.h>
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
	NOTHING_FITS,
	NO_SIZE_MEMBER,
	SEEN_COUNT
};

static void name_features(struct feature_count seen[SEEN_COUNT])
{
	static const char *const names[SEEN_COUNT] = {
		[MMIO32] = "mmio32",
		[RAM] = "ram",
		[MMIO64] = "mmio64",
		[POST_MMIO] = "post_mmio",
		[AS_LARGE_AS_THE_FIT] = "as large as the largest fit",
		[LESS_THAN_THE_FIT] = "less, so that others fit",
		[MORE_THAN_THE_FIT] = "more, in several extents",
		[NOTHING_FITS] = "no size fits",
		[NO_SIZE_MEMBER] = "a size that no member states",
	};

	for (size_t i = 0; i < SEEN_COUNT; i++)
		seen[i].name = names[i];
}

/*
 * Makes it a window of a stated size, but does not set the size. Returns NULL for a window for
 * devices, whose size is computed.
 */
static uint64_t *state_window_size(struct gpal_window *window)
{
	if (window->kind == GPAL_WINDOW_DEVICES)
		return NULL;
	window->kind = GPAL_WINDOW_SIZE;
	return &window->size;
}

/* Returns the part of node 0 that is not in the demand of an error. */
static uint64_t size_beside(const struct gpal_request *request, const struct gpal_error *error)
{
	return error->subject == GPAL_SUBJECT_MEMORY_NODE && error->index == 0 ?
		       request->memory_low_window :
		       0;
}

/* Returns the difference between two neighbouring valid sizes. */
static uint64_t step_of(const struct gpal_request *request, const struct gpal_error *error)
{
	if (error->subject == GPAL_SUBJECT_ROOT_COMPLEX_CXL_HDM)
		return 256 * MIB;
	if (error->subject == GPAL_SUBJECT_CXL_WINDOW_SIZE)
		return 256 * MIB * request->cxl_windows[error->index].target_count;
	return 4096;
}

/*
 * Makes the request state the size that an error is about, but does not set it. Returns the member
 * for that size; NULL if no member states it.
 */
static uint64_t *state_size(struct gpal_request *request, const struct gpal_error *error)
{
	struct gpal_root_complex *rc = NULL;

	if (error->index < request->root_complex_count)
		rc = (struct gpal_root_complex *)request->root_complexes + error->index;
	switch (error->subject) {
	case GPAL_SUBJECT_MEMORY_NODE:
		return (uint64_t *)request->nodes + error->index;
	case GPAL_SUBJECT_CHIPSET_LOW_MMIO:
		request->chipset_low_mmio.set = true;
		return &request->chipset_low_mmio.value;
	case GPAL_SUBJECT_CHIPSET_HIGH_MMIO:
		request->chipset_high_mmio.set = true;
		return &request->chipset_high_mmio.value;
	case GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO:
		return state_window_size(&rc->low_mmio);
	case GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO:
		return state_window_size(&rc->high_mmio);
	case GPAL_SUBJECT_HOTPLUG_SIZE:
		return &((struct gpal_hotplug_room *)request->hotplug_rooms + error->index)->size;
	case GPAL_SUBJECT_CXL_WINDOW_SIZE:
		return &((struct gpal_cxl_window *)request->cxl_windows + error->index)->size;
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
	uint64_t *place = state_size(&copy->request, error);
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
			 state_size(&copy->request, error);

	request_case_free(copy);
	return has;
}

static void look_at(struct feature_count *seen, const struct gpal_error *error)
{
	const size_t phases[GPAL_KIND_COUNT] = {
		[GPAL_KIND_MMIO32] = MMIO32,
		[GPAL_KIND_RAM] = RAM,
		[GPAL_KIND_MMIO64] = MMIO64,
		[GPAL_KIND_POST_MMIO] = POST_MMIO,
	};

	seen[error->largest_size ? phases[error->phase] : (size_t)NOTHING_FITS].count++;
	if (error->largest_size)
		seen[error->largest_size == error->largest_fit ? AS_LARGE_AS_THE_FIT :
		     error->largest_size < error->largest_fit  ? LESS_THAN_THE_FIT :
								 MORE_THAN_THE_FIT]
			.count++;
}

START_TEST(the_largest_size_of_a_request_fits_and_more_does_not)
{
	struct feature_count seen[SEEN_COUNT] = { 0 };

	name_features(seen);
	for (uint64_t i = 0; i < round_count(); i++) {
		struct request_case *drawn = request_case_draw(first_seed() + i);
		const struct gpal_request *request = &drawn->request;
		const struct round round = { .seed = first_seed() + i, .request = request };
		struct gpal_layout *layout;
		struct gpal_error error;

		if (gpal_resolve(request, &layout, &error) == GPAL_E_EXHAUSTED) {
			const uint64_t size = error.largest_size;

			if (!has_size(request, &error)) {
				seen[NO_SIZE_MEMBER].count++;
				if (size)
					fail_round(&round, "no member states the size of %s",
						   error.tag);
			} else {
				if (size >= error.size + size_beside(request, &error))
					fail_round(&round, "%s: not below the requested size",
						   error.tag);
				if (size && !resolves_with(request, &error, size))
					fail_round(&round, "%s: 0x%" PRIx64 " does not fit",
						   error.tag, size);
				if (resolves_with(request, &error, size + step_of(request, &error)))
					fail_round(&round, "%s: more than 0x%" PRIx64 " fits",
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

/* Equal shares. */

static const struct gpal_window *window_of(const struct gpal_root_complex *rc, bool high)
{
	return high ? &rc->high_mmio : &rc->low_mmio;
}

static bool is_placed(const struct gpal_window *window)
{
	return window->kind != GPAL_WINDOW_PINNED && window->kind != GPAL_WINDOW_NONE;
}

/* Returns true if all placed windows fit with this size. Later phases do not matter. */
static bool shares(const struct round *round, bool high, uint64_t size)
{
	struct request_case *copy = request_case_copy(round->request);
	const enum gpal_kind phase = high ? GPAL_KIND_MMIO64 : GPAL_KIND_MMIO32;
	struct oracle *oracle;
	bool done;

	for (size_t i = 0; i < copy->request.root_complex_count; i++) {
		struct gpal_window *window =
			(struct gpal_window *)window_of(&copy->request.root_complexes[i], high);

		if (is_placed(window))
			*window = (struct gpal_window){ .kind = GPAL_WINDOW_SIZE, .size = size };
	}
	oracle = oracle_resolve(&copy->request);
	done = oracle->error.code != GPAL_E_EXHAUSTED || oracle->error.phase > phase;
	if (oracle->error.code == GPAL_E_INVALID_SIZE)
		fail_round(round, "0x%" PRIx64 " is not a valid size", size);
	oracle_free(oracle);
	request_case_free(copy);
	return done;
}

/* Tries a few larger sizes: the next ones, and some random ones. */
static void check_no_larger_share(const struct round *round, const struct gpal_error *error)
{
	const struct gpal_request *request = round->request;
	struct random random = { round->seed };
	const uint64_t unit = 2 * MIB;
	uint64_t first = error->equal_share / unit + 1, last, windows = 0;

	for (size_t i = 0; i < request->root_complex_count; i++)
		windows += is_placed(&request->root_complexes[i].low_mmio);
	last = error->supply / windows / unit;
	for (unsigned int i = 0; i < 32 && first <= last; i++) {
		const uint64_t share =
			unit * (i < 16 ? first : random_between(&random, first, last));

		first += i < 16;
		if (shares(round, false, share))
			fail_round(round,
				   "%s: a share of 0x%" PRIx64 " fits, 0x%" PRIx64 " is reported",
				   error->tag, share, error->equal_share);
	}
}

START_TEST(an_equal_share_fits_and_no_larger_share_of_low_windows_does)
{
	enum {
		LOW,
		LOW_NONE,
		HIGH,
		HIGH_NONE,
		OF_DEVICES,
		NO_WINDOW,
		COUNT
	};
	struct feature_count seen[COUNT] = {
		[LOW] = { .name = "low windows" },
		[LOW_NONE] = { .name = "no share of low windows fits" },
		[HIGH] = { .name = "high windows" },
		[HIGH_NONE] = { .name = "no share of high windows is reported" },
		[OF_DEVICES] = { .name = "a window that devices need" },
		[NO_WINDOW] = { .name = "something else did not fit" },
	};

	for (uint64_t i = 0; i < round_count(); i++) {
		struct request_case *drawn = request_case_draw(first_seed() + i);
		const struct gpal_request *request = &drawn->request;
		const struct round round = { .seed = first_seed() + i, .request = request };
		struct gpal_layout *layout;
		struct gpal_error error;

		if (gpal_resolve(request, &layout, &error) == GPAL_E_EXHAUSTED) {
			const bool high = error.subject == GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO;
			const bool low = error.subject == GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO;
			const uint64_t share = error.equal_share;

			if (!low && !high && share)
				fail_round(&round, "%s is no window of a root complex", error.tag);
			if (share % (high ? 1024 * MIB : 2 * MIB) != 0)
				fail_round(&round, "%s: a share of 0x%" PRIx64, error.tag, share);
			if (share && !shares(&round, high, share))
				fail_round(&round, "%s: a share of 0x%" PRIx64 " does not fit",
					   error.tag, share);
			if (low)
				check_no_larger_share(&round, &error);
			if (low || high)
				seen[OF_DEVICES].count +=
					window_of(&request->root_complexes[error.index], high)
						->kind == GPAL_WINDOW_DEVICES;
			seen[low  ? (share ? LOW : LOW_NONE) :
			     high ? (share ? HIGH : HIGH_NONE) :
				    NO_WINDOW]
				.count++;
		}
		gpal_layout_free(layout);
		request_case_free(drawn);
	}
	check_coverage("equal shares", seen, COUNT);
}
END_TEST

/* Sizes that fit the host. */

static bool resolves_with_nodes(const struct gpal_request *request, uint64_t size)
{
	struct request_case *copy = request_case_copy(request);
	bool done;

	for (size_t i = 0; i < request->node_count; i++)
		if (request->nodes[i])
			((uint64_t *)copy->request.nodes)[i] = size;
	done = resolves(&copy->request);
	request_case_free(copy);
	return done;
}

/* Returns the member that a tag names; code is GPAL_E_INTERNAL if there is none. */
static struct gpal_error member_of_request(const struct gpal_request *request, const char *tag)
{
	struct gpal_error member = { .code = GPAL_OK };
	char text[ORACLE_TAG_SIZE];

	if (strcmp(tag, "chipset-low-mmio") == 0 || strcmp(tag, "chipset-high-mmio") == 0) {
		member.subject = strcmp(tag, "chipset-low-mmio") == 0 ?
					 GPAL_SUBJECT_CHIPSET_LOW_MMIO :
					 GPAL_SUBJECT_CHIPSET_HIGH_MMIO;
		return member;
	}
	for (member.index = 0; member.index < request->node_count; member.index++) {
		member.subject = GPAL_SUBJECT_MEMORY_NODE;
		snprintf(text, sizeof(text), "ram%zu", member.index);
		if (strcmp(text, tag) == 0)
			return member;
	}
	for (member.index = 0; member.index < request->root_complex_count; member.index++) {
		const char *name = request->root_complexes[member.index].name;

		member.subject = GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO;
		snprintf(text, sizeof(text), "pcie-%s-low-mmio", name);
		if (strcmp(text, tag) == 0)
			return member;
		member.subject = GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO;
		snprintf(text, sizeof(text), "pcie-%s-high-mmio", name);
		if (strcmp(text, tag) == 0)
			return member;
	}
	for (member.index = 0; member.index < request->hotplug_room_count; member.index++) {
		member.subject = GPAL_SUBJECT_HOTPLUG_SIZE;
		snprintf(text, sizeof(text), "hotplug-%zu", member.index);
		if (strcmp(text, tag) == 0)
			return member;
	}
	member.code = GPAL_E_INTERNAL;
	return member;
}

/*
 * Returns true if making one node smaller would be enough, and this node comes before the chosen
 * member. A node comes before smaller nodes, before later ones of its size, before other members,
 * and before the choice of one size for all nodes ("ram").
 */
static bool passes_over_a_node(const struct gpal_request *request, const struct gpal_error *member,
			       bool is_node)
{
	for (size_t i = 0; i < request->node_count; i++) {
		const struct gpal_error node = { .subject = GPAL_SUBJECT_MEMORY_NODE, .index = i };
		const uint64_t size = request->nodes[i];
		const uint64_t least =
			i == 0 && request->memory_low_window ? request->memory_low_window : 4096;

		if (size <= least ||
		    (is_node && (size < request->nodes[member->index] ||
				 (size == request->nodes[member->index] && i >= member->index))))
			continue;
		if (resolves_with(request, &node, least))
			return true;
	}
	return false;
}

static void check_fitted_size(const struct round *round, const struct gpal_request *request,
			      const struct gpal_error *error)
{
	const bool is_ram = strcmp(error->largest_size_of, "ram") == 0;
	const struct gpal_error member =
		member_of_request(request, is_ram ? "ram0" : error->largest_size_of);
	const uint64_t size = error->largest_size;
	const bool is_node = !is_ram && member.subject == GPAL_SUBJECT_MEMORY_NODE;

	if (member.code)
		fail_round(round, "no member of the request has the tag %s",
			   error->largest_size_of);
	if (!(is_ram ? resolves_with_nodes(request, size) : resolves_with(request, &member, size)))
		fail_round(round, "%s: 0x%" PRIx64 " does not fit", error->largest_size_of, size);
	if (is_ram ? resolves_with_nodes(request, size + 4096) :
		     resolves_with(request, &member, size + 4096))
		fail_round(round, "%s: more than 0x%" PRIx64 " fits", error->largest_size_of, size);
	if (passes_over_a_node(request, &member, is_node))
		fail_round(round, "%s: another node comes first", error->largest_size_of);
}

START_TEST(the_largest_size_for_the_host_fits_and_more_does_not)
{
	enum {
		A_NODE,
		ALL_NODES,
		A_ROOM,
		A_WINDOW,
		NONE,
		COUNT
	};
	struct feature_count seen[COUNT] = {
		[A_NODE] = { .name = "a node" },     [ALL_NODES] = { .name = "all nodes alike" },
		[A_ROOM] = { .name = "a room" },     [A_WINDOW] = { .name = "a window" },
		[NONE] = { .name = "no size fits" },
	};

	for (uint64_t i = 0; i < round_count(); i++) {
		struct request_case *drawn = request_case_draw(first_seed() + i);
		struct gpal_request *request = &drawn->request;
		const struct round round = { .seed = first_seed() + i, .request = request };
		struct gpal_layout *layout;
		struct gpal_error error;
		unsigned int bits;

		request->host_physical_address_bits = 0;
		if (gpal_resolve(request, &layout, NULL) == GPAL_OK) {
			bits = layout->required_address_bits - 1;
			gpal_layout_free(layout);
			request->host_physical_address_bits = bits - (round.seed % 3 && bits > 40);
			if (gpal_resolve(request, &layout, &error) != GPAL_E_ADDRESS_WIDTH_EXCEEDED)
				fail_round(&round, "%u bits should not be enough", bits);
			if (error.largest_size)
				check_fitted_size(&round, request, &error);
			seen[!error.largest_size                                       ? NONE :
			     strcmp(error.largest_size_of, "ram") == 0                 ? ALL_NODES :
			     strncmp(error.largest_size_of, "ram", strlen("ram")) == 0 ? A_NODE :
			     strncmp(error.largest_size_of, "hotplug", strlen("hotplug")) == 0 ?
											 A_ROOM :
											 A_WINDOW]
				.count++;
		}
		request_case_free(drawn);
	}
	check_coverage("sizes that fit the host", seen, COUNT);
}
END_TEST

static bool updates_with(const struct chain *chain, uint64_t size)
{
	struct request_case *copy = request_case_copy(&chain->after->request);
	struct gpal_layout *layout;
	uint64_t *place = state_size(&copy->request, &chain->error);
	bool done;

	if (chain->error.subject == GPAL_SUBJECT_VIRTIO_MMIO_SLOTS)
		copy->request.virtio_mmio_slots = (uint32_t)(size / 4096);
	else if (place)
		*place = size;
	else
		fail_round(&chain->round, "no member states the size of %s", chain->error.tag);
	done = gpal_update(chain->live, &copy->request, chain->allow | GPAL_ALLOW_REMOVALS, &layout,
			   NULL) == GPAL_OK;
	gpal_layout_free(layout);
	request_case_free(copy);
	return done;
}

/* The size is for the live layout, unless ranges may move. */
START_TEST(the_largest_size_of_an_update_fits_and_more_does_not)
{
	struct feature_count seen[] = { { .name = "updates that are too large" },
					{ .name = "updates with a size that fits" } };

	for (uint64_t i = 0; i < round_count(); i++) {
		struct chain chain;

		for (chain_open(&chain, first_seed() + i); chain_next(&chain);) {
			const struct gpal_error *error = &chain.error;

			if (chain.code != GPAL_E_EXHAUSTED)
				continue;
			seen[0].count++;
			if (!error->largest_size)
				continue;
			seen[1].count++;
			if (!updates_with(&chain, error->largest_size))
				fail_round(&chain.round, "%s: 0x%" PRIx64 " does not fit",
					   error->tag, error->largest_size);
			if (updates_with(&chain, error->largest_size +
							 step_of(&chain.after->request, error)))
				fail_round(&chain.round, "%s: more than 0x%" PRIx64 " fits",
					   error->tag, error->largest_size);
		}
	}
	check_coverage("largest size of updates", seen, 2);
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

START_TEST(the_largest_size_of_a_demand_fits_and_more_does_not)
{
	struct feature_count seen[SEEN_COUNT] = { 0 };

	name_features(seen);
	seen[NO_SIZE_MEMBER].count = 1; /* the caller chooses every size of the bare allocator */
	for (uint64_t i = 0; i < round_count(); i++) {
		struct alloc_case *drawn = alloc_case_draw(first_seed() + i, 1);
		const struct round round = { .seed = first_seed() + i, .input = &drawn->input };
		struct gpal_map *map;
		struct gpal_error error;

		if (gpal_allocate(&drawn->input, &map, &error) == GPAL_E_EXHAUSTED) {
			const uint64_t size = error.largest_size;

			if (error.equal_share)
				fail_round(&round, "%s is no window of a root complex", error.tag);
			if (size && !places_with(&drawn->input, &error, size))
				fail_round(&round, "%s: 0x%" PRIx64 " does not fit", error.tag,
					   size);
			if (places_with(&drawn->input, &error, size + 4096))
				fail_round(&round, "%s: more than 0x%" PRIx64 " fits", error.tag,
					   size);
			look_at(seen, &error);
		}
		gpal_map_free(map);
		alloc_case_free(drawn);
	}
	check_coverage("largest size of demands", seen, SEEN_COUNT);
}
END_TEST

/* Advice. */

enum advised {
	PINNED_MORE,
	PINNED_DOWN,
	NOT_IN_PLACE,
	RAM_IN_PLACE,
	CHIPSET_IN_PLACE,
	ROOM_IN_PLACE,
	CXL_IN_PLACE,
	RESOLVED_MORE,
	RESOLVED_LESS_THAN_PIN,
	NOT_AT_ALL,
	PIN_STAYS,
	HOST_BOUND,
	ADVISED_COUNT
};

/* Returns the member of the request whose range has this tag. */
static struct gpal_error member_of_layout(const struct gpal_layout *layout, const char *tag)
{
	struct gpal_error member = { .subject = GPAL_SUBJECT_NONE };
	char name[ORACLE_TAG_SIZE];

	if (sscanf(tag, "ram%zu", &member.index) == 1)
		member.subject = GPAL_SUBJECT_MEMORY_NODE;
	if (strcmp(tag, "chipset-low-mmio") == 0)
		member.subject = GPAL_SUBJECT_CHIPSET_LOW_MMIO;
	if (strcmp(tag, "chipset-high-mmio") == 0)
		member.subject = GPAL_SUBJECT_CHIPSET_HIGH_MMIO;
	for (size_t i = 0; i < layout->root_complex_count; i++) {
		snprintf(name, sizeof(name), "pcie-%s-low-mmio", layout->root_complexes[i].name);
		if (strcmp(tag, name) == 0) {
			member.subject = GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO;
			member.index = i;
		}
		snprintf(name, sizeof(name), "pcie-%s-high-mmio", layout->root_complexes[i].name);
		if (strcmp(tag, name) == 0) {
			member.subject = GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO;
			member.index = i;
		}
	}
	if (sscanf(tag, "hotplug-%zu", &member.index) == 1)
		member.subject = GPAL_SUBJECT_HOTPLUG_SIZE;
	for (size_t i = 0; i < layout->cxl_window_count; i++) {
		snprintf(name, sizeof(name), "cxl-window-%s", layout->cxl_windows[i].name);
		if (strcmp(tag, name) == 0) {
			member.subject = GPAL_SUBJECT_CXL_WINDOW_SIZE;
			member.index = i;
		}
	}
	return member;
}

enum outcome {
	FAILS,
	MOVES,
	STAYS
};

/*
 * Returns the effect of a larger range on the others. The range itself must still cover its old
 * place.
 */
static enum outcome try_request(const struct gpal_request *request,
				const struct gpal_layout *before)
{
	struct gpal_changes *changes;
	struct gpal_layout *after;
	enum outcome outcome;

	if (gpal_resolve(request, &after, NULL))
		return FAILS;
	if (gpal_compare(before, after, &changes, NULL))
		abort();
	outcome = changes->compatible ? STAYS : MOVES;
	/* No other range may change. The growing one may be split, if it is RAM. */
	for (size_t i = 1; outcome == STAYS && i < changes->count; i++)
		if (strcmp(changes->changes[i].tag, changes->changes[0].tag) != 0)
			outcome = MOVES;
	gpal_changes_free(changes);
	gpal_layout_free(after);
	return outcome;
}

static enum outcome try_size(const struct gpal_request *request, const struct gpal_layout *before,
			     const struct gpal_error *member, uint64_t size)
{
	struct request_case *copy = request_case_copy(request);
	enum outcome outcome;

	if (member->subject == GPAL_SUBJECT_CHIPSET_LOW_MMIO)
		copy->request.chipset_low_mmio = (struct gpal_optional){ true, size };
	else
		*state_size(&copy->request, member) = size;
	outcome = try_request(&copy->request, before);
	request_case_free(copy);
	return outcome;
}

static enum outcome try_pin(const struct gpal_request *request, const struct gpal_layout *before,
			    const struct gpal_error *member, struct gpal_range pin)
{
	struct request_case *copy = request_case_copy(request);
	struct gpal_root_complex *rc =
		(struct gpal_root_complex *)copy->request.root_complexes + member->index;
	struct gpal_window *window = member->subject == GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO ?
					     &rc->low_mmio :
					     &rc->high_mmio;
	enum outcome outcome;

	*window = (struct gpal_window){ .kind = GPAL_WINDOW_PINNED, .range = pin };
	outcome = try_request(&copy->request, before);
	request_case_free(copy);
	return outcome;
}

static bool is_pinned(const struct gpal_request *request, const struct gpal_error *member)
{
	const struct gpal_root_complex *rc = &request->root_complexes[member->index];

	return member->subject == GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO ?
		       rc->low_mmio.kind == GPAL_WINDOW_PINNED :
	       member->subject == GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO ?
		       rc->high_mmio.kind == GPAL_WINDOW_PINNED :
		       false;
}

static bool is_for_devices(const struct gpal_request *request, const struct gpal_error *member)
{
	return window_of(&request->root_complexes[member->index],
			 member->subject == GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO)
		       ->kind == GPAL_WINDOW_DEVICES;
}

/* Tries each power of two at its first aligned place in the window. */
static uint64_t largest_bar_in(struct gpal_range window)
{
	uint64_t largest = 0;

	for (unsigned int bits = 0; bits < 64; bits++) {
		const uint64_t bar = UINT64_C(1) << bits;
		const uint64_t off = window.start % bar ? bar - window.start % bar : 0;

		if (window.start + off >= window.start && window.start + off <= window.end &&
		    window.end - window.start - off >= bar)
			largest = bar;
	}
	return largest;
}

static void check_pin(const struct round *round, const struct gpal_layout *layout,
		      const struct gpal_growth *growth, const struct gpal_error *member,
		      struct feature_count *seen)
{
	const struct gpal_layout_root_complex *rc = &layout->root_complexes[member->index];
	const bool is_low = member->subject == GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO;
	const struct gpal_range now = is_low ? rc->low_mmio : rc->high_mmio;
	const uint64_t alignment = is_low ? 2 * MIB : 1024 * MIB;
	const struct gpal_range pin = growth->pin;

	if (pin.end - pin.start != growth->in_place || pin.start > now.start || pin.end < now.end)
		fail_round(round, "%s: the pin does not cover it", growth->tag);
	if (try_pin(round->request, layout, member, pin) != STAYS)
		fail_round(round, "%s: pinned to 0x%" PRIx64 "-0x%" PRIx64 " it moves others",
			   growth->tag, pin.start, pin.end);
	/*
	 * With one more page at the top, or from the next lower aligned start, other ranges must
	 * move, or the request fails.
	 */
	if (try_pin(round->request, layout, member,
		    (struct gpal_range){ pin.start, pin.end + 4096 }) == STAYS)
		fail_round(round, "%s: could be pinned higher than 0x%" PRIx64, growth->tag,
			   pin.end);
	if (pin.start >= alignment && (is_low || pin.start > GPAL_4GIB) &&
	    try_pin(round->request, layout, member,
		    (struct gpal_range){ (pin.start - 1) / alignment * alignment, pin.end }) ==
		    STAYS)
		fail_round(round, "%s: could be pinned lower than 0x%" PRIx64, growth->tag,
			   pin.start);
	if (growth->largest_bar != largest_bar_in(now) ||
	    growth->pin_largest_bar != largest_bar_in(pin))
		fail_round(round, "%s: wrong largest BAR", growth->tag);
	seen[growth->in_place > growth->size ? PINNED_MORE : NOT_IN_PLACE].count++;
	seen[PINNED_DOWN].count += pin.start < now.start;
}

static void check_growth(const struct round *round, const struct gpal_layout *layout,
			 const struct gpal_growth *growth, struct feature_count *seen)
{
	const struct gpal_error member = member_of_layout(layout, growth->tag);
	const uint64_t step = step_of(round->request, &member);
	const bool is_window = member.subject == GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO ||
			       member.subject == GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO;

	if (is_window) {
		check_pin(round, layout, growth, &member, seen);
	} else if (growth->in_place) {
		if (try_size(round->request, layout, &member, growth->in_place) != STAYS)
			fail_round(round, "%s: 0x%" PRIx64 " moves others", growth->tag,
				   growth->in_place);
		if (try_size(round->request, layout, &member, growth->in_place + step) == STAYS)
			fail_round(round, "%s: more than 0x%" PRIx64 " moves nothing", growth->tag,
				   growth->in_place);
		seen[member.subject == GPAL_SUBJECT_MEMORY_NODE     ? RAM_IN_PLACE :
		     member.subject == GPAL_SUBJECT_HOTPLUG_SIZE    ? ROOM_IN_PLACE :
		     member.subject == GPAL_SUBJECT_CXL_WINDOW_SIZE ? CXL_IN_PLACE :
								      CHIPSET_IN_PLACE]
			.count += growth->in_place > growth->size;
	}
	if (is_pinned(round->request, &member)) {
		if (growth->resolved)
			fail_round(round, "%s: is pinned, but a size is advised", growth->tag);
		seen[PIN_STAYS].count++;
		return;
	}
	/* The size of a window for devices cannot be chosen. */
	if (is_window && is_for_devices(round->request, &member)) {
		if (growth->resolved)
			fail_round(round, "%s: its size cannot be chosen, but a size is advised",
				   growth->tag);
		return;
	}
	if (!growth->resolved)
		return;
	if (growth->resolved < growth->size ||
	    try_size(round->request, layout, &member, growth->resolved) == FAILS)
		fail_round(round, "%s: 0x%" PRIx64 " does not resolve", growth->tag,
			   growth->resolved);
	if (try_size(round->request, layout, &member, growth->resolved + step) != FAILS)
		fail_round(round, "%s: more than 0x%" PRIx64 " resolves", growth->tag,
			   growth->resolved);
	seen[growth->resolved > growth->size ? RESOLVED_MORE : NOT_AT_ALL].count++;
	seen[RESOLVED_LESS_THAN_PIN].count += is_window && growth->resolved < growth->in_place;
}

START_TEST(a_range_grows_as_far_as_advised_and_no_further)
{
	struct feature_count seen[ADVISED_COUNT] = {
		[PINNED_MORE] = { .name = "pinned to more" },
		[PINNED_DOWN] = { .name = "pinned from further down" },
		[NOT_IN_PLACE] = { .name = "a window with no room beside it" },
		[RAM_IN_PLACE] = { .name = "ram that grows in place" },
		[CHIPSET_IN_PLACE] = { .name = "a chipset window that grows in place" },
		[ROOM_IN_PLACE] = { .name = "room that grows in place" },
		[CXL_IN_PLACE] = { .name = "a CXL window that grows in place" },
		[RESOLVED_MORE] = { .name = "more, if others may move" },
		[RESOLVED_LESS_THAN_PIN] = { .name = "less than it can be pinned to" },
		[NOT_AT_ALL] = { .name = "nothing more, even if others move" },
		[PIN_STAYS] = { .name = "a window that is pinned" },
		[HOST_BOUND] = { .name = "a request with a host address width" },
	};
	const uint64_t rounds = (round_count() + 9) / 10; /* each needs hundreds of layouts */

	for (uint64_t i = 0; i < rounds; i++) {
		struct request_case *drawn = request_case_draw(first_seed() + i);
		const struct round round = { .seed = first_seed() + i, .request = &drawn->request };
		struct gpal_advice *advice;
		struct gpal_layout *layout;

		if (gpal_resolve(round.request, &layout, NULL) == GPAL_OK) {
			if (gpal_advise(round.request, layout, &advice, NULL))
				abort();
			for (size_t g = 0; g < advice->count; g++)
				check_growth(&round, layout, &advice->growths[g], seen);
			seen[HOST_BOUND].count += round.request->host_physical_address_bits > 0;
			gpal_advice_free(advice);
		}
		gpal_layout_free(layout);
		request_case_free(drawn);
	}
	if (rounds * 10 >= ROUNDS_FOR_COVERAGE)
		check_coverage("advice", seen, ADVISED_COUNT);
}
END_TEST

/* A request that is refused for lack of room or of address bits. */
START_TEST(advice_on_a_refused_request_names_sizes_that_resolve)
{
	enum {
		FOUND,
		NOT_FOUND,
		RAM_IS_FIRST,
		COUNT
	};
	struct feature_count seen[COUNT] = {
		[FOUND] = { .name = "a size with which there is a layout" },
		[NOT_FOUND] = { .name = "no size alone helps" },
		[RAM_IS_FIRST] = { .name = "RAM comes first" },
	};

	for (uint64_t i = 0; i < round_count(); i++) {
		struct request_case *drawn = request_case_draw(first_seed() + i);
		const struct gpal_request *request = &drawn->request;
		const struct round round = { .seed = first_seed() + i, .request = request };
		struct gpal_advice *advice, *one;
		struct gpal_layout *layout;
		const int code = gpal_resolve(request, &layout, NULL);

		gpal_layout_free(layout);
		if (code == GPAL_E_EXHAUSTED || code == GPAL_E_ADDRESS_WIDTH_EXCEEDED) {
			if (gpal_advise_on(request, NULL, NULL, &advice, NULL))
				abort();
			for (size_t g = 0; g < advice->count; g++) {
				const struct gpal_growth *growth = &advice->growths[g];
				const struct gpal_error member =
					member_of_request(request, growth->tag);

				seen[RAM_IS_FIRST].count +=
					g == 0 && member.subject == GPAL_SUBJECT_MEMORY_NODE;
				seen[growth->resolved ? FOUND : NOT_FOUND].count++;
				if (member.code || !growth->resolved)
					continue;
				if (growth->resolved >= growth->size ||
				    !resolves_with(request, &member, growth->resolved) ||
				    resolves_with(request, &member,
						  growth->resolved + step_of(request, &member)))
					fail_round(&round,
						   "%s: 0x%" PRIx64
						   " is not the largest that resolves",
						   growth->tag, growth->resolved);
				if (gpal_advise_on(request, NULL, growth->tag, &one, NULL))
					abort();
				if (one->count != 1 || one->growths->resolved != growth->resolved)
					fail_round(&round, "%s: alone, another size is reported",
						   growth->tag);
				gpal_advice_free(one);
			}
			gpal_advice_free(advice);
		}
		request_case_free(drawn);
	}
	check_coverage("advice on refused requests", seen, COUNT);
}
END_TEST

Suite *sizing_suite(void)
{
	Suite *suite = suite_create("sizing");
	TCase *tcase = tcase_create("sizing");

	tcase_set_timeout(tcase, 0);
	tcase_add_test(tcase, the_largest_size_of_a_request_fits_and_more_does_not);
	tcase_add_test(tcase, an_equal_share_fits_and_no_larger_share_of_low_windows_does);
	tcase_add_test(tcase, the_largest_size_for_the_host_fits_and_more_does_not);
	tcase_add_test(tcase, the_largest_size_of_an_update_fits_and_more_does_not);
	tcase_add_test(tcase, the_largest_size_of_a_demand_fits_and_more_does_not);
	tcase_add_test(tcase, a_range_grows_as_far_as_advised_and_no_further);
	tcase_add_test(tcase, advice_on_a_refused_request_names_sizes_that_resolve);
	suite_add_tcase(suite, tcase);
	return suite;
}
