#!/usr/bin/env bash
# A limit of the address space (ulimit -v), on one rank: every stage is done, or ends in one line and
# exit code 8; no endless loop in OpenBLAS, which would ask again and again. Below what MPI itself
# needs, MPI ends the program.
. "$(dirname "$0")/lib.sh"
study=()
run_stage 1 simulate whole
expect_success simulate
refused=0
for limit_MB in 200 240 280 320 360 400 440 600; do
  rm -f whole/checkpoint.h5
  (
    ulimit -v $((limit_MB * 1024))
    exec timeout -s KILL 60 "$RB_PROGRAM" train "$input" -o whole
  ) >out.txt 2>err.txt
  code=$?
  [ $code != 137 ] || fail "hangs with $limit_MB MB"
  [ $code != 0 ] || continue
  if grep -qE "MPI_INIT|mca_base_component_repository_open" err.txt; then continue; fi
  expect_error 8 "no room for the 160 MB that OpenBLAS needs|out of memory: [1-9]" "$limit_MB MB"
  refused=$((refused + 1))
done
[ $code = 0 ] || fail "600 MB are not enough: $(grep '^rheobase' err.txt)"
[ $refused -gt 2 ] || fail "only $refused of the limits were too low"
