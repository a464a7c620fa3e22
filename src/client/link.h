/* SPDX-License-Identifier: MIT */
/*
 * The connection to the daemon: it sends and receives lines and never waits. Functions return
 * 0 or a code of <gpalayout/client.h>. After a code other than GPAL_E_IN_PROGRESS the link must be
 * closed before it sends another line. Until then, calling the function again is allowed.
 */
#ifndef GPALD_CLIENT_LINK_H
#define GPALD_CLIENT_LINK_H

#include "wire/json_write.h"

#include <gpalayout/client.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/un.h>

/*
 * Time between attempts to connect while the listen queue is full: poll() does not report when it
 * has room again.
 */
#define GPALD_LINK_RETRY_MS 10

struct gpald_link {
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int fd;                     /* -1: none */
	bool is_connected;          /* false although fd >= 0: the listen queue is full */
	bool is_send_closed;        /* the peer no longer reads, but may have sent something */
	struct gpald_writer output; /* the line to send; it stays until the next one */
	size_t sent;                /* bytes of the output that are sent */
	struct gpald_writer input;  /* received bytes; the first `taken` ones are used up */
	size_t taken;
	size_t searched; /* bytes after the taken ones without LF; if has_line: the line's length */
	bool has_line;   /* the bytes searched are a whole line */
	int error;       /* errno, for GPAL_E_NO_DAEMON */
};

/* Initialises a link. Returns false if the path is empty or too long for a socket. */
GPAL_MUST_USE bool gpald_link_init(struct gpald_link *link, const char *path);

/* Connects. If it returns GPAL_E_IN_PROGRESS, call it again after GPALD_LINK_RETRY_MS. */
GPAL_MUST_USE int gpald_link_open(struct gpald_link *link);

/* Returns the writer for the next line to send. The last line must have been sent. */
struct gpald_writer *gpald_link_begin_line(struct gpald_link *link);

/* Sends and receives without waiting. Whatever it returns, received lines can be taken. */
GPAL_MUST_USE int gpald_link_step(struct gpald_link *link);

/* Takes a line, which ends in NUL and is valid until the next step. Returns false if none came. */
bool gpald_link_take_line(struct gpald_link *link, const char **line, size_t *length);

/*
 * Returns true if a new request can be sent: the last line was sent, all received lines were taken,
 * and nothing more has come, not even the end of the connection.
 */
bool gpald_link_is_idle(struct gpald_link *link);

/* Returns the events to wait for with poll(). */
short gpald_link_events(const struct gpald_link *link);

/* Closes the connection and drops unsent and received bytes. The line taken last stays valid. */
void gpald_link_close(struct gpald_link *link);

/* Frees the memory of a closed link. */
void gpald_link_free(struct gpald_link *link);

#endif
