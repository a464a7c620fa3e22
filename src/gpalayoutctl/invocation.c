/* SPDX-License-Identifier: MIT */
/*
 * Parses the command line. getopt_long is not used because it accepts shortened flags, which would
 * change their meaning when a flag is added, and because each command has flags of its own.
 * request/flags.c knows what the flags of a request mean.
 */
#include "config.h"

#include "gpalayoutctl/invocation.h"

#include "gpalayoutctl/message.h"
#include "gpalayoutctl/terminal_text.h"
#include "wire/size.h"

#include <assert.h>
#include <gpalayout/client.h>
#include <stdlib.h>
#include <string.h>

#define INSPECT_NAME "inspect.sock"
#define LONGEST_TIMEOUT_S 1000000

#define LARGEST_COUNT ((UINT64_C(1) << 53) - 1)

static void *member_of(void *target, const struct ctl_flag *flag)
{
	return (char *)target + flag->offset;
}

static enum ctl_exit apply_text(void *target, const struct ctl_flag *flag, const char *value)
{
	*(const char **)member_of(target, flag) = value;
	return CTL_OK;
}

static enum ctl_exit apply_switch(void *target, const struct ctl_flag *flag, const char *value)
{
	(void)value;
	*(bool *)member_of(target, flag) = true;
	return CTL_OK;
}

/* Reads a number of seconds above 0 with at most three decimals. */
static enum ctl_exit apply_seconds(void *target, const struct ctl_flag *flag, const char *value)
{
	static const char digits[] = "0123456789";
	size_t whole = strspn(value, digits);
	bool has_point = value[whole] == '.';
	size_t decimals = has_point ? strspn(value + whole + 1, digits) : 0;
	double seconds = strtod(value, NULL);

	if (!whole || value[whole + has_point + decimals] || has_point != (decimals > 0) ||
	    decimals > 3 || seconds < 0.001 || seconds > LONGEST_TIMEOUT_S)
		return ctl_error("%s: '%s' is not a number of seconds from 0.001 to 1000000 "
				 "with at most 3 decimals",
				 flag->name, value);
	*(int64_t *)member_of(target, flag) = (int64_t)(seconds * 1000 + 0.5);
	return CTL_OK;
}

#define INTO(member, how) .apply = apply_##how, .offset = offsetof(struct ctl_invocation, member)

/* clang-format off */
const struct ctl_flag ctl_global_flags[] = {
	{ .name = "--socket", .value_name = "PATH", INTO(socket, text),
	  .help = "the control socket; default $GPALAYOUT_SOCKET, else "
		  GPAL_CLIENT_DEFAULT_PATH },
	{ .name = "--inspect-socket", .value_name = "PATH", INTO(inspect_socket, text),
	  .help = "the inspect socket; commands that change nothing, except "
		  "backup, use it if this user may not use the control "
		  "socket; default inspect.sock beside the control socket" },
	{ .name = "--timeout", .value_name = "SECONDS", INTO(timeout_ms, seconds),
	  .help = "how long to wait for a connection, and for each reply; "
		  "default 30" },
	{ .name = "--retry", .value_name = "SECONDS", INTO(connect_for_ms, seconds),
	  .help = "how long to keep trying while there is no daemon; "
		  "doctor tries once" },
	{ .name = "--json", INTO(json, switch),
	  .help = "print the replies as JSON, also refusals; not for doctor" },
	{ .name = "--field", .value_name = "PATH", INTO(field, text),
	  .help = "print one value of the result: members and list indexes "
		  "(from 0) with dots between, as in layout.ram.0.start; "
		  "not for doctor" },
	{ .name = "--quiet", .letter = "-q", INTO(quiet, switch),
	  .help = "print no result, only messages" },
	{ .name = "--no-pager", INTO(no_pager, switch),
	  .help = "use no pager, even for text longer than the terminal" },
	{ .name = "--help", .letter = "-h", INTO(help, switch),
	  .help = "print this help, or that of a command" },
	{ .name = "--version", .letter = "-V", INTO(version, switch), .help = "print the version" },
	{ 0 },
};
/* clang-format on */

static const struct ctl_flag *find_flag(const struct ctl_flag *flags, const char *name,
					size_t length)
{
	for (; flags && flags->name; flags++) {
		if (strlen(flags->name) == length && memcmp(flags->name, name, length) == 0)
			return flags;
		if (flags->letter && length == 2 && memcmp(flags->letter, name, length) == 0)
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
	for (const struct ctl_given *given = invocation->given; given->flag; given++) {
		if (strcmp(given->flag->name, name) == 0)
			return given;
	}
	return NULL;
}

bool ctl_flag_was_given(const struct ctl_invocation *invocation, const char *name)
{
	return find_given(invocation, name) != NULL;
}

const char *ctl_flag_value(const struct ctl_invocation *invocation, const char *name)
{
	const struct ctl_given *given = find_given(invocation, name);

	return given ? given->value : NULL;
}

const char *ctl_operand(const struct ctl_invocation *invocation, size_t number)
{
	return number < invocation->operand_count ? invocation->operands[number] : NULL;
}

bool ctl_count_parse(const char *text, uint64_t *count)
{
	return !text[strspn(text, "0123456789")] &&
	       gpald_size_parse(text, count) == GPALD_SIZE_OK && *count <= LARGEST_COUNT;
}

enum ctl_exit ctl_flag_count_parse(const char *flag, const char *key, const char *text,
				   bool positive, uint64_t *count)
{
	const bool is_large = *text && !text[strspn(text, "0123456789")] && text[strspn(text, "0")];

	if (ctl_count_parse(text, count) && (*count || !positive))
		return CTL_OK;
	static_assert(LARGEST_COUNT == 9007199254740991, "the message below states it");
	return ctl_error("%s%s%s: '%s' %s", flag, key ? ": " : "", key ? key : "", text,
			 is_large ? "is above 9007199254740991, the largest number" :
			 positive ? "is not a whole number above 0" :
				    "is not a whole number");
}

enum ctl_exit ctl_flag_number(const struct ctl_invocation *invocation, const char *name,
			      bool positive, uint64_t *number)
{
	const char *text = ctl_flag_value(invocation, name);

	return text ? ctl_flag_count_parse(name, NULL, text, positive, number) : CTL_OK;
}

bool ctl_is_flag_of(const struct ctl_flag *flags, const struct ctl_flag *flag)
{
	while (flags && flags->name && flags != flag)
		flags++;
	return flags && flags->name;
}

/* Suggestions for misspelt words. */

#define LONGEST_NEAR 32

/* The nearest of the words offered so far; starts as NEAREST(word). */
struct nearest {
	const char *word;
	const char *found; /* NULL: none is near enough */
	size_t distance;   /* another word must be nearer than this */
};

#define NEAREST(misspelt) ((struct nearest){ .word = (misspelt), .distance = 3 })

static size_t least_of(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Returns how many letters must be changed, removed or inserted (Levenshtein's distance). */
static size_t edit_distance(const char *a, const char *b)
{
	size_t row[LONGEST_NEAR + 1];
	const size_t width = strlen(b);

	for (size_t j = 0; j <= width; j++)
		row[j] = j;
	/* The value after an equals sign is not part of the name. */
	for (size_t i = 1; a[i - 1] && a[i - 1] != '='; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= width; j++) {
			const size_t changed = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = least_of(changed, 1 + least_of(row[j], row[j - 1]));
		}
	}
	return row[width];
}

static const char *after_dashes(const char *word)
{
	return word + strspn(word, "-");
}

/*
 * Returns true if `word` is the end of an option, such as --ecam of --pcie-ecam. Such a word is as
 * near as one with one letter changed.
 */
static bool is_end_of(const char *word, const char *candidate)
{
	const char *end = after_dashes(word);
	const size_t length = strcspn(end, "="), whole = strlen(candidate);

	return end > word && length >= 4 && whole > length + 2 &&
	       candidate[whole - length - 1] == '-' &&
	       strncmp(candidate + whole - length, end, length) == 0;
}

static void offer_near_word(struct nearest *nearest, const char *candidate)
{
	size_t found;

	if (strlen(candidate) > LONGEST_NEAR || strcspn(nearest->word, "=") > LONGEST_NEAR)
		return;
	found = is_end_of(nearest->word, candidate) ? 1 : edit_distance(nearest->word, candidate);
	/* If half of a short word differs, it is another word. */
	if (found >= nearest->distance || 2 * found >= strlen(after_dashes(candidate)))
		return;
	nearest->distance = found;
	nearest->found = candidate;
}

static void offer_nearest_flags(struct nearest *nearest, const struct ctl_flag *flags)
{
	for (; flags && flags->name; flags++)
		offer_near_word(nearest, flags->name);
}

static enum ctl_exit unknown_option(const struct ctl_invocation *invocation, const char *word)
{
	struct nearest nearest = NEAREST(word);

	offer_nearest_flags(&nearest, ctl_global_flags);
	if (invocation->command) {
		offer_nearest_flags(&nearest, invocation->command->flags);
		offer_nearest_flags(&nearest, invocation->command->request_flags);
	}
	ctl_error("unknown option %s", word);
	if (nearest.found)
		ctl_hint("did you mean %s?", nearest.found);
	else if (invocation->command)
		ctl_hint("gpalayoutctl %s --help lists the options", invocation->command->name);
	else
		ctl_hint("options of a command come after it; see gpalayoutctl --help");
	return CTL_USAGE;
}

/* Values must be UTF-8 because they become JSON, unless they are paths. */
static enum ctl_exit check_utf8(const struct ctl_flag *flag, const char *value)
{
	const size_t length = value ? ctl_utf8_length(value) : 0;

	if (!value || !value[length] || strcmp(flag->value_name, "PATH") == 0 ||
	    strncmp(flag->value_name, "FILE", strlen("FILE")) == 0)
		return CTL_OK;
	return ctl_error("%s %s: the value must be UTF-8, and the byte \\x%02x is not", flag->name,
			 value, (unsigned int)(unsigned char)value[length]);
}

/* Reads the option at argv[*index]; its value may be the next word. */
static enum ctl_exit take_option(struct ctl_invocation *invocation, char **argv, int *index)
{
	const char *word = argv[*index];
	const char *equals = strchr(word, '=');
	size_t length = equals ? (size_t)(equals - word) : strlen(word);
	const char *value = equals ? equals + 1 : NULL;
	const struct ctl_flag *flag = find_flag(ctl_global_flags, word, length);
	bool is_global = flag != NULL;

	if (!flag && invocation->command)
		flag = find_flag(invocation->command->flags, word, length);
	if (!flag && invocation->command)
		flag = find_flag(invocation->command->request_flags, word, length);
	if (!flag)
		return unknown_option(invocation, word);
	if (!flag->value_name && value)
		return ctl_error("%s takes no value", flag->name);
	if (flag->value_name && !value) {
		value = argv[*index + 1];
		if (!value)
			invocation->flag_without_value = flag;
		if (!value || strncmp(value, "--", 2) == 0)
			return ctl_error("%s needs a value: %s", flag->name, flag->value_name);
		++*index;
	}
	if (check_utf8(flag, value))
		return CTL_USAGE;
	if (is_global)
		return flag->apply(invocation, flag, value);
	if (!flag->repeatable && ctl_flag_was_given(invocation, flag->name))
		return ctl_error("%s is given twice", flag->name);
	invocation->given[invocation->given_count++] = (struct ctl_given){ flag, value };
	return CTL_OK;
}

static enum ctl_exit take_operand(struct ctl_invocation *invocation,
				  const struct ctl_command *commands, const char *word)
{
	struct nearest nearest = NEAREST(word);

	if (invocation->command) {
		invocation->operands[invocation->operand_count++] = word;
		return CTL_OK;
	}
	/* "help" and "help COMMAND" are other forms of --help. */
	if (!invocation->help && strcmp(word, "help") == 0) {
		invocation->help = true;
		return CTL_OK;
	}
	invocation->command = find_command(commands, word);
	if (invocation->command)
		return CTL_OK;
	ctl_error("unknown command %s", word);
	for (; commands->name; commands++)
		offer_near_word(&nearest, commands->name);
	if (nearest.found)
		ctl_hint("did you mean %s?", nearest.found);
	else
		ctl_hint("gpalayoutctl --help lists the commands");
	return CTL_USAGE;
}

/*
 * A command that changes nothing may use the inspect socket. Unless its path was given, it is in
 * the folder of the control socket, as it is for the daemon.
 */
static void derive_inspect_socket(struct ctl_invocation *invocation)
{
	const char *slash = strrchr(invocation->socket, '/');
	const size_t folder = slash ? (size_t)(slash - invocation->socket) + 1 : 0;

	if (!invocation->command || invocation->command->only_on_control) {
		invocation->inspect_socket = NULL;
	} else if (!invocation->inspect_socket &&
		   folder + sizeof(INSPECT_NAME) <= sizeof(invocation->default_inspect_socket)) {
		memcpy(invocation->default_inspect_socket, invocation->socket, folder);
		memcpy(invocation->default_inspect_socket + folder, INSPECT_NAME,
		       sizeof(INSPECT_NAME));
		invocation->inspect_socket = invocation->default_inspect_socket;
	}
}

/* --json, --field and --quiet each choose another form of the same output. */
static enum ctl_exit check_output(const struct ctl_invocation *invocation)
{
	if (invocation->json && invocation->field)
		return ctl_error("--json and --field exclude each other");
	if (invocation->quiet && (invocation->json || invocation->field))
		return ctl_error("--quiet leaves nothing for %s to print",
				 invocation->json ? "--json" : "--field");
	return CTL_OK;
}

static enum ctl_exit check_operands(const struct ctl_invocation *invocation)
{
	const struct ctl_command *command = invocation->command;

	if (invocation->help || invocation->version)
		return CTL_OK;
	if (!command) {
		ctl_error("no command was given");
		ctl_hint("gpalayoutctl --help lists the commands");
		return CTL_USAGE;
	}
	if (invocation->operand_count < command->min_operands)
		return ctl_error("%s needs %s", command->name, command->operands);
	if (invocation->operand_count > command->max_operands)
		return ctl_error("%s: unexpected argument %s", command->name,
				 invocation->operands[command->max_operands]);
	return check_output(invocation);
}

enum ctl_exit ctl_invocation_parse(struct ctl_invocation *invocation,
				   const struct ctl_command *commands, int argc, char **argv)
{
	const char *environment = getenv("GPALAYOUT_SOCKET");
	enum ctl_exit code = CTL_OK;

	*invocation = (struct ctl_invocation){
		.socket = environment && *environment ? environment : GPAL_CLIENT_DEFAULT_PATH,
		.timeout_ms = GPAL_CLIENT_DEFAULT_TIMEOUT_MS,
		.operands = calloc((size_t)argc + 1, sizeof(*invocation->operands)),
		.given = calloc((size_t)argc + 1, sizeof(*invocation->given)),
	};
	if (!invocation->operands || !invocation->given)
		ctl_out_of_memory();

	for (int i = 1; i < argc && !code; i++) {
		if (!invocation->only_operands && strcmp(argv[i], "--") == 0)
			invocation->only_operands = true;
		else if (!invocation->only_operands && argv[i][0] == '-' && argv[i][1])
			code = take_option(invocation, argv, &i);
		else
			code = take_operand(invocation, commands, argv[i]);
	}
	derive_inspect_socket(invocation);
	return code ? code : check_operands(invocation);
}

void ctl_invocation_free(struct ctl_invocation *invocation)
{
	free(invocation->operands);
	free(invocation->given);
}
