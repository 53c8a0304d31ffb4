#include "page.h"

#include <errno.h>
#include <string.h>

#include "rheobase/revision.h"
#include "rheobase/version.h"

/* The order of the page: what was simulated and trained, how well it is calibrated, what it says
 * about the observation, where it all comes from. Each section's tables come before its figures. */
static const struct section {
  const char *id, *title;
  rb_status (*tables)(const rb_study_data *study, FILE *out);  // NULL: none
  rb_product needs;
  bool optional;  // left out where its file is missing
} sections[RB_SECTIONS] = {
    [RB_SECTION_TRAINING] = {"training", "Simulations and training", NULL, RB_PRODUCT_CHECKPOINT,
                             false},
    [RB_SECTION_CALIBRATION] = {"calibration", "Calibration", rb_page_calibration,
                                RB_PRODUCT_CALIBRATION, false},
    [RB_SECTION_BASELINE] = {"baseline", "The linear baseline beside the network", rb_page_baseline,
                             RB_PRODUCT_BASELINE_CALIBRATION, false},
    [RB_SECTION_POSTERIOR] = {"posterior", "Posterior of the observation", rb_page_posterior,
                              RB_PRODUCT_POSTERIOR, false},
    [RB_SECTION_EXACT] = {"exact", "The exact posterior beside the network's", rb_page_refinement,
                          RB_PRODUCT_EXACT, true},
    [RB_SECTION_PREDICTIVE] = {"predictive", "Posterior predictive check", rb_page_predictive,
                               RB_PRODUCT_PREDICTIVE, false},
    [RB_SECTION_RECORDING] = {"recording", "Prediction of a recording", rb_page_recording,
                              RB_PRODUCT_PREDICTION, true},
    [RB_SECTION_SCALING] = {"scaling", "Scaling over ranks", NULL, RB_PRODUCT_SCALING, true},
};

void rb_html_text(FILE *out, const char *text) {
  for (; *text != '\0'; ++text) {
    switch (*text) {
      case '&':
        (void)fputs("&amp;", out);
        break;
      case '<':
        (void)fputs("&lt;", out);
        break;
      case '>':
        (void)fputs("&gt;", out);
        break;
      case '"':
        (void)fputs("&quot;", out);
        break;
      default:
        (void)fputc(*text, out);
    }
  }
}

rb_status rb_html_base64(rb_context *ctx, const char *path, FILE *out) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  unsigned char bytes[3];
  size_t count;
  FILE *in = fopen(path, "rb");
  if (in == NULL) {
    return RB_FAIL(ctx, RB_ERR_FILE, "%s: cannot be read: %s", path, strerror(errno));
  }
  while ((count = fread(bytes, 1, 3, in)) > 0) {
    for (size_t i = count; i < 3; ++i) bytes[i] = 0;
    const char text[4] = {digits[bytes[0] >> 2], digits[(bytes[0] & 3) << 4 | bytes[1] >> 4],
                          count > 1 ? digits[(bytes[1] & 15) << 2 | bytes[2] >> 6] : '=',
                          count > 2 ? digits[bytes[2] & 63] : '='};
    (void)fwrite(text, 1, sizeof text, out);
  }
  const bool failed = ferror(in) != 0;
  (void)fclose(in);
  if (failed) return RB_FAIL(ctx, RB_ERR_FILE, "%s: cannot be read", path);
  return RB_OK;
}

static const char *const style =
    "body{font:16px/1.5 system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif;color:#222;"
    "background:#fff;margin:0 auto;padding:0 1.5rem 4rem;max-width:1200px}"
    "h1{font-size:1.9rem;margin:1.6rem 0 .3rem}"
    "h2{font-size:1.45rem;margin:2.6rem 0 .6rem;border-bottom:2px solid #0072b2;"
    "padding-bottom:.2rem}"
    "h3{font-size:1.1rem;margin:1.6rem 0 .3rem}"
    "p,figcaption{max-width:52rem}p.note{color:#555}"
    "nav a{margin-right:1.2rem}a{color:#0072b2}"
    "figure{margin:1.4rem 0 2.2rem}img{max-width:100%;height:auto;display:block}"
    ".scroll{overflow-x:auto}"
    "table{border-collapse:collapse;margin:.6rem 0 1rem;font-variant-numeric:tabular-nums}"
    "th,td{padding:.25rem .8rem;text-align:right;border-bottom:1px solid #ddd}"
    "th{border-bottom:2px solid #999;vertical-align:bottom}"
    "th:first-child,td:first-child,.text{text-align:left}td:first-child{white-space:nowrap}"
    ".bad{color:#b34700;font-weight:600}"
    "pre{background:#f5f5f5;padding:.8rem 1rem;overflow-x:auto;font-size:.85rem;line-height:1.4}"
    "details summary{cursor:pointer;color:#0072b2}"
    "@media print{nav,details{display:none}figure{break-inside:avoid}}";

static bool is_shown(const rb_study_data *study, const struct section *section) {
  return study->file[section->needs] != NULL || study->remark[section->needs] != NULL ||
         !section->optional;
}

/* Why the file is left out, or to be read with care. */
static void write_remark(const rb_study_data *study, int source, FILE *out) {
  if (study->remark[source] == NULL) return;
  (void)fputs("<p class=\"bad\">", out);
  rb_html_text(out, study->remark[source]);
  (void)fputs("</p>\n", out);
}

static void write_head(const rb_study_data *study, FILE *out) {
  const char *slash = strrchr(study->folder, '/');
  const char *name = slash != NULL && slash[1] != '\0' ? slash + 1 : study->folder;
  (void)fputs(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
      out);
  rb_html_text(out, name);
  (void)fprintf(out, " - rheobase report</title>\n<style>%s</style>\n</head>\n<body>\n<h1>Study ",
                style);
  rb_html_text(out, name);
  (void)fprintf(
      out,
      "</h1>\n<p class=\"note\">Simulation-based inference with rheobase %s (revision %s). The "
      "figures are also in the folder <code>figures</code>, each beside the gnuplot "
      "script that draws it.</p>\n<nav>",
      RB_VERSION, RB_GIT_REVISION);
  for (int s = 0; s < RB_SECTIONS; ++s) {
    if (!is_shown(study, &sections[s])) continue;
    (void)fprintf(out, "<a href=\"#%s\">%s</a>\n", sections[s].id, sections[s].title);
  }
  (void)fputs("<a href=\"#provenance\">Settings and provenance</a></nav>\n", out);
  for (int s = 0; s < RB_PRODUCTS; ++s) write_remark(study, s, out);
}

/* Why a figure has nothing to show. */
static const char *lack(const rb_study_data *study, rb_product source) {
  if (study->file[source] == NULL) {
    return study->remark[source] != NULL ? "is left out" : "is missing";
  }
  if (study->unfinished[source]) return "is unfinished";
  if (source == RB_PRODUCT_EXACT) return "holds the observation alone (exact.datasets is 0)";
  return "does not hold its data";
}

static rb_status write_figure(const rb_study_data *study, const rb_figure *figure,
                              rb_figure_state state, const char *format, FILE *out) {
  rb_status status = RB_OK;
  char path[RB_PATH];
  const int height = rb_figure_for(figure, study->model).height;
  if (state == RB_FIGURE_NO_DATA) {
    (void)fprintf(out, "<h3>%s</h3>\n<p class=\"note\">Not drawn: %s %s.</p>\n", figure->title,
                  rb_products[figure->source].file, lack(study, figure->source));
    return RB_OK;
  }
  (void)fprintf(out, "<h3 id=\"figure-%s\">%s</h3>\n<figure>\n", figure->name, figure->title);
  if (state == RB_FIGURE_DRAWN) {
    (void)snprintf(path, sizeof path, "%.*s/figures/%s.%s", RB_PATH - 120, study->folder,
                   figure->name, format);
    (void)fprintf(out, "<img alt=\"%s\" width=\"%d\" height=\"%d\" src=\"data:image/%s;base64,",
                  figure->title, figure->width, height,
                  strcmp(format, "svg") == 0 ? "svg+xml" : format);
    RB_TRY(rb_html_base64(study->ctx, path, out));
    (void)fputs("\">\n", out);
  } else {
    (void)fprintf(out,
                  "<p class=\"note\">Not drawn: gnuplot was not available or failed. Its data are "
                  "in <code>figures/%s.gp</code>.</p>\n",
                  figure->name);
  }
  (void)fprintf(out, "<figcaption>%s</figcaption>\n</figure>\n", figure->caption);
cleanup:
  return status;
}

static rb_status write_section(const rb_study_data *study, rb_section place,
                               const rb_figure_state *state, const char *format, FILE *out) {
  rb_status status = RB_OK;
  const struct section *section = &sections[place];
  const bool there = study->file[section->needs] != NULL;
  if (!is_shown(study, section)) return RB_OK;
  (void)fprintf(out, "<section>\n<h2 id=\"%s\">%s</h2>\n", section->id, section->title);
  write_remark(study, (int)section->needs, out);
  if (there && section->tables != NULL) RB_TRY(section->tables(study, out));
  for (int f = 0; f < RB_FIGURES; ++f) {
    if (rb_figures[f]->section != place) continue;
    RB_TRY(write_figure(study, rb_figures[f], state[f], format, out));
  }
  (void)fputs("</section>\n", out);
cleanup:
  return status;
}

rb_status rb_page_write(const rb_study_data *study, const rb_figure_state *state,
                        const char *format, FILE *out) {
  rb_status status = RB_OK;
  write_head(study, out);
  for (int s = 0; s < RB_SECTIONS; ++s) {
    RB_TRY(write_section(study, (rb_section)s, state, format, out));
  }
  (void)fputs("<section>\n<h2 id=\"provenance\">Settings and provenance</h2>\n", out);
  RB_TRY(rb_page_provenance(study, out));
  (void)fputs("</section>\n</body>\n</html>\n", out);
cleanup:
  return status;
}
