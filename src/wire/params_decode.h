/* SPDX-License-Identifier: MIT */
/*
 * The params of the methods on live layouts, of events.subscribe and WaitEvents, of registry.backup
 * and of daemon.stats. A comment lists their members; ? marks one that may be omitted. A name is
 * NULL if it is omitted. A request that names no policy has the default one, unless stated
 * otherwise.
 */
#ifndef GPALD_WIRE_PARAMS_DECODE_H
#define GPALD_WIRE_PARAMS_DECODE_H

#include "wire/decoder.h"

#include <gpalayout/layout.h>
#include <gpalayout/request.h>

/* layout.create: {name, request, refuse?}. */
struct gpald_create_params {
	const char *name;
	struct gpal_request request; /* policy NULL: it names none */
	uint64_t refuse;             /* a set of warnings, as in gpal_layout_refuse() */
};
extern const struct gpald_params gpald_create_params_table;

/* layout.update: {name, request, generation?, dry_run?, allow_moves?, allow_removals?, refuse?}. */
struct gpald_update_params {
	const char *name;
	struct gpal_request request; /* policy NULL: it names none */
	struct gpal_optional generation;
	bool dry_run;
	bool allow_moves;
	bool allow_removals;
	uint64_t refuse; /* a set of warnings, as in gpal_layout_refuse() */
};
extern const struct gpald_params gpald_update_params_table;

/* layout.delete: {name, generation?}; layout.get and layout.history: {name}. */
struct gpald_name_params {
	const char *name;
	struct gpal_optional generation;
};
extern const struct gpald_params gpald_get_params_table;
extern const struct gpald_params gpald_history_params_table;
extern const struct gpald_params gpald_delete_params_table;

/* layout.list: {after?, limit?}. */
struct gpald_list_params {
	const char *after; /* NULL: from the first name */
	struct gpal_optional limit;
};
extern const struct gpald_params gpald_list_params_table;

/* layout.probe: {name or request, address}. */
struct gpald_probe_params {
	const char *name; /* NULL: `request` is given */
	struct gpal_request request;
	uint64_t address;
};
extern const struct gpald_params gpald_probe_params_table;

/*
 * One side of layout.compare: {name}, {request} or {layout}. Exactly one is given: the name is not
 * NULL, or the request has a policy, or the map of the layout is not empty.
 */
struct gpald_side {
	const char *name;
	struct gpal_request request;
	struct gpal_layout layout;
};

/* layout.compare: {from, to}. */
struct gpald_compare_params {
	struct gpald_side from;
	struct gpald_side to;
};
extern const struct gpald_params gpald_compare_params_table;

/* layout.explain and layout.advise: {name or request, tag?}. */
struct gpald_explain_params {
	const char *name; /* NULL: `request` is given */
	struct gpal_request request;
	const char *tag; /* NULL: all ranges */
};
extern const struct gpald_params gpald_explain_params_table;
extern const struct gpald_params gpald_advise_params_table;

/* events.subscribe: {since?}. */
struct gpald_subscribe_params {
	struct gpal_optional since;
};
extern const struct gpald_params gpald_subscribe_params_table;

/* WaitEvents: {since?, timeout_ms?}. */
struct gpald_wait_params {
	struct gpal_optional since;
	struct gpal_optional timeout_ms; /* at most GPALD_WAIT_MS_MAX */
};
#define GPALD_WAIT_MS_MAX 3600000
extern const struct gpald_params gpald_wait_params_table;

/* registry.backup: {after?, revision?}; both are given, or neither. */
struct gpald_backup_params {
	const char *after; /* NULL: the first page */
	struct gpal_optional revision;
};
extern const struct gpald_params gpald_backup_params_table;

/* daemon.stats: {format?}. */
enum gpald_stats_format {
	GPALD_STATS_JSON, /* the format is omitted */
	GPALD_STATS_OPENMETRICS,
	GPALD_STATS_PROMETHEUS,
	GPALD_STATS_FORMAT_COUNT
};
struct gpald_stats_params {
	enum gpald_stats_format format;
};
extern const struct gpald_params gpald_stats_params_table;

/* Returns a static string: "openmetrics" or "prometheus"; NULL for GPALD_STATS_JSON. */
const char *gpald_stats_format_name(int format);

#endif
