#!/usr/bin/env bash
# A task of the sbibm benchmark (docs/benchmark.md): trains inputs/sbibm/TASK.cfg with a budget of
# simulations, the validation set among them, and draws from the posterior of every observation of a file.
#   jobs/sbibm.sh TASK SIMULATIONS REFERENCE.h5 OUT.h5
# TASK is without sbibm_, as two_moons. REFERENCE.h5 holds `observation (n, K)` and `observation_number (n)`;
# OUT.h5 gets `draws (n, 10000, D)` float32 and `observation_number`. From the environment: SEED (1), RANKS (all
# cores), STUDY (a folder to keep the study in; else it is deleted).
set -eu
if [ $# != 4 ]; then
  echo "use: jobs/sbibm.sh TASK SIMULATIONS REFERENCE.h5 OUT.h5" >&2
  exit 2
fi
task=$1 simulations=$2 reference=$3 out=$4
RB_JOBS=$(cd "$(dirname "$0")" && pwd)
. "$RB_JOBS/environment.sh"
input=$RB_JOBS/../inputs/sbibm/$task.cfg
ranks=${RANKS:-$(rb_cores)}
python=/usr/bin/python3 # the one that has h5py (jobs/setup.sh)
[ -r "$input" ] || { echo "jobs/sbibm.sh: no task $task: $input is missing" >&2 && exit 2; }
[ -r "$reference" ] || { echo "jobs/sbibm.sh: $reference cannot be read" >&2 && exit 2; }
[[ $simulations =~ ^[0-9]+$ && $simulations -ge 100 ]] ||
  { echo "jobs/sbibm.sh: SIMULATIONS is $simulations; at least 100 are needed" >&2 && exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
study=${STUDY:-$work/study}

# The sizes follow from the budget, for all tasks alike: a tenth validates; so many epochs that there are
# 30,000 steps at least, which early stopping hardly ever needs; averages over the steps of 10 epochs; ten
# networks together where simulations are few, else five.
batch=128
validation=$((simulations / 10))
steps=$(((simulations - validation + batch - 1) / batch))
epochs=$((30000 / steps + 1))
[ $epochs -le 2000 ] || epochs=2000
[ $epochs -ge 60 ] || epochs=60
networks=10
[ "$simulations" -le 10000 ] || networks=5
sizes=("training.simulations=$((simulations - validation))" "training.validation=$validation"
  "training.batch_size=$batch" "training.epochs=$epochs" "training.average_steps=$((10 * steps))"
  "training.ensemble=$networks" "seed=${SEED:-1}")
options=() # of all stages
for size in "${sizes[@]}"; do options+=(--set "$size"); done

# Observations, one file each, with nine digits, which are enough for float32.
$python - "$reference" "$work" <<'PYTHON'
import sys
import h5py
with h5py.File(sys.argv[1]) as f:
    for row, number in zip(f["observation"][()], f["observation_number"][()]):
        with open(f"{sys.argv[2]}/{number}.csv", "w") as out:
            out.write("datum,data\n" + "".join(f"{k},{x:.9g}\n" for k, x in enumerate(row)))
PYTHON

# rheo STAGE [OPTION...]: a stage of the study on all ranks.
rheo() {
  rb_launch "$ranks" "$RB_PROGRAM" "$1" "$input" -o "$study" "${options[@]}" "${@:2}" </dev/null
}

# The network's options are those with which a single one has the lowest validation loss, so that no task is
# told its own. consider NAME SETTING=VALUE...: keeps these if they are better than what was best before.
best=
consider() {
  local try=() setting loss
  for setting in "${@:2}"; do try+=(--set "$setting"); done
  rheo train "${try[@]}" --set training.ensemble=1 --force --quiet
  loss=$($python -c 'import h5py, sys; print(h5py.File(sys.argv[1]).attrs["best_loss"])' "$study/checkpoint.h5")
  echo "jobs/sbibm.sh: $1: validation loss $loss"
  if [ -z "$best" ] || $python -c 'import sys; sys.exit(not float(sys.argv[1]) < float(sys.argv[2]))' "$loss" "$best"; then
    best=$loss
    options+=("${try[@]}")
  fi
}

rheo simulate
for candidate in "64 0.15 false" "128 0.005 false" "64 0.5 true" "128 0.15 true" "128 0.5 true" \
  "128 1 true"; do
  read -r width decay gates <<<"$candidate"
  half="[$((width / 2)), $((width / 2))]"
  consider "width $width, weight decay $decay, gates $gates" "network.summary.mlp_widths=[$width, $width]" \
    "network.mixture.mlp_widths=$half" "network.spline.mlp_widths=$half" "training.weight_decay=$decay" \
    "network.summary.gates=$gates"
done
consider "straight coordinates" 'training.parameters="straight"'
consider "a straight line beside it" "network.summary.line=true"
consider "splines" 'network.density="spline"'
rheo train --force
for observation in "$work"/*.csv; do
  rb_launch 1 "$RB_PROGRAM" infer "$input" -o "$study" "${options[@]}" --set observation.draws=10000 \
    --observation "$observation" --force --quiet </dev/null
  mv "$study/posterior.h5" "${observation%.csv}.h5"
done

$python - "$reference" "$work" "$out" <<'PYTHON'
import os
import sys
import h5py
import numpy as np
with h5py.File(sys.argv[1]) as f:
    numbers = f["observation_number"][()]
draws = []
for number in numbers:
    with h5py.File(f"{sys.argv[2]}/{number}.h5") as f:
        draws.append(f["draws"][()])
part = sys.argv[3] + ".tmp"
with h5py.File(part, "w") as f:
    f["draws"] = np.asarray(draws, np.float32)
    f["observation_number"] = numbers
os.replace(part, sys.argv[3])
PYTHON
echo "jobs/sbibm.sh: wrote $out"
