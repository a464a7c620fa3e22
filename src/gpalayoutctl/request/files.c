/* SPDX-License-Identifier: MIT */
/*
 * Reads the request files that operands name, also those in folders. It reads all of them before
 * the first call to the daemon, so that a misspelt name does not stop a run over a fleet halfway.
 */
#include "config.h"

#include "gpalayoutctl/message.h"
#include "gpalayoutctl/request/request.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SUFFIX ".json"

struct reading {
	struct ctl_request_files *files;
	struct gpald_bytes scratch; /* the file being read; a smaller copy is kept */
	bool has_read_input;
};

static bool is_folder(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static char *copy_of(const char *path)
{
	char *copy = strdup(path);

	if (!copy)
		ctl_out_of_memory();
	return copy;
}

static enum ctl_exit add_file(struct reading *reading, const char *path)
{
	struct ctl_request_files *files = reading->files;
	struct ctl_request_file *file;
	enum ctl_exit code;

	reading->scratch.length = 0;
	code = ctl_request_read(&reading->scratch, path);
	if (code)
		return code;
	file = reallocarray(files->files, files->count + 1, sizeof(*file));
	if (!file)
		ctl_out_of_memory();
	files->files = file;
	file += files->count++;
	*file = (struct ctl_request_file){ .path = copy_of(path) };
	ctl_buffer_append(&file->text, ctl_buffer_text(&reading->scratch), reading->scratch.length);
	return CTL_OK;
}

static enum ctl_exit add_standard_input(struct reading *reading)
{
	if (reading->has_read_input)
		return ctl_error("-: standard input can be read only once");
	reading->has_read_input = true;
	return add_file(reading, "-");
}

static int is_request(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > strlen(SUFFIX) &&
	       strcmp(entry->d_name + length - strlen(SUFFIX), SUFFIX) == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Adds the files in a folder, but not those in its subfolders. */
static enum ctl_exit add_folder(struct reading *reading, const char *folder)
{
	const char *slash = folder[strlen(folder) - 1] == '/' ? "" : "/";
	enum ctl_exit worst = CTL_OK;
	struct dirent **entries;
	bool is_empty = true;
	int count = scandir(folder, &entries, is_request, by_name);

	if (count < 0)
		return ctl_error("%s: %s", folder, strerror(errno));
	for (int i = 0; i < count; i++) {
		ctl_cleanup_buffer struct gpald_bytes path = { 0 };

		ctl_buffer_printf(&path, "%s%s%s", folder, slash, entries[i]->d_name);
		free(entries[i]);
		if (is_folder(path.data))
			continue;
		is_empty = false;
		if (add_file(reading, path.data))
			worst = CTL_USAGE;
	}
	free(entries);
	if (!is_empty)
		return worst;
	ctl_error("%s: there is no request in this folder", folder);
	ctl_hint("a folder stands for the *" SUFFIX
		 " files in it that are not hidden; name other files one by one");
	return CTL_USAGE;
}

enum ctl_exit ctl_request_files_read(struct ctl_request_files *files, const char *const *operands,
				     size_t count)
{
	struct reading reading = { .files = files };
	enum ctl_exit worst = CTL_OK;

	for (size_t i = 0; i < count; i++) {
		enum ctl_exit code;

		if (strcmp(operands[i], "-") == 0)
			code = add_standard_input(&reading);
		else if (is_folder(operands[i]))
			code = add_folder(&reading, operands[i]);
		else
			code = add_file(&reading, operands[i]);
		if (code)
			worst = code;
	}
	ctl_buffer_free(&reading.scratch);
	return worst;
}

void ctl_request_files_free(struct ctl_request_files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		free(files->files[i].path);
		ctl_buffer_free(&files->files[i].text);
	}
	free(files->files);
}
