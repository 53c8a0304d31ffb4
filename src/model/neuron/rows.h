#ifndef RB_MODEL_NEURON_ROWS_H
#define RB_MODEL_NEURON_ROWS_H

#include "neuron.h"

/** @file rows.h
 * Rows of the neurons' settings, for their tables. */

#define RB_NEURON_REAL(group, name, value, limits, what, text)                                 \
  {                                                                                            \
    .path = group #name, .type = RB_SETTING_REAL, RB_SETTING_MEMBER(rb_neuron_settings, name), \
    .standard = value, .range = limits, .unit = what, .help = text                             \
  }

/** A number that need not be given. */
#define RB_NEURON_OPTIONAL(name, value, what, text)                                            \
  {                                                                                            \
    .path = "simulator." #name, .type = RB_SETTING_EXPRESSION,                                 \
    RB_SETTING_MEMBER(rb_neuron_settings, name), .standard = value, .unit = what, .help = text \
  }

#define RB_NEURON_TIME_ROWS(T, dt)                                                     \
  RB_NEURON_REAL("simulator.", T_ms, T, "(0, 1e6]", "ms", "duration of a simulation"), \
      RB_NEURON_REAL("simulator.", dt_ms, dt, "(0, 1e3]", "ms", "time step")

#define RB_NEURON_TREF_ROW                                     \
  RB_NEURON_REAL("simulator.", tref_ms, "0", "[0, 1e6]", "ms", \
                 "refractory time: at least the sample of a spike itself is held")

#define RB_NEURON_NOISE_ROW(unit)                            \
  RB_NEURON_REAL("simulator.", I_std, "0", "[0, 1e6]", unit, \
                 "standard deviation of white noise of the current, a number per step")

#define RB_NEURON_V0_ROW(value, otherwise)                                                   \
  {                                                                                          \
    .path = "simulator.v0_mV", .type = RB_SETTING_RANGE,                                     \
    RB_SETTING_MEMBER(rb_neuron_settings, v0_mV), .standard = value, .range = "[-200, 200]", \
    .unit = "mV",                                                                            \
    .help = "initial voltage, or a range from which each recording has its own" otherwise    \
  }

/** The current injected by default: a step down, a step up by `amplitude`, noise around 0.6 of it.
 */
#define RB_NEURON_PROTOCOL(down, amplitude, mean, sd)                          \
  "( { type = \"step\"; onset = 50; offset = 200; amplitude = " down           \
  "; }, { type = \"step\"; onset = 250; offset = 600; amplitude = " amplitude  \
  "; }, { type = \"ou\"; onset = 650; offset = 950; mean = " mean "; sd = " sd \
  "; tau = 3; seed = 1; } )"

#define RB_NEURON_STIMULUS_ROW(what, value)                                                    \
  {                                                                                            \
    .path = "stimulus", .type = RB_SETTING_GROUPS,                                             \
    RB_SETTING_MEMBER(rb_neuron_settings, stimulus.part),                                      \
    .length_offset = offsetof(rb_neuron_settings, stimulus.parts), .member = rb_stimulus_rows, \
    .members = RB_STIMULUS_ROWS, .entry_size = sizeof(rb_stimulus_part), .standard = value,    \
    .unit = what, .help = "current injected: parts that are added (docs/models.md)"            \
  }

#define RB_NEURON_RECORDING_ROWS(sample)                                            \
  RB_NEURON_CHANNEL_ROWS(sample),                                                   \
      RB_NEURON_REAL("recording.", noise_mV, "1", "[0, 1e3]", "mV",                 \
                     "standard deviation of the observation noise of the voltage"), \
      RB_NEURON_DATA_SET_ROWS

/** How many recordings of a neuron a data set has. */
#define RB_NEURON_DATA_SET_ROWS                                                                \
  {.path = "data_set", .type = RB_SETTING_GROUP, .help = "Recordings of one neuron"},          \
      {.path = "data_set.recordings",                                                          \
       .type = RB_SETTING_LIST,                                                                \
       RB_SETTING_MEMBER(rb_neuron_settings, recordings),                                      \
       .length_offset = offsetof(rb_neuron_settings, recordings_given),                        \
       .standard = "[1, 1]",                                                                   \
       .range = "[1, 64]",                                                                     \
       .help =                                                                                 \
           "least and most of a data set; they share its parameters, not stimulus, noise and " \
           "initial voltage"},                                                                 \
      RB_NEURON_REAL("data_set.", shortest, "1", "[0.1, 1]", "1",                              \
                     "share of T_ms that a recording lasts at least: below 1 some of a data "  \
                     "set, as often none as all, are cut to a length between both")

/** Without the noise of what is observed. */
#define RB_NEURON_CHANNEL_ROWS(sample)                                                  \
  {.path = "recording", .type = RB_SETTING_GROUP, .help = "What is observed"},          \
      {.path = "recording.channels",                                                    \
       .type = RB_SETTING_TEXTS,                                                        \
       RB_SETTING_MEMBER(rb_neuron_settings, channels),                                 \
       .standard = "[\"voltage\", \"spikes\"]",                                         \
       .help =                                                                          \
           "voltage, spikes (1 where a sample has one), spike_count, current (what is " \
           "injected) or mask (1 where a spike blanks the voltage)"},                   \
      RB_NEURON_REAL("recording.", sample_ms, sample, "[0, 1e6]", "ms",                 \
                     "interval of the samples, a multiple of dt_ms; 0: dt_ms")

/** Settings outside of `simulator` that results depend on. */
#define RB_NEURON_RECIPE "stimulus recording data_set"

/** Members of a neuron's rb_model_type that are those of all, beside `settings`, `prior` and
 * `create`, which its file has under these names. */
#define RB_NEURON_TYPE                                                                            \
  .setting = settings, .settings = sizeof settings / sizeof *settings,                            \
  .settings_size = sizeof(rb_neuron_settings), .recipe = RB_NEURON_RECIPE, .prior = prior,        \
  .parameters = sizeof prior / sizeof *prior, .load = rb_neuron_load, .unload = rb_neuron_unload, \
  .digest = rb_neuron_digest, .create = create

#endif
