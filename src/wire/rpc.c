/* SPDX-License-Identifier: MIT */
/* Reads and writes the envelopes of JSON-RPC. The server knows the methods. */
#include "config.h"

#include "wire/rpc.h"

#include "wire/json_parse.h"

#include <string.h>

#define ID_MAX 9007199254740991.0 /* 2^53 - 1; a greater id would come back rounded */

static int invalid_request(struct gpald_wire_error *error, const char *what)
{
	return gpald_refuse(error, GPALD_INVALID_REQUEST, "%s", what);
}

static bool read_id(const cJSON *value, struct gpald_id *id)
{
	const double number = value->valuedouble;

	if (cJSON_IsString(value)) {
		*id = (struct gpald_id){ .kind = GPALD_ID_TEXT, .text = value->valuestring };
		return true;
	}
	if (!cJSON_IsNumber(value) || number < -ID_MAX || number > ID_MAX ||
	    number != (double)(int64_t)number)
		return false;
	*id = (struct gpald_id){ .kind = GPALD_ID_INTEGER, .integer = (int64_t)number };
	return true;
}

/* The members of a request; NULL: omitted. */
struct request_members {
	const cJSON *jsonrpc, *id, *method, *params, *unknown;
};

static struct request_members find_request_members(const cJSON *object)
{
	struct request_members found = { 0 };
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

static int parse_line(const char *line, size_t length, struct gpald_arena *arena,
		      struct gpald_rpc_request *request, struct gpald_wire_error *error)
{
	struct request_members members;
	const cJSON *object;

	*request = (struct gpald_rpc_request){ 0 };
	if (gpald_json_parse(line, length, arena, &object, error))
		return -1;
	if (cJSON_IsArray(object))
		return invalid_request(error, "batches are not supported; send one request a line");
	if (!cJSON_IsObject(object))
		return invalid_request(error, "a request must be a JSON object");

	members = find_request_members(object);
	if (members.id && !read_id(members.id, &request->id))
		return invalid_request(error,
				       "id must be a string or an integer within +-(2^53 - 1)");
	request->is_notification = !members.id;
	if (!members.jsonrpc || !cJSON_IsString(members.jsonrpc) ||
	    strcmp(members.jsonrpc->valuestring, "2.0") != 0)
		return invalid_request(error, "jsonrpc must be \"2.0\"");
	if (!members.method || !cJSON_IsString(members.method))
		return invalid_request(error, "method must be a string");
	if (members.unknown)
		return gpald_refuse(error, GPALD_INVALID_REQUEST,
				    "unknown member %.*s; a request has jsonrpc, id, method and "
				    "params",
				    gpald_quotable_length(members.unknown->string),
				    members.unknown->string);
	if (members.params && !cJSON_IsObject(members.params))
		return invalid_request(
			error, "params must be an object; positional params are not supported");
	request->method = members.method->valuestring;
	request->params = members.params;
	return 0;
}

static void begin_reply(struct gpald_writer *w, const struct gpald_id *id)
{
	static const char start[] = "{\"jsonrpc\":\"2.0\"";

	/* The writer must put no comma between lines. */
	gpald_write_bytes(w, start, sizeof(start) - 1);
	switch (id->kind) {
	case GPALD_ID_NULL:
	case GPALD_ID_STREAM:
		gpald_write_raw(w, "id", "null", 4);
		break;
	case GPALD_ID_INTEGER:
		gpald_write_integer(w, "id", id->integer);
		break;
	case GPALD_ID_TEXT:
		gpald_write_text(w, "id", id->text);
		break;
	}
}

static void begin_json_result(struct gpald_writer *w, const struct gpald_id *id)
{
	static const char key[] = ",\"result\":";

	begin_reply(w, id);
	gpald_write_bytes(w, key, sizeof(key) - 1);
}

void gpald_rpc_begin_notification(struct gpald_writer *w, const char *method)
{
	static const char start[] = "{\"jsonrpc\":\"2.0\"", key[] = ",\"params\":";

	gpald_write_bytes(w, start, sizeof(start) - 1);
	gpald_write_text(w, "method", method);
	gpald_write_bytes(w, key, sizeof(key) - 1);
}

static void end_reply(struct gpald_writer *w)
{
	gpald_write_bytes(w, "}\n", 2);
}

static void end_json_result(struct gpald_writer *w, size_t mark)
{
	(void)mark;
	end_reply(w);
}

void gpald_rpc_end_notification(struct gpald_writer *w)
{
	end_reply(w);
}

static void write_neighbour(struct gpald_writer *w, const char *name,
			    const struct gpal_neighbour *neighbour)
{
	if (!neighbour->tag[0])
		return;
	gpald_write_object(w, name);
	gpald_write_text(w, "tag", neighbour->tag);
	gpald_write_bounds(w, neighbour->range);
	gpald_write_object_end(w);
}

static void write_detail(struct gpald_writer *w, const struct gpald_detail *detail,
			 const struct gpald_wire_error *error)
{
	const void *field = (const char *)error + detail->offset;
	const char *name = detail->name;

	switch (detail->type) {
	case GPALD_DETAIL_TEXT:
		if (*(const char *)field)
			gpald_write_text(w, name, field);
		break;
	case GPALD_DETAIL_HEX:
		gpald_write_hex(w, name, *(const uint64_t *)field);
		break;
	case GPALD_DETAIL_NONZERO_HEX:
		if (*(const uint64_t *)field != 0)
			gpald_write_hex(w, name, *(const uint64_t *)field);
		break;
	case GPALD_DETAIL_RANGE:
		gpald_write_range(w, name, *(const struct gpal_range *)field);
		break;
	case GPALD_DETAIL_NONEMPTY_RANGE:
		gpald_write_nonempty_range(w, name, *(const struct gpal_range *)field);
		break;
	case GPALD_DETAIL_NEIGHBOUR:
		write_neighbour(w, name, field);
		break;
	case GPALD_DETAIL_KIND:
		gpald_write_text(w, name, gpal_kind_name(*(const enum gpal_kind *)field));
		break;
	case GPALD_DETAIL_UINT:
		gpald_write_integer(w, name, *(const unsigned int *)field);
		break;
	case GPALD_DETAIL_INTEGER:
		gpald_write_integer(w, name, (int64_t) * (const uint64_t *)field);
		break;
	case GPALD_DETAIL_OPTIONAL:
		if (((const struct gpal_optional *)field)->set)
			gpald_write_integer(w, name,
					    (int64_t)((const struct gpal_optional *)field)->value);
		break;
	}
}

/* Writes the members of an error up to those of its data. */
static void begin_error(struct gpald_writer *w, enum gpald_reason reason, const char *message)
{
	gpald_write_object(w, "error");
	gpald_write_integer(w, "code", gpald_reason_number(reason));
	gpald_write_text(w, "message", message);
	gpald_write_object(w, "data");
}

static void end_error(struct gpald_writer *w)
{
	gpald_write_object_end(w);
	gpald_write_object_end(w);
	end_reply(w);
}

void gpald_rpc_write_error_data(struct gpald_writer *w, const struct gpald_wire_error *error)
{
	const struct gpald_detail *detail;
	size_t cursor = 0;

	gpald_write_text(w, "reason", gpald_reason_token(error->reason));
	if (error->has_pointer)
		gpald_write_text(w, "pointer", error->pointer);
	/* An offset counts bytes of a JSON line; a frame has none. */
	if (!w->form && gpald_reason_has_offset(error->reason))
		gpald_write_integer(w, "offset", (int64_t)error->offset);
	while ((detail = gpald_reason_next_detail(error->reason, &cursor)))
		write_detail(w, detail, error);
}

static void write_json_error(struct gpald_writer *w, const struct gpald_id *id,
			     const struct gpald_wire_error *error)
{
	begin_reply(w, id);
	begin_error(w, error->reason, error->message);
	gpald_rpc_write_error_data(w, error);
	if (error->members.text.data)
		gpald_write_raw(w, NULL, error->members.text.data, error->members.text.length);
	end_error(w);
}

static void write_plain_json_error(struct gpald_writer *w, const struct gpald_id *id,
				   enum gpald_reason reason, const char *message)
{
	begin_reply(w, id);
	begin_error(w, reason, message);
	gpald_write_text(w, "reason", gpald_reason_token(reason));
	end_error(w);
}

const struct gpald_envelope gpald_json_envelope = {
	.parse = parse_line,
	.begin_result = begin_json_result,
	.end_result = end_json_result,
	.write_error = write_json_error,
	.write_plain_error = write_plain_json_error,
};

size_t gpald_rpc_write_plain_error(const struct gpald_envelope *envelope, const struct gpald_id *id,
				   enum gpald_reason reason, const char *message,
				   char line[GPALD_RPC_PLAIN_SIZE])
{
	static const struct gpald_id none = { .kind = GPALD_ID_NULL };
	struct gpald_writer w = {
		.text = { .data = line, .capacity = GPALD_RPC_PLAIN_SIZE },
		.is_fixed = true,
	};

	envelope->write_plain_error(&w, id, reason, message);
	if (w.failed) {
		gpald_writer_reset(&w, 0);
		envelope->write_plain_error(&w, &none, reason, message);
	}
	return w.text.length;
}

bool gpald_rpc_is_plain(const struct gpald_wire_error *error)
{
	const char *c = error->message;
	size_t cursor = 0;

	if (error->has_pointer || error->members.text.data ||
	    gpald_reason_has_offset(error->reason) ||
	    gpald_reason_next_detail(error->reason, &cursor))
		return false;
	while (*c >= ' ' && *c <= '~' && *c != '"' && *c != '\\')
		c++;
	return !*c && c - error->message <= GPALD_RPC_PLAIN_MESSAGE_MAX;
}
