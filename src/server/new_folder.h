/* SPDX-License-Identifier: MIT */
/*
 * Gives a folder that root has just made to another user. Between the making and the
 * giving, whoever may write in the folder above can put another one in its place.
 */
#ifndef GPALD_SERVER_NEW_FOLDER_H
#define GPALD_SERVER_NEW_FOLDER_H

#include <gpalayout/export.h>
#include <sys/types.h>

/*
 * `fd` is the folder, opened for reading. 0; or -1 with errno, which is EEXIST if somebody
 * has put another folder there that has anything in it or belongs to another user.
 */
GPAL_MUST_USE int gpald_new_folder_give(int fd, uid_t owner, gid_t group);

#endif
