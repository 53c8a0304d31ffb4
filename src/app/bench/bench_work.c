#include "bench_work.h"

#include <stdlib.h>

#include "bench.h"
#include "rheobase/base/memory.h"
#include "rheobase/inference/simulations.h"
#include "rheobase/io/product.h"
#include "rheobase/model/draw.h"
#include "rheobase/parallel/agree.h"

rb_status rb_share_create(rb_context *ctx, const rb_model *model, uint64_t seed, int64_t total,
                          rb_share *share) {
  rb_status status = RB_OK;
  *share = (rb_share){.model = model, .seed = seed};
  share->first = total * ctx->rank / ctx->size;
  share->count = total * (ctx->rank + 1) / ctx->size - share->first;
  RB_TRY(RB_ALLOCATE(ctx, share->theta, share->count * model->dim));
  RB_TRY(RB_ALLOCATE(ctx, share->x, share->count * model->channels * model->length));
cleanup:
  return status;
}

void rb_share_free(rb_share *share) {
  free(share->theta);
  free(share->x);
}

rb_status rb_share_simulate(rb_context *ctx, void *share) {
  const rb_share *s = share;
  const rb_model *model = s->model;
  return rb_model_draw(model, ctx, s->seed, RB_FOR_BENCH, s->first, s->count, s->theta, NULL, s->x);
}

/* Simulates the data sets of a batch, and turns them into what the network sees. Collective. */
static rb_status create_batch(rb_context *ctx, const rb_view *view, uint64_t seed, int64_t size,
                              rb_dataset *seen) {
  rb_status status = RB_OK;
  const rb_model *model = view->model;
  rb_dataset data;
  int64_t first = 0, count = 0;
  RB_TRY(rb_dataset_create(ctx, model, size, &data));
  RB_TRY(rb_dataset_allocate(ctx, model->dim, rb_view_shape(view), size, seen));
  rb_dataset_share(ctx, &data, &first, &count);
  double *theta = data.theta + first * model->dim;
  double *latent = data.latent + first * model->dim;
  RB_TRY(rb_agree(ctx, rb_model_draw(model, ctx, seed, RB_FOR_BENCH, first, count, theta, latent,
                                     data.x + first * model->channels * model->length)));
  rb_dataset_fence(ctx, &data);
  RB_TRY(rb_agree(ctx, rb_dataset_see(ctx, view, &data, 0, seen)));
  rb_dataset_fence(ctx, seen);
cleanup:
  rb_dataset_destroy(&data);
  return status;
}

rb_status rb_trainer_create(rb_context *ctx, const rb_model *model,
                            const rb_network_settings *network,
                            const rb_training_settings *training, uint64_t seed, rb_trainer *t) {
  rb_status status = RB_OK;
  *t = (rb_trainer){.data = {.window = MPI_WIN_NULL}};
  rb_training_settings settings = *training;
  settings.epochs = RB_BENCH_MAX_REPEATS + 2;
  settings.steps_per_epoch = 1;
  settings.passes = 1;  // every step simulates
  const rb_view view = {model, network->summary.type, settings.coordinates};
  RB_TRY(rb_agree(ctx, rb_view_check(ctx, &view)));
  RB_TRY(create_batch(ctx, &view, seed, settings.batch_size, &t->data));
  t->sources = (rb_training_data){model, &t->data, &t->data};
  RB_TRY(rb_agree(ctx, rb_estimator_create(ctx, network, rb_view_shape(&view), model->dim,
                                           settings.micro_batch, &t->estimator)));
  RB_TRY(rb_training_create(ctx, &settings, seed, 0, t->estimator, &t->sources, &t->training));
  RB_TRY(rb_agree(ctx, rb_training_work_create(ctx, &t->training, &t->sources, &t->work)));
cleanup:
  return status;
}

void rb_trainer_free(rb_trainer *t) {
  rb_training_work_destroy(t->work);
  rb_training_destroy(&t->training);
  rb_estimator_destroy(t->estimator);
  rb_dataset_destroy(&t->data);
}

rb_status rb_trainer_step(rb_context *ctx, void *trainer) {
  rb_trainer *t = trainer;
  bool checkpoint = false;
  return rb_training_step(ctx, &t->training, &t->sources, t->work, &checkpoint);
}

rb_status rb_writer_write(rb_context *ctx, void *writer) {
  rb_status status = RB_OK;
  const rb_writer *w = writer;
  rb_file *file = NULL;
  RB_TRY(rb_product_create(ctx, RB_PRODUCT_SIMULATIONS, w->path, &file));
  RB_TRY(rb_axes_write(ctx, file, w->model));
  RB_TRY(rb_simulations_write(ctx, file, w->model, "training", 1, RB_FOR_BENCH, w->datasets, NULL));
  RB_TRY(rb_file_commit(ctx, &file));
cleanup:
  rb_file_abort(ctx, &file);
  return status;
}

double rb_writer_bytes(const rb_writer *writer) {
  const rb_model *model = writer->model;
  double bytes = 0;  // of a sample of all channels
  for (int c = 0; c < model->channels; ++c) bytes += model->channel[c].binary ? 1 : sizeof(float);
  return (double)writer->datasets * (double)model->length * bytes;
}
