#!/usr/bin/env bash
# Asked to stop while refined data sets are summed up or the baseline is fitted, the program exits with 85 and
# loses nothing. RB_STOP_WITHIN is the library that asks for it.
. "$(dirname "$0")/lib.sh"
input="$RB_SOURCE_DIR/inputs/tiny.cfg"
quick="--set exact.draws=120 --set exact.short_steps=30 --set exact.long_steps=128 --set exact.datasets=8"

# stopped FUNCTION MESSAGE ARGUMENT...: a command that is asked to stop.
stopped() {
  local function=$1 message=$2 code=0
  shift 2
  RB_STOP_IN=$function LD_PRELOAD=$RB_STOP_WITHIN "$RB_PROGRAM" "$@" >out.txt 2>&1 || code=$?
  [ $code = 85 ] || fail "$1: exit code $code: $(tail -3 out.txt)"
  [ "$(grep -c "rheobase: error: $message" out.txt)" = 1 ] || fail "$1: not one reason: $(cat out.txt)"
}

rheobase 1 run "$input" -o whole >out.txt 2>&1 || fail "run: $(tail -3 out.txt)"
cp -r whole unsummed
rheobase 2 refine "$input" -o whole $quick >out.txt 2>&1 || fail "uninterrupted: $(tail -3 out.txt)"
stopped gsl_stats_correlation "stopped by a signal after 8 of 8 data sets" refine "$input" -o unsummed $quick
[ "$(h5dump -a datasets_done unsummed/exact.h5 | awk '/\(0\)/ {print $2}')" = 8 ] ||
  fail "stopped while summing up, it lost data sets"
rheobase 2 refine "$input" -o unsummed $quick >out.txt 2>&1 || fail "summed up: $(tail -3 out.txt)"
h5diff --exclude-path /provenance whole/exact.h5 unsummed/exact.h5 >diff.txt 2>&1 ||
  fail "stopped while summing up, it ends in another file: $(head -5 diff.txt)"

stopped pdelset_ "stopped by a signal while a matrix of .* was factored" baseline "$input" -o fresh --set baseline.random_features=20
[ ! -e fresh/baseline.h5 ] || fail "a stopped baseline left a file"
exit 0
