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

# stop_at TEXT FILE STAGE FOLDER ARGUMENT...: USR1 to mpirun, which hands it on, once FILE has TEXT.
stop_at() {
  local text=$1 said=$2 stage=$3 folder=$4
  shift 4
  rm -f out.txt # or the last command's would be looked at until this one has opened its own
  mpirun -n 2 "$RB_PROGRAM" "$stage" "$input" -o "$folder" "${study[@]}" "$@" >out.txt 2>err.txt </dev/null &
  stop_once $! "$text" "$said"
}

stop_at "^epoch 1/" out.txt train stopped
expect_error 85 "stopped by a signal after step" "USR1 in mid-training"
step=$("$RB_PROGRAM" info stopped/checkpoint.h5 >/dev/null && h5dump -a step stopped/checkpoint.h5 | sed -n 's/.*(0): //p')
run_stage 1 calibrate stopped
expect_error 6 "finish it with .rheobase train" "an unfinished network"
run_stage 3 train stopped
expect_success "resumed training"
grep -q "going on from step $step of" out.txt || fail "does not say where it goes on: $(head -3 out.txt)"
same_files whole stopped

# A long simulation; it writes nothing until it is whole.
long=(--set sanity.simulations=200000)
stop_at "host" long/rheobase.lock simulate long "${long[@]}"
expect_error 85 "stopped by a signal while simulating" "USR1 in mid-simulation"
[ -z "$(ls long)" ] || fail "left over: $(ls long)"
exit 0
