/* SPDX-License-Identifier: MIT */
/*
 * The digest of a layout's addresses. It covers the map and nothing else, so that
 * layouts with one digest are interchangeable to a guest.
 */
#include "config.h"

#include <assert.h>
#include <gpalayout/layout.h>
#include <nettle/sha2.h>
#include <string.h>

static void add(struct sha256_ctx *hash, const char *text)
{
	sha256_update(hash, strlen(text), (const uint8_t *)text);
}

/* "0x" and lower-case hex digits without leading zeros. */
static void add_hex(struct sha256_ctx *hash, uint64_t value)
{
	char text[2 + 16];
	size_t at = sizeof(text);

	do {
		text[--at] = "0123456789abcdef"[value & 0xf];
		value >>= 4;
	} while (value != 0);
	text[--at] = 'x';
	text[--at] = '0';
	sha256_update(hash, sizeof(text) - at, (const uint8_t *)text + at);
}

void gpal_layout_digest(const struct gpal_layout *layout, char digest[GPAL_DIGEST_SIZE])
{
	static const char prefix[] = "sha256:";
	uint8_t bytes[SHA256_DIGEST_SIZE];
	struct sha256_ctx hash;
	char *at = digest;

	static_assert(GPAL_DIGEST_SIZE == sizeof(prefix) + 2 * sizeof(bytes),
		      "prefix, hex and NUL");

	sha256_init(&hash);
	add(&hash, "gpalayout-digest-1\n");
	add(&hash, gpal_arch_name(layout->arch));
	add(&hash, "\n");
	for (size_t i = 0; i < layout->map.count; i++) {
		const struct gpal_map_entry *entry = &layout->map.entries[i];

		add(&hash, gpal_kind_name(entry->kind));
		add(&hash, " ");
		add(&hash, entry->tag);
		add(&hash, " ");
		add_hex(&hash, entry->range.start);
		add(&hash, "-");
		add_hex(&hash, entry->range.end);
		add(&hash, "\n");
	}
	sha256_digest(&hash, sizeof(bytes), bytes);

	at = stpcpy(at, prefix);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		*at++ = "0123456789abcdef"[bytes[i] >> 4];
		*at++ = "0123456789abcdef"[bytes[i] & 0xf];
	}
	*at = '\0';
}
