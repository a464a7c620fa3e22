/* SPDX-License-Identifier: MIT */
/*
 * A live layout as it is kept: who made it and when, the request and the layout.
 * A record never changes; an update replaces it by another, and who
 * looks at the old one may go on. It is one allocation,
 * because there may be a hundred thousand of them.
 */
#ifndef GPALD_REGISTRY_RECORD_H
#define GPALD_REGISTRY_RECORD_H

#include "core/domains.h"
#include "registry/checksum.h"
#include "registry/codec.h"

#include <bsd/sys/tree.h>
#include <gpalayout/export.h>
#include <gpalayout/layout.h>
#include <stdint.h>
#include <sys/types.h>

#define GPALD_NAME_SIZE (GPALD_NAME_MAX + 1)           /* with its NUL */
#define GPALD_GENERATION_MAX ((UINT64_C(1) << 53) - 1) /* what clients can read back */

/* What a record says besides its request and its layout. */
struct gpald_record_facts {
	uint64_t generation; /* from 1; a name used again never has one it had before */
	uid_t owner_uid;
	int64_t created_at_ms; /* since 1970-01-01 UTC */
	int64_t updated_at_ms;
};

struct gpald_record {
	RB_ENTRY(gpald_record) entry; /* of the registry's index */
	char name[GPALD_NAME_SIZE];   /* beside it, because the index looks at both */
	unsigned int references;      /* counted from any thread */
	struct gpald_record_facts facts;

	/* Bytes of the record itself, for codec.h. */
	struct gpald_blob request;
	struct gpald_blob layout;

	/* From the layout, so that lists need not decode it. */
	char digest[GPAL_DIGEST_SIZE];
	enum gpal_arch arch;
	const struct gpal_policy *policy;
	uint64_t ram_size;
	uint64_t top;
};

/* Bytes of what is stored of it at a client's word. */
static inline size_t gpald_record_bytes(const struct gpald_record *record)
{
	return record->request.length + record->layout.length;
}

/*
 * A new record, given to the caller, with copies of all it is given; the name fits,
 * and `decoded` is what the layout's bytes stand for. NULL: out of memory.
 */
GPAL_MUST_USE struct gpald_record *gpald_record_new(const char *name,
						    const struct gpald_record_facts *facts,
						    const struct gpald_blob *request,
						    const struct gpald_blob *layout,
						    const struct gpal_layout *decoded);

/*
 * Records are shared: each of those who keep one has a reference, the index too. A
 * new record comes with one; the last one that goes frees it. NULL is allowed, and so
 * is any thread.
 */
const struct gpald_record *gpald_record_ref(const struct gpald_record *record);
void gpald_record_unref(const struct gpald_record *record);

static inline void gpald_record_unrefp(const struct gpald_record **record)
{
	gpald_record_unref(*record);
}

#define gpald_cleanup_record __attribute__((cleanup(gpald_record_unrefp)))

/* A record as a store has it. Borrowed. */
struct gpald_stored_record {
	const char *name;
	struct gpald_record_facts facts;
	const char *digest;
	struct gpald_blob request;
	struct gpald_blob layout;
};

struct gpald_stored_record gpald_record_to_store(const struct gpald_record *record);

/* Over everything that is stored, so that a flipped bit is found. */
void gpald_stored_checksum(const struct gpald_stored_record *stored,
			   uint8_t sum[GPALD_CHECKSUM_SIZE]);

/* Why a stored record cannot be used. */
enum gpald_record_problem {
	GPALD_RECORD_FINE,
	GPALD_RECORD_NO_MEMORY,
	GPALD_RECORD_CHECKSUM,       /* it is not what was stored */
	GPALD_RECORD_UNREADABLE,     /* it was stored by something else than this program */
	GPALD_RECORD_LAYOUT,         /* the same */
	GPALD_RECORD_DIGEST,         /* the same */
	GPALD_RECORD_UNKNOWN_POLICY, /* it was stored by a newer version */
	GPALD_RECORD_NEWER,          /* the same */
	GPALD_RECORD_PROBLEM_COUNT
};

/* For the operator; static. */
const char *gpald_record_problem_text(enum gpald_record_problem problem);

/*
 * Makes a record of what was stored, given to the caller, after its checksum, its
 * form, its layout and its digest were found right. NULL with *problem set.
 */
GPAL_MUST_USE struct gpald_record *gpald_record_load(const struct gpald_stored_record *stored,
						     const struct gpald_blob *checksum,
						     enum gpald_record_problem *problem);

#endif
