/* SPDX-License-Identifier: MIT */
/*
 * Draws inputs for the bare allocator. A style is a row: where the pinned ranges lie, how closely,
 * and how large and how aligned the demands are.
 */
#include "inputs.h"

#include <string.h>

#define PINS_MAX 200
#define DEMANDS_MAX 32
#define PAGE GPAL_PAGE_SIZE
#define GIB UINT64_C(0x40000000)
#define MIB UINT64_C(0x100000)

enum demand_list {
	MMIO32,
	RAM,
	MMIO64,
	POST_MMIO,
	DEMAND_LISTS
};

struct style {
	uint64_t base;          /* where the pinned ranges begin */
	struct gpal_range wall; /* one more of them, or empty */
	unsigned int pins_most;
	unsigned int gap_bits; /* distance between two of them */
	unsigned int length_bits;
	unsigned int demands_most;
	unsigned int size_bits[DEMAND_LISTS];
	unsigned int alignment_bits;
	bool ties; /* few different sizes and alignments */
};

static const struct style styles[] = {
	/* everyday */
	{ .base = 0,
	  .pins_most = 6,
	  .gap_bits = 34,
	  .length_bits = 30,
	  .demands_most = 5,
	  .size_bits = { 28, 33, 36, 32 },
	  .alignment_bits = 30 },
	{ .base = 3 * GIB,
	  .pins_most = 10,
	  .gap_bits = 33,
	  .length_bits = 31,
	  .demands_most = 10,
	  .size_bits = { 30, 35, 40, 34 },
	  .alignment_bits = 34 },
	/* fragmented: from 0, around 4 GiB, above 4 GiB, and with gaps of very different lengths */
	{ .base = 0,
	  .pins_most = 120,
	  .gap_bits = 16,
	  .length_bits = 14,
	  .demands_most = 10,
	  .size_bits = { 16, 23, 20, 20 },
	  .alignment_bits = 17 },
	{ .base = GPAL_4GIB - 2 * MIB,
	  .wall = { 0, GPAL_4GIB - 4 * MIB },
	  .pins_most = 150,
	  .gap_bits = 16,
	  .length_bits = 14,
	  .demands_most = 24,
	  .size_bits = { 15, 22, 16, 18 },
	  .alignment_bits = 15 },
	{ .base = GPAL_4GIB,
	  .wall = { 0, 3 * GIB },
	  .pins_most = 150,
	  .gap_bits = 25,
	  .length_bits = 20,
	  .demands_most = 20,
	  .size_bits = { 26, 30, 25, 25 },
	  .alignment_bits = 26 },
	{ .base = 0,
	  .pins_most = 60,
	  .gap_bits = 29,
	  .length_bits = 29,
	  .demands_most = 12,
	  .size_bits = { 29, 34, 34, 34 },
	  .alignment_bits = 31 },
	/* enormous */
	{ .base = 0,
	  .pins_most = 5,
	  .gap_bits = 62,
	  .length_bits = 60,
	  .demands_most = 3,
	  .size_bits = { 33, 64, 63, 63 },
	  .alignment_bits = 63 },
	{ .base = 0,
	  .pins_most = 2,
	  .gap_bits = 40,
	  .length_bits = 20,
	  .demands_most = 2,
	  .size_bits = { 32, 64, 64, 64 },
	  .alignment_bits = 40 },
	/* the two ends of the space */
	{ .base = GPAL_SPACE_END - 16 * MIB,
	  .wall = { 8 * GIB, GPAL_SPACE_END - 16 * MIB },
	  .pins_most = 40,
	  .gap_bits = 24,
	  .length_bits = 20,
	  .demands_most = 8,
	  .size_bits = { 20, 35, 30, 26 },
	  .alignment_bits = 24 },
	{ .base = 0,
	  .wall = { 6 * GIB, GPAL_SPACE_END - GIB },
	  .pins_most = 20,
	  .gap_bits = 30,
	  .length_bits = 24,
	  .demands_most = 6,
	  .size_bits = { 22, 34, 33, 30 },
	  .alignment_bits = 30 },
	/* little room below 4 GiB */
	{ .base = GPAL_4GIB - 128 * MIB,
	  .wall = { 0, GPAL_4GIB - 128 * MIB },
	  .pins_most = 10,
	  .gap_bits = 24,
	  .length_bits = 24,
	  .demands_most = 8,
	  .size_bits = { 25, 36, 40, 40 },
	  .alignment_bits = 24 },
	/* many alike */
	{ .base = GPAL_4GIB - 32 * MIB,
	  .pins_most = 24,
	  .gap_bits = 20,
	  .length_bits = 18,
	  .demands_most = 24,
	  .size_bits = { 16, 16, 16, 16 },
	  .alignment_bits = 16,
	  .ties = true },
};

struct alloc_draft {
	struct random random;
	struct alloc_case *drawn;
	unsigned int scale;
	struct gpal_pinned *pins[2]; /* reserved, fixed */
	size_t pin_counts[2];
	struct gpal_demand *demands[DEMAND_LISTS];
	size_t demand_counts[DEMAND_LISTS];
	size_t tags;
};

static const char *draw_tag(struct alloc_draft *draft, char letter)
{
	char tag[GPAL_ERROR_TAG_MAX + 20];

	if (random_once_in(&draft->random, 100)) {
		memset(tag, letter, sizeof(tag));
		tag[random_between(&draft->random, GPAL_ERROR_TAG_MAX - 5, sizeof(tag) - 1)] = '\0';
	} else if (random_once_in(&draft->random, 50)) {
		snprintf(tag, sizeof(tag), "same");
	} else {
		snprintf(tag, sizeof(tag), "%c%zu", letter, draft->tags++);
	}
	return blocks_text(&draft->drawn->blocks, tag);
}

static void add_pin(struct alloc_draft *draft, struct gpal_range range)
{
	size_t list = random_below(&draft->random, 2);

	if (draft->pin_counts[list] == (size_t)PINS_MAX * draft->scale)
		return;
	draft->pins[list][draft->pin_counts[list]++] = (struct gpal_pinned){
		.tag = draw_tag(draft, 'p'),
		.range = range,
	};
}

static void shuffle_pins(struct alloc_draft *draft)
{
	for (size_t list = 0; list < 2; list++) {
		for (size_t i = draft->pin_counts[list]; i > 1; i--) {
			size_t j = random_below(&draft->random, i);
			struct gpal_pinned swap = draft->pins[list][i - 1];

			draft->pins[list][i - 1] = draft->pins[list][j];
			draft->pins[list][j] = swap;
		}
	}
}

static void draw_pins(struct alloc_draft *draft, const struct style *style)
{
	struct random *random = &draft->random;
	uint64_t count = random_between(random, 0, style->pins_most * draft->scale);
	uint64_t at = style->base;

	if (!gpal_range_is_empty(style->wall))
		add_pin(draft, style->wall);
	for (uint64_t i = 0; i < count; i++) {
		uint64_t gap = random_once_in(random, 6) ? 0 : draw_size(random, style->gap_bits);
		uint64_t length = draw_size(random, style->length_bits);

		if (gap > GPAL_SPACE_END - at || length > GPAL_SPACE_END - at - gap) {
			/* Often the last range ends at the end of the address space. */
			if (at < GPAL_SPACE_END && !random_once_in(random, 3))
				add_pin(draft, (struct gpal_range){ GPAL_SPACE_END - PAGE,
								    GPAL_SPACE_END });
			return;
		}
		at += gap;
		if (style->wall.start < at + length && at < style->wall.end)
			return;
		add_pin(draft, (struct gpal_range){ at, at + length });
		at += length;
	}
}

static void draw_demands(struct alloc_draft *draft, const struct style *style)
{
	struct random *random = &draft->random;

	for (size_t list = 0; list < DEMAND_LISTS; list++) {
		size_t count = random_between(random, 0, style->demands_most * draft->scale);

		if (random_once_in(random, 5))
			count = 0;
		draft->demand_counts[list] = count;
		for (size_t i = 0; i < count; i++) {
			struct gpal_demand *demand = &draft->demands[list][i];

			demand->tag = draw_tag(draft, 'd');
			demand->size = draw_size(random, style->size_bits[list]);
			demand->alignment = UINT64_C(1)
					    << random_between(random, 12, style->alignment_bits);
			if (style->ties) {
				demand->size = PAGE << random_below(random, 2);
				demand->alignment = PAGE << random_below(random, 2);
			}
		}
	}
}

/*
 * Replaces all demands with one for exactly the room that is left, as RAM or above the last pinned
 * range; or for a page more.
 */
static void draw_filling_demand(struct alloc_draft *draft)
{
	bool ram = random_once_in(&draft->random, 2);
	size_t list = ram ? RAM : POST_MMIO;
	uint64_t left = GPAL_SPACE_END;
	uint64_t top = 0;

	for (size_t i = 0; i < 2; i++) {
		for (size_t j = 0; j < draft->pin_counts[i]; j++) {
			struct gpal_range range = draft->pins[i][j].range;

			left -= range.end - range.start;
			top = range.end > top ? range.end : top;
		}
	}
	if (!ram)
		left = GPAL_SPACE_END - top;
	if (random_once_in(&draft->random, 2))
		left += PAGE;
	memset(draft->demand_counts, 0, sizeof(draft->demand_counts));
	draft->demand_counts[list] = 1;
	draft->demands[list][0] = (struct gpal_demand){ draw_tag(draft, 'd'), left, PAGE };
}

/* Possible faults of a demand, and of a pinned range. */
enum demand_fault {
	SIZE_ZERO,
	SIZE_ODD,
	ALIGNMENT_ZERO,
	ALIGNMENT_SMALL,
	ALIGNMENT_THREE,
	ALIGNMENT_ODD,
	DEMAND_FAULTS
};
enum pin_fault {
	PIN_EMPTY,
	PIN_REVERSED,
	PIN_LENGTH_ODD,
	PIN_OFF_PAGE,
	PIN_TOO_HIGH,
	PIN_TWICE,
	PIN_STRADDLES,
	PIN_INSIDE,
	PIN_FAULTS
};

static void spoil_demand(struct alloc_draft *draft)
{
	struct random *random = &draft->random;
	size_t list = random_below(random, DEMAND_LISTS);
	struct gpal_demand *demand;

	if (draft->demand_counts[list] == 0)
		return;
	demand = &draft->demands[list][random_below(random, draft->demand_counts[list])];
	switch ((enum demand_fault)random_below(random, DEMAND_FAULTS)) {
	case SIZE_ZERO:
		demand->size = 0;
		break;
	case SIZE_ODD:
		demand->size += random_between(random, 1, PAGE - 1);
		break;
	case ALIGNMENT_ZERO:
		demand->alignment = 0;
		break;
	case ALIGNMENT_SMALL:
		demand->alignment = UINT64_C(1) << random_below(random, 12);
		break;
	case ALIGNMENT_THREE:
		demand->alignment = demand->alignment / 2 * 3;
		break;
	case ALIGNMENT_ODD:
		demand->alignment += PAGE / 2;
		break;
	case DEMAND_FAULTS:
		break;
	}
}

/*
 * Adds one fault of enum pin_fault. An input has at most one: if the length of one range and the
 * start of another are not multiples of a page, the order of the two is not specified.
 */
static void spoil_pin(struct alloc_draft *draft)
{
	struct random *random = &draft->random;
	size_t list = random_below(random, 2);
	struct gpal_pinned *pin;

	if (draft->pin_counts[list] == 0)
		return;
	pin = &draft->pins[list][random_below(random, draft->pin_counts[list])];
	switch ((enum pin_fault)random_below(random, PIN_FAULTS)) {
	case PIN_EMPTY:
		pin->range.end = pin->range.start;
		break;
	case PIN_REVERSED:
		pin->range.end = pin->range.start;
		pin->range.start += PAGE;
		break;
	case PIN_LENGTH_ODD:
		pin->range.end -= random_between(random, 1, PAGE - 1);
		break;
	case PIN_OFF_PAGE:
		if (pin->range.end == GPAL_SPACE_END)
			break;
		pin->range.start += PAGE / 2;
		pin->range.end += PAGE / 2;
		break;
	case PIN_TOO_HIGH:
		pin->range.end = GPAL_SPACE_END + random_between(random, 1, PAGE - 1);
		break;
	case PIN_TWICE:
		add_pin(draft, pin->range);
		break;
	case PIN_STRADDLES:
		if (pin->range.start > 0)
			add_pin(draft, (struct gpal_range){ pin->range.start - PAGE,
							    pin->range.start + PAGE });
		break;
	case PIN_INSIDE:
		add_pin(draft, (struct gpal_range){ pin->range.end - PAGE, pin->range.end });
		break;
	case PIN_FAULTS:
		break;
	}
}

struct alloc_case *alloc_case_draw(uint64_t seed, unsigned int scale)
{
	struct alloc_draft draft = { .random = { seed }, .scale = scale };
	struct blocks blocks = { 0 };
	struct gpal_alloc_input *input;

	draft.drawn = blocks_take(&blocks, sizeof(*draft.drawn));
	draft.drawn->blocks = blocks;
	for (size_t i = 0; i < 2; i++)
		draft.pins[i] = blocks_take(&draft.drawn->blocks,
					    PINS_MAX * scale * sizeof(*draft.pins[i]));
	for (size_t i = 0; i < DEMAND_LISTS; i++)
		draft.demands[i] = blocks_take(&draft.drawn->blocks,
					       DEMANDS_MAX * scale * sizeof(*draft.demands[i]));

	const struct style *style =
		&styles[random_below(&draft.random, sizeof(styles) / sizeof(styles[0]))];

	draw_pins(&draft, style);
	shuffle_pins(&draft);
	draw_demands(&draft, style);
	if (random_once_in(&draft.random, 40))
		draw_filling_demand(&draft);
	if (random_once_in(&draft.random, 8))
		spoil_pin(&draft);
	if (random_once_in(&draft.random, 8))
		spoil_demand(&draft);
	if (random_once_in(&draft.random, 24))
		spoil_demand(&draft);

	input = &draft.drawn->input;
	input->reserved = draft.pins[0];
	input->reserved_count = draft.pin_counts[0];
	input->fixed = draft.pins[1];
	input->fixed_count = draft.pin_counts[1];
	input->mmio32 = draft.demands[MMIO32];
	input->mmio32_count = draft.demand_counts[MMIO32];
	input->ram = draft.demands[RAM];
	input->ram_count = draft.demand_counts[RAM];
	input->mmio64 = draft.demands[MMIO64];
	input->mmio64_count = draft.demand_counts[MMIO64];
	input->post_mmio = draft.demands[POST_MMIO];
	input->post_mmio_count = draft.demand_counts[POST_MMIO];
	return draft.drawn;
}
