#!/usr/bin/env bash
# The output folder is removed, or its file system becomes read-only, while a stage works: exit code
# 4, one line, no hang; what is left is readable, and the stage can be finished once that is undone.
. "$(dirname "$0")/lib.sh"
in_namespace "$@"
disk=$work/disk
mkdir "$disk"
mount -t tmpfs -o size=64m tmpfs "$disk" || exit 77
stages=(simulate train calibrate)
files=(simulations checkpoint calibration)
# Where each is at work with no file open that is written; `simulate` keeps its own open.
middles=("H5Dwrite 30" "rename 2" "H5Dread 1")
for stage in "${stages[@]}"; do
  run_stage 1 $stage whole
  expect_success $stage
done

# at_work RANKS STAGE FOLDER COMMAND...: runs the command in the middle of the stage.
at_work() {
  local ranks=$1 stage=$2 folder=$3
  shift 3
  # shellcheck disable=SC2086 # a function and a number
  hold ${middles[k]} timeout "$patience" mpirun -n "$ranks" "$RB_PROGRAM" "$stage" "$input" -o "$folder" "${study[@]}"
  "$@" || fail "$*"
  let_go
  [ $code != 124 ] || fail "hangs: $stage"
}

# begin FOLDER STAGES: the files of the stages before.
begin() {
  rm -rf "$1"
  mkdir "$1"
  for ((j = 0; j < $2; ++j)); do cp "whole/${files[$j]}.h5" "$1"; done
}

tried=0
for k in 0 1 2; do
  ranks=$((1 + k % 2))
  stage=${stages[$k]}
  begin case $k
  at_work $ranks $stage case rm -r case
  expect_error 4 "case/" "$stage on $ranks ranks, folder removed"
  tried=$((tried + 1))
done
# No file system with a file open that is written, as that of `simulate`, can be made read-only.
for k in 1 2; do
  ranks=$((1 + k % 2))
  stage=${stages[$k]}
  begin "$disk/case" $k
  at_work $ranks $stage "$disk/case" mount -o remount,ro "$disk"
  expect_error 4 "[Rr]ead[- ]only" "$stage on $ranks ranks, read-only"
  expect_readable "$disk/case"
  run_stage 1 $stage "$disk/case"
  expect_error 4 "[Rr]ead[- ]only" "$stage in a read-only folder"
  mount -o remount,rw "$disk"
  run_stage 1 $stage "$disk/case"
  expect_success "$stage, writable again"
  h5diff --exclude-path /provenance "whole/${files[$k]}.h5" "$disk/case/${files[$k]}.h5" >diff.txt 2>&1 ||
    fail "${files[$k]}.h5 differs: $(head -3 diff.txt)"
  tried=$((tried + 2))
done
echo "$tried lost folders survived"
