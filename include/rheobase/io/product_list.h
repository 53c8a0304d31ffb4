/* The files of a study, one line each: name, stage that writes it, file, schema and its version,
 * which a change of what the file holds raises. What a file is made from comes before it. */
RB_PRODUCT(SIMULATIONS, "simulate", "simulations.h5", "simulations", 1)
RB_PRODUCT(CHECKPOINT, "train", "checkpoint.h5", "checkpoint", 3)
RB_PRODUCT(BASELINE, "baseline", "baseline.h5", "baseline", 1)
RB_PRODUCT(CALIBRATION, "calibrate", "calibration.h5", "calibration", 2)
RB_PRODUCT(BASELINE_CALIBRATION, "baseline", "baseline_calibration.h5", "calibration", 2)
RB_PRODUCT(POSTERIOR, "infer", "posterior.h5", "posterior", 1)
RB_PRODUCT(CELLS, "infer", "cells.h5", "cells", 2)
RB_PRODUCT(PREDICTIVE, "predict", "predictive.h5", "predictive", 2)
RB_PRODUCT(EXACT, "refine", "exact.h5", "exact", 2)
RB_PRODUCT(PREDICTION, "predict", "prediction.h5", "prediction", 2)
RB_PRODUCT(SCALING, "scale", "scaling.h5", "scaling", 2)
