/* SPDX-License-Identifier: MIT */
/* The results of the methods: the tables of their members, and the structs that they fill in. */
#ifndef GPALD_WIRE_RESULTS_H
#define GPALD_WIRE_RESULTS_H

#include "wire/decoder.h"

#include <gpalayout/client.h>
#include <stddef.h>

/* A kind of result. The struct that is decoded begins with the one that the caller gets. */
struct gpald_result {
	size_t size; /* of the struct */
	struct gpald_members members;

	/* Fills in what no row can fill in; NULL: nothing. Returns 0, or -1 with *error set. */
	int (*finish)(void *result, struct gpald_wire_error *error);
};

/*
 * Decodes a result into a zeroed object of result->size bytes. Returns 0, or -1 with *error set.
 */
GPAL_MUST_USE int gpald_decode_result(const struct gpald_result *result, const cJSON *value,
				      void *object, struct gpald_arena *arena,
				      struct gpald_wire_error *error);

/* The result of layout.delete. */
struct gpald_deleted {
	const char *name;
	uint64_t generation; /* that the layout had */
};

extern const struct gpald_result gpald_layout_result; /* struct gpal_layout */
extern const struct gpald_result gpald_advice_result; /* struct gpal_advice */
extern const struct gpald_result gpald_map_result;    /* struct gpal_map */

/* struct gpal_advice, from layout.resolve. */
extern const struct gpald_result gpald_resolved_advice_result;

extern const struct gpald_result gpald_live_result; /* struct gpal_client_live */

/* struct gpal_client_live, from layout.get. */
extern const struct gpald_result gpald_full_live_result;

extern const struct gpald_result gpald_deleted_result; /* struct gpald_deleted */
extern const struct gpald_result gpald_update_result;  /* struct gpal_client_update */

/* struct gpal_client_update, from the data of a refusal. */
extern const struct gpald_result gpald_refused_update_result;

extern const struct gpald_result gpald_page_result;        /* struct gpal_client_page */
extern const struct gpald_result gpald_backup_page_result; /* struct gpal_client_backup_page */
extern const struct gpald_result gpald_probe_result;       /* struct gpal_probe */
extern const struct gpald_result gpald_changes_result;     /* struct gpal_changes */
extern const struct gpald_result gpald_explanation_result; /* struct gpal_explanation */
extern const struct gpald_result gpald_policies_result;    /* struct gpal_client_policies */
extern const struct gpald_result gpald_info_result;        /* struct gpal_client_info */
extern const struct gpald_result gpald_stats_result;       /* struct gpal_client_stats */
extern const struct gpald_result gpald_revision_result;    /* uint64_t */
extern const struct gpald_result gpald_event_result;       /* struct gpal_client_event */
extern const struct gpald_result gpald_history_result;     /* struct gpal_client_history */

#endif
