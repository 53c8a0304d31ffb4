#ifndef RHEOBASE_REPORT_H
#define RHEOBASE_REPORT_H

#include "rheobase/model/model.h"

/** @file report.h
 * Pictures and a page of a study, from the files in its folder. */

typedef enum rb_figure_format { RB_FIGURE_PNG, RB_FIGURE_SVG, RB_FIGURE_PDF } rb_figure_format;

/** Reads "png", "svg" or "pdf"; NULL gives PNG. Local. Fails with RB_ERR_USAGE. */
RB_NODISCARD rb_status rb_figure_format_parse(rb_context *ctx, const char *name,
                                              rb_figure_format *format);

/** Draws every figure the study's files allow and writes report.html, which shows them with tables,
 * settings and provenance. Collective; rank 0 does the work.
 *
 * figures/NAME.gp is a gnuplot script with its data in it, figures/NAME.png (or .svg; .pdf comes
 * beside the PNG that the page shows) what gnuplot makes of it. Where gnuplot is missing, or fails,
 * a warning says so and the page has the numbers alone. Each file is written whole or not at all.
 * Files of the study that are not there leave their figures out, and the page says so. Fails with
 * RB_ERR_FILE (nothing to report, or a file cannot be written) or RB_ERR_FORMAT (a damaged file).
 * @param model for the prior's density and what the parameters mean
 * @param folder of the study */
RB_NODISCARD rb_status rb_report_write(rb_context *ctx, const rb_model *model, const char *folder,
                                       rb_figure_format format);

/** Draws the figures of scaling.h5 alone, without a page. Collective; otherwise as rb_report_write.
 */
RB_NODISCARD rb_status rb_report_scaling(rb_context *ctx, const rb_model *model, const char *folder,
                                         rb_figure_format format);

#endif
