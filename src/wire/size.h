/* SPDX-License-Identifier: MIT */
/* Sizes and addresses as requests write them and replies print them. */
#ifndef GPALD_WIRE_SIZE_H
#define GPALD_WIRE_SIZE_H

#include <gpalayout/export.h>
#include <stdbool.h>
#include <stdint.h>

enum gpald_size_result {
	GPALD_SIZE_OK,
	GPALD_SIZE_MALFORMED,
	GPALD_SIZE_OVERFLOW, /* more than 64 bits */
};

/*
 * Reads decimal digits with an optional unit K, M, G, T or P (powers of 1024;
 * "KB", "KiB" and "K" are one), or "0x" and hex digits. Nothing else: no sign, no
 * space, no fraction, no lower-case unit.
 */
GPAL_MUST_USE enum gpald_size_result gpald_size_parse(const char *text, uint64_t *value);

/* "0x" and lower-case hex digits without leading zeros, NUL-terminated. */
#define GPALD_HEX_SIZE 19
void gpald_hex_format(uint64_t value, char text[GPALD_HEX_SIZE]);

#endif
