/* SPDX-License-Identifier: MIT */
/* Decodes records. Their bytes were encoded by this process, or their checksum was right. */
#include "config.h"

#include "server/decoded_record.h"

#include "server/methods.h"

int gpald_decode_record(struct gpald_decoded_record *decoded, const struct gpald_record *record,
			struct gpald_wire_error *error)
{
	enum gpald_codec_result result = GPALD_CODEC_NO_MEMORY;

	decoded->arena = gpald_arena_new(0);
	if (decoded->arena)
		result =
			gpald_decode_layout_blob(&record->layout, decoded->arena, &decoded->layout);
	if (result == GPALD_CODEC_OK)
		result = gpald_decode_request_blob(&record->request, decoded->arena,
						   &decoded->request);
	if (result == GPALD_CODEC_OK)
		return 0;
	if (result == GPALD_CODEC_NO_MEMORY)
		return gpald_method_no_memory(error);
	return gpald_refuse(error, GPALD_REASON_OF(GPAL_E_INTERNAL),
			    "the record of %s cannot be read", record->name);
}

void gpald_decoded_record_clear(struct gpald_decoded_record *decoded)
{
	gpald_arena_free(decoded->arena);
}
