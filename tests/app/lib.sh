# Functions of the tests that run the program. Sourced; works in a folder of its own.
set -u
work=$(mktemp -d "${TMPDIR:-/tmp}/rb_test.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
. "$RB_SOURCE_DIR/tests/app/same_files.sh"

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# rheobase RANKS ARGUMENT...: runs the program quietly.
rheobase() {
  local ranks=$1
  shift
  if [ "$ranks" = 1 ]; then
    "$RB_PROGRAM" "$@" --quiet
  else
    mpirun -n "$ranks" "$RB_PROGRAM" "$@" --quiet
  fi
}

# stop_once PROCESS TEXT FILE [SIGNAL]: SIGUSR1, or another one, to a process in the background once FILE
# has TEXT (after 30 s, or $patience, in any case); its exit code is then in $code.
stop_once() {
  local _
  for _ in $(seq $((${patience:-30} * 100))); do
    grep -qs "$2" "$3" && break
    sleep 0.01
  done
  kill -"${4:-USR1}" "$1"
  wait "$1"
  code=$?
}

# expect_failure CODE TEXT RANKS ARGUMENT...: the program ends with that code, does not hang, and with exactly
# one line of error, which has TEXT (an extended regular expression) in it. mpirun would give
# the ranks, which all end by themselves, a second or two.
expect_failure() {
  local code=$1 text=$2 ranks=$3 got
  shift 3
  OMPI_MCA_odls_base_sigkill_timeout=0 timeout "${patience:-240}" mpirun -n "$ranks" "$RB_PROGRAM" "$@" >out.txt 2>err.txt </dev/null
  got=$?
  [ $got != 124 ] || fail "hangs: $*"
  [ "$(grep -c '^rheobase: error: ' err.txt)" = 1 ] ||
    fail "not exactly one line of error: $*: exit $got: $(grep -v -- '^-*$' err.txt | head -5)"
  grep -Eq "^rheobase: error: .*($text)" err.txt || fail "$*: '$text' expected, got: $(grep '^rheobase' err.txt)"
  [ $got = "$code" ] || fail "$*: exit code $got, not $code: $(grep '^rheobase' err.txt)"
}
