/* SPDX-License-Identifier: MIT */
/*
 * Property test of libgpalayout: random inputs, checked against the promises of the library and
 * against a naive oracle. It writes TAP.
 *
 * PROPERTY_ROUNDS (20000) and PROPERTY_SEED choose the inputs. A failure prints the two values that
 * repeat it alone. PROPERTY_VERBOSE prints how often each feature occurred.
 */
#include "property.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_SEED UINT64_C(0x6770612d6c61796f)

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);
	char *end;
	uint64_t value;

	if (!text || !*text)
		return otherwise;
	value = strtoull(text, &end, 0);
	if (*end) {
		fprintf(stderr, "%s: not a number: %s\n", variable, text);
		exit(2);
	}
	return value;
}

uint64_t first_seed(void)
{
	return number_from("PROPERTY_SEED", DEFAULT_SEED);
}

uint64_t round_count(void)
{
	return number_from("PROPERTY_ROUNDS", ROUNDS_FOR_COVERAGE);
}

void fail_round(const struct round *round, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);

	fprintf(stderr, "%s\nrepeat with PROPERTY_SEED=0x%" PRIx64 " PROPERTY_ROUNDS=1; input:\n",
		text, round->seed);
	if (round->input)
		alloc_input_print(stderr, round->input);
	if (round->before)
		request_print(stderr, round->before);
	if (round->request)
		request_print(stderr, round->request);
	fflush(stderr);
	ck_abort_msg("seed 0x%" PRIx64 ": %s", round->seed, text);
	abort();
}

void check_coverage(const char *what, const struct feature_count *features, size_t count)
{
	const char *missing = NULL;
	const char *verbose = getenv("PROPERTY_VERBOSE");

	for (size_t i = 0; i < count; i++) {
		if (verbose && *verbose)
			fprintf(stderr, "%s: %-40s %zu\n", what, features[i].name,
				features[i].count);
		if (features[i].count == 0 && !missing)
			missing = features[i].name;
	}
	if (missing && round_count() >= ROUNDS_FOR_COVERAGE)
		ck_abort_msg("%s: never occurred: %s", what, missing);
}

int main(void)
{
	SRunner *runner = srunner_create(allocate_suite());
	int failed;

	srunner_add_suite(runner, resolve_suite());
	srunner_add_suite(runner, update_suite());
	srunner_add_suite(runner, compare_suite());
	srunner_add_suite(runner, explain_suite());
	srunner_add_suite(runner, sizing_suite());
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
