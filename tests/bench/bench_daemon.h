/* SPDX-License-Identifier: MIT */
/*
 * Shared by the benchmarks over a socket: a folder for sockets and state, servers on one processor
 * and the load on another, connections, and clocks. Every failure prints a message, stops the
 * servers, removes the folder and exits with 1.
 */
#ifndef GPALD_TESTS_BENCH_BENCH_DAEMON_H
#define GPALD_TESTS_BENCH_BENCH_DAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <time.h>

#define BENCH_OPTIONS_MAX 8

struct bench_server {
	char path[64];
	char inspect_path[64]; /* empty if there is none */
	char state_path[64];
	pid_t pid;
	clockid_t cpu_clock;
	struct bench_server *next;
};

/* "bench-…" in the current folder, because /tmp may be in memory. */
extern char bench_folder[];

/* Prints the message, in which %m is the text of errno, and exits. */
__attribute__((noreturn, format(printf, 1, 2))) void bench_fail(const char *format, ...);

/* Returns a number from the environment, or the default. */
double bench_setting(const char *name, double default_value);

/*
 * Makes the folder, chooses the processors, moves to the processor of the load, and prints the
 * machine and the date. Each failure message begins with `program`.
 */
void bench_begin(const char *program);

/* The time of a monotonic clock, in seconds and in nanoseconds. */
double bench_now(void);
uint64_t bench_now_ns(void);

/*
 * Starts a daemon and returns the seconds until its control and inspect sockets accept connections.
 * `name` is the name of its socket and its state in the folder; `options` are further options, up
 * to a NULL. The state stays when the daemon is stopped, so that the daemon can be started again.
 */
double bench_start_daemon(struct bench_server *server, const char *name,
			  const char *const *options);

/* Starts the bare server with replies and events of these lengths. */
void bench_start_bare(struct bench_server *server, size_t reply_length, size_t event_length);

void bench_stop(struct bench_server *server);

/* Returns the seconds of processor time that the server has used. */
double bench_cpu(const struct bench_server *server);

/* Returns the resident memory of the server in bytes. */
double bench_resident(const struct bench_server *server);

/* Returns a counter of daemon.stats. */
double bench_stat(const struct bench_server *server, const char *group, const char *name);

/* Fails if the daemon has refused anything so far. */
void bench_check_refusals(const struct bench_server *server);

/* Connects, or fails the benchmark. */
int bench_connect(const char *path);

/*
 * Sends a line, which must end in LF, and returns its reply. The caller frees the reply. Fails if
 * the reply is an error.
 */
char *bench_ask(int fd, const char *line, size_t length);

/* Removes a file or folder of the benchmark. */
void bench_remove(const char *name);

#endif
