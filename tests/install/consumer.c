/* SPDX-License-Identifier: MIT */
/* Resolves a layout. `make installcheck` builds and runs it with the installed library. */
#include <gpalayout/gpalayout.h>
#include <inttypes.h>
#include <stdio.h>

int main(void)
{
	const uint64_t nodes[] = { UINT64_C(4) << 30 };
	const struct gpal_request request = { .nodes = nodes, .node_count = 1 };
	struct gpal_layout *layout;
	struct gpal_error error;

	if (gpal_resolve(&request, &layout, &error)) {
		fprintf(stderr, "%s: %s\n", gpal_code_token(error.code), error.message);
		return 1;
	}
	for (size_t i = 0; i < layout->map.count; i++)
		printf("%#14" PRIx64 " %#14" PRIx64 " %s\n", layout->map.entries[i].range.start,
		       layout->map.entries[i].range.end, layout->map.entries[i].tag);
	gpal_layout_free(layout);
	return 0;
}
