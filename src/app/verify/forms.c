#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/model/model_type.h"
#include "verify.h"

static const rb_verify_form general[] = {
    {"network", "weights", rb_verify_network},
    {"diagnostics", "estimates", rb_verify_diagnostics},
    {"truncated_normals", "truncnorm", rb_verify_truncated_normals},
    {"statistics", "statistics", rb_verify_statistics},
    {0}};

/* What a file says and holds. */
typedef struct marks {
  const rb_file *file;
  char *form, *model;  // attributes; NULL: it has none; owned
  int64_t members;
  char **member;  // of the root, owned
} marks;

static bool has_object(const marks *m, const char *object) {
  if (rb_file_has(m->file, object)) return true;
  for (int64_t i = 0; i < m->members; ++i) {
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", m->member[i], object);
    if (rb_file_is_group(m->file, m->member[i]) && rb_file_has(m->file, path)) return true;
  }
  return false;
}

/* @param model to which the form belongs; NULL: to the program */
static bool is_of(const marks *m, const rb_verify_form *form, const char *model) {
  if (m->model != NULL && model != NULL && strcmp(m->model, model) != 0) return false;
  if (m->form == NULL) return form->object != NULL && has_object(m, form->object);
  return strcmp(m->form, form->name) == 0 && (model == NULL || m->model != NULL);
}

static void add_forms(const marks *m, const rb_verify_form *rows, const char *model, int *count,
                      const rb_verify_form **form) {
  for (; rows != NULL && rows->name != NULL; ++rows) {
    if (*count < RB_VERIFY_FORMS && is_of(m, rows, model)) form[(*count)++] = rows;
  }
}

/* Appends the names that are not in the text yet, with ", " between. */
static void list_names(const rb_verify_form *rows, size_t size, char *text) {
  for (; rows != NULL && rows->name != NULL; ++rows) {
    char word[72];
    const size_t used = strlen(text);
    (void)snprintf(word, sizeof word, "%s, ", rows->name);
    if (strstr(text, word) == NULL) (void)snprintf(text + used, size - used, "%s", word);
  }
}

static rb_status refuse(rb_context *ctx, const char *path, const marks *m) {
  char known[400] = "", said[200] = "";
  list_names(general, sizeof known, known);
  for (int i = 0; rb_model_types[i] != NULL; ++i) {
    list_names(rb_model_types[i]->verify, sizeof known, known);
  }
  known[strlen(known) - 2] = '\0';
  if (m->form != NULL) {
    (void)snprintf(said, sizeof said, " (form = %.40s, model = %.40s)", m->form,
                   m->model != NULL ? m->model : "not said");
  }
  return RB_FAIL(ctx, RB_ERR_FORMAT, "%s%s: none of the reference files known to verify (%s)", path,
                 said, known);
}

rb_status rb_verify_forms_of(rb_context *ctx, const rb_file *file, const char *path, int *count,
                             const rb_verify_form **form) {
  rb_status status = RB_OK;
  marks m = {.file = file};
  *count = 0;
  if (rb_file_has_attribute(file, "", "form")) {
    RB_TRY(rb_file_get_string(ctx, file, "", "form", &m.form));
  }
  if (rb_file_has_attribute(file, "", "model")) {
    RB_TRY(rb_file_get_string(ctx, file, "", "model", &m.model));
  }
  RB_TRY(rb_file_list(ctx, file, "", &m.members, &m.member));
  add_forms(&m, general, NULL, count, form);
  for (int i = 0; rb_model_types[i] != NULL; ++i) {
    add_forms(&m, rb_model_types[i]->verify, rb_model_types[i]->name, count, form);
  }
  if (*count == 0) RB_TRY(refuse(ctx, path, &m));
cleanup:
  free(m.form);
  free(m.model);
  free(m.member);
  return status;
}
