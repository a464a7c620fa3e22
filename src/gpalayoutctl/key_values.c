/* SPDX-License-Identifier: MIT */
/*
 * Values made of items: one splitter, so that all flags read commas and equals
 * signs the same way.
 */
#include "config.h"

#include "key_values.h"

#include <string.h>

bool ctl_next_item(char **rest, char **key, char **value)
{
	char *item = *rest;
	char *comma;
	char *equals;

	if (!item)
		return false;
	comma = strchr(item, ',');
	if (comma)
		*comma = '\0';
	*rest = comma ? comma + 1 : NULL;

	equals = strchr(item, '=');
	if (equals)
		*equals = '\0';
	*key = item;
	*value = equals ? equals + 1 : NULL;
	return true;
}
