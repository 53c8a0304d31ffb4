#include "figures.h"

#define CALIBRATION RB_FROM_CALIBRATION

const rb_figure rb_figures[] = {
    {"prior", "Prior",
     "Histograms of draws with the prior's density. Of a clipped parameter, what would lie beyond "
     "an "
     "end lies on it, which shows as a taller last bin.",
     RB_FROM_SIMULATIONS, "prior_check/theta", 1200, 800, rb_draw_prior},
    {"traces", "Simulated recordings",
     "What the simulator makes of six parameter vectors of the prior, from the least activity to "
     "the most.",
     RB_FROM_SIMULATIONS, "shape_check", 1200, 800, rb_draw_traces},
    {"loss", "Training",
     "The loss by epoch: minus the mean log density of the true parameters, in units of the "
     "prior's "
     "standard deviations, without clipped truths; the loss of the calibration is the same of "
     "other "
     "data sets. Smoothed exponentially (0.8). "
     "Training losses are taken with dropout, so the validation loss may lie below them. A "
     "validation loss that rises while the training loss falls means overfitting. After "
     "<code>refine</code>: the loss of the exact posterior.",
     RB_FROM_CHECKPOINT, "history/loss", 1200, 680, rb_draw_loss},
    {"recovery", "Recovery",
     "Posterior median and central 95% interval against the true value. Points on the dashed line "
     "are exact; a flat cloud means that the data say little about the parameter.",
     CALIBRATION, "recovery/records/truth", 1200, 884, rb_draw_recovery},
    {"ranks", "Rank histograms",
     "Number of posterior draws below the truth. Uniform if the posterior is calibrated: 99 of 100 "
     "bars then end inside the grey band. A hump in the middle means intervals that are too wide, "
     "a "
     "valley too narrow ones, a slope a bias.",
     CALIBRATION, "sbc/histogram/count", 1200, 800, rb_draw_ranks},
    {"ecdf", "Rank distributions",
     "The same ranks without bins: their empirical distribution minus the uniform one. A curve "
     "that "
     "leaves the band anywhere is evidence, at 5%, against calibration.",
     CALIBRATION, "sbc/ecdf/ecdf", 1200, 800, rb_draw_ecdf},
    {"joint", "Joint quantities",
     "Ranks of quantities of all parameters, and of parameters and data together: they see errors "
     "that no single parameter shows, such as a posterior that ignores the data.",
     CALIBRATION, "sbc/ecdf/ecdf", 1200, 640, rb_draw_joint},
    {"coverage", "Coverage of intervals",
     "How many true values lie inside posterior intervals of each level. Above the diagonal the "
     "intervals are too wide, below too narrow.",
     CALIBRATION, "diagnostics/coverage/central", 1200, 884, rb_draw_coverage},
    {"expected_coverage", "Coverage of the whole posterior",
     "Left: the truth among the densest draws by the posterior's own log density. Right: TARP, the "
     "truth among the draws nearest to a reference that depends on the data.",
     CALIBRATION, "diagnostics/coverage/densest", 1200, 680, rb_draw_expected_coverage},
    {"local", "Local calibration",
     "Coverage of central intervals minus their level, for recordings without activity, with "
     "little "
     "and with much: errors that cancel over all recordings show here. "
     "Shaded: "
     "95% bands if calibrated.",
     CALIBRATION, "diagnostics/regime/central", 1200, 800, rb_draw_local},
    {"contraction", "z-score and contraction",
     "Each point is a data set. To the right: the data narrow the prior down; within the shaded "
     "rows: the truth lies within two posterior standard deviations of the mean. z-scores beyond 5 "
     "are drawn at 5.",
     CALIBRATION, "diagnostics/records/z_score", 1200, 800, rb_draw_contraction},
    {"baseline", "Network and baseline",
     "The network and ridge regression with a Gaussian of one covariance, on the same test sets: "
     "what the network adds. Higher is better for correlation and contraction (unless it is "
     "overconfidence), lower for NRMSE and calibration error.",
     RB_FROM_BASELINE_CALIBRATION, "diagnostics/nrmse", 1200, 884, rb_draw_baseline},
    {"posterior", "Posterior of the observation",
     "Kernel density of the posterior draws (Scott's bandwidth) with prior and, where it is known, "
     "the true value. After <code>refine</code> also the exact posterior and, if 20 draws are "
     "effective, the network's draws corrected by importance weights.",
     RB_FROM_POSTERIOR, "draws", 1200, 1050, rb_draw_posterior},
    {"pairs", "Pairs of parameters",
     "Posterior draws in every plane; upper right: correlation coefficients of the draws.",
     RB_FROM_POSTERIOR, "draws", 1200, 1200, rb_draw_pairs},
    {"refinement", "The network and the exact posterior",
     "Left: effective share of the network's draws as importance draws for the exact posterior; 1 "
     "if "
     "it is exact, and below 0.001 they cannot be corrected. Right: how many nats the network is "
     "from the exact posterior, by activity.",
     RB_FROM_EXACT, "summary/network_efficiency", 1200, 600, rb_draw_refinement},
    {"predictive", "Posterior predictive check: recordings",
     "Recordings simulated from posterior draws beside the observation: it should lie inside the "
     "band about nine times in ten.",
     RB_FROM_PREDICTIVE, "refused_draws", 1200, 600, rb_draw_predictive},
    {"statistics", "Posterior predictive check: statistics",
     "Statistics of the replicates and of the observation: a value at the edge of its histogram "
     "means that the model, or its posterior, misses something.",
     RB_FROM_PREDICTIVE, "percentile", 1200, 750, rb_draw_statistics},
    {"speed_up", "Speed-up",
     "How many times faster the same work is on more ranks. Dashed: a model fitted to the "
     "measured points, not a measurement.",
     RB_FROM_SCALING, "points/fastest", 1200, 884, rb_draw_speed_up},
    {"efficiency", "Efficiency",
     "Speed-up divided by the ranks (strong), and the time of one rank divided by that of many "
     "that have as much work each (weak). Open: more ranks than cores. Dashed: the model.",
     RB_FROM_SCALING, "points/fastest", 1200, 884, rb_draw_efficiency},
    {"parts", "Where the time goes",
     "Shares of the time of a rank, on average: computing, waiting for slower ranks, summing over "
     "ranks, files. w: work in proportion to the ranks; *: more ranks than cores.",
     RB_FROM_SCALING, "points/fastest", 1200, 884, rb_draw_parts},
};

_Static_assert(sizeof rb_figures / sizeof *rb_figures == RB_FIGURES, "one row per figure");
