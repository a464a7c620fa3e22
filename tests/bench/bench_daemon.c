/* SPDX-License-Identifier: MIT */
/* The kernel kills each server when the benchmark dies, whatever the cause. */
#include "config.h"

#include "tests/bench/bench_daemon.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define REPLY_LEAST 65536

char bench_folder[] = "bench-XXXXXX";

static const char *program_name = "bench";
static pid_t owner;                  /* who removes the folder and the servers */
static struct bench_server *servers; /* the running ones */
static size_t server_processor, load_processor;

void bench_fail(const char *format, ...)
{
	va_list arguments;
	const int error = errno;

	fflush(stdout);
	fprintf(stderr, "%s: ", program_name);
	va_start(arguments, format);
	errno = error; /* for %m */
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(EXIT_FAILURE);
}

double bench_setting(const char *name, double default_value)
{
	const char *text = getenv(name);
	char *end;
	double value;

	if (!text)
		return default_value;
	value = strtod(text, &end);
	if (end == text || *end != '\0' || !(value > 0))
		bench_fail("%s=%s is not a number above 0", name, text);
	return value;
}

double bench_now(void)
{
	return (double)bench_now_ns() / 1e9;
}

uint64_t bench_now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* The folder, the processors and the machine. */

static void clean_up(void)
{
	if (getpid() != owner)
		return;
	while (servers) {
		kill(servers->pid, SIGKILL);
		waitpid(servers->pid, NULL, 0);
		servers = servers->next;
	}
	bench_remove("");
}

static void pin(size_t processor)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(processor, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		bench_fail("sched_setaffinity: %m");
}

static void choose_processors(void)
{
	size_t found = 0;
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		bench_fail("sched_getaffinity: %m");
	for (size_t i = 0; i < CPU_SETSIZE && found < 2; i++)
		if (CPU_ISSET(i, &set))
			*(found++ == 0 ? &server_processor : &load_processor) = i;
	if (found == 1)
		load_processor = server_processor;
}

static void print_machine(void)
{
	char line[256], model[256] = "unknown processor", date[64];
	const time_t now = time(NULL);
	FILE *file = fopen("/proc/cpuinfo", "re");
	struct utsname system;
	double load = 0;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "model name : %255[^\n]", model) == 1)
			break;
	if (file)
		fclose(file);
	uname(&system);
	getloadavg(&load, 1);
	strftime(date, sizeof(date), "%Y-%m-%d %H:%M UTC", gmtime(&now));
	printf("%s, %ld processors, %s %s; server on processor %zu, load on %zu; %s; "
	       "load average before the run %.1f\n",
	       model, sysconf(_SC_NPROCESSORS_ONLN), system.sysname, system.release,
	       server_processor, load_processor, date, load);
	if (server_processor == load_processor)
		printf("server and load share the only processor, so the times say little\n");
}

void bench_begin(const char *program)
{
	program_name = program;
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	choose_processors();
	print_machine();
	pin(load_processor);
	if (!mkdtemp(bench_folder))
		bench_fail("cannot make a folder: %m");
	owner = getpid();
	atexit(clean_up);
}

void bench_remove(const char *name)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s/%s'", bench_folder, name);
	if (system(command))
		fprintf(stderr, "%s: cannot remove %s/%s\n", program_name, bench_folder, name);
}

/* Servers. */

static int try_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		bench_fail("socket %s: %m", path);
	strcpy(address.sun_path, path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

int bench_connect(const char *path)
{
	const int fd = try_connect(path);

	if (fd < 0)
		bench_fail("cannot connect to %s: %m", path);
	return fd;
}

static void wait_ready(struct bench_server *server, const char *path, const char *program)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	int fd, status;

	while ((fd = try_connect(path)) < 0) {
		if (waitpid(server->pid, &status, WNOHANG) == server->pid) {
			servers = server->next;
			bench_fail("%s did not start: status 0x%x", program, (unsigned int)status);
		}
		nanosleep(&pause, NULL);
	}
	close(fd);
}

/* Starts a server and returns the seconds until it accepts connections. */
static double start(struct bench_server *server, const char *const *arguments)
{
	const double begun = bench_now();

	fflush(stdout);
	server->pid = fork();
	if (server->pid < 0)
		bench_fail("fork: %m");
	if (server->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pin(server_processor);
		/* The memory store refuses --state-dir, but not this variable. */
		setenv("STATE_DIRECTORY", server->state_path, 1);
		execv(arguments[0], (char *const *)arguments);
		_exit(127);
	}
	server->next = servers;
	servers = server;
	wait_ready(server, server->path, arguments[0]);
	if (server->inspect_path[0])
		wait_ready(server, server->inspect_path, arguments[0]);
	if (clock_getcpuclockid(server->pid, &server->cpu_clock))
		bench_fail("clock_getcpuclockid: %m");
	return bench_now() - begun;
}

double bench_start_daemon(struct bench_server *server, const char *name, const char *const *options)
{
	const char *program = getenv("GPALAYOUTD") ? getenv("GPALAYOUTD") : "./gpalayoutd";
	const char *arguments[16 + BENCH_OPTIONS_MAX];
	size_t n = 0;

	snprintf(server->path, sizeof(server->path), "%s/%s.sock", bench_folder, name);
	snprintf(server->inspect_path, sizeof(server->inspect_path), "%s/%s.inspect", bench_folder,
		 name);
	snprintf(server->state_path, sizeof(server->state_path), "%s/%s", bench_folder, name);
	arguments[n++] = program;
	arguments[n++] = "--config=none";
	arguments[n++] = "--socket";
	arguments[n++] = server->path;
	arguments[n++] = "--inspect-socket";
	arguments[n++] = server->inspect_path;
	arguments[n++] = "--log-level";
	arguments[n++] = "error";
	for (size_t i = 0; options && options[i] && i < BENCH_OPTIONS_MAX; i++)
		arguments[n++] = options[i];
	arguments[n] = NULL;
	return start(server, arguments);
}

void bench_start_bare(struct bench_server *server, size_t reply_length, size_t event_length)
{
	const char *program = getenv("BARE_SERVER") ? getenv("BARE_SERVER") :
						      "tests/bench/bare_server";
	char reply[24], event[24];
	const char *const arguments[] = { program, server->path, reply, event, NULL };

	snprintf(server->path, sizeof(server->path), "%s/bare.sock", bench_folder);
	snprintf(reply, sizeof(reply), "%zu", reply_length);
	snprintf(event, sizeof(event), "%zu", event_length);
	start(server, arguments);
}

void bench_stop(struct bench_server *server)
{
	struct bench_server **link = &servers;

	while (*link != server)
		link = &(*link)->next;
	*link = server->next;
	kill(server->pid, SIGTERM);
	waitpid(server->pid, NULL, 0);
	unlink(server->path);
}

double bench_cpu(const struct bench_server *server)
{
	struct timespec time;

	if (clock_gettime(server->cpu_clock, &time))
		bench_fail("a server has exited");
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

double bench_resident(const struct bench_server *server)
{
	char path[64], line[256];
	double kib = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)server->pid);
	file = fopen(path, "re");
	if (!file)
		bench_fail("%s: %m", path);
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, "VmRSS:", 6) == 0)
			kib = atof(line + 6);
	fclose(file);
	return kib * 1024;
}

/* Asking. */

char *bench_ask(int fd, const char *line, size_t length)
{
	size_t capacity = REPLY_LEAST, received = 0;
	char *reply = malloc(capacity);
	ssize_t count;

	while (length > 0 && (count = write(fd, line, length)) > 0) {
		line += count;
		length -= (size_t)count;
	}
	while (reply && length == 0) {
		count = read(fd, reply + received, capacity - 1 - received);
		if (count <= 0)
			break;
		received += (size_t)count;
		if (reply[received - 1] == '\n') {
			reply[received] = '\0';
			if (strstr(reply, "\"error\":{"))
				bench_fail("the reply is an error: %.500s", reply);
			return reply;
		}
		if (received == capacity - 1)
			reply = realloc(reply, capacity *= 2);
	}
	bench_fail("no reply");
}

static cJSON *read_stats(const struct bench_server *server)
{
	static const char line[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"daemon.stats\"}\n";
	const int fd = bench_connect(server->path);
	char *reply = bench_ask(fd, line, sizeof(line) - 1);
	cJSON *tree = cJSON_Parse(reply);

	close(fd);
	free(reply);
	if (!cJSON_GetObjectItem(tree, "result"))
		bench_fail("daemon.stats has no result");
	return tree;
}

double bench_stat(const struct bench_server *server, const char *group, const char *name)
{
	cJSON *tree = read_stats(server);
	const cJSON *value = cJSON_GetObjectItem(
		cJSON_GetObjectItem(cJSON_GetObjectItem(tree, "result"), group), name);
	const double number = value ? value->valuedouble : 0;

	cJSON_Delete(tree);
	return number;
}

void bench_check_refusals(const struct bench_server *server)
{
	cJSON *tree = read_stats(server);
	const cJSON *method;

	cJSON_ArrayForEach(method,
			   cJSON_GetObjectItem(cJSON_GetObjectItem(tree, "result"), "requests"))
	{
		const cJSON *refused = cJSON_GetObjectItem(method, "refused");

		if (!refused || refused->valuedouble > 0)
			bench_fail("%s was refused", method->string);
	}
	cJSON_Delete(tree);
}
