#include "block_scores.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "rheobase/base/log.h"

/* The parameter that loses most. @param all (D) @param without (D) */
static void find_loser(int64_t D, char *const *parameters, const double *all, const double *without,
                       rb_block_score *score) {
  int64_t most = 0;
  for (int64_t d = 1; d < D; ++d) {
    if (all[d] - without[d] > all[most] - without[most]) most = d;
  }
  (void)snprintf(score->parameter, sizeof score->parameter, "%s", parameters[most]);
  score->contraction = without[most];
  score->contraction_all = all[most];
}

static rb_status read_contractions(rb_context *ctx, const rb_file *file, rb_block_scores *scores) {
  rb_status status = RB_OK;
  char **parameters = NULL;
  double all[RB_MAX_PARAMETERS], without[RB_MAX_BLOCKS * RB_MAX_PARAMETERS];
  int64_t D = 0;
  RB_TRY(rb_file_read_strings(ctx, file, "parameter", &D, &parameters));
  if (D < 1 || D > RB_MAX_PARAMETERS) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "parameter: %" PRId64 " of them", D));
  }
  const int64_t shape[2] = {scores->count, D};
  RB_TRY(rb_file_read(ctx, file, "blocks/contraction_all", RB_F64, false, 1, &shape[1], all));
  RB_TRY(rb_file_read(ctx, file, "blocks/contraction", RB_F64, false, 2, shape, without));
  for (int b = 0; b < scores->count; ++b) {
    find_loser(D, parameters, all, without + b * D, &scores->block[b]);
  }
cleanup:
  free(parameters);
  return status;
}

rb_status rb_block_scores_read(rb_context *ctx, const rb_file *file, rb_block_scores *scores) {
  rb_status status = RB_OK;
  char **names = NULL;
  int64_t B = 0, features[RB_MAX_BLOCKS];
  double loss[RB_MAX_BLOCKS], worse_by[RB_MAX_BLOCKS], error[RB_MAX_BLOCKS];
  *scores = (rb_block_scores){0};
  if (!rb_file_has(file, "blocks")) return RB_OK;
  RB_TRY(rb_file_read_strings(ctx, file, "blocks/block", &B, &names));
  if (B < 1 || B > RB_MAX_BLOCKS) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "blocks/block: %" PRId64 " of them", B));
  }
  RB_TRY(rb_file_read(ctx, file, "blocks/loss_all", RB_F64, false, 0, NULL, &scores->loss_all));
  RB_TRY(rb_file_read(ctx, file, "blocks/features", RB_I64, false, 1, &B, features));
  RB_TRY(rb_file_read(ctx, file, "blocks/loss", RB_F64, false, 1, &B, loss));
  RB_TRY(rb_file_read(ctx, file, "blocks/worse_by", RB_F64, false, 1, &B, worse_by));
  RB_TRY(rb_file_read(ctx, file, "blocks/worse_by_se", RB_F64, false, 1, &B, error));
  RB_TRY(rb_file_get_int(ctx, file, "blocks", "datasets", &scores->datasets));
  scores->count = (int)B;
  for (int b = 0; b < scores->count; ++b) {
    rb_block_score *score = &scores->block[b];
    *score = (rb_block_score){
        .features = features[b], .loss = loss[b], .worse_by = worse_by[b], .worse_by_se = error[b]};
    (void)snprintf(score->name, sizeof score->name, "%s", names[b]);
  }
  RB_TRY(read_contractions(ctx, file, scores));
cleanup:
  free(names);
  return status;
}

rb_status rb_print_blocks(rb_context *ctx, const rb_file *file) {
  rb_status status = RB_OK;
  rb_block_scores scores;
  RB_TRY(rb_block_scores_read(ctx, file, &scores));
  if (scores.count == 0) goto cleanup;
  rb_log_info(
      ctx,
      "what the network, of an ensemble the first, says with one block of its features replaced by "
      "their means (%lld data sets of the recovery set; trained anew it would miss a block less):",
      (long long)scores.datasets);
  rb_log_info(ctx, "%-12s %9s %12s %20s  %s", "block", "features", "loss (nat)", "worse by",
              "contraction that falls most");
  rb_log_info(ctx, "%-12s %9s %12.3f", "none", "", scores.loss_all);
  for (int b = 0; b < scores.count; ++b) {
    const rb_block_score *s = &scores.block[b];
    rb_log_info(ctx, "%-12s %9lld %12.3f %9.3f +- %7.3f  %s %.3f, of %.3f", s->name,
                (long long)s->features, s->loss, s->worse_by, s->worse_by_se, s->parameter,
                s->contraction, s->contraction_all);
  }
cleanup:
  return status;
}
