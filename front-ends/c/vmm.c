/* SPDX-License-Identifier: MIT */
/*
 * A small VM monitor with an event loop of its own, in which only poll() waits. It resolves the
 * layout of a VM, creates it, deletes it again, and waits for the event of each change. A real VM
 * monitor would run the VM before it deletes the layout.
 *
 * usage: vmm [NAME]
 *
 * The VM has the name "vm" by default. GPALAYOUT_SOCKET names the socket of the daemon.
 *
 * cc vmm.c $(pkg-config --cflags --libs gpalayout-client)
 */
#include <gpalayout/client.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

enum step {
	SUBSCRIBE,
	RESOLVE,
	CREATE,
	AWAIT_CREATED,
	DELETE,
	AWAIT_DELETED,
	DONE
};

struct vmm {
	enum step step;
	const char *name;
	struct gpal_request request;
	struct gpal_client *calls;  /* the connection for calls */
	struct gpal_client *events; /* the connection that is subscribed to events */
	struct gpal_client_error error;
};

static void print_layout(const char *what, const struct gpal_layout *layout)
{
	printf("%s\n", what);
	for (size_t i = 0; i < layout->map.count; i++) {
		const struct gpal_map_entry *entry = &layout->map.entries[i];

		printf("  %#14" PRIx64 " %#14" PRIx64 "  %s\n", entry->range.start,
		       entry->range.end, entry->tag);
	}
}

static int resolve(struct vmm *vmm)
{
	const struct gpal_layout *layout;
	const int code = gpal_client_resolve(vmm->calls, &vmm->request, &layout, &vmm->error);

	if (code == 0)
		print_layout("would be", layout);
	gpal_client_free(layout);
	return code;
}

static int create(struct vmm *vmm)
{
	const struct gpal_client_live *live;
	const int code =
		gpal_client_create(vmm->calls, vmm->name, &vmm->request, &live, &vmm->error);

	/* Here the VM would get its RAM, its MMIO windows and its ACPI tables. */
	if (code == 0)
		printf("%s %s, RAM ends at %#" PRIx64 "\n", live->created ? "created" : "found",
		       live->name, live->layout->end_of_ram);
	/* If the layout existed before, there is no event: skip that step. */
	if (code == 0 && !live->created)
		vmm->step = AWAIT_CREATED;
	gpal_client_free(live);
	return code;
}

/*
 * Gets the event of this kind for this VM, and ignores all others. A resync replaces lost events,
 * of which this may be one. A VM monitor with more to do would then get its layout again.
 */
static int await_event(struct vmm *vmm, enum gpal_event_kind kind)
{
	struct gpal_client_event event;
	int code;

	do
		code = gpal_client_next_event(vmm->events, &event, &vmm->error);
	while (code == 0 && event.kind != GPAL_EVENT_RESYNC &&
	       (event.kind != kind || strcmp(event.name, vmm->name) != 0));
	if (code == 0)
		printf("event: %s %s\n", event.kind_name, event.name);
	return code;
}

static bool uses_event_connection(enum step step)
{
	return step == SUBSCRIBE || step == AWAIT_CREATED || step == AWAIT_DELETED;
}

/* Returns GPAL_E_IN_PROGRESS if the step must be called again when its connection is ready. */
static int do_step(struct vmm *vmm)
{
	switch (vmm->step) {
	case SUBSCRIBE:
		return gpal_client_subscribe(vmm->events, NULL, NULL, &vmm->error);
	case RESOLVE:
		return resolve(vmm);
	case CREATE:
		return create(vmm);
	case AWAIT_CREATED:
		return await_event(vmm, GPAL_EVENT_CREATED);
	case DELETE:
		return gpal_client_delete(vmm->calls, vmm->name, 0, &vmm->error);
	case AWAIT_DELETED:
		return await_event(vmm, GPAL_EVENT_DELETED);
	case DONE:
		break;
	}
	return 0;
}

/* A real VM monitor would wait for its other descriptors here, too. */
static void wait_for(const struct gpal_client *client)
{
	struct pollfd ready = { gpal_client_fd(client), gpal_client_events(client), 0 };

	poll(&ready, 1, gpal_client_timeout_ms(client));
}

static int run(struct vmm *vmm)
{
	int code = 0;

	while (vmm->step != DONE && (code == 0 || code == GPAL_E_IN_PROGRESS)) {
		code = do_step(vmm);
		if (code == 0)
			vmm->step++;
		else if (code == GPAL_E_IN_PROGRESS)
			wait_for(uses_event_connection(vmm->step) ? vmm->events : vmm->calls);
	}
	return code;
}

int main(int argc, char **argv)
{
	static const uint64_t nodes[] = { UINT64_C(4) << 30 };
	static const struct gpal_root_complex root_complexes[] = { GPAL_ROOT_COMPLEX_INIT("rc0") };
	struct vmm vmm = {
		.name = argc > 1 ? argv[1] : "vm",
		.request = { .nodes = nodes,
			     .node_count = 1,
			     .root_complexes = root_complexes,
			     .root_complex_count = 1 },
	};
	int code = gpal_client_connect(NULL, &vmm.calls, &vmm.error);

	if (code == 0)
		code = gpal_client_connect(NULL, &vmm.events, &vmm.error);
	if (code == 0) {
		gpal_client_set_blocking(vmm.calls, false);
		gpal_client_set_blocking(vmm.events, false);
		code = run(&vmm);
	}
	if (code != 0)
		fprintf(stderr, "vmm: %s: %s%s%s\n", gpal_client_code_token(code),
			vmm.error.message, vmm.error.reason[0] ? ", " : "", vmm.error.reason);
	gpal_client_close(vmm.calls);
	gpal_client_close(vmm.events);
	return code != 0;
}
