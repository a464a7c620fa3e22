/* SPDX-License-Identifier: MIT */
/*
 * The user's JSON documents. They are sent as written rather than parsed and
 * printed again, so that the daemon judges what the user wrote.
 */
#include "config.h"

#include "document.h"

#include "json_build.h"
#include "json_text.h"
#include "message.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* Far above what the daemon takes, which says so itself; ends reading of /dev/zero. */
#define LARGEST_DOCUMENT ((size_t)16 << 20)
#define READ_SIZE ((size_t)64 << 10)

static enum ctl_exit check(struct ctl_document *document)
{
	struct ctl_buffer *text = &document->text;
	struct ctl_json_fault fault;
	ctl_cleanup_json cJSON *tree = ctl_json_parse(text, &fault);
	size_t line = 1;
	size_t column = 1;

	if (tree) {
		for (size_t i = 0; i < text->len; i++) {
			if (text->data[i] == '\n' || text->data[i] == '\r')
				text->data[i] = ' ';
		}
		return CTL_OK;
	}
	for (size_t i = 0; i < fault.offset; i++) {
		column++;
		if (text->data[i] == '\n') {
			line++;
			column = 1;
		}
	}
	ctl_complain("%s:%zu: not JSON: %s", document->name, fault.offset, fault.what);
	ctl_hint("byte %zu is in line %zu, column %zu", fault.offset, line, column);
	return CTL_USAGE;
}

static enum ctl_exit read_all(struct ctl_document *document, int fd)
{
	struct ctl_buffer *text = &document->text;
	ssize_t count;

	do {
		count = read(fd, ctl_buffer_reserve(text, READ_SIZE), READ_SIZE);
		if (count < 0 && errno == EAGAIN)
			poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, -1);
		else if (count < 0 && errno != EINTR)
			return ctl_usage_error("%s: %s", document->name, strerror(errno));
		if (count > 0)
			text->len += (size_t)count;
		if (text->len > LARGEST_DOCUMENT)
			return ctl_usage_error("%s: larger than %zu MiB", document->name,
					       LARGEST_DOCUMENT >> 20);
	} while (count);
	text->data[text->len] = '\0';
	return CTL_OK;
}

enum ctl_exit ctl_document_read(struct ctl_document *document, const char *path)
{
	bool is_input = strcmp(path, "-") == 0;
	enum ctl_exit code;
	int fd;

	document->name = is_input ? "standard input" : path;
	fd = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return ctl_usage_error("%s: %s", path, strerror(errno));
	code = read_all(document, fd);
	if (!is_input)
		close(fd);
	return code ? code : check(document);
}

enum ctl_exit ctl_document_set(struct ctl_document *document, const char *name, const char *text)
{
	document->name = name;
	ctl_buffer_puts(&document->text, text);
	return check(document);
}

void ctl_document_free(struct ctl_document *document)
{
	ctl_buffer_free(&document->text);
}
