/* SPDX-License-Identifier: MIT */
/* Shared by requests and changes of requests: draws names, devices and CXL windows. */
#include "inputs.h"

#include <string.h>

#define MIB UINT64_C(0x100000)

#define NAME_MAX_BYTES 255
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

char *plain_name(struct blocks *blocks, const char *stem, size_t number)
{
	char name[64];

	snprintf(name, sizeof(name), "%s%zu", stem, number);
	return blocks_text(blocks, name);
}

char *draw_name(struct blocks *blocks, struct random *random, const char *stem, size_t number)
{
	/*
	 * Characters of one, two, three and four bytes, and those that have a meaning in other
	 * formats.
	 */
	static const char *const words[] = {
		" ",
		"a b",
		",",
		"a,b\\",
		"\"",
		"\\",
		"{\"a\":",
		"\xc3\xbc",
		"%s%n",
		"../",
		"-low-mmio",
		"seg0-ecam",
		"low-ram-gap",
		"\xe6\x97\xa5\xe6\x9c\xac",
		"\xf0\x9f\x98\x80",
		"\xc2\xa0",
		"e\xcc\x81",
		"\xf4\x8f\xbf\xbf",
	};
	static const char *const fillers[] = { "x", "\xc3\xa9", "\xe2\x82\xac",
					       "\xf0\x9f\x90\xa7" };
	const char *word = words[random_below(random, COUNT(words))];
	const char *filler = fillers[random_below(random, COUNT(fillers))];
	char name[NAME_MAX_BYTES + 1];
	size_t length;

	/* No digit follows the number, so that no two names are equal. */
	snprintf(name, sizeof(name), "%s%zu-%s", stem, number, word);
	if (random_once_in(random, 3))
		snprintf(name, sizeof(name), "%s%s%zu", word, stem, number);
	length = strlen(name);
	if (random_once_in(random, 4)) {
		memmove(&name[1], name, length + 1);
		name[0] = '.';
		length++;
		while (length + strlen(filler) <= NAME_MAX_BYTES) {
			memcpy(&name[length], filler, strlen(filler));
			length += strlen(filler);
		}
		while (length < NAME_MAX_BYTES)
			name[length++] = '.';
		name[length] = '\0';
	}
	return blocks_text(blocks, name);
}

static const uint64_t *draw_bars(struct blocks *blocks, struct random *random, size_t count,
				 unsigned int bits)
{
	uint64_t *bars = blocks_take(blocks, count * sizeof(*bars));

	for (size_t i = 0; i < count; i++)
		bars[i] = UINT64_C(1) << random_between(random, 12, bits);
	return bars;
}

void draw_devices(struct blocks *blocks, struct random *random, struct gpal_window *window,
		  bool high)
{
	static const uint32_t functions[] = { 1, 2, 7, 8, 63, 64, 255, 256 };
	const bool many = random_once_in(random, 30);
	const size_t count = many ? random_between(random, 200, 256) : random_between(random, 1, 4);
	const unsigned int bits = many ? 16 :
				  high ? 37 :
					 (unsigned int)random_between(random, 14, 26);
	const unsigned int vf_bits = many ? 13 : high ? 30 : 16;
	struct gpal_device *devices = blocks_take(blocks, count * sizeof(*devices));

	for (size_t i = 0; i < count; i++) {
		struct gpal_device *device = &devices[i];

		device->bar_count = random_between(random, 1, random_once_in(random, 3) ? 6 : 2);
		device->bars = draw_bars(blocks, random, device->bar_count, bits);
		if (!random_once_in(random, 3))
			continue;
		device->has_sriov = true;
		device->vfs = functions[random_below(random, COUNT(functions))];
		device->vf_bar_count = random_between(random, 1, random_once_in(random, 3) ? 6 : 2);
		device->vf_bars = draw_bars(blocks, random, device->vf_bar_count, vf_bits);
	}
	/* Equal ports, which are placed in the given order. */
	if (count > 1 && random_once_in(random, 4))
		devices[1] = devices[0];
	*window = (struct gpal_window){
		.kind = GPAL_WINDOW_DEVICES,
		.devices = devices,
		.device_count = count,
	};
}

bool draw_cxl_window(struct blocks *blocks, struct random *random,
		     const struct gpal_request *request, struct gpal_cxl_window *window)
{
	static const size_t counts[] = { 1, 2, 3, 4, 6, 8, 12, 16 };
	static const uint32_t granularities[] = { 0, 256, 512, 1024, 4096, 16384 };
	const size_t rc_count = request->root_complex_count;
	const char **names = blocks_take(blocks, rc_count * sizeof(*names));
	size_t bridges = 0, choices = 0, count;

	for (size_t i = 0; i < rc_count; i++) {
		if (request->root_complexes[i].has_cxl)
			names[bridges++] = request->root_complexes[i].name;
	}
	while (choices < COUNT(counts) && counts[choices] <= bridges)
		choices++;
	if (choices == 0)
		return false;
	count = counts[random_once_in(random, 2) ? choices - 1 : random_below(random, choices)];
	for (size_t i = 0; i < count; i++) {
		const size_t other = random_between(random, i, bridges - 1);
		const char *const name = names[i];

		names[i] = names[other];
		names[other] = name;
	}
	*window = (struct gpal_cxl_window){
		.targets = names,
		.target_count = count,
		.size = 256 * MIB * count * random_between(random, 1, 16),
		.granularity = granularities[random_below(random, COUNT(granularities))],
	};
	return true;
}
