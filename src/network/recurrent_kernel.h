#ifndef RB_NETWORK_RECURRENT_KERNEL_H
#define RB_NETWORK_RECURRENT_KERNEL_H

#include <stdint.h>

#include "rheobase/base/cpu.h"
#include "rheobase/base/real.h"
#include "rheobase/network/network_settings.h"

/** @file recurrent_kernel.h
 * What one time step of a recurrent net needs from an instruction set. With L lanes per vector, all
 * features are cut into blocks of L, the last one padded with zeros, and rows are padded to R:
 *
 * - a *panel* of F features is ([F/L], R, L): the L features of a block lie side by side, so a step
 *   of a matrix product reads one number per row at a fixed distance;
 * - gates of a step: ([H/L], R, 4, L), GRU z, r, hh, h Uh + b1h; LSTM i, f, g, o;
 * - gate gradients of a step: ([H/L], 4, R, L). GRU: the gradient of h Uh, then of z, of r, of x
 * Wh: the first three blocks belong to the recurrent kernel, the last three to the kernel;
 * - a *gate matrix* with K rows: ([H/L], [K/L] L, G, L): per block of units its columns of all G
 *   gates. The gates of the recurrent kernel and of the kernel are in the order of their
 *   gradients above (LSTM: i, f, c, o in both);
 * - a *transposed* gate matrix: per panel of up to RB_PANEL blocks of rows
 *   ([H/L], G, L, blocks, L). */

enum { RB_PANEL = 3 };

/** Width of the next panel of a transposed gate matrix when `blocks` blocks are left: no panel of
 * one block, where avoidable, as its few sums would not fill the pipeline. */
static inline int rb_recurrent_panel_width(int blocks) {
  return blocks == 4 ? 2 : blocks < RB_PANEL ? blocks : RB_PANEL;
}

typedef struct rb_recurrent_step {
  int R;                                     ///< padded rows
  int x_blocks;                              ///< [I/L]
  int h_blocks;                              ///< [H/L]
  const rb_real *kernel, *recurrent_kernel;  ///< gate matrices
  const rb_real *bias;  ///< ([H/L], 4, L): GRU z and r (both rows added), b0h, b1h; LSTM i, f, c, o
  const rb_real *x;     ///< panel of inputs
  const rb_real *h;     ///< panel of states before the step
  const rb_real *c;     ///< panel of LSTM cells before the step
  rb_real *h_next, *c_next;
  rb_real *gates;
} rb_recurrent_step;

typedef struct rb_recurrent_kernels {
  int lanes;  ///< L
  int rows;   ///< R is a multiple of this

  /** x (rows at distance `stride`, I) times mask (B, I; may be NULL) to a panel of R rows. Fetches
   * what lies `ahead` of x, the inputs of the next step, into the cache. */
  void (*load_inputs)(int B, int I, int R, const rb_real *x, int64_t stride, const rb_real *mask,
                      rb_real *panel, int64_t ahead);
  /** Adds a panel times mask to x, as above. */
  void (*add_inputs)(int B, int I, int R, const rb_real *panel, const rb_real *mask, rb_real *x,
                     int64_t stride);

  /** One time step, by rb_recurrent_type. */
  void (*forward[2])(const rb_recurrent_step *step);

  /** Gradients of a step's sums before the gates, by rb_recurrent_type.
   * @param dh panel: gradient of the state after the step; then that part of the gradient of the
   * state before the step which does not go through the recurrent kernel
   * @param dc panel: the same for LSTM cells
   * @param gradient gate gradients @param dbias ([H/L], 4, L), added, in their order */
  void (*gates_backward[2])(const rb_recurrent_step *step, rb_real *dh, rb_real *dc,
                            rb_real *gradient, rb_real *dbias);

  /** panel (`blocks` blocks) += gate gradients times a transposed gate matrix; its G gates are
   * `first`, `first` + 1, ... of the four gradients. */
  void (*times_transposed)(int R, int h_blocks, int G, int first, const rb_real *gradient,
                           const rb_real *transposed, int blocks, rb_real *panel);

  /** Gate matrix += (panel of `blocks` blocks)^T times gate gradients; G and first as above.
   * Meanwhile fetches what the next step will read into the cache. @param upcoming (upcoming_count)
   */
  void (*add_outer)(int R, int h_blocks, int G, int first, const rb_real *panel, int blocks,
                    const rb_real *gradient, rb_real *matrix, const rb_real *upcoming,
                    int64_t upcoming_count);
} rb_recurrent_kernels;

RB_KERNEL_DECLARE(rb_recurrent_kernels, rb_recurrent_kernels);

#endif
