#!/usr/bin/env bash
# What does not belong together is not shown together: after another observation or another training,
# pages, tables and overviews leave out what was made from what has been replaced, and say which
# command renews it; those commands do.
. "$RB_SOURCE_DIR/tests/app/lib.sh"
tiny=$RB_SOURCE_DIR/inputs/tiny.cfg
exact=(--set exact.datasets=2 --set exact.draws=100 --set exact.short_steps=20 --set exact.long_steps=128)
rheobase 1 run "$tiny" -o study >out.txt 2>&1 || fail "run: $(cat out.txt)"
rheobase 1 refine study "${exact[@]}" || fail "refine"

# report FOLDER: writes the page again; warnings go to err.txt.
report() { rheobase 1 report "$1" >out.txt 2>err.txt || fail "report: $(cat err.txt)"; }
# stale FILE COMMAND WHAT: of the last report; the command is in $renew.
stale() {
  grep -q "^rheobase: warning: $1 is left out: it was made .*; renew it with: rheobase $2 " err.txt || fail "$3: $1: $(cat err.txt)"
  renew=$(sed -n "s/.*$1 is left out.*renew it with: rheobase //p" err.txt)
}
# expect N WHAT: so many files are left out.
expect() { [ "$(grep -c 'is left out' err.txt)" = "$1" ] || fail "$2: not $1 files are left out: $(cat err.txt)"; }

report study
[ ! -s err.txt ] || fail "a study as it is: $(cat err.txt)"
cp -r study other
grep -q 'id="exact"' other/report.html || fail "no exact posterior on the page"

# A recording, in a file with a name of two words.
awk 'BEGIN { print "time_ms,voltage_mV,spike"; for (i = 0; i < 100; ++i) printf "%.1f,%s,0\n", i * 0.2, -65 }' >"a recording.csv"
rheobase 1 infer "$tiny" -o other --observation "a recording.csv" --force >out.txt 2>&1 || fail "infer: $(cat out.txt)"
report other
stale predictive.h5 predict "another observation"
stale exact.h5 refine "another observation"
expect 2 "another observation"
for gone in 'exact posterior</title' 'figure-predictive' 'figure-refinement' 'voltage_coverage' 'network_efficiency'; do
  ! grep -q "$gone" other/report.html || fail "another observation: the page still has $gone"
done
[ ! -e other/figures/predictive.gp ] && [ ! -e other/figures/predictive.png ] || fail "the old figure is left"
grep -q '\$exact0' other/figures/posterior.gp && fail "the old exact posterior is drawn beside the new one"
grep -q '\$floor' other/figures/loss.gp && fail "the old floor is drawn"
grep -q 'class="bad">predictive.h5 is left out' other/report.html || fail "the page does not say so"
"$RB_PROGRAM" info other | grep -q "predictive.h5 is left out: .*rheobase predict other --force" || fail "info does not say so"

# The commands renew: here after another simulated observation.
cp -r study renewed
rheobase 1 infer renewed --set seed=5 --force >out.txt 2>&1 || fail "infer: $(cat out.txt)"
report renewed
expect 2 "another seed"
rheobase 1 predict renewed --force && rheobase 1 refine renewed "${exact[@]}" --force || fail "renewing"
report renewed
expect 0 "renewed"
grep -q 'figure-predictive' renewed/report.html || fail "not renewed"

# Another training: everything of the network's, though the prediction is of that posterior.
rheobase 1 train "$tiny" -o other --set training.epochs=1 --force >out.txt 2>&1 || fail "train: $(cat out.txt)"
report other
for pair in calibration.h5:calibrate predictive.h5:predict exact.h5:refine posterior.h5:infer; do
  stale "${pair%:*}" "${pair#*:}" "another training"
done
expect 4 "another training"
[ "$renew" = "infer other --observation 'a recording.csv' --force" ] || fail "not the way to the same posterior: $renew"
grep -q 'figure-recovery' other/report.html && fail "the old calibration is beside the new network"
grep -q 'figure-baseline' other/report.html || fail "the baseline does not depend on the network"
eval "rheobase 1 $renew" >out.txt 2>&1 || fail "$renew: $(cat out.txt)"
report other
stale predictive.h5 predict "posterior again"
expect 3 "posterior again" # calibration, prediction, exact posterior
rheobase 1 calibrate other --force || fail "calibrate"
report other
expect 2 "calibrated again"

# collect takes no calibration of another network.
rheobase 1 train "$tiny" -o other --force >out.txt 2>&1 || fail "train again: $(cat out.txt)"
expect_failure 6 "1 of 2 studies" 1 collect study other
[ "$(grep -c '^study,' out.txt)" = 7 ] || fail "collect: $(cat out.txt)" # a head and six parameters
grep -q 'warning: calibration.h5 is left out.*rheobase calibrate other' err.txt || fail "collect: $(cat err.txt)"

# Other simulations: the network is not of them, and nothing of the network's.
rheobase 1 simulate "$tiny" -o other --set seed=9 --force >out.txt 2>&1 || fail "simulate: $(cat out.txt)"
report other
stale checkpoint.h5 train "other simulations"
expect 5 "other simulations"

# A baseline on other test sets is not compared; other settings of the simulator are told.
cp -r study tests
rheobase 1 baseline "$tiny" -o tests --set calibration.sbc_datasets=30 --force >out.txt 2>&1 || fail "baseline: $(cat out.txt)"
report tests
stale baseline_calibration.h5 baseline "other test sets"
expect 1 "other test sets"
rm -r tests && cp -r study tests
for other in simulator.I_mean_pA=300 prior.V_th.mean=-54; do # told by the stage, and by the page
  rheobase 2 infer "$tiny" -o tests --set $other --force >out.txt 2>err.txt || fail "infer: $(cat err.txt)"
  grep -q "warning: tests/checkpoint.h5 is of another model or prior than what is made from it now: ${other%=*} was .* and is ${other#*=} now" err.txt ||
    fail "$other: $(cat err.txt)"
  report tests
  grep -q "warning: posterior.h5 was made with other settings than checkpoint.h5: ${other%=*} was .* and is ${other#*=}" err.txt ||
    fail "$other on the page: $(cat err.txt)"
done
rheobase 1 predict "$tiny" -o tests --force >out.txt 2>err.txt || fail "predict: $(cat err.txt)"
grep -q "warning: tests/posterior.h5 is of another model or prior than .*: prior.V_th.mean was -54" err.txt || fail "predict: $(cat err.txt)"
rheobase 1 infer "$tiny" -o tests --set seed=9 --force >out.txt 2>err.txt || fail "infer: $(cat err.txt)"
grep -q "another model" err.txt && fail "another seed is no other model: $(cat err.txt)"

# Simulations of another simulator train no network.
for other in simulator.noise_mV=1.5 prior.V_th.mean=-54; do
  expect_failure 6 "simulations.h5: is of another simulator: ${other%=*} was .* and is .* now; .*rheobase simulate" \
    2 train "$tiny" -o tests --set $other --force
done
exit 0
