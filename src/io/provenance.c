#include "rheobase/io/provenance.h"

#include <cblas.h>
#include <gsl/gsl_version.h>
#include <hdf5.h>
#include <libconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rheobase/revision.h"
#include "rheobase/version.h"

enum {
  INPUT,
  SEED,
  RANKS,
  ISA,
  VERSION,
  REVISION,
  LIBRARIES,
  HOST,
  JOB,
  FINISHED,
  WALL,
};

const rb_field rb_provenance_fields[] = {
    [INPUT] = {"provenance/input", RB_STRING, "", "1", "the whole resolved input", false},
    [SEED] = {"provenance/seed", RB_I64, "", "1", "the study's seed", false},
    [RANKS] = {"provenance/ranks", RB_I64, "", "1", "MPI ranks that made the file", false},
    [ISA] = {"provenance/instruction_set", RB_STRING, "", "1", "instruction set of the kernels",
             false},
    [VERSION] = {"provenance/version", RB_STRING, "", "1", "version of the program", false},
    [REVISION] = {"provenance/git_revision", RB_STRING, "", "1", "revision of the source", false},
    [LIBRARIES] = {"provenance/libraries", RB_STRING, "", "1", "versions of the libraries", false},
    [HOST] = {"provenance/host", RB_STRING, "", "1", "host of rank 0", false},
    [JOB] = {"provenance/slurm_job", RB_STRING, "", "1", "Slurm job, if any", false},
    [FINISHED] = {"provenance/finished", RB_STRING, "", "1", "when the file was finished, UTC",
                  false},
    [WALL] = {"provenance/wall_s", RB_F64, "", "s", "time the work took", false},
    {0}};

static void first_line(const char *text, char *line, size_t size) {
  (void)snprintf(line, size, "%.*s", (int)strcspn(text, ",\n"), text);
}

void rb_library_versions(char *text) {
  char mpi[MPI_MAX_LIBRARY_VERSION_STRING] = "";
  char mpi_line[200];
  char blas[200];
  int length = 0;
  unsigned hdf5[3] = {0};
  MPI_Get_library_version(mpi, &length);
  first_line(mpi, mpi_line, sizeof mpi_line);
  first_line(openblas_get_config(), blas, sizeof blas);
  H5get_libversion(&hdf5[0], &hdf5[1], &hdf5[2]);
  (void)snprintf(
      text, RB_VERSIONS_SIZE,
      "rheobase %s (revision %s)\nMPI: %s\nHDF5 %u.%u.%u\nGSL %s\n%s\nlibconfig %d.%d.%d\n"
      "ScaLAPACK %s\n",
      RB_VERSION, RB_GIT_REVISION, mpi_line, hdf5[0], hdf5[1], hdf5[2], gsl_version, blas,
      LIBCONFIG_VER_MAJOR, LIBCONFIG_VER_MINOR, LIBCONFIG_VER_REVISION, RB_SCALAPACK_VERSION);
}

rb_status rb_provenance_write(rb_context *ctx, rb_file *file, const rb_provenance *provenance) {
  rb_status status = RB_OK;
  char libraries[RB_VERSIONS_SIZE];
  char host[256] = "";
  char finished[64] = "";
  const int64_t ranks = provenance->ranks;
  const double wall_s = MPI_Wtime() - provenance->began_s;
  const time_t now = time(NULL);
  struct tm utc;
  rb_library_versions(libraries);
  (void)gethostname(host, sizeof host - 1);
  if (gmtime_r(&now, &utc) != NULL) {
    (void)strftime(finished, sizeof finished, "%Y-%m-%dT%H:%M:%SZ", &utc);
  }
  const char *job = getenv("SLURM_JOB_ID");
  const char *isa = rb_isa_name(ctx->isa);
  const char *texts[] = {[INPUT] = provenance->input,    [ISA] = isa,
                         [VERSION] = RB_VERSION,         [REVISION] = RB_GIT_REVISION,
                         [LIBRARIES] = libraries,        [HOST] = host,
                         [JOB] = job != NULL ? job : "", [FINISHED] = finished};
  for (int i = INPUT; i <= FINISHED; ++i) {
    if (i == SEED || i == RANKS) continue;
    RB_TRY(rb_file_write(ctx, file, &rb_provenance_fields[i], &texts[i]));
  }
  RB_TRY(rb_file_write(ctx, file, &rb_provenance_fields[SEED], &provenance->seed));
  RB_TRY(rb_file_write(ctx, file, &rb_provenance_fields[RANKS], &ranks));
  RB_TRY(rb_file_write(ctx, file, &rb_provenance_fields[WALL], &wall_s));
cleanup:
  return status;
}
