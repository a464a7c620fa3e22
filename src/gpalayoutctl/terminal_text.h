/* SPDX-License-Identifier: MIT */
/*
 * Text that is safe to show. Names, messages and documents come from other
 * people; a control character among them could rewrite what the reader sees.
 */
#ifndef GPALAYOUTCTL_TERMINAL_TEXT_H
#define GPALAYOUTCTL_TERMINAL_TEXT_H

#include "buffer.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Decodes the first character of `text` (len > 0 bytes) into *code_point and
 * returns how many bytes it takes; 0 when they are not UTF-8.
 */
size_t ctl_utf8_decode(const char *text, size_t len, uint32_t *code_point);

/*
 * Appends `text` with each control, line separator and direction override as
 * \uXXXX, and each byte that is not UTF-8 as \xXX. Characters in `keep` pass.
 * JSON stays the same JSON: such characters stand only inside its strings.
 */
void ctl_append_safe(struct ctl_buffer *out, const char *text, size_t len, const char *keep);

#endif
