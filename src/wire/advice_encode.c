/* SPDX-License-Identifier: MIT */
/* What was not looked at is left out. */
#include "config.h"

#include "wire/advice_encode.h"

void gpald_encode_growths(struct gpald_writer *w, const char *key, const struct gpal_advice *advice)
{
	gpald_write_array(w, key);
	for (size_t i = 0; i < advice->count && !w->failed; i++) {
		const struct gpal_growth *growth = &advice->growths[i];

		gpald_write_object(w, NULL);
		gpald_write_text(w, "tag", growth->tag);
		gpald_write_hex(w, "size", growth->size);
		if (growth->in_place)
			gpald_write_hex(w, "in_place", growth->in_place);
		gpald_write_range_if(w, "pin", growth->pin);
		if (growth->resolved)
			gpald_write_hex(w, "resolved", growth->resolved);
		gpald_write_object_end(w);
	}
	gpald_write_array_end(w);
}
