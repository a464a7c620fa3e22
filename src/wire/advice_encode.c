/* SPDX-License-Identifier: MIT */
/* Writes advice. Optional members that are 0 or empty are omitted. */
#include "config.h"

#include "wire/advice_encode.h"

void gpald_encode_advice(struct gpald_writer *w, const struct gpal_advice *advice)
{
	gpald_write_array(w, "advice");
	for (size_t i = 0; i < advice->count && !w->failed; i++) {
		const struct gpal_growth *growth = &advice->growths[i];

		gpald_write_object(w, NULL);
		gpald_write_text(w, "tag", growth->tag);
		gpald_write_hex(w, "size", growth->size);
		if (growth->in_place)
			gpald_write_hex(w, "in_place", growth->in_place);
		gpald_write_nonempty_range(w, "pin", growth->pin);
		if (growth->resolved)
			gpald_write_hex(w, "resolved", growth->resolved);
		if (growth->largest_bar)
			gpald_write_hex(w, "largest_bar", growth->largest_bar);
		if (growth->pin_largest_bar)
			gpald_write_hex(w, "pin_largest_bar", growth->pin_largest_bar);
		gpald_write_object_end(w);
	}
	gpald_write_array_end(w);
	if (advice->cut)
		gpald_write_bool(w, "advice_cut", true);
}
