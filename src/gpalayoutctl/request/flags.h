/* SPDX-License-Identifier: MIT */
/*
 * The request of a layout, built from flags in the manner of OpenVMM's command
 * line.
 */
#ifndef GPALAYOUTCTL_REQUEST_FLAGS_H
#define GPALAYOUTCTL_REQUEST_FLAGS_H

#include "gpalayoutctl/invocation.h"
#include "wire/json_write.h"

/* Flags of every command that takes a request. */
extern const struct ctl_flag ctl_request_flags[];

/*
 * Appends the request as JSON text. Sizes stay as they were typed: the daemon judges
 * them. CTL_USAGE after saying which flag is wrong.
 */
enum ctl_exit ctl_request_build(const struct ctl_invocation *invocation, struct ctl_buffer *text);

/* How many of the given flags are part of a request. */
size_t ctl_request_flag_count(const struct ctl_invocation *invocation);

/*
 * Appends the flag that says what the pointer into the request leads to, with its value if it
 * was given: "--memory 1.5G". False: there is none.
 */
bool ctl_request_flag_at(const struct ctl_invocation *invocation, const char *pointer,
			 struct ctl_buffer *out);

/* A request that is being written; the target of these flags. */
struct ctl_request {
	const struct ctl_invocation *invocation;
	struct gpald_writer writer;
	const char *group; /* the object of the request that is open; NULL: none */
};

/* root_complex.c: NAME[,KEY=VALUE...] */
enum ctl_exit ctl_write_root_complex(void *target, const struct ctl_flag *flag, const char *value);

/* The flag that gives the root complex of that name an IOMMU; NULL: there is none. */
const struct ctl_given *ctl_find_iommu(const struct ctl_invocation *invocation, const char *name,
				       size_t length);

/*
 * Takes the next item off *rest, which starts as the whole text and is cut apart at commas:
 * the key, and the value behind its equals sign; NULL: it has none. False: there are no more.
 */
bool ctl_next_item(char **rest, char **key, char **value);

#endif
