/* SPDX-License-Identifier: MIT */
/*
 * The daemon's answer: checked to be the JSON-RPC reply to the request that was
 * sent, and taken apart.
 */
#ifndef GPALAYOUTCTL_REPLY_H
#define GPALAYOUTCTL_REPLY_H

#include "buffer.h"
#include "exit_code.h"

#include <cjson/cJSON.h>

/* The id of the only request a connection carries. */
#define CTL_REQUEST_ID 1

struct ctl_reply {
	struct ctl_buffer line; /* as received, without its LF */
	cJSON *tree;
	const cJSON *result; /* in tree; NULL in a refusal */
	const cJSON *error;  /* in tree; NULL in a result */
};

#define ctl_cleanup_reply __attribute__((cleanup(ctl_reply_free)))

/*
 * Takes `line` apart. CTL_OK for a result and for an error alike; CTL_NO_DAEMON,
 * after saying why, for anything that is not an answer to the request.
 */
enum ctl_exit ctl_reply_parse(struct ctl_reply *reply);

/* The answer lacks what this program needs of it; says so and returns CTL_NO_DAEMON. */
enum ctl_exit ctl_reply_not_understood(const char *what);

void ctl_reply_free(struct ctl_reply *reply);

#endif
