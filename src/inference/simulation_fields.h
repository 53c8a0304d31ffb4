#ifndef RB_INFERENCE_SIMULATION_FIELDS_H
#define RB_INFERENCE_SIMULATION_FIELDS_H

#include "rheobase/io/hdf5_file.h"
#include "rheobase/model/model.h"
#include "rheobase/parallel/partition.h"

/** @file simulation_fields.h
 * The arrays of a group of simulated data sets. Their names are built here, since the channels are
 * the model's. */

enum { RB_SIMULATION_NAME = 128 };

typedef struct rb_simulation_fields {
  char dataset[RB_SIMULATION_NAME], theta_path[RB_SIMULATION_NAME], latent_path[RB_SIMULATION_NAME];
  char theta_dims[RB_SIMULATION_NAME], channel_dims[RB_SIMULATION_NAME];
  char channel_path[RB_MAX_CHANNELS][RB_SIMULATION_NAME];
  char skipped_path[RB_SIMULATION_NAME], skipped_theta_path[RB_SIMULATION_NAME];
  rb_field theta, latent, channel[RB_MAX_CHANNELS];
  rb_field skipped, skipped_theta;  ///< left out as invalid; not there where none is
} rb_simulation_fields;

/** Local. @param fields points to itself: it may not be copied */
void rb_simulation_fields_describe(const rb_model *model, const char *group,
                                   rb_simulation_fields *fields);

/** Reads the observations of some rows of a group, channels side by side. Local. Fails as
 * rb_file_read_rows. @param N rows of the group, -1: any number @param L samples of a channel
 * @param x (rows.count, channels, L) @param values (rows.count, L) scratch */
RB_NODISCARD rb_status rb_simulation_fields_read(rb_context *ctx, const rb_file *file,
                                                 const rb_simulation_fields *fields, int64_t N,
                                                 int channels, int64_t L, rb_range rows, float *x,
                                                 float *values);

#endif
