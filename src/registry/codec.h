/* SPDX-License-Identifier: MIT */
/*
 * Requests and layouts as bytes: the form in which they are kept, in memory and on
 * disk. The form is canonical: two requests are the same exactly when their bytes
 * are. It is stored for as long as the VM lives, so what has a meaning today
 * keeps it; a new member goes to the end, under a new version.
 */
#ifndef GPALD_REGISTRY_CODEC_H
#define GPALD_REGISTRY_CODEC_H

#include "core/arena.h"

#include <gpalayout/export.h>
#include <gpalayout/layout.h>
#include <gpalayout/request.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes, allocated with malloc() where they are given. */
struct gpald_blob {
	uint8_t *data;
	size_t length;
};

void gpald_blob_free(struct gpald_blob *blob);
bool gpald_blob_equal(const struct gpald_blob *a, const struct gpald_blob *b);

/*
 * Encode into a new blob, given to the caller. A request whose policy is NULL is
 * kept as one that names none. False: out of memory.
 */
GPAL_MUST_USE bool gpald_encode_request_blob(const struct gpal_request *request,
					     struct gpald_blob *blob);
GPAL_MUST_USE bool gpald_encode_layout_blob(const struct gpal_layout *layout,
					    struct gpald_blob *blob);

enum gpald_codec_result {
	GPALD_CODEC_OK,
	GPALD_CODEC_NO_MEMORY,
	GPALD_CODEC_MALFORMED,      /* not what an encoder writes */
	GPALD_CODEC_NEWER,          /* of a version of the form that is not known here */
	GPALD_CODEC_UNKNOWN_POLICY, /* of a version of this program that had more policies */
};

/*
 * Decode from bytes. All that the result points to lies in the arena or is static;
 * the bytes may go. The layout is not for gpal_layout_free().
 */
GPAL_MUST_USE enum gpald_codec_result gpald_decode_request_blob(const struct gpald_blob *blob,
								struct gpald_arena *arena,
								struct gpal_request *request);
GPAL_MUST_USE enum gpald_codec_result gpald_decode_layout_blob(const struct gpald_blob *blob,
							       struct gpald_arena *arena,
							       struct gpal_layout *layout);

#endif
