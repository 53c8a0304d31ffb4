#include "rheobase/analysis/block_worth.h"

rb_status rb_block_worth_write(rb_context *ctx, rb_file *file, const rb_block_worth *worth) {
  rb_status status = RB_OK;
  const struct {
    rb_field field;
    const void *data;
  } arrays[] = {
      {{"blocks/block", RB_STRING, "block", "1", "blocks of the features that the network takes",
        false},
       worth->blocks.name},
      {{"blocks/features", RB_I64, "block", "1", "number of features in the block", false},
       worth->blocks.features},
      {{"blocks/loss_all", RB_F64, "", "nat",
        "as recovery/loss, of the first data sets, with all features", false},
       &worth->loss_all},
      {{"blocks/loss", RB_F64, "block", "nat",
        "as blocks/loss_all, with the block's features replaced by their means over the "
        "simulations; the network is not trained anew",
        false},
       worth->loss},
      {{"blocks/worse_by", RB_F64, "block", "nat",
        "mean over data sets of the loss with the block replaced minus that with all features; "
        "trained anew the network would miss the block less",
        false},
       worth->worse_by},
      {{"blocks/worse_by_se", RB_F64, "block", "nat", "standard error of blocks/worse_by", false},
       worth->worse_by_se},
      {{"blocks/loss_datasets", RB_I64, "block", "1", "data sets blocks/worse_by is the mean over",
        false},
       worth->loss_datasets},
      {{"blocks/contraction_all", RB_F64, "parameter", "1",
        "median contraction of the first data sets, with all features", false},
       worth->contraction_all},
      {{"blocks/contraction", RB_F64, "block,parameter", "1",
        "as blocks/contraction_all, with the block's features replaced by their means", false},
       worth->contraction},
  };
  if (worth->blocks.count == 0) return RB_OK;
  RB_TRY(rb_file_dimension(ctx, file, "blocks/block", worth->blocks.count));
  for (size_t k = 0; k < sizeof arrays / sizeof *arrays; ++k) {
    RB_TRY(rb_file_write(ctx, file, &arrays[k].field, arrays[k].data));
  }
  RB_TRY(rb_file_set_int(ctx, file, "blocks", "datasets", worth->datasets));
  RB_TRY(rb_file_set_int(ctx, file, "blocks", "draws", worth->draws));
cleanup:
  return status;
}
