#!/usr/bin/env bash
# Trainings interrupted under a real Slurm, in every way it has: all end with the weights, bit for
# bit, that one rank gives without interruption.
. "$(dirname "$0")/lib.sh"
. "$RB_SOURCE_DIR/tests/app/same_files.sh"
# With rollback each epoch is saved, however quick.
train=(train inputs/tiny.cfg --set training.simulations=640 --set training.epochs=60 --set training.on_nonfinite=rollback)

"$RB_PROGRAM" simulate "${train[@]:1}" -o reference --quiet || fail "simulations"
mkdir simulated && cp reference/simulations.h5 simulated
"$RB_PROGRAM" "${train[@]}" -o reference --quiet || fail "the reference"

# begin FOLDER: submits a training and comes back when it is under way; sets job and log.
begin() {
  [ -e "$1" ] || cp -r simulated "$1"
  job=$(sbatch --parsable -N 2 jobs/study.sbatch "${train[@]}" -o "$1")
  log=rheobase-$job.log
  wait_line "$log" "^epoch .*/60: "
}

# as_if_elsewhere FOLDER: its lock names a host of which only Slurm can tell whether the job still runs.
as_if_elsewhere() {
  sed -i 's/^host [^ ]*/host elsewhere/' "$1/rheobase.lock"
}

# number PATTERN FILE: the number after a text.
number() {
  grep -Eo "$1 [0-9]+" "$2" | head -n 1 | grep -Eo '[0-9]+$'
}

# stopped LOG: its one line of error says that a signal came in the middle; prints the step.
stopped() {
  local step
  [ "$(grep -c '^rheobase: error: ' "$1")" = 1 ] || fail "not one line of error in $1"
  step=$(number "error: stopped by a signal after step" "$1")
  if [ "${step:-0}" -lt 1 ] || [ "$step" -ge 2400 ]; then fail "stopped after step '$step'"; fi
  echo "$step"
}

for launcher in srun mpirun; do
  export RB_LAUNCHER=$launcher
  echo "-- USR1 through $launcher: a checkpoint, back into the queue, to the end ($SECONDS s)"
  begin requeued-$launcher
  scancel --batch -s USR1 "$job"
  expect_job "$job" "COMPLETED 0:0"
  [ "$(job_field "$job" Restarts)" = 1 ] || fail "restarts: $(job_field "$job" Restarts)"
  step=$(stopped "$log") || fail "$step"
  [ "$(number "going on from step" "$log")" = "$step" ] || fail "it did not go on from step $step"
  same_files reference requeued-$launcher

  echo "-- a rank dies under $launcher: the job fails, the next one goes on ($SECONDS s)"
  begin killed-$launcher
  wait_line "$log" "^epoch ([3-9]|..)/60: " # beyond the first checkpoint
  victim=$(process_of "$job" 1) || fail "$victim"
  kill -STOP "$victim" || fail "rank 1 of job $job has ended" # or training could end before the blow
  as_if_elsewhere killed-$launcher
  SLURM_JOB_ID=9999 SLURM_CLUSTER_NAME=rb "$RB_PROGRAM" "${train[@]}" -o killed-$launcher 2>second.log
  code=$?
  [ $code = 6 ] || fail "a second job in the folder of a running one: exit code $code"
  grep -q "another job works in this folder (host elsewhere .* job $job@rb)" second.log || fail "$(cat second.log)"
  kill -KILL "$victim"
  expect_job "$job" "FAILED 137:0" 60
  begin killed-$launcher
  expect_job "$job" "COMPLETED 0:0"
  [ "$(number "going on from step" "$log")" -gt 0 ] || fail "it began anew"
  same_files reference killed-$launcher
done
export RB_LAUNCHER=srun

echo "-- SIGTERM under srun: exit code 85 and a checkpoint ($SECONDS s)"
cp -r simulated stopped
srun -N 2 -n 2 --mpi=pmix --kill-on-bad-exit=1 --job-name=term "$RB_PROGRAM" "${train[@]}" -o stopped >term.log 2>&1 &
step_of_job=$!
wait_line term.log "^epoch .*/60: "
scancel --name=term -s TERM
wait $step_of_job
code=$?
[ $code = 85 ] || fail "exit code $code, not 85"
step=$(stopped term.log) || fail "$step"

echo "-- scancel: a checkpoint, and the job does not come back ($SECONDS s)"
begin stopped
[ "$(number "going on from step" "$log")" = "$step" ] || fail "it did not go on from step $step"
scancel "$job"
got=$(wait_job "$job")
case $got in CANCELLED*) ;; *) fail "cancelled job: $got" ;; esac
step=$(stopped "$log") || fail "$step"
[ "$(job_field "$job" Restarts)" = 0 ] || fail "a cancelled job came back"
"$RB_PROGRAM" "${train[@]}" -o stopped >end.log || fail "the rest on one rank"
[ "$(number "going on from step" end.log)" = "$step" ] || fail "it did not go on from step $step"
same_files reference stopped
echo "-- done ($SECONDS s)"
exit 0
