#ifndef RB_MODEL_NEURON_VERIFY_H
#define RB_MODEL_NEURON_VERIFY_H

#include "neuron.h"
#include "rheobase/io/hdf5_file.h"

/** @file verify.h
 * The neurons' reference files, as `rheobase verify` recomputes them (verify_report.h). */

/** The forms that all neurons have. */
extern const rb_verify_form rb_neuron_verify_forms[];

/** Trajectories under given currents: each group of the file, against another program's. Where a
 * change of the currents by 1e-10 of themselves moves the voltage by s < 1 mV, voltages are allowed
 * 1e-10 mV + 0.01 s, other variables of the last state as much, or that part of what they are where
 * it is above 1, and spikes are the same; elsewhere the numbers of spikes may differ by 1. What
 * was computed in the order of the model's definition is the same to the bit. Groups of spike
 * trains with their log likelihood: 1e-9 of it. */
RB_NODISCARD rb_status rb_neuron_verify_trajectories(rb_context *ctx, const char *path,
                                                     rb_verify_report *report);

/** What a group of a reference file is about. */
typedef struct rb_neuron_reference {
  const char *group;
  rb_model model;  ///< with the group's settings: no stimulus; records the voltage; owned
  const rb_neuron *neuron;
  int64_t steps;                       ///< L
  int columns;                         ///< parameters that the file has
  int column[RB_NEURON_PARAMETERS];    ///< (columns) which of the neuron's they are
  double fixed[RB_NEURON_PARAMETERS];  ///< (parameters) the others
} rb_neuron_reference;

/** Reads the attributes of a group: dt_ms, steps, parameters, settings or fixed (JSON), and where
 * there are such record_every, noise_mV, lambda0_per_ms. Local. Fails with RB_ERR_FORMAT or
 * RB_ERR_SETTING. */
RB_NODISCARD rb_status rb_neuron_reference_read(rb_context *ctx, const rb_file *file,
                                                const char *group, rb_neuron_reference *reference);
void rb_neuron_reference_free(rb_neuron_reference *reference);

/** Reads an array of parameter vectors of any shape whose last dimension is that of the file's
 * parameters. Local. @param count how many vectors @param theta (count, parameters) accepted by the
 * neuron; allocated; the caller frees it */
RB_NODISCARD rb_status rb_neuron_reference_theta(rb_context *ctx, const rb_file *file,
                                                 const char *name, const rb_neuron_reference *r,
                                                 int64_t *count, double **theta);

/** Reads an array of the group. Local. @param data allocated; the caller frees it */
RB_NODISCARD rb_status rb_neuron_reference_array(rb_context *ctx, const rb_file *file,
                                                 const rb_neuron_reference *r, const char *name,
                                                 rb_type type, int rank, const int64_t *shape,
                                                 void **data);

/** Adds a row "group quantity" to the report. Local. */
RB_NODISCARD rb_status rb_neuron_reference_add(rb_context *ctx, rb_verify_report *report,
                                               const rb_neuron_reference *r, const char *quantity,
                                               double error, double tolerance);

/** The larger of two errors; NaN stays. */
static inline double rb_larger_error(double a, double b) { return b <= a ? a : b; }

#endif
