#include "stage_table.h"

#include "observed.h"
#include "refine_file.h"
#include "stage_file.h"

const rb_stage rb_stages[] = {
    {.product = RB_PRODUCT_SIMULATIONS,
     .settings = RB_SIMULATE_SETTINGS,
     .run = rb_stage_simulate,
     .extends = rb_simulate_extends},
    {.product = RB_PRODUCT_CHECKPOINT,
     .settings = RB_TRAIN_SETTINGS,
     .sources = 1U << RB_PRODUCT_SIMULATIONS,
     .takes_data = true,
     .run = rb_stage_train,
     .position = rb_checkpoint_position,
     .member_kind = "checkpoint",
     .first_member = 2,
     .check = rb_check_train},
    {.product = RB_PRODUCT_CALIBRATION,
     .settings = RB_CALIBRATE_SETTINGS,
     .sources = 1U << RB_PRODUCT_CHECKPOINT,
     .run = rb_stage_calibrate,
     .member_kind = "calibration",
     .first_member = 1},
    {.product = RB_PRODUCT_BASELINE,
     .settings = RB_BASELINE_SETTINGS,
     .run = rb_stage_baseline,
     .check = rb_check_baseline},
    {.product = RB_PRODUCT_BASELINE_CALIBRATION,
     .settings = RB_CALIBRATE_BASELINE_SETTINGS,
     .sources = 1U << RB_PRODUCT_BASELINE,
     .run = rb_stage_calibrate_baseline},
    {.product = RB_PRODUCT_POSTERIOR,
     .settings = RB_INFER_SETTINGS,
     .sources = 1U << RB_PRODUCT_CHECKPOINT,
     .takes_observation = true,
     .most_recordings = 1,
     .run = rb_stage_infer,
     .check = rb_observed_check},
    {.product = RB_PRODUCT_CELLS,
     .settings = RB_INFER_SETTINGS " predictive.replicates",
     .sources = 1U << RB_PRODUCT_CHECKPOINT,
     .least_recordings = 2,
     .most_recordings = RB_MAX_ARGUMENTS,
     .run = rb_stage_infer_cells,
     .not_in_run = true},
    {.product = RB_PRODUCT_PREDICTIVE,
     .settings = RB_PREDICT_SETTINGS,
     .sources = 1U << RB_PRODUCT_POSTERIOR,
     .run = rb_stage_predict,
     .needs_simulator = true},
    {.product = RB_PRODUCT_PREDICTION,
     .settings = RB_PREDICT_SETTINGS " predictive.posterior",
     .sources = 1U << RB_PRODUCT_POSTERIOR,
     .least_recordings = 1,
     .most_recordings = RB_MAX_ARGUMENTS,
     .run = rb_stage_predict_recording,
     .predicts = true,
     .not_in_run = true,
     .check = rb_check_recording,
     .needs_simulator = true},
    {.product = RB_PRODUCT_EXACT,
     .settings = RB_REFINE_SETTINGS,
     .sources = 1U << RB_PRODUCT_CHECKPOINT | 1U << RB_PRODUCT_POSTERIOR,
     .run = rb_stage_refine,
     .position = rb_refine_position,
     .not_in_run = true},
};
const int rb_stage_count = sizeof rb_stages / sizeof *rb_stages;

const rb_stage *rb_stage_that_writes(rb_product product) {
  const rb_stage *found = NULL;
  for (int i = 0; i < rb_stage_count; ++i) {
    if (rb_stages[i].product == product) found = &rb_stages[i];
  }
  return found;
}

int rb_stage_file_count(const rb_job *job, const rb_stage *stage) {
  const int members = job->input.training.ensemble;
  return members == 1 || stage->member_kind == NULL ? 1 : members - stage->first_member + 2;
}

void rb_stage_file_path(const rb_job *job, const rb_stage *stage, int k, char *path) {
  if (k == 0) {
    rb_job_product_path(job, stage->product, path);
  } else {
    rb_job_member_path(job, stage->member_kind, stage->first_member + k - 1, path);
  }
}

unsigned rb_stage_sources(const rb_job *job, const rb_stage *stage) {
  return stage->sources | (stage->predicts ? 1U << rb_stage_predicts_from(&job->input) : 0);
}
