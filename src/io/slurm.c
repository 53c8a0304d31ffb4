#include "slurm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/base/process.h"

void rb_slurm_this_job(char *job) {
  const char *id = getenv("SLURM_JOB_ID");
  const char *cluster = getenv("SLURM_CLUSTER_NAME");
  if (id == NULL || *id == '\0') id = "-";
  if (*id == '-' || cluster == NULL || *cluster == '\0') {
    (void)snprintf(job, RB_SLURM_JOB, "%.63s", id);
  } else {
    (void)snprintf(job, RB_SLURM_JOB, "%.63s@%.63s", id, cluster);
  }
}

static const char *cluster_of(const char *job) {
  const char *at = strchr(job, '@');
  return at != NULL ? at : "";
}

bool rb_slurm_has_ended(const char *job, const char *mine) {
  char id[RB_SLURM_JOB], line[256] = "";
  char program[] = "squeue", brief[] = "--noheader", state[] = "--format=%T", which[] = "--jobs";
  char *const arguments[] = {program, brief, state, which, id, NULL};
  int code = 0;
  if (strcmp(cluster_of(job), cluster_of(mine)) != 0) return false;
  (void)snprintf(id, sizeof id, "%.*s", (int)strcspn(job, "@"), job);
  if (*id == '\0' || strspn(id, "0123456789") != strlen(id)) return false;  // not from us
  FILE *said = tmpfile();
  if (said == NULL) return false;
  bool ended = false;
  if (rb_process_run(".", arguments, said, &code) == 0) {
    const bool silent = fgets(line, sizeof line, said) == NULL;
    // A job that has ended is not listed; later Slurm forgets it.
    ended = code == 0 ? silent : strstr(line, "Invalid job id") != NULL;
  }
  (void)fclose(said);
  return ended;
}
