/* SPDX-License-Identifier: MIT */
/*
 * Writes JSON as text, from left to right. If the writer has a form, such as protobuf, the same
 * calls write that form instead. If memory runs out, the writer sets `failed`, and further calls
 * do no harm. Check `failed` before you use the text.
 *
 * Each function writes a member of the open object under `key`. If `key` is NULL, it writes an
 * element of the open array, or the whole text. Keys must not need escapes. The functions write the
 * commas: none at the start of the text, after an opening bracket or after a colon; one elsewhere.
 */
#ifndef GPALD_WIRE_JSON_WRITE_H
#define GPALD_WIRE_JSON_WRITE_H

#include "core/bytes.h"

#include <gpalayout/export.h>
#include <gpalayout/range.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Zero a writer before use, and call gpald_writer_clear() at the end, unless it is fixed. */
struct gpald_writer {
	struct gpald_bytes text; /* without a NUL */
	bool is_fixed; /* the text belongs to the caller, and its capacity does not grow */
	bool failed;   /* memory ran out, or a fixed text is full */

	const struct gpald_form *form; /* NULL: JSON */
	void *form_state;              /* owned by the writer; NULL: the form needs none yet */
};

/*
 * A form other than JSON: the functions below call these instead. An integer may be signed and is
 * then in two's complement. `bytes` are text without a NUL, or binary data; NULL stands for null.
 * Raw text is JSON.
 */
struct gpald_form {
	void (*object)(struct gpald_writer *w, const char *key);
	void (*object_end)(struct gpald_writer *w);
	void (*array)(struct gpald_writer *w, const char *key);
	void (*array_end)(struct gpald_writer *w);
	void (*integer)(struct gpald_writer *w, const char *key, uint64_t value);
	void (*bytes)(struct gpald_writer *w, const char *key, const void *bytes, size_t length);
	void (*raw)(struct gpald_writer *w, const char *key, const char *json, size_t length);

	/* Initialises a writer for members of the data of an error. */
	void (*begin_error_members)(struct gpald_writer *part);
};

/* Initialises a writer for members of the data of an error, in the form of `w`. */
static inline void gpald_writer_begin_error_members(struct gpald_writer *part,
						    const struct gpald_writer *w)
{
	*part = (struct gpald_writer){ 0 };
	if (w->form)
		w->form->begin_error_members(part);
}

/* Frees the text. The writer can be used again. */
void gpald_writer_clear(struct gpald_writer *w);

/* Cuts the text back to `length` bytes, and clears `failed` and `form`. */
void gpald_writer_reset(struct gpald_writer *w, size_t length);

/*
 * Both functions make room for `length` more bytes. They return false, and set `failed`, if memory
 * ran out or a fixed text is full.
 */
GPAL_MUST_USE bool gpald_writer_grow(struct gpald_writer *w, size_t length);

GPAL_MUST_USE static inline bool gpald_writer_reserve(struct gpald_writer *w, size_t length)
{
	return w->text.capacity - w->text.length >= length || gpald_writer_grow(w, length);
}

/* Writes bytes as they are. */
static inline void gpald_write_bytes(struct gpald_writer *w, const char *bytes, size_t length)
{
	if (!gpald_writer_reserve(w, length))
		return;
	memcpy(w->text.data + w->text.length, bytes, length);
	w->text.length += length;
}

/*
 * Writes a comma if one is needed, and the key, and makes room for `length` more bytes, which the
 * caller then writes. Returns false if there is no room. It is inline so that the compiler knows
 * the length of a key.
 */
GPAL_MUST_USE static inline bool gpald_write_key(struct gpald_writer *w, const char *key,
						 size_t length)
{
	const size_t key_length = key ? strlen(key) : 0;
	char before = '[', *at;

	if (!gpald_writer_reserve(w, key_length + length + 4))
		return false;
	at = w->text.data + w->text.length;
	if (w->text.length > 0)
		before = at[-1];
	/* No value ends with one of these: strings end with a quote. */
	if (before != '{' && before != '[' && before != ':')
		*at++ = ',';
	if (key) {
		*at++ = '"';
		/* There is room for the NUL of stpcpy(). The quote replaces it. */
		at = stpcpy(at, key);
		*at++ = '"';
		*at++ = ':';
	}
	w->text.length = (size_t)(at - w->text.data);
	return true;
}

/* Writes a value that is JSON already, such as a number as text. */
static inline void gpald_write_raw(struct gpald_writer *w, const char *key, const char *json,
				   size_t length)
{
	if (w->form)
		w->form->raw(w, key, json, length);
	else if (gpald_write_key(w, key, length))
		gpald_write_bytes(w, json, length);
}

/* Opens an object; the following functions close it, and open and close an array. */
static inline void gpald_write_object(struct gpald_writer *w, const char *key)
{
	if (w->form)
		w->form->object(w, key);
	else if (gpald_write_key(w, key, 1))
		w->text.data[w->text.length++] = '{';
}

static inline void gpald_write_array(struct gpald_writer *w, const char *key)
{
	if (w->form)
		w->form->array(w, key);
	else if (gpald_write_key(w, key, 1))
		w->text.data[w->text.length++] = '[';
}

static inline void gpald_write_object_end(struct gpald_writer *w)
{
	if (w->form)
		w->form->object_end(w);
	else
		gpald_write_bytes(w, "}", 1);
}

static inline void gpald_write_array_end(struct gpald_writer *w)
{
	if (w->form)
		w->form->array_end(w);
	else
		gpald_write_bytes(w, "]", 1);
}

static inline void gpald_write_bool(struct gpald_writer *w, const char *key, bool value)
{
	if (w->form)
		w->form->integer(w, key, value);
	else
		gpald_write_raw(w, key, value ? "true" : "false", value ? 4 : 5);
}

/* Write the value after its key; for the functions below. */
void gpald_write_text_value(struct gpald_writer *w, const char *text);
void gpald_write_hex_value(struct gpald_writer *w, uint64_t value);
void gpald_write_integer_value(struct gpald_writer *w, int64_t value);
void gpald_write_bounds_value(struct gpald_writer *w, struct gpal_range range);

/* Writes UTF-8 text, with escapes where JSON needs them; NULL as null. */
static inline void gpald_write_text(struct gpald_writer *w, const char *key, const char *text)
{
	if (w->form)
		w->form->bytes(w, key, text, text ? strlen(text) : 0);
	else if (!text)
		gpald_write_raw(w, key, "null", 4);
	else if (gpald_write_key(w, key, 0))
		gpald_write_text_value(w, text);
}

static inline void gpald_write_integer(struct gpald_writer *w, const char *key, int64_t value)
{
	if (w->form)
		w->form->integer(w, key, (uint64_t)value);
	else if (gpald_write_key(w, key, 0))
		gpald_write_integer_value(w, value);
}

/* Writes an address or a size as "0x...". */
static inline void gpald_write_hex(struct gpald_writer *w, const char *key, uint64_t value)
{
	if (w->form)
		w->form->integer(w, key, value);
	else if (gpald_write_key(w, key, 0))
		gpald_write_hex_value(w, value);
}

/* Writes the members "start" and "end" of the open object. */
static inline void gpald_write_bounds(struct gpald_writer *w, struct gpal_range range)
{
	if (w->form) {
		w->form->integer(w, "start", range.start);
		w->form->integer(w, "end", range.end);
	} else if (gpald_write_key(w, NULL, 0)) {
		gpald_write_bounds_value(w, range);
	}
}

/* Writes {"start", "end"}. */
static inline void gpald_write_range(struct gpald_writer *w, const char *key,
				     struct gpal_range range)
{
	gpald_write_object(w, key);
	gpald_write_bounds(w, range);
	gpald_write_object_end(w);
}

/* Does the same, but writes nothing if the range is empty. */
static inline void gpald_write_nonempty_range(struct gpald_writer *w, const char *key,
					      struct gpal_range range)
{
	if (!gpal_range_is_empty(range))
		gpald_write_range(w, key, range);
}

/* Writes bytes in base64. Source: RFC 4648, section 4. */
void gpald_write_base64(struct gpald_writer *w, const char *key, const uint8_t *bytes,
			size_t length);

/*
 * Writes a time, given in milliseconds since 1970-01-01 UTC, as "2026-11-22T15:04:05.123Z". A time
 * outside the years 1970 to 9999 is written as the nearest one inside.
 */
void gpald_write_time(struct gpald_writer *w, const char *key, int64_t ms);

#endif
