#!/usr/bin/env bash
# memcheck over the tiny study on one rank, all stages: no invalid access, no decision on memory that
# was never written, no leak outside the libraries (tests/valgrind.supp).
. "$(dirname "$0")/lib.sh"
command -v valgrind >/dev/null || {
  echo "skipped: no valgrind"
  exit 77
}
export OMPI_MCA_ess_singleton_isolated=1 # no daemon beside the process
export OPENBLAS_CORETYPE=Haswell RB_KERNEL=x86-64-v3 # valgrind knows no AVX-512
small=(--set training.simulations=16 --set training.validation=8 --set training.batch_size=8 --set training.epochs=2
  --set sanity.prior_draws=50 --set baseline.simulations=300 --set misspecification.simulations=12
  --set calibration.recovery_datasets=6 --set calibration.sbc_datasets=6 --set calibration.diagnostics_datasets=6
  --set calibration.recovery_draws=9 --set calibration.sbc_draws=9 --set calibration.diagnostics_draws=9
  --set observation.draws=20 --set predictive.replicates=5)
checked() {
  valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect \
    --errors-for-leak-kinds=definite --suppressions="$RB_SOURCE_DIR/tests/valgrind.supp" \
    "$RB_PROGRAM" "$@" >out.txt 2>err.txt || fail "$1: exit $?: $(grep -E '^==|^rheobase' err.txt | head -40)"
  [ -z "$(grep '^==' err.txt)" ] || fail "$1: $(grep '^==' err.txt | head -40)"
}
for stage in simulate train calibrate baseline infer predict; do
  checked $stage "$input" -o study "${small[@]}"
done
checked info study/checkpoint.h5
checked collect study
PATH=/usr/bin:/bin checked report study
echo "9 commands, no error, no leak"
