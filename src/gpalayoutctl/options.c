/* SPDX-License-Identifier: MIT */
/*
 * Reading the command line. getopt_long is not used because it takes shortened
 * flags, which would change their meaning when a flag is added, and because each
 * command has flags of its own. What the flags of a request mean is left to
 * request_flags.c.
 */
#include "config.h"

#include "options.h"

#include "message.h"
#include "nearest.h"

#include <gpalayout/client.h>
#include <stdlib.h>
#include <string.h>

#define INSPECT_NAME "inspect.sock"
#define DEFAULT_TIMEOUT_MS 30000
#define LONGEST_TIMEOUT_S 1000000

static enum ctl_exit apply_socket(void *target, const struct ctl_flag *flag, const char *value)
{
	struct ctl_invocation *invocation = target;

	(void)flag;
	invocation->endpoint.path = value;
	return CTL_OK;
}

/* Seconds with up to three decimals, above 0. */
static enum ctl_exit parse_seconds(const struct ctl_flag *flag, const char *value, int64_t *ms)
{
	static const char digits[] = "0123456789";
	size_t whole = strspn(value, digits);
	bool has_point = value[whole] == '.';
	size_t decimals = has_point ? strspn(value + whole + 1, digits) : 0;
	double seconds = strtod(value, NULL);

	if (!whole || value[whole + has_point + decimals] || has_point != (decimals > 0) ||
	    decimals > 3 || seconds < 0.001 || seconds > LONGEST_TIMEOUT_S)
		return ctl_usage_error("%s: '%s' is not a number of seconds above 0, such as 30 or "
				       "0.5",
				       flag->name, value);
	*ms = (int64_t)(seconds * 1000 + 0.5);
	return CTL_OK;
}

static enum ctl_exit apply_timeout(void *target, const struct ctl_flag *flag, const char *value)
{
	struct ctl_invocation *invocation = target;

	return parse_seconds(flag, value, &invocation->endpoint.timeout_ms);
}

static enum ctl_exit apply_retry(void *target, const struct ctl_flag *flag, const char *value)
{
	struct ctl_invocation *invocation = target;

	return parse_seconds(flag, value, &invocation->endpoint.retry_ms);
}

static enum ctl_exit apply_inspect_socket(void *target, const struct ctl_flag *flag,
					  const char *value)
{
	struct ctl_invocation *invocation = target;

	(void)flag;
	invocation->inspect_path = value;
	return CTL_OK;
}

static enum ctl_exit apply_switch(void *target, const struct ctl_flag *flag, const char *value)
{
	(void)value;
	*(bool *)((char *)target + flag->offset) = true;
	return CTL_OK;
}

#define SWITCH(member) .apply = apply_switch, .offset = offsetof(struct ctl_invocation, member)

/* clang-format off */
const struct ctl_flag ctl_global_flags[] = {
	{ .name = "--socket", .value_name = "PATH", .apply = apply_socket,
	  .help = "the daemon's socket; default $GPALAYOUT_SOCKET, else\n" GPAL_CLIENT_DEFAULT_PATH },
	{ .name = "--inspect-socket", .value_name = "PATH", .apply = apply_inspect_socket,
	  .help = "the socket for commands that change nothing, where this user\n"
		  "may not use the other; default inspect.sock beside it" },
	{ .name = "--timeout", .value_name = "SECONDS", .apply = apply_timeout,
	  .help = "how long to wait for the answer; default 30" },
	{ .name = "--retry", .value_name = "SECONDS", .apply = apply_retry,
	  .help = "while there is no daemon, try again for so long" },
	{ .name = "--json", SWITCH(json),
	  .help = "print the daemon's lines as they come, also errors" },
	{ .name = "--help", SWITCH(help), .help = "print this help, or that of a command" },
	{ .name = "-h", SWITCH(help) },
	{ .name = "--version", SWITCH(version), .help = "print the version" },
	{ .name = "-V", SWITCH(version) },
	{ 0 },
};
/* clang-format on */

static const struct ctl_flag *find_flag(const struct ctl_flag *flags, const char *name, size_t len)
{
	for (; flags && flags->name; flags++) {
		if (strlen(flags->name) == len && memcmp(flags->name, name, len) == 0)
			return flags;
	}
	return NULL;
}

static const struct ctl_command *find_command(const struct ctl_command *commands, const char *name)
{
	for (; commands->name; commands++) {
		if (strcmp(commands->name, name) == 0)
			return commands;
	}
	return NULL;
}

static const struct ctl_given *find_given(const struct ctl_invocation *invocation, const char *name)
{
	for (size_t i = 0; i < invocation->given_count; i++) {
		if (strcmp(invocation->given[i].flag->name, name) == 0)
			return &invocation->given[i];
	}
	return NULL;
}

bool ctl_was_given(const struct ctl_invocation *invocation, const char *name)
{
	return find_given(invocation, name) != NULL;
}

const char *ctl_flag_value(const struct ctl_invocation *invocation, const char *name)
{
	const struct ctl_given *given = find_given(invocation, name);

	return given ? given->value : NULL;
}

static void offer_flags(struct ctl_nearest *nearest, const struct ctl_flag *flags)
{
	for (; flags && flags->name; flags++)
		if (flags->help)
			ctl_nearest_offer(nearest, flags->name);
}

static enum ctl_exit unknown_option(const struct ctl_invocation *invocation, const char *word)
{
	struct ctl_nearest nearest = CTL_NEAREST(word);

	offer_flags(&nearest, ctl_global_flags);
	if (invocation->command) {
		offer_flags(&nearest, invocation->command->flags);
		offer_flags(&nearest, invocation->command->request_flags);
	}
	ctl_complain("unknown option %s", word);
	if (nearest.found)
		ctl_hint("did you mean %s?", nearest.found);
	else if (invocation->command)
		ctl_hint("gpalayoutctl %s --help lists the options", invocation->command->name);
	else
		ctl_hint("a command's options stand behind it; see gpalayoutctl --help");
	return CTL_USAGE;
}

/* Takes the option at argv[*index]; its value may be the next word. */
static enum ctl_exit take_option(struct ctl_invocation *invocation, char **argv, int *index)
{
	const char *word = argv[*index];
	const char *equals = strchr(word, '=');
	size_t len = equals ? (size_t)(equals - word) : strlen(word);
	const char *value = equals ? equals + 1 : NULL;
	const struct ctl_flag *flag = find_flag(ctl_global_flags, word, len);
	bool is_global = flag != NULL;

	if (!flag && invocation->command)
		flag = find_flag(invocation->command->flags, word, len);
	if (!flag && invocation->command)
		flag = find_flag(invocation->command->request_flags, word, len);
	if (!flag)
		return unknown_option(invocation, word);
	if (!flag->value_name && value)
		return ctl_usage_error("%s takes no value", flag->name);
	if (flag->value_name && !value) {
		value = argv[*index + 1];
		if (!value || strncmp(value, "--", 2) == 0)
			return ctl_usage_error("%s needs a value: %s", flag->name,
					       flag->value_name);
		++*index;
	}
	if (is_global)
		return flag->apply(invocation, flag, value);
	if (!flag->repeatable && ctl_was_given(invocation, flag->name))
		return ctl_usage_error("%s is given twice", flag->name);
	invocation->given[invocation->given_count++] = (struct ctl_given){ flag, value };
	return CTL_OK;
}

static enum ctl_exit take_operand(struct ctl_invocation *invocation,
				  const struct ctl_command *commands, const char *word)
{
	struct ctl_nearest nearest = CTL_NEAREST(word);

	if (invocation->command) {
		invocation->operands[invocation->operand_count++] = word;
		return CTL_OK;
	}
	/* Help for a command, or for all. */
	if (!invocation->help && strcmp(word, "help") == 0) {
		invocation->help = true;
		return CTL_OK;
	}
	invocation->command = find_command(commands, word);
	if (invocation->command)
		return CTL_OK;
	ctl_complain("unknown command %s", word);
	for (; commands->name; commands++)
		ctl_nearest_offer(&nearest, commands->name);
	if (nearest.found)
		ctl_hint("did you mean %s?", nearest.found);
	else
		ctl_hint("gpalayoutctl --help lists the commands");
	return CTL_USAGE;
}

/*
 * A command that changes nothing may go to the inspect socket. What it is called unless it
 * is named: beside the control socket, as the daemon has it.
 */
static void set_inspect_path(struct ctl_invocation *invocation)
{
	const char *path = invocation->endpoint.path;
	const char *slash = strrchr(path, '/');
	const size_t folder = slash ? (size_t)(slash - path) + 1 : 0;

	if (!invocation->command || invocation->command->is_change)
		return;
	if (!invocation->inspect_path &&
	    folder + sizeof(INSPECT_NAME) <= sizeof(invocation->beside)) {
		memcpy(invocation->beside, path, folder);
		memcpy(invocation->beside + folder, INSPECT_NAME, sizeof(INSPECT_NAME));
		invocation->inspect_path = invocation->beside;
	}
	invocation->endpoint.inspect_path = invocation->inspect_path;
}

static enum ctl_exit check_operands(const struct ctl_invocation *invocation)
{
	const struct ctl_command *command = invocation->command;

	if (invocation->help || invocation->version)
		return CTL_OK;
	if (!command) {
		ctl_complain("which command?");
		ctl_hint("gpalayoutctl --help lists the commands");
		return CTL_USAGE;
	}
	if (invocation->operand_count < command->min_operands)
		return ctl_usage_error("%s needs %s", command->name, command->operands);
	if (invocation->operand_count > command->max_operands)
		return ctl_usage_error("%s: unexpected argument %s", command->name,
				       invocation->operands[command->max_operands]);
	return CTL_OK;
}

enum ctl_exit ctl_options_parse(struct ctl_invocation *invocation,
				const struct ctl_command *commands, int argc, char **argv)
{
	const char *environment = getenv("GPALAYOUT_SOCKET");
	bool only_operands = false;
	enum ctl_exit code = CTL_OK;

	*invocation = (struct ctl_invocation){
		.endpoint = {
			.path = environment && *environment ? environment : GPAL_CLIENT_DEFAULT_PATH,
			.timeout_ms = DEFAULT_TIMEOUT_MS,
		},
		.operands = calloc((size_t)argc + 1, sizeof(*invocation->operands)),
		.given = calloc((size_t)argc + 1, sizeof(*invocation->given)),
	};
	if (!invocation->operands || !invocation->given)
		ctl_out_of_memory();

	for (int i = 1; i < argc && !code; i++) {
		if (!only_operands && strcmp(argv[i], "--") == 0)
			only_operands = true;
		else if (!only_operands && argv[i][0] == '-' && argv[i][1])
			code = take_option(invocation, argv, &i);
		else
			code = take_operand(invocation, commands, argv[i]);
	}
	set_inspect_path(invocation);
	return code ? code : check_operands(invocation);
}

void ctl_options_free(struct ctl_invocation *invocation)
{
	free(invocation->operands);
	free(invocation->given);
}
