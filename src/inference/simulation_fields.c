#include "simulation_fields.h"

#include <stdio.h>
#include <string.h>

void rb_simulation_fields_describe(const rb_model *model, const char *group,
                                   rb_simulation_fields *f) {
  (void)snprintf(f->dataset, RB_SIMULATION_NAME, "%s/dataset", group);
  (void)snprintf(f->theta_path, RB_SIMULATION_NAME, "%s/theta", group);
  (void)snprintf(f->latent_path, RB_SIMULATION_NAME, "%s/latent", group);
  (void)snprintf(f->theta_dims, RB_SIMULATION_NAME, "dataset,parameter");
  (void)snprintf(f->channel_dims, RB_SIMULATION_NAME, "dataset,%s", model->axis.name);
  f->theta = (rb_field){f->theta_path,      RB_F64, f->theta_dims, "parameter's unit",
                        "parameters drawn", false};
  f->latent = (rb_field){f->latent_path,
                         RB_F64,
                         f->theta_dims,
                         "parameter's unit",
                         "the same before clipping to the simulator's range",
                         false};
  (void)snprintf(f->skipped_path, RB_SIMULATION_NAME, "%s/skipped", group);
  (void)snprintf(f->skipped_theta_path, RB_SIMULATION_NAME, "%s/skipped_theta", group);
  f->skipped = (rb_field){f->skipped_path,
                          RB_I64,
                          "skipped",
                          "1",
                          "items left out as invalid; the data sets are the others in their order",
                          false};
  f->skipped_theta = (rb_field){f->skipped_theta_path,
                                RB_F64,
                                "skipped,parameter",
                                "parameter's unit",
                                "parameters of the items left out",
                                false};
  for (int c = 0; c < model->channels; ++c) {
    const rb_channel *channel = &model->channel[c];
    (void)snprintf(f->channel_path[c], RB_SIMULATION_NAME, "%s/%s", group, channel->quantity.name);
    f->channel[c] =
        (rb_field){f->channel_path[c],     channel->binary ? RB_U8 : RB_F32, f->channel_dims,
                   channel->quantity.unit, channel->quantity.description,    channel->binary};
  }
}

rb_status rb_simulation_fields_read(rb_context *ctx, const rb_file *file,
                                    const rb_simulation_fields *f, int64_t N, int channels,
                                    int64_t L, rb_range rows, float *x, float *values) {
  rb_status status = RB_OK;
  const int64_t shape[2] = {N, L};
  for (int c = 0; c < channels; ++c) {
    RB_TRY(rb_file_read_rows(ctx, file, f->channel_path[c], RB_F32, true, 2, shape, rows.first,
                             rows.count, values));
    for (int64_t i = 0; i < rows.count; ++i) {
      memcpy(x + (i * channels + c) * L, values + i * L, (size_t)L * sizeof *x);
    }
  }
cleanup:
  return status;
}
