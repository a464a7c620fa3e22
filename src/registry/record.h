/* SPDX-License-Identifier: MIT */
/*
 * A live layout in its stored form: who made it and when, the request and the layout. A shared
 * record never changes; an update replaces it with a new one, so that readers of the old one can go
 * on. It is one allocation, because there may be 100000 records.
 */
#ifndef GPALD_REGISTRY_RECORD_H
#define GPALD_REGISTRY_RECORD_H

#include "core/request_limits.h"
#include "registry/checksum.h"
#include "registry/codec.h"

#include <bsd/sys/tree.h>
#include <gpalayout/export.h>
#include <gpalayout/layout.h>
#include <stdint.h>
#include <sys/types.h>

#define GPALD_NAME_SIZE (GPALD_NAME_MAX + 1)           /* with its NUL */
#define GPALD_GENERATION_MAX ((UINT64_C(1) << 53) - 1) /* JSON integers are exact up to here */

/* The generation, the owner and the times of a record. */
struct gpald_record_facts {
	uint64_t generation; /* from 1; a name that is used again never gets an earlier one */
	uid_t owner_uid;
	int64_t created_at_ms; /* since 1970-01-01 UTC */
	int64_t updated_at_ms;
};

struct gpald_record {
	RB_ENTRY(gpald_record) entry; /* of the registry's index */
	char name[GPALD_NAME_SIZE];   /* next to `entry`, because the index reads both */
	unsigned int references;      /* changed on any thread */
	struct gpald_record_facts facts;

	/* In the form of codec.h; part of this allocation. */
	struct gpald_blob request;
	struct gpald_blob layout;

	/* From the layout, so that lists need not decode it. */
	char digest[GPAL_DIGEST_SIZE];
	enum gpal_arch arch;
	const struct gpal_policy *policy;
	uint64_t ram_size;
	uint64_t top;
};

/* Returns the size, in bytes, of the stored forms of the request and the layout together. */
static inline size_t gpald_record_bytes(const struct gpald_record *record)
{
	return record->request.length + record->layout.length;
}

/*
 * Makes a record, which the caller owns, from copies of the arguments. The name must fit, and
 * `decoded` must be the decoded layout. Returns NULL if memory ran out.
 */
GPAL_MUST_USE struct gpald_record *gpald_record_new(const char *name,
						    const struct gpald_record_facts *facts,
						    const struct gpald_blob *request,
						    const struct gpald_blob *layout,
						    const struct gpal_layout *decoded);

/*
 * Records are shared by reference counting; the index has a reference, too. A new record has one
 * reference, and releasing the last one frees it. NULL is allowed. May be called on any thread.
 */
const struct gpald_record *gpald_record_ref(const struct gpald_record *record);
void gpald_record_unref(const struct gpald_record *record);

static inline void gpald_record_unrefp(const struct gpald_record **record)
{
	gpald_record_unref(*record);
}

#define gpald_cleanup_record __attribute__((cleanup(gpald_record_unrefp)))

/* A record as a store keeps it. All pointers are borrowed. */
struct gpald_stored_record {
	const char *name;
	struct gpald_record_facts facts;
	const char *digest;
	struct gpald_blob request;
	struct gpald_blob layout;
};

struct gpald_stored_record gpald_record_as_stored(const struct gpald_record *record);

/* Computes the checksum over all stored members, so that it finds every flipped bit. */
void gpald_stored_record_checksum(const struct gpald_stored_record *stored,
				  uint8_t sum[GPALD_CHECKSUM_SIZE]);

/*
 * The reasons why a stored record cannot be used. If its checksum is right but something else is
 * wrong, another program or a newer version wrote it.
 */
enum gpald_record_problem {
	GPALD_RECORD_FINE,
	GPALD_RECORD_NO_MEMORY,
	GPALD_RECORD_CHECKSUM,       /* its bytes have changed */
	GPALD_RECORD_UNREADABLE,     /* its name, generation, request or layout is not valid */
	GPALD_RECORD_LAYOUT,         /* its layout is not consistent */
	GPALD_RECORD_DIGEST,         /* its digest is not that of its layout */
	GPALD_RECORD_UNKNOWN_POLICY, /* this version does not know its policy */
	GPALD_RECORD_NEWER,          /* its form is newer than this version knows */
	GPALD_RECORD_PROBLEM_COUNT
};

/* Returns a text for the operator; static. */
const char *gpald_record_problem_text(enum gpald_record_problem problem);

/*
 * Checks the checksum, the form, the layout and the digest of a stored record, and makes a record
 * from it, which the caller owns. Returns NULL with *problem set.
 */
GPAL_MUST_USE struct gpald_record *gpald_record_load(const struct gpald_stored_record *stored,
						     const struct gpald_blob *checksum,
						     enum gpald_record_problem *problem);

#endif
