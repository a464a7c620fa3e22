/* SPDX-License-Identifier: MIT */
/*
 * Benchmark of events. Again and again, clients create layouts at the same time and wait until each
 * client has its reply and each subscriber has all the events. The store is in memory, so that the
 * disk is not measured.
 */
#include "config.h"

#include "tests/bench/socket_bench.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHANGERS_MAX 16
#define SUBSCRIBERS_MAX 50

struct crowd {
	const struct bench_server *server;
	unsigned int changer_count, subscriber_count;
	int changers[CHANGERS_MAX];
	int subscribers[SUBSCRIBERS_MAX];
};

/* Reads this many lines and returns their bytes. */
static size_t read_lines(int fd, unsigned int lines)
{
	char bytes[16384];
	size_t length = 0;

	while (lines > 0) {
		const ssize_t count = read(fd, bytes, sizeof(bytes));

		if (count <= 0)
			bench_fail("the server has hung up");
		for (ssize_t i = 0; i < count; i++)
			lines -= bytes[i] == '\n';
		length += (size_t)count;
	}
	return length;
}

static void send_change(int fd, struct bench_requests *changes)
{
	const size_t length = changes->starts[1];

	bench_requests_number(changes);
	if (write(fd, changes->bytes, length) != (ssize_t)length)
		bench_fail("write: %m");
}

static void gather(struct crowd *crowd, const struct bench_server *server, unsigned int changers,
		   unsigned int subscribers)
{
	static const char line[] =
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"events.subscribe\"}\n";

	*crowd = (struct crowd){ server, changers, subscribers, { 0 }, { 0 } };
	for (unsigned int i = 0; i < changers; i++)
		crowd->changers[i] = bench_connect(server->path);
	for (unsigned int i = 0; i < subscribers; i++) {
		crowd->subscribers[i] = bench_connect(server->path);
		if (server->inspect_path[0])
			free(bench_ask(crowd->subscribers[i], line, sizeof(line) - 1));
		else if (write(crowd->subscribers[i], line, sizeof(line) - 1) > 0)
			read_lines(crowd->subscribers[i], 1);
	}
}

static void scatter(const struct crowd *crowd)
{
	for (unsigned int i = 0; i < crowd->changer_count; i++)
		close(crowd->changers[i]);
	for (unsigned int i = 0; i < crowd->subscriber_count; i++)
		close(crowd->subscribers[i]);
}

static void change_and_await_events(const struct crowd *crowd, struct bench_requests *changes)
{
	for (unsigned int i = 0; i < crowd->changer_count; i++)
		send_change(crowd->changers[i], changes);
	for (unsigned int i = 0; i < crowd->changer_count; i++)
		read_lines(crowd->changers[i], 1);
	for (unsigned int i = 0; i < crowd->subscriber_count; i++)
		read_lines(crowd->subscribers[i], crowd->changer_count);
}

static struct bench_figures run_round(const struct crowd *crowd, struct bench_requests *changes,
				      double seconds)
{
	static struct bench_round round;
	const double start = bench_now();
	double count;

	bench_round_begin(&round, crowd->server);
	while (bench_now() - start < seconds) {
		const uint64_t begun = bench_now_ns();

		change_and_await_events(crowd, changes);
		bench_times_add(&round.times, bench_now_ns() - begun);
	}
	count = (double)round.times.total * crowd->changer_count;
	return bench_round_end(&round, count, count / (bench_now() - start));
}

static void bench_crowd(const struct bench_server *const servers[BENCH_SIDES],
			struct bench_requests *changes, unsigned int changers,
			unsigned int subscribers, double seconds)
{
	struct bench_figures rounds[BENCH_SIDES][BENCH_ROUNDS];
	struct crowd crowds[BENCH_SIDES];
	char name[32], load[16];

	for (int side = 0; side < BENCH_SIDES; side++) {
		gather(&crowds[side], servers[side], changers, subscribers);
		change_and_await_events(&crowds[side], changes);
	}
	for (int i = 0; i < BENCH_ROUNDS; i++)
		for (int side = 0; side < BENCH_SIDES; side++)
			rounds[side][i] = run_round(&crowds[side], changes, seconds);
	for (int side = 0; side < BENCH_SIDES; side++)
		scatter(&crowds[side]);
	snprintf(name, sizeof(name), "%u subscribers", subscribers);
	snprintf(load, sizeof(load), "%ux1", changers);
	bench_print_row(name, load, rounds);
}

/* Measures the bytes of a reply and of an event. */
static void measure_lines(const struct bench_server *daemon, struct bench_requests *changes,
			  size_t *reply, size_t *event)
{
	struct crowd crowd;

	*reply = bench_requests_check(changes, daemon->path);
	gather(&crowd, daemon, 1, 1);
	send_change(crowd.changers[0], changes);
	*event = read_lines(crowd.subscribers[0], 1);
	scatter(&crowd);
}

void bench_events(double seconds)
{
	static const char *const options[] = { "--store", "memory", "--limit",
					       "live_layouts=1048576", NULL };
	struct bench_server daemon = { 0 }, bare = { 0 };
	const struct bench_server *const servers[BENCH_SIDES] = { &daemon, &bare };
	struct bench_requests changes;
	size_t reply, event;

	bench_print_header("creates in memory; each time lasts until the last subscriber has its "
			   "events");
	bench_requests_init(&changes, bench_write_create, 0, 1);
	bench_start_daemon(&daemon, "events", options);
	measure_lines(&daemon, &changes, &reply, &event);
	bench_start_bare(&bare, reply, event);
	bench_crowd(servers, &changes, 1, 1, seconds);
	bench_crowd(servers, &changes, 1, SUBSCRIBERS_MAX, seconds);
	bench_crowd(servers, &changes, CHANGERS_MAX, SUBSCRIBERS_MAX, seconds);
	bench_check_refusals(&daemon);
	bench_stop(&bare);
	bench_stop(&daemon);
	bench_requests_clear(&changes);
}
