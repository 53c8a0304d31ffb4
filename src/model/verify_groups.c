#include "verify_groups.h"

#include <stdlib.h>

rb_status rb_verify_groups(rb_context *ctx, const char *path,
                           rb_status (*verify)(rb_context *ctx, const rb_file *file,
                                               const char *group, rb_verify_report *report),
                           rb_verify_report *report) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  int64_t count = 0;
  char **names = NULL;
  RB_TRY(rb_file_open_foreign(ctx, path, &file));
  RB_TRY(rb_file_list(ctx, file, "", &count, &names));
  for (int64_t i = 0; i < count; ++i) {
    if (rb_file_is_group(file, names[i])) RB_TRY(verify(ctx, file, names[i], report));
  }
cleanup:
  free(names);
  rb_file_close(&file);
  return status;
}
