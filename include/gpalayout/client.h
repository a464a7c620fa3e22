/* SPDX-License-Identifier: MIT */
/*
 * A client of gpalayoutd, the daemon that resolves layouts for all front ends of a host and
 * keeps those of live VMs. This is libgpalayout-client, a library of its own; requests and
 * layouts are the structs of libgpalayout.
 *
 * An object is one connection and is used by one thread at a time. The library starts no
 * thread, installs no signal handler and raises no SIGPIPE. The caller's structs and text are
 * borrowed for the duration of a call.
 *
 * Results. A function that gives a result sets its pointer to an object with all that it
 * points to, which the caller frees with gpal_client_free(), and to NULL on failure. Members
 * that the library does not know, because the daemon is newer, are ignored; one that is
 * missing is GPAL_E_PROTOCOL. Sizes and addresses are in bytes; times are UTC text such as
 * "2026-11-22T15:04:05.123Z".
 *
 * Errors. Each function that can fail returns 0 or a negative code, of enum gpal_client_code
 * or GPAL_E_NO_MEMORY, and fills in `error`, which may be NULL. After GPAL_E_TIMED_OUT,
 * GPAL_E_CLOSED, GPAL_E_PROTOCOL and GPAL_E_NO_MEMORY whether a change was made is not known:
 * ask again, since gpal_client_create() with the same request changes nothing the second time.
 * A call connects again where the connection was lost or had to be given up; no call is
 * repeated. proto/README.md, under "Clients", has a table of what is reported when the daemon is
 * stopped, restarts or is newer.
 *
 * Blocking. By default a function returns when it has its answer or its time is up. For a
 * loop of the caller's see gpal_client_set_blocking().
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

/* These do not overlap with enum gpal_code. */
enum gpal_client_code {
	GPAL_E_REFUSED = -100,     /* the daemon says no: `reason` tells why */
	GPAL_E_NO_DAEMON = -101,   /* cannot connect: `system_error` tells why */
	GPAL_E_TIMED_OUT = -102,   /* no answer, or no connection, within the time limit */
	GPAL_E_CLOSED = -103,      /* the connection was closed before the answer */
	GPAL_E_PROTOCOL = -104,    /* what came is not an answer, or lacks a member */
	GPAL_E_IN_PROGRESS = -105, /* not blocking: call the same function again */
	GPAL_E_BUSY = -106,        /* in use for another call, or for events */
};

#define GPAL_REASON_MAX 63
#define GPAL_POINTER_MAX 511

struct gpal_client_error {
	int code;
	char message[1024]; /* one sentence, without a final stop, for the person who has to act */
	int system_error;   /* errno, of GPAL_E_NO_DAEMON; 0: none */

	/* Of GPAL_E_REFUSED. */
	int number;                         /* the JSON-RPC code, such as -32602 */
	char reason[GPAL_REASON_MAX + 1];   /* stable, such as "exhausted" */
	char pointer[GPAL_POINTER_MAX + 1]; /* JSON pointer to the param at fault; may be empty */
	uint64_t offset;                    /* of the fault in a line that is not JSON */
	uint64_t generation;                /* that the layout has */
	struct gpal_optional owner_uid;     /* of the layout */
	uint64_t revision;                  /* of resync_required */
	uint64_t oldest_since;

	/*
	 * The numbers of the refusals that libgpalayout has, too, by the rules of struct
	 * gpal_error. `core.code` is GPAL_OK for the others.
	 */
	struct gpal_error core;
};

struct gpal_client;

/*
 * Connects to the daemon. `path` NULL: $GPALAYOUT_SOCKET, or if that is not set
 * GPAL_CLIENT_DEFAULT_PATH. On success *client is given to the caller, who closes it
 * with gpal_client_close(). If the daemon's queue of connections is full it waits for
 * GPAL_CLIENT_DEFAULT_TIMEOUT_MS at most.
 *
 * Errors: GPAL_E_NO_DAEMON, also for a path that no socket can have; GPAL_E_TIMED_OUT;
 * GPAL_E_NO_MEMORY.
 */
GPAL_API GPAL_MUST_USE int gpal_client_connect(const char *path, struct gpal_client **client,
					       struct gpal_client_error *error);

/* The same with another time to wait, in milliseconds; negative: as long as it takes. */
GPAL_API GPAL_MUST_USE int gpal_client_connect_within(const char *path, int64_t timeout_ms,
						      struct gpal_client **client,
						      struct gpal_client_error *error);

/* Closes the connection, whatever is in progress; NULL is allowed. */
GPAL_API void gpal_client_close(struct gpal_client *client);

/* Frees a result; NULL is allowed. */
GPAL_API void gpal_client_free(const void *result);

/*
 * The time that each later call may take, in milliseconds; negative: as long as it takes.
 * GPAL_CLIENT_DEFAULT_TIMEOUT_MS at first.
 */
GPAL_API void gpal_client_set_timeout(struct gpal_client *client, int64_t timeout_ms);

/*
 * Warnings that gpal_client_resolve(), gpal_client_create() and gpal_client_update() refuse from
 * now on, as of gpal_layout_refuse(); 0, as at first: none. The refusal is "warning_refused",
 * and gpal_client_refusal_data() has all warnings of the layout.
 */
GPAL_API void gpal_client_refuse_warnings(struct gpal_client *client, uint64_t refused);

/*
 * For a loop of the caller's: with `blocks` false no function waits. One that cannot
 * finish returns GPAL_E_IN_PROGRESS. Wait for the descriptor and the time below, then
 * call the same function with the same arguments again, until it returns something
 * else; what has been sent is not sent twice. Another call in between, also of the same
 * function with other arguments, is GPAL_E_BUSY. To give a call up, close the object.
 */
GPAL_API void gpal_client_set_blocking(struct gpal_client *client, bool blocks);

/*
 * The descriptor to wait for, or -1 while there is nothing to wait for at one. After a call
 * it may be another one, also one of the same number: where descriptors are registered, as
 * with epoll, that has to be done before each wait.
 */
GPAL_API int gpal_client_fd(const struct gpal_client *client);

/* What to wait for there: POLLIN and POLLOUT of <poll.h>, or 0. */
GPAL_API short gpal_client_events(const struct gpal_client *client);

/*
 * The longest time to wait, in milliseconds, whatever the descriptor does; -1: for ever. 0:
 * an answer or an event may have come already.
 */
GPAL_API int gpal_client_timeout_ms(const struct gpal_client *client);

/*
 * Reads and writes what can be without waiting. For loops that would rather not call
 * the function that is in progress at each event; it is to be called once this returns
 * something else than GPAL_E_IN_PROGRESS. Returns 0 if nothing is in progress.
 */
GPAL_API GPAL_MUST_USE int gpal_client_advance(struct gpal_client *client);

/*
 * Any method but events.subscribe, as JSON text: `params` is an object, or NULL. *result is
 * the JSON text of the result, which is a member of the reply.
 */
GPAL_API GPAL_MUST_USE int gpal_client_call(struct gpal_client *client, const char *method,
					    const char *params, const char **result,
					    struct gpal_client_error *error);

/* The text of `data` of the last refusal, all of it; NULL: none. Valid until the next call. */
GPAL_API const char *gpal_client_refusal_data(const struct gpal_client *client);

/*
 * The line of the last answer or event as it came, without its LF: for logs, and for members
 * that the library does not know. NULL: none has come to the last call. Valid until the next one.
 */
GPAL_API const char *gpal_client_line(const struct gpal_client *client);

/* Layouts that are not kept. */

/* layout.resolve: what gpal_resolve() gives, under the daemon's default policy if none is named. */
GPAL_API GPAL_MUST_USE int gpal_client_resolve(struct gpal_client *client,
					       const struct gpal_request *request,
					       const struct gpal_layout **layout,
					       struct gpal_client_error *error);

/* The same with `advise`: how far each range could grow. */
GPAL_API GPAL_MUST_USE int gpal_client_advise(struct gpal_client *client,
					      const struct gpal_request *request,
					      const struct gpal_advice **advice,
					      struct gpal_client_error *error);

/* layout.allocate: what gpal_allocate() gives. */
GPAL_API GPAL_MUST_USE int gpal_client_allocate(struct gpal_client *client,
						const struct gpal_alloc_input *input,
						const struct gpal_map **map,
						struct gpal_client_error *error);

/* Live layouts. */

struct gpal_client_live {
	const char *name;
	uint64_t generation; /* of the layout under that name; at least 1 */
	const struct gpal_layout *layout;

	/* Of gpal_client_create(): false if the same request had been made before. */
	bool created;

	/* Of gpal_client_get(). */
	uint32_t owner_uid;
	const char *created_at;
	const char *updated_at;
	const struct gpal_request
		*request; /* its policy is NULL if the library has none of the name */
};

/*
 * layout.create. The same request under the same name changes nothing and gives the
 * layout that is there. Refusals: those of gpal_resolve(), "conflict", "store_full",
 * "warning_refused" where a layout would be made.
 */
GPAL_API GPAL_MUST_USE int gpal_client_create(struct gpal_client *client, const char *name,
					      const struct gpal_request *request,
					      const struct gpal_client_live **live,
					      struct gpal_client_error *error);

/* layout.get. Refusal: "not_found". */
GPAL_API GPAL_MUST_USE int gpal_client_get(struct gpal_client *client, const char *name,
					   const struct gpal_client_live **live,
					   struct gpal_client_error *error);

/* layout.delete. `generation` 0: whatever it is. Refusals: "not_found", "denied", ... */
GPAL_API GPAL_MUST_USE int gpal_client_delete(struct gpal_client *client, const char *name,
					      uint64_t generation, struct gpal_client_error *error);

struct gpal_client_update_options {
	uint64_t generation; /* that the layout must have; 0: any */
	unsigned int allow;  /* of enum gpal_allow */
	bool dry_run;        /* tells and changes nothing */
};

struct gpal_client_update {
	const char *name;
	uint64_t generation;
	const struct gpal_layout *layout;   /* NULL: it was refused */
	const struct gpal_changes *changes; /* all but `compatible`, `removes`, `is_removal` */
};

/*
 * layout.update. `options` NULL: none. After the refusals "would_move" and "would_remove"
 * *update is given as well, with the changes that were refused alone.
 */
GPAL_API GPAL_MUST_USE int gpal_client_update(struct gpal_client *client, const char *name,
					      const struct gpal_request *request,
					      const struct gpal_client_update_options *options,
					      const struct gpal_client_update **update,
					      struct gpal_client_error *error);

struct gpal_client_entry {
	const char *name;
	uint64_t generation;
	enum gpal_arch arch; /* GPAL_ARCH_COUNT: one that the library does not know */
	const char *policy_name;
	uint64_t ram_size;
	uint64_t top;
	const char *digest;
	uint32_t owner_uid;
	const char *created_at;
};

struct gpal_client_page {
	uint64_t revision;                       /* at which the page was made */
	const struct gpal_client_entry *entries; /* ascending by the bytes of their names */
	size_t count;
	const char *next; /* `after` of the next page; NULL: this is the last */
};

/* layout.list: those behind the name `after`; NULL: from the first. `limit` 0: the daemon's. */
GPAL_API GPAL_MUST_USE int gpal_client_list(struct gpal_client *client, const char *after,
					    unsigned int limit,
					    const struct gpal_client_page **page,
					    struct gpal_client_error *error);

struct gpal_client_backup_page {
	uint64_t revision; /* up to which the pages so far say what there is */
	const uint8_t *data;
	size_t length;
	const char *next; /* `after` of the next page; NULL: this is the last */
	uint64_t layouts; /* with the last page: how many the backup has */
};

/*
 * registry.backup: a page of a backup. `after` NULL: the first; otherwise `next` and `revision`
 * of the page before. The file that gpalayoutd --restore takes is the data of all pages, one
 * after another, and the 32 bytes of their SHA-256.
 *
 * Refusals: "denied" to all but root and the daemon's admin group; "resync_required", after
 * which the backup has to begin anew.
 */
GPAL_API GPAL_MUST_USE int gpal_client_backup(struct gpal_client *client, const char *after,
					      uint64_t revision,
					      const struct gpal_client_backup_page **page,
					      struct gpal_client_error *error);

/* Questions. */

/* What a question is about: the first of these that is not NULL. */
struct gpal_client_side {
	const char *name; /* of a live layout */
	const struct gpal_request *request;
	const struct gpal_layout *layout; /* only for gpal_client_compare() */
};

/* layout.probe: what is at an address. `root_complex` is borrowed from the result itself. */
GPAL_API GPAL_MUST_USE int gpal_client_probe(struct gpal_client *client,
					     const struct gpal_client_side *of, uint64_t address,
					     const struct gpal_probe **probe,
					     struct gpal_client_error *error);

/* layout.compare. `removes` and `is_removal` are not told. */
GPAL_API GPAL_MUST_USE int gpal_client_compare(struct gpal_client *client,
					       const struct gpal_client_side *from,
					       const struct gpal_client_side *to,
					       const struct gpal_changes **changes,
					       struct gpal_client_error *error);

/*
 * layout.explain. `tag` NULL: all ranges. The explanation's layout is NULL. A rule that the
 * library does not know is GPAL_RULE_COUNT.
 */
GPAL_API GPAL_MUST_USE int gpal_client_explain(struct gpal_client *client,
					       const struct gpal_client_side *of, const char *tag,
					       const struct gpal_explanation **explanation,
					       struct gpal_client_error *error);

/*
 * layout.advise: what gpal_advise_on() gives, for a live layout or for a request. `tag` NULL: of
 * all ranges. Refusals: "not_found", and those of gpal_resolve() but for want of room or of
 * address bits.
 */
GPAL_API GPAL_MUST_USE int gpal_client_advise_on(struct gpal_client *client,
						 const struct gpal_client_side *of, const char *tag,
						 const struct gpal_advice **advice,
						 struct gpal_client_error *error);

/* The daemon. */

struct gpal_client_policy {
	const char *name;
	const char *summary;
	const struct gpal_policy
		*policy; /* with its defaults; NULL: the library does not know it */
};

struct gpal_client_policies {
	const char *default_name;
	const struct gpal_client_policy *policies; /* oldest first */
	size_t count;
};

/* policy.list */
GPAL_API GPAL_MUST_USE int gpal_client_policies(struct gpal_client *client,
						const struct gpal_client_policies **policies,
						struct gpal_client_error *error);

struct gpal_client_limit {
	const char *name;
	uint64_t value;
};

struct gpal_client_info {
	const char *version;
	const char *protocol; /* of the promises in the protocol's documentation */
	const char *default_policy_name;
	const char *control_socket; /* NULL: there is none */
	const char *inspect_socket;
	const struct gpal_client_limit *limits;
	size_t limit_count;
	const char *ttrpc_socket; /* NULL: there is none */
};

/* daemon.info */
GPAL_API GPAL_MUST_USE int gpal_client_info(struct gpal_client *client,
					    const struct gpal_client_info **info,
					    struct gpal_client_error *error);

struct gpal_client_user_stats {
	uint32_t uid;
	uint64_t connections;
	uint64_t served_us; /* time that the daemon spent on the user */
};

struct gpal_client_method_stats {
	const char *name;
	uint64_t answered; /* with a result */
	uint64_t refused;  /* with an error */
};

/* Histograms are in the text that gpal_client_call() gives. */
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
	uint64_t layouts;      /* live ones */
	uint64_t revision;     /* of the newest event */
	uint64_t oldest_since; /* the least `since` that can be subscribed to */
	const char *store_kind;
	const char *store_path; /* NULL: it has none */
	uint64_t store_commits;
	uint64_t store_changes; /* in those commits */
	uint64_t store_full;    /* changes refused for want of room */
};

/* daemon.stats */
GPAL_API GPAL_MUST_USE int gpal_client_stats(struct gpal_client *client,
					     const struct gpal_client_stats **stats,
					     struct gpal_client_error *error);

/* daemon.schema: the text of the OpenRPC document of the daemon's protocol. */
GPAL_API GPAL_MUST_USE int gpal_client_schema(struct gpal_client *client, const char **document,
					      struct gpal_client_error *error);

/* Events. */

enum gpal_event_kind {
	GPAL_EVENT_UNKNOWN = -1, /* of a newer daemon: `kind_name` has its name */
	GPAL_EVENT_CREATED,
	GPAL_EVENT_UPDATED,
	GPAL_EVENT_DELETED,

	/*
	 * Events may have been missed that the daemon does not keep any more: list the live
	 * layouts anew. Events after `revision` follow. It has no name and no digest.
	 */
	GPAL_EVENT_RESYNC,
};

#define GPAL_CLIENT_NAME_MAX 64

struct gpal_client_event {
	enum gpal_event_kind kind;
	char kind_name[32];
	uint64_t revision;
	uint64_t follows; /* the revision before it */
	char name[GPAL_CLIENT_NAME_MAX + 1];
	char digest[GPAL_DIGEST_SIZE];

	/* Unset, 0 and "" of an event that a daemon stored before it kept these. */
	uint64_t generation;      /* of the layout; of a deleted one, as it was */
	struct gpal_optional uid; /* of who made the change */
	char at[32];              /* when, as "2026-11-22T15:04:05.123Z" */
};

/* The changes of one layout that the daemon keeps. */
struct gpal_client_history {
	const char *name;
	uint64_t revision;                      /* of the newest event of all layouts */
	uint64_t oldest_since;                  /* after this revision none is missing */
	const struct gpal_client_event *events; /* oldest first; `follows` is of all layouts */
	size_t count;
};

/* layout.history: also of a layout that was deleted. Refusal: "not_found", if nothing is kept. */
GPAL_API GPAL_MUST_USE int gpal_client_history(struct gpal_client *client, const char *name,
					       const struct gpal_client_history **history,
					       struct gpal_client_error *error);

/*
 * events.subscribe: to all events after the revision `since`; NULL: from now on.
 * *revision, unless it is NULL, is that of the moment. From then on the object is for
 * events alone, until it is closed.
 *
 * Refusal: "resync_required", if the events after `since` are not kept.
 */
GPAL_API GPAL_MUST_USE int gpal_client_subscribe(struct gpal_client *client, const uint64_t *since,
						 uint64_t *revision,
						 struct gpal_client_error *error);

/*
 * The next event, within the time limit of the object. If the connection is lost, also
 * because the daemon restarts, the library connects and subscribes again, from the last
 * event on, as often as it takes: none is lost and none comes twice. A daemon that does not
 * agree to that within the time limit, but at least a second, is given up. Where nothing
 * waits there is no time limit.
 *
 * Errors: GPAL_E_TIMED_OUT; GPAL_E_REFUSED; GPAL_E_PROTOCOL; GPAL_E_NO_MEMORY. After each of
 * them it can be called again, and goes on after the last event that it gave. GPAL_E_BUSY:
 * the object is not subscribed.
 */
GPAL_API GPAL_MUST_USE int gpal_client_next_event(struct gpal_client *client,
						  struct gpal_client_event *event,
						  struct gpal_client_error *error);

/*
 * While the events are interrupted: why, such as "the connection was lost", until the daemon
 * has agreed again; NULL: they are not. The text is the daemon's where it has said why. Valid
 * until the next call.
 */
GPAL_API const char *gpal_client_outage(const struct gpal_client *client);

/* The stable token of a code, also of enum gpal_code, such as "timed_out"; static. */
GPAL_API const char *gpal_client_code_token(int code);

GPAL_END_DECLS

#endif
