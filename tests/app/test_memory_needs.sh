#!/usr/bin/env bash
# What cannot be kept in memory is refused before any work, with the setting and the number; work that
# only rank 0 keeps gives the same files on any number of ranks (test_same_on_ranks.sh).
. "$(dirname "$0")/lib.sh"
input=$RB_SOURCE_DIR/inputs/tiny.cfg
memory_GB=$(awk '/^MemTotal/ {print int($2 / 1e6)}' /proc/meminfo)

# refused STAGE NEEDED_GB TEXT SETTING...: by the stage, and by a whole run unless it has no such stage,
# and nothing is left in the folder. Where the machine has the memory, nothing is to be refused.
refused() {
  local stage=$1 needed=$2 text=$3 command
  shift 3
  [ "$memory_GB" -lt "$needed" ] || return 0
  for command in "$stage" run; do
    [ "$stage" != refine ] || command=refine
    rm -rf study
    expect_failure 8 "$text" 2 "$command" "$input" -o study "${@/#/--set=}"
    if ls study/*.h5 >/dev/null 2>&1; then fail "$command began: $(ls study)"; fi
  done
}

refused infer 1000 "observation.draws = 100000000 needs 1[.0-9e+]* GB of memory on one rank" \
  observation.draws=100000000 network.summary.summary_dim=4096
refused predict 1000 "predictive.replicates = 10000000 needs [.0-9e+]* GB of memory on one rank" \
  predictive.replicates=10000000 simulator.T_ms=100000
refused infer 900 "misspecification.simulations = 1000000 needs 2[.0-9e+]* GB of memory on each rank" \
  misspecification.simulations=1000000
refused calibrate 900 "misspecification.simulations = 1000000 needs .*, or use fewer ranks per node" \
  misspecification.simulations=1000000
refused refine 60 "exact.datasets = 100000000 needs [.0-9e+]* GB of memory on each rank" exact.datasets=100000000
refused simulate 50 "training.simulations = 10000000 needs 40.6 GB of memory on each node, .* train online" \
  training.simulations=10000000 simulator.T_ms=100
refused simulate 39 "training.simulations = 100000000 needs 32 GB of memory on each node, .* train online" \
  training.simulations=100000000 network.summary.type=expert
refused simulate 45 "sanity.prior_draws = 1000000000 needs 48 GB of memory on one rank" sanity.prior_draws=1000000000
exit 0
