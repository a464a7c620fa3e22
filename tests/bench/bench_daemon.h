/* SPDX-License-Identifier: MIT */
/*
 * What the benchmarks over a socket share: a folder for sockets and state, servers on
 * one processor and the load on another, connections, and clocks. Every failure prints
 * a message, ends the servers, removes the folder and exits with 1.
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
	char inspect_path[64]; /* empty: there is none */
	char state_path[64];
	pid_t pid;
	clockid_t cpu_clock;
	struct bench_server *next;
};

/* "bench-…" in the current folder, because /tmp may be no disk. */
extern char bench_folder[];

/* Prints the message, in which %m is what errno says, and exits. */
__attribute__((noreturn, format(printf, 1, 2))) void bench_fail(const char *format, ...);

/* A number of the environment, or the default. */
double bench_setting(const char *name, double standard);

/*
 * Makes the folder, chooses the processors, moves to that of the load, and prints the
 * machine and the date. `program` begins each message of a failure.
 */
void bench_begin(const char *program);

/* Seconds, and nanoseconds, of a clock that only goes forward. */
double bench_now(void);
uint64_t bench_now_ns(void);

/*
 * Starts a daemon whose socket and state have the name in the folder, with further
 * options up to a NULL, and returns the seconds until it takes connections. The state
 * stays when it is stopped, so that it can be started again.
 */
double bench_start_daemon(struct bench_server *server, const char *name,
			  const char *const *options);

/* Starts the bare server, whose answers, and events, have as many bytes. */
void bench_start_bare(struct bench_server *server, size_t reply_length, size_t event_length);

void bench_stop(struct bench_server *server);

/* The seconds of processor time that the server has had. */
double bench_cpu(const struct bench_server *server);

/* Its resident memory in bytes. */
double bench_resident(const struct bench_server *server);

/* A counter of daemon.stats. */
double bench_stat(const struct bench_server *server, const char *group, const char *name);

/* Fails if the daemon has refused anything so far. */
void bench_check_refusals(const struct bench_server *server);

/* Connects, or fails. */
int bench_connect(const char *path);

/*
 * Sends a line and returns its reply, which the caller frees. Fails if that is an error;
 * `line` ends in LF.
 */
char *bench_ask(int fd, const char *line, size_t length);

/* Removes a file or folder of the bench's own. */
void bench_remove(const char *name);

#endif
