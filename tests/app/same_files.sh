# shellcheck shell=bash
# same_files FOLDER FOLDER: every result file of the first equals its namesake, provenance aside; the
# misspecification, which comes through ScaLAPACK, to 1e-9. Sourced; calls fail.
same_files() {
  local file other array
  for file in "$1"/*.h5; do
    other="$2/$(basename "$file")"
    h5diff --exclude-path /provenance --exclude-path /misspecification "$file" "$other" \
      >diff.txt 2>&1 || fail "$(basename "$file") differs between $1 and $2: $(head -5 diff.txt)"
    # h5diff passes over arrays that have no storage in one of the files.
    for array in $(not_compared "$file" "$other"); do
      cmp -s <(values_of "$array" "$file") <(values_of "$array" "$other") ||
        fail "$array in $(basename "$file") differs between $1 and $2"
    done
    h5ls "$file/misspecification" >/dev/null 2>&1 || continue
    h5diff -d 1e-9 "$file" "$other" /misspecification >diff.txt 2>&1 ||
      fail "misspecification in $(basename "$file") differs between $1 and $2: $(head -5 diff.txt)"
  done
}

# not_compared FILE FILE: the arrays that h5diff passes over, one a line.
not_compared() {
  { h5diff -c --exclude-path /provenance "$1" "$2" 2>&1 || true; } |
    sed -nE 's#^Not comparable: <(/[^>]*)> or .*#\1#p'
}

# values_of ARRAY FILE: what a reader sees.
values_of() { h5dump -A 0 -d "$1" "$2" | tail -n +2; }
