#ifndef RHEOBASE_PHILOX_H
#define RHEOBASE_PHILOX_H

#include <stdint.h>

/** @file philox.h
 * Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011, Random123).
 *
 * Every random number of a study is a pure function of the study's seed (the key) and of what it is
 * for (the counter): position, stream word, item (64 bits). The stream word holds purpose, kind and
 * a sub-index, so that no two uses share numbers, and data set i is the same on any number of ranks
 * and can be replayed alone. All functions are local. */

/** What a data set or an experiment is for: no test set repeats a training set. Append only. */
typedef enum rb_purpose {
  RB_FOR_TRAINING,
  RB_FOR_VALIDATION,
  RB_FOR_RECOVERY,
  RB_FOR_SBC,
  RB_FOR_DIAGNOSTICS,
  RB_FOR_OBSERVATION,
  RB_FOR_PREDICTIVE,
  RB_FOR_SHAPE_CHECK,
  RB_FOR_PRIOR_CHECK,
  RB_FOR_MISSPECIFICATION,
  RB_FOR_EXACT,
  RB_FOR_BENCH,
  RB_FOR_TESTS,
  RB_FOR_REFERENCES,     ///< data sets that rough estimates (TARP references) are fitted to
  RB_FOR_FORECAST = 15,  ///< runs under the stimulus of a recording; 14 is no longer used
  RB_PURPOSE_COUNT
} rb_purpose;

/** What kind of number within a purpose. Append only. */
typedef enum rb_random_kind {
  RB_RANDOM_PRIOR,
  RB_RANDOM_PROCESS_NOISE,      ///< within a simulation
  RB_RANDOM_OBSERVATION_NOISE,  ///< of what is recorded of it
  RB_RANDOM_POSTERIOR_DRAWS,
  RB_RANDOM_DROPOUT,
  RB_RANDOM_SHUFFLE,
  RB_RANDOM_INITIALISATION,
  RB_RANDOM_NULLS,     ///< null distributions of test statistics, bootstraps
  RB_RANDOM_PICKS,     ///< choosing among draws, data sets, references
  RB_RANDOM_CHAINS,    ///< MCMC proposals and acceptance
  RB_RANDOM_FEATURES,  ///< random features of the baseline
  RB_RANDOM_MEMBERS,   ///< which member of an ensemble makes a draw
  RB_RANDOM_OUTSIDE,   ///< seeds of simulators that draw their own numbers
  RB_RANDOM_FROZEN,    ///< noise that all data sets share
  RB_RANDOM_EVENTS,    ///< whether something happens within a simulation
  RB_RANDOM_SETUP,  ///< what an experiment is given: stimulus, initial state, how many recordings
  RB_RANDOM_KIND_COUNT
} rb_random_kind;

/** One stream of numbers; plain data. */
typedef struct rb_stream {
  uint64_t seed;  ///< of the study: the Philox key, low word first
  uint32_t word;  ///< purpose << 24 | kind << 16 | sub-index
  uint64_t item;  ///< data set, step, epoch, ...: what the numbers belong to
} rb_stream;

/** @param sub sub-index, e.g. the member of an ensemble. */
static inline rb_stream rb_stream_make(uint64_t seed, rb_purpose purpose, rb_random_kind kind,
                                       uint16_t sub, uint64_t item) {
  return (rb_stream){seed, (uint32_t)purpose << 24 | (uint32_t)kind << 16 | sub, item};
}

/** Block @p position of the stream: four random words, Philox4x32-10 of counter
 * (position, word, item low, item high) under key (seed low, seed high). */
void rb_stream_block(rb_stream stream, uint32_t position, uint32_t out[4]);

/** The @p index-th uniform double of the stream, in the open interval (0, 1): 52 bits and a half,
 * ((first | second << 32) >> 12 + 1/2) 2^-52 from words 0, 1 (even index) or 2, 3 of block
 * index / 2. */
double rb_stream_uniform(rb_stream stream, uint32_t index);

/** An integer uniform on 0 .. n-1 (n > 0) from the @p index-th uniform. */
int64_t rb_stream_integer(rb_stream stream, uint32_t index, int64_t n);

#endif
