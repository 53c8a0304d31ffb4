#ifndef RB_IO_SLURM_H
#define RB_IO_SLURM_H

#include <stdbool.h>

/** @file slurm.h
 * Slurm jobs, by name: "ID@CLUSTER", or "ID" where the cluster has no name. Local. */

enum { RB_SLURM_JOB = 128 };

/** The job this process runs in, "-" for none. @param job (RB_SLURM_JOB) */
void rb_slurm_this_job(char *job);

/** Whether another job has surely ended, as squeue says. False if it may still run, if it is of
 * another cluster than @p mine, and if Slurm does not answer. */
bool rb_slurm_has_ended(const char *job, const char *mine);

#endif
