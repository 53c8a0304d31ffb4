#!/usr/bin/env bash
# A study as one Slurm job per stage, each waiting for the one before; if a stage fails, those after it
# are cancelled, and what the earlier ones wrote stays. Options of sbatch for all stages go into SBATCH_OPTIONS:
#   SBATCH_OPTIONS="--ntasks=64 --time=01:00:00" jobs/stages.sh inputs/notebook.cfg results/notebook
# Prints the job ids.
set -eu
if [ $# -lt 2 ]; then
  echo "use: jobs/stages.sh INPUT DIR [--set path=value ...]" >&2
  exit 2
fi
input=$1
results=$2
shift 2
RB_JOBS=$(cd "$(dirname "$0")" && pwd)
export RB_JOBS # to the jobs
after=()
submit() {
  local job
  # shellcheck disable=SC2086 # options are split on purpose
  job=$(sbatch --parsable ${SBATCH_OPTIONS:-} --job-name="$1" "${after[@]}" "$RB_JOBS/study.sbatch" "$@")
  job=${job%%;*} # sbatch adds ;CLUSTER where there are several
  echo "$job $1"
  after=("--dependency=afterok:$job" --kill-on-invalid-dep=yes)
}
for stage in simulate train calibrate baseline infer predict; do
  submit $stage "$input" -o "$results" "$@"
done
submit report "$results"
