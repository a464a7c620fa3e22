/* SPDX-License-Identifier: MIT */
/*
 * Reads a message by its schema. The recursion is only as deep as the schema, because a field that
 * the schema does not have is refused.
 */
#include "config.h"

#include "ttrpc/protobuf_read.h"

#include "core/hex.h"
#include "core/text.h"
#include "proto/gpalayout.pb-c.h"
#include "wire/decoder.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define FIELDS_MAX 64 /* in a message; a test checks each message of a request */

static bool read_varint(struct gpald_protobuf_cursor *cursor, uint64_t *value)
{
	*value = 0;
	for (unsigned int shift = 0; shift < 64 && cursor->at < cursor->end; shift += 7) {
		const uint8_t byte = *cursor->at++;

		/* The tenth byte has one bit left. */
		if (shift == 63 && byte > 1)
			return false;
		*value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return true;
	}
	return false;
}

static bool take_bytes(struct gpald_protobuf_cursor *cursor, uint64_t length, const uint8_t **bytes)
{
	if (length > (uint64_t)(cursor->end - cursor->at))
		return false;
	*bytes = cursor->at;
	cursor->at += length;
	return true;
}

int gpald_protobuf_next(struct gpald_protobuf_cursor *cursor, struct gpald_protobuf_field *field)
{
	uint64_t tag;
	bool is_whole;

	if (cursor->at == cursor->end)
		return 0;
	if (!read_varint(cursor, &tag) || tag >> 3 == 0 || tag > UINT32_MAX)
		return -1;
	field->number = (uint32_t)(tag >> 3);
	field->type = tag & 7;
	field->value = 0;
	switch (field->type) {
	case GPALD_PROTOBUF_VARINT:
		is_whole = read_varint(cursor, &field->value);
		break;
	case GPALD_PROTOBUF_LENGTH:
		is_whole = read_varint(cursor, &field->value) &&
			   take_bytes(cursor, field->value, &field->bytes);
		break;
	case GPALD_PROTOBUF_FIXED64:
	case GPALD_PROTOBUF_FIXED32:
		is_whole = take_bytes(cursor, field->type == GPALD_PROTOBUF_FIXED64 ? 8 : 4,
				      &field->bytes);
		break;
	default:
		is_whole = false;
	}
	return is_whole ? 1 : -1;
}

struct reader {
	struct gpald_decoder decoder;
	size_t values_left;
};

static int refuse_message(struct reader *r)
{
	return gpald_decoder_refuse(&r->decoder, GPALD_INVALID_REQUEST,
				    "the bytes are not a complete protobuf message");
}

static cJSON *new_value(struct reader *r, int type)
{
	cJSON *value;

	if (r->values_left == 0) {
		gpald_decoder_refuse(&r->decoder, GPALD_TOO_MANY_VALUES,
				     "the message has too many values; at most %d are allowed",
				     GPALD_JSON_VALUES_MAX);
		return NULL;
	}
	r->values_left--;
	value = gpald_arena_zalloc(r->decoder.arena, 1, sizeof(*value));
	if (value)
		value->type = type;
	else
		gpald_refuse(r->decoder.error, GPALD_REASON_OF(GPAL_E_NO_MEMORY), "out of memory");
	return value;
}

/* In cJSON, the `prev` of the first item is the last item. */
static void append_item(cJSON *list, cJSON *value)
{
	if (!list->child) {
		list->child = value->prev = value;
		return;
	}
	value->prev = list->child->prev;
	value->prev->next = value;
	list->child->prev = value;
}

/* Returns a text of this length. The caller writes its bytes and its NUL. */
static cJSON *new_text(struct reader *r, uint64_t length)
{
	cJSON *value = new_value(r, cJSON_String);

	if (!value)
		return NULL;
	value->valuestring = gpald_arena_text(r->decoder.arena, length + 1);
	if (value->valuestring)
		return value;
	gpald_refuse(r->decoder.error, GPALD_REASON_OF(GPAL_E_NO_MEMORY), "out of memory");
	return NULL;
}

static cJSON *read_text(struct reader *r, const uint8_t *bytes, uint64_t length)
{
	cJSON *value;

	if (memchr(bytes, '\0', length)) {
		gpald_decoder_refuse(&r->decoder, GPALD_INVALID_REQUEST,
				     "a string must not have a NUL");
		return NULL;
	}
	value = new_text(r, length);
	if (!value)
		return NULL;
	memcpy(value->valuestring, bytes, length);
	value->valuestring[length] = '\0';
	if (!gpald_is_utf8(value->valuestring)) {
		gpald_decoder_refuse(&r->decoder, GPALD_INVALID_UTF8, "a string must be UTF-8");
		return NULL;
	}
	return value;
}

/* Makes a text of a size. A size may be a text in every member, and in a layout it must be one. */
static cJSON *make_size(struct reader *r, uint64_t size)
{
	cJSON *value = new_text(r, GPALD_HEX_MAX);

	if (value)
		*gpald_put_hex(value->valuestring, size) = '\0';
	return value;
}

static cJSON *make_number(struct reader *r, const ProtobufCFieldDescriptor *field, uint64_t number)
{
	cJSON *value;

	switch (field->type) {
	case PROTOBUF_C_TYPE_BOOL:
		return new_value(r, number ? cJSON_True : cJSON_False);
	case PROTOBUF_C_TYPE_UINT64:
		return make_size(r, number);
	case PROTOBUF_C_TYPE_UINT32:
		/* Protobuf requires that a uint32 is cut to 32 bits. */
		number = (uint32_t)number;
		break;
	default:
		break;
	}
	value = new_value(r, cJSON_Number);
	if (value)
		value->valuedouble = field->type == PROTOBUF_C_TYPE_INT64 ?
					     (double)(int64_t)number :
					     (double)number;
	return value;
}

static enum gpald_protobuf_wire_type wire_type_of(const ProtobufCFieldDescriptor *field)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_MESSAGE:
	case PROTOBUF_C_TYPE_STRING:
		return GPALD_PROTOBUF_LENGTH;
	default:
		return GPALD_PROTOBUF_VARINT;
	}
}

static const char *type_name(const ProtobufCFieldDescriptor *field)
{
	return field->type == PROTOBUF_C_TYPE_MESSAGE ? "a message" :
	       field->type == PROTOBUF_C_TYPE_STRING  ? "a string" :
							"a number";
}

static int read_fields(struct reader *r, const ProtobufCMessageDescriptor *message,
		       struct gpald_protobuf_cursor cursor, cJSON *object);

static cJSON *read_field_value(struct reader *r, const ProtobufCFieldDescriptor *field,
			       const struct gpald_protobuf_field *given)
{
	cJSON *value;

	if (field->type == PROTOBUF_C_TYPE_STRING)
		return read_text(r, given->bytes, given->value);
	if (field->type != PROTOBUF_C_TYPE_MESSAGE)
		return make_number(r, field, given->value);
	value = new_value(r, cJSON_Object);
	if (!value ||
	    read_fields(r, field->descriptor,
			(struct gpald_protobuf_cursor){ given->bytes, given->bytes + given->value },
			value))
		return NULL;
	return value;
}

static int read_element(struct reader *r, const ProtobufCFieldDescriptor *field,
			const struct gpald_protobuf_field *given, cJSON *list, size_t *index)
{
	cJSON *value;

	gpald_decoder_enter_index(&r->decoder, *index);
	value = read_field_value(r, field, given);
	if (!value)
		return -1;
	r->decoder.depth--;
	append_item(list, value);
	++*index;
	return 0;
}

static int read_packed(struct reader *r, const ProtobufCFieldDescriptor *field,
		       const struct gpald_protobuf_field *given, cJSON *list, size_t *index)
{
	struct gpald_protobuf_cursor cursor = { given->bytes, given->bytes + given->value };
	struct gpald_protobuf_field element = { .type = GPALD_PROTOBUF_VARINT };

	while (cursor.at < cursor.end) {
		if (!read_varint(&cursor, &element.value))
			return refuse_message(r);
		if (read_element(r, field, &element, list, index))
			return -1;
	}
	return 0;
}

/* In JSON, "all" is a text and not a list with one element. */
static void unwrap_refuse_all(const ProtobufCFieldDescriptor *field, cJSON *list)
{
	if (strcmp(field->name, "refuse") != 0 || list->child->next ||
	    strcmp(list->child->valuestring, "all") != 0)
		return;
	list->type = cJSON_String;
	list->valuestring = list->child->valuestring;
	list->child = NULL;
}

/* The value of a field so far. */
struct slot {
	cJSON *value; /* NULL: the field has not been read */
	size_t count; /* elements, if the field is repeated */
};

/* Reads one occurrence of a field. */
static int read_field(struct reader *r, const ProtobufCFieldDescriptor *field,
		      const struct gpald_protobuf_field *given, cJSON *object, struct slot *slot)
{
	const bool is_list = field->label == PROTOBUF_C_LABEL_REPEATED;
	const bool is_packed = is_list && given->type == GPALD_PROTOBUF_LENGTH &&
			       wire_type_of(field) == GPALD_PROTOBUF_VARINT;

	if (given->type != wire_type_of(field) && !is_packed)
		return gpald_decoder_refuse(&r->decoder, GPALD_WRONG_TYPE,
					    "expected %s, not wire type %u", type_name(field),
					    given->type);
	if (slot->value && !is_list)
		return gpald_decoder_refuse(&r->decoder, GPALD_DUPLICATE_KEY,
					    "the field is there twice");
	if (!slot->value) {
		slot->value = is_list ? new_value(r, cJSON_Array) :
					read_field_value(r, field, given);
		if (!slot->value)
			return -1;
		slot->value->string = (char *)field->name;
		append_item(object, slot->value);
	}
	if (is_packed)
		return read_packed(r, field, given, slot->value, &slot->count);
	return is_list ? read_element(r, field, given, slot->value, &slot->count) : 0;
}

static bool has_default(const ProtobufCFieldDescriptor *field)
{
	return field->label == PROTOBUF_C_LABEL_NONE &&
	       !(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
	       field->type != PROTOBUF_C_TYPE_MESSAGE;
}

/*
 * Returns true if a missing field becomes an empty list, which a layout must have and protobuf
 * omits.
 */
static bool is_required_list(const ProtobufCMessageDescriptor *message,
			     const ProtobufCFieldDescriptor *field)
{
	return message == &gpalayout__v1__layout__descriptor &&
	       strcmp(field->name, "warnings") == 0;
}

static int read_fields(struct reader *r, const ProtobufCMessageDescriptor *message,
		       struct gpald_protobuf_cursor cursor, cJSON *object)
{
	static const struct gpald_protobuf_field zero = { .bytes = (const uint8_t *)"" };
	struct slot slots[FIELDS_MAX];
	struct gpald_protobuf_field given;
	int more;

	assert(message->n_fields <= FIELDS_MAX);
	/* Only the slots of this message are cleared, because most messages are small. */
	memset(slots, 0, message->n_fields * sizeof(slots[0]));
	while ((more = gpald_protobuf_next(&cursor, &given)) > 0) {
		const ProtobufCFieldDescriptor *field =
			protobuf_c_message_descriptor_get_field(message, given.number);
		const size_t at = field ? (size_t)(field - message->fields) : 0;

		if (!field)
			return gpald_decoder_refuse(&r->decoder, GPALD_UNKNOWN_MEMBER,
						    "%s has no field %" PRIu32, message->short_name,
						    given.number);
		gpald_decoder_enter(&r->decoder, field->name);
		if (read_field(r, field, &given, object, &slots[at]))
			return -1;
		r->decoder.depth--;
	}
	if (more < 0)
		return refuse_message(r);
	for (unsigned int i = 0; i < message->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &message->fields[i];
		cJSON *value;

		if (slots[i].count == 1)
			unwrap_refuse_all(field, slots[i].value);
		if (slots[i].value || (!has_default(field) && !is_required_list(message, field)))
			continue;
		value = has_default(field) ? read_field_value(r, field, &zero) :
					     new_value(r, cJSON_Array);
		if (!value)
			return -1;
		value->string = (char *)field->name;
		append_item(object, value);
	}
	return 0;
}

int gpald_protobuf_read(const ProtobufCMessageDescriptor *message, const uint8_t *bytes,
			size_t length, struct gpald_arena *arena, const cJSON **value,
			struct gpald_wire_error *error)
{
	struct reader reader = {
		.decoder = { .error = error, .arena = arena },
		.values_left = GPALD_JSON_VALUES_MAX,
	};
	cJSON *object = new_value(&reader, cJSON_Object);

	*value = object;
	return object && read_fields(&reader, message,
				     (struct gpald_protobuf_cursor){ bytes, bytes + length },
				     object) == 0 ?
		       0 :
		       -1;
}
