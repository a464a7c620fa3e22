/* SPDX-License-Identifier: MIT */
/* The two clocks, as integers. */
#ifndef GPALD_REGISTRY_CLOCK_H
#define GPALD_REGISTRY_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t gpald_clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* For how long something took. */
static inline uint64_t gpald_monotonic_ns(void)
{
	return gpald_clock_ns(CLOCK_MONOTONIC);
}

/* Since 1970-01-01 UTC. */
static inline uint64_t gpald_wall_us(void)
{
	return gpald_clock_ns(CLOCK_REALTIME) / 1000;
}

#endif
