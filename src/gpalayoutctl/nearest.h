/* SPDX-License-Identifier: MIT */
/* Which word somebody meant who misspelt it. */
#ifndef GPALAYOUTCTL_NEAREST_H
#define GPALAYOUTCTL_NEAREST_H

#include <stddef.h>

/* The nearest of the words offered so far; starts as CTL_NEAREST(word). */
struct ctl_nearest {
	const char *word;
	const char *found; /* NULL: none is near enough */
	size_t distance;   /* of it; what is farther is not looked for */
};

#define CTL_NEAREST(misspelt) ((struct ctl_nearest){ .word = (misspelt), .distance = 3 })

void ctl_nearest_offer(struct ctl_nearest *nearest, const char *candidate);

#endif
