#ifndef RHEOBASE_FOLDER_H
#define RHEOBASE_FOLDER_H

#include "rheobase/base/context.h"

/** @file folder.h
 * Folders that are made where they are needed. Local. */

/** Makes a folder and those above it. Fails with RB_ERR_FILE.
 * @param made of how many the path's end consists that were not there; also after a failure */
RB_NODISCARD rb_status rb_folder_make(rb_context *ctx, const char *folder, int *made);

/** Undoes rb_folder_make as far as the folders are empty. */
void rb_folder_unmake(const char *folder, int made);

#endif
