/* SPDX-License-Identifier: MIT */
/*
 * A live layout and a few updates of it, one after the other. A seed names one
 * chain for ever.
 */
#ifndef PROPERTY_CHAIN_H
#define PROPERTY_CHAIN_H

#include "property.h"

/* A live layout, what is asked of it, and the answer. */
struct chain {
	struct round round;
	struct random random;
	struct request_case *before;
	struct request_case *after;
	struct gpal_layout *live;
	struct gpal_layout *layout; /* what came of it; NULL: nothing */
	unsigned int allow;
	int code;
	struct gpal_error error;
	unsigned int done; /* updates that were asked for */
	unsigned int left;
};

void chain_open(struct chain *chain, uint64_t seed);

/* The next update; false, with everything freed, after the last. */
bool chain_next(struct chain *chain);

#endif
