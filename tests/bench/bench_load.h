/* SPDX-License-Identifier: MIT */
/*
 * A load of requests that costs little itself: the bytes of all requests are made
 * before, and of replies only the line ends are counted. Connections each keep a
 * number of requests under way: for each reply that has come they send the next.
 */
#ifndef GPALD_TESTS_BENCH_BENCH_LOAD_H
#define GPALD_TESTS_BENCH_BENCH_LOAD_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define BENCH_IN_FLIGHT_MAX 64

/* Writes the line of a request, LF included; `parameter` is the case's own. */
typedef void bench_writer(FILE *out, unsigned int parameter, unsigned int variant);

/* The variants in turn, and then a few more from the first, so that any few are contiguous. */
struct bench_requests {
	char *bytes;
	size_t *starts; /* of the requests, and the end of the last */
	unsigned int count;
	char *number; /* eight digits that every request gets anew, or NULL */
	unsigned int made;
};

/* What a writer writes for digits that are to differ from request to request. */
#define BENCH_NUMBER "########"

void bench_requests_init(struct bench_requests *requests, bench_writer *write_request,
			 unsigned int parameter, unsigned int count);
void bench_requests_clear(struct bench_requests *requests);

/* Writes the next number into the first request. */
void bench_requests_number(struct bench_requests *requests);

/* Asks each variant once, fails if one is refused, and returns the mean length of the replies. */
size_t bench_requests_check(struct bench_requests *requests, const char *path);

/* Round trips by size, each within 1.6 %. */
struct bench_times {
	uint64_t counts[64 * 64];
	uint64_t total;
};

void bench_times_add(struct bench_times *times, uint64_t ns);

/* The microseconds that a part of the round trips, 0 to 1, does not exceed; 0 if there are none. */
double bench_times_at(const struct bench_times *times, double part);

struct bench_load;

/* Connects. Requests with a number take 1 in flight. They stay the caller's. */
struct bench_load *bench_load_open(const char *path, struct bench_requests *requests,
				   unsigned int connections, unsigned int in_flight);
void bench_load_close(struct bench_load *load);

/*
 * Sends for so many seconds, or until so many have been sent, and waits for all
 * replies. Adds the round trips to *times, if that is not NULL, and returns the
 * requests per second.
 */
double bench_load_run(struct bench_load *load, double seconds, uint64_t most,
		      struct bench_times *times);

/* Median of a few values, which it sorts. */
double bench_median(double *values, size_t count);

#endif
