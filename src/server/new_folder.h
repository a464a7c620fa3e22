/* SPDX-License-Identifier: MIT */
/*
 * Changes the owner of a folder that root has just made. Anyone who may write in its parent folder
 * may have replaced it since, so the function checks it first.
 */
#ifndef GPALD_SERVER_NEW_FOLDER_H
#define GPALD_SERVER_NEW_FOLDER_H

#include <gpalayout/export.h>
#include <sys/types.h>

/*
 * `fd` is the folder, opened for reading. Returns 0, or -1 with errno. EEXIST: somebody has
 * replaced it with a folder that is not empty or belongs to another user.
 */
GPAL_MUST_USE int gpald_new_folder_set_owner(int fd, uid_t owner, gid_t group);

#endif
