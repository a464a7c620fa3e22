/* SPDX-License-Identifier: MIT */
/*
 * Help texts. What is written here is only what no table knows.
 */
#include "config.h"

#include "gpalayoutctl/help.h"

#include <string.h>

#define COLUMN 30

static const char usage_top[] = "Usage: gpalayoutctl [OPTION]... COMMAND [ARGUMENT]...\n"
				"Asks gpalayoutd where the guest physical ranges of a VM go.\n";

static const char usage_end[] =
	"\n"
	"SIZE and ADDR are bytes, or whole digits with K, M, G, T or P, or 0x and\n"
	"hexadecimal digits.\n"
	"\n"
	"Exit status: 0 done or yes; 1 no (compare, fit); 2 wrong usage, or a value, file or\n"
	"output that cannot be used; 3 no daemon, or it does not serve now; 4 refused; 5 not\n"
	"found; 6 conflict or generation mismatch; 7 exhausted, or too wide for the host.\n";

/* Name and text in two columns; a newline in `text` starts the next line of the second. */
static void append_entry(struct ctl_buffer *out, const char *letter, const char *name,
			 const char *value_name, const char *text)
{
	size_t start = out->length;
	size_t width;

	ctl_buffer_printf(out, "  %s%s%s%s%s", letter ? letter : "", letter ? ", " : "", name,
			  value_name ? " " : "", value_name ? value_name : "");
	width = out->length - start;
	if (width + 2 > COLUMN)
		ctl_buffer_printf(out, "\n%*s", COLUMN, "");
	else
		ctl_buffer_printf(out, "%*s", (int)(COLUMN - width), "");
	while (*text) {
		size_t length = strcspn(text, "\n");

		ctl_buffer_append(out, text, length);
		text += length;
		if (*text) {
			ctl_buffer_printf(out, "\n%*s", COLUMN, "");
			text++;
		}
	}
	ctl_buffer_puts(out, "\n");
}

static void append_flags(struct ctl_buffer *out, const char *title, const struct ctl_flag *flags)
{
	ctl_buffer_printf(out, "\n%s:\n", title);
	for (; flags->name; flags++) {
		if (flags->help)
			append_entry(out, flags->letter, flags->name, flags->value_name,
				     flags->help);
	}
}

void ctl_help_append(struct ctl_buffer *out, const struct ctl_command *commands,
		     const struct ctl_command *command)
{
	if (command) {
		ctl_buffer_printf(out, "Usage: gpalayoutctl %s [OPTION]...%s%s\n%s.\n",
				  command->name, *command->operands ? " " : "", command->operands,
				  command->summary);
		if (command->flags)
			append_flags(out, "Options of the command", command->flags);
		if (command->request_flags)
			append_flags(out, "Options of the request", command->request_flags);
	} else {
		ctl_buffer_puts(out, usage_top);
		ctl_buffer_puts(out, "\nCommands:\n");
		for (; commands->name; commands++)
			append_entry(out, NULL, commands->name, commands->operands,
				     commands->summary);
	}
	append_flags(out, "Options", ctl_global_flags);
	ctl_buffer_puts(out, usage_end);
}
