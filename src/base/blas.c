#include "rheobase/blas.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rheobase/cpu.h"

static const char VARIABLE[] = "OPENBLAS_CORETYPE";

void rb_blas_choose_kernels(char **argv) {
  const rb_isa isa = rb_cpu_best_isa();
  if (getenv(VARIABLE) != NULL || strcmp(openblas_get_corename(), "Prescott") != 0) return;
  if (isa < RB_ISA_X86_64_V3) return;
  if (setenv(VARIABLE, isa == RB_ISA_X86_64_V4 ? "SkylakeX" : "Haswell", 1) != 0) return;
  (void)execv("/proc/self/exe", argv);
}

void rb_blas_single_thread(void) { openblas_set_num_threads(1); }
