/* SPDX-License-Identifier: MIT */
/*
 * Ranges are named by their tags, as everywhere; which member of a request one comes from is
 * the table below. Whether the changed request makes sense is the daemon's to say.
 */
#include "config.h"

#include "gpalayoutctl/request/changes.h"

#include "gpalayoutctl/json_text.h"
#include "gpalayoutctl/message.h"
#include "gpalayoutctl/request/flags.h"
#include "gpalayoutctl/request/request.h"

#include <stdlib.h>
#include <string.h>

bool ctl_has_changes(const struct ctl_invocation *invocation)
{
	return ctl_was_given(invocation, CTL_SET) ||
	       ctl_was_given(invocation, CTL_ADD_ROOT_COMPLEX) ||
	       ctl_was_given(invocation, CTL_REMOVE);
}

/* Without memory the program ends. */
static cJSON *need(cJSON *item)
{
	if (!item)
		ctl_out_of_memory();
	return item;
}

/* The member or the element of that name or index; NULL: there is none. */
static cJSON *child_of(cJSON *parent, const char *step)
{
	uint64_t index;

	if (cJSON_IsObject(parent))
		return cJSON_GetObjectItemCaseSensitive(parent, step);
	return ctl_count_parse(step, &index) && index < (uint64_t)cJSON_GetArraySize(parent) ?
		       cJSON_GetArrayItem(parent, (int)index) :
		       NULL;
}

/* The object or list at a path of steps, made where an object has none. */
static cJSON *container_at(cJSON *request, const char *group, const char *name)
{
	cJSON *object = cJSON_GetObjectItemCaseSensitive(request, group), *list;

	if (!object)
		object = need(cJSON_AddObjectToObject(request, group));
	list = cJSON_GetObjectItemCaseSensitive(object, name);
	return list ? list : need(cJSON_AddArrayToObject(object, name));
}

/* --set */

/* JSON as it is typed; what is none is a string, as sizes are. Objects and lists can be changed. */
static cJSON *value_of(const char *text)
{
	cJSON *parsed = cJSON_ParseWithOpts(text, NULL, true);

	if (cJSON_IsObject(parsed) || cJSON_IsArray(parsed))
		return parsed;
	cJSON_Delete(parsed);
	return need(parsed ? cJSON_CreateRaw(text) : cJSON_CreateString(text));
}

static enum ctl_exit put(cJSON *parent, const char *step, const char *value, const char *flag)
{
	const uint64_t count = (uint64_t)cJSON_GetArraySize(parent);
	cJSON *const old = child_of(parent, step);
	uint64_t index;

	if (!cJSON_IsObject(parent) && !cJSON_IsArray(parent))
		return ctl_usage_error("%s: %s: that is inside of a single value", flag, step);
	if (cJSON_IsArray(parent) && (!ctl_count_parse(step, &index) || index > count))
		return ctl_usage_error("%s: %s: the list has %d elements", flag, step, (int)count);
	if (old && cJSON_IsObject(parent))
		cJSON_ReplaceItemInObjectCaseSensitive(parent, step, value_of(value));
	else if (old)
		cJSON_ReplaceItemViaPointer(parent, old, value_of(value));
	else if (cJSON_IsArray(parent))
		cJSON_AddItemToArray(parent, value_of(value));
	else
		cJSON_AddItemToObject(parent, step, value_of(value));
	return CTL_OK;
}

static enum ctl_exit set(cJSON *request, const struct ctl_given *given)
{
	ctl_cleanup_buffer struct ctl_buffer path = { 0 };
	const char *flag = given->flag->name;
	char *rest, *step, *value;
	cJSON *parent = request;

	ctl_buffer_puts(&path, given->value);
	rest = path.data;
	value = strchr(rest, '=');
	if (!value)
		return ctl_usage_error("%s: '%s' is not MEMBER=VALUE", flag, given->value);
	*value++ = '\0';
	for (step = strsep(&rest, "."); rest; step = strsep(&rest, ".")) {
		cJSON *child = child_of(parent, step);

		if (!child && cJSON_IsObject(parent))
			child = need(cJSON_AddObjectToObject(parent, step));
		if (!child)
			return ctl_usage_error("%s: there is no %s in %s", flag, step,
					       given->value);
		parent = child;
	}
	return put(parent, step, value, flag);
}

/* --add-pcie-root-complex */

static enum ctl_exit add_root_complex(cJSON *request, const struct ctl_invocation *invocation,
				      const struct ctl_given *given)
{
	struct ctl_request text = { .invocation = invocation };
	const enum ctl_exit code = ctl_write_root_complex(&text, given->flag, given->value);
	cJSON *added = NULL;

	if (text.writer.failed)
		ctl_out_of_memory();
	if (!code)
		added = need(cJSON_ParseWithLength(text.writer.text, text.writer.length));
	if (added)
		cJSON_AddItemToArray(container_at(request, "pcie", "root_complexes"), added);
	gpald_writer_clear(&text.writer);
	return code;
}

/* --remove */

/* The members that have a range of their own. */
static const struct {
	const char *tag;
	const char *group; /* NULL: the request itself */
	const char *member;
} members[] = {
	{ "virtio-mmio", NULL, "virtio_mmio" },
	{ "vtl2", "vtl2", "memory" },
	{ "vtl2-framebuffer", "vtl2", "framebuffer" },
	{ "vtl2-chipset-mmio", "vtl2", "chipset_mmio" },
	{ "chipset-high-mmio", "chipset", "high_mmio" },
};

/* The lists whose elements have ranges, by the beginning of their tags. */
static const struct {
	const char *prefix;
	const char *group;
	const char *list;
	bool by_index;   /* a number follows it, and not a name */
	bool has_ranges; /* what each range is follows the name */
} lists[] = {
	{ "ram", "memory", "nodes", .by_index = true },
	{ "reserved-", NULL, "reserved", false, false },
	{ "pcie-", "pcie", "root_complexes", .has_ranges = true },
};

/* Whether `rest`, a tag without its prefix, is of a range of the root complex `name`. */
static bool is_range_of(const char *rest, const char *name)
{
	static const char *const ends[] = { "-low-mmio", "-high-mmio", "-cxl-hdm", "-cxl-chbcr",
					    "-ecam" };
	const size_t length = strlen(name);

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (strncmp(rest, name, length) == 0 && strcmp(rest + length, ends[i]) == 0)
			return true;
	return false;
}

/* That of which it is a range, or else that of that name, which may end as the tag of a range. */
static cJSON *find_named(cJSON *list, const char *rest, bool has_ranges)
{
	cJSON *element, *found = NULL;

	cJSON_ArrayForEach(element, list)
	{
		const char *name =
			cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(element, "name"));

		if (name && has_ranges && is_range_of(rest, name))
			return element;
		if (name && strcmp(rest, name) == 0)
			found = element;
	}
	return found;
}

static bool remove_member(cJSON *request, const char *tag)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		cJSON *object =
			members[i].group ?
				cJSON_GetObjectItemCaseSensitive(request, members[i].group) :
				request;

		if (strcmp(members[i].tag, tag) != 0 ||
		    !cJSON_GetObjectItemCaseSensitive(object, members[i].member))
			continue;
		cJSON_DeleteItemFromObjectCaseSensitive(object, members[i].member);
		return true;
	}
	return false;
}

static bool remove_element(cJSON *request, const char *tag)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const size_t length = strlen(lists[i].prefix);
		cJSON *object = lists[i].group ?
					cJSON_GetObjectItemCaseSensitive(request, lists[i].group) :
					request;
		cJSON *list = cJSON_GetObjectItemCaseSensitive(object, lists[i].list), *element;

		if (strncmp(tag, lists[i].prefix, length) != 0)
			continue;
		if (!lists[i].by_index)
			element = find_named(list, tag + length, lists[i].has_ranges);
		else
			element = cJSON_IsArray(list) ? child_of(list, tag + length) : NULL;
		if (!element)
			continue;
		/* Nodes keep their numbers: one before others is empty from now on. */
		if (lists[i].by_index && element->next)
			cJSON_ReplaceItemViaPointer(list, element, need(cJSON_CreateString("0")));
		else
			cJSON_Delete(cJSON_DetachItemViaPointer(list, element));
		return true;
	}
	return false;
}

static enum ctl_exit leave_out(cJSON *request, const struct ctl_given *given)
{
	if (remove_member(request, given->value) || remove_element(request, given->value))
		return CTL_OK;
	ctl_complain("%s: nothing in the request has the tag %s", given->flag->name, given->value);
	ctl_hint("a node's RAM (ram1), a root complex (pcie-rc0), virtio-mmio, vtl2, "
		 "vtl2-framebuffer, vtl2-chipset-mmio, chipset-high-mmio and reserved ranges "
		 "(reserved-NAME) can be left out; anything else is changed by --set");
	return CTL_USAGE;
}

/* All of them. */

static enum ctl_exit change(cJSON *request, const struct ctl_invocation *invocation)
{
	enum ctl_exit code = CTL_OK;

	for (size_t i = 0; i < invocation->given_count && !code; i++) {
		const struct ctl_given *given = &invocation->given[i];
		const char *name = given->flag->name;

		if (strcmp(name, CTL_SET) == 0)
			code = set(request, given);
		else if (strcmp(name, CTL_ADD_ROOT_COMPLEX) == 0)
			code = add_root_complex(request, invocation, given);
		else if (strcmp(name, CTL_REMOVE) == 0)
			code = leave_out(request, given);
	}
	return code;
}

enum ctl_exit ctl_changes_make(struct ctl_session *session, const char *name, uint64_t *generation)
{
	ctl_cleanup_buffer struct ctl_buffer params = { 0 };
	ctl_cleanup_buffer struct ctl_buffer text = { 0 };
	struct gpald_raw result, number;
	enum ctl_exit code;
	cJSON *request;
	char *printed;

	ctl_member_text(&params, "name", name);
	ctl_buffer_puts(&params, "}");
	code = ctl_ask(session, "layout.get", params.data);
	if (!code && !session->result)
		code = ctl_answer(session, NULL);
	if (code)
		return code;
	result = (struct gpald_raw){ session->result, strlen(session->result) };
	if (!ctl_request_of_answer(&text, result) ||
	    !gpald_raw_member(result, "generation", &number))
		return ctl_not_understood(session, "it has no request, or no generation");
	*generation = strtoull(number.text, NULL, 10);
	request = need(cJSON_ParseWithLength(text.data, text.len));
	code = change(request, session->invocation);
	printed = code ? NULL : cJSON_PrintUnformatted(request);
	cJSON_Delete(request);
	if (code)
		return code;
	if (!printed)
		ctl_out_of_memory();
	ctl_buffer_puts(&session->request, printed);
	free(printed);
	session->request_file = "the changed request";
	return CTL_OK;
}
