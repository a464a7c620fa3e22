/* SPDX-License-Identifier: MIT */
/* The command line: the tables of commands and flags, and what the user gave. */
#ifndef GPALAYOUTCTL_INVOCATION_H
#define GPALAYOUTCTL_INVOCATION_H

#include "gpalayoutctl/buffer.h"
#include "gpalayoutctl/exit_code.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A flag. The last row of a table of flags has no name. `apply` sets in `target` what the flag
 * means; its `value` is NULL if the flag takes none. It returns CTL_OK, or CTL_USAGE after a
 * message. A flag without `apply` is read by its command. A flag of the params or of a request sets
 * `member` of the object `group`. If `group` is NULL, it sets `member` of the params or the
 * request.
 */
struct ctl_flag {
	const char *name;   /* with its dashes */
	const char *letter; /* short form, with its dash; NULL: none */

	/* NULL: takes no value. complete.c and invocation.c use its words. */
	const char *value_name;

	const char *help;
	enum ctl_exit (*apply)(void *target, const struct ctl_flag *flag, const char *value);
	const char *group;
	const char *member;
	const char *constant; /* the value that the flag stands for, or its kind of IOMMU */
	size_t offset;        /* of the member of `target` that it sets */
	bool repeatable;
};

struct ctl_given {
	const struct ctl_flag *flag;
	const char *value;
};

struct ctl_session;
struct gpald_result;

/* A command either calls one `method`, whose result `print` shows, or has a function `run`. */
struct ctl_command {
	const char *name;
	const char *operands; /* of the usage line; complete.c and hint_place.c use its words */
	const char *summary;
	size_t min_operands;
	size_t max_operands;
	const struct ctl_flag *flags;         /* NULL: none of its own */
	const struct ctl_flag *request_flags; /* NULL: takes no request as flags */
	enum ctl_exit (*run)(struct ctl_session *session);

	const char *method;
	const char *members[2]; /* that each operand sets; NULL: the operand is all params */
	/* Makes the params, if operands and flags are not simply their members; NULL: they are. */
	enum ctl_exit (*make_params)(struct ctl_session *session, struct gpald_bytes *params);
	const struct gpald_result *result; /* how to decode the result */
	enum ctl_exit (*print)(struct ctl_session *session, struct gpald_bytes *out,
			       const void *result);
	bool only_on_control; /* only the control socket has its method */
};

/* A parsed command line. Its strings are borrowed from argv and the environment. */
struct ctl_invocation {
	const struct ctl_command *command; /* NULL: none was named */
	const char *socket;
	const char *inspect_socket;       /* NULL: must not be used, or its path is too long */
	char default_inspect_socket[128]; /* holds the default path of the inspect socket */
	int64_t timeout_ms;
	int64_t connect_for_ms; /* how long to wait for a daemon that is not there yet */
	const char *field;      /* the path given with --field; NULL: print the whole result */
	bool only_operands;     /* "--" was given, so no later word is an option */
	bool json;
	bool quiet;
	bool no_pager;
	bool help;
	bool version;
	const char **operands;
	size_t operand_count;
	const struct ctl_flag
		*flag_without_value; /* the last word, if it lacks its value; NULL: none */
	/* The command's flags in the order given. The entry after the last has no flag. */
	struct ctl_given *given;
	size_t given_count;
};

/* Flags of every command. */
extern const struct ctl_flag ctl_global_flags[];

/*
 * Parses argv. The last row of `commands` has no name. Returns CTL_OK, or CTL_USAGE after a
 * message. Free the invocation in both cases.
 */
enum ctl_exit ctl_invocation_parse(struct ctl_invocation *invocation,
				   const struct ctl_command *commands, int argc, char **argv);

/* Returns true if the flag `name` of the command was given. */
bool ctl_flag_was_given(const struct ctl_invocation *invocation, const char *name);

/* Returns the value of the flag `name`, or NULL if it was not given. */
const char *ctl_flag_value(const struct ctl_invocation *invocation, const char *name);

/* Returns the operand of that number, counted from 0, or NULL if there are fewer. */
const char *ctl_operand(const struct ctl_invocation *invocation, size_t number);

/*
 * Stores the value of the flag `name` in *number, or leaves that unchanged if the flag was not
 * given. Returns CTL_USAGE after a message if the value is not a count, or if it is 0 and
 * `positive` is true.
 */
enum ctl_exit ctl_flag_number(const struct ctl_invocation *invocation, const char *name,
			      bool positive, uint64_t *number);

/*
 * Reads a decimal count of at most 2^53 - 1, the largest integer that all JSON readers keep exact.
 * Returns false for any other text.
 */
bool ctl_count_parse(const char *text, uint64_t *count);

/*
 * Reads the count `text`: the value of `flag` or, if `key` is not NULL, of that key in the value of
 * the flag. Returns CTL_USAGE after a message if it is not a count, or if it is 0 and `positive` is
 * true.
 */
enum ctl_exit ctl_flag_count_parse(const char *flag, const char *key, const char *text,
				   bool positive, uint64_t *count);

/* Returns true if `flag` is a row of the table `flags`, which may be NULL. */
bool ctl_is_flag_of(const struct ctl_flag *flags, const struct ctl_flag *flag);

void ctl_invocation_free(struct ctl_invocation *invocation);
#define ctl_cleanup_invocation __attribute__((cleanup(ctl_invocation_free)))

#endif
