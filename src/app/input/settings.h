#ifndef RB_APP_SETTINGS_H
#define RB_APP_SETTINGS_H

#include "arguments.h"
#include "rheobase/analysis/calibration.h"
#include "rheobase/inference/exact.h"
#include "rheobase/inference/linear_baseline.h"
#include "rheobase/inference/training.h"
#include "rheobase/io/settings.h"
#include "rheobase/model/model_type.h"
#include "rheobase/network/estimator.h"

/** @file settings.h
 * All settings of the program. Nothing below the app layer sees the input file: stages get the
 * plain structs. */

/** Both sanity checks, part of `simulate` (input group `sanity`). */
typedef struct rb_sanity_settings {
  int64_t simulations;  ///< data sets whose shapes and ranges are checked
  int64_t prior_draws;  ///< of the histograms
  int bins;
} rb_sanity_settings;

/** What `scale` measures, and the machine its model is asked about (input group `scale`). */
typedef struct rb_scale_settings {
  int repeats;            ///< of each point at least, and
  double seconds;         ///< until so much time has passed
  int64_t simulations;    ///< data sets of simulate and io
  double latency_us;      ///< of an allreduce per doubling of the ranks; 0: as measured
  double bandwidth_GB_s;  ///< of an allreduce; 0: as measured
  double file_GB_s;       ///< of files; 0: as measured
} rb_scale_settings;

/** What is done about invalid simulations (input group `simulation`). */
typedef enum rb_invalid { RB_INVALID_STOP, RB_INVALID_SKIP } rb_invalid;
typedef struct rb_simulation_settings {
  int invalid;           ///< rb_invalid
  double invalid_limit;  ///< largest share of them
} rb_simulation_settings;

typedef struct rb_input {
  int64_t seed;
  char model[64];                                           ///< name of its type
  const rb_model_type *type;                                ///< that
  _Alignas(16) unsigned char simulator[RB_MODEL_SETTINGS];  ///< the type's own struct of settings
  rb_model_rows rows;                                       ///< the type's, or those it describes
  rb_prior_row prior[RB_PRIOR_ROWS];                        ///< (rows.parameters) complete
  rb_settings_table table;                                  ///< of all settings, for this type
  rb_setting *table_rows;                                   ///< of that table, and where
  char *table_paths;  ///< paths of those made for the type are kept; both owned
  rb_simulation_settings simulation;
  rb_sanity_settings sanity;
  int summary, density;  ///< places of network.summary.type and .density in their tables
  rb_network_settings network;
  rb_training_settings training;
  rb_baseline_settings baseline;  ///< simulations may be 0: training.simulations
  rb_calibration_settings calibration;
  int64_t misspecification_simulations;  ///< 0: not judged
  int64_t observation_draws;
  int64_t predictive_replicates;
  int predictive_exact;    ///< whether `predict` draws from exact.h5 instead of posterior.h5
  int64_t exact_datasets;  ///< of the diagnostics' test set, refined
  rb_exact_settings exact;
  rb_scale_settings scale;
} rb_input;

/** Settings each stage depends on, for rb_input_lines; what an earlier stage's file holds comes in
 * through that file's digest. */
#define RB_SIMULATE_SETTINGS \
  "seed model simulator prior sanity training.mode training.simulations training.validation"
#define RB_TRAIN_SETTINGS "seed model simulator prior network training -training.ensemble"
#define RB_BASELINE_SETTINGS \
  "seed model simulator prior baseline training.simulations training.validation"
#define RB_CALIBRATE_SETTINGS "seed model simulator prior calibration misspecification"
#define RB_CALIBRATE_BASELINE_SETTINGS "seed model simulator prior calibration"
#define RB_INFER_SETTINGS "seed model simulator prior observation misspecification"
#define RB_PREDICT_SETTINGS "seed model simulator prior predictive.replicates"
#define RB_REFINE_SETTINGS "seed model simulator prior exact"
#define RB_SCALE_SETTINGS "seed model simulator prior network training baseline calibration scale"

/** The settings of every study, whichever its model; they describe an rb_input. Local. */
const rb_settings_table *rb_input_common_table(void);

/** Whether an operand is the folder of a study instead of an input file. Local. */
bool rb_input_is_study(const char *path);

/** Reads the input file and the overrides the arguments name (defaults alone if there is no input
 * file; of a study's folder the input its network was trained with), the files the simulator names,
 * and checks what concerns several settings. Collective. The caller calls rb_input_free, also after
 * a failure.
 */
RB_NODISCARD rb_status rb_input_read(rb_context *ctx, const rb_arguments *arguments,
                                     rb_input *input);
/** The same but for those files and checks: what a report needs to know of a study. */
RB_NODISCARD rb_status rb_input_read_settings(rb_context *ctx, const rb_arguments *arguments,
                                              rb_input *input);
/** Those files and checks alone. Collective. */
RB_NODISCARD rb_status rb_input_check(rb_context *ctx, rb_input *input);

void rb_input_free(rb_input *input);

/** The model of the input, with what its network needs: features, coordinates. Collective. The
 * caller calls model->destroy. */
RB_NODISCARD rb_status rb_input_model(rb_context *ctx, const rb_input *input, rb_model *model);

/** Whether the model's simulations are there already, and no others can be made. Local. */
bool rb_input_is_stored(const rb_input *input);

/** How the settings of an earlier time, as lines, differ from the input's of these groups. Local.
 * @param why (size) "" if they do not */
RB_NODISCARD rb_status rb_input_difference(rb_context *ctx, const rb_input *input,
                                           const char *before, const char *settings, size_t size,
                                           char *why);

/** The settings of a stage as lines, for rb_stage (study.h). Local. The caller frees *lines. */
RB_NODISCARD rb_status rb_input_lines(rb_context *ctx, const rb_input *input, const char *settings,
                                      char **lines);

/** The whole resolved input, as an input file. Local. The caller frees *text. */
RB_NODISCARD rb_status rb_input_text(rb_context *ctx, const rb_input *input, bool documented,
                                     char **text);

#endif
