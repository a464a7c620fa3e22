/* SPDX-License-Identifier: MIT */
/*
 * One user asks for small layouts, one after the other, while another floods the inspect socket
 * with large explanations, or with lines that never end. The benchmark prints the round trip before
 * and during the flood, and how long it stays slow after the flood. SIGKILL ends the flood. Only
 * root can run the flood as another user.
 */
#include "config.h"

#include "tests/bench/socket_bench.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FLOODER 65534 /* a user who owns nothing */
#define FLOODS 64     /* connections */
#define IN_FLIGHT 4
#define BYTE_FLOODS 200     /* connections */
#define ROOT_COMPLEXES 4096 /* a request of half a megabyte */
#define CALM 10             /* round trips in a row whose median shows that the flood is over */
#define PATIENCE 60.0       /* seconds */

static void write_explain(FILE *out, unsigned int root_complexes, unsigned int variant)
{
	fputs("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"layout.explain\",\"params\":{\"request\":"
	      "{\"arch\":\"x86_64\",\"memory\":{\"nodes\":[\"4GiB\"]},\"pcie\":{\"root_complexes\":[",
	      out);
	for (unsigned int i = 0; i < root_complexes; i++)
		fprintf(out,
			"%s{\"name\":\"rc%u\",\"segment\":%u,\"end_bus\":0,\"low_mmio\":"
			"{\"start\":\"0x%x\",\"end\":\"0x%x\"},\"high_mmio\":\"%uMiB\"}",
			i == 0 ? "" : ",", i, i, 0xc0000000 + 4096 * i, 0xc0001000 + 4096 * i,
			2 + variant);
	fputs("]}}}}\n", out);
}

/* Returns the seconds of one round trip. */
static double ask_once(int fd, const struct bench_requests *requests)
{
	const double start = bench_now();

	free(bench_ask(fd, requests->bytes, requests->starts[1]));
	return bench_now() - start;
}

/* Pauses for a millisecond, so that the flood gets its share, and asks once. */
static double ask_after_pause(int fd, const struct bench_requests *small)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	nanosleep(&pause, NULL);
	return ask_once(fd, small);
}

/*
 * Asks again and again for this many seconds. Returns the median time in microseconds, and the 99th
 * percentile in *p99_us.
 */
static double ask_for(int fd, const struct bench_requests *small, double seconds, double *p99_us)
{
	static struct bench_times times;
	const double start = bench_now();

	memset(&times, 0, sizeof(times));
	do
		bench_times_add(&times, (uint64_t)(ask_after_pause(fd, small) * 1e9));
	while (bench_now() - start < seconds);
	*p99_us = bench_times_at(&times, 0.99);
	return bench_times_at(&times, 0.5);
}

/*
 * Returns the seconds until the median of CALM round trips in a row is at most twice `idle_us`, or
 * less than 0 if that takes longer than PATIENCE.
 */
static double seconds_until_calm(int fd, const struct bench_requests *small, double idle_us)
{
	const double start = bench_now();
	double times[CALM], begun[CALM];

	for (unsigned int n = 0; bench_now() - start < PATIENCE; n++) {
		double sorted[CALM];

		begun[n % CALM] = bench_now() - start;
		times[n % CALM] = ask_after_pause(fd, small) * 1e6;
		if (n + 1 < CALM)
			continue;
		memcpy(sorted, times, sizeof(sorted));
		if (bench_median(sorted, CALM) <= 2 * idle_us)
			return begun[(n + 1) % CALM];
	}
	return -1;
}

/* Floods the socket as another user. It does not return. */
typedef void flood_function(const char *path, struct bench_requests *large);

static void flood_requests(const char *path, struct bench_requests *large)
{
	bench_load_run(bench_load_open(path, large, FLOODS, IN_FLIGHT), 1e6, UINT64_MAX, NULL);
}

/* Sends a line without an end on each of BYTE_FLOODS connections. */
static void flood_bytes(const char *path, struct bench_requests *large)
{
	static char bytes[65536];
	struct pollfd polled[BYTE_FLOODS];

	(void)large;
	memset(bytes, 'a', sizeof(bytes));
	for (size_t i = 0; i < BYTE_FLOODS; i++) {
		polled[i] = (struct pollfd){ .fd = bench_connect(path), .events = POLLOUT };
		if (fcntl(polled[i].fd, F_SETFL, O_NONBLOCK))
			bench_fail("fcntl: %m");
	}
	while (poll(polled, BYTE_FLOODS, -1) >= 0)
		for (size_t i = 0; i < BYTE_FLOODS; i++)
			if ((polled[i].revents & POLLOUT) &&
			    write(polled[i].fd, bytes, sizeof(bytes)) < 0 && errno != EAGAIN)
				bench_fail("write: %m");
}

__attribute__((noreturn)) static void flood(flood_function *run, const char *path,
					    struct bench_requests *large)
{
	/* The other user may not reach the folder by its path, but can use what is in it. */
	if (chdir(bench_folder) || setgid(FLOODER) || setuid(FLOODER))
		_exit(EXIT_FAILURE);
	/* The kernel clears this setting when the user changes. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	run(strrchr(path, '/') + 1, large);
	_exit(EXIT_SUCCESS);
}

static void print_times(const char *when, double median_us, double p99_us)
{
	printf("%-16s %12.1f %12.1f\n", when, median_us, p99_us);
}

static void measure(const struct bench_server *daemon, flood_function *run,
		    const struct bench_requests *small, struct bench_requests *large,
		    double seconds)
{
	const int fd = bench_connect(daemon->path);
	double median_us, idle_us, p99_us, calm;
	int status;
	pid_t pid;

	ask_for(fd, small, seconds / 5, &p99_us);
	idle_us = ask_for(fd, small, 2 * seconds, &p99_us);
	print_times("idle", idle_us, p99_us);
	pid = fork();
	if (pid < 0)
		bench_fail("fork: %m");
	if (pid == 0)
		flood(run, daemon->inspect_path, large);
	ask_for(fd, small, 2 * seconds, &p99_us); /* until the flood is in full flow */
	median_us = ask_for(fd, small, 10 * seconds, &p99_us);
	print_times("during the flood", median_us, p99_us);
	if (waitpid(pid, &status, WNOHANG) == pid)
		bench_fail("the flood ended by itself: status 0x%x", (unsigned int)status);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	calm = seconds_until_calm(fd, small, idle_us);
	if (calm < 0)
		printf("not back to twice the idle time %.0f s after the flood\n", PATIENCE);
	else
		printf("back to twice the idle time %.2f s after the flood\n", calm);
	close(fd);
}

void bench_flood(double seconds)
{
	/* The lines that never end must last longer than the flood. */
	static const char *const options[] = { "--limit", "unfinished_line_ms=3600000", NULL };
	struct bench_requests small, large;
	struct bench_server daemon = { 0 };
	double once_us;
	int fd;

	if (geteuid() != 0) {
		printf("\nfloods: skipped, because only root can be another user\n");
		return;
	}
	bench_requests_init(&small, bench_write_resolve, 0, 1);
	bench_requests_init(&large, write_explain, ROOT_COMPLEXES, 4);
	if (chmod(bench_folder, 0711))
		bench_fail("chmod: %m");
	bench_start_daemon(&daemon, "flood", options);
	bench_requests_check(&large, daemon.inspect_path);

	printf("\na small resolve while another user floods layout.explain: %d connections with "
	       "%d requests of %d root complexes in flight each\n"
	       "%-16s %12s %12s\n",
	       FLOODS, IN_FLIGHT, ROOT_COMPLEXES, "", "median us", "p99 us");
	fd = bench_connect(daemon.path);
	once_us = ask_once(fd, &large) * 1e6;
	close(fd);
	print_times("one large", once_us, once_us);
	measure(&daemon, flood_requests, &small, &large, seconds);

	printf("\na small resolve while another user writes a line that never ends on each of %d "
	       "connections\n"
	       "%-16s %12s %12s\n",
	       BYTE_FLOODS, "", "median us", "p99 us");
	measure(&daemon, flood_bytes, &small, &large, seconds);
	bench_stop(&daemon);
	bench_requests_clear(&small);
	bench_requests_clear(&large);
}
