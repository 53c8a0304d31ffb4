#!/usr/bin/env bash
# Recordings of one's own, as docs/recordings.md says: what `infer` reads and refuses.
. "$(dirname "$0")/lib.sh"
tiny=$RB_SOURCE_DIR/inputs/tiny.cfg
fast=(--set training.simulations=32 --set training.validation=8 --set misspecification.simulations=0)

rheobase 1 simulate "$tiny" -o study "${fast[@]}" >out.txt 2>&1 || fail "simulate: $(tail -3 out.txt)"
rheobase 1 train "$tiny" -o study "${fast[@]}" >out.txt 2>&1 || fail "train: $(tail -3 out.txt)"

# rows FORMAT STEP: 100 samples, their times printed by a format.
rows() {
  awk -v format="$1" -v step="$2" 'BEGIN {
    print "time_ms,voltage_mV,spike"
    for (i = 0; i < 100; ++i) printf format ",%s,0\n", i * step, -65 + i % 3 }'
}
# infer FILE [OPTION...]
infer() {
  local file=$1
  shift
  "$RB_PROGRAM" infer "$tiny" -o study "${fast[@]}" --observation "$file" --force "$@" \
    >out.txt 2>err.txt || fail "infer $file $*: $(cat err.txt)"
}
refused() { # CODE TEXT FILE [OPTION...]
  local code=$1 text=$2 file=$3
  shift 3
  expect_failure "$code" "$text" 1 infer "$tiny" -o study "${fast[@]}" --observation "$file" --force "$@"
}

echo "-- times that are rounded too coarsely, and what replaces them"
rows %.1f 0.2 >good.csv
infer good.csv
rows %.0f 0.2 >coarse.csv
refused 5 "coarse.csv:3: time_ms is 0 .*rounded too coarsely: give --interval-ms 0.2 if" coarse.csv
infer coarse.csv --interval-ms 0.2
cut -d, -f2,3 good.csv >timeless.csv
refused 5 "no column time_ms" timeless.csv
infer timeless.csv --interval-ms=0.2
refused 3 "was trained for samples 0.2 ms apart" timeless.csv --interval-ms 0.1
refused 2 "give the time between two samples" timeless.csv --interval-ms fast
expect_failure 2 "of the recording of --observation FILE" 1 infer "$tiny" -o study --interval-ms 0.2

echo "-- our own files"
infer study/posterior.h5
refused 5 "simulations.h5: holds simulated data sets; an observation is one recording" study/simulations.h5
rheobase 1 simulate "$tiny" -o other "${fast[@]}" --set seed=46 --set simulator.noise_mV=1.5 || fail "simulate"
expect_failure 6 "other/simulations.h5: is of another simulator: simulator.noise_mV was 1.5 and is 1 now" \
  1 train "$tiny" -o foreign "${fast[@]}" --data other/simulations.h5
rheobase 2 train "$tiny" -o foreign "${fast[@]}" --data study/simulations.h5 || fail "train on simulations.h5"
h5diff --exclude-path /provenance study/checkpoint.h5 foreign/checkpoint.h5 /weights >out.txt ||
  fail "the same simulations train another network: $(head -3 out.txt)"

echo "-- which observation a posterior is of"
infer good.csv
cp good.csv moved.csv
rheobase 1 infer "$tiny" -o study "${fast[@]}" --observation moved.csv || fail "the same observation is refused elsewhere"
sed 's/-65,0/-66,0/' good.csv >another.csv
expect_failure 6 "posterior.h5 is of another study: it is of the observation good.csv, not of another.csv; use .*--force" \
  2 infer "$tiny" -o study "${fast[@]}" --observation another.csv
cp study/posterior.h5 whole.h5
head -c 2000 whole.h5 >study/posterior.h5
expect_failure 6 "study/posterior.h5: is not a whole HDF5 file: .*; use another folder, or --force to replace it" \
  1 infer "$tiny" -o study --observation good.csv
grep -q "another study" err.txt && fail "what is damaged is of no other study: $(cat err.txt)"
mv whole.h5 study/posterior.h5
for option in --quiet --force; do # a simulated one never replaces it
  expect_failure 6 "is of the observation good.csv, and none is given now: give --observation good.csv" \
    2 run "$tiny" -o study "${fast[@]}" $option
done
[ "$(find study -newer moved.csv -name 'c*.h5')" = "" ] || fail "something was done before the refusal"
rheobase 1 report study >out.txt 2>&1 || fail "report: $(cat out.txt)"
grep -q "observation was read from <code>good.csv</code> (digest [0-9a-f]\{16\})" study/report.html || fail "the page does not name good.csv"
rheobase 1 infer "$tiny" -o foreign "${fast[@]}" || fail "infer"
rheobase 1 report foreign >out.txt 2>&1 || fail "report: $(cat out.txt)"
grep -q "The observation was simulated with parameters" foreign/report.html || fail "the page does not say that it was simulated"
expect_failure 6 "it is of a simulated observation, not of good.csv; use .*--force" \
  1 infer "$tiny" -o foreign "${fast[@]}" --observation good.csv
expect_failure 4 "nowhere.csv: cannot be read" 2 run "$tiny" -o new "${fast[@]}" --observation nowhere.csv
[ ! -e new/simulations.h5 ] || fail "simulated before the observation was looked at"

echo "-- a spike where the notebook's index never records one"
awk -F, -v OFS=, 'NR == 83 { $3 = 1 } { print }' good.csv >spike.csv # sample 81
infer spike.csv
grep -q "warning: the model cannot produce the observation: .* train for recordings with simulator.spike_index=exact" err.txt ||
  fail "spike.csv: $(cat out.txt err.txt)"
page() { # TEXT: the report has it
  rheobase 1 report study >out.txt 2>&1 || fail "report: $(cat out.txt)"
  grep -q "$1" study/report.html || fail "not in the page: $1"
}
page 'class="bad">The model cannot produce the observation'
expect_failure 7 "spike_index=exact" 1 refine "$tiny" -o study "${fast[@]}" --set exact.datasets=0

echo "-- whether it is like what the simulator makes"
awk -F, -v OFS=, 'NR > 1 { $2 = -9999 } { print }' good.csv >far.csv
for simulations in 10 100; do # settings and summary are as extreme, but it is the trace that is wrong
  infer far.csv --set misspecification.simulations=$simulations
  grep -q "warning: .* lies outside .* far outside anything simulated.* Most unusual is the course of its trace" err.txt ||
    fail "far.csv by $simulations: $(cat err.txt)"
done
page 'class="bad">The observation lies outside what the simulator makes (p = 0.0099, and far outside'
infer good.csv --set misspecification.simulations=99
grep -q "warning: whether .* cannot be judged by misspecification.simulations = 99: give at least 100" err.txt ||
  fail "99 simulations: $(cat out.txt err.txt)"
page 'cannot be judged by misspecification.simulations = 99'
refused 3 "misspecification.simulations = 1: nothing can be compared with one" good.csv --set misspecification.simulations=1
exit 0
