#ifndef RB_APP_OBSERVED_H
#define RB_APP_OBSERVED_H

#include "job.h"

/** @file observed.h
 * The observation the user gives with --observation or --recording, and which one posterior.h5 is
 * of. */

/** What a channel's column is called: like it with its unit (length_m); where there is no unit,
 * like it in the singular (event). @param name (RB_OBSERVED_NAME) */
enum { RB_OBSERVED_NAME = 64 };
void rb_observed_column(const rb_channel *channel, char *name);

/** The file it is in; NULL: none is given. Local. */
const char *rb_observed_file(const rb_arguments *arguments);

/** Reads it. Collective. @param tell say of a recording how it is cut @param x (C, L) */
RB_NODISCARD rb_status rb_observed_read(rb_context *ctx, const rb_job *job, bool tell, float *x);

/** Why no parameters of the model can produce a data set; "" if some can, as far as is known.
 * Local.
 * @param x (C, L) @param why not to be freed */
RB_NODISCARD rb_status rb_observed_explain(rb_context *ctx, const rb_job *job, const float *x,
                                           const char **why);

/** Writes which file the observation is from, and that it is impossible if it is. Collective. */
RB_NODISCARD rb_status rb_observed_write(rb_context *ctx, const rb_job *job, rb_file *file,
                                         const char *impossible);

/** Before any work: reads the observation and forgets it, and refuses to replace the posterior of a
 * user's observation by that of a simulated one. Collective. */
RB_NODISCARD rb_status rb_observed_check(rb_context *ctx, const rb_job *job);

/** How the observation differs from that of the posterior.h5 at @p path; leaves @p why as it is if
 * it does not, or if the file does not say. Collective. @param why (RB_STUDY_WHY) */
RB_NODISCARD rb_status rb_observed_difference(rb_context *ctx, const rb_job *job, const char *path,
                                              char *why);

#endif
