#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "rheobase/base/log.h"
#include "scale_file.h"

static const int modelled[] = {1024, 16384};
enum { MODELLED = sizeof modelled / sizeof *modelled, MOST = 16384 };
static const double WANTED = 0.8;

static void print_point(const rb_scale_sweep *sweep, const rb_scale_model *model,
                        const rb_scaling_point *p) {
  const double efficiency = rb_scale_efficiency(sweep, p);
  const double predicted = rb_scale_predicted(model, p);
  char ranks[16];
  (void)snprintf(ranks, sizeof ranks, "%d%s", p->ranks, p->oversubscribed ? "*" : "");
  (void)printf("%-9s %-6s %5s %-18s %9lld %10.6f %10.6f", rb_scaling_work_name(p->work),
               rb_scaling_kind_name(p->kind), ranks, p->variant, (long long)p->size, p->fastest,
               p->median);
  if (efficiency >= 0) {
    (void)printf(" %9.1f%%", 100 * efficiency);
  } else {
    (void)printf(" %10s", "");
  }
  for (int i = 0; i < RB_TIME_PARTS; ++i) (void)printf(" %8.1f%%", 100 * p->part[i] / p->fastest);
  (void)printf(" %10.6f %+7.1f%%\n", predicted, 100 * (predicted / p->fastest - 1));
}

static void print_points(const rb_scale_sweep *sweep, const rb_scale_model *model) {
  bool oversubscribed = false;
  (void)printf("%-9s %-6s %5s %-18s %9s %10s %10s %10s", "work", "kind", "ranks", "", "data sets",
               "fastest s", "median s", "efficiency");
  for (int i = 0; i < RB_TIME_PARTS; ++i) (void)printf(" %9s", rb_time_part_name((rb_time_part)i));
  (void)printf(" %10s %8s\n", "model s", "error");
  for (int w = 0; w < RB_SCALE_WORKS; ++w) {
    for (int i = 0; i < sweep->points; ++i) {
      const rb_scaling_point *p = &sweep->point[i];
      if (p->work != (rb_scaling_work)w) continue;
      print_point(sweep, model, p);
      oversubscribed = oversubscribed || p->oversubscribed;
    }
  }
  if (oversubscribed) (void)printf("* more ranks than cores: not in the model's fit\n");
}

/* How well points are predicted that the model was not fitted to. */
static void print_errors(const rb_scale_sweep *sweep, const rb_scale_model *model) {
  double *error = calloc((size_t)sweep->points, sizeof *error);
  if (error == NULL) return;
  (void)printf("\nprediction of work the model was not fitted to\n");
  for (int w = 0; w < RB_SCALE_WORKS; ++w) {
    size_t n = 0;
    for (int i = 0; i < sweep->points; ++i) {
      const rb_scaling_point *p = &sweep->point[i];
      if (p->work != (rb_scaling_work)w || p->kind != RB_SCALE_UNSEEN) continue;
      error[n++] = fabs(rb_scale_predicted(model, p) / p->fastest - 1);
    }
    if (n == 0) continue;
    gsl_sort(error, 1, n);
    (void)printf("  %-9s %2zu points: median error %.1f%%, largest %.1f%%\n",
                 rb_scaling_work_name((rb_scaling_work)w), n,
                 100 * gsl_stats_median_from_sorted_data(error, 1, n), 100 * error[n - 1]);
  }
  free(error);
}

static void print_network(const rb_scale_sweep *sweep, const rb_scale_model *model) {
  const rb_scaling_network *n = &model->network;
  (void)printf("\nmodel: allreduce %.1f us per doubling of the ranks and %.2f GB/s (%s)\n",
               1e6 * n->latency_s, 1e-9 * n->bandwidth,
               sweep->exchanges > 0 ? "measured unless given" : "nothing measured on one rank");
  (void)printf("%-9s %14s %14s %14s %8s %10s %12s\n", "work", "s per chunk", "s serial",
               "s ser. a chunk", "spread", "exchanges", "GB/s files");
  for (int w = 0; w < RB_SCALE_WORKS; ++w) {
    const rb_scaling_rates *r = &model->rates[w];
    const rb_scaling_load *load = &rb_scale_reference(sweep, (rb_scaling_work)w)->load;
    (void)printf("%-9s %14.4g %14.4g %14.4g %7.1f%% %5.0f+%.0f/r",
                 rb_scaling_work_name((rb_scaling_work)w), load->chunk_cost * r->chunk_s,
                 load->serial_cost * r->serial_s, load->chunk_cost * r->growing_s, 100 * r->spread,
                 r->exchanges, r->exchanges_per_round);
    if (r->file_byte_s > 0) (void)printf(" %12.3f", 1e-9 / r->file_byte_s);
    (void)printf("\n");
  }
}

static const char *largest_part(const double *part, double chunk_share) {
  int largest = RB_TIME_COMPUTE;
  for (int i = 0; i < RB_TIME_PARTS; ++i) largest = part[i] > part[largest] ? i : largest;
  if (largest == RB_TIME_COMPUTE && chunk_share < 0.5) return "what every rank does alike";
  return rb_time_part_name((rb_time_part)largest);
}

static void print_extrapolation(const rb_scale_sweep *sweep, const rb_scale_model *model,
                                rb_scaling_work work) {
  const rb_scaling_point *one = rb_scale_reference(sweep, work);
  const rb_scaling_load *load = &one->load;
  const rb_scaling_rates *rates = &model->rates[work];
  const int end = rb_scaling_end(rates, &model->network, load, MOST);
  (void)printf("%-9s %lld data set%s: no faster beyond %d rank%s, where efficiency is %.0f%%\n",
               rb_scaling_work_name(work), (long long)one->size, rb_plural(one->size), end,
               rb_plural(end), 100 * rb_scaling_efficiency(rates, &model->network, load, end));
  for (int i = 0; i < MODELLED; ++i) {
    const int p = modelled[i];
    double part[RB_TIME_PARTS];
    const double seconds = rb_scaling_predict(rates, &model->network, load, p, part);
    const double chunks_s = (double)load->chunks / p * load->chunk_cost * rates->chunk_s;
    const int64_t each = rb_scaling_pieces_needed(rates, &model->network, load, p, WANTED);
    (void)printf("  %5d ranks: %.4g s, efficiency %.2g%%, most of it %s; ", p, seconds,
                 100 * rb_scaling_efficiency(rates, &model->network, load, p),
                 largest_part(part, chunks_s / part[RB_TIME_COMPUTE]));
    if (each > 0) {
      const double pieces = (double)(load->chunks * load->divisible);
      const double per_rank = (double)one->size / pieces * (double)each;
      (void)printf("%.0f%% from %.4g data sets on (%.4g a rank)\n", 100 * WANTED, per_rank * p,
                   per_rank);
    } else {
      (void)printf("%.0f%% with no number of data sets\n", 100 * WANTED);
    }
  }
}

void rb_scale_print(const rb_context *ctx, const rb_scale_sweep *sweep,
                    const rb_scale_model *model) {
  if (ctx->rank != 0 || ctx->quiet) return;
  print_points(sweep, model);
  print_errors(sweep, model);
  print_network(sweep, model);
  (void)printf("\nwhat the model says\n");
  for (int w = 0; w < RB_SCALE_WORKS; ++w) print_extrapolation(sweep, model, (rb_scaling_work)w);
  (void)fflush(stdout);
}
