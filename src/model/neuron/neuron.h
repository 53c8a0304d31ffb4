#ifndef RB_MODEL_NEURON_H
#define RB_MODEL_NEURON_H

#include "../membrane/passage.h"
#include "lanes.h"
#include "rheobase/base/cpu.h"
#include "rheobase/model/model_type.h"
#include "stimulus.h"

/** @file neuron.h
 * What the neurons' models share: settings, stimuli, recordings, spikes. A neuron fills a table,
 * rb_neuron, and its type's functions hand it to those below.
 *
 * There are L = ceil(T/dt) samples, sample k at k dt, and L - 1 updates; update k leads from sample
 * k to k+1 with the current of sample k and white noise of its own. A spike has the index of the
 * sample at which the threshold is first reached, where integrate-and-fire neurons store the reset
 * value. A refractory time of R = floor(tref/dt + 0.001) steps holds max(R, 1) samples from there
 * on.
 *
 * A data set is K recordings of L samples one after the other. Recording r of data set i has the
 * random numbers of item i K + r. Those that are missing are zeros with mask = 1. Where a spike
 * blanks the potential (channel "mask"), it is RB_NEURON_BLANK_MV. */

/** What is divided by is no less: nothing then overflows. */
#define RB_NEURON_LEAST 1e-9

enum { RB_NEURON_PARAMETERS = 16, RB_NEURON_REASON = 160, RB_NEURON_RECORDINGS = 64 };

/** Settings of all neurons; each has rows for those it knows (rows.h). */
typedef struct rb_neuron_settings {
  double T_ms, dt_ms, tref_ms;
  double I_std;                      ///< white noise per step, in the unit of the stimulus
  double v0_mV[2];                   ///< range of the initial voltage; NaN: the neuron's rest
  char peak_mV[RB_EXPRESSION_TEXT];  ///< adex: voltage of a spike; "": V_T + 5 Delta_T
  double spike_mV;                   ///< hodgkin_huxley: voltage whose crossing is a spike
  double area_um2;                   ///< hodgkin_huxley: of the membrane; 0: currents are densities
  double lambda0_per_ms;             ///< gif: hazard at the threshold
  rb_stimulus stimulus;
  char channels[128];  ///< texts: voltage, spikes, spike_count
  double sample_ms;    ///< interval of a recording; 0: dt_ms
  double noise_mV;     ///< observation noise of the voltage
  int recordings[2];   ///< least and most of a data set
  int recordings_given;
  double shortest;  ///< a recording lasts at least this share of T_ms
} rb_neuron_settings;

/** What a neuron is. */
typedef struct rb_neuron {
  const char *name;
  int parameters;
  const rb_prior_row *prior;   ///< (parameters)
  int current_sd, voltage_sd;  ///< which parameters are noise of current and of the observed
                               ///< voltage; 0: settings are
  uint32_t positive;  ///< a bit for each parameter that must be above 0, by RB_NEURON_LEAST
  int variables;      ///< that a kernel carries on and reference files hold; v is first
  bool draws_spikes;  ///< by uniform numbers
  bool resets;        ///< its voltage at a spike
  bool density;       ///< its currents are uA/cm2
  const rb_neuron_kernel *(*kernel)(rb_isa isa);

  /** Of neurons that draw spikes: takes them as given and adds the log of their probability to the
   * variable `log_likelihood`, which begins at 0. NULL: none. */
  const rb_neuron_kernel *(*weigh)(rb_isa isa);
  int log_likelihood;

  /** Whether the neuron cannot be simulated: a sentence with parameter and value. @param reason
   * (RB_NEURON_REASON), "" @param theta (parameters), finite, and positive where it has to be */
  bool (*refuses)(const rb_neuron_settings *settings, const double *theta, char *reason);

  /** Of neurons whose voltage is linear between spikes: its numbers but for held and sd, in the
   * kernel's unit. NULL: it is not. @param passage zeros */
  void (*passage)(const rb_neuron_settings *settings, const double *theta, rb_passage *passage);

  /** Sets numbers and initial variables of a lane; the others are zeros. @param v0 initial voltage;
   * NaN: the neuron's rest */
  void (*set_lane)(const rb_neuron_settings *settings, const double *theta, double v0, int lane,
                   rb_neuron_lanes *lanes);
} rb_neuron;

enum {
  RB_NEURON_VOLTAGE,
  RB_NEURON_SPIKES,
  RB_NEURON_SPIKE_COUNT,
  RB_NEURON_CURRENT,
  RB_NEURON_MASK,
  RB_NEURON_CHANNELS
};

/** The voltage of samples that are blanked. */
static const float RB_NEURON_BLANK_MV = 0;

/** State of a neuron's rb_model. */
typedef struct rb_neuron_state {
  const rb_neuron *neuron;
  rb_neuron_settings settings;     ///< its stimulus: the drawn parts and white noise; owned
  int64_t length, every, samples;  ///< L; steps between recorded samples; how many these are
  int64_t shortest;                ///< samples a recording has at least
  int64_t blanked;                 ///< steps after a spike's own that are blanked
  double per_unit;                 ///< the kernel's unit of current per that of the stimulus
  bool drawn;                      ///< parts of the stimulus are others for each recording
  double *common;                  ///< (L) what all recordings share, in the stimulus' unit
  double *injected;                ///< (samples) its mean over each sample's steps
  double *current;                 ///< (L) the same in the kernel's unit
  double current_sd;               ///< of its own noise per step
  int at[RB_NEURON_CHANNELS];      ///< place of a channel in an observation, or -1
  rb_channel channel[RB_NEURON_CHANNELS];
  rb_predictor predictor;
  char reason[RB_NEURON_REASON];  ///< why the last parameters were refused
} rb_neuron_state;

/** Functions of rb_model_type, but for the table of the neuron. @{ */
rb_status rb_neuron_check(rb_context *ctx, const void *settings);
rb_status rb_neuron_load(rb_context *ctx, void *settings);
void rb_neuron_unload(void *settings);
void rb_neuron_digest(const void *settings, FILE *stream);
rb_status rb_neuron_create(rb_context *ctx, const rb_neuron *neuron, const void *settings,
                           rb_model *model);
/** @} */

/** Samples after a spike's own that are held: max(R, 1) - 1. */
double rb_neuron_held(const rb_neuron_settings *settings);

/** Noise of the current per step in the kernel's unit, with white noise that is added. */
double rb_neuron_noise(const rb_neuron_state *state, const double *theta, double white);

/** Noise of the observed voltage. */
double rb_neuron_voltage_sd(const rb_neuron_state *state, const double *theta);

/** A number that need not be given. */
double rb_neuron_number(const char *text, double otherwise);

/** Whether the step is too long for the leak of a membrane of capacitance C; then says so. For
 * `refuses`. */
bool rb_neuron_step_is_too_long(const rb_neuron_settings *settings, double C, double g_L,
                                char *reason);

/** Traces of neurons under given currents, at full resolution. */
typedef struct rb_neuron_traces {
  int64_t count;
  const double *theta;           ///< (count, parameters)
  const double *const *current;  ///< (count) of (L), in the kernel's unit
  const double *const *uniform;  ///< (count) of (L), of sample k; NULL: spikes are not drawn
  double *voltage;               ///< out (count, L)
  uint8_t *spikes;               ///< out (count, L)
  double *final;                 ///< out (count, variables), of the last sample
} rb_neuron_traces;

/** Runs a neuron's kernel. Local. @param model a neuron's; its stimulus and noise are not used */
RB_NODISCARD rb_status rb_neuron_run_traces(const rb_model *model, rb_context *ctx,
                                            const rb_neuron_traces *traces);

/** A recording in double precision. */
typedef struct rb_neuron_recording {
  const double *voltage;  ///< (samples); NULL: not recorded
  const uint8_t *spikes;  ///< (samples) how many; NULL: not recorded
  const double *current;  ///< (L) what the neuron was given, in the kernel's unit
  const uint8_t *mask;    ///< (samples) 1 where the voltage tells nothing; NULL: nowhere
  int64_t steps;          ///< it lasts; 0: the model's
} rb_neuron_recording;

/** Why no parameters can produce a recording; NULL: nothing is known to speak against it. Local. */
const char *rb_neuron_impossible(const rb_model *model, const rb_neuron_recording *recording);

/** Log likelihood of parameters given a recording, all constants included. Local.
 * @param theta (count, parameters), accepted @param log_likelihood (count) */
RB_NODISCARD rb_status rb_neuron_weigh(const rb_model *model, rb_context *ctx,
                                       const rb_neuron_recording *recording, int64_t count,
                                       const double *theta, double *log_likelihood);

/** The same from given initial voltages. @param v0 (count) */
RB_NODISCARD rb_status rb_neuron_weigh_from(const rb_model *model, rb_context *ctx,
                                            const rb_neuron_recording *recording, int64_t count,
                                            const double *theta, const double *v0,
                                            double *log_likelihood);

#endif
