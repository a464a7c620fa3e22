/* SPDX-License-Identifier: MIT */
/*
 * The digest of a layout, written from FIPS 180-4 and the documented text alone. The text is built
 * and padded as a whole, and then hashed block by block.
 */
#include "oracle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 64

/* Fractional parts of the cube roots of the first 64 primes. */
static const uint32_t round_constants[BLOCK] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

static uint32_t rotate(uint32_t value, unsigned int by)
{
	return value >> by | value << (32 - by);
}

static void hash_block(uint32_t state[8], const unsigned char *block)
{
	uint32_t schedule[BLOCK];
	uint32_t v[8];

	for (size_t t = 0; t < 16; t++) {
		schedule[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 |
			      (uint32_t)block[4 * t + 2] << 8 | block[4 * t + 3];
	}
	for (size_t t = 16; t < BLOCK; t++) {
		uint32_t a = schedule[t - 2];
		uint32_t b = schedule[t - 15];

		schedule[t] = (rotate(a, 17) ^ rotate(a, 19) ^ a >> 10) + schedule[t - 7] +
			      (rotate(b, 7) ^ rotate(b, 18) ^ b >> 3) + schedule[t - 16];
	}

	memcpy(v, state, sizeof(v));
	for (size_t t = 0; t < BLOCK; t++) {
		uint32_t big1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
		uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
		uint32_t one = v[7] + big1 + choice + round_constants[t] + schedule[t];
		uint32_t big0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
		uint32_t two = big0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));

		memmove(v + 1, v, 7 * sizeof(v[0]));
		v[4] += one;
		v[0] = one + two;
	}
	for (size_t i = 0; i < 8; i++)
		state[i] += v[i];
}

void oracle_digest(const struct gpal_layout *layout, char digest[GPAL_DIGEST_SIZE])
{
	static const char *const kinds[GPAL_KIND_COUNT] = {
		"reserved", "fixed", "mmio32", "ram", "mmio64", "post_mmio",
	};
	uint32_t state[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
			      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
	size_t room = 64 + layout->map.count * (ORACLE_TAG_SIZE + 64) + 2 * BLOCK;
	unsigned char *text = oracle_zalloc(room, 1);
	size_t length = 0;

	length += (size_t)snprintf((char *)text, room, "gpalayout-digest-1\n%s\n",
				   layout->arch == GPAL_ARCH_X86_64 ? "x86_64" : "aarch64");
	for (size_t i = 0; i < layout->map.count; i++) {
		const struct gpal_map_entry *entry = &layout->map.entries[i];

		length += (size_t)snprintf(
			(char *)text + length, room - length, "%s %s 0x%" PRIx64 "-0x%" PRIx64 "\n",
			kinds[entry->kind], entry->tag, entry->range.start, entry->range.end);
	}

	size_t padded = (length + 9 + BLOCK - 1) / BLOCK * BLOCK;
	uint64_t bits = (uint64_t)length * 8;

	memset(text + length, 0, padded - length);
	text[length] = 0x80;
	for (size_t i = 0; i < 8; i++)
		text[padded - 1 - i] = (unsigned char)(bits >> (8 * i) & 0xff);
	for (size_t at = 0; at < padded; at += BLOCK)
		hash_block(state, text + at);
	free(text);

	snprintf(digest, GPAL_DIGEST_SIZE,
		 "sha256:%08" PRIx32 "%08" PRIx32 "%08" PRIx32 "%08" PRIx32 "%08" PRIx32
		 "%08" PRIx32 "%08" PRIx32 "%08" PRIx32,
		 state[0], state[1], state[2], state[3], state[4], state[5], state[6], state[7]);
}
