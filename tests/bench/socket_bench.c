/* SPDX-License-Identifier: MIT */
/*
 * Measures requests over the socket: requests a second, round trips, and the processor time of the
 * server. The baseline is a bare server that reads lines, parses them with cJSON and sends as many
 * bytes as the daemon. Server and load have a processor each. Daemon and bare server take turns in
 * short rounds. On a busy machine, trust the processor time. The benchmark prints figures and
 * asserts none; an error reply stops it.
 *
 * usage: socket_bench [reads|creates|events|flood|ttrpc]
 *        socket_bench load SOCKET CASE CONNECTIONS IN-FLIGHT COUNT
 *
 * BENCH_SECONDS is the length of a round.
 */
#include "config.h"

#include "tests/bench/socket_bench.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECONDS 0.5
#define VARIANTS 256
#define LIVE 2048 /* layouts, for get, probe and list */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Requests. */

static void begin_line(FILE *out, const char *method)
{
	fprintf(out, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":{", method);
}

/* There are sixteen root complexes a segment, so that any number of them fits. */
static void write_request(FILE *out, unsigned int root_complexes, unsigned int variant)
{
	fprintf(out, "\"request\":{\"arch\":\"x86_64\",\"memory\":{\"nodes\":[\"%uMiB\"]}",
		4096 + 2 * variant);
	for (unsigned int i = 0; i < root_complexes; i++)
		fprintf(out,
			"%s{\"name\":\"rc%u\",\"segment\":%u,\"start_bus\":%u,\"end_bus\":%u,"
			"\"low_mmio\":\"16MiB\"}",
			i == 0 ? ",\"pcie\":{\"root_complexes\":[" : ",", i, i / 16, i % 16 * 16,
			i % 16 * 16 + 15);
	fprintf(out, "%s}", root_complexes > 0 ? "]}" : "");
}

void bench_write_resolve(FILE *out, unsigned int root_complexes, unsigned int variant)
{
	begin_line(out, "layout.resolve");
	write_request(out, root_complexes, variant);
	fputs("}}\n", out);
}

void bench_write_create(FILE *out, unsigned int root_complexes, unsigned int variant)
{
	begin_line(out, "layout.create");
	fputs("\"name\":\"vm-" BENCH_NUMBER "\",", out);
	write_request(out, root_complexes, variant);
	fputs("}}\n", out);
}

static void write_get(FILE *out, unsigned int parameter, unsigned int variant)
{
	(void)parameter;
	begin_line(out, "layout.get");
	fprintf(out, "\"name\":\"vm-%08u\"}}\n", variant);
}

static void write_probe(FILE *out, unsigned int parameter, unsigned int variant)
{
	(void)parameter;
	begin_line(out, "layout.probe");
	fprintf(out, "\"name\":\"vm-%08u\",\"address\":\"0xfee00000\"}}\n", variant);
}

/* Asks for full pages: there are LIVE layouts, and no page begins in the second half. */
static void write_list(FILE *out, unsigned int page, unsigned int variant)
{
	begin_line(out, "layout.list");
	fprintf(out, "\"after\":\"vm-%08u\",\"limit\":%u}}\n", variant * (LIVE / VARIANTS / 2),
		page);
}

struct load_shape {
	const char *name;
	unsigned int connections, in_flight;
};

static const struct load_shape shapes[] = {
	{ "1x1", 1, 1 },
	{ "50x1", 50, 1 },
	{ "50x16", 50, 16 },
	{ 0 },
};
/* Replies of a quarter of a megabyte: 50x16 would have 800 of them under way. */
static const struct load_shape shapes_of_large[] = {
	{ "1x1", 1, 1 },
	{ "50x1", 50, 1 },
	{ 0 },
};
/* A connection has only one change under way at a time. */
static const struct load_shape shapes_of_create[] = {
	{ "1x1", 1, 1 }, { "16x1", 16, 1 }, { "64x1", 64, 1 }, { "256x1", 256, 1 }, { 0 },
};

struct bench_case {
	const char *name;
	bench_writer *write;
	unsigned int parameter, variants;
	const struct load_shape *shapes;
};

static const struct bench_case reads[] = {
	{ "resolve barest, same", bench_write_resolve, 0, 1, shapes },
	{ "resolve barest, distinct", bench_write_resolve, 0, VARIANTS, shapes },
	{ "resolve 1, same", bench_write_resolve, 1, 1, shapes },
	{ "resolve 1, distinct", bench_write_resolve, 1, VARIANTS, shapes },
	{ "resolve 16, same", bench_write_resolve, 16, 1, shapes },
	{ "resolve 16, distinct", bench_write_resolve, 16, VARIANTS, shapes },
	{ "resolve 80, same", bench_write_resolve, 80, 1, shapes },
	{ "resolve 80, distinct", bench_write_resolve, 80, VARIANTS, shapes },
	{ "get", write_get, 0, VARIANTS, shapes },
	{ "probe", write_probe, 0, VARIANTS, shapes },
	{ "list 100", write_list, 100, VARIANTS, shapes },
	{ "list 1000", write_list, 1000, VARIANTS, shapes_of_large },
};
static const struct bench_case create = { "create", bench_write_create, 1, 1, shapes_of_create };

/* Tables. */

void bench_print_header(const char *title)
{
	printf("\n%s\n%-30s %-33s   %-33s %6s   %s\n%-24s %-5s", title, "", "gpalayoutd",
	       "bare server", "", "ratio", "case", "load");
	for (int side = 0; side < BENCH_SIDES; side++)
		printf(" %7s %8s %8s %6s%s", "req/s", "p50 us", "p99 us", "cpu us",
		       side == BENCH_DAEMON ? "  " : "");
	printf(" %6s   %5s %5s %5s\n", "gen us", "req/s", "p50", "cpu");
}

static double median_of(const struct bench_figures rounds[BENCH_ROUNDS], size_t member)
{
	double values[BENCH_ROUNDS];

	for (int i = 0; i < BENCH_ROUNDS; i++)
		memcpy(&values[i], (const char *)&rounds[i] + member, sizeof(values[i]));
	return bench_median(values, BENCH_ROUNDS);
}

static double ratio_of(struct bench_figures rounds[BENCH_SIDES][BENCH_ROUNDS], size_t member)
{
	double values[BENCH_ROUNDS];

	for (int i = 0; i < BENCH_ROUNDS; i++) {
		double daemon, bare;

		memcpy(&daemon, (const char *)&rounds[BENCH_DAEMON][i] + member, sizeof(daemon));
		memcpy(&bare, (const char *)&rounds[BENCH_BARE][i] + member, sizeof(bare));
		values[i] = daemon / bare;
	}
	return bench_median(values, BENCH_ROUNDS);
}

void bench_print_row(const char *name, const char *load,
		     struct bench_figures rounds[BENCH_SIDES][BENCH_ROUNDS])
{
	printf("%-24s %-5s", name, load);
	for (int side = 0; side < BENCH_SIDES; side++)
		printf(" %7.0f %8.1f %8.1f %6.1f%s",
		       median_of(rounds[side], offsetof(struct bench_figures, rate)),
		       median_of(rounds[side], offsetof(struct bench_figures, median_us)),
		       median_of(rounds[side], offsetof(struct bench_figures, p99_us)),
		       median_of(rounds[side], offsetof(struct bench_figures, cpu_us)),
		       side == BENCH_DAEMON ? "  " : "");
	printf(" %6.1f   %5.2f %5.2f %5.2f\n",
	       median_of(rounds[BENCH_BARE], offsetof(struct bench_figures, load_us)),
	       ratio_of(rounds, offsetof(struct bench_figures, rate)),
	       ratio_of(rounds, offsetof(struct bench_figures, median_us)),
	       ratio_of(rounds, offsetof(struct bench_figures, cpu_us)));
}

static double own_cpu(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

void bench_round_begin(struct bench_round *round, const struct bench_server *server)
{
	memset(round, 0, sizeof(*round));
	round->server = server;
	round->server_cpu = bench_cpu(server);
	round->load_cpu = own_cpu();
}

struct bench_figures bench_round_end(const struct bench_round *round, double requests, double rate)
{
	return (struct bench_figures){
		.rate = rate,
		.median_us = bench_times_at(&round->times, 0.5),
		.p99_us = bench_times_at(&round->times, 0.99),
		.cpu_us = (bench_cpu(round->server) - round->server_cpu) * 1e6 / requests,
		.load_us = (own_cpu() - round->load_cpu) * 1e6 / requests,
	};
}

static struct bench_figures run_round(struct bench_load *load, const struct bench_server *server,
				      double seconds)
{
	static struct bench_round round;
	double rate;

	bench_round_begin(&round, server);
	rate = bench_load_run(load, seconds, UINT64_MAX, &round.times);
	return bench_round_end(&round, (double)round.times.total, rate);
}

static void bench_shape(const struct bench_case *bench, const struct load_shape *shape,
			struct bench_requests *requests,
			const struct bench_server *const servers[BENCH_SIDES], double seconds)
{
	struct bench_figures rounds[BENCH_SIDES][BENCH_ROUNDS];
	struct bench_load *loads[BENCH_SIDES];

	for (int side = 0; side < BENCH_SIDES; side++) {
		loads[side] = bench_load_open(servers[side]->path, requests, shape->connections,
					      shape->in_flight);
		/* The first round must find buffers and memory as later ones do. */
		bench_load_run(loads[side], seconds / 5, UINT64_MAX, NULL);
	}
	for (int i = 0; i < BENCH_ROUNDS; i++)
		for (int side = 0; side < BENCH_SIDES; side++)
			rounds[side][i] = run_round(loads[side], servers[side], seconds);
	for (int side = 0; side < BENCH_SIDES; side++)
		bench_load_close(loads[side]);
	bench_print_row(bench->name, shape->name, rounds);
}

static void bench_case(const struct bench_case *bench, const struct bench_server *daemon,
		       double seconds)
{
	struct bench_requests requests;
	struct bench_server bare = { 0 };
	const struct bench_server *const servers[BENCH_SIDES] = { daemon, &bare };

	bench_requests_init(&requests, bench->write, bench->parameter, bench->variants);
	bench_start_bare(&bare, bench_requests_check(&requests, daemon->path), 0);
	for (const struct load_shape *shape = bench->shapes; shape->name; shape++)
		bench_shape(bench, shape, &requests, servers, seconds);
	bench_stop(&bare);
	bench_check_refusals(daemon);
	bench_requests_clear(&requests);
}

/* More connections than a user may have by default, and as many layouts as possible. */
static const char *const options[] = { "--limit", "connections_per_uid=1024", "--limit",
				       "live_layouts=1048576", NULL };

static void bench_reads(double seconds)
{
	struct bench_server daemon = { 0 };
	struct bench_requests requests;
	struct bench_load *load;

	bench_start_daemon(&daemon, "reads", options);
	bench_requests_init(&requests, create.write, create.parameter, create.variants);
	load = bench_load_open(daemon.path, &requests, 64, 1);
	bench_load_run(load, 1e6, LIVE, NULL);
	bench_load_close(load);
	bench_requests_clear(&requests);
	bench_print_header("requests that change nothing; resolve: root complexes, and whether all "
			   "requests are the same");
	for (size_t i = 0; i < COUNT(reads); i++)
		bench_case(&reads[i], &daemon, seconds);
	bench_stop(&daemon);
}

/* The most that the disk can do: write and synchronise one page, over and over. */
static void bench_disk(double seconds)
{
	char path[64], page[4096] = "";
	unsigned int count = 0;
	double start;
	int fd;

	snprintf(path, sizeof(path), "%s/disk", bench_folder);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		bench_fail("%s: %m", path);
	for (start = bench_now(); bench_now() - start < seconds; count++)
		if (write(fd, page, sizeof(page)) != sizeof(page) || fdatasync(fd))
			bench_fail("%s: %m", path);
	printf("the disk by itself synchronises %.0f pages/s", count / (bench_now() - start));
	close(fd);
	unlink(path);
}

static void bench_creates(double seconds)
{
	struct bench_server daemon = { 0 };
	double changes, commits;

	bench_start_daemon(&daemon, "creates", options);
	bench_print_header(
		"creates, each answered when it is on disk; the bare server stores nothing");
	bench_case(&create, &daemon, seconds);
	changes = bench_stat(&daemon, "store", "changes");
	commits = bench_stat(&daemon, "store", "commits");
	bench_stop(&daemon);
	bench_disk(seconds);
	printf("; %.0f creates in %.0f commits\n", changes, commits);
}

/* Sends requests of one case to a daemon that somebody else has started. */
static int run_load(char **arguments)
{
	const char *path = arguments[0], *name = arguments[1];
	const unsigned int connections = (unsigned int)atoi(arguments[2]);
	const unsigned int in_flight = (unsigned int)atoi(arguments[3]);
	const struct bench_case *bench = strcmp(name, create.name) == 0 ? &create : NULL;
	struct bench_requests requests;
	struct bench_load *load;

	for (size_t i = 0; i < COUNT(reads); i++)
		if (strcmp(name, reads[i].name) == 0)
			bench = &reads[i];
	if (!bench)
		bench_fail("there is no case %s", name);
	bench_requests_init(&requests, bench->write, bench->parameter, bench->variants);
	load = bench_load_open(path, &requests, connections, in_flight);
	bench_load_run(load, 1e6, strtoull(arguments[4], NULL, 10), NULL);
	bench_load_close(load);
	bench_requests_clear(&requests);
	return EXIT_SUCCESS;
}

static const struct {
	const char *name;
	void (*run)(double seconds);
} parts[] = {
	{ "reads", bench_reads }, { "creates", bench_creates }, { "events", bench_events },
	{ "flood", bench_flood }, { "ttrpc", bench_ttrpc },
};

int main(int argc, char **argv)
{
	const double seconds = bench_setting("BENCH_SECONDS", SECONDS);
	size_t found = 0;

	if (argc == 7 && strcmp(argv[1], "load") == 0)
		return run_load(argv + 2);
	for (size_t i = 0; i < COUNT(parts); i++)
		found += argc == 2 && strcmp(argv[1], parts[i].name) == 0;
	if (argc != 1 && found == 0)
		bench_fail("usage: socket_bench [reads|creates|events|flood|ttrpc]\n"
			   "       socket_bench load SOCKET CASE CONNECTIONS IN-FLIGHT COUNT");
	bench_begin("socket_bench");
	printf("%d rounds of %g s for each server; load: connections x requests in flight on each; "
	       "cpu, gen: processor time for a request, of the server and of the load\n",
	       BENCH_ROUNDS, seconds);
	for (size_t i = 0; i < COUNT(parts); i++)
		if (argc == 1 || strcmp(argv[1], parts[i].name) == 0)
			parts[i].run(seconds);
	return EXIT_SUCCESS;
}
