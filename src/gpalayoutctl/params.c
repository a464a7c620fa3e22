/* SPDX-License-Identifier: MIT */
/*
 * Parameters of a method. Which flag becomes which member stands in the commands'
 * tables.
 */
#include "config.h"

#include "params.h"

#include "json_tree.h"
#include "message.h"
#include "size_text.h"

#include <inttypes.h>

void ctl_param_json(struct ctl_buffer *params, const char *member, const char *json)
{
	ctl_buffer_printf(params, "%s\"%s\":%s", params->len ? "," : "{", member, json);
}

void ctl_param_text(struct ctl_buffer *params, const char *member, const char *value)
{
	ctl_cleanup_json cJSON *string = cJSON_CreateString(value);
	ctl_cleanup_string char *json = ctl_json_print(string);

	ctl_param_json(params, member, json);
}

void ctl_param_count(struct ctl_buffer *params, const char *member, uint64_t value)
{
	ctl_buffer_printf(params, "%s\"%s\":%" PRIu64, params->len ? "," : "{", member, value);
}

const char *ctl_params_end(struct ctl_buffer *params)
{
	ctl_buffer_puts(params, params->len ? "}" : "{}");
	return params->data;
}

enum ctl_exit ctl_params_take_flags(struct ctl_buffer *params,
				    const struct ctl_invocation *invocation)
{
	for (size_t i = 0; i < invocation->given_count; i++) {
		const struct ctl_given *given = &invocation->given[i];
		const struct ctl_flag *row = invocation->command->flags;
		enum ctl_exit code = CTL_OK;

		while (row->name && row != given->flag)
			row++;
		if (row->apply)
			code = row->apply(params, row, given->value);
		if (code)
			return code;
	}
	return CTL_OK;
}

enum ctl_exit ctl_flag_number(const struct ctl_invocation *invocation, const char *name,
			      bool positive, uint64_t *number)
{
	const char *text = ctl_flag_value(invocation, name);
	int64_t count;

	if (!text)
		return CTL_OK;
	if (!ctl_count_parse(text, &count) || (positive && !count))
		return ctl_usage_error("%s: '%s' is not a whole number%s", name, text,
				       positive ? " above 0" : "");
	*number = (uint64_t)count;
	return CTL_OK;
}

enum ctl_exit ctl_apply_text(void *params, const struct ctl_flag *flag, const char *value)
{
	ctl_param_text(params, flag->member, value);
	return CTL_OK;
}

enum ctl_exit ctl_apply_count(void *params, const struct ctl_flag *flag, const char *value)
{
	int64_t count;

	if (!ctl_count_parse(value, &count))
		return ctl_usage_error("%s: '%s' is not a whole number", flag->name, value);
	ctl_param_count(params, flag->member, (uint64_t)count);
	return CTL_OK;
}

enum ctl_exit ctl_apply_true(void *params, const struct ctl_flag *flag, const char *value)
{
	(void)value;
	ctl_param_json(params, flag->member, "true");
	return CTL_OK;
}
