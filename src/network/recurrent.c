#include "recurrent.h"

#include <stdlib.h>

#include "recurrent_plain.h"
#include "rheobase/memory.h"

struct rb_recurrent {
  rb_recurrent_plain plain;
};

rb_status rb_recurrent_create(rb_context *ctx, rb_recurrent_type type, int I, int H, int64_t T,
                              int max_batch, rb_recurrent **recurrent) {
  rb_status status = RB_OK;
  rb_recurrent *net = NULL;
  *recurrent = NULL;
  RB_TRY(RB_ALLOCATE(ctx, net, 1));
  RB_TRY(rb_recurrent_plain_create(ctx, type, I, H, T, max_batch, &net->plain));
  *recurrent = net;
cleanup:
  if (status != RB_OK) free(net);
  return status;
}

void rb_recurrent_destroy(rb_recurrent *recurrent) {
  if (recurrent == NULL) return;
  rb_recurrent_plain_free(&recurrent->plain);
  free(recurrent);
}

void rb_recurrent_set_weights(rb_recurrent *recurrent, const rb_real *kernel,
                              const rb_real *recurrent_kernel, const rb_real *bias) {
  rb_recurrent_plain_set_weights(&recurrent->plain, kernel, recurrent_kernel, bias);
}

void rb_recurrent_forward(rb_recurrent *recurrent, int B, const rb_real *x,
                          const rb_real *input_mask, bool reverse_time, bool keep, rb_real *h) {
  (void)keep;
  rb_recurrent_plain_forward(&recurrent->plain, B, x, input_mask, reverse_time, h);
}

void rb_recurrent_backward(rb_recurrent *recurrent, int B, const rb_real *x,
                           const rb_real *input_mask, bool reverse_time, const rb_real *dh,
                           rb_real *dx, rb_real *dkernel, rb_real *drecurrent_kernel,
                           rb_real *dbias) {
  rb_recurrent_plain_backward(&recurrent->plain, B, x, input_mask, reverse_time, dh, dx, dkernel,
                              drecurrent_kernel, dbias);
}
