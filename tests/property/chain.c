/* SPDX-License-Identifier: MIT */
/* Makes updates, and continues with the resulting layout. */
#include "chain.h"

#include <string.h>

#define MIB UINT64_C(0x100000)
#define GIB UINT64_C(0x40000000)

/* Leaves so little room below 4 GiB that no RAM fits and ECAMs lie near their lowest address. */
static void cramp(struct random *random, struct gpal_request *request)
{
	static const uint64_t one_node[] = { 2 * GIB };

	request->nodes = one_node;
	request->node_count = 1;
	request->memory_start = (struct gpal_optional){ true, 0 };
	request->memory_low_window = 0;
	request->hotplug_room_count = 0;
	request->ecam = GPAL_ECAM_BELOW_4GIB;
	request->chipset_low_mmio.set = true;
	request->chipset_low_mmio.value = GPAL_4GIB - random_between(random, 258, 480) * MIB;
}

/* Adds so much RAM that what is above it ends in the last GiB of the address space. */
static void fill(struct request_case *filled, const struct gpal_layout *layout)
{
	struct gpal_request *request = &filled->request;
	uint64_t *nodes =
		blocks_take(&filled->blocks, (request->node_count + 1) * sizeof(*request->nodes));

	memcpy(nodes, request->nodes, request->node_count * sizeof(*nodes));
	nodes[request->node_count++] = (GPAL_SPACE_END - layout->top) / GIB * GIB;
	request->nodes = nodes;
	request->reserved_count = 0;
	request->host_physical_address_bits = 0;
}

/* Draws a request and resolves it. Returns false if it does not resolve. */
static bool draw_live(struct chain *chain)
{
	struct random *random = &chain->random;
	const bool full = random_once_in(random, 16);
	struct gpal_request *request;

	chain->before = request_case_draw(random_next(random));
	request = &chain->before->request;
	if (random_once_in(random, 10))
		cramp(random, request);
	if (full) {
		/* The ECAMs come after the RAM, and end a little below a whole GiB. */
		request->hotplug_room_count = 0;
		request->cxl_window_count = 0;
		request->chipset_high_mmio = (struct gpal_optional){ true, 900 * MIB };
		request->ecam = GPAL_ECAM_ABOVE_4GIB;
	}
	if (gpal_resolve(request, &chain->live, NULL) == GPAL_OK && full) {
		fill(chain->before, chain->live);
		gpal_layout_free(chain->live);
		if (gpal_resolve(request, &chain->live, NULL) != GPAL_OK)
			chain->live = NULL;
	}
	if (!chain->live)
		request_case_free(chain->before);
	return chain->live;
}

void chain_open(struct chain *chain, uint64_t seed)
{
	*chain = (struct chain){ .round.seed = seed, .random = { seed } };
	chain->left = (unsigned int)random_between(&chain->random, 1, 3);
	while (!draw_live(chain))
		;
}

/* A new layout is live from now on. A refused update has changed nothing. */
static void chain_settle(struct chain *chain)
{
	if (chain->code == GPAL_OK && chain->after) {
		gpal_layout_free(chain->live);
		request_case_free(chain->before);
		chain->live = chain->layout;
		chain->before = chain->after;
	} else {
		gpal_layout_free(chain->layout);
		request_case_free(chain->after);
	}
	chain->layout = NULL;
	chain->after = NULL;
}

static void request_update(struct chain *chain)
{
	size_t policies;
	const struct gpal_policy *policy = gpal_policies(&policies);
	const uint64_t choice = random_below(&chain->random, policies + 1);
	struct request_case *given;

	chain->after = request_case_change(&chain->before->request, chain->live,
					   random_next(&chain->random));
	chain->round.before = &chain->before->request;
	chain->round.request = &chain->after->request;
	chain->allow = (random_once_in(&chain->random, 3) ? GPAL_ALLOW_MOVES : 0u) |
		       (random_once_in(&chain->random, 4) ? 0u : GPAL_ALLOW_REMOVALS);

	/*
	 * The library ignores the policy that the request names, and the answer owns all its
	 * memory.
	 */
	given = request_case_copy(&chain->after->request);
	given->request.policy = choice < policies ? &policy[choice] : NULL;
	chain->after->request.policy = chain->live->policy;
	memset(&chain->error, 0x5a, sizeof(chain->error));
	chain->code = gpal_update(chain->live, &given->request, chain->allow, &chain->layout,
				  &chain->error);
	request_case_free(given);
}

bool chain_next(struct chain *chain)
{
	chain_settle(chain);
	if (chain->left > 0) {
		chain->left--;
		chain->done++;
		request_update(chain);
		return true;
	}
	gpal_layout_free(chain->live);
	request_case_free(chain->before);
	return false;
}
