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
	size_t length_max; /* longest line without its end, or frame without its header, in bytes */
	bool is_framed;    /* cut frames; the comments below apply to frames, too */

	struct gpald_bytes bytes; /* received and not yet dropped */
	size_t start;             /* of the next line */
	size_t searched;          /* there is no LF before this offset */
	uint64_t taken;           /* all bytes taken as lines, or skipped */
	bool is_skipping;         /* inside a reported line that is too long */
	size_t to_skip;           /* bytes to skip of a frame that is too long */
};

enum gpald_line {
	GPALD_LINE_NONE, /* no complete line yet */
	GPALD_LINE_WHOLE,
	GPALD_LINE_TOO_LONG, /* reported once, as soon as it is known; the line is skipped */
};

void gpald_line_buffer_init(struct gpald_line_buffer *buffer, size_t length_max, bool is_framed);
void gpald_line_buffer_clear(struct gpald_line_buffer *buffer);

/* Appends received bytes. Returns false if memory ran out. */
GPAL_MUST_USE bool gpald_line_buffer_append(struct gpald_line_buffer *buffer, const char *data,
					    size_t length);

/*
 * Returns the next line that is not blank, without its LF or CR LF, or the next frame with its
 * header; for a frame that is too long, only the header. It lies in the buffer until bytes are
 * appended or the buffer is trimmed. *offset is where it began in the stream. For a line that is
 * too long, use only *offset.
 */
enum gpald_line gpald_line_buffer_next(struct gpald_line_buffer *buffer, const char **line,
				       size_t *length, uint64_t *offset);

/*
 * Like gpald_line_buffer_next(), for the bytes that remain when the input has ended: a line needs
 * no LF, and an incomplete frame is dropped.
 */
enum gpald_line gpald_line_buffer_last(struct gpald_line_buffer *buffer, const char **line,
				       size_t *length, uint64_t *offset);

/* Frees the memory of a large line that has been answered. */
void gpald_line_buffer_trim(struct gpald_line_buffer *buffer);

/* Returns the number of all received bytes. */
uint64_t gpald_line_buffer_received(const struct gpald_line_buffer *buffer);

/*
 * Returns whether a line has begun but not ended, even if it is skipped. Call it only if
 * gpald_line_buffer_has_line() returns false.
 */
bool gpald_line_buffer_is_unfinished(const struct gpald_line_buffer *buffer);

/*
 * Returns whether gpald_line_buffer_next() would return a line, or drop a blank one or the rest of
 * one that is too long. Each byte is searched once, however often this is called.
 */
bool gpald_line_buffer_has_line(struct gpald_line_buffer *buffer);

#endif
