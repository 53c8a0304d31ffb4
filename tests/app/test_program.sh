#!/usr/bin/env bash
# The model `program`: the numpy example from simulations to a report, the same bits on 1, 2 and 4 ranks; a
# program that fails in every way is one line of error, and none is left running, whatever ends a rank.
. "$(dirname "$0")/../fault/lib.sh"
export OMPI_MCA_odls_base_sigkill_timeout=0 # all ranks end by themselves
folder=$RB_SOURCE_DIR/inputs/programs
input=$folder/numpy_damped_oscillator.cfg
python=
for candidate in "${RB_PYTHON:-python3}" /usr/bin/python3; do
  if "$candidate" -c "import numpy" 2>/dev/null; then
    python=$candidate
    break
  fi
done
[ -n "$python" ] || { echo "skipped: no python3 has numpy (set RB_PYTHON to one that has)" && exit 77; }
study=(--set sanity.simulations=20 --set training.simulations=200 --set training.validation=40 --set training.epochs=2
  --set baseline.simulations=200 --set calibration.recovery_datasets=20 --set calibration.sbc_datasets=20
  --set calibration.diagnostics_datasets=20 --set calibration.diagnostics_draws=20 --set misspecification.simulations=50
  --set observation.draws=50 --set predictive.replicates=10)
numpy=(--set "program.command=\"$python $folder/numpy_damped_oscillator.py\"")

# left: whether a program of this test still runs; half a minute is given.
left() {
  for _ in $(seq 300); do
    pgrep -f "$work/mark" >/dev/null || return 1
    sleep 0.1
  done
}

echo "-- the example"
run_stage 2 run one "${study[@]}" "${numpy[@]}"
expect_success "the numpy example"
[ -s one/report.html ] && [ -s one/figures/posterior.png ] || fail "no report: $(ls one)"
grep -q "omega" one/report.html || fail "report.html does not name omega"
for ranks in 1 4; do
  run_stage $ranks simulate "ranks$ranks" "${study[@]}" "${numpy[@]}" --set program.batch=7
  expect_success "$ranks ranks"
  h5diff --exclude-path /provenance one/simulations.h5 "ranks$ranks/simulations.h5" >diff.txt 2>&1 ||
    fail "other simulations on $ranks ranks: $(head -3 diff.txt)"
done
cp "$folder/numpy_damped_oscillator.py" own.py
own=(--set "program.command=\"cd . && sh -c 'exec $python own.py' 2>>talk.log\"")
run_stage 1 simulate own "${study[@]}" "${own[@]}"
expect_success "a program of one's own"
run_stage 1 simulate own "${study[@]}" "${own[@]}" --set program.batch=3 --set program.timeout_s=30
[ -e talk.log ] && grep -q "finished earlier" out.txt || fail "how it is asked makes other simulations: $(cat out.txt err.txt)"
echo "# changed" >>own.py
run_stage 1 simulate own "${study[@]}" "${own[@]}"
expect_error 6 "the content of program.command has changed" "a changed program"
run_stage 1 simulate own "${study[@]}" "${own[@]}" --set training.simulations=300
expect_error 6 "is of another study: the content of program.command has changed; use" "a changed program, and more simulations"

echo "-- the plugin of the same oscillator simulates the same, but for the noise"
cc -O2 -I"$RB_SOURCE_DIR/include" -shared -fPIC -o oscillator.so "$RB_SOURCE_DIR/inputs/plugins/damped_oscillator.c" -lm ||
  fail "the plugin does not build"
"$RB_PROGRAM" simulate "$RB_SOURCE_DIR/inputs/plugins/damped_oscillator.cfg" -o plugin "${study[@]}" \
  --set 'plugin.path="./oscillator.so"' --quiet || fail "the plugin: exit $?"
if "$python" -c "import h5py" 2>/dev/null; then
  "$python" - <<'END' || fail "plugin and program simulate other things"
import h5py, numpy as np
plugin, program = (h5py.File(f"{name}/simulations.h5")["training"] for name in ("plugin", "one"))
assert np.array_equal(plugin["theta"][:], program["theta"][:])
noise = (plugin["position"][:] - program["position"][:]) / (0.1 * np.sqrt(2))
assert abs(noise.mean()) < 5 / np.sqrt(noise.size) and abs(noise.std() - 1) < 5 / np.sqrt(2 * noise.size)
assert np.abs(noise.mean(0)).max() < 5 / np.sqrt(len(noise)), "another course"
END
fi

echo "-- programs that fail"
# fails TEXT MODE ARGUMENT...: of tests/model/worker.py
worker() {
  printf 'program.command="exec %s %s/tests/model/worker.py %s %s/mark"' "$python" "$RB_SOURCE_DIR" "$1" "$work"
}
fails() {
  local text=$1 mode=$2
  shift 2
  run_stage 2 simulate failed "${study[@]}" --set "$(worker "$mode")" --set program.length=8 "$@"
  expect_error 10 "$text" "$mode"
  [ ! -e failed/simulations.h5 ] || fail "$mode left simulations"
  ! left || fail "$mode left a process: $(pgrep -af "$work/mark")"
}
fails "worker of rank [01] ended with exit code 3; its last line: to simulate with; it was to simulate omega = .*, gamma = " exit
[ "$(grep -c 'starting it anew' err.txt)" -ge 3 ] || fail "restarts are not told: $(cat err.txt)"
failed=(failed/failed_rank_*.csv) # of one rank, or of both
[ "$(head -1 "${failed[0]}")" = purpose,item,omega,gamma ] || fail "no file of what failed: $(ls failed)"
good=("${study[@]}" --set "$(worker good)" --set program.length=8)
"$RB_PROGRAM" try "$input" "${good[@]}" --replay "${failed[0]}" >try.txt 2>err.txt || fail "replay: $(cat err.txt)"
grep -q "^item [01] simulated in .*, 0 of 8 values are not finite" try.txt || fail "replay says: $(cat try.txt)"
fails "did not answer within 0.5 s \(timeout_s\)" hang --set program.timeout_s=0.5 --set program.restarts=1
fails "bytes came" half --set program.restarts=0
fails "wrote more than it was asked for" double
fails "exit code 127; its last line: .*no_such_program" none --set 'program.command="no_such_program"'
fails "the simulator gave position = -?nan at sample 0 of data set [01] \(omega = " nan
run_stage 2 simulate chatter "${study[@]}" --set "$(worker chatter)" --set program.length=8
expect_success "200 MB of talk"
[ "$(wc -c <err.txt)" -lt 500000 ] || fail "the log has $(wc -c <err.txt) bytes"
grep -q "^rank 1: .*the rest is left out" err.txt || fail "what is left out is not told"

echo "-- tried"
mpirun -n 2 "$RB_PROGRAM" try "$input" "${study[@]}" "${numpy[@]}" >try.txt 2>err.txt || fail "try: $(cat err.txt)"
for words in "^4 simulations on each of 2 ranks" "^position  *cm " "^the study needs about " "give equal simulations"; do
  grep -q "$words" try.txt || fail "try does not say '$words': $(cat try.txt)"
done
expect_failure 1 "gave other simulations" 2 try "$input" "${study[@]}" --set "$(worker random)" --set program.length=8
printf 'purpose,item,omega,gamma\n0,7,3\n' >short.csv
expect_failure 5 "short.csv: line 2 is not a purpose, an item and 2 numbers" 1 try "$input" "${good[@]}" --replay short.csv
printf 'purpose,item,omega\n0,7,3\n' >other.csv
expect_failure 5 "other.csv: is of another model" 2 try "$input" "${good[@]}" --replay other.csv

echo "-- ranks that end"
endless=("${study[@]}" --set "$(worker silent)" --set program.length=8)
for signal in KILL USR1; do
  rm -f err.txt
  mpirun -n 2 "$RB_PROGRAM" simulate "$input" -o ended "${endless[@]}" >out.txt 2>err.txt </dev/null &
  launcher=$!
  for _ in $(seq 600); do
    [ "$(pgrep -fc "^$python .*worker.py silent $work/mark\$")" -lt 4 ] || break # each has started another
    sleep 0.1
  done
  if [ $signal = KILL ]; then
    pkill -KILL -P $launcher -f "$RB_PROGRAM"
  else
    kill -USR1 $launcher
  fi
  wait $launcher
  code=$?
  ! left || fail "a program outlives its rank after $signal: $(pgrep -af "$work/mark")"
  [ $signal = KILL ] || expect_error 85 "stopped by a signal" "USR1 while a program simulates"
  [ -z "$(ls ended/*.h5 2>/dev/null)" ] || fail "left over: $(ls ended)"
done

echo "-- settings"
bad() { # TEXT ARGUMENT...
  expect_failure 3 "$1" 1 simulate "$input" -o bad "${@:2}"
}
bad "program.command is needed" --set 'program.command=""'
bad "program.channels is needed" --set 'program.channels=[]'
bad "unknown setting program.time_out_s; did you mean program.timeout_s" --set program.time_out_s=3
bad "unknown setting simulator.dt_ms" --set simulator.dt_ms=1
exit 0
