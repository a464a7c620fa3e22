/* SPDX-License-Identifier: MIT */
/*
 * How much a request may ask for. The wire takes no more from a client, and the codec
 * no more from a disk, so that nothing behind them meets a value that it was not made
 * for.
 */
#ifndef GPALD_CORE_DOMAINS_H
#define GPALD_CORE_DOMAINS_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define GPALD_VIRTIO_MMIO_SLOTS_MAX 4096
#define GPALD_MEMORY_NODES_MAX 1024
#define GPALD_ROOT_COMPLEXES_MAX 4096
#define GPALD_RESERVED_MAX 65536
#define GPALD_HOLES_MAX 16 /* more than exist, so that one named twice is refused for that */
#define GPALD_ADDRESS_BITS_MAX 64
#define GPALD_NAME_MAX 64
#define GPALD_TAG_MAX 79 /* pcie-, a name and -high-mmio */

/* Whether a text is a name, or a tag, of at most that length. */
static inline bool gpald_is_word(const char *text, size_t most)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._:-";
	const size_t length = strlen(text);

	return length > 0 && length <= most && strspn(text, allowed) == length;
}

#endif
