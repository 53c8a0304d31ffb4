#!/usr/bin/env bash
# SIGKILL of one rank, of all ranks, or of ranks and mpirun, at random moments of simulate, train,
# calibrate and refine: the job ends at once, what was finished is readable, and the next runs,
# on other numbers of ranks, end in the files of an uninterrupted study. RB_KILLS kills (default 20).
. "$(dirname "$0")/lib.sh"
kills=${RB_KILLS:-20}
stages=(simulate train calibrate infer refine)
files=(simulations checkpoint calibration posterior exact)
study+=(--set exact.datasets=12 --set exact.draws=120 --set exact.short_steps=30 --set exact.long_steps=128)
RANDOM=${RB_SEED:-20} # the same moments, as far as the machine allows

declare -A seconds
for stage in "${stages[@]}"; do
  began=$(date +%s%N)
  run_stage 2 "$stage" whole
  expect_success "$stage, uninterrupted"
  seconds[$stage]=$((($(date +%s%N) - began) / 1000000)) # ms
done

# strike PID: after a random part of the stage's time, kills ranks of the mpirun of that number.
strike() {
  local launcher=$1 stage=$2 ranks
  sleep "$(awk -v ms="${seconds[$stage]}" -v r=$RANDOM 'BEGIN { print ms * r / 32768 / 1000 }')"
  mapfile -t ranks < <(pgrep -P "$launcher" -f "$RB_PROGRAM")
  [ ${#ranks[@]} -gt 0 ] || return 1
  case $((struck % 3)) in
    0) kill -KILL "${ranks[$((RANDOM % ${#ranks[@]}))]}" 2>/dev/null ;;
    1) kill -KILL "${ranks[@]}" 2>/dev/null ;;
    2) kill -KILL "$launcher" "${ranks[@]}" 2>/dev/null ;;
  esac
}

# gone: waits until no rank works in the folder: one that mpirun had only just started when both were
# killed sees it a little later. Twice in a row: a process that starts anew has no name for a moment.
gone() {
  local process alive clear=0
  for _ in $(seq $((patience * 10))); do
    alive=
    for process in $(pgrep -f -- "-o case"); do
      [ "$(readlink "/proc/$process/cwd")" != "$PWD" ] || alive=$process
    done
    clear=$((clear + 1))
    [ -z "$alive" ] || clear=0
    [ $clear -lt 2 ] || return 0
    sleep 0.1
  done
  return 1
}

struck=0
late=0
stuck=0
while [ $struck -lt "$kills" ]; do
  for k in "${!stages[@]}"; do
    [ "${stages[$k]}" != infer ] || continue # over as soon as it has started
    rm -rf case && mkdir case
    for ((j = 0; j < k; ++j)); do cp "whole/${files[$j]}.h5" case; done
    # Two kills of the same stage, each on another number of ranks, then to the end.
    for ((again = 0; again < 2 && struck < kills; ++again)); do
      ranks=$((1 + (struck + k) % 3))
      mpirun -n $ranks "$RB_PROGRAM" "${stages[$k]}" "$input" -o case "${study[@]}" >out.txt 2>err.txt </dev/null &
      launcher=$!
      if ! strike $launcher "${stages[$k]}"; then
        late=$((late + 1))
        [ $late -lt $((10 * kills)) ] || fail "the kills come too late"
        wait $launcher
        break
      fi
      struck=$((struck + 1))
      for _ in $(seq 200); do
        kill -0 $launcher 2>/dev/null || break
        sleep 0.1
      done
      # Open MPI's mpirun may wait for itself for ever when a rank dies while it connects.
      ! kill -KILL $launcher 2>/dev/null || stuck=$((stuck + 1))
      wait $launcher
      code=$?
      gone || fail "a rank outlives its launcher"
      [ $code = 137 ] || [ $code = 0 ] || fail "exit $code after SIGKILL: $(tail -2 err.txt)"
      [ "$(grep -c '^rheobase: error:' err.txt)" -le 1 ] || fail "several lines of error: $(cat err.txt)"
      expect_readable case
    done
    run_stage $((1 + RANDOM % 3)) "${stages[$k]}" case
    expect_success "${stages[$k]} after kills"
    h5diff --exclude-path /provenance "whole/${files[$k]}.h5" "case/${files[$k]}.h5" >diff.txt 2>&1 ||
      fail "${files[$k]}.h5 differs after kills: $(head -3 diff.txt)"
    if ls case/*.tmp case/*.lock case/*.partial.h5 >/dev/null 2>&1; then fail "left over: $(ls case)"; fi
  done
done
[ $((4 * stuck)) -le "$kills" ] || fail "mpirun hung after $stuck of $struck kills"
echo "$struck kills survived ($late came too late, mpirun hung after $stuck)"
