#ifndef RHEOBASE_SUMMARY_TYPE_H
#define RHEOBASE_SUMMARY_TYPE_H

#include <stdbool.h>
#include <stdint.h>

#include "rheobase/base/context.h"
#include "rheobase/base/real.h"
#include "rheobase/base/shape.h"
#include "rheobase/io/settings.h"
#include "rheobase/model/feature_source.h"
#include "rheobase/network/dropout_source.h"
#include "rheobase/network/network_settings.h"
#include "rheobase/network/parameters.h"

/** @file summary_type.h
 * The summary networks the program knows, as a table: what a user chooses with
 * `network.summary.type = "name"`. A network makes summary statistics of the rows it is given: of
 * the series, (L, C), then the features, what its type takes. All functions are local. */

/** Number of the types, and of rows one may bring. */
enum {
#define RB_SUMMARY(name) RB_PLACE_OF_SUMMARY_##name,
#include "rheobase/network/summary_list.h"
#undef RB_SUMMARY
  RB_SUMMARY_TYPES,
  RB_SUMMARY_ROWS = 16
};

struct rb_activation_kernel;  // of the network layer
struct rb_workspace;

typedef struct rb_summary_type {
  const char *name;                   ///< as in an input file
  bool series;                        ///< it takes the observation,
  const rb_feature_source *features;  ///< and these features; NULL: none

  const rb_setting *setting;  ///< (settings) rows "network.summary.<name>" that no other type
  int settings;               ///< brings, at most RB_SUMMARY_ROWS; offsets into rb_summary_settings
  /** Checks what concerns several of them. Fails with RB_ERR_SETTING. NULL: nothing. */
  rb_status (*check)(rb_context *ctx, const rb_summary_settings *settings);

  /** Sets up the network for batches of up to @p max_batch rows of @p shape and adds its tensors.
   * @param state its own, freed by destroy. Fails with RB_ERR_SETTING or RB_ERR_MEMORY. */
  rb_status (*create)(rb_context *ctx, const rb_summary_settings *settings, rb_shape shape,
                      int max_batch, rb_parameters *parameters, void **state);
  void (*destroy)(void *state);
  /** Cuts its arrays. */
  void (*layout)(void *state, struct rb_workspace *workspace);
  /** Random initial weights. Fails with RB_ERR_MEMORY. */
  rb_status (*initialise)(rb_context *ctx, const void *state, uint64_t seed, uint16_t member,
                          const rb_parameters *parameters);
  /** To be called after weights were written. NULL: it keeps no copy. */
  void (*weights_changed)(void *state, const rb_parameters *parameters);
  /** Fills the dropout masks; @p position as in rb_dropout_mask. NULL: it has none. */
  void (*draw_masks)(void *state, rb_isa isa, const rb_dropout_source *source, uint32_t *position,
                     int B);
  /** Summaries of a batch. @param x (B, row) @param use_masks dropout @param keep backward will
   * follow @param h (B, summary_dim) */
  void (*forward)(void *state, const struct rb_activation_kernel *kernels,
                  const rb_parameters *parameters, int B, const rb_real *x, bool use_masks,
                  bool keep, rb_real *h);
  /** Gradients after forward with keep and the same arguments. @param dh (B, summary_dim)
   * @param gradient flat buffer of all weights, added */
  void (*backward)(void *state, const struct rb_activation_kernel *kernels,
                   const rb_parameters *parameters, int B, const rb_real *x, bool use_masks,
                   const rb_real *dh, rb_real *gradient);
  /** Floating-point operations of the matrix products of one forward pass, per row. */
  double (*flops)(const void *state);
  /** Seconds spent in recurrent nets so far. NULL: it has none. */
  double (*recurrent_seconds)(const void *state);
} rb_summary_type;

/** All types, in the order of the list, ended by NULL. */
extern const rb_summary_type *const rb_summary_types[];
/** Their names as the choices of a setting (settings.h), behind one character. */
extern const char rb_summary_names[];

#define RB_SUMMARY(name) extern const rb_summary_type rb_summary_##name;
#include "rheobase/network/summary_list.h"
#undef RB_SUMMARY

#endif
