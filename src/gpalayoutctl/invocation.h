/* SPDX-License-Identifier: MIT */
/*
 * The command line: commands, their flags, and what was given.
 */
#ifndef GPALAYOUTCTL_INVOCATION_H
#define GPALAYOUTCTL_INVOCATION_H

#include "gpalayoutctl/buffer.h"
#include "gpalayoutctl/exit_code.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One flag, a row of a table that ends with a row without a name. `apply` takes
 * a value (NULL for a flag without one) into `target`; it returns CTL_OK, or
 * CTL_USAGE after saying why. Flags of the params or of a request also say which member
 * they are: `member` of the object `group`, or of the params or the request themselves.
 */
struct ctl_flag {
	const char *name;       /* with its dashes */
	const char *letter;     /* its short form, with its dash; NULL: none */
	const char *value_name; /* NULL: takes no value */
	const char *help;       /* NULL: not in the help */
	enum ctl_exit (*apply)(void *target, const struct ctl_flag *flag, const char *value);
	const char *group;
	const char *member;
	const char *constant; /* what a flag without a value stands for */
	size_t offset;        /* of the member in the target that it sets */
	bool repeatable;
};

struct ctl_given {
	const struct ctl_flag *flag;
	const char *value;
};

struct ctl_session;
struct gpald_result;

/*
 * A command is one question, a `method` whose result `print` shows, or something else
 * that `run` does.
 */
struct ctl_command {
	const char *name;
	const char *operands; /* for the usage line */
	const char *summary;
	size_t min_operands;
	size_t max_operands;
	const struct ctl_flag *flags;         /* NULL: none of its own */
	const struct ctl_flag *request_flags; /* NULL: takes no request */
	enum ctl_exit (*run)(struct ctl_session *session);

	const char *method;
	const char *members[2]; /* of the params, one for each operand; NULL: all of them */
	/* Makes params that are not so; NULL: they are. */
	enum ctl_exit (*make_params)(struct ctl_session *session, struct gpald_bytes *params);
	const struct gpald_result *result; /* what it is decoded as */
	enum ctl_exit (*print)(struct ctl_session *session, struct gpald_bytes *out,
			       const void *result);
	bool on_control; /* its method is on the control socket alone */
};

/* What a command line asks for; strings are borrowed from argv and the environment. */
struct ctl_invocation {
	const struct ctl_command *command; /* NULL: none was named */
	const char *socket;
	const char *inspect_socket; /* NULL: not to be used */
	char beside[128];           /* where it may be: beside the control socket */
	int64_t timeout_ms;
	int64_t retry_ms;  /* for so long a daemon is waited for that is not there */
	const char *field; /* NULL: none is wanted alone */
	bool json;
	bool quiet;
	bool no_pager;
	bool help;
	bool version;
	const char **operands;
	size_t operand_count;
	const struct ctl_flag *open_flag; /* the last word, whose value is missing; NULL: none */
	/* The command's flags, in the order they were given; ends with one without a flag. */
	struct ctl_given *given;
	size_t given_count;
};

/* Options of every command. */
extern const struct ctl_flag ctl_global_flags[];

/*
 * Reads argv. `commands` ends with a row without a name. CTL_OK, or CTL_USAGE
 * after saying why; free the invocation in both cases.
 */
enum ctl_exit ctl_invocation_parse(struct ctl_invocation *invocation,
				   const struct ctl_command *commands, int argc, char **argv);

/* Whether flag `name` of the command was given. */
bool ctl_was_given(const struct ctl_invocation *invocation, const char *name);

/* Its value; NULL when it was not given. */
const char *ctl_flag_value(const struct ctl_invocation *invocation, const char *name);

/* The operand of that number; NULL when there are not so many. */
const char *ctl_operand(const struct ctl_invocation *invocation, size_t number);

/*
 * The value of flag `name`, a number the program itself needs, into *number; left
 * alone when it was not given. CTL_USAGE after saying that it is none, or is 0
 * where `positive`.
 */
enum ctl_exit ctl_flag_number(const struct ctl_invocation *invocation, const char *name,
			      bool positive, uint64_t *number);

/* Reads a decimal count of at most 2^53 - 1, the largest a JSON integer carries exactly. */
bool ctl_count_parse(const char *text, uint64_t *count);

/*
 * The same of what is the value of a flag, or of a key in it unless that is NULL. CTL_USAGE after
 * saying that it is no count, or is 0 where `positive`.
 */
enum ctl_exit ctl_count_take(const char *flag, const char *key, const char *text, bool positive,
			     uint64_t *count);

/* Whether the flag is a row of that table; NULL: there is none. */
bool ctl_is_flag_of(const struct ctl_flag *flags, const struct ctl_flag *flag);

void ctl_invocation_free(struct ctl_invocation *invocation);
#define ctl_cleanup_invocation __attribute__((cleanup(ctl_invocation_free)))

#endif
