/* SPDX-License-Identifier: MIT */
/*
 * Programs that check every case of a toy space against a naive reference. Each
 * space has a short form, which `make check` runs, and a long one, for
 * `make prove`; each form has an exact number of cases, so that a loop that
 * skips some fails.
 */
#ifndef GPALD_TESTS_EXHAUSTIVE_H
#define GPALD_TESTS_EXHAUSTIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The worker's share of a space: the outermost loop runs these of its rounds. */
struct share {
	bool is_long;
	uint64_t round;
	unsigned int worker;
	unsigned int workers;
};

/* Whether this worker runs the next round of the outermost loop. */
static inline bool share_takes(struct share *share)
{
	return share->round++ % share->workers == share->worker;
}

/* A space of cases; `run` checks a share of them and returns their number. */
struct space {
	const char *name;
	uint64_t (*run)(struct share *share);
	uint64_t cases;      /* of the short form */
	uint64_t long_cases; /* of the long form; 0: it is the short form */
};

/*
 * Runs all spaces, in the long form after --long, each in a process for each
 * processor, so that a crash is a difference as well. Prints TAP with
 * "N cases, 0 differences". Returns the exit status.
 */
int exhaustive_main(int argc, char **argv, const struct space *spaces, size_t count);

/* `size` bytes that end at an unreadable page, for as long as the program runs. */
void *guarded_bytes(size_t size);

/* Reports a difference; the worker exits after a few of them. */
void differ(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
