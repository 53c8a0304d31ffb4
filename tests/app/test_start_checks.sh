#!/usr/bin/env bash
# What is wrong with files and settings of a late stage is said before the first stage works.
. "$(dirname "$0")/lib.sh"
tiny=$RB_SOURCE_DIR/inputs/tiny.cfg
rows() { awk -v n="$1" 'BEGIN { print "time_ms,voltage_mV,spike"; for (i = 0; i < n; ++i) printf "%.1f,%s,0\n", i * 0.2, -65 - i % 3 }'; }

# expect_early CODE TEXT ARGUMENT...: `run` fails so and has made nothing.
expect_early() {
  local code=$1 text=$2
  shift 2
  expect_failure "$code" "$text" 2 run "$tiny" -o out "$@"
  [ -z "$(ls out 2>/dev/null)" ] || fail "$*: $(ls out) made before the error"
}

echo "-- recordings"
rows 99 >short.csv
rows 100 | sed '50s/-6[0-9]/nan/' >nan.csv
expect_early 4 "nowhere.csv" --observation nowhere.csv
expect_early 5 "short.csv" --observation short.csv
expect_early 5 "nan.csv:50" --observation nan.csv
expect_early 5 "prior.h5" --observation "$RB_TEST_DATA/prior.h5"

echo "-- simulations, currents"
expect_early 4 "nowhere.h5" --data nowhere.h5
expect_early 5 "prior.h5" --data "$RB_TEST_DATA/prior.h5"
expect_early 4 "nowhere.csv" --set simulator.current_file=nowhere.csv
seq 99 >current.csv
expect_early 5 "current.csv" --set simulator.current_file=current.csv

echo "-- settings of later stages"
expect_early 3 "baseline: 5 simulations are too few" --set baseline.simulations=5
expect_early 3 "training.validation" --set training.validation=3
for set in recovery sbc diagnostics; do
  expect_early 3 "calibration.${set}_datasets = 1 is out of range" --set calibration.${set}_datasets=1
done
expect_early 3 "misspecification.simulations = 1" --set misspecification.simulations=1

echo "-- another study's file of a late stage"
rows 100 >mine.csv
rheobase 2 run "$tiny" -o study --observation mine.csv >out.txt 2>&1 || fail "run: $(tail -3 out.txt)"
rm study/calibration.h5
cp study/posterior.h5 kept.h5
expect_failure 6 "posterior.h5" 2 run "$tiny" -o study
expect_failure 6 "predictive.h5 is of another study: predictive.replicates" 1 run "$tiny" -o study --observation mine.csv \
  --set predictive.replicates=21
[ ! -e study/calibration.h5 ] || fail "calibrated before the error"
cmp kept.h5 study/posterior.h5 || fail "posterior.h5 has changed"
rheobase 1 run "$tiny" -o study --observation mine.csv >out.txt 2>&1 || fail "the rest: $(tail -3 out.txt)"
[ -e study/calibration.h5 ] && cmp kept.h5 study/posterior.h5 || fail "the rest was not done, or too much"
exit 0
