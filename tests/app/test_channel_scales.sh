#!/usr/bin/env bash
# What statistics bring channels to scale by is taken from the simulations that a network trains on, and kept with
# it: no command simulates for it, which a program that takes long would feel. The same on 1 and 2 ranks.
. "$(dirname "$0")/../fault/lib.sh"
input=$RB_SOURCE_DIR/inputs/programs/numpy_damped_oscillator.cfg
study=(--set "program.command=\"exec ${RB_PYTHON:-python3} $RB_SOURCE_DIR/tests/model/worker.py count $work/count\""
  --set program.length=8 --set sanity.simulations=20 --set training.simulations=300 --set training.validation=40
  --set training.epochs=2 --set training.steps_per_epoch=2 --set network.summary.type=statistics --set observation.draws=20
  --set misspecification.simulations=0)

# counted NUMBER WHAT: so many simulations were made since the last time.
counted() {
  local now
  now=$(sort "$work/count" 2>/dev/null | wc -l)
  rm -f "$work/count"
  [ "$now" = "$1" ] || fail "$2 made $now simulations, not $1"
}

run_stage 2 simulate study "${study[@]}"
expect_success simulate
counted 360 simulate
run_stage 2 train study "${study[@]}"
expect_success train
counted 0 train
mkdir alone && cp study/simulations.h5 alone
run_stage 1 train alone "${study[@]}"
expect_success "train on one rank"
h5diff --exclude-path /provenance study/checkpoint.h5 alone/checkpoint.h5 >diff.txt 2>&1 ||
  fail "another network on one rank: $(head -3 diff.txt)"

echo "-- later commands need the network alone; the observation is one simulation"
rm study/simulations.h5
run_stage 2 infer study "${study[@]}"
expect_success infer
rm -f "$work/count"
run_stage 1 infer study "${study[@]}" --force
expect_success "infer on one rank"
counted 1 infer

python=
for candidate in "${RB_PYTHON:-python3}" /usr/bin/python3; do
  "$candidate" -c "import h5py" 2>/dev/null && python=$candidate && break
done
[ -n "$python" ] || { echo "not compared with another program: no python3 has h5py" && exit 0; }
"$python" - <<'END' || fail "other means or deviations"
import h5py, numpy as np
x = h5py.File("alone/simulations.h5")["training/position"][:256].astype(float)
scales = h5py.File("study/checkpoint.h5")["standardisation"]
assert np.allclose(scales["recorded_mean"], x.mean(), rtol=1e-9)
assert np.allclose(scales["recorded_std"], x.std(), rtol=1e-9)
END
"$python" -c 'import h5py; del h5py.File("study/checkpoint.h5", "r+")["standardisation/recorded_mean"]'
run_stage 1 infer study "${study[@]}" --force
expect_error 5 "does not say what channels are brought to scale by.*train again" "a network without scales"
exit 0
