/* SPDX-License-Identifier: MIT */
/*
 * Values of the form "word,key=value,...", as several flags take them.
 */
#ifndef GPALAYOUTCTL_KEY_VALUES_H
#define GPALAYOUTCTL_KEY_VALUES_H

#include <stdbool.h>

/*
 * Cuts the next item off *rest, in place: `*key` is what stands before its '=',
 * `*value` what stands behind, or NULL when it has none. Start with the whole
 * text in *rest; false when there are no more items.
 */
bool ctl_next_item(char **rest, char **key, char **value);

#endif
