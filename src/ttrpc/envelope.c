/* SPDX-License-Identifier: MIT */
/*
 * Reads the frames of requests and writes those of replies. protobuf_read.c and protobuf_write.c
 * know the messages inside; the server reads whole frames from the socket.
 */
#include "config.h"

#include "ttrpc/envelope.h"

#include "proto/gpalayout.pb-c.h"
#include "ttrpc/protobuf_read.h"
#include "ttrpc/protobuf_write.h"

#include <string.h>

#define RESPONSE 2 /* type of a frame */

/* The fields of ttrpc's own messages, which have no schema here. */
enum request_field {
	REQUEST_SERVICE = 1,
	REQUEST_METHOD,
	REQUEST_PAYLOAD,
	REQUEST_TIMEOUT_NANO,
	REQUEST_METADATA
};
enum response_field {
	RESPONSE_STATUS = 1,
	RESPONSE_PAYLOAD
};
enum status_field {
	STATUS_CODE = 1,
	STATUS_MESSAGE,
	STATUS_DETAILS
};
enum any_field {
	ANY_TYPE_URL = 1,
	ANY_VALUE
};

static const char error_data_url[] = "type.googleapis.com/gpalayout.v1.ErrorData";

/* Headers. */

static void put_u32(char *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (char)(value >> (24 - 8 * i));
}

struct gpald_id gpald_ttrpc_id(struct gpald_ttrpc_header header)
{
	return (struct gpald_id){ .kind = GPALD_ID_STREAM, .integer = header.stream };
}

/* Requests. */

static int refuse_frame(struct gpald_wire_error *error, const char *what)
{
	return gpald_refuse(error, GPALD_INVALID_REQUEST, "%s", what);
}

struct request_fields {
	struct gpald_protobuf_field service, method, payload;
	uint64_t seen; /* a bit for each field */
	int64_t timeout_ns;
};

/* Checks a field of a Request, and notes it. */
static int take_field(struct request_fields *fields, const struct gpald_protobuf_field *field,
		      struct gpald_wire_error *error)
{
	const enum gpald_protobuf_wire_type type = field->number == REQUEST_TIMEOUT_NANO ?
							   GPALD_PROTOBUF_VARINT :
							   GPALD_PROTOBUF_LENGTH;

	if (field->number > REQUEST_METADATA)
		return gpald_refuse(error, GPALD_INVALID_REQUEST, "a ttrpc Request has no field %u",
				    field->number);
	if (field->type != type)
		return gpald_refuse(error, GPALD_INVALID_REQUEST,
				    "field %u of the ttrpc Request has the wrong type",
				    field->number);
	if (field->number != REQUEST_METADATA && (fields->seen & 1u << field->number))
		return gpald_refuse(error, GPALD_INVALID_REQUEST,
				    "field %u of the ttrpc Request is there twice", field->number);
	fields->seen |= 1u << field->number;
	switch (field->number) {
	case REQUEST_SERVICE:
		fields->service = *field;
		break;
	case REQUEST_METHOD:
		fields->method = *field;
		break;
	case REQUEST_PAYLOAD:
		fields->payload = *field;
		break;
	case REQUEST_TIMEOUT_NANO:
		fields->timeout_ns = (int64_t)field->value;
		break;
	default:
		break;
	}
	return 0;
}

static bool is_text(const struct gpald_protobuf_field *field, const char *text)
{
	return field->value == strlen(text) && memcmp(field->bytes, text, field->value) == 0;
}

/* Returns the method that the request names; NULL: there is none, and *error is set. */
static const ProtobufCMethodDescriptor *find_rpc(const struct request_fields *fields,
						 struct gpald_wire_error *error)
{
	const ProtobufCServiceDescriptor *service = &gpalayout__v1__layouts__descriptor;

	if (!is_text(&fields->service, service->name)) {
		gpald_refuse(error, GPALD_METHOD_NOT_FOUND, "there is no such service; use %s",
			     service->name);
		return NULL;
	}
	for (unsigned int i = 0; i < service->n_methods; i++)
		if (is_text(&fields->method, service->methods[i].name))
			return &service->methods[i];
	gpald_refuse(error, GPALD_METHOD_NOT_FOUND, "%s has no such method", service->name);
	return NULL;
}

/* A Request has five fields. Metadata may repeat, and encoders write it after the timeout. */
#define PEEKED_FIELDS 8

static void peek_frame(const char *frame, size_t length, struct gpald_rpc_request *request)
{
	struct gpald_protobuf_cursor cursor = {
		(const uint8_t *)frame + GPALD_TTRPC_HEADER_SIZE,
		(const uint8_t *)frame + length,
	};
	struct gpald_protobuf_field field;

	*request = (struct gpald_rpc_request){ .id = gpald_ttrpc_id(gpald_ttrpc_header(frame)) };
	for (int i = 0; i < PEEKED_FIELDS && gpald_protobuf_next(&cursor, &field) > 0; i++)
		if (field.number == REQUEST_TIMEOUT_NANO && field.type == GPALD_PROTOBUF_VARINT)
			request->timeout_ns = (int64_t)field.value;
}

static int parse_frame(const char *frame, size_t length, struct gpald_arena *arena,
		       struct gpald_rpc_request *request, struct gpald_wire_error *error)
{
	static const uint8_t nothing[1];
	struct gpald_protobuf_cursor cursor = {
		(const uint8_t *)frame + GPALD_TTRPC_HEADER_SIZE,
		(const uint8_t *)frame + length,
	};
	struct request_fields fields = {
		.service = { .bytes = nothing },
		.method = { .bytes = nothing },
		.payload = { .bytes = nothing },
	};
	const ProtobufCMethodDescriptor *method;
	struct gpald_protobuf_field field;
	int more;

	*request = (struct gpald_rpc_request){ .id = gpald_ttrpc_id(gpald_ttrpc_header(frame)) };
	while ((more = gpald_protobuf_next(&cursor, &field)) > 0)
		if (take_field(&fields, &field, error))
			return -1;
	if (more < 0)
		return refuse_frame(error, "the frame has no valid ttrpc Request");
	method = find_rpc(&fields, error);
	if (!method)
		return -1;
	request->method = method->name;
	request->id.reply_type = method->output;
	request->timeout_ns = fields.timeout_ns;
	return gpald_protobuf_read(method->input, fields.payload.bytes, fields.payload.value, arena,
				   &request->params, error);
}

/* Responses. */

/* Writes a header without its length, which end_frame() fills in. */
static void begin_frame(struct gpald_writer *w, const struct gpald_id *id)
{
	char header[GPALD_TTRPC_HEADER_SIZE] = { 0 };

	put_u32(header + 4, (uint32_t)id->integer);
	header[8] = RESPONSE;
	gpald_write_bytes(w, header, sizeof(header));
}

static void end_frame(struct gpald_writer *w, size_t mark)
{
	if (!w->failed)
		put_u32(w->text.data + mark,
			(uint32_t)(w->text.length - mark - GPALD_TTRPC_HEADER_SIZE));
}

/*
 * Returns where the payload of the frame at `mark` begins: after the header, the tag of its field,
 * and the byte that gpald_protobuf_begin_field() reserves for its length.
 */
static size_t payload_at(size_t mark)
{
	return mark + GPALD_TTRPC_HEADER_SIZE + 2;
}

static void begin_ttrpc_result(struct gpald_writer *w, const struct gpald_id *id)
{
	begin_frame(w, id);
	gpald_protobuf_begin_field(w, RESPONSE_PAYLOAD); /* it begins at payload_at() */
	gpald_protobuf_begin_message(w, id->reply_type);
}

static void end_ttrpc_result(struct gpald_writer *w, size_t mark)
{
	gpald_protobuf_end_message(w);
	gpald_protobuf_end_field(w, payload_at(mark));
	end_frame(w, mark);
}

static void write_status(struct gpald_writer *w, enum gpald_reason reason, const char *message)
{
	gpald_protobuf_write_number(w, STATUS_CODE, gpald_reason_grpc_status(reason));
	gpald_protobuf_write_bytes(w, STATUS_MESSAGE, message, strlen(message));
}

static void write_ttrpc_error(struct gpald_writer *w, const struct gpald_id *id,
			      const struct gpald_wire_error *error)
{
	const size_t mark = w->text.length;
	size_t status, any, value;

	begin_frame(w, id);
	status = gpald_protobuf_begin_field(w, RESPONSE_STATUS);
	write_status(w, error->reason, error->message);
	any = gpald_protobuf_begin_field(w, STATUS_DETAILS);
	gpald_protobuf_write_bytes(w, ANY_TYPE_URL, error_data_url, sizeof(error_data_url) - 1);
	value = gpald_protobuf_begin_field(w, ANY_VALUE);
	gpald_protobuf_begin_message(w, &gpalayout__v1__error_data__descriptor);
	if (!w->failed) {
		gpald_write_object(w, NULL);
		gpald_rpc_write_error_data(w, error);
		gpald_write_object_end(w);
	}
	gpald_protobuf_end_message(w);
	if (error->members.text.data)
		gpald_write_bytes(w, error->members.text.data, error->members.text.length);
	gpald_protobuf_end_field(w, value);
	gpald_protobuf_end_field(w, any);
	gpald_protobuf_end_field(w, status);
	end_frame(w, mark);
}

static void write_plain_ttrpc_error(struct gpald_writer *w, const struct gpald_id *id,
				    enum gpald_reason reason, const char *message)
{
	const size_t mark = w->text.length;
	size_t status;

	/* An error without a stream belongs to no call. */
	if (id->kind != GPALD_ID_STREAM)
		return;
	begin_frame(w, id);
	status = gpald_protobuf_begin_field(w, RESPONSE_STATUS);
	write_status(w, reason, message);
	gpald_protobuf_end_field(w, status);
	end_frame(w, mark);
}

const struct gpald_envelope gpald_ttrpc_envelope = {
	.parse = parse_frame,
	.peek = peek_frame,
	.begin_result = begin_ttrpc_result,
	.end_result = end_ttrpc_result,
	.write_error = write_ttrpc_error,
	.write_plain_error = write_plain_ttrpc_error,
	.reply_max = GPALD_TTRPC_HEADER_SIZE + GPALD_TTRPC_MESSAGE_MAX,
};
