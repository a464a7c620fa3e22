/* SPDX-License-Identifier: MIT */
/* A C++ program that includes every header and calls a function of each library. */
#include <gpalayout/client.h>
#include <gpalayout/gpalayout.h>

#include <cstdio>
#include <cstring>

int main()
{
	const uint64_t nodes[] = { UINT64_C(4) << 30 };
	gpal_root_complex rc = GPAL_ROOT_COMPLEX_INIT("rc0");
	gpal_request request = {};
	gpal_layout *layout;
	gpal_error error;
	gpal_client *client;
	gpal_client_error client_error;

	rc.end_bus = 31;
	request.nodes = nodes;
	request.node_count = 1;
	request.root_complexes = &rc;
	request.root_complex_count = 1;
	if (gpal_resolve(&request, &layout, &error) != 0) {
		std::fprintf(stderr, "%s\n", error.message);
		return 1;
	}
	std::printf("%s\n", layout->map.entries[0].tag);
	gpal_layout_free(layout);
	/* No daemon listens on this path. */
	if (gpal_client_connect("/nowhere/gpalayoutd.sock", &client, &client_error) !=
	    GPAL_E_NO_DAEMON)
		return 1;
	return std::strcmp(gpal_client_code_token(client_error.code), "no_daemon") != 0;
}
