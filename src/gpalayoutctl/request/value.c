/* SPDX-License-Identifier: MIT */
/*
 * Values are split at separators before backslashes are removed, so that one backslash quotes a
 * character in outer and inner lists alike.
 */
#include "config.h"

#include "gpalayoutctl/request/value.h"

#include "gpalayoutctl/message.h"

#include <string.h>

static const char quotable[] = ",+=\\";

enum ctl_exit ctl_value_copy(struct gpald_bytes *copy, const struct ctl_flag *flag,
			     const char *value)
{
	for (const char *at = strchr(value, '\\'); at; at = strchr(at + 2, '\\')) {
		if (at[1] && strchr(quotable, at[1]))
			continue;
		ctl_error("%s: '%s': the backslash at byte %zu quotes nothing", flag->name, value,
			  (size_t)(at - value));
		ctl_hint("a backslash quotes a comma, a plus sign, an equals sign or a backslash; "
			 "write \\\\ for a backslash itself; in a shell, put the value in single "
			 "quotes");
		return CTL_USAGE;
	}
	ctl_buffer_puts(copy, value);
	return CTL_OK;
}

size_t ctl_length_before_first(const char *text, char separator)
{
	size_t at = 0;

	while (text[at] && text[at] != separator)
		at += text[at] == '\\' && text[at + 1] ? 2 : 1;
	return at;
}

size_t ctl_length_before_last(const char *text, char separator)
{
	size_t head = ctl_length_before_first(text, separator), next = head;

	while (text[next]) {
		head = next;
		next += 1 + ctl_length_before_first(text + next + 1, separator);
	}
	return head;
}

char *ctl_next_part(char **rest, char separator)
{
	char *part = *rest;
	size_t length;

	if (!part)
		return NULL;
	length = ctl_length_before_first(part, separator);
	*rest = part[length] ? part + length + 1 : NULL;
	part[length] = '\0';
	return part;
}

bool ctl_next_item(char **rest, char **key, char **value)
{
	*value = ctl_next_part(rest, ',');
	*key = ctl_next_part(value, '=');
	return *key != NULL;
}

enum ctl_exit ctl_take_name(const struct ctl_flag *flag, const char *value, char **rest,
			    char **name)
{
	char *item_value;

	ctl_next_item(rest, name, &item_value);
	if (item_value) {
		ctl_error("%s: '%s' must start with a name", flag->name, value);
		ctl_hint("in a name, an equals sign is written \\= and a comma \\,; in a shell, "
			 "put the value in single quotes");
		return CTL_USAGE;
	}
	ctl_unquote(*name);
	return CTL_OK;
}

char *ctl_unquote(char *text)
{
	char *end = text;

	for (const char *at = text; *at; at++) {
		at += *at == '\\' && at[1];
		*end++ = *at;
	}
	*end = '\0';
	return text;
}

bool ctl_unquoted_equals(const char *quoted, size_t length, const char *text)
{
	for (size_t at = 0; at < length; at++, text++) {
		at += quoted[at] == '\\' && at + 1 < length;
		if (!*text || quoted[at] != *text)
			return false;
	}
	return !*text;
}

void ctl_append_quoted(struct gpald_bytes *out, const char *text)
{
	for (; *text; text++) {
		ctl_buffer_puts(out, strchr(quotable, *text) ? "\\" : "");
		ctl_buffer_append(out, text, 1);
	}
}

enum ctl_exit ctl_unknown_key(const struct ctl_flag *flag, const char *name,
			      const char *const *known, size_t count, const char *also)
{
	ctl_cleanup_buffer struct gpald_bytes list = { 0 };

	for (size_t i = 0; i < count; i++)
		ctl_buffer_printf(&list, "%s%s", i ? ", " : "", known[i]);
	ctl_error("%s: unknown key '%s'", flag->name, name);
	ctl_hint("the %s %s%s", count == 1 ? "only key is" : "keys are", ctl_buffer_text(&list),
		 also);
	return CTL_USAGE;
}

enum ctl_exit ctl_take_items(const struct ctl_flag *flag, char *rest, const char *unnamed,
			     const char *const *keys, size_t count, const char **values)
{
	char *key, *value;

	while (ctl_next_item(&rest, &key, &value)) {
		const char *name = value || !unnamed ? key : unnamed;
		size_t i = 0;

		while (i < count && strcmp(keys[i], name) != 0)
			i++;
		if (i == count)
			return ctl_unknown_key(
				flag, name, keys, count,
				value || unnamed ? "" :
						   "; several values of a key are joined with +");
		if (!value && !unnamed)
			return ctl_error("%s: %s needs a value", flag->name, name);
		if (values[i])
			return ctl_error("%s: %s is given twice", flag->name, name);
		values[i] = value ? value : key;
	}
	return CTL_OK;
}
