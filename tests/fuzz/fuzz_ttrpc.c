/* SPDX-License-Identifier: MIT */
/*
 * Sends frames of ttrpc to the service, on a registry that is empty at first.
 *
 * Input: the bytes of a client, which are cut into frames as the daemon cuts them. Only the first
 * 16 frames are used. Each request frame gets one reply frame on its stream. protobuf-c must be
 * able to read the message of each reply, and each request that is not refused for its form.
 */
#include "config.h"

#include "proto/gpalayout.pb-c.h"
#include "server/line_buffer.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/serving.h"
#include "ttrpc/envelope.h"
#include "ttrpc/protobuf_read.h"

#include <stdbool.h>
#include <string.h>

const char fuzz_target[] = "ttrpc";

#define FRAMES_MAX 16
#define LENGTH_MAX 65536

/* Numbers of fields in the envelopes. */
enum {
	REQUEST_METHOD = 2,
	REQUEST_PAYLOAD = 3,
	RESPONSE_STATUS = 1,
	RESPONSE_PAYLOAD = 2,
};

/*
 * Finds the last field with that number. Its bytes are empty if there is none. Returns false if
 * the bytes are not a message.
 */
static bool find(const uint8_t *bytes, size_t length, uint32_t number,
		 struct gpald_protobuf_field *found)
{
	struct gpald_protobuf_cursor cursor = { bytes, bytes + length };
	struct gpald_protobuf_field field;
	int more;

	*found = (struct gpald_protobuf_field){ .bytes = bytes };
	while ((more = gpald_protobuf_next(&cursor, &field)) > 0)
		if (field.number == number && field.type == GPALD_PROTOBUF_LENGTH)
			*found = field;
	return more == 0;
}

/* Returns NULL if the frame names no method. */
static const ProtobufCMethodDescriptor *method_of(const uint8_t *request, size_t length)
{
	const ProtobufCServiceDescriptor *layouts = &gpalayout__v1__layouts__descriptor;
	struct gpald_protobuf_field name;

	if (!find(request, length, REQUEST_METHOD, &name))
		return NULL;
	for (unsigned int i = 0; i < layouts->n_methods; i++)
		if (strlen(layouts->methods[i].name) == name.value &&
		    memcmp(layouts->methods[i].name, name.bytes, name.value) == 0)
			return &layouts->methods[i];
	return NULL;
}

static bool is_read(const ProtobufCMessageDescriptor *message,
		    const struct gpald_protobuf_field *bytes)
{
	ProtobufCMessage *unpacked =
		protobuf_c_message_unpack(message, NULL, bytes->value, bytes->bytes);
	const bool done = unpacked != NULL;

	if (unpacked)
		protobuf_c_message_free_unpacked(unpacked, NULL);
	return done;
}

/* Returns true if this reason means that the request is not a valid message of its type. */
static bool has_bad_form(const char *reason)
{
	static const char *const reasons[] = { "invalid_request", "invalid_utf8",
					       "duplicate_key",   "unknown_member",
					       "wrong_type",      "method_not_found",
					       "too_many_values" };

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (strcmp(reasons[i], reason) == 0)
			return true;
	return false;
}

/* Reads the reason of a refusal. It is empty if the Response is not a refusal. */
static void read_reason(const struct gpald_protobuf_field *status, char reason[64])
{
	struct gpald_protobuf_field details, value;
	Gpalayout__V1__ErrorData *data;

	reason[0] = '\0';
	if (status->value == 0)
		return;
	FUZZ_CHECK(find(status->bytes, status->value, 3, &details) &&
			   find(details.bytes, details.value, 2, &value),
		   "this is no Status with details");
	data = gpalayout__v1__error_data__unpack(NULL, value.value, value.bytes);
	FUZZ_CHECK(data && data->reason[0] && strlen(data->reason) < 64, "this is no ErrorData");
	strcpy(reason, data->reason);
	gpalayout__v1__error_data__free_unpacked(data, NULL);
}

static void check_reply(const char *frame, size_t length)
{
	const struct gpald_ttrpc_header asked = gpald_ttrpc_header(frame);
	const char *reply = serving_space.out.text.data;
	const uint8_t *request = (const uint8_t *)frame + GPALD_TTRPC_HEADER_SIZE;
	const uint8_t *response = (const uint8_t *)reply + GPALD_TTRPC_HEADER_SIZE;
	const ProtobufCMethodDescriptor *method = method_of(request, asked.length);
	struct gpald_protobuf_field status, payload, params;
	struct gpald_ttrpc_header header;
	char reason[64];

	FUZZ_CHECK(serving_space.out.text.length >= GPALD_TTRPC_HEADER_SIZE,
		   "the reply has no header");
	header = gpald_ttrpc_header(reply);
	FUZZ_CHECK(header.stream == asked.stream && header.type == 2 && header.flags == 0 &&
			   header.length == serving_space.out.text.length - GPALD_TTRPC_HEADER_SIZE,
		   "the header of the reply is wrong");
	FUZZ_CHECK(find(response, header.length, RESPONSE_STATUS, &status) &&
			   find(response, header.length, RESPONSE_PAYLOAD, &payload),
		   "the reply is not a Response");
	read_reason(&status, reason);
	if (reason[0] && has_bad_form(reason))
		return;
	FUZZ_CHECK(method && length == GPALD_TTRPC_HEADER_SIZE + asked.length,
		   "a frame that names no method was answered");
	FUZZ_CHECK(find(request, asked.length, REQUEST_PAYLOAD, &params),
		   "the answered frame is not a Request");
	FUZZ_CHECK(is_read(method->input, &params), "protobuf-c does not read the request");
	if (!reason[0])
		FUZZ_CHECK(is_read(method->output, &payload), "protobuf-c does not read the reply");
}

static void try_frame(const char *text, size_t length)
{
	static const struct gpald_caller caller = { .uid = 1000,
						    .socket_kind = &gpald_ttrpc_socket_kind };
	/* The allocation has the exact length of the frame. */
	char *frame = malloc(length);
	struct gpald_answer answer;

	FUZZ_CHECK(frame, "out of memory");
	memcpy(frame, text, length);
	serving_ask(&caller, frame, length, &answer);
	if (answer.kind == GPALD_ANSWER_ON_EVENT) {
		FUZZ_CHECK(!gpald_service_answer_wait(&serving, &caller, &answer.id, answer.since,
						      false, &serving_space, &answer),
			   "there was nothing to wait for");
		FUZZ_CHECK(gpald_service_answer_wait(&serving, &caller, &answer.id, answer.since,
						     true, &serving_space, &answer),
			   "a wait does not end");
	}
	FUZZ_CHECK(answer.kind == GPALD_ANSWER_REPLY, "out of memory");
	check_reply(frame, length);
	free(frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gpald_line_buffer input;
	const char *frame;
	uint64_t offset;
	size_t length;

	serving_open();
	gpald_line_buffer_init(&input, LENGTH_MAX, true);
	FUZZ_CHECK(gpald_line_buffer_append(&input, (const char *)data, size), "out of memory");
	for (size_t i = 0; i < FRAMES_MAX; i++) {
		const enum gpald_line found =
			gpald_line_buffer_next(&input, &frame, &length, &offset);

		if (found == GPALD_LINE_NONE)
			break;
		if (found == GPALD_LINE_WHOLE)
			try_frame(frame, length);
	}
	gpald_line_buffer_clear(&input);
	serving_close();
	return 0;
}
