/* SPDX-License-Identifier: MIT */
/*
 * Compares two layouts part by part. parts.c lists the parts of both in the same order, so one pass
 * finds the pairs.
 */
#include "config.h"

#include "core/arena.h"
#include "core/error.h"
#include "core/parts.h"

#include <assert.h>
#include <gpalayout/compare.h>
#include <stdlib.h>
#include <string.h>

static const char *const change_names[] = { "moved", "resized", "added", "removed" };

static_assert(sizeof(change_names) / sizeof(change_names[0]) == GPAL_CHANGE_COUNT,
	      "each kind has a name");

const char *gpal_change_name(enum gpal_change_kind kind)
{
	return (unsigned int)kind < GPAL_CHANGE_COUNT ? change_names[kind] : NULL;
}

static bool is_same_range(struct gpal_range a, struct gpal_range b)
{
	return a.start == b.start && a.end == b.end;
}

/*
 * Returns true if the guest finds all addresses of a range where they were, for the same use. The
 * range may grow, but buses are counted from the bus-0 base, and virtio-mmio slots from the start
 * of the range.
 */
static bool is_in_place(const struct gpal_layout *layout, const struct gpald_part *from,
			const struct gpald_part *to)
{
	const struct gpal_range a = from->entry->range, b = to->entry->range;

	if (from->buses_of)
		return gpald_has_all_buses(from->buses_of, to->buses_of);
	if (from->segment && to->segment && from->segment->bus0_base != to->segment->bus0_base)
		return false;
	if (!gpald_part_has_same_use(from, to))
		return false;
	if (a.start == layout->virtio_mmio.start && a.start != b.start)
		return false;
	return b.start <= a.start && b.end >= a.end;
}

/*
 * Returns true if a change of this pair is reported. For a root complex, this is a change of its
 * segment or bus numbers; the addresses of its buses are reported with the ECAM of its segment. A
 * root complex that is added or removed is reported only if it has no range in the map, because
 * otherwise the changes of its ranges show it.
 */
static bool is_reported(const struct gpald_part *from, const struct gpald_part *to)
{
	const struct gpal_layout_root_complex *a = from ? from->buses_of : NULL;
	const struct gpal_layout_root_complex *b = to ? to->buses_of : NULL;

	if (!a && !b)
		return true;
	if (!a || !b)
		return a ? from->has_no_range : to->has_no_range;
	return !(gpald_has_all_buses(a, b) && gpald_has_all_buses(b, a));
}

/*
 * A range with another size is resized, otherwise it has moved. An ECAM has moved if its bus-0 base
 * differs, whatever its size; otherwise it is resized.
 */
static enum gpal_change_kind change_kind(const struct gpald_part *from, const struct gpald_part *to)
{
	if (!from)
		return GPAL_CHANGE_ADDED;
	if (!to)
		return GPAL_CHANGE_REMOVED;
	if (from->segment && to->segment)
		return from->segment->bus0_base == to->segment->bus0_base ? GPAL_CHANGE_RESIZED :
									    GPAL_CHANGE_MOVED;
	return gpal_range_size(from->entry->range) == gpal_range_size(to->entry->range) ?
		       GPAL_CHANGE_MOVED :
		       GPAL_CHANGE_RESIZED;
}

struct comparison {
	const struct gpal_layout *from;
	const struct gpald_part *to_parts;
	size_t to_count;
	struct gpal_changes *list;
	struct gpal_change *changes;
};

/* Returns true if the new layout lacks a part. If a RAM node has other extents, it is not gone. */
static bool is_gone(const struct comparison *c, const struct gpald_part *part)
{
	size_t count;

	gpald_find_parts(c->to_parts, c->to_count, part, &count);
	return count == 0;
}

/*
 * Returns true if an ECAM with the same base has lost buses because a root complex at one of its
 * ends is gone. The ECAM may also have new buses.
 */
static bool lost_root_complex(const struct comparison *c, const struct gpal_layout_segment *from,
			      const struct gpal_layout_segment *to)
{
	if (from->bus0_base != to->bus0_base ||
	    (to->start_bus <= from->start_bus && to->end_bus >= from->end_bus))
		return false;
	for (size_t i = 0; i < c->from->root_complex_count; i++) {
		const struct gpal_layout_root_complex *rc = &c->from->root_complexes[i];

		if (rc->segment == from->segment &&
		    (rc->start_bus < to->start_bus || rc->end_bus > to->end_bus)) {
			const struct gpald_part buses =
				gpald_part_to_find(rc->name, GPAL_IOMMU_NONE, rc);

			if (is_gone(c, &buses))
				return true;
		}
	}
	return false;
}

/* Adds the change of a pair, if there is one to report. One of the two may be NULL. */
static void add_change(const struct comparison *c, const struct gpald_part *from,
		       const struct gpald_part *to)
{
	struct gpal_change change = { .kind = change_kind(from, to),
				      .tag = to ? to->entry->tag : from->entry->tag,
				      .is_removal = !to && is_gone(c, from) };
	bool in_place;

	c->list->removes |= change.is_removal;
	if (!is_reported(from, to))
		return;
	in_place = !from || (to && is_in_place(c->from, from, to));

	if (from)
		change.from = from->entry->range;
	if (to)
		change.to = to->entry->range;
	if (in_place && is_same_range(change.from, change.to))
		return;
	if (!in_place)
		c->list->compatible = false;
	if (from && from->segment && to && to->segment)
		change.is_removal = lost_root_complex(c, from->segment, to->segment);
	c->changes[c->list->count++] = change;
}

static int compare_changes(const void *a, const void *b)
{
	const struct gpal_change *x = a, *y = b;
	const uint64_t at_x = gpal_range_is_empty(x->from) ? x->to.start : x->from.start;
	const uint64_t at_y = gpal_range_is_empty(y->from) ? y->to.start : y->from.start;

	if (at_x != at_y)
		return at_x < at_y ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return strcmp(x->tag, y->tag);
}

static bool compare_layout_parts(struct gpald_arena *arena, const struct gpal_layout *from,
				 const struct gpal_layout *to, struct gpal_changes *list)
{
	size_t from_count, to_count, i = 0, j = 0;
	struct gpald_part *from_parts = gpald_list_parts(arena, from, &from_count);
	struct gpald_part *to_parts = gpald_list_parts(arena, to, &to_count);
	struct gpal_change *changes = gpald_arena_alloc(
		arena,
		from->map.count + from->root_complex_count + to->map.count + to->root_complex_count,
		sizeof(*changes));
	const struct comparison c = { from, to_parts, to_count, list, changes };

	if (!from_parts || !to_parts || !changes)
		return false;
	list->compatible = from->arch == to->arch;
	while (i < from_count || j < to_count) {
		int order = i == from_count ? 1 : -1;

		if (i < from_count && j < to_count)
			order = gpald_part_compare(&from_parts[i], &to_parts[j]);
		add_change(&c, order <= 0 ? &from_parts[i] : NULL,
			   order >= 0 ? &to_parts[j] : NULL);
		i += order <= 0;
		j += order >= 0;
	}
	qsort(changes, list->count, sizeof(*changes), compare_changes);
	list->changes = changes;
	return true;
}

int gpal_compare(const struct gpal_layout *from, const struct gpal_layout *to,
		 struct gpal_changes **changes, struct gpal_error *error)
{
	struct gpald_arena *arena;
	struct gpal_changes *made = gpald_arena_new_object(0, sizeof(*made), &arena);

	*changes = NULL;
	if (!made)
		return gpald_fail_plain(error, GPAL_E_NO_MEMORY);
	if (!compare_layout_parts(arena, from, to, made)) {
		gpald_arena_free(arena);
		return gpald_fail_plain(error, GPAL_E_NO_MEMORY);
	}
	*changes = made;
	return GPAL_OK;
}

void gpal_changes_free(struct gpal_changes *changes)
{
	gpald_arena_free_object(changes);
}
