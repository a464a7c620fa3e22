/* SPDX-License-Identifier: MIT */
/*
 * The counters of the daemon as text for Prometheus and its like: one table of families,
 * in two forms that differ little, but of which each checker refuses the other's.
 */
#ifndef GPALD_SERVER_METRICS_H
#define GPALD_SERVER_METRICS_H

#include "server/service.h"
#include "wire/json_write.h"
#include "wire/registry_decode.h"

/*
 * Appends the text; `format` is one of the two. The writer has failed afterwards if
 * there was no memory for it.
 */
void gpald_metrics_write(const struct gpald_service *service, enum gpald_stats_format format,
			 struct gpald_writer *w);

#endif
