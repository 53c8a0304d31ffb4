#ifndef RHEOBASE_DRAW_H
#define RHEOBASE_DRAW_H

#include "rheobase/model/model.h"

/** @file draw.h
 * Data sets of the prior, where simulations may be invalid: not finite, neither 0 nor 1 in a binary
 * channel, refused by the simulator, or not there in time. A model either fails for these, or it
 * skips them (model->skips). Local. */

/** What makes simulations invalid, in messages. */
#define RB_INVALID_MEANS "(not finite, refused or not there in time)"

/** The first sample of a channel that is not finite, or of a binary one neither 0 nor 1.
 * @param x (length) @return length: there is none */
int64_t rb_channel_first_invalid(int64_t length, const float *x, bool binary);

/** Whether a simulation is finite and of its binary channels 0 or 1. @param x (C, L) */
bool rb_model_is_valid(const rb_model *model, const float *x);

/** model->simulate of models made from a type: adds the fixed parameters, and fails with
 * RB_ERR_SIMULATOR where a simulation is invalid, also where invalid ones are skipped. */
RB_NODISCARD rb_status rb_model_simulate(const rb_model *model, rb_context *ctx, uint64_t seed,
                                         rb_purpose purpose, int64_t first, int64_t count,
                                         const double *theta, float *x);

/** The same of model->simulate_given. */
RB_NODISCARD rb_status rb_model_simulate_given(const rb_model *model, rb_context *ctx,
                                               uint64_t seed, rb_purpose purpose, int64_t first,
                                               int64_t count, const double *theta,
                                               const float *given, float *x);

/** As model->simulate, but where invalid simulations are skipped it tells which are, and x is
 * anything there. @param theta (count, D), not all need be accepted @param given what
 * model->simulate_given, where there is one, is given; NULL: nothing @param x (count, C, L)
 * @param valid (count) */
RB_NODISCARD rb_status rb_model_attempt(const rb_model *model, rb_context *ctx, uint64_t seed,
                                        rb_purpose purpose, int64_t first, int64_t count,
                                        const double *theta, const float *given, float *x,
                                        bool *valid);

/** The @p k-th item that stands in for one whose simulation is invalid; of k = 0 itself. */
static inline int64_t rb_model_stand_in(int64_t item, int64_t k) { return item + (k << 40); }

/** Draws parameters of items first .. first+count-1 of a purpose and simulates them. Where invalid
 * simulations are skipped, one is replaced by the first valid one of the items that stand in for
 * it. So a data set depends on its own number alone.
 * @param theta (count, D) @param latent (count, D); may be NULL @param x (count, C, L)
 * Fails with RB_ERR_SIMULATOR when too many were invalid. */
RB_NODISCARD rb_status rb_model_draw(const rb_model *model, rb_context *ctx, uint64_t seed,
                                     rb_purpose purpose, int64_t first, int64_t count,
                                     double *theta, double *latent, float *x);

/** Fails with RB_ERR_SIMULATOR if more simulations were invalid than model->skip_limit allows.
 * @param all no more will be made: the limit holds exactly. Before, it may be passed by chance
 * (four standard deviations) */
RB_NODISCARD rb_status rb_model_check_share(rb_context *ctx, const rb_model *model, int64_t tried,
                                            int64_t invalid, bool all);

#endif
