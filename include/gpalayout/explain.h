/* SPDX-License-Identifier: MIT */
/*
 * Why each range of a layout is where it is: recorded by the allocator while it
 * places them, step by step.
 *
 * All functions are re-entrant and may be called from any thread.
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

enum gpal_rule {
	GPAL_RULE_GIVEN,              /* reserved and fixed ranges */
	GPAL_RULE_KEPT,               /* an update leaves it where the live layout had it */
	GPAL_RULE_RECORDED,           /* an update did one or the other: it is not recorded */
	GPAL_RULE_HIGHEST_BELOW_4GIB, /* mmio32 */
	GPAL_RULE_UPWARDS,            /* ram */
	GPAL_RULE_LOWEST_ABOVE_RAM,   /* mmio64 */
	GPAL_RULE_LOWEST_ABOVE_ALL,   /* post_mmio */
	GPAL_RULE_LOW_WINDOW,         /* ram, of node 0's first bytes */
	GPAL_RULE_COUNT
};

/* Why a free range was not taken. */
enum gpal_pass {
	GPAL_PASS_TOO_SMALL,   /* it has fewer bytes than are needed */
	GPAL_PASS_ALIGNMENT,   /* it has, but too few from its first aligned address on */
	GPAL_PASS_BELOW_FLOOR, /* the phase begins above it */
	GPAL_PASS_COUNT
};

struct gpal_passed {
	struct gpal_range free; /* the part of the free range inside the phase's region */
	enum gpal_pass why;
	uint64_t missing; /* bytes; 0 for GPAL_PASS_BELOW_FLOOR */
};

struct gpal_chosen {
	struct gpal_range range;
	struct gpal_range
		free; /* the free range it was taken from; empty for what is given or kept */

	/*
	 * Bytes of that free range left empty by alignment: between the end from which
	 * the search came and the range, and, of RAM that goes on in another free
	 * range, behind it.
	 */
	uint64_t lost;
};

/* The placing of one range, or of one node's RAM. */
struct gpal_step {
	const char *tag;
	enum gpal_kind phase;
	enum gpal_rule rule;
	uint64_t size;
	uint64_t alignment; /* 0: given, or kept */
	uint64_t floor;     /* where the phase begins for this range */
	uint64_t ceiling;   /* where it ends; GPAL_SPACE_END: nowhere before the end */

	/* The free ranges looked at, in the order of the search; some of them if it is cut. */
	const struct gpal_passed *passed;
	size_t passed_count;
	bool passed_cut; /* there were more, before and between: ask for this tag alone */

	const struct gpal_chosen *chosen; /* one, or the extents of RAM */
	size_t chosen_count;
};

struct gpal_explanation {
	const struct gpal_step *steps; /* in the order of placement */
	size_t count;
	const struct gpal_layout *layout; /* that was made in these steps */
};

/*
 * Explains the layout of a request: `live` is one that was made of the same request,
 * by gpal_resolve() or gpal_update(), whatever has been live before, and may be
 * NULL: the one gpal_resolve() makes. `tag` is that of the only range wanted; NULL:
 * all, and of each no more than a few dozen free ranges that were passed over.
 *
 * On success *explanation is given to the caller, who frees it with
 * gpal_explanation_free(). Errors are those of gpal_resolve(); a layout that cannot
 * have been made of the request is GPAL_E_INTERNAL.
 */
GPAL_API GPAL_MUST_USE int gpal_explain(const struct gpal_request *request,
					const struct gpal_layout *live, const char *tag,
					struct gpal_explanation **explanation,
					struct gpal_error *error);

/* NULL is allowed. */
GPAL_API void gpal_explanation_free(struct gpal_explanation *explanation);

/* The rule in words, such as "highest aligned fit below 4 GiB"; static. NULL outside the enum. */
GPAL_API const char *gpal_rule_text(enum gpal_rule rule);

/* "too_small", "alignment", "below_floor"; static. NULL outside the enum. */
GPAL_API const char *gpal_pass_token(enum gpal_pass why);

GPAL_END_DECLS

#endif
