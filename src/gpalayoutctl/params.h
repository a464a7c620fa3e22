/* SPDX-License-Identifier: MIT */
/*
 * The parameters of a method as JSON text, one member after another. Text rather
 * than a tree, because a request goes out as the user wrote it.
 */
#ifndef GPALAYOUTCTL_PARAMS_H
#define GPALAYOUTCTL_PARAMS_H

#include "buffer.h"
#include "options.h"

#include <stdbool.h>
#include <stdint.h>

void ctl_param_text(struct ctl_buffer *params, const char *member, const char *value);
void ctl_param_count(struct ctl_buffer *params, const char *member, uint64_t value);

/* A member whose value is JSON text. */
void ctl_param_json(struct ctl_buffer *params, const char *member, const char *json);

/* Ends the object; to be called once, after all members. Its text, until the next change. */
const char *ctl_params_end(struct ctl_buffer *params);

/*
 * Adds what the command's own flags say, those of them that are a member. CTL_USAGE
 * after saying which flag is wrong.
 */
enum ctl_exit ctl_params_take_flags(struct ctl_buffer *params,
				    const struct ctl_invocation *invocation);

/*
 * The value of flag `name`, a number the program itself needs, into *number; left
 * alone when it was not given. CTL_USAGE after saying that it is none, or is 0
 * where `positive`.
 */
enum ctl_exit ctl_flag_number(const struct ctl_invocation *invocation, const char *name,
			      bool positive, uint64_t *number);

/* `apply` of such flags: the value as text, as a count, or true. */
enum ctl_exit ctl_apply_text(void *params, const struct ctl_flag *flag, const char *value);
enum ctl_exit ctl_apply_count(void *params, const struct ctl_flag *flag, const char *value);
enum ctl_exit ctl_apply_true(void *params, const struct ctl_flag *flag, const char *value);

#endif
