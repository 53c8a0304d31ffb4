#!/usr/bin/env bash
# Whole studies under a real Slurm, by each of the job scripts: all give, bit for bit, what one rank
# gives without Slurm.
. "$(dirname "$0")/lib.sh"
. "$RB_SOURCE_DIR/tests/app/same_files.sh"
tiny=inputs/tiny.cfg

# same_as_reference FOLDER: also that every figure and the page are there.
same_as_reference() {
  local file
  same_files reference "$1"
  for file in reference/report.html reference/figures/*; do
    [ -s "$1/${file#reference/}" ] || fail "$1 has no ${file#reference/}"
  done
}

"$RB_PROGRAM" run $tiny -o reference --quiet || fail "the reference"
rm reference/baseline*.h5 # ScaLAPACK: equal to rounding only on another number of ranks

for launcher in srun mpirun; do
  echo "-- study.sbatch through $launcher ($SECONDS s)"
  job=$(RB_LAUNCHER=$launcher sbatch --parsable -N 2 jobs/study.sbatch run $tiny -o $launcher)
  expect_job "$job" "COMPLETED 0:0"
  same_as_reference $launcher
  grep -q '^report ' "rheobase-$job.log" || fail "no log of the study"
done
[ "$(h5dump -y -d provenance/ranks srun/simulations.h5 | grep -xE ' +[0-9]+' | tr -d ' ')" = 2 ] || fail "not two ranks"
same_files srun mpirun # with the baseline

echo "-- a worker of each rank, under srun ($SECONDS s)"
program=(inputs/programs/numpy_damped_oscillator.cfg --set program.length=8 --set sanity.simulations=20
  --set training.simulations=200 --set training.validation=40
  --set "program.command=\"echo worker >&2; exec python3 $RB_SOURCE_DIR/tests/model/worker.py\"")
"$RB_PROGRAM" simulate "${program[@]}" -o workers_reference --quiet 2>/dev/null || fail "workers without Slurm"
job=$(RB_LAUNCHER=srun sbatch --parsable -N 2 jobs/study.sbatch simulate "${program[@]}" -o workers)
expect_job "$job" "COMPLETED 0:0"
for rank in 0 1; do
  grep -Eq "^([0-9]+: )?rank $rank: worker" "rheobase-$job.log" || fail "no worker of rank $rank: $(cat "rheobase-$job.log")"
done
same_files workers_reference workers

echo "-- stages.sh ($SECONDS s)"
SBATCH_OPTIONS="-N 2" jobs/stages.sh $tiny staged >chain || fail "stages.sh"
[ "$(cut -d' ' -f2 chain | tr '\n' ' ')" = "simulate train calibrate baseline infer predict report " ] ||
  fail "stages: $(cat chain)"
before=$(head -n 1 chain | cut -d' ' -f1)
while read -r job stage; do
  [ "$stage" = simulate ] || job_field "$job" Dependency | grep -Eq "^afterok:$before|^\(null\)$" ||
    fail "$stage waits for $(job_field "$job" Dependency), not $before"
  before=$job
  expect_job "$job" "COMPLETED 0:0"
  grep -q "^$stage " "$stage-$job.log" || fail "no log of $stage"
done <chain
same_as_reference staged

echo "-- stages.sh: calibrate fails, the chain stops, files stay ($SECONDS s)"
SBATCH_OPTIONS="-N 2" jobs/stages.sh $tiny staged --set calibration.sbc_draws=21 >chain || fail "stages.sh"
while read -r job stage; do
  got=$(wait_job "$job")
  case "$stage $got" in
    "simulate COMPLETED 0:0" | "train COMPLETED 0:0" | "calibrate FAILED 6:0") ;;
    baseline\ CANCELLED* | infer\ CANCELLED* | predict\ CANCELLED* | report\ CANCELLED*) ;;
    *) fail "$stage ended as $got" ;;
  esac
done <chain
grep -q "error: staged/calibration.h5 is of another study: calibration.sbc_draws" calibrate-*.log ||
  fail "calibrate does not say why it failed"
same_files reference staged

echo "-- an array of seeds, and collect ($SECONDS s)"
job=$(sbatch --parsable --array=44-45 jobs/calibration_array.sbatch array $tiny) # 45 is tiny's own
expect_job "${job}_44" "COMPLETED 0:0"
expect_job "${job}_45" "COMPLETED 0:0"
same_as_reference array/45
"$RB_PROGRAM" collect array/* -o array --quiet || fail "collect"
"$RB_PROGRAM" collect reference -o reference --quiet || fail "collect of one"
[ "$(sed -n '/^\$study/,/^EOD/p' array/collection.gp | wc -l)" = 14 ] || fail "not a point for each of 2 x 6 parameters"
if command -v gnuplot >/dev/null; then [ -s array/collection.png ] || fail "collect drew nothing"; fi
[ "$(wc -l <array/collection.csv)" = 13 ] || fail "collect: not a line for each of 2 x 6 parameters"
grep '^array/45,' array/collection.csv | cut -d, -f2- | cmp - <(tail -n +2 reference/collection.csv | cut -d, -f2-) ||
  fail "the row of a study depends on what it is collected with"
! grep '^array/44,' array/collection.csv | cut -d, -f2- | cmp -s - <(tail -n +2 reference/collection.csv | cut -d, -f2-) ||
  fail "two seeds, one result"

echo "-- scaling.sbatch ($SECONDS s)"
job=$(sbatch --parsable jobs/scaling.sbatch $tiny -o scaling --set scale.repeats=1 --set scale.seconds=0 --set scale.simulations=16)
expect_job "$job" "COMPLETED 0:0"
[ "$(grep -cE '^(simulate|train|calibrate|io|baseline) +strong +[12] ' "rheobase-scaling-$job.log")" = 10 ] ||
  fail "not five kinds of work on one node and on two"

echo "-- sweep.sh ($SECONDS s)"
SBATCH_OPTIONS="--ntasks=1" jobs/sweep.sh $tiny sweep calibration.bins=4 5 >ids || fail "sweep.sh"
while read -r job; do expect_job "$job" "COMPLETED 0:0"; done <ids
same_as_reference sweep/calibration.bins=5
"$RB_PROGRAM" collect sweep/* -o sweep --quiet || fail "collect of a sweep"
[ "$(grep -c '^sweep/calibration.bins=4,' sweep/collection.csv)" = 6 ] || fail "not all of the sweep was collected"
echo "-- done ($SECONDS s)"
exit 0
