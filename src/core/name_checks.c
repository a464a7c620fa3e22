/* SPDX-License-Identifier: MIT */
/* Checks that names are unique. */
#include "config.h"

#include "core/request_checks.h"

#include "core/error.h"
#include "core/hash.h"
#include "core/holes.h"

#include <stdlib.h>
#include <string.h>

int gpald_compare_named(const void *left, const void *right)
{
	const struct gpald_named *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	return order ? order : (a->index > b->index) - (a->index < b->index);
}

static int compare_name(const void *name, const void *named)
{
	return strcmp(name, ((const struct gpald_named *)named)->name);
}

const struct gpald_named *gpald_find_named(const struct gpald_named *names, size_t count,
					   const char *name)
{
	return bsearch(name, names, count, sizeof(*names), compare_name);
}

/*
 * Returns the first entry, in list order, that has the name of an earlier one, and sets *earlier to
 * the earlier one. Returns NULL if all names differ.
 */
static const struct gpald_named *find_duplicate(struct gpald_named *names, size_t count,
						const struct gpald_named **earlier)
{
	const struct gpald_named *second = NULL;

	qsort(names, count, sizeof(*names), gpald_compare_named);
	for (size_t i = 1; i < count; i++) {
		if (strcmp(names[i - 1].name, names[i].name) != 0)
			continue;
		if (!second || names[i].index < second->index) {
			*earlier = &names[i - 1];
			second = &names[i];
		}
	}
	return second;
}

static int refuse_duplicate(const char *name, struct gpal_error *error)
{
	if (error) {
		gpald_error_set_tag(error->tag, name);
		gpald_error_set_tag(error->other_tag, name);
	}
	return GPAL_E_DUPLICATE_NAME;
}

/* Checks that all names differ. `what` says in the message what the list has. */
static int check_unique(struct gpald_named *names, size_t count, enum gpal_subject subject,
			const char *what, struct gpal_error *error)
{
	const struct gpald_named *first, *second = find_duplicate(names, count, &first);

	if (!second)
		return GPAL_OK;
	gpald_fail(error, GPAL_E_DUPLICATE_NAME, subject, second->index,
		   "%s %zu and %zu are both named %s", what, first->index, second->index,
		   second->name);
	return refuse_duplicate(second->name, error);
}

/* A hash table of names, at most half full. */
struct name_set {
	uint64_t *slots;
	unsigned int bits; /* there are 2^bits slots */
	size_t steps_left; /* a limit, because a caller can choose names that collide */
};

static bool name_set_init(struct name_set *set, struct gpald_arena *arena, size_t names)
{
	set->bits = 64 - (unsigned int)__builtin_clzll(2 * (unsigned long long)names - 1);
	set->slots = gpald_arena_zalloc(arena, (size_t)1 << set->bits, sizeof(*set->slots));
	set->steps_left = 4 * names;
	return set->slots != NULL;
}

/* Adds a hash. Returns false if the set has it already, or if the search runs out of steps. */
static bool name_set_add(struct name_set *set, uint64_t hash)
{
	const size_t mask = ((size_t)1 << set->bits) - 1;
	size_t at = hash & mask;

	hash |= UINT64_C(1) << 63; /* a slot of 0 is empty */
	for (; set->slots[at] && set->slots[at] != hash && set->steps_left > 0; set->steps_left--)
		at = (at + 1) & mask;
	if (set->slots[at])
		return false;
	set->slots[at] = hash;
	return true;
}

/*
 * If all hashes differ, so do all names. If two hashes are equal, or if so many collide that a
 * caller may have chosen such names, the names themselves are compared.
 */
int gpald_check_root_complex_names(struct gpald_resolution *r)
{
	const struct gpal_root_complex *rcs = r->request->root_complexes;
	const size_t count = r->request->root_complex_count;
	struct name_set set;
	struct gpald_named *names;
	bool differ = true;

	if (count == 0)
		return GPAL_OK;
	r->name_lengths = gpald_arena_alloc(r->arena, count, sizeof(*r->name_lengths));
	if (!r->name_lengths)
		return gpald_fail_plain(r->error, GPAL_E_NO_MEMORY);
	if (count == 1) {
		r->name_lengths[0] = strlen(rcs[0].name);
		return GPAL_OK;
	}
	if (!name_set_init(&set, r->arena, count))
		return gpald_fail_plain(r->error, GPAL_E_NO_MEMORY);
	for (size_t i = 0; i < count; i++) {
		r->name_lengths[i] = strlen(rcs[i].name);
		differ = differ &&
			 name_set_add(&set, gpald_hash_text(rcs[i].name, r->name_lengths[i]));
	}
	if (differ)
		return GPAL_OK;
	names = gpald_arena_alloc(r->arena, count, sizeof(*names));
	if (!names)
		return gpald_fail_plain(r->error, GPAL_E_NO_MEMORY);
	for (size_t i = 0; i < count; i++)
		names[i] = (struct gpald_named){ rcs[i].name, i };
	return check_unique(names, count, GPAL_SUBJECT_ROOT_COMPLEX_NAME, "root complexes",
			    r->error);
}

/* In the list of names the holes follow the reserved ranges. */
int gpald_check_reserved_names(struct gpald_resolution *r)
{
	const struct gpal_request *request = r->request;
	const size_t reserved = request->reserved_count;
	const size_t count = gpald_reserved_count(request);
	const struct gpald_named *first, *second;
	struct gpald_named *names;

	if (count < 2)
		return GPAL_OK;
	names = gpald_arena_alloc(r->arena, count, sizeof(*names));
	if (!names)
		return gpald_fail_plain(r->error, GPAL_E_NO_MEMORY);
	for (size_t i = 0; i < count; i++)
		names[i] = (struct gpald_named){ gpald_reserved_at(request, i).name, i };
	second = find_duplicate(names, count, &first);
	if (!second)
		return GPAL_OK;
	if (second->index < reserved)
		gpald_fail(r->error, GPAL_E_DUPLICATE_NAME, GPAL_SUBJECT_RESERVED_NAME,
			   second->index, "reserved ranges %zu and %zu are both named %s",
			   first->index, second->index, second->name);
	else if (first->index < reserved)
		gpald_fail(r->error, GPAL_E_DUPLICATE_NAME, GPAL_SUBJECT_HOST_HOLE,
			   second->index - reserved,
			   "reserved range %zu and hole %zu are both named %s", first->index,
			   second->index - reserved, second->name);
	else
		gpald_fail(r->error, GPAL_E_DUPLICATE_NAME, GPAL_SUBJECT_HOST_HOLE,
			   second->index - reserved, "holes %zu and %zu are both named %s",
			   first->index - reserved, second->index - reserved, second->name);
	return refuse_duplicate(second->name, r->error);
}

int gpald_check_cxl_window_names(struct gpald_resolution *r)
{
	const size_t count = r->request->cxl_window_count;
	struct gpald_named *names;

	if (count < 2)
		return GPAL_OK;
	names = gpald_arena_alloc(r->arena, count, sizeof(*names));
	if (!names)
		return gpald_fail_plain(r->error, GPAL_E_NO_MEMORY);
	for (size_t i = 0; i < count; i++)
		names[i] = (struct gpald_named){ r->request->cxl_windows[i].name, i };
	return check_unique(names, count, GPAL_SUBJECT_CXL_WINDOW_NAME, "CXL windows", r->error);
}
