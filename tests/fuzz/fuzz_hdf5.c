#include <dirent.h>
#include <sys/stat.h>

#include "app/commands.h"
#include "app/study/job.h"
#include "app/study/refine_file.h"
#include "app/study/stage_file.h"
#include "fuzz.h"
#include "hdf5_case.h"
#include "rheobase/analysis/calibration_file.h"
#include "rheobase/base/memory.h"
#include "rheobase/inference/training_step.h"
#include "rheobase/io/observation.h"
#include "rheobase/parallel/agree.h"
#include "rheobase/report/calibration_table.h"
#include "rheobase/report/comparison_table.h"
#include "rheobase/report/report.h"

/* Everything that reads a file of a study, on changed copies of valid files. The first byte says
 * which reader, the rest which changes (hdf5_mutator.h).
 *
 * RB_FUZZ_STUDY is the folder of a finished study; it is copied to a folder of this process. */

enum { PATH = 1200 };

static char folder[256];  // this process's study
static rb_job job;
static rb_arguments arguments;  // the input file and the folder
static rb_dataset training_set, validation_set;
static rb_training training;
static rb_training_data training_data;
static rb_training_work *training_work;
static rb_calibration_study calibration;

#define TRY(status) fuzz_require((status) == RB_OK, "preparing")

static const char *in_folder(const char *name) {
  static char path[PATH];
  (void)snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

/* --- Readers --- */

static void read_simulations(const char *path) {
  rb_file *file = NULL;
  rb_dataset dataset = {.window = MPI_WIN_NULL};
  static const char *const groups[] = {"training", "validation"};
  const rb_view view = rb_job_view(&job);
  fuzz_outcome(rb_product_open(&fuzz_context, RB_PRODUCT_SIMULATIONS, path, &file));
  for (int i = 0; i < 2 && file != NULL; ++i) {
    fuzz_outcome(rb_simulations_read(&fuzz_context, file, groups[i], &view, &dataset));
    rb_dataset_destroy(&dataset);
  }
  rb_file_close(&file);
}

static void read_recipe(const char *path) {
  const rb_recipe recipe = {"seed = 45\n", 1, NULL};
  rb_product_state state;
  char why[RB_STUDY_WHY];
  static const rb_product products[] = {RB_PRODUCT_SIMULATIONS, RB_PRODUCT_CHECKPOINT};
  for (int i = 0; i < 2; ++i) {
    fuzz_outcome(rb_recipe_check(&fuzz_context, path, rb_products[products[i]].schema, 1, &recipe,
                                 &state, why));
    fuzz_require(state == RB_PRODUCT_DIFFERENT, "a damaged file counts as current");
  }
}

/* What needs a job of its own, since a job loads a file once. */
static void read_with_job(rb_status (*load)(rb_context *ctx, rb_job *job)) {
  static rb_job own;
  rb_status status = rb_job_open(&fuzz_context, &arguments, &own);
  if (status == RB_OK) status = load(&fuzz_context, &own);
  rb_job_close(&fuzz_context, &own);
  fuzz_outcome(status);
}

static void read_network(const char *path) {
  (void)path;
  read_with_job(rb_job_load_network);
}

static void read_training(const char *path) {
  rb_file *file = NULL;
  bool due = false;
  rb_status status = rb_product_open(&fuzz_context, RB_PRODUCT_CHECKPOINT, path, &file);
  if (status == RB_OK) status = rb_checkpoint_read(&fuzz_context, file, &training);
  rb_file_close(&file);
  if (status == RB_OK && training.step < training.total_steps) {
    status = rb_training_step(&fuzz_context, &training, &training_data, training_work, &due);
  }
  fuzz_outcome(status);
}

static void read_input(const char *path) {
  (void)path;
  static rb_input input;
  const rb_arguments study = {.inputs = 1, .input = {folder}};
  fuzz_outcome(rb_input_read(&fuzz_context, &study, &input));
  rb_input_free(&input);
}

static void read_tables(const char *path) {
  const rb_arguments study = {.inputs = 1, .input = {folder}};
  fuzz_outcome(rb_cmd_collect(&fuzz_context, &study));
  fuzz_outcome(rb_table_calibration(&fuzz_context, path));
  fuzz_outcome(rb_table_comparison(&fuzz_context, &job.model, folder));
}

static void read_partial(const char *path) {
  bool found = false;
  fuzz_outcome(rb_partial_read(&fuzz_context, path, 7, RB_TEST_SETS, calibration.set,
                               calibration.records, &found));
  for (int k = 0; k < RB_TEST_SETS; ++k) {
    const int64_t done = calibration.records[k].done;
    fuzz_require(done >= 0 && done <= calibration.set[k].datasets, "more done than there is");
  }
}

static rb_status load_baseline(rb_context *ctx, rb_job *own) {
  float theta[8 * RB_MAX_PARAMETERS];
  const rb_status status = rb_job_load_baseline(ctx, own);
  if (status != RB_OK) return status;
  return own->baseline.sample(&own->baseline, ctx, 1, RB_FOR_OBSERVATION, 0, 1, training_set.x, 2,
                              theta, NULL);
}

static void read_baseline(const char *path) {
  (void)path;
  read_with_job(load_baseline);
}

static void read_posterior(const char *path) {
  (void)path;
  static char out[PATH];
  (void)snprintf(out, sizeof out, "%s/out.h5", folder);
  job.recipe = (rb_recipe){"seed = 45\n", 1, NULL};
  fuzz_outcome(rb_stage_predict(&fuzz_context, &job, out));
}

static void read_refined(const char *path) {
  enum { MOST = 64 };
  static rb_refined refined[MOST];
  rb_file *file = NULL;
  rb_refine_progress progress = {0};
  fuzz_outcome(rb_product_open(&fuzz_context, RB_PRODUCT_EXACT, path, &file));
  if (file == NULL) return;
  const rb_status status = rb_refine_read_progress(&fuzz_context, file, &progress);
  fuzz_outcome(status);
  if (status == RB_OK) {
    const int64_t total = progress.datasets;
    fuzz_require(progress.done >= 0 && progress.done <= total, "more done than there is");
    fuzz_outcome(rb_refine_read_datasets(&fuzz_context, file, &job.model,
                                         total < MOST ? total : MOST, refined));
  }
  rb_file_close(&file);
}

static void read_observation(const char *path) {
  int64_t length = 0;
  float *x = NULL;
  fuzz_outcome(rb_observation_read(&fuzz_context, path, FUZZ_COLUMNS, fuzz_columns, &fuzz_sampling,
                                   &length, &x));
  free(x);
}

static void flat_prior(const rb_model *model, int64_t count, const double *latent,
                       double *log_density) {
  (void)model;
  (void)latent;
  for (int64_t i = 0; i < count; ++i) log_density[i] = 0;
}

static void read_report(const char *path) {
  (void)path;
  rb_model model = job.model;
  model.log_prior = flat_prior;  // the curves of the real one take a second and depend on no file
  fuzz_outcome(rb_report_write(&fuzz_context, &model, folder, RB_FIGURE_PNG));
}

static void read_info(const char *path) {
  const rb_arguments file = {.inputs = 1, .input = {path}};
  fuzz_outcome(rb_cmd_info(&fuzz_context, &file));
}

static const struct reader {
  const char *file;
  void (*read)(const char *path);
} readers[] = {{"simulations.h5", read_simulations},
               {"simulations.h5", read_recipe},
               {"checkpoint.h5", read_network},
               {"checkpoint.h5", read_input},
               {"checkpoint.h5", read_recipe},
               {"unfinished.h5", read_training},
               {"calibration.h5", read_tables},
               {"partial.h5", read_partial},
               {"baseline.h5", read_baseline},
               {"posterior.h5", read_posterior},
               {"exact.h5", read_refined},
               {"observation.h5", read_observation},
               {"calibration.h5", read_info},
               {"checkpoint.h5", read_info},
               {"simulations.h5", read_report},
               {"checkpoint.h5", read_report},
               {"calibration.h5", read_report},
               {"baseline_calibration.h5", read_report},
               {"posterior.h5", read_report},
               {"predictive.h5", read_report},
               {"exact.h5", read_report}};
enum { READERS = (int)(sizeof readers / sizeof *readers), REPORTS = 7 };  // the last ones
static hdf5_case valid[READERS];

/* --- Preparation --- */

static void copy_study(const char *study) {
  DIR *directory = opendir(study);
  if (directory == NULL) {
    perror(study);
    exit(1);
  }
  for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
    char path[PATH];
    if (strstr(entry->d_name, ".h5") == NULL) continue;
    (void)snprintf(path, sizeof path, "%s/%s", study, entry->d_name);
    const hdf5_case original = hdf5_case_read(path);
    hdf5_case_restore(&original, in_folder(entry->d_name));
    free(original.bytes);
  }
  (void)closedir(directory);
}

/* A training in the middle of its first epoch. */
static void write_unfinished(void) {
  const rb_view view = rb_job_view(&job);
  rb_file *file = NULL;
  bool due = false;
  TRY(rb_product_open(&fuzz_context, RB_PRODUCT_SIMULATIONS, in_folder("simulations.h5"), &file));
  TRY(rb_simulations_read(&fuzz_context, file, "training", &view, &training_set));
  TRY(rb_simulations_read(&fuzz_context, file, "validation", &view, &validation_set));
  rb_file_close(&file);
  const rb_training_settings *settings = &job.input.training;
  static rb_estimator *estimator;
  training_data = (rb_training_data){
      .model = &job.model, .training = &training_set, .validation = &validation_set};
  TRY(rb_job_create_network(&fuzz_context, &job, settings->micro_batch, &estimator));
  TRY(rb_training_create(&fuzz_context, settings, 45, 0, estimator, &training_data, &training));
  TRY(rb_training_work_create(&fuzz_context, &training, &training_data, &training_work));
  TRY(rb_training_step(&fuzz_context, &training, &training_data, training_work, &due));
  TRY(rb_product_create(&fuzz_context, RB_PRODUCT_CHECKPOINT, in_folder("unfinished.h5"), &file));
  TRY(rb_checkpoint_write(&fuzz_context, file, &job.model, &training));
  TRY(rb_file_commit(&fuzz_context, &file));
}

/* A calibration that got through two chunks of each test set. */
static void write_partial(void) {
  static char path[PATH];
  (void)snprintf(path, sizeof path, "%s/partial.h5", folder);
  TRY(rb_job_load_network(&fuzz_context, &job));
  TRY(rb_calibration_collect(&fuzz_context, job.network, 45, &job.input.calibration, path, 7,
                             &calibration));
  for (int k = 0; k < RB_TEST_SETS; ++k) {
    calibration.records[k].done = 2 * job.input.calibration.chunk;
  }
  TRY(rb_partial_write(&fuzz_context, path, 7, RB_TEST_SETS, calibration.set, calibration.records));
}

static void write_observation(void) {
  enum { SAMPLES = 100 };
  double values[SAMPLES];
  static const char *const names[] = {"time_ms", "voltage_mV", "spike"};
  static const char *const units[] = {"ms", "mV", "1"};
  rb_file *file = NULL;
  TRY(rb_file_create(&fuzz_context, in_folder("observation.h5"), "observation", 1, &file));
  for (int c = 0; c < 3; ++c) {
    for (int i = 0; i < SAMPLES; ++i) values[i] = c == 0 ? 0.2 * i : c == 1 ? -65 : i == 50;
    const rb_field field = {names[c], RB_F64, "100", units[c], names[c], false};
    TRY(rb_file_write(&fuzz_context, file, &field, values));
    TRY(rb_file_set_double(&fuzz_context, file, names[c], "scale_factor", 1));
    TRY(rb_file_set_double(&fuzz_context, file, names[c], "add_offset", 0));
    TRY(rb_file_set_double(&fuzz_context, file, names[c], "_FillValue", -9999));
  }
  TRY(rb_file_commit(&fuzz_context, &file));
}

/* The study's input as a file, and its folder unlocked, for jobs of their own. */
static void write_input(void) {
  static char input[PATH];
  char *text = NULL;
  (void)snprintf(input, sizeof input, "%s/input.cfg", folder);
  TRY(rb_input_text(&fuzz_context, &job.input, false, &text));
  FILE *stream = fopen(input, "we");
  if (stream == NULL || fputs(text, stream) < 0 || fclose(stream) != 0) abort();
  free(text);
  rb_study_close(&fuzz_context, &job.study);
  arguments.input[0] = input;
}

static void remove_folder(void) {
  char command[PATH];
  (void)snprintf(command, sizeof command, "/bin/rm -rf '%s'", folder);
  if (system(command) != 0) (void)fprintf(stderr, "%s was left\n", folder);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  const char *study = getenv("RB_FUZZ_STUDY");
  if (study == NULL) {
    (void)fprintf(stderr, "RB_FUZZ_STUDY is to be the folder of a finished study\n");
    exit(1);
  }
  fuzz_begin();
  (void)snprintf(folder, sizeof folder, "%s/rb_fuzz.XXXXXX",
                 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
  if (mkdtemp(folder) == NULL) abort();
  (void)atexit(remove_folder);
  copy_study(study);
  arguments = (rb_arguments){.inputs = 1, .input = {folder}, .output = folder};
  TRY(rb_job_open(&fuzz_context, &arguments, &job));
  write_unfinished();
  write_partial();
  write_observation();
  write_input();
  for (int i = 0; i < READERS; ++i) valid[i] = hdf5_case_read(in_folder(readers[i].file));
  (void)setenv("PATH", "/nowhere", 1);  // no gnuplot: the report's page and scripts alone
  (void)freopen("/dev/null", "w", stdout);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2) return 0;
  mutation_bytes bytes = {data, data + size};
  // A report takes longer than all others: one input in 64 is one.
  const int choice = mutation_byte(&bytes);
  const int i = choice < 252 ? choice % (READERS - REPORTS)
                             : READERS - REPORTS + mutation_byte(&bytes) % REPORTS;
  char path[PATH];
  (void)snprintf(path, sizeof path, "%s", in_folder(readers[i].file));
  hdf5_case_damage(&valid[i], path, &bytes);
  const int64_t before = hdf5_open_objects();
  readers[i].read(path);
  fuzz_require(hdf5_open_objects() == before, "a reader left an object of HDF5 open");
  hdf5_case_restore(&valid[i], path);
  return 0;
}
