/* SPDX-License-Identifier: MIT */
/* Advice on sizes as a table. */
#ifndef GPALAYOUTCTL_ADVICE_PRINT_H
#define GPALAYOUTCTL_ADVICE_PRINT_H

#include "buffer.h"
#include "exit_code.h"

#include <cjson/cJSON.h>

/* Appends what `result`, the result of layout.resolve, says of sizes. */
enum ctl_exit ctl_advice_append(struct ctl_buffer *out, const cJSON *result);

#endif
