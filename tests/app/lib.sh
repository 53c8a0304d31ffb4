# Functions of the tests that run the program. Sourced; works in a folder of its own.
set -u
work=$(mktemp -d "${TMPDIR:-/tmp}/rb_test.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

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

# same_files FOLDER FOLDER: every result file of the first equals its namesake, provenance aside.
same_files() {
  local file
  for file in "$1"/*.h5; do
    h5diff --exclude-path /provenance "$file" "$2/$(basename "$file")" >diff.txt 2>&1 ||
      fail "$(basename "$file") differs between $1 and $2: $(head -5 diff.txt)"
  done
}
