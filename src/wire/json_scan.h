/* SPDX-License-Identifier: MIT */
/*
 * Scanners for the tokens of JSON: each moves a cursor over a string, a number or a word, or
 * refuses it. They allocate no memory. Source of the grammar: RFC 8259; of UTF-8: Unicode, table
 * 3-7.
 */
#ifndef GPALD_WIRE_JSON_SCAN_H
#define GPALD_WIRE_JSON_SCAN_H

#include "wire/reason.h"

#include <stdbool.h>
#include <stddef.h>

struct gpald_json_scanner {
	const unsigned char *text;
	size_t length;
	size_t at; /* the cursor */
	struct gpald_wire_error *error;
};

/* The offsets of a string in the text, without its quotes. */
struct gpald_json_span {
	size_t start;
	size_t end;
	bool has_escapes;
};

/*
 * The annotations here and in json_scan.c are for frama-c (`make prove`). With them it proves that
 * no scanner reads past the end of a text of less than 2 GiB, provided that a refusal changes
 * nothing that a scanner reads.
 */
/*@ predicate in_text(struct gpald_json_scanner *p) =
      \valid(p) && 0 <= p->at <= p->length <= 0x7fffffff &&
      \valid_read(p->text + (0 .. p->length - 1)) &&
      \separated(p, p->text + (0 .. p->length - 1)); */

/*@ assigns \nothing; ensures \result <==> '0' <= byte <= '9'; */
static inline bool gpald_is_digit(int byte)
{
	return byte >= '0' && byte <= '9';
}

/* Returns the byte at the cursor, or -1 at the end of the text. */
/*@ requires in_text(p); assigns \nothing;
    ensures \result == (p->at < p->length ? p->text[p->at] : -1); */
static inline int gpald_scan_peek(const struct gpald_json_scanner *p)
{
	return p->at < p->length ? p->text[p->at] : -1;
}

/*
 * Both refuse the text: the first for the byte at `offset`, the second as GPALD_INVALID_JSON for
 * the byte at the cursor. At the end of the text the second ignores `what`, and says that the input
 * ends too early. Both always return -1.
 */
int gpald_scan_fail_at(struct gpald_json_scanner *p, size_t offset, enum gpald_reason reason,
		       const char *what);
int gpald_scan_fail(struct gpald_json_scanner *p, const char *what);

/* Moves the cursor over white space. */
void gpald_scan_space(struct gpald_json_scanner *p);

/*
 * Each moves the cursor past one token: the string whose opening quote is at the cursor, or the
 * number at the cursor. Both return 0, or -1 with the error set.
 */
int gpald_scan_string(struct gpald_json_scanner *p, struct gpald_json_span *span);
int gpald_scan_number(struct gpald_json_scanner *p);

/* Moves the cursor over a word. Returns false if the word is not at the cursor. */
bool gpald_scan_literal(struct gpald_json_scanner *p, const char *word, size_t length);

/* Returns the value of the four hex digits at `at`, or -1 if they are not hex digits. */
int gpald_scan_hex4(const struct gpald_json_scanner *p, size_t at);

/* Returns true if a UTF-16 code unit is the first of a surrogate pair. */
bool gpald_is_high_surrogate(int unit);

#endif
