#!/usr/bin/env bash
# A checkpoint that is truncated, has a flipped bit in its data or metadata, is of an older schema
# version, or of another network: one line and a code that is not zero, or the bits of the undamaged
# training; never a crash, a hang, or another result. RB_FLIPS flipped bits (default 24).
. "$(dirname "$0")/lib.sh"
study+=(--set training.simulations=100 --set training.epochs=20)
flips=${RB_FLIPS:-24}
RANDOM=21
run_stage 1 simulate whole
expect_success simulate
mkdir case
cp whole/simulations.h5 case
run_stage 1 train whole
expect_success train
# A checkpoint of an unfinished training: every step is saved, and it is asked to stop at such a time.
RB_STOP_IN=rename RB_STOP_CALL=20 LD_PRELOAD=$RB_STOP_WITHIN "$RB_PROGRAM" train "$input" -o case "${study[@]}" \
  --set checkpoint.minutes=1e-9 >stopped.txt 2>&1
code=$?
[ $code = 85 ] || fail "no unfinished checkpoint: $(tail -2 stopped.txt)"
cp case/checkpoint.h5 good.h5
size=$(stat -c %s good.h5)

# try WHAT: trains on with the damaged checkpoint: an error, or the right result.
try() {
  cp case/checkpoint.h5 damaged.h5
  run_stage $((1 + tried % 2)) train case
  tried=$((tried + 1))
  if [ $code = 0 ]; then
    h5diff --exclude-path /provenance whole/checkpoint.h5 case/checkpoint.h5 >diff.txt 2>&1 ||
      fail "$1: goes on to another result: $(head -3 diff.txt)"
    harmless=$((harmless + 1))
    return
  fi
  [ $code = 5 ] || [ $code = 6 ] || fail "$1: exit $code: $(grep '^rheobase' err.txt || tail -2 err.txt)"
  expect_error $code "checkpoint" "$1"
  cmp case/checkpoint.h5 damaged.h5 || fail "$1: the damaged file was changed"
}

tried=0
harmless=0
for part in 0 1 7 100 $((size / 10)) $((size / 2)) $((size - 1000)) $((size - 1)); do
  head -c "$part" good.h5 >case/checkpoint.h5
  try "truncated to $part of $size bytes"
done
[ $harmless = 0 ] || fail "a truncated checkpoint was accepted"

# flip BYTE BIT
flip() {
  cp good.h5 case/checkpoint.h5
  local byte
  byte=$(od -An -tu1 -j "$1" -N 1 good.h5)
  printf "%b" "\\x$(printf %x $((byte ^ (1 << $2))))" |
    dd of=case/checkpoint.h5 bs=1 seek="$1" conv=notrunc status=none
  try "bit $2 of byte $1 flipped"
}
for ((i = 0; i < flips; ++i)); do
  # Every second one in the metadata, superblock and root group, which come first.
  [ $((i % 2)) = 0 ] && range=4096 || range=$size
  flip $(((RANDOM * 32768 + RANDOM) % range)) $((RANDOM % 8))
done
[ $harmless -lt "$flips" ] || fail "no flipped bit was found"

# What only a program that writes HDF5 can do to a file.
. "$RB_SOURCE_DIR/tests/io/xarray_python.sh"
cp good.h5 case/checkpoint.h5
"$python" - <<'PYTHON'
import h5py
with h5py.File("case/checkpoint.h5", "r+") as f:
    f.attrs["schema_version"] = f.attrs["schema_version"] - 1
PYTHON
run_stage 2 train case
expect_error 6 "has version [0-9]+ of 'checkpoint'.*make it again" "an older schema"
run_stage 1 calibrate case
expect_error 5 "has version [0-9]+ of 'checkpoint'.*make it again" "an older schema, calibrate"

# Another network: told by its settings; and if they lie, by its arrays.
cp -r whole other
rm other/checkpoint.h5
run_stage 1 train other --set network.summary.recurrent_dim=6
expect_success "another network"
cp other/checkpoint.h5 case
run_stage 2 train case
expect_error 6 "recurrent_dim was 6 and is 8 now.*--force" "another network"
for stage in train calibrate; do
  [ $stage = train ] && cp good.h5 case/checkpoint.h5 || cp whole/checkpoint.h5 case
  "$python" - <<'PYTHON'
import h5py
with h5py.File("other/checkpoint.h5") as other, h5py.File("case/checkpoint.h5", "r+") as f:
    for group in ("weights", "best"):
        del f[group]
        other.copy(group, f)
PYTHON
  run_stage 2 $stage case
  expect_error 5 "checkpoint.h5: (weights|best)/.* has shape" "another network that claims to be this one, $stage"
done
run_stage 1 train case --force
expect_success "train --force over a foreign checkpoint"
h5diff --exclude-path /provenance whole/checkpoint.h5 case/checkpoint.h5 >diff.txt 2>&1 ||
  fail "after --force: $(head -3 diff.txt)"
echo "$tried damaged checkpoints and 5 foreign ones survived; $harmless bits did not matter"
