/* SPDX-License-Identifier: MIT */
/*
 * The stored form. Everything is decoded as it was encoded, each value has exactly one form, and
 * damaged bytes do no harm.
 */
#include "config.h"

#include "tests/property/inputs.h"
#include "tests/unit/records.h"
#include "tests/wire.h"
#include "wire/request_decode.h"

#include <stdio.h>

enum form {
	REQUEST,
	LAYOUT,
};

/*
 * Copies bytes into an allocation of exactly their length, so that a sanitizer sees a read past the
 * end.
 */
static struct gpald_blob exact(const uint8_t *data, size_t length)
{
	struct gpald_blob blob = { malloc(length), length };

	memcpy(blob.data, data, length);
	return blob;
}

/*
 * Decodes the bytes, frees them, and encodes the result. Each value has only one form, so if the
 * bytes are accepted, they must equal the new ones.
 */
static enum gpald_codec_result check_bytes(enum form form, const uint8_t *data, size_t length)
{
	struct gpald_arena *arena = gpald_arena_new(0);
	struct gpald_blob in = exact(data, length), out = { 0 };
	struct gpal_request request;
	struct gpal_layout layout;
	const enum gpald_codec_result result =
		form == REQUEST ? gpald_decode_request_blob(&in, arena, &request) :
				  gpald_decode_layout_blob(&in, arena, &layout);

	gpald_blob_free(&in);
	if (result == GPALD_CODEC_OK) {
		out = form == REQUEST ? request_blob(&request) : layout_blob(&layout);
		ck_assert_uint_eq(out.length, length);
		ck_assert_mem_eq(out.data, data, length);
	}
	gpald_blob_free(&out);
	gpald_arena_free(arena);
	return result;
}

/* Random samples. */

/*
 * The daemon encodes only requests within these limits. Samples that exceed them are skipped.
 */
static bool is_window_within_limits(const struct gpal_window *window)
{
	if (window->kind != GPAL_WINDOW_DEVICES)
		return window->kind < GPAL_WINDOW_COUNT;
	for (size_t i = 0; i < window->device_count; i++)
		if (window->devices[i].bar_count > GPAL_BARS_MAX ||
		    window->devices[i].vf_bar_count > GPAL_BARS_MAX)
			return false;
	return window->device_count <= GPAL_DEVICES_MAX;
}

static bool is_within_limits(const struct gpal_request *request)
{
	for (size_t i = 0; i < request->cxl_window_count; i++) {
		const struct gpal_cxl_window *window = &request->cxl_windows[i];

		if (window->target_count > GPAL_CXL_TARGETS_MAX)
			return false;
		for (size_t j = 0; j < window->target_count; j++)
			if (!window->targets[j][0])
				return false;
	}
	for (size_t i = 0; i < request->root_complex_count; i++) {
		const struct gpal_root_complex *rc = &request->root_complexes[i];

		if (rc->iommu >= GPAL_IOMMU_COUNT || !is_window_within_limits(&rc->low_mmio) ||
		    !is_window_within_limits(&rc->high_mmio))
			return false;
	}
	for (size_t i = 0; i < request->host_hole_count; i++)
		if (request->host_holes[i] >= GPAL_HOLE_COUNT)
			return false;
	return request->arch < GPAL_ARCH_COUNT && request->profile < GPAL_PROFILE_COUNT &&
	       request->ecam < GPAL_ECAM_COUNT &&
	       request->host_physical_address_bits <= GPALD_ADDRESS_BITS_MAX;
}

/*
 * Returns the bytes of the sample of a seed, or no bytes if its request cannot be encoded or does
 * not resolve.
 */
static struct gpald_blob sample(enum form form, uint64_t seed)
{
	struct request_case *drawn = request_case_draw(seed);
	struct gpald_blob blob = { 0 };
	struct gpal_layout *layout = NULL;

	if (form == REQUEST && is_within_limits(&drawn->request))
		blob = request_blob(&drawn->request);
	if (form == LAYOUT && gpal_resolve(&drawn->request, &layout, NULL) == 0)
		blob = layout_blob(layout);
	gpal_layout_free(layout);
	request_case_free(drawn);
	return blob;
}

static void assert_same_text(cJSON *a, cJSON *b)
{
	char *first = cJSON_PrintUnformatted(a), *second = cJSON_PrintUnformatted(b);

	ck_assert_str_eq(first, second);
	free(first);
	free(second);
	cJSON_Delete(a);
	cJSON_Delete(b);
}

static enum gpald_codec_result check_layout(const struct gpal_layout *layout)
{
	struct gpald_blob blob = layout_blob(layout);
	const enum gpald_codec_result result = check_bytes(LAYOUT, blob.data, blob.length);

	gpald_blob_free(&blob);
	return result;
}

static enum gpald_codec_result check_request(const struct gpal_request *request)
{
	struct gpald_blob blob = request_blob(request);
	const enum gpald_codec_result result = check_bytes(REQUEST, blob.data, blob.length);

	gpald_blob_free(&blob);
	return result;
}

#define ROUNDS 2000

/* Requests are compared by their JSON, which does not depend on the bytes. */
START_TEST(requests_come_back)
{
	size_t seen = 0;

	for (uint64_t seed = 0; seed < ROUNDS; seed++) {
		struct request_case *drawn = request_case_draw(seed);
		struct gpald_arena *arena = gpald_arena_new(0);
		struct gpald_blob blob;
		struct gpal_request back;

		if (is_within_limits(&drawn->request)) {
			blob = request_blob(&drawn->request);
			memset(&back, 0xa5, sizeof(back));
			ck_assert_int_eq(gpald_decode_request_blob(&blob, arena, &back),
					 GPALD_CODEC_OK);
			gpald_blob_free(&blob);
			assert_same_text(request_tree(&drawn->request), request_tree(&back));
			seen++;
		}
		gpald_arena_free(arena);
		request_case_free(drawn);
	}
	ck_assert_uint_gt(seen, ROUNDS * 9 / 10);
}
END_TEST

static void assert_layout_comes_back(const struct gpal_layout *layout)
{
	struct gpald_arena *arena = gpald_arena_new(0);
	struct gpald_blob blob = layout_blob(layout);
	struct gpal_layout back;

	memset(&back, 0xa5, sizeof(back));
	ck_assert_int_eq(gpald_decode_layout_blob(&blob, arena, &back), GPALD_CODEC_OK);
	gpald_blob_free(&blob);
	assert_same_text(layout_tree(layout), layout_tree(&back));
	/* The JSON does not contain the index. */
	for (size_t i = 0; i < layout->map.count; i++)
		ck_assert_uint_eq(back.map.entries[i].index, layout->map.entries[i].index);
	ck_assert_uint_eq(back.virtio_mmio_slots, layout->virtio_mmio_slots);
	ck_assert_int_eq(back.iommu, layout->iommu);
	gpald_arena_free(arena);
}

START_TEST(layouts_come_back)
{
	size_t seen = 0;

	for (uint64_t seed = 0; seed < ROUNDS; seed++) {
		struct request_case *drawn = request_case_draw(seed);
		struct gpal_layout *layout;

		if (gpal_resolve(&drawn->request, &layout, NULL) == 0) {
			assert_layout_comes_back(layout);
			gpal_layout_free(layout);
			seen++;
		}
		request_case_free(drawn);
	}
	ck_assert_uint_gt(seen, ROUNDS / 4);
}
END_TEST

START_TEST(a_layout_with_warnings_comes_back)
{
	const struct gpal_request request = rich_request();
	struct gpal_layout *layout = resolve(&request);

	ck_assert_uint_gt(layout->warning_count, 2);
	assert_layout_comes_back(layout);
	gpal_layout_free(layout);
}
END_TEST

START_TEST(the_longest_lists_come_back)
{
	static uint64_t nodes[GPALD_MEMORY_NODES_MAX + 1];
	static struct gpal_root_complex rcs[GPALD_ROOT_COMPLEXES_MAX + 1];
	static struct gpal_named_range reserved[GPALD_RESERVED_MAX + 1];
	char name[GPALD_UTF8_NAME_MAX + 2] = "";
	struct gpal_request request = { .nodes = nodes,
					.node_count = GPALD_MEMORY_NODES_MAX,
					.root_complexes = rcs,
					.root_complex_count = GPALD_ROOT_COMPLEXES_MAX,
					.reserved = reserved,
					.reserved_count = GPALD_RESERVED_MAX };

	memset(name, 'n', GPALD_UTF8_NAME_MAX);
	for (size_t i = 0; i <= GPALD_MEMORY_NODES_MAX; i++)
		nodes[i] = UINT64_MAX - i;
	for (size_t i = 0; i <= GPALD_ROOT_COMPLEXES_MAX; i++)
		rcs[i] = (struct gpal_root_complex){ .name = name,
						     .has_buses = true,
						     .segment = (uint16_t)(i * 16) };
	for (size_t i = 0; i <= GPALD_RESERVED_MAX; i++)
		reserved[i].name = name;
	ck_assert_int_eq(check_request(&request), GPALD_CODEC_OK);

	/* One more element in a list is too many. */
	request.node_count++;
	ck_assert_int_eq(check_request(&request), GPALD_CODEC_MALFORMED);
	request.node_count--;
	request.root_complex_count++;
	ck_assert_int_eq(check_request(&request), GPALD_CODEC_MALFORMED);
	request.root_complex_count--;
	request.reserved_count++;
	ck_assert_int_eq(check_request(&request), GPALD_CODEC_MALFORMED);
	request.reserved_count--;
	name[GPALD_UTF8_NAME_MAX] = 'n';
	ck_assert_int_eq(check_request(&request), GPALD_CODEC_MALFORMED);
}
END_TEST

/* Damage. */

START_TEST(truncated_or_extended_bytes_are_refused)
{
	for (uint64_t seed = 0; seed < 60; seed++) {
		struct gpald_blob blob = sample((enum form)_i, seed);

		for (size_t length = 0; length < blob.length; length++)
			ck_assert_int_eq(check_bytes((enum form)_i, blob.data, length),
					 GPALD_CODEC_MALFORMED);
		if (blob.length > 0) {
			blob.data = realloc(blob.data, blob.length + 1);
			blob.data[blob.length] = 0;
			ck_assert_int_eq(check_bytes((enum form)_i, blob.data, blob.length + 1),
					 GPALD_CODEC_MALFORMED);
		}
		gpald_blob_free(&blob);
	}
}
END_TEST

START_TEST(flipped_bits_never_make_a_second_form)
{
	size_t refused = 0, accepted = 0;

	for (uint64_t seed = 100; seed < 120; seed++) {
		struct gpald_blob blob = sample((enum form)_i, seed);

		for (size_t bit = 0; bit < 8 * blob.length; bit++) {
			blob.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
			if (check_bytes((enum form)_i, blob.data, blob.length))
				refused++;
			else
				accepted++;
			blob.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		gpald_blob_free(&blob);
	}
	/* Some bytes still decode, for example to another size. Checksums find those. */
	ck_assert_uint_gt(refused, 100);
	ck_assert_uint_gt(accepted, 100);
}
END_TEST

START_TEST(random_bytes_do_no_harm)
{
	struct random random = { 1 };

	for (int round = 0; round < 100000; round++) {
		uint8_t bytes[64];
		const size_t length = random_below(&random, sizeof(bytes));

		for (size_t i = 0; i < length; i++)
			bytes[i] = random_once_in(&random, 3) ? (uint8_t)random_next(&random) :
								(uint8_t)random_below(&random, 4);
		if (length > 0)
			bytes[0] = (uint8_t)random_between(&random, 1, 3);
		(void)check_bytes((enum form)_i, bytes, length);
	}
}
END_TEST

/* Converts hex digits to bytes, and skips spaces. Returns the number of bytes. */
static size_t bytes_of_hex(const char *hex, uint8_t *bytes, size_t room)
{
	size_t length = 0;
	unsigned int byte;
	int used;

	for (; sscanf(hex, " %2x%n", &byte, &used) == 1; hex += used) {
		ck_assert_uint_lt(length, room);
		bytes[length++] = (uint8_t)byte;
	}
	ck_assert_str_eq(hex, "");
	return length;
}

/* x86_64, no policy, gen2-uefi, one node of 4096 bytes, and nothing else. */
#define HEAD "01 00 00 00 01 8020 "
#define OPTIONALS "00 00 00 "
#define REST "00 00 00 00 00 00 00 00"

static const struct {
	const char *hex;
	enum gpald_codec_result result;
} forms[] = {
	{ HEAD OPTIONALS REST, GPALD_CODEC_OK },
	{ "", GPALD_CODEC_MALFORMED },
	/* An unknown version, or none. */
	{ "00 00 00 00 01 8020 " OPTIONALS REST, GPALD_CODEC_MALFORMED },
	{ "03 00 00 00 01 8020 " OPTIONALS REST, GPALD_CODEC_NEWER },
	/* The second version: without VMBus, and with nothing that needs this version. */
	{ "02 00 00 00 01 8020 " OPTIONALS "00 01 " REST " 00 00 00 00 00", GPALD_CODEC_OK },
	{ "02 00 00 00 01 8020 " OPTIONALS "00 00 " REST " 00 00 00 00 00", GPALD_CODEC_MALFORMED },
	/* A hole of the host, and an unknown one. */
	{ "02 00 00 00 01 8020 " OPTIONALS "00 00 " REST " 01 01 00 00 00 00", GPALD_CODEC_OK },
	{ "02 00 00 00 01 8020 " OPTIONALS "00 00 " REST " 01 02 00 00 00 00",
	  GPALD_CODEC_MALFORMED },
	/* An alias map of VTL2. */
	{ "02 00 00 00 01 8020 " OPTIONALS "00 00 " REST " 00 01 00 00 00", GPALD_CODEC_OK },
	/* A pinned window, alone and together with a size. */
	{ "02 00 00 00 01 8020 " OPTIONALS "01 8020 8040 00 " REST " 00 00 00 00 00",
	  GPALD_CODEC_OK },
	{ "02 00 00 00 01 8020 00 00 01 05 01 8020 8040 00 " REST " 00 00 00 00 00",
	  GPALD_CODEC_MALFORMED },
	/* Only the second version can have no window, or a window with an alignment. */
	{ HEAD OPTIONALS "00 01 0161 00 00 00 00 03 00 00 00 00 00 00 00 00 00",
	  GPALD_CODEC_MALFORMED },
	{ "02 00 00 00 01 8020 " OPTIONALS
	  "00 00 00 01 0161 00 00 00 00 03 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
	  GPALD_CODEC_OK },
	{ "02 00 00 00 01 8020 " OPTIONALS
	  "00 00 00 01 0161 00 00 00 00 01 8020 8040 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
	  GPALD_CODEC_OK },
	/* A low window; room for memory, with an alignment and without; a CXL window. */
	{ "02 00 00 00 01 8020 " OPTIONALS "00 00 " REST " 00 00 8020 00 00", GPALD_CODEC_OK },
	{ "02 00 00 00 01 8020 " OPTIONALS "00 00 " REST " 00 00 00 01 00 8020 00 00",
	  GPALD_CODEC_OK },
	{ "02 00 00 00 01 8020 " OPTIONALS "00 00 " REST " 00 00 00 01 00 8020 01 8040 00",
	  GPALD_CODEC_OK },
	{ "02 00 00 00 01 8020 " OPTIONALS "00 00 " REST " 00 00 00 00 01 0177 01 0161 8020 8002",
	  GPALD_CODEC_OK },
	/* A granularity is required, a name must be UTF-8, and there are at most 16 targets. */
	{ "02 00 00 00 01 8020 " OPTIONALS "00 00 " REST " 00 00 00 00 01 0177 01 0161 8020 00",
	  GPALD_CODEC_MALFORMED },
	{ "02 00 00 00 01 8020 " OPTIONALS "00 00 " REST " 00 00 00 00 01 01c3 01 0161 8020 8002",
	  GPALD_CODEC_MALFORMED },
	{ "02 00 00 00 01 8020 " OPTIONALS "00 00 " REST
	  " 00 00 00 00 01 0177 11 0161 0161 0161 0161 0161 0161 0161 0161 0161 0161 0161 0161 0161"
	  " 0161 0161 0161 0161 8020 8002",
	  GPALD_CODEC_MALFORMED },
	/* A window for a device: one BAR; with virtual functions too; seven BARs. */
	{ "02 00 00 00 01 8020 " OPTIONALS
	  "00 00 00 01 0161 00 00 00 00 04 01 01 8020 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
	  GPALD_CODEC_OK },
	{ "02 00 00 00 01 8020 " OPTIONALS
	  "00 00 00 01 0161 00 00 00 00 04 01 01 8020 01 07 01 8020 "
	  "00 00 00 00 00 00 00 00 00 00 00 00 00 00",
	  GPALD_CODEC_OK },
	{ "02 00 00 00 01 8020 " OPTIONALS
	  "00 00 00 01 0161 00 00 00 00 04 01 07 8020 8020 8020 8020 8020 8020 8020 00 "
	  "00 00 00 00 00 00 00 00 00 00 00 00 00 00",
	  GPALD_CODEC_MALFORMED },
	/* A name with a space needs the second version. A plain name must not use it. */
	{ HEAD OPTIONALS "00 01 0120 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
	  GPALD_CODEC_MALFORMED },
	{ "02 00 00 00 01 8020 " OPTIONALS
	  "00 00 00 01 0120 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
	  GPALD_CODEC_OK },
	{ "02 00 00 00 01 8020 " OPTIONALS
	  "00 00 00 01 0161 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
	  GPALD_CODEC_MALFORMED },
	/* Integers with more bytes than necessary. */
	{ "8100 00 00 00 01 8020 " OPTIONALS REST, GPALD_CODEC_MALFORMED },
	{ "01 8000 00 00 01 8020 " OPTIONALS REST, GPALD_CODEC_MALFORMED },
	{ "01 00 00 00 01 80a000 " OPTIONALS REST, GPALD_CODEC_MALFORMED },
	{ "01 00 00 00 01 8080808080808080808000 " OPTIONALS REST, GPALD_CODEC_MALFORMED },
	/* 2^64 - 1, and integers of more than 64 bits. */
	{ "01 00 00 00 01 ffffffffffffffffff01 " OPTIONALS REST, GPALD_CODEC_OK },
	{ "01 00 00 00 01 ffffffffffffffffff02 " OPTIONALS REST, GPALD_CODEC_MALFORMED },
	{ "01 00 00 00 01 ffffffffffffffffff81 " OPTIONALS REST, GPALD_CODEC_MALFORMED },
	{ "01 00 00 00 01 ffffffffffffffffffffffffff01 " OPTIONALS REST, GPALD_CODEC_MALFORMED },
	/* Enumerations, up to the first value that is too large. */
	{ "01 01 00 04 01 8020 " OPTIONALS REST, GPALD_CODEC_OK },
	{ "01 02 00 00 01 8020 " OPTIONALS REST, GPALD_CODEC_MALFORMED },
	{ "01 00 00 05 01 8020 " OPTIONALS REST, GPALD_CODEC_MALFORMED },
	{ HEAD OPTIONALS "02 00 00 00 00 00 00 00", GPALD_CODEC_OK },
	{ HEAD OPTIONALS "03 00 00 00 00 00 00 00", GPALD_CODEC_MALFORMED },
	/* Flags are 0 or 1. */
	{ HEAD "01 05 00 00 " REST, GPALD_CODEC_OK },
	{ HEAD "02 05 00 00 " REST, GPALD_CODEC_MALFORMED },
	/* 32 bits, and one more. */
	{ HEAD OPTIONALS "00 01 0161 00 00 00 01 ffffffff0f 00 00 00 00 00 00 00 00 00 00",
	  GPALD_CODEC_OK },
	{ HEAD OPTIONALS "00 01 0161 00 00 00 01 8080808010 00 00 00 00 00 00 00 00 00 00",
	  GPALD_CODEC_MALFORMED },
	/* 4096 virtio-mmio slots, one more, and the largest 32-bit number. */
	{ HEAD OPTIONALS "00 00 8020 00 00 00 00 00", GPALD_CODEC_OK },
	{ HEAD OPTIONALS "00 00 8120 00 00 00 00 00", GPALD_CODEC_MALFORMED },
	{ HEAD OPTIONALS "00 00 ffffffff0f 00 00 00 00 00", GPALD_CODEC_MALFORMED },
	/* 64 physical address bits, and 65. */
	{ HEAD OPTIONALS "00 00 00 00 00 00 00 40", GPALD_CODEC_OK },
	{ HEAD OPTIONALS "00 00 00 00 00 00 00 41", GPALD_CODEC_MALFORMED },
	/* Names of root complexes: empty, and not UTF-8. */
	{ HEAD OPTIONALS "00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
	  GPALD_CODEC_MALFORMED },
	{ HEAD OPTIONALS "00 01 01ff 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
	  GPALD_CODEC_MALFORMED },
	/* Names of reserved ranges: plain, empty, and with a space, which needs version 2. */
	{ HEAD OPTIONALS "00 00 00 00 00 00 01 0161 00 00 00", GPALD_CODEC_OK },
	{ HEAD OPTIONALS "00 00 00 00 00 00 01 00 00 00 00", GPALD_CODEC_MALFORMED },
	{ HEAD OPTIONALS "00 00 00 00 00 00 01 0120 00 00 00", GPALD_CODEC_MALFORMED },
	/* Policies: of this version, of another, truncated, and with a NUL. */
	{ "01 00 0f 6f70656e766d6d2d323032362e3036 00 01 8020 " OPTIONALS REST, GPALD_CODEC_OK },
	{ "01 00 0f 6f70656e766d6d2d323036362e3036 00 01 8020 " OPTIONALS REST,
	  GPALD_CODEC_UNKNOWN_POLICY },
	{ "01 00 0f 6f70656e766d6d2d323032362e30", GPALD_CODEC_MALFORMED },
	{ "01 00 0f 6f70656e766d6d2d323032362e0000 00 01 8020 " OPTIONALS REST,
	  GPALD_CODEC_MALFORMED },
	{ "01 00 10 6f70656e766d6d2d323032362e303600 00 01 8020 " OPTIONALS REST,
	  GPALD_CODEC_MALFORMED },
	{ "01 00 ffffffffffffffffff01 6f", GPALD_CODEC_MALFORMED },
	/* Lists with more elements than there are bytes, or than memory can hold. */
	{ "01 00 00 00 7f 8020 " OPTIONALS REST, GPALD_CODEC_MALFORMED },
	{ "01 00 00 00 ffffffffffffffffff01 8020 " OPTIONALS REST, GPALD_CODEC_MALFORMED },
	{ "01 00 00 00 8080808080808080a001 8020 " OPTIONALS REST, GPALD_CODEC_MALFORMED },
	/* A root complex: bus 255, bus 256; segment 65535, 65536; window and IOMMU kinds. */
	{ HEAD OPTIONALS "00 01 0161 ffff03 ff01 ff01 00 00 00 00 03 00 00 00 00 00 00",
	  GPALD_CODEC_OK },
	{ HEAD OPTIONALS "00 01 0161 808004 ff01 ff01 00 00 00 00 03 00 00 00 00 00 00",
	  GPALD_CODEC_MALFORMED },
	{ HEAD OPTIONALS "00 01 0161 ffff03 8002 ff01 00 00 00 00 03 00 00 00 00 00 00",
	  GPALD_CODEC_MALFORMED },
	{ HEAD OPTIONALS "00 01 0161 ffff03 ff01 ff01 00 03 00 00 03 00 00 00 00 00 00",
	  GPALD_CODEC_MALFORMED },
	{ HEAD OPTIONALS "00 01 0161 ffff03 ff01 ff01 00 00 00 00 04 00 00 00 00 00 00",
	  GPALD_CODEC_MALFORMED },
};

START_TEST(a_value_has_one_form)
{
	uint8_t bytes[128];
	const size_t length = bytes_of_hex(forms[_i].hex, bytes, sizeof(bytes));

	ck_assert_int_eq(check_bytes(REQUEST, bytes, length), forms[_i].result);
}
END_TEST

/* An empty layout: x86_64, a policy, gen2-uefi, no RAM; then chipset low MMIO. */
#define LAYOUT_HEAD "01 00 0f 6f70656e766d6d2d323032362e3036 00 00 "
#define LAYOUT_REST "0000 00 00 0000 00 00 00 0000 0000 0000 00 00000000 00 00"
#define LAST_PAGE "feffffffffffff07 "
#define SPACE_END "ffffffffffffff07 "

static const struct {
	const char *hex;
	enum gpald_codec_result result;
} ranges[] = {
	{ LAYOUT_HEAD "00 00 " LAYOUT_REST, GPALD_CODEC_OK },
	{ LAYOUT_HEAD "05 02 " LAYOUT_REST, GPALD_CODEC_OK },
	{ LAYOUT_HEAD "00 " SPACE_END LAYOUT_REST, GPALD_CODEC_OK },
	{ LAYOUT_HEAD LAST_PAGE "01 " LAYOUT_REST, GPALD_CODEC_OK },
	/* Beyond the end of the address space. */
	{ LAYOUT_HEAD LAST_PAGE "02 " LAYOUT_REST, GPALD_CODEC_MALFORMED },
	{ LAYOUT_HEAD "01 " SPACE_END LAYOUT_REST, GPALD_CODEC_MALFORMED },
	{ LAYOUT_HEAD SPACE_END SPACE_END LAYOUT_REST, GPALD_CODEC_MALFORMED },
	{ LAYOUT_HEAD "8080808080808008 00 " LAYOUT_REST, GPALD_CODEC_MALFORMED },
	{ LAYOUT_HEAD "00 8080808080808008 " LAYOUT_REST, GPALD_CODEC_MALFORMED },
};

START_TEST(ranges_of_layouts_end_within_the_address_space)
{
	uint8_t bytes[128];
	const size_t length = bytes_of_hex(ranges[_i].hex, bytes, sizeof(bytes));

	ck_assert_int_eq(check_bytes(LAYOUT, bytes, length), ranges[_i].result);
}
END_TEST

/* A checksum would not find any of these faults, but readers of a layout rely on their absence. */
#define SPOIL(name, statement)                          \
	static void spoil_##name(struct gpal_layout *l) \
	{                                               \
		statement;                              \
	}
SPOIL(slots, l->virtio_mmio_slots = UINT32_MAX)
SPOIL(slots_and_range, l->virtio_mmio_slots--)
SPOIL(slots_in_range, l->virtio_mmio_slots = GPALD_VIRTIO_MMIO_SLOTS_MAX + 1;
      l->virtio_mmio.end = l->virtio_mmio.start + l->virtio_mmio_slots * 4 * KIB)
SPOIL(iommu_kind, l->iommu = GPAL_IOMMU_NONE)
SPOIL(iommu_count, l->iommu_count = 0)
SPOIL(iommu_name, ((struct gpal_layout_iommu *)l->iommus)->root_complex = "")
SPOIL(bits, l->required_address_bits = 65 + l->has_vtl2_alias_map)
SPOIL(overlap, ((struct gpal_map_entry *)l->map.entries)[0].range.end = l->map.entries[1].range.end)
SPOIL(empty_range,
      ((struct gpal_map_entry *)l->map.entries)[0].range.end = l->map.entries[0].range.start)
SPOIL(tag, ((struct gpal_map_entry *)l->map.entries)[0].tag = "")
SPOIL(warning, ((struct gpal_warning *)l->warnings)[0].tag = "\xff")
SPOIL(name, ((struct gpal_layout_root_complex *)l->root_complexes)[0].name = "\xff")
SPOIL(buses, ((struct gpal_layout_root_complex *)l->root_complexes)[0].end_bus = 1)
SPOIL(segment, ((struct gpal_layout_segment *)l->segments)[1].end_bus = 1)
SPOIL(node, ((struct gpal_ram_extent *)l->ram)[0].node = GPALD_MEMORY_NODES_MAX)

static void (*const spoils[])(struct gpal_layout *) = {
	spoil_slots,      spoil_slots_and_range, spoil_slots_in_range,
	spoil_iommu_kind, spoil_iommu_count,     spoil_iommu_name,
	spoil_bits,       spoil_overlap,         spoil_empty_range,
	spoil_tag,        spoil_warning,         spoil_name,
	spoil_buses,      spoil_segment,         spoil_node,
};

START_TEST(a_layout_that_contradicts_itself_is_refused)
{
	const struct gpal_request request = rich_request();
	struct gpal_layout *layout = resolve(&request);

	ck_assert_int_eq(check_layout(layout), GPALD_CODEC_OK);
	spoils[_i](layout);
	ck_assert_int_eq(check_layout(layout), GPALD_CODEC_MALFORMED);
	gpal_layout_free(layout);
}
END_TEST

/* A store returns NULL for a column without bytes. */
START_TEST(empty_blobs_are_refused)
{
	const struct gpald_blob none = { 0 };
	struct gpald_arena *arena = gpald_arena_new(0);
	struct gpal_request request;
	struct gpal_layout layout;

	ck_assert_int_eq(gpald_decode_request_blob(&none, arena, &request), GPALD_CODEC_MALFORMED);
	ck_assert_int_eq(gpald_decode_layout_blob(&none, arena, &layout), GPALD_CODEC_MALFORMED);
	gpald_arena_free(arena);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("codec");

	add_test(suite, "round trip", requests_come_back);
	add_test(suite, "round trip", layouts_come_back);
	add_test(suite, "round trip", a_layout_with_warnings_comes_back);
	add_test(suite, "round trip", the_longest_lists_come_back);
	add_rows(suite, "damage", truncated_or_extended_bytes_are_refused, 2);
	add_rows(suite, "damage", flipped_bits_never_make_a_second_form, 2);
	add_rows(suite, "damage", random_bytes_do_no_harm, 2);
	add_rows(suite, "damage", a_value_has_one_form, COUNT_OF(forms));
	add_rows(suite, "damage", ranges_of_layouts_end_within_the_address_space, COUNT_OF(ranges));
	add_rows(suite, "damage", a_layout_that_contradicts_itself_is_refused, COUNT_OF(spoils));
	add_test(suite, "damage", empty_blobs_are_refused);
	return run_suite(suite);
}
