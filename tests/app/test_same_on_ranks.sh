#!/usr/bin/env bash
# The whole tiny study gives the same bits on 1, 2, 3 and 4 ranks, and so do its variants on fewer.
. "$(dirname "$0")/lib.sh"
ranks=(1 2 3 4)

# same_study NAME "STAGE..." ARGUMENT...: on each of `ranks`.
same_study() {
  local name=$1 stages=$2 count stage
  shift 2
  for count in "${ranks[@]}"; do
    for stage in $stages; do
      rheobase "$count" "$stage" "$RB_SOURCE_DIR/inputs/tiny.cfg" -o "$name$count" "$@" >out.txt 2>&1 ||
        fail "$name, $stage on $count ranks: $(tail -3 out.txt)"
    done
    # ScaLAPACK's results are equal to rounding only: test_baseline_ranks.sh looks at them.
    rm -f "$name$count/baseline.h5" "$name$count/baseline_calibration.h5"
    [ "$count" = "${ranks[0]}" ] || same_files "$name${ranks[0]}" "$name$count"
  done
}

same_study tiny run
for file in simulations checkpoint calibration posterior predictive; do
  [ -e "tiny${ranks[0]}/$file.h5" ] || fail "no $file.h5"
done

# The filter bank and the autoregressive mixture, online; the bank beside the recurrent network, of
# stored simulations and with one learning rate; statistics that know no model, with learned centring.
ranks=("${ranks[0]}" "${ranks[-1]}")
stages="simulate train calibrate infer predict"
same_study bank "$stages" --set network.summary.type=expert --set network.density=autoregressive \
  --set training.parameters=centred --set training.mode=online --set training.steps_per_epoch=4 --set training.passes=2
same_study both "$stages" --set network.summary.type=both --set training.parameters=centred --set training.schedule=constant
same_study statistics "simulate train calibrate" --set network.summary.type=statistics --set network.density=autoregressive \
  --set network.centring=true --set training.mode=online --set training.steps_per_epoch=4 --set training.passes=2
for count in "${ranks[@]}"; do
  h5ls "statistics$count/calibration.h5/blocks/worse_by" >/dev/null || fail "blocks are not in calibration.h5 of $count ranks"
done
! h5ls "bank${ranks[0]}/calibration.h5/blocks" >/dev/null 2>&1 || fail "a filter bank has no blocks"

# A comparison that cannot fail shows nothing: another seed gives other files.
for stage in simulate train; do
  rheobase 1 $stage "$RB_SOURCE_DIR/inputs/tiny.cfg" -o other --set seed=46 >out.txt 2>&1 || fail "seed 46, $stage"
done
if h5diff --exclude-path /provenance "tiny${ranks[0]}/checkpoint.h5" other/checkpoint.h5 >/dev/null; then
  fail "another seed gave the same checkpoint"
fi
exit 0
