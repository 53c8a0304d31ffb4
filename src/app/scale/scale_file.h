#ifndef RB_APP_SCALE_FILE_H
#define RB_APP_SCALE_FILE_H

#include "scale_sweep.h"

/** @file scale_file.h
 * The model of a sweep, and scaling.h5. */

typedef struct rb_scale_model {
  rb_scaling_network network;
  rb_scaling_rates rates[RB_SCALE_WORKS];
} rb_scale_model;

/** Fits all kinds of work; what settings give is taken from there. Local. */
rb_scale_model rb_scale_fit(const rb_scale_sweep *sweep, const rb_scale_settings *settings);

/** Seconds the model gives a point. Local. */
double rb_scale_predicted(const rb_scale_model *model, const rb_scaling_point *point);

/** The strong point of one rank of a kind of work. Local. */
const rb_scaling_point *rb_scale_reference(const rb_scale_sweep *sweep, rb_scaling_work work);

/** Efficiency of a strong or weak point by its fastest repeat; NaN for others. Local. */
double rb_scale_efficiency(const rb_scale_sweep *sweep, const rb_scaling_point *point);

/** Writes scaling.h5 to @p path, whole or not at all. Collective. */
RB_NODISCARD rb_status rb_scale_write(rb_context *ctx, const rb_job *job,
                                      const rb_scale_sweep *sweep, const rb_scale_model *model,
                                      const char *path);

/** The points as a table, how well the model predicts, and what it says of more ranks. Local; rank
 * 0 prints. */
void rb_scale_print(const rb_context *ctx, const rb_scale_sweep *sweep,
                    const rb_scale_model *model);

#endif
