/* SPDX-License-Identifier: MIT */
/*
 * What JSON is made of, byte by byte: scanners that move a cursor over a string, a
 * number or a word, or refuse it where it stands. Nothing here takes memory.
 */
#ifndef GPALD_WIRE_JSON_SCAN_H
#define GPALD_WIRE_JSON_SCAN_H

#include "wire/reason.h"

#include <stdbool.h>
#include <stddef.h>

struct gpald_json_scanner {
	const unsigned char *text;
	size_t length;
	size_t at;
	struct gpald_wire_error *error;
};

/* A string's place in the text, quotes excluded. */
struct gpald_json_span {
	size_t start;
	size_t end;
	bool has_escapes;
};

/*
 * The annotations here and in json_scan.c are for frama-c, which proves with them that
 * no scanner reads past the end of the text (`make prove`). It takes for granted that a
 * refusal changes nothing that a scanner reads.
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

/* The byte at the cursor, or -1 at the end. */
/*@ requires in_text(p); assigns \nothing;
    ensures \result == (p->at < p->length ? p->text[p->at] : -1); */
static inline int gpald_scan_peek(const struct gpald_json_scanner *p)
{
	return p->at < p->length ? p->text[p->at] : -1;
}

/* Refuses what stands at `offset`, or at the cursor; always -1. */
int gpald_scan_fail_at(struct gpald_json_scanner *p, size_t offset, enum gpald_reason reason,
		       const char *what);
int gpald_scan_fail(struct gpald_json_scanner *p, const char *what);

void gpald_scan_space(struct gpald_json_scanner *p);

/* From the opening quote past the closing one, and past a number; 0, or -1 with the error set. */
int gpald_scan_string(struct gpald_json_scanner *p, struct gpald_json_span *span);
int gpald_scan_number(struct gpald_json_scanner *p);

/* Past a word, if the cursor is on it. */
bool gpald_scan_word(struct gpald_json_scanner *p, const char *word, size_t length);

/* The value of four hex digits at `at`, or -1. */
int gpald_scan_hex4(const struct gpald_json_scanner *p, size_t at);

/* Whether a UTF-16 code unit is the first of two. */
bool gpald_is_high_surrogate(int unit);

#endif
