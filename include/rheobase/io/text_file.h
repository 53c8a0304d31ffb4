#ifndef RHEOBASE_TEXT_FILE_H
#define RHEOBASE_TEXT_FILE_H

#include <stdio.h>

#include "rheobase/base/context.h"

/** @file text_file.h
 * Text files that are written whole or not at all. Local. */

enum { RB_TEXT_PATH = 1300 };

/** Opens path.PROCESS.tmp for writing: two processes may write the same file at once. Fails with
 * RB_ERR_FILE. @param tmp (RB_TEXT_PATH) its name */
RB_NODISCARD rb_status rb_text_create(rb_context *ctx, const char *path, char *tmp, FILE **out);

/** Closes it and gives it its name if all went well, else deletes it.
 * @param status of what was written @return it, or RB_ERR_FILE */
RB_NODISCARD rb_status rb_text_finish(rb_context *ctx, rb_status status, const char *path,
                                      const char *tmp, FILE *out);

/** Writes a field of a line of CSV: in quotes where it holds what CSV gives a meaning (RFC 4180).
 */
void rb_text_csv_field(FILE *out, const char *text);

#endif
