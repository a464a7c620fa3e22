/* SPDX-License-Identifier: MIT */
/*
 * Writes and reads backups. One description of an entry serves both directions. index.c chooses
 * what a page has; sqlite_restore.c fills a database from a backup.
 */
#include "config.h"

#include "registry/backup.h"

#include "registry/checksum.h"
#include "registry/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* A new format of backups must have another heading. */
#define HEADING "gpalayoutd-backup-1\n"
#define HEADING_LENGTH (sizeof(HEADING) - 1)

/* An entry of the file. `kind` decides which other members the file has. */
struct file_entry {
	enum gpald_backup_kind kind;
	struct gpald_stored_record stored; /* GPALD_BACKUP_GONE has only the name */
	struct gpald_blob checksum;
	struct gpald_store_state state;
	uint64_t layouts;
};

static void transfer_time(struct gpald_transfer *t, int64_t *ms)
{
	uint64_t bits = (uint64_t)*ms;

	gpald_transfer_u64(t, &bits);
	*ms = (int64_t)bits;
}

static void transfer_record(struct gpald_transfer *t, struct file_entry *entry)
{
	struct gpald_stored_record *stored = &entry->stored;

	gpald_transfer_u64(t, &stored->facts.generation);
	gpald_transfer_u32(t, &stored->facts.owner_uid);
	transfer_time(t, &stored->facts.created_at_ms);
	transfer_time(t, &stored->facts.updated_at_ms);
	gpald_transfer_text(t, &stored->digest);
	gpald_transfer_bytes(t, &stored->request);
	gpald_transfer_bytes(t, &stored->layout);
	gpald_transfer_bytes(t, &entry->checksum);
}

static void transfer_entry(struct gpald_transfer *t, struct file_entry *entry)
{
	gpald_transfer_enumeration(t, &entry->kind, GPALD_BACKUP_KIND_COUNT);
	switch (entry->kind) {
	case GPALD_BACKUP_RECORD:
		gpald_transfer_plain_name(t, &entry->stored.name, GPALD_NAME_MAX);
		transfer_record(t, entry);
		break;
	case GPALD_BACKUP_GONE:
		gpald_transfer_plain_name(t, &entry->stored.name, GPALD_NAME_MAX);
		break;
	case GPALD_BACKUP_END:
	case GPALD_BACKUP_KIND_COUNT:
		gpald_transfer_u64(t, &entry->state.revision);
		gpald_transfer_u64(t, &entry->state.generation_top);
		gpald_transfer_u64(t, &entry->layouts);
		break;
	}
}

/* Writing. */

void gpald_backup_page_clear(struct gpald_backup_page *page)
{
	for (size_t i = 0; i < page->count; i++)
		gpald_record_unref(page->items[i].record);
	free(page->items);
	page->items = NULL;
	page->count = 0;
}

static void write_item(struct gpald_transfer *t, const struct gpald_backup_item *item)
{
	uint8_t sum[GPALD_CHECKSUM_SIZE];
	struct file_entry entry = {
		.kind = item->record ? GPALD_BACKUP_RECORD : GPALD_BACKUP_GONE,
		.stored.name = item->name,
		.checksum = { sum, sizeof(sum) },
	};

	if (item->record) {
		entry.stored = gpald_record_as_stored(item->record);
		gpald_stored_record_checksum(&entry.stored, sum);
	}
	transfer_entry(t, &entry);
}

bool gpald_backup_encode(const struct gpald_backup_page *page, struct gpald_blob *data)
{
	struct gpald_transfer t = { .result = GPALD_CODEC_OK };

	if (page->is_first)
		gpald_transfer_put_bytes(&t, HEADING, HEADING_LENGTH);
	for (size_t i = 0; i < page->count; i++)
		write_item(&t, &page->items[i]);
	if (page->is_last) {
		struct file_entry end = {
			.kind = GPALD_BACKUP_END,
			.state = page->state,
			.layouts = page->layouts,
		};

		transfer_entry(&t, &end);
	}
	return gpald_transfer_finish(&t, data);
}

/* Reading. */

static bool fail_backup(char error[GPALD_STORE_ERROR_SIZE], const struct gpald_backup *backup,
			const char *what)
{
	snprintf(error, GPALD_STORE_ERROR_SIZE, "%s: %s", backup->path, what);
	return false;
}

static bool fail_backup_errno(char error[GPALD_STORE_ERROR_SIZE], const struct gpald_backup *backup)
{
	if (errno == EACCES)
		snprintf(error, GPALD_STORE_ERROR_SIZE,
			 "%s: cannot be read: %s; the daemon reads it as uid %ld", backup->path,
			 strerror(errno), (long)geteuid());
	else
		snprintf(error, GPALD_STORE_ERROR_SIZE, "%s: cannot be read: %s", backup->path,
			 strerror(errno));
	return false;
}

static bool map_file(struct gpald_backup *backup, int fd, char error[GPALD_STORE_ERROR_SIZE])
{
	struct stat status;
	void *bytes;

	if (fd < 0 || fstat(fd, &status))
		return fail_backup_errno(error, backup);
	if (!S_ISREG(status.st_mode))
		return fail_backup(error, backup, "it is not a regular file");
	if (status.st_size == 0)
		return fail_backup(error, backup, "it is empty");
	bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return fail_backup_errno(error, backup);
	backup->bytes = bytes;
	backup->mapped = (size_t)status.st_size;
	return true;
}

static bool check_whole(struct gpald_backup *backup, char error[GPALD_STORE_ERROR_SIZE])
{
	uint8_t sum[SHA256_DIGEST_SIZE];
	struct sha256_ctx hash;

	if (backup->mapped < HEADING_LENGTH || memcmp(backup->bytes, HEADING, HEADING_LENGTH) != 0)
		return fail_backup(error, backup,
				   "it is not a backup of gpalayoutd, or a newer version made it");
	if (backup->mapped < HEADING_LENGTH + sizeof(sum))
		return fail_backup(error, backup, "it was cut short");
	backup->length = backup->mapped - sizeof(sum);
	sha256_init(&hash);
	sha256_update(&hash, backup->length, backup->bytes);
	sha256_digest(&hash, sizeof(sum), sum);
	if (memcmp(sum, backup->bytes + backup->length, sizeof(sum)) != 0)
		return fail_backup(error, backup,
				   "its checksum is wrong: it was cut short, or damaged");
	gpald_backup_rewind(backup);
	return true;
}

void gpald_backup_rewind(struct gpald_backup *backup)
{
	backup->at = HEADING_LENGTH;
}

bool gpald_backup_open(struct gpald_backup *backup, const char *path,
		       char error[GPALD_STORE_ERROR_SIZE])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool is_open;

	*backup = (struct gpald_backup){ .path = path, .arena = gpald_arena_new(0) };
	is_open = backup->arena ? map_file(backup, fd, error) && check_whole(backup, error) :
				  fail_backup(error, backup, "out of memory");
	if (fd >= 0)
		close(fd);
	if (!is_open)
		gpald_backup_close(backup);
	return is_open;
}

static bool fail_damaged_layout(char error[GPALD_STORE_ERROR_SIZE],
				const struct gpald_backup *backup, const char *name,
				const char *problem)
{
	snprintf(error, GPALD_STORE_ERROR_SIZE, "%s: the layout %s cannot be restored: %s",
		 backup->path, name, problem);
	return false;
}

bool gpald_backup_next(struct gpald_backup *backup, struct gpald_backup_entry *entry,
		       char error[GPALD_STORE_ERROR_SIZE])
{
	struct gpald_transfer t;
	struct file_entry file_entry = { .kind = GPALD_BACKUP_KIND_COUNT };
	enum gpald_record_problem problem;

	gpald_arena_reset(backup->arena);
	t = (struct gpald_transfer){
		.arena = backup->arena,
		.next = backup->bytes + backup->at,
		.end = backup->bytes + backup->length,
	};
	transfer_entry(&t, &file_entry);
	if (t.result == GPALD_CODEC_NO_MEMORY)
		return fail_backup(error, backup, "out of memory");
	if (t.result != GPALD_CODEC_OK)
		return fail_backup(error, backup, "it has an invalid entry");
	backup->at = (size_t)(t.next - backup->bytes);
	*entry = (struct gpald_backup_entry){
		.kind = file_entry.kind,
		.name = file_entry.stored.name,
		.state = file_entry.state,
		.layouts = file_entry.layouts,
	};
	if (file_entry.kind == GPALD_BACKUP_RECORD) {
		entry->record =
			gpald_record_load(&file_entry.stored, &file_entry.checksum, &problem);
		return entry->record || fail_damaged_layout(error, backup, file_entry.stored.name,
							    gpald_record_problem_text(problem));
	}
	return file_entry.kind != GPALD_BACKUP_END || backup->at == backup->length ||
	       fail_backup(error, backup, "it has more bytes after its end");
}

void gpald_backup_close(struct gpald_backup *backup)
{
	if (backup->bytes)
		munmap((void *)backup->bytes, backup->mapped);
	gpald_arena_free(backup->arena);
	*backup = (struct gpald_backup){ 0 };
}
