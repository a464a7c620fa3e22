/* SPDX-License-Identifier: MIT */
/*
 * A load of requests that costs little itself. It makes the bytes of all requests before it starts,
 * and only counts the line ends of replies. Each connection keeps a number of requests under way:
 * for each reply it sends the next request.
 */
#ifndef GPALD_TESTS_BENCH_BENCH_LOAD_H
#define GPALD_TESTS_BENCH_BENCH_LOAD_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define BENCH_IN_FLIGHT_MAX 64

/* Writes the line of a request, LF included. Each case chooses the meaning of `parameter`. */
typedef void bench_writer(FILE *out, unsigned int parameter, unsigned int variant);

/*
 * The lines of all variants in order, then BENCH_IN_FLIGHT_MAX lines from the first variant on
 * again, so that this many lines in a row are always contiguous.
 */
struct bench_requests {
	char *bytes;
	size_t *starts; /* where each request begins, and the end of the last */
	unsigned int count;
	char *number; /* eight digits that differ in every request, or NULL */
	unsigned int next_number;
};

/* A writer writes this in place of the digits that differ from request to request. */
#define BENCH_NUMBER "########"

/* Writes the lines of `count` variants, all with the same `parameter`. */
void bench_requests_init(struct bench_requests *requests, bench_writer *write_request,
			 unsigned int parameter, unsigned int count);
void bench_requests_clear(struct bench_requests *requests);

/* Writes the next number into the first request. */
void bench_requests_number(struct bench_requests *requests);

/* Sends each variant once and returns the mean length of the replies. Fails if one is refused. */
size_t bench_requests_check(struct bench_requests *requests, const char *path);

/* Counts of round trips by their time, each within 1.6 %. */
struct bench_times {
	uint64_t counts[64 * 64];
	uint64_t total;
};

void bench_times_add(struct bench_times *times, uint64_t ns);

/*
 * Returns the microseconds that the fraction `part` of the round trips does not exceed; 0 if there
 * are none.
 */
double bench_times_at(const struct bench_times *times, double part);

struct bench_load;

/* Connects. If the requests have a number, in_flight must be 1. `requests` stays the caller's. */
struct bench_load *bench_load_open(const char *path, struct bench_requests *requests,
				   unsigned int connections, unsigned int in_flight);
void bench_load_close(struct bench_load *load);

/*
 * Sends for this many seconds, or until `most` requests are sent, and waits for all replies. Adds
 * the round trips to *times, unless that is NULL, and returns the requests per second.
 */
double bench_load_run(struct bench_load *load, double seconds, uint64_t most,
		      struct bench_times *times);

/* Returns the median of a few values. It sorts them. */
double bench_median(double *values, size_t count);

#endif
