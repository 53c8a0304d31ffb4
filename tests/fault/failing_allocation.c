#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* For LD_PRELOAD: on rank 1 of mpirun the RB_FAIL_ALLOCATION-th allocation of the program's own
 * arrays (rb_allocate, the only caller of aligned_alloc) fails. Without that number all succeed,
 * and how many there were is written to RB_ALLOCATIONS at the end. */

static long calls;

static int is_rank_1(void) {
  const char *rank = getenv("OMPI_COMM_WORLD_RANK");
  if (rank == NULL) rank = getenv("PMI_RANK");
  return rank != NULL && strcmp(rank, "1") == 0;
}

void *aligned_alloc(size_t alignment, size_t size) {
  static void *(*real)(size_t, size_t);
  if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, "aligned_alloc");
  const char *failing = getenv("RB_FAIL_ALLOCATION");
  if (++calls == (failing != NULL ? atol(failing) : -1) && is_rank_1()) {
    errno = ENOMEM;
    return NULL;
  }
  return real(alignment, size);
}

__attribute__((destructor)) static void tell(void) {
  const char *path = getenv("RB_ALLOCATIONS");
  if (path == NULL || !is_rank_1()) return;
  FILE *file = fopen(path, "w");
  if (file == NULL) return;
  (void)fprintf(file, "%ld\n", calls);
  (void)fclose(file);
}
