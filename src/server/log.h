/* SPDX-License-Identifier: MIT */
/*
 * The log: lines of key=value on standard error, one event per line. A line begins with the time;
 * for the journal, which adds the time, it begins with the priority. Call the functions that write
 * or limit lines on one thread, except gpald_log_crash() and gpald_log_forbidden_call().
 */
#ifndef GPALD_SERVER_LOG_H
#define GPALD_SERVER_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum gpald_log_level {
	/* The start, the store, a socket or a connection failed, or the daemon crashed. */
	GPALD_LOG_ERROR,
	GPALD_LOG_WARNING, /* a client was cut off, or something needs the operator's attention */
	GPALD_LOG_INFO,    /* start, stop, changes of layouts, refused requests and connections */
	GPALD_LOG_DEBUG,   /* connections, and the phases of a stop */
	GPALD_LOG_LEVEL_COUNT
};

/* Finds the level of that name, "error" to "debug". Returns false if there is none. */
bool gpald_log_level_parse(const char *name, enum gpald_log_level *level);

/*
 * Examines standard error, so that writing to it does not block. Call it before the first line,
 * while there is one thread.
 */
void gpald_log_open(void);

/* Only lines of this level and more severe ones are written. The default is GPALD_LOG_INFO. */
void gpald_log_set_level(enum gpald_log_level level);

/*
 * Writes a line: its beginning, "level=LEVEL event=EVENT", and the printf-style rest, which is
 * key=value pairs. Text from others must go through gpald_log_quote(). The whole line is written at
 * once. If nobody reads the log, the line is omitted and counted.
 */
__attribute__((format(printf, 3, 4))) void gpald_log(enum gpald_log_level level, const char *event,
						     const char *format, ...);

/*
 * Reports why the daemon cannot start, for a person at a terminal: "gpalayoutd: " and the
 * printf-style rest. For the journal, its first line has the priority of an error.
 */
__attribute__((format(printf, 1, 2))) void gpald_log_startup_error(const char *format, ...);

/* Logs a signal that kills the daemon, such as "SEGV", without the time. Safe in its handler. */
void gpald_log_crash(const char *signal_name);

/*
 * Logs a forbidden system call, without the time. `name` is NULL if it is unknown. Safe in a signal
 * handler.
 */
void gpald_log_forbidden_call(const char *name, unsigned int number);

/*
 * Limits events that a client can cause at will: at most 100 a second are written. The number of
 * omitted ones is written before the first such event of a later second. Returns true if this one
 * may be written.
 */
bool gpald_log_ratelimit(void);

/* Returns a value for a line: in quotes, escaped, and cut to fit. */
#define GPALD_LOG_QUOTE_SIZE 256
const char *gpald_log_quote(const char *text, char buffer[GPALD_LOG_QUOTE_SIZE]);

/* Does the same with a buffer of `size` bytes, at least 8, for texts that should not be cut. */
const char *gpald_log_quote_long(const char *text, char *buffer, size_t size);

#endif
