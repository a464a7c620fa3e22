/* SPDX-License-Identifier: MIT */
/* The numbers and tokens of refusals, copied from the protocol's page and not from the table. */
#include "config.h"

#include "tests/unit/suite.h"
#include "wire/reason.h"
#include "wire/rpc.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define CORE(code) GPALD_REASON_OF(GPAL_E_##code)

static const struct {
	enum gpald_reason reason;
	int number;
	const char *token, *details;
} reasons[] = {
	{ GPALD_INVALID_JSON, -32700, "invalid_json", "" },
	{ GPALD_INVALID_UTF8, -32700, "invalid_utf8", "" },
	{ GPALD_DUPLICATE_KEY, -32700, "duplicate_key", "" },
	{ GPALD_TOO_DEEP, -32700, "too_deep", "" },
	{ GPALD_TOO_MANY_VALUES, -32700, "too_many_values", "" },
	{ GPALD_INVALID_REQUEST, -32600, "invalid_request", "" },
	{ GPALD_METHOD_NOT_FOUND, -32601, "method_not_found", "" },
	{ GPALD_MISSING_MEMBER, -32602, "missing_member", "" },
	{ GPALD_UNKNOWN_MEMBER, -32602, "unknown_member", "" },
	{ GPALD_WRONG_TYPE, -32602, "wrong_type", "" },
	{ GPALD_BAD_SIZE, -32602, "bad_size", "" },
	{ CORE(OUT_OF_RANGE), -32602, "out_of_range", "" },
	{ GPALD_BAD_NAME, -32602, "bad_name", "" },
	{ GPALD_UNKNOWN_POLICY, -32602, "unknown_policy", "" },
	{ GPALD_BAD_LAYOUT, -32602, "bad_layout", "" },
	{ CORE(DUPLICATE_NAME), -32602, "duplicate_name", "tag other_tag" },
	{ CORE(INVALID_BUS_RANGE), -32602, "invalid_bus_range", "" },
	{ CORE(BUS_OVERLAP), -32602, "bus_overlap", "tag other_tag" },
	{ CORE(MIXED_IOMMU), -32602, "mixed_iommu", "tag other_tag" },
	{ CORE(IOMMU_ARCH_MISMATCH), -32602, "iommu_arch_mismatch", "" },
	{ CORE(INVALID_HDM), -32602, "invalid_hdm", "" },
	{ CORE(NODE_OUT_OF_RANGE), -32602, "node_out_of_range", "" },
	{ CORE(INTERNAL), -32603, "internal", "" },
	{ GPALD_MESSAGE_TOO_LARGE, -32001, "message_too_large", "" },
	{ GPALD_OVERLOADED, -32002, "overloaded", "" },
	{ CORE(NO_MEMORY), -32002, "overloaded", "" },
	{ GPALD_TIMEOUT, -32003, "timeout", "" },
	{ GPALD_SHUTTING_DOWN, -32004, "shutting_down", "" },
	{ CORE(INVALID_MEMORY), 1, "invalid_memory", "" },
	{ CORE(INVALID_SIZE), 1, "invalid_size", "tag size" },
	{ CORE(INVALID_ALIGNMENT), 1, "invalid_alignment", "tag alignment" },
	{ CORE(OVERLAP), 1, "overlap", "tag other_tag range other_range" },
	{ CORE(EXHAUSTED), 1, "exhausted",
	  "tag size alignment phase free_space largest_fit fit below above largest_size demand demands supply equal_share" },
	{ CORE(ECAM_BELOW_MINIMUM), 1, "ecam_below_minimum", "tag range" },
	{ CORE(FIXED_LOW_MMIO_ABOVE_4GIB), 1, "fixed_low_mmio_above_4gib", "tag range" },
	{ CORE(ADDRESS_WIDTH_EXCEEDED), 1, "address_width_exceeded",
	  "tag range bits required_bits largest_size alignment_gap excess largest_tag largest_tag_size largest_size_of" },
	{ GPALD_NOT_FOUND, 2, "not_found", "tag" },
	{ GPALD_CONFLICT, 3, "conflict", "generation owner_uid" },
	{ GPALD_GENERATION_MISMATCH, 4, "generation_mismatch", "generation" },
	{ CORE(WOULD_MOVE), 5, "would_move", "" },
	{ GPALD_DENIED, 6, "denied", "owner_uid" },
	{ GPALD_STORE_FAILED, 7, "store_failed", "" },
	{ GPALD_STORE_FULL, 8, "store_full", "" },
	{ GPALD_RESYNC_REQUIRED, 9, "resync_required", "revision oldest_since" },
	{ CORE(WOULD_REMOVE), 10, "would_remove", "" },
	{ CORE(WARNING_REFUSED), 1, "warning_refused", "tag" },
};

static_assert(COUNT_OF(reasons) == GPALD_REASON_COUNT - 1, "every reason but that of no error");

START_TEST(a_reason_has_its_number_its_token_and_its_details)
{
	const enum gpald_reason reason = reasons[_i].reason;
	const struct gpald_detail *detail;
	char names[256] = "";
	size_t cursor = 0;

	ck_assert_int_eq(gpald_reason_number(reason), reasons[_i].number);
	ck_assert_str_eq(gpald_reason_token(reason), reasons[_i].token);
	ck_assert_str_eq(gpald_reason_token(gpald_reason_find(reasons[_i].token)),
			 reasons[_i].token);
	ck_assert_int_eq(gpald_reason_has_offset(reason), reasons[_i].number == -32700);
	while ((detail = gpald_reason_next_detail(reason, &cursor))) {
		if (names[0])
			strcat(names, " ");
		strcat(names, detail->name);
	}
	ck_assert_str_eq(names, reasons[_i].details);
}
END_TEST

START_TEST(an_unknown_token_has_no_reason)
{
	ck_assert_int_eq(gpald_reason_find("no_such_reason"), GPALD_REASON_COUNT);
}
END_TEST

#define RC "/request/pcie/root_complexes/7"

static const struct {
	enum gpal_subject subject;
	const char *pointer; /* NULL if there is none */
} subjects[] = {
	{ GPAL_SUBJECT_NONE, NULL },
	{ GPAL_SUBJECT_ALLOC_RESERVED, "/request/reserved/7" },
	{ GPAL_SUBJECT_ALLOC_FIXED, "/request/fixed/7" },
	{ GPAL_SUBJECT_ALLOC_MMIO32, "/request/mmio32/7" },
	{ GPAL_SUBJECT_ALLOC_RAM, "/request/ram/7" },
	{ GPAL_SUBJECT_ALLOC_MMIO64, "/request/mmio64/7" },
	{ GPAL_SUBJECT_ALLOC_POST_MMIO, "/request/post_mmio/7" },
	{ GPAL_SUBJECT_ARCH, "/request/arch" },
	{ GPAL_SUBJECT_PROFILE, "/request/profile" },
	{ GPAL_SUBJECT_MEMORY_NODES, "/request/memory/nodes" },
	{ GPAL_SUBJECT_MEMORY_NODE, "/request/memory/nodes/7" },
	{ GPAL_SUBJECT_MEMORY_START, "/request/memory/start" },
	{ GPAL_SUBJECT_CHIPSET_LOW_MMIO, "/request/chipset/low_mmio" },
	{ GPAL_SUBJECT_CHIPSET_HIGH_MMIO, "/request/chipset/high_mmio" },
	{ GPAL_SUBJECT_PCIE_ECAM, "/request/pcie/ecam" },
	{ GPAL_SUBJECT_ROOT_COMPLEX, RC },
	{ GPAL_SUBJECT_ROOT_COMPLEX_NAME, RC "/name" },
	{ GPAL_SUBJECT_ROOT_COMPLEX_START_BUS, RC "/start_bus" },
	{ GPAL_SUBJECT_ROOT_COMPLEX_NODE, RC "/node" },
	{ GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO, RC "/low_mmio" },
	{ GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO, RC "/high_mmio" },
	{ GPAL_SUBJECT_ROOT_COMPLEX_CXL_HDM, RC "/cxl/hdm" },
	{ GPAL_SUBJECT_ROOT_COMPLEX_IOMMU, RC "/iommu" },
	{ GPAL_SUBJECT_VIRTIO_MMIO_SLOTS, "/request/virtio_mmio/slots" },
	{ GPAL_SUBJECT_VTL2_CHIPSET_MMIO, "/request/vtl2/chipset_mmio" },
	{ GPAL_SUBJECT_VTL2_MEMORY_SIZE, "/request/vtl2/memory/size" },
	{ GPAL_SUBJECT_VTL2_MEMORY_ALIGNMENT, "/request/vtl2/memory/alignment" },
	{ GPAL_SUBJECT_VTL2_FRAMEBUFFER, "/request/vtl2/framebuffer" },
	{ GPAL_SUBJECT_RESERVED, "/request/reserved/7" },
	{ GPAL_SUBJECT_RESERVED_NAME, "/request/reserved/7/name" },
	{ GPAL_SUBJECT_HOST_BITS, "/request/host/physical_address_bits" },
	{ GPAL_SUBJECT_HOST_HOLE, "/request/host/holes/7" },
	{ GPAL_SUBJECT_MEMORY_LOW_WINDOW, "/request/memory/low_window" },
	{ GPAL_SUBJECT_HOTPLUG_NODE, "/request/memory/hotplug/7/node" },
	{ GPAL_SUBJECT_HOTPLUG_SIZE, "/request/memory/hotplug/7/size" },
	{ GPAL_SUBJECT_HOTPLUG_ALIGNMENT, "/request/memory/hotplug/7/alignment" },
	{ GPAL_SUBJECT_CXL_WINDOW_NAME, "/request/cxl_windows/7/name" },
	{ GPAL_SUBJECT_CXL_WINDOW_TARGETS, "/request/cxl_windows/7/targets" },
	{ GPAL_SUBJECT_CXL_WINDOW_SIZE, "/request/cxl_windows/7/size" },
	{ GPAL_SUBJECT_CXL_WINDOW_GRANULARITY, "/request/cxl_windows/7/granularity" },
};

static_assert(COUNT_OF(subjects) == GPAL_SUBJECT_COUNT, "every subject");

START_TEST(a_pointer_leads_to_the_subject)
{
	const struct gpal_error core = {
		.code = GPAL_E_OUT_OF_RANGE,
		.subject = subjects[_i].subject,
		.index = 7,
		.message = "too much",
	};
	struct gpald_wire_error error;

	gpald_refuse_core(&error, &core, "/request");
	ck_assert_int_eq(error.reason, CORE(OUT_OF_RANGE));
	ck_assert_str_eq(error.message, "too much");
	ck_assert_int_eq(error.has_pointer, subjects[_i].pointer != NULL);
	ck_assert_str_eq(error.pointer, subjects[_i].pointer ? subjects[_i].pointer : "");
}
END_TEST

START_TEST(a_pointer_leads_to_the_part_of_the_subject)
{
	const struct gpal_error core = {
		.code = GPAL_E_INVALID_SIZE,
		.subject = GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO,
		.index = 7,
		.part = "/devices/1/bars/0",
	};
	struct gpald_wire_error error;

	gpald_refuse_core(&error, &core, "/request");
	ck_assert_str_eq(error.pointer, RC "/high_mmio/devices/1/bars/0");
}
END_TEST

/* Returns an error with a message of `length` characters and no details. */
static struct gpald_wire_error plain_error(size_t length)
{
	struct gpald_wire_error error;

	gpald_refuse(&error, GPALD_STORE_FAILED, "%s", "");
	memset(error.message, 'x', length);
	return error;
}

START_TEST(a_plain_line_carries_a_short_message_and_nothing_else)
{
	static const char bytes[] = "\x1f\"\\\x7f\xc3";
	struct gpald_wire_error error = plain_error(GPALD_RPC_PLAIN_MESSAGE_MAX);
	char text[] = "{}";

	ck_assert(gpald_rpc_is_plain(&error));
	error.message[1] = ' ';
	error.message[2] = '~';
	ck_assert(gpald_rpc_is_plain(&error));
	for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
		error.message[1] = bytes[i];
		ck_assert_msg(!gpald_rpc_is_plain(&error), "byte %d", bytes[i]);
	}
	error = plain_error(GPALD_RPC_PLAIN_MESSAGE_MAX + 1);
	ck_assert(!gpald_rpc_is_plain(&error));
	error = plain_error(1);
	gpald_set_pointer(&error, "/name");
	ck_assert(!gpald_rpc_is_plain(&error));
	error = plain_error(1);
	error.members.text.data = text;
	ck_assert(!gpald_rpc_is_plain(&error));
	/* First an error with an offset, then one with details. */
	gpald_refuse(&error, GPALD_INVALID_JSON, "x");
	ck_assert(!gpald_rpc_is_plain(&error));
	gpald_refuse(&error, GPALD_NOT_FOUND, "x");
	ck_assert(!gpald_rpc_is_plain(&error));
}
END_TEST

START_TEST(a_plain_line_has_null_for_an_id_that_does_not_fit)
{
	const struct gpald_wire_error error = plain_error(GPALD_RPC_PLAIN_MESSAGE_MAX);
	struct gpald_id id = { .kind = GPALD_ID_INTEGER, .integer = -9007199254740991 };
	char line[GPALD_RPC_PLAIN_SIZE], text[GPALD_RPC_PLAIN_SIZE], expected[2 * sizeof(line)];
	const char *const ids[] = { "-9007199254740991", "\"abc\"", "null" };

	for (size_t i = 0; i < 3; i++) {
		size_t length;

		snprintf(expected, sizeof(expected),
			 "{\"jsonrpc\":\"2.0\",\"id\":%s,\"error\":{\"code\":7,\"message\":\"%s\","
			 "\"data\":{\"reason\":\"store_failed\"}}}\n",
			 ids[i], error.message);
		length = gpald_rpc_write_plain_error(&gpald_json_envelope, &id, error.reason,
						     error.message, line);
		ck_assert_uint_eq(length, strlen(expected));
		ck_assert_mem_eq(line, expected, length);
		memset(text, 'x', sizeof(text) - 1);
		text[sizeof(text) - 1] = '\0';
		id = (struct gpald_id){ .kind = GPALD_ID_TEXT, .text = i ? text : "abc" };
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reason");

	add_rows(suite, "reasons", a_reason_has_its_number_its_token_and_its_details,
		 COUNT_OF(reasons));
	add_test(suite, "reasons", an_unknown_token_has_no_reason);
	add_rows(suite, "pointers", a_pointer_leads_to_the_subject, COUNT_OF(subjects));
	add_test(suite, "pointers", a_pointer_leads_to_the_part_of_the_subject);
	add_test(suite, "plain", a_plain_line_carries_a_short_message_and_nothing_else);
	add_test(suite, "plain", a_plain_line_has_null_for_an_id_that_does_not_fit);
	return run_suite(suite);
}
