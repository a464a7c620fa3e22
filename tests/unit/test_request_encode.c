/* SPDX-License-Identifier: MIT */
/* An encoded request decodes to itself. Also tests how times are written. */
#include "config.h"

#include "tests/unit/records.h"
#include "tests/unit/vectors.h"
#include "tests/wire.h"
#include "wire/request_decode.h"
#include "wire/request_encode.h"

#include <string.h>

/* Returns the stored form of the request in params. Different requests have different forms. */
static struct gpald_blob bytes_of(const cJSON *params)
{
	struct gpald_arena *arena = gpald_arena_new(0);
	const struct gpald_resolve_params *resolve;
	struct gpald_wire_error error;
	struct gpald_blob blob;

	resolve = decode_params(&gpald_resolve_params_table, params, NULL, arena, &error);
	ck_assert_msg(resolve != NULL, "%s: %s", error.pointer, error.message);
	blob = request_blob(&resolve->request);
	gpald_arena_free(arena);
	return blob;
}

/* Returns params with the encoded request, as if they came in a line. */
static cJSON *encoded_params(const struct gpal_request *request)
{
	cJSON *params = cJSON_CreateObject();

	cJSON_AddItemToObject(params, "request", request_tree(request));
	return params;
}

static void assert_comes_back(const struct gpal_request *request)
{
	struct gpald_blob before = request_blob(request), after;
	cJSON *params = encoded_params(request);

	after = bytes_of(params);
	assert_blobs_equal(&before, &after);
	gpald_blob_free(&before);
	gpald_blob_free(&after);
	cJSON_Delete(params);
}

static size_t vectors_left_out;

static void decode_and_compare(const cJSON *params)
{
	struct gpald_arena *arena = gpald_arena_new(0);
	const struct gpald_resolve_params *resolve;
	struct gpald_wire_error error;

	resolve = decode_params(&gpald_resolve_params_table, params, NULL, arena, &error);
	if (resolve)
		assert_comes_back(&resolve->request);
	else
		vectors_left_out++;
	gpald_arena_free(arena);
}

START_TEST(requests_of_the_resolve_vectors_come_back)
{
	size_t count;

	vectors_left_out = 0;
	count = for_each_vector(decode_and_compare);
	ck_assert_uint_ge(count, 1000);
	/* The decoder already refuses some vectors. */
	ck_assert_uint_lt(vectors_left_out, count / 2);
}
END_TEST

START_TEST(members_of_the_first_version_come_back)
{
	const struct gpal_request request = rich_request();

	assert_comes_back(&request);
}
END_TEST

static const char *const texts[] = {
	/*
	 * Members that the policy decides are omitted, and so are empty lists, and empty objects
	 * except cxl.
	 */
	"{\"arch\":\"x86_64\",\"profile\":\"gen2-uefi\",\"memory\":{\"nodes\":[\"0x40000000\"]}}",
	"{\"arch\":\"aarch64\",\"policy\":\"openvmm-2026.05\",\"profile\":\"linux-direct\","
	"\"memory\":{\"nodes\":[\"0x0\",\"0xfffffffffffff000\"],\"start\":\"0x0\"}}",
	"{\"arch\":\"x86_64\",\"profile\":\"gen1\",\"memory\":{\"nodes\":[\"0x1000\"]},"
	"\"chipset\":{\"high_mmio\":\"0x0\"},\"pcie\":{\"ecam\":\"below-4gib\"}}",
	"{\"arch\":\"x86_64\",\"profile\":\"gen2-uefi\",\"memory\":{\"nodes\":[\"0x1000\"]},"
	"\"pcie\":{\"root_complexes\":[{\"name\":\"a\",\"segment\":0,\"start_bus\":0,"
	"\"end_bus\":255,\"node\":0,\"low_mmio\":\"0x0\",\"high_mmio\":{\"start\":\"0x0\","
	"\"end\":\"0xffffffffffffffff\"},\"cxl\":{\"hdm\":\"0x0\"},\"iommu\":\"intel-vtd\"}]}}",
	"{\"arch\":\"x86_64\",\"profile\":\"gen2-uefi\",\"memory\":{\"nodes\":[\"0x1000\"]},"
	"\"chipset\":{\"high_mmio\":{\"start\":\"0x0\",\"end\":\"0x0\"},\"vmbus\":false},"
	"\"pcie\":{\"root_complexes\":[{\"name\":\"a\",\"segment\":0,\"start_bus\":0,"
	"\"end_bus\":255,\"low_mmio\":null,\"high_mmio\":{\"size\":\"0x0\",\"alignment\":\"0x1\"},"
	"\"cxl\":{}}]}}",
	"{\"arch\":\"x86_64\",\"profile\":\"hcl-host\",\"memory\":{\"nodes\":[\"0x1000\"]},"
	"\"virtio_mmio\":{\"slots\":4096},\"vtl2\":{\"chipset_mmio\":\"0x0\",\"memory\":"
	"{\"size\":\"0x1000\",\"alignment\":\"0x1000\"},\"framebuffer\":\"0x1\",\"alias_map\":true},"
	"\"reserved\":[{\"name\":\"r\",\"start\":\"0x1\",\"end\":\"0x0\"}],"
	"\"host\":{\"physical_address_bits\":64}}",
};

START_TEST(a_request_is_encoded_as_the_protocol_says)
{
	cJSON *params = cJSON_CreateObject();
	struct gpald_writer w = { 0 };
	struct gpald_arena *arena = gpald_arena_new(0);
	const struct gpald_resolve_params *resolve;
	struct gpald_wire_error error;

	cJSON_AddItemToObject(params, "request", cJSON_Parse(texts[_i]));
	resolve = decode_params(&gpald_resolve_params_table, params, NULL, arena, &error);
	ck_assert_ptr_nonnull(resolve);
	gpald_encode_request(&w, NULL, &resolve->request);
	assert_written(&w, texts[_i]);
	cJSON_Delete(params);
	gpald_arena_free(arena);
}
END_TEST

/* A stored time may come from a clock that was badly wrong. */
static const struct {
	int64_t ms;
	const char *text;
} dates[] = {
	{ 0, "1970-01-01T00:00:00.000Z" },
	{ INT64_C(1795705445123), "2026-11-26T15:04:05.123Z" },
	{ INT64_C(253402300799999), "9999-12-31T23:59:59.999Z" },
	{ INT64_C(253402300800000), "9999-12-31T23:59:59.999Z" },
	{ INT64_MAX, "9999-12-31T23:59:59.999Z" },
	{ -1, "1970-01-01T00:00:00.000Z" },
	{ INT64_MIN, "1970-01-01T00:00:00.000Z" },
};

START_TEST(a_time_outside_of_1970_to_9999_is_the_nearest_in_it)
{
	struct gpald_writer w = { 0 };
	char expected[64];

	snprintf(expected, sizeof(expected), "\"%s\"", dates[_i].text);
	gpald_write_time(&w, NULL, dates[_i].ms);
	assert_written(&w, expected);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("request_encode");

	add_test(suite, "round trip", requests_of_the_resolve_vectors_come_back);
	add_test(suite, "round trip", members_of_the_first_version_come_back);
	add_rows(suite, "form", a_request_is_encoded_as_the_protocol_says, COUNT_OF(texts));
	add_rows(suite, "form", a_time_outside_of_1970_to_9999_is_the_nearest_in_it,
		 COUNT_OF(dates));
	return run_suite(suite);
}
