/* SPDX-License-Identifier: MIT */
/* Changes JSON so that it is still JSON. */
#ifndef GPALD_TESTS_FUZZ_TAMPER_H
#define GPALD_TESTS_FUZZ_TAMPER_H

#include "tests/fuzz/fuzz.h"

#include <cjson/cJSON.h>

/* Changes one value inside an object or a list. The bytes choose how. */
void tamper(cJSON *root, struct fuzz_bytes *bytes);

#endif
