/* SPDX-License-Identifier: MIT */
/*
 * The rules for changes of live layouts: who may make them, when they are the same
 * as what is there, and which record they lead to. Nothing here keeps anything.
 */
#ifndef GPALD_REGISTRY_DECISION_H
#define GPALD_REGISTRY_DECISION_H

#include "registry/registry.h"

#include <gpalayout/export.h>
#include <stdbool.h>

/*
 * Decides on an operation by its standing and its current record. True: it is to be
 * done, and operation->change is what to commit. False: it has its outcome. For any
 * thread.
 */
GPAL_MUST_USE bool gpald_decide(struct gpald_operation *operation);

/* Whether that needs no look at what is requested, or at the layout there is. */
GPAL_MUST_USE bool gpald_is_decided_at_once(const struct gpald_operation *operation);

#endif
