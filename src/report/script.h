#ifndef RB_REPORT_SCRIPT_H
#define RB_REPORT_SCRIPT_H

#include <stdio.h>

#include "study_data.h"

/** @file script.h
 * Gnuplot scripts: what all figures have in common. All functions are local.
 *
 * A script holds its data as datablocks, so that a user can restyle and draw it again with gnuplot
 * alone. Text of files enters it in single quotes only, where gnuplot expands nothing. */

/** Sections of the page, in its order. */
typedef enum rb_section {
  RB_SECTION_TRAINING,
  RB_SECTION_CALIBRATION,
  RB_SECTION_BASELINE,
  RB_SECTION_POSTERIOR,
  RB_SECTION_EXACT,
  RB_SECTION_PREDICTIVE,
  RB_SECTION_RECORDING,
  RB_SECTION_SCALING,
  RB_SECTIONS
} rb_section;

/** What a figure has a panel of each of. */
typedef enum rb_panels_of {
  RB_PANELS_FIXED,  ///< panels that do not depend on the model
  RB_PANELS_PARAMETERS,
  RB_PANELS_CHANNELS,  ///< courses that are observed
  RB_PANELS_STATISTICS
} rb_panels_of;

typedef struct rb_figure rb_figure;
struct rb_figure {
  const char *name;     ///< of its files, e.g. "loss"; letters and underscores
  const char *title;    ///< of its own part of the section
  rb_section section;   ///< where it stands
  const char *caption;  ///< how to read it; HTML
  rb_product source;    ///< file it is drawn from
  const char *object;   ///< what that file has to hold
  int width, height;    ///< pixels; the height with `rows` rows of panels
  rb_panels_of of;
  int columns, rows;  ///< of panels, at most and as the height is meant; 0 where they are fixed
  /** Writes everything after the head. */
  rb_status (*write)(const rb_study_data *study, const rb_figure *figure, FILE *out);
};

/** The figure for a model: as many columns and rows as it has panels, and the height for them. */
rb_figure rb_figure_for(const rb_figure *figure, const rb_model *model);

/** Terminal, output, fonts, the colours as variables (Okabe and Ito's, told apart by everyone). */
void rb_script_head(FILE *out, const rb_figure *figure);

/** Starts a figure of panels: the title, and below it the legend, so that it covers none of them.
 * Ends with `unset multiplot`. @param legend what to plot for it, e.g. "NaN with lines title 'x'";
 * $outside is a datablock with a point that is not seen */
void rb_script_panels(FILE *out, const rb_figure *figure, const char *title, const char *legend);

/** Range of the axis of recordings, with room around a single sample. @param axis (L) */
void rb_script_samples(FILE *out, int64_t L, const double *axis, double step, int count);

/** Places the next plot as panel @p index of rows x columns, with room for labels. */
void rb_script_panel(FILE *out, const rb_figure *figure, int rows, int columns, int index);

/** Title and legend of a figure that is one panel, in its place between title and plot. */
void rb_script_single(FILE *out, const rb_figure *figure, const char *title);

/** The bin of a histogram for a place in [0, bins); the outer ones take what lies beyond, the
 * first one NaN. */
int rb_script_bin(double place, int bins);

/** Sets the range of an axis and tics at about @p count round numbers of it. */
void rb_script_range(FILE *out, const char *axis, double low, double high, int count);
/** The same without tics near the ends, whose labels would meet those of the next panel. */
void rb_script_inner_tics(FILE *out, const char *axis, double low, double high, int count);

/** Text in single quotes, safe for gnuplot's enhanced mode. */
void rb_script_text(FILE *out, const char *text);

enum { RB_LABEL = 160 };
/** A parameter's name as gnuplot text: alpha_x as an italic alpha with index x, alpha1 with
 * index 1.
 * @param label (RB_LABEL) */
void rb_script_symbol(const char *name, char *label);
/** A name of words: blanks for underscores. @param label (RB_LABEL) */
void rb_script_words(const char *name, char *label);
/** A symbol with its unit: `x_0 (m)`. @param label (RB_LABEL) */
void rb_script_axis(const rb_quantity *quantity, char *label);
/** Of the density of a quantity, with its unit: `density (1/m)`. @param label (RB_LABEL) */
void rb_script_density_axis(const rb_quantity *quantity, char *label);

/** What the samples of a recording lie along: `time (s)` of the axis time_s.
 * @param label (RB_LABEL) */
void rb_script_scale(const rb_quantity *axis, char *label);

/** Begins datablock $name, or $name<index> if @p index >= 0. */
void rb_script_data(FILE *out, const char *name, int index);
/** A row of it; what is not finite becomes NaN, which gnuplot leaves out. */
void rb_script_row(FILE *out, int count, const double *values);
void rb_script_end(FILE *out);

/** Samples that a figure draws as one: 1, unless there are more than it can show. */
int64_t rb_script_stretch(int64_t samples);
/** A datablock of a recording, as thin as a figure can show it: place and value of the least and
 * the largest sample of each stretch. @param first place of the first sample @param step between
 * two */
void rb_script_trace(FILE *out, const char *name, int index, int64_t samples, double first,
                     double step, const double *value);

/** A datablock of two columns of equal length. */
void rb_script_curve(FILE *out, const char *name, int index, int64_t count, const double *x,
                     const double *y);

#endif
