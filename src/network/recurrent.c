#include "recurrent.h"

#include <stdlib.h>

#include "recurrent_fused.h"
#include "recurrent_plain.h"
#include "rheobase/base/memory.h"

/* Either through fused kernels or plainly. */
struct rb_recurrent {
  bool is_fused;
  rb_recurrent_fused fused;
  rb_recurrent_plain plain;
};

/* The kernels' activations are good to single precision only. */
static bool has_kernels(rb_isa isa) { return !RB_REAL_IS_DOUBLE && isa != RB_ISA_PORTABLE; }

rb_status rb_recurrent_create(rb_context *ctx, rb_recurrent_type type, int I, int H, int64_t T,
                              int max_batch, rb_recurrent **recurrent) {
  rb_status status = RB_OK;
  rb_recurrent *net = NULL;
  *recurrent = NULL;
  RB_TRY(RB_ALLOCATE(ctx, net, 1));
  net->is_fused = has_kernels(ctx->isa);
  if (net->is_fused) {
    const rb_recurrent_kernels *kernels = RB_KERNEL_SELECT(rb_recurrent_kernels, ctx->isa);
    RB_TRY(rb_recurrent_fused_create(ctx, kernels, type, I, H, T, max_batch, &net->fused));
  } else {
    RB_TRY(rb_recurrent_plain_create(ctx, type, I, H, T, max_batch, &net->plain));
  }
  *recurrent = net;
cleanup:
  if (status != RB_OK) free(net);
  return status;
}

void rb_recurrent_destroy(rb_recurrent *recurrent) {
  if (recurrent == NULL) return;
  rb_recurrent_fused_free(&recurrent->fused);
  rb_recurrent_plain_free(&recurrent->plain);
  free(recurrent);
}

void rb_recurrent_set_weights(rb_recurrent *recurrent, const rb_real *kernel,
                              const rb_real *recurrent_kernel, const rb_real *bias) {
  if (recurrent->is_fused) {
    rb_recurrent_fused_set_weights(&recurrent->fused, kernel, recurrent_kernel, bias);
  } else {
    rb_recurrent_plain_set_weights(&recurrent->plain, kernel, recurrent_kernel, bias);
  }
}

void rb_recurrent_forward(rb_recurrent *recurrent, int B, const rb_real *x,
                          const rb_real *input_mask, bool reverse_time, bool keep, rb_real *h) {
  if (recurrent->is_fused) {
    rb_recurrent_fused_forward(&recurrent->fused, B, x, input_mask, reverse_time, keep, h);
  } else {
    rb_recurrent_plain_forward(&recurrent->plain, B, x, input_mask, reverse_time, h);
  }
}

void rb_recurrent_backward(rb_recurrent *recurrent, int B, const rb_real *x,
                           const rb_real *input_mask, bool reverse_time, const rb_real *dh,
                           rb_real *dx, rb_real *dkernel, rb_real *drecurrent_kernel,
                           rb_real *dbias) {
  if (recurrent->is_fused) {
    rb_recurrent_fused_backward(&recurrent->fused, B, x, input_mask, reverse_time, dh, dx, dkernel,
                                drecurrent_kernel, dbias);
  } else {
    rb_recurrent_plain_backward(&recurrent->plain, B, x, input_mask, reverse_time, dh, dx, dkernel,
                                drecurrent_kernel, dbias);
  }
}
