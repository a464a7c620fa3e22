/* SPDX-License-Identifier: MIT */
/*
 * Prints all layouts, or those that match, as a table or as one JSON document. It prints after the
 * last page, because a column is as wide as its widest cell, and a part of a document is not JSON.
 */
#include "config.h"

#include "gpalayoutctl/commands/commands.h"

#include "gpalayoutctl/json_text.h"
#include "gpalayoutctl/message.h"
#include "gpalayoutctl/print/table.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
const struct ctl_flag ctl_list_flags[] = {
	{ .name = "--owner", .value_name = "USER",
	  .help = "only layouts of this user, a name or a uid" },
	{ .name = "--arch", .value_name = "x86_64|aarch64",
	  .help = "only layouts of this architecture" },
	{ .name = "--policy", .value_name = "NAME", .help = "only layouts made under this policy" },
	{ .name = "--after", .value_name = "NAME",
	  .help = "only layouts whose name comes after this one in byte order" },
	{ .name = "--limit", .value_name = "N", .help = "list at most N layouts; N is 1 or more" },
	{ 0 },
};

static const struct ctl_field entry_fields[] = {
	CTL_FIELD(struct gpal_client_entry, "NAME", CTL_TEXT, name),
	CTL_FIELD(struct gpal_client_entry, "GENERATION", CTL_INTEGER, generation),
	CTL_FIELD(struct gpal_client_entry, "ARCH", CTL_ARCH, arch),
	CTL_FIELD(struct gpal_client_entry, "POLICY", CTL_TEXT, policy_name),
	CTL_FIELD(struct gpal_client_entry, "RAM", CTL_SIZE, ram_size),
	CTL_FIELD(struct gpal_client_entry, "TOP", CTL_ADDRESS, top),
	CTL_FIELD(struct gpal_client_entry, "OWNER", CTL_USER, owner_uid),
	CTL_FIELD(struct gpal_client_entry, "CREATED", CTL_TEXT, created_at),
};
/* clang-format on */

enum ctl_exit ctl_pages_next(struct ctl_session *session, struct ctl_pages *pages,
			     const struct gpal_client_page **page)
{
	ctl_cleanup_buffer struct gpald_bytes params = { 0 };
	enum ctl_exit code;

	if (pages->after)
		ctl_add_text_member(&params, "after", pages->after);
	code = ctl_call_for_result(session, "layout.list", params.length ? params.data : "{}");
	if (code)
		return code;
	*page = ctl_decode_result(session, &gpald_page_result);
	if (!*page) {
		if (session->invocation->json)
			ctl_print_raw(session, NULL);
		return CTL_NO_DAEMON;
	}
	/* Names must ascend from page to page, or the loop of the caller might never end. */
	if ((*page)->next &&
	    (!(*page)->count || strcmp((*page)->next, pages->after ? pages->after : "") <= 0))
		return ctl_invalid_reply(session, "the next page would not come after this one");
	pages->after = (*page)->next;
	pages->ended = !(*page)->next;
	return CTL_OK;
}

struct layout_list {
	const struct ctl_invocation *invocation;
	uint64_t wanted;     /* how many more layouts to list */
	uint64_t owner;      /* CTL_NONE: anybody */
	enum gpal_arch arch; /* GPAL_ARCH_COUNT: any */
	const char *policy;
	struct gpal_client_entry *entries; /* the session owns their strings */
	size_t count;
	struct gpald_bytes json; /* the entries, with commas between them */
};

static void list_free(struct layout_list *list)
{
	free(list->entries);
	ctl_buffer_free(&list->json);
}
#define ctl_cleanup_list __attribute__((cleanup(list_free)))

static enum ctl_exit read_owner(struct layout_list *list, const char *owner)
{
	const struct passwd *entry = getpwnam(owner);

	if (entry)
		list->owner = entry->pw_uid;
	else if (!ctl_count_parse(owner, &list->owner) || list->owner > UINT32_MAX)
		return ctl_error("--owner: %s is neither a user of this host nor a uid", owner);
	return CTL_OK;
}

static enum ctl_exit read_arch(struct layout_list *list, const char *arch)
{
	int i = 0;

	while (i < GPAL_ARCH_COUNT && strcmp(gpal_arch_name((enum gpal_arch)i), arch) != 0)
		i++;
	list->arch = (enum gpal_arch)i;
	return i < GPAL_ARCH_COUNT ? CTL_OK :
				     ctl_error("--arch: '%s' is not x86_64 or aarch64", arch);
}

static enum ctl_exit read_flags(struct layout_list *list)
{
	const char *owner = ctl_flag_value(list->invocation, "--owner");
	const char *arch = ctl_flag_value(list->invocation, "--arch");
	enum ctl_exit code = ctl_flag_number(list->invocation, "--limit", true, &list->wanted);

	list->policy = ctl_flag_value(list->invocation, "--policy");
	if (!code && owner)
		code = read_owner(list, owner);
	if (!code && arch)
		code = read_arch(list, arch);
	return code;
}

/* Returns true if a pattern matches the name, or if there are no patterns. */
static bool has_name(const struct ctl_invocation *invocation, const char *name)
{
	for (size_t i = 0; i < invocation->operand_count; i++)
		if (fnmatch(invocation->operands[i], name, 0) == 0)
			return true;
	return !invocation->operand_count;
}

static bool is_wanted(const struct layout_list *list, const struct gpal_client_entry *entry)
{
	return has_name(list->invocation, entry->name) &&
	       (list->owner == CTL_NONE || list->owner == entry->owner_uid) &&
	       (list->arch == GPAL_ARCH_COUNT || list->arch == entry->arch) &&
	       (!list->policy || strcmp(list->policy, entry->policy_name) == 0);
}

static void add_entry(struct layout_list *list, const struct gpal_client_entry *entry,
		      struct gpald_raw json)
{
	/* The array is enlarged whenever its length is 0 or a power of two. */
	if (!(list->count & (list->count - 1)))
		list->entries =
			reallocarray(list->entries, 2 * list->count + 1, sizeof(*list->entries));
	if (!list->entries)
		ctl_out_of_memory();
	list->entries[list->count++] = *entry;
	ctl_buffer_puts(&list->json, list->json.length ? "," : "");
	ctl_buffer_append(&list->json, json.text, json.length);
	list->wanted--;
}

static enum ctl_exit add_page(struct layout_list *list, const struct ctl_session *session,
			      const struct gpal_client_page *page)
{
	struct gpald_raw rest = gpald_raw_value(session->result, strlen(session->result));
	struct gpald_raw json;

	/* The daemon writes keys without escapes, but JSON allows them. */
	if (!gpald_raw_member(rest, "layouts", &rest))
		return ctl_invalid_reply(session, "it has keys with escapes");
	for (size_t i = 0; i < page->count && gpald_raw_next(&rest, NULL, &json); i++)
		if (list->wanted && is_wanted(list, &page->entries[i]))
			add_entry(list, &page->entries[i], json);
	return CTL_OK;
}

static enum ctl_exit print_list(const struct layout_list *list, const struct ctl_session *session,
				uint64_t revision)
{
	ctl_cleanup_buffer struct gpald_bytes out = { 0 };

	if (ctl_wants_text(session)) {
		ctl_records_append(&out, CTL_FIELDS(entry_fields), list->entries,
				   sizeof(*list->entries), list->count);
		return ctl_print_paged(session->invocation, &out);
	}
	ctl_buffer_printf(&out, "{\"revision\":%" PRIu64 ",\"layouts\":[%s]}", revision,
			  ctl_buffer_text(&list->json));
	return ctl_print_own_result(session, out.data);
}

enum ctl_exit ctl_run_list(struct ctl_session *session)
{
	ctl_cleanup_list struct layout_list list = {
		.invocation = session->invocation,
		.wanted = UINT64_MAX,
		.owner = CTL_NONE,
		.arch = GPAL_ARCH_COUNT,
	};
	struct ctl_pages pages = { .after = ctl_flag_value(session->invocation, "--after") };
	const struct gpal_client_page *page = NULL;
	enum ctl_exit code = read_flags(&list);
	uint64_t revision = CTL_NONE;

	while (!code && !pages.ended && list.wanted) {
		code = ctl_pages_next(session, &pages, &page);
		if (code)
			break;
		/* Pages may lack changes that were made after the first page was read. */
		if (revision == CTL_NONE)
			revision = page->revision;
		code = add_page(&list, session, page);
	}
	return code ? code : print_list(&list, session, revision);
}
