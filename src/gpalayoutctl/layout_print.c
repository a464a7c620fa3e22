/* SPDX-License-Identifier: MIT */
/*
 * What is worth knowing of a layout besides its map, one table row a line.
 */
#include "config.h"

#include "layout_print.h"

#include "json_tree.h"
#include "map_print.h"
#include "size_text.h"
#include "terminal_text.h"
#include "wire/size.h"

enum style {
	STYLE_TEXT,
	STYLE_COUNT,
	STYLE_SIZE,
	STYLE_ADDRESS,
};

static const struct {
	const char *label;
	const char *member;
	enum style style;
} summary[] = {
	{ "architecture", "arch", STYLE_TEXT },
	{ "policy", "policy", STYLE_TEXT },
	{ "profile", "profile", STYLE_TEXT },
	{ "RAM", "ram_size", STYLE_SIZE },
	{ "end of RAM", "end_of_ram", STYLE_ADDRESS },
	{ "end of layout", "end_of_layout", STYLE_ADDRESS },
	{ "top", "top", STYLE_ADDRESS },
	{ "required address bits", "required_address_bits", STYLE_COUNT },
	{ "digest", "digest", STYLE_TEXT },
};

static void append_value(struct ctl_buffer *out, const cJSON *value, enum style style)
{
	const char *text = cJSON_GetStringValue(value);
	uint64_t number;

	if (style == STYLE_COUNT && cJSON_IsNumber(value)) {
		ctl_buffer_printf(out, "%d", value->valueint);
	} else if (!text) {
		ctl_buffer_puts(out, "?");
	} else if (style == STYLE_TEXT || gpald_size_parse(text, &number) != GPALD_SIZE_OK) {
		ctl_puts_safe(out, text);
	} else if (style == STYLE_SIZE) {
		ctl_size_append(out, number);
	} else {
		ctl_puts_safe(out, text);
		ctl_buffer_puts(out, " (");
		ctl_size_append(out, number);
		ctl_buffer_puts(out, ")");
	}
}

static void append_summary(struct ctl_buffer *out, const cJSON *layout)
{
	const char *separator = "\n";

	for (size_t i = 0; i < sizeof(summary) / sizeof(summary[0]); i++) {
		const cJSON *value = ctl_json_member(layout, summary[i].member);

		if (!value)
			continue;
		ctl_buffer_printf(out, "%s%-21s  ", separator, summary[i].label);
		append_value(out, value, summary[i].style);
		ctl_buffer_puts(out, "\n");
		separator = "";
	}
}

static void append_warnings(struct ctl_buffer *out, const cJSON *layout)
{
	const char *separator = "\n";
	const cJSON *warning;

	cJSON_ArrayForEach(warning, ctl_json_member(layout, "warnings"))
	{
		const char *reason = ctl_json_text(warning, "reason");
		const char *tag = ctl_json_text(warning, "tag");
		const char *message = ctl_json_text(warning, "message");

		ctl_buffer_printf(out, "%swarning: ", separator);
		ctl_puts_safe(out, reason ? reason : "unknown");
		if (tag) {
			ctl_buffer_puts(out, " at ");
			ctl_puts_safe(out, tag);
		}
		ctl_buffer_puts(out, ": ");
		ctl_puts_safe(out, message ? message : "");
		ctl_buffer_puts(out, "\n");
		separator = "";
	}
}

enum ctl_exit ctl_layout_append(struct ctl_buffer *out, const cJSON *layout, bool colour)
{
	enum ctl_exit code = ctl_map_append(out, ctl_json_member(layout, "map"), colour);

	if (code)
		return code;
	append_summary(out, layout);
	append_warnings(out, layout);
	return CTL_OK;
}
