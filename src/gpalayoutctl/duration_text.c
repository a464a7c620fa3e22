/* SPDX-License-Identifier: MIT */
/*
 * Durations as text. Latencies are rounded up, so that a bound stays one.
 */
#include "config.h"

#include "duration_text.h"

#include <inttypes.h>
#include <stddef.h>

static const struct {
	const char *name;
	uint64_t us;
} units[] = {
	{ "s", 1000000 },
	{ "ms", 1000 },
};

void ctl_duration_append(struct ctl_buffer *out, uint64_t duration_us)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		uint64_t step = units[i].us / 1000;
		uint64_t thousandths = duration_us / step + (duration_us % step != 0);
		uint64_t rest = thousandths % 1000;
		int decimals = 3;

		if (duration_us < units[i].us)
			continue;
		ctl_buffer_printf(out, "%" PRIu64, thousandths / 1000);
		if (rest) {
			for (; rest % 10 == 0; rest /= 10)
				decimals--;
			ctl_buffer_printf(out, ".%0*" PRIu64, decimals, rest);
		}
		ctl_buffer_printf(out, " %s", units[i].name);
		return;
	}
	ctl_buffer_printf(out, "%" PRIu64 " us", duration_us);
}

void ctl_age_append(struct ctl_buffer *out, uint64_t age_ms)
{
	uint64_t seconds = age_ms / 1000;
	uint64_t minutes = seconds / 60;
	uint64_t hours = minutes / 60;

	if (hours >= 24)
		ctl_buffer_printf(out, "%" PRIu64 " d ", hours / 24);
	if (hours)
		ctl_buffer_printf(out, "%" PRIu64 " h ", hours % 24);
	if (minutes)
		ctl_buffer_printf(out, "%" PRIu64 " min", minutes % 60);
	if (!hours)
		ctl_buffer_printf(out, "%s%" PRIu64 " s", minutes ? " " : "", seconds % 60);
}
