/* SPDX-License-Identifier: MIT */
/*
 * Moving values between structs and bytes, in either direction: one description of
 * a struct serves both ways, so that what is written and what is read cannot drift
 * apart. Integers are little-endian base 128, in their shortest form. The first
 * fault sticks, and what follows it does nothing.
 */
#ifndef GPALD_REGISTRY_TRANSFER_H
#define GPALD_REGISTRY_TRANSFER_H

#include "core/bytes.h"
#include "registry/codec.h"

/*
 * Each function that moves a value gets a pointer to it, through which it writes
 * only when reading.
 */
struct gpald_transfer {
	enum gpald_codec_result result;

	/* Writing, where arena is NULL. */
	struct gpald_bytes out;

	/* Reading. */
	struct gpald_arena *arena;
	const uint8_t *next, *end;
};

static inline bool gpald_transfer_is_reading(const struct gpald_transfer *t)
{
	return t->arena;
}

/* Notes the first fault. */
void gpald_transfer_fail(struct gpald_transfer *t, enum gpald_codec_result result);

/*
 * The end of writing: what was written goes into a blob, given to the caller. False: out of
 * memory.
 */
GPAL_MUST_USE bool gpald_transfer_finish(struct gpald_transfer *t, struct gpald_blob *blob);

/* Bytes as they are, when writing. */
void gpald_put_bytes(struct gpald_transfer *t, const void *bytes, size_t length);

void gpald_move_u64(struct gpald_transfer *t, uint64_t *value);
void gpald_move_u32(struct gpald_transfer *t, uint32_t *value);
void gpald_move_u32_to(struct gpald_transfer *t, uint32_t *value, uint32_t greatest);
void gpald_move_u16(struct gpald_transfer *t, uint16_t *value);
void gpald_move_u8(struct gpald_transfer *t, uint8_t *value);
void gpald_move_flag(struct gpald_transfer *t, bool *value);

/* An enumeration of `count` values from 0 on, each of int size. */
void gpald_move_enumeration(struct gpald_transfer *t, void *value, int count);

/* The version of a form, which counts from 1; one beyond the newest is GPALD_CODEC_NEWER. */
void gpald_move_version(struct gpald_transfer *t, uint64_t *version, uint64_t newest);

/* Bytes with their length; what is read are those of the source itself. */
void gpald_move_bytes(struct gpald_transfer *t, struct gpald_blob *bytes);

/* Text that is not NULL; what is read lies in the arena. */
void gpald_move_text(struct gpald_transfer *t, const char **value);

/* The same, of UTF-8 without control characters: what a request names, or a tag. */
void gpald_move_any_name(struct gpald_transfer *t, const char **value, size_t most);

/* The same, a name of a live layout, of at most that length. */
void gpald_move_word(struct gpald_transfer *t, const char **value, size_t most);

void gpald_move_optional(struct gpald_transfer *t, struct gpal_optional *value);

/* Ranges of whole pages, as in layouts, and of any bytes, as in requests. */
void gpald_move_page_range(struct gpald_transfer *t, struct gpal_range *range);
void gpald_move_any_range(struct gpald_transfer *t, struct gpal_range *range);

/*
 * A list: how many there are, then each. `array` is the address of a pointer to the
 * elements, of `size` bytes each.
 */
void gpald_move_list(struct gpald_transfer *t, void *array, size_t *count, size_t greatest,
		     size_t size, void (*move)(struct gpald_transfer *t, void *element));

#endif
