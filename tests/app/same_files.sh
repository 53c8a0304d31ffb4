# shellcheck shell=bash
# same_files FOLDER FOLDER: every result file of the first equals its namesake, provenance aside; the
# misspecification, which comes through ScaLAPACK, to 1e-9. Sourced; calls fail.
same_files() {
  local file other
  for file in "$1"/*.h5; do
    other="$2/$(basename "$file")"
    h5diff --exclude-path /provenance --exclude-path /misspecification "$file" "$other" \
      >diff.txt 2>&1 || fail "$(basename "$file") differs between $1 and $2: $(head -5 diff.txt)"
    h5ls "$file/misspecification" >/dev/null 2>&1 || continue
    h5diff -d 1e-9 "$file" "$other" /misspecification >diff.txt 2>&1 ||
      fail "misspecification in $(basename "$file") differs between $1 and $2: $(head -5 diff.txt)"
  done
}
