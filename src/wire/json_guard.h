/* SPDX-License-Identifier: MIT */
/*
 * A strict RFC 8259 check that runs over each line before cJSON sees it, because
 * cJSON takes much that is not JSON and some that is dangerous: duplicate keys,
 * invalid UTF-8, raw control characters, an escaped NUL that cuts strings short,
 * numbers such as 01 and 1e400, and bytes after the value.
 */
#ifndef GPALD_WIRE_JSON_GUARD_H
#define GPALD_WIRE_JSON_GUARD_H

#include "wire/reason.h"

#include <gpalayout/export.h>
#include <stddef.h>

#define GPALD_JSON_DEPTH_MAX 32
#define GPALD_JSON_VALUES_MAX 65536

/*
 * Checks that `text` is one JSON value and nothing else. Does not recurse; its
 * time is linear in the text but for the sorting of each object's keys. Returns 0,
 * or -1 with *error set, `offset` included:
 *   GPALD_INVALID_JSON      not JSON; an escaped NUL; a number beyond a double, or
 *                           longer than 63 characters
 *   GPALD_INVALID_UTF8      not UTF-8; an escaped surrogate without its other half
 *   GPALD_DUPLICATE_KEY     an object has a key twice, escapes decoded
 *   GPALD_TOO_DEEP          more than GPALD_JSON_DEPTH_MAX arrays and objects nested
 *   GPALD_TOO_MANY_VALUES   more than GPALD_JSON_VALUES_MAX values
 *   the reason of GPAL_E_NO_MEMORY
 */
GPAL_MUST_USE int gpald_json_guard(const char *text, size_t length, struct gpald_wire_error *error);

#endif
