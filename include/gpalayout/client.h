/* SPDX-License-Identifier: MIT */
/*
 * libgpalayout-client: a client of gpalayoutd, the daemon that resolves layouts for all front
 * ends of a host and stores those of live VMs. Requests and layouts are the structs of
 * libgpalayout. The protocol is in gpalayout-protocol(7).
 *
 * Threads: a struct gpal_client is one connection. One thread at a time may use it; different
 * threads may use different ones. The library starts no thread, installs no signal handler and
 * raises no SIGPIPE.
 *
 * Memory: parameters are borrowed for the call, and are not NULL unless stated otherwise. A
 * function that gives a result sets a pointer to a new object, which the caller frees with
 * gpal_client_free(). The pointers in it lead only into the object itself, or to static data. On
 * failure the function sets the pointer to NULL, except as stated for gpal_client_update().
 *
 * Results: sizes and addresses are in bytes. Times are UTC text such as
 * "2026-11-22T15:04:05.123Z". The library ignores members of a reply that it does not know,
 * because a newer daemon may add some. A reply that lacks a required member is
 * GPAL_E_PROTOCOL. In the map of a layout, `index` of each entry is 0 and `kept` is NULL. So
 * gpal_explain() can fail with GPAL_E_INTERNAL for a layout in which an update kept ranges; call
 * gpal_client_explain().
 *
 * Errors: a function that can fail returns 0 or a negative code. On failure it fills in *error,
 * unless `error` is NULL. Every function that calls the daemon may return:
 *   GPAL_E_REFUSED      the daemon refuses the call; error->reason says why. The comment of a
 *                       function lists the reasons of its method. Any method can also be refused
 *                       because of a parameter, such as "bad_name", or with "internal",
 *                       "message_too_large", "overloaded", "timeout" or "shutting_down". A method
 *                       that the socket does not serve is refused with "method_not_found"
 *   GPAL_E_NO_DAEMON    the connection was lost earlier, and no new one could be made;
 *                       nothing was sent
 *   GPAL_E_TIMED_OUT    no reply came within the time limit
 *   GPAL_E_CLOSED       the connection was closed before the reply was complete
 *   GPAL_E_PROTOCOL     the reply is not valid
 *   GPAL_E_IN_PROGRESS  the client does not block, and the call is not finished
 *   GPAL_E_BUSY         another call is in progress, or the client is subscribed to events;
 *                       nothing was sent
 *   GPAL_E_NO_MEMORY    the heap is exhausted
 * After GPAL_E_TIMED_OUT, GPAL_E_CLOSED, GPAL_E_PROTOCOL and GPAL_E_NO_MEMORY, and after a refusal
 * with the reason "store_failed", it is unknown whether the daemon made a change. Call
 * gpal_client_get() to find out, or call gpal_client_create() again: the same request changes
 * nothing the second time. After "message_too_large" the change was made if the message says so.
 * After all other refusals nothing was changed. The next call makes a new connection if needed.
 * "Clients" in proto/README.md has a table of what is reported when the daemon is stopped,
 * restarts or is newer.
 *
 * Blocking: by default a function returns when it has its reply or its time is over. A caller
 * with an event loop calls gpal_client_set_blocking().
 */
#ifndef GPALAYOUT_CLIENT_H
#define GPALAYOUT_CLIENT_H

#include <gpalayout/advise.h>
#include <gpalayout/allocator.h>
#include <gpalayout/compare.h>
#include <gpalayout/error.h>
#include <gpalayout/explain.h>
#include <gpalayout/export.h>
#include <gpalayout/layout.h>
#include <gpalayout/policy.h>
#include <gpalayout/probe.h>
#include <gpalayout/request.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

GPAL_BEGIN_DECLS

#define GPAL_CLIENT_DEFAULT_PATH "/run/gpalayoutd/control.sock"
#define GPAL_CLIENT_DEFAULT_TIMEOUT_MS 30000

/* Codes of this library. They do not overlap with enum gpal_code. */
enum gpal_client_code {
	GPAL_E_REFUSED = -100,     /* the daemon refuses: see `reason` */
	GPAL_E_NO_DAEMON = -101,   /* cannot connect: see `system_error` */
	GPAL_E_TIMED_OUT = -102,   /* no reply, or no connection, within the time limit */
	GPAL_E_CLOSED = -103,      /* the connection was closed before the reply was complete */
	GPAL_E_PROTOCOL = -104,    /* the reply is not valid, or lacks a required member */
	GPAL_E_IN_PROGRESS = -105, /* not finished: call the same function again */
	/*
	 * Another call is in progress, or the client is subscribed to events. From
	 * gpal_client_next_event(): the client is not subscribed.
	 */
	GPAL_E_BUSY = -106,
};

#define GPAL_REASON_MAX 63   /* bytes of the longest reason */
#define GPAL_POINTER_MAX 511 /* bytes of the longest pointer */

/* The details of a failure. The object belongs to the caller and holds no pointers. */
struct gpal_client_error {
	int code;           /* of enum gpal_client_code, or GPAL_E_NO_MEMORY */
	char message[1024]; /* one sentence that says what is wrong, without a full stop */
	int system_error;   /* errno, for GPAL_E_NO_DAEMON; otherwise 0 */

	/* For GPAL_E_REFUSED. A member that does not apply to the reason is 0 or empty. */
	int number;                         /* JSON-RPC code, such as -32602 */
	char reason[GPAL_REASON_MAX + 1];   /* stable, such as "exhausted" */
	char pointer[GPAL_POINTER_MAX + 1]; /* JSON pointer to the parameter at fault; or empty */
	uint64_t offset;                    /* byte at fault in the line, if number is -32700 */
	uint64_t generation;                /* the present generation of the layout */
	struct gpal_optional owner_uid;     /* of the layout */
	uint64_t revision;                  /* "resync_required": of the newest event */
	uint64_t oldest_since;              /* "resync_required": the least `since` allowed */

	/*
	 * If the reason is that of an enum gpal_code, the details as in struct gpal_error, except
	 * `subject`, `index` and `part`, which are not set: `pointer` above replaces them.
	 * Otherwise core.code is GPAL_OK.
	 */
	struct gpal_error core;
};

/* A connection to the daemon. */
struct gpal_client;

/*
 * gpal_client_connect - connect to the daemon
 * @path: socket of the daemon; NULL: $GPALAYOUT_SOCKET, or GPAL_CLIENT_DEFAULT_PATH if that is
 *        not set
 * @client: receives a new client, which the caller closes with gpal_client_close(); NULL on
 *          failure
 *
 * If the daemon's queue of connections is full, the function waits for up to
 * GPAL_CLIENT_DEFAULT_TIMEOUT_MS.
 *
 * Returns 0, or:
 *   GPAL_E_NO_DAEMON  cannot connect, or the path is empty or too long for a socket
 *   GPAL_E_TIMED_OUT  the queue was still full when the time was over
 *   GPAL_E_NO_MEMORY  the heap is exhausted
 */
GPAL_API GPAL_MUST_USE int gpal_client_connect(const char *path, struct gpal_client **client,
					       struct gpal_client_error *error);

/*
 * gpal_client_connect_within - connect to the daemon, within a time limit
 * @timeout_ms: milliseconds to wait while the queue of connections is full; negative: no limit.
 *              The time limit of later calls is still GPAL_CLIENT_DEFAULT_TIMEOUT_MS
 *
 * Otherwise this is gpal_client_connect().
 */
GPAL_API GPAL_MUST_USE int gpal_client_connect_within(const char *path, int64_t timeout_ms,
						      struct gpal_client **client,
						      struct gpal_client_error *error);

/*
 * gpal_client_close - close a connection and free the client
 * @client: a client, or NULL. A call in progress is abandoned. Results stay valid
 */
GPAL_API void gpal_client_close(struct gpal_client *client);

/*
 * gpal_client_free - free a result
 * @result: a result of this library, or NULL
 */
GPAL_API void gpal_client_free(const void *result);

/*
 * gpal_client_set_timeout - set the time limit of later calls
 * @timeout_ms: milliseconds that each call may take; negative: no limit. It is
 *              GPAL_CLIENT_DEFAULT_TIMEOUT_MS in a new client
 */
GPAL_API void gpal_client_set_timeout(struct gpal_client *client, int64_t timeout_ms);

/*
 * gpal_client_refuse_warnings - set the warnings that later calls refuse
 * @refused: a set of warnings, as in gpal_layout_refuse(); 0 in a new client
 *
 * This affects gpal_client_resolve(), gpal_client_create() and gpal_client_update(). If a new
 * layout would have such a warning, the daemon refuses it with the reason "warning_refused", and
 * gpal_client_refusal_data() then returns all warnings of the layout. Do not change the set while
 * one of these calls is in progress, or the call cannot be continued: it fails with GPAL_E_BUSY.
 */
GPAL_API void gpal_client_refuse_warnings(struct gpal_client *client, uint64_t refused);

/*
 * gpal_client_set_blocking - choose whether functions wait
 * @blocks: true in a new client; false for a caller with an event loop: no function waits
 *
 * If @blocks is false, a function that cannot finish returns GPAL_E_IN_PROGRESS. Then wait for
 * gpal_client_events() on gpal_client_fd(), at most gpal_client_timeout_ms(), and call the same
 * function with the same arguments again, until it returns another code. The library does not
 * send the request twice. A call with another method or other arguments in between fails with
 * GPAL_E_BUSY. To abandon a call, close the client.
 */
GPAL_API void gpal_client_set_blocking(struct gpal_client *client, bool blocks);

/*
 * gpal_client_fd - get the descriptor to wait for
 *
 * Every function may replace the descriptor, and the new one may have the same number. So with an
 * interface that keeps descriptors, such as epoll, register it again before each wait.
 *
 * Returns the descriptor, which the client owns; -1 if there is none to wait for now.
 */
GPAL_API int gpal_client_fd(const struct gpal_client *client);

/*
 * gpal_client_events - get the events to wait for at the descriptor
 *
 * Returns a set of POLLIN and POLLOUT, as in <poll.h>; 0 if there is nothing to wait for now.
 */
GPAL_API short gpal_client_events(const struct gpal_client *client);

/*
 * gpal_client_timeout_ms - get the longest time to wait
 *
 * The time applies even if gpal_client_fd() returns -1.
 *
 * Returns milliseconds; -1: no limit; 0: a reply or an event may have come already, the client can
 * connect again, or the time limit is over.
 */
GPAL_API int gpal_client_timeout_ms(const struct gpal_client *client);

/*
 * gpal_client_advance - read and write what is possible without waiting
 *
 * An event loop can call this when the descriptor is ready, whatever call is in progress. When it
 * returns another code than GPAL_E_IN_PROGRESS, call the function that is in progress again: that
 * returns the result or the failure. But gpal_client_next_event() reconnects after a failure, and
 * may return GPAL_E_IN_PROGRESS again.
 *
 * Returns 0 if a reply or an event has come, or if nothing is in progress; GPAL_E_IN_PROGRESS;
 * or the code of a failure.
 */
GPAL_API GPAL_MUST_USE int gpal_client_advance(struct gpal_client *client);

/*
 * gpal_client_call - call any method except events.subscribe, as JSON text
 * @method: name of the method
 * @params: JSON text of an object, or NULL
 * @result: receives the JSON text of the member `result` of the reply
 */
GPAL_API GPAL_MUST_USE int gpal_client_call(struct gpal_client *client, const char *method,
					    const char *params, const char **result,
					    struct gpal_client_error *error);

/*
 * gpal_client_refusal_data - get all details of the last refusal
 *
 * Returns the JSON text of the member `data` of the error, valid until the next call with this
 * client; NULL if the last call was not refused, or memory ran out. A call that fails with
 * GPAL_E_BUSY is not the last call.
 */
GPAL_API const char *gpal_client_refusal_data(const struct gpal_client *client);

/*
 * gpal_client_line - get the line of the last reply or event
 *
 * It is for logs, and for members that the library does not know.
 *
 * Returns the unchanged line without its LF, valid until the next call with this client; NULL if
 * the last call got none. A call that fails with GPAL_E_BUSY is not the last call.
 */
GPAL_API const char *gpal_client_line(const struct gpal_client *client);

/* Layouts that the daemon does not store. */

/*
 * gpal_client_resolve - find the layout of a request (layout.resolve)
 * @request: as in gpal_resolve(), but only the name of its policy is sent: the daemon applies its
 *           own policy of that name, or refuses with "unknown_policy". Without a policy the request
 *           has the daemon's default policy
 * @layout: receives the layout
 *
 * Reasons of a refusal: those of gpal_resolve(); "warning_refused".
 */
GPAL_API GPAL_MUST_USE int gpal_client_resolve(struct gpal_client *client,
					       const struct gpal_request *request,
					       const struct gpal_layout **layout,
					       struct gpal_client_error *error);

/*
 * gpal_client_advise - advise on the sizes of the ranges of a request (layout.resolve)
 * @advice: receives the advice, as gpal_advise() gives it
 *
 * Reasons of a refusal: those of gpal_resolve().
 */
GPAL_API GPAL_MUST_USE int gpal_client_advise(struct gpal_client *client,
					      const struct gpal_request *request,
					      const struct gpal_advice **advice,
					      struct gpal_client_error *error);

/*
 * gpal_client_allocate - place ranges with the bare allocator (layout.allocate)
 * @input: as in gpal_allocate()
 * @map: receives the map; `index` of its entries is 0 and `kept` is NULL
 *
 * Reasons of a refusal: those of gpal_allocate().
 */
GPAL_API GPAL_MUST_USE int gpal_client_allocate(struct gpal_client *client,
						const struct gpal_alloc_input *input,
						const struct gpal_map **map,
						struct gpal_client_error *error);

/* Live layouts: the daemon stores them under a name. */

struct gpal_client_live {
	const char *name;
	uint64_t generation; /* at least 1; each update with another request raises it */
	const struct gpal_layout *layout;

	/* Set by gpal_client_create(). */
	bool created; /* false: it existed already, from the same request */

	/* Set by gpal_client_get(). */
	uint32_t owner_uid; /* user who created it */
	const char *created_at;
	const char *updated_at;
	/* Its policy is NULL if it names none, or one that this library does not know. */
	const struct gpal_request *request;
};

/*
 * gpal_client_create - create a live layout (layout.create)
 * @name: 1 to GPAL_CLIENT_NAME_MAX of A-Z, a-z, 0-9, '.', '_', ':' and '-'
 * @live: receives the layout
 *
 * Creating a layout again with the same name and request returns the existing layout.
 *
 * Reasons of a refusal: those of gpal_resolve(); "warning_refused", only if a layout would be
 * made; "conflict", the name has a layout of another request or user; "store_full";
 * "store_failed".
 */
GPAL_API GPAL_MUST_USE int gpal_client_create(struct gpal_client *client, const char *name,
					      const struct gpal_request *request,
					      const struct gpal_client_live **live,
					      struct gpal_client_error *error);

/*
 * gpal_client_get - get a live layout (layout.get)
 * @live: receives the layout and its request
 *
 * Reason of a refusal: "not_found".
 */
GPAL_API GPAL_MUST_USE int gpal_client_get(struct gpal_client *client, const char *name,
					   const struct gpal_client_live **live,
					   struct gpal_client_error *error);

/*
 * gpal_client_delete - delete a live layout (layout.delete)
 * @generation: the generation that the layout must have; 0: any
 *
 * Reasons of a refusal: "not_found"; "generation_mismatch"; "denied", it belongs to another user;
 * "store_full"; "store_failed".
 */
GPAL_API GPAL_MUST_USE int gpal_client_delete(struct gpal_client *client, const char *name,
					      uint64_t generation, struct gpal_client_error *error);

struct gpal_client_update_options {
	uint64_t generation; /* the generation that the layout must have; 0: any */
	unsigned int allow;  /* set of enum gpal_allow */
	bool dry_run;        /* return the result without making the change */
};

struct gpal_client_update {
	const char *name;    /* NULL: the update was refused */
	uint64_t generation; /* of the layout after the call; 0: the update was refused */
	const struct gpal_layout *layout;   /* after the update; NULL: it was refused */
	const struct gpal_changes *changes; /* compatible, removes and is_removal are false */
};

/*
 * gpal_client_update - change a live layout (layout.update)
 * @request: the whole new request. Unlike gpal_update(), the daemon refuses another policy or
 *           architecture
 * @options: NULL for a zeroed struct
 * @update: receives the result. After a refusal with "would_move" it receives a result that has
 *          only `changes`: all changes of the refused update. After "would_remove" it receives one
 *          that has only the removals
 *
 * Reasons of a refusal: "not_found"; "generation_mismatch"; "denied", it belongs to another user;
 * "conflict", the request names another policy or architecture; those of gpal_update();
 * "warning_refused", unless the layout already has this request; "store_full"; "store_failed".
 */
GPAL_API GPAL_MUST_USE int gpal_client_update(struct gpal_client *client, const char *name,
					      const struct gpal_request *request,
					      const struct gpal_client_update_options *options,
					      const struct gpal_client_update **update,
					      struct gpal_client_error *error);

struct gpal_client_entry {
	const char *name;
	uint64_t generation;
	enum gpal_arch arch; /* GPAL_ARCH_COUNT: this library does not know it */
	const char *policy_name;
	uint64_t ram_size;
	uint64_t top;
	const char *digest;
	uint32_t owner_uid;
	const char *created_at;
};

struct gpal_client_page {
	uint64_t revision;                       /* of the newest event when the page was made */
	const struct gpal_client_entry *entries; /* ascending by the bytes of the names */
	size_t count;
	const char *next; /* `after` of the next page; NULL: this is the last one */
};

/*
 * gpal_client_list - list live layouts, page by page (layout.list)
 * @after: the page begins after this name, which need not exist; NULL: with the first name
 * @limit: layouts on the page; 0: the daemon's default
 * @page: receives the page
 */
GPAL_API GPAL_MUST_USE int gpal_client_list(struct gpal_client *client, const char *after,
					    unsigned int limit,
					    const struct gpal_client_page **page,
					    struct gpal_client_error *error);

struct gpal_client_backup_page {
	uint64_t revision; /* pass it for the next page; the pages have all changes up to it */
	const uint8_t *data;
	size_t length;    /* bytes of data */
	const char *next; /* `after` of the next page; NULL: this is the last one */
	uint64_t layouts; /* on the last page: number of layouts in the backup */
};

/*
 * gpal_client_backup - get a page of a backup of all live layouts (registry.backup)
 * @after: `next` of the page before; NULL: the first page
 * @revision: `revision` of the page before
 * @page: receives the page
 *
 * A file for gpalayoutd --restore is the data of all pages, one after another, followed by the
 * 32 bytes of its SHA-256.
 *
 * Reasons of a refusal: "denied", only root and the daemon's admin group may take a backup;
 * "resync_required", begin again with the first page.
 */
GPAL_API GPAL_MUST_USE int gpal_client_backup(struct gpal_client *client, const char *after,
					      uint64_t revision,
					      const struct gpal_client_backup_page **page,
					      struct gpal_client_error *error);

/* Questions about layouts. */

/* The layout of a question: the first member that is not NULL. */
struct gpal_client_side {
	const char *name;                   /* of a live layout */
	const struct gpal_request *request; /* the layout that it resolves to */
	const struct gpal_layout *layout;   /* only for gpal_client_compare() */
};

/*
 * gpal_client_probe - find the range at an address (layout.probe)
 * @of: a live layout or a request
 * @probe: receives the result; its root_complex belongs to the result
 *
 * Reasons of a refusal: "not_found"; "out_of_range", the address is too high; for a request,
 * those of gpal_resolve().
 */
GPAL_API GPAL_MUST_USE int gpal_client_probe(struct gpal_client *client,
					     const struct gpal_client_side *of, uint64_t address,
					     const struct gpal_probe **probe,
					     struct gpal_client_error *error);

/*
 * gpal_client_compare - list the differences between two layouts (layout.compare)
 * @from: the earlier layout
 * @to: the later layout
 * @changes: receives the list; `removes` and `is_removal` are always false
 *
 * Reasons of a refusal: "not_found"; "bad_layout", a layout does not agree with itself; for a
 * request, those of gpal_resolve().
 */
GPAL_API GPAL_MUST_USE int gpal_client_compare(struct gpal_client *client,
					       const struct gpal_client_side *from,
					       const struct gpal_client_side *to,
					       const struct gpal_changes **changes,
					       struct gpal_client_error *error);

/*
 * gpal_client_explain - explain why each range is where it is (layout.explain)
 * @of: a live layout or a request
 * @tag: explain only the range with this tag; NULL: all ranges
 * @explanation: receives the explanation. Its `layout` is NULL. A rule that this library does not
 *               know is GPAL_RULE_COUNT
 *
 * Reasons of a refusal: "not_found", there is no such layout or range; for a request, those of
 * gpal_resolve().
 */
GPAL_API GPAL_MUST_USE int gpal_client_explain(struct gpal_client *client,
					       const struct gpal_client_side *of, const char *tag,
					       const struct gpal_explanation **explanation,
					       struct gpal_client_error *error);

/*
 * gpal_client_advise_on - advise on the sizes of ranges (layout.advise)
 * @of: a live layout or a request
 * @tag: advise only on the range with this tag; NULL: on all
 * @advice: receives the advice, as gpal_advise_on() gives it
 *
 * Reasons of a refusal: "not_found", there is no such layout or no advice on this tag; for a
 * request, those of gpal_resolve() except "exhausted" and "address_width_exceeded".
 */
GPAL_API GPAL_MUST_USE int gpal_client_advise_on(struct gpal_client *client,
						 const struct gpal_client_side *of, const char *tag,
						 const struct gpal_advice **advice,
						 struct gpal_client_error *error);

/* The daemon itself. */

struct gpal_client_policy {
	const char *name;
	const char *summary;              /* English text for a person */
	const struct gpal_policy *policy; /* its defaults; NULL: this library does not know it */
};

struct gpal_client_policies {
	const char *default_name;                  /* policy of requests that name none */
	const struct gpal_client_policy *policies; /* oldest first */
	size_t count;
};

/*
 * gpal_client_policies - list the policies of the daemon (policy.list)
 * @policies: receives the list
 */
GPAL_API GPAL_MUST_USE int gpal_client_policies(struct gpal_client *client,
						const struct gpal_client_policies **policies,
						struct gpal_client_error *error);

struct gpal_client_limit {
	const char *name;
	uint64_t value;
};

struct gpal_client_info {
	const char *version;
	const char *protocol; /* version of the protocol */
	const char *default_policy_name;
	const char *control_socket; /* path; NULL: there is none */
	const char *inspect_socket; /* path; NULL: there is none */
	const struct gpal_client_limit *limits;
	size_t limit_count;
	const char *ttrpc_socket; /* path; NULL: there is none */
};

/*
 * gpal_client_info - get version, sockets and limits of the daemon (daemon.info)
 * @info: receives them
 */
GPAL_API GPAL_MUST_USE int gpal_client_info(struct gpal_client *client,
					    const struct gpal_client_info **info,
					    struct gpal_client_error *error);

/* A user with connections or unfinished work. The daemon forgets others, and their times. */
struct gpal_client_user_stats {
	uint32_t uid;
	uint64_t connections; /* open ones */
	uint64_t served_us;   /* microseconds spent on requests of this user */
};

struct gpal_client_method_stats {
	const char *name;
	uint64_t answered; /* calls with a result */
	uint64_t refused;  /* calls with an error */
};

/* Counters are since the daemon started. For histograms use gpal_client_call(). */
struct gpal_client_stats {
	const char *started_at;
	uint64_t uptime_ms;
	uint64_t connections_open;
	uint64_t connections_accepted;
	uint64_t connections_turned_away;
	uint64_t subscribers;
	const struct gpal_client_user_stats *users;
	size_t user_count;
	const struct gpal_client_method_stats *methods;
	size_t method_count;
	uint64_t layouts;      /* number of live layouts */
	uint64_t revision;     /* of the newest event */
	uint64_t oldest_since; /* the least `since` for gpal_client_subscribe() */
	const char *store_kind;
	const char *store_path; /* NULL: the store has none */
	uint64_t store_commits; /* transactions, including failed ones */
	uint64_t store_changes; /* changes made durable */
	uint64_t store_full;    /* changes refused for lack of disk space or at store_bytes */
};

/*
 * gpal_client_stats - get counters of the daemon (daemon.stats)
 * @stats: receives them
 */
GPAL_API GPAL_MUST_USE int gpal_client_stats(struct gpal_client *client,
					     const struct gpal_client_stats **stats,
					     struct gpal_client_error *error);

/*
 * gpal_client_schema - get the OpenRPC document of the protocol (daemon.schema)
 * @document: receives its JSON text
 */
GPAL_API GPAL_MUST_USE int gpal_client_schema(struct gpal_client *client, const char **document,
					      struct gpal_client_error *error);

/* Events. */

enum gpal_event_kind {
	GPAL_EVENT_UNKNOWN = -1, /* a newer daemon has this kind: see `kind_name` */
	GPAL_EVENT_CREATED,
	GPAL_EVENT_UPDATED,
	GPAL_EVENT_DELETED,

	/*
	 * The daemon no longer has all events that the client missed: list the live layouts again.
	 * The next event follows `revision`. This event has no name and no digest.
	 */
	GPAL_EVENT_RESYNC,
};

#define GPAL_CLIENT_NAME_MAX 64 /* bytes of the longest name of a live layout */

/* A change of a live layout. It holds no pointers. */
struct gpal_client_event {
	enum gpal_event_kind kind;
	char kind_name[32];                  /* such as "created" */
	uint64_t revision;                   /* number of the event */
	uint64_t follows;                    /* revision of the event before it */
	char name[GPAL_CLIENT_NAME_MAX + 1]; /* of the layout */
	char digest[GPAL_DIGEST_SIZE];       /* of the layout */

	/* An event that an older daemon stored has 0, not set and "" here. */
	uint64_t generation;      /* of the layout; if it was deleted, its last one */
	struct gpal_optional uid; /* user who made the change */
	char at[32];              /* time of the change */
};

/* The newest events of one layout that the daemon still has, at most its limit list_page. */
struct gpal_client_history {
	const char *name;
	uint64_t revision;     /* of the newest event of all layouts */
	uint64_t oldest_since; /* after this revision, no change of the layout is missing */
	/* Oldest first. The revision in `follows` may be that of an event of another layout. */
	const struct gpal_client_event *events;
	size_t count;
};

/*
 * gpal_client_history - get the events of one layout (layout.history)
 * @name: name of a live layout, or of one that was deleted
 * @history: receives the events
 *
 * If the layout is live and the daemon keeps no event of it, the history is empty.
 *
 * Reason of a refusal: "not_found", the daemon has neither a layout nor an event of this name.
 */
GPAL_API GPAL_MUST_USE int gpal_client_history(struct gpal_client *client, const char *name,
					       const struct gpal_client_history **history,
					       struct gpal_client_error *error);

/*
 * gpal_client_subscribe - subscribe to events (events.subscribe)
 * @since: events after this revision; NULL: events from now on
 * @revision: NULL, or receives the revision of the newest event; not written on failure
 *
 * Afterwards gpal_client_next_event() returns the events, and the client serves nothing else until
 * it is closed. Use another client for calls.
 *
 * Reason of a refusal: "resync_required", the daemon no longer has all events after @since; list
 * the live layouts and subscribe with the revision of the first page.
 */
GPAL_API GPAL_MUST_USE int gpal_client_subscribe(struct gpal_client *client, const uint64_t *since,
						 uint64_t *revision,
						 struct gpal_client_error *error);

/*
 * gpal_client_next_event - get the next event of a subscription
 * @event: receives the event; not written on failure
 *
 * If the connection is lost, for example because the daemon restarts, the library connects and
 * subscribes again until it succeeds, and continues after the last event. No event comes twice. If
 * the daemon no longer has all events that were missed, *event is of kind GPAL_EVENT_RESYNC and
 * replaces them. If the daemon does not accept the subscription within the time limit, or within
 * one second if that is longer, the library tries another connection.
 *
 * Returns 0, or one of these codes. After all of them except GPAL_E_BUSY the function can be called
 * again, and continues after the last event that it returned:
 *   GPAL_E_IN_PROGRESS  the client does not block, and no event has come
 *   GPAL_E_TIMED_OUT    the client blocks, and no event came within the time limit
 *   GPAL_E_REFUSED      the daemon refuses to subscribe the client again
 *   GPAL_E_PROTOCOL     a line is not an event, or an event does not follow the one before
 *   GPAL_E_NO_MEMORY    the heap is exhausted
 *   GPAL_E_BUSY         the client is not subscribed
 */
GPAL_API GPAL_MUST_USE int gpal_client_next_event(struct gpal_client *client,
						  struct gpal_client_event *event,
						  struct gpal_client_error *error);

/*
 * gpal_client_outage - find out why events are interrupted
 *
 * Returns an English text, such as "the connection was lost" or the message of the daemon, valid
 * until the next call with this client; NULL if events are not interrupted.
 */
GPAL_API const char *gpal_client_outage(const struct gpal_client *client);

/*
 * gpal_client_code_token - get the stable token of a code, also of enum gpal_code
 *
 * Returns a static string, such as "timed_out"; "internal" also for GPAL_E_NO_MEMORY and for a
 * value that is not a code.
 */
GPAL_API const char *gpal_client_code_token(int code);

GPAL_END_DECLS

#endif
