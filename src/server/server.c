/* SPDX-License-Identifier: MIT */
/*
 * Starts and stops the parts: listeners, signals, timers. One libuv loop owns the sockets and the
 * registry. Most layouts are computed in microseconds, on the loop. Requests that take long run
 * on a few other threads, and the store has a thread of its own. All of them wake the loop when
 * they have finished something.
 *
 * The daemon stops in three steps. On the signal it removes the socket files that it made, and for
 * a moment it refuses new requests with "shutting_down". Then listeners and reading stop, and
 * connections close when their replies have been written. Connections that remain shortly before
 * the drain limit are cut off.
 *
 * If the store fails, the daemon stops in the same way, because only opening the store again shows
 * what it has. It also stops in this way on other signals that would end it, such as SIGUSR1; see
 * signals.c. In both cases the exit status is 1, so a service manager starts the daemon again.
 */
#include "config.h"

#include "server/server.h"

#include "server/confine.h"
#include "server/connection.h"
#include "server/descriptors.h"
#include "server/endpoints.h"
#include "server/log.h"
#include "server/loop.h"
#include "server/notify.h"
#include "server/service_user.h"
#include "server/signals.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#define GRACE_MS 100 /* from the signal until reading stops */
#define TICK_MIN_MS 20
#define TICK_MAX_MS 1000
#define READY_AGAIN_MS 1000 /* between attempts to notify the service manager */

enum phase {
	PHASE_SERVING,
	PHASE_GRACE,    /* new requests are refused */
	PHASE_DRAINING, /* replies are written */
	PHASE_STOPPED,
	PHASE_COUNT
};

static const char *const phase_names[] = { "serving", "grace", "draining", "stopped" };

static_assert(sizeof(phase_names) / sizeof(phase_names[0]) == PHASE_COUNT, "each phase has a name");

struct server {
	struct gpald_options *options;
	struct gpald_limits limits; /* in force: as configured, or what the system allows */
	uv_loop_t loop;
	bool is_ready_sent; /* READY=1 was sent, or no attempt can succeed */
	enum phase phase;
	struct gpald_service service;
	struct gpald_endpoints endpoints;
	struct gpald_signals signals;
	uv_timer_t tick;            /* runs while clients are connected, for the limits on time */
	uv_timer_t drain;           /* for the steps of stopping */
	uv_timer_t watchdog;        /* of the service manager; does not keep the loop alive */
	uv_async_t settle_due;      /* sent when gpald_registry_settle() is due */
	uint64_t stopping_since_ns; /* in uv_hrtime() */
	bool has_store_failed;
	bool had_other_signal; /* other than SIGTERM and SIGINT */
	struct gpald_connections connections;
	struct gpald_work_pool pool;
};

static void enter_phase(struct server *server, enum phase phase)
{
	server->phase = phase;
	gpald_log(GPALD_LOG_DEBUG, "phase", "phase=%s connections=%zu", phase_names[phase],
		  server->connections.count);
}

/* Closes the last handles, which ends the loop. */
static void stop_server(struct server *server)
{
	if (server->phase == PHASE_STOPPED)
		return;
	enter_phase(server, PHASE_STOPPED);
	gpald_signals_stop(&server->signals);
	uv_close((uv_handle_t *)&server->connections.turns, NULL);
	uv_close((uv_handle_t *)&server->connections.awake, NULL);
	uv_close((uv_handle_t *)&server->connections.wait_timer, NULL);
	uv_close((uv_handle_t *)&server->tick, NULL);
	uv_close((uv_handle_t *)&server->drain, NULL);
	uv_close((uv_handle_t *)&server->watchdog, NULL);
	/* The store thread may still use it. */
	uv_unref((uv_handle_t *)&server->settle_due);
	gpald_endpoints_clear(&server->endpoints);
}

static void on_empty(struct gpald_connections *connections)
{
	struct server *server = connections->data;

	if (server->phase == PHASE_DRAINING)
		stop_server(server);
}

static void on_drain_timeout(uv_timer_t *timer)
{
	struct server *server = timer->data;

	gpald_log(GPALD_LOG_WARNING, "drain_timeout", "connections=%zu", server->connections.count);
	gpald_connections_close(&server->connections, true);
}

static void on_grace_over(uv_timer_t *timer)
{
	struct server *server = timer->data;
	/* Closing the store takes time, too, and the limit is for both. */
	const uint64_t drain_ms = server->limits.values[GPALD_LIMIT_DRAIN_MS] * 9 / 10;

	enter_phase(server, PHASE_DRAINING);
	gpald_endpoints_close(&server->endpoints);
	if (server->connections.count == 0) {
		stop_server(server);
		return;
	}
	uv_timer_start(&server->drain, on_drain_timeout,
		       drain_ms > GRACE_MS ? drain_ms - GRACE_MS : 0, 0);
	gpald_connections_stop_reading(&server->connections);
}

static void begin_stop(struct server *server)
{
	enter_phase(server, PHASE_GRACE);
	gpald_notify("STOPPING=1\nSTATUS=Answering pending requests of %zu connections",
		     server->connections.count);
	server->stopping_since_ns = uv_hrtime();
	gpald_endpoints_remove_files(&server->endpoints);
	gpald_connections_stop_serving(&server->connections);
	uv_timer_start(&server->drain, on_grace_over, GRACE_MS, 0);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct server *server = handle->data;
	const bool is_stop_request = gpald_signal_is_stop_request(number);
	const enum gpald_log_level level = is_stop_request ? GPALD_LOG_INFO : GPALD_LOG_WARNING;
	char name[GPALD_SIGNAL_NAME_SIZE];

	gpald_signal_name(number, name);
	if (server->phase != PHASE_SERVING) {
		gpald_log(level, "stopping", "signal=%s again=true", name);
		gpald_connections_close(&server->connections, false);
		return;
	}
	server->had_other_signal = !is_stop_request;
	gpald_log(level, "stopping", "signal=%s connections=%zu", name, server->connections.count);
	begin_stop(server);
}

/* The registry. */

/* Called on the store thread, and by gpald_registry_settle() if work is left. */
static void wake_loop(void *data)
{
	struct server *server = data;

	uv_async_send(&server->settle_due);
}

static void on_settle_due(uv_async_t *async)
{
	struct server *server = async->data;

	gpald_registry_settle(server->service.registry);
	gpald_connections_schedule_events(&server->connections);
	if (server->has_store_failed && server->phase == PHASE_SERVING)
		begin_stop(server);
}

static void on_batch_finished(void *data, const struct gpald_batch *batch)
{
	struct server *server = data;
	char quoted[GPALD_LOG_QUOTE_SIZE];

	if (batch->count > 0) {
		gpald_histogram_add(&server->service.statistics.commit_durations,
				    batch->duration_us);
		gpald_histogram_add(&server->service.statistics.commit_sizes, batch->count);
	}
	if (batch->result == GPALD_COMMIT_FAILED && !server->has_store_failed) {
		server->has_store_failed = true;
		gpald_log(GPALD_LOG_ERROR, "store_failed",
			  "error=%s consequence=\"the daemon exits; a restart loads what is on "
			  "disk\"",
			  gpald_log_quote(batch->error, quoted));
	} else if ((batch->result == GPALD_COMMIT_FULL ||
		    batch->result == GPALD_COMMIT_NO_MEMORY) &&
		   gpald_log_ratelimit()) {
		gpald_log(GPALD_LOG_WARNING,
			  batch->result == GPALD_COMMIT_FULL ? "store_full" : "store_no_memory",
			  "changes=%zu error=%s", batch->count,
			  gpald_log_quote(batch->error, quoted));
	}
}

static void on_damaged(void *data, const char *name, const char *problem)
{
	char quoted_name[GPALD_LOG_QUOTE_SIZE], quoted_problem[GPALD_LOG_QUOTE_SIZE];

	(void)data;
	gpald_log(GPALD_LOG_ERROR, "layout_damaged", "name=%s problem=%s",
		  gpald_log_quote(name, quoted_name), gpald_log_quote(problem, quoted_problem));
}

static bool decide_on_worker(void *data, struct gpald_operation *operation)
{
	(void)data;
	return gpald_call_decide_on_worker(operation);
}

static bool open_registry(struct server *server)
{
	const struct gpald_options *options = server->options;
	const uint64_t *limits = server->limits.values;
	const struct gpald_sqlite_options sqlite = {
		.folder = options->state_folder,
		.must_exist = options->require_state,
		.backup = options->backup,
		.bytes_max = limits[GPALD_LIMIT_STORE_BYTES],
		.events_kept = (size_t)limits[GPALD_LIMIT_EVENTS_KEPT],
	};
	const struct gpald_registry_options registry = {
		.layouts_max = (size_t)limits[GPALD_LIMIT_LIVE_LAYOUTS],
		.layouts_per_uid_max = (size_t)limits[GPALD_LIMIT_LIVE_LAYOUTS_PER_UID],
		.bytes_per_uid_max = limits[GPALD_LIMIT_STORE_BYTES_PER_UID],
		.events_kept = (size_t)limits[GPALD_LIMIT_EVENTS_KEPT],
		.default_policy = options->default_policy,
		.wake = wake_loop,
		.damaged = on_damaged,
		.decide_on_worker = decide_on_worker,
		.batch_finished = on_batch_finished,
		.data = server,
	};
	char error[GPALD_STORE_ERROR_SIZE] = "out of memory", quoted[GPALD_LOG_QUOTE_SIZE];
	char quoted_error[2 * GPALD_STORE_ERROR_SIZE];
	const uint64_t start = uv_hrtime();
	struct gpald_store *store = options->state_folder ?
					    gpald_sqlite_store_open(&sqlite, error) :
					    gpald_memory_store_open();
	const bool is_new = store && store->is_new;

	if (store)
		server->service.registry = gpald_registry_open(store, &registry, error);
	if (!server->service.registry) {
		gpald_log(GPALD_LOG_ERROR, "store_unusable", "error=%s",
			  gpald_log_quote_long(error, quoted_error, sizeof(quoted_error)));
		return false;
	}
	server->service.index = gpald_registry_index(server->service.registry);
	gpald_log(GPALD_LOG_INFO,
		  options->backup ? "store_restored" :
		  is_new          ? "store_created" :
				    "store_opened",
		  "store=%s layouts=%zu ms=%llu%s%s",
		  gpald_registry_store_kind(server->service.registry), server->service.index->count,
		  (unsigned long long)((uv_hrtime() - start) / 1000000),
		  options->state_folder ? " folder=" : "",
		  options->state_folder ? gpald_log_quote(options->state_folder, quoted) : "");
	return true;
}

/*
 * Closes the registry after the last connection, in the time that is left. If the disk does not
 * answer, the daemon does not wait for it; the next start finds the last transaction either
 * completely or not at all.
 */
static void close_registry(struct server *server)
{
	const uint64_t most_ms = server->limits.values[GPALD_LIMIT_DRAIN_MS];
	const uint64_t spent_ms = (uv_hrtime() - server->stopping_since_ns) / 1000000;
	const uint64_t timeout_ms = spent_ms + most_ms / 10 < most_ms ? most_ms - spent_ms :
									most_ms / 10;

	if (!server->service.registry ||
	    gpald_registry_close(server->service.registry, (unsigned int)timeout_ms))
		return;
	gpald_log(GPALD_LOG_ERROR, "store_stalled",
		  "consequence=\"the daemon exits without waiting for the disk\"");
	_exit(1);
}

/*
 * Notifies the service manager, which shows the status and restarts the daemon if WATCHDOG=1 does
 * not come.
 */
static void on_watchdog(uv_timer_t *timer)
{
	struct server *server = timer->data;

	if (!server->is_ready_sent)
		server->is_ready_sent = gpald_notify("READY=1");
	/* The loop makes progress, because it runs this. */
	if (gpald_registry_ask_progress(server->service.registry))
		gpald_notify("WATCHDOG=1");
	else if (gpald_log_ratelimit())
		gpald_log(GPALD_LOG_WARNING, "store_slow",
			  "what=\"the store has not answered since the last check\"");
	if (server->phase == PHASE_SERVING)
		gpald_notify("STATUS=Serving %zu layouts on %zu connections",
			     server->service.index->count, server->connections.count);
}

/*
 * Notifies the service manager that the daemon is ready. The watchdog timer fires three times in
 * the interval in which the service manager expects one WATCHDOG=1.
 */
static void notify_ready(struct server *server)
{
	uint64_t interval = gpald_notify_watchdog_ms() / 3;

	server->is_ready_sent =
		gpald_notify("READY=1\nSTATUS=Serving %zu layouts", server->service.index->count);
	if (!interval && !server->is_ready_sent)
		interval = READY_AGAIN_MS;
	if (interval)
		uv_timer_start(&server->watchdog, on_watchdog, interval, interval);
	uv_unref((uv_handle_t *)&server->watchdog);
}

static void on_tick(uv_timer_t *timer)
{
	struct server *server = timer->data;
	const bool client_waits = gpald_endpoints_accept_waiting(&server->endpoints);

	gpald_connections_tick(&server->connections);
	if (server->connections.count == 0 && !client_waits)
		uv_timer_stop(timer);
}

static uint64_t tick_interval_ms(const struct gpald_limits *limits)
{
	static const enum gpald_limit times[] = {
		GPALD_LIMIT_UNFINISHED_LINE_MS,
		GPALD_LIMIT_OUTPUT_STALL_MS,
		GPALD_LIMIT_INSPECT_IDLE_MS,
	};
	uint64_t interval_ms = TICK_MAX_MS;

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if (interval_ms > limits->values[times[i]] / 8)
			interval_ms = limits->values[times[i]] / 8;
	return interval_ms > TICK_MIN_MS ? interval_ms : TICK_MIN_MS;
}

static void on_arrival(void *data)
{
	struct server *server = data;
	const uint64_t interval_ms = tick_interval_ms(&server->limits);

	if (!uv_is_active((uv_handle_t *)&server->tick))
		uv_timer_start(&server->tick, on_tick, interval_ms, interval_ms);
}

/* Makes the handles that exist from start to stop. */
static int init_handles(struct server *server)
{
	int code = gpald_loop_init(
		&server->loop,
		gpald_descriptors_max(&server->limits, server->options->inspect_path));

	if (code < 0)
		return code;
	server->tick.data = server;
	server->drain.data = server;
	server->watchdog.data = server;
	server->connections.turns.data = &server->connections;
	/* These fail only for invalid arguments. */
	uv_check_init(&server->loop, &server->connections.turns);
	uv_idle_init(&server->loop, &server->connections.awake);
	gpald_waits_init(&server->connections);
	server->settle_due.data = server;
	code = uv_async_init(&server->loop, &server->settle_due, on_settle_due);
	if (code < 0)
		return code;
	gpald_endpoints_init(&server->endpoints);
	uv_timer_init(&server->loop, &server->tick);
	uv_timer_init(&server->loop, &server->drain);
	uv_timer_init(&server->loop, &server->watchdog);
	code = gpald_work_pool_start(&server->pool, &server->loop, &server->connections.users);
	if (code < 0)
		return code;
	return gpald_signals_start(&server->signals, &server->loop, on_signal, server);
}

/* Binds the sockets. They belong to the user that the daemon becomes. */
static bool bind_endpoints(struct server *server)
{
	const struct gpald_options *options = server->options;
	const bool differs = gpald_service_user_differs(options);
	const uid_t owner = differs ? options->user_uid : GPALD_USER_UNCHANGED;
	const gid_t group = differs && options->socket_group == GPALD_GROUP_UNCHANGED ?
				    options->user_gid :
				    options->socket_group;

	return gpald_endpoints_bind(&server->endpoints, &gpald_control_socket_kind,
				    options->socket_path, options->socket_mode, owner,
				    group) == 0 &&
	       (!options->inspect_path ||
		gpald_endpoints_bind(&server->endpoints, &gpald_inspect_socket_kind,
				     options->inspect_path, options->inspect_mode, owner,
				     group) == 0) &&
	       (!options->ttrpc_path ||
		gpald_endpoints_bind(&server->endpoints, &gpald_ttrpc_socket_kind,
				     options->ttrpc_path, options->socket_mode, owner, group) == 0);
}

static bool open_endpoints(struct server *server)
{
	const struct gpald_options *options = server->options;

	if (options->control_fd >= 0) {
		gpald_endpoints_add_given(&server->endpoints, &gpald_control_socket_kind,
					  options->socket_path, options->control_fd);
		if (options->inspect_fd >= 0)
			gpald_endpoints_add_given(&server->endpoints, &gpald_inspect_socket_kind,
						  options->inspect_path, options->inspect_fd);
		if (options->ttrpc_fd >= 0)
			gpald_endpoints_add_given(&server->endpoints, &gpald_ttrpc_socket_kind,
						  options->ttrpc_path, options->ttrpc_fd);
	} else if (server->endpoints.count == 0 && !bind_endpoints(server)) {
		return false;
	}
	return gpald_endpoints_start_accepting(&server->endpoints) == 0;
}

/*
 * Forbids new privileges and, unless confine is "no", io_uring. If the options name another user,
 * prepares the state folder and, unless the service manager gives the sockets, binds them as root,
 * and then becomes that user. Only one thread exists, so none keeps the privileges.
 */
static bool give_up_privileges(struct server *server)
{
	const struct gpald_options *options = server->options;

	gpald_confine_no_new_privs();
	if (options->is_confined)
		gpald_confine_io_uring();
	if (!gpald_service_user_differs(options))
		return true;
	return gpald_service_user_prepare(options) &&
	       (options->control_fd >= 0 || bind_endpoints(server)) &&
	       gpald_service_user_become(options);
}

/*
 * Restricts the system calls. All threads run already. Returns false if the option was set and the
 * kernel cannot do it.
 */
static bool confine_server(struct server *server)
{
	struct gpald_options *options = server->options;
	const bool is_given = gpald_options_is_given(options, GPALD_OPTION_CONFINE);
	const int code = options->is_confined ? gpald_confine_system_calls() : 0;

	if (code == 0)
		return true;
	gpald_log(is_given ? GPALD_LOG_ERROR : GPALD_LOG_WARNING, "not_confined",
		  "error=\"%s\" what=\"the kernel refuses the filter of system calls\" %s",
		  strerror(code),
		  is_given ? "hint=\"set confine=no to start without it\"" :
			     "consequence=\"the daemon serves without it\"");
	gpald_options_drop_confine(options);
	return !is_given;
}

static bool start_server(struct server *server)
{
	if (!open_registry(server) || !open_endpoints(server))
		return false;
	gpald_descriptors_lower_limits(&server->limits, server->options->inspect_path);
	return confine_server(server);
}

static void on_answer_ready(void *waiter)
{
	gpald_connection_answer_ready(waiter);
}

int gpald_server_run(struct gpald_options *options)
{
	static struct server server; /* static because it is large; there is one */
	int code, status = 1;

	gpald_signals_prepare();
	server = (struct server){
		.options = options,
		.limits = options->limits,
		.service = {
			.default_policy = options->default_policy,
			.limits = &server.limits,
			.socket_path = options->socket_path,
			.inspect_path = options->inspect_path,
			.ttrpc_path = options->ttrpc_path,
			.state_path = options->state_folder,
			.options = options,
			.connections = &server.connections,
			.ready = on_answer_ready,
			.pool = &server.pool,
			.users = &server.connections.users,
		},
		.endpoints = {
			.loop = &server.loop,
			.connections = &server.connections,
			.arrived = on_arrival,
			.data = &server,
		},
	};
	server.connections.users.unsent_bytes_max =
		(size_t)options->limits.values[GPALD_LIMIT_OUTPUT_USER_BYTES];
	server.connections.loop = &server.loop;
	server.connections.service = &server.service;
	server.connections.admin_group = options->admin_group;
	server.connections.on_empty = on_empty;
	server.connections.data = &server;

	if (!gpald_descriptors_raise_limit())
		return 1;
	if (!give_up_privileges(&server)) {
		gpald_endpoints_close_listeners(&server.endpoints);
		return 1;
	}
	code = init_handles(&server);
	if (code < 0) {
		gpald_endpoints_close_listeners(&server.endpoints);
		/* Here UV_EAGAIN can only come from starting a thread. */
		gpald_log(GPALD_LOG_ERROR, "start_failed", "error=%s",
			  code == UV_EAGAIN ? "\"no thread can be started: not enough memory, or "
					      "too many threads\"" :
					      uv_err_name(code));
		return 1;
	}
	if (!gpald_service_init(&server.service) ||
	    !gpald_workspace_init(&server.connections.space)) {
		gpald_log(GPALD_LOG_ERROR, "start_failed", "error=\"out of memory\"");
	} else if (start_server(&server)) {
		gpald_log(
			GPALD_LOG_INFO, "ready",
			"version=%s pid=%ld default_policy=%s confined=%s connections=%llu "
			"inspect_connections=%llu",
			PACKAGE_VERSION, (long)getpid(), options->default_policy->name,
			options->is_confined ? "yes" : "no",
			(unsigned long long)server.limits.values[GPALD_LIMIT_CONNECTIONS],
			(unsigned long long)server.limits.values[GPALD_LIMIT_INSPECT_CONNECTIONS]);
		notify_ready(&server);
		uv_run(&server.loop, UV_RUN_DEFAULT);
		status = 0;
	} else {
		server.stopping_since_ns = uv_hrtime();
	}
	gpald_endpoints_close(&server.endpoints);
	stop_server(&server);
	uv_run(&server.loop, UV_RUN_DEFAULT);
	gpald_work_pool_stop(&server.pool);
	close_registry(&server);
	uv_close((uv_handle_t *)&server.settle_due, NULL);
	uv_run(&server.loop, UV_RUN_DEFAULT);
	code = uv_loop_close(&server.loop);
	assert(code == 0);
	gpald_connections_clear(&server.connections);
	gpald_service_clear(&server.service);
	status |= server.has_store_failed || server.had_other_signal;
	gpald_log(GPALD_LOG_INFO, "stopped", "status=%d", status);
	return status;
}
