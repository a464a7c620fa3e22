/* SPDX-License-Identifier: MIT */
/*
 * A second opinion on live layouts: what stays for a new request, what differs between two layouts,
 * and what is at an address. Parts of a layout are read from its members, not from its map, and
 * found by looking at all of them.
 */
#include "oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB UINT64_C(0x100000)

static bool overlap(struct gpal_range a, struct gpal_range b)
{
	return a.start < b.end && b.start < a.end;
}

static bool within(struct gpal_range range, uint64_t address)
{
	return range.start <= address && address < range.end;
}

/* Ranges that stay. */

static bool refuse(struct oracle *oracle)
{
	oracle->error.code = GPAL_E_WOULD_MOVE;
	return false;
}

/* Keeps one range of an item. No pinned range and no other kept range may be there. */
static bool stay(struct oracle *oracle, struct oracle_item *item, struct gpal_range range)
{
	if (range.end > GPAL_SPACE_END || range.end <= range.start)
		return refuse(oracle);
	for (size_t i = 0; i < oracle->item_count; i++) {
		const struct oracle_item *other = &oracle->items[i];

		if ((other->kind == GPAL_KIND_RESERVED || other->kind == GPAL_KIND_FIXED) &&
		    overlap(range, other->range))
			return refuse(oracle);
	}
	for (size_t i = 0; i < oracle->placed_count; i++) {
		if (overlap(range, oracle->placed[i].range))
			return refuse(oracle);
	}
	oracle_put(oracle, item, range);
	item->done = true;
	return true;
}

static bool is_tag_of(const struct gpal_map_entry *entry, const struct oracle_item *item)
{
	return entry->kind != GPAL_KIND_RESERVED && strcmp(entry->tag, item->tag) == 0;
}

/* A bus keeps its configuration space, whatever other buses there are. */
static bool keep_ecam(struct oracle *oracle, struct oracle_item *item, unsigned int number,
		      const struct gpal_layout *live, const struct gpal_request *request)
{
	unsigned int lowest = 255;
	unsigned int highest = 0;

	for (size_t i = 0; i < request->root_complex_count; i++) {
		const struct gpal_root_complex *rc = &request->root_complexes[i];

		if (rc->segment == number && rc->start_bus < lowest)
			lowest = rc->start_bus;
		if (rc->segment == number && rc->end_bus > highest)
			highest = rc->end_bus;
	}
	for (size_t i = 0; i < live->segment_count; i++) {
		/*
		 * Computes where bus 0 of the live block is, without relying on the layout's own
		 * member.
		 */
		const uint64_t bus_0 =
			live->segments[i].ecam.start - live->segments[i].start_bus * MIB;

		if (live->segments[i].segment != number)
			continue;
		/* Refuses if the request wants the ECAM on the other side of 4 GiB. */
		for (size_t e = 0; e < live->map.count; e++) {
			if (is_tag_of(&live->map.entries[e], item) &&
			    live->map.entries[e].kind != item->kind)
				return refuse(oracle);
		}
		return stay(
			oracle, item,
			(struct gpal_range){ bus_0 + lowest * MIB, bus_0 + (highest + 1) * MIB });
	}
	return true;
}

/* An IOMMU of another kind is another device. */
static bool keep_iommu(struct oracle *oracle, struct oracle_item *item,
		       const struct gpal_root_complex *rc, const struct gpal_layout *live)
{
	for (size_t i = 0; i < live->iommu_count; i++) {
		const struct gpal_range range = live->iommus[i].range;

		if (live->iommu == rc->iommu && strcmp(live->iommus[i].root_complex, rc->name) == 0)
			return stay(oracle, item, range);
	}
	return true;
}

static bool keep_pinned(struct oracle *oracle, const struct oracle_item *item,
			const struct gpal_layout *live)
{
	for (size_t i = 0; i < live->map.count; i++) {
		const struct gpal_map_entry *entry = &live->map.entries[i];

		if (is_tag_of(entry, item) && (entry->range.start != item->range.start ||
					       entry->range.end != item->range.end))
			return refuse(oracle);
	}
	return true;
}

bool oracle_same_interleaving(const char *const *targets, size_t target_count, uint32_t granularity,
			      const struct gpal_layout_cxl_window *live)
{
	bool same = target_count == live->target_count &&
		    (granularity ? granularity : 256) == live->granularity;

	for (size_t i = 0; i < target_count && same; i++)
		same = strcmp(targets[i], live->targets[i]) == 0;
	return same;
}

/*
 * Keeps the RAM of a node with a low window. Such a node has two items. One extent must be exactly
 * the window, which is the first item; the other extents belong to the second.
 */
static bool keep_low_window(struct oracle *oracle, struct oracle_item *item,
			    const struct gpal_layout *live, const struct gpal_request *request)
{
	const bool is_first = item->ceiling > 0;
	bool found = false, kept = true;
	uint64_t size = 0;

	for (size_t i = 0; i < live->map.count; i++) {
		const struct gpal_range range = live->map.entries[i].range;

		if (!is_tag_of(&live->map.entries[i], item))
			continue;
		size += range.end - range.start;
		found |= range.start == 0 && range.end == request->memory_low_window;
	}
	if (size == 0)
		return true;
	if (!found || size != request->nodes[0])
		return refuse(oracle);
	for (size_t i = 0; i < live->map.count && kept; i++) {
		if (is_tag_of(&live->map.entries[i], item) &&
		    is_first == (live->map.entries[i].range.start == 0))
			kept = stay(oracle, item, live->map.entries[i].range);
	}
	return kept;
}

/* Returns true if the range now serves another purpose, wherever it is. */
static bool serves_another(const struct oracle_item *item, const struct gpal_layout *live,
			   const struct gpal_request *request)
{
	const size_t index = item->subject_index;
	char tag[ORACLE_TAG_SIZE];

	if (item->subject == GPAL_SUBJECT_HOTPLUG_SIZE) {
		return index < live->hotplug_room_count &&
		       live->hotplug_rooms[index].node != request->hotplug_rooms[index].node;
	}
	if (item->subject != GPAL_SUBJECT_CXL_WINDOW_SIZE)
		return false;
	for (size_t i = 0; i < live->cxl_window_count; i++) {
		const struct gpal_cxl_window *window = &request->cxl_windows[index];

		snprintf(tag, sizeof(tag), "cxl-window-%s", live->cxl_windows[i].name);
		if (strcmp(tag, item->tag) == 0)
			return !oracle_same_interleaving(window->targets, window->target_count,
							 window->granularity,
							 &live->cxl_windows[i]);
	}
	return false;
}

static bool keep_by_tag(struct oracle *oracle, struct oracle_item *item,
			const struct gpal_layout *live)
{
	uint64_t size = 0;
	bool kept = true;

	for (size_t i = 0; i < live->map.count; i++) {
		if (is_tag_of(&live->map.entries[i], item))
			size += live->map.entries[i].range.end - live->map.entries[i].range.start;
	}
	if (size != 0 && size != item->size)
		return refuse(oracle);
	if (strcmp(item->tag, "vtl2") == 0 && live->vtl2_memory.start % item->alignment)
		return refuse(oracle);
	for (size_t i = 0; i < live->map.count && kept; i++) {
		if (is_tag_of(&live->map.entries[i], item) && item->states_alignment &&
		    item->alignment != 0 && live->map.entries[i].range.start % item->alignment != 0)
			return refuse(oracle);
		if (is_tag_of(&live->map.entries[i], item))
			kept = stay(oracle, item, live->map.entries[i].range);
	}
	return kept;
}

static bool keep_item(struct oracle *oracle, struct oracle_item *item,
		      const struct gpal_layout *live, const struct gpal_request *request)
{
	unsigned int number;
	int length = 0;

	if (item->kind == GPAL_KIND_RESERVED)
		return true;
	if (item->kind == GPAL_KIND_FIXED)
		return keep_pinned(oracle, item, live);
	if (item->subject == GPAL_SUBJECT_ROOT_COMPLEX_IOMMU)
		return keep_iommu(oracle, item, &request->root_complexes[item->subject_index],
				  live);
	if (sscanf(item->tag, "pcie-seg%u-ecam%n", &number, &length) == 1 && length > 0 &&
	    !item->tag[length])
		return keep_ecam(oracle, item, number, live, request);
	if (serves_another(item, live, request))
		return refuse(oracle);
	if (request->memory_low_window > 0 && strcmp(item->tag, "ram0") == 0)
		return keep_low_window(oracle, item, live, request);
	return keep_by_tag(oracle, item, live);
}

/* Returns the root complex of that name, or NULL. */
static const struct gpal_layout_root_complex *find_rc(const struct gpal_layout *layout,
						      const char *name)
{
	for (size_t i = 0; i < layout->root_complex_count; i++) {
		if (strcmp(layout->root_complexes[i].name, name) == 0)
			return &layout->root_complexes[i];
	}
	return NULL;
}

bool oracle_keep(struct oracle *oracle, const struct gpal_layout *live,
		 const struct gpal_request *request)
{
	if (live->arch != request->arch)
		return refuse(oracle);
	for (size_t i = 0; i < request->root_complex_count; i++) {
		const struct gpal_root_complex *rc = &request->root_complexes[i];
		const struct gpal_layout_root_complex *had = find_rc(live, rc->name);

		/* A root complex that stays must still have each of its old buses. */
		for (unsigned int bus = 0; had && bus < 256; bus++) {
			if (bus >= had->start_bus && bus <= had->end_bus &&
			    (rc->segment != had->segment || bus < rc->start_bus ||
			     bus > rc->end_bus))
				return refuse(oracle);
		}
	}
	for (size_t i = 0; i < oracle->item_count; i++) {
		if (!keep_item(oracle, &oracle->items[i], live, request))
			return false;
	}
	return true;
}

static bool is_asked_for(const struct oracle *oracle, const struct gpal_request *request,
			 const struct oracle_part *part, enum gpal_iommu kind)
{
	for (size_t i = 0; i < oracle->item_count; i++) {
		const struct oracle_item *item = &oracle->items[i];

		if (item->kind == GPAL_KIND_RESERVED)
			continue;
		if (item->subject == GPAL_SUBJECT_ROOT_COMPLEX_IOMMU && part->is_iommu) {
			const struct gpal_root_complex *rc =
				&request->root_complexes[item->subject_index];

			if (rc->iommu == kind && strcmp(rc->name, part->root_complex) == 0)
				return true;
		} else if (!part->is_iommu && strcmp(item->tag, part->tag) == 0) {
			return true;
		}
	}
	return false;
}

bool oracle_drops(const struct oracle *oracle, const struct gpal_layout *live,
		  const struct gpal_request *request)
{
	size_t count;
	struct oracle_part *parts = oracle_list_parts(live, &count);
	bool drops = false;

	for (size_t i = 0; i < count; i++)
		drops |= !is_asked_for(oracle, request, &parts[i], live->iommu);
	free(parts);
	for (size_t i = 0; i < live->root_complex_count; i++) {
		bool stays = false;

		for (size_t j = 0; j < request->root_complex_count; j++)
			stays |= strcmp(request->root_complexes[j].name,
					live->root_complexes[i].name) == 0;
		drops |= !stays;
	}
	return drops;
}

/* Parts. */

struct parts {
	struct oracle_part *list;
	size_t count;
};

static struct oracle_part *add_part(struct parts *parts, const char *tag, struct gpal_range range)
{
	struct oracle_part *part;

	if (range.end <= range.start)
		return NULL;
	part = &parts->list[parts->count++];
	snprintf(part->tag, sizeof(part->tag), "%s", tag);
	snprintf(part->key, sizeof(part->key), "%s", tag);
	part->range = range;
	return part;
}

static void add_ram(struct parts *parts, const struct gpal_layout *layout)
{
	for (size_t i = 0; i < layout->ram_count; i++) {
		const struct gpal_ram_extent *extent = &layout->ram[i];
		struct oracle_part *part = add_part(parts, "", extent->range);
		size_t below = 0;

		for (size_t j = 0; j < layout->ram_count; j++)
			below += layout->ram[j].node == extent->node &&
				 layout->ram[j].range.start < extent->range.start;
		snprintf(part->tag, sizeof(part->tag), "ram%u", (unsigned int)extent->node);
		snprintf(part->key, sizeof(part->key), "ram%u extent %zu",
			 (unsigned int)extent->node, below);
		part->has_node = true;
		part->node = extent->node;
	}
}

static void add_window(struct parts *parts, const char *name, const char *what,
		       struct gpal_range range)
{
	char tag[ORACLE_TAG_SIZE];
	struct oracle_part *part;

	snprintf(tag, sizeof(tag), "pcie-%s-%s", name, what);
	part = add_part(parts, tag, range);
	if (part)
		part->root_complex = name;
}

static void add_pcie(struct parts *parts, const struct gpal_layout *layout)
{
	const char *stem = layout->iommu == GPAL_IOMMU_SMMUV3 ? "smmu" :
			   layout->iommu == GPAL_IOMMU_AMD_VI ? "amd-iommu" :
								"intel-vtd";
	char tag[ORACLE_TAG_SIZE];

	for (size_t i = 0; i < layout->segment_count; i++) {
		const struct gpal_layout_segment *segment = &layout->segments[i];
		struct oracle_part *part;

		snprintf(tag, sizeof(tag), "pcie-seg%u-ecam", (unsigned int)segment->segment);
		part = add_part(parts, tag, segment->ecam);
		part->is_ecam = true;
		part->bus0_base = segment->ecam.start - segment->start_bus * MIB;
	}
	for (size_t i = 0; i < layout->root_complex_count; i++) {
		const struct gpal_layout_root_complex *rc = &layout->root_complexes[i];

		add_window(parts, rc->name, "low-mmio", rc->low_mmio);
		add_window(parts, rc->name, "high-mmio", rc->high_mmio);
		add_window(parts, rc->name, "cxl-hdm", rc->cxl_hdm);
		add_window(parts, rc->name, "cxl-chbcr", rc->cxl_chbcr);
	}
	for (size_t i = 0; i < layout->iommu_count; i++) {
		struct oracle_part *part;

		snprintf(tag, sizeof(tag), "%s-%zu", stem, i);
		part = add_part(parts, tag, layout->iommus[i].range);
		part->root_complex = layout->iommus[i].root_complex;
		part->is_iommu = true;
		snprintf(part->key, sizeof(part->key), "%s of %s", stem, part->root_complex);
	}
}

static void add_rooms_and_cxl_windows(struct parts *parts, const struct gpal_layout *layout)
{
	char tag[ORACLE_TAG_SIZE];

	for (size_t i = 0; i < layout->hotplug_room_count; i++) {
		snprintf(tag, sizeof(tag), "hotplug-%zu", i);
		add_part(parts, tag, layout->hotplug_rooms[i].range)->room =
			&layout->hotplug_rooms[i];
	}
	for (size_t i = 0; i < layout->cxl_window_count; i++) {
		snprintf(tag, sizeof(tag), "cxl-window-%s", layout->cxl_windows[i].name);
		add_part(parts, tag, layout->cxl_windows[i].range)->cxl_window =
			&layout->cxl_windows[i];
	}
}

struct oracle_part *oracle_list_parts(const struct gpal_layout *layout, size_t *count)
{
	const size_t most = 6 + layout->ram_count + layout->segment_count +
			    4 * layout->root_complex_count + layout->iommu_count +
			    layout->hotplug_room_count + layout->cxl_window_count;
	struct parts parts = { .list = oracle_zalloc(most, sizeof(struct oracle_part)) };

	add_ram(&parts, layout);
	add_pcie(&parts, layout);
	add_part(&parts, "chipset-low-mmio", layout->chipset_low_mmio);
	add_part(&parts, "chipset-high-mmio", layout->chipset_high_mmio);
	add_part(&parts, "virtio-mmio", layout->virtio_mmio);
	add_rooms_and_cxl_windows(&parts, layout);
	add_part(&parts, "vtl2-chipset-mmio", layout->vtl2_chipset_mmio);
	add_part(&parts, "vtl2", layout->vtl2_memory);
	add_part(&parts, "vtl2-framebuffer", layout->vtl2_framebuffer);
	*count = parts.count;
	return parts.list;
}

/* Changes. */

static const struct oracle_part *find_part(const struct oracle_part *parts, size_t count,
					   const char *key)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(parts[i].key, key) == 0)
			return &parts[i];
	}
	return NULL;
}

/* Returns true if a guest that knows `a` finds all of it in `b`. */
static bool is_found(const struct oracle_part *a, const struct oracle_part *b)
{
	if (a->is_ecam && a->bus0_base != b->bus0_base)
		return false;
	if (a->room && a->room->node != b->room->node)
		return false;
	if (a->cxl_window &&
	    !oracle_same_interleaving(a->cxl_window->targets, a->cxl_window->target_count,
				      a->cxl_window->granularity, b->cxl_window))
		return false;
	/* Slots are numbered from the start of the range, so the start must not move. */
	if (strcmp(a->key, "virtio-mmio") == 0 && a->range.start != b->range.start)
		return false;
	return b->range.start <= a->range.start && a->range.end <= b->range.end;
}

static enum gpal_change_kind kind_of_change(const struct oracle_part *a,
					    const struct oracle_part *b)
{
	if (a->is_ecam)
		return a->bus0_base == b->bus0_base ? GPAL_CHANGE_RESIZED : GPAL_CHANGE_MOVED;
	return a->range.end - a->range.start == b->range.end - b->range.start ? GPAL_CHANGE_MOVED :
										GPAL_CHANGE_RESIZED;
}

static uint64_t address_of(const struct oracle_change *change)
{
	return change->kind == GPAL_CHANGE_ADDED ? change->to.start : change->from.start;
}

static bool comes_before(const struct oracle_change *a, const struct oracle_change *b)
{
	if (address_of(a) != address_of(b))
		return address_of(a) < address_of(b);
	return a->kind != b->kind ? a->kind < b->kind : strcmp(a->tag, b->tag) < 0;
}

/* Inserts in ascending order of addresses. At the same address the kind decides, then the tag. */
static void add_change(struct oracle_change *list, size_t *count,
		       const struct oracle_change *change)
{
	size_t at = (*count)++;

	while (at > 0 && comes_before(change, &list[at - 1])) {
		list[at] = list[at - 1];
		at--;
	}
	list[at] = *change;
}

/*
 * Returns true if a root complex is gone and its configuration space, which was in `a`, is not in
 * `b`.
 */
static bool lost_root_complex(const struct gpal_layout *from, const struct gpal_layout *to,
			      const struct oracle_part *a, const struct oracle_part *b)
{
	for (size_t i = 0; i < from->root_complex_count; i++) {
		const struct gpal_layout_root_complex *rc = &from->root_complexes[i];
		const bool inside = within(a->range, rc->ecam.start);

		if (inside && !find_rc(to, rc->name) && a->bus0_base == b->bus0_base &&
		    (!within(b->range, rc->ecam.start) || !within(b->range, rc->ecam.end - 1)))
			return true;
	}
	return false;
}

/* Returns true if a root complex has only buses. */
static bool is_bare(const struct gpal_layout *layout, const struct gpal_layout_root_complex *rc)
{
	for (size_t i = 0; i < layout->iommu_count; i++) {
		if (strcmp(layout->iommus[i].root_complex, rc->name) == 0)
			return false;
	}
	return rc->low_mmio.end == 0 && rc->high_mmio.end == 0 && rc->cxl_chbcr.end == 0;
}

static bool has_tag(const struct oracle_part *parts, size_t count, const char *tag)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(parts[i].tag, tag) == 0)
			return true;
	}
	return false;
}

struct oracle_change *oracle_compare(const struct gpal_layout *from, const struct gpal_layout *to,
				     size_t *count, bool *compatible)
{
	size_t old_count;
	size_t new_count;
	struct oracle_part *old = oracle_list_parts(from, &old_count);
	struct oracle_part *new = oracle_list_parts(to, &new_count);
	struct oracle_change *list = oracle_zalloc(
		old_count + new_count + from->root_complex_count + to->root_complex_count,
		sizeof(*list));

	*count = 0;
	*compatible = from->arch == to->arch;
	for (size_t i = 0; i < old_count; i++) {
		const struct oracle_part *a = &old[i];
		const struct oracle_part *b = find_part(new, new_count, a->key);
		struct oracle_change change = { .from = a->range };

		if (!b || !is_found(a, b))
			*compatible = false;
		if (b && is_found(a, b) && is_found(b, a))
			continue;
		change.kind = b ? kind_of_change(a, b) : GPAL_CHANGE_REMOVED;
		change.to = b ? b->range : (struct gpal_range){ 0, 0 };
		change.is_removal = b ? a->is_ecam && lost_root_complex(from, to, a, b) :
					!(a->has_node && has_tag(new, new_count, a->tag));
		memcpy(change.tag, b ? b->tag : a->tag, sizeof(change.tag));
		add_change(list, count, &change);
	}
	for (size_t i = 0; i < new_count; i++) {
		struct oracle_change change = { .kind = GPAL_CHANGE_ADDED, .to = new[i].range };

		if (find_part(old, old_count, new[i].key))
			continue;
		memcpy(change.tag, new[i].tag, sizeof(change.tag));
		add_change(list, count, &change);
	}
	for (size_t i = 0; i < from->root_complex_count; i++) {
		const struct gpal_layout_root_complex *a = &from->root_complexes[i];
		const struct gpal_layout_root_complex *b = find_rc(to, a->name);
		struct oracle_change change = { .kind = GPAL_CHANGE_RESIZED, .from = a->ecam };

		if (!b && is_bare(from, a)) {
			*compatible = false;
			change.kind = GPAL_CHANGE_REMOVED;
			change.is_removal = true;
			snprintf(change.tag, sizeof(change.tag), "pcie-%s-ecam", a->name);
			add_change(list, count, &change);
		}
		if (!b || (a->segment == b->segment && a->start_bus == b->start_bus &&
			   a->end_bus == b->end_bus))
			continue;
		if (a->end_bus - a->start_bus == b->end_bus - b->start_bus)
			change.kind = GPAL_CHANGE_MOVED;
		if (a->segment != b->segment || b->start_bus > a->start_bus ||
		    b->end_bus < a->end_bus)
			*compatible = false;
		change.to = b->ecam;
		snprintf(change.tag, sizeof(change.tag), "pcie-%s-ecam", a->name);
		add_change(list, count, &change);
	}
	for (size_t i = 0; i < to->root_complex_count; i++) {
		const struct gpal_layout_root_complex *b = &to->root_complexes[i];
		struct oracle_change change = { .kind = GPAL_CHANGE_ADDED, .to = b->ecam };

		if (find_rc(from, b->name) || !is_bare(to, b))
			continue;
		snprintf(change.tag, sizeof(change.tag), "pcie-%s-ecam", b->name);
		add_change(list, count, &change);
	}
	free(old);
	free(new);
	return list;
}

/* Probing. */

/* Narrows the free gap around an address by a taken range. */
static void narrow_gap(struct gpal_range *gap, struct gpal_range range, uint64_t address)
{
	if (range.end <= address && range.end > gap->start)
		gap->start = range.end;
	if (range.start > address && range.start < gap->end)
		gap->end = range.start;
}

static void describe(struct gpal_probe *probe, const char *tag, enum gpal_kind kind,
		     struct gpal_range range, uint64_t address)
{
	probe->is_free = false;
	snprintf(probe->tag, sizeof(probe->tag), "%.*s", GPAL_ERROR_TAG_MAX, tag);
	probe->kind = kind;
	probe->range = range;
	probe->offset = address - range.start;
}

static void find_owner(struct gpal_probe *probe, const struct gpal_layout *layout, uint64_t address)
{
	size_t count;
	struct oracle_part *parts = oracle_list_parts(layout, &count);

	for (size_t i = 0; i < count; i++) {
		if (!within(parts[i].range, address))
			continue;
		probe->has_node = parts[i].has_node;
		probe->node = parts[i].node;
		probe->root_complex = parts[i].root_complex;
		for (size_t r = 0; parts[i].is_ecam && r < layout->root_complex_count; r++) {
			if (within(layout->root_complexes[r].ecam, address))
				probe->root_complex = layout->root_complexes[r].name;
		}
		if (strcmp(parts[i].key, "virtio-mmio") == 0) {
			probe->has_slot = true;
			probe->slot = (uint32_t)((address - parts[i].range.start) / 4096);
		}
	}
	free(parts);
	for (size_t i = 0; i < layout->hotplug_room_count; i++) {
		if (within(layout->hotplug_rooms[i].range, address)) {
			probe->has_node = true;
			probe->node = layout->hotplug_rooms[i].node;
		}
	}
}

static void look_at_reserved(struct gpal_probe *probe, struct gpal_named_range reserved,
			     uint64_t address)
{
	char tag[ORACLE_TAG_SIZE];

	narrow_gap(&probe->range, reserved.range, address);
	snprintf(tag, sizeof(tag), "reserved-%s", reserved.name);
	if (within(reserved.range, address))
		describe(probe, tag, GPAL_KIND_RESERVED, reserved.range, address);
}

struct gpal_probe oracle_probe(const struct gpal_layout *layout, const struct gpal_request *request,
			       uint64_t address)
{
	struct gpal_probe probe = { .is_free = true, .range = { 0, GPAL_SPACE_END } };

	for (size_t i = 0; i < layout->map.count && probe.is_free; i++) {
		const struct gpal_map_entry *entry = &layout->map.entries[i];

		narrow_gap(&probe.range, entry->range, address);
		if (within(entry->range, address))
			describe(&probe, entry->tag, entry->kind, entry->range, address);
	}
	for (size_t i = 0; request && i < request->reserved_count && probe.is_free; i++)
		look_at_reserved(&probe, request->reserved[i], address);
	for (size_t i = 0; request && i < request->host_hole_count && probe.is_free; i++)
		look_at_reserved(&probe, oracle_hole(request->host_holes[i]), address);
	if (!probe.is_free && probe.kind != GPAL_KIND_RESERVED)
		find_owner(&probe, layout, address);
	return probe;
}
