/* SPDX-License-Identifier: MIT */
/*
 * Policies as tables. Profiles differ in few values, which only shows when they
 * stand next to each other: a column a profile, a row a default.
 */
#include "config.h"

#include "policy_print.h"

#include "json_tree.h"
#include "message.h"
#include "reply.h"
#include "size_text.h"
#include "terminal_text.h"
#include "value_print.h"
#include "wire/size.h"

#include <stdlib.h>
#include <string.h>

#define INDENT 2

struct cell {
	char *path;
	char *text;
};

struct column {
	struct cell *cells;
	size_t count;
	int width;
};

static char *safe_copy(const char *text)
{
	struct ctl_buffer copy = { 0 };

	ctl_buffer_puts(&copy, "");
	ctl_puts_safe(&copy, text);
	return copy.data;
}

/* In a table, sizes stand in units alone. */
static char *cell_text(const cJSON *value)
{
	const char *text = cJSON_GetStringValue(value);
	struct ctl_buffer cell = { 0 };
	uint64_t size;

	if (!text || strncmp(text, "0x", 2) != 0 || gpald_size_parse(text, &size) != GPALD_SIZE_OK)
		ctl_value_append(&cell, value);
	else if (size)
		ctl_size_append(&cell, size);
	else
		ctl_buffer_puts(&cell, "0");
	return cell.data ? cell.data : ctl_string_copy("");
}

static void add_cell(void *context, const char *path, const cJSON *value)
{
	struct column *column = context;
	struct cell *cells = reallocarray(column->cells, column->count + 1, sizeof(*cells));

	if (!cells)
		ctl_out_of_memory();
	column->cells = cells;
	cells[column->count].path = ctl_string_copy(path);
	cells[column->count].text = cell_text(value);
	ctl_widen(&column->width, strlen(cells[column->count].text));
	column->count++;
}

static void free_columns(struct column *columns, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < columns[i].count; j++) {
			free(columns[i].cells[j].path);
			free(columns[i].cells[j].text);
		}
		free(columns[i].cells);
	}
	free(columns);
}

/* The text of row `path`, whose place is most likely `row`; NULL when the column has none. */
static const char *find_cell(const struct column *column, const char *path, size_t row)
{
	if (row < column->count && strcmp(column->cells[row].path, path) == 0)
		return column->cells[row].text;
	for (size_t i = 0; i < column->count; i++) {
		if (strcmp(column->cells[i].path, path) == 0)
			return column->cells[i].text;
	}
	return NULL;
}

/* Rows of column `first` that no earlier column has, with their cells in all columns. */
static void append_rows(struct ctl_buffer *out, const struct column *columns, size_t count,
			size_t first, int path_width)
{
	for (size_t row = 0; row < columns[first].count; row++) {
		const char *path = columns[first].cells[row].path;
		size_t earlier = 0;

		while (earlier < first && !find_cell(&columns[earlier], path, row))
			earlier++;
		if (earlier < first)
			continue;
		ctl_buffer_printf(out, "%*s%-*s", INDENT, "", path_width, path);
		for (size_t i = 0; i < count; i++) {
			const char *text = find_cell(&columns[i], path, row);

			ctl_buffer_printf(out, "  %*s", columns[i].width, text ? text : "-");
		}
		ctl_buffer_puts(out, "\n");
	}
}

static void append_profiles(struct ctl_buffer *out, const cJSON *profiles)
{
	size_t count = (size_t)cJSON_GetArraySize(profiles);
	struct column *columns = calloc(count + 1, sizeof(*columns));
	struct ctl_buffer heading = { 0 };
	int path_width = (int)strlen("PROFILE");
	const cJSON *profile;
	size_t i = 0;

	if (!columns)
		ctl_out_of_memory();
	cJSON_ArrayForEach(profile, profiles)
	{
		char *name = safe_copy(profile->string);

		ctl_values_visit(profile, NULL, add_cell, &columns[i]);
		ctl_widen(&columns[i].width, strlen(name));
		ctl_buffer_printf(&heading, "  %*s", columns[i].width, name);
		free(name);
		for (size_t row = 0; row < columns[i].count; row++)
			ctl_widen(&path_width, strlen(columns[i].cells[row].path));
		i++;
	}
	if (count) {
		ctl_buffer_printf(out, "%*s%-*s%s\n", INDENT, "", path_width, "PROFILE",
				  heading.data);
	}
	for (i = 0; i < count; i++)
		append_rows(out, columns, count, i, path_width);
	ctl_buffer_free(&heading);
	free_columns(columns, count);
}

static void append_policy(struct ctl_buffer *out, const cJSON *policy, const char *default_name)
{
	const char *name = ctl_json_text(policy, "name");
	const char *summary = ctl_json_text(policy, "summary");
	const cJSON *defaults = ctl_json_member(policy, "defaults");
	const cJSON *profiles = ctl_json_member(defaults, "profiles");

	ctl_puts_safe(out, name);
	if (default_name && strcmp(default_name, name) == 0)
		ctl_buffer_puts(out, " (default)");
	ctl_buffer_puts(out, "\n");
	if (summary) {
		ctl_buffer_printf(out, "%*s", INDENT, "");
		ctl_puts_safe(out, summary);
		ctl_buffer_puts(out, "\n");
	}
	if (defaults)
		ctl_values_append(out, defaults, cJSON_IsObject(profiles) ? "profiles" : NULL,
				  INDENT);
	if (cJSON_IsObject(profiles))
		append_profiles(out, profiles);
}

enum ctl_exit ctl_policies_append(struct ctl_buffer *out, const cJSON *result)
{
	const cJSON *policies = ctl_json_member(result, "policies");
	const char *separator = "";
	const cJSON *policy;

	if (!cJSON_IsArray(policies))
		return ctl_reply_not_understood("it has no list of policies");
	cJSON_ArrayForEach(policy, policies)
	{
		if (!ctl_json_text(policy, "name"))
			return ctl_reply_not_understood("a policy has no name");
		ctl_buffer_puts(out, separator);
		append_policy(out, policy, ctl_json_text(result, "default"));
		separator = "\n";
	}
	return CTL_OK;
}
