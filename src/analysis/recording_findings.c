#include <math.h>
#include <stdio.h>

#include "rheobase/analysis/recording_prediction.h"

/* What the scores say against a model, in words. */

/* Bounds of what is worth a sentence. */
static const double LEAST_NORMALISED = 0.6;  // coincidence factor over the cell's own
static const double RELIABLE = 0.3;          // below, spike times of the cell itself do not repeat
static const double LEAST_EXPLAINED = 0.5;   // of the potential's variance
static const double AFTER_mV = 1;            // of the potential after spikes

/* Where sentences are collected. */
typedef struct list {
  char (*text)[RB_FINDING];
  int count;
} list;

static char *next(list *l) { return l->text[l->count++]; }

/* A number of the recording beside the draws' interval. */
typedef struct contrast {
  rb_prediction_score score;
  const char *above, *below;  // what it means if the recording lies there
} contrast;

static const contrast contrasts[] = {
    {RB_SCORE_RATE, "The cell fires more often than the model",
     "The cell fires more rarely than the model"},
    {RB_SCORE_CV, "The cell fires less regularly than the model",
     "The cell fires more regularly than the model"},
    {RB_SCORE_SHORTEST,
     "After a spike the model fires again too soon: something holds the cell back that the model "
     "lacks, such as adaptation or a longer refractory time",
     "After a spike the cell fires again sooner than the model: in bursts, or with an "
     "after-depolarisation, that the model lacks"}};

static rb_status contrast_scores(rb_context *ctx, const rb_prediction *p, list *l) {
  rb_status status = RB_OK;
  for (size_t k = 0; k < sizeof contrasts / sizeof *contrasts; ++k) {
    const contrast *c = &contrasts[k];
    const rb_quantity *q = &rb_prediction_scores[c->score];
    const double observed = p->observed[c->score];
    double n[RB_SCORE_NUMBERS];
    RB_TRY(rb_prediction_summary(ctx, p, c->score, n));
    if (!isfinite(observed) || !isfinite(n[0]) || (observed >= n[1] && observed <= n[2])) continue;
    const char *unit = q->unit[0] != '1' ? q->unit : "";
    (void)snprintf(next(l), RB_FINDING, "%s (%s %.3g %s; the model predicts %.3g to %.3g).",
                   observed > n[2] ? c->above : c->below, q->name, observed, unit, n[1], n[2]);
  }
cleanup:
  return status;
}

static rb_status judge_times(rb_context *ctx, const rb_prediction *p, const rb_repeats *repeats,
                             list *l) {
  rb_status status = RB_OK;
  double gamma[RB_SCORE_NUMBERS], bits[RB_SCORE_NUMBERS];
  RB_TRY(rb_prediction_summary(ctx, p, RB_SCORE_GAMMA_NOISELESS, gamma));
  RB_TRY(rb_prediction_summary(ctx, p, RB_SCORE_BITS, bits));
  if (repeats->reliability < RELIABLE) {
    (void)snprintf(next(l), RB_FINDING,
                   "The cell's own spike times do not repeat (reliability %.2f): judge the model "
                   "by its rate, its potential and its bits per spike, not by coincidences.",
                   repeats->reliability);
  } else if (gamma[0] < LEAST_NORMALISED * (repeats->count > 1 ? repeats->reliability : 1)) {
    (void)snprintf(next(l), RB_FINDING,
                   "The model misses most spike times: coincidence factor %.2f (%.2f to %.2f)%s.",
                   gamma[0], gamma[1], gamma[2],
                   repeats->count > 1 ? ", less than 60% of what the cell's repeats reach" : "");
  }
  if (bits[0] <= 0) {
    (void)snprintf(next(l), RB_FINDING,
                   "The model tells no more of when spikes come than their mean rate does (%.2g "
                   "bits per spike).",
                   bits[0]);
  }
cleanup:
  return status;
}

static rb_status judge_potential(rb_context *ctx, const rb_prediction *p, list *l) {
  rb_status status = RB_OK;
  double explained[RB_SCORE_NUMBERS], after[RB_SCORE_NUMBERS];
  RB_TRY(rb_prediction_summary(ctx, p, RB_SCORE_EXPLAINED, explained));
  RB_TRY(rb_prediction_summary(ctx, p, RB_SCORE_AFTER, after));
  if (explained[0] < LEAST_EXPLAINED) {
    (void)snprintf(next(l), RB_FINDING,
                   "Between spikes the model explains %.0f%% of the potential's variance only: "
                   "its membrane, or the electrode's correction, is not that of the recording.",
                   100 * fmax(explained[0], 0));
  }
  if (explained[0] >= LEAST_EXPLAINED && fabs(after[0]) > AFTER_mV && after[1] * after[2] > 0) {
    (void)snprintf(
        next(l), RB_FINDING,
        "10 to 50 ms after spikes the potential lies %.1f mV %s the model's (%.1f to %.1f): an "
        "after-%spolarisation that the model lacks.",
        fabs(after[0]), after[0] < 0 ? "below" : "above", fmin(fabs(after[1]), fabs(after[2])),
        fmax(fabs(after[1]), fabs(after[2])), after[0] < 0 ? "hyper" : "de");
  }
cleanup:
  return status;
}

rb_status rb_prediction_findings(rb_context *ctx, const rb_prediction *p, const rb_repeats *repeats,
                                 char (*text)[RB_FINDING], int *count) {
  rb_status status = RB_OK;
  list l = {text, 0};
  RB_TRY(judge_times(ctx, p, repeats, &l));
  RB_TRY(contrast_scores(ctx, p, &l));
  RB_TRY(judge_potential(ctx, p, &l));
cleanup:
  *count = l.count;
  return status;
}
