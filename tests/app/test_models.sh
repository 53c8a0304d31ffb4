#!/usr/bin/env bash
# The model and its prior are chosen in the input: all are listed and documented, and what cannot be is
# one line that names the row.
. "$(dirname "$0")/lib.sh"

echo "-- listed and documented"
rheobase 2 models >models.txt || fail "models: exit $?"
awk 'length > 80 { exit 1 }' models.txt || fail "models prints lines wider than 80 columns"
sed -n 's/^RB_MODEL(\(.*\))$/\1/p' "$RB_SOURCE_DIR/src/model/model_list.h" >names.txt
[ "$(wc -l <names.txt)" -ge 2 ] || fail "model_list.h lists $(wc -l <names.txt) models"
while read -r name; do
  grep -q "^$name " models.txt || fail "models does not list $name"
  grep -q "^## Model \`$name\`" "$RB_SOURCE_DIR/docs/input.md" || fail "docs/input.md does not know $name"
  rheobase 1 config --model "$name" >option.cfg || fail "config --model $name: exit $?"
  rheobase 1 config --set model="$name" >set.cfg || fail "config --set model=$name: exit $?"
  diff option.cfg set.cfg || fail "config --model $name differs from --set model=$name"
  grep -q "^$name .*of your own" models.txt && continue # incomplete by itself
  rheobase 1 config option.cfg >again.cfg || fail "config --model $name prints no valid input"
  diff option.cfg again.cfg || fail "config --model $name reads back as another input"
done <names.txt
rheobase 1 config --set prior.V_th.mean=-52 | grep -q "mean = -52;" || fail "a prior's mean cannot be set"

echo "-- what is out of the ordinary is counted"
echo 'model = "adex"; simulator = { T_ms = 100.0; }; stimulus = ({ type = "constant"; amplitude = 150; });' >odd.cfg
for ranks in 1 3; do
  rheobase $ranks simulate odd.cfg -o odd$ranks --set sanity.simulations=70 --set training.simulations=1 \
    --set training.validation=1 || fail "simulate: exit $?"
  h5dump -A 0 -d shape_check/oddity_count odd$ranks/simulations.h5 | grep "(0):" >odd$ranks.txt || fail "no counts"
done
diff odd1.txt odd3.txt || fail "counts depend on the ranks"
grep -q "(0): 63, 0, 0, 0, 0" odd1.txt || fail "counts: $(cat odd1.txt)"

echo "-- a report needs no file of the user's"
awk 'BEGIN { print "current_pA"; for (k = 0; k < 1000; ++k) print 150 + k % 7 }' >trace.csv
sed 's/type = "constant"; amplitude = 150;/type = "trace"; file = "trace.csv";/' odd.cfg >trace.cfg
rheobase 1 simulate trace.cfg -o trace --set sanity.simulations=2 --set training.simulations=1 \
  --set training.validation=1 || fail "simulate a trace: exit $?"
rm trace.csv
rheobase 1 report trace || fail "a report without the trace: exit $?"
grep -q "{/:Italic Δ}_{T}" trace/figures/prior.gp || fail "Delta_T is not written as a symbol"

echo "-- bad input"
bad() { # TEXT ARGUMENT...: with the model given, or the default one
  expect_failure 3 "$1" 1 config "${@:2}"
}
bad 'model = "linear_gausian" is unknown; did you mean linear_gaussian' --model linear_gausian
bad 'model = "liff" is unknown; did you mean lif' --set model=liff
bad "unknown setting simulator.noise_sd; did you mean simulator.noise_mV" --set simulator.noise_sd=1
bad "unknown setting simulator.dt_ms" --model linear_gaussian --set simulator.dt_ms=1
bad "unknown setting prior.V_th.mean" --model linear_gaussian --set prior.V_th.mean=1
bad "prior: V_init, E_L refer to each other in a circle" --set 'prior.E_L.high="V_init"'
bad "prior.E_L: nothing lies between low = -50 and high = -60" --set prior.E_L.low=-50
bad "prior.g_L is fixed at 10, outside its range from 20" --set prior.g_L.fixed=10 --set prior.g_L.low=20
bad "prior: all parameters are fixed" --model linear_gaussian --set prior.level.fixed=0 \
  --set prior.slope.fixed=0 --set prior.curvature.fixed=0
bad 'prior.V_init.high.* refers to E_l, which is unknown; did you mean E_L' --set 'prior.V_init.high="min(E_l, -65)"'
bad "prior.V_th.mean is -?inf, but has to be finite" --set 'prior.V_th.mean="-50 / (E_L - E_L)"'
bad 'prior.V_th.distribution = "nromal" is unknown; did you mean normal' --set prior.V_th.distribution=nromal
bad "prior.tau_m: the simulator refuses -3: tau_m and g_L must be positive" --set prior.tau_m.fixed=-3
bad "prior.V_th: the simulator refuses -99: V_th must be above V_reset" --set prior.V_th.fixed=-99
bad "prior.g_L: the simulator refuses -[0-9.]*: tau_m and" --set 'prior.g_L.distribution="uniform"' \
  --set prior.g_L.low=-2 --set prior.g_L.high=-1
expect_failure 3 "prior.tau_m: the simulator refuses -3" 2 simulate "$RB_SOURCE_DIR/inputs/tiny.cfg" -o out --set prior.tau_m.fixed=-3
expect_failure 3 'coupling flow needs 2 to .*; choose network.density = "autoregressive"' 2 train \
  "$RB_SOURCE_DIR/inputs/linear_gaussian.cfg" -o out --set prior.level.fixed=0 --set prior.slope.fixed=0 \
  --set 'network.density="coupling"' --set training.simulations=10 --set training.validation=10
[ ! -e out/simulations.h5 ] || fail "a refused prior left simulations"
exit 0
