#include <stdio.h>
#include <stdlib.h>

#include "../commands.h"
#include "rheobase/base/log.h"
#include "rheobase/io/hdf5_file.h"
#include "rheobase/parallel/agree.h"
#include "verify.h"

/* The forms of reference files, told apart by an object that only they have: at the top, or in any
 * group of the top where cases have free names. */
static const struct form {
  const char *name;
  const char *object;
  rb_status (*verify)(rb_context *ctx, const char *path, rb_verify_report *report);
} forms[] = {
    {"simulator", "current", rb_verify_lif},
    {"prior", "truncnorm", rb_verify_prior},
    {"network", "weights", rb_verify_network},
    {"diagnostics", "estimates", rb_verify_diagnostics},
    {"likelihood", "log_likelihood", rb_verify_likelihood},
};
enum { FORMS = sizeof forms / sizeof *forms };

/* The form of which the group has the object, or NULL. */
static const struct form *form_of(const rb_file *file, const char *group) {
  for (int i = 0; i < FORMS; ++i) {
    char path[512];
    (void)snprintf(path, sizeof path, "%s%s%s", group, *group ? "/" : "", forms[i].object);
    if (rb_file_has(file, path)) return &forms[i];
  }
  return NULL;
}

/* Finds out what a file is; *form stays NULL if it is none of the forms. Local. */
static rb_status recognise(rb_context *ctx, const rb_file *file, const struct form **form) {
  rb_status status = RB_OK;
  int64_t count = 0;
  char **names = NULL;
  *form = form_of(file, "");
  RB_TRY(rb_file_list(ctx, file, "", &count, &names));
  for (int64_t i = 0; i < count && *form == NULL; ++i) {
    if (rb_file_is_group(file, names[i])) *form = form_of(file, names[i]);
  }
cleanup:
  free(names);
  return status;
}

/* Verifies a file by its form. Local. */
static rb_status verify_file(rb_context *ctx, const char *path, const char **name,
                             rb_verify_report *report) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  const struct form *form = NULL;
  RB_TRY(rb_file_open_foreign(ctx, path, &file));
  RB_TRY(recognise(ctx, file, &form));
  rb_file_close(&file);
  if (form == NULL) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT,
                   "%s: none of the reference files known to verify (simulator, prior, network, "
                   "diagnostics, likelihood)",
                   path));
  }
  *name = form->name;
  RB_TRY(form->verify(ctx, path, report));
cleanup:
  rb_file_close(&file);
  return status;
}

static void print_report(const rb_context *ctx, const char *path, const char *form,
                         const rb_verify_report *report) {
  if (ctx->rank != 0) return;
  (void)printf("%s (%s)\n  %-58s %12s %12s\n", path, form, "quantity", "error", "tolerance");
  for (int64_t i = 0; i < report->count; ++i) {
    const rb_verify_row *row = &report->row[i];
    (void)printf("  %-58s %12.3g %12.3g%s\n", row->name, row->error, row->tolerance,
                 row->passed ? "" : "  FAILED");
  }
}

rb_status rb_cmd_verify(rb_context *ctx, const rb_arguments *arguments) {
  rb_status status = RB_OK;
  rb_verify_report report = {0};
  int failed = 0;
  for (int i = 0; i < arguments->inputs; ++i) {
    const char *form = "";
    if (ctx->rank == 0) status = verify_file(ctx, arguments->input[i], &form, &report);
    RB_TRY(rb_agree(ctx, status));
    print_report(ctx, arguments->input[i], form, &report);
    failed += ctx->rank == 0 && !rb_verify_passed(&report);
    rb_verify_report_free(&report);
  }
  MPI_Bcast(&failed, 1, MPI_INT, 0, ctx->comm);
  rb_log_info(ctx, "%d of %d file%s verified", arguments->inputs - failed, arguments->inputs,
              rb_plural(arguments->inputs));
  if (failed > 0) {
    RB_TRY(RB_FAIL(ctx, RB_CHECK_FAILED,
                   "%d of %d file%s with values outside their tolerance (rows marked FAILED)",
                   failed, arguments->inputs, rb_plural(arguments->inputs)));
  }
cleanup:
  rb_verify_report_free(&report);
  return status;
}
