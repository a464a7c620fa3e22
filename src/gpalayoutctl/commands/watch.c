/* SPDX-License-Identifier: MIT */
/*
 * Follows events until --count of them were printed or standard output has no reader. If the
 * connection breaks, the client library connects again. If the daemon no longer keeps the next
 * event, the program exits, because continuing would hide that events are missing.
 */
#include "config.h"

#include "gpalayoutctl/commands/commands.h"

#include "gpalayoutctl/message.h"
#include "gpalayoutctl/print/print.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

/* clang-format off */
const struct ctl_flag ctl_watch_flags[] = {
	{ .name = "--since", .value_name = "REVISION",
	  .help = "begin with the first event after this revision;\ndefault: from now on" },
	{ .name = "--count", .value_name = "N", .help = "exit after N events; N is 1 or more" },
	{ 0 },
};
/* clang-format on */

/*
 * Returns CTL_OK if `code` is 0. Otherwise reports the error of the last call and returns its exit
 * status.
 */
static enum ctl_exit report_watch_failure(struct ctl_session *session, int code)
{
	const char *line = gpal_client_line(session->client);
	enum ctl_exit written = CTL_OK;

	if (code == 0)
		return CTL_OK;
	if (session->invocation->json && line)
		written = ctl_print_line(line, strlen(line));
	if (written || code != GPAL_E_REFUSED)
		return written ? written : ctl_report_failed_call(session);
	ctl_print_refusal(session, NULL);
	return ctl_reply_status(session);
}

static enum ctl_exit print_event(const struct ctl_session *session,
				 const struct gpal_client_event *event)
{
	const char *line = gpal_client_line(session->client);
	ctl_cleanup_buffer struct gpald_bytes out = { 0 };
	struct gpald_raw params;

	if (session->invocation->json)
		return ctl_print_line(line, strlen(line));
	if (session->invocation->field)
		return gpald_raw_member(gpald_raw_value(line, strlen(line)), "params", &params) ?
			       ctl_print_field(session, params) :
			       ctl_invalid_reply(session, "it has keys with escapes");
	if (session->invocation->quiet)
		return CTL_OK;
	ctl_event_append(&out, event);
	return ctl_write_output(&out);
}

/*
 * Reports that events are lost. The line is the daemon's refusal, which the library turned into an
 * event.
 */
static enum ctl_exit print_resync(struct ctl_session *session,
				  const struct gpal_client_event *event)
{
	session->error = (struct gpal_client_error){ .code = GPAL_E_REFUSED };
	strcpy(session->error.reason, "resync_required");
	strcpy(session->error.message, "the daemon no longer keeps the events that were missed");
	session->error.revision = event->revision;
	return report_watch_failure(session, GPAL_E_REFUSED);
}

/* Reports when the connection breaks, and when it is back. */
static void report_outage(const struct ctl_session *session, bool *is_out)
{
	const char *outage = gpal_client_outage(session->client);

	if (!outage == !*is_out)
		return;
	*is_out = outage;
	if (outage)
		ctl_error("%s: %s; connecting again", session->socket, outage);
	else
		ctl_error("%s: connected again", session->socket);
}

/* Waits until there may be an event. Returns false if standard output has no reader left. */
static bool wait_for_event(const struct ctl_session *session)
{
	struct pollfd ready[] = {
		{ .fd = gpal_client_fd(session->client),
		  .events = gpal_client_events(session->client) },
		{ .fd = STDOUT_FILENO },
	};

	return poll(ready, 2, gpal_client_timeout_ms(session->client)) <= 0 || !ready[1].revents;
}

static enum ctl_exit follow_events(struct ctl_session *session, uint64_t wanted)
{
	struct gpal_client_event event;
	enum ctl_exit code = CTL_OK;
	bool is_out = false;

	while (!code && wanted) {
		const int next = gpal_client_next_event(session->client, &event, &session->error);

		if (next == 0 || next == GPAL_E_IN_PROGRESS)
			report_outage(session, &is_out);
		if (next == GPAL_E_IN_PROGRESS) {
			if (!wait_for_event(session))
				return ctl_end_by_sigpipe();
			continue;
		}
		code = report_watch_failure(session, next);
		if (!code && event.kind == GPAL_EVENT_RESYNC)
			return print_resync(session, &event);
		if (!code)
			code = print_event(session, &event);
		wanted--;
	}
	return code;
}

enum ctl_exit ctl_run_watch(struct ctl_session *session)
{
	const struct ctl_invocation *invocation = session->invocation;
	const bool has_since = ctl_flag_was_given(invocation, "--since");
	uint64_t since = 0, wanted = UINT64_MAX;
	enum ctl_exit code = ctl_flag_number(invocation, "--since", false, &since);

	session->method = "events.subscribe";
	if (!code)
		code = ctl_flag_number(invocation, "--count", true, &wanted);
	if (!code)
		code = ctl_connect(session);
	if (code)
		return code;
	code = report_watch_failure(session, gpal_client_subscribe(session->client,
								   has_since ? &since : NULL, NULL,
								   &session->error));
	gpal_client_set_blocking(session->client, false);
	return code ? code : follow_events(session, wanted);
}
