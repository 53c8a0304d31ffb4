#!/usr/bin/env bash
# A task of the sbibm benchmark (docs/benchmark.md): trains inputs/sbibm/TASK.cfg with a budget of
# simulations, the validation set among them, or on fresh ones for 140,000 steps, and draws from the posterior
# of every observation of a file.
#   jobs/sbibm.sh TASK SIMULATIONS|online REFERENCE.h5 OUT.h5
# TASK is without sbibm_, as two_moons. REFERENCE.h5 holds `observation (n, K)` and `observation_number (n)`;
# OUT.h5 gets `draws (n, 10000, D)` float32 and `observation_number`, and is replaced if it is there. From the
# environment: SEED (1), RANKS (all cores), STUDY (a folder to keep the study in; else it is deleted).
set -eu
if [ $# != 4 ]; then
  echo "use: jobs/sbibm.sh TASK SIMULATIONS|online REFERENCE.h5 OUT.h5" >&2
  exit 2
fi
task=$1 simulations=$2 reference=$3 out=$4
RB_JOBS=$(cd "$(dirname "$0")" && pwd)
. "$RB_JOBS/environment.sh"
inputs=$RB_JOBS/../inputs/sbibm
input=$inputs/$task.cfg
ranks=${RANKS:-$(rb_cores)}
python=/usr/bin/python3 # the one that has h5py (jobs/setup.sh)

# need MESSAGE COMMAND...: ends with this one line unless the command succeeds.
need() {
  "${@:2}" >/dev/null 2>&1 || { echo "jobs/sbibm.sh: $1" >&2 && exit 2; }
}
is_whole() { # NUMBER LEAST MOST
  [[ $1 =~ ^[1-9][0-9]{0,9}$ && $1 -ge $2 && $1 -le $3 ]]
}
tasks=$(basename -s .cfg "$inputs"/*.cfg | paste -sd ' ')
need "no task '$task'; there are $tasks" grep -qxF -- "$task" <<<"${tasks// /$'\n'}"
[ "$simulations" = online ] ||
  need "SIMULATIONS is '$simulations'; a whole number from 100 to 1000000000, or online, is needed" \
    is_whole "$simulations" 100 1000000000
need "RANKS is '$ranks'; a whole number from 1 on is needed" is_whole "$ranks" 1 1000000
need "$reference cannot be read" test -r "$reference"
need "the folder of $out is not there or cannot be written to: make it first" test -w "$(dirname -- "$out")"
need "$out is there and is no file: choose another name" test ! -e "$out" -o -f "$out"
need "$out is REFERENCE itself; the draws need a file of their own" test ! "$out" -ef "$reference"
need "there is no program $RB_PROGRAM: build it (README.md), or name it in RB_PROGRAM" command -v "$RB_PROGRAM"
need "$python has no h5py: install python3-h5py" $python -c 'import h5py'

work=$(mktemp -d)
trap 'rm -rf "$work" "$out.tmp"' EXIT
study=${STUDY:-$work/study}

# The observations, a file for each row, with nine digits, which are enough for float32.
$python - "$reference" "$work" <<'PYTHON'
import sys
import h5py
import numpy as np


def need(met, what):
    if not met:
        print(f"jobs/sbibm.sh: {sys.argv[1]}: {what}", file=sys.stderr)
        sys.exit(2)


def read(f, name):
    need(isinstance(f.get(name), h5py.Dataset), f"the array `{name}` is missing")
    need(f[name].dtype.kind in "fiu", f"`{name}` is not of numbers")
    return f[name][()]


need(h5py.is_hdf5(sys.argv[1]), "not an HDF5 file")
with h5py.File(sys.argv[1]) as f:
    observation, number = read(f, "observation"), read(f, "observation_number")
need(observation.ndim == 2 and observation.size > 0, f"`observation` has shape {observation.shape}, not (n, K)")
need(number.shape == observation.shape[:1], f"`observation_number` has shape {number.shape}, not ({len(observation)},)")
with np.errstate(over="ignore"):
    observation = observation.astype(np.float32)
need(np.isfinite(observation).all(), "`observation` has numbers that are not finite")
for row, data in enumerate(observation):
    with open(f"{sys.argv[2]}/{row}.csv", "w") as out:
        out.write("datum,data\n" + "".join(f"{k},{x:.9g}\n" for k, x in enumerate(data)))
PYTHON

bounded() { # NUMBER LEAST MOST
  echo $(($1 < $2 ? $2 : $1 > $3 ? $3 : $1))
}

options=() # of all stages
set_options() { # SETTING=VALUE...
  local setting
  for setting in "$@"; do options+=(--set "$setting"); done
}

# Online, too, all tasks are trained alike, with as many steps as the slowest takes in about ten minutes of a
# core: a single network, and a wide one, since with fresh simulations nothing is learned by heart; a rate that
# falls; and each simulation in five epochs, so that the differential equations cost less than the training.
sizes_online() {
  set_options 'training.mode="online"' training.simulations=20000 training.validation=10000 training.epochs=140 \
    training.steps_per_epoch=1000 training.passes=5 training.learning_rate=2e-3 'training.schedule="cosine"' \
    training.warmup_fraction=0.01 'training.keep="last"' training.patience=0 training.average_steps=0 \
    training.ensemble=1 'training.parameters="straight"' \
    'network.summary.mlp_widths=[128, 128]' network.summary.gates=true 'network.mixture.mlp_widths=[64, 64]'
}

# The sizes follow from the budget, for all tasks alike: a tenth validates; so many epochs that there are
# 30,000 steps at least, of smaller batches 120,000, which early stopping hardly ever needs; averages over the
# steps of 10 epochs, but no more than 710 steps, since weights that are far apart have no useful mean; patience
# of 30 epochs, of more where these are fewer than 2130 steps; ten networks together where simulations are few,
# else five, whose learning rate falls, so that the posteriors' widths do not hold what large steps add to them.
# With few simulations training ends long before a rate would have fallen.
sizes_of_budget() {
  batch=128
  validation=$((simulations / 10))
  steps=$(((simulations - validation + batch - 1) / batch))
  epochs=$(bounded $((30000 / steps + 1)) 60 2000)
  average=$(bounded $((10 * steps)) 1 710)
  patience=$(bounded $((2130 / steps)) 30 300)
  networks=10 schedule=constant
  [ "$simulations" -le 10000 ] || networks=5 schedule=cosine
  set_options "training.simulations=$((simulations - validation))" "training.validation=$validation" \
    "training.batch_size=$batch" "training.epochs=$epochs" "training.average_steps=$average" \
    "training.patience=$patience" "training.ensemble=$networks" "training.schedule=\"$schedule\""
}

# rheo STAGE [OPTION...]: a stage of the study on all ranks.
rheo() {
  rb_launch "$ranks" "$RB_PROGRAM" "$1" "$input" -o "$study" "${options[@]}" "${@:2}" </dev/null
}

is_less() { # NUMBER NUMBER
  $python -c 'import sys; sys.exit(not float(sys.argv[1]) < float(sys.argv[2]))' "$1" "$2"
}

# The network's options are those with which a single one has the lowest validation loss, so that no task is
# told its own. consider NAME SETTING=VALUE...: keeps these if they are better than what was best before, which
# $kept says; $loss is theirs, and $took are the epochs that the best network took.
best='' kept=false loss='' took=0
consider() {
  local try=() setting taken
  for setting in "${@:2}"; do try+=(--set "$setting"); done
  rheo train "${try[@]}" --set training.ensemble=1 "${shorter[@]}" --force --quiet
  read -r loss taken < <($python -c 'import h5py, sys; f = h5py.File(sys.argv[1])
print(f.attrs["best_loss"], len(f["history/validation_loss"]))' "$study/checkpoint.h5")
  echo "jobs/sbibm.sh: $1: validation loss $loss"
  kept=false
  if [ -z "$best" ] || is_less "$loss" "$best"; then
    best=$loss kept=true took=$taken
    options+=("${try[@]}")
  fi
}

# candidate WIDTH DECAY GATES: beyond 10,000 simulations weight decays fall with their number, as the weight of a
# prior does beside that of data.
candidate() {
  local decay half="[$(($1 / 2)), $(($1 / 2))]"
  decay=$(LC_ALL=C awk -v decay="$2" -v n="$simulations" 'BEGIN { print(n > 10000 ? decay * 10000 / n : decay) }')
  consider "width $1, weight decay $decay, gates $3" "network.summary.mlp_widths=[$1, $1]" \
    "network.mixture.mlp_widths=$half" "training.weight_decay=$decay" "network.summary.gates=$3"
}

# A learning rate that falls, over all epochs or as many as training took, with smaller batches or not. Averages
# are over as many simulations as those of the larger batches.
parts=4
falling() { # PARTS EPOCHS
  consider "batches of $((batch / $1)), a rate that falls over $2 epochs" \
    "training.batch_size=$((batch / $1))" "training.micro_batch=$((batch / $1 / 2))" \
    "training.average_steps=$(($1 * average))" "training.epochs=$2" 'training.schedule="cosine"'
}

# input_has SETTING: whether the task's input, defaults included, has this line.
input_has() {
  grep -q -- "$1" <<<"$("$RB_PROGRAM" config "$input")"
}

# The search takes most of the time, so its networks have a third of the epochs. Those of small batches and few
# simulations have all, which they need to be better than others.
choose_network() {
  shorter=(--set "training.epochs=$((epochs / 3))")
  candidate 64 0.15 false
  straight=() # where the prior has no interval, straight coordinates are the same as probits
  if input_has 'distribution = "uniform"'; then
    straight=('training.parameters="straight"')
    consider "straight coordinates" "${straight[@]}"
  fi
  consider "a small density" "network.mixture.components=2" "network.mixture.mlp_widths=[8, 8]" "${straight[@]}"
  candidate 128 0.005 false
  candidate 128 0.15 true
  moderate=$loss
  candidate 128 0.5 true
  if is_less "$loss" "$moderate"; then # the data are noise to a large part
    candidate 128 1 true
    candidate 64 0.5 true
  fi
  if [[ "${options[*]}" != *components=2* ]]; then
    consider "two components" "network.mixture.components=2"
  fi
  if [ "$simulations" -le 10000 ]; then
    shorter=()
    falling 1 "$took"
  fi
  falling "$parts" "$epochs"
  if $kept && [[ "${options[*]}" == *gates=true* ]]; then # best with large batches, perhaps not with small ones
    candidate 128 0.005 false
  fi
  consider "gain 2" "network.summary.gain=2"
  consider "gain 5" "network.summary.gain=5"
  case "${options[*]}" in
    *gain=5*) consider "gain 10" "network.summary.gain=10" ;;
    *gain=2*) ;;
    *) consider "gain 0.3" "network.summary.gain=0.3" ;;
  esac
  if [ "$simulations" -le 10000 ] && [ "$took" != "$epochs" ]; then
    falling "$parts" "$took"
  fi
  input_has 'type = "set"' || consider "a straight line beside it" "network.summary.line=true"
}

if [ "$simulations" = online ]; then sizes_online; else sizes_of_budget; fi
set_options "seed=${SEED:-1}"
rheo simulate
need "$reference: \`observation\` has another number of data than the task $task" \
  $python -c 'import h5py, sys; a, b = map(h5py.File, sys.argv[1:])
sys.exit(a["observation"].shape[1] != b["training/data"].shape[1])' "$reference" "$study/simulations.h5"
[ "$simulations" = online ] || choose_network
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
for row in range(len(numbers)):
    with h5py.File(f"{sys.argv[2]}/{row}.h5") as f:
        draws.append(f["draws"][()])
part = sys.argv[3] + ".tmp"
with h5py.File(part, "w") as f:
    f["draws"] = np.asarray(draws, np.float32)
    f["observation_number"] = numbers
os.replace(part, sys.argv[3])
PYTHON
echo "jobs/sbibm.sh: wrote $out"
