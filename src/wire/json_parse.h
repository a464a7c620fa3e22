/* SPDX-License-Identifier: MIT */
/*
 * A strict parser of JSON that makes a tree of cJSON nodes. Source of the grammar: RFC 8259.
 *
 * cJSON's own parser is not used, because it accepts text that is not JSON or is dangerous:
 * duplicate keys, invalid UTF-8, raw control characters, an escaped NUL that cuts strings short,
 * numbers such as 01 and 1e400, and bytes after the value.
 */
#ifndef GPALD_WIRE_JSON_PARSE_H
#define GPALD_WIRE_JSON_PARSE_H

#include "core/arena.h"
#include "wire/reason.h"

#include <cjson/cJSON.h>
#include <gpalayout/export.h>
#include <stddef.h>

#define GPALD_JSON_DEPTH_MAX 32     /* nested arrays and objects */
#define GPALD_JSON_VALUES_MAX 65536 /* values in a text */

/*
 * Parses `text`, which must be one JSON value, into a tree that lies in the arena; do not call
 * cJSON_Delete(). The function does not recurse. Its time is linear in the length of the text,
 * except that it sorts the keys of an object if two of them look alike.
 *
 * Returns 0, or -1 with *error set, its offset included. The reason is:
 *   GPALD_INVALID_JSON      the text is not JSON, has an escaped NUL, or has a number that is too
 *                           large for a double or has more than 63 characters
 *   GPALD_INVALID_UTF8      a string is not UTF-8, or has an escaped surrogate without its pair
 *   GPALD_DUPLICATE_KEY     an object has a key twice, after escapes are decoded
 *   GPALD_TOO_DEEP          more than GPALD_JSON_DEPTH_MAX arrays and objects are nested
 *   GPALD_TOO_MANY_VALUES   there are more than GPALD_JSON_VALUES_MAX values
 *   GPALD_REASON_OF(GPAL_E_NO_MEMORY)  the heap is exhausted
 */
GPAL_MUST_USE int gpald_json_parse(const char *text, size_t length, struct gpald_arena *arena,
				   const cJSON **value, struct gpald_wire_error *error);

/* Does the same without a limit on the number of values, for replies. */
GPAL_MUST_USE int gpald_json_parse_reply(const char *text, size_t length, struct gpald_arena *arena,
					 const cJSON **value, struct gpald_wire_error *error);

#endif
