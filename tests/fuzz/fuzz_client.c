/* SPDX-License-Identifier: MIT */
/*
 * gpalayoutctl reading what the daemon sends.
 *
 * Input: a byte that chooses the command line, a byte of settings, one for the sizes
 * of chunks, then all that the daemon sends; a byte of 0xff closes the connection,
 * and what follows comes over the next one. The program runs as it is, but for the
 * system calls, which the linker leads here (--wrap). Nothing that is printed may
 * have a character that a terminal obeys.
 */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* The table of commands is in the file that has main(). */
int ctl_main(int argc, char **argv);
#define main ctl_main
#include "gpalayoutctl/main.c"
#undef main

const char fuzz_target[] = "client";

#define WORDS_MAX 12
#define SOCKET 1000 /* a descriptor that nobody has */

/* A file whose content is one request, or one list of demands. */
#define REQUEST_FILE "REQUEST"
#define DEMANDS_FILE "DEMANDS"

static const char *const command_lines[][WORDS_MAX] = {
	{ "info" },
	{ "stats" },
	{ "policies" },
	{ "schema" },
	{ "list" },
	{ "list", "--limit", "2" },
	{ "get", "vm-1" },
	{ "get", "vm-1", "--request" },
	{ "create", "vm-1", "--memory", "1GiB" },
	{ "update", "vm-1", "--memory", "1GiB" },
	{ "update", "vm-1", "--memory", "1GiB", "--dry-run" },
	{ "delete", "vm-1" },
	{ "probe", "0x1000" },
	{ "probe", "0x1000", "vm-1", "vm-2" },
	{ "explain", "vm-1" },
	{ "explain", "vm-1", "ram0" },
	{ "explain", "--memory", "1GiB" },
	{ "compare", "vm-1", "vm-2" },
	{ "compare", "vm-1", "--to-policy", "openvmm-2026.06" },
	{ "watch", "--count", "3" },
	{ "watch", "--since", "5" },
	{ "resolve", "--memory", "1GiB" },
	{ "resolve", "--memory", "1GiB", "--advise" },
	{ "fit", REQUEST_FILE, REQUEST_FILE },
	{ "allocate", DEMANDS_FILE },
	{ "call", "layout.list" },
};

/* The program's world; `is_running` is false for the calls of all others. */
static struct {
	bool is_running;
	bool is_terminal;
	bool is_json;
	bool is_joined; /* of several lines it makes one of its own */
	const uint8_t *stream;
	size_t size;
	size_t at;
	unsigned int chunk;
} world;

int __real_socket(int domain, int type, int protocol);
int __real_connect(int fd, const struct sockaddr *address, socklen_t length);
int __real_poll(struct pollfd *fds, nfds_t count, int timeout);
ssize_t __real_recv(int fd, void *buffer, size_t length, int flags);
ssize_t __real_send(int fd, const void *buffer, size_t length, int flags);
ssize_t __real_write(int fd, const void *buffer, size_t length);
int __real_close(int fd);
int __real_isatty(int fd);
int __real_raise(int number);

int __wrap_socket(int domain, int type, int protocol);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);
ssize_t __wrap_recv(int fd, void *buffer, size_t length, int flags);
ssize_t __wrap_send(int fd, const void *buffer, size_t length, int flags);
ssize_t __wrap_write(int fd, const void *buffer, size_t length);
int __wrap_close(int fd);
int __wrap_isatty(int fd);
int __wrap_raise(int number);

int __wrap_socket(int domain, int type, int protocol)
{
	return world.is_running ? SOCKET : __real_socket(domain, type, protocol);
}

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	return fd == SOCKET ? 0 : __real_connect(fd, address, length);
}

/* The peer is always ready. Standard output has a reader until all has been sent. */
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	int ready_count = 0;

	if (!world.is_running)
		return __real_poll(fds, count, timeout);
	for (nfds_t i = 0; i < count; i++) {
		const bool is_over = fds[i].fd == STDOUT_FILENO && world.at == world.size;

		fds[i].revents = fds[i].fd == SOCKET ? fds[i].events : is_over ? POLLERR : 0;
		ready_count += fds[i].revents != 0;
	}
	return ready_count;
}

ssize_t __wrap_recv(int fd, void *buffer, size_t length, int flags)
{
	size_t more;
	const uint8_t *end;

	if (fd != SOCKET)
		return __real_recv(fd, buffer, length, flags);
	more = world.size - world.at;
	if (world.chunk) {
		const size_t most = 1 + world.chunk % 61;

		more = most < more ? most : more;
		world.chunk = world.chunk * 1103515245u + 12345u;
	}
	more = length < more ? length : more;
	end = more ? memchr(world.stream + world.at, 0xff, more) : NULL;
	if (end == world.stream + world.at && end) {
		world.at++;
		return 0;
	}
	if (end)
		more = (size_t)(end - (world.stream + world.at));
	if (more)
		memcpy(buffer, world.stream + world.at, more);
	world.at += more;
	return (ssize_t)more;
}

ssize_t __wrap_send(int fd, const void *buffer, size_t length, int flags)
{
	return fd == SOCKET ? (ssize_t)length : __real_send(fd, buffer, length, flags);
}

int __wrap_close(int fd)
{
	return fd == SOCKET ? 0 : __real_close(fd);
}

int __wrap_isatty(int fd)
{
	return world.is_running ? world.is_terminal : __real_isatty(fd);
}

int __wrap_raise(int number)
{
	return world.is_running ? 0 : __real_raise(number);
}

/* What is printed. */

/* The length of the character at `text`, and its number; 0: that is not UTF-8. */
static size_t read_character(const uint8_t *text, size_t length, uint32_t *character)
{
	static const uint32_t lowest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const uint8_t first = text[0];
	const size_t size = first < 0x80 ? 1 :
			    first < 0xc0 ? 0 :
			    first < 0xe0 ? 2 :
			    first < 0xf0 ? 3 :
			    first < 0xf8 ? 4 :
					   0;

	if (size == 0 || size > length)
		return 0;
	*character = size == 1 ? first : first & (0x7fu >> size);
	for (size_t i = 1; i < size; i++) {
		if (text[i] >> 6 != 2)
			return 0;
		*character = *character << 6 | (text[i] & 0x3f);
	}
	return *character >= lowest[size] && *character <= 0x10ffff &&
			       (*character < 0xd800 || *character > 0xdfff) ?
		       size :
		       0;
}

/* The program's own colours: ESC [ digits and semicolons m. */
static size_t colour_length(const uint8_t *text, size_t length)
{
	size_t at = 2;

	if (!world.is_terminal || length < 3 || text[0] != 0x1b || text[1] != '[')
		return 0;
	while (at < length && (text[at] == ';' || (text[at] >= '0' && text[at] <= '9')))
		at++;
	return at < length && text[at] == 'm' ? at + 1 : 0;
}

static bool is_obeyed(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || c == 0x200e || c == 0x200f ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static void check_shown(const uint8_t *text, size_t length)
{
	while (length > 0) {
		size_t size = colour_length(text, length);
		uint32_t character = ' ';

		if (size == 0)
			size = read_character(text, length, &character);
		FUZZ_CHECK(size > 0, "a byte 0x%02x is printed that is not UTF-8", text[0]);
		/* White space of JSON that is passed on as it is. */
		FUZZ_CHECK(!is_obeyed(character) || character == '\n' ||
				   (world.is_json && (character == '\t' || character == '\r')),
			   "U+%04X is printed", character);
		text += size;
		length -= size;
	}
}

/* A program gets each line as it was sent. */
static void check_passed_on(const void *line, size_t length)
{
	FUZZ_CHECK(length > 0 && memmem(world.stream, world.size, line, length - 1),
		   "a line is printed that was not sent");
}

ssize_t __wrap_write(int fd, const void *buffer, size_t length)
{
	if (!world.is_running)
		return __real_write(fd, buffer, length);
	if (fd == STDOUT_FILENO && world.is_json && !world.is_terminal) {
		if (!world.is_joined)
			check_passed_on(buffer, length);
	} else {
		check_shown(buffer, length);
	}
	return (ssize_t)length;
}

/* Running it. */

/* The path of a file in memory that stays open. */
static const char *make_file(const char *content, char path[64])
{
	const int fd = memfd_create("fuzz", 0);

	FUZZ_CHECK(fd >= 0 && write(fd, content, strlen(content)) == (ssize_t)strlen(content),
		   "no file can be made");
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	return path;
}

static const char *operand(const char *word)
{
	static const char *request, *demands;
	static char request_path[64], demands_path[64];

	if (!request) {
		request = make_file("{\"memory\":{\"nodes\":[\"1GiB\"]}}", request_path);
		demands = make_file("{\"ram\":[]}", demands_path);
	}
	if (strcmp(word, REQUEST_FILE) == 0)
		return request;
	return strcmp(word, DEMANDS_FILE) == 0 ? demands : word;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes bytes = { data, data + size };
	const char *const *words =
		command_lines[fuzz_below(&bytes, sizeof(command_lines) / sizeof(command_lines[0]))];
	const uint8_t settings = fuzz_u8(&bytes);
	char *argv[WORDS_MAX + 4] = { (char *)"gpalayoutctl" };
	int argc = 1, code;

	while (argc <= WORDS_MAX && words[argc - 1]) {
		argv[argc] = (char *)operand(words[argc - 1]);
		argc++;
	}
	world.is_terminal = settings & 1;
	world.is_json = settings & 2;
	world.is_joined = strcmp(words[0], "list") == 0;
	if (world.is_json)
		argv[argc++] = (char *)"--json";
	world.chunk = fuzz_u8(&bytes);
	world.stream = bytes.next;
	world.size = (size_t)(bytes.end - bytes.next);
	world.at = 0;
	world.is_running = true;
	code = ctl_main(argc, argv);
	world.is_running = false;
	FUZZ_CHECK(code >= CTL_OK && code <= CTL_NO_ROOM, "it exits with %d", code);
	return 0;
}
