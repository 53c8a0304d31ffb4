#!/usr/bin/env bash
# The job scripts under a real Slurm, with a stand-in for the program: exit codes are passed on, a
# signal puts the job back into the queue, a failing stage stops the chain.
. "$(dirname "$0")/lib.sh"
RB_PROGRAM=$1

for script in study.sbatch calibration_array.sbatch scaling.sbatch; do
  sbatch --test-only "jobs/$script" run ok -o out || fail "sbatch --test-only jobs/$script"
done

for launcher in srun mpirun; do
  export RB_LAUNCHER=$launcher
  echo "-- study.sbatch through $launcher"
  ok=$(sbatch --parsable -N 2 jobs/study.sbatch run ok -o out)
  bad=$(sbatch --parsable -N 2 jobs/study.sbatch run fail -o out)
  expect_job "$ok" "COMPLETED 0:0"
  expect_job "$bad" "FAILED 4:0"
  [ "$(grep -c 'of 2 on .* sum 2' "rheobase-$ok.log")" = 2 ] || fail "two ranks did not add up"
  usage=$(sbatch --parsable jobs/study.sbatch)
  expect_job "$usage" "FAILED 2:0"

  echo "-- a rank dies"
  died=$(sbatch --parsable -N 2 jobs/study.sbatch run die -o out)
  expect_job "$died" "FAILED 137:0" 20

  echo "-- USR1: stops, goes back into the queue, ends"
  job=$(sbatch --parsable -N 2 jobs/study.sbatch run stop -o "out-$launcher")
  wait_file "out-$launcher/waiting"
  scancel --batch -s USR1 "$job"
  wait_file "out-$launcher/stopped" 20
  expect_job "$job" "COMPLETED 0:0" 60
  [ "$(job_field "$job" Restarts)" = 1 ] || fail "restarts: $(job_field "$job" Restarts)"
  [ "$(grep -c '^stand_in: rank 0' "rheobase-$job.log")" = 2 ] || fail "the log was not appended to"
done

echo "-- a cancelled job does not come back"
export RB_LAUNCHER=srun
job=$(sbatch --parsable -N 2 jobs/study.sbatch run stop -o out-cancelled)
wait_file out-cancelled/waiting
scancel "$job"
got=$(wait_job "$job" 30)
case $got in CANCELLED*) ;; *) fail "cancelled job: $got" ;; esac

echo "-- stages.sh: a chain, and one that fails"
SBATCH_OPTIONS="-N 2" jobs/stages.sh ok out >chain
[ "$(cut -d' ' -f2 chain | tr '\n' ' ')" = "simulate train calibrate infer predict " ] || fail "stages: $(cat chain)"
while read -r job _; do expect_job "$job" "COMPLETED 0:0"; done <chain
SBATCH_OPTIONS="-N 2" jobs/stages.sh fail out >chain
while read -r job stage; do
  if [ "$stage" = simulate ]; then
    expect_job "$job" "FAILED 4:0"
  else
    got=$(wait_job "$job")
    case $got in CANCELLED*) ;; *) fail "$stage after a failed stage: $got" ;; esac
  fi
done <chain

echo "-- arrays"
job=$(sbatch --parsable --array=1-2 jobs/calibration_array.sbatch out ok fail)
expect_job "${job}_1" "COMPLETED 0:0"
expect_job "${job}_2" "FAILED 4:0"
job=$(sbatch --parsable --array=1-2 jobs/calibration_array.sbatch out ok)
expect_job "${job}_2" "COMPLETED 0:0"
job=$(sbatch --parsable --array=3-3 jobs/calibration_array.sbatch out ok ok)
expect_job "${job}_3" "FAILED 2:0"

echo "-- sweep.sh"
jobs/sweep.sh ok out a.b=1 2 c=x 'y z' >ids
[ "$(wc -l <ids)" = 4 ] || fail "a sweep of 2 x 2 gave $(wc -l <ids) jobs"
while read -r job; do expect_job "$job" "COMPLETED 0:0"; done <ids
exit 0
