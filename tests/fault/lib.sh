# What the fault tests share. Sourced; works in a folder of its own.
. "$RB_SOURCE_DIR/tests/app/lib.sh"
input=$RB_SOURCE_DIR/inputs/tiny.cfg

# Whatever was started ends with the test, also what was stopped.
finish() {
  local process
  for process in $(jobs -p); do kill -KILL "$process" 2>/dev/null; done
  if mountpoint -q "$work/disk"; then umount "$work/disk"; fi
  rm -rf "$work"
}
trap finish EXIT

# A study whose stages last long enough to be hit in the middle, and write many checkpoints.
study=(--set training.simulations=600 --set training.validation=100 --set training.epochs=4
  --set checkpoint.minutes=0.0005 --set sanity.simulations=3000 --set sanity.prior_draws=20000
  --set calibration.sbc_datasets=600 --set calibration.recovery_datasets=200
  --set misspecification.simulations=0)

# The longest any command may take, in seconds: what takes longer hangs. A busy machine needs more.
patience=${RB_PATIENCE:-240}

# run_stage RANKS STAGE FOLDER ARGUMENT...: runs a stage of the study; out.txt and err.txt keep what
# it says, $code its exit code.
run_stage() {
  local ranks=$1 stage=$2 folder=$3
  shift 3
  timeout "$patience" mpirun -n "$ranks" "$RB_PROGRAM" "$stage" "$input" -o "$folder" "${study[@]}" "$@" \
    >out.txt 2>err.txt </dev/null
  code=$?
  [ $code != 124 ] || fail "hangs: $stage on $ranks ranks"
}

# expect_success: of the last run_stage.
expect_success() {
  [ $code = 0 ] || fail "$1: exit $code: $(grep '^rheobase' err.txt || tail -3 err.txt)"
}

# expect_error CODE TEXT WHAT: the last run_stage ended with the code and exactly one line of error,
# which has TEXT (an extended regular expression) in it.
expect_error() {
  [ "$(grep -c '^rheobase: error: ' err.txt)" = 1 ] ||
    fail "$3: not exactly one line of error, exit $code: $(grep -v -- '^-*$' err.txt | head -5)"
  grep -Eq "^rheobase: error: .*($2)" err.txt || fail "$3: '$2' expected: $(grep '^rheobase: error' err.txt)"
  [ $code = "$1" ] || fail "$3: exit $code, not $1: $(grep '^rheobase: error' err.txt)"
}

# hold FUNCTION CALL COMMAND...: starts a command in the background and comes back when it is held in that
# call of the function; RB_STOP_WITHIN is the library that does so. Its number is in $process.
hold() {
  local function=$1 call=$2
  shift 2
  rm -f held
  RB_STOP_IN=$function RB_STOP_CALL=$call RB_HELD=$work/held LD_PRELOAD=$RB_STOP_WITHIN "$@" >out.txt 2>err.txt </dev/null &
  process=$!
  for _ in $(seq $((patience * 100))); do
    [ ! -e held ] || return 0
    kill -0 $process 2>/dev/null || break
    sleep 0.01
  done
  fail "not held in call $call of $function: $(tail -3 err.txt)"
}

# let_go: lets what is held go on, and waits for its end; its exit code is then in $code.
let_go() {
  rm held
  wait "$process"
  code=$?
}

# signal_ranks: USR1 to the mpirun that is held, which hands it on; comes back when all its ranks have it.
signal_ranks() {
  local rank
  kill -USR1 "$process"
  for rank in $(pgrep -P "$process" -f "$RB_PROGRAM"); do
    for _ in $(seq $((patience * 100))); do
      grep -q '^ShdPnd:.*[2367abef]..$' "/proc/$rank/status" && break # USR1 is 0x200
      sleep 0.01
    done
  done
}

# expect_readable FOLDER: every result file there is whole.
expect_readable() {
  local file
  for file in "$1"/*.h5; do
    [ -e "$file" ] || continue
    "$RB_PROGRAM" info "$file" >info.txt 2>&1 || fail "$file cannot be read: $(tail -1 info.txt)"
    h5dump --output=/dev/null "$file" >info.txt 2>&1 || fail "$file: $(tail -1 info.txt)"
  done
}

# in_namespace "$@": restarts the test where it may mount file systems; 77 where it may not.
in_namespace() {
  local way
  [ -z "${RB_IN_NAMESPACE:-}" ] || return 0
  for way in "unshare --mount" "unshare --map-root-user --mount"; do
    if $way true 2>/dev/null; then RB_IN_NAMESPACE=1 exec $way bash "$0" "$@"; fi
  done
  echo "skipped: no right to mount a small file system"
  exit 77
}
