#include <stdio.h>
#include <string.h>

#include "../commands.h"
#include "rheobase/base/log.h"
#include "rheobase/parallel/agree.h"
#include "verify.h"

/* The names of the forms, with ", " between. */
static void join_names(int count, const rb_verify_form *const *form, size_t size, char *text) {
  for (int i = 0; i < count; ++i) {
    const size_t used = strlen(text);
    (void)snprintf(text + used, size - used, "%s%s", i > 0 ? ", " : "", form[i]->name);
  }
}

/* Verifies a file by its forms. Local. @param names (size) of the forms */
static rb_status verify_file(rb_context *ctx, const char *path, size_t size, char *names,
                             rb_verify_report *report) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  const rb_verify_form *form[RB_VERIFY_FORMS];
  int count = 0;
  RB_TRY(rb_file_open_foreign(ctx, path, &file));
  RB_TRY(rb_verify_forms_of(ctx, file, path, &count, form));
  rb_file_close(&file);
  join_names(count, form, size, names);
  for (int i = 0; i < count; ++i) RB_TRY(form[i]->verify(ctx, path, report));
cleanup:
  rb_file_close(&file);
  return status;
}

static void print_report(const rb_context *ctx, const char *path, const char *forms,
                         const rb_verify_report *report) {
  if (ctx->rank != 0) return;
  (void)printf("%s (%s)\n  %-58s %12s %12s\n", path, forms, "quantity", "error", "tolerance");
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
    char forms[200] = "";
    if (ctx->rank == 0)
      status = verify_file(ctx, arguments->input[i], sizeof forms, forms, &report);
    RB_TRY(rb_agree(ctx, status));
    print_report(ctx, arguments->input[i], forms, &report);
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
