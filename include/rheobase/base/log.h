#ifndef RHEOBASE_LOG_H
#define RHEOBASE_LOG_H

#include <stdio.h>

#include "rheobase/base/context.h"

/** @file log.h
 * Lines for the user. Only rank 0 prints, unless it says otherwise; the other ranks' calls do
 * nothing. Each call is one line, whatever the text: characters that cannot be seen are written as
 * \\xNN. Local. */

/** A line on standard output, unless the context is quiet. */
void rb_log_info(const rb_context *ctx, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** `rheobase: warning: ...` on standard error. */
void rb_log_warning(const rb_context *ctx, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** `rank 3: ...` on standard error, from any rank, quiet or not: what a user's
 * simulator says. */
void rb_log_rank(int rank, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** @p prefix and @p text as one line on @p stream, from any rank, quiet or not: what a file says.
 */
void rb_log_text(FILE *stream, const char *prefix, const char *text);

/** @return what the word for @p count things ends in: "" or "s" */
const char *rb_plural(long long count);

/** `rheobase: error: ...` on standard error, from the context's error record; only main calls it.
 */
void rb_log_error(const rb_context *ctx);

#endif
