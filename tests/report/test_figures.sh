#!/usr/bin/env bash
# Figures of values without spread, and no figures of an earlier report beside this one's.
. "$RB_SOURCE_DIR/tests/app/lib.sh"
. "$RB_SOURCE_DIR/tests/io/xarray_python.sh"
command -v gnuplot >/dev/null || { echo "skipped: no gnuplot" && exit 77; }
tiny=$RB_SOURCE_DIR/inputs/tiny.cfg
awk 'BEGIN { print "time_ms,voltage_mV,spike"; for (i = 0; i < 100; ++i) printf "%.1f,%s,0\n", i * 0.2, 20 }' >high.csv
"$RB_PROGRAM" run "$tiny" -o study --observation high.csv >out.txt 2>err.txt || fail "run: $(cat err.txt)"
grep -q 'subthreshold_deviation does not apply' out.txt && ! grep -qi 'nan' out.txt || fail "predict: $(grep -E 'predict|nan' out.txt)"
! grep -qiE '>[-+]?nan' study/report.html || fail "the page: $(grep -iE '>[-+]?nan' study/report.html)"

# All draws of one parameter, or of all of them, lie at a bound.
for which in 0 1 2 3 4 5 all; do
  mkdir -p bound && cp study/posterior.h5 bound
  "$python" - "$which" <<'PYTHON' || fail "h5py"
import sys
import h5py
import numpy
with h5py.File("bound/posterior.h5", "r+") as file:
    for d in range(6) if sys.argv[1] == "all" else [int(sys.argv[1])]:
        draws = file["draws"][...]
        draws[:, d] = draws[0, d]
        file["draws"][...] = draws
        file["density/grid"][d] = draws[0, d]
        file["density/posterior"][d] = numpy.nan  # as earlier versions wrote it
PYTHON
  "$RB_PROGRAM" report bound >out.txt 2>err.txt || fail "bound $which: $(cat err.txt)"
  [ ! -s err.txt ] && grep -q '2 figures' out.txt || fail "bound $which: $(cat err.txt out.txt)"
done
grep -q 'nan' bound/figures/pairs.gp && fail "correlation: $(grep nan bound/figures/pairs.gp | head -1)"

# formats WHAT FORMAT...: the figures there are.
formats() {
  local what=$1
  shift
  [ "$(find bound/figures -type f | sed 's/.*\.//' | sort | uniq -c | xargs)" = "$*" ] ||
    fail "$what: $(find bound/figures -type f | xargs)"
}
formats "png" 2 gp 2 png
rheobase 1 report bound --format svg || fail "svg"
formats "svg" 2 gp 2 svg
rheobase 1 report bound --format pdf || fail "pdf"
formats "pdf" 2 gp 2 pdf 2 png
rheobase 1 report bound || fail "png"
formats "png again" 2 gp 2 png
# Recordings of spikes only are a raster, a row each: as many ticks as there are spikes. No label ends beyond the figure.
cat >spikes.cfg <<'END'
model = "gif";
simulator = { T_ms = 2500.0; dt_ms = 1.0; tref_ms = 2.0; };
stimulus = ( { type = "constant"; amplitude = 350; } );
recording = { sample_ms = 1.0; channels = [ "spikes" ]; };
data_set = { recordings = [3, 3]; };
network = { summary = { type = "statistics"; }; };
training = { simulations = 8; validation = 4; batch_size = 4; micro_batch = 4; };
sanity = { simulations = 20; };
END
"$RB_PROGRAM" simulate spikes.cfg -o spikes >out.txt 2>err.txt || fail "spikes: $(cat err.txt)"
"$RB_PROGRAM" report spikes >out.txt 2>err.txt && [ ! -s err.txt ] || fail "spikes: $(cat err.txt)"
awk '/^\$event[0-9]+ << EOD/ { of = substr($1, 7); next }
  /^EOD/ { of = "" }
  of != "" && $1 != "NaN" { ++ticks[of]; rows[of, $2] = 1; if ($1 < 0 || $1 >= 2500 || $2 < 0 || $2 > 2) bad = 1 }
  /^set title .spike count / { ++panels; if ($5 + 0 != ticks[panels - 1] + 0) { print "panel " panels ": " ticks[panels - 1] + 0 " ticks: " $0; bad = 1 } }
  /^set xtics nomirror [-0-9]+,[0-9]+,/ { split($4, tics, ","); last = tics[3] }
  /^plot \$trace/ { bad = 1 }
  END { exit bad || panels != 6 || ticks[5] + 0 == 0 || !((5, 0) in rows && (5, 2) in rows) || !(last > 0 && last < 0.91 * 2500) }' \
  spikes/figures/traces.gp || fail "spikes: $(grep -v '^[0-9]' spikes/figures/traces.gp)"
grep -q '{/:Italic η}_{1}' spikes/figures/prior.gp && grep -q '{/:Italic τ}_{γ2}' spikes/figures/prior.gp &&
  grep -q '{/:Italic V}_{T}' spikes/figures/prior.gp || fail "symbols: $(grep 'set xlabel' spikes/figures/prior.gp)"
# One figure is one figure.
mkdir one && cp study/checkpoint.h5 one
"$RB_PROGRAM" report one | grep -q 'report     1 figure, ' || fail "one: $("$RB_PROGRAM" report one)"
# A loss that falls evenly is its own smoothed curve.
"$python" - <<'PYTHON' || fail "h5py"
import h5py
with h5py.File("one/checkpoint.h5", "r+") as file:
    for name, slope in (("loss", -3.0), ("validation_loss", -2.0)):
        array = file["history/" + name]
        array[...] = [slope * epoch for epoch in range(len(array))]
PYTHON
"$RB_PROGRAM" report one >out.txt || fail "one: $(cat out.txt)"
awk '/^\$loss << EOD/ { inside = 1; next }
  /^EOD/ { inside = 0 }
  inside { ++rows; if (($2 - $3) ^ 2 > 1e-12 || ($4 - $5) ^ 2 > 1e-12) bad = 1 }
  END { exit bad || rows < 2 }' one/figures/loss.gp || fail "smoothed: $(grep -A 9 '^$loss' one/figures/loss.gp)"
grep -q 'set yrange' one/figures/loss.gp && fail "a falling loss is cut off"
# An epoch far above the others does not hide them.
"$python" - <<'PYTHON' || fail "h5py"
import h5py
import numpy
with h5py.File("one/checkpoint.h5", "r+") as file:
    for name in ("loss", "validation_loss"):
        attributes = dict(file["history/" + name].attrs)
        del file["history/" + name]
        file["history/" + name] = -3.0 * numpy.arange(30)
        file["history/" + name].attrs.update({key: attributes[key] for key in ("units", "long_name") if key in attributes})
    file["history/loss"][10] = 5000.0
PYTHON
"$RB_PROGRAM" report one >out.txt || fail "one: $(cat out.txt)"
awk '/^set yrange/ { split($3, limit, /[:\]]/); top = limit[2] } /^\$loss << EOD/ { inside = 1; next }
  /^EOD/ { inside = 0 }
  inside { ++rows; if (($3 + 3 * ($1 - 1)) ^ 2 > 1e-12) bad = 1 }
  END { exit bad || rows != 30 || !(top > 0 && top < 300) }' one/figures/loss.gp || fail "cut off: $(grep -A 40 '^$loss' one/figures/loss.gp)"
# A few recordings without activity are not drawn beside many with.
mkdir few && cp study/calibration.h5 few
for few in 60 7; do
  "$python" - $few <<'PYTHON' || fail "h5py"
import sys
import h5py
with h5py.File("few/calibration.h5", "r+") as file:
    file["diagnostics/regime/datasets"][...] = [int(sys.argv[1]), 506, 487]
PYTHON
  "$RB_PROGRAM" report few >out.txt || fail "few: $(cat out.txt)"
  grep -c '^$regime' few/figures/local.gp >>drawn.txt
done
[ "$(xargs <drawn.txt)" = "3 2" ] || fail "groups drawn: $(xargs <drawn.txt)"
exit 0
