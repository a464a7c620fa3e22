/* SPDX-License-Identifier: MIT */
/* The table of methods. To add a method, add a row. */
#ifndef GPALD_SERVER_METHODS_H
#define GPALD_SERVER_METHODS_H

#include "server/service.h"
#include "wire/decoder.h"
#include "wire/json_write.h"
#include "wire/reason.h"

/* The input of a method besides its params, and further output. */
struct gpald_context {
	struct gpald_service *service;
	const struct gpald_caller *caller;
	struct gpald_answer *answer; /* for output besides the reply; NULL on another thread */
	bool may_take_long;
};

/* Returned by a method that would take long but must not. It has written nothing. */
#define GPALD_TAKES_LONG 1

/* Returned by a method that waits. The answer says for what, and how long. */
#define GPALD_WAITS 2

/*
 * A method gets its params as the struct that its table fills in, and writes its result without a
 * key. Each of these functions returns 0, or -1 with *error set; a `call` may also return
 * GPALD_TAKES_LONG or GPALD_WAITS. After a refusal, or if the writer has failed, what the method
 * wrote is discarded.
 *
 * These functions may run on another thread. A `call` then uses only constant parts of the service
 * and the functions of the index that may be called on any thread.
 */
typedef int gpald_method_call(const struct gpald_context *context, const void *params,
			      struct gpald_writer *w, struct gpald_wire_error *error);
typedef int gpald_method_begin(const void *params, struct gpald_operation *operation,
			       struct gpald_wire_error *error);
typedef int gpald_method_finish(const struct gpald_operation *operation, struct gpald_writer *w,
				struct gpald_wire_error *error);

struct gpald_method {
	const char *name;
	const char *ttrpc_name;
	bool on_inspect; /* on the inspect socket, too; never of a method that changes something */
	const struct gpald_params *params;
	bool needs_loop;         /* it must run on the thread of the loop */
	gpald_method_call *call; /* NULL: see below */

	/*
	 * Instead of `call`, for changes of live layouts: `begin` fills in the operation, and
	 * `finish` writes the answer after it is done.
	 */
	gpald_method_begin *begin;
	gpald_method_finish *finish;

	/* If they are set, ttrpc uses these instead of `params` and `call`. */
	const struct gpald_params *ttrpc_params;
	gpald_method_call *ttrpc_call;
};

/* Return the method of that name; NULL: there is none. */
const struct gpald_method *gpald_method_find(const char *name);
const struct gpald_method *gpald_method_find_ttrpc(const char *ttrpc_name);

/* Return the index of a method, and the method of an index; NULL after the last. */
size_t gpald_method_index(const struct gpald_method *method);
const struct gpald_method *gpald_method_at(size_t index);

/* For methods: refuses because memory ran out. Returns -1. */
int gpald_method_no_memory(struct gpald_wire_error *error);

/*
 * For methods: resolves a request; the caller owns *layout. Returns 0, -1 with *error set, or
 * GPALD_TAKES_LONG because computing what would fit takes long. `pointer` is the JSON pointer of
 * the request.
 */
int gpald_resolve_for_method(const struct gpald_context *context,
			     const struct gpal_request *request, const char *pointer,
			     struct gpal_layout **layout, struct gpald_wire_error *error);

/* For methods: refuses a name that no live layout has. Returns -1. */
int gpald_refuse_unknown_layout(const char *name, const char *pointer,
				struct gpald_wire_error *error);

/* The methods, by file. */

/* layout_methods.c: computes layouts without storing them, and lists policies */
gpald_method_call gpald_serve_layout_resolve, gpald_serve_layout_allocate, gpald_serve_policy_list;

/* query_methods.c: queries about layouts */
gpald_method_call gpald_serve_layout_probe, gpald_serve_layout_compare, gpald_serve_layout_explain,
	gpald_serve_layout_advise;

/* live_methods.c: live layouts */
gpald_method_call gpald_serve_layout_get, gpald_serve_layout_list;
gpald_method_begin gpald_serve_layout_create_begin, gpald_serve_layout_update_begin,
	gpald_serve_layout_delete_begin;
gpald_method_finish gpald_serve_layout_create_finish, gpald_serve_layout_update_finish,
	gpald_serve_layout_delete_finish;

/* event_methods.c: events */
gpald_method_call gpald_serve_layout_history, gpald_serve_events_subscribe, gpald_serve_events_wait;

/*
 * Answers a call that waits for events after a revision. If its time is over, it answers even
 * without events. Returns 0, -1 with *error set, or GPALD_WAITS: there are none yet.
 */
int gpald_events_answer(const struct gpald_service *service, uint64_t since, bool is_over,
			struct gpald_writer *w, struct gpald_wire_error *error);

/* Writes the object of an event. */
void gpald_write_event(struct gpald_writer *w, const struct gpald_event *event);

/* backup_method.c: registry.backup */
gpald_method_call gpald_serve_registry_backup;

/* daemon_methods.c: the daemon itself */
gpald_method_call gpald_serve_daemon_info, gpald_serve_daemon_stats, gpald_serve_daemon_schema;

#endif
