/* SPDX-License-Identifier: MIT */
/*
 * Questions to the daemon and their answers, over one connection for all those of
 * a command.
 */
#ifndef GPALAYOUTCTL_EXCHANGE_H
#define GPALAYOUTCTL_EXCHANGE_H

#include "client.h"
#include "options.h"
#include "reply.h"

/* Starts as CTL_EXCHANGE(invocation). */
struct ctl_exchange {
	struct ctl_client client;
	int asked; /* the questions so far, by which they are numbered */
	bool json; /* answers go out as they come */
};

#define CTL_EXCHANGE(of) \
	((struct ctl_exchange){ .client = CTL_CLIENT(&(of)->endpoint), .json = (of)->json })
#define ctl_cleanup_exchange __attribute__((cleanup(ctl_exchange_end)))

/* Appends the readable form of a result to `out`. */
typedef enum ctl_exit ctl_show(struct ctl_buffer *out, const struct ctl_reply *reply);

/* Appends the line of a request. `params` is JSON text; NULL: none. */
void ctl_request_append(struct ctl_buffer *line, const cJSON *id, const char *method,
			const char *params);

/*
 * Asks and takes the answer, which may be a refusal; with --json, prints it as it
 * came. `name` is the id of the request, so that of several such lines each says
 * what it is about; NULL: a number. Otherwise says why there is no answer.
 */
enum ctl_exit ctl_ask(struct ctl_exchange *exchange, const char *name, const char *method,
		      const char *params, struct ctl_reply *reply);

/* Asks once more and, without --json, prints what `show` makes of the result. */
enum ctl_exit ctl_ask_and_show(struct ctl_exchange *exchange, const char *name, const char *method,
			       const char *params, ctl_show *show);

/* The same for a command that is one question. */
enum ctl_exit ctl_perform(const struct ctl_invocation *invocation, const char *method,
			  const char *params, ctl_show *show);

/* Prints a line of the daemon's for --json. */
enum ctl_exit ctl_write_line(const struct ctl_buffer *line);

void ctl_exchange_end(struct ctl_exchange *exchange);

#endif
