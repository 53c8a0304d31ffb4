#!/usr/bin/env bash
# predict --recording: scores of posterior draws on sweeps that were not used, the page; what is refused.
. "$(dirname "$0")/lib.sh"
. "$RB_SOURCE_DIR/tests/io/xarray_python.sh"
tiny=$RB_SOURCE_DIR/inputs/tiny.cfg
fast=(--set training.simulations=32 --set training.validation=8 --set misspecification.simulations=0)
for stage in simulate train infer; do
  rheobase 1 $stage "$tiny" -o study "${fast[@]}" >out.txt 2>&1 || fail "$stage: $(tail -3 out.txt)"
done

# cell SHIFT [GAIN]: 600 ms of 0.2 ms under one current, with a spike of 2 ms every 23 ms, shifted.
cell() {
  awk -v shift="$1" -v gain="${2:-1}" 'BEGIN {
    print "time_ms,voltage_mV,current_pA"
    for (i = 0; i < 3000; ++i) {
      p = (i + shift) % 115
      noise = shift == 20 ? 13 * ((i * 7) % 3 - 1) : 0  # of the reading, 6% of the variance
      printf "%.1f,%.3f,%.1f\n", i / 5, p < 5 ? -50 + 18 * p : p < 10 ? 30 - 18 * (p - 5) : -60 + 8 * (p - 10) / 105, gain * (160 + 60 * sin(i / 37)) + noise
    }
  }'
}
for shift in 0 3 20; do cell $shift >cell$shift.csv; done
"$RB_PROGRAM" import cell0.csv cell3.csv cell20.csv -o cell.h5 >out.txt 2>err.txt || fail "import: $(cat err.txt)"
"$RB_PROGRAM" predict study --recording cell.h5 --sweeps 1 >out.txt 2>err.txt || fail "predict: $(cat err.txt)"
grep -q "^predict    sweep 1 of cell.h5: 20 draws, reliability [0-9.]* of 3 repeats" out.txt || fail "said: $(cat out.txt)"
cp study/prediction.h5 one_rank.h5
cell 3 1.04 >more.csv
"$RB_PROGRAM" import cell0.csv more.csv -o more.h5 >out.txt 2>err.txt || fail "import: $(cat err.txt)"
"$RB_PROGRAM" predict study --recording more.h5 --sweeps 0 --force >out.txt 2>err.txt || fail "predict: $(cat err.txt)"
grep -q "^predict    sweep 0 of more.h5: 20 draws, no repeats" out.txt || fail "a larger current is a repeat: $(cat out.txt)"
rheobase 2 predict study --recording cell.h5 --sweeps 1 --force 2>err.txt || fail "two ranks: $(cat err.txt)"
h5diff --exclude-path /provenance one_rank.h5 study/prediction.h5 || fail "not the same on two ranks"

echo "-- scores by their definitions"
cat >scores.py <<'END'
import numpy as np


def gamma(data, model, T, d=2.0):
    used, n = set(), 0
    for a in data:
        near = [j for j, b in enumerate(model) if abs(a - b) <= d + 1e-9 and j not in used]
        if near:
            used.add(near[0])
            n += 1
    chance = 2 * d * len(model) / T
    return (n - chance * len(data)) / (0.5 * (len(data) + len(model))) / (1 - chance) if chance < 1 else np.nan


def away(steps, dt, start, onsets):
    """The steps from start on that are not within -5..+10 ms of an onset."""
    kept = np.arange(steps) >= start / dt
    for t in onsets:
        kept[max(0, int(np.floor((t - 5) / dt))):int(np.ceil((t + 10) / dt))] = False
    return kept
END
"$python" - <<'END' || fail "the scores"
import h5py, numpy as np
from scores import away, gamma

with h5py.File("cell.h5") as r, h5py.File("study/prediction.h5") as p:
    dt, start, T = 0.2, 60.0, 540.0  # a tenth of the sweep is not scored
    trains = [g["onset_ms"][...] for g in r["sweeps"].values()]
    trains = [t[t >= start] for t in trains]
    assert p["sweep"][...].tolist() == [1] and p["repeats"][0] == 3
    reliability = np.mean([gamma(a, b, T) for i, a in enumerate(trains) for j, b in enumerate(trains) if i != j])
    assert abs(p["reliability"][0] - reliability) < 1e-12, (p["reliability"][0], reliability)
    runs = [np.flatnonzero(x) * dt for x in p["sweeps/0000/runs"]]
    runs = [x[x >= start] for x in runs]
    assert sum(map(len, runs)) > 40
    for k, x in enumerate(runs):
        assert abs(p["gamma"][0, k] - gamma(trains[1], x, T)) < 1e-12
        assert abs(p["rate"][0, k] - 1000 * len(x) / T) < 1e-9
    assert abs(p["recorded_rate"][0] - 1000 * len(trains[1]) / T) < 1e-9
    assert np.isnan(p["recorded_cv"][0]) or abs(p["recorded_cv"][0]) < 0.01 and abs(p["recorded_shortest_interval"][0] - 23) < 0.2
    # the potential: LIF without noise, reset where the recording has a spike
    names = [n.decode() for n in p["parameter"][...]]
    v, spike, current = r["sweeps/0001/voltage_mV"][...], r["sweeps/0001/spike"][...], r["sweeps/0001/current_pA"][...]
    for k in (0, 7):
        th = dict(zip(names, p["theta"][k]))
        x, left, path = v[0], 0, []
        for n in range(len(v)):
            if n > 0:
                x = th["V_reset"] if left > 0 else x + dt / th["tau_m"] * (th["E_L"] - x + current[n - 1] / th["g_L"])
                left = max(left - 1, 0)
            if spike[n]:
                x, left = th["V_reset"], 10
            path.append(x)
        keep = away(len(v), dt, start, r["sweeps/0001/onset_ms"][...])
        error = np.array(path)[keep] - v[keep]
        assert abs(p["rmse"][0, k] - np.sqrt(np.mean(error**2))) < 1e-9, (k, p["rmse"][0, k], np.sqrt(np.mean(error**2)))
        assert abs(p["explained"][0, k] - (1 - np.mean(error**2) / np.var(v[keep]))) < 1e-9
    assert p["theta"].shape == (20, 6) and np.all(np.isfinite(p["bits_per_spike"][...]))
END

echo "-- from the exact posterior's draws"
exact=(--set predictive.posterior=exact)
expect_failure 4 "exact.h5 cannot be opened: run .rheobase refine. first" 1 predict study --recording cell.h5 --sweeps 1 "${exact[@]}"
rheobase 1 refine study --set exact.datasets=0 --set exact.draws=200 --set exact.short_steps=30 --set exact.long_steps=128 \
  >out.txt 2>&1 || fail "refine: $(tail -3 out.txt)"
expect_failure 6 "prediction.h5 is of another study" 1 predict study --recording cell.h5 --sweeps 1 "${exact[@]}"
cp -r study refined
rheobase 1 predict refined --recording cell.h5 --sweeps 1 "${exact[@]}" --force >out.txt 2>&1 || fail "predict: $(tail -3 out.txt)"
"$python" - <<'END' || fail "other draws than the exact posterior's"
import h5py, numpy as np

def rows(x):
    return {tuple(r) for r in np.asarray(x, np.float32)}

with h5py.File("refined/prediction.h5") as p, h5py.File("refined/exact.h5", "r+") as e, h5py.File("one_rank.h5") as n:
    own, exact = rows(p["theta"][...]), rows(e["observation/draws"][...])
    assert len(own) > 5 and own <= exact and not rows(n["theta"][...]) & exact
    assert ("exact.h5 is not reliable" in open("out.txt").read()) == (e["observation/reliable"][()] == 0)
    e["observation/reliable"][...] = 0
END
rheobase 1 predict refined --recording cell.h5 --sweeps 1 "${exact[@]}" --force >out.txt 2>&1
grep -q "refined/exact.h5 is not reliable" out.txt || fail "not said: $(cat out.txt)"
rheobase 1 infer refined --set seed=5 --force >out.txt 2>&1 || fail "infer: $(tail -3 out.txt)"
rheobase 1 report refined >out.txt 2>err.txt || fail "report: $(cat err.txt)"
grep -q "exact.h5 is left out" err.txt && grep -q "prediction.h5 is left out" err.txt || fail "a stale exact posterior: $(cat err.txt)"
expect_failure 6 "exact.h5 was made from another posterior.h5 than is there: run .rheobase refine. again" 1 \
  predict refined --recording cell.h5 --sweeps 1 "${exact[@]}" --force
rheobase 1 predict refined --recording cell.h5 --sweeps 1 --force >out.txt 2>&1 || fail "without exact.h5: $(tail -3 out.txt)"
rheobase 1 train refined --set seed=6 --force >out.txt 2>&1 || fail "train: $(tail -3 out.txt)"
expect_failure 6 "posterior.h5 was made from another checkpoint.h5 than is there: run .rheobase infer. again" 2 \
  refine refined --set exact.datasets=0 --force

echo "-- a neuron that draws its spikes"
drawn=(--set training.simulations=64 --set training.validation=16 --set training.epochs=1 --set training.steps_per_epoch=4
  --set training.batch_size=16 --set training.micro_batch=16 --set training.passes=1 --set misspecification.simulations=0
  --set baseline.simulations=0 --set observation.draws=12 --set predictive.replicates=8 --set simulator.T_ms=200)
gif=$RB_SOURCE_DIR/inputs/recording_gif.cfg
for stage in simulate train; do
  rheobase 1 $stage "$gif" -o gif "${drawn[@]}" >out.txt 2>&1 || fail "gif, $stage: $(tail -3 out.txt)"
done
rheobase 1 infer "$gif" -o gif "${drawn[@]}" --recording cell.h5 --sweeps 0,2 >out.txt 2>&1 || fail "gif, infer: $(tail -3 out.txt)"
rheobase 1 predict gif --recording cell.h5 --sweeps 1 >out.txt 2>err.txt || fail "gif, predict: $(cat err.txt)"
cp gif/prediction.h5 drawn.h5
rheobase 2 predict gif --recording cell.h5 --sweeps 1 --force >out.txt 2>err.txt || fail "gif, two ranks: $(cat err.txt)"
h5diff --exclude-path /provenance drawn.h5 gif/prediction.h5 || fail "a neuron that draws its spikes predicts others on two ranks"
rheobase 1 predict gif --recording cell.h5 --sweeps 1 --set predictive.replicates=9 --force >out.txt 2>err.txt || fail "gif, nine: $(cat err.txt)"
"$python" - <<'END' || fail "predictions of a neuron that draws its spikes"
import h5py, numpy as np
from scores import away, gamma

dt, start, T = 0.2, 60.0, 540.0
with h5py.File("cell.h5") as r, h5py.File("drawn.h5") as p, h5py.File("gif/prediction.h5") as nine:
    data = r["sweeps/0001/onset_ms"][...]
    data = data[data >= start]
    noisy, noiseless, bits = (p[name][0] for name in ("gamma", "gamma_noiseless", "bits_per_spike"))
    runs = [np.flatnonzero(x) * dt for x in p["sweeps/0000/runs"]]
    runs = [x[x >= start] for x in runs]
    assert max(map(len, runs)) > 0 and len(runs) == len(p["theta"]) == 8
    assert all(abs(noisy[k] - gamma(data, x, T)) < 1e-12 for k, x in enumerate(runs) if 4 * len(x) < T)
    assert np.isfinite(noiseless).any() and (noisy != noiseless).any()
    assert np.isfinite(bits).all() and np.isfinite(p["rmse"][0]).all()
    # The potential and the log likelihood of each draw's neuron, with the recording's spikes imposed.
    names = [n.decode() for n in p["parameter"][...]]
    v, spike, mask, current = (r["sweeps/0001/" + n][...] for n in ("voltage_mV", "spike", "mask", "current_pA"))
    compared = away(len(v), dt, start, r["sweeps/0001/onset_ms"][...])
    counted = (np.arange(len(v)) >= start / dt) & ((mask == 0) | (spike == 1))
    for k, theta in enumerate(p["theta"][...]):
        th = dict(zip(names, theta))
        keep = {n: np.exp(-dt / th["tau_" + n]) for n in ("eta1", "eta2", "gamma1", "gamma2")}
        kernel = dict.fromkeys(keep, 0.0)
        x, held, path, expected = v[0], 0, [v[0]], [0.0]
        for n in range(1, len(v)):
            x += dt / th["C"] * (th["g_L"] * (th["E_L"] - x) - kernel["eta1"] - kernel["eta2"] + current[n - 1])
            x = min(max(x, -100), 100)
            kernel = {name: value * keep[name] for name, value in kernel.items()}
            expected.append(dt * np.exp((x - th["V_T"] - kernel["gamma1"] - kernel["gamma2"]) / th["D_V"]))
            if held > 0:
                x, held = th["V_r"], held - 1
            if spike[n]:
                x, held = th["V_r"], 9  # ten samples of 0.2 ms
                kernel = {name: value + th[name] for name, value in kernel.items()}
            path.append(x)
        error = (np.array(path) - v)[compared]
        assert abs(p["rmse"][0, k] - np.sqrt(np.mean(error**2))) < 1e-6, (k, p["rmse"][0, k], np.sqrt(np.mean(error**2)))
        x = np.clip(expected, 1e-12, 50)  # a spike that is sure does not count for more
        model = np.where(spike == 1, np.log(-np.expm1(-x)), -x)[counted].sum()
        N, rest = spike[counted].sum(), (spike[counted] == 0).sum()
        flat = N * np.log(N / (N + rest)) + rest * np.log(rest / (N + rest))
        wanted = (model - flat) / N / np.log(2)
        assert abs(bits[k] - wanted) < 1e-6 * abs(wanted), (k, bits[k], wanted)
    assert nine["gamma"].shape == (1, 9)
END

echo "-- the page says it first"
rheobase 1 report study >out.txt 2>err.txt || fail "report: $(cat err.txt)"
grep -q 'What speaks against the model' study/report.html && grep -q '<code>bits_per_spike</code>' study/report.html ||
  fail "the page"
! command -v gnuplot >/dev/null || [ -s study/figures/recording.png ] || fail "no figure"

echo "-- what is refused, and warned of"
refused() { # CODE TEXT ARGUMENT...
  local code=$1 text=$2
  shift 2
  expect_failure "$code" "$text" 1 predict "$@"
}
refused 6 "prediction.h5 is of another study" study --recording cell.h5 --sweeps 2
[ "$(awk '/^MemTotal/ {print int($2 / 1e6)}' /proc/meminfo)" -gt 150 ] ||
  refused 8 "predictive.replicates = 10000000 needs [.0-9e+]* GB of memory (for sweeps of 9000 steps|on one rank)" \
    study --recording cell.h5 --set predictive.replicates=10000000 --force
refused 2 "predict takes one --recording FILE" study --recording cell.h5 --recording one_rank.h5
refused 2 "--sweeps 7: give numbers" study --recording cell.h5 --sweeps 7 --force
refused 5 "one_rank.h5" study --recording one_rank.h5 --force
"$RB_PROGRAM" import cell0.csv --dt 0.4 --tref 3 -o coarse.h5 >out.txt 2>&1 || fail "import: $(cat out.txt)"
refused 5 "sweep 0 has steps of 0.4 ms and the model has 0.2" study --recording coarse.h5 --force
refused 4 "posterior.h5 cannot be opened: run .rheobase infer. first" "$tiny" -o new --recording cell.h5
refused 3 "predicts no recordings" "$RB_SOURCE_DIR/inputs/linear_gaussian.cfg" -o other --recording cell.h5
"$RB_PROGRAM" import cell0.csv cell3.csv --tref 3 -o long.h5 >out.txt 2>&1 || fail "import: $(cat out.txt)"
"$RB_PROGRAM" predict study --recording long.h5 --force >out.txt 2>err.txt || fail "predict: $(cat err.txt)"
[ "$(grep -c "spikes are blanked for 3 ms, and the model holds 2 ms after one" err.txt)" = 1 ] || fail "no warning: $(cat err.txt)"
exit 0
