/* SPDX-License-Identifier: MIT */
/* Splits a stream into lines, independent of how the stream is cut into pieces. */
#include "config.h"

#include "server/line_buffer.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <string.h>

#define LINE_LENGTH_MAX 8

/* The resulting lines. Each is its text, or "!" if it is too long, and a "|". */
struct outcome {
	char text[512];
	size_t length;
};

static void note(struct outcome *o, enum gpald_line found, const char *line, size_t length)
{
	if (found == GPALD_LINE_TOO_LONG)
		line = "!", length = 1;
	o->length += (size_t)snprintf(o->text + o->length, sizeof(o->text) - o->length, "%.*s|",
				      (int)length, line);
}

static void drain(struct gpald_line_buffer *buffer, struct outcome *o)
{
	const char *line;
	size_t length;
	uint64_t offset;
	enum gpald_line found;

	while (gpald_line_buffer_has_line(buffer)) {
		found = gpald_line_buffer_next(buffer, &line, &length, &offset);
		if (found == GPALD_LINE_NONE)
			break;
		note(o, found, line, length);
	}
	found = gpald_line_buffer_next(buffer, &line, &length, &offset);
	ck_assert_int_eq(found, GPALD_LINE_NONE);
}

static const struct {
	const char *stream, *lines;
} rows[] = {
	{ "", "" },
	{ "\n", "" },
	{ "a\n", "a|" },
	{ "a\r\n", "a|" },
	{ "a\rb\n", "a\rb|" },
	{ "a\r\r\n", "a\r|" },
	{ "a\n\n \t\r\nb\n", "a|b|" },
	{ "a", "a|" },
	{ "a\nb", "a|b|" },
	{ "a\n \r", "a|" },
	{ "a\r", "a|" },
	{ "12345678\n", "12345678|" },
	{ "12345678\r\n", "12345678|" },
	{ "12345678", "12345678|" },
	{ "12345678\r", "12345678|" },
	{ "123456789\n", "!|" },
	{ "123456789\r\n", "!|" },
	{ "123456789", "!|" },
	{ "1234567890123456789\na\n", "!|a|" },
	{ "1234567890123456789", "!|" },
	{ "1234567890123456789\n", "!|" },
	{ "1234567890123456789\n1234567890123456789\nb", "!|!|b|" },
	/* A blank line may have one byte more, because its last byte could be a CR. */
	{ "         \na\n", "a|" },
	{ "          \na\n", "!|a|" },
	{ "                    \na\n", "!|a|" },
};

START_TEST(lines_do_not_depend_on_the_pieces)
{
	const char *stream = rows[_i].stream;
	const size_t length = strlen(stream);

	for (size_t piece = 1; piece <= length + 1; piece++) {
		struct gpald_line_buffer buffer;
		struct outcome o = { .length = 0 };
		const char *line;
		size_t line_length;
		uint64_t offset;
		enum gpald_line found;

		gpald_line_buffer_init(&buffer, LINE_LENGTH_MAX, false);
		for (size_t at = 0; at < length; at += piece) {
			size_t size = length - at < piece ? length - at : piece;

			ck_assert(gpald_line_buffer_append(&buffer, stream + at, size));
			drain(&buffer, &o);
		}
		found = gpald_line_buffer_last(&buffer, &line, &line_length, &offset);
		if (found != GPALD_LINE_NONE)
			note(&o, found, line, line_length);
		ck_assert_uint_eq(gpald_line_buffer_received(&buffer), length);
		ck_assert_uint_eq(buffer.taken, length);
		ck_assert_str_eq(o.text, rows[_i].lines);
		gpald_line_buffer_clear(&buffer);
	}
}
END_TEST

START_TEST(offsets_count_from_the_start_of_the_stream)
{
	struct gpald_line_buffer buffer;
	const char *line;
	size_t length;
	uint64_t offset;

	gpald_line_buffer_init(&buffer, LINE_LENGTH_MAX, false);
	ck_assert(gpald_line_buffer_append(&buffer, "a\n\nbc\r\nd", 8));
	ck_assert_int_eq(gpald_line_buffer_next(&buffer, &line, &length, &offset),
			 GPALD_LINE_WHOLE);
	ck_assert_uint_eq(offset, 0);
	ck_assert_int_eq(gpald_line_buffer_next(&buffer, &line, &length, &offset),
			 GPALD_LINE_WHOLE);
	ck_assert_uint_eq(offset, 3);
	ck_assert(gpald_line_buffer_is_unfinished(&buffer));
	ck_assert(!gpald_line_buffer_has_line(&buffer));
	ck_assert(gpald_line_buffer_append(&buffer, "\n", 1));
	ck_assert_int_eq(gpald_line_buffer_next(&buffer, &line, &length, &offset),
			 GPALD_LINE_WHOLE);
	ck_assert_uint_eq(offset, 7);
	ck_assert(!gpald_line_buffer_is_unfinished(&buffer));
	ck_assert_uint_eq(gpald_line_buffer_received(&buffer), 9);
	gpald_line_buffer_clear(&buffer);
}
END_TEST

START_TEST(a_line_that_is_skipped_takes_no_memory)
{
	struct gpald_line_buffer buffer;
	char piece[4096];
	const char *line;
	size_t length;
	uint64_t offset;

	memset(piece, 'x', sizeof(piece));
	gpald_line_buffer_init(&buffer, LINE_LENGTH_MAX, false);
	for (int i = 0; i < 1000; i++) {
		ck_assert(gpald_line_buffer_append(&buffer, piece, sizeof(piece)));
		/* Only the first piece of a line that is too long is reported. */
		ck_assert_int_eq(gpald_line_buffer_has_line(&buffer), i == 0);
		ck_assert_int_eq(gpald_line_buffer_next(&buffer, &line, &length, &offset),
				 i == 0 ? GPALD_LINE_TOO_LONG : GPALD_LINE_NONE);
		ck_assert(gpald_line_buffer_is_unfinished(&buffer));
	}
	ck_assert_uint_le(buffer.bytes.capacity, 4 * sizeof(piece));
	ck_assert_uint_eq(gpald_line_buffer_received(&buffer), 1000 * sizeof(piece));
	gpald_line_buffer_clear(&buffer);
}
END_TEST

START_TEST(bytes_after_a_skipped_line_are_kept)
{
	struct gpald_line_buffer buffer;
	const char *line;
	size_t length;
	uint64_t offset;

	gpald_line_buffer_init(&buffer, LINE_LENGTH_MAX, false);
	ck_assert(gpald_line_buffer_append(&buffer, "12345678901", 11));
	ck_assert_int_eq(gpald_line_buffer_next(&buffer, &line, &length, &offset),
			 GPALD_LINE_TOO_LONG);
	ck_assert(gpald_line_buffer_append(&buffer, "2\na", 3));
	ck_assert(gpald_line_buffer_append(&buffer, "b", 1));
	ck_assert(gpald_line_buffer_append(&buffer, "c\n", 2));
	ck_assert_int_eq(gpald_line_buffer_next(&buffer, &line, &length, &offset),
			 GPALD_LINE_WHOLE);
	ck_assert_uint_eq(length, 3);
	ck_assert_int_eq(memcmp(line, "abc", 3), 0);
	gpald_line_buffer_clear(&buffer);
}
END_TEST

START_TEST(the_memory_of_a_large_line_is_freed)
{
	struct gpald_line_buffer buffer;
	static char large[1 << 20];
	const char *line;
	size_t length;
	uint64_t offset;

	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\n';
	gpald_line_buffer_init(&buffer, sizeof(large), false);
	ck_assert(gpald_line_buffer_append(&buffer, large, sizeof(large)));
	gpald_line_buffer_trim(&buffer);
	ck_assert_int_eq(gpald_line_buffer_next(&buffer, &line, &length, &offset),
			 GPALD_LINE_WHOLE);
	gpald_line_buffer_trim(&buffer);
	ck_assert_uint_eq(buffer.bytes.capacity, 0);
	ck_assert(gpald_line_buffer_append(&buffer, "a\n", 2));
	ck_assert_int_eq(gpald_line_buffer_next(&buffer, &line, &length, &offset),
			 GPALD_LINE_WHOLE);
	ck_assert_uint_eq(offset, sizeof(large));
	gpald_line_buffer_clear(&buffer);
}
END_TEST

START_TEST(a_failed_append_changes_nothing)
{
	struct gpald_line_buffer buffer;
	const char *line;
	size_t length;
	uint64_t offset;

	gpald_line_buffer_init(&buffer, 10, false);
	ck_assert(gpald_line_buffer_append(&buffer, "ab", 2));
	ck_assert(!gpald_line_buffer_append(&buffer, "c", SIZE_MAX));
	ck_assert(gpald_line_buffer_append(&buffer, "c\n", 2));
	ck_assert_int_eq(gpald_line_buffer_next(&buffer, &line, &length, &offset),
			 GPALD_LINE_WHOLE);
	ck_assert_uint_eq(length, 3);
	ck_assert_mem_eq(line, "abc", 3);
	gpald_line_buffer_clear(&buffer);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("line_buffer");

	add_rows(suite, "lines", lines_do_not_depend_on_the_pieces, COUNT_OF(rows));
	add_test(suite, "lines", offsets_count_from_the_start_of_the_stream);
	add_test(suite, "lines", a_line_that_is_skipped_takes_no_memory);
	add_test(suite, "lines", bytes_after_a_skipped_line_are_kept);
	add_test(suite, "lines", the_memory_of_a_large_line_is_freed);
	add_test(suite, "lines", a_failed_append_changes_nothing);
	return run_suite(suite);
}
