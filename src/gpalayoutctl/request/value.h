/* SPDX-License-Identifier: MIT */
/*
 * Splits values of flags that have parts: items with commas between them, and names that may
 * contain commas. A backslash quotes a comma, a plus sign, an equals sign or a backslash.
 */
#ifndef GPALAYOUTCTL_REQUEST_VALUE_H
#define GPALAYOUTCTL_REQUEST_VALUE_H

#include "gpalayoutctl/invocation.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Appends a value of the flag, which the functions below then split in place. Returns CTL_USAGE
 * after a message if a backslash quotes nothing.
 */
enum ctl_exit ctl_value_copy(struct gpald_bytes *copy, const struct ctl_flag *flag,
			     const char *value);

/*
 * Returns how many bytes are before the first separator that is not quoted, or the length of the
 * text if there is none.
 */
size_t ctl_length_before_first(const char *text, char separator);

/* Does the same for the last separator that is not quoted. */
size_t ctl_length_before_last(const char *text, char separator);

/* Does what strsep() does, for a separator that is not quoted. The parts are still quoted. */
char *ctl_next_part(char **rest, char separator);

/*
 * Takes the next item off *rest: the key, and the value after its first equals sign, or NULL if it
 * has none. Both are still quoted. Returns false if there are no more items.
 */
bool ctl_next_item(char **rest, char **key, char **value);

/*
 * Takes the first item off *rest, which must be a name, and unquotes it. If it is a key with a
 * value, returns CTL_USAGE after a message that shows `value`, the whole value of the flag.
 */
enum ctl_exit ctl_take_name(const struct ctl_flag *flag, const char *value, char **rest,
			    char **name);

/* Removes the quoting backslashes of `text` in place, and returns `text`. */
char *ctl_unquote(char *text);

/* Returns true if `quoted`, which has `length` bytes, is a quoted form of `text`. */
bool ctl_unquoted_equals(const char *quoted, size_t length, const char *text);

/* Appends a text in its quoted form. */
void ctl_append_quoted(struct gpald_bytes *out, const char *text);

/* Reports an unknown key and lists the known ones; `also` follows the list. */
enum ctl_exit ctl_unknown_key(const struct ctl_flag *flag, const char *name,
			      const char *const *known, size_t count, const char *also);

/*
 * Takes all items that are left in `rest`. `values` has an entry for each of the `count` keys. The
 * caller sets all entries to NULL; the function stores the given values, still quoted. An item
 * without a key has the key `unnamed`; if that is NULL, each item needs its key. Returns CTL_USAGE
 * after a message if something is wrong.
 */
enum ctl_exit ctl_take_items(const struct ctl_flag *flag, char *rest, const char *unnamed,
			     const char *const *keys, size_t count, const char **values);

#endif
