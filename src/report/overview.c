#include "rheobase/report/overview.h"

#include <stdio.h>
#include <stdlib.h>

#include "study_data.h"

static rb_status print_file(const rb_study_data *study, rb_product source) {
  rb_status status = RB_OK;
  char *finished = NULL;
  double ranks = 0, seconds = 0;
  RB_TRY(rb_file_read_text(study->ctx, study->file[source], "provenance/finished", &finished));
  RB_TRY(rb_study_number(study, source, "provenance/ranks", &ranks));
  RB_TRY(rb_study_number(study, source, "provenance/wall_s", &seconds));
  (void)printf("  %-24s written %s by %.0f rank%s in %.1f s\n", rb_products[source].file, finished,
               ranks, ranks > 1 ? "s" : "", seconds);
cleanup:
  free(finished);
  return status;
}

rb_status rb_overview_print(rb_context *ctx, const char *folder) {
  rb_status status = RB_OK;
  rb_study_data study = {0};
  RB_TRY(rb_study_data_open(ctx, NULL, folder, RB_ALL_PRODUCTS, &study));
  (void)printf("%s: a study\n", folder);
  for (int s = 0; s < RB_PRODUCTS; ++s) {
    if (study.file[s] != NULL) RB_TRY(print_file(&study, (rb_product)s));
    if (study.remark[s] != NULL) (void)printf("  %s\n", study.remark[s]);
  }
  (void)printf("rheobase info %s/FILE says what one of them holds\n", folder);
cleanup:
  rb_study_data_close(&study);
  return status;
}
