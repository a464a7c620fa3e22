/* SPDX-License-Identifier: MIT */
/*
 * The rules for changes of live layouts: who may make them, when they are the same
 * as what is there, and which record they lead to. Nothing here keeps anything.
 */
#ifndef GPALD_REGISTRY_DECISION_H
#define GPALD_REGISTRY_DECISION_H

#include "registry/registry.h"

#include <gpalayout/export.h>
#include <gpalayout/policy.h>
#include <stdbool.h>
#include <stdint.h>

/* What counts besides the record itself. */
struct gpald_standing {
	const struct gpal_policy *default_policy;
	uint64_t generation_top; /* of a record that is gone none was greater */
	bool is_full;            /* as many layouts are live as may be */
};

/*
 * Decides on an operation, given the record there is (NULL: none). True: it is to
 * be done, and operation->change is what to commit. False: it has its outcome.
 */
GPAL_MUST_USE bool gpald_decide(const struct gpald_standing *standing,
				struct gpald_operation *operation,
				const struct gpald_record *record);

#endif
