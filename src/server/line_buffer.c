/* SPDX-License-Identifier: MIT */
/*
 * Cuts the stream. Lines are returned in place. The bytes of taken lines are dropped when more are
 * appended, so a burst of small lines is moved once, not once for each line.
 */
#include "config.h"

#include "server/line_buffer.h"

#include "ttrpc/envelope.h"

#include <string.h>

#define CAPACITY_MIN ((size_t)1024)
#define KEPT_CAPACITY ((size_t)65536)

void gpald_line_buffer_init(struct gpald_line_buffer *buffer, size_t length_max, bool is_framed)
{
	*buffer = (struct gpald_line_buffer){ .length_max = length_max, .is_framed = is_framed };
}

void gpald_line_buffer_clear(struct gpald_line_buffer *buffer)
{
	gpald_bytes_free(&buffer->bytes);
	*buffer = (struct gpald_line_buffer){ .length_max = buffer->length_max,
					      .is_framed = buffer->is_framed };
}

/* Moves the start of the next line. */
static void take_line_bytes(struct gpald_line_buffer *buffer, size_t to)
{
	buffer->taken += to - buffer->start;
	buffer->start = to;
	buffer->searched = to;
}

static void drop_taken(struct gpald_line_buffer *buffer)
{
	if (buffer->start == 0)
		return;
	memmove(buffer->bytes.data, buffer->bytes.data + buffer->start,
		buffer->bytes.length - buffer->start);
	buffer->searched -= buffer->start;
	buffer->bytes.length -= buffer->start;
	buffer->start = 0;
}

bool gpald_line_buffer_append(struct gpald_line_buffer *buffer, const char *data, size_t length)
{
	drop_taken(buffer);
	if (buffer->to_skip > 0 && buffer->start == buffer->bytes.length) {
		const size_t skipped = length < buffer->to_skip ? length : buffer->to_skip;

		buffer->taken += skipped;
		buffer->to_skip -= skipped;
		data += skipped;
		length -= skipped;
		if (length == 0)
			return true;
	}
	/* Drops the rest of a line that is too long, unless its end has arrived. */
	if (buffer->is_skipping && buffer->start == buffer->bytes.length &&
	    !memchr(data, '\n', length)) {
		buffer->taken += length;
		return true;
	}
	return gpald_bytes_append(&buffer->bytes, data, length, CAPACITY_MIN);
}

/* Frames. */

/*
 * Skips what has arrived of a frame that is too long. Returns whether the header of the next frame
 * has arrived.
 */
static bool skip_to_header(struct gpald_line_buffer *buffer)
{
	const size_t there = buffer->bytes.length - buffer->start;
	const size_t skipped = there < buffer->to_skip ? there : buffer->to_skip;

	take_line_bytes(buffer, buffer->start + skipped);
	buffer->to_skip -= skipped;
	return buffer->bytes.length - buffer->start >= GPALD_TTRPC_HEADER_SIZE;
}

static enum gpald_line next_frame(struct gpald_line_buffer *buffer, const char **frame,
				  size_t *length, uint64_t *offset)
{
	enum gpald_line found = GPALD_LINE_WHOLE;
	size_t whole;

	if (!skip_to_header(buffer))
		return GPALD_LINE_NONE;
	*frame = buffer->bytes.data + buffer->start;
	*offset = buffer->taken;
	whole = GPALD_TTRPC_HEADER_SIZE + gpald_ttrpc_header(*frame).length;
	if (whole - GPALD_TTRPC_HEADER_SIZE > buffer->length_max) {
		buffer->to_skip = whole - GPALD_TTRPC_HEADER_SIZE;
		whole = GPALD_TTRPC_HEADER_SIZE;
		found = GPALD_LINE_TOO_LONG;
	} else if (buffer->bytes.length - buffer->start < whole) {
		return GPALD_LINE_NONE;
	}
	*length = whole;
	take_line_bytes(buffer, buffer->start + whole);
	return found;
}

static bool has_frame(struct gpald_line_buffer *buffer)
{
	size_t length;

	if (!skip_to_header(buffer))
		return false;
	length = gpald_ttrpc_header(buffer->bytes.data + buffer->start).length;
	return length > buffer->length_max ||
	       buffer->bytes.length - buffer->start >= GPALD_TTRPC_HEADER_SIZE + length;
}

/* Lines. */

static bool is_blank(const char *line, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r')
			return false;
	return true;
}

/* Returns the LF that ends the next line, or NULL. */
static const char *find_lf(struct gpald_line_buffer *buffer)
{
	const char *lf = NULL;

	if (buffer->searched < buffer->bytes.length)
		lf = memchr(buffer->bytes.data + buffer->searched, '\n',
			    buffer->bytes.length - buffer->searched);
	buffer->searched = lf ? (size_t)(lf - buffer->bytes.data) : buffer->bytes.length;
	return lf;
}

/* Returns a line of `length` bytes; its end has `skip` bytes. */
static enum gpald_line take_line(struct gpald_line_buffer *buffer, size_t length, size_t skip,
				 const char **line, size_t *line_length, uint64_t *offset)
{
	const bool was_skipping = buffer->is_skipping;

	*line = buffer->bytes.data + buffer->start;
	*line_length = length;
	*offset = buffer->taken;
	buffer->is_skipping = false;
	take_line_bytes(buffer, buffer->start + length + skip);
	/*
	 * A blank line of more than length_max + 1 bytes is reported as too long, no matter how its
	 * bytes arrive.
	 */
	if (was_skipping || (length <= buffer->length_max + 1 && is_blank(*line, length)))
		return GPALD_LINE_NONE;
	if ((*line)[length - 1] == '\r')
		(*line_length)--;
	return *line_length > buffer->length_max ? GPALD_LINE_TOO_LONG : GPALD_LINE_WHOLE;
}

/* Reports an unfinished line that is too long, even if its last byte is a CR, and skips it. */
static enum gpald_line skip_rest(struct gpald_line_buffer *buffer, uint64_t *offset)
{
	const bool is_new = !buffer->is_skipping;

	*offset = buffer->taken;
	buffer->is_skipping = true;
	take_line_bytes(buffer, buffer->bytes.length);
	return is_new ? GPALD_LINE_TOO_LONG : GPALD_LINE_NONE;
}

enum gpald_line gpald_line_buffer_next(struct gpald_line_buffer *buffer, const char **line,
				       size_t *length, uint64_t *offset)
{
	const char *lf;

	if (buffer->is_framed)
		return next_frame(buffer, line, length, offset);
	while ((lf = find_lf(buffer))) {
		const size_t whole = (size_t)(lf - buffer->bytes.data) - buffer->start;
		enum gpald_line found = take_line(buffer, whole, 1, line, length, offset);

		if (found != GPALD_LINE_NONE)
			return found;
	}
	if (buffer->is_skipping || buffer->bytes.length - buffer->start > buffer->length_max + 1)
		return skip_rest(buffer, offset);
	return GPALD_LINE_NONE;
}

enum gpald_line gpald_line_buffer_last(struct gpald_line_buffer *buffer, const char **line,
				       size_t *length, uint64_t *offset)
{
	if (buffer->is_framed)
		take_line_bytes(buffer, buffer->bytes.length);
	if (buffer->start == buffer->bytes.length)
		return GPALD_LINE_NONE;
	return take_line(buffer, buffer->bytes.length - buffer->start, 0, line, length, offset);
}

void gpald_line_buffer_trim(struct gpald_line_buffer *buffer)
{
	if (buffer->start < buffer->bytes.length || buffer->bytes.capacity <= KEPT_CAPACITY)
		return;
	gpald_bytes_free(&buffer->bytes);
	buffer->start = buffer->searched = 0;
}

uint64_t gpald_line_buffer_received(const struct gpald_line_buffer *buffer)
{
	return buffer->taken + (buffer->bytes.length - buffer->start);
}

bool gpald_line_buffer_is_unfinished(const struct gpald_line_buffer *buffer)
{
	return buffer->is_skipping || buffer->to_skip > 0 || buffer->start < buffer->bytes.length;
}

bool gpald_line_buffer_has_line(struct gpald_line_buffer *buffer)
{
	if (buffer->is_framed)
		return has_frame(buffer);
	if (buffer->is_skipping && buffer->start < buffer->bytes.length)
		return true;
	return find_lf(buffer) || buffer->bytes.length - buffer->start > buffer->length_max + 1;
}
