/* SPDX-License-Identifier: MIT */
/*
 * Transfers values between structs and bytes, in both directions: one description of a struct
 * serves both, so the writer and the reader cannot differ. Integers are little-endian base 128, in
 * their shortest form. After the first fault, calls write nothing, and read each value as 0 or
 * empty.
 */
#ifndef GPALD_REGISTRY_TRANSFER_H
#define GPALD_REGISTRY_TRANSFER_H

#include "core/arena.h"
#include "core/bytes.h"
#include "registry/blob.h"

#include <gpalayout/export.h>
#include <gpalayout/request.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Each function that transfers a value takes a pointer to it, and changes the value only when it
 * reads bytes.
 */
struct gpald_transfer {
	enum gpald_codec_result result;

	/* For writing; arena is NULL then. */
	struct gpald_bytes out;

	/* For reading. */
	struct gpald_arena *arena;
	const uint8_t *next, *end;
};

static inline bool gpald_transfer_is_reading(const struct gpald_transfer *t)
{
	return t->arena;
}

/* Sets `result` at the first fault. */
void gpald_transfer_fail(struct gpald_transfer *t, enum gpald_codec_result result);

/*
 * Ends writing and returns the bytes in a blob, which the caller owns. Returns false if memory ran
 * out.
 */
GPAL_MUST_USE bool gpald_transfer_finish(struct gpald_transfer *t, struct gpald_blob *blob);

/* Writes bytes as they are. */
void gpald_transfer_put_bytes(struct gpald_transfer *t, const void *bytes, size_t length);

void gpald_transfer_u64(struct gpald_transfer *t, uint64_t *value);
void gpald_transfer_u32(struct gpald_transfer *t, uint32_t *value);

/* Transfers a value of at most `max`; a reader refuses a larger one. */
void gpald_transfer_u32_up_to(struct gpald_transfer *t, uint32_t *value, uint32_t max);

void gpald_transfer_u16(struct gpald_transfer *t, uint16_t *value);
void gpald_transfer_u8(struct gpald_transfer *t, uint8_t *value);
void gpald_transfer_flag(struct gpald_transfer *t, bool *value);

/* Transfers an enumeration, which has the size of an int and the values from 0 to `count` - 1. */
void gpald_transfer_enumeration(struct gpald_transfer *t, void *value, int count);

/*
 * Transfers the version of a form; versions count from 1. A version above `newest` is
 * GPALD_CODEC_NEWER.
 */
void gpald_transfer_version(struct gpald_transfer *t, uint64_t *version, uint64_t newest);

/* Transfers bytes with their length. A reader borrows them from the source. */
void gpald_transfer_bytes(struct gpald_transfer *t, struct gpald_blob *bytes);

/* Transfers a text, which must not be NULL. A reader puts it in the arena. */
void gpald_transfer_text(struct gpald_transfer *t, const char **value);

/* Like gpald_transfer_text(), for tags and names in requests: UTF-8 without control characters. */
void gpald_transfer_utf8_name(struct gpald_transfer *t, const char **value, size_t length_max);

/*
 * Like gpald_transfer_text(), for the name of a live layout. A reader refuses a name of more than
 * `length_max` bytes.
 */
void gpald_transfer_plain_name(struct gpald_transfer *t, const char **value, size_t length_max);

void gpald_transfer_optional(struct gpald_transfer *t, struct gpal_optional *value);

/* Transfer a range: of whole pages, as in layouts, or of any bytes, as in requests. */
void gpald_transfer_page_range(struct gpald_transfer *t, struct gpal_range *range);
void gpald_transfer_any_range(struct gpald_transfer *t, struct gpal_range *range);

/*
 * Transfers a list: its length, then each element. `array` is the address of a pointer to the
 * elements, of `size` bytes each.
 */
void gpald_transfer_list(struct gpald_transfer *t, void *array, size_t *count, size_t max,
			 size_t size, void (*transfer)(struct gpald_transfer *t, void *element));

#endif
