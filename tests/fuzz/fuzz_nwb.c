#include <dirent.h>

#include "fuzz_recording.h"
#include "hdf5_case.h"
#include "rheobase/io/electrode_kernel.h"

/* The readers of recordings in HDF5, NWB or not, and of recording.h5, on changed copies of the
 * files in RB_FUZZ_RECORDINGS (recording_seeds.py). The first byte says which file, the rest which
 * changes (hdf5_mutator.h). */

enum { MOST = 16 };
static hdf5_case valid[MOST];
static int cases;
static char copy[64];

static void remove_copy(void) { (void)unlink(copy); }

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  struct dirent **entries = NULL;
  (void)argc;
  (void)argv;
  fuzz_begin();
  const char *folder = getenv("RB_FUZZ_RECORDINGS");
  const int count = folder != NULL ? scandir(folder, &entries, NULL, alphasort) : 0;
  for (int i = 0; i < count && cases < MOST; ++i) {
    char path[1024];
    if (entries[i]->d_name[0] == '.') continue;
    (void)snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
    valid[cases++] = hdf5_case_read(path);
  }
  fuzz_require(cases > 0, "RB_FUZZ_RECORDINGS has no files");
  (void)snprintf(copy, sizeof copy, "%s/rb_fuzz_nwb.%d.h5",
                 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (int)getpid());
  (void)atexit(remove_copy);
  return 0;
}

/* What a recording under weak noise says of its electrode. */
static void fuzz_electrode(const char *path, const rb_recorded *recorded) {
  rb_electrode_kernel kernel;
  const rb_status status = rb_electrode_kernel_estimate(&fuzz_context, path, recorded, &kernel);
  fuzz_outcome(status);
  for (int64_t k = 0; status == RB_OK && k < kernel.lags; ++k) {
    fuzz_require(isfinite(kernel.lag_MOhm[k]), "an electrode that is no number");
  }
  rb_electrode_kernel_free(&kernel);
}

/* What a sweep of recording.h5 may rely on. */
static void fuzz_recorded(const char *path) {
  rb_recorded recorded;
  const rb_status status = rb_recorded_read(&fuzz_context, path, NULL, &recorded);
  fuzz_outcome(status);
  for (int64_t s = 0; status == RB_OK && s < recorded.sweeps; ++s) {
    const rb_steps *steps = &recorded.sweep[s].steps;
    fuzz_require(steps->steps > 0 && steps->dt_ms > 0, "a sweep without steps");
    for (int64_t n = 0; n < steps->steps; ++n) {
      fuzz_require(isfinite(steps->voltage_mV[n]) && isfinite(steps->current_pA[n]), "no number");
      fuzz_require(steps->spike[n] <= 1 && steps->mask[n] <= 1, "neither 0 nor 1");
    }
    for (int64_t k = 0; k < steps->spikes; ++k) {
      fuzz_require(k == 0 || steps->onset_ms[k] > steps->onset_ms[k - 1], "onsets out of order");
    }
  }
  if (status == RB_OK) fuzz_electrode(path, &recorded);
  rb_recorded_free(&recorded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const rb_recording_choice none = {0};
  if (size < 2) return 0;
  mutation_bytes bytes = {data + 1, data + size};
  hdf5_case_damage(&valid[data[0] % cases], copy, &bytes);
  const int64_t before = hdf5_open_objects();
  fuzz_recording(copy, &none);
  fuzz_recorded(copy);
  fuzz_require(hdf5_open_objects() == before, "an object of HDF5 was left open");
  return 0;
}
