/* SPDX-License-Identifier: MIT */
/*
 * Writes JSON. If there is no room, parts of the text are missing and `failed` is set; the caller
 * then discards the text. Most numbers are not formatted with printf(), because a layout has
 * hundreds of them and it is slow.
 */
#include "config.h"

#include "wire/json_write.h"

#include "core/hex.h"

#include <nettle/base64.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define LEAST_CAPACITY ((size_t)4096)
#define QUOTED_HEX_MAX ((size_t)GPALD_HEX_MAX + 2)
#define INTEGER_LENGTH_MAX 20 /* digits of 64 bits, with a sign */

#define YEAR_9999_END_MS INT64_C(253402300799999)

void gpald_writer_clear(struct gpald_writer *w)
{
	gpald_bytes_free(&w->text);
	free(w->form_state);
	*w = (struct gpald_writer){ 0 };
}

void gpald_writer_reset(struct gpald_writer *w, size_t length)
{
	w->text.length = length;
	w->failed = false;
	w->form = NULL;
}

bool gpald_writer_grow(struct gpald_writer *w, size_t length)
{
	if (!w->failed && !w->is_fixed && gpald_bytes_grow(&w->text, length, LEAST_CAPACITY))
		return true;
	w->failed = true;
	return false;
}

/* Returns whether a byte of UTF-8 needs no escape in a JSON string. */
static bool is_plain(char byte)
{
	return (unsigned char)byte >= 0x20 && byte != '"' && byte != '\\';
}

/*
 * Returns a value other than 0 if one of the eight bytes is less than `least`, which is at most
 * 0x80.
 */
static uint64_t has_less(uint64_t bytes, unsigned char least)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);

	return (bytes - ones * least) & ~bytes & ones * 0x80;
}

/* Returns how many bytes at the start need no escape. It looks at eight bytes at a time. */
static size_t count_plain(const char *text, size_t length)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	size_t plain = 0;
	uint64_t bytes;

	for (; length - plain >= sizeof(bytes); plain += sizeof(bytes)) {
		memcpy(&bytes, text + plain, sizeof(bytes));
		if (has_less(bytes, 0x20) | has_less(bytes ^ ones * '"', 1) |
		    has_less(bytes ^ ones * '\\', 1))
			break;
	}
	while (plain < length && is_plain(text[plain]))
		plain++;
	return plain;
}

static void write_escape(struct gpald_writer *w, char byte)
{
	static const char meanings[] = "\b\f\n\r\t\"\\", letters[] = "bfnrt\"\\";
	const char *meaning = strchr(meanings, byte);
	char escape[] = "\\u00??";

	if (meaning) {
		escape[1] = letters[meaning - meanings];
		gpald_write_bytes(w, escape, 2);
		return;
	}
	escape[4] = (char)('0' + (byte >> 4));
	escape[5] = "0123456789abcdef"[byte & 0xf];
	gpald_write_bytes(w, escape, 6);
}

void gpald_write_text_value(struct gpald_writer *w, const char *text)
{
	size_t length = strlen(text);

	gpald_write_bytes(w, "\"", 1);
	for (;;) {
		const size_t plain = count_plain(text, length);

		gpald_write_bytes(w, text, plain);
		if (plain == length)
			break;
		write_escape(w, text[plain]);
		text += plain + 1;
		length -= plain + 1;
	}
	gpald_write_bytes(w, "\"", 1);
}

/* Writes an address or a size in quotes. Returns its end. */
static char *put_quoted_hex(char *at, uint64_t value)
{
	*at++ = '"';
	at = gpald_put_hex(at, value);
	*at++ = '"';
	return at;
}

void gpald_write_hex_value(struct gpald_writer *w, uint64_t value)
{
	if (gpald_writer_reserve(w, QUOTED_HEX_MAX))
		w->text.length = (size_t)(put_quoted_hex(w->text.data + w->text.length, value) -
					  w->text.data);
}

void gpald_write_bounds_value(struct gpald_writer *w, struct gpal_range range)
{
	static const char start[] = "\"start\":", end[] = ",\"end\":";
	char *at;

	if (!gpald_writer_reserve(w, sizeof(start) + sizeof(end) + 2 * QUOTED_HEX_MAX))
		return;
	at = w->text.data + w->text.length;
	memcpy(at, start, sizeof(start) - 1);
	at = put_quoted_hex(at + sizeof(start) - 1, range.start);
	memcpy(at, end, sizeof(end) - 1);
	at = put_quoted_hex(at + sizeof(end) - 1, range.end);
	w->text.length = (size_t)(at - w->text.data);
}

void gpald_write_integer_value(struct gpald_writer *w, int64_t value)
{
	uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;
	char digits[INTEGER_LENGTH_MAX];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + left % 10);
		left /= 10;
	} while (left > 0);
	if (value < 0)
		digits[--at] = '-';
	gpald_write_bytes(w, digits + at, sizeof(digits) - at);
}

void gpald_write_base64(struct gpald_writer *w, const char *key, const uint8_t *bytes,
			size_t length)
{
	const size_t text_length = BASE64_ENCODE_RAW_LENGTH(length);

	if (w->form) {
		w->form->bytes(w, key, bytes, length);
		return;
	}
	if (!gpald_write_key(w, key, text_length + 2))
		return;
	w->text.data[w->text.length++] = '"';
	base64_encode_raw(w->text.data + w->text.length, length, bytes);
	w->text.length += text_length;
	w->text.data[w->text.length++] = '"';
}

void gpald_write_time(struct gpald_writer *w, const char *key, int64_t ms)
{
	const int64_t shown = ms < 0 ? 0 : ms > YEAR_9999_END_MS ? YEAR_9999_END_MS : ms;
	const time_t seconds = (time_t)(shown / 1000);
	char text[32];
	struct tm utc;
	size_t length;

	gmtime_r(&seconds, &utc);
	length = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + length, sizeof(text) - length, ".%03dZ", (int)(shown % 1000));
	gpald_write_text(w, key, text);
}
