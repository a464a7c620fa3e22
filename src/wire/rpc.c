/* SPDX-License-Identifier: MIT */
/* Envelopes in, envelopes out. What methods there are is the server's business. */
#include "config.h"

#include "wire/rpc.h"

#include "wire/json_build.h"
#include "wire/json_guard.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_MAX 9007199254740991.0 /* 2^53 - 1; beyond it an id would not come back as it was */

static int invalid(struct gpald_wire_error *error, const char *what)
{
	return gpald_refuse(error, GPALD_INVALID_REQUEST, "%s", what);
}

static bool is_id(const cJSON *id)
{
	if (cJSON_IsString(id))
		return true;
	return cJSON_IsNumber(id) && id->valuedouble >= -ID_MAX && id->valuedouble <= ID_MAX &&
	       id->valuedouble == (double)(int64_t)id->valuedouble;
}

struct envelope {
	const cJSON *jsonrpc, *id, *method, *params, *unknown;
};

static struct envelope split(const cJSON *object)
{
	struct envelope found = { 0 };
	const struct {
		const char *name;
		const cJSON **member;
	} rows[] = {
		{ "jsonrpc", &found.jsonrpc },
		{ "id", &found.id },
		{ "method", &found.method },
		{ "params", &found.params },
	};
	const cJSON *value;

	cJSON_ArrayForEach(value, object)
	{
		size_t i = 0;

		while (i < sizeof(rows) / sizeof(rows[0]) &&
		       strcmp(rows[i].name, value->string) != 0)
			i++;
		if (i < sizeof(rows) / sizeof(rows[0]))
			*rows[i].member = value;
		else
			found.unknown = value;
	}
	return found;
}

int gpald_rpc_parse(const char *line, size_t length, struct gpald_rpc_request *request,
		    struct gpald_wire_error *error)
{
	struct envelope envelope;

	*request = (struct gpald_rpc_request){ 0 };
	if (gpald_json_guard(line, length, error))
		return -1;
	request->tree = cJSON_ParseWithLength(line, length);
	if (!request->tree)
		return gpald_refuse(error, GPALD_REASON_OF(GPAL_E_NO_MEMORY), "out of memory");
	if (cJSON_IsArray(request->tree))
		return invalid(error, "batches are not supported; send one request a line");
	if (!cJSON_IsObject(request->tree))
		return invalid(error, "a request is a JSON object");

	envelope = split(request->tree);
	if (envelope.id && !is_id(envelope.id))
		return invalid(error, "id must be a string or an integer within +-(2^53 - 1)");
	request->id = envelope.id;
	request->is_notification = !envelope.id;
	if (!envelope.jsonrpc || !cJSON_IsString(envelope.jsonrpc) ||
	    strcmp(envelope.jsonrpc->valuestring, "2.0") != 0)
		return invalid(error, "jsonrpc must be \"2.0\"");
	if (!envelope.method || !cJSON_IsString(envelope.method))
		return invalid(error, "method must be a string");
	if (envelope.unknown)
		return gpald_refuse(error, GPALD_INVALID_REQUEST,
				    "unknown member %.*s; a request has jsonrpc, id, method and "
				    "params",
				    gpald_quotable(envelope.unknown->string),
				    envelope.unknown->string);
	if (envelope.params && !cJSON_IsObject(envelope.params))
		return invalid(error, "params must be an object; this protocol names its params");
	request->method = envelope.method->valuestring;
	request->params = envelope.params;
	return 0;
}

void gpald_rpc_request_clear(struct gpald_rpc_request *request)
{
	cJSON_Delete(request->tree);
	*request = (struct gpald_rpc_request){ 0 };
}

void gpald_rpc_request_drop_params(struct gpald_rpc_request *request)
{
	if (request->params)
		cJSON_Delete(cJSON_DetachItemViaPointer(request->tree, (cJSON *)request->params));
	request->params = NULL;
}

static cJSON *envelope_new(struct gpald_builder *b, const cJSON *id)
{
	cJSON *envelope = cJSON_CreateObject();

	gpald_build_text(b, envelope, "jsonrpc", "2.0");
	if (!id)
		gpald_build_item(b, envelope, "id", cJSON_CreateNull());
	else if (cJSON_IsString(id))
		gpald_build_text(b, envelope, "id", id->valuestring);
	else
		gpald_build_integer(b, envelope, "id", (int64_t)id->valuedouble);
	return envelope;
}

/* Prints the envelope as a line and deletes it. */
static char *print_line(const struct gpald_builder *b, cJSON *envelope, size_t *length)
{
	char *line = b->failed ? NULL : cJSON_PrintUnformatted(envelope);
	char *longer = NULL;

	cJSON_Delete(envelope);
	if (line) {
		*length = strlen(line) + 1;
		longer = realloc(line, *length + 1);
	}
	if (!longer) {
		free(line);
		return NULL;
	}
	memcpy(longer + *length - 1, "\n", 2);
	return longer;
}

char *gpald_rpc_result(const cJSON *id, cJSON *result, size_t *length)
{
	struct gpald_builder b = { .failed = false };
	cJSON *envelope = envelope_new(&b, id);

	gpald_build_item(&b, envelope, "result", result);
	return print_line(&b, envelope, length);
}

static void build_neighbour(struct gpald_builder *b, cJSON *data, const char *name,
			    const struct gpal_neighbour *neighbour)
{
	cJSON *object;

	if (!neighbour->tag[0])
		return;
	object = gpald_build_object(b, data, name);
	gpald_build_text(b, object, "tag", neighbour->tag);
	gpald_build_bounds(b, object, neighbour->range);
}

static void build_detail(struct gpald_builder *b, cJSON *data, const struct gpald_detail *detail,
			 const struct gpald_wire_error *error)
{
	const void *field = (const char *)error + detail->offset;

	switch (detail->type) {
	case GPALD_DETAIL_TEXT:
		if (*(const char *)field)
			gpald_build_text(b, data, detail->name, field);
		break;
	case GPALD_DETAIL_HEX:
		gpald_build_hex(b, data, detail->name, *(const uint64_t *)field);
		break;
	case GPALD_DETAIL_HEX_IF:
		if (*(const uint64_t *)field != 0)
			gpald_build_hex(b, data, detail->name, *(const uint64_t *)field);
		break;
	case GPALD_DETAIL_RANGE:
		gpald_build_range(b, data, detail->name, *(const struct gpal_range *)field);
		break;
	case GPALD_DETAIL_RANGE_IF:
		gpald_build_range_if(b, data, detail->name, *(const struct gpal_range *)field);
		break;
	case GPALD_DETAIL_TAGGED:
		build_neighbour(b, data, detail->name, field);
		break;
	case GPALD_DETAIL_KIND:
		gpald_build_text(b, data, detail->name,
				 gpal_kind_name(*(const enum gpal_kind *)field));
		break;
	case GPALD_DETAIL_COUNT:
		gpald_build_integer(b, data, detail->name, *(const unsigned int *)field);
		break;
	case GPALD_DETAIL_INTEGER:
		gpald_build_integer(b, data, detail->name, (int64_t) * (const uint64_t *)field);
		break;
	case GPALD_DETAIL_OPTIONAL:
		if (((const struct gpal_optional *)field)->set)
			gpald_build_integer(b, data, detail->name,
					    (int64_t)((const struct gpal_optional *)field)->value);
		break;
	}
}

char *gpald_rpc_notification(const char *method, cJSON *params, size_t *length)
{
	struct gpald_builder b = { .failed = false };
	cJSON *envelope = cJSON_CreateObject();

	gpald_build_text(&b, envelope, "jsonrpc", "2.0");
	gpald_build_text(&b, envelope, "method", method);
	gpald_build_item(&b, envelope, "params", params);
	return print_line(&b, envelope, length);
}

char *gpald_rpc_error(const cJSON *id, struct gpald_wire_error *error, size_t *length)
{
	struct gpald_builder b = { .failed = false };
	cJSON *envelope = envelope_new(&b, id);
	cJSON *object = gpald_build_object(&b, envelope, "error");
	const struct gpald_detail *detail;
	size_t cursor = 0;
	cJSON *data;

	gpald_build_integer(&b, object, "code", gpald_reason_number(error->reason));
	gpald_build_text(&b, object, "message", error->message);
	data = gpald_build_object(&b, object, "data");
	gpald_build_text(&b, data, "reason", gpald_reason_token(error->reason));
	if (error->has_pointer)
		gpald_build_text(&b, data, "pointer", error->pointer);
	if (gpald_reason_has_offset(error->reason))
		gpald_build_integer(&b, data, "offset", (int64_t)error->offset);
	while ((detail = gpald_reason_next_detail(error->reason, &cursor)))
		build_detail(&b, data, detail, error);
	if (error->changes)
		gpald_build_item(&b, data, "changes", error->changes);
	error->changes = NULL;
	return print_line(&b, envelope, length);
}

size_t gpald_rpc_plain_error(const cJSON *id, enum gpald_reason reason, const char *message,
			     char line[GPALD_RPC_PLAIN_SIZE])
{
	char text[256];

	if (cJSON_IsNumber(id))
		snprintf(text, sizeof(text), "%" PRId64, (int64_t)id->valuedouble);
	else if (!id || !cJSON_PrintPreallocated((cJSON *)id, text, sizeof(text), false))
		strcpy(text, "null");
	return (size_t)snprintf(line, GPALD_RPC_PLAIN_SIZE,
				"{\"jsonrpc\":\"2.0\",\"id\":%s,\"error\":{\"code\":%d,"
				"\"message\":\"%.*s\",\"data\":{\"reason\":\"%s\"}}}\n",
				text, gpald_reason_number(reason), GPALD_RPC_PLAIN_MESSAGE_MAX,
				message, gpald_reason_token(reason));
}

bool gpald_rpc_is_plain(const struct gpald_wire_error *error)
{
	const char *c = error->message;
	size_t cursor = 0;

	if (error->has_pointer || error->changes || gpald_reason_has_offset(error->reason) ||
	    gpald_reason_next_detail(error->reason, &cursor))
		return false;
	while (*c >= ' ' && *c <= '~' && *c != '"' && *c != '\\')
		c++;
	return !*c && c - error->message <= GPALD_RPC_PLAIN_MESSAGE_MAX;
}
