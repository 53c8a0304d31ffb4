#ifndef RHEOBASE_STREAMS_H
#define RHEOBASE_STREAMS_H

#include "rheobase/base/context.h"

/** @file streams.h
 * Standard output as a file that can fail like any other. Local. */

/** Call first in main. Gives standard streams that the caller closed to /dev/null, or else a result
 * file would get their number and what is printed be written into it; a closed standard output
 * keeps refusing to be written. A pipe nobody reads any more is an error of the write instead of
 * the end of the process: a study is finished all the same. */
void rb_streams_open(void);

/** Fails with RB_ERR_FILE if not everything this rank printed could be written. Call last. */
RB_NODISCARD rb_status rb_streams_flush(rb_context *ctx);

#endif
