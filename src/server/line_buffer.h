/* SPDX-License-Identifier: MIT */
/* Cuts a stream of bytes into messages of bounded length: lines, or frames of ttrpc. */
#ifndef GPALD_SERVER_LINE_BUFFER_H
#define GPALD_SERVER_LINE_BUFFER_H

#include "core/bytes.h"

#include <gpalayout/export.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gpald_line_buffer {
	size_t most;    /* bytes of a line, its end excluded, or after the header of a frame */
	bool is_framed; /* what follows speaks of lines, and holds for frames as well */

	struct gpald_bytes bytes; /* received, and not dropped yet */
	size_t start;             /* of the line being looked for */
	size_t searched;          /* no LF lies before it */
	uint64_t taken;           /* bytes ever taken as lines, or skipped */
	bool is_skipping;         /* inside a line that is too long and has been reported */
	size_t to_skip;           /* bytes of such a frame */
};

enum gpald_line {
	GPALD_LINE_NONE, /* no whole line yet */
	GPALD_LINE_WHOLE,
	GPALD_LINE_TOO_LONG, /* reported once, as soon as it is known; skipped to its end */
};

void gpald_line_buffer_init(struct gpald_line_buffer *buffer, size_t most, bool is_framed);
void gpald_line_buffer_clear(struct gpald_line_buffer *buffer);

/* False: out of memory. */
GPAL_MUST_USE bool gpald_line_buffer_append(struct gpald_line_buffer *buffer, const char *data,
					    size_t length);

/*
 * The next line that is not blank, without its LF or CR LF, or the next frame with its
 * header; of a frame that is too long, the header. It lies in the buffer until the next
 * call. *offset is where it began in the stream.
 */
enum gpald_line gpald_line_buffer_next(struct gpald_line_buffer *buffer, const char **line,
				       size_t *length, uint64_t *offset);

/*
 * The same for what is left at end of input, which needs no LF; a frame has to be whole. To be
 * called once.
 */
enum gpald_line gpald_line_buffer_last(struct gpald_line_buffer *buffer, const char **line,
				       size_t *length, uint64_t *offset);

/* Gives back the memory of a large line that has been dealt with. */
void gpald_line_buffer_trim(struct gpald_line_buffer *buffer);

/* Bytes received in all. */
uint64_t gpald_line_buffer_received(const struct gpald_line_buffer *buffer);

/* Whether a line has begun that is not whole; true inside one that is skipped. */
bool gpald_line_buffer_is_unfinished(const struct gpald_line_buffer *buffer);

/*
 * Whether gpald_line_buffer_next() has something to do. Bytes are searched once,
 * however often this is asked.
 */
bool gpald_line_buffer_has_line(struct gpald_line_buffer *buffer);

#endif
