#!/usr/bin/env bash
# Two jobs in one folder: the second is refused, with the first one's host and process; a lock whose
# process is gone is taken over, and so is that of the same Slurm job from elsewhere.
. "$(dirname "$0")/lib.sh"
unset SLURM_JOB_ID
for stage in simulate train; do
  run_stage 1 $stage whole
  expect_success $stage
done
mkdir case
cp whole/simulations.h5 case

hold rename 1 "$RB_PROGRAM" train "$input" -o case "${study[@]}" # it has the lock for as long as is needed
first=$process
mv out.txt first.txt
for stage in train calibrate; do
  run_stage 2 $stage case
  expect_error 6 "another job works in this folder \(host $(hostname) process $first .*delete" "$stage beside another job"
done
let_go
[ $code = 0 ] || fail "the first job was disturbed: $(tail -1 first.txt)"
same_files whole case
[ ! -e case/rheobase.lock ] || fail "the lock was left"

# Killed: its lock stays, and is stale.
rm case/checkpoint.h5
hold rename 2 "$RB_PROGRAM" train "$input" -o case "${study[@]}"
first=$process
kill -KILL $first
wait $first 2>/dev/null
grep -q "process $first" case/rheobase.lock || fail "no lock of the killed job: $(cat case/rheobase.lock)"
run_stage 2 train case
expect_success "after a killed job"
same_files whole case

# lock LINE CODE [TEXT]: a lock that was found.
lock() {
  echo "$1" >case/rheobase.lock
  run_stage 1 train case
  if [ "$2" = 0 ]; then
    expect_success "lock '$1'"
    [ ! -e case/rheobase.lock ] || fail "lock '$1' was left"
  else
    expect_error "$2" "$3" "lock '$1'"
    [ "$(cat case/rheobase.lock)" = "$1" ] || fail "lock '$1' was changed"
  fi
}
export SLURM_JOB_ID=77
lock "host elsewhere process 5 start 9 job 77" 0
lock "host elsewhere process 5 start 9 job 78" 6 "host elsewhere process 5 .*job 78"
unset SLURM_JOB_ID
lock "host elsewhere process 5 start 9 job -" 6 "host elsewhere"
lock "host $(hostname) process $$ start 1 job -" 0 # the number was given to another process since
lock "what is this" 6 "what is this"
rm case/rheobase.lock

# Four at once: one gets the folder.
rm case/checkpoint.h5
pids=()
for i in 1 2 3 4; do
  "$RB_PROGRAM" train "$input" -o case "${study[@]}" >"job$i.txt" 2>&1 &
  pids+=($!)
done
good=0
for pid in "${pids[@]}"; do
  wait "$pid"
  code=$?
  [ $code = 0 ] || [ $code = 6 ] || fail "exit $code of a job beside others"
  [ $code != 0 ] || good=$((good + 1))
done
[ $good -ge 1 ] || fail "no job of four got the folder"
same_files whole case
exit 0
