#include "rheobase/blas.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "rheobase/cpu.h"

/* OpenBLAS's name of the processor whose kernels need no more than the instruction set. */
static const char *core_of(rb_isa isa) {
  switch (isa) {
    case RB_ISA_X86_64_V4:
      return "SkylakeX";
    case RB_ISA_X86_64_V3:
      return "Haswell";
    case RB_ISA_X86_64:
      return "Prescott";
    default:
      return NULL;
  }
}

void rb_blas_choose_kernels(char **argv) {
  static const char *const variable = "OPENBLAS_CORETYPE";
  const char *core = core_of(rb_cpu_wanted_isa());
  if (core == NULL || getenv(variable) != NULL) return;
  if (strstr(openblas_get_config(), "DYNAMIC_ARCH") == NULL) return;
  if (strcasecmp(openblas_get_corename(), core) == 0) return;
  if (setenv(variable, core, 1) == 0) (void)execv("/proc/self/exe", argv);
  // Without /proc we go on: slower, not wrong.
}

void rb_blas_single_thread(void) { openblas_set_num_threads(1); }
