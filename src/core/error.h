/* SPDX-License-Identifier: MIT */
/* Functions that fill in struct gpal_error. */
#ifndef GPALD_CORE_ERROR_H
#define GPALD_CORE_ERROR_H

#include <gpalayout/error.h>

/*
 * Sets *error, unless `error` is NULL, to the code, the subject, the index and a printf-style
 * message, and all other members to 0. Returns the code, so that a check can end with
 * `return gpald_fail(...)`.
 */
__attribute__((format(printf, 5, 6))) int gpald_fail(struct gpal_error *error, enum gpal_code code,
						     enum gpal_subject subject, size_t index,
						     const char *format, ...);

/* Does the same as gpald_fail() with the general message of the code and no subject. */
int gpald_fail_plain(struct gpal_error *error, enum gpal_code code);

/* Sets the part of the subject in *error, unless `error` is NULL. Returns the code. */
__attribute__((format(printf, 3, 4))) int gpald_fail_part(struct gpal_error *error, int code,
							  const char *format, ...);

/* Copies a tag to a member of the error, and cuts it if it is too long. */
void gpald_error_set_tag(char field[GPAL_ERROR_TAG_MAX + 1], const char *tag);

#endif
