/* SPDX-License-Identifier: MIT */
/*
 * Released policies are frozen. This program runs the golden corpus of each policy through the
 * library and through the naive resolver of the property test, one test case a line. It also checks
 * that every policy has a corpus, and that each corpus would notice a change of any default.
 */
#include "config.h"

#include "tests/property/oracle.h"
#include "tests/tap.h"
#include "tests/wire.h"
#include "wire/request_decode.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <dirent.h>
#include <gpalayout/gpalayout.h>
#include <stdlib.h>
#include <string.h>

#define SUFFIX ".jsonl"
#define LAYOUTS_MIN 200
#define MIB UINT64_C(0x100000)

struct line {
	cJSON *tree;
	const char *id;
	const char *digest; /* NULL if the request is refused for `reason` */
	const char *reason;
	struct gpald_arena *arena;
	struct gpal_request request;
	bool is_valid;
};

struct corpus {
	struct line *lines;
	size_t count;
};

/* The outcome of a request. */
struct answer {
	int code;
	char digest[GPAL_DIGEST_SIZE]; /* empty if there is no layout */
};

static const char *text_of(const cJSON *object, const char *member)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, member));
}

/* The decoded request borrows from the tree. */
static void read_line(struct line *line, const char *text)
{
	const struct gpald_resolve_params *resolve;
	struct gpald_wire_error error;
	cJSON *params = cJSON_CreateObject();

	line->tree = cJSON_Parse(text);
	line->id = text_of(line->tree, "id");
	line->digest = text_of(line->tree, "digest");
	line->reason = text_of(line->tree, "reason");
	cJSON_AddItemReferenceToObject(params, "request",
				       cJSON_GetObjectItemCaseSensitive(line->tree, "request"));
	line->arena = gpald_arena_new(0);
	resolve = decode_params(&gpald_resolve_params_table, params, NULL, line->arena, &error);
	if (resolve) {
		line->is_valid = line->id && !line->digest != !line->reason;
		line->request = resolve->request;
	} else {
		printf("# %s: %s\n", line->id ? line->id : "?", error.message);
	}
	cJSON_Delete(params);
}

/* Returns false if there is no such file. */
static bool read_corpus(const char *folder, const char *policy, struct corpus *corpus)
{
	char path[4096], *text = NULL;
	size_t capacity = 0;
	FILE *file;

	*corpus = (struct corpus){ NULL, 0 };
	snprintf(path, sizeof(path), "%s/%s" SUFFIX, folder, policy);
	file = fopen(path, "r");
	if (!file) {
		printf("# %s cannot be opened\n", path);
		return false;
	}
	while (getline(&text, &capacity, file) > 0) {
		struct line *lines =
			realloc(corpus->lines, (corpus->count + 1) * sizeof(*corpus->lines));

		assert(lines);
		corpus->lines = lines;
		lines[corpus->count] = (struct line){ .tree = NULL };
		read_line(&lines[corpus->count++], text);
	}
	free(text);
	fclose(file);
	return true;
}

static void clear_corpus(struct corpus *corpus)
{
	for (size_t i = 0; i < corpus->count; i++) {
		gpald_arena_free(corpus->lines[i].arena);
		cJSON_Delete(corpus->lines[i].tree);
	}
	free(corpus->lines);
}

static struct answer ask_library(const struct gpal_request *request)
{
	struct gpal_layout *layout;
	struct answer answer = { .code = gpal_resolve(request, &layout, NULL) };

	if (layout)
		gpal_layout_digest(layout, answer.digest);
	gpal_layout_free(layout);
	return answer;
}

static struct answer ask_oracle(const struct gpal_request *request)
{
	struct oracle *oracle = oracle_resolve(request);
	struct answer answer = { .code = (int)oracle->error.code };

	if (answer.code == GPAL_OK)
		memcpy(answer.digest, oracle->digest, sizeof(answer.digest));
	oracle_free(oracle);
	return answer;
}

static bool is_recorded(const struct line *line, const char *who, const struct answer *answer)
{
	const char *expected = line->digest ? line->digest : line->reason;
	const char *actual = answer->digest[0] ? answer->digest : gpal_code_token(answer->code);

	if (strcmp(expected, actual) == 0)
		return true;
	printf("# the %s: %s, not %s\n", who, actual, expected);
	return false;
}

static bool run_line(const struct gpal_policy *policy, const struct line *line)
{
	struct answer library, oracle;
	bool ok;

	if (!line->is_valid)
		return false;
	if (line->request.policy != policy) {
		printf("# the request names %s\n",
		       line->request.policy ? line->request.policy->name : "no policy");
		return false;
	}
	library = ask_library(&line->request);
	oracle = ask_oracle(&line->request);
	ok = is_recorded(line, "library", &library);
	return is_recorded(line, "oracle", &oracle) && ok;
}

static int compare_texts(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Returns how many different texts there are. NULL does not count. */
static size_t count_different(const char **texts, size_t count)
{
	size_t used = 0, different = 0;

	for (size_t i = 0; i < count; i++)
		if (texts[i])
			texts[used++] = texts[i];
	qsort(texts, used, sizeof(*texts), compare_texts);
	for (size_t i = 0; i < used; i++)
		different += i == 0 || strcmp(texts[i - 1], texts[i]) != 0;
	return different;
}

/* Repeated lines do not make a corpus larger. */
static void check_size(struct tap *tap, const char *policy, const struct corpus *corpus)
{
	const char **texts = calloc(corpus->count + 1, sizeof(*texts));
	char name[256];
	size_t ids, layouts;

	assert(texts);
	for (size_t i = 0; i < corpus->count; i++)
		texts[i] = corpus->lines[i].id;
	ids = count_different(texts, corpus->count);
	for (size_t i = 0; i < corpus->count; i++)
		texts[i] = corpus->lines[i].digest;
	layouts = count_different(texts, corpus->count);
	free(texts);

	printf("# %s: %zu lines, %zu ids, %zu different layouts\n", policy, corpus->count, ids,
	       layouts);
	snprintf(name, sizeof(name), "%s: each line has an id of its own", policy);
	tap_report(tap, ids == corpus->count, name);
	snprintf(name, sizeof(name), "%s: at least %d layouts", policy, LAYOUTS_MIN);
	tap_report(tap, layouts >= LAYOUTS_MIN, name);
}

/* Returns true if the corpus would fail if its policy were changed to this one. */
static bool notices(const struct corpus *corpus, const struct gpal_policy *changed)
{
	for (size_t i = 0; i < corpus->count; i++) {
		const struct line *line = &corpus->lines[i];
		struct gpal_request request = line->request;
		struct answer answer;

		if (!line->is_valid || !line->digest)
			continue;
		request.policy = changed;
		answer = ask_library(&request);
		if (strcmp(answer.digest, line->digest) != 0)
			return true;
	}
	return false;
}

static const struct default_value {
	const char *name;
	size_t offset;
} policy_defaults[] = {
	{ "root_complex_low_mmio", offsetof(struct gpal_policy, root_complex_low_mmio) },
	{ "root_complex_high_mmio", offsetof(struct gpal_policy, root_complex_high_mmio) },
}, profile_defaults[] = {
	{ "low_mmio of x86_64", offsetof(struct gpal_profile_defaults, low_mmio[GPAL_ARCH_X86_64]) },
	{ "low_mmio of aarch64",
	  offsetof(struct gpal_profile_defaults, low_mmio[GPAL_ARCH_AARCH64]) },
	{ "high_mmio", offsetof(struct gpal_profile_defaults, high_mmio) },
	{ "vtl2_chipset_mmio", offsetof(struct gpal_profile_defaults, vtl2_chipset_mmio) },
	{ "memory_start of x86_64",
	  offsetof(struct gpal_profile_defaults, memory_start[GPAL_ARCH_X86_64]) },
	{ "memory_start of aarch64",
	  offsetof(struct gpal_profile_defaults, memory_start[GPAL_ARCH_AARCH64]) },
	{ "memory_low_window of x86_64",
	  offsetof(struct gpal_profile_defaults, memory_low_window[GPAL_ARCH_X86_64]) },
	{ "memory_low_window of aarch64",
	  offsetof(struct gpal_profile_defaults, memory_low_window[GPAL_ARCH_AARCH64]) },
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* If you add a default to the structs, add a row here, and requests that omit it. */
static_assert(sizeof(struct gpal_profile_defaults) == COUNT_OF(profile_defaults) * sizeof(uint64_t),
	      "a row for each default of a profile");
static_assert(sizeof(struct gpal_policy) ==
		      offsetof(struct gpal_policy, root_complex_low_mmio) +
			      COUNT_OF(policy_defaults) * sizeof(uint64_t) +
			      GPAL_PROFILE_COUNT * sizeof(struct gpal_profile_defaults),
	      "a row for each default of a policy");

static void check_default(struct tap *tap, const struct gpal_policy *policy,
			  const struct corpus *corpus, const char *owner,
			  const struct default_value *default_value, size_t base)
{
	struct gpal_policy changed = *policy;
	char name[256];
	uint64_t value;

	memcpy(&value, (char *)&changed + base + default_value->offset, sizeof(value));
	value += 2 * MIB;
	memcpy((char *)&changed + base + default_value->offset, &value, sizeof(value));
	snprintf(name, sizeof(name), "%s: a change of %s%s%s would be noticed", policy->name,
		 default_value->name, owner ? " of " : "", owner ? owner : "");
	tap_report(tap, notices(corpus, &changed), name);
}

static void check_defaults(struct tap *tap, const struct gpal_policy *policy,
			   const struct corpus *corpus)
{
	struct gpal_policy changed = *policy;
	char name[256];

	changed.ecam = policy->ecam == GPAL_ECAM_BELOW_4GIB ? GPAL_ECAM_ABOVE_4GIB :
							      GPAL_ECAM_BELOW_4GIB;
	snprintf(name, sizeof(name), "%s: a change of ecam would be noticed", policy->name);
	tap_report(tap, notices(corpus, &changed), name);
	for (size_t i = 0; i < COUNT_OF(policy_defaults); i++)
		check_default(tap, policy, corpus, NULL, &policy_defaults[i], 0);
	for (size_t profile = 0; profile < GPAL_PROFILE_COUNT; profile++)
		for (size_t i = 0; i < COUNT_OF(profile_defaults); i++)
			check_default(tap, policy, corpus,
				      gpal_profile_name((enum gpal_profile)profile),
				      &profile_defaults[i],
				      offsetof(struct gpal_policy, profiles) +
					      profile * sizeof(policy->profiles[0]));
}

static void check_policy(struct tap *tap, const char *folder, const struct gpal_policy *policy)
{
	struct corpus corpus;
	char name[256];

	snprintf(name, sizeof(name), "%s: has a corpus", policy->name);
	tap_report(tap, read_corpus(folder, policy->name, &corpus), name);
	for (size_t i = 0; i < corpus.count; i++) {
		const struct line *line = &corpus.lines[i];
		const bool ok = run_line(policy, line);

		snprintf(name, sizeof(name), "%s: %s", policy->name,
			 line->id ? line->id : "not a case");
		tap_report(tap, ok, name);
	}
	check_size(tap, policy->name, &corpus);
	check_defaults(tap, policy, &corpus);
	clear_corpus(&corpus);
}

/* A corpus without its policy would mean that a released policy was removed, which is forbidden. */
static void check_names(struct tap *tap, const char *folder)
{
	DIR *directory = opendir(folder);
	const struct dirent *entry;
	bool ok = directory != NULL;

	while (directory && (entry = readdir(directory))) {
		char policy[sizeof(entry->d_name)];
		const size_t length = strlen(entry->d_name);
		const size_t suffix = strlen(SUFFIX);

		if (length < suffix || strcmp(entry->d_name + length - suffix, SUFFIX) != 0)
			continue;
		memcpy(policy, entry->d_name, length - suffix);
		policy[length - suffix] = '\0';
		if (!gpal_policy_find(policy)) {
			printf("# %s: there is no such policy\n", entry->d_name);
			ok = false;
		}
	}
	if (directory)
		closedir(directory);
	tap_report(tap, ok, "each corpus belongs to a policy");
}

int main(void)
{
	const char *source = getenv("TOP_SRCDIR");
	const struct gpal_policy *policies;
	struct tap tap = { 0 };
	char folder[2048];
	size_t count;

	snprintf(folder, sizeof(folder), "%s/tests/vectors/policies", source ? source : ".");
	policies = gpal_policies(&count);
	for (size_t i = 0; i < count; i++)
		check_policy(&tap, folder, &policies[i]);
	check_names(&tap, folder);
	return tap_finish(&tap);
}
