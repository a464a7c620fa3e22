/* SPDX-License-Identifier: MIT */
/*
 * Results are printed as the text that the daemon sent, not parsed and written again, so that every
 * digit stays. hint.c prints refusals.
 */
#include "config.h"

#include "gpalayoutctl/print_reply.h"

#include "gpalayoutctl/json_text.h"
#include "gpalayoutctl/message.h"
#include "gpalayoutctl/terminal_text.h"

#include <limits.h>
#include <string.h>

bool ctl_wants_text(const struct ctl_session *session)
{
	const struct ctl_invocation *invocation = session->invocation;

	return !invocation->json && !invocation->field && !invocation->quiet;
}

/* Prints the line of the reply with `name` in place of its id. */
static enum ctl_exit print_named_line(const struct ctl_session *session, const char *name)
{
	const char *line = gpal_client_line(session->client);
	ctl_cleanup_buffer struct gpald_bytes out = { 0 };
	ctl_cleanup_buffer struct gpald_bytes safe_name = { 0 };
	struct gpald_raw id;

	if (!name || !gpald_raw_member(gpald_raw_value(line, strlen(line)), "id", &id))
		return ctl_print_line(line, strlen(line));
	ctl_buffer_append(&out, line, (size_t)(id.text - line));
	/* An operand may have bytes that are not UTF-8; JSON must not. */
	if (name[ctl_utf8_length(name)])
		ctl_puts_safe(&safe_name, name);
	ctl_append_json_string(&out, safe_name.length ? safe_name.data : name);
	ctl_buffer_puts(&out, id.text + id.length);
	return ctl_print_line(out.data, out.length);
}

/* Appends a string as its text, and any other value as JSON. */
static void append_value(struct gpald_bytes *out, struct gpald_raw value)
{
	cJSON *text = *value.text == '"' ? cJSON_ParseWithLength(value.text, value.length) : NULL;
	const char *decoded = text ? cJSON_GetStringValue(text) : NULL;

	if (!decoded)
		ctl_buffer_append(out, value.text, value.length);
	else
		ctl_buffer_puts(out, decoded);
	cJSON_Delete(text);
}

/*
 * `step` is one step of a path. Replaces *value with its member or element of that name or index.
 * Returns false if there is none.
 */
static bool step_into(struct gpald_raw *value, const char *step)
{
	struct gpald_raw rest = *value, name, element;
	uint64_t index = 0, wanted;

	if (*value->text == '{')
		return gpald_raw_member(*value, step, value);
	if (!ctl_count_parse(step, &wanted))
		return false;
	while (gpald_raw_next(&rest, &name, &element))
		if (index++ == wanted) {
			*value = element;
			return true;
		}
	return false;
}

/*
 * Does the same for a name that may contain dots, such as that of a method: if there is no member
 * with the name `step`, the next steps in *rest are joined to it.
 */
static bool step_into_dotted(struct gpald_raw *value, char *step, char **rest)
{
	while (!step_into(value, step)) {
		if (!*rest || *value->text != '{')
			return false;
		(*rest)[-1] = '.';
		strsep(rest, ".");
	}
	return true;
}

/* Says what a path could name in a value. */
static void describe_container(struct gpald_bytes *out, struct gpald_raw value)
{
	struct gpald_raw rest = value, name;
	size_t count = 0;

	if (*value.text != '{' && *value.text != '[') {
		ctl_buffer_puts(out, "the value before it is not an object or a list");
		return;
	}
	while (gpald_raw_next(&rest, &name, &value)) {
		if (name.length > 2)
			ctl_buffer_printf(out, "%s%.*s", count ? ", " : "the members there are ",
					  (int)name.length - 2, name.text + 1);
		count++;
	}
	if (!out->length)
		ctl_buffer_printf(out, "the number of elements there is %zu", count);
}

enum ctl_exit ctl_print_field(const struct ctl_session *session, struct gpald_raw result)
{
	ctl_cleanup_buffer struct gpald_bytes path = { 0 };
	ctl_cleanup_buffer struct gpald_bytes out = { 0 };
	char *rest, *step;

	ctl_buffer_puts(&path, session->invocation->field);
	rest = path.data;
	while ((step = strsep(&rest, "."))) {
		const struct gpald_raw container = result;
		const int length = (int)strlen(step);

		if (step_into_dotted(&result, step, &rest))
			continue;
		describe_container(&out, container);
		ctl_error("--field %s: there is no %.*s", session->invocation->field,
			  length ? length : INT_MAX, length ? step : "member without a name");
		ctl_hint("%s", ctl_buffer_text(&out));
		return CTL_NOT_FOUND;
	}
	append_value(&out, result);
	return ctl_print_line(ctl_buffer_text(&out), out.length);
}

enum ctl_exit ctl_print_raw(struct ctl_session *session, const char *name)
{
	if (session->invocation->json)
		return print_named_line(session, name);
	if (session->invocation->field && session->result)
		return ctl_print_field(session,
				       gpald_raw_value(session->result, strlen(session->result)));
	return CTL_OK;
}

enum ctl_exit ctl_print_own_result(const struct ctl_session *session, const char *result)
{
	ctl_cleanup_buffer struct gpald_bytes line = { 0 };

	if (session->invocation->field)
		return ctl_print_field(session, gpald_raw_value(result, strlen(result)));
	if (!session->invocation->json)
		return CTL_OK;
	ctl_buffer_printf(&line, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":%s}", result);
	return ctl_print_line(line.data, line.length);
}

enum ctl_exit ctl_print_reply(struct ctl_session *session, const char *name)
{
	const enum ctl_exit code = ctl_print_raw(session, name);

	if (!session->result)
		ctl_print_refusal(session, name);
	return code ? code : ctl_reply_status(session);
}

enum ctl_exit ctl_call_and_print(struct ctl_session *session, const char *method,
				 const char *params)
{
	const enum ctl_exit code = ctl_call_method(session, method, params);

	return code ? code : ctl_print_reply(session, NULL);
}

enum ctl_exit ctl_call_for_result(struct ctl_session *session, const char *method,
				  const char *params)
{
	const enum ctl_exit code = ctl_call_method(session, method, params);

	return code || session->result ? code : ctl_print_reply(session, NULL);
}
