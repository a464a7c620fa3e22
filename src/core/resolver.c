/* SPDX-License-Identifier: MIT */
/*
 * Makes the layout of a request: checks the request, calls the allocator, and copies the ranges of
 * the map to the members of the layout.
 */
#include "config.h"

#include "core/arena.h"
#include "core/checked.h"
#include "core/cxl.h"
#include "core/error.h"
#include "core/measures.h"
#include "core/place.h"
#include "core/request_checks.h"
#include "core/resolution.h"
#include "core/sort.h"

#include <assert.h>
#include <gpalayout/layout.h>
#include <inttypes.h>
#include <string.h>

#define ECAM_MINIMUM (256 * GPALD_MIB) /* so that the bus-0 base in the MCFG cannot underflow */

/* Makes the segments, each with the buses of its root complexes. Returns false if out of memory. */
static bool group_segments(struct gpald_resolution *r)
{
	const struct gpal_root_complex *rcs = r->request->root_complexes;
	const size_t count = r->request->root_complex_count;
	size_t segments = 0;

	for (size_t i = 0; i < count; i++)
		segments += i == 0 || r->by_bus[i].key >> 8 != r->by_bus[i - 1].key >> 8;
	r->segments = gpald_arena_alloc(r->arena, segments, sizeof(*r->segments));
	r->first_rcs = gpald_arena_alloc(r->arena, segments, sizeof(*r->first_rcs));
	r->segment_of_rc = gpald_arena_alloc(r->arena, count, sizeof(*r->segment_of_rc));
	if (!r->segments || !r->first_rcs || !r->segment_of_rc)
		return false;

	/* No two root complexes share a bus, so the last one of a segment has its highest bus. */
	for (size_t i = 0; i < count; i++) {
		const size_t index = r->by_bus[i].index;
		const struct gpal_root_complex *rc = &rcs[index];
		size_t at = r->segment_count - 1;

		if (i == 0 || rc->segment != r->segments[at].segment) {
			at = r->segment_count++;
			r->segments[at] = (struct gpal_layout_segment){
				.segment = rc->segment,
				.start_bus = rc->start_bus,
			};
			r->first_rcs[at] = index;
		}
		if (index < r->first_rcs[at])
			r->first_rcs[at] = index;
		r->segments[at].end_bus = rc->end_bus;
		r->segment_of_rc[index] = at;
	}
	r->layout->segments = r->segments;
	r->layout->segment_count = r->segment_count;
	return true;
}

static bool copy_root_complexes(struct gpald_resolution *r)
{
	const size_t count = r->request->root_complex_count;

	r->root_complexes = gpald_arena_alloc(r->arena, count, sizeof(*r->root_complexes));
	if (!r->root_complexes)
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct gpal_root_complex *rc = &r->request->root_complexes[i];

		r->root_complexes[i] = (struct gpal_layout_root_complex){
			.name = gpald_arena_strdup(r->arena, rc->name),
			.segment = rc->segment,
			.start_bus = rc->start_bus,
			.end_bus = rc->end_bus,
			.has_node = rc->has_node,
			.node = rc->node,
			.has_cxl = rc->has_cxl,
		};
		if (!r->root_complexes[i].name)
			return false;
	}
	r->layout->root_complexes = r->root_complexes;
	r->layout->root_complex_count = count;
	return true;
}

static bool copy_hotplug_rooms(struct gpald_resolution *r)
{
	const size_t count = r->request->hotplug_room_count;

	r->hotplug_rooms = gpald_arena_alloc(r->arena, count, sizeof(*r->hotplug_rooms));
	if (!r->hotplug_rooms)
		return false;
	for (size_t i = 0; i < count; i++)
		r->hotplug_rooms[i] = (struct gpal_layout_hotplug_room){
			.node = r->request->hotplug_rooms[i].node,
		};
	r->layout->hotplug_rooms = r->hotplug_rooms;
	r->layout->hotplug_room_count = count;
	return true;
}

/* Lists the names of targets, as the root complexes of the layout hold them. */
static const char *const *list_target_names(struct gpald_resolution *r, const uint32_t *targets,
					    size_t count)
{
	const char **names = gpald_arena_alloc(r->arena, count, sizeof(*names));

	for (size_t i = 0; names && i < count; i++)
		names[i] = r->root_complexes[targets[i]].name;
	return names;
}

static bool copy_cxl_windows(struct gpald_resolution *r)
{
	const size_t count = r->request->cxl_window_count;
	const uint32_t *targets = r->cxl_targets;

	r->cxl_windows = gpald_arena_alloc(r->arena, count, sizeof(*r->cxl_windows));
	if (!r->cxl_windows)
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct gpal_cxl_window *window = &r->request->cxl_windows[i];

		r->cxl_windows[i] = (struct gpal_layout_cxl_window){
			.name = gpald_arena_strdup(r->arena, window->name),
			.targets = list_target_names(r, targets, window->target_count),
			.target_count = window->target_count,
			.granularity = window->granularity ? window->granularity :
							     GPALD_CXL_GRANULARITY_MIN,
		};
		if (!r->cxl_windows[i].name || !r->cxl_windows[i].targets)
			return false;
		targets += window->target_count;
	}
	r->layout->cxl_windows = r->cxl_windows;
	r->layout->cxl_window_count = count;
	return true;
}

/* The result of the allocator. */

/*
 * Changes the subject of an allocator's error, which is an element of the allocator's lists, to the
 * member of the request.
 */
static void translate_subject(const struct gpald_resolution *r)
{
	static const enum gpal_kind kind_of[] = {
		[GPAL_SUBJECT_ALLOC_RESERVED] = GPAL_KIND_RESERVED,
		[GPAL_SUBJECT_ALLOC_FIXED] = GPAL_KIND_FIXED,
		[GPAL_SUBJECT_ALLOC_MMIO32] = GPAL_KIND_MMIO32,
		[GPAL_SUBJECT_ALLOC_RAM] = GPAL_KIND_RAM,
		[GPAL_SUBJECT_ALLOC_MMIO64] = GPAL_KIND_MMIO64,
		[GPAL_SUBJECT_ALLOC_POST_MMIO] = GPAL_KIND_POST_MMIO,
	};
	struct gpal_error *error = r->error;
	const struct gpald_input_list *list;

	if (!error || error->subject < GPAL_SUBJECT_ALLOC_RESERVED ||
	    error->subject > GPAL_SUBJECT_ALLOC_POST_MMIO)
		return;
	list = &r->inputs[kind_of[error->subject]];
	assert(error->index < list->count);
	error->subject = gpald_roles[list->origins[error->index].role].subject;
	error->index = list->origins[error->index].index;
	if (error->code != GPAL_E_INVALID_ALIGNMENT)
		return;
	if (error->subject == GPAL_SUBJECT_VTL2_MEMORY_SIZE)
		error->subject = GPAL_SUBJECT_VTL2_MEMORY_ALIGNMENT;
	if (error->subject == GPAL_SUBJECT_HOTPLUG_SIZE)
		error->subject = GPAL_SUBJECT_HOTPLUG_ALIGNMENT;
}

static int place_inputs(struct gpald_resolution *r)
{
	const struct gpald_input_list *in = r->inputs;
	const struct gpal_alloc_input input = {
		.reserved = in[GPAL_KIND_RESERVED].pinned,
		.reserved_count = in[GPAL_KIND_RESERVED].count,
		.fixed = in[GPAL_KIND_FIXED].pinned,
		.fixed_count = in[GPAL_KIND_FIXED].count,
		.mmio32 = in[GPAL_KIND_MMIO32].demands,
		.mmio32_count = in[GPAL_KIND_MMIO32].count,
		.ram = in[GPAL_KIND_RAM].demands,
		.ram_count = in[GPAL_KIND_RAM].count,
		.mmio64 = in[GPAL_KIND_MMIO64].demands,
		.mmio64_count = in[GPAL_KIND_MMIO64].count,
		.post_mmio = in[GPAL_KIND_POST_MMIO].demands,
		.post_mmio_count = in[GPAL_KIND_POST_MMIO].count,
	};
	const struct gpald_place_options options = {
		.kept = r->kept,
		.low_ram_window = r->low_ram_window,
		.trace = r->options.trace,
	};
	int code = gpald_place(r->arena, &input, &options, &r->layout->map, r->error);

	if (code)
		translate_subject(r);
	return code;
}

/* Copies each placed range to its member, and the RAM extents to their list. */
static int collect_ranges(struct gpald_resolution *r)
{
	struct gpal_layout *layout = r->layout;
	/*
	 * Fixed ranges, windows and the ranges above them have one entry each; the others are RAM
	 * or reserved.
	 */
	const size_t extents = layout->map.count - r->inputs[GPAL_KIND_FIXED].count -
			       r->inputs[GPAL_KIND_MMIO32].count -
			       r->inputs[GPAL_KIND_MMIO64].count -
			       r->inputs[GPAL_KIND_POST_MMIO].count;
	struct gpal_ram_extent *ram;

	ram = gpald_arena_alloc(r->arena, extents, sizeof(*ram));
	if (!ram)
		return gpald_fail_plain(r->error, GPAL_E_NO_MEMORY);
	layout->ram = ram;

	for (size_t i = 0; i < layout->map.count; i++) {
		const struct gpal_map_entry *entry = &layout->map.entries[i];
		const struct gpald_origin *origin = &r->inputs[entry->kind].origins[entry->index];

		if (origin->target)
			*origin->target = entry->range;
		if (entry->kind == GPAL_KIND_RAM) {
			ram[layout->ram_count++] = (struct gpal_ram_extent){
				.node = origin->index,
				.range = entry->range,
			};
		}
	}
	return GPAL_OK;
}

/*
 * Computes the bus-0 bases, and gives each root complex its part of its segment's ECAM. Refuses a
 * part that starts below the minimum.
 */
static int slice_ecams(struct gpald_resolution *r)
{
	for (size_t i = 0; i < r->segment_count; i++) {
		struct gpal_layout_segment *segment = &r->segments[i];

		/* The base wraps only for an ECAM below the minimum, which is refused below. */
		segment->bus0_base =
			segment->ecam.start - segment->start_bus * GPAL_ECAM_BYTES_PER_BUS;
	}
	for (size_t i = 0; i < r->request->root_complex_count; i++) {
		struct gpal_layout_root_complex *rc = &r->root_complexes[i];
		const struct gpal_layout_segment *segment = &r->segments[r->segment_of_rc[i]];
		int code;

		rc->ecam = gpald_ecam_range(segment->bus0_base, rc->start_bus, rc->end_bus);
		if (rc->ecam.start >= ECAM_MINIMUM)
			continue;
		code = gpald_fail(r->error, GPAL_E_ECAM_BELOW_MINIMUM, GPAL_SUBJECT_ROOT_COMPLEX, i,
				  "%s: ECAM at 0x%" PRIx64
				  " is below 256 MiB; the bus-0 base in the ACPI MCFG table "
				  "could underflow",
				  rc->name, rc->ecam.start);
		if (r->error) {
			gpald_error_set_tag(r->error->tag, rc->name);
			r->error->range = rc->ecam;
		}
		return code;
	}
	return GPAL_OK;
}

static void measure_layout(struct gpal_layout *layout)
{
	/* The map is never empty: chipset low MMIO is always there. */
	const struct gpald_measures measures = gpald_measure_layout(layout);

	layout->ram_size = measures.ram_size;
	layout->end_of_ram = measures.end_of_ram;
	layout->end_of_layout = measures.end_of_layout;
	layout->top = measures.top;
	layout->required_address_bits = measures.required_address_bits;
}

/* Returns the bytes below the highest range that are unused because its start is aligned. */
static uint64_t alignment_gap(const struct gpal_map *map)
{
	const struct gpal_map_entry *last = &map->entries[map->count - 1];

	/*
	 * A fixed range is not aligned. Any other one is above chipset low MMIO, so there is an
	 * entry before it.
	 */
	return last->kind == GPAL_KIND_FIXED ? 0 : last->range.start - last[-1].range.end;
}

static size_t node_of(const struct gpald_resolution *r, const struct gpal_map_entry *entry)
{
	return r->inputs[GPAL_KIND_RAM].origins[entry->index].index;
}

/*
 * Sets largest_tag to the tag whose ranges have the most bytes together, reserved ranges aside; if
 * two are equal, to the one lower in the map.
 */
static int note_largest_tag(const struct gpald_resolution *r)
{
	const struct gpal_map *map = &r->layout->map;
	uint64_t *nodes = gpald_arena_zalloc(r->arena, r->request->node_count, sizeof(*nodes));

	if (!nodes)
		return gpald_fail_plain(r->error, GPAL_E_NO_MEMORY);
	/* Only RAM has more than one range of a tag. */
	for (size_t i = 0; i < map->count; i++)
		if (map->entries[i].kind == GPAL_KIND_RAM)
			nodes[node_of(r, &map->entries[i])] +=
				gpal_range_size(map->entries[i].range);
	for (size_t i = 0; i < map->count; i++) {
		const struct gpal_map_entry *entry = &map->entries[i];
		const uint64_t size = entry->kind == GPAL_KIND_RESERVED ? 0 :
				      entry->kind == GPAL_KIND_RAM      ? nodes[node_of(r, entry)] :
								     gpal_range_size(entry->range);

		if (size > r->error->largest_tag_size) {
			r->error->largest_tag_size = size;
			gpald_error_set_tag(r->error->largest_tag, entry->tag);
		}
	}
	return GPAL_OK;
}

static int check_width(const struct gpald_resolution *r)
{
	const struct gpal_layout *layout = r->layout;
	const struct gpal_map_entry *last = &layout->map.entries[layout->map.count - 1];
	const unsigned int bits = r->request->host_physical_address_bits;
	int code;

	if (bits == 0 || layout->required_address_bits <= bits)
		return GPAL_OK;
	code = gpald_fail(
		r->error, GPAL_E_ADDRESS_WIDTH_EXCEEDED, GPAL_SUBJECT_HOST_BITS, 0,
		"%s ends at 0x%" PRIx64 ", which needs %u physical address bits%s; the host "
		"has %u",
		last->tag, layout->top, layout->required_address_bits,
		layout->has_vtl2_alias_map ? ", one of them for VTL2's alias map" : "", bits);
	if (r->error) {
		gpald_error_set_tag(r->error->tag, last->tag);
		r->error->range = last->range;
		r->error->alignment_gap = alignment_gap(&layout->map);
		r->error->bits = bits;
		r->error->required_bits = layout->required_address_bits;
		r->error->excess =
			layout->top - (UINT64_C(1) << (bits - layout->has_vtl2_alias_map));
		if (note_largest_tag(r))
			return GPAL_E_NO_MEMORY;
	}
	return code;
}

/* Checks the request and makes the allocator's input. */
static int prepare_inputs(struct gpald_resolution *r)
{
	int code = gpald_check_request(r);

	if (code)
		return code;
	if (!copy_root_complexes(r) || !copy_hotplug_rooms(r) || !copy_cxl_windows(r) ||
	    !group_segments(r))
		return gpald_fail_plain(r->error, GPAL_E_NO_MEMORY);
	return gpald_collect_inputs(r);
}

static int resolve_request(struct gpald_resolution *r)
{
	int code = prepare_inputs(r);

	if (code || (code = r->options.live ? gpald_collect_kept(r) : GPAL_OK) ||
	    (code = place_inputs(r)) || (code = collect_ranges(r)) || (code = slice_ecams(r)))
		return code;
	measure_layout(r->layout);
	code = check_width(r);
	return code ? code : gpald_collect_warnings(r);
}

/* Estimates the size of the arena, so that most layouts need one allocation. */
static size_t layout_arena_hint(const struct gpal_request *request)
{
	const size_t most = GPAL_ALLOC_MAX;
	size_t hint = 2048;

	hint += 256 * (request->node_count < most ? request->node_count : most);
	hint += 256 * (request->reserved_count < most ? request->reserved_count : most);
	hint += 256 * (request->hotplug_room_count < most ? request->hotplug_room_count : most);
	hint += 512 * (request->cxl_window_count < most ? request->cxl_window_count : most);
	return hint +
	       1024 * (request->root_complex_count < most ? request->root_complex_count : most);
}

/* Fills in the layout's architecture, policy, profile and alias map, and sets r->defaults. */
static void begin_layout(struct gpald_resolution *r)
{
	const struct gpal_request *request = r->request;

	r->layout->arch = request->arch;
	r->layout->policy = r->policy;
	r->layout->policy_name = r->policy->name;
	r->layout->profile = request->profile;
	r->layout->has_vtl2_alias_map = request->has_vtl2_alias_map;
	/* An unknown profile is refused before its defaults are read. */
	r->defaults = gpal_profile_name(request->profile) ? &r->policy->profiles[request->profile] :
							    NULL;
}

int gpald_prepare_inputs(struct gpald_arena *arena, const struct gpal_request *request,
			 const struct gpal_policy *policy,
			 struct gpald_input_list inputs[GPAL_KIND_COUNT])
{
	struct gpald_resolution r = {
		.arena = arena,
		.request = request,
		.policy = policy,
		.layout = gpald_arena_zalloc(arena, 1, sizeof(*r.layout)),
	};
	int code;

	if (!r.layout)
		return GPAL_E_NO_MEMORY;
	begin_layout(&r);
	code = prepare_inputs(&r);
	memcpy(inputs, r.inputs, sizeof(r.inputs));
	return code;
}

int gpald_resolve_with(const struct gpal_request *request, const struct gpal_policy *policy,
		       struct gpald_resolve_options options, struct gpal_layout **layout,
		       struct gpal_error *error)
{
	struct gpald_resolution r = {
		.request = request,
		.policy = policy,
		.options = options,
		.error = error,
	};
	int code;

	*layout = NULL;
	/*
	 * A live layout has no policy if a newer daemon made it under a policy that this library
	 * does not know.
	 */
	if (!policy)
		return gpald_fail(error, GPAL_E_OUT_OF_RANGE, GPAL_SUBJECT_NONE, 0,
				  "this library does not know the policy of the live layout");
	r.layout = gpald_arena_new_object(layout_arena_hint(request), sizeof(*r.layout), &r.arena);
	if (!r.layout)
		return gpald_fail_plain(error, GPAL_E_NO_MEMORY);
	if (options.trace)
		options.trace->arena = r.arena;
	begin_layout(&r);
	code = resolve_request(&r);
	if (code)
		gpald_arena_free(r.arena);
	else
		*layout = r.layout;
	return code;
}

int gpald_resolve_or_move(const struct gpal_request *request, const struct gpal_policy *policy,
			  struct gpald_resolve_options options, struct gpal_layout **layout,
			  struct gpal_error *error)
{
	const struct gpald_resolve_options afresh = { .live = NULL };
	const int code = gpald_resolve_with(request, policy, options, layout, error);

	return code && code != GPAL_E_NO_MEMORY && options.may_move ?
		       gpald_resolve_with(request, policy, afresh, layout, error) :
		       code;
}

void gpal_layout_free(struct gpal_layout *layout)
{
	gpald_arena_free_object(layout);
}
