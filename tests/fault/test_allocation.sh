#!/usr/bin/env bash
# An allocation that fails on rank 1 of two, in every stage: exit code 8, one line, no hang, and
# nothing half-written. RB_ALLOCATIONS_TRIED of each stage (default 2), spread over it; every one where it has no more.
# RB_FAILING is the library with the allocation.
. "$(dirname "$0")/lib.sh"
study=(--set exact.datasets=12 --set exact.draws=120 --set exact.short_steps=30 --set exact.long_steps=128)
tried=${RB_ALLOCATIONS_TRIED:-2}
patience=${RB_PATIENCE:-120}
stages=(simulate train baseline calibrate infer predict refine report)
RANDOM=${RB_SEED:-22}

# do_stage STAGE FOLDER: on two ranks.
do_stage() {
  if [ "$1" = report ]; then
    timeout "$patience" mpirun -n 2 "$RB_PROGRAM" report "$2" >out.txt 2>err.txt </dev/null
    code=$?
    [ $code != 124 ] || fail "hangs: report"
  else
    run_stage 2 "$1" "$2"
  fi
}

failed=0
mkdir whole
for stage in "${stages[@]}"; do
  rm -rf before && cp -r whole before
  export LD_PRELOAD=$RB_FAILING RB_ALLOCATIONS=$work/count
  do_stage "$stage" whole
  unset LD_PRELOAD RB_ALLOCATIONS
  expect_success "$stage"
  count=$(cat count) || fail "$stage: no allocation was counted"
  for ((i = 0; i < tried && i < count; ++i)); do
    k=$((i + 1))
    [ "$tried" -ge "$count" ] || k=$((1 + (i * count + RANDOM * count / 32768) / tried))
    rm -rf case && cp -r before case
    export LD_PRELOAD=$RB_FAILING RB_FAIL_ALLOCATION=$k
    do_stage "$stage" case
    unset LD_PRELOAD RB_FAIL_ALLOCATION
    expect_error 8 "out of memory" "$stage, allocation $k of $count"
    if ls case/*.tmp case/*.lock >/dev/null 2>&1; then fail "$stage, allocation $k: left over: $(ls case)"; fi
    failed=$((failed + 1))
  done
  expect_readable case
done
echo "$failed failed allocations survived"
