/* SPDX-License-Identifier: MIT */
/*
 * Sends lines to the service, on a registry that is empty at first.
 *
 * Input: lines, of which the first 8 are answered one after the other. A line that begins with a
 * tab comes from the inspect socket, one that begins with a space from another user. Each reply
 * must match the OpenRPC document and have the id of its request; an error may have the id null.
 * Each layout in it must be accepted as a layout in full. The first request that a line resolves,
 * creates or explains is given to all three methods: they must make the same layout, or refuse it
 * alike.
 */
#include "config.h"

#include "server/openrpc_document.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/layouts.h"
#include "tests/fuzz/schema.h"
#include "tests/fuzz/serving.h"
#include "wire/json_parse.h"

#include <stdbool.h>
#include <string.h>

const char fuzz_target[] = "service";

#define LINES_MAX 8

static const cJSON *reply_schema;

static void set_up(void)
{
	if (reply_schema)
		return;
	schema_open(gpald_openrpc_document);
	reply_schema = schema_find("ReplyMessage");
}

/* Returns the reply to a line, or NULL if there is none. The caller frees it. */
static char *ask(const struct gpald_caller *caller, const char *line, size_t length, size_t *size)
{
	struct gpald_answer answer;
	char *reply;

	serving_ask(caller, line, length, &answer);
	if (answer.kind == GPALD_ANSWER_NONE)
		return NULL;
	FUZZ_CHECK(answer.kind == GPALD_ANSWER_REPLY, "out of memory");
	*size = serving_space.out.text.length;
	reply = malloc(*size + 1);
	FUZZ_CHECK(reply, "out of memory");
	memcpy(reply, serving_space.out.text.data, *size);
	reply[*size] = '\0';
	return reply;
}

/* Replies. */

static const cJSON *member_of(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

static const char *text_of(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(member_of(object, name));
}

static cJSON *read_reply(const char *reply, size_t size)
{
	cJSON *tree;

	FUZZ_CHECK(size == strlen(reply) && strchr(reply, '\n') == reply + size - 1,
		   "a reply is not one line");
	tree = cJSON_ParseWithLength(reply, size - 1);
	FUZZ_CHECK(tree, "a reply is not JSON");
	return tree;
}

/* Returns the value in an object or a list that a token names, or NULL. */
static const cJSON *step(const cJSON *value, const char *token, size_t length)
{
	char name[GPALD_WIRE_POINTER_MAX + 1], *out = name;

	for (size_t i = 0; i < length; i++) {
		*out++ = token[i];
		if (token[i] == '~')
			out[-1] = token[++i] == '1' ? '/' : '~';
	}
	*out = '\0';
	return cJSON_IsArray(value) ? cJSON_GetArrayItem(value, atoi(name)) :
				      member_of(value, name);
}

/* A pointer leads to a value in params, or to a missing member, but never to a missing element. */
static void check_pointer(const cJSON *params, const char *pointer)
{
	const cJSON *value = params;
	const char *rest = pointer;

	while (rest[0] == '/') {
		const size_t length = strcspn(rest + 1, "/");
		const cJSON *inner = value ? step(value, rest + 1, length) : NULL;

		rest += 1 + length;
		FUZZ_CHECK(inner || !cJSON_IsArray(value), "%s leads nowhere", pointer);
		value = inner;
	}
}

static void check_result(const char *method, const cJSON *result)
{
	const cJSON *layout = member_of(result, "layout");

	FUZZ_CHECK(method, "a result for a request without a method");
	schema_check(schema_of_result(method), result);
	if (layout)
		check_json_accepted_in_full(layout);
}

static void check_reply(const cJSON *request, const cJSON *reply)
{
	const cJSON *id = member_of(request, "id"), *result = member_of(reply, "result");
	const cJSON *answered = member_of(reply, "id");
	const cJSON *data = member_of(member_of(reply, "error"), "data");
	const char *pointer = text_of(data, "pointer");

	schema_check(reply_schema, reply);
	FUZZ_CHECK(cJSON_IsNull(answered) || cJSON_Compare(answered, id, true),
		   "the reply has another id");
	if (result) {
		FUZZ_CHECK(!cJSON_IsNull(answered), "a result without an id");
		check_result(text_of(request, "method"), result);
	}
	if (pointer)
		check_pointer(member_of(request, "params"), pointer);
}

/*
 * The methods that make a layout from a request must agree. These extra replies are only compared
 * with each other. Only replies to lines are checked against the document.
 */

static cJSON *call(const char *method, cJSON *params)
{
	static const struct gpald_caller root = { .socket_kind = &gpald_control_socket_kind };
	cJSON *request = cJSON_CreateObject(), *tree;
	size_t size;
	char *line, *reply;

	cJSON_AddStringToObject(request, "jsonrpc", "2.0");
	cJSON_AddNumberToObject(request, "id", 1);
	cJSON_AddStringToObject(request, "method", method);
	cJSON_AddItemToObject(request, "params", params);
	line = cJSON_PrintUnformatted(request);
	reply = ask(&root, line, strlen(line), &size);
	FUZZ_CHECK(reply, "a request was not answered");
	tree = read_reply(reply, size);
	free(line);
	free(reply);
	cJSON_Delete(request);
	return tree;
}

static cJSON *with_request(const cJSON *request)
{
	cJSON *params = cJSON_CreateObject();

	cJSON_AddItemToObject(params, "request", cJSON_Duplicate(request, true));
	return params;
}

static void check_same_refusal(const cJSON *a, const cJSON *b)
{
	const cJSON *error = member_of(a, "error");

	FUZZ_CHECK(error && cJSON_Compare(error, member_of(b, "error"), true),
		   "one request, two refusals: %s and %s", cJSON_Print(a), cJSON_Print(b));
}

static void check_explained(const cJSON *explained, const cJSON *layout)
{
	const cJSON *range, *chosen, *entry;

	FUZZ_CHECK(strcmp(text_of(explained, "digest"), text_of(layout, "digest")) == 0,
		   "the explanation is of another layout");
	cJSON_ArrayForEach(range, member_of(explained, "ranges"))
	{
		cJSON_ArrayForEach(chosen, member_of(range, "chosen"))
		{
			const char *start = text_of(chosen, "start"), *end = text_of(chosen, "end");
			bool found = false;

			cJSON_ArrayForEach(entry, member_of(layout, "map"))
				found |= strcmp(text_of(entry, "start"), start) == 0 &&
					 strcmp(text_of(entry, "end"), end) == 0;
			/* The map does not list reserved ranges above the top. */
			found |= strcmp(text_of(range, "phase"), "reserved") == 0;
			FUZZ_CHECK(found, "%s-%s is explained, but not in the map", start, end);
		}
	}
}

static void check_compared(const cJSON *request, const cJSON *layout)
{
	cJSON *params = cJSON_CreateObject();
	cJSON *from = cJSON_AddObjectToObject(params, "from");
	cJSON *reply;

	cJSON_AddItemToObject(params, "to", with_request(request));
	cJSON_AddItemToObject(from, "layout", cJSON_Duplicate(layout, true));
	reply = call("layout.compare", params);
	FUZZ_CHECK(cJSON_IsTrue(member_of(member_of(reply, "result"), "compatible")) &&
			   !member_of(member_of(reply, "result"), "changes")->child,
		   "a layout differs from the one of its request");
	cJSON_Delete(reply);
}

/* The name may be in use, or the registry full. Then there is nothing to compare. */
static bool was_not_tried(const cJSON *created)
{
	const char *reason = text_of(member_of(member_of(created, "error"), "data"), "reason");

	return reason && (strcmp(reason, "conflict") == 0 || strcmp(reason, "store_full") == 0);
}

static void check_agreement(const cJSON *request)
{
	cJSON *params = with_request(request);
	cJSON *resolved = call("layout.resolve", with_request(request));
	cJSON *explained = call("layout.explain", with_request(request));
	const cJSON *layout = member_of(member_of(resolved, "result"), "layout");
	cJSON *created;

	cJSON_AddStringToObject(params, "name", "agreement");
	created = call("layout.create", params);
	if (layout) {
		check_explained(member_of(explained, "result"), layout);
		check_compared(request, layout);
	} else {
		check_same_refusal(resolved, explained);
	}
	if (!was_not_tried(created) && layout)
		FUZZ_CHECK(cJSON_Compare(layout, member_of(member_of(created, "result"), "layout"),
					 true),
			   "create makes another layout than resolve");
	if (!was_not_tried(created) && !layout)
		check_same_refusal(resolved, created);
	cJSON_Delete(resolved);
	cJSON_Delete(explained);
	cJSON_Delete(created);
}

/* Returns the request of a line that resolves, creates or explains it, or NULL. */
static const cJSON *find_request(const cJSON *tree)
{
	static const char *const methods[] = { "layout.resolve", "layout.create",
					       "layout.explain" };
	const char *method = text_of(tree, "method");

	for (size_t i = 0; method && i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(method, methods[i]) == 0)
			return member_of(member_of(tree, "params"), "request");
	return NULL;
}

/* Returns true if agreement was checked. */
static bool try_line(const struct gpald_caller *caller, const char *text, size_t length,
		     bool wants_agreement)
{
	/* The allocation has the exact length of the line. */
	char *line = malloc(length ? length : 1), *reply;
	struct gpald_arena *arena = gpald_arena_new(0);
	const cJSON *request = NULL, *inner;
	struct gpald_wire_error error;
	cJSON *tree;
	size_t size;

	FUZZ_CHECK(line && arena, "out of memory");
	memcpy(line, text, length);
	reply = ask(caller, line, length, &size);
	if (gpald_json_parse(line, length, arena, &request, &error))
		request = NULL;
	if (reply) {
		tree = read_reply(reply, size);
		check_reply(request, tree);
		cJSON_Delete(tree);
	} else {
		FUZZ_CHECK(request && !member_of(request, "id"), "a request was not answered");
	}
	inner = wants_agreement ? find_request(request) : NULL;
	if (inner)
		check_agreement(inner);
	gpald_arena_free(arena);
	free(reply);
	free(line);
	return inner;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	bool wants_agreement = true;

	set_up();
	serving_open();
	for (size_t i = 0; i < LINES_MAX && size > 0; i++) {
		const char *lf = memchr(text, '\n', size);
		const size_t length = lf ? (size_t)(lf - text) : size;
		const struct gpald_caller caller = {
			.uid = length > 0 && text[0] == ' ' ? 1001 : 1000,
			.socket_kind = length > 0 && text[0] == '\t' ? &gpald_inspect_socket_kind :
								       &gpald_control_socket_kind,
		};

		if (try_line(&caller, text, length, wants_agreement))
			wants_agreement = false;
		text += length + (lf != NULL);
		size -= length + (lf != NULL);
	}
	serving_close();
	return 0;
}
