/* SPDX-License-Identifier: MIT */
/*
 * Reads the configuration file. A line that is not understood is refused with its number and never
 * skipped, because skipping would hide a misspelt key. options.c checks the values.
 */
#include "config.h"

#include "server/config_file.h"

#include "server/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX ((size_t)64 * 1024)
#define LINE_BYTES_MAX 4096
#define EXIT_USAGE 2
#define SPACE " \t\r"

static int refuse_config(const char *path, const char *what)
{
	gpald_log_startup_error("%s: %s", path, what);
	return EXIT_USAGE;
}

/* Opens a regular file only, because others could block or never end. -1: refused. */
static int open_regular(const char *path, struct stat *info)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0 || fstat(fd, info)) {
		refuse_config(path, strerror(errno));
	} else if (!S_ISREG(info->st_mode)) {
		refuse_config(path, S_ISDIR(info->st_mode) ?
					    "it is a folder; --config= takes a file" :
					    "it is not a regular file");
	} else {
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

/*
 * Reads a whole file. *text, which the caller frees, has space for one more byte than *length.
 * Returns 0 or the exit status.
 */
static int read_config_file(const char *path, char **text, size_t *length)
{
	struct stat info;
	const int fd = open_regular(path, &info);
	ssize_t got = 1;

	if (fd < 0)
		return EXIT_USAGE;
	*text = malloc(FILE_BYTES_MAX + 2);
	if (!*text) {
		close(fd);
		refuse_config(path, "out of memory");
		return 1;
	}
	*length = 0;
	while (got > 0 && *length <= FILE_BYTES_MAX) {
		got = read(fd, *text + *length, FILE_BYTES_MAX + 1 - *length);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			*length += (size_t)got;
	}
	if (got < 0)
		refuse_config(path, strerror(errno));
	else if (*length > FILE_BYTES_MAX)
		refuse_config(path, "it is larger than 64 KiB");
	close(fd);
	return got < 0 || *length > FILE_BYTES_MAX ? EXIT_USAGE : 0;
}

/* Returns a message if the line is too long or is not text, otherwise NULL. */
static const char *check_text_line(const char *line, size_t length)
{
	if (length > LINE_BYTES_MAX)
		return "the line has more than 4096 bytes";
	if (length >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0)
		return "a byte order mark: save the file as UTF-8 without one";
	for (size_t i = 0; i < length; i++) {
		const unsigned char byte = (unsigned char)line[i];

		if ((byte < ' ' && byte != '\t' && (byte != '\r' || i + 1 != length)) ||
		    byte == 0x7f)
			return "a control character: this is not a text file";
	}
	return NULL;
}

/* Removes space at both ends. */
static char *trim_space(char *text)
{
	size_t length;

	text += strspn(text, SPACE);
	length = strlen(text);
	while (length && strchr(SPACE, text[length - 1]))
		length--;
	text[length] = '\0';
	return text;
}

static const char *unknown_key(struct gpald_options *options, const char *key)
{
	size_t used;

	if (key[0] == '\0')
		return "expected KEY = VALUE";
	used = (size_t)snprintf(options->wrong, sizeof(options->wrong),
				"no such key; the keys are:");
	for (int i = 0; i < GPALD_OPTION_KEY_COUNT && used < sizeof(options->wrong); i++)
		used += (size_t)snprintf(options->wrong + used, sizeof(options->wrong) - used,
					 " %s", gpald_options_name((enum gpald_option)i));
	return options->wrong;
}

static const char *missing_value(struct gpald_options *options, enum gpald_option option)
{
	snprintf(options->wrong, sizeof(options->wrong), "a value is missing; expected %s = %s",
		 gpald_options_name(option), gpald_options_value_form(option));
	return options->wrong;
}

/*
 * Returns a message if the value begins with a quote or has a comment, otherwise NULL: they would
 * become part of the value, which is most likely not intended.
 */
static const char *check_value(const char *value)
{
	for (const char *hash = value; (hash = strchr(hash, '#')); hash++)
		if (hash == value || strchr(SPACE, hash[-1]))
			return "a comment must be on a line of its own that begins with #";
	if (value[0] == '"' || value[0] == '\'')
		return "remove the quotes around the value";
	return NULL;
}

static const char *set_config_option(struct gpald_options *options, const char *key, char *equals,
				     unsigned int number)
{
	const enum gpald_option option = gpald_options_find(key);
	const char *value, *wrong;

	if (option == GPALD_OPTION_COUNT)
		return unknown_key(options, key);
	if (option >= GPALD_OPTION_KEY_COUNT)
		return "this option may only be on the command line";
	value = equals ? trim_space(equals + 1) : "";
	if (value[0] == '\0')
		return missing_value(options, option);
	wrong = check_value(value);
	return wrong ? wrong : gpald_options_set(options, option, value, GPALD_FROM_FILE, number);
}

static int read_line(struct gpald_options *options, char *line, unsigned int number)
{
	char *const text = trim_space(line);
	char *const equals = strchr(text, '=');
	const char *key, *wrong;

	if (text[0] == '\0' || text[0] == '#')
		return 0;
	if (equals)
		*equals = '\0';
	key = trim_space(text);
	wrong = set_config_option(options, key, equals, number);
	if (!wrong)
		return 0;
	gpald_log_startup_error("%s:%u: %.100s%s%s", options->file, number, key, key[0] ? ": " : "",
				wrong);
	return EXIT_USAGE;
}

/*
 * Reads on after a wrong line, so that all wrong lines are reported, but stops at a line that is
 * too long or is not text.
 */
static int read_lines(struct gpald_options *options, char *text, const char *end)
{
	int status = 0;

	for (unsigned int number = 1; text < end; number++) {
		char *const found = memchr(text, '\n', (size_t)(end - text));
		const size_t length = (size_t)((found ? found : end) - text);
		const char *junk = check_text_line(text, length);

		if (junk) {
			gpald_log_startup_error("%s:%u: %s", options->file, number, junk);
			return EXIT_USAGE;
		}
		text[length] = '\0';
		if (read_line(options, text, number))
			status = EXIT_USAGE;
		text += length + 1;
	}
	return status;
}

int gpald_config_file_read(struct gpald_options *options, const char *path)
{
	struct stat info;
	size_t length;
	int status;

	/* A broken link is an error, not a missing file. */
	if (!path && lstat(GPALD_CONFIG_FILE, &info) && errno == ENOENT)
		return 0;
	if (path && !path[0])
		return refuse_config("--config",
				     "the name of a file must not be empty; use none for no file");
	options->file = path ? path : GPALD_CONFIG_FILE;
	status = read_config_file(options->file, &options->file_text, &length);
	return status ? status :
			read_lines(options, options->file_text, options->file_text + length);
}
