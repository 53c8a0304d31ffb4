#ifndef RB_REPORT_FIGURES_H
#define RB_REPORT_FIGURES_H

#include "script.h"

/** @file figures.h
 * The figures, in the order of the page. Each writes the body of its gnuplot script. Local. */

RB_NODISCARD rb_status rb_draw_prior(const rb_study_data *study, const rb_figure *figure,
                                     FILE *out);
RB_NODISCARD rb_status rb_draw_traces(const rb_study_data *study, const rb_figure *figure,
                                      FILE *out);
RB_NODISCARD rb_status rb_draw_loss(const rb_study_data *study, const rb_figure *figure, FILE *out);
RB_NODISCARD rb_status rb_draw_recovery(const rb_study_data *study, const rb_figure *figure,
                                        FILE *out);
RB_NODISCARD rb_status rb_draw_contraction(const rb_study_data *study, const rb_figure *figure,
                                           FILE *out);
RB_NODISCARD rb_status rb_draw_ranks(const rb_study_data *study, const rb_figure *figure,
                                     FILE *out);
RB_NODISCARD rb_status rb_draw_ecdf(const rb_study_data *study, const rb_figure *figure, FILE *out);
RB_NODISCARD rb_status rb_draw_joint(const rb_study_data *study, const rb_figure *figure,
                                     FILE *out);
RB_NODISCARD rb_status rb_draw_coverage(const rb_study_data *study, const rb_figure *figure,
                                        FILE *out);
RB_NODISCARD rb_status rb_draw_expected_coverage(const rb_study_data *study,
                                                 const rb_figure *figure, FILE *out);
RB_NODISCARD rb_status rb_draw_local(const rb_study_data *study, const rb_figure *figure,
                                     FILE *out);
RB_NODISCARD rb_status rb_draw_baseline(const rb_study_data *study, const rb_figure *figure,
                                        FILE *out);
RB_NODISCARD rb_status rb_draw_posterior(const rb_study_data *study, const rb_figure *figure,
                                         FILE *out);
RB_NODISCARD rb_status rb_draw_pairs(const rb_study_data *study, const rb_figure *figure,
                                     FILE *out);
RB_NODISCARD rb_status rb_draw_refinement(const rb_study_data *study, const rb_figure *figure,
                                          FILE *out);
RB_NODISCARD rb_status rb_draw_predictive(const rb_study_data *study, const rb_figure *figure,
                                          FILE *out);
RB_NODISCARD rb_status rb_draw_statistics(const rb_study_data *study, const rb_figure *figure,
                                          FILE *out);

RB_NODISCARD rb_status rb_draw_speed_up(const rb_study_data *study, const rb_figure *figure,
                                        FILE *out);
RB_NODISCARD rb_status rb_draw_efficiency(const rb_study_data *study, const rb_figure *figure,
                                          FILE *out);
RB_NODISCARD rb_status rb_draw_parts(const rb_study_data *study, const rb_figure *figure,
                                     FILE *out);

enum { RB_FIGURES = 20 };
/** (RB_FIGURES) */
extern const rb_figure rb_figures[];

#endif
