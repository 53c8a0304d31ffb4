#!/usr/bin/env bash
# Bad input of every kind gives one clear line, an exit code that is not zero, and loses nothing.
. "$(dirname "$0")/lib.sh"
tiny=$RB_SOURCE_DIR/inputs/tiny.cfg

echo "-- command line"
expect_failure 2 "unknown|no command" 2 rnu "$tiny"
expect_failure 2 "." 1 run
expect_failure 2 "." 1 run "$tiny" "$tiny"
expect_failure 2 "." 1 run "$tiny" --nonsense
expect_failure 2 "." 1 run "$tiny" -o
expect_failure 2 "." 1 info

expect_failure 4 "folder is empty or too long" 1 run "$tiny" -o "$PWD$(printf '/d%.0s' $(seq 600))"
[ ! -e d ] || fail "a name that is too long was cut"

echo "-- input file"
expect_failure 4 "nowhere.cfg" 2 run nowhere.cfg -o out
expect_failure 4 'no rheobase: error: where.cfg' 2 run $'no\nrheobase: error: where.cfg' -o out
expect_failure 4 "$work" 2 run "$work" -o out
noise() { gzip -nc "$RB_TEST_DATA/lif.h5" | tail -c +1000 | head -c "$1"; } # bytes, the same each time
noise 100 >noise.cfg
expect_failure 3 "noise.cfg" 1 run noise.cfg -o out
bad() { # TEXT LINE...: the tiny input with lines added
  local text=$1
  shift
  { cat "$tiny" && printf '%s\n' "$@"; } >bad.cfg
  expect_failure 3 "$text" 1 run bad.cfg -o out
}
bad "bad.cfg:[0-9]+: unknown setting trainnig; did you mean training" "trainnig = { epochs = 3; };"
bad "bad.cfg" "seed = 46;"
bad "bad.cfg" "this is no setting"
set_bad() { expect_failure 3 "$1" 1 run "$tiny" -o out --set "$2"; }
set_bad "training.epochs" training.epoch=3
set_bad "training.epochs" training.epochs=many
set_bad "training.epochs" training.epochs=2.5
set_bad "training.epochs" training.epochs=0
set_bad "training.epochs" training.epochs=-1
set_bad "training.epochs" training.epochs=99999999999999999999
set_bad "training.learning_rate" training.learning_rate=nan
set_bad "training.learning_rate" training.learning_rate=-1e-3
set_bad "network.summary.recurrent_type" 'network.summary.recurrent_type="gruu"'
set_bad "network.summary.filters" 'network.summary.filters=[]'
set_bad "network.summary.filters" 'network.summary.filters=[4,-1]'
set_bad "simulator.dt_ms" simulator.dt_ms=0
set_bad "seed" seed=abc
expect_failure 2 "training.epochs" 1 run "$tiny" -o out --set training.epochs
set_bad "write it as path=value" =3
set_bad 'unknown setting seed\\xc2\\xa0; did you mean seed\?' $'seed\u00a0=46' # as pasted from a web page
[ ! -e out ] || fail "bad settings left something: $(find out)"

echo "-- output folder"
touch file
expect_failure 4 "file" 2 run "$tiny" -o file
expect_failure 4 "file/out" 2 run "$tiny" -o file/out
expect_failure 4 "/proc/nowhere" 1 run "$tiny" -o /proc/nowhere

echo "-- stages out of order, another study"
expect_failure 4 "simulate" 2 train "$tiny" -o empty
expect_failure 4 "." 2 calibrate "$tiny" -o empty
expect_failure 4 "." 1 predict "$tiny" -o empty/within
[ ! -e empty ] || fail "failed stages left an empty folder: $(find empty)"
rheobase 2 run "$tiny" -o study >out.txt 2>&1 || fail "tiny: $(tail -3 out.txt)"
cp -r study kept
expect_failure 6 "simulator.I_mean.*--force" 2 run "$tiny" -o study --set simulator.I_mean_pA=210
expect_failure 6 "training.epochs.*--force" 1 train "$tiny" -o study --set training.epochs=3
expect_failure 6 "training.schedule.*--force" 1 train "$tiny" -o study --set training.schedule=constant
same_files kept study

echo "-- observations"
rows() { awk -v n="$1" 'BEGIN { print "time_ms,voltage_mV,spike"; for (i = 0; i < n; ++i) printf "%.1f,%s,0\n", i * 0.2, -65 }'; }
rows 100 >good.csv
rheobase 1 infer "$tiny" -o study --observation good.csv --force >out.txt 2>&1 || fail "good.csv: $(tail -3 out.txt)"
rows 99 >short.csv
rows 101 >long.csv
rows 100 | sed '50s/-65/nan/' >nan.csv
rows 100 | sed '50s/-65/inf/' >inf.csv
rows 100 | sed '50s/-65/abc/' >text.csv
rows 100 | sed '50s/,0$//' >columns.csv
rows 100 | sed '50s/9.6/9.7/' >grid.csv
rows 100 | sed '50s/,0$/,2/' >spike.csv
rows 100 | sed '1d' >headless.csv
: >empty.csv
noise 3000 >noise.csv
for file in short long nan inf text columns grid spike headless empty noise; do
  expect_failure 5 "$file.csv" 1 infer "$tiny" -o study --observation $file.csv --force
done
expect_failure 4 "nowhere.csv" 2 infer "$tiny" -o study --observation nowhere.csv --force
expect_failure 5 "checkpoint.h5" 1 infer "$tiny" -o study --observation study/checkpoint.h5 --force

echo "-- damaged and foreign HDF5 files"
damage() { # FILE STAGE CODE
  rm -rf hurt && cp -r kept hurt
  head -c 1500 "kept/$1" >"hurt/$1"
  expect_failure "$3" "$1" 2 "$2" "$tiny" -o hurt
  cp "$tiny" "hurt/$1"
  expect_failure "$3" "$1" 1 "$2" "$tiny" -o hurt
  : >"hurt/$1"
  expect_failure "$3" "$1" 1 "$2" "$tiny" -o hurt
  cp "$RB_TEST_DATA/prior.h5" "hurt/$1"
  expect_failure "$3" "$1" 2 "$2" "$tiny" -o hurt
}
damage simulations.h5 simulate 6
damage checkpoint.h5 train 6
damage checkpoint.h5 calibrate 5
damage posterior.h5 predict 5
expect_failure 5 "noise.csv" 1 verify noise.csv
expect_failure 5 "noise.csv" 1 info noise.csv

echo "-- more ranks than data sets works"
rheobase 4 run "$tiny" -o few --set sanity.simulations=2 --set training.simulations=3 --set observation.draws=3 \
  --set calibration.recovery_datasets=3 --set calibration.sbc_datasets=3 --set calibration.diagnostics_datasets=3 \
  >out.txt 2>&1 || fail "more ranks than data sets: $(tail -3 out.txt)"
exit 0
