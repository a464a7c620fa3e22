/* SPDX-License-Identifier: MIT */
/*
 * gpalayoutctl reads what a daemon sends.
 *
 * Input: a byte that chooses the command line, a byte of settings, one for the sizes of chunks,
 * then all that the daemon sends. A byte of 0xff closes the connection; what follows comes over the
 * next one. The program runs unchanged, but the linker redirects its system calls to this file
 * (--wrap). The clock advances only while the program waits. The program must print no character
 * that controls a terminal, except in JSON or a field that does not go to a terminal.
 */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* The file with main() also has the table of commands. */
int ctl_main(int argc, char **argv);
#define main ctl_main
#include "gpalayoutctl/main.c"
#undef main

const char fuzz_target[] = "ctl";

#define WORDS_MAX 12
#define SOCKET 1000 /* a descriptor that is not in use */

/* A file with one request, or with one list of demands. */
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
	{ "list", "vm-*", "a", "--owner", "0", "--arch", "x86_64", "--limit", "3" },
	{ "list", "--policy", "openvmm-2026.07", "--after", "a" },
	{ "list", "--field", "layouts.1.name" },
	{ "get", "vm-1", "--field", "layout.ram.0.start" },
	{ "get", "vm-1", "--field", "layout" },
	{ "get", "vm-1", "--quiet" },
	{ "update", "vm-1", "--memory", "1GiB", "-q" },
	{ "watch", "-q", "--count", "2" },
	{ "fit", REQUEST_FILE, "-q" },
	{ "probe", "4096", "--field", "range.tag" },
	{ "probe", "0xfee00000", "--memory", "1GiB", "--pcie-root-complex", "rc0", "--iommu",
	  "rc0=amd-vi" },
	{ "resolve", "--numa", "1GiB", "--pcie-root-complex", "rc0,low_mmio=1G", "--pcie-ecam",
	  "below-4gib", "--reserve", "a=0-4096" },
	{ "resolve", REQUEST_FILE },
	{ "compare", "@" REQUEST_FILE, "vm-1" },
	{ "map", "vm-1" },
	{ "map", "vm-1", "--svg", "-" },
	{ "map", "--memory", "1GiB" },
	{ CTL_COMPLETE, "get", "vm-" },
	{ CTL_COMPLETE, "explain", "vm-1", "" },
	{ CTL_COMPLETE, "call", "" },
};

/* The program's surroundings. System calls are redirected only while `is_running`. */
static struct {
	bool is_running;
	bool is_terminal;
	bool is_json;
	bool is_quiet;  /* only messages are printed */
	bool is_field;  /* prints one value unchanged, for programs */
	bool is_joined; /* gpalayoutctl makes the JSON lines itself, or replaces ids with names */
	bool in_turns;  /* the daemon sends a line only when the program waits */
	unsigned int full; /* the number of connections that are refused at first */
	int64_t now_ms;
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
int __real_dup2(int from, int to);
int __real_isatty(int fd);
int __real_raise(int number);
int __real_clock_gettime(clockid_t clock, struct timespec *now);

int __wrap_socket(int domain, int type, int protocol);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);
ssize_t __wrap_recv(int fd, void *buffer, size_t length, int flags);
ssize_t __wrap_send(int fd, const void *buffer, size_t length, int flags);
ssize_t __wrap_write(int fd, const void *buffer, size_t length);
int __wrap_close(int fd);
int __wrap_dup2(int from, int to);
int __wrap_isatty(int fd);
int __wrap_raise(int number);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);

int __wrap_socket(int domain, int type, int protocol)
{
	return world.is_running ? SOCKET : __real_socket(domain, type, protocol);
}

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	if (fd != SOCKET)
		return __real_connect(fd, address, length);
	if (!world.full)
		return 0;
	world.full--;
	errno = EAGAIN;
	return -1;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	if (!world.is_running)
		return __real_clock_gettime(clock, now);
	*now = (struct timespec){ world.now_ms / 1000, world.now_ms % 1000 * 1000000 };
	return 0;
}

/*
 * Returns true if the daemon has already sent something or closed the connection. With `in_turns`,
 * it sends a line only when the program waits for it.
 */
static bool has_input(void)
{
	return !world.in_turns || world.at == world.size || world.stream[world.at] == 0xff;
}

/*
 * If the program waits, the peer is ready. With a timeout of 0 the peer is ready only if it has
 * sent something. Standard output keeps its reader until the whole input was sent.
 */
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	int ready_count = 0;

	if (!world.is_running)
		return __real_poll(fds, count, timeout);
	for (nfds_t i = 0; i < count; i++) {
		const bool is_over = fds[i].fd == STDOUT_FILENO && world.at == world.size;
		const bool is_ready = fds[i].fd == SOCKET && (timeout || has_input());

		fds[i].revents = is_ready ? fds[i].events : is_over ? POLLERR : 0;
		ready_count += fds[i].revents != 0;
	}
	if (!ready_count) {
		FUZZ_CHECK(timeout >= 0, "gpalayoutctl waits for input without a time limit");
		world.now_ms += timeout;
	}
	return ready_count;
}

/* Returns how many bytes are sent or received at once. */
static size_t next_chunk(size_t most)
{
	const size_t chunk = 1 + world.chunk % 61;

	if (!world.chunk)
		return most;
	world.chunk = world.chunk * 1103515245u + 12345u;
	return chunk < most ? chunk : most;
}

ssize_t __wrap_recv(int fd, void *buffer, size_t length, int flags)
{
	size_t more;
	const uint8_t *end;

	if (fd != SOCKET)
		return __real_recv(fd, buffer, length, flags);
	more = next_chunk(world.size - world.at < length ? world.size - world.at : length);
	if (more && world.stream[world.at] == 0xff) {
		world.at++;
		return 0;
	}
	end = more ? memchr(world.stream + world.at, 0xff, more) : NULL;
	if (end)
		more = (size_t)(end - (world.stream + world.at));
	end = more && world.in_turns ? memchr(world.stream + world.at, '\n', more) : NULL;
	if (end)
		more = (size_t)(end - (world.stream + world.at)) + 1;
	if (more)
		memcpy(buffer, world.stream + world.at, more);
	world.at += more;
	return (ssize_t)more;
}

ssize_t __wrap_send(int fd, const void *buffer, size_t length, int flags)
{
	return fd == SOCKET ? (ssize_t)next_chunk(length) : __real_send(fd, buffer, length, flags);
}

int __wrap_close(int fd)
{
	return fd == SOCKET ? 0 : __real_close(fd);
}

/* Standard error stays unchanged. */
int __wrap_dup2(int from, int to)
{
	if (!world.is_running)
		return __real_dup2(from, to);
	__real_close(from);
	return to;
}

int __wrap_isatty(int fd)
{
	return world.is_running ? world.is_terminal : __real_isatty(fd);
}

int __wrap_raise(int number)
{
	return world.is_running ? 0 : __real_raise(number);
}

/* Printed text. */

/* Returns the length of the character at `text`, and its number; 0 if it is not UTF-8. */
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

static bool is_terminal_control(uint32_t c)
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
		/* The output may contain the white space of the JSON that came. */
		FUZZ_CHECK(!is_terminal_control(character) || character == '\n' ||
				   (world.is_json && (character == '\t' || character == '\r')),
			   "U+%04X is printed", character);
		text += size;
		length -= size;
	}
}

/* With JSON output, each line must be passed on as it was sent. */
static void check_passed_on(const void *line, size_t length)
{
	FUZZ_CHECK(length > 0 && memmem(world.stream, world.size, line, length - 1),
		   "gpalayoutctl prints a line that the daemon did not send");
}

ssize_t __wrap_write(int fd, const void *buffer, size_t length)
{
	if (!world.is_running)
		return __real_write(fd, buffer, length);
	FUZZ_CHECK(fd != STDOUT_FILENO || !world.is_quiet,
		   "gpalayoutctl prints on standard output in spite of --quiet");
	if (fd != STDOUT_FILENO || world.is_terminal || !(world.is_json || world.is_field))
		check_shown(buffer, length);
	else if (world.is_json && !world.is_joined)
		check_passed_on(buffer, length);
	return (ssize_t)length;
}

/* Running the program. */

/* Makes a file in memory that stays open, and returns its path. */
static const char *make_file(const char *content, char path[64])
{
	const int fd = memfd_create("fuzz", 0);

	FUZZ_CHECK(fd >= 0 && write(fd, content, strlen(content)) == (ssize_t)strlen(content),
		   "cannot make a file in memory");
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	return path;
}

static const char *operand(const char *word)
{
	static const char *request, *demands;
	static char request_path[64], demands_path[64], side[72];

	if (!request) {
		request = make_file("{\"memory\":{\"nodes\":[\"1GiB\"]}}", request_path);
		demands = make_file("{\"ram\":[]}", demands_path);
		snprintf(side, sizeof(side), "@%s", request);
	}
	if (strcmp(word, REQUEST_FILE) == 0)
		return request;
	if (strcmp(word, "@" REQUEST_FILE) == 0)
		return side;
	return strcmp(word, DEMANDS_FILE) == 0 ? demands : word;
}

static bool has_word(const char *const *words, const char *word)
{
	while (*words && strcmp(*words, word) != 0)
		words++;
	return *words;
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
	world.is_field = has_word(words, "--field");
	world.is_quiet = has_word(words, "-q") || has_word(words, "--quiet");
	world.is_json = settings & 2 && !world.is_field && !world.is_quiet &&
			strcmp(words[0], CTL_COMPLETE) != 0;
	world.is_joined = strcmp(words[0], "fit") == 0 || strcmp(words[0], "list") == 0 ||
			  strcmp(words[0], "probe") == 0;
	world.in_turns = settings & 4;
	world.full = settings >> 4;
	world.now_ms = 0;
	if (strcmp(words[0], CTL_COMPLETE) != 0)
		argv[argc++] = (char *)"--no-pager";
	if (world.is_json)
		argv[argc++] = (char *)"--json";
	world.chunk = fuzz_u8(&bytes);
	world.stream = bytes.next;
	world.size = (size_t)(bytes.end - bytes.next);
	world.at = 0;
	world.is_running = true;
	code = ctl_main(argc, argv);
	world.is_running = false;
	FUZZ_CHECK(code >= CTL_OK && code <= CTL_NO_ROOM, "gpalayoutctl exits with %d", code);
	return 0;
}
