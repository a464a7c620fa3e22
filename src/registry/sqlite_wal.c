/* SPDX-License-Identifier: MIT */
/*
 * Checks and empties the write-ahead log (WAL). Its format is described in SQLite's file format
 * documentation, "The Write-Ahead Log": a header of 32 bytes, then frames, each with a header of 24
 * bytes and a page. Each checksum continues the one before. Frames of the current use of the WAL
 * have the two salts of its header; frames left from an earlier use have others.
 *
 * Damage and a crash are distinguished as follows. SQLite writes a frame after a COMMIT only if
 * that COMMIT was synchronised. So if any frame continues the last frame of a transaction, this
 * transaction and everything before it was on disk, and a fault in them is damage. Other
 * frames may be left from transactions that never were completely on disk, after any number of
 * crashes and refusals.
 */
#include "config.h"

#include "registry/sqlite_wal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER_SIZE 32
#define FRAME_HEADER_SIZE 24
#define MAGIC UINT32_C(0x377f0682) /* its last bit gives the byte order */
#define PAGE_SIZE_MAX 65536
#define SECTOR_SIZE 512

/* Replaces the header. SQLite treats a WAL without a valid header as empty. */
static const uint8_t empty_mark[] = "gpalayoutd: this log is empty. \n";

static_assert(sizeof(empty_mark) == HEADER_SIZE + 1, "the mark takes the place of the header");

struct wal {
	int fd;
	bool big_endian; /* byte order of the words of the checksums */
	size_t page_size;
	uint8_t salts[8];
	uint8_t frame[FRAME_HEADER_SIZE + PAGE_SIZE_MAX];
	/* After the previous frame: */
	uint32_t sum[2];        /* computed from its content */
	uint32_t stored_sum[2]; /* as stored in it; differs from `sum` only if the frame is wrong */
	bool ends_transaction;
};

static uint32_t read_wal_word(const uint8_t *bytes, bool big_endian)
{
	uint32_t value = 0;

	for (int i = 0; i < 4; i++)
		value = value << 8 | bytes[big_endian ? i : 3 - i];
	return value;
}

static void add_to_sum(const struct wal *wal, uint32_t sum[2], const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i += 8) {
		sum[0] += read_wal_word(bytes + i, wal->big_endian) + sum[1];
		sum[1] += read_wal_word(bytes + i + 4, wal->big_endian) + sum[0];
	}
}

static bool is_sum(const uint32_t sum[2], const uint8_t *stored)
{
	return read_wal_word(stored, true) == sum[0] && read_wal_word(stored + 4, true) == sum[1];
}

static bool read_header(struct wal *wal, const uint8_t header[HEADER_SIZE])
{
	const uint32_t magic = read_wal_word(header, true);

	wal->big_endian = magic & 1;
	wal->page_size = read_wal_word(header + 8, true);
	memcpy(wal->salts, header + 16, sizeof(wal->salts));
	add_to_sum(wal, wal->sum, header, HEADER_SIZE - 8);
	memcpy(wal->stored_sum, wal->sum, sizeof(wal->stored_sum));
	return (magic & ~UINT32_C(1)) == MAGIC && wal->page_size >= 512 &&
	       wal->page_size <= PAGE_SIZE_MAX && is_sum(wal->sum, header + HEADER_SIZE - 8);
}

/* Returns whether the frame continues one with the checksum `before`. Computes its own checksum. */
static bool sum_continues(const struct wal *wal, const uint32_t before[2], uint32_t sum[2])
{
	const uint8_t *frame = wal->frame;

	memcpy(sum, before, 2 * sizeof(*sum));
	add_to_sum(wal, sum, frame, 8);
	add_to_sum(wal, sum, frame + FRAME_HEADER_SIZE, wal->page_size);
	return memcmp(frame + 8, wal->salts, sizeof(wal->salts)) == 0 && is_sum(sum, frame + 16);
}

/*
 * A disk writes a sector completely or not at all. Bytes in two sectors may come from two writes.
 */
static bool is_in_one_sector(uint64_t offset, size_t length)
{
	return offset / SECTOR_SIZE == (offset + length - 1) / SECTOR_SIZE;
}

static bool is_zero(const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

/* Takes the next frame, at an offset. Returns true if it continues the previous one. */
static bool take_frame(struct wal *wal, uint64_t offset)
{
	const bool ends = read_wal_word(wal->frame + 4, true) != 0;
	uint32_t sum[2];
	const bool linked = sum_continues(wal, wal->stored_sum, sum) ||
			    sum_continues(wal, wal->sum, sum);

	memcpy(wal->sum, sum, sizeof(sum));
	wal->stored_sum[0] = read_wal_word(wal->frame + 16, true);
	wal->stored_sum[1] = read_wal_word(wal->frame + 20, true);
	/*
	 * The checksum covers the mark of a commit. If the checksum is wrong, the header must at
	 * least come from one write.
	 */
	wal->ends_transaction = ends && (linked || is_in_one_sector(offset, FRAME_HEADER_SIZE));
	return linked;
}

static enum gpald_sqlite_wal_state check_frames(struct wal *wal, uint64_t *readable)
{
	const size_t size = FRAME_HEADER_SIZE + wal->page_size;
	uint64_t offset = HEADER_SIZE;
	bool intact = true;
	ssize_t length;

	for (; (length = read(wal->fd, wal->frame, size)) == (ssize_t)size; offset += size) {
		const bool follows_commit = wal->ends_transaction;
		const bool linked = take_frame(wal, offset);

		if (linked && follows_commit && !intact)
			return GPALD_SQLITE_WAL_DAMAGED;
		intact = intact && linked;
		if (intact && wal->ends_transaction)
			*readable = offset + size;
	}
	return length < 0 ? GPALD_SQLITE_WAL_UNREADABLE : GPALD_SQLITE_WAL_FINE;
}

/* Checks a WAL whose header is zero: it is damaged unless the rest is zero, too. */
static enum gpald_sqlite_wal_state check_zeros(struct wal *wal)
{
	ssize_t length;

	while ((length = read(wal->fd, wal->frame, sizeof(wal->frame))) > 0)
		if (!is_zero(wal->frame, (size_t)length))
			return GPALD_SQLITE_WAL_DAMAGED;
	return length < 0 ? GPALD_SQLITE_WAL_UNREADABLE : GPALD_SQLITE_WAL_FINE;
}

static enum gpald_sqlite_wal_state check_wal(struct wal *wal, uint64_t *readable)
{
	uint8_t header[HEADER_SIZE];
	const ssize_t length = read(wal->fd, header, sizeof(header));

	if (length < 0)
		return GPALD_SQLITE_WAL_UNREADABLE;
	/* A crash while the header was written leaves this. */
	if (length < HEADER_SIZE)
		return GPALD_SQLITE_WAL_FINE;
	if (memcmp(header, empty_mark, HEADER_SIZE) == 0)
		return GPALD_SQLITE_WAL_EMPTY;
	/* SQLite syncs the header before it writes the first frame. */
	if (is_zero(header, sizeof(header)))
		return check_zeros(wal);
	return read_header(wal, header) ? check_frames(wal, readable) : GPALD_SQLITE_WAL_DAMAGED;
}

enum gpald_sqlite_wal_state gpald_sqlite_check_wal(int folder_fd, const char *name,
						   uint64_t *readable)
{
	/* The WAL could be a pipe, which must not make the daemon wait. */
	const int fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	struct wal *wal;
	struct stat status;
	enum gpald_sqlite_wal_state found;

	*readable = 0;
	if (fd < 0)
		return errno == ENOENT ? GPALD_SQLITE_WAL_EMPTY :
		       errno == ELOOP  ? GPALD_SQLITE_WAL_NOT_REGULAR :
					 GPALD_SQLITE_WAL_UNREADABLE;
	if (fstat(fd, &status) == 0 && !S_ISREG(status.st_mode)) {
		close(fd);
		return GPALD_SQLITE_WAL_NOT_REGULAR;
	}
	wal = calloc(1, sizeof(*wal));
	if (!wal) {
		close(fd);
		return GPALD_SQLITE_WAL_UNREADABLE;
	}
	wal->fd = fd;
	found = check_wal(wal, readable);
	free(wal);
	close(fd);
	return found;
}

/* Syncs the mark before frames are cut off. */
static bool mark_empty(int fd)
{
	return pwrite(fd, empty_mark, HEADER_SIZE, 0) == HEADER_SIZE && fdatasync(fd) == 0;
}

static int clear_wal(int fd, int64_t bytes)
{
	struct stat status;
	int code;

	if (fstat(fd, &status) || (status.st_size > 0 && !mark_empty(fd)) ||
	    (status.st_size > bytes && ftruncate(fd, bytes)))
		return errno;
	code = posix_fallocate(fd, 0, bytes);
	if (code == 0 && status.st_size != bytes && fdatasync(fd))
		code = errno;
	return code;
}

int gpald_sqlite_reset_wal(int folder_fd, const char *name, int64_t bytes)
{
	const int fd = openat(folder_fd, name, O_RDWR | O_CLOEXEC);
	int code;

	if (fd < 0)
		return errno;
	code = clear_wal(fd, bytes);
	close(fd);
	return code;
}
