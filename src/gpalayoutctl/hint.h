/* SPDX-License-Identifier: MIT */
/*
 * Refusals and failures with a next step for the person who has to act.
 */
#ifndef GPALAYOUTCTL_HINT_H
#define GPALAYOUTCTL_HINT_H

#include <cjson/cJSON.h>

/*
 * Prints a JSON-RPC error object: "REASON at POINTER: message" and a hint that
 * fits its reason and the details in its data; between them the changes, where its
 * data lists some. `error` must have a message. `about` stands before all that: which
 * of several questions was refused; NULL: there was one.
 */
void ctl_print_refusal(const char *about, const cJSON *error);

/* Prints a hint for an errno of the connection. */
void ctl_hint_connection(int error);

#endif
