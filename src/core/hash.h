/* SPDX-License-Identifier: MIT */
/*
 * Hashes of names. Names with different hashes differ, so most names need no comparison. If hashes
 * are equal, the caller must compare the names. That must be fast even if many hashes are equal,
 * because a client can choose such names.
 */
#ifndef GPALD_CORE_HASH_H
#define GPALD_CORE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Mixes a word into a hash. */
static inline uint64_t gpald_hash_word(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 32;
}

/*
 * Hashes a text, eight bytes at a time. If the length is above eight and not a multiple
 * of eight, the last two words overlap.
 */
static inline uint64_t gpald_hash_text(const char *text, size_t length)
{
	uint64_t hash = length, word = 0;

	if (length < sizeof(word)) {
		for (size_t i = 0; i < length; i++)
			word = word << 8 | (unsigned char)text[i];
		return gpald_hash_word(hash, word);
	}
	for (size_t at = 0; at < length - sizeof(word); at += sizeof(word)) {
		memcpy(&word, text + at, sizeof(word));
		hash = gpald_hash_word(hash, word);
	}
	memcpy(&word, text + length - sizeof(word), sizeof(word));
	return gpald_hash_word(hash, word);
}

#endif
