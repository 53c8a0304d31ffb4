#!/usr/bin/env bash
# The whole tiny study gives the same bits on 1, 2, 3 and 4 ranks.
. "$(dirname "$0")/lib.sh"
for ranks in 1 2 3 4; do
  rheobase $ranks run "$RB_SOURCE_DIR/inputs/tiny.cfg" -o "ranks$ranks" >out.txt 2>&1 ||
    fail "on $ranks ranks: $(tail -3 out.txt)"
done
for file in simulations checkpoint calibration posterior predictive; do
  [ -e "ranks1/$file.h5" ] || fail "no $file.h5"
done
# ScaLAPACK's results are equal to rounding only: test_baseline_ranks.sh looks at them.
rm ranks?/baseline.h5 ranks?/baseline_calibration.h5
for ranks in 2 3 4; do same_files ranks1 "ranks$ranks"; done

# So do the filter bank and the autoregressive mixture, online.
bank=(--set network.summary.type=expert --set network.density=autoregressive
  --set training.parameters=centred --set training.mode=online --set training.steps_per_epoch=4)
for ranks in 1 2 3; do
  rheobase $ranks run "$RB_SOURCE_DIR/inputs/tiny.cfg" -o "bank$ranks" "${bank[@]}" >out.txt 2>&1 ||
    fail "filter bank on $ranks ranks: $(tail -3 out.txt)"
  rm "bank$ranks/baseline.h5" "bank$ranks/baseline_calibration.h5" # as above
done
for ranks in 2 3; do same_files bank1 "bank$ranks"; done

# And both summaries side by side, of stored simulations and with one learning rate; the other stages
# work too.
both=(--set network.summary.type=both --set training.parameters=centred --set training.schedule=constant)
for ranks in 1 2 3; do
  for stage in simulate train calibrate infer; do
    rheobase $ranks $stage "$RB_SOURCE_DIR/inputs/tiny.cfg" -o "both$ranks" "${both[@]}" >out.txt 2>&1 ||
      fail "both summaries, $stage on $ranks ranks: $(tail -3 out.txt)"
  done
done
for ranks in 2 3; do same_files both1 "both$ranks"; done
rheobase 3 run "$RB_SOURCE_DIR/inputs/tiny.cfg" -o both1 "${both[@]}" >out.txt 2>&1 ||
  fail "both summaries: $(tail -3 out.txt)"
[ -e both1/report.html ] || fail "no report of both summaries"

# A comparison that cannot fail shows nothing: another seed gives other files.
rheobase 1 run "$RB_SOURCE_DIR/inputs/tiny.cfg" -o other --set seed=46 >out.txt 2>&1 || fail "seed 46"
if h5diff --exclude-path /provenance ranks1/checkpoint.h5 other/checkpoint.h5 >/dev/null; then
  fail "another seed gave the same checkpoint"
fi
exit 0
