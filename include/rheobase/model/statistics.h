#ifndef RHEOBASE_STATISTICS_H
#define RHEOBASE_STATISTICS_H

#include "rheobase/model/channel_scales.h"

/** @file statistics.h
 * Numbers of an observation that know no model (docs/statistics.md): averages of a continuous
 * channel aligned to the events of a binary one, second moments of what is left, intervals,
 * extremes and lines. Every continuous channel is looked at by every channel of events. Where no
 * channel is binary, events are upward crossings of a level, and without a level there are none:
 * then moments and lags take the place of what is aligned to them. Where a stimulus is known, local
 * regressions on it take the place of averages by age. No masked value of an observed channel has a
 * part in a number (events and the stimulus are known there), and the numbers of several recordings
 * come from the sums of all.
 *
 * All functions are local. Every data set's numbers are the same bits in whatever group and with
 * whatever instruction set they are computed. */

/** Parts the numbers come in, in their order. */
typedef enum rb_statistics_block {
  RB_STATISTICS_MOMENTS,  ///< only without events
  RB_STATISTICS_SINCE,
  RB_STATISTICS_UNTIL,
  RB_STATISTICS_BEGIN,
  RB_STATISTICS_RESIDUALS,
  RB_STATISTICS_LAGS,
  RB_STATISTICS_INCREMENTS,
  RB_STATISTICS_INTERVALS,
  RB_STATISTICS_EXTREMES,
  RB_STATISTICS_LINES,
  RB_STATISTICS_REGRESSIONS,  ///< this and the following only with a stimulus
  RB_STATISTICS_AROUND,
  RB_STATISTICS_CORRELATIONS,
  RB_STATISTICS_HISTORY,
  RB_STATISTICS_LEFT_OVER,
  RB_STATISTICS_BLOCKS
} rb_statistics_block;

/** What is looked at. */
typedef struct rb_statistics_form {
  int64_t length;  ///< L, samples of a channel
  int recordings;  ///< K, which they are, one after the other, of T = L / K samples each; 0: 1
  int64_t reach;   ///< length for which knots, lags and widths are laid out; 0: T
  int channels;    ///< C, at most RB_MAX_CHANNELS
  const rb_channel *channel;  ///< (C), copied; roles say what is observed, a stimulus or a mask
  rb_channel_scales scale;    ///< of channels that are neither events nor masks
  uint32_t without;           ///< bits of blocks that are left out
  uint32_t with;  ///< bits of blocks by age or lines that are taken although there is a stimulus
  double level;   ///< whose upward crossings by the first continuous channel are events where no
                  ///< channel is binary, in that channel's unit; NaN: there are no events
} rb_statistics_form;

typedef struct rb_statistics rb_statistics;

/** Lays out the numbers. The caller frees them with rb_statistics_free. Fails with RB_ERR_MEMORY,
 * and with RB_ERR_SETTING if they are more than RB_MAX_FEATURES. */
RB_NODISCARD rb_status rb_statistics_create(rb_context *ctx, const rb_statistics_form *form,
                                            rb_statistics **statistics);

/** Lays out the numbers of a model's recordings. No channel is brought to scale before the scales
 * are set (rb_statistics_scales). Fails as rb_statistics_create does. */
RB_NODISCARD rb_status rb_statistics_create_for(rb_context *ctx, const rb_model *model,
                                                rb_statistics **statistics);

/** Frees; does nothing for NULL. */
void rb_statistics_free(rb_statistics *statistics);

/** What channels are brought to scale by, for the caller to set. */
rb_channel_scales *rb_statistics_scales(rb_statistics *statistics);

int rb_statistics_count(const rb_statistics *statistics);  ///< numbers of a data set

/** Names, units and descriptions, (count), owned by @p statistics. */
const rb_quantity *rb_statistics_quantities(const rb_statistics *statistics);

/** The block of number @p i. */
rb_statistics_block rb_statistics_block_of(const rb_statistics *statistics, int i);

/** @return "since", "until" and so on. */
const char *rb_statistics_block_name(rb_statistics_block block);

/** The bits of blocks, 1 << block. @param names each ended by a line feed @param unknown the
 * beginning of the first name that is none; else NULL. May be NULL */
uint32_t rb_statistics_blocks(const char *names, const char **unknown);

/** Computes the numbers of @p n data sets, in memory of @p statistics, so one computation at a
 * time. @param x (n, C, L), finite @param out (n, count), finite */
void rb_statistics_compute(rb_context *ctx, rb_statistics *statistics, int64_t n, const float *x,
                           float *out);

#endif
