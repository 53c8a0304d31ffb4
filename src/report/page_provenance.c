#include <stdlib.h>

#include "page.h"

/* Where the observation and each file of the study come from, and the input. */

static rb_status read_text(const rb_study_data *study, rb_product source, const char *path,
                           char **text) {
  *text = NULL;
  if (!rb_study_has(study, source, path)) return RB_OK;
  return rb_file_read_text(study->ctx, study->file[source], path, text);
}

static rb_status write_file(const rb_study_data *study, rb_product source, FILE *out) {
  static const char *const texts[] = {"provenance/version",         "provenance/git_revision",
                                      "provenance/instruction_set", "provenance/host",
                                      "provenance/slurm_job",       "provenance/finished"};
  static const char *const numbers[] = {"provenance/seed", "provenance/ranks", "provenance/wall_s"};
  rb_status status = RB_OK;
  char *text = NULL;
  (void)fprintf(out, "<tr><td>%s</td>", rb_products[source].file);
  for (size_t k = 0; k < sizeof texts / sizeof *texts; ++k) {
    RB_TRY(read_text(study, source, texts[k], &text));
    (void)fputs("<td class=\"text\">", out);
    if (text != NULL) rb_html_text(out, text);
    (void)fputs("</td>", out);
    free(text);
    text = NULL;
  }
  for (size_t k = 0; k < sizeof numbers / sizeof *numbers; ++k) {
    double value = 0;
    if (rb_study_has(study, source, numbers[k])) {
      RB_TRY(rb_study_number(study, source, numbers[k], &value));
    }
    (void)fprintf(out, k == 2 ? "<td>%.1f</td>" : "<td>%.0f</td>", value);
  }
  (void)fputs("</tr>\n", out);
cleanup:
  free(text);
  return status;
}

/* A long text of the file, folded. */
static rb_status write_text(const rb_study_data *study, rb_product source, const char *path,
                            const char *title, FILE *out) {
  rb_status status = RB_OK;
  char *text = NULL;
  RB_TRY(read_text(study, source, path, &text));
  if (text != NULL) {
    (void)fprintf(out, "<details><summary>%s</summary>\n<pre>", title);
    rb_html_text(out, text);
    (void)fputs("</pre></details>\n", out);
  }
cleanup:
  free(text);
  return status;
}

rb_status rb_page_observation(const rb_study_data *study, FILE *out) {
  static const char *const paths[] = {"observation/file", "observation/digest",
                                      "observation/impossible"};
  rb_status status = RB_OK;
  char *text[3] = {NULL, NULL, NULL};
  for (int k = 0; k < 3; ++k) RB_TRY(read_text(study, RB_PRODUCT_POSTERIOR, paths[k], &text[k]));
  if (text[0] == NULL || text[1] == NULL) goto cleanup;  // the file is of an older version
  if (text[0][0] == '\0') {
    (void)fputs("<p>The observation was simulated with parameters drawn from the prior.</p>\n",
                out);
  } else {
    (void)fputs("<p>The observation was read from <code>", out);
    rb_html_text(out, text[0]);
    (void)fputs("</code> (digest ", out);
    rb_html_text(out, text[1]);
    (void)fputs(").</p>\n", out);
  }
  if (text[2] != NULL && text[2][0] != '\0') {
    (void)fputs("<p class=\"bad\">The model cannot produce the observation: ", out);
    rb_html_text(out, text[2]);
    (void)fputs(".</p>\n", out);
  }
cleanup:
  for (int k = 0; k < 3; ++k) free(text[k]);
  return status;
}

rb_status rb_page_provenance(const rb_study_data *study, FILE *out) {
  rb_status status = RB_OK;
  int last = -1;
  (void)fputs(
      "<div class=\"scroll\"><table>\n<thead><tr><th>file</th><th class=\"text\">version"
      "</th><th class=\"text\">revision</th><th class=\"text\">instruction set</th>"
      "<th class=\"text\">host</th><th class=\"text\">Slurm job</th>"
      "<th class=\"text\">finished</th><th>seed</th><th>ranks</th><th>time (s)</th></tr>"
      "</thead>\n<tbody>\n",
      out);
  for (int s = 0; s < RB_PRODUCTS; ++s) {
    if (study->file[s] == NULL) continue;
    RB_TRY(write_file(study, (rb_product)s, out));
    last = s;
  }
  (void)fputs("</tbody>\n</table></div>\n", out);
  if (last >= 0) {
    RB_TRY(
        write_text(study, (rb_product)last, "provenance/input", "The whole resolved input", out));
    RB_TRY(write_text(study, (rb_product)last, "provenance/libraries", "Libraries", out));
  }
cleanup:
  return status;
}
