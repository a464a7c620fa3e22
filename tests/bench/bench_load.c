/* SPDX-License-Identifier: MIT */
/*
 * One loop over epoll. The unsent requests of a connection are always one piece, from `at` to
 * `end`, of the bytes prepared before, so one write sends a request for every reply that has come.
 * A round trip counts from the start of the write; the clock is read once for each read.
 */
#include "config.h"

#include "tests/bench/bench_load.h"

#include "tests/bench/bench_daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define READ_BYTES 262144
#define EVENTS 256
#define PATIENCE_MS 120000

struct connection {
	int fd;
	bool is_blocked;      /* the kernel takes no more for now */
	unsigned int variant; /* the next one to send */
	size_t at, end;       /* the bytes to send */
	unsigned int first;   /* index in sent_ns of the oldest request under way */
	unsigned int under_way;
	uint64_t sent_ns[BENCH_IN_FLIGHT_MAX];
};

struct bench_load {
	struct bench_requests *requests;
	unsigned int in_flight;
	int epoll;
	uint64_t under_way, sent, received;
	unsigned int count;
	struct connection connections[];
};

static void *require_memory(void *block)
{
	if (!block)
		bench_fail("out of memory");
	return block;
}

/* Requests. */

void bench_requests_init(struct bench_requests *requests, bench_writer *write_request,
			 unsigned int parameter, unsigned int count)
{
	const unsigned int all = count + BENCH_IN_FLIGHT_MAX;
	size_t length;
	FILE *out;

	*requests = (struct bench_requests){ .count = count };
	requests->starts = require_memory(calloc(all + 1, sizeof(*requests->starts)));
	out = require_memory(open_memstream(&requests->bytes, &length));
	for (unsigned int i = 0; i < all; i++) {
		write_request(out, parameter, i % count);
		requests->starts[i + 1] = (size_t)ftell(out);
	}
	if (fclose(out))
		bench_fail("out of memory");
	requests->number = strstr(requests->bytes, BENCH_NUMBER);
}

void bench_requests_clear(struct bench_requests *requests)
{
	free(requests->bytes);
	free(requests->starts);
}

void bench_requests_number(struct bench_requests *requests)
{
	unsigned int number = requests->next_number++;

	for (size_t i = sizeof(BENCH_NUMBER) - 1; i-- > 0; number /= 10)
		requests->number[i] = (char)('0' + number % 10);
}

size_t bench_requests_check(struct bench_requests *requests, const char *path)
{
	const int fd = bench_connect(path);
	size_t bytes = 0;

	for (unsigned int i = 0; i < requests->count; i++) {
		char *reply;

		if (requests->number)
			bench_requests_number(requests);
		reply = bench_ask(fd, requests->bytes + requests->starts[i],
				  requests->starts[i + 1] - requests->starts[i]);
		bytes += strlen(reply);
		free(reply);
	}
	close(fd);
	return bytes / requests->count;
}

/* Times. */

/* There are 64 buckets for each power of two. Below 128 ns each nanosecond has its own bucket. */
static size_t bucket_of(uint64_t ns)
{
	const unsigned int shift = ns < 128 ? 0 : 57 - (unsigned int)__builtin_clzll(ns);

	return (size_t)shift * 64 + (size_t)(ns >> shift);
}

static double middle_of_bucket(size_t bucket)
{
	const size_t shift = bucket < 128 ? 0 : bucket / 64 - 1;

	return ((double)(bucket - shift * 64) + 0.5) * (double)(UINT64_C(1) << shift);
}

void bench_times_add(struct bench_times *times, uint64_t ns)
{
	times->counts[bucket_of(ns)]++;
	times->total++;
}

double bench_times_at(const struct bench_times *times, double part)
{
	const uint64_t wanted = (uint64_t)((double)times->total * part);
	uint64_t seen = 0;

	for (size_t i = 0; i < sizeof(times->counts) / sizeof(times->counts[0]); i++) {
		seen += times->counts[i];
		if (seen > wanted)
			return middle_of_bucket(i) / 1e3;
	}
	return 0;
}

double bench_median(double *values, size_t count)
{
	for (size_t i = 1; i < count; i++)
		for (size_t j = i; j > 0 && values[j - 1] > values[j]; j--) {
			const double value = values[j];

			values[j] = values[j - 1];
			values[j - 1] = value;
		}
	return values[count / 2];
}

/* The load. */

struct bench_load *bench_load_open(const char *path, struct bench_requests *requests,
				   unsigned int connections, unsigned int in_flight)
{
	struct bench_load *load = require_memory(
		calloc(1, sizeof(*load) + connections * sizeof(load->connections[0])));

	load->requests = requests;
	load->in_flight = in_flight;
	load->count = connections;
	load->epoll = epoll_create1(EPOLL_CLOEXEC);
	for (unsigned int i = 0; i < connections; i++) {
		struct connection *c = &load->connections[i];
		struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };

		c->fd = bench_connect(path);
		/* Connections do not send the same request at the same time. */
		c->variant = i * 37 % requests->count;
		c->at = c->end = requests->starts[c->variant];
		if (fcntl(c->fd, F_SETFL, O_NONBLOCK) ||
		    epoll_ctl(load->epoll, EPOLL_CTL_ADD, c->fd, &event))
			bench_fail("epoll: %m");
	}
	return load;
}

void bench_load_close(struct bench_load *load)
{
	for (unsigned int i = 0; i < load->count; i++)
		close(load->connections[i].fd);
	close(load->epoll);
	free(load);
}

static void write_out(struct bench_load *load, struct connection *c)
{
	const struct bench_requests *requests = load->requests;
	const ssize_t written = write(c->fd, requests->bytes + c->at, c->end - c->at);
	bool is_blocked;

	if (written < 0 && errno != EAGAIN)
		bench_fail("write: %m");
	c->at += written > 0 ? (size_t)written : 0;
	is_blocked = c->at < c->end;
	if (is_blocked != c->is_blocked) {
		struct epoll_event event = {
			.events = EPOLLIN | (is_blocked ? EPOLLOUT : 0),
			.data.ptr = c,
		};

		if (epoll_ctl(load->epoll, EPOLL_CTL_MOD, c->fd, &event))
			bench_fail("epoll: %m");
		c->is_blocked = is_blocked;
	}
	/* Goes back to the first variant, where the bytes are the same. */
	while (c->at >= requests->starts[requests->count]) {
		c->at -= requests->starts[requests->count];
		c->end -= requests->starts[requests->count];
		c->variant -= requests->count;
	}
}

/* Sends requests up to the number that may be under way, as long as some are left. */
static void top_up(struct bench_load *load, struct connection *c, uint64_t most, uint64_t now)
{
	if (c->under_way >= load->in_flight || load->sent >= most)
		return;
	if (load->requests->number)
		bench_requests_number(load->requests);
	while (c->under_way < load->in_flight && load->sent < most) {
		c->sent_ns[(c->first + c->under_way) % BENCH_IN_FLIGHT_MAX] = now;
		c->under_way++;
		load->under_way++;
		load->sent++;
		c->end = load->requests->starts[++c->variant];
	}
	if (!c->is_blocked)
		write_out(load, c);
}

static uint64_t read_in(struct bench_load *load, struct connection *c, struct bench_times *times)
{
	static char bytes[READ_BYTES];
	const ssize_t length = read(c->fd, bytes, sizeof(bytes));
	const uint64_t now = bench_now_ns();
	const char *at = bytes;

	if (length <= 0)
		bench_fail("the server has hung up");
	while ((at = memchr(at, '\n', (size_t)(bytes + length - at)))) {
		if (c->under_way == 0)
			bench_fail("more replies than requests");
		if (times)
			bench_times_add(times, now - c->sent_ns[c->first]);
		c->first = (c->first + 1) % BENCH_IN_FLIGHT_MAX;
		c->under_way--;
		load->under_way--;
		load->received++;
		at++;
	}
	return now;
}

double bench_load_run(struct bench_load *load, double seconds, uint64_t most,
		      struct bench_times *times)
{
	struct epoll_event events[EVENTS];
	const uint64_t start = bench_now_ns(), end = start + (uint64_t)(seconds * 1e9);
	uint64_t now = start;

	load->sent = load->received = 0;
	for (unsigned int i = 0; i < load->count; i++)
		top_up(load, &load->connections[i], most, bench_now_ns());
	while (load->under_way > 0) {
		const int count = epoll_wait(load->epoll, events, EVENTS, PATIENCE_MS);

		if (count <= 0)
			bench_fail("no reply in %d s", PATIENCE_MS / 1000);
		for (int i = 0; i < count; i++) {
			struct connection *c = events[i].data.ptr;

			if (events[i].events & EPOLLOUT)
				write_out(load, c);
			if (!(events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
				continue;
			now = read_in(load, c, times);
			if (now < end)
				top_up(load, c, most, now);
		}
	}
	return (double)load->received * 1e9 / (double)(now - start);
}
