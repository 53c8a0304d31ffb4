#!/usr/bin/env bash
# A model whose current is a channel and whose spikes are masked: windows of sweeps are its recordings; a simulated
# cell with pasted spikes, written as NWB at another rate, scaled and shifted, is inferred as the direct path says.
. "$(dirname "$0")/lib.sh"
. "$RB_SOURCE_DIR/tests/io/xarray_python.sh"
sed '/^simulator/d' "$RB_SOURCE_DIR/inputs/tiny.cfg" >cell.cfg
cat >>cell.cfg <<'END'
model = "adaptive_lif";
simulator = { T_ms = 40.0; dt_ms = 0.2; tref_ms = 2.0; v0_mV = [-70.0, -50.0]; };
stimulus = ( { type = "ou"; mean = [0.0, 400.0]; sd = [15.0, 400.0]; tau = [0.5, 30.0]; } );
recording = { channels = ["voltage", "spikes", "current", "mask"]; };
data_set = { recordings = [5, 5]; shortest = 0.5; };
END
for stage in simulate train; do
  rheobase 2 $stage cell.cfg -o study --set misspecification.simulations=0 >out.txt 2>&1 || fail "$stage: $(tail -3 out.txt)"
done

"$python" - <<'END' || fail "writing the recordings"
import h5py, numpy as np

h, every, n = 0.1, 2, 1000  # the NWB's samples, of which two make a step
spike = [-44.8, -20.0, 10.0, 35.0, 25.0, 10.0, -5.0, -20.0, -35.0, -45.0, -52.0]
rng = np.random.default_rng(4)
with h5py.File("cell.nwb", "w") as f:
    f.attrs["nwb_version"] = "2.5.0"
    for sweep in range(2):
        current = np.repeat(180 + 140 * np.sin(np.arange(n) / (9 + sweep)) + rng.normal(0, 20, n), every)
        v, left, trace, onsets = -62.0, 0, [], []
        for k in range(n):
            v = -52.0 if left > 0 else v + 0.2 / 10 * (-62 - v) + 0.2 / 100 * current[every * k]
            left = max(left - 1, 0)
            if v >= -45:
                onsets.append(k)
                trace.append(-45.0)
                v, left = -52.0, 9
            else:
                trace.append(v)
        fine = np.interp(np.arange(n * every) * h, np.arange(n) * h * every, trace)
        for k in onsets:  # a spike of 1.1 ms begins at the step
            m = min(len(spike), n * every - every * k)
            fine[every * k:every * k + m] = spike[:m]
        assert len(onsets) > 5
        # direct: every step of the trace as it is, with the spikes' samples
        with open(f"direct{sweep}.csv", "w") as out:
            out.write("time_ms,voltage_mV,current_pA\n")
            for k in range(n):
                out.write(f"{k * 0.2:.1f},{fine[every * k]!r},{current[every * k]!r}\n")
        # in NWB: 11.5 mV of junction potential, scaled, with an offset; the current 3 samples early
        for group, kind, unit, data in (("acquisition", "CurrentClampSeries", "volts", (fine + 11.5) * 1e-3),
                                        ("stimulus/presentation", "CurrentClampStimulusSeries", "amperes", np.roll(current, -3) * 1e-12)):
            g = f.create_group(f"{group}/s{sweep}")
            g.attrs.update(neurodata_type=kind, namespace="core")
            scale, shift = (2e-3, -0.05) if unit == "volts" else (3e-12, 1e-11)
            d = g.create_dataset("data", data=(data - shift) / scale)
            d.attrs.update(conversion=scale, offset=shift, unit=unit)
            g.create_dataset("starting_time", data=10.0 * sweep).attrs["rate"] = 10000.0
            g.create_dataset("sweep_number", data=sweep)
            g.attrs["sweep_number"] = sweep
END
"$RB_PROGRAM" import direct0.csv direct1.csv -o direct.h5 >out.txt 2>err.txt || fail "import: $(cat err.txt)"
"$RB_PROGRAM" import cell.nwb --dt 0.2 --junction-potential 11.5 --delay 0.3 -o round.h5 >out.txt 2>err.txt || fail "import: $(cat err.txt)"
! grep -q "begins at" err.txt || fail "warned of pairs that begin together: $(cat err.txt)"
cp cell.nwb late.nwb
"$python" -c 'import h5py; h5py.File("late.nwb", "r+")["stimulus/presentation/s1/starting_time"][...] = 10.005' || fail "h5py"
"$RB_PROGRAM" import late.nwb -o late.h5 >out.txt 2>err.txt || fail "import: $(cat err.txt)"
[ "$(grep -c "s1: the potential begins at 10000 ms and its current of .*s1 at 10005 ms" err.txt)" = 1 ] || fail "no warning: $(cat err.txt)"
for which in direct round; do
  "$RB_PROGRAM" infer cell.cfg -o study --set misspecification.simulations=0 --recording $which.h5 --force >out.txt 2>err.txt ||
    fail "infer $which: $(cat err.txt)"
  cp study/posterior.h5 $which.posterior.h5
done
grep -q "^infer      round.h5, sweep 0: 3 windows, 0 to 120 of its 200 ms" out.txt &&
  grep -q "^infer      round.h5, sweep 1: 2 windows, 0 to 80 of its 200 ms" out.txt || fail "said: $(cat out.txt)"
"$python" - <<'END' || fail "the two paths"
import h5py, numpy as np
with h5py.File("direct.posterior.h5") as a, h5py.File("round.posterior.h5") as b, h5py.File("direct.h5") as r:
    mask = a["observation/mask"][...] > 0
    for name in ("spikes", "mask"):
        assert np.array_equal(a["observation/" + name][...], b["observation/" + name][...]), name
    assert a["observation/spikes"][...].sum() > 8 and mask.sum() > 80
    assert np.all(a["observation/voltage"][...][mask] == 0)
    # the first window of each sweep, then the second
    order = [(0, 0), (1, 0), (0, 1), (1, 1), (0, 2)]
    for k, (sweep, window) in enumerate(order):
        for name, column in (("current", "current_pA"), ("spikes", "spike")):
            want = r[f"sweeps/{sweep:04d}/{column}"][200 * window:200 * window + 200]
            assert np.allclose(a["observation/" + name][200 * k:200 * k + 200], want, atol=1e-4), (k, name)
    near = mask | np.roll(mask, -1)  # the step before an onset has part of the upstroke
    d = np.abs(a["observation/voltage"][...] - b["observation/voltage"][...]) * ~near
    assert d.max() < 0.1, (d.max(), d.argmax())  # the first sample is a mean over half a step

    inside = np.arange(1000) % 200 > 2  # the current before the first sample is not known
    assert np.allclose(a["observation/current"][...][inside], b["observation/current"][...][inside], atol=1e-3)
    assert np.all(np.abs(a["mean"][...] - b["mean"][...]) < 0.1 * a["sd"][...]), (a["mean"][...], b["mean"][...], a["sd"][...])
END

echo "-- windows that are shorter, or missing"
"$RB_PROGRAM" import direct0.csv --to 70 -o short.h5 -q 2>/dev/null || fail "import"
"$RB_PROGRAM" infer cell.cfg -o study --set misspecification.simulations=0 --recording short.h5 --force >out.txt 2>err.txt || fail "$(cat err.txt)"
"$python" - <<'END' || fail "padding"
import h5py, numpy as np
with h5py.File("study/posterior.h5") as p:
    g = {k: p["observation/" + k][...] for k in ("voltage", "spikes", "current", "mask")}
    assert np.all(g["mask"][350:] == 1) and not np.all(g["mask"][:350] == 1)
    for k in ("voltage", "spikes", "current"):
        assert np.all(g[k][350:] == 0) and np.any(g[k][:350] != 0), k
END
echo "-- what a mask hides is no part of the predictive check"
"$RB_PROGRAM" predict cell.cfg -o study >out.txt 2>err.txt || fail "predict: $(cat err.txt)"
"$python" - <<'END' || fail "coverage"
import h5py, numpy as np
with h5py.File("study/predictive.h5") as p:
    v, seen = p["observation/voltage"][...], p["observation/mask"][...] == 0
    low, high = p["voltage_low"][...], p["voltage_high"][...]
    inside = (v >= low) & (v <= high)
    assert 100 < seen.sum() < 350 and np.all(high[seen][np.isfinite(high[seen])] < -20), high[seen].max()
    seen &= np.isfinite(low)
    assert abs(p["voltage_coverage"][()] - inside[seen].mean()) < 1e-12, (p["voltage_coverage"][()], inside[seen].mean())
END
"$RB_PROGRAM" import direct0.csv --to 15 -o shorter.h5 -q 2>/dev/null || fail "import"
expect_failure 5 "sweep 0 lasts 15 ms, too short for the model's 40 ms" 1 infer cell.cfg -o study --recording shorter.h5 --force

echo "-- predicted beyond what was used"
"$RB_PROGRAM" infer cell.cfg -o study --set misspecification.simulations=0 --recording direct.h5 --sweeps 0 --force >out.txt 2>&1 || fail "infer"
"$RB_PROGRAM" predict study --recording direct.h5 --sweeps 1 >out.txt 2>err.txt || fail "predict: $(cat err.txt)"
"$python" - <<'END' || fail "prediction"
import h5py, numpy as np
with h5py.File("study/prediction.h5") as p, h5py.File("direct.h5") as r:
    names = [n.decode() for n in p["parameter"][...]]
    g = r["sweeps/0001"]
    v, spike, current = g["voltage_mV"][...], g["spike"][...], g["current_pA"][...]
    dt, paths = 0.2, []
    for row in p["theta"]:
        th = dict(zip(names, row))
        x, w, left, path = min(v[0], th["V_th"]), 0.0, 0, []
        for n in range(len(v)):
            if n > 0:
                moved = x + dt / th["tau_m"] * (th["E_L"] - x) + dt / th["C"] * (current[n - 1] - w)
                x, left = (th["V_reset"], left - 1) if left > 0 else (moved, 0)
                w *= np.exp(-dt / th["tau_w"])
            if spike[n]:
                x, w, left = th["V_reset"], w + th["b"], 9
            path.append(x)
        paths.append(path)
    assert len(paths) > 5
    q = p["sweeps/0000"]
    for name, level in (("low", 0.05), ("median", 0.5), ("high", 0.95)):
        error = np.abs(np.quantile(paths, level, axis=0) - q[name][...])
        assert error.max() < 1e-3, (name, error.max(), error.argmax())
    assert np.all(np.isfinite(p["bits_per_spike"][...]))
END
exit 0
