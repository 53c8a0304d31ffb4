#!/usr/bin/env bash
# The revision a program names is that of the source it was built from: of each build, not of the
# first configuration; of an archive, the archive's; of no repository around it; never empty.
set -eu
work=$(mktemp -d "${TMPDIR:-/tmp}/rb_test.XXXXXX")
trap 'rm -rf "$work"' EXIT
command -v git >/dev/null || { echo "skipped: no git" && exit 77; }
export GIT_CONFIG_GLOBAL=/dev/null GIT_CEILING_DIRECTORIES=$work
git() { command git -c user.name=test -c user.email=test@localhost -c init.defaultBranch=main "$@"; }

# A program with our way to the revision, in a folder whose name may hold anything.
source="$work/a program"
mkdir -p "$source/cmake"
cp "$RB_SOURCE_DIR/cmake/Revision.cmake" "$RB_SOURCE_DIR/cmake/revision.txt" "$source/cmake"
cp "$RB_SOURCE_DIR/.gitattributes" "$source"
cat >"$source/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.21)
project(program LANGUAGES C)
include(cmake/Revision.cmake)
add_executable(program main.c)
target_include_directories(program PRIVATE ${CMAKE_BINARY_DIR}/generated)
rb_add_revision(program)
END
cat >"$source/main.c" <<'END'
#include "rheobase/revision.h"
#include <stdio.h>
int main(void) { return puts(RB_GIT_REVISION) < 0; }
END

# is FOLDER REVISION WHAT: builds (configures only the first time), and compares what the program says.
is() {
  local said
  [ -e "$1/build" ] || cmake -S "$1" -B "$1/build" >/dev/null
  cmake --build "$1/build" >"$work/log.txt" 2>&1 || { cat "$work/log.txt" && exit 1; }
  said=$("$1/build/program")
  [ "$said" = "$2" ] || { echo "FAILED: $3: '$said' instead of '$2'" >&2 && exit 1; }
}
commit() { git -C "$source" add -A . && git -C "$source" commit -qm "$1" && git -C "$source" rev-parse --short HEAD; }

is "$source" unknown "no repository"
git -C "$source" init -q
echo build >"$source/.gitignore"
is "$source" "$(commit one)" "the first commit, made after the configuration"
cmake --build "$source/build" >"$work/log.txt"
! grep -q Building "$work/log.txt" || { echo "FAILED: compiled again although nothing changed" >&2 && exit 1; }
first=$(git -C "$source" rev-parse --short HEAD)
echo "/* changed */" >>"$source/main.c"
is "$source" "$first-dirty" "a change"
second=$(commit two)
is "$source" "$second" "the second commit"

# An archive inside another repository, and files copied into one.
mkdir "$work/other"
git -C "$work/other" init -q
git -C "$work/other" commit -q --allow-empty -m other
git -C "$source" archive --prefix=archive/ HEAD | tar -x -C "$work/other"
is "$work/other/archive" "$second" "an archive inside another repository"
mkdir "$work/other/copy"
git -C "$source" ls-files -z | (cd "$source" && xargs -0 tar -c) | tar -x -C "$work/other/copy"
is "$work/other/copy" unknown "a copy inside another repository"

# Without git.
mkdir "$work/path"
for program in cmake make cc ld as; do ln -s "$(command -v $program)" "$work/path/"; done
(PATH=$work/path && is "$source" unknown "no git")

# The program under test names one.
"$RB_PROGRAM" --version | grep -q '^rheobase [0-9.]* (revision [-0-9A-Za-z._/+]*)$' ||
  { echo "FAILED: $("$RB_PROGRAM" --version | head -1)" >&2 && exit 1; }
