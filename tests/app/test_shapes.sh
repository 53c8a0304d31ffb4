#!/usr/bin/env bash
# Studies of the shapes at the ends: one parameter and one sample, 16 parameters and eight channels; with
# jobs/check.sh --long 100,000 samples. Every stage ends, and the panels of every figure have room and fill it.
. "$(dirname "$0")/lib.sh"

# shape NAME DIM CHANNELS LENGTH: its plugin and its input.
shape() {
  ${CC:-cc} -O2 -shared -fPIC -I"$RB_SOURCE_DIR/include" -DDIM="$2" -DCHANNELS="$3" -DLENGTH="$4" -o "lib$1.so" \
    "$RB_SOURCE_DIR/tests/app/shapes_plugin.c" -lm || fail "shapes_plugin.c: the compiler"
  cat >"$1.cfg" <<END
model = "plugin";
plugin = { path = "./lib$1.so"; };
sanity = { simulations = 10; prior_draws = 100; bins = 10; };
network = { density = "autoregressive"; mixture = { components = 2; mlp_widths = [8]; };
  summary = { summary_dim = 4; filters = [4]; recurrent_dim = 4; }; };
training = { simulations = 32; validation = 32; epochs = 2; batch_size = 16; micro_batch = 4; };
baseline = { simulations = 200; random_features = 0; };
calibration = { recovery_datasets = 16; recovery_draws = 20; sbc_datasets = 16; sbc_draws = 19;
  diagnostics_datasets = 16; diagnostics_draws = 20; bins = 5; chunk = 4; };
misspecification = { simulations = 20; };
observation = { draws = 60; };
predictive = { replicates = 10; };
exact = { datasets = 1; draws = 100; };
END
}

# figures NAME COUNT: all are there, without a warning; panels are no lower than 100 pixels, the cells of the
# square of pairs than 40, and reach to the right margin.
figures() {
  grep -i "gnuplot" out.txt err.txt && fail "$1: gnuplot has something to say"
  [ "$(ls "$1"/figures/*.png | wc -l)" = "$2" ] || fail "$1: $(ls "$1/figures")"
  for script in "$1"/figures/*.gp; do
    awk -v least="$([ "$(basename "$script")" = pairs.gp ] && echo 40 || echo 100)" -v of="$script" '
      match($0, /pngcairo enhanced size [0-9]+,[0-9]+/) { split(substr($0, RSTART, RLENGTH), size, ","); height = size[2] }
      /set lmargin at screen [0-9.]+; set rmargin at screen [0-9.]+$/ { if ($10 + 0 > right) right = $10 + 0 }
      /set tmargin at screen [-0-9.]+; set bmargin at screen [-0-9.]+$/ {
        if (($5 - $10) * height < least) { print of ": a panel is " ($5 - $10) * height " pixels high"; bad = 1 } }
      END { if (right > 0 && right < 0.95) { print of ": panels end at " right " of the width"; bad = 1 } exit bad }' \
      "$script" || fail "a figure of $1"
  done
}

echo "-- one parameter, one channel of one sample"
shape one 1 1 1
rheobase 2 run one.cfg >out.txt 2>err.txt || fail "run one.cfg: $(grep "^rheobase" err.txt)"
rheobase 2 refine one.cfg >out.txt 2>err.txt || fail "refine one.cfg: $(grep "^rheobase" err.txt)"
rheobase 1 report results/one >out.txt 2>err.txt || fail "report results/one: $(grep "^rheobase" err.txt)"
mv results/one one
figures one 17
grep -q yerrorbars one/figures/predictive.gp || fail "the band of one sample is not drawn"
grep -q 'set xrange \[-1:1\]' one/figures/traces.gp || fail "traces: $(grep xrange one/figures/traces.gp)"

echo "-- 16 parameters, eight channels"
shape wide 16 8 12
rheobase 2 run wide.cfg -o wide >out.txt 2>err.txt || fail "run wide.cfg: $(grep "^rheobase" err.txt)"
figures wide 16

[ -n "${RB_ALL_STAGES:-}" ] || exit 0 # minutes
echo "-- recordings of 100,000 samples"
printf 'model = "adex";\n' >long.cfg
sed '/^model\|^plugin/d' wide.cfg >>long.cfg
rheobase 2 run long.cfg -o long --set simulator.T_ms=50000 --set recording.sample_ms=0.5 \
  --set baseline.simulations=6000 >out.txt 2>err.txt || fail "run long.cfg: $(grep "^rheobase" err.txt)"
figures long 18
exit 0
