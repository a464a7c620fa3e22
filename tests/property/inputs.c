/* SPDX-License-Identifier: MIT */
/* Shared by both kinds of input: memory that is freed with a case, copies, and printing. */
#include "inputs.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void *blocks_take(struct blocks *blocks, size_t size)
{
	void *memory = calloc(1, size ? size : 1);

	if (blocks->count == blocks->room) {
		blocks->room = blocks->room ? blocks->room * 2 : 32;
		blocks->list = realloc(blocks->list, blocks->room * sizeof(*blocks->list));
	}
	if (!memory || !blocks->list) {
		fputs("inputs: out of memory\n", stderr);
		abort();
	}
	blocks->list[blocks->count++] = memory;
	return memory;
}

char *blocks_text(struct blocks *blocks, const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(blocks_take(blocks, size), text, size);
}

void *blocks_list(struct blocks *blocks, const void *list, size_t count, size_t size)
{
	return count > 0 ? memcpy(blocks_take(blocks, count * size), list, count * size) : NULL;
}

void blocks_free(struct blocks *blocks)
{
	for (size_t i = 0; i < blocks->count; i++)
		free(blocks->list[i]);
	free(blocks->list);
}

uint64_t draw_size(struct random *random, unsigned int bits)
{
	uint64_t chosen = random_between(random, 12, bits);
	uint64_t size;

	if (chosen == 64)
		return UINT64_C(0) - GPAL_PAGE_SIZE * random_between(random, 1, 4);

	size = UINT64_C(1) << chosen;
	switch (random_below(random, 4)) {
	case 0:
		return size;
	case 1:
		return size + GPAL_PAGE_SIZE * random_between(random, 1, 3);
	case 2:
		return chosen > 12 ? size - GPAL_PAGE_SIZE : size;
	default:
		size = random_below(random, size) / GPAL_PAGE_SIZE * GPAL_PAGE_SIZE;
		return size ? size : GPAL_PAGE_SIZE;
	}
}

static const struct gpal_pinned *copy_pins(struct blocks *blocks, const struct gpal_pinned *pins,
					   size_t count)
{
	struct gpal_pinned *copy;

	if (count == 0)
		return NULL;
	copy = blocks_take(blocks, count * sizeof(*copy));
	for (size_t i = 0; i < count; i++) {
		copy[i] = pins[i];
		copy[i].tag = blocks_text(blocks, pins[i].tag);
	}
	return copy;
}

static const struct gpal_demand *copy_demands(struct blocks *blocks,
					      const struct gpal_demand *demands, size_t count)
{
	struct gpal_demand *copy;

	if (count == 0)
		return NULL;
	copy = blocks_take(blocks, count * sizeof(*copy));
	for (size_t i = 0; i < count; i++) {
		copy[i] = demands[i];
		copy[i].tag = blocks_text(blocks, demands[i].tag);
	}
	return copy;
}

struct alloc_case *alloc_case_copy(const struct gpal_alloc_input *input)
{
	struct blocks blocks = { 0 };
	struct alloc_case *copy = blocks_take(&blocks, sizeof(*copy));

	copy->input = *input;
	copy->input.reserved = copy_pins(&blocks, input->reserved, input->reserved_count);
	copy->input.fixed = copy_pins(&blocks, input->fixed, input->fixed_count);
	copy->input.mmio32 = copy_demands(&blocks, input->mmio32, input->mmio32_count);
	copy->input.ram = copy_demands(&blocks, input->ram, input->ram_count);
	copy->input.mmio64 = copy_demands(&blocks, input->mmio64, input->mmio64_count);
	copy->input.post_mmio = copy_demands(&blocks, input->post_mmio, input->post_mmio_count);
	copy->blocks = blocks;
	return copy;
}

/* The case itself is one of its blocks, so the list must be copied first. */
void alloc_case_free(struct alloc_case *alloc_case)
{
	struct blocks blocks;

	if (!alloc_case)
		return;
	blocks = alloc_case->blocks;
	blocks_free(&blocks);
}

static void copy_devices(struct blocks *blocks, struct gpal_window *window)
{
	struct gpal_device *devices;

	if (window->kind != GPAL_WINDOW_DEVICES) {
		window->devices = NULL;
		window->device_count = 0;
		return;
	}
	devices = blocks_list(blocks, window->devices, window->device_count, sizeof(*devices));
	for (size_t i = 0; i < window->device_count; i++) {
		devices[i].bars = blocks_list(blocks, devices[i].bars, devices[i].bar_count,
					      sizeof(uint64_t));
		devices[i].vf_bars = blocks_list(blocks, devices[i].vf_bars,
						 devices[i].vf_bar_count, sizeof(uint64_t));
	}
	window->devices = devices;
}

static const struct gpal_root_complex *copy_root_complexes(struct blocks *blocks,
							   const struct gpal_request *request)
{
	struct gpal_root_complex *rcs = blocks_list(blocks, request->root_complexes,
						    request->root_complex_count, sizeof(*rcs));

	for (size_t i = 0; i < request->root_complex_count; i++) {
		rcs[i].name = blocks_text(blocks, rcs[i].name);
		copy_devices(blocks, &rcs[i].low_mmio);
		copy_devices(blocks, &rcs[i].high_mmio);
	}
	return rcs;
}

static const struct gpal_cxl_window *copy_cxl_windows(struct blocks *blocks,
						      const struct gpal_request *request)
{
	struct gpal_cxl_window *windows = blocks_list(blocks, request->cxl_windows,
						      request->cxl_window_count, sizeof(*windows));

	for (size_t i = 0; i < request->cxl_window_count; i++) {
		const char **targets = blocks_list(blocks, windows[i].targets,
						   windows[i].target_count, sizeof(*targets));

		for (size_t k = 0; k < windows[i].target_count; k++)
			targets[k] = blocks_text(blocks, targets[k]);
		windows[i].targets = targets;
		windows[i].name = blocks_text(blocks, windows[i].name);
	}
	return windows;
}

static const struct gpal_named_range *copy_reserved(struct blocks *blocks,
						    const struct gpal_request *request)
{
	struct gpal_named_range *reserved =
		blocks_list(blocks, request->reserved, request->reserved_count, sizeof(*reserved));

	for (size_t i = 0; i < request->reserved_count; i++)
		reserved[i].name = blocks_text(blocks, reserved[i].name);
	return reserved;
}

struct request_case *request_case_copy(const struct gpal_request *request)
{
	struct blocks blocks = { 0 };
	struct request_case *copy = blocks_take(&blocks, sizeof(*copy));

	copy->request = *request;
	copy->request.nodes =
		blocks_list(&blocks, request->nodes, request->node_count, sizeof(uint64_t));
	copy->request.hotplug_rooms = blocks_list(&blocks, request->hotplug_rooms,
						  request->hotplug_room_count,
						  sizeof(struct gpal_hotplug_room));
	copy->request.host_holes = blocks_list(&blocks, request->host_holes,
					       request->host_hole_count, sizeof(enum gpal_hole));
	copy->request.root_complexes = copy_root_complexes(&blocks, request);
	copy->request.cxl_windows = copy_cxl_windows(&blocks, request);
	copy->request.reserved = copy_reserved(&blocks, request);
	copy->blocks = blocks;
	return copy;
}

void request_case_free(struct request_case *request_case)
{
	struct blocks blocks;

	if (!request_case)
		return;
	blocks = request_case->blocks;
	blocks_free(&blocks);
}

static void print_pins(FILE *stream, const char *name, const struct gpal_pinned *pins, size_t count,
		       const char *after)
{
	fprintf(stream, "\"%s\": [", name);
	for (size_t i = 0; i < count; i++)
		fprintf(stream,
			"%s{\"tag\": \"%s\", \"start\": \"0x%" PRIx64 "\", \"end\": \"0x%" PRIx64
			"\"}",
			i ? ", " : "", pins[i].tag, pins[i].range.start, pins[i].range.end);
	fprintf(stream, "]%s", after);
}

static void print_demands(FILE *stream, const char *name, const struct gpal_demand *demands,
			  size_t count, const char *after)
{
	fprintf(stream, "\"%s\": [", name);
	for (size_t i = 0; i < count; i++)
		fprintf(stream,
			"%s{\"tag\": \"%s\", \"size\": \"0x%" PRIx64
			"\", \"alignment\": \"0x%" PRIx64 "\"}",
			i ? ", " : "", demands[i].tag, demands[i].size, demands[i].alignment);
	fprintf(stream, "]%s", after);
}

void alloc_input_print(FILE *stream, const struct gpal_alloc_input *input)
{
	fputs("{", stream);
	print_pins(stream, "reserved", input->reserved, input->reserved_count, ", ");
	print_pins(stream, "fixed", input->fixed, input->fixed_count, ", ");
	print_demands(stream, "mmio32", input->mmio32, input->mmio32_count, ", ");
	print_demands(stream, "ram", input->ram, input->ram_count, ", ");
	print_demands(stream, "mmio64", input->mmio64, input->mmio64_count, ", ");
	print_demands(stream, "post_mmio", input->post_mmio, input->post_mmio_count, "}\n");
}

/* Prints a text as JSON. Names contain no control characters. */
static void print_text(FILE *stream, const char *text)
{
	fputc('"', stream);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', stream);
		fputc(*text, stream);
	}
	fputc('"', stream);
}

static void print_size(FILE *stream, const char *before, uint64_t size)
{
	fprintf(stream, "%s\"0x%" PRIx64 "\"", before, size);
}

static void print_sizes(FILE *stream, const uint64_t *sizes, size_t count)
{
	fputs("[", stream);
	for (size_t i = 0; i < count; i++)
		print_size(stream, i ? ", " : "", sizes[i]);
	fputs("]", stream);
}

/* Enumerators outside their range have no name. */
static const char *or_none(const char *name)
{
	return name ? name : "?";
}

static void print_range(FILE *stream, struct gpal_range range)
{
	fprintf(stream, "{\"start\": \"0x%" PRIx64 "\", \"end\": \"0x%" PRIx64 "\"}", range.start,
		range.end);
}

static void print_devices(FILE *stream, const struct gpal_window *window)
{
	fputs("{\"devices\": [", stream);
	for (size_t i = 0; i < window->device_count; i++) {
		const struct gpal_device *device = &window->devices[i];

		fprintf(stream, "%s{\"bars\": ", i ? ", " : "");
		print_sizes(stream, device->bars, device->bar_count);
		if (device->has_sriov) {
			fprintf(stream,
				", \"sriov\": {\"vfs\": %" PRIu32 ", \"bars\": ", device->vfs);
			print_sizes(stream, device->vf_bars, device->vf_bar_count);
			fputs("}", stream);
		}
		fputs("}", stream);
	}
	fputs("]}", stream);
}

static void print_window(FILE *stream, const char *name, const struct gpal_window *window)
{
	if (window->kind == GPAL_WINDOW_DEFAULT)
		return;
	fprintf(stream, ", \"%s\": ", name);
	if (window->kind == GPAL_WINDOW_PINNED)
		print_range(stream, window->range);
	else if (window->kind == GPAL_WINDOW_SIZE && window->alignment)
		fprintf(stream, "{\"size\": \"0x%" PRIx64 "\", \"alignment\": \"0x%" PRIx64 "\"}",
			window->size, window->alignment);
	else if (window->kind == GPAL_WINDOW_SIZE)
		fprintf(stream, "\"0x%" PRIx64 "\"", window->size);
	else if (window->kind == GPAL_WINDOW_NONE)
		fputs("null", stream);
	else if (window->kind == GPAL_WINDOW_DEVICES)
		print_devices(stream, window);
	else
		fputs("\"?\"", stream);
}

static void print_root_complex(FILE *stream, const struct gpal_root_complex *rc)
{
	fputs("{\"name\": ", stream);
	print_text(stream, rc->name);
	fprintf(stream, ", \"segment\": %u, \"start_bus\": %u, \"end_bus\": %u", rc->segment,
		rc->start_bus, rc->end_bus);
	if (rc->has_node)
		fprintf(stream, ", \"node\": %" PRIu32, rc->node);
	print_window(stream, "low_mmio", &rc->low_mmio);
	print_window(stream, "high_mmio", &rc->high_mmio);
	if (rc->has_cxl && rc->has_no_cxl_hdm)
		fputs(", \"cxl\": {}", stream);
	else if (rc->has_cxl)
		fprintf(stream, ", \"cxl\": {\"hdm\": \"0x%" PRIx64 "\"}", rc->cxl_hdm);
	if (rc->iommu != GPAL_IOMMU_NONE)
		fprintf(stream, ", \"iommu\": \"%s\"", or_none(gpal_iommu_name(rc->iommu)));
	fputs("}", stream);
}

static const char *print_optional(FILE *stream, const char *before, const char *name,
				  struct gpal_optional value)
{
	if (!value.set)
		return before;
	fprintf(stream, "%s\"%s\": \"0x%" PRIx64 "\"", before, name, value.value);
	return ", ";
}

static void print_hotplug_rooms(FILE *stream, const struct gpal_request *request)
{
	if (request->hotplug_room_count == 0)
		return;
	fputs(", \"hotplug\": [", stream);
	for (size_t i = 0; i < request->hotplug_room_count; i++) {
		const struct gpal_hotplug_room *room = &request->hotplug_rooms[i];

		fprintf(stream, "%s{\"node\": %" PRIu32, i ? ", " : "", room->node);
		print_size(stream, ", \"size\": ", room->size);
		print_optional(stream, ", ", "alignment", room->alignment);
		fputs("}", stream);
	}
	fputs("]", stream);
}

static void print_cxl_windows(FILE *stream, const struct gpal_request *request)
{
	if (request->cxl_window_count == 0)
		return;
	fputs(", \"cxl_windows\": [", stream);
	for (size_t i = 0; i < request->cxl_window_count; i++) {
		const struct gpal_cxl_window *window = &request->cxl_windows[i];

		fprintf(stream, "%s{\"name\": ", i ? ", " : "");
		print_text(stream, window->name);
		fputs(", \"targets\": [", stream);
		for (size_t k = 0; k < window->target_count; k++) {
			fputs(k ? ", " : "", stream);
			print_text(stream, window->targets[k]);
		}
		print_size(stream, "], \"size\": ", window->size);
		if (window->granularity > 0)
			fprintf(stream, ", \"granularity\": %" PRIu32, window->granularity);
		fputs("}", stream);
	}
	fputs("]", stream);
}

static void print_host(FILE *stream, const struct gpal_request *request)
{
	const unsigned int bits = request->host_physical_address_bits;

	if (bits == 0 && request->host_hole_count == 0)
		return;
	fputs(", \"host\": {\"holes\": [", stream);
	for (size_t i = 0; i < request->host_hole_count; i++)
		fprintf(stream, "%s\"%s\"", i ? ", " : "",
			or_none(gpal_hole_name(request->host_holes[i])));
	fputs("]", stream);
	if (bits > 0)
		fprintf(stream, ", \"physical_address_bits\": %u", bits);
	fputs("}", stream);
}

static void print_vtl2(FILE *stream, const struct gpal_request *request)
{
	const char *before = "";

	fputs(", \"vtl2\": {", stream);
	before = print_optional(stream, before, "chipset_mmio", request->vtl2_chipset_mmio);
	if (request->has_vtl2_memory) {
		fprintf(stream,
			"%s\"memory\": {\"size\": \"0x%" PRIx64 "\", \"alignment\": \"0x%" PRIx64
			"\"}",
			before, request->vtl2_memory_size, request->vtl2_memory_alignment);
		before = ", ";
	}
	if (request->vtl2_framebuffer > 0) {
		fprintf(stream, "%s\"framebuffer\": \"0x%" PRIx64 "\"", before,
			request->vtl2_framebuffer);
		before = ", ";
	}
	if (request->has_vtl2_alias_map)
		fprintf(stream, "%s\"alias_map\": true", before);
	fputs("}", stream);
}

void request_print(FILE *stream, const struct gpal_request *request)
{
	const struct gpal_policy *policy = request->policy ? request->policy :
							     gpal_policy_default();
	const char *before;

	fprintf(stream, "{\"arch\": \"%s\", \"policy\": \"%s\", \"profile\": \"%s\"",
		or_none(gpal_arch_name(request->arch)), policy->name,
		or_none(gpal_profile_name(request->profile)));

	fputs(", \"memory\": {\"nodes\": ", stream);
	print_sizes(stream, request->nodes, request->node_count);
	print_optional(stream, ", ", "start", request->memory_start);
	if (request->memory_low_window > 0)
		print_size(stream, ", \"low_window\": ", request->memory_low_window);
	print_hotplug_rooms(stream, request);

	fputs("}, \"chipset\": {", stream);
	before = print_optional(stream, "", "low_mmio", request->chipset_low_mmio);
	if (request->has_pinned_chipset_high_mmio) {
		fprintf(stream, "%s\"high_mmio\": ", before);
		print_range(stream, request->pinned_chipset_high_mmio);
		before = ", ";
	} else {
		before = print_optional(stream, before, "high_mmio", request->chipset_high_mmio);
	}
	if (request->has_no_vmbus)
		fprintf(stream, "%s\"vmbus\": false", before);

	fputs("}, \"pcie\": {", stream);
	if (request->ecam != GPAL_ECAM_DEFAULT)
		fprintf(stream, "\"ecam\": \"%s\", ", or_none(gpal_ecam_name(request->ecam)));
	fputs("\"root_complexes\": [", stream);
	for (size_t i = 0; i < request->root_complex_count; i++) {
		fputs(i ? ", " : "", stream);
		print_root_complex(stream, &request->root_complexes[i]);
	}
	fputs("]}", stream);
	print_cxl_windows(stream, request);
	fprintf(stream, ", \"virtio_mmio\": {\"slots\": %" PRIu32 "}", request->virtio_mmio_slots);
	print_vtl2(stream, request);

	fputs(", \"reserved\": [", stream);
	for (size_t i = 0; i < request->reserved_count; i++) {
		fprintf(stream, "%s{\"name\": ", i ? ", " : "");
		print_text(stream, request->reserved[i].name);
		print_size(stream, ", \"start\": ", request->reserved[i].range.start);
		print_size(stream, ", \"end\": ", request->reserved[i].range.end);
		fputs("}", stream);
	}
	fputs("]", stream);
	print_host(stream, request);
	fputs("}\n", stream);
}
