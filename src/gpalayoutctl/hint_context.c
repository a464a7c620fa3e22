/* SPDX-License-Identifier: MIT */
/* Reads the facts from the command line, the params of the call and the refusal. */
#include "config.h"

#include "gpalayoutctl/hint_context.h"

#include "gpalayoutctl/json_text.h"
#include "wire/size.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const cJSON *ctl_hint_request(const cJSON *params, const cJSON *data)
{
	const char *pointer = ctl_text_of(data, "pointer");
	const cJSON *from = ctl_member_of(params, "from");
	const bool is_to = pointer && strncmp(pointer, "/to/", strlen("/to/")) == 0;

	return ctl_member_of(is_to ? ctl_member_of(params, "to") : from ? from : params, "request");
}

bool ctl_hint_has_flags(const struct ctl_hint_context *context)
{
	return context->session->request.length && !context->session->request_source;
}

bool ctl_hint_is_method(const struct ctl_hint_context *context, const char *name)
{
	return context->session->method && strcmp(context->session->method, name) == 0;
}

bool ctl_hint_is_allocate(const struct ctl_hint_context *context)
{
	return ctl_hint_is_method(context, "layout.allocate");
}

bool ctl_hint_keeps_live_ranges(const struct ctl_hint_context *context)
{
	return ctl_hint_is_method(context, "layout.update") &&
	       !cJSON_IsTrue(ctl_member_of(context->params, "allow_moves"));
}

bool ctl_hint_has_text(const struct ctl_hint_context *context, const char *member,
		       const char *wanted)
{
	const char *text = ctl_text_of(context->data, member);

	return text && strcmp(text, wanted) == 0;
}

bool ctl_hint_is_low_phase(const struct ctl_hint_context *context)
{
	return ctl_hint_has_text(context, "phase", "mmio32");
}

bool ctl_hint_read_size(const cJSON *object, const char *name, uint64_t *size)
{
	const cJSON *number = ctl_member_of(object, name);
	const char *text = ctl_text_of(object, name);

	if (cJSON_IsNumber(number) && number->valuedouble >= 0 && number->valuedouble < 0x1p53) {
		*size = (uint64_t)number->valuedouble;
		return true;
	}
	return text && gpald_size_parse(text, size) == GPALD_SIZE_OK;
}

const char *ctl_hint_flag_or(const struct ctl_hint_context *context, const char *flag,
			     const char *json)
{
	return ctl_hint_has_flags(context) ? flag : json;
}

const cJSON *ctl_hint_pointed_value(const struct ctl_hint_context *context)
{
	const cJSON *at = context->params;

	for (const char *step = ctl_text_of(context->data, "pointer"); at && step && *step;
	     step = strchr(step + 1, '/')) {
		char name[32];

		snprintf(name, sizeof(name), "%.*s", (int)strcspn(step + 1, "/"), step + 1);
		at = cJSON_IsArray(at) ? cJSON_GetArrayItem(at, (int)strtol(name, NULL, 10)) :
					 ctl_member_of(at, name);
	}
	return at;
}

const cJSON *ctl_hint_root_complexes(const struct ctl_hint_context *context)
{
	return ctl_member_of(ctl_member_of(context->request, "pcie"), "root_complexes");
}

bool ctl_hint_has_text_ending(const struct ctl_hint_context *context, const char *member,
			      const char *end)
{
	const char *text = ctl_text_of(context->data, member);
	const size_t length = text ? strlen(text) : 0;

	return text && length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}
