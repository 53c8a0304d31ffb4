#include "rheobase/model/model_type.h"

#include <stdlib.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "rheobase/io/nearest.h"
#include "rheobase/model/draw.h"
#include "rheobase/model/statistics.h"

#define RB_MODEL(name) extern const rb_model_type rb_##name##_type;
#include "model_list.h"
#undef RB_MODEL

#define RB_MODEL(name) &rb_##name##_type,
const rb_model_type *const rb_model_types[] = {
#include "model_list.h"
    NULL};
#undef RB_MODEL

// The first of many texts one after the other.
#define RB_MODEL(name) "\"" #name "\"\0"
const char rb_model_default[] =
#include "model_list.h"
    ;
#undef RB_MODEL

#define RB_MODEL(name) PLACE_OF_##name,
enum {
#include "model_list.h"
  TYPES
};
#undef RB_MODEL

rb_status rb_model_type_find(rb_context *ctx, const char *name, const rb_model_type **type) {
  const char *names[TYPES];
  for (int i = 0; i < TYPES; ++i) {
    names[i] = rb_model_types[i]->name;
    if (strcmp(names[i], name) != 0) continue;
    *type = rb_model_types[i];
    return RB_OK;
  }
  const char *nearest = rb_nearest(name, names, sizeof *names, TYPES);
  return RB_FAIL(ctx, RB_ERR_SETTING, "model = \"%.60s\" is unknown%s%s%s", name,
                 nearest != NULL ? "; did you mean " : "", nearest != NULL ? nearest : "",
                 nearest != NULL ? "?" : " (rheobase models lists all)");
}

/* The prior's part of a model, from the table. */

static rb_status draw_prior(const rb_model *model, rb_context *ctx, uint64_t seed,
                            rb_purpose purpose, int64_t first, int64_t count, double *theta,
                            double *latent) {
  return rb_prior_draw(ctx, model->prior, seed, purpose, first, count, theta, latent);
}

static void log_prior(const rb_model *model, int64_t count, const double *latent,
                      double *log_density) {
  rb_prior_log_density(model->prior, count, latent, log_density);
}

static uint32_t outside_support(const rb_model *model, const double *theta) {
  return rb_prior_outside(model->prior, theta);
}

static bool in_support(const rb_model *model, const double *theta) {
  return rb_prior_outside(model->prior, theta) == 0;
}

static void from_latent(const rb_model *model, int64_t count, const double *latent, double *theta) {
  rb_prior_from_latent(model->prior, count, latent, theta);
}

static void to_support(const rb_model *model, int64_t count, const double *latent, double *phi,
                       double *log_det) {
  rb_prior_support.to(model->prior, count, latent, phi, log_det);
}

static void from_support(const rb_model *model, int64_t count, const double *phi, double *latent,
                         double *log_det) {
  rb_prior_support.from(model->prior, count, phi, latent, log_det);
}

static void set_prior_functions(rb_model *model) {
  model->dim = rb_prior_dim(model->prior);
  model->parameters = rb_prior_parameters(model->prior);
  if (model->draw_prior == NULL) model->draw_prior = draw_prior;
  model->log_prior = log_prior;
  model->outside_support = outside_support;
  model->in_support = in_support;
  model->from_latent = from_latent;
  model->to_support = to_support;
  model->from_support = from_support;
}

/* The simulator's part: fixed parameters are added first. */

static bool accepts_rest(const rb_model *model, const double *theta, const char **reason) {
  double all[RB_PRIOR_ROWS];
  rb_prior_complete(model->prior, 1, theta, all);
  return model->core->accepts(model->core, all, reason);
}

static rb_status log_likelihood_rest(const rb_model *model, rb_context *ctx, const float *x,
                                     int64_t count, const double *theta, double *log_likelihood,
                                     const char **reason) {
  rb_status status = RB_OK;
  double *all = NULL;
  RB_TRY(rb_prior_complete_new(ctx, model->prior, count, theta, &all));
  RB_TRY(model->core->log_likelihood(model->core, ctx, x, count, all, log_likelihood, reason));
cleanup:
  free(all);
  return status;
}

static rb_status compare_rest(const rb_model *model, rb_context *ctx, const float *x,
                              const double *median, int64_t S, const double *theta, double *out) {
  rb_status status = RB_OK;
  double *all = NULL;
  RB_TRY(rb_prior_complete_new(ctx, model->prior, S, theta, &all));
  RB_TRY(model->core->compare(model->core, ctx, x, median, S, all, out));
cleanup:
  free(all);
  return status;
}

static rb_status find_oddities_rest(const rb_model *model, rb_context *ctx, uint64_t seed,
                                    rb_purpose purpose, int64_t first, int64_t count,
                                    const double *theta, uint8_t *found) {
  rb_status status = RB_OK;
  double *all = NULL;
  RB_TRY(rb_prior_complete_new(ctx, model->prior, count, theta, &all));
  RB_TRY(model->core->find_oddities(model->core, ctx, seed, purpose, first, count, all, found));
cleanup:
  free(all);
  return status;
}

static void destroy(rb_model *model) {
  if (model->core != NULL && model->core->destroy != NULL) model->core->destroy(model->core);
  free(model->core);
  rb_prior_destroy(model->prior);
  rb_statistics_free(model->statistics);
  *model = (rb_model){0};
}

static bool is_default(const rb_model_type *type, const rb_prior_row *prior) {
  if (prior == NULL) return true;
  return type->prior != NULL &&
         memcmp(prior, type->prior, (size_t)type->parameters * sizeof *prior) == 0;
}

/* A draw of a prior, with the fixed parameters. @param all (RB_PRIOR_ROWS) */
static rb_status draw_all(rb_context *ctx, const rb_prior *prior, double *all) {
  double theta[RB_PRIOR_ROWS];
  const rb_status status = rb_prior_draw(ctx, prior, 0, RB_FOR_PRIOR_CHECK, 0, 1, theta, NULL);
  if (status == RB_OK) rb_prior_complete(prior, 1, theta, all);
  return status;
}

/* Finds the row whose value the simulator refuses even among values of the default prior; -1 if
 * there is no such row or no default. @param all of a draw that is refused */
static rb_status find_refused(rb_context *ctx, const rb_model *model, const double *all, int *row,
                              const char **reason) {
  rb_status status = RB_OK;
  const rb_model *core = model->core;
  rb_prior *standard = NULL;
  double usual[RB_PRIOR_ROWS];
  *row = -1;
  if (model->default_prior || model->type->prior == NULL) return RB_OK;
  RB_TRY(rb_prior_create(ctx, model->type->parameters, model->type->prior, &standard));
  RB_TRY(draw_all(ctx, standard, usual));
  for (int r = 0; r < core->dim && *row < 0; ++r) {
    const double kept = usual[r];
    usual[r] = all[r];
    if (!core->accepts(core, usual, reason)) *row = r;
    usual[r] = kept;
  }
cleanup:
  rb_prior_destroy(standard);
  return status;
}

rb_status rb_model_check_draw(rb_context *ctx, const rb_model *model) {
  rb_status status = RB_OK;
  double all[RB_PRIOR_ROWS];
  const char *reason = "";
  int row = -1;
  if (model->type->available != NULL || model->skips) return RB_OK;
  RB_TRY(draw_all(ctx, model->prior, all));
  if (model->core->accepts(model->core, all, &reason)) return RB_OK;
  RB_TRY(find_refused(ctx, model, all, &row, &reason));
  if (row < 0) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING, "prior: the simulator refuses what it draws: %s", reason));
  }
  RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING, "prior.%s: the simulator refuses %.10g: %s",
                 model->core->parameters[row].name, all[row], reason));
cleanup:
  return status;
}

rb_status rb_model_create(rb_context *ctx, const rb_model_type *type, const void *settings,
                          int parameters, const rb_prior_row *prior, rb_model *model) {
  rb_status status = RB_OK;
  const int rows = prior != NULL ? parameters : type->parameters;
  *model = (rb_model){.destroy = destroy};
  rb_model *core = NULL;
  rb_prior *table = NULL;
  RB_TRY(rb_prior_create(ctx, rows, prior != NULL ? prior : type->prior, &table));
  if (rb_prior_dim(table) > RB_MAX_PARAMETERS) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING, "prior: leaves %d parameters to infer; %d are possible",
                   rb_prior_dim(table), RB_MAX_PARAMETERS));
  }
  RB_TRY(RB_ALLOCATE(ctx, core, 1));
  RB_TRY(type->create(ctx, settings, core));
  core->dim = rows;
  core->rank = ctx->rank;
  core->parameters = rb_prior_all(table);
  core->prior = table;
  *model = *core;
  model->type = type;
  model->core = core;
  model->prior = table;
  model->default_prior = is_default(type, prior);
  model->scale = model->default_prior && type->scale != NULL ? type->scale : rb_prior_sd(table);
  model->destroy = destroy;
  core = NULL;
  table = NULL;
  set_prior_functions(model);
  model->simulate = rb_model_simulate;
  if (model->simulate_given != NULL) model->simulate_given = rb_model_simulate_given;
  if (model->dim < rows) {
    model->accepts = accepts_rest;
    if (model->log_likelihood != NULL) model->log_likelihood = log_likelihood_rest;
    if (model->compare != NULL) model->compare = compare_rest;
    if (model->find_oddities != NULL) model->find_oddities = find_oddities_rest;
  }
cleanup:
  free(core);
  rb_prior_destroy(table);
  if (status != RB_OK) destroy(model);
  return status;
}

void rb_model_parameters_text(const rb_model *model, const double *theta, char *text) {
  size_t at = 0;
  text[0] = '\0';
  for (int d = 0; d < model->dim && at < RB_PARAMETERS_TEXT; ++d) {
    at += (size_t)snprintf(text + at, RB_PARAMETERS_TEXT - at, "%s%s = %.10g", d > 0 ? ", " : "",
                           model->parameters[d].name, theta[d]);
  }
}

void rb_model_skip_invalid(rb_model *model, double limit) {
  model->skips = model->core->skips = true;
  model->skip_limit = limit;
}

rb_status rb_model_add_features(rb_context *ctx, rb_model *model) {
  if (model->type->add_features == NULL || model->features != NULL) return RB_OK;
  return model->type->add_features(ctx, model);
}

rb_status rb_model_add_alternatives(rb_context *ctx, rb_model *model) {
  const bool has = model->type->add_alternatives != NULL && model->default_prior;
  if (!has || model->alternatives != NULL) return RB_OK;
  return model->type->add_alternatives(ctx, model);
}
