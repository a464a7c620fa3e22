/* SPDX-License-Identifier: MIT */
/*
 * The connection to the daemon: lines out and lines in, without waiting. Functions return
 * 0 or a code of <gpalayout/client.h>; after any but GPAL_E_IN_PROGRESS a link is only good
 * for gpald_link_close(), after which it can be opened again.
 */
#ifndef GPALD_CLIENT_LINK_H
#define GPALD_CLIENT_LINK_H

#include "wire/json_write.h"

#include <gpalayout/client.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/un.h>

/* How often a full listen queue is tried again; the kernel gives no event for it. */
#define GPALD_LINK_RETRY_MS 10

struct gpald_link {
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int fd;                     /* -1: there is none */
	bool is_connected;          /* false with a descriptor: the listen queue is full */
	bool is_deaf;               /* the peer takes nothing more, but may have something to say */
	struct gpald_writer output; /* the line to be sent, which stays until the next one */
	size_t sent;                /* bytes of it */
	struct gpald_writer input;  /* received; the first `taken` bytes are done with */
	size_t taken;
	size_t searched; /* bytes behind those taken, without their LF where there is a line */
	bool has_line;   /* those are a whole line */
	int error;       /* errno, of GPAL_E_NO_DAEMON */
};

/* False: no socket can have such a path. */
GPAL_MUST_USE bool gpald_link_init(struct gpald_link *link, const char *path);

/* Connects; GPAL_E_IN_PROGRESS: to be called again after GPALD_LINK_RETRY_MS. */
GPAL_MUST_USE int gpald_link_open(struct gpald_link *link);

/* Where the next line to be sent is written; the last one has been. */
struct gpald_writer *gpald_link_begin_line(struct gpald_link *link);

/* Sends and receives what can be. Lines that have come can be taken whatever it returns. */
GPAL_MUST_USE int gpald_link_step(struct gpald_link *link);

/* Takes a line out of the input, a NUL for its LF, until the next step; false: there is none. */
bool gpald_link_take_line(struct gpald_link *link, const char **line, size_t *length);

/*
 * Whether a new request can go out: all that was to be sent has been, and nothing has come
 * since, also not the end of the connection.
 */
bool gpald_link_is_idle(struct gpald_link *link);

/* What to wait for, as poll() has it. */
short gpald_link_events(const struct gpald_link *link);

/* Forgets what was to be sent and what was received, too; the line taken last stays readable. */
void gpald_link_close(struct gpald_link *link);

/* Frees what a closed link holds. */
void gpald_link_free(struct gpald_link *link);

#endif
