#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "likelihood.h"
#include "rheobase/base/memory.h"
#include "rheobase/io/hdf5_file.h"
#include "verify.h"

static const double TOLERANCE_NATS = 1e-3;

/* The file: n observations of L samples, `per` parameter vectors for each. Arrays are owned. */
typedef struct likelihood_file {
  int64_t n, per, steps;
  double *voltage;         // (n, L)
  double *theta;           // (n, per, 6)
  double *log_likelihood;  // (n, per)
  uint8_t *spikes;         // (n, L)
} likelihood_file;

static void free_arrays(likelihood_file *f) {
  free(f->voltage);
  free(f->theta);
  free(f->log_likelihood);
  free(f->spikes);
}

static rb_status read_arrays(rb_context *ctx, const char *path, likelihood_file *f) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  int64_t shape[3] = {0};
  void *values = NULL, *voltage = NULL;
  RB_TRY(rb_file_open_foreign(ctx, path, &file));
  RB_TRY(rb_file_read_new(ctx, file, "log_likelihood", RB_F64, true, 2, shape, &values));
  f->log_likelihood = values;
  f->n = shape[0];
  f->per = shape[1];
  RB_TRY(rb_file_read_new(ctx, file, "voltage", RB_F64, true, 2, shape, &voltage));
  f->voltage = voltage;
  f->steps = shape[1];
  if (shape[0] != f->n) {
    status =
        RB_FAIL(ctx, RB_ERR_FORMAT, "%s: voltage has %" PRId64 " rows, log_likelihood %" PRId64,
                path, shape[0], f->n);
    goto cleanup;
  }
  RB_TRY(RB_ALLOCATE(ctx, f->spikes, f->n * f->steps));
  RB_TRY(RB_ALLOCATE(ctx, f->theta, f->n * f->per * RB_LIF_DIM));
  RB_TRY(rb_file_read(ctx, file, "spikes", RB_U8, false, 2, shape, f->spikes));
  RB_TRY(rb_file_read(ctx, file, "theta", RB_F64, true, 3, (int64_t[]){f->n, f->per, RB_LIF_DIM},
                      f->theta));
cleanup:
  rb_file_close(&file);
  return status;
}

static double cpu_time_ms(void) {
  struct timespec now;
  (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return 1e3 * (double)now.tv_sec + 1e-6 * (double)now.tv_nsec;
}

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

rb_status rb_lif_verify_likelihood(rb_context *ctx, const char *path, rb_verify_report *report) {
  rb_status status = RB_OK;
  likelihood_file f = {0};
  rb_lif_likelihood *likelihood = NULL;
  double *time_ms = NULL, error = 0.0;
  const rb_lif_settings settings = rb_lif_defaults();
  RB_TRY(read_arrays(ctx, path, &f));
  if (f.steps != rb_lif_steps(&settings) || f.n * f.per == 0) {
    status = RB_FAIL(ctx, RB_ERR_FORMAT, "%s: %" PRId64 " samples instead of %" PRId64, path,
                     f.steps, rb_lif_steps(&settings));
    goto cleanup;
  }
  RB_TRY(rb_lif_likelihood_create(ctx, &settings, &likelihood));
  RB_TRY(RB_ALLOCATE(ctx, time_ms, f.n * f.per));
  for (int64_t i = 0; i < f.n * f.per; ++i) {
    const int64_t row = i / f.per;
    const char *reason = NULL;
    if (i % f.per == 0) {
      reason = rb_lif_likelihood_observe(likelihood, &f.voltage[row * f.steps],
                                         &f.spikes[row * f.steps]);
      if (reason != NULL) {
        status = RB_FAIL(ctx, RB_ERR_FORMAT, "%s, observation %" PRId64 ": %s", path, row, reason);
        goto cleanup;
      }
    }
    const double start = cpu_time_ms();
    const double value = rb_lif_likelihood_evaluate(likelihood, &f.theta[i * RB_LIF_DIM], &reason);
    time_ms[i] = cpu_time_ms() - start;
    const double difference = fabs(value - f.log_likelihood[i]);
    if (!(difference <= error)) error = difference;  // keeps NaN
  }
  qsort(time_ms, (size_t)(f.n * f.per), sizeof *time_ms, ascending);
  RB_TRY(rb_verify_add(ctx, report, "log likelihood [nats]", error, TOLERANCE_NATS));
  // For information: how fast a machine is is no matter of correctness.
  RB_TRY(rb_verify_add(ctx, report, "median CPU time per evaluation [ms]", time_ms[f.n * f.per / 2],
                       INFINITY));
cleanup:
  rb_lif_likelihood_destroy(likelihood);
  free_arrays(&f);
  free(time_ms);
  return status;
}
