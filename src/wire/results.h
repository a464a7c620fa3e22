/* SPDX-License-Identifier: MIT */
/* The results of the methods: the tables of their members, and the structs they fill. */
#ifndef GPALD_WIRE_RESULTS_H
#define GPALD_WIRE_RESULTS_H

#include "wire/decoder.h"

#include <gpalayout/client.h>
#include <stddef.h>

/* A result as it is decoded: what the caller gets comes first. */
struct gpald_result {
	size_t size; /* of the struct, which is zeroed before */
	struct gpald_members members;

	/* Works out what no row can fill in; NULL: nothing. 0, or -1 with *error set. */
	int (*finish)(void *result, struct gpald_wire_error *error);
};

/* Decodes into an object that is zeroed, and as large as `result` says. 0, or -1 with *error set. */
GPAL_MUST_USE int gpald_decode_result(const struct gpald_result *result, const cJSON *value,
				      void *object, struct gpald_arena *arena,
				      struct gpald_wire_error *error);

/* What layout.delete answers. */
struct gpald_deleted {
	const char *name;
	uint64_t generation; /* that it had */
};

extern const struct gpald_result gpald_layout_result;    /* struct gpal_layout */
extern const struct gpald_result gpald_advice_result;    /* struct gpal_advice */
extern const struct gpald_result gpald_map_result;       /* struct gpal_map */
extern const struct gpald_result gpald_live_result;      /* struct gpal_client_live */
extern const struct gpald_result gpald_live_full_result; /* the same, of layout.get */
extern const struct gpald_result gpald_deleted_result;   /* struct gpald_deleted */
extern const struct gpald_result gpald_update_result;    /* struct gpal_client_update */
extern const struct gpald_result
	gpald_refused_update_result;                       /* the same, of the data of a refusal */
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
