/* SPDX-License-Identifier: MIT */
/*
 * The test has its own random numbers (splitmix64), so that a seed gives the same input on every
 * machine and with every C library.
 */
#ifndef PROPERTY_RANDOM_H
#define PROPERTY_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
	uint64_t state;
};

static inline uint64_t random_next(struct random *random)
{
	uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* Returns 0 .. bound - 1. The slight bias of the remainder does not matter here. */
static inline uint64_t random_below(struct random *random, uint64_t bound)
{
	return random_next(random) % bound;
}

/* Returns low .. high, both included. */
static inline uint64_t random_between(struct random *random, uint64_t low, uint64_t high)
{
	return low + random_below(random, high - low + 1);
}

/* Returns true once in `times`. */
static inline bool random_once_in(struct random *random, unsigned int times)
{
	return random_below(random, times) == 0;
}

#endif
