/* SPDX-License-Identifier: MIT */
/*
 * The search for free space: every pattern of free pages, and short sequences of windows, up and
 * down. After each sequence, the last window, the trace of its search, the summary and the list
 * of free ranges must equal those of a reference that looks at one page after another.
 */
#include "config.h"

#include "core/fit_index.h"
#include "exhaustive.h"
#include "guarded_arena.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PAGES_MAX 192u
#define TAKES_MAX 4
/* Page 8, counted from 0, begins at 4 GiB, so that alignments up to 8 pages matter. */
#define BASE (GPAL_4GIB - 8 * GPAL_PAGE_SIZE)

static struct gpald_arena *arena;

struct take {
	unsigned int size; /* in pages, as everywhere here */
	unsigned int alignment;
};

/* A case: the free pages, and the windows to take. */
struct scene {
	unsigned int pages;
	unsigned int region_start;
	unsigned int region_end;
	enum gpald_direction direction;
	bool with_below;
	bool is_free[PAGES_MAX]; /* before the first window */
	struct take takes[TAKES_MAX];
	unsigned int take_count;
};

/* The windows of a sequence. */
struct sequence {
	unsigned int sizes[13];
	unsigned int alignments[5]; /* coarsest first, as the index requires */
	unsigned int takes;
};

static uint64_t address(unsigned int page)
{
	return BASE + page * GPAL_PAGE_SIZE;
}

static void scene_differs(const struct scene *scene, const char *what)
{
	char text[512];
	int at = 0;

	for (unsigned int page = 0; page < scene->pages; page++)
		text[at++] = scene->is_free[page] ? '.' : '#';
	text[at] = '\0';
	for (unsigned int i = 0; i < scene->take_count; i++)
		at += snprintf(text + at, sizeof(text) - (size_t)at, ", %u aligned to %u",
			       scene->takes[i].size, scene->takes[i].alignment);
	differ("%s: %s in pages %u to %u of %s", what,
	       scene->direction == GPALD_TOP_DOWN ? "down" : "up", scene->region_start,
	       scene->region_end, text);
}

/* The reference. */

static bool is_aligned(unsigned int page, unsigned int alignment)
{
	return address(page) / GPAL_PAGE_SIZE % alignment == 0;
}

/* Returns the end of the run of free pages from `page` on, but at most `end`. */
static unsigned int run_end(const bool *is_free, unsigned int page, unsigned int end)
{
	while (page < end && is_free[page])
		page++;
	return page;
}

static bool fits(const struct scene *scene, const bool *is_free, unsigned int at,
		 const struct take *take)
{
	return at >= scene->region_start && is_aligned(at, take->alignment) &&
	       at + take->size <= run_end(is_free, at, scene->region_end);
}

/* Returns the first page of a window, or scene->pages if there is no place for it. */
static unsigned int find(const struct scene *scene, const bool *is_free, const struct take *take)
{
	if (scene->direction == GPALD_BOTTOM_UP) {
		for (unsigned int at = 0; at < scene->pages; at++)
			if (fits(scene, is_free, at, take))
				return at;
		return scene->pages;
	}
	for (unsigned int at = scene->pages; at > 0; at--)
		if (fits(scene, is_free, at - 1, take))
			return at - 1;
	return scene->pages;
}

/* Returns the pages of a run from its first aligned one on, or 0 if there is none. */
static unsigned int usable(unsigned int start, unsigned int end, unsigned int alignment)
{
	while (start < end && !is_aligned(start, alignment))
		start++;
	return end - start;
}

static struct gpald_free_summary summarise(const struct scene *scene, const bool *is_free,
					   unsigned int alignment)
{
	struct gpald_free_summary summary = { 0 };
	unsigned int end;

	for (unsigned int page = scene->region_start; page < scene->region_end; page = end + 1) {
		uint64_t fit;

		end = run_end(is_free, page, scene->region_end);
		fit = usable(page, end, alignment) * GPAL_PAGE_SIZE;
		summary.total += (end - page) * GPAL_PAGE_SIZE;
		if (fit > summary.largest_fit) {
			summary.largest_fit = fit;
			summary.fit_in = (struct gpal_range){ address(page), address(end) };
		}
	}
	return summary;
}

/*
 * Selects the free pages of interest: all from the region on, and, if asked for, those below it.
 * The lower part of a run that crosses the start of the region is left out.
 */
static void select_pages(const struct scene *scene, const bool *is_free, bool with_below,
			 bool *wanted)
{
	unsigned int below = with_below ? scene->region_start : 0;

	while (below > 0 && scene->is_free[scene->region_start] && scene->is_free[below - 1])
		below--;
	for (unsigned int page = 0; page < scene->pages; page++)
		wanted[page] = is_free[page] && (page < below || page >= scene->region_start);
}

/*
 * Compares the trace of a window at page `at`. It must have all runs before the window, in order.
 */
static bool same_trace(const struct scene *scene, const bool *is_free, unsigned int at,
		       const struct take *take, const struct gpal_step *step)
{
	const bool down = scene->direction == GPALD_TOP_DOWN;
	const struct gpal_chosen *chosen = step->chosen;
	unsigned int start = at, end = run_end(is_free, at, scene->region_end);
	bool wanted[PAGES_MAX];
	size_t next = 0;

	while (start > scene->region_start && is_free[start - 1])
		start--;
	if (step->chosen_count != 1 || chosen->range.start != address(at) ||
	    chosen->range.end != address(at + take->size) || chosen->free.start != address(start) ||
	    chosen->free.end != address(end) ||
	    chosen->lost != (down ? end - at - take->size : at - start) * GPAL_PAGE_SIZE)
		return false;
	select_pages(scene, is_free, !down, wanted);
	for (unsigned int n = 0; n < scene->pages; n++) {
		const unsigned int page = down ? scene->pages - 1 - n : n;
		const unsigned int size = run_end(wanted, page, scene->region_end) - page;
		const struct gpal_passed *passed = &step->passed[next];
		const bool is_below = page < scene->region_start;
		const bool is_small = size < take->size;
		const unsigned int fit = usable(page, page + size, take->alignment);

		/* The first page of each run before the choice stands for the run. */
		if (!wanted[page] || (page > 0 && wanted[page - 1]) || page >= scene->region_end ||
		    (down ? page < end : page >= start))
			continue;
		if (next == step->passed_count || passed->free.start != address(page) ||
		    passed->free.end != address(page + size) ||
		    passed->missing != (is_below ? 0 :
					is_small ? take->size - size :
						   take->size - fit) *
					       GPAL_PAGE_SIZE ||
		    passed->why != (is_below ? GPAL_PASS_BELOW_FLOOR :
				    is_small ? GPAL_PASS_TOO_SMALL :
					       GPAL_PASS_ALIGNMENT))
			return false;
		next++;
	}
	return next == step->passed_count;
}

/* Compares the list of free pages of interest. */
static bool same_list(const struct scene *scene, const bool *is_free,
		      const struct gpald_free_space *list)
{
	bool wanted[PAGES_MAX];
	size_t next = 0;

	select_pages(scene, is_free, scene->with_below, wanted);
	for (unsigned int page = 0, end; page < scene->pages; page = end + 1) {
		end = run_end(wanted, page, scene->pages);
		if (end == page)
			continue;
		if (next == list->count || list->ranges[next].start != address(page) ||
		    list->ranges[next].end != address(end))
			return false;
		next++;
	}
	return next == list->count;
}

/* The code under test. */

static struct gpald_free_space list_of(const struct scene *scene, const bool *is_free)
{
	struct gpald_free_space list;
	size_t runs = 0;

	for (unsigned int page = 0; page < scene->pages; page++)
		runs += is_free[page] && (page == 0 || !is_free[page - 1]);
	if (!gpald_free_space_init(&list, arena, runs))
		differ("out of memory");
	for (unsigned int page = 0; page < scene->pages; page++)
		if (is_free[page])
			gpald_free_space_append(
				&list, (struct gpal_range){ address(page), address(page + 1) });
	return list;
}

/*
 * Takes all windows, and compares the result for the last one. Returns false if it does not fit.
 * The lists have exactly the room they need.
 */
static bool check_case(const struct scene *scene)
{
	struct gpald_free_space space, left;
	struct gpald_trace trace = { .arena = arena };
	const struct gpal_step step = { .tag = "" };
	struct gpald_fit_index index;
	struct gpal_range window;
	bool is_free[PAGES_MAX], fitted = true;

	guarded_arena_reset(arena);
	memcpy(is_free, scene->is_free, scene->pages * sizeof(*is_free));
	space = list_of(scene, is_free);
	if (!gpald_fit_index_init(
		    &index, arena, scene->direction,
		    (struct gpal_range){ address(scene->region_start), address(scene->region_end) },
		    &space, scene->take_count))
		differ("out of memory");
	/*
	 * The allocator makes an index only if there are demands, and sets its alignment before the
	 * first one. A case without demands must set it here.
	 */
	if (scene->take_count == 0)
		gpald_fit_index_set_alignment(&index, GPAL_PAGE_SIZE);
	for (unsigned int i = 0; i < scene->take_count; i++) {
		const struct take *take = &scene->takes[i];
		const unsigned int at = find(scene, is_free, take);
		const bool last = i == scene->take_count - 1;
		const char *what = NULL;

		if (index.alignment != take->alignment * GPAL_PAGE_SIZE)
			gpald_fit_index_set_alignment(&index, take->alignment * GPAL_PAGE_SIZE);
		fitted = at < scene->pages;
		if (last)
			gpald_trace_open_step(&trace, &step);
		if ((last ? gpald_fit_index_take_traced(&index, take->size * GPAL_PAGE_SIZE,
							&window, &trace) :
			    gpald_fit_index_take(&index, take->size * GPAL_PAGE_SIZE, &window)) !=
		    fitted)
			what = fitted ? "a window is not found" : "a window is found";
		else if (fitted &&
			 (window.start != address(at) || window.end != address(at + take->size)))
			what = "a window is in the wrong place";
		if (!what && last && fitted) {
			gpald_trace_close_step(&trace, scene->direction == GPALD_TOP_DOWN);
			if (!same_trace(scene, is_free, at, take, &trace.steps[0]))
				what = "wrong trace";
		}
		for (unsigned int page = at; fitted && page < at + take->size; page++)
			is_free[page] = false;
		if (!what && last) {
			struct gpald_free_summary summary = gpald_fit_index_summary(&index);
			struct gpald_free_summary expected =
				summarise(scene, is_free, take->alignment);

			if (memcmp(&summary, &expected, sizeof(summary)) != 0)
				what = "wrong summary";
		}
		if (what) {
			scene_differs(scene, what);
			return false;
		}
	}
	left = list_of(scene, is_free);
	left.count = 0;
	gpald_fit_index_finish(&index, scene->with_below, &left);
	if (!same_list(scene, is_free, &left))
		scene_differs(scene, "wrong list of free ranges");
	return fitted;
}

/*
 * Checks all sequences that begin with the current windows. A window that does not fit ends the
 * sequence.
 */
static uint64_t check_sequences(struct scene *scene, const struct sequence *sequence)
{
	const unsigned int coarsest =
		scene->take_count > 0 ? scene->takes[scene->take_count - 1].alignment : ~0u;
	uint64_t cases = 1;

	if (!check_case(scene) || scene->take_count == sequence->takes)
		return cases;
	scene->take_count++;
	for (const unsigned int *align = sequence->alignments; *align; align++)
		for (const unsigned int *size = sequence->sizes; *size; size++) {
			if (*align > coarsest)
				continue;
			scene->takes[scene->take_count - 1] = (struct take){ *size, *align };
			cases += check_sequences(scene, sequence);
		}
	scene->take_count--;
	return cases;
}

static uint64_t both_ways(struct scene *scene, const struct sequence *sequence)
{
	uint64_t cases = 0;

	scene->direction = GPALD_TOP_DOWN;
	cases += check_sequences(scene, sequence);
	scene->direction = GPALD_BOTTOM_UP;
	return cases + check_sequences(scene, sequence);
}

static void read_bits(struct scene *scene, unsigned int bits)
{
	for (unsigned int page = 0; page < scene->pages; page++)
		scene->is_free[page] = bits >> page & 1;
}

/* Checks all patterns of this many pages. */
static uint64_t check_patterns(struct share *share, unsigned int pages,
			       const struct sequence *sequence)
{
	struct scene scene = { .pages = pages, .region_end = pages };
	uint64_t cases = 0;

	arena = guarded_arena();
	for (unsigned int bits = 0; bits < 1u << pages; bits++) {
		if (!share_takes(share))
			continue;
		read_bits(&scene, bits);
		cases += both_ways(&scene, sequence);
	}
	return cases;
}

static uint64_t any_pattern(struct share *share)
{
	static const struct sequence small = { { 1, 2, 3, 4, 6 }, { 8, 4, 2, 1 }, 3 };
	static const struct sequence large = { { 1, 2, 3, 5, 8, 12 }, { 8, 4, 2, 1 }, 3 };

	return share->is_long ? check_patterns(share, 16, &large) :
				check_patterns(share, 12, &small);
}

static uint64_t any_window(struct share *share)
{
	static const struct sequence all = { { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 },
					     { 8, 4, 2, 1 },
					     1 };

	return check_patterns(share, share->is_long ? 18 : 12, &all);
}

/* Regions that cut free ranges at either end. */
static uint64_t any_region(struct share *share)
{
	static const struct sequence sequence = { { 1, 2, 3, 5 }, { 4, 1 }, 2 };
	struct scene scene = { .pages = share->is_long ? 12 : 8 };
	uint64_t cases = 0;

	arena = guarded_arena();
	for (unsigned int bits = 0; bits < 1u << scene.pages; bits++) {
		if (!share_takes(share))
			continue;
		read_bits(&scene, bits);
		for (unsigned int start = 0; start < scene.pages; start++)
			for (unsigned int end = start + 1; end <= scene.pages; end++)
				for (int with_below = 0; with_below < 2; with_below++) {
					scene.region_start = start;
					scene.region_end = end;
					scene.with_below = with_below;
					cases += both_ways(&scene, &sequence);
				}
	}
	return cases;
}

/*
 * A tree of several levels. It has blocks of four free ranges each. In each block one range has 1,
 * 2 or 3 pages, and the others have one.
 */
static uint64_t many_blocks(struct share *share)
{
	static const struct sequence sequence = { { 1, 2, 3 }, { 1 }, 3 };
	const unsigned int blocks = share->is_long ? 11 : 9;
	uint64_t cases = 0, patterns = 1;

	arena = guarded_arena();
	for (unsigned int block = 0; block < blocks; block++)
		patterns *= 3;
	for (uint64_t pattern = 0; pattern < patterns; pattern++) {
		struct scene scene = { 0 };
		uint64_t rest = pattern;

		if (!share_takes(share))
			continue;
		for (unsigned int leaf = 0; leaf < 4 * blocks; leaf++) {
			unsigned int size = 1;

			if (leaf % 4 == leaf / 4 % 4) {
				size = 1 + (unsigned int)(rest % 3);
				rest /= 3;
			}
			while (size-- > 0)
				scene.is_free[scene.pages++] = true;
			scene.pages++;
		}
		scene.region_end = scene.pages;
		cases += both_ways(&scene, &sequence);
	}
	return cases;
}

int main(int argc, char **argv)
{
	static const struct space spaces[] = {
		{ "free space, any pattern", any_pattern, 3588172, 76129940 },
		{ "free space, any window", any_window, 401408, 25690112 },
		{ "free space, any region", any_region, 693040, 27584832 },
		{ "free space, many blocks", many_blocks, 1538361, 14014869 },
	};

	return exhaustive_main(argc, argv, spaces, sizeof(spaces) / sizeof(spaces[0]));
}
