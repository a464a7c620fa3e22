/* SPDX-License-Identifier: MIT */
/*
 * Checksums of stored rows: SHA-256 over integers of 8 bytes, and over texts and bytes, each after
 * its length.
 */
#ifndef GPALD_REGISTRY_CHECKSUM_H
#define GPALD_REGISTRY_CHECKSUM_H

#include <nettle/sha2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GPALD_CHECKSUM_SIZE 32

struct gpald_checksum {
	struct sha256_ctx hash;
};

/* `form` names the kind of row, so that a row of one kind cannot pass for another. */
void gpald_checksum_begin(struct gpald_checksum *checksum, const char *form);

void gpald_checksum_add_bytes(struct gpald_checksum *checksum, const void *bytes, size_t length);
void gpald_checksum_add_text(struct gpald_checksum *checksum, const char *text);
void gpald_checksum_add_integer(struct gpald_checksum *checksum, uint64_t value);

void gpald_checksum_end(struct gpald_checksum *checksum, uint8_t sum[GPALD_CHECKSUM_SIZE]);

/* Returns whether the stored bytes are this checksum. */
bool gpald_checksum_is(const uint8_t sum[GPALD_CHECKSUM_SIZE], const void *stored, size_t length);

#endif
