#!/usr/bin/env bash
# Inputs are opened by rank 0 alone, which tells the others what is in them: input, current,
# observation, stored simulations of the study's own and of --data, checkpoint, and every other file that a
# stage reads.
. "$(dirname "$0")/lib.sh"
input=$RB_SOURCE_DIR/inputs/tiny.cfg
cp "$input" mine.cfg
(echo current_pA && yes 200 | head -100) >current.csv
(echo time_ms,voltage_mV,spike && seq 0 99 | awk '{print 0.2 * $1 ",-65," 0}') >observation.csv
settings=(--set simulator.current_file=current.csv --set exact.datasets=2 --set exact.draws=100 --set exact.long_steps=128)

# logged COMMAND...: on three ranks, with every open noted in opens.txt.
logged() {
  mpirun -n 3 -x LD_PRELOAD="$RB_LOG_OPENS" -x RB_OPENS="$work/opens.txt" "$RB_PROGRAM" "$@" --quiet >out.txt 2>&1 ||
    fail "$*: $(grep rheobase: out.txt)"
}

logged run mine.cfg -o study "${settings[@]}"
logged refine mine.cfg -o study "${settings[@]}"
logged infer mine.cfg -o study "${settings[@]}" --observation observation.csv --force
h5copy -i study/simulations.h5 -o data.h5 -s training -d train && h5copy -i study/simulations.h5 -o data.h5 -s validation -d val ||
  fail "no file for --data"
logged train study -o foreign --data data.h5
logged verify "$RB_TEST_DATA/network_small.h5"

grep -E '\.(h5|cfg|csv)$' opens.txt | sort -u >inputs.txt
for file in mine.cfg current.csv observation.csv study/simulations.h5 study/checkpoint.h5 study/baseline.h5 study/posterior.h5 \
  data.h5 "$RB_TEST_DATA/network_small.h5"; do
  grep -qxF "0 $file" inputs.txt || fail "rank 0 does not open $file?"
done
others=$(grep -v '^0 ' inputs.txt)
[ -z "$others" ] || fail "opened by other ranks: $others"
exit 0
