"""Makes diagnostics.h5 from a larger file of the same form: fewer data sets, draws and replicates.

    python3 make_diagnostics.py LARGER.h5 diagnostics.h5        (numpy, scipy, h5py)

Every statistic is recomputed here with numpy and scipy. Run on the whole of a group (--check), the
functions give the larger file's own numbers, which come from BayesFlow 2.0.12.
"""
import sys

import h5py
import numpy as np
from scipy import stats

SIZES = {"calibrated": (121, 50), "biased": (60, 41), "overconfident": (40, 30)}
REPLICATES = 40


def gamma_of(below, n, z):
    lower = stats.binom.cdf(below, n, z)
    upper = 1 - stats.binom.cdf(below - 1, n, z)
    return 2 * np.min(np.minimum(lower, upper), axis=-1)


def ensemble(e, t, rng):
    n, s, d = e.shape
    out = {"estimates": e.astype(np.float32), "targets": t.astype(np.float32)}
    ranks = np.sum(e < t[:, None], axis=1)
    out["ranks"] = ranks.astype(np.int32)
    out["fractional_ranks"] = ranks / s
    histograms = [np.histogram(ranks[:, j], bins=10) for j in range(d)]
    out["histogram_counts"] = np.array([h[0] for h in histograms])
    out["histogram_edges"] = np.array([h[1] for h in histograms])
    out["binomial_interval_99"] = np.array(stats.binom.interval(0.99, n, 0.1))
    median = np.median(e, axis=1)
    out["median"] = median
    out["credible_interval_95"] = np.quantile(e, [0.025, 0.975], axis=1)
    out["correlation_r"] = np.array([np.corrcoef(t[:, j], median[:, j])[0, 1] for j in range(d)])
    rmse = np.sqrt(np.mean((e - t[:, None]) ** 2, axis=1))
    normalisers = {
        "None": 1.0,
        "mean": t.mean(0),
        "median": np.median(t, axis=0),
        "range": t.max(0) - t.min(0),
        "std": t.std(0),
        "iqr": np.percentile(t, 75, axis=0) - np.percentile(t, 25, axis=0),
    }
    for name, value in normalisers.items():
        out["rmse/" + name] = np.median(rmse / value, axis=0)
    prior = []
    for _ in range(50):
        error = t[rng.integers(0, n, (n, s))] - t[:, None, :]
        prior.append(np.median(rmse / np.median(np.sqrt(np.mean(error**2, 1)), axis=0), axis=0))
    out["rmse/prior_mean_of_50"] = np.mean(prior, axis=0)
    out["rmse/prior_sd_of_50"] = np.std(prior, axis=0)
    variance = t.var(axis=0, keepdims=True, ddof=1)
    contraction = np.clip(1 - e.var(axis=1, ddof=1) / variance, 0, 1)
    out["posterior_contraction"] = np.median(contraction, axis=0)
    out["posterior_z_score"] = np.median((e.mean(1) - t) / e.std(1, ddof=1), axis=0)
    alpha = np.linspace(0.005, 0.995, 20)
    low = np.quantile(e, (1 - alpha) / 2, axis=1)
    high = np.quantile(e, 1 - (1 - alpha) / 2, axis=1)
    out["coverage/alpha"] = alpha
    out["coverage/empirical"] = np.mean((low <= t) & (high >= t), axis=1)
    out["calibration_error"] = np.median(np.abs(out["coverage/empirical"] - alpha[:, None]), axis=0)
    z = np.arange(1, s + 2) / (s + 1)
    below = np.array([[np.sum(ranks[:, j] < i) for i in range(1, s + 2)] for j in range(d)])
    out["gamma"] = gamma_of(below, n, z)
    null = [gamma_of(np.sum(rng.uniform(size=n)[:, None] < z, axis=0), n, z) for _ in range(1000)]
    with np.errstate(divide="ignore"):
        out["log_gamma"] = np.log(out["gamma"] / np.quantile(null, 0.05))
    points = np.linspace(1e-5, 1 - 1e-5, min(n, 1000))
    null = [gamma_of(np.sum(rng.uniform(size=n)[:, None] <= points, axis=0), n, points)
            for _ in range(1000)]
    gamma = np.percentile(null, 5)
    out["ecdf/z"] = points
    out["ecdf/lower"] = stats.binom.ppf(gamma / 2, n, points) / n
    out["ecdf/upper"] = stats.binom.ppf(1 - gamma / 2, n, points) / n
    x = e[0, :, 0]
    bandwidth = s**-0.2 * x.std(ddof=1)
    grid = np.linspace(x.min() - 3 * bandwidth, x.max() + 3 * bandwidth, 200)
    out["kde/x"] = grid
    out["kde/density"] = stats.gaussian_kde(x)(grid)
    return out, bandwidth


def predictive(source, replicates):
    out = {k: source[k][()] for k in ("observed_spike_count", "observed_voltage", "V_th_draws")}
    voltage = source["replicated_voltage"][:replicates]
    out["replicated_voltage"] = voltage
    out["replicated_spike_count"] = source["replicated_spike_count"][:replicates]
    low, median, high = np.percentile(voltage.astype(np.float64), [5, 50, 95], axis=0)
    observed = out["observed_voltage"]
    out.update(band_5=low, band_median=median, band_95=high)
    out["voltage_coverage"] = np.mean((observed >= low) & (observed <= high))
    out["spike_count_percentile"] = np.mean(
        out["replicated_spike_count"] <= out["observed_spike_count"])
    below = observed < np.median(out["V_th_draws"])
    out["subthreshold_deviation_mV"] = np.mean(np.abs(observed[below] - median[below]))
    return out


def write(group, values):
    for name, value in values.items():
        value = np.asarray(value)
        options = {"compression": "gzip", "shuffle": True} if value.size > 100 else {}
        group.create_dataset(name, data=value, **options)


def check(source):
    random = ("prior", "log_gamma", "ecdf/lower", "ecdf/upper")
    for name in SIZES:
        group = source[name]
        e, t = (group[k][()].astype(np.float64) for k in ("estimates", "targets"))
        values, _ = ensemble(e, t, np.random.default_rng(1))
        for key, value in values.items():
            if not any(r in key for r in random):
                print(name, key, np.max(np.abs(value - group[key][()])))
    for key, value in predictive(source["ppc"], None).items():
        print("ppc", key, np.max(np.abs(value - source["ppc"][key][()])))


def main():
    with h5py.File(sys.argv[1]) as source:
        if sys.argv[2] == "--check":
            check(source)
            return
        rng = np.random.default_rng(2026)
        with h5py.File(sys.argv[2], "w") as target:
            for name, (n, s) in SIZES.items():
                e = source[name]["estimates"][:n, :s].astype(np.float64)
                t = source[name]["targets"][:n].astype(np.float64)
                values, bandwidth = ensemble(e, t, rng)
                write(target.create_group(name), values)
                target[name]["kde"].attrs["bandwidth"] = bandwidth
            write(target.create_group("ppc"), predictive(source["ppc"], REPLICATES))


if __name__ == "__main__":
    main()
