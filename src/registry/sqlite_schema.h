/* SPDX-License-Identifier: MIT */
/*
 * The schema of registry.db. A changed schema gets a new version, and steps that upgrade a database
 * from the version before; a database of a newer version is refused.
 *
 * `request` and `layout` have the form of codec.h, `event` that of gpald_event_text_print().
 * `checksum` covers the rest of its row; see gpald_stored_record_checksum(), gpald_event_checksum()
 * and gpald_store_state_checksum().
 */
#ifndef GPALD_REGISTRY_SQLITE_SCHEMA_H
#define GPALD_REGISTRY_SQLITE_SCHEMA_H

#define GPALD_SQLITE_APPLICATION_ID 0x67706c79 /* "gply" */
#define GPALD_SQLITE_SCHEMA_VERSION 2

#define GPALD_SQLITE_SCHEMA                                                             \
	"CREATE TABLE layouts ("                                                        \
	" name TEXT PRIMARY KEY NOT NULL, generation INTEGER NOT NULL,"                 \
	" owner_uid INTEGER NOT NULL, created_at_ms INTEGER NOT NULL,"                  \
	" updated_at_ms INTEGER NOT NULL, digest TEXT NOT NULL, request BLOB NOT NULL," \
	" layout BLOB NOT NULL, checksum BLOB NOT NULL) STRICT;"                        \
	"CREATE TABLE events ("                                                         \
	" revision INTEGER PRIMARY KEY, event TEXT NOT NULL, name TEXT NOT NULL,"       \
	" digest TEXT NOT NULL, checksum BLOB NOT NULL, generation INTEGER,"            \
	" at_ms INTEGER, uid INTEGER) STRICT;"                                          \
	"CREATE TABLE state ("                                                          \
	" id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL,"            \
	" generation_top INTEGER NOT NULL, checksum BLOB NOT NULL) STRICT"

/*
 * Upgrades from version 1, whose events lack the generation, the time and the user of the change:
 * these become NULL. The upgrade writes one page to the WAL, whose space is reserved.
 */
#define GPALD_SQLITE_UPGRADE_FROM_1                         \
	"BEGIN IMMEDIATE;"                                  \
	"ALTER TABLE events ADD COLUMN generation INTEGER;" \
	"ALTER TABLE events ADD COLUMN at_ms INTEGER;"      \
	"ALTER TABLE events ADD COLUMN uid INTEGER;"        \
	"PRAGMA user_version = 2; COMMIT"

#endif
