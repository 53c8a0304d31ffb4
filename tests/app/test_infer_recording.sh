#!/usr/bin/env bash
# infer --recording: sweeps of a recording.h5 as a data set of the model, as docs/recordings.md says; what is refused.
. "$(dirname "$0")/lib.sh"
. "$RB_SOURCE_DIR/tests/io/xarray_python.sh"
tiny=$RB_SOURCE_DIR/inputs/tiny.cfg
fast=(--set training.simulations=32 --set training.validation=8 --set misspecification.simulations=0)
for stage in simulate train; do
  rheobase 1 $stage "$tiny" -o study "${fast[@]}" >out.txt 2>&1 || fail "$stage: $(tail -3 out.txt)"
done

# trace SAMPLES STEP: a potential that wanders below -10 mV, and a current.
trace() {
  awk -v samples="$1" -v step="$2" 'BEGIN {
    print "time_ms,voltage_mV,current_pA"
    for (i = 0; i < samples; ++i) printf "%.1f,%.1f,%d\n", i * step, -65 + i % 7, 199 + i % 3
  }'
}
import() { # OUT FILE... [OPTION...]
  local out=$1
  shift
  "$RB_PROGRAM" import "$@" -o "$out" >out.txt 2>err.txt || fail "import $*: $(cat err.txt)"
}
refused() { # CODE TEXT OPTION...
  local code=$1 text=$2
  shift 2
  expect_failure "$code" "$text" 1 infer "$tiny" -o study "${fast[@]}" --force "$@"
}
trace 100 0.2 >good.csv
trace 300 0.2 >long.csv
trace 50 0.2 >short.csv
trace 200 0.1 >fine.csv
import one.h5 good.csv
sed "s/-65/-66/" good.csv >other.csv
import several.h5 long.csv good.csv short.csv other.csv
import fine.h5 fine.csv

echo "-- one sweep, as an observation of the same numbers"
awk -F, -v OFS=, '{ $3 = NR == 1 ? "spike" : 0; print }' good.csv >observation.csv
rheobase 1 infer "$tiny" -o study "${fast[@]}" --observation observation.csv || fail "--observation"
cp study/posterior.h5 direct.h5
"$RB_PROGRAM" infer "$tiny" -o study "${fast[@]}" --recording one.h5 --force >out.txt 2>err.txt || fail "infer: $(cat err.txt)"
grep -q "^infer      one.h5, sweep 0: 1 window, 0 to 20 of its 20 ms" out.txt || fail "said: $(cat out.txt)"
[ "$(grep -c 'one.h5, sweep 0' out.txt)" = 1 ] || fail "said twice: $(cat out.txt)"
h5diff direct.h5 study/posterior.h5 /draws || fail "another posterior than of the same numbers"
h5diff direct.h5 study/posterior.h5 /observation/voltage || fail "another observation"
cp study/posterior.h5 one_rank.h5
rheobase 2 infer "$tiny" -o study "${fast[@]}" --recording one.h5 --force || fail "two ranks"
h5diff --exclude-path /provenance one_rank.h5 study/posterior.h5 || fail "not the same on two ranks"

echo "-- which sweep a posterior is of"
rheobase 1 infer "$tiny" -o study "${fast[@]}" --recording several.h5 --sweeps 1 --force || fail "--sweeps"
h5diff direct.h5 study/posterior.h5 /draws || fail "sweep 1 is the same trace"
expect_failure 6 "it is of the observation several.h5 .sweeps 1., not of several.h5 .sweeps 3.; use" 1 infer "$tiny" -o study "${fast[@]}" --recording several.h5 --sweeps 3
expect_failure 6 "and none is given now: give .*several.h5" 1 infer "$tiny" -o study "${fast[@]}"

echo "-- a current that is not the one the model injects"
awk -F, -v OFS=, 'NR > 1 { $3 += 25 } 1' good.csv >more.csv
awk -F, -v OFS=, 'NR > 1 { $3 -= 100 } 1' good.csv >less.csv
import more.h5 more.csv
import less.h5 less.csv
"$RB_PROGRAM" infer "$tiny" -o study "${fast[@]}" --recording more.h5 --force >out.txt 2>err.txt || fail "infer: $(cat err.txt)"
grep -q "warning: more.h5, sweep 0: its current and the one that the model injects are 25 pA apart, where that has 200" err.txt ||
  fail "no warning: $(cat err.txt)"
rheobase 1 infer "$tiny" -o study "${fast[@]}" --recording one.h5 --force 2>err.txt || fail "infer"
! grep -q "apart" err.txt || fail "warned: $(cat err.txt)"
refused 3 "less.h5: sweep 0 was given another current than the model injects .100 pA apart, where that has 200." --recording less.h5

echo "-- what is refused"
refused 3 "several.h5: has 4 sweeps where a data set of the model has 1: choose some with --sweeps" --recording several.h5
refused 5 "sweep 0 lasts 60 ms, and the model, whose stimulus is always the same, 20: import that window" \
  --recording several.h5 --sweeps 0
refused 5 "sweep 2 lasts 10 ms, and the model" --recording several.h5 --sweeps 2
refused 5 "fine.h5: sweep 0 has steps of 0.1 ms and the model has 0.2: import it again with --dt 0.2" --recording fine.h5
refused 2 "--sweeps 4: give numbers and ranges of the sweeps 0 to 3" --recording several.h5 --sweeps 4
refused 2 "--sweeps 0,0: sweep 0 is there twice" --recording several.h5 --sweeps 0,0
refused 2 "--sweeps is of the recording of --recording FILE" --sweeps 0
refused 2 "not both" --recording one.h5 --observation observation.csv
refused 4 "nowhere.h5" --recording nowhere.h5
refused 5 "observation.csv" --recording observation.csv
refused 5 "posterior.h5" --recording study/posterior.h5
cp one.h5 far.h5
cp one.h5 high.h5
"$python" - <<'END' || fail "h5py"
import h5py
with h5py.File("far.h5", "r+") as f:
    s = f["sweeps/0000"]
    for name in ("spike_number", "onset_ms", "crossing_ms"):
        attributes = dict(s[name].attrs)
        del s[name]
        s[name] = [1e300] if name != "spike_number" else [0]
        s[name].attrs["units"] = attributes["units"]
with h5py.File("high.h5", "r+") as f:
    s = f["sweeps/0000"]
    values = s["voltage_mV"][:].astype("f8")
    values[3] = 1e39
    del s["voltage_mV"]
    s["voltage_mV"] = values
END
refused 5 "high.h5: sweeps/0000/voltage_mV is 1e.39 at step 3: beyond all recordings" --recording high.h5
refused 5 "far.h5: sweeps/0000/onset_ms: spike 0 at 1e.300 ms is not in the sweep" --recording far.h5
head -c 20000 several.h5 >cut.h5
refused 5 "cut.h5" --recording cut.h5

echo "-- several cells: a row each, and the sweeps that were not used predicted"
fast[5]=misspecification.simulations=200
several=(--recording several.h5 --recording pair.h5 --sweeps 1)
import pair.h5 other.csv good.csv
"$RB_PROGRAM" infer "$tiny" -o study "${fast[@]}" "${several[@]}" >out.txt 2>err.txt || fail "cells: $(cat err.txt)"
grep -q "2 cells: study/cells.csv" out.txt || fail "said: $(cat out.txt)"
cp study/cells.h5 one_rank.h5
rheobase 2 infer "$tiny" -o study "${fast[@]}" "${several[@]}" --force 2>/dev/null || fail "cells on two ranks"
h5diff --exclude-path /provenance one_rank.h5 study/cells.h5 || fail "cells are not the same on two ranks"
rheobase 1 infer "$tiny" -o study "${fast[@]}" --recording several.h5 --sweeps 1 --force 2>/dev/null || fail "infer"
"$python" - <<'END' || fail "the table"
import csv
import h5py, numpy as np

with h5py.File("study/cells.h5") as c, h5py.File("study/posterior.h5") as p:
    assert [n.decode() for n in c["cell"][...]] == ["several.h5", "pair.h5"]
    assert np.array_equal(c["draws"][0], p["draws"][...]) and np.array_equal(c["mean"][0], p["mean"][...])
    assert np.array_equal(c["quantile"][0], p["quantile"][...]) and c["misfit_p"][0] == p["misspecification/p_all"][0]
    assert c["predicted"][...].tolist() == [3, 1] and np.all(np.isfinite(c["rmse"][...]))
    rows = list(csv.DictReader(open("study/cells.csv")))
    assert [r["cell"] for r in rows] == ["several.h5", "pair.h5"]
    for k, name in enumerate(n.decode() for n in c["parameter"][...]):
        assert np.isclose(float(rows[1][name]), c["mean"][1, k], rtol=1e-5)
        assert np.isclose(float(rows[1][name + "_high"]), c["quantile"][1, k, -1], rtol=1e-5)
    assert np.isclose(float(rows[1]["rmse"]), c["rmse"][1], rtol=1e-5) and rows[0]["bits_per_spike"] == ""  # no spike anywhere
END
expect_failure 2 "run takes one --recording FILE; infer takes those of several cells" 1 \
  run "$tiny" -o study "${fast[@]}" --recording one.h5 --recording pair.h5

echo "-- a mask of another length than the model's"
lif=$RB_SOURCE_DIR/inputs/recording_lif.cfg
small=(--quiet --set training.simulations=32 --set training.validation=8 --set training.epochs=1 --set training.steps_per_epoch=1
  --set training.batch_size=8 --set training.micro_batch=4 --set misspecification.simulations=0 --set observation.draws=20 --set simulator.T_ms=20)
for stage in simulate train; do "$RB_PROGRAM" $stage "$lif" -o masked "${small[@]}" >out.txt 2>&1 || fail "$stage: $(cat out.txt)"; done
import four.h5 long.csv good.csv --tref 4
for file in several.h5:2 four.h5:4; do
  "$RB_PROGRAM" infer "$lif" -o masked "${small[@]}" --recording "${file%:*}" --sweeps 0-1 --force >out.txt 2>err.txt || fail "$file: $(cat err.txt)"
  [ ${file#*:} = 2 ] && [ ! -s err.txt ] ||
    [ "$(grep -c '^rheobase: warning: four.h5, sweep 0: spikes are blanked for 4 ms, and the model holds 2 ms .* with --tref 2' err.txt)$(wc -l <err.txt)" = 11 ] ||
    fail "$file: $(cat err.txt)"
done

echo "-- what no draw from the prior reaches"
sed 's/^time/#time/; s/,\(-6[0-9.]*\),/,1\1,/; s/,1-/,-1/; s/^#//' good.csv >low.csv # -165 mV and so on
import low.h5 low.csv
tried() { # FILE: what is said of it
  "$RB_PROGRAM" try "$tiny" --recording "$1" >out.txt 2>err.txt || fail "try $1: $(cat err.txt)"
}
tried low.h5
grep -Eq "^median of voltage: -16[0-9.]+ mV in the recording, -[0-9.]+ to -[0-9.]+ in 1000 draws from the prior: none" out.txt ||
  fail "low.h5: $(cat out.txt)"
cp out.txt one_rank.txt
mpirun -n 2 "$RB_PROGRAM" try "$tiny" --recording low.h5 >out.txt 2>err.txt || fail "try on two ranks"
diff <(grep prior one_rank.txt) <(grep prior out.txt) || fail "not the same on two ranks"
cp one.h5 own.h5
"$python" - <<'END' || fail "h5py"
import h5py
with h5py.File("study/simulations.h5") as s, h5py.File("own.h5", "r+") as f:
    f["sweeps/0000/voltage_mV"][...] = s["validation/voltage"][0]
END
tried own.h5
grep -q "^draws from the prior reach all 11 statistics of the recording" out.txt || fail "own.h5: $(cat out.txt)"
expect_failure 2 "give --replay or --recording, not both" 1 try "$tiny" --recording one.h5 --replay x.h5
expect_failure 2 "try takes one --recording FILE" 1 try "$tiny" --recording one.h5 --recording low.h5
exit 0
