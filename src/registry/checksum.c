/* SPDX-License-Identifier: MIT */
/* Computes checksums with nettle. An integer is 8 bytes, little-endian. */
#include "config.h"

#include "registry/checksum.h"

#include <assert.h>
#include <string.h>

static_assert(GPALD_CHECKSUM_SIZE == SHA256_DIGEST_SIZE, "SHA-256");

void gpald_checksum_begin(struct gpald_checksum *checksum, const char *form)
{
	sha256_init(&checksum->hash);
	gpald_checksum_add_text(checksum, form);
}

void gpald_checksum_add_integer(struct gpald_checksum *checksum, uint64_t value)
{
	uint8_t bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
	sha256_update(&checksum->hash, sizeof(bytes), bytes);
}

void gpald_checksum_add_bytes(struct gpald_checksum *checksum, const void *bytes, size_t length)
{
	/* The length keeps fields apart: "ab" and "c" differ from "a" and "bc". */
	gpald_checksum_add_integer(checksum, length);
	sha256_update(&checksum->hash, length, bytes);
}

void gpald_checksum_add_text(struct gpald_checksum *checksum, const char *text)
{
	gpald_checksum_add_bytes(checksum, text, strlen(text));
}

void gpald_checksum_end(struct gpald_checksum *checksum, uint8_t sum[GPALD_CHECKSUM_SIZE])
{
	sha256_digest(&checksum->hash, GPALD_CHECKSUM_SIZE, sum);
}

bool gpald_checksum_is(const uint8_t sum[GPALD_CHECKSUM_SIZE], const void *stored, size_t length)
{
	return length == GPALD_CHECKSUM_SIZE && memcmp(stored, sum, GPALD_CHECKSUM_SIZE) == 0;
}
