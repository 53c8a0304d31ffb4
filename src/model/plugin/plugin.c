#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../described.h"
#include "crash.h"
#include "library.h"
#include "rheobase/base/memory.h"

/* The model `plugin`: a simulator in a shared object of the user's. */

enum { SETTINGS = 32, STATISTICS = 64, SETTING_PATH = 64, STANDARD = 256 };

/* What is loaded. */
typedef struct plugin {
  rb_library library;
  rb_setting row[SETTINGS];  // the plugin's own, plugin.settings.<name>
  char path[SETTINGS][SETTING_PATH], standard[SETTINGS][STANDARD];
} plugin;

typedef struct plugin_settings {
  char path[RB_PLUGIN_PATH];
  char value[SETTINGS][RB_EXPRESSION_TEXT];  // of the plugin's own
  plugin *loaded;                            // owned; NULL: no path is given
} plugin_settings;

static const rb_setting settings_rows[] = {
    {.path = "plugin", .type = RB_SETTING_GROUP, .help = "A simulator in a shared object"},
    {.path = "plugin.path",
     .type = RB_SETTING_STRING,
     RB_SETTING_MEMBER(plugin_settings, path),
     .standard = "\"\"",
     .help = "the shared object, see rheobase/plugin.h"},
    {.path = "plugin.settings",
     .type = RB_SETTING_GROUP,
     .help = "Settings of the plugin's own, those it says it has"}};

/* A text in quotes as an input file would have it. */
static void quote(const char *text, char *quoted) {
  size_t at = 0;
  quoted[at++] = '"';
  for (; *text != '\0'; ++text) {
    if (*text == '"' || *text == '\\') quoted[at++] = '\\';
    quoted[at++] = *text;
  }
  quoted[at++] = '"';
  quoted[at] = '\0';
}

static void set_rows(plugin *p) {
  const rheobase_description *d = p->library.description;
  for (int i = 0; i < d->settings; ++i) {
    const rheobase_setting *own = &d->setting[i];
    (void)snprintf(p->path[i], SETTING_PATH, "plugin.settings.%s", own->name);
    quote(own->standard, p->standard[i]);
    p->row[i] =
        (rb_setting){.path = p->path[i],
                     .type = RB_SETTING_EXPRESSION,
                     .offset = offsetof(plugin_settings, value) + (size_t)i * RB_EXPRESSION_TEXT,
                     .size = RB_EXPRESSION_TEXT,
                     .standard = p->standard[i],
                     .help = own->help != NULL ? own->help : "of the plugin"};
  }
}

static rb_status set_prior(rb_context *ctx, const rb_library *library, rb_model_rows *rows) {
  rb_status status = RB_OK;
  const rheobase_description *d = library->description;
  for (int r = 0; r < d->parameters; ++r) {
    const rheobase_parameter *own = &d->parameter[r];
    rb_prior_row *row = &rows->prior[r];
    RB_TRY(rb_described_row(ctx, own->name, own->unit, row));
    if (own->description != NULL) {
      (void)snprintf(row->description, sizeof row->description, "%s", own->description);
    }
    if (own->prior != NULL) RB_TRY(rb_described_parse_prior(ctx, library->path, own->prior, row));
  }
  rows->parameters = d->parameters;
cleanup:
  return status;
}

static rb_status describe(rb_context *ctx, const rb_settings_source *source, void *settings,
                          rb_model_rows *rows) {
  rb_status status = RB_OK;
  plugin_settings *s = settings;
  char path[RB_PLUGIN_PATH] = "";
  RB_TRY(rb_settings_peek(ctx, source, "plugin.path", sizeof path, path));
  if (path[0] == '\0') return RB_OK;
  RB_TRY(RB_ALLOCATE(ctx, s->loaded, 1));
  RB_TRY(rb_library_open(ctx, path, &s->loaded->library));
  RB_TRY(set_prior(ctx, &s->loaded->library, rows));
  set_rows(s->loaded);
  rows->settings = s->loaded->library.description->settings;
  rows->setting = s->loaded->row;
cleanup:
  return status;
}

static void unload(void *settings) {
  plugin_settings *s = settings;
  if (s->loaded != NULL) rb_library_close(&s->loaded->library);
  free(s->loaded);
  s->loaded = NULL;
}

static rb_status check(rb_context *ctx, const void *settings) {
  const plugin_settings *s = settings;
  if (s->loaded != NULL) return RB_OK;
  return RB_FAIL(ctx, RB_ERR_SETTING,
                 "plugin.path is needed: the shared object, as in plugin = { path = "
                 "\"./libmy_model.so\"; };");
}

/* The file counts by what it holds. */
static void digest(const void *settings, FILE *stream) {
  const plugin_settings *s = settings;
  (void)fprintf(stream, "plugin.path_hash = %016" PRIx64 "\n", s->loaded->library.hash);
}

typedef struct plugin_state {
  const rb_library *library;  // of the settings, which outlive the model
  void *own;                  // the plugin's
  rb_described described;
  rb_quantity statistic[STATISTICS];
} plugin_state;

/* What a crash from here on is blamed on. @param doing such as "create" */
static void watch(int rank, const rb_library *library, const char *doing, const char *where) {
  char text[RB_CRASH_TEXT];
  (void)snprintf(text, sizeof text, "plugin %.400s crashed in %s on rank %d%s%.300s", library->path,
                 doing, rank, *where != '\0' ? ", " : "", where);
  rb_crash_watch(text);
}

/* What a function of the plugin has said. */
static rb_status judge(rb_context *ctx, const rb_library *library, const char *doing, int result,
                       const char *message, const char *where) {
  if (result == 0) return RB_OK;
  char line[RHEOBASE_MESSAGE];  // of one line, whatever the plugin wrote
  (void)snprintf(line, sizeof line, "%.*s", RHEOBASE_MESSAGE - 1, message);
  for (char *c = line; *c != '\0'; ++c) *c = *c >= 0 && *c < ' ' ? ' ' : *c;
  return RB_FAIL(ctx, RB_ERR_SIMULATOR, "plugin %s: %s returned %d%s%s%s%s", library->path, doing,
                 result, *line != '\0' ? ": " : "", line, *where != '\0' ? ", " : "", where);
}

static rb_status simulate_all(const rb_model *model, rb_context *ctx, uint64_t seed,
                              rb_purpose purpose, int64_t first, int64_t count, const double *theta,
                              float *x) {
  rb_status status = RB_OK;
  const plugin_state *state = model->state;
  uint64_t *seeds = NULL;
  char message[RHEOBASE_MESSAGE] = "", where[RB_PARAMETERS_TEXT + 64] = "";
  if (count == 0) return RB_OK;
  RB_TRY(RB_ALLOCATE(ctx, seeds, count));
  for (int64_t i = 0; i < count; ++i) seeds[i] = rb_described_seed(seed, purpose, first + i);
  const int at =
      snprintf(where, sizeof where, "at data sets %" PRId64 " to %" PRId64 ", the first ", first,
               first + count - 1);
  rb_model_parameters_text(model, theta, where + at);
  // What a plugin leaves out is then found, and not what was there before.
  const int64_t numbers = count * model->channels * model->length;
  for (int64_t k = 0; k < numbers; ++k) x[k] = NAN;
  watch(model->rank, state->library, "simulate", where);
  const int result =
      state->library->description->simulate(state->own, count, seeds, theta, x, message);
  rb_crash_unwatch();
  RB_TRY(judge(ctx, state->library, "simulate", result, message, where));
cleanup:
  free(seeds);
  return status;
}

/* Where invalid simulations are skipped: those that the plugin refuses, found one by one, are NaN.
 */
static rb_status simulate(const rb_model *model, rb_context *ctx, uint64_t seed, rb_purpose purpose,
                          int64_t first, int64_t count, const double *theta, float *x) {
  const int64_t row = model->channels * model->length;
  rb_status status = simulate_all(model, ctx, seed, purpose, first, count, theta, x);
  if (status != RB_ERR_SIMULATOR || !model->skips) return status;
  for (int64_t i = 0; i < count; ++i) {
    rb_error_clear(ctx);
    status =
        simulate_all(model, ctx, seed, purpose, first + i, 1, theta + i * model->dim, x + i * row);
    if (status == RB_ERR_SIMULATOR) x[i * row] = NAN;
    if (status != RB_OK && status != RB_ERR_SIMULATOR) return status;
  }
  rb_error_clear(ctx);
  return RB_OK;
}

static rb_status log_likelihood(const rb_model *model, rb_context *ctx, const float *x,
                                int64_t count, const double *theta, double *value,
                                const char **reason) {
  rb_status status = RB_OK;
  const plugin_state *state = model->state;
  char message[RHEOBASE_MESSAGE] = "";
  if (reason != NULL) *reason = NULL;
  watch(model->rank, state->library, "log_likelihood", "");
  const int result =
      state->library->description->log_likelihood(state->own, x, count, theta, value, message);
  rb_crash_unwatch();
  RB_TRY(judge(ctx, state->library, "log_likelihood", result, message, ""));
  for (int64_t i = 0; i < count; ++i) {
    if (!isnan(value[i])) continue;
    char where[RB_PARAMETERS_TEXT];
    rb_model_parameters_text(model, &theta[i * model->dim], where);
    RB_TRY(RB_FAIL(ctx, RB_ERR_SIMULATOR, "plugin %s: log_likelihood is not a number at %s",
                   state->library->path, where));
  }
cleanup:
  return status;
}

static void summarise(const rb_model *model, const float *x, double *out) {
  const plugin_state *state = model->state;
  watch(model->rank, state->library, "summarise", "");
  state->library->description->summarise(state->own, x, out);
  rb_crash_unwatch();
  for (int s = 0; s < model->summaries; ++s) out[s] = isfinite(out[s]) ? out[s] : 0;
}

static void destroy(rb_model *model) {
  plugin_state *state = model->state;
  if (state == NULL) return;
  const rheobase_description *d = state->library->description;
  if (d->destroy != NULL && state->own != NULL) {
    watch(model->rank, state->library, "destroy", "");
    d->destroy(state->own);
    rb_crash_unwatch();
  }
  free(state);
  model->state = NULL;
}

static const char *text_or(const char *text, const char *otherwise) {
  return text != NULL && *text != '\0' ? text : otherwise;
}

/* Lets the plugin look at its settings. */
static rb_status create_own(rb_context *ctx, const plugin_settings *s, plugin_state *state,
                            rheobase_samples *samples) {
  rb_status status = RB_OK;
  const rheobase_description *d = state->library->description;
  const char *value[SETTINGS];
  char message[RHEOBASE_MESSAGE] = "";
  *samples = d->samples;
  if (d->create == NULL) return RB_OK;
  for (int i = 0; i < d->settings; ++i) value[i] = s->value[i];
  watch(ctx->rank, state->library, "create", "");
  const int result = d->create(value, samples, &state->own, message);
  rb_crash_unwatch();
  RB_TRY(judge(ctx, state->library, "create", result, message, ""));
cleanup:
  return status;
}

static rb_status set_observation(rb_context *ctx, const rheobase_description *d,
                                 const rheobase_samples *samples, rb_described *described) {
  rb_status status = RB_OK;
  for (int c = 0; c < d->channels; ++c) {
    const rheobase_channel *own = &d->channel[c];
    RB_TRY(rb_described_add_channel(ctx, "plugin", own->name, text_or(own->unit, ""),
                                    own->binary != 0, described));
    rb_quantity *quantity = &described->channel[c].quantity;
    quantity->description = text_or(own->description, quantity->description);
  }
  RB_TRY(rb_described_set_axis(ctx, "plugin", text_or(samples->axis, ""),
                               text_or(samples->unit, ""), samples->length, samples->step,
                               described));
cleanup:
  return status;
}

static rb_status create(rb_context *ctx, const void *settings, rb_model *model) {
  rb_status status = RB_OK;
  const plugin_settings *s = settings;
  const rheobase_description *d = s->loaded->library.description;
  plugin_state *state = NULL;
  rheobase_samples samples;
  *model = (rb_model){.name = "plugin", .rank = ctx->rank, .destroy = destroy};
  RB_TRY(RB_ALLOCATE(ctx, state, 1));
  state->library = &s->loaded->library;
  model->state = state;
  RB_TRY(create_own(ctx, s, state, &samples));
  RB_TRY(set_observation(ctx, d, &samples, &state->described));
  rb_described_fill(&state->described, model);
  model->accepts = rb_described_accepts;
  model->simulate = simulate;
  if (d->log_likelihood != NULL) model->log_likelihood = log_likelihood;
  if (d->summarise != NULL) {
    for (int i = 0; i < d->statistics; ++i) {
      const rheobase_statistic *own = &d->statistic[i];
      state->statistic[i] =
          (rb_quantity){own->name, text_or(own->unit, "1"), text_or(own->description, own->name)};
    }
    model->summaries = d->statistics;
    model->summary = state->statistic;
    model->summarise = summarise;
  }
cleanup:
  if (status != RB_OK) destroy(model);
  return status;
}

const rb_model_type rb_plugin_type = {.name = "plugin",
                                      .title = "A simulator of your own, in a shared object",
                                      .source = "docs/own_simulator.md",
                                      .setting = settings_rows,
                                      .settings = sizeof settings_rows / sizeof *settings_rows,
                                      .settings_size = sizeof(plugin_settings),
                                      .recipe = "plugin -plugin.path",
                                      .describe = describe,
                                      .parameters_from = "as the shared object says",
                                      .check = check,
                                      .unload = unload,
                                      .digest = digest,
                                      .create = create};
