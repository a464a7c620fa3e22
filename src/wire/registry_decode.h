/* SPDX-License-Identifier: MIT */
/* The params of the methods on live layouts. */
#ifndef GPALD_WIRE_REGISTRY_DECODE_H
#define GPALD_WIRE_REGISTRY_DECODE_H

#include "wire/decoder.h"

#include <gpalayout/layout.h>
#include <gpalayout/request.h>

/* {name, request, refuse?}, of layout.create. A request that names no policy has none. */
struct gpald_create_params {
	const char *name;
	struct gpal_request request;
	uint64_t refuse; /* as of gpal_layout_refuse() */
};
extern const struct gpald_params gpald_create_params;

/*
 * {name, request, generation?, dry_run?, allow_moves?, allow_removals?, refuse?}, of
 * layout.update.
 */
struct gpald_update_params {
	const char *name;
	struct gpal_request request; /* without a policy if it names none */
	struct gpal_optional generation;
	bool dry_run;
	bool allow_moves;
	bool allow_removals;
	uint64_t refuse; /* as of gpal_layout_refuse() */
};
extern const struct gpald_params gpald_update_params;

/* {name, generation?}, of layout.delete; of layout.get and layout.history without a generation. */
struct gpald_name_params {
	const char *name;
	struct gpal_optional generation;
};
extern const struct gpald_params gpald_get_params;
extern const struct gpald_params gpald_history_params;
extern const struct gpald_params gpald_delete_params;

/* {after?, limit?}, of layout.list. */
struct gpald_list_params {
	const char *after; /* NULL: from the start */
	struct gpal_optional limit;
};
extern const struct gpald_params gpald_list_params;

/* {name or request, address}, of layout.probe. */
struct gpald_probe_params {
	const char *name;            /* NULL: the request is given */
	struct gpal_request request; /* with its policy */
	uint64_t address;
};
extern const struct gpald_params gpald_probe_params;

/*
 * One side of layout.compare: {name}, {request} or {layout}. Exactly one is given:
 * a name is not NULL, a request has its policy, a layout has a map that is not empty.
 */
struct gpald_side {
	const char *name;
	struct gpal_request request;
	struct gpal_layout layout;
};
struct gpald_compare_params {
	struct gpald_side from;
	struct gpald_side to;
};
extern const struct gpald_params gpald_compare_params;

/* {name or request, tag?}, of layout.explain. */
struct gpald_explain_params {
	const char *name;            /* NULL: the request is given */
	struct gpal_request request; /* with its policy */
	const char *tag;             /* NULL: all */
};
extern const struct gpald_params gpald_explain_params;
extern const struct gpald_params gpald_advise_params; /* the same */

/* {since?}, of events.subscribe. */
struct gpald_subscribe_params {
	struct gpal_optional since;
};
extern const struct gpald_params gpald_subscribe_params;

/* {since?, timeout_ms?}, of WaitEvents. */
struct gpald_wait_params {
	struct gpal_optional since;
	struct gpal_optional timeout_ms; /* at most GPALD_WAIT_MS_MAX */
};
#define GPALD_WAIT_MS_MAX 3600000
extern const struct gpald_params gpald_wait_params;

/* {after?, revision?}, of registry.backup: both or none. */
struct gpald_backup_params {
	const char *after; /* NULL: the first page */
	struct gpal_optional revision;
};
extern const struct gpald_params gpald_backup_params;

/* {format}, of daemon.stats. */
enum gpald_stats_format {
	GPALD_STATS_JSON, /* none given */
	GPALD_STATS_OPENMETRICS,
	GPALD_STATS_PROMETHEUS,
	GPALD_STATS_FORMAT_COUNT
};
struct gpald_stats_params {
	enum gpald_stats_format format;
};
extern const struct gpald_params gpald_stats_params;

/* "openmetrics", "prometheus"; NULL for GPALD_STATS_JSON; static. */
const char *gpald_stats_format_name(int format);

#endif
