/* SPDX-License-Identifier: MIT */
/* registry.backup: returns all live layouts, page by page. */
#include "config.h"

#include "server/methods.h"

#include "wire/params_decode.h"

#include <inttypes.h>

#define PAGE_BYTES (UINT64_C(1) << 20)

/*
 * Returns how many bytes a page may have, so that it fits in a reply although base64 makes it a
 * third longer. A larger record has a page of its own, which may exceed the limit on replies.
 */
static size_t page_bytes(const struct gpald_service *service)
{
	const uint64_t half = service->limits->values[GPALD_LIMIT_REPLY_BYTES] / 2;

	return (size_t)(half < PAGE_BYTES ? half : PAGE_BYTES);
}

static int write_page(struct gpald_writer *w, const struct gpald_backup_page *page,
		      struct gpald_wire_error *error)
{
	struct gpald_blob data;

	if (!gpald_backup_encode(page, &data))
		return gpald_method_no_memory(error);
	gpald_write_object(w, NULL);
	gpald_write_integer(w, "revision", (int64_t)page->state.revision);
	if (page->is_last)
		gpald_write_integer(w, "layouts", (int64_t)page->layouts);
	else
		gpald_write_text(w, "next", page->next);
	gpald_write_base64(w, "data", data.data, data.length);
	gpald_write_object_end(w);
	gpald_blob_free(&data);
	return 0;
}

int gpald_serve_registry_backup(const struct gpald_context *context, const void *params,
				struct gpald_writer *w, struct gpald_wire_error *error)
{
	const struct gpald_backup_params *backup = params;
	struct gpald_index *index = context->service->index;
	struct gpald_backup_page page;
	int code;

	if (context->caller->uid != 0 && !context->caller->is_admin)
		return gpald_refuse(error, GPALD_DENIED,
				    "a backup has the layouts of all users; only root and the "
				    "admin group may take one");
	if (!context->may_take_long)
		return GPALD_TAKES_LONG;
	switch (gpald_index_backup(index, backup->after, backup->revision.value,
				   page_bytes(context->service), &page)) {
	case GPALD_BACKUP_PAGE_DONE:
		break;
	case GPALD_BACKUP_PAGE_NO_MEMORY:
		return gpald_method_no_memory(error);
	case GPALD_BACKUP_PAGE_RESYNC:
		gpald_refuse(error, GPALD_RESYNC_REQUIRED,
			     "the changes after revision %" PRIu64
			     " are not kept: begin the backup again",
			     backup->revision.value);
		gpald_index_revisions(index, &error->revision, &error->oldest_since);
		return gpald_set_pointer(error, "/revision");
	}
	code = write_page(w, &page, error);
	gpald_backup_page_clear(&page);
	return code;
}
