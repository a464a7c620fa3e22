/* SPDX-License-Identifier: MIT */
/* The table of methods: adding a method is adding a row. */
#ifndef GPALD_SERVER_METHODS_H
#define GPALD_SERVER_METHODS_H

#include "server/service.h"
#include "wire/decoder.h"
#include "wire/json_write.h"
#include "wire/reason.h"

/* What a method may use, and what else it may answer. */
struct gpald_context {
	struct gpald_service *service;
	const struct gpald_caller *caller;
	struct gpald_answer *answer; /* for what follows; NULL on another thread */
	bool may_take_long;
};

/* What a method returns that may not take long, and would; it has written nothing. */
#define GPALD_TAKES_LONG 1

/* What a method returns that waits; it has said in the answer for what, and how long. */
#define GPALD_WAITS 2

/*
 * Methods get their params as the struct that their table fills, and write their
 * result, under no key. Both kinds return 0, or -1 with *error set; what was written
 * before a refusal does not count, and neither does a writer that has failed.
 *
 * A `call` may come on another thread: then it looks at no more of the service than
 * the registry's functions for any thread, and what does not change.
 */
typedef int gpald_method_call(const struct gpald_context *context, const void *params,
			      struct gpald_writer *w, struct gpald_wire_error *error);
typedef int gpald_method_begin(const void *params, struct gpald_operation *operation,
			       struct gpald_wire_error *error);
typedef int gpald_method_finish(const struct gpald_operation *operation, struct gpald_writer *w,
				struct gpald_wire_error *error);

struct gpald_method {
	const char *name;
	const char *rpc; /* over ttrpc */
	bool on_inspect; /* changes nothing, so it is on the inspect socket too */
	const struct gpald_params *params;
	bool is_loops;           /* it looks at what only the loop's thread may look at */
	gpald_method_call *call; /* NULL: see below */

	/*
	 * Instead of `call`, for changes of live layouts: `begin` fills in the operation,
	 * and `finish` answers once it has been done.
	 */
	gpald_method_begin *begin;
	gpald_method_finish *finish;

	/* Over ttrpc instead of `params` and `call`, if they are set. */
	const struct gpald_params *rpc_params;
	gpald_method_call *rpc_call;
};

/* NULL: there is none of that name. */
const struct gpald_method *gpald_method_find(const char *name);
const struct gpald_method *gpald_method_find_rpc(const char *rpc);

/* Its place in the table, and the method of a place; NULL after the last. */
size_t gpald_method_index(const struct gpald_method *method);
const struct gpald_method *gpald_method_at(size_t index);

/* For methods: refuses for want of memory; always -1. */
int gpald_method_no_memory(struct gpald_wire_error *error);

/*
 * For methods: resolves a request, *layout being given to the caller. 0, -1 with *error
 * set, `pointer` leading to the request, or GPALD_TAKES_LONG: to find out what would
 * fit takes long.
 */
int gpald_method_resolve(const struct gpald_context *context, const struct gpal_request *request,
			 const char *pointer, struct gpal_layout **layout,
			 struct gpald_wire_error *error);

/* For methods: refuses a name that no live layout has; always -1. */
int gpald_method_not_found(const char *name, const char *pointer, struct gpald_wire_error *error);

/* The methods themselves, in the files named for them. */

/* layout_methods.c: layouts that nobody keeps */
gpald_method_call gpald_layout_resolve, gpald_layout_allocate, gpald_policy_list;

/* query_methods.c: questions about layouts */
gpald_method_call gpald_layout_probe, gpald_layout_compare, gpald_layout_explain,
	gpald_layout_advise;

/* live_methods.c: live layouts */
gpald_method_call gpald_layout_get, gpald_layout_list;
gpald_method_begin gpald_layout_create_begin, gpald_layout_update_begin, gpald_layout_delete_begin;
gpald_method_finish gpald_layout_create_finish, gpald_layout_update_finish,
	gpald_layout_delete_finish;

/* event_methods.c: what has changed */
gpald_method_call gpald_layout_history, gpald_events_subscribe, gpald_events_wait;

/*
 * Answers a call that waits for events after a revision, at the end of its time even without
 * any. 0, -1 with *error set, or GPALD_WAITS: there are none yet.
 */
int gpald_events_answer(const struct gpald_service *service, uint64_t since, bool is_over,
			struct gpald_writer *w, struct gpald_wire_error *error);

/* The object of an event. */
void gpald_write_event(struct gpald_writer *w, const struct gpald_event *event);

/* backup_method.c: all that is stored */
gpald_method_call gpald_registry_backup_page;

/* daemon_methods.c: the daemon itself */
gpald_method_call gpald_daemon_info, gpald_daemon_stats, gpald_daemon_schema;

#endif
