/* SPDX-License-Identifier: MIT */
/* The two clocks, as integers. */
#ifndef GPALD_REGISTRY_CLOCK_H
#define GPALD_REGISTRY_CLOCK_H

#include <stdint.h>
#include <time.h>

/* For how long something took, and for every wait: nobody can set it. */
static inline uint64_t gpald_monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Since 1970-01-01 UTC, for dates alone. A clock that stands before that reads as 0. */
static inline uint64_t gpald_wall_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec < 0 ? 0 : (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

#endif
