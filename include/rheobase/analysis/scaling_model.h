#ifndef RHEOBASE_SCALING_MODEL_H
#define RHEOBASE_SCALING_MODEL_H

#include <stdbool.h>

#include "rheobase/base/clock.h"

/** @file scaling_model.h
 * How long parallel work takes on p ranks: measured points, a model fitted to them, and what it
 * says about ranks that were not there. All functions are local.
 *
 * Work is a number of equal chunks dealt to the ranks in rounds (partition.h), something every rank
 * does alike, once and for every chunk, exchanges among all ranks, and files. With n chunks of cost
 * c, rounds = ceil(n / p), alike = s b + n c g; where the program cuts chunks into pieces to fill
 * the ranks, rounds counts these, in chunks:
 *
 *     compute   (n / p) c a + alike
 *     waiting   (rounds - n / p) c a + e m(p) (rounds c a + alike)
 *     reduction exchanges L ceil(log2 p) + 2 (p - 1) / p bytes / B
 *     files     f + written / F
 *
 * a, b, g, e, f, F are fitted for each kind of work, L (latency) and B (bandwidth) for the machine;
 * s is the cost of what every rank does once. g, which limits any number of ranks, is 0 unless the
 * points show it (F test at 5%; it takes four). m(p) is the expected largest of p standard normal
 * numbers: the time of a rank between two exchanges is taken to vary independently with relative
 * standard deviation e. The number of exchanges is linear in the rounds. What the model leaves out:
 * congestion of the network, slower links between nodes than within them (give L and B of the
 * slower), file systems that get faster with more nodes, and correlated slowness of ranks. */

typedef enum rb_scaling_work {
  RB_SCALE_SIMULATE,
  RB_SCALE_TRAIN,
  RB_SCALE_CALIBRATE,
  RB_SCALE_IO,
  RB_SCALE_BASELINE,
  RB_SCALE_WORKS
} rb_scaling_work;

/** "simulate", "train", "calibrate", "io", "baseline". */
const char *rb_scaling_work_name(rb_scaling_work work);

typedef enum rb_scaling_kind {
  RB_SCALE_STRONG,  ///< the same work on any number of ranks
  RB_SCALE_WEAK,    ///< work in proportion to the ranks
  RB_SCALE_HALF,    ///< half the same work: tells what grows with the work from what does not
  RB_SCALE_UNSEEN   ///< other work, which the model has to predict
} rb_scaling_kind;

/** "strong", "weak", "half", "unseen". */
const char *rb_scaling_kind_name(rb_scaling_kind kind);

/** What work consists of. */
typedef struct rb_scaling_load {
  int64_t chunks;      ///< n
  int64_t divisible;   ///< pieces into which the program cuts a chunk at most (rb_partition_fit)
  double chunk_cost;   ///< c, e.g. floating-point operations
  double serial_cost;  ///< s, e.g. weights of the network
  double reduced_bytes;
  double written_bytes;
} rb_scaling_load;

enum { RB_SCALE_VARIANT = 48 };

/** A measured point. Seconds of parts are means over ranks, in the fastest repeat, and add up to
 * `fastest`. */
typedef struct rb_scaling_point {
  rb_scaling_work work;
  rb_scaling_kind kind;
  char variant[RB_SCALE_VARIANT];  ///< what differs from the input, e.g. "batch 512"; "" nothing
  int ranks;
  bool oversubscribed;  ///< more ranks than cores on a node: kept out of fits
  int64_t size;         ///< data sets
  rb_scaling_load load;
  int repeats;
  double fastest, median;  ///< seconds
  double part[RB_TIME_PARTS];
  double waiting;  ///< seconds, median over repeats
  double exchanges;
} rb_scaling_point;

/** Time of an allreduce: latency ceil(log2 p) + 2 (p - 1) / p bytes / bandwidth. */
typedef struct rb_scaling_network {
  double latency_s;
  double bandwidth;  ///< bytes per second
} rb_scaling_network;

/** A measured allreduce. */
typedef struct rb_scaling_exchange {
  int ranks;
  bool oversubscribed;
  double bytes;
  double seconds;
} rb_scaling_exchange;

/** What is fitted for one kind of work. */
typedef struct rb_scaling_rates {
  int points;                ///< fitted to; 0: there were none, nothing is known
  double chunk_s, serial_s;  ///< a, b: seconds per unit of cost
  double growing_s;          ///< g: of cost of all chunks, on every rank
  double spread;             ///< e
  double exchanges, exchanges_per_round;
  double file_s, file_byte_s;  ///< f, 1 / F
} rb_scaling_rates;

/** m(p): the mean of the largest of p standard normal numbers, to 3%; 0 for one. */
double rb_scaling_largest_normal(int ranks);

/** Least squares of relative errors over exchanges among more than one rank of no node
 * oversubscribed; zero latency and infinite bandwidth if there are none. */
rb_scaling_network rb_scaling_fit_network(int count, const rb_scaling_exchange *exchanges);

/** Fits the points of one kind of work that are not unseen and not oversubscribed. */
rb_scaling_rates rb_scaling_fit(int count, const rb_scaling_point *points, rb_scaling_work work);

/** The same kind of work with @p factor times as many chunks. */
rb_scaling_load rb_scaling_grow(const rb_scaling_load *load, int64_t factor);

/** Seconds of work on @p ranks. @param part (RB_TIME_PARTS) */
double rb_scaling_predict(const rb_scaling_rates *rates, const rb_scaling_network *network,
                          const rb_scaling_load *load, int ranks, double *part);

/** Strong-scaling efficiency T(1) / (p T(p)) by the model. */
double rb_scaling_efficiency(const rb_scaling_rates *rates, const rb_scaling_network *network,
                             const rb_scaling_load *load, int ranks);

/** The number of ranks, up to @p most, beyond which work gets no faster: the fewest ranks within 1%
 * of the shortest time. */
int rb_scaling_end(const rb_scaling_rates *rates, const rb_scaling_network *network,
                   const rb_scaling_load *load, int most);

/** The fewest pieces per rank (chunks, or the smallest parts these may be cut into), to 1%, with
 * which @p ranks are used with an efficiency of @p wanted, for work like @p load of another size; 0
 * if even a million are not enough. */
int64_t rb_scaling_pieces_needed(const rb_scaling_rates *rates, const rb_scaling_network *network,
                                 const rb_scaling_load *load, int ranks, double wanted);

#endif
