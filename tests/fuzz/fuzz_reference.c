#include "app/verify/verify.h"
#include "fuzz.h"
#include "hdf5_case.h"
#include "model/hodgkin_huxley/verify_hh7.h"
#include "model/lif/verify.h"
#include "model/neuron/verify.h"

/* `rheobase verify` on changed copies of the reference files in RB_TEST_DATA. The first byte says
 * which file, the rest which changes (hdf5_mutator.h). */

static const struct reader {
  const char *file;
  rb_status (*verify)(rb_context *ctx, const char *path, rb_verify_report *report);
} readers[] = {
    {"network_small.h5", rb_verify_network},      {"network_variant.h5", rb_verify_network},
    {"network_lstm.h5", rb_verify_network},       {"prior.h5", rb_lif_verify_prior},
    {"prior.h5", rb_verify_truncated_normals},    {"lif.h5", rb_lif_verify_simulator},
    {"likelihood.h5", rb_lif_verify_likelihood},  {"diagnostics.h5", rb_verify_diagnostics},
    {"diagnostics.h5", rb_lif_verify_predictive}, {"statistics.h5", rb_verify_statistics}};
enum { READERS = sizeof readers / sizeof *readers };
static hdf5_case valid[READERS];
static char copy[64];

static void remove_copy(void) { (void)unlink(copy); }

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  fuzz_begin();
  const char *data = getenv("RB_TEST_DATA");
  for (int i = 0; i < READERS; ++i) {
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", data != NULL ? data : "tests/data", readers[i].file);
    valid[i] = hdf5_case_read(path);
  }
  (void)snprintf(copy, sizeof copy, "%s/rb_fuzz_reference.%d.h5",
                 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (int)getpid());
  (void)atexit(remove_copy);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2) return 0;
  const int i = data[0] % READERS;
  mutation_bytes bytes = {data + 1, data + size};
  rb_verify_report report = {0};
  hdf5_case_damage(&valid[i], copy, &bytes);
  const int64_t before = hdf5_open_objects();
  fuzz_outcome(readers[i].verify(&fuzz_context, copy, &report));
  rb_verify_report_free(&report);
  fuzz_require(hdf5_open_objects() == before, "a reader left an object of HDF5 open");
  return 0;
}
