#!/usr/bin/env bash
# `infer` says of an observation whether it is like what the simulator makes: on the terminal, in
# posterior.h5 and in the report.
. "$(dirname "$0")/lib.sh"
input=$RB_SOURCE_DIR/inputs/tiny.cfg
steps=250
settings=(--set simulator.T_ms=50 --set misspecification.simulations=500)

rheobase 2 simulate "$input" -o study "${settings[@]}" || fail "simulate"
rheobase 2 train "$input" -o study "${settings[@]}" >out.txt 2>&1 || fail "train: $(tail -3 out.txt)"

# values FILE DATASET ROW: a row of a file's array, one number per line.
values() {
  h5dump -d "$2" -s "$3,0" -c "1,$steps" -y -w 1 -m %.9g "$1" |
    awk '/DATA \{/ { inside = 1; next } inside && /\}/ { exit } inside { gsub(/[ ,]/, ""); print }'
}

# observation NAME ROW [SETTING...]: NAME.csv of a data set simulated with other settings.
observation() {
  local name=$1 row=$2
  shift 2
  rheobase 1 simulate "$input" -o "$name" --set simulator.T_ms=50 "$@" || fail "simulate $name"
  values "$name/simulations.h5" training/voltage "$row" >voltage.txt
  values "$name/simulations.h5" training/spikes "$row" >spikes.txt
  paste -d, voltage.txt spikes.txt |
    awk 'BEGIN { print "time_ms,voltage_mV,spike" } { printf "%.1f,%s\n", (NR - 1) * 0.2, $0 }' >"$name.csv"
  [ "$(wc -l <"$name.csv")" = $((steps + 1)) ] || fail "$name.csv is not whole"
}

# judge NAME: infers NAME.csv; p is the p-value in the file.
judge() {
  mpirun -n 2 "$RB_PROGRAM" infer "$input" -o study --observation "$1.csv" --force "${settings[@]}" \
    >out.txt 2>err.txt || fail "infer $1: $(cat err.txt)"
  p=$(h5dump -d misspecification/p_all -y -w 1 study/posterior.h5 |
    awk '/DATA \{/ { getline; print $1; exit }')
}

flagged() {
  judge "$1"
  awk -v p="$p" 'BEGIN { exit !(p < 0.01) }' || fail "$1: p = $p in the file"
  grep -q "warning: the observation lies outside what the simulator makes (p = 0.00" err.txt ||
    fail "$1: no warning: $(cat out.txt err.txt)"
}

# page TEXT: the report has it.
page() {
  rheobase 1 report study >page.txt 2>&1 || fail "report: $(cat page.txt)"
  grep -q "$1" study/report.html || fail "not in the page: $1"
}

observation normal 3
judge normal
awk -v p="$p" 'BEGIN { exit !(p >= 0.01) }' || fail "an ordinary observation: p = $p in the file"
grep -q "the observation is like what the simulator makes" out.txt || fail "normal: $(cat out.txt)"
[ ! -s err.txt ] || fail "an ordinary observation: $(cat err.txt)"
page "<p>The observation is like what the simulator makes"

observation noisy 3 --set simulator.noise_mV=3
flagged noisy
page 'class="bad">The observation lies outside'
observation quiet 3 --set simulator.noise_mV=0.5
flagged quiet
grep -q "log Bayes factor of noise_mV / 1.2 [1-9][0-9]*[.]" err.txt || fail "quiet: $(cat err.txt)"
page "<tr><td>noise_mV / 1.2</td><td>[1-9][0-9.]*</td>"
awk -F, -v OFS=, 'NR % 20 == 9 { $2 = 0 } { print }' normal.csv >dropped.csv
flagged dropped
awk -F, -v OFS=, 'NR > 1 { $2 = -65; $3 = 0 } { print }' normal.csv >constant.csv
flagged constant
# Twice the current looks like half the leak, which the prior allows for some neurons: not for this.
observation driven 0 --set simulator.I_mean_pA=400
flagged driven

# A model of which spikes alone are seen has no trace to be judged by, but what the network sees.
cat >spikes.cfg <<'END'
model = "gif";
simulator = { T_ms = 400.0; dt_ms = 1.0; tref_ms = 2.0; };
stimulus = ( { type = "constant"; amplitude = 350; } );
recording = { sample_ms = 1.0; channels = [ "spikes" ]; };
network = { summary = { type = "statistics"; }; };
training = { simulations = 64; validation = 16; epochs = 2; steps_per_epoch = 4; batch_size = 16; micro_batch = 8; };
misspecification = { simulations = 200; };
END
for stage in simulate train infer; do
  rheobase 1 $stage spikes.cfg -o spikes >out.txt 2>&1 || fail "spikes, $stage: $(tail -3 out.txt)"
done
rheobase 1 report spikes >out.txt 2>&1 || fail "spikes, report: $(tail -3 out.txt)"
p=$(h5dump -d misspecification/p_all -y -w 1 spikes/posterior.h5 | awk '/DATA \{/ { getline; print $1; exit }')
awk -v p="$p" 'BEGIN { exit !(p > 0 && p <= 1) }' || fail "spikes: p = $p"
grep -q '<td>summary</td><td>[0-9]' spikes/report.html && ! grep -qiE '>[-+]?nan<' spikes/report.html ||
  fail "spikes, page: $(grep -iE '>[-+]?nan<' spikes/report.html)"
exit 0
