#ifndef RHEOBASE_DENSITY_TYPE_H
#define RHEOBASE_DENSITY_TYPE_H

#include <stdbool.h>
#include <stdint.h>

#include "rheobase/base/context.h"
#include "rheobase/base/real.h"
#include "rheobase/io/settings.h"
#include "rheobase/network/dropout_source.h"
#include "rheobase/network/network_settings.h"
#include "rheobase/network/parameters.h"

/** @file density_type.h
 * The densities q(theta | h) the program knows, as a table: what a user chooses with
 * `network.density = "name"`. h are the summaries of a data set, theta its parameters. All
 * functions are local; none after create fails but initialise, or allocates. */

struct rb_activation_kernel;  // of the network layer
struct rb_workspace;

/** Number of the types, and of rows one may bring. */
enum {
#define RB_DENSITY(name) RB_PLACE_OF_DENSITY_##name,
#include "rheobase/network/density_list.h"
#undef RB_DENSITY
  RB_DENSITY_TYPES,
  RB_DENSITY_ROWS = 16
};

/** What a density has to be ready for. */
typedef struct rb_density_sizes {
  int D, condition;  ///< dimensions of theta and h
  int max_batch;     ///< rows of a gradient
  int block;         ///< rows of log_density and sample, always so many
  int group;         ///< data sets of prepare, always so many
  bool centred;      ///< theta comes centred: of unit size, but huge where it lies far off
} rb_density_sizes;

typedef struct rb_density_type {
  const char *name;  ///< as in an input file

  const rb_setting *setting;  ///< (settings) rows "network.<group>...", a row for the group first;
  int settings;               ///< at most RB_DENSITY_ROWS; offsets into rb_network_settings

  /** Sets up the density and adds its tensors. @param state its own, freed by destroy.
   * Fails with RB_ERR_SETTING or RB_ERR_MEMORY. */
  rb_status (*create)(rb_context *ctx, const rb_network_settings *settings,
                      const rb_density_sizes *sizes, rb_parameters *parameters, void **state);
  void (*destroy)(void *state);
  /** Cuts its arrays. */
  void (*layout)(void *state, struct rb_workspace *workspace);
  /** Random initial weights. Fails with RB_ERR_MEMORY. */
  rb_status (*initialise)(rb_context *ctx, void *state, uint64_t seed, uint16_t member,
                          const rb_parameters *parameters);
  /** Fills the dropout masks; @p position as in rb_dropout_mask. NULL: it has none. */
  void (*draw_masks)(void *state, rb_isa isa, const rb_dropout_source *source, uint32_t *position,
                     int B);

  /** Loss of each row and the gradient of their weighted sum. @param theta (B, D)
   * @param h (B, condition) @param weight (B) @param use_masks dropout
   * @param dtheta (B, D) its gradient; NULL if theta does not come centred
   * @param dh (B, condition), added @param gradient flat buffer of all weights, added @param loss
   * (B) -log q */
  void (*gradient)(void *state, const struct rb_activation_kernel *kernels,
                   const rb_parameters *parameters, int B, const rb_real *theta, const rb_real *h,
                   const rb_real *weight, bool use_masks, rb_real *dtheta, rb_real *dh,
                   rb_real *gradient, rb_real *loss);

  /** log q of a block. @param theta (block, D) @param h (block, condition)
   * @param log_density (block)
   * @return (block, D) standard normal variables theta is made of, of the state; NULL: none */
  const rb_real *(*log_density)(void *state, const struct rb_activation_kernel *kernels,
                                const rb_parameters *parameters, const rb_real *theta,
                                const rb_real *h, rb_real *log_density);

  /** What the draws of a group of data sets share. @param h (group, condition) */
  void (*prepare)(void *state, const rb_parameters *parameters, const rb_real *h);
  /** Draws for a block, rows first .. first + block - 1 of (group, per): row i belongs to data set
   * i / per of the last prepare; rows beyond the last are padding.
   * @param x (block, D) standard normal numbers on entry, draws on return
   * @param log_density (block) of the draws; may be NULL */
  void (*sample)(void *state, const struct rb_activation_kernel *kernels,
                 const rb_parameters *parameters, int64_t first, int64_t per, rb_real *x,
                 rb_real *log_density);

  /** Floating-point operations of the matrix products of log_density, per row. */
  double (*flops)(const void *state);
  /** Fixed permutations of theta, (depth, D), which belong to the weights: they are stored and
   * loaded with them. Of the state, writable. NULL: it has none. */
  int32_t *(*permutations)(void *state, int *depth);
} rb_density_type;

/** All types, in the order of the list, ended by NULL. */
extern const rb_density_type *const rb_density_types[];
/** Their names as the choices of a setting (settings.h), behind one character. */
extern const char rb_density_names[];

#define RB_DENSITY(name) extern const rb_density_type rb_density_##name;
#include "rheobase/network/density_list.h"
#undef RB_DENSITY

#endif
