/* SPDX-License-Identifier: MIT */
/* Bytes of a stored form, and the results of reading them. */
#ifndef GPALD_REGISTRY_BLOB_H
#define GPALD_REGISTRY_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A function that gives bytes to its caller allocates them with malloc(). */
struct gpald_blob {
	uint8_t *data;
	size_t length;
};

static inline void gpald_blob_free(struct gpald_blob *blob)
{
	free(blob->data);
	*blob = (struct gpald_blob){ 0 };
}

static inline bool gpald_blob_equal(const struct gpald_blob *a, const struct gpald_blob *b)
{
	return a->length == b->length && memcmp(a->data, b->data, a->length) == 0;
}

enum gpald_codec_result {
	GPALD_CODEC_OK,
	GPALD_CODEC_NO_MEMORY,
	GPALD_CODEC_MALFORMED,      /* no encoder writes these bytes */
	GPALD_CODEC_NEWER,          /* the version of the form is unknown */
	GPALD_CODEC_UNKNOWN_POLICY, /* the policy is unknown: another version wrote it */
};

#endif
