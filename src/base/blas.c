#include "rheobase/base/blas.h"

#include <cblas.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rheobase/base/cpu.h"

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

/* Runs this very file again; returns only where that cannot be done: we go on slower, not wrong. By
 * its name, not by that of /proc's link to it, because `top` and `pkill` show the last part of it.
 */
static void start_anew(char **argv) {
  static const char *const link = "/proc/self/exe";
  char file[PATH_MAX];
  const ssize_t length = readlink(link, file, sizeof file - 1);
  if (length < 0) return;
  file[length] = '\0';
  (void)execv(file, argv);
  (void)execv(link, argv);  // the file was replaced meanwhile
}

void rb_blas_choose_kernels(char **argv) {
  static const char *const variable = "OPENBLAS_CORETYPE";
  const char *core = core_of(rb_cpu_wanted_isa());
  if (core == NULL || getenv(variable) != NULL) return;
  if (strstr(openblas_get_config(), "DYNAMIC_ARCH") == NULL) return;
  if (strcasecmp(openblas_get_corename(), core) == 0) return;
  if (setenv(variable, core, 1) == 0) start_anew(argv);
}

rb_status rb_blas_reserve(rb_context *ctx) {
  enum { MEGABYTES = 160, N = 96 };  // its largest buffer is 128 MB
  const size_t bytes = (size_t)MEGABYTES << 20;
  void *room = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED) {
    return RB_FAIL(ctx, RB_ERR_MEMORY,
                   "there is no room for the %d MB that OpenBLAS needs: raise the limit of memory "
                   "(ulimit -v, or that of the job)",
                   MEGABYTES);
  }
  (void)munmap(room, bytes);
  static double a[N * N], c[N * N];  // too large for the kernels that do without buffers
  cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, N, N, N, 1, a, N, a, N, 0, c, N);
  return RB_OK;
}

void rb_blas_single_thread(void) { openblas_set_num_threads(1); }
