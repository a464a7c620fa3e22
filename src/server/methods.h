/* SPDX-License-Identifier: MIT */
/* The table of methods: adding a method is adding a row. */
#ifndef GPALD_SERVER_METHODS_H
#define GPALD_SERVER_METHODS_H

#include "server/service.h"
#include "wire/reason.h"

#include <cjson/cJSON.h>

struct gpald_method {
	const char *name;
	bool on_inspect; /* changes nothing, so it is on the inspect socket too */

	/* 0 with *result given to the caller, or -1 with *error set. */
	int (*call)(const struct gpald_service *service, const cJSON *params, cJSON **result,
		    struct gpald_wire_error *error);
};

/* NULL: there is none of that name. */
const struct gpald_method *gpald_method_find(const char *name);

#endif
