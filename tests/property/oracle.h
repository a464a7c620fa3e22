/* SPDX-License-Identifier: MIT */
/*
 * A second opinion on the place of each range.
 *
 * The oracle applies the placement rules in the slow and obvious way: one list of items, one
 * ascending list of placed ranges, and a linear scan for every question. It shares only the types
 * of the public headers with the library, so a misreading goes unnoticed only if it was made twice.
 * It trusts its caller, because the test makes the inputs, and aborts if memory ran out.
 */
#ifndef PROPERTY_ORACLE_H
#define PROPERTY_ORACLE_H

#include <gpalayout/gpalayout.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ORACLE_TAG_SIZE 320

/* One line of the allocator's input: a pinned range, or a demand. */
struct oracle_item {
	char tag[ORACLE_TAG_SIZE];
	enum gpal_kind kind;
	uint32_t index;          /* within its kind */
	struct gpal_range range; /* of reserved and fixed items */
	uint64_t size;           /* of the others */
	uint64_t alignment;
	uint64_t ceiling;                    /* of RAM that must lie below it; 0 if there is none */
	enum gpal_subject subject;           /* GPAL_SUBJECT_NONE: the oracle does not predict it */
	enum gpal_subject alignment_subject; /* for a bad alignment; NONE: the same as `subject` */
	size_t subject_index;
	bool states_alignment; /* the request states it */
	bool done; /* a window that was placed, or an item that stays from a live layout */
};

struct oracle {
	/* The items of a kind are in caller order. */
	struct oracle_item *items;
	size_t item_count;
	size_t item_room;

	/* In ascending order. Tags are borrowed from the items. */
	struct gpal_map_entry *placed;
	size_t placed_count;
	size_t placed_room;

	/*
	 * The expected answer of the library, without the message. code is GPAL_OK on success. If
	 * an error is about two members, the oracle does not predict which pair is named, and the
	 * names here are empty.
	 */
	struct gpal_error error;
	bool alignment_open; /* error.alignment is not predicted */
	bool index_open;     /* error.subject is predicted, but not its index */
	bool part_open;      /* error.part is not predicted */

	/* The numbers in the error of the current phase. */
	uint64_t demand;
	uint64_t supply;
	unsigned int demands;

	/* Complete only if the request resolves. Lists are on the heap, names are borrowed. */
	struct gpal_layout layout;
	bool warned[GPAL_WARN_COUNT];
	char digest[GPAL_DIGEST_SIZE];
};

/* Both return a new oracle, which borrows from the input. Free it with oracle_free(). */
struct oracle *oracle_allocate(const struct gpal_alloc_input *input);
struct oracle *oracle_resolve(const struct gpal_request *request);

/*
 * Does the same as oracle_resolve(), but first places the ranges that stay from a live layout. The
 * code is GPAL_E_WOULD_MOVE if that is impossible.
 */
struct oracle *oracle_resolve_around(const struct gpal_layout *live,
				     const struct gpal_request *request);

void oracle_free(struct oracle *oracle);

/*
 * Places oracle->items. Returns false, with the reason in oracle->error, if that fails.
 * oracle_allocate() and oracle_resolve_around() call it after they have made the items.
 */
bool oracle_place(struct oracle *oracle);

/* Places what stays of a live layout. Returns false for GPAL_E_WOULD_MOVE. */
bool oracle_keep(struct oracle *oracle, const struct gpal_layout *live,
		 const struct gpal_request *request);

/* Returns true if the request omits a range of a live layout, or a root complex. */
bool oracle_drops(const struct oracle *oracle, const struct gpal_layout *live,
		  const struct gpal_request *request);

/* Adds a range of an item to the placed ranges. */
void oracle_put(struct oracle *oracle, const struct oracle_item *item, struct gpal_range range);

/* Returns true if the numbers of devices, BARs and virtual functions are within their limits. */
bool oracle_has_valid_counts(const struct gpal_window *window);

/* Returns true if a BAR is invalid. Size and part of the error then name it. */
bool oracle_finds_bad_bar(const struct gpal_window *window, struct gpal_error *error);

/*
 * Computes size and alignment of the window that devices need. `usual` is the usual alignment.
 * Returns false if the size is 2^64 bytes or more.
 */
bool oracle_size_devices(const struct gpal_window *window, uint64_t usual, uint64_t *size,
			 uint64_t *alignment);

/* Returns true if two windows have the same interleaving: targets, their order, and granularity. */
bool oracle_same_interleaving(const char *const *targets, size_t target_count, uint32_t granularity,
			      const struct gpal_layout_cxl_window *live);

/* Returns the range that is reserved for a hole. */
struct gpal_named_range oracle_hole(enum gpal_hole hole);

/* Adds an item with the kind and the next index of that kind. The rest is zero. */
struct oracle_item *oracle_add(struct oracle *oracle, enum gpal_kind kind);

/* Returns calloc() memory, or aborts. */
void *oracle_zalloc(size_t count, size_t size);

/*
 * One range of a layout that is not reserved. Its key identifies it for the guest: the kind and
 * root complex of an IOMMU, the node and number of an extent of RAM, and otherwise the tag.
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
	const char *root_complex; /* the owner; NULL if there is none, and for an ECAM */

	/* Set if the part is one of these. */
	const struct gpal_layout_hotplug_room *room;
	const struct gpal_layout_cxl_window *cxl_window;
};

/* Lists all parts from the members of a layout, not from its map. Free the list with free(). */
struct oracle_part *oracle_list_parts(const struct gpal_layout *layout, size_t *count);

/* A change, and its expected tag. */
struct oracle_change {
	enum gpal_change_kind kind;
	char tag[ORACLE_TAG_SIZE];
	struct gpal_range from;
	struct gpal_range to;
	bool is_removal;
};

/* Returns the differences, ascending by address. Free the list with free(). */
struct oracle_change *oracle_compare(const struct gpal_layout *from, const struct gpal_layout *to,
				     size_t *count, bool *compatible);

/* Returns what is at an address, in the library's form. */
struct gpal_probe oracle_probe(const struct gpal_layout *layout, const struct gpal_request *request,
			       uint64_t address);

/* Computes the digest of a layout, with a SHA-256 of the test's own. */
void oracle_digest(const struct gpal_layout *layout, char digest[GPAL_DIGEST_SIZE]);

#endif
