/* SPDX-License-Identifier: MIT */
/*
 * Makes many calls with one object of libgpalayout-client, for tests/front-ends/test_robust.py.
 *
 * usage: session PATH TIMEOUT_MS blocking|loop
 *
 * The program connects within TIMEOUT_MS, and then makes the call of each line of standard input: a
 * time limit in milliseconds, a method and its params. It writes a line for the connection and one
 * for each call: "ok" and the result, or the token of the error, its reason or "-", and its
 * message. With "loop" the library waits only for the connection; during calls this program waits.
 */
#include <gpalayout/client.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void wait_for(const struct gpal_client *client)
{
	struct pollfd ready = { gpal_client_fd(client), gpal_client_events(client), 0 };

	poll(&ready, 1, gpal_client_timeout_ms(client));
}

static void print_error(const struct gpal_client_error *error)
{
	printf("%s %s %s\n", gpal_client_code_token(error->code),
	       *error->reason ? error->reason : "-", error->message);
}

static void call(struct gpal_client *client, const char *method, const char *params)
{
	struct gpal_client_error error;
	const char *result;
	int code;

	while ((code = gpal_client_call(client, method, params, &result, &error)) ==
	       GPAL_E_IN_PROGRESS)
		wait_for(client);
	if (code)
		print_error(&error);
	else
		printf("ok %s\n", result);
	gpal_client_free(result);
}

int main(int argc, char **argv)
{
	struct gpal_client *client;
	struct gpal_client_error error;
	char *line = NULL;
	size_t size = 0;

	if (argc != 4)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (gpal_client_connect_within(argv[1], strtoll(argv[2], NULL, 10), &client, &error)) {
		print_error(&error);
		return 1;
	}
	puts("ok");
	gpal_client_set_blocking(client, strcmp(argv[3], "loop") != 0);
	while (getline(&line, &size, stdin) > 0) {
		char *rest = line;
		const char *timeout_ms = strsep(&rest, " "), *method = strsep(&rest, " ");

		gpal_client_set_timeout(client, strtoll(timeout_ms, NULL, 10));
		call(client, method, rest);
	}
	free(line);
	gpal_client_close(client);
	return 0;
}
