/* SPDX-License-Identifier: MIT */
/*
 * Documents are sent as they were written, not parsed and printed again, so that the daemon checks
 * what the user wrote.
 */
#include "config.h"

#include "gpalayoutctl/request/request.h"

#include "gpalayoutctl/message.h"
#include "gpalayoutctl/request/flags.h"
#include "wire/json_parse.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/*
 * The client reads no larger document, so that it does not read an endless file (/dev/zero). The
 * daemon's limit, request_line_bytes, is 1 MiB by default and 64 MiB at most.
 */
#define LARGEST_DOCUMENT ((size_t)16 << 20)
#define READ_SIZE ((size_t)64 << 10)

bool ctl_is_json(const char *text, size_t length, struct gpald_wire_error *fault)
{
	struct gpald_arena *arena = gpald_arena_new(length);
	const cJSON *tree;
	bool read;

	if (!arena)
		ctl_out_of_memory();
	read = gpald_json_parse(text, length, arena, &tree, fault) == 0;
	gpald_arena_free(arena);
	if (!read && fault->reason == GPALD_REASON_OF(GPAL_E_NO_MEMORY))
		ctl_out_of_memory();
	return read;
}

static enum ctl_exit check_document(struct gpald_bytes *document, const char *name)
{
	struct gpald_wire_error fault;
	size_t line = 1;
	size_t column = 1;

	if (ctl_is_json(document->data, document->length, &fault)) {
		for (size_t i = 0; i < document->length; i++) {
			if (document->data[i] == '\n' || document->data[i] == '\r')
				document->data[i] = ' ';
		}
		return CTL_OK;
	}
	for (size_t i = 0; i < fault.offset; i++) {
		column++;
		if (document->data[i] == '\n') {
			line++;
			column = 1;
		}
	}
	ctl_error("%s:%zu: %s", name, fault.offset, fault.message);
	ctl_hint("byte %zu is in line %zu, column %zu", fault.offset, line, column);
	return CTL_USAGE;
}

static enum ctl_exit read_document(struct gpald_bytes *document, const char *name, int fd)
{
	ssize_t count;

	do {
		count = read(fd, ctl_buffer_reserve(document, READ_SIZE), READ_SIZE);
		if (count < 0 && errno == EAGAIN)
			poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, -1);
		else if (count < 0 && errno != EINTR)
			return ctl_error("%s: %s", name, strerror(errno));
		if (count > 0)
			document->length += (size_t)count;
		if (document->length > LARGEST_DOCUMENT)
			return ctl_error("%s: larger than %zu MiB", name, LARGEST_DOCUMENT >> 20);
	} while (count);
	document->data[document->length] = '\0';
	return CTL_OK;
}

enum ctl_exit ctl_document_read(struct gpald_bytes *document, const char *path)
{
	bool is_input = strcmp(path, "-") == 0;
	const char *name = is_input ? "standard input" : path;
	int fd = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	enum ctl_exit code;

	if (fd < 0)
		return ctl_error("%s: %s", path, strerror(errno));
	code = read_document(document, name, fd);
	if (!is_input)
		close(fd);
	return code ? code : check_document(document, name);
}

enum ctl_exit ctl_document_set(struct gpald_bytes *document, const char *name, const char *text)
{
	ctl_buffer_puts(document, text);
	return check_document(document, name);
}

bool ctl_append_request_of_reply(struct gpald_bytes *text, struct gpald_raw reply)
{
	struct gpald_raw request, policy, own, rest, value;

	gpald_raw_member(reply, "result", &reply);
	if (!gpald_raw_member(reply, "request", &request) ||
	    !gpald_raw_member(reply, "layout", &policy) ||
	    !gpald_raw_member(policy, "policy", &policy) || *request.text != '{')
		return false;
	rest = request;
	if (!gpald_raw_next(&rest, &own, &value))
		return false;
	ctl_buffer_puts(text, "{");
	if (!gpald_raw_member(request, "policy", &own))
		ctl_buffer_printf(text, "\"policy\":%.*s,", (int)policy.length, policy.text);
	ctl_buffer_append(text, request.text + 1, request.length - 1);
	return true;
}

enum ctl_exit ctl_request_read(struct gpald_bytes *text, const char *file)
{
	ctl_cleanup_buffer struct gpald_bytes document = { 0 };
	const enum ctl_exit code = ctl_document_read(&document, file);

	if (!code && !ctl_append_request_of_reply(
			     text, gpald_raw_value(ctl_buffer_text(&document), document.length)))
		ctl_buffer_append(text, ctl_buffer_text(&document), document.length);
	return code;
}

enum ctl_exit ctl_request_take(struct ctl_session *session, const char *file)
{
	const struct ctl_invocation *invocation = session->invocation;
	const char *command = invocation->command->name;
	const size_t flags = ctl_request_flag_count(invocation);
	ctl_cleanup_buffer struct gpald_bytes text = { 0 };
	enum ctl_exit code;

	if (file && flags)
		return ctl_error("%s takes a file or options of a request, not both", command);
	session->request_source = file;
	if (file)
		return ctl_request_read(&session->request, file);
	if (!flags) {
		ctl_error("%s needs a request: a file, - for standard input, or options", command);
		ctl_hint("for example, --memory 4G; gpalayoutctl %s --help lists the options",
			 command);
		return CTL_USAGE;
	}
	code = ctl_request_build(invocation, &text);
	return code ? code :
		      ctl_document_set(&session->request, "the request from the options",
				       text.data);
}
