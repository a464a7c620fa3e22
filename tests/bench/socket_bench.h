/* SPDX-License-Identifier: MIT */
/* The tables of the socket benchmark that are not a load of requests alone. */
#ifndef GPALD_TESTS_BENCH_SOCKET_BENCH_H
#define GPALD_TESTS_BENCH_SOCKET_BENCH_H

#include "tests/bench/bench_daemon.h"
#include "tests/bench/bench_load.h"

#define BENCH_ROUNDS 5

/* What one round of a server gave. The processor time is that of a request. */
struct bench_figures {
	double rate, median_us, p99_us;
	double cpu_us;  /* of the server */
	double load_us; /* of the load */
};

/* A round that goes on; its times are added by who sends the requests. */
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

/* Starts a table whose rows have both servers. */
void bench_print_header(const char *title);

/*
 * Prints a row: medians of the rounds, and of their ratios, so that a machine that
 * changes its speed meanwhile changes both sides.
 */
void bench_print_row(const char *name, const char *load,
		     struct bench_figures rounds[BENCH_SIDES][BENCH_ROUNDS]);

bench_writer bench_write_resolve, bench_write_create;

/* How long a change takes to be told to subscribers. */
void bench_events(double seconds);

/* The same requests over ttrpc and as JSON. */
void bench_ttrpc(double seconds);

/* A small request while another user floods the daemon with large ones. */
void bench_flood(double seconds);

#endif
