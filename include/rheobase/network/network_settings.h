#ifndef RHEOBASE_NETWORK_SETTINGS_H
#define RHEOBASE_NETWORK_SETTINGS_H

#include <stdbool.h>

/** @file network_settings.h
 * What an input says of the network (group `network`). The rows that describe these members stand
 * beside the code they configure: in the files of the summary networks (summary_type.h) and
 * densities (density_type.h). */

enum { RB_MAX_LAYERS = 8 };
/** Kind of the recurrent nets. */
typedef enum rb_recurrent_type { RB_GRU, RB_LSTM } rb_recurrent_type;
/** Elementwise functions. */
typedef enum rb_activation { RB_HARD_SILU, RB_SILU, RB_RELU, RB_TANH, RB_MISH } rb_activation;

struct rb_summary_type;  // summary_type.h
struct rb_density_type;  // density_type.h

/** Settings of the summary networks; each uses its own. */
typedef struct rb_summary_settings {
  const struct rb_summary_type *type;  ///< the chosen one
  int summary_dim;
  int mlp_layers, mlp_widths[RB_MAX_LAYERS];  ///< after features; what follows is of the series
  double gain;                                ///< factor of the features before the MLP
  bool line;                                  ///< mlp: a straight line beside it
  bool gates;                                 ///< mlp: a learned factor of each number
  int elements;                               ///< set: vectors of an observation
  bool crossings;     ///< statistics: events are upward crossings where no channel has events,
  double level;       ///< of this level
  char without[256];  ///< names of blocks that are left out, each ended by a line feed
  char with[256];     ///< and of those that a stimulus does not leave out
  int conv_layers, kernel_size_count, stride_count;  ///< used entries of the three arrays below
  int filters[RB_MAX_LAYERS], kernel_sizes[RB_MAX_LAYERS], strides[RB_MAX_LAYERS];
  int groups;  ///< of the group norm after each convolution; 0: none
  rb_recurrent_type recurrent_type;
  int recurrent_dim;
  bool bidirectional;
  double dropout;
  int skip_steps;
} rb_summary_settings;

/** Settings of the coupling flow. */
typedef struct rb_flow_settings {
  int depth;
  int mlp_layers;
  int mlp_widths[RB_MAX_LAYERS];
  rb_activation mlp_activation;
  double mlp_dropout;
  bool actnorm;
  bool permutation;  ///< a fixed random permutation in each layer
} rb_flow_settings;

/** Settings of an autoregressive density; its MLPs have SiLU. */
typedef struct rb_autoregressive_settings {
  int parts;  ///< of each factor: Gaussians of a mixture, bins of a spline
  int mlp_layers;
  int mlp_widths[RB_MAX_LAYERS];
} rb_autoregressive_settings;

/** Settings of all. */
typedef struct rb_network_settings {
  rb_summary_settings summary;
  const struct rb_density_type *density;  ///< the chosen one; each uses its own of the next
  bool centring;                          ///< it works on parameters centred by the summary
  rb_flow_settings flow;                  ///< coupling
  rb_autoregressive_settings mixture;     ///< autoregressive
  rb_autoregressive_settings spline;      ///< spline
} rb_network_settings;

#endif
