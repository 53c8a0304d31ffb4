#include "input_table.h"

#include <string.h>

#include "rheobase/base/memory.h"

enum { PATH = 96, PARTS = 20 };  // of a setting's path; settings of a parameter's prior at most

/* The next row of the table; its path is copied where it is made here. */
static rb_setting *append(rb_input *input, const rb_setting *row) {
  rb_setting *next = &input->table_rows[input->table.rows];
  *next = *row;
  input->table.rows += 1;
  return next;
}

static void append_path(rb_input *input, const char *path, rb_setting row) {
  char *copy = input->table_paths + (size_t)input->table.rows * PATH;
  (void)snprintf(copy, PATH, "%s", path);
  row.path = copy;
  (void)append(input, &row);
}

/* Rows whose offsets are of the type's own struct. */
static void append_own(rb_input *input, int count, const rb_setting *row) {
  for (int i = 0; i < count; ++i) {
    rb_setting *own = append(input, &row[i]);
    own->offset += offsetof(rb_input, simulator);
    own->length_offset += offsetof(rb_input, simulator);  // of lists
  }
}

static void append_simulator(rb_input *input) {
  const rb_model_type *type = input->type;
  const bool grouped = type->settings > 0 && type->setting[0].type == RB_SETTING_GROUP;
  if (!grouped) {
    (void)append(input,
                 &(rb_setting){.path = "simulator", .type = RB_SETTING_GROUP, .help = type->title});
  }
  append_own(input, type->settings, type->setting);
  append_own(input, input->rows.settings, input->rows.setting);
}

/* The settings of one parameter's prior: its members of a row of the table. */
static void append_prior(rb_input *input, int r) {
  const rb_prior_row *standard = &input->rows.prior[r];
  const size_t at = offsetof(rb_input, prior) + (size_t)r * sizeof *standard;
  char path[PATH];
  (void)snprintf(path, sizeof path, "prior.%s", standard->name);
  append_path(input, path, (rb_setting){.type = RB_SETTING_GROUP, .help = standard->description});
  (void)snprintf(path, sizeof path, "prior.%s.unit", standard->name);
  append_path(input, path,
              (rb_setting){.type = RB_SETTING_STRING,
                           .offset = at + offsetof(rb_prior_row, unit),
                           .size = sizeof standard->unit,
                           .help = "unit"});
  (void)snprintf(path, sizeof path, "prior.%s.distribution", standard->name);
  append_path(input, path,
              (rb_setting){.type = RB_SETTING_EXPRESSION,
                           .offset = at + offsetof(rb_prior_row, distribution),
                           .size = sizeof standard->distribution,
                           .help = "normal, lognormal, uniform, loguniform, gamma, beta, "
                                   "exponential, student_t or half_normal"});
  for (const rb_prior_key *key = rb_prior_keys; key->name != NULL; ++key) {
    (void)snprintf(path, sizeof path, "prior.%s.%s", standard->name, key->name);
    append_path(input, path,
                (rb_setting){.type = RB_SETTING_EXPRESSION,
                             .offset = at + key->offset,
                             .size = (size_t)key->texts * RB_PRIOR_TEXT,
                             .help = key->help});
  }
}

rb_status rb_input_table_create(rb_context *ctx, const rb_setting *core, int cores, int leading,
                                rb_input *input) {
  rb_status status = RB_OK;
  const int most =
      cores + input->type->settings + input->rows.settings + 2 + PARTS * input->rows.parameters;
  RB_TRY(RB_ALLOCATE(ctx, input->table_rows, most));
  RB_TRY(RB_ALLOCATE(ctx, input->table_paths, (int64_t)most * PATH));
  input->table = (rb_settings_table){input->table_rows, 0};
  for (int i = 0; i < leading; ++i) (void)append(input, &core[i]);
  append_simulator(input);
  (void)append(input, &(rb_setting){.path = "prior",
                                    .type = RB_SETTING_GROUP,
                                    .help = "What is inferred, and from what"});
  for (int r = 0; r < input->rows.parameters; ++r) append_prior(input, r);
  for (int i = leading; i < cores; ++i) (void)append(input, &core[i]);
cleanup:
  return status;
}

void rb_input_table_free(rb_input *input) {
  free(input->table_rows);
  free(input->table_paths);
  input->table_rows = NULL;
  input->table_paths = NULL;
  input->table = (rb_settings_table){NULL, 0};
}

/* Fills the numbers that are not given. */
static void overlay(rb_prior_row *row, const rb_prior_row *standard) {
  for (const rb_prior_key *key = rb_prior_keys; key->name != NULL; ++key) {
    char *text = (char *)row + key->offset;
    const char *other = (const char *)standard + key->offset;
    if (text[0] == '\0') memcpy(text, other, (size_t)key->texts * RB_PRIOR_TEXT);
  }
  memcpy(row->distribution, standard->distribution, sizeof row->distribution);
}

void rb_input_complete_prior(rb_input *input) {
  for (int r = 0; r < input->rows.parameters; ++r) {
    const rb_prior_row *standard = &input->rows.prior[r];
    rb_prior_row *row = &input->prior[r];
    memcpy(row->name, standard->name, sizeof row->name);
    memcpy(row->description, standard->description, sizeof row->description);
    if (row->unit[0] == '\0') memcpy(row->unit, standard->unit, sizeof row->unit);
    if (row->distribution[0] == '\0' && row->fixed[0] == '\0') overlay(row, standard);
  }
}
