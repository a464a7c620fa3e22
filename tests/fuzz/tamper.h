/* SPDX-License-Identifier: MIT */
/* Changes of JSON that stay JSON. */
#ifndef GPALD_TESTS_FUZZ_TAMPER_H
#define GPALD_TESTS_FUZZ_TAMPER_H

#include "tests/fuzz/fuzz.h"

#include <cjson/cJSON.h>

/* Changes one value inside an object or a list, as the bytes say. */
void tamper(cJSON *root, struct fuzz_bytes *bytes);

#endif
