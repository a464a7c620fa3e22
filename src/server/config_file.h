/* SPDX-License-Identifier: MIT */
/* The configuration file: the options of the daemon as lines of KEY = VALUE. */
#ifndef GPALD_SERVER_CONFIG_FILE_H
#define GPALD_SERVER_CONFIG_FILE_H

#include "server/options.h"

#include <gpalayout/export.h>

#define GPALD_CONFIG_FILE GPALD_SYSCONFDIR "/gpalayoutd.conf"

/*
 * Sets the options of the file. `path` is borrowed as long as the options are used; NULL:
 * GPALD_CONFIG_FILE, if it exists. Returns 0, or the exit status after messages on standard error.
 */
GPAL_MUST_USE int gpald_config_file_read(struct gpald_options *options, const char *path);

#endif
