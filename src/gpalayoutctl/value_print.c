/* SPDX-License-Identifier: MIT */
/*
 * Readable lists of whatever the daemon has to tell. The tree is walked with a
 * stack of fixed depth; what lies deeper is printed as JSON.
 */
#include "config.h"

#include "value_print.h"

#include "json_tree.h"
#include "size_text.h"
#include "terminal_text.h"
#include "wire/size.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#define DEEPEST 16

struct level {
	const cJSON *item; /* the next one */
	size_t path_len;   /* of the path above it */
	size_t index;
};

struct walk {
	struct ctl_buffer path;
	struct level levels[DEEPEST];
	size_t depth;
};

static bool is_container(const cJSON *value)
{
	return cJSON_IsObject(value) || cJSON_IsArray(value);
}

/* An array of plain values, or nothing at all inside. */
static bool fits_a_line(const cJSON *value)
{
	const cJSON *item;

	if (!is_container(value) || !value->child)
		return true;
	cJSON_ArrayForEach(item, value)
	{
		if (cJSON_IsObject(value) || is_container(item))
			return false;
	}
	return true;
}

static void append_units(struct ctl_buffer *out, uint64_t size)
{
	ctl_buffer_puts(out, " (");
	ctl_size_append(out, size);
	ctl_buffer_puts(out, ")");
}

static bool is_named_bytes(const cJSON *value)
{
	static const char ending[] = "_bytes";
	size_t len = value->string ? strlen(value->string) : 0;

	return len >= sizeof(ending) - 1 &&
	       strcmp(value->string + len - (sizeof(ending) - 1), ending) == 0;
}

static void append_plain(struct ctl_buffer *out, const cJSON *value)
{
	const char *text = cJSON_GetStringValue(value);
	ctl_cleanup_string char *json = NULL;
	uint64_t number;

	if (text) {
		ctl_puts_safe(out, text);
		if (strncmp(text, "0x", 2) == 0 &&
		    gpald_size_parse(text, &number) == GPALD_SIZE_OK && number)
			append_units(out, number);
	} else if (ctl_json_count(value, &number)) {
		/* cJSON would print large integers rounded, with an exponent. */
		ctl_buffer_printf(out, "%" PRIu64, number);
		if (is_named_bytes(value) && number >= 1024)
			append_units(out, number);
	} else {
		json = ctl_json_print(value);
		ctl_puts_safe(out, json);
	}
}

void ctl_value_append(struct ctl_buffer *out, const cJSON *value)
{
	const char *separator = "";
	const cJSON *item;

	if (!is_container(value) || !fits_a_line(value)) {
		append_plain(out, value);
		return;
	}
	if (!value->child)
		ctl_buffer_puts(out, "none");
	cJSON_ArrayForEach(item, value)
	{
		ctl_buffer_puts(out, separator);
		append_plain(out, item);
		separator = ", ";
	}
}

static void enter(struct walk *walk, const cJSON *container)
{
	walk->levels[walk->depth++] = (struct level){ container->child, walk->path.len, 0 };
}

/* Sets the path to that of the level's item. */
static void name_item(struct walk *walk, const struct level *level)
{
	const char *name = level->item->string;

	walk->path.len = level->path_len;
	if (level->path_len)
		ctl_buffer_puts(&walk->path, ".");
	if (name)
		ctl_puts_safe(&walk->path, name);
	else
		ctl_buffer_printf(&walk->path, "%zu", level->index);
}

void ctl_values_visit(const cJSON *tree, const char *except, ctl_visit_value *visit, void *context)
{
	struct walk walk = { 0 };

	enter(&walk, tree);
	while (walk.depth) {
		struct level *level = &walk.levels[walk.depth - 1];
		const cJSON *item = level->item;

		if (!item) {
			walk.depth--;
			continue;
		}
		name_item(&walk, level);
		level->item = item->next;
		level->index++;
		if (walk.depth == 1 && except && item->string && strcmp(item->string, except) == 0)
			continue;
		if (fits_a_line(item) || walk.depth == DEEPEST)
			visit(context, ctl_buffer_text(&walk.path), item);
		else
			enter(&walk, item);
	}
	ctl_buffer_free(&walk.path);
}

struct list {
	struct ctl_buffer *out;
	int indent;
	int width;
};

static void measure(void *context, const char *path, const cJSON *value)
{
	struct list *list = context;

	(void)value;
	ctl_widen(&list->width, strlen(path));
}

static void print(void *context, const char *path, const cJSON *value)
{
	struct list *list = context;

	ctl_buffer_printf(list->out, "%*s%-*s  ", list->indent, "", list->width, path);
	ctl_value_append(list->out, value);
	ctl_buffer_puts(list->out, "\n");
}

void ctl_values_append(struct ctl_buffer *out, const cJSON *tree, const char *except, int indent)
{
	struct list list = { .out = out, .indent = indent };

	ctl_values_visit(tree, except, measure, &list);
	ctl_values_visit(tree, except, print, &list);
}
