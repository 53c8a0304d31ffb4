#ifndef RB_TESTS_HDF5_FIXTURE_H
#define RB_TESTS_HDF5_FIXTURE_H

/* A file with every kind of field, whose content does not depend on the ranks. */

#include <string.h>

#include "rheobase/base/memory.h"
#include "rheobase/io/hdf5_file.h"
#include "rheobase/parallel/partition.h"

enum { ITEMS = 53, LENGTH = 20, CHUNK = 4 };
static const int64_t items = ITEMS;
static const int64_t length = LENGTH;

static const rb_field time_field = {"time", RB_F64, "time", "ms", "time of the sample", false};
static const rb_field name_field = {"parameter", RB_STRING, "parameter", "1", "parameter", false};
static const rb_field scalar_field = {"loss", RB_F64, "", "nat", "final loss", false};
static const rb_field voltage_field = {"voltage",          RB_F32, "dataset,time", "mV",
                                       "membrane voltage", false};
static const rb_field spike_field = {"spike", RB_U8, "dataset,time", "1", "spikes", true};
static const rb_field rank_field = {"recovery/rank",   RB_I64, "dataset,parameter", "1",
                                    "rank statistics", false};
static const rb_field tensor_field = {"weights/summary/kernel", RB_F32, "3,2", "1",
                                      "weights of a layer",     false};
static const rb_field square_field = {"weights/summary/square",  RB_F32, "2,2", "1",
                                      "as many rows as columns", false};
static const rb_field covariance_field = {"recovery/covariance", RB_F64, "parameter,parameter", "1",
                                          "covariance",          false};
static const rb_field empty_field = {"nothing", RB_F32, "none,time", "1", "an empty array", false};

static float voltage_of(int64_t item, int64_t step) {
  return (float)(item * 100 + step) * 0.25F - 70.0F;
}
static uint8_t spike_of(int64_t item, int64_t step) { return (item + step) % 7 == 0; }

static rb_status write_rounds(rb_context *ctx, rb_file *file) {
  rb_status status = RB_OK;
  float voltage[CHUNK * LENGTH];
  uint8_t spike[CHUNK * LENGTH];
  const rb_partition partition = rb_partition_make(ctx, items, CHUNK);
  RB_TRY(rb_file_create_field(ctx, file, &voltage_field, CHUNK));
  RB_TRY(rb_file_create_field(ctx, file, &spike_field, 0));
  for (int64_t round = 0; round < partition.rounds; ++round) {
    const rb_range range = rb_partition_round(&partition, round);
    for (int64_t i = 0; i < range.count * length; ++i) {
      voltage[i] = voltage_of(range.first + i / length, i % length);
      spike[i] = spike_of(range.first + i / length, i % length);
    }
    RB_TRY(rb_file_write_rows(ctx, file, &voltage_field, range.first, range.count, voltage));
    RB_TRY(rb_file_write_rows(ctx, file, &spike_field, range.first, range.count, spike));
  }
cleanup:
  return status;
}

static rb_status write_fixture(rb_context *ctx, const char *path) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  double time[LENGTH];
  int64_t rank[5 * 2];
  float tensor[6] = {1, 2, 3, 4, 5, 6};
  const double loss = -2.5;
  static const char *const names[] = {"V_th", "tau_m"};
  for (int i = 0; i < LENGTH; ++i) time[i] = 0.2 * i;
  for (int i = 0; i < 10; ++i) rank[i] = ctx->rank == 0 ? 1000 + i : -1;  // rank 0's counts
  if (ctx->rank != 0) memset(tensor, 0, sizeof tensor);
  RB_TRY(rb_file_create(ctx, path, "fixture", 3, &file));
  RB_TRY(rb_file_dimension(ctx, file, "time", length));
  RB_TRY(rb_file_dimension(ctx, file, "dataset", items));
  RB_TRY(rb_file_dimension(ctx, file, "recovery/dataset", 5));
  RB_TRY(rb_file_dimension(ctx, file, "parameter", 2));
  RB_TRY(rb_file_dimension(ctx, file, "none", 0));
  RB_TRY(rb_file_write(ctx, file, &time_field, ctx->rank == 0 ? time : NULL));
  RB_TRY(rb_file_write(ctx, file, &name_field, ctx->rank == 0 ? names : NULL));
  RB_TRY(rb_file_write(ctx, file, &scalar_field, ctx->rank == 0 ? &loss : NULL));
  RB_TRY(write_rounds(ctx, file));
  RB_TRY(rb_file_write(ctx, file, &rank_field, rank));
  RB_TRY(rb_file_write(ctx, file, &tensor_field, tensor));
  RB_TRY(rb_file_write(ctx, file, &square_field, tensor));
  RB_TRY(rb_file_write(ctx, file, &covariance_field, (const double[]){4, 1, 1, 9}));
  RB_TRY(rb_file_write(ctx, file, &empty_field, tensor));
  RB_TRY(rb_file_set_string(ctx, file, "provenance", "date", "today"));
  RB_TRY(rb_file_set_int(ctx, file, "recovery", "draws", 100));
  RB_TRY(rb_file_set_double(ctx, file, "voltage", "noise", 0.1));
  RB_TRY(rb_file_commit(ctx, &file));
cleanup:
  rb_file_abort(ctx, &file);
  return status;
}

#endif
