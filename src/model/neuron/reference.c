#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "verify.h"

/* Settings and fixed parameters of a group, as one struct of settings. */
typedef struct group_values {
  rb_neuron_settings settings;
  double fixed[RB_NEURON_PARAMETERS];
} group_values;

enum { ROWS = 64, PATH = 64, TEXT = 4096 };

/* The type's rows, then a row for each parameter. */
typedef struct group_table {
  rb_setting row[ROWS];
  char path[RB_NEURON_PARAMETERS][PATH];
  rb_settings_table table;
} group_table;

static void make_table(const rb_model_type *type, group_table *t) {
  int rows = 0;
  for (; rows < type->settings; ++rows) t->row[rows] = type->setting[rows];
  for (int d = 0; d < type->parameters; ++d, ++rows) {
    (void)snprintf(t->path[d], PATH, "simulator.%s", type->prior[d].name);
    t->row[rows] =
        (rb_setting){.path = t->path[d],
                     .type = RB_SETTING_REAL,
                     .offset = offsetof(group_values, fixed) + (size_t)d * sizeof(double),
                     .size = sizeof(double)};
  }
  t->table = (rb_settings_table){t->row, rows};
}

/* {"a": 1.0, "b": null} as an input file would write it: a = 1.0. */
static rb_status apply_json(rb_context *ctx, const rb_file *file, const char *group,
                            const char *attribute, const rb_settings_table *table,
                            group_values *values) {
  rb_status status = RB_OK;
  char *json = NULL, text[TEXT];
  if (!rb_file_has_attribute(file, group, attribute)) return RB_OK;
  RB_TRY(rb_file_get_string(ctx, file, group, attribute, &json));
  size_t at = (size_t)snprintf(text, sizeof text, "simulator = "), member = at;
  for (const char *c = json; *c != '\0' && at < sizeof text - 3; ++c) {
    if (*c == '"') continue;
    if (strncmp(c, "null", 4) == 0) {
      at = member;
      c += strlen("null");
      c += strspn(c, " \n\t");
      if (*c != ',') --c;
      continue;
    }
    text[at++] = *c == ':' ? '=' : *c;
    if (*c == '{' || *c == ',') member = at;
    if (*c == '}') text[at - 1] = ' ';
  }
  text[at] = '\0';
  (void)snprintf(text + at, sizeof text - at, "}");
  RB_TRY(rb_settings_parse(ctx, table, attribute, text, values));
cleanup:
  free(json);
  return status;
}

static rb_status read_numbers(rb_context *ctx, const rb_file *file, const char *group,
                              rb_neuron_settings *s, int64_t *steps) {
  rb_status status = RB_OK;
  int64_t every = 1;
  RB_TRY(rb_file_get_double(ctx, file, group, "dt_ms", &s->dt_ms));
  RB_TRY(rb_file_get_int(ctx, file, group, "steps", steps));
  if (rb_file_has_attribute(file, group, "record_every")) {
    RB_TRY(rb_file_get_int(ctx, file, group, "record_every", &every));
  }
  if (rb_file_has_attribute(file, group, "noise_mV")) {
    RB_TRY(rb_file_get_double(ctx, file, group, "noise_mV", &s->noise_mV));
  }
  if (rb_file_has_attribute(file, group, "lambda0_per_ms")) {
    RB_TRY(rb_file_get_double(ctx, file, group, "lambda0_per_ms", &s->lambda0_per_ms));
  }
  if (*steps < 2 || *steps > 10000000 || every < 1 || every > *steps || !(s->dt_ms > 0) ||
      !(s->dt_ms < 1e3)) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT,
                   "%s: steps = %" PRId64 ", record_every = %" PRId64
                   " and dt_ms = %g make no recording",
                   group, *steps, every, s->dt_ms));
  }
  s->T_ms = ((double)*steps - 0.5) * s->dt_ms;
  s->sample_ms = (double)every * s->dt_ms;
cleanup:
  return status;
}

static int find_parameter(const rb_neuron *neuron, const char *name, size_t length) {
  for (int d = 0; d < neuron->parameters; ++d) {
    const char *own = neuron->prior[d].name;
    if (strlen(own) == length && strncmp(own, name, length) == 0) return d;
  }
  return -1;
}

/* The names of theta's columns. */
static rb_status read_columns(rb_context *ctx, const rb_file *file, rb_neuron_reference *r) {
  rb_status status = RB_OK;
  char *names = NULL;
  RB_TRY(rb_file_get_string(ctx, file, r->group, "parameters", &names));
  for (const char *c = names + strspn(names, " "); *c != '\0'; c += strspn(c, " ")) {
    const size_t length = strcspn(c, " ");
    const int d = find_parameter(r->neuron, c, length);
    if (d < 0 || r->columns == RB_NEURON_PARAMETERS) {
      RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "%s: %s has no parameter %.*s", r->group, r->neuron->name,
                     (int)length, c));
    }
    r->column[r->columns++] = d;
    c += length;
  }
cleanup:
  free(names);
  return status;
}

rb_status rb_neuron_reference_read(rb_context *ctx, const rb_file *file, const char *group,
                                   rb_neuron_reference *r) {
  rb_status status = RB_OK;
  char *name = NULL;
  const rb_model_type *type = NULL;
  group_table *t = NULL;
  group_values *values = NULL;
  *r = (rb_neuron_reference){.group = group};
  RB_TRY(rb_file_get_string(ctx, file, "", "model", &name));
  RB_TRY(rb_model_type_find(ctx, name, &type));
  RB_TRY(RB_ALLOCATE(ctx, t, 1));
  RB_TRY(RB_ALLOCATE(ctx, values, 1));
  make_table(type, t);
  RB_TRY(rb_settings_defaults(ctx, &t->table, values));
  values->settings.stimulus.parts = 0;
  (void)snprintf(values->settings.channels, sizeof values->settings.channels, "voltage\n");
  RB_TRY(apply_json(ctx, file, group, "settings", &t->table, values));
  RB_TRY(apply_json(ctx, file, group, "fixed", &t->table, values));
  RB_TRY(read_numbers(ctx, file, group, &values->settings, &r->steps));
  RB_TRY(type->check(ctx, &values->settings));
  RB_TRY(type->create(ctx, &values->settings, &r->model));
  r->neuron = ((const rb_neuron_state *)r->model.state)->neuron;
  memcpy(r->fixed, values->fixed, sizeof r->fixed);
  RB_TRY(read_columns(ctx, file, r));
cleanup:
  free(name);
  free(t);
  free(values);
  return status;
}

void rb_neuron_reference_free(rb_neuron_reference *r) {
  if (r->model.destroy != NULL) r->model.destroy(&r->model);
}

static rb_status complete(rb_context *ctx, const rb_neuron_reference *r, const char *path,
                          int64_t count, const double *read, double *theta) {
  const int parameters = r->neuron->parameters;
  for (int64_t i = 0; i < count; ++i) {
    const char *reason = "";
    double *row = &theta[i * parameters];
    for (int d = 0; d < parameters; ++d) row[d] = r->fixed[d];
    for (int c = 0; c < r->columns; ++c) row[r->column[c]] = read[i * r->columns + c];
    if (r->model.accepts(&r->model, row, &reason)) continue;
    return RB_FAIL(ctx, RB_ERR_FORMAT, "%s, vector %" PRId64 ": %s", path, i, reason);
  }
  return RB_OK;
}

rb_status rb_neuron_reference_theta(rb_context *ctx, const rb_file *file, const char *name,
                                    const rb_neuron_reference *r, int64_t *count, double **theta) {
  rb_status status = RB_OK;
  char path[256];
  int rank = -1;
  int64_t shape[RB_FILE_MAX_RANK];
  double *read = NULL;
  (void)snprintf(path, sizeof path, "%s/%s", r->group, name);
  *theta = NULL;
  *count = 1;
  RB_TRY(rb_file_shape(ctx, file, path, &rank, shape));
  if (rank < 1 || shape[rank - 1] != r->columns) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "%s: its last dimension is not that of %d parameters", path,
                   r->columns));
  }
  for (int i = 0; i < rank - 1; ++i) *count *= shape[i];
  RB_TRY(RB_ALLOCATE(ctx, read, *count * r->columns));
  RB_TRY(rb_file_read(ctx, file, path, RB_F64, true, rank, shape, read));
  RB_TRY(RB_ALLOCATE(ctx, *theta, *count * r->neuron->parameters));
  RB_TRY(complete(ctx, r, path, *count, read, *theta));
cleanup:
  free(read);
  return status;
}

rb_status rb_neuron_reference_array(rb_context *ctx, const rb_file *file,
                                    const rb_neuron_reference *r, const char *name, rb_type type,
                                    int rank, const int64_t *shape, void **data) {
  rb_status status = RB_OK;
  char path[256];
  int64_t count = 1;
  (void)snprintf(path, sizeof path, "%s/%s", r->group, name);
  for (int i = 0; i < rank; ++i) count *= shape[i];
  *data = rb_allocate(ctx, count, (size_t)rb_type_size(type));
  if (*data == NULL) RB_TRY(RB_ERR_MEMORY);
  RB_TRY(rb_file_read(ctx, file, path, type, false, rank, shape, *data));
cleanup:
  return status;
}

rb_status rb_neuron_reference_add(rb_context *ctx, rb_verify_report *report,
                                  const rb_neuron_reference *r, const char *quantity, double error,
                                  double tolerance) {
  char name[112];
  (void)snprintf(name, sizeof name, "%.40s %s", r->group, quantity);
  return rb_verify_add(ctx, report, name, error, tolerance);
}
