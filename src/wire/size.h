/* SPDX-License-Identifier: MIT */
/* Reads sizes and addresses in the form of requests, and formats them in the form of replies. */
#ifndef GPALD_WIRE_SIZE_H
#define GPALD_WIRE_SIZE_H

#include <gpalayout/export.h>
#include <stdbool.h>
#include <stdint.h>

enum gpald_size_result {
	GPALD_SIZE_OK,
	GPALD_SIZE_MALFORMED, /* not a size */
	GPALD_SIZE_OVERFLOW,  /* more than 64 bits */
};

/*
 * Reads a size: decimal digits with an optional unit K, M, G, T or P, or "0x" and hex digits.
 * Units are powers of 1024; "K", "KB" and "KiB" are the same. Signs, spaces, fractions and
 * lower-case units are malformed.
 */
GPAL_MUST_USE enum gpald_size_result gpald_size_parse(const char *text, uint64_t *value);

#define GPALD_HEX_SIZE 19 /* bytes, the NUL included */

/* Writes "0x" and lower-case hex digits without leading zeros, and a NUL. */
void gpald_hex_format(uint64_t value, char text[GPALD_HEX_SIZE]);

#endif
