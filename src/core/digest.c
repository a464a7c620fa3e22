/* SPDX-License-Identifier: MIT */
/*
 * The digest of a layout. It covers the architecture and the map and nothing else, so layouts with
 * the same digest have every range of the map at the same address.
 */
#include "config.h"

#include "core/hex.h"

#include <assert.h>
#include <gpalayout/layout.h>
#include <nettle/sha2.h>
#include <string.h>

/* A buffer of text, which is hashed when it is full. */
struct text {
	struct sha256_ctx hash;
	size_t length;
	char bytes[1024];
};

static void flush_digest_text(struct text *text)
{
	sha256_update(&text->hash, text->length, (const uint8_t *)text->bytes);
	text->length = 0;
}

static inline void add_digest_bytes(struct text *text, const char *more, size_t length)
{
	if (length > sizeof(text->bytes) - text->length) {
		flush_digest_text(text);
		if (length > sizeof(text->bytes)) {
			sha256_update(&text->hash, length, (const uint8_t *)more);
			return;
		}
	}
	memcpy(text->bytes + text->length, more, length);
	text->length += length;
}

static void add_digest_text(struct text *text, const char *more)
{
	add_digest_bytes(text, more, strlen(more));
}

/* Adds an address after the character `before`. */
static void add_digest_hex(struct text *text, char before, uint64_t value)
{
	char hex[1 + GPALD_HEX_MAX] = { before };

	add_digest_bytes(text, hex, (size_t)(gpald_put_hex(hex + 1, value) - hex));
}

void gpal_layout_digest(const struct gpal_layout *layout, char digest[GPAL_DIGEST_SIZE])
{
	static const char prefix[] = "sha256:";
	uint8_t bytes[SHA256_DIGEST_SIZE];
	struct text text;
	char *at = digest;

	static_assert(GPAL_DIGEST_SIZE == sizeof(prefix) + 2 * sizeof(bytes),
		      "prefix, hex and NUL");

	sha256_init(&text.hash);
	text.length = 0;
	add_digest_text(&text, "gpalayout-digest-1\n");
	add_digest_text(&text, gpal_arch_name(layout->arch));
	add_digest_bytes(&text, "\n", 1);
	for (size_t i = 0; i < layout->map.count; i++) {
		const struct gpal_map_entry *entry = &layout->map.entries[i];

		add_digest_text(&text, gpal_kind_name(entry->kind));
		add_digest_bytes(&text, " ", 1);
		add_digest_text(&text, entry->tag);
		add_digest_hex(&text, ' ', entry->range.start);
		add_digest_hex(&text, '-', entry->range.end);
		add_digest_bytes(&text, "\n", 1);
	}
	flush_digest_text(&text);
	sha256_digest(&text.hash, sizeof(bytes), bytes);

	at = stpcpy(at, prefix);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		*at++ = "0123456789abcdef"[bytes[i] >> 4];
		*at++ = "0123456789abcdef"[bytes[i] & 0xf];
	}
	*at = '\0';
}
