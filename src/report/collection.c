#include "rheobase/report/collection.h"

#include <math.h>
#include <string.h>

#include "gnuplot.h"
#include "rheobase/io/text_file.h"
#include "script.h"
#include "study_data.h"

rb_status rb_collection_open(rb_context *ctx, const char *folder, rb_file **file, char **remark) {
  static const rb_product_set needed =
      1U << RB_PRODUCT_SIMULATIONS | 1U << RB_PRODUCT_CHECKPOINT | 1U << RB_PRODUCT_CALIBRATION;
  rb_status status = RB_OK;
  rb_study_data study = {0};
  *file = NULL;
  *remark = NULL;
  RB_TRY(rb_study_data_open(ctx, NULL, folder, needed, &study));
  if (study.file[RB_PRODUCT_CALIBRATION] == NULL) {
    const char *why = study.remark[RB_PRODUCT_CALIBRATION];
    RB_TRY(why != NULL
               ? RB_FAIL(ctx, RB_ERR_STUDY, "%s", why)
               : RB_FAIL(ctx, RB_ERR_FILE,
                         "%s/calibration.h5 is missing: run `rheobase calibrate` first", folder));
  }
  *file = study.file[RB_PRODUCT_CALIBRATION];
  *remark = study.remark[RB_PRODUCT_CALIBRATION];
  study.file[RB_PRODUCT_CALIBRATION] = NULL;
  study.remark[RB_PRODUCT_CALIBRATION] = NULL;
cleanup:
  rb_study_data_close(&study);
  return status;
}

rb_status rb_collection_open_predictions(rb_context *ctx, const char *folder, rb_file **prediction,
                                         rb_file **exact, char **remark) {
  static const rb_product_set needed = 1U << RB_PRODUCT_SIMULATIONS | 1U << RB_PRODUCT_CHECKPOINT |
                                       1U << RB_PRODUCT_POSTERIOR | 1U << RB_PRODUCT_EXACT |
                                       1U << RB_PRODUCT_PREDICTION;
  rb_status status = RB_OK;
  rb_study_data study = {0};
  RB_TRY(rb_study_data_open(ctx, NULL, folder, needed, &study));
  *prediction = study.file[RB_PRODUCT_PREDICTION];
  *exact = study.file[RB_PRODUCT_EXACT];
  *remark = study.remark[RB_PRODUCT_PREDICTION];
  study.file[RB_PRODUCT_PREDICTION] = study.file[RB_PRODUCT_EXACT] = NULL;
  study.remark[RB_PRODUCT_PREDICTION] = NULL;
cleanup:
  rb_study_data_close(&study);
  return status;
}

enum { MOST = 32, PANELS = 3 };  // parameters of a figure

static const rb_figure figure = {
    .name = "collection", .title = "Diagnostics of many studies", .width = 1500, .height = 560};

static const char *const titles[PANELS] = {"recovery {/:Italic r}", "contraction",
                                           "calibration error"};

/* The names of the parameters, in the order they come in. @return how many */
static int list_parameters(int64_t count, const rb_collection_row *row, const char **name) {
  int names = 0;
  for (int64_t i = 0; i < count; ++i) {
    int d = 0;
    while (d < names && strcmp(name[d], row[i].parameter) != 0) ++d;
    if (d == names && names < MOST) name[names++] = row[i].parameter;
  }
  return names;
}

/* Place on the axis, values. Studies of a parameter stand side by side around its tic. */
static void write_points(FILE *out, int64_t count, const rb_collection_row *row, int names,
                         const char *const *name) {
  const double studies = (double)row[count - 1].study + 1;
  rb_script_data(out, "study", -1);
  for (int64_t i = 0; i < count; ++i) {
    int d = 0;
    while (d < names && strcmp(name[d], row[i].parameter) != 0) ++d;
    if (d == names) continue;
    const double place = d + 0.7 * (((double)row[i].study + 0.5) / studies - 0.5);
    rb_script_row(out, 1 + PANELS,
                  (const double[]){place, row[i].r, row[i].contraction, row[i].calibration_error});
  }
  rb_script_end(out);
}

static void write_script(FILE *out, int64_t count, const rb_collection_row *row) {
  const char *name[MOST];
  char symbol[RB_LABEL];
  const int names = list_parameters(count, row, name);
  rb_script_head(out, &figure);
  write_points(out, count, row, names, name);
  rb_script_panels(out, &figure, figure.title,
                   "$outside using 1:2 with points pt 7 ps 0.9 lc rgb blue title 'a study, from "
                   "left to right in the order of the table'");
  for (int k = 0; k < PANELS; ++k) {
    rb_script_panel(out, &figure, 1, PANELS, k);
    (void)fprintf(out, "set xrange [-0.5:%d.5]\nset xtics nomirror (", names - 1);
    for (int d = 0; d < names; ++d) {
      rb_script_symbol(name[d], symbol);
      (void)fprintf(out, "%s'%s' %d", d > 0 ? ", " : "", symbol, d);
    }
    (void)fprintf(out,
                  ")\nset ytics nomirror\nset title '%s' offset 0,-0.6\nset offsets 0,0,graph "
                  "0.05,graph 0.05\n"
                  "plot $study using 1:%d with points pt 7 ps 0.9 lc rgb blue\n",
                  titles[k], k + 2);
  }
  (void)fputs("unset multiplot\n", out);
}

rb_status rb_collection_draw(rb_context *ctx, const char *folder, int64_t count,
                             const rb_collection_row *row) {
  rb_status status = RB_OK;
  char path[RB_TEXT_PATH], tmp[RB_TEXT_PATH], picture[RB_TEXT_PATH + 32];
  char message[RB_GNUPLOT_MESSAGE];
  FILE *out = NULL;
  if (snprintf(path, sizeof path, "%s/%s.gp", folder, figure.name) >= RB_TEXT_PATH) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FILE, "%.100s...: the path is too long", folder));
  }
  RB_TRY(rb_text_create(ctx, path, tmp, &out));
  if (count > 0) write_script(out, count, row);
  RB_TRY(rb_text_finish(ctx, RB_OK, path, tmp, out));
  const rb_gnuplot_result result = rb_gnuplot_run(folder, figure.name, "png", message);
  (void)snprintf(picture, sizeof picture, "%s/%s.png", folder, figure.name);
  RB_TRY(rb_gnuplot_tell(ctx, result, path, picture, message));
cleanup:
  return status;
}
