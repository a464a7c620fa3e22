/* SPDX-License-Identifier: MIT */
/* The words of hints that say how to make room for a range that was refused. */
#ifndef GPALAYOUTCTL_HINT_ROOM_H
#define GPALAYOUTCTL_HINT_ROOM_H

#include "gpalayoutctl/hint_context.h"

/* Says how to free addresses below 4 GiB. */
void ctl_hint_append_how_to_free_low(struct gpald_bytes *out,
				     const struct ctl_hint_context *context);

/* Says how the refused range of the phase mmio32 can have more than what is free for it now. */
void ctl_hint_append_for_more_low(struct gpald_bytes *out, const struct ctl_hint_context *context);

/* Does the same for a range of another phase. */
void ctl_hint_append_for_more(struct gpald_bytes *out, const struct ctl_hint_context *context);

/* Says how a smaller or a higher ECAM frees addresses below 4 GiB, if there is such a way. */
void ctl_hint_append_for_more_ecam(struct gpald_bytes *out, const struct ctl_hint_context *context);

/* Returns true if a root complex has more than one bus, or the request is not known. */
bool ctl_hint_can_shrink_ecam(const struct ctl_hint_context *context);

#endif
