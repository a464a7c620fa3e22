/* SPDX-License-Identifier: MIT */
/* The open descriptors are counted once, when the daemon has opened everything but connections. */
#include "config.h"

#include "server/descriptors.h"

#include "server/log.h"

#include <assert.h>
#include <fcntl.h>
#include <sys/resource.h>

#define DESCRIPTORS_MIN 48 /* for the daemon itself, the spare ones, and some connections */
#define DESCRIPTORS_SPARE \
	14 /* opened for a moment: by SQLite, to bind a socket again, to turn a client away */

bool gpald_descriptors_raise_limit(void)
{
	struct rlimit descriptors;

	if (getrlimit(RLIMIT_NOFILE, &descriptors))
		return true;
	descriptors.rlim_cur = descriptors.rlim_max;
	setrlimit(RLIMIT_NOFILE, &descriptors);
	getrlimit(RLIMIT_NOFILE, &descriptors);
	if (descriptors.rlim_cur >= DESCRIPTORS_MIN)
		return true;
	gpald_log(GPALD_LOG_ERROR, "few_descriptors",
		  "limit=%llu least=%d hint=\"raise the limit on open files: ulimit -Hn %d, or "
		  "LimitNOFILE=%d in the systemd unit\"",
		  (unsigned long long)descriptors.rlim_cur, DESCRIPTORS_MIN, DESCRIPTORS_MIN,
		  DESCRIPTORS_MIN);
	return false;
}

/*
 * Counts the open descriptors. They have the lowest numbers, because the inherited ones were closed
 * at the start.
 */
static unsigned int count_open_descriptors(void)
{
	unsigned int count = 0;

	for (int fd = 0; fd < DESCRIPTORS_MIN; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* Returns the limit on connections of all sockets. Control and ttrpc sockets share one. */
static uint64_t connections_wanted(const struct gpald_limits *limits, bool has_inspect_socket)
{
	return limits->values[GPALD_LIMIT_CONNECTIONS] +
	       (has_inspect_socket ? limits->values[GPALD_LIMIT_INSPECT_CONNECTIONS] : 0);
}

uint64_t gpald_descriptors_max(const struct gpald_limits *limits, bool has_inspect_socket)
{
	return connections_wanted(limits, has_inspect_socket) + DESCRIPTORS_MIN + DESCRIPTORS_SPARE;
}

/* Returns the share of a socket in the remaining descriptors; at least 1. */
static uint64_t connection_share(uint64_t connections, uint64_t left, uint64_t wanted)
{
	const uint64_t share = connections * left / wanted;

	return share > 0 ? share : 1;
}

void gpald_descriptors_lower_limits(struct gpald_limits *limits, bool has_inspect_socket)
{
	uint64_t *control = &limits->values[GPALD_LIMIT_CONNECTIONS];
	uint64_t *inspect = &limits->values[GPALD_LIMIT_INSPECT_CONNECTIONS];
	uint64_t *of_root = &limits->values[GPALD_LIMIT_CONNECTIONS_FOR_ROOT];
	const uint64_t wanted = connections_wanted(limits, has_inspect_socket);
	const uint64_t besides = count_open_descriptors() + DESCRIPTORS_SPARE;
	const uint64_t needed = besides + wanted;
	struct rlimit descriptors;

	if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0 && descriptors.rlim_cur < needed) {
		assert(descriptors.rlim_cur > besides + 1);
		*control = connection_share(*control, descriptors.rlim_cur - besides, wanted);
		*inspect = connection_share(*inspect, descriptors.rlim_cur - besides, wanted);
		gpald_log(GPALD_LOG_WARNING, "few_descriptors",
			  "limit=%llu connections=%llu inspect_connections=%llu wanted=%llu "
			  "what=\"the limit on open files lowers the limits on connections\" "
			  "hint=\"raise it: ulimit -Hn %llu, or LimitNOFILE=%llu in the systemd "
			  "unit\"",
			  (unsigned long long)descriptors.rlim_cur, (unsigned long long)*control,
			  (unsigned long long)*inspect, (unsigned long long)wanted,
			  (unsigned long long)needed, (unsigned long long)needed);
	}
	/* At least half of the connections are for everyone. */
	if (*of_root > *control / 2)
		*of_root = *control / 2;
}
