#!/usr/bin/env bash
# import: from files to recording.h5, on one and two ranks; the list, windows, corrections, the figure; what is refused.
. "$(dirname "$0")/lib.sh"
. "$RB_SOURCE_DIR/tests/io/xarray_python.sh"

# refused CODE TEXT ARGUMENT...: as expect_failure, on one rank without mpirun.
refused() {
  local code=$1 text=$2 got
  shift 2
  "$RB_PROGRAM" import "$@" >out.txt 2>err.txt
  got=$?
  [ "$(wc -l <err.txt)" = 1 ] && grep -Eq "^rheobase: error: .*($text)" err.txt && [ $got = "$code" ] ||
    fail "$*: '$text' expected and exit code $code, got $got: $(cat err.txt)"
}
# trace BIAS: 1000 samples of 0.1 ms with a spike of 2 ms every 20 ms from 10 ms on.
trace() {
  awk -v bias="$1" 'BEGIN {
    print "time_ms,voltage_mV,current_pA"
    for (i = 0; i < 1000; ++i) {
      p = (i + 100) % 200
      printf "%.1f,%.3f,%d\n", i / 10, p < 10 ? -60 + 9 * p : p < 20 ? 30 - 9 * (p - 10) : -60 + bias + i % 2 / 5, i
    }
  }'
}
trace 0 >one.csv
trace 1 >two.csv
"$RB_PROGRAM" import one.csv two.csv -o recording.h5 >out.txt 2>err.txt || fail "import: $(cat err.txt)"
grep -q '^wrote recording.h5: 2 sweeps' out.txt && grep -q '^wrote recording.png' out.txt || fail "said: $(cat out.txt)"
[ -s recording.png ] && [ -s recording.gp ] || fail "no figure"
[ ! -s err.txt ] || fail "warned of nothing: $(cat err.txt)"
rheobase 2 import one.csv two.csv -o again.h5 || fail "two ranks"
h5diff --exclude-path /provenance recording.h5 again.h5 || fail "not the same on two ranks"

echo "-- what is in the file"
"$python" - <<'END' || fail "the file"
import hashlib
import h5py, numpy as np, xarray
with h5py.File("recording.h5") as f:
    assert f.attrs["schema"] == b"recording" and f.attrs["schema_version"] == 1
    assert list(f["sweeps"]) == ["0000", "0001"]
    for name, source in (("0000", "one.csv"), ("0001", "two.csv")):
        g = f["sweeps/" + name]
        a = dict(g.attrs)
        assert a["source"] == source and a["kind"] == "text" and a["sweep"] == "sweep 0" and a["current_source"] == "column", a
        assert a["source_sha256"] == hashlib.sha256(open(source, "rb").read()).hexdigest()
        assert a["dt_ms"] == a["native_interval_ms"] == 0.1 and a["start_ms"] == a["window_start_ms"] == 0
        assert (a["threshold_mV"], a["rearm_mV"], a["dead_ms"], a["onset_slope_mV_per_ms"], a["tref_ms"]) == (-10, 5, 1, 10, 2)
        assert a["junction_potential_mV"] == a["series_resistance_MOhm"] == a["current_offset_pA"] == a["delay_ms"] == 0
        assert list(a["warnings"]) == []
        for array in g.values():
            assert array.attrs["units"] and array.attrs["long_name"]
x = xarray.open_dataset("recording.h5", engine="h5netcdf", group="sweeps/0001")
assert x.voltage_mV.dtype == float and x.spike.dtype == x.mask.dtype == np.uint8 and x.spike_number.dtype == np.int64
assert x.voltage_mV.sizes == {"time_ms": 1000} and x.onset_ms.sizes == {"spike_number": 5}
assert np.allclose(x.onset_ms, np.arange(5) * 20 + 10) and np.allclose(x.crossing_ms, x.onset_ms + 0.6), x.crossing_ms
assert np.flatnonzero(x.spike.values).tolist() == list(range(100, 1000, 200)) and x.mask.sum() == 5 * 21
assert np.allclose(x.time_ms, np.arange(1000) * 0.1) and np.allclose(x.current_pA, np.arange(1000))
END

echo "-- sweeps, a window, another step, corrections"
rheobase 1 import one.csv two.csv -o part.h5 --sweeps 1 --from 9 --to 31 --dt 0.2 --tref 4 --junction-potential -10 \
  --series-resistance 1,2,3 --current-offset 7 --delay 0.2 --threshold -20 || fail "part"
"$python" - <<'END' || fail "the part"
import h5py, numpy as np
with h5py.File("part.h5") as f:
    g = f["sweeps/0000"]
    a = dict(g.attrs)
    assert len(f["sweeps"]) == 1 and a["source"] == "two.csv" and g["voltage_mV"].shape == (110,) and a["window_start_ms"] == 9
    assert (a["tref_ms"], a["junction_potential_mV"], a["series_resistance_MOhm"], a["current_offset_pA"], a["delay_ms"], a["threshold_mV"],
            a["dt_ms"]) == (4, -10, 6, 7, 0.2, -20, 0.2), a
    assert (a["series_resistance_next_MOhm"], a["series_resistance_last_MOhm"]) == (1, 3)
    i = 90 - 2 + np.arange(220) + 7.0  # samples from 9 ms on, 0.2 ms later, with the offset
    assert np.allclose(g["current_pA"], i.reshape(-1, 2).mean(1))
    assert np.allclose(g["onset_ms"], [1, 21]) and g["mask"][:].sum() == 21 + 5
    still = 60  # between spikes; the drop of a current that rises by 1 pA a sample: (I+1) 1 + I 2 + (I-1) 3
    assert np.isclose(g["voltage_mV"][still], -59 + 0.1 + 10 - 1e-3 * (6 * (90 + 2 * still + 5) - 2)), g["voltage_mV"][still]
END

echo "-- the electrode, of a recording under weak noise"
"$python" - <<'END' || fail "weak noise"
import numpy as np
rng = np.random.default_rng(1)
def write(name, sd, n, spike):
    i = np.zeros(n)
    for k in range(1, n):
        i[k] = 0.95 * i[k - 1] + sd * rng.normal()
    v, membrane = np.zeros(n), -65.0
    for k in range(n):
        v[k] = membrane
        membrane += 0.1 / 100 * (i[k] - 8 * (membrane + 65))
    clean = v.copy()
    v += np.convolve(i, [0, 0, 4, 2, 1, 0.5])[:n] * 1e-3 + rng.normal(0, 0.02, n)
    clean[spike:spike + 20] = v[spike:spike + 20] = 20
    np.savetxt(name, np.c_[v, i, clean], delimiter=",", header="voltage_mV,current_pA,clean", comments="")
write("weak.csv", 15, 20000, 20000)
write("strong.csv", 100, 3000, 1500)
END
"$RB_PROGRAM" import weak.csv --interval-ms 0.1 -o weak.h5 >out.txt 2>&1 || fail "weak: $(cat out.txt)"
"$RB_PROGRAM" import strong.csv --interval-ms 0.1 --electrode weak.h5 -o strong.h5 >out.txt 2>&1 || fail "strong: $(cat out.txt)"
grep -Eq '^electrode 7\.[0-9]* MOhm within 5 ms; beside it a membrane of 1[23][0-9.]* MOhm and 1[23][0-9.]* ms \(R\^2 0\.9' out.txt || fail "said: $(cat out.txt)"
"$python" - <<'END' || fail "the electrode"
import h5py, numpy as np
v, i, clean = np.loadtxt("strong.csv", delimiter=",", skiprows=1).T
g = h5py.File("strong.h5")["sweeps/0000"]
away = np.abs(np.arange(3000) - 1510) > 20
assert np.std((g["voltage_mV"][...] - clean)[away]) < 0.2 * np.std((v - clean)[away])
assert g.attrs["electrode"] == "weak.h5" and abs(g.attrs["series_resistance_MOhm"] - 7.5) < 0.5
assert h5py.File("weak.h5")["sweeps/0000"].attrs["electrode"] == ""
END
refused 2 'two ways to say the same' strong.csv --interval-ms 0.1 --electrode weak.h5 --series-resistance 3 -o x.h5
refused 2 'strong.csv: sweep 0 has a sample every 0.2 ms and the recording of --electrode one every 0.1 ms' \
  strong.csv --interval-ms 0.2 --electrode weak.h5 -o x.h5
# with the current where it was, the samples as they were, and the electrode in the potential
"$RB_PROGRAM" import weak.csv --interval-ms 0.1 --delay 0.2 -o shifted.h5 >out.txt 2>&1 || fail "weak: $(cat out.txt)"
"$RB_PROGRAM" import weak.csv --interval-ms 0.1 --dt 0.2 -o averaged.h5 >out.txt 2>&1 || fail "weak: $(cat out.txt)"
refused 2 'strong.csv: sweep 0: the current is shifted by 0 ms and in the recording of --electrode by 0.2 ms: import both with the same --delay' \
  strong.csv --interval-ms 0.1 --electrode shifted.h5 -o x.h5
refused 2 'the current is shifted by 0.1 ms and in the recording of --electrode by 0 ms' \
  strong.csv --interval-ms 0.1 --electrode weak.h5 --delay 0.1 -o x.h5
"$RB_PROGRAM" import strong.csv --interval-ms 0.1 --electrode shifted.h5 --delay 0.2 -o strong.h5 >out.txt 2>&1 || fail "both shifted: $(cat out.txt)"
for interval in 0.1 0.2; do
  refused 7 '--electrode averaged.h5: sweep 0 has steps that are not its samples: import it without --dt' \
    strong.csv --interval-ms $interval --electrode averaged.h5 -o x.h5
done
PYTHONPATH=$RB_SOURCE_DIR/tests/io PYTHONDONTWRITEBYTECODE=1 "$python" - <<'END' || fail "a balanced bridge"
import numpy as np
from recording_files import nwb, series
for name in ("weak", "strong"):
    v, i = np.loadtxt(name + ".csv", delimiter=",", skiprows=1).T[:2]
    with nwb(name + ".nwb") as f:
        series(f, "acquisition/a1", "CurrentClampSeries", v, "mV", rate=1e4, scalars={"bridge_balance": 12e6})
        series(f, "stimulus/presentation/a1", "CurrentClampStimulusSeries", i, "pA", rate=1e4)
END
"$RB_PROGRAM" import weak.nwb -o balanced.h5 >out.txt 2>&1 || fail "balanced: $(cat out.txt)"
"$python" -c "
import h5py
assert [h5py.File(f)['sweeps/0000'].attrs['bridge_balance_MOhm'] for f in ('balanced.h5', 'weak.h5')] == [12, 0]" || fail "the balanced bridge"
refused 7 '--electrode balanced.h5: sweep 0 was recorded with the bridge balanced' strong.csv --interval-ms 0.1 --electrode balanced.h5 -o x.h5
"$RB_PROGRAM" import strong.nwb --interval-ms 0.2 --electrode weak.h5 -o unused.h5 >out.txt 2>&1 && grep -q '12 MOhm of series resistance were balanced' out.txt ||
  fail "a kernel that is not used: $(cat out.txt)"
refused 7 '--electrode recording.h5: sweep 0 is shorter than 1200 ms' one.csv --electrode recording.h5 -o x.h5
refused 4 'nowhere.h5' one.csv --electrode nowhere.h5 -o x.h5
refused 5 'weak.csv' one.csv --electrode weak.csv -o x.h5

echo "-- an estimate from sweeps of which the amplifier balanced some"
PYTHONPATH=$RB_SOURCE_DIR/tests/io PYTHONDONTWRITEBYTECODE=1 "$python" - <<'END' || fail "mixed sweeps"
import numpy as np
from recording_files import nwb, series
current = 100 * np.random.default_rng(1).standard_normal((2, 20000))
with nwb("mixed.nwb") as f:
    for k, balanced in enumerate((False, True)):
        v = np.zeros(20000)
        for n in range(1, 20000):  # 100 pF and 10 nS
            v[n] = v[n - 1] + 0.1 * (-10 * v[n - 1] + current[k, n - 1]) / 100
        v += -60 + (not balanced) * 0.015 * current[k]
        series(f, "acquisition/a%d" % k, "CurrentClampSeries", v, "mV", rate=1e4, scalars={"bridge_balance": 15e6} if balanced else {})
        series(f, "stimulus/presentation/a%d" % k, "CurrentClampStimulusSeries", current[k], "pA", rate=1e4)
END
"$RB_PROGRAM" import mixed.nwb --series-resistance estimate -o mixed.h5 >out.txt 2>&1 && grep -Eq '^series resistance (14.9|15)' out.txt ||
  fail "an estimate from mixed sweeps: $(cat out.txt)"
"$RB_PROGRAM" import mixed.nwb --sweeps 1 --series-resistance estimate -o mixed.h5 >out.txt 2>&1 &&
  grep -q 'balanced in all sweeps: no series resistance is estimated' out.txt || fail "an estimate from balanced sweeps: $(cat out.txt)"

echo "-- a sweep that cannot be used leaves the others"
PYTHONPATH=$RB_SOURCE_DIR/tests/io PYTHONDONTWRITEBYTECODE=1 "$python" - <<'END' || fail "a damaged sweep"
import numpy as np
from recording_files import nwb, series
with nwb("damaged.nwb") as f:
    for k in range(3):
        v = -60 + np.sin(np.arange(100) + k)
        v[50:51] = np.nan if k == 1 else 0
        series(f, "acquisition/a%d" % k, "CurrentClampSeries", v, "mV", rate=1e4)
        series(f, "stimulus/presentation/a%d" % k, "CurrentClampStimulusSeries", np.arange(100.0), "pA", rate=1e4)
END
"$RB_PROGRAM" import damaged.nwb --list >out.txt 2>&1 && grep -q '^ *sample 50 of the potential is not a number$' out.txt || fail "the list of a damaged sweep: $(cat out.txt)"
refused 5 'damaged.nwb: a1: sample 50 of the potential is not a number; --sweeps chooses others' damaged.nwb -o x.h5
"$RB_PROGRAM" import damaged.nwb --sweeps 0,2 -o others.h5 >out.txt 2>&1 || fail "the other sweeps: $(cat out.txt)"

echo "-- the list"
"$RB_PROGRAM" import one.csv two.csv --list >out.txt 2>err.txt || fail "list: $(cat err.txt)"
grep -Eq '^ +1 +sweep 0 +100 +0.1 +-60.00..30.00 +0.00..999.00 +5 +two.csv$' out.txt || fail "list: $(cat out.txt)"
[ "$(wc -l <out.txt)" = 3 ] || fail "list: $(cat out.txt)"
"$RB_PROGRAM" import one.csv two.csv --list --sweeps 1 >out.txt 2>err.txt || fail "list: $(cat err.txt)"
grep -Eq '^ +1 +sweep 0 .* two.csv$' out.txt || fail "a chosen sweep keeps its number: $(cat out.txt)"
cut -d, -f1,2 one.csv >potential.csv
"$RB_PROGRAM" import potential.csv --list >out.txt 2>err.txt && grep -q ' -60.00..30.00 *- ' out.txt || fail "without a current: $(cat out.txt err.txt)"
refused 5 'potential.csv: sweep 0 has no current: no column is in amperes' potential.csv -o x.h5

echo "-- warnings are told once, and kept"
sed 's/,[0-9]*$/,0/' one.csv >zero.csv
"$RB_PROGRAM" import zero.csv zero.csv -o zero.h5 --quiet 2>err.txt || fail "zero: $(cat err.txt)"
[ "$(cat err.txt)" = "rheobase: warning: zero.csv: sweep 0: the current is 0 in all sweeps
rheobase: warning: zero.csv: sweep 0: the file's bytes are those of another one given" ] || fail "zero: $(cat err.txt)"
"$python" -c "
import h5py
zero, twice = ['the current is 0 in all sweeps'], [\"the file's bytes are those of another one given\"]
assert [list(g.attrs['warnings']) for g in h5py.File('zero.h5')['sweeps'].values()] == [zero, twice + zero]" || fail "the warnings of the file"

"$RB_PROGRAM" import one.csv -o late.h5 --to 150 --delay 0.26 --quiet 2>err.txt || fail "late: $(cat err.txt)"
grep -q 'the sweep ends at 100 ms, before --to 150' err.txt || fail "a window beyond the end: $(cat err.txt)"
grep -q 'delay of 0.26 ms is not whole samples: the current is shifted by 0.3 ms' err.txt || fail "a part of a sample: $(cat err.txt)"
"$python" -c "
import h5py, numpy as np
g = h5py.File('late.h5')['sweeps/0000']
assert np.isclose(g.attrs['delay_ms'], 0.3) and g['current_pA'][10] == 7 and len(g['time_ms']) == 1000" || fail "the delay"

"$RB_PROGRAM" import one.csv -o close.h5 --tref 25 --from 50 --to 80 --quiet 2>err.txt || fail "close: $(cat err.txt)"
grep -q '2 spikes in the steps that another one blanks, 25 ms after it' err.txt || fail "spikes of the window: $(cat err.txt)"

echo "-- names: of the figure, and ones that are no UTF-8"
cp one.csv $'n\xe4me.csv'
for name in 'cell 1' 'cell 2' $'z\xe4' -cell; do
  "$RB_PROGRAM" import $'n\xe4me.csv' -o "$name.h5" --quiet 2>err.txt || fail "$name: $(cat err.txt)"
done
[ -s cell_1.png ] && [ -s cell_2.png ] && [ -s z_.png ] && [ -s _cell.png ] || fail "a figure for each name: $(ls)"
"$python" -c "
import h5py
assert h5py.File('cell 1.h5')['sweeps/0000'].attrs['source'] == 'n?me.csv'" || fail "a name that is no UTF-8"

echo "-- what is refused"
expect_failure 2 'say where to write, -o recording.h5, or --list' 2 import one.csv
refused 2 'would replace a recording that is read' one.csv recording.h5 -o ./recording.h5
refused 2 'would replace a recording that is read' one.csv --electrode recording.h5 -o ./recording.h5
mkfifo pipe.h5
refused 2 '-o pipe.h5 is there and is no file' one.csv -o pipe.h5
[ -p pipe.h5 ] || fail "a pipe was replaced"
refused 2 '--sweeps 0,2: give numbers and ranges of the sweeps 0 to 1' one.csv two.csv -o x.h5 --sweeps 0,2
refused 2 'there are 0 steps of 0.1 ms' one.csv -o x.h5 --from 100
refused 2 'the window ends before it begins' one.csv -o x.h5 --from 20 --to 10
refused 2 '--delay 100 is longer than its 100 ms' one.csv -o x.h5 --delay 100
refused 2 'the figure beside it would have that name' one.csv -o x.png
refused 2 'the figure beside it would have that name' one.csv -o x.gp
refused 2 '--dt 0: give a number in ms above 0' one.csv -o x.h5 --dt 0
refused 2 '--series-resistance 1,2: give one number in MOhm, or three' one.csv -o x.h5 --series-resistance 1,2
refused 7 'cannot be estimated: the current does not change within 1 ms' one.csv -o x.h5 --series-resistance estimate
refused 2 'has no channel Im in amperes' one.csv -o x.h5 --current Im
expect_failure 4 'nowhere.csv: cannot be read' 2 import one.csv nowhere.csv -o x.h5
refused 4 'nowhere/x.h5' one.csv -o nowhere/x.h5
refused 2 'import takes no option --observation' one.csv -o x.h5 --observation one.csv
gzip -nc "$RB_TEST_DATA/lif.h5" | tail -c +1000 | head -c 1000 >noise
refused 5 'noise' noise -o x.h5
[ ! -e x.h5 ] && [ ! -e x.h5.tmp ] && [ ! -e x.png ] || fail "something was left: $(ls)"
exit 0
