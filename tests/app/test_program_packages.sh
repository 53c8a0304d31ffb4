#!/usr/bin/env bash
# The examples in Brian2 and NEURON, from one command each to a report on two ranks, with few simulations.
# RB_PYTHON has the packages (jobs/check.sh --long installs them); skipped where it has not.
. "$(dirname "$0")/../fault/lib.sh"
python=${RB_PYTHON:-python3}
small=(--set training.simulations=60 --set training.validation=20 --set training.epochs=2 --set sanity.simulations=10
  --set baseline.simulations=450 --set calibration.recovery_datasets=20 --set calibration.sbc_datasets=20
  --set calibration.diagnostics_datasets=20 --set calibration.diagnostics_draws=20 --set misspecification.simulations=20
  --set observation.draws=50 --set predictive.replicates=10)
tried=0
for name in brian2_adex neuron_hodgkin_huxley; do
  package=${name%%_*}
  "$python" -c "import $package" >/dev/null 2>&1 || continue
  tried=$((tried + 1))
  input=$RB_SOURCE_DIR/inputs/programs/$name.cfg
  study=("${small[@]}" --set "program.command=\"$python $RB_SOURCE_DIR/inputs/programs/$name.py\"")
  run_stage 2 run "$name" "${study[@]}"
  expect_success "$name"
  [ -s "$name/report.html" ] && [ -s "$name/figures/traces.png" ] || fail "$name: no report: $(ls "$name")"
  run_stage 1 simulate "$name.1" "${study[@]}"
  expect_success "$name on one rank"
  h5diff --exclude-path /provenance "$name/simulations.h5" "$name.1/simulations.h5" >diff.txt 2>&1 ||
    fail "$name: other simulations on one rank: $(head -3 diff.txt)"
done
[ $tried -gt 0 ] || { echo "skipped: $python has neither brian2 nor neuron" && exit 77; }
echo "$tried packages tried"
exit 0
