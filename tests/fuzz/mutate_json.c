/* SPDX-License-Identifier: MIT */
/*
 * A mutator of libFuzzer for inputs whose lines are JSON. Half of the mutations change bytes, as
 * usual, and half change JSON values, because the JSON parser refuses most changes of bytes.
 */
#include "config.h"

#include "tests/fuzz/tamper.h"

#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t size_max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned int seed);

/*
 * Returns the object in one of the lines, from its brace to the end of the line, or NULL if there
 * is none.
 */
static const uint8_t *pick_object(const uint8_t *data, size_t size, unsigned int *seed,
				  size_t *length)
{
	const uint8_t *end = data + size, *picked = NULL, *lf;
	unsigned int seen = 0;

	for (const uint8_t *at = data; (at = memchr(at, '{', (size_t)(end - at))); at = lf) {
		lf = memchr(at, '\n', (size_t)(end - at));
		lf = lf ? lf : end;
		if ((unsigned int)rand_r(seed) % ++seen > 0)
			continue;
		picked = at;
		*length = (size_t)(lf - at);
	}
	return picked;
}

/* Returns the text of the changed object, or NULL if it is not an object. The caller frees it. */
static char *change(const uint8_t *object, size_t length, unsigned int *seed)
{
	cJSON *tree = cJSON_ParseWithLength((const char *)object, length);
	uint8_t random[32];
	struct fuzz_bytes bytes = { random, random + sizeof(random) };
	char *text = NULL;

	for (size_t i = 0; i < sizeof(random); i++)
		random[i] = (uint8_t)(rand_r(seed) >> 8);
	for (size_t left = 1 + fuzz_below(&bytes, 3); tree && left > 0; left--)
		tamper(tree, &bytes);
	if (tree)
		text = cJSON_PrintUnformatted(tree);
	cJSON_Delete(tree);
	return text;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned int seed)
{
	const uint8_t *object = NULL;
	size_t length, before, after, changed;
	char *text = NULL;

	if (rand_r(&seed) & 0x100)
		object = pick_object(data, size, &seed, &length);
	if (object)
		text = change(object, length, &seed);
	changed = text ? strlen(text) : 0;
	if (!text || size - length + changed > size_max) {
		free(text);
		return LLVMFuzzerMutate(data, size, size_max);
	}
	before = (size_t)(object - data);
	after = size - before - length;
	memmove(data + before + changed, data + before + length, after);
	memcpy(data + before, text, changed);
	free(text);
	return before + changed + after;
}
