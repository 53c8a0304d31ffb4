#include "activations.h"

RB_KERNEL_DECLARE(rb_activation_kernel, rb_activation_kernel);

const rb_activation_kernel *rb_activation_kernel_for(rb_isa isa) {
  return RB_KERNEL_SELECT(rb_activation_kernel, isa);
}
