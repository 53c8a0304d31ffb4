#!/usr/bin/env bash
# A study for every combination of some settings' values, one Slurm job each (without Slurm, one after
# the other). A word with = begins a setting, the words after it are more values:
#   jobs/sweep.sh inputs/quick.cfg results/sweep network.summary.summary_dim=16 32 64 training.batch_size=64 128
# gives six studies, results/sweep/network.summary.summary_dim=16,training.batch_size=64 and so on. Options of
# sbatch go into SBATCH_OPTIONS. Afterwards: rheobase collect results/sweep/* -o results/sweep
set -eu
if [ $# -lt 3 ]; then
  echo "use: jobs/sweep.sh INPUT DIR path=VALUE [VALUE ...] [path=VALUE ...]" >&2
  exit 2
fi
input=$1
results=$2
shift 2
RB_JOBS=$(cd "$(dirname "$0")" && pwd)
export RB_JOBS # to the jobs
. "$RB_JOBS/environment.sh"

# Each line of points is one combination, its settings separated by tabs.
points=$'\n'
while [ $# -gt 0 ]; do
  case $1 in
    *=*) path=${1%%=*} ;;
    *) echo "jobs/sweep.sh: path=VALUE expected, found $1" >&2 && exit 2 ;;
  esac
  values=("${1#*=}")
  shift
  while [ $# -gt 0 ] && [[ $1 != *=* ]]; do
    values+=("$1")
    shift
  done
  longer=
  while IFS= read -r point; do
    for value in "${values[@]}"; do longer+="${point:+$point$'\t'}$path=$value"$'\n'; done
  done <<<"${points%$'\n'}"
  points=$longer
done

code=0
while IFS=$'\t' read -r -a settings; do
  name=$(IFS=, && echo "${settings[*]//\//_}")
  options=()
  for setting in "${settings[@]}"; do options+=(--set "$setting"); done
  if command -v sbatch >/dev/null && [ "${RB_SWEEP:-slurm}" = slurm ]; then
    # shellcheck disable=SC2086 # options are split on purpose
    sbatch --parsable ${SBATCH_OPTIONS:-} --job-name=rheobase-sweep \
      "$RB_JOBS/study.sbatch" run "$input" -o "$results/$name" "${options[@]}" </dev/null || code=$?
  else
    rb_launch "$(rb_cores)" "$RB_PROGRAM" run "$input" -o "$results/$name" "${options[@]}" </dev/null || code=$?
  fi
done <<<"${points%$'\n'}"
exit $code
