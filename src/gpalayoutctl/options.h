/* SPDX-License-Identifier: MIT */
/*
 * The command line: commands, their flags, and what was given.
 */
#ifndef GPALAYOUTCTL_OPTIONS_H
#define GPALAYOUTCTL_OPTIONS_H

#include "client.h"
#include "exit_code.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * One flag, a row of a table that ends with a row without a name. `apply` takes
 * a value (NULL for a flag without one) into `target`; it returns CTL_OK, or
 * CTL_USAGE after saying why. Flags of a request also say which member they
 * are: `member` of the object `group` of the request, or of the request itself.
 */
struct ctl_flag {
	const char *name;       /* with its dashes */
	const char *value_name; /* NULL: takes no value */
	const char *help;       /* NULL: not in the help */
	enum ctl_exit (*apply)(void *target, const struct ctl_flag *flag, const char *value);
	const char *group;
	const char *member;
	const char *constant; /* what a flag without a value stands for */
	size_t offset;        /* of the bool in the target that it sets */
	bool repeatable;
};

struct ctl_given {
	const struct ctl_flag *flag;
	const char *value;
};

struct ctl_invocation;

struct ctl_command {
	const char *name;
	const char *operands; /* for the usage line */
	const char *summary;
	size_t min_operands;
	size_t max_operands;
	const struct ctl_flag *flags;         /* NULL: none of its own */
	const struct ctl_flag *request_flags; /* NULL: takes no request */
	enum ctl_exit (*run)(const struct ctl_invocation *invocation);
	bool is_change; /* the inspect socket does not have it */
};

/* What a command line asks for; strings are borrowed from argv and the environment. */
struct ctl_invocation {
	const struct ctl_command *command; /* NULL: none was named */
	struct ctl_endpoint endpoint;
	const char *inspect_path; /* NULL: not known */
	char beside[128];         /* where it may be: beside the control socket */
	bool json;
	bool help;
	bool version;
	const char **operands;
	size_t operand_count;
	struct ctl_given *given; /* the command's flags, in the order they were given */
	size_t given_count;
};

/* Options of every command. */
extern const struct ctl_flag ctl_global_flags[];

/*
 * Reads argv. `commands` ends with a row without a name. CTL_OK, or CTL_USAGE
 * after saying why; free the invocation in both cases.
 */
enum ctl_exit ctl_options_parse(struct ctl_invocation *invocation,
				const struct ctl_command *commands, int argc, char **argv);

/* Whether flag `name` of the command was given. */
bool ctl_was_given(const struct ctl_invocation *invocation, const char *name);

/* Its value; NULL when it was not given. */
const char *ctl_flag_value(const struct ctl_invocation *invocation, const char *name);

void ctl_options_free(struct ctl_invocation *invocation);

#endif
