#!/usr/bin/env bash
# `refine`: the same bits on any number of ranks, also after a stop; impossible observations refused.
. "$(dirname "$0")/lib.sh"
input="$RB_SOURCE_DIR/inputs/tiny.cfg"
quick="--set exact.draws=120 --set exact.short_steps=30 --set exact.long_steps=128"

# refine RANKS FOLDER ARGUMENT...
refine() {
  local ranks=$1 folder=$2
  shift 2
  mpirun -n "$ranks" "$RB_PROGRAM" refine "$input" -o "$folder" $quick "$@" --quiet >out.txt 2>&1
}

# study FOLDER: a copy of the trained study.
study() { mkdir "$1" && cp base/*.h5 "$1"; }

"$RB_PROGRAM" run "$input" -o base --quiet >out.txt 2>&1 || fail "run: $(tail -3 out.txt)"

# Two ranks without an interruption; one, stopped by a signal after some data sets, then three.
many="--set exact.datasets=8"
study whole
refine 2 whole $many || fail "uninterrupted: $(tail -3 out.txt)"
study stopped
"$RB_PROGRAM" refine "$input" -o stopped $quick $many --set checkpoint.minutes=1e-4 >stopped.txt 2>&1 &
stop_once $! . stopped/exact.h5
[ $code = 85 ] || fail "stopped with exit code $code: $(tail -3 stopped.txt)"
done_before=$(h5dump -a datasets_done stopped/exact.h5 | awk '/\(0\)/ {print $2}')
[ "$done_before" -gt 0 ] && [ "$done_before" -lt 8 ] || fail "stopped after $done_before"
refine 3 stopped $many || fail "resumed: $(tail -3 out.txt)"
h5diff --exclude-path /provenance whole/exact.h5 stopped/exact.h5 >diff.txt 2>&1 ||
  fail "a run resumed on other ranks differs from an uninterrupted one: $(head -5 diff.txt)"

# A spike at rest, and a trace at the simulator's clip: one clear line, no file.
for kind in spike clip; do
  study $kind
  rm $kind/posterior.h5 $kind/predictive.h5
  awk -v kind=$kind 'BEGIN {
    srand(3); print "time_ms,voltage_mV,spike"
    for (i = 0; i < 100; i++) {
      v = (kind == "clip" ? -100 : -70) + sqrt(-2 * log(1 - rand())) * cos(6.2831853 * rand())
      printf "%.1f,%.4f,%d\n", i * 0.2, v, kind == "spike" && i == 50
    } }' >$kind.csv
  "$RB_PROGRAM" infer "$input" -o $kind --observation $kind.csv --quiet >out.txt 2>&1 ||
    fail "infer: $(tail -3 out.txt)"
  refine 2 $kind --set exact.datasets=0
  code=$?
  [ $code = 7 ] || fail "$kind: exit code $code: $(tail -3 out.txt)"
  [ "$(grep -c 'rheobase: error: the model cannot produce the observation' out.txt)" = 1 ] ||
    fail "$kind: $(cat out.txt)"
  [ ! -e $kind/exact.h5 ] || fail "$kind: a file was left"
done
exit 0
