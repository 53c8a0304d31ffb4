#ifndef RB_APP_JOB_H
#define RB_APP_JOB_H

#include "../input/settings.h"
#include "rheobase/inference/flow_posterior.h"
#include "rheobase/io/product.h"
#include "rheobase/io/study.h"

/** @file job.h
 * What the stages of a study share: the input, the model, and the trained network once it is
 * there. */

/** What is to be done about a file of the running stage. */
typedef enum rb_work { RB_WORK_DONE, RB_WORK_TO_FINISH, RB_WORK_TO_DO } rb_work;

typedef struct rb_job {
  const rb_arguments *arguments;
  rb_input input;
  rb_model model;
  rb_study study;                           ///< the folder, locked
  rb_recipe recipe;                         ///< what the running stage's file is made from
  double began_s;                           ///< when the running stage began
  int ranks;                                ///< that do it
  rb_work work[RB_MAX_MEMBERS + 1];         ///< of the running stage's files
  rb_posterior *network;                    ///< the trained network or ensemble; NULL until loaded
  rb_estimator *estimator[RB_MAX_MEMBERS];  ///< of the members; one if it is no ensemble
  rb_posterior member[RB_MAX_MEMBERS];      ///< each as a posterior
  rb_posterior mixture;                     ///< of the members of an ensemble
  rb_baseline *linear;                      ///< NULL until loaded
  rb_posterior baseline;                    ///< the linear baseline as a posterior
} rb_job;

/** Reads the input, makes the model, opens and locks the study's folder; from now on
 * Ctrl-C asks to stop at the next safe point. Collective. The caller
 * calls rb_job_close, also after a failure. */
RB_NODISCARD rb_status rb_job_open(rb_context *ctx, const rb_arguments *arguments, rb_job *job);
void rb_job_close(rb_context *ctx, rb_job *job);

/** The path of a file in the study's folder. Local. @param path (1024 + 64) */
enum { RB_JOB_PATH = RB_STUDY_PATH + 64 };
void rb_job_path(const rb_job *job, const char *file, char *path);
/** Of one of its products. Local. @param path (RB_JOB_PATH) */
void rb_job_product_path(const rb_job *job, rb_product product, char *path);

/** The path of a member's file, `kind`_member_<number>.h5; members are numbered from 1. Local.
 * @param path (RB_JOB_PATH) */
void rb_job_member_path(const rb_job *job, const char *kind, int number, char *path);

/** The path of a member's checkpoint: of the first, or only one, checkpoint.h5. Local.
 * @param number from 1 @param path (RB_JOB_PATH) */
void rb_job_checkpoint_path(const rb_job *job, int number, char *path);

/** What the network of the input sees of the model. Local. */
rb_view rb_job_view(const rb_job *job);

/** Creates a network of the input with room for batches of @p batch. Local. */
RB_NODISCARD rb_status rb_job_create_network(rb_context *ctx, const rb_job *job, int batch,
                                             rb_estimator **estimator);

/** Loads the trained network from checkpoint.h5, once; of an ensemble all members, and makes their
 * mixture job->network. Collective. */
RB_NODISCARD rb_status rb_job_load_network(rb_context *ctx, rb_job *job);

/** Loads the linear baseline from baseline.h5, once. Collective. */
RB_NODISCARD rb_status rb_job_load_baseline(rb_context *ctx, rb_job *job);

/** @name What can be found wrong with a stage's settings and the user's files before any stage
 * runs. Collective.
 * @{ */
RB_NODISCARD rb_status rb_check_train(rb_context *ctx, const rb_job *job);
RB_NODISCARD rb_status rb_check_baseline(rb_context *ctx, const rb_job *job);
RB_NODISCARD rb_status rb_check_recording(rb_context *ctx, const rb_job *job);
/** @} */

/** Whether simulations at @p path differ from those of now in their number at most, and need not be
 * made again. Collective. @param why (RB_STUDY_WHY) how they differ otherwise; left alone where the
 * file does not tell */
RB_NODISCARD rb_status rb_simulate_extends(rb_context *ctx, const rb_job *job, const char *path,
                                           bool *extends, char *why);

/** @name The stages: each writes `path`, whole or not at all. Collective.
 * @{ */
RB_NODISCARD rb_status rb_stage_simulate(rb_context *ctx, rb_job *job, const char *path);
RB_NODISCARD rb_status rb_stage_train(rb_context *ctx, rb_job *job, const char *path);
RB_NODISCARD rb_status rb_stage_baseline(rb_context *ctx, rb_job *job, const char *path);
RB_NODISCARD rb_status rb_stage_calibrate(rb_context *ctx, rb_job *job, const char *path);
RB_NODISCARD rb_status rb_stage_calibrate_baseline(rb_context *ctx, rb_job *job, const char *path);
RB_NODISCARD rb_status rb_stage_infer(rb_context *ctx, rb_job *job, const char *path);
RB_NODISCARD rb_status rb_stage_infer_cells(rb_context *ctx, rb_job *job, const char *path);
RB_NODISCARD rb_status rb_stage_predict(rb_context *ctx, rb_job *job, const char *path);
RB_NODISCARD rb_status rb_stage_predict_recording(rb_context *ctx, rb_job *job, const char *path);
RB_NODISCARD rb_status rb_stage_refine(rb_context *ctx, rb_job *job, const char *path);
/** @} */

#endif
