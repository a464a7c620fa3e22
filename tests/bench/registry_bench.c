/* SPDX-License-Identifier: MIT */
/*
 * What live layouts cost, on a real daemon over its socket: creates a second with
 * one client and with many, which shows what sharing a commit gains; and what a
 * hundred thousand layouts do to reads, memory and the start. It prints figures and
 * ratios against a baseline of the same run, and asserts nothing.
 *
 * The state lies in the current folder, because /tmp may be no disk.
 */
#include "config.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS 64
#define SECONDS 3.0
#define FEW 100
#define MANY 100000
#define ROUNDS 2000
#define UNDER_WAY 50

#define EVERYDAY_VM                                                        \
	"{\"arch\":\"x86_64\",\"memory\":{\"nodes\":[\"4GiB\"]},"          \
	"\"pcie\":{\"root_complexes\":[{\"name\":\"rc0\",\"end_bus\":127," \
	"\"iommu\":\"amd-vi\"}]}}"
#define RICH_VM                                                                             \
	"{\"arch\":\"x86_64\",\"memory\":{\"nodes\":[\"4GiB\",\"4GiB\"]},"                  \
	"\"pcie\":{\"root_complexes\":[{\"name\":\"rc0\",\"end_bus\":127,\"node\":0,"       \
	"\"iommu\":\"amd-vi\"},{\"name\":\"rc1\",\"start_bus\":128,\"node\":1,"             \
	"\"cxl\":{\"hdm\":\"1GiB\"},\"iommu\":\"amd-vi\"}]},\"virtio_mmio\":{\"slots\":4}," \
	"\"vtl2\":{\"memory\":{\"size\":\"512MiB\",\"alignment\":\"2MiB\"}}}"

static char folder[] = "bench-XXXXXX";

/* A daemon; there are two at a time where they are compared. */
struct instance {
	char socket_path[64];
	char state_path[256];
	pid_t pid;
	unsigned int made; /* layouts, so that each has a name of its own */
};

static struct instance instances[2];
static struct instance *at = &instances[0]; /* the one that is meant */

__attribute__((noreturn)) static void die(const char *what)
{
	fprintf(stderr, "registry_bench: %s: %s\n", what, strerror(errno));
	for (int i = 0; i < 2; i++)
		if (instances[i].pid > 0)
			kill(instances[i].pid, SIGKILL);
	exit(1);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* The daemon. */

static int try_connect(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, at->socket_path);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Returns when it answers; the seconds that took. */
static double start_daemon(void)
{
	const char *program = getenv("GPALAYOUTD") ? getenv("GPALAYOUTD") : "./gpalayoutd";
	const struct timespec pause = { .tv_nsec = 1000000 };
	const double start = now();
	int fd, status;

	at->pid = fork();
	if (at->pid < 0)
		die("fork");
	if (at->pid == 0) {
		execl(program, program, "--socket", at->socket_path, "--inspect-socket", "none",
		      "--state-dir", at->state_path, "--log-level", "error", (char *)NULL);
		_exit(127);
	}
	while ((fd = try_connect()) < 0) {
		if (waitpid(at->pid, &status, WNOHANG) == at->pid)
			die("the daemon did not start");
		nanosleep(&pause, NULL);
	}
	close(fd);
	return now() - start;
}

static void stop_daemon(void)
{
	kill(at->pid, SIGTERM);
	waitpid(at->pid, NULL, 0);
	at->pid = 0;
}

/* Resident memory in bytes, of anonymous pages: what it allocated. */
static double resident(void)
{
	char path[64], line[256];
	double kib = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)at->pid);
	file = fopen(path, "r");
	if (!file)
		die(path);
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, "VmRSS:", 6) == 0)
			kib = atof(line + 6);
	fclose(file);
	return kib * 1024;
}

/* Asking. */

struct client {
	int fd;
	size_t length;
	char buffer[65536];
};

static void open_client(struct client *client)
{
	client->fd = try_connect();
	client->length = 0;
	if (client->fd < 0)
		die("connect");
}

static void send_line(const struct client *client, const char *line)
{
	if (write(client->fd, line, strlen(line)) != (ssize_t)strlen(line))
		die("write");
}

/* Reads what has come; true if it ends a line, which is then in the buffer. */
static bool receive(struct client *client)
{
	const ssize_t length = read(client->fd, client->buffer + client->length,
				    sizeof(client->buffer) - 1 - client->length);

	if (length <= 0)
		die("read");
	client->length += (size_t)length;
	client->buffer[client->length] = '\0';
	if (client->buffer[client->length - 1] != '\n')
		return false;
	client->length = 0;
	if (strstr(client->buffer, "\"error\""))
		die(client->buffer);
	return true;
}

static void ask(struct client *client, const char *line)
{
	send_line(client, line);
	while (!receive(client))
		;
}

static double stat_of(const char *group, const char *name)
{
	struct client client;
	cJSON *reply, *value;
	double number;

	open_client(&client);
	ask(&client, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"daemon.stats\"}\n");
	close(client.fd);
	reply = cJSON_Parse(client.buffer);
	value = cJSON_GetObjectItem(
		cJSON_GetObjectItem(cJSON_GetObjectItem(reply, "result"), group), name);
	number = value ? value->valuedouble : 0;
	cJSON_Delete(reply);
	return number;
}

/* Creating. */

static void send_create(const struct client *client, const char *vm)
{
	char line[1024];

	snprintf(line, sizeof(line),
		 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"layout.create\",\"params\":"
		 "{\"name\":\"vm-%06u\",\"request\":%s}}\n",
		 at->made++, vm);
	send_line(client, line);
}

/* Each client creates one after the other, until there are `most` or the time is over. */
static void create(size_t count, const char *vm, unsigned int most, double seconds)
{
	static struct client clients[CLIENTS];
	struct pollfd polls[CLIENTS];
	const double end = now() + seconds;
	size_t busy = 0;

	for (size_t i = 0; i < count; i++) {
		open_client(&clients[i]);
		polls[i] = (struct pollfd){ .fd = clients[i].fd, .events = POLLIN };
		if (at->made < most) {
			send_create(&clients[i], vm);
			busy++;
		}
	}
	while (busy > 0) {
		if (poll(polls, count, -1) < 0)
			die("poll");
		for (size_t i = 0; i < count; i++) {
			if (!polls[i].revents || !receive(&clients[i]))
				continue;
			if (at->made < most && now() < end)
				send_create(&clients[i], vm);
			else
				busy--;
		}
	}
	for (size_t i = 0; i < count; i++)
		close(clients[i].fd);
}

static double bench_creates(size_t count, double baseline)
{
	const unsigned int before = at->made;
	const double commits = stat_of("store", "commits"), start = now();
	double seconds, rate;

	create(count, EVERYDAY_VM, UINT32_MAX, SECONDS);
	seconds = now() - start;
	rate = (at->made - before) / seconds;
	printf("  %2zu connection%s %9.0f creates/s %9.0f commits/s %6.1f creates a commit", count,
	       count == 1 ? " " : "s", rate, (stat_of("store", "commits") - commits) / seconds,
	       (at->made - before) / (stat_of("store", "commits") - commits));
	if (baseline > 0)
		printf("  ratio %.1f", rate / baseline);
	printf("\n");
	return rate;
}

/* What the disk can do at most: a page written and synchronised, over and over. */
static void bench_disk(void)
{
	char path[300], page[4096] = "";
	double start, seconds;
	unsigned int count = 0;
	int fd;

	snprintf(path, sizeof(path), "%s/disk", folder);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		die(path);
	start = now();
	for (; now() - start < 1.0; count++)
		if (write(fd, page, sizeof(page)) != sizeof(page) || fdatasync(fd))
			die(path);
	seconds = now() - start;
	close(fd);
	unlink(path);
	printf("  the disk, by itself %26.0f synchronised pages/s\n", count / seconds);
}

/* Reading. */

static int compare_doubles(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

typedef const char *line_writer(char line[512], unsigned int count);

static const char *line_of_get(char line[512], unsigned int count)
{
	snprintf(line, 512,
		 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"layout.get\",\"params\":"
		 "{\"name\":\"vm-%06u\"}}\n",
		 (unsigned int)random() % count);
	return line;
}

static const char *line_of_probe(char line[512], unsigned int count)
{
	snprintf(line, 512,
		 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"layout.probe\",\"params\":"
		 "{\"name\":\"vm-%06u\",\"address\":\"0xfee00000\"}}\n",
		 (unsigned int)random() % count);
	return line;
}

static const char *line_of_resolve(char line[512], unsigned int count)
{
	(void)line, (void)count;
	return "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"layout.resolve\","
	       "\"params\":{\"request\":" EVERYDAY_VM "}}\n";
}

/* Reads as many replies; what they say is not looked at, but that none is a refusal. */
static void receive_many(struct client *client, int replies)
{
	while (replies > 0) {
		const ssize_t length = read(client->fd, client->buffer, sizeof(client->buffer) - 1);

		if (length <= 0)
			die("read");
		client->buffer[length] = '\0';
		if (strstr(client->buffer, "\"error\""))
			die(client->buffer);
		for (const char *end = client->buffer; (end = strchr(end, '\n')); end++)
			replies--;
	}
}

/* The microseconds that a request takes, with as many under way at a time. */
static double measure(struct client *client, line_writer *write_line, unsigned int count,
		      int under_way)
{
	static char lines[UNDER_WAY * 512];
	char line[512];
	double start;

	lines[0] = '\0';
	for (int i = 0; i < under_way; i++)
		strcat(lines, write_line(line, count));
	start = now();
	send_line(client, lines);
	receive_many(client, under_way);
	return (now() - start) * 1e6 / under_way;
}

static double median(double times[ROUNDS])
{
	qsort(times, ROUNDS, sizeof(*times), compare_doubles);
	return times[ROUNDS / 2];
}

static double bench_line(line_writer *write_line, unsigned int count)
{
	static double times[ROUNDS];
	struct client client;

	open_client(&client);
	for (int i = 0; i < ROUNDS; i++)
		times[i] = measure(&client, write_line, count, UNDER_WAY);
	close(client.fd);
	return median(times);
}

/*
 * The same request to a daemon that has few layouts and to one that has many, turn
 * about, because what else the machine does changes from second to second.
 */
static void bench_pair(const char *what, line_writer *write_line, int under_way)
{
	static double times[2][ROUNDS];
	const unsigned int counts[2] = { FEW, MANY };
	static struct client clients[2];
	double few, many;

	for (int k = 0; k < 2; k++) {
		at = &instances[k];
		open_client(&clients[k]);
	}
	for (int i = 0; i < ROUNDS; i++)
		for (int k = 0; k < 2; k++)
			times[k][i] = measure(&clients[k], write_line, counts[k], under_way);
	for (int k = 0; k < 2; k++)
		close(clients[k].fd);
	few = median(times[0]);
	many = median(times[1]);
	printf("    %-12s %2d under way %6.1f us at %d %6.1f us at %d  ratio %.2f\n", what,
	       under_way, few, FEW, many, MANY, many / few);
}

/* One below the bench's own, or that as a whole. */
static void remove_folder(const char *name)
{
	char command[300];

	snprintf(command, sizeof(command), "rm -rf '%s/%s'", folder, name);
	if (system(command))
		die(command);
}

static void begin(struct instance *instance, const char *what)
{
	at = instance;
	at->made = 0;
	snprintf(at->socket_path, sizeof(at->socket_path), "%s/%s.sock", folder, what);
	snprintf(at->state_path, sizeof(at->state_path), "%s/%s", folder, what);
	start_daemon();
}

/* What a resolve costs while a commit waits for the disk, next to one while none does. */
static void bench_stalled(void)
{
	const char *faults = getenv("GPALAYOUT_FAULTS");
	struct client waiting;
	char fault[300];
	double idle, stalled;
	FILE *file;

	if (!faults)
		return;
	snprintf(fault, sizeof(fault), "%s/fault", folder);
	file = fopen(fault, "w");
	if (!file)
		die(fault);
	setenv("GPALAYOUT_FAULT", fault, 1);
	setenv("LD_PRELOAD", faults, 1);
	begin(&instances[0], "stalled");
	unsetenv("LD_PRELOAD");
	idle = bench_line(line_of_resolve, 1);
	fputs("stall", file);
	fclose(file);
	open_client(&waiting);
	send_create(&waiting, EVERYDAY_VM);
	stalled = bench_line(line_of_resolve, 1);
	unlink(fault);
	while (!receive(&waiting))
		;
	close(waiting.fd);
	stop_daemon();
	printf("  layout.resolve %5.1f us, %5.1f us while a commit is stalled  ratio %.2f\n", idle,
	       stalled, stalled / idle);
}

/*
 * On one processor, or on any. Whether client and daemon share one decides how long
 * a wake-up takes, and the system may decide it differently for two daemons.
 */
static void share_processor(bool share)
{
	const pid_t pids[] = { 0, instances[0].pid, instances[1].pid };
	cpu_set_t processors;

	CPU_ZERO(&processors);
	for (unsigned int i = 0; i < (share ? 1 : CPU_SETSIZE); i++)
		CPU_SET(i, &processors);
	for (int i = 0; i < 3; i++)
		if (sched_setaffinity(pids[i], sizeof(processors), &processors))
			die("sched_setaffinity");
}

static void bench_reads(void)
{
	share_processor(true);
	bench_pair("layout.get", line_of_get, 1);
	bench_pair("layout.probe", line_of_probe, 1);
	bench_pair("layout.get", line_of_get, UNDER_WAY);
	bench_pair("layout.probe", line_of_probe, UNDER_WAY);
	share_processor(false);
	at = &instances[1];
}

static void bench_scale(const char *name, const char *vm)
{
	double empty, filled, reloaded, start, fill;

	printf("  %s VM\n", name);
	begin(&instances[0], "few");
	create(CLIENTS, vm, FEW, 1e9);
	begin(&instances[1], "many");
	empty = resident();
	start = now();
	create(CLIENTS, vm, MANY, 1e9);
	fill = now() - start;
	filled = resident();
	bench_reads();
	stop_daemon();
	start = start_daemon();
	reloaded = resident();
	printf("    after a restart of the second\n");
	bench_reads();
	printf("    memory a layout: %.0f bytes as they were made, %.0f after a restart\n",
	       (filled - empty) / MANY, (reloaded - empty) / MANY);
	printf("    made in %.1f s; a start with them takes %.2f s\n", fill, start);
	stop_daemon();
	at = &instances[0];
	stop_daemon();
	remove_folder("few");
	remove_folder("many");
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!mkdtemp(folder))
		die(folder);

	printf("creating live layouts, each acknowledged when it is on disk\n");
	bench_disk();
	begin(&instances[0], "creates");
	bench_creates(CLIENTS, bench_creates(1, 0));
	stop_daemon();

	printf("requests that need no disk, %d under way (medians)\n", UNDER_WAY);
	bench_stalled();
	printf("many live layouts (medians)\n");
	bench_scale("everyday", EVERYDAY_VM);
	bench_scale("rich", RICH_VM);

	remove_folder("");
	return 0;
}
