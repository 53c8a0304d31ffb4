#!/usr/bin/env bash
# jobs/sbibm.sh: draws for every observation of a reference file, the same on any number of ranks, and one
# line of error for wrong arguments.
. "$(dirname "$0")/lib.sh"
export RB_PROGRAM
reference=$RB_TEST_DATA/sbibm/two_moons.h5
script=$RB_SOURCE_DIR/jobs/sbibm.sh
[ -r /usr/lib/python3/dist-packages/h5py/__init__.py ] || exit 77

# With few epochs and two networks, which are enough here.
printf '#!/bin/sh\nexec "%s" "$@" --set training.epochs=20 --set training.ensemble=2\n' "$RB_PROGRAM" >short
chmod +x short
program=$RB_PROGRAM
RB_PROGRAM=$work/short

# From another folder, by relative names with spaces, over a file that is there.
mkdir "a folder" && cp "$reference" "a folder/the reference.h5" && echo old >"a folder/draws 2.h5"
for ranks in 1 2; do
  (cd "a folder" && RANKS=$ranks SEED=3 "$script" two_moons 100 "the reference.h5" "draws $ranks.h5") >log.txt 2>&1 ||
    fail "$ranks: $(tail -3 log.txt)"
done
grep -q "^jobs/sbibm.sh: straight coordinates" log.txt || fail "a uniform prior has straight coordinates, too"
/usr/bin/python3 - "$reference" <<'PYTHON' || fail "the draws are not what they have to be"
import sys
import h5py
import numpy as np
one, two = (h5py.File(f"a folder/draws {ranks}.h5") for ranks in (1, 2))
draws = one["draws"][()]
assert draws.shape == (2, 10000, 2) and draws.dtype == np.float32, (draws.shape, draws.dtype)
assert (one["observation_number"][()] == h5py.File(sys.argv[1])["observation_number"][()]).all()
assert (np.abs(draws) <= 1).all() and np.ptp(draws, axis=1).min() > 0.01
assert (draws == two["draws"][()]).all()
assert (draws[0] != draws[1]).any()
PYTHON
[ "$(find . -type f | sort)" = "./a folder/draws 1.h5
./a folder/draws 2.h5
./a folder/the reference.h5
./log.txt
./short" ] || fail "left behind: $(find .)"

# What follows from the budget: a program that tells its options in place of simulating.
printf '#!/bin/sh\necho "$@"\nexit 1\n' >tell && chmod +x tell
sizes() { # SIMULATIONS SETTING=VALUE...
  RB_PROGRAM=$work/tell RANKS=1 "$script" two_moons "$1" "$reference" x.h5 >out.txt 2>&1
  for setting in "${@:2}"; do grep -q -- "--set training.$setting " out.txt || fail "$1: no $setting: $(head -1 out.txt)"; done
}
sizes 1000 simulations=900 validation=100 epochs=2000 average_steps=80 patience=266 ensemble=10
sizes 10000 simulations=9000 validation=1000 epochs=423 average_steps=710 patience=30 ensemble=10 'schedule="constant"'
sizes 100000 simulations=90000 validation=10000 epochs=60 average_steps=710 patience=30 ensemble=5 'schedule="cosine"'
sizes online 'mode="online"' epochs=140 steps_per_epoch=1000 passes=5 patience=0 ensemble=1 'schedule="cosine"'

# Online one network is trained, and none is chosen.
printf '#!/bin/sh\nexec "%s" "$@" --set training.epochs=10 --set training.steps_per_epoch=10\n' "$program" >brief
chmod +x brief
for ranks in 1 2; do
  RB_PROGRAM=$work/brief RANKS=$ranks "$script" two_moons online "$reference" "online $ranks.h5" >out.txt 2>&1 ||
    fail "online: $(tail -3 out.txt)"
  grep -q "^train .* 100 steps in " out.txt || fail "other than 100 steps: $(grep ^train out.txt)"
  grep -q "^jobs/sbibm.sh: .*validation loss" out.txt && fail "online a network is chosen: $(grep ^jobs out.txt)"
done
h5diff "online 1.h5" "online 2.h5" >/dev/null || fail "online: other draws on two ranks"

# Arguments that are wrong end before anything is simulated, with one line.
/usr/bin/python3 - "$reference" <<'PYTHON'
import sys
import h5py
import numpy as np


def make(name, **arrays):
    with h5py.File(name + ".h5", "w") as f:
        for key, value in arrays.items():
            f[key] = value


with h5py.File(sys.argv[1]) as f:
    x, n = f["observation"][()], f["observation_number"][()]
make("none", true_parameters=x)
make("unnumbered", observation=x)
make("flat", observation=x[0], observation_number=n)
make("counts", observation=x, observation_number=n[:1])
make("empty", observation=x[:0], observation_number=n[:0])
make("nan", observation=x * np.nan, observation_number=n)
make("huge", observation=x * 1e300, observation_number=n)
make("text", observation=[b"a"], observation_number=n[:1])
make("wide", observation=np.c_[x, x], observation_number=n)
PYTHON
mkdir folder && echo text >text.txt
refused() { # TEXT ARGUMENT...
  "$script" "${@:2}" >out.txt 2>&1 && fail "accepted: ${*:2}"
  grep -F -- "$1" out.txt | grep -q "^jobs/sbibm.sh: " || fail "${*:2}: '$1' expected, got $(cat out.txt)"
  [ "$(grep -vc ' data sets in ' out.txt)" = 1 ] || fail "${*:2}: more than a line: $(cat out.txt)"
  [ ! -e x.h5 ] || fail "${*:2}: a refused call left a file"
}
refuses_reference() { refused "$1" two_moons 300 "$2" x.h5; } # TEXT REFERENCE
refuses_task() { refused "no task '$1'; there are bernoulli_glm" "$1" 300 "$reference" x.h5; }
refuses_number() { refused "SIMULATIONS is '$1'; a whole number from 100" two_moons "$1" "$reference" x.h5; }
"$script" two_moons 300 >out.txt 2>&1 && fail "accepted two arguments"
[ "$(cat out.txt)" = "use: jobs/sbibm.sh TASK SIMULATIONS|online REFERENCE.h5 OUT.h5" ] || fail "no use: $(cat out.txt)"
for task in three_moons "" moons ../tiny '*' sbibm_two_moons; do refuses_task "$task"; done
for number in 10 1e4 010000 -5 1000.0 many "" 99999999999999999999; do refuses_number "$number"; done
refuses_reference "nothing.h5 cannot be read" nothing.h5
refuses_reference "not an HDF5 file" text.txt
refuses_reference "not an HDF5 file" folder
refuses_reference 'array `observation` is missing' none.h5
refuses_reference 'array `observation_number` is missing' unnumbered.h5
refuses_reference "shape (2,), not (n, K)" flat.h5
refuses_reference "shape (0, 2), not (n, K)" empty.h5
refuses_reference "shape (1,), not (2,)" counts.h5
for name in nan huge; do refuses_reference "not finite" $name.h5; done
refuses_reference "not of numbers" text.h5
RANKS=1 refuses_reference "another number of data" wide.h5
refused "make it first" two_moons 300 "$reference" no_folder/x.h5
refused "folder is there and is no file" two_moons 300 "$reference" folder
refused "REFERENCE itself" two_moons 300 ./wide.h5 wide.h5
for ranks in 0 two -1; do RANKS=$ranks refuses_reference "RANKS is '$ranks'" "$reference"; done
RB_PROGRAM=/nothing refuses_reference "no program /nothing" "$reference"

# What is searched, by a program that pretends to train: wide networks are better, small densities worse, sharper
# posteriors gain from small batches and up to a gain of $GAIN, and noisy data, if $NOISY, from weight decay. It
# tells the epochs it was asked for, and takes $TOOK of them at most.
cat >pretend <<PYTHON
#!/usr/bin/python3
import math
import os
import sys
import h5py
if sys.argv[1] == "config":
    os.execv("$program", ["$program", *sys.argv[1:]])
option = dict(a.split("=", 1) for a in sys.argv if "=" in a)
study = sys.argv[sys.argv.index("-o") + 1]
os.makedirs(study, exist_ok=True)
if sys.argv[1] == "simulate":
    with h5py.File(f"{study}/simulations.h5", "w") as f:
        f["training/data"] = [[0.0] * (8 if "slcp" in sys.argv[2] else 10)]
if sys.argv[1] == "train":
    epochs = int(option["training.epochs"])
    print("epochs", epochs, "of", option["training.ensemble"], "with", option["training.weight_decay"])
    decay = float(option["training.weight_decay"])
    loss = 2 - ("128" in option["network.summary.mlp_widths"])
    loss += ("network.mixture.components" in option) - 0.1 * (option["training.batch_size"] == "32")
    loss += (-0.5 if int(os.environ["NOISY"]) else 0.5) * decay
    loss += 0.1 * abs(math.log(float(option.get("network.summary.gain", 1)) / float(os.environ["GAIN"])))
    with h5py.File(f"{study}/checkpoint.h5", "w") as f:
        f.attrs["best_loss"] = loss
        f["history/validation_loss"] = [0.0] * min(epochs, int(os.environ["TOOK"]))
if sys.argv[1] == "infer":
    with h5py.File(f"{study}/posterior.h5", "w") as f:
        f["draws"] = [[0.0]]
PYTHON
chmod +x pretend
searches() { # TASK SIMULATIONS NAME..., where the environment says what is best
  RB_PROGRAM=$work/pretend RANKS=1 "$script" "$1" "$2" "$RB_TEST_DATA/sbibm/$1.h5" x.h5 >out.txt 2>&1 ||
    fail "$1: $(tail -3 out.txt)"
  names=$(sed -n 's/^jobs\/sbibm.sh: \(.*\): validation loss .*/\1/p' out.txt)
  [ "$names" = "$(printf '%s\n' "${@:3}")" ] || fail "$1: searched $names"
}
falls() { echo "batches of $1, a rate that falls over $2 epochs"; }
line="a straight line beside it"
GAIN=5 NOISY=0 TOOK=9 searches sir 10000 "width 64, weight decay 0.15, gates false" "a small density" \
  "width 128, weight decay 0.005, gates false" "width 128, weight decay 0.15, gates true" \
  "width 128, weight decay 0.5, gates true" "two components" "$(falls 128 9)" "$(falls 32 423)" "gain 2" \
  "gain 5" "gain 10" "$(falls 32 9)" "$line"
[ "$(grep ^epochs out.txt | tail -2)" = "epochs 423 of 1 with 0.005
epochs 423 of 10 with 0.005" ] || fail "a rate that is no better is kept, or too few together: $(grep ^epochs out.txt)"
[ "$(grep -c "^epochs 141 of 1 with" out.txt)" = 6 ] || fail "large batches: not a third: $(grep ^epochs out.txt)"
GAIN=1 NOISY=1 TOOK=999 searches slcp 100000 "width 64, weight decay 0.015, gates false" "straight coordinates" \
  "a small density" "width 128, weight decay 0.0005, gates false" "width 128, weight decay 0.015, gates true" \
  "width 128, weight decay 0.05, gates true" "width 128, weight decay 0.1, gates true" \
  "width 64, weight decay 0.05, gates true" "two components" "$(falls 32 60)" \
  "width 128, weight decay 0.0005, gates false" "gain 2" "gain 5" "gain 0.3"
[ "$(grep -c "^epochs 20 of 1 with" out.txt)" = 14 ] || fail "not all of a third of the epochs: $(grep ^epochs out.txt)"
grep -qx "epochs 60 of 5 with 0.1" out.txt || fail "the networks together: $(grep ^epochs out.txt)"
exit 0
