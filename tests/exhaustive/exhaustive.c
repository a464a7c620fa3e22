/* SPDX-License-Identifier: MIT */
/* Runs spaces of cases in worker processes, and adds up what they report. */
#include "exhaustive.h"

#include "../tap.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS_MAX 64
#define DIFFERENCES_MAX 5 /* reported by one worker */

#define PAGE ((size_t)4096)

static uint64_t differences;

void *guarded_bytes(size_t size)
{
	const size_t pages = (size + PAGE - 1) / PAGE * PAGE;
	char *memory = mmap(NULL, pages + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);

	if (memory == MAP_FAILED || mprotect(memory + pages, PAGE, PROT_NONE)) {
		perror("exhaustive");
		abort();
	}
	return memory + pages - size;
}

void differ(const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	printf("# %s\n", text);
	if (++differences == DIFFERENCES_MAX) {
		fflush(stdout);
		_exit(1);
	}
}

/* The report of a worker after its whole share. */
struct result {
	uint64_t cases;
	uint64_t differences;
};

static pid_t start(const struct space *space, struct share share, int fd)
{
	const pid_t child = fork();
	struct result result;

	if (child != 0)
		return child;
	result.cases = space->run(&share);
	result.differences = differences;
	fflush(stdout);
	_exit(write(fd, &result, sizeof(result)) != (ssize_t)sizeof(result));
}

/*
 * Adds up the results of the workers. Returns false if one of them did not finish or could not
 * start.
 */
static bool run(const struct space *space, bool is_long, unsigned int workers, struct result *sum)
{
	pid_t children[WORKERS_MAX];
	int fds[2];
	bool ok = pipe(fds) == 0;

	*sum = (struct result){ 0 };
	if (!ok)
		return false;
	for (unsigned int i = 0; i < workers; i++) {
		children[i] = start(space, (struct share){ is_long, 0, i, workers }, fds[1]);
		ok &= children[i] > 0;
	}
	close(fds[1]);
	for (unsigned int i = 0; i < workers; i++) {
		struct result result;
		int status;

		if (children[i] <= 0)
			continue;
		ok &= waitpid(children[i], &status, 0) == children[i];
		if (status != 0) {
			printf("# a worker ended with wait status 0x%x\n", (unsigned int)status);
			ok = false;
		} else if (read(fds[0], &result, sizeof(result)) == (ssize_t)sizeof(result)) {
			sum->cases += result.cases;
			sum->differences += result.differences;
		} else {
			ok = false;
		}
	}
	close(fds[0]);
	return ok;
}

int exhaustive_main(int argc, char **argv, const struct space *spaces, size_t count)
{
	const bool is_long = argc > 1 && strcmp(argv[1], "--long") == 0;
	const long processors = sysconf(_SC_NPROCESSORS_ONLN);
	const unsigned int workers = processors < 1           ? 1 :
				     processors > WORKERS_MAX ? WORKERS_MAX :
								(unsigned int)processors;
	struct tap tap = { 0 };

	if (argc > (is_long ? 2 : 1)) {
		fprintf(stderr, "usage: %s [--long]\n", argv[0]);
		return 2;
	}
	for (size_t i = 0; i < count; i++) {
		const struct space *space = &spaces[i];
		const uint64_t expected = is_long && space->long_cases ? space->long_cases :
									 space->cases;
		struct result sum;
		char text[256];
		bool ok;

		fflush(stdout);
		ok = run(space, is_long, workers, &sum);
		if (sum.cases != expected)
			printf("# %" PRIu64 " cases are expected\n", expected);
		snprintf(text, sizeof(text), "%s: %" PRIu64 " cases, %" PRIu64 " differences",
			 space->name, sum.cases, sum.differences);
		tap_report(&tap, ok && sum.cases == expected && sum.differences == 0, text);
	}
	return tap_finish(&tap);
}
