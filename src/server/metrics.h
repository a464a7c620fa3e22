/* SPDX-License-Identifier: MIT */
/*
 * The counters of the daemon as text for Prometheus and similar programs. One table of families
 * serves two formats; they differ little, but the checkers of each refuse the other.
 */
#ifndef GPALD_SERVER_METRICS_H
#define GPALD_SERVER_METRICS_H

#include "server/service.h"
#include "wire/json_write.h"
#include "wire/params_decode.h"

/* Appends the text in one of the two formats. If memory runs out, the writer has failed. */
void gpald_metrics_write(const struct gpald_service *service, enum gpald_stats_format format,
			 struct gpald_writer *w);

#endif
