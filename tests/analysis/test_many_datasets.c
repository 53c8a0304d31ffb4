/* A calibration file of very many data sets, written by all ranks: every row is in its place. 20000
 * by default, RB_DATASETS=1000000 for the long variant. */
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "gaussian_posterior.h"
#include "rb_test.h"
#include "rheobase/analysis/calibration.h"
#include "rheobase/analysis/calibration_file.h"
#include "rheobase/io/product.h"

enum { D = GAUSSIAN_DIM, LENGTH = 12, SEED = 45, DRAWS = 9, CHUNK = 500, LOOKED_AT = 400 };

static int64_t datasets(void) {
  const char *text = getenv("RB_DATASETS");
  return text != NULL ? atoll(text) : 20000;
}

/* Tells how long something took, and rank 0's processor time for it; the next lap begins. */
static double lap(const char *what, double since) {
  static clock_t before;
  const double now = MPI_Wtime(), worked = (double)(clock() - before) / CLOCKS_PER_SEC;
  if (test_context.rank == 0) {
    print_message("%s: %.2f s, %.2f s of processor time\n", what, now - since, worked);
  }
  before = clock();
  return now;
}

/* Rows spread over the file hold the truths of their own data sets, drawn anew. */
static bool rows_are_in_place(const char *path, const rb_model *model, int64_t N) {
  rb_file *file = NULL;
  const int64_t shape[2] = {N, D};
  bool same = true;
  if (rb_product_open_one(&test_context, RB_PRODUCT_CALIBRATION, path, &file) != RB_OK) {
    return false;
  }
  for (int k = 0; k < LOOKED_AT; ++k) {
    const int64_t i = k * (N - 1) / (LOOKED_AT - 1);
    double stored[D], truth[D];
    same = same &&
           rb_file_read_rows(&test_context, file, "sbc/records/truth", RB_F64, true, 2, shape, i, 1,
                             stored) == RB_OK &&
           model->draw_prior(model, &test_context, SEED, RB_FOR_SBC, i, 1, truth, NULL) == RB_OK;
    for (int d = 0; d < D; ++d) same = same && fabs(stored[d] - truth[d]) <= 1e-6 * fabs(truth[d]);
  }
  rb_file_close(&file);
  return same;
}

static void holds_them_all(void **state) {
  (void)state;
  const int64_t N = datasets();
  const rb_test_set many = {"sbc", RB_FOR_SBC, N, DRAWS};
  gaussian_errors errors = {.widen = 1};
  rb_test_loop *loop = NULL;
  rb_records records = {0};
  rb_calibration result = {0};
  rb_model model;
  rb_file *file = NULL;
  char path[64];
  (void)snprintf(path, sizeof path, "many_datasets_%d.h5", test_context.size);
  assert_all_ok(rb_linear_gaussian_model(&test_context, LENGTH, 2, 0.8, &model));
  rb_posterior posterior = gaussian_posterior(&model, &errors);
  double since = MPI_Wtime();
  assert_all_ok(rb_test_loop_create(&test_context, &posterior, SEED, &many, CHUNK, &loop));
  assert_all_ok(rb_test_loop_records(&test_context, loop, false, &records));
  while (records.done < N) assert_all_ok(rb_test_loop_round(&test_context, loop, &records));
  since = lap("simulated and sampled", since);
  assert_all_ok(
      rb_calibration_compute(&test_context, &records, SEED, many.purpose, &posterior, 0, &result));
  since = lap("summed up", since);
  assert_all_ok(rb_product_create(&test_context, RB_PRODUCT_CALIBRATION, path, &file));
  assert_all_ok(rb_calibration_write_axes(&test_context, file, &posterior));
  assert_all_ok(rb_calibration_write(&test_context, file, &many, &records, &result));
  assert_all_ok(rb_file_commit(&test_context, &file));
  (void)lap("written", since);
  struct stat about = {0};
  (void)stat(path, &about);
  if (test_context.rank == 0) print_message("%.1f MB\n", 1e-6 * (double)about.st_size);
  assert_all_true((double)about.st_size > 100.0 * (double)N);
  assert_all_true(rows_are_in_place(path, &model, N));
  // Calibrated, so the ranks of so many data sets are uniform, and intervals
  // between so few draws cover too little by no more than that explains.
  for (int d = 0; d < D; ++d) {
    assert_all_true(rb_calibration_values(&result, "ks_p")[d] > 1e-6);
    assert_all_true(rb_calibration_values(&result, "calibration_error")[d] <
                    *rb_calibration_values(&result, "calibration_error_95"));
  }
  MPI_Barrier(test_context.comm);
  if (test_context.rank == 0) unlink(path);
  rb_calibration_free(&result);
  rb_records_free(&records);
  rb_test_loop_destroy(loop);
  model.destroy(&model);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(holds_them_all)};
RB_TEST_MAIN(tests)
