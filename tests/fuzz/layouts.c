/* SPDX-License-Identifier: MIT */
/* Checks that share no code with the code under test, except for digests, encoding and decoding. */
#include "config.h"

#include "tests/fuzz/layouts.h"

#include "tests/fuzz/fuzz.h"
#include "tests/wire.h"
#include "wire/params_decode.h"

#include <inttypes.h>
#include <string.h>

static void check_order(const struct gpal_map *map)
{
	uint64_t end = 0;

	for (size_t i = 0; i < map->count; i++) {
		const struct gpal_range range = map->entries[i].range;

		FUZZ_CHECK(range.start >= end && range.end > range.start &&
				   range.end <= GPAL_SPACE_END &&
				   range.start % GPAL_PAGE_SIZE == 0 &&
				   range.end % GPAL_PAGE_SIZE == 0,
			   "%s 0x%" PRIx64 "-0x%" PRIx64 " overlaps or is out of order",
			   map->entries[i].tag, range.start, range.end);
		end = range.end;
	}
}

void check_map(const struct gpal_layout *layout)
{
	const struct gpal_map *map = &layout->map;
	const unsigned int bits = layout->required_address_bits - layout->has_vtl2_alias_map;
	uint64_t ram_size = 0, end_of_ram = 0;

	FUZZ_CHECK(map->count > 0, "an empty map");
	check_order(map);
	for (size_t i = 0; i < map->count; i++) {
		if (map->entries[i].kind != GPAL_KIND_RAM)
			continue;
		ram_size += gpal_range_size(map->entries[i].range);
		end_of_ram = map->entries[i].range.end;
	}
	FUZZ_CHECK(ram_size == layout->ram_size && end_of_ram == layout->end_of_ram,
		   "RAM of 0x%" PRIx64 " bytes up to 0x%" PRIx64, ram_size, end_of_ram);
	FUZZ_CHECK(layout->top == map->entries[map->count - 1].range.end, "wrong top");
	FUZZ_CHECK(bits >= 1 && bits <= 64 && (layout->top - 1) >> (bits - 1) == 1,
		   "0x%" PRIx64 " does not need %u bits", layout->top,
		   layout->required_address_bits);
}

static void check_nodes(const struct gpal_request *request, const struct gpal_layout *layout)
{
	for (size_t node = 0; node < request->node_count; node++) {
		uint64_t size = 0;

		for (size_t i = 0; i < layout->ram_count; i++)
			if (layout->ram[i].node == node)
				size += gpal_range_size(layout->ram[i].range);
		FUZZ_CHECK(size == request->nodes[node], "node %zu has 0x%" PRIx64, node, size);
	}
}

static void check_reserved(const struct gpal_request *request, const struct gpal_layout *layout)
{
	for (size_t i = 0; i < layout->map.count; i++) {
		const struct gpal_map_entry *entry = &layout->map.entries[i];

		for (size_t j = 0; j < request->reserved_count; j++)
			FUZZ_CHECK(entry->kind == GPAL_KIND_RESERVED ||
					   entry->range.end <= request->reserved[j].range.start ||
					   request->reserved[j].range.end <= entry->range.start,
				   "%s is in a reserved range", entry->tag);
	}
}

static void check_window(const struct gpal_window *window, struct gpal_range range)
{
	if (window->kind == GPAL_WINDOW_SIZE)
		FUZZ_CHECK(gpal_range_size(range) == window->size, "wrong size of a window");
	if (window->kind == GPAL_WINDOW_PINNED)
		FUZZ_CHECK(range.start == window->range.start && range.end == window->range.end,
			   "a pinned window is not at its range");
}

static void check_root_complexes(const struct gpal_request *request,
				 const struct gpal_layout *layout)
{
	FUZZ_CHECK(layout->root_complex_count == request->root_complex_count,
		   "wrong number of root complexes");
	for (size_t i = 0; i < request->root_complex_count; i++) {
		const struct gpal_root_complex *rc = &request->root_complexes[i];
		const struct gpal_layout_root_complex *placed = &layout->root_complexes[i];

		FUZZ_CHECK(strcmp(placed->name, rc->name) == 0,
			   "wrong order or name of a root complex");
		FUZZ_CHECK(gpal_range_size(placed->ecam) ==
				   (rc->end_bus - rc->start_bus + UINT64_C(1)) << 20,
			   "the ECAM of %s does not fit its buses", rc->name);
		check_window(&rc->low_mmio, placed->low_mmio);
		check_window(&rc->high_mmio, placed->high_mmio);
		FUZZ_CHECK(placed->low_mmio.end <= GPAL_4GIB, "a low MMIO window above 4 GiB");
		FUZZ_CHECK(!rc->has_cxl || gpal_range_size(placed->cxl_hdm) ==
						   (rc->has_no_cxl_hdm ? 0 : rc->cxl_hdm),
			   "the HDM of %s differs from the request", rc->name);
	}
}

static void check_rooms(const struct gpal_request *request, const struct gpal_layout *layout)
{
	FUZZ_CHECK(layout->hotplug_room_count == request->hotplug_room_count,
		   "wrong number of rooms");
	for (size_t i = 0; i < request->hotplug_room_count; i++) {
		const struct gpal_layout_hotplug_room *room = &layout->hotplug_rooms[i];

		FUZZ_CHECK(room->node == request->hotplug_rooms[i].node &&
				   gpal_range_size(room->range) == request->hotplug_rooms[i].size,
			   "room %zu is of another size or node", i);
	}
}

static void check_cxl_windows(const struct gpal_request *request, const struct gpal_layout *layout)
{
	FUZZ_CHECK(layout->cxl_window_count == request->cxl_window_count,
		   "wrong number of CXL windows");
	for (size_t i = 0; i < request->cxl_window_count; i++) {
		const struct gpal_cxl_window *asked = &request->cxl_windows[i];
		const struct gpal_layout_cxl_window *window = &layout->cxl_windows[i];

		FUZZ_CHECK(strcmp(window->name, asked->name) == 0 &&
				   gpal_range_size(window->range) == asked->size &&
				   window->target_count == asked->target_count &&
				   window->granularity == asked->granularity,
			   "%s differs from the request", asked->name);
	}
}

/* The low RAM window, if there is one, is the first extent of RAM, and of node 0. */
static void check_low_ram_window(const struct gpal_request *request,
				 const struct gpal_layout *layout)
{
	const uint64_t end = request->memory_low_window;

	FUZZ_CHECK(!end || (layout->ram[0].node == 0 && layout->ram[0].range.start == 0 &&
			    layout->ram[0].range.end == end),
		   "the first extent of RAM is not the low RAM window, or not of node 0");
}

void check_layout(const struct gpal_request *request, const struct gpal_layout *layout)
{
	const unsigned int bits = request->host_physical_address_bits;

	check_map(layout);
	check_nodes(request, layout);
	check_reserved(request, layout);
	check_root_complexes(request, layout);
	check_rooms(request, layout);
	check_cxl_windows(request, layout);
	check_low_ram_window(request, layout);
	FUZZ_CHECK(gpal_range_size(layout->virtio_mmio) ==
			   request->virtio_mmio_slots * GPAL_PAGE_SIZE,
		   "wrong size of the virtio-mmio slots");
	FUZZ_CHECK(bits == 0 || layout->required_address_bits <= bits,
		   "more address bits than the host has");
}

void check_same_addresses(const struct gpal_layout *a, const struct gpal_layout *b)
{
	char digest_a[GPAL_DIGEST_SIZE], digest_b[GPAL_DIGEST_SIZE];

	gpal_layout_digest(a, digest_a);
	gpal_layout_digest(b, digest_b);
	FUZZ_CHECK(strcmp(digest_a, digest_b) == 0, "two layouts differ");
}

/*
 * Returns the length of a layout's text without its last member, the warnings, which are not read
 * back.
 */
static size_t length_without_warnings(const char *text)
{
	const char *last = NULL, *next = text;

	while ((next = strstr(next, ",\"warnings\":["))) {
		last = next;
		next++;
	}
	FUZZ_CHECK(last, "a layout without warnings");
	return (size_t)(last - text);
}

static void check_same_json(const cJSON *a, const cJSON *b)
{
	char *text_a = cJSON_PrintUnformatted(a), *text_b = cJSON_PrintUnformatted(b);
	size_t length;

	FUZZ_CHECK(text_a && text_b, "out of memory");
	length = length_without_warnings(text_a);
	FUZZ_CHECK(length == length_without_warnings(text_b) && memcmp(text_a, text_b, length) == 0,
		   "two layouts differ:\n%s\n%s", text_a, text_b);
	free(text_a);
	free(text_b);
}

cJSON *layout_json(const struct gpal_layout *layout)
{
	return layout_tree(layout);
}

/* Sends the layout as a side of layout.compare, which reads layouts in full. */
void check_json_accepted_in_full(const cJSON *layout)
{
	cJSON *params = cJSON_CreateObject();
	cJSON *from = cJSON_AddObjectToObject(params, "from");
	cJSON *to = cJSON_AddObjectToObject(params, "to");
	struct gpald_arena *arena = gpald_arena_new(0);
	const struct gpald_compare_params *compare;
	struct gpald_wire_error error;
	cJSON *again;

	cJSON_AddStringToObject(from, "name", "vm");
	cJSON_AddItemReferenceToObject(to, "layout", (cJSON *)layout);
	compare = decode_params(&gpald_compare_params_table, params, gpal_policy_default(), arena,
				&error);
	FUZZ_CHECK(compare, "a layout is refused at %s: %s", error.pointer, error.message);
	again = layout_tree(&compare->to.layout);
	check_same_json(layout, again);
	cJSON_Delete(again);
	gpald_arena_free(arena);
	cJSON_Delete(params);
}

void check_accepted_in_full(const struct gpal_layout *layout)
{
	cJSON *json = layout_json(layout);

	check_json_accepted_in_full(json);
	cJSON_Delete(json);
}
