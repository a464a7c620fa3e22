/* SPDX-License-Identifier: MIT */
/*
 * What the daemon sends: checked to be JSON-RPC, and the reply to the request that
 * was sent where it has to be one, and taken apart.
 */
#ifndef GPALAYOUTCTL_REPLY_H
#define GPALAYOUTCTL_REPLY_H

#include "buffer.h"
#include "exit_code.h"

#include <cjson/cJSON.h>

struct ctl_reply {
	struct ctl_buffer line; /* as received, without its LF */
	cJSON *tree;
	const cJSON *result; /* in tree; NULL when it has none */
	const cJSON *error;  /* the same; has a code and a message */
};

#define ctl_cleanup_reply __attribute__((cleanup(ctl_reply_free)))

/*
 * Takes any JSON-RPC message in `line` apart; CTL_NO_DAEMON, after saying why, when
 * it is none.
 */
enum ctl_exit ctl_message_parse(struct ctl_reply *message);

/*
 * Takes `line` apart. CTL_OK for a result and for an error alike; CTL_NO_DAEMON,
 * after saying why, for anything that is not an answer to the request with `id`.
 */
enum ctl_exit ctl_reply_parse(struct ctl_reply *reply, const cJSON *id);

/* The exit status of a reply: CTL_OK for a result, and what its reason says for a refusal. */
enum ctl_exit ctl_reply_status(const struct ctl_reply *reply);

/* The same, after printing a refusal. */
enum ctl_exit ctl_reply_accept(const struct ctl_reply *reply);

/* The reason token of a refusal, "" without one. */
const char *ctl_reply_reason(const struct ctl_reply *reply);

/* The answer lacks what this program needs of it; says so and returns CTL_NO_DAEMON. */
enum ctl_exit ctl_reply_not_understood(const char *what);

void ctl_reply_free(struct ctl_reply *reply);

#endif
