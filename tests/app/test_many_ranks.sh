#!/usr/bin/env bash
# The tiny study on 64 ranks, most of which have no work in most stages: the same bits as on one.
. "$(dirname "$0")/lib.sh"
input=$RB_SOURCE_DIR/inputs/tiny.cfg
# As little as has every kind of work: what costs time here is that 64 ranks share a few cores. With
# RB_ALL_STAGES the stages with many arrays to write too.
study=(--set training.epochs=1 --set network.flow.depth=1 --set misspecification.simulations=0)

stages="simulate train infer"
[ -z "${RB_ALL_STAGES:-}" ] || stages="$stages calibrate predict"
for stage in $stages; do
  rheobase 1 $stage "$input" -o one "${study[@]}" >out.txt 2>&1 || fail "$stage on 1 rank: $(grep rheobase: out.txt)"
  timeout 600 mpirun -n 64 "$RB_PROGRAM" $stage "$input" -o many "${study[@]}" >out.txt 2>&1 ||
    fail "$stage on 64 ranks, exit $?: $(grep rheobase: out.txt)"
  [ $stage != train ] || grep -Eq "^train +4 of 64 ranks have work" out.txt || fail "idle ranks are not told: $(cat out.txt)"
done
same_files one many
for file in simulations checkpoint posterior; do
  [ -e many/$file.h5 ] || fail "no $file.h5"
done
exit 0
