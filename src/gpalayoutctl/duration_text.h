/* SPDX-License-Identifier: MIT */
/*
 * Durations as people read them.
 */
#ifndef GPALAYOUTCTL_DURATION_TEXT_H
#define GPALAYOUTCTL_DURATION_TEXT_H

#include "buffer.h"

#include <stdint.h>

/*
 * Appends how long something took, with at most three decimals: "128 us", "1.024 ms",
 * "2.5 s". Never less than it was.
 */
void ctl_duration_append(struct ctl_buffer *out, uint64_t duration_us);

/* Appends how long something has been going on: "3 d 4 h 0 min", "5 min 7 s", "0 s". */
void ctl_age_append(struct ctl_buffer *out, uint64_t age_ms);

#endif
