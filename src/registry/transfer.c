/* SPDX-License-Identifier: MIT */
/*
 * Transfers values. A reader accepts only the form that a writer produces, so equal values have
 * equal bytes.
 */
#include "config.h"

#include "registry/transfer.h"

#include "core/text.h"

#include <assert.h>
#include <string.h>

#define CAPACITY_MIN 512

void gpald_transfer_fail(struct gpald_transfer *t, enum gpald_codec_result result)
{
	if (t->result == GPALD_CODEC_OK)
		t->result = result;
	t->next = t->end; /* read nothing more */
}

/* Bytes. */

void gpald_transfer_put_bytes(struct gpald_transfer *t, const void *bytes, size_t length)
{
	if (t->result == GPALD_CODEC_OK &&
	    !gpald_bytes_append(&t->out, bytes, length, CAPACITY_MIN))
		gpald_transfer_fail(t, GPALD_CODEC_NO_MEMORY);
}

bool gpald_transfer_finish(struct gpald_transfer *t, struct gpald_blob *blob)
{
	*blob = (struct gpald_blob){ (uint8_t *)t->out.data, t->out.length };
	if (t->result == GPALD_CODEC_OK)
		return true;
	gpald_blob_free(blob);
	return false;
}

static void put_integer(struct gpald_transfer *t, uint64_t value)
{
	uint8_t bytes[10];
	size_t length = 0;

	for (; value >= 0x80; value >>= 7)
		bytes[length++] = (uint8_t)(value | 0x80);
	bytes[length++] = (uint8_t)value;
	gpald_transfer_put_bytes(t, bytes, length);
}

/* Refuses integers that are not in their shortest form, so that bytes stay canonical. */
static uint64_t get_integer(struct gpald_transfer *t)
{
	uint64_t value = 0;
	unsigned int shift = 0;

	while (t->next < t->end) {
		const uint8_t byte = *t->next++;
		const uint64_t bits = byte & 0x7f;

		if (shift == 63 && byte > 1)
			break;
		value |= bits << shift;
		if (byte < 0x80) {
			if (byte == 0 && shift != 0)
				break;
			return value;
		}
		shift += 7;
	}
	gpald_transfer_fail(t, GPALD_CODEC_MALFORMED);
	return 0;
}

/* Values. */

static void transfer_integer(struct gpald_transfer *t, uint64_t *value, uint64_t max)
{
	if (!gpald_transfer_is_reading(t)) {
		put_integer(t, *value);
		return;
	}
	*value = get_integer(t);
	if (*value > max) {
		gpald_transfer_fail(t, GPALD_CODEC_MALFORMED);
		*value = 0;
	}
}

void gpald_transfer_u64(struct gpald_transfer *t, uint64_t *value)
{
	transfer_integer(t, value, UINT64_MAX);
}

void gpald_transfer_u32_up_to(struct gpald_transfer *t, uint32_t *value, uint32_t max)
{
	uint64_t wide = *value;

	transfer_integer(t, &wide, max);
	if (gpald_transfer_is_reading(t))
		*value = (uint32_t)wide;
}

void gpald_transfer_u32(struct gpald_transfer *t, uint32_t *value)
{
	gpald_transfer_u32_up_to(t, value, UINT32_MAX);
}

void gpald_transfer_u16(struct gpald_transfer *t, uint16_t *value)
{
	uint64_t wide = *value;

	transfer_integer(t, &wide, UINT16_MAX);
	if (gpald_transfer_is_reading(t))
		*value = (uint16_t)wide;
}

void gpald_transfer_u8(struct gpald_transfer *t, uint8_t *value)
{
	uint64_t wide = *value;

	transfer_integer(t, &wide, UINT8_MAX);
	if (gpald_transfer_is_reading(t))
		*value = (uint8_t)wide;
}

void gpald_transfer_flag(struct gpald_transfer *t, bool *value)
{
	uint64_t wide = *value;

	transfer_integer(t, &wide, 1);
	if (gpald_transfer_is_reading(t))
		*value = wide != 0;
}

void gpald_transfer_enumeration(struct gpald_transfer *t, void *value, int count)
{
	unsigned int *number = value;
	uint64_t wide = *number;

	transfer_integer(t, &wide, (uint64_t)count - 1);
	if (gpald_transfer_is_reading(t))
		*number = (unsigned int)wide;
}

void gpald_transfer_version(struct gpald_transfer *t, uint64_t *version, uint64_t newest)
{
	gpald_transfer_u64(t, version);
	if (*version < 1 || *version > newest)
		gpald_transfer_fail(t, *version < 1 ? GPALD_CODEC_MALFORMED : GPALD_CODEC_NEWER);
}

void gpald_transfer_bytes(struct gpald_transfer *t, struct gpald_blob *bytes)
{
	uint64_t length = bytes->length;

	gpald_transfer_u64(t, &length);
	if (!gpald_transfer_is_reading(t)) {
		gpald_transfer_put_bytes(t, bytes->data, (size_t)length);
		return;
	}
	if (length > (uint64_t)(t->end - t->next)) {
		gpald_transfer_fail(t, GPALD_CODEC_MALFORMED);
		length = 0;
	}
	*bytes = (struct gpald_blob){ (uint8_t *)t->next, (size_t)length };
	t->next += length;
}

void gpald_transfer_text(struct gpald_transfer *t, const char **value)
{
	uint64_t length = gpald_transfer_is_reading(t) ? 0 : strlen(*value);
	char *copy;

	gpald_transfer_u64(t, &length);
	if (!gpald_transfer_is_reading(t)) {
		gpald_transfer_put_bytes(t, *value, (size_t)length);
		return;
	}
	*value = "";
	if (length > (uint64_t)(t->end - t->next) || memchr(t->next, '\0', (size_t)length)) {
		gpald_transfer_fail(t, GPALD_CODEC_MALFORMED);
		return;
	}
	copy = gpald_arena_alloc(t->arena, (size_t)length + 1, 1);
	if (!copy) {
		gpald_transfer_fail(t, GPALD_CODEC_NO_MEMORY);
		return;
	}
	memcpy(copy, t->next, (size_t)length);
	copy[length] = '\0';
	*value = copy;
	t->next += length;
}

void gpald_transfer_plain_name(struct gpald_transfer *t, const char **value, size_t length_max)
{
	gpald_transfer_text(t, value);
	if (gpald_transfer_is_reading(t) && !gpald_is_plain_name(*value, length_max))
		gpald_transfer_fail(t, GPALD_CODEC_MALFORMED);
}

void gpald_transfer_utf8_name(struct gpald_transfer *t, const char **value, size_t length_max)
{
	gpald_transfer_text(t, value);
	if (gpald_transfer_is_reading(t) && !gpald_is_utf8_name(*value, length_max))
		gpald_transfer_fail(t, GPALD_CODEC_MALFORMED);
}

void gpald_transfer_optional(struct gpald_transfer *t, struct gpal_optional *value)
{
	gpald_transfer_flag(t, &value->set);
	if (value->set)
		gpald_transfer_u64(t, &value->value);
}

void gpald_transfer_page_range(struct gpald_transfer *t, struct gpal_range *range)
{
	uint64_t start = range->start / GPAL_PAGE_SIZE;
	uint64_t count = gpal_range_size(*range) / GPAL_PAGE_SIZE;
	const uint64_t end = GPAL_SPACE_END / GPAL_PAGE_SIZE;

	assert(gpald_transfer_is_reading(t) ||
	       (range->start % GPAL_PAGE_SIZE == 0 && range->end % GPAL_PAGE_SIZE == 0));
	transfer_integer(t, &start, end);
	transfer_integer(t, &count, end);
	if (count > end - start) {
		gpald_transfer_fail(t, GPALD_CODEC_MALFORMED);
		return;
	}
	if (gpald_transfer_is_reading(t))
		*range = (struct gpal_range){ start * GPAL_PAGE_SIZE,
					      (start + count) * GPAL_PAGE_SIZE };
}

void gpald_transfer_any_range(struct gpald_transfer *t, struct gpal_range *range)
{
	gpald_transfer_u64(t, &range->start);
	gpald_transfer_u64(t, &range->end);
}

/*
 * Each element takes at least one byte, so a wrong count cannot allocate more elements than the
 * input has bytes.
 */
void gpald_transfer_list(struct gpald_transfer *t, void *array, size_t *count, size_t max,
			 size_t size, void (*transfer)(struct gpald_transfer *t, void *element))
{
	char **elements = array;
	uint64_t wide = *count;

	gpald_transfer_u64(t, &wide);
	if (gpald_transfer_is_reading(t)) {
		*count = 0;
		if (wide > max || wide > (uint64_t)(t->end - t->next)) {
			gpald_transfer_fail(t, GPALD_CODEC_MALFORMED);
			return;
		}
		if (wide == 0)
			return;
		*elements = gpald_arena_zalloc(t->arena, (size_t)wide, size);
		if (!*elements) {
			gpald_transfer_fail(t, GPALD_CODEC_NO_MEMORY);
			return;
		}
		*count = (size_t)wide;
	}
	for (size_t i = 0; i < *count && t->result == GPALD_CODEC_OK; i++)
		transfer(t, *elements + i * size);
}
