#ifndef RB_REPORT_FIGURES_H
#define RB_REPORT_FIGURES_H

#include "script.h"

/** @file figures.h
 * The figures, in the order of the page. */

#define RB_FIGURE(name) extern const rb_figure rb_figure_##name;
#include "figure_list.h"
#undef RB_FIGURE

enum {
#define RB_FIGURE(name) RB_PLACE_OF_FIGURE_##name,
#include "figure_list.h"
#undef RB_FIGURE
  RB_FIGURES
};

extern const rb_figure *const rb_figures[RB_FIGURES];

#endif
