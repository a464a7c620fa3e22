/* SPDX-License-Identifier: MIT */
/*
 * Benchmark of libgpalayout. It measures how the allocator scales, and compares the cost of an
 * everyday VM with the cost of parsing its request.
 *
 * It prints lines of name, value and unit. Times are the best of several runs. Only the ratios
 * mean the same on every machine: both figures of a ratio come from the same run. No time is
 * asserted; the program fails only if something cannot be placed.
 */
#include "config.h"

#include "tests/bench/bench_daemon.h"

#include <cjson/cJSON.h>
#include <gpalayout/gpalayout.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIB UINT64_C(0x400)
#define MIB UINT64_C(0x100000)
#define GIB UINT64_C(0x40000000)
#define PAGE GPAL_PAGE_SIZE

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define TARGET_RATIO 14
#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)
#define TARGET_TEXT TEXT(TARGET_RATIO)
#define SECONDS_A_CASE 0.8
#define PASSES_MIN 10
#define PASSES_MAX 500

static uint64_t random_state;

/* xorshift, so that every run has the same inputs. */
static uint64_t random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static uint64_t random_between(uint64_t low, uint64_t high)
{
	return low + random_next() % (high - low + 1);
}

static void *zalloc(size_t count, size_t size)
{
	void *memory = calloc(count, size);

	if (!memory)
		bench_fail("out of memory");
	return memory;
}

/* An input: lists of up to n ranges, and of up to n demands of each kind. */
struct load {
	size_t n;
	struct gpal_alloc_input input;
	struct gpal_pinned *reserved;
	struct gpal_demand *mmio32;
	struct gpal_demand *ram;
	struct gpal_demand *mmio64;
	struct gpal_demand *post_mmio;
};

static void load_init(struct load *load, size_t n)
{
	*load = (struct load){
		.n = n,
		.reserved = zalloc(n, sizeof(*load->reserved)),
		.mmio32 = zalloc(n, sizeof(*load->mmio32)),
		.ram = zalloc(n, sizeof(*load->ram)),
		.mmio64 = zalloc(n, sizeof(*load->mmio64)),
		.post_mmio = zalloc(n, sizeof(*load->post_mmio)),
	};
	load->input = (struct gpal_alloc_input){
		.reserved = load->reserved,
		.mmio32 = load->mmio32,
		.ram = load->ram,
		.mmio64 = load->mmio64,
		.post_mmio = load->post_mmio,
	};
}

static void load_free(struct load *load)
{
	free(load->reserved);
	free(load->mmio32);
	free(load->ram);
	free(load->mmio64);
	free(load->post_mmio);
}

static void add_hole(struct load *load, uint64_t start, uint64_t length)
{
	load->reserved[load->input.reserved_count++] = (struct gpal_pinned){
		.tag = "hole",
		.range = { start, start + length },
	};
}

/* Draws n demands of `least` to `most` units each, aligned to one to 2^bits units. */
static size_t draw_demands(struct gpal_demand *demands, size_t n, uint64_t unit, uint64_t least,
			   uint64_t most, unsigned int bits)
{
	for (size_t i = 0; i < n; i++) {
		demands[i] = (struct gpal_demand){
			.tag = "window",
			.size = unit * random_between(least, most),
			.alignment = unit << random_between(0, bits),
		};
	}
	return n;
}

/*
 * Below 4 GiB the unit is a page, because 100,000 holes and windows must find room there. Above, it
 * is 64 KiB.
 */
#define LOW_UNIT PAGE
#define HIGH_UNIT (64 * KIB)
#define PERIOD 4

/*
 * These make n holes of a unit each, downwards or upwards from 4 GiB. The distance between two of
 * them is PERIOD to `most` units. A branch predictor learns a short regular pattern, so only the
 * cases that need such a pattern have it.
 */
static void make_holes_below_4gib(struct load *load, uint64_t most)
{
	uint64_t at = GPAL_4GIB;

	for (size_t i = 0; i < load->n; i++) {
		at -= LOW_UNIT * random_between(PERIOD, most);
		add_hole(load, at, LOW_UNIT);
	}
}

static void make_holes_above_4gib(struct load *load, uint64_t most)
{
	uint64_t at = GPAL_4GIB;

	for (size_t i = 0; i < load->n; i++) {
		add_hole(load, at, HIGH_UNIT);
		at += HIGH_UNIT * random_between(PERIOD, most);
	}
}

/* Holes at random distances, and windows of random sizes and alignments. */
static void mmio32_random(struct load *load)
{
	uint64_t at = GPAL_4GIB;

	for (size_t i = 0; i < load->n; i++) {
		at -= LOW_UNIT * random_between(1, 5);
		add_hole(load, at - LOW_UNIT, LOW_UNIT);
		at -= LOW_UNIT;
	}
	load->input.mmio32_count = draw_demands(load->mmio32, load->n, LOW_UNIT, 1, 4, 3);
}

/* Every window fits nearly everywhere. */
static void mmio32_fitting_gaps(struct load *load)
{
	make_holes_below_4gib(load, 2 * PERIOD);
	load->input.mmio32_count = draw_demands(load->mmio32, load->n, LOW_UNIT, 1, 2, 0);
}

/* No window fits in any of the n gaps, so each search must pass all of them. */
static void mmio32_short_gaps(struct load *load)
{
	make_holes_below_4gib(load, PERIOD);
	load->input.mmio32_count = draw_demands(load->mmio32, load->n, LOW_UNIT, 4, 5, 0);
}

/* Every gap is long enough, but the holes cover the aligned starts. */
static void mmio32_misaligned_gaps(struct load *load)
{
	make_holes_below_4gib(load, PERIOD);
	load->input.mmio32_count = draw_demands(load->mmio32, load->n, LOW_UNIT, 1, 2, 0);
	for (size_t i = 0; i < load->n; i++)
		load->mmio32[i].alignment = PERIOD * LOW_UNIT;
}

/* Gaps, sizes and alignments over several orders of magnitude. */
static void mmio64_random(struct load *load)
{
	uint64_t at = GPAL_4GIB;

	for (size_t i = 0; i < load->n; i++) {
		at += PAGE * random_between(1, UINT64_C(1) << random_between(1, 16));
		add_hole(load, at, PAGE);
		at += PAGE;
	}
	for (size_t i = 0; i < load->n; i++) {
		load->mmio64[i] = (struct gpal_demand){
			.tag = "window",
			.size = PAGE * random_between(1, UINT64_C(1) << random_between(0, 16)),
			.alignment = PAGE << random_between(0, 18),
		};
	}
	load->input.mmio64_count = load->n;
}

static void mmio64_fitting_gaps(struct load *load)
{
	make_holes_above_4gib(load, 2 * PERIOD);
	load->input.mmio64_count = draw_demands(load->mmio64, load->n, HIGH_UNIT, 1, 2, 0);
}

static void mmio64_short_gaps(struct load *load)
{
	make_holes_above_4gib(load, PERIOD);
	load->input.mmio64_count = draw_demands(load->mmio64, load->n, HIGH_UNIT, 4, 64, 0);
}

static void mmio64_misaligned_gaps(struct load *load)
{
	make_holes_above_4gib(load, PERIOD);
	load->input.mmio64_count = draw_demands(load->mmio64, load->n, HIGH_UNIT, 1, 2, 0);
	for (size_t i = 0; i < load->n; i++)
		load->mmio64[i].alignment = PERIOD * HIGH_UNIT;
}

/* Half of the holes lie in RAM, and half above it, in the region of post_mmio. */
static void ram_and_post_mmio(struct load *load)
{
	uint64_t at = 0;

	for (size_t i = 0; i < load->n / 2; i++) {
		at += MIB * random_between(1, 8);
		add_hole(load, at, PAGE);
		at += PAGE;
	}
	load->input.ram_count = draw_demands(load->ram, load->n, MIB, 1, 2, 1);
	/*
	 * RAM of n times 1.5 MiB ends well below this address, even if alignment wastes half of it.
	 */
	at = load->n * 16 * MIB;
	for (size_t i = load->n / 2; i < load->n; i++) {
		at += HIGH_UNIT * random_between(1, 8);
		add_hole(load, at, PAGE);
		at += PAGE;
	}
	load->input.post_mmio_count = draw_demands(load->post_mmio, load->n, HIGH_UNIT, 1, 4, 3);
}

/* RAM in pieces: a few demands are split over many gaps, most of which are cut to the alignment. */
static void ram_split(struct load *load)
{
	size_t demands = load->n / 100;
	uint64_t at = 0;

	for (size_t i = 0; i < load->n; i++) {
		at += MIB * random_between(1, 6);
		add_hole(load, at, PAGE);
		at += PAGE;
	}
	load->input.ram_count = draw_demands(load->ram, demands, MIB, 100, 200, 1);
}

/* All kinds at once, an equal number of each. */
static void everything(struct load *load)
{
	size_t each = load->n / 4;

	for (size_t i = 0; i < load->n / 2; i++)
		add_hole(load, GPAL_4GIB - (i + 1) * PERIOD * LOW_UNIT, LOW_UNIT);
	for (size_t i = load->n / 2; i < load->n; i++)
		add_hole(load, GPAL_4GIB + i * PERIOD * HIGH_UNIT, HIGH_UNIT);
	load->input.mmio32_count = draw_demands(load->mmio32, each, LOW_UNIT, 1, 4, 2);
	load->input.ram_count = draw_demands(load->ram, each, HIGH_UNIT, 1, 8, 2);
	load->input.mmio64_count = draw_demands(load->mmio64, each, HIGH_UNIT, 1, 8, 4);
	load->input.post_mmio_count = draw_demands(load->post_mmio, each, HIGH_UNIT, 1, 8, 4);
}

static void print_line(const char *name, const char *what, double value, const char *unit)
{
	int width = 46 - (int)strlen(name);

	printf("%s%-*s %12.2f %s\n", name, width > 0 ? width : 0, what, value, unit);
}

static void allocate(const struct load *load)
{
	struct gpal_map *map;
	struct gpal_error error;

	if (gpal_allocate(&load->input, &map, &error))
		bench_fail("%s", error.message);
	gpal_map_free(map);
}

static int by_start(const void *a, const void *b)
{
	const struct gpal_pinned *one = a;
	const struct gpal_pinned *two = b;

	return (one->range.start > two->range.start) - (one->range.start < two->range.start);
}

/* The baseline: the time of sorting n items on this machine, with its caches. */
static void sort(const struct load *load)
{
	size_t count = load->input.reserved_count;
	struct gpal_pinned *copy = zalloc(count, sizeof(*copy));

	memcpy(copy, load->reserved, count * sizeof(*copy));
	qsort(copy, count, sizeof(*copy), by_start);
	free(copy);
}

static void scattered(struct load *load)
{
	for (size_t i = 0; i < load->n; i++)
		add_hole(load, PAGE * random_between(0, UINT64_C(1) << 40), PAGE);
}

struct scaling_case {
	const char *name;
	void (*draw)(struct load *load);
	void (*run)(const struct load *load);
};

static const struct scaling_case scaling_cases[] = {
	{ "baseline.qsort", scattered, sort },
	{ "alloc.mmio32.random", mmio32_random, allocate },
	{ "alloc.mmio32.fitting_gaps", mmio32_fitting_gaps, allocate },
	{ "alloc.mmio32.short_gaps", mmio32_short_gaps, allocate },
	{ "alloc.mmio32.misaligned_gaps", mmio32_misaligned_gaps, allocate },
	{ "alloc.mmio64.random", mmio64_random, allocate },
	{ "alloc.mmio64.fitting_gaps", mmio64_fitting_gaps, allocate },
	{ "alloc.mmio64.short_gaps", mmio64_short_gaps, allocate },
	{ "alloc.mmio64.misaligned_gaps", mmio64_misaligned_gaps, allocate },
	{ "alloc.ram_and_post_mmio", ram_and_post_mmio, allocate },
	{ "alloc.ram_split", ram_split, allocate },
	{ "alloc.everything", everything, allocate },
};

static const size_t sizes[] = { 1000, 10000, 100000 };

/*
 * Returns the seconds for one input of n. A pass runs different inputs whose sizes add up to the
 * largest size. A daemon does not get the same request again and again, and repeating one small
 * input would measure the branch predictor and the caches of this processor.
 */
static double best_time(const struct scaling_case *scaling, size_t n)
{
	const size_t inputs = sizes[COUNT(sizes) - 1] / n;
	struct load *loads = zalloc(inputs, sizeof(*loads));
	double best = 0;
	double total = 0;

	random_state = UINT64_C(0x853c49e6748fea9b);
	for (size_t i = 0; i < inputs; i++) {
		load_init(&loads[i], n);
		scaling->draw(&loads[i]);
	}
	for (size_t pass = 0; pass < PASSES_MIN || (pass < PASSES_MAX && total < SECONDS_A_CASE);
	     pass++) {
		double start = bench_now();
		double time;

		for (size_t i = 0; i < inputs; i++)
			scaling->run(&loads[i]);
		time = bench_now() - start;
		total += time;
		if (pass == 0 || time < best)
			best = time;
	}
	for (size_t i = 0; i < inputs; i++)
		load_free(&loads[i]);
	free(loads);
	return best / (double)inputs;
}

static void bench_scaling(void)
{
	double worst = 0;
	const char *worst_name = "";

	for (size_t i = 0; i < COUNT(scaling_cases); i++) {
		const struct scaling_case *scaling = &scaling_cases[i];
		bool has_target = scaling->run == allocate;
		double times[COUNT(sizes)];
		char what[64];

		for (size_t j = 0; j < COUNT(sizes); j++) {
			times[j] = best_time(scaling, sizes[j]);
			snprintf(what, sizeof(what), ".n%zu", sizes[j]);
			print_line(scaling->name, what, times[j] * 1e6, "us");
		}
		for (size_t j = 1; j < COUNT(sizes); j++) {
			double ratio = times[j] / times[j - 1];

			snprintf(what, sizeof(what), ".n%zu/n%zu", sizes[j], sizes[j - 1]);
			print_line(scaling->name, what, ratio,
				   has_target ? "x (target <= " TARGET_TEXT ")" : "x");
			if (has_target && ratio > worst) {
				worst = ratio;
				worst_name = scaling->name;
			}
		}
		fflush(stdout);
	}
	print_line("alloc", ".worst_ratio", worst, "x (target <= " TARGET_TEXT ")");
	printf("worst: %s; target %s\n", worst_name, worst <= TARGET_RATIO ? "met" : "missed");
}

/* An everyday VM in the shortest text: the policy decides what is usual. */
#define EVERYDAY_TEXT                                             \
	"{\"arch\":\"x86_64\",\"memory\":{\"nodes\":[\"4GiB\"]}," \
	"\"pcie\":{\"root_complexes\":[{\"name\":\"rc0\"}]}}"

static const char everyday_text[] = EVERYDAY_TEXT;

/* The same VM as a daemon receives it: the whole line, which must be parsed. */
static const char everyday_line[] =
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"layout.resolve\",\"params\":{\"request\":" EVERYDAY_TEXT
	"}}";

/* The same VM with everything spelled out. */
static const char spelled_out_text[] =
	"{\"arch\":\"x86_64\",\"policy\":\"openvmm-2026.07\",\"profile\":\"gen2-uefi\","
	"\"memory\":{\"nodes\":[\"4GiB\"],\"start\":\"0x0\"},"
	"\"chipset\":{\"low_mmio\":\"128MiB\",\"high_mmio\":\"512MiB\"},"
	"\"pcie\":{\"ecam\":\"above-4gib\",\"root_complexes\":[{\"name\":\"rc0\",\"segment\":0,"
	"\"start_bus\":0,\"end_bus\":255,\"node\":0,\"low_mmio\":\"64MiB\","
	"\"high_mmio\":\"1GiB\"}]},\"host\":{\"physical_address_bits\":46}}";

static const uint64_t everyday_nodes[] = { 4 * GIB };
static const struct gpal_root_complex everyday_root_complexes[] = {
	{ .name = "rc0", .has_buses = true, .end_bus = 255 },
};
static const struct gpal_request everyday = {
	.arch = GPAL_ARCH_X86_64,
	.nodes = everyday_nodes,
	.node_count = COUNT(everyday_nodes),
	.root_complexes = everyday_root_complexes,
	.root_complex_count = COUNT(everyday_root_complexes),
};
static const struct gpal_root_complex spelled_out_root_complexes[] = {
	{ .name = "rc0",
	  .has_buses = true,
	  .end_bus = 255,
	  .has_node = true,
	  .low_mmio = { .kind = GPAL_WINDOW_SIZE, .size = 64 * MIB },
	  .high_mmio = { .kind = GPAL_WINDOW_SIZE, .size = GIB } },
};
static const struct gpal_request spelled_out = {
	.arch = GPAL_ARCH_X86_64,
	.profile = GPAL_PROFILE_GEN2_UEFI,
	.nodes = everyday_nodes,
	.node_count = COUNT(everyday_nodes),
	.memory_start = { .set = true, .value = 0 },
	.chipset_low_mmio = { .set = true, .value = 128 * MIB },
	.chipset_high_mmio = { .set = true, .value = 512 * MIB },
	.ecam = GPAL_ECAM_ABOVE_4GIB,
	.root_complexes = spelled_out_root_complexes,
	.root_complex_count = COUNT(spelled_out_root_complexes),
	.host_physical_address_bits = 46,
};

static struct gpal_layout *resolve(const struct gpal_request *request)
{
	struct gpal_layout *layout;
	struct gpal_error error;

	if (gpal_resolve(request, &layout, &error))
		bench_fail("%s", error.message);
	return layout;
}

static void resolve_once(const void *request)
{
	gpal_layout_free(resolve(request));
}

static void parse_once(const void *text)
{
	cJSON *json = cJSON_ParseWithLength(text, strlen(text));

	if (!json)
		bench_fail("the request is not JSON");
	cJSON_Delete(json);
}

static void digest_once(const void *layout)
{
	char digest[GPAL_DIGEST_SIZE];

	gpal_layout_digest(layout, digest);
}

static void explain_once(const void *request)
{
	struct gpal_explanation *explanation;

	if (gpal_explain(request, NULL, NULL, &explanation, NULL))
		bench_fail("out of memory");
	gpal_explanation_free(explanation);
}

static void compare_once(const void *layout)
{
	struct gpal_changes *changes;

	if (gpal_compare(layout, layout, &changes, NULL))
		bench_fail("out of memory");
	gpal_changes_free(changes);
}

static void advise_once(const void *request)
{
	struct gpal_layout *layout = resolve(request);
	struct gpal_advice *advice;

	if (gpal_advise(request, layout, &advice, NULL))
		bench_fail("out of memory");
	gpal_advice_free(advice);
	gpal_layout_free(layout);
}

/* Returns the seconds of one call: the best of many batches of `calls`. */
static double best_of(void (*call)(const void *), const void *argument, int calls)
{
	enum {
		BATCHES = 60
	};
	double best = 0;

	for (int batch = 0; batch < BATCHES; batch++) {
		double start = bench_now();
		double time;

		for (int i = 0; i < calls; i++)
			call(argument);
		time = (bench_now() - start) / calls;
		if (batch == 0 || time < best)
			best = time;
	}
	return best;
}

static double best_call(void (*call)(const void *), const void *argument)
{
	return best_of(call, argument, 2000);
}

/* Times the questions about a layout, next to making it. */
static void bench_questions(const char *name, const struct gpal_request *request)
{
	struct gpal_layout *layout = resolve(request);
	double resolve_time = best_call(resolve_once, request);

	print_line(name, ".explain/resolve", best_call(explain_once, request) / resolve_time, "x");
	print_line(name, ".compare/resolve", best_call(compare_once, layout) / resolve_time, "x");
	print_line(name, ".advise/resolve", best_of(advise_once, request, 20) / resolve_time, "x");
	gpal_layout_free(layout);
}

static void bench_everyday(const char *name, const struct gpal_request *request, const char *text)
{
	struct gpal_layout *layout = resolve(request);
	double resolve_time = best_call(resolve_once, request);
	double parse_time = best_call(parse_once, text);
	double digest_time = best_call(digest_once, layout);

	print_line(name, ".text", (double)strlen(text), "bytes");
	print_line(name, ".cjson_parse", parse_time * 1e9, "ns");
	print_line(name, ".resolve", resolve_time * 1e9, "ns");
	print_line(name, ".digest", digest_time * 1e9, "ns");
	print_line(name, ".resolve/cjson_parse", resolve_time / parse_time, "x (target < 1)");
	print_line(name, ".digest/cjson_parse", digest_time / parse_time, "x");
	gpal_layout_free(layout);
}

int main(void)
{
	/*
	 * The process keeps freed memory, as a long-running daemon does. Otherwise the largest
	 * cases would measure how fast the kernel clears pages.
	 */
	mallopt(M_MMAP_THRESHOLD, INT_MAX);
	mallopt(M_TRIM_THRESHOLD, INT_MAX);

	bench_everyday("everyday", &everyday, everyday_text);
	bench_everyday("everyday_line", &everyday, everyday_line);
	bench_everyday("everyday_spelled_out", &spelled_out, spelled_out_text);
	bench_questions("everyday", &everyday);
	fflush(stdout);
	bench_scaling();
	return EXIT_SUCCESS;
}
