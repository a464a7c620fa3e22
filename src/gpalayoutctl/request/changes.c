/* SPDX-License-Identifier: MIT */
/*
 * Applies --set, --add-... and --remove to a request. --remove takes the tag of a range, or
 * pcie-NAME; the tables below say which part of a request has that range. The daemon checks the
 * changed request.
 */
#include "config.h"

#include "gpalayoutctl/request/changes.h"

#include "gpalayoutctl/json_text.h"
#include "gpalayoutctl/message.h"
#include "gpalayoutctl/request/flags.h"
#include "gpalayoutctl/request/request.h"

#include <stdlib.h>
#include <string.h>

/* Lists of elements that have ranges. The tags of these ranges begin with `prefix`. */
static const struct element_list {
	const char *prefix;
	const char *group; /* NULL: the request itself, here and below */
	const char *name;
	bool by_index;     /* an index follows the prefix, not a name */
	bool has_suffixes; /* tags have a suffix after the name, such as -ecam */
	const char *empty; /* replaces a removed element that others follow; NULL: nothing can */
	const char *flag;  /* that adds an element; NULL: none */
	enum ctl_exit (*write)(void *target, const struct ctl_flag *flag, const char *value);
} lists[] = {
	/* clang-format off */
	{ "ram", "memory", "nodes", .by_index = true, .empty = "0" },
	{ "hotplug-", "memory", "hotplug", .by_index = true,
	  .flag = CTL_ADD_HOTPLUG, .write = ctl_write_hotplug },
	{ "reserved-", NULL, "reserved", .by_index = false },
	{ "pcie-", "pcie", "root_complexes", .has_suffixes = true,
	  .flag = CTL_ADD_ROOT_COMPLEX, .write = ctl_write_root_complex },
	{ "cxl-window-", NULL, "cxl_windows",
	  .flag = CTL_ADD_CXL_WINDOW, .write = ctl_write_cxl_window },
	/* clang-format on */
};

#define LISTS_END (lists + sizeof(lists) / sizeof(lists[0]))

/* Returns the list to which the flag adds, or NULL if it is not such a flag. */
static const struct element_list *list_of(const char *flag)
{
	for (const struct element_list *list = lists; list < LISTS_END; list++)
		if (list->flag && strcmp(list->flag, flag) == 0)
			return list;
	return NULL;
}

bool ctl_has_changes(const struct ctl_invocation *invocation)
{
	for (const struct ctl_given *given = invocation->given; given->flag; given++) {
		const char *name = given->flag->name;

		if (strcmp(name, CTL_SET) == 0 || strcmp(name, CTL_REMOVE) == 0 || list_of(name))
			return true;
	}
	return false;
}

/* Exits if memory ran out. */
static cJSON *item_or_exit(cJSON *item)
{
	if (!item)
		ctl_out_of_memory();
	return item;
}

/* Returns the member or the element of that name or index, or NULL if there is none. */
static cJSON *child_of(cJSON *parent, const char *step)
{
	uint64_t index;

	if (cJSON_IsObject(parent))
		return ctl_member_of(parent, step);
	return ctl_count_parse(step, &index) && index < (uint64_t)cJSON_GetArraySize(parent) ?
		       cJSON_GetArrayItem(parent, (int)index) :
		       NULL;
}

/* Returns the object with the members of the group, or NULL if there is none. */
static cJSON *group_at(const cJSON *request, const char *group)
{
	return group ? ctl_member_of(request, group) : (cJSON *)request;
}

/* Returns the elements of the list, or NULL if there are none. */
static cJSON *elements_of(const cJSON *request, const struct element_list *list)
{
	return ctl_member_of(group_at(request, list->group), list->name);
}

/* Does the same, but creates the list and its group if they do not exist. */
static cJSON *make_elements(cJSON *request, const struct element_list *list)
{
	cJSON *object = group_at(request, list->group), *elements;

	if (!object)
		object = item_or_exit(cJSON_AddObjectToObject(request, list->group));
	elements = ctl_member_of(object, list->name);
	return elements ? elements : item_or_exit(cJSON_AddArrayToObject(object, list->name));
}

/* --set */

/*
 * Makes a value of typed text: JSON as it is, or a string, such as a size, if it is not JSON.
 * Objects and lists are parsed, so that other flags can change them.
 */
static cJSON *make_value(const char *text)
{
	cJSON *parsed = cJSON_ParseWithOpts(text, NULL, true);
	struct gpald_wire_error fault;

	if (cJSON_IsObject(parsed) || cJSON_IsArray(parsed))
		return parsed;
	cJSON_Delete(parsed);
	/* cJSON also accepts numbers such as 010. */
	return item_or_exit(parsed && ctl_is_json(text, strlen(text), &fault) ?
				    cJSON_CreateRaw(text) :
				    cJSON_CreateString(text));
}

static enum ctl_exit put_member(cJSON *parent, const char *step, const char *value,
				const struct ctl_given *given)
{
	const uint64_t count = (uint64_t)cJSON_GetArraySize(parent);
	cJSON *const old = child_of(parent, step);
	uint64_t index;

	if (!cJSON_IsObject(parent) && !cJSON_IsArray(parent))
		return ctl_error(
			"%s: '%s': there is no %s in a single value; only objects and lists "
			"have members",
			given->flag->name, given->value, step);
	if (cJSON_IsArray(parent) && (!ctl_count_parse(step, &index) || index > count))
		return ctl_error("%s: '%s': there is no element %s in a list of length %d",
				 given->flag->name, given->value, step, (int)count);
	if (old && cJSON_IsObject(parent))
		cJSON_ReplaceItemInObjectCaseSensitive(parent, step, make_value(value));
	else if (old)
		cJSON_ReplaceItemViaPointer(parent, old, make_value(value));
	else if (cJSON_IsArray(parent))
		cJSON_AddItemToArray(parent, make_value(value));
	else
		cJSON_AddItemToObject(parent, step, make_value(value));
	return CTL_OK;
}

static enum ctl_exit set_member(cJSON *request, const struct ctl_given *given)
{
	ctl_cleanup_buffer struct gpald_bytes path = { 0 };
	const char *flag = given->flag->name;
	char *rest, *step, *value;
	cJSON *parent = request;

	ctl_buffer_puts(&path, given->value);
	rest = path.data;
	value = strchr(rest, '=');
	if (!value)
		return ctl_error("%s: '%s' is not MEMBER=VALUE", flag, given->value);
	*value++ = '\0';
	for (step = strsep(&rest, "."); rest; step = strsep(&rest, ".")) {
		cJSON *child = child_of(parent, step);

		if (!child && cJSON_IsObject(parent))
			child = item_or_exit(cJSON_AddObjectToObject(parent, step));
		if (!child)
			return ctl_error("%s: '%s': the path names %s, which the request does not "
					 "have",
					 flag, given->value, step);
		parent = child;
	}
	return put_member(parent, step, value, given);
}

/* --add-... */

static enum ctl_exit add_element(cJSON *request, const struct ctl_invocation *invocation,
				 const struct ctl_given *given, const struct element_list *list)
{
	struct ctl_request text = { .invocation = invocation };
	const enum ctl_exit code = list->write(&text, given->flag, given->value);

	if (text.writer.failed)
		ctl_out_of_memory();
	if (!code)
		cJSON_AddItemToArray(make_elements(request, list),
				     item_or_exit(cJSON_ParseWithLength(text.writer.text.data,
									text.writer.text.length)));
	gpald_writer_clear(&text.writer);
	return code;
}

/*
 * Returns the index of the first element that a flag added: added elements are the last ones.
 * Returns SIZE_MAX if another flag may have moved them.
 */
static size_t first_added(const struct ctl_invocation *invocation, const cJSON *request,
			  const struct element_list *list)
{
	size_t count = (size_t)cJSON_GetArraySize(elements_of(request, list)), added = 0;

	for (const struct ctl_given *given = invocation->given; given->flag; given++) {
		const char *name = given->flag->name;

		if (strcmp(name, CTL_SET) == 0 || (added && strcmp(name, CTL_REMOVE) == 0))
			return SIZE_MAX;
		added += list_of(name) == list;
	}
	return added <= count ? count - added : SIZE_MAX;
}

const struct ctl_given *ctl_flag_that_added(const struct ctl_invocation *invocation,
					    const cJSON *request, const char *pointer)
{
	for (const struct element_list *list = lists; list < LISTS_END; list++) {
		ctl_cleanup_buffer struct gpald_bytes place = { 0 };
		size_t first;
		uint64_t number;

		ctl_buffer_printf(&place, "%s%s/%s/", list->group ? "/" : "",
				  list->group ? list->group : "", list->name);
		if (!list->flag || strncmp(pointer, place.data, place.length) != 0)
			continue;
		number = strtoull(pointer + place.length, NULL, 10);
		first = first_added(invocation, request, list);
		if (first == SIZE_MAX)
			return NULL;
		for (const struct ctl_given *given = invocation->given; given->flag; given++)
			if (list_of(given->flag->name) == list && number == first++)
				return given;
	}
	return NULL;
}

/* --remove */

/* Members that have a range of their own. */
static const struct {
	const char *tag;
	const char *group;
	const char *member;
} members[] = {
	{ "virtio-mmio", NULL, "virtio_mmio" },
	{ "vtl2", "vtl2", "memory" },
	{ "vtl2-framebuffer", "vtl2", "framebuffer" },
	{ "vtl2-chipset-mmio", "vtl2", "chipset_mmio" },
	{ "chipset-high-mmio", "chipset", "high_mmio" },
};

#define MEMBERS (sizeof(members) / sizeof(members[0]))

/* Returns true if `rest`, a tag without its prefix, is of a range of the root complex `name`. */
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

/*
 * `rest` is a tag without its prefix. Returns the element that has the range, or else the element
 * whose name is `rest`: a name such as a-ecam may end as a tag does.
 */
static cJSON *find_named(cJSON *elements, const char *rest, bool has_suffixes)
{
	cJSON *element, *found = NULL;

	cJSON_ArrayForEach(element, elements)
	{
		const char *name = ctl_text_of(element, "name");

		if (name && has_suffixes && is_range_of(rest, name))
			return element;
		if (name && strcmp(rest, name) == 0)
			found = element;
	}
	return found;
}

static bool remove_member(cJSON *request, const char *tag)
{
	for (size_t i = 0; i < MEMBERS; i++) {
		cJSON *object = group_at(request, members[i].group);

		if (strcmp(members[i].tag, tag) != 0 || !ctl_member_of(object, members[i].member))
			continue;
		cJSON_DeleteItemFromObjectCaseSensitive(object, members[i].member);
		return true;
	}
	return false;
}

/* Returns the element that has the tag, and sets *list to its list. NULL if there is none. */
static cJSON *find_element(const cJSON *request, const char *tag, const struct element_list **list)
{
	for (const struct element_list *row = lists; row < LISTS_END; row++) {
		cJSON *elements = elements_of(request, row), *element = NULL;
		const size_t length = strlen(row->prefix);

		*list = row;
		if (strncmp(tag, row->prefix, length) != 0)
			continue;
		if (!row->by_index)
			element = find_named(elements, tag + length, row->has_suffixes);
		else if (cJSON_IsArray(elements))
			element = child_of(elements, tag + length);
		if (element)
			return element;
	}
	return NULL;
}

/* Refuses a tag with leading zeros: the indexes in tags have none. */
static enum ctl_exit check_number(const struct ctl_given *given, const struct element_list *list)
{
	const char *number = given->value + strlen(list->prefix);
	const size_t zeros = strspn(number, "0") - !number[strspn(number, "0")];

	if (!list->by_index || !zeros)
		return CTL_OK;
	ctl_error("%s: no range has the tag %s", given->flag->name, given->value);
	ctl_hint("did you mean %s%s?", list->prefix, number + zeros);
	return CTL_USAGE;
}

/* Removes an element in such a way that all others keep the indexes in their tags. */
static enum ctl_exit remove_element(cJSON *request, const struct ctl_given *given)
{
	const struct element_list *list;
	cJSON *element = find_element(request, given->value, &list);
	const bool others_follow = element && list->by_index && element->next;

	if (!element) {
		ctl_error("%s: no removable part of the request has the tag %s", given->flag->name,
			  given->value);
		ctl_hint(
			"these can be removed: a node's RAM (ram1), a root complex (pcie-rc0), the "
			"last room for memory (hotplug-0), a CXL window (cxl-window-NAME), a "
			"reserved range (reserved-NAME) and, if the request states them, "
			"virtio-mmio, vtl2, vtl2-framebuffer, vtl2-chipset-mmio and "
			"chipset-high-mmio; --set changes anything else, such as host.holes=[]");
		return CTL_USAGE;
	}
	if (check_number(given, list))
		return CTL_USAGE;
	if (others_follow && !list->empty) {
		ctl_error("%s: %s is not the last room for memory", given->flag->name,
			  given->value);
		ctl_hint("the next one would take its tag: remove those after it first");
		return CTL_USAGE;
	}
	if (others_follow)
		cJSON_ReplaceItemViaPointer(elements_of(request, list), element,
					    item_or_exit(cJSON_CreateString(list->empty)));
	else
		cJSON_Delete(cJSON_DetachItemViaPointer(elements_of(request, list), element));
	return CTL_OK;
}

/* Returns the flag that removes the root complex of that name, or NULL if none does. */
static const struct ctl_given *find_removal(const struct ctl_invocation *invocation,
					    const char *name)
{
	static const char prefix[] = "pcie-";
	const size_t length = strlen(prefix);

	for (const struct ctl_given *given = invocation->given; given->flag; given++) {
		const char *tag = given->value;

		if (strcmp(given->flag->name, CTL_REMOVE) == 0 &&
		    strncmp(tag, prefix, length) == 0 &&
		    (strcmp(tag + length, name) == 0 || is_range_of(tag + length, name)))
			return given;
	}
	return NULL;
}

/* Refuses a CXL window if a flag removed one of its targets. The daemon checks all else. */
static enum ctl_exit check_changed_targets(const cJSON *request,
					   const struct ctl_invocation *invocation,
					   const cJSON *window)
{
	const cJSON *targets = ctl_member_of(window, "targets"), *target;
	const char *name = ctl_text_of(window, "name");

	cJSON_ArrayForEach(target, targets)
	{
		const char *rc = cJSON_GetStringValue(target);
		const struct ctl_given *given = rc ? find_removal(invocation, rc) : NULL;

		if (!given || !name ||
		    find_named(elements_of(request, list_of(CTL_ADD_ROOT_COMPLEX)), rc, false))
			continue;
		ctl_error("%s %s: the CXL window %s has the root complex %s as a target",
			  given->flag->name, given->value, name, rc);
		ctl_hint("remove the window, too, with " CTL_REMOVE " cxl-window-%s", name);
		return CTL_USAGE;
	}
	return CTL_OK;
}

static void use_element_tag(const struct element_list *list, size_t index, const char *name,
			    void (*use)(void *data, const char *tag), void *data)
{
	ctl_cleanup_buffer struct gpald_bytes tag = { 0 };

	ctl_buffer_puts(&tag, list->prefix);
	if (list->by_index)
		ctl_buffer_printf(&tag, "%zu", index);
	else
		ctl_buffer_puts(&tag, name);
	use(data, tag.data);
}

void ctl_removable_tags(const cJSON *request, void (*use)(void *data, const char *tag), void *data)
{
	for (size_t i = 0; i < MEMBERS; i++)
		if (ctl_member_of(group_at(request, members[i].group), members[i].member))
			use(data, members[i].tag);
	for (const struct element_list *list = lists; list < LISTS_END; list++) {
		const cJSON *element;
		size_t index = 0;

		cJSON_ArrayForEach(element, elements_of(request, list))
		{
			const char *name = ctl_text_of(element, "name");

			if (list->by_index ? !element->next || list->empty : name != NULL)
				use_element_tag(list, index, name, use, data);
			index++;
		}
	}
}

/* All changes. */

static enum ctl_exit apply_changes(cJSON *request, const struct ctl_invocation *invocation)
{
	enum ctl_exit code = CTL_OK;
	const cJSON *window;

	for (const struct ctl_given *given = invocation->given; given->flag && !code; given++) {
		const char *name = given->flag->name;
		const struct element_list *list = list_of(name);

		if (list)
			code = add_element(request, invocation, given, list);
		else if (strcmp(name, CTL_SET) == 0)
			code = set_member(request, given);
		else if (strcmp(name, CTL_REMOVE) == 0 && !remove_member(request, given->value))
			code = remove_element(request, given);
	}
	cJSON_ArrayForEach(window, elements_of(request, list_of(CTL_ADD_CXL_WINDOW)))
	{
		if (!code)
			code = check_changed_targets(request, invocation, window);
	}
	return code;
}

enum ctl_exit ctl_changes_make(struct ctl_session *session, uint64_t *generation)
{
	ctl_cleanup_buffer struct gpald_bytes text = { 0 };
	const struct gpald_raw result = { session->result, strlen(session->result) };
	struct gpald_raw number;
	enum ctl_exit code;
	cJSON *request;
	char *printed;

	if (!ctl_append_request_of_reply(&text, result) ||
	    !gpald_raw_member(result, "generation", &number))
		return ctl_invalid_reply(session, "it lacks a request, policy or generation");
	*generation = strtoull(number.text, NULL, 10);
	request = item_or_exit(cJSON_ParseWithLength(text.data, text.length));
	code = apply_changes(request, session->invocation);
	printed = code ? NULL : cJSON_PrintUnformatted(request);
	cJSON_Delete(request);
	if (code)
		return code;
	if (!printed)
		ctl_out_of_memory();
	ctl_buffer_puts(&session->request, printed);
	free(printed);
	session->request_source = "the changed request";
	return CTL_OK;
}
