/* SPDX-License-Identifier: MIT */
/* The configuration file: the options of the daemon as lines of KEY = VALUE. */
#ifndef GPALD_SERVER_CONFIG_FILE_H
#define GPALD_SERVER_CONFIG_FILE_H

#include "server/options.h"

#include <gpalayout/export.h>

#define GPALD_CONFIG_FILE GPALD_SYSCONFDIR "/gpalayoutd.conf"

/*
 * Sets what the file says. `path` is borrowed as long as the options are; NULL: that of the
 * system, if it is there. 0; otherwise, after a complaint on standard error for each line
 * that is wrong, the exit status.
 */
GPAL_MUST_USE int gpald_config_file_read(struct gpald_options *options, const char *path);

#endif
