/* SPDX-License-Identifier: MIT */
/*
 * Whichever allocation fails, the core reports it or answers as usual, and frees all its memory.
 *
 * The arena below is linked in place of src/core/arena.c. Each of its pieces is an allocation of
 * its own, so that every request for memory can fail, and a sanitizer sees an access past the end
 * of any list.
 */
#include "config.h"

#include "core/arena.h"
#include "tests/unit/records.h"
#include "tests/unit/shortage.h"

#include <inttypes.h>
#include <stdio.h>

struct piece {
	struct piece *next;
	max_align_t data[];
};

struct gpald_arena_block {
	struct gpald_arena arena; /* must be first */
	struct piece *pieces;
};

void *__wrap_calloc(size_t count, size_t size);
void *__real_calloc(size_t count, size_t size);

void *__wrap_calloc(size_t count, size_t size)
{
	return shortage_hits() ? NULL : __real_calloc(count, size);
}

struct gpald_arena *gpald_arena_new(size_t hint)
{
	struct gpald_arena_block *block = calloc(1, sizeof(*block));

	(void)hint;
	if (!block)
		return NULL;
	/* Only empty lists get this address. */
	block->arena.next = block->arena.end = (uintptr_t)block;
	block->arena.newest = block;
	return &block->arena;
}

void gpald_arena_free(struct gpald_arena *arena)
{
	struct piece *piece = arena ? arena->newest->pieces : NULL;

	while (piece) {
		struct piece *next = piece->next;

		free(piece);
		piece = next;
	}
	free(arena);
}

void *gpald_arena_grow(struct gpald_arena *arena, size_t bytes)
{
	struct piece *piece = shortage_hits() ? NULL : malloc(sizeof(*piece) + bytes);

	if (!piece)
		return NULL;
	memset(piece->data, 0xa5, bytes);
	piece->next = arena->newest->pieces;
	arena->newest->pieces = piece;
	return piece->data;
}

void *gpald_arena_zalloc(struct gpald_arena *arena, size_t count, size_t size)
{
	void *memory = gpald_arena_alloc(arena, count, size);

	return memory && count > 0 ? memset(memory, 0, count * size) : memory;
}

char *gpald_arena_strdup(struct gpald_arena *arena, const char *text)
{
	const size_t size = strlen(text) + 1;
	char *copy = gpald_arena_text(arena, size);

	return copy ? memcpy(copy, text, size) : NULL;
}

/* The object follows the pointer to its arena. */
void *gpald_arena_new_object(size_t hint, size_t size, struct gpald_arena **arena)
{
	char *owner;

	*arena = gpald_arena_new(hint);
	owner = *arena ? gpald_arena_zalloc(*arena, 1, GPALD_ARENA_ALIGN + size) : NULL;
	if (!owner) {
		gpald_arena_free(*arena);
		return NULL;
	}
	memcpy(owner, arena, sizeof(struct gpald_arena *));
	return owner + GPALD_ARENA_ALIGN;
}

void gpald_arena_free_object(void *object)
{
	struct gpald_arena *arena;

	if (!object)
		return;
	memcpy(&arena, (char *)object - GPALD_ARENA_ALIGN, sizeof(struct gpald_arena *));
	gpald_arena_free(arena);
}

/* VMs. */

#define RCS 20

static struct vm {
	struct gpal_request request, later, too_large;
	struct gpal_layout *layout;
} vms[3];

static void make_vms(void)
{
	static const uint64_t ram[] = { 2 * GIB, GIB, GIB },
			      huge[] = { GPAL_SPACE_END - 2 * GIB - MIB, GIB, GIB };
	static const struct gpal_root_complex one[] = {
		{ .name = "rc0", .has_buses = true, .end_bus = 255 }
	};
	static struct gpal_root_complex many[RCS];
	static char names[RCS][8];

	for (unsigned int i = 0; i < RCS; i++) {
		snprintf(names[i], sizeof(names[i]), "rc%u", i);
		many[i] = (struct gpal_root_complex){
			.name = names[i],
			.segment = (uint16_t)(i / 4),
			.has_buses = true,
			.start_bus = (uint8_t)(i % 4 * 64),
			.end_bus = (uint8_t)(i % 4 * 64 + 63),
			.low_mmio = { .kind = GPAL_WINDOW_SIZE, .size = (i % 5 + 1) * MIB },
			.high_mmio = { .kind = GPAL_WINDOW_SIZE, .size = (i % 7 + 1) * GIB },
		};
	}
	vms[0].request = (struct gpal_request)VM(ram, WITH_RCS(one), .virtio_mmio_slots = 3);
	vms[1].request = rich_request();
	vms[2].request = (struct gpal_request)VM(ram, WITH_RCS(many), .virtio_mmio_slots = 3);
	for (int i = 0; i < COUNT_OF(vms); i++) {
		vms[i].later = vms[i].too_large = vms[i].request;
		vms[i].later.virtio_mmio_slots++;
		vms[i].too_large.nodes = huge;
		vms[i].layout = resolve(&vms[i].request);
	}
}

/* Each function returns a code and describes its result, which it frees. */

#define DESCRIPTION_SIZE 4096

static int describe_layout(int code, struct gpal_layout *layout, char *description)
{
	if (layout) {
		gpal_layout_digest(layout, description);
		snprintf(description + strlen(description), 32, " %zu", layout->warning_count);
	}
	gpal_layout_free(layout);
	return code;
}

static int try_resolve(const struct vm *vm, char *description)
{
	struct gpal_layout *layout;
	const int code = gpal_resolve(&vm->request, &layout, NULL);

	return describe_layout(code, layout, description);
}

static int try_refuse(const struct vm *vm, char *description)
{
	struct gpal_layout *layout;
	struct gpal_error error = { .message = "" };
	const int code = gpal_resolve(&vm->too_large, &layout, &error);

	ck_assert_ptr_null(layout);
	snprintf(description, DESCRIPTION_SIZE, "%s", error.message);
	return code;
}

static int try_update(const struct vm *vm, char *description)
{
	struct gpal_layout *layout;
	const int code = gpal_update(vm->layout, &vm->later, GPAL_ALLOW_MOVES, &layout, NULL);

	return describe_layout(code, layout, description);
}

static int try_explain(const struct vm *vm, char *description)
{
	struct gpal_explanation *explanation;
	const int code = gpal_explain(&vm->request, vm->layout, NULL, &explanation, NULL);

	if (explanation) {
		gpal_layout_digest(explanation->layout, description);
		for (size_t i = 0;
		     i < explanation->count && strlen(description) < DESCRIPTION_SIZE - 32; i++)
			snprintf(description + strlen(description), 32, " %zu",
				 explanation->steps[i].passed_count);
	}
	gpal_explanation_free(explanation);
	return code;
}

static int try_allocate(const struct vm *vm, char *description)
{
	static const struct gpal_pinned hole[] = { { "hole", { GIB, 2 * GIB } } };
	static const struct gpal_demand ram[] = { { "ram", 2 * GIB, GIB } };
	static const struct gpal_demand window[] = { { "window", 64 * MIB, 2 * MIB } };
	const struct gpal_alloc_input input = {
		.reserved = hole,
		.reserved_count = 1,
		.mmio32 = window,
		.mmio32_count = 1,
		.ram = ram,
		.ram_count = 1,
	};
	struct gpal_map *map;
	const int code = gpal_allocate(&input, &map, NULL);

	(void)vm;
	for (size_t i = 0; map && i < map->count; i++)
		snprintf(description + strlen(description), 64, "%s %" PRIx64 " ",
			 map->entries[i].tag, map->entries[i].range.start);
	gpal_map_free(map);
	return code;
}

static int try_compare(const struct vm *vm, char *description)
{
	struct gpal_changes *changes;
	const int code = gpal_compare(vm->layout, vms[0].layout, &changes, NULL);

	if (changes)
		snprintf(description, DESCRIPTION_SIZE, "%zu %d", changes->count,
			 changes->compatible);
	gpal_changes_free(changes);
	return code;
}

static int try_advise(const struct vm *vm, char *description)
{
	struct gpal_advice *advice;
	const int code = gpal_advise(&vm->request, vm->layout, &advice, NULL);

	for (size_t i = 0;
	     advice && i < advice->count && strlen(description) < DESCRIPTION_SIZE - 64; i++)
		snprintf(description + strlen(description), 64, " %" PRIu64 " %" PRIu64,
			 advice->growths[i].in_place, advice->growths[i].resolved);
	gpal_advice_free(advice);
	return code;
}

static int try_check(const struct vm *vm, char *description)
{
	struct gpal_check check;
	char digest[GPAL_DIGEST_SIZE];
	int code;

	gpal_layout_digest(vm->layout, digest);
	code = gpal_layout_check(vm->layout, digest, &check, NULL);
	(void)description;
	return code;
}

static const struct {
	int (*try)(const struct vm *vm, char *description);
	int code;
	bool may_omit_size; /* the code is right, but without the size that would fit */
} attempts[] = {
	{ try_resolve, GPAL_OK, false }, { try_refuse, GPAL_E_EXHAUSTED, true },
	{ try_update, GPAL_OK, false },  { try_explain, GPAL_OK, false },
	{ try_compare, GPAL_OK, false }, { try_advise, GPAL_OK, false },
	{ try_check, GPAL_OK, false },   { try_allocate, GPAL_OK, false },
};

/*
 * It would take too long to fail every allocation. The first 60 fail one by one, later ones at
 * growing distances.
 */
static size_t next_after(size_t which)
{
	return which < 60 ? which + 1 : which + which / 2;
}

static size_t fail_each(int attempt, const struct vm *vm, bool stays)
{
	char expected[DESCRIPTION_SIZE] = "", description[DESCRIPTION_SIZE];
	bool failed = true;
	size_t which, count = 0;

	ck_assert_int_eq(attempts[attempt].try(vm, expected), attempts[attempt].code);
	for (which = 1; failed; which = next_after(which)) {
		int code;

		description[0] = '\0';
		shortage_begin(which, stays);
		code = attempts[attempt].try(vm, description);
		failed = shortage_end();
		if (code == attempts[attempt].code)
			ck_assert_str_eq(description, expected);
		else
			ck_assert_int_eq(code, GPAL_E_NO_MEMORY);
		ck_assert(code == GPAL_E_NO_MEMORY || !failed || attempts[attempt].may_omit_size);
		count += failed;
	}
	return count;
}

START_TEST(any_allocation_may_fail)
{
	make_vms();
	for (int i = 0; i < COUNT_OF(vms); i++)
		for (int stays = 0; stays < 2; stays++)
			ck_assert_uint_gt(fail_each(_i, &vms[i], stays), 0);
	for (int i = 0; i < COUNT_OF(vms); i++)
		gpal_layout_free(vms[i].layout);
}
END_TEST

/* At the end of a list the code must stop. A sanitizer sees a read beyond it. */

START_TEST(an_ecam_whose_root_complex_shrinks_is_no_removal)
{
	struct gpal_root_complex rcs[] = { GPAL_ROOT_COMPLEX_INIT("rc0") };
	const struct gpal_request request = VM(one_gib, WITH_RCS(rcs));
	struct gpal_layout *from = resolve(&request), *to;
	struct gpal_changes *changes;

	rcs[0].end_bus = 127;
	to = resolve(&request);
	ck_assert_int_eq(gpal_compare(from, to, &changes, NULL), GPAL_OK);
	ck_assert(!changes->compatible);
	ck_assert(!changes->removes);
	gpal_changes_free(changes);
	gpal_layout_free(from);
	gpal_layout_free(to);
}
END_TEST

START_TEST(an_ecam_above_the_map_can_be_compared)
{
	struct gpal_root_complex rcs[] = { GPAL_ROOT_COMPLEX_INIT("rc0") };
	const struct gpal_request request = VM(one_gib, WITH_RCS(rcs));
	struct gpal_layout *layout = resolve(&request), *other = resolve(&request);
	struct gpal_layout_segment segment = other->segments[0];
	struct gpal_changes *changes;

	segment.ecam.start += 64 * GIB;
	segment.ecam.end += 64 * GIB;
	other->segments = &segment;
	ck_assert_int_eq(gpal_compare(layout, other, &changes, NULL), GPAL_OK);
	gpal_changes_free(changes);
	gpal_layout_free(layout);
	gpal_layout_free(other);
}
END_TEST

START_TEST(a_segment_above_all_others_is_a_fault)
{
	struct gpal_root_complex rcs[] = { GPAL_ROOT_COMPLEX_INIT("rc0") };
	const struct gpal_request request = VM(one_gib, WITH_RCS(rcs));
	struct gpal_layout *layout = resolve(&request);
	struct gpal_layout_root_complex rc = layout->root_complexes[0];
	char digest[GPAL_DIGEST_SIZE];
	struct gpal_check check;

	gpal_layout_digest(layout, digest);
	rc.segment = 7;
	layout->root_complexes = &rc;
	ck_assert_int_eq(gpal_layout_check(layout, digest, &check, NULL), GPAL_OK);
	ck_assert(!check.agrees);
	ck_assert_str_eq(check.pointer, "/pcie/root_complexes/0/ecam");
	gpal_layout_free(layout);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("memory of the core");

	add_test(suite, "ends", an_ecam_whose_root_complex_shrinks_is_no_removal);
	add_test(suite, "ends", an_ecam_above_the_map_can_be_compared);
	add_test(suite, "ends", a_segment_above_all_others_is_a_fault);
	add_rows(suite, "shortage", any_allocation_may_fail, COUNT_OF(attempts));
	return run_suite(suite);
}
