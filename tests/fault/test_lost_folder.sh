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
# Long enough that no stage is through before its folder is.
study+=(--set sanity.simulations=40000 --set training.epochs=12 --set calibration.sbc_datasets=3000)
for stage in "${stages[@]}"; do
  run_stage 1 $stage whole
  expect_success $stage
done

# at_work RANKS STAGE FOLDER COMMAND...: runs the command once the stage has begun.
at_work() {
  local ranks=$1 stage=$2 folder=$3 launcher
  shift 3
  timeout "$patience" mpirun -n "$ranks" "$RB_PROGRAM" "$stage" "$input" -o "$folder" "${study[@]}" \
    >out.txt 2>err.txt </dev/null &
  launcher=$!
  for _ in $(seq $((patience * 50))); do
    [ ! -e "$folder/rheobase.lock" ] || break
    sleep 0.02
  done
  "$@" || fail "$*"
  wait $launcher
  code=$?
  [ $code != 124 ] || fail "hangs: $stage"
}

# begin FOLDER STAGES: the files of the stages before.
begin() {
  rm -rf "$1"
  mkdir "$1"
  for ((j = 0; j < $2; ++j)); do cp "whole/${files[$j]}.h5" "$1"; done
}

remove() { # a file may appear between the last look and the end
  for _ in $(seq 100); do
    rm -rf "$1" 2>/dev/null && return 0
  done
  return 1
}

make_read_only() { # a file that is being written keeps the file system busy
  for _ in $(seq 2000); do
    mount -o remount,ro "$disk" 2>/dev/null && return 0
    sleep 0.005
  done
  return 1
}

tried=0
for k in 0 1 2; do
  ranks=$((1 + k % 2))
  stage=${stages[$k]}
  begin case $k
  at_work $ranks $stage case remove case
  expect_error 4 "case/" "$stage on $ranks ranks, folder removed"
  tried=$((tried + 1))
done
# `simulate` keeps its file open from the beginning to the end, which no file system allows to be
# made read-only meanwhile.
for k in 1 2; do
  ranks=$((1 + k % 2))
  stage=${stages[$k]}
  begin "$disk/case" $k
  at_work $ranks $stage "$disk/case" make_read_only
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
