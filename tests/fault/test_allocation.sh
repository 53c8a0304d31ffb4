#!/usr/bin/env bash
# An allocation that fails on rank 1 of two, in every stage: exit code 8, one line, no hang, and
# nothing half-written. The first one of RB_ALLOCATIONS_TRIED paths of calls of each stage (default 2),
# of every path where there are no more; for each stage it says how many of its paths have not failed.
# RB_FAILING is the library with the allocation.
#   test_allocation.sh [STAGE...]   these stages alone fail; those before them are only run
. "$(dirname "$0")/lib.sh"
study=(--set exact.datasets=12 --set exact.draws=120 --set exact.short_steps=30 --set exact.long_steps=128)
tried=${RB_ALLOCATIONS_TRIED:-2}
patience=${RB_PATIENCE:-120}
stages=(simulate train baseline calibrate infer predict refine report)
failing=" ${*:-${stages[*]}} "
export OMPI_MCA_odls_base_sigkill_timeout=0 # mpirun would give ranks that all end by themselves a second or two

# do_stage STAGE FOLDER VARIABLE=VALUE...: on two ranks, with the library and these variables.
do_stage() {
  local stage=$1 folder=$2
  shift 2
  export LD_PRELOAD=$RB_FAILING "$@"
  if [ "$stage" = report ]; then
    timeout "$patience" mpirun -n 2 "$RB_PROGRAM" report "$folder" >out.txt 2>err.txt </dev/null
    code=$?
    [ $code != 124 ] || fail "hangs: report, $*"
  else
    run_stage 2 "$stage" "$folder"
  fi
  unset LD_PRELOAD "${@%%=*}"
}

# fail_by PATH: the stage again, with the first allocation by that path failing; sets met, to 1 if there
# was one. Otherwise the path was not taken: refine deals to whoever is free, and the clock says what is saved.
fail_by() {
  rm -rf case failed && cp -r before case
  do_stage "$stage" case RB_FAIL_PATH="$1" RB_FAILED="$work/failed"
  met=0
  if [ ! -e failed ]; then return; fi
  met=1
  expect_error 8 "out of memory" "$stage, allocation by $1"
  if ls case/*.tmp case/*.lock >/dev/null 2>&1; then fail "$stage, allocation by $1: left over: $(ls case)"; fi
}

failed=0
mkdir whole
for stage in "${stages[@]}"; do
  rm -rf before paths && cp -r whole before
  do_stage "$stage" whole RB_PATHS="$work/paths"
  expect_success "$stage"
  [[ $failing == *" $stage "* ]] || continue
  mapfile -t paths < <(sort -u paths | shuf --random-source="$RB_FAILING")
  all=${#paths[@]}
  [ "$all" -gt 0 ] || fail "$stage: no allocation was seen"
  failed_here=0
  for _ in 1 2 3; do # a path that was not taken is tried again
    remaining=()
    for path in "${paths[@]}"; do
      met=0
      [ $failed_here -ge "$tried" ] || fail_by "$path"
      failed_here=$((failed_here + met))
      [ $met = 1 ] || remaining+=("$path")
    done
    paths=("${remaining[@]}")
  done
  [ $failed_here -gt 0 ] || fail "$stage: none of $all paths was taken again"
  expect_readable case
  failed=$((failed + failed_here))
  echo "$stage: $failed_here of $all paths, ${#paths[@]} have not failed ($SECONDS s)"
done
echo "$failed failed allocations survived"
