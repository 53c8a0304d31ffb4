#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "input_table.h"
#include "rheobase/io/product.h"
#include "rheobase/io/study.h"
#include "rheobase/model/statistics.h"
#include "rheobase/parallel/agree.h"

enum {
  BEFORE_MODEL = 2,  // rows of the common table: seed and model
  GROUPS = 512       // letters of what a stage depends on
};

static rb_status check_network(rb_context *ctx, const rb_input *input) {
  rb_status status = RB_OK;
  const rb_summary_settings *summary = &input->network.summary;
  const rb_feature_source *features = summary->type->features;
  const bool centres = features != NULL && features->centring != NULL;
  if (input->training.coordinates == RB_COORDINATES_CENTRED && !centres) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING,
                   "training.parameters = \"centred\" needs a network.summary.type that takes "
                   "features of the model, such as \"expert\"; \"%s\" does not",
                   summary->type->name));
  }
  for (const rb_summary_type *const *type = rb_summary_types; *type != NULL; ++type) {
    if ((*type)->check != NULL) RB_TRY((*type)->check(ctx, summary));
  }
cleanup:
  return status;
}

static rb_status check_together(rb_context *ctx, const rb_input *input) {
  const rb_training_settings *training = &input->training;
  if (training->micro_batch > training->batch_size) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "training.micro_batch = %d is larger than training.batch_size = %d",
                   training->micro_batch, training->batch_size);
  }
  if (input->misspecification_simulations == 1) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "misspecification.simulations = 1: nothing can be compared with one simulation; "
                   "give more, or 0 to leave the comparison out");
  }
  return check_network(ctx, input);
}

/* What the model's type and its prior's table say of their settings. */
static rb_status check_model(rb_context *ctx, const rb_input *input) {
  rb_status status = RB_OK;
  rb_prior *prior = NULL;
  if (input->type->check != NULL) RB_TRY(input->type->check(ctx, input->simulator));
  if (input->rows.parameters == 0) {
    RB_TRY(
        RB_FAIL(ctx, RB_ERR_SETTING,
                "prior: model \"%s\" needs one, with a group for each parameter, in the order of "
                "theta's columns: prior = { NAME = { distribution = \"normal\"; mean = 0; sd = 1; "
                "}; };",
                input->model));
  }
  RB_TRY(rb_prior_create(ctx, input->rows.parameters, input->prior, &prior));
cleanup:
  rb_prior_destroy(prior);
  return status;
}

/* What there is of the model: the type's rows, or what the input describes. Collective. */
static rb_status describe_model(rb_context *ctx, const rb_settings_source *source,
                                rb_input *input) {
  const rb_model_type *type = input->type;
  if (type->describe != NULL) return type->describe(ctx, source, input->simulator, &input->rows);
  input->rows.parameters = type->parameters;
  memcpy(input->rows.prior, type->prior, (size_t)type->parameters * sizeof *type->prior);
  return RB_OK;
}

/* The table for the model that is chosen, and all settings. Collective. */
static rb_status read_settings(rb_context *ctx, const char *path, const rb_arguments *arguments,
                               rb_input *input) {
  rb_status status = RB_OK;
  const rb_settings_source source = {path, arguments->sets, arguments->set};
  const rb_settings_table *common = rb_input_common_table();
  (void)snprintf(input->model, sizeof input->model, "%s", rb_model_types[0]->name);
  RB_TRY(rb_settings_peek(ctx, &source, "model", sizeof input->model, input->model));
  RB_TRY(rb_agree(ctx, rb_model_type_find(ctx, input->model, &input->type)));
  RB_TRY(describe_model(ctx, &source, input));
  RB_TRY(rb_agree(ctx, rb_input_table_create(ctx, common->row, common->rows, BEFORE_MODEL, input)));
  RB_TRY(rb_settings_read(ctx, &input->table, path, arguments->sets, arguments->set, input));
  rb_input_complete_prior(input);
  input->network.summary.type = rb_summary_types[input->summary];
  input->network.density = rb_density_types[input->density];
cleanup:
  return status;
}

bool rb_input_is_study(const char *path) {
  struct stat entry;
  return stat(path, &entry) == 0 && S_ISDIR(entry.st_mode);
}

/* The file of a study that tells its input: the network's, or the first there is. Local.
 * @param path (size) */
static rb_status find_input(rb_context *ctx, const char *folder, char *path, size_t size) {
  for (int p = -1; p < RB_PRODUCTS; ++p) {
    const rb_product product = p < 0 ? RB_PRODUCT_CHECKPOINT : (rb_product)p;
    (void)snprintf(path, size, "%s/%s", folder, rb_products[product].file);
    if (access(path, F_OK) == 0) return RB_OK;
  }
  return RB_FAIL(ctx, RB_ERR_FILE,
                 "%s: nothing to report, or to go on with: it holds no file of a study", folder);
}

/* Rank 0 writes a study's input to a temporary file. Local. */
static rb_status unpack_input(rb_context *ctx, const char *folder, char *temporary, size_t size) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  char path[RB_STUDY_PATH + 32];
  char *text = NULL;
  RB_TRY(find_input(ctx, folder, path, sizeof path));
  RB_TRY(rb_file_open_foreign(ctx, path, &file));
  RB_TRY(rb_file_read_text(ctx, file, "provenance/input", &text));
  const char *place = getenv("TMPDIR");
  (void)snprintf(temporary, size, "%s/rheobase_input_XXXXXX",
                 place != NULL && *place != '\0' ? place : "/tmp");
  const int descriptor = mkstemp(temporary);
  const size_t length = strlen(text);
  if (descriptor < 0 || write(descriptor, text, length) != (ssize_t)length) {
    status = RB_FAIL(ctx, RB_ERR_FILE, "%s: cannot be written", temporary);
  }
  if (descriptor >= 0) (void)close(descriptor);
cleanup:
  free(text);
  rb_file_close(&file);
  return status;
}

rb_status rb_input_read_settings(rb_context *ctx, const rb_arguments *arguments, rb_input *input) {
  rb_status status = RB_OK;
  const char *path = arguments->inputs > 0 ? arguments->input[0] : NULL;
  char temporary[RB_STUDY_PATH] = "";
  memset(input, 0, sizeof *input);
  if (path != NULL && rb_input_is_study(path)) {
    RB_TRY(rb_agree(ctx,
                    ctx->rank == 0 ? unpack_input(ctx, path, temporary, sizeof temporary) : RB_OK));
    path = temporary;
  }
  RB_TRY(read_settings(ctx, path, arguments, input));
cleanup:
  if (*temporary != '\0') (void)unlink(temporary);
  return status;
}

/* Where simulations are there already: no more of them than there are, and none that are made while
 * training. */
static rb_status fit_to_available(rb_context *ctx, rb_input *input) {
  const struct {
    int64_t *count;
    rb_purpose purpose;
  } counts[] = {{&input->sanity.simulations, RB_FOR_SHAPE_CHECK},
                {&input->sanity.prior_draws, RB_FOR_PRIOR_CHECK},
                {&input->training.simulations, RB_FOR_TRAINING},
                {&input->training.validation, RB_FOR_VALIDATION},
                {&input->baseline.simulations, RB_FOR_TRAINING},
                {&input->calibration.recovery_datasets, RB_FOR_RECOVERY},
                {&input->calibration.sbc_datasets, RB_FOR_SBC},
                {&input->calibration.diagnostics_datasets, RB_FOR_DIAGNOSTICS},
                {&input->misspecification_simulations, RB_FOR_MISSPECIFICATION}};
  if (!rb_input_is_stored(input)) return RB_OK;
  if (input->training.mode == RB_ONLINE) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "training.mode = \"online\" makes simulations while it trains, and model \"%s\" "
                   "has no simulator; choose \"offline\"",
                   input->model);
  }
  for (size_t i = 0; i < sizeof counts / sizeof *counts; ++i) {
    const int64_t most = input->type->available(input->simulator, counts[i].purpose);
    if (*counts[i].count > most) *counts[i].count = most;
  }
  return RB_OK;
}

rb_status rb_input_check(rb_context *ctx, rb_input *input) {
  rb_status status = RB_OK;
  RB_TRY(rb_agree(ctx, check_together(ctx, input)));
  if (input->simulation.invalid == RB_INVALID_SKIP && input->type->skip_invalid != NULL) {
    input->type->skip_invalid(input->simulator, input->simulation.invalid_limit);
  }
  if (input->type->load != NULL) RB_TRY(input->type->load(ctx, input->simulator));
  RB_TRY(rb_agree(ctx, check_model(ctx, input)));
  RB_TRY(rb_agree(ctx, fit_to_available(ctx, input)));
cleanup:
  return status;
}

rb_status rb_input_read(rb_context *ctx, const rb_arguments *arguments, rb_input *input) {
  rb_status status = RB_OK;
  RB_TRY(rb_input_read_settings(ctx, arguments, input));
  RB_TRY(rb_input_check(ctx, input));
cleanup:
  return status;
}

void rb_input_free(rb_input *input) {
  if (input->type != NULL && input->type->unload != NULL) input->type->unload(input->simulator);
  rb_input_table_free(input);
}

/* Whether the model has what the network's settings ask for. Local. */
static rb_status check_features(rb_context *ctx, const rb_input *input, const rb_model *model) {
  const rb_feature_source *features = input->network.summary.type->features;
  if (features != NULL && features->count(model) == 0) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "network.summary.type: model \"%s\" has no %s; choose \"recurrent\"",
                   input->model, features->what);
  }
  const bool centred = input->training.coordinates == RB_COORDINATES_CENTRED;
  if (centred && (features->centring(model) == 0 || !model->default_prior)) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "training.parameters = \"centred\" knows the default prior of model \"%s\"; "
                   "with another one choose \"support\"",
                   input->model);
  }
  return RB_OK;
}

bool rb_input_is_stored(const rb_input *input) { return input->type->available != NULL; }

rb_status rb_input_model(rb_context *ctx, const rb_input *input, rb_model *model) {
  rb_status status = RB_OK;
  const rb_feature_source *features = input->network.summary.type->features;
  status = rb_model_create(ctx, input->type, input->simulator, input->rows.parameters, input->prior,
                           model);
  if (status == RB_OK && input->simulation.invalid == RB_INVALID_SKIP) {
    rb_model_skip_invalid(model, input->simulation.invalid_limit);
  }
  if (status == RB_OK) status = rb_model_check_draw(ctx, model);
  if (status == RB_OK && features != NULL && features->prepare != NULL) {
    const rb_summary_settings *summary = &input->network.summary;
    model->statistics_options = (rb_statistics_options){
        summary->crossings, summary->level, rb_statistics_blocks(summary->without, NULL),
        rb_statistics_blocks(summary->with, NULL)};
    status = features->prepare(ctx, model);
  }
  if (status == RB_OK) status = check_features(ctx, input, model);
  RB_TRY(rb_agree(ctx, status));
cleanup:
  return status;
}

/* Groups of settings, the model's own among them. @param groups (GROUPS) */
static void add_own(const rb_input *input, const char *settings, char *groups) {
  const char *own = input->type->recipe != NULL ? input->type->recipe : "";
  (void)snprintf(groups, GROUPS, "%s %s", settings, own);
}

rb_status rb_input_lines(rb_context *ctx, const rb_input *input, const char *settings,
                         char **lines) {
  rb_status status = RB_OK;
  char *text = NULL;
  size_t size = 0;
  char groups[GROUPS];
  *lines = NULL;
  add_own(input, settings, groups);
  RB_TRY(rb_settings_lines(ctx, &input->table, input, groups, &text));
  FILE *stream = open_memstream(lines, &size);
  if (stream == NULL) RB_TRY(RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory"));
  (void)fputs(text, stream);
  if (input->type->digest != NULL) input->type->digest(input->simulator, stream);
  if (fclose(stream) != 0) RB_TRY(RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory"));
cleanup:
  free(text);
  return status;
}

rb_status rb_input_difference(rb_context *ctx, const rb_input *input, const char *before,
                              const char *settings, size_t size, char *why) {
  rb_status status = RB_OK;
  char *now = NULL;
  char groups[GROUPS];
  add_own(input, settings, groups);
  RB_TRY(rb_input_lines(ctx, input, settings, &now));
  (void)rb_settings_difference(before, now, groups, why, size);
cleanup:
  free(now);
  return status;
}

rb_status rb_input_text(rb_context *ctx, const rb_input *input, bool documented, char **text) {
  size_t size = 0;
  *text = NULL;
  FILE *stream = open_memstream(text, &size);
  if (stream == NULL) return RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory");
  rb_settings_print(&input->table, input, documented, stream);
  if (fclose(stream) != 0) return RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory");
  return RB_OK;
}
