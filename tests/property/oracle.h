/* SPDX-License-Identifier: MIT */
/*
 * A second opinion on where each range goes.
 *
 * The oracle applies the placement rules the slow and obvious way: one list of
 * items, one ascending list of what is placed, and a linear scan for every
 * question. It shares nothing with the library but the types of its public
 * headers, so that a misreading has to be made twice to go unnoticed. It trusts
 * its caller (the inputs are the test's own) and aborts when memory runs out.
 */
#ifndef PROPERTY_ORACLE_H
#define PROPERTY_ORACLE_H

#include <gpalayout/gpalayout.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ORACLE_TAG_SIZE 320

/* One line of the allocator's input: a decided range, or a demand. */
struct oracle_item {
	char tag[ORACLE_TAG_SIZE];
	enum gpal_kind kind;
	uint32_t index;          /* within its kind */
	struct gpal_range range; /* reserved and fixed */
	uint64_t size;           /* the others */
	uint64_t alignment;
	uint64_t ceiling;          /* of RAM that has to lie below it; 0: any will do */
	enum gpal_subject subject; /* GPAL_SUBJECT_NONE: the oracle does not foretell it */
	enum gpal_subject alignment_subject; /* of a bad alignment; GPAL_SUBJECT_NONE: the same */
	size_t subject_index;
	bool states_alignment; /* the request does */
	bool done; /* has had its turn: a window that is placed, or what stays of a live layout */
};

struct oracle {
	/* The items of a kind stand in caller order. */
	struct oracle_item *items;
	size_t item_count;
	size_t item_room;

	/* Ascending. Tags are borrowed from the items. */
	struct gpal_map_entry *placed;
	size_t placed_count;
	size_t placed_room;

	/*
	 * What the library has to answer, without the message. code is GPAL_OK on
	 * success. For an error between two members, which of the pairs is named is
	 * left open, and the names here are empty.
	 */
	struct gpal_error error;
	bool alignment_open; /* error.alignment is not foretold */
	bool index_open;     /* error.subject is, but not which of them */
	bool part_open;      /* nor is error.part */

	/* Of the phase that has begun, as its error tells of it. */
	uint64_t demand;
	uint64_t supply;
	unsigned int demands;

	/* Only of a request that resolves. Lists are on the heap, names are borrowed. */
	struct gpal_layout layout;
	bool warned[GPAL_WARN_COUNT];
	char digest[GPAL_DIGEST_SIZE];
};

/* Both return a new oracle, which borrows from the input; freed by oracle_free(). */
struct oracle *oracle_allocate(const struct gpal_alloc_input *input);
struct oracle *oracle_resolve(const struct gpal_request *request);

/*
 * As oracle_resolve(), but what stays of a live layout stands before the first
 * phase. GPAL_E_WOULD_MOVE: it cannot.
 */
struct oracle *oracle_resolve_around(const struct gpal_layout *live,
				     const struct gpal_request *request);

void oracle_free(struct oracle *oracle);

/*
 * Places oracle->items, or says in oracle->error why not; true if all went well.
 * For oracle_resolve(), which has made the items itself.
 */
bool oracle_place(struct oracle *oracle);

/* Puts what stays of a live layout among what is placed; false: GPAL_E_WOULD_MOVE. */
bool oracle_keep(struct oracle *oracle, const struct gpal_layout *live,
		 const struct gpal_request *request);

/* Whether a range of a live layout, or a root complex, is no longer asked for. */
bool oracle_drops(const struct oracle *oracle, const struct gpal_layout *live,
		  const struct gpal_request *request);

/* Puts a range of an item among what is placed. */
void oracle_put(struct oracle *oracle, const struct oracle_item *item, struct gpal_range range);

/* Whether devices, their BARs and functions are as many as they may be. */
bool oracle_counts_devices(const struct gpal_window *window);

/* Whether there is a BAR that is none; size and part of the error then tell which. */
bool oracle_finds_bad_bar(const struct gpal_window *window, struct gpal_error *error);

/*
 * Size and alignment of the window that devices need, `usual` being the usual alignment;
 * false: it is of 2^64 bytes or more.
 */
bool oracle_size_devices(const struct gpal_window *window, uint64_t usual, uint64_t *size,
			 uint64_t *alignment);

/* Whether two windows are interleaved alike: the same targets in the same order, and granularity. */
bool oracle_same_interleaving(const char *const *targets, size_t target_count, uint32_t granularity,
			      const struct gpal_layout_cxl_window *live);

/* What is reserved for a hole. */
struct gpal_named_range oracle_hole(enum gpal_hole hole);

/* Adds an item with the kind and the next index of that kind; the rest is zero. */
struct oracle_item *oracle_add(struct oracle *oracle, enum gpal_kind kind);

/* calloc(), or the end of the program. */
void *oracle_zalloc(size_t count, size_t size);

/*
 * One range of a layout that is not reserved, told by what it is to the guest: an
 * IOMMU by its root complex, an extent of RAM by its number in the node, all else
 * by its tag.
 */
struct oracle_part {
	char key[ORACLE_TAG_SIZE];
	char tag[ORACLE_TAG_SIZE];
	struct gpal_range range;
	bool is_iommu;
	bool is_ecam;
	uint64_t bus0_base; /* of an ECAM */
	bool has_node;
	uint32_t node;            /* of RAM */
	const char *root_complex; /* whose it is; NULL for the rest, and for an ECAM */

	/* What it is, if it is one of these. */
	const struct gpal_layout_hotplug_room *room;
	const struct gpal_layout_cxl_window *cxl_window;
};

/* All parts, read from the members of a layout and not from its map; free() takes the list. */
struct oracle_part *oracle_list_parts(const struct gpal_layout *layout, size_t *count);

/* A change, and the tag that it has to have. */
struct oracle_change {
	enum gpal_change_kind kind;
	char tag[ORACLE_TAG_SIZE];
	struct gpal_range from;
	struct gpal_range to;
	bool is_removal;
};

/* What differs, ascending by address; free() takes the list. */
struct oracle_change *oracle_compare(const struct gpal_layout *from, const struct gpal_layout *to,
				     size_t *count, bool *compatible);

/* What is at an address, found by looking at everything; the library's form of the answer. */
struct gpal_probe oracle_probe(const struct gpal_layout *layout, const struct gpal_request *request,
			       uint64_t address);

/* The digest of a layout, by a SHA-256 of the test's own. */
void oracle_digest(const struct gpal_layout *layout, char digest[GPAL_DIGEST_SIZE]);

#endif
