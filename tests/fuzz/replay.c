/* SPDX-License-Identifier: MIT */
/*
 * Runs a target once for each stored input: its corpus, and every input that has ever found a
 * fault. An input that fails ends the program, as it does under libFuzzer. Arguments name other
 * files and folders to run instead.
 */
#include "config.h"

#include "tests/fuzz/fuzz.h"
#include "tests/tap.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void run_file(struct tap *tap, const char *path)
{
	FILE *file = fopen(path, "rb");
	struct stat info;
	uint8_t *data;
	size_t size;

	FUZZ_CHECK(file && fstat(fileno(file), &info) == 0, "%s: %s", path, strerror(errno));
	/*
	 * The allocation has the exact length of the input, so that a sanitizer sees a read past
	 * its end.
	 */
	size = (size_t)info.st_size;
	data = malloc(size ? size : 1);
	FUZZ_CHECK(data && fread(data, 1, size, file) == size, "%s: cannot be read", path);
	fclose(file);
	fprintf(stderr, "%s\n", path);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	tap->run++;
}

static void run(struct tap *tap, const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	char inside[4096];

	if (!folder) {
		if (errno != ENOENT)
			run_file(tap, path);
		return;
	}
	while ((entry = readdir(folder))) {
		snprintf(inside, sizeof(inside), "%s/%s", path, entry->d_name);
		if (entry->d_name[0] != '.')
			run_file(tap, inside);
	}
	closedir(folder);
}

/*
 * Prints one result for all inputs of a folder. A target without regressions gets no result for
 * them.
 */
static void run_stored(struct tap *results, const char *folder)
{
	const char *top = getenv("TOP_SRCDIR");
	struct tap inputs = { 0 };
	char path[4096], name[128];

	snprintf(path, sizeof(path), "%s/tests/fuzz/%s/%s", top ? top : ".", folder, fuzz_target);
	run(&inputs, path);
	snprintf(name, sizeof(name), "%s/%s: %u inputs", folder, fuzz_target, inputs.run);
	if (inputs.run > 0 || strcmp(folder, "corpus") == 0)
		tap_report(results, inputs.run > 0, name);
}

int main(int argc, char **argv)
{
	struct tap results = { 0 };

	for (int i = 1; i < argc; i++) {
		FUZZ_CHECK(access(argv[i], F_OK) == 0, "%s: %s", argv[i], strerror(errno));
		run(&results, argv[i]);
	}
	if (argc > 1)
		return results.run == 0;
	run_stored(&results, "corpus");
	run_stored(&results, "regressions");
	return tap_finish(&results);
}
