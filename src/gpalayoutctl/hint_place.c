/* SPDX-License-Identifier: MIT */
/*
 * The pointer of a refusal leads into the params, but the user typed flags and operands or wrote a
 * file. This file translates the one into the other.
 */
#include "config.h"

#include "gpalayoutctl/hint_place.h"

#include "gpalayoutctl/request/changes.h"
#include "gpalayoutctl/request/flags.h"
#include "gpalayoutctl/terminal_text.h"

#include <stdlib.h>
#include <string.h>

#define ELEMENT_CELLS 40

static void append_in_file(struct gpald_bytes *out, const char *pointer, const char *file)
{
	ctl_buffer_printf(out, "%s%s%s", pointer, *pointer ? " of " : "",
			  strcmp(file, "-") == 0 ? "standard input" : file);
}

/*
 * Returns the flag that sets `member` of the params, such as "since". For an element of a list,
 * such as "refuse/0", returns the flag that adds elements. NULL if there is none.
 */
static const struct ctl_flag *param_flag(const struct ctl_command *command, const char *member)
{
	const size_t length = strcspn(member, "/");

	for (const struct ctl_flag *flag = command->flags; flag && flag->name; flag++) {
		const char *name = flag->member ? flag->member : flag->name + strlen("--");

		if ((!member[length] || flag->repeatable) && strlen(name) == length &&
		    strncmp(name, member, length) == 0)
			return flag;
	}
	return NULL;
}

/* Appends the value of element `number` of a list: each use of the flag gives one element. */
static void append_element(struct gpald_bytes *out, const struct ctl_invocation *invocation,
			   const struct ctl_flag *flag, unsigned long number)
{
	ctl_cleanup_buffer struct gpald_bytes value = { 0 };

	for (const struct ctl_given *given = invocation->given; given->flag; given++)
		if (given->flag == flag && number-- == 0)
			ctl_buffer_puts(&value, given->value);
	ctl_shorten(&value, ELEMENT_CELLS, true);
	ctl_buffer_printf(out, "%s%s", value.length ? " " : "", ctl_buffer_text(&value));
}

/* Appends the operand or the flag that sets the member. Returns false if there is none. */
static bool append_param(struct gpald_bytes *out, const struct ctl_invocation *invocation,
			 const char *member)
{
	const struct ctl_command *command = invocation->command;
	const struct ctl_flag *flag = param_flag(command, member);
	const char *operands[] = { "name", "NAME", "tag", "TAG", "address", "ADDR" };
	const char *element = strchr(member, '/');

	if (flag) {
		ctl_buffer_puts(out, flag->name);
		if (element)
			append_element(out, invocation, flag, strtoul(element + 1, NULL, 10));
		return true;
	}
	for (size_t i = 0; i < sizeof(operands) / sizeof(operands[0]); i += 2) {
		if (strcmp(operands[i], member) == 0 &&
		    strstr(command->operands, operands[i + 1])) {
			ctl_buffer_puts(out, operands[i + 1]);
			return true;
		}
	}
	return false;
}

/*
 * Appends the side of a comparison that the pointer leads to: NAME, or a place in @FILE, or a flag
 * with a policy. Returns false if it leads to no side.
 */
static bool append_side(struct gpald_bytes *out, const struct ctl_invocation *invocation,
			const char *pointer)
{
	const bool is_to = strncmp(pointer, "/to", strlen("/to")) == 0;
	const char *operand = ctl_operand(invocation, is_to && invocation->operand_count > 1);
	const char *inside = strchr(pointer + 1, '/');
	const char *rest = inside ? strchr(inside + 1, '/') : NULL;
	const char *flag = is_to ? "--to-policy" : "--from-policy";

	if (!is_to && strncmp(pointer, "/from", strlen("/from")) != 0)
		return false;
	if (!operand || strcmp(invocation->command->name, "compare") != 0)
		return false;
	if (rest && strcmp(rest, "/policy") == 0 && ctl_flag_was_given(invocation, flag))
		ctl_buffer_printf(out, "%s %s", flag, ctl_flag_value(invocation, flag));
	else if (*operand == '@')
		append_in_file(out, rest ? rest : "", operand + 1);
	else
		ctl_buffer_puts(out, operand);
	return true;
}

void ctl_pointer_target_append(struct gpald_bytes *out, const struct ctl_hint_context *context,
			       const char *pointer)
{
	static const char request[] = "/request";
	const size_t length = strlen(request);
	const struct ctl_session *session = context->session;
	const char *inside = strncmp(pointer, request, length) == 0 ? pointer + length : "";
	const struct ctl_given *added =
		ctl_has_changes(session->invocation) ?
			ctl_flag_that_added(session->invocation, context->request, inside) :
			NULL;

	if (!*pointer)
		ctl_buffer_puts(out, "the top of params");
	else if (strcmp(pointer, request) == 0)
		ctl_buffer_puts(out, "the request");
	else if (added)
		ctl_buffer_printf(out, "%s %s", added->flag->name, added->value);
	else if (*inside == '/' && session->request_source && context->about)
		ctl_buffer_puts(out, inside);
	else if (*inside == '/' && session->request_source)
		append_in_file(out, inside, session->request_source);
	else if (!(*inside == '/' && session->request.length &&
		   ctl_request_flag_at(session->invocation, inside, out)) &&
		 !append_param(out, session->invocation, pointer + 1) &&
		 !append_side(out, session->invocation, pointer))
		ctl_buffer_puts(out, pointer);
}

bool ctl_is_from_user(const struct ctl_invocation *invocation, const char *pointer)
{
	const struct ctl_flag *flag = *pointer ? param_flag(invocation->command, pointer + 1) :
						 NULL;

	return !flag || ctl_flag_was_given(invocation, flag->name) ||
	       strcmp(pointer, "/request") == 0;
}
