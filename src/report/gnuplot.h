#ifndef RB_REPORT_GNUPLOT_H
#define RB_REPORT_GNUPLOT_H

#include "rheobase/base/context.h"

/** @file gnuplot.h
 * Running gnuplot. Local. */

enum { RB_GNUPLOT_MESSAGE = 200 };

typedef enum rb_gnuplot_result {
  RB_GNUPLOT_DONE,
  RB_GNUPLOT_MISSING,  ///< there is no such program
  RB_GNUPLOT_FAILED,   ///< it stopped with an error, or could not be started
  RB_GNUPLOT_STOPPED   ///< this process was asked to stop
} rb_gnuplot_result;

/** Runs `gnuplot NAME.gp` in a folder, without a shell, and renames what it drew to NAME.FORMAT.
 * The folder's name reaches neither a shell nor gnuplot.
 * @param name of the script, letters and underscores @param format "png", "svg" or "pdf"
 * @param message (RB_GNUPLOT_MESSAGE) the first thing gnuplot said; "" if nothing */
rb_gnuplot_result rb_gnuplot_run(const char *folder, const char *name, const char *format,
                                 char *message);

/** Says what a picture by itself came to: that it was written, or why not. Fails with RB_STOPPED.
 * Local. */
RB_NODISCARD rb_status rb_gnuplot_tell(rb_context *ctx, rb_gnuplot_result result,
                                       const char *script, const char *picture,
                                       const char *message);

#endif
