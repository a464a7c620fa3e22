/* SPDX-License-Identifier: MIT */
/* Makes the service and its registry, and settles the registry until a call can be answered. */
#include "config.h"

#include "tests/fuzz/serving.h"

#include "registry/registry.h"
#include "server/connection.h"
#include "server/log.h"
#include "server/options.h"
#include "tests/fuzz/fuzz.h"

#define LAYOUTS_MAX 4
#define EVENTS_KEPT 8

struct gpald_service serving;
struct gpald_workspace serving_space;

static struct gpald_limits limits;
static struct gpald_connections clients;
static struct gpald_options daemon_options;

static void ready(void *waiter)
{
	*(bool *)waiter = true;
}

static void wake(void *data)
{
	(void)data;
}

static void damaged(void *data, const char *name, const char *problem)
{
	(void)data;
	fuzz_fail(__FILE__, __LINE__, "%s: %s", name, problem);
}

static void batch_finished(void *data, const struct gpald_batch *batch)
{
	(void)data;
	FUZZ_CHECK(batch->result == GPALD_COMMIT_DONE, "a commit failed");
}

static void set_up(void)
{
	if (serving.limits)
		return;
	gpald_log_set_level(GPALD_LOG_ERROR);
	gpald_limits_init(&limits);
	gpald_options_init(&daemon_options);
	serving = (struct gpald_service){
		.default_policy = gpal_policy_default(),
		.limits = &limits,
		.options = &daemon_options,
		.socket_path = "/run/gpalayoutd/control.sock",
		.ttrpc_path = "/run/gpalayoutd/ttrpc.sock",
		.connections = &clients,
		.ready = ready,
	};
	FUZZ_CHECK(gpald_service_init(&serving) && gpald_workspace_init(&serving_space),
		   "out of memory");
}

void serving_open(void)
{
	char error[GPALD_STORE_ERROR_SIZE];
	struct gpald_store *store;

	set_up();
	store = gpald_memory_store_open();
	FUZZ_CHECK(store, "out of memory");
	serving.registry = gpald_registry_open(store,
					       &(struct gpald_registry_options){
						       .layouts_max = LAYOUTS_MAX,
						       .events_kept = EVENTS_KEPT,
						       .default_policy = serving.default_policy,
						       .wake = wake,
						       .damaged = damaged,
						       .batch_finished = batch_finished,
					       },
					       error);
	FUZZ_CHECK(serving.registry, "%s", error);
	serving.index = gpald_registry_index(serving.registry);
}

void serving_close(void)
{
	FUZZ_CHECK(gpald_registry_close(serving.registry, 0), "the registry is not closed");
}

void serving_ask(const struct gpald_caller *caller, const char *text, size_t length,
		 struct gpald_answer *answer)
{
	const struct gpald_message message = { .text = text, .length = length };
	bool is_ready = false;

	gpald_writer_reset(&serving_space.out, 0);
	gpald_service_answer(&serving, caller, &message, &is_ready, &serving_space, answer);
	if (answer->kind != GPALD_ANSWER_LATER)
		return;
	while (!is_ready)
		gpald_registry_settle(serving.registry);
	FUZZ_CHECK(gpald_call_answer(answer->call, &serving_space, answer), "out of memory");
}
