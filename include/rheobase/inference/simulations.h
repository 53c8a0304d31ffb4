#ifndef RHEOBASE_SIMULATIONS_H
#define RHEOBASE_SIMULATIONS_H

#include "rheobase/inference/view.h"
#include "rheobase/io/hdf5_file.h"

/** @file simulations.h
 * Simulated data sets on disk. Collective unless it says otherwise. */

/** Data sets a rank simulates and writes at once: the most that fill the ranks, since simulations
 * do not depend on it (rb_partition_fit). Fewer would make the file's chunks small. */
enum { RB_SIMULATIONS_MOST = 256, RB_SIMULATIONS_LEAST = 8 };

/** Writes the dimensions all groups of a file share, with their coordinates: parameters and the
 * samples' axis. */
RB_NODISCARD rb_status rb_axes_write(rb_context *ctx, rb_file *file, const rb_model *model);

/** The dimension of the parameters alone, with their names and units. Collective. */
RB_NODISCARD rb_status rb_parameters_write(rb_context *ctx, rb_file *file, const rb_model *model);

/** Files of earlier simulations: of a study of another size, and what one that was stopped has
 * left, part after part. */
enum { RB_SIMULATIONS_PARTS = 100, RB_EARLIER_FILES = 1 + RB_SIMULATIONS_PARTS };

/** Which data sets of a group go into a file. */
typedef enum rb_simulations_form {
  RB_SIMULATIONS_ALL,  ///< all: those in earlier files are copied, the others simulated
  RB_SIMULATIONS_NEW,  ///< those that no earlier file has; a group that is whole is left out
  RB_SIMULATIONS_OLD   ///< those in earlier files, all of them
} rb_simulations_form;

/** How far simulating has come, where it does not begin with nothing or end with all. */
typedef struct rb_simulations_run {
  rb_file *earlier[RB_EARLIER_FILES];  ///< open on every rank, the first data sets of a group
                                       ///< first; NULL: none
  rb_simulations_form form;
  double until_s;   ///< MPI_Wtime of rank 0 from which on it pauses; INFINITY: never
  double pause_s;   ///< about how often it pauses; 0: not told
  bool paused;      ///< set when it has
  int64_t written;  ///< data sets of all groups in the file so far, and
  int64_t left;     ///< those that stay in earlier files
  double item_s;  ///< of a simulation in the groups written so far, at most; 0: not known yet. The
                  ///< longer, the sooner ranks exchange what they have made
  bool warm;      ///< this rank has simulated
  bool look;      ///< of a whole group it is counted, too, how many data sets are out of the
                  ///< ordinary: `oddity_count`, where the model looks for such
} rb_simulations_run;

/** Simulates the first @p count data sets of a purpose, split over the ranks, and writes them as
 * `group`: theta, latent, and one array per channel. They are items 0 .. count-1, or the first
 * valid ones where invalid ones are skipped (draw.h); those skipped are in the group too. Fails
 * with RB_STOPPED when a signal asks to stop. Then, and when the simulator fails or it has paused,
 * the group holds the data sets so far, and the file is good as an earlier one.
 * @param run NULL: all anew and at once */
RB_NODISCARD rb_status rb_simulations_write(rb_context *ctx, rb_file *file, const rb_model *model,
                                            const char *group, uint64_t seed, rb_purpose purpose,
                                            int64_t count, rb_simulations_run *run);

/** Draws items 0 .. count-1 of the prior and writes them with a histogram of every parameter. */
RB_NODISCARD rb_status rb_prior_check_write(rb_context *ctx, rb_file *file, const rb_model *model,
                                            const char *group, uint64_t seed, int64_t count,
                                            int bins);

/** Whether rb_simulations_read can read the group, as far as types and shapes tell. Local. */
RB_NODISCARD rb_status rb_simulations_check(rb_context *ctx, const rb_file *file, const char *group,
                                            const rb_model *model);

/** What the model's features bring channels to scale by, from the group's first simulations;
 * nothing where they need no scales. The same on any number of ranks. @param file open on the first
 * rank of each node; NULL on the others */
RB_NODISCARD rb_status rb_simulations_measure(rb_context *ctx, const rb_file *file,
                                              const char *group, const rb_view *view);

/** Reads a group into shared memory as a network sees it, a few data sets at a time, on the first
 * rank of each node (also from a foreign file with theta (N, D) and an array (N, L) per channel;
 * latent values are then taken to be theta). The caller frees it with rb_dataset_destroy.
 * @param file open on these; NULL on the others */
RB_NODISCARD rb_status rb_simulations_read(rb_context *ctx, const rb_file *file, const char *group,
                                           const rb_view *view, rb_dataset *dataset);

#endif
