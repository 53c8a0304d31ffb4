#ifndef RB_REPORT_PAGE_H
#define RB_REPORT_PAGE_H

#include "figures.h"
#include "rheobase/report/report.h"

/** @file page.h
 * report.html: one file without scripts and without anything to fetch. All functions are local. */

/** How a figure fared. */
typedef enum rb_figure_state {
  RB_FIGURE_NO_DATA,  ///< the study has no file or object for it
  RB_FIGURE_NOT_DRAWN,
  RB_FIGURE_DRAWN
} rb_figure_state;

/** Writes the page. @param state (RB_FIGURES) @param format of the images, "png" or "svg" */
RB_NODISCARD rb_status rb_page_write(const rb_study_data *study, const rb_figure_state *state,
                                     const char *format, FILE *out);

/** Text with what HTML gives a meaning replaced. */
void rb_html_text(FILE *out, const char *text);

/** A file's bytes as base64. Fails with RB_ERR_FILE. */
RB_NODISCARD rb_status rb_html_base64(rb_context *ctx, const char *path, FILE *out);

/** Tables of what the study's files say: diagnostics, members of an ensemble, blocks of
 * features, posterior, predictive check, settings, provenance. */
RB_NODISCARD rb_status rb_page_calibration(const rb_study_data *study, FILE *out);
RB_NODISCARD rb_status rb_page_ensemble(const rb_study_data *study, FILE *out);
RB_NODISCARD rb_status rb_page_blocks(const rb_study_data *study, FILE *out);
RB_NODISCARD rb_status rb_page_baseline(const rb_study_data *study, FILE *out);
RB_NODISCARD rb_status rb_page_misspecification(const rb_study_data *study, FILE *out);
RB_NODISCARD rb_status rb_page_observation(const rb_study_data *study, FILE *out);
RB_NODISCARD rb_status rb_page_posterior(const rb_study_data *study, FILE *out);
RB_NODISCARD rb_status rb_page_predictive(const rb_study_data *study, FILE *out);
RB_NODISCARD rb_status rb_page_recording(const rb_study_data *study, FILE *out);
RB_NODISCARD rb_status rb_page_comparison(const rb_study_data *study, FILE *out);
RB_NODISCARD rb_status rb_page_refinement(const rb_study_data *study, FILE *out);
RB_NODISCARD rb_status rb_page_provenance(const rb_study_data *study, FILE *out);

#endif
