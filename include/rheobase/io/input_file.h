#ifndef RHEOBASE_INPUT_FILE_H
#define RHEOBASE_INPUT_FILE_H

#include <stdio.h>

#include "rheobase/base/context.h"

/** @file input_file.h
 * Opening what a user names. Local. */

/** Opens a file to be read. A folder, a device or a pipe is refused before it is opened: opening
 * may wait for ever, and reading may never end. Fails with RB_ERR_FILE.
 * @param stream the caller closes it; NULL after a failure */
RB_NODISCARD rb_status rb_input_open(rb_context *ctx, const char *path, FILE **stream);

#endif
