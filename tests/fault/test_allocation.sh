#!/usr/bin/env bash
# An allocation that fails on rank 1 of two, in every stage: exit code 8, one line, no hang, and
# nothing half-written. The first one of RB_ALLOCATIONS_TRIED paths of calls of each stage (default 2),
# of every path where there are no more. RB_FAILING is the library with the allocation.
. "$(dirname "$0")/lib.sh"
study=(--set exact.datasets=12 --set exact.draws=120 --set exact.short_steps=30 --set exact.long_steps=128)
tried=${RB_ALLOCATIONS_TRIED:-2}
patience=${RB_PATIENCE:-120}
stages=(simulate train baseline calibrate infer predict refine report)

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

failed=0
mkdir whole
for stage in "${stages[@]}"; do
  rm -rf before paths && cp -r whole before
  do_stage "$stage" whole RB_PATHS="$work/paths"
  expect_success "$stage"
  mapfile -t paths < <(sort -u paths | shuf --random-source="$RB_FAILING")
  [ ${#paths[@]} -gt 0 ] || fail "$stage: no allocation was seen"
  failed_here=0
  for path in "${paths[@]}"; do
    [ $failed_here -lt "$tried" ] || break
    rm -rf case failed && cp -r before case
    do_stage "$stage" case RB_FAIL_PATH="$path" RB_FAILED="$work/failed"
    if [ ! -e failed ]; then continue; fi # refine deals to whoever is free, and the clock says what is saved
    expect_error 8 "out of memory" "$stage, allocation by $path"
    if ls case/*.tmp case/*.lock >/dev/null 2>&1; then fail "$stage, allocation by $path: left over: $(ls case)"; fi
    failed_here=$((failed_here + 1))
  done
  [ $failed_here -gt 0 ] || fail "$stage: none of ${#paths[@]} paths was gone again"
  expect_readable case
  failed=$((failed + failed_here))
  echo "$stage: $failed_here of ${#paths[@]} paths"
done
echo "$failed failed allocations survived"
