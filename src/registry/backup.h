/* SPDX-License-Identifier: MIT */
/*
 * Backups: the live layouts at one revision, in a file.
 *
 * A client takes a backup in pages while layouts change. Each page has the records of the next
 * names, and those of earlier names that have changed since the previous page. So all pages
 * together have the layouts as they were at the revision of the last page. The file has the data of
 * the pages, one after another, and then the SHA-256 of these data, which shows whether the file is
 * complete.
 *
 * The data are a heading and entries in the form of transfer.h: a record, a name that no longer
 * exists, or the end. An entry replaces earlier ones of the same name.
 */
#ifndef GPALD_REGISTRY_BACKUP_H
#define GPALD_REGISTRY_BACKUP_H

#include "registry/codec.h"
#include "registry/record.h"
#include "registry/store.h"

#include <gpalayout/export.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A name and its record. */
struct gpald_backup_item {
	char name[GPALD_NAME_SIZE];
	const struct gpald_record *record; /* referenced; NULL: the layout was deleted */
};

struct gpald_backup_page {
	bool is_first;
	struct gpald_backup_item *items; /* allocated with malloc() */
	size_t count;
	bool is_last;
	char next[GPALD_NAME_SIZE]; /* the pages so far cover the names up to this one */
	/* `revision` is that of the pages so far, `generation_top` that of the registry. */
	struct gpald_store_state state;
	uint64_t layouts; /* live layouts when the page was taken */
};

void gpald_backup_page_clear(struct gpald_backup_page *page);

/*
 * Writes the data of a page into a new blob, which the caller owns. Returns false if memory ran
 * out.
 */
GPAL_MUST_USE bool gpald_backup_encode(const struct gpald_backup_page *page,
				       struct gpald_blob *data);

/* A backup file that is being read. Error texts begin with its path. */
struct gpald_backup {
	const char *path; /* borrowed */
	const uint8_t *bytes;
	size_t length; /* of the file without the SHA-256 at its end */
	size_t mapped; /* size of the file */
	size_t at;     /* offset of the next entry */
	struct gpald_arena *arena;
};

/* Opens a backup and checks that it is complete. Returns false with `error` set. */
GPAL_MUST_USE bool gpald_backup_open(struct gpald_backup *backup, const char *path,
				     char error[GPALD_STORE_ERROR_SIZE]);

enum gpald_backup_kind {
	GPALD_BACKUP_RECORD,
	GPALD_BACKUP_GONE,
	GPALD_BACKUP_END,
	GPALD_BACKUP_KIND_COUNT
};

struct gpald_backup_entry {
	enum gpald_backup_kind kind;
	struct gpald_record *record; /* of GPALD_BACKUP_RECORD; the caller owns it */
	const char *name; /* of a record or GPALD_BACKUP_GONE; valid until the next call */
	struct gpald_store_state state; /* of GPALD_BACKUP_END, the last entry */
	uint64_t layouts; /* of GPALD_BACKUP_END: the number of layouts in the backup */
};

/* Reads and checks the next entry. Returns false with `error` set. */
GPAL_MUST_USE bool gpald_backup_next(struct gpald_backup *backup, struct gpald_backup_entry *entry,
				     char error[GPALD_STORE_ERROR_SIZE]);

/* Goes back to the first entry. */
void gpald_backup_rewind(struct gpald_backup *backup);

void gpald_backup_close(struct gpald_backup *backup);

#endif
