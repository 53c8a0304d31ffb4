#!/usr/bin/env bash
# A model that is no neuron, without features, statistics or an activity, goes through all stages, and
# its report through all figures; another prior of it, with a fixed parameter, likewise.
. "$(dirname "$0")/lib.sh"
input=$RB_SOURCE_DIR/inputs/linear_gaussian.cfg
small=(--set sanity.simulations=20 --set training.epochs=2 --set training.steps_per_epoch=60
  --set training.simulations=200 --set training.validation=100 --set baseline.simulations=200
  --set calibration.recovery_datasets=40 --set calibration.sbc_datasets=40
  --set calibration.diagnostics_datasets=40 --set calibration.diagnostics_draws=40
  --set misspecification.simulations=100 --set observation.draws=100 --set predictive.replicates=20
  --set exact.datasets=4 --set exact.draws=200)

echo "-- the study"
rheobase 2 run "$input" -o study "${small[@]}" >out.txt 2>err.txt || fail "run: $(tail -3 out.txt err.txt)"
rheobase 2 refine "$input" -o study "${small[@]}" >refine.txt 2>err.txt || fail "refine: $(tail -3 err.txt)"
"$RB_PROGRAM" report study >report.txt 2>err.txt || fail "report: $(tail -3 err.txt)"
for name in prior traces loss recovery ranks ecdf joint coverage expected_coverage contraction baseline \
  posterior pairs predictive refinement; do
  [ -s "study/figures/$name.png" ] || fail "no figure $name: $(cat report.txt err.txt)"
done
for word in level slope curvature signal; do
  grep -q "$word" study/report.html || fail "report.html does not name $word"
done
sed 's/such as spikes//g' study/report.html | grep -Eoi '.{0,30}(spike|voltage|V_th|membrane).{0,20}' >neuron.txt
[ ! -s neuron.txt ] || fail "report.html names what is a neuron's: $(head -3 neuron.txt)"

h5dump -d regime_name study/calibration.h5 | grep -q '"none", "little", "much"' ||
  fail "its regimes: $(h5dump -d regime_name study/calibration.h5)"

echo "-- a recording of it"
awk 'BEGIN { print "signal"; for (i = 0; i < 20; ++i) print 0.1 * i }' >recording.csv
read_it() { "$RB_PROGRAM" infer "$input" -o study "${small[@]}" --force --observation "$@" >out.txt 2>err.txt; }
read_it recording.csv --interval-ms 50 || fail "the axis in seconds is not 50 ms apart: $(cat err.txt)"
! read_it recording.csv --interval-ms 0.05 && grep -q "was trained for samples 50 ms apart" err.txt || fail "0.05 ms: $(cat err.txt)"
! read_it recording.csv && grep -q "no column time_s" err.txt || fail "no times: $(cat err.txt)"
sed '2d' recording.csv >short.csv
! read_it short.csv --interval-ms 50 && grep -q "has 19 samples where the model has 20, 0.05 s apart" err.txt ||
  fail "19 samples: $(cat err.txt)"

echo "-- another prior"
other=(--set 'prior.slope.distribution="uniform"' --set prior.slope.low=-2 --set 'prior.slope.high="level + 5"'
  --set prior.level.low=-4 --set prior.level.high=4 --set 'prior.level.unit="nV/Hz"'
  --set prior.curvature.fixed=0.5 --set simulator.channels=2)
mpirun -n 2 "$RB_PROGRAM" run "$input" -o other "${small[@]}" "${other[@]}" >out.txt 2>err.txt ||
  fail "another prior: $(tail -3 out.txt err.txt)"
grep -q "^slope" out.txt || fail "the posterior of slope is not printed: $(tail -5 out.txt)"
grep -q "set xlabel 'level (nV/Hz)'" other/figures/posterior.gp && grep -q "density (1/(nV/Hz))" other/figures/posterior.gp ||
  fail "the figure does not tell the unit: $(grep -o "set xlabel.*" other/figures/posterior.gp)"
grep -q "set xlabel 'slope'" other/figures/posterior.gp || fail "a pure number has a unit in the figure"
! grep -q "^curvature" out.txt || fail "a fixed parameter is inferred"

echo "-- statistics of channels without events, and with crossings for events"
for crossings in false true; do
  mpirun -n 2 "$RB_PROGRAM" run "$input" -o "statistics_$crossings" "${small[@]}" --set network.summary.type=statistics \
    --set network.density=autoregressive --set network.centring=true --set "network.summary.crossings=$crossings" \
    --set network.summary.level=0.5 --set simulator.channels=2 >out.txt 2>err.txt || fail "statistics: $(tail -3 out.txt err.txt)"
  h5dump -d standardisation/channel "statistics_$crossings/checkpoint.h5" >"names_$crossings.txt"
  grep -q signal_lines_2_2_slope "names_$crossings.txt" || fail "no lines of the first channel: $(head -20 "names_$crossings.txt")"
  # What the network says without a block is printed, stored and on the page: one row for each block.
  blocks=$(h5dump -A 0 -d blocks/block "statistics_$crossings/calibration.h5" | grep -o '"[a-z_]*"' | tr -d '"')
  [ "$(wc -l <<<"$blocks")" -ge 5 ] || fail "blocks: $blocks"
  for block in $blocks; do
    [ "$(grep -cE "^$block +[0-9]+ +-?[0-9.]+ +-?[0-9.]+ \+- +[0-9.]+  " out.txt)" = 1 ] || fail "$block: $(grep -A12 "^block" out.txt)"
    grep -qE "<td>$block</td><td>[0-9]+</td><td>-?[0-9.]+</td><td>-?[0-9.]+ ± " "statistics_$crossings/report.html" ||
      fail "$block is not on the page"
  done
done
grep -q moments_skewness names_false.txt && ! grep -q moments_skewness names_true.txt || fail "moments are not for those without events"
grep -q crossings_intervals_count names_true.txt && ! grep -q intervals names_false.txt || fail "intervals are not those of crossings"
exit 0
