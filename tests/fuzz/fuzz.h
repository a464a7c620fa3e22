/* SPDX-License-Identifier: MIT */
/*
 * Shared by all fuzz targets. A target is one function that takes any bytes, and aborts if a
 * promise is broken. In a build with --enable-fuzzing libFuzzer calls it. In other builds replay.c
 * calls it once for each stored input.
 */
#ifndef GPALD_TESTS_FUZZ_FUZZ_H
#define GPALD_TESTS_FUZZ_FUZZ_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The name of the target and of its folders of inputs. */
extern const char fuzz_target[];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void __attribute__((format(printf, 3, 4), noreturn))
fuzz_fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s:%d: ", file, line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	abort();
}

/* FUZZ_CHECK(condition, printf-style message) */
#define FUZZ_CHECK(condition, ...)                                  \
	do {                                                        \
		if (!(condition))                                   \
			fuzz_fail(__FILE__, __LINE__, __VA_ARGS__); \
	} while (0)

/* The bytes of an input, taken from the front. After the last one come zeros. */
struct fuzz_bytes {
	const uint8_t *next;
	const uint8_t *end;
};

static inline uint8_t fuzz_u8(struct fuzz_bytes *bytes)
{
	return bytes->next < bytes->end ? *bytes->next++ : 0;
}

static inline uint64_t fuzz_number(struct fuzz_bytes *bytes, unsigned int width)
{
	uint64_t value = 0;

	while (width-- > 0)
		value = value << 8 | fuzz_u8(bytes);
	return value;
}

/* Draws a number below `count`. */
static inline size_t fuzz_below(struct fuzz_bytes *bytes, size_t count)
{
	return fuzz_u8(bytes) % count;
}

#endif
