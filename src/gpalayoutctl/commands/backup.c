/* SPDX-License-Identifier: MIT */
/*
 * Writes a backup: pages of the live layouts, one after another, and the SHA-256 of all of them.
 * Each page also has what changed since the page before it. So the backup has the state of the
 * revision of its last page. If the daemon no longer knows what changed, the backup starts again
 * from the first page, up to ATTEMPTS times in all, unless bytes were written that cannot be
 * removed.
 */
#include "config.h"

#include "gpalayoutctl/commands/commands.h"

#include "gpalayoutctl/json_text.h"
#include "gpalayoutctl/message.h"
#include "gpalayoutctl/output_file.h"
#include "gpalayoutctl/size_text.h"

#include <assert.h>
#include <inttypes.h>
#include <nettle/sha2.h>
#include <string.h>
#include <unistd.h>

#define ATTEMPTS 3

struct backup {
	int fd;
	bool is_irrevocable; /* written bytes cannot be removed again */
	struct sha256_ctx hash;
	uint64_t bytes;
	const struct gpal_client_backup_page *page; /* the last page, which the session owns */
};

static int append_to_backup(struct backup *backup, const uint8_t *data, size_t length)
{
	sha256_update(&backup->hash, length, data);
	backup->bytes += length;
	return ctl_write_all(backup->fd, (const char *)data, length);
}

/* Returns true if a page comes after the last one. Otherwise the pages might never end. */
static bool comes_after(const struct gpal_client_backup_page *last,
			const struct gpal_client_backup_page *page)
{
	const int order = page->next ? strcmp(page->next, last->next) : 1;

	return order >= 0 && page->revision >= last->revision &&
	       (order > 0 || page->revision > last->revision);
}

/* Asks for the page after the last one, or for the first page. */
static enum ctl_exit ask_for_page(struct ctl_session *session, struct backup *backup)
{
	const struct gpal_client_backup_page *last = backup->page;
	struct gpald_arena *arena_of_last = session->arena;
	ctl_cleanup_buffer struct gpald_bytes params = { 0 };
	enum ctl_exit code;

	if (last) {
		ctl_add_text_member(&params, "after", last->next);
		ctl_add_count_member(&params, "revision", last->revision);
	}
	code = ctl_call_method(session, "registry.backup", last ? params.data : "{}");
	if (code || !session->result)
		return code;
	/* Only one page is kept, because a backup may be larger than the memory of this host. */
	session->arena = NULL;
	backup->page = ctl_decode_result(session, &gpald_backup_page_result);
	if (!backup->page)
		code = CTL_NO_DAEMON;
	else if (last && !comes_after(last, backup->page))
		code = ctl_invalid_reply(session, "the page does not come after the one before it");
	gpald_arena_free(arena_of_last);
	return code;
}

/*
 * Sets *is_behind if the daemon no longer knows what changed since the last page. The pages written
 * so far are then useless.
 */
static enum ctl_exit take_backup(struct ctl_session *session, const char *path,
				 struct backup *backup, bool *is_behind)
{
	uint8_t sum[SHA256_DIGEST_SIZE];
	int error = 0;

	sha256_init(&backup->hash);
	do {
		const enum ctl_exit code = ask_for_page(session, backup);

		if (code)
			return code;
		if (!session->result) {
			*is_behind = strcmp(session->error.reason, "resync_required") == 0;
			return *is_behind ? CTL_REFUSED : ctl_print_reply(session, NULL);
		}
		error = append_to_backup(backup, backup->page->data, backup->page->length);
	} while (!error && backup->page->next);
	sha256_digest(&backup->hash, sizeof(sum), sum);
	if (!error)
		error = append_to_backup(backup, sum, sizeof(sum));
	return error ? ctl_error("%s: %s", path, strerror(error)) : CTL_OK;
}

static enum ctl_exit take_to_file(struct ctl_session *session, const char *path,
				  struct backup *backup, bool *is_behind)
{
	struct ctl_output_file file;
	int error = ctl_output_file_open(&file, path, 0600);
	enum ctl_exit code;

	if (error)
		return ctl_error("%s: %s", path, strerror(error));
	backup->fd = file.fd;
	backup->is_irrevocable = !file.path;
	code = take_backup(session, path, backup, is_behind);
	if (code) {
		ctl_output_file_discard(&file);
		return code;
	}
	error = ctl_output_file_finish(&file);
	return error ? ctl_error("%s: %s", path, strerror(error)) : CTL_OK;
}

static enum ctl_exit print_backup_summary(const struct ctl_session *session, const char *path,
					  const struct backup *backup)
{
	const struct gpal_client_backup_page *page = backup->page;
	ctl_cleanup_buffer struct gpald_bytes out = { 0 };

	assert(page);
	if (!ctl_wants_text(session)) {
		ctl_add_count_member(&out, "revision", page->revision);
		ctl_add_count_member(&out, "layouts", page->layouts);
		ctl_add_count_member(&out, "bytes", backup->bytes);
		return ctl_print_own_result(session, out.data);
	}
	ctl_buffer_printf(&out, "%s: %" PRIu64 " layout%s as of revision %" PRIu64 ", ", path,
			  page->layouts, page->layouts == 1 ? "" : "s", page->revision);
	ctl_size_append(&out, backup->bytes);
	ctl_buffer_puts(&out, "\n");
	return ctl_print_paged(session->invocation, &out);
}

enum ctl_exit ctl_run_backup(struct ctl_session *session)
{
	const char *path = session->invocation->operands[0];
	const bool is_piped = strcmp(path, "-") == 0;
	struct backup backup;
	enum ctl_exit code;
	bool is_behind;
	int attempts = 0;

	if (is_piped && !ctl_wants_text(session))
		return ctl_error("--json, --field and --quiet need a file: with -, standard "
				 "output has the backup");
	if (is_piped && isatty(STDOUT_FILENO))
		return ctl_error("a backup is not text and cannot go to a terminal; name a file");
	do {
		is_behind = false;
		backup = (struct backup){ .fd = STDOUT_FILENO, .is_irrevocable = true };
		code = is_piped ? take_backup(session, "standard output", &backup, &is_behind) :
				  take_to_file(session, path, &backup, &is_behind);
	} while (is_behind && ++attempts < ATTEMPTS && !(backup.is_irrevocable && backup.bytes));
	if (is_behind)
		ctl_error("layouts change faster than a backup can follow: try again later, "
			  "or raise the limit events_kept of the daemon");
	return code || is_piped ? code : print_backup_summary(session, path, &backup);
}
