/* SPDX-License-Identifier: MIT */
/*
 * By how many letters that are changed, left out or put in (Levenshtein's distance). A word that
 * leaves out the first words of an option is as near as one with a letter changed.
 */
#include "config.h"

#include "gpalayoutctl/nearest.h"

#include <stdbool.h>
#include <string.h>

#define LONGEST 32

static size_t least_of(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t edit_distance(const char *a, const char *b)
{
	size_t row[LONGEST + 1];
	const size_t width = strlen(b);

	for (size_t j = 0; j <= width; j++)
		row[j] = j;
	/* A value is none of the name. */
	for (size_t i = 1; a[i - 1] && a[i - 1] != '='; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= width; j++) {
			const size_t changed = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = least_of(changed, 1 + least_of(row[j], row[j - 1]));
		}
	}
	return row[width];
}

static const char *behind_dashes(const char *word)
{
	return word + strspn(word, "-");
}

static bool is_end_of(const char *word, const char *candidate)
{
	const char *end = behind_dashes(word);
	const size_t length = strcspn(end, "="), whole = strlen(candidate);

	return end > word && length >= 4 && whole > length + 2 &&
	       candidate[whole - length - 1] == '-' &&
	       strncmp(candidate + whole - length, end, length) == 0;
}

void ctl_nearest_offer(struct ctl_nearest *nearest, const char *candidate)
{
	size_t found;

	if (strlen(candidate) > LONGEST || strcspn(nearest->word, "=") > LONGEST)
		return;
	found = is_end_of(nearest->word, candidate) ? 1 : edit_distance(nearest->word, candidate);
	/* Half of a short word is another word. */
	if (found >= nearest->distance || 2 * found >= strlen(behind_dashes(candidate)))
		return;
	nearest->distance = found;
	nearest->found = candidate;
}
