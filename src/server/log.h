/* SPDX-License-Identifier: MIT */
/*
 * The log: lines of key=value on standard error, one event a line. They begin with the
 * time, or, if the journal reads them, which has the time, with their priority for it.
 */
#ifndef GPALD_SERVER_LOG_H
#define GPALD_SERVER_LOG_H

#include <stdbool.h>

enum gpald_log_level {
	GPALD_LOG_ERROR,   /* the daemon cannot go on, or a bug */
	GPALD_LOG_WARNING, /* a client was turned away or cut off */
	GPALD_LOG_INFO,    /* start, stop, refused requests */
	GPALD_LOG_DEBUG,   /* connections and requests */
	GPALD_LOG_LEVEL_COUNT
};

/* The level of that name, "error" to "debug"; false: there is none. */
bool gpald_log_level_parse(const char *name, enum gpald_log_level *level);

/*
 * Finds out what standard error is, so that writing to it does not block. Call it
 * before the first line, while there is one thread.
 */
void gpald_log_open(void);

/* Lines above this level are left out; GPALD_LOG_INFO until it is called. */
void gpald_log_set_level(enum gpald_log_level level);

/*
 * Writes "level=LEVEL event=EVENT" behind that beginning, and the printf-style rest,
 * which is key=value pairs; text that others chose goes through gpald_log_quote(). The
 * whole line is written at once, or left out and counted if nobody reads the log: it
 * never waits.
 */
__attribute__((format(printf, 3, 4))) void gpald_log(enum gpald_log_level level, const char *event,
						     const char *format, ...);

/*
 * For what keeps the daemon from starting, which a person at a terminal reads, too:
 * "gpalayoutd: " and the printf-style rest, for the journal with the priority of an error.
 */
__attribute__((format(printf, 1, 2))) void gpald_log_complain(const char *format, ...);

/*
 * A line for a signal that the daemon dies of, in its handler: "SEGV". It calls
 * nothing that a handler may not call.
 */
void gpald_log_crash(const char *signal_name);

/*
 * The same for a system call that is forbidden to the daemon; `name` is NULL if it is not
 * known.
 */
void gpald_log_forbidden(const char *name, unsigned int number);

/*
 * For events a client can cause at will: at most 100 a second are written, and
 * then how many were left out. True: write this one.
 */
bool gpald_log_allowed(void);

/* A value for a line: in quotes, escaped, cut to what fits. */
#define GPALD_LOG_QUOTE_SIZE 256
const char *gpald_log_quote(const char *text, char buffer[GPALD_LOG_QUOTE_SIZE]);

#endif
