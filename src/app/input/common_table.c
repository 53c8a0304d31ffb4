#include "settings.h"

#define MEMBER(member) RB_SETTING_MEMBER(rb_input, member)
#define GROUP(name, text) \
  { .path = name, .type = RB_SETTING_GROUP, .help = text }
#define BOOL(name, member, value, text) \
  { .path = name, .type = RB_SETTING_BOOL, MEMBER(member), .standard = value, .help = text }
#define INTEGER(name, member, value, limits, what, text)                                          \
  {                                                                                               \
    .path = name, .type = RB_SETTING_INTEGER, MEMBER(member), .standard = value, .range = limits, \
    .unit = what, .help = text                                                                    \
  }
#define REAL(name, member, value, limits, what, text)                                          \
  {                                                                                            \
    .path = name, .type = RB_SETTING_REAL, MEMBER(member), .standard = value, .range = limits, \
    .unit = what, .help = text                                                                 \
  }
#define CHOICE(name, member, value, words, text)                                                  \
  {                                                                                               \
    .path = name, .type = RB_SETTING_CHOICE, MEMBER(member), .standard = value, .choices = words, \
    .help = text                                                                                  \
  }
#define LIST(name, member, length, value, limits, text)                                           \
  {                                                                                               \
    .path = name, .type = RB_SETTING_LIST, MEMBER(member),                                        \
    .length_offset = offsetof(rb_input, length), .standard = value, .range = limits, .help = text \
  }
#define MANY "[1, 1000000000]"

static const rb_setting leading[] = {
    INTEGER("seed", seed, "45", "[0, 9e18]", NULL, "all random numbers follow from it"),

    {.path = "model",
     .type = RB_SETTING_STRING,
     MEMBER(model),
     .standard = rb_model_default,
     .help = "what is simulated (`rheobase models` lists all)"},

    GROUP("simulation",
          "Simulations that are invalid: not finite, refused by the simulator, or not "
          "there within its time-out"),
    CHOICE("simulation.invalid", simulation.invalid, "\"stop\"", "stop|skip",
           "at the first the study stops, or they are left out and others take their places"),
    REAL("simulation.invalid_limit", simulation.invalid_limit, "0.5", "[0, 1)", NULL,
         "largest share of simulations that may be skipped before the study stops"),

    GROUP("sanity", "Checks that `simulate` makes of simulator and prior"),
    INTEGER("sanity.simulations", sanity.simulations, "500", MANY, NULL,
            "simulations whose shapes and ranges are checked"),
    INTEGER("sanity.prior_draws", sanity.prior_draws, "10000", MANY, NULL,
            "prior draws of the histograms"),
    INTEGER("sanity.bins", sanity.bins, "30", "[1, 10000]", NULL, "bins of the histograms"),

    GROUP("network", "The posterior estimator"),
    CHOICE("network.density", density, "\"coupling\"", rb_density_names + 1,
           "density of the parameters: a coupling flow, or for each parameter given those before a "
           "mixture of Gaussians or a rational-quadratic spline"),
    BOOL("network.centring", network.centring, "false",
         "the density works on parameters minus a location and over a scale that are linear in the "
         "summary, learned with the rest"),
    GROUP("network.summary", "The summary network"),
    CHOICE(
        "network.summary.type", summary, "\"recurrent\"", rb_summary_names + 1,
        "convolutions and recurrent nets over the observation, an MLP after the model's own "
        "features, that MLP with the recurrent summary beside the features, an MLP after the "
        "observation as one vector or as a set of vectors whose order says nothing, or one after "
        "statistics that know no model"),
    INTEGER("network.summary.summary_dim", network.summary.summary_dim, "32", "[1, 4096]", NULL,
            "number of summary statistics")};

/* Between them stand those that summary networks and densities bring. */
static const rb_setting other[] = {
    GROUP("training", "Training of the estimator"),
    CHOICE("training.mode", training.mode, "\"offline\"", "offline|online",
           "on stored simulations, or on new ones, made when they are needed"),
    INTEGER("training.simulations", training.simulations, "20000", MANY, NULL,
            "stored simulations; online they only set the standardisation"),
    INTEGER("training.validation", training.validation, "1000", MANY, NULL,
            "simulations of the validation loss"),
    INTEGER("training.epochs", training.epochs, "50", "[1, 1000000]", NULL,
            "passes through the simulations; online, of steps_per_epoch batches"),
    INTEGER("training.steps_per_epoch", training.steps_per_epoch, "157", "[1, 1000000000]", NULL,
            "batches that make an epoch (online)"),
    INTEGER("training.passes", training.passes, "1", "[1, 1000]", NULL,
            "epochs that train on the same simulations, which are kept in memory, before new ones "
            "are drawn (online)"),
    INTEGER("training.batch_size", training.batch_size, "128", "[1, 1048576]", NULL,
            "data sets per step of the optimiser"),
    INTEGER("training.micro_batch", training.micro_batch, "32", "[1, 4096]", NULL,
            "data sets a rank takes at once; results depend on it, not on the ranks"),
    REAL("training.learning_rate", training.learning_rate, "5e-4", "(0, 1]", NULL,
         "highest learning rate, for batches of 128"),
    CHOICE("training.rate_rule", training.rate_rule, "\"constant\"", "constant|sqrt|linear",
           "how that follows the batch size: not at all, by the root of batch_size / 128, in "
           "proportion to it"),
    CHOICE("training.schedule", training.schedule, "\"cosine\"", "cosine|constant",
           "the learning rate after it has risen: falls to 0 as a half cosine, or stays"),
    REAL("training.warmup_fraction", training.warmup_fraction, "0.05", "[0, 1)", NULL,
         "share of the steps over which the learning rate rises"),
    REAL("training.weight_decay", training.weight_decay, "5e-3", "[0, 1]", NULL,
         "decoupled weight decay (offline)"),
    REAL("training.clip_norm", training.clip_norm, "1.5", "[0, 1e9]", NULL,
         "largest norm of each tensor's gradient; 0: no bound"),
    REAL("training.clip_global", training.clip_global, "0", "[0, 1e9]", NULL,
         "largest norm of the whole gradient; 0: no bound"),
    CHOICE(
        "training.parameters", training.coordinates, "\"support\"",
        "raw|support|centred|probit|straight|log",
        "what the network works with: the parameters as they are, coordinates that cannot leave "
        "the prior (logits of intervals), such coordinates centred on what the features tell "
        "(expert, both), probits of intervals, in which a uniform prior is a normal one, "
        "coordinates that are straight inside intervals and bent only at their ends, or logarithms "
        "of positive parameters and the others as they are (draws may leave the prior)"),
    CHOICE("training.scales", training.scales, "\"moments\"", "moments|quartiles|log|components",
           "how data are brought to one scale: by mean and standard deviation, by median and "
           "quartiles (heavy tails), by the moments of their logarithms (above 0), or features by "
           "principal components of nearly equal size"),
    INTEGER("training.ensemble", training.ensemble, "1", "[1, 64]", NULL,
            "networks, trained each from its own random numbers; their mixture is the posterior"),
    CHOICE("training.keep", training.keep, "\"last\"", "last|best",
           "weights to use: after the last epoch, or those of the lowest validation loss"),
    INTEGER("training.patience", training.patience, "0", "[0, 1000000]", NULL,
            "training ends after so many epochs without a lower validation loss; 0: after all"),
    INTEGER("training.average_steps", training.average_steps, "0", "[0, 1000000000]", NULL,
            "the weights that are judged and used are running means over about so many steps; 0: "
            "those of a single step"),
    CHOICE("training.on_nonfinite", training.on_nonfinite, "\"stop\"", "stop|rollback",
           "when a loss or gradient is not finite: stop, or go back to the last checkpoint with "
           "half the learning rate"),

    GROUP("checkpoint", "Checkpoints of the training"),
    REAL("checkpoint.minutes", training.checkpoint_minutes, "10", "(0, 1e5]", "min",
         "longest time between two of them; one is also written after each epoch"),

    GROUP("baseline", "The linear-Gaussian baseline"),
    INTEGER("baseline.simulations", baseline.simulations, "0", "[0, 1000000000]", NULL,
            "simulations of the regression; 0: as many as training.simulations"),
    INTEGER("baseline.random_features", baseline.random_features, "2048", "[0, 32768]", NULL,
            "random Fourier features of a downsampled trace"),
    REAL("baseline.penalty", baseline.penalty, "0", "[0, 1e6]", NULL,
         "ridge penalty for features of unit variance; 0: by generalised cross-validation"),
    REAL("baseline.memory_limit_GB", baseline.memory_limit_GB, "0", "[0, 1e6]", "GB",
         "most memory per rank; 0: what the node has, shared by its ranks"),

    GROUP("calibration", "Test sets and what is computed from them"),
    INTEGER("calibration.recovery_datasets", calibration.recovery_datasets, "1000",
            "[2, 1000000000]", NULL, "data sets of the recovery test"),
    INTEGER("calibration.recovery_draws", calibration.recovery_draws, "100", "[2, 1000000]", NULL,
            "posterior draws for each of them"),
    INTEGER("calibration.sbc_datasets", calibration.sbc_datasets, "1000", "[2, 1000000000]", NULL,
            "data sets of the rank statistics"),
    INTEGER("calibration.sbc_draws", calibration.sbc_draws, "100", "[2, 1000000]", NULL,
            "posterior draws for each of them"),
    INTEGER("calibration.diagnostics_datasets", calibration.diagnostics_datasets, "1000",
            "[2, 1000000000]", NULL, "data sets of the default diagnostics"),
    INTEGER("calibration.diagnostics_draws", calibration.diagnostics_draws, "1000", "[2, 1000000]",
            NULL, "posterior draws for each of them"),
    INTEGER("calibration.bins", calibration.bins, "0", "[0, 10000]", NULL,
            "bins of the rank histograms; 0: as many as divide the draws evenly"),
    INTEGER("calibration.chunk", calibration.chunk, "16", "[1, 65536]", NULL,
            "data sets a rank takes at once"),
    INTEGER("calibration.store_draws", calibration.store_draws, "1000000", "[0, 1000000000000]",
            NULL, "the draws of a test set are stored if they are at most so many"),

    GROUP("misspecification", "Whether observations are like what the simulator makes"),
    INTEGER("misspecification.simulations", misspecification_simulations, "2000", "[0, 1000000]",
            NULL,
            "prior-predictive data sets that are compared with, at least 100 to be judged by; 0: "
            "not judged"),

    GROUP("observation", "The posterior of one observation"),
    INTEGER("observation.draws", observation_draws, "1000", "[2, 100000000]", NULL,
            "posterior draws"),

    GROUP("predictive", "The posterior predictive check"),
    INTEGER("predictive.replicates", predictive_replicates, "200", "[1, 10000000]", NULL,
            "simulations from randomly picked posterior draws"),
    CHOICE("predictive.posterior", predictive_exact, "\"network\"", "network|exact",
           "whose draws `predict --recording` takes: the network's (posterior.h5), or the exact "
           "ones that `refine` made of them (exact.h5)"),

    GROUP("exact", "The exact posterior beside the network's (`refine`)"),
    INTEGER("exact.datasets", exact_datasets, "100", "[0, 100000000]", NULL,
            "data sets of the default diagnostics to refine; the observation always is"),
    INTEGER("exact.draws", exact.draws, "2000", "[100, 1000000]", NULL,
            "importance draws, and exact draws kept"),
    REAL("exact.efficiency", exact.least_efficiency, "0.25", "(0, 1]", NULL,
         "effective share of importance draws below which the next method is tried: the network's "
         "draws, then a fitted proposal, then MCMC"),
    REAL("exact.khat", exact.largest_khat, "0.7", "(0, 10]", NULL,
         "Pareto tail index of the weights above which likewise"),
    INTEGER("exact.walkers", exact.walkers, "32", "[8, 1024]", NULL,
            "chains of an ensemble; rounded up to an even number"),
    INTEGER("exact.short_steps", exact.short_steps, "160", "[20, 1000000]", NULL,
            "steps of the chain a proposal is fitted to; the first half is left out"),
    INTEGER("exact.long_steps", exact.long_steps, "4000", "[128, 1000000]", NULL,
            "most steps of MCMC, which ends when it has converged; the first half is left out"),

    GROUP("scale", "Measuring how the program scales (`scale`)"),
    INTEGER("scale.repeats", scale.repeats, "5", "[1, 200]", NULL,
            "times each point is measured at least"),
    REAL("scale.seconds", scale.seconds, "0.5", "[0, 1e4]", "s",
         "time for which each point is measured at least"),
    INTEGER("scale.simulations", scale.simulations, "8192", MANY, NULL,
            "data sets of the work simulate and io; the others follow training, calibration (sbc) "
            "and baseline"),
    REAL("scale.latency_us", scale.latency_us, "0", "[0, 1e6]", "us",
         "latency of an allreduce for each doubling of the ranks, in the model; 0: as measured"),
    REAL("scale.bandwidth_GB_s", scale.bandwidth_GB_s, "0", "[0, 1e6]", "GB/s",
         "bandwidth of an allreduce in the model; 0: as measured"),
    REAL("scale.file_GB_s", scale.file_GB_s, "0", "[0, 1e6]", "GB/s",
         "bandwidth of the file system in the model; 0: as measured")};

enum {  // rows
  LEADING = sizeof leading / sizeof *leading,
  OTHER = sizeof other / sizeof *other,
  BROUGHT = RB_SUMMARY_TYPES * RB_SUMMARY_ROWS + RB_DENSITY_TYPES * RB_DENSITY_ROWS
};

/* Appends rows whose struct lies `offset` bytes behind the beginning of rb_input. */
static void append_rows(const rb_setting *setting, int count, size_t offset, rb_setting *row,
                        rb_settings_table *table) {
  for (int i = 0; i < count; ++i) {
    rb_setting *next = &row[table->rows++];
    *next = setting[i];
    next->offset += offset;
    next->length_offset += offset;
  }
}

const rb_settings_table *rb_input_common_table(void) {
  static rb_setting row[LEADING + BROUGHT + OTHER];
  static rb_settings_table table = {row, 0};
  if (table.rows > 0) return &table;
  append_rows(leading, LEADING, 0, row, &table);
  for (const rb_summary_type *const *type = rb_summary_types; *type != NULL; ++type) {
    append_rows((*type)->setting, (*type)->settings, offsetof(rb_input, network.summary), row,
                &table);
  }
  for (const rb_density_type *const *type = rb_density_types; *type != NULL; ++type) {
    append_rows((*type)->setting, (*type)->settings, offsetof(rb_input, network), row, &table);
  }
  append_rows(other, OTHER, 0, row, &table);
  return &table;
}
