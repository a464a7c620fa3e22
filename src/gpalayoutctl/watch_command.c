/* SPDX-License-Identifier: MIT */
/*
 * Following events for as long as anybody reads them. A connection that breaks is
 * made again from the last revision seen, so that a restart of the daemon costs no
 * event; one that the daemon cannot deliver any more ends the program, because going
 * on would hide the gap.
 */
#include "config.h"

#include "commands.h"

#include "event.h"
#include "exchange.h"
#include "json_tree.h"
#include "message.h"
#include "params.h"
#include "reader.h"

#include <string.h>

#define SHORTEST_PAUSE_MS 100
#define LONGEST_PAUSE_MS 2000

/* clang-format off */
const struct ctl_flag ctl_watch_flags[] = {
	{ .name = "--since", .value_name = "REVISION",
	  .help = "begin with the first event behind this revision;\ndefault: from now on" },
	{ .name = "--count", .value_name = "N", .help = "end after that many events, above 0" },
	{ 0 },
};
/* clang-format on */

struct watch {
	struct ctl_client client;
	bool json;
	bool has_seen;
	uint64_t seen;   /* every event up to this revision has been printed */
	uint64_t wanted; /* so many events are still to come */
	int pause_ms;    /* before the next attempt to connect */
};

/* Refusals that will be no other the next time; the rest is the daemon's state. */
static const char *const final_reasons[] = {
	"resync_required", "invalid_request", "method_not_found",
	"unknown_member",  "wrong_type",      "out_of_range",
};

static bool is_final(const struct ctl_reply *refusal)
{
	const char *reason = ctl_reply_reason(refusal);

	for (size_t i = 0; i < sizeof(final_reasons) / sizeof(final_reasons[0]); i++) {
		if (strcmp(reason, final_reasons[i]) == 0)
			return true;
	}
	return false;
}

static enum ctl_exit refuse(const struct watch *w, const struct ctl_reply *refusal)
{
	enum ctl_exit written = w->json ? ctl_write_line(&refusal->line) : CTL_OK;

	return written ? written : ctl_reply_accept(refusal);
}

/* Asks for the events behind those seen. */
static enum ctl_link subscribe(struct watch *w, const cJSON *id, struct ctl_reply *reply)
{
	ctl_cleanup_buffer struct ctl_buffer params = { 0 };
	ctl_cleanup_buffer struct ctl_buffer line = { 0 };

	if (w->has_seen)
		ctl_param_count(&params, "since", w->seen);
	ctl_request_append(&line, id, "events.subscribe", ctl_params_end(&params));
	return ctl_client_exchange(&w->client, &line, &reply->line);
}

/*
 * The revision of the reply is that of the daemon, and events up to it may still be
 * on their way; it is only a place to go on from for those who asked for none.
 */
static enum ctl_exit begin(struct watch *w, const struct ctl_reply *reply)
{
	struct ctl_reader reader = { 0 };
	uint64_t revision = ctl_read_count(&reader, reply->result, "revision");

	if (!reader.missing && w->has_seen && revision < w->seen)
		return ctl_reply_not_understood("its revision is before one already seen");
	if (!w->has_seen)
		w->seen = revision;
	w->has_seen = true;
	return ctl_reader_end(&reader);
}

static enum ctl_exit start(struct watch *w)
{
	ctl_cleanup_reply struct ctl_reply reply = { 0 };
	ctl_cleanup_json cJSON *id = cJSON_CreateNumber(1);
	enum ctl_link link = subscribe(w, id, &reply);
	enum ctl_exit code;

	if (link)
		return ctl_client_complain(&w->client, link);
	code = ctl_reply_parse(&reply, id);
	if (!code && reply.error)
		code = refuse(w, &reply);
	return code ? code : begin(w, &reply);
}

static bool pause_and_grow(struct watch *w)
{
	int pause_ms = w->pause_ms;

	w->pause_ms = pause_ms * 2 < LONGEST_PAUSE_MS ? pause_ms * 2 : LONGEST_PAUSE_MS;
	return ctl_output_pause(pause_ms);
}

/* Tries until there is an answer that stays; `why` the connection is of no use any more. */
static enum ctl_exit start_again(struct watch *w, const char *why)
{
	ctl_cleanup_json cJSON *id = cJSON_CreateNumber(1);
	const char *path = w->client.endpoint->path;
	bool told = false;

	ctl_complain("%s: %s; connecting again", path, why);
	for (;;) {
		ctl_cleanup_reply struct ctl_reply reply = { 0 };
		enum ctl_exit code;

		ctl_client_close(&w->client);
		if (!pause_and_grow(w))
			return ctl_output_without_reader();
		if (subscribe(w, id, &reply))
			continue;
		code = ctl_reply_parse(&reply, id);
		if (!code && reply.error && !is_final(&reply)) {
			if (!told)
				ctl_complain("%s: %s; trying again", path,
					     ctl_json_text(reply.error, "message"));
			told = true;
			continue;
		}
		if (!code && reply.error)
			code = refuse(w, &reply);
		if (!code)
			code = begin(w, &reply);
		if (!code)
			ctl_complain("%s: connected again", path);
		return code;
	}
}

static enum ctl_exit take_event(struct watch *w, const struct ctl_reply *message)
{
	ctl_cleanup_buffer struct ctl_buffer out = { 0 };
	struct ctl_event event;
	enum ctl_exit code = ctl_event_read(&event, message);

	if (code)
		return code;
	/* Anything else would be a gap or a repeat. */
	if (event.follows != w->seen || event.revision <= w->seen)
		return ctl_reply_not_understood("an event does not follow the one before it");
	if (w->json) {
		code = ctl_write_line(&message->line);
	} else {
		ctl_event_append(&out, &event);
		code = ctl_write_output(&out);
	}
	w->seen = event.revision;
	w->wanted--;
	w->pause_ms = SHORTEST_PAUSE_MS;
	return code;
}

/* Other notifications than events are for those who know them. */
static enum ctl_exit take_message(struct watch *w, struct ctl_reply *message)
{
	enum ctl_exit code = ctl_message_parse(message);

	if (code)
		return code;
	if (message->error && is_final(message))
		return refuse(w, message);
	if (message->error)
		return start_again(w, ctl_json_text(message->error, "message"));
	return ctl_is_event(message) ? take_event(w, message) : CTL_OK;
}

static enum ctl_exit follow(struct watch *w)
{
	enum ctl_exit code = CTL_OK;

	while (!code && w->wanted) {
		ctl_cleanup_reply struct ctl_reply message = { 0 };
		enum ctl_link link = ctl_client_follow(&w->client, &message.line);

		if (link == CTL_LINK_CLOSED)
			code = start_again(w, "connection lost");
		else if (link)
			code = ctl_client_complain(&w->client, link);
		else
			code = take_message(w, &message);
	}
	return code;
}

enum ctl_exit ctl_run_watch(const struct ctl_invocation *invocation)
{
	struct watch w = {
		.client = CTL_CLIENT(&invocation->endpoint),
		.json = invocation->json,
		.has_seen = ctl_was_given(invocation, "--since"),
		.wanted = UINT64_MAX,
		.pause_ms = SHORTEST_PAUSE_MS,
	};
	enum ctl_exit code = ctl_flag_number(invocation, "--since", false, &w.seen);

	if (!code)
		code = ctl_flag_number(invocation, "--count", true, &w.wanted);
	if (!code)
		code = start(&w);
	if (!code)
		code = follow(&w);
	ctl_client_close(&w.client);
	return code;
}
