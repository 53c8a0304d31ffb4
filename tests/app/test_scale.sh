#!/usr/bin/env bash
# `scale`: measures on 1, 2 and 3 ranks; parts add up; points on too few cores are marked; nothing of
# the measuring is left.
. "$RB_SOURCE_DIR/tests/app/lib.sh"
input="$RB_SOURCE_DIR/inputs/tiny.cfg"
small="--set scale.repeats=1 --set scale.seconds=0 --set scale.simulations=16"

# values FILE ARRAY: its numbers, one a line.
values() {
  h5dump -A 0 -y -w 1 -m %.17g -d "$2" "$1" | sed -n '/DATA {/,/}/p' | tr -d ' ,' |
    grep -E '^"?[-+0-9a-zA-Z.]+"?$' | tr -d '"' | grep -v '^DATA'
}

mpirun -n 3 "$RB_PROGRAM" scale "$input" -o all $small >out.txt 2>err.txt || fail "$(cat err.txt)"
! grep -q . err.txt || fail "says: $(cat err.txt)"
for word in simulate train calibrate io baseline; do
  [ "$(grep -cE "^$word +strong +[123]\*? " out.txt)" = 3 ] || fail "$word is not on 1, 2 and 3 ranks"
done
grep -q '16384 ranks' out.txt || fail "no extrapolation"
[ ! -e all/scaling_io.h5 ] && [ ! -e all/rheobase.lock ] || fail "something is left"
if command -v gnuplot >/dev/null; then
  [ "$(find all/figures -name '*.png' -size +4k | wc -l)" = 3 ] || fail "not three figures"
fi

# Every point's parts add up to its time; those with predictions have finite ones.
values all/scaling.h5 /points/fastest >fastest
values all/scaling.h5 /points/seconds | paste - - - - >part
[ "$(wc -l <fastest)" -ge 30 ] || fail "only $(wc -l <fastest) points"
paste fastest part | awk '{ s = $2 + $3 + $4 + $5; if ($1 <= 0 || s > $1 * 1.000001 || s < $1 * 0.999999) exit 1 }' ||
  fail "parts do not add up"

# Two ranks on one core are marked, left out of the fit, and not asked for unseen work.
core=$(taskset -cp $$ | sed 's/.*: *//; s/[-,].*//') # one that may be used
taskset -c "$core" mpirun --bind-to none -n 2 "$RB_PROGRAM" scale "$input" -o one $small >out.txt 2>err.txt ||
  fail "$(cat err.txt)"
[ "$(grep -cE '^train +(strong|weak) +2\* ' out.txt)" = 2 ] || fail "points on too few cores are not marked"
! grep -qE '^[a-z]+ +unseen +2' out.txt || fail "unseen work on too few cores"
paste <(values one/scaling.h5 /points/ranks) <(values one/scaling.h5 /points/oversubscribed) |
  awk '($1 > 1) != ($2 == 1) { exit 1 }' || fail "scaling.h5 does not mark them"

# A model of another network and file system takes what the settings say.
rheobase 1 scale "$input" -o given $small --set scale.latency_us=2 --set scale.bandwidth_GB_s=10 \
  --set scale.file_GB_s=5 || fail "given network"
[ "$(values given/scaling.h5 /model/latency)" = 1.9999999999999999e-06 ] ||
  [ "$(values given/scaling.h5 /model/latency)" = 2e-06 ] || fail "latency is not what was given"

expect_failure 3 "scale.repeat" 2 scale "$input" -o bad --set scale.repeat=1
[ ! -e bad/scaling.h5 ] || fail "a file of a failed run"
