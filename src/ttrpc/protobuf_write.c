/* SPDX-License-Identifier: MIT */
/*
 * A length precedes the bytes that it counts, and is known only after them. One byte is reserved
 * for it, which is enough for most messages. If it needs more, the bytes after it are moved.
 */
#include "config.h"

#include "ttrpc/protobuf_write.h"

#include "proto/gpalayout.pb-c.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define VARINT_MAX ((size_t)10)
#define DEPTH_MAX 24

enum wire_type {
	VARINT = 0,
	LENGTH = 2
};

enum level_kind {
	ROOT,
	MESSAGE,
	LIST,   /* of messages or texts, each a field of its own */
	PACKED, /* of numbers, which are one field */
	MAP,    /* an entry ends when the next one begins */
};

struct level {
	enum level_kind kind;
	const ProtobufCMessageDescriptor *message; /* whose fields are written */
	const ProtobufCFieldDescriptor *field;     /* of each element of a list or map */
	size_t start;       /* of the content whose length is not known yet; 0: there is none */
	size_t head_length; /* PACKED: bytes of the tag and the length before `start` */
	unsigned int next;  /* index of the likely next field */
};

struct level_stack {
	struct level *top;
	struct level levels[DEPTH_MAX]; /* the first is the root */
};

static struct level_stack *stack_of(const struct gpald_writer *w)
{
	return w->form_state;
}

/* Bytes. */

/* Writes a varint. Returns its end. */
static char *put_varint(char *at, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		*at++ = (char)(value | 0x80);
	*at++ = (char)value;
	return at;
}

static void write_varint(struct gpald_writer *w, uint64_t value)
{
	if (gpald_writer_reserve(w, VARINT_MAX))
		w->text.length =
			(size_t)(put_varint(w->text.data + w->text.length, value) - w->text.data);
}

/* Writes the tag of a field and the number that follows it. */
static void write_field(struct gpald_writer *w, uint32_t field, enum wire_type type, uint64_t value)
{
	char *at;

	if (!gpald_writer_reserve(w, 2 * VARINT_MAX))
		return;
	at = put_varint(w->text.data + w->text.length, (uint64_t)field << 3 | type);
	w->text.length = (size_t)(put_varint(at, value) - w->text.data);
}

void gpald_protobuf_write_number(struct gpald_writer *w, uint32_t field, uint64_t value)
{
	write_field(w, field, VARINT, value);
}

void gpald_protobuf_write_bytes(struct gpald_writer *w, uint32_t field, const void *bytes,
				size_t length)
{
	write_field(w, field, LENGTH, length);
	gpald_write_bytes(w, bytes, length);
}

size_t gpald_protobuf_begin_field(struct gpald_writer *w, uint32_t field)
{
	write_field(w, field, LENGTH, 0);
	return w->text.length;
}

void gpald_protobuf_end_field(struct gpald_writer *w, size_t start)
{
	char varint[VARINT_MAX];
	size_t length, more;

	if (w->failed)
		return;
	length = w->text.length - start;
	if (length < 0x80) {
		w->text.data[start - 1] = (char)length;
		return;
	}
	more = (size_t)(put_varint(varint, length) - varint) - 1;
	if (!gpald_writer_reserve(w, more))
		return;
	memmove(w->text.data + start + more, w->text.data + start, length);
	memcpy(w->text.data + start - 1, varint, more + 1);
	w->text.length += more;
}

/* The open messages. */

static struct level *current_level(struct gpald_writer *w)
{
	return stack_of(w)->top;
}

static void push_level(struct gpald_writer *w, enum level_kind kind,
		       const ProtobufCFieldDescriptor *field, size_t start)
{
	struct level_stack *stack = stack_of(w);

	assert(stack->top < &stack->levels[DEPTH_MAX - 1]);
	*++stack->top = (struct level){
		.kind = kind,
		.message = field->descriptor,
		.field = field,
		.start = start,
	};
}

/* Starts the search after the last field found, because members come in the order of the schema. */
static __attribute__((noinline)) const ProtobufCFieldDescriptor *find_field(struct level *level,
									    const char *key)
{
	const ProtobufCMessageDescriptor *message = level->message;

	for (unsigned int i = 0; i < message->n_fields; i++) {
		const unsigned int at = (level->next + i) % message->n_fields;

		if (strcmp(message->fields[at].name, key) == 0) {
			level->next = at + 1;
			return &message->fields[at];
		}
	}
	/* Each member of the protocol has a field. */
	assert(false);
	return NULL;
}

/* Begins an entry of a map and writes its key; returns the field of the value. */
static __attribute__((noinline)) const ProtobufCFieldDescriptor *
start_entry(struct gpald_writer *w, struct level *map, const char *key)
{
	if (map->start > 0)
		gpald_protobuf_end_field(w, map->start);
	map->start = gpald_protobuf_begin_field(w, map->field->id);
	gpald_protobuf_write_bytes(w, map->message->fields[0].id, key, strlen(key));
	return &map->message->fields[1];
}

/*
 * Returns the field of the next value; NULL: the writer has failed. Most keys name the next field,
 * and are even the same literal, which the linker stores once, so their addresses are compared. The
 * two functions above are not inlined: otherwise start_field() saves their registers for each key,
 * and takes twice as long.
 */
static const ProtobufCFieldDescriptor *start_field(struct gpald_writer *w, const char *key)
{
	struct level *level = current_level(w);
	const ProtobufCMessageDescriptor *message = level->message;

	if (w->failed)
		return NULL;
	switch (level->kind) {
	case LIST:
	case PACKED:
		return level->field;
	case MAP:
		return start_entry(w, level, key);
	default:
		if (level->next < message->n_fields && message->fields[level->next].name == key)
			return &message->fields[level->next++];
		return find_field(level, key);
	}
}

/* Returns true if a value is the whole message, and not one of its fields. */
static bool is_root(struct gpald_writer *w, const char *key)
{
	return current_level(w)->kind == ROOT && !key;
}

static void write_object(struct gpald_writer *w, const char *key)
{
	const ProtobufCFieldDescriptor *field;

	if (is_root(w, key))
		return;
	field = start_field(w, key);
	if (!field)
		return;
	assert(field->type == PROTOBUF_C_TYPE_MESSAGE);
	if (field->label == PROTOBUF_C_LABEL_REPEATED && current_level(w)->kind != LIST)
		push_level(w, MAP, field, 0);
	else
		push_level(w, MESSAGE, field, gpald_protobuf_begin_field(w, field->id));
}

static void write_object_end(struct gpald_writer *w)
{
	struct level *level = current_level(w);

	if (w->failed || level->kind == ROOT)
		return;
	if (level->start > 0)
		gpald_protobuf_end_field(w, level->start);
	stack_of(w)->top--;
}

static void write_array(struct gpald_writer *w, const char *key)
{
	const ProtobufCFieldDescriptor *field = start_field(w, key);
	size_t before;

	if (!field)
		return;
	assert(field->label == PROTOBUF_C_LABEL_REPEATED);
	before = w->text.length;
	if (field->flags & PROTOBUF_C_FIELD_FLAG_PACKED) {
		push_level(w, PACKED, field, gpald_protobuf_begin_field(w, field->id));
		current_level(w)->head_length = w->text.length - before;
	} else {
		push_level(w, LIST, field, 0);
	}
}

static void write_array_end(struct gpald_writer *w)
{
	struct level *level = current_level(w);

	if (w->failed)
		return;
	/* An empty list is not written. */
	if (level->kind == PACKED && w->text.length == level->start)
		w->text.length -= level->head_length;
	else if (level->kind == PACKED)
		gpald_protobuf_end_field(w, level->start);
	stack_of(w)->top--;
}

/* Values. */

static bool is_omitted(const ProtobufCFieldDescriptor *field, bool is_default)
{
	return is_default && field->label == PROTOBUF_C_LABEL_NONE &&
	       !(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF);
}

/* Returns the field with this name inside a field that is a message; NULL: there is none. */
static const ProtobufCFieldDescriptor *find_inner_field(const ProtobufCFieldDescriptor *field,
							const char *name)
{
	return field->type == PROTOBUF_C_TYPE_MESSAGE ?
		       protobuf_c_message_descriptor_get_field_by_name(field->descriptor, name) :
		       NULL;
}

static void write_inner(struct gpald_writer *w, const ProtobufCFieldDescriptor *field,
			const char *name, uint64_t value)
{
	const ProtobufCFieldDescriptor *in = find_inner_field(field, name);
	const size_t content = gpald_protobuf_begin_field(w, field->id);

	assert(in);
	gpald_protobuf_write_number(w, in->id, value);
	gpald_protobuf_end_field(w, content);
}

static void write_integer(struct gpald_writer *w, const char *key, uint64_t value)
{
	const ProtobufCFieldDescriptor *field = start_field(w, key);

	if (!field)
		return;
	if (current_level(w)->kind == PACKED)
		write_varint(w, value);
	else if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		write_inner(w, field, "size", value);
	else if (!is_omitted(field, value == 0))
		gpald_protobuf_write_number(w, field->id, value);
}

static void write_bytes(struct gpald_writer *w, const char *key, const void *bytes, size_t length)
{
	const ProtobufCFieldDescriptor *field = start_field(w, key);

	if (!field)
		return;
	if (!bytes) {
		if (find_inner_field(field, "none"))
			write_inner(w, field, "none", true);
	} else if (!is_omitted(field, length == 0)) {
		assert(field->type == PROTOBUF_C_TYPE_STRING ||
		       field->type == PROTOBUF_C_TYPE_BYTES);
		gpald_protobuf_write_bytes(w, field->id, bytes, length);
	}
}

static void write_raw_field(struct gpald_writer *w, const char *key, const char *json,
			    size_t length)
{
	if (is_root(w, key))
		write_bytes(w, "document", json, length);
	else
		write_bytes(w, key, length == 4 && memcmp(json, "null", 4) == 0 ? NULL : json,
			    length);
}

static void begin_error_members(struct gpald_writer *part)
{
	gpald_protobuf_begin_message(part, &gpalayout__v1__error_data__descriptor);
}

static const struct gpald_form form = {
	.object = write_object,
	.object_end = write_object_end,
	.array = write_array,
	.array_end = write_array_end,
	.integer = write_integer,
	.bytes = write_bytes,
	.raw = write_raw_field,
	.begin_error_members = begin_error_members,
};

void gpald_protobuf_begin_message(struct gpald_writer *w, const ProtobufCMessageDescriptor *message)
{
	if (!w->form_state)
		w->form_state = malloc(sizeof(struct level_stack));
	if (!w->form_state) {
		w->failed = true;
		return;
	}
	stack_of(w)->top = stack_of(w)->levels;
	*current_level(w) = (struct level){ .kind = ROOT, .message = message };
	w->form = &form;
}

void gpald_protobuf_end_message(struct gpald_writer *w)
{
	assert(!w->form || w->failed || current_level(w)->kind == ROOT);
	w->form = NULL;
}
