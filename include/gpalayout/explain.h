/* SPDX-License-Identifier: MIT */
/*
 * Why each range of a layout is at its address: the steps of the allocator, recorded while it
 * places the ranges.
 *
 * Threads: any thread may call the functions. Two threads must not use the same object at once,
 * unless both only read it.
 * Memory: parameters are borrowed for the call. The caller owns the explanation. Its pointers lead
 * only into the explanation itself, to static data, or into a policy of the caller's own.
 */
#ifndef GPALAYOUT_EXPLAIN_H
#define GPALAYOUT_EXPLAIN_H

#include <gpalayout/error.h>
#include <gpalayout/export.h>
#include <gpalayout/kind.h>
#include <gpalayout/layout.h>
#include <gpalayout/range.h>
#include <gpalayout/request.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

GPAL_BEGIN_DECLS

/* The rule by which a range was placed; gpalayout-policy(7), PHASES. */
enum gpal_rule {
	GPAL_RULE_GIVEN,              /* reserved or fixed: its address is given, not chosen */
	GPAL_RULE_KEPT,               /* an update kept the range at its address */
	GPAL_RULE_RECORDED,           /* it is not known whether an update kept or placed it */
	GPAL_RULE_HIGHEST_BELOW_4GIB, /* mmio32 */
	GPAL_RULE_UPWARDS,            /* ram */
	GPAL_RULE_LOWEST_ABOVE_RAM,   /* mmio64 */
	GPAL_RULE_LOWEST_ABOVE_ALL,   /* post_mmio */
	GPAL_RULE_LOW_WINDOW,         /* ram: the low RAM window of node 0 */
	GPAL_RULE_COUNT
};

/* Why the allocator did not take a free range. */
enum gpal_pass {
	GPAL_PASS_TOO_SMALL,   /* it has fewer bytes than needed */
	GPAL_PASS_ALIGNMENT,   /* it has too few bytes from its first aligned address on */
	GPAL_PASS_BELOW_FLOOR, /* it is below `floor` of the step */
	GPAL_PASS_COUNT
};

/* A free range that the allocator did not take. */
struct gpal_passed {
	struct gpal_range free; /* its part in the region of the phase; all of it if outside */
	enum gpal_pass why;
	uint64_t missing; /* bytes that it lacks; 0 for GPAL_PASS_BELOW_FLOOR */
};

/* An address that was chosen. */
struct gpal_chosen {
	struct gpal_range range;
	struct gpal_range free; /* before this choice; empty: given, kept or recorded */

	/*
	 * Bytes of `free` that this range leaves unused because of its alignment: those above it
	 * for mmio32, and those below it for all other kinds. For RAM that continues in another
	 * free range, the bytes above it count as well. A range that is placed later may use them.
	 */
	uint64_t lost;
};

/*
 * How one range was placed, or the RAM of one node. If node 0 has a low RAM window, the window and
 * the other RAM have a step each.
 */
struct gpal_step {
	const char *tag;
	enum gpal_kind phase;
	enum gpal_rule rule;
	uint64_t size;      /* bytes */
	uint64_t alignment; /* bytes; 0: the range is given, kept or recorded */
	uint64_t floor;     /* lowest address at which the phase may place this range */
	uint64_t ceiling;   /* end of the addresses of the phase; GPAL_SPACE_END: no limit */

	const struct gpal_passed *passed; /* in the order of the search */
	size_t passed_count;
	bool passed_cut; /* `passed` is incomplete; an explanation of this tag alone has all */

	const struct gpal_chosen *chosen; /* one, or the extents of RAM */
	size_t chosen_count;
};

struct gpal_explanation {
	const struct gpal_step *steps; /* in the order in which the ranges were placed */
	size_t count;
	const struct gpal_layout *layout; /* the layout that these steps make; freed with this */
};

/*
 * gpal_explain - explain the layout of a request
 * @request: the request of the layout
 * @live: a layout that gpal_resolve() or gpal_update() made from this request; NULL: the layout
 *        that gpal_resolve() makes
 * @tag: explain only the range with this tag; NULL: explain all ranges, each with a limited
 *       number of the free ranges that were not taken
 * @explanation: receives a new explanation, which the caller frees with gpal_explanation_free();
 *               NULL on failure
 * @error: NULL, or receives the details of a failure
 *
 * If neither the layout nor a reserved range above its top has this tag, the explanation has no
 * steps.
 *
 * Returns GPAL_OK, or:
 *   GPAL_E_NO_MEMORY  the heap is exhausted
 *   GPAL_E_INTERNAL   @live cannot be a layout of the request, or this library does not know its
 *                     policy
 *   any code of gpal_resolve(), if @live is NULL
 */
GPAL_API GPAL_MUST_USE int gpal_explain(const struct gpal_request *request,
					const struct gpal_layout *live, const char *tag,
					struct gpal_explanation **explanation,
					struct gpal_error *error);

/*
 * gpal_explanation_free - free an explanation, its layout included
 * @explanation: an explanation of gpal_explain(), or NULL
 */
GPAL_API void gpal_explanation_free(struct gpal_explanation *explanation);

/*
 * gpal_rule_text - get a rule in words, as in replies
 *
 * Returns a static string, such as "highest aligned fit below 4 GiB"; NULL if rule is not in the
 * enum.
 */
GPAL_API const char *gpal_rule_text(enum gpal_rule rule);

/*
 * gpal_pass_token - get the name of a reason, as in replies
 *
 * Returns a static string: "too_small", "alignment" or "below_floor"; NULL if why is not in the
 * enum.
 */
GPAL_API const char *gpal_pass_token(enum gpal_pass why);

GPAL_END_DECLS

#endif
