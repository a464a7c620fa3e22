/* SPDX-License-Identifier: MIT */
/*
 * Writes the log. Its only state is the level, the rate, the destination and the number of lost
 * lines; the daemon logs from one thread, except when it crashes.
 */
#include "config.h"

#include "server/log.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 2048 /* less than PIPE_BUF: a pipe takes a line completely or not at all */
#define ALLOWED_PER_SECOND 100

static const char *const level_names[] = { "error", "warning", "info", "debug" };

static_assert(sizeof(level_names) / sizeof(level_names[0]) == GPALD_LOG_LEVEL_COUNT,
	      "each level has a name");

static enum gpald_log_level max_level = GPALD_LOG_INFO;

bool gpald_log_level_parse(const char *name, enum gpald_log_level *level)
{
	for (int i = 0; i < GPALD_LOG_LEVEL_COUNT; i++) {
		if (strcmp(level_names[i], name) == 0) {
			*level = (enum gpald_log_level)i;
			return true;
		}
	}
	return false;
}

void gpald_log_set_level(enum gpald_log_level level)
{
	max_level = level;
}

/*
 * The destination of the log. A terminal or a pipe is opened again, because O_NONBLOCK on the
 * inherited descriptor would affect other processes, too. For a socket, each write asks not to
 * block. Other files are written as usual.
 */
static struct {
	int fd;
	bool is_socket;
	bool is_journal; /* the journal adds the time, but needs a priority */
} sink = { .fd = STDERR_FILENO };

/*
 * Returns whether standard error is the journal, according to $JOURNAL_STREAM; see systemd.exec(5).
 */
static bool is_journal(const struct stat *info)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char here[64];

	snprintf(here, sizeof(here), "%ju:%ju", (uintmax_t)info->st_dev, (uintmax_t)info->st_ino);
	return stream && strcmp(stream, here) == 0;
}

void gpald_log_open(void)
{
	struct stat info;
	int again;

	if (fstat(STDERR_FILENO, &info))
		return;
	sink.is_socket = S_ISSOCK(info.st_mode);
	sink.is_journal = is_journal(&info);
	if (!S_ISCHR(info.st_mode) && !S_ISFIFO(info.st_mode))
		return;
	again = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (again >= 0)
		sink.fd = again;
}

/* Writes a text. Returns whether all of it was taken at once. */
static bool emit_log(const char *text, size_t length)
{
	struct pollfd ready = { .fd = sink.fd, .events = POLLOUT };

	if (sink.is_socket)
		return send(sink.fd, text, length, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)length;
	if (poll(&ready, 1, 0) != 1 || !(ready.revents & POLLOUT))
		return false;
	return write(sink.fd, text, length) == (ssize_t)length;
}

/*
 * Writes the beginning of a line: the priority for the journal, see sd-daemon(3), or the time in
 * UTC.
 */
static size_t write_prefix(char *line, size_t size, enum gpald_log_level level)
{
	static const int priorities[] = { 3, 4, 6, 7 };
	struct timespec now = { 0 };
	struct tm parts;

	if (sink.is_journal)
		return (size_t)snprintf(line, size, "<%d>", priorities[level]);
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	return (size_t)snprintf(line, size, "time=%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ ",
				parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
				parts.tm_hour, parts.tm_min, parts.tm_sec, now.tv_nsec / 1000000);
}

/*
 * Writes a line without waiting, so a log reader that has stopped does not stop the daemon. Lost
 * lines can be reported only before the next line.
 */
static void write_log_line(const char *line, size_t length)
{
	static unsigned int lost;
	char note[128];

	if (lost > 0) {
		size_t size = write_prefix(note, sizeof(note), GPALD_LOG_WARNING);

		size += (size_t)snprintf(note + size, sizeof(note) - size,
					 "level=warning event=log_lost lines=%u\n", lost);
		if (emit_log(note, size))
			lost = 0;
	}
	if (lost > 0 || !emit_log(line, length))
		lost++;
}

void gpald_log(enum gpald_log_level level, const char *event, const char *format, ...)
{
	char line[LINE_MAX_BYTES];
	size_t length;
	va_list args;

	if (level > max_level)
		return;
	length = write_prefix(line, sizeof(line), level);
	length += (size_t)snprintf(line + length, sizeof(line) - length, "level=%s event=%s ",
				   level_names[level], event);
	va_start(args, format);
	length += (size_t)vsnprintf(line + length, sizeof(line) - length, format, args);
	va_end(args);
	if (length > sizeof(line) - 2)
		length = sizeof(line) - 2;
	while (length > 0 && line[length - 1] == ' ')
		length--;
	line[length++] = '\n';
	write_log_line(line, length);
}

void gpald_log_startup_error(const char *format, ...)
{
	va_list args;

	fputs(sink.is_journal ? "<3>gpalayoutd: " : "gpalayoutd: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs("\n", stderr);
}

void gpald_log_crash(const char *signal_name)
{
	char line[64] = "";

	/* No time: formatting it is not safe in a signal handler. */
	strcat(line, sink.is_journal ? "<3>" : "");
	strcat(line, "level=error event=crashed signal=SIG");

	strncat(line, signal_name, sizeof(line) - strlen(line) - 2);
	strcat(line, "\n");
	emit_log(line, strlen(line));
}

/* Appends a number to a line that has space for it. Safe in a signal handler. */
static void append_log_number(char *line, unsigned int number)
{
	char digits[11];
	char *at = digits + sizeof(digits) - 1;

	*at = '\0';
	do
		*--at = (char)('0' + number % 10);
	while (number /= 10);
	strcat(line, at);
}

void gpald_log_forbidden_call(const char *name, unsigned int number)
{
	char line[256] = "";

	strcat(line, sink.is_journal ? "<3>" : "");
	strcat(line, "level=error event=forbidden_call call=");
	strncat(line, name ? name : "unknown", 64);
	strcat(line, " number=");
	append_log_number(line, number);
	strcat(line, " consequence=\"SIGSYS kills the daemon; a store on disk has all "
		     "acknowledged changes\"\n");
	emit_log(line, strlen(line));
}

bool gpald_log_ratelimit(void)
{
	static time_t second;
	static unsigned int count, left_out;
	struct timespec now = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec != second) {
		if (left_out > 0)
			gpald_log(GPALD_LOG_WARNING, "log_limited", "left_out=%u", left_out);
		second = now.tv_sec;
		count = 0;
		left_out = 0;
	}
	if (count < ALLOWED_PER_SECOND) {
		count++;
		return true;
	}
	left_out++;
	return false;
}

const char *gpald_log_quote(const char *text, char buffer[GPALD_LOG_QUOTE_SIZE])
{
	return gpald_log_quote_long(text, buffer, GPALD_LOG_QUOTE_SIZE);
}

const char *gpald_log_quote_long(const char *text, char *buffer, size_t size)
{
	static const char hex[] = "0123456789abcdef";
	char *at = buffer;
	char *const end = buffer + size - 6; /* the longest escape, quote, NUL */

	*at++ = '"';
	for (; *text && at < end; text++) {
		const unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\') {
			*at++ = '\\';
			*at++ = (char)c;
		} else if (c < 0x20 || c >= 0x7f) {
			*at++ = '\\';
			*at++ = 'x';
			*at++ = hex[c >> 4];
			*at++ = hex[c & 0xf];
		} else {
			*at++ = (char)c;
		}
	}
	*at++ = '"';
	*at = '\0';
	return buffer;
}
