#ifndef RB_APP_OBSERVED_H
#define RB_APP_OBSERVED_H

#include "job.h"

/** @file observed.h
 * The observation the user gives with --observation. */

/** Reads it. Collective. @param x (C, L) */
RB_NODISCARD rb_status rb_observed_read(rb_context *ctx, const rb_job *job, float *x);

#endif
