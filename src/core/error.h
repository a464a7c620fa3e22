/* SPDX-License-Identifier: MIT */
/* Filling in struct gpal_error. */
#ifndef GPALD_CORE_ERROR_H
#define GPALD_CORE_ERROR_H

#include <gpalayout/error.h>

/*
 * Resets *error, if not NULL, to the code, subject, index and printf-style
 * message. Returns the code, so that a check can end with `return gpald_fail(...)`.
 */
__attribute__((format(printf, 5, 6))) int gpald_fail(struct gpal_error *error, enum gpal_code code,
						     enum gpal_subject subject, size_t index,
						     const char *format, ...);

/* For failures that are not about the input. */
int gpald_fail_plain(struct gpal_error *error, enum gpal_code code);

/* Says which part of the subject *error, if not NULL, is about; returns the code. */
__attribute__((format(printf, 3, 4))) int gpald_fail_part(struct gpal_error *error, int code,
							  const char *format, ...);

/* Copies a tag into a detail field, cut to fit. */
void gpald_error_tag(char field[GPAL_ERROR_TAG_MAX + 1], const char *tag);

#endif
