/* SPDX-License-Identifier: MIT */
/*
 * The rules for changes of live layouts: who may make them, whether a request is the same as the
 * current one, and which record results. Nothing is stored here.
 */
#ifndef GPALD_REGISTRY_DECISION_H
#define GPALD_REGISTRY_DECISION_H

#include "registry/registry.h"

#include <gpalayout/export.h>
#include <stdbool.h>

/*
 * Decides on an operation by its `basis` and its current record. Returns true if
 * operation->change must be committed; false if the operation has its outcome. May be called on any
 * thread.
 */
GPAL_MUST_USE bool gpald_decide(struct gpald_operation *operation);

/* Returns whether the decision needs neither the request nor the current layout. */
GPAL_MUST_USE bool gpald_decides_without_decoding(const struct gpald_operation *operation);

#endif
