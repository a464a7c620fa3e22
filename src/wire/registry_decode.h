/* SPDX-License-Identifier: MIT */
/* The params of the methods on live layouts. */
#ifndef GPALD_WIRE_REGISTRY_DECODE_H
#define GPALD_WIRE_REGISTRY_DECODE_H

#include "wire/decoder.h"

#include <cjson/cJSON.h>
#include <gpalayout/export.h>
#include <gpalayout/layout.h>
#include <gpalayout/request.h>

/*
 * All decode params, which may be NULL where the message had none, as in
 * request_decode.h. Text is borrowed from params, lists from *pool. Return 0, or
 * -1 with *error set.
 */

/* {name, request}, of layout.create. A request that names no policy has none. */
struct gpald_create_params {
	const char *name;
	struct gpal_request request;
};
GPAL_MUST_USE int gpald_decode_create_params(const cJSON *params, struct gpald_pool *pool,
					     struct gpald_create_params *create,
					     struct gpald_wire_error *error);

/* {name, request, generation?, dry_run?, allow_moves?, allow_removals?}, of layout.update. */
struct gpald_update_params {
	const char *name;
	struct gpal_request request; /* without a policy if it names none */
	struct gpal_optional generation;
	bool dry_run;
	bool allow_moves;
	bool allow_removals;
};
GPAL_MUST_USE int gpald_decode_update_params(const cJSON *params, struct gpald_pool *pool,
					     struct gpald_update_params *update,
					     struct gpald_wire_error *error);

/* {name, generation?}, of layout.get, which has no generation, and layout.delete. */
struct gpald_name_params {
	const char *name;
	struct gpal_optional generation;
};
GPAL_MUST_USE int gpald_decode_get_params(const cJSON *params, struct gpald_name_params *get,
					  struct gpald_wire_error *error);
GPAL_MUST_USE int gpald_decode_delete_params(const cJSON *params, struct gpald_name_params *remove,
					     struct gpald_wire_error *error);

/* {after?, limit?}, of layout.list; the limit is at most `limit_max`. */
struct gpald_list_params {
	const char *after; /* NULL: from the start */
	struct gpal_optional limit;
};
GPAL_MUST_USE int gpald_decode_list_params(const cJSON *params, uint64_t limit_max,
					   struct gpald_list_params *list,
					   struct gpald_wire_error *error);

/* {name or request, address}, of layout.probe. */
struct gpald_probe_params {
	const char *name;            /* NULL: the request is given */
	struct gpal_request request; /* with its policy */
	uint64_t address;
};
GPAL_MUST_USE int gpald_decode_probe_params(const cJSON *params,
					    const struct gpal_policy *default_policy,
					    struct gpald_pool *pool,
					    struct gpald_probe_params *probe,
					    struct gpald_wire_error *error);

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
GPAL_MUST_USE int gpald_decode_compare_params(const cJSON *params,
					      const struct gpal_policy *default_policy,
					      struct gpald_pool *pool,
					      struct gpald_compare_params *compare,
					      struct gpald_wire_error *error);

/* {name or request, tag?}, of layout.explain. */
struct gpald_explain_params {
	const char *name;            /* NULL: the request is given */
	struct gpal_request request; /* with its policy */
	const char *tag;             /* NULL: all */
};
GPAL_MUST_USE int gpald_decode_explain_params(const cJSON *params,
					      const struct gpal_policy *default_policy,
					      struct gpald_pool *pool,
					      struct gpald_explain_params *explain,
					      struct gpald_wire_error *error);

/* {since?}, of events.subscribe. */
struct gpald_subscribe_params {
	struct gpal_optional since;
};
GPAL_MUST_USE int gpald_decode_subscribe_params(const cJSON *params,
						struct gpald_subscribe_params *subscribe,
						struct gpald_wire_error *error);

#endif
