/* SPDX-License-Identifier: MIT */
/* The table of reasons: their numbers, tokens and details. No other file writes an error number. */
#include "config.h"

#include "wire/reason.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define QUOTE_MAX 64 /* limit on what gpald_quotable_length() returns */

enum detail_bit {
	TAG = 1 << 0,
	OTHER_TAG = 1 << 1,
	SIZE = 1 << 2,
	ALIGNMENT = 1 << 3,
	PHASE = 1 << 4,
	FREE_SPACE = 1 << 5,
	LARGEST_FIT = 1 << 6,
	RANGE = 1 << 7,
	OTHER_RANGE = 1 << 8,
	BITS = 1 << 9,
	REQUIRED_BITS = 1 << 10,
	GENERATION = 1 << 11,
	OWNER_UID = 1 << 12,
	REVISION = 1 << 13,
	OLDEST_SINCE = 1 << 14,
	FIT = 1 << 15,
	BELOW = 1 << 16,
	ABOVE = 1 << 17,
	LARGEST_SIZE = 1 << 18,
	ALIGNMENT_GAP = 1 << 19,
	DEMAND = 1 << 20,
	DEMANDS = 1 << 21,
	SUPPLY = 1 << 22,
	EXCESS = 1 << 23,
	LARGEST_TAG = 1 << 24,
	LARGEST_TAG_SIZE = 1 << 25,
	LARGEST_SIZE_OF = 1 << 26,
	EQUAL_SHARE = 1 << 27,
};

/* In the order of the bits above. */
static const struct gpald_detail details[] = {
	{ "tag", GPALD_DETAIL_TEXT, offsetof(struct gpald_wire_error, core.tag) },
	{ "other_tag", GPALD_DETAIL_TEXT, offsetof(struct gpald_wire_error, core.other_tag) },
	{ "size", GPALD_DETAIL_HEX, offsetof(struct gpald_wire_error, core.size) },
	{ "alignment", GPALD_DETAIL_HEX, offsetof(struct gpald_wire_error, core.alignment) },
	{ "phase", GPALD_DETAIL_KIND, offsetof(struct gpald_wire_error, core.phase) },
	{ "free_space", GPALD_DETAIL_HEX, offsetof(struct gpald_wire_error, core.free_space) },
	{ "largest_fit", GPALD_DETAIL_HEX, offsetof(struct gpald_wire_error, core.largest_fit) },
	{ "range", GPALD_DETAIL_RANGE, offsetof(struct gpald_wire_error, core.range) },
	{ "other_range", GPALD_DETAIL_RANGE, offsetof(struct gpald_wire_error, core.other_range) },
	{ "bits", GPALD_DETAIL_UINT, offsetof(struct gpald_wire_error, core.bits) },
	{ "required_bits", GPALD_DETAIL_UINT,
	  offsetof(struct gpald_wire_error, core.required_bits) },
	{ "generation", GPALD_DETAIL_INTEGER, offsetof(struct gpald_wire_error, generation) },
	{ "owner_uid", GPALD_DETAIL_OPTIONAL, offsetof(struct gpald_wire_error, owner_uid) },
	{ "revision", GPALD_DETAIL_INTEGER, offsetof(struct gpald_wire_error, revision) },
	{ "oldest_since", GPALD_DETAIL_INTEGER, offsetof(struct gpald_wire_error, oldest_since) },
	{ "fit", GPALD_DETAIL_NONEMPTY_RANGE, offsetof(struct gpald_wire_error, core.fit) },
	{ "below", GPALD_DETAIL_NEIGHBOUR, offsetof(struct gpald_wire_error, core.below) },
	{ "above", GPALD_DETAIL_NEIGHBOUR, offsetof(struct gpald_wire_error, core.above) },
	{ "largest_size", GPALD_DETAIL_NONZERO_HEX,
	  offsetof(struct gpald_wire_error, core.largest_size) },
	{ "alignment_gap", GPALD_DETAIL_HEX,
	  offsetof(struct gpald_wire_error, core.alignment_gap) },
	{ "demand", GPALD_DETAIL_NONZERO_HEX, offsetof(struct gpald_wire_error, core.demand) },
	{ "demands", GPALD_DETAIL_UINT, offsetof(struct gpald_wire_error, core.demands) },
	{ "supply", GPALD_DETAIL_HEX, offsetof(struct gpald_wire_error, core.supply) },
	{ "excess", GPALD_DETAIL_HEX, offsetof(struct gpald_wire_error, core.excess) },
	{ "largest_tag", GPALD_DETAIL_TEXT, offsetof(struct gpald_wire_error, core.largest_tag) },
	{ "largest_tag_size", GPALD_DETAIL_HEX,
	  offsetof(struct gpald_wire_error, core.largest_tag_size) },
	{ "largest_size_of", GPALD_DETAIL_TEXT,
	  offsetof(struct gpald_wire_error, core.largest_size_of) },
	{ "equal_share", GPALD_DETAIL_NONZERO_HEX,
	  offsetof(struct gpald_wire_error, core.equal_share) },
};

static_assert(1 << (sizeof(details) / sizeof(details[0]) - 1) == EQUAL_SHARE,
	      "each detail has a bit");

/* The codes of errors in JSON-RPC. Positive ones belong to this protocol. */
enum {
	CODE_NO_LAYOUT = 1,
	CODE_NOT_FOUND = 2,
	CODE_CONFLICT = 3,
	CODE_GENERATION_MISMATCH = 4,
	CODE_WOULD_MOVE = 5,
	CODE_DENIED = 6,
	CODE_STORE_FAILED = 7,
	CODE_STORE_FULL = 8,
	CODE_RESYNC_REQUIRED = 9,
	CODE_WOULD_REMOVE = 10,
	BAD_JSON = -32700,
	BAD_REQUEST = -32600,
	NO_METHOD = -32601,
	BAD_PARAMS = -32602,
	BUG = -32603,
	TOO_LARGE = -32001,
	OVERLOADED = -32002,
	TIMED_OUT = -32003,
	STOPPING = -32004,
};

/* The codes of gRPC (doc/statuscodes.md). */
enum {
	STATUS_INVALID_ARGUMENT = 3,
	STATUS_DEADLINE_EXCEEDED = 4,
	STATUS_NOT_FOUND = 5,
	STATUS_ALREADY_EXISTS = 6,
	STATUS_PERMISSION_DENIED = 7,
	STATUS_RESOURCE_EXHAUSTED = 8,
	STATUS_FAILED_PRECONDITION = 9,
	STATUS_ABORTED = 10,
	STATUS_OUT_OF_RANGE = 11,
	STATUS_UNIMPLEMENTED = 12,
	STATUS_INTERNAL = 13,
	STATUS_UNAVAILABLE = 14,
};

/* A core code without a token here has the token that libgpalayout gives it. */
#define CORE(code) [GPALD_REASON_OF(GPAL_E_##code)]

static const struct {
	int number;
	const char *token;
	unsigned int details;
	enum gpald_ctl_exit exit;
	uint32_t status;
} reasons[] = {
	[GPALD_REASON_OF(GPAL_OK)] = { BUG, NULL, 0, GPALD_CTL_EXIT_REFUSED, STATUS_INTERNAL },
	CORE(INVALID_MEMORY) = { CODE_NO_LAYOUT, NULL, 0, GPALD_CTL_EXIT_REFUSED,
				 STATUS_INVALID_ARGUMENT },
	CORE(INVALID_SIZE) = { CODE_NO_LAYOUT, NULL, TAG | SIZE, GPALD_CTL_EXIT_REFUSED,
			       STATUS_INVALID_ARGUMENT },
	CORE(INVALID_ALIGNMENT) = { CODE_NO_LAYOUT, NULL, TAG | ALIGNMENT, GPALD_CTL_EXIT_REFUSED,
				    STATUS_INVALID_ARGUMENT },
	CORE(OVERLAP) = { CODE_NO_LAYOUT, NULL, TAG | RANGE | OTHER_TAG | OTHER_RANGE,
			  GPALD_CTL_EXIT_REFUSED, STATUS_INVALID_ARGUMENT },
	CORE(EXHAUSTED) = { CODE_NO_LAYOUT, NULL,
			    TAG | SIZE | ALIGNMENT | PHASE | FREE_SPACE | LARGEST_FIT | FIT |
				    BELOW | ABOVE | LARGEST_SIZE | DEMAND | DEMANDS | SUPPLY |
				    EQUAL_SHARE,
			    GPALD_CTL_EXIT_NO_ROOM, STATUS_INVALID_ARGUMENT },
	CORE(ECAM_BELOW_MINIMUM) = { CODE_NO_LAYOUT, NULL, TAG | RANGE, GPALD_CTL_EXIT_REFUSED,
				     STATUS_INVALID_ARGUMENT },
	CORE(FIXED_LOW_MMIO_ABOVE_4GIB) = { CODE_NO_LAYOUT, NULL, TAG | RANGE,
					    GPALD_CTL_EXIT_REFUSED, STATUS_INVALID_ARGUMENT },
	CORE(ADDRESS_WIDTH_EXCEEDED) = { CODE_NO_LAYOUT, NULL,
					 TAG | RANGE | BITS | REQUIRED_BITS | ALIGNMENT_GAP |
						 EXCESS | LARGEST_TAG | LARGEST_TAG_SIZE |
						 LARGEST_SIZE | LARGEST_SIZE_OF,
					 GPALD_CTL_EXIT_NO_ROOM, STATUS_INVALID_ARGUMENT },
	CORE(DUPLICATE_NAME) = { BAD_PARAMS, NULL, TAG | OTHER_TAG, GPALD_CTL_EXIT_REFUSED,
				 STATUS_INVALID_ARGUMENT },
	CORE(INVALID_BUS_RANGE) = { BAD_PARAMS, NULL, 0, GPALD_CTL_EXIT_REFUSED,
				    STATUS_INVALID_ARGUMENT },
	CORE(BUS_OVERLAP) = { BAD_PARAMS, NULL, TAG | OTHER_TAG, GPALD_CTL_EXIT_REFUSED,
			      STATUS_INVALID_ARGUMENT },
	CORE(MIXED_IOMMU) = { BAD_PARAMS, NULL, TAG | OTHER_TAG, GPALD_CTL_EXIT_REFUSED,
			      STATUS_INVALID_ARGUMENT },
	CORE(IOMMU_ARCH_MISMATCH) = { BAD_PARAMS, NULL, 0, GPALD_CTL_EXIT_REFUSED,
				      STATUS_INVALID_ARGUMENT },
	CORE(INVALID_HDM) = { BAD_PARAMS, NULL, 0, GPALD_CTL_EXIT_REFUSED,
			      STATUS_INVALID_ARGUMENT },
	CORE(NODE_OUT_OF_RANGE) = { BAD_PARAMS, NULL, 0, GPALD_CTL_EXIT_REFUSED,
				    STATUS_INVALID_ARGUMENT },
	CORE(OUT_OF_RANGE) = { BAD_PARAMS, NULL, 0, GPALD_CTL_EXIT_USAGE, STATUS_INVALID_ARGUMENT },
	CORE(NO_MEMORY) = { OVERLOADED, "overloaded", 0, GPALD_CTL_EXIT_NO_DAEMON,
			    STATUS_UNAVAILABLE },
	CORE(INTERNAL) = { BUG, NULL, 0, GPALD_CTL_EXIT_REFUSED, STATUS_INTERNAL },
	CORE(WOULD_MOVE) = { CODE_WOULD_MOVE, NULL, 0, GPALD_CTL_EXIT_REFUSED,
			     STATUS_FAILED_PRECONDITION },
	CORE(WOULD_REMOVE) = { CODE_WOULD_REMOVE, NULL, 0, GPALD_CTL_EXIT_REFUSED,
			       STATUS_FAILED_PRECONDITION },
	CORE(WARNING_REFUSED) = { CODE_NO_LAYOUT, NULL, TAG, GPALD_CTL_EXIT_REFUSED,
				  STATUS_FAILED_PRECONDITION },

	[GPALD_INVALID_JSON] = { BAD_JSON, "invalid_json", 0, GPALD_CTL_EXIT_REFUSED,
				 STATUS_INVALID_ARGUMENT },
	[GPALD_INVALID_UTF8] = { BAD_JSON, "invalid_utf8", 0, GPALD_CTL_EXIT_REFUSED,
				 STATUS_INVALID_ARGUMENT },
	[GPALD_DUPLICATE_KEY] = { BAD_JSON, "duplicate_key", 0, GPALD_CTL_EXIT_REFUSED,
				  STATUS_INVALID_ARGUMENT },
	[GPALD_TOO_DEEP] = { BAD_JSON, "too_deep", 0, GPALD_CTL_EXIT_REFUSED,
			     STATUS_INVALID_ARGUMENT },
	[GPALD_TOO_MANY_VALUES] = { BAD_JSON, "too_many_values", 0, GPALD_CTL_EXIT_REFUSED,
				    STATUS_INVALID_ARGUMENT },

	[GPALD_INVALID_REQUEST] = { BAD_REQUEST, "invalid_request", 0, GPALD_CTL_EXIT_REFUSED,
				    STATUS_INVALID_ARGUMENT },
	[GPALD_METHOD_NOT_FOUND] = { NO_METHOD, "method_not_found", 0, GPALD_CTL_EXIT_REFUSED,
				     STATUS_UNIMPLEMENTED },

	[GPALD_MISSING_MEMBER] = { BAD_PARAMS, "missing_member", 0, GPALD_CTL_EXIT_USAGE,
				   STATUS_INVALID_ARGUMENT },
	[GPALD_UNKNOWN_MEMBER] = { BAD_PARAMS, "unknown_member", 0, GPALD_CTL_EXIT_USAGE,
				   STATUS_INVALID_ARGUMENT },
	[GPALD_WRONG_TYPE] = { BAD_PARAMS, "wrong_type", 0, GPALD_CTL_EXIT_USAGE,
			       STATUS_INVALID_ARGUMENT },
	[GPALD_BAD_SIZE] = { BAD_PARAMS, "bad_size", 0, GPALD_CTL_EXIT_USAGE,
			     STATUS_INVALID_ARGUMENT },
	[GPALD_BAD_NAME] = { BAD_PARAMS, "bad_name", 0, GPALD_CTL_EXIT_USAGE,
			     STATUS_INVALID_ARGUMENT },
	[GPALD_UNKNOWN_POLICY] = { BAD_PARAMS, "unknown_policy", 0, GPALD_CTL_EXIT_USAGE,
				   STATUS_INVALID_ARGUMENT },
	[GPALD_BAD_LAYOUT] = { BAD_PARAMS, "bad_layout", 0, GPALD_CTL_EXIT_REFUSED,
			       STATUS_INVALID_ARGUMENT },

	[GPALD_MESSAGE_TOO_LARGE] = { TOO_LARGE, "message_too_large", 0, GPALD_CTL_EXIT_REFUSED,
				      STATUS_RESOURCE_EXHAUSTED },
	[GPALD_OVERLOADED] = { OVERLOADED, "overloaded", 0, GPALD_CTL_EXIT_NO_DAEMON,
			       STATUS_UNAVAILABLE },
	[GPALD_TIMEOUT] = { TIMED_OUT, "timeout", 0, GPALD_CTL_EXIT_NO_DAEMON,
			    STATUS_DEADLINE_EXCEEDED },
	[GPALD_SHUTTING_DOWN] = { STOPPING, "shutting_down", 0, GPALD_CTL_EXIT_NO_DAEMON,
				  STATUS_UNAVAILABLE },

	[GPALD_NOT_FOUND] = { CODE_NOT_FOUND, "not_found", TAG, GPALD_CTL_EXIT_NOT_FOUND,
			      STATUS_NOT_FOUND },
	[GPALD_CONFLICT] = { CODE_CONFLICT, "conflict", GENERATION | OWNER_UID,
			     GPALD_CTL_EXIT_CONFLICT, STATUS_ALREADY_EXISTS },
	[GPALD_GENERATION_MISMATCH] = { CODE_GENERATION_MISMATCH, "generation_mismatch", GENERATION,
					GPALD_CTL_EXIT_CONFLICT, STATUS_ABORTED },
	[GPALD_DENIED] = { CODE_DENIED, "denied", OWNER_UID, GPALD_CTL_EXIT_REFUSED,
			   STATUS_PERMISSION_DENIED },
	[GPALD_STORE_FAILED] = { CODE_STORE_FAILED, "store_failed", 0, GPALD_CTL_EXIT_REFUSED,
				 STATUS_INTERNAL },
	[GPALD_STORE_FULL] = { CODE_STORE_FULL, "store_full", 0, GPALD_CTL_EXIT_REFUSED,
			       STATUS_RESOURCE_EXHAUSTED },
	[GPALD_RESYNC_REQUIRED] = { CODE_RESYNC_REQUIRED, "resync_required",
				    REVISION | OLDEST_SINCE, GPALD_CTL_EXIT_REFUSED,
				    STATUS_OUT_OF_RANGE },
};

static_assert(sizeof(reasons) / sizeof(reasons[0]) == GPALD_REASON_COUNT, "each reason has a row");

int gpald_reason_number(enum gpald_reason reason)
{
	return reasons[reason].number;
}

const char *gpald_reason_token(enum gpald_reason reason)
{
	return reasons[reason].token ? reasons[reason].token : gpal_code_token(-(int)reason);
}

uint32_t gpald_reason_grpc_status(enum gpald_reason reason)
{
	return reasons[reason].status;
}

enum gpald_reason gpald_reason_find(const char *token)
{
	/* Two reasons have the token "overloaded". The core code comes first and has no details. */
	int reason = 0;

	while (reason < GPALD_REASON_COUNT &&
	       strcmp(gpald_reason_token((enum gpald_reason)reason), token) != 0)
		reason++;
	return (enum gpald_reason)reason;
}

enum gpald_ctl_exit gpald_reason_ctl_exit(enum gpald_reason reason)
{
	return reasons[reason].exit;
}

bool gpald_reason_has_offset(enum gpald_reason reason)
{
	return reasons[reason].number == BAD_JSON;
}

const struct gpald_detail *gpald_reason_next_detail(enum gpald_reason reason, size_t *cursor)
{
	while (*cursor < sizeof(details) / sizeof(details[0])) {
		size_t bit = (*cursor)++;

		if (reasons[reason].details & (1u << bit))
			return &details[bit];
	}
	return NULL;
}

int gpald_refuse(struct gpald_wire_error *error, enum gpald_reason reason, const char *format, ...)
{
	va_list args;

	*error = (struct gpald_wire_error){ .reason = reason };
	va_start(args, format);
	vsnprintf(error->message, sizeof(error->message), format, args);
	va_end(args);
	return -1;
}

int gpald_set_pointer(struct gpald_wire_error *error, const char *pointer)
{
	error->has_pointer = true;
	snprintf(error->pointer, sizeof(error->pointer), "%s", pointer);
	return -1;
}

int gpald_quotable_length(const char *text)
{
	size_t length = strnlen(text, QUOTE_MAX + 1);

	if (length > QUOTE_MAX) {
		length = QUOTE_MAX;
		while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
			length--;
	}
	return (int)length;
}

/* The place of a core error's subject in the request: list, index, member. */
struct place {
	const char *path;
	bool indexed;
	const char *member;
};

static const struct place places[] = {
	[GPAL_SUBJECT_NONE] = { NULL, false, "" },
	[GPAL_SUBJECT_ALLOC_RESERVED] = { "/reserved", true, "" },
	[GPAL_SUBJECT_ALLOC_FIXED] = { "/fixed", true, "" },
	[GPAL_SUBJECT_ALLOC_MMIO32] = { "/mmio32", true, "" },
	[GPAL_SUBJECT_ALLOC_RAM] = { "/ram", true, "" },
	[GPAL_SUBJECT_ALLOC_MMIO64] = { "/mmio64", true, "" },
	[GPAL_SUBJECT_ALLOC_POST_MMIO] = { "/post_mmio", true, "" },
	[GPAL_SUBJECT_ARCH] = { "/arch", false, "" },
	[GPAL_SUBJECT_PROFILE] = { "/profile", false, "" },
	[GPAL_SUBJECT_MEMORY_NODES] = { "/memory/nodes", false, "" },
	[GPAL_SUBJECT_MEMORY_NODE] = { "/memory/nodes", true, "" },
	[GPAL_SUBJECT_MEMORY_START] = { "/memory/start", false, "" },
	[GPAL_SUBJECT_CHIPSET_LOW_MMIO] = { "/chipset/low_mmio", false, "" },
	[GPAL_SUBJECT_CHIPSET_HIGH_MMIO] = { "/chipset/high_mmio", false, "" },
	[GPAL_SUBJECT_PCIE_ECAM] = { "/pcie/ecam", false, "" },
	[GPAL_SUBJECT_ROOT_COMPLEX] = { "/pcie/root_complexes", true, "" },
	[GPAL_SUBJECT_ROOT_COMPLEX_NAME] = { "/pcie/root_complexes", true, "/name" },
	[GPAL_SUBJECT_ROOT_COMPLEX_START_BUS] = { "/pcie/root_complexes", true, "/start_bus" },
	[GPAL_SUBJECT_ROOT_COMPLEX_NODE] = { "/pcie/root_complexes", true, "/node" },
	[GPAL_SUBJECT_ROOT_COMPLEX_LOW_MMIO] = { "/pcie/root_complexes", true, "/low_mmio" },
	[GPAL_SUBJECT_ROOT_COMPLEX_HIGH_MMIO] = { "/pcie/root_complexes", true, "/high_mmio" },
	[GPAL_SUBJECT_ROOT_COMPLEX_CXL_HDM] = { "/pcie/root_complexes", true, "/cxl/hdm" },
	[GPAL_SUBJECT_ROOT_COMPLEX_IOMMU] = { "/pcie/root_complexes", true, "/iommu" },
	[GPAL_SUBJECT_VIRTIO_MMIO_SLOTS] = { "/virtio_mmio/slots", false, "" },
	[GPAL_SUBJECT_VTL2_CHIPSET_MMIO] = { "/vtl2/chipset_mmio", false, "" },
	[GPAL_SUBJECT_VTL2_MEMORY_SIZE] = { "/vtl2/memory/size", false, "" },
	[GPAL_SUBJECT_VTL2_MEMORY_ALIGNMENT] = { "/vtl2/memory/alignment", false, "" },
	[GPAL_SUBJECT_VTL2_FRAMEBUFFER] = { "/vtl2/framebuffer", false, "" },
	[GPAL_SUBJECT_RESERVED] = { "/reserved", true, "" },
	[GPAL_SUBJECT_RESERVED_NAME] = { "/reserved", true, "/name" },
	[GPAL_SUBJECT_HOST_BITS] = { "/host/physical_address_bits", false, "" },
	[GPAL_SUBJECT_HOST_HOLE] = { "/host/holes", true, "" },
	[GPAL_SUBJECT_MEMORY_LOW_WINDOW] = { "/memory/low_window", false, "" },
	[GPAL_SUBJECT_HOTPLUG_NODE] = { "/memory/hotplug", true, "/node" },
	[GPAL_SUBJECT_HOTPLUG_SIZE] = { "/memory/hotplug", true, "/size" },
	[GPAL_SUBJECT_HOTPLUG_ALIGNMENT] = { "/memory/hotplug", true, "/alignment" },
	[GPAL_SUBJECT_CXL_WINDOW_NAME] = { "/cxl_windows", true, "/name" },
	[GPAL_SUBJECT_CXL_WINDOW_TARGETS] = { "/cxl_windows", true, "/targets" },
	[GPAL_SUBJECT_CXL_WINDOW_SIZE] = { "/cxl_windows", true, "/size" },
	[GPAL_SUBJECT_CXL_WINDOW_GRANULARITY] = { "/cxl_windows", true, "/granularity" },
};

static_assert(sizeof(places) / sizeof(places[0]) == GPAL_SUBJECT_COUNT,
	      "each subject has a place in the request");

void gpald_refuse_core(struct gpald_wire_error *error, const struct gpal_error *core,
		       const char *prefix)
{
	const struct place *place = &places[core->subject];

	gpald_refuse(error, GPALD_REASON_OF(core->code), "%s", core->message);
	error->core = *core;
	if (!place->path)
		return;
	error->has_pointer = true;
	if (place->indexed)
		snprintf(error->pointer, sizeof(error->pointer), "%s%s/%zu%s%s", prefix,
			 place->path, core->index, place->member, core->part);
	else
		snprintf(error->pointer, sizeof(error->pointer), "%s%s%s%s", prefix, place->path,
			 place->member, core->part);
}
