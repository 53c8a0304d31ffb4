#!/usr/bin/env bash
# SIGUSR1 in mid-training and in mid-simulation: all ranks agree, exit code 85, one line; a training
# goes on from a checkpoint within an epoch, on another number of ranks, to the bits of an
# uninterrupted one.
. "$(dirname "$0")/lib.sh"
run_stage 1 simulate whole
expect_success simulate
mkdir stopped
cp whole/simulations.h5 stopped
run_stage 2 train whole
expect_success train

# Every step is saved, so that training is held in its second epoch.
every_step=(--set checkpoint.minutes=1e-9)

# stop_at FUNCTION CALL STAGE FOLDER ARGUMENT...: USR1 to mpirun in the middle.
stop_at() {
  local function=$1 call=$2 stage=$3 folder=$4
  shift 4
  hold "$function" "$call" mpirun -n 2 "$RB_PROGRAM" "$stage" "$input" -o "$folder" "${study[@]}" "$@"
  signal_ranks
  let_go
}

stop_at rename 50 train stopped "${every_step[@]}"
expect_error 85 "stopped by a signal after step" "USR1 in mid-training"
step=$("$RB_PROGRAM" info stopped/checkpoint.h5 >/dev/null && h5dump -a step stopped/checkpoint.h5 | sed -n 's/.*(0): //p')
run_stage 1 calibrate stopped
expect_error 6 "finish it with .rheobase train" "an unfinished network"
run_stage 3 train stopped
expect_success "resumed training"
grep -q "going on from step $step of" out.txt || fail "does not say where it goes on: $(head -3 out.txt)"
same_files whole stopped

# Ctrl-C in a terminal, without mpirun: bash would have the program ignore it in the background.
interrupt() { # FUNCTION CALL STAGE FOLDER [ARGUMENT...]
  local function=$1 call=$2 stage=$3 folder=$4
  shift 4
  hold "$function" "$call" env --default-signal=INT "$RB_PROGRAM" "$stage" "$input" -o "$folder" "${study[@]}" "$@"
  kill -INT "$process"
  let_go
}
mkdir interrupted
cp whole/simulations.h5 interrupted
interrupt rename 50 train interrupted "${every_step[@]}"
expect_error 85 "stopped by a signal after step" "Ctrl-C in mid-training"
run_stage 2 train interrupted
expect_success "training resumed after Ctrl-C"
grep -q "going on from step" out.txt || fail "does not go on after Ctrl-C: $(head -3 out.txt)"
same_files whole interrupted

# A long simulation: what is there of it when it stops is not made again.
long=(--set sanity.simulations=8000 --set checkpoint.minutes=10)
rheobase 2 simulate "$input" -o unstopped "${study[@]}" "${long[@]}" || fail "simulate: exit $?"
stop_at H5Dwrite 30 simulate long "${long[@]}"
expect_error 85 "stopped by a signal while simulating" "USR1 in mid-simulation"
[ "$(ls long)" = simulations.partial.h5 ] || fail "left over: $(ls long)"
expect_readable long
interrupt H5Dwrite 30 simulate long "${long[@]}"
expect_error 85 "stopped by a signal while simulating" "Ctrl-C in mid-simulation"
grep -q "shape_check: going on from data set" out.txt || fail "begins again: $(head -3 out.txt)"
run_stage 1 simulate long "${long[@]}"
expect_success "simulating resumed on another number of ranks"
[ "$(ls long)" = simulations.h5 ] || fail "left over: $(ls long)"
same_files unstopped long

# A stage that has no safe point of its own: the ones after it are not begun.
rheobase 2 calibrate "$input" -o whole "${study[@]}" >out.txt 2>&1 || fail "calibrate: $(tail -3 out.txt)"
rheobase 2 baseline "$input" -o whole "${study[@]}" >out.txt 2>&1 || fail "baseline: $(tail -3 out.txt)"
interrupt rename 1 run whole
expect_error 85 "stopped by a signal before predict" "Ctrl-C while inferring"
[ -e whole/posterior.h5 ] && [ ! -e whole/predictive.h5 ] || fail "Ctrl-C while inferring: $(ls whole)"
exit 0
