#!/usr/bin/env bash
# run.sh BUILD PROGRAM [SECONDS]: runs every fuzzing target of a build with -DRB_FUZZ=ON for so long
# (default 10 s), from the corpus beside this script, on files that PROGRAM has made. What breaks a
# target is left in BUILD/findings, and ends the run with an error.
set -eu
cd "$(dirname "$0")/../.."
build=$(realpath "$1")
program=$(realpath "$2")
seconds=${3:-10}
. jobs/environment.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export RB_FUZZ_STUDY=$work/study RB_TEST_DATA=$PWD/tests/data
# The sanitizers see MPI's own leaks at exit; the targets count what a reader leaves open in HDF5.
export ASAN_OPTIONS=detect_leaks=0

for stage in simulate train calibrate baseline infer predict; do
  "$program" $stage inputs/tiny.cfg -o "$RB_FUZZ_STUDY" --quiet
done
"$program" refine inputs/tiny.cfg -o "$RB_FUZZ_STUDY" --quiet --set exact.datasets=4
. tests/io/xarray_python.sh
PYTHONPATH=tests/io PYTHONDONTWRITEBYTECODE=1 "$python" tests/fuzz/recording_seeds.py "$work/recordings"
export RB_FUZZ_RECORDINGS=$work/recordings/nwb
awk 'BEGIN { print "time_ms,voltage_mV,current_pA"; for (i = 0; i < 200; ++i) print i / 10 "," (i % 60 == 9 ? 20 : -65) "," i }' \
  >"$work/recordings/trace.csv"
"$program" import "$work/recordings/trace.csv" -o "$work/recordings/recording.h5" --quiet 2>/dev/null
mv "$work/recordings/recording.h5" "$RB_FUZZ_RECORDINGS"
awk 'BEGIN { print "voltage_mV,current_pA"; for (n = 0; n < 1300; ++n) { i = rand() * 40; print v - 65 "," i; v = 0.9 * v + 0.01 * i } }' \
  >"$work/recordings/weak.csv"
"$program" import "$work/recordings/weak.csv" --interval-ms 1 -o "$work/recordings/weak.h5" --quiet 2>/dev/null
mv "$work/recordings/weak.h5" "$RB_FUZZ_RECORDINGS"
"$program" config | sed -nE 's/^ *"?([a-z_A-Z0-9]+)"? *=.*/"\1"/p' | sort -u >"$work/settings.dict"
printf '"%s"\n' time_ms voltage_mV voltage spike spikes current_pA true '# ' 0.2 -65.0 nan inf 1e308 >"$work/csv.dict"
printf '"%s"\n' time_ms time_s sample voltage_mV Vm current_pA Im '(nA)' '[mV]' '# ' 0.1 nan inf 1e308 e+003 >"$work/text.dict"

mkdir -p "$build/findings"
# fuzz TARGET
fuzz() {
  local target=$1 options seeds
  mkdir "$work/$target"
  options=(-max_total_time="$seconds" -timeout=60 -detect_leaks=0 -malloc_limit_mb=1024 -rss_limit_mb=4096 -print_final_stats=1
    -artifact_prefix="$build/findings/$target-")
  [ ! -e "$work/$target.dict" ] || options+=(-dict="$work/$target.dict")
  # One seed for the short run: whether a commit passes is no matter of luck.
  [ "$seconds" -gt 20 ] || options+=(-seed=1)
  seeds=()
  [ ! -d "tests/fuzz/corpus/$target" ] || seeds+=("tests/fuzz/corpus/$target")
  [ "$target" = nwb ] || [ ! -d "$work/recordings/$target" ] || seeds+=("$work/recordings/$target")
  [ "$target" != settings ] || seeds+=(inputs)
  if ! "$build/tests/fuzz/fuzz_$target" "${options[@]}" "$work/$target" "${seeds[@]}" >"$work/$target.log" 2>&1; then
    grep -vE '^#[0-9]+|^INFO' "$work/$target.log" | head -40
    echo "fuzz_$target: a finding in $build/findings" >&2
    return 1
  fi
  echo "fuzz_$target: $(sed -n 's/stat::number_of_executed_units: *//p' "$work/$target.log") inputs in $seconds s, no finding"
}

found=0
for pair in "settings hdf5" "csv reference" "abf nwb" "igor text"; do # two at a time
  processes=()
  for target in $pair; do
    fuzz "$target" &
    processes+=($!)
  done
  for process in "${processes[@]}"; do wait "$process" || found=1; done
done
exit $found
