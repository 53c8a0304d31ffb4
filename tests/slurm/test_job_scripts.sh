#!/usr/bin/env bash
# The job scripts under a real Slurm, with a stand-in for the program: what they submit is accepted,
# exit codes are passed on, a failing stage stops the chain, wrong use is refused.
. "$(dirname "$0")/lib.sh"
build=$(dirname "$RB_PROGRAM")
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
done
export RB_LAUNCHER=srun
usage=$(sbatch --parsable jobs/study.sbatch)
expect_job "$usage" "FAILED 2:0"

echo "-- stages.sh: the first stage fails"
jobs/stages.sh fail out >chain || fail "stages.sh"
while read -r job stage; do
  if [ "$stage" = simulate ]; then
    expect_job "$job" "FAILED 4:0"
  else
    got=$(wait_job "$job")
    case $got in CANCELLED*) ;; *) fail "$stage after a failed stage: $got" ;; esac
  fi
done <chain
! jobs/stages.sh ok 2>/dev/null || fail "stages.sh without a folder"

echo "-- arrays"
job=$(sbatch --parsable --array=1-2 jobs/calibration_array.sbatch out ok fail)
expect_job "${job}_1" "COMPLETED 0:0"
expect_job "${job}_2" "FAILED 4:0"
job=$(sbatch --parsable --array=3-3 jobs/calibration_array.sbatch out ok ok)
expect_job "${job}_3" "FAILED 2:0"

echo "-- sweep.sh"
jobs/sweep.sh ok out a.b=1 2 c=x 'y z' >ids || fail "sweep.sh"
[ "$(wc -l <ids)" = 4 ] || fail "a sweep of 2 x 2 gave $(wc -l <ids) jobs"
while read -r job; do expect_job "$job" "COMPLETED 0:0"; done <ids

echo "-- installed, from another folder"
cmake --install "$build" --prefix "$work/a prefix" >/dev/null || fail "cmake --install"
cp "$RB_PROGRAM" "$work/a prefix/bin/rheobase"
mkdir elsewhere
job=$(cd elsewhere && env -u RB_PROGRAM sbatch --parsable "$work/a prefix/share/rheobase/jobs/study.sbatch" run ok -o out)
expect_job "$job" "COMPLETED 0:0"
[ -s "elsewhere/rheobase-$job.log" ] || fail "no log where the job was submitted"

! jobs/sweep.sh ok out nothing 2>/dev/null || fail "sweep.sh without a value"
exit 0
