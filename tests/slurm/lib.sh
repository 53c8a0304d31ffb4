# shellcheck shell=bash
# What the Slurm tests share: a private Slurm, a folder to work in with jobs/ in it, and questions
# about jobs. Sourced from a test: sets $work (the folder, also the current one).
set -u
fixture=$RB_SOURCE_DIR/tests/slurm/fixture.sh
dir=$(mktemp -d /tmp/rb.XXXXXX)
work=$dir/work

finish() {
  local code=$?
  "$fixture" stop "$dir"
  if [ $code != 0 ] && [ $code != 77 ]; then
    tail -n 20 "$work"/*.log 2>/dev/null
    tail -n 5 "$dir"/*.log 2>/dev/null
  fi
  rm -rf "$dir"
  exit $code
}
trap finish EXIT
trap 'exit 1' INT TERM

"$fixture" start "$dir" $$ || exit $?
. "$dir/environment"
mkdir "$work"
ln -s "$RB_SOURCE_DIR/jobs" "$RB_SOURCE_DIR/inputs" "$work"
cd "$work" || exit 1
# Jobs of the test do not inherit what CTest set for one machine with shared memory; only these.
export RB_PROGRAM

fail() {
  echo "FAILED: $1"
  exit 1
}

# job_field ID FIELD: what `scontrol show job` says, e.g. JobState.
job_field() {
  scontrol -o show job "$1" | tr ' ' '\n' | sed -n "s/^$2=//p" | head -n 1
}

# wait_job ID [SECONDS]: until the job has ended, 4 minutes by default; prints STATE EXIT_CODE.
wait_job() {
  local state
  for _ in $(seq $((${2:-240} * 10))); do
    state=$(job_field "$1" JobState)
    case $state in
      PENDING | RUNNING | COMPLETING | CONFIGURING | REQUEUED | "") sleep 0.1 ;;
      *)
        echo "$state $(job_field "$1" ExitCode)"
        return
        ;;
    esac
  done
  echo "STILL $state"
}

# expect_job ID "STATE EXIT_CODE" [SECONDS]
expect_job() {
  local got
  got=$(wait_job "$1" "${3:-240}")
  [ "$got" = "$2" ] || fail "job $1 ended as '$got', not '$2'"
}

# wait_line FILE PATTERN: until a line of the file matches (grep -E); 4 minutes at most.
wait_line() {
  for _ in $(seq 4800); do
    ! grep -Eqs "$2" "$1" || return 0
    sleep 0.05
  done
  fail "no line '$2' in $1"
}

# process_of JOB RANK: id of that rank's process.
process_of() {
  local process
  for process in $(pgrep -x "$(basename "$RB_PROGRAM")"); do
    tr '\0' '\n' 2>/dev/null <"/proc/$process/environ" >"$dir/variables"
    grep -qx "SLURM_JOB_ID=$1" "$dir/variables" && grep -qx "PMIX_RANK=$2" "$dir/variables" || continue
    echo "$process"
    return
  done
  fail "rank $2 of job $1 is not to be found"
}
