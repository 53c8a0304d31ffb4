#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "figures.h"
#include "rheobase/analysis/scaling_model.h"
#include "rheobase/base/memory.h"

/* Figures of scaling.h5: a panel for each kind of work, points where it was measured, dashed lines
 * where the model speaks. */

enum { ROWS = 2, COLUMNS = 3 };

typedef struct scaling_data {
  int64_t points;
  char **work, **kind;
  rb_array ranks, oversubscribed, fastest, efficiency, part;
  rb_array modelled_ranks, strong, weak;  // model: ranks; efficiencies (work, ranks)
} scaling_data;

static void free_data(scaling_data *d) {
  enum { ARRAYS = 8 };
  rb_array *arrays[ARRAYS] = {&d->ranks, &d->oversubscribed, &d->fastest, &d->efficiency,
                              &d->part,  &d->modelled_ranks, &d->strong,  &d->weak};
  for (int i = 0; i < ARRAYS; ++i) rb_array_free(arrays[i]);
  free(d->work);
  free(d->kind);
}

static rb_status read_names(const rb_study_data *study, const char *path, int64_t *count,
                            char ***names) {
  return rb_file_read_strings(study->ctx, study->file[RB_PRODUCT_SCALING], path, count, names);
}

static rb_status read_data(const rb_study_data *study, scaling_data *d) {
  rb_status status = RB_OK;
  int64_t kinds = 0;
  *d = (scaling_data){0};
  RB_TRY(rb_study_read(study, RB_PRODUCT_SCALING, "points/ranks", 1, -1, &d->ranks));
  d->points = d->ranks.shape[0];
  RB_TRY(read_names(study, "points/work", &kinds, &d->work));
  if (kinds == d->points) RB_TRY(read_names(study, "points/kind", &kinds, &d->kind));
  if (kinds != d->points) {
    RB_TRY(RB_FAIL(study->ctx, RB_ERR_FORMAT, "scaling.h5: points/work, points/kind: %s",
                   "not one value per point"));
  }
  const int64_t n = d->points;
  RB_TRY(
      rb_study_read(study, RB_PRODUCT_SCALING, "points/oversubscribed", 1, n, &d->oversubscribed));
  RB_TRY(rb_study_read(study, RB_PRODUCT_SCALING, "points/fastest", 1, n, &d->fastest));
  RB_TRY(rb_study_read(study, RB_PRODUCT_SCALING, "points/efficiency", 1, n, &d->efficiency));
  RB_TRY(rb_study_read_matrix(study, RB_PRODUCT_SCALING, "points/seconds", n, RB_TIME_PARTS,
                              &d->part));
  RB_TRY(rb_study_read(study, RB_PRODUCT_SCALING, "modelled_ranks", 1, -1, &d->modelled_ranks));
  const int64_t m = d->modelled_ranks.shape[0];
  RB_TRY(rb_study_read_matrix(study, RB_PRODUCT_SCALING, "model/strong_efficiency", RB_SCALE_WORKS,
                              m, &d->strong));
  RB_TRY(rb_study_read_matrix(study, RB_PRODUCT_SCALING, "model/weak_efficiency", RB_SCALE_WORKS, m,
                              &d->weak));
cleanup:
  return status;
}

static bool is_point(const scaling_data *d, int64_t i, int work, rb_scaling_kind kind) {
  return strcmp(d->work[i], rb_scaling_work_name((rb_scaling_work)work)) == 0 &&
         strcmp(d->kind[i], rb_scaling_kind_name(kind)) == 0;
}

/* Ranks, efficiency, speed-up of the points on enough cores, then the last two of the others. */
static void write_points(FILE *out, const scaling_data *d, const char *name, int work,
                         rb_scaling_kind kind) {
  rb_script_data(out, name, work);
  rb_script_row(out, 5, (const double[]){NAN, NAN, NAN, NAN, NAN});
  for (int64_t i = 0; i < d->points; ++i) {
    const bool first = kind == RB_SCALE_WEAK && d->ranks.v[i] == 1;  // also where weak begins
    if (!is_point(d, i, work, kind) && !(first && is_point(d, i, work, RB_SCALE_STRONG))) continue;
    const double p = d->ranks.v[i], e = d->efficiency.v[i];
    const bool over = d->oversubscribed.v[i] != 0;
    rb_script_row(out, 5,
                  (const double[]){p, over ? NAN : e, over ? NAN : p * e, over ? e : NAN,
                                   over ? p * e : NAN});
  }
  rb_script_end(out);
}

/* Ranks, efficiency, speed-up of the model. */
static void write_model(FILE *out, const scaling_data *d, const char *name, int work,
                        const rb_array *efficiency) {
  const int64_t n = d->modelled_ranks.shape[0];
  rb_script_data(out, name, work);
  for (int64_t i = 0; i < n; ++i) {
    const double p = d->modelled_ranks.v[i], e = efficiency->v[work * n + i];
    rb_script_row(out, 3, (const double[]){p, e, p * e});
  }
  rb_script_end(out);
}

static void write_blocks(FILE *out, const scaling_data *d) {
  for (int w = 0; w < RB_SCALE_WORKS; ++w) {
    write_points(out, d, "strong", w, RB_SCALE_STRONG);
    write_points(out, d, "weak", w, RB_SCALE_WEAK);
    write_model(out, d, "strong_model", w, &d->strong);
    write_model(out, d, "weak_model", w, &d->weak);
  }
}

static void rank_axis(FILE *out, const scaling_data *d) {
  (void)fprintf(out,
                "set logscale x 2\nset xrange [0.8:%.6g]\n"
                "set xtics nomirror ('1' 1, '8' 8, '64' 64, '512' 512, '4096' 4096)\n"
                "set xlabel 'ranks'\n",
                1.25 * d->modelled_ranks.v[d->modelled_ranks.shape[0] - 1]);
}

static rb_status draw_speed_up(const rb_study_data *study, const rb_figure *figure, FILE *out) {
  rb_status status = RB_OK;
  scaling_data d;
  RB_TRY(read_data(study, &d));
  write_blocks(out, &d);
  rb_script_panels(out, figure, "Speed-up with the same work on more ranks",
                   "NaN with lines lw 1.5 lc rgb grey title 'ideal', "
                   "NaN with points pt 7 ps 1.3 lc rgb vermilion title 'measured', "
                   "NaN with points pt 6 ps 1.3 lw 2 lc rgb vermilion title 'oversubscribed', "
                   "NaN with lines lw 2.5 dt (10,6) lc rgb blue title 'model'");
  rank_axis(out, &d);
  (void)fputs(
      "set logscale y 2\nset yrange [0.4:20480]\nset format y '%.0f'\n"
      "set ytics nomirror (1, 8, 64, 512, 4096)\nset ylabel 'speed-up' offset 0.8,0\n",
      out);
  for (int w = 0; w < RB_SCALE_WORKS; ++w) {
    rb_script_panel(out, figure, ROWS, COLUMNS, w);
    (void)fprintf(out,
                  "set title '%s' offset 0,-0.6\n"
                  "plot x with lines lw 1.5 lc rgb grey, "
                  "$strong_model%d using 1:3 with lines lw 2.5 dt (10,6) lc rgb blue, "
                  "$strong%d using 1:3 with points pt 7 ps 1.3 lc rgb vermilion, "
                  "$strong%d using 1:5 with points pt 6 ps 1.3 lw 2 lc rgb vermilion\n",
                  rb_scaling_work_name((rb_scaling_work)w), w, w, w);
  }
  (void)fputs("unset multiplot\n", out);
cleanup:
  free_data(&d);
  return status;
}

const rb_figure rb_figure_speed_up = {
    .name = "speed_up",
    .title = "Speed-up",
    .section = RB_SECTION_SCALING,
    .caption =
        "How many times faster the same work is on more ranks. Dashed: a model fitted to "
        "the measured points, not a measurement.",
    .source = RB_PRODUCT_SCALING,
    .object = "points/fastest",
    .width = 1200,
    .height = 884,
    .write = draw_speed_up};

static rb_status draw_efficiency(const rb_study_data *study, const rb_figure *figure, FILE *out) {
  rb_status status = RB_OK;
  scaling_data d;
  RB_TRY(read_data(study, &d));
  write_blocks(out, &d);
  rb_script_panels(out, figure, "Parallel efficiency",
                   "NaN with lines lw 1.5 lc rgb grey title 'ideal', "
                   "NaN with points pt 7 ps 1.3 lc rgb vermilion title 'strong', "
                   "NaN with points pt 9 ps 1.5 lc rgb green title 'weak', "
                   "NaN with lines lw 2.5 dt (10,6) lc rgb black title 'model'");
  rank_axis(out, &d);
  (void)fputs("set yrange [0:1.1]\nset ytics nomirror 0.25\nset ylabel 'efficiency' offset 0.8,0\n",
              out);
  for (int w = 0; w < RB_SCALE_WORKS; ++w) {
    rb_script_panel(out, figure, ROWS, COLUMNS, w);
    (void)fprintf(out,
                  "set title '%s' offset 0,-0.6\n"
                  "plot 1 with lines lw 1.5 lc rgb grey, "
                  "$strong_model%d using 1:2 with lines lw 2.5 dt (10,6) lc rgb vermilion, "
                  "$weak_model%d using 1:2 with lines lw 2.5 dt (10,6) lc rgb green, "
                  "$strong%d using 1:2 with points pt 7 ps 1.3 lc rgb vermilion, "
                  "$weak%d using 1:2 with points pt 9 ps 1.5 lc rgb green, "
                  "$strong%d using 1:4 with points pt 6 ps 1.3 lw 2 lc rgb vermilion, "
                  "$weak%d using 1:4 with points pt 8 ps 1.5 lw 2 lc rgb green\n",
                  rb_scaling_work_name((rb_scaling_work)w), w, w, w, w, w, w);
  }
  (void)fputs("unset multiplot\n", out);
cleanup:
  free_data(&d);
  return status;
}

const rb_figure rb_figure_efficiency = {
    .name = "efficiency",
    .title = "Efficiency",
    .section = RB_SECTION_SCALING,
    .caption =
        "Speed-up divided by the ranks (strong), and the time of one rank divided by "
        "that of many that have as much work each (weak). Open: more ranks than cores. "
        "Dashed: the model.",
    .source = RB_PRODUCT_SCALING,
    .object = "points/fastest",
    .width = 1200,
    .height = 884,
    .write = draw_efficiency};

/* Bars of one kind of work: place, then the parts' shares stacked from the first up. */
static int write_bars(FILE *out, const scaling_data *d, int work, char *tics, size_t size) {
  int bars = 0;
  size_t used = 0;
  tics[0] = '\0';
  rb_script_data(out, "bars", work);
  for (rb_scaling_kind kind = RB_SCALE_STRONG; kind <= RB_SCALE_WEAK; ++kind) {
    for (int64_t i = 0; i < d->points; ++i) {
      if (!is_point(d, i, work, kind)) continue;
      double row[1 + RB_TIME_PARTS] = {++bars}, sum = 0;
      for (int k = 0; k < RB_TIME_PARTS; ++k) {
        sum += 100 * d->part.v[i * RB_TIME_PARTS + k] / d->fastest.v[i];
        row[1 + k] = sum;
      }
      rb_script_row(out, 1 + RB_TIME_PARTS, row);
      const int length = snprintf(tics + used, size - used, "%s'%s%.0f%s' %d", bars > 1 ? "," : "",
                                  kind == RB_SCALE_WEAK ? "w" : "", d->ranks.v[i],
                                  d->oversubscribed.v[i] != 0 ? "*" : "", bars);
      if (length > 0 && (size_t)length < size - used) used += (size_t)length;
    }
  }
  rb_script_end(out);
  return bars;
}

static rb_status draw_parts(const rb_study_data *study, const rb_figure *figure, FILE *out) {
  rb_status status = RB_OK;
  scaling_data d;
  int bars[RB_SCALE_WORKS];
  char tics[RB_SCALE_WORKS][1024];
  RB_TRY(read_data(study, &d));
  for (int w = 0; w < RB_SCALE_WORKS; ++w) {
    bars[w] = write_bars(out, &d, w, tics[w], sizeof tics[w]);
  }
  rb_script_panels(out, figure, "Where the time goes",
                   "NaN with boxes fc rgb sky title 'compute', "
                   "NaN with boxes fc rgb orange title 'waiting', "
                   "NaN with boxes fc rgb vermilion title 'reduction', "
                   "NaN with boxes fc rgb green title 'files'");
  (void)fputs(
      "set yrange [0:105]\nset ytics nomirror 25\nset ylabel 'share of the time (%)'\n"
      "set xlabel 'ranks (w: weak)'\nset boxwidth 0.7\n",
      out);
  for (int w = 0; w < RB_SCALE_WORKS; ++w) {
    rb_script_panel(out, figure, ROWS, COLUMNS, w);
    (void)fprintf(out,
                  "set title '%s' offset 0,-0.6\nset xrange [0.4:%d.6]\nset xtics nomirror (%s)\n"
                  "plot $bars%d using 1:5 with boxes fc rgb green, "
                  "$bars%d using 1:4 with boxes fc rgb vermilion, "
                  "$bars%d using 1:3 with boxes fc rgb orange, "
                  "$bars%d using 1:2 with boxes fc rgb sky\n",
                  rb_scaling_work_name((rb_scaling_work)w), bars[w], tics[w], w, w, w, w);
  }
  (void)fputs("unset multiplot\n", out);
cleanup:
  free_data(&d);
  return status;
}

const rb_figure rb_figure_parts = {
    .name = "parts",
    .title = "Where the time goes",
    .section = RB_SECTION_SCALING,
    .caption =
        "Shares of the time of a rank, on average: computing, waiting for slower ranks, "
        "summing over ranks, files. w: work in proportion to the ranks; *: more ranks "
        "than cores.",
    .source = RB_PRODUCT_SCALING,
    .object = "points/fastest",
    .width = 1200,
    .height = 884,
    .write = draw_parts};
