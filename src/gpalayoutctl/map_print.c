/* SPDX-License-Identifier: MIT */
/*
 * The map as a table. The daemon sorts it; it is sorted again here because gaps
 * are only right in a sorted map.
 */
#include "config.h"

#include "map_print.h"

#include "json_tree.h"
#include "message.h"
#include "reply.h"
#include "size_text.h"
#include "terminal_text.h"
#include "wire/size.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define DIM "\033[2m"
#define NORMAL "\033[0m"

struct map_row {
	uint64_t start;
	uint64_t end;
	const char *kind;
	const char *tag; /* NULL: a gap */
};

struct map {
	struct map_row *rows;
	size_t count;
};

struct widths {
	int address;
	int size;
	int kind;
};

static void map_free(struct map *map)
{
	free(map->rows);
}

static int by_address(const void *a, const void *b)
{
	const struct map_row *left = a;
	const struct map_row *right = b;

	if (left->start != right->start)
		return left->start < right->start ? -1 : 1;
	return (left->end > right->end) - (left->end < right->end);
}

static bool read_row(struct map_row *row, const cJSON *item)
{
	const char *start = ctl_json_text(item, "start");
	const char *end = ctl_json_text(item, "end");

	row->kind = ctl_json_text(item, "kind");
	row->tag = ctl_json_text(item, "tag");
	return row->kind && row->tag && start && end &&
	       gpald_size_parse(start, &row->start) == GPALD_SIZE_OK &&
	       gpald_size_parse(end, &row->end) == GPALD_SIZE_OK && row->start < row->end;
}

/* Reads the rows, sorted, with room for a gap before each. */
static enum ctl_exit read_map(struct map *map, const cJSON *list)
{
	const cJSON *item;

	if (!cJSON_IsArray(list))
		return ctl_reply_not_understood("it has no map");
	map->rows = calloc(2 * (size_t)cJSON_GetArraySize(list) + 1, sizeof(*map->rows));
	if (!map->rows)
		ctl_out_of_memory();
	cJSON_ArrayForEach(item, list)
	{
		if (!read_row(&map->rows[map->count++], item))
			return ctl_reply_not_understood("an entry of the map is no range");
	}
	qsort(map->rows, map->count, sizeof(*map->rows), by_address);
	return CTL_OK;
}

static void add_gaps(struct map *map)
{
	size_t entries = map->count;
	uint64_t covered = 0;

	for (size_t i = 0; i < entries; i++) {
		const struct map_row *row = &map->rows[i];

		if (row->start > covered)
			map->rows[map->count++] =
				(struct map_row){ covered, row->start, "gap", NULL };
		if (row->end > covered)
			covered = row->end;
	}
	assert(map->rows);
	qsort(map->rows, map->count, sizeof(*map->rows), by_address);
}

static struct widths measure(const struct map *map)
{
	struct widths widths = { .address = 5, .size = 4, .kind = 4 };
	char address[GPALD_HEX_SIZE];

	for (size_t i = 0; i < map->count; i++) {
		ctl_cleanup_buffer struct ctl_buffer size = { 0 };

		ctl_size_append(&size, map->rows[i].end - map->rows[i].start);
		ctl_widen(&widths.size, size.len);
		ctl_widen(&widths.kind, strlen(map->rows[i].kind));
		gpald_hex_format(map->rows[i].end, address);
		ctl_widen(&widths.address, strlen(address));
	}
	return widths;
}

static void append_row(struct ctl_buffer *out, const struct map_row *row,
		       const struct widths *widths, bool colour)
{
	ctl_cleanup_buffer struct ctl_buffer size = { 0 };
	ctl_cleanup_buffer struct ctl_buffer kind = { 0 };
	const char *tag = row->tag ? row->tag : "-";
	bool dim = colour && !row->tag;
	char start[GPALD_HEX_SIZE];
	char end[GPALD_HEX_SIZE];

	gpald_hex_format(row->start, start);
	gpald_hex_format(row->end, end);
	ctl_size_append(&size, row->end - row->start);
	ctl_puts_safe(&kind, row->kind);
	ctl_buffer_printf(out, "%s%*s  %*s  %*s  %-*s  ", dim ? DIM : "", widths->address, start,
			  widths->address, end, widths->size, size.data, widths->kind,
			  ctl_buffer_text(&kind));
	ctl_puts_safe(out, tag);
	ctl_buffer_printf(out, "%s\n", dim ? NORMAL : "");
}

enum ctl_exit ctl_map_append(struct ctl_buffer *out, const cJSON *list, bool colour)
{
	__attribute__((cleanup(map_free))) struct map map = { 0 };
	enum ctl_exit code = read_map(&map, list);
	struct widths widths;

	if (code)
		return code; /* NOLINT(clang-analyzer-unix.Malloc): map_free() is its cleanup */
	add_gaps(&map);
	widths = measure(&map);
	ctl_buffer_printf(out, "%*s  %*s  %*s  %-*s  %s\n", widths.address, "START", widths.address,
			  "END", widths.size, "SIZE", widths.kind, "KIND", "TAG");
	for (size_t i = 0; i < map.count; i++)
		append_row(out, &map.rows[i], &widths, colour);
	return CTL_OK;
}
