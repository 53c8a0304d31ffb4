#include "rheobase/model/model_type.h"

#include <stdlib.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "rheobase/io/nearest.h"

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
  rb_prior_to_support(model->prior, count, latent, phi, log_det);
}

static void from_support(const rb_model *model, int64_t count, const double *phi, double *latent,
                         double *log_det) {
  rb_prior_from_support(model->prior, count, phi, latent, log_det);
}

static void set_prior_functions(rb_model *model) {
  model->dim = rb_prior_dim(model->prior);
  model->parameters = rb_prior_parameters(model->prior);
  model->draw_prior = draw_prior;
  model->log_prior = log_prior;
  model->outside_support = outside_support;
  model->in_support = in_support;
  model->from_latent = from_latent;
  model->to_support = to_support;
  model->from_support = from_support;
}

/* The simulator's part where some parameters are fixed: they are added first. */

static bool accepts_rest(const rb_model *model, const double *theta, const char **reason) {
  double all[RB_PRIOR_ROWS];
  rb_prior_complete(model->prior, 1, theta, all);
  return model->core->accepts(model->core, all, reason);
}

static rb_status complete(rb_context *ctx, const rb_model *model, int64_t count,
                          const double *theta, double **all) {
  rb_status status = RB_OK;
  RB_TRY(RB_ALLOCATE(ctx, *all, count * rb_prior_rows(model->prior)));
  rb_prior_complete(model->prior, count, theta, *all);
cleanup:
  return status;
}

static rb_status simulate_rest(const rb_model *model, rb_context *ctx, uint64_t seed,
                               rb_purpose purpose, int64_t first, int64_t count,
                               const double *theta, float *x) {
  rb_status status = RB_OK;
  double *all = NULL;
  RB_TRY(complete(ctx, model, count, theta, &all));
  RB_TRY(model->core->simulate(model->core, ctx, seed, purpose, first, count, all, x));
cleanup:
  free(all);
  return status;
}

static rb_status log_likelihood_rest(const rb_model *model, rb_context *ctx, const float *x,
                                     int64_t count, const double *theta, double *log_likelihood,
                                     const char **reason) {
  rb_status status = RB_OK;
  double *all = NULL;
  RB_TRY(complete(ctx, model, count, theta, &all));
  RB_TRY(model->core->log_likelihood(model->core, ctx, x, count, all, log_likelihood, reason));
cleanup:
  free(all);
  return status;
}

static rb_status compare_rest(const rb_model *model, rb_context *ctx, const float *x,
                              const double *median, int64_t S, const double *theta, double *out) {
  rb_status status = RB_OK;
  double *all = NULL;
  RB_TRY(complete(ctx, model, S, theta, &all));
  RB_TRY(model->core->compare(model->core, ctx, x, median, S, all, out));
cleanup:
  free(all);
  return status;
}

static void destroy(rb_model *model) {
  if (model->core != NULL && model->core->destroy != NULL) model->core->destroy(model->core);
  free(model->core);
  rb_prior_destroy(model->prior);
  *model = (rb_model){0};
}

static bool is_default(const rb_model_type *type, const rb_prior_row *prior) {
  if (prior == NULL) return true;
  return type->prior != NULL &&
         memcmp(prior, type->prior, (size_t)type->parameters * sizeof *prior) == 0;
}

/* Whether the simulator takes what the prior draws, fixed parameters above all. */
static rb_status check_draw(rb_context *ctx, const rb_model *model) {
  rb_status status = RB_OK;
  double theta[RB_PRIOR_ROWS];
  const char *reason = "";
  RB_TRY(model->draw_prior(model, ctx, 0, RB_FOR_PRIOR_CHECK, 0, 1, theta, NULL));
  if (!model->accepts(model, theta, &reason)) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING, "prior: the simulator refuses what it draws: %s", reason));
  }
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
  core->parameters = rb_prior_all(table);
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
  if (model->dim < rows) {
    model->accepts = accepts_rest;
    model->simulate = simulate_rest;
    if (model->log_likelihood != NULL) model->log_likelihood = log_likelihood_rest;
    if (model->compare != NULL) model->compare = compare_rest;
  }
  RB_TRY(check_draw(ctx, model));
cleanup:
  free(core);
  rb_prior_destroy(table);
  if (status != RB_OK) destroy(model);
  return status;
}

rb_status rb_model_add_features(rb_context *ctx, rb_model *model) {
  if (model->type->add_features == NULL || model->expert != NULL) return RB_OK;
  return model->type->add_features(ctx, model);
}

rb_status rb_model_add_alternatives(rb_context *ctx, rb_model *model) {
  const bool has = model->type->add_alternatives != NULL && model->default_prior;
  if (!has || model->alternatives != NULL) return RB_OK;
  return model->type->add_alternatives(ctx, model);
}
