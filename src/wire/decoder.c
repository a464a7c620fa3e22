/* SPDX-License-Identifier: MIT */
/* Decodes objects by their tables, and the values that all tables share. */
#include "config.h"

#include "wire/decoder.h"

#include "core/request_limits.h"
#include "core/text.h"
#include "wire/size.h"

#include <assert.h>
#include <gpalayout/request.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void gpald_decoder_enter(struct gpald_decoder *decoder, const char *name)
{
	assert(decoder->depth < GPALD_PATH_MAX);
	decoder->path[decoder->depth++] = (struct gpald_path_step){ .name = name };
}

void gpald_decoder_enter_index(struct gpald_decoder *decoder, size_t index)
{
	assert(decoder->depth < GPALD_PATH_MAX);
	decoder->path[decoder->depth++] = (struct gpald_path_step){ .index = index };
}

/*
 * Appends a token of RFC 6901, which writes ~ as ~0 and / as ~1. A token that does not fit is
 * omitted; the pointer then names the parent.
 */
static size_t append_token(char pointer[GPALD_WIRE_POINTER_MAX + 1], size_t length,
			   const char *token)
{
	char *at = pointer + length;
	char *const end = pointer + GPALD_WIRE_POINTER_MAX;

	if (at < end)
		*at++ = '/';
	for (; *token; token++) {
		const bool escaped = *token == '~' || *token == '/';

		if (end - at < (escaped ? 2 : 1))
			break;
		*at++ = (char)(escaped ? '~' : *token);
		if (escaped)
			*at++ = *token == '~' ? '0' : '1';
	}
	if (*token)
		at = pointer + length;
	*at = '\0';
	return (size_t)(at - pointer);
}

static void write_pointer(const struct gpald_decoder *decoder,
			  char pointer[GPALD_WIRE_POINTER_MAX + 1])
{
	size_t length = 0;

	pointer[0] = '\0';
	for (size_t i = 0; i < decoder->depth; i++) {
		const struct gpald_path_step *step = &decoder->path[i];
		char index[24];

		if (!step->name)
			snprintf(index, sizeof(index), "%zu", step->index);
		length = append_token(pointer, length, step->name ? step->name : index);
	}
}

int gpald_decoder_refuse(struct gpald_decoder *decoder, enum gpald_reason reason,
			 const char *format, ...)
{
	struct gpald_wire_error *error = decoder->error;
	va_list args;

	*error = (struct gpald_wire_error){ .reason = reason, .has_pointer = true };
	va_start(args, format);
	vsnprintf(error->message, sizeof(error->message), format, args);
	va_end(args);
	write_pointer(decoder, error->pointer);
	return -1;
}

int gpald_decoder_refuse_type(struct gpald_decoder *decoder, const cJSON *value, const char *wanted)
{
	const char *type = cJSON_IsObject(value) ? "an object" :
			   cJSON_IsArray(value)  ? "an array" :
			   cJSON_IsString(value) ? "a string" :
			   cJSON_IsNumber(value) ? "a number" :
			   cJSON_IsBool(value)   ? "a boolean" :
						   "null";

	return gpald_decoder_refuse(decoder, GPALD_WRONG_TYPE, "expected %s, not %s", wanted, type);
}

int gpald_decoder_refuse_unknown(struct gpald_decoder *decoder, const char *name, const char *known)
{
	return gpald_decoder_refuse(decoder, GPALD_UNKNOWN_MEMBER,
				    "unknown member %.*s; known here: %s",
				    gpald_quotable_length(name), name, known);
}

static const struct gpald_member *find_known_member(const struct gpald_members *members,
						    const char *name)
{
	/* Most names differ in the first letter. */
	for (size_t i = 0; i < members->count; i++)
		if (members->rows[i].name[0] == name[0] && strcmp(members->rows[i].name, name) == 0)
			return &members->rows[i];
	return NULL;
}

int gpald_decode_members(struct gpald_decoder *decoder, const cJSON *object, void *target,
			 const struct gpald_members *members)
{
	const size_t here = decoder->depth;
	uint64_t seen = 0;
	const cJSON *value;

	assert(members->count <= 64);
	if (!cJSON_IsObject(object))
		return gpald_decoder_refuse_type(decoder, object, "an object");
	cJSON_ArrayForEach(value, object)
	{
		const struct gpald_member *row = find_known_member(members, value->string);
		char known[256];

		if (!row && decoder->context->is_reply)
			continue;
		gpald_decoder_enter(decoder, value->string);
		if (!row) {
			known[0] = '\0';
			for (size_t i = 0; i < members->count; i++)
				gpald_append_name(known, sizeof(known), ", ",
						  members->rows[i].name);
			return gpald_decoder_refuse_unknown(decoder, value->string,
							    members->count ? known : "none");
		}
		if (row->decode(decoder, value, (char *)target + row->offset, row))
			return -1;
		seen |= UINT64_C(1) << (row - members->rows);
		decoder->depth = here;
	}
	for (size_t i = 0; i < members->count; i++) {
		if (!members->rows[i].required || (seen & (UINT64_C(1) << i)))
			continue;
		gpald_decoder_enter(decoder, members->rows[i].name);
		return gpald_decoder_refuse(decoder, GPALD_MISSING_MEMBER, "missing member %s",
					    members->rows[i].name);
	}
	return 0;
}

static struct gpald_decoder new_decoder(const struct gpald_decode_context *context,
					struct gpald_arena *arena, struct gpald_wire_error *error)
{
	struct gpald_decoder decoder;

	/* No initializer: the path is large, and each step is written before it is read. */
	decoder.error = error;
	decoder.arena = arena;
	decoder.context = context;
	decoder.depth = 0;
	return decoder;
}

const void *gpald_decode_params(const struct gpald_params *table, const cJSON *params,
				const struct gpald_decode_context *context,
				struct gpald_arena *arena, struct gpald_wire_error *error)
{
	const struct gpald_decode_context no_policy = { .list_page_max = context->list_page_max };
	const cJSON empty = { .type = cJSON_Object };
	void *decoded = gpald_arena_zalloc(arena, 1, table->size);
	struct gpald_decoder decoder =
		new_decoder(table->leaves_policy_open ? &no_policy : context, arena, error);

	if (!decoded) {
		gpald_refuse(error, GPALD_REASON_OF(GPAL_E_NO_MEMORY), "out of memory");
		return NULL;
	}
	if (gpald_decode_members(&decoder, params ? params : &empty, decoded, &table->members) ||
	    (table->check && table->check(decoded, error)))
		return NULL;
	return decoded;
}

int gpald_decode_reply(const struct gpald_members *members, const cJSON *value, void *target,
		       struct gpald_arena *arena, struct gpald_wire_error *error)
{
	static const struct gpald_decode_context context = { .is_reply = true };
	struct gpald_decoder decoder = new_decoder(&context, arena, error);

	return gpald_decode_members(&decoder, value, target, members);
}

/* Single values. */

/* Stores the value of a JSON integer in [0, 2^53 - 1]. Returns 0, or -1 with the error set. */
static int read_integer_value(struct gpald_decoder *decoder, const cJSON *value, uint64_t *integer,
			      enum gpald_reason not_integer)
{
	const double number = value->valuedouble;

	if (number < 0 || number > (double)GPALD_EXACT_MAX)
		return gpald_decoder_refuse(
			decoder, GPALD_REASON_OF(GPAL_E_OUT_OF_RANGE),
			"a JSON number must be an integer from 0 to 2^53 - 1%s",
			not_integer == GPALD_BAD_SIZE ?
				"; write a larger size as a string, such as \"0x20000000000000\"" :
				"");
	if (number != (double)(uint64_t)number)
		return gpald_decoder_refuse(decoder, not_integer, "expected a whole number");
	*integer = (uint64_t)number;
	return 0;
}

int gpald_decode_size(struct gpald_decoder *decoder, const cJSON *value, void *target,
		      const struct gpald_member *member)
{
	uint64_t *size = target;

	(void)member;
	if (cJSON_IsNumber(value))
		return read_integer_value(decoder, value, size, GPALD_BAD_SIZE);
	if (!cJSON_IsString(value))
		return gpald_decoder_refuse_type(decoder, value, "a size: an integer or a string");
	switch (gpald_size_parse(value->valuestring, size)) {
	case GPALD_SIZE_OK:
		return 0;
	case GPALD_SIZE_OVERFLOW:
		return gpald_decoder_refuse(decoder, GPALD_REASON_OF(GPAL_E_OUT_OF_RANGE),
					    "%.*s does not fit in 64 bits",
					    gpald_quotable_length(value->valuestring),
					    value->valuestring);
	case GPALD_SIZE_MALFORMED:
		break;
	}
	return gpald_decoder_refuse(decoder, GPALD_BAD_SIZE,
				    "\"%.*s\" is not a size; write digits with an optional unit "
				    "K, M, G, T or P, such as \"512MiB\", or 0x and hex digits",
				    gpald_quotable_length(value->valuestring), value->valuestring);
}

int gpald_decode_optional_size(struct gpald_decoder *decoder, const cJSON *value, void *target,
			       const struct gpald_member *member)
{
	struct gpal_optional *optional = target;

	if (gpald_decode_size(decoder, value, &optional->value, member))
		return -1;
	optional->set = true;
	return 0;
}

static int decode_bounded_integer(struct gpald_decoder *decoder, const cJSON *value,
				  const struct gpald_member *member, uint64_t *integer)
{
	const struct gpald_integer_range *range = member->extra;

	if (!cJSON_IsNumber(value))
		return gpald_decoder_refuse_type(decoder, value, "an integer");
	if (value->valuedouble >= (double)range->least &&
	    value->valuedouble <= (double)range->greatest)
		return read_integer_value(decoder, value, integer, GPALD_WRONG_TYPE);
	return gpald_decoder_refuse(decoder, GPALD_REASON_OF(GPAL_E_OUT_OF_RANGE),
				    "expected an integer from %" PRIu64 " to %" PRIu64,
				    range->least, range->greatest);
}

int gpald_decode_u8(struct gpald_decoder *decoder, const cJSON *value, void *target,
		    const struct gpald_member *member)
{
	uint64_t integer = 0;

	if (decode_bounded_integer(decoder, value, member, &integer))
		return -1;
	*(uint8_t *)target = (uint8_t)integer;
	return 0;
}

int gpald_decode_u16(struct gpald_decoder *decoder, const cJSON *value, void *target,
		     const struct gpald_member *member)
{
	uint64_t integer = 0;

	if (decode_bounded_integer(decoder, value, member, &integer))
		return -1;
	*(uint16_t *)target = (uint16_t)integer;
	return 0;
}

int gpald_decode_u32(struct gpald_decoder *decoder, const cJSON *value, void *target,
		     const struct gpald_member *member)
{
	uint64_t integer = 0;

	if (decode_bounded_integer(decoder, value, member, &integer))
		return -1;
	*(uint32_t *)target = (uint32_t)integer;
	return 0;
}

int gpald_decode_count(struct gpald_decoder *decoder, const cJSON *value, void *target,
		       const struct gpald_member *member)
{
	(void)member;
	if (!cJSON_IsNumber(value))
		return gpald_decoder_refuse_type(decoder, value, "an integer");
	return read_integer_value(decoder, value, target, GPALD_WRONG_TYPE);
}

int gpald_decode_optional_integer(struct gpald_decoder *decoder, const cJSON *value, void *target,
				  const struct gpald_member *member)
{
	struct gpal_optional *optional = target;

	if (decode_bounded_integer(decoder, value, member, &optional->value))
		return -1;
	optional->set = true;
	return 0;
}

int gpald_decode_bool(struct gpald_decoder *decoder, const cJSON *value, void *target,
		      const struct gpald_member *member)
{
	(void)member;
	if (!cJSON_IsBool(value))
		return gpald_decoder_refuse_type(decoder, value, "a boolean");
	*(bool *)target = cJSON_IsTrue(value);
	return 0;
}

int gpald_decode_text(struct gpald_decoder *decoder, const cJSON *value, void *target,
		      const struct gpald_member *member)
{
	(void)member;
	if (!cJSON_IsString(value))
		return gpald_decoder_refuse_type(decoder, value, "a string");
	*(const char **)target = value->valuestring;
	return 0;
}

int gpald_decode_plain_name(struct gpald_decoder *decoder, const cJSON *value, void *target,
			    const struct gpald_member *member)
{
	const char *name = "";

	if (gpald_decode_text(decoder, value, &name, member))
		return -1;
	if (!gpald_is_plain_name(name, GPALD_NAME_MAX))
		return gpald_decoder_refuse(decoder, GPALD_BAD_NAME,
					    "expected a name of 1 to %d characters from A-Z, "
					    "a-z, 0-9 and ._:-",
					    GPALD_NAME_MAX);
	*(const char **)target = name;
	return 0;
}

static int decode_utf8_text(struct gpald_decoder *decoder, const cJSON *value, void *target,
			    const struct gpald_member *member, size_t most)
{
	const char *name = "";

	if (gpald_decode_text(decoder, value, &name, member))
		return -1;
	if (!gpald_is_utf8_name(name, most))
		return gpald_decoder_refuse(decoder, GPALD_BAD_NAME,
					    "expected a name of 1 to %zu bytes of UTF-8 without "
					    "control characters",
					    most);
	*(const char **)target = name;
	return 0;
}

int gpald_decode_utf8_name(struct gpald_decoder *decoder, const cJSON *value, void *target,
			   const struct gpald_member *member)
{
	return decode_utf8_text(decoder, value, target, member, GPALD_UTF8_NAME_MAX);
}

int gpald_decode_reserved_name(struct gpald_decoder *decoder, const cJSON *value, void *target,
			       const struct gpald_member *member)
{
	return decode_utf8_text(decoder, value, target, member, GPALD_RESERVED_NAME_MAX);
}

int gpald_decode_tag(struct gpald_decoder *decoder, const cJSON *value, void *target,
		     const struct gpald_member *member)
{
	return decode_utf8_text(decoder, value, target, member, GPALD_TAG_MAX);
}

int gpald_decode_range(struct gpald_decoder *decoder, const cJSON *value, void *target,
		       const struct gpald_member *member)
{
	static const struct gpald_member rows[] = {
		{ .name = "start",
		  .decode = gpald_decode_size,
		  .offset = offsetof(struct gpal_range, start),
		  .required = true },
		{ .name = "end",
		  .decode = gpald_decode_size,
		  .offset = offsetof(struct gpal_range, end),
		  .required = true },
	};
	static const struct gpald_members members = GPALD_MEMBERS(rows);

	(void)member;
	return gpald_decode_members(decoder, value, target, &members);
}

int gpald_decode_object(struct gpald_decoder *decoder, const cJSON *value, void *target,
			const struct gpald_member *member)
{
	return gpald_decode_members(decoder, value, target, member->extra);
}

int gpald_decode_enum(struct gpald_decoder *decoder, const cJSON *value, void *target,
		      const struct gpald_member *member)
{
	const struct gpald_enum *names = member->extra;
	const char *text = "";
	char known[256];

	if (gpald_decode_text(decoder, value, &text, member))
		return -1;
	for (int i = 0; i < names->count; i++) {
		if (names->name(i) && strcmp(names->name(i), text) == 0) {
			*(int *)target = i;
			return 0;
		}
	}
	known[0] = '\0';
	for (int i = 0; i < names->count; i++)
		if (names->name(i))
			gpald_append_name(known, sizeof(known), ", ", names->name(i));
	return gpald_decoder_refuse(decoder, GPALD_REASON_OF(GPAL_E_OUT_OF_RANGE),
				    "\"%.*s\" is not one of: %s", gpald_quotable_length(text), text,
				    known);
}

int gpald_decode_list(struct gpald_decoder *decoder, const cJSON *value, void *target,
		      const struct gpald_member *member)
{
	const struct gpald_list *list = member->extra;
	const size_t here = decoder->depth;
	char *base = (char *)target - member->offset;
	const cJSON *element;
	size_t count = 0;
	char *items;

	if (!cJSON_IsArray(value))
		return gpald_decoder_refuse_type(decoder, value, "an array");
	cJSON_ArrayForEach(element, value) count++;
	if (count < list->least)
		return gpald_decoder_refuse(decoder, GPALD_REASON_OF(GPAL_E_OUT_OF_RANGE),
					    "the list has %zu elements; at least %zu are required",
					    count, list->least);
	if (count > list->greatest)
		return gpald_decoder_refuse(decoder, GPALD_REASON_OF(GPAL_E_OUT_OF_RANGE),
					    "the list has %zu elements; at most %zu are allowed",
					    count, list->greatest);
	items = gpald_arena_zalloc(decoder->arena, count, list->element_size);
	if (!items)
		return gpald_refuse(decoder->error, GPALD_REASON_OF(GPAL_E_NO_MEMORY),
				    "out of memory");
	*(void **)target = items;
	*(size_t *)(void *)(base + list->count_offset) = count;

	count = 0;
	cJSON_ArrayForEach(element, value)
	{
		gpald_decoder_enter_index(decoder, count);
		if (list->element.decode(decoder, element, items + count * list->element_size,
					 &list->element))
			return -1;
		decoder->depth = here;
		count++;
	}
	return 0;
}
