/* SPDX-License-Identifier: MIT */
/*
 * Tests the client library against peers that are newer or older than it, broken, or no daemon at
 * all.
 */
#include "config.h"

#include "tests/client/daemon.h"
#include "tests/unit/vm.h"

#include <errno.h>
#include <gpalayout/client.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static struct daemon peer;
static struct gpal_client *client;
static struct gpal_client_error error;

static void set_up(void)
{
	daemon_prepare(&peer);
	client = NULL;
}

static void tear_down(void)
{
	gpal_client_close(client);
	daemon_remove(&peer);
}

static void connect_to(const char *const *replies, size_t count, int waits)
{
	daemon_fake(&peer, replies, count, waits);
	ck_assert_int_eq(gpal_client_connect(peer.control, &client, &error), 0);
	gpal_client_set_timeout(client, 60000);
}

#define REPLY(rest) "{\"jsonrpc\":\"2.0\",\"id\":1," rest "}\n"
#define PAGE(rest) REPLY("\"result\":{" rest "}")
#define ENTRY(rest)                                                                           \
	"{\"name\":\"vm\",\"generation\":3,\"arch\":\"aarch64\",\"policy\":\"of-2031\","      \
	"\"ram_size\":\"0x1000\",\"top\":\"0x2000\",\"digest\":\"sha256:0\",\"owner_uid\":7," \
	"\"created_at\":\"2031-01-01T00:00:00.000Z\"" rest "}"

START_TEST(members_that_are_not_known_are_ignored)
{
	const char *const reply =
		PAGE("\"next_moon\":{\"full\":[1,2,{}]},\"revision\":9,\"layouts\":[" ENTRY(
			",\"colour\":\"blue\"") "],\"note\":null");
	const struct gpal_client_page *page;

	connect_to(&reply, 1, 1);
	ck_assert_msg(gpal_client_list(client, NULL, 0, &page, &error) == 0, "%s", error.message);
	ck_assert_uint_eq(page->revision, 9);
	ck_assert_uint_eq(page->count, 1);
	ck_assert_int_eq(page->entries[0].arch, GPAL_ARCH_AARCH64);
	ck_assert_str_eq(page->entries[0].policy_name, "of-2031");
	ck_assert_uint_eq(page->entries[0].owner_uid, 7);
	gpal_client_free(page);
}
END_TEST

START_TEST(an_architecture_that_is_not_known_hides_no_layout)
{
	const char *const reply = PAGE(
		"\"revision\":9,\"layouts\":[{\"name\":\"vm\",\"generation\":3,\"arch\":"
		"\"riscv64\",\"policy\":\"of-2031\",\"ram_size\":\"0x1000\",\"top\":\"0x2000\","
		"\"digest\":\"sha256:0\",\"owner_uid\":7,\"created_at\":"
		"\"2031-01-01T00:00:00.000Z\"}," ENTRY("") "]");
	const struct gpal_client_page *page;

	connect_to(&reply, 1, 1);
	ck_assert_msg(gpal_client_list(client, NULL, 0, &page, &error) == 0, "%s", error.message);
	ck_assert_uint_eq(page->count, 2);
	ck_assert_int_eq(page->entries[0].arch, GPAL_ARCH_COUNT);
	ck_assert_int_eq(page->entries[1].arch, GPAL_ARCH_AARCH64);
	gpal_client_free(page);
}
END_TEST

/* A reply, the code that the call returns for it, and a part of the message. */
static const struct {
	const char *reply;
	int code;
	const char *word;
} faults[] = {
	{ PAGE("\"layouts\":[]"), GPAL_E_PROTOCOL, "missing member revision" },
	{ PAGE("\"revision\":\"9\",\"layouts\":[]"), GPAL_E_PROTOCOL, "/revision" },
	{ PAGE("\"revision\":9,\"layouts\":[{\"name\":\"vm\"}]"), GPAL_E_PROTOCOL, "/layouts/0/" },
	{ PAGE("\"revision\":9,\"layouts\":{}"), GPAL_E_PROTOCOL, "an array" },
	{ REPLY("\"result\":7"), GPAL_E_PROTOCOL, "an object" },
	{ REPLY("\"result\":{},\"error\":{}"), GPAL_E_PROTOCOL, "either" },
	{ REPLY("\"news\":{}"), GPAL_E_PROTOCOL, "either" },
	{ REPLY("\"error\":\"{\""), GPAL_E_PROTOCOL, "lacks a code" },
	{ REPLY("\"error\":{\"code\":1}"), GPAL_E_PROTOCOL, "lacks a code" },
	{ REPLY("\"error\":{\"code\":1e300,\"message\":\"m\"}"), GPAL_E_PROTOCOL, "lacks a code" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}\n", GPAL_E_PROTOCOL, "its id" },
	{ "{\"jsonrpc\":\"1.0\",\"id\":1,\"result\":{}}\n", GPAL_E_PROTOCOL, "JSON-RPC 2.0" },
	{ "{\"jsonrpc\":\"2.0\",\"method\":\"layout.event\",\"params\":{}}\n", GPAL_E_PROTOCOL,
	  "notification" },
	{ "220 mail.example ESMTP\n", GPAL_E_PROTOCOL, "invalid reply: " },
	{ "[]\n", GPAL_E_PROTOCOL, "JSON-RPC 2.0" },
	{ "\n", GPAL_E_PROTOCOL, "invalid reply: " },
	{ "", GPAL_E_CLOSED, "without a reply" },
	{ "{\"jsonrpc\":\"2.0\",", GPAL_E_CLOSED, "in the middle of a reply" },
};

START_TEST(an_invalid_reply_is_an_error)
{
	const struct gpal_client_page *page;

	connect_to(&faults[_i].reply, 1, 0);
	ck_assert_int_eq(gpal_client_list(client, NULL, 0, &page, &error), faults[_i].code);
	ck_assert_ptr_null(page);
	ck_assert_int_eq(error.code, faults[_i].code);
	ck_assert_msg(strstr(error.message, faults[_i].word), "%s", error.message);
}
END_TEST

/* No code decodes the result of gpal_client_call(), but its envelope is still checked. */
START_TEST(the_envelope_of_a_text_result_is_checked)
{
	static const char *const replies[] = {
		REPLY("\"\\u0072esult\":{}"),
		"{\"jsonrpc\":\"2.0\",\"method\":\"layout.event\",\"params\":{}}\n",
	};
	const char *result;

	connect_to(&replies[_i], 1, 0);
	ck_assert_int_eq(gpal_client_call(client, "policy.list", NULL, &result, &error),
			 GPAL_E_PROTOCOL);
	ck_assert_ptr_null(result);
}
END_TEST

START_TEST(a_refusal_of_a_reason_that_is_not_known_keeps_its_text)
{
	const char *const line =
		"{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":99,\"message\":"
		"\"the moon is full\",\"data\":{\"reason\":\"full_moon\",\"pointer\":"
		"\"/moon\",\"phase\":\"full\"}}}";
	char reply[256];
	const char *const replies[] = { reply };
	const struct gpal_client_page *page;

	snprintf(reply, sizeof(reply), "%s\n", line);
	connect_to(replies, 1, 1);
	ck_assert_ptr_null(gpal_client_line(client));
	ck_assert_int_eq(gpal_client_list(client, NULL, 0, &page, &error), GPAL_E_REFUSED);
	ck_assert_int_eq(error.number, 99);
	ck_assert_str_eq(error.message, "the moon is full");
	ck_assert_str_eq(error.reason, "full_moon");
	ck_assert_str_eq(error.pointer, "/moon");
	ck_assert_int_eq(error.core.code, GPAL_OK);
	ck_assert_str_eq(gpal_client_line(client), line);
	ck_assert_str_eq(gpal_client_refusal_data(client),
			 "{\"reason\":\"full_moon\",\"pointer\":\"/moon\",\"phase\":\"full\"}");
}
END_TEST

/* A later release may have this policy, this warning and the members colour and rooms. */
START_TEST(a_layout_of_a_newer_daemon_is_read)
{
	const char *const reply = PAGE(
		"\"layout\":{\"arch\":\"x86_64\",\"policy\":\"openvmm-2031.01\",\"profile\":"
		"\"gen2-uefi\",\"digest\":\"sha256:0\",\"ram\":[{\"node\":0,\"start\":\"0x0\",\"end\":"
		"\"0x1000\",\"colour\":1}],\"chipset\":{\"low_mmio\":{\"start\":\"0x2000\",\"end\":"
		"\"0x3000\"}},\"map\":[{\"tag\":\"ram0\",\"kind\":\"ram\",\"start\":\"0x0\",\"end\":"
		"\"0x1000\"}],\"ram_size\":\"0x1000\",\"end_of_ram\":\"0x1000\",\"end_of_layout\":"
		"\"0x3000\",\"top\":\"0x3000\",\"required_address_bits\":14,\"warnings\":[{\"reason\":"
		"\"full_moon\",\"tag\":\"ram0\",\"message\":\"it is\"}],\"rooms\":[]}");
	const struct gpal_layout *layout;

	connect_to(&reply, 1, 1);
	ck_assert_msg(gpal_client_resolve(client, &(struct gpal_request)VM(one_gib), &layout,
					  &error) == 0,
		      "%s", error.message);
	ck_assert_ptr_null(layout->policy);
	ck_assert_str_eq(layout->policy_name, "openvmm-2031.01");
	ck_assert_uint_eq(layout->warning_count, 1);
	ck_assert_int_eq(layout->warnings[0].reason, GPAL_WARN_UNKNOWN);
	ck_assert_str_eq(layout->warnings[0].token, "full_moon");
	ck_assert_str_eq(layout->warnings[0].message, "it is");
	ck_assert_uint_eq(layout->ram[0].range.end, 0x1000);
	gpal_client_free(layout);
}
END_TEST

START_TEST(an_unknown_kind_of_event_is_returned)
{
	const char *const replies[] = {
		PAGE("\"revision\":7") "{\"jsonrpc\":\"2.0\",\"method\":\"layout.event\",\"params\":"
				       "{\"revision\":9,\"follows\":7,\"event\":\"adopted\",\"name\":"
				       "\"vm\",\"by\":\"moon\"}}\n",
	};
	struct gpal_client_event event;
	uint64_t revision;

	connect_to(replies, 1, 1);
	ck_assert_int_eq(gpal_client_subscribe(client, NULL, &revision, &error), 0);
	ck_assert_uint_eq(revision, 7);
	ck_assert_msg(gpal_client_next_event(client, &event, &error) == 0, "%s", error.message);
	ck_assert_int_eq(event.kind, GPAL_EVENT_UNKNOWN);
	ck_assert_str_eq(event.kind_name, "adopted");
	ck_assert_uint_eq(event.revision, 9);
	ck_assert_uint_eq(event.follows, 7);
	ck_assert_str_eq(event.digest, "");
}
END_TEST

/*
 * The first daemon exits, the next has too many connections, and the third accepts the
 * subscription.
 */
START_TEST(a_subscription_is_repeated_until_it_is_accepted)
{
	const char *const replies[] = {
		PAGE("\"revision\":7") "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32004,"
				       "\"message\":\"ending\",\"data\":{\"reason\":\"shutting_down\"}}}\n",
		"{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32002,\"message\":\"full\","
		"\"data\":{\"reason\":\"overloaded\"}}}\n",
		"{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"revision\":8}}\n"
		"{\"jsonrpc\":\"2.0\",\"method\":\"layout.event\",\"params\":{\"revision\":8,\"event\":"
		"\"deleted\",\"name\":\"vm\"}}\n",
	};
	struct gpal_client_event event;

	connect_to(replies, 3, 0);
	ck_assert_int_eq(gpal_client_subscribe(client, NULL, NULL, &error), 0);
	ck_assert_msg(gpal_client_next_event(client, &event, &error) == 0, "%s", error.message);
	ck_assert_int_eq(event.kind, GPAL_EVENT_DELETED);
	ck_assert_uint_eq(event.revision, 8);
	ck_assert_uint_eq(event.follows, 7);
}
END_TEST

#define EVENT(revision, rest)                                                                 \
	"{\"jsonrpc\":\"2.0\",\"method\":\"layout.event\",\"params\":{\"revision\":" revision \
	",\"event\":\"created\"" rest "}}\n"
#define NAMED(name) ",\"name\":\"" name "\""
#define SUBSCRIBED(id) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":{\"revision\":8}}\n"
#define ENDING                                                         \
	"{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32004," \
	"\"message\":\"ending\",\"data\":{\"reason\":\"shutting_down\"}}}\n"

static void expect_event(const char *name, uint64_t revision)
{
	struct gpal_client_event event;

	ck_assert_msg(gpal_client_next_event(client, &event, &error) == 0, "%s", error.message);
	ck_assert_str_eq(event.name, name);
	ck_assert_uint_eq(event.revision, revision);
}

/* The client cannot read event 8, so it must not accept event 9 as the one after event 7. */
START_TEST(no_event_is_skipped)
{
	const char *const replies[] = {
		PAGE("\"revision\":7") EVENT("8", "") EVENT("9", NAMED("b")),
		SUBSCRIBED("2") EVENT("8", NAMED("a")) EVENT("9", NAMED("b")),
	};
	struct gpal_client_event event;

	connect_to(replies, 2, 1);
	ck_assert_int_eq(gpal_client_subscribe(client, NULL, NULL, &error), 0);
	ck_assert_int_eq(gpal_client_next_event(client, &event, &error), GPAL_E_PROTOCOL);
	expect_event("a", 8);
	expect_event("b", 9);
}
END_TEST

START_TEST(a_refused_subscription_is_sent_again)
{
	static const char *const refusals[] = {
		"{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{\"code\":-32601,\"message\":\"no\","
		"\"data\":{\"reason\":\"method_not_found\"}}}\n",
		/* This refusal lacks the revision after which the subscription would continue. */
		"{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{\"code\":9,\"message\":\"gone\","
		"\"data\":{\"reason\":\"resync_required\"}}}\n",
	};
	const char *const replies[] = { PAGE("\"revision\":7") ENDING, refusals[_i],
					SUBSCRIBED("3") EVENT("8", NAMED("a")) };
	struct gpal_client_event event;

	connect_to(replies, 3, 1);
	ck_assert_int_eq(gpal_client_subscribe(client, NULL, NULL, &error), 0);
	ck_assert_int_eq(gpal_client_next_event(client, &event, &error),
			 _i == 0 ? GPAL_E_REFUSED : GPAL_E_PROTOCOL);
	ck_assert_msg(strncmp(gpal_client_line(client), refusals[_i], strlen(refusals[_i]) - 1) ==
			      0,
		      "%s", gpal_client_line(client));
	ck_assert_int_eq(gpal_client_refusal_data(client) != NULL, _i == 0);
	expect_event("a", 8);
	ck_assert_ptr_null(gpal_client_refusal_data(client));
}
END_TEST

/* A repeat, a gap, a step back, and a registry whose revision is below that of the last event. */
START_TEST(events_out_of_sequence_are_errors)
{
	static const char *const odd[] = { EVENT("8", NAMED("a")) EVENT("8", NAMED("a")),
					   EVENT("8", NAMED("a")) EVENT("10", NAMED("c")),
					   EVENT("8", NAMED("a")) EVENT("7", NAMED("c")),
					   EVENT("8", NAMED("a")) ENDING };
	char first[512];
	const char *const gap[] = { first, SUBSCRIBED("2") EVENT("9", NAMED("b")) };
	const char *const past[] = {
		first,
		"{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"revision\":7}}\n",
		SUBSCRIBED("3") EVENT("9", NAMED("b")),
	};
	struct gpal_client_event event;

	snprintf(first, sizeof(first), "%s%s", PAGE("\"revision\":7"), odd[_i]);
	connect_to(_i == 3 ? past : gap, _i == 3 ? 3 : 2, 1);
	ck_assert_int_eq(gpal_client_subscribe(client, NULL, NULL, &error), 0);
	expect_event("a", 8);
	ck_assert_int_eq(gpal_client_next_event(client, &event, &error), GPAL_E_PROTOCOL);
	ck_assert_str_eq(gpal_client_outage(client),
			 _i == 3 ? "ending" : "the connection was lost");
	expect_event("b", 9);
	ck_assert_ptr_null(gpal_client_outage(client));
}
END_TEST

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * The daemon accepts the connection and sends nothing. The client waits for a second, although its
 * time limit is shorter, and then tries another connection.
 */
START_TEST(a_daemon_that_does_not_answer_is_asked_again)
{
	const char *const replies[] = { PAGE("\"revision\":7") ENDING, "",
					SUBSCRIBED("3") EVENT("8", NAMED("a")) };
	const int64_t begin_ms = now_ms();
	struct gpal_client_event event;
	int code;

	connect_to(replies, 3, 1);
	ck_assert_int_eq(gpal_client_subscribe(client, NULL, NULL, &error), 0);
	gpal_client_set_timeout(client, 10);
	while ((code = gpal_client_next_event(client, &event, &error)) == GPAL_E_TIMED_OUT)
		;
	ck_assert_int_eq(code, 0);
	ck_assert_str_eq(event.name, "a");
	/* The second connection is made at once, and the client waits a second there. */
	ck_assert_int_ge(now_ms() - begin_ms, 990);
}
END_TEST

START_TEST(notifications_of_another_kind_are_passed_over)
{
	const char *const replies[] = {
		PAGE("\"revision\":7") "{\"jsonrpc\":\"2.0\",\"method\":\"moon.full\",\"params\":[]}\n" EVENT(
			"8", NAMED("a"))
	};

	connect_to(replies, 1, 1);
	ck_assert_int_eq(gpal_client_subscribe(client, NULL, NULL, &error), 0);
	expect_event("a", 8);
}
END_TEST

/* gpal_client_line() returns NULL after a call that received nothing. */
START_TEST(the_next_call_clears_the_line)
{
	const char *const replies[] = { PAGE("\"revision\":7") EVENT("8", NAMED("a")) };
	struct gpal_client_event event;

	connect_to(replies, 1, 1);
	ck_assert_int_eq(gpal_client_subscribe(client, NULL, NULL, &error), 0);
	expect_event("a", 8);
	ck_assert_ptr_nonnull(strstr(gpal_client_line(client), "layout.event"));
	if (_i == 0) {
		gpal_client_set_timeout(client, 0);
		ck_assert_int_eq(gpal_client_next_event(client, &event, &error), GPAL_E_TIMED_OUT);
	} else {
		ck_assert_int_eq(gpal_client_advance(client), GPAL_E_IN_PROGRESS);
	}
	ck_assert_ptr_null(gpal_client_line(client));
}
END_TEST

/*
 * If each subscription is cut, the client waits between attempts, so that neither side is kept
 * busy.
 */
START_TEST(the_client_waits_between_attempts_to_connect)
{
	const char *const replies[] = { PAGE("\"revision\":7"), SUBSCRIBED("2"), SUBSCRIBED("3"),
					SUBSCRIBED("4") EVENT("8", NAMED("a")) };
	const int64_t begin_ms = now_ms();

	connect_to(replies, 4, 0);
	ck_assert_int_eq(gpal_client_subscribe(client, NULL, NULL, &error), 0);
	expect_event("a", 8);
	/* The first attempt is made at once, and two more after a fifth of a second each. */
	ck_assert_int_ge(now_ms() - begin_ms, 390);
}
END_TEST

/* An event loop that takes one event per round must not wait for an event that is already here. */
START_TEST(an_event_that_has_come_is_not_waited_for)
{
	const char *const replies[] = {
		PAGE("\"revision\":7") EVENT("8", NAMED("a")) EVENT("9", NAMED("b")),
	};

	connect_to(replies, 1, 1);
	ck_assert_int_eq(gpal_client_subscribe(client, NULL, NULL, &error), 0);
	expect_event("a", 8);
	ck_assert_int_eq(gpal_client_timeout_ms(client), 0);
	ck_assert_int_eq(gpal_client_fd(client), -1);
	expect_event("b", 9);
	ck_assert_int_eq(gpal_client_timeout_ms(client), -1);
	ck_assert_int_ge(gpal_client_fd(client), 0);
}
END_TEST

/* poll() reports a socket that is not connected as ready at once, so the loop would spin. */
START_TEST(a_full_queue_is_waited_for_without_a_descriptor)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const char *result;
	int fds[8], count = 0;

	strcpy(address.sun_path, peer.control);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listener, 0), 0);
	ck_assert_int_eq(gpal_client_connect(peer.control, &client, &error), 0);
	gpal_client_set_blocking(client, false);
	close(accept(listener, NULL, NULL));
	do
		fds[count] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	while (connect(fds[count++], (struct sockaddr *)&address, sizeof(address)) == 0);
	ck_assert_int_eq(gpal_client_call(client, "policy.list", NULL, &result, &error),
			 GPAL_E_IN_PROGRESS);
	ck_assert_int_eq(gpal_client_fd(client), -1);
	ck_assert_int_eq(gpal_client_events(client), 0);
	ck_assert_int_gt(gpal_client_timeout_ms(client), 0);
	ck_assert_int_le(gpal_client_timeout_ms(client), 10);
	close(accept(listener, NULL, NULL));
	ck_assert_int_eq(gpal_client_advance(client), GPAL_E_IN_PROGRESS);
	ck_assert_int_ge(gpal_client_fd(client), 0);
	while (count > 0)
		close(fds[--count]);
	close(listener);
}
END_TEST

START_TEST(paths_without_a_daemon_have_different_errors)
{
	static const struct {
		const char *path;
		int system_error;
	} paths[] = {
		{ "/nowhere/gpalayoutd.sock", ENOENT },
		{ "/dev/null", ENOTSOCK },
		{ "/dev/null/x", ENOTDIR },
		{ "", ENAMETOOLONG },
	};
	char longer[200];

	for (int i = 0; i < COUNT_OF(paths); i++) {
		ck_assert_int_eq(gpal_client_connect(paths[i].path, &client, &error),
				 GPAL_E_NO_DAEMON);
		ck_assert_ptr_null(client);
		ck_assert_int_eq(error.system_error, paths[i].system_error);
	}
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	ck_assert_int_eq(gpal_client_connect(longer, &client, NULL), GPAL_E_NO_DAEMON);
	/* Without a path the client uses the one of the environment. */
	setenv("GPALAYOUT_SOCKET", "/nowhere/else.sock", 1);
	ck_assert_int_eq(gpal_client_connect(NULL, &client, &error), GPAL_E_NO_DAEMON);
	ck_assert_msg(strstr(error.message, "/nowhere/else.sock"), "%s", error.message);
}
END_TEST

START_TEST(a_peer_that_has_gone_raises_no_signal)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	static char params[4 << 20]; /* more than the socket holds */
	const char *result;

	strcpy(address.sun_path, peer.control);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(gpal_client_connect(peer.control, &client, &error), 0);
	gpal_client_set_blocking(client, false);
	memset(params, ' ', sizeof(params) - 1);
	memcpy(params, "{}", 2);
	ck_assert_int_eq(gpal_client_call(client, "policy.list", params, &result, &error),
			 GPAL_E_IN_PROGRESS);
	/* The library has to send the rest to a closed connection. */
	close(accept(listener, NULL, NULL));
	ck_assert_int_eq(gpal_client_call(client, "policy.list", params, &result, &error),
			 GPAL_E_CLOSED);
	close(listener);
	ck_assert_int_eq(gpal_client_call(client, "policy.list", NULL, &result, &error),
			 GPAL_E_NO_DAEMON);
	ck_assert_int_eq(error.system_error, ECONNREFUSED);
}
END_TEST

START_TEST(each_code_has_a_token)
{
	ck_assert_str_eq(gpal_client_code_token(GPAL_E_REFUSED), "refused");
	ck_assert_str_eq(gpal_client_code_token(GPAL_E_BUSY), "busy");
	ck_assert_str_eq(gpal_client_code_token(GPAL_E_EXHAUSTED), "exhausted");
	ck_assert_str_eq(gpal_client_code_token(GPAL_E_BUSY - 1), "internal");
	ck_assert_str_eq(gpal_client_code_token(INT_MAX), "internal");
	gpal_client_close(NULL);
	gpal_client_free(NULL);
}
END_TEST

static void add(Suite *suite, const TTest *test, int rows)
{
	TCase *tcase = tcase_create("peer");

	tcase_set_timeout(tcase, 0);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, test, 0, rows);
	suite_add_tcase(suite, tcase);
}

int main(void)
{
	Suite *suite = suite_create("peer");

	add(suite, an_architecture_that_is_not_known_hides_no_layout, 1);
	add(suite, members_that_are_not_known_are_ignored, 1);
	add(suite, an_invalid_reply_is_an_error, COUNT_OF(faults));
	add(suite, the_envelope_of_a_text_result_is_checked, 2);
	add(suite, a_refusal_of_a_reason_that_is_not_known_keeps_its_text, 1);
	add(suite, a_layout_of_a_newer_daemon_is_read, 1);
	add(suite, an_unknown_kind_of_event_is_returned, 1);
	add(suite, a_subscription_is_repeated_until_it_is_accepted, 1);
	add(suite, no_event_is_skipped, 1);
	add(suite, a_refused_subscription_is_sent_again, 2);
	add(suite, events_out_of_sequence_are_errors, 4);
	add(suite, a_daemon_that_does_not_answer_is_asked_again, 1);
	add(suite, notifications_of_another_kind_are_passed_over, 1);
	add(suite, the_next_call_clears_the_line, 2);
	add(suite, the_client_waits_between_attempts_to_connect, 1);
	add(suite, an_event_that_has_come_is_not_waited_for, 1);
	add(suite, a_full_queue_is_waited_for_without_a_descriptor, 1);
	add(suite, paths_without_a_daemon_have_different_errors, 1);
	add(suite, a_peer_that_has_gone_raises_no_signal, 1);
	add(suite, each_code_has_a_token, 1);
	return run_suite(suite);
}
