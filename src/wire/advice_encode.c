/* SPDX-License-Identifier: MIT */
/* What was not looked at is left out. */
#include "config.h"

#include "wire/advice_encode.h"

#include "wire/json_build.h"

static void build_growth(struct gpald_builder *b, cJSON *array, const struct gpal_growth *growth)
{
	cJSON *object = gpald_build_object(b, array, NULL);

	gpald_build_text(b, object, "tag", growth->tag);
	gpald_build_hex(b, object, "size", growth->size);
	if (growth->in_place)
		gpald_build_hex(b, object, "in_place", growth->in_place);
	gpald_build_range_if(b, object, "pin", growth->pin);
	if (growth->resolved)
		gpald_build_hex(b, object, "resolved", growth->resolved);
}

cJSON *gpald_encode_growths(const struct gpal_advice *advice)
{
	struct gpald_builder b = { .failed = false };
	cJSON *array = cJSON_CreateArray();

	for (size_t i = 0; i < advice->count && !b.failed; i++)
		build_growth(&b, array, &advice->growths[i]);
	if (!b.failed)
		return array;
	cJSON_Delete(array);
	return NULL;
}
