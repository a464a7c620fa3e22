/* SPDX-License-Identifier: MIT */
/*
 * Requests and layouts as bytes: their stored form, in memory and on disk. The form is canonical:
 * requests are equal if, and only if, their bytes are. It is stored as long as the VM lives, so the
 * meaning of existing bytes never changes. A form with a new member gets a new version, and the
 * reader expects the member only in bytes of that version or a later one.
 */
#ifndef GPALD_REGISTRY_CODEC_H
#define GPALD_REGISTRY_CODEC_H

#include "core/arena.h"
#include "registry/blob.h"

#include <gpalayout/export.h>
#include <gpalayout/layout.h>
#include <gpalayout/request.h>
#include <stdbool.h>

/*
 * Encode into a new blob, which the caller owns. A request whose policy is NULL is stored without a
 * policy. They return false if memory ran out.
 */
GPAL_MUST_USE bool gpald_encode_request_blob(const struct gpal_request *request,
					     struct gpald_blob *blob);
GPAL_MUST_USE bool gpald_encode_layout_blob(const struct gpal_layout *layout,
					    struct gpald_blob *blob);

/*
 * Decode from bytes. All that the result points to lies in the arena or is static, so the bytes may
 * be freed. Do not call gpal_layout_free() on the layout.
 */
GPAL_MUST_USE enum gpald_codec_result gpald_decode_request_blob(const struct gpald_blob *blob,
								struct gpald_arena *arena,
								struct gpal_request *request);
GPAL_MUST_USE enum gpald_codec_result gpald_decode_layout_blob(const struct gpald_blob *blob,
							       struct gpald_arena *arena,
							       struct gpal_layout *layout);

#endif
