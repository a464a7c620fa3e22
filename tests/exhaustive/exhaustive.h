/* SPDX-License-Identifier: MIT */
/*
 * For programs that check every case of a toy space against a naive reference. Each space has a
 * short form, which `make check` runs, and a long one for `make prove`. Each form has an exact
 * number of cases, so that a loop that skips some fails.
 */
#ifndef GPALD_TESTS_EXHAUSTIVE_H
#define GPALD_TESTS_EXHAUSTIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The worker's share of a space: the rounds of a loop that it runs. */
struct share {
	bool is_long;
	uint64_t round;
	unsigned int worker;
	unsigned int workers;
};

/* Returns true if this worker runs the next round of the loop that is divided. */
static inline bool share_takes(struct share *share)
{
	return share->round++ % share->workers == share->worker;
}

/* A space of cases. `run` checks a share of them and returns their number. */
struct space {
	const char *name;
	uint64_t (*run)(struct share *share);
	uint64_t cases;      /* in the short form */
	uint64_t long_cases; /* in the long form; 0 if it equals the short one */
};

/*
 * Runs all spaces, with --long in the long form. Each space runs in one worker process for each
 * processor, and fails if a worker crashes. Prints TAP with "N cases, 0 differences". Returns the
 * exit status.
 */
int exhaustive_main(int argc, char **argv, const struct space *spaces, size_t count);

/* Returns `size` bytes that end at an unreadable page. They are never freed. */
void *guarded_bytes(size_t size);

/* Reports a difference. After a few of them the worker exits. */
void differ(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
