/* SPDX-License-Identifier: MIT */
/*
 * The form of the log is that of SQLite's file format documentation, "The
 * Write-Ahead Log": a header of 32 bytes, then frames of a header of 24 bytes and a
 * page. Checksums run on from one to the next. Frames of the log's present use have
 * the two salts of its header; what is left of an earlier use has others.
 */
#include "config.h"

#include "registry/sqlite_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER_SIZE 32
#define FRAME_HEADER_SIZE 24
#define MAGIC UINT32_C(0x377f0682) /* its last bit says which end of a word comes first */
#define PAGE_SIZE_MOST 65536

struct log {
	int fd;
	bool big_endian; /* of the words that are summed up */
	size_t page_size;
	uint8_t salts[8];
	uint32_t sum[2];
	uint8_t frame[FRAME_HEADER_SIZE + PAGE_SIZE_MOST];
};

static uint32_t word(const uint8_t *bytes, bool big_endian)
{
	uint32_t value = 0;

	for (int i = 0; i < 4; i++)
		value = value << 8 | bytes[big_endian ? i : 3 - i];
	return value;
}

static void sum_up(struct log *log, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i += 8) {
		log->sum[0] += word(bytes + i, log->big_endian) + log->sum[1];
		log->sum[1] += word(bytes + i + 4, log->big_endian) + log->sum[0];
	}
}

static bool is_sum(const struct log *log, const uint8_t *stored)
{
	return word(stored, true) == log->sum[0] && word(stored + 4, true) == log->sum[1];
}

static bool read_header(struct log *log, const uint8_t header[HEADER_SIZE])
{
	const uint32_t magic = word(header, true);

	log->big_endian = magic & 1;
	log->page_size = word(header + 8, true);
	memcpy(log->salts, header + 16, sizeof(log->salts));
	sum_up(log, header, HEADER_SIZE - 8);
	return (magic & ~UINT32_C(1)) == MAGIC && log->page_size >= 512 &&
	       log->page_size <= PAGE_SIZE_MOST && is_sum(log, header + HEADER_SIZE - 8);
}

/* Whether the frame continues what is right so far. */
static bool is_right(struct log *log)
{
	const uint8_t *frame = log->frame;

	sum_up(log, frame, 8);
	sum_up(log, frame + FRAME_HEADER_SIZE, log->page_size);
	return memcmp(frame + 8, log->salts, sizeof(log->salts)) == 0 && is_sum(log, frame + 16);
}

/* Whether it looks like the last frame of a transaction of this use of the log. */
static bool ends_transaction(const struct log *log)
{
	return memcmp(log->frame + 8, log->salts, sizeof(log->salts)) == 0 &&
	       word(log->frame + 4, true) != 0;
}

static bool is_zero(const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

static enum gpald_sqlite_log check_frames(struct log *log)
{
	const size_t size = FRAME_HEADER_SIZE + log->page_size;
	unsigned int behind = 0; /* transactions that end behind what is wrong */
	bool right = true;
	ssize_t length;

	while ((length = read(log->fd, log->frame, size)) == (ssize_t)size) {
		right = right && is_right(log);
		behind += !right && ends_transaction(log);
	}
	if (length < 0)
		return GPALD_SQLITE_LOG_UNREADABLE;
	return behind < 2 ? GPALD_SQLITE_LOG_FINE : GPALD_SQLITE_LOG_DAMAGED;
}

static enum gpald_sqlite_log check(struct log *log)
{
	uint8_t header[HEADER_SIZE];
	const ssize_t length = read(log->fd, header, sizeof(header));

	if (length < 0)
		return GPALD_SQLITE_LOG_UNREADABLE;
	/* Of a log that was only just begun. */
	if (length < HEADER_SIZE || is_zero(header, sizeof(header)))
		return GPALD_SQLITE_LOG_FINE;
	return read_header(log, header) ? check_frames(log) : GPALD_SQLITE_LOG_DAMAGED;
}

enum gpald_sqlite_log gpald_sqlite_check_log(int folder_fd, const char *name)
{
	const int fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC);
	struct log *log;
	enum gpald_sqlite_log found;

	if (fd < 0)
		return errno == ENOENT ? GPALD_SQLITE_LOG_FINE : GPALD_SQLITE_LOG_UNREADABLE;
	log = calloc(1, sizeof(*log));
	if (!log) {
		close(fd);
		return GPALD_SQLITE_LOG_UNREADABLE;
	}
	log->fd = fd;
	found = check(log);
	free(log);
	close(fd);
	return found;
}
