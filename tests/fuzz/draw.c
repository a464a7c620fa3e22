/* SPDX-License-Identifier: MIT */
/* A table of edits: a row for each thing that a request can say. */
#include "config.h"

#include "tests/fuzz/draw.h"

#include <string.h>

/* Unusual ones among them, because tags and digests contain names. */
static const char *const names[] = { "rc0", "rc1", "rc2", "rc3", "a", "ram0", "b:1", "pcie-rc0" };

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

uint64_t draw_size(struct fuzz_bytes *bytes)
{
	const uint8_t form = fuzz_u8(bytes);
	const uint64_t power = UINT64_C(1) << (form & 0x3f);

	switch (form >> 6) {
	case 0:
		return power;
	case 1:
		return power + fuzz_u8(bytes) * GPAL_PAGE_SIZE;
	case 2:
		return power - fuzz_u8(bytes) * GPAL_PAGE_SIZE;
	default:
		return fuzz_number(bytes, 2) * power;
	}
}

static struct gpal_optional draw_optional(struct fuzz_bytes *bytes)
{
	struct gpal_optional optional = { .set = fuzz_u8(bytes) & 1 };

	if (optional.set)
		optional.value = draw_size(bytes);
	return optional;
}

/* Anywhere, or where something of the live layout is, or a part of that. */
static struct gpal_range draw_range(struct fuzz_bytes *bytes, const struct gpal_layout *live)
{
	const uint8_t choice = fuzz_u8(bytes);
	struct gpal_range range;

	if (live && choice & 1) {
		range = live->map.entries[fuzz_below(bytes, live->map.count)].range;
		range.start += (choice >> 1 & 3) * GPAL_PAGE_SIZE;
		range.end += (choice >> 3 & 3) * GPAL_PAGE_SIZE;
		return range;
	}
	range.start = draw_size(bytes);
	range.end = range.start + draw_size(bytes);
	return range;
}

static struct gpal_window draw_window(struct fuzz_bytes *bytes, const struct gpal_layout *live)
{
	struct gpal_window window = { .kind = (enum gpal_window_kind)fuzz_below(
					      bytes, GPAL_WINDOW_COUNT) };

	if (window.kind == GPAL_WINDOW_SIZE)
		window.size = draw_size(bytes);
	if (window.kind == GPAL_WINDOW_PINNED)
		window.range = draw_range(bytes, live);
	return window;
}

/* Edits. */

struct edit {
	struct drawn *drawn;
	struct fuzz_bytes *bytes;
	const struct gpal_layout *live;
};

static void edit_machine(const struct edit *e)
{
	struct gpal_request *r = &e->drawn->request;
	const uint8_t byte = fuzz_u8(e->bytes);
	size_t count;
	const struct gpal_policy *policies = gpal_policies(&count);

	r->arch = byte & 1 ? GPAL_ARCH_AARCH64 : GPAL_ARCH_X86_64;
	r->profile = (enum gpal_profile)((byte >> 1) % GPAL_PROFILE_COUNT);
	r->policy = &policies[fuzz_below(e->bytes, count)];
}

static void edit_node(const struct edit *e)
{
	struct gpal_request *r = &e->drawn->request;
	const size_t at = fuzz_below(e->bytes, DRAWN_NODES);
	const size_t index = at < r->node_count ? at : r->node_count;

	if (index == r->node_count)
		r->node_count++;
	e->drawn->nodes[index] = fuzz_u8(e->bytes) & 1 ? draw_size(e->bytes) :
							 fuzz_u8(e->bytes) * (UINT64_C(64) << 20);
}

static void edit_node_count(const struct edit *e)
{
	const size_t count = fuzz_below(e->bytes, e->drawn->request.node_count + 1);

	e->drawn->request.node_count = count;
}

static void edit_memory_start(const struct edit *e)
{
	e->drawn->request.memory_start = draw_optional(e->bytes);
}

static void edit_chipset_low(const struct edit *e)
{
	e->drawn->request.chipset_low_mmio = draw_optional(e->bytes);
}

static void edit_chipset_high(const struct edit *e)
{
	e->drawn->request.chipset_high_mmio = draw_optional(e->bytes);
}

static void edit_ecam(const struct edit *e)
{
	e->drawn->request.ecam = (enum gpal_ecam)fuzz_below(e->bytes, GPAL_ECAM_COUNT);
}

/* The root complex to be changed; NULL: there is none. */
static struct gpal_root_complex *take_root_complex(const struct edit *e)
{
	const size_t count = e->drawn->request.root_complex_count;
	const size_t at = fuzz_below(e->bytes, DRAWN_ROOT_COMPLEXES);

	return count > 0 ? &e->drawn->root_complexes[at % count] : NULL;
}

static void edit_buses_of(const struct edit *e, struct gpal_root_complex *rc)
{
	rc->segment = (uint16_t)fuzz_below(e->bytes, 3);
	rc->start_bus = fuzz_u8(e->bytes);
	rc->end_bus = fuzz_u8(e->bytes);
}

static void edit_more_root_complexes(const struct edit *e)
{
	struct gpal_request *r = &e->drawn->request;
	struct gpal_root_complex *rc;

	if (r->root_complex_count == DRAWN_ROOT_COMPLEXES)
		return;
	rc = &e->drawn->root_complexes[r->root_complex_count++];
	*rc = (struct gpal_root_complex)GPAL_ROOT_COMPLEX_INIT(
		names[fuzz_below(e->bytes, COUNT_OF(names))]);
	edit_buses_of(e, rc);
}

static void edit_fewer_root_complexes(const struct edit *e)
{
	struct gpal_root_complex *rc = take_root_complex(e);

	if (rc)
		*rc = e->drawn->root_complexes[--e->drawn->request.root_complex_count];
}

static void edit_buses(const struct edit *e)
{
	struct gpal_root_complex *rc = take_root_complex(e);

	if (rc)
		edit_buses_of(e, rc);
}

static void edit_low_window(const struct edit *e)
{
	struct gpal_root_complex *rc = take_root_complex(e);

	if (rc)
		rc->low_mmio = draw_window(e->bytes, e->live);
}

static void edit_high_window(const struct edit *e)
{
	struct gpal_root_complex *rc = take_root_complex(e);

	if (rc)
		rc->high_mmio = draw_window(e->bytes, e->live);
}

static void edit_cxl(const struct edit *e)
{
	struct gpal_root_complex *rc = take_root_complex(e);

	if (!rc)
		return;
	rc->has_cxl = fuzz_u8(e->bytes) & 1;
	rc->cxl_hdm = rc->has_cxl ? draw_size(e->bytes) : 0;
}

static void edit_iommu(const struct edit *e)
{
	struct gpal_root_complex *rc = take_root_complex(e);

	if (rc)
		rc->iommu = (enum gpal_iommu)fuzz_below(e->bytes, GPAL_IOMMU_COUNT);
}

static void edit_node_of_root_complex(const struct edit *e)
{
	struct gpal_root_complex *rc = take_root_complex(e);

	if (!rc)
		return;
	rc->has_node = fuzz_u8(e->bytes) & 1;
	rc->node = rc->has_node ? fuzz_u8(e->bytes) % DRAWN_NODES : 0;
}

static void edit_slots(const struct edit *e)
{
	const uint8_t byte = fuzz_u8(e->bytes);

	/* Rarely many, because each of them takes time. */
	e->drawn->request.virtio_mmio_slots = byte < 0xf0 ? byte % 8 : byte;
}

static void edit_vtl2_chipset(const struct edit *e)
{
	e->drawn->request.vtl2_chipset_mmio = draw_optional(e->bytes);
}

static void edit_vtl2_memory(const struct edit *e)
{
	struct gpal_request *r = &e->drawn->request;

	r->has_vtl2_memory = fuzz_u8(e->bytes) & 1;
	r->vtl2_memory_size = r->has_vtl2_memory ? draw_size(e->bytes) : 0;
	r->vtl2_memory_alignment = r->has_vtl2_memory ? draw_size(e->bytes) : 0;
}

static void edit_framebuffer(const struct edit *e)
{
	e->drawn->request.vtl2_framebuffer = fuzz_u8(e->bytes) & 1 ? draw_size(e->bytes) : 0;
}

static void edit_more_reserved(const struct edit *e)
{
	struct gpal_request *r = &e->drawn->request;
	const size_t at = r->reserved_count;

	if (at == DRAWN_RESERVED)
		return;
	e->drawn->reserved[at].name = names[fuzz_below(e->bytes, COUNT_OF(names))];
	e->drawn->reserved[at].range = draw_range(e->bytes, e->live);
	r->reserved_count++;
}

static void edit_fewer_reserved(const struct edit *e)
{
	struct gpal_request *r = &e->drawn->request;
	const size_t at = fuzz_below(e->bytes, DRAWN_RESERVED);

	if (r->reserved_count == 0)
		return;
	r->reserved_count--;
	e->drawn->reserved[at % (r->reserved_count + 1)] = e->drawn->reserved[r->reserved_count];
}

static void edit_host_bits(const struct edit *e)
{
	e->drawn->request.host_physical_address_bits = (unsigned int)fuzz_below(e->bytes, 65);
}

static void (*const edits[])(const struct edit *e) = {
	edit_machine,
	edit_node,
	edit_node_count,
	edit_memory_start,
	edit_chipset_low,
	edit_chipset_high,
	edit_ecam,
	edit_more_root_complexes,
	edit_fewer_root_complexes,
	edit_buses,
	edit_low_window,
	edit_high_window,
	edit_cxl,
	edit_iommu,
	edit_node_of_root_complex,
	edit_slots,
	edit_vtl2_chipset,
	edit_vtl2_memory,
	edit_framebuffer,
	edit_more_reserved,
	edit_fewer_reserved,
	edit_host_bits,
};

static void lead_in(struct drawn *drawn)
{
	drawn->request.nodes = drawn->nodes;
	drawn->request.root_complexes = drawn->root_complexes;
	drawn->request.reserved = drawn->reserved;
}

void drawn_init(struct drawn *drawn)
{
	*drawn = (struct drawn){
		.request = { .policy = gpal_policy_default(), .node_count = 1 },
		.nodes = { UINT64_C(1) << 30 },
	};
	lead_in(drawn);
}

void drawn_copy(struct drawn *copy, const struct drawn *drawn)
{
	*copy = *drawn;
	lead_in(copy);
}

void drawn_edit(struct drawn *drawn, struct fuzz_bytes *bytes, size_t most,
		const struct gpal_layout *live)
{
	const struct edit e = { drawn, bytes, live };

	for (size_t i = 0; i < most && bytes->next < bytes->end; i++)
		edits[fuzz_below(bytes, COUNT_OF(edits))](&e);
}
