/* SPDX-License-Identifier: MIT */
/* The facts about a refusal, on which its hints depend. */
#ifndef GPALAYOUTCTL_HINT_CONTEXT_H
#define GPALAYOUTCTL_HINT_CONTEXT_H

#include "gpalayoutctl/session.h"

#include <stdbool.h>
#include <stdint.h>

struct ctl_hint_context {
	const struct ctl_session *session;
	const cJSON *data;    /* of the refusal; NULL: none */
	const cJSON *params;  /* of the call; NULL: none */
	const cJSON *request; /* in the params; NULL: none */
	const char *about;    /* which of several calls was refused; NULL: there was one */
};

/*
 * Returns the request that was refused, which is in the params, or NULL if there is none. A
 * comparison has two, and the pointer in the data of the refusal leads to one of them.
 */
const cJSON *ctl_hint_request(const cJSON *params, const cJSON *data);

/* Returns true if the request was given as flags. */
bool ctl_hint_has_flags(const struct ctl_hint_context *context);

/* Returns `flag` if the request was given as flags, and `json` otherwise. */
const char *ctl_hint_flag_or(const struct ctl_hint_context *context, const char *flag,
			     const char *json);

bool ctl_hint_is_method(const struct ctl_hint_context *context, const char *name);
bool ctl_hint_is_allocate(const struct ctl_hint_context *context);

/* Returns true for an update that may not move or resize the ranges of the live layout. */
bool ctl_hint_keeps_live_ranges(const struct ctl_hint_context *context);

/* Return true if the data of the refusal has a member with that text, or with that ending. */
bool ctl_hint_has_text(const struct ctl_hint_context *context, const char *member,
		       const char *wanted);
bool ctl_hint_has_text_ending(const struct ctl_hint_context *context, const char *member,
			      const char *end);

/* Returns true if no room was found in the phase mmio32, so below 4 GiB. */
bool ctl_hint_is_low_phase(const struct ctl_hint_context *context);

/*
 * Reads a size or an address in either form of JSON: an integer below 2^53, or a string. Returns
 * false if the object has no such member.
 */
bool ctl_hint_read_size(const cJSON *object, const char *name, uint64_t *size);

/* Returns what the pointer of the refusal leads to, or NULL if it leads to nothing. */
const cJSON *ctl_hint_pointed_value(const struct ctl_hint_context *context);

/* Returns the list of root complexes of the request, or NULL if there is none. */
const cJSON *ctl_hint_root_complexes(const struct ctl_hint_context *context);

#endif
