/* SPDX-License-Identifier: MIT */
/*
 * The peer may have another version, or be another program. So a line is accepted as a reply only
 * if it has the form of one, and unknown members are ignored.
 */
#include "config.h"

#include "client/reply.h"

#include "wire/json_parse.h"
#include "wire/reason.h"
#include "wire/size.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int gpald_client_fail(struct gpal_client_error *error, int code, const char *format, ...)
{
	va_list args;

	if (!error)
		return code;
	memset(error, 0, sizeof(*error));
	error->code = code;
	va_start(args, format);
	vsnprintf(error->message, sizeof(error->message), format, args);
	va_end(args);
	return code;
}

static const cJSON *object_member(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* Returns the text of a member; "" if there is none. */
static const char *member_text(const cJSON *object, const char *name)
{
	const cJSON *value = object_member(object, name);

	return cJSON_IsString(value) ? value->valuestring : "";
}

/* Returns the integer of a member; 0 if there is none. */
static uint64_t integer_of(const cJSON *object, const char *name)
{
	const cJSON *value = object_member(object, name);

	return cJSON_IsNumber(value) && value->valuedouble >= 0 && value->valuedouble < 0x1p53 ?
		       (uint64_t)value->valuedouble :
		       0;
}

static uint64_t hex_of(const cJSON *object, const char *name)
{
	uint64_t value;

	return gpald_size_parse(member_text(object, name), &value) == GPALD_SIZE_OK ? value : 0;
}

static struct gpal_range range_of(const cJSON *object)
{
	return (struct gpal_range){ hex_of(object, "start"), hex_of(object, "end") };
}

/* Lines. */

/* Fills in the error for a line that is not a valid reply. */
static int fail_invalid(struct gpal_client_error *error, const char *why)
{
	return gpald_client_fail(error, GPAL_E_PROTOCOL, "invalid reply: %s", why);
}

static bool is_refusal(const cJSON *error)
{
	const cJSON *number = object_member(error, "code");

	return cJSON_IsNumber(number) && number->valuedouble >= INT_MIN &&
	       number->valuedouble <= INT_MAX && cJSON_IsString(object_member(error, "message"));
}

static bool has_id(const cJSON *message, uint64_t id)
{
	const cJSON *value = object_member(message, "id");

	return cJSON_IsNumber(value) && value->valuedouble == (double)id;
}

int gpald_client_parse_line(const char *line, size_t length, uint64_t id, struct gpald_arena *arena,
			    struct gpald_client_reply *reply, struct gpal_client_error *error)
{
	struct gpald_wire_error fault;
	const cJSON *message;

	*reply = (struct gpald_client_reply){ .result = NULL };
	if (gpald_json_parse_reply(line, length, arena, &message, &fault))
		return fault.reason == GPALD_REASON_OF(GPAL_E_NO_MEMORY) ?
			       gpald_client_fail(error, GPAL_E_NO_MEMORY, "out of memory") :
			       fail_invalid(error, fault.message);
	if (strcmp(member_text(message, "jsonrpc"), "2.0") != 0)
		return fail_invalid(error, "it is not a JSON-RPC 2.0 message");
	if (strcmp(member_text(message, "method"), "layout.event") == 0) {
		reply->event = object_member(message, "params");
		return reply->event ? 0 : fail_invalid(error, "the event has no params");
	}
	if (*member_text(message, "method") && !object_member(message, "id"))
		return 0;
	reply->result = object_member(message, "result");
	reply->error = object_member(message, "error");
	if (!reply->result == !reply->error)
		return fail_invalid(error, "it must have either a result or an error");
	if (reply->error && !is_refusal(reply->error))
		return fail_invalid(error, "its error lacks a code or a message");
	/* If the daemon did not read or could not parse the request, it does not know the id. */
	if (!has_id(message, id) && !(reply->error && cJSON_IsNull(object_member(message, "id"))))
		return fail_invalid(error, "its id is not that of the request");
	return 0;
}

/* Refusals. */

static void take_detail(const struct gpald_detail *detail, const cJSON *data,
			struct gpald_wire_error *error)
{
	void *field = (char *)error + detail->offset;
	const cJSON *value = object_member(data, detail->name);
	struct gpal_neighbour *neighbour = field;
	int kind = 0;

	if (!value)
		return;
	switch (detail->type) {
	case GPALD_DETAIL_TEXT:
		snprintf(field, GPAL_ERROR_TAG_MAX + 1, "%s", member_text(data, detail->name));
		break;
	case GPALD_DETAIL_HEX:
	case GPALD_DETAIL_NONZERO_HEX:
		*(uint64_t *)field = hex_of(data, detail->name);
		break;
	case GPALD_DETAIL_RANGE:
	case GPALD_DETAIL_NONEMPTY_RANGE:
		*(struct gpal_range *)field = range_of(value);
		break;
	case GPALD_DETAIL_NEIGHBOUR:
		snprintf(neighbour->tag, sizeof(neighbour->tag), "%s", member_text(value, "tag"));
		neighbour->range = range_of(value);
		break;
	case GPALD_DETAIL_KIND:
		while (kind < GPAL_KIND_COUNT - 1 && strcmp(gpal_kind_name((enum gpal_kind)kind),
							    member_text(data, detail->name)) != 0)
			kind++;
		*(enum gpal_kind *)field = (enum gpal_kind)kind;
		break;
	case GPALD_DETAIL_UINT:
		*(unsigned int *)field = (unsigned int)integer_of(data, detail->name);
		break;
	case GPALD_DETAIL_INTEGER:
		*(uint64_t *)field = integer_of(data, detail->name);
		break;
	case GPALD_DETAIL_OPTIONAL:
		*(struct gpal_optional *)field =
			(struct gpal_optional){ true, integer_of(data, detail->name) };
		break;
	}
}

/* Takes the details of a reason that this library knows. */
static void take_details(const cJSON *data, struct gpal_client_error *error)
{
	const enum gpald_reason reason = gpald_reason_find(error->reason);
	const int code = -(int)reason;
	struct gpald_wire_error wire = { .reason = reason };
	const struct gpald_detail *detail;
	size_t cursor = 0;

	if (reason == GPALD_REASON_COUNT)
		return;
	while ((detail = gpald_reason_next_detail(reason, &cursor)))
		take_detail(detail, data, &wire);
	error->generation = wire.generation;
	error->owner_uid = wire.owner_uid;
	error->revision = wire.revision;
	error->oldest_since = wire.oldest_since;
	error->core = wire.core;
	if (reason < GPALD_CORE_REASON_COUNT && strcmp(gpal_code_token(code), error->reason) == 0) {
		error->core.code = (enum gpal_code)code;
		snprintf(error->core.message, sizeof(error->core.message), "%.*s",
			 (int)sizeof(error->core.message) - 1, error->message);
	}
}

int gpald_client_read_refusal(const struct gpald_client_reply *reply,
			      struct gpal_client_error *error)
{
	const cJSON *data = object_member(reply->error, "data");

	if (!error)
		return GPAL_E_REFUSED;
	gpald_client_fail(error, GPAL_E_REFUSED, "%s", member_text(reply->error, "message"));
	error->number = (int)object_member(reply->error, "code")->valuedouble;
	snprintf(error->reason, sizeof(error->reason), "%s", member_text(data, "reason"));
	snprintf(error->pointer, sizeof(error->pointer), "%s", member_text(data, "pointer"));
	error->offset = integer_of(data, "offset");
	take_details(data, error);
	return GPAL_E_REFUSED;
}
