/* SPDX-License-Identifier: MIT */
/*
 * Reading the members of an answer without a check at every step: a reader remembers
 * the first member that is not there or not of the type asked for. What it gives in
 * its place is harmless and what follows it too.
 */
#ifndef GPALAYOUTCTL_READER_H
#define GPALAYOUTCTL_READER_H

#include "exit_code.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct ctl_reader {
	const char *missing; /* the member's name; NULL: none so far */
};

/* A string; not checked to be safe to show. */
const char *ctl_read_text(struct ctl_reader *reader, const cJSON *object, const char *name);

/* An integer of at least 0. */
uint64_t ctl_read_count(struct ctl_reader *reader, const cJSON *object, const char *name);

/* An address or a size: "0x...". */
uint64_t ctl_read_size(struct ctl_reader *reader, const cJSON *object, const char *name);

bool ctl_read_bool(struct ctl_reader *reader, const cJSON *object, const char *name);
const cJSON *ctl_read_object(struct ctl_reader *reader, const cJSON *object, const char *name);
const cJSON *ctl_read_array(struct ctl_reader *reader, const cJSON *object, const char *name);

/* CTL_OK, or CTL_NO_DAEMON after saying which member is missing. */
enum ctl_exit ctl_reader_end(const struct ctl_reader *reader);

#endif
