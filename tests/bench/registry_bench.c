/* SPDX-License-Identifier: MIT */
/*
 * Measures how a hundred thousand live layouts affect reads, memory and the start of a daemon, and
 * how a commit that waits for the disk affects other requests. It prints figures and ratios to a
 * baseline of the same run, and asserts nothing.
 */
#include "config.h"

#include "tests/bench/bench_daemon.h"
#include "tests/bench/bench_load.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FEW 100
#define MANY 100000
#define CREATORS 64
#define VARIANTS 4096 /* names that are read */
#define ROUNDS 9
#define SECONDS 0.2 /* length of a round */
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

struct vm {
	const char *name;
	bench_writer *write_create;
};

static void write_create(FILE *out, const char *request)
{
	fprintf(out,
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"layout.create\",\"params\":"
		"{\"name\":\"vm-" BENCH_NUMBER "\",\"request\":%s}}\n",
		request);
}

static void write_everyday(FILE *out, unsigned int parameter, unsigned int variant)
{
	(void)parameter, (void)variant;
	write_create(out, EVERYDAY_VM);
}

static void write_rich(FILE *out, unsigned int parameter, unsigned int variant)
{
	(void)parameter, (void)variant;
	write_create(out, RICH_VM);
}

static void write_resolve(FILE *out, unsigned int parameter, unsigned int variant)
{
	(void)parameter, (void)variant;
	fputs("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"layout.resolve\","
	      "\"params\":{\"request\":" EVERYDAY_VM "}}\n",
	      out);
}

/* Asks for one of `count` layouts, at random. */
static void write_get(FILE *out, unsigned int count, unsigned int variant)
{
	(void)variant;
	fprintf(out,
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"layout.get\",\"params\":"
		"{\"name\":\"vm-%08u\"}}\n",
		(unsigned int)random() % count);
}

static void write_probe(FILE *out, unsigned int count, unsigned int variant)
{
	(void)variant;
	fprintf(out,
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"layout.probe\",\"params\":"
		"{\"name\":\"vm-%08u\",\"address\":\"0xfee00000\"}}\n",
		(unsigned int)random() % count);
}

/* Creates this many layouts. */
static void fill(const struct bench_server *daemon, bench_writer *write, unsigned int count)
{
	struct bench_requests requests;
	struct bench_load *load;

	bench_requests_init(&requests, write, 0, 1);
	load = bench_load_open(daemon->path, &requests, CREATORS, 1);
	bench_load_run(load, 1e6, count, NULL);
	bench_load_close(load);
	bench_requests_clear(&requests);
	bench_check_refusals(daemon);
}

/*
 * Measures the microseconds of a request to each daemon. The daemons take turns, because the load
 * of the machine changes from second to second.
 */
static void measure(const struct bench_server *daemons, const unsigned int *counts, int n,
		    bench_writer *write, unsigned int under_way, double *medians)
{
	struct bench_requests requests[2];
	struct bench_load *loads[2];
	double times[2][ROUNDS];

	for (int k = 0; k < n; k++) {
		bench_requests_init(&requests[k], write, counts[k], VARIANTS);
		loads[k] = bench_load_open(daemons[k].path, &requests[k], 1, under_way);
	}
	for (int i = 0; i < ROUNDS; i++)
		for (int k = 0; k < n; k++)
			times[k][i] = 1e6 / bench_load_run(loads[k], SECONDS, UINT64_MAX, NULL);
	for (int k = 0; k < n; k++) {
		medians[k] = bench_median(times[k], ROUNDS);
		bench_load_close(loads[k]);
		bench_requests_clear(&requests[k]);
	}
}

/* Measures a resolve while no commit waits for the disk, and while one does. */
static void bench_stalled(void)
{
	const unsigned int none = 0;
	const char *faults = getenv("GPALAYOUT_FAULT_LIBRARY");
	struct bench_server daemon = { 0 };
	struct bench_requests create;
	double idle, stalled;
	char fault[64];
	FILE *file;
	int waiting;

	if (!faults) {
		printf("a stalled commit: skipped, because GPALAYOUT_FAULT_LIBRARY is not set\n");
		return;
	}
	snprintf(fault, sizeof(fault), "%s/fault", bench_folder);
	file = fopen(fault, "w");
	if (!file)
		bench_fail("%s: %m", fault);
	setenv("GPALAYOUT_FAULT_FILE", fault, 1);
	setenv("LD_PRELOAD", faults, 1);
	bench_start_daemon(&daemon, "stalled", NULL);
	unsetenv("LD_PRELOAD");
	measure(&daemon, &none, 1, write_resolve, UNDER_WAY, &idle);
	fputs("stall", file);
	fclose(file);
	bench_requests_init(&create, write_everyday, 0, 1);
	waiting = bench_connect(daemon.path);
	if (write(waiting, create.bytes, create.starts[1]) < 0)
		bench_fail("write: %m");
	measure(&daemon, &none, 1, write_resolve, UNDER_WAY, &stalled);
	unlink(fault);
	close(waiting);
	bench_stop(&daemon);
	bench_requests_clear(&create);
	printf("layout.resolve takes %.1f us, and %.1f us while a commit is stalled; ratio %.2f\n",
	       idle, stalled, stalled / idle);
}

static void bench_pair(const char *when, const char *what, const struct bench_server *daemons,
		       bench_writer *write, unsigned int under_way)
{
	const unsigned int counts[] = { FEW, MANY };
	double medians[2];

	measure(daemons, counts, 2, write, under_way, medians);
	printf("  %-15s %-12s %9u %9.1f %9.1f %6.2f\n", when, what, under_way, medians[0],
	       medians[1], medians[1] / medians[0]);
}

static void bench_reads(const char *when, const struct bench_server *daemons)
{
	bench_pair(when, "layout.get", daemons, write_get, 1);
	bench_pair(when, "layout.probe", daemons, write_probe, 1);
	bench_pair(when, "layout.get", daemons, write_get, UNDER_WAY);
	bench_pair(when, "layout.probe", daemons, write_probe, UNDER_WAY);
}

static void bench_scale(const struct vm *vm)
{
	struct bench_server daemons[2] = { 0 };
	struct bench_server *const few = &daemons[0], *const many = &daemons[1];
	double empty, filled, reloaded, start, seconds;

	bench_start_daemon(few, "few", NULL);
	fill(few, vm->write_create, FEW);
	bench_start_daemon(many, "many", NULL);
	empty = bench_resident(many);
	start = bench_now();
	fill(many, vm->write_create, MANY);
	seconds = bench_now() - start;
	filled = bench_resident(many);
	printf("\n%s VM\n  %-15s %-12s %9s %9s %9s %6s\n", vm->name, "", "", "under way",
	       "us at 100", "at 100000", "ratio");
	bench_reads("after creates", daemons);
	bench_stop(many);
	start = bench_start_daemon(many, "many", NULL);
	reloaded = bench_resident(many);
	bench_reads("after a restart", daemons);
	printf("  memory of a layout: %.0f bytes after the creates, %.0f after a restart\n",
	       (filled - empty) / MANY, (reloaded - empty) / MANY);
	printf("  all creates took %.1f s; a start with these layouts takes %.2f s\n", seconds,
	       start);
	bench_stop(many);
	bench_stop(few);
	bench_remove("few");
	bench_remove("many");
}

int main(void)
{
	static const struct vm vms[] = {
		{ "everyday", write_everyday },
		{ "rich", write_rich },
	};

	bench_begin("registry_bench");
	bench_stalled();
	for (size_t i = 0; i < sizeof(vms) / sizeof(vms[0]); i++)
		bench_scale(&vms[i]);
	return EXIT_SUCCESS;
}
