/* SPDX-License-Identifier: MIT */
/*
 * Backups: the live layouts as they were at one revision, in a file.
 *
 * A backup is taken in pages while layouts change. Each page has the records of the names
 * that follow, and those of the names before that have changed since the last page; so what
 * has come is always as it was at the revision of the last page, up to the name that this one
 * ends with. The file is the data of the pages, one after another, and the SHA-256 of all of
 * it, which is how one that was cut short is found out.
 *
 * The data are a line that says what this is, and entries in the form of transfer.h: a record,
 * a name that is gone again, or the end. An entry stands in place of those before it of the
 * same name.
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

/* A name, and what there is of it. */
struct gpald_backup_item {
	char name[GPALD_NAME_SIZE];
	const struct gpald_record *record; /* referenced; NULL: there is none any more */
};

struct gpald_backup_page {
	bool is_first;
	struct gpald_backup_item *items; /* allocated with malloc() */
	size_t count;
	bool is_last;
	char next[GPALD_NAME_SIZE]; /* the backup has all names up to it, unless it is the last */
	struct gpald_store_state state; /* of the registry at that moment */
	uint64_t layouts;               /* live then */
};

void gpald_backup_page_clear(struct gpald_backup_page *page);

/* The data of a page, in a new blob, given to the caller. False: out of memory. */
GPAL_MUST_USE bool gpald_backup_encode(const struct gpald_backup_page *page,
				       struct gpald_blob *data);

/* Reading a file. Text of errors names it. */
struct gpald_backup {
	const char *path; /* borrowed */
	const uint8_t *bytes;
	size_t length; /* of the entries */
	size_t mapped;
	size_t at; /* how far they were read */
	struct gpald_arena *arena;
};

/* Opens a backup and checks that it is whole. False with `error` set. */
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
	struct gpald_record *record;    /* of GPALD_BACKUP_RECORD; given to the caller */
	const char *name;               /* of GPALD_BACKUP_GONE; good until the next is read */
	struct gpald_store_state state; /* of GPALD_BACKUP_END, after which nothing comes */
	uint64_t layouts;               /* the same: how many layouts the backup has */
};

/* Reads the next entry, and checks it. False with `error` set. */
GPAL_MUST_USE bool gpald_backup_next(struct gpald_backup *backup, struct gpald_backup_entry *entry,
				     char error[GPALD_STORE_ERROR_SIZE]);

/* The first entry is the next again. */
void gpald_backup_rewind(struct gpald_backup *backup);

void gpald_backup_close(struct gpald_backup *backup);

#endif
