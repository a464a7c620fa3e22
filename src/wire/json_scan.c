/* SPDX-License-Identifier: MIT */
/*
 * Scans strings, numbers and words. Sources: RFC 8259, and Unicode, table 3-7, for UTF-8. Arrays
 * and objects are left to json_parse.c.
 */
#include "config.h"

#include "wire/json_scan.h"

#include <string.h>

/*@ assigns \nothing; ensures \result == -1; */
int gpald_scan_fail_at(struct gpald_json_scanner *p, size_t offset, enum gpald_reason reason,
		       const char *what)
{
	gpald_refuse(p->error, reason, "%s at byte %zu", what, offset);
	p->error->offset = offset;
	return -1;
}

/*@ requires in_text(p); assigns \nothing; ensures \result == -1; */
int gpald_scan_fail(struct gpald_json_scanner *p, const char *what)
{
	if (p->at >= p->length)
		return gpald_scan_fail_at(p, p->length, GPALD_INVALID_JSON, "input ends too early");
	return gpald_scan_fail_at(p, p->at, GPALD_INVALID_JSON, what);
}

/*@ assigns \nothing; ensures byte < 0 ==> !\result; */
static bool is_space_byte(int byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* Returns whether a byte may follow a backslash; u is left to the caller. */
/*@ assigns \nothing; */
static bool is_escape(int byte)
{
	return byte > 0 && strchr("\"\\/bfnrt", byte);
}

/*@ requires in_text(p); assigns p->at; ensures in_text(p); */
void gpald_scan_space(struct gpald_json_scanner *p)
{
	/*@ loop invariant in_text(p); loop assigns p->at; */
	while (is_space_byte(gpald_scan_peek(p)))
		p->at++;
}

/* Returns the length of the UTF-8 sequence at the cursor; 0: it is invalid (Unicode, table 3-7). */
/*@ requires in_text(p) && p->at < p->length; assigns \nothing;
    ensures \result <= p->length - p->at; */
static size_t utf8_length(const struct gpald_json_scanner *p)
{
	static const struct {
		unsigned char first_low, first_high, second_low, second_high;
		size_t length;
	} rows[] = {
		{ 0x20, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	const unsigned char *s = p->text + p->at;
	size_t left = p->length - p->at;

	/*@ loop assigns i; */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (s[0] < rows[i].first_low || s[0] > rows[i].first_high)
			continue;
		if (left < rows[i].length)
			return 0;
		if (rows[i].length > 1 && (s[1] < rows[i].second_low || s[1] > rows[i].second_high))
			return 0;
		/*@ loop assigns b; */
		for (size_t b = 2; b < rows[i].length; b++)
			if (s[b] < 0x80 || s[b] > 0xbf)
				return 0;
		return rows[i].length;
	}
	return 0;
}

/* Returns the value of four hex digits at `at`, or -1. */
/*@ requires in_text(p) && at <= p->length; assigns \nothing;
    ensures \result >= 0 ==> at + 4 <= p->length; */
int gpald_scan_hex4(const struct gpald_json_scanner *p, size_t at)
{
	int value = 0;

	if (p->length - at < 4)
		return -1;
	/*@ loop invariant 0 <= i <= 4 && 0 <= value < 65536 && (i == 0 ==> value == 0) &&
	      (i == 1 ==> value < 16) && (i == 2 ==> value < 256) && (i == 3 ==> value < 4096);
	    loop assigns i, value; */
	for (size_t i = 0; i < 4; i++) {
		unsigned char c = p->text[at + i];
		int digit;

		if (gpald_is_digit(c))
			digit = c - '0';
		else if (c >= 'a' && c <= 'f')
			digit = c - 'a' + 10;
		else if (c >= 'A' && c <= 'F')
			digit = c - 'A' + 10;
		else
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

/*@ assigns \nothing; */
bool gpald_is_high_surrogate(int unit)
{
	return unit >= 0xd800 && unit <= 0xdbff;
}

/*@ assigns \nothing; ensures \result ==> unit >= 0; */
static bool is_low_surrogate(int unit)
{
	return unit >= 0xdc00 && unit <= 0xdfff;
}

/* Moves the cursor, which is on the backslash, past an escape. */
/*@ requires in_text(p) && p->at < p->length; assigns p->at; ensures in_text(p); */
static int check_escape(struct gpald_json_scanner *p)
{
	const size_t start = p->at++;
	int byte = gpald_scan_peek(p), unit;

	if (byte < 0)
		return gpald_scan_fail(p, "");
	if (byte != 'u') {
		if (!is_escape(byte))
			return gpald_scan_fail_at(p, start, GPALD_INVALID_JSON, "unknown escape");
		p->at++;
		return 0;
	}
	unit = gpald_scan_hex4(p, p->at + 1);
	if (unit < 0)
		return gpald_scan_fail_at(p, start, GPALD_INVALID_JSON,
					  "\\u without four hex digits");
	if (unit == 0)
		return gpald_scan_fail_at(p, start, GPALD_INVALID_JSON, "\\u0000 is not allowed");
	p->at += 5;
	if (is_low_surrogate(unit))
		return gpald_scan_fail_at(p, start, GPALD_INVALID_UTF8, "unpaired low surrogate");
	if (!gpald_is_high_surrogate(unit))
		return 0;
	if (p->length - p->at < 6 || p->text[p->at] != '\\' || p->text[p->at + 1] != 'u' ||
	    !is_low_surrogate(gpald_scan_hex4(p, p->at + 2)))
		return gpald_scan_fail_at(p, start, GPALD_INVALID_UTF8, "unpaired high surrogate");
	p->at += 6;
	return 0;
}

/* Moves the cursor past ASCII characters that need no escape. */
/*@ requires in_text(p); assigns p->at; ensures in_text(p); */
static void skip_plain(struct gpald_json_scanner *p)
{
	size_t at = p->at;

	/*@ loop invariant p->at <= at <= p->length; loop assigns at; */
	while (at < p->length && p->text[at] >= 0x20 && p->text[at] < 0x80 && p->text[at] != '"' &&
	       p->text[at] != '\\')
		at++;
	p->at = at;
}

/* Moves the cursor, which is on the opening quote, past a string. */
/*@ requires in_text(p) && p->at < p->length && \valid(span) &&
      \separated(span, p, p->text + (0 .. p->length - 1));
    assigns p->at, *span; ensures in_text(p); */
int gpald_scan_string(struct gpald_json_scanner *p, struct gpald_json_span *span)
{
	p->at++;
	*span = (struct gpald_json_span){ .start = p->at };
	/*@ loop invariant in_text(p); loop assigns p->at, *span; */
	for (;;) {
		int byte;

		skip_plain(p);
		byte = gpald_scan_peek(p);
		if (byte < 0)
			return gpald_scan_fail(p, "");
		if (byte == '"')
			break;
		if (byte == '\\') {
			span->has_escapes = true;
			if (check_escape(p))
				return -1;
		} else if (byte < 0x20) {
			return gpald_scan_fail(p, "control character in a string");
		} else {
			size_t length = utf8_length(p);

			if (length == 0)
				return gpald_scan_fail_at(p, p->at, GPALD_INVALID_UTF8,
							  "invalid UTF-8");
			p->at += length;
		}
	}
	span->end = p->at++;
	return 0;
}

/*@ requires in_text(p); assigns p->at; ensures in_text(p);
    ensures \result == p->at - \old(p->at); */
static size_t skip_digits(struct gpald_json_scanner *p)
{
	size_t start = p->at;

	/*@ loop invariant in_text(p) && start <= p->at; loop assigns p->at; */
	while (gpald_is_digit(gpald_scan_peek(p)))
		p->at++;
	return p->at - start;
}

/* Moves the cursor past a number. */
/*@ requires in_text(p); assigns p->at; ensures in_text(p); */
int gpald_scan_number(struct gpald_json_scanner *p)
{
	const size_t start = p->at;

	if (gpald_scan_peek(p) == '-')
		p->at++;
	if (gpald_scan_peek(p) == '0') {
		p->at++;
		if (gpald_is_digit(gpald_scan_peek(p)))
			return gpald_scan_fail_at(p, start, GPALD_INVALID_JSON,
						  "number with a leading zero");
	} else if (skip_digits(p) == 0) {
		return gpald_scan_fail(p, "expected a digit");
	}
	if (gpald_scan_peek(p) == '.') {
		p->at++;
		if (skip_digits(p) == 0)
			return gpald_scan_fail(p, "expected a digit after the decimal point");
	}
	if (gpald_scan_peek(p) == 'e' || gpald_scan_peek(p) == 'E') {
		p->at++;
		if (gpald_scan_peek(p) == '+' || gpald_scan_peek(p) == '-')
			p->at++;
		if (skip_digits(p) == 0)
			return gpald_scan_fail(p, "expected a digit in the exponent");
	}
	return 0;
}

/* Moves the cursor past a word. Returns false if another text is there. */
/*@ requires in_text(p) && \valid_read(word + (0 .. length - 1)) &&
      \separated(p, word + (0 .. length - 1));
    assigns p->at; ensures in_text(p); */
bool gpald_scan_literal(struct gpald_json_scanner *p, const char *word, size_t length)
{
	if (p->length - p->at < length)
		return false;
	/*@ loop invariant 0 <= i <= length; loop assigns i; */
	for (size_t i = 0; i < length; i++)
		if (p->text[p->at + i] != (unsigned char)word[i])
			return false;
	p->at += length;
	return true;
}
