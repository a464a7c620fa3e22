/* SPDX-License-Identifier: MIT */
/* Reads and writes protobuf messages, and compares with what protobuf-c makes of the same bytes. */
#include "config.h"

#include "proto/gpalayout.pb-c.h"
#include "tests/unit/suite.h"
#include "ttrpc/protobuf_read.h"
#include "ttrpc/protobuf_write.h"
#include "wire/json_parse.h"
#include "wire/layout_encode.h"

#include <stdlib.h>
#include <string.h>

/* Reading. */

struct read {
	struct gpald_arena *arena;
	struct gpald_wire_error error;
	const cJSON *value;
	int code;
};

static struct read read_bytes(const ProtobufCMessageDescriptor *message, const void *bytes,
			      size_t length)
{
	struct read r = { .arena = gpald_arena_new(0) };

	ck_assert_ptr_nonnull(r.arena);
	r.code = gpald_protobuf_read(message, bytes, length, r.arena, &r.value, &r.error);
	return r;
}

static void assert_read(const ProtobufCMessage *message, const char *expected)
{
	const size_t length = protobuf_c_message_get_packed_size(message);
	uint8_t *bytes = malloc(length + 1);
	struct read r;
	char *text;

	ck_assert_ptr_nonnull(bytes);
	ck_assert_uint_eq(protobuf_c_message_pack(message, bytes), length);
	r = read_bytes(message->descriptor, bytes, length);
	ck_assert_msg(r.code == 0, "%s at %s", r.error.message, r.error.pointer);
	text = cJSON_PrintUnformatted(r.value);
	ck_assert_str_eq(text, expected);
	cJSON_free(text);
	free(bytes);
	gpald_arena_free(r.arena);
}

START_TEST(each_kind_of_field_is_read)
{
	Gpalayout__V1__Window window = GPALAYOUT__V1__WINDOW__INIT;
	Gpalayout__V1__RootComplexRequest rc = GPALAYOUT__V1__ROOT_COMPLEX_REQUEST__INIT;
	Gpalayout__V1__RootComplexRequest *rcs[] = { &rc };
	Gpalayout__V1__PcieRequest pcie = GPALAYOUT__V1__PCIE_REQUEST__INIT;
	Gpalayout__V1__MemoryRequest memory = GPALAYOUT__V1__MEMORY_REQUEST__INIT;
	Gpalayout__V1__Request request = GPALAYOUT__V1__REQUEST__INIT;
	Gpalayout__V1__ResolveRequest resolve = GPALAYOUT__V1__RESOLVE_REQUEST__INIT;
	uint64_t nodes[] = { 0, 1, UINT64_C(1) << 53, UINT64_MAX };
	char *refuse[] = { (char *)"all", (char *)"" };

	window.optional_none_case = GPALAYOUT__V1__WINDOW__OPTIONAL_NONE_NONE;
	window.none = true;
	rc.name = (char *)"a\xc3\xa9";
	rc.optional_node_case = GPALAYOUT__V1__ROOT_COMPLEX_REQUEST__OPTIONAL_NODE_NODE;
	rc.node = 0;
	rc.low_mmio = &window;
	pcie.n_root_complexes = 1;
	pcie.root_complexes = rcs;
	memory.n_nodes = COUNT_OF(nodes);
	memory.nodes = nodes;
	request.arch = (char *)"x86_64";
	request.memory = &memory;
	request.pcie = &pcie;
	resolve.request = &request;
	resolve.optional_advise_case = GPALAYOUT__V1__RESOLVE_REQUEST__OPTIONAL_ADVISE_ADVISE;
	resolve.n_refuse = COUNT_OF(refuse);
	resolve.refuse = refuse;
	assert_read(&resolve.base,
		    "{\"request\":{\"arch\":\"x86_64\",\"memory\":{\"nodes\":[\"0x0\",\"0x1\","
		    "\"0x20000000000000\",\"0xffffffffffffffff\"]},\"pcie\":{\"root_complexes\":["
		    "{\"name\":\"a\xc3\xa9\",\"node\":0,\"low_mmio\":{\"none\":true}}]}},"
		    "\"advise\":false,\"refuse\":[\"all\",\"\"]}");
}
END_TEST

/* A field without presence that is not on the wire has its default. */
START_TEST(fields_without_presence_have_their_default)
{
	Gpalayout__V1__DeleteRequest remove = GPALAYOUT__V1__DELETE_REQUEST__INIT;
	Gpalayout__V1__Demand demand = GPALAYOUT__V1__DEMAND__INIT;

	assert_read(&remove.base, "{\"name\":\"\"}");
	remove.optional_generation_case =
		GPALAYOUT__V1__DELETE_REQUEST__OPTIONAL_GENERATION_GENERATION;
	remove.generation = -1;
	assert_read(&remove.base, "{\"generation\":-1,\"name\":\"\"}");
	assert_read(&demand.base, "{\"tag\":\"\",\"size\":\"0x0\",\"alignment\":\"0x0\"}");
}
END_TEST

#define BYTES(text) (text), sizeof(text) - 1

static const struct {
	const ProtobufCMessageDescriptor *message;
	const char *bytes;
	size_t length;
	enum gpald_reason reason;
	const char *pointer;
} refused[] = {
	{ &gpalayout__v1__get_request__descriptor, BYTES("\x0a\x01"), GPALD_INVALID_REQUEST, "" },
	{ &gpalayout__v1__get_request__descriptor, BYTES("\x0a"), GPALD_INVALID_REQUEST, "" },
	{ &gpalayout__v1__get_request__descriptor, BYTES("\x02\x00"), GPALD_INVALID_REQUEST, "" },
	{ &gpalayout__v1__get_request__descriptor, BYTES("\x0b\x0c"), GPALD_INVALID_REQUEST, "" },
	{ &gpalayout__v1__get_request__descriptor,
	  BYTES("\x0a\x81\x80\x80\x80\x80\x80\x80\x80\x80\x02x"), GPALD_INVALID_REQUEST, "" },
	{ &gpalayout__v1__get_request__descriptor, BYTES("\x0a\x01\x00"), GPALD_INVALID_REQUEST,
	  "/name" },
	{ &gpalayout__v1__get_request__descriptor, BYTES("\x0a\x02\xc0\x80"), GPALD_INVALID_UTF8,
	  "/name" },
	{ &gpalayout__v1__get_request__descriptor, BYTES("\x0a\x01x\x0a\x01x"), GPALD_DUPLICATE_KEY,
	  "/name" },
	{ &gpalayout__v1__get_request__descriptor, BYTES("\x12\x00"), GPALD_UNKNOWN_MEMBER, "" },
	{ &gpalayout__v1__get_request__descriptor, BYTES("\x08\x00"), GPALD_WRONG_TYPE, "/name" },
	{ &gpalayout__v1__resolve_request__descriptor, BYTES("\x0a\x02\x20\x01"), GPALD_WRONG_TYPE,
	  "/request/memory" },
	{ &gpalayout__v1__resolve_request__descriptor, BYTES("\x0a\x05\x22\x03\x0a\x01\x80"),
	  GPALD_INVALID_REQUEST, "/request/memory/nodes" },
	{ &gpalayout__v1__resolve_request__descriptor, BYTES("\x1a\x01x\x1a\x01\xff"),
	  GPALD_INVALID_UTF8, "/refuse/1" },
	{ &gpalayout__v1__resolve_request__descriptor, BYTES("\x11\0\0\0\0\0\0\0\0"),
	  GPALD_WRONG_TYPE, "/advise" },
};

START_TEST(a_refusal_names_the_field)
{
	struct read r = read_bytes(refused[_i].message, refused[_i].bytes, refused[_i].length);

	ck_assert_int_eq(r.code, -1);
	ck_assert_str_eq(gpald_reason_token(r.error.reason),
			 gpald_reason_token(refused[_i].reason));
	ck_assert(r.error.has_pointer);
	ck_assert_str_eq(r.error.pointer, refused[_i].pointer);
	gpald_arena_free(r.arena);
}
END_TEST

/* Lists may be packed or not, and come in several pieces. */
START_TEST(lists_are_read_however_they_are_written)
{
	static const char bytes[] = "\x08\x01\x0a\x02\x02\x03\x10\x07\x0a\x00\x08\x04";
	struct read r = read_bytes(&gpalayout__v1__memory_request__descriptor, BYTES(bytes));
	char *text = r.code ? NULL : cJSON_PrintUnformatted(r.value);

	ck_assert_msg(r.code == 0, "%s at %s", r.error.message, r.error.pointer);
	ck_assert_str_eq(text, "{\"nodes\":[\"0x1\",\"0x2\",\"0x3\",\"0x4\"],\"start\":\"0x7\"}");
	cJSON_free(text);
	gpald_arena_free(r.arena);
}
END_TEST

/* Two bytes can make a value of 64 bytes, but a message has no more values than a line may have. */
START_TEST(memory_is_bounded)
{
	const size_t length = 1 << 20;
	char *bytes = malloc(length);
	struct read r;

	ck_assert_ptr_nonnull(bytes);
	for (size_t i = 0; i < length; i += 2)
		memcpy(bytes + i, "\x1a\x00", 2);
	r = read_bytes(&gpalayout__v1__allocate_request__descriptor, bytes, length);
	ck_assert_int_eq(r.code, -1);
	ck_assert_int_eq(r.error.reason, GPALD_TOO_MANY_VALUES);
	ck_assert_str_eq(r.error.pointer, "/mmio32/16383");
	gpald_arena_free(r.arena);
	free(bytes);
}
END_TEST

#define MESSAGES_MAX 256 /* more than the schema has */

/* Adds a message to the list, unless it is there. */
static void add_message(const ProtobufCMessageDescriptor **list, size_t *count,
			const ProtobufCMessageDescriptor *message)
{
	for (size_t i = 0; i < *count; i++)
		if (list[i] == message)
			return;
	ck_assert_uint_lt(*count, MESSAGES_MAX);
	list[(*count)++] = message;
}

START_TEST(messages_of_requests_have_at_most_64_fields)
{
	const ProtobufCServiceDescriptor *layouts = &gpalayout__v1__layouts__descriptor;
	const ProtobufCMessageDescriptor *list[MESSAGES_MAX];
	size_t count = 0;

	for (unsigned int i = 0; i < layouts->n_methods; i++)
		add_message(list, &count, layouts->methods[i].input);
	/* The list grows in this loop, by the messages of the fields. */
	for (size_t i = 0; i < count; i++) {
		struct read r = read_bytes(list[i], "", 0);

		ck_assert_int_eq(r.code, 0);
		ck_assert_uint_le(list[i]->n_fields, 64);
		gpald_arena_free(r.arena);
		for (unsigned int k = 0; k < list[i]->n_fields; k++)
			if (list[i]->fields[k].type == PROTOBUF_C_TYPE_MESSAGE)
				add_message(list, &count, list[i]->fields[k].descriptor);
	}
	ck_assert_uint_gt(count, layouts->n_methods);
}
END_TEST

/* Writing. */

static void *unpack(const struct gpald_writer *w, const ProtobufCMessageDescriptor *message)
{
	ProtobufCMessage *unpacked;

	ck_assert(!w->failed);
	unpacked = protobuf_c_message_unpack(message, NULL, w->text.length,
					     (const uint8_t *)w->text.data);
	ck_assert_ptr_nonnull(unpacked);
	ck_assert_uint_eq(unpacked->n_unknown_fields, 0);
	return unpacked;
}

START_TEST(each_kind_of_member_is_written)
{
	struct gpald_writer w = { 0 };
	Gpalayout__V1__GetReply *reply;

	gpald_protobuf_begin_message(&w, &gpalayout__v1__get_reply__descriptor);
	gpald_write_object(&w, NULL);
	gpald_write_text(&w, "name", "");
	gpald_write_integer(&w, "generation", 7);
	gpald_write_object(&w, "request");
	gpald_write_object(&w, "memory");
	gpald_write_array(&w, "nodes");
	gpald_write_hex(&w, NULL, UINT64_MAX);
	gpald_write_hex(&w, NULL, 0);
	gpald_write_array_end(&w);
	gpald_write_object_end(&w);
	gpald_write_object(&w, "chipset");
	gpald_write_hex(&w, "low_mmio", 0);
	gpald_write_hex(&w, "high_mmio", 4096);
	gpald_write_object_end(&w);
	gpald_write_object(&w, "pcie");
	gpald_write_array(&w, "root_complexes");
	gpald_write_object(&w, NULL);
	gpald_write_text(&w, "name", "rc0");
	gpald_write_text(&w, "low_mmio", NULL);
	gpald_write_range(&w, "high_mmio", (struct gpal_range){ 0, 1 });
	gpald_write_text(&w, "iommu", NULL);
	gpald_write_object_end(&w);
	gpald_write_array_end(&w);
	gpald_write_object_end(&w);
	gpald_write_array(&w, "reserved");
	gpald_write_array_end(&w);
	gpald_write_object_end(&w);
	gpald_write_object_end(&w);
	gpald_protobuf_end_message(&w);
	reply = unpack(&w, &gpalayout__v1__get_reply__descriptor);
	ck_assert_str_eq(reply->name, "");
	ck_assert_int_eq(reply->generation, 7);
	ck_assert_uint_eq(reply->request->memory->n_nodes, 2);
	ck_assert_uint_eq(reply->request->memory->nodes[0], UINT64_MAX);
	ck_assert_uint_eq(reply->request->memory->nodes[1], 0);
	ck_assert_int_eq(reply->request->chipset->optional_low_mmio_case,
			 GPALAYOUT__V1__CHIPSET_REQUEST__OPTIONAL_LOW_MMIO_LOW_MMIO);
	ck_assert_uint_eq(reply->request->chipset->high_mmio->size, 4096);
	ck_assert_uint_eq(reply->request->pcie->n_root_complexes, 1);
	ck_assert(reply->request->pcie->root_complexes[0]->low_mmio->none);
	ck_assert_uint_eq(reply->request->pcie->root_complexes[0]->high_mmio->end, 1);
	ck_assert_int_eq(reply->request->pcie->root_complexes[0]->high_mmio->optional_start_case,
			 GPALAYOUT__V1__WINDOW__OPTIONAL_START_START);
	ck_assert_int_eq(reply->request->pcie->root_complexes[0]->optional_iommu_case, 0);
	ck_assert_uint_eq(reply->request->n_reserved, 0);
	protobuf_c_message_free_unpacked(&reply->base, NULL);
	gpald_writer_clear(&w);
}
END_TEST

START_TEST(a_map_has_an_entry_for_each_key)
{
	struct gpald_writer w = { 0 };
	Gpalayout__V1__StatsReply *reply;

	gpald_protobuf_begin_message(&w, &gpalayout__v1__stats_reply__descriptor);
	gpald_write_object(&w, NULL);
	gpald_write_object(&w, "requests");
	for (int i = 0; i < 2; i++) {
		gpald_write_object(&w, i ? "layout.get" : "other");
		gpald_write_integer(&w, "answered", i);
		gpald_write_object_end(&w);
	}
	gpald_write_object_end(&w);
	gpald_write_integer(&w, "uptime_ms", 3);
	gpald_write_object_end(&w);
	gpald_protobuf_end_message(&w);
	reply = unpack(&w, &gpalayout__v1__stats_reply__descriptor);
	ck_assert_uint_eq(reply->n_requests, 2);
	ck_assert_str_eq(reply->requests[1]->key, "layout.get");
	ck_assert_int_eq(reply->requests[1]->value->answered, 1);
	ck_assert_int_eq(reply->uptime_ms, 3);
	protobuf_c_message_free_unpacked(&reply->base, NULL);
	gpald_writer_clear(&w);
}
END_TEST

/* No policy has a low RAM window so far. */
START_TEST(a_policy_may_have_low_ram_windows)
{
	struct gpal_policy policy = *gpal_policy_default();
	struct gpald_writer w = { 0 };
	Gpalayout__V1__ListPoliciesReply *reply;
	const Gpalayout__V1__MemoryDefaults *memory;

	policy.profiles[0].memory_low_window[GPAL_ARCH_AARCH64] = 4096;
	gpald_protobuf_begin_message(&w, &gpalayout__v1__list_policies_reply__descriptor);
	gpald_write_object(&w, NULL);
	gpald_write_array(&w, "policies");
	gpald_encode_policy(&w, NULL, &policy);
	gpald_write_array_end(&w);
	gpald_write_object_end(&w);
	gpald_protobuf_end_message(&w);
	reply = unpack(&w, &gpalayout__v1__list_policies_reply__descriptor);
	memory = reply->policies[0]->defaults->profiles[0]->value->memory;
	ck_assert_uint_eq(memory->low_window->x86_64, 0);
	ck_assert_uint_eq(memory->low_window->aarch64, 4096);
	ck_assert_ptr_null(reply->policies[0]->defaults->profiles[1]->value->memory->low_window);
	protobuf_c_message_free_unpacked(&reply->base, NULL);
	gpald_writer_clear(&w);
}
END_TEST

/* If a length needs more bytes, the bytes already written move up. */
START_TEST(messages_have_any_length)
{
	static const size_t lengths[] = { 0,   100,   110,   120,   126,    127,
					  128, 16000, 16383, 16384, 3000000 };
	const size_t length = lengths[_i];
	char *text = malloc(length + 1);
	struct gpald_writer w = { 0 };
	Gpalayout__V1__ResolveReply *reply;

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', length);
	text[length] = '\0';
	gpald_protobuf_begin_message(&w, &gpalayout__v1__resolve_reply__descriptor);
	gpald_write_object(&w, NULL);
	gpald_write_object(&w, "layout");
	gpald_write_array(&w, "warnings");
	gpald_write_object(&w, NULL);
	gpald_write_text(&w, "message", text);
	gpald_write_object_end(&w);
	gpald_write_array_end(&w);
	gpald_write_hex(&w, "top", 1);
	gpald_write_object_end(&w);
	gpald_write_object_end(&w);
	gpald_protobuf_end_message(&w);
	reply = unpack(&w, &gpalayout__v1__resolve_reply__descriptor);
	ck_assert_uint_eq(strlen(reply->layout->warnings[0]->message), length);
	ck_assert_uint_eq(reply->layout->top, 1);
	protobuf_c_message_free_unpacked(&reply->base, NULL);
	gpald_writer_clear(&w);
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("protobuf");

	add_test(suite, "read", each_kind_of_field_is_read);
	add_test(suite, "read", fields_without_presence_have_their_default);
	add_rows(suite, "read", a_refusal_names_the_field, COUNT_OF(refused));
	add_test(suite, "read", lists_are_read_however_they_are_written);
	add_test(suite, "read", memory_is_bounded);
	add_test(suite, "read", messages_of_requests_have_at_most_64_fields);
	add_test(suite, "write", each_kind_of_member_is_written);
	add_test(suite, "write", a_map_has_an_entry_for_each_key);
	add_test(suite, "write", a_policy_may_have_low_ram_windows);
	add_rows(suite, "write", messages_have_any_length, 11);
	return run_suite(suite);
}
