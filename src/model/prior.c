#include "rheobase/model/prior.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "prior_internal.h"
#include "rheobase/base/memory.h"
#include "rheobase/io/nearest.h"

enum { TRIALS = 4000, CORNERS = 1000, WHERE = 64 };
static const double FAR_OUT = 1e-9;  // share of the prior beyond the corners tried

#define KEY(name, help) \
  { #name, offsetof(rb_prior_row, name), 1, help }

const rb_prior_key rb_prior_keys[] = {
    KEY(mean, "mean"),
    KEY(sd, "standard deviation"),
    KEY(median, "median"),
    KEY(sd_log, "standard deviation of the logarithm"),
    KEY(shape, "shape"),
    KEY(scale, "scale"),
    KEY(a, "first shape"),
    KEY(b, "second shape"),
    KEY(df, "degrees of freedom"),
    KEY(location, "location"),
    KEY(low, "lower bound, where it is truncated"),
    KEY(high, "upper bound, where it is truncated"),
    {"clip", offsetof(rb_prior_row, clip), 2, "range into which draws are moved"},
    KEY(fixed, "value of a parameter that is not inferred"),
    {.name = NULL}};

static const char *text_of(const rb_prior_row *row, const rb_prior_key *key) {
  return (const char *)row + key->offset;
}

const char *rb_prior_argument(const rb_prior_row *row, const char *name) {
  for (const rb_prior_key *key = rb_prior_keys; key->name != NULL; ++key) {
    if (strcmp(key->name, name) == 0) return text_of(row, key);
  }
  return "";
}

static void free_number(rb_prior_number *number) {
  rb_expression_free(number->expression);
  number->expression = NULL;
}

void rb_prior_destroy(rb_prior *prior) {
  if (prior == NULL) return;
  for (int r = 0; r < prior->rows; ++r) {
    rb_prior_compiled *row = &prior->row[r];
    for (int k = 0; k < RB_FAMILY_ARGUMENTS; ++k) free_number(&row->argument[k]);
    free_number(&row->low);
    free_number(&row->high);
    free_number(&row->clip_low);
    free_number(&row->clip_high);
    free_number(&row->fixed);
  }
  free(prior->value);
  free(prior);
}

/* Compiles the number `key` of a row; "" is `otherwise`. */
static rb_status compile_number(rb_context *ctx, rb_prior *prior, const rb_prior_row *text,
                                const char *key, const char *number, double otherwise,
                                rb_prior_number *result) {
  const char *names[RB_PRIOR_ROWS];
  char where[WHERE], *end = NULL;
  *result = (rb_prior_number){otherwise, NULL};
  if (number[0] == '\0') return RB_OK;
  result->constant = strtod(number, &end);
  (void)snprintf(where, sizeof where, "prior.%.31s.%s", text->name, key);
  if (*end == '\0' && isfinite(result->constant)) return RB_OK;
  for (int r = 0; r < prior->rows; ++r) names[r] = prior->text[r].name;
  return rb_expression_create(ctx, where, number, prior->rows, names, prior->value,
                              &result->expression);
}

static rb_status unknown_family(rb_context *ctx, const rb_prior_row *text) {
  const char *nearest =
      rb_nearest(text->distribution, &rb_families[0].name, sizeof *rb_families, rb_family_count());
  return RB_FAIL(ctx, RB_ERR_SETTING, "prior.%s.distribution = \"%s\" is unknown%s%s%s", text->name,
                 text->distribution, nearest != NULL ? "; did you mean " : "",
                 nearest != NULL ? nearest : "", nearest != NULL ? "?" : "");
}

static rb_status compile_bounds(rb_context *ctx, rb_prior *prior, const rb_prior_row *text,
                                rb_prior_compiled *row) {
  rb_status status = RB_OK;
  const rb_family *family = row->family;
  const double least = family != NULL ? family->low : -INFINITY;
  const double most = family != NULL ? family->high : INFINITY;
  if (family != NULL && family->bounded && (text->low[0] == '\0' || text->high[0] == '\0')) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING, "prior.%s: a %s distribution needs low and high",
                   text->name, family->name));
  }
  if ((text->clip[0][0] == '\0') != (text->clip[1][0] == '\0')) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING, "prior.%s.clip has to have two ends", text->name));
  }
  RB_TRY(compile_number(ctx, prior, text, "low", text->low, least, &row->low));
  RB_TRY(compile_number(ctx, prior, text, "high", text->high, most, &row->high));
  RB_TRY(compile_number(ctx, prior, text, "clip", text->clip[0], -INFINITY, &row->clip_low));
  RB_TRY(compile_number(ctx, prior, text, "clip", text->clip[1], INFINITY, &row->clip_high));
cleanup:
  return status;
}

/* Whether a row that is drawn (or fixed) may have a number of that name. */
static bool is_taken(const rb_family *family, const char *key) {
  const bool bound = strcmp(key, "low") == 0 || strcmp(key, "high") == 0;
  if (family == NULL) return bound || strcmp(key, "fixed") == 0;
  for (int k = 0; k < family->arguments; ++k) {
    if (strcmp(key, family->argument[k].name) == 0) return true;
  }
  return bound || strcmp(key, "clip") == 0;
}

static rb_status check_keys(rb_context *ctx, const rb_prior_row *text, const rb_family *family) {
  for (const rb_prior_key *key = rb_prior_keys; key->name != NULL; ++key) {
    if (text_of(text, key)[0] == '\0' || is_taken(family, key->name)) continue;
    return RB_FAIL(ctx, RB_ERR_SETTING, "prior.%s.%s: %s has no such number", text->name, key->name,
                   family != NULL ? family->name : "a fixed parameter");
  }
  return RB_OK;
}

static rb_status compile_row(rb_context *ctx, rb_prior *prior, int r) {
  rb_status status = RB_OK;
  const rb_prior_row *text = &prior->text[r];
  rb_prior_compiled *row = &prior->row[r];
  const bool fixed = text->fixed[0] != '\0';
  if (!fixed && text->distribution[0] == '\0') {
    RB_TRY(
        RB_FAIL(ctx, RB_ERR_SETTING, "prior.%s needs a distribution, or to be fixed", text->name));
  }
  if (fixed && text->distribution[0] != '\0') {
    RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING, "prior.%s has a distribution and is fixed; choose one",
                   text->name));
  }
  row->family = fixed ? NULL : rb_family_find(text->distribution);
  if (row->family == NULL && !fixed) RB_TRY(unknown_family(ctx, text));
  RB_TRY(check_keys(ctx, text, row->family));
  RB_TRY(compile_number(ctx, prior, text, "fixed", text->fixed, 0, &row->fixed));
  for (int k = 0; row->family != NULL && k < row->family->arguments; ++k) {
    const char *key = row->family->argument[k].name, *number = rb_prior_argument(text, key);
    if (number[0] == '\0') {
      RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING, "prior.%s: a %s distribution needs %s", text->name,
                     row->family->name, key));
    }
    RB_TRY(compile_number(ctx, prior, text, key, number, 0, &row->argument[k]));
  }
  RB_TRY(compile_bounds(ctx, prior, text, row));
cleanup:
  return status;
}

static uint32_t uses_of(const rb_prior_number *number) {
  return number->expression != NULL ? rb_expression_uses(number->expression) : 0;
}

/* The rows a row refers to. */
static uint32_t parents_of(const rb_prior_compiled *row) {
  uint32_t parents = uses_of(&row->low) | uses_of(&row->high) | uses_of(&row->clip_low) |
                     uses_of(&row->clip_high) | uses_of(&row->fixed);
  for (int k = 0; k < RB_FAMILY_ARGUMENTS; ++k) parents |= uses_of(&row->argument[k]);
  return parents;
}

/* A row that is not done and that row r, which cannot be drawn, waits for. */
static int waits_for(const rb_prior *prior, int r, uint32_t done) {
  return __builtin_ctz(parents_of(&prior->row[r]) & ~done);
}

/* Tells the rows of a circle, without those that only hang on it. */
static rb_status circle(rb_context *ctx, const rb_prior *prior, uint32_t done) {
  char names[256] = "";
  uint32_t seen = 0, members = 0;
  int at = __builtin_ctz(~done);
  for (; !(seen >> at & 1); at = waits_for(prior, at, done)) seen |= UINT32_C(1) << at;
  for (; !(members >> at & 1); at = waits_for(prior, at, done)) members |= UINT32_C(1) << at;
  for (int r = 0; r < prior->rows; ++r) {
    if (!(members >> r & 1)) continue;
    const size_t used = strlen(names);
    (void)snprintf(names + used, sizeof names - used, "%s%s", used > 0 ? ", " : "",
                   prior->text[r].name);
  }
  return RB_FAIL(ctx, RB_ERR_SETTING,
                 "prior: %s refer to each other in a circle; none can be drawn first", names);
}

/* Rows in the table's order, each as soon as all it refers to are there. */
static rb_status set_order(rb_context *ctx, rb_prior *prior) {
  uint32_t done = 0;
  for (int placed = 0; placed < prior->rows;) {
    const int before = placed;
    for (int r = 0; r < prior->rows; ++r) {
      if (done >> r & 1 || (parents_of(&prior->row[r]) & ~done) != 0) continue;
      prior->order[placed++] = r;
      done |= UINT32_C(1) << r;
    }
    if (placed == before) return circle(ctx, prior, done);
  }
  return RB_OK;
}

static rb_status set_free(rb_context *ctx, rb_prior *prior) {
  for (int r = 0; r < prior->rows; ++r) {
    const rb_prior_row *text = &prior->text[r];
    prior->place[r] = -1;
    prior->all[r] = (rb_quantity){text->name, text->unit, text->description};
    if (prior->row[r].family == NULL) continue;
    prior->place[r] = prior->dim;
    prior->free[prior->dim] = r;
    prior->parameters[prior->dim] = prior->all[r];
    prior->dim += 1;
  }
  if (prior->dim > 0) return RB_OK;
  return RB_FAIL(ctx, RB_ERR_SETTING, "prior: all parameters are fixed; nothing is left to infer");
}

static rb_status check_names(rb_context *ctx, const rb_prior *prior) {
  for (int r = 0; r < prior->rows; ++r) {
    const char *name = prior->text[r].name;
    if (!rb_expression_name_is_valid(name)) {
      return RB_FAIL(ctx, RB_ERR_SETTING,
                     "prior: \"%s\" is no name of a parameter: a letter, then letters, digits and "
                     "underscores",
                     name);
    }
    for (int q = 0; q < r; ++q) {
      if (strcmp(name, prior->text[q].name) != 0) continue;
      return RB_FAIL(ctx, RB_ERR_SETTING, "prior.%s is given twice", name);
    }
  }
  return RB_OK;
}

/* Draws with every parameter far out, on one side or the other: bounds that cross for rare parents
 * show. */
static rb_status try_corners(rb_context *ctx, const rb_prior *prior) {
  rb_status status = RB_OK;
  double u[RB_PRIOR_ROWS], latent[RB_PRIOR_ROWS];
  for (uint64_t i = 0; i < CORNERS; ++i) {
    const rb_stream stream = rb_stream_make(0, RB_FOR_PRIOR_CHECK, RB_RANDOM_PRIOR, 2, i);
    for (int r = 0; r < prior->rows; ++r) {
      u[r] = rb_stream_uniform(stream, (uint32_t)r) < 0.5 ? FAR_OUT : 1 - FAR_OUT;
    }
    RB_TRY(rb_prior_draw_one(ctx, prior, u, RB_ERR_SETTING, latent));
  }
cleanup:
  return status;
}

static rb_status set_sd(rb_context *ctx, rb_prior *prior) {
  rb_status status = RB_OK;
  double u[RB_PRIOR_ROWS], latent[RB_PRIOR_ROWS];
  double sum[RB_PRIOR_ROWS] = {0}, square[RB_PRIOR_ROWS] = {0}, origin[RB_PRIOR_ROWS] = {0};
  for (uint64_t i = 0; i < TRIALS; ++i) {
    const rb_stream stream = rb_stream_make(0, RB_FOR_PRIOR_CHECK, RB_RANDOM_PRIOR, 1, i);
    for (int r = 0; r < prior->rows; ++r) u[r] = rb_stream_uniform(stream, (uint32_t)r);
    RB_TRY(rb_prior_draw_one(ctx, prior, u, RB_ERR_SETTING, latent));
    for (int d = 0; d < prior->dim; ++d) {
      const double x = prior->value[prior->free[d]];
      if (i == 0) origin[d] = x;
      sum[d] += x - origin[d];
      square[d] += (x - origin[d]) * (x - origin[d]);
    }
  }
  for (int d = 0; d < prior->dim; ++d) {
    prior->sd[d] = sqrt((square[d] - sum[d] * sum[d] / TRIALS) / (TRIALS - 1));
  }
cleanup:
  return status;
}

/* The interval of each row where all parameters are at their medians. */
static rb_status set_median(rb_context *ctx, rb_prior *prior) {
  rb_status status = RB_OK;
  double u[RB_PRIOR_ROWS], latent[RB_PRIOR_ROWS];
  for (int r = 0; r < prior->rows; ++r) u[r] = 0.5;
  RB_TRY(rb_prior_draw_one(ctx, prior, u, RB_ERR_SETTING, latent));
  for (int d = 0; d < prior->dim; ++d) {
    const int r = prior->free[d];
    rb_prior_distribution it;
    (void)rb_prior_distribution_of(prior, r, &it);
    prior->median[r] = (rb_prior_bounds){it.low, it.high};
  }
cleanup:
  return status;
}

rb_status rb_prior_create(rb_context *ctx, int rows, const rb_prior_row *row, rb_prior **result) {
  rb_status status = RB_OK;
  rb_prior *prior = NULL;
  if (rows < 1 || rows > RB_PRIOR_ROWS) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "prior: has %d parameters; 1 to %d are possible", rows,
                   RB_PRIOR_ROWS);
  }
  RB_TRY(RB_ALLOCATE(ctx, prior, 1));
  prior->rows = rows;
  memcpy(prior->text, row, (size_t)rows * sizeof *row);
  RB_TRY(RB_ALLOCATE(ctx, prior->value, rows));
  RB_TRY(check_names(ctx, prior));
  for (int r = 0; r < rows; ++r) RB_TRY(compile_row(ctx, prior, r));
  RB_TRY(set_order(ctx, prior));
  RB_TRY(set_free(ctx, prior));
  RB_TRY(set_sd(ctx, prior));
  RB_TRY(set_median(ctx, prior));
  RB_TRY(try_corners(ctx, prior));
  *result = prior;
  prior = NULL;
cleanup:
  rb_prior_destroy(prior);
  return status;
}

int rb_prior_dim(const rb_prior *prior) { return prior->dim; }

const rb_quantity *rb_prior_parameters(const rb_prior *prior) { return prior->parameters; }

const double *rb_prior_sd(const rb_prior *prior) { return prior->sd; }

int rb_prior_rows(const rb_prior *prior) { return prior->rows; }

bool rb_prior_is_fixed(const rb_prior *prior, int row, double *value) {
  const rb_prior_compiled *r = &prior->row[row];
  *value = r->fixed.constant;
  return r->family == NULL && r->fixed.expression == NULL;
}

const rb_quantity *rb_prior_all(const rb_prior *prior) { return prior->all; }
