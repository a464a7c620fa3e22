/* SPDX-License-Identifier: MIT */
/* The tables of the socket benchmark that need more than a load of requests. */
#ifndef GPALD_TESTS_BENCH_SOCKET_BENCH_H
#define GPALD_TESTS_BENCH_SOCKET_BENCH_H

#include "tests/bench/bench_daemon.h"
#include "tests/bench/bench_load.h"

#define BENCH_ROUNDS 5

/* The results of one round with a server. The processor time is for each request. */
struct bench_figures {
	double rate, median_us, p99_us;
	double cpu_us;  /* of the server */
	double load_us; /* of the load */
};

/* A round in progress. The sender of the requests adds the times. */
struct bench_round {
	const struct bench_server *server;
	double server_cpu, load_cpu;
	struct bench_times times;
};

void bench_round_begin(struct bench_round *round, const struct bench_server *server);
struct bench_figures bench_round_end(const struct bench_round *round, double requests, double rate);

enum bench_side {
	BENCH_DAEMON,
	BENCH_BARE,
	BENCH_SIDES
};

/* Starts a table whose rows have figures of both servers. */
void bench_print_header(const char *title);

/*
 * Prints a row: the medians of the rounds, and of their ratios. Rounds alternate, so a change in
 * the speed of the machine affects both sides.
 */
void bench_print_row(const char *name, const char *load,
		     struct bench_figures rounds[BENCH_SIDES][BENCH_ROUNDS]);

bench_writer bench_write_resolve, bench_write_create;

/* Measures the time until subscribers get the event of a change. */
void bench_events(double seconds);

/* Sends the same requests over ttrpc and as JSON. */
void bench_ttrpc(double seconds);

/* Times a small request while another user floods the daemon. */
void bench_flood(double seconds);

#endif
