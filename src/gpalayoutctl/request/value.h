/* SPDX-License-Identifier: MIT */
/*
 * Values of flags that are put together from parts: items with commas between them, and names
 * that may have such characters. A backslash before a comma, a plus sign, an equals sign or a
 * backslash takes away its meaning.
 */
#ifndef GPALAYOUTCTL_REQUEST_VALUE_H
#define GPALAYOUTCTL_REQUEST_VALUE_H

#include "gpalayoutctl/invocation.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Appends a value of the flag, which is then cut apart in place by the functions below.
 * CTL_USAGE after saying which backslash quotes nothing.
 */
enum ctl_exit ctl_value_copy(struct gpald_bytes *copy, const struct ctl_flag *flag,
			     const char *value);

/* The bytes before the first separator that is not quoted; all if there is none. */
size_t ctl_part_length(const char *text, char separator);

/* The bytes before the last one that is not quoted; all if there is none. */
size_t ctl_head_length(const char *text, char separator);

/* As strsep(), for a separator that is not quoted. The parts are still quoted. */
char *ctl_next_part(char **rest, char separator);

/*
 * Takes the next item off *rest: the key, and the value after its first equals sign; NULL: it
 * has none. Both are still quoted. False: there are no more.
 */
bool ctl_next_item(char **rest, char **key, char **value);

/*
 * Takes the first item, which is a name, off *rest. CTL_USAGE after saying that it has a key;
 * `value` is the whole value.
 */
enum ctl_exit ctl_take_name(const struct ctl_flag *flag, const char *value, char **rest,
			    char **name);

/* Takes the backslashes out of a part, in place, and returns it. */
char *ctl_unquote(char *text);

/* Whether so many bytes are that text, with quotes. */
bool ctl_is_quoted(const char *quoted, size_t length, const char *text);

/* Appends a text as it is written in a value. */
void ctl_append_quoted(struct gpald_bytes *out, const char *text);

/* Says that there is no such key, and which there are; `also` follows them. */
enum ctl_exit ctl_unknown_key(const struct ctl_flag *flag, const char *name,
			      const char *const *known, size_t count, const char *also);

/*
 * Takes all items that are left in *rest. `values` gets one value for each of the `count` keys,
 * still quoted; NULL: it was not given. An item without a key has the key `unnamed`; NULL: each
 * item needs its key. CTL_USAGE after saying what is wrong.
 */
enum ctl_exit ctl_take_items(const struct ctl_flag *flag, char *rest, const char *unnamed,
			     const char *const *keys, size_t count, const char **values);

#endif
