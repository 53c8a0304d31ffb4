#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <gsl/gsl_randist.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* For LD_PRELOAD: a request to stop at the first call, or the one of number RB_STOP_CALL, of the
 * function that RB_STOP_IN names. Where RB_HELD names a file, the call makes it and waits until it
 * is removed instead: what a test does meanwhile happens in the middle of the work, however fast
 * the machine is. Of several ranks this is rank 0. The functions are called while a calibration is
 * summed up (null samples), while refined data sets are (correlations), while the baseline is
 * fitted (eigenvectors), while files are read or written, and when one is whole (rename). */

static void hold(const char *file) {
  (void)close(open(file, O_WRONLY | O_CREAT, 0644));
  for (int ms = 0; ms < 600000 && access(file, F_OK) == 0; ++ms) (void)usleep(1000);
}

/* @param known the function that is stood in for, if it has been found */
static void *look(void *known, const char *name) {
  static int calls;
  const char *asked = getenv("RB_STOP_IN"), *rank = getenv("OMPI_COMM_WORLD_RANK");
  if (asked != NULL && strcmp(asked, name) == 0 && (rank == NULL || strcmp(rank, "0") == 0)) {
    const char *call = getenv("RB_STOP_CALL"), *held = getenv("RB_HELD");
    if (++calls == (call != NULL ? atoi(call) : 1)) {
      if (held != NULL) {
        hold(held);
      } else {
        (void)raise(SIGUSR1);
      }
    }
  }
  return known != NULL ? known : dlsym(RTLD_NEXT, name);
}

void gsl_ran_multinomial(const gsl_rng *r, const size_t K, const unsigned N, const double p[],
                         unsigned n[]) {
  static void *real;
  real = look(real, __func__);
  ((void (*)(const gsl_rng *, size_t, unsigned, const double *, unsigned *))real)(r, K, N, p, n);
}

double gsl_stats_correlation(const double a[], size_t a_stride, const double b[], size_t b_stride,
                             size_t n);
double gsl_stats_correlation(const double a[], const size_t a_stride, const double b[],
                             const size_t b_stride, const size_t n) {
  static void *real;
  real = look(real, __func__);
  return ((double (*)(const double *, size_t, const double *, size_t, size_t))real)(a, a_stride, b,
                                                                                    b_stride, n);
}

void pdelset_(double *a, const int *row, const int *column, const int *handle, const double *value);
void pdelset_(double *a, const int *row, const int *column, const int *handle,
              const double *value) {
  static void *real;
  real = look(real, __func__);
  ((void (*)(double *, const int *, const int *, const int *, const double *))real)(a, row, column,
                                                                                    handle, value);
}

int H5Dread(int64_t array, int64_t type, int64_t memory, int64_t file, int64_t properties,
            void *values);
int H5Dread(int64_t array, int64_t type, int64_t memory, int64_t file, int64_t properties,
            void *values) {
  static void *real;
  real = look(real, __func__);
  return ((int (*)(int64_t, int64_t, int64_t, int64_t, int64_t, void *))real)(
      array, type, memory, file, properties, values);
}

int H5Dwrite(int64_t array, int64_t type, int64_t memory, int64_t file, int64_t properties,
             const void *values);
int H5Dwrite(int64_t array, int64_t type, int64_t memory, int64_t file, int64_t properties,
             const void *values) {
  static void *real;
  real = look(real, __func__);
  return ((int (*)(int64_t, int64_t, int64_t, int64_t, int64_t, const void *))real)(
      array, type, memory, file, properties, values);
}

int rename(const char *from, const char *to) {
  static void *real;
  real = look(real, __func__);
  return ((int (*)(const char *, const char *))real)(from, to);
}
