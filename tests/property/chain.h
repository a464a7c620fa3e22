/* SPDX-License-Identifier: MIT */
/*
 * A live layout and a few updates of it, one after the other. A seed always gives the same chain.
 */
#ifndef PROPERTY_CHAIN_H
#define PROPERTY_CHAIN_H

#include "property.h"

/* A live layout, the requested update, and the answer. */
struct chain {
	struct round round;
	struct random random;
	struct request_case *before;
	struct request_case *after;
	struct gpal_layout *live;
	struct gpal_layout *layout; /* the result, or NULL */
	unsigned int allow;
	int code;
	struct gpal_error error;
	unsigned int done; /* number of updates so far */
	unsigned int left;
};

void chain_open(struct chain *chain, uint64_t seed);

/* Makes the next update. After the last one it frees everything and returns false. */
bool chain_next(struct chain *chain);

#endif
