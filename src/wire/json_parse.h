/* SPDX-License-Identifier: MIT */
/*
 * A strict reader of RFC 8259 that makes cJSON's nodes, because cJSON itself takes
 * much that is not JSON and some that is dangerous: duplicate keys, invalid UTF-8,
 * raw control characters, an escaped NUL that cuts strings short, numbers such as 01
 * and 1e400, and bytes after the value.
 */
#ifndef GPALD_WIRE_JSON_PARSE_H
#define GPALD_WIRE_JSON_PARSE_H

#include "core/arena.h"
#include "wire/reason.h"

#include <cjson/cJSON.h>
#include <gpalayout/export.h>
#include <stddef.h>

#define GPALD_JSON_DEPTH_MAX 32
#define GPALD_JSON_VALUES_MAX 65536

/*
 * Reads `text`, which is one JSON value and nothing else, into a tree that lies in
 * the arena: it is not for cJSON_Delete(). Does not recurse; its time is linear in
 * the text but for the sorting of an object's keys, if two look alike. Returns 0, or
 * -1 with *error set, `offset` included:
 *   GPALD_INVALID_JSON      not JSON; an escaped NUL; a number beyond a double, or
 *                           longer than 63 characters
 *   GPALD_INVALID_UTF8      not UTF-8; an escaped surrogate without its other half
 *   GPALD_DUPLICATE_KEY     an object has a key twice, escapes decoded
 *   GPALD_TOO_DEEP          more than GPALD_JSON_DEPTH_MAX arrays and objects nested
 *   GPALD_TOO_MANY_VALUES   more than GPALD_JSON_VALUES_MAX values
 *   the reason of GPAL_E_NO_MEMORY
 */
GPAL_MUST_USE int gpald_json_parse(const char *text, size_t length, struct gpald_arena *arena,
				   const cJSON **value, struct gpald_wire_error *error);

/* The same with as many values as there are, for replies. */
GPAL_MUST_USE int gpald_json_parse_long(const char *text, size_t length, struct gpald_arena *arena,
					const cJSON **value, struct gpald_wire_error *error);

#endif
