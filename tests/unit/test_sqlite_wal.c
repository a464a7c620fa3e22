/* SPDX-License-Identifier: MIT */
/*
 * A power loss or a full disk may tear the end of a WAL. That is no damage, however often it
 * happened. A hole in the acknowledged part is damage. This test writes the WALs frame by frame,
 * because SQLite would not write most of them on demand.
 */
#include "config.h"

#include "registry/sqlite_wal.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 512
#define FRAME (24 + PAGE)
#define FRAMES_MAX 200

/* A WAL as SQLite writes it: the next frame continues `sum`. */
struct writer {
	uint8_t bytes[32 + FRAMES_MAX * FRAME];
	size_t length;
	size_t at; /* position of the next frame */
	uint8_t salt;
	uint32_t sum[2];
};

static struct writer w;

static uint32_t get(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

static void set(uint8_t *bytes, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void add(uint32_t sum[2], const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i += 8) {
		sum[0] += get(bytes + i) + sum[1];
		sum[1] += get(bytes + i + 4) + sum[0];
	}
}

static void set_sum(uint8_t *bytes)
{
	set(bytes, w.sum[0]);
	set(bytes + 4, w.sum[1]);
}

/* Starts the WAL again over the frames of an earlier use. */
static void restart(uint8_t salt)
{
	memset(w.bytes, 0, 32);
	set(w.bytes, UINT32_C(0x377f0683));
	set(w.bytes + 4, 3007000);
	set(w.bytes + 8, PAGE);
	w.salt = salt;
	memset(w.bytes + 16, salt, 8);
	w.sum[0] = w.sum[1] = 0;
	add(w.sum, w.bytes, 24);
	set_sum(w.bytes + 24);
	w.at = 32;
	if (w.length < w.at)
		w.length = w.at;
}

static void begin(void)
{
	memset(&w, 0, sizeof(w));
	restart('s');
}

/* Writes a transaction of this many frames. Each page has different bytes. */
static void commit(int frames)
{
	static uint32_t content;

	for (int i = 0; i < frames; i++) {
		uint8_t *frame = w.bytes + w.at;

		ck_assert_uint_le(w.at + FRAME, sizeof(w.bytes));
		set(frame, (uint32_t)i + 1);
		set(frame + 4, i + 1 == frames ? 7 : 0);
		memset(frame + 8, w.salt, 8);
		for (size_t j = 24; j < FRAME; j += 4)
			set(frame + j, content++ * 2654435761U + 1);
		add(w.sum, frame, 8);
		add(w.sum, frame + 24, PAGE);
		set_sum(frame + 16);
		w.at += FRAME;
		if (w.at > w.length)
			w.length = w.at;
	}
}

static uint8_t *frame_at(int index)
{
	return w.bytes + 32 + index * FRAME;
}

static enum gpald_sqlite_wal_state check(uint64_t *readable)
{
	char path[] = "/tmp/gpalayoutd-XXXXXX";
	const int fd = mkstemp(path);
	enum gpald_sqlite_wal_state found;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, w.bytes, w.length), (int)w.length);
	close(fd);
	found = gpald_sqlite_check_wal(AT_FDCWD, path, readable);
	unlink(path);
	return found;
}

static void assert_wal(enum gpald_sqlite_wal_state expected, int readable_frames)
{
	uint64_t readable;

	ck_assert_int_eq(check(&readable), expected);
	ck_assert_uint_eq(readable, readable_frames ? 32 + (uint64_t)readable_frames * FRAME : 0);
}

START_TEST(a_log_that_is_whole_is_fine)
{
	uint64_t readable;

	begin();
	assert_wal(GPALD_SQLITE_WAL_FINE, 0);
	for (int i = 1; i < 6; i++) {
		commit(i);
		assert_wal(GPALD_SQLITE_WAL_FINE, i * (i + 1) / 2);
	}
	ck_assert_int_eq(gpald_sqlite_check_wal(AT_FDCWD, "/nowhere/log", &readable),
			 GPALD_SQLITE_WAL_EMPTY);
	ck_assert_uint_eq(readable, 0);
	ck_assert_int_eq(gpald_sqlite_check_wal(AT_FDCWD, "/dev", &readable),
			 GPALD_SQLITE_WAL_NOT_REGULAR);
	/* A file whose beginning cannot be read. */
	ck_assert_int_eq(gpald_sqlite_check_wal(AT_FDCWD, "/proc/self/mem", &readable),
			 GPALD_SQLITE_WAL_UNREADABLE);
}
END_TEST

/* If a transaction was not synchronised, any subset of its frames may be on disk. */
START_TEST(a_transaction_that_is_there_in_part_is_no_damage)
{
	for (int kept = 0; kept < 15; kept++) {
		begin();
		commit(2);
		commit(3);
		commit(4);
		for (int i = 0; i < 4; i++)
			if (!(kept & 1 << i))
				memset(frame_at(5 + i), 0, FRAME);
		assert_wal(GPALD_SQLITE_WAL_FINE, 5);
	}
}
END_TEST

/* Each transaction begins after the acknowledged ones, and is shorter than the one before. */
static void tear(int first_lost)
{
	for (int frames = 9; frames > 1; frames--) {
		const struct writer before = w;

		commit(frames);
		memset(w.bytes + before.at + (frames - 1 - first_lost % frames) * FRAME, 0, FRAME);
		w.at = before.at;
		memcpy(w.sum, before.sum, sizeof(w.sum));
	}
}

START_TEST(many_torn_transactions_are_no_damage)
{
	for (int lost = 1; lost < 9; lost++) {
		begin();
		commit(5);
		tear(lost);
		assert_wal(GPALD_SQLITE_WAL_FINE, 5);
		/* Acknowledged frames then overwrite some of the torn ones. */
		commit(2);
		assert_wal(GPALD_SQLITE_WAL_FINE, 7);
		tear(lost);
		assert_wal(GPALD_SQLITE_WAL_FINE, 7);
	}
}
END_TEST

/* If a header lies in two sectors, its halves may come from different writes. */
START_TEST(a_header_of_two_writes_is_no_damage)
{
	int seen = 0;

	for (int first = 0; first < 128; first++) {
		const size_t at = 32 + (size_t)first * FRAME, split = 512 - at % 512;
		uint8_t *header = frame_at(first);

		if (split < 8 || split > 16)
			continue;
		begin();
		commit(first);
		commit(3);
		/* The older half marks the end of a transaction. */
		set(header + 4, 7);
		assert_wal(GPALD_SQLITE_WAL_FINE, first);
		seen++;
	}
	ck_assert_int_eq(seen, 4);
}
END_TEST

START_TEST(pages_left_by_an_earlier_use_of_the_log_are_no_damage)
{
	begin();
	for (int i = 0; i < 5; i++)
		commit(3);
	restart('t');
	assert_wal(GPALD_SQLITE_WAL_FINE, 0);
	commit(4);
	assert_wal(GPALD_SQLITE_WAL_FINE, 4);
}
END_TEST

/* A wrong byte anywhere before the last transaction. */
START_TEST(a_hole_in_acknowledged_transactions_is_damage)
{
	static const int last_frames[] = { 1, 2, 5 };
	static const int ends[] = { 0, 1, 4, 6 }; /* of the transactions, in frames */

	begin();
	for (int i = 1; i < COUNT_OF(ends); i++)
		commit(ends[i] - ends[i - 1]);
	commit(last_frames[_i]);
	for (size_t at = 32; at < 32 + 6 * FRAME; at++) {
		const int frame = (int)(at - 32) / FRAME;
		const size_t in_frame = (at - 32) % FRAME;
		int kept = 0;

		/* Only these bytes say that the last transaction but one ends here. */
		if (frame == 5 && in_frame >= 4 && in_frame < 8)
			continue;
		for (int i = 0; i < COUNT_OF(ends); i++)
			kept = ends[i] <= frame ? ends[i] : kept;
		w.bytes[at] ^= 0x10;
		assert_wal(GPALD_SQLITE_WAL_DAMAGED, kept);
		w.bytes[at] ^= 0x10;
	}
	assert_wal(GPALD_SQLITE_WAL_FINE, 6 + last_frames[_i]);
}
END_TEST

START_TEST(frames_that_are_gone_from_the_middle_are_damage)
{
	for (int first = 0; first < 6; first++) {
		begin();
		commit(2);
		commit(2);
		commit(2);
		commit(2);
		commit(1);
		memset(frame_at(first), 0, FRAME);
		assert_wal(GPALD_SQLITE_WAL_DAMAGED, first / 2 * 2);
	}
}
END_TEST

START_TEST(a_header_that_is_wrong_is_damage)
{
	begin();
	commit(1);
	for (size_t at = 0; at < 32; at++) {
		w.bytes[at] ^= 0x10;
		assert_wal(GPALD_SQLITE_WAL_DAMAGED, 0);
		w.bytes[at] ^= 0x10;
	}
	memset(w.bytes, 0, 32);
	assert_wal(GPALD_SQLITE_WAL_DAMAGED, 0);
}
END_TEST

START_TEST(a_log_without_a_header_yet_is_fine)
{
	begin();
	for (w.length = 0; w.length < 32; w.length++)
		assert_wal(GPALD_SQLITE_WAL_FINE, 0);
	memset(w.bytes, 0, 32);
	for (w.length = 0; w.length < 100000; w.length += 10000)
		assert_wal(GPALD_SQLITE_WAL_FINE, 0);
}
END_TEST

/* Sets one byte, near the place where a buffer for a frame of the largest page would end. */
START_TEST(bytes_without_a_header_are_damage)
{
	begin();
	memset(w.bytes, 0, sizeof(w.bytes));
	for (w.length = 65500; w.length < 65700; w.length++) {
		w.bytes[w.length - 1] = 1;
		assert_wal(GPALD_SQLITE_WAL_DAMAGED, 0);
		w.bytes[w.length - 1] = 0;
	}
}
END_TEST

static const struct {
	uint32_t size;
	enum gpald_sqlite_wal_state found;
} page_sizes[] = {
	{ 256, GPALD_SQLITE_WAL_DAMAGED },
	{ 512, GPALD_SQLITE_WAL_FINE },
	{ 65536, GPALD_SQLITE_WAL_FINE },
	{ 131072, GPALD_SQLITE_WAL_DAMAGED },
};

START_TEST(pages_have_512_to_65536_bytes)
{
	begin();
	set(w.bytes + 8, page_sizes[_i].size);
	w.sum[0] = w.sum[1] = 0;
	add(w.sum, w.bytes, 24);
	set_sum(w.bytes + 24);
	assert_wal(page_sizes[_i].found, 0);
}
END_TEST

/* The WAL may be longer or shorter than the room set aside for it, with any contents. */
START_TEST(a_log_that_was_emptied_is_empty)
{
	static const int64_t sizes[] = { 4096, 65536 };
	static const int frames[] = { 0, 5, 100 };

	for (int i = 0; i < COUNT_OF(frames); i++) {
		char path[] = "/tmp/gpalayoutd-XXXXXX";
		const int fd = mkstemp(path);
		struct stat status;
		uint64_t readable;

		begin();
		commit(frames[i]);
		commit(frames[i]);
		ck_assert_int_eq(write(fd, w.bytes, w.length), (int)w.length);
		ck_assert_int_eq(gpald_sqlite_reset_wal(AT_FDCWD, path, sizes[_i]), 0);
		ck_assert_int_eq(gpald_sqlite_check_wal(AT_FDCWD, path, &readable),
				 GPALD_SQLITE_WAL_EMPTY);
		ck_assert_uint_eq(readable, 0);
		ck_assert_int_eq(fstat(fd, &status), 0);
		ck_assert_int_eq(status.st_size, sizes[_i]);
		ck_assert_int_ge(status.st_blocks * 512, sizes[_i]);
		close(fd);
		unlink(path);
	}
	ck_assert_int_eq(gpald_sqlite_reset_wal(AT_FDCWD, "/nowhere/log", 1), ENOENT);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sqlite_wal");

	add_test(suite, "crashes", a_log_that_is_whole_is_fine);
	add_test(suite, "crashes", a_transaction_that_is_there_in_part_is_no_damage);
	add_test(suite, "crashes", many_torn_transactions_are_no_damage);
	add_test(suite, "crashes", a_header_of_two_writes_is_no_damage);
	add_test(suite, "crashes", pages_left_by_an_earlier_use_of_the_log_are_no_damage);
	add_test(suite, "crashes", a_log_without_a_header_yet_is_fine);
	add_rows(suite, "crashes", a_log_that_was_emptied_is_empty, 2);
	add_test(suite, "damage", bytes_without_a_header_are_damage);
	add_rows(suite, "damage", pages_have_512_to_65536_bytes, COUNT_OF(page_sizes));
	add_rows(suite, "damage", a_hole_in_acknowledged_transactions_is_damage, 3);
	add_test(suite, "damage", frames_that_are_gone_from_the_middle_are_damage);
	add_test(suite, "damage", a_header_that_is_wrong_is_damage);
	return run_suite(suite);
}
