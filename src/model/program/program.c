#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../described.h"
#include "command.h"
#include "rheobase/base/memory.h"
#include "rheobase/io/study.h"
#include "rheobase/model/replay.h"
#include "rheobase/parallel/agree.h"
#include "worker.h"

/* The model `program`: a simulator that is a program of the user's, one for each rank. */

enum { COMMAND = RB_COMMAND_WORD };

typedef struct program_settings {
  char command[COMMAND];
  rb_observation_settings observation;
  int64_t batch;
  double timeout_s;
  int restarts;
  uint64_t files;  // hash of the files the command names; 0: none
} program_settings;

#define PROGRAM(member) RB_SETTING_MEMBER(program_settings, member)

static const rb_setting settings_rows[] = {
    {.path = "program", .type = RB_SETTING_GROUP, .help = "A simulator that is a program"},
    {.path = "program.command",
     .type = RB_SETTING_STRING,
     PROGRAM(command),
     .standard = "\"\"",
     .help = "command for /bin/sh, in the folder the study is started in; reads parameters and "
             "seeds as descriptor 3, writes simulations as descriptor 4"},
    RB_OBSERVATION_ROWS("program", program_settings, observation),
    {.path = "program.batch",
     .type = RB_SETTING_INTEGER,
     PROGRAM(batch),
     .standard = "64",
     .range = "[1, 65536]",
     .help = "most simulations asked for at once"},
    {.path = "program.timeout_s",
     .type = RB_SETTING_REAL,
     PROGRAM(timeout_s),
     .standard = "600",
     .range = "(0, 1e7]",
     .unit = "s",
     .help = "longest a batch may take; then the program is killed"},
    {.path = "program.restarts",
     .type = RB_SETTING_INTEGER,
     PROGRAM(restarts),
     .standard = "3",
     .range = "[0, 1000000]",
     .help = "how often in a row a rank starts a program anew that died or did not answer, before "
             "the study stops"}};

static rb_status describe(rb_context *ctx, const rb_settings_source *source, void *settings,
                          rb_model_rows *rows) {
  (void)settings;
  return rb_described_prior(ctx, source, rows);
}

static rb_status check(rb_context *ctx, const void *settings) {
  const program_settings *s = settings;
  rb_described described;
  if (s->command[strspn(s->command, " ")] == '\0') {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "program.command is needed: what simulates, as in \"python3 my_model.py\"");
  }
  return rb_described_read(ctx, "program", &s->observation, &described);
}

/* Whether rank 0 has a file of that name. Collective. */
static bool is_file(const rb_context *ctx, const char *name) {
  struct stat about;
  int is = ctx->rank == 0 && stat(name, &about) == 0 && S_ISREG(about.st_mode);
  MPI_Bcast(&is, 1, MPI_INT, 0, ctx->comm);
  return is != 0;
}

/* Adds the files that a command reads, as far as its words tell. A quoted word that is no file may
 * be a command of its own, as that of sh -c or python -c. Collective. */
static rb_status hash_files(rb_context *ctx, const char *command, const char *folder,
                            uint64_t *hash) {
  rb_status status = RB_OK;
  rb_command_words words = rb_command_words_of(command, folder);
  char path[RB_COMMAND_PATH];
  while (rb_command_next(&words, path)) {
    uint64_t digest = 0;
    if (is_file(ctx, path)) {
      RB_TRY(rb_study_hash_file(ctx, path, &digest));
      *hash = rb_hash(*hash != 0 ? *hash : RB_HASH_START, &digest, sizeof digest);
    } else if (strpbrk(words.word, " \t;|&()<>=`'\"") != NULL &&
               strlen(words.word) < strlen(command)) {
      RB_TRY(hash_files(ctx, words.word, words.folder, hash));
    }
  }
cleanup:
  return status;
}

static rb_status load(rb_context *ctx, void *settings) {
  program_settings *s = settings;
  s->files = 0;
  return hash_files(ctx, s->command, "", &s->files);
}

static void write_digest(const void *settings, FILE *stream) {
  const program_settings *s = settings;
  (void)fprintf(stream, "program.command_hash = %016" PRIx64 "\n", s->files);
}

typedef struct program_state {
  program_settings settings;
  rb_described described;
  rb_worker *worker;  // NULL: nothing has been simulated yet
} program_state;

static rb_status create_worker(rb_context *ctx, const rb_model *model, program_state *state) {
  const program_settings *s = &state->settings;
  const rb_worker_settings settings = {.rank = model->rank,
                                       .command = s->command,
                                       .dim = model->dim,
                                       .parameters = model->parameters,
                                       .row = model->channels * model->length,
                                       .batch = s->batch,
                                       .timeout_s = s->timeout_s,
                                       .restarts = s->restarts,
                                       .skips = model->skips};
  return rb_worker_create(ctx, &settings, &state->worker);
}

static rb_status simulate(const rb_model *model, rb_context *ctx, uint64_t seed, rb_purpose purpose,
                          int64_t first, int64_t count, const double *theta, float *x) {
  rb_status status = RB_OK;
  program_state *state = model->state;
  uint64_t *seeds = NULL;
  if (state->worker == NULL) RB_TRY(create_worker(ctx, model, state));
  RB_TRY(RB_ALLOCATE(ctx, seeds, count));
  for (int64_t i = 0; i < count; ++i) seeds[i] = rb_described_seed(seed, purpose, first + i);
  status = rb_worker_simulate(ctx, state->worker, count, theta, seeds, x);
  if (status == RB_ERR_SIMULATOR) {
    int64_t at = 0;
    const int64_t failed = rb_worker_failed(state->worker, &at);
    if (failed > 0) {
      rb_replay_write(ctx, model, purpose, first + at, failed, theta + at * model->dim);
    }
  }
cleanup:
  free(seeds);
  return status;
}

static void destroy(rb_model *model) {
  program_state *state = model->state;
  if (state == NULL) return;
  rb_worker_destroy(state->worker);
  free(state);
  model->state = NULL;
}

static rb_status create(rb_context *ctx, const void *settings, rb_model *model) {
  rb_status status = RB_OK;
  program_state *state = NULL;
  *model = (rb_model){
      .name = "program", .accepts = rb_described_accepts, .simulate = simulate, .destroy = destroy};
  RB_TRY(RB_ALLOCATE(ctx, state, 1));
  model->state = state;
  state->settings = *(const program_settings *)settings;
  RB_TRY(rb_described_read(ctx, "program", &state->settings.observation, &state->described));
  rb_described_fill(&state->described, model);
  model->dealt = state->settings.batch;
cleanup:
  if (status != RB_OK) destroy(model);
  return status;
}

const rb_model_type rb_program_type = {
    .name = "program",
    .title = "A simulator of your own, a program in any language",
    .source = "docs/own_simulator.md",
    .setting = settings_rows,
    .settings = sizeof settings_rows / sizeof *settings_rows,
    .settings_size = sizeof(program_settings),
    .recipe = "program -program.batch -program.timeout_s -program.restarts",
    .describe = describe,
    .parameters_from = "as the input's prior names them",
    .check = check,
    .load = load,
    .digest = write_digest,
    .create = create};
