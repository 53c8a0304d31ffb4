#include "rheobase/report/report.h"

#include <string.h>
#include <unistd.h>

#include "figures.h"
#include "gnuplot.h"
#include "page.h"
#include "rheobase/base/log.h"
#include "rheobase/io/folder.h"
#include "rheobase/io/text_file.h"
#include "rheobase/parallel/agree.h"

static const char *const format_names[] = {
    [RB_FIGURE_PNG] = "png", [RB_FIGURE_SVG] = "svg", [RB_FIGURE_PDF] = "pdf"};

rb_status rb_figure_format_parse(rb_context *ctx, const char *name, rb_figure_format *format) {
  *format = RB_FIGURE_PNG;
  if (name == NULL) return RB_OK;
  for (int f = RB_FIGURE_PNG; f <= RB_FIGURE_PDF; ++f) {
    if (strcmp(name, format_names[f]) == 0) {
      *format = (rb_figure_format)f;
      return RB_OK;
    }
  }
  return RB_FAIL(ctx, RB_ERR_USAGE, "--format %s: figures are drawn as png, svg or pdf", name);
}

static rb_status write_script(const rb_study_data *study, const char *folder,
                              const rb_figure *figure) {
  rb_status status = RB_OK;
  char path[RB_TEXT_PATH], tmp[RB_TEXT_PATH];
  FILE *out = NULL;
  (void)snprintf(path, sizeof path, "%.*s/%s.gp", RB_PATH - 100, folder, figure->name);
  RB_TRY(rb_text_create(study->ctx, path, tmp, &out));
  rb_script_head(out, figure);
  status = figure->write(study, figure, out);
  status = rb_text_finish(study->ctx, status, path, tmp, out);
cleanup:
  return status;
}

/* What happened to gnuplot over all figures. */
typedef struct drawing {
  const char *folder;
  rb_figure_format format;
  bool missing, stopped;
  int drawn, failed;
  char first[2 * RB_GNUPLOT_MESSAGE];  // what it said first, and to which script
} drawing;

static rb_figure_state draw_as(drawing *all, const rb_figure *figure, const char *format) {
  char message[RB_GNUPLOT_MESSAGE];
  if (all->missing) return RB_FIGURE_NOT_DRAWN;
  const rb_gnuplot_result result = rb_gnuplot_run(all->folder, figure->name, format, message);
  all->missing = result == RB_GNUPLOT_MISSING;
  all->stopped = all->stopped || result == RB_GNUPLOT_STOPPED;
  if (message[0] != '\0' && all->first[0] == '\0') {
    (void)snprintf(all->first, sizeof all->first, "%s.gp: %s", figure->name, message);
  }
  if (result == RB_GNUPLOT_FAILED) ++all->failed;
  return result == RB_GNUPLOT_DONE ? RB_FIGURE_DRAWN : RB_FIGURE_NOT_DRAWN;
}

static rb_figure_state draw(drawing *all, const rb_figure *figure) {
  const bool pdf = all->format == RB_FIGURE_PDF;
  // A page cannot show PDF: those come in addition.
  const rb_figure_state state =
      draw_as(all, figure, format_names[pdf ? RB_FIGURE_PNG : all->format]);
  if (pdf && state == RB_FIGURE_DRAWN) (void)draw_as(all, figure, format_names[RB_FIGURE_PDF]);
  if (state == RB_FIGURE_DRAWN) ++all->drawn;
  return state;
}

static void warn(const rb_context *ctx, const drawing *all) {
  if (all->missing) {
    rb_log_warning(ctx,
                   "gnuplot is not installed: no figures were drawn. The scripts are in %s (draw "
                   "them elsewhere with `gnuplot NAME.gp`), the numbers in report.html",
                   all->folder);
  } else if (all->failed > 0) {
    rb_log_warning(ctx, "gnuplot could not draw %d figure%s: %s", all->failed,
                   rb_plural(all->failed), all->first);
  } else if (all->first[0] != '\0') {
    rb_log_warning(ctx, "gnuplot said: %s", all->first);
  }
}

/* Removes what earlier reports drew of the figure and this one has not: other formats, and all of
 * it where its data are gone. */
static void remove_old(const drawing *all, const rb_figure *figure, rb_figure_state state) {
  const bool drawn = state == RB_FIGURE_DRAWN;
  const bool kept[] = {[RB_FIGURE_PNG] = drawn && all->format != RB_FIGURE_SVG,  // beside a PDF too
                       [RB_FIGURE_SVG] = drawn && all->format == RB_FIGURE_SVG,
                       [RB_FIGURE_PDF] = drawn && all->format == RB_FIGURE_PDF};
  char path[RB_TEXT_PATH];
  for (int f = RB_FIGURE_PNG; f <= RB_FIGURE_PDF; ++f) {
    (void)snprintf(path, sizeof path, "%s/%s.%s", all->folder, figure->name, format_names[f]);
    if (!kept[f]) (void)unlink(path);
  }
  (void)snprintf(path, sizeof path, "%s/%s.gp", all->folder, figure->name);
  if (state == RB_FIGURE_NO_DATA) (void)unlink(path);
}

/* Draws all figures, or those of one source alone. @param only RB_PRODUCTS: all */
static rb_status write_figures(const rb_study_data *study, drawing *all, rb_product only,
                               rb_figure_state *state) {
  rb_status status = RB_OK;
  int made = 0;
  RB_TRY(rb_folder_make(study->ctx, all->folder, &made));
  for (int f = 0; f < RB_FIGURES; ++f) {
    const rb_figure sized = rb_figure_for(rb_figures[f], study->model), *figure = &sized;
    state[f] = RB_FIGURE_NO_DATA;
    if (only != RB_PRODUCTS && figure->source != only) continue;
    if (rb_study_has(study, figure->source, figure->object)) {
      RB_TRY(write_script(study, all->folder, figure));
      state[f] = draw(all, figure);
    }
    if (all->stopped) {
      RB_TRY(RB_FAIL(study->ctx, RB_STOPPED, "stopped by a signal while drawing figures"));
    }
    remove_old(all, figure, state[f]);
  }
  warn(study->ctx, all);
cleanup:
  rb_folder_unmake(all->folder, made);
  return status;
}

static rb_status write_page(const rb_study_data *study, const rb_figure_state *state,
                            const char *format) {
  rb_status status = RB_OK;
  char path[RB_TEXT_PATH], tmp[RB_TEXT_PATH];
  FILE *out = NULL;
  (void)snprintf(path, sizeof path, "%.*s/report.html", RB_PATH - 100, study->folder);
  RB_TRY(rb_text_create(study->ctx, path, tmp, &out));
  status = rb_page_write(study, state, format, out);
  status = rb_text_finish(study->ctx, status, path, tmp, out);
cleanup:
  return status;
}

static void warn_of_remarks(const rb_study_data *study) {
  for (int s = 0; s < RB_PRODUCTS; ++s) {
    if (study->remark[s] != NULL) rb_log_warning(study->ctx, "%s", study->remark[s]);
  }
}

/* The page of a study and all its figures; of RB_PRODUCT_SCALING, which has no page, the figures
 * alone.
 * @param only RB_PRODUCTS: all */
static rb_status report(rb_context *ctx, const rb_model *model, const char *folder,
                        rb_figure_format format, rb_product only) {
  rb_status status = RB_OK;
  rb_study_data study = {0};
  rb_figure_state state[RB_FIGURES];
  char figures[RB_PATH];
  drawing all = {.folder = figures, .format = format};
  RB_TRY(rb_study_data_open(ctx, model, folder, RB_ALL_PRODUCTS, &study));
  if (only != RB_PRODUCT_SCALING) warn_of_remarks(&study);
  if (only != RB_PRODUCT_SCALING) RB_TRY(rb_study_add_prior(&study));
  (void)snprintf(figures, sizeof figures, "%.*s/figures", RB_PATH - 100, folder);
  RB_TRY(write_figures(&study, &all, only, state));
  if (only == RB_PRODUCT_SCALING) {
    rb_log_info(ctx, "scale      %d figure%s in %s", all.drawn, rb_plural(all.drawn), figures);
  } else {
    RB_TRY(write_page(&study, state,
                      format_names[format == RB_FIGURE_SVG ? RB_FIGURE_SVG : RB_FIGURE_PNG]));
    rb_log_info(ctx, "report     %d figure%s, %s/report.html", all.drawn, rb_plural(all.drawn),
                folder);
  }
cleanup:
  rb_study_data_close(&study);
  return status;
}

rb_status rb_report_scaling(rb_context *ctx, const rb_model *model, const char *folder,
                            rb_figure_format format) {
  return rb_agree(ctx,
                  ctx->rank == 0 ? report(ctx, model, folder, format, RB_PRODUCT_SCALING) : RB_OK);
}

rb_status rb_report_write(rb_context *ctx, const rb_model *model, const char *folder,
                          rb_figure_format format) {
  return rb_agree(ctx, ctx->rank == 0 ? report(ctx, model, folder, format, RB_PRODUCTS) : RB_OK);
}
