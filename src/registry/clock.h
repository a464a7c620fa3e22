/* SPDX-License-Identifier: MIT */
/* The monotonic and the wall clock, as integers. */
#ifndef GPALD_REGISTRY_CLOCK_H
#define GPALD_REGISTRY_CLOCK_H

#include <stdint.h>
#include <time.h>

/* The clock for durations and waits: nobody can set it. */
static inline uint64_t gpald_monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/*
 * Returns the time since 1970-01-01 UTC. It is not for durations, because the clock can be set. A
 * clock before 1970 gives 0.
 */
static inline uint64_t gpald_wall_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec < 0 ? 0 : (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

#endif
