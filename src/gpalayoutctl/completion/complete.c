/* SPDX-License-Identifier: MIT */
/*
 * Prints words for the completion of a command line in a shell. Commands and options come from the
 * tables of the command line. The name of an operand or a value in these tables, such as NAME or
 * TAG, decides which words are offered for it, but some options have words of their own.
 */
#include "config.h"

#include "gpalayoutctl/commands/commands.h"

#include "gpalayoutctl/json_text.h"
#include "gpalayoutctl/message.h"
#include "gpalayoutctl/request/changes.h"
#include "gpalayoutctl/request/flags.h"
#include "gpalayoutctl/session.h"
#include "gpalayoutctl/terminal_text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Users neither wait longer for words nor read more of them. */
#define TIMEOUT_MS 1000
#define PROPOSALS_MAX 1000

#define ABOUT_MAX 110 /* a longer description is cut at its first semicolon */

struct completion {
	const struct ctl_command *commands;
	const char *prefix;
	struct ctl_invocation invocation; /* the words before `prefix` */
	struct ctl_session session;
	struct gpald_bytes out;
};

static bool begins_with(const char *word, const char *prefix)
{
	return strncmp(word, prefix, strlen(prefix)) == 0;
}

/*
 * Offers a word if it begins with the prefix, with the description `about` unless that is NULL. A
 * word with characters that must be escaped is skipped, because the escaped form is another word.
 */
static void offer_word(struct completion *c, const char *word, const char *about)
{
	ctl_cleanup_buffer struct gpald_bytes safe = { 0 };

	ctl_puts_safe(&safe, word);
	if (!begins_with(word, c->prefix) || strcmp(ctl_buffer_text(&safe), word) != 0)
		return;
	ctl_buffer_puts(&c->out, word);
	if (about)
		ctl_buffer_printf(&c->out, "\t%.*s",
				  (int)strcspn(about, strlen(about) > ABOUT_MAX ? ";" : ""), about);
	ctl_buffer_puts(&c->out, "\n");
}

static void offer_commands(struct completion *c)
{
	for (const struct ctl_command *command = c->commands; command->name; command++)
		offer_word(c, command->name, command->summary);
}

static void offer_flag_words(struct completion *c, const struct ctl_flag *flags)
{
	for (; flags && flags->name; flags++)
		offer_word(c, flags->name, flags->help);
}

static void offer_policies(struct completion *c)
{
	size_t count;
	const struct gpal_policy *policies = gpal_policies(&count);

	for (size_t i = 0; i < count; i++)
		offer_word(c, policies[i].name, policies[i].summary);
}

static void offer_holes(struct completion *c)
{
	for (int i = 0; i < GPAL_HOLE_COUNT; i++)
		offer_word(c, gpal_hole_name((enum gpal_hole)i), NULL);
}

static void offer_warnings(struct completion *c)
{
	for (int i = 0; i < GPAL_WARN_COUNT; i++)
		offer_word(c, gpal_warning_token((enum gpal_warning_reason)i), NULL);
	offer_word(c, "all", "any warning");
}

static void offer_profiles(struct completion *c)
{
	for (int i = 0; i < GPAL_PROFILE_COUNT; i++)
		offer_word(c, gpal_profile_name((enum gpal_profile)i), NULL);
}

/* Offers the words of a value name such as "below-4gib|above-4gib". */
static void offer_choices(struct completion *c, const char *choices)
{
	char word[64];

	for (size_t length; *choices; choices += length + (choices[length] == '|')) {
		length = strcspn(choices, "|");
		if (length >= sizeof(word))
			return;
		memcpy(word, choices, length);
		word[length] = '\0';
		offer_word(c, word, NULL);
	}
}

/* Words of the daemon. */

static bool ask_for_words(struct completion *c, const char *method, const char *member,
			  const char *value)
{
	ctl_cleanup_buffer struct gpald_bytes params = { 0 };

	if (member)
		ctl_add_text_member(&params, member, value);
	return ctl_call_method(&c->session, method, params.data) == CTL_OK && c->session.result;
}

/* Offers the text of a member of each element of a list. */
static void offer_members(struct completion *c, const cJSON *list, const char *member)
{
	const cJSON *element;

	cJSON_ArrayForEach(element, list)
	{
		const char *word = ctl_text_of(element, member);

		if (word)
			offer_word(c, word, NULL);
	}
}

/* Returns a member of the last result, or NULL if there is none or the result is invalid. */
static const cJSON *result_member(struct completion *c, const char *name)
{
	return ctl_member_of(ctl_parse_result(&c->session), name);
}

/* Offers names of layouts. Names that begin with the prefix follow it in the list. */
static void offer_names(struct completion *c)
{
	const struct gpal_client_page *page;
	const char *after = c->prefix;
	size_t seen = 0;

	do {
		if (!ask_for_words(c, "layout.list", *after ? "after" : NULL, after))
			return;
		page = ctl_decode_result(&c->session, &gpald_page_result);
		if (!page)
			return;
		for (size_t i = 0; i < page->count; i++)
			offer_word(c, page->entries[i].name, NULL);
		seen += page->count;
		after = page->next;
	} while (page->count && after && begins_with(after, c->prefix) && seen < PROPOSALS_MAX);
	/* The list begins after the prefix, so a layout of exactly this name is not in it. */
	if (*c->prefix && ask_for_words(c, "layout.get", "name", c->prefix))
		offer_word(c, c->prefix, NULL);
}

/* Offers tags of a layout; for advise, only those of ranges that have advice. */
static void offer_tags(struct completion *c)
{
	const char *name = ctl_operand(&c->invocation, 0);
	const bool is_advise = strcmp(c->invocation.command->name, "advise") == 0;

	if (!name || !ask_for_words(c, is_advise ? "layout.advise" : "layout.get", "name", name))
		return;
	if (is_advise)
		offer_members(c, result_member(c, "advice"), "tag");
	else
		offer_members(c, ctl_member_of(result_member(c, "layout"), "map"), "tag");
}

static void offer_removable(void *c, const char *tag)
{
	offer_word(c, tag, NULL);
}

static void offer_removals(struct completion *c)
{
	const char *name = ctl_operand(&c->invocation, 0);

	if (name && ask_for_words(c, "layout.get", "name", name))
		ctl_removable_tags(result_member(c, "request"), offer_removable, c);
}

static void offer_methods(struct completion *c)
{
	if (ask_for_words(c, "daemon.schema", NULL, NULL))
		offer_members(c, result_member(c, "methods"), "name");
}

/* Values and operands. */

static void offer_value(struct completion *c, const struct ctl_flag *flag)
{
	const char *value_name = flag->value_name;

	if (strcmp(flag->name, "--profile") == 0)
		offer_profiles(c);
	else if (strcmp(flag->name, "--host-hole") == 0)
		offer_holes(c);
	else if (strcmp(flag->name, "--refuse") == 0)
		offer_warnings(c);
	else if (strcmp(flag->name, CTL_REMOVE) == 0)
		offer_removals(c);
	else if (strcmp(value_name, "NAME") == 0 && strstr(flag->name, "policy"))
		offer_policies(c);
	else if (strcmp(value_name, "NAME") == 0)
		offer_names(c);
	else if (strchr(value_name, '|') && *value_name >= 'a' && *value_name <= 'z')
		offer_choices(c, value_name);
}

static const struct {
	const char *operand;
	void (*offer)(struct completion *c);
} operands[] = {
	{ "NAME", offer_names }, { "PATTERN", offer_names }, { "FROM", offer_names },
	{ "TO", offer_names },   { "TAG", offer_tags },      { "METHOD", offer_methods },
};

/*
 * Offers the next operand. If a command takes any number of operands, the last one in its usage
 * line stands for all that follow.
 */
static void offer_operand(struct completion *c)
{
	const struct ctl_command *command = c->invocation.command;
	ctl_cleanup_buffer struct gpald_bytes names = { 0 };
	size_t number = c->invocation.operand_count;
	char *rest, *name, *next;

	if (number >= command->max_operands)
		return;
	ctl_buffer_puts(&names, command->operands);
	rest = names.data;
	name = strsep(&rest, " ");
	while (number-- && (next = strsep(&rest, " ")))
		name = next;
	/* If a request was given, it takes the place of an optional NAME. */
	if (*name == '[' && (ctl_flag_was_given(&c->invocation, "--request") ||
			     ctl_request_flag_count(&c->invocation)))
		return;
	name += strspn(name, "[");
	name[strcspn(name, "]|.")] = '\0';
	for (size_t i = 0; i < sizeof(operands) / sizeof(operands[0]); i++)
		if (strcmp(operands[i].operand, name) == 0)
			operands[i].offer(c);
}

static void offer_all(struct completion *c)
{
	const struct ctl_command *command = c->invocation.command;

	if (c->invocation.flag_without_value) {
		offer_value(c, c->invocation.flag_without_value);
	} else if (*c->prefix == '-' && !c->invocation.only_operands) {
		offer_flag_words(c, ctl_global_flags);
		offer_flag_words(c, command ? command->flags : NULL);
		offer_flag_words(c, command ? command->request_flags : NULL);
	} else if (command) {
		offer_operand(c);
	} else {
		offer_commands(c);
		if (!c->invocation.help)
			offer_word(c, "help", "print help, or that of a command");
	}
}

/* Discards messages: errors in the words are reported when the command is run. */
static void silence_messages(void)
{
	const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (nowhere >= 0)
		dup2(nowhere, STDERR_FILENO);
}

enum ctl_exit ctl_complete(const struct ctl_command *commands, int count, char **words)
{
	struct completion c = { .commands = commands, .prefix = count ? words[count - 1] : "" };
	char **argv = calloc((size_t)count + 2, sizeof(*argv));
	enum ctl_exit code;

	if (!argv)
		ctl_out_of_memory();
	silence_messages();
	if (count)
		memcpy(argv + 1, words, (size_t)(count - 1) * sizeof(*argv));
	ctl_invocation_parse(&c.invocation, commands, count ? count : 1, argv);
	c.invocation.json = false; /* nothing but words may be printed */
	c.invocation.timeout_ms = TIMEOUT_MS;
	c.invocation.connect_for_ms = 0;
	c.session.invocation = &c.invocation;
	offer_all(&c);
	code = ctl_write_output(&c.out);
	ctl_buffer_free(&c.out);
	ctl_session_free(&c.session);
	ctl_invocation_free(&c.invocation);
	free(argv);
	return code;
}
