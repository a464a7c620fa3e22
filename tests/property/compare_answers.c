/* SPDX-License-Identifier: MIT */
/* Compares two answers, and an answer with the promises for every answer. */
#include "property.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RANGE "0x%" PRIx64 "-0x%" PRIx64
#define MIB UINT64_C(0x100000)

static void compare_numbers(const struct round *round, const char *what, size_t index,
			    uint64_t expected, uint64_t actual)
{
	if (expected != actual)
		fail_round(round, "%s %zu: expected 0x%" PRIx64 ", got 0x%" PRIx64, what, index,
			   expected, actual);
}

static void compare_texts(const struct round *round, const char *what, size_t index,
			  const char *expected, const char *actual)
{
	if (!actual || strcmp(expected, actual) != 0)
		fail_round(round, "%s %zu: expected \"%s\", got \"%s\"", what, index, expected,
			   actual ? actual : "(null)");
}

static void compare_ranges(const struct round *round, const char *what, size_t index,
			   struct gpal_range expected, struct gpal_range actual)
{
	/* Any empty range means that something is absent. */
	if (gpal_range_is_empty(expected) && gpal_range_is_empty(actual))
		return;
	if (expected.start != actual.start || expected.end != actual.end)
		fail_round(round, "%s %zu: expected " RANGE ", got " RANGE, what, index,
			   expected.start, expected.end, actual.start, actual.end);
}

void compare_maps(const struct round *round, const struct gpal_map *expected,
		  const struct gpal_map *actual)
{
	for (size_t i = 0; i < expected->count && i < actual->count; i++) {
		const struct gpal_map_entry *a = &expected->entries[i];
		const struct gpal_map_entry *b = &actual->entries[i];

		compare_texts(round, "map tag", i, a->tag, b->tag);
		compare_numbers(round, "map kind", i, a->kind, b->kind);
		compare_numbers(round, "map index", i, a->index, b->index);
		compare_ranges(round, "map entry", i, a->range, b->range);
	}
	compare_numbers(round, "length of the map", 0, expected->count, actual->count);
}

static void compare_root_complexes(const struct round *round, size_t i,
				   const struct gpal_layout_root_complex *a,
				   const struct gpal_layout_root_complex *b)
{
	compare_texts(round, "root complex name", i, a->name, b->name);
	compare_numbers(round, "root complex segment", i, a->segment, b->segment);
	compare_numbers(round, "root complex start_bus", i, a->start_bus, b->start_bus);
	compare_numbers(round, "root complex end_bus", i, a->end_bus, b->end_bus);
	compare_numbers(round, "root complex has_node", i, a->has_node, b->has_node);
	if (a->has_node)
		compare_numbers(round, "root complex node", i, a->node, b->node);
	compare_ranges(round, "root complex ecam", i, a->ecam, b->ecam);
	compare_ranges(round, "root complex low_mmio", i, a->low_mmio, b->low_mmio);
	compare_ranges(round, "root complex high_mmio", i, a->high_mmio, b->high_mmio);
	compare_numbers(round, "root complex has_cxl", i, a->has_cxl, b->has_cxl);
	compare_ranges(round, "root complex cxl_hdm", i, a->cxl_hdm, b->cxl_hdm);
	compare_ranges(round, "root complex cxl_chbcr", i, a->cxl_chbcr, b->cxl_chbcr);
}

static void compare_rooms_and_cxl_windows(const struct round *round, const struct gpal_layout *a,
					  const struct gpal_layout *b)
{
	compare_numbers(round, "hotplug_room_count", 0, a->hotplug_room_count,
			b->hotplug_room_count);
	for (size_t i = 0; i < a->hotplug_room_count; i++) {
		compare_numbers(round, "room node", i, a->hotplug_rooms[i].node,
				b->hotplug_rooms[i].node);
		compare_ranges(round, "room", i, a->hotplug_rooms[i].range,
			       b->hotplug_rooms[i].range);
	}
	compare_numbers(round, "cxl_window_count", 0, a->cxl_window_count, b->cxl_window_count);
	for (size_t i = 0; i < a->cxl_window_count; i++) {
		const struct gpal_layout_cxl_window *s = &a->cxl_windows[i];
		const struct gpal_layout_cxl_window *t = &b->cxl_windows[i];

		compare_texts(round, "cxl window name", i, s->name, t->name);
		compare_ranges(round, "cxl window", i, s->range, t->range);
		compare_numbers(round, "cxl window granularity", i, s->granularity, t->granularity);
		compare_numbers(round, "cxl window target_count", i, s->target_count,
				t->target_count);
		for (size_t k = 0; k < s->target_count; k++)
			compare_texts(round, "cxl window target", k, s->targets[k], t->targets[k]);
	}
}

void compare_layouts(const struct round *round, const struct gpal_layout *a,
		     const struct gpal_layout *b)
{
	const char *policy = (a->policy ? a->policy : gpal_policy_default())->name;

	compare_maps(round, &a->map, &b->map);
	compare_numbers(round, "arch", 0, a->arch, b->arch);
	compare_texts(round, "policy", 0, policy, b->policy ? b->policy->name : NULL);
	compare_texts(round, "policy_name", 0, policy, b->policy_name);
	compare_numbers(round, "profile", 0, a->profile, b->profile);

	compare_numbers(round, "ram_count", 0, a->ram_count, b->ram_count);
	for (size_t i = 0; i < a->ram_count; i++) {
		compare_numbers(round, "ram node", i, a->ram[i].node, b->ram[i].node);
		compare_ranges(round, "ram", i, a->ram[i].range, b->ram[i].range);
	}
	compare_ranges(round, "chipset_low_mmio", 0, a->chipset_low_mmio, b->chipset_low_mmio);
	compare_ranges(round, "chipset_high_mmio", 0, a->chipset_high_mmio, b->chipset_high_mmio);

	compare_numbers(round, "segment_count", 0, a->segment_count, b->segment_count);
	for (size_t i = 0; i < a->segment_count; i++) {
		const struct gpal_layout_segment *s = &a->segments[i];
		const struct gpal_layout_segment *t = &b->segments[i];

		compare_numbers(round, "segment number", i, s->segment, t->segment);
		compare_numbers(round, "segment start_bus", i, s->start_bus, t->start_bus);
		compare_numbers(round, "segment end_bus", i, s->end_bus, t->end_bus);
		compare_ranges(round, "segment ecam", i, s->ecam, t->ecam);
		compare_numbers(round, "segment bus0_base", i, s->bus0_base, t->bus0_base);
	}
	compare_numbers(round, "root_complex_count", 0, a->root_complex_count,
			b->root_complex_count);
	for (size_t i = 0; i < a->root_complex_count; i++)
		compare_root_complexes(round, i, &a->root_complexes[i], &b->root_complexes[i]);

	compare_rooms_and_cxl_windows(round, a, b);
	compare_ranges(round, "virtio_mmio", 0, a->virtio_mmio, b->virtio_mmio);
	compare_numbers(round, "virtio_mmio_slots", 0, a->virtio_mmio_slots, b->virtio_mmio_slots);
	compare_numbers(round, "iommu", 0, a->iommu, b->iommu);
	compare_numbers(round, "iommu_count", 0, a->iommu_count, b->iommu_count);
	for (size_t i = 0; i < a->iommu_count; i++) {
		compare_texts(round, "iommu root complex", i, a->iommus[i].root_complex,
			      b->iommus[i].root_complex);
		compare_ranges(round, "iommu", i, a->iommus[i].range, b->iommus[i].range);
	}

	compare_ranges(round, "vtl2_chipset_mmio", 0, a->vtl2_chipset_mmio, b->vtl2_chipset_mmio);
	compare_ranges(round, "vtl2_memory", 0, a->vtl2_memory, b->vtl2_memory);
	compare_ranges(round, "vtl2_framebuffer", 0, a->vtl2_framebuffer, b->vtl2_framebuffer);
	compare_numbers(round, "has_vtl2_alias_map", 0, a->has_vtl2_alias_map,
			b->has_vtl2_alias_map);

	compare_numbers(round, "ram_size", 0, a->ram_size, b->ram_size);
	compare_numbers(round, "end_of_ram", 0, a->end_of_ram, b->end_of_ram);
	compare_numbers(round, "end_of_layout", 0, a->end_of_layout, b->end_of_layout);
	compare_numbers(round, "top", 0, a->top, b->top);
	compare_numbers(round, "required_address_bits", 0, a->required_address_bits,
			b->required_address_bits);
}

static void compare_warnings(const struct round *round, const struct oracle *oracle,
			     const struct gpal_layout *layout)
{
	bool warned[GPAL_WARN_COUNT] = { false };

	for (size_t i = 0; i < layout->warning_count; i++) {
		const struct gpal_warning *warning = &layout->warnings[i];

		if ((unsigned int)warning->reason >= GPAL_WARN_COUNT || !warning->tag ||
		    !warning->message || !warning->message[0])
			fail_round(round, "warning %zu is invalid", i);
		warned[warning->reason] = true;
	}
	for (int i = 0; i < GPAL_WARN_COUNT; i++) {
		if (warned[i] != oracle->warned[i])
			fail_round(round, "warning %s: expected %d, got %d",
				   gpal_warning_token((enum gpal_warning_reason)i),
				   oracle->warned[i], warned[i]);
	}
}

void compare_layout_with_oracle(const struct round *round, const struct oracle *oracle,
				const struct gpal_layout *actual)
{
	char digest[GPAL_DIGEST_SIZE];

	compare_layouts(round, &oracle->layout, actual);
	compare_warnings(round, oracle, actual);
	gpal_layout_digest(actual, digest);
	compare_texts(round, "digest", 0, oracle->digest, digest);
}

void compare_errors(const struct round *round, const struct gpal_error *a,
		    const struct gpal_error *b)
{
	compare_texts(round, "error tag", 0, a->tag, b->tag);
	compare_texts(round, "error other_tag", 0, a->other_tag, b->other_tag);
	compare_numbers(round, "error range.start", 0, a->range.start, b->range.start);
	compare_numbers(round, "error range.end", 0, a->range.end, b->range.end);
	compare_numbers(round, "error other_range.start", 0, a->other_range.start,
			b->other_range.start);
	compare_numbers(round, "error other_range.end", 0, a->other_range.end, b->other_range.end);
	compare_numbers(round, "error size", 0, a->size, b->size);
	compare_numbers(round, "error alignment", 0, a->alignment, b->alignment);
	compare_numbers(round, "error phase", 0, a->phase, b->phase);
	compare_numbers(round, "error free_space", 0, a->free_space, b->free_space);
	compare_numbers(round, "error largest_fit", 0, a->largest_fit, b->largest_fit);
	compare_numbers(round, "error bits", 0, a->bits, b->bits);
	compare_numbers(round, "error required_bits", 0, a->required_bits, b->required_bits);
	compare_numbers(round, "error demand", 0, a->demand, b->demand);
	compare_numbers(round, "error demands", 0, a->demands, b->demands);
	compare_numbers(round, "error supply", 0, a->supply, b->supply);
	compare_numbers(round, "error excess", 0, a->excess, b->excess);
	compare_texts(round, "error largest_tag", 0, a->largest_tag, b->largest_tag);
	compare_numbers(round, "error largest_tag_size", 0, a->largest_tag_size,
			b->largest_tag_size);
	compare_numbers(round, "error subject", 0, a->subject, b->subject);
	compare_numbers(round, "error index", 0, a->index, b->index);
	compare_texts(round, "error part", 0, a->part, b->part);
}

/*
 * Returns true if a pinned range other than *which has this range and this tag, shortened as in
 * errors. Sets *which to it.
 */
static bool names_pin(const struct oracle *oracle, const char *tag, struct gpal_range range,
		      size_t *which)
{
	for (size_t i = 0; i < oracle->item_count; i++) {
		const struct oracle_item *item = &oracle->items[i];

		if ((item->kind == GPAL_KIND_RESERVED || item->kind == GPAL_KIND_FIXED) &&
		    i != *which && strncmp(item->tag, tag, GPAL_ERROR_TAG_MAX) == 0 &&
		    item->range.start == range.start && item->range.end == range.end) {
			*which = i;
			return true;
		}
	}
	return false;
}

static void check_overlap(const struct round *round, const struct oracle *oracle,
			  const struct gpal_error *error)
{
	size_t which = SIZE_MAX;

	if (!names_pin(oracle, error->tag, error->range, &which) ||
	    !names_pin(oracle, error->other_tag, error->other_range, &which))
		fail_round(round, "overlap of %s " RANGE " and %s " RANGE ": not two pinned ranges",
			   error->tag, error->range.start, error->range.end, error->other_tag,
			   error->other_range.start, error->other_range.end);
	if (error->range.start >= error->other_range.end ||
	    error->other_range.start >= error->range.end)
		fail_round(round, "%s and %s do not overlap", error->tag, error->other_tag);
}

/*
 * Returns the next root complex of that name from *at on, and moves *at past it; NULL if there is
 * none.
 */
static const struct gpal_root_complex *next_named(const struct gpal_request *request,
						  const char *name, size_t *at)
{
	while (*at < request->root_complex_count) {
		const struct gpal_root_complex *rc = &request->root_complexes[(*at)++];

		if (strcmp(rc->name, name) == 0)
			return rc;
	}
	return NULL;
}

static void check_named_pair(const struct round *round, const struct gpal_error *error)
{
	const struct gpal_request *request = round->request;
	size_t at = 0;
	size_t other_at = 0;
	const struct gpal_root_complex *a = next_named(request, error->tag, &at);
	const struct gpal_root_complex *b = next_named(request, error->other_tag, &other_at);
	bool right = a && b && a != b;

	if (error->code == GPAL_E_BUS_OVERLAP)
		right = right && a->segment == b->segment && a->start_bus <= b->end_bus &&
			b->start_bus <= a->end_bus;
	else
		right = right && a->iommu != b->iommu && a->iommu != GPAL_IOMMU_NONE &&
			b->iommu != GPAL_IOMMU_NONE;
	if (!right)
		fail_round(round, "%s: wrong pair %s and %s", gpal_code_token(error->code),
			   error->tag, error->other_tag);
}

/* Returns how often the target at the error's part occurs in its window, up to that place. */
static size_t count_target(const struct gpal_request *request, const struct gpal_error *error)
{
	const struct gpal_cxl_window *window;
	size_t times = 0, last;
	int length = 0;

	if (error->index >= request->cxl_window_count)
		return 0;
	window = &request->cxl_windows[error->index];
	if (sscanf(error->part, "/%zu%n", &last, &length) != 1 || error->part[length] ||
	    last >= window->target_count || strcmp(window->targets[last], error->tag) != 0)
		return 0;
	for (size_t k = 0; k <= last; k++)
		times += strcmp(window->targets[k], error->tag) == 0;
	return times;
}

static void check_duplicate(const struct round *round, const struct gpal_error *error)
{
	const struct gpal_request *request = round->request;
	size_t at = 0;
	size_t times = 0;

	if (error->subject == GPAL_SUBJECT_CXL_WINDOW_TARGETS) {
		times = count_target(request, error);
	} else if (error->subject == GPAL_SUBJECT_CXL_WINDOW_NAME) {
		for (size_t i = 0; i < request->cxl_window_count; i++)
			times += strcmp(request->cxl_windows[i].name, error->tag) == 0;
	} else if (error->subject == GPAL_SUBJECT_RESERVED_NAME ||
		   error->subject == GPAL_SUBJECT_HOST_HOLE) {
		for (size_t i = 0; i < request->reserved_count; i++)
			times += strcmp(request->reserved[i].name, error->tag) == 0;
		for (size_t i = 0; i < request->host_hole_count; i++)
			times += strcmp(gpal_hole_name(request->host_holes[i]), error->tag) == 0;
	} else {
		while (next_named(request, error->tag, &at))
			times++;
	}
	if (times < 2 || strcmp(error->tag, error->other_tag) != 0)
		fail_round(round, "duplicate_name: %s and %s, named %zu times", error->tag,
			   error->other_tag, times);
}

static void check_ecam_minimum(const struct round *round, const struct gpal_error *error)
{
	if (error->range.start >= 256 * MIB || gpal_range_is_empty(error->range) ||
	    error->range.end - error->range.start > 256 * MIB || !error->tag[0])
		fail_round(round, "ecam_below_minimum: %s " RANGE, error->tag, error->range.start,
			   error->range.end);
}

static void check_neighbour(const struct round *round, const char *side,
			    const struct gpal_neighbour *actual,
			    const struct gpal_map_entry *expected)
{
	if (!expected && actual->tag[0])
		fail_round(round, "%s is named %s the fit, but is not its neighbour", actual->tag,
			   side);
	if (expected && (strncmp(expected->tag, actual->tag, GPAL_ERROR_TAG_MAX) != 0 ||
			 expected->range.start != actual->range.start ||
			 expected->range.end != actual->range.end))
		fail_round(round, "the neighbour %s the fit is %s, not %s", side, expected->tag,
			   actual->tag);
}

/*
 * Checks the place where the largest window would fit: it is free, and the error names its
 * neighbours.
 */
static void check_fit(const struct round *round, const struct oracle *oracle,
		      const struct gpal_error *error)
{
	const struct gpal_map_entry *below = NULL, *above = NULL;
	const struct gpal_range fit = error->fit;

	/* If an update is refused for other reasons, too, the error does not name a place. */
	if (error->largest_fit > 0 && round->before && fit.end == 0) {
		if (error->below.tag[0] || error->above.tag[0])
			fail_round(round, "%s: neighbours without a fit", error->tag);
		return;
	}
	if (fit.end - fit.start != error->largest_fit || fit.start % error->alignment)
		fail_round(round, "%s: the fit is not as large as largest_fit", error->tag);
	for (size_t i = 0; error->largest_fit > 0 && i < oracle->placed_count; i++) {
		const struct gpal_map_entry *entry = &oracle->placed[i];

		/* These are extents of the RAM that did not fit as a whole. */
		if (entry->kind == GPAL_KIND_RAM &&
		    strncmp(entry->tag, error->tag, GPAL_ERROR_TAG_MAX) == 0)
			continue;
		if (entry->range.start < fit.end && fit.start < entry->range.end)
			fail_round(round, "%s is where %s would fit", entry->tag, error->tag);
		if (entry->range.end <= fit.start &&
		    (!below || entry->range.end > below->range.end))
			below = entry;
		if (entry->range.start >= fit.end &&
		    (!above || entry->range.start < above->range.start))
			above = entry;
	}
	if (below && error->phase == GPAL_KIND_MMIO64 && below->range.end < GPAL_4GIB)
		below = NULL;
	if (above && error->phase == GPAL_KIND_MMIO32 && above->range.start > GPAL_4GIB)
		above = NULL;
	check_neighbour(round, "below", &error->below, below);
	check_neighbour(round, "above", &error->above, above);
}

static bool ends_in(const char *text, const char *name)
{
	const size_t length = strlen(text), name_length = strlen(name);

	return length >= name_length && strcmp(text + length - name_length, name) == 0;
}

/* A message does not end in a full stop, unless a name in it does. */
static bool ends_in_name(const struct gpal_request *request, const char *message)
{
	for (size_t i = 0; request && i < request->root_complex_count; i++) {
		if (ends_in(message, request->root_complexes[i].name))
			return true;
	}
	for (size_t i = 0; request && i < request->reserved_count; i++) {
		if (ends_in(message, request->reserved[i].name))
			return true;
	}
	for (size_t i = 0; request && i < request->cxl_window_count; i++) {
		const struct gpal_cxl_window *window = &request->cxl_windows[i];

		if (ends_in(message, window->name))
			return true;
		for (size_t j = 0; j < window->target_count; j++) {
			if (ends_in(message, window->targets[j]))
				return true;
		}
	}
	return false;
}

void compare_error_with_oracle(const struct round *round, const struct oracle *oracle, int code,
			       const struct gpal_error *actual)
{
	struct gpal_error expected = oracle->error;

	if (code != (int)expected.code || actual->code != expected.code)
		fail_round(round, "expected %s, got %s (%s)", gpal_code_token(expected.code),
			   gpal_code_token(code), actual->message);
	if (!actual->message[0] || !memchr(actual->message, '\0', sizeof(actual->message)) ||
	    (actual->message[strlen(actual->message) - 1] == '.' &&
	     !ends_in_name(round->request, actual->message)))
		fail_round(round, "%s: no proper message", gpal_code_token(code));

	if (expected.subject == GPAL_SUBJECT_NONE) {
		expected.subject = actual->subject;
		expected.index = actual->index;
	}
	if (oracle->index_open)
		expected.index = actual->index;
	if (oracle->alignment_open)
		expected.alignment = actual->alignment;
	if (oracle->part_open)
		memcpy(expected.part, actual->part, sizeof(expected.part));

	switch (code) {
	case GPAL_E_EXHAUSTED:
		check_fit(round, oracle, actual);
		compare_errors(round, &expected, actual);
		return;
	case GPAL_E_OVERLAP:
		check_overlap(round, oracle, actual);
		expected.other_range = actual->other_range;
		break;
	case GPAL_E_BUS_OVERLAP:
	case GPAL_E_MIXED_IOMMU:
		check_named_pair(round, actual);
		break;
	case GPAL_E_DUPLICATE_NAME:
		check_duplicate(round, actual);
		if (actual->subject == GPAL_SUBJECT_CXL_WINDOW_TARGETS)
			memcpy(expected.part, actual->part, sizeof(expected.part));
		break;
	case GPAL_E_ECAM_BELOW_MINIMUM:
		check_ecam_minimum(round, actual);
		break;
	default:
		compare_errors(round, &expected, actual);
		return;
	}
	/* Names and ranges were checked above. Everything else must be as predicted. */
	memcpy(expected.tag, actual->tag, sizeof(expected.tag));
	memcpy(expected.other_tag, actual->other_tag, sizeof(expected.other_tag));
	expected.range = actual->range;
	compare_errors(round, &expected, actual);
}
